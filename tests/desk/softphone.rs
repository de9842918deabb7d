//! An agent's softphone, as a program would write it.

use super::PATIENCE;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message as WsMessage, client::IntoClientRequest},
};

/// An agent's softphone. It remembers every frame; dropping it breaks the connection without a goodbye.
pub struct Softphone {
    frames: watch::Receiver<Vec<Value>>,
    taken: BTreeSet<usize>,
    out: mpsc::UnboundedSender<WsMessage>,
    line: JoinHandle<()>,
}

impl Softphone {
    /// Connects without waiting for anything to be said.
    pub async fn connect(address: &str, token: &str) -> Self {
        let url = format!("{}/softphone", address.replacen("http", "ws", 1));
        let mut request = url.into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        headers.insert("sec-websocket-protocol", "strowger.v1".parse().unwrap());
        let connected = timeout(PATIENCE, connect_async(request)).await;
        let (socket, _) = connected.expect("the softphone is not let in in time").unwrap();
        let (mut sink, mut stream) = socket.split();
        let (remember, frames) = watch::channel(Vec::new());
        let (out, mut said) = mpsc::unbounded_channel();
        let line = tokio::spawn(async move {
            loop {
                tokio::select! {
                    heard = stream.next() => {
                        let Some(Ok(heard)) = heard else { return };
                        let Some(frame) = read(&heard) else { continue };
                        if frame["type"] == "ping" {
                            let _ = sink.send(frame_of(json!({ "type": "pong" }))).await;
                        }
                        remember.send_modify(|frames: &mut Vec<Value>| frames.push(frame));
                    }
                    say = said.recv() => {
                        let Some(say) = say else { return };
                        let _ = sink.send(say).await;
                    }
                }
            }
        });
        Self { frames, taken: BTreeSet::new(), out, line }
    }

    /// Every frame until now, in order.
    pub fn seen(&self) -> Vec<Value> {
        self.frames.borrow().clone()
    }

    /// The frames of a type until now.
    pub fn seen_of(&self, kind: &str) -> Vec<Value> {
        self.seen().into_iter().filter(|frame| frame["type"] == kind).collect()
    }

    /// The first frame of a type that was not taken before; waits for it.
    pub async fn next(&mut self, kind: &str) -> Value {
        self.next_of(&[kind]).await
    }

    /// The first frame of one of these types that was not taken before; waits for it.
    pub async fn next_of(&mut self, kinds: &[&str]) -> Value {
        let is_one = |frame: &Value| kinds.iter().any(|kind| frame["type"] == *kind);
        self.next_where(&format!("one of {kinds:?}"), is_one).await
    }

    /// Waits until the call that the agent has is in `state`.
    pub async fn call_is(&mut self, state: &str) -> Value {
        let what = format!("a call that is {state}");
        self.next_where(&what, |frame| frame["type"] == "call" && frame["state"] == state).await
    }

    /// The first frame as wished that was not taken before; waits for it.
    pub async fn next_where(&mut self, what: &str, wished: impl Fn(&Value) -> bool) -> Value {
        let Self { frames, taken, .. } = self;
        let find = |seen: &Vec<Value>| {
            let mut fresh = seen.iter().enumerate().filter(|(index, _)| !taken.contains(index));
            fresh.find(|(_, frame)| wished(frame)).map(|(index, frame)| (index, frame.clone()))
        };
        let waited = timeout(PATIENCE, frames.wait_for(|seen| find(seen).is_some())).await;
        let why = match &waited {
            Ok(Ok(_)) => "",
            Ok(Err(_)) => "the socket was closed",
            Err(_) => "in time",
        };
        drop(waited);
        let seen = frames.borrow().clone();
        let Some((index, frame)) = find(&seen) else {
            panic!("the softphone never heard {what} ({why}); it heard {seen:#?}");
        };
        taken.insert(index);
        frame
    }

    /// Waits until the daemon has closed the socket.
    pub async fn closed(&mut self) {
        let closing = async { while self.frames.changed().await.is_ok() {} };
        timeout(PATIENCE, closing).await.expect("the daemon does not close the socket");
    }

    pub fn say(&self, frame: Value) {
        let _ = self.out.send(frame_of(frame));
    }

    pub fn accept(&self, offer: &Value) {
        self.say(json!({ "type": "accept", "offer_id": offer["offer_id"] }));
    }

    pub fn decline(&self, offer: &Value) {
        self.say(json!({ "type": "decline", "offer_id": offer["offer_id"] }));
    }

    /// `frame` is any frame that names the call.
    pub fn hang_up(&self, frame: &Value) {
        self.say(json!({ "type": "hang_up", "call_id": frame["call_id"] }));
    }

    pub fn media(&self, registered: bool, microphone: bool) {
        self.say(json!({ "type": "media", "registered": registered, "microphone": microphone }));
    }

    pub fn availability(&self, state: &str) {
        self.say(json!({ "type": "availability", "state": state }));
    }

    /// Waits for an offer and takes it. Answers the frame that tells that it was won.
    pub async fn take(&mut self) -> Value {
        let offer = self.next("offer").await;
        self.accept(&offer);
        self.next("offer_won").await
    }
}

impl Drop for Softphone {
    fn drop(&mut self) {
        self.line.abort();
    }
}

fn read(message: &WsMessage) -> Option<Value> {
    serde_json::from_str(message.to_text().ok()?).ok()
}

fn frame_of(frame: Value) -> WsMessage {
    WsMessage::text(frame.to_string())
}
