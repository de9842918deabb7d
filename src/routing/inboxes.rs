//! Workspaces: the help desk, and inboxes beside it. What somebody needs to be given work in each (R7, R11).

use super::{
    ids::{InboxId, TeamId, UserId},
    people::{People, Seat, User},
};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// A workspace beside the help desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbox {
    pub id: InboxId,
    pub name: String,
    /// Who works in it; `None`: everybody.
    pub only: Option<Access>,
}

/// Users, and the main and extra members of teams (R6).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Access {
    #[schema(max_items = 1000)]
    pub users: Vec<UserId>,
    #[schema(max_items = 1000)]
    pub teams: Vec<TeamId>,
}

impl Inbox {
    pub fn admits(&self, user: UserId, people: &People) -> bool {
        let Some(Access { users, teams }) = &self.only else { return true };
        let of_team = |id: &TeamId| people.teams.get(id).is_some_and(|team| team.has(user));
        users.contains(&user) || teams.iter().any(of_team)
    }

    /// Whether one of this team may be given its work.
    pub fn admits_team(&self, team: TeamId) -> bool {
        self.only.as_ref().is_none_or(|only| only.teams.contains(&team))
    }
}

/// Where something is worked on.
#[derive(Debug, Clone, Copy, Default)]
pub enum Workspace<'a> {
    #[default]
    HelpDesk,
    Inbox(&'a Inbox),
    /// An inbox that is gone: nobody works in it.
    Gone,
}

impl People {
    pub fn workspace(&self, inbox: Option<InboxId>) -> Workspace<'_> {
        match inbox {
            None => Workspace::HelpDesk,
            Some(id) => self.inboxes.get(&id).map_or(Workspace::Gone, Workspace::Inbox),
        }
    }
}

impl Workspace<'_> {
    /// The help desk needs a service seat, an inbox a sales or a service seat.
    pub fn seats(self, user: &User) -> bool {
        match self {
            Self::HelpDesk => user.has_seat(Seat::Service),
            Self::Inbox(_) | Self::Gone => user.has_seat(Seat::Service) || user.has_seat(Seat::Sales),
        }
    }

    /// Everybody who works there; `None`: whoever there is.
    pub(super) fn members(self, people: &People) -> Option<HashSet<UserId>> {
        let only = match self {
            Self::HelpDesk => return None,
            Self::Inbox(inbox) => inbox.only.as_ref()?,
            Self::Gone => return Some(HashSet::new()),
        };
        let teams = only.teams.iter().filter_map(|team| people.teams.get(team));
        let of_teams = teams.flat_map(|team| team.main.iter().chain(&team.extra));
        Some(only.users.iter().chain(of_teams).copied().collect())
    }

    pub fn admits(self, user: UserId, people: &People) -> bool {
        match self {
            Self::HelpDesk => true,
            Self::Inbox(inbox) => inbox.admits(user, people),
            Self::Gone => false,
        }
    }
}
