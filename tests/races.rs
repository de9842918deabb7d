//! The races and failures that a telephone desk lives with, one by one and through the front door. The numbers are those
//! of the list that they were taken from.

#![allow(clippy::unwrap_used, reason = "what a test can't do it fails for")]

mod desk;

use desk::{Channel, Desk, Wishes, causes};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{collections::HashMap, time::Duration};
use strowger::{
    calls::{
        call::{Caller as From, Outcome, Recording, State},
        channel::{Channel as Line, Greetings, OwnTimes, Times},
        decision::{Decision, Job, Say, Write},
        event::{Arrival, Event},
        switchboard::{Facts, Switchboard},
        time::{Now, Steady},
    },
    providers::simulator::{
        Behaviour, Caller, Delivery, Message, Mishap, Phone, Purpose, Record, Rest, Status, Story, Twice,
        Webhook,
    },
    routing::{
        assignment::Rule,
        contacts::Contacts,
        distribution::{Strategy, TieBreak},
        hours::Hours,
        ids::{CallId, ChannelId, Ids},
        joinable::Joinable,
        load::Load,
        people::People,
        zone::Zone,
    },
};
use tokio::time::{sleep, timeout};

const MESSAGE: Behaviour = Behaviour { patience: None, message: Message::Seconds(8.0) };

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
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
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
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
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

// 4. The next poll and the redirect could both connect.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_poll_and_a_redirect_do_at_once_the_agent_is_dialled_once() {
    let desk = Desk::open_with(Wishes { pace: 200.0, ..rings_for(20) }).await;
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
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
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
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
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
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
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
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

// 6. Webhooks that come again.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_comes_again_gets_the_same_bytes_and_changes_nothing() {
    for twice in [Twice::AtOnce, Twice::After(Duration::from_millis(100))] {
        let desk = Desk::open().await;
        desk.company.faults(|faults| faults.webhooks = Some(twice));
        let anna = desk.agent("Anna").await;
        let channel = desk.channel(&[&anna]).await;
        let mut phone = desk.softphone(&anna).await;
        let taken = desk.call(&channel);
        phone.take().await;
        let talking = phone.call_is("talking").await;
        phone.hang_up(&talking);
        let (call, story) = desk.over(&taken).await;
        assert_eq!((call["outcome"].as_str(), story.legs.len()), (Some("answered"), 1));
        assert_eq!(phone.seen_of("offer").len(), 1);
        assert_eq!(causes(&call)[&anna.id], ["won"]);

        let left = desk.call_with(&channel, MESSAGE);
        let offer = phone.next("offer").await;
        phone.decline(&offer);
        let (call, _) = desk.over(&left).await;
        assert_eq!((call["outcome"].as_str(), &call["voicemail"]["seconds"]), (Some("voicemail"), &json!(8)));
        // that the second answer is the first, to the byte, the simulator watches
        desk.check_books().await;
        let record = desk.company.record();
        assert_eq!(record.recordings.len(), 1);
        assert_eq!(record.recordings[0].fetches, 1, "fetched once");
    }
}

// 7. Callbacks out of order, and twice.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callbacks_in_any_order_and_number_never_lead_backwards() {
    for delivery in [Delivery::Swapped, Delivery::Twice, Delivery::Never] {
        let desk = Desk::open().await;
        desk.company.faults(|faults| faults.leg_callbacks = delivery);
        let anna = desk.agent("Anna").await;
        let channel = desk.channel(&[&anna]).await;
        let mut phone = desk.softphone(&anna).await;
        let caller = desk.call(&channel);
        phone.take().await;
        assert!(caller.talking().await);
        sleep(Duration::from_millis(100)).await;
        caller.hang_up();
        let (call, _) = desk.over(&caller).await;
        assert_eq!(call["outcome"], "answered", "{delivery:?}");
        assert_eq!(desk.ticket_of(&call).await["owner"], anna.id.as_str(), "{delivery:?}");
        desk.check_books().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_over_stays_over_whatever_is_still_reported() {
    let desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
    let caller = desk.call(&channel);
    phone.take().await;
    let talking = phone.call_is("talking").await;
    phone.hang_up(&talking);
    let (before, story) = desk.over(&caller).await;
    let ticket = desk.ticket_of(&before).await;
    for webhook in story.webhooks() {
        let mut params = borrowed(webhook);
        params.push(("Late", "1"));
        let (status, _) = desk.post_hook(&webhook.url, &params).await;
        assert_eq!(status, 200, "{webhook:?}");
    }
    for status in ["queued", "ringing", "in-progress", "completed"] {
        let params = caller_params(&caller, &channel, status);
        assert_eq!(desk.post_hook(&channel.hook("status"), &pairs(&params)).await.0, 200);
    }
    assert_eq!(desk.call_of(caller.sid()).await, Some(before.clone()));
    assert_eq!(desk.ticket_of(&before).await, ticket);
    assert_eq!(phone.seen_of("offer").len(), 1);
    desk.check_books().await;
}

// 8. The end of an old attempt, reported late.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_late_end_of_an_old_attempt_does_not_touch_the_new_one() {
    let desk = Desk::open().await;
    let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
    let channel = desk.channel(&[&anna, &ben]).await;
    let (mut annas, mut bens) = (desk.softphone(&anna).await, desk.softphone(&ben).await);
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
        let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
        let channel = desk.channel(&[&anna, &ben]).await;
        let (mut annas, mut bens) = (desk.softphone(&anna).await, desk.softphone(&ben).await);
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

// 10. An agent's socket drops while they are rung.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_who_is_back_within_five_seconds_still_has_the_offer() {
    let desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
    let caller = desk.call(&channel);
    let offer = phone.next("offer").await;
    drop(phone);
    sleep(Duration::from_secs(2)).await;
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
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
    let caller = desk.call_with(&channel, MESSAGE);
    phone.next("offer").await;
    drop(phone);
    sleep(Duration::from_secs(4)).await;
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
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
    // it answers after the grace for lost sockets is over, and before the dial's own end
    desk.company.phone(&anna.phone, Phone::Answers { after_seconds: 6.5 });
    let caller = desk.call(&channel);
    let offer = phone.next("offer").await;
    sleep(Duration::from_millis(500)).await;
    phone.accept(&offer);
    phone.next("offer_won").await;
    drop(phone);
    let talking = timeout(desk::PATIENCE, caller.talking()).await;
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
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
    let caller = desk.call(&channel);
    phone.take().await;
    let talking = phone.call_is("talking").await;
    drop(phone);
    sleep(Duration::from_secs(6)).await;
    assert!(caller.story().is_talking());
    let phone = &mut desk.softphone(&anna).await;
    let shown = phone.seen_of("welcome")[0]["call"].clone();
    assert_eq!(shown, json!({ "call_id": talking["call_id"], "state": "talking" }));
    phone.hang_up(&talking);
    phone.call_is("ended").await;
    let (call, story) = desk.over(&caller).await;
    assert_eq!((call["outcome"].as_str(), story.legs.len()), (Some("answered"), 1));
    desk.check_books().await;
}

// 13. All decline.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_all_decline_the_next_document_takes_a_message() {
    let desk = Desk::open().await;
    let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
    let channel = desk.channel(&[&anna, &ben]).await;
    let (mut annas, mut bens) = (desk.softphone(&anna).await, desk.softphone(&ben).await);
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

// 14. The daemon is killed, in every state of a call.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_rings_goes_on_ringing_after_a_kill() {
    let mut desk = Desk::open_with(Wishes { pace: 1.0, ..rings_for(25) }).await;
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
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
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
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
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
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
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
    let caller = desk.call(&channel);
    phone.take().await;
    let talking = phone.call_is("talking").await;
    desk.restart().await;
    assert!(caller.story().is_talking());
    let mut phone = desk.softphone(&anna).await;
    let shown = phone.seen_of("welcome")[0]["call"].clone();
    assert_eq!(shown, json!({ "call_id": talking["call_id"], "state": "talking" }));
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

// 15. The store takes no writes for five seconds.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_store_is_locked_every_webhook_is_answered_and_afterwards_everything_is_recorded() {
    let desk = Desk::open_with(Wishes { pace: 5.0, ..rings_for(25) }).await;
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
    let rings = desk.call(&channel);
    let offer = phone.next("offer").await;
    polled(&rings).await;

    let lock = lock_store(&desk).await;
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
    assert_eq!(quarantined(&desk).await, 0);
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_left_while_the_store_is_locked_is_kept_when_it_is_back() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let lock = lock_store(&desk).await;
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

// 16. Forged webhooks.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_without_a_good_signature_is_refused_and_nothing_is_written() {
    let desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
    let caller = desk.call(&channel);
    let offer = phone.next("offer").await;
    // polls write their answers down; while the only caller listens to a document, nothing else is written
    phone.accept(&offer);
    let talking = phone.call_is("talking").await;
    sleep(Duration::from_millis(500)).await;
    let before = written(&desk).await;

    let call = offer["call_id"].as_str().expect("an offer names its call");
    let new =
        [("CallSid", "CA0123456789abcdef0123456789abcdef"), ("From", "+4366012345"), ("To", "+4312345")];
    let over = [("CallSid", caller.sid()), ("CallStatus", "completed")];
    let table = [
        (channel.hook("voice"), &new[..]),
        (channel.hook("fallback"), &new[..]),
        (channel.hook("status"), &over[..]),
        (channel.hook(&format!("c/{call}/wait/1")), &over[..]),
        (channel.hook(&format!("c/{call}/over/1")), &over[..]),
        (channel.hook(&format!("c/{call}/leg/1")), &over[..]),
        (channel.hook(&format!("c/{call}/message-status")), &over[..]),
    ];
    for (url, params) in table {
        let good = desk.company.sign(&url, params);
        let other_url = desk.company.sign(&channel.hook("held/1"), params);
        let other_body = desk.company.sign(&url, &params[1..]);
        let tail = good[1..].to_owned();
        let signatures = [None, Some(""), Some("AAAA"), Some(&*other_url), Some(&*other_body), Some(&*tail)];
        for signature in signatures {
            let answer = desk.post_hook_signed(&url, params, signature).await;
            assert_eq!(answer, (403, String::new()), "{url} with {signature:?}");
        }
    }
    assert_eq!(written(&desk).await, before, "something was written");
    assert!(caller.story().is_talking());
    phone.hang_up(&talking);
    desk.over(&caller).await;
    desk.check_books().await;
}

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

// 21. The fallback address is asked.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_whose_request_got_lost_goes_on_by_the_fallback() {
    for mishap in [Mishap::Lost, Mishap::AnswerLost] {
        let desk = Desk::open().await;
        let anna = desk.agent("Anna").await;
        let channel = desk.channel(&[&anna]).await;
        let mut phone = desk.softphone(&anna).await;
        desk.company.faults(|faults| faults.next_request = Some(mishap));
        let caller = desk.call(&channel);
        let offer = phone.next("offer").await;
        polled(&caller).await;
        desk.company.faults(|faults| faults.next_request = Some(mishap));
        let twice = caller.until(|story| fallbacks(story).count() == 2).await;
        assert!(fallbacks(&twice).all(|webhook| says(webhook, "<Redirect")), "{:#?}", twice.events);
        phone.accept(&offer);
        let talking = phone.call_is("talking").await;
        phone.hang_up(&talking);
        let (call, story) = desk.over(&caller).await;
        assert_eq!((call["outcome"].as_str(), story.legs.len()), (Some("answered"), 1), "{mishap:?}");
        assert_eq!(causes(&call)[&anna.id], ["won"]);
        desk.check_books_but(&["11200"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connect_document_that_gets_lost_is_delivered_by_a_later_poll() {
    let lost = [Mishap::Lost, Mishap::AnswerLost].map(async |mishap| {
        let desk = Desk::open_with(Wishes { pace: 2.0, ..rings_for(25) }).await;
        let anna = desk.agent("Anna").await;
        let channel = desk.channel(&[&anna]).await;
        let mut phone = desk.softphone(&anna).await;
        let caller = desk.call(&channel);
        let offer = phone.next("offer").await;
        polled(&caller).await;
        desk.company.faults(|faults| faults.next_request = Some(mishap));
        phone.accept(&offer);
        let talking = phone.call_is("talking").await;
        assert_eq!(fallbacks(&caller.story()).count(), 1, "the cut-in's own request was lost");
        phone.hang_up(&talking);
        let (call, story) = desk.over(&caller).await;
        assert_eq!((call["outcome"].as_str(), story.legs.len()), (Some("answered"), 1), "{mishap:?}");
        assert_eq!(causes(&call)[&anna.id], ["won"], "{mishap:?}");
        desk.check_books_but(&["11200"]).await;
    });
    join_all(lost).await;
}

// 22. An old request comes again. Twilio's signature knows no time, so that there is no clock to be wrong, and whoever
// has seen a signed request can send it for ever: then it must do nothing.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_signed_webhook_gets_its_old_answer_and_changes_nothing() {
    let mut desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
    let caller = desk.call(&channel);
    let offer = phone.next("offer").await;
    polled(&caller).await;
    phone.accept(&offer);
    let talking = phone.call_is("talking").await;
    phone.hang_up(&talking);
    let (_, story) = desk.over(&caller).await;
    let before = (desk.api.all("calls").await, desk.api.all("tickets").await);

    replay(&desk, &story, |webhook, body| {
        let first = webhook.answer.as_ref().expect("it was answered");
        match webhook.purpose {
            // its answer would hold a caller who is gone
            Purpose::Voice => assert!(body.contains("<Response><Hangup/></Response>"), "{body}"),
            _ => assert_eq!(*body, first.body, "{} got another answer", webhook.url),
        }
    })
    .await;
    // days later, when the answers are forgotten
    desk.stop().await;
    let mut store = open_store(&desk).await;
    sqlx::query("delete from answers").execute(&mut store).await.unwrap();
    store.close().await.unwrap();
    desk.start().await;
    let mut phone = desk.softphone(&anna).await;
    replay(&desk, &story, |webhook, body| {
        let idle = ["<Dial", "<Record", "<Play", "<Redirect"].iter().all(|verb| !body.contains(verb));
        assert!(idle, "{} got {body}", webhook.url);
    })
    .await;
    assert_eq!((desk.api.all("calls").await, desk.api.all("tickets").await), before);
    let next = desk.call(&channel);
    phone.take().await; // the first offer that this softphone hears of is of a new call
    caller_gives_up(&desk, &next).await;
    assert_eq!(phone.seen_of("offer").len(), 1);
    desk.check_books().await;
}

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

async fn open_store(desk: &Desk) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(desk.database());
    SqliteConnection::connect_with(&options).await.unwrap()
}

/// Until the connection is closed nobody else can write.
async fn lock_store(desk: &Desk) -> SqliteConnection {
    let mut store = open_store(desk).await;
    sqlx::query("begin immediate").execute(&mut store).await.unwrap();
    store
}

/// How much is in the store that webhooks write.
async fn written(desk: &Desk) -> (i64, i64, i64, i64) {
    let mut store = open_store(desk).await;
    let counted = sqlx::query(
        "select (select count(*) from events), (select count(*) from answers), (select count(*) from calls), \
         (select count(*) from decisions)",
    );
    let row = counted.fetch_one(&mut store).await.unwrap();
    (row.get(0), row.get(1), row.get(2), row.get(3))
}

async fn quarantined(desk: &Desk) -> i64 {
    let mut store = open_store(desk).await;
    sqlx::query("select count(*) from quarantine").fetch_one(&mut store).await.unwrap().get(0)
}

/// A switchboard without agents, and a caller who is being asked for a message; time passes as told.
struct Board {
    board: Switchboard,
    people: People,
    channels: HashMap<ChannelId, Line>,
    load: Load,
    now: Now,
    call: CallId,
    outcome: Option<Outcome>,
}

impl Board {
    fn with_a_caller() -> Self {
        let mut ids = Ids::new(7);
        let channel = ChannelId(ids.next(1));
        let at = chrono::DateTime::from_timestamp(1_770_000_000, 0).unwrap();
        let (strategy, tie_break) = (Strategy::Simultaneous, TieBreak::LongestSinceAssigned);
        let line = Line {
            id: channel,
            name: "Support".into(),
            telephones: strowger::calls::channel::Telephones::ALL,
            provider: "main".into(),
            numbers: vec![],
            zone: Zone::utc(),
            hours: Hours::always(),
            rule: Rule { users: vec![], teams: vec![], strategy, tie_break },
            own_times: OwnTimes::default(),
            greetings: Greetings::default(),
            withheld: strowger::calls::channel::Withheld::Ring,
            notify: Default::default(),
        };
        let mut board = Self {
            board: Switchboard::new(Ids::new(8)),
            people: People { users: HashMap::new(), teams: HashMap::new() },
            channels: HashMap::from([(channel, line)]),
            load: Load::default(),
            now: Now { at, steady: Steady(at.timestamp_millis()) },
            call: CallId(ids.next(1)),
            outcome: None,
        };
        board.says(Event::CallArrived(Arrival {
            channel,
            provider: "main".into(),
            provider_call_id: format!("CA{:032}", 1),
            from: From::Known("+4366012345".into()),
            to: "+4312345".into(),
            poll: 0,
        }));
        board.call = board.board.calls().next().expect("the call is live").id;
        board
    }

    fn says(&mut self, event: Event) -> Decision {
        let Self { board, people, channels, load, now, .. } = self;
        let contacts = &Contacts::default();
        let (joinable, times) = (&Joinable::default(), Times::default());
        let facts = Facts { people, contacts, channels, times, load, joinable, now: *now };
        let decision = board.handle(event, facts);
        for write in &decision.write {
            if let Write::Call(call) = write
                && let State::Ended { outcome, .. } = call.state
            {
                assert_eq!(self.outcome.replace(outcome), None, "it ended twice");
            }
        }
        decision
    }

    /// Lets so many seconds pass. How often the telephone company was asked for recordings, if at all.
    fn looks_within(&mut self, seconds: u32) -> Option<usize> {
        let until = self.now.steady.plus_seconds(seconds);
        let mut looks = 0;
        while let Some(due) = self.board.next_deadline().filter(|due| *due <= until) {
            self.pass(due);
            let said = self.says(Event::TimePassed).say;
            looks += said.iter().filter(|say| matches!(say, Say::FindRecordings { .. })).count();
        }
        self.pass(until);
        (looks > 0).then_some(looks)
    }

    fn pass(&mut self, until: Steady) {
        self.now = Now { at: self.now.wall(until), steady: until };
    }

    fn keeps(&mut self, recording: Recording) {
        let ticket = self.board.call(self.call).expect("the call is live").ticket;
        self.says(Event::RecordingKept { call: self.call, ticket, recording, sha256: "0".repeat(64) });
    }
}
