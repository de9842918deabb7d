//! Messages that belong to no ticket: what machines wrote, and what came by channels that make no tickets by themselves. A
//! ticket can be made of each.

use super::{
    super::{
        super::{
            Problem, Web, access::Viewer, auth::Id, messages, opening::open_of_message, tickets::visible,
        },
        form::Fields,
        layout::{Layout, Signed},
        moment::Moment,
        refusal::Refusal,
        saving, show, show_wrong,
    },
    calls::State,
    conversation::{customer, framed, size},
    list::{Tab, tabs},
    ticket::{self, Choice},
};
use crate::{
    desk::settings::{Fault, Refused, Settings},
    messaging::email::cleaning,
    routing::ids::MessageId,
    tickets::message::{Message, Side},
};
use askama::Template;
use axum::{
    extract::{Query, State as Reach, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;

const ROWS: u32 = 50;
/// How much of a message without a subject its row shows, in characters.
const BEGINNING: usize = 120;

#[derive(Deserialize)]
pub struct Asked {
    after: Option<MessageId>,
}

#[derive(Template)]
#[template(path = "loose_messages.html", config = "src/web/pages/askama.toml")]
struct List {
    layout: Layout,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    next: Option<String>,
    is_first: bool,
}

struct Row {
    id: MessageId,
    who: String,
    /// Its subject, or how it begins.
    about: String,
    at: Moment,
    kind: State,
    channel: Option<String>,
}

#[derive(Template)]
#[template(path = "loose_message.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    id: MessageId,
    who: String,
    subject: Option<String>,
    at: Moment,
    kind: State,
    channel: Option<String>,
    text: String,
    has_html: bool,
    /// What each is called, and how large it is.
    files: Vec<(String, String)>,
    form: Form,
}

struct Form {
    subject: String,
    given: Vec<Choice>,
    subject_fault: Option<String>,
    owner_fault: Option<String>,
    other_fault: Option<String>,
}

pub async fn show_list(
    Reach(web): Reach<Web>,
    signed: Signed,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(Asked { after }) = asked.map_err(|_| signed.refuse(Problem::not_found()))?;
    let found = messages::loose(&signed.caller, &web, after, ROWS).await;
    let found = found.map_err(|problem| signed.refuse(problem))?;
    let settings = web.desk.settings();
    let rows = found.rows.iter().map(|row| {
        let message = &row.message;
        Row {
            id: message.id,
            who: who(message, &signed.layout),
            about: about(message),
            at: Moment::new(message.at, &web.ground.account),
            kind: kind(message, &signed.layout),
            channel: channel(message, &settings),
        }
    });
    Ok(show(&List {
        tabs: tabs(None),
        rows: rows.collect(),
        next: found.next,
        is_first: after.is_none(),
        layout: signed.layout.clone(),
    }))
}

pub async fn show_message(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<MessageId>,
) -> Result<Response, Refusal> {
    let message = match found(&web, &signed, id).await? {
        Found::Loose(message) => message,
        Found::OfTicket(answer) => return Ok(answer),
    };
    let subject = message.subject.clone().unwrap_or_default();
    Ok(show(&page(message, subject, false, &[], &web, &signed)))
}

/// What came as HTML, for a frame. Pictures are files, which only tickets show.
pub async fn as_it_came(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<MessageId>,
) -> Result<Response, Refusal> {
    let html = match found(&web, &signed, id).await? {
        Found::Loose(message) => message.html,
        Found::OfTicket(answer) => return Ok(answer),
    };
    let html = html.ok_or_else(|| signed.refuse(Problem::not_found()))?;
    Ok(framed(&cleaning::with_pictures(&html, |_| None)))
}

/// Makes a ticket that begins with this message. If somebody was quicker, theirs is shown.
pub async fn make_ticket(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<MessageId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let message = match found(&web, &signed, id).await? {
        Found::Loose(message) => message,
        Found::OfTicket(answer) => return Ok(answer),
    };
    let subject = fields.text("subject").to_owned();
    let is_mine = fields.text("given") == "me";
    let owner = is_mine.then_some(signed.me.user);
    let made = open_of_message(&signed.caller, message.id, Some(subject.clone()), owner, &web).await;
    let faults = match made.map_err(|problem| signed.refuse(problem))? {
        Ok(ticket) => return Ok(ticket::to(&signed.layout, ticket, "")),
        Err(Refused::Invalid(faults)) => faults,
        Err(Refused::Conflict(fault) | Refused::Forbidden(fault)) => vec![fault],
        Err(Refused::NotFound) => {
            return match found(&web, &signed, message.id).await? {
                Found::OfTicket(answer) => Ok(answer),
                Found::Loose(_) => Err(signed.refuse(Problem::not_found())),
            };
        }
        Err(refused) => return Err(signed.refuse(refused)),
    };
    Ok(show_wrong(&page(message, subject, is_mine, &faults, &web, &signed)))
}

enum Found {
    Loose(Message),
    /// It belongs to a ticket by now: the way there.
    OfTicket(Response),
}

async fn found(web: &Web, signed: &Signed, id: MessageId) -> Result<Found, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    let row = web.reader.message(id).await.map_err(|error| refuse(error.into()))?;
    let message = row.ok_or_else(|| refuse(Problem::not_found()))?.message;
    if let Some(ticket) = message.ticket {
        visible(&signed.caller, ticket, web).await.map_err(refuse)?;
        return Ok(Found::OfTicket(ticket::to(&signed.layout, ticket, &format!("#message-{id}"))));
    }
    let settings = web.desk.settings();
    match Viewer::new(&signed.caller, &settings).loose_messages(message.channel) {
        true => Ok(Found::Loose(message)),
        false => Err(refuse(Problem::not_found())),
    }
}

fn page(
    message: Message,
    subject: String,
    is_mine: bool,
    faults: &[Fault],
    web: &Web,
    signed: &Signed,
) -> Page {
    let (layout, settings) = (&signed.layout, web.desk.settings());
    let choice = |value: &str, text, selected| Choice { value: value.to_owned(), text, selected };
    let given = vec![
        choice("", layout.t("loose-by-rules"), !is_mine),
        choice("me", layout.t("loose-to-me"), is_mine),
    ];
    let (subject_fault, owner_fault) = (saving::fault(faults, "/subject"), saving::fault(faults, "/owner"));
    let is_shown = subject_fault.is_some() || owner_fault.is_some();
    let other_fault = faults.first().filter(|_| !is_shown).map(|fault| fault.detail.clone());
    Page {
        id: message.id,
        who: who(&message, layout),
        at: Moment::new(message.at, &web.ground.account),
        kind: kind(&message, layout),
        channel: channel(&message, &settings),
        has_html: message.html.is_some(),
        files: message.attachments.iter().map(|file| (file.name.clone(), size(file.bytes))).collect(),
        subject: message.subject,
        text: message.text,
        form: Form { subject, given, subject_fault, owner_fault, other_fault },
        layout: layout.clone(),
    }
}

fn who(message: &Message, layout: &Layout) -> String {
    match &message.side {
        Side::In { from, name, .. } => customer(from, name.as_deref(), layout),
        Side::Out { to, .. } => customer(to, None, layout),
    }
}

fn about(message: &Message) -> String {
    let subject = message.subject.as_deref().map(str::trim).filter(|subject| !subject.is_empty());
    let line = || message.text.lines().map(str::trim).find(|line| !line.is_empty());
    subject.or_else(line).unwrap_or_default().chars().take(BEGINNING).collect()
}

/// Why no ticket was made of it.
fn kind(message: &Message, layout: &Layout) -> State {
    match &message.side {
        Side::In { automatic: true, .. } => State { class: "soft", text: layout.t("conversation-automatic") },
        _ => State { class: "warn", text: layout.t("loose-makes-none") },
    }
}

fn channel(message: &Message, settings: &Settings) -> Option<String> {
    settings.ticket_channels.get(&message.channel).map(|channel| channel.name.clone())
}
