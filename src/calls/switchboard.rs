//! All live calls and what each agent does, in one place and with one owner, so that "one agent, one call",
//! "exactly one winner" and "in order of arrival" need no locks.

use super::{
    agents::{Agent, Brief, Occupation},
    call::{Call, Cause, Offer, Place, State},
    channel::{Channel, Times},
    decision::{Action, AgentRow, Answer, Decided, Decision, Instruction, Job, Refusal, Say, Write},
    event::Event,
    time::{Now, Steady},
    timers::{Timers, Who},
};
use crate::routing::{
    assignment::Selection,
    contacts::Contacts,
    distribution::Cursor,
    hours::Verdict,
    ids::{ById, CallId, ChannelId, Ids, OfferId, UserId},
    joinable::Joinable,
    load::Load,
    people::People,
    reasons::Reason,
    roster::Roster,
    rows::Rows,
};
use std::collections::{BTreeSet, HashMap, VecDeque};

/// What a decision rests on, besides the switchboard's own state.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    pub people: &'a People,
    pub contacts: &'a Contacts,
    pub channels: &'a HashMap<ChannelId, Channel>,
    /// What channels don't set for themselves.
    pub times: Times,
    pub load: &'a Load,
    /// The open tickets that callers may join.
    pub joinable: &'a Joinable,
    pub now: Now,
}

#[derive(Debug)]
pub struct Switchboard {
    pub(super) calls: HashMap<CallId, Call>,
    by_provider: HashMap<(String, String), CallId>,
    /// Ringing and waiting calls, in the order in which they are served.
    pub(super) line: BTreeSet<Place>,
    pub(super) offers: HashMap<OfferId, CallId>,
    past_offers: PastOffers,
    pub(super) agents: ById<UserId, Agent>,
    /// The agents at a glance, for decisions among thousands; of the `changed` ones it is not known.
    pub(super) briefs: Rows<Brief>,
    pub(super) changed: Vec<UserId>,
    /// Whom each channel reaches, until the settings change.
    pub(super) rosters: HashMap<ChannelId, Roster>,
    pub(super) cursors: HashMap<ChannelId, Cursor>,
    timers: Timers,
    /// The minute at which shifts were last looked at.
    minute: i64,
    /// The call whose deadline is being acted on.
    at_work: Option<CallId>,
    pub(super) ids: Ids,
}

/// One event being handled.
pub(super) struct Turn<'a> {
    pub facts: Facts<'a>,
    pub decision: Decision,
    touched_calls: BTreeSet<CallId>,
    timed_calls: BTreeSet<CallId>,
    touched_agents: BTreeSet<UserId>,
    unsettled: BTreeSet<Place>,
    line_changed: bool,
    /// The caller's side that waits for an answer, and its poll.
    asking: Option<(CallId, u32)>,
    /// What the hours said of the call that arrived.
    pub arrived: Option<(CallId, Verdict)>,
    /// What else is to be said with the first decision on the call that arrived.
    remarks: Vec<(CallId, Reason)>,
}

impl Switchboard {
    /// Makes its ids with `ids`; handed in, so that a day can be played again.
    pub fn new(ids: Ids) -> Self {
        Self {
            calls: HashMap::new(),
            by_provider: HashMap::new(),
            line: BTreeSet::new(),
            offers: HashMap::new(),
            past_offers: PastOffers::default(),
            agents: ById::default(),
            briefs: Rows::default(),
            changed: Vec::new(),
            rosters: HashMap::new(),
            cursors: HashMap::new(),
            timers: Timers::default(),
            minute: 0,
            at_work: None,
            ids,
        }
    }

    /// Decides what is to be done about `event`. What is due by now is done first.
    pub fn handle(&mut self, event: Event, facts: Facts<'_>) -> Decision {
        let turn = &mut Turn::new(facts);
        if let Event::SettingsChanged = event {
            self.rosters.clear();
        }
        self.let_time_pass(turn);
        match event {
            Event::CallArrived(arrival) => self.call_arrives(arrival, turn),
            Event::CallMissed(arrival) => self.call_was_missed(arrival, turn),
            Event::MessageFound { arrival, recording } => self.message_found(arrival, recording, turn),
            Event::Asked { call, poll } => self.caller_asks(call, poll, turn),
            Event::CallerWantsMessage { call, poll } => self.caller_wants_message(call, poll, turn),
            Event::AnswerLost { call } => self.answer_lost(call, turn),
            Event::CallerHungUp { call } => self.caller_hung_up(call, turn),

            Event::ConnectFetched { call, attempt } => self.connect_fetched(call, attempt, turn),
            Event::OutsideFetched { call, attempt } => self.outside_fetched(call, attempt, turn),
            Event::LegSeen { call, attempt, ringing } => self.leg_seen(call, attempt, ringing, turn),
            Event::LegAnswered { call, attempt } => self.leg_answered(call, attempt, turn),
            Event::LegPickedUp { call, attempt } => self.leg_picked_up(call, attempt, turn),
            Event::KeyLost { call, attempt } => self.key_lost(call, attempt, turn),
            Event::KeyPressed { call, attempt } => self.key_pressed(call, attempt, turn),
            Event::LegEnded { call, attempt, cause } => self.leg_ended(call, attempt, cause, turn),
            Event::LegHungUp { call, attempt } => self.leg_hung_up(call, attempt, turn),
            Event::LegFound { call, attempt, up } => self.leg_found(call, attempt, up, turn),
            Event::DevicePickedUp { call, offer } => self.device_picked_up(call, offer, turn),
            Event::DevicePressed { call, offer } => self.device_pressed(call, offer, turn),
            Event::DeviceAnswered { call, offer } => self.device_answered(call, offer, turn),
            Event::DeviceEnded { call, offer, cause } => self.device_ended(call, offer, cause, turn),
            Event::DeviceHungUp { call, offer } => self.device_hung_up(call, offer, turn),
            Event::DevicesFound { call, attempt, up } => self.devices_found(call, attempt, up, turn),
            Event::CutInDone { call, attempt, result } => self.cut_in_done(call, attempt, result, turn),
            Event::ConnectionOver { call, attempt, talked, caller_is_there, cause } => {
                self.connection_over(call, attempt, talked, caller_is_there, cause, turn);
            }
            Event::CallerFound { call, there } => self.caller_found(call, there, turn),

            Event::MessageLeft { call, recording } => self.message_left(call, recording, turn),
            Event::NothingRecorded { call, times } => self.nothing_recorded(call, times, turn),
            Event::RecordingReady { call, recording } => self.recording_ready(call, recording, turn),
            Event::RecordingAbsent { call } => self.recording_absent(call, turn),
            Event::RecordingsFound { call, found } => self.recordings_found(call, found, turn),
            Event::RecordingKept { call, ticket, recording, sha256 } => {
                self.recording_kept(call, ticket, recording, sha256, turn);
            }
            Event::RecordingLost { call, recording } => self.recording_lost(call, &recording, turn),

            Event::AgentConnected { agent } => self.agent_connected(agent, turn),
            Event::AgentDisconnected { agent } => self.agent_disconnected(agent, turn),
            Event::MediaChanged { agent, registered, microphone } => {
                self.media_changed(agent, registered, microphone, turn);
            }
            Event::AvailabilitySet { agent, by_hand } => self.availability_set(agent, by_hand, turn),
            Event::OfferAccepted { agent, offer } => self.offer_accepted(agent, offer, turn),
            Event::OfferDeclined { agent, offer } => self.offer_declined(agent, offer, turn),
            Event::AgentHungUp { agent, call } => self.agent_hung_up(agent, call, turn),
            Event::AgentReady { agent } => self.agent_ready(agent, turn),
            Event::Transferred { agent, call, to } => self.transferred(agent, call, to, turn),

            Event::SettingsChanged => turn.line_changed(),
            Event::TimePassed => {}
        }
        self.finish(turn)
    }

    /// When something will be due, if nothing happens before.
    pub fn next_deadline(&self) -> Option<Steady> {
        self.timers.first()
    }

    /// Takes up a call that was live when the daemon stopped. What is left of its deadlines is clamped to what is
    /// configured, as the clock may have been set meanwhile; the telephone company is asked whether it is still there.
    pub fn restore_call(&mut self, mut call: Call, facts: Facts<'_>) {
        self.ids.stay_above(call.id.0);
        let own = facts.channels.get(&call.channel).map(|channel| channel.own_times).unwrap_or_default();
        call.clamp_deadlines(facts.now.steady, facts.times.with(own));
        for offer in &call.offers {
            self.offers.insert(offer.id, call.id);
            self.agent(offer.agent).offers.insert(offer.id);
        }
        if let Some(agent) = call.agent() {
            self.agent(agent).occupation = call.occupation();
        }
        if call.is_in_line() {
            self.line.insert(call.place());
        }
        self.timers.set(Who::Call(call.id), call.deadline());
        self.by_provider.insert((call.provider.clone(), call.provider_call_id.clone()), call.id);
        self.calls.insert(call.id, call);
    }

    /// Takes up what the store remembers of an agent.
    pub fn restore_agent(&mut self, row: AgentRow, now: Now) {
        let who = Who::Agent(row.agent);
        let agent = row.agent;
        let restored = Agent::restore(row, now);
        self.timers.set(who, restored.deadline(now));
        *self.agent(agent) = restored;
    }

    pub fn restore_cursor(&mut self, channel: ChannelId, cursor: Cursor) {
        self.cursors.insert(channel, cursor);
    }

    /// The live call with this id at this telephone company.
    pub fn find(&self, provider: &str, provider_call_id: &str) -> Option<CallId> {
        self.by_provider.get(&(provider.to_owned(), provider_call_id.to_owned())).copied()
    }

    pub fn call(&self, id: CallId) -> Option<&Call> {
        self.calls.get(&id)
    }

    /// After a panic: the call whose deadline broke it, whatever was to be handled. Nothing else goes on until that
    /// call is put aside.
    pub fn broken_by(&self) -> Option<CallId> {
        self.at_work
    }

    /// Every live call, in no order.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.values()
    }

    pub fn known_agent(&self, agent: UserId) -> Option<&Agent> {
        self.agents.get(&agent)
    }

    /// Everybody of whom anything is known, in no order.
    pub fn known_agents(&self) -> impl Iterator<Item = (UserId, &Agent)> {
        self.agents.iter().map(|(id, agent)| (*id, agent))
    }

    /// The calls that are offered to this agent's softphone, oldest first.
    pub fn offers_to(&self, agent: UserId) -> Vec<(&Call, Offer)> {
        let offers = self.agents.get(&agent).into_iter().flat_map(|agent| &agent.offers);
        let calls = offers.filter_map(|offer| self.calls.get(self.offers.get(offer)?));
        let mut ringing: Vec<_> = calls
            .filter_map(|call| Some((call, *call.offer_to(agent)?)))
            .filter(|(_, offer)| !offer.by_device)
            .collect();
        ringing.sort_by_key(|(call, _)| call.place());
        ringing
    }

    fn let_time_pass(&mut self, turn: &mut Turn<'_>) {
        while let Some(who) = self.timers.take_due(turn.now().steady) {
            match who {
                Who::Call(call) => {
                    self.at_work = Some(call);
                    self.call_due(call, turn);
                    self.at_work = None;
                }
                Who::Agent(agent) => self.agent_due(agent, turn),
            }
        }
        // Shifts begin at whole minutes.
        let minute = turn.now().at.timestamp().div_euclid(60);
        if std::mem::replace(&mut self.minute, minute) != minute {
            turn.line_changed();
        }
    }

    fn call_due(&mut self, id: CallId, turn: &mut Turn<'_>) {
        turn.time_call(id);
        let Some(call) = self.calls.get(&id) else { return };
        match call.state {
            State::Ringing { .. } => self.ringing_due(id, turn),
            State::Dialling(_) => self.dialling_due(id, turn),
            State::Waiting { .. } => self.waiting_due(id, turn),
            State::Connecting(_) => self.connecting_due(id, turn),
            State::Talking(_) => self.talking_due(id, turn),
            State::Voicemail(_) => self.voicemail_due(id, turn),
            State::Outside(_) => self.outside_due(id, turn),
            State::Ended { .. } => {}
        }
        self.check_caller(id, turn);
        self.set_call_timer(id);
    }

    /// Nothing was heard of the caller for long: ask whether they are still there.
    fn check_caller(&mut self, id: CallId, turn: &mut Turn<'_>) {
        let now = turn.now().steady;
        let Some(call) = self.calls.get_mut(&id).filter(|call| !call.is_over() && call.check_at <= now)
        else {
            return;
        };
        call.check_at = now.plus_seconds(20);
        let (provider, provider_call_id) = (call.provider.clone(), call.provider_call_id.clone());
        turn.say(Say::FindCaller { call: id, provider, provider_call_id });
    }

    fn finish(&mut self, turn: &mut Turn<'_>) -> Decision {
        self.settle_line(turn);
        if let Some((call, poll)) = turn.asking {
            self.answer(call, poll, turn);
        }
        for id in std::mem::take(&mut turn.touched_calls) {
            turn.timed_calls.remove(&id);
            self.set_call_timer(id);
            self.write_call(id, turn);
        }
        for id in std::mem::take(&mut turn.timed_calls) {
            self.set_call_timer(id);
        }
        for agent in std::mem::take(&mut turn.touched_agents) {
            let known = self.agents.entry(agent).or_default();
            let (deadline, row) = (known.deadline(turn.facts.now), known.row(agent));
            self.timers.set(Who::Agent(agent), deadline);
            turn.write_agent(row);
        }
        std::mem::take(&mut turn.decision)
    }

    fn settle_line(&mut self, turn: &mut Turn<'_>) {
        let mut places: Vec<_> = std::mem::take(&mut turn.unsettled).into_iter().collect();
        if turn.line_changed {
            places = self.line.iter().copied().collect();
        }
        while !places.is_empty() {
            turn.line_changed = false;
            for (.., id) in places.drain(..) {
                self.settle(id, turn);
            }
            if turn.line_changed {
                places = self.line.iter().copied().collect();
            }
        }
    }

    fn set_call_timer(&mut self, id: CallId) {
        let deadline = self.calls.get(&id).and_then(Call::deadline);
        self.timers.set(Who::Call(id), deadline);
    }

    fn write_call(&mut self, id: CallId, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get(&id) else { return };
        let over = call.is_over();
        turn.decision.write.push(Write::Call(Box::new(call.clone())));
        if over && let Some(call) = self.calls.remove(&id) {
            self.by_provider.remove(&(call.provider, call.provider_call_id));
        }
    }

    pub(super) fn admit(&mut self, call: Call) {
        self.by_provider.insert((call.provider.clone(), call.provider_call_id.clone()), call.id);
        self.calls.insert(call.id, call);
    }

    pub(super) fn remember_offer(&mut self, offer: OfferId, agent: UserId, cause: Cause) {
        self.past_offers.push(offer, agent, cause);
    }

    /// The offer is no longer open: tells the agent what became of it.
    pub(super) fn refuse_offer(&mut self, agent: UserId, offer: OfferId, turn: &mut Turn<'_>) {
        let occupation = self.agents.get(&agent).map(|known| known.occupation);
        if let Some(Occupation::Connecting(id)) = occupation
            && let Some(State::Connecting(connection)) = self.calls.get(&id).map(|call| &call.state)
            && connection.offer.id == offer
        {
            return turn.say(Say::OfferWon { agent, offer, call: id });
        }
        match self.past_offers.get(offer) {
            Some((whose, cause)) if whose == agent => turn.say(Say::OfferLost { agent, offer, cause }),
            _ => turn.say(Say::Refused { agent, refusal: Refusal::UnknownOffer }),
        }
    }
}

impl<'a> Turn<'a> {
    fn new(facts: Facts<'a>) -> Self {
        Self {
            facts,
            decision: Decision::default(),
            touched_calls: BTreeSet::new(),
            timed_calls: BTreeSet::new(),
            touched_agents: BTreeSet::new(),
            unsettled: BTreeSet::new(),
            line_changed: false,
            asking: None,
            arrived: None,
            remarks: Vec::new(),
        }
    }

    pub fn now(&self) -> Now {
        self.facts.now
    }

    pub fn times_of(&self, channel: ChannelId) -> Times {
        let own = self.facts.channels.get(&channel).map(|channel| channel.own_times);
        self.facts.times.with(own.unwrap_or_default())
    }

    /// The call is not what it was: its row is written.
    pub fn touch(&mut self, call: CallId) {
        self.touched_calls.insert(call);
    }

    /// Only the call's timer moved; nothing that a restart would miss.
    pub fn time_call(&mut self, call: CallId) {
        self.timed_calls.insert(call);
    }

    pub fn touch_agent(&mut self, agent: UserId) {
        self.touched_agents.insert(agent);
    }

    /// See again whom this call in line can ring.
    pub fn unsettle(&mut self, call: &Call) {
        self.unsettled.insert(call.place());
    }

    /// See again whom every call in line can ring.
    pub fn line_changed(&mut self) {
        self.line_changed = true;
    }

    pub fn say(&mut self, say: Say) {
        self.decision.say.push(say);
    }

    pub fn later(&mut self, job: Job) {
        self.decision.later.push(job);
    }

    pub fn write(&mut self, write: Write) {
        self.decision.write.push(write);
    }

    /// The caller's side waits for an answer, which is made when everything else is settled.
    pub fn ask(&mut self, call: CallId, poll: u32) {
        self.asking = Some((call, poll));
    }

    /// Whether the answer will be to this call's caller's side.
    pub fn is_asked_by(&self, call: CallId) -> bool {
        self.asking.is_some_and(|(asking, _)| asking == call)
    }

    pub fn rings_devices(&self, channel: ChannelId) -> bool {
        self.facts.channels.get(&channel).is_some_and(|channel| channel.rings_devices())
    }

    pub fn answer(&mut self, call: Option<CallId>, instruction: Instruction) {
        self.decision.answer = Some(Answer { call, instruction });
    }

    /// Says more of the call that arrives.
    pub fn remark(&mut self, call: CallId, reason: Reason) {
        self.remarks.push((call, reason));
    }

    /// Keeps for ever why this was done. The deciding reason comes first.
    pub fn decide(&mut self, call: &Call, action: Action, selection: Selection, mut reasons: Vec<Reason>) {
        let remarks = self.remarks.extract_if(.., |(of, _)| *of == call.id);
        reasons.extend(remarks.map(|(_, remark)| remark));
        let hours = self.arrived.filter(|(arrived, _)| *arrived == call.id).map(|(_, verdict)| verdict);
        self.decision.write.push(Write::Decided(Decided {
            call: call.id,
            ticket: call.ticket,
            at: self.now().at,
            action,
            hours,
            candidates: selection.candidates,
            reasons,
        }));
    }
}

/// How the latest offers ended, for agents who are a moment late.
#[derive(Debug, Default)]
struct PastOffers {
    ended: HashMap<OfferId, (UserId, Cause)>,
    order: VecDeque<OfferId>,
}

impl PastOffers {
    const KEPT: usize = 10_000;

    fn push(&mut self, offer: OfferId, agent: UserId, cause: Cause) {
        if self.ended.insert(offer, (agent, cause)).is_none() {
            self.order.push_back(offer);
        }
        while self.order.len() > Self::KEPT {
            if let Some(oldest) = self.order.pop_front() {
                self.ended.remove(&oldest);
            }
        }
    }

    fn get(&self, offer: OfferId) -> Option<(UserId, Cause)> {
        self.ended.get(&offer).copied()
    }
}
