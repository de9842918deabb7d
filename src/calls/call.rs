//! One call: what is true of it, state by state.

use super::{channel::Slot, time::Steady, transfer::Outside};
use crate::routing::{
    eligibility::Objection,
    ids::{CallId, ChannelId, OfferId, TicketId, UserId},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{cmp::Reverse, collections::BTreeMap, fmt};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub id: CallId,
    pub channel: ChannelId,
    pub provider: String,
    pub provider_call_id: String,
    pub from: Caller,
    pub to: String,
    pub ticket: TicketId,
    /// The ticket is of another call too (D15): what this one comes to does not take it from anybody.
    #[serde(default)]
    pub shares_ticket: bool,
    pub arrived_at: DateTime<Utc>,
    pub arrived: Steady,
    /// Callers whose agent was lost go before all others.
    pub in_front: bool,
    /// Callers of more go before callers of less.
    #[serde(default)]
    pub priority: u8,
    /// The caller hung up before anybody could be expected to answer.
    #[serde(default)]
    pub gone_at_once: bool,
    pub state: State,
    /// The agents who are being rung for it now.
    pub offers: Vec<Offer>,
    /// Agents who are not rung for it again, and why.
    pub excluded: BTreeMap<UserId, Objection>,
    /// Handed on to these: nobody else is rung for it.
    #[serde(default)]
    pub only: Option<Vec<UserId>>,
    /// How often each agent was rung for it.
    pub rung: BTreeMap<UserId, u32>,
    /// How many connections were tried; the number of the latest.
    pub attempt: u32,
    /// Whoever's leg came up first.
    pub answered_by: Option<UserId>,
    /// What is left of the time to ring while it doesn't, in milliseconds.
    pub ring_left_ms: i64,
    /// What is left of the time to wait while it doesn't, in milliseconds.
    pub wait_left_ms: i64,
    /// The caller is owed an apology with the next answer.
    pub apology_due: bool,
    /// Something was played to the caller, or somebody talked with them: the call costs them, and can be redirected.
    #[serde(default = "yes")]
    pub is_answered: bool,
    /// The caller was told what they are told before it rings.
    #[serde(default)]
    pub announced: bool,
    /// When to ask the telephone company whether the caller is still there.
    pub check_at: Steady,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Agents are rung, or are about to be.
    Ringing {
        until: Steady,
    },
    /// The telephone company rings the devices of those to whom it is offered.
    Dialling(Dialling),
    /// In line: every eligible agent is busy.
    Waiting {
        until: Steady,
    },
    /// An agent accepted; their leg is not up yet.
    Connecting(Connection),
    Talking(Talk),
    /// Handed on to a telephone outside.
    Outside(Outside),
    Voicemail(Voicemail),
    Ended {
        outcome: Outcome,
        at: DateTime<Utc>,
    },
}

/// The devices of some agents ring, all at once, by one dial of the caller's side. Whom it rings is who has an offer;
/// nobody can be added, or told to stop, before it is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dialling {
    /// How long the telephone company lets them ring.
    pub until: Steady,
    /// When the caller's time to ring is over.
    pub ring_until: Steady,
    /// When it is asked what became of it, as nothing was heard.
    pub deadline: Steady,
    /// Nobody else was rung.
    pub alone: bool,
    /// Somebody, or something, picked up this agent's ordinary telephone.
    pub picked_up: Option<UserId>,
    /// A device came up, but its document was not asked for yet.
    pub came_up: Option<OfferId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    pub agent: UserId,
    /// The one that they accepted.
    pub offer: Offer,
    /// When the leg's state is asked for, as nothing was heard.
    pub deadline: Steady,
    pub delivery: Delivery,
    /// A sign of the leg was seen; whether it rang.
    pub leg: Option<Leg>,
    /// The agent is at an ordinary telephone and talks only after pressing 1.
    #[serde(default)]
    pub presses_key: bool,
    /// The agent has hung up; the telephone company is being asked whether there was anything to hang up.
    #[serde(default)]
    pub hung_up: bool,
}

/// A sign of the leg to the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leg {
    Started,
    Ringing,
}

/// How the connect document gets to the caller's side: by cutting in, or by the next poll, never both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Delivery {
    /// The request to cut in is under way since then, or was answered well.
    CuttingIn { since: Steady },
    /// Nobody knows whether the cut-in took effect; at `retry_at` it is tried again unless a sign came.
    Unknown { retry_at: Steady },
    /// The cut-in failed for certain. The next poll delivers.
    NextPoll,
    /// It went out with the answer to a poll, or to the cut-in's own request.
    Given { at: Steady },
    /// The leg showed itself: the cut-in took effect.
    Seen,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Talk {
    pub agent: UserId,
    pub since: DateTime<Utc>,
    /// The agent's leg ended at this time; what the caller's side says of it is awaited until `until`.
    pub leg_over_until: Option<Steady>,
    /// The agent took it at a device that rang by itself, for this offer.
    #[serde(default)]
    pub device: Option<OfferId>,
    /// Nobody answered the call before.
    #[serde(default)]
    pub is_first: bool,
    /// No connection lasts longer.
    #[serde(default = "at_the_start")]
    pub until: Steady,
}

/// A limit that was not stored: it is clamped to the longest at the start.
pub(super) fn at_the_start() -> Steady {
    Steady(i64::MAX)
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Voicemail {
    pub slot: Slot,
    /// The caller's side has asked, and was told to play the greeting. Where it is not stored it is taken to be so: who is
    /// brought back in the midst of their message loses it.
    #[serde(default = "yes")]
    pub greeted: bool,
    pub message: Message,
    /// Silences so far; after the first the caller is asked once more.
    pub silences: u32,
    /// The caller is gone; what they left is awaited.
    pub caller_gone: bool,
    /// When to ask the telephone company for recordings.
    pub look_at: Option<Steady>,
    pub looks: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
pub enum Message {
    NotYet,
    /// Recorded, but not ready to be fetched.
    Left {
        recording: Recording,
    },
    /// Being fetched.
    Keeping {
        recording: Recording,
    },
}

/// A recording at the telephone company, by its id there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    pub id: String,
    /// As the telephone company says.
    pub seconds: u32,
}

/// Where a call stands in line; the least is served first.
pub(super) type Place = (bool, Reverse<u8>, CallId);

/// How a call ended (contract: *answered* = an agent's leg came up; *voicemail* = a message that is not empty is kept).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Answered,
    Voicemail,
    Abandoned,
    Rejected,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Voicemail => "voicemail",
            Self::Abandoned => "abandoned",
            Self::Rejected => "rejected",
        }
    }
}

/// One agent being rung for one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    pub id: OfferId,
    pub agent: UserId,
    pub since: Steady,
    pub until: Steady,
    pub at: DateTime<Utc>,
    /// Their device rings by itself; no softphone is told.
    #[serde(default)]
    pub by_device: bool,
}

/// Why an offer ended. Every offer ends with exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// The agent accepted and has the call.
    Won,
    /// Another agent was quicker.
    Taken {
        by: UserId,
    },
    Declined,
    /// Rung alone, for as long as one agent is rung.
    Missed,
    /// Rung to the end, together with others or for the last moment only.
    Expired,
    CallerHungUp,
    /// The agent took another call, went away, or lost their telephone.
    Withdrawn,
    /// Won, but the leg did not come up.
    ConnectionFailed,
}

impl Cause {
    pub fn name(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::Taken { .. } => "taken",
            Self::Declined => "declined",
            Self::Missed => "missed",
            Self::Expired => "expired",
            Self::CallerHungUp => "caller_hung_up",
            Self::Withdrawn => "withdrawn",
            Self::ConnectionFailed => "connection_failed",
        }
    }
}

/// Who calls. A withheld number is a normal caller who is nobody we know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Caller {
    /// A number in E.164, a SIP address or a client's name, as the telephone company gives it.
    Known(String),
    Withheld,
}

impl From<String> for Caller {
    /// The ways in which telephone companies say that the number is withheld all mean the same. The numbers are these
    /// words on a telephone's keys.
    fn from(text: String) -> Self {
        const WITHHELD: [&str; 12] = [
            "",
            "anonymous",
            "restricted",
            "unknown",
            "unavailable",
            "private",
            "blocked",
            "+266696687",
            "+7378742833",
            "+8656696",
            "+86282452253",
            "+2562533",
        ];
        let plain = text.trim().to_ascii_lowercase();
        if WITHHELD.contains(&plain.as_str()) { Self::Withheld } else { Self::Known(text) }
    }
}

impl Caller {
    /// By which they may be known. A withheld number is nobody's.
    pub fn number(&self) -> Option<&str> {
        match self {
            Self::Known(number) => Some(number),
            Self::Withheld => None,
        }
    }
}

impl From<Caller> for String {
    fn from(caller: Caller) -> Self {
        caller.to_string()
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(text) => f.write_str(text),
            Self::Withheld => f.write_str("anonymous"),
        }
    }
}

impl Call {
    /// In line for an agent: ringing or waiting.
    pub fn is_in_line(&self) -> bool {
        matches!(self.state, State::Ringing { .. } | State::Waiting { .. })
    }

    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Ended { .. })
    }

    /// Where it stands in line: those in front first, then by priority, then by arrival (ids rise).
    pub(super) fn place(&self) -> Place {
        (!self.in_front, Reverse(self.priority), self.id)
    }

    pub fn offer_to(&self, agent: UserId) -> Option<&Offer> {
        self.offers.iter().find(|offer| offer.agent == agent)
    }

    /// The agent who is being connected or talks.
    pub fn agent(&self) -> Option<UserId> {
        match &self.state {
            State::Connecting(connection) => Some(connection.agent),
            State::Talking(talk) => Some(talk.agent),
            _ => None,
        }
    }

    pub fn state_name(&self) -> &'static str {
        match self.state {
            State::Ringing { .. } | State::Dialling(_) => "ringing",
            State::Waiting { .. } => "waiting",
            State::Connecting(_) => "connecting",
            State::Talking(_) | State::Outside(_) => "talking",
            State::Voicemail(_) => "voicemail",
            State::Ended { .. } => "ended",
        }
    }

    /// When something has to be done about it, if nothing happens before.
    pub(super) fn deadline(&self) -> Option<Steady> {
        let own = match &self.state {
            State::Ringing { until } => {
                let offers = self.offers.iter().map(|offer| offer.until).min();
                Some(offers.map_or(*until, |first| first.min(*until)))
            }
            State::Dialling(dialling) => Some(dialling.deadline),
            State::Waiting { until } => Some(*until),
            State::Connecting(Connection { delivery: Delivery::Unknown { retry_at }, deadline, .. }) => {
                Some(*retry_at.min(deadline))
            }
            State::Connecting(connection) => Some(connection.deadline),
            State::Talking(talk) => Some(talk.leg_over_until.map_or(talk.until, |over| over.min(talk.until))),
            State::Outside(outside) => Some(outside.until),
            State::Voicemail(voicemail) => voicemail.look_at,
            State::Ended { .. } => return None,
        };
        Some(own.map_or(self.check_at, |own| own.min(self.check_at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_it_is_said_a_withheld_number_is_nobody_and_anything_else_is_kept_as_it_is() {
        for text in [
            "",
            " ",
            "anonymous",
            "Anonymous",
            "RESTRICTED",
            "unknown",
            "+266696687",
            "+2562533",
            " Private ",
        ] {
            assert_eq!(Caller::from(text.to_owned()), Caller::Withheld, "{text:?}");
        }
        for text in ["+431234567", "sip:Ann@example.org", "client:ann", "+2666966871", "anonymous2"] {
            assert_eq!(Caller::from(text.to_owned()), Caller::Known(text.into()), "{text:?}");
        }
        let (withheld, known) = (String::from(Caller::Withheld), String::from(Caller::Known("+43".into())));
        assert_eq!((withheld.as_str(), known.as_str()), ("anonymous", "+43"));
        assert_eq!(Caller::from(withheld), Caller::Withheld, "it is read back as what it was");
    }
}
