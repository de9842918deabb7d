# Hva flere deler av sidene sier.
common-search = Søk
common-open-tickets = Åpne saker
common-before = Forrige
common-next = Videre
common-changed = Noen andre har endret dette siden du åpnet det. Ingenting av ditt ble lagret.
common-save-again = Hvis du lagrer igjen, erstatter din versjon deres.
common-differences = Hva som er forskjellig
common-field = Felt
common-theirs = Lagret nå
common-yours = Skrevet av deg
common-not-saved = Ingenting ble lagret. Hva som er galt, står på sin plass.
