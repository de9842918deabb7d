//! Something that reached a channel: what its edge made of bytes. It decides nothing.

use crate::routing::ids::{ChannelId, TicketId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A message from outside, whole: its attachments are kept already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incoming {
    pub channel: ChannelId,
    /// What it is called where it comes from. Under the same channel and key it is the same message come again.
    pub key: String,
    pub from: Identity,
    /// What the sender calls themselves.
    pub name: Option<String>,
    pub subject: Option<String>,
    /// As plain text; what is searched, counted and shown where nothing else can be.
    pub text: String,
    /// As HTML that was cleaned: no script, no style from outside, nothing that is fetched by itself.
    pub html: Option<String>,
    pub attachments: Vec<Attachment>,
    pub threading: Threading,
    pub nature: Nature,
    /// What a form asked for besides: goes into the ticket's properties.
    pub properties: BTreeMap<String, String>,
    /// The whole message as it came, where that is worth keeping: the name of its file.
    pub raw: Option<String>,
}

/// Who somebody is on a channel. Contacts are found by it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Identity {
    /// A telephone number in E.164, WhatsApp's included.
    Number(String),
    /// In lower case.
    Email(String),
    /// A visitor of a chat, or somebody whom the API names: known on that channel alone.
    Visitor(String),
    /// They did not say.
    Unknown,
}

/// A file that came or goes with a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its file's name in the data folder: the SHA-256 of what is in it, in hex.
    pub sha256: String,
    /// What the sender called it: without any path, control character or bidirectional mark.
    pub name: String,
    pub content_type: String,
    pub bytes: u64,
    /// For a picture inside of HTML: what the HTML calls it.
    pub content_id: Option<String>,
}

/// To which conversation it belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Threading {
    /// Every message begins a conversation: a form.
    New,
    /// It goes on with what its sender has open on this channel: chat, WhatsApp.
    Sender,
    /// It belongs to this ticket, as whoever hands it in knows.
    Ticket { ticket: TicketId },
    /// Mail: its own Message-ID, and those to which it answers, the nearest first.
    References { message_id: Option<String>, references: Vec<String> },
}

/// Whether somebody wrote it (D13).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "nature", rename_all = "snake_case")]
pub enum Nature {
    Person,
    /// RFC 3834 and its relatives: away notes, lists, other desks' acknowledgements.
    AutoReply,
    /// A mail of ours did not arrive: the Message-ID, where the report names it.
    Bounce {
        of: Option<String>,
    },
}
