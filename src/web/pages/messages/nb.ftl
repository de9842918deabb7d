# What every page has around it.
skip-to-content = Gå til innholdet
sign-in = Logg inn
sign-out = Logg ut
sign-in-wrong = Denne e-postadressen og dette passordet hører ikke sammen.
sign-in-wait = For mange feil. Prøv igjen om { $seconds } sekunder.
email = E-postadresse
password = Passord
password-too-short = Et passord har minst 10 tegn.
password-too-long = Dette passordet er for langt.
refused = Det gikk ikke
refused-forbidden = Det har du ikke lov til
refused-not-found = Her er det ingenting
refused-unavailable = Det er ikke mulig akkurat nå
back-to-start = Tilbake til start
minutes = { $count ->
    [one] { $count } minutt
   *[other] { $count } minutter
}

# Invitations and the first start.
invitation = Velkommen
invitation-choose = Velg passordet du logger inn med fra nå av.
invitation-over = Denne lenken virker ikke lenger. Be en administrator om en ny, eller lag en med: strowger sign-in-link
first-start = Første start
first-start-who = Hvem er du? Du blir den første administratoren.
name = Navn
password-again = Det samme passordet en gang til
password-differs = Dette er ikke det samme passordet.
password-hint = Minst 10 tegn. Fire ord som ikke hører sammen er lette å huske og vanskelige å gjette.
go-on = Videre

# One's own account.
me = Kontoen din
password-change = Endre passordet
password-old = Passordet så langt
password-new = Det nye passordet
password-wrong = Dette er ikke passordet ditt.
save = Lagre
sessions = Hvor du er logget inn
session-this = denne nettleseren
session-used = sist brukt
sign-out-everywhere = Logg ut overalt
sessions-count = { $count ->
    [one] { $count } nettleser
   *[other] { $count } nettlesere
}
