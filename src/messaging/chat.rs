//! The chat on somebody's web page: what its visitors say and hear, frame by frame. A visitor is whoever has a secret that
//! their browser keeps; what is known of them here is made of it and does not give it away.

use super::plain;
use crate::{
    routing::ids::{ChannelId, MessageId},
    tickets::incoming::{Identity, Incoming, Nature, Threading},
};
use chrono::{DateTime, SecondsFormat, Utc};
use data_encoding::HEXLOWER;
use rand::{Rng, distr::Alphanumeric};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const SECRET_LENGTH: usize = 40;
pub const TEXT_CHARS_MAX: usize = 4_000;
const KEY_BYTES_MAX: usize = 64;
const NAME_CHARS_MAX: usize = 100;

/// What a visitor's page says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Said {
    /// The first thing. `visitor`: the secret from the last time.
    Hello {
        #[serde(default)]
        visitor: Option<String>,
        #[serde(default)]
        name: Option<String>,
    },
    /// `key`: what the page calls it. Until it is told that it was taken it says the same again.
    Message {
        key: String,
        text: String,
    },
    Pong,
}

/// What a visitor's page is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    Welcome {
        visitor: String,
        /// What visitors read first.
        greeting: Option<String>,
        /// Whether the channel's hours are open.
        is_open: bool,
        /// The conversation until now, the oldest first.
        messages: Vec<Line>,
    },
    Message(Line),
    /// It is on the disk.
    Taken {
        key: String,
        id: MessageId,
    },
    Error {
        code: &'static str,
        /// Of the message that was not taken.
        key: Option<String>,
        /// In so many seconds it may be said again.
        later_seconds: Option<u64>,
    },
    Ping,
}

/// One message, as both sides see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub id: MessageId,
    pub at: DateTime<Utc>,
    pub text: String,
    pub files: Vec<File>,
    pub by: By,
}

/// What came with a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct File {
    /// By which the page fetches it.
    pub id: String,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// With what their page called it.
    Visitor { key: Option<String> },
    /// With the name of who wrote it, if it was a person.
    Desk { name: Option<String> },
}

impl Told {
    pub fn text(&self) -> String {
        let frame = match self {
            Self::Welcome { visitor, greeting, is_open, messages } => json!({
                "type": "welcome", "visitor": visitor, "greeting": greeting, "open": is_open,
                "messages": messages.iter().map(Line::shown).collect::<Vec<_>>(),
            }),
            Self::Message(line) => {
                let mut frame = line.shown();
                frame["type"] = "message".into();
                frame
            }
            Self::Taken { key, id } => json!({ "type": "taken", "key": key, "id": id }),
            Self::Error { code, key, later_seconds } => {
                json!({ "type": "error", "code": code, "key": key, "later_seconds": later_seconds })
            }
            Self::Ping => json!({ "type": "ping" }),
        };
        frame.to_string()
    }
}

impl Line {
    fn shown(&self) -> Value {
        let at = self.at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let mut shown = json!({ "id": self.id, "at": at, "text": self.text, "files": self.files });
        match &self.by {
            By::Visitor { key } => (shown["side"], shown["key"]) = ("in".into(), json!(key)),
            By::Desk { name } => (shown["side"], shown["name"]) = ("out".into(), json!(name)),
        }
        shown
    }
}

/// What a frame says. `None`: it is none.
pub fn read(text: &str) -> Option<Said> {
    serde_json::from_str(text).ok()
}

/// Somebody who chats, as long as they have the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    pub secret: String,
    pub name: Option<String>,
}

impl Visitor {
    /// `known`: the secret that they say is theirs. One that can't be ours is replaced.
    pub fn new(known: Option<String>, name: Option<String>) -> Self {
        let is_ours = |secret: &String| {
            secret.len() == SECRET_LENGTH && secret.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let secret = known.filter(is_ours).unwrap_or_else(new_secret);
        let name = name.map(|name| plain(&name, NAME_CHARS_MAX));
        Self { secret, name: name.filter(|name| !name.is_empty()) }
    }

    /// By which everybody else knows them.
    pub fn identity(&self) -> Identity {
        Identity::Visitor(HEXLOWER.encode(&Sha256::digest(&self.secret)[..16]))
    }

    /// What they say, as a message. Err: why it is none.
    pub fn message(&self, channel: ChannelId, key: &str, text: &str) -> Result<Incoming, &'static str> {
        let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
        let text = text.trim();
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return Err("bad_frame");
        }
        if text.is_empty() {
            return Err("empty");
        }
        if text.chars().count() > TEXT_CHARS_MAX {
            return Err("too_long");
        }
        Ok(Incoming {
            channel,
            key: self.whole_key(key),
            from: self.identity(),
            name: self.name.clone(),
            subject: None,
            text: text.to_owned(),
            html: None,
            attachments: Vec::new(),
            threading: Threading::Sender,
            nature: Nature::Person,
            properties: BTreeMap::new(),
            raw: None,
        })
    }

    fn whole_key(&self, key: &str) -> String {
        match self.identity() {
            Identity::Visitor(visitor) => format!("{visitor}:{key}"),
            _ => key.to_owned(),
        }
    }
}

/// What the page called a message that is kept under this key: other visitors' pages may have chosen the same.
pub fn own_key(whole: &str) -> Option<String> {
    whole.split_once(':').map(|(_, key)| key.to_owned())
}

/// 238 random bits.
fn new_secret() -> String {
    rand::rng().sample_iter(Alphanumeric).take(SECRET_LENGTH).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::ids::Ids;

    fn channel() -> ChannelId {
        ChannelId(Ids::new(1).next(1))
    }

    #[test]
    fn a_visitor_is_who_has_the_secret_and_what_is_known_of_them_does_not_give_it_away() {
        let (one, two) = (Visitor::new(None, None), Visitor::new(None, None));
        assert_ne!(one.identity(), two.identity());
        let again = Visitor::new(Some(one.secret.clone()), Some(" Ada\n Lovelace ".into()));
        assert_eq!((again.identity(), again.name.as_deref()), (one.identity(), Some("Ada Lovelace")));
        let Identity::Visitor(known) = one.identity() else { panic!("no visitor") };
        assert!(known.len() == 32 && !known.contains(&one.secret[..8]));
        for made_up in ["", "x", &"x".repeat(39), &"x".repeat(41), &"-".repeat(40)] {
            let visitor = Visitor::new(Some(made_up.to_owned()), None);
            assert!(visitor.secret.len() == 40 && visitor.secret != made_up, "{made_up}");
        }
    }

    #[test]
    fn what_is_said_becomes_a_message_of_a_conversation() {
        let visitor = Visitor::new(None, Some("Ada".into()));
        let incoming = visitor.message(channel(), "k1", " Hello\u{0}\nthere ").unwrap();
        assert_eq!((incoming.text.as_str(), incoming.name.as_deref()), ("Hello\nthere", Some("Ada")));
        assert_eq!((incoming.from.clone(), incoming.threading), (visitor.identity(), Threading::Sender));
        assert_eq!(own_key(&incoming.key).as_deref(), Some("k1"));
        let other = Visitor::new(None, None).message(channel(), "k1", "Hello").unwrap();
        assert_ne!(other.key, incoming.key, "two pages may call their messages alike");
        let refused = |key: &str, text: &str| visitor.message(channel(), key, text).unwrap_err();
        assert_eq!(refused("k", " \u{7} "), "empty");
        assert_eq!(refused("k", &"ä".repeat(TEXT_CHARS_MAX + 1)), "too_long");
        assert_eq!((refused("", "x"), refused(&"k".repeat(65), "x")), ("bad_frame", "bad_frame"));
        assert!(visitor.message(channel(), "k", &"ä".repeat(TEXT_CHARS_MAX)).is_ok());
    }

    #[test]
    fn frames_are_read_and_what_is_none_is_none() {
        let said = |text| read(text);
        assert_eq!(said(r#"{"type":"hello"}"#), Some(Said::Hello { visitor: None, name: None }));
        let message = Said::Message { key: "1".into(), text: "Hi".into() };
        assert_eq!(said(r#"{"type":"message","key":"1","text":"Hi","more":1}"#), Some(message));
        assert_eq!(said(r#"{"type":"pong"}"#), Some(Said::Pong));
        for wrong in ["", "7", "{}", r#"{"type":"message"}"#, r#"{"type":"dance"}"#, r#"{"type":7}"#] {
            assert_eq!(said(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_page_is_told_what_both_sides_said() {
        let id = MessageId(Ids::new(1).next(1));
        let line = |by| Line {
            id,
            at: DateTime::UNIX_EPOCH,
            text: "Hi".into(),
            files: vec![File { id: "0".into(), name: "a.txt".into() }],
            by,
        };
        let told = Told::Message(line(By::Desk { name: Some("Ann".into()) }));
        let expected = json!({ "type": "message", "id": id, "at": "1970-01-01T00:00:00.000Z", "text": "Hi",
            "files": [{ "id": "0", "name": "a.txt" }], "side": "out", "name": "Ann" });
        assert_eq!(serde_json::from_str::<Value>(&told.text()).unwrap(), expected);
        let messages = vec![line(By::Visitor { key: Some("k".into()) })];
        let told = Told::Welcome { visitor: "s".into(), greeting: None, is_open: false, messages };
        let expected = json!({ "type": "welcome", "visitor": "s", "greeting": null, "open": false, "messages": [
            { "id": id, "at": "1970-01-01T00:00:00.000Z", "text": "Hi", "files": [{ "id": "0", "name": "a.txt" }], "side": "in", "key": "k" }] });
        assert_eq!(serde_json::from_str::<Value>(&told.text()).unwrap(), expected);
    }
}
