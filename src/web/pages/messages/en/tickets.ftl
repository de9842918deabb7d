# Tickets, their calls and why.
tickets-views = Lists
ticket-view-unassigned = Unassigned
ticket-view-mine = Mine
ticket-view-my-teams-unassigned = My teams unassigned
ticket-view-my-teams-open = My teams open
ticket-view-all = All
ticket-view-closed = Closed
tickets-search = Number, contact or ticket
tickets-search-hint = Digits of the number (at least three), part of a contact's name, or the beginning of the ticket's id are looked for.
tickets-none-found = No ticket was found for “{ $text }”.
tickets-look-further = Nothing among the tickets that were looked at. There are older ones.
tickets-no-more = There are no older tickets.
tickets-none-yet = There are no tickets here yet. Each call opens one.
tickets-none-here = Nothing is left to do here.
ticket-to-the-newest = To the newest
ticket-further-back = Further back
ticket-caller = Caller
ticket-called = Called
ticket-when = When
ticket-came-of-it = What came of it
ticket-owner = Owner
ticket-owner-nobody = nobody
ticket-team = Team
ticket-team-none = no team
ticket-status = Status
ticket-status-new = new
ticket-status-waiting = waiting
ticket-status-closed = closed
ticket-channel = Channel
ticket-why = Why
ticket-why-nothing = Nothing was decided yet.
ticket-nobody-called = no call
ticket-number-withheld = number withheld
ticket-call-answered = answered
ticket-call-voicemail = voicemail
ticket-call-rejected = rejected
ticket-call-missed = missed
ticket-call-ringing = ringing
ticket-call-waiting = waiting
ticket-call-connecting = connecting
ticket-call-talking = talking
ticket-call-leaving-message = leaving a message
ticket-call-of = Call of
ticket-opened = opened
ticket-closed-at = closed
ticket-earlier-calls = { $count ->
    [one] One earlier call is not shown.
   *[other] { $count } earlier calls are not shown.
}
ticket-call-back = Call back
ticket-got-through-later = The caller got through later.
ticket-was-called-back = Called back
ticket-not-called-back = Nobody has called back yet.
ticket-i-called-back = I have called back
ticket-message-left = Message
ticket-seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
}
ticket-what-happened = What happened
ticket-step-arrived = The call arrived.
ticket-step-rung = is rung
ticket-step-ended = The call was over.
ticket-offer-won = took it
ticket-offer-taken = somebody else was quicker
ticket-offer-declined = declined
ticket-offer-missed = did not answer in time
ticket-offer-expired = the time to ring was over
ticket-offer-caller-hung-up = the caller hung up
ticket-offer-withdrawn = is not rung any more
ticket-offer-connection-failed = could not be connected
ticket-looked-at = { $count ->
    [one] One person was looked at
   *[other] { $count } people were looked at
}
ticket-and-more = { $count ->
    [one] and one more
   *[other] and { $count } more
}
ticket-candidate = Person
ticket-eligible = Could take it
ticket-eligible-yes = yes
ticket-passed-over = no
ticket-action-ring = ring
ticket-action-wait = let the caller wait
ticket-action-unanswered = play the unanswered greeting
ticket-action-after-hours = play the after-hours greeting
ticket-action-connect = connect
ticket-action-talk = talk
ticket-action-ring-again = ring again
ticket-action-end = end
ticket-action-keep-message = keep the message
ticket-action-reject = refuse the call
ticket-action-message = play a message
ticket-action-join = add a message to the ticket
ticket-action-reopen = open the ticket again
ticket-action-assign = assign
ticket-action-leave-unassigned = leave unassigned
ticket-whose-it-is = Whose it is
ticket-it-is-now = It is now:
ticket-contact = Contact
ticket-numbers = Numbers
ticket-notes = Notes
ticket-notes-none = There are no notes yet.
ticket-notes-more = More notes
ticket-note-new = New note
ticket-note-add = Add the note
ticket-note-fault = A note has 1 to 10,000 characters.
ticket-nobody-known = nobody known
ticket-properties = Properties
conversation = Conversation
conversation-somebody = somebody
conversation-customer-agent = customer agent
conversation-other-system = another system
conversation-automatic = written by a machine
conversation-as-it-came = As it came
conversation-files = Files
conversation-queued = on its way
conversation-sent = sent
conversation-delivered = delivered
conversation-read = read
conversation-failed = not sent
conversation-send-again = Send again
conversation-more = More messages
conversation-answer = Answer
conversation-draft-of = Your draft of
conversation-send = Send
conversation-keep-draft = Keep as a draft
conversation-status-stays = stays as it is
