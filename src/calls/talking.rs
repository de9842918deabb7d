//! Caller and agent talk, until one of them hangs up; and every other way in which a call ends.

use super::{
    agents::Occupation,
    call::{Call, Cause, Outcome, State},
    channel::Times,
    connecting::{BEYOND_SECONDS, bring_back, first_poll},
    decision::{Action, Instruction, Job, Refusal, Say, TicketChange, Write},
    line::SILENT_SECONDS,
    switchboard::{Switchboard, Turn},
    time::Steady,
};
use crate::routing::{
    assignment::Selection,
    ids::{CallId, UserId},
    people::Reach,
    reasons::{ConnectionFailure, Reason},
};

/// How often the telephone company is asked about a call of which nothing need be heard for long.
pub(super) const TALK_CHECK_SECONDS: u32 = 300;
/// After a restart: whoever is there has asked how to go on by then; about the others the telephone company is asked.
const LOOK_AFTER_RESTART_SECONDS: u32 = 7;
/// Telephone companies are told to end a connection after four hours. Not all of them listen, so we do it a minute later.
pub(super) const CONNECTION_SECONDS_MAX: u32 = 14_400 + 60;
/// After the agent's leg ended, the caller's side has this long to say so itself.
const LEG_OVER_SECONDS: u32 = 5;

impl Switchboard {
    pub(super) fn caller_hung_up(&mut self, id: CallId, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.note_hang_up(turn);
        let reason = Reason::CallerHungUp { seconds: call.seconds_since_arrival(turn) };
        match call.state {
            State::Voicemail(_) => self.caller_left_voicemail(id, turn),
            State::Connecting(_) => self.connection_abandoned(id, reason, turn),
            _ => self.end(id, Outcome::Abandoned, reason, turn),
        }
    }

    /// The caller's side says that the bridge is over, and asks how to go on if the caller is still there.
    pub(super) fn connection_over(
        &mut self,
        id: CallId,
        attempt: u32,
        talked: bool,
        caller_is_there: bool,
        cause: ConnectionFailure,
        turn: &mut Turn<'_>,
    ) {
        let Some(call) = self.calls.get(&id) else { return turn.answer(None, Instruction::HangUp) };
        turn.ask(id, first_poll(attempt));
        if call.attempt == attempt {
            match (&call.state, talked) {
                (State::Dialling(_), _) => self.dial_over(id, talked, caller_is_there, cause, turn),
                // It came up and was let through, and yet nobody heard anybody.
                (State::Talking(talk), false) if talk.device.is_some() && caller_is_there => {
                    self.never_bridged(id, turn);
                }
                (State::Connecting(connection), true) if !connection.presses_key => {
                    let (agent, hung_up) = (connection.agent, connection.hung_up);
                    self.talk(id, agent, turn);
                    match hung_up && caller_is_there {
                        true => self.hang_up(id, Reason::AgentHungUp { agent }, turn),
                        false => self.talk_over(id, caller_is_there, turn),
                    }
                }
                (State::Connecting(_), _) if caller_is_there => self.connection_failed(id, cause, turn),
                (State::Talking(_), _) => self.talk_over(id, caller_is_there, turn),
                (State::Outside(_), _) if caller_is_there => self.outside_over(id, talked, turn),
                // Their dial was given up before its end was told: now they can be told to dial again.
                (State::Ringing { .. } | State::Waiting { .. }, _) if turn.rings_devices(call.channel) => {
                    turn.unsettle(call);
                }
                _ => {}
            }
        }
        if !caller_is_there {
            self.caller_hung_up(id, turn);
        }
    }

    /// The agent's side ended without a word from the agent, and the caller is still there: the caller is told
    /// sorry and goes to the front of the line. Somebody on an ordinary telephone, or at any device that rang by itself,
    /// ends a call by hanging up.
    pub(super) fn talk_over(&mut self, id: CallId, caller_is_there: bool, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let State::Talking(talk) = &call.state else { return };
        let (agent, at_a_device) = (talk.agent, talk.device.is_some());
        let person = turn.facts.people.users.get(&agent);
        let in_a_softphone =
            person.is_some_and(|user| matches!(user.reach, Reach::Client(_))) && !at_a_device;
        if !caller_is_there || !in_a_softphone {
            return self.end(id, Outcome::Answered, Reason::AgentHungUp { agent }, turn);
        }
        let times = turn.times_of(call.channel);
        call.ring_left_ms = i64::from(times.ring_seconds) * 1000;
        call.wait_left_ms = i64::from(times.wait_seconds) * 1000;
        call.in_front = true;
        call.apology_due = true;
        call.ring_again(turn);
        let call = call.clone();
        self.line.insert(call.place());
        self.agent(agent).reachable = false;
        self.withdraw_offers(agent, turn);
        self.release_agent(agent, 0, turn);
        turn.say(Say::Call { agent, call: id, state: "ended" });
        turn.decide(&call, Action::RingAgain, Selection::default(), vec![Reason::AgentLost { agent }]);
        turn.touch(id);
    }

    /// The agent's leg ended. What the caller's side says next decides; should it say nothing, we ask.
    pub(super) fn talk_leg_over(&mut self, id: CallId, turn: &mut Turn<'_>) {
        let until = turn.now().steady.plus_seconds(LEG_OVER_SECONDS);
        if let Some(call) = self.calls.get_mut(&id)
            && let State::Talking(talk) = &mut call.state
        {
            talk.leg_over_until.get_or_insert(until);
            turn.touch(id);
        }
    }

    pub(super) fn talking_due(&mut self, id: CallId, turn: &mut Turn<'_>) {
        let now = turn.now().steady;
        let Some(call) = self.calls.get_mut(&id) else { return };
        let (provider, provider_call_id) = (call.provider.clone(), call.provider_call_id.clone());
        let State::Talking(talk) = &mut call.state else { return };
        if talk.until <= now {
            return self.hang_up(id, Reason::TimeLimit { seconds: CONNECTION_SECONDS_MAX }, turn);
        }
        if talk.leg_over_until.is_some_and(|until| until <= now) {
            talk.leg_over_until = Some(now.plus_seconds(LEG_OVER_SECONDS));
            turn.touch(id);
            turn.say(Say::FindCaller { call: id, provider, provider_call_id });
        }
    }

    /// The telephone company was asked whether the caller is still there.
    pub(super) fn caller_found(&mut self, id: CallId, there: Option<bool>, turn: &mut Turn<'_>) {
        match there {
            Some(false) => self.caller_hung_up(id, turn),
            Some(true) => self.caller_is_there(id, turn),
            None => {}
        }
    }

    fn caller_is_there(&mut self, id: CallId, turn: &mut Turn<'_>) {
        let now = turn.now().steady;
        let Some(call) = self.calls.get_mut(&id) else { return };
        turn.time_call(id);
        call.check_at = now.plus_seconds(TALK_CHECK_SECONDS);
        match &call.state {
            State::Talking(talk) if talk.leg_over_until.is_some() => {
                turn.later(bring_back(call, turn));
                self.talk_over(id, true, turn);
            }
            State::Outside(_) => self.send_outside_again(id, turn),
            // Who was not answered yet can't be brought back; the end of what they do brings them.
            State::Dialling(_) | State::Ringing { .. } | State::Voicemail(_) if !call.is_answered => {
                call.check_at = now.plus_seconds(SILENT_SECONDS);
            }
            // They should have asked how to go on, but did not: their last request was lost.
            State::Ringing { .. } | State::Waiting { .. } => {
                call.check_at = now.plus_seconds(SILENT_SECONDS);
                turn.later(bring_back(call, turn));
            }
            State::Voicemail(voicemail) if voicemail.awaits_greeting() => {
                call.check_at = now.plus_seconds(SILENT_SECONDS);
                turn.later(bring_back(call, turn));
            }
            _ => {}
        }
    }

    /// An agent presses the red button.
    pub(super) fn agent_hung_up(&mut self, agent: UserId, id: CallId, turn: &mut Turn<'_>) {
        let call = self.calls.get(&id).filter(|call| call.agent() == Some(agent));
        let Some(call) = call else {
            return turn.say(Say::Refused { agent, refusal: Refusal::UnknownCall });
        };
        if let State::Connecting(_) = call.state {
            return self.connecting_agent_hung_up(id, turn);
        }
        self.hang_up(id, Reason::AgentHungUp { agent }, turn);
    }

    /// Ends a connection from our side.
    pub(super) fn hang_up(&mut self, id: CallId, reason: Reason, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get(&id) else { return };
        let (provider, provider_call_id) = (call.provider.clone(), call.provider_call_id.clone());
        turn.later(Job::HangUp { call: id, provider, provider_call_id });
        self.end(id, Outcome::Answered, reason, turn);
    }

    /// Every end of a call comes through here: offers end, the agent is released, nothing brings it back.
    pub(super) fn end(&mut self, id: CallId, outcome: Outcome, reason: Reason, turn: &mut Turn<'_>) {
        self.end_offers(id, Cause::CallerHungUp, turn);
        let Some(call) = self.calls.get_mut(&id).filter(|call| !call.is_over()) else { return };
        let place = call.place();
        let agent = call.agent();
        let talked = matches!(call.state, State::Talking(_));
        let answered = call.answered_by.is_some() && outcome == Outcome::Abandoned;
        let outcome = if answered { Outcome::Answered } else { outcome };
        call.state = State::Ended { outcome, at: turn.now().at };
        let call = call.clone();
        self.line.remove(&place);
        let closes = call.closes_ticket(outcome, &reason, turn);
        if closes.is_some() {
            turn.write(Write::Ticket(TicketChange::Close { ticket: call.ticket, at: turn.now().at }));
        }
        turn.decide(&call, Action::End, Selection::default(), [reason].into_iter().chain(closes).collect());
        turn.touch(id);
        if let Some(agent) = agent {
            let wrap_up_seconds = if talked { turn.times_of(call.channel).wrap_up_seconds } else { 0 };
            self.release_agent(agent, wrap_up_seconds, turn);
            turn.say(Say::Call { agent, call: id, state: "ended" });
        }
    }
}

impl Call {
    pub(super) fn occupation(&self) -> Occupation {
        match self.state {
            State::Connecting(_) => Occupation::Connecting(self.id),
            State::Talking(_) => Occupation::Talking(self.id),
            _ => Occupation::Free,
        }
    }

    /// After a restart: no deadline lies further ahead than it could have been set, and the caller is looked for soon.
    pub(super) fn clamp_deadlines(&mut self, now: Steady, times: Times) {
        let clamp = |deadline: &mut Steady, seconds: u32| {
            *deadline = (*deadline).clamp(now, now.plus_seconds(seconds));
        };
        let ring = times.ring_seconds.max(10);
        match &mut self.state {
            State::Ringing { until } => clamp(until, ring),
            State::Dialling(dialling) => {
                clamp(&mut dialling.until, ring);
                clamp(&mut dialling.ring_until, ring);
                clamp(&mut dialling.deadline, ring + BEYOND_SECONDS);
            }
            State::Waiting { until } => clamp(until, times.wait_seconds),
            State::Connecting(connection) => connection.resume(now, times.connect_seconds.max(20) + 10),
            State::Talking(talk) => {
                talk.leg_over_until.iter_mut().for_each(|until| clamp(until, LEG_OVER_SECONDS));
                clamp(&mut talk.until, CONNECTION_SECONDS_MAX);
            }
            State::Voicemail(voicemail) => {
                voicemail.look_at.iter_mut().for_each(|at| clamp(at, super::voicemail::LOOK_SOON_SECONDS));
            }
            State::Outside(outside) => clamp(&mut outside.until, CONNECTION_SECONDS_MAX),
            State::Ended { .. } => {}
        }
        self.offers.iter_mut().for_each(|offer| clamp(&mut offer.until, ring));
        self.arrived = self.arrived.min(now);
        clamp(&mut self.check_at, LOOK_AFTER_RESTART_SECONDS);
    }
}
