//! The races and failures that a telephone desk lives with, one by one and through the front door. The numbers are those
//! of the list that they were taken from.

#![allow(clippy::unwrap_used, reason = "what a test can't do it fails for")]

mod accepting;
mod board;
mod cutting_in;
#[path = "../desk/mod.rs"]
mod desk;
mod kills;
mod messages;
mod sockets;
mod store;
mod webhooks;

use desk::{Channel, Desk, Wishes};
use strowger::providers::simulator::{Behaviour, Caller, Message, Purpose, Record, Story, Webhook};
use tokio::time::timeout;

const MESSAGE: Behaviour = Behaviour { patience: None, message: Message::Seconds(8.0) };

async fn replay(desk: &Desk, story: &Story, check: impl Fn(&Webhook, &String)) {
    for webhook in story.webhooks() {
        let (status, body) = desk.post_hook(&webhook.url, &borrowed(webhook)).await;
        assert_eq!(status, 200, "{}", webhook.url);
        check(webhook, &body);
    }
}

async fn caller_gives_up(desk: &Desk, caller: &Caller) {
    caller.hang_up();
    desk.over(caller).await;
}

fn rings_for(seconds: u32) -> Wishes {
    Wishes { config: format!("[calls]\nring_seconds = {seconds}\n"), ..Wishes::default() }
}

/// Waits until the caller has asked once more how to go on: now the call is answered, and all of a clip lies ahead.
async fn polled(caller: &Caller) {
    let before = polls(&caller.story());
    let asked = timeout(desk::PATIENCE, caller.until(|story| polls(story) > before)).await;
    let story = asked.unwrap_or_else(|_| panic!("the caller never asks: {:#?}", caller.story()));
    assert!(polls(&story) > before, "the call ended: {:#?}", story.events);
}

fn polls(story: &Story) -> usize {
    story.webhooks_for(Purpose::Redirect).count()
}

fn fallbacks(story: &Story) -> impl Iterator<Item = &Webhook> {
    story.webhooks_for(Purpose::Fallback)
}

fn says(webhook: &Webhook, part: &str) -> bool {
    webhook.answer.as_ref().is_ok_and(|answer| answer.body.contains(part))
}

fn documents_with<'a>(story: &'a Story, part: &'a str) -> impl Iterator<Item = &'a Webhook> {
    story.webhooks().filter(move |webhook| says(webhook, part))
}

/// How the requests to redirect this caller were answered.
fn answers_to(record: &Record, caller: &Caller) -> Vec<Option<u16>> {
    let redirects = record.requests.iter().filter(|request| {
        request.method == "POST"
            && request.target.contains(caller.sid())
            && request.params.iter().any(|(name, _)| name == "Url")
    });
    redirects.map(|request| request.answer).collect()
}

fn asked_for_sound(record: &Record) -> usize {
    record.requests.iter().filter(|request| request.target.ends_with(".wav")).count()
}

fn borrowed(webhook: &Webhook) -> Vec<(&str, &str)> {
    pairs(&webhook.params)
}

fn pairs(params: &[(String, String)]) -> Vec<(&str, &str)> {
    params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn caller_params(caller: &Caller, channel: &Channel, status: &str) -> Vec<(String, String)> {
    let story = caller.story();
    let params =
        [("CallSid", &*story.sid), ("From", &story.from), ("To", &channel.number), ("CallStatus", status)];
    params.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

/// How much is in the store that webhooks write.
async fn written(desk: &Desk) -> (i64, i64, i64, i64) {
    let counted = "select (select count(*) from events), (select count(*) from answers), \
                   (select count(*) from calls), (select count(*) from decisions)";
    sqlx::query_as(counted).fetch_one(&mut desk.store().await).await.unwrap()
}
