//! Webhooks: who is told what happens, signed as Standard Webhooks says, and what became of each delivery. A secret is
//! shown once, when it is made.

use super::{
    Problem, Web,
    auth::{Bodiless, Caller, Document, Id, IfMatch, NewDocument, Page},
    page::{created, merge, page, settings_page, unexpected},
    schemas,
    settings::{again, tagged, with_tag},
};
use crate::{
    desk::{
        postman::Retried,
        saving::{Once, Save, Saved},
        settings::{Refused, read_form, tag, webhook_document},
    },
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
    http::{HeaderMap, StatusCode},
    response::Response,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// How long the secret before signs too.
const OLD_SECRET_SIGNS: TimeDelta = TimeDelta::hours(24);
/// How often a change is made anew from what somebody else has saved meanwhile.
const TRIES: usize = 64;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWebhook)]
pub struct Form {
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// `https://` and a machine that everybody can reach.
    #[schema(min_length = 1, max_length = 2_000)]
    pub url: String,
    /// Kinds of events, or `*` for all.
    #[schema(value_type = Vec<schemas::EventOrAll>, min_items = 1)]
    pub events: Vec<String>,
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

impl Form {
    /// A webhook that was disabled before stays so since then.
    fn fill(self, webhook: Webhook, now: DateTime<Utc>) -> Webhook {
        let Self { name, url, events, enabled } = self;
        let disabled_at = (!enabled).then(|| webhook.disabled_at.unwrap_or(now));
        Webhook { name, url, events, disabled_at, ..webhook }
    }
}

/// Lists webhooks, without their secrets.
#[utoipa::path(get, path = "/webhooks", params(schemas::Paging), responses(
    (status = 200, body = schemas::Page<schemas::Webhook>), (status = 403)
))]
pub async fn list(
    caller: Caller,
    State(web): State<Web>,
    page: Page<WebhookId>,
) -> Result<Json<Value>, Problem> {
    caller.must_be_admin()?;
    let settings = web.desk.settings();
    let items = settings.webhooks.values().map(|webhook| (webhook.id, webhook_document(webhook)));
    Ok(settings_page(items, page.after.as_ref(), page.limit))
}

/// Shows a webhook, without its secrets.
#[utoipa::path(get, path = "/webhooks/{id}",
    params(("id" = WebhookId, Path), ("If-None-Match" = Option<String>, Header)),
    responses(
        (status = 200, body = schemas::Webhook, headers(("ETag" = String))),
        (status = 304, description = "It has that tag"), (status = 403)
    ))]
pub async fn show(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<WebhookId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.must_be_admin()?;
    let document = webhook_document(&known(&web, id)?);
    Ok(tagged(&document, &document, &headers))
}

/// Makes a webhook. Its secret is in the answer, and nowhere else: a repeat under the same key is answered 409.
#[utoipa::path(post, path = "/webhooks", request_body = Form,
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[ -~]{1,255}$")),
    responses(
        (status = 201, body = schemas::WebhookWithSecret, headers(("Location" = String))),
        (status = 403), (status = 409)
    ))]
pub async fn create(caller: Caller, State(web): State<Web>, new: NewDocument) -> Result<Response, Problem> {
    caller.must_be_admin()?;
    let form: Form = read_form(new.document.clone()).map_err(Problem::invalid)?;
    let webhook = made(&web, form);
    let once = new.once(&caller, &location(webhook.id), true);
    let save = Save { once, ..Save::new(Change::Webhook(Box::new(webhook)), caller.author()) };
    match web.desk.save_as(save).await?? {
        Saved::Before(repeat) => again(&repeat),
        Saved::Now { change: Change::Webhook(webhook), .. } => {
            Ok(created("webhooks", webhook.id, with_secret(&webhook)))
        }
        Saved::Now { .. } => Err(unexpected()),
    }
}

fn made(web: &Web, form: Form) -> Webhook {
    let now = web.clock.now().at;
    let webhook = Webhook {
        id: WebhookId(web.new_id()),
        name: String::new(),
        url: String::new(),
        events: Vec::new(),
        secret: Secret(new_secret()),
        old: None,
        created_at: now,
        disabled_at: None,
    };
    form.fill(webhook, now)
}

/// What pages do with a webhook.
pub enum Act {
    Make(Form),
    Change(Form),
    Rotate,
    Delete,
}

/// For pages: does it, if the webhook still has the tag that it was seen with. Of a new secret it answers what is shown
/// once.
pub async fn act(
    web: &Web,
    caller: &Caller,
    seen: Option<(WebhookId, &str)>,
    act: Act,
) -> Result<Result<(WebhookId, Option<String>), Refused>, Problem> {
    caller.must_be_admin()?;
    let there = match seen {
        Some((id, _)) => Some(known(web, id)?),
        None => None,
    };
    let expected = seen.map(|(_, tag)| tag.to_owned());
    let (change, id, secret) = match (act, there) {
        (Act::Make(form), _) => {
            let webhook = made(web, form);
            let (id, secret) = (webhook.id, webhook.secret.0.clone());
            (Change::Webhook(Box::new(webhook)), id, Some(secret))
        }
        (Act::Change(form), Some(webhook)) => {
            let id = webhook.id;
            (Change::Webhook(Box::new(form.fill(webhook, web.clock.now().at))), id, None)
        }
        (Act::Rotate, Some(webhook)) => {
            let webhook = with_new_secret(webhook, web);
            let (id, secret) = (webhook.id, webhook.secret.0.clone());
            (Change::Webhook(Box::new(webhook)), id, Some(secret))
        }
        (Act::Delete, Some(webhook)) => (Change::DeleteWebhook(webhook.id), webhook.id, None),
        (_, None) => return Err(Problem::not_found()),
    };
    let saved = web.desk.save_as(Save { expected, ..Save::new(change, caller.author()) }).await?;
    Ok(saved.map(|_| (id, secret)))
}

fn with_new_secret(mut webhook: Webhook, web: &Web) -> Webhook {
    let old = std::mem::replace(&mut webhook.secret, Secret(new_secret()));
    webhook.old = Some((old, web.clock.now().at + OLD_SECRET_SIGNS));
    webhook
}

/// Changes a webhook: a JSON merge patch (RFC 7396).
#[utoipa::path(patch, path = "/webhooks/{id}",
    params(("id" = WebhookId, Path), ("If-Match" = Option<String>, Header)),
    request_body(content = schemas::WebhookPatch, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, body = schemas::Webhook, headers(("ETag" = String))),
        (status = 403), (status = 409), (status = 412)
    ))]
pub async fn change(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<WebhookId>,
    if_match: IfMatch,
    Document(patch): Document,
) -> Result<Response, Problem> {
    caller.must_be_admin()?;
    let patched = |webhook: Webhook| {
        let Webhook { name, url, events, disabled_at, .. } = &webhook;
        let mut document =
            json!({ "name": name, "url": url, "events": events, "enabled": disabled_at.is_none() });
        merge(&mut document, patch.clone());
        let form: Form = read_form(document).map_err(Problem::invalid)?;
        Ok(form.fill(webhook, web.clock.now().at))
    };
    match save(&caller, &web, id, &if_match, None, patched).await? {
        Saved::Before(repeat) => again(&repeat),
        Saved::Now { document, .. } => Ok(with_tag(&document.ok_or_else(Problem::not_found)?)),
    }
}

/// Deletes a webhook with its log.
#[utoipa::path(delete, path = "/webhooks/{id}",
    params(("id" = WebhookId, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = 403), (status = 412)))]
pub async fn delete(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<WebhookId>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    caller.must_be_admin()?;
    let expected = if_match.expected(&webhook_document(&known(&web, id)?))?;
    let delete = Save::new(Change::DeleteWebhook(id), caller.author());
    web.desk.save_as(Save { expected, ..delete }).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a new secret, which is in the answer. For a day the old one signs too, so that the receiver can change over. A
/// repeat under the same key is answered 409.
#[utoipa::path(post, path = "/webhooks/{id}/rotate",
    params(
        ("id" = WebhookId, Path), ("If-Match" = Option<String>, Header),
        ("Idempotency-Key" = Option<String>, Header, pattern = "^[ -~]{1,255}$")
    ),
    responses(
        (status = 200, body = schemas::WebhookWithSecret), (status = 400), (status = 403), (status = 409),
        (status = 412), (status = 422)
    ))]
pub async fn rotate(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<WebhookId>,
    if_match: IfMatch,
    asked: Bodiless,
) -> Result<Response, Problem> {
    use axum::response::IntoResponse;
    caller.must_be_admin()?;
    let rotated = |webhook: Webhook| Ok(with_new_secret(webhook, &web));
    let once = asked.once(&caller, &location(id), true);
    match save(&caller, &web, id, &if_match, once, rotated).await? {
        Saved::Before(repeat) => again(&repeat),
        Saved::Now { change: Change::Webhook(webhook), .. } => {
            Ok(Json(with_secret(&webhook)).into_response())
        }
        Saved::Now { .. } => Err(unexpected()),
    }
}

/// What became of each delivery, the newest first.
#[utoipa::path(get, path = "/webhooks/{id}/deliveries", params(("id" = WebhookId, Path), schemas::Paging), responses(
    (status = 200, body = schemas::Page<schemas::Delivery>), (status = 403)
))]
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

/// Delivers it again at once, whatever became of it, unless the webhook is disabled.
#[utoipa::path(post, path = "/webhooks/{id}/deliveries/{delivery}/retry",
    params(("id" = WebhookId, Path), ("delivery" = DeliveryId, Path)),
    responses((status = 202, description = "It is on its way"), (status = 403), (status = 409)))]
pub async fn retry(
    caller: Caller,
    State(web): State<Web>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<StatusCode, Problem> {
    caller.must_be_admin()?;
    let Path((id, delivery)) = path.map_err(|_| Problem::not_found())?;
    let id: WebhookId = id.parse().map_err(|_| Problem::not_found())?;
    let delivery = delivery.parse().map_err(|_| Problem::not_found())?;
    let what = Retried::Delivery { delivery, receiver: Some(Receiver::Webhook(id)) };
    web.desk.retry(what, caller.author()).await??;
    Ok(StatusCode::ACCEPTED)
}

fn known(web: &Web, id: WebhookId) -> Result<Webhook, Problem> {
    web.desk.settings().webhooks.get(&id).cloned().ok_or_else(Problem::not_found)
}

fn location(id: WebhookId) -> String {
    format!("/api/v1/webhooks/{id}")
}

/// Saves what `made` makes of the webhook that is there. Without If-Match it counts for whatever is there, even if that
/// was changed a moment ago.
async fn save(
    caller: &Caller,
    web: &Web,
    id: WebhookId,
    if_match: &IfMatch,
    once: Option<Once>,
    made: impl Fn(Webhook) -> Result<Webhook, Problem>,
) -> Result<Saved, Problem> {
    for _ in 0..TRIES {
        let webhook = known(web, id)?;
        let document = webhook_document(&webhook);
        let expected = if_match.expected(&document)?.or_else(|| Some(tag(&document)));
        let change = Change::Webhook(Box::new(made(webhook)?));
        let save = Save { expected, once: once.clone(), ..Save::new(change, caller.author()) };
        match web.desk.save_as(save).await? {
            Err(Refused::Stale) if !if_match.is_given() => {}
            saved => return Ok(saved?),
        }
    }
    Err(Refused::Stale.into())
}

fn with_secret(webhook: &Webhook) -> Value {
    let mut object = webhook_document(webhook);
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
