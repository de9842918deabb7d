//! Softphones that lose their sockets.

use super::{
    MESSAGE,
    desk::{Desk, PATIENCE, Wishes, causes},
    rings_for,
};
use serde_json::json;
use std::time::Duration;
use strowger::providers::simulator::Phone;
use tokio::time::{sleep, timeout};

// 10. An agent's socket drops while they are rung.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_who_is_back_within_five_seconds_still_has_the_offer() {
    let desk = Desk::open().await;
    let ([anna], channel, [mut phone]) = desk.staffed(["Anna"]).await;
    let caller = desk.call(&channel);
    let offer = phone.next("offer").await;
    drop(phone);
    sleep(Duration::from_secs(1)).await;
    let mut phone = desk.softphone(&anna).await;
    let shown = phone.seen_of("welcome")[0]["offers"].clone();
    assert_eq!(shown[0]["offer_id"], offer["offer_id"]);
    phone.accept(&offer);
    let talking = phone.call_is("talking").await;
    phone.hang_up(&talking);
    let (call, _) = desk.over(&caller).await;
    assert_eq!(causes(&call)[&anna.id], ["won"]);
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_last_agent_is_gone_for_five_seconds_the_caller_is_asked_for_a_message() {
    let desk = Desk::open().await;
    let ([anna], channel, [mut phone]) = desk.staffed(["Anna"]).await;
    let caller = desk.call_with(&channel, MESSAGE);
    phone.next("offer").await;
    drop(phone);
    sleep(Duration::from_secs(2)).await;
    let still = desk.call_of(caller.sid()).await.expect("the call is known");
    assert_eq!(still["state"], "ringing", "within the grace of 5 s");
    let (call, _) = desk.over(&caller).await;
    assert_eq!(call["outcome"], "voicemail");
    assert_eq!(causes(&call)[&anna.id], ["withdrawn"]);
    desk.check_books().await;
}

// 11. The winner's socket drops while they are connected.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_that_drops_while_connecting_leaves_the_leg_alone() {
    let desk = Desk::open_with(Wishes { pace: 1.0, ..rings_for(20) }).await;
    let ([anna], channel, [mut phone]) = desk.staffed(["Anna"]).await;
    // it answers after the grace for lost sockets is over, and before the dial's own end
    desk.company.phone(&anna.phone, Phone::Answers { after_seconds: 6.5 });
    let caller = desk.call(&channel);
    let offer = phone.next("offer").await;
    sleep(Duration::from_millis(500)).await;
    phone.accept(&offer);
    phone.next("offer_won").await;
    drop(phone);
    let talking = timeout(PATIENCE, caller.talking()).await;
    assert!(talking.expect("the leg never comes up"), "{:#?}", caller.story());
    let now = desk.call_when(caller.sid(), "is talking", |call| call["state"] == "talking").await;
    assert_eq!(now["agent"], anna.id.as_str());
    caller.hang_up();
    let (call, story) = desk.over(&caller).await;
    assert_eq!((call["outcome"].as_str(), story.legs.len()), (Some("answered"), 1));
    assert_eq!(desk.ticket_of(&call).await["owner"], anna.id.as_str());
    desk.check_books().await;
}

// 12. The agent's socket drops while they talk.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_that_drops_while_talking_changes_nothing_and_the_next_one_shows_the_call() {
    let desk = Desk::open().await;
    let ([anna], channel, [mut phone]) = desk.staffed(["Anna"]).await;
    let caller = desk.call(&channel);
    phone.take().await;
    let talking = phone.call_is("talking").await;
    drop(phone);
    sleep(Duration::from_secs(6)).await;
    assert!(caller.story().is_talking());
    let phone = &mut desk.softphone(&anna).await;
    let shown = phone.seen_of("welcome")[0]["call"].clone();
    assert_eq!((&shown["call_id"], &shown["state"]), (&talking["call_id"], &json!("talking")));
    assert_eq!(shown["from"], caller.story().from);
    phone.hang_up(&talking);
    phone.call_is("ended").await;
    let (call, story) = desk.over(&caller).await;
    assert_eq!((call["outcome"].as_str(), story.legs.len()), (Some("answered"), 1));
    desk.check_books().await;
}
