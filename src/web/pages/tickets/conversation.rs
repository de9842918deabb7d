//! What was written on a ticket, message by message, and the form that answers. What came as HTML is shown in a frame of its
//! own, which can do nothing.

use super::{
    super::{
        super::{
            Problem, Web,
            auth::Id,
            drafts,
            messages::{self, Sent, both},
            tickets::visible,
        },
        Policy,
        form::{Fields, FieldsAndFiles},
        layout::{Layout, Signed},
        moment::Moment,
        refusal::Refusal,
        show_wrong,
    },
    calls::{self, State},
    ticket::{self, Choice},
};
use crate::{
    desk::{postman::Retried, settings::Settings},
    messaging::email::{cleaning, quoting},
    routing::ids::{MessageId, TicketId},
    store::messages::MessageRow,
    tickets::{
        incoming::{Attachment, Identity},
        message::{Author, Message, Sending, Side},
        ticket::{Status, Ticket},
    },
};
use axum::{
    extract::{Path, State as Reach, rejection::PathRejection},
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// How many messages are shown at once.
const MESSAGES: u32 = 50;
/// Pictures that are larger are not shown within the HTML.
const PICTURE_BYTES_MAX: u64 = 2 << 20;
const PICTURES_MAX: usize = 30;

/// What stands on the ticket's page of it.
pub struct Conversation {
    pub messages: Vec<MessagePart>,
    /// After which message the next ones come.
    pub more: Option<String>,
    /// `None`: there is no way to answer.
    pub reply: Option<ReplyForm>,
}

pub struct MessagePart {
    pub id: MessageId,
    pub is_ours: bool,
    pub who: String,
    pub at: Moment,
    pub channel: Option<String>,
    /// Of what goes out: how far it has come.
    pub state: Option<State>,
    pub error: Option<String>,
    /// It is sent again by hand.
    pub can_be_retried: bool,
    pub automatic: bool,
    pub text: String,
    /// What it repeats of earlier mails; empty: nothing.
    pub quoted: String,
    pub has_html: bool,
    pub files: Vec<FilePart>,
}

pub struct FilePart {
    pub name: String,
    pub url: String,
    pub size: String,
}

pub struct ReplyForm {
    pub text: String,
    pub statuses: Vec<Choice>,
    pub fault: Option<String>,
    pub draft_of: Option<Moment>,
}

pub async fn of(
    web: &Web,
    signed: &Signed,
    ticket: &Ticket,
    after: Option<MessageId>,
) -> Result<Conversation, Problem> {
    let settings = web.desk.settings();
    let mut rows = web.reader.messages(ticket.id, after, MESSAGES + 1).await?;
    let more = rows.len() > MESSAGES as usize;
    rows.truncate(MESSAGES as usize);
    let next = rows.last().filter(|_| more);
    let next = next.map(|row| format!("tickets/{}?messages={}#conversation", ticket.id, row.message.id));
    let parts = rows.iter().map(|row| part(row, web, &signed.layout, &settings)).collect();
    let answers = settings.ticket_channels.values().any(|channel| channel.enabled);
    let can_answer = answers && (ticket.customer.is_some() || ticket.contact.is_some());
    let reply = match can_answer {
        true => Some(reply_form(web, signed, ticket).await?),
        false => None,
    };
    Ok(Conversation { messages: parts, more: next, reply })
}

async fn reply_form(web: &Web, signed: &Signed, ticket: &Ticket) -> Result<ReplyForm, Problem> {
    let draft = web.reader.draft(ticket.id, messages::author(&signed.caller)).await?;
    let layout = &signed.layout;
    let as_it_is =
        Choice { value: String::new(), text: layout.t("conversation-status-stays"), selected: true };
    let status = |status: Status| Choice {
        value: status.name().to_owned(),
        text: calls::status(status, layout).text,
        selected: false,
    };
    let statuses = [Status::New, Status::Waiting, Status::Closed].map(status);
    Ok(ReplyForm {
        draft_of: draft.as_ref().map(|(at, _)| Moment::new(*at, &web.ground.account)),
        text: draft.map(|(_, draft)| draft.text).unwrap_or_default(),
        statuses: std::iter::once(as_it_is).chain(statuses).collect(),
        fault: None,
    })
}

fn part(row: &MessageRow, web: &Web, layout: &Layout, settings: &Settings) -> MessagePart {
    let message = &row.message;
    let (is_ours, who, automatic) = match &message.side {
        Side::In { from, name, automatic } => (false, customer(from, name.as_deref(), layout), *automatic),
        Side::Out { by, .. } => (true, writer(*by, settings, layout), false),
    };
    let state = match &message.side {
        Side::In { .. } => None,
        Side::Out { state, .. } => Some(state),
    };
    let file = |file: &Attachment| FilePart {
        name: file.name.clone(),
        url: file_url(message, file),
        size: size(file.bytes),
    };
    let (text, quoted) = match is_ours {
        true => (message.text.as_str(), ""),
        false => quoting::split(&message.text),
    };
    MessagePart {
        id: message.id,
        is_ours,
        who,
        at: Moment::new(message.at, &web.ground.account),
        channel: settings.ticket_channels.get(&message.channel).map(|channel| channel.name.clone()),
        state: state.map(|state| sending(state, layout)),
        error: row.error.clone(),
        can_be_retried: matches!(state, Some(Sending::Failed { .. }))
            || row.due_at.is_some() && row.tries > 0,
        automatic,
        text: text.to_owned(),
        quoted: quoted.to_owned(),
        has_html: message.html.is_some(),
        files: message.attachments.iter().map(file).collect(),
    }
}

pub fn customer(from: &Identity, name: Option<&str>, layout: &Layout) -> String {
    let address = match from {
        Identity::Number(text) | Identity::Email(text) => Some(text.as_str()),
        Identity::Visitor(_) | Identity::Unknown => None,
    };
    match (name, address) {
        (Some(name), Some(address)) => format!("{name} ({address})"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => layout.t("conversation-somebody"),
    }
}

fn writer(by: Author, settings: &Settings, layout: &Layout) -> String {
    match by {
        Author::User(user) => settings.name_of(user),
        Author::CustomerAgent => layout.t("conversation-customer-agent"),
        Author::Token => layout.t("conversation-other-system"),
    }
}

fn sending(state: &Sending, layout: &Layout) -> State {
    match state {
        Sending::Queued => State { class: "busy", text: layout.t("conversation-queued") },
        Sending::Sent { .. } => State { class: "good", text: layout.t("conversation-sent") },
        Sending::Delivered { .. } => State { class: "good", text: layout.t("conversation-delivered") },
        Sending::Read { .. } => State { class: "good", text: layout.t("conversation-read") },
        Sending::Failed { .. } => State { class: "bad", text: layout.t("conversation-failed") },
    }
}

fn file_url(message: &Message, file: &Attachment) -> String {
    let ticket = message.ticket.map(|ticket| ticket.to_string()).unwrap_or_default();
    format!("api/v1/tickets/{ticket}/attachments/{}", file.sha256)
}

pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KiB", bytes.div_ceil(1_024)),
        _ => format!("{} MiB", bytes.div_ceil(1_048_576)),
    }
}

/// Sends the answer, or keeps it as a draft.
pub async fn reply(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<TicketId>,
    form: FieldsAndFiles,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    visible(&signed.caller, id, &web).await.map_err(refuse)?;
    let text = form.fields.text("text").replace("\r\n", "\n");
    let done = match form.fields.text("action") {
        "draft" => drafts::keep(&web, &signed.caller, id, None, text.clone()).await.map(drop),
        _ => {
            let status = Status::named(form.fields.text("reply-status"));
            let files = form.files.into_iter().map(|file| Sent {
                name: file.name,
                content_type: file.content_type,
                bytes: file.bytes.into(),
            });
            messages::answer(&web, &signed.caller, id, text.clone(), status, files.collect()).await
        }
    };
    match done {
        Ok(()) => Ok(ticket::to(&signed.layout, id, "#conversation")),
        Err(problem) if [409, 413, 422, 507].contains(&problem.status()) => {
            let fault = problem.to_string();
            let page = ticket::page_with_reply(&web, &signed, id, text, fault).await.map_err(refuse)?;
            Ok(show_wrong(&page))
        }
        Err(problem) => Err(refuse(problem)),
    }
}

/// Has a message that failed sent again.
pub async fn retry(
    Reach(web): Reach<Web>,
    signed: Signed,
    path: Result<Path<(String, String)>, PathRejection>,
    _: Fields,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    let (ticket, message) = both::<MessageId>(path).map_err(refuse)?;
    visible(&signed.caller, ticket, &web).await.map_err(refuse)?;
    let again = web.desk.retry(Retried::Message { ticket, message }, signed.caller.author()).await;
    again.map_err(|away| refuse(away.into()))?.map_err(|refused| refuse(refused.into()))?;
    Ok(ticket::to(&signed.layout, ticket, &format!("#message-{message}")))
}

/// What came as HTML, for a frame: nothing in it runs, nothing is fetched, and its pictures stand in it.
pub async fn as_it_came(
    Reach(web): Reach<Web>,
    signed: Signed,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    let (ticket, id) = both::<MessageId>(path).map_err(refuse)?;
    visible(&signed.caller, ticket, &web).await.map_err(refuse)?;
    let row = web.reader.message(id).await.map_err(|error| refuse(error.into()))?;
    let message = row.map(|row| row.message).filter(|message| message.ticket == Some(ticket));
    let found = message.and_then(|message| Some((message.html.clone()?, message)));
    let (html, message) = found.ok_or_else(|| refuse(Problem::not_found()))?;
    let pictures = pictures(&message, &web).await;
    let address = |id: &str| pictures.iter().find(|(known, _)| known == id).map(|(_, data)| data.clone());
    let shown = cleaning::with_pictures(&html, address);
    Ok(framed(&shown))
}

/// What came as HTML, as it is shown in a frame.
pub fn framed(shown: &str) -> Response {
    let page = format!("<!doctype html><meta charset=\"utf-8\"><base target=\"_blank\">{shown}");
    let mut answer = (StatusCode::OK, Html(page)).into_response();
    answer.extensions_mut().insert(Policy::Framed);
    answer
}

/// The pictures that came with a message, by what its HTML calls them.
async fn pictures(message: &Message, web: &Web) -> Vec<(String, String)> {
    let named = message.attachments.iter().filter(|file| {
        let kinds = ["image/gif", "image/jpeg", "image/png", "image/webp"];
        kinds.contains(&file.content_type.as_str()) && file.bytes <= PICTURE_BYTES_MAX
    });
    let mut found = Vec::new();
    for file in named.take(PICTURES_MAX) {
        let Some(id) = &file.content_id else { continue };
        if let Ok(bytes) = web.attachments.read(&file.sha256).await {
            found.push((id.clone(), format!("data:{};base64,{}", file.content_type, STANDARD.encode(bytes))));
        }
    }
    found
}
