# The second factor.
second-factor = Second factor
second-factor-is-there = set up
second-factor-is-none = not set up
second-factor-change = Change
second-factor-set-up = Set up the second factor
second-factor-remove = Remove the second factor
second-factor-what = Besides the password, signing in then asks for a code that an authenticator app on your telephone shows.
second-factor-ask = Which code does your authenticator app show now?
second-factor-code = Code
second-factor-or-recovery = Six digits. Without the telephone: one of your recovery codes.
second-factor-wrong = This code is wrong, or was used already.
second-factor-over = That took too long. Please sign in again.
second-factor-required = An admin has decided that you need a second factor.
second-factor-scan = Let your authenticator app read this picture.
second-factor-picture = The secret below, as a QR code
second-factor-type = Or type it in there:
second-factor-recovery = Recovery codes
second-factor-keep = Keep these codes where you find them without your telephone. Each lets you in once. They are shown only now.
second-factor-new-codes = Make new codes
password-yours = Your password
second-factor-left = { $count ->
    [one] { $count } code is left
   *[other] { $count } codes are left
}
second-factor-lost = They are asked for a code when they sign in. Take it away only from somebody who has lost the telephone and the recovery codes.
