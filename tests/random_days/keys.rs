//! What must hold of agents at ordinary telephones, whose own voicemail must not take a call: they press 1.

use super::{
    Day,
    ledger::{decided, state_of},
};
use strowger::calls::{
    call::Call,
    decision::{Action, Decision, Instruction, Write},
    event::Event,
};
use strowger::routing::reasons::Reason;

pub fn check(day: &Day, event: &Event, decision: &Decision) {
    only_the_key_connects_them(day, event, decision);
    their_leg_is_told(day, event, decision);
    a_lost_answer_releases_them(day, event, decision);
}

/// At an ordinary telephone nothing but the key begins a talk; at any other the key begins none.
fn only_the_key_connects_them(day: &Day, event: &Event, decision: &Decision) {
    for write in &decision.write {
        let Write::Decided(decided) = write else { continue };
        let (Action::Talk, Reason::Connected { agent }) = (decided.action, &decided.reasons[0]) else {
            continue;
        };
        let pressed = matches!(event, Event::KeyPressed { call, .. } if *call == decided.call);
        assert_eq!(day.world.presses_key(*agent), pressed, "{}: {event:?} connected {agent}", day.place());
    }
}

/// Whether this connection, being tried now, is to an agent who presses a key.
fn waits_for_a_key(day: &Day, call: Option<&Call>, attempt: u32) -> bool {
    call.is_some_and(|call| {
        state_of(call) == "connecting"
            && call.attempt == attempt
            && call.agent().is_some_and(|agent| day.world.presses_key(agent))
    })
}

/// Whoever picks up is asked for the key, and whoever presses it is bridged; anybody else is hung up on.
fn their_leg_is_told(day: &Day, event: &Event, decision: &Decision) {
    let (Event::LegPickedUp { call, attempt } | Event::KeyPressed { call, attempt }) = event else { return };
    let place = day.place();
    let waits = waits_for_a_key(day, day.ledger.calls.get(call), *attempt);
    let told = decision.answer.as_ref().map(|answer| &answer.instruction);
    let pressed = matches!(event, Event::KeyPressed { .. });
    let expected = match (waits, pressed) {
        (false, _) => Instruction::HangUp,
        (true, false) => Instruction::AskToPress { attempt: *attempt },
        (true, true) => Instruction::Bridge,
    };
    assert_eq!(told, Some(&expected), "{place}: {event:?}");
    let live = day.board.call(*call);
    let state = live.map(state_of);
    match (waits, pressed) {
        (true, true) => assert_eq!(state, Some("talking"), "{place}: bridged and not talking"),
        (true, false) => assert_eq!(state, Some("connecting"), "{place}: picked up, and no more"),
        _ => {}
    }
}

/// The answer to the key never got there, so that they were hung up on: the caller goes back to the others, and what
/// the agent seemed to have answered they have not.
fn a_lost_answer_releases_them(day: &Day, event: &Event, decision: &Decision) {
    let Event::KeyLost { call: id, attempt } = event else { return };
    let place = day.place();
    let before = day.ledger.calls.get(id);
    let agent =
        before.filter(|call| state_of(call) == "talking" && call.attempt == *attempt).and_then(Call::agent);
    let Some(agent) = agent.filter(|agent| day.world.presses_key(*agent)) else {
        return assert!(decision.write.is_empty(), "{place}: {event:?} did {:?}", decision.write);
    };
    let after = day.board.call(*id).expect("the caller is still there");
    let back = decided(decision, after).any(|(action, reason)| {
        action == Action::RingAgain
            && matches!(reason, Reason::ConnectionFailed { agent: failed, .. } if *failed == agent)
    });
    assert!(back, "{place}: {event:?} did {:?}", decision.write);
    assert_ne!(after.agent(), Some(agent), "{place}: they were hung up on");
    let earlier = day.ledger.lives[id].talkers.split_last().map(|(_, earlier)| earlier).unwrap_or_default();
    assert_eq!(after.answered_by, earlier.first().copied(), "{place}: who answered first");
}
