//! An agent at a softphone: takes most calls, talks a little, hangs up, comes back when the line breaks, and remembers
//! every frame.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{interval, sleep, timeout},
};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

const TRY_AGAIN_EVERY: Duration = Duration::from_millis(800);
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// What an agent heard, in order.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The agent's id.
    pub agent: String,
    pub frame: Value,
}

/// Everything that all agents heard.
#[derive(Clone, Default)]
pub struct Ears(Arc<Mutex<Vec<Heard>>>);

impl Ears {
    pub fn all(&self) -> Vec<Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hear(&self, agent: &str, frame: Value) {
        let heard = Heard { agent: agent.to_owned(), frame };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
    }
}

/// Somebody who works here.
pub struct Agent {
    pub id: String,
    pub token: String,
    /// What the telephone company calls their telephone.
    pub phone: String,
    work: Option<JoinHandle<()>>,
    /// They look on and take nothing.
    idle: Arc<AtomicBool>,
}

impl Agent {
    pub fn new(id: String, token: String, phone: String) -> Self {
        Self { id, token, phone, work: None, idle: Arc::default() }
    }

    /// Sits down at a softphone, until dropped.
    pub fn sit_down(&mut self, address: &str, ears: &Ears) {
        let desk = Desk {
            address: address.to_owned(),
            token: self.token.clone(),
            id: self.id.clone(),
            ears: ears.clone(),
            idle: self.idle.clone(),
        };
        self.work = Some(tokio::spawn(async move { desk.work().await }));
    }

    pub fn is_idle(&self, idle: bool) {
        self.idle.store(idle, Ordering::Relaxed);
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Some(work) = &self.work {
            work.abort();
        }
    }
}

struct Desk {
    address: String,
    token: String,
    id: String,
    ears: Ears,
    idle: Arc<AtomicBool>,
}

impl Desk {
    async fn work(&self) {
        loop {
            self.one_socket().await;
            sleep(Duration::from_millis(30)).await;
        }
    }

    async fn one_socket(&self) {
        let Ok(request) = request(&self.address, &self.token) else { return };
        let Ok(Ok((socket, _))) = timeout(Duration::from_secs(10), connect_async(request)).await else {
            return;
        };
        let (mut say, mut hear) = socket.split();
        let (later, mut due) = mpsc::unbounded_channel::<Value>();
        // A hang-up that was refused, or fell into a gap, is tried again until the call is over.
        let (mut talks, mut again) = (Value::Null, interval(TRY_AGAIN_EVERY));
        let mut silent_for = Duration::ZERO;
        loop {
            tokio::select! {
                _ = again.tick() => {
                    // The daemon pings often. A socket on which nothing comes is as good as broken.
                    silent_for += TRY_AGAIN_EVERY;
                    if silent_for > SILENCE_MAX {
                        return;
                    }
                    if !talks.is_null() {
                        let _ = later.send(json!({ "type": "hang_up", "call_id": talks }));
                    }
                }
                heard = hear.next() => {
                    silent_for = Duration::ZERO;
                    let Some(Ok(message)) = heard else { return };
                    let Ok(frame) = serde_json::from_str::<Value>(message.to_text().unwrap_or_default()) else {
                        continue;
                    };
                    self.react(&frame, &later);
                    let call = if frame["type"] == "welcome" { &frame["call"] } else { &frame };
                    match frame["type"].as_str() {
                        Some("welcome" | "call") if call["state"] == "talking" => talks = call["call_id"].clone(),
                        Some("welcome" | "call") => talks = Value::Null,
                        _ => {}
                    }
                    self.ears.hear(&self.id, frame);
                }
                Some(frame) = due.recv() => {
                    if say.send(Message::text(frame.to_string())).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    fn react(&self, frame: &Value, later: &mpsc::UnboundedSender<Value>) {
        let is_talking = |call: &Value| call["state"] == "talking";
        match frame["type"].as_str().unwrap_or_default() {
            "ping" => drop(later.send(json!({ "type": "pong" }))),
            "offer" => self.consider(frame, later),
            "welcome" => {
                register(later);
                let offers = frame["offers"].as_array();
                offers.into_iter().flatten().for_each(|offer| self.consider(offer, later));
                if is_talking(&frame["call"]) {
                    talk(&frame["call"], later);
                }
            }
            "call" if is_talking(frame) => talk(frame, later),
            // A telephone that may not have rung is looked after.
            "call" if frame["state"] == "ended" => register(later),
            _ => {}
        }
    }

    fn consider(&self, offer: &Value, later: &mpsc::UnboundedSender<Value>) {
        let answer = match rand::random_range(0..20) {
            _ if self.idle.load(Ordering::Relaxed) => return,
            0 => return,
            1 => "decline",
            _ => "accept",
        };
        let after = Duration::from_millis(rand::random_range(10..150));
        say_later(json!({ "type": answer, "offer_id": offer["offer_id"] }), after, later);
    }
}

/// The telephone is in order.
fn register(later: &mpsc::UnboundedSender<Value>) {
    let _ = later.send(json!({ "type": "media", "registered": true, "microphone": true }));
}

/// Talks for a while, then hangs up, if the caller does not.
fn talk(call: &Value, later: &mpsc::UnboundedSender<Value>) {
    let after = Duration::from_millis(rand::random_range(100..500));
    say_later(json!({ "type": "hang_up", "call_id": call["call_id"] }), after, later);
}

fn say_later(frame: Value, after: Duration, later: &mpsc::UnboundedSender<Value>) {
    let later = later.clone();
    tokio::spawn(async move {
        sleep(after).await;
        let _ = later.send(frame);
    });
}

/// What opens a softphone's socket.
pub fn request(address: &str, token: &str) -> anyhow::Result<axum::http::Request<()>> {
    let mut request = format!("{}/softphone", address.replacen("http", "ws", 1)).into_client_request()?;
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
    request.headers_mut().insert("sec-websocket-protocol", "strowger.v1".parse()?);
    Ok(request)
}
