//! Missed calls: who should be called back.

use super::{
    Problem, Web,
    access::Viewer,
    auth::{Caller, Id, Page},
    calls::{object, visible},
    page::page_until,
    schemas,
};
use crate::{
    desk::{Row, settings::Fault},
    routing::ids::CallId,
    store::{
        called_back::CalledBack,
        calls::{CallRow, Wished},
    },
};
use axum::{Json, extract::State};
use serde_json::{Value, json};

/// Lists calls that nobody took, the newest first, with who called back and whether the caller got through later.
#[utoipa::path(get, path = "/missed_calls", tag = "calls", params(schemas::Paging), responses(
    (status = 200, body = schemas::Page<schemas::MissedCall>)
))]
pub async fn list(
    caller: Caller,
    State(web): State<Web>,
    asked: Page<CallId>,
) -> Result<Json<Value>, Problem> {
    let settings = web.desk.settings();
    let theirs = Viewer::new(&caller, &settings).theirs();
    let seen = web.reader.calls(&Wished::Missed, theirs.as_ref(), asked.after, asked.limit).await?;
    let ids: Vec<CallId> = seen.rows.iter().map(|row| row.id).collect();
    let (offers, voicemails) = (web.reader.offers(&ids).await?, web.reader.voicemails(&ids).await?);
    let called_back = web.reader.called_back(&ids).await?;
    let mut items = Vec::new();
    for row in &seen.rows {
        let mut item = object(row, &offers, &voicemails, &settings);
        let back = called_back.iter().find(|back| back.call == row.id);
        let through = web.reader.got_through(row).await?;
        if let Some(fields) = item.as_object_mut() {
            fields.insert("called_back".into(), back.map_or(Value::Null, told));
            fields.insert("got_through".into(), json!(through));
        }
        items.push(item);
    }
    Ok(page_until(items, seen.next))
}

/// Says that the caller of a missed call was called back. Whoever said so first stands.
#[utoipa::path(post, path = "/calls/{id}/called_back", tag = "calls", params(("id" = CallId, Path)), responses(
    (status = 200, body = schemas::CalledBack), (status = 409)
))]
pub async fn called_back(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<CallId>,
) -> Result<Json<Value>, Problem> {
    let first = say(&web, &caller, id).await?;
    Ok(Json(told(&first)))
}

/// Also for pages. Answers who said so first.
pub async fn say(web: &Web, caller: &Caller, id: CallId) -> Result<CalledBack, Problem> {
    let row = visible(caller, id, web).await?;
    if !is_missed(&row) {
        let fault = Fault::new("", "this call was not missed");
        return Err(crate::desk::settings::Refused::Conflict(fault).into());
    }
    let back = CalledBack { call: id, by: caller.user, at: web.clock.now().at };
    web.desk.record(Row::CalledBack(back.clone())).await?;
    Ok(web.reader.called_back(&[id]).await?.pop().unwrap_or(back))
}

pub fn is_missed(row: &CallRow) -> bool {
    matches!(row.outcome.as_deref(), Some("abandoned" | "voicemail"))
}

fn told(back: &CalledBack) -> Value {
    json!({ "by": back.by, "at": back.at })
}
