# Saker, samtalene deres og hvorfor.
tickets-views = Lister
view-unassigned = Ikke tildelt
view-mine = Mine
view-my-teams-unassigned = Ikke tildelt, mine team
view-my-teams-open = Åpne, mine team
view-all = Alle
view-closed = Lukket
search = Søk
tickets-search = Nummer, kontakt eller sak
tickets-search-hint = Det søkes etter sifre i nummeret (minst tre), en del av en kontakts navn, eller begynnelsen av sakens id.
tickets-none-found = Ingen sak ble funnet for «{ $text }».
tickets-look-further = Ingenting blant sakene som ble gjennomgått. Det finnes eldre.
tickets-no-more = Det finnes ingen eldre saker.
tickets-none-yet = Her er det ingen saker ennå. Hvert anrop åpner en.
tickets-none-here = Her er det ikke mer å gjøre.
to-the-newest = Til de nyeste
further-back = Lenger tilbake
caller = Innringer
called = Ringte
when = Når
came-of-it = Hva det ble til
owner = Eier
owner-nobody = ingen
team = Team
team-none = ikke noe team
status = Status
status-new = ny
status-waiting = venter
status-closed = lukket
channel = Kanal
why = Hvorfor
why-nothing = Ingenting er avgjort ennå.
nobody-called = ingen samtale
number-withheld = skjult nummer
call-answered = besvart
call-voicemail = talepost
call-rejected = avvist
call-missed = ubesvart
call-ringing = ringer
call-waiting = venter
call-connecting = kobles til
call-talking = i samtale
call-leaving-message = legger igjen beskjed
call-of = Anrop
opened = åpnet
closed-at = lukket
earlier-calls = { $count ->
    [one] Ett tidligere anrop vises ikke.
   *[other] { $count } tidligere anrop vises ikke.
}
call-back = Ring tilbake
got-through-later = Innringeren kom gjennom senere.
was-called-back = Ringt tilbake
not-called-back = Ingen har ringt tilbake ennå.
i-called-back = Jeg har ringt tilbake
message-left = Beskjed
seconds = { $count ->
    [one] { $count } sekund
   *[other] { $count } sekunder
}
what-happened = Hva som skjedde
on-the-clock-of = På kanalens klokke ({ $zone }) kom det
step-arrived = Anropet kom inn.
step-rung = ringes opp
step-ended = Anropet var over.
offer-won = tok det
offer-taken = en annen var raskere
offer-declined = avslo
offer-missed = svarte ikke i tide
offer-expired = ringetiden var ute
offer-caller-hung-up = innringeren la på
offer-withdrawn = ringes ikke lenger
offer-connection-failed = kunne ikke kobles til
looked-at = { $count ->
    [one] Én person ble vurdert
   *[other] { $count } personer ble vurdert
}
and-more = { $count ->
    [one] og én til
   *[other] og { $count } til
}
candidate = Person
eligible = Kunne ta det
eligible-yes = ja
passed-over = nei
open-tickets = Åpne saker
action-ring = ringe
action-wait = la innringeren vente
action-unanswered = spille hilsenen for ubesvart
action-after-hours = spille hilsenen for utenfor åpningstid
action-connect = koble til
action-talk = snakke
action-ring-again = ringe igjen
action-end = avslutte
action-keep-message = ta vare på beskjeden
action-reject = avvise anropet
action-message = spille en beskjed
whose-it-is = Hvem den tilhører
changed-meanwhile = Noen andre har endret dette siden du åpnet det. Ingenting av ditt ble lagret.
it-is-now = Nå er det:
saved-again = Hvis du lagrer igjen, erstatter din versjon deres.
contact = Kontakt
numbers = Numre
notes = Notater
notes-none = Det er ingen notater ennå.
notes-more = Flere notater
note-new = Nytt notat
note-add = Legg til notatet
note-fault = Et notat har 1 til 10 000 tegn.
