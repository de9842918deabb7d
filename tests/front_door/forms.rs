//! Forms on other people's pages: what becomes of them, and what is refused.

#![allow(clippy::unwrap_used, reason = "what a test can't do it fails for")]

use super::{Answer, NOBODY, answer};
use crate::desk::{Desk, PATIENCE, Wishes};
use reqwest::{Client, Method, redirect::Policy};
use serde_json::{Value, json};
use sqlx::Row;

const URLENCODED: &str = "application/x-www-form-urlencoded";
const BOUNDARY: &str = "----WebKitFormBoundary7MA4YWxkTrZu0gW";

/// A message as it is on the disk, with its ticket's type and properties, and its files' names and contents.
#[derive(Debug, PartialEq)]
struct Stored {
    person: Option<String>,
    name: Option<String>,
    subject: Option<String>,
    text: String,
    ticket_type: String,
    properties: Value,
    files: Vec<(String, Vec<u8>)>,
}

async fn stored(desk: &Desk) -> Vec<Stored> {
    let mut store = desk.store().await;
    let sql = "select messages.id, person, messages.name, messages.subject, text, tickets.type, properties
        from messages join tickets on tickets.id = ticket order by messages.id";
    let mut all = Vec::new();
    for row in sqlx::query(sql).fetch_all(&mut store).await.unwrap() {
        let id: String = row.get(0);
        let files =
            sqlx::query("select name, sha256 from attachments where message = $1 order by place").bind(id);
        let files = files.fetch_all(&mut store).await.unwrap().into_iter().map(|file| {
            let path = desk.data().join("attachments").join(file.get::<String, _>(1));
            (file.get(0), std::fs::read(path).unwrap())
        });
        let properties: Option<String> = row.get(6);
        all.push(Stored {
            files: files.collect(),
            person: row.get(1),
            name: row.get(2),
            subject: row.get(3),
            text: row.get(4),
            ticket_type: row.get(5),
            properties: properties.map_or(json!({}), |json| serde_json::from_str(&json).unwrap()),
        });
    }
    all
}

async fn channel(desk: &Desk, form: Value) -> String {
    desk.api.create("channels", json!({ "kind": "form", "name": "Contact", "form": form })).await
}

/// Sends it as a program does, or as a browser.
async fn send(desk: &Desk, channel: &str, kind: &str, body: impl Into<Vec<u8>>, accept: &str) -> Answer {
    let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
    let request = client.post(format!("{}/hooks/form/{channel}", desk.api.address)).timeout(PATIENCE);
    let request =
        request.header("Accept", accept).header("Accept-Language", "de").header("Content-Type", kind);
    answer(request.body(body.into())).await
}

fn multipart(parts: &[(&str, &str)]) -> (String, String) {
    let part = |(head, content): &(&str, &str)| {
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
    };
    let body: String = parts.iter().map(part).collect();
    (format!("multipart/form-data; boundary={BOUNDARY}"), format!("{body}--{BOUNDARY}--\r\n"))
}

#[tokio::test]
async fn a_form_makes_a_ticket_however_it_is_written() {
    let desk = Desk::open().await;
    let channel = channel(&desk, json!({})).await;
    let object =
        json!({ "name": "Ada", "email": "Ada@example.org", "subject": "A", "message": "One", "room": 7 });
    let (kind, parts) = multipart(&[
        ("name=\"message\"", "Three"),
        ("name=\"file\"; filename=\"../../p\u{e4}.txt\"\r\nContent-Type: text/plain", "in it"),
        ("name=\"file\"; filename=\"\"\r\nContent-Type: application/octet-stream", ""),
    ]);
    let sent = [
        ("application/json", object.to_string()),
        (URLENCODED, "phone=%2B43+1+2345678&message=Two&colour=red&colour=green".to_owned()),
        (&kind, parts),
    ];
    for (kind, body) in sent {
        let answer = send(&desk, &channel, kind, body, "*/*").await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "received": true })), "{kind}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
    let stored = stored(&desk).await;
    let message = |person: Option<&str>, text: &str, properties| Stored {
        person: person.map(str::to_owned),
        name: None,
        subject: None,
        text: text.to_owned(),
        ticket_type: "email_other".to_owned(),
        properties,
        files: Vec::new(),
    };
    let expected = [
        Stored {
            name: Some("Ada".into()),
            subject: Some("A".into()),
            ..message(Some("ada@example.org"), "One", json!({ "room": "7" }))
        },
        message(Some("+4312345678"), "Two", json!({ "colour": "red, green" })),
        Stored {
            files: vec![("p\u{e4}.txt".into(), b"in it".to_vec())],
            ..message(None, "Three", json!({}))
        },
    ];
    assert_eq!(stored, expected);
}

#[tokio::test]
async fn whoever_presses_twice_asks_once_and_a_machine_asks_nothing() {
    let desk = Desk::open().await;
    let channel = channel(&desk, json!({ "honeypot": "website" })).await;
    for body in ["message=Help", "message=Help", "message=Buy&website=x", "message=Help&website="] {
        // The browser sends all fields, and says that it is the same: by name, as the clock may turn between the two.
        let request = desk.api.client.post(format!("{}/hooks/form/{channel}", desk.api.address));
        let request = request.timeout(PATIENCE).header("Content-Type", URLENCODED);
        let answer = answer(request.header("Idempotency-Key", "once").body(body)).await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "received": true })), "{body}");
    }
    let texts: Vec<String> = stored(&desk).await.into_iter().map(|stored| stored.text).collect();
    assert_eq!(texts, ["Help"]);
}

#[tokio::test]
async fn a_browser_is_led_where_the_channel_says_and_nowhere_else() {
    let desk = Desk::open().await;
    let own = channel(&desk, json!({ "thanks_url": "https://www.example.org/thanks?a=b" })).await;
    let plain = desk.api.create("channels", json!({ "kind": "form", "name": "Other" })).await;
    let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
    let evil = "message=x&thanks_url=https%3A%2F%2Fevil.example&_next=https%3A%2F%2Fevil.example";
    let answer = send(&desk, &own, URLENCODED, evil, browser).await;
    assert_eq!((answer.status, answer.header("location")), (303, "https://www.example.org/thanks?a=b"));
    let answer = send(&desk, &plain, URLENCODED, evil, browser).await;
    assert_eq!((answer.status, answer.header("location")), (200, ""));
    assert!(answer.text().contains("<h1>Danke. Ihre Nachricht ist angekommen.</h1>"), "{}", answer.text());
    let wrong = send(&desk, &own, URLENCODED, "email=x", browser).await;
    assert_eq!((wrong.status, wrong.header("location")), (422, ""));
    assert!(wrong.text().contains("<b>message</b>"), "{}", wrong.text());
    // What somebody calls a field is shown as it is, and runs nowhere.
    let script = format!("message=x&%3Cscript%3E={}", "y".repeat(3_000));
    let wrong = send(&desk, &own, URLENCODED, script, browser).await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.text().contains("<b>&lt;script&gt;</b>") && !wrong.text().contains("<script"),
        "{}",
        wrong.text()
    );
    assert!(wrong.header("content-security-policy").starts_with("default-src 'none'"));
}

#[tokio::test]
async fn what_is_no_form_or_goes_nowhere_is_refused_and_leaves_nothing() {
    let desk = Desk::open().await;
    let form = channel(&desk, json!({})).await;
    let api = desk.api.create("channels", json!({ "kind": "api", "name": "Shop" })).await;
    let off = json!({ "kind": "form", "name": "Closed", "enabled": false });
    let off = desk.api.create("channels", off).await;
    let good = b"message=x".to_vec();
    let large = [b"message=".to_vec(), vec![b'x'; 1 << 20]].concat();
    let (many, files) = multipart(&[("name=\"f\"; filename=\"a\"", "x"); 11]);
    let no_boundary = "multipart/form-data";
    let table = [
        (NOBODY, URLENCODED, good.clone(), 404),
        ("contact", URLENCODED, good.clone(), 404),
        (&api, URLENCODED, good.clone(), 404),
        (&off, URLENCODED, good.clone(), 404),
        (&form, "text/plain", good.clone(), 415),
        (&form, "", good.clone(), 415),
        (&form, "application/json", good.clone(), 400),
        (&form, "application/json", b"[1]".to_vec(), 400),
        (&form, URLENCODED, b"message=\xff".to_vec(), 400),
        (&form, no_boundary, good.clone(), 400),
        (&form, &many, good.clone(), 400),
        (&form, &many, files.into_bytes(), 413),
        (&form, URLENCODED, large.clone(), 413),
        // The size goes first, as everywhere.
        (NOBODY, URLENCODED, large, 413),
        (&form, URLENCODED, b"message=".to_vec(), 422),
        (&form, URLENCODED, b"message=x&email=nobody".to_vec(), 422),
    ];
    for (channel, kind, body, status) in table {
        let what = format!("{channel} {kind} {status}");
        send(&desk, channel, kind, body, "*/*").await.must_be_problem(status, &what);
    }
    let problem = send(&desk, &form, URLENCODED, "message=x&email=nobody", "*/*").await.json();
    assert_eq!(problem["errors"][0]["pointer"], "/email");
    for (method, status) in [(Method::GET, 405), (Method::DELETE, 405), (Method::OPTIONS, 204)] {
        let request =
            desk.api.client.request(method.clone(), format!("{}/hooks/form/{form}", desk.api.address));
        assert_eq!(answer(request.timeout(PATIENCE)).await.status, status, "{method}");
    }
    assert_eq!(desk.number("select count(*) from messages").await, Some(0));
    assert_eq!(desk.number("select count(*) from tickets").await, Some(0));
    assert!(!desk.data().join("attachments").exists());
}

#[tokio::test]
async fn one_address_sends_no_more_forms_than_it_may() {
    let config = "[limits]\nforms_per_address = 3\n".into();
    let desk = Desk::open_with(Wishes { config, ..Wishes::default() }).await;
    let channel = channel(&desk, json!({})).await;
    let mut refused = None;
    // One comes back every 20 seconds.
    for number in 0..60 {
        let answer = send(&desk, &channel, URLENCODED, format!("message={number}"), "*/*").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status, 200);
    }
    let refused = refused.expect("nobody is ever refused");
    assert!((1..=20).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
    let count = stored(&desk).await.len();
    assert!(count >= 3, "{count}");
}

#[tokio::test]
async fn whatever_a_form_brings_its_ticket_can_be_worked_on() {
    let desk = Desk::open().await;
    let many: serde_json::Map<String, Value> = (0..40).map(|n| (format!("own {n}"), json!("x"))).collect();
    let form = json!({ "kind": "form", "name": "Contact", "properties": many });
    let channel = desk.api.create("channels", form).await;
    let mut fields: serde_json::Map<String, Value> =
        (0..70).map(|n| (format!("more {n}"), json!("x"))).collect();
    fields.extend([("message".to_owned(), json!("Help")), ("a\u{1}b".to_owned(), json!("y"))]);
    let sent =
        send(&desk, &channel, "application/json", Value::Object(fields).to_string(), "application/json")
            .await;
    assert!(sent.status < 300, "{}", sent.text());
    let ticket = desk.api.get("tickets").await["items"][0].clone();
    assert_eq!(ticket["properties"].as_object().unwrap().len(), 111);
    let path = format!("tickets/{}", ticket["id"].as_str().unwrap());
    let closed = desk.api.ask(Method::PATCH, &path, Some(json!({ "status": "closed" }))).await;
    assert_eq!((closed.0, &closed.1["status"]), (200, &json!("closed")), "{}", closed.1);
    let patch = |properties: Value| Some(json!({ "properties": properties }));
    for (properties, status) in [
        (json!({ "own 1": "changed" }), 200),
        (json!({ "one more": "x" }), 422),
        (json!({ "c\u{1}d": "x", "own 2": null }), 422),
        (json!({ "one more": "x", "own 2": null, "a\u{1}b": null }), 200),
    ] {
        let answer = desk.api.ask(Method::PATCH, &path, patch(properties.clone())).await;
        assert_eq!(answer.0, status, "{properties}: {}", answer.1);
    }
}
