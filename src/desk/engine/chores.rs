//! What is done once an hour, and the length of the write-ahead log, which is looked at more often.

use super::{Engine, Surroundings, still_turning};
use crate::{
    calls::time::Now,
    desk::{Input, erasure, memory, saving::Save},
    store::{self, Writer, audit::Author, settings::Change},
};
use std::collections::{HashMap, HashSet};
use tracing::{error, info, warn};

/// How often it is looked how long the write-ahead log is.
const LOOK_AT_LOG_EVERY_MS: i64 = 10_000;
/// The first time, and when there is more to do.
/// Callers share the queue.
const STALE_AT_ONCE: usize = 100;
pub(super) const MORE_CHORES_AFTER_MS: i64 = 10 * 1000;

impl Engine {
    /// Once an hour: forget old answers, and count what the load should be.
    pub(super) async fn do_chores(&mut self) {
        let now = self.around.clock.now();
        self.cut_log(now).await;
        if now.steady.0 < self.chores_at_ms {
            return;
        }
        self.chores_at_ms = now.steady.0 + self.around.chores_every_ms;
        if let Err(error) = self.recount(now).await {
            warn!(%error, "the loads could not be recounted");
        }
        self.end_stale(now);
        finish_erasing(&mut self.writer, &self.around).await;
        match self.remove_old().await {
            Ok(true) => self.chores_at_ms = now.steady.0 + MORE_CHORES_AFTER_MS,
            Ok(false) => {}
            Err(error) => warn!(error = format!("{error:#}"), "what is too old could not be removed"),
        }
        if let Err(error) = store::answers::prune(self.writer.connection(), now.at).await {
            warn!(%error, "old answers could not be forgotten");
        }
        if let Err(error) = store::repeats::prune(self.writer.connection(), now.at).await {
            warn!(%error, "old idempotency keys could not be forgotten");
        }
        if let Err(error) = self.writer.checkpoint().await {
            warn!(%error, "the write-ahead log could not be emptied");
        }
    }

    /// Sessions and links that nobody can use any more are not kept.
    fn end_stale(&self, now: Now) {
        for stale in self.memory.settings.doors.stale(now.at).into_iter().take(STALE_AT_ONCE) {
            // What finds no place in the queue is ended next time.
            self.desk.tell(Input::Save(Save::new(Change::SignIn(stale), Author::Daemon)));
        }
    }

    /// The write-ahead log is brought into the database once it is long.
    async fn cut_log(&mut self, now: Now) {
        if now.steady.0 < self.log_at_ms {
            return;
        }
        self.log_at_ms = now.steady.0 + LOOK_AT_LOG_EVERY_MS;
        if let Err(error) = self.writer.cut_log(store::LOG_BYTES_MAX).await {
            warn!(%error, "the write-ahead log could not be emptied");
        }
    }

    /// Compares the load in memory with what the store says, and takes the store's word.
    async fn recount(&mut self, now: Now) -> sqlx::Result<()> {
        let counted = memory::recount(&mut self.writer, now).await?;
        self.memory.load.expire(now.at);
        let before: HashMap<_, _> = self.memory.load.counts().collect();
        let after: HashMap<_, _> = counted.counts().collect();
        if before != after {
            let keys: HashSet<_> = before.keys().chain(after.keys()).collect();
            let differences = keys.into_iter().filter(|key| before.get(key) != after.get(key)).count();
            self.around.health.metrics.load_differences.add(u64::try_from(differences).unwrap_or(0));
            error!(differences, "the load in memory was wrong and is repaired");
        }
        self.memory.load = counted;
        Ok(())
    }
}

/// What was left of an erasure, which a crash or a full disk broke off. It is tried again every hour.
pub(super) async fn finish_erasing(writer: &mut Writer, around: &Surroundings) {
    let now = around.clock.now().at;
    match still_turning(&around.health, erasure::finish(writer, &around.place, now)).await {
        Ok(0) => {}
        Ok(files) => info!(files, "an erasure that was broken off is finished"),
        Err(error) => {
            error!(error = format!("{error:#}"), "an erasure is not finished: sounds or free pages are left");
        }
    }
}
