//! Access tokens for Twilio's browser SDK: an agent's browser may be called by them, for an hour, and call nobody.

use super::{Secret, Settings};
use crate::providers::SoftphoneToken;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

/// A token lives an hour.
const LIVES_SECONDS: i64 = 3600;

/// What signs tokens: an API key of the account.
#[derive(Debug)]
pub struct Signer {
    account_sid: String,
    key_sid: String,
    secret: Secret,
}

impl Signer {
    /// `None` without an API key.
    pub fn new(settings: &Settings) -> Option<Self> {
        let (key_sid, secret) = (settings.api_key_sid.clone()?, settings.api_key_secret.clone()?);
        Some(Self { account_sid: settings.account_sid.clone(), key_sid, secret })
    }

    /// A JSON web token as Twilio wants it (HS256, `cty` twilio-fpa;v=1).
    pub fn token(&self, identity: &str, now: DateTime<Utc>) -> SoftphoneToken {
        let issued = now.timestamp();
        let expires = issued + LIVES_SECONDS;
        let header = json!({ "alg": "HS256", "typ": "JWT", "cty": "twilio-fpa;v=1" });
        let claims = json!({
            "jti": format!("{}-{issued}", self.key_sid),
            "iss": self.key_sid,
            "sub": self.account_sid,
            "nbf": issued,
            "exp": expires,
            "grants": { "identity": identity, "voice": { "incoming": { "allow": true } } },
        });
        let encode = |value: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.secret.0.as_bytes()).expect("HMAC takes keys of any length");
        mac.update(signed.as_bytes());
        let signature = BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        SoftphoneToken { kind: "twilio", token: format!("{signed}.{signature}"), exp: expires }
    }
}
