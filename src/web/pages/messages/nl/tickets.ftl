# Tickets, hun gesprekken en waarom.
tickets-views = Lijsten
ticket-view-unassigned = Niet toegewezen
ticket-view-mine = Van mij
ticket-view-my-teams-unassigned = Niet toegewezen, mijn teams
ticket-view-my-teams-open = Open, mijn teams
ticket-view-all = Alle
ticket-view-closed = Gesloten
tickets-search = Nummer, contact of ticket
tickets-search-hint = Er wordt gezocht naar cijfers van het nummer (minstens drie), een deel van de naam van een contact, of het begin van het ticket-id.
tickets-none-found = Geen ticket gevonden voor “{ $text }”.
tickets-look-further = Niets bij de tickets die zijn bekeken. Er zijn oudere.
tickets-no-more = Er zijn geen oudere tickets.
tickets-none-yet = Hier zijn nog geen tickets. Elk gesprek opent er een.
tickets-none-here = Hier is niets meer te doen.
ticket-to-the-newest = Naar de nieuwste
ticket-further-back = Verder terug
ticket-caller = Beller
ticket-called = Gebeld
ticket-when = Wanneer
ticket-came-of-it = Wat ervan kwam
ticket-owner = Eigenaar
ticket-owner-nobody = niemand
ticket-team = Team
ticket-team-none = geen team
ticket-status = Status
ticket-status-new = nieuw
ticket-status-waiting = wacht
ticket-status-closed = gesloten
ticket-channel = Kanaal
ticket-why = Waarom
ticket-why-nothing = Er is nog niets besloten.
ticket-nobody-called = geen gesprek
ticket-number-withheld = nummer afgeschermd
ticket-call-answered = opgenomen
ticket-call-voicemail = voicemail
ticket-call-rejected = geweigerd
ticket-call-missed = gemist
ticket-call-ringing = gaat over
ticket-call-waiting = wacht
ticket-call-connecting = wordt verbonden
ticket-call-talking = in gesprek
ticket-call-leaving-message = spreekt een bericht in
ticket-call-of = Gesprek van
ticket-opened = geopend
ticket-closed-at = gesloten
ticket-earlier-calls = { $count ->
    [one] Eén eerder gesprek wordt niet getoond.
   *[other] { $count } eerdere gesprekken worden niet getoond.
}
ticket-call-back = Terugbellen
ticket-got-through-later = De beller kwam er later doorheen.
ticket-was-called-back = Teruggebeld
ticket-not-called-back = Nog niemand heeft teruggebeld.
ticket-i-called-back = Ik heb teruggebeld
ticket-message-left = Bericht
ticket-seconds = { $count ->
    [one] { $count } seconde
   *[other] { $count } seconden
}
ticket-what-happened = Wat er gebeurde
ticket-step-arrived = Het gesprek kwam binnen.
ticket-step-rung = wordt gebeld
ticket-step-ended = Het gesprek was voorbij.
ticket-offer-won = nam op
ticket-offer-taken = iemand anders was sneller
ticket-offer-declined = weigerde
ticket-offer-missed = nam niet op tijd op
ticket-offer-expired = de tijd om over te gaan was om
ticket-offer-caller-hung-up = de beller hing op
ticket-offer-withdrawn = wordt niet meer gebeld
ticket-offer-connection-failed = kon niet worden verbonden
ticket-looked-at = { $count ->
    [one] Er is naar één persoon gekeken
   *[other] Er is naar { $count } personen gekeken
}
ticket-and-more = { $count ->
    [one] en nog één
   *[other] en nog { $count }
}
ticket-candidate = Persoon
ticket-eligible = Kon het aannemen
ticket-eligible-yes = ja
ticket-passed-over = nee
ticket-action-ring = bellen
ticket-action-wait = de beller laten wachten
ticket-action-unanswered = het bericht voor niet opgenomen afspelen
ticket-action-after-hours = het bericht voor buiten de openingstijden afspelen
ticket-action-connect = verbinden
ticket-action-talk = praten
ticket-action-ring-again = opnieuw bellen
ticket-action-end = beëindigen
ticket-action-keep-message = het bericht bewaren
ticket-action-reject = het gesprek weigeren
ticket-action-message = een bericht afspelen
ticket-action-join = een bericht aan het ticket toevoegen
ticket-action-reopen = het ticket weer openen
ticket-action-assign = toewijzen
ticket-action-leave-unassigned = niet toegewezen laten
ticket-whose-it-is = Van wie het is
ticket-it-is-now = Het is nu:
ticket-contact = Contact
ticket-numbers = Nummers
ticket-notes = Notities
ticket-notes-none = Er zijn nog geen notities.
ticket-notes-more = Meer notities
ticket-note-new = Nieuwe notitie
ticket-note-add = Notitie toevoegen
ticket-note-fault = Een notitie heeft 1 tot 10.000 tekens.
ticket-nobody-known = niemand bekend
ticket-properties = Eigenschappen
conversation = Gesprek
conversation-somebody = iemand
conversation-customer-agent = klantagent
conversation-other-system = een ander systeem
conversation-automatic = door een machine geschreven
conversation-as-it-came = Zoals het kwam
conversation-files = Bestanden
conversation-queued = onderweg
conversation-sent = verzonden
conversation-delivered = afgeleverd
conversation-read = gelezen
conversation-failed = niet verzonden
conversation-send-again = Opnieuw verzenden
conversation-more = Meer berichten
conversation-answer = Antwoord
conversation-draft-of = Uw concept van
conversation-send = Verzenden
conversation-keep-draft = Als concept bewaren
conversation-status-stays = blijft zoals hij is
