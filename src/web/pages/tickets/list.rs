//! Lists of tickets: the newest first, with their first calls.

use super::{
    super::{
        super::{
            Problem, Web,
            access::Viewer,
            tickets::{View, Wanted},
        },
        layout::{Layout, Signed},
        moment::Moment,
        refusal::Refusal,
        show,
    },
    calls::{State, Who, came_of, status},
};
use crate::{
    desk::settings::Settings, routing::ids::TicketId, store::calls::CallRow, tickets::ticket::Ticket,
    web::access::Sight,
};
use askama::Template;
use axum::{
    extract::{Query, State as Reach, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;
use std::collections::HashMap;

const ROWS: u32 = 50;

/// The lists, as they are asked for and as they are called. The first is where one starts.
const VIEWS: [(View, &str, &str); 6] = [
    (View::Unassigned, "unassigned", "ticket-view-unassigned"),
    (View::Mine, "mine", "ticket-view-mine"),
    (View::MyTeamsUnassigned, "my_teams_unassigned", "ticket-view-my-teams-unassigned"),
    (View::MyTeamsOpen, "my_teams_open", "ticket-view-my-teams-open"),
    (View::All, "all", "ticket-view-all"),
    (View::Closed, "closed", "ticket-view-closed"),
];

#[derive(Deserialize)]
pub struct Asked {
    view: Option<View>,
    #[serde(default)]
    q: String,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "tickets.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    tabs: Vec<Tab>,
    view: &'static str,
    q: String,
    rows: Vec<Row>,
    /// Where the list goes on.
    next: Option<String>,
    is_first: bool,
}

pub struct Tab {
    pub address: String,
    pub key: &'static str,
    pub current: &'static str,
}

struct Row {
    id: TicketId,
    who: Who,
    subject: Option<String>,
    at: Moment,
    /// Whoever may not see the channel is not told its name.
    channel: Option<String>,
    outcome: Option<State>,
    owner: Option<String>,
    team: Option<String>,
    status: State,
}

pub async fn show_page(
    Reach(web): Reach<Web>,
    signed: Signed,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refusal> {
    let asked = asked.map_err(|_| signed.refuse(Problem::not_found()))?.0;
    let page = page(&web, &signed, asked).await.map_err(|problem| signed.refuse(problem))?;
    Ok(show(&page))
}

async fn page(web: &Web, signed: &Signed, asked: Asked) -> Result<Page, Problem> {
    let q = asked.q.trim().to_owned();
    // Whoever looks for something looks everywhere.
    let view = asked.view.unwrap_or(if q.is_empty() { View::Unassigned } else { View::All });
    let after = asked.after.as_deref().map(str::parse).transpose().map_err(|_| Problem::not_found())?;
    let wanted = Wanted { view: Some(view), q: Some(q.clone()), ..Wanted::default() };
    let seen = super::super::super::tickets::find(&signed.caller, web, &wanted, after, ROWS).await?;
    let ids: Vec<_> = seen.rows.iter().filter_map(|ticket| ticket.call).collect();
    let calls = web.reader.calls_of(&ids).await?;
    let calls: HashMap<_, _> = calls.into_iter().map(|call| (call.id, call)).collect();
    let settings = web.desk.settings();
    let rows = seen.rows.iter().map(|ticket| {
        let call = ticket.call.and_then(|call| calls.get(&call));
        row(ticket, call, web, signed, &settings)
    });
    let rows = rows.collect();
    let name = VIEWS.iter().find(|(known, ..)| *known == view).map_or("all", |(_, name, _)| *name);
    Ok(Page {
        tabs: tabs(Some(view).filter(|_| q.is_empty())),
        view: name,
        next: seen.next.map(|next| address(name, &q, &next)),
        is_first: asked.after.is_none(),
        q,
        rows,
        layout: signed.layout.clone(),
    })
}

/// The lists of tickets, for their pages and those beside them.
pub fn tabs(shown: Option<View>) -> Vec<Tab> {
    let tabs = VIEWS.iter().map(|(known, name, key)| Tab {
        address: format!("tickets?view={name}"),
        key,
        current: if shown == Some(*known) { "page" } else { "false" },
    });
    tabs.collect()
}

fn address(view: &str, q: &str, after: &str) -> String {
    let mut query = form_urlencoded::Serializer::new("tickets?".to_owned());
    query.append_pair("view", view);
    if !q.is_empty() {
        query.append_pair("q", q);
    }
    query.append_pair("after", after).finish()
}

fn row(ticket: &Ticket, call: Option<&CallRow>, web: &Web, signed: &Signed, settings: &Settings) -> Row {
    let layout = &signed.layout;
    let viewer = Viewer::new(&signed.caller, settings);
    let channel = ticket.channel.filter(|channel| viewer.channel(*channel) == Sight::All);
    let channel = channel.and_then(|id| {
        let calling = settings.channels.get(&id).map(|channel| &channel.name);
        calling.or_else(|| settings.ticket_channels.get(&id).map(|channel| &channel.name))
    });
    Row {
        id: ticket.id,
        who: Who::on(ticket, call.map(|call| call.from.as_str()), settings, layout),
        subject: ticket.subject.clone(),
        at: Moment::new(ticket.created_at, &web.ground.account),
        channel: channel.cloned(),
        outcome: call.map(|call| came_of(call, layout)),
        owner: ticket.owner.map(|owner| settings.name_of(owner)),
        team: ticket
            .team
            .map(|team| settings.people.teams.get(&team).map_or_else(String::new, |team| team.name.clone())),
        status: status(ticket.status, layout),
    }
}
