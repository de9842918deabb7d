//! What customers write and are answered, through the API: tickets that are made elsewhere or by hand, replies, drafts.

use super::{Desk, NOBODY, desk::Api};
use reqwest::Method;
use serde_json::{Value, json};

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// A channel of another system, shared out to nobody.
async fn portal(desk: &Desk, more: Value) -> String {
    let mut channel = json!({ "kind": "api", "name": "Portal" });
    let (fields, more) = (channel.as_object_mut().expect("an object"), more.as_object().expect("an object"));
    fields.extend(more.clone());
    desk.api.create("channels", channel).await
}

fn question(channel: &str, key: &str) -> Value {
    json!({
        "channel": channel, "subject": "The pump leaks", "text": "Since Monday.", "key": key, "name": "Vera Kunz",
        "customer": { "kind": "email", "value": "Vera@Example.org" }, "properties": { "product": "pump" },
    })
}

async fn messages(api: &Api, ticket: &Value) -> Vec<Value> {
    api.all(&format!("tickets/{}/messages", text(ticket))).await
}

async fn codes(desk: &Desk, ticket: &Value) -> Vec<(String, String)> {
    let why = desk.api.get(&format!("tickets/{}/why", text(ticket))).await;
    let decisions = why["decisions"].as_array().expect("decisions").iter();
    decisions.map(|made| (text(&made["action"]), text(&made["reasons"][0]["code"]))).collect()
}

#[tokio::test]
async fn a_ticket_of_another_system_is_one_conversation_however_often_its_messages_come() {
    let desk = Desk::open().await;
    let channel = portal(&desk, json!({ "properties": { "source": "portal", "product": "unknown" } })).await;
    let ticket = desk.api.post("tickets", question(&channel, "a-1")).await;
    assert_eq!(ticket["type"], "email_other");
    assert_eq!((&ticket["status"], &ticket["owner"]), (&json!("new"), &Value::Null));
    assert_eq!(ticket["subject"], "The pump leaks");
    assert_eq!(ticket["customer"], json!({ "kind": "email", "value": "vera@example.org" }));
    assert_eq!(ticket["properties"], json!({ "source": "portal", "product": "pump" }));
    let contact = desk.api.get(&format!("contacts/{}", text(&ticket["contact"]))).await;
    assert_eq!((&contact["name"], &contact["email"]), (&json!("Vera Kunz"), &json!("vera@example.org")));

    // The same again is the same ticket; something else under the same key is refused.
    let again = desk.api.post("tickets", question(&channel, "a-1")).await;
    assert_eq!(again["id"], ticket["id"]);
    let mut other = question(&channel, "a-1");
    other["text"] = json!("Since Tuesday.");
    assert_eq!(desk.api.ask(Method::POST, "tickets", Some(other)).await.0, 422);
    assert_eq!(messages(&desk.api, &ticket["id"]).await.len(), 1);

    // What answers a message goes on with its ticket, and so does what the same customer says, if it is to.
    let mut answer = question(&channel, "a-2");
    answer["answers"] = json!(["nobody-knows", "a-1"]);
    assert_eq!(desk.api.post("tickets", answer).await["id"], ticket["id"]);
    let mut more = question(&channel, "a-3");
    more["goes_on"] = json!(true);
    assert_eq!(desk.api.post("tickets", more.clone()).await["id"], ticket["id"]);
    let path = format!("tickets/{}/messages", text(&ticket["id"]));
    let said = desk.api.post(&path, json!({ "by_customer": true, "text": "Hello?" })).await;
    assert_eq!((&said["side"], &said["from"]["value"]), (&json!("in"), &json!("vera@example.org")));
    assert_eq!(messages(&desk.api, &ticket["id"]).await.len(), 4);

    // Once it is closed, an answer opens it again; somebody who just writes anew has a new question.
    let at = format!("tickets/{}", text(&ticket["id"]));
    let closed = desk.api.patch(&at, json!({ "status": "closed" })).await;
    assert!(closed["closed_at"].is_string() && closed["closed_on"].is_string());
    more["key"] = json!("a-4");
    assert_ne!(desk.api.post("tickets", more).await["id"], ticket["id"]);
    let mut answer = question(&channel, "a-5");
    answer["answers"] = json!(["a-2"]);
    let open = desk.api.post("tickets", answer).await;
    assert_eq!((&open["id"], &open["status"]), (&ticket["id"], &json!("new")));
    assert_eq!((&open["closed_at"], &open["closed_on"]), (&Value::Null, &Value::Null));
    let why = desk.api.get(&format!("{at}/why")).await;
    assert!(why.to_string().contains("The customer answered on a closed ticket"), "{why}");
    desk.check_books().await;
}

#[tokio::test]
async fn whoever_replies_first_owns_the_ticket_and_a_draft_changes_nothing() {
    let desk = Desk::open().await;
    let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
    let team = desk.team("Support", &[&anna, &ben], &[]).await;
    let channel = portal(&desk, json!({})).await;
    let ticket = desk.api.post("tickets", question(&channel, "a-1")).await;
    let at = format!("tickets/{}", text(&ticket["id"]));
    desk.api.patch(&at, json!({ "team": team })).await;
    let (as_anna, as_ben) = (desk.api.with_token(&anna.token), desk.api.with_token(&ben.token));

    let draft = format!("{at}/draft");
    let put = as_anna.ask(Method::PUT, &draft, Some(json!({ "text": "Dear Ve" }))).await;
    assert_eq!(put.0, 200);
    assert_eq!(as_anna.get(&draft).await["text"], "Dear Ve");
    assert_eq!(as_ben.get(&draft).await["text"], "");
    assert_eq!(as_ben.get(&at).await["owner"], Value::Null);
    assert_eq!(messages(&as_ben, &ticket["id"]).await.len(), 1);

    let sent =
        as_anna.post(&format!("{at}/messages"), json!({ "text": "Dear Vera", "status": "waiting" })).await;
    assert_eq!((&sent["side"], &sent["state"]), (&json!("out"), &json!("sent")));
    assert_eq!(sent["by"], json!({ "user": anna.id }));
    assert_eq!(sent["to"], json!({ "kind": "email", "value": "vera@example.org" }));
    let now = as_ben.get(&at).await;
    assert_eq!((&now["owner"], &now["status"]), (&json!(anna.id), &json!("waiting")));
    assert_eq!(as_anna.get(&draft).await["at"], Value::Null);

    // Whoever answers after that takes nothing away.
    as_ben.post(&format!("{at}/messages"), json!({ "text": "And from me" })).await;
    assert_eq!(as_ben.get(&at).await["owner"], json!(anna.id));
    let last = codes(&desk, &ticket["id"]).await.pop().expect("a decision");
    assert_eq!(last, ("assign".into(), "answered_first".into()));

    // What the other system answers is found by what our message is called.
    let mut answer = question(&channel, "a-9");
    answer["answers"] = json!([sent["outside_id"]]);
    assert_eq!(desk.api.post("tickets", answer).await["id"], ticket["id"]);
    desk.check_books().await;
}

#[tokio::test]
async fn nobody_answers_by_a_workspace_in_which_they_do_not_work() {
    let desk = Desk::open().await;
    let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
    let channel = portal(&desk, json!({})).await;
    let only = json!({ "users": [ben.id], "teams": [] });
    let inbox = desk.api.create("inboxes", json!({ "name": "Sales", "only": only })).await;
    let email = json!({ "mailbox": "sales", "address": "sales@example.org" });
    let mail = json!({ "kind": "email", "name": "Sales", "inbox": inbox, "email": email });
    let mail = desk.api.create("channels", mail).await;
    let ticket = desk.api.post("tickets", question(&channel, "a-1")).await;
    let at = format!("tickets/{}", text(&ticket["id"]));
    let answer = |text: &str| Some(json!({ "text": text, "channel": mail }));
    for (agent, status) in [(&anna, 422), (&ben, 201)] {
        desk.api.patch(&at, json!({ "owner": agent.id })).await;
        let path = format!("{at}/messages");
        let told = desk.api.with_token(&agent.token).ask(Method::POST, &path, answer("Buy!")).await;
        assert_eq!(told.0, status, "{}", told.1);
    }
}

#[tokio::test]
async fn a_reply_under_one_key_is_sent_once() {
    let desk = Desk::open().await;
    let channel = portal(&desk, json!({})).await;
    let ticket = desk.api.post("tickets", question(&channel, "a-1")).await;
    let url = format!("{}/api/v1/tickets/{}/messages", desk.api.address, text(&ticket["id"]));
    let send = async |words: &str| {
        let request = reqwest::Client::new().post(&url).bearer_auth(&desk.api.token);
        let request = request.header("Idempotency-Key", "once").json(&json!({ "text": words }));
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
    };
    let (first, again) = (send("Hello").await, send("Hello").await);
    assert_eq!((first.0, again.0), (201, 201));
    assert_eq!(first.1["id"], again.1["id"]);
    assert_eq!(send("Goodbye").await.0, 422);
    assert_eq!(messages(&desk.api, &ticket["id"]).await.len(), 2);
}

#[tokio::test]
async fn a_ticket_is_made_by_hand_and_says_what_people_note_of_it() {
    let desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    let by_hand = json!({
        "subject": "Walk-in", "text": "Came to the desk.", "owner": anna.id, "properties": { "floor": "2" },
        "customer": { "kind": "number", "value": "+436601234567" }, "name": "Otto",
    });
    let ticket = desk.api.post("tickets", by_hand).await;
    assert_eq!((&ticket["type"], &ticket["channel"]), (&json!("email_other"), &Value::Null));
    assert_eq!(ticket["owner"], json!(anna.id));
    let at = format!("tickets/{}", text(&ticket["id"]));
    let notes = desk.api.all(&format!("{at}/notes")).await;
    assert_eq!((notes.len(), &notes[0]["text"]), (1, &json!("Came to the desk.")));
    let contact = desk.api.get(&format!("contacts/{}", text(&ticket["contact"]))).await;
    assert_eq!(contact["numbers"], json!(["+436601234567"]));

    let patch = json!({ "subject": "Walked in", "properties": { "floor": null, "room": "7" } });
    let changed = desk.api.patch(&at, patch).await;
    assert_eq!(changed["subject"], "Walked in");
    assert_eq!(changed["properties"], json!({ "room": "7" }));
    let reply = desk.api.ask(Method::POST, &format!("{at}/messages"), Some(json!({ "text": "Hello" }))).await;
    assert_eq!((reply.0, &reply.1["errors"][0]["pointer"]), (422, &json!("/channel")));
    desk.check_books().await;
}

#[tokio::test]
async fn a_channel_that_makes_no_tickets_keeps_what_is_written_until_somebody_makes_one() {
    let desk = Desk::open().await;
    let channel = portal(&desk, json!({ "makes_tickets": false })).await;
    let (status, kept) = desk.api.ask(Method::POST, "tickets", Some(question(&channel, "a-1"))).await;
    assert_eq!((status, &kept["ticket"]), (202, &Value::Null));
    assert_eq!(desk.api.all("tickets").await, Vec::<Value>::new());
    let waiting = desk.api.all("messages").await;
    assert_eq!((waiting.len(), &waiting[0]["id"]), (1, &kept["message"]));

    let ticket = desk.api.post("tickets", json!({ "message": kept["message"] })).await;
    assert_eq!((&ticket["subject"], &ticket["channel"]), (&json!("The pump leaks"), &json!(channel)));
    assert_eq!(ticket["customer"]["value"], "vera@example.org");
    assert_eq!(desk.api.all("messages").await, Vec::<Value>::new());
    let of_ticket = messages(&desk.api, &ticket["id"]).await;
    assert_eq!((of_ticket.len(), &of_ticket[0]["id"]), (1, &kept["message"]));
    // It has its ticket now, and what answers it goes there.
    let again = desk.api.ask(Method::POST, "tickets", Some(json!({ "message": kept["message"] }))).await;
    assert_eq!(again.0, 422);
    let mut answer = question(&channel, "a-2");
    answer["answers"] = json!(["a-1"]);
    assert_eq!(desk.api.post("tickets", answer).await["id"], ticket["id"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_message_is_named_and_nothing_is_kept() {
    let desk = Desk::open().await;
    let channel = portal(&desk, json!({})).await;
    let with = |field: &str, value: Value| {
        let mut asked = question(&channel, "a-1");
        asked[field] = value;
        asked
    };
    let long = "x".repeat(50_001);
    let table = [
        (json!({}), "/subject"),
        (json!({ "subject": "a\nb" }), "/subject"),
        (json!({ "subject": "x", "owner": NOBODY }), "/owner"),
        (json!({ "subject": "x", "team": NOBODY }), "/team"),
        (json!({ "subject": "x", "inbox": NOBODY }), "/inbox"),
        (json!({ "subject": "x", "key": "1" }), "/channel"),
        (json!({ "message": NOBODY }), "/message"),
        (with("channel", json!(NOBODY)), "/channel"),
        (with("text", Value::Null), "/text"),
        (with("text", json!("  ")), "/text"),
        (with("text", json!(long)), "/text"),
        (with("key", json!("")), "/key"),
        (with("owner", json!(NOBODY)), "/owner"),
        (with("customer", json!({ "kind": "email", "value": "nobody" })), "/customer/value"),
        (with("customer", json!({ "kind": "email", "value": "a@b\r\nBcc: c@d" })), "/customer/value"),
        (with("customer", json!({ "kind": "number", "value": "0660" })), "/customer/value"),
        (with("customer", json!({ "kind": "visitor", "value": " " })), "/customer/value"),
        (with("answers", json!([""])), "/answers"),
        (with("answers", json!(vec!["x"; 51])), "/answers"),
    ];
    for (asked, pointer) in table {
        let (status, problem) = desk.api.ask(Method::POST, "tickets", Some(asked.clone())).await;
        assert_eq!(status, 422, "{asked}: {problem}");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{asked}: {problem}");
    }
    assert_eq!(desk.api.all("tickets").await, Vec::<Value>::new());
    assert_eq!(desk.api.all("contacts").await, Vec::<Value>::new());

    let ticket = desk.api.post("tickets", question(&channel, "a-1")).await;
    let at = format!("tickets/{}/messages", text(&ticket["id"]));
    for (asked, pointer) in [
        (json!({ "text": "" }), "/text"),
        (json!({ "text": "x", "answers": NOBODY }), "/answers"),
        (json!({ "text": "x", "channel": NOBODY }), "/channel"),
    ] {
        let (status, problem) = desk.api.ask(Method::POST, &at, Some(asked.clone())).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{asked}: {problem}");
    }
    desk.api.patch(&format!("channels/{channel}"), json!({ "enabled": false })).await;
    for (path, asked) in [("tickets", question(&channel, "a-2")), (&at, json!({ "text": "x" }))] {
        let (status, problem) = desk.api.ask(Method::POST, path, Some(asked)).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (409, &json!("/channel")), "{problem}");
    }
}

#[tokio::test]
async fn a_conversation_is_seen_by_those_who_see_its_ticket_and_outlives_a_restart() {
    let mut desk = Desk::open().await;
    let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
    let channel = portal(&desk, json!({})).await;
    let ticket = desk.api.post("tickets", question(&channel, "a-1")).await;
    let at = format!("tickets/{}", text(&ticket["id"]));
    desk.api.patch(&at, json!({ "owner": anna.id })).await;
    let before = messages(&desk.api.with_token(&anna.token), &ticket["id"]).await;
    assert_eq!(before.len(), 1);
    for below in ["messages", "draft", "why", "notes"] {
        let path = format!("{at}/{below}");
        assert_eq!(desk.api.with_token(&ben.token).ask(Method::GET, &path, None).await.0, 404, "{path}");
    }
    assert_eq!(desk.api.with_token(&ben.token).all("messages").await, Vec::<Value>::new());
    desk.restart().await;
    assert_eq!(messages(&desk.api.with_token(&anna.token), &ticket["id"]).await, before);
    assert_eq!(desk.api.post("tickets", question(&channel, "a-1")).await["id"], ticket["id"]);
    assert_eq!(messages(&desk.api, &ticket["id"]).await, before);
    desk.check_books().await;
}

#[tokio::test]
async fn in_a_long_conversation_too_what_is_far_back_is_answered_and_nothing_is_sent_twice() {
    let mut desk = Desk::open().await;
    let channel = portal(&desk, json!({})).await;
    let ticket = desk.api.post("tickets", question(&channel, "a-1")).await;
    let path = format!("tickets/{}/messages", text(&ticket["id"]));
    let first = text(&messages(&desk.api, &ticket["id"]).await[0]["id"]);
    let send = async |desk: &Desk, reply: Value| {
        let url = format!("{}/api/v1/{path}", desk.api.address);
        let request = reqwest::Client::new().post(url).bearer_auth(&desk.api.token);
        let answer = request.header("Idempotency-Key", "once").json(&reply).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
    };
    let sent = send(&desk, json!({ "text": "Hello" })).await;
    assert_eq!(sent.0, 201, "{}", sent.1);
    desk.stop().await;
    // A moment after the reply, by their ids.
    let sql = "with recursive n (n) as (select 1 union all select n + 1 from n where n < 300)
        insert into messages (id, ticket, channel, at_ms, side, person_kind, person, text, outside_id, tries)
        select $1 || printf('%020x', n), $2, $3, n, 'in', 'email', 'vera@example.org', 'More', 'more-' || n, 0 from n";
    let moment = u64::from_str_radix(&text(&sent.1["id"])[..12], 16).expect("hex digits") + 1;
    let query = sqlx::query(sql).bind(format!("{moment:012x}")).bind(text(&ticket["id"])).bind(&channel);
    assert_eq!(query.execute(&mut desk.store().await).await.expect("rows").rows_affected(), 300);
    desk.start().await;
    let again = send(&desk, json!({ "text": "Hello" })).await;
    assert_eq!((again.0, &again.1["id"]), (201, &sent.1["id"]), "{}", again.1);
    assert_eq!(send(&desk, json!({ "text": "Goodbye" })).await.0, 422);
    assert_eq!(messages(&desk.api, &ticket["id"]).await.len(), 302);
    let answer =
        desk.api.ask(Method::POST, &path, Some(json!({ "text": "To that", "answers": first }))).await;
    assert_eq!(answer.0, 201, "{}", answer.1);
    let other = desk.api.post("tickets", question(&channel, "a-2")).await;
    let path = format!("tickets/{}/messages", text(&other["id"]));
    let answer =
        desk.api.ask(Method::POST, &path, Some(json!({ "text": "To that", "answers": first }))).await;
    assert_eq!(
        (answer.0, &answer.1["errors"][0]["pointer"]),
        (422, &json!("/answers")),
        "it is another ticket's"
    );
}
