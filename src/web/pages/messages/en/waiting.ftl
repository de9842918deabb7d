# Tickets that wait for somebody.
waiting = Waiting line
waiting-hint = Their channel routes them again, the oldest first, when somebody becomes available or has room, when it opens, or when a rule is saved.
waiting-who = Who waits
waiting-since = Since
waiting-why = Why nobody has it
waiting-none = No ticket waits. Tickets wait here whose channel is set to route them again, while nobody can take them.
waiting-to-channels = To the channels
waiting-no-more = Nobody waits behind these.
waiting-look-again = Look again
waiting-to-the-oldest = To the oldest
