//! Everybody who was looked at for one decision, with their load or the objection against them. There may be ten thousand,
//! of every call: what is the same in all decisions is shared, and what is not is kept side by side.

use super::{eligibility::Objection, ids::UserId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;

/// One user that the rule reaches, as they stood when it was decided.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Candidate {
    pub user: UserId,
    pub load: u32,
    pub objection: Option<Objection>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Candidates {
    users: Arc<[UserId]>,
    /// Of each of them.
    loads: Vec<u32>,
    /// Against some of them, by their place.
    objections: Vec<(u32, Objection)>,
}

impl Candidates {
    /// These, of whom nothing is known yet.
    pub(super) fn of(users: Arc<[UserId]>) -> Self {
        let loads = Vec::with_capacity(users.len());
        Self { users, loads, objections: Vec::new() }
    }

    /// There is nothing against the next one.
    #[inline]
    pub(super) fn add(&mut self, load: u32) {
        self.loads.push(load);
    }

    /// This is held against the next one.
    pub(super) fn object(&mut self, load: u32, objection: Objection) {
        let place = u32::try_from(self.loads.len()).unwrap_or(u32::MAX);
        self.objections.push((place, objection));
        self.loads.push(load);
    }

    pub fn len(&self) -> usize {
        self.users.len()
    }

    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    pub fn objections(&self) -> impl Iterator<Item = &Objection> {
        self.objections.iter().map(|(_, objection)| objection)
    }

    /// In the order of the rule: who, their load, and what was held against them.
    pub fn iter(&self) -> impl Iterator<Item = (UserId, u32, Option<&Objection>)> {
        let mut objections = self.objections.iter().peekable();
        self.users.iter().zip(&self.loads).zip(0..).map(move |((user, load), place)| {
            let objection = objections.next_if(|(of, _)| *of == place).map(|(_, objection)| objection);
            (*user, *load, objection)
        })
    }

    pub fn to_vec(&self) -> Vec<Candidate> {
        let owned = |(user, load, objection): (_, _, Option<&Objection>)| {
            let objection = objection.cloned();
            Candidate { user, load, objection }
        };
        self.iter().map(owned).collect()
    }
}

impl FromIterator<Candidate> for Candidates {
    fn from_iter<I: IntoIterator<Item = Candidate>>(all: I) -> Self {
        let mut candidates = Self::default();
        let mut users = Vec::new();
        for one in all {
            users.push(one.user);
            match one.objection {
                Some(objection) => candidates.object(one.load, objection),
                None => candidates.add(one.load),
            }
        }
        candidates.users = users.into();
        candidates
    }
}

/// As they are stored.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    /// As they were written at first.
    OneByOne(Vec<Candidate>),
    SideBySide {
        users: Vec<UserId>,
        loads: Vec<u32>,
        objections: Vec<(u32, Objection)>,
    },
}

impl<'de> Deserialize<'de> for Candidates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Stored::deserialize(deserializer)? {
            Stored::OneByOne(all) => all.into_iter().collect(),
            Stored::SideBySide { users, loads, objections } => {
                Self { users: users.into(), loads, objections }
            }
        })
    }
}

/// A third of what one object each would take.
impl Serialize for Candidates {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct SideBySide<'a> {
            users: &'a [UserId],
            loads: &'a [u32],
            objections: &'a [(u32, Objection)],
        }
        let Self { users, loads, objections } = self;
        SideBySide { users, loads, objections }.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ids::Ids;
    use super::*;

    fn some() -> Vec<Candidate> {
        let mut ids = Ids::new(1);
        let objections =
            [None, Some(Objection::OnCall), None, Some(Objection::AtCapacity { open: 3, capacity: 2 })];
        let one = |(load, objection)| Candidate { user: UserId(ids.next(1)), load, objection };
        (0..).zip(objections).map(one).collect()
    }

    #[test]
    fn everybody_is_told_with_their_own_load_and_objection() {
        let candidates: Candidates = some().into_iter().collect();
        assert_eq!(candidates.to_vec(), some());
        assert_eq!(candidates.objections().count(), 2);
        assert!(!candidates.is_empty() && Candidates::default().is_empty());
    }

    #[test]
    fn what_is_stored_is_read_again_whether_it_is_of_today_or_of_old() {
        let candidates: Candidates = some().into_iter().collect();
        let stored = serde_json::to_string(&candidates).expect("JSON");
        assert_eq!(serde_json::from_str::<Candidates>(&stored).expect("candidates"), candidates);
        let user = some()[1].user;
        let old = format!(r#"[{{"user":"{user}","load":1,"objection":{{"code":"on_call"}}}}]"#);
        let old: Candidates = serde_json::from_str(&old).expect("candidates of old");
        assert_eq!(old.to_vec(), some()[1..2]);
    }
}
