# Tickets, die auf jemanden warten.
waiting = Warteschlange
waiting-hint = Ihr Kanal verteilt sie wieder, das älteste zuerst, wenn jemand verfügbar wird oder Platz hat, wenn er öffnet oder wenn eine Regel gespeichert wird.
waiting-who = Wer wartet
waiting-since = Seit
waiting-why = Warum es niemand hat
waiting-none = Kein Ticket wartet. Hier warten Tickets, deren Kanal sie wieder verteilt, solange niemand sie nehmen kann.
waiting-to-channels = Zu den Kanälen
waiting-no-more = Dahinter wartet niemand.
waiting-look-again = Noch einmal nachsehen
waiting-to-the-oldest = Zu den ältesten
