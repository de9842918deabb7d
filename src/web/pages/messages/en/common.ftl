# What several parts of the pages say.
common-search = Search
common-open-tickets = Open tickets
common-before = Before
common-next = Further
common-changed = Somebody else has changed this since you opened it. Nothing of yours was saved.
common-save-again = If you save again, your version replaces theirs.
common-differences = What is different
common-field = Field
common-theirs = Saved now
common-yours = Typed by you
common-not-saved = Nothing was saved. What is wrong is said at its place.
