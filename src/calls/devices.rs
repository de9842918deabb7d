//! Channels that ring devices: the caller's side dials the telephones of up to ten agents at once, without answering
//! the caller. Whoever takes it first has it; what a telephone that comes up may do is decided here, before it is
//! bridged. Until the dial is over nobody can be added to it, and the caller can't be redirected.

use super::{
    agents::Occupation,
    call::{Call, Cause, Dialling, Offer, State},
    channel::{Channel, Slot},
    connecting::{BEYOND_SECONDS, bring_back},
    decision::{Action, Device, DialDevices, Instruction, Say},
    line::{Next, RINGS_AGAIN_MS, SILENT_SECONDS, next},
    switchboard::{Switchboard, Turn},
};
use crate::routing::{
    assignment::Selection,
    distribution::Entrant,
    eligibility::Objection,
    ids::{CallId, OfferId, UserId},
    people::{Reach, User},
    reasons::{ConnectionFailure, Reason},
};

/// How many devices one dial can ring.
pub const DEVICES_AT_ONCE: usize = 10;
/// It is not worth ringing for less.
const SHORTEST_DIAL_MS: i64 = 5_000;
/// A device that stops ringing by so much before its time was not let ring to the end.
const EARLY_MS: i64 = 2_000;
/// A device that came up asks for its document within this time.
const ASKS_WITHIN_SECONDS: u32 = 3;
/// Between two questions about a dial of which nothing is heard.
const ASK_AGAIN_SECONDS: u32 = 5;

impl Switchboard {
    /// As `settle`, for a call in line of a channel that rings devices. Only where the caller's side asks can it be
    /// told to dial.
    pub(super) fn settle_devices(&mut self, id: CallId, channel: &Channel, turn: &mut Turn<'_>) {
        // Softphones were rung until the channel was changed. Whoever accepted there now would be connected to nobody.
        self.end_offers(id, Cause::Withdrawn, turn);
        let Some(call) = self.calls.get(&id) else { return };
        let one_at_a_time = channel.rule.strategy.rings_one_at_a_time();
        let mut selection = self.select_for(call, one_at_a_time, usize::MAX, channel, turn.facts);
        self.order_devices(Some(call), channel, &mut selection);
        let chosen = first(channel, &selection);
        match next(&selection, !chosen.is_empty(), call.wait_left(turn) > 0) {
            Next::Ring if turn.is_asked_by(id) => self.dial(id, channel, &chosen, selection, turn),
            Next::Ring => self.fetch_from_line(id, turn),
            Next::Wait => self.wait(id, selection, turn),
            Next::TakeMessage => {
                let reason = nobody_took_it(call, &selection).unwrap_or_else(|| selection.nobody());
                self.take_message(id, Slot::Unanswered, selection, reason, turn);
            }
        }
    }

    /// In the order of the strategy, but those first who were rung least for this call, and of them, where one is rung
    /// at a time, those whose telephone does not ring for another.
    pub(super) fn order_devices(&self, call: Option<&Call>, channel: &Channel, selection: &mut Selection) {
        let one_at_a_time = channel.rule.strategy.rings_one_at_a_time();
        if one_at_a_time {
            let rings = |user| self.agents.get(&user).is_some_and(|agent| !agent.offers.is_empty());
            selection.eligible.sort_by_key(|entrant| rings(entrant.user));
        } else if let Some(call) = call {
            selection.eligible.sort_by_key(|entrant| call.rung.get(&entrant.user).copied());
        }
    }

    /// The caller's side asks: it is told to ring these.
    fn dial(
        &mut self,
        id: CallId,
        channel: &Channel,
        chosen: &[Entrant],
        selection: Selection,
        turn: &mut Turn<'_>,
    ) {
        let now = turn.now().steady;
        let times = turn.times_of(channel.id);
        let arrived = turn.arrived.filter(|(arrived, _)| *arrived == id);
        let Some(call) = self.calls.get_mut(&id) else { return };
        let place = call.place();
        let ring_until = match call.state {
            State::Ringing { until } => until,
            State::Waiting { until } => {
                call.wait_left_ms = until.ms_since(now);
                now.plus_ms(call.ring_left_ms.max(RINGS_AGAIN_MS))
            }
            _ => return,
        };
        let until = match channel.rule.strategy.rings_one_at_a_time() {
            true => ring_until.min(now.plus_seconds(times.agent_ring_seconds)),
            false => ring_until,
        };
        let deadline = until.plus_seconds(BEYOND_SECONDS);
        call.attempt += 1;
        call.check_at = deadline.plus_seconds(SILENT_SECONDS);
        let (alone, picked_up, came_up) = (chosen.len() == 1, None, None);
        call.state = State::Dialling(Dialling { until, ring_until, deadline, alone, picked_up, came_up });
        let call = call.clone();
        self.line.remove(&place);
        let mut reasons = reasons(channel, chosen.len(), &selection);
        reasons.extend(arrived.map(|(_, verdict)| Reason::HoursOpen { rule: verdict.rule }));
        turn.decide(&call, Action::Ring, selection, reasons);
        turn.touch(id);
        for entrant in chosen {
            self.take_turn(id, channel, entrant, turn);
            self.open_an_offer(id, entrant.user, until, true, turn);
        }
    }

    /// Somebody became free for a caller who waits: they are fetched from the music, to where they are told to dial.
    fn fetch_from_line(&mut self, id: CallId, turn: &mut Turn<'_>) {
        let now = turn.now().steady;
        let Some(call) = self.calls.get_mut(&id) else { return };
        let State::Waiting { until } = call.state else { return };
        call.wait_left_ms = until.ms_since(now);
        call.state = State::Ringing { until: now.plus_ms(call.ring_left_ms.max(RINGS_AGAIN_MS)) };
        call.check_at = now.plus_seconds(SILENT_SECONDS);
        turn.later(bring_back(call, turn));
        turn.touch(id);
    }

    /// They ask, so they don't dial: what told them to was lost, and is told again.
    pub(super) fn asks_while_dialling(&mut self, id: CallId, poll: u32, turn: &mut Turn<'_>) {
        turn.ask(id, poll);
        if self.calls.get(&id).is_some_and(|call| call.offers.is_empty()) {
            self.round_over(id, ConnectionFailure::NoAnswer, turn);
        }
    }

    /// A device came up, and asks what to do before it is bridged. Late, or not the first: it is hung up.
    pub(super) fn device_picked_up(&mut self, id: CallId, offer: OfferId, turn: &mut Turn<'_>) {
        if self.talks_by(id, offer) {
            return turn.answer(Some(id), Instruction::Bridge);
        }
        let Some(rung) = self.device_rung(id, offer) else { return self.refuse_device(id, turn) };
        if !asks_for_key(rung.agent, turn) {
            return self.device_takes(id, rung, turn);
        }
        if let Some(dialling) = self.dialling(id) {
            dialling.picked_up = Some(rung.agent);
            turn.touch(id);
        }
        turn.answer(Some(id), Instruction::AskDeviceToPress { offer });
    }

    /// It is the agent.
    pub(super) fn device_pressed(&mut self, id: CallId, offer: OfferId, turn: &mut Turn<'_>) {
        if self.talks_by(id, offer) {
            return turn.answer(Some(id), Instruction::Bridge);
        }
        match self.device_rung(id, offer) {
            Some(rung) => self.device_takes(id, rung, turn),
            None => self.refuse_device(id, turn),
        }
    }

    fn refuse_device(&self, id: CallId, turn: &mut Turn<'_>) {
        turn.answer(self.calls.contains_key(&id).then_some(id), Instruction::HangUp);
    }

    fn device_takes(&mut self, id: CallId, rung: Offer, turn: &mut Turn<'_>) {
        self.takes(id, rung, turn);
        turn.answer(Some(id), Instruction::Bridge);
    }

    /// The first to take it has it. The telephones of the others stop by themselves; should one come up, it is refused.
    fn takes(&mut self, id: CallId, rung: Offer, turn: &mut Turn<'_>) {
        let now = turn.now().steady;
        let agent = rung.agent;
        self.end_offer(rung.id, Cause::Won, turn);
        self.end_offers(id, Cause::Taken { by: agent }, turn);
        self.withdraw_all_offers(agent, turn);
        self.agent(agent).misses = 0;
        let Some(call) = self.calls.get_mut(&id) else { return };
        if let State::Dialling(dialling) = &call.state {
            call.ring_left_ms = dialling.ring_until.ms_since(now);
        }
        call.is_answered = true;
        let seconds = call.seconds_since_arrival(turn);
        let call = call.clone();
        turn.decide(&call, Action::Connect, Selection::default(), vec![Reason::TakenBy { agent, seconds }]);
        self.talk(id, agent, turn);
        if let Some(State::Talking(talk)) = self.calls.get_mut(&id).map(|call| &mut call.state) {
            talk.device = Some(rung.id);
        }
    }

    /// Told of a device that needs no key. What counts is that it asks for its document; where it does not, this is all
    /// that is heard of it.
    pub(super) fn device_answered(&mut self, id: CallId, offer: OfferId, turn: &mut Turn<'_>) {
        let now = turn.now().steady;
        let Some(rung) = self.device_rung(id, offer) else { return };
        if asks_for_key(rung.agent, turn) {
            return;
        }
        if let Some(dialling) = self.dialling(id).filter(|dialling| dialling.came_up.is_none()) {
            dialling.came_up = Some(offer);
            dialling.deadline = dialling.deadline.min(now.plus_seconds(ASKS_WITHIN_SECONDS));
            turn.touch(id);
        }
    }

    /// It was never up. What was called off was called off by the telephone company, for a reason that the caller's
    /// side will tell.
    pub(super) fn device_ended(
        &mut self,
        id: CallId,
        offer: OfferId,
        cause: ConnectionFailure,
        turn: &mut Turn<'_>,
    ) {
        match self.device_rung(id, offer) {
            Some(rung) if cause != ConnectionFailure::Cancelled => self.not_taken(id, rung, cause, turn),
            Some(_) => {}
            None => self.device_over(id, offer, turn),
        }
    }

    /// It was up. Who needs no key was bridged by that, as far as nobody else was.
    pub(super) fn device_hung_up(&mut self, id: CallId, offer: OfferId, turn: &mut Turn<'_>) {
        match self.device_rung(id, offer) {
            Some(rung) if asks_for_key(rung.agent, turn) => {
                self.not_taken(id, rung, ConnectionFailure::Cancelled, turn);
            }
            Some(rung) => {
                self.takes(id, rung, turn);
                self.talk_leg_over(id, turn);
            }
            None => self.device_over(id, offer, turn),
        }
    }

    fn device_over(&mut self, id: CallId, offer: OfferId, turn: &mut Turn<'_>) {
        if self.talks_by(id, offer) {
            self.talk_leg_over(id, turn);
        }
    }

    /// The dial is over, as the caller's side says, and nobody talked whom we know of.
    pub(super) fn dial_over(
        &mut self,
        id: CallId,
        talked: bool,
        caller_is_there: bool,
        cause: ConnectionFailure,
        turn: &mut Turn<'_>,
    ) {
        if let Some(rung) = self.unheard(id).filter(|_| talked) {
            self.takes(id, rung, turn);
            return self.talk_over(id, caller_is_there, turn);
        }
        if caller_is_there {
            self.round_over(id, cause, turn);
        }
    }

    /// Who must have talked, if it was somebody: the one of whom it was told, else the only one.
    fn unheard(&self, id: CallId) -> Option<Offer> {
        let call = self.calls.get(&id)?;
        let State::Dialling(dialling) = &call.state else { return None };
        match (dialling.came_up, call.offers.as_slice()) {
            _ if dialling.picked_up.is_some() => None,
            (Some(offer), offers) => offers.iter().find(|open| open.id == offer).copied(),
            (None, [only]) => Some(*only),
            _ => None,
        }
    }

    /// Back to the line: whoever was not rung yet is, while there is time; or a message is taken.
    fn round_over(&mut self, id: CallId, cause: ConnectionFailure, turn: &mut Turn<'_>) {
        let now = turn.now().steady;
        let Some(call) = self.calls.get(&id) else { return };
        let State::Dialling(dialling) = call.state.clone() else { return };
        let is_early = dialling.until.ms_since(now) > EARLY_MS;
        for rung in call.offers.clone() {
            match dialling.picked_up {
                Some(agent) if agent == rung.agent => {
                    self.not_taken(id, rung, ConnectionFailure::Cancelled, turn);
                }
                // They were cancelled when another telephone was picked up, and may be rung again.
                Some(_) if is_early => self.end_offer(rung.id, Cause::Withdrawn, turn),
                _ if dialling.alone => self.not_taken(id, rung, cause, turn),
                _ => self.not_taken(id, rung, ConnectionFailure::NoAnswer, turn),
            }
        }
        let Some(call) = self.calls.get_mut(&id) else { return };
        let again = if dialling.picked_up.is_some() { RINGS_AGAIN_MS } else { 0 };
        let until = dialling.ring_until.max(now.plus_ms(again));
        call.state = State::Ringing { until };
        call.check_at = now.plus_seconds(SILENT_SECONDS);
        turn.touch(id);
        turn.unsettle(call);
        let place = call.place();
        self.line.insert(place);
        if until.ms_since(now) < SHORTEST_DIAL_MS {
            let seconds = self.calls.get(&id).map_or(0, |call| turn.times_of(call.channel).ring_seconds);
            let selection = self.select_again(id, turn);
            self.take_message(id, Slot::Unanswered, selection, Reason::RingTimeOver { seconds }, turn);
        }
    }

    /// One device was rung in vain. Who was not let ring to the end is not rung again for this call.
    fn not_taken(&mut self, id: CallId, rung: Offer, cause: ConnectionFailure, turn: &mut Turn<'_>) {
        let alone = self.dialling(id).is_some_and(|dialling| dialling.alone);
        let is_early = rung.until.ms_since(turn.now().steady) > EARLY_MS;
        let rang = cause == ConnectionFailure::NoAnswer;
        let missed = rang && alone && self.rang_long_enough(id, rung, turn);
        let ended = match (missed, rang) {
            (true, _) => Cause::Missed,
            (false, true) => Cause::Expired,
            (false, false) => Cause::ConnectionFailed,
        };
        self.end_offer(rung.id, ended, turn);
        turn.line_changed();
        if let Some(call) = self.calls.get_mut(&id).filter(|_| !rang || is_early) {
            call.excluded.insert(rung.agent, Objection::ConnectionFailed);
        }
        if missed {
            self.missed(id, rung, turn);
        }
    }

    /// Nothing was heard of the dial. A missing report ends nothing: before anything is done, it is asked.
    pub(super) fn dialling_due(&mut self, id: CallId, turn: &mut Turn<'_>) {
        let now = turn.now().steady;
        let Some(call) = self.calls.get_mut(&id) else { return };
        let (attempt, provider, provider_call_id) =
            (call.attempt, call.provider.clone(), call.provider_call_id.clone());
        let State::Dialling(dialling) = &mut call.state else { return };
        if dialling.deadline > now {
            return;
        }
        dialling.deadline = now.plus_seconds(ASK_AGAIN_SECONDS);
        let came_up = dialling.came_up;
        turn.touch(id);
        match came_up.and_then(|offer| self.device_rung(id, offer)) {
            Some(rung) => self.takes(id, rung, turn),
            None => turn.say(Say::FindDevices { call: id, attempt, provider, provider_call_id }),
        }
    }

    pub(super) fn devices_found(
        &mut self,
        id: CallId,
        attempt: u32,
        up: Option<Vec<String>>,
        turn: &mut Turn<'_>,
    ) {
        let Some(call) = self.calls.get(&id).filter(|call| call.attempt == attempt) else { return };
        let (State::Dialling(_), Some(up)) = (&call.state, up) else { return };
        let is_up = |offer: &&Offer| {
            let user = turn.facts.people.users.get(&offer.agent);
            user.is_some_and(|user| up.iter().any(|address| is_at(user, address)))
        };
        let found: Vec<Offer> = call.offers.iter().filter(is_up).copied().collect();
        match found.iter().find(|offer| !asks_for_key(offer.agent, turn)) {
            Some(rung) => self.takes(id, *rung, turn),
            // A telephone that is up is being asked for the key.
            None if found.is_empty() => self.round_over(id, ConnectionFailure::NoAnswer, turn),
            None => {}
        }
    }

    fn dialling(&mut self, id: CallId) -> Option<&mut Dialling> {
        match &mut self.calls.get_mut(&id)?.state {
            State::Dialling(dialling) => Some(dialling),
            _ => None,
        }
    }

    /// The offer for which a device rings, as long as its agent may take it.
    fn device_rung(&self, id: CallId, offer: OfferId) -> Option<Offer> {
        let call = self.calls.get(&id).filter(|call| matches!(call.state, State::Dialling(_)))?;
        let rung = call.offers.iter().find(|open| open.id == offer).copied()?;
        let busy = self.agents.get(&rung.agent).is_some_and(|agent| {
            matches!(agent.occupation, Occupation::Connecting(_) | Occupation::Talking(_))
        });
        (!busy).then_some(rung)
    }

    fn talks_by(&self, id: CallId, offer: OfferId) -> bool {
        let talk = self.calls.get(&id).map(|call| &call.state);
        matches!(talk, Some(State::Talking(talk)) if talk.device == Some(offer))
    }
}

/// Of the eligible, whose devices are rung.
pub(super) fn first(channel: &Channel, selection: &Selection) -> Vec<Entrant> {
    let at_most = if channel.rule.strategy.rings_one_at_a_time() { 1 } else { DEVICES_AT_ONCE };
    selection.eligible.iter().take(at_most).cloned().collect()
}

/// The document that dials those to whom the call is offered, for as long as they may still ring.
pub(super) fn dial_document(call: &Call, dialling: &Dialling, turn: &Turn<'_>) -> Instruction {
    let device = |offer: &Offer| {
        let user = turn.facts.people.users.get(&offer.agent)?;
        Some(Device { offer: offer.id, reach: user.reach.clone() })
    };
    let left = dialling.until.ms_since(turn.now().steady).max(1);
    let seconds = u32::try_from((left + 999) / 1000).unwrap_or(1);
    let devices = call.offers.iter().filter_map(device).collect();
    Instruction::DialDevices(DialDevices { attempt: call.attempt, devices, seconds })
}

/// Why these devices are rung.
pub(super) fn reasons(channel: &Channel, rung: usize, selection: &Selection) -> Vec<Reason> {
    let count = |count| u32::try_from(count).unwrap_or(u32::MAX);
    let rings = Reason::RingsDevices { agents: count(rung), of: selection.eligible_count() };
    match channel.rule.strategy.rings_one_at_a_time() {
        true => selection.reason(channel.rule.strategy).into_iter().chain([rings]).collect(),
        false => vec![rings],
    }
}

/// Devices were rung, and nobody is left who is only busy.
fn nobody_took_it(call: &Call, selection: &Selection) -> Option<Reason> {
    let agents = u32::try_from(call.rung.len()).unwrap_or(u32::MAX);
    let busy = selection.anyone_objects(Objection::is_merely_busy);
    (agents > 0 && !busy).then_some(Reason::DevicesNotTaken { agents })
}

fn asks_for_key(agent: UserId, turn: &Turn<'_>) -> bool {
    turn.facts.people.users.get(&agent).is_some_and(|user| matches!(user.reach, Reach::Number(_)))
}

/// Whether a telephone company means this user's device by that address.
fn is_at(user: &User, address: &str) -> bool {
    let plain = |address: &str| address.split([';', '?']).next().unwrap_or_default().to_owned();
    match &user.reach {
        Reach::Client(identity) => address.strip_prefix("client:") == Some(identity),
        Reach::Sip(sip) => plain(address).eq_ignore_ascii_case(&plain(sip)),
        Reach::Number(number) => address == number,
    }
}
