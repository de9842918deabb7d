//! A form on somebody's web page: what was filled in becomes a message. Who asks and what is in the fields that the
//! channel names; everything else becomes properties of the ticket. How it came over the wire is the web's business.

use super::{Arrival, attachment, plain};
use crate::{
    notify::mail,
    routing::ids::ChannelId,
    tickets::{
        channel::Form,
        incoming::{Attachment, Identity, Incoming, Nature, Threading},
    },
};
use axum::body::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt::Write};

/// The largest form, with its files.
pub const BYTES_MAX: usize = 20 << 20;
/// The largest one without files.
pub const FIELDS_BYTES_MAX: usize = 1 << 20;
pub const FIELDS_MAX: usize = 100;
pub const FILES_MAX: usize = 10;
const MESSAGE_CHARS_MAX: usize = 65_536;
const SUBJECT_CHARS_MAX: usize = 500;
const NAME_CHARS_MAX: usize = 200;
const PROPERTY_CHARS_MAX: usize = 2_000;
const PROPERTY_NAME_CHARS_MAX: usize = 100;
const EMAIL_BYTES_MAX: usize = 254;
/// Who presses the button twice, or whose browser sends it again, asks once.
const DOUBLED_WITHIN_MINUTES: i64 = 10;

/// Everything that was filled in, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Submission {
    pub fields: Vec<(String, String)>,
    pub files: Vec<File>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// What the sender calls it: not to be trusted.
    pub name: String,
    pub content_type: String,
    pub bytes: Bytes,
}

impl File {
    fn described(&self) -> Attachment {
        attachment(&self.name, &self.content_type, None, &self.bytes)
    }
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    Message(Box<Arrival>),
    /// A field that nobody sees was filled in.
    Machine,
}

/// Why a form is not taken: the field, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub field: String,
    pub why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Missing,
    NotAnAddress,
    TooLong,
    TooMany,
}

/// Neither JSON nor what browsers send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it can't be read")]
pub struct Unreadable;

/// The fields of an object. What is in them is told as text, whatever it is.
pub fn json_fields(body: &[u8]) -> Result<Vec<(String, String)>, Unreadable> {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else { return Err(Unreadable) };
    let told = object.into_iter().filter(|(_, value)| !value.is_null());
    Ok(told.map(|(name, value)| (name, told_as_text(value))).collect())
}

fn told_as_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Array(values) if !values.iter().any(|value| value.is_array() || value.is_object()) => {
            values.into_iter().map(told_as_text).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// What a browser sends that has no files to send.
pub fn urlencoded_fields(body: &[u8]) -> Result<Vec<(String, String)>, Unreadable> {
    // What is no text is no form; a lost character would be a lost letter of a name.
    std::str::from_utf8(body).map_err(|_| Unreadable)?;
    Ok(form_urlencoded::parse(body).into_owned().collect())
}

/// `key`: what the sender calls this very submission, if they call it anything.
pub fn read(
    form: &Form,
    channel: ChannelId,
    key: Option<&str>,
    submission: Submission,
    now: DateTime<Utc>,
) -> Result<Read, Refused> {
    let key = key.map_or_else(|| fingerprint(&submission, now), |key| format!("key:{key}"));
    let Submission { fields, files } = submission;
    if fields.len() > FIELDS_MAX {
        return Err(Refused { field: String::new(), why: Why::TooMany });
    }
    if files.len() > FILES_MAX {
        return Err(Refused { field: "file".into(), why: Why::TooMany });
    }
    let mut filled = Filled::of(fields);
    if form.honeypot.as_ref().is_some_and(|honeypot| !filled.take(honeypot).is_empty()) {
        return Ok(Read::Machine);
    }
    let named = &form.fields;
    let name = within(&named.name, filled.take(&named.name), NAME_CHARS_MAX)?;
    let subject = within(&named.subject, filled.take(&named.subject), SUBJECT_CHARS_MAX)?;
    let text = within(&named.message, filled.take(&named.message), MESSAGE_CHARS_MAX)?;
    if text.is_empty() && files.is_empty() {
        return Err(Refused { field: named.message.clone(), why: Why::Missing });
    }
    let email = filled.take(&named.email).to_lowercase();
    if !email.is_empty() && !is_address(&email) {
        return Err(Refused { field: named.email.clone(), why: Why::NotAnAddress });
    }
    let number = filled.take(&named.number);
    let dialled = international(&number);
    let from = match (email.is_empty(), &dialled) {
        (false, _) => Identity::Email(email),
        (true, Some(dialled)) => Identity::Number(dialled.clone()),
        (true, None) => Identity::Unknown,
    };
    // Where they are not found by it, somebody may still want to call them.
    if !number.is_empty() && !matches!(from, Identity::Number(_)) {
        filled.0.insert(named.number.clone(), dialled.unwrap_or(number));
    }
    let properties = filled.into_properties()?;
    let incoming = Incoming {
        channel,
        key,
        from,
        // They go into headers of mails and lines of lists.
        name: some(plain(&name, NAME_CHARS_MAX)),
        subject: some(plain(&subject, SUBJECT_CHARS_MAX)),
        text,
        html: None,
        attachments: files.iter().map(File::described).collect(),
        threading: Threading::New,
        nature: Nature::Person,
        properties,
        raw: None,
    };
    let files = files.into_iter().map(|file| file.bytes.into()).collect();
    Ok(Read::Message(Box::new(Arrival { incoming, files })))
}

/// The fields by name. What is ticked in several boxes of one name is one text.
struct Filled(BTreeMap<String, String>);

impl Filled {
    fn of(fields: Vec<(String, String)>) -> Self {
        let mut filled: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in fields {
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            let text = filled.entry(name).or_default();
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str(value);
        }
        Self(filled)
    }

    fn take(&mut self, name: &str) -> String {
        self.0.remove(name).unwrap_or_default()
    }

    fn into_properties(self) -> Result<BTreeMap<String, String>, Refused> {
        for (name, value) in &self.0 {
            let is_long =
                name.chars().count() > PROPERTY_NAME_CHARS_MAX || value.chars().count() > PROPERTY_CHARS_MAX;
            if name.is_empty() || is_long {
                let field = name.chars().take(PROPERTY_NAME_CHARS_MAX).collect();
                return Err(Refused { field, why: if is_long { Why::TooLong } else { Why::Missing } });
            }
        }
        Ok(self.0)
    }
}

fn within(field: &str, text: String, chars_max: usize) -> Result<String, Refused> {
    match text.chars().count() > chars_max {
        true => Err(Refused { field: field.to_owned(), why: Why::TooLong }),
        false => Ok(text),
    }
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// Something to which a mail server would at least listen. Whether anybody reads there shows when they are written to.
fn is_address(text: &str) -> bool {
    let is_plain = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| !c.is_control() && !c.is_whitespace() && !"<>()[],;:\\\"@".contains(c))
    };
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    let labels_are_filled = host.split('.').all(|label| !label.is_empty());
    text.len() <= EMAIL_BYTES_MAX
        && is_plain(name)
        && is_plain(host)
        && host.contains('.')
        && labels_are_filled
        // Whom no mail can be sent to could never be answered.
        && mail::is_address(text)
}

/// In E.164, if it is written as it is dialled from abroad.
fn international(text: &str) -> Option<String> {
    let dialled: String = text.chars().filter(|c| !" \u{a0}-/().".contains(*c)).collect();
    let digits = dialled.strip_prefix('+').or_else(|| dialled.strip_prefix("00"))?;
    // People write the zero that is dialled at home in brackets: it is not dialled from abroad.
    let digits = if text.contains("(0)") { digits.replacen('0', "", 1) } else { digits.to_owned() };
    let is_number = (7..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0');
    is_number.then(|| format!("+{digits}"))
}

/// The same words and files within a while are the same submission.
fn fingerprint(submission: &Submission, now: DateTime<Utc>) -> String {
    let while_ = now.timestamp().div_euclid(DOUBLED_WITHIN_MINUTES * 60);
    let mut hash = Sha256::new().chain_update(while_.to_be_bytes());
    let mut part = |bytes: &[u8]| {
        // With its length, so that no two lists of parts are alike.
        hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(bytes);
    };
    for (name, value) in &submission.fields {
        part(name.as_bytes());
        part(value.as_bytes());
    }
    for file in &submission.files {
        part(file.name.as_bytes());
        part(&file.bytes);
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{routing::ids::Ids, tickets::channel::FormFields};

    fn noon() -> DateTime<Utc> {
        "2026-03-02T12:00:00Z".parse().unwrap()
    }

    fn submission(fields: &[(&str, &str)]) -> Submission {
        let fields = fields.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Submission { fields, files: Vec::new() }
    }

    fn read_at(form: &Form, submission: Submission, now: DateTime<Utc>) -> Result<Read, Refused> {
        read(form, ChannelId(Ids::new(1).next(1)), None, submission, now)
    }

    fn message(fields: &[(&str, &str)]) -> Incoming {
        match read_at(&Form::default(), submission(fields), noon()) {
            Ok(Read::Message(arrival)) => arrival.incoming,
            other => panic!("{other:?}"),
        }
    }

    fn refused(fields: &[(&str, &str)]) -> (String, Why) {
        let refused = read_at(&Form::default(), submission(fields), noon()).unwrap_err();
        (refused.field, refused.why)
    }

    #[test]
    fn the_named_fields_say_who_asks_and_what_and_the_others_become_properties() {
        let incoming = message(&[
            ("name", " Ada\r\nLove\u{202e}lace "),
            ("email", "Ada@Example.ORG"),
            ("phone", "+43 (0) 1 234 5678"),
            ("subject", "An engine\u{0}"),
            ("message", "It stopped.\nTwice."),
            ("product", "Difference"),
            ("colour", "red"),
            ("colour", "green"),
            ("empty", "  "),
        ]);
        assert_eq!(incoming.from, Identity::Email("ada@example.org".into()));
        assert_eq!(incoming.name.as_deref(), Some("Ada Lovelace"));
        assert_eq!(incoming.subject.as_deref(), Some("An engine"));
        assert_eq!(incoming.text, "It stopped.\nTwice.");
        assert_eq!((incoming.threading, incoming.nature), (Threading::New, Nature::Person));
        let properties: Vec<(&str, &str)> =
            incoming.properties.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            properties,
            [("colour", "red, green"), ("phone", "+4312345678"), ("product", "Difference")]
        );
    }

    #[test]
    fn a_channel_may_call_its_fields_anything() {
        let fields = FormFields { message: "frage".into(), email: "post".into(), ..FormFields::default() };
        let form = Form { fields, ..Form::default() };
        let filled = submission(&[("post", "a@b.at"), ("frage", "Was?"), ("message", "not this")]);
        let Ok(Read::Message(arrival)) = read_at(&form, filled, noon()) else { panic!("no message") };
        let incoming = arrival.incoming;
        assert_eq!((incoming.text.as_str(), &incoming.from), ("Was?", &Identity::Email("a@b.at".into())));
        assert_eq!(incoming.properties["message"], "not this");
    }

    #[test]
    fn who_asks_is_known_by_mail_then_by_number_then_not_at_all() {
        let from = |fields: &[(&str, &str)]| message(&[&[("message", "x")], fields].concat()).from;
        assert_eq!(from(&[("phone", "0043 1 2345678")]), Identity::Number("+4312345678".into()));
        assert_eq!(from(&[("phone", "01 234 56 78")]), Identity::Unknown, "nobody knows in which country");
        assert_eq!(from(&[]), Identity::Unknown);
        let local = message(&[("message", "x"), ("phone", "01 234 56 78")]);
        assert_eq!(local.properties["phone"], "01 234 56 78");
    }

    #[test]
    fn what_is_missing_or_wrong_is_said_by_field() {
        assert_eq!(refused(&[("email", "a@b.at")]), ("message".into(), Why::Missing));
        assert_eq!(refused(&[("message", " \n ")]), ("message".into(), Why::Missing));
        for wrong in [
            "ada",
            "ada@",
            "@b.at",
            "a b@c.at",
            "a@b",
            "a@b..at",
            "a..b@c.at",
            "a@b@c.at",
            "a@b.at, c@d.at",
            "<a@b.at>",
        ] {
            let told = refused(&[("message", "x"), ("email", wrong)]);
            assert_eq!(told, ("email".into(), Why::NotAnAddress), "{wrong}");
        }
        let long = "x".repeat(MESSAGE_CHARS_MAX + 1);
        assert_eq!(refused(&[("message", &long)]), ("message".into(), Why::TooLong));
        let long = "x".repeat(PROPERTY_CHARS_MAX + 1);
        assert_eq!(refused(&[("message", "x"), ("more", &long)]), ("more".into(), Why::TooLong));
        let many: Vec<(String, String)> =
            (0..=FIELDS_MAX).map(|number| (format!("f{number}"), "x".to_owned())).collect();
        let told = read_at(&Form::default(), Submission { fields: many, files: Vec::new() }, noon());
        assert_eq!(told, Err(Refused { field: String::new(), why: Why::TooMany }));
        let file =
            File { name: "a".into(), content_type: "text/plain".into(), bytes: Bytes::from_static(b"a") };
        let many = Submission { fields: Vec::new(), files: vec![file; FILES_MAX + 1] };
        assert_eq!(read_at(&Form::default(), many, noon()).unwrap_err().why, Why::TooMany);
    }

    #[test]
    fn a_file_alone_is_a_message_and_its_name_is_made_harmless() {
        let (name, content_type) = ("../../a.txt".into(), "text/plain".into());
        let file = File { name, content_type, bytes: Bytes::from_static(b"a") };
        let sent = Submission { fields: Vec::new(), files: vec![file] };
        let Ok(Read::Message(arrival)) = read_at(&Form::default(), sent, noon()) else { panic!("none") };
        let Arrival { incoming, files } = *arrival;
        assert_eq!((incoming.text.as_str(), files), ("", vec![b"a".to_vec()]));
        let [attachment] = incoming.attachments.as_slice() else { panic!("one file") };
        assert_eq!((attachment.name.as_str(), attachment.bytes), ("a.txt", 1));
    }

    #[test]
    fn what_fills_in_a_field_that_nobody_sees_is_a_machine() {
        let form = Form { honeypot: Some("website".into()), ..Form::default() };
        let spam = submission(&[("message", "Buy"), ("website", "https://spam.example")]);
        assert_eq!(read_at(&form, spam, noon()), Ok(Read::Machine));
        let empty = submission(&[("message", "Help"), ("website", "")]);
        let Ok(Read::Message(arrival)) = read_at(&form, empty, noon()) else { panic!("no message") };
        assert_eq!(arrival.incoming.properties.len(), 0, "the empty field is nobody's business");
    }

    #[test]
    fn the_same_words_twice_within_a_while_are_one_submission() {
        let key = |fields: &[(&str, &str)], seconds: i64| {
            let at = noon() + chrono::Duration::seconds(seconds);
            match read_at(&Form::default(), submission(fields), at) {
                Ok(Read::Message(arrival)) => arrival.incoming.key,
                other => panic!("{other:?}"),
            }
        };
        let once = key(&[("message", "Help")], 0);
        assert_eq!(key(&[("message", "Help")], 599), once);
        assert_ne!(key(&[("message", "Help")], 600), once, "later they ask again");
        assert_ne!(key(&[("message", "Help!")], 0), once);
        assert_ne!(key(&[("message", "Help"), ("a", "bc")], 0), key(&[("message", "Help"), ("ab", "c")], 0));
        let own = |at| {
            let read = read(
                &Form::default(),
                ChannelId(Ids::new(1).next(1)),
                Some("7"),
                submission(&[("message", "x")]),
                at,
            );
            match read {
                Ok(Read::Message(arrival)) => arrival.incoming.key,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(
            own(noon()),
            own(noon() + chrono::Duration::days(1)),
            "the sender said that it is the same"
        );
    }

    #[test]
    fn an_object_is_a_form_whatever_is_in_it() {
        let fields = json_fields(
            r#"{"a": "x", "b": 7, "c": [1, "two", true], "d": null, "e": {"f": [1]}}"#.as_bytes(),
        );
        let fields = fields.unwrap();
        let told: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(told, [("a", "x"), ("b", "7"), ("c", "1, two, true"), ("e", r#"{"f":[1]}"#)]);
        for wrong in ["", "[]", "7", "{", "\"x\"", "{\"a\": \"\u{0}", "null"] {
            assert_eq!(json_fields(wrong.as_bytes()), Err(Unreadable), "{wrong}");
        }
        assert_eq!(json_fields(b"{\"a\": \"\xff\"}"), Err(Unreadable));
    }

    #[test]
    fn what_browsers_send_is_read_and_what_is_no_text_is_refused() {
        let fields = urlencoded_fields(b"a=b+c&d=%C3%A4&e").unwrap();
        let told: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(told, [("a", "b c"), ("d", "ä"), ("e", "")]);
        assert_eq!(urlencoded_fields(b"a=\xff"), Err(Unreadable));
    }
}
