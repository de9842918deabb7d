//! Who has shown the right password, but not yet the second factor. They are known by a secret in their form, for a few
//! minutes and in memory only.

use super::session;
use crate::{audio, routing::ids::UserId};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

const WAITS_MS: i64 = 10 * 60_000;
const GUESTS_MAX: usize = 1_000;

#[derive(Debug, Clone, Default)]
pub struct Lobby(Arc<Mutex<HashMap<String, Guest>>>);

#[derive(Clone, PartialEq, Eq)]
pub struct Guest {
    pub user: UserId,
    /// Of the password that they knew. Once that is changed, they know nothing.
    pub password_hash: String,
    /// The second factor that they are about to set up.
    pub secret: Option<String>,
    until_ms: i64,
}

impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guest").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Lobby {
    /// Lets somebody wait. Answers the secret by which they are known. The steady clock's milliseconds are given.
    pub fn enter(&self, user: UserId, password_hash: String, secret: Option<String>, now_ms: i64) -> String {
        let mut guests = self.guests();
        guests.retain(|_, guest| guest.until_ms > now_ms);
        if guests.len() >= GUESTS_MAX {
            let first = guests.iter().min_by_key(|(_, guest)| guest.until_ms).map(|(key, _)| key.clone());
            first.and_then(|first| guests.remove(&first));
        }
        let known_by = session::new_secret();
        let guest = Guest { user, password_hash, secret, until_ms: now_ms + WAITS_MS };
        guests.insert(key(&known_by), guest);
        known_by
    }

    pub fn find(&self, known_by: &str, now_ms: i64) -> Option<Guest> {
        self.guests().get(&key(known_by)).filter(|guest| guest.until_ms > now_ms).cloned()
    }

    pub fn leave(&self, known_by: &str) {
        self.guests().remove(&key(known_by));
    }

    fn guests(&self) -> MutexGuard<'_, HashMap<String, Guest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(known_by: &str) -> String {
    audio::sha256(known_by.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn whoever_waits_is_known_for_a_while_and_until_they_leave() {
        let lobby = Lobby::default();
        let user = UserId(Uuid::from_u128(1));
        let known_by = lobby.enter(user, "hash".into(), None, 0);
        assert_eq!(lobby.find(&known_by, WAITS_MS - 1).map(|guest| guest.user), Some(user));
        assert_eq!(lobby.find(&known_by, WAITS_MS), None);
        assert_eq!(lobby.find("somebody else", 0), None);
        lobby.leave(&known_by);
        assert_eq!(lobby.find(&known_by, 0), None);
    }

    #[test]
    fn only_so_many_wait_and_the_first_makes_room() {
        let lobby = Lobby::default();
        let enter = |at| lobby.enter(UserId(Uuid::from_u128(1)), String::new(), None, at);
        let first = enter(0);
        let mut last = String::new();
        for at in 1..=GUESTS_MAX as i64 {
            last = enter(at);
        }
        assert!(lobby.find(&first, 1).is_none() && lobby.find(&last, 1).is_some());
        assert_eq!(lobby.guests().len(), GUESTS_MAX);
    }
}
