//! From a message to a mail.

use crate::{
    messaging::plain,
    notify::mail::is_address,
    tickets::{
        channel::Email,
        incoming::Identity,
        message::{Author, Outgoing, Side},
    },
};
use lettre::{
    Message,
    message::{
        Attachment, Mailbox, MultiPart, SinglePart,
        header::{ContentType, Header, HeaderName, HeaderValue},
    },
};
use std::error::Error;

const SUBJECT_CHARS_MAX: usize = 500;

/// What a mail of ours is called: the same, however often it is sent.
pub fn message_id(outgoing: &Outgoing, email: &Email) -> String {
    let host = email.address.rsplit('@').next().unwrap_or("localhost");
    format!("{}@{host}", outgoing.message.id)
}

/// `files`: what is in its attachments, in the same order.
pub fn write(outgoing: &Outgoing, email: &Email, files: Vec<Vec<u8>>) -> anyhow::Result<Message> {
    let message = &outgoing.message;
    let Identity::Email(to) = &outgoing.to else { anyhow::bail!("its customer has no address of mail") };
    anyhow::ensure!(is_address(to), "its customer's address is none that mail can be sent to");
    let sender = email.sender.as_deref().map(|name| plain(name, 200)).filter(|name| !name.is_empty());
    let mut builder = Message::builder()
        .from(Mailbox::new(sender, email.address.parse()?))
        .to(Mailbox::new(None, to.parse()?))
        .subject(subject(message.subject.as_deref(), !outgoing.references.is_empty()))
        .date(message.at.into())
        .message_id(Some(format!("<{}>", message_id(outgoing, email))));
    let references: Vec<String> =
        outgoing.references.iter().filter(|id| is_id(id)).map(|id| format!("<{id}>")).collect();
    if let Some(nearest) = references.first() {
        let from_the_first: Vec<&str> = references.iter().rev().map(String::as_str).collect();
        builder = builder.in_reply_to(nearest.clone()).references(from_the_first.join(" "));
    }
    if matches!(message.side, Side::Out { by: Author::CustomerAgent, .. }) {
        builder = builder.header(AutoReplied);
    }
    let parts = message.attachments.iter().zip(files);
    let is_picture = |id: &Option<String>| {
        let html = message.html.as_deref().unwrap_or_default();
        id.as_deref().is_some_and(|id| is_id(id) && html.contains(&format!("cid:{id}")))
    };
    let (inline, attached): (Vec<_>, Vec<_>) = parts.partition(|(file, _)| is_picture(&file.content_id));
    let body = body(&message.text, message.html.as_deref(), inline)?;
    if attached.is_empty() {
        return Ok(body.in_builder(builder)?);
    }
    let mut mixed = body.in_mixed();
    for (file, bytes) in attached {
        mixed = mixed
            .singlepart(Attachment::new(file.name.clone()).body(bytes, content_type(&file.content_type)));
    }
    Ok(builder.multipart(mixed)?)
}

/// Mailers put a conversation together by this too.
fn subject(said: Option<&str>, answers: bool) -> String {
    let said = plain(said.unwrap_or_default(), SUBJECT_CHARS_MAX);
    let start = said.split(':').next().unwrap_or_default().to_lowercase();
    let is_answer = ["re", "aw", "antw", "sv", "vs"].contains(&start.as_str()) && said.contains(':');
    if answers && !is_answer { format!("Re: {said}") } else { said }
}

/// What can be read, before it is known whether files come with it.
enum Body {
    One(SinglePart),
    Many(MultiPart),
}

impl Body {
    fn in_builder(self, builder: lettre::message::MessageBuilder) -> Result<Message, lettre::error::Error> {
        match self {
            Self::One(part) => builder.singlepart(part),
            Self::Many(parts) => builder.multipart(parts),
        }
    }

    fn in_mixed(self) -> MultiPart {
        match self {
            Self::One(part) => MultiPart::mixed().singlepart(part),
            Self::Many(parts) => MultiPart::mixed().multipart(parts),
        }
    }
}

type Picture<'a> = (&'a crate::tickets::incoming::Attachment, Vec<u8>);

fn body(text: &str, html: Option<&str>, pictures: Vec<Picture<'_>>) -> anyhow::Result<Body> {
    let plain = SinglePart::plain(text.replace("\r\n", "\n").replace('\n', "\r\n"));
    let Some(html) = html else { return Ok(Body::One(plain)) };
    let html = SinglePart::html(html.to_owned());
    let alternative = MultiPart::alternative().singlepart(plain);
    if pictures.is_empty() {
        return Ok(Body::Many(alternative.singlepart(html)));
    }
    let mut related = MultiPart::related().singlepart(html);
    for (file, bytes) in pictures {
        let id = file.content_id.clone().unwrap_or_default();
        let picture = Attachment::new_inline_with_name(id, file.name.clone());
        related = related.singlepart(picture.body(bytes, content_type(&file.content_type)));
    }
    Ok(Body::Many(alternative.multipart(related)))
}

fn content_type(text: &str) -> ContentType {
    ContentType::parse(text)
        .or_else(|_| ContentType::parse("application/octet-stream"))
        .unwrap_or(ContentType::TEXT_PLAIN)
}

/// What can stand between angle brackets: it came from outside.
fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'))
}

/// No out-of-office answers, please (RFC 3834).
#[derive(Clone)]
struct AutoReplied;

impl Header for AutoReplied {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-replied".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        messaging::{attachment, email::reading},
        routing::ids::{ChannelId, MessageId, UserId},
        tickets::{
            incoming::{Nature, Threading},
            message::{self, Sending},
        },
    };
    use chrono::DateTime;
    use uuid::Uuid;

    fn email() -> Email {
        Email {
            mailbox: "help".into(),
            address: "help@example.org".into(),
            sender: Some("Help, Ltd.".into()),
        }
    }

    fn outgoing(by: Author) -> Outgoing {
        let to = Identity::Email("ann@example.net".into());
        let message = message::Message {
            id: MessageId(Uuid::from_u128(7)),
            ticket: None,
            channel: ChannelId(Uuid::nil()),
            at: DateTime::from_timestamp(1_770_000_000, 0).unwrap(),
            side: Side::Out { by, to: to.clone(), state: Sending::Queued },
            subject: Some("Re: Grüße".into()),
            text: "Dear Ann,\nthank you.".into(),
            html: None,
            attachments: Vec::new(),
            outside_id: None,
        };
        Outgoing { message, to, references: vec!["c@x".into(), "b@x".into(), "a@x".into()] }
    }

    fn user() -> Author {
        Author::User(UserId(Uuid::nil()))
    }

    fn text(outgoing: &Outgoing, files: Vec<Vec<u8>>) -> String {
        String::from_utf8(write(outgoing, &email(), files).unwrap().formatted()).unwrap()
    }

    #[test]
    fn a_reply_goes_out_in_its_thread_under_a_name_that_never_changes() {
        let mail = text(&outgoing(user()), Vec::new());
        let (head, body) = mail.split_once("\r\n\r\n").unwrap();
        for line in [
            "From: =?utf-8?b?SGVscCwgTHRkLg==?= <help@example.org>",
            "To: ann@example.net",
            "Subject: Re: =?utf-8?b?R3LDvMOfZQ==?=",
            "Date: Mon, 02 Feb 2026 02:40:00 +0000",
            "Message-ID: <00000000000000000000000000000007@example.org>",
            "In-Reply-To: <c@x>",
            "References: <a@x> <b@x> <c@x>",
        ] {
            assert!(head.split("\r\n").any(|there| there == line), "{line} is not in {head}");
        }
        assert!(!head.contains("Auto-Submitted"), "somebody wrote it");
        assert_eq!(body.trim_end(), "Dear Ann,\r\nthank you.");
        assert_eq!(message_id(&outgoing(user()), &email()), "00000000000000000000000000000007@example.org");
    }

    #[test]
    fn an_answer_says_so_once() {
        let table = [
            (Some("Broken"), true, "Re: Broken"),
            (Some("RE: Broken"), true, "RE: Broken"),
            (Some("AW: Broken"), true, "AW: Broken"),
            (Some("Re"), true, "Re: Re"),
            (Some("Broken"), false, "Broken"),
            (None, true, "Re: "),
        ];
        for (said, answers, expected) in table {
            assert_eq!(subject(said, answers), expected);
        }
    }

    #[test]
    fn only_what_no_person_wrote_says_so() {
        let mail = text(&outgoing(Author::CustomerAgent), Vec::new());
        assert!(mail.contains("\r\nAuto-Submitted: auto-replied\r\n"), "{mail}");
    }

    #[test]
    fn nobody_puts_headers_into_our_mail() {
        let mut evil = outgoing(user());
        evil.message.subject = Some("Hi\r\nBcc: all@example.org\r\n\r\nBuy".into());
        evil.references = vec!["a@x>\r\nBcc: <all@example.org".into(), "b@x".into()];
        let mail = text(&evil, Vec::new());
        let head = mail.split_once("\r\n\r\n").unwrap().0;
        assert!(!head.split("\r\n").any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{head}");
        assert!(head.contains("In-Reply-To: <b@x>") && !mail.contains("\r\nBuy"), "{mail}");
        for to in
            [Identity::Email("a@b\r\nBcc: x@y.org".into()), Identity::Number("+43".into()), Identity::Unknown]
        {
            let outgoing = Outgoing { to, ..outgoing(user()) };
            assert!(write(&outgoing, &email(), Vec::new()).is_err());
        }
    }

    #[test]
    fn what_we_write_reads_as_what_was_meant() {
        let mut outgoing = outgoing(user());
        outgoing.message.html = Some("<p>Dear Ann <img src=\"cid:logo@x\"></p>".into());
        let files = vec![b"\x89PNG".to_vec(), "über".as_bytes().to_vec()];
        outgoing.message.attachments = vec![
            attachment("logo.png", "image/png", Some("logo@x"), &files[0]),
            attachment("Übersicht.txt", "text/plain", None, &files[1]),
        ];
        let mail = write(&outgoing, &email(), files.clone()).unwrap().formatted();
        let to = reading::To { channel: ChannelId(Uuid::nil()), address: "ann@example.net" };
        let arrival = reading::read(&mail, to);
        let incoming = arrival.incoming;
        assert_eq!(incoming.from, Identity::Email("help@example.org".into()));
        assert_eq!(incoming.name.as_deref(), Some("Help, Ltd."));
        assert_eq!(incoming.subject, outgoing.message.subject);
        assert_eq!(incoming.text, outgoing.message.text);
        assert_eq!(incoming.html, outgoing.message.html);
        assert_eq!(incoming.attachments, outgoing.message.attachments);
        assert_eq!((arrival.files, incoming.nature), (files, Nature::Person));
        let message_id = Some(message_id(&outgoing, &email()));
        assert_eq!(incoming.threading, Threading::References { message_id, references: outgoing.references });
    }
}
