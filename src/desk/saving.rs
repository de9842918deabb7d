//! Saving settings: who does it, what they saw before, and that a repeated request does nothing twice. With each change
//! goes its line in the audit log.

use super::{
    Input, Outcome,
    deciding::{Broken, Round},
    engine::Engine,
    postman::Errand,
    settings::{Fault, Refused, Settings, tag},
    softphones::Pass,
};
use crate::{
    calls::event::Event,
    routing::ids::UserId,
    store::{
        self,
        audit::{AuditRow, Author, Subject},
        batch::NotCommitted,
        repeats::Repeat,
        settings::Change,
        sign_in::SignIn,
    },
};
use serde_json::Value;
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

/// A change of the settings, and all that goes with it.
#[derive(Debug, Clone)]
pub struct Save {
    pub change: Change,
    pub by: Author,
    /// The tag of the document from which the change was made; another one refuses it.
    pub expected: Option<String>,
    pub once: Option<Once>,
    pub claim: Claim,
}

impl Save {
    pub fn new(change: Change, by: Author) -> Self {
        Self { change, by, expected: None, once: None, claim: Claim::default() }
    }
}

/// The same request under the same key gets the first answer again.
#[derive(Debug, Clone)]
pub struct Once {
    /// The token's id, or a name for those who need none.
    pub asker: String,
    pub key: String,
    /// A hash of method, path and body.
    pub request: String,
    /// Where what it creates is found.
    pub location: String,
    /// The answer holds a secret, and is not kept.
    pub secret: bool,
}

/// Something for the audit log besides a change.
#[derive(Debug, Clone)]
pub struct Note {
    pub by: Author,
    pub action: &'static str,
    pub subject: Subject,
    pub claim: Claim,
}

#[derive(Debug)]
pub enum Saved {
    Now {
        /// As it is stored.
        change: Change,
        /// What is there now, as [`Settings::document`] has it; `None`: it is gone.
        document: Option<Value>,
    },
    /// The request was made before; this is what it was answered.
    Before(Repeat),
}

/// Either the engine takes a request up, or whoever asks gives it up; never both.
#[derive(Debug, Clone, Default)]
pub struct Claim(Arc<AtomicU8>);

const TAKEN: u8 = 1;
const GIVEN_UP: u8 = 2;

impl Claim {
    /// True: it will not be done.
    pub fn give_up(&self) -> bool {
        self.move_to(GIVEN_UP)
    }

    /// True: whoever asks waits for it.
    fn take(&self) -> bool {
        self.move_to(TAKEN)
    }

    fn move_to(&self, state: u8) -> bool {
        match self.0.compare_exchange(0, state, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => true,
            Err(there) => there == state,
        }
    }
}

impl Input {
    /// Of what is refused while the store is away, and does not wait for it.
    pub(super) fn claim(&self) -> Option<&Claim> {
        match self {
            Self::Save(Save { claim, .. })
            | Self::Ticket { claim, .. }
            | Self::SetAvailability { claim, .. }
            | Self::Arrived { claim, .. }
            | Self::Open { claim, .. }
            | Self::Reply { claim, .. }
            | Self::SendingReported { claim, .. }
            | Self::Record { claim, .. }
            | Self::Note(Note { claim, .. })
            | Self::Errand(Errand::Retry { claim, .. }) => Some(claim),
            _ => None,
        }
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.claim().is_none_or(Claim::take)
    }
}

impl Engine {
    pub(super) async fn save(&mut self, save: &Save, round: &mut Round) -> Result<Option<Outcome>, Broken> {
        if let Some(once) = &save.once
            && let Some(before) = self.answered_before(once, round).await?
        {
            let same = before.request == once.request;
            let outcome = match same {
                true => Outcome::Saved(Saved::Before(before)),
                false => Outcome::Refused(Refused::KeyReused),
            };
            return Ok(Some(outcome));
        }
        let subject = save.change.subject();
        let before = self.memory.settings.document(subject);
        if let Some(expected) = &save.expected {
            let Some(before) = &before else { return Ok(Some(Outcome::Refused(Refused::NotFound))) };
            if tag(before) != *expected {
                return Ok(Some(Outcome::Refused(Refused::Stale)));
            }
        }
        let (settings, stored) = match self.memory.settings.with(save.change.clone(), &self.around.ground) {
            Err(refused) => return Ok(Some(Outcome::Refused(refused))),
            Ok(changed) => changed,
        };
        if let Some(fault) = changes_themselves(save.by, &self.memory.settings, &settings) {
            return Ok(Some(Outcome::Refused(Refused::Forbidden(fault))));
        }
        let after = settings.document(subject);
        if let Change::MergeContacts(merge) = &stored {
            let gone = Subject { kind: "contact", id: merge.from.0 };
            let was = self.memory.settings.document(gone);
            self.write_down(save.by, "merged", gone, was, None, round);
            let known = self.memory.tickets.values_mut().chain(round.batch.tickets.values_mut());
            for ticket in known.filter(|ticket| ticket.contact == Some(merge.from)) {
                ticket.contact = Some(merge.into);
            }
        }
        self.memory.settings = Arc::new(settings);
        if stored.is_of_people_or_channels() {
            self.memory.reached.clear();
        }
        match &stored {
            Change::RevokeToken(token) => round.revoked.push(Pass::Token(*token)),
            Change::SignIn(SignIn::EndSession(session)) => round.revoked.push(Pass::Session(*session)),
            _ => {}
        }
        if let Some(once) = &save.once {
            self.remember_once(once, after.as_ref(), round);
        }
        if before != after {
            let action = match (&before, &after) {
                (None, _) => "created",
                (_, None) => "deleted",
                _ => "changed",
            };
            self.write_down(save.by, action, subject, before, after.clone(), round);
        }
        round.batch.settings.push(stored.clone());
        round.settings_changed = true;
        self.happen(Event::SettingsChanged, None, round)?;
        Ok(Some(Outcome::Saved(Saved::Now { change: stored, document: after })))
    }

    pub(super) async fn answered_before(
        &mut self,
        once: &Once,
        round: &Round,
    ) -> Result<Option<Repeat>, Broken> {
        let this_round = round.batch.repeats.iter();
        let mut this_round = this_round.filter(|repeat| repeat.asker == once.asker && repeat.key == once.key);
        if let Some(repeat) = this_round.next() {
            return Ok(Some(repeat.clone()));
        }
        let now = self.around.clock.now().at;
        let found = store::repeats::find(self.writer.connection(), &once.asker, &once.key, now).await;
        found.map_err(|error| Broken::Store(NotCommitted::Failed(error)))
    }

    pub(super) fn remember_once(&mut self, once: &Once, made: Option<&Value>, round: &mut Round) {
        round.batch.repeats.push(Repeat {
            asker: once.asker.clone(),
            key: once.key.clone(),
            request: once.request.clone(),
            at: self.around.clock.now().at,
            location: once.location.clone(),
            body: made.filter(|_| !once.secret).map(Value::to_string),
        });
    }

    pub(super) fn note(&mut self, note: &Note, round: &mut Round) -> Result<Option<Outcome>, Broken> {
        self.write_down(note.by, note.action, note.subject, None, None, round);
        Ok(Some(Outcome::Noted))
    }

    pub(super) fn write_down(
        &mut self,
        by: Author,
        action: &'static str,
        subject: Subject,
        before: Option<Value>,
        after: Option<Value>,
        round: &mut Round,
    ) {
        let at = self.around.clock.now().at;
        let id = self.memory.ids.next(at.timestamp_millis());
        round.batch.audit.push(AuditRow { id, at, by, action, subject, before, after });
    }
}

/// Nobody changes their own role, seats, teams, reach or capacity.
fn changes_themselves(by: Author, before: &Settings, after: &Settings) -> Option<Fault> {
    let user = by.user()?;
    let own = |settings: &Settings| settings.document(Subject { kind: "user", id: user.0 });
    let (was, is) = (own(before)?, own(after)?);
    let field = ["role", "seats", "reach", "capacity"].into_iter().find(|field| was[*field] != is[*field]);
    if let Some(field) = field {
        return Some(Fault::new(format!("/{field}"), format!("nobody changes their own {field}")));
    }
    let list = ["main", "extra"]
        .into_iter()
        .find(|list| teams_of(user, list, before) != teams_of(user, list, after));
    list.map(|list| Fault::new(format!("/{list}"), "nobody changes which teams they are in"))
}

fn teams_of(user: UserId, list: &str, settings: &Settings) -> Vec<crate::routing::ids::TeamId> {
    let teams = settings.people.teams.values().filter(|team| match list {
        "main" => team.main.contains(&user),
        _ => team.extra.contains(&user),
    });
    let mut ids: Vec<_> = teams.map(|team| team.id).collect();
    ids.sort_unstable();
    ids
}
