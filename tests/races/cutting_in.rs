//! The way to the agent: the redirect, the poll that may have to do its work, and the leg.

use super::{
    MESSAGE, answers_to, borrowed,
    desk::{Desk, Wishes, causes},
    documents_with, polled, rings_for,
};
use futures_util::future::join_all;
use serde_json::json;
use std::time::Duration;
use strowger::providers::simulator::{Phone, Purpose, Rest, Webhook};
use tokio::time::sleep;

// 4. The next poll and the redirect could both connect.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_poll_and_a_redirect_do_at_once_the_agent_is_dialled_once() {
    let desk = Desk::open_with(Wishes { pace: 200.0, ..rings_for(20) }).await;
    let ([anna], channel, [mut phone]) = desk.staffed(["Anna"]).await;
    // polls come every 25 ms, so these accepts fall on all sides of one
    for round in 0..40 {
        let caller = desk.call(&channel);
        let offer = phone.next("offer").await;
        sleep(Duration::from_millis(round)).await;
        phone.accept(&offer);
        let talking = phone.call_is("talking").await;
        phone.hang_up(&talking);
        let (call, story) = desk.over(&caller).await;
        assert_eq!(call["outcome"], "answered");
        assert_eq!(story.legs.len(), 1, "round {round}: {:#?}", story.events);
        assert_eq!(causes(&call)[&anna.id], ["won"], "round {round}: {:?}", desk.why(&call).await);
    }
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_nobody_knows_whether_the_redirect_worked_no_poll_connects_and_then_it_is_tried_again() {
    let desk = Desk::open().await;
    let ([anna], channel, [mut phone]) = desk.staffed(["Anna"]).await;
    for fault in [Rest::Fails, Rest::Down] {
        let caller = desk.call(&channel);
        let offer = phone.next("offer").await;
        polled(&caller).await;
        desk.company.faults(|faults| faults.next_rest = Some(fault));
        phone.accept(&offer);
        let talking = phone.call_is("talking").await;
        let story = caller.story();
        assert_eq!(story.legs.len(), 1);
        let by_poll = documents_with(&story, "<Dial").filter(|webhook| webhook.purpose == Purpose::Redirect);
        assert_eq!(by_poll.count(), 0, "a poll connected though the redirect might have");
        assert_eq!(answers_to(&desk.company.record(), &caller).len(), 2, "tried, and once more");
        phone.hang_up(&talking);
        let (call, _) = desk.over(&caller).await;
        assert_eq!(causes(&call)[&anna.id], ["won"]);
    }
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_accepts_before_the_call_is_even_answered_gets_it_with_the_next_poll() {
    let desk = Desk::open().await;
    let ([anna], channel, [mut phone]) = desk.staffed(["Anna"]).await;
    for _ in 0..20 {
        let caller = desk.call(&channel);
        let offer = phone.next("offer").await;
        phone.accept(&offer);
        let talking = phone.call_is("talking").await;
        phone.hang_up(&talking);
        let (call, story) = desk.over(&caller).await;
        assert_eq!((call["outcome"].as_str(), story.legs.len()), (Some("answered"), 1));
        assert_eq!(causes(&call)[&anna.id], ["won"]);
    }
    desk.check_books().await;
}

// 5. The redirect was carried out, but its answer was lost.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_whose_answer_is_lost_is_not_repeated_once_the_leg_shows_itself() {
    let desk = Desk::open().await;
    let (_, channel, [mut phone]) = desk.staffed(["Anna"]).await;
    let caller = desk.call(&channel);
    let offer = phone.next("offer").await;
    polled(&caller).await;
    desk.company.faults(|faults| faults.next_rest = Some(Rest::AnswerLost));
    phone.accept(&offer);
    let talking = phone.call_is("talking").await;
    // a second redirect would come after 2 s, and would cut off the leg
    sleep(Duration::from_millis(2500)).await;
    assert!(caller.story().is_talking());
    assert_eq!(answers_to(&desk.company.record(), &caller), [None]);
    phone.hang_up(&talking);
    let (call, story) = desk.over(&caller).await;
    assert_eq!((call["outcome"].as_str(), story.legs.len()), (Some("answered"), 1));
    desk.check_books().await;
}

// 8. The end of an old attempt, reported late.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_late_end_of_an_old_attempt_does_not_touch_the_new_one() {
    let desk = Desk::open().await;
    let ([anna, ben], channel, [mut annas, mut bens]) = desk.staffed(["Anna", "Ben"]).await;
    desk.company.phone(&anna.phone, Phone::Busy { after_seconds: 1.0 });
    let caller = desk.call(&channel);
    annas.take().await;
    annas.call_is("ended").await;
    bens.next("offer").await; // the first one, which Anna took
    let offer = bens.next("offer").await;
    bens.accept(&offer);
    let talking = bens.call_is("talking").await;

    let story = caller.story();
    let old: Vec<&Webhook> = story.webhooks().filter(|webhook| webhook.url.ends_with("/1")).collect();
    assert!(old.iter().any(|webhook| webhook.purpose == Purpose::DialAction));
    assert!(old.iter().any(|webhook| webhook.purpose == Purpose::LegStatus));
    for webhook in old {
        let mut params = borrowed(webhook);
        params.push(("Late", "1"));
        let (status, body) = desk.post_hook(&webhook.url, &params).await;
        assert_eq!(status, 200);
        assert!(!body.contains("<Dial") && !body.contains("<Record") && !body.contains("<Hangup"), "{body}");
    }
    let now = desk.call_of(caller.sid()).await.expect("the call is known");
    assert_eq!((now["state"].as_str(), now["agent"].as_str()), (Some("talking"), Some(ben.id.as_str())));
    assert!(caller.story().is_talking());
    bens.hang_up(&talking);
    let (call, story) = desk.over(&caller).await;
    assert_eq!((call["outcome"].as_str(), story.legs.len()), (Some("answered"), 2));
    assert_eq!(causes(&call)[&anna.id], ["connection_failed"]);
    assert_eq!(causes(&call)[&ben.id], ["taken", "won"]);
    desk.check_books().await;
}

// 9. The winner's leg does not come up.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leg_that_does_not_come_up_brings_the_call_back_to_the_others() {
    let table = [Phone::Busy { after_seconds: 1.0 }, Phone::NoAnswer, Phone::Unregistered];
    join_all(table.map(async |phone| {
        let desk = Desk::open_with(rings_for(2)).await;
        let ([anna, ben], channel, [mut annas, mut bens]) = desk.staffed(["Anna", "Ben"]).await;
        desk.company.phone(&anna.phone, phone);
        let caller = desk.call_with(&channel, MESSAGE);
        let first = bens.next("offer").await;
        annas.take().await;
        let ended = bens.next("offer_ended").await;
        assert_eq!((&ended["offer_id"], &ended["cause"]), (&first["offer_id"], &json!("taken")));
        annas.call_is("ended").await;
        let second = bens.next("offer").await;
        assert_ne!(first["offer_id"], second["offer_id"]);
        // at least 10 s of ringing are left after a failed connection; nobody takes it
        let (call, story) = desk.over(&caller).await;
        assert_eq!((call["outcome"].as_str(), story.legs.len()), (Some("voicemail"), 1), "{phone:?}");
        assert_eq!(causes(&call)[&anna.id], ["connection_failed"], "{phone:?}: Anna is not rung again");
        assert_eq!(causes(&call)[&ben.id], ["taken", "missed"], "{phone:?}");
        assert_eq!(annas.seen_of("offer").len(), 1);
        desk.check_books().await;
    }))
    .await;
}
