//! How many whole calls a second go through (webhook, offer, accept, cut-in, leg, talk, hang-up, end), beside what an HTTP
//! service that does nothing answers, and beside one that only writes the same rows.

use crate::{
    Form,
    bare::{self, Rows},
    daemon,
    desk::Desk,
    floor::Floor,
    http::Http,
    phones::Manner,
    table::{Row, Table},
};
use serde_json::json;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};
use strowger::{
    calls::{
        channel::OwnTimes,
        decision::{Decision, Say, Write},
        event::{CutIn, Event},
    },
    routing::distribution::Strategy,
};

const NAME: &str = "Whole calls a second";
/// Enough that nobody says more than the fifty frames a second that a softphone may.
const AGENTS: usize = 256;

pub async fn measure(form: Form, table: &mut Table) {
    let lasting = form.seconds(4, 20);
    for connections in [64, 256] {
        let (calls, rows) = whole_calls(connections, lasting, table).await;
        let bare = bare_calls(connections, lasting, &rows).await;
        let hello = hello(connections, lasting).await;
        let row = Row::new(NAME, format!("{connections} connections, {AGENTS} agents, round_robin"))
            .figure("calls", calls, "/s")
            .figure("bare insert of the same rows", bare, "/s")
            .figure("hello", hello, "/s")
            .figure("of bare", calls / bare, "x")
            .figure("requests of hello", calls * f64::from(bare::REQUESTS) / hello, "x")
            .figure("rows a call", rows.iter().map(|row| f64::from(row.a_call)).sum(), "")
            .figure(
                "bytes a call",
                rows.iter().map(|row| f64::from(row.a_call) * row.bytes as f64).sum(),
                "",
            );
        table.add(row);
    }
}

/// Each connection makes one call after the other.
async fn whole_calls(connections: usize, lasting: Duration, table: &mut Table) -> (f64, Vec<Rows>) {
    let desk = Desk::set_up(AGENTS, json!({"strategy": "round_robin", "wait_seconds": 60})).await;
    let phones = desk.sign_in(AGENTS, &Manner { accept_after_ms: 0..0, talk: Duration::ZERO }).await;
    let (numbers, began) = (Arc::new(AtomicU32::new(0)), Instant::now());
    let callers: Vec<_> = (0..connections)
        .map(|_| {
            let (company, seen, numbers) = (desk.company.clone(), desk.seen.clone(), numbers.clone());
            tokio::spawn(async move {
                while began.elapsed() < lasting {
                    let number = numbers.fetch_add(1, Ordering::Relaxed);
                    let over = seen.until_gone(number);
                    company.clone().call(number, Instant::now(), true).await;
                    if tokio::time::timeout(Duration::from_secs(10), over).await.is_err() {
                        return;
                    }
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("a caller");
    }
    let lasted = began.elapsed();
    desk.until_over(Duration::from_secs(5)).await;
    phones.sign_out().await;
    table.note(&format!("whole calls, {connections} connections"), &desk.seen);
    let calls = desk.seen().values().filter(|call| call.talked).count() as f64;
    let Desk { folder, daemon, .. } = desk;
    daemon.stop();
    (calls / lasted.as_secs_f64(), rows_of(folder.path(), calls).await)
}

/// What one whole call writes: how many rows by asking the switchboard itself, how large they are by looking.
pub async fn rows_of(folder: &Path, calls: f64) -> Vec<Rows> {
    let [mut writes_call, mut offers, mut agents, mut tickets, mut decisions, mut cursors, mut jobs] =
        [0_u32; 7];
    let mut live_bytes = 0;
    let decided = one_call();
    for write in decided.iter().flat_map(|decision| &decision.write) {
        match write {
            Write::Call(call) => {
                writes_call += 1;
                live_bytes = live_bytes.max(serde_json::to_string(call).map_or(0, |text| text.len()));
            }
            Write::Offer(_) => offers += 1,
            Write::Agent(_) => agents += 1,
            Write::Ticket(_) => tickets += 1,
            Write::Decided(_) => decisions += 1,
            Write::Cursor { .. } => cursors += 1,
            Write::Voicemail { .. } | Write::LastAgentMisses { .. } => {}
        }
    }
    jobs +=
        u32::try_from(decided.iter().map(|decision| decision.later.len()).sum::<usize>()).expect("a number");
    let events = u32::try_from(decided.len()).expect("a number");
    let bytes = async |table: &'static str| bare::bytes_of(folder, table).await;
    let happenings = bare::count_of(folder, "happenings").await / calls.max(1.0);
    let answers = bare::count_of(folder, "answers").await / calls.max(1.0);
    vec![
        Rows { a_call: writes_call, bytes: bytes("calls").await + live_bytes, again: true },
        Rows { a_call: offers, bytes: bytes("offers").await, again: true },
        Rows { a_call: agents, bytes: bytes("agents").await, again: true },
        Rows { a_call: tickets, bytes: bytes("tickets").await, again: true },
        Rows { a_call: cursors, bytes: bytes("cursors").await, again: true },
        Rows { a_call: decisions, bytes: bytes("decisions").await, again: false },
        // Each is written and deleted.
        Rows { a_call: jobs * 2, bytes: 250, again: true },
        Rows { a_call: events, bytes: bytes("events").await, again: false },
        Rows { a_call: answers.round() as u32, bytes: bytes("answers").await, again: false },
        Rows { a_call: happenings.round() as u32, bytes: bytes("happenings").await, again: false },
    ]
}

fn one_call() -> Vec<Decision> {
    let mut floor = Floor::new(1, 0, Strategy::RoundRobin, OwnTimes::default());
    let arrival = floor.arrival(1);
    let mut decided = vec![floor.handle(arrival)];
    let offer = decided[0].say.iter().find_map(|say| match say {
        Say::Offered { offer, call, .. } => Some((*offer, *call)),
        _ => None,
    });
    let (offer, call) = offer.expect("an offer");
    let (agent, attempt) = (offer.agent, 1);
    for event in [
        Event::OfferAccepted { agent, offer: offer.id },
        Event::CutInDone { call, attempt, result: CutIn::Applied },
        Event::ConnectFetched { call, attempt },
        Event::LegAnswered { call, attempt },
        Event::AgentHungUp { agent, call },
    ] {
        decided.push(floor.handle(event));
    }
    decided
}

async fn hello(connections: usize, lasting: Duration) -> f64 {
    let server = bare::start(&["hello".into()]);
    let done = repeat(&server.address, connections, lasting, async |http: &Http, _| {
        http.send("GET", "/", &[], "").await.is_ok_and(|answer| answer.is_success())
    });
    done.await
}

async fn bare_calls(connections: usize, lasting: Duration, rows: &[Rows]) -> f64 {
    let folder = daemon::folder();
    let rows = serde_json::to_string(rows).expect("JSON");
    let server = bare::start(&["bare".into(), folder.path().display().to_string(), rows]);
    let done = repeat(&server.address, connections, lasting, async |http: &Http, number| {
        for request in 0..bare::REQUESTS {
            let target = format!("/{number}/{request}");
            if !http.send("POST", &target, &[], "").await.is_ok_and(|answer| answer.is_success()) {
                return false;
            }
        }
        true
    });
    done.await
}

/// How often a second something is done, by so many who do it one time after the other.
async fn repeat<F>(address: &str, connections: usize, lasting: Duration, what: F) -> f64
where
    F: AsyncFn(&Http, u32) -> bool,
{
    let http = Http::new(address.to_owned());
    let (numbers, began) = (AtomicU32::new(0), Instant::now());
    let one = async || {
        let mut done = 0_u64;
        while began.elapsed() < lasting {
            done += u64::from(what(&http, numbers.fetch_add(1, Ordering::Relaxed)).await);
        }
        done
    };
    let all = futures_util::future::join_all((0..connections).map(|_| one())).await;
    all.iter().sum::<u64>() as f64 / began.elapsed().as_secs_f64()
}
