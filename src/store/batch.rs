//! Everything that one round of the engine writes, in one transaction and one statement per table.

use super::{
    Writer, agents, answers, audit, called_back, calls, cursors, decisions, deliveries, engine, events,
    happenings, jobs, notes, offers, quarantine, removal, repeats, script::Script, settings, tickets,
    voicemails,
};
use crate::{
    calls::{
        call::Call,
        decision::{AgentRow, OfferRow},
    },
    routing::{
        distribution::Cursor,
        ids::{CallId, ChannelId, JobId, OfferId, TicketId, UserId},
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
    pub called_back: Vec<called_back::CalledBack>,
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
            && self.called_back.is_empty()
            && self.removal.is_none()
    }

    async fn write(&self, tx: &mut SqliteConnection, batch: i64) -> sqlx::Result<()> {
        // First: what goes in with it may name what is removed.
        if let Some(removal) = &self.removal {
            removal.carry_out(tx).await?;
        }
        settings::write(tx, &self.settings).await?;
        self.script(batch).run(tx).await?;
        voicemails::write(tx, &self.voicemails).await?;
        jobs::note_tries(tx, &self.jobs_tried).await?;
        repeats::write(tx, &self.repeats).await?;
        audit::write(tx, &self.audit).await?;
        quarantine::write(tx, &self.quarantine).await?;
        deliveries::write(tx, &self.deliveries).await?;
        deliveries::note_tries(tx, &self.deliveries_tried).await?;
        notes::write(tx, &self.notes).await?;
        called_back::write(tx, &self.called_back).await
    }

    /// What every call writes.
    fn script(&self, batch: i64) -> Script {
        let mut script = Script::new();
        calls::write(&mut script, self.calls.values().map(AsRef::as_ref));
        offers::write(&mut script, self.offers.values());
        agents::write(&mut script, self.agents.values());
        cursors::write(&mut script, &self.cursors);
        tickets::write(&mut script, self.tickets.values());
        decisions::write(&mut script, &self.decisions);
        jobs::write(&mut script, self.jobs.values());
        jobs::delete(&mut script, &self.jobs_over);
        events::write(&mut script, batch, &self.events);
        answers::write(&mut script, &self.answers);
        happenings::write(&mut script, &self.happenings);
        script
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

    async fn try_commit(&mut self, batch: &Batch, number: i64) -> Result<(), NotCommitted> {
        let mut tx = self.connection.begin_with("begin immediate").await.map_err(NotCommitted::Failed)?;
        if !engine::begin_batch(&mut tx, self.epoch, number).await.map_err(NotCommitted::Failed)? {
            return Err(NotCommitted::Fenced);
        }
        batch.write(&mut tx, number).await.map_err(NotCommitted::Failed)?;
        tx.commit().await.map_err(NotCommitted::Failed)
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
        let (epoch, last_batch) =
            engine::position(&mut self.connection).await.map_err(NotCommitted::InDoubt)?;
        if epoch != self.epoch {
            return Err(NotCommitted::Fenced);
        }
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
