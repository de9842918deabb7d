//! Who can sign in and who is signed in, as the snapshot has it.

use super::settings::Refused;
use crate::{
    routing::ids::{InvitationId, SessionId, UserId},
    store::sign_in::{Credentials, Invitation, SecondFactor, Session, SignIn},
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// How many browsers a user can be signed in with. One more ends the session that was used least lately.
pub const SESSIONS_MAX: usize = 20;

#[derive(Debug, Clone, Default)]
pub struct Doors {
    credentials: HashMap<UserId, Credentials>,
    sessions: HashMap<SessionId, Session>,
    by_secret: HashMap<String, SessionId>,
    invitations: HashMap<InvitationId, Invitation>,
    second_factors: HashMap<UserId, SecondFactor>,
}

impl Doors {
    pub(super) fn apply(&mut self, change: &SignIn) -> Result<(), Refused> {
        match change {
            SignIn::Credentials(credentials) => {
                self.credentials.insert(credentials.user, credentials.clone());
            }
            SignIn::Session(session) => {
                self.by_secret.insert(session.sha256.0.clone(), session.id);
                self.sessions.insert(session.id, session.clone());
            }
            SignIn::SessionUsed(id, at) => {
                self.sessions.get_mut(id).ok_or(Refused::NotFound)?.used_at = *at;
            }
            SignIn::EndSession(id) => {
                let ended = self.sessions.remove(id).ok_or(Refused::NotFound)?;
                self.by_secret.remove(&ended.sha256.0);
            }
            SignIn::Invitation(invitation) => {
                self.invitations.retain(|_, other| other.user != invitation.user);
                self.invitations.insert(invitation.id, invitation.clone());
            }
            SignIn::EndInvitation(id) => {
                self.invitations.remove(id).ok_or(Refused::NotFound)?;
            }
            SignIn::SecondFactor(second) => {
                self.second_factors.insert(second.user, second.clone());
            }
            SignIn::EndSecondFactor(user) => {
                self.second_factors.remove(user).ok_or(Refused::NotFound)?;
            }
            SignIn::CodeUsed(user, step) => {
                let second = self.second_factors.get_mut(user).ok_or(Refused::NotFound)?;
                if *step <= second.last_step {
                    return Err(Refused::Stale);
                }
                second.last_step = *step;
            }
            SignIn::RecoveryUsed(user, hash) => {
                let second = self.second_factors.get_mut(user).ok_or(Refused::NotFound)?;
                let at = second.recovery.iter().position(|known| known == hash).ok_or(Refused::NotFound)?;
                second.recovery.remove(at);
            }
        }
        Ok(())
    }

    /// As the audit log shows it: without a hash.
    pub(super) fn document(&self, kind: &str, id: Uuid) -> Option<Value> {
        match kind {
            "credentials" => {
                let Credentials { user, password, changed_at } = self.credentials.get(&UserId(id))?;
                Some(json!({ "user": user, "password": password.is_some(), "changed_at": changed_at }))
            }
            "session" => {
                let Session { id, user, browser, created_at, .. } = self.sessions.get(&SessionId(id))?;
                Some(json!({ "id": id, "user": user, "browser": browser, "created_at": created_at }))
            }
            "invitation" => {
                let Invitation { id, user, expires_at, .. } = self.invitations.get(&InvitationId(id))?;
                Some(json!({ "id": id, "user": user, "expires_at": expires_at }))
            }
            "second_factor" => {
                let SecondFactor { user, set_up_at, recovery, .. } = self.second_factors.get(&UserId(id))?;
                let recovery = recovery.len();
                Some(json!({ "user": user, "set_up_at": set_up_at, "recovery_codes": recovery }))
            }
            _ => None,
        }
    }

    pub fn second_factor(&self, user: UserId) -> Option<&SecondFactor> {
        self.second_factors.get(&user)
    }

    /// Nobody can sign in by a password yet.
    pub fn is_first_start(&self) -> bool {
        self.credentials.values().all(|credentials| credentials.password.is_none())
    }

    pub fn credentials(&self, user: UserId) -> Option<&Credentials> {
        self.credentials.get(&user)
    }

    /// The session whose secret has this hash.
    pub fn session(&self, sha256: &str, now: DateTime<Utc>) -> Option<&Session> {
        self.sessions.get(self.by_secret.get(sha256)?).filter(|session| session.is_good(now))
    }

    pub fn session_by_id(&self, id: SessionId, now: DateTime<Utc>) -> Option<&Session> {
        self.sessions.get(&id).filter(|session| session.is_good(now))
    }

    /// The newest first.
    pub fn sessions_of(&self, user: UserId) -> Vec<&Session> {
        let mut sessions: Vec<&Session> =
            self.sessions.values().filter(|session| session.user == user).collect();
        sessions.sort_by_key(|session| std::cmp::Reverse((session.used_at, session.id)));
        sessions
    }

    /// What ends the sessions and links that nobody can use any more.
    pub fn stale(&self, now: DateTime<Utc>) -> Vec<SignIn> {
        let sessions = self.sessions.values().filter(|session| !session.is_good(now));
        let sessions = sessions.map(|session| SignIn::EndSession(session.id));
        let invitations = self.invitations.values().filter(|invitation| invitation.expires_at <= now);
        sessions.chain(invitations.map(|invitation| SignIn::EndInvitation(invitation.id))).collect()
    }

    /// The link whose secret has this hash, while it works.
    pub fn invitation(&self, sha256: &str, now: DateTime<Utc>) -> Option<&Invitation> {
        self.invitations
            .values()
            .find(|invitation| invitation.sha256.0 == sha256 && now < invitation.expires_at)
    }

    /// Whether a link waits for this user, and until when.
    pub fn invited(&self, user: UserId, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut theirs = self.invitations.values().filter(|invitation| invitation.user == Some(user));
        theirs.find(|invitation| now < invitation.expires_at).map(|invitation| invitation.expires_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sign_in::Hash;

    fn session(used_at: DateTime<Utc>) -> Session {
        let (id, user) = (SessionId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        Session {
            id,
            user,
            sha256: Hash("hash".into()),
            browser: String::new(),
            created_at: used_at,
            used_at,
        }
    }

    #[test]
    fn a_session_that_ended_does_not_begin_again_because_it_was_used_just_before() {
        let now: DateTime<Utc> = "2026-11-23T09:00:00Z".parse().expect("an instant");
        let later = now + chrono::TimeDelta::hours(2);
        let (mut doors, session) = (Doors::default(), session(now));
        let id = session.id;
        assert!(doors.apply(&SignIn::Session(session)).is_ok());
        assert!(doors.apply(&SignIn::SessionUsed(id, later)).is_ok());
        assert_eq!(doors.session("hash", later).map(|session| session.used_at), Some(later));
        assert!(doors.apply(&SignIn::EndSession(id)).is_ok());
        assert!(matches!(doors.apply(&SignIn::SessionUsed(id, later)), Err(Refused::NotFound)));
        assert_eq!(doors.session("hash", later), None);
        assert!(doors.sessions_of(UserId(Uuid::from_u128(2))).is_empty());
    }
}
