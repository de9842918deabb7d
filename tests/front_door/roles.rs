//! Every route of the API's document and every frame of the softphones', as nobody, another agent, the owner, a
//! supervisor and an admin. What happened at the desk beforehand is the same for all of them.

use super::{NOBODY, ask, ids};
use crate::desk::{Desk, Softphone};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use strowger::providers::simulator::{Behaviour, Message};

/// What nobody, another agent, the owner, their supervisor and an admin are answered, in this order. What is sent is
/// `{}`; paths name something of the owner's, but deletions something that is not there.
const EXPECTED: &[(&str, &str, [u16; 5])] = &[
    ("get", "asyncapi.json", [401, 200, 200, 200, 200]),
    ("get", "audit", [401, 403, 403, 403, 200]),
    ("get", "board", [401, 403, 403, 200, 200]),
    // Of a channel that never was: a stream would not end.
    ("get", "board/stream", [401, 403, 403, 404, 404]),
    ("get", "calls/export", [401, 403, 403, 200, 200]),
    ("get", "calls", [401, 200, 200, 200, 200]),
    ("get", "calls/{id}", [401, 404, 200, 200, 200]),
    ("get", "calls/{id}/voicemail", [401, 404, 200, 200, 200]),
    ("get", "calls/{id}/why", [401, 404, 200, 200, 200]),
    ("get", "channels", [401, 200, 200, 200, 200]),
    ("post", "channels", [401, 403, 403, 403, 422]),
    ("get", "channels/{id}", [401, 404, 200, 200, 200]),
    ("patch", "channels/{id}", [401, 403, 403, 403, 200]),
    ("delete", "channels/{id}", [401, 403, 403, 403, 404]),
    ("get", "channels/{id}/warnings", [401, 404, 200, 200, 200]),
    ("get", "channels/{id}/numbers", [401, 403, 403, 403, 200]),
    ("put", "channels/{id}/numbers", [401, 403, 403, 403, 200]),
    ("post", "backups", [401, 403, 403, 403, 200]),
    ("get", "coverage", [401, 403, 403, 200, 200]),
    // Whoever is let in asks to go on after something that never was: a stream would not end.
    ("get", "events", [401, 422, 422, 422, 422]),
    ("post", "erasures", [401, 403, 403, 403, 422]),
    ("get", "greetings", [401, 200, 200, 200, 200]),
    ("post", "greetings", [401, 403, 403, 403, 415]),
    ("patch", "greetings/{id}", [401, 403, 403, 403, 409]),
    ("delete", "greetings/{id}", [401, 403, 403, 403, 404]),
    ("get", "greetings/{id}", [401, 404, 200, 200, 200]),
    ("delete", "users/{id}/second-factor", [401, 403, 403, 403, 404]),
    ("get", "holidays", [401, 200, 200, 200, 200]),
    ("post", "invitations", [401, 403, 403, 403, 422]),
    ("get", "inboxes", [401, 200, 200, 200, 200]),
    ("post", "inboxes", [401, 403, 403, 403, 422]),
    ("get", "inboxes/{id}", [401, 200, 200, 200, 200]),
    ("patch", "inboxes/{id}", [401, 403, 403, 403, 200]),
    ("delete", "inboxes/{id}", [401, 403, 403, 403, 404]),
    ("get", "skills", [401, 200, 200, 200, 200]),
    ("post", "skills", [401, 403, 403, 403, 422]),
    ("get", "skills/{id}", [401, 200, 200, 200, 200]),
    ("patch", "skills/{id}", [401, 403, 403, 403, 200]),
    ("delete", "skills/{id}", [401, 403, 403, 403, 404]),
    ("get", "jobs", [401, 403, 403, 403, 200]),
    ("post", "jobs/{id}/retry", [401, 403, 403, 403, 404]),
    ("get", "me", [401, 200, 200, 200, 200]),
    ("get", "openapi.json", [401, 200, 200, 200, 200]),
    ("post", "preview", [401, 403, 403, 200, 200]),
    ("post", "replay", [401, 403, 403, 403, 422]),
    ("get", "contacts", [401, 200, 200, 200, 200]),
    ("post", "contacts", [401, 403, 403, 422, 422]),
    ("get", "contacts/{id}", [401, 404, 200, 200, 200]),
    ("patch", "contacts/{id}", [401, 403, 403, 200, 200]),
    ("delete", "contacts/{id}", [401, 403, 403, 404, 404]),
    ("post", "contacts/{id}/merge", [401, 403, 403, 422, 422]),
    ("get", "tickets/waiting", [401, 200, 200, 200, 200]),
    ("get", "notifications", [401, 200, 200, 200, 403]),
    ("post", "notifications/read", [401, 422, 422, 422, 403]),
    ("get", "notifications/defaults", [401, 200, 200, 200, 200]),
    ("patch", "notifications/defaults", [401, 403, 403, 403, 200]),
    ("get", "notifications/choices", [401, 200, 200, 200, 403]),
    ("patch", "notifications/choices", [401, 200, 200, 200, 403]),
    ("get", "views", [401, 200, 200, 200, 200]),
    ("post", "views", [401, 422, 422, 422, 403]),
    ("get", "views/{id}", [401, 404, 200, 404, 200]),
    ("patch", "views/{id}", [401, 404, 200, 404, 200]),
    ("delete", "views/{id}", [401, 404, 404, 404, 404]),
    ("get", "teams", [401, 200, 200, 200, 200]),
    ("post", "teams", [401, 403, 403, 403, 422]),
    ("get", "teams/{id}", [401, 200, 200, 200, 200]),
    ("patch", "teams/{id}", [401, 403, 403, 403, 200]),
    ("delete", "teams/{id}", [401, 403, 403, 403, 404]),
    ("get", "tickets/export", [401, 403, 403, 200, 200]),
    ("get", "tickets", [401, 200, 200, 200, 200]),
    ("get", "tickets/{id}", [401, 404, 200, 200, 200]),
    ("patch", "tickets/{id}", [401, 404, 200, 200, 200]),
    ("get", "tickets/{id}/why", [401, 404, 200, 200, 200]),
    ("get", "tickets/{id}/notes", [401, 404, 200, 200, 200]),
    ("post", "tickets/{id}/notes", [401, 404, 422, 422, 422]),
    ("post", "tickets", [401, 422, 422, 422, 422]),
    ("get", "tickets/{id}/messages", [401, 404, 200, 200, 200]),
    ("post", "tickets/{id}/messages", [401, 404, 422, 422, 422]),
    ("post", "tickets/{id}/messages/{message}/retry", [401, 404, 404, 404, 404]),
    ("get", "tickets/{id}/draft", [401, 404, 200, 200, 200]),
    ("put", "tickets/{id}/draft", [401, 404, 422, 422, 422]),
    ("delete", "tickets/{id}/draft", [401, 404, 404, 404, 404]),
    ("get", "tickets/{id}/attachments/{sha256}", [401, 404, 404, 404, 404]),
    ("get", "messages", [401, 200, 200, 200, 200]),
    ("get", "missed_calls", [401, 200, 200, 200, 200]),
    ("post", "calls/{id}/called_back", [401, 404, 200, 200, 200]),
    ("get", "tokens", [401, 403, 403, 403, 200]),
    ("post", "tokens", [401, 403, 403, 403, 422]),
    ("delete", "tokens/{id}", [401, 403, 403, 403, 404]),
    ("get", "users", [401, 200, 200, 200, 200]),
    ("post", "users", [401, 403, 403, 403, 422]),
    ("get", "users/{id}", [401, 200, 200, 200, 200]),
    ("patch", "users/{id}", [401, 403, 403, 403, 200]),
    // Supervisors say of everybody whether they are there.
    ("get", "users/{id}/availability", [401, 404, 200, 200, 200]),
    ("put", "users/{id}/availability", [401, 404, 200, 200, 200]),
    ("get", "webhooks", [401, 403, 403, 403, 200]),
    ("post", "webhooks", [401, 403, 403, 403, 422]),
    ("get", "webhooks/{id}", [401, 403, 403, 403, 200]),
    ("patch", "webhooks/{id}", [401, 403, 403, 403, 200]),
    ("delete", "webhooks/{id}", [401, 403, 403, 403, 404]),
    ("get", "webhooks/{id}/deliveries", [401, 403, 403, 403, 200]),
    ("post", "webhooks/{id}/deliveries/{delivery}/retry", [401, 403, 403, 403, 404]),
    ("post", "webhooks/{id}/rotate", [401, 403, 403, 403, 200]),
];

async fn supervisor(desk: &Desk, name: &str) -> crate::desk::Agent {
    let user = json!({
        "name": name, "email": format!("{name}@example.org"), "role": "supervisor", "seats": ["service"],
        "reach": { "client": name },
    });
    let mut agent = desk.agent_with(name, user).await;
    let made = desk.api.post("tokens", json!({ "name": name, "role": "supervisor", "user": agent.id })).await;
    agent.token = made["token"].as_str().expect("a secret").to_owned();
    agent
}

#[tokio::test]
async fn every_route_answers_each_role_as_it_should() {
    let desk = Desk::open().await;
    let [owner, other] = desk.agents(["Owner", "Other"]).await;
    let lead = supervisor(&desk, "lead").await;
    let stranger = supervisor(&desk, "stranger").await;
    let team = desk.team("Support", &[&owner], &[&lead]).await;
    desk.team("Sales", &[&stranger], &[]).await;
    let greeting = desk.api.get("greetings").await["items"][0]["id"].clone();
    let routing = json!({ "users": ids(&[&owner]) });
    let patch = json!({ "routing": routing, "greetings": { "unanswered": { "audio": greeting } } });
    let channel = desk.channel_with(patch).await;
    let behaviour = Behaviour { message: Message::Seconds(4.0), ..Behaviour::default() };
    let caller = desk.call_with(&channel, behaviour);
    desk.over(&caller).await;
    let call = desk.call_when(caller.sid(), "has its message", |call| call["voicemail"].is_object()).await;
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    desk.api.patch(&format!("tickets/{}", text(&call["ticket"])), json!({ "owner": owner.id })).await;
    let webhook =
        json!({ "name": "board", "url": "https://example.org/board", "events": ["*"], "enabled": false });
    let webhook = desk.api.post("webhooks", webhook).await;

    let inbox = desk.api.create("inboxes", json!({ "name": "Sales" })).await;
    let skill = desk.api.create("skills", json!({ "name": "Dutch", "kind": "language" })).await;
    let contact = desk.api.create("contacts", json!({ "name": "Vera", "owner": owner.id })).await;
    let of_owner = crate::desk::Api::new(&desk.api.address, &owner.token);
    let view = of_owner.create("views", json!({ "name": "Pumps" })).await;
    let document = desk.api.get("openapi.json").await;
    let mut walked = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let route = path.strip_prefix("/api/v1/").expect("everything is below /api/v1");
            let expected = EXPECTED.iter().find(|(listed, at, _)| listed == method && *at == route);
            let (.., expected) = expected.unwrap_or_else(|| panic!("{method} {route} is not in the table"));
            walked.insert((method.clone(), route.to_owned()));
            let id = match route.split('/').next().expect("a first word") {
                _ if method == "delete" => NOBODY.to_owned(),
                "calls" => text(&call["id"]),
                "tickets" => text(&call["ticket"]),
                "channels" => channel.id.clone(),
                "greetings" => text(&greeting),
                "teams" => team.clone(),
                "contacts" => contact.clone(),
                "inboxes" => inbox.clone(),
                "views" => view.clone(),
                "skills" => skill.clone(),
                "webhooks" => text(&webhook["id"]),
                _ => owner.id.clone(),
            };
            let path = match route {
                "coverage" => format!("{path}?channel={}", channel.id),
                _ => path
                    .replace("{id}", &id)
                    .replace("{delivery}", NOBODY)
                    .replace("{message}", NOBODY)
                    .replace("{sha256}", &NOBODY.repeat(2)),
            };
            let body = match route {
                "preview" => json!({ "channel": channel.id }).to_string(),
                "users/{id}/availability" => json!({ "state": "available" }).to_string(),
                _ => "{}".to_owned(),
            };
            let body = Some(body.as_bytes());
            let callers = [
                ("nobody", None),
                ("another agent", Some(&other.token)),
                ("the owner", Some(&owner.token)),
                ("their supervisor", Some(&lead.token)),
                ("an admin", Some(&desk.api.token)),
            ];
            for ((who, token), expected) in callers.into_iter().zip(expected) {
                let bearer = token.map(|token| format!("Bearer {token}"));
                let method = method.to_uppercase();
                let answer = ask(&desk, &method, &path, bearer.as_deref(), body).await;
                assert_eq!(answer.status, *expected, "{who}: {method} {path}: {:?}", answer.body.len());
                let documented = &operation["responses"][expected.to_string()];
                assert!(documented.is_object(), "{method} {path}: {expected} is not in the document");
            }
            // Somebody else's supervisor is as much a stranger as another agent.
            let bearer = format!("Bearer {}", stranger.token);
            let answer = ask(&desk, &method.to_uppercase(), &path, Some(&bearer), body).await;
            let expected = match route {
                "preview" => 422,
                "coverage" | "board/stream" => 404,
                "users/{id}/availability" | "board" | "calls/export" | "tickets/export" => 200,
                // Contacts are everybody's.
                "contacts" | "contacts/{id}" | "contacts/{id}/merge" => expected[3],
                _ => expected[1],
            };
            assert_eq!(answer.status, expected, "another supervisor: {method} {path}");
        }
    }
    assert_eq!(walked.len(), EXPECTED.len(), "the table lists what is not there");
}

#[tokio::test]
async fn of_colleagues_and_other_teams_one_sees_the_names_and_of_ones_own_everything() {
    let desk = Desk::open().await;
    let [anna, ben, cem] = desk.agents(["Anna", "Ben", "Cem"]).await;
    let lead = supervisor(&desk, "lead").await;
    let support = desk.team("Support", &[&anna], &[&lead]).await;
    let sales = desk.team("Sales", &[&cem], &[]).await;
    let whole = async |path: &str, token: &str| {
        let shown = desk.api.with_token(token).get(path).await;
        let fields: BTreeSet<_> = shown.as_object().expect("an object").keys().cloned().collect();
        let only_the_name = fields == BTreeSet::from(["id".to_owned(), "name".to_owned()]);
        let list = desk.api.with_token(token).all(path.split('/').next().expect("a list")).await;
        assert!(list.contains(&shown), "{path} is in the list as it is by itself");
        !only_the_name
    };
    let (anna_at, ben_at, cem_at) =
        (format!("users/{}", anna.id), format!("users/{}", ben.id), format!("users/{}", cem.id));
    let (support_at, sales_at) = (format!("teams/{support}"), format!("teams/{sales}"));
    for (path, token, expected) in [
        (&anna_at, &anna.token, true),
        (&ben_at, &anna.token, false),
        (&support_at, &anna.token, false),
        (&anna_at, &lead.token, true),
        (&ben_at, &lead.token, false),
        (&cem_at, &lead.token, false),
        (&support_at, &lead.token, true),
        (&sales_at, &lead.token, false),
        (&cem_at, &desk.api.token, true),
        (&sales_at, &desk.api.token, true),
    ] {
        assert_eq!(whole(path, token).await, expected, "{path} with {token}");
    }
}

#[tokio::test]
async fn supervisors_see_calls_and_tickets_of_their_teams_only() {
    let desk = Desk::open().await;
    let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
    let lead = supervisor(&desk, "lead").await;
    let team = desk.team("Support", &[&anna], &[&lead]).await;
    let (member, of_team, foreign) = (
        desk.channel(&[&anna]).await,
        desk.channel_with(json!({ "routing": { "teams": [team] } })).await,
        desk.channel(&[&ben]).await,
    );
    let mut calls = Vec::new();
    for channel in [&member, &of_team, &foreign] {
        let caller = desk.call(channel);
        calls.push(desk.over(&caller).await.0);
    }
    let api = desk.api.with_token(&lead.token);
    for (call, expected) in calls.iter().zip([200, 200, 404]) {
        for path in [
            format!("calls/{}", call["id"].as_str().unwrap()),
            format!("tickets/{}", call["ticket"].as_str().unwrap()),
        ] {
            assert_eq!(api.ask(Method::GET, &path, None).await.0, expected, "{path}");
        }
    }
    let seen: BTreeSet<_> =
        api.all("calls").await.iter().map(|call| call["id"].clone().to_string()).collect();
    let expected = calls[..2].iter().map(|call| call["id"].to_string()).collect();
    assert_eq!(seen, expected);
    let channels: BTreeSet<_> =
        api.all("channels").await.iter().map(|c| c["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(channels, BTreeSet::from([member.id, of_team.id]));
    let program = desk.api.post("tokens", json!({ "name": "board", "role": "supervisor" })).await;
    let program = desk.api.with_token(program["token"].as_str().expect("a secret"));
    assert_eq!(program.all("calls").await, Vec::<Value>::new(), "who is nobody has no teams");
}

#[tokio::test]
async fn nobody_changes_their_own_role_seats_teams_reach_or_capacity() {
    let desk = Desk::open().await;
    let boss = desk.agent("Boss").await;
    let anna = desk.agent("Anna").await;
    desk.api.patch(&format!("users/{}", boss.id), json!({ "role": "admin" })).await;
    let token = json!({ "name": "boss", "role": "admin", "user": boss.id });
    let made = desk.api.post("tokens", token).await;
    let own = desk.api.with_token(made["token"].as_str().expect("a secret"));
    let team = desk.team("Support", &[&boss], &[]).await;
    let (me, at) = (format!("users/{}", boss.id), format!("teams/{team}"));
    for (path, patch, pointer) in [
        (&me, json!({ "role": "agent" }), "/role"),
        (&me, json!({ "seats": [] }), "/seats"),
        (&me, json!({ "reach": { "client": "other" } }), "/reach"),
        (&me, json!({ "capacity": 3 }), "/capacity"),
        (&at, json!({ "main": [] }), "/main"),
        (&at, json!({ "extra": [boss.id] }), "/extra"),
    ] {
        let before = own.get(path).await;
        let (status, problem) = own.ask(Method::PATCH, path, Some(patch.clone())).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (403, &json!(pointer)), "{patch}: {problem}");
        assert_eq!(own.get(path).await, before);
    }
    assert_eq!(own.ask(Method::DELETE, &at, None).await.0, 403, "the team that they are in");
    let joined = json!({ "name": "Mine", "main": [boss.id] });
    assert_eq!(own.ask(Method::POST, "teams", Some(joined)).await.0, 403);
    own.patch(&me, json!({ "name": "The Boss" })).await;
    own.patch(&at, json!({ "main": [boss.id, anna.id] })).await;
    own.patch(&format!("users/{}", anna.id), json!({ "capacity": 3, "role": "supervisor" })).await;
    desk.api.patch(&me, json!({ "capacity": 3 })).await;
}

/// What another agent is answered to a frame about the owner's offer and call. `None`: it is about themselves.
const FRAMES: &[(&str, Option<&str>)] = &[
    ("accept", Some("unknown_offer")),
    ("decline", Some("unknown_offer")),
    ("hang_up", Some("unknown_call")),
    ("transfer", Some("unknown_call")),
    ("note", Some("unknown_ticket")),
    ("resume", Some("resume_expired")),
    ("availability", None),
    ("ready", None),
    ("media", None),
    ("pong", None),
];

#[tokio::test]
async fn every_frame_reaches_only_what_is_the_sender_s() {
    let desk = Desk::open().await;
    let [owner, other] = desk.agents(["Owner", "Other"]).await;
    let lead = supervisor(&desk, "lead").await;
    desk.team("Support", &[&owner], &[&lead]).await;
    let chief =
        json!({ "name": "Chief", "email": "chief@example.org", "role": "admin", "seats": ["service"] });
    let mut chief = desk.agent_with("Chief", chief).await;
    let made = json!({ "name": "Chief", "role": "admin", "user": chief.id });
    chief.token = desk.api.post("tokens", made).await["token"].as_str().expect("a secret").to_owned();
    let channel = desk.channel(&[&owner]).await;
    let document = desk.api.get("asyncapi.json").await;
    let messages = document["components"]["messages"].as_object().expect("messages");
    let known: BTreeSet<&str> = messages.keys().filter_map(|name| name.strip_prefix("said_")).collect();
    assert_eq!(known, FRAMES.iter().map(|(kind, _)| *kind).collect(), "the table has every frame");

    // Nobody, and an admin's program that is nobody, have no socket at all.
    let refused = async |authorization: Option<String>| {
        let url = format!("{}/softphone", desk.api.address);
        let mut request = desk.api.client.get(url);
        if let Some(authorization) = authorization {
            request = request.header("Authorization", authorization);
        }
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(refused(None).await, 401);
    assert_eq!(refused(Some(format!("Bearer {}", desk.api.token))).await, 403);

    let mut owners = Softphone::connect(&desk.api.address, &owner.token).await;
    let welcome = owners.next("welcome").await;
    let caller = desk.call(&channel);
    let offer = owners.next("offer").await;
    let ticket = desk.api.all("tickets").await[0]["id"].clone();
    for agent in [&other, &lead, &chief] {
        let mut softphone = desk.softphone(agent).await;
        for &(kind, error) in FRAMES {
            let Some(code) = error else { continue };
            if kind == "note" && agent.id != other.id {
                // A supervisor writes on the tickets of those whom they lead, an admin on all.
                continue;
            }
            softphone.say(json!({
                "type": kind, "ref": kind, "offer_id": offer["offer_id"], "call_id": offer["call_id"],
                "token": welcome["resume"], "ticket_id": ticket, "text": "a note", "to": { "agent": agent.id },
            }));
            let answer = softphone.next_where(kind, |frame| frame["ref"] == kind).await;
            assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!(code)), "{kind}");
        }
        for frame in [
            json!({ "type": "availability", "state": "away" }),
            json!({ "type": "ready" }),
            json!({ "type": "media", "registered": false, "microphone": false }),
            json!({ "type": "pong" }),
        ] {
            softphone.say(frame);
        }
        softphone.next("availability").await;
        assert_eq!(softphone.seen_of("offer"), Vec::<Value>::new(), "nothing of others' is told");
    }
    assert_eq!(owners.seen_of("offer_ended"), Vec::<Value>::new());
    assert_eq!(owners.seen_of("availability"), Vec::<Value>::new());
    owners.accept(&offer);
    owners.next("offer_won").await;
    owners.call_is("talking").await;
    let mut softphone = desk.softphone(&other).await;
    softphone.say(json!({ "type": "hang_up", "ref": 1, "call_id": offer["call_id"] }));
    let answer = softphone.next_where("an answer", |frame| frame["ref"] == 1).await;
    assert_eq!(answer["code"], "unknown_call");
    owners.hang_up(&offer);
    desk.over(&caller).await;
}
