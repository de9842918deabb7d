# What every page has around it.
skip-to-content = Skip to content
sign-in = Sign in
sign-out = Sign out
sign-in-wrong = This email address and password do not belong together.
sign-in-wait = Too many mistakes. Please try again in { $seconds } seconds.
email = Email address
password = Password
password-too-short = A password has at least 10 characters.
password-too-long = This password is too long.
refused = That did not work
refused-forbidden = You may not do that
refused-not-found = There is nothing here
refused-unavailable = This is not possible at the moment
back-to-start = Back to the start
minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}

# Invitations and the first start.
invitation = Welcome
invitation-choose = Choose the password with which you sign in from now on.
invitation-over = This link does not work any more. Ask an admin for a new one, or make one with: strowger sign-in-link
first-start = First start
first-start-who = Who are you? You will be the first admin.
name = Name
password-again = The same password again
password-differs = This is not the same password.
password-hint = At least 10 characters. Four unrelated words are easy to remember and hard to guess.
go-on = Go on

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
