//! Why it was decided so: codes with arguments. They are kept as data and turned into sentences when read.

use super::{hours::Rule, ids::UserId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One reason. The first of a decision's reasons is the deciding one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "arguments", rename_all = "snake_case")]
pub enum Reason {
    HoursOpen {
        rule: Rule,
    },
    HoursClosed {
        rule: Rule,
        opens: Option<DateTime<Utc>>,
    },
    RingsAll {
        agents: u32,
    },
    FewestOpen {
        agent: UserId,
        open: u32,
        tied: bool,
    },
    NextInTurn {
        agent: UserId,
    },
    Drawn {
        agent: UserId,
        among: u32,
    },
    LongestIdle {
        agent: UserId,
        since: Option<DateTime<Utc>>,
    },
    NobodySelected,
    NobodyAvailable,
    AllBusy,
    AllDeclined,
    /// Everybody who is free is being offered another call, which keeps this one ringing.
    AgentsBeingOffered,
    RingTimeOver {
        seconds: u32,
    },
    WaitTimeOver {
        seconds: u32,
    },
    /// The caller pressed 1 after so many seconds.
    CallerWantsMessage {
        seconds: u32,
    },
    TakenBy {
        agent: UserId,
        seconds: u32,
    },
    Connected {
        agent: UserId,
    },
    ConnectionFailed {
        agent: UserId,
        cause: ConnectionFailure,
    },
    AgentLost {
        agent: UserId,
    },
    AgentHungUp {
        agent: UserId,
    },
    AgentDeclined {
        agent: UserId,
    },
    AgentMissed {
        agent: UserId,
        seconds: u32,
    },
    CallerHungUp {
        seconds: u32,
    },
    MessageKept {
        seconds: u32,
    },
    NothingRecorded,
    RecordingLost,
    StoreWasDown,
}

/// How the leg to an agent came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionFailure {
    Busy,
    NoAnswer,
    Failed,
    /// The agent called it off.
    Cancelled,
    /// Nothing was heard of it in time, and the telephone company knows of no leg that is up.
    TimedOut,
}

impl Reason {
    /// An English sentence; `name` turns a user's id into a name.
    pub fn sentence(&self, name: impl Fn(UserId) -> String) -> String {
        match self {
            Self::HoursOpen { rule } => format!("The channel is open {}.", by(*rule)),
            Self::HoursClosed { rule, opens: Some(opens) } => {
                format!(
                    "The channel is closed {}; it opens at {}.",
                    by(*rule),
                    opens.format("%Y-%m-%d %H:%M UTC")
                )
            }
            Self::HoursClosed { rule, opens: None } => format!("The channel is closed {}.", by(*rule)),
            Self::RingsAll { agents: 1 } => "The one available agent is rung.".into(),
            Self::RingsAll { agents } => format!("All {agents} available agents are rung at once."),
            Self::FewestOpen { agent, open, tied } => {
                let tie = if *tied { ", and the tie-break put them first" } else { "" };
                format!("{} has the fewest open calling tickets ({open}){tie}.", name(*agent))
            }
            Self::NextInTurn { agent } => format!("It is {}'s turn.", name(*agent)),
            Self::Drawn { agent, among } => format!("{} was drawn among {among}.", name(*agent)),
            Self::LongestIdle { agent, .. } => format!("{} has been free the longest.", name(*agent)),
            Self::NobodySelected => "No users and no team members are selected for this channel.".into(),
            Self::NobodyAvailable => "Nobody who is selected is available.".into(),
            Self::AllBusy => "Everybody who is available is busy.".into(),
            Self::AllDeclined => "Everybody who could take the call declined it.".into(),
            Self::AgentsBeingOffered => "Everybody who is free is being offered another call.".into(),
            Self::RingTimeOver { seconds } => format!("Nobody answered within {seconds} seconds of ringing."),
            Self::WaitTimeOver { seconds } => {
                format!("Nobody became free within {seconds} seconds of waiting.")
            }
            Self::CallerWantsMessage { seconds } => {
                format!("After {seconds} seconds the caller chose to leave a message.")
            }
            Self::TakenBy { agent, seconds } => format!("{} accepted after {seconds} seconds.", name(*agent)),
            Self::Connected { agent } => format!("{} and the caller are connected.", name(*agent)),
            Self::ConnectionFailed { agent, cause } => {
                format!("{} could not be connected: {}.", name(*agent), cause.words())
            }
            Self::AgentLost { agent } => format!("The connection to {} was lost.", name(*agent)),
            Self::AgentHungUp { agent } => format!("{} hung up.", name(*agent)),
            Self::AgentDeclined { agent } => format!("{} declined.", name(*agent)),
            Self::AgentMissed { agent, seconds } => {
                format!("{} did not answer within {seconds} seconds.", name(*agent))
            }
            Self::CallerHungUp { seconds } => format!("The caller hung up after {seconds} seconds."),
            Self::MessageKept { seconds } => format!("A message of {seconds} seconds was left and is kept."),
            Self::NothingRecorded => "The caller left no message.".into(),
            Self::RecordingLost => "A message was left, but it could not be fetched.".into(),
            Self::StoreWasDown => {
                "Nothing could be recorded when the call came, so a message was taken.".into()
            }
        }
    }
}

fn by(rule: Rule) -> &'static str {
    match rule {
        Rule::Always => "at all times",
        Rule::Weekly => "by its weekly hours",
        Rule::Exception => "by an exception for this date",
        Rule::ClosedUntil => "by hand",
    }
}

impl ConnectionFailure {
    fn words(self) -> &'static str {
        match self {
            Self::Busy => "their line is busy",
            Self::NoAnswer => "their telephone did not answer",
            Self::Failed => "their telephone could not be reached",
            Self::Cancelled => "they called it off",
            Self::TimedOut => "their telephone did not come up in time",
        }
    }
}
