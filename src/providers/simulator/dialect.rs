//! How other companies than Twilio speak, as far as it is simulated: ids, signatures, REST addresses, and what of a
//! document and of its webhooks is different.

use super::{
    Account,
    company::API_VERSION,
    webhook::{Params, sign},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::{Ed25519KeyPair, KeyPair};
use sha1::Sha1;
use sha2::{Digest, Sha256};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    #[default]
    Twilio,
    SignalWire,
    Somleng,
    TeXml,
}

impl Dialect {
    pub(super) fn call_id(self) -> String {
        match self {
            Self::Twilio => sid("CA"),
            Self::SignalWire | Self::Somleng => uuid(),
            Self::TeXml => {
                let bytes: [u8; 30] = rand::random();
                format!("v3:{}-aiQ", BASE64_STANDARD.encode(bytes))
            }
        }
    }

    pub(super) fn recording_id(self) -> String {
        if self == Self::Twilio { sid("RE") } else { uuid() }
    }

    /// Where the API of an account begins.
    pub(super) fn root(self, account: &str) -> String {
        match self {
            Self::Twilio | Self::Somleng => format!("/{API_VERSION}/Accounts/{account}"),
            Self::SignalWire => format!("/api/laml/{API_VERSION}/Accounts/{account}"),
            Self::TeXml => format!("/v2/texml/Accounts/{account}"),
        }
    }

    /// What the API wants to see.
    pub(super) fn authorisation(self, account: &Account) -> String {
        match self {
            Self::TeXml => format!("Bearer {}", account.auth_token),
            _ => {
                let credentials = format!("{}:{}", account.sid, account.auth_token);
                format!("Basic {}", BASE64_STANDARD.encode(credentials))
            }
        }
    }

    /// The headers with which a request is signed. `params` are empty with GET.
    pub(super) fn signed(self, account: &Account, url: &str, params: &Params, body: &str) -> Params {
        let pairs = || params.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let header = |name: &str, value: String| (name.to_owned(), value);
        match self {
            Self::Twilio => vec![header("X-Twilio-Signature", sign(&account.auth_token, url, pairs()))],
            Self::SignalWire => {
                let mut submitted: Vec<_> = pairs().collect();
                submitted.sort_by_key(|(name, _)| *name);
                vec![header("X-SignalWire-Signature", plain(&account.auth_token, url, &submitted))]
            }
            Self::Somleng => {
                let mut sorted: Vec<_> = pairs().collect();
                sorted.sort_unstable();
                vec![header("X-Twilio-Signature", plain(&account.auth_token, url, &sorted))]
            }
            Self::TeXml => {
                let sent = unix_seconds().to_string();
                let signature = key_pair(account).sign(format!("{sent}|{body}").as_bytes());
                let signature = BASE64_STANDARD.encode(signature.as_ref());
                vec![header("telnyx-signature-ed25519", signature), header("telnyx-timestamp", sent)]
            }
        }
    }

    /// Whether the leg to an agent has webhooks of its own.
    pub(super) fn tells_of_legs(self) -> bool {
        self != Self::Somleng
    }

    /// Whether `action` is asked even when there was nothing to record.
    pub(super) fn asks_after_silence(self) -> bool {
        self != Self::Twilio
    }

    /// What is known of documents elsewhere, but not here.
    pub(super) fn does_not_know(self, element: &str, attribute: Option<&str>) -> bool {
        match (self, element, attribute) {
            (Self::Twilio, ..) => matches!((element, attribute), ("Record", Some("format" | "channels"))),
            (_, "Client" | "Identity" | "Parameter", _) => true,
            (Self::SignalWire, "Record", Some(name)) => matches!(name, "format" | "channels"),
            (Self::Somleng, "Number" | "Sip", Some(_)) | (Self::Somleng, "Pause", _) => true,
            (Self::Somleng, "Dial", Some(name)) => {
                !matches!(name, "action" | "method" | "timeout" | "callerId")
            }
            (Self::Somleng, "Record", Some(name)) => {
                matches!(name, "format" | "channels" | "trim" | "recordingStatusCallbackEvent")
            }
            (Self::TeXml, "Dial", Some(name)) => name == "answerOnBridge",
            (Self::TeXml, "Number" | "Sip", Some(name)) => matches!(name, "url" | "method"),
            (Self::TeXml, "Record", Some(name)) => name == "trim",
            _ => false,
        }
    }
}

/// The key with which Telnyx's webhooks are checked, in base64.
pub(super) fn public_key(account: &Account) -> String {
    BASE64_STANDARD.encode(key_pair(account).public_key().as_ref())
}

fn key_pair(account: &Account) -> Ed25519KeyPair {
    let seed = Sha256::digest(account.auth_token.as_bytes());
    Ed25519KeyPair::from_seed_unchecked(&seed).expect("a seed has 32 bytes")
}

/// The address and every pair, just as they are given.
fn plain(key: &str, url: &str, params: &[(&str, &str)]) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(url.as_bytes());
    for (name, value) in params {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

#[expect(clippy::disallowed_methods, reason = "whoever checks the signature looks at a clock too")]
fn unix_seconds() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn uuid() -> String {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid().to_string()
}

/// A new name for something: the prefix and 32 hex digits.
pub(super) fn sid(prefix: &str) -> String {
    format!("{prefix}{:032x}", rand::random::<u128>())
}
