//! More calls than the agents can take: how soon whoever is free again has the next offer, and how much of their time
//! agents are busy. Connecting counts as busy.

use crate::{
    Form,
    desk::Desk,
    phones::Manner,
    table::{Row, Table, histogram},
};
use serde_json::json;
use std::time::{Duration, Instant};

const AGENTS: usize = 6;
const CALLS_PER_SECOND: u32 = 50;
const TALK: Duration = Duration::from_millis(170);
/// Callers hang up after this, so that the line has an end.
const PATIENCE: Duration = Duration::from_secs(4);

pub async fn measure(form: Form, table: &mut Table) {
    for strategy in ["simultaneous", "longest_idle"] {
        let desk = Desk::set_up(AGENTS, json!({"strategy": strategy, "wait_seconds": 60})).await;
        let manner = Manner { accept_after_ms: 0..0, talk: TALK };
        let phones = desk.sign_in(AGENTS, &manner).await;
        let lasting = form.seconds(8, 60);
        let began = Instant::now();
        let calls = desk.calls(&phones, CALLS_PER_SECOND, lasting, PATIENCE);
        // Only while calls keep coming is everybody to be busy.
        let _ = tokio::time::timeout(lasting, calls).await;
        let lasted = began.elapsed();
        let days = phones.sign_out().await;
        let busy: Duration = days.iter().map(|day| day.busy).sum();
        let share = busy.as_secs_f64() / (lasted.as_secs_f64() * AGENTS as f64);
        let freed = histogram(days.into_iter().flat_map(|day| day.freed_to_offer));
        let seen = desk.seen();
        let name =
            format!("{AGENTS} agents, {} ms calls, {CALLS_PER_SECOND}/s, {strategy}", TALK.as_millis());
        let row = Row::new("At saturation: from freed to the next offer", name.as_str())
            .times("", &freed)
            .figure("busy", share * 100.0, "%")
            .count("calls", seen.len())
            .count("talked", seen.values().filter(|call| call.talked).count());
        table.add(row);
        // Those that were under way at the end are not lost.
        desk.seen.calls().values_mut().for_each(|call| call.gave_up |= !call.over);
        table.note(&name, &desk.seen);
    }
}
