//! What will surprise whoever saved these settings (D12). Nothing here is refused: each is said in words, in every
//! language that reasons are told in, and points at the place to look at.

mod de;
mod en;
mod nb;
mod nl;

use super::{
    channel::{Channel, Ringing, Slot, Times},
    devices::DEVICES_AT_ONCE,
    preview,
};
use crate::routing::{
    candidates::Candidate,
    eligibility::Objection,
    ids::{TeamId, UserId},
    inboxes::Workspace,
    people::{People, Reach, User},
    sentences::{Language, Teller},
};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// One surprise, as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "arguments", rename_all = "snake_case")]
pub enum Warning {
    NobodySelected,
    /// Users or teams that were selected are no longer there.
    SelectedGone {
        users: u32,
        teams: u32,
    },
    EmptyTeam {
        team: TeamId,
        name: String,
    },
    /// A selected team rings its main members only (R10).
    OnlyExtraMembers {
        team: TeamId,
        name: String,
    },
    OnlyOneAgent {
        agent: UserId,
    },
    NoSeat {
        agent: UserId,
    },
    /// Neither seat of an inbox, to which the channel belongs.
    NoSalesOrServiceSeat {
        agent: UserId,
    },
    NoInboxAccess {
        agent: UserId,
    },
    NoTicketAccess {
        agent: UserId,
    },
    /// Their working hours are empty.
    NeverWorks {
        agent: UserId,
    },
    /// A capacity of nothing: they are never rung.
    NoCapacity {
        agent: UserId,
    },
    /// Everybody who is there by schedule holds as many tickets as they may.
    AllAtCapacity,
    /// Two agents with one telephone: both are rung on it.
    SameTelephone {
        agent: UserId,
        other: UserId,
    },
    /// The channel's telephone company can't ring their telephone, so they are passed over.
    NotRungHere {
        agent: UserId,
    },
    NeverOpen,
    /// Closed by hand for more than two weeks.
    ClosedForLong {
        until: DateTime<Utc>,
    },
    ExceptionsAreOver {
        last: NaiveDate,
    },
    /// Open on this weekday, and nobody who is selected works at any time of it. 0: Monday.
    NobodyWorksOn {
        weekday: u8,
    },
    /// Open, and nobody who is selected works.
    NobodyWorks {
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    },
    /// No message is chosen: the one that ships with the daemon is played.
    NoMessage {
        slot: Slot,
    },
    ShortRing {
        seconds: u32,
    },
    /// The caller's time to ring is over before the first agent's.
    AgentRingsLonger {
        agent_ring_seconds: u32,
        ring_seconds: u32,
    },
    /// The caller's time to ring is over before everybody was rung.
    NotAllAreRung {
        rung: u32,
        of: u32,
    },
    TooManyAtOnce {
        agents: u32,
        rung: u32,
    },
    LongWait {
        seconds: u32,
    },
    LongWrapUp {
        seconds: u32,
    },
    NoNumber,
    /// Another channel has this number too.
    NumberTwice {
        number: String,
        channel: String,
    },
    /// Calls to it cost extra, and are answered while agents are rung: unlawful in Germany on most such numbers.
    PaidNumber {
        number: String,
    },
    /// Calls to it cost extra; they ring for nothing, but are answered when they have to wait in line.
    PaidNumberWaits {
        number: String,
    },
    /// More agents than devices that one dial can ring.
    TooManyDevices {
        agents: u32,
        rung: u32,
    },
    /// The channel rings devices, and this agent's is a browser.
    BrowserAsDevice {
        agent: UserId,
    },
    /// The channel rings devices without answering, so nothing can be said before.
    AnnouncementUnheard,
}

/// What a channel is looked at with.
pub struct Survey<'a> {
    pub channel: &'a Channel,
    pub channels: &'a [&'a Channel],
    pub people: &'a People,
    pub times: Times,
    /// How everybody whom the channel reaches stands now by schedule, with their tickets.
    pub standing: &'a [Candidate],
    pub now: DateTime<Utc>,
}

/// Shorter than two ring tones.
const SHORT_RING_SECONDS: u32 = 10;
const LONG_WAIT_SECONDS: u32 = 1800;
const LONG_WRAP_UP_SECONDS: u32 = 900;
const LONG_CLOSED: TimeDelta = TimeDelta::days(14);
const RUNG_AT_ONCE: usize = 100;
/// German service numbers on which waiting must not cost the caller.
const PAID_PREFIXES: [&str; 2] = ["+49180", "+49900"];
/// More holes than these are one message: there are holes.
const HOLES_MAX: usize = 5;

impl Survey<'_> {
    /// Everything that may surprise, the gravest first.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        self.people(&mut warnings);
        self.hours(&mut warnings);
        self.times(&mut warnings);
        self.messages(&mut warnings);
        self.numbers(&mut warnings);
        warnings
    }

    fn reached(&self) -> Vec<&User> {
        let rule = &self.channel.rule;
        let ids = self.people.routed(&rule.users, &rule.teams);
        ids.iter().filter_map(|id| self.people.users.get(id)).collect()
    }

    fn people(&self, warnings: &mut Vec<Warning>) {
        let rule = &self.channel.rule;
        let reached = self.reached();
        if reached.is_empty() {
            warnings.push(Warning::NobodySelected);
        }
        let users = rule.users.iter().filter(|id| !self.people.users.contains_key(id)).count();
        let teams = rule.teams.iter().filter(|id| !self.people.teams.contains_key(id)).count();
        if users + teams > 0 {
            warnings.push(Warning::SelectedGone { users: number(users), teams: number(teams) });
        }
        for team in rule.teams.iter().filter_map(|id| self.people.teams.get(id)) {
            let (id, name) = (team.id, team.name.clone());
            match (team.main.is_empty(), team.extra.is_empty()) {
                (true, true) => warnings.push(Warning::EmptyTeam { team: id, name }),
                (true, false) => warnings.push(Warning::OnlyExtraMembers { team: id, name }),
                (false, _) => {}
            }
        }
        warnings.extend(reached.iter().filter_map(|user| never_rung(user, self.channel, self.people)));
        if let [only] = reached[..] {
            warnings.push(Warning::OnlyOneAgent { agent: only.id });
        }
        self.telephones(&reached, warnings);
        self.devices(&reached, warnings);
        let is_full = |c: &Candidate| matches!(c.objection, Some(Objection::AtCapacity { .. }));
        let nobody_free = self.standing.iter().all(|candidate| candidate.objection.is_some());
        if nobody_free && self.standing.iter().any(is_full) {
            warnings.push(Warning::AllAtCapacity);
        }
    }

    fn telephones(&self, reached: &[&User], warnings: &mut Vec<Warning>) {
        for (index, user) in reached.iter().enumerate() {
            if let Some(other) = reached[..index].iter().find(|other| other.reach == user.reach) {
                warnings.push(Warning::SameTelephone { agent: other.id, other: user.id });
            }
            if self.channel.cannot_ring(Some(user)).is_some() {
                warnings.push(Warning::NotRungHere { agent: user.id });
            }
        }
    }

    /// Whose telephone rings only at times, where telephones ring by themselves.
    fn devices(&self, reached: &[&User], warnings: &mut Vec<Warning>) {
        if !self.channel.rings_devices() {
            return;
        }
        let in_browsers = reached.iter().filter(|user| {
            let is_rung = never_rung(user, self.channel, self.people).is_none()
                && self.channel.cannot_ring(Some(user)).is_none();
            is_rung && matches!(user.reach, Reach::Client(_))
        });
        warnings.extend(in_browsers.map(|user| Warning::BrowserAsDevice { agent: user.id }));
    }

    fn hours(&self, warnings: &mut Vec<Warning>) {
        let Channel { hours, zone, .. } = self.channel;
        if let Some(until) = hours.closed_until.filter(|until| *until > self.now + LONG_CLOSED) {
            warnings.push(Warning::ClosedForLong { until });
        }
        if !hours.verdict(zone, self.now).open && hours.next_change(zone, self.now).is_none() {
            warnings.push(Warning::NeverOpen);
        }
        let today = zone.local(self.now).date();
        if let Some(last) = hours.last_exception().filter(|last| *last < today) {
            warnings.push(Warning::ExceptionsAreOver { last });
        }
        let is_rung_at_times = |user: &&User| {
            never_rung(user, self.channel, self.people).is_none()
                && self.channel.telephones.include(&user.reach)
        };
        if self.reached().iter().any(is_rung_at_times) {
            self.holes(warnings);
        }
    }

    /// The week from now on: whole weekdays on which nobody works, and other times at which nobody does.
    fn holes(&self, warnings: &mut Vec<Warning>) {
        let from = whole_step(self.now);
        let until = from + TimeDelta::days(7);
        let week = preview::coverage(self.channel, self.people, self.times, from, until);
        let day = |at: DateTime<Utc>| self.channel.zone.local(at).date();
        let mut rung: BTreeMap<NaiveDate, bool> = BTreeMap::new();
        for span in week.iter().filter(|span| span.preview.hours.open) {
            let mut at = span.from;
            while at < span.until {
                *rung.entry(day(at)).or_default() |= !span.preview.is_hole();
                at += preview::STEP;
            }
        }
        // The week begins and ends within the same weekday; only whole days count as days on which nobody works.
        let weekday = |date: &NaiveDate| date.weekday().num_days_from_monday();
        let works: BTreeSet<u32> = rung.iter().filter(|(_, rung)| **rung).map(|(d, _)| weekday(d)).collect();
        let idle: BTreeSet<u32> = rung.keys().map(weekday).filter(|day| !works.contains(day)).collect();
        let days = idle.iter().map(|day| u8::try_from(*day).unwrap_or(0));
        warnings.extend(days.map(|weekday| Warning::NobodyWorksOn { weekday }));
        let holes = joined(week.iter().filter(|span| span.preview.is_hole()).map(|s| (s.from, s.until)));
        let partial = holes.into_iter().filter(|(from, _)| !idle.contains(&weekday(&day(*from))));
        warnings.extend(partial.take(HOLES_MAX).map(|(from, until)| Warning::NobodyWorks { from, until }));
    }

    fn times(&self, warnings: &mut Vec<Warning>) {
        let times = self.times.with(self.channel.own_times);
        let agents = self.reached().len();
        if times.ring_seconds < SHORT_RING_SECONDS {
            warnings.push(Warning::ShortRing { seconds: times.ring_seconds });
        }
        if self.channel.rule.strategy.rings_one_at_a_time() {
            let (ring_seconds, agent_ring_seconds) = (times.ring_seconds, times.agent_ring_seconds.max(1));
            let rung = ring_seconds.div_ceil(agent_ring_seconds);
            if agent_ring_seconds > ring_seconds {
                warnings.push(Warning::AgentRingsLonger { agent_ring_seconds, ring_seconds });
            } else if rung < number(agents) {
                warnings.push(Warning::NotAllAreRung { rung, of: number(agents) });
            }
        } else if self.channel.rings_devices() {
            if agents > DEVICES_AT_ONCE {
                let (agents, rung) = (number(agents), number(DEVICES_AT_ONCE));
                warnings.push(Warning::TooManyDevices { agents, rung });
            }
        } else if agents > RUNG_AT_ONCE {
            warnings.push(Warning::TooManyAtOnce { agents: number(agents), rung: number(RUNG_AT_ONCE) });
        }
        if times.wait_seconds > LONG_WAIT_SECONDS {
            warnings.push(Warning::LongWait { seconds: times.wait_seconds });
        }
        if times.wrap_up_seconds > LONG_WRAP_UP_SECONDS {
            warnings.push(Warning::LongWrapUp { seconds: times.wrap_up_seconds });
        }
    }

    fn messages(&self, warnings: &mut Vec<Warning>) {
        let closes = self.channel.hours.next_change(&self.channel.zone, self.now).is_some()
            || !self.channel.hours.verdict(&self.channel.zone, self.now).open;
        let needed = [(Slot::Unanswered, true), (Slot::AfterHours, closes)];
        let missing = needed.into_iter().filter(|(slot, needed)| *needed && !self.channel.has_message(*slot));
        warnings.extend(missing.map(|(slot, _)| Warning::NoMessage { slot }));
        let announces = |number: &String| self.channel.greetings.get(Slot::BeforeRinging, number).is_some();
        let chosen = self.channel.greetings.chosen(Slot::BeforeRinging).is_some();
        if self.channel.rings_devices() && (chosen || self.channel.numbers.iter().any(announces)) {
            warnings.push(Warning::AnnouncementUnheard);
        }
    }

    fn numbers(&self, warnings: &mut Vec<Warning>) {
        let numbers = &self.channel.numbers;
        if numbers.is_empty() {
            warnings.push(Warning::NoNumber);
        }
        let others = self.channels.iter().filter(|other| other.id != self.channel.id);
        let taken: HashSet<(&str, &str)> = others
            .flat_map(|other| other.numbers.iter().map(|number| (number.as_str(), other.name.as_str())))
            .collect();
        for number in numbers {
            if let Some((_, channel)) = taken.iter().find(|(taken, _)| taken == number) {
                let (number, channel) = (number.clone(), (*channel).to_owned());
                warnings.push(Warning::NumberTwice { number, channel });
            }
            if PAID_PREFIXES.iter().any(|prefix| number.starts_with(prefix)) {
                let number = number.clone();
                match self.channel.ringing {
                    Ringing::Softphone => warnings.push(Warning::PaidNumber { number }),
                    Ringing::Devices if self.times.with(self.channel.own_times).wait_seconds > 0 => {
                        warnings.push(Warning::PaidNumberWaits { number });
                    }
                    Ringing::Devices => {}
                }
            }
        }
    }
}

/// Why this user is never rung, whatever the hour.
fn never_rung(user: &User, channel: &Channel, people: &People) -> Option<Warning> {
    let agent = user.id;
    let workspace = people.workspace(channel.inbox);
    if !workspace.seats(user) {
        Some(match workspace {
            Workspace::HelpDesk => Warning::NoSeat { agent },
            Workspace::Inbox(_) | Workspace::Gone => Warning::NoSalesOrServiceSeat { agent },
        })
    } else if !workspace.admits(agent, people) {
        Some(Warning::NoInboxAccess { agent })
    } else if !user.ticket_access {
        Some(Warning::NoTicketAccess { agent })
    } else if user.working_hours.as_ref().is_some_and(|hours| hours.is_empty()) {
        Some(Warning::NeverWorks { agent })
    } else if user.capacity == Some(0) {
        Some(Warning::NoCapacity { agent })
    } else {
        None
    }
}

/// Stretches of time, with those that touch made one.
fn joined(
    spans: impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)>,
) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let mut joined: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    for (from, until) in spans {
        match joined.last_mut() {
            Some(last) if last.1 == from => last.1 = until,
            _ => joined.push((from, until)),
        }
    }
    joined
}

/// The last whole quarter of an hour.
pub fn whole_step(at: DateTime<Utc>) -> DateTime<Utc> {
    let step = preview::STEP.num_seconds();
    DateTime::from_timestamp(at.timestamp().div_euclid(step) * step, 0).unwrap_or(at)
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Warning {
    /// The place in the channel's document to look at, as a JSON pointer.
    pub fn pointer(&self) -> &'static str {
        match self {
            Self::NobodySelected
            | Self::OnlyOneAgent { .. }
            | Self::SelectedGone { .. }
            | Self::NoSeat { .. }
            | Self::NoSalesOrServiceSeat { .. }
            | Self::NoInboxAccess { .. }
            | Self::NoTicketAccess { .. }
            | Self::NeverWorks { .. }
            | Self::NoCapacity { .. }
            | Self::AllAtCapacity
            | Self::NotRungHere { .. }
            | Self::SameTelephone { .. }
            | Self::BrowserAsDevice { .. } => "/routing/users",
            Self::EmptyTeam { .. } | Self::OnlyExtraMembers { .. } => "/routing/teams",
            Self::NeverOpen | Self::NobodyWorksOn { .. } | Self::NobodyWorks { .. } => "/hours",
            Self::ClosedForLong { .. } => "/hours/closed_until",
            Self::ExceptionsAreOver { .. } => "/hours/exceptions",
            Self::NoMessage { slot: Slot::Unanswered } => "/greetings/unanswered",
            Self::NoMessage { .. } => "/greetings/after_hours",
            Self::ShortRing { .. } => "/routing/ring_seconds",
            Self::AgentRingsLonger { .. } | Self::NotAllAreRung { .. } => "/routing/agent_ring_seconds",
            Self::AnnouncementUnheard => "/greetings/before_ringing",
            Self::TooManyAtOnce { .. } | Self::TooManyDevices { .. } => "/routing/strategy",
            Self::PaidNumberWaits { .. } | Self::LongWait { .. } => "/routing/wait_seconds",
            Self::LongWrapUp { .. } => "/routing/wrap_up_seconds",
            Self::NoNumber | Self::NumberTwice { .. } | Self::PaidNumber { .. } => "/numbers",
        }
    }

    /// A whole sentence.
    pub fn sentence(&self, teller: &Teller<'_>) -> String {
        match teller.language {
            Language::En => en::sentence(self, teller),
            Language::Nl => nl::sentence(self, teller),
            Language::Nb => nb::sentence(self, teller),
            Language::De => de::sentence(self, teller),
        }
    }
}

#[cfg(test)]
mod tests;
