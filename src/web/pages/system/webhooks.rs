//! Webhooks: who is told what happens, and what became of it.

use super::{
    super::{
        super::{
            Problem, Web,
            webhooks::{self, Act, state},
        },
        form::Fields,
        layout::{Layout, Signed},
        moment::Moment,
        refusal::Refusal,
        saving::fault,
        show, show_changed, show_wrong,
    },
    Admin, id, to,
};
use crate::{
    desk::{
        happenings::KINDS,
        postman::Retried,
        settings::{Fault, Refused, tag, webhook_document},
    },
    routing::ids::{DeliveryId, WebhookId},
    store::{
        deliveries::{Logged, Receiver},
        webhooks::Webhook,
    },
};
use askama::Template;
use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;

const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "webhooks.html", config = "src/web/pages/askama.toml")]
struct List {
    layout: Layout,
    rows: Vec<Webhook>,
    next: Option<WebhookId>,
    form: Form,
}

#[derive(Template)]
#[template(path = "webhook.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    id: WebhookId,
    title: String,
    form: Form,
    /// Shown once.
    secret: Option<String>,
    old_until: Option<Moment>,
    deliveries: Vec<Delivery>,
    next: Option<DeliveryId>,
}

/// As it was typed.
#[derive(Default)]
struct Form {
    name: String,
    url: String,
    events: Vec<(&'static str, bool)>,
    enabled: bool,
    tag: String,
    faults: Vec<Fault>,
    theirs: Vec<(String, String, String)>,
    is_changed: bool,
}

struct Delivery {
    id: DeliveryId,
    kind: String,
    at: Moment,
    class: &'static str,
    state: String,
    tries: u32,
    status: String,
    error: String,
}

impl Form {
    fn of(webhook: &Webhook) -> Self {
        let Webhook { name, url, events, disabled_at, .. } = webhook;
        Self {
            name: name.clone(),
            url: url.clone(),
            events: choices(|event| events.iter().any(|chosen| chosen == event)),
            enabled: disabled_at.is_none(),
            tag: tag(&webhook_document(webhook)),
            ..Self::default()
        }
    }

    fn empty() -> Self {
        Self { events: choices(|event| event == "*"), enabled: true, ..Self::default() }
    }

    fn read(fields: &Fields) -> Self {
        Self {
            name: fields.text("name").to_owned(),
            url: fields.text("url").to_owned(),
            events: choices(|event| fields.all("event").any(|chosen| chosen == event)),
            enabled: fields.text("enabled") == "yes",
            tag: fields.text("tag").to_owned(),
            ..Self::default()
        }
    }

    fn sent(&self) -> webhooks::Form {
        let chosen = self.events.iter().filter(|(_, chosen)| *chosen);
        webhooks::Form {
            name: self.name.clone(),
            url: self.url.clone(),
            events: chosen.map(|(event, _)| (*event).to_owned()).collect(),
            enabled: self.enabled,
        }
    }

    fn fault(&self, pointer: &str) -> Option<String> {
        fault(&self.faults, pointer)
    }
}

fn choices(is_chosen: impl Fn(&str) -> bool) -> Vec<(&'static str, bool)> {
    ["*"].into_iter().chain(KINDS).map(|event| (event, is_chosen(event))).collect()
}

#[derive(Deserialize)]
pub struct Asked<T> {
    after: Option<T>,
}

pub async fn list(
    State(web): State<Web>,
    Admin(signed): Admin,
    asked: Result<Query<Asked<WebhookId>>, QueryRejection>,
) -> Result<Response, Refusal> {
    let asked = asked.map_err(|_| signed.refuse(Problem::not_found()))?.0;
    Ok(show(&listed(&web, &signed, asked.after)))
}

fn listed(web: &Web, signed: &Signed, after: Option<WebhookId>) -> List {
    let settings = web.desk.settings();
    let rest = settings.webhooks.values().filter(|webhook| after.is_none_or(|after| webhook.id > after));
    let mut rows: Vec<Webhook> = rest.take(ROWS + 1).cloned().collect();
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let next = rows.last().filter(|_| more).map(|row| row.id);
    List { layout: signed.layout.clone(), rows, next, form: Form::empty() }
}

pub async fn create(
    State(web): State<Web>,
    Admin(signed): Admin,
    fields: Fields,
) -> Result<Response, Refusal> {
    let mut form = Form::read(&fields);
    let made = webhooks::act(&web, &signed.caller, None, Act::Make(form.sent())).await;
    match made.map_err(|problem| signed.refuse(problem))? {
        Ok((id, secret)) => {
            let page = page(&web, &signed, id, None).await?;
            Ok(show(&Page { secret, ..page }))
        }
        Err(refused) => {
            form.faults = faults(&signed, refused)?;
            Ok(show_wrong(&List { form, ..listed(&web, &signed, None) }))
        }
    }
}

/// What is wrong, if it is something of the form.
fn faults(signed: &Signed, refused: Refused) -> Result<Vec<Fault>, Refusal> {
    match refused {
        Refused::Invalid(faults) => Ok(faults),
        Refused::Conflict(fault) => Ok(vec![fault]),
        other => Err(signed.refuse(other)),
    }
}

pub async fn show_page(
    State(web): State<Web>,
    Admin(signed): Admin,
    Path(webhook): Path<String>,
    asked: Result<Query<Asked<DeliveryId>>, QueryRejection>,
) -> Result<Response, Refusal> {
    let asked = asked.map_err(|_| signed.refuse(Problem::not_found()))?.0;
    let webhook = id(&signed, &webhook)?;
    Ok(show(&page(&web, &signed, webhook, asked.after).await?))
}

pub async fn change(
    State(web): State<Web>,
    Admin(signed): Admin,
    Path(webhook): Path<String>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let webhook: WebhookId = id(&signed, &webhook)?;
    let mut form = Form::read(&fields);
    let seen = Some((webhook, form.tag.as_str()));
    let changed = webhooks::act(&web, &signed.caller, seen, Act::Change(form.sent())).await;
    match changed.map_err(|problem| signed.refuse(problem))? {
        Ok(_) => Ok(to(&signed.layout, &format!("system/webhooks/{webhook}"))),
        Err(Refused::Stale) => {
            let page = page(&web, &signed, webhook, None).await?;
            form.theirs = differences(&page.form, &form);
            (form.is_changed, form.tag) = (true, page.form.tag.clone());
            Ok(show_changed(&Page { form, ..page }))
        }
        Err(refused) => {
            form.faults = faults(&signed, refused)?;
            Ok(show_wrong(&Page { form, ..page(&web, &signed, webhook, None).await? }))
        }
    }
}

fn differences(theirs: &Form, mine: &Form) -> Vec<(String, String, String)> {
    let document = |form: &Form| {
        let sent = form.sent();
        serde_json::json!({ "name": sent.name, "url": sent.url, "events": sent.events, "enabled": sent.enabled })
    };
    super::super::differences::between(&document(theirs), &document(mine))
}

/// Makes a new secret and shows it this once.
pub async fn rotate(
    State(web): State<Web>,
    Admin(signed): Admin,
    Path(webhook): Path<String>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let webhook: WebhookId = id(&signed, &webhook)?;
    let seen = Some((webhook, fields.text("tag")));
    let made = webhooks::act(&web, &signed.caller, seen, Act::Rotate).await;
    let made = made.map_err(|problem| signed.refuse(problem))?;
    let mut page = page(&web, &signed, webhook, None).await?;
    match made {
        Ok((_, secret)) => Ok(show(&Page { secret, ..page })),
        Err(Refused::Stale) => {
            page.form.is_changed = true;
            Ok(show_changed(&page))
        }
        Err(refused) => Err(signed.refuse(refused)),
    }
}

pub async fn delete(
    State(web): State<Web>,
    Admin(signed): Admin,
    Path(webhook): Path<String>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let webhook: WebhookId = id(&signed, &webhook)?;
    let seen = Some((webhook, fields.text("tag")));
    let deleted = webhooks::act(&web, &signed.caller, seen, Act::Delete).await;
    match deleted.map_err(|problem| signed.refuse(problem))? {
        Ok(_) => Ok(to(&signed.layout, "system/webhooks")),
        Err(Refused::Stale) => {
            let mut page = page(&web, &signed, webhook, None).await?;
            page.form.is_changed = true;
            Ok(show_changed(&page))
        }
        Err(refused) => Err(signed.refuse(refused)),
    }
}

/// Tries a delivery again at once.
pub async fn retry(
    State(web): State<Web>,
    Admin(signed): Admin,
    Path(webhook): Path<String>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let webhook: WebhookId = id(&signed, &webhook)?;
    let delivery = id(&signed, fields.text("delivery"))?;
    let what = Retried::Delivery { delivery, receiver: Some(Receiver::Webhook(webhook)) };
    let retried = web.desk.retry(what, signed.caller.author()).await;
    let refuse = |problem: Problem| signed.refuse(problem);
    retried.map_err(|unavailable| refuse(unavailable.into()))?.map_err(|refused| refuse(refused.into()))?;
    Ok(to(&signed.layout, &format!("system/webhooks/{webhook}#deliveries")))
}

async fn page(web: &Web, signed: &Signed, id: WebhookId, after: Option<DeliveryId>) -> Result<Page, Refusal> {
    let settings = web.desk.settings();
    let webhook = settings.webhooks.get(&id).ok_or_else(|| signed.refuse(Problem::not_found()))?;
    let limit = u32::try_from(ROWS + 1).unwrap_or(u32::MAX);
    let read = web.reader.deliveries_to(Receiver::Webhook(id), after, limit).await;
    let mut rows = read.map_err(|error| signed.refuse(error))?;
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    Ok(Page {
        layout: signed.layout.clone(),
        id,
        title: webhook.name.clone(),
        form: Form::of(webhook),
        secret: None,
        old_until: webhook.old.as_ref().map(|(_, until)| Moment::new(*until, &web.ground.account)),
        next: rows.last().filter(|_| more).map(|row| row.delivery.id),
        deliveries: rows.iter().map(|row| delivery(row, web, signed)).collect(),
    })
}

fn delivery(row: &Logged, web: &Web, signed: &Signed) -> Delivery {
    let (class, name) = match state(row) {
        "done" => ("good", signed.layout.t("system-done")),
        "failed" => ("bad", signed.layout.t("system-failed")),
        _ => ("busy", signed.layout.t("system-waiting")),
    };
    Delivery {
        id: row.delivery.id,
        kind: row.kind.clone(),
        at: Moment::new(row.happened_at, &web.ground.account),
        class,
        state: name,
        tries: row.delivery.tries,
        status: row.delivery.status.map(|status| status.to_string()).unwrap_or_default(),
        error: row.delivery.error.clone().unwrap_or_default(),
    }
}
