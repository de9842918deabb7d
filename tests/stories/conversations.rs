//! What is written with customers, over longer times: files, erasure, how long it is kept, backups.

#![allow(clippy::unwrap_used, reason = "what a test can't do it fails for")]

use crate::desk::{Desk, Wishes};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::sleep;

const ZOE: &str = "zoe@example.org";
const JOE: &str = "joe@example.org";

async fn open(config: &str) -> Desk {
    let wishes = Wishes { config: config.into(), log: "info".into(), ..Wishes::default() };
    Desk::open_with(wishes).await
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// A ticket of another system, and the way to it.
async fn ticket_of(desk: &Desk, channel: &str, customer: &str, key: &str) -> String {
    let asked = json!({
        "channel": channel, "subject": format!("From {customer}"), "text": format!("I am {customer}."), "key": key,
        "customer": { "kind": "email", "value": customer }, "properties": { "mail": customer },
    });
    format!("tickets/{}", text(&desk.api.post("tickets", asked).await["id"]))
}

/// The customer says something, and sends files: what each is called, its type, and what is in it.
async fn send(desk: &Desk, ticket: &str, files: &[(&str, &str, &str)]) -> Value {
    let mut body = String::new();
    for (name, value) in [("text", "Look at this."), ("by_customer", "true")] {
        body += &format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    for (name, kind, content) in files {
        body += &format!(
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: {kind}\r\n\r\n{content}\r\n"
        );
    }
    body += "--x--\r\n";
    let request = desk.api.client.post(format!("{}/api/v1/{ticket}/messages", desk.api.address));
    let request = request.bearer_auth(&desk.api.token).body(body);
    let answer = request.header("content-type", "multipart/form-data; boundary=x").send().await.unwrap();
    let status = answer.status().as_u16();
    let told: Value = answer.json().await.unwrap();
    assert_eq!(status, 201, "{told}");
    told
}

async fn fetch(desk: &Desk, url: &str, token: &str) -> reqwest::Response {
    desk.api.client.get(format!("{}{url}", desk.api.address)).bearer_auth(token).send().await.unwrap()
}

fn files(desk: &Desk) -> Vec<PathBuf> {
    let folder = desk.data().join("attachments");
    if !folder.exists() {
        return Vec::new();
    }
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn traces_of(desk: &Desk, sought: &str) -> Vec<PathBuf> {
    fn below(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { below(&path, found) } else { found.push(path) }
        }
    }
    let mut all = Vec::new();
    below(&desk.data(), &mut all);
    let has = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(sought.len()).any(|window| window.eq_ignore_ascii_case(sought.as_bytes()))
    };
    all.into_iter().filter(has).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_had_by_whoever_sees_the_ticket_and_does_nothing_in_a_browser() {
    let desk = open("").await;
    let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
    let channel = desk.api.create("channels", json!({ "kind": "api", "name": "Portal" })).await;
    let ticket = ticket_of(&desk, &channel, ZOE, "1").await;
    desk.api.patch(&ticket, json!({ "owner": anna.id })).await;
    let page = "<script>alert(1)</script>";
    let sent =
        send(&desk, &ticket, &[("../../evil.html", "text/html", page), ("a.png", "image/png", "PNG")]).await;
    let names: Vec<String> =
        sent["attachments"].as_array().unwrap().iter().map(|file| text(&file["name"])).collect();
    assert_eq!(names, ["evil.html", "a.png"]);
    let (html, png) = (text(&sent["attachments"][0]["url"]), text(&sent["attachments"][1]["url"]));

    let answer = fetch(&desk, &html, &anna.token).await;
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-disposition"), "attachment; filename*=UTF-8''evil.html");
    assert_eq!(header("content-security-policy"), "sandbox; default-src 'none'");
    assert_eq!(
        (header("cache-control"), header("x-content-type-options")),
        ("no-store".into(), "nosniff".into())
    );
    assert_eq!(answer.text().await.unwrap(), page);
    let picture = fetch(&desk, &png, &anna.token).await;
    assert!(picture.headers()["content-disposition"].to_str().unwrap().starts_with("inline;"));

    assert_eq!(fetch(&desk, &html, &ben.token).await.status(), 404);
    // Nor is it had by the way of a ticket that one sees.
    let other = ticket_of(&desk, &channel, JOE, "2").await;
    desk.api.patch(&other, json!({ "owner": ben.id })).await;
    let hash = html.rsplit('/').next().unwrap();
    let detour = format!("/api/v1/{other}/attachments/{hash}");
    assert_eq!(fetch(&desk, &detour, &ben.token).await.status(), 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_wrote_is_erased_with_its_files_and_the_conversations_of_others_stay() {
    let desk = open("").await;
    let channel = desk.api.create("channels", json!({ "kind": "api", "name": "Portal" })).await;
    let (of_zoe, of_joe) =
        (ticket_of(&desk, &channel, ZOE, "1").await, ticket_of(&desk, &channel, JOE, "2").await);
    let both = ("shared.txt", "text/plain", "what both sent");
    send(&desk, &of_zoe, &[both, ("hers.txt", "text/plain", "signed zoe@example.org")]).await;
    let his = send(&desk, &of_joe, &[both]).await;
    desk.api.post(&format!("{of_zoe}/messages"), json!({ "text": "Dear zoe@example.org" })).await;
    desk.api.post(&format!("{of_zoe}/notes"), json!({ "text": "She is nice." })).await;
    let draft = json!({ "text": "and again" });
    desk.api.ask(reqwest::Method::PUT, &format!("{of_zoe}/draft"), Some(draft)).await;
    assert_eq!(files(&desk).len(), 2);
    assert!(!traces_of(&desk, ZOE).is_empty());

    desk.api.post("erasures", json!({ "number": ZOE })).await;
    assert_eq!(traces_of(&desk, ZOE), Vec::<PathBuf>::new());
    assert_eq!(desk.api.ask(reqwest::Method::GET, &of_zoe, None).await.0, 404);
    assert_eq!(files(&desk).len(), 1, "what Joe sent too");
    let left = fetch(&desk, &text(&his["attachments"][0]["url"]), &desk.api.token).await;
    assert_eq!(left.text().await.unwrap(), "what both sent");
    let tickets = desk.api.all("tickets").await;
    assert_eq!((tickets.len(), &tickets[0]["subject"]), (1, &json!("From joe@example.org")));
    assert_eq!(desk.api.all(&format!("{of_joe}/messages")).await.len(), 2);
    let options = SqliteConnectOptions::new().filename(desk.database());
    let mut store = SqliteConnection::connect_with(&options).await.unwrap();
    let words = "create virtual table temp.words using fts5vocab(main, 'search_words', 'row')";
    sqlx::query(words).execute(&mut store).await.unwrap();
    for (word, expected) in [("zoe", 0), ("joe", 1)] {
        let sql = "select count(*) from temp.words where term = $1";
        let count: i64 = sqlx::query_scalar(sql).bind(word).fetch_one(&mut store).await.unwrap();
        assert_eq!(count, expected, "{word} among the words by which messages are found");
    }
    store.close().await.unwrap();
    for table in ["notes", "drafts"] {
        let sql: &'static str =
            if table == "notes" { "select count(*) from notes" } else { "select count(*) from drafts" };
        assert_eq!(desk.number(sql).await, Some(0), "{table}");
    }
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_is_kept_for_its_days_after_it_was_closed_and_an_open_one_for_ever() {
    let mut desk = open("[retention]\nconversations_days = 30\n").await;
    let channel = desk.api.create("channels", json!({ "kind": "api", "name": "Portal" })).await;
    let mut tickets = Vec::new();
    for key in ["old", "young", "open"] {
        let ticket = ticket_of(&desk, &channel, ZOE, key).await;
        send(&desk, &ticket, &[("a.txt", "text/plain", key)]).await;
        tickets.push(ticket);
    }
    let [old, young, open] = &tickets[..] else { panic!("three") };
    for closed in [old, young] {
        desk.api.patch(closed, json!({ "status": "closed" })).await;
    }
    desk.stop().await;
    let options = SqliteConnectOptions::new().filename(desk.database());
    let mut store = SqliteConnection::connect_with(&options).await.unwrap();
    for (ticket, days) in [(old, 31), (young, 29)] {
        let id = ticket.rsplit('/').next().unwrap();
        let sql = "update tickets set closed_ms = closed_ms - $1 where id = $2";
        sqlx::query(sql).bind(days * 86_400_000_i64).bind(id).execute(&mut store).await.unwrap();
    }
    store.close().await.unwrap();
    desk.start().await;
    for _ in 0..1_500 {
        if desk.api.ask(reqwest::Method::GET, old, None).await.0 == 404 && files(&desk).len() == 2 {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(desk.api.ask(reqwest::Method::GET, old, None).await.0, 404, "it is there still");
    assert_eq!(files(&desk).len(), 2);
    for kept in [young, open] {
        assert_eq!(desk.api.all(&format!("{kept}/messages")).await.len(), 2);
    }
    assert_eq!(desk.number("select count(*) from attachments").await, Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_holds_the_files_of_messages_and_says_which_it_lacks() {
    let mut desk = open("").await;
    let channel = desk.api.create("channels", json!({ "kind": "api", "name": "Portal" })).await;
    let ticket = ticket_of(&desk, &channel, ZOE, "1").await;
    let sent =
        send(&desk, &ticket, &[("a.txt", "text/plain", "kept"), ("b.txt", "text/plain", "lost")]).await;
    let url = |place: usize| text(&sent["attachments"][place]["url"]);
    let lost = url(1).rsplit('/').next().unwrap().to_owned();
    std::fs::remove_file(desk.data().join("attachments").join(&lost)).unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let archive = folder.path().join("backup.tar");
    let made = desk.command(&["backup", archive.to_str().unwrap()]).output().unwrap();
    let said = String::from_utf8_lossy(&made.stderr).into_owned() + &String::from_utf8_lossy(&made.stdout);
    assert!(made.status.success() && said.contains(&lost), "{said}");
    desk.stop().await;
    let back = desk.command(&["restore", "--replace", archive.to_str().unwrap()]).output().unwrap();
    assert!(back.status.success(), "{}", String::from_utf8_lossy(&back.stderr));
    desk.start().await;
    assert_eq!(fetch(&desk, &url(0), &desk.api.token).await.text().await.unwrap(), "kept");
    assert_eq!(fetch(&desk, &url(1), &desk.api.token).await.status(), 500);
    assert_eq!(desk.api.all(&format!("{ticket}/messages")).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_on_its_way_when_a_backup_was_made_goes_out_only_when_somebody_wants_it() {
    let mut desk = open("").await;
    let channel = desk.api.create("channels", json!({ "kind": "api", "name": "Portal" })).await;
    let ticket = ticket_of(&desk, &channel, ZOE, "1").await;
    let reply = desk.api.post(&format!("{ticket}/messages"), json!({ "text": "Hello" })).await;
    desk.stop().await;
    let options = SqliteConnectOptions::new().filename(desk.database());
    let mut store = SqliteConnection::connect_with(&options).await.unwrap();
    let sql = "update messages set state = 'queued', state_ms = null, due_ms = 1 where side = 'out'";
    assert_eq!(sqlx::query(sql).execute(&mut store).await.unwrap().rows_affected(), 1);
    store.close().await.unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let archive = folder.path().join("backup.tar");
    for words in [
        ["backup", archive.to_str().unwrap()].as_slice(),
        &["restore", "--replace", archive.to_str().unwrap()],
    ] {
        let output = desk.command(words).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    desk.start().await;
    let parked = desk.api.all(&format!("{ticket}/messages")).await.pop().unwrap();
    assert_eq!((&parked["id"], &parked["state"]), (&reply["id"], &json!("failed")));
    assert!(text(&parked["error"]).contains("it waited when the backup was made"), "{parked}");
    let retry = format!("{ticket}/messages/{}/retry", text(&reply["id"]));
    assert_eq!(desk.api.ask(reqwest::Method::POST, &retry, None).await.0, 202);
    for _ in 0..1_500 {
        if desk.api.all(&format!("{ticket}/messages")).await[1]["state"] == "sent" {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    let sent = desk.api.all(&format!("{ticket}/messages")).await.pop().unwrap();
    assert_eq!((&sent["state"], &sent["error"]), (&json!("sent"), &Value::Null));
    assert_eq!(desk.api.ask(reqwest::Method::POST, &retry, None).await.0, 409);
}
