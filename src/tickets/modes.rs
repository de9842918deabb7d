//! Which ways of sharing out a channel may be set to, by where it belongs and how it is reached: the table of the
//! product, cell by cell. What the table does not have is refused with the reason.

use super::channel::{Assignment, Channel, Mode, Way};
use crate::routing::{
    distribution::Strategy,
    ids::TeamId,
    people::{People, Seat, Team},
};

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub modes: &'static [Mode],
    pub strategies: &'static [Strategy],
    /// Whether it may be set that absent people are given tickets too (R16).
    pub may_ignore_absence: bool,
    /// What comes while the contact's owner is absent is mailed to them (R23).
    pub mails_owner: bool,
}

const EVERY: [Strategy; 3] = [Strategy::LoadBalanced, Strategy::RoundRobin, Strategy::Random];
const FEWEST: [Strategy; 1] = [Strategy::LoadBalanced];

/// The row of such a channel; `None`: there is no such channel there.
pub fn row(in_inbox: bool, way: &Way) -> Option<Row> {
    use Mode::{Agent, ContactOwner, Nobody, Specific, TeamsOnly};
    let row = |modes, strategies, may_ignore_absence, mails_owner| {
        Some(Row { modes, strategies, may_ignore_absence, mails_owner })
    };
    match (in_inbox, way) {
        (false, Way::Email(_) | Way::Whatsapp(_)) => {
            row(&[Agent, Specific, TeamsOnly, ContactOwner, Nobody], &EVERY, true, false)
        }
        (false, Way::Form(_) | Way::Api) => {
            row(&[Specific, TeamsOnly, ContactOwner, Nobody], &EVERY, true, true)
        }
        (true, Way::Email(_)) => row(&[Specific, ContactOwner, Nobody], &FEWEST, true, false),
        (true, Way::Form(_)) => row(&[Specific, ContactOwner, Nobody], &FEWEST, true, true),
        // Its switch is between these two.
        (_, Way::Chat(_)) => row(&[Specific, Nobody], &FEWEST, false, false),
        (true, Way::Whatsapp(_) | Way::Api) => None,
    }
}

/// What does not fit, and where it is in the channel's document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    pub pointer: &'static str,
    pub detail: String,
}

fn misfit<T>(pointer: &'static str, detail: impl Into<String>) -> Result<T, Misfit> {
    Err(Misfit { pointer, detail: detail.into() })
}

/// Whether the channel is set to what its row has.
pub fn check(channel: &Channel, people: &People) -> Result<(), Misfit> {
    let what = named(channel);
    let Some(row) = row(channel.inbox.is_some(), &channel.way) else {
        return misfit("/inbox", format!("{what} belongs to the help desk"));
    };
    let Assignment { mode, rule, fallback, only_available, agent } = &channel.assignment;
    if !row.modes.contains(mode) {
        let modes = listed(row.modes, Mode::name);
        return misfit("/assignment/mode", format!("{what} can't have this mode: it can have {modes}"));
    }
    if !row.strategies.contains(&rule.strategy) {
        return misfit(
            "/assignment/strategy",
            match row.strategies.len() {
                1 => format!("{what} gives to whoever has the fewest: it can have load_balanced only"),
                _ => format!("{what} can have {}", listed(row.strategies, Strategy::name)),
            },
        );
    }
    if !only_available && !row.may_ignore_absence {
        return misfit(
            "/assignment/only_available",
            format!("{what} gives to people who are available only"),
        );
    }
    let falls_back = row.modes.iter().any(|mode| mode.falls_back());
    if fallback.is_some() && !falls_back {
        return misfit("/assignment/fallback", format!("{what} has no mode that falls back"));
    }
    if agent.is_some() && !row.modes.contains(&Mode::Agent) {
        return misfit("/assignment/agent", format!("{what} has no customer agent"));
    }
    match mode {
        Mode::Agent if agent.is_none() => misfit("/assignment/agent", "this mode needs a customer agent"),
        Mode::TeamsOnly => check_team(&rule.teams, rule.users.is_empty(), people),
        Mode::Agent | Mode::Specific | Mode::ContactOwner | Mode::Nobody => Ok(()),
    }
}

/// A ticket has one team, one of whose members can be given it (R12).
fn check_team(teams: &[TeamId], no_users: bool, people: &People) -> Result<(), Misfit> {
    if !no_users {
        return misfit("/assignment/users", "with this mode a ticket goes to a team: name no users");
    }
    if teams.len() > 1 {
        return misfit("/assignment/teams", "a ticket has one team: name one");
    }
    match teams.first().and_then(|id| people.teams.get(id)) {
        Some(team) if !has_service_seat(team, people) => {
            let detail = format!("nobody in {} has a service seat", team.name);
            misfit("/assignment/teams/0", detail)
        }
        _ => Ok(()),
    }
}

/// Whether a member of it, main or extra, has a service seat.
pub fn has_service_seat(team: &Team, people: &People) -> bool {
    let members = team.main.iter().chain(&team.extra);
    members.filter_map(|id| people.users.get(id)).any(|user| user.has_seat(Seat::Service))
}

fn named(channel: &Channel) -> String {
    let what = match channel.way {
        Way::Email(_) => "an email channel",
        Way::Form(_) => "a form",
        Way::Chat(_) => "a chat",
        Way::Whatsapp(_) => "a WhatsApp channel",
        Way::Api => "an API channel",
    };
    let place = if channel.inbox.is_some() { "an inbox" } else { "the help desk" };
    format!("{what} of {place}")
}

/// `one`, `one or two`, `one, two or three`.
fn listed<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str) -> String {
    let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "nothing".to_owned(),
    }
}

impl Mode {
    pub const ALL: [Self; 5] =
        [Self::Agent, Self::Specific, Self::TeamsOnly, Self::ContactOwner, Self::Nobody];

    /// As in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Specific => "specific",
            Self::TeamsOnly => "teams_only",
            Self::ContactOwner => "contact_owner",
            Self::Nobody => "nobody",
        }
    }

    /// Whether others are asked where the first choice does not take it.
    pub fn falls_back(self) -> bool {
        matches!(self, Self::Agent | Self::ContactOwner)
    }
}
