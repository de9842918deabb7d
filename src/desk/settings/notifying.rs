//! By which ways people are told of tickets.

use super::{Fault, Settings, read_form};
use crate::{
    routing::ids::UserId,
    tickets::notifying::{Choices, OwnChoices},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What holds for everybody, and what each chose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notifying {
    pub defaults: Choices,
    own: BTreeMap<UserId, OwnChoices>,
}

impl Notifying {
    pub fn own(&self, user: UserId) -> OwnChoices {
        self.own.get(&user).copied().unwrap_or_default()
    }

    /// What holds for this user.
    pub fn of(&self, user: UserId) -> Choices {
        self.defaults.with(&self.own(user))
    }

    /// `None`: everybody's.
    pub fn document(&self, of: Option<UserId>) -> Value {
        of.map_or_else(|| json!(self.defaults), |user| json!(self.own(user)))
    }

    /// All of it, with this document in its place.
    pub fn read(&self, of: Option<UserId>, document: Value) -> Result<Self, Fault> {
        let mut next = self.clone();
        match of {
            None => next.defaults = read_form(document)?,
            Some(user) => drop(next.own.insert(user, read_form(document)?)),
        }
        Ok(next)
    }

    /// Whether somebody is told by mail because of this.
    pub fn mails(&self, of: Option<UserId>) -> bool {
        match of {
            None => {
                let Choices { unassigned, assigned, message } = self.defaults;
                unassigned.mail || assigned.mail || message.mail
            }
            Some(user) => {
                let OwnChoices { unassigned, assigned, message } = self.own(user);
                [unassigned, assigned, message].iter().any(|ways| ways.mail == Some(true))
            }
        }
    }
}

impl Settings {
    pub(super) fn put_notifying(&mut self, of: Option<UserId>, document: Value) -> Result<Value, Fault> {
        self.notifying = self.notifying.read(of, document)?;
        Ok(self.notifying.document(of))
    }
}
