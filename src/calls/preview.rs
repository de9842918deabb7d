//! What a call would meet: now, with everybody as they are, or at any instant, by schedules alone. The same selection
//! and the same choice as for a real call; nothing changes by asking.

use super::{
    call::Caller,
    callers,
    channel::{Channel, Ringing, Times},
    decision::Action,
    devices,
    line::{Next, Wish, choose, next},
    switchboard::{Facts, Switchboard},
};
use crate::routing::{
    assignment::{self, Field, Selection, no_glance},
    candidates::Candidates,
    contacts::{Blocked, Contacts},
    distribution::Cursor,
    eligibility::{Standing, Terms},
    hours::Verdict,
    ids::{ChannelId, UserId},
    load::{Load, TicketType},
    people::{People, User},
    reasons::Reason,
    roster::Roster,
};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;

/// What would happen to a call at one instant, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    pub at: DateTime<Utc>,
    pub hours: Verdict,
    /// When it opens or closes next.
    pub next_change: Option<DateTime<Utc>>,
    /// Ring, wait, or one of the two messages.
    pub action: Action,
    /// Who would be rung first.
    pub ring: Vec<UserId>,
    pub candidates: Candidates,
    /// The first one decides.
    pub reasons: Vec<Reason>,
}

/// A stretch of time through which every call would meet the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// At its beginning.
    pub preview: Preview,
}

/// How finely a week is looked at.
pub const STEP: TimeDelta = TimeDelta::minutes(15);

impl Switchboard {
    /// A call that would come this moment.
    pub fn preview(&self, channel: &Channel, facts: Facts<'_>) -> Preview {
        let (excluded, at_most) = (&BTreeMap::new(), usize::MAX);
        // The channel may be one that is not saved: what is known of the saved one does not hold for it.
        let wish = Wish { roster: None, only: None, excluded, asked: None, draw: 0, at_most };
        let mut selection = self.select(wish, channel, facts);
        if channel.rings_devices() {
            self.order_devices(None, channel, &mut selection);
        }
        preview(channel, facts.times, selection, facts.now.at)
    }

    pub fn cursor(&self, channel: ChannelId) -> Option<Cursor> {
        self.cursors.get(&channel).copied()
    }
}

/// A call at any instant: softphones are taken to be connected, and nobody to be on a call or away by hand.
pub fn by_schedule(
    channel: &Channel,
    people: &People,
    times: Times,
    load: &Load,
    cursor: Option<Cursor>,
    at: DateTime<Utc>,
) -> Preview {
    let standing = |person: &User| {
        let hindrance = channel.cannot_ring(Some(person));
        (Standing { hindrance, ..Standing::BY_SCHEDULE }, None)
    };
    let (kind, at_most, asked, glance) = (TicketType::Calling, usize::MAX, None, no_glance);
    let workspace = people.workspace(channel.inbox);
    let terms = Terms::call(workspace);
    let field = Field { people, load, kind, terms, at, cursor, draw: 0, at_most, asked, standing, glance };
    let roster = Roster::new(&channel.rule, people, workspace, |_| true);
    preview(channel, times, assignment::select(&channel.rule, &roster, &field), at)
}

fn preview(channel: &Channel, times: Times, selection: Selection, at: DateTime<Utc>) -> Preview {
    let hours = channel.hours.verdict(&channel.zone, at);
    let next_change = channel.hours.next_change(&channel.zone, at);
    let closed = Reason::HoursClosed { rule: hours.rule, opens: next_change };
    if !hours.open {
        let (action, candidates) = (Action::AfterHours, selection.candidates);
        return Preview { at, hours, next_change, action, ring: vec![], candidates, reasons: vec![closed] };
    }
    let strategy = channel.rule.strategy;
    let chosen = match channel.ringing {
        Ringing::Devices => devices::first(channel, &selection),
        Ringing::Softphone => choose(&[], strategy.rings_one_at_a_time(), &selection),
    };
    let may_wait = times.with(channel.own_times).wait_seconds > 0;
    let (action, mut reasons) = match next(&selection, !chosen.is_empty(), may_wait) {
        Next::Ring if channel.rings_devices() => {
            (Action::Ring, devices::reasons(channel, chosen.len(), &selection))
        }
        Next::Ring => (Action::Ring, vec![selection.reason(strategy).unwrap_or(Reason::AgentsBeingOffered)]),
        Next::Wait => (Action::Wait, vec![Reason::AllBusy]),
        Next::TakeMessage => (Action::Unanswered, vec![selection.nobody()]),
    };
    let ring = chosen.iter().map(|entrant| entrant.user).collect();
    reasons.push(Reason::HoursOpen { rule: hours.rule });
    Preview { at, hours, next_change, action, ring, candidates: selection.candidates, reasons }
}

/// What calls would meet from `from` on until `until`, looked at every quarter of an hour, by schedules alone and as if
/// nobody held a ticket.
pub fn coverage(
    channel: &Channel,
    people: &People,
    times: Times,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Vec<Span> {
    let load = Load::default();
    let mut spans: Vec<Span> = Vec::new();
    let mut at = from;
    while at < until {
        let preview = by_schedule(channel, people, times, &load, None, at);
        let end = at.checked_add_signed(STEP).unwrap_or(until).min(until);
        match spans.last_mut() {
            Some(last) if last.preview.means_the_same_as(&preview) => last.until = end,
            _ => spans.push(Span { from: at, until: end, preview }),
        }
        at = end;
    }
    spans
}

impl Preview {
    /// The same for one caller, who may be met differently from others.
    pub fn of_caller(mut self, from: &Caller, channel: &Channel, contacts: &Contacts) -> Self {
        if let Some((how, reason)) = callers::blocked(from, channel, contacts) {
            self.action = match how {
                Blocked::Busy => Action::Reject,
                Blocked::Message => Action::Message,
                Blocked::Voicemail if self.hours.open => Action::Unanswered,
                Blocked::Voicemail => Action::AfterHours,
            };
            self.ring.clear();
            self.reasons.insert(0, reason);
        } else if let (_, Some(reason)) = callers::priority(from, contacts) {
            self.reasons.push(reason);
        }
        self
    }

    /// It is open, and nobody would be rung.
    pub fn is_hole(&self) -> bool {
        self.hours.open && self.action != Action::Ring
    }

    /// Whom a call could ring, sooner or later.
    pub fn able(&self) -> Vec<UserId> {
        let able = self.candidates.iter().filter(|(_, _, objection)| objection.is_none());
        able.map(|(user, ..)| user).collect()
    }

    fn means_the_same_as(&self, other: &Self) -> bool {
        let what = |preview: &Self| (preview.hours, preview.action, preview.ring.clone());
        let is_same_for_agents = match self.action {
            Action::Ring => self.able() == other.able(),
            _ => !self.is_hole() || self.candidates == other.candidates,
        };
        what(self) == what(other) && is_same_for_agents
    }
}
