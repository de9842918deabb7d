# Fähigkeiten und Posteingänge.
skills = Fähigkeiten
skills-none = Noch gibt es keine Fähigkeiten. Fragen können an die gehen, die sich damit auskennen oder eine Sprache sprechen.
skill-new = Neue Fähigkeit
skill-kind = Art
skill-category = worum es bei Fragen geht
skill-language = Sprache
skill-known-by = Gekannt von
skill-delete = Löschen
skill-unknown = nein
skill-known = ja
skill-level = Stufe { $level }
inboxes = Posteingänge
inboxes-hint = Arbeitsbereiche neben dem Helpdesk, mit eigenen Kanälen und Leuten.
inboxes-none = Es gibt keine Posteingänge: Alles gehört zum Helpdesk.
inbox-new = Neuer Posteingang
inbox-who = Wer darin arbeitet
inbox-everybody = alle
inbox-only = nur diese, und die Haupt- und zusätzlichen Mitglieder dieser Teams
inbox-workers = { $count ->
    [one] { $count } Person
   *[other] { $count } Personen
}
inbox-delete = Diesen Posteingang löschen
