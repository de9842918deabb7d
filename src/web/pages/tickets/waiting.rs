//! The line of tickets that wait for somebody, where their channel routes them again: who waits, since when, and why.

use super::{
    super::{
        super::{
            Problem, Web,
            access::{Sight, Viewer},
            waiting::left,
        },
        layout::{Layout, Signed},
        moment::Moment,
        refusal::Refusal,
        show,
    },
    calls::Who,
    list::{Tab, tabs},
};
use crate::{
    desk::settings::Settings,
    routing::{
        ids::{ChannelId, TicketId},
        sentences::Teller,
    },
    store::{decisions::Why, waiting::Place},
    tickets::{ticket::Ticket, waiting::Waits},
};
use askama::Template;
use axum::{
    extract::{Query, State as Reach, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;

const ROWS: u32 = 50;

#[derive(Deserialize)]
pub struct Asked {
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "waiting.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    /// After which place the line goes on.
    next: Option<String>,
    is_first: bool,
    /// Whether they see where it is said that tickets wait.
    keeps_channels: bool,
}

struct Row {
    id: TicketId,
    who: Who,
    subject: Option<String>,
    since: Moment,
    /// In words, the one that decided first.
    reasons: Vec<String>,
    /// Whoever may not see the channel is not told its name.
    channel: Option<String>,
}

pub async fn show_page(
    Reach(web): Reach<Web>,
    signed: Signed,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(asked) = asked.map_err(|_| signed.refuse(Problem::not_found()))?;
    let page = page(&web, &signed, asked).await.map_err(|problem| signed.refuse(problem))?;
    Ok(show(&page))
}

async fn page(web: &Web, signed: &Signed, asked: Asked) -> Result<Page, Problem> {
    let after: Option<Place> =
        asked.after.as_deref().map(str::parse).transpose().map_err(|()| Problem::not_found())?;
    let settings = web.desk.settings();
    let viewer = Viewer::new(&signed.caller, &settings);
    let (line, next) = web.reader.waiting(viewer.theirs().as_ref(), after, ROWS).await?;
    let ids: Vec<TicketId> = line.iter().map(|waits| waits.ticket).collect();
    let tickets = web.reader.tickets_of(&ids).await?;
    let mut rows = Vec::with_capacity(line.len());
    for waits in line {
        let Some(ticket) = tickets.iter().find(|ticket| ticket.id == waits.ticket) else { continue };
        let why = left(web, waits.ticket).await?;
        rows.push(row(waits, ticket, why, web, signed, &settings));
    }
    Ok(Page {
        tabs: tabs(None),
        rows,
        next: next.map(|place| place.to_string()),
        is_first: after.is_none(),
        keeps_channels: signed.caller.must_not_be_agent().is_ok(),
        layout: signed.layout.clone(),
    })
}

fn row(
    waits: Waits,
    ticket: &Ticket,
    why: Option<Why>,
    web: &Web,
    signed: &Signed,
    settings: &Settings,
) -> Row {
    let zone = settings.zone_of(waits.channel).unwrap_or(&web.ground.account);
    let name = |user| format!("\u{2068}{}\u{2069}", settings.name_of(user));
    let teller = Teller { language: signed.layout.language, zone, name: &name };
    let reasons = why.map(|why| why.reasons.iter().map(|reason| teller.reason(reason)).collect());
    Row {
        id: ticket.id,
        who: Who::on(ticket, None, settings, &signed.layout),
        subject: ticket.subject.clone(),
        since: Moment::new(waits.since, zone),
        reasons: reasons.unwrap_or_default(),
        channel: channel(waits.channel, signed, settings),
    }
}

fn channel(id: ChannelId, signed: &Signed, settings: &Settings) -> Option<String> {
    let sight = Viewer::new(&signed.caller, settings).channel(id);
    let channel = settings.ticket_channels.get(&id).filter(|_| sight == Sight::All);
    channel.map(|channel| channel.name.clone())
}
