//! Numbers for an operator's monitoring, as Prometheus reads them. Written by hand: a dozen of counters need no registry.

use super::{Problem, Web, auth::Caller};
use crate::desk::metrics::{BOUNDS_MS, Histogram};
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use std::{fmt::Write, sync::atomic::Ordering::Relaxed};
use tracing::warn;

pub async fn show(caller: Caller, State(web): State<Web>) -> Result<Response, Problem> {
    caller.must_not_be_agent()?;
    Ok(show_all(State(web)).await)
}

/// For the listener of its own, which whoever configures it keeps to themselves.
pub async fn show_all(State(web): State<Web>) -> Response {
    let mut page = Page::default();
    counted(&web, &mut page);
    looked_up(&web, &mut page).await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page.text).into_response()
}

fn counted(web: &Web, page: &mut Page) {
    let health = web.desk.health();
    let metrics = &health.metrics;
    let zones = &web.ground.zones;
    page.family("strowger_build_info", "gauge", "The version that runs.");
    page.sample("", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    page.family("strowger_time_zones_info", "gauge", "The tz database whose rules count.");
    page.sample("", &[("version", zones.version()), ("source", &zones.source())], 1);
    page.one("strowger_epoch", "gauge", "Rises with each start.", health.epoch.load(Relaxed));
    page.one("strowger_store_up", "gauge", "1: the store takes writes.", u8::from(health.store_is_up()));
    page.one("strowger_queue_length", "gauge", "Events that wait for the engine.", web.desk.queue_length());
    page.one(
        "strowger_softphones",
        "gauge",
        "Softphones that are connected.",
        health.softphones.load(Relaxed),
    );
    let limits = &web.limits;
    page.one("strowger_connections", "gauge", "Connections that are open.", limits.connections.count());
    let refused = limits.connections.refused.load(Relaxed);
    page.one(
        "strowger_connections_refused_total",
        "counter",
        "Connections for which there was no place.",
        refused,
    );
    let refused = limits.refused.load(Relaxed);
    page.one("strowger_too_many_requests_total", "counter", "Requests that were answered 429.", refused);
    page.one("strowger_offers_total", "counter", "Offers of a call to an agent.", metrics.offers.get());
    page.family("strowger_offers_ended_total", "counter", "Offers that ended, by cause.");
    metrics.offers_ended.all().for_each(|(cause, count)| page.sample("", &[("cause", cause)], count));
    page.family("strowger_calls_ended_total", "counter", "Calls that ended since the start, by outcome.");
    metrics.calls_ended.all().for_each(|(outcome, count)| page.sample("", &[("outcome", outcome)], count));
    page.family(
        "strowger_webhooks_total",
        "counter",
        "Webhooks by what became of them, and why if forbidden.",
    );
    for (provider, (result, reason), count) in metrics.webhooks() {
        page.sample("", &[("provider", provider), ("result", result), ("reason", reason)], count);
    }
    page.histogram("strowger_webhook_seconds", "From a webhook to its answer.", &metrics.webhook);
    page.histogram("strowger_commit_seconds", "To record one round of the engine.", &metrics.commit);
    let differences = metrics.load_differences.get();
    page.one(
        "strowger_load_differences_total",
        "counter",
        "Load counts that were wrong in memory.",
        differences,
    );
    page.one(
        "strowger_last_agent_misses_total",
        "counter",
        "How often it was told that the last agent of a channel misses calls.",
        metrics.last_agent_misses.get(),
    );
    page.one(
        "strowger_deliveries_given_up_total",
        "counter",
        "Webhooks and mails that were given up since the start.",
        metrics.given_up.get(),
    );
    if let Ok(free) = health.free_bytes() {
        page.one("strowger_disk_free_bytes", "gauge", "Free on the disk of the data folder.", free);
    }
}

/// What the store knows. It is left out while the store can't be read.
async fn looked_up(web: &Web, page: &mut Page) {
    let looked = tokio::try_join!(
        web.reader.live_calls(),
        web.reader.job_counts(),
        web.reader.delivery_counts(),
        web.reader.quarantined()
    );
    let (calls, jobs, deliveries, quarantined) = match looked {
        Ok(looked) => looked,
        Err(error) => return warn!(%error, "some metrics can't be read from the store"),
    };
    page.family("strowger_calls", "gauge", "Live calls by state.");
    for state in ["ringing", "waiting", "connecting", "talking", "voicemail"] {
        let count = calls.iter().find(|(name, _)| name == state).map_or(0, |(_, count)| *count);
        page.sample("", &[("state", state)], count);
    }
    page.family("strowger_jobs", "gauge", "Jobs that wait, and that were given up.");
    page.sample("", &[("state", "waiting")], jobs.waiting);
    page.sample("", &[("state", "failed")], jobs.failed);
    page.family("strowger_deliveries", "gauge", "Webhooks and mails that wait, and that were given up.");
    page.sample("", &[("state", "waiting")], deliveries.waiting);
    page.sample("", &[("state", "failed")], deliveries.failed);
    page.one(
        "strowger_quarantined_events",
        "gauge",
        "Events that could not be decided or recorded.",
        quarantined,
    );
}

#[derive(Default)]
struct Page {
    text: String,
    name: &'static str,
}

impl Page {
    fn family(&mut self, name: &'static str, kind: &str, help: &str) {
        self.name = name;
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn one(&mut self, name: &'static str, kind: &str, help: &str, value: impl std::fmt::Display) {
        self.family(name, kind, help);
        self.sample("", &[], value);
    }

    /// One number of the family; labels that are empty are left out.
    fn sample(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<_> = labels.iter().filter(|(_, value)| !value.is_empty()).map(label).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.text, "{}{suffix}{labels} {value}", self.name);
    }

    fn histogram(&mut self, name: &'static str, help: &str, histogram: &Histogram) {
        self.family(name, "histogram", help);
        let counts = histogram.cumulated();
        for (bound, count) in BOUNDS_MS.iter().zip(counts) {
            self.sample("_bucket", &[("le", &seconds(*bound))], count);
        }
        let all = counts[BOUNDS_MS.len()];
        self.sample("_bucket", &[("le", "+Inf")], all);
        self.sample("_sum", &[], format_args!("{:.6}", histogram.sum_us() as f64 / 1e6));
        self.sample("_count", &[], all);
    }
}

fn label((name, value): &(&str, &str)) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{name}=\"{value}\"")
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}
