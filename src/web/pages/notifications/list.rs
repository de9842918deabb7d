//! What one was told, the newest first; what was read is marked.

use super::super::{
    super::{
        Problem, Web,
        access::Viewer,
        auth::Id,
        notifications::{COUNTED, note_read},
    },
    form::Fields,
    layout::{Layout, Signed},
    moment::Moment,
    refusal::Refusal,
    show,
    tickets::Who,
};
use crate::{
    desk::settings::Settings,
    routing::ids::{NotificationId, TicketId},
    store::notifications::{Notification, Which},
    tickets::{notifying::About, ticket::Ticket},
};
use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

const ROWS: u32 = 50;

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    unread: bool,
    after: Option<NotificationId>,
}

#[derive(Template)]
#[template(path = "notifications.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    rows: Vec<Row>,
    only_unread: bool,
    /// The newest of all, if it is shown and something is left to read: until there all can be marked.
    newest: Option<NotificationId>,
    after: Option<NotificationId>,
    next: Option<String>,
}

struct Row {
    id: NotificationId,
    is_unread: bool,
    about: String,
    at: Moment,
    /// `None`: it is gone, or not theirs to see any more.
    ticket: Option<Shown>,
}

struct Shown {
    id: TicketId,
    who: Who,
    subject: Option<String>,
}

pub async fn show_page(
    State(web): State<Web>,
    signed: Signed,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(asked) = asked.map_err(|_| signed.refuse(Problem::not_found()))?;
    let page = page(&web, &signed, &asked).await.map_err(|problem| signed.refuse(problem))?;
    Ok(show(&page))
}

async fn page(web: &Web, signed: &Signed, asked: &Asked) -> Result<Page, Problem> {
    let Asked { unread, after } = *asked;
    let mut told = web.reader.notifications(signed.me.user, unread, after, ROWS + 1).await?;
    let more = told.len() > ROWS as usize;
    told.truncate(ROWS as usize);
    let next = told.last().filter(|_| more).map(|last| address(unread, Some(last.id)));
    let tickets: Vec<TicketId> = told.iter().map(|told| told.ticket).collect();
    let tickets = web.reader.tickets_of(&tickets).await?;
    let settings = web.desk.settings();
    let mut layout = signed.layout.clone();
    if layout.unread.is_none() {
        layout.unread = Some(web.reader.unread_notifications(signed.me.user, COUNTED).await?);
    }
    let is_all_read = layout.unread == Some(0);
    let newest = told.first().filter(|_| after.is_none() && !is_all_read).map(|told| told.id);
    let rows = told.iter().map(|told| {
        let ticket = tickets.iter().find(|ticket| ticket.id == told.ticket);
        row(told, ticket, web, signed, &settings)
    });
    Ok(Page { rows: rows.collect(), only_unread: unread, newest, after, next, layout })
}

fn row(told: &Notification, ticket: Option<&Ticket>, web: &Web, signed: &Signed, settings: &Settings) -> Row {
    let layout = &signed.layout;
    let seen = ticket.filter(|ticket| Viewer::new(&signed.caller, settings).ticket(ticket));
    Row {
        id: told.id,
        is_unread: told.read_at.is_none(),
        about: match told.about {
            About::Unassigned => layout.t("notifications-told-unassigned"),
            About::Assigned => layout.t("notifications-told-assigned"),
            About::Message => layout.t("notifications-told-message"),
            About::OwnerAbsent => layout.t("notifications-told-owner-absent"),
        },
        at: Moment::new(told.at, &web.ground.account),
        ticket: seen.map(|ticket| Shown {
            id: ticket.id,
            who: Who::on(ticket, None, settings, layout),
            subject: ticket.subject.clone(),
        }),
    }
}

/// All that is shown, and all that came before it, was read.
pub async fn read_until(State(web): State<Web>, signed: Signed, fields: Fields) -> Result<Response, Refusal> {
    let until = fields.text("until").parse().map_err(|_| signed.refuse(Problem::not_found()))?;
    read(&web, &signed, Which::Until(until), &fields).await
}

pub async fn read_one(
    State(web): State<Web>,
    signed: Signed,
    Id(id): Id<NotificationId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    read(&web, &signed, Which::Only(id), &fields).await
}

/// Whose it is not, has not read it: nothing is changed.
async fn read(web: &Web, signed: &Signed, which: Which, fields: &Fields) -> Result<Response, Refusal> {
    note_read(web, signed.me.user, which).await.map_err(|problem| signed.refuse(problem))?;
    let back = address(fields.text("unread") == "true", fields.text("after").parse().ok());
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, signed.layout.address(&back))]).into_response())
}

fn address(unread: bool, after: Option<NotificationId>) -> String {
    let unread = unread.then(|| "unread=true".to_owned());
    let asked: Vec<String> = unread.into_iter().chain(after.map(|after| format!("after={after}"))).collect();
    if asked.is_empty() { "notifications".to_owned() } else { format!("notifications?{}", asked.join("&")) }
}
