//! What Strowger promises to survive, done to it from outside while it works: `tests/faults/run`, or
//! `cargo test --test faults`.
//!
//! A fault opens a `world` under load, does its harm, and hands what was seen to the `auditor`, which counts what is
//! lost, doubled, stuck or unanswered. All must be zero, and the seeded bugs must not be. The `shim` stands between the
//! daemon and the disk. At the end a table is printed.

#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod agent;
mod auditor;
mod disk;
mod gate;
mod kills;
mod lines;
mod seeds;
mod shim;
mod world;

use auditor::Verdict;
use std::{future::Future, pin::Pin, process::ExitCode, sync::Arc};
use tokio::{sync::Semaphore, task::JoinSet};
use world::World;

/// How many worlds there are at once. They mostly wait.
const WORLDS: usize = 3;
/// Telephone companies and callers expect an answer within this. A busy machine may be at fault: it is shown, and
/// decides in the long form only.
const ANSWER_WITHIN_MS: i64 = 5_000;

/// How much is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    Short,
    Long,
}

impl Scale {
    pub fn of<T>(self, short: T, long: T) -> T {
        if self == Self::Short { short } else { long }
    }
}

/// A line of the table.
pub struct Row {
    pub fault: String,
    pub times: u64,
    pub verdict: Verdict,
    /// How long a webhook had to wait for its answer at the most, while the daemon ran.
    pub slowest_ms: i64,
}

impl Row {
    pub fn new(fault: impl Into<String>, times: u64, verdict: Verdict, world: &World) -> Self {
        Self { fault: fault.into(), times, verdict, slowest_ms: world.gate.answers().1 }
    }
}

type Fault = (&'static str, fn(Scale) -> Rows);
type Rows = Pin<Box<dyn Future<Output = Vec<Row>> + Send>>;

macro_rules! faults {
    ($($name:ident::$fault:ident),* $(,)?) => {
        const FAULTS: &[Fault] =
            &[$((stringify!($fault), |scale| Box::pin($name::$fault(scale)))),*];
    };
}

faults![
    kills::killed_at_random_moments_nothing_is_lost,
    disk::killed_at_every_point_in_every_state_nothing_is_lost,
    disk::what_was_acknowledged_survives_a_power_loss,
    disk::with_a_full_disk_callers_are_served_and_nothing_is_lost,
    disk::a_flush_that_fails_loses_nothing_even_with_a_power_loss_after_it,
    disk::a_store_that_somebody_holds_loses_nothing,
    disk::a_long_reader_holds_up_nobody,
    disk::a_clock_that_jumps_changes_no_live_call,
    lines::sockets_that_break_lose_nothing,
    lines::ten_thousand_reconnects_lose_nothing,
    lines::an_agent_who_floods_harms_nobody_else,
    lines::webhooks_doubled_swapped_and_late_change_nothing,
    lines::a_webhook_with_one_flipped_byte_is_refused,
    lines::webhooks_replayed_after_eight_days_change_nothing,
    lines::an_api_that_misbehaves_loses_nobody,
    kills::stopped_for_a_while_it_goes_on,
    kills::a_second_daemon_an_older_one_and_a_backup,
    kills::an_event_that_panics_harms_nobody_else,
    disk::a_disk_that_lies_turns_the_auditor_red,
    seeds::seeded_bugs_turn_the_auditor_red,
];

#[tokio::main]
async fn main() -> ExitCode {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let is_long = words.iter().any(|word| word == "--long")
        || std::env::var("STROWGER_FAULTS").is_ok_and(|form| form == "long");
    let scale = if is_long { Scale::Long } else { Scale::Short };
    let wanted: Vec<&String> = words.iter().filter(|word| !word.starts_with("--")).collect();
    let chosen: Vec<_> = FAULTS
        .iter()
        .filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str())))
        .collect();
    if words.iter().any(|word| word == "--list") {
        chosen.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} tests", chosen.len());
    let (rows, failed) = run(&chosen, scale).await;
    table(&rows);
    let (passed, left_out) = (chosen.len() - failed, FAULTS.len() - chosen.len());
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {verdict}. {passed} passed; {failed} failed; 0 ignored; 0 measured; {left_out} filtered out"
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a few at a time. Answers the lines of the table, and how many of the tests failed.
async fn run(chosen: &[&Fault], scale: Scale) -> (Vec<Row>, usize) {
    let room = Arc::new(Semaphore::new(WORLDS));
    let mut tests = JoinSet::new();
    for (place, (name, fault)) in chosen.iter().enumerate() {
        let (room, name, fault) = (room.clone(), *name, *fault);
        tests.spawn(async move {
            let _room = room.acquire_owned().await;
            (place, name, tokio::spawn(fault(scale)).await)
        });
    }
    let (mut rows, mut failed) = (Vec::new(), 0);
    while let Some(done) = tests.join_next().await {
        let (place, name, result) = done.unwrap();
        let is_good = match &result {
            Ok(done) => done.iter().all(|row| row.verdict.is_clean() && !is_too_slow(row, scale)),
            Err(_) => false,
        };
        println!("test {name} ... {}", if is_good { "ok" } else { "FAILED" });
        failed += usize::from(!is_good);
        for row in result.unwrap_or_default() {
            if !row.verdict.is_clean() {
                print!("{}:\n{}", row.fault, row.verdict);
            }
            rows.push((place, row));
        }
    }
    rows.sort_by_key(|(place, _)| *place);
    (rows.into_iter().map(|(_, row)| row).collect(), failed)
}

fn is_too_slow(row: &Row, scale: Scale) -> bool {
    scale == Scale::Long && row.slowest_ms > ANSWER_WITHIN_MS
}

fn table(rows: &[Row]) {
    let heads = ["times", "lost", "doubled", "stuck", "unanswered", "slowest ms"];
    println!("\n{:<58}{}", "fault", heads.map(|head| format!("{head:>12}")).concat());
    for Row { fault, times, verdict, slowest_ms } in rows {
        let Verdict { lost, doubled, stuck, unanswered } = verdict;
        let counts = [lost, doubled, stuck, unanswered].map(|found| found.len() as i64);
        let times = i64::try_from(*times).unwrap_or(i64::MAX);
        let all = [&[times][..], &counts, &[*slowest_ms]].concat();
        let cells: Vec<String> = all.iter().map(|count| format!("{count:>12}")).collect();
        println!("{fault:<58}{}", cells.concat());
    }
}
