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
