//! How many open tickets each user holds, by type, counting those assigned in the last 30 days (R18, R19, A23).
//! Kept up to date by every assignment, so that asking costs nothing however many tickets there are.

use super::ids::{TicketId, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};

/// Where a ticket came from decides its type (R17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketType {
    Calling,
    Messages,
    EmailOther,
}

/// A ticket counts while `assigned_at >= now - 30 * 24 h`.
pub const COUNTED_FOR: TimeDelta = TimeDelta::days(30);

#[derive(Debug, Clone, Copy, PartialEq)]
struct Held {
    by: UserId,
    kind: TicketType,
    assigned_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Default)]
pub struct Load {
    held: HashMap<TicketId, Held>,
    counts: HashMap<(UserId, TicketType), u32>,
    by_age: BTreeSet<(DateTime<Utc>, TicketId)>,
    last_assigned: HashMap<UserId, DateTime<Utc>>,
}

impl Load {
    /// An open ticket is given to `user`; whoever held it holds it no more.
    pub fn assign(&mut self, ticket: TicketId, kind: TicketType, user: UserId, at: DateTime<Utc>) {
        self.release(ticket);
        self.held.insert(ticket, Held { by: user, kind, assigned_at: at });
        *self.counts.entry((user, kind)).or_default() += 1;
        self.by_age.insert((at, ticket));
        self.remember_assignment(user, at);
    }

    /// For the ties: `user` was given something at `at`, whether they still hold it or not.
    pub fn remember_assignment(&mut self, user: UserId, at: DateTime<Utc>) {
        let last = self.last_assigned.entry(user).or_insert(at);
        *last = at.max(*last);
    }

    /// The ticket was closed, or nobody owns it now.
    pub fn release(&mut self, ticket: TicketId) {
        let Some(held) = self.held.remove(&ticket) else { return };
        self.by_age.remove(&(held.assigned_at, ticket));
        let count = self.counts.get_mut(&(held.by, held.kind)).expect("a held ticket is counted");
        *count -= 1;
    }

    /// Forgets the tickets that were assigned too long before `now`.
    pub fn expire(&mut self, now: DateTime<Utc>) {
        while let Some(&(assigned_at, ticket)) = self.by_age.first() {
            if assigned_at >= now - COUNTED_FOR {
                return;
            }
            self.release(ticket);
        }
    }

    /// Open tickets of this type that count for this user.
    pub fn of(&self, user: UserId, kind: TicketType) -> u32 {
        self.counts.get(&(user, kind)).copied().unwrap_or(0)
    }

    pub fn last_assigned(&self, user: UserId) -> Option<DateTime<Utc>> {
        self.last_assigned.get(&user).copied()
    }

    /// Every count that is not zero, for the recount.
    pub fn counts(&self) -> impl Iterator<Item = ((UserId, TicketType), u32)> + '_ {
        self.counts.iter().filter(|(_, count)| **count > 0).map(|(key, count)| (*key, *count))
    }
}

#[cfg(test)]
mod tests {
    use super::super::ids::Ids;
    use super::*;

    #[test]
    fn a_ticket_counts_to_the_last_millisecond_of_its_thirtieth_day() {
        let mut ids = Ids::new(1);
        let (user, ticket) = (UserId(ids.next(1)), TicketId(ids.next(1)));
        let assigned = DateTime::UNIX_EPOCH;
        let mut load = Load::default();
        load.assign(ticket, TicketType::Calling, user, assigned);
        load.expire(assigned + COUNTED_FOR);
        assert_eq!(load.of(user, TicketType::Calling), 1);
        load.expire(assigned + COUNTED_FOR + TimeDelta::milliseconds(1));
        assert_eq!(load.of(user, TicketType::Calling), 0);
        assert_eq!(load.last_assigned(user), Some(assigned));
    }

    #[test]
    fn reassigning_moves_the_weight_and_closing_lifts_it() {
        let mut ids = Ids::new(2);
        let (ann, ben) = (UserId(ids.next(1)), UserId(ids.next(1)));
        let ticket = TicketId(ids.next(1));
        let mut load = Load::default();
        load.assign(ticket, TicketType::Calling, ann, DateTime::UNIX_EPOCH);
        load.assign(ticket, TicketType::Calling, ben, DateTime::UNIX_EPOCH);
        assert_eq!((load.of(ann, TicketType::Calling), load.of(ben, TicketType::Calling)), (0, 1));
        assert_eq!(load.of(ben, TicketType::Messages), 0);
        load.release(ticket);
        load.release(ticket);
        assert_eq!(load.counts().count(), 0);
    }
}
