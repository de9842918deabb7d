//! Lists of tickets: the newest first, with their first calls, narrowed by what is asked for.

use super::{
    super::{
        super::{
            Problem, Web,
            access::Viewer,
            opening::must_have_tickets,
            tickets::{self, View, Wanted},
            views,
        },
        form::Fields,
        layout::{Layout, Signed},
        moment::Moment,
        refusal::Refusal,
        show, show_wrong,
    },
    calls::{State, Who, came_of, status},
    filters::{Choices, Faults, Filters, VIEWS},
    saved::{Keeping, Link, links, may_change},
};
use crate::{
    desk::settings::Settings,
    routing::ids::{TicketId, ViewId},
    store::{calls::CallRow, views::View as Kept},
    tickets::ticket::Ticket,
    web::access::Sight,
};
use askama::Template;
use axum::{
    extract::{RawQuery, State as Reach},
    response::Response,
};
use std::collections::HashMap;

const ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "tickets.html", config = "src/web/pages/askama.toml")]
pub struct Page {
    layout: Layout,
    tabs: Vec<Tab>,
    /// Lists that are kept; at most so many are shown here.
    kept: Vec<Link>,
    has_more_kept: bool,
    /// The kept list that this is, or is made of.
    saved: Option<Saved>,
    filters: Filters,
    choices: Choices,
    faults: Faults,
    pub keeping: Keeping,
    /// Whether there is something to be kept under a name.
    can_be_kept: bool,
    may_open: bool,
    /// Whether nothing is left to be done in an empty list of these, or nothing has come yet.
    is_work: bool,
    rows: Vec<Row>,
    /// Where the list goes on.
    next: Option<String>,
    /// Where it begins, if this is not there.
    first: Option<String>,
}

impl Page {
    /// Of a list that is shown as it is kept, the filters are folded.
    fn is_unfolded(&self) -> bool {
        let is_as_kept = self.saved.as_ref().is_some_and(|saved| !saved.is_changed);
        !self.faults.is_empty() || (self.filters.count() > 0 && !is_as_kept)
    }
}

pub struct Saved {
    id: ViewId,
    name: String,
    /// Something else is asked for than it keeps.
    is_changed: bool,
    may_change: bool,
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
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let fields = Fields::of_query(query.as_deref());
    let page = page(&web, &signed, &fields).await.map_err(|problem| signed.refuse(problem))?;
    Ok(if page.faults.is_empty() { show(&page) } else { show_wrong(&page) })
}

/// The list that an address, or a form with the same fields, asks for.
pub async fn page(web: &Web, signed: &Signed, fields: &Fields) -> Result<Page, Problem> {
    let not_found = |_| Problem::not_found();
    let saved = match fields.text("saved") {
        "" => None,
        id => Some(views::visible(&signed.caller, id.parse().map_err(not_found)?, web).await?),
    };
    let after = match fields.text("after") {
        "" => None,
        id => Some(id.parse().map_err(not_found)?),
    };
    let asked = Asked::of(web, signed, fields, saved.as_ref());
    let seen = tickets::find(&signed.caller, web, &asked.wanted, after, ROWS).await?;
    let ids: Vec<_> = seen.rows.iter().filter_map(|ticket| ticket.call).collect();
    let calls = web.reader.calls_of(&ids).await?;
    let calls: HashMap<_, _> = calls.into_iter().map(|call| (call.id, call)).collect();
    let settings = web.desk.settings();
    let rows = seen.rows.iter().map(|ticket| {
        let call = ticket.call.and_then(|call| calls.get(&call));
        row(ticket, call, web, signed, &settings)
    });
    let rows = rows.collect();
    let saved = saved.map(|view| Saved {
        id: view.id,
        is_changed: !asked.is_as_kept,
        may_change: may_change(&signed.caller, &view),
        name: view.name,
    });
    let current = saved.as_ref().filter(|saved| !saved.is_changed).map(|saved| saved.id);
    let (kept, has_more_kept) = links(web, signed, current).await?;
    let address = |after: Option<&str>| asked.address(saved.as_ref(), after);
    Ok(Page {
        tabs: tabs(asked.tab),
        kept,
        has_more_kept,
        next: seen.next.as_deref().map(|next| address(Some(next))),
        first: after.map(|_| address(None)),
        may_open: must_have_tickets(&signed.caller, &settings).is_ok(),
        can_be_kept: asked.tab.is_none() && !asked.is_as_kept && asked.faults.is_empty(),
        is_work: asked.tab.is_some_and(|tab| ![View::All, View::Closed].contains(&tab)),
        choices: Choices::of(&asked.filters, web, signed),
        keeping: Keeping::new(&signed.caller),
        filters: asked.filters,
        faults: asked.faults,
        saved,
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

/// What is asked for.
struct Asked {
    wanted: Wanted,
    filters: Filters,
    faults: Faults,
    /// One of the lists that are always there, as it is.
    tab: Option<View>,
    /// A kept view, as it is kept.
    is_as_kept: bool,
}

impl Asked {
    fn of(web: &Web, signed: &Signed, fields: &Fields, saved: Option<&Kept>) -> Self {
        let filters = Filters::read(fields);
        let is_sent = fields.all("q").next().is_some();
        if let Some(view) = saved.filter(|_| filters.is_empty() && !is_sent) {
            let wanted = views::asked(view);
            let filters = Filters::of(&wanted, &web.ground.account);
            return Self { wanted, filters, faults: Faults::default(), tab: None, is_as_kept: true };
        }
        let (mut wanted, faults) = filters.wanted(web, signed);
        let is_view_only = filters.pairs().all(|(field, _)| field == "view") && saved.is_none();
        // Whoever looks for something looks everywhere.
        let first = if filters.is_empty() && !is_sent { View::Unassigned } else { View::All };
        let view = wanted.view.unwrap_or(first);
        wanted.view = Some(view);
        let tab = Some(view).filter(|_| is_view_only && faults.is_empty());
        let filters =
            if is_view_only && !is_sent && faults.is_empty() { Filters::default() } else { filters };
        Self { wanted, filters, faults, tab, is_as_kept: false }
    }

    fn address(&self, saved: Option<&Saved>, after: Option<&str>) -> String {
        let mut query = form_urlencoded::Serializer::new("tickets?".to_owned());
        if let Some(saved) = saved {
            query.append_pair("saved", &saved.id.to_string());
        }
        match self.tab {
            _ if self.is_as_kept => {}
            Some(tab) => {
                let name = VIEWS.iter().find(|(known, ..)| *known == tab).map_or("all", |(_, name, _)| *name);
                query.append_pair("view", name);
            }
            None => {
                // Even if it is empty: then everything is asked for.
                query.append_pair("q", self.filters.get("q"));
                query.extend_pairs(self.filters.pairs().filter(|(field, _)| *field != "q"));
            }
        }
        if let Some(after) = after {
            query.append_pair("after", after);
        }
        query.finish()
    }
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
