//! Random days: a million events thrown at the switchboard, likely and impossible ones, late, doubled, in any order,
//! with restarts and changed settings. After each, what must always hold is checked by other code than the
//! switchboard's own: `chance` thinks of what happens next, `world` says who could take a call, `ledger` reckons what was
//! decided, and `decisions`, `offers`, `handing_on`,
//! `keys` and `board` compare these with the switchboard.

mod board;
mod chance;
mod decisions;
mod handing_on;
mod keys;
mod ledger;
mod offers;
mod world;

use chance::Chance;
use chrono::TimeDelta;
use ledger::Ledger;
use std::collections::BTreeSet;
use strowger::calls::{
    call::Call,
    decision::{Decision, Say, TicketChange, Write},
    event::Event,
    switchboard::{Facts, Switchboard},
    time::Steady,
};
use strowger::routing::ids::Ids;
use world::World;

const DAYS: u64 = 10;

/// Fewer can be asked for with `RANDOM_EVENTS`, to look for a mistake quickly.
fn events() -> usize {
    std::env::var("RANDOM_EVENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000)
}

#[test]
fn a_million_random_events_break_nothing() {
    let mut ends = BTreeSet::new();
    for seed in 0..DAYS {
        ends.extend(Day::new(seed).play(events() / DAYS as usize).ends);
    }
    // Every way in which an offer or a call can end was seen, calls that share a ticket, and all that handing on and
    // keys can come to.
    let all = [
        "abandoned",
        "answered",
        "caller_hung_up",
        "connection_failed",
        "declined",
        "expired",
        "gone at once",
        "handed on outside",
        "handed on to a team",
        "handed on to an agent",
        "key lost",
        "key pressed",
        "missed",
        "nobody reached outside",
        "reached outside",
        "rejected",
        "shared",
        "taken",
        "voicemail",
        "withdrawn",
        "won",
    ];
    assert_eq!(Vec::from_iter(ends), all);
}

struct Day {
    seed: u64,
    events: usize,
    chance: Chance,
    world: World,
    board: Switchboard,
    ledger: Ledger,
    restarted_at: Option<Steady>,
}

impl Day {
    fn new(seed: u64) -> Self {
        Self {
            seed,
            events: 0,
            chance: Chance::new(seed),
            world: World::new(seed),
            board: Switchboard::new(Ids::new(seed ^ 0xfeed)),
            ledger: Ledger::default(),
            restarted_at: None,
        }
    }

    fn play(mut self, events: usize) -> Ledger {
        while self.events < events {
            let step = self.chance.step_ms();
            self.advance(step);
            if self.chance.one_in(400) {
                self.world.change_a_setting(&mut self.chance);
                self.happen(Event::SettingsChanged);
            }
            let event = self.think_of_something();
            self.happen(event.clone());
            if self.chance.one_in(10) {
                self.happen_again(event);
            }
            if self.chance.one_in(10_000) {
                self.restart();
            }
            if self.events.is_multiple_of(500) {
                self.close_old_tickets();
                self.ledger.recount(&self.world, &self.place());
            }
        }
        self.wind_down();
        self.ledger
    }

    fn place(&self) -> String {
        format!("seed {} event {}", self.seed, self.events)
    }

    /// Time passes; whatever comes due on the way happens when it is due. Shifts begin at whole minutes.
    fn advance(&mut self, ms: i64) {
        let until = self.world.now.steady.plus_ms(ms);
        loop {
            let minute =
                self.world.now.steady.plus_ms(60_000 - self.world.now.at.timestamp_millis() % 60_000);
            let due = self.board.next_deadline().map_or(minute, |due| due.min(minute));
            if due > until {
                break self.tick(until);
            }
            self.tick(due);
            self.happen(Event::TimePassed);
            let next = self.board.next_deadline();
            assert!(next.is_none_or(|next| next > due), "{}: a due timer is left", self.place());
        }
    }

    fn tick(&mut self, to: Steady) {
        let ms = to.ms_since(self.world.now.steady).max(0);
        self.world.now.steady = self.world.now.steady.plus_ms(ms);
        self.world.now.at += TimeDelta::milliseconds(ms);
    }

    fn happen(&mut self, event: Event) {
        self.events += 1;
        self.world.load.expire(self.world.now.at);
        let decision = self.board.handle(event.clone(), facts(&self.world));
        decisions::check(self, &event, &decision);
        let changed = !decision.write.is_empty() || event == Event::TimePassed;
        let load_fell = decision.write.iter().any(|write| {
            matches!(write, Write::Ticket(TicketChange::Unassign { .. } | TicketChange::Close { .. }))
        });
        let questions = self.take_in(&event, decision);
        if load_fell {
            self.happen(Event::SettingsChanged);
        } else if changed || self.events.is_multiple_of(50) {
            board::check(self);
        }
        for question in questions {
            let answer = self.answer(question);
            self.happen(answer);
        }
    }

    /// The same once more, at the same moment, as telephone companies and impatient people do: nothing comes of it.
    fn happen_again(&mut self, event: Event) {
        if matches!(event, Event::CallArrived(_) | Event::CallMissed(_) | Event::MessageFound { .. }) {
            return;
        }
        let own_report = matches!(event, Event::RecordingKept { .. } | Event::RecordingReady { .. });
        self.events += 1;
        let decision = self.board.handle(event.clone(), facts(&self.world));
        decisions::check(self, &event, &decision);
        assert!(
            own_report || decisions::is_idle(&decision),
            "{}: doubled {event:?}: {decision:#?}",
            self.place()
        );
        self.take_in(&event, decision);
        board::check(self);
    }

    /// Books what was decided. What is left are our questions to the telephone company.
    fn take_in(&mut self, event: &Event, decision: Decision) -> Vec<Say> {
        let place = self.place();
        self.chance.notice(&decision, &self.ledger);
        self.ledger.book(event, &decision, &mut self.world, &place);
        let is_question = |say: &Say| {
            matches!(say, Say::FindCaller { .. } | Say::FindLeg { .. } | Say::FindRecordings { .. })
        };
        decision.say.into_iter().filter(is_question).collect()
    }

    /// The daemon stops and starts, perhaps with its clock set anew: all that is left is what was written.
    fn restart(&mut self) {
        let calls: Vec<String> = self
            .ledger
            .calls
            .values()
            .map(|call| serde_json::to_string(call).expect("a call can be stored"))
            .collect();
        self.world.now.at += TimeDelta::seconds(self.chance.among(&[0, 0, 1, 30, -30, -7200]));
        self.world.now.steady = Steady(self.world.now.at.timestamp_millis());
        let mut board = Switchboard::new(Ids::new(self.seed ^ self.events as u64));
        for row in self.ledger.agents.values() {
            board.restore_agent(row.clone(), self.world.now);
        }
        for (channel, cursor) in &self.ledger.cursors {
            board.restore_cursor(*channel, *cursor);
        }
        for text in &calls {
            let call: Call = serde_json::from_str(text).expect("a stored call can be read");
            board.restore_call(call, facts(&self.world));
        }
        assert_eq!(board.calls().count(), calls.len());
        self.board = board;
        self.restarted_at = Some(self.world.now.steady);
        self.world.joinable = self.ledger.joinable();
        self.ledger.restarted(&self.board, self.world.now, &self.place());
        self.chance.forget_what_is_on_its_way();
        self.happen(Event::SettingsChanged);
    }

    fn close_old_tickets(&mut self) {
        if self.ledger.close_old_tickets(&mut self.world) {
            self.happen(Event::SettingsChanged);
        }
    }

    /// Everybody goes home: every call ends by itself, though nobody says so.
    fn wind_down(&mut self) {
        self.chance.callers.values_mut().for_each(|caller| caller.there = false);
        for _ in 0..20_000 {
            if self.board.calls().next().is_none() {
                break;
            }
            self.advance(5_000);
            for ((call, _), (ticket, recording)) in std::mem::take(&mut self.ledger.to_be_kept) {
                self.happen(Event::RecordingKept { call, ticket, recording, sha256: "0".repeat(64) });
            }
        }
        let left: Vec<&Call> = self.board.calls().collect();
        assert!(left.is_empty(), "{}: calls never ended: {left:#?}", self.place());
        let rung = self.board.agents().filter(|(_, agent)| !agent.offers.is_empty()).count();
        assert_eq!(rung, 0, "{}: agents are still rung", self.place());
    }
}

fn facts(world: &World) -> Facts<'_> {
    let World { people, contacts, channels, load, joinable, now, .. } = world;
    Facts { people, contacts, channels, times: world::TIMES, load, joinable, now: *now }
}
