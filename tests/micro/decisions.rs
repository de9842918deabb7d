//! The pure decisions: `cargo bench --bench decisions`. Whom nothing is read or written for may be quick.

#[path = "../load/floor.rs"]
#[expect(dead_code, reason = "the load harness lets time pass, too")]
mod floor;

use chrono::{TimeDelta, Utc};
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use floor::Floor;
use std::hint::black_box;
use strowger::{
    calls::{
        channel::OwnTimes,
        decision::{Decision, Say},
        event::Event,
    },
    routing::{
        availability::{ByHand, Phone},
        distribution::{Entrant, Order, Strategy, TieBreak},
        eligibility::{Standing, Terms, objection},
        hours::Hours,
        inboxes::Workspace,
        load::TicketType,
        zone::Zone,
    },
};

const STRATEGIES: [Strategy; 5] = [
    Strategy::Simultaneous,
    Strategy::LoadBalanced,
    Strategy::RoundRobin,
    Strategy::Random,
    Strategy::LongestIdle,
];

fn hours(criterion: &mut Criterion) {
    let hours = Hours::from_json(&serde_json::json!({"mode": "schedule", "weekly": {
        "mon": [["09:00", "12:00"], ["13:00", "17:30"]], "wed": [["09:00", "17:30"]], "sat": [["22:00", "02:00"]],
    }}));
    let hours = hours.expect("hours");
    let zone = Zone::utc();
    let mut at = chrono::DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
    criterion.bench_function("hours: open or closed", |bench| {
        bench.iter(|| {
            at += TimeDelta::minutes(7);
            hours.verdict(&zone, black_box(at))
        });
    });
    criterion.bench_function("hours: the next change", |bench| {
        bench.iter(|| {
            at += TimeDelta::minutes(7);
            hours.next_change(&zone, black_box(at))
        });
    });
}

fn eligibility(criterion: &mut Criterion) {
    let floor = Floor::new(10_000, 100_000, Strategy::LoadBalanced, OwnTimes::default());
    let standing = Standing { by_hand: &ByHand::Available, phone: Phone::WORKING, hindrance: None };
    let terms = Terms::call(Workspace::HelpDesk);
    criterion.bench_function("eligibility of 10,000 agents", |bench| {
        bench.iter(|| {
            let free = floor.users.iter().filter(|id| {
                let open = floor.load.of(**id, TicketType::Calling);
                objection(&floor.people.users[*id], true, terms, standing, open, floor.now.at).is_none()
            });
            black_box(free.count())
        });
    });
}

fn distribution(criterion: &mut Criterion) {
    let floor = Floor::new(10_000, 100_000, Strategy::LoadBalanced, OwnTimes::default());
    let entrants: Vec<Entrant> = (0..)
        .zip(&floor.users)
        .map(|(position, user)| Entrant {
            user: *user,
            position,
            load: floor.load.of(*user, TicketType::Calling) + position % 7,
            last_assigned: floor.load.last_assigned(*user),
            idle_since: Some(
                floor.now.at - TimeDelta::seconds(i64::from(position.wrapping_mul(7919) % 3600)),
            ),
        })
        .collect();
    let mut group = criterion.benchmark_group("distribution among 10,000 agents");
    for strategy in STRATEGIES {
        let order =
            Order { strategy, tie_break: TieBreak::LongestSinceAssigned, after: Some(4711), draw: 4711 };
        group.bench_function(BenchmarkId::from_parameter(format!("{strategy:?}")), |bench| {
            let arrange = |mut entrants: Vec<Entrant>| {
                order.arrange(&mut entrants);
                entrants
            };
            bench.iter_batched(|| entrants.clone(), arrange, BatchSize::LargeInput);
        });
    }
    group.finish();
}

/// A call arrives and rings; outside of what is measured its caller hangs up again.
fn a_call_arrives(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("a call arrives");
    for (agents, strategy) in [10, 100, 1_000, 10_000].into_iter().flat_map(|n| STRATEGIES.map(|s| (n, s))) {
        let mut floor = Floor::new(agents, agents * 10, strategy, OwnTimes::default());
        let mut number = 0;
        group.bench_function(BenchmarkId::new(format!("{strategy:?}"), agents), |bench| {
            bench.iter_custom(|times| {
                let mut took = std::time::Duration::ZERO;
                for _ in 0..times {
                    number += 1;
                    let arrival = floor.arrival(number);
                    #[expect(clippy::disallowed_methods, reason = "to measure is to look at the clock")]
                    let began = std::time::Instant::now();
                    let decision = black_box(floor.handle(arrival));
                    took += began.elapsed();
                    floor.handle(Event::CallerHungUp { call: call_of(&decision) });
                }
                took
            });
        });
    }
    group.finish();
}

fn call_of(decision: &Decision) -> strowger::routing::ids::CallId {
    decision
        .say
        .iter()
        .find_map(|say| match say {
            Say::Offered { call, .. } => Some(*call),
            _ => None,
        })
        .expect("an offer")
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = hours, eligibility, distribution, a_call_arrives
}
criterion_main!(benches);
