//! What must always hold: of each decision, before it is booked, and of the switchboard after it.

use super::{
    Day,
    ledger::{Life, decided},
    world::Stand,
};
use std::collections::{BTreeSet, HashMap};
use strowger::calls::{
    agents::{Occupation, Socket},
    call::{Call, Cause, Delivery, Offer, State},
    decision::{Action, Answer, Decision, Instruction, Job, OfferRow, Say, Write},
    event::{CutIn, Event},
    time::Steady,
};
use strowger::routing::{
    availability::ByHand,
    distribution::Strategy,
    ids::{CallId, OfferId, UserId},
    load::TicketType,
    reasons::Reason,
};

/// How long a sign of the cut-in is awaited.
const SIGN_MS: i64 = 2_000;

pub fn decision(day: &Day, event: &Event, decision: &Decision) {
    let place = day.place();
    if let Some(id) = event.call()
        && !day.ledger.calls.contains_key(&id)
    {
        late_events_change_nothing(event, decision, &place);
    }
    every_question_is_answered(event, decision, &place);
    offers_are_told(decision, &place);
    one_accept_wins(day, event, decision);
    for (id, before, after) in changes(day, decision) {
        let (was, is) = (before.map_or("", Call::state_name), after.state_name());
        let fine = was == is || may_become(was, is, id, before, event);
        assert!(fine, "{place}: {event:?} made a {was} call {is}");
        jobs_follow(before, after, event, decision, &place);
        wrap_up_follows(day, before, after, decision);
    }
    let made = offers_made(decision);
    for nth in 0..made.len() {
        the_right_one_is_rung(day, decision, &made, nth);
    }
    for write in &decision.write {
        match write {
            Write::Decided(decided) => {
                assert!(!decided.reasons.is_empty(), "{place}: a decision without a reason");
                match decided.action {
                    Action::Unanswered => nobody_was_left(day, decided.call, &decided.reasons, decision),
                    Action::AfterHours => {
                        let arrives = matches!(event, Event::CallArrived(_));
                        assert!(arrives, "{place}: hours are judged once, not at {event:?}");
                    }
                    _ => {}
                }
            }
            Write::Offer(OfferRow { offer, call, ended: Some((cause, _)) }) => {
                offers_end_for_a_reason(day, event, *call, offer, *cause);
                if *cause == Cause::Missed {
                    whoever_misses_is_away(day, offer.agent, decision);
                }
            }
            _ => {}
        }
    }
    if let Event::CallArrived(arrival) = event
        && !day.world.is_open(arrival.channel)
        && let Some((_, None, after)) = changes(day, decision).next()
    {
        assert_eq!(after.state_name(), "voicemail", "{place}: rung after hours");
        assert!(made.is_empty(), "{place}: rung after hours");
    }
    if let Some(Answer { call: Some(id), instruction }) = &decision.answer {
        the_answer_is_right(day, event, *id, instruction, decision);
    }
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
            | Event::ConnectFetched { .. }
            | Event::ConnectionOver { .. }
            | Event::MessageLeft { .. }
            | Event::NothingRecorded { .. }
    );
    assert_eq!(asks, decision.answer.is_some(), "{place}: {event:?} was answered {:?}", decision.answer);
}

/// Every agent hears of every offer that is made to them, and how it ended.
fn offers_are_told(decision: &Decision, place: &str) {
    let mut due: Vec<(OfferId, UserId, &str)> = decision
        .write
        .iter()
        .filter_map(|write| match write {
            Write::Offer(OfferRow { offer, ended: None, .. }) => Some((offer.id, offer.agent, "made")),
            Write::Offer(OfferRow { ended: Some((Cause::Won | Cause::ConnectionFailed, _)), .. }) => None,
            Write::Offer(OfferRow { offer, ended: Some((cause, _)), .. }) => {
                Some((offer.id, offer.agent, cause.name()))
            }
            _ => None,
        })
        .collect();
    let mut told: Vec<(OfferId, UserId, &str)> = decision
        .say
        .iter()
        .filter_map(|say| match say {
            Say::Offered { offer, .. } => Some((offer.id, offer.agent, "made")),
            Say::OfferEnded { agent, offer, cause } => Some((*offer, *agent, cause.name())),
            _ => None,
        })
        .collect();
    // Whoever is being connected hears of the call instead.
    let connecting = |(offer, agent, _): &(OfferId, UserId, &str)| {
        let of_the_call = |say: &Say| matches!(say, Say::Call { agent: told, .. } if told == agent);
        !told.iter().any(|(known, ..)| known == offer) && decision.say.iter().any(of_the_call)
    };
    due.retain(|offer| offer.2 != "caller_hung_up" || !connecting(offer));
    due.sort();
    told.sort();
    assert_eq!(told, due, "{place}: what was told of offers");
}

/// An accept of an open offer wins, and nothing else does. Everybody else who was rung is told who took it.
fn one_accept_wins(day: &Day, event: &Event, decision: &Decision) {
    let place = day.place();
    let ended = |id: OfferId| {
        decision.write.iter().find_map(|write| match write {
            Write::Offer(row) if row.offer.id == id => row.ended.map(|(cause, _)| cause),
            _ => None,
        })
    };
    let open = |offer: OfferId, agent: UserId| {
        let seen = day.ledger.offers.get(&offer);
        seen.filter(|seen| seen.causes.is_empty() && seen.offer.agent == agent)
    };
    let won = decision.write.iter().filter(
        |write| matches!(write, Write::Offer(row) if row.ended.is_some_and(|(cause, _)| cause == Cause::Won)),
    );
    let won = won.count();
    match event {
        Event::OfferDeclined { agent, offer } if open(*offer, *agent).is_some() => {
            assert_eq!(ended(*offer), Some(Cause::Declined), "{place}");
        }
        Event::OfferAccepted { agent, offer } => {
            let Some(seen) = open(*offer, *agent) else {
                return assert_eq!(won, 0, "{place}: an accept of an offer that is over won");
            };
            assert_eq!((won, ended(*offer)), (1, Some(Cause::Won)), "{place}: an open offer was accepted");
            let call = day.board.call(seen.call).expect("a call that is taken is live");
            assert_eq!((call.state_name(), call.agent()), ("connecting", Some(*agent)), "{place}");
            let others =
                day.ledger.offers.iter().filter(|(id, other)| **id != *offer && other.causes.is_empty());
            for (id, other) in others {
                if other.call == seen.call {
                    assert_eq!(ended(*id), Some(Cause::Taken { by: *agent }), "{place}: a lost race");
                } else if other.offer.agent == *agent {
                    assert_eq!(ended(*id), Some(Cause::Withdrawn), "{place}: the winner's other offers");
                }
            }
            return;
        }
        _ => {}
    }
    assert_eq!(won, 0, "{place}: {event:?} won");
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
fn may_become(was: &str, is: &str, id: CallId, before: Option<&Call>, event: &Event) -> bool {
    use Event::*;
    let about = event.call() == Some(id);
    let current = before.map(|call| call.attempt);
    let agent_of = before.and_then(Call::agent);
    match (was, is) {
        ("", "ended") => matches!(event, CallMissed(_)),
        ("", _) => matches!(event, CallArrived(_) | MessageFound { .. }),
        ("ringing", "connecting") => matches!(event, OfferAccepted { .. }),
        ("ringing" | "waiting", "ringing" | "waiting" | "voicemail") => true,
        ("connecting", "talking") => match event {
            LegAnswered { attempt, .. }
            | LegHungUp { attempt, .. }
            | LegFound { attempt, up: Some(true), .. } => about && current == Some(*attempt),
            _ => false,
        },
        ("connecting", "ringing" | "waiting" | "voicemail") => match event {
            LegEnded { attempt, .. }
            | LegFound { attempt, up: Some(false), .. }
            | ConnectionOver { attempt, caller_is_there: true, .. } => about && current == Some(*attempt),
            AgentHungUp { agent, .. } => about && agent_of == Some(*agent),
            _ => false,
        },
        ("talking", "ringing" | "waiting" | "voicemail") => match event {
            ConnectionOver { attempt, caller_is_there: true, .. } => about && current == Some(*attempt),
            CallerFound { there: Some(true), .. } => about,
            _ => false,
        },
        (_, "ended") => match event {
            CallerHungUp { .. }
            | CallerFound { there: Some(false), .. }
            | CutInDone { result: CutIn::CallerGone, .. }
            | ConnectionOver { caller_is_there: false, .. } => about,
            // An agent on an ordinary telephone ends a call by hanging up.
            ConnectionOver { attempt, .. } => {
                about && matches!(was, "connecting" | "talking") && current == Some(*attempt)
            }
            CallerFound { there: Some(true), .. } => about && was == "talking",
            AgentHungUp { agent, .. } => about && was == "talking" && agent_of == Some(*agent),
            RecordingKept { .. }
            | RecordingAbsent { .. }
            | RecordingReady { .. }
            | RecordingsFound { .. }
            | RecordingLost { .. } => about && was == "voicemail",
            _ => false,
        },
        _ => false,
    }
}

/// We hang up only for the agent, cut in once for each connection, and ask before we give a leg up.
fn jobs_follow(before: Option<&Call>, after: &Call, event: &Event, decision: &Decision, place: &str) {
    let was = before.map_or("", Call::state_name);
    let hang_ups =
        decision.later.iter().filter(|job| matches!(job, Job::HangUp { call, .. } if *call == after.id));
    let agent_ends_it = was == "talking" && matches!(event, Event::AgentHungUp { .. });
    assert_eq!(hang_ups.count(), usize::from(agent_ends_it), "{place}: we hang up on {event:?}");
    let cut_ins =
        decision.later.iter().filter(|job| matches!(job, Job::CutIn { call, .. } if *call == after.id));
    let begins = was != "connecting" && after.state_name() == "connecting";
    let unsure = before.is_some_and(|call| match &call.state {
        State::Connecting(connection) => matches!(connection.delivery, Delivery::Unknown { .. }),
        _ => false,
    });
    let cut_ins = cut_ins.count();
    assert!(cut_ins == usize::from(begins) || (unsure && cut_ins == 1), "{place}: {cut_ins} cut-ins");
    if let (Some(State::Connecting(old)), State::Connecting(new)) =
        (before.map(|call| &call.state), &after.state)
        && before.is_some_and(|call| call.attempt == after.attempt)
        && old.deadline != new.deadline
    {
        let asked =
            decision.say.iter().any(|say| matches!(say, Say::FindLeg { call, .. } if *call == after.id));
        assert!(asked, "{place}: the leg was not asked for");
    }
}

/// Whoever talked may have some writing to do; whoever did not has not, and is free.
fn wrap_up_follows(day: &Day, before: Option<&Call>, after: &Call, decision: &Decision) {
    let Some(agent) = before.and_then(Call::agent).filter(|_| after.agent().is_none()) else { return };
    let talked = before.is_some_and(|call| call.state_name() == "talking")
        || decided(decision, after).any(|(action, _)| action == Action::Talk);
    let ms = if talked && after.is_over() { day.world.wrap_up_ms(after.channel) } else { 0 };
    let expected = match ms {
        0 => Occupation::Free,
        ms => Occupation::WrappingUp { until: day.world.now.steady.plus_ms(ms) },
    };
    let agent = day.board.known_agent(agent).expect("an agent who had a call is known");
    assert_eq!(agent.occupation, expected, "{}: after {after:?}", day.place());
}

fn offers_made(decision: &Decision) -> Vec<(CallId, Offer)> {
    let made = decision.write.iter().filter_map(|write| match write {
        Write::Offer(OfferRow { offer, call, ended: None }) => Some((*call, *offer)),
        _ => None,
    });
    made.collect()
}

/// Who declined the call or could not be connected to it, up to and with this decision.
fn out(life: Option<&Life>, call: CallId, decision: &Decision) -> BTreeSet<UserId> {
    let mut out = life.map(|life| life.out.clone()).unwrap_or_default();
    out.extend(decision.write.iter().filter_map(|write| match write {
        Write::Offer(row) if row.call == call => match row.ended {
            Some((Cause::Declined | Cause::ConnectionFailed, _)) => Some(row.offer.agent),
            _ => None,
        },
        _ => None,
    }));
    out
}

/// An agent is rung who can take the call and has not declined it, for as long as they may be rung; under a
/// one-at-a-time strategy it is their turn, and no earlier caller could have had them.
fn the_right_one_is_rung(day: &Day, decision: &Decision, made: &[(CallId, Offer)], nth: usize) {
    let place = day.place();
    let (id, offer) = made[nth];
    let call = day.board.call(id).expect("a call that is offered is live");
    let life = day.ledger.lives.get(&id);
    let out = out(life, id, decision);
    let State::Ringing { until } = call.state else {
        panic!("{place}: a {} call is offered", call.state_name())
    };
    let agent = offer.agent;
    assert!(day.world.routed(call.channel).contains(&agent), "{place}: {agent} is not in the rule");
    assert_eq!(day.stand(agent, &out), Stand::Rung, "{place}: {agent} is rung for {id}");
    if !day.world.rings_one_at_a_time(call.channel) {
        assert_eq!(offer.until, until, "{place}: how long {agent} is rung");
        return;
    }
    assert_eq!(
        offer.until,
        until.min(day.world.now.steady.plus_ms(15_000)),
        "{place}: how long {agent} is rung"
    );

    // Whoever was not rung by then.
    let later: Vec<OfferId> = made[nth..].iter().map(|(_, offer)| offer.id).collect();
    let could = |user: UserId, out: &BTreeSet<UserId>| {
        let agent = day.board.known_agent(user);
        matches!(day.stand(user, out), Stand::Free | Stand::Rung)
            && agent.is_some_and(|agent| agent.offers.iter().all(|open| later.contains(open)))
    };
    let routed = day.world.routed(call.channel);
    let rung = |user: &UserId| life.and_then(|life| life.rung.get(user)).copied().unwrap_or(0);
    let mut candidates: Vec<UserId> = routed.iter().copied().filter(|user| could(*user, &out)).collect();
    let least = candidates.iter().map(rung).min();
    candidates.retain(|user| Some(rung(user)) == least);
    let position = |user: &UserId| routed.iter().position(|known| known == user);
    let load = |user: &UserId| day.world.load.of(*user, TicketType::Calling);
    let idle_since = |user: &UserId| day.board.known_agent(*user).and_then(|agent| agent.idle_since);
    let strategy = day.world.channels[&call.channel].rule.strategy;
    let first = match strategy {
        Strategy::LoadBalanced => candidates.iter().min_by_key(|user| {
            let assigned = day.ledger.last_assigned.get(*user);
            (load(user), assigned, position(user))
        }),
        Strategy::LongestIdle => candidates.iter().min_by_key(|user| (idle_since(user), position(user))),
        Strategy::RoundRobin => {
            let last = day.ledger.turns_before(call.channel, &made[..nth], &routed, |call| {
                day.board.call(call).map(|call| call.channel)
            });
            let next = last.map_or(0, |(user, stood)| position(&user).map_or(stood, |at| at + 1));
            candidates.iter().min_by_key(|user| (position(user) < Some(next), position(user)))
        }
        Strategy::Random | Strategy::Simultaneous => candidates.iter().find(|user| **user == agent),
    };
    assert_eq!(first, Some(&agent), "{place}: whose turn is it ({strategy:?}) among {candidates:?}?");

    let mine = life.map(Life::place);
    for other in day.board.calls().filter(|other| other.is_in_line() && other.offers.is_empty()) {
        let Some(before) = day.ledger.lives.get(&other.id) else { continue };
        let earlier = mine.is_none_or(|mine| before.place() < mine);
        if other.id == id || !earlier || !day.world.rings_one_at_a_time(other.channel) {
            continue;
        }
        let reached = day.world.routed(other.channel).contains(&agent);
        let could_have = reached && could(agent, &self::out(Some(before), other.id, decision));
        assert!(!could_have, "{place}: {agent} is rung for {id} before {}", other.id);
    }
}

/// Every way for an offer to end has its own occasion.
fn offers_end_for_a_reason(day: &Day, event: &Event, id: CallId, offer: &Offer, cause: Cause) {
    let place = day.place();
    let seen = &day.ledger.offers[&offer.id];
    let call = day.board.call(id);
    let agent = day.board.known_agent(offer.agent).expect("an agent who was rung is known");
    let fine = match cause {
        Cause::Won | Cause::Taken { .. } => matches!(event, Event::OfferAccepted { .. }),
        Cause::Declined => matches!(event, Event::OfferDeclined { agent, .. } if *agent == offer.agent),
        Cause::Missed | Cause::Expired => {
            let together =
                day.ledger.offers.values().filter(|other| {
                    other.call == id && other.causes.is_empty() && other.offer.id != offer.id
                });
            day.world.now.steady >= seen.offer.until && (together.count() == 0) == (cause == Cause::Missed)
        }
        Cause::CallerHungUp => call.is_none(),
        Cause::Withdrawn => {
            let away = match &agent.by_hand {
                ByHand::Available => false,
                ByHand::Away { until, .. } => until.is_none_or(|until| until > day.world.now.at),
            };
            agent.occupation != Occupation::Free || away || agent.phone().objection().is_some()
        }
        Cause::ConnectionFailed => call.is_some() && seen.causes == [Cause::Won],
    };
    assert!(fine, "{place}: {event:?} ended an offer of {id} to {} as {cause:?}", offer.agent);
}

/// After three misses in a row an agent is away, unless they are the last one of one of their channels.
fn whoever_misses_is_away(day: &Day, id: UserId, decision: &Decision) {
    let place = day.place();
    let agent = day.board.known_agent(id).expect("an agent who was rung is known");
    let missed_now = decision.write.iter().filter(|write| match write {
        Write::Offer(row) => {
            row.offer.agent == id && row.ended.is_some_and(|(cause, _)| cause == Cause::Missed)
        }
        _ => false,
    });
    let misses = day.ledger.misses.get(&id).copied().unwrap_or(0) as usize + missed_now.count();
    let others_are_there = day.world.channel_ids.iter().all(|channel| {
        let routed = day.world.routed(*channel);
        let there = |user: &UserId| {
            let stand = day.stand(*user, &BTreeSet::new());
            *user != id && matches!(stand, Stand::Free | Stand::Rung | Stand::Busy)
        };
        !routed.contains(&id) || routed.iter().any(there)
    });
    let set_away = agent.by_hand != ByHand::Available && agent.misses == 0;
    assert_eq!(set_away, misses >= 3 && others_are_there, "{place}: {id} missed {misses}");
    let admin_told =
        decision.say.iter().any(|say| matches!(say, Say::LastAgentMisses { agent, .. } if *agent == id));
    assert_eq!(admin_told, misses >= 3 && !others_are_there, "{place}: {id} missed {misses}");
}

/// A call goes to voicemail: its time is over, or nobody who could take it is left.
fn nobody_was_left(day: &Day, id: CallId, reasons: &[Reason], decision: &Decision) {
    let place = day.place();
    let call = day.board.call(id).expect("it takes a message now");
    let before = day.ledger.calls.get(&id);
    let (life, now) = (day.ledger.lives.get(&id), day.world.now.steady);
    let was = before.map_or("", Call::state_name);
    let lost = decided(decision, call).any(|(_, reason)| matches!(reason, Reason::AgentLost { .. }));
    let (ring_left, wait_left) = match life {
        Some(life) if !lost => life.left(was, now),
        _ => (i64::MAX, day.world.wait_ms(call.channel)),
    };
    let out = out(life, id, decision);
    let routed = day.world.routed(call.channel);
    let stand: Vec<(UserId, Stand)> = routed.iter().map(|user| (*user, day.stand(*user, &out))).collect();
    // Whoever became free in this very moment did so too late.
    let free_before = |user: &UserId| {
        day.restarted_at != Some(now)
            && !decision.write.iter().any(|write| matches!(write, Write::Agent(row) if row.agent == *user))
    };
    match &reasons[0] {
        Reason::StoreWasDown => {}
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
    let now = day.world.now.steady;
    let call = changes(day, decision).find(|(known, ..)| *known == id).map(|(.., call)| call);
    let Some(call) = call.or(day.board.call(id)) else { return };
    let lost = decided(decision, call).any(|(_, reason)| matches!(reason, Reason::AgentLost { .. }));
    let owed = lost || day.ledger.lives.get(&id).is_some_and(|life| life.owed_an_apology);
    let kind = match instruction {
        Instruction::Apologise { .. } => "apologise",
        Instruction::Ring { .. } => "ring",
        Instruction::Wait { .. } => "wait",
        Instruction::Connect(_) => "connect",
        Instruction::HangUp => "hang up",
        _ => "message",
    };
    let fine = match call.state {
        State::Ringing { .. } => kind == if owed { "apologise" } else { "ring" },
        State::Waiting { .. } => kind == if owed { "apologise" } else { "wait" },
        State::Connecting(_) | State::Talking(_) => matches!(kind, "ring" | "connect"),
        State::Voicemail(_) => kind == "message",
        State::Ended { .. } => kind == "hang up",
    };
    assert!(fine, "{place}: a {} call is answered {instruction:?} (apology owed: {owed})", call.state_name());
    if let Instruction::Connect(connect) = instruction {
        assert_eq!((Some(connect.agent), connect.attempt), (call.agent(), call.attempt), "{place}");
        assert_eq!(connect.reach, day.world.people.users[&connect.agent].reach, "{place}");
        assert_eq!(connect.seconds, day.world.leg_seconds(connect.agent), "{place}");
    }
    let Event::Asked { .. } = event else { return };
    let before = day.ledger.calls.get(&id).map(|call| &call.state);
    let Some(State::Connecting(connection)) = before else {
        assert_ne!(kind, "connect", "{place}: connected by a poll");
        return;
    };
    let seen = day.ledger.lives[&id].leg_seen;
    let silent = |since: Steady| !seen && now.ms_since(since) > SIGN_MS;
    let must = match connection.delivery {
        Delivery::NextPoll => true,
        Delivery::CuttingIn { since } => silent(since),
        Delivery::Polled { at } => silent(at),
        Delivery::Unknown { .. } | Delivery::Fetched => false,
    };
    assert_eq!(kind == "connect", must, "{place}: {connection:?} is answered {instruction:?}");
}

pub fn board(day: &Day) {
    let place = day.place();
    let now = day.world.now.steady;
    let mut engaged = HashMap::new();
    for call in day.board.calls() {
        assert!(!call.is_over(), "{place}: an ended call is live");
        is_what_was_written(&day.ledger.calls[&call.id], call, &place);
        if let Some(agent) = call.agent() {
            assert_eq!(engaged.insert(agent, call.id), None, "{place}: {agent} has two calls");
        }
        let ringing = matches!(call.state, State::Ringing { .. });
        assert!(ringing || call.offers.is_empty(), "{place}: a {} call is offered", call.state_name());
        for offer in &call.offers {
            let agent = day.board.known_agent(offer.agent).expect("an agent who is rung is known");
            assert_eq!(agent.occupation, Occupation::Free, "{place}: a busy agent is rung");
            assert!(agent.offers.contains(&offer.id), "{place}: an agent does not know of their offer");
            let twice = call.offers.iter().filter(|other| other.agent == offer.agent).count();
            assert_eq!(twice, 1, "{place}: {} is rung twice for one call", offer.agent);
        }
        if call.is_in_line() {
            everybody_is_rung(day, call);
        }
    }
    assert_eq!(day.board.calls().count(), day.ledger.calls.len(), "{place}: live calls");
    for (id, agent) in day.board.agents() {
        let busy_with = match agent.occupation {
            Occupation::Connecting(call) | Occupation::Talking(call) => Some(call),
            _ => None,
        };
        assert_eq!(busy_with, engaged.get(&id).copied(), "{place}: {id} thinks otherwise of their call");
        let known = day.board.offers_to(id);
        assert_eq!(known.len(), agent.offers.len(), "{place}: a call does not know of an offer");
        if let Some(row) = day.ledger.agents.get(&id) {
            let same = row.by_hand == agent.by_hand
                && row.misses == agent.misses
                && row.idle_since == agent.idle_since
                && row.connected == (agent.socket != Socket::Gone);
            assert!(same, "{place}: {agent:?} was written as {row:?}");
            let misses = day.ledger.misses.get(&id).copied().unwrap_or(0);
            assert_eq!(agent.misses, misses, "{place}: misses of {id}");
        }
    }
    if let Some(first) = first_deadline(day) {
        assert!(first > now, "{place}: something due was left");
        assert!(day.board.next_deadline().is_some_and(|next| next <= first), "{place}: nobody wakes in time");
    }
}

/// All but the time of the next look at the caller, which a restart may forget.
fn is_what_was_written(row: &Call, call: &Call, place: &str) {
    let same = row.state == call.state
        && row.offers == call.offers
        && row.excluded == call.excluded
        && row.rung == call.rung
        && (row.attempt, row.in_front, row.apology_due) == (call.attempt, call.in_front, call.apology_due)
        && (row.ring_left_ms, row.wait_left_ms) == (call.ring_left_ms, call.wait_left_ms)
        && (row.answered_by, row.ticket) == (call.answered_by, call.ticket);
    assert!(same, "{place}: written {row:#?}\nbut is {call:#?}");
}

/// As long as a call is in line, everybody who is free is rung for it; one at a time, somebody is, or everybody who is
/// free is rung for another. It waits only for somebody who is busy.
fn everybody_is_rung(day: &Day, call: &Call) {
    let place = day.place();
    let one_at_a_time = day.world.rings_one_at_a_time(call.channel);
    assert!(!one_at_a_time || call.offers.len() <= 1, "{place}: two are rung one at a time");
    if one_at_a_time && !call.offers.is_empty() {
        return;
    }
    let out = &day.ledger.lives[&call.id].out;
    let mut stands = vec![];
    for user in day.world.routed(call.channel) {
        let stand = day.stand(user, out);
        let rung = call.offer_to(user).is_some();
        let could = stand == Stand::Free || (stand == Stand::Rung && !one_at_a_time);
        assert!(rung || !could, "{place}: {user} is free and not rung for {}", call.id);
        stands.push(stand);
    }
    match call.state {
        State::Waiting { .. } => {
            let busy = stands.iter().any(|stand| matches!(stand, Stand::Busy | Stand::BusyAndFull));
            assert!(busy, "{place}: {} waits for nobody: {stands:?}", call.id);
            assert!(!stands.contains(&Stand::Rung), "{place}: {} waits for somebody who is rung", call.id);
        }
        _ if call.offers.is_empty() => {
            assert!(stands.contains(&Stand::Rung), "{place}: {} rings nobody: {stands:?}", call.id);
        }
        _ => {}
    }
}

/// The earliest moment at which something is to be done, by the state of calls and agents.
fn first_deadline(day: &Day) -> Option<Steady> {
    let mut all: Vec<Steady> = vec![];
    for call in day.board.calls() {
        all.push(call.check_at);
        all.extend(call.offers.iter().map(|offer| offer.until));
        match &call.state {
            State::Ringing { until } | State::Waiting { until } => all.push(*until),
            State::Connecting(connection) => {
                all.push(connection.deadline);
                if let Delivery::Unknown { retry_at } = connection.delivery {
                    all.push(retry_at);
                }
            }
            State::Talking(talk) => all.extend(talk.leg_over_until),
            State::Voicemail(voicemail) => all.extend(voicemail.look_at),
            State::Ended { .. } => {}
        }
    }
    for (_, agent) in day.board.agents() {
        if let Socket::Lost { gone_at } = agent.socket {
            all.push(gone_at);
        }
        if let Occupation::WrappingUp { until } = agent.occupation {
            all.push(until);
        }
        if let ByHand::Away { until: Some(until), .. } = agent.by_hand
            && until > day.world.now.at
        {
            let ms = (until - day.world.now.at).num_milliseconds();
            all.push(day.world.now.steady.plus_ms(ms));
        }
    }
    all.into_iter().min()
}
