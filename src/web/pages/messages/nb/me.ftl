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
