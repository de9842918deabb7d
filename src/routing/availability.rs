//! Is this user there? By hand, by out-of-office times, by working hours (R13), by what their telephone says.

use super::eligibility::Objection;
use super::people::User;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What a user last said of themselves. It outlives sockets and restarts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
        match self {
            Self { connected: false, .. } => Some(Objection::NotConnected),
            Self { registered: false, .. } => Some(Objection::NotRegistered),
            Self { microphone: false, .. } => Some(Objection::NoMicrophone),
            Self { reachable: false, .. } => Some(Objection::Unreachable),
            _ => None,
        }
    }
}
