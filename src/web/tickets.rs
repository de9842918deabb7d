//! Tickets: owner, team, status, and why they are where they are.

use super::{
    Problem, Web,
    access::Viewer,
    auth::{Caller, Document, Id, IfMatch, Page},
    calls::explained,
    language::Speaking,
    page::page_until,
    schemas, views,
};
use crate::{
    desk::{
        TicketPatch,
        settings::{Fault, Settings, read_form},
        ticket_standing, ticket_tag,
    },
    routing::{
        ids::{ChannelId, ContactId, InboxId, TeamId, TicketId, UserId, ViewId},
        load::TicketType,
    },
    store::{tickets, visible::Seen},
    tickets::ticket::{Status, Ticket},
};
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::header,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

/// The lists that a desk works through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// Open, and nobody's.
    Unassigned,
    /// Open, and one's own.
    Mine,
    /// Open, nobody's, and of a team that one is in.
    MyTeamsUnassigned,
    /// Open, and of a team that one is in.
    MyTeamsOpen,
    #[default]
    All,
    Closed,
}

impl View {
    /// Whoever is nobody has no tickets and no teams.
    pub fn of(self, caller: &Caller, settings: &Settings) -> tickets::View {
        let teams = || {
            let teams = settings.people.teams.values();
            let mine = teams.filter(|team| caller.user.is_some_and(|user| team.has(user)));
            mine.map(|team| team.id).collect()
        };
        match (self, caller.user) {
            (Self::Unassigned, _) => tickets::View::Unassigned,
            (Self::Mine, Some(user)) => tickets::View::Of(user),
            (Self::Mine, None) => tickets::View::OfTeams(Vec::new()),
            (Self::MyTeamsUnassigned, _) => tickets::View::UnassignedOf(teams()),
            (Self::MyTeamsOpen, _) => tickets::View::OfTeams(teams()),
            (Self::All, _) => tickets::View::All,
            (Self::Closed, _) => tickets::View::Closed,
        }
    }
}

/// Which tickets are asked for. What is not said may be anything.
#[derive(Debug, Clone, Default, Deserialize, Serialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[schema(as = WantedTickets)]
pub struct Wanted {
    #[param(inline)]
    #[schema(inline)]
    pub view: Option<View>,
    /// Words of what was written on it, each whole or its beginning; digits of a caller's number, part of a contact's name,
    /// or the beginning of the ticket's id.
    #[param(max_length = 200)]
    #[schema(max_length = 200)]
    pub q: Option<String>,
    pub channel: Option<ChannelId>,
    /// An inbox's id, or `help_desk`.
    #[param(pattern = "^([0-9a-f]{32}|help_desk)$")]
    #[schema(pattern = "^([0-9a-f]{32}|help_desk)$")]
    pub inbox: Option<String>,
    /// A user's id, `me`, or `nobody`.
    #[param(value_type = Option<String>, pattern = "^([0-9a-f]{32}|me|nobody)$")]
    #[schema(value_type = Option<String>, pattern = "^([0-9a-f]{32}|me|nobody)$")]
    pub owner: Option<Owner>,
    pub team: Option<TeamId>,
    #[param(inline, value_type = Option<schemas::TicketType>)]
    #[schema(value_type = Option<schemas::TicketType>)]
    pub r#type: Option<TicketType>,
    #[param(inline)]
    pub status: Option<Status>,
    /// Not closed, or closed.
    pub open: Option<bool>,
    pub contact: Option<ContactId>,
    /// Made then or later.
    pub since: Option<DateTime<Utc>>,
    /// Made before.
    pub until: Option<DateTime<Utc>>,
}

/// Whose tickets are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Owner {
    /// Whoever asks.
    Me,
    Nobody,
    One(UserId),
}

impl TryFrom<String> for Owner {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "me" => Ok(Self::Me),
            "nobody" => Ok(Self::Nobody),
            id => id.parse().map(Self::One).map_err(|_| "this is neither an id nor me nor nobody"),
        }
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> Self {
        match owner {
            Owner::Me => "me".into(),
            Owner::Nobody => "nobody".into(),
            Owner::One(user) => user.to_string(),
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Saved {
    /// A view that was saved: what it asks for, with what else is said here instead.
    saved: Option<ViewId>,
}

impl Wanted {
    /// Err: what can't be looked for, at its place below this pointer.
    pub fn check(&self, below: &str) -> Result<(), Problem> {
        if self.q.as_ref().is_some_and(|q| q.chars().count() > SOUGHT_MAX) {
            let pointer = format!("{below}/q");
            return Err(Problem::invalid(Fault::new(pointer, "it must have at most 200 characters")));
        }
        if self.since.zip(self.until).is_some_and(|(since, until)| until <= since) {
            let pointer = format!("{below}/until");
            return Err(Problem::invalid(Fault::new(pointer, "it must be later than since")));
        }
        match self.workspace() {
            Ok(_) => Ok(()),
            Err(detail) => Err(Problem::invalid(Fault::new(format!("{below}/inbox"), detail))),
        }
    }

    fn workspace(&self) -> Result<Option<Option<InboxId>>, &'static str> {
        match self.inbox.as_deref() {
            None => Ok(None),
            Some("help_desk") => Ok(Some(None)),
            Some(id) => {
                id.parse().map(|id| Some(Some(id))).map_err(|_| "this is neither help_desk nor an id")
            }
        }
    }

    /// `None`: whoever asks is nobody, and has no tickets.
    fn filter(&self, caller: &Caller) -> Option<tickets::Filter> {
        let owner = match self.owner {
            None => None,
            Some(Owner::Nobody) => Some(None),
            Some(Owner::One(user)) => Some(Some(user)),
            Some(Owner::Me) => Some(Some(caller.user?)),
        };
        Some(tickets::Filter {
            channel: self.channel,
            inbox: self.workspace().unwrap_or_default(),
            owner,
            team: self.team,
            kind: self.r#type,
            status: self.status,
            open: self.open,
            contact: self.contact,
            since: self.since,
            until: self.until,
        })
    }

    /// What is said here stands; for the rest `saved` does.
    fn or(self, saved: Self) -> Self {
        Self {
            view: self.view.or(saved.view),
            q: self.q.or(saved.q),
            channel: self.channel.or(saved.channel),
            inbox: self.inbox.or(saved.inbox),
            owner: self.owner.or(saved.owner),
            team: self.team.or(saved.team),
            r#type: self.r#type.or(saved.r#type),
            status: self.status.or(saved.status),
            open: self.open.or(saved.open),
            contact: self.contact.or(saved.contact),
            since: self.since.or(saved.since),
            until: self.until.or(saved.until),
        }
    }
}

/// Lists tickets, the newest first.
#[utoipa::path(get, path = "/tickets", params(schemas::Paging, Saved, Wanted), responses(
    (status = 200, body = schemas::Page<schemas::Ticket>), (status = 404)
))]
pub async fn list(
    caller: Caller,
    State(web): State<Web>,
    asked: Page<TicketId>,
    saved: Result<Query<Saved>, QueryRejection>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(mut wanted) = wanted.map_err(|error| Problem::malformed(error.body_text()))?;
    let Query(Saved { saved }) = saved.map_err(|error| Problem::malformed(error.body_text()))?;
    if let Some(saved) = saved {
        wanted = wanted.or(views::wanted(&caller, saved, &web).await?);
    }
    let seen = find(&caller, &web, &wanted, asked.after, asked.limit).await?;
    Ok(page_until(seen.rows.iter().map(object).collect(), seen.next))
}

/// What somebody sees of a list, of what they are looking for.
pub async fn find(
    caller: &Caller,
    web: &Web,
    wanted: &Wanted,
    after: Option<TicketId>,
    limit: u32,
) -> Result<Seen<Ticket>, Problem> {
    wanted.check("")?;
    let text = wanted.q.as_deref().unwrap_or_default();
    let settings = web.desk.settings();
    let viewer = Viewer::new(caller, &settings);
    let sought = (!text.trim().is_empty()).then(|| sought(text.trim(), &settings));
    let view = wanted.view.unwrap_or_default().of(caller, &settings);
    let Some(filter) = wanted.filter(caller) else { return Ok(Seen { rows: Vec::new(), next: None }) };
    let wished = tickets::Wished { view, filter, sought };
    Ok(web.reader.tickets(&wished, viewer.theirs().as_ref(), after, limit).await?)
}

/// In characters.
pub const SOUGHT_MAX: usize = 200;
/// Contacts beyond so many numbers are not looked for: who types so little of a name types more.
const NUMBERS_MAX: usize = 500;
/// Fewer digits are in every number.
const DIGITS_MIN: usize = 3;
/// So many digits of an international number are nearly all of it.
const PREFIX_MIN: usize = 8;

fn sought(text: &str, settings: &Settings) -> tickets::Sought {
    let typed: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_number = text.chars().all(|c| c.is_ascii_digit() || " +-/().\u{a0}".contains(c));
    // As it is dialled: 00 stands for what is written as +, and 0 for a country's own numbers.
    let digits = typed.trim_start_matches('0');
    let is_whole = digits.len() >= PREFIX_MIN && (text.starts_with('+') || typed.starts_with("00"));
    let id = text.to_ascii_lowercase();
    tickets::Sought {
        id: id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')).then_some(id),
        callers: if is_number { Vec::new() } else { settings.contacts.numbers_of_named(text, NUMBERS_MAX) },
        contacts: if is_number { Vec::new() } else { settings.contacts.named_so(text, NUMBERS_MAX) },
        words: words(text),
        prefix: (is_number && is_whole).then(|| format!("+{digits}")),
        digits: (is_number && !is_whole && digits.len() >= DIGITS_MIN).then(|| digits.to_owned()),
    }
}

fn words(text: &str) -> Vec<String> {
    let words = text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric));
    words.map(str::to_owned).collect()
}

/// Shows a ticket. Its tag is of what can be changed of it.
#[utoipa::path(get, path = "/tickets/{id}", params(("id" = TicketId, Path)), responses(
    (status = 200, body = schemas::Ticket, headers(("ETag" = String)))
))]
pub async fn show(caller: Caller, State(web): State<Web>, Id(id): Id<TicketId>) -> Result<Response, Problem> {
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

/// Changes owner, team, status, or what the ticket says of itself. What is not there stays; null empties it.
#[utoipa::path(patch, path = "/tickets/{id}",
    params(("id" = TicketId, Path), ("If-Match" = Option<String>, Header)), request_body = TicketPatch, responses(
    (status = 200, body = schemas::Ticket, headers(("ETag" = String))), (status = 412)
))]
pub async fn change(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<TicketId>,
    if_match: IfMatch,
    Document(patch): Document,
) -> Result<Response, Problem> {
    let ticket = visible(&caller, id, &web).await?;
    let patch: TicketPatch = read_form(patch).map_err(Problem::invalid)?;
    let expected = if_match.expected(&ticket_standing(&ticket))?;
    let ticket = web.desk.change_ticket(id, patch, expected, caller.user).await??;
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
async fn with_calls(ticket: &Ticket, web: &Web) -> Result<Response, Problem> {
    let mut object = object(ticket);
    object["calls"] = json!(web.reader.calls_of_ticket(ticket.id).await?);
    Ok(([(header::ETAG, format!("\"{}\"", ticket_tag(ticket)))], Json(object)).into_response())
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
        "inbox": ticket.inbox,
        "subject": ticket.subject,
        "contact": ticket.contact,
        "customer": ticket.customer,
        "properties": ticket.properties,
    })
}
