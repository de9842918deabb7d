//! What is done once an hour, and the length of the write-ahead log, which is looked at more often.

use super::{Engine, Surroundings, still_turning};
use crate::{
    calls::time::Now,
    desk::{Input, erasure, saving::Save},
    routing::{
        ids::UserId,
        load::{Load, TicketType},
    },
    store::{self, Writer, audit::Author, settings::Change},
};
use sqlx::SqliteConnection;
use std::time::Duration;
use tracing::{error, info, warn};

/// How often it is looked how long the write-ahead log is.
const LOOK_AT_LOG_EVERY_MS: i64 = 10_000;
/// How long callers may wait for a part of the recount, and how long they have until the next.
const RECOUNT_MS: i64 = 2;
pub(super) const RECOUNTS_EVERY: Duration = Duration::from_millis(5);
/// How many sessions and links are ended at once. Callers share the queue.
const STALE_AT_ONCE: usize = 100;
/// The first time, and when there is more to do.
pub(super) const MORE_CHORES_AFTER_MS: i64 = 10 * 1000;

impl Engine {
    /// Once an hour: forget old answers, and begin to count what the load should be.
    pub(super) async fn do_chores(&mut self) {
        let now = self.around.clock.now();
        self.cut_log(now).await;
        if let Some(recount) = self.recounting.take()
            && let Err(error) = self.recount(recount, now).await
        {
            warn!(%error, "the loads could not be recounted");
        }
        if now.steady.0 < self.chores_at_ms {
            return;
        }
        self.chores_at_ms = now.steady.0 + self.around.chores_every_ms;
        self.recounting.get_or_insert_with(|| Recount::of(&self.memory.load));
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

    /// Goes on with the recount for a moment: between two batches memory and the store say the same, if nothing is wrong.
    /// With a million tickets all of it would keep callers waiting.
    async fn recount(&mut self, mut recount: Recount, now: Now) -> sqlx::Result<()> {
        self.memory.load.expire(now.at);
        while self.around.clock.now().steady.ms_since(now.steady) < RECOUNT_MS {
            let Some(user) = recount.next(self.writer.connection()).await? else { return Ok(()) };
            self.recount_of(user, now).await?;
        }
        self.recounting = Some(recount);
        Ok(())
    }

    /// Compares what one user holds with what the store says, and takes the store's word.
    async fn recount_of(&mut self, user: UserId, now: Now) -> sqlx::Result<()> {
        let counted = store::tickets::count_of(self.writer.connection(), user, now.at).await?;
        let load = &mut self.memory.load;
        let differs = |kind: &TicketType| load.of(user, *kind) != counted.get(kind).copied().unwrap_or(0);
        let differences = TicketType::ALL.iter().filter(|kind| differs(kind)).count();
        if differences > 0 {
            load.correct(user, store::tickets::held_by(self.writer.connection(), user, now.at).await?);
            self.around.health.metrics.load_differences.add(u64::try_from(differences).unwrap_or(0));
            error!(agent.id = %user, differences, "the load in memory was wrong and is repaired");
        }
        Ok(())
    }
}

/// How far the loads are recounted: user by user, in the order of their ids.
pub(super) struct Recount {
    /// Those of whom memory knows, the last one first.
    known: Vec<UserId>,
    after: Option<UserId>,
}

impl Recount {
    fn of(load: &Load) -> Self {
        let mut known: Vec<UserId> = load.rows().iter().map(|(user, _)| user).collect();
        known.sort_unstable_by(|a, b| b.cmp(a));
        Self { known, after: None }
    }

    /// The next of whom memory or the store knows.
    async fn next(&mut self, connection: &mut SqliteConnection) -> sqlx::Result<Option<UserId>> {
        let known = self.known.last().copied();
        let owner = store::tickets::next_owner(connection, self.after).await?;
        self.after = [known, owner].into_iter().flatten().min();
        self.known.pop_if(|known| Some(*known) == self.after);
        Ok(self.after)
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
