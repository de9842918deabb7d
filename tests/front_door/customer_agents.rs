//! The outside service that answers before people do: it answers, hands over, fails, or comes too late.

#![allow(clippy::unwrap_used, reason = "what a test can't do it fails for")]

use crate::desk::{Desk, PATIENCE, Wishes};
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, response::IntoResponse, routing::post};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::Row;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{net::TcpListener, time::sleep};

const KEY: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The outside service. It says what it is told to, and remembers what it was asked.
#[derive(Clone, Default)]
struct Service {
    address: String,
    says: Arc<Mutex<Option<(u16, String)>>>,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Service {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/turn", listener.local_addr().unwrap());
        let service = Self { address, ..Self::default() };
        let router = Router::new().route("/turn", post(turn)).with_state(service.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        service
    }

    fn says(&self, status: u16, said: Value) {
        *self.says.lock().unwrap() = Some((status, said.to_string()));
    }

    fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }
}

async fn turn(State(service): State<Service>, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    // As the specification of Standard Webhooks says.
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    let mut mac = Hmac::<Sha256>::new_from_slice(&BASE64_STANDARD.decode(KEY).unwrap()).unwrap();
    mac.update(format!("{}.{}.", text("webhook-id"), text("webhook-timestamp")).as_bytes());
    mac.update(&body);
    let expected = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(text("webhook-signature"), expected);
    service.asked.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
    let says = service.says.lock().unwrap().clone();
    match says {
        Some((status, said)) => (axum::http::StatusCode::from_u16(status).unwrap(), said),
        // It thinks for ever.
        None => std::future::pending().await,
    }
}

/// A desk with WhatsApp, which nobody stands for: what comes in is what counts here.
async fn desk(secret: &str) -> Desk {
    let config = format!(
        "[customer_agents]\nsecret = {secret:?}\n[outward]\nallow_loopback = true\n\
         [whatsapp.main]\napp_secret = \"app\"\naccess_token = \"token\"\napi_base = \"http://127.0.0.1:1\"\n"
    );
    Desk::open_with(Wishes { config, ..Wishes::default() }).await
}

async fn channel(desk: &Desk, service: &Service, deadline_seconds: u32, users: &[&str]) -> String {
    let assignment = json!({
        "mode": "agent", "agent": { "url": service.address, "deadline_seconds": deadline_seconds },
        "fallback": { "users": users, "teams": [] },
    });
    let whatsapp = json!({ "account": "main", "phone_number_id": "106540352242922" });
    let channel =
        json!({ "kind": "whatsapp", "name": "WhatsApp", "whatsapp": whatsapp, "assignment": assignment });
    desk.api.create("channels", channel).await
}

/// A customer writes.
async fn writes(desk: &Desk, id: &str, text: &str) {
    let message = json!({ "from": "436601234567", "id": id, "type": "text", "text": { "body": text } });
    brings(desk, &[message]).await;
}

async fn brings(desk: &Desk, messages: &[Value]) {
    let value = json!({ "metadata": { "phone_number_id": "106540352242922" }, "messages": messages });
    let changes = json!([{ "field": "messages", "value": value }]);
    let body =
        json!({ "object": "whatsapp_business_account", "entry": [{ "changes": changes }] }).to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"app").unwrap();
    mac.update(body.as_bytes());
    let signature = format!("sha256={}", data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes()));
    let url = format!("{}/hooks/whatsapp/main", desk.api.address);
    let request = desk.api.client.post(url).header("X-Hub-Signature-256", signature).body(body);
    assert_eq!(request.timeout(PATIENCE).send().await.unwrap().status(), 200);
}

/// The codes of the reasons of each decision on the one ticket, once one of them is there.
async fn until_reason(desk: &Desk, code: &str) -> (Value, Vec<Vec<String>>) {
    for _ in 0..2 * PATIENCE.as_millis() / 50 {
        let path = format!("tickets/{}", desk.api.get("tickets").await["items"][0]["id"].as_str().unwrap());
        let why = desk.api.get(&format!("{path}/why")).await;
        let codes = |decision: &Value| {
            let reasons = decision["reasons"].as_array().unwrap().iter();
            reasons.map(|reason| reason["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let all: Vec<Vec<String>> = why["decisions"].as_array().unwrap().iter().map(codes).collect();
        if all.iter().flatten().any(|known| known == code) {
            return (desk.api.get(&path).await, all);
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing is ever decided because of {code}");
}

async fn answers(desk: &Desk) -> Vec<String> {
    let rows = sqlx::query("select text from messages where author = 'customer_agent' order by id");
    rows.fetch_all(&mut desk.store().await).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn it_answers_as_long_as_it_likes_and_then_hands_over() {
    let (service, desk) = (Service::start().await, desk(&format!("whsec_{KEY}")).await);
    let ann = desk.agent("Ann").await;
    channel(&desk, &service, 30, &[&ann.id]).await;
    service.says(200, json!({ "action": "answer", "text": "Have you tried turning it off?" }));
    writes(&desk, "wamid.1", "It is broken").await;
    let (ticket, _) = until_reason(&desk, "customer_agent_answered").await;
    assert_eq!((&ticket["owner"], &ticket["team"]), (&Value::Null, &Value::Null), "it is nobody's yet");
    assert_eq!(answers(&desk).await, ["Have you tried turning it off?"]);
    let asked = service.asked();
    assert_eq!(asked[0]["type"], "customer_agent.turn");
    assert_eq!(asked[0]["data"]["ticket"]["id"], ticket["id"]);
    assert_eq!(asked[0]["data"]["customer"], json!({ "kind": "number", "value": "+436601234567" }));
    assert_eq!(asked[0]["data"]["messages"][0]["text"], "It is broken");

    service.says(200, json!({ "action": "hand_over", "because": "they want a person" }));
    writes(&desk, "wamid.2", "I want a person").await;
    let (ticket, decisions) = until_reason(&desk, "customer_agent_handed_over").await;
    assert_eq!(ticket["owner"], ann.id);
    let last = decisions.last().unwrap();
    assert_eq!(&last[last.len() - 2..], ["falls_back", "customer_agent_handed_over"]);
    let told: Vec<Value> = service.asked()[1]["data"]["messages"].as_array().unwrap().clone();
    let told: Vec<&str> = told.iter().map(|message| message["text"].as_str().unwrap()).collect();
    assert_eq!(told, ["It is broken", "Have you tried turning it off?", "I want a person"]);

    // From now on people do it.
    service.says(200, json!({ "action": "answer", "text": "Me again" }));
    writes(&desk, "wamid.3", "Hello?").await;
    assert_eq!(
        desk.number("select count(*) from customer_agent_turns where until_ms is not null").await,
        Some(0)
    );
    assert_eq!((service.asked().len(), answers(&desk).await.len()), (2, 1));
}

#[tokio::test]
async fn in_a_long_conversation_it_is_told_what_was_said_last() {
    let (service, desk) = (Service::start().await, desk(&format!("whsec_{KEY}")).await);
    let ann = desk.agent("Ann").await;
    channel(&desk, &service, 30, &[&ann.id]).await;
    service.says(200, json!({ "action": "answer", "text": "Go on" }));
    let message = |number: usize| {
        let (id, body) = (format!("wamid.{number}"), format!("Number {number}"));
        json!({ "from": "436601234567", "id": id, "type": "text", "text": { "body": body } })
    };
    brings(&desk, &(0..205).map(message).collect::<Vec<_>>()).await;
    until_reason(&desk, "customer_agent_answered").await;
    writes(&desk, "wamid.last", "And this is all").await;
    for _ in 0..2 * PATIENCE.as_millis() / 50 {
        let asked = service.asked();
        let told = |asked: &Value| asked["data"]["messages"].as_array().unwrap().clone();
        let last = told(asked.last().unwrap());
        if last.last().unwrap()["text"] == "And this is all" {
            assert_eq!(last.len(), 200);
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("it is never told: {:?}", service.asked().last().unwrap()["data"]["messages"][199]);
}

#[tokio::test]
async fn whatever_goes_wrong_hands_over_and_says_why() {
    type Answer = Option<(u16, Value)>;
    let table: [(&str, Answer, &str); 4] = [
        ("refused", Some((500, json!({}))), "it answers 500"),
        ("nonsense", Some((200, json!({ "action": "dance" }))), "its answer can't be understood"),
        ("empty", Some((200, json!({ "action": "answer", "text": " " }))), "its answer is empty"),
        ("late", None, "it did not answer within 1 seconds"),
    ];
    for (what, says, error) in table {
        let (service, desk) = (Service::start().await, desk(&format!("whsec_{KEY}")).await);
        let ann = desk.agent("Ann").await;
        channel(&desk, &service, 1, &[&ann.id]).await;
        // Where there is time, none of it is what decides.
        if let Some((status, said)) = says {
            service.says(status, said);
        }
        writes(&desk, "wamid.1", "It is broken").await;
        let (ticket, _) = until_reason(&desk, "customer_agent_failed").await;
        assert_eq!(ticket["owner"], ann.id, "{what}");
        let why = desk.api.get(&format!("tickets/{}/why", ticket["id"].as_str().unwrap())).await;
        let said = why.to_string();
        let is_late = said.contains("it did not answer within 1 seconds");
        assert!(said.contains(error) || is_late, "{what}: {said}");
        assert_eq!(answers(&desk).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn without_a_secret_nobody_is_asked_and_people_do_it() {
    let (service, desk) = (Service::start().await, desk("").await);
    let ann = desk.agent("Ann").await;
    channel(&desk, &service, 30, &[&ann.id]).await;
    writes(&desk, "wamid.1", "It is broken").await;
    let (ticket, _) = until_reason(&desk, "customer_agent_failed").await;
    assert_eq!(ticket["owner"], ann.id);
    assert_eq!(service.asked(), Vec::<Value>::new());
}

#[tokio::test]
async fn somebody_who_is_faster_is_not_talked_over() {
    let (service, desk) = (Service::start().await, desk(&format!("whsec_{KEY}")).await);
    let ann = desk.agent("Ann").await;
    channel(&desk, &service, 60, &[]).await;
    writes(&desk, "wamid.1", "It is broken").await;
    let (ticket, _) = until_reason(&desk, "customer_agent_asked").await;
    for _ in 0..PATIENCE.as_millis() / 50 {
        if !service.asked().is_empty() {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    // It thinks; Ann takes the ticket; the daemon is killed, and it is asked again and answers at once.
    desk.api.patch(&format!("tickets/{}", ticket["id"].as_str().unwrap()), json!({ "owner": ann.id })).await;
    service.says(200, json!({ "action": "answer", "text": "Too late" }));
    let mut desk = desk;
    desk.restart().await;
    let mut open = Some(1);
    for _ in 0..PATIENCE.as_millis() / 50 {
        open = desk.number("select count(*) from customer_agent_turns where until_ms is not null").await;
        if open == Some(0) {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(open, Some(0), "its turn never ends");
    assert_eq!(service.asked().len(), 2);
    assert_eq!(service.asked()[0]["data"]["messages"], service.asked()[1]["data"]["messages"]);
    assert_eq!(answers(&desk).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_ticket_that_it_handed_over_waits_again_when_whoever_took_it_lets_it_go() {
    let (service, desk) = (Service::start().await, desk(&format!("whsec_{KEY}")).await);
    let ann = desk.agent("Ann").await;
    let path = format!("users/{}/availability", ann.id);
    let away = desk.api.ask(reqwest::Method::PUT, &path, Some(json!({ "state": "away" }))).await;
    assert_eq!(away.0, 200);
    let channel = channel(&desk, &service, 20, &[&ann.id]).await;
    desk.api.patch(&format!("channels/{channel}"), json!({ "reroutes": true })).await;
    let of_ann = desk.api.with_token(&ann.token);
    service.says(200, json!({ "action": "answer", "text": "Yes?" }));
    writes(&desk, "wamid.1", "Hello").await;
    until_reason(&desk, "customer_agent_answered").await;
    assert_eq!(of_ann.all("notifications").await, [] as [Value; 0], "there is nothing to do for people");
    service.says(200, json!({ "action": "hand_over" }));
    writes(&desk, "wamid.2", "A person, please").await;
    let (ticket, _) = until_reason(&desk, "customer_agent_handed_over").await;
    let path = format!("tickets/{}", ticket["id"].as_str().unwrap());
    let [told] = <[Value; 1]>::try_from(of_ann.all("notifications").await).expect("one");
    assert_eq!((&told["about"], &told["ticket"]), (&json!("unassigned"), &ticket["id"]));
    assert_eq!(desk.api.all("tickets/waiting").await.len(), 1);
    desk.api.patch(&path, json!({ "owner": ann.id })).await;
    assert_eq!(desk.api.all("tickets/waiting").await.len(), 0);
    desk.api.patch(&path, json!({ "owner": null })).await;
    let waiting = desk.api.all("tickets/waiting").await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0]["ticket"], ticket["id"]);
}

#[tokio::test]
async fn of_a_long_conversation_it_is_told_the_latest() {
    let (service, mut desk) = (Service::start().await, desk(&format!("whsec_{KEY}")).await);
    let channel = channel(&desk, &service, 20, &[]).await;
    service.says(200, json!({ "action": "answer", "text": "Go on." }));
    writes(&desk, "wamid.1", "Hello").await;
    let (ticket, _) = until_reason(&desk, "customer_agent_answered").await;
    desk.stop().await;
    let sql = "with recursive n (n) as (select 1 union all select n + 1 from n where n < 300)
        insert into messages (id, ticket, channel, at_ms, side, person_kind, person, text, tries)
        select printf('%032x', n), $1, $2, n, 'in', 'number', '+436601234567', 'long ago', 0 from n";
    let (ticket, channel) = (ticket["id"].as_str().unwrap(), channel.as_str());
    let rows = sqlx::query(sql).bind(ticket).bind(channel).execute(&mut desk.store().await).await.unwrap();
    assert_eq!(rows.rows_affected(), 300);
    desk.start().await;
    let before = service.asked().len();
    writes(&desk, "wamid.2", "And now?").await;
    for _ in 0..2 * PATIENCE.as_millis() / 50 {
        if service.asked().len() > before {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    let asked = service.asked().pop().unwrap();
    let told = asked["data"]["messages"].as_array().unwrap();
    assert_eq!((told.len(), &told[199]["text"]), (200, &json!("And now?")));
    assert_eq!((&told[197]["text"], &told[0]["text"]), (&json!("Hello"), &json!("long ago")));
}
