//! An agent hands the caller on: to another agent, a team, a number outside.

use crate::desk::{Desk, Softphone, Wishes, causes};
use serde_json::{Value, json};
use strowger::providers::simulator::{Behaviour, Message, Phone, Status};

const MESSAGE: Behaviour = Behaviour { patience: None, message: Message::Seconds(4.0) };

async fn open() -> Desk {
    let config = "[calls]\nring_seconds = 5\nreach_prefixes = [\"+43\"]";
    Desk::open_with(Wishes { config: config.into(), ..Wishes::default() }).await
}

/// Takes the next offer and talks. Answers the frame that names the call.
async fn talk(phone: &mut Softphone) -> Value {
    let won = phone.take().await;
    phone.call_is("talking").await;
    won
}

fn hand_on(phone: &Softphone, won: &Value, to: Value) {
    phone.say(json!({ "type": "transfer", "call_id": won["call_id"], "to": to, "ref": "hand on" }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_colleague_takes_the_caller_over_with_one_request_and_owns_the_ticket() {
    let desk = open().await;
    let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
    // Ben is not routed here: he is handed the caller on all the same.
    let channel = desk.channel(&[&anna]).await;
    let (mut annas, mut bens) = (desk.softphone(&anna).await, desk.softphone(&ben).await);
    let caller = desk.call(&channel);
    let won = talk(&mut annas).await;
    let redirects = || {
        let requests = desk.company.record().requests;
        requests.iter().filter(|request| request.method == "POST").count()
    };
    let before = redirects();
    hand_on(&annas, &won, json!({ "agent": ben.id }));
    annas.call_is("ended").await;
    let offer = bens.next("offer").await;
    assert_eq!(offer["call_id"], won["call_id"]);
    bens.accept(&offer);
    bens.call_is("talking").await;
    assert_eq!(redirects() - before, 2, "one request hands the caller on, one cuts in for Ben");
    bens.hang_up(&offer);
    let (call, story) = desk.over(&caller).await;
    assert_eq!((call["outcome"].as_str(), story.legs.len()), (Some("answered"), 2));
    assert_eq!(desk.ticket_of(&call).await["owner"], json!(ben.id));
    let codes: Vec<String> = desk.why(&call).await.into_iter().map(|(_, code)| code).collect();
    assert!(codes.contains(&"transferred_to_agent".to_owned()), "{codes:?}");
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_is_rung_without_whoever_hands_on_and_nobody_there_means_a_message() {
    let desk = open().await;
    let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
    let channel = desk.channel(&[&anna]).await;
    let team = desk.team("Second line", &[&anna, &ben], &[]).await;
    let (mut annas, mut bens) = (desk.softphone(&anna).await, desk.softphone(&ben).await);
    let caller = desk.call_with(&channel, MESSAGE);
    let won = talk(&mut annas).await;
    hand_on(&annas, &won, json!({ "team": team }));
    let offer = bens.next("offer").await;
    bens.decline(&offer);
    let (call, _) = desk.over(&caller).await;
    let call = desk
        .call_when(caller.sid(), "has its message", |c| c["voicemail"].is_object())
        .await
        .as_object()
        .map_or(call, |kept| json!(kept));
    assert_eq!(causes(&call)[&ben.id], ["declined"]);
    assert_eq!(causes(&call)[&anna.id], ["won"], "she is not rung again");
    let ticket = desk.ticket_of(&call).await;
    assert_eq!((&ticket["owner"], &ticket["open"]), (&Value::Null, &json!(true)));
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_outside_is_dialled_and_the_agent_is_free_at_once() {
    let desk = open().await;
    let ([anna], channel, [mut phone]) = desk.staffed(["Anna"]).await;
    let caller = desk.call(&channel);
    let won = talk(&mut phone).await;
    hand_on(&phone, &won, json!({ "number": "+431234567" }));
    phone.call_is("ended").await;
    let next = desk.call(&channel);
    phone.next("offer").await;
    next.hang_up();
    let outside = |story: &strowger::providers::simulator::Story| {
        story.legs.iter().any(|leg| leg.to == "+431234567" && leg.status == Status::InProgress)
    };
    let deadline = tokio::time::timeout(crate::desk::PATIENCE, async {
        while !outside(&caller.story()) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    });
    deadline.await.expect("the number outside is connected");
    desk.company.hang_up_phone("+431234567");
    let (call, _) = desk.over(&caller).await;
    assert_eq!(call["outcome"], "answered");
    assert_eq!(desk.ticket_of(&call).await["owner"], json!(anna.id));
    desk.over(&next).await;
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_outside_that_is_busy_lets_the_caller_leave_a_message() {
    let desk = open().await;
    let (_, channel, [mut phone]) = desk.staffed(["Anna"]).await;
    desk.company.phone("+431234567", Phone::Busy { after_seconds: 1.0 });
    let caller = desk.call_with(&channel, MESSAGE);
    let won = talk(&mut phone).await;
    hand_on(&phone, &won, json!({ "number": "+431234567" }));
    let call = desk.call_when(caller.sid(), "has its message", |call| call["voicemail"].is_object()).await;
    assert_eq!(desk.ticket_of(&call).await["owner"], Value::Null);
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_handed_on_stays_where_it_is() {
    let desk = open().await;
    let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
    let channel = desk.channel(&[&anna]).await;
    let empty = desk.team("Nobody", &[], &[&anna]).await;
    let (mut annas, mut bens) = (desk.softphone(&anna).await, desk.softphone(&ben).await);
    let caller = desk.call(&channel);
    let won = talk(&mut annas).await;
    for (to, code) in [
        (json!({ "agent": anna.id }), "unknown_target"),
        (json!({ "agent": "0".repeat(32) }), "unknown_target"),
        (json!({ "team": empty }), "unknown_target"),
        (json!({ "number": "112" }), "unknown_target"),
        (json!({ "number": "+491234567" }), "unknown_target"),
        (json!({ "number": channel.number }), "unknown_target"),
        (json!({ "pigeon": "Bert" }), "bad_frame"),
    ] {
        hand_on(&annas, &won, to.clone());
        let error = annas.next("error").await;
        assert_eq!((&error["code"], &error["ref"]), (&json!(code), &json!("hand on")), "{to}");
    }
    hand_on(&bens, &won, json!({ "agent": ben.id }));
    assert_eq!(bens.next("error").await["code"], "unknown_call", "another agent's call");
    let now = desk.call_of(caller.sid()).await.expect("a call");
    assert_eq!((&now["state"], &now["agent"]), (&json!("talking"), &json!(anna.id)));
    caller.hang_up();
    desk.over(&caller).await;
    desk.check_books().await;
}
