//! Who has to be looked at when. The engine sleeps until the first.

use super::time::Steady;
use crate::routing::ids::{CallId, UserId};
use std::collections::{BTreeSet, HashMap};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Who {
    Call(CallId),
    Agent(UserId),
}

#[derive(Debug, Default)]
pub(super) struct Timers {
    by_time: BTreeSet<(Steady, Who)>,
    of: HashMap<Who, Steady>,
}

impl Timers {
    /// Each call and agent has at most one timer; setting it again moves it.
    pub fn set(&mut self, who: Who, deadline: Option<Steady>) {
        let before = match deadline {
            Some(deadline) => self.of.insert(who, deadline),
            None => self.of.remove(&who),
        };
        if before == deadline {
            return;
        }
        if let Some(before) = before {
            self.by_time.remove(&(before, who));
        }
        if let Some(deadline) = deadline {
            self.by_time.insert((deadline, who));
        }
    }

    pub fn first(&self) -> Option<Steady> {
        self.by_time.first().map(|(deadline, _)| *deadline)
    }

    /// Takes the earliest timer that is due at `now`.
    pub fn take_due(&mut self, now: Steady) -> Option<Who> {
        let &(deadline, who) = self.by_time.first()?;
        if deadline > now {
            return None;
        }
        self.set(who, None);
        Some(who)
    }
}
