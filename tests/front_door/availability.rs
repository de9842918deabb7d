//! Who says whether an agent is there.

use super::ask;
use crate::desk::Desk;
use reqwest::Method;
use serde_json::{Value, json};

async fn set(desk: &Desk, token: &str, agent: &str, to: Value) -> (u16, Value) {
    desk.api.with_token(token).ask(Method::PUT, &format!("users/{agent}/availability"), Some(to)).await
}

#[tokio::test]
async fn admins_and_supervisors_set_anybody_s_agents_their_own_and_the_softphone_hears_of_it() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let supervisor = desk.api.post("tokens", json!({ "name": "Sue", "role": "supervisor" })).await;
    let supervisor = supervisor["token"].as_str().expect("a token").to_owned();
    let mut phone = desk.softphone(&ann).await;
    for (token, reason) in [(&desk.api.token, "training"), (&supervisor, "late"), (&ann.token, "lunch")] {
        let until = "2099-01-01T12:00:00Z";
        let away = json!({ "state": "away", "reason": reason, "until": until });
        let (status, doing) = set(&desk, token, &ann.id, away.clone()).await;
        assert_eq!((status, &doing["availability"], &doing["occupation"]), (200, &away, &json!("free")));
        let frame = phone.next("availability").await;
        assert_eq!(
            (&frame["state"], &frame["reason"], &frame["until"]),
            (&json!("away"), &json!(reason), &json!(until))
        );
    }
    assert_eq!(set(&desk, &ben.token, &ann.id, json!({ "state": "available" })).await.0, 404);
    let path = format!("users/{}/availability", ann.id);
    assert_eq!(desk.api.with_token(&ben.token).ask(Method::GET, &path, None).await.0, 404);
    let doing = desk.api.with_token(&ann.token).get(&path).await;
    assert_eq!((&doing["availability"]["reason"], &doing["connected"]), (&json!("lunch"), &json!(true)));
}

#[tokio::test]
async fn a_return_time_that_passes_makes_them_available_and_tells_them() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let mut phone = desk.softphone(&ann).await;
    let until = (chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now())
        + chrono::TimeDelta::milliseconds(1500))
    .to_rfc3339();
    let away = json!({ "state": "away", "reason": "coffee", "until": until });
    assert_eq!(set(&desk, &ann.token, &ann.id, away).await.0, 200);
    assert_eq!(phone.next("availability").await["state"], "away");
    assert_eq!(phone.next("availability").await["state"], "available");
    let channel = desk.channel(&[&ann]).await;
    let caller = desk.call(&channel);
    phone.next("offer").await;
    caller.hang_up();
}

#[tokio::test]
async fn what_is_no_availability_is_refused() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let bearer = format!("Bearer {}", desk.api.token);
    let long = "x".repeat(201);
    for (body, pointer) in [
        (json!({ "state": "asleep" }), "/state"),
        (json!({ "state": "away", "until": "soon" }), ""),
        (json!({ "state": "away", "reason": long }), "/reason"),
    ] {
        let (status, problem) = set(&desk, &desk.api.token, &ann.id, body.clone()).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{body}: {problem}");
    }
    let nobody = format!("/api/v1/users/{}/availability", "0".repeat(32));
    ask(&desk, "GET", &nobody, Some(&bearer), None).await.must_be_problem(404, "nobody");
}
