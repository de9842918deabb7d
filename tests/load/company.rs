//! A stand-in for the telephone company: it signs webhooks as Twilio does, makes calls, and does what it is told.

use crate::{
    daemon::{ACCOUNT, PUBLIC_URL, SECRET},
    http::{Answer, Http},
    seen::{Seen, caller, number_of_sid, sid},
};
use axum::{
    Form, Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha1::Sha1;
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

/// Of a caller who was connected to nobody.
const PATIENCE: Duration = Duration::from_secs(10);
/// After how long a caller who is held asks again.
const CLIP: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub struct Company(Arc<Inner>);

struct Inner {
    /// Where it takes commands.
    address: String,
    /// The daemon and the channel's address there, once they are known.
    line: OnceLock<(Http, String)>,
    seen: Arc<Seen>,
}

impl Company {
    pub async fn open(seen: Arc<Seen>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("a port"));
        let company = Self(Arc::new(Inner { address, line: OnceLock::new(), seen }));
        let calls = format!("/2010-04-01/Accounts/{ACCOUNT}/Calls/{{call}}");
        let router = Router::new().route(&calls, post(command).get(look)).fallback(get(look));
        let router = router.with_state(company.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        company
    }

    pub fn address(&self) -> &str {
        &self.0.address
    }

    pub fn serves(&self, daemon: &str, channel: &str) {
        let line = (Http::new(daemon.to_owned()), format!("/hooks/main/{channel}"));
        assert!(self.0.line.set(line).is_ok(), "it serves somebody already");
    }

    /// Signs and posts a webhook.
    pub async fn hook(&self, target: &str, form: &[(&str, &str)]) -> Option<Answer> {
        let (http, _) = self.0.line.get().expect("somebody to serve");
        let mut sorted = form.to_vec();
        sorted.sort_unstable();
        let signed =
            sorted.iter().fold(format!("{PUBLIC_URL}{target}"), |text, (key, value)| text + key + value);
        let mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).expect("a key").chain_update(signed);
        let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let headers = [
            ("x-twilio-signature", signature.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        match http.send("POST", target, &headers, &body).await {
            Ok(answer) if answer.is_success() => return Some(answer),
            Ok(answer) => self.0.seen.wrong(format!("webhooks answered {}", answer.status)),
            Err(error) => self.0.seen.wrong(format!("webhooks not answered: {error}")),
        }
        None
    }

    fn channel(&self) -> &str {
        &self.0.line.get().expect("somebody to serve").1
    }

    async fn of_call(&self, number: u32, target: &str, status: &str) -> Option<Answer> {
        let (sid, from) = (sid(number), caller(number));
        let form = [
            ("CallSid", sid.as_str()),
            ("AccountSid", ACCOUNT),
            ("From", &from),
            ("To", "+431"),
            ("CallStatus", status),
        ];
        self.hook(target, &form).await
    }

    /// Rings: the first webhook of a call that was to come at `due`. Answers the document.
    pub async fn call(&self, number: u32, due: Instant, somebody_is_free: bool) -> Option<String> {
        self.0.seen.note(number, |call| {
            (call.due, call.somebody_was_free) = (Some(due), somebody_is_free);
        });
        let answer = self.of_call(number, &format!("{}/voice", self.channel()), "ringing").await?;
        self.0.seen.note(number, |call| call.answered = Some(Instant::now()));
        if !answer.body.contains("<Response>") {
            self.0.seen.wrong("a call was answered by no document");
        }
        Some(answer.body)
    }

    /// Rings, and goes on as the documents say until somebody talks, or until patience is over.
    pub async fn caller(self, number: u32, due: Instant, somebody_is_free: bool, patience: Duration) {
        let Some(document) = self.call(number, due, somebody_is_free).await else { return };
        self.follow(number, document, patience).await;
    }

    /// Does as the documents say.
    async fn follow(&self, number: u32, mut document: String, patience: Duration) {
        let until = Instant::now() + patience;
        loop {
            if document.contains("<Record") {
                self.0.seen.note(number, |call| call.took_message = true);
                return self.gone(number).await;
            }
            let next = (Instant::now() + CLIP).min(until);
            tokio::time::sleep_until(next.into()).await;
            if self.0.seen.note(number, |call| call.cut_in.is_some()) {
                return;
            }
            if Instant::now() >= until {
                self.0.seen.note(number, |call| call.gave_up = true);
                return self.gone(number).await;
            }
            let Some(target) = redirect(&document) else {
                return self.0.seen.wrong("a document that leads nowhere");
            };
            let Some(answer) = self.of_call(number, &target, "in-progress").await else { return };
            if answer.body.contains("<Dial") {
                return self.connected(number, target).await;
            }
            document = answer.body;
        }
    }

    /// The caller hung up.
    pub async fn gone(&self, number: u32) {
        self.0.seen.note(number, |call| call.over = true);
        self.of_call(number, &format!("{}/status", self.channel()), "completed").await;
        self.0.seen.is_gone(number);
    }

    /// Fetches the document that connects, and dials.
    async fn connects(self, number: u32, target: String) {
        if self.0.seen.note(number, |call| call.over) {
            return;
        }
        let Some(answer) = self.of_call(number, &target, "in-progress").await else { return };
        if answer.body.contains("<Dial") {
            return self.connected(number, target).await;
        }
        // The agent is gone meanwhile, and others are rung.
        self.0.seen.note(number, |call| call.cut_in = None);
        self.follow(number, answer.body, PATIENCE).await;
    }

    /// The agent's telephone answers at once.
    async fn connected(&self, number: u32, target: String) {
        self.0.seen.note(number, |call| {
            call.cut_in.get_or_insert_with(Instant::now);
        });
        let leg = match target.contains("/connect/") {
            true => target.replace("/connect/", "/leg/"),
            // By a poll: the first attempt is the only one here.
            false => {
                target.rsplit_once("/wait/").map(|(call, _)| format!("{call}/leg/1")).unwrap_or_default()
            }
        };
        let parent = sid(number);
        let form = [
            ("CallSid", "CAffffffffffffffffffffffffffffffff"),
            ("ParentCallSid", &parent),
            ("CallStatus", "in-progress"),
        ];
        self.hook(&leg, &form).await;
    }
}

/// Where the document sends the caller next.
fn redirect(document: &str) -> Option<String> {
    let (_, rest) = document.split_once("<Redirect")?;
    let (_, rest) = rest.split_once('>')?;
    let (url, _) = rest.split_once('<')?;
    url.strip_prefix(PUBLIC_URL).map(str::to_owned)
}

/// A live call is redirected or ended.
async fn command(
    State(company): State<Company>,
    Path(call): Path<String>,
    Form(form): Form<HashMap<String, String>>,
) -> Json<Value> {
    let at = Instant::now();
    let number = number_of_sid(call.trim_end_matches(".json"));
    match (number, form.get("Url").and_then(|url| url.strip_prefix(PUBLIC_URL))) {
        (Some(number), Some(target)) => {
            if target.contains("/connect/") {
                company.0.seen.note(number, |call| {
                    call.cut_in.get_or_insert(at);
                });
            }
            tokio::spawn(company.connects(number, target.to_owned()));
        }
        (Some(number), None) => drop(tokio::spawn(async move { company.gone(number).await })),
        (None, _) => company.0.seen.wrong("a command about a call that is not there"),
    }
    Json(json!({"status": "in-progress"}))
}

async fn look() -> Json<Value> {
    Json(json!({"status": "in-progress", "calls": [], "recordings": [], "next_page_uri": null}))
}
