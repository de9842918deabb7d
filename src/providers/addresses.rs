//! The addresses under which a telephone company reaches us. All are ours to make: ASCII, no query, no trailing slash.

use crate::routing::ids::{CallId, ChannelId, OfferId};
use std::fmt;

/// One address below `/hooks/{provider}/{channel}/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// The first webhook of a call.
    Voice,
    /// Where a caller asks again who was held without a store; `n` counts.
    Held(u32),
    /// The telephone company could not get a document.
    Fallback,
    /// The status of callers' legs.
    Status,
    /// Where a held caller asks how to go on; the number makes each request look new.
    Wait(CallId, u32),
    /// The caller pressed a key while they waited; the number is that of the `Wait` to come.
    Key(CallId, u32),
    /// The document that connects.
    Connect(CallId, u32),
    /// The document that dials a number outside.
    Outside(CallId, u32),
    /// The connection is over.
    Over(CallId, u32),
    /// How the leg to the agent fares.
    Leg(CallId, u32),
    /// How the leg to an agent's ordinary telephone fares: that it was picked up says little.
    PhoneLeg(CallId, u32),
    /// The document for an ordinary telephone that was picked up: press 1.
    Screen(CallId, u32),
    /// A key was pressed there.
    Pressed(CallId, u32),
    /// How a device fares that rings by itself for this offer.
    Device(CallId, OfferId),
    /// The document for one that came up, before it is bridged.
    PickUp(CallId, OfferId),
    /// A key was pressed there.
    DevicePressed(CallId, OfferId),
    /// The caller finished their message.
    MessageDone(CallId),
    /// The caller said nothing, for the n-th time.
    MessageEmpty(CallId, u32),
    /// The n-th recording is over; whether there was a sound in it, the webhook says.
    MessageOver(CallId, u32),
    /// The recording is ready, or there is none.
    MessageStatus(CallId),
    /// The caller finished a message that was taken without a store: of which call, the webhook says.
    LooseDone,
    /// Its recording is ready.
    LooseStatus,
}

impl Hook {
    /// Reads what follows `/hooks/{provider}/{channel}/`.
    pub fn parse(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').collect();
        Some(match parts.as_slice() {
            ["voice"] => Self::Voice,
            ["held", n] => Self::Held(number(n)?),
            ["fallback"] => Self::Fallback,
            ["status"] => Self::Status,
            ["message-done"] => Self::LooseDone,
            ["message-status"] => Self::LooseStatus,
            ["c", call, "wait", n] => Self::Wait(call.parse().ok()?, number(n)?),
            ["c", call, "key", n] => Self::Key(call.parse().ok()?, number(n)?),
            ["c", call, "connect", n] => Self::Connect(call.parse().ok()?, number(n)?),
            ["c", call, "outside", n] => Self::Outside(call.parse().ok()?, number(n)?),
            ["c", call, "over", n] => Self::Over(call.parse().ok()?, number(n)?),
            ["c", call, "leg", n] => Self::Leg(call.parse().ok()?, number(n)?),
            ["c", call, "phone-leg", n] => Self::PhoneLeg(call.parse().ok()?, number(n)?),
            ["c", call, "screen", n] => Self::Screen(call.parse().ok()?, number(n)?),
            ["c", call, "pressed", n] => Self::Pressed(call.parse().ok()?, number(n)?),
            ["c", call, "device", offer] => Self::Device(call.parse().ok()?, offer.parse().ok()?),
            ["c", call, "pick-up", offer] => Self::PickUp(call.parse().ok()?, offer.parse().ok()?),
            ["c", call, "device-pressed", offer] => {
                Self::DevicePressed(call.parse().ok()?, offer.parse().ok()?)
            }
            ["c", call, "message-done"] => Self::MessageDone(call.parse().ok()?),
            ["c", call, "message-empty", n] => Self::MessageEmpty(call.parse().ok()?, number(n)?),
            ["c", call, "message-over", n] => Self::MessageOver(call.parse().ok()?, number(n)?),
            ["c", call, "message-status"] => Self::MessageStatus(call.parse().ok()?),
            _ => return None,
        })
    }
}

impl Hook {
    /// The call that the address names.
    pub fn call(self) -> Option<CallId> {
        match self {
            Self::Wait(call, _)
            | Self::Key(call, _)
            | Self::Connect(call, _)
            | Self::Outside(call, _)
            | Self::Over(call, _)
            | Self::Leg(call, _)
            | Self::PhoneLeg(call, _)
            | Self::Screen(call, _)
            | Self::Pressed(call, _)
            | Self::Device(call, _)
            | Self::PickUp(call, _)
            | Self::DevicePressed(call, _)
            | Self::MessageDone(call)
            | Self::MessageEmpty(call, _)
            | Self::MessageOver(call, _)
            | Self::MessageStatus(call) => Some(call),
            Self::Voice
            | Self::Held(_)
            | Self::Fallback
            | Self::Status
            | Self::LooseDone
            | Self::LooseStatus => None,
        }
    }

    /// Whether a call goes from one such address to the next, perhaps within a second and with nothing else to say.
    pub fn is_followed(self) -> bool {
        self.asks() && !matches!(self, Self::Voice | Self::Fallback | Self::LooseDone)
    }

    /// Whether the caller's side does next what the answer says; else it is a notification.
    pub fn asks(self) -> bool {
        !matches!(
            self,
            Self::Status
                | Self::Leg(..)
                | Self::PhoneLeg(..)
                | Self::Device(..)
                | Self::MessageStatus(_)
                | Self::LooseStatus
        )
    }
}

/// Digits only, no sign, no leading zero: one spelling for each address.
fn number(text: &str) -> Option<u32> {
    let number = text.parse::<u32>().ok()?;
    (number.to_string() == text).then_some(number)
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Voice => write!(f, "voice"),
            Self::Held(n) => write!(f, "held/{n}"),
            Self::Fallback => write!(f, "fallback"),
            Self::Status => write!(f, "status"),
            Self::LooseDone => write!(f, "message-done"),
            Self::LooseStatus => write!(f, "message-status"),
            Self::Wait(call, n) => write!(f, "c/{call}/wait/{n}"),
            Self::Key(call, n) => write!(f, "c/{call}/key/{n}"),
            Self::Connect(call, n) => write!(f, "c/{call}/connect/{n}"),
            Self::Outside(call, n) => write!(f, "c/{call}/outside/{n}"),
            Self::Over(call, n) => write!(f, "c/{call}/over/{n}"),
            Self::Leg(call, n) => write!(f, "c/{call}/leg/{n}"),
            Self::PhoneLeg(call, n) => write!(f, "c/{call}/phone-leg/{n}"),
            Self::Screen(call, n) => write!(f, "c/{call}/screen/{n}"),
            Self::Pressed(call, n) => write!(f, "c/{call}/pressed/{n}"),
            Self::Device(call, offer) => write!(f, "c/{call}/device/{offer}"),
            Self::PickUp(call, offer) => write!(f, "c/{call}/pick-up/{offer}"),
            Self::DevicePressed(call, offer) => write!(f, "c/{call}/device-pressed/{offer}"),
            Self::MessageDone(call) => write!(f, "c/{call}/message-done"),
            Self::MessageEmpty(call, n) => write!(f, "c/{call}/message-empty/{n}"),
            Self::MessageOver(call, n) => write!(f, "c/{call}/message-over/{n}"),
            Self::MessageStatus(call) => write!(f, "c/{call}/message-status"),
        }
    }
}

/// Makes whole addresses for the documents of one channel.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// `http.public_url`: no trailing slash.
    pub public_url: String,
    pub provider: String,
    pub channel: ChannelId,
}

impl Addresses {
    pub fn of(&self, hook: Hook) -> String {
        let Self { public_url, provider, channel } = self;
        format!("{public_url}/hooks/{provider}/{channel}/{hook}")
    }

    pub fn media(&self, sha256: &str) -> String {
        format!("{}/media/{sha256}.wav", self.public_url)
    }
}
