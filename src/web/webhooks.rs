//! Webhooks: who is told what happens, signed as Standard Webhooks says, and what became of each delivery. A secret is
//! shown once, when it is made.

use super::{
    Problem, Web,
    auth::{Caller, Document, Id, Page},
    page::{created, page, settings_page, unexpected},
};
use crate::{
    desk::{postman::Errand, settings::read_form},
    notify::signing::new_secret,
    routing::ids::{DeliveryId, WebhookId},
    store::{
        deliveries::{Logged, Receiver},
        settings::Change,
        webhooks::{Secret, Webhook},
    },
};
use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Value, json};

/// How long the secret before signs too.
const OLD_SECRET_SIGNS: TimeDelta = TimeDelta::hours(24);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    name: String,
    url: String,
    events: Vec<String>,
    #[serde(default = "yes")]
    enabled: bool,
}

fn yes() -> bool {
    true
}

/// What may be changed; what is not there stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Patch {
    name: Option<String>,
    url: Option<String>,
    events: Option<Vec<String>>,
    enabled: Option<bool>,
}

pub async fn list(
    caller: Caller,
    State(web): State<Web>,
    page: Page<WebhookId>,
) -> Result<Json<Value>, Problem> {
    caller.must_be_admin()?;
    let settings = web.desk.settings();
    let items = settings.webhooks.values().map(|webhook| (webhook.id, shown(webhook)));
    Ok(settings_page(items, page.after.as_ref(), page.limit))
}

pub async fn show(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<WebhookId>,
) -> Result<Json<Value>, Problem> {
    caller.must_be_admin()?;
    Ok(Json(shown(&known(&web, id)?)))
}

pub async fn create(
    caller: Caller,
    State(web): State<Web>,
    Document(body): Document,
) -> Result<Response, Problem> {
    caller.must_be_admin()?;
    let Form { name, url, events, enabled } = read_form(body).map_err(Problem::invalid)?;
    let now = web.clock.now().at;
    let webhook = Webhook {
        id: WebhookId(web.new_id()),
        name,
        url,
        events,
        secret: Secret(new_secret()),
        old: None,
        created_at: now,
        disabled_at: (!enabled).then_some(now),
    };
    let saved = save(&web, webhook).await?;
    Ok(created("webhooks", saved.id, with_secret(&saved)))
}

pub async fn change(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<WebhookId>,
    Document(patch): Document,
) -> Result<Json<Value>, Problem> {
    caller.must_be_admin()?;
    let patch: Patch = read_form(patch).map_err(Problem::invalid)?;
    let mut webhook = known(&web, id)?;
    webhook.name = patch.name.unwrap_or(webhook.name);
    webhook.url = patch.url.unwrap_or(webhook.url);
    webhook.events = patch.events.unwrap_or(webhook.events);
    match patch.enabled {
        Some(true) => webhook.disabled_at = None,
        Some(false) => webhook.disabled_at = webhook.disabled_at.or(Some(web.clock.now().at)),
        None => {}
    }
    Ok(Json(shown(&save(&web, webhook).await?)))
}

pub async fn delete(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<WebhookId>,
) -> Result<StatusCode, Problem> {
    caller.must_be_admin()?;
    web.desk.save(Change::DeleteWebhook(id)).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// A new secret. For a day the old one signs too, so that the receiver can change over.
pub async fn rotate(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<WebhookId>,
) -> Result<Json<Value>, Problem> {
    caller.must_be_admin()?;
    let mut webhook = known(&web, id)?;
    let old = std::mem::replace(&mut webhook.secret, Secret(new_secret()));
    webhook.old = Some((old, web.clock.now().at + OLD_SECRET_SIGNS));
    Ok(Json(with_secret(&save(&web, webhook).await?)))
}

/// What became of each delivery, the newest first.
pub async fn deliveries(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<WebhookId>,
    asked: Page<DeliveryId>,
) -> Result<Json<Value>, Problem> {
    caller.must_be_admin()?;
    known(&web, id)?;
    let rows = web.reader.deliveries_to(Receiver::Webhook(id), asked.after, asked.limit + 1).await?;
    let items = rows.iter().map(|row| (row.delivery.id.to_string(), delivery(row)));
    Ok(page(items.collect(), asked.limit))
}

pub async fn retry(
    caller: Caller,
    State(web): State<Web>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<StatusCode, Problem> {
    caller.must_be_admin()?;
    let Path((id, delivery)) = path.map_err(|_| Problem::not_found())?;
    let id: WebhookId = id.parse().map_err(|_| Problem::not_found())?;
    let delivery = delivery.parse().map_err(|_| Problem::not_found())?;
    web.desk.retry(Errand::Retry { delivery, receiver: Some(Receiver::Webhook(id)) }).await??;
    Ok(StatusCode::ACCEPTED)
}

fn known(web: &Web, id: WebhookId) -> Result<Webhook, Problem> {
    web.desk.settings().webhooks.get(&id).cloned().ok_or_else(Problem::not_found)
}

async fn save(web: &Web, webhook: Webhook) -> Result<Webhook, Problem> {
    match web.desk.save(Change::Webhook(Box::new(webhook))).await?? {
        Change::Webhook(webhook) => Ok(*webhook),
        _ => Err(unexpected()),
    }
}

fn shown(webhook: &Webhook) -> Value {
    json!({
        "id": webhook.id,
        "name": webhook.name,
        "url": webhook.url,
        "events": webhook.events,
        "enabled": webhook.disabled_at.is_none(),
        "disabled_at": webhook.disabled_at,
        "old_secret_until": webhook.old.as_ref().map(|(_, until)| until),
        "created_at": webhook.created_at,
    })
}

fn with_secret(webhook: &Webhook) -> Value {
    let mut object = shown(webhook);
    object["secret"] = webhook.secret.0.as_str().into();
    object
}

fn delivery(row: &Logged) -> Value {
    let delivery = &row.delivery;
    json!({
        "id": delivery.id,
        "event": delivery.happening,
        "kind": row.kind,
        "at": row.happened_at,
        "state": state(row),
        "tries": delivery.tries,
        "status": delivery.status,
        "error": delivery.error,
        "done_at": delivery.done_at,
        "next_try": (state(row) == "waiting").then_some(delivery.due_at),
    })
}

/// `done`, `failed` for one that is given up, or `waiting`.
pub fn state(row: &Logged) -> &'static str {
    match (row.delivery.done_at, row.delivery.failed_at) {
        (Some(_), _) => "done",
        (None, Some(_)) => "failed",
        (None, None) => "waiting",
    }
}
