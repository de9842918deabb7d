# Skills and inboxes.
skills = Skills
skills-none = There are no skills yet. Questions can be given to people who know about them, or who speak a language.
skill-new = New skill
skill-kind = Kind
skill-category = what questions are about
skill-language = language
skill-known-by = Known by
skill-delete = Delete
skill-unknown = no
skill-known = yes
skill-level = level { $level }
inboxes = Inboxes
inboxes-hint = Workspaces beside the help desk, with channels and people of their own.
inboxes-none = There are no inboxes: everything belongs to the help desk.
inbox-new = New inbox
inbox-who = Who works in it
inbox-everybody = everybody
inbox-only = only these, and the main and extra members of these teams
inbox-workers = { $count ->
    [one] { $count } person
   *[other] { $count } people
}
inbox-delete = Delete this inbox
