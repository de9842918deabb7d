# What every page has around it.
skip-to-content = Zum Inhalt
sign-in = Anmelden
sign-out = Abmelden
sign-in-wrong = Diese E-Mail-Adresse und dieses Passwort gehören nicht zusammen.
sign-in-wait = Zu viele Fehler. Bitte in { $seconds } Sekunden noch einmal versuchen.
email = E-Mail-Adresse
password = Passwort
password-too-short = Ein Passwort hat mindestens 10 Zeichen.
password-too-long = Dieses Passwort ist zu lang.
refused = Das ging nicht
refused-forbidden = Das dürfen Sie nicht
refused-not-found = Hier ist nichts
refused-unavailable = Das ist im Moment nicht möglich
back-to-start = Zurück zum Anfang
minutes = { $count ->
    [one] { $count } Minute
   *[other] { $count } Minuten
}

# Invitations and the first start.
invitation = Willkommen
invitation-choose = Wählen Sie das Passwort, mit dem Sie sich künftig anmelden.
invitation-over = Dieser Link gilt nicht mehr. Bitten Sie einen Admin um einen neuen, oder machen Sie einen mit: strowger sign-in-link
first-start = Erster Start
first-start-who = Wer sind Sie? Sie werden der erste Admin.
name = Name
password-again = Dasselbe Passwort noch einmal
password-differs = Das ist nicht dasselbe Passwort.
password-hint = Mindestens 10 Zeichen. Vier Wörter ohne Zusammenhang merkt man sich leicht und errät man schwer.
go-on = Weiter

# One's own account.
me = Ihr Konto
password-change = Das Passwort ändern
password-old = Das bisherige Passwort
password-new = Das neue Passwort
password-wrong = Das ist nicht Ihr Passwort.
save = Speichern
sessions = Wo Sie angemeldet sind
session-this = dieser Browser
session-used = zuletzt benutzt
sign-out-everywhere = Überall abmelden
sessions-count = { $count ->
    [one] { $count } Browser
   *[other] { $count } Browser
}
