//! The daemon is killed, in every state of a call.

use super::{
    MESSAGE, asked_for_sound,
    desk::{Desk, Wishes, causes},
    documents_with, polled, rings_for,
};
use serde_json::json;
use std::time::Duration;
use strowger::providers::simulator::{Behaviour, Message, Phone, Record, Rest, Status};
use tokio::time::sleep;

// 14. The daemon is killed, in every state of a call.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_rings_goes_on_ringing_after_a_kill() {
    let mut desk = Desk::open_with(Wishes { pace: 1.0, ..rings_for(25) }).await;
    let ([anna], channel, [mut phone]) = desk.staffed(["Anna"]).await;
    let caller = desk.call(&channel);
    let offer = phone.next("offer").await;
    polled(&caller).await;
    desk.restart().await;
    phone.closed().await;
    let mut phone = desk.softphone(&anna).await;
    assert_eq!(phone.seen_of("welcome")[0]["offers"][0]["offer_id"], offer["offer_id"]);
    polled(&caller).await;
    phone.accept(&offer);
    let talking = phone.call_is("talking").await;
    phone.hang_up(&talking);
    let (call, story) = desk.over(&caller).await;
    assert_eq!((call["outcome"].as_str(), story.legs.len()), (Some("answered"), 1));
    assert_eq!(causes(&call)[&anna.id], ["won"], "the same offer all along");
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accept_is_not_forgotten_by_a_kill_before_the_redirect_worked() {
    let mut desk = Desk::open_with(Wishes { pace: 1.0, ..rings_for(25) }).await;
    let ([anna], channel, [mut phone]) = desk.staffed(["Anna"]).await;
    let caller = desk.call(&channel);
    let offer = phone.next("offer").await;
    polled(&caller).await;
    desk.company.faults(|faults| faults.rest = Rest::Down);
    phone.accept(&offer);
    phone.next("offer_won").await;
    desk.kill();
    desk.company.faults(|faults| faults.rest = Rest::Works);
    desk.start().await;
    let mut phone = desk.softphone(&anna).await;
    let shown = phone.seen_of("welcome")[0]["call"].clone();
    assert_eq!(shown["call_id"], offer["call_id"]);
    let now = desk.call_when(caller.sid(), "is talking", |call| call["state"] == "talking").await;
    assert_eq!(now["agent"], anna.id.as_str());
    phone.hang_up(&shown);
    phone.call_is("ended").await;
    let (call, story) = desk.over(&caller).await;
    assert_eq!((call["outcome"].as_str(), story.legs.len()), (Some("answered"), 1));
    assert_eq!(causes(&call)[&anna.id], ["won"]);
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leg_that_rings_comes_up_after_a_kill() {
    let mut desk = Desk::open_with(Wishes { pace: 1.0, ..rings_for(25) }).await;
    let ([anna], channel, [mut phone]) = desk.staffed(["Anna"]).await;
    desk.company.phone(&anna.phone, Phone::Answers { after_seconds: 6.0 });
    let caller = desk.call(&channel);
    let offer = phone.next("offer").await;
    polled(&caller).await;
    phone.accept(&offer);
    let rings = |record: &Record| record.legs().any(|leg| leg.status == Status::Ringing);
    desk.company_when("rings Anna", rings).await;
    sleep(Duration::from_millis(300)).await;
    desk.restart().await;
    let phone = desk.softphone(&anna).await;
    let now = desk.call_when(caller.sid(), "is talking", |call| call["state"] == "talking").await;
    assert_eq!(now["agent"], anna.id.as_str());
    phone.hang_up(&offer);
    let (call, story) = desk.over(&caller).await;
    assert_eq!((call["outcome"].as_str(), story.legs.len()), (Some("answered"), 1));
    // a report that was under way when the daemon was killed is not sent again
    desk.check_books_but(&["/leg/"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_outlives_a_kill() {
    let mut desk = Desk::open().await;
    let ([anna], channel, [mut phone]) = desk.staffed(["Anna"]).await;
    let caller = desk.call(&channel);
    phone.take().await;
    let talking = phone.call_is("talking").await;
    desk.restart().await;
    assert!(caller.story().is_talking());
    let mut phone = desk.softphone(&anna).await;
    let shown = phone.seen_of("welcome")[0]["call"].clone();
    assert_eq!((&shown["call_id"], &shown["state"]), (&talking["call_id"], &json!("talking")));
    assert_eq!(shown["from"], caller.story().from);
    phone.hang_up(&talking);
    phone.call_is("ended").await;
    let (call, story) = desk.over(&caller).await;
    assert_eq!((call["outcome"].as_str(), story.legs.len()), (Some("answered"), 1));
    // a report that was under way when the daemon was killed is not sent again
    desk.check_books_but(&["/leg/"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_being_left_during_a_kill_is_kept() {
    let mut desk = Desk::open_with(Wishes { pace: 10.0, ..rings_for(25) }).await;
    let channel = desk.channel(&[]).await;
    let caller = desk.call_with(&channel, Behaviour { patience: None, message: Message::Seconds(60.0) });
    let story = caller.until(|story| documents_with(story, "<Record").count() > 0).await;
    assert_eq!(story.ending, None);
    sleep(Duration::from_millis(1500)).await; // they speak by now
    desk.restart().await;
    let (call, _) = desk.over(&caller).await;
    assert_eq!((call["outcome"].as_str(), &call["voicemail"]["seconds"]), (Some("voicemail"), &json!(60)));
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_being_fetched_during_a_kill_is_kept() {
    let mut desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    desk.company.faults(|faults| faults.recordings_missing = u32::MAX);
    let caller = desk.call_with(&channel, MESSAGE);
    let tried = |record: &Record| record.recordings.iter().any(|recording| recording.fetches > 0);
    let asked = |record: &Record| tried(record) || asked_for_sound(record) > 0;
    desk.company_when("was asked for the sound", asked).await;
    caller.ended().await;
    desk.kill();
    desk.company.faults(|faults| faults.recordings_missing = 0);
    desk.start().await;
    let (call, _) = desk.over(&caller).await;
    assert_eq!((call["outcome"].as_str(), &call["voicemail"]["seconds"]), (Some("voicemail"), &json!(8)));
    desk.check_books().await;
}
