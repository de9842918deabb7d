//! May this user be given this call or ticket? If not, exactly one objection says why.

use super::{
    availability::{self, ByHand, Phone},
    ids::SkillId,
    inboxes::Workspace,
    people::User,
    skills::Wanted,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Why a user was passed over. The first that holds, in the order of this list, is the one that is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "arguments", rename_all = "snake_case")]
pub enum Objection {
    NoSeat,
    /// Of an inbox.
    NoSalesOrServiceSeat,
    NoTicketAccess,
    NoInboxAccess,
    LacksSkill {
        skill: SkillId,
        name: String,
        level: Option<u8>,
    },
    OutOfOffice {
        until: DateTime<Utc>,
    },
    Away {
        reason: Option<String>,
        until: Option<DateTime<Utc>>,
    },
    OutsideWorkingHours,
    AtCapacity {
        open: u32,
        capacity: u32,
    },
    NotConnected,
    NotRegistered,
    NoMicrophone,
    /// The last leg to them failed, and their telephone has not registered since.
    Unreachable,
    /// The telephone company of this call can't ring their telephone.
    NotRungHere,
    /// They declined this call.
    Declined,
    /// The connection of this call to them failed.
    ConnectionFailed,
    Connecting,
    OnCall,
    WrappingUp,
    /// Rung for another call, under a strategy that rings one agent at a time.
    BeingOffered,
}

impl Objection {
    /// Busy, not absent: waiting for them makes sense (A13).
    pub fn is_merely_busy(&self) -> bool {
        matches!(self, Self::Connecting | Self::OnCall | Self::WrappingUp | Self::BeingOffered)
    }

    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSeat => "no_seat",
            Self::NoSalesOrServiceSeat => "no_sales_or_service_seat",
            Self::NoTicketAccess => "no_ticket_access",
            Self::NoInboxAccess => "no_inbox_access",
            Self::LacksSkill { .. } => "lacks_skill",
            Self::OutOfOffice { .. } => "out_of_office",
            Self::Away { .. } => "away",
            Self::OutsideWorkingHours => "outside_working_hours",
            Self::AtCapacity { .. } => "at_capacity",
            Self::NotConnected => "not_connected",
            Self::NotRegistered => "not_registered",
            Self::NoMicrophone => "no_microphone",
            Self::Unreachable => "unreachable",
            Self::NotRungHere => "not_rung_here",
            Self::Declined => "declined",
            Self::ConnectionFailed => "connection_failed",
            Self::Connecting => "connecting",
            Self::OnCall => "on_call",
            Self::WrappingUp => "wrapping_up",
            Self::BeingOffered => "being_offered",
        }
    }
}

/// What a user does at the moment, as far as it matters for one call or ticket.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    pub by_hand: &'a ByHand,
    pub phone: Phone,
    /// What keeps them from this very call or ticket: busy with another, or not wanted on this one.
    pub hindrance: Option<&'a Objection>,
}

impl Standing<'static> {
    /// Schedules alone count: what a preview of another instant assumes.
    pub const BY_SCHEDULE: Self =
        Self { by_hand: &ByHand::Available, phone: Phone::WORKING, hindrance: None };
}

/// What it takes to be given something.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    pub workspace: Workspace<'a>,
    /// Whoever is away is passed over (R14, R16).
    pub only_available: bool,
    /// Whoever lacks one of these is passed over (R28).
    pub skills: &'a [Wanted],
}

impl<'a> Terms<'a> {
    /// Of a call.
    pub fn call(workspace: Workspace<'a>) -> Self {
        Self { workspace, only_available: true, skills: &[] }
    }
}

/// The objection against giving `user` one more ticket of a type of which they hold `open`. `admitted`: they work in the
/// workspace.
pub fn objection(
    user: &User,
    admitted: bool,
    terms: Terms<'_>,
    standing: Standing<'_>,
    open: u32,
    at: DateTime<Utc>,
) -> Option<Objection> {
    if !terms.workspace.seats(user) {
        return Some(match terms.workspace {
            Workspace::HelpDesk => Objection::NoSeat,
            Workspace::Inbox(_) | Workspace::Gone => Objection::NoSalesOrServiceSeat,
        });
    }
    if !user.ticket_access {
        return Some(Objection::NoTicketAccess);
    }
    if !admitted {
        return Some(Objection::NoInboxAccess);
    }
    let lacked = terms.skills.iter().find(|wanted| !user.knows(wanted.skill, wanted.level));
    if let Some(Wanted { skill, name, level }) = lacked {
        return Some(Objection::LacksSkill { skill: *skill, name: name.clone(), level: *level });
    }
    let away = || availability::away(user, standing.by_hand, at);
    terms
        .only_available
        .then(away)
        .flatten()
        .or_else(|| at_capacity(user.capacity, open))
        .or_else(|| standing.phone.objection())
        .or_else(|| standing.hindrance.cloned())
}

pub(super) fn at_capacity(capacity: Option<u32>, open: u32) -> Option<Objection> {
    let capacity = capacity?;
    (open >= capacity).then_some(Objection::AtCapacity { open, capacity })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::{
        hours::Weekly,
        ids::{Ids, UserId},
        people::{OutOfOffice, Reach, Role, Seat},
        zone::Zone,
    };

    const HINDRANCES: [Objection; 6] = [
        Objection::Declined,
        Objection::ConnectionFailed,
        Objection::Connecting,
        Objection::OnCall,
        Objection::WrappingUp,
        Objection::BeingOffered,
    ];

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000, 0).expect("an instant")
    }

    fn user() -> User {
        User {
            id: UserId(Ids::new(1).next(1)),
            name: "Ann".into(),
            email: "ann@example.org".into(),
            role: Role::Agent,
            seats: vec![Seat::Sales, Seat::Service],
            ticket_access: true,
            zone: Zone::utc(),
            working_hours: None,
            out_of_office: vec![],
            capacity: Some(3),
            skills: vec![],
            reach: Reach::Client("ann".into()),
        }
    }

    fn code(user: &User, by_hand: &ByHand, phone: Phone, hindrance: Option<&Objection>, open: u32) -> String {
        let objection = {
            let standing = Standing { by_hand, phone, hindrance };
            objection(user, true, Terms::call(Workspace::HelpDesk), standing, open, now())
        };
        objection.map_or("none".into(), |objection| objection.code().into())
    }

    /// Everything that can be held against a user, in the order in which it is told.
    #[test]
    fn of_several_objections_the_first_in_the_list_is_told() {
        let codes = [
            "no_seat",
            "no_ticket_access",
            "out_of_office",
            "away",
            "outside_working_hours",
            "at_capacity",
            "not_connected",
            "not_registered",
            "no_microphone",
            "unreachable",
            "on_call",
        ];
        let told = |holds: &dyn Fn(usize) -> bool| {
            let mut user = user();
            if holds(0) {
                user.seats = vec![Seat::Sales];
            }
            user.ticket_access = !holds(1);
            if holds(2) {
                user.out_of_office = vec![OutOfOffice { from: now(), until: DateTime::<Utc>::MAX_UTC }];
            }
            let away = ByHand::Away { reason: Some("lunch".into()), until: None };
            let by_hand = if holds(3) { away } else { ByHand::Available };
            user.working_hours = holds(4).then(Weekly::default);
            let phone = Phone {
                connected: !holds(6),
                registered: !holds(7),
                microphone: !holds(8),
                reachable: !holds(9),
            };
            let hindrance = holds(10).then_some(&Objection::OnCall);
            code(&user, &by_hand, phone, hindrance, if holds(5) { 3 } else { 2 })
        };
        for (index, code) in codes.iter().enumerate() {
            assert_eq!(told(&|n| n == index), *code, "alone");
            assert_eq!(told(&|n| n >= index), *code, "with all that come after it");
        }
        assert_eq!(told(&|_| false), "none");
    }

    #[test]
    fn what_keeps_them_from_this_very_call_is_told_as_it_is() {
        for hindrance in HINDRANCES {
            let code = code(&user(), &ByHand::Available, Phone::WORKING, Some(&hindrance), 0);
            assert_eq!(code, hindrance.code());
        }
    }

    #[test]
    fn only_who_is_busy_is_worth_waiting_for() {
        let busy = HINDRANCES.iter().filter(|hindrance| hindrance.is_merely_busy());
        let codes: Vec<_> = busy.map(Objection::code).collect();
        assert_eq!(codes, ["connecting", "on_call", "wrapping_up", "being_offered"]);
        assert!(!Objection::NotConnected.is_merely_busy());
    }

    #[test]
    fn a_capacity_is_how_many_they_may_have_and_none_is_no_limit() {
        let table = [
            (Some(3), 2, "none"),
            (Some(3), 3, "at_capacity"),
            (Some(0), 0, "at_capacity"),
            (None, 999, "none"),
        ];
        for (capacity, open, expected) in table {
            let user = User { capacity, ..user() };
            let code = code(&user, &ByHand::Available, Phone::WORKING, None, open);
            assert_eq!(code, expected, "{open} of {capacity:?}");
        }
    }

    #[test]
    fn schedules_alone_need_no_telephone() {
        let terms = Terms::call(Workspace::HelpDesk);
        assert_eq!(objection(&user(), true, terms, Standing::BY_SCHEDULE, 0, now()), None);
    }
}
