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
parts = Deler
board = Direkteoversikt
phone = Telefon
tickets = Saker
tonight = I kveld
channels = Kanaler
people = Personer
system = System
keys = Taster
keys-this = Hva tastene gjør
keys-search = Søk
keys-close = Lukk det som er åpent
close = Lukk
