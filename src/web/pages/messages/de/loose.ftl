# Nachrichten, die zu keinem Ticket gehören.
loose = Nachrichten ohne Ticket
loose-hint = Was Maschinen schrieben, etwa Abwesenheitsnotizen und zurückgekommene Mails, und was über Kanäle kam, die von selbst keine Tickets machen.
loose-message = Nachricht
loose-why = Warum es kein Ticket gibt
loose-makes-none = der Kanal macht keines
loose-none = Es gibt keine solche Nachricht. Alles, was kam, steht auf Tickets.
loose-no-more = Es gibt keine älteren.
loose-make = Ein Ticket daraus machen
loose-subject = Betreff
loose-given-to = Gegeben an
loose-by-rules = wen die Regeln des Kanals finden
loose-to-me = mich
loose-make-it = Ticket machen
loose-files-hint = Auf einem Ticket lassen sie sich öffnen.
