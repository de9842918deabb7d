//! What a story has in its hands besides browsers and the API: callers, agents' telephones, and the program itself.

use crate::desk::Desk;
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{Html, IntoResponse},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex as StdMutex},
    time::Duration,
};
use strowger::providers::simulator::{Behaviour, Caller, Event, Incoming, Message, Phone, Story};
use tokio::{net::TcpListener, sync::Mutex, task::JoinHandle};

/// Serves on an address of its own until it is dropped, and the desk with it.
pub struct Control {
    pub address: String,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Hands {
    desk: Arc<Mutex<Desk>>,
    callers: Arc<StdMutex<HashMap<String, Caller>>>,
}

impl Control {
    pub async fn of(desk: Desk) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/callers", post(place))
            .route("/callers/{sid}", get(look))
            .route("/callers/{sid}/hang-up", post(hang_up))
            .route("/telephones/{name}", post(telephone))
            .route("/telephones/{name}/hang-up", post(hang_up_telephone))
            .route("/restart", post(restart))
            .route("/files/{name}", post(put))
            .route("/sign-in-link", post(sign_in_link))
            .route("/shop/{channel}", get(shop))
            .with_state(Hands { desk: Arc::new(Mutex::new(desk)), callers: Arc::default() });
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, server }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Placed {
    channel: String,
    to: String,
    from: Option<String>,
    /// Real seconds until the caller gives up; for ever, unless said.
    patience_seconds: Option<f64>,
    /// Line seconds that they speak after the beep; nothing, unless said.
    message_seconds: Option<f64>,
}

/// Somebody calls.
async fn place(State(hands): State<Hands>, Json(placed): Json<Placed>) -> Json<Value> {
    let desk = hands.desk.lock().await;
    let hook = |path: &str| format!("{}/hooks/main/{}/{path}", desk.public_url, placed.channel);
    let incoming = Incoming {
        from: placed.from.unwrap_or("+436601234567".into()),
        to: placed.to,
        voice_url: hook("voice"),
        status_url: Some(hook("status")),
        fallback_url: Some(hook("fallback")),
        behaviour: Behaviour {
            patience: placed.patience_seconds.map(Duration::from_secs_f64),
            message: placed.message_seconds.map_or(Message::Silence, Message::Seconds),
        },
    };
    let caller = desk.company.place(incoming);
    let sid = caller.sid().to_owned();
    hands.callers.lock().unwrap().insert(sid.clone(), caller);
    Json(json!({ "sid": sid }))
}

/// What became of a call, from the caller's side.
async fn look(State(hands): State<Hands>, Path(sid): Path<String>) -> Result<Json<Value>, StatusCode> {
    let callers = hands.callers.lock().unwrap();
    let story = callers.get(&sid).ok_or(StatusCode::NOT_FOUND)?.story();
    Ok(Json(shown(&story)))
}

fn shown(story: &Story) -> Value {
    let heard = story.events.iter().filter_map(|event| match event {
        Event::Played { url, seconds } => Some(json!({ "url": url, "seconds": seconds })),
        Event::Said { text, language } => Some(json!({ "text": text, "language": language })),
        _ => None,
    });
    let legs = story
        .legs
        .iter()
        .map(|leg| json!({ "to": leg.to, "status": leg.status.name(), "seconds": leg.seconds }));
    json!({
        "status": story.status.name(),
        "is_over": story.is_told,
        "is_talking": story.is_talking(),
        "ending": story.ending.map(|ending| format!("{ending:?}")),
        "heard": heard.collect::<Vec<_>>(),
        "legs": legs.collect::<Vec<_>>(),
        "problems": story.problems().collect::<Vec<_>>(),
    })
}

async fn hang_up(State(hands): State<Hands>, Path(sid): Path<String>) -> StatusCode {
    let callers = hands.callers.lock().unwrap();
    let Some(caller) = callers.get(&sid) else { return StatusCode::NOT_FOUND };
    caller.hang_up();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Does {
    Answers,
    NoAnswer,
    Busy,
    Unregistered,
}

/// How an agent's telephone behaves from now on.
async fn telephone(
    State(hands): State<Hands>,
    Path(name): Path<String>,
    Json(does): Json<Does>,
) -> StatusCode {
    let phone = match does {
        Does::Answers => crate::desk::ANSWERS,
        Does::NoAnswer => Phone::NoAnswer,
        Does::Busy => Phone::Busy { after_seconds: 1.0 },
        Does::Unregistered => Phone::Unregistered,
    };
    hands.desk.lock().await.company.phone(&name, phone);
    StatusCode::NO_CONTENT
}

/// The agent hangs up at the telephone itself.
async fn hang_up_telephone(State(hands): State<Hands>, Path(name): Path<String>) -> StatusCode {
    let talked = hands.desk.lock().await.company.hang_up_phone(&name);
    if talked { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

/// Kills the program and starts it again; connections wait meanwhile.
async fn restart(State(hands): State<Hands>) -> StatusCode {
    hands.desk.lock().await.restart().await;
    StatusCode::NO_CONTENT
}

/// Puts a file into the data folder.
async fn put(State(hands): State<Hands>, Path(name): Path<String>, Json(text): Json<String>) -> StatusCode {
    std::fs::write(hands.desk.lock().await.data().join(name), text).unwrap();
    StatusCode::NO_CONTENT
}

/// A page of somebody else's with our chat on it, and a policy that lets nothing in but that.
async fn shop(State(hands): State<Hands>, Path(channel): Path<String>) -> impl IntoResponse {
    let url = hands.desk.lock().await.public_url.clone();
    let socket = url.replacen("http", "ws", 1);
    let policy = format!("default-src 'none'; img-src data:; script-src {url}; connect-src {socket} {url}");
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Shop</title><link rel=\"icon\" href=\"data:,\">\
         <main><h1>Shop</h1></main><script src=\"{url}/chat/{channel}.js\" async></script></html>"
    );
    ([("content-security-policy", policy)], Html(page))
}

/// The link of the first start.
async fn sign_in_link(State(hands): State<Hands>) -> Json<Value> {
    let made = hands.desk.lock().await.command(&["sign-in-link"]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Json(json!({ "url": String::from_utf8_lossy(&made.stdout).trim() }))
}
