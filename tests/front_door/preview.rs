//! What a call would meet, asked before it comes: now, at an instant, through a week.

use super::{ask, ids};
use crate::desk::{Agent, Desk, Softphone};
use reqwest::Method;
use serde_json::{Value, json};

fn users(agents: &[&Agent]) -> Vec<String> {
    agents.iter().map(|agent| agent.id.clone()).collect()
}

async fn preview(desk: &Desk, question: Value) -> Value {
    let (status, answer) = desk.api.ask(Method::POST, "preview", Some(question)).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

fn codes(answer: &Value, list: &str, field: &str) -> Vec<String> {
    let items = answer[list].as_array().expect("a list");
    items.iter().map(|item| item[field].as_str().unwrap_or("none").to_owned()).collect()
}

#[tokio::test]
async fn now_counts_everybody_as_they_are_and_another_instant_counts_schedules_alone() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let channel = desk.channel(&[&ann, &ben]).await;
    let phone: Softphone = desk.softphone(&ann).await;
    let now = preview(&desk, json!({ "channel": channel.id })).await;
    assert_eq!((&now["action"], &now["ring"]), (&json!("ring"), &json!(users(&[&ann]))));
    assert_eq!(codes(&now, "candidates", "objection"), ["none", "not_connected"]);
    assert_eq!(codes(&now, "reasons", "code"), ["rings_all", "hours_open"]);
    assert_eq!(now["candidates"][1]["sentence"], "Ben has no softphone connected.");
    phone.availability("away");
    let at = json!({ "channel": channel.id, "at": "2030-01-01T12:00:00Z", "from": "+43660123" });
    let then = preview(&desk, at).await;
    assert_eq!((&then["at"], &then["ring"]), (&json!("2030-01-01T12:00:00Z"), &json!(users(&[&ann, &ben]))));
    assert_eq!(then["hours"], json!({ "open": true, "rule": "always", "next_change": null }));
    assert!(desk.api.all("calls").await.is_empty() && desk.api.all("tickets").await.is_empty());
}

#[tokio::test]
async fn a_closed_channel_and_an_empty_one_say_so_in_the_readers_language() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let hours = json!({ "mode": "schedule", "weekly": { "mon": [["09:00", "17:00"]] } });
    let channel = desk
        .channel_with(
            json!({ "hours": hours, "time_zone": "Europe/Oslo", "routing": { "users": ids(&[&ann]) } }),
        )
        .await;
    let empty = desk.channel(&[]).await;
    let tuesday = json!({ "channel": channel.id, "at": "2026-06-02T08:00:00Z" });
    let closed = preview(&desk, tuesday.clone()).await;
    assert_eq!((&closed["action"], &closed["ring"]), (&json!("after_hours"), &json!([])));
    assert_eq!(closed["hours"]["next_change"], "2026-06-08T07:00:00Z");
    assert_eq!(
        closed["reasons"][0]["sentence"],
        "The channel is closed by its weekly hours; it opens at 2026-06-08 09:00."
    );
    let client = reqwest::Client::new();
    let response = client
        .post(format!("{}/api/v1/preview", desk.api.address))
        .bearer_auth(&desk.api.token)
        .header("accept-language", "nb-NO,en;q=0.5")
        .json(&tuesday)
        .send()
        .await
        .expect("an answer");
    let norwegian: Value = response.json().await.expect("JSON");
    assert_eq!(
        norwegian["reasons"][0]["sentence"],
        "Kanalen er stengt etter de ukentlige tidene; den åpner 08.06.2026 09:00."
    );
    let nobody = preview(&desk, json!({ "channel": empty.id })).await;
    assert_eq!(nobody["action"], "unanswered");
    assert_eq!(nobody["reasons"][0]["code"], "nobody_selected");
}

#[tokio::test]
async fn a_week_is_covered_in_spans_without_a_gap_and_its_holes_are_told() {
    let desk = Desk::open().await;
    let ann = desk
        .agent_with(
            "Ann",
            json!({
                "name": "Ann", "email": "ann@example.org", "seats": ["service"], "time_zone": "Europe/Vienna",
                "working_hours": { "mon": [["09:00", "17:00"]] },
            }),
        )
        .await;
    let hours = json!({ "mode": "schedule", "weekly": { "mon": [["08:00", "17:00"]] } });
    let channel = desk
        .channel_with(
            json!({ "hours": hours, "time_zone": "Europe/Vienna", "routing": { "users": ids(&[&ann]) } }),
        )
        .await;
    let path = format!("coverage?channel={}&from=2026-06-01T00:07:00Z", channel.id);
    let week = desk.api.get(&path).await;
    assert_eq!(week["step_seconds"], 900);
    let spans: Vec<(&str, &str, &str, bool)> = week["spans"]
        .as_array()
        .expect("spans")
        .iter()
        .map(|span| {
            let text = |field: &str| span[field].as_str().expect("text");
            (text("from"), text("until"), text("action"), span["hole"] == true)
        })
        .collect();
    assert_eq!(
        spans,
        [
            ("2026-06-01T00:00:00Z", "2026-06-01T06:00:00Z", "after_hours", false),
            ("2026-06-01T06:00:00Z", "2026-06-01T07:00:00Z", "unanswered", true),
            ("2026-06-01T07:00:00Z", "2026-06-01T15:00:00Z", "ring", false),
            ("2026-06-01T15:00:00Z", "2026-06-08T00:00:00Z", "after_hours", false),
        ]
    );
    let hole = &week["spans"][1]["candidates"][0];
    assert_eq!((&hole["objection"], &hole["user"]), (&json!("outside_working_hours"), &json!(ann.id)));
}

#[tokio::test]
async fn a_question_that_can_not_be_answered_says_where_it_is_wrong() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let channel = desk.channel(&[&ann]).await;
    let table = [
        (json!({}), ""),
        (json!({ "channel": ann.id }), "/channel"),
        (json!({ "channel": channel.id, "at": "yesterday" }), "/at"),
        (json!({ "channel": channel.id, "when": "now" }), "/when"),
    ];
    for (question, pointer) in table {
        let (status, problem) = desk.api.ask(Method::POST, "preview", Some(question.clone())).await;
        assert_eq!(
            (status, &problem["errors"][0]["pointer"]),
            (422, &json!(pointer)),
            "{question}: {problem}"
        );
    }
    let bearer = format!("Bearer {}", desk.api.token);
    let stranger = format!("Bearer {}", ann.token);
    let coverage = |query: &str| format!("/api/v1/coverage?{query}");
    let week = coverage(&format!("channel={}", channel.id));
    for (path, authorization, status) in [
        (coverage("channel=nothing"), &bearer, 400),
        (coverage(&format!("channel={}", ann.id)), &bearer, 404),
        (format!("{week}&from=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z"), &bearer, 422),
        (format!("{week}&from=2026-01-01T00:00:00Z&until=2026-03-01T00:00:00Z"), &bearer, 422),
        (week.clone(), &stranger, 403),
    ] {
        ask(&desk, "GET", &path, Some(authorization), None).await.must_be_problem(status, &path);
    }
    // Where a step would lead beyond the last instant that there is.
    let last = format!("{week}&from=%2B262142-12-31T23:00:00Z&until=%2B262142-12-31T23:59:59Z");
    let last = ask(&desk, "GET", &last, Some(&bearer), None).await;
    assert_eq!(last.status, 200);
}

fn warned(saved: &Value) -> Vec<String> {
    let warnings = saved["warnings"].as_array().cloned().unwrap_or_default();
    warnings.iter().map(|warning| warning["code"].as_str().expect("a code").to_owned()).collect()
}

#[tokio::test]
async fn saving_says_what_will_surprise_in_the_reader_s_language_and_can_be_sent_back() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let text = json!({ "text": "Hello", "language": "en-US" });
    let greetings = json!({ "unanswered": text, "after_hours": text });
    let routing = json!({ "users": ids(&[&ann, &ben]) });
    let channel = json!({
        "kind": "calling", "name": "Sales", "provider": "main", "number": "+4311", "greetings": greetings,
        "routing": routing,
    });
    let saved = desk.api.post("channels", channel).await;
    assert_eq!(saved.get("warnings"), None, "a sane channel");
    let channel = format!("channels/{}", saved["id"].as_str().expect("an id"));
    let away = desk.api.patch(&format!("users/{}", ben.id), json!({ "ticket_access": false })).await;
    assert_eq!(warned(&away), ["no_ticket_access"], "what the change brought for the channel that rings him");
    assert_eq!(away["warnings"][0]["channel"], saved["id"]);
    let again = desk.api.patch(&format!("users/{}", ben.id), json!({ "name": "Benno" })).await;
    assert_eq!(warned(&again), [""; 0], "that was so before");

    let response = reqwest::Client::new()
        .patch(format!("{}/api/v1/{channel}", desk.api.address))
        .bearer_auth(&desk.api.token)
        .header("accept-language", "de")
        .json(&json!({ "greetings": { "unanswered": null } }))
        .send()
        .await
        .expect("an answer");
    let saved: Value = response.json().await.expect("JSON");
    assert_eq!(warned(&saved), ["no_ticket_access", "no_message"], "{saved}");
    assert_eq!(
        saved["warnings"][0]["sentence"],
        "Benno hat keinen Zugriff auf Tickets und wird nie angerufen."
    );
    let shown = desk.api.get(&format!("{channel}/warnings")).await;
    assert_eq!(warned(&shown), ["no_ticket_access", "no_message"]);
    let mut whole = saved.clone();
    whole.as_object_mut().expect("an object").remove("id");
    let (status, _) = desk.api.ask(Method::PATCH, &channel, Some(whole)).await;
    assert_eq!(status, 200, "what was answered can be sent back");
}

#[tokio::test]
async fn a_draft_is_previewed_as_it_would_be_saved_and_is_not_saved() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let channel = desk.channel(&[&ann]).await;
    let before = desk.api.get(&format!("channels/{}", channel.id)).await;
    let at = "2026-06-02T08:00:00Z";
    let ask = |draft: Value| json!({ "channel": channel.id, "at": at, "draft": draft });
    let both = json!({ "routing": { "users": users(&[&ann, &ben]) } });
    assert_eq!(preview(&desk, ask(both.clone())).await["ring"], json!(users(&[&ann, &ben])));
    let now = preview(&desk, json!({ "channel": channel.id, "draft": both })).await;
    assert_eq!(codes(&now, "candidates", "objection"), ["not_connected", "not_connected"]);
    let closed = json!({ "hours": { "mode": "schedule", "weekly": {} } });
    let answer = preview(&desk, ask(closed)).await;
    assert_eq!((&answer["action"], &answer["hours"]["open"]), (&json!("after_hours"), &json!(false)));
    for (draft, pointer) in [
        (json!({ "name": "" }), "/draft/name"),
        (
            json!({ "hours": { "mode": "schedule", "weekly": { "mon": [["9", "10"]] } } }),
            "/draft/hours/weekly/mon/0/0",
        ),
        (json!({ "routing": { "users": [channel.id] } }), "/draft/routing/users/0"),
    ] {
        let (status, answer) = desk.api.ask(Method::POST, "preview", Some(ask(draft))).await;
        assert_eq!((status, &answer["errors"][0]["pointer"]), (422, &json!(pointer)));
    }
    assert_eq!(
        preview(&desk, json!({ "channel": channel.id, "at": at })).await["ring"],
        json!(users(&[&ann]))
    );
    assert_eq!(desk.api.get(&format!("channels/{}", channel.id)).await, before);
}

#[tokio::test]
async fn the_holidays_of_a_region_are_known() {
    let desk = Desk::open().await;
    let known = desk.api.get("holidays?region=DE-SN&year=2026").await;
    assert_eq!((known["year"].clone(), known["days"].as_array().map(Vec::len)), (json!(2026), Some(11)));
    assert_eq!(known["days"][9], json!({ "date": "2026-12-25", "name": "1. Weihnachtstag" }));
    let regions = desk.api.get("holidays").await;
    assert_eq!(regions["days"], json!([]));
    assert!(
        regions["regions"]
            .as_array()
            .is_some_and(|all| all.contains(&json!({ "code": "NO", "name": "Norge" })))
    );
    for (query, pointer) in
        [("region=XX", "/region"), ("year=1800", "/year"), ("year=2101&region=AT", "/year")]
    {
        let (status, answer) = desk.api.ask(Method::GET, &format!("holidays?{query}"), None).await;
        assert_eq!((status, &answer["errors"][0]["pointer"]), (422, &json!(pointer)), "{query}");
    }
    assert_eq!(desk.api.ask(Method::GET, "holidays?year=soon", None).await.0, 400);
}
