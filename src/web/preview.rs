//! What a call or a ticket would meet, and why: at an instant, and through a week.

use super::{
    Problem, Web,
    access::{Sight, Viewer},
    auth::{Caller, Document},
    calls::{candidates, reasons},
    language::Speaking,
    page::merge,
    schemas,
};
use crate::{
    calls::{
        channel::Channel,
        preview::{self, Preview, Span},
        warnings::whole_step,
    },
    desk::{
        AskedOfTicket,
        settings::{Fault, Settings, read_form},
    },
    routing::{
        ids::ChannelId,
        sentences::{Language, Teller},
    },
    tickets::{preview::Preview as TicketPreview, sharing::To},
};
use axum::{
    Json,
    extract::{Query, State},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

/// A question about one instant; without one, about this moment with everybody as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PreviewForm)]
struct Form {
    channel: ChannelId,
    at: Option<DateTime<Utc>>,
    /// The caller's number; "anonymous" for one who withholds it.
    from: Option<String>,
    /// Of channels that make tickets out of messages: what is known of the ticket.
    #[serde(default)]
    ticket: AskedOfTicket,
    /// What would be changed of the channel first, as it is sent to change it. It is checked as it would be when saved.
    #[schema(value_type = Option<Object>)]
    draft: Option<Value>,
}

/// What a call or a ticket would meet. Writes nothing.
#[utoipa::path(post, path = "/preview", request_body = Form, responses(
    (status = 200, body = schemas::Preview), (status = 403)
))]
pub async fn at_an_instant(
    caller: Caller,
    State(web): State<Web>,
    Speaking(language): Speaking,
    Document(body): Document,
) -> Result<Json<Value>, Problem> {
    caller.must_not_be_agent()?;
    let form: Form = read_form(body).map_err(Problem::invalid)?;
    let settings = web.desk.settings();
    let is_there = settings.channel_document(form.channel).is_some();
    if !is_there || !sees(&caller, &settings, form.channel) {
        return Err(Problem::invalid(Fault::new("/channel", "there is no channel of this id")));
    }
    match settings.channels.get(&form.channel) {
        Some(channel) => of_call(&web, form, &settings, channel, language).await,
        None => of_ticket(&web, form, &settings, language).await,
    }
}

async fn of_call(
    web: &Web,
    form: Form,
    settings: &Settings,
    channel: &Channel,
    language: Language,
) -> Result<Json<Value>, Problem> {
    let draft = match form.draft {
        Some(patch) => Some(draft(web, settings, form.channel, patch)?),
        None => None,
    };
    let from = form.from.map(From::from);
    let preview = web.desk.preview(form.channel, form.at, from, draft.clone()).await??;
    let channel = draft.as_ref().unwrap_or(channel);
    let name = |user| settings.name_of(user);
    let teller = Teller { language, zone: &channel.zone, name: &name };
    let mut object = shown(&preview, &teller);
    if let Some(fields) = object.as_object_mut() {
        fields.insert("at".into(), json!(preview.at));
        fields.insert("channel".into(), json!(form.channel));
        fields.insert("ringing".into(), json!(channel.ringing));
    }
    Ok(Json(object))
}

/// The channel after this change, which is not made.
pub(super) fn draft(web: &Web, settings: &Settings, id: ChannelId, patch: Value) -> Result<Channel, Problem> {
    let channel = settings.draft(id, merged(settings, id, patch)?, &web.ground);
    channel.map_err(|refused| Problem::from(refused.below("/draft")))
}

pub(super) fn merged(settings: &Settings, id: ChannelId, patch: Value) -> Result<Value, Problem> {
    let mut document = settings.channel_document(id).cloned().ok_or_else(Problem::not_found)?;
    merge(&mut document, patch);
    Ok(document)
}

async fn of_ticket(
    web: &Web,
    form: Form,
    settings: &Settings,
    language: Language,
) -> Result<Json<Value>, Problem> {
    if form.from.is_some() {
        return Err(Problem::invalid(Fault::new("/from", "nobody calls this channel")));
    }
    if form.ticket.contact.is_some_and(|contact| settings.contacts.get(contact).is_none()) {
        return Err(Problem::invalid(Fault::new("/ticket/contact", "there is no contact of this id")));
    }
    let id = form.channel;
    let draft = match form.draft {
        Some(patch) => {
            let channel = settings.ticket_draft(id, merged(settings, id, patch)?, &web.ground);
            Some(channel.map_err(|refused| Problem::from(refused.below("/draft")))?)
        }
        None => None,
    };
    let TicketPreview { at, hours, next_change, shared } =
        web.desk.preview_ticket(id, form.at, form.ticket, draft.clone()).await??;
    let zone = draft.as_ref().map(|channel| &channel.zone).or_else(|| settings.zone_of(id));
    let name = |user| settings.name_of(user);
    let teller = Teller { language, zone: zone.unwrap_or(&web.ground.account), name: &name };
    let (action, owner, team) = match shared.to {
        To::Owner(owner) => ("assign", Some(owner), None),
        To::Team(team) => ("team", None, Some(team)),
        To::CustomerAgent => ("customer_agent", None, None),
        To::Nobody => ("unassigned", None, None),
    };
    Ok(Json(json!({
        "at": at,
        "channel": id,
        "hours": { "open": hours.open, "rule": hours.rule, "next_change": next_change },
        "action": action,
        "owner": owner,
        "team": team,
        "mail_owner": shared.mail_owner,
        "ring": [],
        "candidates": candidates(&shared.candidates, &teller),
        "reasons": reasons(&shared.reasons, &teller),
    })))
}

fn sees(caller: &Caller, settings: &Settings, channel: ChannelId) -> bool {
    Viewer::new(caller, settings).channel(channel) == Sight::All
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Stretch {
    channel: ChannelId,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
}

/// The longest stretch that is looked at in one go.
const STRETCH_MAX: TimeDelta = TimeDelta::days(31);

/// A week ahead in steps of a quarter of an hour, by schedules alone: who would ring, where nobody would, and why.
#[utoipa::path(get, path = "/coverage", params(Stretch), responses(
    (status = 200, body = schemas::Coverage), (status = 403), (status = 404), (status = 500)
))]
pub async fn coverage(
    caller: Caller,
    State(web): State<Web>,
    Speaking(language): Speaking,
    stretch: Result<Query<Stretch>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Problem> {
    caller.must_not_be_agent()?;
    let Query(stretch) = stretch.map_err(|error| Problem::malformed(error.body_text()))?;
    let settings = web.desk.settings();
    let channel = settings
        .channels
        .get(&stretch.channel)
        .filter(|_| sees(&caller, &settings, stretch.channel))
        .cloned()
        .ok_or_else(Problem::not_found)?;
    let from = whole_step(stretch.from.unwrap_or_else(|| web.clock.now().at));
    let a_week_later = from.checked_add_signed(TimeDelta::days(7)).unwrap_or(from);
    let until = stretch.until.unwrap_or(a_week_later);
    if until <= from || until - from > STRETCH_MAX {
        let fault = Fault::new("/until", "it must be after the beginning, by at most 31 days");
        return Err(Problem::invalid(fault));
    }
    // Many agents and many steps take a while: not on a thread that answers others.
    let times = web.ground.times;
    let looked = tokio::task::spawn_blocking(move || {
        let spans = preview::coverage(&channel, &settings.people, times, from, until);
        week(&channel, &spans, from, until, &settings, language)
    });
    looked.await.map(Json).map_err(|_| Problem::new(500, "The week can't be looked at"))
}

fn week(
    channel: &Channel,
    spans: &[Span],
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    settings: &Settings,
    language: Language,
) -> Value {
    let name = |user| settings.name_of(user);
    let teller = Teller { language, zone: &channel.zone, name: &name };
    let shown = spans.iter().map(|span| {
        let mut object = shown(&span.preview, &teller);
        if let Some(fields) = object.as_object_mut() {
            fields.insert("from".into(), json!(span.from));
            fields.insert("until".into(), json!(span.until));
            fields.insert("hole".into(), span.preview.is_hole().into());
        }
        object
    });
    let step_seconds = preview::STEP.num_seconds();
    let spans: Vec<Value> = shown.collect();
    json!({ "channel": channel.id, "from": from, "until": until, "step_seconds": step_seconds, "spans": spans })
}

fn shown(preview: &Preview, teller: &Teller<'_>) -> Value {
    let Preview { hours, next_change, action, ring, .. } = preview;
    json!({
        "hours": { "open": hours.open, "rule": hours.rule, "next_change": next_change },
        "action": action,
        "ring": ring,
        "candidates": candidates(&preview.candidates, teller),
        "reasons": reasons(&preview.reasons, teller),
    })
}
