# Wat meerdere delen van de pagina's zeggen.
common-search = Zoeken
common-open-tickets = Open tickets
common-before = Vorige
common-next = Verder
common-changed = Iemand anders heeft dit gewijzigd sinds u het opende. Van u is niets opgeslagen.
common-save-again = Als u opnieuw opslaat, vervangt uw versie die van de ander.
common-differences = Wat anders is
common-field = Veld
common-theirs = Nu opgeslagen
common-yours = Door u ingevuld
common-not-saved = Er is niets opgeslagen. Wat er mis is, staat op zijn plaats.
