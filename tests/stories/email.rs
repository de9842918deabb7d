//! Mail by real servers: in by IMAP, out by SMTP, and back again when it can't be delivered.

#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]
#![expect(clippy::disallowed_methods, reason = "a service says when it signs")]

use crate::{
    desk::{Desk, Wishes},
    post_office::{PASSWORD, PostOffice, until},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{io::AsyncWriteExt, net::TcpStream};

async fn open(config: String) -> Desk {
    Desk::open_with(Wishes { config, has_company: false, ..Wishes::default() }).await
}

/// A channel for mail to `NAME@example.org`, shared out to nobody.
async fn channel(desk: &Desk, name: &str) -> String {
    let email = json!({ "mailbox": name, "address": format!("{name}@example.org"), "sender": "The desk" });
    desk.api.create("channels", json!({ "kind": "email", "name": name, "email": email })).await
}

fn mail(id: &str, head: &str, body: &str) -> Vec<u8> {
    let date = "Mon, 2 Feb 2026 03:40:00 +0100";
    let mail = format!(
        "From: Ann <ann@example.net>\nTo: help@example.org\nMessage-ID: <{id}@example.net>\nDate: {date}\n{head}\n{body}\n"
    );
    mail.replace('\n', "\r\n").into_bytes()
}

async fn tickets(desk: &Desk) -> Vec<Value> {
    let tickets = desk.api.all("tickets").await;
    tickets.into_iter().filter(|ticket| ticket["type"] == "email_other").collect()
}

async fn messages(desk: &Desk, ticket: &str) -> Vec<Value> {
    desk.api.all(&format!("tickets/{ticket}/messages")).await
}

/// The ticket with this subject, when it is there.
async fn ticket(desk: &Desk, subject: &str) -> String {
    let found = until(&format!("a ticket says {subject:?}"), async || {
        tickets(desk).await.into_iter().find(|ticket| ticket["subject"] == subject)
    })
    .await;
    found["id"].as_str().unwrap().to_owned()
}

/// Its messages in order, when there are so many.
async fn conversation(desk: &Desk, ticket: &str, count: usize) -> Vec<Value> {
    let mut found = until(&format!("{count} messages are on the ticket"), async || {
        Some(messages(desk, ticket).await).filter(|messages| messages.len() >= count)
    })
    .await;
    assert_eq!(found.len(), count, "{found:#?}");
    found.sort_by_key(|message| message["id"].as_str().unwrap().to_owned());
    found
}

/// A field of a mail's head, on one line.
fn header(mail: &str, name: &str) -> String {
    let head = mail.split_once("\n\n").unwrap().0.replace("\n ", " ").replace("\n\t", " ");
    let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no {name} in {head}")).to_owned()
}

async fn warnings(desk: &Desk) -> String {
    let url = format!("{}/readyz", desk.api.address);
    let answer = desk.api.client.get(url).bearer_auth(&desk.api.token).send().await.unwrap();
    answer.text().await.unwrap()
}

#[tokio::test]
async fn a_mail_becomes_a_ticket_and_what_is_answered_stays_in_its_thread() {
    let office = PostOffice::open().await;
    let desk = open(office.config("help")).await;
    let agent = desk.agent("Ben").await;
    channel(&desk, "help").await;
    let rich = "Subject: Broken\nContent-Type: multipart/mixed; boundary=b\n";
    let body = "--b\nContent-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n\
        <p>Gr=FC=DFe<script>alert(1)</script><img src=3D\"https://track.example/p\"></p>\n\
        --b\nContent-Type: text/plain; name=\"../../evil.txt\"\n\nkept\n--b--";
    office.post("ann@example.net", "help@example.org", &mail("1", rich, body)).await;
    let id = ticket(&desk, "Broken").await;
    let first = conversation(&desk, &id, 1).await.remove(0);
    assert_eq!(first["from"], json!({ "kind": "email", "value": "ann@example.net" }));
    assert_eq!((&first["text"], &first["html"]), (&json!("Grüße"), &json!("<p>Grüße<img></p>")));
    assert_eq!(first["attachments"][0]["name"], "evil.txt");
    let file = format!("{}{}", desk.api.address, first["attachments"][0]["url"].as_str().unwrap());
    let file = desk.api.client.get(file).bearer_auth(&desk.api.token).send().await.unwrap();
    assert_eq!(file.bytes().await.unwrap().as_ref(), b"kept");
    office.all_seen("help", 1).await;

    let path = format!("tickets/{id}/messages");
    desk.api.patch(&format!("tickets/{id}"), json!({ "owner": agent.id })).await;
    let reply =
        desk.api.with_token(&agent.token).post(&path, json!({ "text": "Dear Ann,\nwe mend it." })).await;
    assert_eq!(reply["side"], "out");
    let sent = office.mail("ann", "we mend it").await;
    assert_eq!(header(&sent, "From"), "\"The desk\" <help@example.org>");
    assert_eq!(header(&sent, "To"), "ann@example.net");
    assert_eq!(header(&sent, "Subject"), "Re: Broken");
    assert_eq!(header(&sent, "In-Reply-To"), "<1@example.net>");
    assert_eq!(header(&sent, "References"), "<1@example.net>");
    assert!(!sent.contains("Auto-Submitted"), "{sent}");
    let ours = header(&sent, "Message-ID");
    until("the reply counts as sent", async || {
        let all = conversation(&desk, &id, 2).await;
        (all[1]["state"] == "sent" && format!("<{}>", all[1]["outside_id"].as_str()?) == ours).then_some(())
    })
    .await;

    let head = format!("Subject: Re: Broken\nIn-Reply-To: {ours}\nReferences: <1@example.net> {ours}\n");
    office.post("ann@example.net", "help@example.org", &mail("2", &head, "Thank you!")).await;
    let all = conversation(&desk, &id, 3).await;
    assert_eq!(all[2]["text"], "Thank you!");
    assert_eq!(tickets(&desk).await.len(), 1, "it is one conversation");
    desk.api.with_token(&agent.token).post(&path, json!({ "text": "You are welcome." })).await;
    let sent = office.mail("ann", "You are welcome").await;
    assert_eq!(header(&sent, "In-Reply-To"), "<2@example.net>");
    assert!(header(&sent, "References").ends_with("<2@example.net>"), "{sent}");
}

#[tokio::test]
async fn a_mail_that_comes_again_makes_nothing_anew() {
    let office = PostOffice::open().await;
    let mut desk = open(office.config("help")).await;
    channel(&desk, "help").await;
    office.post("ann@example.net", "help@example.org", &mail("1", "Subject: Once\n", "Hi")).await;
    let id = ticket(&desk, "Once").await;
    office.all_seen("help", 1).await;
    // It comes on two ways.
    office.post("list@example.net", "help@example.org", &mail("1", "Subject: Once\n", "Hi")).await;
    office.all_seen("help", 2).await;
    // The daemon ended after it had recorded them and before it could mark them.
    desk.kill();
    office.forget_seen("help");
    desk.start().await;
    office.all_seen("help", 2).await;
    assert_eq!((messages(&desk, &id).await.len(), tickets(&desk).await.len()), (1, 1));
}

#[tokio::test]
async fn a_mail_that_comes_back_is_seen_at_the_reply_and_changes_nothing_else() {
    let office = PostOffice::open().await;
    let desk = open(office.config("help")).await;
    channel(&desk, "help").await;
    for (id, name) in [("1", "gone"), ("2", "nobody")] {
        let mail = mail(id, &format!("Subject: From {name}\n"), "Hi");
        let mail = String::from_utf8(mail).unwrap().replace("ann@", &format!("{name}@"));
        office.post("ann@example.net", "help@example.org", mail.as_bytes()).await;
    }
    // One is taken by the mail server and comes back as a report, the other one is refused at once.
    for (name, error) in [("gone", "Mail delivery failed"), ("nobody", "there is no such person")] {
        let id = ticket(&desk, &format!("From {name}")).await;
        let path = format!("tickets/{id}");
        desk.api.post(&format!("{path}/messages"), json!({ "text": "Hello", "status": "closed" })).await;
        let failed = until("the reply fails", async || {
            let all = messages(&desk, &id).await;
            all.into_iter().find(|message| message["side"] == "out" && message["state"] == "failed")
        })
        .await;
        assert!(failed["error"].as_str().unwrap().contains(error), "{failed}");
        let now = desk.api.get(&path).await;
        assert_eq!(
            (&now["status"], &now["open"]),
            (&json!("closed"), &json!(false)),
            "a report opens nothing"
        );
    }
    office.all_seen("help", 3).await;
    assert_eq!(tickets(&desk).await.len(), 2, "nor does it make a ticket");
}

#[tokio::test]
async fn what_machines_answer_opens_no_closed_ticket_and_no_new_one() {
    let office = PostOffice::open().await;
    let desk = open(office.config("help")).await;
    channel(&desk, "help").await;
    office.post("ann@example.net", "help@example.org", &mail("1", "Subject: Holidays\n", "Hi")).await;
    let id = ticket(&desk, "Holidays").await;
    desk.api.patch(&format!("tickets/{id}"), json!({ "status": "closed" })).await;
    let away = "Subject: Away\nAuto-Submitted: auto-replied\nIn-Reply-To: <1@example.net>\n";
    office.post("", "help@example.org", &mail("2", away, "I am away.")).await;
    let round = "Subject: Away\nAuto-Submitted: auto-replied\n";
    office.post("", "help@example.org", &mail("3", round, "I am away.")).await;
    office.all_seen("help", 3).await;
    let all = conversation(&desk, &id, 2).await;
    assert_eq!((&all[1]["automatic"], &all[1]["text"]), (&json!(true), &json!("I am away.")));
    assert_eq!(desk.api.get(&format!("tickets/{id}")).await["status"], "closed");
    assert_eq!(tickets(&desk).await.len(), 1);
    let head = "Subject: Re: Holidays\nIn-Reply-To: <1@example.net>\n";
    office.post("ann@example.net", "help@example.org", &mail("4", head, "Now me.")).await;
    conversation(&desk, &id, 3).await;
    assert_eq!(desk.api.get(&format!("tickets/{id}")).await["open"], true, "she wrote it herself");
}

#[tokio::test]
async fn huge_and_broken_mails_hold_up_none_of_the_others() {
    let office = PostOffice::open().await;
    let desk = open(office.config("help")).await;
    let mut huge = mail("1", "Subject: Huge\n", "");
    while huge.len() <= 25 << 20 {
        huge.extend_from_slice("x".repeat(998).as_bytes());
        huge.extend_from_slice(b"\r\n");
    }
    office.post("ann@example.net", "help@example.org", &huge).await;
    let deep: String = (0..200)
        .map(|level| format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n"))
        .collect();
    office.post("ann@example.net", "help@example.org", &mail("2", "Subject: Deep\n", "")).await;
    let deep = format!("From: ann@example.net\nSubject: Very deep\n{deep}").replace('\n', "\r\n");
    office.post("ann@example.net", "help@example.org", deep.as_bytes()).await;
    office.post("ann@example.net", "help@example.org", b"\x00\xff\xfe garbage\r\n\r\n\x1b[2J").await;
    office.post("ann@example.net", "help@example.org", &mail("9", "Subject: The last\n", "Hi")).await;
    channel(&desk, "help").await;
    ticket(&desk, "The last").await;
    office.all_seen("help", 5).await;
    let id = ticket(&desk, "Huge").await;
    let text = conversation(&desk, &id, 1).await[0]["text"].as_str().unwrap().to_owned();
    assert_eq!(
        text,
        "This mail has 26 MiB. What is larger than 25 MiB is not taken in; it is still where it came from."
    );
    let id = ticket(&desk, "Very deep").await;
    let whole = conversation(&desk, &id, 1).await.remove(0);
    assert_eq!(whole["attachments"][0]["name"], "message.eml");
    assert_eq!(tickets(&desk).await.len(), 5);
}

#[tokio::test]
async fn a_mailbox_that_can_t_be_read_is_told_and_read_again_when_it_can() {
    let mut office = PostOffice::open().await;
    let wrong = office.config("help").replace("hush-", "wrong-").replace("mailboxes.help", "mailboxes.other");
    let desk = open(format!("{}{wrong}", office.config("help"))).await;
    assert!(!warnings(&desk).await.contains("mailbox"), "without a channel nobody reads it");
    channel(&desk, "help").await;
    channel(&desk, "other").await;
    channel(&desk, "none").await;
    let none = "channel none: the configuration has no mailbox none, so no mail comes in and none goes out";
    assert!(warnings(&desk).await.contains(none), "{}", warnings(&desk).await);
    until("the wrong password is told", async || {
        warnings(&desk).await.contains("mailbox other can't be read: it refuses our sign-in").then_some(())
    })
    .await;
    office.post("ann@example.net", "help@example.org", &mail("1", "Subject: Before\n", "Hi")).await;
    ticket(&desk, "Before").await;
    assert!(!warnings(&desk).await.contains("mailbox help"), "{}", warnings(&desk).await);
    let checked = desk.command(&["check"]).output().unwrap();
    let told =
        String::from_utf8_lossy(&checked.stdout).into_owned() + &String::from_utf8_lossy(&checked.stderr);
    for line in [
        "the mailbox help can be read",
        "the mail server of the mailbox help takes our mail",
        "the mailbox other can't be read: it refuses our sign-in: [AUTHENTICATIONFAILED] Authentication failed.",
        none,
    ] {
        assert!(told.contains(line), "{line} is not in {told}");
    }
    office.close_mailboxes().await;
    until("it is told", async || warnings(&desk).await.contains("mailbox help can't be read").then_some(()))
        .await;
    office.post("ann@example.net", "help@example.org", &mail("2", "Subject: After\n", "Hi")).await;
    office.open_mailboxes().await;
    ticket(&desk, "After").await;
    until("nothing is told any more", async || {
        (!warnings(&desk).await.contains("mailbox help")).then_some(())
    })
    .await;
    assert!(!desk.log().contains("hush-") && !desk.log().contains(PASSWORD), "secrets are never logged");
}

#[tokio::test]
async fn over_protected_lines_mail_comes_is_moved_away_and_is_answered() {
    let office = PostOffice::open().await;
    let unknown = office.protected("ann", true).replace("ca.pem", "cert.pem");
    let nowhere = office.protected("gone", false).replace("\"Done\"", "\"Nowhere\"");
    let config = [office.protected("help", true), office.protected("other", false), unknown, nowhere];
    let desk = open(config.concat()).await;
    for name in ["help", "other", "ann", "gone"] {
        channel(&desk, name).await;
    }
    for name in ["help", "other"] {
        let subject = format!("Subject: To {name}\n");
        office.post("ann@example.net", &format!("{name}@example.org"), &mail(name, &subject, "Hi")).await;
        let id = ticket(&desk, &format!("To {name}")).await;
        until("it is moved", async || {
            let (unseen, seen) = office.mails(name);
            (unseen.is_empty() && seen.is_empty() && office.moved(name) == 1).then_some(())
        })
        .await;
        let text = format!("We of {name} mend it.");
        desk.api.post(&format!("tickets/{id}/messages"), json!({ "text": text })).await;
        assert!(office.mail("ann", &text).await.contains("(TLS1"), "the mail server says how it came");
    }
    for told in [
        "mailbox ann can't be read: the way to it can't be protected",
        "mailbox gone can't be read: the folder Nowhere can't be opened",
    ] {
        until(told, async || warnings(&desk).await.contains(told).then_some(())).await;
    }
}

#[tokio::test]
async fn a_mail_that_the_server_can_t_read_is_kept_and_holds_up_none_of_the_others() {
    let office = PostOffice::open().await;
    let desk = open(office.config("help")).await;
    for (id, subject) in [("1", "Spoilt"), ("2", "Whole")] {
        let mail = mail(id, &format!("Subject: {subject}\n"), "Hi");
        office.post("ann@example.net", "help@example.org", &mail).await;
    }
    until("both are there", async || (office.mails("help").0.len() == 2).then_some(())).await;
    office.spoil("help", "Subject: Spoilt", true);
    channel(&desk, "help").await;
    ticket(&desk, "Whole").await;
    let told = "mailbox help has 1 mails that can't be taken in";
    until(told, async || warnings(&desk).await.contains(told).then_some(())).await;
    office.spoil("help", "Subject: Spoilt", false);
    // It is tried again once in a while, and at each start.
    for count in 0..20 {
        let subject = format!("Subject: Number {count}\n");
        let mail = mail(&format!("number-{count}"), &subject, "Hi");
        office.post("ann@example.net", "help@example.org", &mail).await;
        ticket(&desk, &format!("Number {count}")).await;
    }
    ticket(&desk, "Spoilt").await;
    office.all_seen("help", 22).await;
}

#[tokio::test]
async fn a_disabled_channel_leaves_its_mail_where_it_is() {
    let office = PostOffice::open().await;
    let desk = open(office.config("help")).await;
    let id = channel(&desk, "help").await;
    office.post("ann@example.net", "help@example.org", &mail("1", "Subject: Before\n", "Hi")).await;
    ticket(&desk, "Before").await;
    office.all_seen("help", 1).await;
    let path = format!("channels/{id}");
    desk.api.patch(&path, json!({ "enabled": false })).await;
    office.post("ann@example.net", "help@example.org", &mail("2", "Subject: Meanwhile\n", "Hi")).await;
    until("it is in the mailbox", async || (office.mails("help").0.len() == 1).then_some(())).await;
    desk.api.patch(&path, json!({ "enabled": true })).await;
    ticket(&desk, "Meanwhile").await;
    office.all_seen("help", 2).await;
}

const WEBHOOKS: &str = "\
[mailboxes.gun.webhook]
kind = \"mailgun\"
signing_key = \"hush\"
[mailboxes.mark.webhook]
kind = \"postmark\"
username = \"post\"
password = \"hush\"
[mailboxes.raw.webhook]
kind = \"raw\"
username = \"raw\"
password = \"hush\"
[mailboxes.none]
";

/// Signed as Mailgun's documentation says.
fn signed(key: &str, digit: &str) -> Vec<(&'static str, String)> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let (time, token) = (now.to_string(), digit.repeat(50));
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    let mac = mac.chain_update(format!("{time}{token}")).finalize().into_bytes();
    let signature = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    vec![("timestamp", time), ("token", token), ("signature", signature)]
}

#[tokio::test]
async fn services_hand_mail_over_and_only_they() {
    let desk = open(WEBHOOKS.to_owned()).await;
    let mut channels = std::collections::BTreeMap::new();
    for name in ["gun", "mark", "raw", "none"] {
        channels.insert(name, channel(&desk, name).await);
    }
    let hook = |name: &str| {
        let url = format!("{}/hooks/mail/{}", desk.api.address, channels[name]);
        desk.api.client.post(url)
    };
    let status = async |request: reqwest::RequestBuilder| request.send().await.unwrap().status().as_u16();

    let raw = String::from_utf8(mail("1", "Subject: By Mailgun\n", "Hi")).unwrap();
    let form = |key: &str| {
        let mut form = signed(key, "1");
        form.push(("body-mime", raw.clone()));
        form
    };
    let once = form("hush");
    assert_eq!(status(hook("gun").form(&once)).await, 200);
    assert_eq!(status(hook("gun").form(&once)).await, 200, "it comes again");
    let mut forged = once;
    forged[3].1 = raw.replace("Hi", "Pay here");
    assert_eq!(status(hook("gun").form(&forged)).await, 403, "it was signed for another one");
    assert_eq!(status(hook("gun").form(&form("other"))).await, 403);
    assert_eq!(status(hook("gun").form(&signed("hush", "2"))).await, 422);
    assert_eq!(status(hook("gun").basic_auth("post", Some("hush")).json(&json!({}))).await, 422);
    let id = ticket(&desk, "By Mailgun").await;
    conversation(&desk, &id, 1).await;

    let document = json!({
        "FromFull": { "Email": "ann@example.net", "Name": "Ann" }, "Subject": "By Postmark", "TextBody": "Hi",
        "Headers": [{ "Name": "Message-ID", "Value": "<2@example.net>" }],
        "Attachments": [{ "Name": "a.txt", "Content": "a2VwdA==", "ContentType": "text/plain" }],
    });
    let mark = |password| hook("mark").basic_auth("post", Some(password));
    assert_eq!(status(mark("hush").json(&document)).await, 200);
    assert_eq!(status(mark("other").json(&document)).await, 403);
    assert_eq!(status(hook("mark").json(&document)).await, 403);
    assert_eq!(status(mark("hush").header("content-type", "application/json").body("{")).await, 400);
    assert_eq!(status(mark("hush").header("content-type", "text/csv").body("a")).await, 415);
    let id = ticket(&desk, "By Postmark").await;
    assert_eq!(conversation(&desk, &id, 1).await[0]["attachments"][0]["name"], "a.txt");

    let by_raw = || hook("raw").basic_auth("raw", Some("hush")).header("content-type", "message/rfc822");
    let letter = mail("3", "Subject: As it is\n", "Hi");
    assert_eq!(status(by_raw().body(letter.clone())).await, 200);
    ticket(&desk, "As it is").await;
    assert_eq!(status(by_raw().body(vec![b'x'; (40 << 20) + 1])).await, 413);
    assert_eq!(status(by_raw().header("content-encoding", "gzip").body(letter.clone())).await, 415);
    assert_eq!(status(hook("none").basic_auth("raw", Some("hush")).body(letter.clone())).await, 404);
    let gone = format!("{}/hooks/mail/{:032x}", desk.api.address, 7);
    assert_eq!(status(desk.api.client.post(gone)).await, 404);
    let url = format!("{}/hooks/mail/{}", desk.api.address, channels["raw"]);
    assert_eq!(status(desk.api.client.get(url)).await, 405);
    desk.api.patch(&format!("channels/{}", channels["raw"]), json!({ "enabled": false })).await;
    assert_eq!(status(by_raw().body(letter)).await, 404, "it takes nothing in");
    assert_eq!(tickets(&desk).await.len(), 3);
}

#[tokio::test]
async fn whoever_hands_mail_over_slowly_holds_up_no_small_mail() {
    let desk = open(WEBHOOKS.to_owned()).await;
    let gun = channel(&desk, "gun").await;
    let address = desk.api.address.strip_prefix("http://").unwrap();
    let mut slow = Vec::new();
    for _ in 0..8 {
        let mut line = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST /hooks/mail/{gun} HTTP/1.1\r\nHost: {address}\r\nContent-Type: message/rfc822\r\n\
             Content-Length: 1000000\r\n\r\n"
        );
        line.write_all(head.as_bytes()).await.unwrap();
        line.write_all(&vec![b'x'; 300_000]).await.unwrap();
        slow.push(line);
    }
    let raw = String::from_utf8(mail("1", "Subject: Small\n", "Hi")).unwrap();
    let form: Vec<_> = signed("hush", "1").into_iter().chain([("body-mime", raw)]).collect();
    let url = format!("{}/hooks/mail/{gun}", desk.api.address);
    let answer = desk.api.client.post(url).form(&form).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    ticket(&desk, "Small").await;
}
