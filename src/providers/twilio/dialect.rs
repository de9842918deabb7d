//! Companies that speak Twilio's language with an accent of their own. All that differs is asked for here, or matched on
//! a [`Dialect`] where it matters; the rest is said once for all of them.

use crate::routing::{people::Reach, reasons::ConnectionFailure};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Twilio,
    /// SignalWire's cXML.
    SignalWire,
    /// A gateway that is run by its operator.
    Somleng,
    /// Telnyx's TeXML.
    TeXml,
}

impl Dialect {
    pub const ALL: [Self; 4] = [Self::Twilio, Self::SignalWire, Self::Somleng, Self::TeXml];

    /// Whether an agent can be rung there. Only Twilio has a noun for browsers; and an ordinary telephone is rung only
    /// where it can be asked to press 1 before it is bridged.
    pub fn reaches(self, reach: &Reach) -> bool {
        match (self, reach) {
            (Self::Twilio, _) | (_, Reach::Sip(_)) => true,
            (Self::SignalWire, Reach::Number(_)) => true,
            (_, Reach::Client(_)) | (Self::Somleng | Self::TeXml, Reach::Number(_)) => false,
        }
    }

    /// Whether several devices can ring by themselves for a caller who is not answered: each must ask us, when it comes
    /// up, whether it may be bridged.
    pub fn rings_devices(self) -> bool {
        match self {
            Self::Twilio | Self::SignalWire => true,
            Self::Somleng | Self::TeXml => false,
        }
    }

    /// Who speaks it.
    pub fn company(self) -> &'static str {
        match self {
            Self::Twilio => "Twilio",
            Self::SignalWire => "SignalWire",
            Self::Somleng => "Somleng",
            Self::TeXml => "Telnyx TeXML",
        }
    }

    /// How long a leg may ring, within what the company takes.
    pub fn ring_seconds(self, seconds: u32) -> u32 {
        match self {
            Self::Twilio => seconds.clamp(1, 600),
            Self::SignalWire | Self::Somleng => seconds.clamp(5, 600),
            Self::TeXml => seconds.clamp(5, 120),
        }
    }

    /// Whether it asks for the next document after every recording, one without a sound included. Elsewhere the document
    /// goes on, so that nobody can tell who does not say it.
    pub fn asks_after_silence(self) -> bool {
        self != Self::Twilio
    }

    /// What it means that the end of a connection is told without a word on how it ended: the document fell through,
    /// because its agent can't be rung there, or because TeXML did not ask for the action of its `Dial`.
    pub fn unsaid_end(self) -> Option<ConnectionFailure> {
        match self {
            Self::Twilio => None,
            Self::SignalWire | Self::Somleng => Some(ConnectionFailure::Failed),
            Self::TeXml => Some(ConnectionFailure::NoAnswer),
        }
    }

    /// Whether this is the id of a call. TeXML's are opaque.
    pub fn is_call(self, id: &str) -> bool {
        match self {
            Self::Twilio => is_sid("CA", id),
            Self::SignalWire | Self::Somleng => is_uuid(id),
            Self::TeXml => {
                (1..=255).contains(&id.len())
                    && id.bytes().all(|b| b.is_ascii_graphic())
                    && !matches!(id, "." | "..")
            }
        }
    }

    pub fn is_recording(self, id: &str) -> bool {
        match self {
            Self::Twilio => is_sid("RE", id),
            Self::SignalWire | Self::Somleng | Self::TeXml => is_uuid(id),
        }
    }

    /// Where the account's REST interface is, below `api_base`.
    pub fn account_path(self, account: &str) -> String {
        match self {
            Self::Twilio | Self::Somleng => format!("/2010-04-01/Accounts/{account}"),
            Self::SignalWire => format!("/api/laml/2010-04-01/Accounts/{account}"),
            Self::TeXml => format!("/v2/texml/Accounts/{account}"),
        }
    }

    /// A live call, below the account.
    pub fn call_path(self, id: &str) -> String {
        match self {
            Self::Twilio | Self::SignalWire | Self::Somleng => format!("/Calls/{id}.json"),
            Self::TeXml => format!("/Calls/{}", escaped(id)),
        }
    }

    pub fn recordings_path(self, call: &str) -> String {
        match self {
            Self::Twilio | Self::SignalWire | Self::Somleng => format!("/Calls/{call}/Recordings.json"),
            Self::TeXml => format!("/Calls/{}/Recordings.json", escaped(call)),
        }
    }

    /// Whether its lists of calls and recordings can be asked for one number and one day.
    pub fn lists_what_it_is_asked_for(self) -> bool {
        match self {
            Self::Twilio | Self::SignalWire => true,
            Self::Somleng | Self::TeXml => false,
        }
    }

    /// The list of the legs that a call has. `None`: there is no list that could be relied on.
    pub fn legs_path(self, call: &str) -> Option<String> {
        match self {
            Self::Twilio | Self::SignalWire => Some(format!("/Calls.json?ParentCallSid={call}&PageSize=100")),
            // Somleng lists all calls, whatever is asked for; TeXML's list lags behind.
            Self::Somleng | Self::TeXml => None,
        }
    }
}

/// Whether this is an id of Twilio's documented form: two letters and 32 hex digits.
pub(super) fn is_sid(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|hex| hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// 32 hex digits with hyphens, as others make their ids.
pub(super) fn is_uuid(text: &str) -> bool {
    let hyphen_at = |at| matches!(at, 8 | 13 | 18 | 23);
    let fits = |(at, byte): (usize, u8)| if hyphen_at(at) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

/// As one segment of a path.
fn escaped(id: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    id.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
