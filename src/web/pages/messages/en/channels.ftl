# Channels.
channel-new = New channel
channels-none = There is no channel yet. A channel has a number, and says who is rung when, and what callers hear.
channels-none-seen = You see the channels of the teams that you lead. There is none yet; an admin can change that.
channels-state = Now
channels-ringable = Could be rung now
channels-warnings = Warnings
channels-more = More
warnings-none = None
warnings-count = { $count ->
    [one] { $count } warning
   *[other] { $count } warnings
}
channel-name = Name
channel-number = Number
channel-numbers = Numbers
channel-number-hint = As +43123456789, each on a line of its own.
channel-provider = Telephone company
channel-no-provider = No telephone company is set up in the configuration yet, and a channel needs one.
channel-time-zone = Time zone
channel-cancel = Cancel
channel-saved = Saved.
channel-not-saved-yet = It is not saved yet.
channel-faults = Nothing was saved: something is wrong, see below.
channel-changed = Nothing was saved: somebody else has changed this channel meanwhile.
channel-changed-field = What
channel-changed-typed = In your form
channel-changed-saved = Saved meanwhile
channel-changed-what-now = The form is as you filled it in. Saving it again puts it in the place of the other’s.
channel-changed-take-theirs = Drop mine and show what is saved
channel-only-admins = Only admins change channels.
channel-delete = Delete channel
deletion-what = Calls to its numbers will not be taken any more. Its calls and tickets stay.
deletion-type-name = Type its name to delete it
deletion-other-name = This is not its name.
deletion-changed = Somebody has changed it meanwhile. Nothing was deleted; look at it again first.
channel-itself = Number and mail
channel-withheld = Callers without a number
withheld-ring = Ring like all others
withheld-busy = Hear that the line is busy
withheld-voicemail = Go straight to voicemail
channel-mail = Mail
channel-voicemail = About voicemails
channel-missed = About missed calls
channel-last-agent = When the last agent misses calls
mail-hint = Addresses, each on a line of its own.
channel-recording = The message in mail
recording-attach = Attached
recording-link = A link for who can sign in
recording-none = Not at all

# Whom it rings.
channel-routing = Who is rung
channel-users = Users
channel-teams = Teams
channel-no-users = Nobody has a service seat yet.
channel-more-users = { $count ->
    [one] { $count } more user: add by name
   *[other] { $count } more users: add by name
}
channel-more-users-hint = Names or email addresses, with commas between them.
channel-nobody-of-this-name = Nobody is called { $name }.
channel-no-teams = There is no team yet.
channel-can-be-rung = Can be rung now
channel-put-first = Put first
channel-strategy = In which way
strategy-simultaneous = All at once
strategy-load-balanced = One at a time, fewest open tickets first
strategy-round-robin = One at a time, in turn
strategy-random = One at a time, drawn
strategy-longest-idle = One at a time, longest free first
channel-tie-break = Among equals
tie-longest = Longest without a new ticket first
tie-last = Last who got a ticket first
tie-order = As listed here
channel-ringing = What rings
ringing-softphone = Softphones
ringing-devices = Their telephones, before the call is answered
channel-ring-seconds = Callers ring for at most (seconds)
channel-agent-ring-seconds = Each agent is rung for (seconds)
channel-wait-seconds = Waiting in line for at most (seconds)
channel-wrap-up-seconds = Wrap-up after a call (seconds)
channel-short-abandon-seconds = Not missed if gone within (seconds)
channel-attach-minutes = Joins the caller’s open ticket of the last (minutes)
channel-times-hint = What is left empty follows the configuration, which is shown in grey.
channel-not-a-number = This is not a whole number.

# Hours.
channel-hours = Hours
channel-mode = Hours
channel-closed-until = Closed until
channel-wall = Times are those of { $zone }.
day-mon = Monday
day-tue = Tuesday
day-wed = Wednesday
day-thu = Thursday
day-fri = Friday
day-sat = Saturday
day-sun = Sunday
opening-always = Always open
opening-schedule = Open at these hours
opening-hint = Type as 09:00-12:00, 13:00-17:30, or paint beside it. An end before its start runs past midnight.
opening-closed = closed
opening-copy = Copy a day
opening-copy-from = The hours of
opening-copy-to = to
opening-copy-do = Copy
opening-unreadable = “{ $piece }” is no time such as 09:00-12:00.
opening-overlap = These hours overlap with others.
opening-empty-span = Hours can’t end when they begin; a whole day is 00:00-24:00.
opening-no-date = A date is missing here.
opening-date-twice = This date is there already.
opening-days-added = { $count ->
    [one] { $count } day was added.
   *[other] { $count } days were added.
}
channel-exceptions = Exceptions
exceptions-hint = A date with hours of its own. Without hours it is closed all day.
exception-date = Date
exception-hours = Hours
exception-name = Name
exception-remove = Remove
exception-remove-of = Remove { $date }
exception-more = One more
calendar-earlier = Earlier month
calendar-later = Later month
holidays = Public holidays
holidays-region = Of
holidays-year = in
holidays-add = Add
holidays-choose = Choose a country or region first.
ical = From a calendar file
ical-file = iCalendar (.ics)
ical-add = Add its days
ical-choose = Choose a file first.
ical-too-large = The file is larger than 1 MiB.
ical-not-a-calendar = This is not a calendar file.
ical-no-whole-days = There are no whole-day events in it.
ical-too-many = There are more than 400 days in it; a calendar of holidays alone is needed.
ical-left-out = { $count ->
    [one] { $count } event was left out, as it is not of whole days.
   *[other] { $count } events were left out, as they are not of whole days.
}
ical-repeated = { $count ->
    [one] { $count } event comes again: only its first day was taken.
   *[other] { $count } events come again: only the first day of each was taken.
}
closing = Close by hand
closing-until = Closed until
closing-close = Close now
closing-open-again = Open again
closing-is-closed = Closed by hand until { $until }
closing-not-ahead = Choose a moment that is still to come.

# What callers hear.
channel-messages = Messages
messages-hint = What callers hear. A recording is brought to the right level and length by itself; WAV, MP3 and Ogg Vorbis are good.
messages-of-numbers = { $count ->
    [one] { $count } number has messages of its own. They stay as they are; the API changes them.
   *[other] { $count } numbers have messages of their own. They stay as they are; the API changes them.
}
channel-unanswered = When nobody answers
channel-after-hours = After hours
channel-closed-today = When closed today
channel-before-ringing = Before it rings
channel-while-waiting = While waiting in line
message-what = What is heard
message-shipped-choice = The message that ships with Strowger
message-as-after-hours = As after hours
message-none = Nothing
message-text = A text that is spoken
message-words = Text
message-language = Language, as en-GB
message-language-usual = en-GB
message-new = A new recording
message-name = Name of the recording
message-file = Sound file
message-record = Record
message-stop = Stop
message-no-microphone = The browser gives no microphone.
message-upload = Upload
message-play = Play: { $message }
message-gone = a recording that is gone
message-shipped = that ships with Strowger
sound-not-audio = This is not a sound file that can be read; WAV, MP3 and Ogg Vorbis are good.
sound-opus = Opus can’t be read; WAV, MP3 and Ogg Vorbis are good.
sound-damaged = The file is damaged.
sound-too-long = It lasts longer than 5 minutes.
sound-too-many-channels = It has more than two channels.
sound-rate = Its sample rate is not between 4,000 and 192,000 Hz.
sound-too-much-work = It takes too much work to read.
sound-silent = There is nothing to hear in it.

# What a call would meet.
panel = What a call would meet
panel-at = At
panel-look = Look
panel-no-instant = This is not a moment.
panel-of-draft = As the form is now, which is not saved.
panel-cant-be-saved = The form can’t be saved as it is, so this is about what is saved:
panel-passed-over = Who would be passed over
panel-by-schedule = By schedules alone, with every softphone open.
panel-back-to-now = Back to now
panel-as-they-are = Now, with everybody as they are.
panel-stale = This can’t be looked up at the moment and may be old.
panel-warnings = Warnings
open-until = Open until { $until }
open-always = Open
closed-until = Closed until { $until }
closed-for-good = Closed, and never opens
would-ring = It rings { $names }.
would-wait = The caller waits in line.
would-hear-closed = Callers hear the message { $message } and can leave a voicemail.
would-hear-unanswered = Nobody is rung: callers hear the message { $message } and can leave a voicemail.
would-be-refused = The caller is refused, as if the line were busy.
would-be-told = The caller hears a message and is hung up on.
channel-and-more = { $count ->
    [one] and { $count } more
   *[other] and { $count } more
}
coverage = The week ahead
coverage-hint = Who could be rung, by schedules alone.
coverage-shut = It is closed all week.
coverage-no-holes = No holes: whenever it is open, somebody is rung.
coverage-holes = Open, and nobody would be rung:
coverage-hole = { $from } until { $until }
coverage-closed = closed
coverage-nobody = nobody
coverage-rings = rings { $names }
coverage-skipped = skipped by the clocks
coverage-in-words = The week in words
