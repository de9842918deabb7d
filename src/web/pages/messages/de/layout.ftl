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
parts = Bereiche
board = Live-Übersicht
phone = Telefon
tickets = Tickets
tonight = Heute Abend
channels = Kanäle
people = Personen
system = System
keys = Tasten
keys-this = Was die Tasten tun
keys-search = Suchen
keys-close = Schließen, was offen ist
close = Schließen
