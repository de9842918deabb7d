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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MessageAuthor)]
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

impl Sending {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent { .. } => "sent",
            Self::Delivered { .. } => "delivered",
            Self::Read { .. } => "read",
            Self::Failed { .. } => "failed",
        }
    }

    /// Since when it is so; a message that is queued is so since it was written.
    pub fn at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Queued => None,
            Self::Sent { at } | Self::Delivered { at } | Self::Read { at } | Self::Failed { at, .. } => {
                Some(*at)
            }
        }
    }

    /// What went wrong, if it did.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Failed { error, .. } => Some(error),
            _ => None,
        }
    }

    /// Whether what is reported now goes further than this. Reports come late, twice and in any order: what was delivered
    /// did not fail, and what was read is not merely delivered.
    pub fn is_followed_by(&self, reported: &Self) -> bool {
        self.rank() < reported.rank()
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Sent { .. } => 1,
            Self::Failed { .. } => 2,
            Self::Delivered { .. } => 3,
            Self::Read { .. } => 4,
        }
    }
}

/// What somebody is still writing. It is nobody's but theirs, and changes nothing of the ticket (R4).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    pub subject: Option<String>,
    pub text: String,
    pub html: Option<String>,
    #[serde(default)]
    pub attachments: Vec<Attachment>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_out_only_gets_further() {
        let at = DateTime::UNIX_EPOCH;
        let failed = Sending::Failed { at, error: "no such mailbox".into() };
        let in_order =
            [Sending::Queued, Sending::Sent { at }, failed, Sending::Delivered { at }, Sending::Read { at }];
        for (place, state) in in_order.iter().enumerate() {
            for (other, reported) in in_order.iter().enumerate() {
                assert_eq!(state.is_followed_by(reported), place < other, "{state:?}, {reported:?}");
            }
        }
    }
}
