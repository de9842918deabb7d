//! What ten thousand softphones that are signed in cost, and how a call fares that may go to any of them.

use crate::{
    desk::Desk,
    phones::Manner,
    table::{Row, Table, histogram},
};
use serde_json::json;
use std::time::{Duration, Instant};

const SOFTPHONES: usize = 10_000;

pub async fn measure(table: &mut Table) {
    let desk = Desk::set_up(SOFTPHONES, json!({"strategy": "load_balanced", "wait_seconds": 30})).await;
    let before = desk.daemon.memory_kib();
    let began = Instant::now();
    let manner = Manner { accept_after_ms: 100..120, talk: Duration::from_secs(1) };
    let phones = desk.sign_in(SOFTPHONES, &manner).await;
    let took = began.elapsed();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = desk.daemon.memory_kib();
    let row = Row::new("Idle softphones", format!("{SOFTPHONES} sockets"))
        .figure("each", after.saturating_sub(before) as f64 / SOFTPHONES as f64, "KiB")
        .figure("daemon before", before as f64 / 1024.0, "MiB")
        .figure("daemon with them", after as f64 / 1024.0, "MiB")
        .figure("signed in at", SOFTPHONES as f64 / took.as_secs_f64(), "/s");
    table.add(row);

    desk.calls(&phones, 10, Duration::from_secs(3), Duration::from_secs(10)).await;
    let calls = desk.seen();
    let to_offer = histogram(calls.values().filter_map(|call| Some(call.offered? - call.due?)));
    let row = Row::new("Idle softphones", "10 calls/s to them all, load_balanced")
        .times("webhook to offer", &to_offer)
        .count("calls", calls.len());
    table.add(row);
    phones.sign_out().await;
    table.note("idle softphones", &desk.seen);
}
