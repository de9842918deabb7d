//! The addresses under which a telephone company reaches us. All are ours to make: ASCII, no query, no trailing slash.
//!
//! # Epochs
//!
//! Every run of the daemon has a number of its own in the store, its epoch, which rises with each start. What is made for
//! a dial, and what softphones are pushed, carries the epoch of the run that made it: `e/{epoch}/` in the addresses of a
//! `Dial`, `epoch` in a softphone's `welcome` and `offer`.
//!
//! - An older epoch than ours is a normal day: calls outlive restarts, and what they were told before still holds.
//! - A newer one means that another run has dialled for these numbers and we are the one that is stale. We decide
//!   nothing about it: whoever asks gets the document that needs no store, and we look whether the store is still ours.
//!   If it is not, the daemon ends; if it is (somebody serves with another copy of the data folder), `readyz` warns.
//! - Who forges an address gains nothing: it is looked at after the signature, and even where companies do not sign
//!   addresses, the store has the last word.
//! - A client with sockets to several runs believes the one of the highest epoch.

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

/// Reads what follows `/hooks/{provider}/{channel}/`: the address, and the epoch of the run that made it, if it says.
pub fn parse(path: &str) -> Option<(Hook, Option<i64>)> {
    let Some(rest) = path.strip_prefix("e/") else { return Hook::parse(path).map(|hook| (hook, None)) };
    let (epoch, rest) = rest.split_once('/')?;
    let epoch = number(epoch).map(i64::from)?;
    let hook = Hook::parse(rest).filter(|hook| hook.is_of_a_dial())?;
    Some((hook, Some(epoch)))
}

impl Hook {
    /// Whether it is made for one dial, and with the epoch of the run that dialled.
    fn is_of_a_dial(self) -> bool {
        matches!(
            self,
            Self::Over(..)
                | Self::Leg(..)
                | Self::PhoneLeg(..)
                | Self::Screen(..)
                | Self::Pressed(..)
                | Self::Device(..)
                | Self::PickUp(..)
                | Self::DevicePressed(..)
        )
    }

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
    /// Of the run that writes; `None` where nothing is dialled.
    pub epoch: Option<i64>,
}

impl Addresses {
    pub fn of(&self, hook: Hook) -> String {
        let Self { public_url, provider, channel, epoch } = self;
        match epoch.filter(|_| hook.is_of_a_dial()) {
            Some(epoch) => format!("{public_url}/hooks/{provider}/{channel}/e/{epoch}/{hook}"),
            None => format!("{public_url}/hooks/{provider}/{channel}/{hook}"),
        }
    }

    pub fn media(&self, sha256: &str) -> String {
        format!("{}/media/{sha256}.wav", self.public_url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::ids::Ids;

    #[test]
    fn addresses_of_a_dial_carry_the_epoch_and_are_understood_with_and_without_it() {
        let mut ids = Ids::new(1);
        let (channel, call, offer) = (ChannelId(ids.next(1)), CallId(ids.next(1)), OfferId(ids.next(1)));
        let ours = Addresses {
            public_url: "https://calls.example.org".into(),
            provider: "main".into(),
            channel,
            epoch: Some(7),
        };
        let below = format!("https://calls.example.org/hooks/main/{channel}/");
        for hook in [
            Hook::Over(call, 2),
            Hook::Leg(call, 2),
            Hook::PhoneLeg(call, 2),
            Hook::Screen(call, 2),
            Hook::Pressed(call, 2),
            Hook::Device(call, offer),
            Hook::PickUp(call, offer),
            Hook::DevicePressed(call, offer),
        ] {
            let path = ours.of(hook).strip_prefix(&below).expect("below the channel").to_owned();
            assert_eq!(path, format!("e/7/{hook}"));
            assert_eq!(parse(&path), Some((hook, Some(7))));
            assert_eq!(parse(&hook.to_string()), Some((hook, None)));
            for wrong in ["e/07", "e/-7", "e/", "e", "e/x", "e/7/e/7", "e/99999999999999999999"] {
                assert_eq!(parse(&format!("{wrong}/{hook}")), None, "{wrong}");
            }
            let undated = Addresses { epoch: None, ..ours.clone() };
            assert_eq!(undated.of(hook), format!("{below}{hook}"));
        }
        for hook in
            [Hook::Voice, Hook::Status, Hook::Wait(call, 1), Hook::Connect(call, 1), Hook::MessageDone(call)]
        {
            assert_eq!(ours.of(hook), format!("{below}{hook}"), "it outlives the run that made it");
            assert_eq!(parse(&format!("e/7/{hook}")), None, "one spelling for each address");
        }
    }
}
