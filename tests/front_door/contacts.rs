//! Contacts through the API: who may keep them, what is refused, and where their names are shown.

use super::NOBODY;
use crate::desk::{Api, Desk};
use reqwest::Method;
use serde_json::{Value, json};

async fn as_somebody(desk: &Desk, role: &str, user: Option<&str>) -> Api {
    let token = desk.api.post("tokens", json!({ "name": role, "role": role, "user": user })).await;
    Api::new(&desk.api.address, token["token"].as_str().expect("a secret"))
}

#[tokio::test]
async fn a_contact_is_made_read_changed_and_deleted() {
    let desk = Desk::open().await;
    let owner = desk.agent("Ann").await;
    let contact = json!({
        "name": "Vera Kunz", "numbers": ["+4366011111", "+4366022222"], "email": "vera@example.org",
        "other_emails": ["vk@home.test"], "visitors": [], "tracked": false,
        "notes": "Calls about\nthe pump.", "owner": owner.id, "blocked": "message", "priority": 9,
    });
    let made = desk.api.post("contacts", contact.clone()).await;
    let id = made["id"].as_str().expect("an id").to_owned();
    let with_id = |mut contact: Value| {
        contact["id"] = json!(id);
        contact
    };
    assert_eq!(made, with_id(contact.clone()));
    assert_eq!(desk.api.get(&format!("contacts/{id}")).await, made);
    let patch = json!({ "blocked": null, "email": null, "numbers": ["+4366033333"], "priority": 0 });
    let changed = desk.api.patch(&format!("contacts/{id}"), patch).await;
    let expected = json!({
        "name": "Vera Kunz", "numbers": ["+4366033333"], "email": null, "notes": "Calls about\nthe pump.",
        "other_emails": ["vk@home.test"], "visitors": [], "tracked": false,
        "owner": owner.id, "blocked": null, "priority": 0,
    });
    assert_eq!(changed, with_id(expected));
    let deleted = desk.api.ask(Method::DELETE, &format!("contacts/{id}"), None).await;
    assert_eq!(deleted.0, 204);
    assert_eq!(desk.api.ask(Method::GET, &format!("contacts/{id}"), None).await.0, 404);
    let again = desk.api.ask(Method::DELETE, &format!("contacts/{id}"), None).await;
    assert_eq!(again.0, 404);
    desk.api.create("contacts", json!({ "name": "Vera", "numbers": ["+4366033333"] })).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_contact_is_named_and_nothing_is_saved() {
    let desk = Desk::open().await;
    let vera = json!({ "name": "Vera", "numbers": ["+4366011111"], "email": "vera@example.org" });
    let taken = desk.api.create("contacts", vera).await;
    let addresses: Vec<String> = (0..51).map(|n| format!("v{n}@home.test")).collect();
    let many: Vec<String> = (0..51).map(|n| format!("+43660{n:05}")).collect();
    let table = [
        (json!({}), 422, ""),
        (json!({ "name": " " }), 422, "/name"),
        (json!({ "name": "a\u{0}b" }), 422, "/name"),
        (json!({ "name": "x".repeat(201) }), 422, "/name"),
        (json!({ "name": 5 }), 422, "/name"),
        (json!({ "name": "V", "numbers": "+431234567" }), 422, "/numbers"),
        (json!({ "name": "V", "numbers": ["+431234567", "0660123"] }), 422, "/numbers/1"),
        (json!({ "name": "V", "numbers": ["+0660123"] }), 422, "/numbers/0"),
        (json!({ "name": "V", "numbers": ["+43 660 123"] }), 422, "/numbers/0"),
        (json!({ "name": "V", "numbers": ["+1234567890123456"] }), 422, "/numbers/0"),
        (json!({ "name": "V", "numbers": ["+٤٣٦٦٠"] }), 422, "/numbers/0"),
        (json!({ "name": "V", "numbers": ["+266696687"] }), 422, "/numbers/0"),
        (json!({ "name": "V", "numbers": ["+431234567", "+431234567"] }), 422, "/numbers/1"),
        (json!({ "name": "V", "numbers": many }), 422, "/numbers"),
        (json!({ "name": "V", "numbers": ["+437777777", "+4366011111"] }), 409, "/numbers/1"),
        (json!({ "name": "V", "email": "nowhere" }), 422, "/email"),
        (json!({ "name": "V", "email": "Vera@Example.org" }), 409, "/email"),
        (json!({ "name": "V", "other_emails": ["v@home.test", "nowhere"] }), 422, "/other_emails/1"),
        (json!({ "name": "V", "other_emails": ["v@home.test", "V@home.test"] }), 422, "/other_emails/1"),
        (
            json!({ "name": "V", "email": "v@home.test", "other_emails": ["V@home.test"] }),
            422,
            "/other_emails/0",
        ),
        (json!({ "name": "V", "other_emails": ["v@home.test", "vera@example.org"] }), 409, "/other_emails/1"),
        (json!({ "name": "V", "other_emails": addresses }), 422, "/other_emails"),
        (
            json!({ "name": "V", "visitors": [{ "channel": NOBODY, "visitor": "7" }] }),
            422,
            "/visitors/0/channel",
        ),
        (
            json!({ "name": "V", "visitors": [{ "channel": NOBODY, "visitor": "" }] }),
            422,
            "/visitors/0/visitor",
        ),
        (
            json!({ "name": "V", "visitors": [{ "channel": NOBODY, "visitor": "a\nb" }] }),
            422,
            "/visitors/0/visitor",
        ),
        (json!({ "name": "V", "visitors": [{ "channel": NOBODY }] }), 422, "/visitors/0"),
        (json!({ "name": "V", "tracked": "yes" }), 422, "/tracked"),
        (json!({ "name": "V", "notes": "x".repeat(10_001) }), 422, "/notes"),
        (json!({ "name": "V", "owner": NOBODY }), 422, "/owner"),
        (json!({ "name": "V", "owner": "Ann" }), 422, "/owner"),
        (json!({ "name": "V", "blocked": "never" }), 422, "/blocked"),
        (json!({ "name": "V", "priority": 10 }), 422, "/priority"),
        (json!({ "name": "V", "priority": -1 }), 422, "/priority"),
        (json!({ "name": "V", "priority": 1.5 }), 422, "/priority"),
        (json!({ "name": "V", "number": "+431" }), 422, "/number"),
    ];
    for (contact, status, pointer) in table {
        let (found, body) = desk.api.ask(Method::POST, "contacts", Some(contact.clone())).await;
        assert_eq!(found, status, "{contact}: {body}");
        assert_eq!(body["errors"][0]["pointer"], pointer, "{contact}: {body}");
    }
    assert_eq!(desk.api.all("contacts").await.len(), 1);
    let other = desk.api.create("contacts", json!({ "name": "Uwe" })).await;
    let patch = json!({ "numbers": ["+4366011111"] });
    let (status, _) = desk.api.ask(Method::PATCH, &format!("contacts/{other}"), Some(patch.clone())).await;
    assert_eq!(status, 409, "a change takes no number away from another contact");
    let (status, _) = desk.api.ask(Method::PATCH, &format!("contacts/{taken}"), Some(patch)).await;
    assert_eq!(status, 200, "a contact may keep its own number");
}

#[tokio::test]
async fn two_contacts_become_one_and_what_they_were_stays_in_the_audit_log() {
    let mut desk = Desk::open().await;
    let vera = json!({ "name": "Vera Kunz", "numbers": ["+4366011111"], "notes": "Pump" });
    let vera = desk.api.post("contacts", vera).await;
    let other = json!({ "name": "vk", "numbers": ["+4366022222"], "email": "vk@home.test", "priority": 4 });
    let other = desk.api.post("contacts", other).await;
    let (into, from) = (vera["id"].as_str().expect("an id"), other["id"].as_str().expect("an id"));
    let merge = format!("contacts/{into}/merge");
    for (body, status, pointer) in [
        (json!({}), 422, ""),
        (json!({ "from": "vk" }), 422, "/from"),
        (json!({ "from": NOBODY }), 422, "/from"),
        (json!({ "from": into }), 422, "/from"),
        (json!({ "from": from, "keep": true }), 422, "/keep"),
    ] {
        let (found, answer) = desk.api.ask(Method::POST, &merge, Some(body.clone())).await;
        assert_eq!((found, &answer["errors"][0]["pointer"]), (status, &json!(pointer)), "{body}: {answer}");
    }
    let of_nobody = format!("contacts/{NOBODY}/merge");
    assert_eq!(desk.api.ask(Method::POST, &of_nobody, Some(json!({ "from": from }))).await.0, 404);

    let (status, merged) = desk.api.ask(Method::POST, &merge, Some(json!({ "from": from }))).await;
    assert_eq!(status, 200, "{merged}");
    let expected = json!({
        "id": into, "name": "Vera Kunz", "numbers": ["+4366011111", "+4366022222"], "email": "vk@home.test",
        "other_emails": [], "visitors": [], "notes": "Pump", "owner": null, "tracked": true, "blocked": null,
        "priority": 4,
    });
    assert_eq!(merged, expected);
    desk.restart().await;
    assert_eq!(desk.api.get(&format!("contacts/{into}")).await, expected);
    assert_eq!(desk.api.ask(Method::GET, &format!("contacts/{from}"), None).await.0, 404);
    assert_eq!(desk.api.ask(Method::POST, &merge, Some(json!({ "from": from }))).await.0, 422, "it is gone");
    let audit = desk.api.get(&format!("audit?subject={from}")).await;
    assert_eq!((&audit["items"][0]["action"], &audit["items"][0]["before"]), (&json!("merged"), &other));
    let audit = desk.api.get(&format!("audit?subject={into}")).await;
    assert_eq!((&audit["items"][0]["action"], &audit["items"][0]["after"]), (&json!("changed"), &expected));
}

#[tokio::test]
async fn supervisors_keep_contacts_and_agents_read_their_own() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let supervisor = as_somebody(&desk, "supervisor", None).await;
    let id = supervisor.create("contacts", json!({ "name": "Vera", "owner": ann.id })).await;
    supervisor.patch(&format!("contacts/{id}"), json!({ "priority": 3 })).await;
    let path = format!("contacts/{id}");
    let (ann, ben) = (Api::new(&desk.api.address, &ann.token), Api::new(&desk.api.address, &ben.token));
    assert_eq!(ann.ask(Method::GET, &path, None).await.0, 200);
    assert_eq!(ben.ask(Method::GET, &path, None).await.0, 404);
    let nobody = as_somebody(&desk, "agent", None).await;
    assert_eq!(nobody.ask(Method::GET, &path, None).await.0, 404);
    for api in [&ann, &ben, &nobody] {
        let refused = [
            api.ask(Method::POST, "contacts", Some(json!({ "name": "X" }))).await.0,
            api.ask(Method::PATCH, &path, Some(json!({ "owner": null }))).await.0,
            api.ask(Method::DELETE, &path, None).await.0,
        ];
        assert_eq!(refused, [403; 3]);
    }
    let seen = [
        ann.all("contacts").await.len(),
        ben.all("contacts").await.len(),
        nobody.all("contacts").await.len(),
    ];
    assert_eq!(seen, [1, 0, 0]);
    let stranger = Api::new(&desk.api.address, "strowger_nobody");
    assert_eq!(stranger.ask(Method::GET, &path, None).await.0, 401);
}

#[tokio::test]
async fn the_name_of_who_calls_is_in_the_offer_the_welcome_and_the_call_and_outlives_a_restart() {
    let mut desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let channel = desk.channel(&[&ann]).await;
    let mut incoming = desk.incoming(&channel);
    incoming.from = "+4366011111".into();
    let vera = desk.api.create("contacts", json!({ "name": "Vera", "numbers": ["+4366011111"] })).await;
    desk.restart().await;
    let mut softphone = desk.softphone(&ann).await;
    let caller = desk.company.place(incoming.clone());
    let known = json!({ "id": vera, "name": "Vera" });
    let offer = softphone.next("offer").await;
    assert_eq!((&offer["contact"], &offer["from"]), (&known, &json!("+4366011111")));
    let mut other = crate::desk::Softphone::connect(&desk.api.address, &ann.token).await;
    assert_eq!(other.next("welcome").await["offers"][0]["contact"], known);
    caller.hang_up();
    let (call, _) = desk.over(&caller).await;
    assert_eq!(call["contact"], known);

    incoming.from = "anonymous".into();
    let withheld = desk.company.place(incoming);
    assert_eq!(softphone.next("offer").await["contact"], Value::Null);
    withheld.hang_up();
    let (unknown, _) = desk.over(&withheld).await;
    assert_eq!(unknown["contact"], Value::Null);
    for from in ["%2B4366011111", "+4366011111"] {
        let calls = desk.api.get(&format!("calls?from={from}")).await;
        assert_eq!(calls["items"].as_array().map(Vec::len), Some(1), "{calls}");
        assert_eq!(calls["items"][0]["id"], call["id"]);
    }
    let list = desk.api.all("calls").await;
    assert_eq!((list.len(), &list[1]["contact"]), (2, &known));
}
