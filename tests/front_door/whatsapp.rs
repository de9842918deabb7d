//! WhatsApp: its webhooks and what is asked of Meta, for which a small server stands.

#![allow(clippy::unwrap_used, reason = "what a test can't do it fails for")]

use super::{Answer, answer};
use crate::desk::{Desk, PATIENCE, Wishes};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::Row;
use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};
use tokio::{net::TcpListener, time::sleep};

const NUMBER: &str = "106540352242922";
const SECRET: &str = "0123456789abcdef";

/// Stands for Meta.
#[derive(Clone, Default)]
struct Meta {
    address: String,
    /// What each file's address is answered; none: it is in trouble.
    file: Arc<Mutex<Option<Vec<u8>>>>,
    /// What was sent, and what it is answered.
    sent: Arc<Mutex<Vec<Value>>>,
    refuses: Arc<Mutex<Option<(u16, Value)>>>,
}

impl Meta {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let meta = Self { address: format!("http://{}", listener.local_addr().unwrap()), ..Self::default() };
        let router = Router::new()
            .route("/v23.0/{id}", get(describe))
            .route("/v23.0/{number}/messages", post(take))
            .route("/file", get(file))
            .with_state(meta.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        meta
    }

    fn sent(&self) -> Vec<Value> {
        self.sent.lock().unwrap().clone()
    }
}

async fn describe(State(meta): State<Meta>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    assert_eq!(headers["authorization"], "Bearer token");
    Json(json!({ "id": id, "url": format!("{}/file", meta.address), "mime_type": "image/jpeg" }))
        .into_response()
}

async fn file(State(meta): State<Meta>, headers: HeaderMap) -> Response {
    assert_eq!(headers["authorization"], "Bearer token");
    match meta.file.lock().unwrap().clone() {
        Some(bytes) => Bytes::from(bytes).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn take(State(meta): State<Meta>, Path(number): Path<String>, Json(message): Json<Value>) -> Response {
    assert_eq!(number, NUMBER);
    if let Some((status, refusal)) = meta.refuses.lock().unwrap().clone() {
        return (StatusCode::from_u16(status).unwrap(), Json(refusal)).into_response();
    }
    let mut sent = meta.sent.lock().unwrap();
    sent.push(message);
    Json(json!({ "messages": [{ "id": format!("wamid.out{}", sent.len()) }] })).into_response()
}

async fn desk(meta: &Meta) -> Desk {
    let config = format!(
        "[whatsapp.main]\napp_secret = {SECRET:?}\nverify_token = \"verify\"\naccess_token = \"token\"\n\
         api_base = {:?}\n[whatsapp.bare]\n",
        meta.address
    );
    Desk::open_with(Wishes { config, ..Wishes::default() }).await
}

async fn channel(desk: &Desk) -> String {
    let whatsapp = json!({ "account": "main", "phone_number_id": NUMBER });
    desk.api.create("channels", json!({ "kind": "whatsapp", "name": "WhatsApp", "whatsapp": whatsapp })).await
}

fn webhook(value: Value) -> String {
    let mut whole = json!({ "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "15550783881", "phone_number_id": NUMBER } });
    whole.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
    let changes = json!([{ "field": "messages", "value": whole }]);
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": changes }] }).to_string()
}

fn text(id: &str, body: &str) -> String {
    message(id, "text", json!({ "body": body }), now())
}

fn message(id: &str, kind: &str, own: Value, at: i64) -> String {
    message_from("436601234567", id, kind, own, at)
}

fn message_from(from: &str, id: &str, kind: &str, own: Value, at: i64) -> String {
    let contacts = json!([{ "profile": { "name": "Ada" }, "wa_id": from }]);
    let message = json!({ "from": from, "id": id, "timestamp": at.to_string(), "type": kind, kind: own });
    webhook(json!({ "contacts": contacts, "messages": [message] }))
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    since.as_secs().try_into().unwrap()
}

fn signature(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    format!("sha256={}", HEXLOWER.encode(&mac.finalize().into_bytes()))
}

/// Somebody writes for the first time.
pub async fn stranger_writes(desk: &Desk, from: &str) {
    let body = message_from(from, &format!("wamid.{from}"), "text", json!({ "body": "Hello" }), now());
    assert_eq!(signed(desk, &body).await, 200);
}

/// What a desk needs of an account of WhatsApp to be written to.
pub fn account() -> String {
    format!(
        "[whatsapp.main]\napp_secret = {SECRET:?}\naccess_token = \"token\"\napi_base = \"http://127.0.0.1:1\"\n"
    )
}

/// A channel of that account.
pub fn of_account() -> Value {
    json!({ "account": "main", "phone_number_id": NUMBER })
}

async fn post_as(desk: &Desk, account: &str, body: &str, signature: Option<&str>) -> Answer {
    let url = format!("{}/hooks/whatsapp/{account}", desk.api.address);
    let mut request = desk.api.client.post(url).timeout(PATIENCE).header("Content-Type", "application/json");
    if let Some(signature) = signature {
        request = request.header("X-Hub-Signature-256", signature);
    }
    answer(request.body(body.to_owned())).await
}

async fn signed(desk: &Desk, body: &str) -> u16 {
    let answer = post_as(desk, "main", body, Some(&signature(SECRET, body))).await;
    assert_eq!(answer.text(), "");
    answer.status
}

/// Each message's ticket, text and state, in their order.
async fn messages(desk: &Desk) -> Vec<(Option<String>, String, Option<String>)> {
    let sql = "select ticket, text, state from messages order by id";
    let rows = sqlx::query(sql).fetch_all(&mut desk.store().await).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

#[tokio::test]
async fn an_account_that_lacks_something_is_told_of() {
    let desk = desk(&Meta::start().await).await;
    for (account, number) in [("main", "1"), ("bare", "2"), ("nobody", "3")] {
        let whatsapp = json!({ "account": account, "phone_number_id": number });
        desk.api
            .create("channels", json!({ "kind": "whatsapp", "name": account, "whatsapp": whatsapp }))
            .await;
    }
    let request = desk.api.client.get(format!("{}/readyz", desk.api.address)).bearer_auth(&desk.api.token);
    let told = answer(request.timeout(PATIENCE)).await;
    let told: Vec<&str> = told.text().lines().filter(|line| line.contains("channel ")).collect();
    let expected = [
        "warning: channel bare: whatsapp.bare has no access_token",
        "warning: channel bare: whatsapp.bare has no app_secret",
        "warning: channel bare: whatsapp.bare has no verify_token",
        "warning: channel nobody: no account nobody of WhatsApp is configured",
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn an_address_is_set_up_by_who_knows_the_token() {
    let desk = desk(&Meta::start().await).await;
    let ask = async |account: &str, query: &str| {
        let url = format!("{}/hooks/whatsapp/{account}?{query}", desk.api.address);
        answer(desk.api.client.get(url).timeout(PATIENCE)).await
    };
    let well = ask("main", "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=verify").await;
    assert_eq!((well.status, well.text()), (200, "1158201444"));
    assert_eq!(well.header("content-type"), "text/plain");
    for (account, query, status) in [
        ("main", "hub.mode=subscribe&hub.challenge=1&hub.verify_token=other", 403),
        ("main", "", 403),
        ("bare", "hub.mode=subscribe&hub.challenge=1&hub.verify_token=", 403),
        ("nobody", "hub.mode=subscribe&hub.challenge=1&hub.verify_token=verify", 404),
    ] {
        let refused = ask(account, query).await;
        assert_eq!((refused.status, refused.text()), (status, ""), "{account} {query}");
    }
}

#[tokio::test]
async fn what_a_customer_writes_is_one_conversation_and_what_comes_twice_is_one_message() {
    let desk = desk(&Meta::start().await).await;
    channel(&desk).await;
    for body in [text("wamid.1", "Hello"), text("wamid.2", "Anybody?"), text("wamid.1", "Hello")] {
        assert_eq!(signed(&desk, &body).await, 200);
    }
    let messages = messages(&desk).await;
    let texts: Vec<&str> = messages.iter().map(|(_, text, _)| text.as_str()).collect();
    assert_eq!(texts, ["Hello", "Anybody?"]);
    assert_eq!(messages[0].0, messages[1].0);
    let tickets = desk.api.get("tickets").await;
    assert_eq!(tickets["items"].as_array().unwrap().len(), 1);
    assert_eq!(tickets["items"][0]["type"], "messages");
}

#[tokio::test]
async fn what_is_not_signed_or_of_no_account_leaves_nothing() {
    let desk = desk(&Meta::start().await).await;
    channel(&desk).await;
    let body = text("wamid.1", "Hello");
    let good = signature(SECRET, &body);
    let foreign = signature("other", &body);
    let garbage = "{\"object\": \"page\"}";
    let table = [
        ("main", body.as_str(), None, 403),
        ("main", &body, Some(foreign.as_str()), 403),
        ("main", &body.replace("Hello", "Hullo"), Some(&good), 403),
        ("bare", &body, Some(&good), 403),
        ("nobody", &body, Some(&good), 404),
        ("main", garbage, Some(&signature(SECRET, garbage)), 400),
        ("main", &"x".repeat((3 << 20) + 1), Some(&good), 413),
    ];
    for (account, body, signature, status) in table {
        let refused = post_as(&desk, account, body, signature).await;
        assert_eq!((refused.status, refused.text()), (status, ""), "{account}");
    }
    assert_eq!(messages(&desk).await, []);
    // Another's number at the same account is nobody's affair.
    let other = body.replace(NUMBER, "999");
    assert_eq!(signed(&desk, &other).await, 200);
    assert_eq!(messages(&desk).await, []);
}

#[tokio::test]
async fn a_picture_is_fetched_before_its_message_is_acknowledged() {
    let meta = Meta::start().await;
    let desk = desk(&meta).await;
    channel(&desk).await;
    let own = json!({ "id": "1003383421387256", "mime_type": "image/jpeg", "caption": "Look" });
    let body = message("wamid.1", "image", own.clone(), now());
    assert_eq!(signed(&desk, &body).await, 503, "Meta has to send it again");
    assert_eq!(messages(&desk).await, []);
    *meta.file.lock().unwrap() = Some(b"a picture".to_vec());
    assert_eq!(signed(&desk, &body).await, 200);
    assert_eq!(signed(&desk, &body).await, 200);
    let all = messages(&desk).await;
    assert_eq!(all.iter().map(|(_, text, _)| text.as_str()).collect::<Vec<_>>(), ["Look"]);
    let file =
        sqlx::query("select name, sha256 from attachments").fetch_one(&mut desk.store().await).await.unwrap();
    let path = desk.data().join("attachments").join(file.get::<String, _>(1));
    assert_eq!(
        (file.get::<String, _>(0).as_str(), std::fs::read(path).unwrap()),
        ("image.jpg", b"a picture".to_vec())
    );
    // One that is long overdue is taken without it, and says so.
    *meta.file.lock().unwrap() = None;
    assert_eq!(signed(&desk, &message("wamid.2", "image", own, now() - 3_600)).await, 200);
    assert_eq!(messages(&desk).await[1].1, "Look\n[image.jpg: WhatsApp answers 503]");
}

/// Waits for what a ticket's last message has become.
async fn until_state(desk: &Desk, ticket: &str, state: &str) -> Value {
    for _ in 0..PATIENCE.as_millis() / 50 {
        let messages = desk.api.get(&format!("tickets/{ticket}/messages")).await;
        let last = messages["items"].as_array().unwrap().last().unwrap().clone();
        if last["state"] == state {
            return last;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("the message is never {state}");
}

fn status(id: &str, status: &str) -> String {
    webhook(json!({ "statuses": [{ "id": id, "status": status, "timestamp": "1749416383",
        "errors": [{ "code": 131047, "title": "Re-engagement message" }] }] }))
}

#[tokio::test]
async fn an_answer_is_sent_and_what_became_of_it_is_seen() {
    let meta = Meta::start().await;
    let desk = desk(&meta).await;
    channel(&desk).await;
    signed(&desk, &text("wamid.1", "Hello")).await;
    let ticket = desk.api.get("tickets").await["items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("tickets/{ticket}/messages");
    let reply = desk.api.post(&path, json!({ "text": "Good morning" })).await;
    until_state(&desk, &ticket, "sent").await;
    let [sent] = <[Value; 1]>::try_from(meta.sent()).unwrap();
    let expected = json!({ "messaging_product": "whatsapp", "recipient_type": "individual", "to": "436601234567",
        "type": "text", "text": { "preview_url": false, "body": "Good morning" },
        "biz_opaque_callback_data": reply["id"] });
    assert_eq!(sent, expected);
    // Late, twice, and in any order.
    for (reported, is) in [("read", "read"), ("delivered", "read"), ("sent", "read"), ("failed", "read")] {
        assert_eq!(signed(&desk, &status("wamid.out1", reported)).await, 200);
        until_state(&desk, &ticket, is).await;
    }
    assert_eq!(signed(&desk, &status("wamid.somebody-else-s", "read")).await, 200);

    // What WhatsApp refuses for good is seen, too.
    let refusal = json!({ "error": { "code": 131047, "message": "Re-engagement message" } });
    *meta.refuses.lock().unwrap() = Some((400, refusal));
    desk.api.post(&path, json!({ "text": "Are you there?" })).await;
    let failed = until_state(&desk, &ticket, "failed").await;
    let error = failed["error"].as_str().unwrap();
    assert!(error.starts_with("more than 24 hours have passed since the customer last wrote"), "{failed}");
    assert_eq!(meta.sent().len(), 1);
}

/// Waits until an answer was tried so often.
async fn until_tried(desk: &Desk, tries: i64) -> (i64, Option<i64>, Option<String>) {
    for _ in 0..PATIENCE.as_millis() / 50 {
        let sql = "select tries, due_ms, error from messages where side = 'out'";
        let row = sqlx::query(sql).fetch_one(&mut desk.store().await).await.unwrap();
        if row.get::<i64, _>(0) >= tries {
            return (row.get(0), row.get(1), row.get(2));
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("it is never tried {tries} times");
}

#[tokio::test]
async fn an_answer_that_can_not_be_sent_backs_off_is_given_up_in_sight_and_can_be_tried_again() {
    let meta = Meta::start().await;
    let mut desk = desk(&meta).await;
    channel(&desk).await;
    signed(&desk, &text("wamid.1", "Hello")).await;
    let ticket = desk.api.get("tickets").await["items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("tickets/{ticket}/messages");
    *meta.refuses.lock().unwrap() = Some((503, json!({})));
    let began = now() * 1_000;
    let reply = desk.api.post(&path, json!({ "text": "Good morning" })).await;
    let (tries, due, error) = until_tried(&desk, 1).await;
    assert!(due.is_some_and(|due| due >= began + 4_000), "{tries} {due:?}: it is not tried again at once");
    let seen = desk.api.all(&path).await.pop().unwrap();
    assert_eq!((&seen["state"], seen["error"].as_str()), (&json!("queued"), error.as_deref()), "{seen}");
    assert!(error.is_some_and(|error| error.contains("503")), "{seen}");

    // A day and nine tries later.
    desk.stop().await;
    let last = "update messages set tries = 9, due_ms = 1 where side = 'out'";
    assert_eq!(sqlx::query(last).execute(&mut desk.store().await).await.unwrap().rows_affected(), 1);
    desk.start().await;
    let failed = until_state(&desk, &ticket, "failed").await;
    assert!(failed["error"].as_str().unwrap().contains("503"), "{failed}");
    assert_eq!(until_tried(&desk, 10).await.1, None, "it is not tried any more");
    assert_eq!(meta.sent(), [] as [Value; 0]);

    *meta.refuses.lock().unwrap() = None;
    let retry = format!("{path}/{}/retry", reply["id"].as_str().unwrap());
    assert_eq!(desk.api.ask(reqwest::Method::POST, &retry, None).await.0, 202);
    let sent = until_state(&desk, &ticket, "sent").await;
    assert_eq!((&sent["id"], &sent["error"]), (&reply["id"], &Value::Null));
    assert_eq!(meta.sent().len(), 1);
    assert_eq!(desk.api.ask(reqwest::Method::POST, &retry, None).await.0, 409);
}
