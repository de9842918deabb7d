//! What must hold of each decision, before it is booked.

use super::{
    Day, handing_on, keys,
    ledger::{decided, state_of},
    offers::{self, out},
    world::{Stand, priority},
};
use strowger::calls::{
    agents::Occupation,
    call::{Call, Delivery, Outcome, State},
    decision::{Action, Answer, Clip, Decision, Instruction, Job, Say, Write},
    event::{Arrival, CutIn, Event},
    time::Steady,
    transfer::Target,
};
use strowger::routing::{
    ids::{CallId, UserId},
    reasons::{ConnectionFailure, Reason},
};

/// How long a sign of the cut-in is awaited.
const SIGN_MS: i64 = 2_000;

pub fn check(day: &Day, event: &Event, decision: &Decision) {
    let place = day.place();
    if let Some(id) = event.call()
        && !day.ledger.calls.contains_key(&id)
    {
        late_events_change_nothing(event, decision, &place);
    }
    every_question_is_answered(event, decision, &place);
    offers::check(day, event, decision);
    handing_on::check(day, event, decision);
    keys::check(day, event, decision);
    for (id, before, after) in changes(day, decision) {
        let (was, is) = (before.map_or("", state_of), state_of(after));
        let fine = was == is || may_become(day, was, is, id, before, event);
        assert!(fine, "{place}: {event:?} made a {was} call {is}");
        jobs_follow(before, after, event, decision, day);
        agents_are_released(day, before, after, event, decision);
        if let (Some(before), "connecting") = (before, is) {
            connections_begin(day, before, after);
        }
    }
    for write in &decision.write {
        let Write::Decided(decided) = write else { continue };
        assert!(!decided.reasons.is_empty(), "{place}: a decision without a reason");
        match decided.action {
            Action::Unanswered => nobody_was_left(day, event, decided.call, &decided.reasons, decision),
            Action::AfterHours => {
                let arrives = matches!(event, Event::CallArrived(_));
                assert!(arrives, "{place}: hours are judged once, not at {event:?}");
            }
            _ => {}
        }
    }
    if let Event::CallArrived(arrival) = event
        && day.ledger.calls.values().any(|call| call.provider_call_id == arrival.provider_call_id)
    {
        let opened = changes(day, decision).find(|(_, before, _)| before.is_none());
        assert!(opened.is_none(), "{place}: the same caller arrived twice: {opened:?}");
    }
    if let Event::AgentReady { agent } = event {
        let occupation = day.board.known_agent(*agent).map(|agent| agent.occupation);
        let wraps_up = matches!(occupation, Some(Occupation::WrappingUp { .. }));
        assert!(!wraps_up, "{place}: {agent} is ready and wraps up");
    }
    if let Event::CallArrived(arrival) = event
        && let Some((_, None, after)) = changes(day, decision).find(|(_, before, _)| before.is_none())
    {
        met_as_they_are(day, arrival, after, decision);
    }
    if let Some(Answer { call: Some(id), instruction }) = &decision.answer {
        the_answer_is_right(day, event, *id, instruction, decision);
    }
}

/// After hours nobody is rung; blocked callers ring nobody at any time, and those who are turned away leave nothing to do.
fn met_as_they_are(day: &Day, arrival: &Arrival, after: &Call, decision: &Decision) {
    let place = day.place();
    let from = arrival.from.to_string();
    assert_eq!(after.priority, priority(&from), "{place}: {from}");
    let told = decision.answer.as_ref().map(|answer| &answer.instruction);
    let state = state_of(after);
    match day.world.blocked(&from, arrival.channel) {
        Some("busy") => assert_eq!((state, told), ("ended", Some(&Instruction::Reject)), "{place}: {from}"),
        Some("message") => {
            assert_eq!((state, told), ("ended", Some(&Instruction::TurnAway)), "{place}: {from}");
        }
        Some(_) => assert_eq!(state, "voicemail", "{place}: {from} is met as others"),
        None if !day.world.is_open(arrival.channel) => {
            assert_eq!(state, "voicemail", "{place}: rung after hours");
        }
        None => return assert_ne!(state, "ended", "{place}: {from} is turned away"),
    }
    assert!(after.rung.is_empty(), "{place}: agents are rung for {from}");
}

/// Nothing is recorded or begun but that a call or an agent is as they were.
pub fn is_idle(decision: &Decision) -> bool {
    decision.later.is_empty()
        && decision.write.iter().all(|write| matches!(write, Write::Call(_) | Write::Agent(_)))
}

fn late_events_change_nothing(event: &Event, decision: &Decision, place: &str) {
    let hangs_up = decision.answer.as_ref().is_none_or(|answer| answer.instruction == Instruction::HangUp);
    assert!(hangs_up, "{place}: {:?} to {event:?} after the end", decision.answer);
    assert!(decision.later.is_empty(), "{place}: {:?} after the end", decision.later);
    // Only what was said is still kept.
    let kept = matches!(event, Event::RecordingKept { .. });
    assert!(kept || decision.write.is_empty(), "{place}: {event:?} after the end: {:?}", decision.write);
    let live = decision.write.iter().any(|write| matches!(write, Write::Call(_)));
    assert!(!live, "{place}: {event:?} brought a call back");
}

fn every_question_is_answered(event: &Event, decision: &Decision, place: &str) {
    let asks = matches!(
        event,
        Event::CallArrived(_)
            | Event::Asked { .. }
            | Event::CallerWantsMessage { .. }
            | Event::ConnectFetched { .. }
            | Event::OutsideFetched { .. }
            | Event::LegPickedUp { .. }
            | Event::KeyPressed { .. }
            | Event::ConnectionOver { .. }
            | Event::MessageLeft { .. }
            | Event::NothingRecorded { .. }
    );
    assert_eq!(asks, decision.answer.is_some(), "{place}: {event:?} was answered {:?}", decision.answer);
}

/// The calls whose rows this decision changes: as they were and as they are.
fn changes<'a>(
    day: &'a Day,
    decision: &'a Decision,
) -> impl Iterator<Item = (CallId, Option<&'a Call>, &'a Call)> {
    decision.write.iter().filter_map(|write| match write {
        Write::Call(call) => Some((call.id, day.ledger.calls.get(&call.id), call.as_ref())),
        _ => None,
    })
}

/// Which event may do that to a call? Deadlines alone only move calls in line.
fn may_become(day: &Day, was: &str, is: &str, id: CallId, before: Option<&Call>, event: &Event) -> bool {
    use Event::*;
    let about = event.call() == Some(id);
    let current = before.map(|call| call.attempt);
    let agent_of = before.and_then(Call::agent);
    let presses_key = agent_of.is_some_and(|agent| day.world.presses_key(agent));
    let is_gone = before.is_some_and(|call| match &call.state {
        State::Voicemail(voicemail) => voicemail.caller_gone,
        _ => false,
    });
    match (was, is) {
        // Those who are turned away: see `met_as_they_are`.
        ("", "ended") => matches!(event, CallMissed(_) | CallArrived(_)),
        ("", _) => matches!(event, CallArrived(_) | MessageFound { .. }),
        ("ringing", "connecting") => matches!(event, OfferAccepted { .. }),
        ("ringing" | "waiting", "ringing" | "waiting" | "voicemail") => true,
        ("connecting", "talking") => match event {
            LegAnswered { attempt, .. }
            | LegHungUp { attempt, .. }
            | LegFound { attempt, up: Some(true), .. } => about && !presses_key && current == Some(*attempt),
            KeyPressed { attempt, .. } => about && presses_key && current == Some(*attempt),
            _ => false,
        },
        ("connecting", "ringing" | "waiting" | "voicemail") => match event {
            LegEnded { attempt, .. }
            | LegFound { attempt, up: Some(false), .. }
            | ConnectionOver { attempt, caller_is_there: true, .. } => about && current == Some(*attempt),
            // Nobody knows of a leg, and the agent has hung up.
            LegFound { attempt, up: None, .. } => about && hung_up(before) && current == Some(*attempt),
            // Picked up and put down without pressing 1.
            LegHungUp { attempt, .. } => about && presses_key && current == Some(*attempt),
            AgentHungUp { agent, .. } => about && agent_of == Some(*agent),
            _ => false,
        },
        ("talking", "ringing" | "waiting" | "voicemail") => match event {
            ConnectionOver { attempt, caller_is_there: true, .. } => about && current == Some(*attempt),
            CallerFound { there: Some(true), .. } => about,
            KeyLost { attempt, .. } => about && presses_key && current == Some(*attempt),
            Transferred { agent, to: Target::Agent(_) | Target::Team(_), .. } => {
                about && agent_of == Some(*agent)
            }
            _ => false,
        },
        ("talking", "outside") => {
            about
                && matches!(event, Transferred { agent, to: Target::Number(_), .. } if agent_of == Some(*agent))
        }
        ("outside", "voicemail") => match event {
            ConnectionOver { attempt, talked: false, caller_is_there: true, .. } => {
                about && current == Some(*attempt)
            }
            _ => false,
        },
        (_, "ended") => match event {
            CallerHungUp { .. }
            | CallerFound { there: Some(false), .. }
            | CutInDone { result: CutIn::CallerGone, .. }
            | ConnectionOver { caller_is_there: false, .. } => about,
            ConnectionOver { attempt, talked: true, .. } if was == "outside" => {
                about && current == Some(*attempt)
            }
            // An agent on an ordinary telephone ends a call by hanging up.
            ConnectionOver { attempt, .. } => {
                about && matches!(was, "connecting" | "talking") && current == Some(*attempt)
            }
            CallerFound { there: Some(true), .. } => about && was == "talking",
            // The agent hung up before it was known that their leg is up.
            LegAnswered { attempt, .. }
            | LegHungUp { attempt, .. }
            | LegFound { attempt, up: Some(true), .. } => {
                about && hung_up(before) && current == Some(*attempt)
            }
            AgentHungUp { agent, .. } => about && was == "talking" && agent_of == Some(*agent),
            RecordingKept { .. } | RecordingsFound { .. } | RecordingLost { .. } => {
                about && was == "voicemail"
            }
            // Whoever is still there may yet speak.
            RecordingAbsent { .. } | RecordingReady { .. } => about && is_gone,
            _ => before.is_some_and(|call| has_lasted(call, day.world.now.steady)),
        },
        _ => false,
    }
}

/// The agent has hung up, and the telephone company is being asked what that means.
fn hung_up(before: Option<&Call>) -> bool {
    before.is_some_and(|call| matches!(&call.state, State::Connecting(connection) if connection.hung_up))
}

/// The connection is as old as any may become.
fn has_lasted(call: &Call, now: Steady) -> bool {
    match &call.state {
        State::Talking(talk) => talk.until <= now,
        State::Outside(outside) => outside.until <= now,
        _ => false,
    }
}

/// We hang up only for the agent, cut in once for each connection, and ask before we give a leg up.
fn jobs_follow(before: Option<&Call>, after: &Call, event: &Event, decision: &Decision, day: &Day) {
    let place = &day.place();
    let was = before.map_or("", state_of);
    let hang_ups =
        decision.later.iter().filter(|job| matches!(job, Job::HangUp { call, .. } if *call == after.id));
    let agent_ends_it = match event {
        Event::AgentHungUp { .. } => was == "talking",
        Event::LegAnswered { .. }
        | Event::LegHungUp { .. }
        | Event::LegFound { .. }
        | Event::ConnectionOver { caller_is_there: true, .. } => hung_up(before) && after.is_over(),
        _ => false,
    };
    let too_long = before.is_some_and(|call| has_lasted(call, day.world.now.steady)) && after.is_over();
    assert_eq!(hang_ups.count(), usize::from(agent_ends_it || too_long), "{place}: we hang up on {event:?}");
    let cut_ins =
        decision.later.iter().filter(|job| matches!(job, Job::CutIn { call, .. } if *call == after.id));
    let begins = was != "connecting" && state_of(after) == "connecting";
    let delivery = |call: &Call| match &call.state {
        State::Connecting(connection) => Some(connection.delivery),
        _ => None,
    };
    let again = matches!(
        (before.and_then(delivery), delivery(after)),
        (Some(Delivery::Unknown { .. }), Some(Delivery::CuttingIn { .. }))
    );
    assert_eq!(cut_ins.count(), usize::from(begins || again), "{place}: cut-ins on {event:?}");
    let brought =
        decision.later.iter().filter(|job| matches!(job, Job::BringBack { call, .. } if *call == after.id));
    let gives_up = match event {
        Event::LegFound { .. } | Event::AgentHungUp { .. } => was == "connecting" && after.agent().is_none(),
        Event::CallerFound { .. } => was == "talking",
        _ => false,
    };
    if gives_up && event.call() == Some(after.id) && was != state_of(after) && !after.is_over() {
        assert_eq!(brought.count(), 1, "{place}: the caller is not brought back on {event:?}");
    }
    if let (Some(State::Connecting(old)), State::Connecting(new)) =
        (before.map(|call| &call.state), &after.state)
        && before.is_some_and(|call| call.attempt == after.attempt)
        && old.deadline != new.deadline
    {
        let asked =
            decision.say.iter().any(|say| matches!(say, Say::FindLeg { call, .. } if *call == after.id));
        assert!(asked, "{place}: the leg was not asked for");
    }
    if let (Some(State::Talking(old)), State::Talking(new)) = (before.map(|call| &call.state), &after.state) {
        let asked =
            decision.say.iter().any(|say| matches!(say, Say::FindCaller { call, .. } if *call == after.id));
        let ended = matches!(event, Event::LegEnded { .. } | Event::LegHungUp { .. });
        let fine = match (old.leg_over_until, new.leg_over_until) {
            (None, Some(_)) => ended,
            (old, new) => old == new || asked,
        };
        assert!(fine, "{place}: {event:?} moved what is awaited of a leg that is over");
    }
}

/// A connection has a number of its own and a deadline beyond the telephone company's.
fn connections_begin(day: &Day, before: &Call, after: &Call) {
    let State::Connecting(connection) = &after.state else { return };
    if state_of(before) == "connecting" {
        return assert_eq!(before.attempt, after.attempt, "{}", day.place());
    }
    assert_eq!(after.attempt, before.attempt + 1, "{}: the connection's number", day.place());
    let seconds = day.world.leg_seconds(connection.agent) + 10;
    let deadline = day.world.now.steady.plus_seconds(seconds);
    assert_eq!(connection.deadline, deadline, "{}: when the leg is asked for", day.place());
}

/// Whoever talked to the end, or handed the caller on, may have some writing to do; whoever did not has not, and is free. Whose leg could not be reached, or
/// was lost, is not rung until their telephone registers again.
fn agents_are_released(day: &Day, before: Option<&Call>, after: &Call, event: &Event, decision: &Decision) {
    let place = day.place();
    let Some(agent) = before.and_then(Call::agent).filter(|_| after.agent().is_none()) else { return };
    let talked = before.is_some_and(|call| state_of(call) == "talking")
        || decided(decision, after).any(|(action, _)| action == Action::Talk);
    let handed_on = matches!(event, Event::Transferred { call, .. } if *call == after.id);
    let ms = if talked && (after.is_over() || handed_on) { day.world.wrap_up_ms(after.channel) } else { 0 };
    let expected = match ms {
        0 => Occupation::Free,
        ms => Occupation::WrappingUp { until: day.world.now.steady.plus_ms(ms) },
    };
    let lost = decided(decision, after).any(|(_, reason)| matches!(reason, Reason::AgentLost { .. }));
    let rang = day.ledger.lives.get(&after.id).is_some_and(|life| life.connecting.leg_rang);
    let failed = decided(decision, after).any(|(_, reason)| match reason {
        Reason::ConnectionFailed { cause: ConnectionFailure::Failed, .. } => true,
        Reason::ConnectionFailed { cause: ConnectionFailure::NoAnswer, .. } => !rang,
        _ => false,
    });
    let agent = day.board.known_agent(agent).expect("an agent who had a call is known");
    assert_eq!(agent.occupation, expected, "{place}: after {event:?}");
    assert!(!(lost || failed) || !agent.reachable, "{place}: {event:?} leaves the agent reachable");
    assert!(agent.idle_since == Some(day.world.now.at), "{place}: {event:?}");
}

/// A call goes to voicemail: its time is over, or nobody who could take it is left.
fn nobody_was_left(day: &Day, event: &Event, id: CallId, reasons: &[Reason], decision: &Decision) {
    let place = day.place();
    let call = day.board.call(id).expect("it takes a message now");
    let before = day.ledger.calls.get(&id);
    let now = day.world.now.steady;
    let life = day.ledger.lives.get(&id).map(|life| life.after(id, decision, &day.world));
    let was = before.map_or("", state_of);
    let lost = decided(decision, call).any(|(_, reason)| matches!(reason, Reason::AgentLost { .. }));
    let handed_on = matches!(event, Event::Transferred { call, .. } if *call == id);
    let (ring_left, wait_left) = match &life {
        Some(life) if !lost && !handed_on => life.left(was, now),
        _ => (i64::MAX, day.world.wait_ms(call.channel)),
    };
    let out = out(life.as_ref(), id, decision);
    let routed = life.map_or_else(|| day.world.routed(call.channel), |life| life.routed(&day.world));
    let stand: Vec<(UserId, Stand)> = routed.iter().map(|user| (*user, day.stand(*user, &out))).collect();
    // Whoever became free in this very moment did so too late.
    let free_before = |user: &UserId| {
        day.restarted_at != Some(now)
            && !decision.write.iter().any(|write| matches!(write, Write::Agent(row) if row.agent == *user))
    };
    match &reasons[0] {
        Reason::StoreWasDown => {}
        Reason::CallerBlocked { .. } | Reason::NumberWithheld { .. } => {
            let how = day.world.blocked(&call.from.to_string(), call.channel);
            assert_eq!((how, was), (Some("voicemail"), ""), "{place}: {id}");
        }
        // See `handing_on`.
        Reason::OutsideNotReached => assert_eq!(was, "outside", "{place}: {id}"),
        Reason::CallerWantsMessage { .. } => {
            let pressed = matches!(event, Event::CallerWantsMessage { call, .. } if *call == id);
            let in_line = matches!(was, "ringing" | "waiting");
            assert!(pressed && in_line, "{place}: {id} was {was} and did not ask for it: {event:?}");
        }
        Reason::RingTimeOver { .. } => {
            assert_eq!((was, ring_left), ("ringing", 0), "{place}: {id} did not ring to the end");
        }
        Reason::WaitTimeOver { .. } => {
            assert_eq!((was, wait_left), ("waiting", 0), "{place}: {id} did not wait to the end");
            let free = stand.iter().find(|(user, stand)| *stand == Stand::Free && free_before(user));
            assert_eq!(free, None, "{place}: {id} waited for nothing");
        }
        reason => {
            let free = stand.iter().find(|(_, stand)| matches!(stand, Stand::Free | Stand::Rung));
            assert_eq!(free, None, "{place}: {id} went to voicemail: {reason:?}");
            let busy = stand.iter().find(|(_, stand)| *stand == Stand::Busy);
            assert!(busy.is_none() || wait_left <= 0, "{place}: {id} may wait for {busy:?}: {reason:?}");
        }
    }
}

fn the_answer_is_right(day: &Day, event: &Event, id: CallId, instruction: &Instruction, decision: &Decision) {
    let place = day.place();
    // What the agent's leg is told: see `keys`.
    if matches!(event, Event::LegPickedUp { .. } | Event::KeyPressed { .. }) {
        return;
    }
    let now = day.world.now.steady;
    let call = changes(day, decision).find(|(known, ..)| *known == id).map(|(.., call)| call);
    let Some(call) = call.or(day.board.call(id)) else { return };
    let lost = decided(decision, call).any(|(_, reason)| matches!(reason, Reason::AgentLost { .. }));
    let owed = lost || day.ledger.lives.get(&id).is_some_and(|life| life.owed_an_apology);
    let kind = match instruction {
        Instruction::Apologise { .. } => "apologise",
        Instruction::Ring { .. } | Instruction::Announce { clip: Clip::RingTone, .. } => "ring",
        Instruction::Wait { .. } | Instruction::Announce { clip: Clip::Music, .. } => "wait",
        Instruction::Connect(_) => "connect",
        Instruction::DialOutside { .. } => "dial outside",
        Instruction::HangUp => "hang up",
        Instruction::Reject | Instruction::TurnAway => "turn away",
        _ => "message",
    };
    let fine = match call.state {
        State::Ringing { .. } => kind == if owed { "apologise" } else { "ring" },
        State::Waiting { .. } => kind == if owed { "apologise" } else { "wait" },
        State::Connecting(_) | State::Talking(_) => matches!(kind, "ring" | "connect"),
        // Who fetched it and asks again lost it on its way; who did not is still to be sent there.
        State::Outside(_) => {
            let outside = day.ledger.lives.get(&id).and_then(|life| life.outside.as_ref());
            let fetches = matches!(event, Event::OutsideFetched { attempt, .. } if *attempt == call.attempt);
            let fetched = outside.is_some_and(|outside| outside.fetched);
            kind == if fetches || fetched { "dial outside" } else { "ring" }
        }
        // No channel of these days rings devices.
        State::Dialling(_) => false,
        State::Voicemail(_) => kind == "message",
        State::Ended { outcome: Outcome::Rejected, .. } => kind == "turn away",
        State::Ended { .. } => kind == "hang up",
    };
    assert!(fine, "{place}: a {} call is answered {instruction:?} (apology owed: {owed})", state_of(call));
    if let Instruction::Connect(connect) = instruction {
        assert_eq!((Some(connect.agent), connect.attempt), (call.agent(), call.attempt), "{place}");
        assert_eq!(connect.reach, day.world.people.users[&connect.agent].reach, "{place}");
        assert_eq!(connect.seconds, day.world.leg_seconds(connect.agent), "{place}");
    }
    let Event::Asked { .. } = event else { return };
    if day.ledger.calls.get(&id).is_none_or(|call| state_of(call) != "connecting") {
        return assert_ne!(kind, "connect", "{place}: connected by a poll");
    }
    let connecting = day.ledger.lives[&id].connecting;
    let silent = |since: Steady| !connecting.leg_seen && now.ms_since(since) > SIGN_MS;
    let must = match connecting.delivery {
        Delivery::NextPoll => true,
        Delivery::CuttingIn { since } => silent(since),
        Delivery::Given { at } => silent(at),
        Delivery::Unknown { .. } | Delivery::Seen => false,
    };
    assert_eq!(kind == "connect", must, "{place}: {connecting:?} is answered {instruction:?}");
}
