//! Who accepts, too late or together, and who declines.

use super::{
    MESSAGE, answers_to,
    desk::{Desk, causes},
    documents_with, polled, polls, rings_for, says,
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;
use strowger::providers::simulator::{Delivery, Purpose};
use tokio::time::sleep;

// 1. Two accepts in the same millisecond.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_pairs_who_accept_in_the_same_millisecond_exactly_one_wins_each() {
    const PAIRS: usize = 20;
    const ROUNDS: usize = 5;
    let desk = Desk::open().await;
    let pairs = join_all((0..PAIRS).map(|number| race_in_pair(&desk, number, ROUNDS)));
    assert_eq!(pairs.await.into_iter().sum::<usize>(), PAIRS * ROUNDS);
    let record = desk.company.record();
    assert_eq!(record.legs().count(), PAIRS * ROUNDS, "one leg for every call, ever");
    desk.check_books().await;
}

/// Two agents accept one call after the other together. Answers how many were raced for.
async fn race_in_pair(desk: &Desk, number: usize, rounds: usize) -> usize {
    let anna = desk.agent(&format!("Anna{number}")).await;
    let ben = desk.agent(&format!("Ben{number}")).await;
    let channel = desk.channel(&[&anna, &ben]).await;
    let (mut annas, mut bens) = (desk.softphone(&anna).await, desk.softphone(&ben).await);
    for _ in 0..rounds {
        let caller = desk.call(&channel);
        let (to_anna, to_ben) = tokio::join!(annas.next("offer"), bens.next("offer"));
        annas.accept(&to_anna);
        bens.accept(&to_ben);
        let verdicts = ["offer_won", "offer_lost"];
        let (of_anna, of_ben) = tokio::join!(annas.next_of(&verdicts), bens.next_of(&verdicts));
        let anna_won = of_anna["type"] == "offer_won";
        let (winner, won, lost) = if anna_won { (&anna, of_anna, of_ben) } else { (&ben, of_ben, of_anna) };
        assert_eq!((&won["type"], &lost["type"]), (&json!("offer_won"), &json!("offer_lost")));
        assert_eq!((&lost["cause"], &lost["by"]), (&json!("taken"), &json!(winner.id)));
        let phone = if anna_won { &mut annas } else { &mut bens };
        let talking = phone.call_is("talking").await;
        phone.hang_up(&talking);
        phone.call_is("ended").await;
        let (call, story) = desk.over(&caller).await;
        assert_eq!((&call["outcome"], &call["agent"]), (&json!("answered"), &json!(winner.id)));
        assert_eq!(story.legs.len(), 1);
        assert_eq!(story.legs[0].to, format!("client:{}", winner.phone));
        let loser = if anna_won { &ben } else { &anna };
        let ended = causes(&call);
        assert_eq!(
            (&ended[&winner.id][..], &ended[&loser.id][..]),
            (&["won".into()][..], &["taken".into()][..])
        );
        assert_eq!(desk.ticket_of(&call).await["owner"], winner.id.as_str());
    }
    rounds
}

// 2. An accept and the end of the ring time.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accept_at_the_end_of_the_ring_time_is_either_won_or_too_late() {
    let desk = Desk::open_with(rings_for(1)).await;
    let tries = (0..12).map(|number| accept_after(&desk, number, 700 + 50 * number));
    let won: Vec<bool> = join_all(tries).await;
    assert!(won[0], "an accept long before the deadline was refused");
    assert!(!won[won.len() - 1], "an accept after the deadline was won");
    desk.check_books().await;
}

/// Accepts so many milliseconds after the offer. Tells whether that was in time.
async fn accept_after(desk: &Desk, number: u64, ms: u64) -> bool {
    let agent = desk.agent(&format!("Anna{number}")).await;
    let channel = desk.channel(&[&agent]).await;
    let mut phone = desk.softphone(&agent).await;
    let caller = desk.call_with(&channel, MESSAGE);
    let offer = phone.next("offer").await;
    sleep(Duration::from_millis(ms)).await;
    phone.accept(&offer);
    let verdict = phone.next_of(&["offer_won", "offer_lost"]).await;
    if verdict["type"] == "offer_won" {
        let talking = phone.call_is("talking").await;
        phone.hang_up(&talking);
        let (call, story) = desk.over(&caller).await;
        assert_eq!((call["outcome"].as_str(), story.legs.len()), (Some("answered"), 1));
        assert_eq!(
            documents_with(&story, "<Record").count(),
            0,
            "a message was taken of a call that was won"
        );
        return true;
    }
    assert_eq!(verdict["cause"], "expired");
    let (call, story) = desk.over(&caller).await;
    assert_eq!((call["outcome"].as_str(), story.legs.len()), (Some("voicemail"), 0));
    false
}

// 3. An accept and the caller's hanging up.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_accepts_when_the_caller_has_just_hung_up_is_told_that_the_call_is_over() {
    let desk = Desk::open().await;
    let ([anna], channel, [mut phone]) = desk.staffed(["Anna"]).await;
    // that the caller is gone is told so late that the redirect finds out
    desk.company.faults(|faults| faults.status_callbacks = Delivery::Never);
    let caller = desk.call(&channel);
    let offer = phone.next("offer").await;
    polled(&caller).await;
    caller.hang_up();
    caller.ended().await;
    phone.accept(&offer);
    phone.next("offer_won").await;
    phone.call_is("ended").await;
    let (call, story) = desk.over(&caller).await;
    assert_eq!((call["outcome"].as_str(), &call["agent"]), (Some("abandoned"), &Value::Null));
    assert_eq!(causes(&call)[&anna.id], ["caller_hung_up"]);
    assert_eq!((story.legs.len(), phone.seen_of("call").len()), (0, 2), "connecting, then ended");
    assert_eq!(answers_to(&desk.company.record(), &caller), [Some(400)], "refused with 21220");
    let ticket = desk.ticket_of(&call).await;
    assert_eq!((&ticket["owner"], &ticket["open"]), (&Value::Null, &json!(true)), "a missed call");
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepting_and_hanging_up_together_ends_in_one_way_or_the_other() {
    let desk = Desk::open().await;
    let ([anna], channel, [mut phone]) = desk.staffed(["Anna"]).await;
    for _ in 0..20 {
        let caller = desk.call(&channel);
        let offer = phone.next("offer").await;
        phone.accept(&offer);
        caller.hang_up();
        let verdict = phone.next_of(&["offer_won", "offer_lost"]).await;
        let (call, story) = desk.over(&caller).await;
        assert_eq!(call["outcome"], "abandoned");
        assert!(story.legs.iter().all(|leg| !leg.was_answered), "{:#?}", story.legs);
        assert_eq!(causes(&call)[&anna.id], ["caller_hung_up"]);
        if verdict["type"] == "offer_won" {
            phone.call_is("ended").await;
        } else {
            assert_eq!(verdict["cause"], "caller_hung_up");
        }
    }
    desk.check_books().await;
}

// 13. All decline.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_all_decline_the_next_document_takes_a_message() {
    let desk = Desk::open().await;
    let (_, channel, [mut annas, mut bens]) = desk.staffed(["Anna", "Ben"]).await;
    let caller = desk.call_with(&channel, MESSAGE);
    let offer = annas.next("offer").await;
    annas.decline(&offer);
    assert_eq!(annas.next("offer_ended").await["cause"], "declined");
    let ringing = desk.call_of(caller.sid()).await.expect("the call is known");
    assert_eq!(ringing["state"], "ringing", "Ben is still there");
    let offer = bens.next("offer").await;
    let polls = polls(&caller.story());
    bens.decline(&offer);
    assert_eq!(bens.next("offer_ended").await["cause"], "declined");
    let (call, story) = desk.over(&caller).await;
    assert_eq!((call["outcome"].as_str(), &call["voicemail"]["seconds"]), (Some("voicemail"), &json!(8)));
    assert_eq!(causes(&call).into_values().flatten().collect::<Vec<_>>(), ["declined", "declined"]);
    let asked = story.webhooks_for(Purpose::Redirect).skip(polls);
    let greeting = asked.take_while(|webhook| !says(webhook, "<Record")).count();
    assert!(
        greeting <= 1,
        "{greeting} polls, and not at most the one under way, went by without the greeting"
    );
    desk.check_books().await;
}
