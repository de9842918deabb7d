//! `[mailboxes.NAME]`: how an operator's mailbox is read, how mail goes out in its name, and which service hands mail over.

use crate::notify::mail::{self, Encryption};
use serde::Deserialize;
use std::{collections::BTreeMap, fmt};

/// By the name that channels call them.
pub type Mailboxes = BTreeMap<String, Settings>;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Without it, mail comes by webhook only.
    pub imap: Option<Imap>,
    /// Without it, mail goes out by the server of `[mail]`.
    pub smtp: Option<Smtp>,
    pub webhook: Option<Webhook>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imap {
    pub host: String,
    #[serde(default = "imaps")]
    pub port: u16,
    #[serde(default = "from_the_first_byte")]
    pub tls: Encryption,
    /// Who vouches for the server, where not everybody believes them: a file of certificates.
    #[serde(default)]
    pub ca_file: String,
    pub username: String,
    pub password: String,
    #[serde(default = "inbox")]
    pub folder: String,
    /// Where mail goes that was taken in. Empty: it stays, and is marked as seen.
    #[serde(default)]
    pub move_to: String,
    #[serde(default = "a_while")]
    pub timeout_seconds: u64,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    pub host: String,
    #[serde(default = "submission")]
    pub port: u16,
    #[serde(default = "begun_in_the_open")]
    pub tls: Encryption,
    /// As for [`Imap`].
    #[serde(default)]
    pub ca_file: String,
    #[serde(default)]
    pub username: String,
    #[serde(default)]
    pub password: String,
    #[serde(default = "a_while")]
    pub timeout_seconds: u64,
}

/// A service that hands over what it received.
#[derive(Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Webhook {
    Mailgun {
        signing_key: String,
    },
    Postmark {
        username: String,
        password: String,
    },
    Sendgrid {
        username: String,
        password: String,
    },
    /// The mail itself, as `message/rfc822`.
    Raw {
        username: String,
        password: String,
    },
}

fn imaps() -> u16 {
    993
}

fn submission() -> u16 {
    587
}

fn from_the_first_byte() -> Encryption {
    Encryption::Tls
}

fn begun_in_the_open() -> Encryption {
    Encryption::Starttls
}

fn inbox() -> String {
    "INBOX".to_owned()
}

fn a_while() -> u64 {
    30
}

/// What a channel with this mailbox can't do, in words that can be shown.
pub fn lacking(mailboxes: &Mailboxes, mailbox: &str) -> Option<String> {
    match mailboxes.get(mailbox) {
        None => {
            Some(format!("the configuration has no mailbox {mailbox}, so no mail comes in and none goes out"))
        }
        Some(Settings { imap: None, webhook: None, .. }) => {
            Some(format!("the mailbox {mailbox} has neither imap nor webhook, so no mail comes in"))
        }
        Some(_) => None,
    }
}

impl Settings {
    /// What is wrong with them: key and reason.
    pub fn check(&self) -> Result<(), (String, String)> {
        if let Some(imap) = &self.imap {
            imap.check().map_err(|(key, wrong)| (format!("imap.{key}"), wrong))?;
        }
        if let Some(smtp) = &self.smtp {
            smtp.server().check_server().map_err(|(key, wrong)| (format!("smtp.{key}"), wrong))?;
        }
        if let Some(webhook) = &self.webhook {
            webhook.check().map_err(|(key, wrong)| (format!("webhook.{key}"), wrong))?;
        }
        Ok(())
    }
}

impl Imap {
    fn check(&self) -> Result<(), (&'static str, String)> {
        let server = Smtp {
            host: self.host.clone(),
            port: self.port,
            tls: self.tls,
            ca_file: self.ca_file.clone(),
            username: self.username.clone(),
            password: self.password.clone(),
            timeout_seconds: self.timeout_seconds,
        };
        server.server().check_server()?;
        // Whatever goes onto the wire in a command must not end it.
        for (key, text) in [
            ("username", &self.username),
            ("password", &self.password),
            ("folder", &self.folder),
            ("move_to", &self.move_to),
        ] {
            if text.chars().any(char::is_control) {
                return Err((key, "it is on one line".into()));
            }
        }
        for (key, text) in
            [("username", &self.username), ("password", &self.password), ("folder", &self.folder)]
        {
            if text.is_empty() {
                return Err((key, "it is missing".into()));
            }
        }
        if self.move_to == self.folder {
            return Err(("move_to", "it is another folder, or empty".into()));
        }
        Ok(())
    }
}

impl Smtp {
    /// As the server of our own mail is written.
    pub fn server(&self) -> mail::Settings {
        mail::Settings {
            host: self.host.clone(),
            port: self.port,
            tls: self.tls,
            ca_file: self.ca_file.clone(),
            username: self.username.clone(),
            password: self.password.clone(),
            from: String::new(),
            timeout_seconds: self.timeout_seconds,
        }
    }
}

impl Webhook {
    fn check(&self) -> Result<(), (&'static str, String)> {
        let missing = |key| Err((key, "it is missing: without it nobody could be believed".to_owned()));
        match self {
            Self::Mailgun { signing_key } if signing_key.is_empty() => missing("signing_key"),
            Self::Mailgun { .. } => Ok(()),
            Self::Postmark { username, password }
            | Self::Sendgrid { username, password }
            | Self::Raw { username, password } => {
                if username.is_empty() || username.contains(':') {
                    return Err(("username", "it is at least one character, and no colon".into()));
                }
                if password.is_empty() { missing("password") } else { Ok(()) }
            }
        }
    }
}

impl fmt::Debug for Imap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Imap").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mailgun { .. } => "Mailgun",
            Self::Postmark { .. } => "Postmark",
            Self::Sendgrid { .. } => "Sendgrid",
            Self::Raw { .. } => "Raw",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Option<String> {
        let settings: Settings = toml::from_str(text).unwrap();
        settings.check().err().map(|(key, _)| key)
    }

    #[test]
    fn what_a_mailbox_lacks_is_told() {
        let settings = |text: &str| toml::from_str::<Settings>(text).unwrap();
        let raw = "[webhook]\nkind = \"raw\"\nusername = \"a\"\npassword = \"b\"\n";
        let mailboxes = Mailboxes::from([
            ("well".to_owned(), settings(raw)),
            ("mute".to_owned(), settings("[smtp]\nhost = \"mail.example.org\"\n")),
        ]);
        let told = |name| lacking(&mailboxes, name).unwrap_or_default();
        assert_eq!(told("well"), "");
        assert_eq!(told("mute"), "the mailbox mute has neither imap nor webhook, so no mail comes in");
        assert_eq!(
            told("none"),
            "the configuration has no mailbox none, so no mail comes in and none goes out"
        );
    }

    #[test]
    fn wrong_settings_are_named_by_their_key_and_secrets_are_never_shown() {
        let imap = "[imap]\nhost = \"mail.example.org\"\nusername = \"help\"\npassword = \"hush\"\n";
        let smtp = "[smtp]\nhost = \"mail.example.org\"\n";
        let table = [
            (String::new(), None),
            (imap.to_owned(), None),
            (smtp.to_owned(), None),
            (format!("{imap}tls = \"none\"\n"), Some("imap.tls")),
            (format!("{imap}ca_file = \"/nowhere.pem\"\n"), Some("imap.ca_file")),
            (format!("{smtp}ca_file = \"/dev/null\"\n"), Some("smtp.ca_file")),
            (format!("{imap}move_to = \"INBOX\"\n"), Some("imap.move_to")),
            (format!("{imap}folder = \"\"\n"), Some("imap.folder")),
            (format!("{imap}timeout_seconds = 0\n"), Some("imap.timeout_seconds")),
            (imap.replace("hush", "hu\\nsh"), Some("imap.password")),
            (imap.replace("hush", ""), Some("imap.password")),
            (format!("{smtp}username = \"help\"\n"), Some("smtp.password")),
            (format!("{smtp}tls = \"none\"\n"), Some("smtp.tls")),
            ("[webhook]\nkind = \"mailgun\"\nsigning_key = \"\"\n".to_owned(), Some("webhook.signing_key")),
            (
                "[webhook]\nkind = \"raw\"\nusername = \"a:b\"\npassword = \"x\"\n".to_owned(),
                Some("webhook.username"),
            ),
            (
                "[webhook]\nkind = \"postmark\"\nusername = \"a\"\npassword = \"\"\n".to_owned(),
                Some("webhook.password"),
            ),
            ("[webhook]\nkind = \"sendgrid\"\nusername = \"a\"\npassword = \"b\"\n".to_owned(), None),
        ];
        for (text, key) in table {
            assert_eq!(wrong(&text).as_deref(), key, "{text}");
        }
        let all = format!(
            "{imap}{smtp}username = \"a\"\npassword = \"hush\"\n[webhook]\nkind = \"mailgun\"\nsigning_key = \"hush\"\n"
        );
        let settings: Settings = toml::from_str(&all).unwrap();
        assert!(!format!("{settings:?}").contains("hush"));
    }
}
