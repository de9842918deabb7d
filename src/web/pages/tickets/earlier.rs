//! What there was with a person, conversations and calls: on the page of a contact, beside a ticket, and on a page of its
//! own for a ticket whose contact somebody may not see, or that has none.

use super::{
    super::{
        super::{
            Problem, Web,
            access::{Sight, Viewer},
            auth::Id,
            tickets::visible,
        },
        layout::{Layout, Signed},
        moment::Moment,
        refusal::Refusal,
        show,
    },
    calls::{State, Who, came_of, status},
};
use crate::{
    calls::call::Caller,
    desk::settings::Settings,
    routing::ids::{ContactId, TicketId},
    store::{calls::CallRow, earlier::Person},
    tickets::ticket::Ticket,
};
use askama::Template;
use axum::{
    extract::{Query, State as Reach, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;
use std::collections::HashMap;

const ROWS: u32 = 50;

/// A ticket of somebody, in one line.
pub struct Row {
    pub id: TicketId,
    pub at: Moment,
    pub subject: Option<String>,
    /// What came of its first call.
    pub outcome: Option<State>,
    /// Whoever may not see the channel is not told its name.
    pub channel: Option<String>,
    pub owner: Option<String>,
    pub status: State,
}

/// Some of a person's tickets, the newest first.
pub struct Part {
    pub rows: Vec<Row>,
    /// After which ticket the list goes on.
    pub next: Option<String>,
}

/// Who is known by this contact.
pub fn contact(id: ContactId, settings: &Settings) -> Person {
    let numbers = settings.contacts.get(id).map(|contact| contact.numbers.clone());
    Person { contact: Some(id), numbers: numbers.unwrap_or_default() }
}

/// Who is on this ticket: its contact, or whose number it is. `number`: of its call.
pub fn on(ticket: &Ticket, number: Option<&str>, settings: &Settings) -> Person {
    let known = number.and_then(|number| settings.contacts.of(number)).map(|(id, _)| id);
    if let Some(id) = ticket.contact.or(known) {
        return contact(id, settings);
    }
    let number = number.filter(|number| Caller::from((*number).to_owned()) != Caller::Withheld);
    Person { contact: None, numbers: number.map(str::to_owned).into_iter().collect() }
}

/// What somebody sees of it.
pub async fn with(
    person: &Person,
    web: &Web,
    signed: &Signed,
    after: Option<TicketId>,
    limit: u32,
) -> Result<Part, Problem> {
    let settings = web.desk.settings();
    let viewer = Viewer::new(&signed.caller, &settings);
    let seen = web.reader.tickets_with(person, viewer.theirs().as_ref(), after, limit).await?;
    let ids: Vec<_> = seen.rows.iter().filter_map(|ticket| ticket.call).collect();
    let calls = web.reader.calls_of(&ids).await?;
    let calls: HashMap<_, _> = calls.into_iter().map(|call| (call.id, call)).collect();
    let rows = seen.rows.iter().map(|ticket| {
        let call = ticket.call.and_then(|call| calls.get(&call));
        row(ticket, call, web, viewer, &signed.layout, &settings)
    });
    Ok(Part { rows: rows.collect(), next: seen.next })
}

fn row(
    ticket: &Ticket,
    call: Option<&CallRow>,
    web: &Web,
    viewer: Viewer<'_>,
    layout: &Layout,
    settings: &Settings,
) -> Row {
    let channel = ticket.channel.filter(|channel| viewer.channel(*channel) == Sight::All);
    let channel = channel.and_then(|id| {
        let calling = settings.channels.get(&id).map(|channel| &channel.name);
        calling.or_else(|| settings.ticket_channels.get(&id).map(|channel| &channel.name))
    });
    Row {
        id: ticket.id,
        at: Moment::new(ticket.created_at, &web.ground.account),
        subject: ticket.subject.clone(),
        outcome: call.map(|call| came_of(call, layout)),
        channel: channel.cloned(),
        owner: ticket.owner.map(|owner| settings.name_of(owner)),
        status: status(ticket.status, layout),
    }
}

#[derive(Deserialize)]
pub struct Asked {
    after: Option<TicketId>,
}

#[derive(Template)]
#[template(path = "earlier.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    ticket: TicketId,
    who: Who,
    rows: Vec<Row>,
    next: Option<String>,
    is_first: bool,
}

/// All that there was with whoever is on this ticket.
pub async fn show_page(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<TicketId>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    let Query(asked) = asked.map_err(|_| refuse(Problem::not_found()))?;
    Ok(show(&page(&web, &signed, id, asked.after).await.map_err(refuse)?))
}

async fn page(web: &Web, signed: &Signed, id: TicketId, after: Option<TicketId>) -> Result<Page, Problem> {
    let ticket = visible(&signed.caller, id, web).await?;
    let call = match ticket.call {
        Some(call) => web.reader.call(call).await?,
        None => None,
    };
    let number = call.as_ref().map(|call| call.from.as_str());
    let settings = web.desk.settings();
    let part = with(&on(&ticket, number, &settings), web, signed, after, ROWS).await?;
    let layout = signed.layout.clone();
    Ok(Page {
        ticket: id,
        who: Who::on(&ticket, number, &settings, &layout),
        rows: part.rows,
        next: part.next.map(|next| format!("tickets/{id}/earlier?after={next}")),
        is_first: after.is_none(),
        layout,
    })
}
