//! What a conversation is made of: messages in and out on a ticket, and what is still being written.

use super::incoming::{Attachment, Identity};
use crate::routing::ids::{ChannelId, MessageId, TicketId, UserId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: MessageId,
    /// `None`: it belongs to none yet.
    pub ticket: Option<TicketId>,
    pub channel: ChannelId,
    pub at: DateTime<Utc>,
    pub side: Side,
    pub subject: Option<String>,
    pub text: String,
    pub html: Option<String>,
    pub attachments: Vec<Attachment>,
    /// What it is called outside: a mail's Message-ID, WhatsApp's id. Answers and reports name it.
    pub outside_id: Option<String>,
}

/// Who says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "side", rename_all = "snake_case")]
pub enum Side {
    /// The customer, or a machine of theirs.
    In { from: Identity, name: Option<String>, automatic: bool },
    /// Somebody of the desk, or the customer agent.
    Out { by: Author, to: Identity, state: Sending },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    User(UserId),
    /// The outside service that answers first (R25).
    CustomerAgent,
    /// By an API token that is nobody's.
    Token,
}

/// How far a message out has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Sending {
    /// On its way; tried again until it is sent or given up.
    Queued,
    Sent {
        at: DateTime<Utc>,
    },
    Delivered {
        at: DateTime<Utc>,
    },
    Read {
        at: DateTime<Utc>,
    },
    /// Given up, or it came back: somebody has to look.
    Failed {
        at: DateTime<Utc>,
        error: String,
    },
}

/// What an edge needs to send a message out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub message: Message,
    pub to: Identity,
    /// Of mail: what it answers, the nearest first.
    pub references: Vec<String>,
}

/// Why a message was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// It may be tried again.
    #[error("{0}")]
    Later(String),
    /// It will never be sent like this.
    #[error("{0}")]
    Never(String),
}
