//! How long it takes from a caller's webhook to an offer on an agent's websocket, measured from outside, against the
//! real daemon on a real disk: `cargo bench --bench load`. Beside it stands what one flush of that disk takes.
//!
//! Fifty calls a second for twenty seconds, a hundred agents. Every agent accepts what is still open after 100 ms,
//! and talks for a second.

#![expect(clippy::unwrap_used, reason = "a measurement stops where something is wrong")]

use axum::{Json, Router, routing::post};
use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::{SinkExt, StreamExt};
use hmac::{Hmac, KeyInit, Mac};
use rand::Rng;
use serde_json::{Value, json};
use sha1::Sha1;
use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

const CALLS_PER_SECOND: u32 = 50;
const SECONDS: u32 = 20;
const AGENTS: usize = 100;
const ACCEPT_AFTER_MS: std::ops::Range<u64> = 100..120;
const TALK: Duration = Duration::from_secs(1);
const ACCOUNT: &str = "AC00000000000000000000000000000000";
const TOKEN: &str = "load";
const PUBLIC_URL: &str = "https://calls.example.org";

/// What was seen, by caller number.
#[derive(Default)]
struct Seen {
    sent: HashMap<String, Instant>,
    offered: HashMap<String, Duration>,
    won: u32,
    talked: u32,
}

type Shared = Arc<Mutex<Seen>>;

#[tokio::main]
#[expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement stops where something is wrong"
)]
async fn main() {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let folder =
        tempfile::Builder::new().prefix("strowger-load-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let flushes = flush_times(folder.path());
    let company = stand_in().await;
    let (mut daemon, address) = start(folder.path(), &company);
    let api = Api {
        address: address.clone(),
        client: reqwest::Client::new(),
        token: admin(folder.path(), &company),
    };

    let mut agents = Vec::new();
    for number in 0..AGENTS {
        agents.push(api.hire(number).await);
    }
    let ids: Vec<&str> = agents.iter().map(|(id, _)| id.as_str()).collect();
    let channel = api
        .create(
            "channels",
            json!({"kind": "calling", "name": "Load", "provider": "main", "routing": {"users": ids}}),
        )
        .await;
    let hooks = format!("/hooks/main/{}", channel["id"].as_str().unwrap());
    let seen = Shared::default();
    for (_, token) in &agents {
        tokio::spawn(work(address.clone(), token.clone(), hooks.clone(), seen.clone()));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;

    let started = Instant::now();
    for number in 0..CALLS_PER_SECOND * SECONDS {
        let due = started + Duration::from_secs(1) * number / CALLS_PER_SECOND;
        tokio::time::sleep_until(due.into()).await;
        tokio::spawn(call(address.clone(), hooks.clone(), number, seen.clone()));
    }
    tokio::time::sleep(Duration::from_secs(3)).await;

    let seen = seen.lock().unwrap();
    println!(
        "calls {}, offered {}, won {}, talked {}",
        seen.sent.len(),
        seen.offered.len(),
        seen.won,
        seen.talked
    );
    report("one flush of the disk (4 KiB, fsync)", flushes);
    report("webhook sent to offer read", seen.offered.values().copied().collect());
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    assert_eq!(seen.sent.len(), seen.offered.len(), "a call was never offered");
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    println!("{what:<38} p50 {:7.2} ms  p99 {:7.2} ms  max {:7.2} ms", at(0.5), at(0.99), at(1.0));
}

#[expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement stops where something is wrong"
)]
fn flush_times(folder: &std::path::Path) -> Vec<Duration> {
    let mut file = File::create(folder.join("flush")).unwrap();
    let once = |file: &mut File| {
        let started = Instant::now();
        file.write_all(&[7; 4096]).unwrap();
        file.sync_all().unwrap();
        started.elapsed()
    };
    (0..300).map(|_| once(&mut file)).collect()
}

/// A telephone company that says yes to everything.
async fn stand_in() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(post(async || Json(json!({"status": "in-progress"}))));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn configure(command: &mut Command, folder: &std::path::Path, company: &str) {
    command
        .env("STROWGER__HTTP__PUBLIC_URL", PUBLIC_URL)
        .env("STROWGER__PROVIDERS__MAIN__KIND", "twilio")
        .env("STROWGER__PROVIDERS__MAIN__ACCOUNT_SID", ACCOUNT)
        .env("STROWGER__PROVIDERS__MAIN__AUTH_TOKEN", TOKEN)
        .env("STROWGER__PROVIDERS__MAIN__API_BASE", company)
        .env("STROWGER_LOG", "warn")
        .arg("--data-dir")
        .arg(folder.join("data"));
}

fn start(folder: &std::path::Path, company: &str) -> (Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_strowger"));
    command.args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped());
    configure(&mut command, folder, company);
    let mut daemon = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
    (daemon, address)
}

fn admin(folder: &std::path::Path, company: &str) -> String {
    let control = folder.join("data/control.sock");
    while !control.exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_strowger"));
    command.args(["token", "create", "--name", "load", "--role", "admin"]);
    configure(&mut command, folder, company);
    let output = command.output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

struct Api {
    address: String,
    client: reqwest::Client,
    token: String,
}

impl Api {
    async fn create(&self, path: &str, body: Value) -> Value {
        let url = format!("http://{}/api/v1/{path}", self.address);
        let answer = self.client.post(url).bearer_auth(&self.token).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    /// An agent's id and token.
    async fn hire(&self, number: usize) -> (String, String) {
        let user = json!({"name": format!("Agent {number}"), "email": format!("{number}@example.org"), "seats": ["service"]});
        let id = self.create("users", user).await["id"].as_str().unwrap().to_owned();
        let token = self.create("tokens", json!({"name": "load", "role": "agent", "user": id})).await;
        (id, token["token"].as_str().unwrap().to_owned())
    }
}

/// Signs and posts a webhook as Twilio does.
async fn hook(client: &reqwest::Client, address: &str, target: &str, form: &[(&str, &str)]) {
    let mut sorted = form.to_vec();
    sorted.sort_unstable();
    let signed = sorted.iter().fold(format!("{PUBLIC_URL}{target}"), |text, (key, value)| text + key + value);
    let mac = Hmac::<Sha1>::new_from_slice(TOKEN.as_bytes()).unwrap().chain_update(signed);
    let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
    let url = format!("http://{address}{target}");
    let answer = client.post(url).header("x-twilio-signature", signature).form(form).send().await.unwrap();
    assert!(answer.status().is_success(), "{target}: {}", answer.status());
}

#[expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement stops where something is wrong"
)]
async fn call(address: String, hooks: String, number: u32, seen: Shared) {
    let (sid, from) = (format!("CA{number:032x}"), format!("+1555{number:07}"));
    let form = [
        ("CallSid", &*sid),
        ("From", &from),
        ("To", "+431"),
        ("CallStatus", "ringing"),
        ("AccountSid", ACCOUNT),
    ];
    seen.lock().unwrap().sent.insert(from.clone(), Instant::now());
    hook(&CLIENT, &address, &format!("{hooks}/voice"), &form).await;
}

static CLIENT: std::sync::LazyLock<reqwest::Client> = std::sync::LazyLock::new(reqwest::Client::new);

/// An agent: accepts what is still open after 100 ms, talks for a second, hangs up.
#[expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement stops where something is wrong"
)]
async fn work(address: String, token: String, hooks: String, seen: Shared) {
    let mut request = format!("ws://{address}/softphone").into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request.headers_mut().insert("sec-websocket-protocol", "strowger.v1".parse().unwrap());
    let (socket, _) = connect_async(request).await.unwrap();
    let (mut say, mut hear) = socket.split();
    let (later, mut due) = tokio::sync::mpsc::unbounded_channel::<Value>();
    tokio::spawn(async move {
        while let Some(frame) = due.recv().await {
            say.send(Message::text(frame.to_string())).await.unwrap();
        }
    });
    let open = Arc::new(Mutex::new(HashMap::<String, String>::new()));
    while let Some(Ok(message)) = hear.next().await {
        let read = Instant::now();
        let Ok(frame) = serde_json::from_str::<Value>(message.to_text().unwrap_or_default()) else {
            continue;
        };
        let text = |key: &str| frame[key].as_str().unwrap_or_default().to_owned();
        match text("type").as_str() {
            "ping" => later.send(json!({"type": "pong"})).unwrap(),
            "offer" => {
                let from = text("from");
                {
                    let mut seen = seen.lock().unwrap();
                    let sent = seen.sent[&from];
                    seen.offered.entry(from.clone()).or_insert(read - sent);
                }
                let offer = text("offer_id");
                open.lock().unwrap().insert(offer.clone(), from);
                let (open, later) = (open.clone(), later.clone());
                let after = Duration::from_millis(rand::rng().random_range(ACCEPT_AFTER_MS));
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    if open.lock().unwrap().contains_key(&offer) {
                        let _ = later.send(json!({"type": "accept", "offer_id": offer}));
                    }
                });
            }
            "offer_ended" | "offer_lost" => {
                open.lock().unwrap().remove(&text("offer_id"));
            }
            "offer_won" => {
                seen.lock().unwrap().won += 1;
                open.lock().unwrap().clear();
                let (address, hooks, call) = (address.clone(), hooks.clone(), text("call_id"));
                tokio::spawn(async move {
                    let form =
                        [("CallSid", "CAffffffffffffffffffffffffffffffff"), ("CallStatus", "in-progress")];
                    hook(&CLIENT, &address, &format!("{hooks}/c/{call}/leg/1"), &form).await;
                });
            }
            "call" if text("state") == "talking" => {
                seen.lock().unwrap().talked += 1;
                let (later, call) = (later.clone(), text("call_id"));
                tokio::spawn(async move {
                    tokio::time::sleep(TALK).await;
                    let _ = later.send(json!({"type": "hang_up", "call_id": call}));
                });
            }
            _ => {}
        }
    }
}
