//! From an agent's accept until their leg is up, or is known not to come up. A missing report never ends this:
//! before a deadline acts, the telephone company is asked.

use super::{
    agents::Occupation,
    call::{Call, Cause, Connection, Delivery, Leg, Message, Offer, Outcome, State, Talk},
    channel::Slot,
    decision::{Action, Clip, Connect, Instruction, Job, OfferRow, Say, TicketChange, Write},
    devices::dial_document,
    event::CutIn,
    line::{SILENT_WAITING_SECONDS, SILENT_WITH_WORDS_SECONDS},
    switchboard::{Switchboard, Turn},
    talking::{CONNECTION_SECONDS_MAX, TALK_CHECK_SECONDS},
    time::Steady,
};
use crate::routing::{
    assignment::Selection,
    eligibility::Objection,
    ids::{CallId, OfferId, UserId},
    people::Reach,
    reasons::{ConnectionFailure, Reason},
};

/// Our own deadline for a leg lies this far beyond the telephone company's.
pub(super) const BEYOND_SECONDS: u32 = 10;
/// How long a sign of the cut-in is awaited before a poll, or a second cut-in, may deliver instead.
const SIGN_MS: i64 = 2_000;
/// Between two questions about a leg of which nothing is heard.
const ASK_AGAIN_SECONDS: u32 = 5;

impl Switchboard {
    /// The first accept wins. The others are told, and are free again.
    pub(super) fn offer_accepted(&mut self, agent: UserId, offer: OfferId, turn: &mut Turn<'_>) {
        let Some(id) = self.open_offer(agent, offer) else { return self.refuse_offer(agent, offer, turn) };
        let won = self.calls.get(&id).and_then(|call| call.offer_to(agent)).copied();
        let won = won.expect("an open offer is one of its call's");
        self.end_offer(offer, Cause::Won, turn);
        self.end_offers(id, Cause::Taken { by: agent }, turn);
        self.withdraw_all_offers(agent, turn);
        turn.say(Say::OfferWon { agent, offer, call: id });
        let taker = self.agent(agent);
        taker.occupation = Occupation::Connecting(id);
        taker.misses = 0;
        turn.agent_changed(agent);
        self.connect(id, won, turn);
    }

    fn connect(&mut self, id: CallId, offer: Offer, turn: &mut Turn<'_>) {
        let now = turn.now();
        let agent = offer.agent;
        let Some(call) = self.calls.get_mut(&id) else { return };
        let State::Ringing { until } = call.state else { return };
        let place = call.place();
        call.ring_left_ms = until.ms_since(now.steady);
        call.attempt += 1;
        let leg_seconds = leg_seconds(call, agent, turn);
        let presses_key = is_at_a_telephone(agent, turn);
        call.state = State::Connecting(Connection {
            agent,
            offer,
            deadline: now.steady.plus_seconds(leg_seconds + BEYOND_SECONDS),
            delivery: Delivery::CuttingIn { since: now.steady },
            leg: None,
            presses_key,
            hung_up: false,
        });
        call.check_at = now.steady.plus_seconds(TALK_CHECK_SECONDS);
        let call = call.clone();
        self.line.remove(&place);
        turn.later(cut_in(&call));
        turn.say(Say::Call { agent, call: id, state: "connecting" });
        let reason = Reason::TakenBy { agent, seconds: call.seconds_since_arrival(turn) };
        turn.decide(&call, Action::Connect, Selection::default(), vec![reason]);
        turn.touch(id);
    }

    /// After a restart: a cut-in that was under way may still have to be made.
    pub fn awaits_cut_in(&self, id: CallId, attempt: u32) -> bool {
        let Some(call) = self.calls.get(&id).filter(|call| call.attempt == attempt) else { return false };
        match &call.state {
            State::Connecting(connection) => {
                connection.leg.is_none() && matches!(connection.delivery, Delivery::CuttingIn { .. })
            }
            _ => false,
        }
    }

    /// After a restart: whether a caller who was to be brought back may still have to be. One who went on meanwhile,
    /// to another connection or to the greeting, would be torn out of it.
    pub fn awaits_caller_back(&self, id: CallId, poll: u32) -> bool {
        let call = self.calls.get(&id).filter(|call| call.attempt == poll / first_poll(1));
        call.is_some_and(|call| match &call.state {
            State::Ringing { .. } | State::Waiting { .. } => true,
            // Handed on to nobody: they are still bridged, until they are brought to the greeting.
            State::Voicemail(voicemail) => voicemail.message == Message::NotYet && !voicemail.caller_gone,
            _ => false,
        })
    }

    /// What the caller's side is told now. A poll may have to deliver what connects it.
    pub(super) fn answer(&mut self, id: CallId, poll: u32, turn: &mut Turn<'_>) {
        let now = turn.now().steady;
        let Some(call) = self.calls.get_mut(&id) else {
            return turn.answer(Some(id), Instruction::HangUp);
        };
        let poll = poll + 1;
        let rings_devices = turn.rings_devices(call.channel);
        let announces = !call.announced && !rings_devices && call.hears(Slot::BeforeRinging, turn);
        let with_words = call.hears(Slot::WhileWaiting, turn);
        let instruction = match &mut call.state {
            State::Ringing { .. } | State::Waiting { .. } if call.apology_due => {
                call.apology_due = false;
                turn.touch(id);
                Instruction::Apologise { poll }
            }
            State::Ringing { .. } | State::Waiting { .. } if announces => {
                call.announced = true;
                call.check_at = now.plus_seconds(SILENT_WITH_WORDS_SECONDS);
                turn.touch(id);
                let is_waiting = matches!(call.state, State::Waiting { .. });
                Instruction::Announce { poll, clip: if is_waiting { Clip::Music } else { Clip::RingTone } }
            }
            State::Ringing { .. } => Instruction::Ring { poll },
            State::Waiting { .. } => {
                let silent = if with_words { SILENT_WITH_WORDS_SECONDS } else { SILENT_WAITING_SECONDS };
                call.check_at = now.plus_seconds(silent);
                turn.time_call(id);
                Instruction::Wait { poll }
            }
            State::Dialling(dialling) => {
                let dialling = dialling.clone();
                return turn.answer(Some(id), dial_document(call, &dialling, turn));
            }
            State::Connecting(connection) if connection.poll_delivers(now) => {
                connection.delivery = Delivery::Given { at: now };
                turn.touch(id);
                connect_document(call, turn)
            }
            // They ask, so they are not connected: the document got lost.
            State::Outside(outside) if outside.fetched => {
                let (attempt, number, caller_id) = (call.attempt, outside.number.clone(), call.to.clone());
                Instruction::DialOutside { attempt, number, caller_id }
            }
            State::Connecting(_) | State::Talking(_) | State::Outside(_) => Instruction::Ring { poll },
            State::Voicemail(voicemail) => {
                let instruction = voicemail.instruction();
                if !std::mem::replace(&mut voicemail.greeted, true) {
                    call.check_at = now.plus_seconds(TALK_CHECK_SECONDS);
                    turn.touch(id);
                }
                instruction
            }
            State::Ended { .. } => Instruction::HangUp,
        };
        if !call.is_answered {
            call.is_answered = true;
            turn.touch(id);
        }
        turn.answer(Some(id), instruction);
    }

    /// The cut-in took effect. Whatever the caller's side did before, it now does what this answer says.
    pub(super) fn connect_fetched(&mut self, id: CallId, attempt: u32, turn: &mut Turn<'_>) {
        let now = turn.now().steady;
        let Some(call) = self.calls.get_mut(&id) else { return turn.answer(None, Instruction::HangUp) };
        let current = call.attempt == attempt;
        match &mut call.state {
            State::Connecting(connection) if current => {
                connection.delivery = Delivery::Given { at: now };
                let document = connect_document(call, turn);
                turn.answer(Some(id), document);
                turn.touch(id);
            }
            State::Talking(_) if current => {
                let document = connect_document(call, turn);
                turn.answer(Some(id), document);
            }
            _ => self.caller_asks(id, first_poll(attempt), turn),
        }
    }

    /// An answer never reached the caller's side. Was it the one that connects, the next poll brings it again.
    pub(super) fn answer_lost(&mut self, id: CallId, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        if let State::Outside(outside) = &mut call.state {
            outside.fetched = false;
            call.check_at = turn.now().steady;
            return turn.touch(id);
        }
        if let State::Connecting(connection) = &mut call.state
            && connection.leg.is_none()
            && matches!(connection.delivery, Delivery::Given { .. })
        {
            connection.delivery = Delivery::NextPoll;
            turn.touch(id);
        }
    }

    pub(super) fn cut_in_done(&mut self, id: CallId, attempt: u32, result: CutIn, turn: &mut Turn<'_>) {
        if result == CutIn::CallerGone && self.calls.contains_key(&id) {
            return self.caller_hung_up(id, turn);
        }
        let now = turn.now().steady;
        let Some(call) = self.calls.get_mut(&id).filter(|call| call.attempt == attempt) else { return };
        let State::Connecting(connection) = &mut call.state else { return };
        let Delivery::CuttingIn { .. } = connection.delivery else { return };
        connection.delivery = match result {
            CutIn::Applied | CutIn::CallerGone => return,
            CutIn::Refused => Delivery::NextPoll,
            CutIn::Unknown => Delivery::Unknown { retry_at: now.plus_ms(SIGN_MS) },
        };
        turn.touch(id);
    }

    pub(super) fn leg_seen(&mut self, id: CallId, attempt: u32, ringing: bool, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get_mut(&id).filter(|call| call.attempt == attempt) else { return };
        let State::Connecting(connection) = &mut call.state else { return };
        if connection.leg == Some(Leg::Ringing) {
            return;
        }
        connection.leg = Some(if ringing { Leg::Ringing } else { Leg::Started });
        if !matches!(connection.delivery, Delivery::Given { .. }) {
            connection.delivery = Delivery::Seen;
        }
        turn.touch(id);
    }

    /// The leg is up. If it was given up before, the caller has been brought back and the leg ends by that.
    pub(super) fn leg_answered(&mut self, id: CallId, attempt: u32, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get(&id).filter(|call| call.attempt == attempt) else { return };
        if let State::Connecting(connection) = &call.state
            && !connection.presses_key
        {
            let (agent, hung_up) = (connection.agent, connection.hung_up);
            self.talk(id, agent, turn);
            if hung_up {
                self.hang_up(id, Reason::AgentHungUp { agent }, turn);
            }
        }
    }

    /// Somebody, or something, picked up an ordinary telephone: their own voicemail must not take the call.
    pub(super) fn leg_picked_up(&mut self, id: CallId, attempt: u32, turn: &mut Turn<'_>) {
        self.leg_seen(id, attempt, true, turn);
        let instruction = match self.presses_key(id, attempt) {
            true => Instruction::AskToPress { attempt },
            false => Instruction::HangUp,
        };
        turn.answer(self.calls.contains_key(&id).then_some(id), instruction);
    }

    /// It is the agent. With our answer they are bridged.
    pub(super) fn key_pressed(&mut self, id: CallId, attempt: u32, turn: &mut Turn<'_>) {
        if !self.presses_key(id, attempt) {
            return turn.answer(self.calls.contains_key(&id).then_some(id), Instruction::HangUp);
        }
        if let Some(agent) = self.calls.get(&id).and_then(Call::agent) {
            self.talk(id, agent, turn);
        }
        turn.answer(Some(id), Instruction::Bridge);
    }

    /// The answer that would have bridged them never got there: their telephone was hung up on, and the caller waits.
    pub(super) fn key_lost(&mut self, id: CallId, attempt: u32, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get_mut(&id).filter(|call| call.attempt == attempt) else { return };
        if let State::Talking(talk) = &call.state
            && is_at_a_telephone(talk.agent, turn)
        {
            self.never_bridged(id, turn);
        }
    }

    /// Who was taken to talk never did, and the caller is still there: back to ringing the others.
    pub(super) fn never_bridged(&mut self, id: CallId, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let State::Talking(talk) = &call.state else { return };
        let (agent, cause) = (talk.agent, ConnectionFailure::TimedOut);
        if talk.is_first {
            call.answered_by = None;
        }
        call.excluded.insert(agent, Objection::ConnectionFailed);
        call.ring_again(turn);
        let call = call.clone();
        self.line.insert(call.place());
        let reason = Reason::ConnectionFailed { agent, cause };
        turn.decide(&call, Action::RingAgain, Selection::default(), vec![reason]);
        turn.touch(id);
        give_ticket_back(&call, turn);
        turn.say(Say::Call { agent, call: id, state: "ended" });
        self.release_agent(agent, 0, turn);
    }

    /// Whether this connection waits for a key.
    fn presses_key(&self, id: CallId, attempt: u32) -> bool {
        let call = self.calls.get(&id).filter(|call| call.attempt == attempt);
        call.is_some_and(
            |call| matches!(&call.state, State::Connecting(connection) if connection.presses_key),
        )
    }

    pub(super) fn talk(&mut self, id: CallId, agent: UserId, turn: &mut Turn<'_>) {
        let now = turn.now();
        let Some(call) = self.calls.get_mut(&id) else { return };
        let is_first = call.answered_by.is_none();
        let until = now.steady.plus_seconds(CONNECTION_SECONDS_MAX);
        call.state = State::Talking(Talk {
            agent,
            since: now.at,
            leg_over_until: None,
            is_first,
            until,
            device: None,
        });
        call.check_at = now.steady.plus_seconds(TALK_CHECK_SECONDS);
        call.answered_by.get_or_insert(agent);
        call.only = None;
        let call = call.clone();
        self.agent(agent).occupation = Occupation::Talking(id);
        turn.agent_changed(agent);
        turn.touch(id);
        turn.write(Write::Ticket(TicketChange::Assign { ticket: call.ticket, owner: agent, at: now.at }));
        turn.say(Say::Call { agent, call: id, state: "talking" });
        turn.say(Say::Ticket { agent, ticket: call.ticket, call: id });
        turn.decide(&call, Action::Talk, Selection::default(), vec![Reason::Connected { agent }]);
    }

    pub(super) fn leg_ended(
        &mut self,
        id: CallId,
        attempt: u32,
        cause: ConnectionFailure,
        turn: &mut Turn<'_>,
    ) {
        let Some(call) = self.calls.get(&id).filter(|call| call.attempt == attempt) else { return };
        match call.state {
            State::Connecting(_) => self.connection_failed(id, cause, turn),
            State::Talking(_) => self.talk_leg_over(id, turn),
            _ => {}
        }
    }

    /// That it came up may not have been told yet: reports overtake each other.
    pub(super) fn leg_hung_up(&mut self, id: CallId, attempt: u32, turn: &mut Turn<'_>) {
        self.leg_answered(id, attempt, turn);
        self.leg_ended(id, attempt, ConnectionFailure::Cancelled, turn);
    }

    pub(super) fn connecting_due(&mut self, id: CallId, turn: &mut Turn<'_>) {
        let now = turn.now().steady;
        let Some(call) = self.calls.get_mut(&id) else { return };
        let again = cut_in(call);
        let (attempt, provider, provider_call_id) =
            (call.attempt, call.provider.clone(), call.provider_call_id.clone());
        let State::Connecting(connection) = &mut call.state else { return };
        if let Delivery::Unknown { retry_at } = connection.delivery
            && retry_at <= now
        {
            connection.delivery = Delivery::CuttingIn { since: now };
            turn.later(again);
            turn.touch(id);
        }
        if connection.deadline <= now {
            connection.deadline = now.plus_seconds(ASK_AGAIN_SECONDS);
            let surely = connection.hung_up;
            turn.say(Say::FindLeg { call: id, attempt, provider, provider_call_id, surely });
            turn.touch(id);
        }
    }

    /// The agent presses the red button, and nothing was heard of a leg that is up. Reports may be late or lost, so where
    /// the leg could be up the telephone company is asked: then the button ends the call, as it does in a talk. Else, and
    /// where nobody knows, it only gives the call back.
    pub(super) fn connecting_agent_hung_up(&mut self, id: CallId, turn: &mut Turn<'_>) {
        let now = turn.now().steady;
        let Some(call) = self.calls.get_mut(&id) else { return };
        let attempt = call.attempt;
        let (provider, provider_call_id) = (call.provider.clone(), call.provider_call_id.clone());
        let State::Connecting(connection) = &mut call.state else { return };
        if connection.hung_up {
            return;
        }
        let fetched = matches!(connection.delivery, Delivery::Given { .. } | Delivery::Seen);
        if connection.presses_key || !(fetched || connection.leg.is_some()) {
            return self.call_given_back(id, turn);
        }
        connection.hung_up = true;
        connection.deadline = now.plus_seconds(ASK_AGAIN_SECONDS);
        turn.say(Say::FindLeg { call: id, attempt, provider, provider_call_id, surely: true });
        turn.touch(id);
    }

    fn call_given_back(&mut self, id: CallId, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get(&id) else { return };
        turn.later(bring_back(call, turn));
        self.connection_failed(id, ConnectionFailure::Cancelled, turn);
    }

    pub(super) fn leg_found(&mut self, id: CallId, attempt: u32, up: Option<bool>, turn: &mut Turn<'_>) {
        let call = self.calls.get(&id).filter(|call| call.attempt == attempt);
        let hung_up = call
            .is_some_and(|call| matches!(&call.state, State::Connecting(connection) if connection.hung_up));
        match up {
            Some(true) => self.leg_answered(id, attempt, turn),
            Some(false) | None if hung_up => self.call_given_back(id, turn),
            Some(false) => self.leg_not_there(id, attempt, turn),
            None => {}
        }
    }

    /// The telephone company knows of no leg that is up. The caller may be in the midst of our document, or of a
    /// dial that is about to be over: bring them back to where they ask.
    fn leg_not_there(&mut self, id: CallId, attempt: u32, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get(&id).filter(|call| call.attempt == attempt) else { return };
        let State::Connecting(_) = &call.state else { return };
        turn.later(bring_back(call, turn));
        self.connection_failed(id, ConnectionFailure::TimedOut, turn);
    }

    /// Back to ringing the rest, in the same place, without that agent.
    pub(super) fn connection_failed(&mut self, id: CallId, cause: ConnectionFailure, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let State::Connecting(connection) = call.state.clone() else { return };
        let agent = connection.agent;
        call.excluded.insert(agent, Objection::ConnectionFailed);
        call.ring_again(turn);
        let call = call.clone();
        self.line.insert(call.place());
        turn.decide(
            &call,
            Action::RingAgain,
            Selection::default(),
            vec![Reason::ConnectionFailed { agent, cause }],
        );
        turn.touch(id);
        turn.write(won_offer_over(&call, &connection, Cause::ConnectionFailed, turn));
        turn.say(Say::Call { agent, call: id, state: "ended" });
        let never_rang = connection.leg != Some(Leg::Ringing);
        if cause == ConnectionFailure::Failed || (cause == ConnectionFailure::NoAnswer && never_rang) {
            self.agent(agent).reachable = false;
            self.withdraw_offers(agent, turn);
        }
        self.release_agent(agent, 0, turn);
    }

    /// The caller is gone before the leg came up.
    pub(super) fn connection_abandoned(&mut self, id: CallId, reason: Reason, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get(&id) else { return };
        if let State::Connecting(connection) = &call.state {
            turn.write(won_offer_over(call, connection, Cause::CallerHungUp, turn));
        }
        self.end(id, Outcome::Abandoned, reason, turn);
    }
}

impl Connection {
    /// After a restart. A cut-in that was under way is made again, so polls leave it to that for now.
    pub(super) fn resume(&mut self, now: Steady, seconds_at_most: u32) {
        self.deadline = self.deadline.clamp(now, now.plus_seconds(seconds_at_most));
        if let Delivery::CuttingIn { since } = &mut self.delivery {
            *since = now;
        }
    }

    /// Whether a poll has to deliver the connect document: the cut-in did not, and won't. The caller's side asks, so
    /// it is not connected; was the cut-in or an earlier answer lost on its way, no sign of it came for a while.
    fn poll_delivers(&self, now: Steady) -> bool {
        let silent_since = |at: Steady| self.leg.is_none() && now.ms_since(at) > SIGN_MS;
        match self.delivery {
            Delivery::NextPoll => true,
            Delivery::CuttingIn { since } => silent_since(since),
            Delivery::Given { at } => silent_since(at),
            Delivery::Unknown { .. } | Delivery::Seen => false,
        }
    }
}

/// Polls after the n-th connection count from here, so that no two requests of a call look alike.
pub(super) fn first_poll(attempt: u32) -> u32 {
    attempt.saturating_mul(100_000)
}

/// A poll that was not asked yet: at an address that was answered before, the caller's side would hear the old answer
/// again. Two of these lie 20 s apart or belong to different attempts.
pub(super) fn fresh_poll(call: &Call, turn: &Turn<'_>) -> u32 {
    let nth = call.seconds_since_arrival(turn) / 20 % 50;
    first_poll(call.attempt) + 50_000 + nth * 1_000
}

pub(super) fn bring_back(call: &Call, turn: &Turn<'_>) -> Job {
    Job::BringBack {
        call: call.id,
        channel: call.channel,
        provider: call.provider.clone(),
        provider_call_id: call.provider_call_id.clone(),
        poll: fresh_poll(call, turn),
    }
}

fn cut_in(call: &Call) -> Job {
    Job::CutIn {
        call: call.id,
        channel: call.channel,
        provider: call.provider.clone(),
        provider_call_id: call.provider_call_id.clone(),
        attempt: call.attempt,
    }
}

fn is_at_a_telephone(agent: UserId, turn: &Turn<'_>) -> bool {
    turn.facts.people.users.get(&agent).is_some_and(|user| matches!(user.reach, Reach::Number(_)))
}

fn leg_seconds(call: &Call, agent: UserId, turn: &Turn<'_>) -> u32 {
    let times = turn.times_of(call.channel);
    turn.facts.people.users.get(&agent).map_or(times.connect_seconds, |user| times.leg_seconds(&user.reach))
}

fn connect_document(call: &Call, turn: &Turn<'_>) -> Instruction {
    let (Some(agent), State::Connecting(Connection { offer, .. })) = (call.agent(), &call.state) else {
        return Instruction::Ring { poll: first_poll(call.attempt) };
    };
    let Some(user) = turn.facts.people.users.get(&agent) else {
        return Instruction::Ring { poll: first_poll(call.attempt) };
    };
    Instruction::Connect(Connect {
        attempt: call.attempt,
        agent,
        offer: offer.id,
        reach: user.reach.clone(),
        seconds: leg_seconds(call, agent, turn),
        caller_id: call.to.clone(),
    })
}

/// Whoever took the call and never talked owns nothing of it: it is theirs who answered before.
fn give_ticket_back(call: &Call, turn: &mut Turn<'_>) {
    let (ticket, at) = (call.ticket, turn.now().at);
    match call.answered_by {
        Some(owner) => turn.write(Write::Ticket(TicketChange::Assign { ticket, owner, at })),
        None if !call.shares_ticket => turn.write(Write::Ticket(TicketChange::Unassign { ticket })),
        None => {}
    }
}

fn won_offer_over(call: &Call, connection: &Connection, cause: Cause, turn: &Turn<'_>) -> Write {
    Write::Offer(OfferRow { offer: connection.offer, call: call.id, ended: Some((cause, turn.now().at)) })
}

impl Call {
    /// Whether there is something to hear for callers of its number.
    fn hears(&self, slot: Slot, turn: &Turn<'_>) -> bool {
        let channel = turn.facts.channels.get(&self.channel);
        channel.is_some_and(|channel| channel.greetings.get(slot, &self.to).is_some())
    }

    pub(super) fn seconds_since_arrival(&self, turn: &Turn<'_>) -> u32 {
        let seconds = turn.now().steady.ms_since(self.arrived) / 1000;
        u32::try_from(seconds).unwrap_or(0)
    }
}
