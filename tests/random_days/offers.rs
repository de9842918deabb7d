//! What must hold of offers: who is rung, for how long, who wins, how each ends.

use super::{
    Day,
    ledger::Life,
    world::{Stand, TIMES},
};
use chrono::TimeDelta;
use std::collections::BTreeSet;
use strowger::calls::{
    agents::Occupation,
    call::{Cause, Offer, State},
    decision::{Decision, OfferRow, Say, Write},
    event::Event,
};
use strowger::routing::{
    availability::ByHand,
    distribution::Strategy,
    ids::{CallId, OfferId, UserId},
    load::TicketType,
};

pub fn check(day: &Day, event: &Event, decision: &Decision) {
    they_are_told(day, decision);
    one_accept_wins(day, event, decision);
    let made = made(decision);
    for nth in 0..made.len() {
        the_right_one_is_rung(day, decision, &made, nth);
    }
    for write in &decision.write {
        let Write::Offer(OfferRow { offer, call, ended: Some((cause, _)) }) = write else { continue };
        they_end_for_a_reason(day, event, decision, *call, offer, *cause);
        if *cause == Cause::Missed {
            whoever_misses_is_away(day, offer.agent, decision);
        }
    }
}

/// Every agent hears of every offer that is made to them, and how it ended.
fn they_are_told(day: &Day, decision: &Decision) {
    let place = day.place();
    for say in &decision.say {
        let Say::Offered { offer, expires_at, .. } = say else { continue };
        let rings_ms = offer.until.ms_since(day.world.now.steady);
        assert_eq!(offer.since, day.world.now.steady, "{place}: {say:?}");
        assert_eq!((*expires_at - day.world.now.at).num_milliseconds(), rings_ms, "{place}: {say:?}");
    }
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

fn how_it_ends(decision: &Decision, offer: OfferId) -> Option<Cause> {
    decision.write.iter().find_map(|write| match write {
        Write::Offer(row) if row.offer.id == offer => row.ended.map(|(cause, _)| cause),
        _ => None,
    })
}

/// An accept of an open offer wins, and nothing else does. Everybody else who was rung is told who took it.
fn one_accept_wins(day: &Day, event: &Event, decision: &Decision) {
    let place = day.place();
    let ended = |offer: OfferId| how_it_ends(decision, offer);
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

pub fn made(decision: &Decision) -> Vec<(CallId, Offer)> {
    let made = decision.write.iter().filter_map(|write| match write {
        Write::Offer(OfferRow { offer, call, ended: None }) => Some((*call, *offer)),
        _ => None,
    });
    made.collect()
}

/// Who declined the call or could not be connected to it, up to and with this decision.
pub fn out(life: Option<&Life>, call: CallId, decision: &Decision) -> BTreeSet<UserId> {
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
    let life = day.ledger.lives.get(&id).map(|life| life.after(id, decision, &day.world));
    let life = life.as_ref();
    let out = out(life, id, decision);
    let routed = life.map_or_else(|| day.world.routed(call.channel), |life| life.routed(&day.world));
    let State::Ringing { until } = call.state else {
        panic!("{place}: a {} call is offered", call.state_name())
    };
    let agent = offer.agent;
    assert!(routed.contains(&agent), "{place}: {id} is not for {agent}");
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
                day.board.call(call).filter(|call| call.only.is_none()).map(|call| call.channel)
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
        let before = before.after(other.id, decision, &day.world);
        let reached = before.routed(&day.world).contains(&agent);
        let could_have = reached && could(agent, &self::out(Some(&before), other.id, decision));
        assert!(!could_have, "{place}: {agent} is rung for {id} before {}", other.id);
    }
}

/// Every way for an offer to end has its own occasion.
fn they_end_for_a_reason(
    day: &Day,
    event: &Event,
    decision: &Decision,
    id: CallId,
    offer: &Offer,
    cause: Cause,
) {
    let place = day.place();
    let seen = &day.ledger.offers[&offer.id];
    let call = day.board.call(id);
    let agent = day.board.known_agent(offer.agent).expect("an agent who was rung is known");
    let fine = match cause {
        Cause::Won | Cause::Taken { .. } => matches!(event, Event::OfferAccepted { .. }),
        Cause::Declined => matches!(event, Event::OfferDeclined { agent, .. } if *agent == offer.agent),
        Cause::Missed | Cause::Expired => {
            let mut together =
                day.ledger.offers.values().filter(|other| {
                    other.call == id && other.causes.is_empty() && other.offer.id != offer.id
                });
            // Whoever is withdrawn in this very moment may have been so before.
            let alone =
                together.clone().all(|other| how_it_ends(decision, other.offer.id) == Some(Cause::Withdrawn));
            let long = day.world.now.steady >= seen.offer.since.plus_seconds(TIMES.agent_ring_seconds);
            let fine =
                if cause == Cause::Missed { alone && long } else { !long || together.next().is_some() };
            day.world.now.steady >= seen.offer.until && fine
        }
        Cause::CallerHungUp => call.is_none(),
        Cause::Withdrawn => {
            let away = match &agent.by_hand {
                ByHand::Available => false,
                ByHand::Away { until, .. } => until.is_none_or(|until| until > day.world.now.at),
            };
            let pressed = matches!(event, Event::CallerWantsMessage { call, .. } if *call == id);
            pressed || agent.occupation != Occupation::Free || away || agent.phone().objection().is_some()
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
    let admin_told = decision
        .write
        .iter()
        .any(|write| matches!(write, Write::LastAgentMisses { agent, .. } if *agent == id));
    let now = day.world.now.at;
    let told = day.ledger.agents.get(&id).and_then(|row| row.misses_told_at);
    let told_lately = told.is_some_and(|told| told <= now && now - told < TimeDelta::hours(1));
    assert_eq!(admin_told, misses >= 3 && !others_are_there && !told_lately, "{place}: {id} missed {misses}");
}
