//! Who calls matters, through the front door: blocked callers, withheld numbers, callers who go first, who are gone at
//! once, and who come back to their ticket.

#![allow(clippy::unwrap_used, reason = "what a test can't do it fails for")]

use crate::desk::{Agent, Channel, Desk, Softphone, Wishes};
use serde_json::{Value, json};
use std::time::Duration;
use strowger::providers::simulator::{Behaviour, Caller, Ending, Event, Message, Purpose, Status, Story};
use tokio::time::sleep;

const VERA: &str = "+4366099991";
const UWE: &str = "+4366099992";

fn calls_from(desk: &Desk, channel: &Channel, from: &str) -> Caller {
    let mut incoming = desk.incoming(channel);
    incoming.from = from.into();
    desk.company.place(incoming)
}

fn leaves_message(desk: &Desk, channel: &Channel, from: &str) -> Caller {
    let mut incoming = desk.incoming(channel);
    incoming.from = from.into();
    incoming.behaviour = Behaviour { message: Message::Seconds(4.0), ..Behaviour::default() };
    desk.company.place(incoming)
}

async fn contact(desk: &Desk, number: &str, more: Value) -> String {
    let mut contact = json!({ "name": number, "numbers": [number] });
    contact.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    desk.api.create("contacts", contact).await
}

fn was_answered(story: &Story) -> bool {
    story.events.iter().any(|event| matches!(event, Event::Answered))
}

async fn reasons(desk: &Desk, call: &Value, action: &str) -> Vec<String> {
    let why = desk.api.get(&format!("calls/{}/why", call["id"].as_str().unwrap())).await;
    let decisions = why["decisions"].as_array().unwrap();
    let decided = decisions.iter().find(|made| made["action"] == action);
    let decided = decided.unwrap_or_else(|| panic!("never decided {action}: {why:#}"));
    let reasons = decided["reasons"].as_array().unwrap().iter();
    reasons.map(|reason| reason["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_blocked_caller_hears_busy_is_never_answered_and_leaves_one_closed_ticket() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let channel = desk.channel(&[&ann]).await;
    let softphone = desk.softphone(&ann).await;
    let id = contact(&desk, VERA, json!({ "blocked": "busy" })).await;
    let (call, story) = desk.over(&calls_from(&desk, &channel, VERA)).await;
    assert_eq!((story.ending, story.status), (Some(Ending::Rejected), Status::Busy));
    assert!(!was_answered(&story), "{story:#?}");
    let told = story.webhooks_for(Purpose::Voice).next().unwrap().answer.as_ref().unwrap();
    assert!(told.body.ends_with("<Response><Reject reason=\"busy\"/></Response>"), "{}", told.body);
    assert_eq!((&call["outcome"], &call["offers"]), (&json!("rejected"), &json!([])));
    assert_eq!(call["contact"]["id"], json!(id));
    let ticket = desk.ticket_of(&call).await;
    assert_eq!((&ticket["status"], &ticket["open"]), (&json!("closed"), &json!(false)));
    assert!(ticket["closed_at"].is_string() && ticket["closed_on"].is_string(), "{ticket}");
    assert_eq!(reasons(&desk, &call, "reject").await, ["caller_blocked"]);
    assert!(softphone.seen_of("offer").is_empty());
    // Whoever is no longer blocked rings again.
    desk.api.patch(&format!("contacts/{id}"), json!({ "blocked": null })).await;
    let caller = calls_from(&desk, &channel, VERA);
    let mut softphone = softphone;
    softphone.next("offer").await;
    caller.hang_up();
    desk.over(&caller).await;
    desk.check_books().await;
}

#[tokio::test]
async fn a_blocked_caller_may_hear_a_message_or_leave_one() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let channel = desk.channel(&[&ann]).await;
    let softphone = desk.softphone(&ann).await;
    contact(&desk, VERA, json!({ "blocked": "message" })).await;
    contact(&desk, UWE, json!({ "blocked": "voicemail" })).await;

    let (call, story) = desk.over(&calls_from(&desk, &channel, VERA)).await;
    assert_eq!((&call["outcome"], story.ending), (&json!("rejected"), Some(Ending::HungUp)));
    let said = story.events.iter().any(|event| matches!(event, Event::Said { .. } | Event::Played { .. }));
    assert!(said, "{story:#?}");
    assert_eq!(desk.ticket_of(&call).await["open"], json!(false));
    assert_eq!(reasons(&desk, &call, "message").await, ["caller_blocked"]);

    let (call, _) = desk.over(&leaves_message(&desk, &channel, UWE)).await;
    assert_eq!(call["outcome"], json!("voicemail"));
    assert_eq!(desk.ticket_of(&call).await["open"], json!(true));
    assert_eq!(reasons(&desk, &call, "unanswered").await, ["caller_blocked"]);
    assert!(softphone.seen_of("offer").is_empty());
    desk.check_books().await;
}

#[tokio::test]
async fn a_channel_says_how_withheld_numbers_are_met() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let mut softphone = desk.softphone(&ann).await;
    let of = |withheld: &str| json!({ "withheld": withheld, "routing": { "users": [ann.id] } });
    let busy = desk.channel_with(of("busy")).await;
    let voicemail = desk.channel_with(of("voicemail")).await;
    let ring = desk.channel(&[&ann]).await;
    assert_eq!(desk.api.get(&format!("channels/{}", ring.id)).await["withheld"], "ring");

    let (call, story) = desk.over(&calls_from(&desk, &busy, "anonymous")).await;
    assert_eq!((&call["outcome"], was_answered(&story)), (&json!("rejected"), false));
    assert_eq!(reasons(&desk, &call, "reject").await, ["number_withheld"]);
    let (call, _) = desk.over(&leaves_message(&desk, &voicemail, "+266696687")).await;
    assert_eq!((&call["outcome"], &call["offers"]), (&json!("voicemail"), &json!([])));
    let caller = calls_from(&desk, &ring, "anonymous");
    softphone.next("offer").await;
    caller.hang_up();
    desk.over(&caller).await;
    let wrong = json!({ "withheld": "message" });
    let path = format!("channels/{}", ring.id);
    assert_eq!(desk.api.ask(reqwest::Method::PATCH, &path, Some(wrong)).await.0, 422);
    desk.check_books().await;
}

/// One agent, who talks to somebody, on a channel whose callers wait in line.
async fn engaged(desk: &Desk) -> (Agent, Channel, Softphone, Caller, Value) {
    let ann = desk.agent("Ann").await;
    let routing = json!({ "users": [ann.id], "strategy": "round_robin", "wait_seconds": 600 });
    let channel = desk.channel_with(json!({ "routing": routing })).await;
    let mut softphone = desk.softphone(&ann).await;
    let first = desk.call(&channel);
    let won = softphone.take().await;
    softphone.call_is("talking").await;
    (ann, channel, softphone, first, won)
}

#[tokio::test]
async fn a_caller_of_priority_goes_first_even_after_a_restart() {
    let mut desk = Desk::open_with(Wishes { pace: 4.0, ..Wishes::default() }).await;
    contact(&desk, VERA, json!({ "priority": 2 })).await;
    let (ann, channel, _, first, won) = engaged(&desk).await;
    let plain = calls_from(&desk, &channel, UWE);
    desk.call_when(plain.sid(), "waits", |call| call["state"] == "waiting").await;
    let vera = calls_from(&desk, &channel, VERA);
    let waits = desk.call_when(vera.sid(), "waits", |call| call["state"] == "waiting").await;
    assert_eq!(reasons(&desk, &waits, "wait").await, ["all_busy", "caller_first"]);
    desk.restart().await;
    let mut softphone = desk.softphone(&ann).await;
    softphone.hang_up(&won);
    assert_eq!(softphone.next("offer").await["from"], VERA);
    for caller in [vera, plain, first] {
        caller.hang_up();
        desk.over(&caller).await;
    }
}

#[tokio::test]
async fn a_caller_who_is_gone_at_once_was_not_missed_and_one_who_waited_longer_was() {
    let config = "[calls]\nring_seconds = 20\nshort_abandon_seconds = 2\n".to_owned();
    let desk = Desk::open_with(Wishes { config, ..Wishes::default() }).await;
    let ann = desk.agent("Ann").await;
    let _softphone = desk.softphone(&ann).await;
    let channel = desk.channel(&[&ann]).await;
    let routing = json!({ "users": [ann.id], "short_abandon_seconds": 0 });
    let never = desk.channel_with(json!({ "routing": routing })).await;

    let (short, off) = (calls_from(&desk, &channel, VERA), calls_from(&desk, &never, VERA));
    for caller in [&short, &off] {
        desk.call_when(caller.sid(), "rings", |call| call["state"] == "ringing").await;
        caller.hang_up();
    }
    let (call, _) = desk.over(&short).await;
    let ticket = desk.ticket_of(&call).await;
    assert_eq!((&call["outcome"], &ticket["status"]), (&json!("abandoned"), &json!("closed")));
    assert!(ticket["closed_at"].is_string() && ticket["closed_on"].is_string(), "{ticket}");
    assert_eq!(reasons(&desk, &call, "end").await, ["caller_hung_up", "gone_at_once"]);
    let (call, _) = desk.over(&off).await;
    assert_eq!(desk.ticket_of(&call).await["open"], json!(true), "0: never");

    let long = calls_from(&desk, &channel, VERA);
    sleep(Duration::from_millis(2_200)).await;
    long.hang_up();
    let (call, _) = desk.over(&long).await;
    assert_eq!(desk.ticket_of(&call).await["open"], json!(true));
    assert_eq!(reasons(&desk, &call, "end").await, ["caller_hung_up"]);
    desk.check_books().await;
}

#[tokio::test]
async fn a_caller_who_comes_back_joins_their_open_ticket_until_it_is_closed() {
    let config = "[calls]\nring_seconds = 20\nattach_minutes = 60\n".to_owned();
    let mut desk = Desk::open_with(Wishes { config, ..Wishes::default() }).await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let channel = desk.channel(&[&ann, &ben]).await;
    let other = desk.channel(&[&ann]).await;
    // Nobody is there: a message.
    let (first, _) = desk.over(&leaves_message(&desk, &channel, VERA)).await;
    let ticket = first["ticket"].clone();
    let path = format!("tickets/{}", ticket.as_str().unwrap());
    desk.api.patch(&path, json!({ "owner": ben.id })).await;
    desk.restart().await;

    // A second message leaves it with its owner.
    let (second, _) = desk.over(&leaves_message(&desk, &channel, VERA)).await;
    assert_eq!((&second["ticket"], &second["outcome"]), (&ticket, &json!("voicemail")));
    let shown = desk.api.get(&path).await;
    assert_eq!((&shown["owner"], &shown["call"]), (&json!(ben.id), &first["id"]));
    assert_eq!(shown["calls"], json!([first["id"], second["id"]]));
    assert!(reasons(&desk, &second, "unanswered").await.contains(&"joins_ticket".to_owned()));

    // Whoever answers the third has it.
    let mut softphone = desk.softphone(&ann).await;
    let caller = calls_from(&desk, &channel, VERA);
    let won = softphone.take().await;
    softphone.call_is("talking").await;
    softphone.hang_up(&won);
    let (third, _) = desk.over(&caller).await;
    assert_eq!(third["ticket"], ticket);
    let shown = desk.api.get(&path).await;
    assert_eq!((&shown["owner"], &shown["open"]), (&json!(ann.id), &json!(true)));
    assert_eq!(shown["calls"].as_array().map(Vec::len), Some(3));

    // Gone at once: the ticket is not theirs to close.
    let gone = calls_from(&desk, &channel, VERA);
    softphone.next("offer").await;
    gone.hang_up();
    assert_eq!(desk.over(&gone).await.0["ticket"], ticket);
    assert_eq!(desk.api.get(&path).await["open"], json!(true));

    // Another channel, another caller, a withheld number: tickets of their own.
    let mut others = Vec::new();
    for (channel, from) in [(&other, VERA), (&channel, UWE), (&channel, "anonymous"), (&channel, "anonymous")]
    {
        let caller = calls_from(&desk, channel, from);
        softphone.next("offer").await;
        caller.hang_up();
        others.push(desk.over(&caller).await.0["ticket"].as_str().unwrap().to_owned());
    }
    others.push(ticket.as_str().unwrap().to_owned());
    others.sort_unstable();
    others.dedup();
    assert_eq!(others.len(), 5);

    // Closed: over. Opened again: to be joined again.
    desk.api.patch(&path, json!({ "status": "closed" })).await;
    let calls = async |softphone: &mut Softphone| {
        let caller = calls_from(&desk, &channel, VERA);
        softphone.next("offer").await;
        caller.hang_up();
        desk.over(&caller).await.0["ticket"].clone()
    };
    assert_ne!(calls(&mut softphone).await, ticket);
    desk.api.patch(&path, json!({ "status": "new" })).await;
    assert_eq!(calls(&mut softphone).await, ticket);
    desk.check_books().await;
}

#[tokio::test]
async fn a_preview_says_how_a_caller_would_be_met() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let routing = json!({ "users": [ann.id] });
    let channel = desk.channel_with(json!({ "withheld": "voicemail", "routing": routing })).await;
    let _softphone = desk.softphone(&ann).await;
    contact(&desk, VERA, json!({ "blocked": "busy" })).await;
    contact(&desk, UWE, json!({ "priority": 5 })).await;
    for at in [json!(null), json!("2026-12-24T08:00:00Z")] {
        let table = [
            (json!(VERA), "reject", "caller_blocked", 0),
            (json!("anonymous"), "unanswered", "number_withheld", 0),
            (json!("+431"), "ring", "rings_all", 1),
            (json!(null), "ring", "rings_all", 1),
        ];
        for (from, action, code, rung) in table {
            let asked = json!({ "channel": channel.id, "at": at, "from": from });
            let preview = desk.api.post("preview", asked).await;
            let met = (&preview["action"], &preview["reasons"][0]["code"]);
            assert_eq!(met, (&json!(action), &json!(code)), "{from} at {at}: {preview}");
            assert_eq!(preview["ring"].as_array().map(Vec::len), Some(rung));
        }
        let asked = json!({ "channel": channel.id, "at": at, "from": UWE });
        let preview = desk.api.post("preview", asked).await;
        assert_eq!((&preview["action"], preview["ring"].as_array().map(Vec::len)), (&json!("ring"), Some(1)));
        let last = preview["reasons"].as_array().and_then(|reasons| reasons.last());
        let expected = "The caller has priority 5 and goes before callers who have less.";
        assert_eq!(last.map(|reason| &reason["sentence"]), Some(&json!(expected)));
    }
    assert_eq!(desk.api.all("calls").await.len(), 0, "nothing is written");
}
