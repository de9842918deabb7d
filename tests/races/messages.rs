//! What callers leave after the tone, and how it gets here.

use super::{MESSAGE, asked_for_sound, board::Board, desk::Desk, documents_with};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Connection;
use std::time::Duration;
use strowger::{
    calls::{
        call::{Outcome, Recording},
        decision::Job,
        event::Event,
    },
    providers::simulator::{Behaviour, Delivery, Message, Purpose, Record},
};
use tokio::time::{sleep, timeout};

// 17. Nothing is said after the tone.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_nothing_leaves_no_message_but_a_ticket() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let silent = desk.call(&channel);
    let gone = desk.call_with(&channel, Behaviour { patience: None, message: Message::HangsUpAfter(0.0) });
    for (caller, asked) in [(&silent, 2), (&gone, 1)] {
        let (call, story) = desk.over(caller).await;
        assert_eq!((call["outcome"].as_str(), &call["voicemail"]), (Some("abandoned"), &Value::Null));
        assert_eq!(documents_with(&story, "<Record").count(), asked, "asked once more, if still there");
        assert_eq!(story.webhooks_for(Purpose::RecordAction).count(), 0, "no message, no action");
        let ticket = desk.ticket_of(&call).await;
        assert_eq!((&ticket["owner"], &ticket["open"]), (&Value::Null, &json!(true)));
        let id = call["id"].as_str().expect("a call has an id");
        assert_eq!(desk.api.ask(Method::GET, &format!("calls/{id}/voicemail"), None).await.0, 404);
        assert_eq!(desk.why(&call).await.last().expect("it ended").1, "nothing_recorded");
    }
    assert!(desk.company.record().recordings.is_empty());
    desk.check_books().await;
}

// 18. A recording is reported early, twice, or never.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_that_is_reported_early_or_twice_is_kept_once() {
    for (early, delivery) in [(true, Delivery::Once), (false, Delivery::Twice), (true, Delivery::Twice)] {
        let desk = Desk::open().await;
        let channel = desk.channel(&[]).await;
        desk.company.faults(|faults| {
            faults.recording_before_action = early;
            faults.recording_callbacks = delivery;
        });
        let caller = desk.call_with(&channel, MESSAGE);
        let (call, _) = desk.over(&caller).await;
        assert_eq!((call["outcome"].as_str(), &call["voicemail"]["seconds"]), (Some("voicemail"), &json!(8)));
        let deleted = |record: &Record| record.recordings.iter().all(|recording| recording.is_deleted);
        let record = desk.company_when("was told to delete it", deleted).await;
        assert_eq!(record.recordings.len(), 1);
        assert_eq!(record.recordings[0].fetches, 1, "early {early}, {delivery:?}");
        desk.check_books().await;
    }
}

/// The daemon waits ten minutes for the report, so time is an argument here.
#[test]
fn a_recording_that_is_never_reported_is_looked_for() {
    let mut board = Board::with_a_caller();
    let recording = Recording { id: format!("RE{:032}", 1), seconds: 8 };
    board.says(Event::MessageLeft { call: board.call, recording: recording.clone() });
    assert!(board.looks_within(599).is_none(), "looked too early");
    assert_eq!(board.looks_within(1), Some(1), "looked for after ten minutes");

    // not there yet, nobody knows: once more, a minute later
    board.says(Event::RecordingsFound { call: board.call, found: None });
    assert!(board.looks_within(59).is_none());
    assert_eq!(board.looks_within(1), Some(1));
    let found = board.says(Event::RecordingsFound { call: board.call, found: Some(vec![recording.clone()]) });
    assert!(
        matches!(&found.later[..], [Job::KeepRecording { recording: kept, .. }] if *kept == recording),
        "{:?}",
        found.later
    );
    // found again, and reported after all: it is being fetched already
    let again = board.says(Event::RecordingsFound { call: board.call, found: Some(vec![recording.clone()]) });
    let late = board.says(Event::RecordingReady { call: board.call, recording: recording.clone() });
    assert!(again.later.is_empty() && late.later.is_empty());
    board.keeps(recording);
    assert_eq!(board.outcome, Some(Outcome::Voicemail));
}

#[test]
fn a_recording_that_never_turns_up_is_given_up_after_twenty_looks() {
    let mut board = Board::with_a_caller();
    let recording = Recording { id: format!("RE{:032}", 1), seconds: 8 };
    board.says(Event::MessageLeft { call: board.call, recording });
    board.says(Event::CallerHungUp { call: board.call });
    assert_eq!(board.looks_within(600), Some(1));
    let mut looks = 1;
    while board.outcome.is_none() {
        board.says(Event::RecordingsFound { call: board.call, found: Some(vec![]) });
        looks += board.looks_within(60).unwrap_or(0);
        assert!(looks <= 20, "it is never given up");
    }
    assert_eq!((looks, board.outcome), (20, Some(Outcome::Abandoned)));
}

// 19. The sound can't be had at first.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_that_is_not_there_at_first_is_fetched_later() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    desk.company.faults(|faults| faults.recordings_missing = 2);
    let caller = desk.call_with(&channel, MESSAGE);
    let (call, _) = desk.over(&caller).await;
    assert_eq!((call["outcome"].as_str(), &call["voicemail"]["seconds"]), (Some("voicemail"), &json!(8)));
    assert_eq!(asked_for_sound(&desk.company.record()), 3);
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_that_is_refused_is_complained_about_and_fetched_once_it_is_not() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    desk.company.faults(|faults| faults.recordings_refused = true);
    let caller = desk.call_with(&channel, MESSAGE);
    desk.company_when("refused the sound", |record| asked_for_sound(record) > 0).await;
    sleep(Duration::from_millis(200)).await;
    assert!(desk.log().contains("our credentials are not accepted"), "the operator is not told");
    let waits = desk.call_of(caller.sid()).await.expect("the call is known");
    assert_eq!(waits["outcome"], Value::Null, "it is not given up");
    desk.company.faults(|faults| faults.recordings_refused = false);
    let (call, _) = desk.over(&caller).await;
    assert_eq!(call["outcome"], "voicemail");
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_announced_again_in_the_moment_it_is_kept_is_fetched_once() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    desk.company.faults(|faults| faults.recordings_missing = 1);
    let caller = desk.call_with(&channel, MESSAGE);
    while desk.number("select count(*) from jobs where error is not null").await != Some(1) {
        sleep(Duration::from_millis(10)).await;
    }
    // Whatever is said now is decided together: the engine has something to write, and can't.
    let store = desk.lock_store().await;
    let other = desk.call(&channel);
    desk.company_when("was asked again", |record| asked_for_sound(record) == 2).await;
    sleep(Duration::from_millis(200)).await;
    let story = caller.story();
    let announced = story.webhooks_for(Purpose::RecordingStatus).next().expect("it was announced");
    let params = [&super::borrowed(announced)[..], &[("Again", "1")]].concat();
    let let_go = async {
        sleep(Duration::from_millis(300)).await;
        store.close().await.expect("it is closed");
    };
    let ((status, _), ()) = tokio::join!(desk.post_hook(&announced.url, &params), let_go);
    assert_eq!(status, 200);
    desk.over(&other).await;
    assert_eq!(desk.over(&caller).await.0["outcome"], "voicemail");
    without_jobs(&desk).await;
    assert_eq!(asked_for_sound(&desk.company.record()), 2);
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_kept_is_not_looked_for_where_it_was_deleted() {
    let mut desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let (call, _) = desk.over(&desk.call_with(&channel, MESSAGE)).await;
    without_jobs(&desk).await;
    desk.stop().await;
    let found = &desk.company.record().recordings[0];
    assert!(found.is_deleted);
    let read = |name: &str| call[name].clone();
    let job = json!({
        "job": "keep_recording", "call": read("id"), "ticket": read("ticket"), "provider": "main",
        "provider_call_id": read("provider_call_id"), "recording": { "id": found.sid, "seconds": 8 },
    });
    let sql = "insert into jobs (id, document, due_ms, tries) values ($1, $2, 0, 0)";
    let mut store = desk.store().await;
    let written = sqlx::query(sql).bind("0".repeat(32)).bind(job.to_string()).execute(&mut store).await;
    written.expect("it is written");
    store.close().await.expect("it is closed");
    desk.start().await;
    desk.company_when("was asked again", |record| asked_for_sound(record) == 2).await;
    without_jobs(&desk).await;
    desk.check_books().await;
}

/// Everything that was to be done is done.
async fn without_jobs(desk: &Desk) {
    let waiting = async {
        while desk.number("select count(*) from jobs").await != Some(0) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(60), waiting).await.expect("something is never done");
}

// 20. The caller hangs up during the greeting.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_hangs_up_in_the_greeting_is_never_asked_for_more() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let behaviour = Behaviour { patience: None, message: Message::HangsUpInGreeting };
    let caller = desk.call_with(&channel, behaviour);
    let story = caller.ended().await;
    assert_eq!(documents_with(&story, "<Record").count(), 1);
    assert!(desk.company.record().recordings.is_empty());
    // for a minute a recording may still be reported; how it ends, the next test tells
    let call = desk.call_of(caller.sid()).await.expect("the call is known");
    assert_eq!((&call["outcome"], &call["voicemail"]), (&Value::Null, &Value::Null));
}

/// The daemon waits a minute for a recording that may be reported after all, so time is an argument here.
#[test]
fn a_call_that_was_hung_up_in_the_greeting_is_over_within_a_minute() {
    let mut board = Board::with_a_caller();
    board.says(Event::CallerHungUp { call: board.call });
    assert!(board.looks_within(59).is_none());
    assert_eq!(board.looks_within(1), Some(1));
    board.says(Event::RecordingsFound { call: board.call, found: Some(vec![]) });
    assert_eq!(board.outcome, Some(Outcome::Abandoned));
}
