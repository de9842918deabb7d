//! Agents who are not in a browser: at ordinary telephones, where a key shows that it is they, and at SIP addresses;
//! and where agents may be reached at all.

use crate::desk::{Agent, Desk, Wishes, causes};
use reqwest::Method;
use serde_json::{Value, json};
use strowger::providers::simulator::{Behaviour, Message, Phone, Status};

const MESSAGE: Behaviour = Behaviour { patience: None, message: Message::Seconds(4.0) };

/// Agents may be dialled at Austrian numbers but one, and at one exchange.
async fn open() -> Desk {
    let config = "[calls]\nring_seconds = 5\nreach_prefixes = [\"+43\"]\nsip_hosts = [\"pbx.example.org\"]";
    Desk::open_with(Wishes { config: config.into(), ..Wishes::default() }).await
}

async fn agent_at(desk: &Desk, name: &str, reach: Value) -> Agent {
    let email = format!("{}@example.org", name.to_lowercase());
    desk.agent_with(name, json!({ "name": name, "email": email, "seats": ["service"], "reach": reach })).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_at_a_telephone_presses_1_and_talks() {
    let desk = open().await;
    let anna = agent_at(&desk, "Anna", json!({ "number": "+436641234567" })).await;
    let channel = desk.channel(&[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
    let caller = desk.call(&channel);
    phone.take().await;
    phone.call_is("talking").await;
    desk.company.hang_up_phone(&anna.phone);
    let (call, story) = desk.over(&caller).await;
    assert_eq!(
        (call["outcome"].as_str(), call["agent"].as_str()),
        (Some("answered"), Some(anna.id.as_str()))
    );
    assert_eq!(story.legs.len(), 1);
    phone.call_is("ended").await;
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_picks_up_never_gets_the_caller() {
    let desk = open().await;
    let anna = agent_at(&desk, "Anna", json!({ "number": "+436641234567" })).await;
    let ben = desk.agent("Ben").await;
    let channel = desk.channel(&[&anna, &ben]).await;
    let (mut annas, mut bens) = (desk.softphone(&anna).await, desk.softphone(&ben).await);
    desk.company.phone(&anna.phone, Phone::Machine { after_seconds: 1.0 });
    let caller = desk.call_with(&channel, MESSAGE);
    bens.next("offer").await;
    annas.take().await;
    annas.call_is("ended").await;
    bens.next("offer").await;
    let (call, story) = desk.over(&caller).await;
    assert_eq!((call["outcome"].as_str(), &call["agent"]), (Some("voicemail"), &Value::Null));
    assert_eq!(story.legs[0].status, Status::Completed, "the machine was up, and was hung up on");
    assert_eq!(causes(&call)[&anna.id], ["connection_failed"]);
    assert!(annas.seen_of("call").iter().all(|frame| frame["state"] != "talking"));
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_at_a_sip_address_is_bridged_at_once() {
    let desk = open().await;
    let anna = agent_at(&desk, "Anna", json!({ "sip": "sip:anna@pbx.example.org" })).await;
    let channel = desk.channel(&[&anna]).await;
    let mut phone = desk.softphone(&anna).await;
    let caller = desk.call(&channel);
    let offer = phone.take().await;
    phone.call_is("talking").await;
    phone.hang_up(&offer);
    let (call, _) = desk.over(&caller).await;
    assert_eq!(call["outcome"], "answered");
    desk.check_books().await;
}

#[tokio::test]
async fn agents_are_reached_only_where_the_operator_allows_it() {
    let desk = open().await;
    let channel = desk.channel_with(json!({ "number": "+4311111111" })).await;
    let ann = desk.agent("Ann").await;
    let table = [
        (json!({ "number": "+436641234567" }), 200, ""),
        (json!({ "number": "+4917112345678" }), 422, "/reach/number"),
        (json!({ "number": channel.number }), 422, "/reach/number"),
        (json!({ "number": "112" }), 422, "/reach/number"),
        (json!({ "number": "+43112" }), 422, "/reach/number"),
        (json!({ "number": "06641234567" }), 422, "/reach/number"),
        (json!({ "number": "+43664123456789012" }), 422, "/reach/number"),
        (json!({ "sip": "sip:ann@pbx.example.org:5061" }), 200, ""),
        (json!({ "sip": "sip:ann@elsewhere.example.org" }), 422, "/reach/sip"),
        (json!({ "sip": "sip:ann@pbx.example.org;maddr=10.0.0.1" }), 422, "/reach/sip"),
        (json!({ "sip": "sip:ann@pbx.example.org?Route=x" }), 422, "/reach/sip"),
        (json!({ "sip": "http://pbx.example.org" }), 422, "/reach/sip"),
        (json!({ "client": "ann" }), 200, ""),
        (json!({ "client": "ann b" }), 422, "/reach/client"),
    ];
    for (reach, status, pointer) in table {
        // What was there is replaced whole: null takes the other kinds away.
        let mut patch = json!({ "client": null, "sip": null, "number": null });
        patch.as_object_mut().expect("an object").extend(reach.as_object().expect("an object").clone());
        let patch = json!({ "reach": patch });
        let (answered, problem) =
            desk.api.ask(Method::PATCH, &format!("users/{}", ann.id), Some(patch)).await;
        assert_eq!(answered, status, "{reach}: {problem}");
        if status == 422 {
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{reach}: {problem}");
        }
    }
    let taken = json!({ "reach": { "client": null, "number": "+436649999999" } });
    assert_eq!(desk.api.ask(Method::PATCH, &format!("users/{}", ann.id), Some(taken)).await.0, 200);
    let ours = json!({ "kind": "calling", "name": "Circle", "provider": "main", "number": "+436649999999" });
    assert_eq!(desk.api.ask(Method::POST, "channels", Some(ours)).await.0, 409);
}
