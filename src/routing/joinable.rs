//! The open Calling tickets that a caller who calls again may join (D15): the latest of each caller at each channel. It
//! is kept in memory beside the tickets themselves, so that an arriving call waits for no database.

use super::ids::{ChannelId, TicketId};
use chrono::{DateTime, Utc};
use std::collections::{BTreeSet, HashMap};

#[derive(Debug, Clone, Default)]
pub struct Joinable {
    /// The caller's ticket, and when it was last touched.
    by_caller: HashMap<(ChannelId, String), (TicketId, DateTime<Utc>)>,
    callers: HashMap<TicketId, (ChannelId, String)>,
    by_age: BTreeSet<(DateTime<Utc>, TicketId)>,
}

impl Joinable {
    /// No more are kept; then the one that was not touched for longest is forgotten.
    pub const KEPT: usize = 50_000;

    /// The caller's ticket at this channel, if it was touched at `since` or later.
    pub fn find(&self, channel: ChannelId, caller: &str, since: DateTime<Utc>) -> Option<TicketId> {
        let (ticket, touched) = self.by_caller.get(&(channel, caller.to_owned()))?;
        (*touched >= since).then_some(*ticket)
    }

    pub fn has(&self, ticket: TicketId) -> bool {
        self.callers.contains_key(&ticket)
    }

    /// This open ticket of the caller was touched at `at`. Of two, the one that was touched last is kept. Answers those
    /// that nobody can join any more.
    pub fn open(
        &mut self,
        ticket: TicketId,
        channel: ChannelId,
        caller: &str,
        at: DateTime<Utc>,
    ) -> Vec<TicketId> {
        let of = (channel, caller.to_owned());
        let mut dropped = Vec::new();
        if let Some((before, touched)) =
            self.by_caller.get(&of).copied().filter(|(known, _)| *known != ticket)
        {
            if touched > at {
                return vec![ticket];
            }
            self.forget(before);
            dropped.push(before);
        }
        self.forget(ticket);
        self.by_caller.insert(of.clone(), (ticket, at));
        self.callers.insert(ticket, of);
        self.by_age.insert((at, ticket));
        while self.by_age.len() > Self::KEPT
            && let Some((_, oldest)) = self.by_age.first().copied()
        {
            self.forget(oldest);
            dropped.push(oldest);
        }
        dropped
    }

    /// Something happened on it.
    pub fn touch(&mut self, ticket: TicketId, at: DateTime<Utc>) {
        let Some((known, touched)) = self.callers.get(&ticket).and_then(|of| self.by_caller.get_mut(of))
        else {
            return;
        };
        debug_assert_eq!(*known, ticket, "a caller's ticket knows its caller");
        self.by_age.remove(&(*touched, ticket));
        *touched = at.max(*touched);
        self.by_age.insert((*touched, ticket));
    }

    /// It was closed.
    pub fn forget(&mut self, ticket: TicketId) {
        let Some(of) = self.callers.remove(&ticket) else { return };
        if let Some((_, touched)) = self.by_caller.remove(&of) {
            self.by_age.remove(&(touched, ticket));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::ids::Ids, *};

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap_or_default()
    }

    #[test]
    fn a_caller_finds_their_latest_open_ticket_at_the_same_channel_while_it_is_fresh() {
        let mut ids = Ids::new(1);
        let (support, sales) = (ChannelId(ids.next(1)), ChannelId(ids.next(1)));
        let (first, second) = (TicketId(ids.next(1)), TicketId(ids.next(1)));
        let mut joinable = Joinable::default();
        assert_eq!(joinable.open(first, support, "+431", at(100)), []);
        assert_eq!(joinable.find(support, "+431", at(100)), Some(first));
        assert_eq!(joinable.find(support, "+431", at(101)), None);
        assert_eq!(joinable.find(sales, "+431", at(0)), None);
        assert_eq!(joinable.find(support, "+432", at(0)), None);
        joinable.touch(first, at(200));
        assert_eq!(joinable.find(support, "+431", at(200)), Some(first));
        assert_eq!(joinable.open(second, support, "+431", at(199)), [second], "the other is fresher");
        assert_eq!(joinable.find(support, "+431", at(0)), Some(first));
        assert_eq!(joinable.open(second, support, "+431", at(300)), [first]);
        assert_eq!(joinable.find(support, "+431", at(0)), Some(second));
        assert!(!joinable.has(first));
        joinable.forget(second);
        assert_eq!(joinable.find(support, "+431", at(0)), None);
        assert!(joinable.by_age.is_empty() && joinable.callers.is_empty() && joinable.by_caller.is_empty());
    }

    #[test]
    fn of_too_many_the_one_that_was_not_touched_for_longest_is_forgotten() {
        let mut ids = Ids::new(1);
        let channel = ChannelId(ids.next(1));
        let mut joinable = Joinable::default();
        let tickets: Vec<TicketId> = (0..=Joinable::KEPT).map(|_| TicketId(ids.next(1))).collect();
        for (n, ticket) in tickets[..Joinable::KEPT].iter().enumerate() {
            assert_eq!(joinable.open(*ticket, channel, &format!("+{n}"), at(n as i64)), []);
        }
        joinable.touch(tickets[0], at(1_000_000));
        let newest = tickets[Joinable::KEPT];
        assert_eq!(joinable.open(newest, channel, "+x", at(1_000_001)), [tickets[1]]);
        assert_eq!(joinable.by_age.len(), Joinable::KEPT);
        assert!(joinable.has(tickets[0]) && joinable.has(newest));
    }
}
