//! When something broke: the store is away, or an event can't be decided or recorded.

use super::{Engine, acting::answer};
use crate::{
    desk::{Envelope, Input, Outcome, memory},
    store::{
        batch::{Batch, NotCommitted},
        quarantine::QuarantineRow,
    },
};
use std::time::Duration;
use tracing::error;

/// How long a stop waits for a store that takes no writes. Then what waits is not answered well.
const STOP_WITHOUT_STORE_AFTER_MS: i64 = 1_000;

/// The daemon stops while the store takes no writes.
#[derive(Debug, thiserror::Error)]
#[error(
    "the store takes no writes, and the daemon stops: what waited was not recorded, and nobody was told that it was"
)]
pub(super) struct StoreAway;

impl Engine {
    pub(super) fn store_is_down(&mut self, error: &sqlx::Error) {
        self.strays = true;
        if self.around.health.store_went_down(error.to_string()) {
            error!(%error, "the store takes no writes; callers are held until it does");
        }
    }

    /// Saves are refused while the store is away, so that nothing else might find out that it is back.
    pub(super) async fn look_whether_the_store_is_back(&mut self) -> anyhow::Result<()> {
        let doubted = self.around.health.take_doubt();
        if self.around.health.store_is_up() && !doubted {
            return Ok(());
        }
        match self.commit(&Batch::default()).await {
            Err(NotCommitted::Fenced) => anyhow::bail!("another strowger has taken over the database"),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// A little while, during which the loop still turns. Err: the daemon stops, and has waited long enough.
    pub(super) async fn wait_for_store(&mut self) -> Result<(), StoreAway> {
        self.around.health.turned();
        let now = self.around.clock.now().steady;
        if *self.stop.borrow() {
            let since = *self.stopping_since.get_or_insert(now);
            if now.ms_since(since) >= STOP_WITHOUT_STORE_AFTER_MS {
                return Err(StoreAway);
            }
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
        Ok(())
    }

    /// Forgets everything that is not in the store, and reads it anew. While the store can't be read, it tries again.
    pub(super) async fn recover(&mut self) -> anyhow::Result<()> {
        loop {
            let parked = self.memory.parked.clone();
            match memory::recall(&self.around, &mut self.writer, parked).await {
                Ok(memory) => {
                    self.memory = memory;
                    break;
                }
                Err(error) => {
                    self.strays = true;
                    if self.around.health.store_went_down(format!("{error:#}")) {
                        error!(error = format!("{error:#}"), "the store can't be read; trying again");
                    }
                    self.writer.reconnect().await;
                    self.wait_for_store().await?;
                }
            }
        }
        self.publish.send_replace(self.memory.settings.clone());
        self.present = self.softphones.agents().into_iter().flat_map(|agent| self.presence(agent)).collect();
        Ok(())
    }

    /// Puts aside an event that can't be decided or recorded, as it came.
    pub(super) async fn quarantine(&mut self, input: &Input, error: &str) {
        error!(error, "an event is put into quarantine");
        let now = self.around.clock.now().at;
        let id = self.memory.ids.next(now.timestamp_millis());
        let row = QuarantineRow { id, at: now, error: error.to_owned(), document: format!("{input:?}") };
        let batch = Batch { quarantine: vec![row], ..Batch::default() };
        if let Err(error) = self.commit(&batch).await {
            error!(%error, "it could not be recorded either");
        }
        if let Err(error) = self.recover().await {
            error!(error = format!("{error:#}"), "memory could not be read anew");
        }
    }
}

/// Whoever saves is told at once that nothing was changed, and nothing will be.
pub(super) fn refuse_saves(envelopes: Vec<Envelope>) -> Vec<Envelope> {
    let (saves, others): (Vec<_>, Vec<_>) =
        envelopes.into_iter().partition(|envelope| envelope.input.claim().is_some());
    saves.into_iter().filter_map(|save| save.reply).for_each(|reply| answer(reply, Outcome::Unavailable));
    others
}

/// The store is well, but will not have this event.
pub(super) fn is_about_this_event(error: &sqlx::Error) -> bool {
    /// SQLite's reasons that lie with the machine and not with what it is told: permission, busy, locked, memory,
    /// read-only, interrupted, input and output, corrupt, full, can't open, protocol, not a database.
    const THE_MACHINE: [u32; 12] = [3, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 26];
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code().and_then(|code| code.parse::<u32>().ok());
            code.is_some_and(|code| !THE_MACHINE.contains(&(code & 0xff)))
        }
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => false,
        _ => true,
    }
}
