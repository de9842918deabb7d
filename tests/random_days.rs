//! Random days: a million events thrown at the switchboard, likely and impossible ones, in any order, with restarts.
//! After each, what must always hold is checked by other means than the switchboard's own.

use chrono::{DateTime, TimeDelta, Utc};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use strowger::calls::{
    agents::Occupation,
    call::{Call, Caller, Cause, Outcome, Recording, State},
    channel::{Channel, Greetings, OwnTimes, Times},
    decision::{Action, AgentRow, Decision, Job, Say, TicketChange, Write},
    event::{Arrival, CutIn, Event},
    switchboard::{Facts, Switchboard},
    time::{Now, Steady},
};
use strowger::routing::{
    assignment::Rule,
    availability::ByHand,
    distribution::{Strategy, TieBreak},
    hours::Hours,
    ids::{CallId, ChannelId, Ids, OfferId, TeamId, TicketId, UserId},
    load::{COUNTED_FOR, Load, TicketType},
    people::{People, Reach, Role, Seat, Team, User},
    reasons::{ConnectionFailure, Reason},
    zone::Zone,
};

const EVENTS: usize = 1_000_000;

#[test]
fn a_million_random_events_break_nothing() {
    let days = 10;
    let played: usize = (0..days).map(|seed| Day::new(seed).play(EVENTS / days as usize)).sum();
    assert!(played >= EVENTS, "only {played} events");
    println!("{played} events");
}

struct Day {
    random: StdRng,
    seed: u64,
    board: Switchboard,
    people: People,
    channels: HashMap<ChannelId, Channel>,
    users: Vec<UserId>,
    load: Load,
    now: Now,
    arrivals: u64,
    /// The telephone company's view of each live call.
    callers: BTreeMap<CallId, Caller_>,
    seen: Seen,
    events: usize,
}

/// What the telephone company knows of a call.
#[derive(Clone)]
struct Caller_ {
    there: bool,
    provider_call_id: String,
    channel: ChannelId,
    attempt: u32,
    poll: u32,
}

/// Kept apart from the switchboard, out of its decisions alone.
#[derive(Default)]
struct Seen {
    offers: HashMap<OfferId, (CallId, UserId, Vec<Cause>)>,
    tickets: HashMap<TicketId, (CallId, Option<(UserId, DateTime<Utc>)>)>,
    outcomes: HashMap<CallId, Outcome>,
    arrived: HashSet<CallId>,
    agent_rows: HashMap<UserId, AgentRow>,
    recordings_asked: HashMap<CallId, (TicketId, Recording)>,
    causes: BTreeSet<&'static str>,
    outcomes_seen: BTreeSet<&'static str>,
}

impl Day {
    fn new(seed: u64) -> Self {
        let mut ids = Ids::new(seed);
        let users: Vec<User> = (0..12).map(|n| user(UserId(ids.next(1)), n)).collect();
        let ids_of: Vec<UserId> = users.iter().map(|user| user.id).collect();
        let team = Team {
            id: TeamId(ids.next(1)),
            name: "Team".into(),
            main: ids_of[5..9].to_vec(),
            extra: ids_of[9..11].to_vec(),
        };
        let strategies = [
            Strategy::Simultaneous,
            Strategy::LoadBalanced,
            Strategy::RoundRobin,
            Strategy::Random,
            Strategy::LongestIdle,
        ];
        let channels = strategies.iter().enumerate().map(|(n, strategy)| {
            let id = ChannelId(ids.next(1));
            let rule = Rule {
                users: ids_of[n..n + 4].to_vec(),
                teams: if n % 2 == 0 { vec![team.id] } else { vec![] },
                strategy: *strategy,
                tie_break: TieBreak::LongestSinceAssigned,
            };
            (id, channel(id, rule, n))
        });
        let channels = channels.collect();
        let at = DateTime::from_timestamp(1_770_000_000, 0).unwrap();
        let people = People {
            users: users.into_iter().map(|user| (user.id, user)).collect(),
            teams: HashMap::from([(team.id, team)]),
        };
        Self {
            random: StdRng::seed_from_u64(seed),
            seed,
            board: Switchboard::new(Ids::new(seed ^ 0xfeed)),
            people,
            channels,
            users: ids_of,
            load: Load::default(),
            now: Now { at, steady: Steady(at.timestamp_millis()) },
            arrivals: 0,
            callers: BTreeMap::new(),
            seen: Seen::default(),
            events: 0,
        }
    }

    fn play(mut self, events: usize) -> usize {
        while self.events < events {
            self.pass_time();
            let event = self.think_of_something();
            self.happen(event);
            if self.events % 20_000 == 0 {
                self.restart();
            }
            if self.events % 500 == 0 {
                self.recount();
            }
        }
        self.wind_down();
        for cause in [
            "won",
            "taken",
            "declined",
            "missed",
            "expired",
            "caller_hung_up",
            "withdrawn",
            "connection_failed",
        ] {
            assert!(self.seen.causes.contains(cause), "seed {}: no offer ever ended {cause}", self.seed);
        }
        for outcome in ["answered", "voicemail", "abandoned"] {
            assert!(self.seen.outcomes_seen.contains(outcome), "seed {}: no call was {outcome}", self.seed);
        }
        self.events
    }

    fn pass_time(&mut self) {
        let step = match self.random.random_range(0..100) {
            0..50 => 0,
            50..95 => self.random.random_range(0..400),
            95..99 => self.random.random_range(0..4_000),
            _ => self.random.random_range(0..20_000),
        };
        self.advance(step);
    }

    fn advance(&mut self, ms: i64) {
        let until = self.now.steady.plus_ms(ms);
        while let Some(due) = self.board.next_deadline().filter(|due| *due <= until) {
            let step = due.ms_since(self.now.steady).max(0);
            self.tick(step);
            self.happen(Event::TimePassed);
            assert!(
                self.board.next_deadline().is_none_or(|next| next > self.now.steady),
                "seed {} event {}: a due timer is left",
                self.seed,
                self.events
            );
        }
        self.tick(until.ms_since(self.now.steady));
    }

    fn tick(&mut self, ms: i64) {
        self.now.steady = self.now.steady.plus_ms(ms);
        self.now.at += TimeDelta::milliseconds(ms);
    }

    fn think_of_something(&mut self) -> Event {
        let live: Vec<CallId> = self.callers.keys().copied().collect();
        if live.len() < 3 || (live.len() < 25 && self.random.random_ratio(1, 12)) {
            return self.arrive();
        }
        let call = *live.choose(&mut self.random).unwrap();
        if self.random.random_ratio(1, 2) { self.agent_does(call) } else { self.provider_says(call) }
    }

    fn arrive(&mut self) -> Event {
        self.arrivals += 1;
        let mut channels: Vec<_> = self.channels.keys().copied().collect();
        channels.sort();
        let channel = *channels.choose(&mut self.random).unwrap();
        let provider_call_id = format!("CA{:032x}", self.arrivals);
        self.arrival(channel, provider_call_id)
    }

    fn arrival(&self, channel: ChannelId, provider_call_id: String) -> Event {
        Event::CallArrived(Arrival {
            channel,
            provider: "main".into(),
            provider_call_id,
            from: Caller::from(String::from("+431234567")),
            to: "+437654321".into(),
            poll: 0,
        })
    }

    fn agent_does(&mut self, call: CallId) -> Event {
        let any = *self.users.choose(&mut self.random).unwrap();
        let offers = self.board.call(call).map(|call| call.offers.clone()).unwrap_or_default();
        let offer = offers.choose(&mut self.random).copied();
        let talker = self.board.call(call).and_then(Call::agent);
        match self.random.random_range(0..20) {
            0..5 => match offer {
                Some(offer) => Event::OfferAccepted { agent: offer.agent, offer: offer.id },
                None => self.stale_accept(any),
            },
            5..7 => match offer {
                Some(offer) => Event::OfferDeclined { agent: offer.agent, offer: offer.id },
                None => Event::AgentConnected { agent: any },
            },
            7 => match offer {
                Some(offer) => Event::OfferAccepted { agent: any, offer: offer.id },
                None => Event::OfferDeclined { agent: any, offer: OfferId(call.0) },
            },
            8..13 => Event::AgentConnected { agent: any },
            13 => Event::AgentDisconnected { agent: any },
            14 => Event::MediaChanged {
                agent: any,
                registered: self.random.random_ratio(9, 10),
                microphone: self.random.random_ratio(9, 10),
            },
            15 => self.set_availability(any),
            16 => Event::AgentReady { agent: any },
            17 => Event::SettingsChanged,
            _ => Event::AgentHungUp { agent: talker.unwrap_or(any), call },
        }
    }

    /// An accept of an offer that is over, by whoever it was made to.
    fn stale_accept(&mut self, any: UserId) -> Event {
        let known: Option<(OfferId, UserId)> =
            self.seen.offers.iter().next().map(|(id, (_, agent, _))| (*id, *agent));
        let (offer, agent) = known.unwrap_or((OfferId(any.0), any));
        Event::OfferAccepted { agent, offer }
    }

    fn set_availability(&mut self, agent: UserId) -> Event {
        let by_hand = match self.random.random_range(0..4) {
            0 => ByHand::Away { reason: Some("lunch".into()), until: None },
            1 => ByHand::Away { reason: None, until: Some(self.now.at + TimeDelta::seconds(20)) },
            _ => ByHand::Available,
        };
        Event::AvailabilitySet { agent, by_hand }
    }

    fn provider_says(&mut self, id: CallId) -> Event {
        let caller = self.callers[&id].clone();
        let current = self.board.call(id).map_or(caller.attempt, |call| call.attempt);
        let attempt = if self.random.random_ratio(4, 5) { current } else { self.random.random_range(0..4) };
        let failures = [
            ConnectionFailure::Busy,
            ConnectionFailure::NoAnswer,
            ConnectionFailure::Failed,
            ConnectionFailure::Cancelled,
        ];
        let cause = *failures.choose(&mut self.random).unwrap();
        let recording =
            Recording { id: format!("RE{:032x}", id.0.as_u128()), seconds: self.random.random_range(0..4) };
        match self.random.random_range(0..30) {
            0..6 => {
                let poll = caller.poll + 1;
                self.callers.get_mut(&id).unwrap().poll = poll;
                Event::Asked { call: id, poll }
            }
            6 => self.arrival(caller.channel, caller.provider_call_id),
            7 => {
                self.callers.get_mut(&id).unwrap().there = false;
                Event::CallerHungUp { call: id }
            }
            8..11 => Event::ConnectFetched { call: id, attempt },
            11..13 => Event::LegSeen { call: id, attempt, ringing: self.random.random() },
            13..18 => Event::LegAnswered { call: id, attempt },
            18 => Event::LegEnded { call: id, attempt, cause },
            19..22 => {
                let talked = self.random.random();
                let caller_is_there = self.random.random();
                self.callers.get_mut(&id).unwrap().there = caller_is_there;
                Event::ConnectionOver { call: id, attempt, talked, caller_is_there, cause }
            }
            22 => Event::MessageLeft { call: id, recording },
            23 => Event::NothingRecorded { call: id, times: self.random.random_range(1..3) },
            24 => Event::RecordingReady { call: id, recording },
            25 => Event::RecordingAbsent { call: id },
            26 => Event::AnswerLost { call: id },
            27 => {
                let results = [CutIn::Applied, CutIn::Refused, CutIn::Unknown];
                Event::CutInDone { call: id, attempt, result: *results.choose(&mut self.random).unwrap() }
            }
            28 => match self.seen.recordings_asked.get(&id).cloned() {
                Some((ticket, recording)) if self.random.random_ratio(2, 3) => {
                    Event::RecordingKept { call: id, ticket, recording, sha256: "0".repeat(64) }
                }
                Some((_, recording)) => Event::RecordingLost { call: id, recording },
                None => Event::RecordingsFound { call: id, found: None },
            },
            _ => Event::LegFound {
                call: id,
                attempt,
                up: *[None, Some(true), Some(false)].choose(&mut self.random).unwrap(),
            },
        }
    }

    fn happen(&mut self, event: Event) {
        self.events += 1;
        let before: Vec<Call> = self.board.calls().cloned().collect();
        self.load.expire(self.now.at);
        let facts = facts(&self.people, &self.channels, &self.load, self.now);
        let decision = self.board.handle(event.clone(), facts);
        let answered = decision.answer.is_some();
        let asks = matches!(
            event,
            Event::CallArrived(_)
                | Event::Asked { .. }
                | Event::ConnectFetched { .. }
                | Event::ConnectionOver { .. }
                | Event::MessageLeft { .. }
                | Event::NothingRecorded { .. }
        );
        assert_eq!(asks, answered, "{}: {event:?} was answered by {:?}", self.place(), decision.answer);
        self.check_decision(&event, &before, &decision);
        self.check_board();
        let questions = self.remember(decision);
        for question in questions {
            let answer = self.answer(question);
            self.happen(answer);
        }
    }

    fn place(&self) -> String {
        format!("seed {} event {}", self.seed, self.events)
    }

    /// The telephone company answers our questions, mostly truthfully.
    fn answer(&mut self, question: Say) -> Event {
        let known = self.random.random_ratio(9, 10);
        match question {
            Say::FindCaller { call, .. } => {
                let there = self.callers.get(&call).is_some_and(|caller| caller.there);
                Event::CallerFound { call, there: known.then_some(there) }
            }
            Say::FindLeg { call, attempt, .. } => {
                Event::LegFound { call, attempt, up: known.then_some(self.random.random()) }
            }
            Say::FindRecordings { call, .. } => {
                let recording = Recording { id: format!("RE{:032x}", call.0.as_u128()), seconds: 3 };
                let found = if self.random.random() { vec![recording] } else { vec![] };
                Event::RecordingsFound { call, found: known.then_some(found) }
            }
            other => panic!("{other:?} is no question"),
        }
    }

    fn check_decision(&self, event: &Event, before: &[Call], decision: &Decision) {
        let place = self.place();
        for job in &decision.later {
            if let Job::HangUp { .. } = job {
                assert!(matches!(event, Event::AgentHungUp { .. }), "{place}: we hung up on {event:?}");
            }
        }
        for call in before {
            let State::Talking(_) = call.state else { continue };
            let ours = match event {
                Event::CallerHungUp { call: id }
                | Event::CallerFound { call: id, .. }
                | Event::AgentHungUp { call: id, .. }
                | Event::CutInDone { call: id, result: CutIn::CallerGone, .. }
                | Event::ConnectionOver { call: id, .. } => *id == call.id,
                _ => false,
            };
            let still = self.board.call(call.id).is_some_and(|now| now.state_name() == "talking");
            assert!(still || ours, "{place}: {event:?} ended a talk");
        }
        for write in &decision.write {
            if let Write::Decided(decided) = write {
                assert!(!decided.reasons.is_empty(), "{place}: a decision without a reason");
                if decided.action == Action::Unanswered {
                    self.check_nobody_was_left(before, decided.call, &decided.reasons[0], decision);
                }
            }
        }
    }

    /// A call goes to voicemail: nobody who could take it is left who was not rung for it to the end.
    fn check_nobody_was_left(&self, before: &[Call], id: CallId, reason: &Reason, decision: &Decision) {
        let call = self.board.call(id).expect("it takes a message now");
        let rung: HashSet<UserId> = before
            .iter()
            .filter(|call| call.id == id)
            .flat_map(|call| call.offers.iter().map(|offer| offer.agent))
            .collect();
        let expired = matches!(reason, Reason::RingTimeOver { .. });
        for agent in self.free_agents(call) {
            let withdrawn_now = decision.write.iter().any(
                |write| matches!(write, Write::Offer(row) if row.offer.agent == agent && row.ended.is_some()),
            );
            let one_at_a_time = self.channels[&call.channel].rule.strategy.rings_one_at_a_time();
            assert!(
                expired && (rung.contains(&agent) || one_at_a_time || withdrawn_now),
                "{}: {id} went to voicemail ({reason:?}) while {agent} is free",
                self.place()
            );
        }
    }

    /// By other code than the switchboard's: who could take this call at once?
    fn free_agents(&self, call: &Call) -> Vec<UserId> {
        let rule = &self.channels[&call.channel].rule;
        let mut reached: Vec<UserId> = rule.users.clone();
        for team in &rule.teams {
            reached.extend(&self.people.teams[team].main);
        }
        reached.sort();
        reached.dedup();
        reached.retain(|id| {
            let user = &self.people.users[id];
            let Some(agent) = self.board.known_agent(*id) else { return false };
            let phone = agent.phone();
            let away = match &agent.by_hand {
                ByHand::Available => false,
                ByHand::Away { until, .. } => until.is_none_or(|until| until > self.now.at),
            };
            let full = user.capacity.is_some_and(|most| self.load.of(*id, TicketType::Calling) >= most);
            let rings_elsewhere = rule.strategy.rings_one_at_a_time() && !agent.offers.is_empty();
            user.seats.contains(&Seat::Service)
                && user.ticket_access
                && !away
                && !full
                && phone.connected
                && phone.registered
                && phone.microphone
                && phone.reachable
                && agent.occupation == Occupation::Free
                && !rings_elsewhere
                && !call.excluded.contains_key(id)
        });
        reached
    }

    fn check_board(&self) {
        let place = self.place();
        let mut engaged = HashMap::new();
        for call in self.board.calls() {
            assert!(!call.is_over(), "{place}: an ended call is live");
            if let Some(agent) = call.agent() {
                assert_eq!(engaged.insert(agent, call.id), None, "{place}: {agent} has two calls");
            }
            let ringing = matches!(call.state, State::Ringing { .. });
            assert!(ringing || call.offers.is_empty(), "{place}: a {} call is offered", call.state_name());
            for offer in &call.offers {
                let agent = self.board.known_agent(offer.agent).expect("an agent who is rung is known");
                assert_eq!(agent.occupation, Occupation::Free, "{place}: a busy agent is rung");
                assert!(agent.offers.contains(&offer.id), "{place}: an agent does not know of their offer");
            }
            let one_at_a_time = self.channels[&call.channel].rule.strategy.rings_one_at_a_time();
            assert!(!one_at_a_time || call.offers.len() <= 1, "{place}: two are rung one at a time");
            if call.is_in_line() {
                self.check_everybody_is_rung(call, one_at_a_time);
            }
        }
        for (id, agent) in self.board.agents() {
            let busy_with = match agent.occupation {
                Occupation::Connecting(call) | Occupation::Talking(call) => Some(call),
                _ => None,
            };
            assert_eq!(busy_with, engaged.get(&id).copied(), "{place}: {id} thinks otherwise of their call");
            for offer in &agent.offers {
                let known = self.board.offers_to(id).iter().any(|(_, open)| open.id == *offer);
                assert!(known, "{place}: a call does not know of an offer");
            }
        }
    }

    /// As long as a call is in line, every free agent is rung for it (or for another, one at a time).
    fn check_everybody_is_rung(&self, call: &Call, one_at_a_time: bool) {
        if one_at_a_time && !call.offers.is_empty() {
            return;
        }
        for agent in self.free_agents(call) {
            assert!(
                call.offer_to(agent).is_some(),
                "{}: {agent} is free and not rung for {}",
                self.place(),
                call.id
            );
        }
    }

    fn remember(&mut self, decision: Decision) -> Vec<Say> {
        let place = self.place();
        for write in decision.write {
            match write {
                Write::Call(call) => self.remember_call(&call),
                Write::Offer(row) => {
                    let entry = (row.call, row.offer.agent, vec![]);
                    let (_, agent, causes) = self.seen.offers.entry(row.offer.id).or_insert(entry);
                    assert_eq!(*agent, row.offer.agent, "{place}: an offer changed hands");
                    if let Some((cause, _)) = row.ended {
                        self.seen.causes.insert(cause.name());
                        causes.push(cause);
                        let fine = match causes.as_slice() {
                            [_] => true,
                            [Cause::Won, second] => {
                                matches!(second, Cause::ConnectionFailed | Cause::CallerHungUp)
                            }
                            _ => false,
                        };
                        assert!(fine, "{place}: an offer ended {causes:?}");
                    }
                }
                Write::Ticket(change) => self.remember_ticket(change),
                Write::Agent(row) => {
                    self.seen.agent_rows.insert(row.agent, row);
                }
                Write::Decided(_) | Write::Cursor { .. } | Write::Voicemail { .. } => {}
            }
        }
        for job in decision.later {
            if let Job::KeepRecording { call, ticket, recording, .. } = job {
                self.seen.recordings_asked.insert(call, (ticket, recording));
            }
        }
        let ask = |say: &Say| {
            matches!(say, Say::FindCaller { .. } | Say::FindLeg { .. } | Say::FindRecordings { .. })
        };
        decision.say.into_iter().filter(ask).collect()
    }

    fn remember_call(&mut self, call: &Call) {
        let place = self.place();
        assert!(!self.seen.outcomes.contains_key(&call.id), "{place}: a finished call came back");
        self.seen.arrived.insert(call.id);
        if let State::Ended { outcome, .. } = call.state {
            self.seen.outcomes.insert(call.id, outcome);
            self.seen.outcomes_seen.insert(outcome.name());
            self.callers.remove(&call.id);
            let open = self.seen.offers.values().any(|(id, _, causes)| *id == call.id && causes.is_empty());
            assert!(!open, "{place}: an ended call has an open offer");
            self.seen.offers.retain(|_, (id, _, _)| *id != call.id);
        } else {
            self.callers.entry(call.id).or_insert_with(|| Caller_ {
                there: true,
                provider_call_id: call.provider_call_id.clone(),
                channel: call.channel,
                attempt: 0,
                poll: 0,
            });
        }
    }

    fn remember_ticket(&mut self, change: TicketChange) {
        let place = self.place();
        match change {
            TicketChange::Open { ticket, call, .. } => {
                let calls = self.seen.tickets.values().filter(|(known, _)| *known == call).count();
                assert_eq!(calls, 0, "{place}: a second ticket for {call}");
                assert!(
                    self.seen.tickets.insert(ticket, (call, None)).is_none(),
                    "{place}: a ticket opened twice"
                );
            }
            TicketChange::Assign { ticket, owner, at } => {
                self.seen.tickets.get_mut(&ticket).expect("an assigned ticket was opened").1 =
                    Some((owner, at));
                self.load.assign(ticket, TicketType::Calling, owner, at);
            }
            TicketChange::Unassign { ticket } => {
                self.seen.tickets.get_mut(&ticket).expect("a ticket was opened").1 = None;
                self.load.release(ticket);
            }
        }
        if self.seen.tickets.len() > 2_000 {
            self.forget_old_tickets();
        }
    }

    /// Somebody closes the tickets of calls that are over.
    fn forget_old_tickets(&mut self) {
        let over = |call: &CallId| self.seen.outcomes.contains_key(call);
        let closed: Vec<TicketId> =
            self.seen.tickets.iter().filter(|(_, (call, _))| over(call)).map(|(ticket, _)| *ticket).collect();
        for ticket in closed {
            self.seen.tickets.remove(&ticket);
            self.load.release(ticket);
        }
    }

    fn recount(&self) {
        let mut counts: HashMap<(UserId, TicketType), u32> = HashMap::new();
        for (owner, at) in self.seen.tickets.values().filter_map(|(_, owner)| *owner) {
            if at >= self.now.at - COUNTED_FOR {
                *counts.entry((owner, TicketType::Calling)).or_default() += 1;
            }
        }
        let kept: HashMap<_, _> = self.load.counts().collect();
        assert_eq!(kept, counts, "{}: the load is not what a recount says", self.place());
    }

    /// The daemon stops and starts: all that is left is what was written.
    fn restart(&mut self) {
        let calls: Vec<String> = self
            .board
            .calls()
            .map(|call| serde_json::to_string(call).expect("a call can be stored"))
            .collect();
        let mut board = Switchboard::new(Ids::new(self.seed ^ self.events as u64));
        for row in self.seen.agent_rows.values() {
            board.restore_agent(row.clone(), self.now);
        }
        for text in &calls {
            let call = serde_json::from_str(text).expect("a stored call can be read");
            board.restore_call(call, facts(&self.people, &self.channels, &self.load, self.now));
        }
        assert_eq!(board.calls().count(), calls.len());
        self.board = board;
        self.happen(Event::SettingsChanged);
    }

    /// Everybody goes home: every call ends by itself.
    fn wind_down(&mut self) {
        for id in self.callers.keys().copied().collect::<Vec<_>>() {
            if let Some(caller) = self.callers.get_mut(&id) {
                caller.there = false;
            }
        }
        for _ in 0..20_000 {
            if self.board.calls().next().is_none() {
                break;
            }
            self.advance(5_000);
            let keeping: Vec<_> = self.seen.recordings_asked.drain().collect();
            for (call, (ticket, recording)) in keeping {
                self.happen(Event::RecordingKept { call, ticket, recording, sha256: "0".repeat(64) });
            }
        }
        let left: Vec<&Call> = self.board.calls().collect();
        assert!(left.is_empty(), "seed {}: calls never ended: {left:#?}", self.seed);
        assert_eq!(self.seen.arrived.len(), self.seen.outcomes.len());
        assert!(self.seen.offers.values().all(|(_, _, causes)| !causes.is_empty()), "an offer never ended");
    }
}

fn facts<'a>(
    people: &'a People,
    channels: &'a HashMap<ChannelId, Channel>,
    load: &'a Load,
    now: Now,
) -> Facts<'a> {
    Facts { people, channels, times: Times::default(), load, now }
}

fn user(id: UserId, n: u32) -> User {
    User {
        id,
        name: format!("Agent {n}"),
        email: format!("agent{n}@example.org"),
        role: Role::Agent,
        seats: if n == 3 { vec![Seat::Sales] } else { vec![Seat::Service] },
        ticket_access: n != 4,
        zone: Zone::utc(),
        working_hours: None,
        out_of_office: vec![],
        capacity: (n == 2).then_some(5),
        reach: if n == 6 { Reach::Number("+4312345".into()) } else { Reach::Client(format!("agent{n}")) },
    }
}

fn channel(id: ChannelId, rule: Rule, n: usize) -> Channel {
    let own_times = OwnTimes {
        wait_seconds: (n % 2 == 0).then_some(30),
        wrap_up_seconds: (n == 1).then_some(3),
        ..OwnTimes::default()
    };
    Channel {
        id,
        name: format!("Channel {n}"),
        provider: "main".into(),
        numbers: vec![],
        zone: Zone::utc(),
        hours: Hours::always(),
        rule,
        own_times,
        greetings: Greetings::default(),
    }
}
