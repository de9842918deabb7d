//! How many open tickets each user holds, by type, counting those assigned in the last 30 days (R18, R19, A23).
//! Kept up to date by every assignment, so that asking costs nothing however many tickets there are.

use super::{
    ids::{ById, UserId},
    rows::Rows,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};

/// Where a ticket came from decides its type (R17).
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TicketType {
    #[default]
    Calling,
    Messages,
    EmailOther,
}

impl TicketType {
    pub const ALL: [Self; 3] = [Self::Calling, Self::Messages, Self::EmailOther];
}

/// A ticket counts while `assigned_at >= now - 30 * 24 h`.
pub const COUNTED_FOR: TimeDelta = TimeDelta::days(30);

/// What an open ticket that is owned weighs, and on whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight {
    pub user: UserId,
    pub kind: TicketType,
    pub assigned_at: DateTime<Utc>,
}

/// All that is kept of a ticket is when it was assigned: there may be a million of them.
#[derive(Debug, Clone, Default)]
pub struct Load {
    users: Rows<Held>,
    /// By user and type: when each ticket that counts was assigned, in milliseconds, the oldest first.
    assigned_ms: ById<UserId, [VecDeque<i64>; TicketType::ALL.len()]>,
    /// The oldest of each user and type that has any, in milliseconds.
    oldest: BTreeSet<(i64, UserId, TicketType)>,
}

/// What one user holds.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// By type: how many tickets count.
    open: [u32; TicketType::ALL.len()],
    /// When they were last given anything, whether they still hold it or not.
    pub last_assigned_ms: Option<i64>,
}

impl Held {
    /// Open tickets of this type that count.
    pub fn open(&self, kind: TicketType) -> u32 {
        self.open[kind as usize]
    }

    pub fn last_assigned(&self) -> Option<DateTime<Utc>> {
        self.last_assigned_ms.and_then(DateTime::from_timestamp_millis)
    }
}

impl Load {
    /// A ticket was given to somebody, closed, or taken away: it does not weigh what it did.
    pub fn change(&mut self, before: Option<Weight>, after: Option<Weight>) {
        if before == after {
            return;
        }
        before.into_iter().for_each(|weight| self.lift(weight));
        after.into_iter().for_each(|weight| self.put(weight));
    }

    /// An open ticket is given to a user.
    pub fn put(&mut self, Weight { user, kind, assigned_at }: Weight) {
        let ms = assigned_at.timestamp_millis();
        self.change_held(user, kind, |assigned| match assigned.back() {
            Some(&last) if ms < last => {
                assigned.insert(assigned.partition_point(|&other| other <= ms), ms);
            }
            _ => assigned.push_back(ms),
        });
        self.remember_assignment(user, assigned_at);
    }

    /// It weighs nothing any more. One that does not count any more is not there.
    pub fn lift(&mut self, Weight { user, kind, assigned_at }: Weight) {
        let ms = assigned_at.timestamp_millis();
        self.change_held(user, kind, |assigned| {
            if let Ok(index) = assigned.binary_search(&ms) {
                assigned.remove(index);
            }
        });
    }

    fn change_held(&mut self, user: UserId, kind: TicketType, change: impl FnOnce(&mut VecDeque<i64>)) {
        let assigned = &mut self.assigned_ms.entry(user).or_default()[kind as usize];
        let before = assigned.front().copied();
        change(assigned);
        let after = assigned.front().copied();
        self.users.of(user).open[kind as usize] = u32::try_from(assigned.len()).unwrap_or(u32::MAX);
        if before != after {
            before.map(|ms| self.oldest.remove(&(ms, user, kind)));
            after.map(|ms| self.oldest.insert((ms, user, kind)));
        }
    }

    /// For the ties: `user` was given something at `at`, whether they still hold it or not.
    pub fn remember_assignment(&mut self, user: UserId, at: DateTime<Utc>) {
        let last = &mut self.users.of(user).last_assigned_ms;
        *last = Some(at.timestamp_millis()).max(*last);
    }

    /// Forgets the tickets that were assigned too long before `now`.
    pub fn expire(&mut self, now: DateTime<Utc>) {
        let since = (now - COUNTED_FOR).timestamp_millis();
        while let Some(&(ms, user, kind)) = self.oldest.first()
            && ms < since
        {
            self.change_held(user, kind, |assigned| {
                assigned.drain(..assigned.partition_point(|&assigned| assigned < since));
            });
        }
    }

    /// What this user holds, if they were ever given anything.
    pub fn held_by(&self, user: UserId) -> Option<&Held> {
        self.users.get(user)
    }

    /// What everybody holds, one beside the other.
    pub fn rows(&self) -> &Rows<Held> {
        &self.users
    }

    /// Open tickets of this type that count for this user.
    pub fn of(&self, user: UserId, kind: TicketType) -> u32 {
        self.held_by(user).map_or(0, |held| held.open(kind))
    }

    pub fn last_assigned(&self, user: UserId) -> Option<DateTime<Utc>> {
        self.held_by(user)?.last_assigned()
    }

    /// This is what the user holds, whatever was thought before.
    pub fn correct(&mut self, user: UserId, held: impl IntoIterator<Item = Weight>) {
        TicketType::ALL.into_iter().for_each(|kind| self.change_held(user, kind, VecDeque::clear));
        held.into_iter().for_each(|weight| self.put(weight));
    }

    /// Every count that is not zero.
    pub fn counts(&self) -> impl Iterator<Item = ((UserId, TicketType), u32)> + '_ {
        let each = self.users.iter().flat_map(|(user, held)| {
            TicketType::ALL.into_iter().map(move |kind| ((user, kind), held.open(kind)))
        });
        each.filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ids::Ids;
    use super::*;

    fn two_users() -> [UserId; 2] {
        let mut ids = Ids::new(1);
        [UserId(ids.next(1)), UserId(ids.next(1))]
    }

    fn weight(user: UserId, kind: TicketType, seconds: i64) -> Weight {
        let assigned_at = DateTime::from_timestamp(seconds, 0).expect("an instant");
        Weight { user, kind, assigned_at }
    }

    #[test]
    fn a_ticket_counts_to_the_last_millisecond_of_its_thirtieth_day() {
        let [user, _] = two_users();
        let ticket = weight(user, TicketType::Calling, 0);
        let mut load = Load::default();
        load.put(ticket);
        load.expire(ticket.assigned_at + COUNTED_FOR);
        assert_eq!(load.of(user, TicketType::Calling), 1);
        load.expire(ticket.assigned_at + COUNTED_FOR + TimeDelta::milliseconds(1));
        assert_eq!(load.of(user, TicketType::Calling), 0);
        assert_eq!(load.last_assigned(user), Some(ticket.assigned_at));
        load.lift(ticket);
        assert_eq!(load.counts().count(), 0, "what does not count any more is not lifted again");
    }

    #[test]
    fn reassigning_moves_the_weight_and_closing_lifts_it() {
        let [ann, ben] = two_users();
        let [anns, bens] = [ann, ben].map(|user| weight(user, TicketType::Calling, 0));
        let mut load = Load::default();
        load.change(None, Some(anns));
        load.change(Some(anns), Some(bens));
        assert_eq!((load.of(ann, TicketType::Calling), load.of(ben, TicketType::Calling)), (0, 1));
        assert_eq!(load.of(ben, TicketType::Messages), 0);
        load.change(Some(bens), Some(bens));
        assert_eq!(load.of(ben, TicketType::Calling), 1);
        load.change(Some(bens), None);
        load.change(None, None);
        assert_eq!(load.counts().count(), 0);
        assert!(load.oldest.is_empty());
    }

    #[test]
    fn what_was_counted_wrong_is_corrected_and_the_others_keep_what_they_hold() {
        let [ann, ben] = two_users();
        let mut load = Load::default();
        for user in [ann, ben] {
            [10, 20].into_iter().for_each(|seconds| load.put(weight(user, TicketType::Calling, seconds)));
        }
        load.correct(ann, [weight(ann, TicketType::Messages, 30)]);
        let of = |user| TicketType::ALL.map(|kind| load.of(user, kind));
        assert_eq!((of(ann), of(ben)), ([0, 1, 0], [2, 0, 0]));
        assert_eq!(load.oldest.len(), 2);
    }

    #[test]
    fn whatever_is_put_and_lifted_in_whatever_order_the_oldest_expires_first() {
        let [ann, ben] = two_users();
        let mut load = Load::default();
        let of = |user, kind, all: &[i64]| Vec::from_iter(all.iter().map(|s| weight(user, kind, *s)));
        let anns = of(ann, TicketType::Calling, &[50, 10, 30, 10, 40]);
        let bens = of(ben, TicketType::Messages, &[20, 60]);
        anns.iter().chain(&bens).for_each(|weight| load.put(*weight));
        load.lift(anns[2]);
        let left = |load: &Load| (load.of(ann, TicketType::Calling), load.of(ben, TicketType::Messages));
        assert_eq!(left(&load), (4, 2));
        let table = [(10, (4, 2)), (11, (2, 2)), (20, (2, 2)), (41, (1, 1)), (60, (0, 1)), (61, (0, 0))];
        for (seconds, expected) in table {
            load.expire(DateTime::from_timestamp(seconds, 0).expect("an instant") + COUNTED_FOR);
            assert_eq!(left(&load), expected, "{seconds}");
        }
        assert!(load.oldest.is_empty());
    }
}
