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
