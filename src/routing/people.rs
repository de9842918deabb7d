//! Who there is: users, their seats and teams. What they do at the moment is not here.

use super::{
    hours::Weekly,
    ids::{ById, IdHasher, InboxId, SkillId, TeamId, UserId},
    inboxes::Inbox,
    skills::{Known, Skill},
    zone::Zone,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    hash::BuildHasherDefault,
};

/// What a user is allowed to do besides taking calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Agent,
    Supervisor,
    Admin,
}

/// A paid place. Routing in the help desk needs a service seat (R7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Seat {
    Service,
    Sales,
}

/// Where an agent's voice is: the leg that is rung once they have accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// A browser or app, by its identity at the telephone company.
    Client(String),
    /// A SIP address.
    Sip(String),
    /// A telephone number in E.164.
    Number(String),
}

/// A time away that is entered ahead: from `from` up to, but not including, `until`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OutOfOffice {
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

#[derive(Debug, Clone, Serialize)]
pub struct User {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub seats: Vec<Seat>,
    pub ticket_access: bool,
    #[serde(rename = "time_zone")]
    pub zone: Zone,
    /// `None`: available or away by hand only.
    pub working_hours: Option<Weekly>,
    pub out_of_office: Vec<OutOfOffice>,
    /// How many open tickets of a type stop automatic routing; `None`: no limit.
    pub capacity: Option<u32>,
    pub skills: Vec<Known>,
    pub reach: Reach,
}

impl User {
    pub fn has_seat(&self, seat: Seat) -> bool {
        self.seats.contains(&seat)
    }
}

/// A team. A rule that names it reaches its main members only (R10).
#[derive(Debug, Clone, Serialize)]
pub struct Team {
    pub id: TeamId,
    pub name: String,
    pub main: Vec<UserId>,
    pub extra: Vec<UserId>,
}

impl Team {
    pub fn has(&self, user: UserId) -> bool {
        self.main.contains(&user) || self.extra.contains(&user)
    }
}

#[derive(Debug, Clone, Default)]
pub struct People {
    pub users: ById<UserId, User>,
    pub teams: HashMap<TeamId, Team>,
    pub inboxes: BTreeMap<InboxId, Inbox>,
    pub skills: BTreeMap<SkillId, Skill>,
}

impl People {
    /// The users that a rule reaches, each once: those it names, then its teams' main members, as listed.
    pub fn routed(&self, users: &[UserId], teams: &[TeamId]) -> Vec<UserId> {
        let main = teams.iter().filter_map(|id| self.teams.get(id)).flat_map(|team| &team.main);
        let mut seen =
            HashSet::with_capacity_and_hasher(users.len(), BuildHasherDefault::<IdHasher>::default());
        let mut routed = Vec::with_capacity(users.len());
        routed.extend(users.iter().chain(main).copied().filter(|id| seen.insert(*id)));
        routed
    }
}

/// Who must have a second factor to sign in to the pages. Whoever has one is always asked for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactorFor {
    #[default]
    Nobody,
    Admins,
    Everybody,
}

impl SecondFactorFor {
    pub fn asks(self, role: Role) -> bool {
        match self {
            Self::Nobody => false,
            Self::Admins => role == Role::Admin,
            Self::Everybody => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ids::Ids;
    use super::*;

    #[test]
    fn a_rule_reaches_its_users_then_its_teams_main_members_each_once() {
        let mut ids = Ids::new(1);
        let users: Vec<UserId> = (0..6).map(|_| UserId(ids.next(1))).collect();
        let [ann, ben, cem, dag, eva, fay] = users[..] else { panic!("six users") };
        let mut team = |main: &[UserId], extra: &[UserId]| {
            let (main, extra) = (main.to_vec(), extra.to_vec());
            Team { id: TeamId(ids.next(1)), name: "Team".into(), main, extra }
        };
        let (one, two, unknown) = (team(&[cem, ann], &[fay]), team(&[dag, cem, eva], &[]), team(&[], &[]).id);
        let rule = ([ben, ann, ben], [two.id, unknown, one.id]);
        let people = People {
            users: ById::default(),
            teams: [one, two].into_iter().map(|team| (team.id, team)).collect(),
            ..People::default()
        };
        assert_eq!(people.routed(&rule.0, &rule.1), [ben, ann, dag, cem, eva]);
        assert_eq!(people.routed(&[], &[]), []);
    }
}
