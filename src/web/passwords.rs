//! Passwords: as much work to check as to guess, and only so much of that work at a time.

use super::Problem;
use crate::audio;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    sync::{Semaphore, TryAcquireError},
    task::spawn_blocking,
};

/// How many characters a password has at least. Longer is what makes it hard to guess; nothing else is asked for.
pub const CHARACTERS_MIN: usize = 10;
/// More bytes would be work for nothing.
pub const BYTES_MAX: usize = 1_024;
/// How many may wait for their password to be checked.
const WAITING_MAX: usize = 8;
/// How often somebody may be wrong before they have to wait.
const MISTAKES_FREE: u32 = 5;
const WAIT_FIRST_MS: i64 = 60_000;
const WAIT_LONGEST_MS: i64 = 15 * 60_000;
/// How many accounts are remembered for their mistakes.
const REMEMBERED_MAX: usize = 10_000;

/// A hash that no password has: whoever is unknown takes as long as whoever is wrong.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm8$gLuNhgMGsrwQxQYHqBpcTn0vEfGEfCRs1Jmo2Q1jnsM";

/// Checks and makes the hashes of passwords, one at a time.
#[derive(Debug, Clone)]
pub struct Passwords {
    turn: Arc<Semaphore>,
    places: Arc<Semaphore>,
    /// By a hash of the name, as nobody knows how long a name is.
    mistakes: Arc<Mutex<HashMap<String, Mistakes>>>,
}

#[derive(Debug, Clone, Copy)]
struct Mistakes {
    count: u32,
    /// Until when nothing is tried, in milliseconds of the steady clock.
    until_ms: i64,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            turn: Arc::new(Semaphore::new(1)),
            places: Arc::new(Semaphore::new(WAITING_MAX)),
            mistakes: Arc::default(),
        }
    }
}

impl Passwords {
    /// Whether it is the password of this hash; `None` is nobody's.
    pub async fn is_right(&self, password: String, hash: Option<String>) -> Result<bool, Problem> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        let right = self.work(move || password_auth::verify_password(password, &hash).is_ok()).await?;
        Ok(right && known)
    }

    /// The argon2id hash of a new password.
    pub async fn hash(&self, password: String) -> Result<String, Problem> {
        self.work(move || password_auth::generate_hash(password)).await
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let place = self.places.clone().try_acquire_owned().map_err(|full: TryAcquireError| {
            Problem::new(503, "Too many sign in at the moment").because(format!("{full}; please try again"))
        })?;
        let turn = self.turn.clone().acquire_owned().await;
        let turn = turn.map_err(|_| Problem::new(503, "The daemon stops"))?;
        // The work goes on if whoever asked hangs up, and so holds its turn itself.
        let work = move || {
            let _held = (place, turn);
            work()
        };
        spawn_blocking(work).await.map_err(|_| Problem::new(500, "The password can't be checked"))
    }

    /// How many seconds whoever signs in under this name has to wait after too many mistakes; 0: not at all.
    pub fn wait_seconds(&self, name: &str, now_ms: i64) -> i64 {
        let mistakes = self.mistakes.lock().unwrap_or_else(PoisonError::into_inner);
        mistakes.get(&key(name)).map_or(0, |mistakes| ((mistakes.until_ms - now_ms).max(0) + 999) / 1_000)
    }

    /// One more mistake under this name.
    pub fn was_wrong(&self, name: &str, now_ms: i64) {
        let name = key(name);
        let mut all = self.mistakes.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED_MAX {
            all.retain(|_, mistakes| mistakes.until_ms > now_ms);
        }
        if all.len() >= REMEMBERED_MAX && !all.contains_key(&name) {
            return;
        }
        let mistakes = all.entry(name).or_insert(Mistakes { count: 0, until_ms: 0 });
        mistakes.count += 1;
        let over = mistakes.count.saturating_sub(MISTAKES_FREE).min(10);
        if over > 0 {
            mistakes.until_ms = now_ms + (WAIT_FIRST_MS << (over - 1)).min(WAIT_LONGEST_MS);
        }
    }

    /// They know it after all.
    pub fn was_right(&self, name: &str) {
        self.mistakes.lock().unwrap_or_else(PoisonError::into_inner).remove(&key(name));
    }
}

fn key(name: &str) -> String {
    audio::sha256(name.as_bytes())
}

/// Why this can't be a password.
pub fn objection(password: &str) -> Option<&'static str> {
    if password.chars().count() < CHARACTERS_MIN {
        return Some("password-too-short");
    }
    (password.len() > BYTES_MAX).then_some("password-too-long")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_only() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse".into()).await.expect("there is room");
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        let right = |text: &str, hash: Option<&String>| passwords.is_right(text.to_owned(), hash.cloned());
        assert_eq!(right("correct horse", Some(&hash)).await.ok(), Some(true));
        assert_eq!(right("correct horsf", Some(&hash)).await.ok(), Some(false));
        assert_eq!(right("correct horse", None).await.ok(), Some(false));
    }

    #[test]
    fn nobody_s_hash_is_one_that_can_be_checked() {
        assert!(password_auth::is_hash_obsolete(NOBODY).is_ok_and(|obsolete| !obsolete));
    }

    #[tokio::test]
    async fn only_so_many_wait_for_the_work() {
        let passwords = Passwords::default();
        let places: Vec<_> = (0..WAITING_MAX).map(|_| passwords.places.try_acquire()).collect();
        assert!(places.iter().all(Result::is_ok));
        let refused = passwords.hash("correct horse".into()).await;
        assert_eq!(refused.map_err(|problem| problem.status()), Err(503));
    }

    #[tokio::test]
    async fn whoever_hangs_up_keeps_their_turn_until_the_work_is_done() {
        let passwords = Passwords::default();
        let (go_on, wait) = std::sync::mpsc::channel::<()>();
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let asked = passwords.clone();
        let asking = tokio::spawn(async move {
            let work = move || {
                let _ = begun.send(());
                let _ = wait.recv();
            };
            asked.work(work).await.is_ok()
        });
        has_begun.await.expect("the work begins");
        asking.abort();
        assert!(asking.await.is_err_and(|error| error.is_cancelled()));
        assert!(passwords.turn.try_acquire().is_err(), "nobody else works meanwhile");
        drop(go_on);
        assert!(passwords.turn.acquire().await.is_ok());
    }

    #[test]
    fn a_long_name_takes_no_more_room_than_a_short_one() {
        let passwords = Passwords::default();
        let long = "n".repeat(200_000);
        for _ in 0..=MISTAKES_FREE {
            passwords.was_wrong(&long, 0);
        }
        assert_eq!(passwords.wait_seconds(&long, 0), 60);
        let kept = passwords.mistakes.lock().expect("a lock");
        assert!(kept.keys().all(|name| name.len() == 64), "{kept:?}");
    }

    #[test]
    fn whoever_is_wrong_too_often_waits_longer_and_longer() {
        let passwords = Passwords::default();
        for _ in 0..MISTAKES_FREE {
            passwords.was_wrong("ann", 0);
        }
        assert_eq!(passwords.wait_seconds("ann", 0), 0);
        let waits = [60, 120, 240, 480, 900, 900];
        for wait in waits {
            passwords.was_wrong("ann", 0);
            assert_eq!(passwords.wait_seconds("ann", 0), wait);
        }
        assert_eq!(passwords.wait_seconds("ann", 899_001), 1);
        assert_eq!(passwords.wait_seconds("ben", 0), 0);
        passwords.was_right("ann");
        assert_eq!(passwords.wait_seconds("ann", 0), 0);
    }
}
