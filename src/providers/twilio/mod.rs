//! Twilio: webhooks signed with the account's token, TwiML documents, and its REST interface. And the companies that
//! speak like it: what is different there is in `dialect`.
//!
//! `signature` and `ed25519` decide who sent it, `webhooks` reads what it says, `twiml` writes what it is told, and
//! `rest` is what we ask of it. `settings` is how the other companies are configured.

mod devices;
mod dialect;
mod ed25519;
mod numbers;
mod rest;
mod settings;
mod signature;
mod token;
mod twiml;
mod webhooks;

pub use dialect::Dialect;
pub use settings::{SignalWire, Somleng, TeXml};
pub use twiml::write;
pub use webhooks::{called, read};

use super::{Request, SoftphoneToken, Unsigned};
use chrono::{DateTime, Utc};
use dialect::is_sid;
use ed25519::PublicKey;
use rest::{Login, Rest};
use serde::{Deserialize, Deserializer, de};
use signature::Keys;
use std::{collections::BTreeMap, fmt};

/// `[providers.…]` of kind `twilio`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub account_sid: String,
    pub auth_token: Option<Secret>,
    /// While tokens are being rotated, instead of `auth_token`. The first one is used for REST.
    #[serde(default)]
    pub auth_tokens: Vec<Secret>,
    /// Secrets of shared keys, by the key's id.
    #[serde(default)]
    pub shared_keys: BTreeMap<String, Secret>,
    /// Refuse webhooks that are signed with an account token.
    #[serde(default, deserialize_with = "flag")]
    pub shared_keys_only: bool,
    /// An API key, to be used for REST instead of the account token.
    pub api_key_sid: Option<String>,
    pub api_key_secret: Option<Secret>,
    #[serde(default = "api_base")]
    pub api_base: String,
}

fn api_base() -> String {
    "https://api.twilio.com".into()
}

/// In the environment, where no default says that it is none, everything is a text.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "it is true or false")]
    enum Flag {
        Is(bool),
        Said(String),
    }
    match Flag::deserialize(deserializer)? {
        Flag::Is(is) => Ok(is),
        Flag::Said(text) => text.parse().map_err(|_| de::Error::custom("it is true or false")),
    }
}

/// A text that is never shown.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// What is wrong with the settings: which key, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct BadSettings {
    pub key: &'static str,
    pub problem: String,
}

impl BadSettings {
    fn new(key: &'static str, problem: impl Into<String>) -> Self {
        Self { key, problem: problem.into() }
    }
}

/// One account at Twilio, or at a company that speaks like it.
#[derive(Debug)]
pub struct Twilio {
    pub dialect: Dialect,
    signatures: Signatures,
    rest: Rest,
    signer: Option<token::Signer>,
}

/// What webhooks are checked with.
#[derive(Debug)]
enum Signatures {
    Shared(Keys),
    Public(Option<PublicKey>),
}

impl Twilio {
    /// Without any secret every webhook will be refused, and without one for REST every command.
    ///
    /// Needs rustls' default cryptography to be installed in the process.
    pub fn new(settings: Settings) -> Result<Self, BadSettings> {
        check(&settings)?;
        let rest = Rest::new(Dialect::Twilio, &settings.api_base, &settings.account_sid, login(&settings))?;
        let keys = Keys::new(&tokens(&settings), &settings.shared_keys, settings.shared_keys_only);
        let signer = token::Signer::new(&settings);
        Ok(Self { dialect: Dialect::Twilio, signatures: Signatures::Shared(keys), rest, signer })
    }

    /// With which an agent's browser is reached under this identity. `None`: no API key is configured.
    pub fn softphone_token(&self, identity: &str, now: DateTime<Utc>) -> Option<SoftphoneToken> {
        self.signer.as_ref().map(|signer| signer.token(identity, now))
    }

    /// Whether there is anything to check webhooks with; else all of them are refused.
    pub fn has_secret(&self) -> bool {
        match &self.signatures {
            Signatures::Shared(keys) => !keys.is_empty(),
            Signatures::Public(key) => key.is_some(),
        }
    }

    /// Checks the signature on the raw body and on the public address that we configured, or on the time that it names.
    pub fn verify(
        &self,
        public_url: &str,
        request: &Request<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), Unsigned> {
        match &self.signatures {
            Signatures::Shared(keys) => keys.verify(public_url, request),
            // The body alone is signed: what stands in an address is anybody's.
            Signatures::Public(Some(_)) if request.method != "POST" => Err(Unsigned::Wrong),
            Signatures::Public(Some(key)) => key.verify(request, now),
            Signatures::Public(None) => Err(Unsigned::NoSecret),
        }
    }

    pub fn signed_time<'a>(&self, request: &Request<'a>) -> Option<&'a str> {
        match &self.signatures {
            Signatures::Public(_) => ed25519::timestamp(request.headers),
            Signatures::Shared(_) => None,
        }
    }
}

fn tokens(settings: &Settings) -> Vec<&Secret> {
    settings.auth_token.iter().chain(&settings.auth_tokens).collect()
}

fn login(settings: &Settings) -> Option<Login> {
    match (&settings.api_key_sid, &settings.api_key_secret) {
        (Some(sid), Some(secret)) => Some(Login::Basic(sid.clone(), secret.clone())),
        _ => tokens(settings).first().map(|&token| Login::Basic(settings.account_sid.clone(), token.clone())),
    }
}

fn check(settings: &Settings) -> Result<(), BadSettings> {
    if !is_sid("AC", &settings.account_sid) {
        return Err(BadSettings::new("account_sid", "an account's id is AC and 32 hex digits"));
    }
    if settings.auth_token.is_some() && !settings.auth_tokens.is_empty() {
        return Err(BadSettings::new("auth_tokens", "give auth_token or auth_tokens, not both"));
    }
    // Anybody can sign with an empty secret.
    let blank = |secret: &Secret| secret.0.trim().is_empty();
    if settings.auth_token.as_ref().is_some_and(blank) {
        return Err(BadSettings::new("auth_token", "is empty"));
    }
    if settings.auth_tokens.iter().any(blank) {
        return Err(BadSettings::new("auth_tokens", "one of them is empty"));
    }
    if let Some((id, _)) = settings.shared_keys.iter().find(|(id, secret)| id.is_empty() || blank(secret)) {
        return Err(BadSettings::new("shared_keys", format!("the id or the secret of {id:?} is empty")));
    }
    if settings.shared_keys_only && settings.shared_keys.is_empty() {
        return Err(BadSettings::new("shared_keys_only", "needs at least one of shared_keys"));
    }
    check_api_key(settings)
}

fn check_api_key(settings: &Settings) -> Result<(), BadSettings> {
    match (&settings.api_key_sid, &settings.api_key_secret) {
        (None, None) => Ok(()),
        (Some(_), None) => Err(BadSettings::new("api_key_secret", "is missing, but there is an api_key_sid")),
        (None, Some(_)) => Err(BadSettings::new("api_key_sid", "is missing, but there is an api_key_secret")),
        (Some(sid), Some(_)) if !is_sid("SK", sid) => {
            Err(BadSettings::new("api_key_sid", "an API key's id is SK and 32 hex digits"))
        }
        (Some(_), Some(secret)) if secret.0.trim().is_empty() => {
            Err(BadSettings::new("api_key_secret", "is empty"))
        }
        (Some(_), Some(_)) => Ok(()),
    }
}

/// Whether a leg with this `CallStatus` is over. Values that Twilio may add are taken for a leg that is not.
fn is_over(status: &str) -> bool {
    matches!(status, "completed" | "busy" | "failed" | "no-answer" | "canceled")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ACCOUNT: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const API_KEY: &str = "SKaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn settings(more: Value) -> Result<Settings, serde_json::Error> {
        let mut all = json!({ "account_sid": ACCOUNT });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(all)
    }

    fn complaint(more: Value) -> String {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Twilio::new(settings(more).unwrap()).map_or_else(|bad| bad.to_string(), |_| String::new())
    }

    #[test]
    fn what_is_wrong_with_the_settings_names_the_key() {
        for (more, expected) in [
            (json!({}), ""),
            (json!({"auth_token": "t"}), ""),
            (json!({"auth_tokens": ["new", "old"]}), ""),
            (json!({"api_key_sid": API_KEY, "api_key_secret": "s"}), ""),
            (json!({"shared_keys": {"k": "s"}, "shared_keys_only": true}), ""),
            (json!({"api_base": "http://127.0.0.1:9"}), ""),
            (json!({"api_base": "http://[::1]:9"}), ""),
            (json!({"api_base": "http://localhost:9/"}), ""),
            (json!({"account_sid": "AC1"}), "account_sid"),
            (json!({"auth_token": ""}), "auth_token"),
            (json!({"auth_token": "t", "auth_tokens": ["t"]}), "auth_tokens"),
            (json!({"auth_tokens": ["t", " "]}), "auth_tokens"),
            (json!({"shared_keys": {"k": ""}}), "shared_keys"),
            (json!({"shared_keys_only": true}), "shared_keys_only"),
            (json!({"api_key_sid": API_KEY}), "api_key_secret"),
            (json!({"api_key_secret": "s"}), "api_key_sid"),
            (json!({"api_key_sid": "key", "api_key_secret": "s"}), "api_key_sid"),
            (json!({"api_key_sid": API_KEY, "api_key_secret": ""}), "api_key_secret"),
            (json!({"api_base": "api.twilio.com"}), "api_base"),
            (json!({"api_base": "http://api.twilio.com"}), "api_base"),
            (json!({"api_base": "ftp://127.0.0.1"}), "api_base"),
            (json!({"api_base": "https://me@api.twilio.com"}), "api_base"),
        ] {
            let complaint = complaint(more.clone());
            assert_eq!(complaint.split(": ").next().unwrap(), expected, "{more}: {complaint}");
        }
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(settings(json!({"auth_tokn": "t"})).unwrap_err().to_string().contains("auth_tokn"));
    }

    #[test]
    fn secrets_are_not_shown() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let secrets = json!({"auth_token": "hush", "shared_keys": {"k": "hush"}, "api_key_sid": API_KEY, "api_key_secret": "hush"});
        let settings = settings(secrets).unwrap();
        let shown = format!("{settings:?} {:?}", Twilio::new(settings.clone()).unwrap());
        assert!(!shown.contains("hush") && shown.contains(ACCOUNT), "{shown}");
    }
}
