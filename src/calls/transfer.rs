//! An agent hands the caller on without waiting for anybody: to another agent, a team, or a telephone number. One
//! request to the telephone company, and the agent is off the call.

use super::{
    agents::Occupation,
    call::{Outcome, State},
    connecting::{bring_back, first_poll},
    decision::{Action, Instruction, Job, Refusal, Say},
    line::SILENT_SECONDS,
    switchboard::{Switchboard, Turn},
    talking::{CONNECTION_SECONDS_MAX, TALK_CHECK_SECONDS},
    time::Steady,
};
use crate::routing::{
    assignment::Selection,
    ids::{CallId, TeamId, UserId},
    reasons::Reason,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// To whom a caller is handed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Agent(UserId),
    /// Its main members.
    Team(TeamId),
    /// In E.164.
    Number(String),
}

/// A caller who was handed on to a telephone outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outside {
    pub number: String,
    pub since: DateTime<Utc>,
    /// The caller's side fetched the document that dials it.
    pub fetched: bool,
    /// No connection lasts longer.
    #[serde(default = "super::call::at_the_start")]
    pub until: Steady,
}

impl Switchboard {
    pub(super) fn transferred(&mut self, agent: UserId, id: CallId, to: Target, turn: &mut Turn<'_>) {
        let talks = matches!(self.agents.get(&agent).map(|a| a.occupation), Some(Occupation::Talking(call)) if call == id);
        if !talks {
            return turn.say(Say::Refused { agent, refusal: Refusal::UnknownCall });
        }
        match to {
            Target::Agent(other) if other != agent && turn.facts.people.users.contains_key(&other) => {
                let reason = Reason::TransferredToAgent { agent, to: other };
                self.hand_to(id, vec![other], reason, turn);
            }
            Target::Team(team) => {
                let Some(team) = turn.facts.people.teams.get(&team).filter(|team| !team.main.is_empty())
                else {
                    return turn.say(Say::Refused { agent, refusal: Refusal::UnknownTarget });
                };
                let others = team.main.iter().copied().filter(|member| *member != agent).collect();
                let reason = Reason::TransferredToTeam { agent, team: team.id, name: team.name.clone() };
                self.hand_to(id, others, reason, turn);
            }
            Target::Number(number) => self.hand_outside(id, agent, number, turn),
            Target::Agent(_) => turn.say(Say::Refused { agent, refusal: Refusal::UnknownTarget }),
        }
    }

    /// To the front of the line, for these only. Nobody takes it: the unanswered message.
    fn hand_to(&mut self, id: CallId, others: Vec<UserId>, reason: Reason, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let times = turn.times_of(call.channel);
        call.ring_left_ms = i64::from(times.ring_seconds) * 1000;
        call.wait_left_ms = i64::from(times.wait_seconds) * 1000;
        call.in_front = true;
        call.only = Some(others);
        call.excluded.clear();
        call.rung.clear();
        let agent = call.agent();
        call.ring_again(turn);
        let call = call.clone();
        self.line.insert(call.place());
        turn.later(bring_back(&call, turn));
        turn.decide(&call, Action::RingAgain, Selection::default(), vec![reason]);
        self.leave(id, agent, turn);
    }

    fn hand_outside(&mut self, id: CallId, agent: UserId, number: String, turn: &mut Turn<'_>) {
        let now = turn.now();
        let Some(call) = self.calls.get_mut(&id) else { return };
        // What is still said of the agent's leg is of an attempt that is over.
        call.attempt += 1;
        let until = now.steady.plus_seconds(CONNECTION_SECONDS_MAX);
        call.state = State::Outside(Outside { number, since: now.at, fetched: false, until });
        call.check_at = now.steady.plus_seconds(SILENT_SECONDS);
        let call = call.clone();
        turn.later(send_outside(&call));
        turn.decide(&call, Action::Talk, Selection::default(), vec![Reason::TransferredOutside { agent }]);
        self.leave(id, Some(agent), turn);
    }

    fn leave(&mut self, id: CallId, agent: Option<UserId>, turn: &mut Turn<'_>) {
        turn.touch(id);
        let Some(agent) = agent else { return };
        let channel = self.calls.get(&id).map(|call| call.channel);
        let wrap_up_seconds = channel.map_or(0, |channel| turn.times_of(channel).wrap_up_seconds);
        self.release_agent(agent, wrap_up_seconds, turn);
        turn.say(Say::Call { agent, call: id, state: "ended" });
    }

    /// After a restart: whether the caller may still have to be sent to the document that dials outside.
    pub fn awaits_outside(&self, id: CallId, attempt: u32) -> bool {
        let call = self.calls.get(&id).filter(|call| call.attempt == attempt);
        call.is_some_and(|call| matches!(&call.state, State::Outside(outside) if !outside.fetched))
    }

    /// The caller's side asks for the document that dials the number.
    pub(super) fn outside_fetched(&mut self, id: CallId, attempt: u32, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get_mut(&id) else { return turn.answer(None, Instruction::HangUp) };
        let (current, caller_id) = (call.attempt == attempt, call.to.clone());
        match &mut call.state {
            State::Outside(outside) if current => {
                outside.fetched = true;
                let number = outside.number.clone();
                call.check_at = turn.now().steady.plus_seconds(TALK_CHECK_SECONDS);
                turn.touch(id);
                turn.answer(Some(id), Instruction::DialOutside { attempt, number, caller_id });
            }
            _ => self.caller_asks(id, first_poll(attempt), turn),
        }
    }

    pub(super) fn outside_due(&mut self, id: CallId, turn: &mut Turn<'_>) {
        let now = turn.now().steady;
        let call = self.calls.get(&id);
        if call.is_some_and(|call| matches!(&call.state, State::Outside(outside) if outside.until <= now)) {
            self.hang_up(id, Reason::TimeLimit { seconds: CONNECTION_SECONDS_MAX }, turn);
        }
    }

    /// The connection to the number is over. Was there none, the caller may leave a message.
    pub(super) fn outside_over(&mut self, id: CallId, talked: bool, turn: &mut Turn<'_>) {
        if talked {
            self.end(id, Outcome::Answered, Reason::OutsideOver, turn);
        } else {
            let slot = super::channel::Slot::Unanswered;
            self.take_message(id, slot, Selection::default(), Reason::OutsideNotReached, turn);
        }
    }

    /// The caller is there, but never asked for the document: the request was lost.
    pub(super) fn send_outside_again(&mut self, id: CallId, turn: &mut Turn<'_>) {
        if let Some(call) = self.calls.get_mut(&id)
            && matches!(&call.state, State::Outside(outside) if !outside.fetched)
        {
            call.check_at = turn.now().steady.plus_seconds(SILENT_SECONDS);
            turn.later(send_outside(call));
        }
    }
}

fn send_outside(call: &super::call::Call) -> Job {
    Job::SendOutside {
        call: call.id,
        channel: call.channel,
        provider: call.provider.clone(),
        provider_call_id: call.provider_call_id.clone(),
        attempt: call.attempt,
    }
}
