//! Is this user there? By hand, by out-of-office times, by working hours (R13), by what their telephone says.

use super::eligibility::Objection;
use super::people::User;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What a user last said of themselves. It outlives sockets and restarts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ByHand {
    #[default]
    Available,
    Away {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Back by themselves at this instant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
    },
}

impl ByHand {
    pub fn is_available(&self, at: DateTime<Utc>) -> bool {
        match self {
            Self::Available => true,
            Self::Away { until, .. } => until.is_some_and(|until| until <= at),
        }
    }
}

/// Why this user counts as away at `at`, if they do. Out of office beats what was set by hand, which beats
/// working hours. A time out of office is half-open: it holds at its first millisecond and no longer at its end.
pub fn away(user: &User, by_hand: &ByHand, at: DateTime<Utc>) -> Option<Objection> {
    if let Some(absence) = user.out_of_office.iter().find(|o| o.from <= at && at < o.until) {
        return Some(Objection::OutOfOffice { until: absence.until });
    }
    if let ByHand::Away { reason, until } = by_hand
        && !by_hand.is_available(at)
    {
        return Some(Objection::Away { reason: reason.clone(), until: *until });
    }
    let outside = user.working_hours.as_ref().is_some_and(|hours| !hours.open_at(user.zone.local(at)));
    outside.then_some(Objection::OutsideWorkingHours)
}

/// What an agent's softphone says of the telephone behind it. A socket is not a telephone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Phone {
    pub connected: bool,
    pub registered: bool,
    pub microphone: bool,
    /// False after a leg that could not be reached, until the telephone registers again.
    pub reachable: bool,
}

impl Phone {
    /// In order, and what a preview at another instant assumes.
    pub const WORKING: Self = Self { connected: true, registered: true, microphone: true, reachable: true };
    pub const GONE: Self = Self { connected: false, ..Self::WORKING };

    pub fn objection(self) -> Option<Objection> {
        self.hindrance().cloned()
    }

    /// The same, not one's own.
    pub fn hindrance(self) -> Option<&'static Objection> {
        match self {
            Self { connected: false, .. } => Some(&Objection::NotConnected),
            Self { registered: false, .. } => Some(&Objection::NotRegistered),
            Self { microphone: false, .. } => Some(&Objection::NoMicrophone),
            Self { reachable: false, .. } => Some(&Objection::Unreachable),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        hours::Weekly,
        ids::{Ids, UserId},
        people::{OutOfOffice, Reach, Role},
        zone::Zone,
    };
    use super::*;
    use serde_json::json;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn user() -> User {
        User {
            id: UserId(Ids::new(1).next(1)),
            name: "Ann".into(),
            email: "ann@example.org".into(),
            role: Role::Agent,
            seats: vec![],
            ticket_access: true,
            zone: Zone::bundled("Europe/Vienna"),
            working_hours: None,
            out_of_office: vec![],
            capacity: None,
            skills: vec![],
            reach: Reach::Client("ann".into()),
        }
    }

    fn away_by_hand(until: Option<&str>) -> ByHand {
        ByHand::Away { reason: None, until: until.map(instant) }
    }

    #[test]
    fn a_time_out_of_office_holds_from_its_first_millisecond_and_not_at_its_end() {
        let out =
            OutOfOffice { from: instant("2026-06-05T08:00:00Z"), until: instant("2026-06-05T09:00:00Z") };
        let user = User { out_of_office: vec![out.clone()], ..user() };
        let table = [
            ("2026-06-05T07:59:59.999Z", false),
            ("2026-06-05T08:00:00Z", true),
            ("2026-06-05T08:59:59.999Z", true),
            ("2026-06-05T09:00:00Z", false),
        ];
        for (at, is_away) in table {
            let expected = is_away.then_some(Objection::OutOfOffice { until: out.until });
            assert_eq!(away(&user, &ByHand::Available, instant(at)), expected, "{at}");
        }
    }

    #[test]
    fn away_by_hand_ends_by_itself_at_its_time_and_without_one_never() {
        let noon = "2026-06-05T12:00:00Z";
        let table = [
            (away_by_hand(Some(noon)), "2026-06-05T11:59:59.999Z", true),
            (away_by_hand(Some(noon)), noon, false),
            (away_by_hand(None), "2099-01-01T00:00:00Z", true),
            (ByHand::Available, noon, false),
        ];
        for (by_hand, at, is_away) in table {
            assert_eq!(away(&user(), &by_hand, instant(at)).is_some(), is_away, "{by_hand:?} at {at}");
        }
    }

    /// On Friday from ten in the evening until three, in Vienna, which is two hours ahead of UTC in June.
    #[test]
    fn a_shift_across_midnight_is_judged_in_the_users_own_time() {
        let hours = Weekly::from_json(&json!({"fri": [["22:00", "03:00"]]})).expect("weekly hours");
        let user = User { working_hours: Some(hours), ..user() };
        let table = [
            ("2026-06-05T19:59:59.999Z", false),
            ("2026-06-05T20:00:00Z", true),
            ("2026-06-06T00:59:59.999Z", true),
            ("2026-06-06T01:00:00Z", false),
            ("2026-06-06T20:00:00Z", false),
        ];
        for (at, works) in table {
            let expected = (!works).then_some(Objection::OutsideWorkingHours);
            assert_eq!(away(&user, &ByHand::Available, instant(at)), expected, "{at}");
        }
    }

    #[test]
    fn nobody_works_by_an_empty_schedule() {
        let user = User { working_hours: Some(Weekly::default()), ..user() };
        let at = instant("2026-06-05T10:00:00Z");
        assert_eq!(away(&user, &ByHand::Available, at), Some(Objection::OutsideWorkingHours));
    }

    #[test]
    fn a_telephone_has_one_objection_at_a_time() {
        let none = Phone { connected: false, registered: false, microphone: false, reachable: false };
        let connected = Phone { connected: true, ..none };
        let registered = Phone { registered: true, ..connected };
        let speaking = Phone { microphone: true, ..registered };
        assert_eq!(none.objection(), Some(Objection::NotConnected));
        assert_eq!(connected.objection(), Some(Objection::NotRegistered));
        assert_eq!(registered.objection(), Some(Objection::NoMicrophone));
        assert_eq!(speaking.objection(), Some(Objection::Unreachable));
        assert_eq!(Phone::WORKING.objection(), None);
        assert_eq!(Phone::GONE.objection(), Some(Objection::NotConnected));
    }
}
