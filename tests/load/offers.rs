//! From a caller's webhook to an offer that an agent's softphone has read, and from the agent's accept to the command
//! that cuts in, seen by the telephone company.

use crate::{
    Form, bare,
    desk::Desk,
    phones::Manner,
    table::{Row, Table, flushes, histogram},
    throughput::rows_of,
};
use serde_json::json;
use std::time::Duration;

struct Case {
    calls_per_second: u32,
    agents: usize,
    strategy: &'static str,
    accept_ms: u64,
    talk_ms: u64,
}

/// Where the calls would keep more than half of the agents busy they are shorter: what is measured is how long the desk
/// takes, not how long the line is.
const CASES: [Case; 12] = [
    case(50, 100, "simultaneous", 100, 1000),
    case(5, 100, "simultaneous", 100, 1000),
    case(25, 100, "simultaneous", 100, 1000),
    case(100, 100, "simultaneous", 100, 400),
    case(400, 100, "simultaneous", 50, 50),
    case(50, 10, "simultaneous", 20, 60),
    case(50, 1000, "simultaneous", 100, 1000),
    case(50, 100, "load_balanced", 100, 1000),
    case(50, 100, "round_robin", 100, 1000),
    case(400, 100, "round_robin", 50, 50),
    case(50, 100, "random", 100, 1000),
    case(50, 100, "longest_idle", 100, 1000),
];

const fn case(
    calls_per_second: u32,
    agents: usize,
    strategy: &'static str,
    accept_ms: u64,
    talk_ms: u64,
) -> Case {
    Case { calls_per_second, agents, strategy, accept_ms, talk_ms }
}

pub async fn measure(form: Form, table: &mut Table) {
    for case in &CASES {
        one(case, form, table).await;
    }
}

async fn one(case: &Case, form: Form, table: &mut Table) {
    let Case { calls_per_second, agents, strategy, accept_ms, talk_ms } = *case;
    let name = format!("{calls_per_second}/s, {agents} agents, {strategy}, talk {talk_ms} ms");
    let fsync = histogram(flushes(100));
    let desk = Desk::set_up(agents, json!({"strategy": strategy, "wait_seconds": 30})).await;
    let manner = Manner {
        accept_after_ms: accept_ms..accept_ms + accept_ms / 5,
        talk: Duration::from_millis(talk_ms),
    };
    let phones = desk.sign_in(agents, &manner).await;
    let cpu_before = desk.daemon.cpu_seconds();
    let (committing_before, commits_before) = desk.commits().await;
    let lasting = form.seconds(3, 30);
    desk.calls(&phones, calls_per_second, lasting, Duration::from_secs(10)).await;
    let cpu = desk.daemon.cpu_seconds() - cpu_before;
    let (committing, commits) = desk.commits().await;
    let commits = commits - commits_before;
    let offers: u64 = phones.sign_out().await.iter().map(|day| day.offers).sum();

    let calls = desk.seen();
    let at_once: Vec<_> = calls.values().filter(|call| call.somebody_was_free).collect();
    let to_offer = histogram(at_once.iter().filter_map(|call| Some(call.offered? - call.due?)));
    let to_answer = histogram(calls.values().filter_map(|call| Some(call.answered? - call.due?)));
    let to_cut_in = histogram(
        calls.values().filter_map(|call| Some(call.cut_in?.saturating_duration_since(call.accepted?))),
    );
    let flush_us = fsync.value_at_quantile(0.5).max(1) as f64;
    let row = Row::new("From a webhook to an offer that is read", name.as_str())
        .times("", &to_offer)
        .figure("of fsync", to_offer.value_at_quantile(0.5) as f64 / flush_us, "x")
        .figure("a commit", (committing - committing_before).as_secs_f64() * 1000.0 / commits.max(1.0), "ms")
        .figure("commits a call", commits / calls.len() as f64, "")
        .times("fsync", &fsync)
        .times("answered", &to_answer)
        .times("accept to cut-in", &to_cut_in)
        .count("calls", calls.len())
        .count("waited", calls.len() - at_once.len())
        .figure("offers", offers as f64, "")
        .figure("CPU per call", cpu * 1000.0 / calls.len() as f64, "ms");
    table.add(row);
    table.note(&name, &desk.seen);
    if (strategy, calls_per_second) == ("round_robin", 50) {
        beside_it(calls_per_second, lasting, desk, table).await;
    }
}

/// The same rows at the same pace, written by a service that decides nothing and tells nobody: what the disk, the
/// database and the machine's way from process to process take by themselves.
async fn beside_it(calls_per_second: u32, lasting: Duration, desk: Desk, table: &mut Table) {
    let calls = desk.seen().len() as f64;
    let Desk { folder, daemon, .. } = desk;
    daemon.stop();
    let rows = rows_of(folder.path(), calls).await;
    for calls_per_second in [calls_per_second, 5] {
        let took = histogram(bare::paced(calls_per_second, lasting, &rows).await);
        let case = format!("{calls_per_second}/s, the same rows, bare");
        table.add(Row::new("From a webhook to an offer that is read", case).times("answered", &took));
    }
}
