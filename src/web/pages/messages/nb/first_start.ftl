# Invitations and the first start.
invitation = Velkommen
invitation-choose = Velg passordet du logger inn med fra nå av.
invitation-over = Denne lenken virker ikke lenger. Be en administrator om en ny, eller lag en med: strowger sign-in-link
first-start = Første start
first-start-who = Hvem er du? Du blir den første administratoren.
name = Navn
password-again = Det samme passordet en gang til
password-differs = Dette er ikke det samme passordet.
password-hint = Minst 10 tegn. Fire ord som ikke hører sammen er lette å huske og vanskelige å gjette.
go-on = Videre
first-start-takes-calls = Jeg tar samtaler, jeg også
