//! Notes on tickets.

use super::{
    Problem, Web,
    auth::{Caller, Document, Id, Page},
    page::{created, page},
    schemas,
    tickets::visible,
};
use crate::{
    desk::{
        Row,
        settings::{Fault, read_form},
    },
    routing::ids::{NoteId, TicketId},
    store::notes::Note,
};
use axum::{Json, extract::State, response::Response};
use serde::Deserialize;
use serde_json::{Value, json};

const CHARACTERS_MAX: usize = 10_000;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewNote)]
struct Form {
    #[schema(min_length = 1, max_length = 10000)]
    text: String,
}

/// Lists the notes of a ticket, the oldest first.
#[utoipa::path(get, path = "/tickets/{id}/notes", tag = "tickets", params(("id" = TicketId, Path), schemas::Paging),
    responses((status = 200, body = schemas::Page<schemas::Note>)))]
pub async fn list(
    caller: Caller,
    State(web): State<Web>,
    Id(ticket): Id<TicketId>,
    asked: Page<NoteId>,
) -> Result<Json<Value>, Problem> {
    visible(&caller, ticket, &web).await?;
    let notes = web.reader.notes(ticket, asked.after, asked.limit + 1).await?;
    let items = notes.iter().map(|note| (note.id.to_string(), json!(note)));
    Ok(page(items.collect(), asked.limit))
}

/// Writes a note on a ticket.
#[utoipa::path(post, path = "/tickets/{id}/notes", tag = "tickets", params(("id" = TicketId, Path)), request_body = Form,
    responses((status = 201, body = schemas::Note, headers(("Location" = String)))))]
pub async fn create(
    caller: Caller,
    State(web): State<Web>,
    Id(ticket): Id<TicketId>,
    Document(body): Document,
) -> Result<Response, Problem> {
    visible(&caller, ticket, &web).await?;
    let form: Form = read_form(body).map_err(Problem::invalid)?;
    let note = write(&web, &caller, ticket, form.text).await?;
    Ok(created(&format!("tickets/{ticket}/notes"), note.id, json!(note)))
}

/// Also for softphones.
pub async fn write(web: &Web, caller: &Caller, ticket: TicketId, text: String) -> Result<Note, Problem> {
    visible(caller, ticket, web).await?;
    if text.trim().is_empty() || text.chars().count() > CHARACTERS_MAX {
        let detail = format!("a note has 1 to {CHARACTERS_MAX} characters");
        return Err(Problem::invalid(Fault::new("/text", detail)));
    }
    let note = Note { id: NoteId(web.new_id()), ticket, author: caller.user, at: web.clock.now().at, text };
    web.desk.record(Row::Note(note.clone())).await?;
    Ok(note)
}
