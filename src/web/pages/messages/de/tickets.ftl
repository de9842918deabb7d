# Tickets, ihre Anrufe und warum.
tickets-views = Listen
ticket-view-unassigned = Nicht zugewiesen
ticket-view-mine = Meine
ticket-view-my-teams-unassigned = Nicht zugewiesen, meine Teams
ticket-view-my-teams-open = Offen, meine Teams
ticket-view-all = Alle
ticket-view-closed = Geschlossen
tickets-search = Nummer, Kontakt oder Ticket
tickets-search-hint = Gesucht wird nach Ziffern der Nummer (mindestens drei), einem Teil vom Namen eines Kontakts oder dem Anfang der Ticket-ID.
tickets-none-found = Zu „{ $text }“ wurde kein Ticket gefunden.
tickets-look-further = Unter den durchgesehenen Tickets ist nichts. Es gibt noch ältere.
tickets-no-more = Es gibt keine älteren Tickets.
tickets-none-yet = Hier sind noch keine Tickets. Jeder Anruf öffnet eines.
tickets-none-here = Hier ist nichts mehr zu tun.
ticket-to-the-newest = Zu den neuesten
ticket-further-back = Weiter zurück
ticket-caller = Anrufer
ticket-called = Angerufen
ticket-when = Wann
ticket-came-of-it = Was daraus wurde
ticket-owner = Besitzer
ticket-owner-nobody = niemand
ticket-team = Team
ticket-team-none = kein Team
ticket-status = Status
ticket-status-new = neu
ticket-status-waiting = wartet
ticket-status-closed = geschlossen
ticket-channel = Kanal
ticket-why = Warum
ticket-why-nothing = Es wurde noch nichts entschieden.
ticket-nobody-called = kein Anruf
ticket-number-withheld = Nummer unterdrückt
ticket-call-answered = angenommen
ticket-call-voicemail = Nachricht
ticket-call-rejected = abgewiesen
ticket-call-missed = verpasst
ticket-call-ringing = läutet
ticket-call-waiting = wartet
ticket-call-connecting = wird verbunden
ticket-call-talking = im Gespräch
ticket-call-leaving-message = hinterlässt eine Nachricht
ticket-call-of = Anruf vom
ticket-opened = geöffnet
ticket-closed-at = geschlossen
ticket-earlier-calls = { $count ->
    [one] Ein früherer Anruf wird nicht gezeigt.
   *[other] { $count } frühere Anrufe werden nicht gezeigt.
}
ticket-call-back = Rückruf
ticket-got-through-later = Der Anrufer kam später durch.
ticket-was-called-back = Zurückgerufen
ticket-not-called-back = Noch niemand hat zurückgerufen.
ticket-i-called-back = Ich habe zurückgerufen
ticket-message-left = Nachricht
ticket-seconds = { $count ->
    [one] { $count } Sekunde
   *[other] { $count } Sekunden
}
ticket-what-happened = Was geschah
ticket-step-arrived = Der Anruf kam an.
ticket-step-rung = wird angeläutet
ticket-step-ended = Der Anruf war zu Ende.
ticket-offer-won = hat ihn genommen
ticket-offer-taken = jemand anderer war schneller
ticket-offer-declined = hat abgelehnt
ticket-offer-missed = hat nicht rechtzeitig abgehoben
ticket-offer-expired = die Zeit zum Läuten war um
ticket-offer-caller-hung-up = der Anrufer hat aufgelegt
ticket-offer-withdrawn = wird nicht mehr angeläutet
ticket-offer-connection-failed = konnte nicht verbunden werden
ticket-looked-at = { $count ->
    [one] Eine Person wurde betrachtet
   *[other] { $count } Personen wurden betrachtet
}
ticket-and-more = { $count ->
    [one] und eine weitere
   *[other] und { $count } weitere
}
ticket-candidate = Person
ticket-eligible = Konnte ihn nehmen
ticket-eligible-yes = ja
ticket-passed-over = nein
ticket-action-ring = anläuten
ticket-action-wait = den Anrufer warten lassen
ticket-action-unanswered = die Ansage für „nicht angenommen“ spielen
ticket-action-after-hours = die Ansage für „außerhalb der Zeiten“ spielen
ticket-action-connect = verbinden
ticket-action-talk = sprechen
ticket-action-ring-again = noch einmal läuten
ticket-action-end = beenden
ticket-action-keep-message = die Nachricht behalten
ticket-action-reject = den Anruf abweisen
ticket-action-message = eine Ansage spielen
ticket-action-join = eine Nachricht zum Ticket legen
ticket-action-reopen = das Ticket wieder öffnen
ticket-action-assign = zuweisen
ticket-action-leave-unassigned = niemandem zuweisen
ticket-whose-it-is = Wem es gehört
ticket-it-is-now = Jetzt ist es:
ticket-contact = Kontakt
ticket-numbers = Nummern
ticket-notes = Notizen
ticket-notes-none = Es gibt noch keine Notizen.
ticket-notes-more = Weitere Notizen
ticket-note-new = Neue Notiz
ticket-note-add = Notiz hinzufügen
ticket-note-fault = Eine Notiz hat 1 bis 10.000 Zeichen.
ticket-nobody-known = niemand Bekanntes
ticket-properties = Eigenschaften
conversation = Gespräch
conversation-somebody = jemand
conversation-customer-agent = Kundenagent
conversation-other-system = ein anderes System
conversation-automatic = von einer Maschine geschrieben
conversation-as-it-came = Wie es kam
conversation-files = Dateien
conversation-queued = unterwegs
conversation-sent = gesendet
conversation-delivered = zugestellt
conversation-read = gelesen
conversation-failed = nicht gesendet
conversation-send-again = Noch einmal senden
conversation-more = Weitere Nachrichten
conversation-answer = Antwort
conversation-draft-of = Ihr Entwurf vom
conversation-send = Senden
conversation-keep-draft = Als Entwurf behalten
conversation-status-stays = bleibt, wie er ist
