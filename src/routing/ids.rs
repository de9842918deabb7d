//! The names of things: UUIDv7, written as 32 hex digits. They sort by the moment they were made.
//! The bits that look random come from a seed that is handed in, so a day can be played again.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasherDefault, Hasher},
    str::FromStr,
};
use uuid::Uuid;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, utoipa::ToSchema)]
        #[schema(value_type = String, pattern = "^[0-9a-f]{32}$")]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.simple().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.simple().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut buffer = Uuid::encode_buffer();
                serializer.serialize_str(self.0.simple().encode_lower(&mut buffer))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

id! {
    /// A person who can sign in; an agent is a user who takes calls.
    UserId
    TeamId
    ChannelId
    GreetingId
    CallId
    /// One agent being rung for one call, once.
    OfferId
    TicketId
    NoteId
    TokenId
    JobId
    /// Somebody who calls.
    ContactId
    /// Something that the world may want to know.
    HappeningId
    WebhookId
    /// One happening on its way to one receiver.
    DeliveryId
    /// A user who is signed in, in one browser.
    SessionId
    /// A link by which somebody chooses a password.
    InvitationId
    /// A message on a ticket, in or out.
    MessageId
    /// A workspace beside the help desk.
    InboxId
    SkillId
    /// Something that a user was told.
    NotificationId
    /// A list of tickets that somebody keeps under a name.
    ViewId
}

/// The text is not 32 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is 32 lower-case hex digits")]
pub struct NotAnId;

fn parse(text: &str) -> Result<Uuid, NotAnId> {
    let hex = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !hex {
        return Err(NotAnId);
    }
    Uuid::try_parse(text).map_err(|_| NotAnId)
}

/// Makes ids. Within one maker they are distinct and rise, even if the clock steps back.
#[derive(Debug, Clone)]
pub struct Ids {
    state: u64,
    last_ms: u64,
    count: u16,
}

impl Ids {
    pub fn new(seed: u64) -> Self {
        Self { state: seed, last_ms: 0, count: 0 }
    }

    /// What is made from now on comes after `id`, even if the clock was set back since it was made.
    pub fn stay_above(&mut self, id: Uuid) {
        let ms = u64::try_from(id.as_u128() >> 80).unwrap_or(0);
        if ms >= self.last_ms {
            (self.last_ms, self.count) = (ms, 0x0fff);
        }
    }

    /// The next id, dated `unix_ms` (or later, where an earlier id was later).
    pub fn next(&mut self, unix_ms: i64) -> Uuid {
        let ms = u64::try_from(unix_ms).unwrap_or(0);
        if ms > self.last_ms {
            (self.last_ms, self.count) = (ms, 0);
        } else if self.count == 0x0fff {
            (self.last_ms, self.count) = (self.last_ms + 1, 0);
        } else {
            self.count += 1;
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let [high, low] = self.count.to_be_bytes();
        let [a, b, c, d, e, f, g, h] = scramble(self.state).to_be_bytes();
        uuid::Builder::from_unix_timestamp_millis(self.last_ms, &[high, low, a, b, c, d, e, f, g, h])
            .into_uuid()
    }
}

/// A map by ids that are made here: nobody outside can choose them so that they collide.
pub type ById<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// Spreads what an id is made of over 64 bits by one multiplication for every eight bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (eights, rest) = bytes.as_chunks();
        eights.iter().for_each(|eight| self.write_u64(u64::from_le_bytes(*eight)));
        rest.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.0 ^ number) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn write_usize(&mut self, length: usize) {
        self.0 ^= length as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The finaliser of SplitMix64: spreads a number evenly over 64 bits.
pub(crate) fn scramble(number: u64) -> u64 {
    let z = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_7_and_rise_even_when_the_clock_steps_back() {
        let mut ids = Ids::new(7);
        let mut last = ids.next(1_000_000);
        for step in 0..20_000 {
            let next = ids.next(if step % 3 == 0 { 900_000 } else { 1_000_000 + step / 500 });
            assert!(next > last, "{next} after {last}");
            assert_eq!(next.get_version_num(), 7);
            last = next;
        }
    }

    #[test]
    fn only_32_lower_case_hex_digits_are_an_id() {
        let id = CallId(Ids::new(1).next(1));
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in ["", "1", &id.0.hyphenated().to_string(), &id.to_string().to_uppercase()] {
            assert_eq!(wrong.parse::<CallId>(), Err(NotAnId), "{wrong:?}");
        }
    }
}
