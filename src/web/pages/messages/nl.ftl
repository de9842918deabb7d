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

# Invitations and the first start.
invitation = Welkom
invitation-choose = Kies het wachtwoord waarmee u zich voortaan aanmeldt.
invitation-over = Deze link werkt niet meer. Vraag een beheerder om een nieuwe, of maak er een met: strowger sign-in-link
first-start = Eerste start
first-start-who = Wie bent u? U wordt de eerste beheerder.
name = Naam
password-again = Hetzelfde wachtwoord nog eens
password-differs = Dit is niet hetzelfde wachtwoord.
password-hint = Minstens 10 tekens. Vier losse woorden zijn makkelijk te onthouden en moeilijk te raden.
go-on = Verder

# One's own account.
me = Uw account
password-change = Het wachtwoord wijzigen
password-old = Het wachtwoord tot nu toe
password-new = Het nieuwe wachtwoord
password-wrong = Dit is niet uw wachtwoord.
save = Opslaan
sessions = Waar u bent aangemeld
session-this = deze browser
session-used = laatst gebruikt
sign-out-everywhere = Overal afmelden
sessions-count = { $count ->
    [one] { $count } browser
   *[other] { $count } browsers
}
