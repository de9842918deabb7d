//! What will surprise whoever saved a channel that makes tickets (D12). Nothing here is refused: each is said in words, in
//! every language that reasons are told in, and points at the place to look at.

mod de;
mod en;
mod nb;
mod nl;

use super::{
    channel::{Assignment, Channel, Mode, Way},
    modes,
};
use crate::routing::{
    assignment::Rule,
    ids::{SkillId, TeamId, UserId},
    inboxes::Workspace,
    people::{People, User},
    sentences::{Language, Teller},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One surprise, as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "arguments", rename_all = "snake_case")]
pub enum Warning {
    /// It is switched off.
    Disabled,
    NobodySelected,
    /// Of the fallback.
    NobodyInFallback,
    /// Somebody is selected, and none of them can ever be given a ticket.
    NobodyCanBeGiven,
    /// Users or teams that were selected are no longer there.
    SelectedGone {
        users: u32,
        teams: u32,
    },
    EmptyTeam {
        team: TeamId,
        name: String,
    },
    /// A selected team contributes its main members only (R10).
    OnlyExtraMembers {
        team: TeamId,
        name: String,
    },
    /// Its tickets go to a team of whom nobody has a service seat any more (R12).
    TeamWithoutSeat {
        team: TeamId,
        name: String,
    },
    NoSeat {
        agent: UserId,
    },
    NoTicketAccess {
        agent: UserId,
    },
    NoInboxAccess {
        agent: UserId,
    },
    /// Their working hours are empty.
    NeverWorks {
        agent: UserId,
    },
    /// A capacity of nothing.
    NoCapacity {
        agent: UserId,
    },
    /// It is needed, and nobody who is selected knows it.
    NobodyKnows {
        skill: SkillId,
        name: String,
        level: Option<u8>,
    },
    /// What a contact's owner does not take stays unassigned.
    OwnerWithoutFallback,
    /// What the customer agent does not answer stays unassigned.
    AgentWithoutFallback,
    /// Waiting tickets are shared out again only while it is open, which it never is.
    NeverOpen,
    /// Of a chat: no page may show it.
    NoOrigins,
    /// Its mailbox is not in the configuration: nothing comes in and nothing goes out.
    NoMailbox {
        name: String,
    },
    /// The same of its account at WhatsApp.
    NoAccount {
        name: String,
    },
}

/// What a channel is looked at with.
pub struct Survey<'a> {
    pub channel: &'a Channel,
    pub people: &'a People,
    /// The configuration has the mailbox or the account that it names.
    pub is_configured: bool,
    pub now: DateTime<Utc>,
}

impl Survey<'_> {
    /// Everything that may surprise, the gravest first.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if !self.channel.enabled {
            warnings.push(Warning::Disabled);
        }
        match &self.channel.way {
            Way::Email(email) if !self.is_configured => {
                warnings.push(Warning::NoMailbox { name: email.mailbox.clone() });
            }
            Way::Whatsapp(whatsapp) if !self.is_configured => {
                warnings.push(Warning::NoAccount { name: whatsapp.account.clone() });
            }
            _ => {}
        }
        let Assignment { mode, rule, fallback, .. } = &self.channel.assignment;
        match mode {
            Mode::Nobody => {}
            Mode::Specific => self.rule(rule, Warning::NobodySelected, &mut warnings),
            Mode::TeamsOnly => self.team(rule, &mut warnings),
            Mode::ContactOwner | Mode::Agent => match fallback {
                Some(fallback) => self.rule(fallback, Warning::NobodyInFallback, &mut warnings),
                None if *mode == Mode::Agent => warnings.push(Warning::AgentWithoutFallback),
                None => warnings.push(Warning::OwnerWithoutFallback),
            },
        }
        let Channel { hours, zone, .. } = self.channel;
        let opens = hours.verdict(zone, self.now).open || hours.next_change(zone, self.now).is_some();
        if self.channel.reroutes && !opens {
            warnings.push(Warning::NeverOpen);
        }
        if matches!(&self.channel.way, Way::Chat(chat) if chat.origins.is_empty()) {
            warnings.push(Warning::NoOrigins);
        }
        warnings
    }

    fn rule(&self, rule: &Rule, nobody: Warning, warnings: &mut Vec<Warning>) {
        let reached = self.people.routed(&rule.users, &rule.teams);
        let reached: Vec<&User> = reached.iter().filter_map(|id| self.people.users.get(id)).collect();
        let never: Vec<Warning> = reached.iter().filter_map(|user| self.never_given(user)).collect();
        if reached.is_empty() {
            warnings.push(nobody);
        } else if never.len() == reached.len() {
            warnings.push(Warning::NobodyCanBeGiven);
        }
        self.gone(rule, warnings);
        for team in rule.teams.iter().filter_map(|id| self.people.teams.get(id)) {
            let (id, name) = (team.id, team.name.clone());
            match (team.main.is_empty(), team.extra.is_empty()) {
                (true, true) => warnings.push(Warning::EmptyTeam { team: id, name }),
                (true, false) => warnings.push(Warning::OnlyExtraMembers { team: id, name }),
                (false, _) => {}
            }
        }
        warnings.extend(never);
        self.skills(&reached, warnings);
    }

    fn gone(&self, rule: &Rule, warnings: &mut Vec<Warning>) {
        let users = rule.users.iter().filter(|id| !self.people.users.contains_key(id)).count();
        let teams = rule.teams.iter().filter(|id| !self.people.teams.contains_key(id)).count();
        if users + teams > 0 {
            warnings.push(Warning::SelectedGone { users: number(users), teams: number(teams) });
        }
    }

    fn team(&self, rule: &Rule, warnings: &mut Vec<Warning>) {
        let Some(team) = rule.teams.iter().find_map(|id| self.people.teams.get(id)) else {
            warnings.push(Warning::NobodySelected);
            return self.gone(rule, warnings);
        };
        if !modes::has_service_seat(team, self.people) {
            warnings.push(Warning::TeamWithoutSeat { team: team.id, name: team.name.clone() });
        }
    }

    fn skills(&self, reached: &[&User], warnings: &mut Vec<Warning>) {
        let needed = self.channel.demands.iter().filter(|demand| demand.needed);
        let unknown = needed.filter(|demand| {
            !reached.is_empty() && !reached.iter().any(|user| user.knows(demand.skill, demand.level))
        });
        warnings.extend(unknown.map(|demand| Warning::NobodyKnows {
            skill: demand.skill,
            name: self.people.skill_name(demand.skill),
            level: demand.level,
        }));
    }

    /// Why this user is never given a ticket of this channel, whatever the hour.
    fn never_given(&self, user: &User) -> Option<Warning> {
        let agent = user.id;
        let workspace: Workspace<'_> = self.people.workspace(self.channel.inbox);
        let never_works = || user.working_hours.as_ref().is_some_and(|hours| hours.is_empty());
        if !workspace.seats(user) {
            Some(Warning::NoSeat { agent })
        } else if !user.ticket_access {
            Some(Warning::NoTicketAccess { agent })
        } else if !workspace.admits(agent, self.people) {
            Some(Warning::NoInboxAccess { agent })
        } else if self.channel.assignment.only_available && never_works() {
            Some(Warning::NeverWorks { agent })
        } else if user.capacity == Some(0) {
            Some(Warning::NoCapacity { agent })
        } else {
            None
        }
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Warning {
    /// The place in the channel's document to look at, as a JSON pointer.
    pub fn pointer(&self) -> &'static str {
        match self {
            Self::Disabled => "/enabled",
            Self::NobodySelected
            | Self::NobodyCanBeGiven
            | Self::SelectedGone { .. }
            | Self::NoSeat { .. }
            | Self::NoTicketAccess { .. }
            | Self::NoInboxAccess { .. }
            | Self::NeverWorks { .. }
            | Self::NoCapacity { .. } => "/assignment/users",
            Self::EmptyTeam { .. } | Self::OnlyExtraMembers { .. } | Self::TeamWithoutSeat { .. } => {
                "/assignment/teams"
            }
            Self::NobodyInFallback | Self::OwnerWithoutFallback | Self::AgentWithoutFallback => {
                "/assignment/fallback"
            }
            Self::NobodyKnows { .. } => "/skills",
            Self::NeverOpen => "/hours",
            Self::NoOrigins => "/chat/origins",
            Self::NoMailbox { .. } => "/email/mailbox",
            Self::NoAccount { .. } => "/whatsapp/account",
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
