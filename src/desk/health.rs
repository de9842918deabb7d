//! How the daemon is: what others may know of the engine's state, and what an operator should look at.

use super::{Providers, metrics::Metrics};
use crate::store;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

use tracing::error;

/// With less free than this, nothing more is taken in that calls can do without.
pub const FREE_BYTES_MIN: u64 = 512 << 20;

#[derive(Debug)]
pub struct Health {
    pub metrics: Metrics,
    /// The data folder.
    folder: PathBuf,
    /// The store takes no writes at the moment.
    store_down: AtomicBool,
    why_down: Mutex<String>,
    /// How often the engine's loop has turned.
    turns: AtomicU64,
    pub epoch: AtomicI64,
    /// The highest epoch beyond ours of which an address came.
    newer_epoch: AtomicI64,
    /// Whether the store is still ours has to be looked at.
    doubted: AtomicBool,
    pub softphones: AtomicUsize,
    without_secret: Vec<String>,
    /// Whether a signed webhook of each telephone company has ever come.
    heard: BTreeMap<String, AtomicBool>,
    /// Telephone companies that will not give us recordings.
    recordings_refused: Mutex<BTreeSet<String>>,
    /// Mailboxes that can't be read, and mail in them that can't be taken in: why.
    mailboxes: Mutex<BTreeMap<String, MailboxTrouble>>,
}

/// What is wrong with a mailbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailboxTrouble {
    /// Why it can't be read.
    pub closed: Option<String>,
    /// How many mails stay in it that can't be taken in.
    pub stuck: usize,
}

impl Health {
    pub fn new(providers: &Providers, folder: PathBuf) -> Self {
        let without_secret = providers.iter().filter(|(_, provider)| !provider.has_secret());
        Self {
            metrics: Metrics::new(providers.keys()),
            folder,
            store_down: AtomicBool::default(),
            why_down: Mutex::default(),
            turns: AtomicU64::default(),
            epoch: AtomicI64::default(),
            newer_epoch: AtomicI64::default(),
            doubted: AtomicBool::default(),
            softphones: AtomicUsize::default(),
            without_secret: without_secret.map(|(name, _)| name.clone()).collect(),
            heard: providers.keys().map(|name| (name.clone(), AtomicBool::default())).collect(),
            recordings_refused: Mutex::default(),
            mailboxes: Mutex::default(),
        }
    }

    pub fn store_is_up(&self) -> bool {
        !self.store_down.load(Relaxed)
    }

    /// The store takes no writes any more, or still not. True: it did until now.
    pub fn store_went_down(&self, why: String) -> bool {
        *open(&self.why_down) = why;
        !self.store_down.swap(true, Relaxed)
    }

    /// The store takes writes. True: it did not until now.
    pub fn store_came_up(&self) -> bool {
        self.store_down.swap(false, Relaxed)
    }

    /// Why the store takes no writes.
    pub fn why_down(&self) -> Option<String> {
        (!self.store_is_up()).then(|| open(&self.why_down).clone())
    }

    /// The engine's loop says that it turns, also while it waits for the store.
    pub fn turned(&self) {
        self.turns.fetch_add(1, Relaxed);
    }

    pub fn turns(&self) -> u64 {
        self.turns.load(Relaxed)
    }

    /// An address of a newer run came in: see [`crate::providers::addresses`].
    pub fn may_be_stale(&self, newer: i64) {
        if self.newer_epoch.fetch_max(newer, Relaxed) < newer {
            let epoch = self.epoch.load(Relaxed);
            error!(epoch, newer, "a newer run of strowger dials for these numbers");
            self.doubted.store(true, Relaxed);
        }
    }

    /// True, once: whether the store is still ours has to be looked at.
    pub fn take_doubt(&self) -> bool {
        self.doubted.swap(false, Relaxed)
    }

    /// A signed webhook of this telephone company came.
    pub fn heard(&self, provider: &str) {
        if let Some(heard) = self.heard.get(provider) {
            heard.store(true, Relaxed);
        }
    }

    /// Whether one ever came: in this run, or in one that left a call.
    pub fn has_heard(&self, provider: &str) -> bool {
        self.heard.get(provider).is_some_and(|heard| heard.load(Relaxed))
    }

    pub fn recordings(&self, provider: &str, refused: bool) {
        let mut providers = open(&self.recordings_refused);
        if refused {
            providers.insert(provider.to_owned());
        } else {
            providers.remove(provider);
        }
    }

    /// How a mailbox is, from now on.
    pub fn mailbox(&self, name: &str, trouble: MailboxTrouble) {
        let mut mailboxes = open(&self.mailboxes);
        if trouble == MailboxTrouble::default() {
            mailboxes.remove(name);
        } else {
            mailboxes.insert(name.to_owned(), trouble);
        }
    }

    /// What is free on the disk of the data folder.
    pub fn free_bytes(&self) -> std::io::Result<u64> {
        store::free_bytes(&self.folder)
    }

    /// What works, but will not for long, or not for everybody.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        match self.free_bytes() {
            Ok(free) if free >= FREE_BYTES_MIN => {}
            Ok(free) => warnings.push(format!(
                "only {} MiB are free on the disk of the data folder; below 512 MiB uploads are refused",
                free >> 20
            )),
            Err(error) => warnings.push(format!("what is free on the disk can't be told: {error}")),
        }
        let (epoch, newer) = (self.epoch.load(Relaxed), self.newer_epoch.load(Relaxed));
        if newer > epoch {
            warnings.push(format!(
                "a newer run ({newer}, and this is {epoch}) dials for these numbers: another strowger serves with \
                 another copy of the data folder"
            ));
        }
        for name in &self.without_secret {
            warnings.push(format!("provider {name} has no secret, so all its webhooks are refused"));
        }
        for name in open(&self.recordings_refused).iter() {
            warnings.push(format!("provider {name} refuses us recordings: our credentials are not accepted"));
        }
        for (name, trouble) in open(&self.mailboxes).iter() {
            if let Some(why) = &trouble.closed {
                warnings.push(format!("mailbox {name} can't be read: {why}"));
            }
            if trouble.stuck > 0 {
                warnings.push(format!(
                    "mailbox {name} has {} mails that can't be taken in; the log says why",
                    trouble.stuck
                ));
            }
        }
        warnings
    }
}

fn open<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
