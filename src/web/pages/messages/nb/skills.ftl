# Ferdigheter og innbokser.
skills = Ferdigheter
skills-none = Det finnes ingen ferdigheter ennå. Spørsmål kan gis til dem som kan noe om dem, eller snakker et språk.
skill-new = Ny ferdighet
skill-kind = Type
skill-category = hva spørsmål handler om
skill-language = språk
skill-known-by = Kan den
skill-delete = Slett
skill-unknown = nei
skill-known = ja
skill-level = nivå { $level }
inboxes = Innbokser
inboxes-hint = Arbeidsplasser ved siden av kundestøtten, med egne kanaler og folk.
inboxes-none = Det finnes ingen innbokser: alt hører til kundestøtten.
inbox-new = Ny innboks
inbox-who = Hvem som arbeider der
inbox-everybody = alle
inbox-only = bare disse, og hoved- og ekstramedlemmene i disse lagene
inbox-workers = { $count ->
    [one] { $count } person
   *[other] { $count } personer
}
inbox-delete = Slett denne innboksen
