//! The door for written messages: what reaches a channel, what is answered, and what became of an answer.

use super::{
    Desk, Input, Outcome, Unavailable,
    saving::{Claim, Once, Saved},
    settings::Refused,
};
use crate::{
    routing::ids::{ChannelId, InboxId, MessageId, TeamId, TicketId, UserId},
    store::notes::Note,
    tickets::{
        incoming::{Attachment, Identity, Incoming},
        message::{Author, Message, Sending},
        ticket::{Status, Ticket},
    },
};
use std::collections::BTreeMap;

/// What became of a message that reached a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrived {
    /// `None`: it is kept, but belongs to no ticket, as nobody wrote it or the channel makes none by itself.
    pub ticket: Option<TicketId>,
    pub message: MessageId,
    /// It came before, and changed nothing now.
    pub doubled: bool,
}

/// A ticket that somebody makes by hand, of a message that belongs to none or of nothing.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    pub message: Option<MessageId>,
    /// The workspace; `None`: the help desk. Of a message, its channel's counts.
    pub inbox: Option<InboxId>,
    pub subject: Option<String>,
    pub customer: Option<Identity>,
    pub name: Option<String>,
    pub owner: Option<UserId>,
    pub team: Option<TeamId>,
    pub properties: BTreeMap<String, String>,
    /// What is noted on it from the start.
    pub note: Option<Note>,
    pub once: Option<Once>,
}

/// What somebody of the desk writes to the customer of a ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub ticket: TicketId,
    pub by: Author,
    /// Which message it answers (R67); `None`: the latest of the customer's.
    pub answers: Option<MessageId>,
    /// By which channel it goes out; `None`: that of what it answers.
    pub channel: Option<ChannelId>,
    /// `None`: the ticket's.
    pub subject: Option<String>,
    pub text: String,
    /// Cleaned already.
    pub html: Option<String>,
    /// Kept already.
    pub attachments: Vec<Attachment>,
    /// What the ticket becomes with it (R70).
    pub status: Option<Status>,
    /// Under the same key the same author has sent the same reply before: it is not sent again.
    pub key: Option<String>,
}

/// A reply that was recorded. It is on its way, or was taken at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Replied {
    pub message: Message,
    pub ticket: Ticket,
    /// It was sent before, under this key.
    pub doubled: bool,
}

/// Of which message out something is reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reported {
    Message(MessageId),
    /// By what it is called outside.
    Outside {
        channel: ChannelId,
        id: String,
    },
}

impl Desk {
    /// Hands in what reached a channel; its files are kept already. When this returns well it is on the disk, and may be
    /// acknowledged. `Refused::NotFound`: there is no such channel. `Refused::Conflict`: the channel is disabled, or a file
    /// is gone since it was kept.
    pub async fn arrived(&self, incoming: Incoming) -> Result<Result<Arrived, Refused>, Unavailable> {
        let claim = Claim::default();
        let input = Input::Arrived { incoming: Box::new(incoming), claim: claim.clone() };
        match self.ask_soon(input, &claim).await? {
            Outcome::Arrived(arrived) => Ok(Ok(arrived)),
            Outcome::Refused(refused) => Ok(Err(refused)),
            _ => Err(Unavailable),
        }
    }

    /// Makes a ticket by hand. Answers its id: under the same key the one that was made before.
    pub async fn open_ticket(&self, opening: Opening) -> Result<Result<TicketId, Refused>, Unavailable> {
        let claim = Claim::default();
        let input = Input::Open { opening: Box::new(opening), claim: claim.clone() };
        match self.ask_soon(input, &claim).await? {
            Outcome::Ticket(ticket) => Ok(Ok(ticket.id)),
            Outcome::Saved(Saved::Before(repeat)) => {
                let id = repeat.location.rsplit('/').next().and_then(|id| id.parse().ok());
                id.map(Ok).ok_or(Unavailable)
            }
            Outcome::Refused(refused) => Ok(Err(refused)),
            _ => Err(Unavailable),
        }
    }

    /// Sends a reply: it is recorded, and goes out by itself until it has arrived or is given up.
    pub async fn reply(&self, reply: Reply) -> Result<Result<Replied, Refused>, Unavailable> {
        let claim = Claim::default();
        let input = Input::Reply { reply: Box::new(reply), claim: claim.clone() };
        match self.ask_soon(input, &claim).await? {
            Outcome::Replied(replied) => Ok(Ok(*replied)),
            Outcome::Refused(refused) => Ok(Err(refused)),
            _ => Err(Unavailable),
        }
    }

    /// What a channel says became of a message out. It only ever gets further. `Refused::NotFound`: there is no such
    /// message yet; it may have been sent a moment ago.
    pub async fn sending_reported(
        &self,
        of: Reported,
        state: Sending,
    ) -> Result<Result<(), Refused>, Unavailable> {
        let claim = Claim::default();
        let input = Input::SendingReported { of, state, claim: claim.clone() };
        match self.ask_soon(input, &claim).await? {
            Outcome::Done => Ok(Ok(())),
            Outcome::Refused(refused) => Ok(Err(refused)),
            _ => Err(Unavailable),
        }
    }
}
