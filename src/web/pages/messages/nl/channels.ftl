# Channels.
channel-new = Nieuw kanaal
channels-none = Er is nog geen kanaal. Een kanaal heeft een nummer en zegt wie wanneer wordt gebeld en wat bellers horen.
channels-none-seen = U ziet de kanalen van de teams die u leidt. Er is er nog geen; een beheerder kan dat wijzigen.
channels-state = Nu
channels-ringable = Nu te bellen
channels-warnings = Waarschuwingen
channels-more = Meer
warnings-none = Geen
warnings-count = { $count ->
    [one] { $count } waarschuwing
   *[other] { $count } waarschuwingen
}
channel-name = Naam
channel-number = Nummer
channel-numbers = Nummers
channel-number-hint = Zoals +31201234567, elk op een eigen regel.
channel-provider = Telefoonaanbieder
channel-no-provider = In de configuratie is nog geen telefoonaanbieder ingesteld, en een kanaal heeft er een nodig.
channel-time-zone = Tijdzone
channel-cancel = Annuleren
channel-saved = Opgeslagen.
channel-not-saved-yet = Het is nog niet opgeslagen.
channel-faults = Er is niets opgeslagen: er klopt iets niet, zie hieronder.
channel-changed = Er is niets opgeslagen: iemand anders heeft dit kanaal intussen gewijzigd.
channel-changed-field = Wat
channel-changed-typed = In uw formulier
channel-changed-saved = Intussen opgeslagen
channel-changed-what-now = Het formulier is zoals u het hebt ingevuld. Opnieuw opslaan zet het in de plaats van dat van de ander.
channel-changed-take-theirs = Laat dat van mij vallen en toon wat is opgeslagen
channel-only-admins = Alleen beheerders wijzigen kanalen.
channel-delete = Kanaal verwijderen
deletion-what = Gesprekken naar de nummers worden niet meer aangenomen. De gesprekken en tickets blijven.
deletion-type-name = Typ de naam om het te verwijderen
deletion-other-name = Dit is niet de naam.
deletion-changed = Iemand heeft het intussen gewijzigd. Er is niets verwijderd; bekijk het eerst opnieuw.
channel-itself = Nummer en e-mail
channel-withheld = Bellers zonder nummer
withheld-ring = Worden doorverbonden als alle anderen
withheld-busy = Horen dat de lijn bezet is
withheld-voicemail = Gaan meteen naar de voicemail
channel-mail = E-mail
channel-voicemail = Over voicemails
channel-missed = Over gemiste oproepen
channel-last-agent = Als de laatste medewerker oproepen mist
mail-hint = Adressen, elk op een eigen regel.
channel-recording = Het bericht in e-mail
recording-attach = Als bijlage
recording-link = Een link voor wie kan aanmelden
recording-none = Helemaal niet

# Whom it rings.
channel-routing = Wie wordt gebeld
channel-users = Gebruikers
channel-teams = Teams
channel-no-users = Niemand heeft nog een serviceplaats.
channel-more-users = { $count ->
    [one] Nog { $count } gebruiker: op naam toevoegen
   *[other] Nog { $count } gebruikers: op naam toevoegen
}
channel-more-users-hint = Namen of e-mailadressen, met komma's ertussen.
channel-nobody-of-this-name = Niemand heet { $name }.
channel-no-teams = Er is nog geen team.
channel-can-be-rung = Nu te bellen
channel-put-first = Vooraan zetten
channel-strategy = Op welke manier
strategy-simultaneous = Allen tegelijk
strategy-load-balanced = Een voor een, minste open tickets eerst
strategy-round-robin = Een voor een, om beurten
strategy-random = Een voor een, geloot
strategy-longest-idle = Een voor een, langst vrij eerst
channel-tie-break = Onder gelijken
tie-longest = Langst zonder nieuw ticket eerst
tie-last = Wie het laatst een ticket kreeg eerst
tie-order = Zoals hier vermeld
channel-ringing = Wat er rinkelt
ringing-softphone = Softphones
ringing-devices = Hun telefoons, voordat de oproep is aangenomen
channel-ring-seconds = Het gaat bij bellers hoogstens over (seconden)
channel-agent-ring-seconds = Elke medewerker wordt gebeld gedurende (seconden)
channel-wait-seconds = Wachten in de rij hoogstens (seconden)
channel-wrap-up-seconds = Afronden na een gesprek (seconden)
channel-short-abandon-seconds = Niet gemist bij ophangen binnen (seconden)
channel-attach-minutes = Hoort bij het open ticket van de beller van de laatste (minuten)
channel-times-hint = Wat leeg blijft volgt de configuratie, die in grijs staat.
channel-not-a-number = Dit is geen geheel getal.

# Hours.
channel-hours = Openingstijden
channel-mode = Openingstijden
channel-closed-until = Gesloten tot
channel-wall = Tijden zijn die van { $zone }.
day-mon = maandag
day-tue = dinsdag
day-wed = woensdag
day-thu = donderdag
day-fri = vrijdag
day-sat = zaterdag
day-sun = zondag
opening-always = Altijd open
opening-schedule = Open op deze tijden
opening-hint = Typ als 09:00-12:00, 13:00-17:30, of teken ernaast. Een einde vóór het begin loopt door na middernacht.
opening-closed = gesloten
opening-copy = Een dag kopiëren
opening-copy-from = De tijden van
opening-copy-to = naar
opening-copy-do = Kopiëren
opening-unreadable = “{ $piece }” is geen tijd zoals 09:00-12:00.
opening-overlap = Deze tijden overlappen met andere.
opening-empty-span = Tijden kunnen niet eindigen wanneer ze beginnen; een hele dag is 00:00-24:00.
opening-no-date = Hier ontbreekt een datum.
opening-date-twice = Deze datum staat er al.
opening-days-added = { $count ->
    [one] { $count } dag is toegevoegd.
   *[other] { $count } dagen zijn toegevoegd.
}
channel-exceptions = Uitzonderingen
exceptions-hint = Een datum met eigen tijden. Zonder tijden is het de hele dag gesloten.
exception-date = Datum
exception-hours = Tijden
exception-name = Naam
exception-remove = Verwijderen
exception-remove-of = { $date } verwijderen
exception-more = Nog een
calendar-earlier = Vorige maand
calendar-later = Volgende maand
holidays = Feestdagen
holidays-region = Van
holidays-year = in
holidays-add = Toevoegen
holidays-choose = Kies eerst een land of regio.
ical = Uit een agendabestand
ical-file = iCalendar (.ics)
ical-add = Dagen toevoegen
ical-choose = Kies eerst een bestand.
ical-too-large = Het bestand is groter dan 1 MiB.
ical-not-a-calendar = Dit is geen agendabestand.
ical-no-whole-days = Er staan geen afspraken van een hele dag in.
ical-too-many = Er staan meer dan 400 dagen in; nodig is een agenda met alleen feestdagen.
ical-left-out = { $count ->
    [one] { $count } afspraak is weggelaten, want die is niet van hele dagen.
   *[other] { $count } afspraken zijn weggelaten, want die zijn niet van hele dagen.
}
ical-repeated = { $count ->
    [one] { $count } afspraak herhaalt zich: alleen de eerste dag is overgenomen.
   *[other] { $count } afspraken herhalen zich: alleen van elk de eerste dag is overgenomen.
}
closing = Met de hand sluiten
closing-until = Gesloten tot
closing-close = Nu sluiten
closing-open-again = Weer openen
closing-is-closed = Met de hand gesloten tot { $until }
closing-not-ahead = Kies een moment dat nog komt.

# What callers hear.
channel-messages = Berichten
messages-hint = Wat bellers horen. Een opname wordt vanzelf op het juiste niveau en de juiste lengte gebracht; WAV, MP3 en Ogg Vorbis zijn goed.
messages-of-numbers = { $count ->
    [one] { $count } nummer heeft eigen berichten. Die blijven zoals ze zijn; de API wijzigt ze.
   *[other] { $count } nummers hebben eigen berichten. Die blijven zoals ze zijn; de API wijzigt ze.
}
channel-unanswered = Als niemand opneemt
channel-after-hours = Buiten openingstijd
channel-closed-today = Als het vandaag gesloten is
channel-before-ringing = Voordat het overgaat
channel-while-waiting = Tijdens het wachten
message-what = Wat men hoort
message-shipped-choice = Het bericht dat bij Strowger hoort
message-as-after-hours = Zoals buiten openingstijd
message-none = Niets
message-text = Een tekst die wordt uitgesproken
message-words = Tekst
message-language = Taal, zoals nl-NL
message-language-usual = nl-NL
message-new = Een nieuwe opname
message-name = Naam van de opname
message-file = Geluidsbestand
message-record = Opnemen
message-stop = Stoppen
message-no-microphone = De browser geeft geen microfoon.
message-upload = Uploaden
message-play = Afspelen: { $message }
message-gone = een opname die er niet meer is
message-shipped = dat bij Strowger hoort
sound-not-audio = Dit is geen leesbaar geluidsbestand; WAV, MP3 en Ogg Vorbis zijn goed.
sound-opus = Opus kan niet worden gelezen; WAV, MP3 en Ogg Vorbis zijn goed.
sound-damaged = Het bestand is beschadigd.
sound-too-long = Het duurt langer dan 5 minuten.
sound-too-many-channels = Het heeft meer dan twee kanalen.
sound-rate = De bemonsteringsfrequentie ligt niet tussen 4.000 en 192.000 Hz.
sound-too-much-work = Het kost te veel werk om te lezen.
sound-silent = Er is niets in te horen.

# What a call would meet.
panel = Wat een oproep zou treffen
panel-at = Op
panel-look = Kijken
panel-no-instant = Dit is geen tijdstip.
panel-of-draft = Zoals het formulier nu is; het is niet opgeslagen.
panel-cant-be-saved = Het formulier kan zo niet worden opgeslagen, dus dit gaat over wat is opgeslagen:
panel-passed-over = Wie zou worden overgeslagen
panel-by-schedule = Alleen volgens rooster, met elke softphone open.
panel-back-to-now = Terug naar nu
panel-as-they-are = Nu, met iedereen zoals hij is.
panel-stale = Dit kan nu niet worden opgezocht en is misschien verouderd.
panel-warnings = Waarschuwingen
open-until = Open tot { $until }
open-always = Open
closed-until = Gesloten tot { $until }
closed-for-good = Gesloten, en gaat nooit open
would-ring = Dit belt { $names }.
would-wait = De beller wacht in de rij.
would-hear-closed = Bellers horen het bericht { $message } en kunnen een voicemail inspreken.
would-hear-unanswered = Niemand wordt gebeld: bellers horen het bericht { $message } en kunnen een voicemail inspreken.
would-be-refused = De beller wordt geweigerd, alsof de lijn bezet is.
would-be-told = De beller hoort een bericht en de verbinding wordt verbroken.
channel-and-more = { $count ->
    [one] en nog { $count }
   *[other] en nog { $count }
}
coverage = De komende week
coverage-hint = Wie kan worden gebeld, alleen volgens rooster.
coverage-shut = Het is de hele week gesloten.
coverage-no-holes = Geen gaten: wanneer het open is, wordt er iemand gebeld.
coverage-holes = Open, en niemand zou worden gebeld:
coverage-hole = { $from } tot { $until }
coverage-closed = gesloten
coverage-nobody = niemand
coverage-rings = belt { $names }
coverage-skipped = overgeslagen door de klok
coverage-in-words = De week in woorden
