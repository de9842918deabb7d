//! Tickets that wait for somebody: routed again, the oldest first, when anything got better that matters to them.

use crate::desk::{Agent, Desk, LOOK_EVERY, PATIENCE};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

/// A channel of another system whose tickets go to these and are routed again.
async fn portal(desk: &Desk, agents: &[&Agent], more: Value) -> String {
    let users: Vec<&str> = agents.iter().map(|agent| &*agent.id).collect();
    let mut channel = json!({
        "kind": "api", "name": "Portal", "reroutes": true,
        "assignment": { "mode": "specific", "users": users, "strategy": "load_balanced" },
    });
    let (fields, more) = (channel.as_object_mut().expect("an object"), more.as_object().expect("an object"));
    fields.extend(more.clone());
    desk.api.create("channels", channel).await
}

async fn ticket(desk: &Desk, channel: &str) -> String {
    let question = json!({ "channel": channel, "subject": "The pump leaks", "text": "Since Monday." });
    desk.api.create("tickets", question).await
}

async fn is(desk: &Desk, agent: &Agent, state: Value) {
    let path = format!("users/{}/availability", agent.id);
    let (status, answer) = desk.api.ask(Method::PUT, &path, Some(state)).await;
    assert_eq!(status, 200, "{answer}");
}

async fn away(desk: &Desk, agent: &Agent) {
    is(desk, agent, json!({ "state": "away" })).await;
}

async fn there(desk: &Desk, agent: &Agent) {
    is(desk, agent, json!({ "state": "available" })).await;
}

/// The ticket, once somebody has it.
async fn given(desk: &Desk, ticket: &str) -> Value {
    let path = format!("tickets/{ticket}");
    let looking = async {
        loop {
            let ticket = desk.api.get(&path).await;
            if !ticket["owner"].is_null() || !ticket["team"].is_null() {
                return ticket;
            }
            sleep(LOOK_EVERY).await;
        }
    };
    timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("nobody gets {ticket}"))
}

/// The line, the first one first: who waits, and the first reason why.
async fn line(desk: &Desk) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let waiting = desk.api.all("tickets/waiting").await;
    waiting.iter().map(|waits| (text(&waits["ticket"]), text(&waits["reasons"][0]["code"]))).collect()
}

fn all(tickets: &[&String], code: &str) -> Vec<(String, String)> {
    tickets.iter().map(|ticket| ((*ticket).clone(), code.to_owned())).collect()
}

#[tokio::test]
async fn who_becomes_available_gets_the_oldest_first_and_a_restart_keeps_the_line() {
    let mut desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    desk.api.patch(&format!("users/{}", ann.id), json!({ "capacity": 2 })).await;
    away(&desk, &ann).await;
    let channel = portal(&desk, &[&ann], json!({})).await;
    let [one, two, three] =
        [ticket(&desk, &channel).await, ticket(&desk, &channel).await, ticket(&desk, &channel).await];
    assert_eq!(line(&desk).await, all(&[&one, &two, &three], "nobody_available"));
    desk.restart().await;
    assert_eq!(line(&desk).await, all(&[&one, &two, &three], "nobody_available"));

    there(&desk, &ann).await;
    for ticket in [&one, &two] {
        assert_eq!(given(&desk, ticket).await["owner"], json!(ann.id));
    }
    let why = desk.api.get(&format!("tickets/{one}/why")).await;
    let events: Vec<&Value> =
        why["decisions"].as_array().expect("decisions").iter().map(|made| &made["event"]).collect();
    assert_eq!(events.last(), Some(&&json!("routed_again")), "{why}");
    let looking = async {
        while line(&desk).await != all(&[&three], "all_at_capacity") {
            sleep(LOOK_EVERY).await;
        }
    };
    timeout(PATIENCE, looking).await.expect("the third waits, as Ann may have two");

    // She has room again.
    desk.api.patch(&format!("tickets/{two}"), json!({ "status": "closed" })).await;
    assert_eq!(given(&desk, &three).await["owner"], json!(ann.id));
    assert_eq!(line(&desk).await, []);
    desk.check_books().await;
}

#[tokio::test]
async fn a_rule_that_is_saved_and_a_channel_that_opens_find_somebody_for_those_that_wait() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    away(&desk, &ann).await;
    let channel = portal(&desk, &[&ann], json!({})).await;
    let path = format!("channels/{channel}");
    let one = ticket(&desk, &channel).await;
    assert_eq!(line(&desk).await, all(&[&one], "nobody_available"));
    desk.api.patch(&path, json!({ "assignment": { "users": [ann.id, ben.id] } })).await;
    assert_eq!(given(&desk, &one).await["owner"], json!(ben.id));

    // While it is closed what waits is not routed, whoever is there; what comes is.
    away(&desk, &ben).await;
    let two = ticket(&desk, &channel).await;
    let closed = json!({ "mode": "schedule", "weekly": {}, "exceptions": [] });
    desk.api.patch(&path, json!({ "hours": closed })).await;
    there(&desk, &ben).await;
    let looking = async {
        while line(&desk).await != all(&[&two], "hours_closed") {
            sleep(LOOK_EVERY).await;
        }
    };
    timeout(PATIENCE, looking).await.expect("it waits for the opening");
    let three = ticket(&desk, &channel).await;
    assert_eq!(desk.api.get(&format!("tickets/{three}")).await["owner"], json!(ben.id));
    desk.api.patch(&path, json!({ "hours": { "mode": "always", "weekly": null, "exceptions": null } })).await;
    assert_eq!(given(&desk, &two).await["owner"], json!(ben.id));
}

#[tokio::test]
async fn only_channels_that_say_so_let_their_tickets_wait_and_whoever_takes_one_ends_its_wait() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    away(&desk, &ann).await;
    let channel = portal(&desk, &[&ann], json!({ "reroutes": false })).await;
    let path = format!("channels/{channel}");
    let [one, two] = [ticket(&desk, &channel).await, ticket(&desk, &channel).await];
    assert_eq!(line(&desk).await, []);
    let waits = async |expected: &[&String]| {
        let looking = async {
            while line(&desk).await != all(expected, "nobody_available") {
                sleep(LOOK_EVERY).await;
            }
        };
        timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("the line is not {expected:?}"));
    };
    // From now on those wait, too, that came before.
    desk.api.patch(&path, json!({ "reroutes": true })).await;
    waits(&[&one, &two]).await;
    desk.api.patch(&format!("tickets/{one}"), json!({ "owner": ann.id })).await;
    waits(&[&two]).await;
    desk.api.patch(&format!("tickets/{two}"), json!({ "status": "closed" })).await;
    waits(&[]).await;
    desk.api.patch(&format!("tickets/{two}"), json!({ "status": "new" })).await;
    waits(&[&two]).await;
    desk.api.patch(&path, json!({ "reroutes": false })).await;
    waits(&[]).await;
    there(&desk, &ann).await;
    assert_eq!(desk.api.get(&format!("tickets/{two}")).await["owner"], Value::Null);
}

#[tokio::test]
async fn whoever_may_not_see_a_ticket_does_not_see_it_wait() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    away(&desk, &ann).await;
    let channel = portal(&desk, &[&ann], json!({})).await;
    let one = ticket(&desk, &channel).await;
    let seen = async |agent: &Agent| desk.api.with_token(&agent.token).all("tickets/waiting").await;
    assert_eq!(seen(&ann).await.len(), 1);
    assert_eq!(seen(&ben).await, [] as [Value; 0]);
    let page = desk.api.get("tickets/waiting?limit=1").await;
    assert_eq!((&page["items"][0]["ticket"], &page["next"]), (&json!(one), &Value::Null));
    let (status, problem) = desk.api.ask(Method::GET, "tickets/waiting?after=x", None).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/after")));
}
