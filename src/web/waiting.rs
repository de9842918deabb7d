//! Tickets that wait for somebody, where their channel routes them again.

use super::{
    Problem, Web,
    access::Viewer,
    auth::{Caller, Page},
    calls::reasons,
    language::Speaking,
    page::page_until,
    schemas,
};
use crate::{
    desk::settings::Settings,
    routing::{
        ids::TicketId,
        sentences::{Language, Teller},
    },
    store::{
        decisions::{Action, Why},
        waiting::Place,
    },
    tickets::{arrival, waiting::Waits},
};
use axum::{Json, extract::State};
use serde_json::{Value, json};

/// Lists the tickets that are routed again until somebody has them, those first that have waited longest.
#[utoipa::path(get, path = "/tickets/waiting", tag = "tickets", operation_id = "list_waiting_tickets",
    params(schemas::Paging), responses((status = 200, body = schemas::Page<schemas::WaitingTicket>)))]
pub async fn list(
    caller: Caller,
    State(web): State<Web>,
    Speaking(language): Speaking,
    asked: Page<Place>,
) -> Result<Json<Value>, Problem> {
    let settings = web.desk.settings();
    let theirs = Viewer::new(&caller, &settings).theirs();
    let (waiting, next) = web.reader.waiting(theirs.as_ref(), asked.after, asked.limit).await?;
    let mut items = Vec::new();
    for waits in waiting {
        let why = left(&web, waits.ticket).await?;
        items.push(shown(waits, why, &web, &settings, language));
    }
    Ok(page_until(items, next.map(|place| place.to_string())))
}

fn shown(waits: Waits, why: Option<Why>, web: &Web, settings: &Settings, language: Language) -> Value {
    let Waits { since, ticket, channel } = waits;
    let zone = settings.zone_of(channel).unwrap_or(&web.ground.account);
    let name = |user| settings.name_of(user);
    let teller = Teller { language, zone, name: &name };
    let because = why.map(|why| reasons(&why.reasons, &teller)).unwrap_or_default();
    json!({ "ticket": ticket, "channel": channel, "since": since, "reasons": because })
}

/// Also for pages. The decision that left it to nobody.
pub async fn left(web: &Web, ticket: TicketId) -> sqlx::Result<Option<Why>> {
    let mut decisions = web.reader.decisions_on_ticket(ticket).await?;
    let left = |why: &Why| why.action == Action::Ticket(arrival::Action::LeaveUnassigned);
    Ok(decisions.iter().rposition(left).map(|index| decisions.swap_remove(index)))
}
