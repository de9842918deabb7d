# Vaardigheden en inboxen.
skills = Vaardigheden
skills-none = Er zijn nog geen vaardigheden. Vragen kunnen gaan naar wie er verstand van heeft, of een taal spreekt.
skill-new = Nieuwe vaardigheid
skill-kind = Soort
skill-category = waar vragen over gaan
skill-language = taal
skill-known-by = Gekend door
skill-delete = Verwijderen
skill-unknown = nee
skill-known = ja
skill-level = niveau { $level }
inboxes = Inboxen
inboxes-hint = Werkplekken naast de helpdesk, met eigen kanalen en mensen.
inboxes-none = Er zijn geen inboxen: alles hoort bij de helpdesk.
inbox-new = Nieuwe inbox
inbox-who = Wie er werkt
inbox-everybody = iedereen
inbox-only = alleen deze, en de hoofd- en extra leden van deze teams
inbox-workers = { $count ->
    [one] { $count } persoon
   *[other] { $count } personen
}
inbox-delete = Deze inbox verwijderen
