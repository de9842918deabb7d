//! Channels that make tickets out of messages, inboxes and skills: how they are set, what is refused and where, what is
//! warned of, and what a ticket would meet.

use super::{NOBODY, ids};
use crate::desk::{Agent, Api, Desk};
use reqwest::Method;
use serde_json::{Value, json};

/// A channel of this kind with what it needs, and these fields besides.
fn channel(kind: &str, fields: Value) -> Value {
    let mut channel = json!({ "kind": kind, "name": format!("The {kind}") });
    match kind {
        "email" => channel["email"] = json!({ "mailbox": "main", "address": "help@example.org" }),
        "whatsapp" => channel["whatsapp"] = json!({ "account": "main", "phone_number_id": "1234" }),
        _ => {}
    }
    let fields = fields.as_object().expect("an object").clone();
    channel.as_object_mut().expect("an object").extend(fields);
    channel
}

fn codes(of: &Value) -> Vec<&str> {
    let all = of.as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(|one| one["code"].as_str()).collect()
}

async fn refused(api: &Api, method: Method, path: &str, body: Option<Value>) -> (u16, String, String) {
    let (status, problem) = api.ask(method, path, body).await;
    let text = |field: &str| problem["errors"][0][field].as_str().unwrap_or_default().to_owned();
    (status, text("pointer"), text("detail"))
}

#[tokio::test]
async fn a_channel_of_every_kind_is_kept_with_every_default_and_can_be_sent_back() {
    let desk = Desk::open().await;
    let details = [
        ("email", json!({ "mailbox": "main", "address": "help@example.org", "sender": null })),
        (
            "form",
            json!({
                "fields": {
                    "name": "name", "email": "email", "number": "phone", "subject": "subject",
                    "message": "message",
                },
                "honeypot": null, "thanks_url": null,
            }),
        ),
        ("chat", json!({ "origins": [], "welcome": null })),
        ("whatsapp", json!({ "account": "main", "phone_number_id": "1234" })),
        ("api", Value::Null),
    ];
    for (kind, details) in details {
        let mut made = desk.api.post("channels", channel(kind, json!({}))).await;
        let fields = made.as_object_mut().expect("an object");
        fields.remove("warnings");
        let id = fields["id"].clone();
        let mut expected = json!({
            "id": id, "kind": kind, "name": format!("The {kind}"), "inbox": null, "enabled": true,
            "makes_tickets": true, "time_zone": "UTC", "hours": { "mode": "always", "closed_until": null },
            "assignment": {
                "mode": "nobody", "users": [], "teams": [], "strategy": "load_balanced",
                "tie_break": "longest_since_assigned", "only_available": true, "fallback": null, "agent": null,
            },
            "skills": [], "relax_after_minutes": null, "reroutes": false, "properties": {},
        });
        if !details.is_null() {
            expected[kind] = details;
        }
        assert_eq!(made, expected, "{kind}");
        let path = format!("channels/{}", id.as_str().expect("an id"));
        assert_eq!(desk.api.get(&path).await, made);
        let mut again = made.clone();
        again.as_object_mut().expect("an object").remove("id");
        let mut again = desk.api.patch(&path, again).await;
        again.as_object_mut().expect("an object").remove("warnings");
        assert_eq!(again, made);
    }
    let kinds: Vec<Value> = desk.api.all("channels").await.iter().map(|one| one["kind"].clone()).collect();
    assert_eq!(kinds, ["email", "form", "chat", "whatsapp", "api"]);
}

/// What is set is there after a restart, with calling channels beside it.
#[tokio::test]
async fn channels_inboxes_and_skills_are_there_after_a_restart() {
    let mut desk = Desk::open().await;
    let [ann] = desk.agents(["Ann"]).await;
    let calling = desk.channel(&[&ann]).await;
    let inbox = desk.api.create("inboxes", json!({ "name": "Sales", "only": { "users": [ann.id] } })).await;
    let skill = desk.api.create("skills", json!({ "name": "Farsi", "kind": "language" })).await;
    desk.api.patch(&format!("users/{}", ann.id), json!({ "skills": [{ "skill": skill, "level": 4 }] })).await;
    desk.api.patch(&format!("channels/{}", calling.id), json!({ "inbox": inbox })).await;
    let fields = json!({
        "inbox": inbox, "assignment": { "mode": "specific", "users": [ann.id] },
        "skills": [{ "skill": skill, "level": 3, "needed": true, "when": { "property": "language", "equals": "fa" } }],
        "relax_after_minutes": 30, "properties": { "product": "pump" },
    });
    desk.api.create("channels", channel("form", fields)).await;
    let all = async |desk: &Desk| {
        let mut all = Vec::new();
        for list in ["users", "channels", "inboxes", "skills"] {
            all.extend(desk.api.all(list).await);
        }
        all
    };
    let before = all(&desk).await;
    assert_eq!(before.len(), 5);
    desk.restart().await;
    assert_eq!(all(&desk).await, before);
}

#[tokio::test]
async fn what_a_channel_cannot_be_is_refused_with_the_place_and_the_reason() {
    let desk = Desk::open().await;
    let [ann] = desk.agents(["Ann"]).await;
    let guest = json!({ "name": "Guest", "email": "guest@example.org", "reach": { "client": "guest" } });
    let guest = desk.agent_with("Guest", guest).await;
    let team = desk.team("Guests", &[&guest], &[]).await;
    let inbox = desk.api.create("inboxes", json!({ "name": "Sales", "only": { "users": [guest.id] } })).await;
    let category = desk.api.create("skills", json!({ "name": "Pumps" })).await;
    let language = desk.api.create("skills", json!({ "name": "Farsi", "kind": "language" })).await;
    desk.api.post("channels", channel("email", json!({ "name": "Taken" }))).await;
    desk.api.post("channels", channel("whatsapp", json!({ "name": "Number" }))).await;

    let form = |fields: Value| channel("form", fields);
    let assign = |fields: Value| form(json!({ "assignment": fields }));
    let demand = |fields: Value| {
        let mut demand = json!({ "skill": language, "needed": true });
        demand.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        form(json!({ "skills": [demand] }))
    };
    let agent = json!({ "url": "http://agent.example.org", "deadline_seconds": 5 });
    let slow = json!({ "url": "https://agent.example.org", "deadline_seconds": 61 });
    let email = |details: Value| json!({ "kind": "email", "name": "Mail", "email": details });
    let table = [
        (json!({ "name": "X" }), 422, "/kind", "it is calling, email"),
        (json!({ "kind": "telegraph", "name": "X" }), 422, "/kind", "it is calling, email"),
        (json!({ "kind": "email", "name": "X" }), 422, "/email", "needs it"),
        (json!({ "kind": "whatsapp", "name": "X" }), 422, "/whatsapp", "needs it"),
        (form(json!({ "email": { "mailbox": "m", "address": "a@b.c" } })), 422, "/email", "kind email"),
        (form(json!({ "name": "Taken" })), 409, "/name", "another channel has this name"),
        (form(json!({ "name": " " })), 422, "/name", "a name has"),
        (form(json!({ "inbox": NOBODY })), 422, "/inbox", "there is no inbox"),
        (channel("whatsapp", json!({ "inbox": inbox })), 422, "/inbox", "belongs to the help desk"),
        (channel("api", json!({ "inbox": inbox })), 422, "/inbox", "belongs to the help desk"),
        (form(json!({ "time_zone": "Mars/Base" })), 422, "/time_zone", "Mars/Base"),
        (form(json!({ "hours": { "mode": "schedule" } })), 422, "/hours/weekly", "is missing"),
        (form(json!({ "colour": "red" })), 422, "/colour", "unknown field"),
        (assign(json!({ "mode": "agent" })), 422, "/assignment/mode", "it can have specific"),
        (assign(json!({ "mode": "everybody" })), 422, "/assignment/mode", "unknown variant"),
        (assign(json!({ "strategy": "simultaneous" })), 422, "/assignment/strategy", "can have"),
        (assign(json!({ "strategy": "longest_idle" })), 422, "/assignment/strategy", "can have"),
        (
            form(json!({ "inbox": inbox, "assignment": { "strategy": "random" } })),
            422,
            "/assignment/strategy",
            "load_balanced only",
        ),
        (
            channel("chat", json!({ "assignment": { "only_available": false } })),
            422,
            "/assignment/only_available",
            "available only",
        ),
        (
            channel("chat", json!({ "assignment": { "mode": "teams_only" } })),
            422,
            "/assignment/mode",
            "specific or nobody",
        ),
        (assign(json!({ "users": [guest.id] })), 422, "/assignment/users/0", "no service seat"),
        (assign(json!({ "users": [ann.id, NOBODY] })), 422, "/assignment/users/1", "there is no user"),
        (assign(json!({ "teams": [NOBODY] })), 422, "/assignment/teams/0", "there is no team"),
        (
            form(json!({ "inbox": inbox, "assignment": { "users": [ann.id] } })),
            422,
            "/assignment/users/0",
            "no access to this inbox",
        ),
        (
            form(json!({ "inbox": inbox, "assignment": { "users": [guest.id] } })),
            422,
            "/assignment/users/0",
            "neither a sales nor a service seat",
        ),
        (
            assign(json!({ "mode": "teams_only", "teams": [team] })),
            422,
            "/assignment/teams/0",
            "nobody in Guests has a service seat",
        ),
        (
            assign(json!({ "mode": "contact_owner", "fallback": { "users": [guest.id] } })),
            422,
            "/assignment/fallback/users/0",
            "no service seat",
        ),
        (
            channel("whatsapp", json!({ "assignment": { "mode": "agent" } })),
            422,
            "/assignment/agent",
            "needs a customer agent",
        ),
        (
            channel("whatsapp", json!({ "assignment": { "mode": "agent", "agent": agent } })),
            422,
            "/assignment/agent/url",
            "https://",
        ),
        (
            channel("whatsapp", json!({ "assignment": { "mode": "agent", "agent": slow } })),
            422,
            "/assignment/agent/deadline_seconds",
            "from 1 to 60",
        ),
        (demand(json!({ "skill": NOBODY })), 422, "/skills/0/skill", "there is no skill"),
        (demand(json!({ "level": 6 })), 422, "/skills/0/level", "from 1 to 5"),
        (demand(json!({ "skill": category, "level": 2 })), 422, "/skills/0/level", "only a language"),
        (
            demand(json!({ "when": { "property": "", "equals": "x" } })),
            422,
            "/skills/0/when/property",
            "1 to 64",
        ),
        (form(json!({ "relax_after_minutes": 0 })), 422, "/relax_after_minutes", "from 1 to 43200"),
        (form(json!({ "properties": { "": "x" } })), 422, "/properties/", "1 to 64"),
        (form(json!({ "properties": { "a/b": "x".repeat(1_001) } })), 422, "/properties/a~1b", "longer than"),
        (email(json!({ "mailbox": "Main!", "address": "a@example.org" })), 422, "/email/mailbox", "a-z"),
        (email(json!({ "mailbox": "main", "address": "nobody" })), 422, "/email/address", "address of mail"),
        (
            email(json!({ "mailbox": "main", "address": "HELP@example.org" })),
            409,
            "/email/address",
            "the channel Taken has this address",
        ),
        (
            email(json!({ "mailbox": "main", "address": "a@example.org", "sender": "a\nb" })),
            422,
            "/email/sender",
            "on one line",
        ),
        (form(json!({ "form": { "honeypot": "email" } })), 422, "/form/honeypot", "another field"),
        (form(json!({ "form": { "fields": { "email": "" } } })), 422, "/form/fields/email", "1 to 64"),
        (form(json!({ "form": { "thanks_url": "javascript:x" } })), 422, "/form/thanks_url", "https"),
        (
            channel("chat", json!({ "chat": { "origins": ["https://a.example", "https://b.example/x"] } })),
            422,
            "/chat/origins/1",
            "without a path",
        ),
        (
            channel("chat", json!({ "chat": { "origins": ["http://a.example"] } })),
            422,
            "/chat/origins/0",
            "https://",
        ),
        (
            json!({ "kind": "whatsapp", "name": "W", "whatsapp": { "account": "m", "phone_number_id": "x" } }),
            422,
            "/whatsapp/phone_number_id",
            "digits",
        ),
        (channel("whatsapp", json!({})), 409, "/whatsapp/phone_number_id", "the channel Number has"),
    ];
    let before = desk.api.all("channels").await;
    let mut wrong = Vec::new();
    for (body, status, pointer, reason) in table {
        let got = refused(&desk.api, Method::POST, "channels", Some(body.clone())).await;
        if (got.0, got.1.as_str()) != (status, pointer) || !got.2.contains(reason) {
            wrong.push(format!("{body}: {got:?} instead of {status} {pointer} {reason}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(desk.api.all("channels").await, before, "something was saved all the same");
}

#[tokio::test]
async fn a_channel_stays_of_its_kind_is_switched_off_and_deleted_by_its_name() {
    let desk = Desk::open().await;
    let id = desk.api.create("channels", channel("form", json!({}))).await;
    let path = format!("channels/{id}");
    let changed = refused(&desk.api, Method::PATCH, &path, Some(json!({ "kind": "chat" }))).await;
    assert_eq!((changed.0, changed.1.as_str()), (422, "/kind"));
    let off = desk.api.patch(&path, json!({ "enabled": false })).await;
    assert_eq!((&off["enabled"], codes(&off["warnings"])), (&json!(false), vec!["disabled"]));
    for query in ["", "?name=", "?name=the%20form"] {
        let (status, pointer, _) = refused(&desk.api, Method::DELETE, &format!("{path}{query}"), None).await;
        assert_eq!((status, pointer.as_str()), (422, "/name"), "{query}");
    }
    assert_eq!(desk.api.get(&path).await["name"], "The form");
    desk.api.delete(&format!("{path}?name=The%20form")).await;
    assert_eq!(desk.api.ask(Method::GET, &path, None).await.0, 404);
    // Of other things it need not be said, but must be right.
    let team = desk.team("Support", &[], &[]).await;
    let wrong = refused(&desk.api, Method::DELETE, &format!("teams/{team}?name=Sales"), None).await;
    assert_eq!(wrong.0, 422);
    desk.api.delete(&format!("teams/{team}")).await;
}

#[tokio::test]
async fn what_is_used_is_not_deleted_and_a_skill_that_is_gone_is_nobodys() {
    let desk = Desk::open().await;
    let [ann] = desk.agents(["Ann"]).await;
    let inbox = desk.api.create("inboxes", json!({ "name": "Sales" })).await;
    let skill = desk.api.create("skills", json!({ "name": "Farsi", "kind": "language" })).await;
    let known = json!({ "skills": [{ "skill": skill, "level": 5 }] });
    desk.api.patch(&format!("users/{}", ann.id), known).await;
    let fields = json!({ "inbox": inbox, "skills": [{ "skill": skill, "needed": false }] });
    let form = desk.api.create("channels", channel("form", fields)).await;
    for path in [format!("inboxes/{inbox}"), format!("skills/{skill}")] {
        let (status, _, detail) = refused(&desk.api, Method::DELETE, &path, None).await;
        assert_eq!(status, 409, "{path}");
        assert!(detail.contains("The form"), "{detail}");
    }
    desk.api.delete(&format!("channels/{form}?name=The%20form")).await;
    desk.api.delete(&format!("inboxes/{inbox}")).await;
    desk.api.delete(&format!("skills/{skill}")).await;
    let ann = format!("users/{}", ann.id);
    assert_eq!(desk.api.get(&ann).await["skills"], json!([]));
    let table = [
        (json!({ "skills": [{ "skill": skill, "level": 5 }] }), "/skills/0/skill"),
        (json!({ "skills": [{ "skill": skill, "level": "high" }] }), "/skills/0/level"),
    ];
    for (patch, pointer) in table {
        let got = refused(&desk.api, Method::PATCH, &ann, Some(patch)).await;
        assert_eq!((got.0, got.1.as_str()), (422, pointer));
    }
}

#[tokio::test]
async fn a_language_is_known_at_a_level_and_nothing_else_is() {
    let desk = Desk::open().await;
    let ann = format!("users/{}", desk.agent("Ann").await.id);
    let farsi = desk.api.create("skills", json!({ "name": "Farsi", "kind": "language" })).await;
    let pumps = desk.api.create("skills", json!({ "name": "Pumps" })).await;
    let known = |skill: &str, level: Value| json!({ "skill": skill, "level": level });
    let table = [
        (json!([known(&farsi, json!(1)), known(&pumps, Value::Null)]), 200, ""),
        (json!([known(&farsi, Value::Null)]), 422, "/skills/0/level"),
        (json!([known(&farsi, json!(6))]), 422, "/skills/0/level"),
        (json!([known(&farsi, json!(0))]), 422, "/skills/0/level"),
        (json!([known(&pumps, json!(3))]), 422, "/skills/0/level"),
        (json!([known(&farsi, json!(3)), known(&farsi, json!(4))]), 422, "/skills/1/skill"),
    ];
    for (skills, status, pointer) in table {
        let got = refused(&desk.api, Method::PATCH, &ann, Some(json!({ "skills": skills }))).await;
        assert_eq!((got.0, got.1.as_str()), (status, pointer), "{skills}");
    }
    let (status, pointer, _) =
        refused(&desk.api, Method::POST, "skills", Some(json!({ "name": "Farsi" }))).await;
    assert_eq!((status, pointer.as_str()), (409, "/name"));
}

#[tokio::test]
async fn saving_says_what_will_surprise_of_a_channel_and_of_what_others_bring_to_it() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let mail = desk.api.post("channels", channel("email", json!({}))).await;
    assert_eq!(codes(&mail["warnings"]), ["no_mailbox"]);
    let nobody = channel("form", json!({ "assignment": { "mode": "specific" } }));
    let saved = desk.api.post("channels", nobody).await;
    assert_eq!(codes(&saved["warnings"]), ["nobody_selected"]);
    let path = format!("channels/{}", saved["id"].as_str().expect("an id"));
    let users = json!({ "assignment": { "users": ids(&[&ann, &ben]) } });
    assert_eq!(desk.api.patch(&path, users).await.get("warnings"), None);
    let lost = desk.api.patch(&format!("users/{}", ben.id), json!({ "seats": [] })).await;
    assert_eq!(codes(&lost["warnings"]), ["no_seat"]);
    assert_eq!(lost["warnings"][0]["channel"], saved["id"]);
    let shown = desk.api.get(&format!("{path}/warnings")).await;
    assert_eq!(codes(&shown["warnings"]), ["no_seat"]);
    assert_eq!(
        shown["warnings"][0]["sentence"],
        "Ben lacks the seat that this channel needs and is never given a ticket."
    );
}

/// Who is asked about a ticket, what is answered, and why.
#[tokio::test]
async fn what_a_ticket_would_meet_is_previewed_and_nothing_is_written() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let skill = desk.api.create("skills", json!({ "name": "Farsi", "kind": "language" })).await;
    let known = json!({ "skills": [{ "skill": skill, "level": 4 }] });
    desk.api.patch(&format!("users/{}", ben.id), known).await;
    let fields = json!({
        "assignment": { "mode": "specific", "users": ids(&[&ann, &ben]), "tie_break": "fixed_order" },
        "skills": [{ "skill": skill, "needed": true, "when": { "property": "language", "equals": "fa" } }],
    });
    let form = desk.api.create("channels", channel("form", fields)).await;
    let ask = async |question: Value| {
        let mut whole = json!({ "channel": form });
        let fields = question.as_object().expect("an object").clone();
        whole.as_object_mut().expect("an object").extend(fields);
        desk.api.post("preview", whole).await
    };
    let plain = ask(json!({})).await;
    assert_eq!((&plain["action"], &plain["owner"]), (&json!("assign"), &json!(ann.id)));
    assert_eq!(
        plain["reasons"][0]["sentence"],
        "Ann has the fewest open email and other tickets (0), and the tie-break put them first."
    );
    let farsi = ask(json!({ "ticket": { "properties": { "language": "fa" } } })).await;
    assert_eq!(farsi["owner"], json!(ben.id));
    assert_eq!(codes(&farsi["reasons"]), ["fewest_open", "skill_needed"]);
    assert_eq!(farsi["candidates"][0]["sentence"], "Ann does not know Farsi.");
    let owner = desk.api.create("contacts", json!({ "name": "Vera", "owner": ben.id })).await;
    let draft = json!({ "assignment": { "mode": "contact_owner" } });
    let owned = ask(json!({ "ticket": { "contact": owner }, "draft": draft })).await;
    assert_eq!((&owned["owner"], codes(&owned["reasons"])), (&json!(ben.id), vec!["owns_contact"]));
    let away = json!({ "state": "away" });
    desk.api.ask(Method::PUT, &format!("users/{}/availability", ben.id), Some(away)).await;
    let absent = ask(json!({ "ticket": { "contact": owner }, "draft": draft })).await;
    assert_eq!((&absent["action"], &absent["mail_owner"]), (&json!("unassigned"), &json!(ben.id)));
    assert_eq!(codes(&absent["reasons"]), ["owner_cannot_take", "owner_mailed"]);
    let by_schedule = json!({ "ticket": { "contact": owner }, "draft": draft, "at": "2026-06-01T10:00:00Z" });
    assert_eq!(ask(by_schedule).await["owner"], json!(ben.id), "by schedules alone he is there");
    let refusals = [
        (json!({ "channel": form, "from": "+43123456789" }), "/from"),
        (json!({ "channel": form, "ticket": { "contact": NOBODY } }), "/ticket/contact"),
        (json!({ "channel": form, "ticket": { "mood": "bad" } }), "/ticket/mood"),
        (
            json!({ "channel": form, "draft": { "assignment": { "mode": "agent" } } }),
            "/draft/assignment/mode",
        ),
    ];
    for (question, pointer) in refusals {
        let got = refused(&desk.api, Method::POST, "preview", Some(question)).await;
        assert_eq!((got.0, got.1.as_str()), (422, pointer));
    }
    assert_eq!(desk.api.all("tickets").await, Vec::<Value>::new());
    let saved = desk.api.get(&format!("channels/{form}")).await;
    assert_eq!(saved["assignment"]["mode"], "specific");
}

#[tokio::test]
async fn who_is_routed_sees_the_channel_and_who_works_in_an_inbox_sees_who_else_does() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let inbox = desk.api.create("inboxes", json!({ "name": "Sales", "only": { "users": [ann.id] } })).await;
    let users = json!({ "assignment": { "mode": "specific", "users": [ann.id] } });
    let form = desk.api.create("channels", channel("form", users)).await;
    let fallback = json!({ "assignment": { "mode": "contact_owner", "fallback": { "users": [ben.id] } } });
    let api = desk.api.create("channels", channel("api", fallback)).await;
    let seen = async |agent: &Agent| {
        let theirs = desk.api.with_token(&agent.token);
        let channels: Vec<Value> =
            theirs.all("channels").await.iter().map(|channel| channel["id"].clone()).collect();
        let inbox = theirs.get(&format!("inboxes/{inbox}")).await;
        (channels, inbox.get("only").is_some())
    };
    assert_eq!(seen(&ann).await, (vec![json!(form)], true));
    assert_eq!(seen(&ben).await, (vec![json!(api)], false));
}

/// A calling channel of an inbox: a sales seat is enough, and access is needed.
#[tokio::test]
async fn a_calling_channel_of_an_inbox_rings_who_has_either_seat_and_access() {
    let desk = Desk::open().await;
    let seller = |name: &str| {
        json!({
            "name": name, "email": format!("{name}@example.org"), "seats": ["sales"],
            "reach": { "client": name },
        })
    };
    let [ann, ben] =
        [desk.agent_with("ann", seller("ann")).await, desk.agent_with("ben", seller("ben")).await];
    let team = desk.team("Sellers", &[&ann, &ben], &[]).await;
    let only = json!({ "users": [ann.id] });
    let inbox = desk.api.create("inboxes", json!({ "name": "Sales", "only": only })).await;
    let calling = |fields: Value| {
        let mut channel = json!({
            "kind": "calling", "name": "Sales", "provider": "main", "number": "+4311", "inbox": inbox,
        });
        let fields = fields.as_object().expect("an object").clone();
        channel.as_object_mut().expect("an object").extend(fields);
        channel
    };
    for (routing, inbox, reason) in [
        (json!({ "users": [ben.id] }), json!(inbox), "no access to this inbox"),
        (json!({ "users": [ann.id] }), Value::Null, "no service seat"),
    ] {
        let body = calling(json!({ "routing": routing, "inbox": inbox }));
        let (status, pointer, detail) = refused(&desk.api, Method::POST, "channels", Some(body)).await;
        assert_eq!((status, pointer.as_str()), (422, "/routing/users/0"));
        assert!(detail.contains(reason), "{detail}");
    }
    let saved = desk.api.post("channels", calling(json!({ "routing": { "teams": [team] } }))).await;
    assert!(codes(&saved["warnings"]).contains(&"no_inbox_access"), "{saved}");
    let at = json!({ "channel": saved["id"], "at": "2026-06-01T10:00:00Z" });
    let preview = desk.api.post("preview", at).await;
    assert_eq!(preview["ring"], json!([ann.id]));
    let objections: Vec<&Value> =
        preview["candidates"].as_array().expect("two").iter().map(|one| &one["objection"]).collect();
    assert_eq!(objections, [&Value::Null, &json!("no_inbox_access")]);
}

#[tokio::test]
async fn the_command_line_previews_a_ticket_too() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let fields = json!({
        "assignment": { "mode": "contact_owner", "fallback": { "users": [ann.id] } }, "name": "Shop",
    });
    let shop = desk.api.create("channels", channel("api", fields)).await;
    let vera = json!({ "name": "Vera", "email": "vera@example.org", "owner": ben.id });
    desk.api.create("contacts", vera).await;
    let told = |from: &[&str]| {
        let words = [&["preview", "--channel", &shop, "--at", "2026-06-01T09:00:00Z"], from].concat();
        let output = desk.command(&words).output().expect("it runs");
        String::from_utf8(output.stdout).expect("text")
    };
    assert_eq!(
        told(&["--from", "vera@example.org"]),
        "2026-06-01 09:00: a ticket of Shop is given to Ben.\n  Ben owns the contact.\n"
    );
    assert_eq!(
        told(&[]),
        "2026-06-01 09:00: a ticket of Shop is given to Ann.\n  Ann has the fewest open email and other tickets \
         (0).\n  Those decide who are asked when the first choice does not take it.\n  Nobody knows who wrote, so \
         there is no owner to give it to.\n"
    );
}
