//! Tickets that wait for somebody. They are routed again, the oldest first, when anything got better that could matter to
//! them: somebody is there again or may take more, their channel opens, a rule is saved, or a skill is let go (D9).

use crate::routing::{
    ids::{ById, ChannelId, TicketId, UserId},
    load::TicketType,
    reasons::Reason,
};
use chrono::{DateTime, TimeDelta, Utc};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    ops::Bound,
};

/// One that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Waits {
    pub since: DateTime<Utc>,
    pub ticket: TicketId,
    pub channel: ChannelId,
}

/// Who may be given tickets, as far as their capacity goes: a bit for each type, and one more for each type while they are
/// there. Ten thousand are looked at several times a second.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Free(ById<UserId, u8>);

impl Free {
    /// This user may be given one of this type; `there`: even where only those get any who are there.
    pub fn add(&mut self, user: UserId, kind: TicketType, there: bool) {
        let bits = if there { 0b11 } else { 0b01 };
        *self.0.entry(user).or_default() |= bits << (2 * kind as u8);
    }

    fn is_within(&self, others: &Self) -> bool {
        self.0.iter().all(|(user, bits)| bits & !others.bits(*user) == 0)
    }

    fn keep_only(&mut self, others: &Self) {
        self.0.retain(|user, bits| {
            *bits &= others.bits(*user);
            *bits != 0
        });
    }

    fn bits(&self, user: UserId) -> u8 {
        self.0.get(&user).copied().unwrap_or_default()
    }
}

/// What is looked at to know whether it is worth while to route them again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    pub at: DateTime<Utc>,
    pub free: Free,
    /// The channels that are open.
    pub open: HashSet<ChannelId>,
    /// How many minutes each channel that lets skills go lets its tickets wait for them.
    pub relax: HashMap<ChannelId, u32>,
}

/// All that wait.
#[derive(Debug, Default)]
pub struct Waiting {
    line: BTreeSet<Waits>,
    of_channel: HashMap<ChannelId, BTreeSet<(DateTime<Utc>, TicketId)>>,
    known: HashMap<TicketId, Known>,
    seen: Seen,
    pass: Option<Pass>,
    /// A rule was saved since the last pass began.
    changed: bool,
}

#[derive(Debug)]
struct Known {
    waits: Waits,
    /// Why nobody got it the last time; empty: not known any more.
    because: Vec<Reason>,
}

/// Going through the line once.
#[derive(Debug, Default)]
struct Pass {
    after: Option<Waits>,
    /// Nobody takes anything of these for now, whatever it be.
    hopeless: HashSet<ChannelId>,
}

impl Waiting {
    pub fn begin(&mut self, waits: Waits) {
        self.end(waits.ticket);
        self.line.insert(waits);
        self.of_channel.entry(waits.channel).or_default().insert((waits.since, waits.ticket));
        self.known.insert(waits.ticket, Known { waits, because: Vec::new() });
    }

    /// Whether it did wait.
    pub fn end(&mut self, ticket: TicketId) -> bool {
        let Some(Known { waits, .. }) = self.known.remove(&ticket) else { return false };
        self.line.remove(&waits);
        if let Some(line) = self.of_channel.get_mut(&waits.channel) {
            line.remove(&(waits.since, waits.ticket));
            if line.is_empty() {
                self.of_channel.remove(&waits.channel);
            }
        }
        true
    }

    pub fn of(&self, ticket: TicketId) -> Option<Waits> {
        self.known.get(&ticket).map(|known| known.waits)
    }

    pub fn of_channel(&self, channel: ChannelId) -> Vec<TicketId> {
        self.of_channel.get(&channel).into_iter().flatten().map(|(_, ticket)| *ticket).collect()
    }

    pub fn channels(&self) -> impl Iterator<Item = ChannelId> {
        self.of_channel.keys().copied()
    }

    pub fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// Why it waits still. False: for the same reasons as before.
    pub fn waits_because(&mut self, ticket: TicketId, because: &[Reason]) -> bool {
        match self.known.get_mut(&ticket) {
            Some(known) if known.because != because => {
                known.because = because.to_vec();
                true
            }
            _ => false,
        }
    }

    /// Whether it is known why it waits.
    pub fn knows_why(&self, ticket: TicketId) -> bool {
        self.known.get(&ticket).is_some_and(|known| !known.because.is_empty())
    }

    /// A rule was saved, or whatever else may matter to any of them.
    pub fn rule_changed(&mut self) {
        self.changed = true;
    }

    /// Has the line gone through anew if anything got better since the last look.
    pub fn look(&mut self, seen: Seen) {
        let better = std::mem::take(&mut self.changed)
            || !seen.free.is_within(&self.seen.free)
            || !seen.open.is_subset(&self.seen.open)
            || seen.relax.iter().any(|(channel, minutes)| self.is_let_go(*channel, *minutes, seen.at));
        self.seen = seen;
        if better && !self.is_empty() {
            self.pass = Some(Pass::default());
        }
    }

    /// Somebody waits although this is how things are. Who is free again later makes a difference to them, even if that
    /// is before the next look.
    pub fn saw(&mut self, seen: &Seen) {
        self.seen.free.keep_only(&seen.free);
        self.seen.open.retain(|channel| seen.open.contains(channel));
    }

    /// Whether a ticket of this channel has waited for so long only since the last look.
    fn is_let_go(&self, channel: ChannelId, minutes: u32, now: DateTime<Utc>) -> bool {
        let Some(line) = self.of_channel.get(&channel) else { return false };
        let wait = TimeDelta::minutes(i64::from(minutes));
        let last = (TicketId(uuid::Uuid::max()), TicketId(uuid::Uuid::max()));
        let (from, until) = ((self.seen.at - wait, last.0), (now - wait, last.1));
        from < until && line.range((Bound::Excluded(from), Bound::Included(until))).next().is_some()
    }

    /// The line is being gone through.
    pub fn is_under_way(&self) -> bool {
        self.pass.is_some()
    }

    /// The next of the line; `None`: it was gone through.
    pub fn go_on(&mut self) -> Option<Waits> {
        let pass = self.pass.as_mut()?;
        let after = pass.after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = self.line.range((after, Bound::Unbounded));
        let next = rest.find(|waits| !pass.hopeless.contains(&waits.channel)).copied();
        match next {
            Some(next) => pass.after = Some(next),
            None => self.pass = None,
        }
        next
    }

    /// Nobody takes anything of this channel for now: the rest of its tickets need not be looked at in this pass.
    pub fn is_hopeless(&mut self, channel: ChannelId) {
        if let Some(pass) = &mut self.pass {
            pass.hopeless.insert(channel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::ids::Ids;

    fn minute(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    struct Scene {
        waiting: Waiting,
        pumps: ChannelId,
        boilers: ChannelId,
        ann: UserId,
        tickets: Vec<TicketId>,
    }

    /// Of pumps at minutes 1 and 3, of boilers at minute 2.
    fn scene() -> Scene {
        let mut ids = Ids::new(1);
        let (pumps, boilers, ann) = (ChannelId(ids.next(1)), ChannelId(ids.next(1)), UserId(ids.next(1)));
        let tickets: Vec<TicketId> = (0..3).map(|at| TicketId(ids.next(at))).collect();
        let mut waiting = Waiting::default();
        for (since, ticket, channel) in [(3, 2, pumps), (1, 0, pumps), (2, 1, boilers)] {
            waiting.begin(Waits { since: minute(since), ticket: tickets[ticket], channel });
        }
        Scene { waiting, pumps, boilers, ann, tickets }
    }

    fn pass(waiting: &mut Waiting) -> Vec<TicketId> {
        std::iter::from_fn(|| waiting.go_on()).map(|waits| waits.ticket).collect()
    }

    #[test]
    fn the_line_is_gone_through_when_something_got_better_and_the_oldest_comes_first() {
        let Scene { mut waiting, pumps, ann, tickets, .. } = scene();
        let kind = TicketType::EmailOther;
        let free = |kinds: &[TicketType]| {
            let mut free = Free::default();
            kinds.iter().for_each(|kind| free.add(ann, *kind, true));
            free
        };
        let seen = |at: i64, free, open: &[ChannelId]| {
            let open = open.iter().copied().collect();
            Seen { at: minute(at), free, open, relax: HashMap::new() }
        };
        let table = [
            ("nothing is better", seen(4, free(&[]), &[]), false),
            ("somebody is there", seen(5, free(&[kind]), &[]), true),
            ("nothing new", seen(6, free(&[kind]), &[]), false),
            ("they are gone", seen(7, free(&[]), &[]), false),
            ("they are there again", seen(8, free(&[kind]), &[]), true),
            ("they may take more of another type", seen(9, free(&[kind, TicketType::Messages]), &[]), true),
            ("they may not any more", seen(10, free(&[kind]), &[]), false),
            ("the channel opens", seen(11, free(&[kind]), &[pumps]), true),
            ("the channel closes", seen(12, free(&[kind]), &[]), false),
        ];
        for (what, seen, expected) in table {
            waiting.look(seen);
            let expected = if expected { tickets.clone() } else { Vec::new() };
            assert_eq!(pass(&mut waiting), expected, "{what}");
            assert!(!waiting.is_under_way());
        }
        waiting.rule_changed();
        let (same, again) = (waiting.seen.clone(), waiting.seen.clone());
        waiting.look(same);
        assert_eq!(pass(&mut waiting), tickets, "a rule was saved");
        waiting.look(again);
        assert_eq!(pass(&mut waiting), []);
    }

    #[test]
    fn who_is_free_again_before_the_next_look_makes_a_difference_to_those_who_were_left_meanwhile() {
        let Scene { mut waiting, ann, tickets, .. } = scene();
        let free = |free: bool| {
            let mut seen = Seen::default();
            if free {
                seen.free.add(ann, TicketType::EmailOther, true);
            }
            seen
        };
        waiting.look(free(true));
        assert_eq!(pass(&mut waiting), tickets);
        waiting.look(free(true));
        assert_eq!(pass(&mut waiting), []);
        waiting.saw(&free(false));
        waiting.look(free(true));
        assert_eq!(pass(&mut waiting), tickets);
        waiting.saw(&free(true));
        waiting.look(free(true));
        assert_eq!(pass(&mut waiting), []);
    }

    #[test]
    fn who_comes_back_is_somebody_for_those_that_wait_for_who_is_there_only() {
        let mut ids = Ids::new(1);
        let (ann, ben) = (UserId(ids.next(1)), UserId(ids.next(1)));
        let free = |all: &[(UserId, TicketType, bool)]| {
            let mut free = Free::default();
            all.iter().for_each(|(user, kind, there)| free.add(*user, *kind, *there));
            free
        };
        let (mail, chat) = (TicketType::EmailOther, TicketType::Messages);
        let away = free(&[(ann, mail, false)]);
        let back = free(&[(ann, mail, true)]);
        assert!(away.is_within(&back) && !back.is_within(&away));
        assert!(
            !free(&[(ann, chat, false)]).is_within(&back) && !free(&[(ben, mail, true)]).is_within(&back)
        );
        let mut left = free(&[(ann, mail, true), (ann, chat, true), (ben, mail, true)]);
        left.keep_only(&away);
        assert_eq!(left, away);
    }

    #[test]
    fn a_skill_is_let_go_once_and_at_its_minute() {
        let Scene { mut waiting, pumps, tickets, .. } = scene();
        let relax = HashMap::from([(pumps, 10)]);
        let seen = |at| Seen { at: minute(at), relax: relax.clone(), ..Seen::default() };
        waiting.look(seen(9));
        for (at, expected) in [(10, false), (11, true), (12, false), (13, true), (14, false), (99, false)] {
            waiting.look(seen(at));
            let expected = if expected { tickets.clone() } else { Vec::new() };
            assert_eq!(pass(&mut waiting), expected, "at minute {at}");
        }
    }

    #[test]
    fn what_is_hopeless_is_passed_over_until_the_next_time_and_who_left_the_line_is_not_met() {
        let Scene { mut waiting, pumps, boilers, tickets, .. } = scene();
        waiting.rule_changed();
        waiting.look(Seen::default());
        assert_eq!(waiting.go_on().map(|waits| waits.ticket), Some(tickets[0]));
        waiting.is_hopeless(pumps);
        assert_eq!(pass(&mut waiting), [tickets[1]]);
        waiting.rule_changed();
        waiting.look(Seen::default());
        assert!(waiting.end(tickets[0]) && !waiting.end(tickets[0]));
        assert_eq!(pass(&mut waiting), [tickets[1], tickets[2]]);
        assert_eq!(
            (waiting.of_channel(pumps), waiting.of_channel(boilers)),
            (vec![tickets[2]], vec![tickets[1]])
        );
        for ticket in &tickets {
            waiting.end(*ticket);
        }
        assert!(waiting.is_empty() && waiting.of_channel.is_empty() && waiting.known.is_empty());
    }

    #[test]
    fn why_it_waits_is_told_when_it_changes() {
        let Scene { mut waiting, tickets, .. } = scene();
        assert!(!waiting.knows_why(tickets[0]));
        assert!(waiting.waits_because(tickets[0], &[Reason::NobodyAvailable]));
        assert!(waiting.knows_why(tickets[0]));
        assert!(!waiting.waits_because(tickets[0], &[Reason::NobodyAvailable]));
        assert!(waiting.waits_because(tickets[0], &[Reason::NobodySelected]));
        waiting.end(tickets[0]);
        assert!(!waiting.waits_because(tickets[0], &[Reason::NobodyAvailable]), "it waits no more");
    }
}
