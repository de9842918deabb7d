//! The switchboard's stories, one by one. Agents are numbers; all of them are there and free unless a story says
//! otherwise. Times are the defaults: 25 s of ringing, 15 s for one agent alone, no waiting.

mod callers;
mod lost_answers;

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
    ids::{CallId, ChannelId, Ids, OfferId, UserId},
    joinable::Joinable,
    load::{Load, TicketType},
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
            people: People {
                users: users.iter().map(|id| (*id, user(*id))).collect(),
                teams: HashMap::new(),
            },
            contacts: Contacts::default(),
            joinable: Joinable::default(),
            channels: HashMap::from([(channel, open_channel(channel, rule))]),
            channel,
            agents: users,
            load: Load::default(),
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
        let (joinable, times, now) = (&self.joinable, Times::default(), self.now);
        let facts = Facts { people, contacts, channels, times, load, joinable, now };
        let Decision { answer, say, write, later } = self.board.handle(event, facts);
        for write in &write {
            match write {
                Write::Call(call) => drop(self.rows.insert(call.id, call.as_ref().clone())),
                Write::Agent(row) => drop(self.agent_rows.insert(row.agent, row.clone())),
                Write::Ticket(TicketChange::Assign { ticket, owner, at }) => {
                    self.load.assign(*ticket, TicketType::Calling, *owner, *at);
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
            let (joinable, times, now) = (&self.joinable, Times::default(), self.now);
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
        reach: Reach::Client("agent".into()),
    }
}

fn open_channel(id: ChannelId, rule: Rule) -> Channel {
    Channel {
        id,
        name: "Channel".into(),
        provider: "main".into(),
        numbers: vec![],
        zone: Zone::utc(),
        hours: Hours::always(),
        rule,
        own_times: OwnTimes::default(),
        greetings: Greetings::default(),
        withheld: Withheld::Ring,
        notify: Default::default(),
    }
}

fn waiting(seconds: u32) -> OwnTimes {
    OwnTimes { wait_seconds: Some(seconds), ..OwnTimes::default() }
}

const MESSAGE: Instruction = Instruction::TakeMessage { slot: Slot::Unanswered };

// Ringing

#[test]
fn a_call_rings_everybody_who_is_free_and_the_first_to_accept_has_it() {
    let mut scene = Scene::new(Strategy::Simultaneous, 3);
    let call = scene.call_in();
    assert_eq!(scene.rung(call), [0, 1, 2]);
    scene.look();
    scene.accepts(call, 1);
    assert_eq!((scene.state(call), scene.rung(call)), ("connecting", vec![]));
    let taken = Cause::Taken { by: scene.agents[1] };
    assert_eq!((scene.ended(0), scene.ended(1), scene.ended(2)), (vec![taken], vec![], vec![taken]));
    assert_eq!((scene.occupation(0), scene.occupation(1)), (Occupation::Free, Occupation::Connecting(call)));
    assert_eq!(scene.cut_ins(), 1);
    scene.happens(Event::LegAnswered { call, attempt: 1 });
    assert_eq!((scene.state(call), scene.occupation(1)), ("talking", Occupation::Talking(call)));
}

#[test]
fn of_two_who_accept_at_once_one_wins_and_the_other_is_told_who() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let call = scene.call_in();
    let late = scene.offer(call, 1);
    let won = scene.accepts(call, 0);
    scene.look();
    let (winner, loser) = (scene.agents[0], scene.agents[1]);
    scene.happens(Event::OfferAccepted { agent: loser, offer: late });
    let lost = Say::OfferLost { agent: loser, offer: late, cause: Cause::Taken { by: winner } };
    assert_eq!(scene.look().0, [lost]);
    scene.happens(Event::OfferAccepted { agent: winner, offer: won });
    assert_eq!(scene.look().0, [Say::OfferWon { agent: winner, offer: won, call }], "a double click");
    scene.happens(Event::OfferAccepted { agent: loser, offer: won });
    let refused = Say::Refused { agent: loser, refusal: Refusal::UnknownOffer };
    assert_eq!(scene.look().0, [refused], "somebody else's offer");
    assert_eq!(scene.call(call).agent(), Some(winner));
}

#[test]
fn taking_one_call_withdraws_that_agents_other_offers_and_nobody_elses() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let (first, second) = (scene.call_in(), scene.call_in());
    scene.look();
    scene.accepts(first, 0);
    assert_eq!((scene.ended(0), scene.rung(second)), (vec![Cause::Withdrawn], vec![1]));
}

#[test]
fn all_declined_means_the_message_at_once() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let call = scene.call_in();
    scene.declines(call, 0);
    assert_eq!((scene.state(call), scene.rung(call)), ("ringing", vec![1]));
    scene.declines(call, 1);
    assert_eq!((scene.state(call), scene.why_unanswered()), ("voicemail", Some(&Reason::AllDeclined)));
    assert_eq!(scene.asks(call), MESSAGE);
}

#[test]
fn whoever_declined_is_not_rung_again_for_that_call_but_for_the_next() {
    let mut scene = Scene::new(Strategy::RoundRobin, 2);
    let call = scene.call_in();
    scene.declines(call, 0);
    scene.pass(15_000);
    assert_eq!(scene.rung(call), [1], "the second one again, as the first declined");
    scene.hangs_up(call);
    let next = scene.call_in();
    assert_eq!(scene.rung(next), [0]);
}

#[test]
fn a_call_that_nobody_takes_rings_for_its_time_and_then_takes_a_message() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let call = scene.call_in();
    for _ in 0..5 {
        assert_eq!(scene.asks(call), Instruction::Ring { poll: 2 });
        scene.pass(4_999);
    }
    scene.pass(4);
    assert_eq!(scene.state(call), "ringing");
    scene.pass(1);
    assert_eq!(scene.why_unanswered(), Some(&Reason::RingTimeOver { seconds: 25 }));
    assert_eq!((scene.ended(0), scene.misses(0)), (vec![Cause::Expired], 0), "rung together is no miss");
    assert_eq!(scene.asks(call), MESSAGE);
    let looked_for = scene.says.iter().any(|say| matches!(say, Say::FindCaller { .. }));
    assert!(!looked_for, "they asked all the time");
}

#[test]
fn with_nobody_available_no_one_is_rung_and_the_message_comes_at_once() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    scene.goes_away(0);
    assert_eq!(scene.arrives(scene.channel), Some(MESSAGE));
    assert_eq!(scene.why_unanswered(), Some(&Reason::NobodyAvailable));
}

#[test]
fn after_hours_nobody_is_rung_and_the_caller_hears_the_other_message() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let hours = &mut scene.channels.get_mut(&scene.channel).expect("the channel").hours;
    hours.closed_until = Some(scene.now.at + TimeDelta::hours(1));
    let answer = scene.arrives(scene.channel);
    assert_eq!(answer, Some(Instruction::TakeMessage { slot: Slot::ClosedToday }));
    assert!(!scene.says.iter().any(|say| matches!(say, Say::Offered { .. })));
}

#[test]
fn hours_are_judged_once_and_a_caller_in_line_at_closing_time_stays() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    let hours = &mut scene.channels.get_mut(&scene.channel).expect("the channel").hours;
    hours.closed_until = Some(scene.now.at + TimeDelta::hours(1));
    scene.happens(Event::SettingsChanged);
    assert_eq!((scene.state(call), scene.rung(call)), ("ringing", vec![0]));
}

#[test]
fn somebody_who_becomes_free_joins_a_simultaneous_ring_for_its_remaining_time() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    scene.goes_away(1);
    let call = scene.call_in();
    scene.pass(10_000);
    scene.happens(Event::AvailabilitySet { agent: scene.agents[1], by_hand: ByHand::Available });
    assert_eq!((scene.rung(call), scene.seconds_left(call)), (vec![0, 1], 15.0));
    let ends: Vec<Steady> = scene.call(call).offers.iter().map(|offer| offer.until).collect();
    assert_eq!(ends[0], ends[1]);
}

#[test]
fn an_agent_whose_shift_begins_is_rung_for_who_is_already_there() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1).times(waiting(300));
    let begins = scene.now.at + TimeDelta::seconds(60 - scene.now.at.timestamp() % 60);
    let late = UserId(Ids::new(50).next(2));
    let out = crate::routing::people::OutOfOffice { from: scene.now.at - TimeDelta::days(1), until: begins };
    scene.people.users.insert(late, User { out_of_office: vec![out], ..user(late) });
    scene.channels.get_mut(&scene.channel).expect("the channel").rule.users.push(late);
    scene.agents.push(late);
    scene.happens(Event::AgentConnected { agent: late });
    let talk = scene.call_in();
    scene.talks(talk, 0);
    let call = scene.call_in();
    assert_eq!(scene.state(call), "waiting");
    let ms = (begins - scene.now.at).num_milliseconds();
    scene.pass(ms - 1);
    scene.happens(Event::TimePassed);
    assert_eq!(scene.state(call), "waiting");
    scene.pass(1);
    scene.happens(Event::TimePassed);
    assert_eq!((scene.state(call), scene.rung(call)), ("ringing", vec![1]));
}

#[test]
fn no_more_than_a_hundred_are_rung_at_once_and_who_declines_makes_room() {
    let mut scene = Scene::new(Strategy::Simultaneous, 102);
    let call = scene.call_in();
    assert_eq!(scene.rung(call), Vec::from_iter(0..100));
    scene.declines(call, 7);
    assert_eq!(scene.rung(call).len(), 100);
    assert!(scene.rung(call).contains(&100) && !scene.rung(call).contains(&7));
}

// One at a time

#[test]
fn one_at_a_time_everybody_is_rung_once_before_anybody_is_rung_twice() {
    let mut scene =
        Scene::new(Strategy::RoundRobin, 2).times(OwnTimes { ring_seconds: Some(70), ..OwnTimes::default() });
    let call = scene.call_in();
    let mut order = scene.rung(call);
    for _ in 0..3 {
        scene.pass(15_000);
        order.extend(scene.rung(call));
    }
    assert_eq!(order, [0, 1, 0, 1]);
    assert_eq!(scene.call(call).offers[0].until, scene.now.steady.plus_seconds(15));
    scene.pass(15_000);
    assert_eq!(
        scene.call(call).offers[0].until,
        scene.now.steady.plus_seconds(10),
        "the caller's time is up first"
    );
    scene.pass(10_000);
    assert_eq!(scene.state(call), "voicemail");
}

#[test]
fn the_reason_for_a_second_round_names_who_is_rung_in_it() {
    let mut scene = Scene::new(Strategy::LoadBalanced, 2);
    let second = scene.agents[1];
    let ticket = crate::routing::ids::TicketId(Ids::new(8).next(1));
    scene.load.assign(ticket, TicketType::Calling, second, scene.now.at);
    let call = scene.call_in();
    assert_eq!(scene.rung(call), [0]);
    scene.look();
    scene.pass(15_000);
    assert_eq!(scene.rung(call), [1]);
    let (_, writes, _) = scene.look();
    let reason = writes.iter().find_map(|write| match write {
        Write::Decided(decided) => decided.reasons.first(),
        _ => None,
    });
    assert_eq!(reason, Some(&Reason::FewestOpen { agent: second, open: 1, tied: false }));
}

#[test]
fn callers_are_served_in_order_of_arrival() {
    let mut scene = Scene::new(Strategy::RoundRobin, 1);
    let calls = [scene.call_in(), scene.call_in(), scene.call_in()];
    let rung = |scene: &Scene| calls.map(|call| scene.board.call(call).map(|call| call.offers.len()));
    assert_eq!(rung(&scene), [Some(1), Some(0), Some(0)]);
    scene.hangs_up(calls[0]);
    assert_eq!(rung(&scene), [None, Some(1), Some(0)]);
    scene.declines(calls[1], 0);
    assert_eq!(rung(&scene), [None, Some(0), Some(1)]);
    assert_eq!(scene.state(calls[1]), "voicemail", "the only agent declined");
}

#[test]
fn being_offered_another_call_never_means_that_nobody_is_available() {
    let mut scene = Scene::new(Strategy::LongestIdle, 1);
    let first = scene.call_in();
    let second = scene.call_in();
    assert_eq!((scene.state(second), scene.rung(second)), ("ringing", vec![]));
    scene.hangs_up(first);
    assert_eq!(scene.rung(second), [0]);
}

#[test]
fn the_turn_is_kept_in_the_store_and_taken_up_again() {
    let mut scene = Scene::new(Strategy::RoundRobin, 3);
    let call = scene.call_in();
    let cursor = scene.writes.iter().find_map(|write| match write {
        Write::Cursor { channel, cursor } if *channel == scene.channel => Some(*cursor),
        _ => None,
    });
    let cursor = cursor.expect("the turn is written");
    assert_eq!((cursor.user, cursor.position), (scene.agents[0], 0));
    scene.hangs_up(call);
    scene.restarts();
    scene.board.restore_cursor(scene.channel, cursor);
    let next = scene.call_in();
    assert_eq!(scene.rung(next), [1]);
}

// Misses

#[test]
fn three_misses_alone_set_an_agent_away_who_starts_anew_when_back() {
    let mut scene = Scene::new(Strategy::RoundRobin, 2);
    for missed in 1..=3 {
        let call = scene.call_in();
        assert_eq!(scene.rung(call), [0]);
        scene.pass(15_000);
        assert_eq!(scene.is_away(0), missed == 3, "after {missed}");
        scene.talks(call, 1);
        scene.happens(Event::AgentHungUp { agent: scene.agents[1], call });
    }
    let told = Say::Availability {
        agent: scene.agents[0],
        by_hand: ByHand::Away { reason: Some("missed calls".into()), until: None },
    };
    assert!(scene.says.contains(&told));
    assert_eq!(scene.misses(0), 0);
}

#[test]
fn whoever_comes_back_with_their_next_shift_has_three_misses_again() {
    let mut scene = Scene::new(Strategy::RoundRobin, 2);
    let shift = serde_json::json!({"mon": [["00:00", "24:00"]], "tue": [["00:00", "24:00"]], "wed": [["00:00", "24:00"]],
        "thu": [["00:00", "24:00"]], "fri": [["00:00", "24:00"]], "sat": [["00:00", "12:00"], ["13:00", "24:00"]],
        "sun": [["00:00", "24:00"]]});
    let hours = crate::routing::hours::Weekly::from_json(&shift).expect("weekly hours");
    let agent = scene.agents[0];
    scene.people.users.get_mut(&agent).expect("a user").working_hours = Some(hours);
    let miss = |scene: &mut Scene| {
        let call = scene.call_in();
        while scene.rung(call) != [0] {
            scene.declines(call, 1);
        }
        scene.pass(15_000);
        scene.hangs_up(call);
    };
    (0..3).for_each(|_| miss(&mut scene));
    assert!(scene.is_away(0));
    scene.pass(8 * 24 * 3_600_000);
    scene.happens(Event::TimePassed);
    miss(&mut scene);
    let known = scene.board.known_agent(agent).expect("a known agent");
    assert!(known.by_hand.is_available(scene.now.at), "one miss is not three");
}

#[test]
fn the_last_agent_of_any_of_their_channels_stays_and_the_admin_is_told() {
    let mut scene = Scene::new(Strategy::RoundRobin, 2);
    let alone = ChannelId(Ids::new(60).next(2));
    let rule = Rule { users: vec![scene.agents[0]], ..Rule::default() };
    scene.channels.insert(alone, open_channel(alone, rule));
    for _ in 0..3 {
        let call = scene.call_in();
        while scene.rung(call) != [0] {
            scene.declines(call, 1);
        }
        scene.pass(15_000);
        scene.hangs_up(call);
    }
    assert!(!scene.is_away(0));
    let told = Say::LastAgentMisses { agent: scene.agents[0], channel: alone };
    assert!(scene.says.contains(&told));
}

#[test]
fn a_lost_race_a_caller_who_hangs_up_and_a_withdrawn_offer_are_no_misses() {
    let mut scene = Scene::new(Strategy::RoundRobin, 1);
    let call = scene.call_in();
    scene.hangs_up(call);
    let call = scene.call_in();
    scene.goes_away(0);
    scene.happens(Event::AvailabilitySet { agent: scene.agents[0], by_hand: ByHand::Available });
    assert_eq!((scene.state(call), scene.misses(0)), ("voicemail", 0));
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let call = scene.call_in();
    scene.accepts(call, 1);
    assert_eq!(scene.misses(0), 0);
}

#[test]
fn an_answer_or_a_decline_ends_a_row_of_misses() {
    for takes in [true, false] {
        let mut scene = Scene::new(Strategy::RoundRobin, 1);
        let call = scene.call_in();
        scene.pass(15_000);
        assert_eq!(scene.misses(0), 1);
        if takes {
            scene.accepts(call, 0);
        } else {
            scene.declines(call, 0)
        }
        assert_eq!(scene.misses(0), 0);
    }
}

// Sockets and telephones

#[test]
fn a_lost_socket_may_come_back_within_five_seconds() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    let agent = scene.agents[0];
    scene.happens(Event::AgentDisconnected { agent });
    scene.pass(4_999);
    assert_eq!(scene.rung(call), [0]);
    scene.happens(Event::AgentConnected { agent });
    scene.pass(5_000);
    assert_eq!(scene.rung(call), [0], "they came back");
    scene.happens(Event::AgentDisconnected { agent });
    scene.pass(5_000);
    assert_eq!((scene.state(call), scene.ended(0)), ("voicemail", vec![Cause::Withdrawn]));
}

#[test]
fn a_telephone_that_is_not_registered_or_has_no_microphone_is_not_rung() {
    for (registered, microphone) in [(false, true), (true, false)] {
        let mut scene = Scene::new(Strategy::Simultaneous, 2);
        let call = scene.call_in();
        let agent = scene.agents[0];
        scene.happens(Event::MediaChanged { agent, registered, microphone });
        assert_eq!((scene.rung(call), scene.ended(0)), (vec![1], vec![Cause::Withdrawn]));
        scene.happens(Event::MediaChanged { agent, registered: true, microphone: true });
        assert_eq!(scene.rung(call), [0, 1]);
    }
}

// Connecting

#[test]
fn a_leg_that_fails_goes_back_to_ringing_the_others_in_the_same_place_for_at_least_ten_seconds() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let (call, later) = (scene.call_in(), scene.call_in());
    scene.pass(20_000);
    scene.accepts(call, 0);
    scene.look();
    scene.happens(Event::LegSeen { call, attempt: 1, ringing: true });
    scene.pass(3_000);
    scene.happens(Event::LegEnded { call, attempt: 1, cause: ConnectionFailure::NoAnswer });
    assert_eq!((scene.state(call), scene.rung(call)), ("ringing", vec![1]));
    assert_eq!(scene.seconds_left(call), 10.0, "5 s were left");
    assert_eq!(scene.rung(later), [0, 1], "the agent is free again for others");
    let line: Vec<CallId> = scene.board.offers_to(scene.agents[1]).iter().map(|(call, _)| call.id).collect();
    assert_eq!(line, [call, later], "it kept its place");
    let failed = scene.writes.iter().any(|write| match write {
        Write::Offer(row) => row.ended.is_some_and(|(cause, _)| cause == Cause::ConnectionFailed),
        _ => false,
    });
    assert!(failed, "the offer that was won has failed");
    scene.happens(Event::LegEnded { call, attempt: 1, cause: ConnectionFailure::NoAnswer });
    scene.happens(Event::LegAnswered { call, attempt: 1 });
    assert_eq!((scene.state(call), scene.rung(call)), ("ringing", vec![1]), "late reports change nothing");
}

#[test]
fn the_clock_of_ringing_stands_still_while_somebody_is_being_connected() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let call = scene.call_in();
    scene.pass(5_000);
    scene.accepts(call, 0);
    scene.pass(8_000);
    scene.happens(Event::LegEnded { call, attempt: 1, cause: ConnectionFailure::Busy });
    assert_eq!(scene.seconds_left(call), 20.0);
}

#[test]
fn who_could_not_be_reached_is_not_rung_until_their_telephone_registers_again() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.happens(Event::LegEnded { call, attempt: 1, cause: ConnectionFailure::Failed });
    let next = scene.call_in();
    assert_eq!(scene.rung(next), [1]);
    let agent = scene.agents[0];
    scene.happens(Event::MediaChanged { agent, registered: true, microphone: true });
    assert_eq!((scene.rung(next), scene.rung(call)), (vec![0, 1], vec![1]), "not for the call that failed");
}

#[test]
fn a_missing_report_never_ends_a_connection_before_the_telephone_company_was_asked() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.pass(17_999);
    assert!(!scene.says.iter().any(|say| matches!(say, Say::FindLeg { .. })));
    scene.pass(1);
    assert!(scene.says.iter().any(|say| matches!(say, Say::FindLeg { attempt: 1, .. })));
    scene.happens(Event::LegFound { call, attempt: 1, up: None });
    assert_eq!(scene.state(call), "connecting");
    scene.look();
    scene.pass(5_000);
    assert!(scene.says.iter().any(|say| matches!(say, Say::FindLeg { .. })), "asked again");
    scene.happens(Event::LegFound { call, attempt: 1, up: Some(true) });
    assert_eq!(scene.state(call), "talking");
}

#[test]
fn a_leg_that_is_not_up_in_time_is_given_up_and_the_caller_brought_back() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.pass(18_000);
    scene.happens(Event::LegFound { call, attempt: 1, up: Some(false) });
    assert_eq!((scene.state(call), scene.rung(call)), ("ringing", vec![1]));
    assert!(scene.jobs.iter().any(|job| matches!(job, Job::BringBack { .. })));
}

#[test]
fn each_time_a_caller_is_brought_back_they_ask_at_another_address() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1)
        .times(OwnTimes { ring_seconds: Some(900), ..OwnTimes::default() });
    let call = scene.call_in();
    for _ in 0..30 {
        scene.pass(21_000);
        scene.happens(Event::CallerFound { call, there: Some(true) });
    }
    let mut polls: Vec<u32> = scene
        .jobs
        .iter()
        .filter_map(|job| match job {
            Job::BringBack { poll, .. } => Some(*poll),
            _ => None,
        })
        .collect();
    assert_eq!(polls.len(), 30);
    polls.dedup_by_key(|poll| *poll / 1_000);
    assert_eq!(polls.len(), 30, "and have a thousand more to themselves");
    assert!(polls.iter().all(|poll| (50_000..100_000).contains(poll)));
}

#[test]
fn the_connect_document_is_delivered_by_the_cut_in_or_by_a_poll_and_once() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.pass(1_000);
    assert!(matches!(scene.asks(call), Instruction::Ring { .. }), "the cut-in is under way");
    let fetched = scene.happens(Event::ConnectFetched { call, attempt: 1 });
    let Some(Instruction::Connect(connect)) = fetched else { panic!("{fetched:?}") };
    assert_eq!((connect.attempt, connect.agent, connect.seconds), (1, scene.agents[0], 8));
    scene.happens(Event::LegSeen { call, attempt: 1, ringing: false });
    scene.pass(5_000);
    assert!(matches!(scene.asks(call), Instruction::Ring { .. }), "it was delivered");
}

#[test]
fn a_cut_in_that_was_refused_is_made_up_for_by_the_next_poll_and_only_that() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.happens(Event::CutInDone { call, attempt: 1, result: CutIn::Refused });
    assert!(matches!(scene.asks(call), Instruction::Connect(_)));
    assert!(matches!(scene.asks(call), Instruction::Ring { .. }), "once");
    scene.happens(Event::AnswerLost { call });
    assert!(matches!(scene.asks(call), Instruction::Connect(_)), "the answer was lost");
    scene.happens(Event::LegSeen { call, attempt: 1, ringing: true });
    scene.happens(Event::AnswerLost { call });
    assert!(matches!(scene.asks(call), Instruction::Ring { .. }), "the leg rings: it was not lost");
}

#[test]
fn a_cut_in_of_which_nothing_is_known_is_tried_again() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.happens(Event::CutInDone { call, attempt: 1, result: CutIn::Unknown });
    assert!(matches!(scene.asks(call), Instruction::Ring { .. }), "it may have been applied");
    scene.pass(2_000);
    assert_eq!(scene.cut_ins(), 2);
}

#[test]
fn a_caller_who_is_gone_while_being_connected_frees_the_agent() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    let won = scene.accepts(call, 0);
    scene.hangs_up(call);
    assert_eq!((scene.state(call), scene.occupation(0)), ("ended", Occupation::Free));
    let State::Ended { outcome, .. } = scene.rows[&call].state else { panic!("it ended") };
    assert_eq!(outcome, Outcome::Abandoned);
    let causes: Vec<Cause> = scene
        .writes
        .iter()
        .filter_map(|write| match write {
            Write::Offer(row) if row.offer.id == won => row.ended.map(|(cause, _)| cause),
            _ => None,
        })
        .collect();
    assert_eq!(causes, [Cause::Won, Cause::CallerHungUp]);
}

#[test]
fn an_agent_who_hangs_up_before_the_leg_is_up_only_gives_the_call_back() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.happens(Event::AgentHungUp { agent: scene.agents[1], call });
    assert_eq!(scene.state(call), "connecting", "it is not theirs");
    scene.happens(Event::AgentHungUp { agent: scene.agents[0], call });
    assert_eq!((scene.state(call), scene.rung(call)), ("ringing", vec![1]));
    assert!(!scene.jobs.iter().any(|job| matches!(job, Job::HangUp { .. })));
}

// Talking

#[test]
fn an_agent_who_is_lost_leaves_an_apology_and_the_front_of_the_line() {
    let mut scene = Scene::new(Strategy::RoundRobin, 2).times(waiting(60));
    let talk = scene.call_in();
    scene.talks(talk, 0);
    let earlier = scene.call_in();
    scene.declines(earlier, 1);
    let call = scene.call_in();
    scene.talks(call, 1);
    scene.pass(5_000);
    let answer = scene.loses_the_agent(call);
    assert!(matches!(answer, Some(Instruction::Apologise { .. })), "{answer:?}");
    assert!(matches!(scene.asks(call), Instruction::Wait { .. }), "once");
    assert_eq!((scene.state(earlier), scene.state(call)), ("waiting", "waiting"));
    scene.happens(Event::AgentHungUp { agent: scene.agents[0], call: talk });
    assert_eq!((scene.rung(earlier), scene.rung(call)), (vec![], vec![0]), "before all others");
    assert_eq!(scene.seconds_left(call), 25.0, "ringing begins anew");
}

#[test]
fn who_was_lost_is_not_rung_until_their_telephone_registers_again_and_then_owns_nothing() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.talks(call, 0);
    scene.loses_the_agent(call);
    assert_eq!(scene.state(call), "voicemail");
    let ticket = scene.call(call).ticket;
    assert!(scene.writes.contains(&Write::Ticket(TicketChange::Unassign { ticket })));
    let agent = scene.agents[0];
    scene.happens(Event::MediaChanged { agent, registered: true, microphone: true });
    let next = scene.call_in();
    assert_eq!(scene.rung(next), [0]);
}

#[test]
fn a_leg_that_is_over_is_looked_into_when_the_callers_side_says_nothing() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.talks(call, 0);
    scene.look();
    scene.happens(Event::LegEnded { call, attempt: 1, cause: ConnectionFailure::Cancelled });
    scene.pass(4_000);
    scene.happens(Event::LegEnded { call, attempt: 1, cause: ConnectionFailure::Cancelled });
    scene.pass(1_000);
    assert_eq!(scene.state(call), "talking");
    assert!(scene.says.iter().any(|say| matches!(say, Say::FindCaller { .. })));
    scene.happens(Event::CallerFound { call, there: None });
    assert_eq!(scene.state(call), "talking", "a missing report ends no conversation");
    scene.happens(Event::CallerFound { call, there: Some(false) });
    assert_eq!(scene.state(call), "ended");
}

#[test]
fn a_talk_that_nobody_ends_goes_on() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.talks(call, 0);
    scene.happens(Event::AgentDisconnected { agent: scene.agents[0] });
    scene.pass(3 * 3_600_000);
    assert_eq!(scene.state(call), "talking");
    assert_eq!(scene.jobs.len(), 1, "nothing but the cut-in");
}

#[test]
fn wrapping_up_lasts_as_long_as_the_channel_says_or_until_ready() {
    for ready in [true, false] {
        let mut scene = Scene::new(Strategy::Simultaneous, 1).times(OwnTimes {
            wrap_up_seconds: Some(30),
            wait_seconds: Some(60),
            ..OwnTimes::default()
        });
        let call = scene.call_in();
        scene.talks(call, 0);
        scene.happens(Event::AgentHungUp { agent: scene.agents[0], call });
        assert!(scene.jobs.iter().any(|job| matches!(job, Job::HangUp { .. })));
        let next = scene.call_in();
        assert_eq!(scene.state(next), "waiting", "they are wrapping up");
        scene.pass(29_999);
        if ready {
            scene.happens(Event::AgentReady { agent: scene.agents[0] });
        } else {
            assert_eq!(scene.state(next), "waiting");
            scene.pass(1);
        }
        assert_eq!((scene.state(next), scene.rung(next)), ("ringing", vec![0]));
    }
}

#[test]
fn there_is_no_wrapping_up_after_a_connection_that_failed() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1)
        .times(OwnTimes { wrap_up_seconds: Some(30), ..OwnTimes::default() });
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.hangs_up(call);
    assert_eq!(scene.occupation(0), Occupation::Free);
}

// Waiting

#[test]
fn with_everybody_busy_a_caller_waits_for_as_long_as_is_allowed() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1).times(waiting(60));
    let talk = scene.call_in();
    scene.talks(talk, 0);
    let call = scene.call_in();
    assert_eq!((scene.state(call), scene.seconds_left(call)), ("waiting", 60.0));
    assert!(matches!(scene.asks(call), Instruction::Wait { .. }));
    scene.pass(59_999);
    assert_eq!(scene.state(call), "waiting");
    scene.pass(1);
    assert_eq!(scene.why_unanswered(), Some(&Reason::WaitTimeOver { seconds: 60 }));
}

#[test]
fn waiting_and_ringing_are_counted_apart() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1).times(waiting(60));
    let call = scene.call_in();
    scene.pass(5_000);
    let other = scene.call_in();
    scene.talks(other, 0);
    assert_eq!((scene.state(call), scene.seconds_left(call)), ("waiting", 60.0));
    scene.pass(20_000);
    scene.happens(Event::AgentHungUp { agent: scene.agents[0], call: other });
    assert_eq!((scene.state(call), scene.seconds_left(call)), ("ringing", 20.0));
    let other = scene.call_in();
    scene.talks(other, 0);
    assert_eq!((scene.state(call), scene.seconds_left(call)), ("waiting", 40.0));
}

#[test]
fn without_waiting_a_busy_office_takes_a_message_at_once() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let talk = scene.call_in();
    scene.talks(talk, 0);
    assert_eq!(scene.arrives(scene.channel), Some(MESSAGE));
    assert_eq!(scene.why_unanswered(), Some(&Reason::AllBusy));
}

#[test]
fn nobody_waits_for_somebody_who_went_home() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1).times(waiting(60));
    let talk = scene.call_in();
    scene.talks(talk, 0);
    let call = scene.call_in();
    scene.goes_away(0);
    assert_eq!((scene.state(call), scene.state(talk)), ("voicemail", "talking"));
}

#[test]
fn a_waiting_caller_hears_half_a_minute_of_music_in_peace() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1).times(waiting(300));
    let talk = scene.call_in();
    scene.talks(talk, 0);
    scene.look();
    let call = scene.call_in();
    for _ in 0..8 {
        assert!(matches!(scene.asks(call), Instruction::Wait { .. }));
        scene.pass(31_000);
    }
    let asked =
        scene.says.iter().any(|say| matches!(say, Say::FindCaller { call: about, .. } if *about == call));
    assert!(!asked, "nobody doubts that they are there");
}

/// The channel says something in this place.
fn says(scene: &mut Scene, slot: Slot) {
    let words = Some(Greeting::Text { text: "Hello".into(), language: "en-US".into() });
    let greetings = &mut scene.channels.get_mut(&scene.channel).expect("the channel").greetings;
    match slot {
        Slot::BeforeRinging => greetings.before_ringing = words,
        Slot::WhileWaiting => greetings.while_waiting = words,
        _ => panic!("these are always there"),
    }
}

#[test]
fn a_caller_who_presses_1_leaves_a_message_whether_they_wait_or_are_rung_for_by_now() {
    for is_rung_for in [false, true] {
        let mut scene = Scene::new(Strategy::Simultaneous, 1).times(waiting(300));
        says(&mut scene, Slot::WhileWaiting);
        let talk = scene.call_in();
        scene.talks(talk, 0);
        let call = scene.call_in();
        assert!(matches!(scene.asks(call), Instruction::Wait { .. }));
        scene.pass(12_000);
        if is_rung_for {
            scene.happens(Event::AgentHungUp { agent: scene.agents[0], call: talk });
            assert_eq!(scene.rung(call), [0]);
        }
        scene.look();
        let answer = scene.happens(Event::CallerWantsMessage { call, poll: 3 });
        assert_eq!((answer, scene.state(call)), (Some(MESSAGE), "voicemail"));
        assert_eq!(scene.why_unanswered(), Some(&Reason::CallerWantsMessage { seconds: 12 }));
        let withdrawn = if is_rung_for { vec![Cause::Withdrawn] } else { vec![] };
        assert_eq!((scene.ended(0), scene.misses(0)), (withdrawn, 0));
        assert_eq!(
            scene.happens(Event::CallerWantsMessage { call, poll: 3 }),
            Some(MESSAGE),
            "pressed twice"
        );
        assert_eq!(scene.why_unanswered(), Some(&Reason::CallerWantsMessage { seconds: 12 }));
    }
}

#[test]
fn a_key_that_comes_too_late_tears_nobody_apart() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.accepts(call, 0);
    let answer = scene.happens(Event::CallerWantsMessage { call, poll: 3 });
    assert!(matches!(answer, Some(Instruction::Ring { .. })), "the cut-in is under way: {answer:?}");
    scene.happens(Event::LegAnswered { call, attempt: 1 });
    scene.happens(Event::CallerWantsMessage { call, poll: 3 });
    assert_eq!(scene.state(call), "talking");
    scene.hangs_up(call);
    let answer = scene.happens(Event::CallerWantsMessage { call, poll: 3 });
    assert_eq!(answer, Some(Instruction::HangUp));
}

#[test]
fn an_announcement_is_heard_once_while_agents_are_rung_already_and_nobody_doubts_the_caller() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    says(&mut scene, Slot::BeforeRinging);
    let answer = scene.arrives(scene.channel);
    assert_eq!(answer, Some(Instruction::Announce { poll: 1, clip: Clip::RingTone }));
    let call = scene.board.calls().next().expect("a call").id;
    assert_eq!(scene.rung(call), [0]);
    scene.look();
    scene.pass(24_000);
    assert!(
        !scene.says.iter().any(|say| matches!(say, Say::FindCaller { .. })),
        "an announcement takes time"
    );
    assert_eq!(scene.asks(call), Instruction::Ring { poll: 2 });
    scene.restarts();
    assert_eq!(scene.asks(call), Instruction::Ring { poll: 2 }, "not again after a restart");
    scene.accepts(call, 0);
    assert_eq!(scene.cut_ins(), 1, "whatever is being played, an accept cuts in");
}

#[test]
fn who_has_to_wait_hears_the_announcement_before_the_music() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1).times(waiting(300));
    let talk = scene.call_in();
    scene.talks(talk, 0);
    says(&mut scene, Slot::BeforeRinging);
    assert_eq!(scene.arrives(scene.channel), Some(Instruction::Announce { poll: 1, clip: Clip::Music }));
}

#[test]
fn a_silent_caller_is_looked_for_and_brought_back_or_let_go() {
    for there in [true, false] {
        let mut scene = Scene::new(Strategy::Simultaneous, 1);
        let call = scene.call_in();
        scene.look();
        scene.pass(21_000);
        assert!(scene.says.iter().any(|say| matches!(say, Say::FindCaller { .. })));
        scene.happens(Event::CallerFound { call, there: Some(there) });
        assert_eq!(scene.state(call), if there { "ringing" } else { "ended" });
        assert_eq!(scene.jobs.len(), usize::from(there));
    }
}

// The end, and the beginning

#[test]
fn a_finished_call_never_comes_back_to_life() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.happens(Event::LegAnswered { call, attempt: 1 });
    scene.hangs_up(call);
    scene.look();
    let (attempt, cause) = (1, ConnectionFailure::Failed);
    let recording = Recording { id: "RE1".into(), seconds: 3 };
    let late = [
        Event::Asked { call, poll: 9 },
        Event::CallerHungUp { call },
        Event::ConnectFetched { call, attempt },
        Event::LegSeen { call, attempt, ringing: true },
        Event::LegAnswered { call, attempt },
        Event::LegEnded { call, attempt, cause },
        Event::LegHungUp { call, attempt },
        Event::LegFound { call, attempt, up: Some(true) },
        Event::ConnectionOver { call, attempt, talked: true, caller_is_there: true, cause },
        Event::CutInDone { call, attempt, result: CutIn::Refused },
        Event::AnswerLost { call },
        Event::CallerFound { call, there: Some(true) },
        Event::MessageLeft { call, recording: recording.clone() },
        Event::NothingRecorded { call, times: 1 },
        Event::RecordingAbsent { call },
        Event::RecordingLost { call, recording },
    ];
    for event in late {
        let answer = scene.happens(event.clone());
        assert!(answer.is_none_or(|answer| answer == Instruction::HangUp), "{event:?}");
        let (says, writes, jobs) = scene.look();
        assert!(says.is_empty() && writes.is_empty() && jobs.is_empty(), "{event:?}");
    }
    assert!(scene.board.call(call).is_none());
    assert_eq!(scene.board.find("main", &scene.rows[&call].provider_call_id), None);
}

#[test]
fn the_first_webhook_twice_makes_one_call_and_one_ticket() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.arrivals -= 1;
    assert!(matches!(scene.arrives(scene.channel), Some(Instruction::Ring { .. })));
    assert_eq!(scene.board.calls().count(), 1);
    let opened =
        scene.writes.iter().filter(|w| matches!(w, Write::Ticket(TicketChange::Open { .. }))).count();
    assert_eq!((opened, scene.rung(call)), (1, vec![0]));
}

#[test]
fn a_channel_that_is_gone_sends_its_callers_to_the_message_and_frees_its_agents_for_others() {
    let mut scene = Scene::new(Strategy::RoundRobin, 2).times(waiting(60));
    let (here, gone) = (scene.channel, ChannelId(Ids::new(61).next(2)));
    let rule = Rule { users: vec![scene.agents[1]], strategy: Strategy::RoundRobin, ..Rule::default() };
    scene.channels.insert(gone, open_channel(gone, rule));
    scene.channels.get_mut(&here).expect("a channel").rule.users.truncate(1);
    let talk = scene.call_in();
    scene.talks(talk, 0);
    let older = scene.call_in();
    scene.channel = gone;
    let younger = scene.call_in();
    assert_eq!((scene.state(older), scene.rung(younger)), ("waiting", vec![1]));
    scene.channels.get_mut(&here).expect("a channel").rule.users = scene.agents.clone();
    scene.happens(Event::SettingsChanged);
    assert_eq!(
        (scene.state(older), scene.rung(older)),
        ("ringing", vec![]),
        "the second is being offered another"
    );
    scene.channels.remove(&gone);
    scene.happens(Event::SettingsChanged);
    assert_eq!((scene.state(younger), scene.rung(older)), ("voicemail", vec![1]));
}

// Restarts

#[test]
fn after_a_restart_no_deadline_lies_further_ahead_than_it_could_have_been_set() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2).times(waiting(60));
    let (ringing, talk) = (scene.call_in(), scene.call_in());
    scene.talks(talk, 1);
    scene.now.at -= TimeDelta::hours(2);
    scene.now.steady = Steady(scene.now.at.timestamp_millis());
    scene.restarts();
    assert_eq!(scene.seconds_left(ringing), 25.0);
    assert_eq!((scene.rung(ringing), scene.state(talk)), (vec![0], "talking"));
    assert!(scene.board.next_deadline().is_some_and(|due| due <= scene.now.steady.plus_seconds(25)));
    let next = scene.call_in();
    assert!(next > ringing, "later callers come after those who were there, though the clock was set back");
}

#[test]
fn after_a_restart_a_call_goes_on_where_it_was() {
    let mut scene = Scene::new(Strategy::RoundRobin, 3).times(waiting(60));
    let (ringing, connecting, talk) = (scene.call_in(), scene.call_in(), scene.call_in());
    scene.talks(talk, 2);
    scene.accepts(connecting, 1);
    scene.pass(5_000);
    scene.restarts();
    assert_eq!((scene.rung(ringing), scene.seconds_left(ringing)), (vec![0], 20.0));
    assert!(scene.board.awaits_cut_in(connecting, 1));
    assert_eq!(scene.occupation(1), Occupation::Connecting(connecting));
    assert_eq!(scene.occupation(2), Occupation::Talking(talk));
    scene.accepts(ringing, 0);
    scene.happens(Event::LegAnswered { call: connecting, attempt: 1 });
    assert_eq!((scene.state(ringing), scene.state(connecting)), ("connecting", "talking"));
    let found = scene.board.find("main", &scene.call(talk).provider_call_id.clone());
    assert_eq!(found, Some(talk));
}

#[test]
fn an_agent_who_had_a_softphone_gets_five_seconds_to_come_back_after_a_restart() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.stops_and_starts();
    scene.pass(4_999);
    assert_eq!(scene.rung(call), [0]);
    scene.pass(1);
    assert_eq!(scene.state(call), "voicemail");
}

// Voicemail

#[test]
fn a_message_is_fetched_kept_and_only_then_is_the_call_over() {
    let mut scene = Scene::new(Strategy::Simultaneous, 0);
    assert_eq!(scene.arrives(scene.channel), Some(MESSAGE));
    let call = scene.board.calls().next().expect("a call").id;
    let recording = Recording { id: "RE1".into(), seconds: 7 };
    let left = scene.happens(Event::MessageLeft { call, recording: recording.clone() });
    assert_eq!(left, Some(Instruction::ThankAndHangUp));
    scene.hangs_up(call);
    scene.look();
    for _ in 0..2 {
        scene.happens(Event::RecordingReady { call, recording: recording.clone() });
    }
    assert_eq!(scene.look().2.len(), 1, "fetched once");
    assert_eq!(scene.state(call), "voicemail");
    let ticket = scene.call(call).ticket;
    scene.happens(Event::RecordingKept { call, ticket, recording, sha256: "0".repeat(64) });
    let State::Ended { outcome, .. } = scene.rows[&call].state else { panic!("it ended") };
    assert_eq!(outcome, Outcome::Voicemail);
}

/// As when the telephone company could not get the document after the first one, and asked for another.
#[test]
fn a_caller_who_left_two_messages_is_heard_twice() {
    let mut scene = Scene::new(Strategy::Simultaneous, 0);
    scene.arrives(scene.channel);
    let call = scene.board.calls().next().expect("a call").id;
    let [first, second] = ["RE1", "RE2"].map(|id| Recording { id: id.into(), seconds: 7 });
    scene.happens(Event::RecordingReady { call, recording: first.clone() });
    scene.happens(Event::RecordingReady { call, recording: second.clone() });
    scene.happens(Event::RecordingReady { call, recording: second.clone() });
    let fetched = |job: &Job, wanted: &Recording| matches!(job, Job::KeepRecording { recording, .. } if recording == wanted);
    let jobs = scene.look().2;
    for recording in [&first, &second] {
        assert!(jobs.iter().any(|job| fetched(job, recording)), "{recording:?} is not fetched");
    }
    let ticket = scene.call(call).ticket;
    scene.happens(Event::RecordingKept { call, ticket, recording: first, sha256: "0".repeat(64) });
    let State::Ended { outcome, .. } = scene.rows[&call].state else { panic!("it ended") };
    assert_eq!(outcome, Outcome::Voicemail);
}

#[test]
fn a_silent_caller_is_asked_once_more_and_then_sent_home() {
    let mut scene = Scene::new(Strategy::Simultaneous, 0);
    scene.arrives(scene.channel);
    let call = scene.board.calls().next().expect("a call").id;
    let mut answers = (1..=2).map(|times| scene.happens(Event::NothingRecorded { call, times }));
    assert_eq!(answers.next(), Some(Some(Instruction::AskAgain)));
    assert_eq!(answers.next(), Some(Some(Instruction::SayGoodbye)));
    drop(answers);
    scene.hangs_up(call);
    let State::Ended { outcome, .. } = scene.rows[&call].state else { panic!("it ended") };
    assert_eq!(outcome, Outcome::Abandoned);
}

#[test]
fn a_caller_who_leaves_without_a_word_is_waited_for_until_it_is_certain() {
    let mut scene = Scene::new(Strategy::Simultaneous, 0);
    scene.arrives(scene.channel);
    let call = scene.board.calls().next().expect("a call").id;
    scene.hangs_up(call);
    scene.look();
    scene.pass(60_000);
    let asked =
        |scene: &Scene| scene.says.iter().filter(|say| matches!(say, Say::FindRecordings { .. })).count();
    assert_eq!((scene.state(call), asked(&scene)), ("voicemail", 1));
    assert!(!scene.says.iter().any(|say| matches!(say, Say::FindCaller { .. })), "they are known to be gone");
    scene.happens(Event::RecordingsFound { call, found: None });
    assert_eq!(scene.state(call), "voicemail", "nobody could say");
    scene.happens(Event::RecordingsFound { call, found: Some(vec![]) });
    assert_eq!(scene.state(call), "ended");
}
