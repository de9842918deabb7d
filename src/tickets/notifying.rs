//! Who is told of a ticket, and how (R73, R74): admins say what holds for everybody, and each user's own choices win.

use super::ticket::Ticket;
use crate::routing::{
    assignment::Rule,
    ids::UserId,
    people::{People, User},
};
use serde::{Deserialize, Serialize};

/// Of what somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A ticket came, and is nobody's yet.
    Unassigned,
    /// A ticket was given to them.
    Assigned,
    /// The customer wrote on a ticket of theirs.
    Message,
    /// A contact of theirs wrote while they are absent (R23). Nobody chooses this: it is mailed.
    OwnerAbsent,
}

impl About {
    pub fn name(self) -> &'static str {
        match self {
            Self::Unassigned => "unassigned",
            Self::Assigned => "assigned",
            Self::Message => "message",
            Self::OwnerAbsent => "owner_absent",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Unassigned, Self::Assigned, Self::Message, Self::OwnerAbsent];
        all.into_iter().find(|about| about.name() == name)
    }
}

/// By which ways somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ways {
    /// On the pages.
    pub page: bool,
    pub mail: bool,
    /// To the webhooks that want `user.notified`.
    pub webhook: bool,
}

/// What holds for everybody who says nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Choices {
    pub unassigned: Ways,
    pub assigned: Ways,
    pub message: Ways,
}

impl Default for Choices {
    fn default() -> Self {
        let page = Ways { page: true, mail: false, webhook: false };
        Self { unassigned: page, assigned: page, message: page }
    }
}

/// What a user chose; of what is null the default holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OwnWays {
    pub page: Option<bool>,
    pub mail: Option<bool>,
    pub webhook: Option<bool>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OwnChoices {
    pub unassigned: OwnWays,
    pub assigned: OwnWays,
    pub message: OwnWays,
}

impl Choices {
    /// What holds for somebody who chose this.
    pub fn with(&self, own: &OwnChoices) -> Self {
        Self {
            unassigned: self.unassigned.with(own.unassigned),
            assigned: self.assigned.with(own.assigned),
            message: self.message.with(own.message),
        }
    }

    pub fn of(&self, about: About) -> Ways {
        match about {
            About::Unassigned => self.unassigned,
            About::Assigned => self.assigned,
            About::Message => self.message,
            About::OwnerAbsent => Ways { page: true, mail: true, webhook: false },
        }
    }
}

impl Ways {
    fn with(self, own: OwnWays) -> Self {
        Self {
            page: own.page.unwrap_or(self.page),
            mail: own.mail.unwrap_or(self.mail),
            webhook: own.webhook.unwrap_or(self.webhook),
        }
    }

    pub fn any(self) -> bool {
        self.page || self.mail || self.webhook
    }
}

/// Who might take a ticket that is nobody's: its team; without one, those whom its channel's rules reach; where these
/// reach nobody, everybody who works where it belongs.
pub fn who_might_take<'a>(
    ticket: &Ticket,
    rules: impl Iterator<Item = &'a Rule>,
    people: &People,
) -> Vec<UserId> {
    let reads = |user: &&User| user.ticket_access;
    if let Some(team) = ticket.team {
        let team = people.teams.get(&team);
        let members = team.into_iter().flat_map(|team| team.main.iter().chain(&team.extra));
        return sorted(members.filter_map(|user| people.users.get(user)).filter(reads));
    }
    let reached: Vec<UserId> = rules.flat_map(|rule| people.routed(&rule.users, &rule.teams)).collect();
    if !reached.is_empty() {
        return sorted(reached.iter().filter_map(|user| people.users.get(user)).filter(reads));
    }
    let workspace = people.workspace(ticket.inbox);
    let works_there = |user: &&User| workspace.seats(user) && workspace.admits(user.id, people);
    sorted(people.users.values().filter(reads).filter(works_there))
}

fn sorted<'a>(users: impl Iterator<Item = &'a User>) -> Vec<UserId> {
    let mut ids: Vec<UserId> = users.map(|user| user.id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_own_choice_wins_and_what_is_not_chosen_follows_the_default() {
        let ways = |page, mail, webhook| Ways { page, mail, webhook };
        let defaults = Choices { message: ways(true, true, false), ..Choices::default() };
        assert_eq!(defaults.with(&OwnChoices::default()), defaults);
        let own = OwnChoices {
            message: OwnWays { page: Some(false), mail: None, webhook: Some(true) },
            assigned: OwnWays { mail: Some(true), ..OwnWays::default() },
            ..OwnChoices::default()
        };
        let chosen = defaults.with(&own);
        assert_eq!(chosen.of(About::Message), ways(false, true, true));
        assert_eq!(chosen.of(About::Assigned), ways(true, true, false));
        assert_eq!(chosen.of(About::Unassigned), ways(true, false, false));
        let later = Choices { message: ways(true, false, false), ..defaults };
        assert_eq!(later.with(&own).of(About::Message), ways(false, false, true), "the default changed");
        assert!(!ways(false, false, false).any() && ways(false, false, true).any());
    }
}
