//! A stretch of time under a proposed rule: who would have got what, beside what happened.

use super::{
    browser::{signed_in, signed_in_as},
    ids,
};
use crate::desk::{Agent, Desk};
use reqwest::Method;
use serde_json::{Value, json};

async fn replay(desk: &Desk, channel: &str, draft: Value) -> Value {
    let question = json!({ "channel": channel, "from": an_hour_ago(), "draft": draft });
    let (status, answer) = desk.api.ask(Method::POST, "replay", Some(question)).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

fn an_hour_ago() -> String {
    let now = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now());
    (now - chrono::TimeDelta::hours(1)).to_rfc3339()
}

fn share(answer: &Value, agent: &Agent) -> (u64, u64) {
    let users = answer["users"].as_array().expect("a list");
    let own = users.iter().find(|user| user["user"] == json!(agent.id));
    own.map_or((0, 0), |own| (own["happened"].as_u64().expect("n"), own["instead"].as_u64().expect("n")))
}

#[tokio::test]
async fn tickets_are_shared_out_again_with_the_loads_that_would_have_been() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let assignment = json!({ "mode": "specific", "users": ids(&[&ann]), "strategy": "load_balanced" });
    let channel = json!({ "kind": "api", "name": "Shop", "assignment": assignment });
    let channel = desk.api.post("channels", channel).await;
    let channel = channel["id"].as_str().expect("an id");
    let mut made = Vec::new();
    for n in 0..4 {
        let customer = json!({ "kind": "email", "value": format!("c{n}@example.org") });
        let form =
            json!({ "channel": channel, "subject": "A pump", "text": "It leaks", "customer": customer });
        let ticket = desk.api.post("tickets", form).await;
        assert_eq!(ticket["owner"], json!(ann.id), "{ticket}");
        made.push(ticket["id"].clone());
    }
    let as_it_is = replay(&desk, channel, json!({})).await;
    assert_eq!((&as_it_is["tickets"], &as_it_is["different"]), (&json!(4), &json!(0)), "{as_it_is}");
    assert_eq!(share(&as_it_is, &ann), (4, 4));

    let both = json!({ "assignment": { "users": ids(&[&ann, &ben]) } });
    let shared = replay(&desk, channel, both).await;
    assert_eq!((share(&shared, &ann), share(&shared, &ben)), ((4, 2), (0, 2)), "{shared}");
    let second = &shared["first_different"][0];
    assert_eq!(second["ticket"], made[1]);
    assert_eq!(second["happened"], json!({ "owner": ann.id, "team": null }));
    assert_eq!(second["instead"], json!({ "kind": "user", "users": [ben.id], "team": null }));
    assert_eq!(second["reasons"][0]["code"], "fewest_open");

    let nobody = replay(&desk, channel, json!({ "assignment": { "mode": "nobody", "users": [] } })).await;
    assert_eq!(nobody["nobody"], json!({ "happened": 0, "instead": 4 }));
    let tickets = desk.api.all("tickets").await;
    assert!(tickets.iter().all(|ticket| ticket["owner"] == json!(ann.id)), "nothing was changed by asking");
}

#[tokio::test]
async fn calls_ring_those_who_were_there_then() {
    let desk = Desk::open().await;
    let ([ann], channel, [mut phone]) = desk.staffed(["Ann"]).await;
    let ben = desk.agent("Ben").await;
    let caller = desk.call(&channel);
    phone.take().await;
    let talking = phone.call_is("talking").await;
    phone.hang_up(&talking);
    desk.over(&caller).await;
    let wanted =
        |users: Vec<String>, strategy| json!({ "routing": { "users": users, "strategy": strategy } });
    let same = replay(&desk, &channel.id, wanted(ids(&[&ann, &ben]), "simultaneous")).await;
    assert_eq!((&same["tickets"], &same["different"]), (&json!(1), &json!(0)), "{same}");
    let absent = replay(&desk, &channel.id, wanted(ids(&[&ben]), "round_robin")).await;
    assert_eq!(absent["nobody"], json!({ "happened": 0, "instead": 1 }), "{absent}");
    assert_eq!(absent["first_different"][0]["reasons"][0]["code"], "nobody_available");
    let alone = replay(&desk, &channel.id, wanted(ids(&[&ben, &ann]), "round_robin")).await;
    assert_eq!(share(&alone, &ann), (1, 1), "{alone}");
}

#[tokio::test]
async fn a_bad_question_is_told_what_is_wrong_with_it() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let channel = desk.channel(&[&ann]).await;
    let (from, strange) = (an_hour_ago(), "0".repeat(32));
    for (question, pointer) in [
        (json!({ "channel": strange, "from": from }), "/channel"),
        (json!({ "channel": channel.id, "from": "2020-01-01T00:00:00Z" }), "/until"),
        (json!({ "channel": channel.id, "from": from, "until": "2020-01-01T00:00:00Z" }), "/until"),
        (
            json!({ "channel": channel.id, "from": from, "draft": { "routing": { "users": [strange] } } }),
            "/draft/routing/users/0",
        ),
    ] {
        let (status, problem) = desk.api.ask(Method::POST, "replay", Some(question.clone())).await;
        assert_eq!(
            (status, &problem["errors"][0]["pointer"]),
            (422, &json!(pointer)),
            "{question} {problem}"
        );
    }
}

#[tokio::test]
async fn an_admin_sees_on_a_page_who_would_have_got_what() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    desk.api.patch(&format!("users/{}", ben.id), json!({ "name": "Ben <b>" })).await;
    let assignment = json!({ "mode": "specific", "users": ids(&[&ann]), "strategy": "load_balanced" });
    let channel = json!({ "kind": "api", "name": "Shop", "assignment": assignment });
    let channel = desk.api.create("channels", channel).await;
    for n in 0..2 {
        let customer = json!({ "kind": "email", "value": format!("c{n}@example.org") });
        desk.api
            .post("tickets", json!({ "channel": channel, "text": "It leaks", "customer": customer }))
            .await;
    }
    let browser = signed_in_as(&desk, "Adm", "admin").await;
    let rule = browser.get(&format!("/replay?channel={channel}")).await;
    assert_eq!(rule.status, 200);
    assert!(
        rule.text().contains(&format!("value=\"{}\" checked", ann.id)),
        "the saved rule: {}",
        rule.text()
    );
    let users = format!("users={}&users={}", ann.id, ben.id);
    let asked = format!("/replay?channel={channel}&days=1&strategy=round_robin&play=1&{users}");
    let page = browser.get(&asked).await;
    let page = page.text();
    assert!(page.contains("1 of 2 would have gone elsewhere."), "{page}");
    assert!(page.contains("Ben &#60;b&#62;") && !page.contains("Ben <b>"), "{page}");
    assert_eq!(signed_in(&desk, &ann.id).await.get("/replay").await.status, 403);
}
