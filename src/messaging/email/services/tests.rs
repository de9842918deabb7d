use super::*;
use crate::{
    routing::ids::ChannelId,
    tickets::incoming::{Identity, Incoming, Nature, Threading},
};
use serde_json::json;
use uuid::Uuid;

fn to() -> To<'static> {
    To { channel: ChannelId(Uuid::nil()), address: "help@example.org" }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap()
}

fn field(name: &str, value: &str) -> Field {
    Field { name: name.into(), file_name: None, content_type: None, bytes: value.into() }
}

fn file(name: &str, file_name: &str, content_type: &str, bytes: &[u8]) -> Field {
    Field {
        name: name.into(),
        file_name: Some(file_name.into()),
        content_type: Some(content_type.into()),
        bytes: bytes.into(),
    }
}

const RAW: &str =
    "From: Ann <ann@example.net>\r\nMessage-ID: <1@example.net>\r\nSubject: Broken\r\n\r\nHello";

/// What all of them must make of the same mail.
fn is_the_mail(incoming: &Incoming) {
    assert_eq!(incoming.from, Identity::Email("ann@example.net".into()));
    assert_eq!(incoming.subject.as_deref(), Some("Grüße"));
    assert_eq!(incoming.text, "Hello €");
    assert_eq!(incoming.html.as_deref(), Some("<p>Hello <img src=\"cid:logo@x\"></p>"));
    let told: Vec<_> =
        incoming.attachments.iter().map(|one| (one.name.as_str(), one.content_id.as_deref())).collect();
    assert_eq!(told, [("logo.png", Some("logo@x")), ("passwd", None)]);
    assert_eq!(
        incoming.threading,
        Threading::References {
            message_id: Some("1@example.net".into()),
            references: vec!["0@example.org".into()]
        }
    );
    assert_eq!(incoming.nature, Nature::AutoReply);
}

const HTML: &str = "<p>Hello <img src=\"cid:logo@x\"><script>alert(1)</script></p>";

fn mailgun_key() -> Webhook {
    Webhook::Mailgun { signing_key: "hush".into() }
}

/// Signed as Mailgun's documentation says: HMAC-SHA256 of time and token, in hex.
fn signed(mut fields: Vec<Field>, at: DateTime<Utc>, key: &str) -> Sent {
    let (time, token) = (at.timestamp().to_string(), "0123456789".repeat(5));
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    let mac = mac.chain_update(format!("{time}{token}")).finalize().into_bytes();
    let signature = data_encoding::HEXLOWER.encode(&mac);
    fields.extend([field("timestamp", &time), field("token", &token), field("signature", &signature)]);
    Sent::Form(fields)
}

fn mailgun_fields() -> Vec<Field> {
    let headers = json!([
        ["From", "Ann <ann@example.net>"],
        ["Subject", "Grüße"],
        ["Message-Id", "<1@example.net>"],
        ["In-Reply-To", "<0@example.org>"],
        ["Auto-Submitted", "auto-replied"],
        ["To", "help@example.org"]
    ]);
    vec![
        field("recipient", "help@example.org"),
        field("sender", "bounce@example.net"),
        field("body-plain", "Hello €"),
        field("stripped-text", "Hello"),
        field("body-html", HTML),
        field("message-headers", &headers.to_string()),
        field("content-id-map", "{\"<logo@x>\": \"attachment-1\"}"),
        file("attachment-1", "logo.png", "image/png", b"png"),
        file("attachment-2", "../../etc/passwd", "text/plain", b"x"),
    ]
}

#[test]
fn mailgun_hands_over_what_it_took_out_or_the_mail_itself() {
    let arrival = mailgun_key().read(signed(mailgun_fields(), now(), "hush"), to(), now()).unwrap();
    is_the_mail(&arrival.incoming);
    assert_eq!(arrival.files, [b"png".to_vec(), b"x".to_vec()]);
    let raw = vec![field("recipient", "help@example.org"), field("body-mime", RAW)];
    let arrival = mailgun_key().read(signed(raw, now(), "hush"), to(), now()).unwrap();
    assert_eq!(arrival, reading::read(RAW.as_bytes(), to()));
}

#[test]
fn mailgun_is_believed_only_with_its_signature_and_not_for_ever() {
    let read = |sent| mailgun_key().read(sent, to(), now()).err();
    assert_eq!(mailgun_key().knows(Some("Basic aHVzaDpodXNo")), None);
    assert_eq!(read(signed(mailgun_fields(), now(), "hush")), None);
    assert_eq!(read(signed(mailgun_fields(), now() - TimeDelta::hours(8), "hush")), None);
    assert_eq!(read(signed(mailgun_fields(), now(), "other")), Some(Bad::Unsigned));
    assert_eq!(read(signed(mailgun_fields(), now() - TimeDelta::hours(13), "hush")), Some(Bad::Unsigned));
    assert_eq!(read(signed(mailgun_fields(), now() + TimeDelta::hours(13), "hush")), Some(Bad::Unsigned));
    assert_eq!(read(Sent::Form(mailgun_fields())), Some(Bad::Unsigned));
    let mut twisted = mailgun_fields();
    twisted.extend([field("timestamp", "x"), field("token", ""), field("signature", "zz")]);
    assert_eq!(read(Sent::Form(twisted)), Some(Bad::Unsigned));
    assert_eq!(read(signed(Vec::new(), now(), "hush")), Some(Bad::Missing("message-headers")));
    let bad = vec![field("message-headers", "{")];
    assert_eq!(read(signed(bad, now(), "hush")), Some(Bad::Unreadable("message-headers")));
    assert_eq!(read(Sent::Json(json!({}))), Some(Bad::NotIts));
}

#[test]
fn what_was_signed_for_one_mail_is_good_for_no_other() {
    let mut proofs = Proofs::default();
    let mut take = |fields: Vec<Field>, hours: i64| {
        let at = now() + TimeDelta::hours(hours);
        let proof = mailgun_key().proof(&signed(fields, at, "hush")).unwrap();
        proofs.take(proof, at)
    };
    assert!(take(mailgun_fields(), 0));
    assert!(take(mailgun_fields(), 8), "another try, signed anew");
    let mut other = mailgun_fields();
    other.push(field("body-plain", "Pay here"));
    assert!(!take(other.clone(), 11));
    assert!(take(other, 25), "the signature is too old to be believed, whatever it is for");
    let raw = Webhook::Raw { username: "a".into(), password: "b".into() };
    assert_eq!(raw.proof(&Sent::Mail(Vec::new())), None);
}

fn postmark_key() -> Webhook {
    Webhook::Postmark { username: "post".into(), password: "hush".into() }
}

fn postmark_document() -> Value {
    json!({
        "FromName": "Ann", "MessageStream": "inbound", "From": "ann@example.net",
        "FromFull": { "Email": "ann@example.net", "Name": "Ann", "MailboxHash": "" },
        "To": "help@example.org", "ReplyTo": "", "Subject": "Grüße",
        "MessageID": "73e6d360-66eb-11e1-8e72-a8904824019b",
        "Date": "Fri, 1 Aug 2014 16:45:32 -04:00",
        "TextBody": "Hello €", "HtmlBody": HTML, "StrippedTextReply": "Hello",
        "Headers": [
            { "Name": "Message-ID", "Value": "<1@example.net>" },
            { "Name": "In-Reply-To", "Value": "<0@example.org>" },
            { "Name": "Auto-Submitted", "Value": "auto-replied" }
        ],
        "Attachments": [
            { "Name": "logo.png", "Content": "cG5n", "ContentType": "image/png", "ContentLength": 3, "ContentID": "logo@x" },
            { "Name": "../../etc/passwd", "Content": "eA==", "ContentType": "text/plain", "ContentLength": 1 }
        ]
    })
}

#[test]
fn postmark_hands_over_what_it_took_out_or_the_mail_itself() {
    let read = |document| postmark_key().read(Sent::Json(document), to(), now());
    let arrival = read(postmark_document()).unwrap();
    is_the_mail(&arrival.incoming);
    assert_eq!(arrival.files, [b"png".to_vec(), b"x".to_vec()]);
    let mut with_raw = postmark_document();
    with_raw["RawEmail"] = json!(RAW);
    assert_eq!(read(with_raw).unwrap(), reading::read(RAW.as_bytes(), to()));
    let mut evil = postmark_document();
    evil["FromFull"]["Name"] = json!("Ann\"\r\nBcc: x <evil@example.net>, \"");
    assert_eq!(read(evil).unwrap().incoming.from, Identity::Email("ann@example.net".into()));
    let mut broken = postmark_document();
    broken["Attachments"][0]["Content"] = json!("%%%");
    assert_eq!(read(broken), Err(Bad::Unreadable("Content")));
    assert_eq!(read(json!([])), Err(Bad::NotIts));
    assert_eq!(read(json!({})), Err(Bad::Missing("From")));
}

#[test]
fn sendgrid_hands_over_what_it_took_out_or_the_mail_itself() {
    let webhook = Webhook::Sendgrid { username: "grid".into(), password: "hush".into() };
    let read = |fields| webhook.read(Sent::Form(fields), to(), now());
    let headers = "From: Ann <ann@example.net>\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\nMessage-ID: <1@example.net>\n\
        In-Reply-To: <0@example.org>\nAuto-Submitted: auto-replied\n";
    let info = json!({
        "attachment1": { "filename": "logo.png", "name": "logo.png", "type": "image/png", "content-id": "logo@x" },
        "attachment2": { "filename": "../../etc/passwd", "name": "passwd", "type": "text/plain" }
    });
    let mut text = field("text", "");
    text.bytes = b"Hello \x80".to_vec();
    let fields = vec![
        field("headers", headers),
        text,
        field("html", HTML),
        field("charsets", "{\"to\":\"UTF-8\",\"html\":\"UTF-8\",\"text\":\"windows-1252\"}"),
        field("attachments", "2"),
        field("attachment-info", &info.to_string()),
        file("attachment1", "logo.png", "image/png", b"png"),
        file("attachment2", "passwd", "text/plain", b"x"),
    ];
    let arrival = read(fields).unwrap();
    is_the_mail(&arrival.incoming);
    assert_eq!(arrival.files, [b"png".to_vec(), b"x".to_vec()]);
    assert_eq!(read(vec![field("email", RAW)]).unwrap(), reading::read(RAW.as_bytes(), to()));
    assert_eq!(read(Vec::new()), Err(Bad::Missing("headers")));
}

#[test]
fn services_that_sign_in_are_known_by_their_password_alone() {
    let basic = |text: &str| format!("Basic {}", BASE64_STANDARD.encode(text));
    let table = [
        (Some(basic("post:hush")), true),
        (Some(basic("post:hush").replace("Basic", "basic")), true),
        (Some(basic("post:other")), false),
        (Some(basic("other:hush")), false),
        (Some(basic("post:hush ")), false),
        (Some(basic("post:hush").replace("Basic", "Bearer")), false),
        (Some("Basic %%%".to_owned()), false),
        (Some("Basic".to_owned()), false),
        (Some(String::new()), false),
        (None, false),
    ];
    for (given, expected) in table {
        assert_eq!(postmark_key().knows(given.as_deref()), Some(expected), "{given:?}");
    }
}

#[test]
fn the_same_mail_by_any_way_has_the_same_key() {
    let raw = Webhook::Raw { username: "a".into(), password: "b".into() };
    let by_raw = raw.read(Sent::Mail(RAW.into()), to(), now()).unwrap().incoming.key;
    let by_fields = vec![field("headers", RAW.split_once("\r\n\r\n").unwrap().0), field("text", "Hello")];
    let sendgrid = Webhook::Sendgrid { username: "a".into(), password: "b".into() };
    assert_eq!(sendgrid.read(Sent::Form(by_fields), to(), now()).unwrap().incoming.key, by_raw);
}

#[test]
fn html_that_is_too_much_comes_as_a_file() {
    let html = format!("{}<p>Hello", "<div>".repeat(30_000));
    let mut document = postmark_document();
    document["HtmlBody"] = json!(html);
    document["Attachments"] = json!([]);
    let arrival = postmark_key().read(Sent::Json(document), to(), now()).unwrap();
    assert_eq!((arrival.incoming.html, arrival.incoming.text.as_str()), (None, "Hello €"));
    assert_eq!(arrival.incoming.attachments[0].name, "message.html");
    assert_eq!(arrival.files, [html.into_bytes()]);
}
