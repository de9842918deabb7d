//! Takes what waits to where it belongs. What waits are rows, committed with what made them; nothing is kept in memory that a
//! crash could lose. Each receiver has a line of its own, so that one who is slow keeps nobody else waiting.

use super::Desk;
use crate::clock::Clock;
use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};
use tokio::{
    task::{JoinError, JoinSet},
    time::sleep,
};
use tracing::warn;

/// So that a busy hour is looked through a few times a second and not at each commit.
const LOOK_AT_MOST_EVERY: Duration = Duration::from_millis(50);
const LOOK_AT_LEAST_EVERY: Duration = Duration::from_secs(60);

/// What is carried, and how.
pub(super) trait Lines: Send + Sync + 'static {
    type Line: Copy + Eq + Hash + Send + 'static;
    type Id: Copy + Eq + Hash + Send + 'static;
    type Item: Send + 'static;
    /// How many of one line are under way at once.
    const AT_ONCE: usize;

    fn desk(&self) -> &Desk;
    fn clock(&self) -> &Clock;
    /// The lines in which something is due.
    fn lines_due(&self, now: DateTime<Utc>) -> impl Future<Output = sqlx::Result<Vec<Self::Line>>> + Send;
    /// What is due in a line, the first ones.
    fn due(
        &self,
        line: Self::Line,
        now: DateTime<Utc>,
        limit: usize,
    ) -> impl Future<Output = sqlx::Result<Vec<Self::Item>>> + Send;
    fn id(item: &Self::Item) -> Self::Id;
    /// When the next one becomes due that is not due yet.
    fn next_due(
        &self,
        now: DateTime<Utc>,
    ) -> impl Future<Output = sqlx::Result<Option<DateTime<Utc>>>> + Send;
    /// Tries once, and reports until the report is on the disk.
    fn carry(&self, item: Self::Item) -> impl Future<Output = ()> + Send;
}

/// What is under way, by line.
type UnderWay<L> = HashMap<<L as Lines>::Line, HashSet<<L as Lines>::Id>>;
type Rounds<L> = JoinSet<(<L as Lines>::Line, <L as Lines>::Id)>;

pub(super) async fn carry_on<L: Lines>(lines: L, stop: impl Future<Output = ()>) {
    let lines = Arc::new(lines);
    let mut news = lines.desk().news();
    let (mut rounds, mut under_way) = (Rounds::<L>::new(), UnderWay::<L>::new());
    tokio::pin!(stop);
    loop {
        let nap = match start_due(&lines, &mut rounds, &mut under_way).await {
            Ok(next) => until(next, lines.clock()),
            Err(error) => {
                warn!(%error, "what waits can't be read");
                Duration::from_secs(1)
            }
        };
        tokio::select! {
            () = &mut stop => return,
            changed = news.changed() => if changed.is_err() { return },
            () = sleep(nap) => {}
            Some(done) = rounds.join_next() => make_room::<L>(done, &mut under_way),
        }
        sleep(LOOK_AT_MOST_EVERY).await;
        while let Some(done) = rounds.try_join_next() {
            make_room::<L>(done, &mut under_way);
        }
    }
}

fn make_room<L: Lines>(done: Result<(L::Line, L::Id), JoinError>, under_way: &mut UnderWay<L>) {
    if let Ok((line, id)) = done
        && let Some(theirs) = under_way.get_mut(&line)
    {
        theirs.remove(&id);
        if theirs.is_empty() {
            under_way.remove(&line);
        }
    }
}

fn until(next: Option<DateTime<Utc>>, clock: &Clock) -> Duration {
    let Some(next) = next else { return LOOK_AT_LEAST_EVERY };
    let wait = (next - clock.now().at).to_std().unwrap_or_default();
    wait.min(LOOK_AT_LEAST_EVERY)
}

/// Starts what is due, as far as each line has room. Answers when the next one becomes due.
async fn start_due<L: Lines>(
    lines: &Arc<L>,
    rounds: &mut Rounds<L>,
    under_way: &mut UnderWay<L>,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    let now = lines.clock().now().at;
    for line in lines.lines_due(now).await? {
        let busy = under_way.get(&line).map_or(0, HashSet::len);
        if busy >= L::AT_ONCE {
            continue;
        }
        for item in lines.due(line, now, L::AT_ONCE + busy).await? {
            let (theirs, id) = (under_way.entry(line).or_default(), L::id(&item));
            if theirs.len() < L::AT_ONCE && theirs.insert(id) {
                let lines = lines.clone();
                rounds.spawn(async move {
                    lines.carry(item).await;
                    (line, id)
                });
            }
        }
    }
    lines.next_due(now).await
}

/// `None`: it broke, which must not keep what comes after it from going on.
pub(super) async fn unbroken<T>(work: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(work).catch_unwind().await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_breaks_is_nothing_and_what_does_not_is_as_it_is() {
        let breaks = async { assert_eq!(std::hint::black_box(1), 2, "it breaks") };
        assert_eq!(unbroken(breaks).await, None);
        assert_eq!(unbroken(async { 7 }).await, Some(7));
    }
}
