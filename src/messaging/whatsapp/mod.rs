//! WhatsApp, by the Cloud API: `signature` decides whether a webhook is Meta's, `webhook` reads what it says, and `rest` is
//! what we ask of it. Files are fetched by their ids from the address that is configured, never from one that a webhook
//! names.

mod rest;
mod signature;
mod trouble;
mod webhook;

pub use rest::{MEDIA_BYTES_MAX, NotFetched};
pub use webhook::{Heard, Media, Received, Report, Unreadable, read};

use rest::Rest;
use serde::Deserialize;
use std::{collections::BTreeMap, fmt};

/// The largest webhook that Meta sends.
pub const WEBHOOK_BYTES_MAX: usize = 3 << 20;

/// `[whatsapp.…]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What webhooks are signed with.
    pub app_secret: Option<Secret>,
    /// While secrets are being rotated, instead of `app_secret`.
    #[serde(default)]
    pub app_secrets: Vec<Secret>,
    /// What Meta shows when the webhook's address is set up.
    pub verify_token: Option<Secret>,
    /// For our requests: a system user's.
    pub access_token: Option<Secret>,
    #[serde(default = "api_base")]
    pub api_base: String,
    #[serde(default = "api_version")]
    pub api_version: String,
    /// Where files lie, besides at `api_base`; the access token goes there, too.
    #[serde(default = "media_hosts")]
    pub media_hosts: Vec<String>,
}

fn api_base() -> String {
    "https://graph.facebook.com".into()
}

fn api_version() -> String {
    "v23.0".into()
}

fn media_hosts() -> Vec<String> {
    vec!["lookaside.fbsbx.com".into()]
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

/// By the name that the operator gave them.
pub type Accounts = BTreeMap<String, Account>;

/// One account at Meta.
#[derive(Debug)]
pub struct Account {
    app_secrets: Vec<Secret>,
    verify_token: Option<Secret>,
    rest: Rest,
}

impl Account {
    /// Without an app secret every webhook will be refused, and without an access token nothing can be sent.
    ///
    /// Needs rustls' default cryptography to be installed in the process.
    pub fn new(settings: Settings) -> Result<Self, BadSettings> {
        let Settings {
            app_secret,
            app_secrets,
            verify_token,
            access_token,
            api_base,
            api_version,
            media_hosts,
        } = settings;
        let app_secrets: Vec<Secret> = app_secret.into_iter().chain(app_secrets).collect();
        let named = [
            ("app_secret", app_secrets.iter().collect::<Vec<_>>()),
            ("verify_token", verify_token.iter().collect()),
            ("access_token", access_token.iter().collect()),
        ];
        for (key, secrets) in named {
            // Anybody can sign with an empty secret.
            if secrets.iter().any(|secret| secret.0.trim().is_empty()) {
                return Err(BadSettings::new(key, "is empty"));
            }
        }
        let rest = Rest::new(&api_base, &api_version, media_hosts, access_token)?;
        Ok(Self { app_secrets, verify_token, rest })
    }

    /// What an operator should know.
    pub fn missing(&self) -> Vec<&'static str> {
        let keys = [
            ("app_secret", self.app_secrets.is_empty()),
            ("verify_token", self.verify_token.is_none()),
            ("access_token", !self.rest.has_token()),
        ];
        keys.into_iter().filter(|(_, is_missing)| *is_missing).map(|(key, _)| key).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn settings() -> Settings {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let secret = |text: &str| Some(Secret(text.to_owned()));
        Settings {
            app_secret: secret("app"),
            app_secrets: Vec::new(),
            verify_token: secret("verify"),
            access_token: secret("access"),
            api_base: "http://127.0.0.1:1".into(),
            api_version: api_version(),
            media_hosts: media_hosts(),
        }
    }

    #[test]
    fn what_is_wrong_with_the_settings_names_its_key() {
        let key = |settings: Settings| Account::new(settings).unwrap_err().key;
        let empty = || Some(Secret(" ".into()));
        assert_eq!(key(Settings { app_secret: empty(), ..settings() }), "app_secret");
        assert_eq!(key(Settings { verify_token: empty(), ..settings() }), "verify_token");
        assert_eq!(key(Settings { access_token: empty(), ..settings() }), "access_token");
        for base in ["http://graph.facebook.com", "graph.facebook.com", "https://a@b", "https://a/?b"] {
            assert_eq!(key(Settings { api_base: base.into(), ..settings() }), "api_base", "{base}");
        }
        for version in ["", "23.0", "v23.0/..", "v"] {
            assert_eq!(
                key(Settings { api_version: version.into(), ..settings() }),
                "api_version",
                "{version}"
            );
        }
        for host in ["", "*", "a/b", "a@b", "a:b"] {
            assert_eq!(
                key(Settings { media_hosts: vec![host.into()], ..settings() }),
                "media_hosts",
                "{host}"
            );
        }
    }

    #[test]
    fn what_is_missing_is_told() {
        let none = Settings { app_secret: None, verify_token: None, access_token: None, ..settings() };
        assert_eq!(Account::new(none).unwrap().missing(), ["app_secret", "verify_token", "access_token"]);
        assert_eq!(Account::new(settings()).unwrap().missing(), Vec::<&str>::new());
    }

    #[test]
    fn secrets_are_never_shown() {
        let account = Account::new(settings()).unwrap();
        let shown = format!("{:?} {account:?}", settings());
        assert!(
            !shown.contains("\"app\"") && !shown.contains("access\"") && !shown.contains("verify\""),
            "{shown}"
        );
    }
}
