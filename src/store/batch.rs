//! Everything that one round of the engine writes, in one transaction and one statement per table.

use super::{
    Writer, agents, answers, audit, called_back, calls, cursors, decisions, deliveries, drafts, engine,
    events, happenings, jobs, messages, notes, notifications, offers, quarantine, removal, repeats,
    script::Script, settings, tickets, turns, views, voicemails, waiting,
};
use crate::{
    calls::{
        call::Call,
        decision::{AgentRow, OfferRow},
    },
    routing::{
        distribution::Cursor,
        ids::{CallId, ChannelId, JobId, MessageId, OfferId, TicketId, UserId},
    },
    tickets::ticket::Ticket,
};
use sqlx::{Connection, SqliteConnection};
use std::collections::HashMap;

/// Rows of a batch. Where one row is written twice, the last stands.
#[derive(Debug, Default)]
pub struct Batch {
    pub settings: Vec<settings::Change>,
    pub calls: HashMap<CallId, Box<Call>>,
    pub offers: HashMap<OfferId, OfferRow>,
    pub agents: HashMap<UserId, AgentRow>,
    pub cursors: HashMap<ChannelId, Cursor>,
    pub tickets: HashMap<TicketId, Ticket>,
    pub decisions: Vec<decisions::DecisionRow>,
    pub voicemails: Vec<voicemails::Voicemail>,
    pub jobs: HashMap<JobId, jobs::JobRow>,
    pub jobs_tried: Vec<jobs::Tried>,
    pub jobs_over: Vec<JobId>,
    pub events: Vec<events::EventRow>,
    pub answers: Vec<answers::AnswerRow>,
    pub repeats: Vec<repeats::Repeat>,
    pub audit: Vec<audit::AuditRow>,
    pub quarantine: Vec<quarantine::QuarantineRow>,
    pub happenings: Vec<happenings::HappeningRow>,
    pub deliveries: Vec<deliveries::DeliveryRow>,
    pub deliveries_tried: Vec<deliveries::Tried>,
    pub notes: Vec<notes::Note>,
    pub messages: HashMap<MessageId, messages::MessageRow>,
    pub drafts: Vec<drafts::DraftRow>,
    pub turns: HashMap<TicketId, turns::Turn>,
    pub called_back: Vec<called_back::CalledBack>,
    pub views: Vec<views::Kept>,
    pub waiting: Vec<waiting::Line>,
    pub notifications: Vec<notifications::Notification>,
    pub read_notifications: Vec<notifications::Read>,
    pub removal: Option<removal::Removal>,
}

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.settings.is_empty()
            && self.calls.is_empty()
            && self.offers.is_empty()
            && self.agents.is_empty()
            && self.cursors.is_empty()
            && self.tickets.is_empty()
            && self.decisions.is_empty()
            && self.voicemails.is_empty()
            && self.jobs.is_empty()
            && self.jobs_tried.is_empty()
            && self.jobs_over.is_empty()
            && self.events.is_empty()
            && self.answers.is_empty()
            && self.repeats.is_empty()
            && self.audit.is_empty()
            && self.quarantine.is_empty()
            && self.happenings.is_empty()
            && self.deliveries.is_empty()
            && self.deliveries_tried.is_empty()
            && self.notes.is_empty()
            && self.messages.is_empty()
            && self.drafts.is_empty()
            && self.turns.is_empty()
            && self.called_back.is_empty()
            && self.views.is_empty()
            && self.waiting.is_empty()
            && self.notifications.is_empty()
            && self.read_notifications.is_empty()
            && self.removal.is_none()
    }

    /// All of it in one transaction. What every call writes goes to the database at once, from the beginning to the
    /// commit; what comes seldom goes by itself, before or after.
    async fn write(&self, connection: &mut SqliteConnection, epoch: i64, number: i64) -> sqlx::Result<()> {
        let mut script = Script::new();
        engine::begin_batch(&mut script, epoch, number);
        if self.removal.is_some() || !self.settings.is_empty() {
            script.run(connection).await?;
            self.write_first(connection).await?;
            script = Script::new();
        }
        self.put_into(&mut script, number);
        if self.has_more() {
            script.run(connection).await?;
            self.write_more(connection).await?;
            script = Script::new();
        }
        script.begin("commit");
        script.run(connection).await
    }

    /// What other rows may name.
    async fn write_first(&self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        // First: what goes in with it may name what is removed.
        if let Some(removal) = &self.removal {
            removal.carry_out(connection).await?;
        }
        settings::write(connection, &self.settings).await
    }

    /// What every call writes.
    fn put_into(&self, script: &mut Script, batch: i64) {
        calls::write(script, self.calls.values().map(AsRef::as_ref));
        offers::write(script, self.offers.values());
        agents::write(script, self.agents.values());
        cursors::write(script, &self.cursors);
        tickets::write(script, self.tickets.values());
        messages::write(script, self.messages.values());
        decisions::write(script, &self.decisions);
        jobs::write(script, self.jobs.values());
        jobs::delete(script, &self.jobs_over);
        events::write(script, batch, &self.events);
        answers::write(script, &self.answers);
        happenings::write(script, &self.happenings);
    }

    fn has_more(&self) -> bool {
        !(self.voicemails.is_empty()
            && self.jobs_tried.is_empty()
            && self.repeats.is_empty()
            && self.audit.is_empty()
            && self.quarantine.is_empty()
            && self.deliveries.is_empty()
            && self.deliveries_tried.is_empty()
            && self.notes.is_empty()
            && self.drafts.is_empty()
            && self.turns.is_empty()
            && self.called_back.is_empty()
            && self.views.is_empty()
            && self.waiting.is_empty()
            && self.notifications.is_empty()
            && self.read_notifications.is_empty())
    }

    async fn write_more(&self, tx: &mut SqliteConnection) -> sqlx::Result<()> {
        voicemails::write(tx, &self.voicemails).await?;
        jobs::note_tries(tx, &self.jobs_tried).await?;
        repeats::write(tx, &self.repeats).await?;
        audit::write(tx, &self.audit).await?;
        quarantine::write(tx, &self.quarantine).await?;
        deliveries::write(tx, &self.deliveries).await?;
        deliveries::note_tries(tx, &self.deliveries_tried).await?;
        notes::write(tx, &self.notes).await?;
        drafts::write(tx, &self.drafts).await?;
        turns::write(tx, self.turns.values()).await?;
        called_back::write(tx, &self.called_back).await?;
        views::write(tx, &self.views).await?;
        waiting::write(tx, &self.waiting).await?;
        notifications::write(tx, &self.notifications).await?;
        notifications::mark_read(tx, &self.read_notifications).await
    }
}

/// Why a batch was not committed.
#[derive(Debug, thiserror::Error)]
pub enum NotCommitted {
    /// A newer daemon has taken over.
    #[error("another strowger has taken over this database")]
    Fenced,
    /// Nothing of the batch is in the store; it may be tried again.
    #[error("the store did not take it: {0}")]
    Failed(#[source] sqlx::Error),
    /// Nobody knows until the store can be read again: see [`Writer::find_out`].
    #[error("the store can't be read to see whether it took it: {0}")]
    InDoubt(#[source] sqlx::Error),
}

impl Writer {
    /// Commits the batch. When this returns well it is on the disk.
    pub async fn commit(&mut self, batch: &Batch) -> Result<(), NotCommitted> {
        if self.in_doubt {
            // Of this batch nothing was tried yet.
            self.look_again().await.map_err(|error| match error {
                NotCommitted::InDoubt(error) => NotCommitted::Failed(error),
                other => other,
            })?;
        }
        let number = self.last_batch + 1;
        match self.try_commit(batch, number).await {
            Ok(()) => {
                self.last_batch = number;
                self.checkpoints.committed();
                Ok(())
            }
            Err(NotCommitted::Failed(error)) => {
                self.in_doubt = true;
                match self.find_out(number).await? {
                    true => Ok(()),
                    false => Err(NotCommitted::Failed(error)),
                }
            }
            Err(other) => Err(other),
        }
    }

    /// An older epoch than the store's fails here, too: looking at the store then says so.
    async fn try_commit(&mut self, batch: &Batch, number: i64) -> Result<(), NotCommitted> {
        let written = batch.write(&mut self.connection, self.epoch, number).await;
        if written.is_err() {
            // The connection is given up, but nothing else can write before its transaction is over.
            let _ = sqlx::query("rollback").execute(&mut self.connection).await;
        }
        written.map_err(NotCommitted::Failed)
    }

    /// Whether the batch of this number, whose commit was answered with an error, is in the store after all.
    /// `InDoubt`: the store can't be read; ask again.
    pub async fn find_out(&mut self, number: i64) -> Result<bool, NotCommitted> {
        if self.in_doubt {
            self.look_again().await?;
        }
        Ok(self.last_batch == number)
    }

    /// Opens the database anew and looks how far writing got, and whether it is still ours to write.
    async fn look_again(&mut self) -> Result<(), NotCommitted> {
        let options = self.options.clone().create_if_missing(false);
        self.connection = SqliteConnection::connect_with(&options).await.map_err(NotCommitted::InDoubt)?;
        let position = engine::position(&mut self.connection).await.map_err(NotCommitted::InDoubt)?;
        let ours = position.filter(|(epoch, _)| *epoch == self.epoch);
        let (_, last_batch) = ours.ok_or(NotCommitted::Fenced)?;
        (self.last_batch, self.in_doubt) = (last_batch, false);
        Ok(())
    }

    /// Says that nothing more will be written, and leaves all of it in one file. Where somebody reads at this moment, the
    /// write-ahead log stays beside it, which is as good.
    pub async fn stop(mut self, at_ms: i64) -> sqlx::Result<()> {
        engine::stopped(&mut self.connection, self.epoch, at_ms).await?;
        let _ = sqlx::query("pragma wal_checkpoint(passive)").execute(&mut self.connection).await;
        self.connection.close().await
    }

    /// Opens the database anew, after it could not be read. If that fails, the next read says so.
    pub async fn reconnect(&mut self) {
        let options = self.options.clone().create_if_missing(false);
        if let Ok(fresh) = SqliteConnection::connect_with(&options).await {
            self.connection = fresh;
        }
    }

    /// Brings what was written into the database itself, and empties the write-ahead log.
    pub async fn checkpoint(&mut self) -> sqlx::Result<()> {
        sqlx::query("pragma wal_checkpoint(truncate)").execute(&mut self.connection).await.map(drop)
    }

    /// Empties the write-ahead log once it is longer than this.
    pub async fn cut_log(&mut self, bytes_max: u64) -> sqlx::Result<()> {
        if self.log_bytes() > bytes_max { self.checkpoint().await } else { Ok(()) }
    }

    /// How long the write-ahead log is, in bytes. It grows while somebody reads for long.
    pub fn log_bytes(&self) -> u64 {
        let mut log = self.options.get_filename().as_os_str().to_owned();
        log.push("-wal");
        std::fs::metadata(log).map_or(0, |metadata| metadata.len())
    }

    /// The connection, for what is read back at a start or after a failure.
    pub fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    /// Whether the run before this one ended as it should.
    pub fn was_stopped_cleanly(&self) -> bool {
        self.clean
    }

    pub fn epoch(&self) -> i64 {
        self.epoch
    }

    pub fn last_batch(&self) -> i64 {
        self.last_batch
    }
}
