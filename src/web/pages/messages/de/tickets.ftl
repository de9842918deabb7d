# Tickets, ihre Anrufe und warum.
tickets-views = Listen
view-unassigned = Nicht zugewiesen
view-mine = Meine
view-my-teams-unassigned = Nicht zugewiesen, meine Teams
view-my-teams-open = Offen, meine Teams
view-all = Alle
view-closed = Geschlossen
search = Suchen
tickets-search = Nummer, Kontakt oder Ticket
tickets-search-hint = Gesucht wird nach Ziffern der Nummer (mindestens drei), einem Teil vom Namen eines Kontakts oder dem Anfang der Ticket-ID.
tickets-none-found = Zu „{ $text }“ wurde kein Ticket gefunden.
tickets-look-further = Unter den durchgesehenen Tickets ist nichts. Es gibt noch ältere.
tickets-no-more = Es gibt keine älteren Tickets.
tickets-none-yet = Hier sind noch keine Tickets. Jeder Anruf öffnet eines.
tickets-none-here = Hier ist nichts mehr zu tun.
to-the-newest = Zu den neuesten
further-back = Weiter zurück
caller = Anrufer
called = Angerufen
when = Wann
came-of-it = Was daraus wurde
owner = Besitzer
owner-nobody = niemand
team = Team
team-none = kein Team
status = Status
status-new = neu
status-waiting = wartet
status-closed = geschlossen
channel = Kanal
why = Warum
why-nothing = Es wurde noch nichts entschieden.
nobody-called = kein Anruf
number-withheld = Nummer unterdrückt
call-answered = angenommen
call-voicemail = Nachricht
call-rejected = abgewiesen
call-missed = verpasst
call-ringing = läutet
call-waiting = wartet
call-connecting = wird verbunden
call-talking = im Gespräch
call-leaving-message = hinterlässt eine Nachricht
call-of = Anruf vom
opened = geöffnet
closed-at = geschlossen
earlier-calls = { $count ->
    [one] Ein früherer Anruf wird nicht gezeigt.
   *[other] { $count } frühere Anrufe werden nicht gezeigt.
}
call-back = Rückruf
got-through-later = Der Anrufer kam später durch.
was-called-back = Zurückgerufen
not-called-back = Noch niemand hat zurückgerufen.
i-called-back = Ich habe zurückgerufen
message-left = Nachricht
seconds = { $count ->
    [one] { $count } Sekunde
   *[other] { $count } Sekunden
}
what-happened = Was geschah
on-the-clock-of = Nach der Uhr des Kanals ({ $zone }) kam er um
step-arrived = Der Anruf kam an.
step-rung = wird angeläutet
step-ended = Der Anruf war zu Ende.
offer-won = hat ihn genommen
offer-taken = jemand anderer war schneller
offer-declined = hat abgelehnt
offer-missed = hat nicht rechtzeitig abgehoben
offer-expired = die Zeit zum Läuten war um
offer-caller-hung-up = der Anrufer hat aufgelegt
offer-withdrawn = wird nicht mehr angeläutet
offer-connection-failed = konnte nicht verbunden werden
looked-at = { $count ->
    [one] Eine Person wurde betrachtet
   *[other] { $count } Personen wurden betrachtet
}
and-more = { $count ->
    [one] und eine weitere
   *[other] und { $count } weitere
}
candidate = Person
eligible = Konnte ihn nehmen
eligible-yes = ja
passed-over = nein
open-tickets = Offene Tickets
action-ring = anläuten
action-wait = den Anrufer warten lassen
action-unanswered = die Ansage für „nicht angenommen“ spielen
action-after-hours = die Ansage für „außerhalb der Zeiten“ spielen
action-connect = verbinden
action-talk = sprechen
action-ring-again = noch einmal läuten
action-end = beenden
action-keep-message = die Nachricht behalten
action-reject = den Anruf abweisen
action-message = eine Ansage spielen
whose-it-is = Wem es gehört
changed-meanwhile = Jemand anderer hat das geändert, seit Sie es geöffnet haben. Von Ihnen wurde nichts gespeichert.
it-is-now = Jetzt ist es:
saved-again = Wenn Sie noch einmal speichern, ersetzt Ihre Fassung die andere.
contact = Kontakt
numbers = Nummern
notes = Notizen
notes-none = Es gibt noch keine Notizen.
notes-more = Weitere Notizen
note-new = Neue Notiz
note-add = Notiz hinzufügen
note-fault = Eine Notiz hat 1 bis 10.000 Zeichen.
