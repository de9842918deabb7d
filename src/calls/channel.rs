//! A calling channel: one or more numbers, when they are open, whom they ring and what callers hear.

use crate::routing::{
    assignment::Rule,
    eligibility::Objection,
    hours::{Hours, Rule as HoursRule},
    ids::{ChannelId, GreetingId, InboxId},
    people::{Reach, User},
    zone::Zone,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub struct Channel {
    pub id: ChannelId,
    pub name: String,
    /// The inbox it belongs to; `None`: the help desk.
    pub inbox: Option<InboxId>,
    /// The provider's name in the configuration.
    pub provider: String,
    /// The telephones that this provider can ring.
    pub telephones: Telephones,
    pub numbers: Vec<String>,
    pub zone: Zone,
    pub hours: Hours,
    pub rule: Rule,
    pub ringing: Ringing,
    /// What this channel sets for itself; the rest follows the configuration.
    pub own_times: OwnTimes,
    pub greetings: Greetings,
    pub notify: Notify,
    pub withheld: Withheld,
}

/// How a channel rings its agents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ringing {
    /// Whoever has a softphone open is offered the call; the caller is answered, and held meanwhile.
    #[default]
    Softphone,
    /// The agents' telephones ring by themselves. The caller is answered only when somebody takes it.
    Devices,
}

impl Channel {
    /// The objection against an agent whose telephone can't be rung here.
    pub fn cannot_ring(&self, agent: Option<&User>) -> Option<&'static Objection> {
        (!self.telephones.include(&agent?.reach)).then_some(&Objection::NotRungHere)
    }
}

/// The kinds of telephones that a telephone company can ring. All of them ring SIP addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Telephones {
    pub clients: bool,
    pub numbers: bool,
}

impl Telephones {
    pub const ALL: Self = Self { clients: true, numbers: true };

    pub fn include(self, reach: &Reach) -> bool {
        match reach {
            Reach::Client(_) => self.clients,
            Reach::Sip(_) => true,
            Reach::Number(_) => self.numbers,
        }
    }
}

/// How callers are met who withhold their number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Withheld {
    /// Like all others.
    #[default]
    Ring,
    Busy,
    Voicemail,
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
    /// A caller who is gone within this time was not missed: the ticket closes by itself. 0: never.
    pub short_abandon_seconds: u32,
    /// A caller whose open ticket was touched within this time joins it. 0: every call opens its own.
    pub attach_minutes: u32,
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
            short_abandon_seconds: 5,
            attach_minutes: 0,
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
    pub short_abandon_seconds: Option<u32>,
    pub attach_minutes: Option<u32>,
}

impl Times {
    pub fn with(self, own: OwnTimes) -> Self {
        Self {
            ring_seconds: own.ring_seconds.unwrap_or(self.ring_seconds),
            agent_ring_seconds: own.agent_ring_seconds.unwrap_or(self.agent_ring_seconds),
            wait_seconds: own.wait_seconds.unwrap_or(self.wait_seconds),
            wrap_up_seconds: own.wrap_up_seconds.unwrap_or(self.wrap_up_seconds),
            short_abandon_seconds: own.short_abandon_seconds.unwrap_or(self.short_abandon_seconds),
            attach_minutes: own.attach_minutes.unwrap_or(self.attach_minutes),
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

impl Channel {
    /// Whether telephones ring by themselves.
    pub fn rings_devices(&self) -> bool {
        self.ringing == Ringing::Devices
    }

    /// Whether a message of its own is heard by callers of each number.
    pub fn has_message(&self, slot: Slot) -> bool {
        let own = |number: &String| self.greetings.get(slot, number).is_some();
        self.greetings.chosen(slot).is_some() || (!self.numbers.is_empty() && self.numbers.iter().all(own))
    }
}

/// What callers hear; `None`: the message that ships with the daemon, or nothing where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Greetings {
    pub unanswered: Option<Greeting>,
    pub after_hours: Option<Greeting>,
    pub closed_today: Option<Greeting>,
    pub before_ringing: Option<Greeting>,
    pub while_waiting: Option<Greeting>,
    /// What callers of one number of several hear instead.
    pub by_number: BTreeMap<String, NumberGreetings>,
}

/// As in [`Greetings`], for one number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NumberGreetings {
    /// Of the messages that ship with the daemon, and of what is said besides: `en`, `nl`, `nb` or `de`.
    pub language: Option<String>,
    /// `eu`, `gb` or `us`.
    pub ring_tone: Option<String>,
    pub unanswered: Option<Greeting>,
    pub after_hours: Option<Greeting>,
    pub closed_today: Option<Greeting>,
    pub before_ringing: Option<Greeting>,
    pub while_waiting: Option<Greeting>,
}

/// Who gets mail about what happens here: addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Notify {
    #[schema(max_items = 20)]
    pub voicemail: Vec<String>,
    #[schema(max_items = 20)]
    pub missed: Vec<String>,
    /// Who is told that the last agent who is there misses calls.
    #[schema(max_items = 20)]
    pub last_agent: Vec<String>,
    pub recording: RecordingInMail,
}

/// How mail about a message brings the message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordingInMail {
    Attach,
    /// For who can sign in.
    #[default]
    Link,
    None,
}

/// A recorded message or a text to speak (A11).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
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

/// Which message a caller hears. The first three ask for one of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    Unanswered,
    AfterHours,
    /// Closed by an exception or by hand; where it is not chosen, the one for after hours is heard.
    ClosedToday,
    /// Heard once, while agents are rung already.
    BeforeRinging,
    /// Heard between pieces of music; pressing 1 meanwhile leads to a message.
    WhileWaiting,
}

impl Slot {
    pub const ALL: [Self; 5] =
        [Self::Unanswered, Self::AfterHours, Self::ClosedToday, Self::BeforeRinging, Self::WhileWaiting];

    /// Its name in a channel's document.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unanswered => "unanswered",
            Self::AfterHours => "after_hours",
            Self::ClosedToday => "closed_today",
            Self::BeforeRinging => "before_ringing",
            Self::WhileWaiting => "while_waiting",
        }
    }

    /// What callers hear who call while it is closed by this rule.
    pub fn closed(rule: HoursRule) -> Self {
        match rule {
            HoursRule::Exception | HoursRule::ClosedUntil => Self::ClosedToday,
            HoursRule::Always | HoursRule::Weekly => Self::AfterHours,
        }
    }
}

impl Greetings {
    /// What was chosen for callers of this number. The number's own choice goes before the channel's.
    pub fn get(&self, slot: Slot, number: &str) -> Option<&Greeting> {
        let own = self.by_number.get(number);
        let own_choice = |slot| own.and_then(|own| own.chosen(slot));
        match slot {
            Slot::ClosedToday => own_choice(slot)
                .or_else(|| own_choice(Slot::AfterHours))
                .or_else(|| self.chosen(slot))
                .or_else(|| self.chosen(Slot::AfterHours)),
            _ => own_choice(slot).or_else(|| self.chosen(slot)),
        }
    }

    /// What was chosen for the whole channel.
    pub fn chosen(&self, slot: Slot) -> Option<&Greeting> {
        match slot {
            Slot::Unanswered => self.unanswered.as_ref(),
            Slot::AfterHours => self.after_hours.as_ref(),
            Slot::ClosedToday => self.closed_today.as_ref(),
            Slot::BeforeRinging => self.before_ringing.as_ref(),
            Slot::WhileWaiting => self.while_waiting.as_ref(),
        }
    }

    /// Whether callers hear this recording.
    pub fn uses(&self, id: GreetingId) -> bool {
        let all = Slot::ALL.into_iter().flat_map(|slot| {
            let of_numbers = self.by_number.values().filter_map(move |own| own.chosen(slot));
            self.chosen(slot).into_iter().chain(of_numbers)
        });
        all.into_iter().any(|greeting| *greeting == Greeting::Audio { audio: id })
    }
}

impl NumberGreetings {
    /// What was chosen for this number alone.
    pub fn chosen(&self, slot: Slot) -> Option<&Greeting> {
        match slot {
            Slot::Unanswered => self.unanswered.as_ref(),
            Slot::AfterHours => self.after_hours.as_ref(),
            Slot::ClosedToday => self.closed_today.as_ref(),
            Slot::BeforeRinging => self.before_ringing.as_ref(),
            Slot::WhileWaiting => self.while_waiting.as_ref(),
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
            short_abandon_seconds: Some(5),
            attach_minutes: Some(6),
        };
        let configured = Times::default();
        assert_eq!(configured.with(OwnTimes::default()), configured);
        let own = Times {
            ring_seconds: 1,
            agent_ring_seconds: 2,
            wait_seconds: 3,
            wrap_up_seconds: 4,
            short_abandon_seconds: 5,
            attach_minutes: 6,
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

    fn text(text: &str) -> Option<Greeting> {
        Some(Greeting::Text { text: text.into(), language: "en-US".into() })
    }

    #[test]
    fn a_number_s_own_messages_go_before_the_channel_s_and_closed_today_falls_back_to_after_hours() {
        let own = NumberGreetings { after_hours: text("own after"), ..NumberGreetings::default() };
        let mut greetings = Greetings {
            unanswered: text("unanswered"),
            after_hours: text("after"),
            by_number: BTreeMap::from([("+431".into(), own)]),
            ..Greetings::default()
        };
        let heard = |greetings: &Greetings, slot, number| match greetings.get(slot, number) {
            Some(Greeting::Text { text, .. }) => text.clone(),
            _ => String::new(),
        };
        let table = [
            (Slot::Unanswered, "+431", "unanswered"),
            (Slot::AfterHours, "+431", "own after"),
            (Slot::ClosedToday, "+431", "own after"),
            (Slot::AfterHours, "+432", "after"),
            (Slot::ClosedToday, "+432", "after"),
            (Slot::BeforeRinging, "+431", ""),
        ];
        for (slot, number, expected) in table {
            assert_eq!(heard(&greetings, slot, number), expected, "{slot:?} {number}");
        }
        greetings.closed_today = text("today");
        assert_eq!(heard(&greetings, Slot::ClosedToday, "+431"), "own after", "in the number's language");
        assert_eq!(heard(&greetings, Slot::ClosedToday, "+432"), "today");
    }

    #[test]
    fn only_exceptions_and_closing_by_hand_are_about_today() {
        use HoursRule::{Always, ClosedUntil, Exception, Weekly};
        let slots = [Always, Weekly, Exception, ClosedUntil].map(Slot::closed);
        assert_eq!(slots, [Slot::AfterHours, Slot::AfterHours, Slot::ClosedToday, Slot::ClosedToday]);
    }
}
