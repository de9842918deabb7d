//! Erasing a person: afterwards their number is nowhere, and everybody else's data is as it was. Old things go too.

#![allow(clippy::unwrap_used, reason = "what a test can't do it fails for")]

use crate::desk::{Channel, Desk, PATIENCE, Wishes};
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use strowger::providers::simulator::{Behaviour, Caller, Message, Rest};
use tokio::time::sleep;

const NUMBER: &str = "+436641234567";
const OTHER: &str = "+436647654321";
const MESSAGE: Behaviour = Behaviour { patience: None, message: Message::Seconds(8.0) };
const GIVES_UP: Behaviour =
    Behaviour { patience: Some(Duration::from_millis(400)), message: Message::Silence };

/// As an operator would run it: numbers stand in no log but at `debug`.
async fn open(config: &str) -> Desk {
    let wishes = Wishes { config: config.into(), log: "info".into(), ..Wishes::default() };
    Desk::open_with(wishes).await
}

fn call_from(desk: &Desk, channel: &Channel, from: &str, behaviour: Behaviour) -> Caller {
    let incoming = desk.incoming(channel);
    desk.company.place(strowger::providers::simulator::Incoming { from: from.into(), behaviour, ..incoming })
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// The files in which the number stands, however it is written.
fn traces(desk: &Desk) -> Vec<PathBuf> {
    traces_of(desk, &NUMBER[1..])
}

fn traces_of(desk: &Desk, text: &str) -> Vec<PathBuf> {
    let has = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap_or_default().to_ascii_lowercase();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    files(&desk.data()).into_iter().filter(has).collect()
}

async fn connect(desk: &Desk) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(desk.database())).await.unwrap()
}

/// Everything that the API tells.
async fn told(desk: &Desk) -> String {
    let mut told = String::new();
    for list in [
        "calls",
        "tickets",
        "channels",
        "users",
        "teams",
        "greetings",
        "tokens",
        "audit",
        "contacts",
        "webhooks",
        "jobs",
        "missed_calls",
    ] {
        for item in desk.api.all(list).await {
            told += &item.to_string();
            let id = item["id"].as_str().unwrap_or_default();
            for more in match list {
                "calls" => vec!["why"],
                "tickets" => vec!["why", "notes"],
                "webhooks" => vec!["deliveries"],
                _ => Vec::new(),
            } {
                told += &desk.api.get(&format!("{list}/{id}/{more}")).await.to_string();
            }
        }
    }
    for export in ["calls/export?format=csv", "calls/export?format=jsonl", "tickets/export?format=jsonl"] {
        let request = desk.api.client.get(format!("{}/api/v1/{export}", desk.api.address));
        let answer = request.bearer_auth(&desk.api.token).send().await.unwrap();
        assert!(answer.status().is_success(), "{export}");
        told += &answer.text().await.unwrap();
    }
    told + &heard(desk).await
}

/// All events that are kept, up to one that happens now.
async fn heard(desk: &Desk) -> String {
    let channel = desk.channel(&[]).await;
    let (call, _) = desk.over(&desk.call_with(&channel, GIVES_UP)).await;
    let request = desk.api.client.get(format!("{}/api/v1/events", desk.api.address));
    let request = request.bearer_auth(&desk.api.token).header("Last-Event-ID", "0".repeat(32));
    let (mut heard, mut parts) = (String::new(), request.send().await.unwrap().bytes_stream());
    let last = call["id"].as_str().unwrap();
    let reading = async {
        while !heard.contains(last) {
            let part = parts.next().await.expect("the stream goes on").unwrap();
            heard += std::str::from_utf8(&part).unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("the stream tells what happened last");
    heard
}

/// Two calls of one person and one of another, each with a message, and one of each given up.
async fn scene(desk: &Desk) -> (Channel, Vec<Value>) {
    let channel = desk.channel(&[]).await;
    let first = call_from(desk, &channel, NUMBER, MESSAGE);
    let second = call_from(desk, &channel, NUMBER, Behaviour { message: Message::Seconds(5.0), ..MESSAGE });
    // the same sound as the first
    let other = call_from(desk, &channel, OTHER, MESSAGE);
    let quiet = call_from(desk, &channel, OTHER, GIVES_UP);
    for caller in [&first, &second, &other] {
        desk.over(caller).await;
    }
    quiet.ended().await;
    for (name, number) in [("Erika", NUMBER), ("Otto", OTHER)] {
        desk.api.post("contacts", json!({ "name": name, "numbers": [number] })).await;
    }
    let ticket = desk.call_of(first.sid()).await.expect("a call")["ticket"].clone();
    let note = json!({ "text": "She can be reached in the evening." });
    desk.api.post(&format!("tickets/{}/notes", ticket.as_str().expect("an id")), note).await;
    let kept = desk.api.all("calls").await.into_iter().filter(|call| call["from"] == OTHER).collect();
    (channel, kept)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_an_erasure_the_number_is_nowhere_and_others_are_untouched() {
    let desk = open("").await;
    let (channel, _) = scene(&desk).await;
    let mut connection = connect(&desk).await;
    let quarantined = format!(
        "insert into quarantine (id, at_ms, error, document)
        values ('q1', 1, 'odd', 'From=%2B{}&To=1'), ('q2', 1, 'odd', 'From={OTHER}')",
        &NUMBER[1..]
    );
    sqlx::query(sqlx::AssertSqlSafe(quarantined)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert!(!traces(&desk).is_empty(), "the scene leaves traces");
    assert_eq!(files(&desk.data().join("voicemail")).len(), 2);
    let first = desk.company.record().calls[0].clone();

    let erased = desk.api.post("erasures", json!({ "number": "0043 664 123-45 67" })).await;
    assert!(erased["rows"].as_u64().unwrap() > 10, "{erased}");
    assert_eq!(erased["files"], 1, "the sound of both stays: {erased}");

    assert_eq!(traces(&desk), Vec::<PathBuf>::new());
    assert!(!desk.log().contains(&NUMBER[1..]), "{}", desk.log());
    assert!(!told(&desk).await.contains(&NUMBER[1..]));
    let contacts = desk.api.all("contacts").await;
    assert_eq!(contacts.iter().map(|contact| &contact["name"]).collect::<Vec<_>>(), ["Otto"]);
    let mut store = connect(&desk).await;
    let notes: i64 = sqlx::query_scalar("select count(*) from notes").fetch_one(&mut store).await.unwrap();
    assert_eq!(notes, 0, "a note goes with its ticket");
    store.close().await.unwrap();
    let theirs =
        |calls: Vec<Value>| calls.into_iter().filter(|call| call["from"] == OTHER).collect::<Vec<_>>();
    let calls = theirs(desk.api.all("calls").await);
    assert_eq!((calls.len(), desk.api.all("tickets").await.len()), (2, 3), "and the one of the stream");
    let with_message = calls.iter().find(|call| call["outcome"] == "voicemail").unwrap();
    let sound = desk.api.client.get(format!(
        "{}{}",
        desk.api.address,
        with_message["voicemail"]["audio"].as_str().unwrap()
    ));
    let sound = sound.bearer_auth(&desk.api.token).send().await.unwrap();
    assert!(sound.status().is_success());
    let mut connection = connect(&desk).await;
    let (left,): (i64,) =
        sqlx::query_as("select count(*) from quarantine").fetch_one(&mut connection).await.unwrap();
    assert_eq!(left, 1);

    let audit = desk.api.all("audit").await;
    let entries: Vec<&Value> = audit.iter().filter(|entry| entry["action"] == "erased").collect();
    assert_eq!(entries.len(), 1);
    assert_eq!((&entries[0]["kind"], &entries[0]["after"]), (&json!("person"), &Value::Null));

    // The first webhook of an erased call is replayed: it is known to be over, and nothing is written.
    let params = [
        ("CallSid", first.sid.as_str()),
        ("From", NUMBER),
        ("To", channel.number.as_str()),
        ("CallStatus", "ringing"),
    ];
    let (status, body) = desk.post_hook(&channel.hook("voice"), &params).await;
    assert!(status == 200 && body.contains("<Hangup"), "{status} {body}");
    assert_eq!(desk.api.all("calls").await.len(), 3);
    assert_eq!(traces(&desk), Vec::<PathBuf>::new());
}

/// The file of the message that nobody else left too.
async fn her_sound(desk: &Desk) -> PathBuf {
    let mut store = connect(desk).await;
    let sql = "select sha256 from voicemails where seconds = 5";
    let sha256: String = sqlx::query_scalar(sql).fetch_one(&mut store).await.unwrap();
    store.close().await.unwrap();
    desk.data().join(format!("voicemail/{sha256}.wav"))
}

/// That a sound can't be removed keeps the erasure where its rows are gone and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_that_is_killed_once_its_rows_are_gone_is_finished_at_the_next_start() {
    let mut desk = open("[calls]\ndelete_kept_recordings = false\n").await;
    scene(&desk).await;
    let (sound, aside) = (her_sound(&desk).await, desk.data().join("aside"));
    let copy = desk.data().join("before-migration-7.db");
    std::fs::write(&copy, NUMBER).unwrap();
    std::fs::rename(&sound, &aside).unwrap();
    std::fs::create_dir(&sound).unwrap();
    desk.company.faults(|faults| faults.rest = Rest::Down);
    let (status, answer) = desk.api.ask(Method::POST, "erasures", Some(json!({ "number": NUMBER }))).await;
    assert_eq!(status, 503, "{answer}");
    desk.kill();
    std::fs::remove_dir(&sound).unwrap();
    std::fs::rename(&aside, &sound).unwrap();
    assert!(traces(&desk).contains(&copy) && traces(&desk).len() > 1, "{:?}", traces(&desk));

    desk.company.faults(|faults| faults.rest = Rest::Works);
    desk.start().await;
    assert_eq!(traces(&desk), Vec::<PathBuf>::new());
    assert!(!sound.exists() && !copy.exists());
    assert_eq!(files(&desk.data().join("voicemail")).len(), 1, "the other's message");
    desk.company_when("forgets the person's messages", |record| {
        record.recordings.iter().all(|recording| {
            let call = record.calls.iter().find(|call| call.sid == recording.call_sid);
            recording.is_deleted == call.is_some_and(|call| call.from == NUMBER)
        })
    })
    .await;
    assert!(!told(&desk).await.contains(&NUMBER[1..]));
    let mut store = connect(&desk).await;
    let sql = "select count(*) from erasures where cleaned_ms is null or sounds != ''";
    let unfinished: i64 = sqlx::query_scalar(sql).fetch_one(&mut store).await.unwrap();
    assert_eq!(unfinished, 0);
    assert!(!desk.log().contains(&NUMBER[1..]), "{}", desk.log());
}

/// While somebody reads, the write-ahead log can't be emptied: it is killed there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_that_is_killed_before_the_free_pages_are_clean_is_finished_at_the_next_start() {
    let mut desk = open("").await;
    scene(&desk).await;
    let sound = her_sound(&desk).await;
    let mut reader = connect(&desk).await;
    for sql in ["begin", "select count(*) from calls"] {
        sqlx::query(sql).execute(&mut reader).await.unwrap();
    }
    let asked = desk.api.client.post(format!("{}/api/v1/erasures", desk.api.address));
    let asked = asked.bearer_auth(&desk.api.token).json(&json!({ "number": NUMBER }));
    let asking = tokio::spawn(async move { asked.send().await.is_ok() });
    let removed = async {
        while sound.exists() {
            sleep(Duration::from_millis(15)).await;
        }
    };
    tokio::time::timeout(PATIENCE, removed).await.expect("the sound goes");
    desk.kill();
    assert!(!asking.await.unwrap(), "it was not answered");
    assert!(!traces(&desk).is_empty(), "the number is left on free pages, or in the log");
    // Whoever closes the last connection cleans up a little, too.
    drop(reader);
    desk.start().await;
    assert_eq!(traces(&desk), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_erased_wherever_it_stands_and_settings_that_name_it_are_told() {
    const ZOE: &str = "zoe@example.org";
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mail = format!("[mail]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n", nowhere.port());
    let config = format!("{mail}from = \"calls@example.org\"\n[outward]\nallow_loopback = true\n");
    let desk = open(&config).await;
    let to = json!({ "notify": { "missed": [ZOE], "voicemail": [ZOE, "joe@example.org"] } });
    let channel = desk.channel_with(to).await;
    let webhook = json!({ "name": "x", "url": format!("http://{nowhere}/"), "events": ["*"] });
    desk.api.post("webhooks", webhook).await;
    let hers = call_from(&desk, &channel, "sip:Zoe@example.org", MESSAGE);
    let his = call_from(&desk, &channel, "sip:joe@example.org", MESSAGE);
    let (_, his_call) = (desk.over(&hers).await, desk.over(&his).await.0);
    for (name, email) in [("Zoe", ZOE), ("Joe", "joe@example.org")] {
        desk.api.post("contacts", json!({ "name": name, "numbers": [], "email": email })).await;
    }
    let note = json!({ "text": "He says that zoe@example.org knows more." });
    let ticket = his_call["ticket"].as_str().unwrap();
    desk.api.post(&format!("tickets/{ticket}/notes"), note).await;
    let mut store = connect(&desk).await;
    let sql = "insert into quarantine (id, at_ms, error, document)
        values ('q1', 1, 'odd', 'From=sip%3AZoe%40example.org'), ('q2', 1, 'odd', 'joe@example.org')";
    sqlx::query(sql).execute(&mut store).await.unwrap();
    store.close().await.unwrap();
    let jobs = desk.api.all("jobs").await;
    assert!(jobs.iter().any(|job| job["recipient"] == ZOE), "{jobs:#?}");
    assert!(told(&desk).await.to_lowercase().contains(ZOE));

    let erased = desk.api.post("erasures", json!({ "number": "sip:zoe@example.org" })).await;
    assert_eq!(
        erased["named_in"],
        json!([format!("channels/{}", channel.id)]),
        "it is told where she stands still"
    );
    let patch = json!({ "notify": { "missed": [], "voicemail": ["joe@example.org"] } });
    desk.api.patch(&format!("channels/{}", channel.id), patch).await;
    let erased = desk.api.post("erasures", json!({ "number": ZOE })).await;
    assert_eq!(erased["named_in"], json!([]));
    for text in [ZOE, "zoe%40example.org"] {
        assert_eq!(traces_of(&desk, text), Vec::<PathBuf>::new(), "{text}");
        assert!(!told(&desk).await.to_lowercase().contains(text), "{text}");
        assert!(!desk.log().to_lowercase().contains(text), "{text}");
    }
    let told = told(&desk).await;
    assert!(told.contains("sip:joe@example.org") && told.contains("\"Joe\""), "the other is untouched");
    assert!(desk.api.all("jobs").await.iter().any(|job| job["recipient"] == "joe@example.org"));
    let audit = desk.api.all("audit").await;
    let changes =
        audit.iter().filter(|entry| entry["kind"] == "channel" && entry["subject"] == channel.id.as_str());
    assert_eq!(changes.count(), 2, "that the channel was made and changed stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_copies_at_the_telephone_company_are_deleted_and_work_on_them_comes_to_nothing() {
    let desk =
        open("[calls]\ndelete_kept_recordings = false\n[retention]\nforget_erased_calls = true\n").await;
    let (channel, _) = scene(&desk).await;
    // one more, whose sound can't be had: it is tried again and again
    desk.company.faults(|faults| faults.recordings_missing = 1_000);
    let lost = call_from(&desk, &channel, NUMBER, MESSAGE);
    lost.ended().await;
    let refused = desk.api.ask(Method::POST, "erasures", Some(json!({ "number": NUMBER }))).await;
    assert_eq!(refused.0, 409, "its message is being fetched, so the call is live: {refused:?}");
    desk.company.faults(|faults| faults.recordings_missing = 0);
    desk.over(&lost).await;

    desk.company.faults(|faults| faults.next_rest = Some(Rest::Down));
    desk.api.post("erasures", json!({ "number": NUMBER })).await;
    let record = desk
        .company_when("forgets the person", |record| {
            let of = |from: &str| {
                record
                    .calls
                    .iter()
                    .filter(|call| call.from == from)
                    .map(|call| call.sid.clone())
                    .collect::<Vec<_>>()
            };
            let mine = of(NUMBER);
            record
                .recordings
                .iter()
                .all(|recording| recording.is_deleted == mine.contains(&recording.call_sid))
                && mine.iter().all(|sid| {
                    record.requests.iter().any(|asked| {
                        asked.method == "DELETE"
                            && asked.target.contains(sid.as_str())
                            && asked.answer == Some(204)
                    })
                })
        })
        .await;
    assert_eq!(record.recordings.iter().filter(|recording| !recording.is_deleted).count(), 1);
    assert_eq!(traces(&desk), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_database_is_cleaned_again_and_a_new_call_is_not() {
    let mut desk = open("").await;
    let (channel, _) = scene(&desk).await;
    desk.stop().await;
    let before = std::fs::read(desk.database()).unwrap();
    // without a daemon, by the command line; but not what waits to be recorded
    let spool = desk.data().join("spool");
    std::fs::create_dir_all(&spool).unwrap();
    std::fs::write(spool.join("growing"), "torn").unwrap();
    let refused = desk.command(&["erase", "--number", NUMBER]).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("start the daemon first"), "{refused:?}");
    std::fs::remove_dir_all(&spool).unwrap();
    let done = desk.command(&["erase", "--number", NUMBER]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(traces(&desk), Vec::<PathBuf>::new());
    let list = std::fs::read_to_string(desk.data().join("erasures")).unwrap();
    assert!(!list.contains(&NUMBER[1..]));

    std::fs::write(desk.database(), before).unwrap();
    assert!(!traces(&desk).is_empty());
    desk.start().await;
    assert_eq!(traces(&desk), Vec::<PathBuf>::new());
    assert_eq!(desk.api.all("calls").await.len(), 2);

    // Who was erased may call again, and stays over a restart.
    let again = call_from(&desk, &channel, NUMBER, MESSAGE);
    desk.over(&again).await;
    desk.stop().await;
    desk.start().await;
    assert_eq!(desk.call_of(again.sid()).await.unwrap()["from"], NUMBER);
    // And is erased again, through the daemon.
    let done = desk.command(&["erase", "--number", NUMBER]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(String::from_utf8_lossy(&done.stdout).starts_with("erased: "));
    assert_eq!((traces(&desk), desk.api.all("calls").await.len()), (Vec::new(), 2));
}

/// Into the same folder, and into another with the list taken along.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_backup_forgets_again_who_was_erased_since() {
    const ONLY_KNOWN: &str = "+4366477788899";
    let mut desk = open("").await;
    scene(&desk).await;
    desk.api.post("contacts", json!({ "name": "Karl", "numbers": [ONLY_KNOWN] })).await;
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("strowger.tar");
    let archive = file.to_str().unwrap();
    let run = |desk: &Desk, words: &[&str]| {
        let output = desk.command(words).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(&desk, &["backup", archive]);
    for number in [NUMBER, ONLY_KNOWN] {
        desk.api.post("erasures", json!({ "number": number })).await;
    }
    let gone =
        |desk: &Desk| [NUMBER, ONLY_KNOWN].iter().all(|number| traces_of(desk, &number[1..]).is_empty());
    assert!(gone(&desk));
    let sounds = |desk: &Desk| files(&desk.data().join("voicemail")).len();
    assert_eq!(sounds(&desk), 1);
    desk.stop().await;

    run(&desk, &["restore", archive, "--replace"]);
    assert!(!gone(&desk) && sounds(&desk) == 2, "the backup has them");
    desk.start().await;
    assert!(gone(&desk), "they are erased again");
    assert_eq!((sounds(&desk), desk.api.all("calls").await.len()), (1, 2));
    let contacts = desk.api.all("contacts").await;
    assert_eq!(contacts.iter().map(|contact| &contact["name"]).collect::<Vec<_>>(), ["Otto"]);
    let aside = |desk: &Desk| {
        let entries = std::fs::read_dir(desk.data()).unwrap().map(|entry| entry.unwrap().file_name());
        entries.filter(|name| name.to_string_lossy().starts_with("before-restore-")).count()
    };
    assert_eq!(aside(&desk), 1, "what was there before the restore is kept");
    desk.restart().await;
    assert_eq!(desk.api.all("calls").await.len(), 2);
    desk.api.post("erasures", json!({ "number": OTHER })).await;
    assert_eq!(aside(&desk), 0, "but not with somebody who is erased later");
    assert_eq!(traces_of(&desk, &OTHER[1..]), Vec::<PathBuf>::new());
    desk.stop().await;

    let list = std::fs::read(desk.data().join("erasures")).unwrap();
    desk.elsewhere = Some(folder.path().join("elsewhere"));
    run(&desk, &["restore", archive]);
    std::fs::write(desk.data().join("erasures"), list).unwrap();
    assert!(!gone(&desk));
    desk.start().await;
    assert!(gone(&desk) && traces_of(&desk, &OTHER[1..]).is_empty());
    assert_eq!(desk.api.all("calls").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_told_to_others_is_forgotten_after_its_days_but_not_what_is_on_its_way() {
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut desk = open("[retention]\nmessages_days = 3\n[outward]\nallow_loopback = true\n").await;
    let webhook = json!({ "name": "x", "url": format!("http://{nowhere}/"), "events": ["*"] });
    desk.api.post("webhooks", webhook).await;
    scene(&desk).await;
    desk.stop().await;
    let mut store = connect(&desk).await;
    // Of the one caller all is old and arrived, but for one message; of the other all is young.
    let hers =
        "select id from happenings where call in (select id from calls where caller = '+436641234567')";
    for sql in [
        "update deliveries set done_ms = 1".to_owned(),
        format!("update happenings set at_ms = at_ms - 4 * 86400000 where id in ({hers})"),
        format!(
            "update deliveries set done_ms = null, due_ms = due_ms + 864000000 where happening = ({hers} limit 1)"
        ),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut store).await.unwrap();
    }
    let count = "select (select count(*) from happenings), (select count(*) from deliveries)";
    let (all, deliveries): (i64, i64) = sqlx::query_as(count).fetch_one(&mut store).await.unwrap();
    let (hers,): (i64,) = sqlx::query_as(sqlx::AssertSqlSafe(format!("select count(*) from ({hers})")))
        .fetch_one(&mut store)
        .await
        .unwrap();
    assert!(hers >= 8 && all > hers && deliveries == all, "{hers} of {all}, {deliveries}");
    desk.start().await;
    let left = (all - hers + 1, all - hers + 1);
    let mut seen = (0, 0);
    for _ in 0..1_500 {
        seen = sqlx::query_as(count).fetch_one(&mut store).await.unwrap();
        if seen == left {
            break;
        }
        sleep(Duration::from_millis(15)).await;
    }
    assert_eq!(seen, left);
    let calls = desk.api.all("calls").await;
    assert_eq!(calls.iter().filter(|call| call["from"] == NUMBER).count(), 2, "calls are of another class");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_erase_and_what() {
    let desk = open("").await;
    let anna = desk.agent("Anna").await;
    let asked = |token: &str, number: Value| {
        let api = desk.api.with_token(token);
        async move { api.ask(Method::POST, "erasures", Some(json!({ "number": number }))).await.0 }
    };
    assert_eq!(asked(&anna.token, json!(NUMBER)).await, 403);
    assert_eq!(asked("nobody", json!(NUMBER)).await, 401);
    for wrong in [json!(""), json!("+43"), json!("0664 1234567"), json!("Anna"), json!("%"), json!(7)] {
        assert_eq!(asked(&desk.api.token, wrong.clone()).await, 422, "{wrong}");
    }
    let erased = desk.api.post("erasures", json!({ "number": "sip:nobody@example.org" })).await;
    assert_eq!(erased, json!({ "rows": 0, "files": 0, "named_in": [] }));
    let channel = desk.channel_with(json!({ "routing": { "users": [anna.id] } })).await;
    let mut phone = desk.softphone(&anna).await;
    let caller = call_from(&desk, &channel, NUMBER, Behaviour::default());
    phone.next("offer").await;
    assert_eq!(asked(&desk.api.token, json!(NUMBER)).await, 409, "a live call");
    caller.hang_up();
    desk.over(&caller).await;
    assert_eq!(asked(&desk.api.token, json!(NUMBER)).await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_older_than_it_is_kept_for_goes_class_by_class() {
    let config = "[retention]\nrecordings_days = 10\ncalls_days = 20\nlogs_days = 5\n";
    let mut desk = open(config).await;
    let (channel, _) = scene(&desk).await;
    let calls = desk.api.all("calls").await;
    let sid =
        |from: &str| desk.company.record().calls.iter().find(|call| call.from == from).unwrap().sid.clone();
    let (ancient, old) = (sid(NUMBER), sid(OTHER));
    // the ancient call's ticket is closed; that of the person's second call is not
    for call in &calls {
        if call["provider_call_id"] == ancient.as_str() {
            let ticket = call["ticket"].as_str().unwrap();
            desk.api.patch(&format!("tickets/{ticket}"), json!({ "status": "closed" })).await;
        }
    }
    desk.stop().await;
    let mut connection = connect(&desk).await;
    const DAY_MS: i64 = 86_400_000;
    for (sql, days, of) in [
        ("update calls set ended_ms = ended_ms - $1 where caller = $2", 21, NUMBER),
        (
            "update voicemails set kept_ms = kept_ms - $1 where call = (select id from calls where provider_call_id = $2)",
            11,
            &*old,
        ),
        ("update events set at_ms = at_ms - $1 where document like '%' || $2 || '%'", 6, "call_arrived"),
    ] {
        let changed = sqlx::query(sql).bind(days * DAY_MS).bind(of).execute(&mut connection).await.unwrap();
        assert!(changed.rows_affected() > 0, "{sql}");
    }
    connection.close().await.unwrap();
    let orphan = desk.data().join("voicemail/orphan.wav");
    let fresh = desk.data().join("voicemail/fresh.wav");
    for (path, age) in [(&orphan, 4 * 86_400), (&fresh, 86_400)] {
        std::fs::write(path, "x").unwrap();
        let touched = std::process::Command::new("touch")
            .arg("-d")
            .arg(format!("{age} seconds ago"))
            .arg(path)
            .status();
        assert!(touched.unwrap().success());
    }
    desk.start().await;
    for _ in 0..1_500 {
        if desk.call_of(&ancient).await.is_none() && !orphan.exists() {
            break;
        }
        sleep(Duration::from_millis(15)).await;
    }
    assert!(!orphan.exists() && fresh.exists());
    assert!(desk.call_of(&ancient).await.is_none(), "the ancient call is there still");
    let calls = desk.api.all("calls").await;
    assert_eq!((calls.len(), desk.api.all("tickets").await.len()), (3, 3));
    let kept = calls.iter().find(|call| call["provider_call_id"] == old.as_str()).unwrap();
    assert_eq!(kept["voicemail"], Value::Null, "its call is kept, the message is not");
    let with_open_ticket = calls.iter().find(|call| call["from"] == NUMBER).unwrap();
    assert_eq!(with_open_ticket["voicemail"]["seconds"], 5);
    assert_eq!(files(&desk.data().join("voicemail")).len(), 2, "fresh, and the message of 5 s");
    let mut connection = connect(&desk).await;
    let sql = "select count(*) from events where document like '%call_arrived%'";
    let (events,): (i64,) = sqlx::query_as(sql).fetch_one(&mut connection).await.unwrap();
    assert_eq!(events, 0);
    // It is over for ever.
    let params = [
        ("CallSid", ancient.as_str()),
        ("From", NUMBER),
        ("To", channel.number.as_str()),
        ("CallStatus", "ringing"),
    ];
    assert!(desk.post_hook(&channel.hook("voice"), &params).await.1.contains("<Hangup"));
}
