# Tickets, hun gesprekken en waarom.
tickets-views = Lijsten
view-unassigned = Niet toegewezen
view-mine = Van mij
view-my-teams-unassigned = Niet toegewezen, mijn teams
view-my-teams-open = Open, mijn teams
view-all = Alle
view-closed = Gesloten
search = Zoeken
tickets-search = Nummer, contact of ticket
tickets-search-hint = Er wordt gezocht naar cijfers van het nummer (minstens drie), een deel van de naam van een contact, of het begin van het ticket-id.
tickets-none-found = Geen ticket gevonden voor “{ $text }”.
tickets-look-further = Niets bij de tickets die zijn bekeken. Er zijn oudere.
tickets-no-more = Er zijn geen oudere tickets.
tickets-none-yet = Hier zijn nog geen tickets. Elk gesprek opent er een.
tickets-none-here = Hier is niets meer te doen.
to-the-newest = Naar de nieuwste
further-back = Verder terug
caller = Beller
called = Gebeld
when = Wanneer
came-of-it = Wat ervan kwam
owner = Eigenaar
owner-nobody = niemand
team = Team
team-none = geen team
status = Status
status-new = nieuw
status-waiting = wacht
status-closed = gesloten
channel = Kanaal
why = Waarom
why-nothing = Er is nog niets besloten.
nobody-called = geen gesprek
number-withheld = nummer afgeschermd
call-answered = opgenomen
call-voicemail = voicemail
call-rejected = geweigerd
call-missed = gemist
call-ringing = gaat over
call-waiting = wacht
call-connecting = wordt verbonden
call-talking = in gesprek
call-leaving-message = spreekt een bericht in
call-of = Gesprek van
opened = geopend
closed-at = gesloten
earlier-calls = { $count ->
    [one] Eén eerder gesprek wordt niet getoond.
   *[other] { $count } eerdere gesprekken worden niet getoond.
}
call-back = Terugbellen
got-through-later = De beller kwam er later doorheen.
was-called-back = Teruggebeld
not-called-back = Nog niemand heeft teruggebeld.
i-called-back = Ik heb teruggebeld
message-left = Bericht
seconds = { $count ->
    [one] { $count } seconde
   *[other] { $count } seconden
}
what-happened = Wat er gebeurde
on-the-clock-of = Op de klok van het kanaal ({ $zone }) kwam het om
step-arrived = Het gesprek kwam binnen.
step-rung = wordt gebeld
step-ended = Het gesprek was voorbij.
offer-won = nam op
offer-taken = iemand anders was sneller
offer-declined = weigerde
offer-missed = nam niet op tijd op
offer-expired = de tijd om over te gaan was om
offer-caller-hung-up = de beller hing op
offer-withdrawn = wordt niet meer gebeld
offer-connection-failed = kon niet worden verbonden
looked-at = { $count ->
    [one] Er is naar één persoon gekeken
   *[other] Er is naar { $count } personen gekeken
}
and-more = { $count ->
    [one] en nog één
   *[other] en nog { $count }
}
candidate = Persoon
eligible = Kon het aannemen
eligible-yes = ja
passed-over = nee
open-tickets = Open tickets
action-ring = bellen
action-wait = de beller laten wachten
action-unanswered = het bericht voor niet opgenomen afspelen
action-after-hours = het bericht voor buiten de openingstijden afspelen
action-connect = verbinden
action-talk = praten
action-ring-again = opnieuw bellen
action-end = beëindigen
action-keep-message = het bericht bewaren
action-reject = het gesprek weigeren
action-message = een bericht afspelen
whose-it-is = Van wie het is
changed-meanwhile = Iemand anders heeft dit gewijzigd sinds u het opende. Van u is niets opgeslagen.
it-is-now = Het is nu:
saved-again = Als u opnieuw opslaat, vervangt uw versie die van de ander.
contact = Contact
numbers = Nummers
notes = Notities
notes-none = Er zijn nog geen notities.
notes-more = Meer notities
note-new = Nieuwe notitie
note-add = Notitie toevoegen
note-fault = Een notitie heeft 1 tot 10.000 tekens.
