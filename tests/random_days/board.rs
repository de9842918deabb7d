//! What must hold of the switchboard after each event.

use super::{Day, world::Stand};
use std::collections::HashMap;
use strowger::calls::{
    agents::{Occupation, Socket},
    call::{Call, Delivery, State},
    time::Steady,
};
use strowger::routing::availability::ByHand;

pub fn check(day: &Day) {
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
            let gone = matches!(agent.by_hand, ByHand::Away { until: None, .. });
            let here = !gone && agent.phone().objection().is_none();
            assert!(here, "{place}: {} is rung and not there", offer.agent);
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
                && row.misses_told_at == agent.misses_told_at
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
        && (&row.rung, &row.only) == (&call.rung, &call.only)
        && (row.attempt, row.in_front, row.apology_due) == (call.attempt, call.in_front, call.apology_due)
        && (row.ring_left_ms, row.wait_left_ms) == (call.ring_left_ms, call.wait_left_ms)
        && (row.answered_by, row.ticket) == (call.answered_by, call.ticket)
        && (row.shares_ticket, row.gone_at_once) == (call.shares_ticket, call.gone_at_once)
        && row.priority == call.priority;
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
    let life = &day.ledger.lives[&call.id];
    let mut stands = vec![];
    for user in life.routed(&day.world) {
        let stand = day.stand(user, &life.out);
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
    let now = day.world.now.steady;
    let mut all: Vec<Steady> = vec![];
    for call in day.board.calls() {
        // Whoever was told nothing of a number outside is looked for at once, which is the next thing that happens.
        if !matches!(&call.state, State::Outside(outside) if !outside.fetched) || call.check_at > now {
            all.push(call.check_at);
        }
        all.extend(call.offers.iter().map(|offer| offer.until));
        match &call.state {
            State::Ringing { until } | State::Waiting { until } => all.push(*until),
            State::Connecting(connection) => {
                all.push(connection.deadline);
                if let Delivery::Unknown { retry_at } = connection.delivery {
                    all.push(retry_at);
                }
            }
            // No channel of these days rings devices.
            State::Dialling(_) => panic!("{}: a dial", day.place()),
            State::Talking(talk) => all.extend(talk.leg_over_until.into_iter().chain([talk.until])),
            State::Voicemail(voicemail) => all.extend(voicemail.look_at),
            State::Outside(outside) => all.push(outside.until),
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
