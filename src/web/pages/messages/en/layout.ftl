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
parts = Parts
board = Live board
phone = Phone
tickets = Tickets
tonight = Tonight
channels = Channels
people = People
system = System
keys = Keys
keys-this = What the keys do
keys-search = Search
keys-close = Close what is open
close = Close
