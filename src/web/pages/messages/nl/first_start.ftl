# Invitations and the first start.
invitation = Welkom
invitation-choose = Kies het wachtwoord waarmee u zich voortaan aanmeldt.
invitation-over = Deze link werkt niet meer. Vraag een beheerder om een nieuwe, of maak er een met: strowger sign-in-link
first-start = Eerste start
first-start-who = Wie bent u? U wordt de eerste beheerder.
name = Naam
password-again = Hetzelfde wachtwoord nog eens
password-differs = Dit is niet hetzelfde wachtwoord.
password-hint = Minstens 10 tekens. Vier losse woorden zijn makkelijk te onthouden en moeilijk te raden.
go-on = Verder
first-start-takes-calls = Ik neem ook gesprekken aan
