//! Channels that ring devices: the telephones of agents without a softphone ring by themselves, and the caller is
//! answered only when somebody takes the call.

use crate::desk::{Agent, Channel, Desk, PATIENCE, Wishes, causes};
use reqwest::Method;
use serde_json::{Value, json};
use strowger::providers::simulator::{
    Behaviour, Caller, Delivery, Dialect, Event, Leg, Message, Phone, Status, Story, Twice,
};
use tokio::time::timeout;

const MESSAGE: Behaviour = Behaviour { patience: None, message: Message::Seconds(4.0) };

/// Telephones ring for as long as a story needs, unless it says otherwise.
async fn open() -> Desk {
    open_with(600, Dialect::Twilio).await
}

async fn open_with(ring_seconds: u32, dialect: Dialect) -> Desk {
    let config = format!(
        "[calls]\nring_seconds = {ring_seconds}\nagent_ring_seconds = {ring_seconds}\n\
         short_abandon_seconds = 0\nreach_prefixes = [\"+43\"]\nsip_hosts = [\"pbx.example.org\"]"
    );
    Desk::open_with(Wishes { config, dialect, ..Wishes::default() }).await
}

async fn agent_at(desk: &Desk, name: &str, reach: Value) -> Agent {
    let email = format!("{}@example.org", name.to_lowercase());
    desk.agent_with(name, json!({ "name": name, "email": email, "seats": ["service"], "reach": reach })).await
}

async fn at_a_desk(desk: &Desk, name: &str) -> Agent {
    agent_at(desk, name, json!({ "sip": format!("sip:{}@pbx.example.org", name.to_lowercase()) })).await
}

async fn at_a_telephone(desk: &Desk, name: &str, number: &str) -> Agent {
    agent_at(desk, name, json!({ "number": number })).await
}

async fn channel(desk: &Desk, users: &[&Agent]) -> Channel {
    channel_with(desk, users, json!({})).await
}

async fn channel_with(desk: &Desk, users: &[&Agent], patch: Value) -> Channel {
    let users: Vec<&String> = users.iter().map(|agent| &agent.id).collect();
    let mut routing = json!({ "users": users, "ringing": "devices" });
    for (key, value) in patch["routing"].as_object().into_iter().flatten() {
        routing[key] = value.clone();
    }
    let mut document = patch;
    document["routing"] = routing;
    desk.channel_with(document).await
}

async fn until(caller: &Caller, what: &str, wished: impl Fn(&Story) -> bool) -> Story {
    let story = timeout(PATIENCE, caller.until(|story| wished(story))).await;
    let story = story.unwrap_or_else(|_| panic!("{what}: {:#?}", caller.story()));
    assert!(wished(&story), "{what}: {story:#?}");
    story
}

async fn rings(caller: &Caller, telephones: usize) {
    let ringing = |leg: &&Leg| leg.status == Status::Ringing;
    until(caller, "telephones ring", |story| story.legs.iter().filter(ringing).count() == telephones).await;
}

/// Nothing was played to the caller, and nobody answered them, before a leg came up.
fn assert_rang_for_nothing(story: &Story) {
    let answered = story.events.iter().position(is_answer);
    let up = |event: &Event| matches!(event, Event::Leg { status: Status::InProgress, .. });
    let taken = story.events.iter().position(up);
    assert!(taken.is_some() && taken < answered, "{:#?}", story.events);
}

fn is_answer(event: &Event) -> bool {
    matches!(event, Event::Answered)
}

fn outcome(call: &Value) -> (&str, Option<&str>) {
    (call["outcome"].as_str().unwrap_or_default(), call["agent"].as_str())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_without_a_softphone_are_rung_and_the_first_to_answer_wins() {
    let desk = open().await;
    let (anna, ben) = (at_a_desk(&desk, "Anna").await, at_a_desk(&desk, "Ben").await);
    desk.company.phone(&anna.phone, Phone::NoAnswer);
    desk.company.phone(&ben.phone, Phone::NoAnswer);
    let channel = channel(&desk, &[&anna, &ben]).await;
    let caller = desk.call(&channel);
    rings(&caller, 2).await;
    let ringing = desk.call_when(caller.sid(), "rings", |call| call["state"] == "ringing").await;
    assert_eq!(ringing["offers"].as_array().map(Vec::len), Some(2), "each telephone is an offer: {ringing}");
    assert!(desk.company.pick_up_phone(&ben.phone));
    assert!(timeout(PATIENCE, caller.talking()).await.expect("in time"));
    desk.call_when(caller.sid(), "is talked on", |call| call["agent"] == ben.id.as_str()).await;
    desk.company.hang_up_phone(&ben.phone);
    let (call, story) = desk.over(&caller).await;
    assert_eq!(outcome(&call), ("answered", Some(ben.id.as_str())));
    assert_eq!(causes(&call)[&ben.id], ["won"]);
    assert_eq!(causes(&call)[&anna.id], ["taken"]);
    assert_rang_for_nothing(&story);
    let asked = |leg: &Leg| leg.from == story.from;
    assert!(story.legs.iter().all(asked), "the telephones show who calls: {:?}", story.legs);
    let ticket = desk.ticket_of(&call).await;
    assert_eq!(ticket["owner"], ben.id.as_str());
    let why = desk.why(&call).await;
    assert_eq!(why[0], ("ring".into(), "rings_devices".into()));
    assert_eq!(why[1], ("connect".into(), "taken_by".into()));
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_softphone_that_is_open_follows_the_talk_and_ends_it() {
    let desk = open().await;
    let anna = at_a_desk(&desk, "Anna").await;
    desk.company.phone(&anna.phone, Phone::NoAnswer);
    let channel = channel(&desk, &[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
    let caller = desk.call(&channel);
    rings(&caller, 1).await;
    desk.company.pick_up_phone(&anna.phone);
    let frame = phone.call_is("talking").await;
    assert!(phone.seen_of("offer").is_empty(), "what rings elsewhere is not offered here");
    phone.hang_up(&frame);
    phone.call_is("ended").await;
    let (call, _) = desk.over(&caller).await;
    assert_eq!(outcome(&call), ("answered", Some(anna.id.as_str())));
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ordinary_telephone_presses_1_and_a_machine_is_never_given_the_caller() {
    for others_ring_on in [false, true] {
        let desk = open().await;
        desk.company.faults(|faults| faults.others_ring_on = others_ring_on);
        let anna = at_a_telephone(&desk, "Anna", "+436641234567").await;
        let ben = at_a_telephone(&desk, "Ben", "+436647654321").await;
        desk.company.phone(&anna.phone, Phone::Machine { after_seconds: 1.0 });
        desk.company.phone(&ben.phone, Phone::NoAnswer);
        let channel = channel(&desk, &[&anna, &ben]).await;
        let caller = desk.call(&channel);
        let over = |story: &Story| story.legs[0].status == Status::Completed;
        until(&caller, "the machine is hung up on", |story| !story.legs.is_empty() && over(story)).await;
        let bens = |story: &Story| {
            let ringing = |leg: &Leg| leg.to == "+436647654321" && leg.status == Status::Ringing;
            story.legs.iter().any(ringing)
        };
        until(&caller, "Ben's telephone rings, again or still", bens).await;
        desk.company.pick_up_phone(&ben.phone);
        assert!(timeout(PATIENCE, caller.talking()).await.expect("in time"));
        desk.company.hang_up_phone(&ben.phone);
        let (call, story) = desk.over(&caller).await;
        assert_eq!(outcome(&call), ("answered", Some(ben.id.as_str())));
        assert_eq!(causes(&call)[&anna.id], ["connection_failed"]);
        let machines = story.legs.iter().filter(|leg| leg.to == "+436641234567").count();
        assert_eq!(machines, 1, "it is not rung again: {:#?}", story.legs);
        assert_rang_for_nothing(&story);
        desk.check_books().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_every_telephone_is_busy_the_caller_leaves_a_message() {
    let desk = open().await;
    let (anna, ben) = (at_a_desk(&desk, "Anna").await, at_a_desk(&desk, "Ben").await);
    desk.company.phone(&anna.phone, Phone::Busy { after_seconds: 0.5 });
    desk.company.phone(&ben.phone, Phone::Unregistered);
    let channel = channel(&desk, &[&anna, &ben]).await;
    let caller = desk.call_with(&channel, MESSAGE);
    let (call, _) = desk.over(&caller).await;
    assert_eq!(outcome(&call), ("voicemail", None));
    let why = desk.why(&call).await;
    assert_eq!(why[1], ("unanswered".into(), "devices_not_taken".into()), "{why:?}");
    assert_eq!(desk.ticket_of(&call).await["owner"], Value::Null);
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn telephones_that_nobody_takes_ring_for_their_time_and_then_there_is_the_message() {
    let desk = open_with(5, Dialect::Twilio).await;
    let anna = at_a_desk(&desk, "Anna").await;
    desk.company.phone(&anna.phone, Phone::NoAnswer);
    let channel = channel(&desk, &[&anna]).await;
    let caller = desk.call_with(&channel, MESSAGE);
    let (call, story) = desk.over(&caller).await;
    assert_eq!(outcome(&call), ("voicemail", None));
    assert_eq!(causes(&call)[&anna.id], ["expired"]);
    assert_eq!(story.legs.len(), 1);
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_at_a_time_the_next_telephone_rings_when_one_is_busy() {
    let desk = open().await;
    let (anna, ben) = (at_a_desk(&desk, "Anna").await, at_a_desk(&desk, "Ben").await);
    desk.company.phone(&anna.phone, Phone::Busy { after_seconds: 0.5 });
    desk.company.phone(&ben.phone, Phone::HangsUpAfter { answer_after_seconds: 1.0, talk_seconds: 5.0 });
    let routing = json!({ "routing": { "strategy": "round_robin" } });
    let channel = channel_with(&desk, &[&anna, &ben], routing).await;
    let caller = desk.call(&channel);
    let (call, story) = desk.over(&caller).await;
    assert_eq!(outcome(&call), ("answered", Some(ben.id.as_str())));
    let dials = story.events.iter().filter_map(|event| match event {
        Event::Dialled { legs } => Some(legs.len()),
        _ => None,
    });
    assert_eq!(dials.collect::<Vec<_>>(), [1, 1]);
    assert_rang_for_nothing(&story);
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_in_a_call_is_refused_a_second_that_rings_with_it() {
    let desk = open().await;
    let anna = at_a_desk(&desk, "Anna").await;
    desk.company.phone(&anna.phone, Phone::NoAnswer);
    let channel = channel(&desk, &[&anna]).await;
    let (one, two) = (desk.call_with(&channel, MESSAGE), desk.call_with(&channel, MESSAGE));
    rings(&one, 1).await;
    rings(&two, 1).await;
    // Somebody picks up both: one is bridged, the other is hung up on.
    desk.company.pick_up_phone(&anna.phone);
    let is_up = |call: &Value| call["state"] == "talking" || call["state"] == "voicemail";
    let first = desk.call_when(one.sid(), "is decided", is_up).await;
    let (taken, refused) = if first["state"] == "talking" { (&one, &two) } else { (&two, &one) };
    let (call, story) = desk.over(refused).await;
    assert_eq!((outcome(&call), story.legs.len()), (("voicemail", None), 1));
    assert_eq!(causes(&call)[&anna.id], ["withdrawn"]);
    let third = desk.call_with(&channel, MESSAGE);
    let (call, story) = desk.over(&third).await;
    assert_eq!((outcome(&call), story.legs.len()), (("voicemail", None), 0), "who talks is not dialled");
    assert_eq!(desk.why(&call).await[0], ("unanswered".into(), "all_busy".into()));
    desk.company.hang_up_phone(&anna.phone);
    let (call, _) = desk.over(taken).await;
    assert_eq!(outcome(&call), ("answered", Some(anna.id.as_str())));
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_while_telephones_ring_loses_nobody() {
    let mut desk = open().await;
    let (anna, ben) = (at_a_desk(&desk, "Anna").await, at_a_telephone(&desk, "Ben", "+436641234567").await);
    desk.company.phone(&anna.phone, Phone::NoAnswer);
    desk.company.phone(&ben.phone, Phone::NoAnswer);
    let channel = channel(&desk, &[&anna, &ben]).await;
    let caller = desk.call(&channel);
    rings(&caller, 2).await;
    desk.restart().await;
    desk.company.pick_up_phone(&anna.phone);
    assert!(timeout(PATIENCE, caller.talking()).await.expect("in time"));
    desk.call_when(caller.sid(), "is talked on", |call| call["agent"] == anna.id.as_str()).await;
    desk.restart().await;
    let phone = desk.call_of(caller.sid()).await.expect("the call");
    assert_eq!(phone["state"], "talking", "and the talk goes on");
    desk.company.hang_up_phone(&anna.phone);
    let (call, story) = desk.over(&caller).await;
    assert_eq!(outcome(&call), ("answered", Some(anna.id.as_str())));
    assert_eq!(story.legs.len(), 2, "nobody was rung twice");
    // What a leg reported at that moment got no answer.
    desk.check_books_but(&["11200"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_gives_up_while_it_rings_is_missed() {
    let desk = open().await;
    let anna = at_a_desk(&desk, "Anna").await;
    desk.company.phone(&anna.phone, Phone::NoAnswer);
    let channel = channel(&desk, &[&anna]).await;
    let caller = desk.call(&channel);
    rings(&caller, 1).await;
    caller.hang_up();
    let (call, story) = desk.over(&caller).await;
    assert_eq!(outcome(&call), ("abandoned", None));
    assert_eq!(causes(&call)[&anna.id], ["caller_hung_up"]);
    assert!(!story.events.iter().any(is_answer), "it cost them nothing");
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_doubled_and_swapped_callbacks_change_nothing() {
    for callbacks in [Delivery::Never, Delivery::Twice, Delivery::Swapped] {
        let desk = open().await;
        desk.company.faults(|faults| {
            faults.leg_callbacks = callbacks;
            faults.webhooks = (callbacks == Delivery::Twice).then_some(Twice::AtOnce);
        });
        let (anna, ben) = (at_a_desk(&desk, "Anna").await, at_a_telephone(&desk, "Ben", "+4366412345").await);
        desk.company.phone(&anna.phone, Phone::Busy { after_seconds: 0.5 });
        let talks = Phone::HangsUpAfter { answer_after_seconds: 2.0, talk_seconds: 10.0 };
        desk.company.phone(&ben.phone, talks);
        let channel = channel(&desk, &[&anna, &ben]).await;
        let caller = desk.call(&channel);
        let (call, story) = desk.over(&caller).await;
        assert_eq!(outcome(&call), ("answered", Some(ben.id.as_str())), "{callbacks:?}");
        assert_eq!(causes(&call)[&ben.id], ["won"], "{callbacks:?}");
        assert_eq!(story.legs.len(), 2, "{callbacks:?}");
        desk.check_books().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_is_closed_no_telephone_rings() {
    let desk = open().await;
    let anna = at_a_desk(&desk, "Anna").await;
    let hours = json!({ "hours": { "mode": "schedule", "weekly": {} } });
    let channel = channel_with(&desk, &[&anna], hours).await;
    let caller = desk.call_with(&channel, MESSAGE);
    let (call, story) = desk.over(&caller).await;
    assert_eq!((outcome(&call), story.legs.len()), (("voicemail", None), 0));
    assert_eq!(desk.why(&call).await[0], ("after_hours".into(), "hours_closed".into()));
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signalwire_rings_devices_and_who_does_not_ask_before_bridging_does_not() {
    let desk = open_with(600, Dialect::SignalWire).await;
    let anna = at_a_desk(&desk, "Anna").await;
    desk.company.phone(&anna.phone, Phone::HangsUpAfter { answer_after_seconds: 1.0, talk_seconds: 5.0 });
    let rung = channel(&desk, &[&anna]).await;
    let caller = desk.call(&rung);
    let (call, story) = desk.over(&caller).await;
    assert_eq!(outcome(&call), ("answered", Some(anna.id.as_str())));
    assert_rang_for_nothing(&story);
    desk.check_books().await;

    for dialect in [Dialect::Somleng, Dialect::TeXml] {
        let desk = open_with(600, dialect).await;
        let asked = json!({
            "kind": "calling", "name": "Support", "provider": "main", "number": "+4319999999",
            "routing": { "ringing": "devices" },
        });
        let (status, problem) = desk.api.ask(Method::POST, "channels", Some(asked)).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/routing/ringing")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_will_happen_and_what_surprises_is_said_before() {
    let desk = open().await;
    let ben = desk.agent("Ben").await;
    let mut agents = vec![ben];
    for number in 0..10 {
        agents.push(at_a_desk(&desk, &format!("Agent{number}")).await);
    }
    let users: Vec<&Agent> = agents.iter().collect();
    let paid = json!({ "number": "+4990012345" });
    let held =
        desk.channel_with(json!({ "number": "+491801234", "routing": { "users": [agents[1].id] } })).await;
    let codes = async |channel: &Channel| {
        let said = desk.api.get(&format!("channels/{}/warnings", channel.id)).await;
        let warnings = said["warnings"].as_array().cloned().unwrap_or_default();
        let code = |warning: &Value| warning["code"].as_str().unwrap_or_default().to_owned();
        warnings.iter().map(code).collect::<Vec<_>>()
    };
    assert!(codes(&held).await.contains(&"paid_number".to_owned()));
    let channel = channel_with(&desk, &users, paid).await;
    let said = codes(&channel).await;
    for expected in ["browser_as_device", "too_many_devices"] {
        assert!(said.contains(&expected.to_owned()), "{said:?}");
    }
    assert!(!said.contains(&"paid_number".to_owned()), "{said:?}");
    let document = desk.api.get(&format!("channels/{}", channel.id)).await;
    assert_eq!(document["routing"]["ringing"], "devices");

    let preview = desk.api.post("preview", json!({ "channel": channel.id })).await;
    assert_eq!((&preview["action"], &preview["ringing"]), (&json!("ring"), &json!("devices")));
    assert_eq!(preview["ring"].as_array().map(Vec::len), Some(10), "nobody has a softphone: {preview}");
    assert_eq!(
        preview["reasons"][0]["sentence"],
        "The telephones of 10 of the 11 available agents are rung."
    );
    let at = json!({ "channel": channel.id, "at": "2026-12-01T12:00:00Z" });
    let later = desk.api.post("preview", at).await;
    assert_eq!(later["ring"].as_array().map(Vec::len), Some(10));
    let softphones = desk.api.post("preview", json!({ "channel": held.id })).await;
    assert_eq!((&softphones["ringing"], &softphones["ring"]), (&json!("softphone"), &json!([])));
}
