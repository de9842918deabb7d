//! Hours of ordinary work: does the daemon stay as small as it was?

use crate::{
    Form,
    desk::Desk,
    phones::Manner,
    table::{Row, Table, histogram},
};
use serde_json::json;
use std::time::Duration;

const AGENTS: usize = 50;
const CALLS_PER_SECOND: u32 = 25;
const PARTS: u32 = 10;

pub async fn measure(form: Form, table: &mut Table) {
    let lasting = form.seconds(120, 3600);
    let desk = Desk::set_up(AGENTS, json!({"wait_seconds": 30})).await;
    let manner = Manner { accept_after_ms: 100..120, talk: Duration::from_secs(1) };
    let phones = desk.sign_in(AGENTS, &manner).await;
    let mut memory = Vec::new();
    for _ in 0..PARTS {
        desk.calls(&phones, CALLS_PER_SECOND, lasting / PARTS, Duration::from_secs(10)).await;
        memory.push(desk.daemon.memory_kib() as f64 / 1024.0);
    }
    phones.sign_out().await;
    let calls = desk.seen();
    let to_offer = histogram(calls.values().filter_map(|call| Some(call.offered? - call.due?)));
    let case = format!("{CALLS_PER_SECOND}/s, {AGENTS} agents, {} s", lasting.as_secs());
    let mut row = Row::new("Soak: memory at the end of each tenth", case.as_str());
    for (part, mib) in (1..).zip(&memory) {
        row = row.figure(part.to_string(), *mib, "MiB");
    }
    let growth = memory.last().unwrap_or(&0.0) - memory.get(2).unwrap_or(&0.0);
    let later_calls = calls.len() as f64 * 0.7;
    let row = row
        .figure("since the third, a call", growth * 1024.0 * 1024.0 / later_calls, "bytes")
        .times("webhook to offer", &to_offer)
        .count("calls", calls.len());
    table.add(row);
    table.note(&case, &desk.seen);
}
