//! What is written on tickets: with customers, message by message.

use super::{
    BODY_MAX, Problem, Web,
    access::{Sight, Viewer},
    auth::{Bodiless, Caller, Id, NewDocument, Page, Upload},
    greetings::UPLOAD_WITHIN,
    page::{created, page, page_until},
    schemas,
    tickets::visible,
};
use crate::{
    attachments::{self, NotKept},
    desk::{
        messages::{Arrived, Reply},
        postman::Retried,
        saving::Once,
        settings::{Fault, Refused, read_form},
    },
    messaging::{self, email::cleaning},
    routing::ids::{ChannelId, MessageId, TicketId},
    store::{messages::MessageRow, visible::Seen},
    tickets::{
        channel::Way,
        incoming::{Attachment, Identity, Incoming, Nature, Threading},
        message::{Author, Side},
        ticket::{Status, Ticket},
    },
};
use axum::{
    Json,
    extract::{FromRequest, Path, Request, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashSet};
use tracing::error;

/// In characters.
pub const TEXT_MAX: usize = 50_000;
/// The files of one message, and what a form needs around them.
const UPLOAD_MAX: usize = attachments::BYTES_MAX + BODY_MAX;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMessage)]
struct Form {
    #[schema(min_length = 1, max_length = 50000)]
    text: String,
    /// The same with its looks. What could do something is taken out.
    #[serde(default)]
    html: Option<String>,
    /// The ticket's, where nothing is said.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    subject: Option<String>,
    /// The message that it answers; the latest of the customer's, where nothing is said.
    #[serde(default)]
    answers: Option<MessageId>,
    /// By which channel it goes out; by that of what it answers, where nothing is said.
    #[serde(default)]
    channel: Option<ChannelId>,
    /// What the ticket becomes with it.
    #[serde(default)]
    status: Option<Status>,
    /// The customer says it: on tickets that came by the API.
    #[serde(default)]
    by_customer: bool,
}

/// Lists the messages of a ticket, the oldest first.
#[utoipa::path(get, path = "/tickets/{id}/messages", tag = "tickets", params(("id" = TicketId, Path), schemas::Paging),
    responses((status = 200, body = schemas::Page<schemas::Message>)))]
pub async fn list(
    caller: Caller,
    State(web): State<Web>,
    Id(ticket): Id<TicketId>,
    asked: Page<MessageId>,
) -> Result<Json<Value>, Problem> {
    visible(&caller, ticket, &web).await?;
    let rows = web.reader.messages(ticket, asked.after, asked.limit + 1).await?;
    let items = rows.iter().map(|row| (row.message.id.to_string(), object(row)));
    Ok(page(items.collect(), asked.limit))
}

/// The same as a form, with files.
#[derive(utoipa::ToSchema)]
#[schema(as = NewMessageWithFiles)]
#[expect(dead_code, reason = "only its shape counts")]
struct FormWithFiles {
    #[schema(min_length = 1, max_length = 50000)]
    text: String,
    html: Option<String>,
    subject: Option<String>,
    answers: Option<MessageId>,
    channel: Option<ChannelId>,
    status: Option<Status>,
    by_customer: Option<bool>,
    /// Together at most 25 MiB.
    #[schema(value_type = Vec<String>, format = Binary)]
    file: Vec<Vec<u8>>,
}

/// Answers the customer, or, on a ticket that came by the API, says what the customer says. As JSON, or as a form with
/// files.
#[utoipa::path(post, path = "/tickets/{id}/messages", tag = "tickets",
    params(("id" = TicketId, Path), ("Idempotency-Key" = Option<String>, Header, pattern = "^[ -~]{1,255}$")),
    request_body(content((Form = "application/json"), (FormWithFiles = "multipart/form-data"))), responses(
    (status = 201, body = schemas::Message, headers(("Location" = String))), (status = 409),
    (status = 507, content_type = "application/problem+json", body = schemas::Problem)
))]
pub async fn create(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<TicketId>,
    request: Request,
) -> Result<Response, Problem> {
    let ticket = visible(&caller, id, &web).await?;
    let (mut form, key, files) = match Upload::is_one(request.headers()) {
        true => with_files(&caller, request).await?,
        false => {
            let new = NewDocument::from_request(request, &web).await?;
            let once = new.once(&caller, "", false);
            (read_form(new.document).map_err(Problem::invalid)?, once, Vec::new())
        }
    };
    let key = key.map(|once| format!("{}:{}", once.asker, once.key));
    check_text(&form.text)?;
    form.html = match form.html {
        Some(html) => Some(clean(html).await?),
        None => None,
    };
    let attachments = keep(files, &web).await?;
    let message = match form.by_customer {
        true => say_for_customer(&ticket, form, attachments, key, &web).await?,
        false => {
            must_work_by(form.channel, &ticket, &caller, &web)?;
            reply(&caller, id, form, attachments, key, &web).await?
        }
    };
    let row = web.reader.message(message).await?.ok_or_else(Problem::not_found)?;
    Ok(created(&format!("tickets/{id}/messages"), message, object(&row)))
}

/// A file as it was sent: what it is called, of which type it says that it is, and what is in it.
pub struct Sent {
    pub name: String,
    pub content_type: String,
    pub bytes: Vec<u8>,
}

/// Answers the customer with the latest that they wrote, by the way that it came.
pub async fn answer(
    web: &Web,
    caller: &Caller,
    ticket: TicketId,
    text: String,
    status: Option<Status>,
    files: Vec<Sent>,
) -> Result<(), Problem> {
    check_text(&text)?;
    let attachments = keep(files, web).await?;
    let form =
        Form { text, html: None, subject: None, answers: None, channel: None, status, by_customer: false };
    reply(caller, ticket, form, attachments, None, web).await.map(drop)
}

async fn with_files(caller: &Caller, request: Request) -> Result<(Form, Option<Once>, Vec<Sent>), Problem> {
    let mut upload = Upload::read(request, UPLOAD_WITHIN, UPLOAD_MAX).await?;
    let (mut fields, mut files) = (Map::new(), Vec::new());
    let unreadable = |_| Problem::new(400, "The form can't be read");
    while let Some(field) = upload.form.next_field().await.map_err(unreadable)? {
        let called = field.name().unwrap_or_default().to_owned();
        if called == "file" {
            let name = field.file_name().unwrap_or_default().to_owned();
            let content_type = field.content_type().unwrap_or_default().to_owned();
            let bytes = field.bytes().await.map_err(unreadable)?.to_vec();
            files.push(Sent { name, content_type, bytes });
            continue;
        }
        let text = field.text().await.map_err(unreadable)?;
        let value = if called == "by_customer" { json!(text == "true") } else { json!(text) };
        fields.insert(called, value);
    }
    if files.len() > attachments::COUNT_MAX {
        return Err(Problem::invalid(Fault::new("/file", "a message has at most 100 files")));
    }
    let once = upload.once(caller, "");
    Ok((read_form(Value::Object(fields)).map_err(Problem::invalid)?, once, files))
}

/// It may be much work.
async fn clean(html: String) -> Result<String, Problem> {
    let cleaned = tokio::task::spawn_blocking(move || cleaning::clean(&html, &HashSet::new())).await;
    cleaned
        .ok()
        .flatten()
        .ok_or_else(|| Problem::invalid(Fault::new("/html", "it is too long, or too deeply nested")))
}

async fn keep(files: Vec<Sent>, web: &Web) -> Result<Vec<Attachment>, Problem> {
    let mut kept = Vec::with_capacity(files.len());
    for Sent { name, content_type, bytes } in files {
        let attachment = messaging::attachment(&name, &content_type, None, &bytes);
        web.attachments.keep(bytes).await.map_err(|error| match error {
            NotKept::TooLarge => Problem::new(413, "A file is larger than 25 MiB"),
            NotKept::NoRoom => Problem::new(507, "The disk is nearly full"),
            NotKept::Failed(error) => {
                error!(%error, "a file of a message can't be written");
                Problem::new(507, "The file can't be written")
            }
        })?;
        kept.push(attachment);
    }
    Ok(kept)
}

/// An answer may go another way than the question came, but not by a workspace in which one does not work.
fn must_work_by(
    channel: Option<ChannelId>,
    ticket: &Ticket,
    caller: &Caller,
    web: &Web,
) -> Result<(), Problem> {
    let settings = web.desk.settings();
    let channel = channel.and_then(|channel| settings.ticket_channels.get(&channel));
    let Some(inbox) = channel.and_then(|channel| channel.inbox) else { return Ok(()) };
    match ticket.inbox == Some(inbox) || Viewer::new(caller, &settings).inbox(inbox) == Sight::All {
        true => Ok(()),
        false => Err(Problem::invalid(Fault::new("/channel", "there is no channel of this id for messages"))),
    }
}

async fn reply(
    caller: &Caller,
    ticket: TicketId,
    form: Form,
    attachments: Vec<Attachment>,
    key: Option<String>,
    web: &Web,
) -> Result<MessageId, Problem> {
    let Form { text, html, subject, answers, channel, status, .. } = form;
    let by = author(caller);
    let reply = Reply { ticket, by, answers, channel, subject, text, html, attachments, status, key };
    Ok(web.desk.reply(reply).await??.message.id)
}

async fn say_for_customer(
    ticket: &Ticket,
    form: Form,
    attachments: Vec<Attachment>,
    key: Option<String>,
    web: &Web,
) -> Result<MessageId, Problem> {
    let settings = web.desk.settings();
    let channel = ticket.channel.and_then(|channel| settings.ticket_channels.get(&channel));
    let Some(channel) = channel.filter(|channel| channel.way == Way::Api) else {
        let fault =
            Fault::new("/by_customer", "only on tickets that came by the API is the customer spoken for");
        return Err(Problem::invalid(fault));
    };
    let incoming = Incoming {
        channel: channel.id,
        key: key.unwrap_or_else(|| web.new_id().simple().to_string()),
        from: ticket.customer.clone().unwrap_or(Identity::Unknown),
        name: None,
        subject: form.subject,
        text: form.text,
        html: form.html,
        attachments,
        threading: Threading::Ticket { ticket: ticket.id },
        nature: Nature::Person,
        properties: BTreeMap::new(),
        raw: None,
    };
    Ok(hand_in(incoming, web).await?.message)
}

/// Hands in what came by the API. Another message under the same key is refused.
pub async fn hand_in(incoming: Incoming, web: &Web) -> Result<Arrived, Problem> {
    let text = incoming.text.clone();
    let arrived = web.desk.arrived(incoming).await??;
    if arrived.doubled {
        let before = web.reader.message(arrived.message).await?;
        if before.is_some_and(|before| before.message.text != text) {
            return Err(Refused::KeyReused.into());
        }
    }
    Ok(arrived)
}

/// Tries once more to send a message that was given up, or waits for its next try.
#[utoipa::path(post, path = "/tickets/{id}/messages/{message}/retry", tag = "tickets",
    params(("id" = TicketId, Path), ("message" = MessageId, Path)), responses((status = 202), (status = 409)))]
pub async fn retry(
    caller: Caller,
    State(web): State<Web>,
    path: Result<Path<(String, String)>, PathRejection>,
    _: Bodiless,
) -> Result<StatusCode, Problem> {
    let (ticket, message) = both::<MessageId>(path)?;
    visible(&caller, ticket, &web).await?;
    web.desk.retry(Retried::Message { ticket, message }, caller.author()).await??;
    Ok(StatusCode::ACCEPTED)
}

/// The ids of a ticket and of something on it.
pub fn both<T: std::str::FromStr>(
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<(TicketId, T), Problem> {
    let Path((ticket, other)) = path.map_err(|_| Problem::not_found())?;
    let read = || Some((ticket.parse().ok()?, other.parse().ok()?));
    read().ok_or_else(Problem::not_found)
}

/// Lists messages that belong to no ticket, the newest first: what machines wrote, and what came by channels that make no
/// tickets by themselves.
#[utoipa::path(get, path = "/messages", params(schemas::Paging), responses(
    (status = 200, body = schemas::Page<schemas::Message>)
))]
pub async fn of_no_ticket(
    caller: Caller,
    State(web): State<Web>,
    asked: Page<MessageId>,
) -> Result<Json<Value>, Problem> {
    let seen = loose(&caller, &web, asked.after, asked.limit).await?;
    Ok(page_until(seen.rows.iter().map(object).collect(), seen.next))
}

/// Also for pages: those that somebody sees.
pub async fn loose(
    caller: &Caller,
    web: &Web,
    after: Option<MessageId>,
    limit: u32,
) -> Result<Seen<MessageRow>, Problem> {
    let settings = web.desk.settings();
    let viewer = Viewer::new(caller, &settings);
    let theirs = settings.ticket_channels.keys().copied();
    let theirs: Vec<ChannelId> = theirs.filter(|channel| viewer.loose_messages(*channel)).collect();
    let channels = (!viewer.is_admin()).then_some(theirs.as_slice());
    Ok(web.reader.messages_of_no_ticket(channels, after, limit).await?)
}

pub fn author(caller: &Caller) -> Author {
    caller.user.map_or(Author::Token, Author::User)
}

pub fn check_text(text: &str) -> Result<(), Problem> {
    if text.trim().is_empty() || text.chars().count() > TEXT_MAX {
        let detail = format!("a message has 1 to {TEXT_MAX} characters");
        return Err(Problem::invalid(Fault::new("/text", detail)));
    }
    Ok(())
}

pub fn object(row: &MessageRow) -> Value {
    let message = &row.message;
    let files = message.attachments.iter().map(|file| {
        let url =
            message.ticket.map(|ticket| format!("/api/v1/tickets/{ticket}/attachments/{}", file.sha256));
        json!({
            "name": file.name, "content_type": file.content_type, "bytes": file.bytes,
            "content_id": file.content_id, "url": url,
        })
    });
    let mut object = json!({
        "id": message.id,
        "ticket": message.ticket,
        "channel": message.channel,
        "at": message.at,
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "attachments": files.collect::<Vec<_>>(),
        "outside_id": message.outside_id,
        "from": null, "name": null, "automatic": false,
        "by": null, "to": null, "state": null, "state_at": null, "error": row.error, "next_try_at": row.due_at,
    });
    let said = match &message.side {
        Side::In { from, name, automatic } => {
            json!({ "side": "in", "from": from, "name": name, "automatic": automatic })
        }
        Side::Out { by, to, state } => json!({
            "side": "out", "by": by, "to": to, "state": state.name(), "state_at": state.at(),
        }),
    };
    if let (Some(object), Value::Object(said)) = (object.as_object_mut(), said) {
        object.extend(said);
    }
    object
}
