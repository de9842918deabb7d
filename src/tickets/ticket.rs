//! A ticket: what is left to do for a customer. Owner and team are two fields (R3).

use super::incoming::Identity;
use crate::routing::{
    ids::{CallId, ChannelId, ContactId, InboxId, TeamId, TicketId, UserId},
    load::{TicketType, Weight},
    zone::Zone,
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub id: TicketId,
    pub kind: TicketType,
    pub status: Status,
    pub owner: Option<UserId>,
    pub team: Option<TeamId>,
    pub call: Option<CallId>,
    pub channel: Option<ChannelId>,
    pub created_at: DateTime<Utc>,
    /// When anything last happened on it.
    pub touched_at: DateTime<Utc>,
    /// When it got its present owner: from here its 30 days count (A23).
    pub assigned_at: Option<DateTime<Utc>>,
    pub closed_at: Option<DateTime<Utc>>,
    /// The day of closing in the account's time zone (R40, A16).
    pub closed_on: Option<NaiveDate>,
    /// The workspace that it belongs to; `None`: the help desk.
    pub inbox: Option<InboxId>,
    pub subject: Option<String>,
    /// Whose it is, as far as they are known.
    pub contact: Option<ContactId>,
    /// Who that is on its channel, and where answers go.
    pub customer: Option<Identity>,
    /// What it says of itself: what a form asked for, what its channel's tickets begin with, what people note.
    pub properties: BTreeMap<String, String>,
}

/// The statuses of the one pipeline that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    New,
    Waiting,
    Closed,
}

impl Status {
    pub fn is_open(self) -> bool {
        self != Self::Closed
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Waiting => "waiting",
            Self::Closed => "closed",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Self::New, Self::Waiting, Self::Closed].into_iter().find(|status| status.name() == name)
    }
}

impl Ticket {
    /// A ticket that nobody owns yet (R1, A10).
    pub fn open(id: TicketId, kind: TicketType, at: DateTime<Utc>) -> Self {
        Self {
            id,
            kind,
            status: Status::New,
            owner: None,
            team: None,
            call: None,
            channel: None,
            created_at: at,
            touched_at: at,
            assigned_at: None,
            closed_at: None,
            closed_on: None,
            inbox: None,
            subject: None,
            contact: None,
            customer: None,
            properties: BTreeMap::new(),
        }
    }

    pub fn touch(&mut self, at: DateTime<Utc>) {
        self.touched_at = at.max(self.touched_at);
    }

    /// Gives it to somebody else. To give it to whom it belongs already changes nothing.
    pub fn assign(&mut self, owner: UserId, at: DateTime<Utc>) {
        if self.owner != Some(owner) {
            self.owner = Some(owner);
            self.assigned_at = Some(at);
        }
    }

    pub fn unassign(&mut self) {
        self.owner = None;
        self.assigned_at = None;
    }

    /// Closing sets the day of closing, again if it was closed (A17); opening clears it (R41).
    pub fn set_status(&mut self, status: Status, at: DateTime<Utc>, account: &Zone) {
        self.status = status;
        self.closed_at = (!status.is_open()).then_some(at);
        self.closed_on = self.closed_at.map(|at| account.local(at).date());
    }

    /// What it weighs on its owner: only an open ticket that is owned weighs anything.
    pub fn weight(&self) -> Option<Weight> {
        let (user, kind, assigned_at) = (self.owner?, self.kind, self.assigned_at?);
        self.status.is_open().then_some(Weight { user, kind, assigned_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::ids::Ids;

    fn ticket() -> (Ticket, UserId) {
        let mut ids = Ids::new(5);
        (Ticket::open(TicketId(ids.next(1)), TicketType::Calling, DateTime::UNIX_EPOCH), UserId(ids.next(1)))
    }

    #[test]
    fn closing_sets_the_day_and_opening_clears_it() {
        let (mut ticket, _) = ticket();
        let at = DateTime::from_timestamp(1_770_000_000, 0).unwrap();
        ticket.set_status(Status::Closed, at, &Zone::utc());
        assert_eq!((ticket.closed_at, ticket.closed_on), (Some(at), NaiveDate::from_ymd_opt(2026, 2, 2)));
        ticket.set_status(Status::New, at, &Zone::utc());
        assert_eq!((ticket.closed_at, ticket.closed_on), (None, None));
    }

    #[test]
    fn only_an_open_owned_ticket_weighs_on_somebody() {
        let (mut ticket, ann) = ticket();
        assert_eq!(ticket.weight(), None);
        let at = DateTime::UNIX_EPOCH;
        ticket.assign(ann, at);
        assert_eq!(ticket.weight(), Some(Weight { user: ann, kind: TicketType::Calling, assigned_at: at }));
        ticket.set_status(Status::Closed, at, &Zone::utc());
        assert_eq!(ticket.weight(), None);
    }
}
