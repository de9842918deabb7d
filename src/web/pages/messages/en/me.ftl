# One's own account.
me = Your account
password-change = Change the password
password-old = The password so far
password-new = The new password
password-wrong = This is not your password.
save = Save
sessions = Where you are signed in
session-this = this browser
session-used = last used
sign-out-everywhere = Sign out everywhere
sessions-count = { $count ->
    [one] { $count } browser
   *[other] { $count } browsers
}
