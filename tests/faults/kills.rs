//! The daemon dies.

use crate::{
    Row, Scale,
    auditor::{Scope, Verdict},
    world::{PATIENCE, Wishes, World, work_on},
};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Between the storms it is looked whether the desk comes to rest.
const KILLS_UNDER_ONE_LOAD: u64 = 50;

/// Every audit goes through all the books that there are: with one desk a thousand kills would take hours.
pub async fn killed_at_random_moments_nothing_is_lost(scale: Scale) -> Vec<Row> {
    let (desks, times) = scale.of((1, 50), (5, 200));
    let mut rows = Vec::new();
    for _ in 0..desks {
        let mut world = World::open(Wishes::default()).await;
        let mut verdict = Verdict::default();
        for _ in 0..times / KILLS_UNDER_ONE_LOAD {
            let load = world.load(8.0);
            for _ in 0..KILLS_UNDER_ONE_LOAD {
                work_on(20..400).await;
                world.kill();
                verdict.add(world.evidence().await.audit(Scope::default()));
                world.start().await;
            }
            drop(load);
            verdict.add(world.audit(Scope::default()).await);
        }
        rows.push(Row::new("kill -9 at a random moment", times, verdict, &world));
    }
    rows
}

/// As a machine that is suspended, or a debugger.
pub async fn stopped_for_a_while_it_goes_on(scale: Scale) -> Vec<Row> {
    let world = World::open(Wishes::default()).await;
    let load = world.load(6.0);
    let (times, seconds) = scale.of((2, 4), (5, 30));
    for _ in 0..times {
        work_on(300..900).await;
        world.gate.asleep();
        world.signal("STOP");
        sleep(Duration::from_secs(seconds)).await;
        world.signal("CONT");
        world.gate.awake();
    }
    drop(load);
    let verdict = world.audit(Scope::default()).await;
    vec![Row::new(format!("SIGSTOP for {seconds} s"), times, verdict, &world)]
}

/// Others who want the folder, and older and newer copies of it.
pub async fn a_second_daemon_an_older_one_and_a_backup(_: Scale) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut world = World::open(Wishes::default()).await;

    let load = world.load(6.0);
    work_on(500..900).await;
    let mut refused = Verdict::default();
    for _ in 0..3 {
        let second = world.command(&["serve", "--listen", "127.0.0.1:0"]).output().unwrap();
        let why = String::from_utf8_lossy(&second.stderr).into_owned();
        if second.status.success() || !why.contains("another strowger is running") {
            refused.doubled.insert(format!("a second daemon: {}: {why}", second.status));
        }
    }
    drop(load);
    refused.add(world.audit(Scope::default()).await);
    rows.push(Row::new("a second daemon on the folder", 3, refused, &world));

    let load = world.load(6.0);
    work_on(800..1_200).await;
    let archive = world.folder().join("backup.tar");
    let archive = archive.to_string_lossy();
    let backed_up = world.evidence().await;
    let made = world.command(&["backup", &archive]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    drop(load);
    world.settle().await;
    world.kill();
    let restored = world.command(&["restore", &archive, "--replace"]).output().unwrap();
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    world.start().await;
    // What came after the backup is in no book; what was in it is, and goes on.
    let mut verdict = restored_well(&world, &backed_up).await;
    let before = world.company.record().calls.len();
    let load = world.load(6.0);
    work_on(2_000..2_500).await;
    drop(load);
    verdict.add(new_calls_are_well(&world, before).await);
    rows.push(Row::new("a restored backup", 1, verdict, &world));

    world.kill();
    let mut store = outside(&world).await;
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        values (9999, 'newer', 1, x'00', 0)";
    sqlx::query(newer).execute(&mut store).await.unwrap();
    let calls = |evidence: crate::auditor::Evidence| (evidence.calls, evidence.offers, evidence.tickets);
    let before = calls(world.evidence().await);
    let refused = world.command(&["serve", "--listen", "127.0.0.1:0"]).output().unwrap();
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    let mut verdict = Verdict::default();
    if refused.status.success() || !why.contains("newer") {
        verdict.stuck.insert(format!("a store of a newer version: {}: {why}", refused.status));
    }
    if calls(world.evidence().await) != before {
        verdict.lost.insert("the store of a newer version was changed".into());
    }
    sqlx::query("delete from _sqlx_migrations where version = 9999").execute(&mut store).await.unwrap();
    store.close().await.unwrap();
    world.start().await;
    rows.push(Row::new("an older binary on a newer store", 1, verdict, &world));
    rows
}

async fn restored_well(world: &World, backed_up: &crate::auditor::Evidence) -> Verdict {
    let mut verdict = Verdict::default();
    // A message that was kept after the backup was deleted at the telephone company: it is looked for during a day.
    let in_vain = |evidence: &crate::auditor::Evidence, call: &str| {
        let keeps = |job: &&String| job.contains("keep_recording") && job.contains(call);
        evidence.jobs.iter().filter(keeps).any(|job| job.ends_with("not found"))
    };
    let over = |evidence: &crate::auditor::Evidence| {
        evidence.calls.iter().all(|call| call.state == "ended" || in_vain(evidence, &call.id))
    };
    let settled = async {
        while !over(&world.evidence().await) {
            sleep(Duration::from_millis(100)).await;
        }
    };
    if timeout(PATIENCE, settled).await.is_err() {
        verdict.stuck.insert("a call of the backup never ends, though it is long over".into());
    }
    let now = world.evidence().await;
    let ended = backed_up.calls.iter().filter(|call| call.state == "ended");
    let missing = ended.filter(|call| !now.calls.contains(call));
    verdict.lost.extend(missing.map(|call| format!("the call {} is not what it was", call.sid)));
    let silent = now.messages.iter().filter(|message| !message.has_sound);
    verdict.lost.extend(silent.map(|message| format!("the sound of {}", message.recording)));
    if now.calls.is_empty() {
        verdict.lost.insert("the backup has no calls".into());
    }
    verdict
}

/// Audits only the calls that were placed since, as the others may be in no book.
async fn new_calls_are_well(world: &World, before: usize) -> Verdict {
    let quiet = async {
        while world.company.record().live_calls().count() > 0 {
            sleep(Duration::from_millis(100)).await;
        }
    };
    let mut verdict = Verdict::default();
    if timeout(PATIENCE, quiet).await.is_err() {
        verdict.stuck.insert("calls never end".into());
    }
    sleep(Duration::from_secs(1)).await;
    let mut evidence = world.evidence().await;
    let new: Vec<String> = evidence.company.calls.drain(before..).map(|story| story.sid).collect();
    for sid in &new {
        match evidence.calls.iter().filter(|call| call.sid == *sid).count() {
            1 => {}
            0 => drop(verdict.lost.insert(format!("the call {sid}, placed after the restore"))),
            _ => drop(verdict.doubled.insert(format!("the call {sid}"))),
        }
    }
    verdict
}

/// A call whose count of looks is at its end: one more breaks the switchboard, at each event anew.
pub async fn an_event_that_panics_harms_nobody_else(_: Scale) -> Vec<Row> {
    let mut world = World::open(Wishes::default()).await;
    let broken = world.call_with(&world.unattended, Default::default());
    let taking = async {
        while !world.evidence().await.calls.iter().any(|call| call.state == "voicemail") {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, taking).await.expect("it never takes a message");
    world.kill();
    let mut store = outside(&world).await;
    let poison = "update calls set live = json_set(live, '$.state.looks', 4294967295, '$.state.look_at', 1)
        where live is not null";
    let poisoned = sqlx::query(poison).execute(&mut store).await.unwrap().rows_affected();
    store.close().await.unwrap();
    world.start().await;
    let load = world.load(8.0);
    sleep(Duration::from_secs(3)).await;
    let aside = world.log().contains("breaks the switchboard and is put aside");
    drop(load);
    // Once its caller is gone, somebody lifts it out.
    broken.hang_up();
    let over = async {
        while world.company.record().live_calls().count() > 0 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    let _ = timeout(PATIENCE, over).await;
    world.kill();
    let mut store = outside(&world).await;
    let lift = "update calls set live = json_set(live, '$.state.looks', 0) where live is not null";
    sqlx::query(lift).execute(&mut store).await.unwrap();
    store.close().await.unwrap();
    world.start().await;
    let mut verdict = world.audit(Scope::default()).await;
    assert_eq!(poisoned, 1, "there was no call to poison");
    if !aside {
        verdict.stuck.insert("the switchboard did not panic".into());
    }
    vec![Row::new("an injected panic", 1, verdict, &world)]
}

async fn outside(world: &World) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(world.data().join("strowger.db"));
    SqliteConnection::connect_with(&options).await.unwrap()
}
