//! `[providers.…]` of the kinds `signalwire`, `somleng` and `texml`: what is wrong with them names its key.

use super::{
    BadSettings, Secret, Signatures, Twilio,
    dialect::{Dialect, is_uuid},
    ed25519::PublicKey,
    rest::{Login, Rest},
    signature::Keys,
};
use serde::Deserialize;

/// A project at SignalWire.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalWire {
    /// The first part of `….signalwire.com`.
    pub space: String,
    pub project: String,
    /// For REST.
    pub token: Option<Secret>,
    /// What webhooks are signed with; not the token.
    pub signing_key: Option<Secret>,
    /// While keys are being rotated, instead of `signing_key`.
    #[serde(default)]
    pub signing_keys: Vec<Secret>,
    /// Made of the space, unless it is given.
    pub api_base: Option<String>,
}

/// An account at a Somleng that somebody runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Somleng {
    pub account_sid: String,
    pub auth_token: Option<Secret>,
    /// While tokens are being rotated, instead of `auth_token`. The first one is used for REST.
    #[serde(default)]
    pub auth_tokens: Vec<Secret>,
    pub api_base: String,
}

/// An account at Telnyx, for its TeXML.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeXml {
    pub account_sid: String,
    /// For REST.
    pub api_key: Option<Secret>,
    /// What webhooks are checked with: 32 bytes in base64.
    pub public_key: Option<String>,
    #[serde(default = "telnyx")]
    pub api_base: String,
}

fn telnyx() -> String {
    "https://api.telnyx.com".into()
}

impl SignalWire {
    pub fn account(self) -> Result<Twilio, BadSettings> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if self.space.is_empty() || !self.space.bytes().all(plain) {
            return Err(BadSettings::new("space", "it is what stands before .signalwire.com"));
        }
        account_id("project", &self.project)?;
        let keys = secrets("signing_key", "signing_keys", &self.signing_key, &self.signing_keys)?;
        let token = secret("token", self.token)?;
        let base = self.api_base.unwrap_or_else(|| format!("https://{}.signalwire.com", self.space));
        let login = token.map(|token| Login::Basic(self.project.clone(), token));
        let rest = Rest::new(Dialect::SignalWire, &base, &self.project, login)?;
        let keys = Keys::of(Dialect::SignalWire, &keys);
        Ok(Twilio { dialect: Dialect::SignalWire, signatures: Signatures::Shared(keys), rest, signer: None })
    }
}

impl Somleng {
    pub fn account(self) -> Result<Twilio, BadSettings> {
        account_id("account_sid", &self.account_sid)?;
        let tokens = secrets("auth_token", "auth_tokens", &self.auth_token, &self.auth_tokens)?;
        let login = tokens.first().map(|&token| Login::Basic(self.account_sid.clone(), token.clone()));
        let rest = Rest::new(Dialect::Somleng, &self.api_base, &self.account_sid, login)?;
        let keys = Keys::of(Dialect::Somleng, &tokens);
        Ok(Twilio { dialect: Dialect::Somleng, signatures: Signatures::Shared(keys), rest, signer: None })
    }
}

impl TeXml {
    pub fn account(self) -> Result<Twilio, BadSettings> {
        account_id("account_sid", &self.account_sid)?;
        let key = self.public_key.as_deref().map(|text| {
            PublicKey::read(text).ok_or_else(|| {
                BadSettings::new("public_key", "it must be 32 bytes in base64, as Telnyx shows it")
            })
        });
        let key = key.transpose()?;
        let login = secret("api_key", self.api_key)?.map(Login::Bearer);
        let rest = Rest::new(Dialect::TeXml, &self.api_base, &self.account_sid, login)?;
        Ok(Twilio { dialect: Dialect::TeXml, signatures: Signatures::Public(key), rest, signer: None })
    }
}

fn account_id(key: &'static str, id: &str) -> Result<(), BadSettings> {
    let problem = "its form is 00000000-0000-0000-0000-000000000000";
    is_uuid(id).then_some(()).ok_or_else(|| BadSettings::new(key, problem))
}

/// Anybody can sign with an empty secret.
fn secret(key: &'static str, secret: Option<Secret>) -> Result<Option<Secret>, BadSettings> {
    match secret {
        Some(secret) if secret.0.trim().is_empty() => Err(BadSettings::new(key, "is empty")),
        secret => Ok(secret),
    }
}

fn secrets<'a>(
    key: &'static str,
    keys: &'static str,
    one: &'a Option<Secret>,
    several: &'a [Secret],
) -> Result<Vec<&'a Secret>, BadSettings> {
    let blank = |secret: &&Secret| secret.0.trim().is_empty();
    if one.is_some() && !several.is_empty() {
        return Err(BadSettings::new(keys, format!("give {key} or {keys}, not both")));
    }
    if one.iter().any(|secret| blank(&secret)) {
        return Err(BadSettings::new(key, "is empty"));
    }
    if several.iter().any(|secret| blank(&secret)) {
        return Err(BadSettings::new(keys, "one of them is empty"));
    }
    Ok(one.iter().chain(several).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ID: &str = "f5586561-8ff0-4291-a51b-c7dfe4139ff9";
    const PUBLIC: &str = "+7E99DXiiQXvceNX4nHm3Lbm5mqPWad5RhDr2ufuCik=";

    /// `kind` with what it needs, and `more`; the key that is complained of, or nothing.
    fn complaint(kind: &str, more: &Value) -> String {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut all = match kind {
            "signalwire" => json!({"space": "example", "project": ID}),
            "somleng" => json!({"account_sid": ID, "api_base": "https://somleng.example.org"}),
            _ => json!({"account_sid": ID}),
        };
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = match kind {
            "signalwire" => serde_json::from_value::<SignalWire>(all).unwrap().account(),
            "somleng" => serde_json::from_value::<Somleng>(all).unwrap().account(),
            _ => serde_json::from_value::<TeXml>(all).unwrap().account(),
        };
        made.map_or_else(|bad| bad.key.to_owned(), |_| String::new())
    }

    #[test]
    fn what_is_wrong_with_the_settings_names_the_key() {
        for (kind, more, expected) in [
            ("signalwire", json!({}), ""),
            ("signalwire", json!({"token": "t", "signing_key": "k"}), ""),
            ("signalwire", json!({"signing_keys": ["new", "old"]}), ""),
            ("signalwire", json!({"api_base": "http://127.0.0.1:9"}), ""),
            ("signalwire", json!({"space": "example.signalwire.com/x"}), "space"),
            ("signalwire", json!({"space": ""}), "space"),
            ("signalwire", json!({"project": "AC1"}), "project"),
            ("signalwire", json!({"token": " "}), "token"),
            ("signalwire", json!({"signing_key": ""}), "signing_key"),
            ("signalwire", json!({"signing_keys": ["k", ""]}), "signing_keys"),
            ("signalwire", json!({"signing_key": "k", "signing_keys": ["k"]}), "signing_keys"),
            ("signalwire", json!({"api_base": "http://example.signalwire.com"}), "api_base"),
            ("somleng", json!({}), ""),
            ("somleng", json!({"auth_tokens": ["new", "old"], "api_base": "http://[::1]:9/"}), ""),
            ("somleng", json!({"account_sid": "x/../y"}), "account_sid"),
            ("somleng", json!({"auth_token": ""}), "auth_token"),
            ("somleng", json!({"api_base": "http://somleng.example.org"}), "api_base"),
            ("texml", json!({}), ""),
            ("texml", json!({"api_key": "KEY", "public_key": PUBLIC}), ""),
            ("texml", json!({"account_sid": "1"}), "account_sid"),
            ("texml", json!({"api_key": ""}), "api_key"),
            ("texml", json!({"public_key": ""}), "public_key"),
            ("texml", json!({"public_key": &PUBLIC[1..]}), "public_key"),
            ("texml", json!({"public_key": "AAAA"}), "public_key"),
            ("texml", json!({"api_base": "https://me@api.telnyx.com"}), "api_base"),
        ] {
            assert_eq!(complaint(kind, &more), expected, "{kind} {more}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let settings = json!({"space": "example", "project": ID, "token": "hush", "signing_key": "hush"});
        let settings: SignalWire = serde_json::from_value(settings).unwrap();
        let shown = format!("{settings:?} {:?}", settings.clone().account().unwrap());
        let settings: TeXml = serde_json::from_value(json!({"account_sid": ID, "api_key": "hush"})).unwrap();
        let shown = format!("{shown} {settings:?} {:?}", settings.clone().account().unwrap());
        assert!(!shown.contains("hush") && shown.contains(ID), "{shown}");
    }
}
