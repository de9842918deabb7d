//! Who calls matters: blocked callers, withheld numbers, priority, short abandons, and callers who come back.

use super::*;
use crate::routing::{
    contacts::{Blocked, Contact},
    ids::{ContactId, TicketId},
};

const VERA: &str = "+4366011111";
const UWE: &str = "+4366022222";

impl Scene {
    fn knows(&mut self, number: &str, blocked: Option<Blocked>, priority: u8) -> ContactId {
        let id = ContactId(Ids::new(u64::from(priority) + number.len() as u64).next(priority.into()));
        let numbers = vec![number.to_owned()];
        let contact = Contact { numbers, blocked, priority, ..Contact::of_name("Vera") };
        self.contacts.save(id, contact);
        id
    }

    fn channel(&mut self) -> &mut Channel {
        self.channels.get_mut(&self.channel).expect("the channel")
    }

    fn closes(mut self) -> Self {
        let until = Some(self.now.at + TimeDelta::hours(1));
        self.channel().hours.closed_until = until;
        self
    }

    fn attaches(mut self, minutes: u32) -> Self {
        self.channel().own_times.attach_minutes = Some(minutes);
        self
    }

    /// The call of this caller, live or over, and what the caller's side is told.
    fn calls_from(&mut self, from: &str) -> (CallId, Option<Instruction>) {
        self.arrivals += 1;
        let arrival = Arrival {
            channel: self.channel,
            provider: "main".into(),
            provider_call_id: format!("CA{:032x}", self.arrivals),
            from: Caller::from(from.to_owned()),
            to: "+437654321".into(),
            poll: 0,
        };
        let told = self.happens(Event::CallArrived(arrival));
        let newest = self.rows.keys().max().copied();
        (newest.expect("a call that arrived is written"), told)
    }

    fn reasons_of(&self, call: CallId, action: Action) -> Vec<Reason> {
        let decided = self.writes.iter().find_map(|write| match write {
            Write::Decided(decided) if decided.call == call && decided.action == action => Some(decided),
            _ => None,
        });
        decided.map(|decided| decided.reasons.clone()).unwrap_or_default()
    }

    fn tickets(&self) -> Vec<TicketChange> {
        let changes = self.writes.iter().filter_map(|write| match write {
            Write::Ticket(change) => Some(*change),
            _ => None,
        });
        changes.collect()
    }

    fn closed(&self, ticket: TicketId) -> bool {
        self.tickets().contains(&TicketChange::Close { ticket, at: self.now.at })
    }

    fn outcome(&self, id: CallId) -> Option<Outcome> {
        match self.rows[&id].state {
            State::Ended { outcome, .. } => Some(outcome),
            _ => None,
        }
    }

    /// An open ticket that this caller may join.
    fn has_ticket(&mut self, number: &str) -> TicketId {
        let ticket = TicketId(Ids::new(77).next(self.now.at.timestamp_millis()));
        self.joinable.open(ticket, self.channel, number, self.now.at);
        ticket
    }
}

#[test]
fn a_blocked_caller_is_refused_unanswered_nobody_is_rung_and_the_ticket_is_closed() {
    for mut scene in [Scene::new(Strategy::Simultaneous, 2), Scene::new(Strategy::RoundRobin, 1).closes()] {
        let contact = scene.knows(VERA, Some(Blocked::Busy), 0);
        let (id, told) = scene.calls_from(VERA);
        assert_eq!(told, Some(Instruction::Reject));
        assert_eq!(scene.outcome(id), Some(Outcome::Rejected));
        assert!(!scene.says.iter().any(|say| matches!(say, Say::Offered { .. })), "{:?}", scene.says);
        let reason = Reason::CallerBlocked { contact, how: Blocked::Busy };
        assert_eq!(scene.reasons_of(id, Action::Reject), [reason]);
        let (ticket, channel, at) = (scene.rows[&id].ticket, scene.channel, scene.now.at);
        let expected =
            [TicketChange::Open { ticket, call: id, channel, at }, TicketChange::Close { ticket, at }];
        assert_eq!(scene.tickets(), expected);
        assert!(scene.jobs.is_empty() && scene.board.calls().next().is_none());
    }
}

#[test]
fn a_blocked_caller_who_was_held_before_is_hung_up() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    scene.knows(VERA, Some(Blocked::Busy), 0);
    let (provider, to, from) = ("main".into(), "+43".into(), Caller::Known(VERA.into()));
    let (channel, provider_call_id) = (scene.channel, "CA1".into());
    let arrival = Arrival { channel, provider, provider_call_id, from, to, poll: 3 };
    assert_eq!(scene.happens(Event::CallArrived(arrival)), Some(Instruction::HangUp));
}

#[test]
fn a_blocked_caller_may_hear_a_message_and_is_hung_up() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    scene.knows(VERA, Some(Blocked::Message), 0);
    let (id, told) = scene.calls_from(VERA);
    assert_eq!((told, scene.outcome(id)), (Some(Instruction::TurnAway), Some(Outcome::Rejected)));
    assert!(scene.closed(scene.rows[&id].ticket));
    assert_eq!(scene.reasons_of(id, Action::Message).len(), 1);
}

#[test]
fn a_blocked_caller_may_go_straight_to_voicemail_and_the_ticket_stays_open() {
    for (closed, slot, action) in
        [(false, Slot::Unanswered, Action::Unanswered), (true, Slot::AfterHours, Action::AfterHours)]
    {
        let mut scene = Scene::new(Strategy::Simultaneous, 1);
        if closed {
            scene = scene.closes();
        }
        let contact = scene.knows(VERA, Some(Blocked::Voicemail), 0);
        let (id, told) = scene.calls_from(VERA);
        assert_eq!((told, scene.state(id)), (Some(Instruction::TakeMessage { slot }), "voicemail"));
        let reason = Reason::CallerBlocked { contact, how: Blocked::Voicemail };
        assert_eq!(scene.reasons_of(id, action), [reason]);
        assert!(!scene.closed(scene.rows[&id].ticket));
        assert!(!scene.says.iter().any(|say| matches!(say, Say::Offered { .. })));
    }
}

#[test]
fn withheld_numbers_are_met_as_the_channel_says_and_never_as_a_contact() {
    let table = [
        (Withheld::Ring, Instruction::Ring { poll: 1 }),
        (Withheld::Busy, Instruction::Reject),
        (Withheld::Voicemail, Instruction::TakeMessage { slot: Slot::Unanswered }),
    ];
    for (withheld, expected) in table {
        for from in ["anonymous", "", "+266696687", "Restricted"] {
            let mut scene = Scene::new(Strategy::Simultaneous, 1);
            scene.knows("anonymous", Some(Blocked::Message), 9);
            scene.channel().withheld = withheld;
            let (id, told) = scene.calls_from(from);
            assert_eq!(told.as_ref(), Some(&expected), "{from:?}");
            assert_eq!(scene.rows[&id].priority, 0);
            let (_, told) = scene.calls_from(VERA);
            assert_eq!(told, Some(Instruction::Ring { poll: 1 }), "known numbers ring");
        }
    }
}

#[test]
fn callers_of_priority_go_before_others_and_after_those_whose_agent_was_lost() {
    let mut scene = Scene::new(Strategy::RoundRobin, 2).times(waiting(300));
    let contact = scene.knows(VERA, None, 2);
    let (lost, _) = scene.calls_from("+431");
    scene.takes(lost);
    let (other, _) = scene.calls_from("+433");
    scene.takes(other);
    let (plain, _) = scene.calls_from("+432");
    let (first, _) = scene.calls_from(VERA);
    let (second, _) = scene.calls_from(VERA);
    assert_eq!(scene.in_line(), [first, second, plain]);
    let reasons = scene.reasons_of(first, Action::Wait);
    assert_eq!(reasons, [Reason::AllBusy, Reason::CallerFirst { contact, priority: 2 }]);
    scene.restarts();
    assert_eq!(scene.in_line(), [first, second, plain], "a restart changes no place");
    scene.happens(Event::ConnectionOver {
        call: lost,
        attempt: 1,
        talked: true,
        caller_is_there: true,
        cause: ConnectionFailure::Failed,
    });
    assert_eq!(scene.in_line(), [lost, first, second, plain]);
    scene.happens(Event::MediaChanged { agent: scene.agents[0], registered: true, microphone: true });
    assert_eq!(scene.rung_for(), [lost]);
    scene.happens(Event::CallerHungUp { call: lost });
    assert_eq!(scene.rung_for(), [first]);
    scene.happens(Event::CallerHungUp { call: first });
    scene.happens(Event::CallerHungUp { call: second });
    assert_eq!(scene.rung_for(), [plain]);
}

impl Scene {
    /// The first agent who is rung takes the call, and talks.
    fn takes(&mut self, call: CallId) {
        let offer = self.call(call).offers[0];
        self.happens(Event::OfferAccepted { agent: offer.agent, offer: offer.id });
        self.happens(Event::LegAnswered { call, attempt: self.call(call).attempt });
    }

    fn in_line(&self) -> Vec<CallId> {
        self.board.line.iter().map(|(.., id)| *id).collect()
    }

    /// The calls that the first agent is rung for.
    fn rung_for(&self) -> Vec<CallId> {
        self.board.offers_to(self.agents[0]).into_iter().map(|(call, _)| call.id).collect()
    }
}

#[test]
fn a_ringing_agent_sees_callers_of_priority_first() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    scene.knows(VERA, None, 1);
    scene.knows(UWE, None, 5);
    let calls = ["+431", VERA, UWE].map(|from| scene.calls_from(from).0);
    assert_eq!(scene.rung_for(), [calls[2], calls[1], calls[0]]);
}

#[test]
fn a_caller_who_is_gone_at_once_closes_their_ticket_and_one_who_waited_was_missed() {
    for (seconds, ms, closes) in
        [(5, 4_999, true), (5, 5_000, false), (0, 0, false), (30, 20_000, true), (30, 24_000, true)]
    {
        let mut scene = Scene::new(Strategy::Simultaneous, 1)
            .times(OwnTimes { short_abandon_seconds: Some(seconds), ..OwnTimes::default() });
        let (id, _) = scene.calls_from(VERA);
        scene.pass(ms);
        scene.happens(Event::CallerHungUp { call: id });
        assert_eq!(scene.outcome(id), Some(Outcome::Abandoned));
        assert_eq!(scene.closed(scene.rows[&id].ticket), closes, "{seconds} s, gone after {ms} ms");
        let hung_up = Reason::CallerHungUp { seconds: u32::try_from(ms / 1000).expect("seconds") };
        let mut expected = vec![hung_up];
        expected.extend(closes.then_some(Reason::GoneAtOnce { seconds }));
        assert_eq!(scene.reasons_of(id, Action::End), expected);
    }
}

#[test]
fn a_caller_who_is_gone_during_the_greeting_closes_their_ticket_once_it_is_known_that_nothing_was_left() {
    for left in [false, true] {
        let mut scene = Scene::new(Strategy::Simultaneous, 0);
        let (id, _) = scene.calls_from(VERA);
        let ticket = scene.rows[&id].ticket;
        scene.pass(2_000);
        scene.happens(Event::CallerHungUp { call: id });
        assert_eq!(scene.outcome(id), None, "what they may have left is awaited");
        scene.stops_and_starts();
        let recording = Recording { id: "RE1".into(), seconds: 1 };
        if left {
            let (call, sha256) = (id, "0".repeat(64));
            scene.happens(Event::RecordingReady { call, recording: recording.clone() });
            scene.happens(Event::RecordingKept { call, ticket, recording, sha256 });
            assert_eq!(scene.outcome(id), Some(Outcome::Voicemail));
        } else {
            scene.happens(Event::RecordingsFound { call: id, found: Some(vec![]) });
            assert_eq!(scene.outcome(id), Some(Outcome::Abandoned));
        }
        assert_eq!(scene.closed(ticket), !left);
    }
}

#[test]
fn a_call_that_somebody_took_never_closes_its_ticket_by_itself() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let (id, _) = scene.calls_from(VERA);
    let offer = scene.call(id).offers[0];
    scene.happens(Event::OfferAccepted { agent: offer.agent, offer: offer.id });
    scene.happens(Event::CallerHungUp { call: id });
    assert_eq!(scene.outcome(id), Some(Outcome::Abandoned));
    assert!(!scene.closed(scene.rows[&id].ticket));
}

#[test]
fn a_caller_who_comes_back_in_time_joins_their_open_ticket() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1).attaches(30);
    let ticket = scene.has_ticket(VERA);
    scene.pass(30 * 60_000);
    let (id, told) = scene.calls_from(VERA);
    assert_eq!((told, scene.rows[&id].ticket), (Some(Instruction::Ring { poll: 1 }), ticket));
    assert_eq!(scene.tickets(), [TicketChange::Join { ticket, call: id, at: scene.now.at }]);
    assert!(scene.reasons_of(id, Action::Ring).contains(&Reason::JoinsTicket { minutes: 30 }));
    scene.takes(id);
    let owner = scene.agents[0];
    assert!(scene.tickets().contains(&TicketChange::Assign { ticket, owner, at: scene.now.at }));
}

#[test]
fn nobody_joins_a_ticket_too_late_of_another_with_a_withheld_number_or_where_it_is_not_wanted() {
    let opens = |mut scene: Scene, from: &str| {
        scene.look();
        let (id, _) = scene.calls_from(from);
        let (ticket, channel, at) = (scene.rows[&id].ticket, scene.channel, scene.now.at);
        assert_eq!(scene.tickets(), [TicketChange::Open { ticket, call: id, channel, at }], "{from}");
    };
    let attaching = || Scene::new(Strategy::Simultaneous, 1).attaches(30);
    let mut late = attaching();
    late.has_ticket(VERA);
    late.pass(30 * 60_000 + 1);
    opens(late, VERA);
    let mut other = attaching();
    other.has_ticket(VERA);
    opens(other, UWE);
    let mut withheld = attaching();
    withheld.has_ticket("anonymous");
    opens(withheld, "anonymous");
    let mut unwanted = Scene::new(Strategy::Simultaneous, 1);
    unwanted.has_ticket(VERA);
    opens(unwanted, VERA);
}

#[test]
fn a_joined_ticket_keeps_its_owner_and_stays_open_whatever_the_call_comes_to_unless_somebody_answers() {
    // Gone at once.
    let mut scene = Scene::new(Strategy::Simultaneous, 1).attaches(30);
    scene.has_ticket(VERA);
    let (id, _) = scene.calls_from(VERA);
    scene.happens(Event::CallerHungUp { call: id });
    assert_eq!(scene.tickets().len(), 1, "{:?}", scene.tickets());
    // A message.
    let mut scene = Scene::new(Strategy::Simultaneous, 0).attaches(30);
    let ticket = scene.has_ticket(VERA);
    let (call, _) = scene.calls_from(VERA);
    let (recording, sha256) = (Recording { id: "RE1".into(), seconds: 3 }, "0".repeat(64));
    scene.happens(Event::RecordingReady { call, recording: recording.clone() });
    scene.happens(Event::RecordingKept { call, ticket, recording, sha256 });
    assert_eq!(scene.outcome(call), Some(Outcome::Voicemail));
    assert_eq!(scene.tickets().len(), 1, "{:?}", scene.tickets());
}

#[test]
fn a_blocked_caller_joins_nothing() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1).attaches(30);
    scene.knows(VERA, Some(Blocked::Busy), 0);
    let ticket = scene.has_ticket(VERA);
    let (id, _) = scene.calls_from(VERA);
    assert_ne!(scene.rows[&id].ticket, ticket);
}

#[test]
fn a_message_that_is_being_kept_takes_the_ticket_from_nobody_who_answered_the_next_call() {
    let mut scene = Scene::new(Strategy::Simultaneous, 0).attaches(30);
    let (first, _) = scene.calls_from(VERA);
    let ticket = scene.rows[&first].ticket;
    scene.joinable.open(ticket, scene.channel, VERA, scene.now.at);
    scene.happens(Event::CallerHungUp { call: first });
    let (second, _) = scene.calls_from(VERA);
    assert_eq!((scene.rows[&second].ticket, scene.rows[&first].shares_ticket), (ticket, true));
    scene.stops_and_starts();
    scene.look();
    let (recording, sha256) = (Recording { id: "RE1".into(), seconds: 3 }, "0".repeat(64));
    scene.happens(Event::RecordingReady { call: first, recording: recording.clone() });
    scene.happens(Event::RecordingKept { call: first, ticket, recording, sha256 });
    assert_eq!(scene.outcome(first), Some(Outcome::Voicemail));
    assert_eq!(scene.tickets(), []);
}

#[test]
fn a_preview_knows_who_calls() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let contact = scene.knows(VERA, None, 4);
    scene.channel().withheld = Withheld::Busy;
    let preview = |scene: &Scene, from: &str| {
        let (people, contacts, channels, load) =
            (&scene.people, &scene.contacts, &scene.channels, &scene.load);
        let (joinable, times, now) = (&scene.joinable, Times::default(), scene.now);
        let facts = Facts { people, contacts, channels, times, load, joinable, now };
        let channel = &channels[&scene.channel];
        let preview = scene.board.preview(channel, facts);
        preview.of_caller(&Caller::from(from.to_owned()), channel, contacts)
    };
    let first = preview(&scene, VERA);
    assert_eq!((first.action, first.ring.len()), (Action::Ring, 1));
    assert_eq!(first.reasons.last(), Some(&Reason::CallerFirst { contact, priority: 4 }));
    let withheld = preview(&scene, "anonymous");
    assert_eq!((withheld.action, withheld.ring.len()), (Action::Reject, 0));
    let table = [
        (Blocked::Busy, Action::Reject),
        (Blocked::Message, Action::Message),
        (Blocked::Voicemail, Action::Unanswered),
    ];
    for (how, action) in table {
        let contact = scene.knows(VERA, Some(how), 4);
        let met = preview(&scene, VERA);
        assert_eq!((met.action, met.ring.len()), (action, 0));
        assert_eq!(met.reasons[0], Reason::CallerBlocked { contact, how });
    }
}

#[test]
fn a_preview_of_a_channel_that_is_not_saved_reaches_whom_it_would_reach() {
    let mut scene = Scene::new(Strategy::Simultaneous, 3);
    let (call, _) = scene.calls_from(VERA);
    scene.happens(Event::CallerHungUp { call });
    let [first, .., last] = scene.agents[..] else { unreachable!("there are three") };
    let mut draft = scene.channels[&scene.channel].clone();
    draft.rule.users = vec![last];
    let (people, contacts, channels, load) = (&scene.people, &scene.contacts, &scene.channels, &scene.load);
    let (joinable, times, now) = (&scene.joinable, Times::default(), scene.now);
    let facts = Facts { people, contacts, channels, times, load, joinable, now };
    assert_eq!(scene.board.preview(&draft, facts).ring, [last]);
    let saved = scene.board.preview(&channels[&scene.channel], facts);
    assert_eq!((saved.ring.len(), saved.ring.contains(&first)), (3, true));
}
