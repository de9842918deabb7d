//! What happens next: likely and impossible events, late, doubled and in any order.

use super::{
    Day,
    ledger::{Ledger, state_of},
    world,
};
use chrono::TimeDelta;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use std::collections::{BTreeMap, VecDeque};
use strowger::calls::{
    call::{Call, Caller, Recording},
    decision::{Decision, Say, Write},
    event::{Arrival, CutIn, Event},
    transfer::Target,
};
use strowger::routing::{
    availability::ByHand,
    ids::{CallId, ChannelId, OfferId, TeamId, UserId},
    reasons::ConnectionFailure,
};

pub struct Chance {
    random: StdRng,
    arrivals: u64,
    /// The telephone company's view of each live call.
    pub callers: BTreeMap<CallId, Side>,
    /// Events that are late.
    held_back: Vec<Event>,
    /// Calls and offers that are over.
    over: VecDeque<(CallId, Side)>,
    past_offers: VecDeque<(OfferId, UserId)>,
}

/// The caller's side of one call.
#[derive(Clone)]
pub struct Side {
    pub there: bool,
    provider_call_id: String,
    channel: ChannelId,
    attempt: u32,
    poll: u32,
}

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            arrivals: 0,
            callers: BTreeMap::new(),
            held_back: vec![],
            over: VecDeque::new(),
            past_offers: VecDeque::new(),
        }
    }

    pub fn one_in(&mut self, n: u32) -> bool {
        self.random.random_ratio(1, n)
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.random.random_range(0..n)
    }

    pub fn among<T: Clone>(&mut self, things: &[T]) -> T {
        things.choose(&mut self.random).expect("something to choose from").clone()
    }

    pub fn step_ms(&mut self) -> i64 {
        match self.random.random_range(0..100) {
            0..50 => 0,
            50..95 => self.random.random_range(0..400),
            95..99 => self.random.random_range(0..4_000),
            _ => self.random.random_range(0..20_000),
        }
    }

    /// Keeps up with which calls are live.
    pub fn notice(&mut self, decision: &Decision, before: &Ledger) {
        for write in &decision.write {
            match write {
                Write::Call(call) if call.is_over() => {
                    let side = self.callers.remove(&call.id);
                    self.over.extend(side.map(|side| (call.id, side)));
                    forget_oldest(&mut self.over);
                }
                Write::Call(call) => {
                    self.callers.entry(call.id).or_insert_with(|| Side::of(call)).attempt = call.attempt;
                }
                Write::Offer(row) if row.ended.is_some() && before.offers.contains_key(&row.offer.id) => {
                    self.past_offers.push_back((row.offer.id, row.offer.agent));
                    forget_oldest(&mut self.past_offers);
                }
                _ => {}
            }
        }
    }

    pub fn forget_what_is_on_its_way(&mut self) {
        self.held_back.clear();
    }
}

/// The latest things only.
fn forget_oldest<T>(things: &mut VecDeque<T>) {
    let too_many = things.len().saturating_sub(300);
    things.drain(..too_many);
}

impl Side {
    fn of(call: &Call) -> Self {
        let (provider_call_id, channel) = (call.provider_call_id.clone(), call.channel);
        Self { there: true, provider_call_id, channel, attempt: 0, poll: 0 }
    }
}

impl Day {
    pub fn think_of_something(&mut self) -> Event {
        let live: Vec<CallId> = self.chance.callers.keys().copied().collect();
        let over = |id: &&CallId| self.board.call(**id).is_some_and(|call| state_of(call) == "voicemail");
        let unattended = live.len() - live.iter().filter(over).count();
        if live.len() < 3 || (unattended < 15 && live.len() < 40 && self.chance.one_in(8)) {
            return self.somebody_calls();
        }
        if self.chance.one_in(30) && !self.chance.held_back.is_empty() {
            let which = self.chance.below(self.chance.held_back.len());
            return self.chance.held_back.swap_remove(which);
        }
        if self.chance.one_in(20) && !self.chance.over.is_empty() {
            let which = self.chance.below(self.chance.over.len());
            let (call, side) = self.chance.over[which].clone();
            return self.provider_says(call, side);
        }
        let call = self.chance.among(&live);
        let event = if self.chance.one_in(2) {
            self.agent_does(call)
        } else {
            let side = self.chance.callers[&call].clone();
            self.provider_says(call, side)
        };
        if self.chance.one_in(40) && self.chance.held_back.len() < 50 {
            self.chance.held_back.push(event);
            return Event::TimePassed;
        }
        event
    }

    fn somebody_calls(&mut self) -> Event {
        self.chance.arrivals += 1;
        let channel = self.chance.among(&self.world.channel_ids);
        let provider_call_id = format!("CA{:032x}", self.chance.arrivals);
        let from = match self.chance.below(20) {
            0..8 => format!("+43555{:04}", self.chance.below(50)),
            8..12 => world::PLAIN.into(),
            12 | 13 => world::SOMEWHAT.into(),
            14 | 15 => world::VERY.into(),
            16 => world::BUSY.into(),
            17 => world::MESSAGE.into(),
            18 => world::VOICEMAIL.into(),
            _ => world::WITHHELD.into(),
        };
        let arrival = arrival(channel, provider_call_id, from);
        match self.chance.below(100) {
            0 => Event::CallMissed(arrival),
            1 => Event::MessageFound { arrival, recording: Recording { id: "RE0".into(), seconds: 3 } },
            _ => Event::CallArrived(arrival),
        }
    }

    fn agent_does(&mut self, call: CallId) -> Event {
        let any = self.chance.among(&self.world.users);
        let offers = self.board.call(call).map(|call| call.offers.clone()).unwrap_or_default();
        let offer = offers.choose(&mut self.chance.random).copied();
        let talker = self.board.call(call).and_then(Call::agent);
        match self.chance.below(22) {
            0..5 => match offer {
                Some(offer) => Event::OfferAccepted { agent: offer.agent, offer: offer.id },
                None => self.stale_accept(any),
            },
            5..7 => match offer {
                Some(offer) => Event::OfferDeclined { agent: offer.agent, offer: offer.id },
                None => Event::AgentReady { agent: any },
            },
            7 => match offer {
                Some(offer) => Event::OfferAccepted { agent: any, offer: offer.id },
                None => Event::OfferDeclined { agent: any, offer: OfferId(call.0) },
            },
            8..13 if !self.is_scarce(any) => Event::AgentConnected { agent: any },
            8..13 => Event::AgentDisconnected { agent: any },
            13 => Event::AgentDisconnected { agent: any },
            14 => Event::MediaChanged {
                agent: any,
                registered: !self.chance.one_in(10),
                microphone: !self.chance.one_in(10),
            },
            15 => self.set_availability(any),
            16 => Event::AgentReady { agent: any },
            17 => Event::SettingsChanged,
            18 | 19 => self.hand_on(talker.unwrap_or(any), call),
            _ if self.chance.one_in(5) => Event::AgentHungUp { agent: any, call },
            _ => Event::AgentHungUp { agent: talker.unwrap_or(any), call },
        }
    }

    /// To agents, teams and numbers, some of whom nobody can be handed on to.
    fn hand_on(&mut self, agent: UserId, call: CallId) -> Event {
        let mut teams: Vec<TeamId> = self.world.people.teams.keys().copied().collect();
        teams.sort_unstable();
        let silenced = self.board.call(call).and_then(|call| call.excluded.keys().next().copied());
        let to = match self.chance.below(9) {
            // Whoever declined is asked again, by name.
            0 if silenced.is_some() => Target::Agent(silenced.unwrap_or(agent)),
            0..3 => Target::Agent(self.chance.among(&self.world.users)),
            3 => Target::Agent(UserId(call.0)),
            4..6 => Target::Team(self.chance.among(&teams)),
            6 => Target::Team(TeamId(call.0)),
            _ => Target::Number(format!("+43777{:04}", self.chance.below(10_000))),
        };
        let agent = if self.chance.one_in(10) { self.chance.among(&self.world.users) } else { agent };
        Event::Transferred { agent, call, to }
    }

    /// Every other day few are there, so that callers queue.
    fn is_scarce(&self, agent: UserId) -> bool {
        let among_the_few =
            self.world.users.iter().position(|user| *user == agent).is_some_and(|n| n % 5 == 1);
        self.seed % 2 == 1 && !among_the_few
    }

    /// An accept of an offer that is over, by whoever it was made to.
    fn stale_accept(&mut self, any: UserId) -> Event {
        let past = self.chance.past_offers.iter().copied().collect::<Vec<_>>();
        let (offer, agent) = past.choose(&mut self.chance.random).copied().unwrap_or((OfferId(any.0), any));
        Event::OfferAccepted { agent, offer }
    }

    fn set_availability(&mut self, agent: UserId) -> Event {
        let by_hand = match self.chance.below(4) {
            0 => ByHand::Away { reason: Some("lunch".into()), until: None },
            1 => ByHand::Away { reason: None, until: Some(self.world.now.at + TimeDelta::seconds(20)) },
            _ => ByHand::Available,
        };
        Event::AvailabilitySet { agent, by_hand }
    }

    fn provider_says(&mut self, id: CallId, side: Side) -> Event {
        let attempt = if self.chance.one_in(5) { self.chance.below(4) as u32 } else { side.attempt };
        let cause = self.chance.among(&[
            ConnectionFailure::Busy,
            ConnectionFailure::NoAnswer,
            ConnectionFailure::Failed,
            ConnectionFailure::Cancelled,
        ]);
        let seconds = self.chance.below(4) as u32;
        let recording = Recording { id: format!("RE{:032x}", id.0.as_u128()), seconds };
        if self.chance.one_in(4)
            && let Some(event) = self.what_matters_now(id, attempt, cause)
        {
            return event;
        }
        match self.chance.below(34) {
            0..6 => {
                let poll = side.poll + 1;
                self.side(id, |side| side.poll = poll);
                let presses = self.chance.one_in(12);
                if presses {
                    Event::CallerWantsMessage { call: id, poll }
                } else {
                    Event::Asked { call: id, poll }
                }
            }
            6 => match self.board.call(id) {
                Some(_) => {
                    Event::CallArrived(arrival(side.channel, side.provider_call_id, world::PLAIN.into()))
                }
                None => Event::Asked { call: id, poll: 7 },
            },
            7 => {
                self.side(id, |side| side.there = false);
                Event::CallerHungUp { call: id }
            }
            8..11 => Event::ConnectFetched { call: id, attempt },
            11..13 => Event::LegSeen { call: id, attempt, ringing: self.chance.one_in(2) },
            13..18 => Event::LegAnswered { call: id, attempt },
            18 if self.chance.one_in(3) => Event::LegHungUp { call: id, attempt },
            18 => Event::LegEnded { call: id, attempt, cause },
            19..22 => {
                let (talked, caller_is_there) = (self.chance.one_in(2), self.chance.one_in(2));
                self.side(id, |side| side.there = caller_is_there);
                Event::ConnectionOver { call: id, attempt, talked, caller_is_there, cause }
            }
            22 => Event::MessageLeft { call: id, recording },
            23 => Event::NothingRecorded { call: id, times: self.chance.below(2) as u32 + 1 },
            // Nothing can be recorded before the caller was asked to speak.
            24 if self.board.call(id).is_none_or(|call| state_of(call) == "voicemail") => {
                Event::RecordingReady { call: id, recording }
            }
            24 | 25 => Event::RecordingAbsent { call: id },
            26 => Event::AnswerLost { call: id },
            30 => Event::LegPickedUp { call: id, attempt },
            31 => Event::KeyPressed { call: id, attempt },
            32 => Event::KeyLost { call: id, attempt },
            33 => Event::OutsideFetched { call: id, attempt },
            27 => {
                let results = [CutIn::Applied, CutIn::Refused, CutIn::Unknown, CutIn::CallerGone];
                let result = results[if self.chance.one_in(10) { 3 } else { self.chance.below(3) }];
                Event::CutInDone { call: id, attempt, result }
            }
            28 => match self.ledger.to_be_kept_of(id) {
                Some((ticket, recording)) if !self.chance.one_in(3) => {
                    Event::RecordingKept { call: id, ticket, recording, sha256: "0".repeat(64) }
                }
                Some((_, recording)) => Event::RecordingLost { call: id, recording },
                None => Event::RecordingsFound { call: id, found: None },
            },
            _ => {
                Event::LegFound { call: id, attempt, up: self.chance.among(&[None, Some(true), Some(false)]) }
            }
        }
    }

    /// What makes a difference to a call that is being connected, talks, or was handed on to a number outside.
    fn what_matters_now(&mut self, call: CallId, attempt: u32, cause: ConnectionFailure) -> Option<Event> {
        let result = self.chance.among(&[CutIn::Refused, CutIn::Unknown]);
        let talked = self.chance.one_in(2);
        let over = Event::ConnectionOver { call, attempt, talked, caller_is_there: true, cause };
        let events = match state_of(self.board.call(call)?) {
            "connecting" => vec![
                Event::Asked { call, poll: 1 },
                Event::LegPickedUp { call, attempt },
                Event::KeyPressed { call, attempt },
                Event::ConnectFetched { call, attempt },
                Event::AnswerLost { call },
                Event::CutInDone { call, attempt, result },
            ],
            "outside" => vec![
                Event::Asked { call, poll: 1 },
                Event::OutsideFetched { call, attempt },
                Event::AnswerLost { call },
                over,
            ],
            "talking" => vec![
                Event::KeyLost { call, attempt },
                Event::LegEnded { call, attempt, cause },
                Event::LegHungUp { call, attempt },
                Event::ConnectionOver { call, attempt, talked: true, caller_is_there: true, cause },
                Event::Asked { call, poll: 1 },
            ],
            _ => return None,
        };
        Some(self.chance.among(&events))
    }

    fn side(&mut self, id: CallId, change: impl FnOnce(&mut Side)) {
        self.chance.callers.get_mut(&id).map(change);
    }

    /// The telephone company answers our questions, mostly truthfully.
    pub fn answer(&mut self, question: Say) -> Event {
        let known = !self.chance.one_in(10);
        match question {
            Say::FindCaller { call, .. } => {
                let there = self.chance.callers.get(&call).is_some_and(|side| side.there);
                Event::CallerFound { call, there: known.then_some(there) }
            }
            Say::FindLeg { call, attempt, .. } => {
                Event::LegFound { call, attempt, up: known.then_some(self.chance.one_in(2)) }
            }
            Say::FindRecordings { call, .. } => {
                let recording = Recording { id: format!("RE{:032x}", call.0.as_u128()), seconds: 3 };
                let found = if self.chance.one_in(2) { vec![recording] } else { vec![] };
                Event::RecordingsFound { call, found: known.then_some(found) }
            }
            other => panic!("{other:?} is no question"),
        }
    }
}

fn arrival(channel: ChannelId, provider_call_id: String, from: String) -> Arrival {
    let from = Caller::from(from);
    Arrival { channel, provider: "main".into(), provider_call_id, from, to: "+437654321".into(), poll: 0 }
}
