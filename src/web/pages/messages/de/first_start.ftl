# Invitations and the first start.
invitation = Willkommen
invitation-choose = Wählen Sie das Passwort, mit dem Sie sich künftig anmelden.
invitation-over = Dieser Link gilt nicht mehr. Bitten Sie einen Admin um einen neuen, oder machen Sie einen mit: strowger sign-in-link
first-start = Erster Start
first-start-who = Wer sind Sie? Sie werden der erste Admin.
name = Name
password-again = Dasselbe Passwort noch einmal
password-differs = Das ist nicht dasselbe Passwort.
password-hint = Mindestens 10 Zeichen. Vier Wörter ohne Zusammenhang merkt man sich leicht und errät man schwer.
go-on = Weiter
first-start-takes-calls = Ich nehme auch Anrufe an
