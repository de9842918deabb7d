# Tickets, their calls and why.
tickets-views = Lists
view-unassigned = Unassigned
view-mine = Mine
view-my-teams-unassigned = My teams unassigned
view-my-teams-open = My teams open
view-all = All
view-closed = Closed
search = Search
tickets-search = Number, contact or ticket
tickets-search-hint = Digits of the number (at least three), part of a contact's name, or the beginning of the ticket's id are looked for.
tickets-none-found = No ticket was found for “{ $text }”.
tickets-look-further = Nothing among the tickets that were looked at. There are older ones.
tickets-no-more = There are no older tickets.
tickets-none-yet = There are no tickets here yet. Each call opens one.
tickets-none-here = Nothing is left to do here.
to-the-newest = To the newest
further-back = Further back
caller = Caller
called = Called
when = When
came-of-it = What came of it
owner = Owner
owner-nobody = nobody
team = Team
team-none = no team
status = Status
status-new = new
status-waiting = waiting
status-closed = closed
channel = Channel
why = Why
why-nothing = Nothing was decided yet.
nobody-called = no call
number-withheld = number withheld
call-answered = answered
call-voicemail = voicemail
call-rejected = rejected
call-missed = missed
call-ringing = ringing
call-waiting = waiting
call-connecting = connecting
call-talking = talking
call-leaving-message = leaving a message
call-of = Call of
opened = opened
closed-at = closed
earlier-calls = { $count ->
    [one] One earlier call is not shown.
   *[other] { $count } earlier calls are not shown.
}
call-back = Call back
got-through-later = The caller got through later.
was-called-back = Called back
not-called-back = Nobody has called back yet.
i-called-back = I have called back
message-left = Message
seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
}
what-happened = What happened
on-the-clock-of = On the channel's clock ({ $zone }) it came at
step-arrived = The call arrived.
step-rung = is rung
step-ended = The call was over.
offer-won = took it
offer-taken = somebody else was quicker
offer-declined = declined
offer-missed = did not answer in time
offer-expired = the time to ring was over
offer-caller-hung-up = the caller hung up
offer-withdrawn = is not rung any more
offer-connection-failed = could not be connected
looked-at = { $count ->
    [one] One person was looked at
   *[other] { $count } people were looked at
}
and-more = { $count ->
    [one] and one more
   *[other] and { $count } more
}
candidate = Person
eligible = Could take it
eligible-yes = yes
passed-over = no
open-tickets = Open tickets
action-ring = ring
action-wait = let the caller wait
action-unanswered = play the unanswered greeting
action-after-hours = play the after-hours greeting
action-connect = connect
action-talk = talk
action-ring-again = ring again
action-end = end
action-keep-message = keep the message
action-reject = refuse the call
action-message = play a message
whose-it-is = Whose it is
changed-meanwhile = Somebody else has changed this since you opened it. Nothing of yours was saved.
it-is-now = It is now:
saved-again = If you save again, your version replaces theirs.
contact = Contact
numbers = Numbers
notes = Notes
notes-none = There are no notes yet.
notes-more = More notes
note-new = New note
note-add = Add the note
note-fault = A note has 1 to 10,000 characters.
