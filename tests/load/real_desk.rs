//! A day at a real desk, speeded up. No clock can be hurried from outside without changing what is measured (a ring lasts
//! whole seconds), but in the switchboard time is an argument: here it is the real switchboard, decision for decision, with
//! a clock that jumps to whatever happens next. What the daemon adds, about a millisecond a step, is not in it.

use crate::{
    Form,
    floor::Floor,
    table::{Row, Table, histogram},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    time::{Duration, Instant},
};
use strowger::{
    calls::{
        agents::Occupation,
        call::State,
        channel::OwnTimes,
        decision::{Decision, Job, Say},
        event::{CutIn, Event},
    },
    routing::{
        availability::ByHand,
        distribution::Strategy,
        ids::{CallId, UserId},
        reasons::ConnectionFailure,
    },
};

const AGENTS: usize = 30;
const CALLS_PER_HOUR: f64 = 420.0;
const TALK_SECONDS: std::ops::Range<i64> = 120..300;
const WRAP_UP_SECONDS: u32 = 20;
/// How long agents look at an offer before they take it.
const REACTION_MS: std::ops::Range<i64> = 1_500..6_000;
const MISSES: f64 = 0.15;
const DEAD_DEVICES: f64 = 0.02;
/// On the average.
const PATIENCE_SECONDS: f64 = 180.0;
/// Until an agent notices that they were set away or that their telephone is dead.
const NOTICED_AFTER_MS: i64 = 60_000;

pub fn measure(form: Form, table: &mut Table) {
    let hours = form.seconds(8 * 3600, 80 * 3600).as_secs() / 3600;
    for (name, strategy) in
        [("simultaneous", Strategy::Simultaneous), ("longest_idle", Strategy::LongestIdle)]
    {
        let began = Instant::now();
        let day = Day::new(strategy).play(hours);
        let all_time_ms = AGENTS as f64 * hours as f64 * 3_600_000.0;
        let waited = histogram(day.waited.iter().copied());
        let seconds = |quantile: f64| waited.value_at_quantile(quantile) as f64 / 1_000_000.0;
        let case = format!("{AGENTS} agents, {hours} h by its own clock, {name}");
        let row = Row::new("A real desk speeded up (the switchboard alone, its clock jumps)", case.as_str())
            .count("calls", day.calls)
            .figure("waiting p50", seconds(0.5), "s")
            .figure("waiting p95", seconds(0.95), "s")
            .figure("abandoned", day.abandoned as f64 * 100.0 / day.calls as f64, "%")
            .figure("to a message", day.messages as f64 * 100.0 / day.calls as f64, "%")
            .figure("busy", day.busy_ms as f64 * 100.0 / all_time_ms, "%")
            .figure("free while somebody is in line", day.free_ms as f64 * 100.0 / all_time_ms, "%")
            .figure("while nobody is rung for them", day.unrung_ms as f64 * 100.0 / all_time_ms, "%")
            .ms("took", began.elapsed());
        table.add(row);
        let still_there = day.floor.board.calls().count();
        let lost = day.calls.saturating_sub(day.waited.len() + day.abandoned + day.messages + still_there);
        table.note_wrong(
            &case,
            [("calls lost".into(), lost as u64)].into_iter().filter(|w| w.1 > 0).collect(),
        );
    }
}

struct Day {
    floor: Floor,
    chance: StdRng,
    due: BinaryHeap<Reverse<(i64, u64)>>,
    planned: HashMap<u64, Event>,
    plans: u64,
    calls: usize,
    /// Callers who talked to nobody yet, and since when.
    in_line: HashMap<CallId, i64>,
    waited: Vec<Duration>,
    abandoned: usize,
    messages: usize,
    busy_ms: i64,
    free_ms: i64,
    unrung_ms: i64,
}

impl Day {
    fn new(strategy: Strategy) -> Self {
        let own_times = OwnTimes {
            wait_seconds: Some(3_600),
            wrap_up_seconds: Some(WRAP_UP_SECONDS),
            ..OwnTimes::default()
        };
        Self {
            floor: Floor::new(AGENTS, 0, strategy, own_times),
            chance: StdRng::seed_from_u64(1),
            due: BinaryHeap::new(),
            planned: HashMap::new(),
            plans: 0,
            calls: 0,
            in_line: HashMap::new(),
            waited: Vec::new(),
            abandoned: 0,
            messages: 0,
            busy_ms: 0,
            free_ms: 0,
            unrung_ms: 0,
        }
    }

    fn play(mut self, hours: u64) -> Self {
        let until = self.floor.now.steady.0 + i64::try_from(hours).expect("hours") * 3_600_000;
        let mut next_call = self.floor.now.steady.0;
        loop {
            let planned = self.due.peek().map_or(i64::MAX, |Reverse((at, _))| *at);
            let deadline = self.floor.board.next_deadline().map_or(i64::MAX, |due| due.0);
            let at = planned.min(deadline).min(next_call).max(self.floor.now.steady.0);
            if at >= until {
                return self;
            }
            self.count_until(at);
            self.floor.pass_to(at);
            if at >= next_call {
                next_call = at + self.draw_ms(3_600.0 / CALLS_PER_HOUR).max(1);
                self.calls += 1;
                let arrival = self.floor.arrival(u32::try_from(self.calls).expect("a number"));
                self.happen(arrival);
            } else if at >= planned {
                let Some(Reverse((_, plan))) = self.due.pop() else { continue };
                let event = self.planned.remove(&plan).expect("what was planned");
                self.happen(event);
            } else {
                self.happen(Event::TimePassed);
            }
        }
    }

    /// A time with this average, as waits between strangers are distributed.
    fn draw_ms(&mut self, average_seconds: f64) -> i64 {
        let even: f64 = self.chance.random_range(f64::EPSILON..1.0);
        (-even.ln() * average_seconds * 1000.0) as i64
    }

    fn plan(&mut self, in_ms: i64, event: Event) {
        self.plans += 1;
        self.due.push(Reverse((self.floor.now.steady.0 + in_ms, self.plans)));
        self.planned.insert(self.plans, event);
    }

    /// What agents did since the last event.
    fn count_until(&mut self, at: i64) {
        let ms = at - self.floor.now.steady.0;
        let in_line = || self.floor.board.calls().filter(|call| call.is_in_line());
        let somebody_is_in_line = in_line().next().is_some();
        let somebody_rings_nobody = in_line().any(|call| call.offers.is_empty());
        for (_, agent) in self.floor.board.agents() {
            let there = agent.by_hand == ByHand::Available && agent.phone().objection().is_none();
            match agent.occupation {
                Occupation::Free if !there || !somebody_is_in_line => {}
                Occupation::Free => {
                    self.free_ms += ms;
                    self.unrung_ms += if somebody_rings_nobody && agent.offers.is_empty() { ms } else { 0 };
                }
                _ => self.busy_ms += ms,
            }
        }
    }

    fn happen(&mut self, event: Event) {
        let arrives = matches!(event, Event::CallArrived(_));
        if let Event::CallerHungUp { call } = event {
            match self.in_line.remove(&call) {
                Some(_) => self.abandoned += 1,
                None if self.takes_message(call) => {}
                // Patience is for those who wait.
                None => return,
            }
        }
        let decision = self.floor.handle(event);
        if arrives && let Some(call) = decision.answer.as_ref().and_then(|answer| answer.call) {
            self.in_line.insert(call, self.floor.now.steady.0);
            let patience = self.draw_ms(PATIENCE_SECONDS);
            self.plan(patience, Event::CallerHungUp { call });
        }
        self.follow(decision);
    }

    /// People and the telephone company do what they were told.
    fn follow(&mut self, decision: Decision) {
        for job in decision.later {
            if let Job::CutIn { call, attempt, .. } = job {
                self.plan(100, Event::CutInDone { call, attempt, result: CutIn::Applied });
                self.plan(150, Event::ConnectFetched { call, attempt });
                match self.chance.random_bool(DEAD_DEVICES) {
                    true => self.plan(8_000, nobody_there(call, attempt)),
                    false => self.plan(600, Event::LegAnswered { call, attempt }),
                }
            }
        }
        for say in decision.say {
            self.hear(say);
        }
        let board = &self.floor.board;
        let takes_message =
            |call: &CallId| board.call(*call).is_some_and(|call| matches!(call.state, State::Voicemail(_)));
        let messages: Vec<CallId> = self.in_line.keys().copied().filter(takes_message).collect();
        for call in messages {
            self.in_line.remove(&call);
            self.messages += 1;
            self.plan(20_000, Event::CallerHungUp { call });
        }
    }

    fn takes_message(&self, call: CallId) -> bool {
        self.floor.board.call(call).is_some_and(|call| matches!(call.state, State::Voicemail(_)))
    }

    fn hear(&mut self, say: Say) {
        match say {
            Say::Offered { offer, .. } if !self.chance.random_bool(MISSES) => {
                let reaction = self.chance.random_range(REACTION_MS);
                self.plan(reaction, Event::OfferAccepted { agent: offer.agent, offer: offer.id });
            }
            Say::OfferWon { call, .. } => {
                if let Some(since) = self.in_line.remove(&call) {
                    let ms = u64::try_from(self.floor.now.steady.0 - since).unwrap_or(0);
                    self.waited.push(Duration::from_millis(ms));
                }
            }
            Say::Call { agent, call, state: "talking" } => {
                let seconds = self.chance.random_range(TALK_SECONDS);
                self.plan(seconds * 1000, Event::AgentHungUp { agent, call });
            }
            Say::Call { agent, state: "ended", .. } => self.left(agent),
            Say::Availability { agent, by_hand: ByHand::Away { .. } } => {
                self.plan(NOTICED_AFTER_MS, Event::AvailabilitySet { agent, by_hand: ByHand::Available });
            }
            Say::FindCaller { call, .. } => self.plan(100, Event::CallerFound { call, there: Some(true) }),
            Say::FindLeg { call, attempt, .. } => {
                self.plan(100, Event::LegFound { call, attempt, up: Some(false) });
            }
            _ => {}
        }
    }

    /// An agent whose telephone was dead registers again once they notice.
    fn left(&mut self, agent: UserId) {
        if self.floor.board.known_agent(agent).is_some_and(|known| !known.reachable) {
            self.plan(NOTICED_AFTER_MS, Event::MediaChanged { agent, registered: true, microphone: true });
        }
    }
}

fn nobody_there(call: CallId, attempt: u32) -> Event {
    let cause = ConnectionFailure::NoAnswer;
    Event::ConnectionOver { call, attempt, talked: false, caller_is_there: true, cause }
}
