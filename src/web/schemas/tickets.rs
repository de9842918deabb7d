//! Tickets, what is written on them, and who is told.

use super::Reason;
use crate::{
    routing::ids::{
        CallId, ChannelId, ContactId, InboxId, MessageId, NoteId, NotificationId, TeamId, TicketId, UserId,
        ViewId,
    },
    tickets::{incoming::Identity, message::Author as Writer, notifying::About, ticket::Status},
};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeMap;
use utoipa::ToSchema;

#[derive(ToSchema)]
pub struct Note {
    pub id: NoteId,
    pub ticket: TicketId,
    #[schema(required)]
    pub author: Option<UserId>,
    pub at: DateTime<Utc>,
    pub text: String,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum TicketType {
    Calling,
    Messages,
    EmailOther,
}

#[derive(ToSchema)]
pub struct Ticket {
    pub id: TicketId,
    pub r#type: TicketType,
    pub status: Status,
    pub open: bool,
    #[schema(required)]
    pub owner: Option<UserId>,
    #[schema(required)]
    pub team: Option<TeamId>,
    #[schema(required)]
    pub call: Option<CallId>,
    /// Every call that belongs to it, the first one first; not in lists.
    pub calls: Option<Vec<CallId>>,
    #[schema(required)]
    pub channel: Option<ChannelId>,
    pub created_at: DateTime<Utc>,
    #[schema(required)]
    pub assigned_at: Option<DateTime<Utc>>,
    #[schema(required)]
    pub closed_at: Option<DateTime<Utc>>,
    /// The day of closing in the account's time zone.
    #[schema(required)]
    pub closed_on: Option<NaiveDate>,
    /// The workspace that it belongs to; null: the help desk.
    #[schema(required)]
    pub inbox: Option<InboxId>,
    #[schema(required)]
    pub subject: Option<String>,
    #[schema(required)]
    pub contact: Option<ContactId>,
    /// Who the customer is on its channel.
    #[schema(required)]
    pub customer: Option<Identity>,
    /// What it says of itself.
    pub properties: BTreeMap<String, String>,
}

/// A message of a conversation.
#[derive(ToSchema)]
pub struct Message {
    pub id: MessageId,
    /// Null: it belongs to none.
    #[schema(required)]
    pub ticket: Option<TicketId>,
    pub channel: ChannelId,
    pub at: DateTime<Utc>,
    /// `in`: the customer says it; `out`: the desk.
    pub side: String,
    #[schema(required)]
    pub from: Option<Identity>,
    /// What the sender calls themselves.
    #[schema(required)]
    pub name: Option<String>,
    /// A machine wrote it.
    pub automatic: bool,
    /// Who of the desk says it.
    #[schema(required)]
    pub by: Option<Writer>,
    #[schema(required)]
    pub to: Option<Identity>,
    /// Of what goes out: `queued`, `sent`, `delivered`, `read` or `failed`.
    #[schema(required)]
    pub state: Option<String>,
    #[schema(required)]
    pub state_at: Option<DateTime<Utc>>,
    /// What went wrong the last time that it was sent.
    #[schema(required)]
    pub error: Option<String>,
    #[schema(required)]
    pub next_try_at: Option<DateTime<Utc>>,
    #[schema(required)]
    pub subject: Option<String>,
    pub text: String,
    /// Cleaned: without scripts, and nothing in it is fetched by itself.
    #[schema(required)]
    pub html: Option<String>,
    pub attachments: Vec<Attachment>,
    /// What it is called where it came from, or went to.
    #[schema(required)]
    pub outside_id: Option<String>,
}

#[derive(ToSchema)]
pub struct Attachment {
    pub name: String,
    pub content_type: String,
    pub bytes: u64,
    /// What the HTML calls a picture that stands in it.
    #[schema(required)]
    pub content_id: Option<String>,
    /// Where it is, once the message belongs to a ticket.
    #[schema(required)]
    pub url: Option<String>,
}

#[derive(ToSchema)]
pub struct Draft {
    /// Null: there is none.
    #[schema(required)]
    pub at: Option<DateTime<Utc>>,
    #[schema(required)]
    pub subject: Option<String>,
    pub text: String,
}

/// What one was told of a ticket.
#[derive(ToSchema)]
pub struct Notification {
    pub id: NotificationId,
    pub at: DateTime<Utc>,
    pub about: About,
    pub ticket: TicketId,
    #[schema(required)]
    pub read_at: Option<DateTime<Utc>>,
}

/// How many notifications are left to read, counted as far as 100.
#[derive(ToSchema)]
pub struct Unread {
    pub unread: u32,
}

/// A ticket that is routed again until somebody has it.
#[derive(ToSchema)]
pub struct WaitingTicket {
    pub ticket: TicketId,
    pub channel: ChannelId,
    pub since: DateTime<Utc>,
    /// Why nobody got it the last time; the first decided.
    pub reasons: Vec<Reason>,
}

/// A list of tickets that somebody keeps under a name.
#[derive(ToSchema)]
pub struct View {
    pub id: ViewId,
    pub owner: UserId,
    pub name: String,
    pub shared: bool,
    #[schema(inline)]
    pub tickets: super::super::tickets::Wanted,
}
