//! The store takes no writes for a while.

use super::{
    MESSAGE, caller_params,
    desk::{Desk, Wishes, causes},
    fallbacks, pairs, polled, rings_for, says,
};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use sqlx::Connection;
use std::time::Duration;
use strowger::providers::simulator::{Caller, Mishap, Story};
use tokio::time::{sleep, timeout};

// 15. The store takes no writes for five seconds.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_store_is_locked_every_webhook_is_answered_and_afterwards_everything_is_recorded() {
    let desk = Desk::open_with(Wishes { pace: 5.0, ..rings_for(25) }).await;
    let ([anna], channel, [mut phone]) = desk.staffed(["Anna"]).await;
    let rings = desk.call(&channel);
    let offer = phone.next("offer").await;
    polled(&rings).await;

    let lock = desk.lock_store().await;
    let new: Vec<Caller> = (0..3).map(|_| desk.call_with(&channel, MESSAGE)).collect();
    let call = offer["call_id"].as_str().expect("an offer names its call");
    let asking = (0..9).map(async |number| {
        sleep(Duration::from_millis(500 * number)).await;
        let url = channel.hook(&format!("c/{call}/wait/{}", 700 + number));
        let params = caller_params(&rings, &channel, "in-progress");
        let answer = timeout(Duration::from_secs(4), desk.post_hook(&url, &pairs(&params))).await;
        let (status, body) = answer.expect("a webhook waits for more than 4 s");
        assert_eq!(status, 200);
        assert!(body.contains("<Play") && body.contains("<Redirect"), "not held: {body}");
    });
    let accepting = async {
        sleep(Duration::from_millis(3500)).await;
        phone.accept(&offer);
        let refused = phone.next_of(&["error", "offer_won", "offer_lost"]).await;
        assert_eq!((&refused["type"], &refused["code"]), (&json!("error"), &json!("unavailable")));
        let written = desk.api.ask(Method::POST, "teams", Some(json!({ "name": "Late" })));
        let (status, _) = timeout(Duration::from_secs(2), written).await.expect("a write is not waited for");
        assert_eq!(status, 503, "nothing can be written");
    };
    let unlocking = async {
        sleep(Duration::from_secs(5)).await;
        lock.close().await.unwrap();
    };
    tokio::join!(join_all(asking), accepting, unlocking);

    let recorded = new.iter().map(|caller| desk.call_when(caller.sid(), "is recorded", |_| true));
    join_all(recorded).await;
    phone.accept(&offer);
    phone.next("offer_won").await;
    let talking = phone.call_is("talking").await;
    phone.hang_up(&talking);
    let (call, story) = desk.over(&rings).await;
    assert_eq!((call["outcome"].as_str(), story.legs.len()), (Some("answered"), 1));
    assert_eq!(causes(&call)[&anna.id], ["won"]);
    // Anna was busy, so the others were asked for a message
    for (call, _) in join_all(new.iter().map(|caller| desk.over(caller))).await {
        assert_eq!((&call["outcome"], &call["voicemail"]["seconds"]), (&json!("voicemail"), &json!(8)));
        assert_eq!(causes(&call)[&anna.id], ["withdrawn"]);
    }
    let record = desk.company.record();
    let mut answers = record.calls.iter().flat_map(Story::webhooks).map(|webhook| &webhook.answer);
    assert!(answers.all(|answer| answer.as_ref().is_ok_and(|answer| answer.status == 200)));
    assert_eq!(desk.number("select count(*) from quarantine").await, Some(0));
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_left_while_the_store_is_locked_is_kept_when_it_is_back() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let lock = desk.lock_store().await;
    // even the first request gets no answer of its own; the fallback takes the message without a store
    desk.company.faults(|faults| faults.next_request = Some(Mishap::Lost));
    let caller = desk.call_with(&channel, MESSAGE);
    let story = caller.until(|story| story.ending.is_some()).await;
    assert!(fallbacks(&story).all(|webhook| says(webhook, "<Record")), "{:#?}", story.events);
    assert_eq!(fallbacks(&story).count(), 1);
    lock.close().await.unwrap();
    let (call, _) = desk.over(&caller).await;
    assert_eq!((call["outcome"].as_str(), &call["voicemail"]["seconds"]), (Some("voicemail"), &json!(8)));
    assert_eq!(desk.ticket_of(&call).await["open"], true);
    desk.check_books_but(&["11200"]).await;
}
