//! What waits and what was given up: commands to telephone companies, webhooks and mails.

use super::{
    super::{
        super::{Problem, Web, jobs},
        form::Fields,
        layout::{Layout, Signed},
        moment::Moment,
        refusal::Refusal,
        show,
    },
    Admin, id, to,
};
use crate::routing::ids::JobId;
use askama::Template;
use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;
use serde_json::Value;

const ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "jobs.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    rows: Vec<Row>,
    next: Option<String>,
}

struct Row {
    id: String,
    kind: String,
    /// The call that it is about.
    call: Option<String>,
    /// Of a mail: to whom it goes.
    recipient: Option<String>,
    is_failed: bool,
    tries: u64,
    error: String,
    at: Option<Moment>,
    /// A command to a telephone company that still waits is not hurried.
    can_retry: bool,
}

#[derive(Deserialize)]
pub struct Asked {
    after: Option<JobId>,
}

pub async fn show_page(
    State(web): State<Web>,
    Admin(signed): Admin,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refusal> {
    let asked = asked.map_err(|_| signed.refuse(Problem::not_found()))?.0;
    let items = jobs::open(&web, asked.after, ROWS).await.map_err(|problem| signed.refuse(problem))?;
    let more = items.len() > ROWS as usize;
    let items: Vec<_> = items.into_iter().take(ROWS as usize).collect();
    let next = items.last().filter(|_| more).map(|(cursor, _)| cursor.clone());
    let rows = items.iter().map(|(_, item)| row(item, &web, &signed));
    Ok(show(&Page { layout: signed.layout.clone(), rows: rows.collect(), next }))
}

fn row(item: &Value, web: &Web, signed: &Signed) -> Row {
    let text = |field: &str| item[field].as_str().map(str::to_owned);
    let is_failed = item["state"] == "failed";
    let at = text(if is_failed { "failed_at" } else { "next_try" });
    let kind = text("kind").unwrap_or_default();
    let is_delivery = matches!(kind.as_str(), "mail" | "webhook");
    Row {
        id: text("id").unwrap_or_default(),
        kind: kind_name(&kind, text("event"), &signed.layout),
        call: text("call"),
        recipient: text("recipient"),
        is_failed,
        tries: item["tries"].as_u64().unwrap_or(0),
        error: text("error").unwrap_or_default(),
        at: at.and_then(|at| at.parse().ok()).map(|at| Moment::new(at, &web.ground.account)),
        can_retry: is_failed || is_delivery,
    }
}

fn kind_name(kind: &str, event: Option<String>, layout: &Layout) -> String {
    let of = event.map(|event| format!(" ({event})")).unwrap_or_default();
    match kind {
        "mail" => format!("{}{of}", layout.t("system-job-mail")),
        "webhook" => format!("{}{of}", layout.t("system-job-webhook")),
        command => format!("{}: {}", layout.t("system-job-command"), command.replace('_', " ")),
    }
}

pub async fn retry(
    State(web): State<Web>,
    Admin(signed): Admin,
    Path(job): Path<String>,
    _: Fields,
) -> Result<Response, Refusal> {
    let job = id(&signed, &job)?;
    jobs::try_again(&web, &signed.caller, job).await.map_err(|problem| signed.refuse(problem))?;
    Ok(to(&signed.layout, "system/jobs"))
}
