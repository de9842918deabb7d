# Was mehrere Teile der Seiten sagen.
common-search = Suchen
common-open-tickets = Offene Tickets
common-before = Zurück
common-next = Weiter
common-changed = Jemand anderer hat das geändert, seit Sie es geöffnet haben. Von Ihnen wurde nichts gespeichert.
common-save-again = Wenn Sie noch einmal speichern, ersetzt Ihre Fassung die andere.
common-differences = Was anders ist
common-field = Feld
common-theirs = Jetzt gespeichert
common-yours = Von Ihnen eingegeben
common-not-saved = Nichts wurde gespeichert. Was falsch ist, steht an seiner Stelle.
