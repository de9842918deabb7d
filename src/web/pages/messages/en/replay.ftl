replay = Another rule
replay-about = What came to a channel is shared out once more by the rule below, and compared with what happened. Nothing is changed. People, skills and contacts are those of today; who was there, who was on a call and when tickets were closed is as it was.
replay-no-channel = There is no channel yet.
replay-channel = Channel
replay-time = Of the last
replay-days = { $count ->
    [one] day
   *[other] { $count } days
}
replay-its-rule = Show its rule
replay-play = Play it again
replay-answer = What would have been
replay-summary = { $different ->
    [0] All { $tickets } would have gone where they went.
   *[other] { $different } of { $tickets } would have gone elsewhere.
}
replay-nobody-counts = Nobody got { $happened }; nobody would have got { $instead }.
replay-shares = Who got how many
replay-happened = Got it
replay-instead = Would have got it
replay-different = What would have gone elsewhere
replay-ticket = Ticket
replay-why = Why
replay-nobody = nobody
replay-any-of = all of these rung: { $names }
replay-customer-agent = the customer agent
replay-more = { $count ->
    [one] And one more.
   *[other] And { $count } more.
}
