# The second factor.
second-factor = Zweiter Faktor
second-factor-is-there = eingerichtet
second-factor-is-none = nicht eingerichtet
second-factor-change = Ändern
second-factor-set-up = Den zweiten Faktor einrichten
second-factor-remove = Den zweiten Faktor entfernen
second-factor-what = Neben dem Passwort wird bei der Anmeldung dann ein Code verlangt, den eine Authenticator-App auf Ihrem Telefon zeigt.
second-factor-ask = Welchen Code zeigt Ihre Authenticator-App jetzt?
second-factor-code = Code
second-factor-or-recovery = Sechs Ziffern. Ohne das Telefon: einer Ihrer Wiederherstellungscodes.
second-factor-wrong = Dieser Code ist falsch oder wurde schon benutzt.
second-factor-over = Das hat zu lange gedauert. Bitte melden Sie sich noch einmal an.
second-factor-required = Ein Admin hat bestimmt, dass Sie einen zweiten Faktor brauchen.
second-factor-scan = Lassen Sie Ihre Authenticator-App dieses Bild lesen.
second-factor-picture = Das Geheimnis darunter, als QR-Code
second-factor-type = Oder tippen Sie es dort ein:
second-factor-recovery = Wiederherstellungscodes
second-factor-keep = Bewahren Sie diese Codes dort auf, wo Sie sie ohne Ihr Telefon finden. Jeder lässt Sie einmal ein. Sie werden nur jetzt gezeigt.
second-factor-new-codes = Neue Codes machen
password-yours = Ihr Passwort
second-factor-left = { $count ->
    [one] noch { $count } Code
   *[other] noch { $count } Codes
}
second-factor-lost = Bei der Anmeldung wird ein Code verlangt. Entfernen Sie ihn nur bei jemandem, der Telefon und Wiederherstellungscodes verloren hat.
