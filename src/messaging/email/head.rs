//! What stands in a mail above its first empty line.

use crate::{
    messaging::{file_name::is_hidden, plain},
    notify::mail::is_address,
};
use mail_parser::{Address, HeaderName, HeaderValue, Message, MessageParser, MimeHeaders};

/// What stands beyond is not looked at: no mailer needs so much.
const BYTES_MAX: usize = 256 << 10;
const SUBJECT_CHARS_MAX: usize = 500;
const NAME_CHARS_MAX: usize = 128;
/// RFC 5322 allows lines of 998.
const ID_BYTES_MAX: usize = 990;
const REFERENCES_MAX: usize = 50;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    pub from: Option<Person>,
    pub reply_to: Option<Person>,
    pub subject: Option<String>,
    /// Without angle brackets, as all of these.
    pub message_id: Option<String>,
    /// To which it answers, the nearest first.
    pub references: Vec<String>,
    /// In whose mailboxes it should be, in lower case.
    pub recipients: Vec<String>,
    /// What it says of its own date, in seconds.
    pub date: Option<i64>,
    pub content: Content,
    /// Whether there was more than is looked at.
    pub cut: bool,
    fields: Vec<(String, String)>,
}

/// An address and who is said to be behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub name: Option<String>,
    /// In lower case.
    pub address: String,
}

/// What a part says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// In lower case: `text/plain`, where nothing is said.
    pub kind: String,
    pub charset: Option<String>,
    pub boundary: Option<String>,
    pub report: Option<String>,
    /// In lower case.
    pub encoding: Option<String>,
    pub attached: bool,
    pub name: Option<String>,
    pub id: Option<String>,
}

impl Default for Content {
    fn default() -> Self {
        let kind = "text/plain".to_owned();
        Self {
            kind,
            charset: None,
            boundary: None,
            report: None,
            encoding: None,
            attached: false,
            name: None,
            id: None,
        }
    }
}

impl Head {
    pub fn read(bytes: &[u8]) -> Self {
        let cut = bytes.len() > BYTES_MAX;
        let mut text = bytes[..bytes.len().min(BYTES_MAX)].to_vec();
        text.extend_from_slice(b"\r\n\r\n");
        let Some(message) = MessageParser::default().parse_headers(&text) else {
            return Self { cut, ..Self::default() };
        };
        Self {
            from: message.from().and_then(person),
            reply_to: message.reply_to().and_then(person),
            subject: message.subject().map(|text| plain(text, SUBJECT_CHARS_MAX)).filter(|s| !s.is_empty()),
            message_id: ids(message.header(HeaderName::MessageId)).into_iter().next(),
            references: references(&message),
            recipients: recipients(&message),
            date: message.date().filter(|date| date.is_valid()).map(mail_parser::DateTime::to_timestamp),
            content: content(&message),
            cut,
            fields: message
                .headers_raw()
                .map(|(name, value)| (name.to_ascii_lowercase(), unfolded(value)))
                .collect(),
        }
    }

    /// What a field says, by its name in lower case.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// The first of them that mail can be sent to.
fn person(address: &Address<'_>) -> Option<Person> {
    address.iter().take(100).find_map(|one| {
        let address = one.address()?.trim().to_lowercase();
        let name = one.name().map(|name| plain(name, NAME_CHARS_MAX));
        let name = name.filter(|name| !name.is_empty() && name.to_lowercase() != address);
        is_address(&address).then_some(Person { name, address })
    })
}

/// That to which it answers stands last among what it refers to, and under `In-Reply-To`.
fn references(message: &Message<'_>) -> Vec<String> {
    let mut found = ids(message.header(HeaderName::InReplyTo));
    found.truncate(REFERENCES_MAX);
    for id in ids(message.header(HeaderName::References)).into_iter().rev() {
        if found.len() >= REFERENCES_MAX {
            break;
        }
        if !found.contains(&id) {
            found.push(id);
        }
    }
    found
}

fn ids(value: Option<&HeaderValue<'_>>) -> Vec<String> {
    let all: Vec<&str> = match value {
        Some(HeaderValue::Text(id)) => vec![id],
        Some(HeaderValue::TextList(ids)) => ids.iter().map(AsRef::as_ref).collect(),
        _ => Vec::new(),
    };
    let is_one = |id: &&str| {
        !id.is_empty()
            && id.len() <= ID_BYTES_MAX
            && !id.contains(|c: char| c.is_whitespace() || is_hidden(c))
    };
    all.into_iter().filter(is_one).map(str::to_owned).collect()
}

fn recipients(message: &Message<'_>) -> Vec<String> {
    let listed = [message.to(), message.cc()].into_iter().flatten().flat_map(Address::iter);
    let listed = listed.filter_map(|one| one.address()).map(str::to_owned);
    let delivered = message.headers_raw().filter(|(name, _)| {
        ["delivered-to", "x-original-to", "envelope-to"].contains(&name.to_ascii_lowercase().as_str())
    });
    let delivered = delivered.map(|(_, value)| value.trim().trim_matches(['<', '>']).to_owned());
    delivered.chain(listed).take(200).map(|address| address.to_lowercase()).collect()
}

fn content(message: &Message<'_>) -> Content {
    let Some(part) = message.parts.first() else { return Content::default() };
    let kind = part.content_type();
    let attribute = |name| kind.and_then(|kind| kind.attribute(name)).map(str::to_owned);
    let said = kind.and_then(|kind| Some(format!("{}/{}", kind.ctype(), kind.subtype()?)));
    Content {
        kind: said.map_or_else(|| Content::default().kind, |said| said.to_ascii_lowercase()),
        charset: attribute("charset"),
        boundary: attribute("boundary").filter(|boundary| !boundary.is_empty()),
        report: attribute("report-type").map(|report| report.to_ascii_lowercase()),
        encoding: part.content_transfer_encoding().map(|word| word.trim().to_ascii_lowercase()),
        attached: part.content_disposition().is_some_and(|disposition| disposition.is_attachment()),
        name: part.attachment_name().map(str::to_owned),
        id: part.content_id().map(|id| id.trim().trim_matches(['<', '>']).to_owned()),
    }
}

fn unfolded(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_mail_answers_comes_nearest_first_and_once() {
        let head =
            Head::read(b"In-Reply-To: <c@x>\r\nReferences: <a@x> <b@x>\r\n <c@x>\r\nMessage-ID: <d@x>\r\n");
        assert_eq!(head.references, ["c@x", "b@x", "a@x"]);
        assert_eq!(head.message_id.as_deref(), Some("d@x"));
    }

    #[test]
    fn names_and_subjects_are_decoded_and_made_plain() {
        let head = Head::read(
            "From: =?iso-8859-1?Q?J=FCrgen?= <Jurgen@Example.ORG>\r\nSubject: =?utf-8?B?8J+Yig==?=\r\n =?koi8-r?B?8NLJ18XU?=\r\n"
                .as_bytes(),
        );
        let from = head.from.unwrap();
        assert_eq!((from.name.as_deref(), from.address.as_str()), (Some("Jürgen"), "jurgen@example.org"));
        assert_eq!(head.subject.as_deref(), Some("😊Привет"));
        let evil = "Subject: =?utf-8?Q?a=0D=0ABcc:_x=E2=80=AEfdp?=\r\n";
        assert_eq!(Head::read(evil.as_bytes()).subject.as_deref(), Some("a Bcc: xfdp"));
    }

    #[test]
    fn who_can_t_be_written_to_is_nobody() {
        for from in ["", "From: nobody\r\n", "From: <>\r\n", "From: a@b@c\r\n", "From: \"x\" <\r\n"] {
            assert_eq!(Head::read(from.as_bytes()).from, None, "{from:?}");
        }
    }

    #[test]
    fn a_head_without_end_is_cut_and_does_not_take_the_memory() {
        let long = "a:\n".repeat(5_000_000);
        let head = Head::read(long.as_bytes());
        assert!(head.cut && head.fields.len() < 100_000, "{}", head.fields.len());
    }
}
