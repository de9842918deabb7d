//! What agents do besides talking: notes on tickets, and calling back whom they missed.

use crate::desk::Desk;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_note_from_the_softphone_or_the_api_is_on_the_ticket_with_its_author() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let channel = desk.channel(&[&ann]).await;
    let mut phone = desk.softphone(&ann).await;
    let caller = desk.call(&channel);
    let offer = phone.take().await;
    let told = phone.next("ticket").await;
    let ticket = told["ticket_id"].as_str().expect("an id").to_owned();
    phone.say(json!({ "type": "note", "ticket_id": ticket, "text": "Wants a \"refund\".", "ref": 7 }));
    let written = phone.next("note").await;
    assert_eq!((&written["ticket_id"], &written["ref"]), (&json!(ticket), &json!(7)));
    phone.hang_up(&offer);
    desk.over(&caller).await;
    let path = format!("tickets/{ticket}/notes");
    let second = desk.api.post(&path, json!({ "text": "Done." })).await;
    let notes = desk.api.with_token(&ann.token).get(&path).await;
    let texts: Vec<(&Value, &Value)> = notes["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|note| (&note["text"], &note["author"]))
        .collect();
    assert_eq!(texts, [(&json!("Wants a \"refund\"."), &json!(ann.id)), (&json!("Done."), &Value::Null)]);
    assert_eq!(notes["items"][1], second);
    let page = desk.api.get(&format!("{path}?limit=1")).await;
    let rest = desk.api.get(&format!("{path}?limit=1&after={}", page["next"].as_str().expect("more"))).await;
    assert_eq!((&rest["items"][0], &rest["next"]), (&second, &Value::Null));

    phone.say(json!({ "type": "note", "ticket_id": ticket, "text": " " }));
    assert_eq!(phone.next("error").await["code"], "not_written");
    let stranger = desk.api.with_token(&ben.token);
    assert_eq!(stranger.ask(Method::GET, &path, None).await.0, 404);
    assert_eq!(stranger.ask(Method::POST, &path, Some(json!({ "text": "x" }))).await.0, 404);
    let (status, problem) =
        desk.api.ask(Method::POST, &path, Some(json!({ "text": "x".repeat(10_001) }))).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/text")));
}

#[tokio::test]
async fn missed_calls_tell_who_called_back_and_who_got_through_later() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let channel = desk.channel(&[&ann]).await;
    let call = |from: &str| {
        let incoming =
            strowger::providers::simulator::Incoming { from: from.into(), ..desk.incoming(&channel) };
        desk.company.place(incoming)
    };
    // Nobody is there: each hears the message and says nothing.
    for from in ["+43660111", "+43660222", "anonymous"] {
        desk.over(&call(from)).await;
    }
    let mut phone = desk.softphone(&ann).await;
    for from in ["+43660222", "anonymous"] {
        let caller = call(from);
        let offer = phone.take().await;
        phone.call_is("talking").await;
        phone.hang_up(&offer);
        desk.over(&caller).await;
    }
    let anns = desk.api.with_token(&ann.token);
    let missed = anns.all("missed_calls").await;
    let told: Vec<(&Value, bool, &Value)> = missed
        .iter()
        .map(|call| (&call["from"], call["got_through"].is_string(), &call["called_back"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("anonymous"), false, &Value::Null),
            (&json!("+43660222"), true, &Value::Null),
            (&json!("+43660111"), false, &Value::Null),
        ]
    );
    let path = format!("calls/{}/called_back", missed[2]["id"].as_str().expect("an id"));
    assert_eq!(desk.api.with_token(&ben.token).ask(Method::POST, &path, None).await.0, 404);
    assert_eq!(anns.ask(Method::POST, &path, None).await.1["by"], json!(ann.id));
    let (status, first) = desk.api.ask(Method::POST, &path, None).await;
    assert_eq!((status, &first["by"]), (200, &json!(ann.id)), "whoever said so first stands");
    let missed = anns.all("missed_calls").await;
    assert_eq!(missed[2]["called_back"], first);
    let answered = missed[1]["got_through"].as_str().expect("an id");
    let (status, _) = desk.api.ask(Method::POST, &format!("calls/{answered}/called_back"), None).await;
    assert_eq!(status, 409, "somebody took it");
    assert_eq!(desk.api.with_token(&ben.token).all("missed_calls").await, Vec::<Value>::new());
}
