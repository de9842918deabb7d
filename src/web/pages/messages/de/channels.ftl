# Channels.
channel-new = Neuer Kanal
channels-none = Es gibt noch keinen Kanal. Ein Kanal hat eine Nummer und sagt, wer wann angerufen wird und was Anrufer hören.
channels-none-seen = Sie sehen die Kanäle der Teams, die Sie leiten. Noch ist keiner da; ein Administrator kann das ändern.
channels-state = Jetzt
channels-ringable = Jetzt anrufbar
channels-warnings = Warnungen
channels-more = Weitere
warnings-none = Keine
warnings-count = { $count ->
    [one] { $count } Warnung
   *[other] { $count } Warnungen
}
channel-name = Name
channel-number = Nummer
channel-numbers = Nummern
channel-number-hint = Wie +43123456789, jede auf einer eigenen Zeile.
channel-provider = Telefongesellschaft
channel-no-provider = In der Konfiguration ist noch keine Telefongesellschaft eingerichtet, und ein Kanal braucht eine.
channel-time-zone = Zeitzone
channel-cancel = Abbrechen
channel-saved = Gespeichert.
channel-not-saved-yet = Es ist noch nicht gespeichert.
channel-faults = Nichts wurde gespeichert: Etwas stimmt nicht, siehe unten.
channel-changed = Nichts wurde gespeichert: Jemand anderer hat diesen Kanal inzwischen geändert.
channel-changed-field = Was
channel-changed-typed = In Ihrem Formular
channel-changed-saved = Inzwischen gespeichert
channel-changed-what-now = Das Formular ist, wie Sie es ausgefüllt haben. Nochmaliges Speichern ersetzt das des anderen.
channel-changed-take-theirs = Meines verwerfen und das Gespeicherte zeigen
channel-only-admins = Nur Administratoren ändern Kanäle.
channel-delete = Kanal löschen
deletion-what = Anrufe bei seinen Nummern werden nicht mehr angenommen. Seine Anrufe und Tickets bleiben.
deletion-type-name = Geben Sie zum Löschen den Namen ein
deletion-other-name = Das ist nicht sein Name.
deletion-changed = Jemand hat ihn inzwischen geändert. Nichts wurde gelöscht; sehen Sie ihn zuerst noch einmal an.
channel-itself = Nummer und E-Mail
channel-withheld = Anrufer ohne Nummer
withheld-ring = Läuten wie alle anderen
withheld-busy = Hören das Besetztzeichen
withheld-voicemail = Kommen gleich zur Sprachnachricht
channel-mail = E-Mail
channel-voicemail = Über Sprachnachrichten
channel-missed = Über verpasste Anrufe
channel-last-agent = Wenn der letzte Mitarbeiter Anrufe verpasst
mail-hint = Adressen, jede auf einer eigenen Zeile.
channel-recording = Die Nachricht in der E-Mail
recording-attach = Angehängt
recording-link = Ein Link für alle, die sich anmelden können
recording-none = Gar nicht

# Whom it rings.
channel-routing = Wer angerufen wird
channel-users = Benutzer
channel-teams = Teams
channel-no-users = Noch hat niemand einen Serviceplatz.
channel-more-users = { $count ->
    [one] { $count } weiterer Benutzer: mit Namen hinzufügen
   *[other] { $count } weitere Benutzer: mit Namen hinzufügen
}
channel-more-users-hint = Namen oder E-Mail-Adressen, mit Kommas dazwischen.
channel-nobody-of-this-name = Niemand heißt { $name }.
channel-no-teams = Es gibt noch kein Team.
channel-can-be-rung = Jetzt anrufbar
channel-put-first = An den Anfang
channel-strategy = Auf welche Weise
strategy-simultaneous = Alle zugleich
strategy-load-balanced = Einer nach dem anderen, wenigste offene Tickets zuerst
strategy-round-robin = Einer nach dem anderen, reihum
strategy-random = Einer nach dem anderen, gelost
strategy-longest-idle = Einer nach dem anderen, am längsten frei zuerst
channel-tie-break = Unter Gleichen
tie-longest = Am längsten ohne neues Ticket zuerst
tie-last = Wer zuletzt ein Ticket bekam zuerst
tie-order = Wie hier aufgelistet
channel-ringing = Was läutet
ringing-softphone = Softphones
ringing-devices = Ihre Telefone, bevor der Anruf angenommen ist
channel-ring-seconds = Bei Anrufern läutet es höchstens (Sekunden)
channel-agent-ring-seconds = Jeder Mitarbeiter wird angerufen (Sekunden)
channel-wait-seconds = Warten in der Schlange höchstens (Sekunden)
channel-wrap-up-seconds = Nachbearbeitung nach einem Anruf (Sekunden)
channel-short-abandon-seconds = Nicht verpasst, wenn weg binnen (Sekunden)
channel-attach-minutes = Gehört zum offenen Ticket des Anrufers der letzten (Minuten)
channel-times-hint = Was leer bleibt, folgt der Konfiguration, die grau dasteht.
channel-not-a-number = Das ist keine ganze Zahl.

# Hours.
channel-hours = Zeiten
channel-mode = Zeiten
channel-closed-until = Geschlossen bis
channel-wall = Die Zeiten sind die von { $zone }.
day-mon = Montag
day-tue = Dienstag
day-wed = Mittwoch
day-thu = Donnerstag
day-fri = Freitag
day-sat = Samstag
day-sun = Sonntag
opening-always = Immer offen
opening-schedule = Offen zu diesen Zeiten
opening-hint = Tippen Sie 09:00-12:00, 13:00-17:30, oder malen Sie daneben. Ein Ende vor dem Anfang reicht über Mitternacht.
opening-closed = geschlossen
opening-copy = Einen Tag kopieren
opening-copy-from = Die Zeiten von
opening-copy-to = nach
opening-copy-do = Kopieren
opening-unreadable = „{ $piece }“ ist keine Zeit wie 09:00-12:00.
opening-overlap = Diese Zeiten überschneiden sich mit anderen.
opening-empty-span = Zeiten können nicht enden, wenn sie beginnen; ein ganzer Tag ist 00:00-24:00.
opening-no-date = Hier fehlt ein Datum.
opening-date-twice = Dieses Datum steht schon da.
opening-days-added = { $count ->
    [one] { $count } Tag kam dazu.
   *[other] { $count } Tage kamen dazu.
}
channel-exceptions = Ausnahmen
exceptions-hint = Ein Datum mit eigenen Zeiten. Ohne Zeiten ist den ganzen Tag geschlossen.
exception-date = Datum
exception-hours = Zeiten
exception-name = Name
exception-remove = Entfernen
exception-remove-of = { $date } entfernen
exception-more = Noch eine
calendar-earlier = Voriger Monat
calendar-later = Nächster Monat
holidays = Feiertage
holidays-region = Von
holidays-year = im Jahr
holidays-add = Hinzufügen
holidays-choose = Wählen Sie zuerst ein Land oder eine Region.
ical = Aus einer Kalenderdatei
ical-file = iCalendar (.ics)
ical-add = Seine Tage hinzufügen
ical-choose = Wählen Sie zuerst eine Datei.
ical-too-large = Die Datei ist größer als 1 MiB.
ical-not-a-calendar = Das ist keine Kalenderdatei.
ical-no-whole-days = Darin sind keine ganztägigen Termine.
ical-too-many = Darin sind mehr als 400 Tage; gebraucht wird ein Kalender nur mit Feiertagen.
ical-left-out = { $count ->
    [one] { $count } Termin wurde ausgelassen, weil er nicht ganztägig ist.
   *[other] { $count } Termine wurden ausgelassen, weil sie nicht ganztägig sind.
}
ical-repeated = { $count ->
    [one] { $count } Termin wiederholt sich: Nur sein erster Tag wurde übernommen.
   *[other] { $count } Termine wiederholen sich: Nur der jeweils erste Tag wurde übernommen.
}
closing = Von Hand schließen
closing-until = Geschlossen bis
closing-close = Jetzt schließen
closing-open-again = Wieder öffnen
closing-is-closed = Von Hand geschlossen bis { $until }
closing-not-ahead = Wählen Sie einen Zeitpunkt, der noch kommt.

# What callers hear.
channel-messages = Ansagen
messages-hint = Was Anrufer hören. Eine Aufnahme wird von selbst auf die richtige Lautstärke und Länge gebracht; WAV, MP3 und Ogg Vorbis sind gut.
messages-of-numbers = { $count ->
    [one] { $count } Nummer hat eigene Ansagen. Sie bleiben, wie sie sind; die API ändert sie.
   *[other] { $count } Nummern haben eigene Ansagen. Sie bleiben, wie sie sind; die API ändert sie.
}
channel-unanswered = Wenn niemand abhebt
channel-after-hours = Außerhalb der Zeiten
channel-closed-today = Wenn heute geschlossen ist
channel-before-ringing = Bevor es läutet
channel-while-waiting = Beim Warten in der Schlange
message-what = Was man hört
message-shipped-choice = Die mitgelieferte Ansage
message-as-after-hours = Wie außerhalb der Zeiten
message-none = Nichts
message-text = Ein Text, der gesprochen wird
message-words = Text
message-language = Sprache, wie de-AT
message-language-usual = de-DE
message-new = Eine neue Aufnahme
message-name = Name der Aufnahme
message-file = Tondatei
message-record = Aufnehmen
message-stop = Stopp
message-no-microphone = Der Browser gibt kein Mikrofon.
message-upload = Hochladen
message-play = Abspielen: { $message }
message-gone = eine Aufnahme, die es nicht mehr gibt
message-shipped = die mitgeliefert ist
sound-not-audio = Das ist keine lesbare Tondatei; WAV, MP3 und Ogg Vorbis sind gut.
sound-opus = Opus kann nicht gelesen werden; WAV, MP3 und Ogg Vorbis sind gut.
sound-damaged = Die Datei ist beschädigt.
sound-too-long = Sie dauert länger als 5 Minuten.
sound-too-many-channels = Sie hat mehr als zwei Kanäle.
sound-rate = Ihre Abtastrate liegt nicht zwischen 4.000 und 192.000 Hz.
sound-too-much-work = Sie zu lesen macht zu viel Arbeit.
sound-silent = Darin ist nichts zu hören.

# What a call would meet.
panel = Was einen Anruf erwartet
panel-at = Zeitpunkt
panel-look = Ansehen
panel-no-instant = Das ist kein Zeitpunkt.
panel-of-draft = So, wie das Formular jetzt ist; es ist nicht gespeichert.
panel-cant-be-saved = So kann das Formular nicht gespeichert werden, darum geht es hier um das Gespeicherte:
panel-passed-over = Wer übergangen würde
panel-by-schedule = Nur nach den Zeiten, mit jedem Softphone offen.
panel-back-to-now = Zurück zu jetzt
panel-as-they-are = Jetzt, mit allen, wie sie sind.
panel-stale = Das kann gerade nicht nachgesehen werden und ist vielleicht veraltet.
panel-warnings = Warnungen
open-until = Offen bis { $until }
open-always = Offen
closed-until = Geschlossen bis { $until }
closed-for-good = Geschlossen, und öffnet nie
would-ring = Es läutet bei { $names }.
would-wait = Der Anrufer wartet in der Schlange.
would-hear-closed = Anrufer hören die Ansage { $message } und können eine Nachricht hinterlassen.
would-hear-unanswered = Niemand wird angerufen: Anrufer hören die Ansage { $message } und können eine Nachricht hinterlassen.
would-be-refused = Der Anrufer wird abgewiesen, als wäre besetzt.
would-be-told = Der Anrufer hört eine Ansage, dann wird aufgelegt.
channel-and-more = { $count ->
    [one] und { $count } weitere
   *[other] und { $count } weitere
}
coverage = Die kommende Woche
coverage-hint = Wer angerufen werden kann, nur nach den Zeiten.
coverage-shut = Die ganze Woche ist geschlossen.
coverage-no-holes = Keine Lücken: Wann immer offen ist, wird jemand angerufen.
coverage-holes = Offen, und niemand würde angerufen:
coverage-hole = { $from } bis { $until }
coverage-closed = geschlossen
coverage-nobody = niemand
coverage-rings = läutet bei { $names }
coverage-skipped = von der Uhr übersprungen
coverage-in-words = Die Woche in Worten
