//! The API: who is let in, how refusals look, and what cannot be saved.

use super::{NOBODY, ask, ids, raw};
use crate::desk::Desk;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Every route, with an id of nothing, and whether it changes settings.
const ROUTES: &[(&str, &str, bool)] = &[
    ("GET", "me", false),
    ("GET", "users", false),
    ("POST", "users", true),
    ("GET", "users/{id}", false),
    ("PATCH", "users/{id}", true),
    ("DELETE", "users/{id}/second-factor", true),
    ("GET", "teams", false),
    ("POST", "teams", true),
    ("GET", "teams/{id}", false),
    ("PATCH", "teams/{id}", true),
    ("DELETE", "teams/{id}", true),
    ("GET", "channels", false),
    ("POST", "channels", true),
    ("GET", "channels/{id}", false),
    ("PATCH", "channels/{id}", true),
    ("DELETE", "channels/{id}", true),
    ("GET", "channels/{id}/warnings", false),
    ("GET", "channels/{id}/numbers", true),
    ("PUT", "channels/{id}/numbers", true),
    ("POST", "backups", true),
    ("GET", "inboxes", false),
    ("POST", "inboxes", true),
    ("GET", "inboxes/{id}", false),
    ("PATCH", "inboxes/{id}", true),
    ("DELETE", "inboxes/{id}", true),
    ("GET", "skills", false),
    ("POST", "skills", true),
    ("GET", "skills/{id}", false),
    ("PATCH", "skills/{id}", true),
    ("DELETE", "skills/{id}", true),
    ("GET", "greetings", false),
    ("POST", "greetings", true),
    ("GET", "greetings/{id}", false),
    ("PATCH", "greetings/{id}", true),
    ("DELETE", "greetings/{id}", true),
    // Tokens are nobody's business but admins'.
    ("POST", "invitations", true),
    ("GET", "tokens", true),
    ("POST", "tokens", true),
    ("DELETE", "tokens/{id}", true),
    ("GET", "contacts", false),
    ("POST", "contacts", false),
    ("GET", "contacts/{id}", false),
    ("PATCH", "contacts/{id}", false),
    ("DELETE", "contacts/{id}", false),
    ("POST", "contacts/{id}/merge", false),
    ("GET", "tickets/waiting", false),
    ("GET", "notifications", false),
    ("POST", "notifications/read", false),
    ("GET", "notifications/defaults", false),
    ("PATCH", "notifications/defaults", true),
    ("GET", "notifications/choices", false),
    ("PATCH", "notifications/choices", false),
    ("GET", "views", false),
    ("POST", "views", false),
    ("GET", "views/{id}", false),
    ("PATCH", "views/{id}", false),
    ("DELETE", "views/{id}", false),
    ("GET", "webhooks", true),
    ("POST", "webhooks", true),
    ("GET", "webhooks/{id}", true),
    ("PATCH", "webhooks/{id}", true),
    ("DELETE", "webhooks/{id}", true),
    ("POST", "webhooks/{id}/rotate", true),
    ("GET", "webhooks/{id}/deliveries", true),
    ("POST", "webhooks/{id}/deliveries/{delivery}/retry", true),
    ("GET", "jobs", true),
    ("POST", "jobs/{id}/retry", true),
    ("GET", "events", false),
    // Not for agents: `roles`.
    ("GET", "board", false),
    ("GET", "board/stream", false),
    // Not for agents: tests/stories/outward.rs.
    ("GET", "calls/export", false),
    ("GET", "tickets/export", false),
    ("GET", "calls", false),
    ("GET", "calls/{id}", false),
    ("GET", "calls/{id}/why", false),
    ("GET", "calls/{id}/voicemail", false),
    ("GET", "tickets", false),
    ("GET", "tickets/{id}", false),
    ("PATCH", "tickets/{id}", false),
    ("GET", "tickets/{id}/why", false),
    ("GET", "tickets/{id}/notes", false),
    ("POST", "tickets/{id}/notes", false),
    ("POST", "tickets", false),
    ("GET", "tickets/{id}/messages", false),
    ("POST", "tickets/{id}/messages", false),
    ("POST", "tickets/{id}/messages/{message}/retry", false),
    ("GET", "tickets/{id}/draft", false),
    ("PUT", "tickets/{id}/draft", false),
    ("DELETE", "tickets/{id}/draft", false),
    ("GET", "tickets/{id}/attachments/{sha256}", false),
    ("GET", "messages", false),
    ("GET", "missed_calls", false),
    ("POST", "calls/{id}/called_back", false),
    ("GET", "audit", true),
    ("POST", "erasures", true),
    ("GET", "users/{id}/availability", false),
    ("PUT", "users/{id}/availability", false),
    ("POST", "preview", false),
    ("GET", "coverage", false),
    ("POST", "replay", true),
    ("GET", "holidays", false),
    ("GET", "openapi.json", false),
    ("GET", "asyncapi.json", false),
    ("HEAD", "users", false),
    ("HEAD", "calls/{id}", false),
    ("HEAD", "calls/{id}/voicemail", false),
];

fn path(route: &str) -> String {
    format!(
        "/api/v1/{}",
        route
            .replace("{id}", NOBODY)
            .replace("{delivery}", NOBODY)
            .replace("{message}", NOBODY)
            .replace("{sha256}", &NOBODY.repeat(2))
    )
}

/// The document of the API, which is made from its routes, has just those that the tables here have.
#[tokio::test]
async fn no_route_is_forgotten_here() {
    let desk = Desk::open().await;
    let document = desk.api.get("openapi.json").await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut served = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let path = path.strip_prefix("/api/v1/").expect("everything is below /api/v1");
        let methods = item.as_object().expect("operations").keys();
        served.extend(methods.map(|method| (method.to_uppercase(), path.to_owned())));
    }
    let listed = ROUTES.iter().filter(|(method, ..)| *method != "HEAD");
    let listed: BTreeSet<_> =
        listed.map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(served, listed);
    let source = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/web/mod.rs")).unwrap();
    let api = source.split_once("\nfn api()").expect("the function that lists the API").1;
    let api = api.split_once("\n}").expect("its end").0;
    assert!(!api.contains(".route("), "a route that is added with `route` is in no document");
}

/// Whatever a document names it also holds.
#[tokio::test]
async fn the_documents_name_nothing_that_they_do_not_hold() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let desk = Desk::open().await;
    for name in ["openapi.json", "asyncapi.json"] {
        let document = desk.api.get(name).await;
        let mut named = BTreeSet::new();
        references(&document, &mut named);
        assert!(named.len() > 10, "{name}: {named:?}");
        for reference in named {
            let pointer = reference.strip_prefix('#').expect("of the same document");
            assert!(document.pointer(pointer).is_some(), "{name}: {reference}");
        }
    }
}

#[tokio::test]
async fn every_route_refuses_whoever_has_no_good_token() {
    let desk = Desk::open().await;
    let made = desk.api.post("tokens", json!({ "name": "short-lived", "role": "admin" })).await;
    let revoked = made["token"].as_str().expect("a secret");
    desk.api.delete(&format!("tokens/{}", made["id"].as_str().expect("an id"))).await;
    let good = &desk.api.token;
    let refused = [
        None,
        Some(String::new()),
        Some("Bearer".into()),
        Some("Bearer ".into()),
        Some("Bearer strowger_0000000000000000000000000000000000000000".into()),
        Some(format!("Bearer {revoked}")),
        Some(format!("Bearer {}", &good[..good.len() - 1])),
        Some(format!("Bearer {good}x")),
        Some(format!("Bearer {}", good.to_lowercase())),
        Some(format!("Basic {good}")),
        Some(good.clone()),
    ];
    for &(method, route, _) in ROUTES {
        for authorization in &refused {
            let what = format!("{method} {route} with {authorization:?}");
            let answer = ask(&desk, method, &path(route), authorization.as_deref(), Some(b"{}")).await;
            if method == "HEAD" {
                assert_eq!(answer.status, 401, "{what}");
            } else {
                answer.must_be_problem(401, &what);
            }
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{what}");
        }
        let let_in = ask(&desk, method, &path(route), Some(&format!("bearer {good}")), Some(b"{}")).await;
        assert_ne!(let_in.status, 401, "{method} {route}");
    }
    for public in ["/healthz", "/readyz"] {
        let answer = ask(&desk, "GET", public, None, None).await;
        assert_eq!((answer.status, answer.text()), (200, "ok\n"), "{public}");
    }
}

#[tokio::test]
async fn only_admins_change_settings() {
    let desk = Desk::open().await;
    let [anna, boss] = desk.agents(["Anna", "Boss"]).await;
    desk.api.patch(&format!("users/{}", boss.id), json!({ "role": "supervisor" })).await;
    let token = async |role: &str, user: Option<&str>| {
        let made = desk.api.post("tokens", json!({ "name": "one more", "role": role, "user": user })).await;
        made["token"].as_str().expect("a secret").to_owned()
    };
    let lesser = [
        ("an agent", anna.token.clone()),
        ("a supervisor", token("supervisor", Some(&boss.id)).await),
        ("a supervisor's program", token("supervisor", None).await),
        ("an agent's program", token("agent", None).await),
        ("an admin's token of an agent", token("admin", Some(&anna.id)).await),
        ("an admin's token of a supervisor", token("admin", Some(&boss.id)).await),
        ("an agent's token of a supervisor", token("agent", Some(&boss.id)).await),
    ];
    for (who, secret) in lesser {
        let authorization = format!("Bearer {secret}");
        for &(method, route, is_admins) in ROUTES {
            if ["preview", "coverage", "board", "board/stream"].contains(&route)
                || route.starts_with("contacts")
                || route.ends_with("/export")
            {
                // Supervisors may, for what they see, and keep contacts: roles.rs, contacts.rs, tests/stories/outward.rs.
                continue;
            }
            // Somebody's own, and a program is nobody. Tickets are made by those who have access to them.
            let is_own = ["views", "notifications"].iter().any(|own| route.starts_with(own));
            let is_own = is_own || (method, route) == ("POST", "tickets");
            if is_own && !is_admins && who.ends_with("program") {
                continue;
            }
            let what = format!("{who}: {method} {route}");
            let answer = ask(&desk, method, &path(route), Some(&authorization), Some(b"{}")).await;
            if is_admins {
                let problem = answer.must_be_problem(403, &what);
                assert_eq!(problem["title"], "This token may not do that", "{what}");
            } else {
                assert!(
                    ![401, 403, 405].contains(&answer.status) && answer.status < 500,
                    "{what}: {}",
                    answer.status
                );
            }
        }
        // Nobody makes more of themselves.
        for (path, patch) in [
            (format!("/api/v1/users/{}", anna.id), json!({ "role": "admin" })),
            (format!("/api/v1/users/{}", boss.id), json!({ "role": "admin" })),
        ] {
            let body = patch.to_string();
            let answer = ask(&desk, "PATCH", &path, Some(&authorization), Some(body.as_bytes())).await;
            answer.must_be_problem(403, who);
        }
    }
    let me = desk.api.with_token(&anna.token).get("me").await;
    assert_eq!((&me["role"], &me["user"]["name"]), (&json!("agent"), &json!("Anna")));
}

#[tokio::test]
async fn a_role_that_is_taken_away_is_gone_for_tokens_that_are_there() {
    let desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    let user = format!("users/{}", anna.id);
    desk.api.patch(&user, json!({ "role": "admin" })).await;
    let made = desk.api.post("tokens", json!({ "name": "Anna's", "role": "admin", "user": anna.id })).await;
    let annas = desk.api.with_token(made["token"].as_str().expect("a secret"));
    assert_eq!(annas.ask(Method::GET, "tokens", None).await.0, 200);
    desk.api.patch(&user, json!({ "role": "agent" })).await;
    assert_eq!(annas.ask(Method::GET, "tokens", None).await.0, 403);
}

#[tokio::test]
async fn refusals_are_problem_details() {
    let desk = Desk::open().await;
    let authorization = format!("Bearer {}", desk.api.token);
    let post =
        async |path: &str, body: &[u8]| ask(&desk, "POST", path, Some(&authorization), Some(body)).await;

    let invalid =
        post("/api/v1/users", br#"{"name": "Anna", "email": "a@example.org", "capacity": "many"}"#).await;
    let problem = invalid.must_be_problem(422, "a wrong type");
    assert_eq!(problem["title"], "Something in it is not valid");
    assert_eq!(problem["errors"].as_array().map(Vec::len), Some(1));
    let fault = &problem["errors"][0];
    assert_eq!(fault["pointer"], "/capacity");
    let reason = fault["detail"].as_str().expect("a reason");
    assert!(reason.contains("expected u32"), "{reason}");
    assert_eq!(problem["detail"], format!("/capacity: {reason}"));

    let deep = "[".repeat(10_000);
    for body in
        ["", "{", "name=Anna", "{\"name\": }", "{\"a\": 1} x", "\u{feff}{}", "{\"a\": \"\\ud800\"}", &deep]
    {
        let problem = post("/api/v1/users", body.as_bytes()).await.must_be_problem(400, "malformed");
        assert_eq!(problem["title"], "The body is not JSON");
        assert!(problem["detail"].is_string() && problem.get("errors").is_none());
    }
    post("/api/v1/users", b"{\"name\": \"\xff\"}").await.must_be_problem(400, "not UTF-8");
    for body in ["null", "[]", "\"x\"", "7"] {
        post("/api/v1/users", body.as_bytes()).await.must_be_problem(400, "no object");
    }
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(64 * 1024));
    post("/api/v1/users", large.as_bytes()).await.must_be_problem(413, "too large");

    for path in
        ["/", "/api", "/api/v1", "/api/v1/", "/api/v2/users", "/api/v1/nothing", "/api/v1/users/x/y", "/%ff"]
    {
        if path != "/" {
            ask(&desk, "GET", path, Some(&authorization), None).await.must_be_problem(404, path);
        }
    }
    for (method, path) in [
        ("PUT", "/api/v1/users"),
        ("DELETE", "/api/v1/users"),
        ("POST", "/api/v1/calls"),
        ("GET", "/api/v1/tokens/0"),
        ("BREW", "/api/v1/users"),
        ("POST", "/healthz"),
        ("DELETE", "/readyz"),
        ("POST", "/softphone"),
    ] {
        let answer = ask(&desk, method, path, Some(&authorization), None).await;
        answer.must_be_problem(405, &format!("{method} {path}"));
        assert!(
            answer.header("allow").contains(if path.ends_with("/0") { "DELETE" } else { "GET" }),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn an_id_of_the_wrong_form_names_nothing() {
    let desk = Desk::open().await;
    let authorization = format!("Bearer {}", desk.api.token);
    let upper = NOBODY.to_uppercase();
    let hyphens = "0198f000-0000-7000-8000-0000000000aa";
    let ids = [
        "x",
        "0",
        "..%2f..",
        "%00",
        "%ff",
        "-1",
        &upper,
        hyphens,
        &NOBODY[1..],
        &format!("{NOBODY}0"),
        NOBODY,
    ];
    for (method, route, _) in
        ROUTES.iter().filter(|(method, route, _)| route.contains("{id}") && *method != "HEAD")
    {
        for id in ids {
            let path = format!("/api/v1/{}", route.replace("{id}", id));
            let answer = ask(&desk, method, &path, Some(&authorization), Some(b"{}")).await;
            answer.must_be_problem(404, &format!("{method} {path}"));
        }
    }
}

#[tokio::test]
async fn what_cannot_be_saved_is_refused_with_the_place_and_the_reason() {
    let desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    let guest = json!({ "name": "Guest", "email": "guest@example.org", "reach": { "client": "guest" } });
    let guest = desk.agent_with("Guest", guest).await;
    desk.team("Support", &[&anna], &[]).await;
    desk.channel_with(json!({ "name": "Front desk" })).await;

    let user = |patch: Value| with(json!({ "name": "Ben", "email": "ben@example.org" }), patch);
    let team = |patch: Value| with(json!({ "name": "Night shift" }), patch);
    let channel = |patch: Value| {
        with(json!({ "kind": "calling", "name": "Sales", "provider": "main", "number": "+4311" }), patch)
    };
    let weekly = |days: Value| channel(json!({ "hours": { "mode": "schedule", "weekly": days } }));
    let dates = |exceptions: Value| {
        channel(json!({ "hours": { "mode": "schedule", "weekly": {}, "exceptions": exceptions } }))
    };
    let token = |patch: Value| with(json!({ "name": "ci", "role": "admin" }), patch);

    let table: Vec<(&str, Value, u16, &str, &str)> = vec![
        ("users", json!({}), 422, "", "missing field `name`"),
        ("users", user(json!({ "name": 7 })), 422, "/name", "expected a string"),
        ("users", user(json!({ "name": "" })), 422, "/name", "1 to 200 characters"),
        ("users", user(json!({ "name": " \t" })), 422, "/name", "1 to 200 characters"),
        ("users", user(json!({ "name": "a\nb" })), 422, "/name", "on one line"),
        ("users", user(json!({ "name": "x".repeat(201) })), 422, "/name", "1 to 200 characters"),
        ("users", user(json!({ "email": "ben" })), 422, "/email", "not an email address"),
        ("users", user(json!({ "email": null })), 422, "/email", "expected a string"),
        (
            "users",
            user(json!({ "email": "anna@example.org" })),
            409,
            "/email",
            "another user has this address",
        ),
        (
            "users",
            user(json!({ "email": "ANNA@example.ORG" })),
            409,
            "/email",
            "another user has this address",
        ),
        ("users", user(json!({ "role": "king" })), 422, "/role", "unknown variant `king`"),
        ("users", user(json!({ "seats": ["window"] })), 422, "/seats/0", "unknown variant `window`"),
        ("users", user(json!({ "seats": "service" })), 422, "/seats", "expected a sequence"),
        ("users", user(json!({ "ticket_access": "yes" })), 422, "/ticket_access", "expected a boolean"),
        ("users", user(json!({ "time_zone": "Europe/Wien" })), 422, "/time_zone", "not a time zone"),
        ("users", user(json!({ "time_zone": "../../etc/passwd" })), 422, "/time_zone", "not a time zone"),
        ("users", user(json!({ "capacity": -1 })), 422, "/capacity", "expected u32"),
        ("users", user(json!({ "capacity": 1.5 })), 422, "/capacity", "expected u32"),
        ("users", user(json!({ "reach": { "pigeon": "x" } })), 422, "/reach", "unknown variant `pigeon`"),
        ("users", user(json!({ "reach": { "client": "a b" } })), 422, "/reach/client", "a client's name"),
        (
            "users",
            user(json!({ "reach": { "sip": "sip:a@b" } })),
            422,
            "/reach/sip",
            "not in calls.sip_hosts",
        ),
        ("users", user(json!({ "reach": { "number": "112" } })), 422, "/reach/number", "7 to 15 digits"),
        ("users", user(json!({ "shoe_size": 42 })), 422, "/shoe_size", "unknown field `shoe_size`"),
        (
            "users",
            user(json!({ "working_hours": { "mon": [["09:00", "09:00"]] } })),
            422,
            "/working_hours/mon/0",
            "a whole day is from 00:00 to 24:00",
        ),
        (
            "users",
            user(
                json!({ "out_of_office": [{ "from": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z" }] }),
            ),
            422,
            "/out_of_office/0",
            "end after it starts",
        ),
        (
            "users",
            user(json!({ "out_of_office": [{ "from": "tomorrow", "until": "2026-01-01T00:00:00Z" }] })),
            422,
            "/out_of_office/0/from",
            "input contains invalid characters",
        ),
        ("teams", team(json!({ "name": "Support" })), 409, "/name", "another team has this name"),
        ("teams", team(json!({ "main": [anna.id, NOBODY] })), 422, "/main/1", "there is no user of this id"),
        ("teams", team(json!({ "extra": [NOBODY] })), 422, "/extra/0", "there is no user of this id"),
        ("teams", team(json!({ "main": ["anna"] })), 422, "/main/0", "32 lower-case hex digits"),
        ("channels", channel(json!({ "kind": "messages" })), 422, "/kind", "it is calling, email"),
        ("channels", channel(json!({ "name": "Front desk" })), 409, "/name", "another channel has this name"),
        ("channels", channel(json!({ "provider": "nobody" })), 422, "/provider", "no provider of this name"),
        ("channels", channel(json!({ "number": 4311 })), 422, "/number", "expected a string"),
        (
            "channels",
            channel(json!({ "time_zone": "Mars/Phobos" })),
            422,
            "/time_zone",
            "\"Mars/Phobos\" is not a time zone",
        ),
        (
            "channels",
            channel(json!({ "hours": { "mode": "sometimes" } })),
            422,
            "/hours/mode",
            "neither of the modes",
        ),
        ("channels", channel(json!({ "hours": {} })), 422, "/hours/mode", "\"mode\" is missing"),
        (
            "channels",
            channel(json!({ "hours": { "mode": "schedule" } })),
            422,
            "/hours/weekly",
            "\"weekly\" is missing",
        ),
        (
            "channels",
            channel(json!({ "hours": { "mode": "always", "closed_until": "soon" } })),
            422,
            "/hours/closed_until",
            "not an instant",
        ),
        (
            "channels",
            weekly(json!({ "monday": [] })),
            422,
            "/hours/weekly/monday",
            "\"monday\" does not belong here",
        ),
        (
            "channels",
            weekly(json!({ "mon": [["09:00", "12:00"], ["11:59", "13:00"]] })),
            422,
            "/hours/weekly/mon/1",
            "overlaps",
        ),
        (
            "channels",
            weekly(json!({ "mon": [["22:00", "03:00"]], "tue": [["02:00", "04:00"]] })),
            422,
            "/hours/weekly/tue/0",
            "overlaps",
        ),
        (
            "channels",
            weekly(json!({ "sun": [["22:00", "03:00"]], "mon": [["02:00", "04:00"]] })),
            422,
            "/hours/weekly/sun/0",
            "overlaps",
        ),
        (
            "channels",
            weekly(json!({ "mon": [["09:00", "09:00"]] })),
            422,
            "/hours/weekly/mon/0",
            "cannot start and end at 09:00",
        ),
        (
            "channels",
            weekly(json!({ "mon": [["24:00", "02:00"]] })),
            422,
            "/hours/weekly/mon/0/0",
            "cannot start then",
        ),
        (
            "channels",
            weekly(json!({ "mon": [["9:00", "12:00"]] })),
            422,
            "/hours/weekly/mon/0/0",
            "not a time of day",
        ),
        (
            "channels",
            weekly(json!({ "mon": [["09:00", "25:00"]] })),
            422,
            "/hours/weekly/mon/0/1",
            "not a time of day",
        ),
        ("channels", weekly(json!({ "mon": [["09:00"]] })), 422, "/hours/weekly/mon/0", "a start and an end"),
        ("channels", weekly(json!({ "mon": "09:00-12:00" })), 422, "/hours/weekly/mon", "is not a list"),
        (
            "channels",
            dates(json!([{ "date": "2026-12-24", "spans": [] }, { "date": "2026-12-24", "spans": [] }])),
            422,
            "/hours/exceptions/1/date",
            "2026-12-24 is listed twice",
        ),
        (
            "channels",
            dates(json!([{ "date": "2026-02-29", "spans": [] }])),
            422,
            "/hours/exceptions/0/date",
            "not a date",
        ),
        (
            "channels",
            dates(
                json!([{ "date": "2026-12-24", "spans": [["20:00", "03:00"]] }, { "date": "2026-12-25", "spans": [["02:00", "04:00"]] }]),
            ),
            422,
            "/hours/exceptions/1/spans/0",
            "overlaps",
        ),
        (
            "channels",
            dates(json!([{ "date": "2026-12-24" }])),
            422,
            "/hours/exceptions/0/spans",
            "\"spans\" is missing",
        ),
        (
            "channels",
            channel(json!({ "routing": { "users": [NOBODY] } })),
            422,
            "/routing/users/0",
            "there is no user of this id",
        ),
        (
            "channels",
            channel(json!({ "routing": { "users": [anna.id, guest.id] } })),
            422,
            "/routing/users/1",
            "Guest has no service seat",
        ),
        (
            "channels",
            channel(json!({ "routing": { "teams": [NOBODY] } })),
            422,
            "/routing/teams/0",
            "there is no team of this id",
        ),
        (
            "channels",
            channel(json!({ "routing": { "strategy": "loudest" } })),
            422,
            "/routing/strategy",
            "unknown variant `loudest`",
        ),
        (
            "channels",
            channel(json!({ "routing": { "tie_break": "fight" } })),
            422,
            "/routing/tie_break",
            "unknown variant `fight`",
        ),
        (
            "channels",
            channel(json!({ "routing": { "ring_seconds": 0 } })),
            422,
            "/routing/ring_seconds",
            "from 1 to 600",
        ),
        (
            "channels",
            channel(json!({ "routing": { "ring_seconds": 601 } })),
            422,
            "/routing/ring_seconds",
            "from 1 to 600",
        ),
        (
            "channels",
            channel(json!({ "routing": { "wait_seconds": 7201 } })),
            422,
            "/routing/wait_seconds",
            "from 0 to 7200",
        ),
        (
            "channels",
            channel(json!({ "routing": { "priority": 1 } })),
            422,
            "/routing/priority",
            "unknown field `priority`",
        ),
        (
            "channels",
            channel(json!({ "greetings": { "unanswered": { "audio": NOBODY } } })),
            422,
            "/greetings/unanswered",
            "there is no greeting of this id",
        ),
        (
            "channels",
            channel(json!({ "greetings": { "after_hours": { "text": " " } } })),
            422,
            "/greetings/after_hours",
            "nothing to say",
        ),
        (
            "channels",
            channel(json!({ "greetings": { "after_hours": { "text": "x".repeat(2001) } } })),
            422,
            "/greetings/after_hours",
            "2,000 characters",
        ),
        (
            "channels",
            channel(json!({ "greetings": { "after_hours": { "text": "x", "language": "english" } } })),
            422,
            "/greetings/after_hours",
            "the language",
        ),
        (
            "channels",
            channel(json!({ "greetings": { "sometimes": { "text": "x" } } })),
            422,
            "/greetings/sometimes",
            "unknown field `sometimes`",
        ),
        ("tokens", token(json!({ "name": " " })), 422, "/name", "a token needs a name"),
        ("tokens", token(json!({ "role": "king" })), 422, "/role", "unknown variant `king`"),
        ("tokens", token(json!({ "user": NOBODY })), 422, "/user", "there is no user of this id"),
        ("tokens", token(json!({ "user": "anna" })), 422, "/user", "32 lower-case hex digits"),
    ];
    let authorization = format!("Bearer {}", desk.api.token);
    let count = async |path: &str| desk.api.all(path).await.len();
    let before = [count("users").await, count("teams").await, count("channels").await, count("tokens").await];
    let mut wrong = Vec::new();
    for (path, body, status, pointer, reason) in table {
        let text = body.to_string();
        let answer =
            ask(&desk, "POST", &format!("/api/v1/{path}"), Some(&authorization), Some(text.as_bytes())).await;
        let problem = answer.json();
        let fault = &problem["errors"][0];
        let detail = fault["detail"].as_str().unwrap_or_default();
        if answer.status != status || fault["pointer"] != pointer || !detail.contains(reason) {
            wrong.push(format!(
                "{path} {text:.200}: {} {problem} instead of {status} {pointer:?} {reason:?}",
                answer.status
            ));
        } else {
            answer.must_be_problem(status, &text);
        }
    }
    assert!(wrong.is_empty(), "{} refusals are wrong:\n{}", wrong.len(), wrong.join("\n"));
    let after = [count("users").await, count("teams").await, count("channels").await, count("tokens").await];
    assert_eq!(after, before, "something was saved all the same");
}

/// `base` with these fields instead; null is written, not removed.
fn with(mut base: Value, patch: Value) -> Value {
    let (fields, patch) = (base.as_object_mut().expect("an object"), patch);
    fields.extend(patch.as_object().expect("an object").clone());
    base
}

#[tokio::test]
async fn what_is_created_answers_201_with_its_address_and_every_default() {
    let desk = Desk::open().await;
    let authorization = format!("Bearer {}", desk.api.token);
    let bodies = [
        ("users", json!({ "name": "Anna", "email": "anna@example.org" })),
        ("teams", json!({ "name": "Support" })),
        ("channels", json!({ "kind": "calling", "name": "Sales", "provider": "main", "number": "+4311" })),
        ("tokens", json!({ "name": "ci", "role": "agent" })),
    ];
    for (path, body) in bodies {
        let answer = ask(
            &desk,
            "POST",
            &format!("/api/v1/{path}"),
            Some(&authorization),
            Some(body.to_string().as_bytes()),
        )
        .await;
        let mut object = answer.json();
        assert_eq!((answer.status, answer.header("content-type")), (201, "application/json"), "{object}");
        let warnings = object.as_object_mut().and_then(|fields| fields.remove("warnings"));
        assert_eq!(warnings.is_some(), path == "channels", "an empty channel surprises: {warnings:?}");
        let id = object["id"].as_str().expect("an id");
        assert!(
            id.len() == 32 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)),
            "{id}"
        );
        assert_eq!(&id[12..13], "7", "UUIDv7");
        assert_eq!(answer.header("location"), format!("/api/v1/{path}/{id}"));
        for (key, value) in body.as_object().expect("an object") {
            let kept = if key == "number" { &object["numbers"][0] } else { &object[key] };
            assert_eq!(kept, value, "{path}: {key}");
        }
        if path != "tokens" {
            assert_eq!(desk.api.get(&format!("{path}/{id}")).await, object, "it is there as it was answered");
        }
    }
    let users = desk.api.all("users").await;
    let mut anna = users[0].clone();
    let id = anna.as_object_mut().and_then(|fields| fields.remove("id")).expect("an id");
    assert_eq!(
        anna,
        json!({
            "name": "Anna", "email": "anna@example.org", "role": "agent", "seats": [], "ticket_access": true,
            "time_zone": "UTC", "working_hours": null, "out_of_office": [], "capacity": null,
            "skills": [], "reach": { "client": id },
        })
    );
}

#[tokio::test]
async fn a_token_s_secret_is_shown_once() {
    let desk = Desk::open().await;
    let made = desk.api.post("tokens", json!({ "name": "ci", "role": "agent" })).await;
    let secret = made["token"].as_str().expect("a secret");
    assert!(secret.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{secret}");
    let listed = desk.api.get("tokens").await.to_string();
    assert!(listed.contains("\"ci\"") && !listed.contains(secret), "{listed}");
    assert!(!listed.contains(&desk.api.token) && !listed.contains("sha256"), "{listed}");
}

#[tokio::test]
async fn a_patch_is_a_merge_patch() {
    let desk = Desk::open().await;
    let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
    let path = format!("users/{}", anna.id);
    let before = desk.api.get(&path).await;
    assert_eq!(desk.api.patch(&path, json!({})).await, before, "nothing changes nothing");

    let hours = json!({ "mon": [["09:00", "12:00"]] });
    let changed = desk
        .api
        .patch(&path, json!({ "capacity": 3, "working_hours": hours, "time_zone": "Europe/Vienna" }))
        .await;
    assert_eq!((&changed["capacity"], &changed["time_zone"]), (&json!(3), &json!("Europe/Vienna")));
    assert_eq!(changed["working_hours"], hours);
    assert_eq!(changed["email"], before["email"]);
    let more = desk.api.patch(&path, json!({ "working_hours": { "tue": [["10:00", "11:00"]] } })).await;
    assert_eq!(more["working_hours"], json!({ "mon": [["09:00", "12:00"]], "tue": [["10:00", "11:00"]] }));
    let less = desk.api.patch(&path, json!({ "working_hours": { "mon": null } })).await;
    assert_eq!(less["working_hours"], json!({ "tue": [["10:00", "11:00"]] }));
    let reset =
        desk.api.patch(&path, json!({ "capacity": null, "working_hours": null, "time_zone": null })).await;
    assert_eq!(reset, before, "null is the default again");

    for (patch, status, pointer) in [
        (json!({ "name": null }), 422, ""),
        (json!({ "email": "ben@example.org" }), 409, "/email"),
        (json!({ "id": NOBODY }), 422, "/id"),
    ] {
        let (answered, problem) = desk.api.ask(Method::PATCH, &path, Some(patch.clone())).await;
        assert_eq!((answered, &problem["errors"][0]["pointer"]), (status, &json!(pointer)), "{patch}");
    }
    assert_eq!(desk.api.get(&path).await, before, "what was refused changed nothing");

    let channel =
        desk.channel_with(json!({ "routing": { "users": ids(&[&anna]), "ring_seconds": 9 } })).await;
    let path = format!("channels/{}", channel.id);
    let before = desk.api.get(&path).await;
    let changed =
        desk.api.patch(&path, json!({ "routing": { "users": ids(&[&ben]), "ring_seconds": null } })).await;
    assert_eq!(changed["routing"]["users"], json!([ben.id]), "a list is replaced");
    assert_eq!(changed["routing"]["ring_seconds"], Value::Null);
    assert_eq!(changed["routing"]["strategy"], before["routing"]["strategy"]);
    let moved = desk.api.patch(&path, json!({ "number": "+4399" })).await;
    assert_eq!(moved["numbers"], json!(["+4399"]));
    let scheduled = json!({ "hours": { "mode": "schedule", "weekly": { "mon": [["09:00", "24:00"]] } } });
    let scheduled = desk.api.patch(&path, scheduled).await;
    assert_eq!(scheduled["hours"]["weekly"], json!({ "mon": [["09:00", "24:00"]] }));
    let again = json!({ "hours": { "mode": "always", "weekly": null, "exceptions": null } });
    assert_eq!(desk.api.patch(&path, again).await["hours"], before["hours"]);
}

#[tokio::test]
async fn a_list_goes_on_after_its_last_item() {
    let desk = Desk::open().await;
    let mut made = Vec::new();
    for number in 0..7 {
        let user = json!({ "name": format!("User {number}"), "email": format!("u{number}@example.org") });
        made.push(desk.api.create("users", user).await);
    }
    for limit in [1, 2, 3, 6, 7, 8, 500] {
        let (mut seen, mut after, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = desk.api.get(&format!("users?limit={limit}{after}")).await;
            let items = page["items"].as_array().expect("items");
            assert!(items.len() <= limit);
            seen.extend(items.iter().map(|user| user["id"].as_str().expect("an id").to_owned()));
            pages += 1;
            let Some(next) = page["next"].as_str() else { break };
            assert_eq!(items.len(), limit, "only the last page is not full");
            after = format!("&after={next}");
        }
        assert_eq!((&seen, pages), (&made, made.len().div_ceil(limit)), "{limit}");
    }
    assert_eq!(desk.api.get("users").await["items"].as_array().map(Vec::len), Some(7));
    assert_eq!(desk.api.get("calls").await, json!({ "items": [], "next": null }));

    let refused = [
        ("limit=0", 422, "/limit"),
        ("limit=501", 422, "/limit"),
        ("limit=-1", 422, "/limit"),
        ("limit=many", 422, "/limit"),
        ("limit=", 422, "/limit"),
        ("limit=99999999999999999999", 422, "/limit"),
        ("after=x", 422, "/after"),
        ("after=", 422, "/after"),
    ];
    for list in ["users", "teams", "channels", "greetings", "tokens", "contacts", "calls", "tickets"] {
        for (query, status, pointer) in refused {
            let (answered, problem) = desk.api.ask(Method::GET, &format!("{list}?{query}"), None).await;
            assert_eq!(
                (answered, &problem["errors"][0]["pointer"]),
                (status, &json!(pointer)),
                "{list}?{query}"
            );
        }
        assert_eq!(desk.api.ask(Method::GET, &format!("{list}?limit=1&limit=2"), None).await.0, 400);
        assert_eq!(desk.api.ask(Method::GET, &format!("{list}?color=red"), None).await.0, 200);
        let past = desk.api.get(&format!("{list}?after={}", "f".repeat(32))).await;
        if !["calls", "tickets"].contains(&list) {
            assert_eq!(past, json!({ "items": [], "next": null }), "{list}");
        }
    }
}

#[tokio::test]
async fn a_request_that_breaks_off_or_is_none_hurts_nobody() {
    let desk = Desk::open().await;
    for request in [
        "GARBAGE\r\n\r\n",
        "GET /api/v1/me HTTP/1.1\r\n\r\n",
        "GET /api/v1/me HTTP/9.9\r\nHost: x\r\n\r\n",
        "POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: nine\r\n\r\n",
        "POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST /api/v1/users HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let request = request.replace("HTTP/1.1\r\n\r\n", "HTTP/1.1\r\nConnection: close\r\n\r\n");
        let answer = raw(&desk, request.as_bytes()).await;
        assert!((400..500).contains(&answer.status), "{request:?}: {}", answer.status);
    }
    assert_eq!(desk.api.get("users").await["items"], json!([]));
}
