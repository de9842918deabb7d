# Saker som venter på noen.
waiting = Ventekø
waiting-hint = Kanalen deres fordeler dem på nytt, den eldste først, når noen blir tilgjengelig eller har plass, når den åpner, eller når en regel lagres.
waiting-who = Hvem som venter
waiting-since = Siden
waiting-why = Hvorfor ingen har den
waiting-none = Ingen sak venter. Her venter saker fra kanaler som fordeler dem på nytt, så lenge ingen kan ta dem.
waiting-to-channels = Til kanalene
waiting-no-more = Ingen venter bak disse.
waiting-look-again = Se igjen
waiting-to-the-oldest = Til de eldste
