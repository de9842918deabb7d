//! Tickets: owner, team, status, and why they are where they are.

use super::{
    Problem, Web,
    access::Viewer,
    auth::{Caller, Document, Id, Page},
    calls::explained,
    language::Speaking,
    page::page_until,
    schemas,
};
use crate::{
    desk::{TicketPatch, settings::read_form},
    routing::ids::TicketId,
    tickets::ticket::Ticket,
};
use axum::{Json, extract::State};
use serde_json::{Value, json};

/// Lists tickets, the newest first.
#[utoipa::path(get, path = "/tickets", params(schemas::Paging), responses(
    (status = 200, body = schemas::Page<schemas::Ticket>)
))]
pub async fn list(
    caller: Caller,
    State(web): State<Web>,
    asked: Page<TicketId>,
) -> Result<Json<Value>, Problem> {
    let theirs = Viewer::new(&caller, &web.desk.settings()).theirs();
    let seen = web.reader.tickets(theirs.as_ref(), asked.after, asked.limit).await?;
    Ok(page_until(seen.rows.iter().map(object).collect(), seen.next))
}

/// Shows a ticket.
#[utoipa::path(get, path = "/tickets/{id}", params(("id" = TicketId, Path)), responses(
    (status = 200, body = schemas::Ticket)
))]
pub async fn show(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<TicketId>,
) -> Result<Json<Value>, Problem> {
    let ticket = visible(&caller, id, &web).await?;
    with_calls(&ticket, &web).await
}

/// Every decision that was made on it; the first reason of each decided.
#[utoipa::path(get, path = "/tickets/{id}/why", params(("id" = TicketId, Path)), responses(
    (status = 200, body = schemas::Why)
))]
pub async fn why(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<TicketId>,
    Speaking(language): Speaking,
) -> Result<Json<Value>, Problem> {
    let channel = visible(&caller, id, &web).await?.channel;
    let decisions = web.reader.decisions_on_ticket(id).await?;
    Ok(Json(explained(&decisions, channel, &web, language)))
}

/// Changes owner, team or status. What is not there stays; null empties it.
#[utoipa::path(patch, path = "/tickets/{id}", params(("id" = TicketId, Path)), request_body = TicketPatch, responses(
    (status = 200, body = schemas::Ticket)
))]
pub async fn change(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<TicketId>,
    Document(patch): Document,
) -> Result<Json<Value>, Problem> {
    visible(&caller, id, &web).await?;
    let patch: TicketPatch = read_form(patch).map_err(Problem::invalid)?;
    let ticket = web.desk.change_ticket(id, patch).await??;
    with_calls(&ticket, &web).await
}

pub async fn visible(caller: &Caller, id: TicketId, web: &Web) -> Result<Ticket, Problem> {
    let ticket = web.reader.ticket(id).await?.ok_or_else(Problem::not_found)?;
    if may_see(caller, &ticket, web) { Ok(ticket) } else { Err(Problem::not_found()) }
}

pub fn may_see(caller: &Caller, ticket: &Ticket, web: &Web) -> bool {
    Viewer::new(caller, &web.desk.settings()).ticket(ticket)
}

/// One ticket, with every call that belongs to it.
async fn with_calls(ticket: &Ticket, web: &Web) -> Result<Json<Value>, Problem> {
    let mut object = object(ticket);
    object["calls"] = json!(web.reader.calls_of_ticket(ticket.id).await?);
    Ok(Json(object))
}

pub fn object(ticket: &Ticket) -> Value {
    json!({
        "id": ticket.id,
        "type": ticket.kind,
        "status": ticket.status,
        "open": ticket.status.is_open(),
        "owner": ticket.owner,
        "team": ticket.team,
        "call": ticket.call,
        "channel": ticket.channel,
        "created_at": ticket.created_at,
        "assigned_at": ticket.assigned_at,
        "closed_at": ticket.closed_at,
        "closed_on": ticket.closed_on,
    })
}
