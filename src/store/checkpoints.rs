//! Brings the write-ahead log into the database beside the writing. By itself SQLite does that inside of the commit that
//! makes the log long, and whoever waits for that commit waits for thousands of pages and two flushes besides.
//!
//! A passive checkpoint keeps neither writers nor readers waiting. Where it gets to the end of the log, the next commit
//! begins the log anew, so that it stays short; where it never does, the engine cuts it.

use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use std::sync::Arc;
use tokio::{sync::Notify, task::JoinHandle};

/// After so many commits: a busy desk writes the same pages again and again, and each is brought over once.
const COMMITS: u32 = 100;

/// Ends when this goes.
#[derive(Debug)]
pub(super) struct Checkpoints {
    wanted: Arc<Notify>,
    commits: u32,
    task: JoinHandle<()>,
}

impl Checkpoints {
    /// On a connection of its own, which is opened again where it fails.
    pub fn start(options: SqliteConnectOptions) -> Self {
        let wanted = Arc::new(Notify::new());
        let task = tokio::spawn(whenever(wanted.clone(), options.create_if_missing(false)));
        Self { wanted, commits: 0, task }
    }

    /// One more commit is in the log.
    pub fn committed(&mut self) {
        self.commits += 1;
        if self.commits >= COMMITS {
            self.commits = 0;
            self.wanted.notify_one();
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn whenever(wanted: Arc<Notify>, options: SqliteConnectOptions) {
    let mut connection: Option<SqliteConnection> = None;
    loop {
        wanted.notified().await;
        let open = match connection.take() {
            Some(open) => Ok(open),
            None => options.connect().await,
        };
        // What fails here is in the log still, and is tried after the next commits. Commits tell of a disk that is broken.
        let Ok(mut open) = open else { continue };
        if sqlx::query("pragma wal_checkpoint(passive)").execute(&mut open).await.is_ok() {
            connection = Some(open);
        }
    }
}
