//! The chat on other people's pages: who may open it, what both sides hear, and that nothing is lost or said twice.

#![allow(clippy::unwrap_used, reason = "what a test can't do it fails for")]

use super::{NOBODY, answer};
use crate::desk::{Desk, PATIENCE, PUBLIC_URL, Wishes};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

const SHOP: &str = "https://www.example.org";

async fn channel(desk: &Desk) -> String {
    let chat = json!({ "origins": [SHOP], "welcome": "What can we do for you?" });
    desk.api.create("channels", json!({ "kind": "chat", "name": "Chat", "chat": chat })).await
}

/// A page with the chat on it.
struct Page(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Page {
    /// Err: the status with which it is refused.
    async fn open(desk: &Desk, channel: &str, origin: Option<&str>) -> Result<Self, u16> {
        let url = format!("{}/chat/{channel}", desk.api.address.replacen("http", "ws", 1));
        let mut request = url.into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        match timeout(PATIENCE, connect_async(request)).await.expect("an answer") {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens it, says hello, and answers the welcome.
    async fn greeted(desk: &Desk, channel: &str, visitor: Value) -> (Self, Value) {
        let mut page = Self::open(desk, channel, Some(SHOP)).await.expect("let in");
        page.say(json!({ "type": "hello", "visitor": visitor, "name": "Ada" })).await;
        let welcome = page.next().await;
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        (page, welcome)
    }

    async fn say(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn write(&mut self, key: &str, text: &str) {
        self.say(json!({ "type": "message", "key": key, "text": text })).await;
    }

    /// The next frame that is no ping.
    async fn next(&mut self) -> Value {
        loop {
            match timeout(PATIENCE, self.0.next())
                .await
                .expect("a frame")
                .expect("it is open")
                .expect("it works")
            {
                Message::Text(text) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    if frame["type"] != "ping" {
                        return frame;
                    }
                }
                Message::Close(frame) => panic!("it was closed: {frame:?}"),
                _ => {}
            }
        }
    }

    async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// With which code it is closed.
    async fn until_closed(&mut self) -> Option<u16> {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("its end") {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                Some(Ok(Message::Text(text))) => assert!(!text.contains("\"message\""), "{text}"),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}

fn said(welcome: &Value) -> Vec<(&str, &str)> {
    let messages = welcome["messages"].as_array().unwrap().iter();
    messages.map(|line| (line["side"].as_str().unwrap(), line["text"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn a_visitor_and_the_desk_talk_and_a_page_that_is_loaded_again_shows_it_all() {
    let desk = Desk::open().await;
    let channel = channel(&desk).await;
    let (mut page, welcome) = Page::greeted(&desk, &channel, Value::Null).await;
    assert_eq!((&welcome["greeting"], &welcome["open"]), (&json!("What can we do for you?"), &json!(true)));
    assert_eq!(said(&welcome), []);
    let visitor = welcome["visitor"].clone();
    let (mut other, _) = Page::greeted(&desk, &channel, visitor.clone()).await;
    let (mut stranger, _) = Page::greeted(&desk, &channel, Value::Null).await;

    page.write("k1", "Is <b>this</b> on?").await;
    let taken = page.next_of("taken").await;
    assert_eq!(taken["key"], "k1");
    let heard = other.next_of("message").await;
    let expected = json!({ "type": "message", "id": taken["id"], "at": heard["at"], "text": "Is <b>this</b> on?",
        "files": [], "side": "in", "key": "k1" });
    assert_eq!(heard, expected);

    let ticket = desk.api.get("tickets").await["items"][0].clone();
    assert_eq!(ticket["type"], "messages");
    let ann = desk.agent("Ann").await;
    let id = ticket["id"].as_str().unwrap();
    desk.api.patch(&format!("tickets/{id}"), json!({ "owner": ann.id })).await;
    let (ann, path) = (desk.api.with_token(&ann.token), format!("tickets/{id}/messages"));
    let reply = ann.post(&path, json!({ "text": "It is." })).await;
    for page in [&mut page, &mut other] {
        let heard = loop {
            let heard = page.next_of("message").await;
            if heard["side"] == "out" {
                break heard;
            }
        };
        assert_eq!(
            (&heard["id"], &heard["text"], &heard["name"]),
            (&reply["id"], &json!("It is."), &json!("Ann"))
        );
    }

    // After a reload, and after the daemon was away.
    drop((page, other));
    let mut desk = desk;
    desk.restart().await;
    let (mut page, welcome) = Page::greeted(&desk, &channel, visitor).await;
    assert_eq!(said(&welcome), [("in", "Is <b>this</b> on?"), ("out", "It is.")]);
    // The page does not know whether it was taken, and says it again.
    page.write("k1", "Is <b>this</b> on?").await;
    assert_eq!(page.next_of("taken").await["id"], taken["id"]);
    page.write("k2", "Good").await;
    page.next_of("taken").await;
    let tickets = desk.api.get("tickets").await;
    assert_eq!(tickets["items"].as_array().unwrap().len(), 1);
    let messages = desk.api.get(&format!("tickets/{id}/messages")).await;
    assert_eq!(messages["items"].as_array().unwrap().len(), 3);

    // Nobody else hears any of it.
    let (_, welcome) = Page::greeted(&desk, &channel, json!("made up")).await;
    assert_eq!(said(&welcome), []);
    let heard = stranger.until_closed().await;
    assert_eq!(heard, None, "its daemon was killed, and it had heard nothing");
}

#[tokio::test]
async fn a_file_that_the_desk_sends_is_for_its_visitor_and_nobody_else() {
    let desk = Desk::open().await;
    let channel = channel(&desk).await;
    let (mut page, welcome) = Page::greeted(&desk, &channel, Value::Null).await;
    page.write("k", "Where is it?").await;
    page.next_of("taken").await;
    let ticket = desk.api.get("tickets").await["items"][0]["id"].as_str().unwrap().to_owned();
    let part = |head: &str, content: &str| {
        format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
    };
    let file =
        part("name=\"file\"; filename=\"plan.svg\"\r\nContent-Type: image/svg+xml", "<svg onload=alert(1)>");
    let body = format!("{}{file}--x--\r\n", part("name=\"text\"", "Here"));
    let url = format!("{}/api/v1/tickets/{ticket}/messages", desk.api.address);
    let request = desk.api.client.post(url).bearer_auth(&desk.api.token).timeout(PATIENCE);
    let sent = answer(request.header("Content-Type", "multipart/form-data; boundary=x").body(body)).await;
    assert_eq!(sent.status, 201, "{}", sent.text());
    let heard = loop {
        let heard = page.next_of("message").await;
        if heard["side"] == "out" {
            break heard;
        }
    };
    assert_eq!(heard["files"][0]["name"], "plan.svg");
    let id = heard["files"][0]["id"].as_str().unwrap();

    let own = welcome["visitor"].as_str().unwrap();
    let stranger = "x".repeat(40);
    let fetch = async |channel: &str, id: &str, secret: Option<&str>, origin: Option<&str>| {
        let url = format!("{}/chat/{channel}/files/{id}", desk.api.address);
        let mut request = desk.api.client.get(url).timeout(PATIENCE);
        if let Some(secret) = secret {
            request = request.bearer_auth(secret);
        }
        if let Some(origin) = origin {
            request = request.header("Origin", origin);
        }
        answer(request).await
    };
    let well = fetch(&channel, id, Some(own), Some(SHOP)).await;
    assert_eq!((well.status, well.text()), (200, "<svg onload=alert(1)>"));
    // Whatever is in it does nothing here.
    let headers =
        ["content-type", "content-disposition", "x-content-type-options", "access-control-allow-origin"];
    let said = headers.map(|name| well.header(name));
    assert_eq!(said, ["application/octet-stream", "attachment", "nosniff", SHOP]);
    assert!(well.header("content-security-policy").starts_with("sandbox"));
    let other = "0".repeat(64);
    let table = [
        (channel.as_str(), id, Some(stranger.as_str()), Some(SHOP), 404),
        (&channel, id, Some("short"), Some(SHOP), 401),
        (&channel, id, None, Some(SHOP), 401),
        (&channel, id, Some(own), Some("https://evil.example"), 403),
        (&channel, id, Some(own), None, 403),
        (&channel, &other, Some(own), Some(SHOP), 404),
        (&channel, "..%2f..%2fstrowger.db", Some(own), Some(SHOP), 404),
        (NOBODY, id, Some(own), Some(SHOP), 404),
    ];
    for (channel, id, secret, origin, status) in table {
        let refused = fetch(channel, id, secret, origin).await;
        assert_eq!((refused.status, refused.text()), (status, ""), "{channel} {id} {secret:?} {origin:?}");
    }
}

#[tokio::test]
async fn only_pages_that_the_channel_names_may_open_it() {
    let desk = Desk::open().await;
    let channel = channel(&desk).await;
    let form = desk.api.create("channels", json!({ "kind": "form", "name": "Form" })).await;
    let off = json!({ "kind": "chat", "name": "Off", "enabled": false, "chat": { "origins": [SHOP] } });
    let off = desk.api.create("channels", off).await;
    assert!(Page::open(&desk, &channel, Some(PUBLIC_URL)).await.is_ok(), "ours may");
    let table = [
        (channel.as_str(), None, 403),
        (&channel, Some("https://evil.example"), 403),
        (&channel, Some("null"), 403),
        (NOBODY, Some(SHOP), 404),
        (&form, Some(SHOP), 404),
        (&off, Some(SHOP), 404),
    ];
    for (channel, origin, status) in table {
        assert_eq!(Page::open(&desk, channel, origin).await.err(), Some(status), "{channel} {origin:?}");
    }
    let get = async |path: String| answer(desk.api.client.get(path).timeout(PATIENCE)).await;
    let script = get(format!("{}/chat/{channel}.js", desk.api.address)).await;
    assert_eq!((script.status, script.header("content-type")), (200, "text/javascript; charset=utf-8"));
    assert_eq!(script.header("cross-origin-resource-policy"), "cross-origin");
    for wrong in [NOBODY, &form, &off] {
        assert_eq!(get(format!("{}/chat/{wrong}.js", desk.api.address)).await.status, 404);
    }
}

#[tokio::test]
async fn what_can_not_be_taken_is_said_and_the_socket_stays() {
    let desk = Desk::open().await;
    let channel = channel(&desk).await;
    let (mut page, _) = Page::greeted(&desk, &channel, Value::Null).await;
    let error =
        |code: &str, key: Value| json!({ "type": "error", "code": code, "key": key, "later_seconds": null });
    for bad in
        [json!(7), json!({ "type": "dance" }), json!({ "type": "hello" }), json!({ "type": "message" })]
    {
        page.say(bad.clone()).await;
        assert_eq!(page.next().await, error("bad_frame", Value::Null), "{bad}");
    }
    page.write("k", " \n ").await;
    assert_eq!(page.next().await, error("empty", json!("k")));
    page.write("k", &"x".repeat(4_001)).await;
    assert_eq!(page.next().await, error("too_long", json!("k")));
    page.write("k", "Hello").await;
    assert_eq!(page.next_of("taken").await["key"], "k");
    // A frame that is too large ends it.
    page.write("k2", &"x".repeat(20_000)).await;
    page.until_closed().await;
    // So does a page that begins with anything but hello.
    let mut rude = Page::open(&desk, &channel, Some(SHOP)).await.expect("let in");
    rude.write("k", "Hello").await;
    assert_eq!(rude.until_closed().await, Some(1002));
    assert_eq!(desk.number("select count(*) from messages").await, Some(1));
}

#[tokio::test]
async fn one_address_says_no_more_than_it_may_and_is_told_when_to_come_again() {
    let config = "[limits]\nchat_messages_per_address = 3\nchats_per_address = 4\n".into();
    let desk = Desk::open_with(Wishes { config, ..Wishes::default() }).await;
    let channel = channel(&desk).await;
    let (mut page, _) = Page::greeted(&desk, &channel, Value::Null).await;
    let mut refused = None;
    // One comes back every 20 seconds.
    for number in 0..60 {
        page.write(&number.to_string(), "Hello").await;
        let frame = loop {
            let frame = page.next().await;
            if frame["type"] != "message" {
                break frame;
            }
        };
        if frame["type"] == "error" {
            refused = Some(frame);
            break;
        }
    }
    let refused = refused.expect("nobody is ever refused");
    assert_eq!(refused["code"], "too_many");
    assert!((1..=20).contains(&refused["later_seconds"].as_u64().unwrap()));
    let mut statuses = Vec::new();
    for _ in 0..60 {
        statuses.extend(Page::open(&desk, &channel, Some(SHOP)).await.err());
        if !statuses.is_empty() {
            break;
        }
    }
    assert_eq!(statuses, [429]);
}

#[tokio::test]
async fn a_channel_that_is_disabled_takes_nothing_more() {
    let desk = Desk::open().await;
    let channel = channel(&desk).await;
    let (mut page, _) = Page::greeted(&desk, &channel, Value::Null).await;
    desk.api.patch(&format!("channels/{channel}"), json!({ "enabled": false })).await;
    page.write("k", "Hello").await;
    let closed = json!({ "type": "error", "code": "closed", "key": "k", "later_seconds": null });
    assert_eq!(page.next().await, closed);
    assert_eq!(desk.number("select count(*) from messages").await, Some(0));
}
