//! The store takes no writes for a while, or the daemon dies in that state: what callers did meanwhile is not lost.

#![allow(clippy::unwrap_used, reason = "what a test can't do it fails for")]

use crate::desk::{Desk, Wishes};
use serde_json::json;
use sqlx::Connection;
use std::time::Duration;
use strowger::providers::simulator::{Behaviour, Delivery, Message, Purpose};
use tokio::time::sleep;

const MESSAGE: Behaviour = Behaviour { patience: None, message: Message::Seconds(8.0) };

fn spooled(desk: &Desk) -> String {
    let folder = std::fs::read_dir(desk.data().join("spool"));
    let files = folder.into_iter().flatten().map(|entry| entry.unwrap().path());
    files.map(|path| std::fs::read_to_string(path).unwrap_or_default()).collect()
}

/// Waits until so many webhooks are set aside.
async fn until_spooled(desk: &Desk, count: usize) {
    for _ in 0..1_000 {
        if spooled(desk).lines().count() >= count {
            return;
        }
        sleep(Duration::from_millis(15)).await;
    }
    panic!("only these webhooks are set aside: {}", spooled(desk));
}

async fn until_applied(desk: &Desk) {
    for _ in 0..1_000 {
        if spooled(desk).is_empty() {
            return;
        }
        sleep(Duration::from_millis(15)).await;
    }
    panic!("these webhooks stay set aside: {}", spooled(desk));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_of_an_outage_in_which_the_daemon_dies_are_found_in_the_books_once() {
    let mut desk = Desk::open_with(Wishes { pace: 5.0, ..Wishes::default() }).await;
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let _before = desk.softphone(&anna).await;
    // Whoever is asked for is written down as being there: the greeting comes before that.
    desk.api.get(&format!("users/{}/availability", anna.id)).await;
    let lock = desk.lock_store().await;
    // one gives up, one stays
    let gone = desk
        .call_with(&channel, Behaviour { patience: Some(Duration::from_secs(5)), ..Behaviour::default() });
    gone.ended().await;
    let stays = desk.call(&channel);
    stays.until(|story| story.webhooks_for(Purpose::Redirect).count() > 0).await;
    until_spooled(&desk, 4).await;
    desk.kill();
    lock.close().await.unwrap();
    desk.start().await;
    let mut phone = desk.softphone(&anna).await;

    until_applied(&desk).await;
    let call = desk.call_when(gone.sid(), "is recorded as over", |call| call["state"] == "ended").await;
    assert_eq!(call["outcome"], "abandoned");
    let is_open = |offer: &&serde_json::Value| offer["state"] == "open";
    let open = |call: &serde_json::Value| call["offers"].as_array().unwrap().iter().find(is_open).cloned();
    let rings = desk.call_when(stays.sid(), "rings", |call| open(call).is_some()).await;
    let offer = open(&rings).unwrap();
    phone.accept(&offer);
    phone.next("offer_won").await;
    let talking = phone.call_is("talking").await;
    phone.hang_up(&talking);
    let (call, _) = desk.over(&stays).await;
    assert_eq!(call["outcome"], "answered");
    assert_eq!(desk.api.all("calls").await.len(), 2, "each caller is one call");
    desk.check_books_but(&["11200"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_held_while_the_store_is_locked_is_rung_for_when_it_is_back() {
    let desk = Desk::open_with(Wishes { pace: 5.0, ..Wishes::default() }).await;
    let (_, channel, [mut phone]) = desk.staffed(["Anna"]).await;
    let lock = desk.lock_store().await;
    let caller = desk.call(&channel);
    caller.until(|story| story.webhooks_for(Purpose::Redirect).count() > 0).await;
    let ready = desk.api.client.get(format!("{}/readyz", desk.api.address)).send().await.unwrap();
    assert_eq!(ready.status().as_u16(), 503);
    lock.close().await.unwrap();
    phone.take().await;
    let talking = phone.call_is("talking").await;
    phone.hang_up(&talking);
    let (call, _) = desk.over(&caller).await;
    assert_eq!(call["outcome"], "answered");
    until_applied(&desk).await;
    desk.check_books().await;
}

async fn ready(desk: &Desk) -> (u16, String) {
    let request = desk.api.client.get(format!("{}/readyz", desk.api.address));
    let answer = request.bearer_auth(&desk.api.token).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// A minute of the real world, in which callers come all the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_locked_for_a_minute_costs_no_caller_their_message() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let lock = desk.lock_store().await;
    let mut callers = Vec::new();
    for _ in 0..8 {
        callers.push(desk.call_with(&channel, MESSAGE));
        // An idle connection is closed after 10 s.
        sleep(Duration::from_secs(8)).await;
        let (status, why) = ready(&desk).await;
        assert!(status == 503 && why.contains("locked"), "{status} {why}");
        let alive = desk.api.client.get(format!("{}/healthz", desk.api.address)).send().await.unwrap();
        assert_eq!(alive.status().as_u16(), 200);
    }
    lock.close().await.unwrap();
    for caller in &callers {
        let call = desk.call_when(caller.sid(), "is kept", |call| call["outcome"] == "voicemail").await;
        assert_eq!(call["voicemail"]["seconds"], 8);
        let story = caller.ended().await;
        assert_eq!(story.problems().collect::<Vec<_>>(), Vec::<String>::new());
        assert_eq!(story.webhooks_for(Purpose::Fallback).count(), 0, "{:#?}", story.events);
    }
    until_applied(&desk).await;
    assert_eq!(desk.api.all("calls").await.len(), callers.len(), "each of them once");
    assert_eq!(ready(&desk).await.0, 200);
}

/// Nothing can be written: neither the database nor what is set aside, nor the daemon's own log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_callers_are_answered_saves_refused_and_messages_found_when_there_is_room() {
    let mut desk = Desk::open().await;
    desk.can_be_full = true;
    desk.restart().await;
    let channel = desk.channel(&[]).await;
    desk.let_files_grow_to("0");
    let team = json!({ "name": "Unsaved", "main": [], "extra": [] });
    let (status, _) = desk.api.ask(reqwest::Method::POST, "teams", Some(team.clone())).await;
    assert_eq!(status, 503);
    assert_eq!(ready(&desk).await.0, 503);
    let sound = concat!(env!("CARGO_MANIFEST_DIR"), "/audio/after-hours-nl.wav");
    let mut form = b"--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nClosed\r\n--x\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"x.wav\"\r\n\r\n"
        .to_vec();
    form.extend(std::fs::read(sound).unwrap());
    form.extend(b"\r\n--x--\r\n");
    let upload = desk.api.client.post(format!("{}/api/v1/greetings", desk.api.address)).body(form);
    let upload =
        upload.header("content-type", "multipart/form-data; boundary=x").bearer_auth(&desk.api.token);
    assert_eq!(upload.send().await.unwrap().status().as_u16(), 503);
    let caller = desk.call_with(&channel, MESSAGE);
    let story = caller.ended().await;
    assert_eq!(story.problems().collect::<Vec<_>>(), Vec::<String>::new(), "{:#?}", story.events);
    assert_eq!(story.webhooks_for(Purpose::Fallback).count(), 0, "{:#?}", story.events);

    desk.let_files_grow_to("unlimited");
    let call = desk.call_when(caller.sid(), "is kept", |call| call["outcome"] == "voicemail").await;
    assert_eq!(call["voicemail"]["seconds"], 8);
    assert_eq!(desk.ticket_of(&call).await["open"], true);
    assert_eq!(ready(&desk).await.0, 200);
    assert_eq!(desk.api.all("teams").await, Vec::<serde_json::Value>::new(), "what was refused is not there");
    desk.api.post("teams", team).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_an_outage_of_which_every_word_was_lost_is_found_at_the_telephone_company() {
    let mut desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let lock = desk.lock_store().await;
    desk.company.faults(|faults| {
        faults.recording_callbacks = Delivery::Never;
        faults.status_callbacks = Delivery::Never;
    });
    let caller = desk.call_with(&channel, MESSAGE);
    caller.ended().await;
    desk.kill();
    lock.close().await.unwrap();
    // not even what was set aside is left
    std::fs::remove_dir_all(desk.data().join("spool")).unwrap();
    desk.start().await;
    let call = desk.call_when(caller.sid(), "is kept", |call| call["outcome"] == "voicemail").await;
    assert_eq!(call["voicemail"]["seconds"], 8);
    assert_eq!(desk.ticket_of(&call).await["open"], true);
    assert!(desk.company.record().recordings.iter().all(|recording| recording.is_deleted));
    assert_eq!(desk.api.all("calls").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_of_whom_nothing_is_known_is_taken_into_the_line() {
    let mut desk = Desk::open_with(Wishes { pace: 0.2, ..Wishes::default() }).await;
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    // a clip lasts 25 s here, so that the caller does not come back by themselves
    let lock = desk.lock_store().await;
    let caller = desk.call(&channel);
    caller.until(|story| story.webhooks_for(Purpose::Voice).count() > 0).await;
    until_spooled(&desk, 1).await;
    desk.company_when("has the clip", |record| !record.media.is_empty()).await;
    desk.kill();
    lock.close().await.unwrap();
    std::fs::remove_dir_all(desk.data().join("spool")).unwrap();
    desk.start().await;
    let mut phone = desk.softphone(&anna).await;
    let offer = phone.next("offer").await;
    assert_eq!(offer["from"], json!(caller.story().from));
    let fetched = caller.until(|story| story.webhooks_for(Purpose::CutIn).count() > 0).await;
    assert_eq!(fetched.webhooks_for(Purpose::CutIn).count(), 1);
    caller.hang_up();
    desk.over(&caller).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_no_place_to_set_webhooks_aside_callers_are_answered_all_the_same() {
    let desk = Desk::open_with(Wishes { pace: 5.0, ..Wishes::default() }).await;
    let channel = desk.channel(&[]).await;
    std::fs::write(desk.data().join("spool"), "in the way").unwrap();
    let lock = desk.lock_store().await;
    let caller = desk.call_with(&channel, MESSAGE);
    let story = caller.until(|story| story.webhooks_for(Purpose::Redirect).count() > 0).await;
    assert_eq!(story.problems().count(), 0, "{:#?}", story.events);
    let ready = desk.api.client.get(format!("{}/readyz", desk.api.address));
    let bare: serde_json::Value = ready.try_clone().unwrap().send().await.unwrap().json().await.unwrap();
    assert_eq!(bare["title"], "Nothing can be recorded at the moment", "{bare}");
    let ready = ready.bearer_auth(&desk.api.token).send().await.unwrap();
    let problem: serde_json::Value = ready.json().await.unwrap();
    assert!(problem.to_string().contains("set aside"), "{problem}");
    lock.close().await.unwrap();
    let (call, _) = desk.over(&caller).await;
    assert_eq!(call["outcome"], "voicemail");
}
