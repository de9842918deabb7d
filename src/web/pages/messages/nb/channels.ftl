# Channels.
channel-new = Ny kanal
channels-none = Det finnes ingen kanal ennå. En kanal har et nummer og sier hvem som ringes når, og hva innringere hører.
channels-none-seen = Du ser kanalene til lagene du leder. Det er ingen ennå; en administrator kan endre det.
channels-state = Nå
channels-ringable = Kan ringes nå
channels-warnings = Advarsler
channels-more = Flere
warnings-none = Ingen
warnings-count = { $count ->
    [one] { $count } advarsel
   *[other] { $count } advarsler
}
channel-name = Navn
channel-number = Nummer
channel-numbers = Numre
channel-number-hint = Som +4721234567, hvert på sin egen linje.
channel-provider = Teleselskap
channel-no-provider = Ingen teleselskap er satt opp i konfigurasjonen ennå, og en kanal trenger et.
channel-time-zone = Tidssone
channel-cancel = Avbryt
channel-saved = Lagret.
channel-not-saved-yet = Det er ikke lagret ennå.
channel-faults = Ingenting ble lagret: noe er galt, se nedenfor.
channel-changed = Ingenting ble lagret: noen andre har endret denne kanalen i mellomtiden.
channel-changed-field = Hva
channel-changed-typed = I skjemaet ditt
channel-changed-saved = Lagret i mellomtiden
channel-changed-what-now = Skjemaet er slik du fylte det ut. Lagrer du igjen, erstatter det den andres.
channel-changed-take-theirs = Forkast mitt og vis det som er lagret
channel-only-admins = Bare administratorer endrer kanaler.
channel-delete = Slett kanal
deletion-what = Anrop til numrene blir ikke tatt imot lenger. Anrop og saker blir værende.
deletion-type-name = Skriv navnet for å slette den
deletion-other-name = Dette er ikke navnet.
deletion-changed = Noen har endret den i mellomtiden. Ingenting ble slettet; se på den igjen først.
channel-itself = Nummer og e-post
channel-withheld = Innringere uten nummer
withheld-ring = Ringer som alle andre
withheld-busy = Hører at linjen er opptatt
withheld-voicemail = Går rett til telefonsvareren
channel-mail = E-post
channel-voicemail = Om talemeldinger
channel-missed = Om tapte anrop
channel-last-agent = Når den siste agenten mister anrop
mail-hint = Adresser, hver på sin egen linje.
channel-recording = Meldingen i e-post
recording-attach = Vedlagt
recording-link = En lenke for den som kan logge inn
recording-none = Ikke i det hele tatt

# Whom it rings.
channel-routing = Hvem som ringes
channel-users = Brukere
channel-teams = Lag
channel-no-users = Ingen har en serviceplass ennå.
channel-more-users = { $count ->
    [one] { $count } bruker til: legg til ved navn
   *[other] { $count } brukere til: legg til ved navn
}
channel-more-users-hint = Navn eller e-postadresser, med komma mellom.
channel-nobody-of-this-name = Ingen heter { $name }.
channel-no-teams = Det finnes ikke noe lag ennå.
channel-can-be-rung = Kan ringes nå
channel-put-first = Sett først
channel-strategy = På hvilken måte
strategy-simultaneous = Alle samtidig
strategy-load-balanced = Én om gangen, færrest åpne saker først
strategy-round-robin = Én om gangen, etter tur
strategy-random = Én om gangen, trukket
strategy-longest-idle = Én om gangen, lengst ledig først
channel-tie-break = Blant like
tie-longest = Lengst uten ny sak først
tie-last = Den som sist fikk en sak først
tie-order = Som oppført her
channel-ringing = Hva som ringer
ringing-softphone = Softtelefoner
ringing-devices = Telefonene deres, før anropet er besvart
channel-ring-seconds = Det ringer hos innringere i høyst (sekunder)
channel-agent-ring-seconds = Hver agent ringes i (sekunder)
channel-wait-seconds = Vente i kø i høyst (sekunder)
channel-wrap-up-seconds = Etterarbeid etter en samtale (sekunder)
channel-short-abandon-seconds = Ikke tapt hvis borte innen (sekunder)
channel-attach-minutes = Hører til innringerens åpne sak fra de siste (minutter)
channel-times-hint = Det som står tomt følger konfigurasjonen, som vises i grått.
channel-not-a-number = Dette er ikke et helt tall.

# Hours.
channel-hours = Åpningstider
channel-mode = Åpningstider
channel-closed-until = Stengt til
channel-wall = Tidene er de i { $zone }.
day-mon = mandag
day-tue = tirsdag
day-wed = onsdag
day-thu = torsdag
day-fri = fredag
day-sat = lørdag
day-sun = søndag
opening-always = Alltid åpent
opening-schedule = Åpent til disse tidene
opening-hint = Skriv som 09:00-12:00, 13:00-17:30, eller mal ved siden av. En slutt før starten går over midnatt.
opening-closed = stengt
opening-copy = Kopier en dag
opening-copy-from = Tidene for
opening-copy-to = til
opening-copy-do = Kopier
opening-unreadable = «{ $piece }» er ikke en tid som 09:00-12:00.
opening-overlap = Disse tidene overlapper andre.
opening-empty-span = Tider kan ikke slutte når de begynner; en hel dag er 00:00-24:00.
opening-no-date = Her mangler en dato.
opening-date-twice = Denne datoen står der allerede.
opening-days-added = { $count ->
    [one] { $count } dag ble lagt til.
   *[other] { $count } dager ble lagt til.
}
channel-exceptions = Unntak
exceptions-hint = En dato med egne tider. Uten tider er det stengt hele dagen.
exception-date = Dato
exception-hours = Tider
exception-name = Navn
exception-remove = Fjern
exception-remove-of = Fjern { $date }
exception-more = En til
calendar-earlier = Forrige måned
calendar-later = Neste måned
holidays = Helligdager
holidays-region = I
holidays-year = i
holidays-add = Legg til
holidays-choose = Velg et land eller en region først.
ical = Fra en kalenderfil
ical-file = iCalendar (.ics)
ical-add = Legg til dagene
ical-choose = Velg en fil først.
ical-too-large = Filen er større enn 1 MiB.
ical-not-a-calendar = Dette er ikke en kalenderfil.
ical-no-whole-days = Det er ingen heldagshendelser i den.
ical-too-many = Det er mer enn 400 dager i den; det trengs en kalender med bare helligdager.
ical-left-out = { $count ->
    [one] { $count } hendelse ble utelatt, siden den ikke er av hele dager.
   *[other] { $count } hendelser ble utelatt, siden de ikke er av hele dager.
}
ical-repeated = { $count ->
    [one] { $count } hendelse gjentas: bare den første dagen ble tatt med.
   *[other] { $count } hendelser gjentas: bare den første dagen av hver ble tatt med.
}
closing = Steng for hånd
closing-until = Stengt til
closing-close = Steng nå
closing-open-again = Åpne igjen
closing-is-closed = Stengt for hånd til { $until }
closing-not-ahead = Velg et tidspunkt som ennå ikke er passert.

# What callers hear.
channel-messages = Meldinger
messages-hint = Det innringere hører. Et opptak bringes til riktig nivå og lengde av seg selv; WAV, MP3 og Ogg Vorbis er bra.
messages-of-numbers = { $count ->
    [one] { $count } nummer har egne meldinger. De blir som de er; API-et endrer dem.
   *[other] { $count } numre har egne meldinger. De blir som de er; API-et endrer dem.
}
channel-unanswered = Når ingen svarer
channel-after-hours = Utenfor åpningstid
channel-closed-today = Når det er stengt i dag
channel-before-ringing = Før det ringer
channel-while-waiting = Mens de venter i kø
message-what = Det som høres
message-shipped-choice = Meldingen som følger med Strowger
message-as-after-hours = Som utenfor åpningstid
message-none = Ingenting
message-text = En tekst som leses opp
message-words = Tekst
message-language = Språk, som nb-NO
message-language-usual = nb-NO
message-new = Et nytt opptak
message-name = Navn på opptaket
message-file = Lydfil
message-record = Ta opp
message-stop = Stopp
message-no-microphone = Nettleseren gir ingen mikrofon.
message-upload = Last opp
message-play = Spill av: { $message }
message-gone = et opptak som er borte
message-shipped = som følger med Strowger
sound-not-audio = Dette er ikke en lydfil som kan leses; WAV, MP3 og Ogg Vorbis er bra.
sound-opus = Opus kan ikke leses; WAV, MP3 og Ogg Vorbis er bra.
sound-damaged = Filen er skadet.
sound-too-long = Den varer lenger enn 5 minutter.
sound-too-many-channels = Den har mer enn to kanaler.
sound-rate = Samplingsfrekvensen er ikke mellom 4 000 og 192 000 Hz.
sound-too-much-work = Den er for arbeidskrevende å lese.
sound-silent = Det er ingenting å høre i den.

# What a call would meet.
panel = Hva et anrop ville møte
panel-at = Når
panel-look = Se
panel-no-instant = Dette er ikke et tidspunkt.
panel-of-draft = Slik skjemaet er nå; det er ikke lagret.
panel-cant-be-saved = Skjemaet kan ikke lagres slik det er, så dette gjelder det som er lagret:
panel-passed-over = Hvem som ville bli hoppet over
panel-by-schedule = Bare etter tidsplanene, med alle softtelefoner åpne.
panel-back-to-now = Tilbake til nå
panel-as-they-are = Nå, med alle slik de er.
panel-stale = Dette kan ikke slås opp akkurat nå og kan være gammelt.
panel-warnings = Advarsler
open-until = Åpent til { $until }
open-always = Åpent
closed-until = Stengt til { $until }
closed-for-good = Stengt, og åpner aldri
would-ring = Det ringer hos { $names }.
would-wait = Innringeren venter i kø.
would-hear-closed = Innringere hører meldingen { $message } og kan legge igjen en talemelding.
would-hear-unanswered = Ingen ringes: innringere hører meldingen { $message } og kan legge igjen en talemelding.
would-be-refused = Innringeren avvises, som om linjen var opptatt.
would-be-told = Innringeren hører en melding, og det legges på.
channel-and-more = { $count ->
    [one] og { $count } til
   *[other] og { $count } til
}
coverage = Uken som kommer
coverage-hint = Hvem som kan ringes, bare etter tidsplanene.
coverage-shut = Det er stengt hele uken.
coverage-no-holes = Ingen hull: når det er åpent, ringes noen.
coverage-holes = Åpent, og ingen ville ringes:
coverage-hole = { $from } til { $until }
coverage-closed = stengt
coverage-nobody = ingen
coverage-rings = ringer hos { $names }
coverage-skipped = hoppes over av klokken
coverage-in-words = Uken i ord
