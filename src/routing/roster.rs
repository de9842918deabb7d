//! Whom a rule reaches, in its order, with what seldom changes of each looked up beforehand. It is good until the
//! settings change.

use super::{
    assignment::Rule,
    ids::UserId,
    inboxes::Workspace,
    people::{People, User},
    rows::{Place, Rows},
};
use std::sync::Arc;

#[derive(Debug, Clone, Default)]
pub struct Roster {
    /// Shared with what is written down of each decision.
    pub(super) users: Arc<[UserId]>,
    pub(super) chairs: Vec<Chair>,
    /// How many had a row when places were looked for.
    looked_at: (usize, usize),
}

/// What is known of one user beforehand.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Chair {
    /// They have what it takes, whatever the hour: there is nothing to be looked at in their settings but the capacity.
    pub(super) plain: bool,
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
            let plain = workspace.seats(user)
                && admitted
                && user.ticket_access
                && user.working_hours.is_none()
                && user.out_of_office.is_empty()
                && can_be_rung(user);
            Chair { plain, capacity: user.capacity, admitted, held: None, agent: None }
        };
        let chairs = users.iter().map(chair).collect();
        Self { users, chairs, looked_at: (0, 0) }
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

    /// Whether it is what would be made now, but for the places.
    pub fn is_like(&self, other: &Self) -> bool {
        let settled = |chair: &Chair| (chair.plain, chair.capacity, chair.admitted);
        self.users == other.users && self.chairs.iter().map(settled).eq(other.chairs.iter().map(settled))
    }
}
