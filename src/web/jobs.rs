//! What is still to be done, and what was given up: commands to telephone companies, webhooks and mail on their way.

use super::{
    Problem, Web,
    auth::{Caller, Id, Page},
    page::page,
    schemas,
    webhooks::state,
};
use crate::{
    desk::{postman::Retried, settings::Refused},
    routing::ids::{DeliveryId, JobId},
    store::{
        deliveries::{Logged, Receiver},
        jobs::JobRow,
    },
};
use axum::{Json, extract::State, http::StatusCode};
use serde_json::{Value, json};

/// What waits and what was given up, of all kinds together; the newest first.
#[utoipa::path(get, path = "/jobs", params(schemas::Paging), responses(
    (status = 200, body = schemas::Page<schemas::Job>), (status = 403)
))]
pub async fn list(
    caller: Caller,
    State(web): State<Web>,
    asked: Page<JobId>,
) -> Result<Json<Value>, Problem> {
    caller.must_be_admin()?;
    Ok(page(open(&web, asked.after, asked.limit).await?, asked.limit))
}

/// Also for pages: one more than `limit`, if there are so many, with their cursors.
pub async fn open(web: &Web, after: Option<JobId>, limit: u32) -> Result<Vec<(String, Value)>, Problem> {
    let after = after.map(|after| after.to_string());
    let jobs = web.reader.jobs(after.as_deref(), limit + 1).await?;
    let deliveries = web.reader.deliveries_open(after.as_deref(), limit + 1).await?;
    let mut items: Vec<(String, Value)> = jobs.iter().map(|row| (row.id.to_string(), job(row))).collect();
    items.extend(deliveries.iter().map(|row| (row.delivery.id.to_string(), delivery(row))));
    items.sort_by(|(one, _), (other, _)| other.cmp(one));
    Ok(items)
}

/// Tries it again at once, whatever was to be waited for; a command to a telephone company only if it was given up.
#[utoipa::path(post, path = "/jobs/{id}/retry", params(("id" = JobId, Path)), responses(
    (status = 202, description = "It is tried"), (status = 403), (status = 409)
))]
pub async fn retry(caller: Caller, State(web): State<Web>, Id(id): Id<JobId>) -> Result<StatusCode, Problem> {
    try_again(&web, &caller, id).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Also for pages.
pub async fn try_again(web: &Web, caller: &Caller, id: JobId) -> Result<(), Problem> {
    caller.must_be_admin()?;
    match web.desk.retry(Retried::Job(id), caller.author()).await? {
        Err(Refused::NotFound) => {
            let what = Retried::Delivery { delivery: DeliveryId(id.0), receiver: None };
            web.desk.retry(what, caller.author()).await??;
        }
        other => other?,
    }
    Ok(())
}

fn job(row: &JobRow) -> Value {
    let document = json!(row.job);
    let state = if row.failed_at.is_some() { "failed" } else { "waiting" };
    json!({
        "id": row.id,
        "kind": document["job"],
        "call": document["call"],
        "state": state,
        "tries": row.tries,
        "error": row.error,
        "failed_at": row.failed_at,
        "next_try": row.failed_at.is_none().then_some(row.due_at),
    })
}

fn delivery(row: &Logged) -> Value {
    let delivery = &row.delivery;
    let (kind, webhook) = match delivery.receiver {
        Receiver::Mail => ("mail", None),
        Receiver::Webhook(webhook) => ("webhook", Some(webhook)),
    };
    json!({
        "id": delivery.id,
        "kind": kind,
        "webhook": webhook,
        "recipient": delivery.recipient,
        "event": row.kind,
        "state": state(row),
        "tries": delivery.tries,
        "status": delivery.status,
        "error": delivery.error,
        "failed_at": delivery.failed_at,
        "next_try": delivery.failed_at.is_none().then_some(delivery.due_at),
    })
}
