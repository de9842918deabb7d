# Saker, samtalene deres og hvorfor.
tickets-views = Lister
ticket-view-unassigned = Ikke tildelt
ticket-view-mine = Mine
ticket-view-my-teams-unassigned = Ikke tildelt, mine team
ticket-view-my-teams-open = Åpne, mine team
ticket-view-all = Alle
ticket-view-closed = Lukket
tickets-search = Nummer, kontakt eller sak
tickets-search-hint = Det søkes etter sifre i nummeret (minst tre), en del av en kontakts navn, eller begynnelsen av sakens id.
tickets-none-found = Ingen sak ble funnet for «{ $text }».
tickets-look-further = Ingenting blant sakene som ble gjennomgått. Det finnes eldre.
tickets-no-more = Det finnes ingen eldre saker.
tickets-none-yet = Her er det ingen saker ennå. Hvert anrop åpner en.
tickets-none-here = Her er det ikke mer å gjøre.
ticket-to-the-newest = Til de nyeste
ticket-further-back = Lenger tilbake
ticket-caller = Innringer
ticket-called = Ringte
ticket-when = Når
ticket-came-of-it = Hva det ble til
ticket-owner = Eier
ticket-owner-nobody = ingen
ticket-team = Team
ticket-team-none = ikke noe team
ticket-status = Status
ticket-status-new = ny
ticket-status-waiting = venter
ticket-status-closed = lukket
ticket-channel = Kanal
ticket-why = Hvorfor
ticket-why-nothing = Ingenting er avgjort ennå.
ticket-nobody-called = ingen samtale
ticket-number-withheld = skjult nummer
ticket-call-answered = besvart
ticket-call-voicemail = talepost
ticket-call-rejected = avvist
ticket-call-missed = ubesvart
ticket-call-ringing = ringer
ticket-call-waiting = venter
ticket-call-connecting = kobles til
ticket-call-talking = i samtale
ticket-call-leaving-message = legger igjen beskjed
ticket-call-of = Anrop
ticket-opened = åpnet
ticket-closed-at = lukket
ticket-earlier-calls = { $count ->
    [one] Ett tidligere anrop vises ikke.
   *[other] { $count } tidligere anrop vises ikke.
}
ticket-call-back = Ring tilbake
ticket-got-through-later = Innringeren kom gjennom senere.
ticket-was-called-back = Ringt tilbake
ticket-not-called-back = Ingen har ringt tilbake ennå.
ticket-i-called-back = Jeg har ringt tilbake
ticket-message-left = Beskjed
ticket-seconds = { $count ->
    [one] { $count } sekund
   *[other] { $count } sekunder
}
ticket-what-happened = Hva som skjedde
ticket-step-arrived = Anropet kom inn.
ticket-step-rung = ringes opp
ticket-step-ended = Anropet var over.
ticket-offer-won = tok det
ticket-offer-taken = en annen var raskere
ticket-offer-declined = avslo
ticket-offer-missed = svarte ikke i tide
ticket-offer-expired = ringetiden var ute
ticket-offer-caller-hung-up = innringeren la på
ticket-offer-withdrawn = ringes ikke lenger
ticket-offer-connection-failed = kunne ikke kobles til
ticket-looked-at = { $count ->
    [one] Én person ble vurdert
   *[other] { $count } personer ble vurdert
}
ticket-and-more = { $count ->
    [one] og én til
   *[other] og { $count } til
}
ticket-candidate = Person
ticket-eligible = Kunne ta det
ticket-eligible-yes = ja
ticket-passed-over = nei
ticket-action-ring = ringe
ticket-action-wait = la innringeren vente
ticket-action-unanswered = spille hilsenen for ubesvart
ticket-action-after-hours = spille hilsenen for utenfor åpningstid
ticket-action-connect = koble til
ticket-action-talk = snakke
ticket-action-ring-again = ringe igjen
ticket-action-end = avslutte
ticket-action-keep-message = ta vare på beskjeden
ticket-action-reject = avvise anropet
ticket-action-message = spille en beskjed
ticket-action-join = legge en melding til saken
ticket-action-reopen = åpne saken igjen
ticket-action-assign = tildele
ticket-action-leave-unassigned = la den stå utildelt
ticket-whose-it-is = Hvem den tilhører
ticket-it-is-now = Nå er det:
ticket-contact = Kontakt
ticket-numbers = Numre
ticket-notes = Notater
ticket-notes-none = Det er ingen notater ennå.
ticket-notes-more = Flere notater
ticket-note-new = Nytt notat
ticket-note-add = Legg til notatet
ticket-note-fault = Et notat har 1 til 10 000 tegn.
ticket-nobody-known = ingen kjent
ticket-properties = Egenskaper
conversation = Samtale
conversation-somebody = noen
conversation-customer-agent = kundeagent
conversation-other-system = et annet system
conversation-automatic = skrevet av en maskin
conversation-as-it-came = Slik den kom
conversation-files = Filer
conversation-queued = på vei
conversation-sent = sendt
conversation-delivered = levert
conversation-read = lest
conversation-failed = ikke sendt
conversation-send-again = Send på nytt
conversation-more = Flere meldinger
conversation-answer = Svar
conversation-draft-of = Utkastet ditt fra
conversation-send = Send
conversation-keep-draft = Behold som utkast
conversation-status-stays = blir som den er
