//! Whom a rule reaches, in its order, with what seldom changes of each looked up beforehand. It is good until the
//! settings change.

use super::{
    assignment::Rule,
    ids::UserId,
    inboxes::Workspace,
    people::{People, User},
    rows::{Place, Rows},
};
use chrono::{DateTime, Utc};
use std::sync::Arc;

#[derive(Debug, Clone, Default)]
pub struct Roster {
    /// Shared with what is written down of each decision.
    pub(super) users: Arc<[UserId]>,
    pub(super) chairs: Vec<Chair>,
    /// How many had a row when places were looked for.
    looked_at: (usize, usize),
    /// Who is at work was looked at in this minute.
    minute: Option<i64>,
}

/// What is known of one user beforehand.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Chair {
    /// They have what it takes, whatever the hour: there is nothing to be looked at in their settings but the capacity.
    pub(super) plain: bool,
    /// They would, but for their working hours.
    timed: bool,
    pub(super) capacity: Option<u32>,
    /// They work in the workspace.
    pub(super) admitted: bool,
    /// Where their load is.
    pub(super) held: Option<Place>,
    /// Where that is what they do at the moment.
    pub agent: Option<Place>,
}

impl Roster {
    /// `can_be_rung`: by whoever asks. Somebody who can't be is looked at in full.
    pub fn new(
        rule: &Rule,
        people: &People,
        workspace: Workspace<'_>,
        can_be_rung: impl Fn(&User) -> bool,
    ) -> Self {
        let members = workspace.members(people);
        let users: Arc<[UserId]> = people.routed(&rule.users, &rule.teams).into();
        let chair = |user: &UserId| {
            let Some(user) = people.users.get(user) else { return Chair::default() };
            let admitted = members.as_ref().is_none_or(|members| members.contains(&user.id));
            let settled = workspace.seats(user)
                && admitted
                && user.ticket_access
                && user.out_of_office.is_empty()
                && can_be_rung(user);
            let timed = settled && user.working_hours.is_some();
            Chair {
                plain: settled && !timed,
                timed,
                capacity: user.capacity,
                admitted,
                held: None,
                agent: None,
            }
        };
        let chairs = users.iter().map(chair).collect();
        Self { users, chairs, looked_at: (0, 0), minute: None }
    }

    /// In the order of the rule.
    pub fn users(&self) -> &[UserId] {
        &self.users
    }

    /// Notes where everybody's rows are. Until somebody has a row, they are searched for each time.
    pub fn find_places<H: Default, A: Default>(&mut self, held: &Rows<H>, agents: &Rows<A>) {
        let grew = |before: usize, now: usize| now > before + before / 16;
        if !grew(self.looked_at.0, held.len()) && !grew(self.looked_at.1, agents.len()) {
            return;
        }
        self.looked_at = (held.len(), agents.len());
        for (user, chair) in self.users.iter().zip(&mut self.chairs) {
            (chair.held, chair.agent) = (held.place(*user), agents.place(*user));
        }
    }

    /// Whoever works at this minute is plain during it: working hours begin and end with minutes. It is good for no other.
    pub fn look_at_clock(&mut self, people: &People, at: DateTime<Utc>) {
        let minute = at.timestamp().div_euclid(60);
        if self.minute.replace(minute) == Some(minute) {
            return;
        }
        for (user, chair) in self.users.iter().zip(&mut self.chairs).filter(|(_, chair)| chair.timed) {
            let user = people.users.get(user);
            let hours = user.and_then(|user| Some((user.working_hours.as_ref()?, &user.zone)));
            chair.plain = hours.is_some_and(|(hours, zone)| hours.open_at(zone.local(at)));
        }
    }

    /// Whether it is what would be made now, but for the places and the clock.
    pub fn is_like(&self, other: &Self) -> bool {
        let settled =
            |chair: &Chair| (chair.plain || chair.timed, chair.timed, chair.capacity, chair.admitted);
        self.users == other.users && self.chairs.iter().map(settled).eq(other.chairs.iter().map(settled))
    }
}
