//! What must hold when an agent hands a caller on, to an agent, a team or a number outside, and until that is over.

use super::{
    Day,
    ledger::{decided, state_of},
};
use strowger::calls::{
    call::{Call, State},
    decision::{Answer, Decision, Instruction, Job, Refusal, Say, Write},
    event::Event,
    transfer::Target,
};
use strowger::routing::{
    ids::{CallId, UserId},
    reasons::Reason,
};

pub fn check(day: &Day, event: &Event, decision: &Decision) {
    who_talks_may_hand_on(day, event, decision);
    nothing_else_hands_on(day, event, decision);
    the_number_is_dialled_by_one_request(day, event, decision);
    outside_is_over_when_the_caller_s_side_says_so(day, event, decision);
}

/// To whom the event hands the caller on; or why it does not.
enum HandedOn {
    To(Vec<UserId>),
    Outside(String),
}

fn meant(day: &Day, agent: UserId, call: CallId, to: &Target) -> Result<HandedOn, Refusal> {
    if !talks(day, agent, call) {
        return Err(Refusal::UnknownCall);
    }
    let people = &day.world.people;
    match to {
        Target::Agent(other) if *other == agent || !people.users.contains_key(other) => {
            Err(Refusal::UnknownTarget)
        }
        Target::Agent(other) => Ok(HandedOn::To(vec![*other])),
        Target::Team(team) => match people.teams.get(team) {
            Some(team) if !team.main.is_empty() => {
                Ok(HandedOn::To(team.main.iter().copied().filter(|member| *member != agent).collect()))
            }
            _ => Err(Refusal::UnknownTarget),
        },
        Target::Number(number) => Ok(HandedOn::Outside(number.clone())),
    }
}

fn talks(day: &Day, agent: UserId, call: CallId) -> bool {
    day.ledger.calls.get(&call).is_some_and(|call| state_of(call) == "talking" && call.agent() == Some(agent))
}

/// Only the agent who talks hands the caller on, and only to somebody who is there to be handed on to. Others are told
/// why not, and nothing happens. Whoever handed on is off the call, the caller goes to the front of the line for these
/// alone, and one request to the telephone company fetches the caller from the agent.
fn who_talks_may_hand_on(day: &Day, event: &Event, decision: &Decision) {
    let Event::Transferred { agent, call: id, to } = event else { return };
    let place = day.place();
    let handed_on = match meant(day, *agent, *id, to) {
        Ok(handed_on) => handed_on,
        Err(refusal) => {
            assert_eq!(decision.say, [Say::Refused { agent: *agent, refusal }], "{place}: {event:?}");
            let nothing = decision.write.is_empty() && decision.later.is_empty();
            return assert!(nothing, "{place}: refused, and yet {decision:#?}");
        }
    };
    let told = Say::Call { agent: *agent, call: *id, state: "ended" };
    assert!(decision.say.contains(&told), "{place}: {agent} does not know that they are off the call");
    let call = written(decision, *id).expect("a call that is handed on changes");
    assert_ne!(call.agent(), Some(*agent), "{place}: still theirs");
    let reason = decided(decision, call).map(|(_, reason)| reason).next();
    let fetched =
        |job: &&Job| matches!(job, Job::BringBack { call, .. } | Job::SendOutside { call, .. } if call == id);
    assert_eq!(decision.later.iter().filter(fetched).count(), 1, "{place}: {:?}", decision.later);
    match handed_on {
        HandedOn::To(users) => {
            assert!(call.in_front, "{place}: not in front");
            assert_eq!(call.only.as_deref(), Some(&users[..]), "{place}: for whom it is");
            let named = match (reason, to) {
                (Some(Reason::TransferredToAgent { agent: by, to }), Target::Agent(other)) => {
                    (by, to) == (agent, other)
                }
                (Some(Reason::TransferredToTeam { agent: by, team, .. }), Target::Team(other)) => {
                    (by, team) == (agent, other)
                }
                _ => false,
            };
            assert!(named, "{place}: {event:?} because of {reason:?}");
        }
        HandedOn::Outside(number) => {
            let State::Outside(outside) = &call.state else { panic!("{place}: {call:#?} is not outside") };
            assert_eq!((&outside.number, outside.fetched), (&number, false), "{place}");
            let before = &day.ledger.calls[id];
            assert_eq!(call.attempt, before.attempt + 1, "{place}: the agent's leg may still be heard of");
            let named = matches!(reason, Some(Reason::TransferredOutside { agent: by }) if by == agent);
            assert!(named, "{place}: {event:?} because of {reason:?}");
        }
    }
}

fn nothing_else_hands_on(day: &Day, event: &Event, decision: &Decision) {
    for write in &decision.write {
        let Write::Decided(decided) = write else { continue };
        let handed_on = decided.reasons.iter().any(|reason| {
            matches!(
                reason,
                Reason::TransferredToAgent { .. }
                    | Reason::TransferredToTeam { .. }
                    | Reason::TransferredOutside { .. }
            )
        });
        let by_hand = matches!(event, Event::Transferred { call, .. } if *call == decided.call);
        assert!(!handed_on || by_hand, "{}: {event:?} handed {} on", day.place(), decided.call);
    }
}

/// The caller's side is sent to the document that dials the number when they are handed on, and again only if they
/// turn out to be there without ever having fetched it.
fn the_number_is_dialled_by_one_request(day: &Day, event: &Event, decision: &Decision) {
    let place = day.place();
    let never_fetched = |call: &CallId| {
        let is_outside = day.ledger.calls.get(call).is_some_and(|call| state_of(call) == "outside");
        let life = day.ledger.lives.get(call).filter(|_| is_outside);
        life.and_then(|life| life.outside.as_ref()).is_some_and(|outside| !outside.fetched)
    };
    let expected = match event {
        Event::Transferred { agent, call, to: Target::Number(_) } if talks(day, *agent, *call) => {
            Some((*call, day.ledger.calls[call].attempt + 1))
        }
        Event::CallerFound { call, there: Some(true) } if never_fetched(call) => {
            Some((*call, day.ledger.calls[call].attempt))
        }
        _ => None,
    };
    let sent = decision.later.iter().filter_map(|job| match job {
        Job::SendOutside { call, attempt, .. } => Some((*call, *attempt)),
        _ => None,
    });
    assert_eq!(Vec::from_iter(sent), Vec::from_iter(expected), "{place}: {event:?}");
    if let Some(Answer {
        call: Some(id),
        instruction: Instruction::DialOutside { attempt, number, caller_id },
    }) = &decision.answer
    {
        let outside = day.ledger.lives[id].outside.as_ref().expect("who dials outside was handed on");
        let call = &day.ledger.calls[id];
        assert_eq!((attempt, number), (&call.attempt, &outside.number), "{place}: {event:?}");
        assert_eq!(caller_id, &call.to, "{place}: a number that is not ours is shown");
    }
}

/// Whoever was reached outside has answered the call. Was nobody, the caller may leave a message.
fn outside_is_over_when_the_caller_s_side_says_so(day: &Day, event: &Event, decision: &Decision) {
    let Event::ConnectionOver { call: id, attempt, talked, caller_is_there: true, .. } = event else {
        return;
    };
    let before = day.ledger.calls.get(id).filter(|call| state_of(call) == "outside");
    if before.is_none_or(|call| call.attempt != *attempt) {
        return;
    }
    let place = day.place();
    let after = written(decision, *id).expect("a call that is over outside changes");
    let reason = decided(decision, after).map(|(_, reason)| reason).next();
    let (state, fine) = match talked {
        true => ("ended", matches!(reason, Some(Reason::OutsideOver))),
        false => ("voicemail", matches!(reason, Some(Reason::OutsideNotReached))),
    };
    assert_eq!(state_of(after), state, "{place}: {event:?}");
    assert!(fine, "{place}: {event:?} because of {reason:?}");
}

fn written(decision: &Decision, id: CallId) -> Option<&Call> {
    decision.write.iter().find_map(|write| match write {
        Write::Call(call) if call.id == id => Some(call.as_ref()),
        _ => None,
    })
}
