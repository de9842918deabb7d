//! Tickets that come through a channel are given to people as calls are: in turn, over restarts, by the same counts, and
//! each says why.

use super::{ids, whatsapp};
use crate::desk::{Agent, Desk, Wishes};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Row;
use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A channel of the kind `api` that shares out as it is said.
async fn channel(desk: &Desk, assignment: Value) -> String {
    let channel = json!({ "kind": "api", "name": "Shop", "assignment": assignment });
    desk.api.create("channels", channel).await
}

/// Who owns a ticket that comes now.
async fn ticket(desk: &Desk, channel: &str, fields: Value) -> Value {
    let mut ticket = json!({ "channel": channel, "subject": "Help", "text": "It does not work." });
    let fields = fields.as_object().expect("an object").clone();
    ticket.as_object_mut().expect("an object").extend(fields);
    desk.api.post("tickets", ticket).await
}

fn codes(of: &Value) -> Vec<&str> {
    let all = of.as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(|one| one["code"].as_str()).collect()
}

#[tokio::test]
async fn the_turn_goes_on_after_a_restart_and_a_newcomer_joins_the_running_cycle() {
    let mut desk = Desk::open().await;
    let agents = desk.agents(["Ann", "Ben", "Cem"]).await;
    let [ann, ben, cem] = agents.each_ref();
    let users = ids(&[ann, ben, cem]);
    let assignment = json!({ "mode": "specific", "users": users, "strategy": "round_robin" });
    let shop = channel(&desk, assignment).await;
    let next = async |desk: &Desk| ticket(desk, &shop, json!({})).await["owner"].clone();
    let mut owners = vec![next(&desk).await, next(&desk).await];
    desk.restart().await;
    owners.push(next(&desk).await);
    owners.push(next(&desk).await);
    let dag = desk.agent("Dag").await;
    let users = json!({ "assignment": { "users": ids(&[&dag, ann, ben, cem]) } });
    desk.api.patch(&format!("channels/{shop}"), users).await;
    for _ in 0..4 {
        owners.push(next(&desk).await);
    }
    let expected = ids(&[ann, ben, cem, ann, ben, cem, &dag, ann]);
    assert_eq!(json!(owners), json!(expected));
}

#[tokio::test]
async fn a_ticket_says_why_somebody_got_it_and_why_the_others_did_not() {
    let desk = Desk::open().await;
    let [ann, ben, cem] = desk.agents(["Ann", "Ben", "Cem"]).await;
    let skill = desk.api.create("skills", json!({ "name": "Farsi", "kind": "language" })).await;
    let known = json!({ "skills": [{ "skill": skill, "level": 4 }] });
    desk.api.patch(&format!("users/{}", cem.id), known).await;
    let away = json!({ "state": "away", "reason": "lunch" });
    desk.api.ask(Method::PUT, &format!("users/{}/availability", ben.id), Some(away)).await;
    let shop = channel(&desk, json!({ "mode": "specific", "users": ids(&[&ann, &ben, &cem]) })).await;
    let needs = json!([{ "skill": skill, "level": 3, "needed": true, "when": { "property": "language", "equals": "fa" } }]);
    desk.api.patch(&format!("channels/{shop}"), json!({ "skills": needs })).await;
    let given = ticket(&desk, &shop, json!({ "properties": { "language": "fa" } })).await;
    assert_eq!(given["owner"], json!(cem.id));
    let why = desk.api.get(&format!("tickets/{}/why", given["id"].as_str().expect("an id"))).await;
    let decision = &why["decisions"][0];
    assert_eq!(decision["action"], "assign");
    assert_eq!(codes(&decision["reasons"]), ["fewest_open", "skill_needed"]);
    let sentences: Vec<&str> = decision["candidates"]
        .as_array()
        .expect("three")
        .iter()
        .map(|candidate| candidate["sentence"].as_str().unwrap_or("eligible"))
        .collect();
    let expected = [
        "Ann does not know Farsi (level 3 or better).",
        "Ben does not know Farsi (level 3 or better).",
        "eligible",
    ];
    assert_eq!(sentences, expected);
    let plain = ticket(&desk, &shop, json!({})).await;
    assert_eq!(plain["owner"], json!(ann.id), "she holds none, and Ben is away");
    let why = desk.api.get(&format!("tickets/{}/why", plain["id"].as_str().expect("an id"))).await;
    assert_eq!(why["decisions"][0]["candidates"][1]["sentence"], "Ben is away (lunch).");
}

#[tokio::test]
async fn a_team_gets_it_without_an_owner_and_the_owner_of_the_contact_before_others() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let team = desk.team("Night", &[&ann], &[]).await;
    let shop = channel(&desk, json!({ "mode": "teams_only", "teams": [team] })).await;
    let given = ticket(&desk, &shop, json!({})).await;
    assert_eq!((&given["owner"], &given["team"]), (&Value::Null, &json!(team)));
    let contact = json!({ "name": "Vera", "email": "vera@example.org", "owner": ben.id });
    desk.api.create("contacts", contact).await;
    let patch = json!({ "assignment": {
        "mode": "contact_owner", "teams": null, "fallback": { "users": [ann.id] },
    } });
    desk.api.patch(&format!("channels/{shop}"), patch).await;
    let customer = json!({ "customer": { "kind": "email", "value": "vera@example.org" } });
    let given = ticket(&desk, &shop, customer).await;
    assert_eq!((&given["owner"], &given["team"]), (&json!(ben.id), &Value::Null));
    let stranger = json!({ "customer": { "kind": "email", "value": "somebody@example.org" } });
    assert_eq!(ticket(&desk, &shop, stranger).await["owner"], json!(ann.id));
}

/// A month of calls and tickets that are given, handed on, closed and grow old; in the end what the selection counts is
/// what plain SQL counts.
#[tokio::test]
async fn calls_and_tickets_are_counted_by_type_as_the_store_has_them() {
    let mut desk = Desk::open_with(Wishes { config: whatsapp::account(), ..Wishes::default() }).await;
    let agents = desk.agents(["Ann", "Ben", "Cem"]).await;
    let [ann, ben, cem] = agents.each_ref();
    let users = ids(&[ann, ben, cem]);
    let rule = json!({ "users": users, "strategy": "load_balanced" });
    let calling = desk.channel_with(json!({ "name": "Line", "routing": rule })).await;
    let mut assignment = rule.clone();
    assignment["mode"] = json!("specific");
    let shop = channel(&desk, assignment.clone()).await;
    let of_whatsapp = json!({
        "kind": "whatsapp", "name": "WhatsApp", "whatsapp": whatsapp::of_account(), "assignment": assignment,
    });
    let written = desk.api.create("channels", of_whatsapp).await;
    let mut chance = 20_261_121_u64;
    let mut draw = |below: u64| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (chance >> 33) % below
    };
    for week in 0..4 {
        let mut softphone = desk.softphone(&agents[usize::try_from(draw(3)).expect("small")]).await;
        let caller = desk.call(&calling);
        softphone.take().await;
        softphone.call_is("talking").await;
        caller.hang_up();
        desk.over(&caller).await;
        drop(softphone);
        for turn in 0..18 {
            let made = match turn % 3 {
                0 => {
                    whatsapp::stranger_writes(&desk, &format!("4366012345{week}{turn:02}")).await;
                    desk.api.get("tickets?limit=1").await["items"][0].clone()
                }
                _ => ticket(&desk, &shop, json!({})).await,
            };
            let expected = if turn % 3 == 0 { "messages" } else { "email_other" };
            assert_eq!(made["type"], expected);
            let at = format!("tickets/{}", made["id"].as_str().expect("an id"));
            let other = agents[usize::try_from(draw(3)).expect("small")].id.clone();
            match draw(9) {
                0 => drop(desk.api.patch(&at, json!({ "owner": other })).await),
                1 => drop(desk.api.patch(&at, json!({ "owner": null })).await),
                2 => drop(desk.api.patch(&at, json!({ "status": "closed" })).await),
                3 => {
                    desk.api.patch(&at, json!({ "status": "closed" })).await;
                    desk.api.patch(&at, json!({ "status": "waiting" })).await;
                }
                4 => drop(
                    desk.api
                        .post(&format!("{at}/messages"), json!({ "text": "Done", "status": "closed" }))
                        .await,
                ),
                // They answer what was closed.
                5 if turn % 3 != 0 => {
                    desk.api.patch(&at, json!({ "status": "closed" })).await;
                    let answer = json!({ "text": "No!", "by_customer": true });
                    desk.api.post(&format!("{at}/messages"), answer).await;
                }
                _ => {}
            }
        }
        check_counts(&desk, &agents, [&calling.id, &shop, &written]).await;
        if week < 3 {
            desk.stop().await;
            // Eleven days go by: what was given in the first week is too old at the end.
            let mut store = desk.store().await;
            let older =
                "update tickets set assigned_ms = assigned_ms - 11 * 86400000 where assigned_ms is not null";
            sqlx::query(older).execute(&mut store).await.expect("it is written");
            drop(store);
            desk.start().await;
        }
    }
}

/// `channels`: of calls, of mail and the like, and of messages.
async fn check_counts(desk: &Desk, agents: &[Agent], channels: [&str; 3]) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let since = now - Duration::from_secs(30 * 86_400);
    let sql = "select owner, type, count(*) as open from tickets
        where owner is not null and closed_ms is null and assigned_ms >= $1 group by owner, type";
    let mut store = desk.store().await;
    let rows = sqlx::query(sql)
        .bind(i64::try_from(since.as_millis()).expect("small"))
        .fetch_all(&mut store)
        .await
        .expect("rows");
    let counted: BTreeMap<(String, String), i64> =
        rows.iter().map(|row| ((row.get("owner"), row.get("type")), row.get("open"))).collect();
    for (channel, kind) in channels.into_iter().zip(["calling", "email_other", "messages"]) {
        let preview = desk.api.post("preview", json!({ "channel": channel })).await;
        for candidate in preview["candidates"].as_array().expect("candidates") {
            let user = candidate["user"].as_str().expect("an id");
            let agent = agents.iter().find(|agent| agent.id == user).expect("one of ours");
            let expected = counted.get(&(agent.id.clone(), kind.to_owned())).copied().unwrap_or(0);
            assert_eq!(candidate["load"], expected, "{kind} of {user}");
        }
    }
}
