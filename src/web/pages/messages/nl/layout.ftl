# What every page has around it.
skip-to-content = Naar de inhoud
sign-in = Aanmelden
sign-out = Afmelden
sign-in-wrong = Dit e-mailadres en wachtwoord horen niet bij elkaar.
sign-in-wait = Te veel fouten. Probeer het over { $seconds } seconden opnieuw.
email = E-mailadres
password = Wachtwoord
password-too-short = Een wachtwoord heeft minstens 10 tekens.
password-too-long = Dit wachtwoord is te lang.
refused = Dat ging niet
refused-forbidden = Dat mag u niet doen
refused-not-found = Hier is niets
refused-unavailable = Dat kan op dit moment niet
back-to-start = Terug naar het begin
minutes = { $count ->
    [one] { $count } minuut
   *[other] { $count } minuten
}
parts = Onderdelen
board = Live overzicht
phone = Telefoon
tickets = Tickets
tonight = Vanavond
channels = Kanalen
people = Mensen
system = Systeem
keys = Toetsen
keys-this = Wat de toetsen doen
keys-search = Zoeken
keys-close = Sluiten wat open is
close = Sluiten
