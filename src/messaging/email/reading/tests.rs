use super::*;
use crate::{messaging::email::mime, tickets::incoming::Nature};
use uuid::Uuid;

fn to() -> To<'static> {
    To { channel: ChannelId(Uuid::nil()), address: "help@example.org" }
}

fn read_text(mail: &str) -> Incoming {
    read(mail.replace('\n', "\r\n").as_bytes(), to()).incoming
}

fn mail(head: &str, body: &str) -> String {
    format!("From: Ann <ann@example.net>\nMessage-ID: <1@example.net>\n{head}\n{body}")
}

#[test]
fn a_plain_mail_becomes_a_message_with_its_thread() {
    let mail = mail(
        "Subject: Broken\nDate: Mon, 2 Feb 2026 03:40:00 +0100\nIn-Reply-To: <b@x>\nReferences: <a@x> <b@x>\n",
        "Hello,\n\nit is broken. \n\n\n\n\n\nAnn\n",
    );
    let incoming = read_text(&mail);
    assert_eq!(incoming.from, Identity::Email("ann@example.net".into()));
    assert_eq!(incoming.name.as_deref(), Some("Ann"));
    assert_eq!(incoming.subject.as_deref(), Some("Broken"));
    assert_eq!(incoming.text, "Hello,\n\nit is broken.\n\n\nAnn");
    assert_eq!((incoming.html, incoming.attachments), (None, Vec::new()));
    assert_eq!(
        incoming.threading,
        Threading::References {
            message_id: Some("1@example.net".into()),
            references: vec!["b@x".into(), "a@x".into()]
        }
    );
    assert_eq!(incoming.nature, Nature::Person);
}

const RICH: &str = "Content-Type: multipart/mixed; boundary=\"m\"

nobody reads this
--m
Content-Type: multipart/related; boundary=r

--r
Content-Type: multipart/alternative; boundary=\"a b\"

--a b
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Gr=FC=DFe =
aus Wien
--a b
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

PHA+R3LDvMOfZSA8aW1nIHNyYz0iY2lkOmxvZ29AeCI+PGltZyBzcmM9Imh0dHBzOi8vdHJhY2suZXhhbXBsZS9wIj48c2NyaXB0PmFsZXJ0KDEpPC9zY3JpcHQ+PC9wPg==
--a b--
--r
Content-Type: image/png
Content-ID: <logo@x>
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--r--
--m
Content-Type: application/pdf; name=\"old.pdf\"
Content-Disposition: attachment; filename*=utf-8''..%2F..%2Fetc%2FRechnung%20%E2%82%AC.pdf
Content-Transfer-Encoding: base64

JVBERi0xLjQK
--m
Content-Type: text/plain; name=\"notes.txt\"

kept as a file
--m--
after it, nobody reads either
";

#[test]
fn text_html_pictures_and_files_are_told_apart() {
    let arrival = read(mail(RICH, "").replace('\n', "\r\n").as_bytes(), to());
    let incoming = arrival.incoming;
    assert_eq!(incoming.text, "Grüße aus Wien");
    assert_eq!(incoming.html.as_deref(), Some("<p>Grüße <img src=\"cid:logo@x\"><img></p>"));
    let told: Vec<_> = incoming
        .attachments
        .iter()
        .map(|one| (one.name.as_str(), one.content_type.as_str(), one.bytes, one.content_id.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            ("attachment.png", "image/png", 8, Some("logo@x")),
            ("Rechnung €.pdf", "application/pdf", 9, None),
            ("notes.txt", "text/plain", 14, None),
        ]
    );
    assert_eq!(arrival.files[1], b"%PDF-1.4\n");
    assert_eq!(arrival.files[2], b"kept as a file");
    assert!(
        arrival.files.len() == 3 && incoming.attachments[0].sha256.starts_with("4c4b6a3b"),
        "{incoming:?}"
    );
}

#[test]
fn line_ends_of_any_kind_make_the_same_message() {
    let mail = mail(RICH, "");
    let [unix, dos] = [mail.clone(), mail.replace('\n', "\r\n")].map(|mail| read(mail.as_bytes(), to()));
    assert_eq!(unix, dos);
}

#[test]
fn odd_charsets_are_read() {
    let table: [(&str, &[u8], &str); 10] = [
        ("utf-8", "naïve €".as_bytes(), "naïve €"),
        ("iso-8859-1", b"na\xefve", "naïve"),
        ("windows-1252", b"\x80 \x93x\x94", "€ “x”"),
        ("iso-2022-jp", b"\x1b$B$3$s\x1b(B", "こん"),
        ("shift_jis", b"\x82\xb1", "こ"),
        ("koi8-r", b"\xf0\xd2\xc9", "При"),
        ("gb18030", b"\xc4\xe3", "你"),
        ("us-ascii", "naïve".as_bytes(), "naïve"),
        ("x-nobody-knows", b"na\xefve", "naïve"),
        ("utf-8", b"na\xefve", "na\u{fffd}ve"),
    ];
    for (charset, bytes, expected) in table {
        let mut raw = mail(&format!("Content-Type: text/plain; charset={charset}\n"), "").into_bytes();
        raw.extend_from_slice(bytes);
        assert_eq!(read(&raw, to()).incoming.text, expected, "{charset}");
    }
    let mut raw = mail("Subject: x\n", "").into_bytes();
    raw.extend_from_slice(b"gr\xfc\xdfe");
    assert_eq!(read(&raw, to()).incoming.text, "grüße", "nothing is said of a charset");
}

#[test]
fn a_mail_that_is_html_alone_can_be_read_as_text() {
    let incoming = read_text(&mail(
        "Content-Type: text/html\n",
        "<html><head><title>x</title><style>p{}</style></head><body><div>Dear all,</div><div>hi &amp; bye</div></body></html>",
    ));
    let lines: Vec<&str> = incoming.text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, ["Dear all,", "hi & bye"]);
    assert_eq!(incoming.html.as_deref(), Some("<div>Dear all,</div><div>hi &amp; bye</div>"));
}

#[test]
fn broken_mime_is_read_as_far_as_it_goes() {
    let multipart = "Content-Type: multipart/mixed; boundary=b\n";
    let table = [
        // the parts never come
        (mail(multipart, "just words\n"), "just words", 0),
        // there is no boundary
        (mail("Content-Type: multipart/mixed\n", "just words\n"), "just words", 0),
        // it ends in the middle
        (mail(multipart, "--b\n\nfirst\n--b\nContent-Type: image/png\n\nhalf"), "first", 1),
        // a part without anything
        (mail(multipart, "--b\n--b\n\nfirst\n--b--\n"), "first", 0),
        // base64 that is none
        (mail("Content-Transfer-Encoding: base64\n", "this! is, (not) base64"), "this! is, (not) base64", 0),
        // quoted-printable that is none
        (mail("Content-Transfer-Encoding: quoted-printable\n", "100=% =ZZ"), "100=% =ZZ", 0),
        // an encoding that nobody knows
        (mail("Content-Transfer-Encoding: x-rot13\n", "uryyb"), "uryyb", 0),
        // no body at all
        ("From: Ann <ann@example.net>\nSubject: only this".to_owned(), "", 0),
        (String::new(), "", 0),
        ("\n\n\n".to_owned(), "", 0),
        ("no header at all, only words".to_owned(), "", 0),
        ("\0\0\0\u{1}".to_owned(), "", 0),
    ];
    for (mail, text, files) in table {
        let arrival = read(mail.as_bytes(), to());
        assert_eq!((arrival.incoming.text.as_str(), arrival.files.len()), (text, files), "{mail:?}");
    }
}

#[test]
fn base64_with_strange_letters_in_between_is_read_all_the_same() {
    let mail = mail("Content-Transfer-Encoding: base64\n", "SGVs\nbG8*\ng4oCm!\n");
    assert_eq!(read_text(&mail).text, "Hello …");
}

fn nested(levels: usize) -> String {
    let mut mail = String::new();
    for level in 0..levels {
        mail.push_str(&format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n"));
    }
    format!("{mail}Content-Type: text/plain\n\ndeep down\n")
}

#[test]
fn ten_levels_are_opened_and_of_more_the_whole_mail_is_kept() {
    let arrival = read(nested(mime::LEVELS_MAX).as_bytes(), to());
    assert_eq!((arrival.incoming.text.as_str(), arrival.files.len()), ("deep down", 0));
    for levels in [mime::LEVELS_MAX + 1, 50_000] {
        let raw = nested(levels);
        let arrival = read(raw.as_bytes(), to());
        assert_eq!(arrival.incoming.text, "", "{levels}");
        assert_eq!(arrival.incoming.attachments[0].name, "message.eml");
        assert_eq!(arrival.files, [raw.into_bytes()]);
    }
}

#[test]
fn a_hundred_parts_are_taken_and_of_more_the_whole_mail_is_kept() {
    let parts = |count: usize| {
        let part = "--b\nContent-Type: application/x\n\nx\n".repeat(count);
        mail("Content-Type: multipart/mixed; boundary=b\n", &format!("{part}--b--\n"))
    };
    let arrival = read(parts(mime::PARTS_MAX).as_bytes(), to());
    assert_eq!(arrival.files.len(), 100);
    let raw = parts(mime::PARTS_MAX + 1);
    let arrival = read(raw.as_bytes(), to());
    assert_eq!(arrival.files.len(), 100, "no message has more files");
    assert_eq!(arrival.incoming.attachments[99].name, "message.eml");
    assert_eq!(arrival.files[99], raw.into_bytes());
    let wide = "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--c--\n".repeat(60);
    let raw = mail("Content-Type: multipart/mixed; boundary=b\n", &format!("{wide}--b--\n"));
    let arrival = read(raw.as_bytes(), to());
    assert_eq!(arrival.files.len(), 1, "parts count on all levels together");
}

#[test]
fn mails_within_mails_stay_closed_however_deep() {
    let raw = mail("Content-Type: message/rfc822\n", &"Content-Type: message/rfc822\n\n".repeat(200_000));
    let arrival = read(raw.as_bytes(), to());
    assert_eq!((arrival.incoming.text.as_str(), arrival.files.len()), ("", 1));
    let inner = mail(
        "Content-Type: multipart/mixed; boundary=b\n",
        "--b\nContent-Type: message/rfc822\n\nSubject: ../Offer\n\nHi\n--b--\n",
    );
    assert_eq!(read_text(&inner).attachments[0].name, "Offer.eml");
}

#[test]
fn a_mail_of_more_than_25_mib_is_taken_in_without_what_is_in_it() {
    let mut raw = mail("Subject: Large\n", "").into_bytes();
    raw.resize(MAIL_BYTES_MAX, b'x');
    let arrival = read(&raw, to());
    assert_eq!(arrival.files.len(), 1, "text that is too long to show is kept with the whole mail");
    assert!(arrival.incoming.text.starts_with("xxx") && arrival.incoming.text.len() == 256 << 10);
    raw.push(b'x');
    let arrival = read(&raw, to());
    assert_eq!(arrival.files.len(), 0);
    assert_eq!(arrival.incoming.subject.as_deref(), Some("Large"));
    assert_eq!(
        arrival.incoming.text,
        "This mail has 26 MiB. What is larger than 25 MiB is not taken in; it is still where it came from."
    );
}

#[test]
fn html_that_is_too_much_is_read_as_text_and_kept_with_the_whole_mail() {
    let raw = mail("Content-Type: text/html\n", &format!("{}<p>Hello there", "<div>".repeat(30_000)));
    let arrival = read(raw.as_bytes(), to());
    assert_eq!((arrival.incoming.text.trim(), arrival.incoming.html), ("Hello there", None));
    assert_eq!(arrival.files, [raw.into_bytes()]);
}

#[test]
fn a_mail_that_comes_again_has_the_same_key_and_no_other_has() {
    let base = "From: ann@example.net\nDate: Mon, 2 Feb 2026 03:40:00 +0100\nSubject: x\n";
    let key = |head: &str, body: &str| read(format!("{base}{head}\n{body}").as_bytes(), to()).incoming.key;
    let first = key("Message-ID: <1@x>\n", "Hello");
    assert_eq!(key("Received: by other\nMessage-ID: <1@x>\n", "Hello"), first, "it came on another way");
    assert_ne!(key("Message-ID: <2@x>\n", "Hello"), first);
    let other_day = "From: ann@example.net\nDate: Tue, 3 Feb 2026 03:40:00 +0100\nMessage-ID: <1@x>\n\nHello";
    assert_ne!(read(other_day.as_bytes(), to()).incoming.key, first, "some senders use one id for all");
    let without = key("", "Hello");
    assert_eq!(key("Received: by other\n", "Hello"), without, "no Message-ID: what is in it tells");
    assert_ne!(key("", "Hello!"), without);
    assert_ne!(without, first);
}

#[test]
fn who_is_answered_is_whom_the_mail_names_for_it() {
    let from = |head: &str| read_text(&format!("{head}\nHi")).from;
    let email = |address: &str| Identity::Email(address.into());
    assert_eq!(from("From: Ann@Example.NET\n"), email("ann@example.net"));
    assert_eq!(from("From: ann@example.net\nReply-To: Ben <ben@x.org>\n"), email("ben@x.org"));
    assert_eq!(
        from("From: help@example.org\nReply-To: ben@x.org\n"),
        email("ben@x.org"),
        "a form on a web page"
    );
    assert_eq!(from("From: ann@example.net\nReply-To: help@example.org\n"), email("ann@example.net"));
    assert_eq!(from("From: \"Ann, Ltd.\" <ann@example.net>, ben@x.org\n"), email("ann@example.net"));
    assert_eq!(from("Subject: x\n"), Identity::Unknown);
    assert_eq!(from("From: not an address\n"), Identity::Unknown);
}

#[test]
fn what_machines_write_is_told_from_what_people_write() {
    let auto = Nature::AutoReply;
    let table = [
        ("Subject: Out of office\n", Nature::Person),
        ("Auto-Submitted: no\n", Nature::Person),
        ("Auto-Submitted: auto-replied\n", auto.clone()),
        ("Auto-Submitted: Auto-Generated; owner-email=\"x\"\n", auto.clone()),
        ("Auto-submitted: auto-replied (vacation)\n", auto.clone()),
        ("Precedence: bulk\n", auto.clone()),
        ("Precedence: First-Class\n", Nature::Person),
        ("Precedence: list\n", auto.clone()),
        ("X-Autoreply: yes\n", auto.clone()),
        // Only asks for no answer; forms on web pages do that, too.
        ("X-Auto-Response-Suppress: All\n", Nature::Person),
        ("Feedback-ID: 1.eu-west-1.x:AmazonSES\n", Nature::Person),
        ("List-Id: <all.example.net>\n", auto.clone()),
        ("Precedence: list\nList-Id: Help <help.example.org>\n", Nature::Person),
        (
            "Precedence: list\nList-Post: <https://groups.example>, <mailto:Help@example.org>\n",
            Nature::Person,
        ),
        (
            "Precedence: list\nList-Post: <mailto:otherhelp@example.org>\nList-Id: <otherhelp.example.org>\n",
            auto.clone(),
        ),
        (
            "Precedence: list\nMailing-list: list help@example.org; contact help+owners@example.org\n",
            Nature::Person,
        ),
        ("List-Unsubscribe: <mailto:x@y.org>\n", Nature::Person),
        ("Return-Path: <>\n", auto.clone()),
        ("Return-Path: <ann@example.net>\n", Nature::Person),
        ("Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n", auto),
    ];
    for (head, expected) in table {
        assert_eq!(read_text(&mail(head, "Hi\n")).nature, expected, "{head}");
    }
}

#[test]
fn what_comes_from_our_own_address_went_in_a_circle() {
    let nature = |head: &str| read_text(&format!("{head}\nHi")).nature;
    assert_eq!(nature("From: Help@Example.org\n"), Nature::AutoReply);
    assert_eq!(nature("From: help@example.org\nReply-To: help@example.org\n"), Nature::AutoReply);
    assert_eq!(nature("From: help@example.org\nReply-To: ann@example.net\n"), Nature::Person);
}

fn delivery(action: &str, returned: &str) -> String {
    format!(
        "From: Mail Delivery System <Mailer-Daemon@example.net>\nReturn-Path: <>\n\
        Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
        --b\nContent-Type: text/plain\n\nThis is a report.\n\
        --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n\
        Action: {action}\nFinal-Recipient: rfc822;ann@example.net\nStatus: 5.1.1\n\
        {returned}--b--\n"
    )
}

#[test]
fn a_bounce_names_the_mail_that_did_not_arrive() {
    let bounce = |id: &str| Nature::Bounce { of: Some(id.to_owned()) };
    let whole = "--b\nContent-Type: message/rfc822\n\nSubject: Re: x\nMessage-ID: <ours@help>\n\nHello\n";
    let head = "--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <ours@help>\n";
    assert_eq!(read_text(&delivery("failed", whole)).nature, bounce("ours@help"));
    assert_eq!(read_text(&delivery("failed", head)).nature, bounce("ours@help"));
    assert_eq!(read_text(&delivery("failed", "")).nature, Nature::Bounce { of: None });
    assert_eq!(
        read_text(&delivery("failed", "X-Original-Message-ID: <ours@help>\n")).nature,
        bounce("ours@help")
    );
    for action in ["delayed", "delivered", "relayed", "expanded"] {
        assert_eq!(read_text(&delivery(action, whole)).nature, Nature::AutoReply, "{action} is no bounce");
    }
    let qmail = "From: MAILER-DAEMON@mx.example.net\nReturn-Path: <>\n\nHi. This is the qmail-send program.\n\n\
        <ann@example.net>:\nSorry, no mailbox here by that name.\n\n--- Below this line is a copy of the message.\n\n\
        Subject: Re: x\nMessage-ID: <ours@help>\n\nHello\n";
    assert_eq!(read_text(qmail).nature, bounce("ours@help"));
    let exim = "From: Mail Delivery System <postmaster@mx.example.net>\nX-Failed-Recipients: ann@example.net\n\
        In-Reply-To: <ours@help>\n\nIt could not be delivered.\n";
    assert_eq!(read_text(exim).nature, bounce("ours@help"));
    let names: Vec<_> =
        read_text(&delivery("failed", whole)).attachments.into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["delivery-status.txt", "Re_ x.eml"]);
}

#[test]
fn any_bytes_are_read_without_breaking() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let arrival = read(bytes, to());
        assert_eq!(arrival.incoming.attachments.len(), arrival.files.len());
        // What a mail may look like after its first line.
        let mail = [b"Content-Type: multipart/mixed; boundary=b\n\n--b\n".as_slice(), bytes].concat();
        read(&mail, to());
    });
}

#[test]
fn many_parts_together_are_no_longer_than_one_may_be() {
    let part =
        |kind: &str, words: &str| format!("--b\nContent-Type: text/{kind}\n\n{}\n", words.repeat(20_000));
    for (kind, words) in [("plain", "many words "), ("html", "many words ")] {
        let parts: String = (0..60).map(|_| part(kind, words)).collect();
        let raw = mail("Content-Type: multipart/mixed; boundary=b\n", &format!("{parts}--b--"));
        let arrival = read(raw.as_bytes(), to());
        let incoming = arrival.incoming;
        assert!(incoming.text.len() <= TEXT_BYTES_MAX, "{} of {kind}", incoming.text.len());
        assert!(incoming.text.starts_with("many words many words"));
        assert_eq!((incoming.html, incoming.attachments[0].name.as_str()), (None, "message.eml"));
        assert_eq!(arrival.files[0], raw.as_bytes(), "all of it is there");
    }
}
