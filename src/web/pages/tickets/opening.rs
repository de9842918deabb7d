//! Opening a ticket by hand, or through a channel of the kind `api`, whose rules share it out.

use super::{
    super::{
        super::{
            Problem, Web,
            access::{Sight, Viewer},
            opening::{self, Made, must_have_tickets},
            tickets::may_see,
        },
        form::Fields,
        layout::{Layout, Signed},
        refusal::Refusal,
        saving::fault,
        show, show_wrong,
    },
    filters::Field,
    ticket::{self, Choice},
};
use crate::{
    audio,
    desk::{saving::Once, settings::Fault},
    routing::ids::TicketId,
    tickets::channel::Way,
};
use askama::Template;
use axum::{
    extract::{RawQuery, State as Reach},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

#[derive(Template)]
#[template(path = "ticket_new.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    typed: Typed,
    /// Channels that share tickets out; none: it is always by hand.
    channels: Vec<Choice>,
    inboxes: Vec<Choice>,
    owners: Vec<Choice>,
    teams: Vec<Choice>,
    faults: Vec<Fault>,
    /// One was opened that is somebody else's to see.
    is_made: bool,
}

impl Page {
    fn fault(&self, pointer: &str) -> Option<String> {
        fault(&self.faults, pointer)
    }

    fn other_fault(&self) -> Option<String> {
        const SHOWN: [&str; 8] =
            ["/subject", "/text", "/name", "/customer", "/channel", "/inbox", "/owner", "/team"];
        let is_shown = |fault: &&Fault| SHOWN.iter().any(|shown| fault.pointer.starts_with(shown));
        self.faults.iter().find(|fault| !is_shown(fault)).map(|fault| fault.detail.clone())
    }
}

/// As it was typed.
struct Typed {
    /// Sent twice it makes one ticket.
    once: String,
    subject: String,
    name: String,
    /// A telephone number or an email address.
    customer: String,
    text: String,
    channel: String,
    inbox: String,
    owner: String,
    team: String,
}

impl Typed {
    fn empty(web: &Web, signed: &Signed) -> Self {
        let empty = String::new;
        Self {
            once: web.new_id().simple().to_string(),
            subject: empty(),
            name: empty(),
            customer: empty(),
            text: empty(),
            channel: empty(),
            inbox: empty(),
            owner: signed.me.user.to_string(),
            team: empty(),
        }
    }

    fn read(fields: &Fields) -> Self {
        let text = |name: &str| fields.text(name).to_owned();
        Self {
            once: text("once"),
            subject: text("subject"),
            name: text("name"),
            customer: text("customer"),
            text: text("text").replace("\r\n", "\n"),
            channel: text("channel"),
            inbox: text("inbox"),
            owner: text("owner"),
            team: text("team"),
        }
    }

    /// As it is sent to the API. Of a channel's ticket the channel decides whose it is.
    fn document(&self) -> Value {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let is_by_hand = self.channel.is_empty();
        let by_hand = |text: &str| some(text).filter(|_| is_by_hand);
        json!({
            "channel": some(&self.channel),
            "subject": some(&self.subject),
            "text": some(&self.text),
            "customer": some(&self.customer).map(|customer| identity(&customer)),
            "name": some(&self.name),
            "inbox": by_hand(&self.inbox),
            "owner": by_hand(&self.owner),
            "team": by_hand(&self.team),
        })
    }
}

/// A number as people write it, or an address.
fn identity(typed: &str) -> Value {
    if typed.contains('@') {
        return json!({ "kind": "email", "value": typed });
    }
    let plain: String = typed.chars().filter(|c| !" -/().\u{a0}".contains(*c)).collect();
    let number = plain.strip_prefix("00").map_or(plain.clone(), |rest| format!("+{rest}"));
    json!({ "kind": "number", "value": number })
}

pub async fn show_form(
    Reach(web): Reach<Web>,
    signed: Signed,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let is_made = query.as_deref() == Some("made");
    let page = page(&web, &signed, Typed::empty(&web, &signed))?;
    Ok(show(&Page { is_made, ..page }))
}

pub async fn open(Reach(web): Reach<Web>, signed: Signed, fields: Fields) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    let typed = Typed::read(&fields);
    let document = typed.document();
    let once = once(&typed, &document, &signed, &web);
    match opening::open(&signed.caller, document, Some(once), &web).await {
        Ok(Made::Ticket(id)) => opened(&web, &signed, id).await.map_err(refuse),
        Ok(Made::Message(id)) => Ok(sent_to(&signed, &format!("tickets/messages/{id}"))),
        Err(problem) if [409, 422].contains(&problem.status()) => {
            let faults = match problem.faults() {
                [] => vec![Fault::new("", problem.to_string())],
                faults => faults.to_vec(),
            };
            Ok(show_wrong(&Page { faults, ..page(&web, &signed, typed)? }))
        }
        Err(problem) => Err(refuse(problem)),
    }
}

/// The same form with the same words in it is one ticket, however often it is sent.
fn once(typed: &Typed, document: &Value, signed: &Signed, web: &Web) -> Once {
    let request = audio::sha256(format!("page {document}").as_bytes());
    Once {
        asker: signed.me.user.to_string(),
        key: audio::sha256(format!("{} {request}", typed.once).as_bytes()),
        request,
        location: format!("/api/v1/tickets/{}", TicketId(web.new_id())),
        secret: false,
    }
}

/// To its page, unless it is not theirs to see.
async fn opened(web: &Web, signed: &Signed, id: TicketId) -> Result<Response, Problem> {
    let ticket = web.reader.ticket(id).await?;
    match ticket.is_some_and(|ticket| may_see(&signed.caller, &ticket, web)) {
        true => Ok(ticket::to(&signed.layout, id, "")),
        false => Ok(sent_to(signed, "tickets/new?made")),
    }
}

fn sent_to(signed: &Signed, page: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, signed.layout.address(page))]).into_response()
}

fn page(web: &Web, signed: &Signed, typed: Typed) -> Result<Page, Refusal> {
    let settings = web.desk.settings();
    must_have_tickets(&signed.caller, &settings).map_err(|problem| signed.refuse(problem))?;
    let layout = &signed.layout;
    let (people, viewer) = (&settings.people, Viewer::new(&signed.caller, &settings));
    let api = settings.ticket_channels.values().filter(|channel| channel.way == Way::Api);
    let api = api.filter(|channel| viewer.channel(channel.id) == Sight::All);
    let channels: Vec<_> = api.map(|channel| (channel.id.to_string(), channel.name.clone())).collect();
    let users = people.users.values().map(|user| (user.id.to_string(), user.name.clone()));
    let teams = people.teams.values().map(|team| (team.id.to_string(), team.name.clone()));
    let inboxes = people.inboxes.values().filter(|inbox| viewer.inbox(inbox.id) == Sight::All);
    let inboxes = inboxes.map(|inbox| (inbox.id.to_string(), inbox.name.clone()));
    let choices = |chosen: &str, first: &str, others: Vec<(String, String)>| {
        Field { chosen, first: layout.t(first), layout }.choices([], others)
    };
    Ok(Page {
        layout: layout.clone(),
        channels: if channels.is_empty() {
            Vec::new()
        } else {
            choices(&typed.channel, "ticket-new-by-hand", channels)
        },
        inboxes: choices(&typed.inbox, "written-help-desk", inboxes.collect()),
        owners: choices(&typed.owner, "ticket-owner-nobody", users.collect()),
        teams: choices(&typed.team, "ticket-team-none", teams.collect()),
        typed,
        faults: Vec::new(),
        is_made: false,
    })
}

#[cfg(test)]
mod tests {
    use super::identity;
    use serde_json::json;

    #[test]
    fn customers_are_known_by_number_or_address() {
        for (typed, expected) in [
            ("clara@example.org", json!({ "kind": "email", "value": "clara@example.org" })),
            ("+43 (660) 123-456", json!({ "kind": "number", "value": "+43660123456" })),
            ("0043 660 123456", json!({ "kind": "number", "value": "+43660123456" })),
            ("Clara", json!({ "kind": "number", "value": "Clara" })),
        ] {
            assert_eq!(identity(typed), expected, "{typed}");
        }
    }
}
