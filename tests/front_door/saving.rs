//! Saving settings: tags against lost changes, keys against doubled ones, the audit log, and a store that is away.

use super::{Answer, answer};
use crate::desk::{Desk, PATIENCE};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::time::Duration;
use tokio::time::Instant;

async fn send(
    desk: &Desk,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Value>,
) -> Answer {
    send_as(desk, &desk.api.token, method, path, headers, body).await
}

async fn send_as(
    desk: &Desk,
    token: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Value>,
) -> Answer {
    let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
    let url = format!("{}/api/v1/{path}", desk.api.address);
    let mut request = desk.api.client.request(method, url).bearer_auth(token).timeout(PATIENCE);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    answer(request).await
}

#[tokio::test]
async fn a_stale_tag_saves_nothing_and_a_fresh_one_does() {
    let desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    let team = desk.team("Support", &[&anna], &[]).await;
    let channel = desk.channel(&[&anna]).await;
    for path in [format!("users/{}", anna.id), format!("teams/{team}"), format!("channels/{}", channel.id)] {
        let shown = send(&desk, "GET", &path, &[], None).await;
        let first = shown.header("etag").to_owned();
        assert!(first.starts_with('"') && first.ends_with('"') && first.len() > 20, "{path}: {first}");
        let same = send(&desk, "GET", &path, &[("If-None-Match", &first)], None).await;
        assert_eq!((same.status, same.body.len(), same.header("etag")), (304, 0, first.as_str()), "{path}");
        let saved =
            send(&desk, "PATCH", &path, &[("If-Match", &first)], Some(json!({ "name": "One" }))).await;
        let second = saved.header("etag").to_owned();
        assert_eq!(saved.status, 200, "{path}");
        assert_ne!(first, second, "{path}");
        assert_eq!(send(&desk, "GET", &path, &[], None).await.header("etag"), second, "{path}");
        assert_eq!(send(&desk, "GET", &path, &[("If-None-Match", &first)], None).await.status, 200);
        let weak = format!("W/{second}");
        for stale in [first.as_str(), "\"x\"", "x", "", &weak] {
            let refused =
                send(&desk, "PATCH", &path, &[("If-Match", stale)], Some(json!({ "name": "Two" }))).await;
            refused.must_be_problem(412, &format!("{path} with {stale:?}"));
            if !path.starts_with("users") {
                let kept = send(&desk, "DELETE", &path, &[("If-Match", stale)], None).await;
                kept.must_be_problem(412, &format!("DELETE {path} with {stale:?}"));
            }
        }
        assert_eq!(desk.api.get(&path).await["name"], "One", "{path}");
        let list = format!("{first}, {second}");
        for good in [list.as_str(), "*"] {
            let saved = send(&desk, "PATCH", &path, &[("If-Match", good)], Some(json!({}))).await;
            assert_eq!(saved.status, 200, "{path} with {good}");
        }
        let saved = send(&desk, "PATCH", &path, &[], Some(json!({ "name": "Three" }))).await;
        assert_eq!(saved.status, 200, "without a tag");
    }
    let nothing = format!("teams/{}", super::NOBODY);
    send(&desk, "PATCH", &nothing, &[("If-Match", "*")], Some(json!({}))).await.must_be_problem(404, "*");
}

#[tokio::test]
async fn of_many_who_save_with_one_tag_just_one_wins_and_without_a_tag_none_is_lost() {
    let desk = Desk::open().await;
    let team = desk.team("Support", &[], &[]).await;
    let path = format!("teams/{team}");
    let tag = send(&desk, "GET", &path, &[], None).await.header("etag").to_owned();
    let headers = [("If-Match", tag.as_str())];
    let save = |index: usize| {
        send(&desk, "PATCH", &path, &headers, Some(json!({ "name": format!("Team {index}") })))
    };
    let saved = futures_util::future::join_all((0..12).map(save)).await;
    let mut statuses: Vec<u16> = saved.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses[..2], [200, 412]);
    assert!(statuses[1..].iter().all(|status| *status == 412), "{statuses:?}");

    let agents = desk.agents(["Anna", "Ben"]).await;
    let (main, extra) = (json!({ "main": [agents[0].id] }), json!({ "extra": [agents[1].id] }));
    let (a, b) = tokio::join!(
        send(&desk, "PATCH", &path, &[], Some(main)),
        send(&desk, "PATCH", &path, &[], Some(extra))
    );
    assert_eq!((a.status, b.status), (200, 200));
    let both = desk.api.get(&path).await;
    assert_eq!((&both["main"], &both["extra"]), (&json!([agents[0].id]), &json!([agents[1].id])));
}

#[tokio::test]
async fn a_repeated_post_makes_nothing_twice() {
    let mut desk = Desk::open().await;
    let headers = [("Idempotency-Key", "order 1")];
    let team = json!({ "name": "Support" });
    let posts = (0..8).map(|_| send(&desk, "POST", "teams", &headers, Some(team.clone())));
    let answers = futures_util::future::join_all(posts).await;
    let first = &answers[0];
    for repeat in &answers {
        assert_eq!((repeat.status, &repeat.body), (201, &first.body));
        assert_eq!(
            (repeat.header("location"), repeat.header("etag")),
            (first.header("location"), first.header("etag"))
        );
    }
    assert_eq!(desk.api.all("teams").await.len(), 1);
    // The answer is the first one, whatever became of the team, and after a restart too.
    let id = first.json()["id"].as_str().expect("an id").to_owned();
    desk.api.patch(&format!("teams/{id}"), json!({ "name": "Renamed" })).await;
    desk.restart().await;
    let late = send(&desk, "POST", "teams", &headers, Some(team.clone())).await;
    assert_eq!((late.status, &late.body), (201, &first.body));

    let other = send(&desk, "POST", "teams", &headers, Some(json!({ "name": "Sales" }))).await;
    other.must_be_problem(422, "another body");
    let user = json!({ "name": "Support", "email": "a@example.org" });
    send(&desk, "POST", "users", &headers, Some(user)).await.must_be_problem(422, "another path");
    assert_eq!(desk.api.all("teams").await.len(), 1);
    // What was refused is not remembered, and another token's keys are its own.
    let second = [("Idempotency-Key", "order 2")];
    send(&desk, "POST", "teams", &second, Some(json!({}))).await.must_be_problem(422, "no name");
    assert_eq!(send(&desk, "POST", "teams", &second, Some(json!({ "name": "Sales" }))).await.status, 201);
    let token = desk.api.post("tokens", json!({ "name": "two", "role": "admin" })).await;
    let token = token["token"].as_str().expect("a secret");
    let theirs = send_as(&desk, token, "POST", "teams", &headers, Some(json!({ "name": "Third" }))).await;
    assert_eq!(theirs.status, 201);
    let long = "k".repeat(256);
    for bad in ["", long.as_str(), "\t", "é"] {
        let refused = send(&desk, "POST", "teams", &[("Idempotency-Key", bad)], Some(team.clone())).await;
        refused.must_be_problem(400, bad);
    }
    let longest =
        send(&desk, "POST", "teams", &[("Idempotency-Key", &long[1..])], Some(json!({ "name": "Long" })))
            .await;
    assert_eq!(longest.status, 201);
}

#[tokio::test]
async fn a_repeated_token_is_not_shown_again_nor_made_again() {
    let desk = Desk::open().await;
    let headers = [("Idempotency-Key", "once")];
    let token = json!({ "name": "board", "role": "agent" });
    let made = send(&desk, "POST", "tokens", &headers, Some(token.clone())).await;
    let secret = made.json()["token"].as_str().expect("a secret").to_owned();
    let before = desk.api.all("tokens").await.len();
    let again = send(&desk, "POST", "tokens", &headers, Some(token)).await;
    let problem = again.must_be_problem(409, "again");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(made.header("location"))));
    assert_eq!(desk.api.all("tokens").await.len(), before);
    for file in std::fs::read_dir(desk.data()).expect("a folder") {
        let Ok(bytes) = std::fs::read(file.expect("a file").path()) else { continue };
        assert!(
            !bytes.windows(secret.len()).any(|part| part == secret.as_bytes()),
            "the secret is kept in clear"
        );
    }
}

#[tokio::test]
async fn every_change_is_in_the_audit_log_before_and_after_and_by_whom() {
    let desk = Desk::open().await;
    let start = desk.api.all("audit").await.len();
    let made = desk.api.post("teams", json!({ "name": "Support" })).await;
    let id = made["id"].as_str().expect("an id").to_owned();
    let path = format!("teams/{id}");
    let changed = desk.api.patch(&path, json!({ "name": "Help" })).await;
    desk.api.patch(&path, json!({ "name": "Help" })).await;
    desk.api.delete(&path).await;
    let (status, _) = desk.api.ask(reqwest::Method::POST, "teams", Some(json!({}))).await;
    assert_eq!(status, 422);
    let log = desk.api.all("audit").await;
    let new: Vec<&Value> = log[..log.len() - start].iter().rev().collect();
    let told: Vec<_> =
        new.iter().map(|line| (line["action"].as_str().unwrap(), &line["before"], &line["after"])).collect();
    let expected =
        [("created", &Value::Null, &made), ("changed", &made, &changed), ("deleted", &changed, &Value::Null)];
    assert_eq!(told, expected, "one line for each change, and none for what changes nothing or is refused");
    let tokens = desk.api.all("tokens").await;
    for line in &new {
        assert_eq!((line["kind"].as_str(), line["subject"].as_str()), (Some("team"), Some(id.as_str())));
        assert_eq!(
            line["author"],
            json!({ "kind": "token", "address": "127.0.0.1", "token": tokens[0]["id"], "user": null })
        );
    }
    // The desk's own token was made by the command line before the daemon ran.
    let first = log.iter().find(|line| line["kind"] == "token").expect("the first token");
    assert_eq!(first["author"]["kind"], "command_line");
    let anna = desk.agent("Anna").await;
    let log = desk.api.get("audit").await.to_string();
    assert!(log.contains(&anna.id));
    let hash = strowger::audio::sha256(anna.token.as_bytes());
    assert!(!log.contains(&anna.token) && !log.contains(&hash), "a secret is in the audit log");
}

#[tokio::test]
async fn listening_to_a_message_is_audited() {
    use strowger::providers::simulator::{Behaviour, Message};
    let desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let behaviour = Behaviour { message: Message::Seconds(4.0), ..Behaviour::default() };
    let caller = desk.call_with(&channel, behaviour);
    desk.over(&caller).await;
    let call = desk.call_when(caller.sid(), "has its message", |call| call["voicemail"].is_object()).await;
    let path = format!("calls/{}/voicemail", call["id"].as_str().expect("an id"));
    assert_eq!(send_as(&desk, &anna.token, "GET", &path, &[], None).await.status, 200);
    let line = &desk.api.get("audit?limit=1").await["items"][0];
    assert_eq!((&line["action"], &line["kind"]), (&json!("listened"), &json!("call")));
    assert_eq!((&line["subject"], &line["author"]["user"]), (&call["id"], &json!(anna.id)));
}

#[tokio::test]
async fn while_the_store_is_away_saves_are_refused_and_never_done() {
    let desk = Desk::open().await;
    desk.api.post("teams", json!({ "name": "Before" })).await;
    let options = SqliteConnectOptions::new().filename(desk.database());
    let mut lock = SqliteConnection::connect_with(&options).await.expect("a database");
    sqlx::query("begin immediate").execute(&mut lock).await.expect("the lock");
    let started = Instant::now();
    let posts = (0..6).map(|index| {
        let team = json!({ "name": format!("Away {index}") });
        async { send(&desk, "POST", "teams", &[], Some(team)).await }
    });
    for refused in futures_util::future::join_all(posts).await {
        assert_eq!(refused.header("retry-after"), "5");
        refused.must_be_problem(503, "the store is locked");
    }
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    let late = send(&desk, "POST", "teams", &[], Some(json!({ "name": "Away too" }))).await;
    late.must_be_problem(503, "known to be away");
    assert_eq!(desk.api.all("teams").await.len(), 1, "reading goes on");
    sqlx::query("rollback").execute(&mut lock).await.expect("the lock is let go");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let saved = send(&desk, "POST", "teams", &[], Some(json!({ "name": "After" }))).await;
        if saved.status == 201 {
            break;
        }
        assert!(Instant::now() < deadline, "the store is back, but nobody notices");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let names: Vec<_> = desk.api.all("teams").await.iter().map(|team| team["name"].clone()).collect();
    assert_eq!(names, ["Before", "After"]);
}

#[tokio::test]
async fn a_repeated_upload_makes_nothing_twice() {
    let mut desk = Desk::open().await;
    let sound = concat!(env!("CARGO_MANIFEST_DIR"), "/audio/ring-eu.wav");
    let sound = std::fs::read(sound).expect("a sound that ships");
    let form = |name: &str| {
        let head = format!(
            "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n{name}\r\n--x\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\nContent-Type: audio/wav\r\n\r\n"
        );
        [head.as_bytes(), &sound, b"\r\n--x--\r\n"].concat()
    };
    let upload = async |desk: &Desk, key: &str, body: Vec<u8>| {
        let request = desk.api.client.post(format!("{}/api/v1/greetings", desk.api.address));
        let request = request.bearer_auth(&desk.api.token).header("Idempotency-Key", key);
        let request = request.header("Content-Type", "multipart/form-data; boundary=x").body(body);
        crate::answer(request.timeout(crate::PATIENCE)).await
    };
    let count = async |desk: &Desk| desk.api.all("greetings").await.len();
    let before = count(&desk).await;
    let first = upload(&desk, "one", form("Closed")).await;
    assert_eq!(first.status, 201, "{:?}", first.text());
    let again = upload(&desk, "one", form("Closed")).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(again.header("location"), first.header("location"));
    desk.restart().await;
    let late = upload(&desk, "one", form("Closed")).await;
    assert_eq!((late.status, &late.body), (201, &first.body));
    upload(&desk, "one", form("Open")).await.must_be_problem(422, "another body");
    upload(&desk, "", form("Open")).await.must_be_problem(400, "no key");
    assert_eq!(count(&desk).await, before + 1);
    // The sound is still there, and goes with the greeting; a repeat then leaves nothing behind.
    let audio = first.json()["audio"].as_str().expect("an address").replacen(crate::desk::PUBLIC_URL, "", 1);
    assert_eq!(crate::ask(&desk, "GET", &audio, None, None).await.status, 200);
    desk.api.delete(&format!("greetings/{}", first.json()["id"].as_str().expect("an id"))).await;
    assert_eq!(upload(&desk, "one", form("Closed")).await.body, first.body);
    assert_eq!(crate::ask(&desk, "GET", &audio, None, None).await.status, 404);
    assert_eq!(count(&desk).await, before);
    assert_eq!(upload(&desk, "two", form("Closed")).await.status, 201);
}

#[tokio::test]
async fn what_is_not_said_is_the_cautious_choice() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let path = format!("channels/{}", channel.id);
    assert_eq!(desk.api.get(&path).await["routing"]["strategy"], "simultaneous");

    let user = json!({ "name": "Ann", "email": "ann@example.org", "seats": ["service"],
        "reach": { "number": "+436641234567" } });
    let (status, problem) = desk.api.ask(Method::POST, "users", Some(user)).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/reach/number")), "{problem}");
    assert_eq!(
        desk.api.all("users").await.len(),
        0,
        "no number may be dialled until the operator says which"
    );

    for record in [json!({ "record": true }), json!({ "routing": { "record": "talk" } })] {
        let (status, problem) = desk.api.ask(Method::PATCH, &path, Some(record.clone())).await;
        assert_eq!(status, 422, "talks are not recorded: {record} {problem}");
    }
}
