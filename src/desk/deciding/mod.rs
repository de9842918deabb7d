//! What each thing that comes in means. Everything is gathered in a round, which the engine records and then acts on.
//!
//! `decide` is the table of contents; its arms are in `webhooks`, `frames`, `jobs`, `tickets`, `messages`, `replying` and `looking`. `gathering`
//! makes rows and jobs of what the switchboard decides, `answering` makes documents.

mod answering;
mod by_hand;
mod contacts;
mod customer_agents;
mod frames;
mod gathering;
mod jobs;
mod looking;
mod messages;
mod notifying;
mod replying;
mod sharing;
mod tickets;
mod waiting;
mod webhooks;

use super::{
    Input, Outcome, Row,
    board::Board,
    engine::Engine,
    settings::Settings,
    softphones::{Frame, Opened, Pass},
};
use crate::{
    calls::{channel::Times, decision::Say, event::Event, switchboard::Facts, time::Now},
    providers::Reply,
    routing::{
        ids::{CallId, ContactId, TicketId, UserId},
        joinable::Joinable,
        load::Load,
    },
    store::{
        self,
        batch::{Batch, NotCommitted},
        events::EventRow,
        jobs::JobRow,
        known_calls::fingerprint,
        settings::Change,
    },
    tickets::ticket::Ticket,
};
use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Everything that one round wants recorded and done.
#[derive(Default)]
pub(super) struct Round {
    pub batch: Batch,
    pub says: Vec<(Say, Option<usize>)>,
    pub jobs: Vec<JobRow>,
    pub outcomes: Vec<Option<Outcome>>,
    pub opened: Vec<Opened>,
    pub revoked: Vec<Pass>,
    pub settings_changed: bool,
    /// There is something to tell or to deliver.
    pub news: bool,
    /// What users are told on their pages.
    pub notices: Vec<(UserId, Frame)>,
    /// Who changed a ticket: they need not be told.
    pub changed_by: HashMap<TicketId, UserId>,
    /// Those that the customer agent handed over, and that nobody got.
    pub left_to_people: Vec<Ticket>,
    /// Owners of contacts who wrote while they are absent, and what it became.
    pub absent_owners: Vec<(UserId, Ticket)>,
}

impl Round {
    /// Who a contact of the store is now: this round may have made another out of them.
    fn is_now(&self, contact: ContactId) -> ContactId {
        self.batch.settings.iter().fold(contact, |contact, change| match change {
            Change::MergeContacts(merge) if merge.from == contact => merge.into,
            _ => contact,
        })
    }
}

/// Why a round came to nothing.
pub(super) enum Broken {
    /// Deciding it panicked; not for its own sake, if a call's deadline was to blame.
    Panicked {
        error: String,
        by: Option<CallId>,
    },
    Store(NotCommitted),
}

impl Engine {
    pub(super) async fn decide(
        &mut self,
        input: &Input,
        index: usize,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        match input {
            Input::Webhook(webhook) => self.webhook(webhook, index, round).await,
            Input::SetAside(aside) => self.set_aside(aside, index, round).await,
            Input::Found(found) => self.webhook(found, index, round).await.map(|_| None),
            Input::AreKnown { provider, provider_call_ids } => {
                let unknown = |id: &&String| !self.memory.known_calls.contains(&fingerprint(provider, id));
                Ok(Some(Outcome::Unknown(provider_call_ids.iter().filter(unknown).cloned().collect())))
            }
            Input::SocketOpened(opened) => {
                round.opened.push(opened.clone());
                Ok(None)
            }
            Input::SocketClosed { agent, socket } => self.socket_closed(*agent, *socket, round),
            Input::Frame { agent, socket, frame } => self.frame(*agent, *socket, frame, index, round),
            Input::Event(event) => self.happen(event.clone(), None, round).map(|_| None),
            Input::Job(report) => self.job_reported(report, round).await,
            Input::Errand(errand) => self.errand(errand, round).await,
            Input::Save(save) => self.save(save, round).await,
            Input::Note(note) => self.note(note, round),
            Input::Ticket { ticket, patch, expected, by, .. } => {
                round.changed_by.extend(by.map(|by| (*ticket, by)));
                self.change_ticket(*ticket, patch, expected.as_deref(), round).await
            }
            Input::Arrived { incoming, .. } => self.arrived(incoming, round).await,
            Input::Open { opening, .. } => self.open_by_hand(opening, round).await,
            Input::Reply { reply, .. } => self.reply(reply, round).await,
            Input::SendingReported { of, state, .. } => self.sending_reported(of, state, round).await,
            Input::SetAvailability { agent, by_hand, .. } => {
                if self.memory.settings.people.users.contains_key(agent) {
                    let (agent, by_hand) = (*agent, by_hand.clone());
                    self.happen(Event::AvailabilitySet { agent, by_hand }, Some(index), round)?;
                }
                Ok(Some(self.look(*agent)))
            }
            Input::Record { row, .. } => {
                match row {
                    Row::Note(note) => round.batch.notes.push(note.clone()),
                    Row::CalledBack(back) => round.batch.called_back.push(back.clone()),
                    Row::ReadNotifications(read) => round.batch.read_notifications.push(*read),
                    Row::View(kept) => round.batch.views.push(kept.clone()),
                    Row::Draft(draft) => round.batch.drafts.push(draft.clone()),
                }
                Ok(Some(Outcome::Recorded))
            }
            Input::Look { agent } => Ok(Some(self.look(*agent))),
            Input::Board => {
                let board = Board::of(&self.memory.board, self.around.clock.now());
                Ok(Some(Outcome::Board(Box::new(board))))
            }
            Input::PreviewTicket { channel, at, asked, draft } => {
                Ok(Some(self.preview_ticket(*channel, *at, asked, draft.as_deref())))
            }
            Input::Preview { channel, at, from, draft } => {
                Ok(Some(self.preview(*channel, *at, from.as_ref(), draft.as_deref())))
            }
            Input::RouteWaiting => self.route_waiting(round).await.map(|()| None),
            Input::Tick => self.happen(Event::TimePassed, None, round).map(|_| None),
        }
    }

    /// Hands an event to the switchboard and gathers what comes of it.
    pub(super) fn happen(
        &mut self,
        event: Event,
        index: Option<usize>,
        round: &mut Round,
    ) -> Result<Option<Reply>, Broken> {
        let now = self.around.clock.now();
        let memory = &mut self.memory;
        memory.load.expire(now.at);
        let facts = facts(&memory.settings, &memory.load, &memory.joinable, self.around.ground.times, now);
        let name = event.name();
        let quiet = matches!(event, Event::TimePassed);
        let document = if quiet { None } else { Some(store::to_json(&event)) };
        let board = &mut memory.board;
        let decision = catch_unwind(AssertUnwindSafe(|| board.handle(event, facts)));
        let decision =
            decision.map_err(|payload| Broken::Panicked { error: words(payload), by: board.broken_by() })?;
        if let Some(document) = document {
            round.batch.events.push(EventRow { at: now.at, document });
        }
        let reply = self.encode(&decision);
        self.gather(decision, name, now, index, round);
        Ok(reply)
    }
}

fn facts<'a>(
    settings: &'a Settings,
    load: &'a Load,
    joinable: &'a Joinable,
    times: Times,
    now: Now,
) -> Facts<'a> {
    let Settings { people, contacts, channels, .. } = settings;
    Facts { people, contacts, channels, times, load, joinable, now }
}

fn words(payload: Box<dyn std::any::Any + Send>) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "panicked".into())
}
