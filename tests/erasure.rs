//! Erasing a person: afterwards their number is nowhere, and everybody else's data is as it was. Old things go too.

#![allow(clippy::unwrap_used, reason = "what a test can't do it fails for")]

mod desk;

use desk::{Channel, Desk, Wishes};
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
    let digits = NUMBER.trim_start_matches('+').as_bytes();
    let has = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(digits.len()).any(|window| window == digits)
    };
    files(&desk.data()).into_iter().filter(has).collect()
}

async fn connect(desk: &Desk) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(desk.database())).await.unwrap()
}

/// Everything that the API tells.
async fn told(desk: &Desk) -> String {
    let mut told = String::new();
    for list in ["calls", "tickets", "channels", "users", "greetings", "tokens", "audit"] {
        for item in desk.api.all(list).await {
            told += &item.to_string();
            if matches!(list, "calls" | "tickets") {
                let id = item["id"].as_str().unwrap();
                told += &desk.api.get(&format!("{list}/{id}/why")).await.to_string();
            }
        }
    }
    told
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
    let calls = desk.api.all("calls").await;
    assert_eq!((calls.len(), desk.api.all("tickets").await.len()), (2, 2));
    assert!(calls.iter().all(|call| call["from"] == OTHER));
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
    assert_eq!(desk.api.all("calls").await.len(), 2);
    assert_eq!(traces(&desk), Vec::<PathBuf>::new());
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
    assert_eq!(erased, json!({ "rows": 0, "files": 0 }));
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
