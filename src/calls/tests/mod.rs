//! The switchboard's stories, one by one. Agents are numbers; all of them are there and free unless a story says
//! otherwise. Times are the defaults: 25 s of ringing, 15 s for one agent alone, no waiting.

mod agents;
mod arriving;
mod callers;
mod connecting;
mod devices;
mod ends;
mod in_turn;
mod lost_answers;
mod restarts;
mod ringing;
mod talking;
mod voicemail;
mod waiting;

use super::{
    agents::Occupation,
    call::{Call, Caller, Cause, Outcome, Recording, State},
    channel::{Channel, Greeting, Greetings, OwnTimes, Slot, Times, Withheld},
    decision::{Action, AgentRow, Clip, Decision, Instruction, Job, Refusal, Say, TicketChange, Write},
    event::{Arrival, CutIn, Event},
    switchboard::{Facts, Switchboard},
    time::{Now, Steady},
};
use crate::routing::{
    assignment::Rule,
    availability::ByHand,
    contacts::Contacts,
    distribution::Strategy,
    hours::Hours,
    ids::{CallId, ChannelId, Ids, OfferId, TicketId, UserId},
    joinable::Joinable,
    load::{Load, TicketType, Weight},
    people::{People, Reach, Role, Seat, User},
    reasons::{ConnectionFailure, Reason},
    zone::Zone,
};
use chrono::{DateTime, TimeDelta};
use std::collections::HashMap;

struct Scene {
    board: Switchboard,
    people: People,
    contacts: Contacts,
    joinable: Joinable,
    channels: HashMap<ChannelId, Channel>,
    channel: ChannelId,
    agents: Vec<UserId>,
    load: Load,
    weights: HashMap<TicketId, Weight>,
    /// What the channel does not set for itself.
    defaults: Times,
    now: Now,
    arrivals: u32,
    /// Everything that was decided since the last look.
    says: Vec<Say>,
    writes: Vec<Write>,
    jobs: Vec<Job>,
    /// What would be in the store.
    rows: HashMap<CallId, Call>,
    agent_rows: HashMap<UserId, AgentRow>,
}

impl Scene {
    fn new(strategy: Strategy, agents: usize) -> Self {
        let mut ids = Ids::new(1);
        let users: Vec<UserId> = (0..agents).map(|_| UserId(ids.next(1))).collect();
        let channel = ChannelId(ids.next(1));
        let rule = Rule { users: users.clone(), strategy, ..Rule::default() };
        let at = DateTime::from_timestamp(1_780_000_020, 0).expect("an instant");
        let mut scene = Self {
            board: Switchboard::new(ids),
            people: People { users: users.iter().map(|id| (*id, user(*id))).collect(), ..People::default() },
            contacts: Contacts::default(),
            joinable: Joinable::default(),
            channels: HashMap::from([(channel, open_channel(channel, rule))]),
            channel,
            agents: users,
            load: Load::default(),
            weights: HashMap::new(),
            defaults: Times::default(),
            now: Now { at, steady: Steady(at.timestamp_millis()) },
            arrivals: 0,
            says: vec![],
            writes: vec![],
            jobs: vec![],
            rows: HashMap::new(),
            agent_rows: HashMap::new(),
        };
        for agent in 0..agents {
            scene.happens(Event::AgentConnected { agent: scene.agents[agent] });
        }
        scene.look();
        scene
    }

    fn times(mut self, times: OwnTimes) -> Self {
        self.channels.get_mut(&self.channel).expect("the channel").own_times = times;
        self
    }

    fn happens(&mut self, event: Event) -> Option<Instruction> {
        let (people, contacts, channels, load) = (&self.people, &self.contacts, &self.channels, &self.load);
        let (joinable, times, now) = (&self.joinable, self.defaults, self.now);
        let facts = Facts { people, contacts, channels, times, load, joinable, now };
        let Decision { answer, say, write, later } = self.board.handle(event, facts);
        for write in &write {
            match write {
                Write::Call(call) => drop(self.rows.insert(call.id, call.as_ref().clone())),
                Write::Agent(row) => drop(self.agent_rows.insert(row.agent, row.clone())),
                Write::Ticket(TicketChange::Assign { ticket, owner, at }) => {
                    let weight = Weight { user: *owner, kind: TicketType::Calling, assigned_at: *at };
                    let before = self.weights.insert(*ticket, weight);
                    self.load.change(before, Some(weight));
                }
                _ => {}
            }
        }
        self.says.extend(say);
        self.writes.extend(write);
        self.jobs.extend(later);
        self.nothing_is_left_behind();
        answer.map(|answer| answer.instruction)
    }

    /// The line and the open offers are those of live calls.
    fn nothing_is_left_behind(&self) {
        let in_line = self.board.calls().filter(|call| call.is_in_line());
        assert_eq!(self.board.line, in_line.map(Call::place).collect());
        let open = self.board.calls().flat_map(|call| call.offers.iter().map(|offer| (offer.id, call.id)));
        assert_eq!(self.board.offers, open.collect());
    }

    /// Time passes, and what comes due happens on the way.
    fn pass(&mut self, ms: i64) {
        let until = self.now.steady.plus_ms(ms);
        while let Some(due) = self.board.next_deadline().filter(|due| *due <= until) {
            self.tick(due);
            self.happens(Event::TimePassed);
        }
        self.tick(until);
    }

    fn tick(&mut self, to: Steady) {
        let ms = to.ms_since(self.now.steady);
        self.now.steady = to;
        self.now.at += TimeDelta::milliseconds(ms);
    }

    /// Forgets what was decided so far.
    fn look(&mut self) -> (Vec<Say>, Vec<Write>, Vec<Job>) {
        (std::mem::take(&mut self.says), std::mem::take(&mut self.writes), std::mem::take(&mut self.jobs))
    }

    fn call_in(&mut self) -> CallId {
        self.arrives(self.channel);
        let newest = self.board.calls().map(|call| call.id).max();
        newest.expect("a call that arrived is live")
    }

    fn arrives(&mut self, channel: ChannelId) -> Option<Instruction> {
        self.arrivals += 1;
        let provider_call_id = format!("CA{:032x}", self.arrivals);
        let from = Caller::Known("+431234567".into());
        let (provider, to, poll) = ("main".into(), "+437654321".into(), 0);
        self.happens(Event::CallArrived(Arrival { channel, provider, provider_call_id, from, to, poll }))
    }

    fn call(&self, id: CallId) -> &Call {
        self.board.call(id).expect("a live call")
    }

    fn state(&self, id: CallId) -> &'static str {
        self.rows[&id].state_name()
    }

    fn seconds_left(&self, id: CallId) -> f64 {
        match self.call(id).state {
            State::Ringing { until } | State::Waiting { until } => {
                until.ms_since(self.now.steady) as f64 / 1000.0
            }
            _ => panic!("{id} is {}", self.call(id).state_name()),
        }
    }

    /// Who is rung for it, as numbers.
    fn rung(&self, id: CallId) -> Vec<usize> {
        let number = |agent: UserId| self.agents.iter().position(|known| *known == agent);
        let mut rung: Vec<usize> =
            self.call(id).offers.iter().filter_map(|offer| number(offer.agent)).collect();
        rung.sort_unstable();
        rung
    }

    fn offer(&self, id: CallId, agent: usize) -> OfferId {
        self.call(id).offer_to(self.agents[agent]).expect("they are rung").id
    }

    fn accepts(&mut self, id: CallId, agent: usize) -> OfferId {
        let offer = self.offer(id, agent);
        self.happens(Event::OfferAccepted { agent: self.agents[agent], offer });
        offer
    }

    fn declines(&mut self, id: CallId, agent: usize) {
        let offer = self.offer(id, agent);
        self.happens(Event::OfferDeclined { agent: self.agents[agent], offer });
    }

    fn talks(&mut self, id: CallId, agent: usize) {
        self.accepts(id, agent);
        let attempt = self.call(id).attempt;
        self.happens(Event::LegAnswered { call: id, attempt });
        assert_eq!(self.state(id), "talking");
    }

    fn asks(&mut self, id: CallId) -> Instruction {
        self.happens(Event::Asked { call: id, poll: 1 }).expect("an answer")
    }

    /// The agent's side ends without a word, and the caller is still there.
    fn loses_the_agent(&mut self, id: CallId) -> Option<Instruction> {
        let (attempt, cause) = (self.call(id).attempt, ConnectionFailure::Cancelled);
        self.happens(Event::ConnectionOver { call: id, attempt, talked: true, caller_is_there: true, cause })
    }

    fn hangs_up(&mut self, id: CallId) {
        self.happens(Event::CallerHungUp { call: id });
    }

    fn occupation(&self, agent: usize) -> Occupation {
        self.board.known_agent(self.agents[agent]).expect("a known agent").occupation
    }

    fn misses(&self, agent: usize) -> u32 {
        self.board.known_agent(self.agents[agent]).expect("a known agent").misses
    }

    fn is_away(&self, agent: usize) -> bool {
        self.board.known_agent(self.agents[agent]).expect("a known agent").by_hand != ByHand::Available
    }

    fn goes_away(&mut self, agent: usize) {
        let by_hand = ByHand::Away { reason: None, until: None };
        self.happens(Event::AvailabilitySet { agent: self.agents[agent], by_hand });
    }

    /// How this agent's offers ended, in order.
    fn ended(&self, agent: usize) -> Vec<Cause> {
        let of = |say: &Say| match say {
            Say::OfferEnded { agent: told, cause, .. } if *told == self.agents[agent] => Some(*cause),
            _ => None,
        };
        self.says.iter().filter_map(of).collect()
    }

    /// Why it went to voicemail, if it did.
    fn why_unanswered(&self) -> Option<&Reason> {
        self.writes.iter().find_map(|write| match write {
            Write::Decided(decided) if decided.action == Action::Unanswered => decided.reasons.first(),
            _ => None,
        })
    }

    fn cut_ins(&self) -> usize {
        self.jobs.iter().filter(|job| matches!(job, Job::CutIn { .. })).count()
    }

    /// Only what was written is left.
    fn stops_and_starts(&mut self) {
        self.board = Switchboard::new(Ids::new(99));
        for row in self.agent_rows.values() {
            self.board.restore_agent(row.clone(), self.now);
        }
        for call in self.rows.values().filter(|call| !call.is_over()) {
            let (people, contacts, channels, load) =
                (&self.people, &self.contacts, &self.channels, &self.load);
            let (joinable, times, now) = (&self.joinable, self.defaults, self.now);
            let facts = Facts { people, contacts, channels, times, load, joinable, now };
            self.board.restore_call(call.clone(), facts);
        }
    }

    /// The same, and everybody's softphone is back at once.
    fn restarts(&mut self) {
        self.stops_and_starts();
        for agent in self.agents.clone() {
            self.happens(Event::AgentConnected { agent });
        }
    }
}

fn user(id: UserId) -> User {
    User {
        id,
        name: "Agent".into(),
        email: "agent@example.org".into(),
        role: Role::Agent,
        seats: vec![Seat::Service],
        ticket_access: true,
        zone: Zone::utc(),
        working_hours: None,
        out_of_office: vec![],
        capacity: None,
        skills: vec![],
        reach: Reach::Client("agent".into()),
    }
}

fn open_channel(id: ChannelId, rule: Rule) -> Channel {
    Channel {
        id,
        name: "Channel".into(),
        telephones: crate::calls::channel::Telephones::ALL,
        provider: "main".into(),
        numbers: vec![],
        zone: Zone::utc(),
        hours: Hours::always(),
        rule,
        own_times: OwnTimes::default(),
        greetings: Greetings::default(),
        inbox: None,
        withheld: Withheld::Ring,
        ringing: Default::default(),
        notify: Default::default(),
    }
}

fn waiting(seconds: u32) -> OwnTimes {
    OwnTimes { wait_seconds: Some(seconds), ..OwnTimes::default() }
}

const MESSAGE: Instruction = Instruction::TakeMessage { slot: Slot::Unanswered };
