//! Carries decisions out. Everything that happens goes in by one door, `Desk`, to one loop, `engine`, which decides
//! (`deciding` has a function for each kind of thing), records and acts. `memory` is what it knows without reading the
//! database; `documents` turns instructions into what the caller's side is told; `jobs` does what must happen
//! even after a crash; `happenings` says what the world may want to know, `postman` takes it there, `messenger` sends what
//! customers are answered, and `errands` says what became of it; `messages` is the door for what customers write and are answered; `softphones` holds the agents' sockets; `settings` is the snapshot that
//! everybody reads, `saving` changes it, and `hours_form` says what hours look like when they are sent. `board` is what
//! goes on at this moment, for whoever looks.

pub mod board;
pub mod customer_agents;
mod deciding;
pub mod documents;
pub mod engine;
pub mod erasure;
mod errands;
pub mod happenings;
pub mod health;
pub mod hours_form;
pub mod jobs;
pub mod letterbox;
mod lines;
mod memory;
pub mod messages;
pub mod messenger;
pub mod metrics;
pub mod numbers;
pub mod outbox;
pub mod postman;
pub mod replay;
pub mod retention;
pub mod saving;
pub mod settings;
pub mod sign_in;
pub mod softphones;
pub mod spool;
mod strays;

use crate::{
    calls::{call::Caller, channel::Channel, preview::Preview},
    providers::{Provider, Reading, Reply},
    routing::{
        availability::{ByHand, Phone},
        ids::{ChannelId, ContactId, TicketId, TokenId, UserId},
    },
    store::{
        audit::{Author, Subject},
        settings::Change,
    },
    tickets::{
        channel::Channel as TicketChannel,
        incoming::Incoming,
        message::Sending,
        preview::Preview as TicketPreview,
        ticket::{Status, Ticket},
    },
};
use chrono::{DateTime, Utc};
use health::Health;
use saving::{Claim, Note, Save, Saved};
use serde::{Deserialize, Serialize};
use settings::{Fault, Refused, Settings};
use softphones::{ClientFrame, SocketId};
use spool::{SetAside, Spool};
use std::{collections::BTreeMap, pin::pin, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

/// How many events may wait for the engine. Beyond that callers get safe documents.
pub const QUEUE: usize = 4_096;
/// How long somebody who saves waits for the engine to come to it.
const SAVED_WITHIN: Duration = Duration::from_secs(5);

/// The telephone companies, by the name that the operator gave them.
pub type Providers = BTreeMap<String, Provider>;

/// The door to the engine.
#[derive(Debug, Clone)]
pub struct Desk {
    queue: mpsc::Sender<Envelope>,
    settings: watch::Receiver<Arc<Settings>>,
    health: Arc<Health>,
    news: watch::Receiver<()>,
    spool: Arc<Spool>,
    erasures: mpsc::Sender<PersonToErase>,
}

/// Whom the engine is to erase, between two rounds.
#[derive(Debug)]
pub(crate) struct PersonToErase {
    person: erasure::Person,
    by: crate::store::audit::Author,
    done: oneshot::Sender<Result<erasure::Erased, erasure::NotErased>>,
}

/// Something that happened, and who waits for what comes of it. It can be decided anew if recording it failed.
#[derive(Debug)]
pub struct Envelope {
    pub input: Input,
    pub reply: Option<oneshot::Sender<Outcome>>,
}

#[derive(Debug, Clone)]
pub enum Input {
    Webhook(Webhook),
    /// One that was answered while nothing could be recorded.
    SetAside(Box<SetAside>),
    /// What the telephone company knows and we may not, in the form of a webhook.
    Found(Webhook),
    /// Which of these calls of a telephone company did we never hear of?
    AreKnown {
        provider: String,
        provider_call_ids: Vec<String>,
    },
    SocketOpened(softphones::Opened),
    SocketClosed {
        agent: UserId,
        socket: SocketId,
    },
    Frame {
        agent: UserId,
        socket: SocketId,
        frame: ClientFrame,
    },
    /// The answer to a question to the telephone company.
    Event(crate::calls::event::Event),
    Job(jobs::Report),
    Save(Save),
    Errand(postman::Errand),
    Ticket {
        ticket: TicketId,
        patch: TicketPatch,
        /// The [`ticket_tag`] that it must still have.
        expected: Option<String>,
        /// Who does it.
        by: Option<UserId>,
        claim: Claim,
    },
    /// A message reached a channel.
    Arrived {
        incoming: Box<Incoming>,
        claim: Claim,
    },
    /// Somebody makes a ticket by hand.
    Open {
        opening: Box<messages::Opening>,
        claim: Claim,
    },
    Reply {
        reply: Box<messages::Reply>,
        claim: Claim,
    },
    /// What a channel says became of a message out.
    SendingReported {
        of: messages::Reported,
        state: Sending,
        claim: Claim,
    },
    /// Something to be remembered of what somebody did, besides changing settings.
    Note(Note),
    /// Somebody says of an agent whether they are there.
    SetAvailability {
        agent: UserId,
        by_hand: ByHand,
        claim: Claim,
    },
    /// What an agent does at the moment.
    Look {
        agent: UserId,
    },
    /// What goes on at this moment.
    Board,
    /// Something that is kept as it is, and decides nothing.
    Record {
        row: Row,
        claim: Claim,
    },
    /// What a call would meet: now, with everybody as they are, or at an instant by schedules alone.
    Preview {
        channel: ChannelId,
        at: Option<DateTime<Utc>>,
        /// Who calls, if that matters.
        from: Option<Caller>,
        /// The channel as it would be, instead of as it is saved.
        draft: Option<Box<Channel>>,
    },
    /// What a ticket would meet, in the same way.
    PreviewTicket {
        channel: ChannelId,
        at: Option<DateTime<Utc>>,
        asked: AskedOfTicket,
        draft: Option<Box<TicketChannel>>,
    },
    /// Nothing but time.
    Tick,
    /// Tickets that wait may find somebody now.
    RouteWaiting,
}

/// What is known of a ticket that is not there.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AskedOfTicket {
    /// Who wrote it.
    pub contact: Option<ContactId>,
    /// What it says of itself, besides what its channel says of all.
    pub properties: BTreeMap<String, String>,
}

/// A webhook whose signature was checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Webhook {
    pub provider: String,
    pub channel: ChannelId,
    /// Hash of method, target and raw body.
    pub key: [u8; 32],
    pub reading: Reading,
}

/// What an API call changes of a ticket. A field that is not there stays; null empties it.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketPatch {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<UserId>)]
    pub owner: Option<Option<UserId>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<crate::routing::ids::TeamId>)]
    pub team: Option<Option<crate::routing::ids::TeamId>>,
    pub status: Option<Status>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500)]
    pub subject: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<ContactId>)]
    pub contact: Option<Option<ContactId>>,
    /// What it says of itself. A property that is not there stays; null removes it.
    pub properties: Option<BTreeMap<String, Option<String>>>,
}

fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// What is kept as it is. Whether whoever says it may was looked at before.
#[derive(Debug, Clone)]
pub enum Row {
    Note(crate::store::notes::Note),
    CalledBack(crate::store::called_back::CalledBack),
    View(crate::store::views::Kept),
    ReadNotifications(crate::store::notifications::Read),
    Draft(crate::store::drafts::DraftRow),
}

/// What came of it, told after it is on the disk.
#[derive(Debug)]
pub enum Outcome {
    /// The document for a webhook.
    Reply(Arc<Reply>),
    /// A webhook of a call that is not live.
    Late,
    /// The calls that we never heard of.
    Unknown(Vec<String>),
    Saved(Saved),
    Done,
    Ticket(Box<Ticket>),
    Arrived(messages::Arrived),
    Replied(Box<messages::Replied>),
    Noted,
    Preview(Box<Preview>),
    TicketPreview(Box<TicketPreview>),
    Doing(Doing),
    Board(Box<board::Board>),
    Recorded,
    Refused(Refused),
    /// It can't be recorded, or it broke something.
    Unavailable,
}

/// What an agent does at the moment.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Doing {
    pub availability: ByHand,
    /// `free`, `connecting`, `talking` or `wrapping_up`.
    pub occupation: &'static str,
    /// For how many calls they are being rung.
    pub offers: usize,
    /// Until then they wrap up, if they do.
    pub wraps_up_until: Option<DateTime<Utc>>,
    /// How many open calling tickets they hold that count.
    pub load: u32,
    #[serde(flatten)]
    pub phone: Phone,
}

/// The engine can't take it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store is not available")]
pub struct Unavailable;

impl Desk {
    fn new(
        queue: mpsc::Sender<Envelope>,
        settings: watch::Receiver<Arc<Settings>>,
        health: Arc<Health>,
        news: watch::Receiver<()>,
        spool: Arc<Spool>,
        erasures: mpsc::Sender<PersonToErase>,
    ) -> Self {
        Self { queue, settings, health, news, spool, erasures }
    }

    pub fn settings(&self) -> Arc<Settings> {
        self.settings.borrow().clone()
    }

    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Where webhooks wait for the store.
    pub fn spool(&self) -> &Arc<Spool> {
        &self.spool
    }

    /// Whether the engine runs and has room for more.
    pub fn is_open(&self) -> bool {
        !self.queue.is_closed() && self.queue.capacity() > 0
    }

    /// How many events wait for the engine.
    pub fn queue_length(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Hands it to the engine and waits for what comes of it. A full queue is not waited for.
    pub async fn ask(&self, input: Input) -> Result<Outcome, Unavailable> {
        let (reply, outcome) = oneshot::channel();
        self.queue.try_send(Envelope { input, reply: Some(reply) }).map_err(|_| Unavailable)?;
        match outcome.await {
            Ok(Outcome::Unavailable) | Err(_) => Err(Unavailable),
            Ok(outcome) => Ok(outcome),
        }
    }

    /// Hands it to the engine. False: the queue is full.
    pub fn tell(&self, input: Input) -> bool {
        self.queue.try_send(Envelope { input, reply: None }).is_ok()
    }

    /// Hands it to the engine, waiting for a place in the queue. For what must not be lost.
    pub async fn report(&self, input: Input) {
        // The engine is gone only when the daemon stops; then the job is found again at the next start.
        let _ = self.queue.send(Envelope { input, reply: None }).await;
    }

    /// As `ask`, for what must not happen any more once it was refused. While the store is away it is refused soon.
    async fn ask_soon(&self, input: Input, claim: &Claim) -> Result<Outcome, Unavailable> {
        if !self.health.store_is_up() {
            return Err(Unavailable);
        }
        let mut asked = pin!(self.ask(input));
        match timeout(SAVED_WITHIN, &mut asked).await {
            Ok(outcome) => outcome,
            Err(_) if claim.give_up() => Err(Unavailable),
            // The engine is at it: it says soon what came of it.
            Err(_) => asked.await,
        }
    }

    /// Saves a change of the settings that the daemon makes by itself.
    pub async fn save(&self, change: Change) -> Result<Result<Change, Refused>, Unavailable> {
        match self.save_as(Save::new(change, Author::Daemon)).await? {
            Ok(Saved::Now { change, .. }) => Ok(Ok(change)),
            Ok(Saved::Before(_)) => Err(Unavailable),
            Err(refused) => Ok(Err(refused)),
        }
    }

    /// Saves a change of the settings for somebody.
    pub async fn save_as(&self, save: Save) -> Result<Result<Saved, Refused>, Unavailable> {
        let claim = save.claim.clone();
        match self.ask_soon(Input::Save(save), &claim).await? {
            Outcome::Saved(saved) => Ok(Ok(saved)),
            Outcome::Refused(refused) => Ok(Err(refused)),
            _ => Err(Unavailable),
        }
    }

    /// Writes into the audit log. Err: it is not written, and what it would tell must not happen.
    pub async fn note(&self, by: Author, action: &'static str, subject: Subject) -> Result<(), Unavailable> {
        let note = Note { by, action, subject, claim: Claim::default() };
        let claim = note.claim.clone();
        self.ask_soon(Input::Note(note), &claim).await.map(drop)
    }

    /// `expected`: the [`ticket_tag`] of the ticket from which the change was made. Another one is `Stale`.
    pub async fn change_ticket(
        &self,
        ticket: TicketId,
        patch: TicketPatch,
        expected: Option<String>,
        by: Option<UserId>,
    ) -> Result<Result<Ticket, Refused>, Unavailable> {
        let claim = Claim::default();
        let input = Input::Ticket { ticket, patch, expected, by, claim: claim.clone() };
        match self.ask_soon(input, &claim).await? {
            Outcome::Ticket(ticket) => Ok(Ok(*ticket)),
            Outcome::Refused(refused) => Ok(Err(refused)),
            _ => Err(Unavailable),
        }
    }

    pub async fn record(&self, row: Row) -> Result<(), Unavailable> {
        let claim = Claim::default();
        self.ask_soon(Input::Record { row, claim: claim.clone() }, &claim).await.map(drop)
    }

    /// What a call to this channel would meet. `at`: softphones and live calls are left out of account. `draft`: the
    /// channel as it would be, instead of as it is saved.
    pub async fn preview(
        &self,
        channel: ChannelId,
        at: Option<DateTime<Utc>>,
        from: Option<Caller>,
        draft: Option<Channel>,
    ) -> Result<Result<Preview, Refused>, Unavailable> {
        match self.ask(Input::Preview { channel, at, from, draft: draft.map(Box::new) }).await? {
            Outcome::Preview(preview) => Ok(Ok(*preview)),
            Outcome::Refused(refused) => Ok(Err(refused)),
            _ => Err(Unavailable),
        }
    }

    /// What a ticket of this channel would meet. `at`: by schedules alone.
    pub async fn preview_ticket(
        &self,
        channel: ChannelId,
        at: Option<DateTime<Utc>>,
        asked: AskedOfTicket,
        draft: Option<TicketChannel>,
    ) -> Result<Result<TicketPreview, Refused>, Unavailable> {
        match self.ask(Input::PreviewTicket { channel, at, asked, draft: draft.map(Box::new) }).await? {
            Outcome::TicketPreview(preview) => Ok(Ok(*preview)),
            Outcome::Refused(refused) => Ok(Err(refused)),
            _ => Err(Unavailable),
        }
    }

    /// Sets an agent's availability, or, without one, looks at what they do.
    pub async fn availability(
        &self,
        agent: UserId,
        set: Option<ByHand>,
    ) -> Result<Result<Doing, Refused>, Unavailable> {
        let outcome = match set {
            Some(by_hand) => {
                let claim = Claim::default();
                let input = Input::SetAvailability { agent, by_hand, claim: claim.clone() };
                self.ask_soon(input, &claim).await?
            }
            None => self.ask(Input::Look { agent }).await?,
        };
        match outcome {
            Outcome::Doing(doing) => Ok(Ok(doing)),
            Outcome::Refused(refused) => Ok(Err(refused)),
            _ => Err(Unavailable),
        }
    }

    /// What goes on at this moment.
    pub async fn board(&self) -> Result<board::Board, Unavailable> {
        match self.ask(Input::Board).await? {
            Outcome::Board(board) => Ok(*board),
            _ => Err(Unavailable),
        }
    }

    /// Removes everything about a person.
    pub async fn erase(
        &self,
        person: erasure::Person,
        by: crate::store::audit::Author,
    ) -> Result<Result<erasure::Erased, erasure::NotErased>, Unavailable> {
        let (done, erased) = oneshot::channel();
        self.erasures.try_send(PersonToErase { person, by, done }).map_err(|_| Unavailable)?;
        erased.await.map_err(|_| Unavailable)
    }

    /// The settings change when this resolves.
    pub async fn settings_changed(&mut self) {
        let _ = self.settings.changed().await;
    }

    /// Changes when something happened that the world may want to know.
    pub fn news(&self) -> watch::Receiver<()> {
        self.news.clone()
    }

    /// Whether the token is still good.
    pub fn has_token(&self, token: TokenId) -> bool {
        self.settings.borrow().tokens.contains_key(&token)
    }
}

/// What people change on a ticket, and look at before they do.
pub fn ticket_standing(ticket: &Ticket) -> serde_json::Value {
    serde_json::json!({
        "owner": ticket.owner, "team": ticket.team, "status": ticket.status, "subject": ticket.subject,
        "contact": ticket.contact, "properties": ticket.properties,
    })
}

/// The entity tag of what people change on a ticket.
pub fn ticket_tag(ticket: &Ticket) -> String {
    settings::tag(&ticket_standing(ticket))
}

/// A change that is wrong for itself.
pub(crate) fn wrong(pointer: &str, detail: &str) -> Refused {
    Refused::Invalid(vec![Fault::new(pointer, detail)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_loses_nothing_that_it_took() {
        let (queue, mut waiting) = mpsc::channel(QUEUE);
        let (_settings, settings) = watch::channel(Arc::default());
        let (_news, news) = watch::channel(());
        let (erasures, _erasures) = mpsc::channel(1);
        let folder = tempfile::tempdir().unwrap();
        let health = Arc::new(Health::new(&Providers::new(), folder.path().to_owned()));
        let spool = Arc::new(Spool::open(folder.path().join("spool")));
        let desk = Desk::new(queue, settings, health, news, spool, erasures);
        for _ in 0..QUEUE {
            assert!(desk.is_open() && desk.tell(Input::Tick));
        }
        assert_eq!(desk.queue_length(), 4_096);
        assert!(!desk.is_open(), "so that webhooks are set aside");
        assert!(!desk.tell(Input::Tick));
        assert!(matches!(desk.ask(Input::Tick).await, Err(Unavailable)));
        assert!(waiting.recv().await.is_some());
        assert!(desk.is_open() && desk.tell(Input::Tick));
        let mut left = 0;
        while waiting.try_recv().is_ok() {
            left += 1;
        }
        assert_eq!(left, QUEUE);
    }
}
