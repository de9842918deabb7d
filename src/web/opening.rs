//! Tickets that are made through the API: by hand, or by another system through a channel of its own.

use super::{
    Problem, Web,
    access::{Sight, Viewer},
    auth::{Caller, NewDocument},
    messages::{check_text, hand_in},
    page::created,
    schemas, tickets,
};
use crate::{
    desk::{
        messages::Opening,
        saving::Once,
        settings::{Fault, Refused, Settings, read_form},
    },
    routing::{
        ids::{ChannelId, InboxId, MessageId, NoteId, TeamId, TicketId, UserId},
        people::Role,
    },
    store::notes::Note,
    tickets::{
        channel::Way,
        incoming::{Identity, Incoming, Nature, Threading},
    },
};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many messages one answers at the most.
const ANSWERS_MAX: usize = 50;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTicket)]
struct Form {
    /// A channel of the kind `api`, whose rules share the ticket out; without one it is made by hand.
    #[serde(default)]
    channel: Option<ChannelId>,
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    subject: Option<String>,
    /// What the customer says; by hand, what is noted.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 50000)]
    text: Option<String>,
    #[serde(default)]
    customer: Option<Identity>,
    /// What the customer is called.
    #[serde(default)]
    #[schema(max_length = 200)]
    name: Option<String>,
    #[serde(default)]
    properties: BTreeMap<String, String>,
    /// By a channel: what the message is called where it comes from. It makes one message, however often it comes.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255)]
    key: Option<String>,
    /// By a channel: the messages that it answers, by what they are called. It goes on with their ticket.
    #[serde(default)]
    #[schema(max_items = 50)]
    answers: Vec<String>,
    /// By a channel: it goes on with what this customer has open there.
    #[serde(default)]
    goes_on: bool,
    /// By hand: the workspace; the help desk, where nothing is said.
    #[serde(default)]
    inbox: Option<InboxId>,
    /// By hand.
    #[serde(default)]
    owner: Option<UserId>,
    /// By hand.
    #[serde(default)]
    team: Option<TeamId>,
    /// By hand: a message that belongs to no ticket, and begins this one.
    #[serde(default)]
    message: Option<MessageId>,
}

/// Makes a ticket: by hand, or by a channel of the kind `api`. 202: the message is kept, but makes no ticket there.
#[utoipa::path(post, path = "/tickets",
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[ -~]{1,255}$")), request_body = Form, responses(
    (status = 201, body = schemas::Ticket, headers(("Location" = String))), (status = 202), (status = 403), (status = 409)
))]
pub async fn create(caller: Caller, State(web): State<Web>, new: NewDocument) -> Result<Response, Problem> {
    must_have_tickets(&caller, &web.desk.settings())?;
    let id = TicketId(web.new_id());
    let once = new.once(&caller, &format!("/api/v1/tickets/{id}"), false);
    match open(&caller, new.document, once, &web).await? {
        Made::Ticket(made) => {
            let ticket = web.reader.ticket(made).await?.ok_or_else(Problem::not_found)?;
            Ok(created("tickets", made, tickets::object(&ticket)))
        }
        Made::Message(message) => {
            Ok((StatusCode::ACCEPTED, Json(json!({ "ticket": null, "message": message }))).into_response())
        }
    }
}

/// What came of it.
pub enum Made {
    Ticket(TicketId),
    /// It is kept, but makes no ticket.
    Message(MessageId),
}

/// Makes a ticket, as it was sent. `once`: where it is found tells the id of one that is made by hand.
pub async fn open(caller: &Caller, document: Value, once: Option<Once>, web: &Web) -> Result<Made, Problem> {
    let settings = web.desk.settings();
    must_have_tickets(caller, &settings)?;
    let mut form: Form = read_form(document).map_err(Problem::invalid)?;
    check(&mut form)?;
    let Some(channel) = form.channel else {
        let opening = opening(form, caller, &settings, web).await?;
        return Ok(Made::Ticket(web.desk.open_ticket(Opening { once, ..opening }).await??));
    };
    let key = once.map(|once| format!("{}:{}", once.asker, once.key));
    let arrived = hand_in(incoming(form, channel, key, caller, &settings, web)?, web).await?;
    Ok(arrived.ticket.map_or(Made::Message(arrived.message), Made::Ticket))
}

/// Also for pages: a ticket of a message that belongs to none and that they see, for this owner or for whom the rules of its
/// channel find. An empty subject is the message's.
pub async fn open_of_message(
    caller: &Caller,
    message: MessageId,
    subject: Option<String>,
    owner: Option<UserId>,
    web: &Web,
) -> Result<Result<TicketId, Refused>, Problem> {
    must_have_tickets(caller, &web.desk.settings())?;
    let subject = subject.filter(|subject| !subject.is_empty());
    let opening = Opening { message: Some(message), subject, owner, ..Opening::default() };
    Ok(web.desk.open_ticket(opening).await?)
}

pub fn must_have_tickets(caller: &Caller, settings: &Settings) -> Result<(), Problem> {
    let user = caller.user.and_then(|user| settings.people.users.get(&user));
    let may = caller.role == Role::Admin || user.is_some_and(|user| user.ticket_access);
    if may { Ok(()) } else { Err(Problem::forbidden()) }
}

fn check(form: &mut Form) -> Result<(), Problem> {
    form.text.as_deref().map(check_text).transpose()?;
    let fault = |pointer: &str, detail: &str| Err(Problem::invalid(Fault::new(pointer, detail)));
    if form.subject.is_none() && form.text.is_none() && form.message.is_none() {
        return fault("/subject", "a ticket needs a subject or a text");
    }
    if form.name.as_ref().is_some_and(|name| name.chars().count() > 200) {
        return fault("/name", "a name has at most 200 characters");
    }
    if form.key.as_ref().is_some_and(|key| key.is_empty() || key.len() > 255) {
        return fault("/key", "a key has 1 to 255 characters");
    }
    let is_no_name = |answers: &String| answers.is_empty() || answers.len() > 998;
    if form.answers.len() > ANSWERS_MAX || form.answers.iter().any(is_no_name) {
        return fault("/answers", "at most 50 messages are answered, each by a name of 1 to 998 characters");
    }
    form.customer = match form.customer.take() {
        Some(customer) => Some(read_customer(customer)?),
        None => None,
    };
    Ok(())
}

fn read_customer(customer: Identity) -> Result<Identity, Problem> {
    let fault = |detail: &str| Err(Problem::invalid(Fault::new("/customer/value", detail)));
    match customer {
        Identity::Number(number) => {
            let digits = number.strip_prefix('+').unwrap_or_default();
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
            match plain && (7..=15).contains(&digits.len()) {
                true => Ok(Identity::Number(number)),
                false => fault("a number is + and 7 to 15 digits"),
            }
        }
        Identity::Email(address) => {
            let address = address.trim().to_lowercase();
            let halves =
                address.rsplit_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
            let odd = |c: char| c.is_control() || c.is_whitespace() || "<>,;\"".contains(c);
            match halves && address.len() <= 254 && !address.contains(odd) {
                true => Ok(Identity::Email(address)),
                false => fault("this is not an email address"),
            }
        }
        Identity::Visitor(visitor) => {
            let plain = !visitor.trim().is_empty() && !visitor.chars().any(char::is_control);
            match plain && visitor.chars().count() <= 200 {
                true => Ok(Identity::Visitor(visitor)),
                false => fault("it has 1 to 200 characters, on one line"),
            }
        }
        Identity::Unknown => Ok(Identity::Unknown),
    }
}

fn incoming(
    form: Form,
    channel: ChannelId,
    key: Option<String>,
    caller: &Caller,
    settings: &Settings,
    web: &Web,
) -> Result<Incoming, Problem> {
    let fault = |pointer: &str, detail: &str| Err(Problem::invalid(Fault::new(pointer, detail)));
    let found = settings.ticket_channels.get(&channel);
    let found = found.filter(|_| Viewer::new(caller, settings).channel(channel) == Sight::All);
    if found.is_none_or(|found| found.way != Way::Api) {
        return fault("/channel", "there is no channel of the kind api of this id");
    }
    let by_hand = [
        ("/inbox", form.inbox.is_some()),
        ("/owner", form.owner.is_some()),
        ("/team", form.team.is_some()),
        ("/message", form.message.is_some()),
    ];
    if let Some((pointer, _)) = by_hand.into_iter().find(|(_, is_there)| *is_there) {
        return fault(pointer, "the channel decides this");
    }
    let Some(text) = form.text else { return fault("/text", "a message needs a text") };
    let threading = match (form.answers.is_empty(), form.goes_on) {
        (false, _) => Threading::References { message_id: form.key.clone(), references: form.answers },
        (true, true) => Threading::Sender,
        (true, false) => Threading::New,
    };
    Ok(Incoming {
        channel,
        key: form.key.or(key).unwrap_or_else(|| web.new_id().simple().to_string()),
        from: form.customer.unwrap_or(Identity::Unknown),
        name: form.name,
        subject: form.subject,
        text,
        html: None,
        attachments: Vec::new(),
        threading,
        nature: Nature::Person,
        properties: form.properties,
        raw: None,
    })
}

/// Made by hand, where one works. Of messages, only those of channels that one sees.
async fn opening(form: Form, caller: &Caller, settings: &Settings, web: &Web) -> Result<Opening, Problem> {
    let fault = |pointer: &str, detail: &str| Err(Problem::invalid(Fault::new(pointer, detail)));
    if form.key.is_some() || form.goes_on || !form.answers.is_empty() {
        return fault("/channel", "key, answers and goes_on are of tickets that come by a channel");
    }
    let viewer = Viewer::new(caller, settings);
    if form.inbox.is_some_and(|inbox| viewer.inbox(inbox) != Sight::All) {
        return fault("/inbox", "there is no inbox of this id");
    }
    if let Some(id) = form.message {
        let row = web.reader.message(id).await?;
        let seen = row.filter(|row| viewer.loose_messages(row.message.channel));
        if seen.is_none_or(|row| row.message.ticket.is_some()) {
            return fault("/message", "there is no message of this id that belongs to no ticket");
        }
    }
    let note = form.text.map(|text| Note {
        id: NoteId(web.new_id()),
        // It gets its own when it is made.
        ticket: TicketId(web.new_id()),
        author: caller.user,
        at: web.clock.now().at,
        text,
    });
    let Form { message, inbox, subject, customer, name, owner, team, properties, .. } = form;
    Ok(Opening { message, inbox, subject, customer, name, owner, team, properties, note, once: None })
}
