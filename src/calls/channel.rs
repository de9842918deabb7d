//! A calling channel: one or more numbers, when they are open, whom they ring and what callers hear.

use crate::routing::{
    assignment::Rule,
    hours::Hours,
    ids::{ChannelId, GreetingId},
    people::Reach,
    zone::Zone,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone)]
pub struct Channel {
    pub id: ChannelId,
    pub name: String,
    /// The provider's name in the configuration.
    pub provider: String,
    pub numbers: Vec<String>,
    pub zone: Zone,
    pub hours: Hours,
    pub rule: Rule,
    /// What this channel sets for itself; the rest follows the configuration.
    pub own_times: OwnTimes,
    pub greetings: Greetings,
    pub notify: Notify,
}

/// How long things last for calls of one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Times {
    /// How long a caller rings in total before the unanswered message.
    pub ring_seconds: u32,
    /// How long one agent is rung where agents are rung one at a time.
    pub agent_ring_seconds: u32,
    /// How long a caller may wait in line besides, while every eligible agent is busy. 0: not at all.
    pub wait_seconds: u32,
    pub wrap_up_seconds: u32,
    /// How long the leg to a browser or app may take to come up.
    pub connect_seconds: u32,
    /// After so many misses in a row an agent is set away. 0: never.
    pub misses_until_away: u32,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            ring_seconds: 25,
            agent_ring_seconds: 15,
            wait_seconds: 0,
            wrap_up_seconds: 0,
            connect_seconds: 8,
            misses_until_away: 3,
        }
    }
}

/// What a channel may set for itself of [`Times`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnTimes {
    pub ring_seconds: Option<u32>,
    pub agent_ring_seconds: Option<u32>,
    pub wait_seconds: Option<u32>,
    pub wrap_up_seconds: Option<u32>,
}

impl Times {
    pub fn with(self, own: OwnTimes) -> Self {
        Self {
            ring_seconds: own.ring_seconds.unwrap_or(self.ring_seconds),
            agent_ring_seconds: own.agent_ring_seconds.unwrap_or(self.agent_ring_seconds),
            wait_seconds: own.wait_seconds.unwrap_or(self.wait_seconds),
            wrap_up_seconds: own.wrap_up_seconds.unwrap_or(self.wrap_up_seconds),
            ..self
        }
    }

    /// How long the leg to this agent may ring. A telephone takes longer to find than a browser.
    pub fn leg_seconds(self, reach: &Reach) -> u32 {
        match reach {
            Reach::Client(_) => self.connect_seconds,
            Reach::Sip(_) | Reach::Number(_) => self.connect_seconds.max(20),
        }
    }
}

/// What callers hear; `None`: the message that ships with the daemon.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Greetings {
    pub unanswered: Option<Greeting>,
    pub after_hours: Option<Greeting>,
}

/// Who gets mail about what happens here: addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notify {
    pub voicemail: Vec<String>,
    pub missed: Vec<String>,
    pub recording: RecordingInMail,
}

/// How mail about a message brings the message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingInMail {
    Attach,
    /// For who can sign in.
    #[default]
    Link,
    None,
}

/// A recorded message or a text to speak (A11).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Greeting {
    Audio {
        audio: GreetingId,
    },
    Text {
        text: String,
        #[serde(default = "english")]
        language: String,
    },
}

fn english() -> String {
    "en-US".into()
}

/// Which message a caller hears before leaving theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    Unanswered,
    AfterHours,
}

impl Greetings {
    pub fn get(&self, slot: Slot) -> Option<&Greeting> {
        match slot {
            Slot::Unanswered => self.unanswered.as_ref(),
            Slot::AfterHours => self.after_hours.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_sets_some_times_itself_and_follows_the_configuration_in_the_rest() {
        let all = OwnTimes {
            ring_seconds: Some(1),
            agent_ring_seconds: Some(2),
            wait_seconds: Some(3),
            wrap_up_seconds: Some(4),
        };
        let configured = Times::default();
        assert_eq!(configured.with(OwnTimes::default()), configured);
        let own = Times {
            ring_seconds: 1,
            agent_ring_seconds: 2,
            wait_seconds: 3,
            wrap_up_seconds: 4,
            ..configured
        };
        assert_eq!(configured.with(all), own);
        let waiting = Times { wait_seconds: 60, ..configured };
        let off = OwnTimes { wait_seconds: Some(0), ..OwnTimes::default() };
        assert_eq!(waiting.with(off).wait_seconds, 0, "a channel can switch off what the configuration sets");
    }

    #[test]
    fn a_telephone_takes_longer_to_find_than_a_browser() {
        let (client, sip, number) = (
            Reach::Client("ann".into()),
            Reach::Sip("sip:ann@example.org".into()),
            Reach::Number("+43".into()),
        );
        let usual = Times::default();
        let seconds = [&client, &sip, &number].map(|reach| usual.leg_seconds(reach));
        assert_eq!(seconds, [8, 20, 20]);
        let patient = Times { connect_seconds: 30, ..usual };
        let seconds = [&client, &sip, &number].map(|reach| patient.leg_seconds(reach));
        assert_eq!(seconds, [30, 30, 30]);
    }
}
