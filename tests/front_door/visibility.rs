//! What agents see of calls and tickets: their own, their teams', and those of channels that ring them.

use super::{ask, ids};
use crate::desk::{Agent, Api, Desk};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use strowger::providers::simulator::{Behaviour, Message};

/// A call with a message of a few seconds, once it is kept.
async fn message(desk: &Desk, channel: &crate::desk::Channel) -> Value {
    let behaviour = Behaviour { message: Message::Seconds(4.0), ..Behaviour::default() };
    let caller = desk.call_with(channel, behaviour);
    desk.over(&caller).await;
    desk.call_when(caller.sid(), "has its message", |call| call["voicemail"].is_object()).await
}

fn id(object: &Value) -> &str {
    object["id"].as_str().expect("an id")
}

/// What can be asked of a call and its ticket.
fn addresses(call: &Value) -> [String; 5] {
    let (call, ticket) = (id(call), call["ticket"].as_str().expect("a ticket"));
    [
        format!("calls/{call}"),
        format!("calls/{call}/why"),
        format!("calls/{call}/voicemail"),
        format!("tickets/{ticket}"),
        format!("tickets/{ticket}/why"),
    ]
}

/// They see just these calls and their tickets: in lists, and one by one.
async fn sees(desk: &Desk, who: &Api, name: &str, all: &[&Value], seen: &[&Value]) {
    for list in ["calls", "tickets"] {
        let mut expected: Vec<&str> = match list {
            "calls" => seen.iter().map(|call| id(call)).collect(),
            _ => seen.iter().filter_map(|call| call["ticket"].as_str()).collect(),
        };
        expected.sort_unstable();
        let mut paged = Vec::new();
        let mut after = String::new();
        loop {
            let page = who.get(&format!("{list}?limit=1{after}")).await;
            paged.extend(page["items"].as_array().expect("items").iter().map(|item| id(item).to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        paged.sort_unstable();
        assert_eq!(paged, expected, "{name}: {list}");
    }
    for call in all {
        let expected = if seen.contains(call) { 200 } else { 404 };
        for path in addresses(call) {
            let bearer = format!("Bearer {}", who.token);
            let answer = ask(desk, "GET", &format!("/api/v1/{path}"), Some(&bearer), None).await;
            assert_eq!(answer.status, expected, "{name}: {path}");
            if expected == 404 {
                answer.must_be_problem(404, &path);
            }
        }
        let ticket = format!("tickets/{}", call["ticket"].as_str().expect("a ticket"));
        assert_eq!(
            who.ask(Method::PATCH, &ticket, Some(json!({}))).await.0,
            expected,
            "{name}: PATCH {ticket}"
        );
    }
}

#[tokio::test]
async fn agents_see_what_is_theirs_their_teams_or_of_a_channel_that_rings_them() {
    let desk = Desk::open().await;
    let [routed, main, extra, owner, stranger] =
        desk.agents(["Routed", "Main", "Extra", "Owner", "Stranger"]).await;
    let team = desk.team("Support", &[&main], &[&extra]).await;
    // Nobody has a softphone, so that every caller leaves a message at once.
    let direct = desk.channel_with(json!({ "routing": { "users": ids(&[&routed]) } })).await;
    let by_team = desk.channel_with(json!({ "routing": { "teams": [team] } })).await;
    let nobodys = desk.channel(&[]).await;
    let (a, b, c, d) = tokio::join!(
        message(&desk, &direct),
        message(&desk, &by_team),
        message(&desk, &nobodys),
        message(&desk, &nobodys)
    );
    let ticket = |call: &Value| format!("tickets/{}", call["ticket"].as_str().expect("a ticket"));
    desk.api.patch(&ticket(&c), json!({ "owner": owner.id })).await;
    desk.api.patch(&ticket(&d), json!({ "team": team })).await;

    let all = [&a, &b, &c, &d];
    let of = |agent: &Agent| desk.api.with_token(&agent.token);
    sees(&desk, &desk.api, "an admin", &all, &all).await;
    sees(&desk, &of(&routed), "who is routed", &all, &[&a]).await;
    sees(&desk, &of(&main), "a main member", &all, &[&b, &d]).await;
    // Routing reaches main members only; tickets of the team are everybody's in it.
    sees(&desk, &of(&extra), "an extra member", &all, &[&d]).await;
    sees(&desk, &of(&owner), "the owner", &all, &[&c]).await;
    sees(&desk, &of(&stranger), "a stranger", &all, &[]).await;
    let made = desk.api.post("tokens", json!({ "name": "board", "role": "agent" })).await;
    let program = desk.api.with_token(made["token"].as_str().expect("a secret"));
    sees(&desk, &program, "an agent's token of nobody", &all, &[]).await;

    for agent in [&routed, &main, &extra, &owner] {
        desk.api.patch(&format!("users/{}", agent.id), json!({ "ticket_access": false })).await;
        sees(&desk, &of(agent), &format!("{} without ticket access", agent.name), &all, &[]).await;
    }
    desk.check_books().await;
}

#[tokio::test]
async fn who_took_a_call_sees_it_after_they_left_the_channel() {
    let desk = Desk::open().await;
    let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
    let channel = desk.channel(&[&anna, &ben]).await;
    let mut softphone = desk.softphone(&anna).await;
    let caller = desk.call(&channel);
    let won = softphone.take().await;
    softphone.call_is("talking").await;
    softphone.hang_up(&won);
    let (call, _) = desk.over(&caller).await;
    desk.api.patch(&format!("channels/{}", channel.id), json!({ "routing": { "users": [] } })).await;
    let statuses = async |agent: &Agent| {
        let api = desk.api.with_token(&agent.token);
        let ticket = format!("tickets/{}", call["ticket"].as_str().expect("a ticket"));
        (
            api.ask(Method::GET, &format!("calls/{}", id(&call)), None).await.0,
            api.ask(Method::GET, &ticket, None).await.0,
        )
    };
    assert_eq!(statuses(&anna).await, (200, 200));
    assert_eq!(statuses(&ben).await, (404, 404));
}

#[tokio::test]
async fn a_recording_is_for_those_who_may_hear_it_and_for_no_cache() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let call = message(&desk, &channel).await;
    let path = call["voicemail"]["audio"].as_str().expect("an address");
    assert_eq!(path, format!("/api/v1/calls/{}/voicemail", id(&call)));
    assert_eq!(call["voicemail"]["seconds"], 4);
    let heard = ask(&desk, "GET", path, Some(&format!("Bearer {}", desk.api.token)), None).await;
    assert_eq!((heard.status, &heard.body[..4], &heard.body[8..12]), (200, &b"RIFF"[..], &b"WAVE"[..]));
    for (name, value) in
        [("content-type", "audio/wav"), ("cache-control", "no-store"), ("x-content-type-options", "nosniff")]
    {
        assert_eq!(heard.header(name), value, "{name}");
    }
    ask(&desk, "GET", path, None, None).await.must_be_problem(401, "nobody");
    // Where it is kept is nobody's way to it.
    let kept = std::fs::read_dir(desk.data().join("voicemail"))
        .expect("a folder")
        .next()
        .expect("a file")
        .expect("an entry");
    let name = kept.file_name().into_string().expect("a name");
    for path in
        [format!("/media/{name}"), format!("/voicemail/{name}"), format!("/media/../voicemail/{name}")]
    {
        ask(&desk, "GET", &path, None, None).await.must_be_problem(404, &path);
    }
    assert!(desk.log().contains("a message was listened to"), "listening is noted");
}

#[tokio::test]
async fn a_ticket_changes_hands_only_to_somebody_who_is_there() {
    let desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[]).await;
    let call = message(&desk, &channel).await;
    let path = format!("tickets/{}", call["ticket"].as_str().expect("a ticket"));
    let before = desk.api.get(&path).await;
    for (patch, pointer) in [
        (json!({ "owner": super::NOBODY }), "/owner"),
        (json!({ "owner": "anna" }), "/owner"),
        (json!({ "team": super::NOBODY }), "/team"),
        (json!({ "status": "lost" }), "/status"),
        (json!({ "status": 7 }), "/status"),
        (json!({ "color": "red" }), "/color"),
        (json!({ "owner": anna.id, "team": super::NOBODY }), "/team"),
    ] {
        let (status, problem) = desk.api.ask(Method::PATCH, &path, Some(patch.clone())).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{patch}: {problem}");
        assert_eq!(desk.api.get(&path).await, before, "{patch} changed something");
    }
    let owned = desk.api.patch(&path, json!({ "owner": anna.id, "status": "waiting" })).await;
    assert_eq!(
        (&owned["owner"], &owned["status"], &owned["open"]),
        (&json!(anna.id), &json!("waiting"), &json!(true))
    );
    assert!(owned["assigned_at"].is_string());
    let closed = desk.api.patch(&path, json!({ "status": "closed" })).await;
    assert_eq!(
        (&closed["owner"], &closed["open"]),
        (&json!(anna.id), &json!(false)),
        "what is not named stays"
    );
    assert!(closed["closed_at"].is_string() && closed["closed_on"].is_string());
    let free = desk.api.patch(&path, json!({ "owner": null })).await;
    assert_eq!((&free["owner"], &free["status"]), (&Value::Null, &json!("closed")));
    assert_eq!(desk.api.get(&path).await, free);
}

#[tokio::test]
async fn who_sees_three_of_fifty_thousand_gets_them_in_pages_that_look_at_so_many_and_no_more() {
    let mut desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    desk.stop().await;
    let options = SqliteConnectOptions::new().filename(desk.database());
    let mut store = SqliteConnection::connect_with(&options).await.expect("the store");
    // Two are hers by their ticket and one by the call alone.
    let numbers = "with recursive n(n) as (select 1 union all select n + 1 from n where n < 50000)";
    let ticket = format!(
        "insert into tickets (id, type, status, owner, call, created_ms, closed_ms) {numbers}
        select printf('%032x', n), 'calling', 'closed', case when n in (10, 25000, 49990) then $1 end, printf('%032x', n), n, n
        from n"
    );
    let call = format!(
        "insert into calls (id, channel, provider, provider_call_id, caller, called, state, outcome, agent, ticket, arrived_ms,
        ended_ms) {numbers} select printf('%032x', n), $2, 'main', 'CA' || n, '+43660', '+431', 'ended', 'abandoned',
        case when n = 30000 then $1 end, printf('%032x', n), n, n from n"
    );
    let ticket = sqlx::query(AssertSqlSafe(ticket)).bind(&anna.id);
    ticket.execute(&mut store).await.expect("tickets");
    let call = sqlx::query(AssertSqlSafe(call)).bind(&anna.id).bind(super::NOBODY);
    call.execute(&mut store).await.expect("calls");
    store.close().await.expect("a close");
    desk.start().await;

    let api = desk.api.with_token(&anna.token);
    let id = |number: u32| format!("{number:032x}");
    let tickets = vec![id(49_990), id(25_000), id(10)];
    let calls = vec![id(49_990), id(30_000), id(25_000), id(10)];
    for (path, expected) in [("tickets", &tickets), ("calls", &calls), ("missed_calls", &calls)] {
        for limit in [1, 2, 100] {
            let (mut found, mut pages, mut after) = (Vec::new(), 0, String::new());
            loop {
                let page = api.get(&format!("{path}?limit={limit}{after}")).await;
                let items = page["items"].as_array().expect("items");
                assert!(items.len() <= limit, "{path}");
                found.extend(items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()));
                pages += 1;
                assert!(pages < 20, "{path} never ends");
                match page["next"].as_str() {
                    Some(next) => after = format!("&after={next}"),
                    None => break,
                }
            }
            assert_eq!(&found, expected, "{path} by {limit}");
            assert!(pages >= 10, "{path}: {pages} pages, so that one looked at more than 5,000 rows");
        }
        let page = desk.api.get(&format!("{path}?limit=50")).await;
        assert_eq!(page["items"].as_array().map(Vec::len), Some(50), "who sees all gets whole pages");
    }
    let of_a_caller = api.get("calls?from=%2B43660&limit=5").await;
    assert!(of_a_caller["next"].is_string(), "{of_a_caller}");
}
