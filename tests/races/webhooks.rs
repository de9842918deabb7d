//! Webhooks that come again, out of order, forged, late, or not at all.

use super::{
    MESSAGE, borrowed, caller_gives_up, caller_params,
    desk::{Desk, Wishes, causes},
    fallbacks, pairs, polled, replay, rings_for, says, written,
};
use futures_util::future::join_all;
use serde_json::json;
use sqlx::Connection;
use std::time::Duration;
use strowger::providers::simulator::{Delivery, Mishap, Purpose, Twice};
use tokio::time::sleep;

// 6. Webhooks that come again.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_comes_again_gets_the_same_bytes_and_changes_nothing() {
    for twice in [Twice::AtOnce, Twice::After(Duration::from_millis(100))] {
        let desk = Desk::open().await;
        desk.company.faults(|faults| faults.webhooks = Some(twice));
        let ([anna], channel, [mut phone]) = desk.staffed(["Anna"]).await;
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
        let ([anna], channel, [mut phone]) = desk.staffed(["Anna"]).await;
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
    let (_, channel, [mut phone]) = desk.staffed(["Anna"]).await;
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

// 16. Forged webhooks.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_without_a_good_signature_is_refused_and_nothing_is_written() {
    let desk = Desk::open().await;
    let (_, channel, [mut phone]) = desk.staffed(["Anna"]).await;
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

// 21. The fallback address is asked.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_whose_request_got_lost_goes_on_by_the_fallback() {
    for mishap in [Mishap::Lost, Mishap::AnswerLost] {
        let desk = Desk::open().await;
        let ([anna], channel, [mut phone]) = desk.staffed(["Anna"]).await;
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
        let ([anna], channel, [mut phone]) = desk.staffed(["Anna"]).await;
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
    let ([anna], channel, [mut phone]) = desk.staffed(["Anna"]).await;
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
    let mut store = desk.store().await;
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
