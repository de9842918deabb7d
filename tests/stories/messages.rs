//! What callers hear, told through the front door: the optional messages of a channel, and those of its numbers.

#![allow(clippy::unwrap_used, reason = "what a test can't do it fails for")]

use crate::desk::{Agent, Channel, Desk, Wishes};
use reqwest::Method;
use serde_json::{Value, json};
use strowger::providers::simulator::{Behaviour, Caller, Event, Incoming, Message, Phone, Purpose, Story};

const MESSAGE: Behaviour = Behaviour { patience: None, message: Message::Seconds(8.0) };

fn words(text: &str) -> Value {
    json!({ "text": text, "language": "en-US" })
}

/// What the caller heard, in order: texts as they are, files by their shipped names.
fn heard(story: &Story) -> Vec<String> {
    let name = |url: &str| {
        let known = strowger::audio::all().iter().find(|sound| url.contains(&sound.sha256));
        known.map_or_else(|| url.to_owned(), |sound| sound.name.to_owned())
    };
    let sound = |event: &Event| match event {
        Event::Played { url, .. } => Some(name(url)),
        Event::Said { text, .. } => Some(text.clone()),
        _ => None,
    };
    story.events.iter().filter_map(sound).collect()
}

async fn hears(caller: &Caller, what: &str) {
    let story = caller.until(|story| heard(story).iter().any(|sound| sound == what)).await;
    assert!(heard(&story).iter().any(|sound| sound == what), "{what} is not heard: {:?}", heard(&story));
}

fn no_problems(story: &Story) {
    let problems: Vec<String> = story.problems().collect();
    assert_eq!(problems, Vec::<String>::new());
}

/// A desk whose one agent talks, so that whoever calls the channel waits.
async fn with_a_busy_agent(desk: &Desk, greetings: Value) -> (Channel, Caller, crate::desk::Softphone) {
    let anna = desk.agent("Anna").await;
    let routing = json!({ "users": [anna.id], "wait_seconds": 600 });
    let channel = desk.channel_with(json!({ "routing": routing, "greetings": greetings })).await;
    desk.company.phone(&anna.phone, Phone::Answers { after_seconds: 1.0 });
    let mut phone = desk.softphone(&anna).await;
    let talk = desk.call(&channel);
    phone.take().await;
    assert!(talk.talking().await);
    (channel, talk, phone)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_waits_presses_1_and_their_message_is_kept() {
    let desk = Desk::open().await;
    let greetings =
        json!({ "while_waiting": words("Press 1 to leave a message."), "unanswered": words("Speak.") });
    let (channel, talk, _phone) = with_a_busy_agent(&desk, greetings).await;
    let caller = desk.call_with(&channel, MESSAGE);
    hears(&caller, "waiting").await;
    // Any other key changes nothing.
    caller.press('5');
    let asked = caller.until(|story| story.webhooks_for(Purpose::GatherAction).count() == 1).await;
    assert_eq!(asked.webhooks_for(Purpose::GatherAction).count(), 1);
    let again = |story: &Story| heard(story).iter().filter(|sound| *sound == "waiting").count() == 2;
    assert!(again(&caller.until(again).await));
    caller.press('1');
    let (call, story) = desk.over(&caller).await;
    let expected =
        ["Press 1 to leave a message.", "waiting", "Press 1 to leave a message.", "waiting", "Speak."];
    assert_eq!(heard(&story)[..5], expected);
    assert_eq!((&call["outcome"], &call["voicemail"]["seconds"]), (&json!("voicemail"), &json!(8)));
    assert_eq!(desk.ticket_of(&call).await["owner"], Value::Null);
    let why = desk.why(&call).await;
    assert!(why.iter().any(|(_, code)| code == "caller_wants_message"), "{why:?}");
    no_problems(&story);
    assert_eq!(talk.story().ending, None, "the others talk on");
    talk.hang_up();
    desk.over(&talk).await;
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_today_has_its_own_message_and_else_the_one_for_after_hours() {
    let desk = Desk::open().await;
    let closed = json!({ "mode": "always", "closed_until": "2099-01-01T00:00:00Z" });
    let never = json!({ "mode": "schedule", "weekly": {} });
    let both = json!({ "after_hours": words("After hours."), "closed_today": words("Closed today.") });
    for (hours, greetings, expected) in [
        (&closed, both.clone(), "Closed today."),
        (&never, both, "After hours."),
        (&closed, json!({ "after_hours": words("After hours.") }), "After hours."),
        (&closed, json!({}), "after-hours-en"),
    ] {
        let channel = desk.channel_with(json!({ "hours": hours, "greetings": greetings })).await;
        let caller = desk.call_with(&channel, MESSAGE);
        let (call, story) = desk.over(&caller).await;
        assert_eq!((heard(&story)[0].as_str(), &call["outcome"]), (expected, &json!("voicemail")));
        no_problems(&story);
    }
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_announcement_is_interrupted_by_an_accept_and_heard_to_the_end_without_one() {
    // 300 letters are 20 line seconds, which is 2 real ones here.
    let desk = Desk::open_with(Wishes { pace: 10.0, ..Wishes::default() }).await;
    let anna = desk.agent("Anna").await;
    let announcement = "Welcome to us. ".repeat(20);
    let routing = json!({ "users": [anna.id], "ring_seconds": 5 });
    let greetings = json!({ "before_ringing": words(announcement.trim()) });
    let channel = desk.channel_with(json!({ "routing": routing, "greetings": greetings })).await;
    let mut phone = desk.softphone(&anna).await;
    let caller = desk.call(&channel);
    phone.take().await;
    assert!(caller.talking().await);
    assert_eq!(heard(&caller.story()), [announcement.trim()], "not even the ring tone was reached");
    caller.hang_up();
    no_problems(&desk.over(&caller).await.1);

    let caller = desk.call_with(&channel, MESSAGE);
    phone.next("offer").await;
    let (call, story) = desk.over(&caller).await;
    let sounds = heard(&story);
    assert_eq!(sounds[..2], [announcement.trim(), "ring-eu"]);
    assert_eq!(sounds.iter().filter(|sound| *sound == announcement.trim()).count(), 1, "once");
    assert_eq!(call["outcome"], "voicemail");
    no_problems(&story);
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_heard_follows_the_number_that_was_called() {
    let desk =
        Desk::open_with(Wishes { config: "[calls]\nring_seconds = 1\n".into(), ..Wishes::default() }).await;
    let anna: Agent = desk.agent("Anna").await;
    let numbers = ["+4310", "+4420", "+4730"];
    let by_number = json!({
        "+4420": { "unanswered": words("Nobody is in."), "ring_tone": "gb" },
        "+4730": { "language": "nb" },
    });
    let channel = desk
        .channel_with(json!({
            "number": null, "numbers": numbers, "routing": { "users": [anna.id] },
            "greetings": { "by_number": by_number },
        }))
        .await;
    let _phone = desk.softphone(&anna).await;
    let expected = [
        ("ring-eu", "unanswered-en", "Thank you. Your message has been recorded. Goodbye."),
        ("ring-gb", "Nobody is in.", "Thank you. Your message has been recorded. Goodbye."),
        ("ring-eu", "unanswered-nb", "Takk. Beskjeden din er tatt opp. Ha det bra."),
    ];
    for (number, (ring, greeting, thanks)) in numbers.into_iter().zip(expected) {
        let incoming = Incoming { to: number.into(), behaviour: MESSAGE, ..desk.incoming(&channel) };
        let caller = desk.company.place(incoming);
        let (_, story) = desk.over(&caller).await;
        let sounds = heard(&story);
        let said = [sounds[0].as_str(), &sounds[sounds.len() - 2], &sounds[sounds.len() - 1]];
        assert_eq!(said, [ring, greeting, thanks], "{number}");
        no_problems(&story);
    }
    desk.check_books().await;
}

#[tokio::test]
async fn messages_that_can_not_be_heard_as_they_should_are_refused_where_they_stand() {
    let desk = Desk::open().await;
    let nobody = json!({ "audio": "0198f0000000700080000000000000aa" });
    let table = [
        (json!({ "closed_today": nobody }), "/greetings/closed_today"),
        (json!({ "before_ringing": words("x".repeat(601).as_str()) }), "/greetings/before_ringing"),
        (json!({ "while_waiting": words(" ") }), "/greetings/while_waiting"),
        (json!({ "by_number": { "+4399": {} } }), "/greetings/by_number/+4399"),
        (json!({ "by_number": { "+4310": { "language": "fr" } } }), "/greetings/by_number/+4310/language"),
        (json!({ "by_number": { "+4310": { "ring_tone": "fr" } } }), "/greetings/by_number/+4310/ring_tone"),
        (
            json!({ "by_number": { "+4310": { "unanswered": nobody } } }),
            "/greetings/by_number/+4310/unanswered",
        ),
        (
            json!({ "by_number": { "+4310": { "sometimes": words("x") } } }),
            "/greetings/by_number/+4310/sometimes",
        ),
    ];
    for (greetings, pointer) in table {
        let channel = json!({
            "kind": "calling", "name": "Support", "provider": "main", "number": "+4310", "greetings": greetings,
        });
        let (status, problem) = desk.api.ask(Method::POST, "channels", Some(channel)).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{problem}");
    }
}

/// The documents that the README has operators keep at Twilio, in order.
fn documents_of_the_readme() -> Vec<String> {
    let readme = include_str!("../../README.md");
    let section = readme.split_once("### When the whole machine is gone").unwrap().1;
    let section = section.split_once("\n### ").map_or(section, |(section, _)| section);
    let blocks = section.split("```xml\n").skip(1);
    blocks.map(|block| block.split_once("```").unwrap().0.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documents_of_the_readme_take_one_message_and_hang_up_while_we_are_gone() {
    use axum::{Router, http::header, routing::any};
    use strowger::providers::simulator::Ending;

    let [thanks, takes_message] = documents_of_the_readme().try_into().expect("two documents");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answer =
        |document: String| any(move || async move { ([(header::CONTENT_TYPE, "text/xml")], document) });
    let router = Router::new().route("/EH0123", answer(thanks)).route("/EH4567", answer(takes_message));
    tokio::spawn(async move { axum::serve(listener, router).await });

    let mut desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let bins = "https://handler.twilio.com/twiml";
    desk.company.forward(bins, &address);
    desk.kill();
    let incoming = Incoming {
        fallback_url: Some(format!("{bins}/EH4567")),
        status_url: None,
        behaviour: MESSAGE,
        ..desk.incoming(&channel)
    };
    let caller = desk.company.place(incoming);
    let story = tokio::time::timeout(crate::desk::PATIENCE, caller.ended()).await.expect("the call ends");
    assert_eq!(story.ending, Some(Ending::HungUp), "{story:#?}");
    let recordings = desk.company.record().recordings;
    assert_eq!(recordings.len(), 1, "one message, asked for once");
    let said = heard(&story);
    assert_eq!(said.len(), 2, "asked and thanked: {said:?}");
}
