//! The telephone companies. An edge turns bytes into events and instructions into bytes; it knows nothing of the
//! store, the desk, the pages or the other edges. `addresses` is what they share: where they call us.

pub mod addresses;
pub mod numbers;
pub mod simulator;
pub mod twilio;

pub use twilio::Dialect;

use crate::calls::{
    call::Recording,
    decision::{Connect, Device},
    event::{Arrival, CutIn, Event},
};
use crate::routing::{ids::ChannelId, people::Reach};
use addresses::{Addresses, Hook};
use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A webhook as it came over the wire: nothing decoded, nothing folded.
pub struct Request<'a> {
    pub method: &'a str,
    /// Path and query, as in the request line.
    pub target: &'a str,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

/// The signature is missing or wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    #[error("no secret is configured, so every webhook is refused")]
    NoSecret,
    #[error("the signature is missing")]
    Missing,
    #[error("the signature does not match")]
    Wrong,
    #[error("the signature's algorithm is not known")]
    UnknownAlgorithm,
    #[error("signed with a shared key that is not configured")]
    UnknownKey,
    #[error("signed with an account token, but only shared keys are accepted")]
    Downgraded,
    #[error("it was signed more than five minutes from what our clock says")]
    OutOfTime,
    #[error("the body does not have the hash that was signed")]
    WrongBody,
}

impl Unsigned {
    pub const ALL: [Self; 8] = [
        Self::NoSecret,
        Self::Missing,
        Self::Wrong,
        Self::UnknownAlgorithm,
        Self::UnknownKey,
        Self::Downgraded,
        Self::OutOfTime,
        Self::WrongBody,
    ];

    pub fn code(self) -> &'static str {
        match self {
            Self::NoSecret => "no_secret",
            Self::Missing => "missing",
            Self::Wrong => "wrong",
            Self::UnknownAlgorithm => "unknown_algorithm",
            Self::UnknownKey => "unknown_key",
            Self::Downgraded => "downgraded",
            Self::OutOfTime => "out_of_time",
            Self::WrongBody => "wrong_body",
        }
    }
}

/// A signed webhook that can't be understood: which field, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct BadField {
    pub field: &'static str,
    pub problem: &'static str,
    /// Not even the form could be read (400), rather than a field of it (422).
    pub malformed: bool,
}

/// What a webhook says, before we looked whether we know its call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Reading {
    Arrived(Arrival),
    /// Of a call that the address names; whose it is at the telephone company can be compared, where it says so.
    Event {
        provider_call_id: Option<String>,
        event: Event,
    },
    /// The caller's leg changed; only its end matters. Who called whom, in case that it is all we ever hear.
    Status {
        arrival: Arrival,
        over: bool,
    },
    /// The telephone company could not get a document from us and asks for help.
    Fallback(Arrival),
    /// A message that was taken without a store: what is known of its recording.
    Recorded {
        arrival: Arrival,
        recording: Option<Recording>,
    },
    /// Nothing that anybody here needs to know.
    Nothing,
}

/// What the caller's side is told, with everything in it that a document needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Spoken {
    /// A file that we serve, by its hash: `/media/{sha256}.wav`.
    Play {
        sha256: String,
    },
    Say {
        text: String,
        language: String,
    },
}

/// A document for the caller's side. Addresses that it names are of this call, or of the channel where `call` is none.
#[derive(Debug, Clone, PartialEq)]
pub enum Document {
    /// Play one clip, then ask again at `next`.
    Hold {
        sorry: Option<Spoken>,
        clip: String,
        next: Hook,
    },
    /// Say something and play one clip, then ask again at `next`; a key that is pressed meanwhile is told at `key`.
    Wait {
        words: Spoken,
        clip: String,
        key: Hook,
        next: Hook,
    },
    Connect(Connect, Hooks),
    /// Ring devices, all at once, while the caller is not answered; `over` is asked afterwards.
    DialDevices {
        devices: Vec<RungDevice>,
        seconds: u32,
        over: Hook,
    },
    /// Dial a number outside; `over` is asked afterwards.
    DialOutside {
        number: String,
        caller_id: String,
        over: Hook,
    },
    /// To an agent's ordinary telephone: press 1, else it is hung up.
    Screen {
        words: Spoken,
        pressed: Hook,
    },
    /// Greet, beep, record; `empty` is asked when nothing was recorded.
    TakeMessage {
        greeting: Spoken,
        done: Hook,
        status: Hook,
        empty: Hook,
    },
    /// Say something, then hang up.
    Farewell(Option<Spoken>),
    /// The line is busy: the call is never answered. For the first webhook of a call only.
    Reject,
    /// Nothing to say to a pure notification.
    Nothing,
}

/// One device of a dial.
#[derive(Debug, Clone, PartialEq)]
pub struct RungDevice {
    pub device: Device,
    /// Told how it fares.
    pub leg: Hook,
    /// Asked when it comes up, before it is bridged.
    pub pick_up: Hook,
}

/// Where the telephone company reports about a connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Hooks {
    /// Asked when the connection is over.
    pub over: Hook,
    /// Told how the leg to the agent fares.
    pub leg: Hook,
    /// Asked when an ordinary telephone was picked up, before it is bridged.
    pub screen: Option<Hook>,
}

/// The body of an answer, ready for the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    pub content_type: std::borrow::Cow<'static, str>,
    pub body: String,
}

/// What a browser registers with at the telephone company.
#[derive(Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SoftphoneToken {
    /// Whose browser SDK it is for.
    pub kind: &'static str,
    pub token: String,
    /// Unix seconds.
    pub exp: i64,
}

impl std::fmt::Debug for SoftphoneToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SoftphoneToken({}, until {})", self.kind, self.exp)
    }
}

/// A command or question to the telephone company failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The call is not there any more.
    #[error("the call is over")]
    Gone,
    /// Certainly not carried out; trying again may help.
    #[error("refused: {0}")]
    Refused(String),
    /// It may or may not have been carried out.
    #[error("no answer: {0}")]
    Unknown(String),
    /// Our credentials are wrong: somebody has to look.
    #[error("our credentials are not accepted")]
    Unauthorised,
    /// What is asked for is not there (yet).
    #[error("not found")]
    NotFound,
}

/// A telephone company, by the dialect it speaks. The compiler lists every place that a new one must fill.
#[derive(Debug)]
pub enum Provider {
    /// And who speaks like it.
    Twilio(twilio::Twilio),
}

impl Provider {
    /// Whether webhooks can be checked. Without a secret all of them are refused.
    pub fn has_secret(&self) -> bool {
        match self {
            Self::Twilio(twilio) => twilio.has_secret(),
        }
    }

    /// Checks that the telephone company sent this, on the raw bytes and the public address that we configured. `now`
    /// counts where the signature has a time in it.
    pub fn verify(
        &self,
        public_url: &str,
        request: &Request<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), Unsigned> {
        match self {
            Self::Twilio(twilio) => twilio.verify(public_url, request, now),
        }
    }

    /// The time that is signed with the body, where the address is not signed.
    pub fn signed_time<'a>(&self, request: &Request<'a>) -> Option<&'a str> {
        match self {
            Self::Twilio(twilio) => twilio.signed_time(request),
        }
    }

    /// Whether an agent can be rung there. A document that connects one who can't says that the connection failed.
    pub fn reaches(&self, reach: &Reach) -> bool {
        match self {
            Self::Twilio(twilio) => twilio.dialect.reaches(reach),
        }
    }

    /// Whose devices are up, of those that the caller's call rings: identities, SIP addresses and numbers.
    pub async fn devices_up(&self, provider_call_id: &str) -> Result<Vec<String>, Trouble> {
        match self {
            Self::Twilio(twilio) => twilio.devices_up(provider_call_id).await,
        }
    }

    /// With which an agent's browser is reached under this identity, where the telephone company has such a thing.
    pub fn softphone_token(&self, identity: &str, now: DateTime<Utc>) -> Option<SoftphoneToken> {
        match self {
            Self::Twilio(twilio) => twilio.softphone_token(identity, now),
        }
    }

    /// Reads a verified webhook.
    pub fn read(
        &self,
        name: &str,
        channel: ChannelId,
        hook: Hook,
        request: &Request<'_>,
    ) -> Result<Reading, BadField> {
        match self {
            Self::Twilio(twilio) => twilio::read(twilio.dialect, name, channel, hook, request),
        }
    }

    /// The number that was called, where a webhook of the caller's side says so.
    pub fn called(&self, request: &Request<'_>) -> Option<String> {
        match self {
            Self::Twilio(_) => twilio::called(request),
        }
    }

    pub fn write(&self, addresses: &Addresses, document: &Document) -> Reply {
        match self {
            Self::Twilio(twilio) => twilio::write(twilio.dialect, addresses, document),
        }
    }

    /// Redirects the caller's live call to `url`, which answers with a document.
    pub async fn redirect(&self, provider_call_id: &str, url: &str) -> Result<(), Trouble> {
        match self {
            Self::Twilio(twilio) => twilio.redirect(provider_call_id, url).await,
        }
    }

    /// Ends the caller's call and every leg of it. Already over is `Ok`.
    pub async fn hang_up(&self, provider_call_id: &str) -> Result<(), Trouble> {
        match self {
            Self::Twilio(twilio) => twilio.hang_up(provider_call_id).await,
        }
    }

    /// Whether the caller's leg is still up.
    pub async fn caller_is_there(&self, provider_call_id: &str) -> Result<bool, Trouble> {
        match self {
            Self::Twilio(twilio) => twilio.caller_is_there(provider_call_id).await,
        }
    }

    /// Whether a leg from the caller's call to an agent is up.
    pub async fn leg_is_up(&self, provider_call_id: &str) -> Result<bool, Trouble> {
        match self {
            Self::Twilio(twilio) => twilio.leg_is_up(provider_call_id).await,
        }
    }

    /// Whether [`Self::leg_is_up`] knows of legs themselves, and not of the caller alone.
    pub fn tells_of_legs(&self) -> bool {
        match self {
            Self::Twilio(twilio) => twilio.dialect.legs_path("").is_some(),
        }
    }

    /// The finished recordings of the caller's call.
    pub async fn recordings(&self, provider_call_id: &str) -> Result<Vec<Recording>, Trouble> {
        match self {
            Self::Twilio(twilio) => twilio.recordings(provider_call_id).await,
        }
    }

    /// Callers' calls to this number that are up.
    pub async fn live_calls(&self, number: &str) -> Result<Vec<String>, Trouble> {
        match self {
            Self::Twilio(twilio) => twilio.live_calls(number).await,
        }
    }

    /// Whether something is being recorded on the caller's call.
    pub async fn is_recording(&self, provider_call_id: &str) -> Result<bool, Trouble> {
        match self {
            Self::Twilio(twilio) => twilio.is_recording(provider_call_id).await,
        }
    }

    /// The finished messages that callers left since then, with their calls.
    pub async fn messages_since(&self, since: DateTime<Utc>) -> Result<Vec<(String, Recording)>, Trouble> {
        match self {
            Self::Twilio(twilio) => twilio.messages_since(since).await,
        }
    }

    /// Who called whom.
    pub async fn ends_of(&self, provider_call_id: &str) -> Result<(String, String), Trouble> {
        match self {
            Self::Twilio(twilio) => twilio.ends_of(provider_call_id).await,
        }
    }

    /// Deletes what the telephone company remembers of a call that is over. Already gone is `Ok`.
    pub async fn forget(&self, provider_call_id: &str) -> Result<(), Trouble> {
        match self {
            Self::Twilio(twilio) => twilio.forget(provider_call_id).await,
        }
    }

    /// The sound of a recording, as a WAV file of at most 32 MiB.
    pub async fn fetch(&self, recording: &Recording) -> Result<Vec<u8>, Trouble> {
        match self {
            Self::Twilio(twilio) => twilio.fetch(recording).await,
        }
    }

    /// What is set for one of our numbers. `None`: the account has no such number.
    pub async fn number(&self, number: &str) -> Result<Option<numbers::NumberSettings>, Trouble> {
        match self {
            Self::Twilio(twilio) => twilio.number(number).await,
        }
    }

    /// Sets where a number's webhooks go. `id` is the number's id there.
    pub async fn set_number(&self, id: &str, webhooks: &numbers::NumberWebhooks) -> Result<(), Trouble> {
        match self {
            Self::Twilio(twilio) => twilio.set_number(id, webhooks).await,
        }
    }

    /// Deletes a recording that we keep. Already gone is `Ok`.
    pub async fn delete(&self, recording: &Recording) -> Result<(), Trouble> {
        match self {
            Self::Twilio(twilio) => twilio.delete(recording).await,
        }
    }
}

impl From<Trouble> for CutIn {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Gone | Trouble::NotFound => Self::CallerGone,
            Trouble::Refused(_) | Trouble::Unauthorised => Self::Refused,
            Trouble::Unknown(_) => Self::Unknown,
        }
    }
}
