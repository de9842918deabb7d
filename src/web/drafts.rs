//! What somebody is still writing to a customer: seen by nobody else, and changing nothing of the ticket.

use super::{
    Problem, Web,
    auth::{Caller, Document, Id},
    messages::{TEXT_MAX, author},
    schemas,
    tickets::visible,
};
use crate::{
    desk::{
        Row,
        settings::{Fault, read_form},
    },
    routing::ids::TicketId,
    store::drafts::DraftRow,
    tickets::message::Draft,
};
use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDraft)]
struct Form {
    #[schema(max_length = 50000)]
    text: String,
    #[serde(default)]
    #[schema(max_length = 500)]
    subject: Option<String>,
}

/// One's own draft on a ticket.
#[utoipa::path(get, path = "/tickets/{id}/draft", tag = "tickets", params(("id" = TicketId, Path)), responses(
    (status = 200, body = schemas::Draft)
))]
pub async fn show(
    caller: Caller,
    State(web): State<Web>,
    Id(ticket): Id<TicketId>,
) -> Result<Json<Value>, Problem> {
    visible(&caller, ticket, &web).await?;
    let found = web.reader.draft(ticket, author(&caller)).await?;
    let (at, draft) = found.map_or((None, Draft::default()), |(at, draft)| (Some(at), draft));
    Ok(Json(json!({ "at": at, "subject": draft.subject, "text": draft.text })))
}

/// Keeps one's own draft on a ticket.
#[utoipa::path(put, path = "/tickets/{id}/draft", tag = "tickets", params(("id" = TicketId, Path)), request_body = Form,
    responses((status = 200, body = schemas::Draft)))]
pub async fn set(
    caller: Caller,
    State(web): State<Web>,
    Id(ticket): Id<TicketId>,
    Document(body): Document,
) -> Result<Json<Value>, Problem> {
    visible(&caller, ticket, &web).await?;
    let Form { text, subject } = read_form(body).map_err(Problem::invalid)?;
    keep(&web, &caller, ticket, subject, text).await
}

/// What whoever asks is still writing. An empty draft is none.
pub async fn keep(
    web: &Web,
    caller: &Caller,
    ticket: TicketId,
    subject: Option<String>,
    text: String,
) -> Result<Json<Value>, Problem> {
    if text.chars().count() > TEXT_MAX {
        let detail = format!("a message has at most {TEXT_MAX} characters");
        return Err(Problem::invalid(Fault::new("/text", detail)));
    }
    if subject.as_ref().is_some_and(|subject| subject.chars().count() > 500) {
        return Err(Problem::invalid(Fault::new("/subject", "a subject has at most 500 characters")));
    }
    let at = web.clock.now().at;
    let shown = json!({ "at": at, "subject": subject, "text": text });
    let draft = Some(Draft { subject, text, ..Draft::default() }).filter(|draft| *draft != Draft::default());
    web.desk.record(Row::Draft(DraftRow { ticket, author: author(caller), at, draft })).await?;
    Ok(Json(shown))
}

/// Throws one's own draft away.
#[utoipa::path(delete, path = "/tickets/{id}/draft", tag = "tickets", params(("id" = TicketId, Path)), responses(
    (status = 204)
))]
pub async fn delete(
    caller: Caller,
    State(web): State<Web>,
    Id(ticket): Id<TicketId>,
) -> Result<StatusCode, Problem> {
    visible(&caller, ticket, &web).await?;
    let at = web.clock.now().at;
    web.desk.record(Row::Draft(DraftRow { ticket, author: author(&caller), at, draft: None })).await?;
    Ok(StatusCode::NO_CONTENT)
}
