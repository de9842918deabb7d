//! Calls: what happened to each, why, and the message that was left.

use super::{
    Problem, Web,
    access::Viewer,
    auth::{Caller, Id, Page},
    contacts,
    language::Speaking,
    page::page_until,
    schemas,
};
use crate::{
    audio,
    desk::settings::Settings,
    routing::{
        candidates::Candidates,
        eligibility::Objection,
        ids::{CallId, ChannelId},
        reasons::Reason,
        sentences::{Language, Teller},
    },
    store::{
        audit::Subject,
        calls::{CallRow, Wished},
        decisions::Why,
        offers::Offered,
        voicemails::Voicemail,
    },
};
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::info;
use utoipa::IntoParams;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Callers {
    /// The caller's number.
    from: Option<String>,
}

/// Lists calls, the newest first: all, or those of one caller.
#[utoipa::path(get, path = "/calls", params(schemas::Paging, Callers), responses(
    (status = 200, body = schemas::Page<schemas::Call>)
))]
pub async fn list(
    caller: Caller,
    State(web): State<Web>,
    asked: Page<CallId>,
    wanted: Result<Query<Callers>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(wanted) = wanted.map_err(|error| Problem::malformed(error.body_text()))?;
    let wished = wanted.from.map_or(Wished::All, |from| Wished::From(contacts::number(from)));
    let settings = web.desk.settings();
    let theirs = Viewer::new(&caller, &settings).theirs();
    let seen = web.reader.calls(&wished, theirs.as_ref(), asked.after, asked.limit).await?;
    let ids: Vec<CallId> = seen.rows.iter().map(|row| row.id).collect();
    let (offers, voicemails) = (web.reader.offers(&ids).await?, web.reader.voicemails(&ids).await?);
    let items = seen.rows.iter().map(|row| object(row, &offers, &voicemails, &settings));
    Ok(page_until(items.collect(), seen.next))
}

/// Shows a call.
#[utoipa::path(get, path = "/calls/{id}", params(("id" = CallId, Path)), responses((status = 200, body = schemas::Call)))]
pub async fn show(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<CallId>,
) -> Result<Json<Value>, Problem> {
    let row = visible(&caller, id, &web).await?;
    let (offers, voicemails) = (web.reader.offers(&[id]).await?, web.reader.voicemails(&[id]).await?);
    Ok(Json(object(&row, &offers, &voicemails, &web.desk.settings())))
}

/// Every decision that was made on it; the first reason of each decided.
#[utoipa::path(get, path = "/calls/{id}/why", params(("id" = CallId, Path)), responses(
    (status = 200, body = schemas::Why)
))]
pub async fn why(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<CallId>,
    Speaking(language): Speaking,
) -> Result<Json<Value>, Problem> {
    let channel = visible(&caller, id, &web).await?.channel;
    let decisions = web.reader.decisions_on_call(id).await?;
    Ok(Json(explained(&decisions, Some(channel), &web, language)))
}

/// Which of the two files of a recording is asked for.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    /// As it was recorded, with the silence before and after.
    #[serde(default)]
    original: bool,
}

/// The recording, trimmed where that could be done.
#[utoipa::path(get, path = "/calls/{id}/voicemail", params(("id" = CallId, Path), ("original" = Option<bool>, Query)), responses(
    (status = 200, content_type = "audio/wav", body = Vec<u8>), (status = 500)
))]
pub async fn voicemail(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<CallId>,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Problem> {
    let Ok(Query(Wanted { original })) = query else {
        return Err(Problem::new(400, "The query can't be read"));
    };
    visible(&caller, id, &web).await?;
    let kept = web.reader.voicemails(&[id]).await?.pop().ok_or_else(Problem::not_found)?;
    let bytes = recorded(&web, &kept.sha256, original).await.map_err(|error| {
        tracing::error!(call.id = %id, %error, "a kept message can't be read");
        Problem::new(500, "The recording can't be read")
    })?;
    let subject = Subject { kind: "call", id: id.0 };
    web.desk.note(caller.author(), "listened", subject).await?;
    let by = caller.user.map_or_else(|| "a token".to_owned(), |user| user.to_string());
    info!(call.id = %id, by, "a message was listened to");
    let headers = [
        (header::CONTENT_TYPE, "audio/wav"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, bytes).into_response())
}

/// The file of a recording: trimmed, where that could be done and the original is not asked for.
pub async fn recorded(web: &Web, sha256: &str, original: bool) -> std::io::Result<Vec<u8>> {
    let trimmed = web.voicemails.join(audio::trimmed_name(sha256));
    if !original && let Ok(bytes) = tokio::fs::read(trimmed).await {
        return Ok(bytes);
    }
    tokio::fs::read(web.voicemails.join(format!("{sha256}.wav"))).await
}

pub async fn visible(caller: &Caller, id: CallId, web: &Web) -> Result<CallRow, Problem> {
    let row = web.reader.call(id).await?.ok_or_else(Problem::not_found)?;
    if may_see(caller, &row, web, &web.desk.settings()).await? { Ok(row) } else { Err(Problem::not_found()) }
}

pub async fn may_see(
    caller: &Caller,
    row: &CallRow,
    web: &Web,
    settings: &Settings,
) -> Result<bool, Problem> {
    let viewer = Viewer::new(caller, settings);
    if viewer.call(row) {
        return Ok(true);
    }
    let ticket = web.reader.ticket(row.ticket).await?;
    Ok(ticket.is_some_and(|ticket| viewer.ticket(&ticket)))
}

pub fn object(
    row: &CallRow,
    offers: &[(CallId, Offered)],
    voicemails: &[Voicemail],
    settings: &Settings,
) -> Value {
    let offers: Vec<&Offered> =
        offers.iter().filter(|(call, _)| *call == row.id).map(|(_, offer)| offer).collect();
    let voicemail = voicemails.iter().rfind(|kept| kept.call == row.id).map(
        |kept| json!({ "seconds": kept.seconds, "audio": format!("/api/v1/calls/{}/voicemail", row.id) }),
    );
    json!({
        "id": row.id,
        "provider": row.provider,
        "provider_call_id": row.provider_call_id,
        "channel": row.channel,
        "from": row.from,
        "contact": settings.contacts.named(&row.from),
        "to": row.to,
        "state": row.state,
        "outcome": row.outcome,
        "agent": row.agent,
        "ticket": row.ticket,
        "voicemail": voicemail,
        "offers": offers,
        "arrived_at": row.arrived_at,
        "ended_at": row.ended_at,
    })
}

/// Decisions as data and as sentences.
pub fn explained(decisions: &[Why], channel: Option<ChannelId>, web: &Web, language: Language) -> Value {
    let settings = web.desk.settings();
    let zone = channel.and_then(|id| settings.zone_of(id)).unwrap_or(&web.ground.account);
    let name = |user| settings.name_of(user);
    let teller = Teller { language, zone, name: &name };
    let shown = decisions.iter().map(|why| {
        json!({
            "at": why.at,
            "event": why.event,
            "action": why.action,
            "hours": why.hours,
            "candidates": candidates(&why.candidates, &teller),
            "reasons": reasons(&why.reasons, &teller),
        })
    });
    json!({ "decisions": shown.collect::<Vec<_>>() })
}

/// Everybody who was looked at, and what was held against them.
pub fn candidates(candidates: &Candidates, teller: &Teller<'_>) -> Vec<Value> {
    let shown = candidates.iter().map(|(user, load, objection)| {
        json!({
            "user": user,
            "eligible": objection.is_none(),
            "objection": objection.map(Objection::code),
            "sentence": objection.map(|objection| teller.objection(user, objection)),
            "load": load,
        })
    });
    shown.collect()
}

/// The first one decided.
pub fn reasons(reasons: &[Reason], teller: &Teller<'_>) -> Vec<Value> {
    let shown = reasons.iter().map(|reason| {
        let mut value = json!(reason);
        if let Some(fields) = value.as_object_mut() {
            fields.entry("arguments").or_insert_with(|| json!({}));
            fields.insert("sentence".into(), teller.reason(reason).into());
        }
        value
    });
    shown.collect()
}
