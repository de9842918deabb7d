//! How memory and the time of a decision grow with agents and with open tickets.

use crate::{
    desk::Desk,
    floor::Floor,
    phones::Manner,
    table::{Row, Table, histogram},
};
use serde_json::json;
use std::time::{Duration, Instant};
use strowger::{
    calls::{channel::OwnTimes, event::Event},
    routing::distribution::Strategy,
};

const SIZES: [(usize, usize); 5] =
    [(1_000, 10_000), (1_000, 100_000), (1_000, 1_000_000), (10_000, 10_000), (10_000, 1_000_000)];

pub async fn measure(table: &mut Table) {
    for (agents, tickets) in SIZES {
        decision(agents, tickets, table);
    }
    for (agents, tickets) in SIZES {
        whole(agents, tickets, table).await;
    }
}

/// The switchboard alone: a call comes and rings, and its caller hangs up.
fn decision(agents: usize, tickets: usize, table: &mut Table) {
    const CALLS: u32 = 100;
    let mut floor = Floor::new(agents, tickets, Strategy::LoadBalanced, OwnTimes::default());
    let mut times = Vec::new();
    for number in 0..CALLS {
        let arrival = floor.arrival(number);
        let began = Instant::now();
        let decision = floor.handle(arrival);
        times.push(began.elapsed());
        let call = decision.answer.and_then(|answer| answer.call).expect("a call");
        floor.handle(Event::CallerHungUp { call });
    }
    let row = Row::new("One decision, load_balanced (the switchboard alone)", name(agents, tickets))
        .times("", &histogram(times));
    table.add(row);
}

/// The daemon: ten of the agents are signed in, and nobody answers.
async fn whole(agents: usize, tickets: usize, table: &mut Table) {
    const SIGNED_IN: usize = 10;
    let desk = Desk::set_up_with(agents, tickets as u64, json!({"strategy": "load_balanced"})).await;
    let memory = desk.daemon.memory_kib();
    let manner = Manner { accept_after_ms: 600_000..600_000, talk: Duration::from_secs(1) };
    let phones = desk.sign_in(SIGNED_IN, &manner).await;
    for number in 0..40 {
        desk.company.call(number, Instant::now(), true).await;
        desk.seen.note(number, |call| call.gave_up = true);
        desk.company.gone(number).await;
    }
    let calls = desk.seen();
    let answered = histogram(calls.values().filter_map(|call| Some(call.answered? - call.due?)));
    phones.sign_out().await;
    let row = Row::new("The daemon with agents and open tickets", name(agents, tickets))
        .figure("memory", memory as f64 / 1024.0, "MiB")
        .ms("ready after", desk.ready_after)
        .times("webhook answered", &answered);
    table.add(row);
    table.note(&name(agents, tickets), &desk.seen);
}

fn name(agents: usize, tickets: usize) -> String {
    format!("{agents} agents, {tickets} open tickets")
}
