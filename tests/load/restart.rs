//! The daemon is killed while ten thousand calls are in line, and is started again: how soon is it ready?

use crate::{
    daemon::{self, Daemon},
    desk::Desk,
    phones::Manner,
    table::{Row, Table},
};
use serde_json::json;
use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

const CALLS: u32 = 10_000;
const CALLERS: usize = 64;

pub async fn measure(table: &mut Table) {
    // One agent who is rung for the first call keeps all the others in line.
    let routing = json!({"strategy": "longest_idle", "ring_seconds": 300, "agent_ring_seconds": 300});
    let mut desk = Desk::set_up(1, routing).await;
    let manner = Manner { accept_after_ms: 600_000..600_000, talk: Duration::ZERO };
    let phones = desk.sign_in(1, &manner).await;
    let (numbers, began) = (AtomicU32::new(0), Instant::now());
    let one = async || {
        loop {
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            if number >= CALLS {
                return;
            }
            desk.company.call(number, Instant::now(), true).await;
        }
    };
    futures_util::future::join_all((0..CALLERS).map(|_| one())).await;
    let came_in = began.elapsed();
    let before = live(&desk).await;
    desk.daemon.kill();
    drop(phones);
    let (mut again, ready) = Daemon::start_until_ready(desk.folder.path(), desk.company.address()).await;
    let memory = again.memory_kib();
    again.kill();
    let after = live(&desk).await;
    let row = Row::new("Killed with calls in line, until it is ready again", format!("{CALLS} calls"))
        .ms("", ready)
        .figure("live before", before, "")
        .figure("live after", after, "")
        .figure("memory", memory as f64 / 1024.0, "MiB")
        .figure("calls came in at", f64::from(CALLS) / came_in.as_secs_f64(), "/s");
    table.add(row);
    let lost = (f64::from(CALLS) - before.min(after)).max(0.0) as u64;
    let mut wrong = desk.seen.all_wrong();
    // They are in line for ever here.
    wrong.retain(|(what, _)| what.starts_with("webhooks"));
    wrong.extend((lost > 0).then_some(("calls lost".into(), lost)));
    table.note_wrong("restart", wrong);
}

async fn live(desk: &Desk) -> f64 {
    daemon::count(desk.folder.path(), "select cast(count(*) as real) from calls where live is not null").await
}
