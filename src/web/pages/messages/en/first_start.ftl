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
first-start-takes-calls = I take calls, too
