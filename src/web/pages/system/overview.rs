//! How the daemon is, and a backup of all that it keeps.

use super::{
    super::{
        super::{Web, backups, health},
        form::Fields,
        layout::Layout,
        refusal::Refusal,
        show,
    },
    Admin,
};
use askama::Template;
use axum::{extract::State, response::Response};
use std::sync::atomic::Ordering::Relaxed;

#[derive(Template)]
#[template(path = "system.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    /// Why nothing can be recorded.
    down: Option<String>,
    warnings: Vec<String>,
    version: &'static str,
    zones: String,
    zones_from: String,
    account_zone: String,
    free_mib: Option<u64>,
    queue: usize,
    softphones: usize,
    companies: Vec<Company>,
    counts: Option<Counts>,
}

/// A telephone company and what came of its webhooks since the start.
struct Company {
    name: String,
    kind: &'static str,
    has_secret: bool,
    webhooks: u64,
    refused: u64,
}

struct Counts {
    live_calls: i64,
    jobs_waiting: i64,
    jobs_failed: i64,
    deliveries_waiting: i64,
    deliveries_failed: i64,
    quarantined: i64,
}

pub async fn show_page(State(web): State<Web>, Admin(signed): Admin) -> Response {
    let health = web.desk.health();
    let zones = &web.ground.zones;
    let page = Page {
        layout: signed.layout.clone(),
        down: health.why_down(),
        warnings: health::warnings(&web).await,
        version: env!("CARGO_PKG_VERSION"),
        zones: zones.version().to_owned(),
        zones_from: zones.source(),
        account_zone: web.ground.account.name().to_owned(),
        free_mib: health.free_bytes().ok().map(|free| free >> 20),
        queue: web.desk.queue_length(),
        softphones: health.softphones.load(Relaxed),
        companies: companies(&web),
        counts: counts(&web).await,
    };
    show(&page)
}

fn companies(web: &Web) -> Vec<Company> {
    let webhooks: Vec<_> = web.desk.health().metrics.webhooks().collect();
    let all = web.providers.iter().map(|(name, provider)| {
        let theirs = || webhooks.iter().filter(|(known, ..)| *known == name);
        let refused = theirs().filter(|(_, (result, _), _)| *result == "forbidden");
        Company {
            name: name.clone(),
            kind: web.ground.providers.get(name).map_or("", |dialect| dialect.company()),
            has_secret: provider.has_secret(),
            webhooks: theirs().map(|(.., count)| count).sum(),
            refused: refused.map(|(.., count)| count).sum(),
        }
    });
    all.collect()
}

/// `None`: the store can't be read at the moment.
async fn counts(web: &Web) -> Option<Counts> {
    let reader = &web.reader;
    let looked = tokio::try_join!(
        reader.live_calls(),
        reader.job_counts(),
        reader.delivery_counts(),
        reader.quarantined()
    );
    let (calls, jobs, deliveries, quarantined) = looked.ok()?;
    Some(Counts {
        live_calls: calls.iter().map(|(_, count)| count).sum(),
        jobs_waiting: jobs.waiting,
        jobs_failed: jobs.failed,
        deliveries_waiting: deliveries.waiting,
        deliveries_failed: deliveries.failed,
        quarantined,
    })
}

/// Makes a backup and sends it.
pub async fn backup(State(web): State<Web>, Admin(signed): Admin, _: Fields) -> Result<Response, Refusal> {
    backups::make(&web, &signed.caller).await.map_err(|problem| signed.refuse(problem))
}
