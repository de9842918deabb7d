//! The power goes out, the disk is full, a flush fails, somebody else holds the store.

use crate::{
    Row, Scale,
    auditor::{Scope, Verdict, spooled},
    shim::{Count, EIO, ENOSPC, Order, Point},
    world::{Wishes, World, work_on},
};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::time::Duration;
use tokio::time::{sleep, timeout};

const SHIM: Wishes = Wishes { agents: 4, shim: true, api_base: None, ring_seconds: 3 };

fn seen(world: &World, count: Count) -> i64 {
    world.shim.as_ref().unwrap().count(count)
}

/// Every point at which the daemon can die, and every state in which it has calls then.
pub async fn killed_at_every_point_in_every_state_nothing_is_lost(scale: Scale) -> Vec<Row> {
    const STATES: [&str; 5] = ["ringing", "waiting", "connecting", "talking", "voicemail"];
    let mut world = World::open(SHIM).await;
    let load = world.load(14.0);
    let mut rows = Vec::new();
    for (point, name) in Point::ALL {
        let (mut verdict, mut times) = (Verdict::default(), 0);
        let mut met = std::collections::BTreeSet::new();
        let enough = scale.of(2, 20);
        // Until it died there with calls in every state.
        for round in 0..scale.of(60, 200) {
            if round >= enough && STATES.iter().all(|state| met.contains(*state)) {
                break;
            }
            // Callers have hung up, been rung for, and spoken meanwhile.
            work_on(200..1_500).await;
            world.shim.as_ref().unwrap().kill_at(point, rand::random_range(1..6));
            world.until_dead().await;
            world.shim.as_ref().unwrap().disarm();
            times += 1;
            let evidence = world.evidence().await;
            met.extend(evidence.calls.iter().filter(|call| call.is_live).map(|call| call.state.clone()));
            verdict.add(evidence.audit(Scope::default()));
            world.start().await;
        }
        for state in STATES.iter().filter(|state| !met.contains(**state)) {
            verdict.stuck.insert(format!("no call was {state} when the daemon died {name}"));
        }
        rows.push(Row::new(format!("kill {name}, in 5 states"), times, verdict, &world));
    }
    drop(load);
    let verdict = world.audit(Scope::default()).await;
    rows.push(Row::new("after all of these", 1, verdict, &world));
    rows
}

pub async fn what_was_acknowledged_survives_a_power_loss(scale: Scale) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, survives) in [("nothing", 0.0), ("half", 0.5), ("most", 0.9)] {
        let mut world = World::open(SHIM).await;
        let mut verdict = Verdict::default();
        let times = scale.of(4, 100);
        let load = world.load(10.0);
        for _ in 0..times {
            work_on(400..1_200).await;
            world.kill();
            world.shim.as_ref().unwrap().lose_power(survives);
            verdict.add(world.evidence().await.audit(Scope::default()));
            world.start().await;
        }
        drop(load);
        verdict.add(world.audit(Scope::default()).await);
        assert!(seen(&world, Count::Syncs) > times, "the shim saw no flush");
        assert!(seen(&world, Count::Writes) > times, "the shim saw no write");
        rows.push(Row::new(format!("power loss, {name} unflushed survives"), times as u64, verdict, &world));
    }
    rows
}

/// A disk that says it has flushed and has not. Nobody can be saved from it, so the auditor must be red.
pub async fn a_disk_that_lies_turns_the_auditor_red(_: Scale) -> Vec<Row> {
    let mut world = World::open(SHIM).await;
    let load = world.load(10.0);
    work_on(500..600).await;
    world.shim.as_ref().unwrap().order(Order::Lies, 1);
    work_on(1_500..1_600).await;
    world.kill();
    drop(load);
    let told = seen(&world, Count::LiesTold);
    world.shim.as_ref().unwrap().lose_power(0.0);
    let lost = world.evidence().await.audit(Scope::default()).lost.len();
    let mut verdict = Verdict::default();
    if told == 0 || lost == 0 {
        verdict.lost.insert(format!("{told} flushes were skipped, and the auditor does not see it"));
    }
    vec![Row::new("seeded: flushes that are skipped", 1, verdict, &world)]
}

pub async fn with_a_full_disk_callers_are_served_and_nothing_is_lost(scale: Scale) -> Vec<Row> {
    let mut rows = Vec::new();
    let (mut verdict, times) = (Verdict::default(), scale.of(6, 100));
    let world = World::open(SHIM).await;
    let load = world.load(10.0);
    for _ in 0..times {
        let shim = world.shim.as_ref().unwrap();
        let before = shim.count(Count::WritesFailed);
        shim.fail_writes(rand::random_range(1..40), 1, ENOSPC);
        until(|| shim.count(Count::WritesFailed) > before).await;
        work_on(200..500).await;
    }
    drop(load);
    verdict.add(world.audit(Scope::default()).await);
    rows.push(Row::new("the n-th write: no space left", times as u64, verdict, &world));

    let world = World::open(SHIM).await;
    let (mut verdict, times) = (Verdict::default(), scale.of(2, 20));
    let load = world.load(8.0);
    for _ in 0..times {
        let shim = world.shim.as_ref().unwrap();
        work_on(500..800).await;
        shim.fail_writes(1, -1, ENOSPC);
        work_on(2_500..3_000).await;
        if world.readyz().await != 503 {
            verdict.stuck.insert("it says that it is ready while nothing can be written".into());
        }
        shim.fail_writes(1, 0, ENOSPC);
        until_ready(&world, &mut verdict).await;
    }
    drop(load);
    verdict.add(world.audit(Scope { nowhere_to_write: true, ..Scope::default() }).await);
    assert!(seen(&world, Count::WritesFailed) > 0, "nothing failed");
    rows.push(Row::new("the disk is full for a while", times as u64, verdict, &world));
    rows
}

pub async fn a_flush_that_fails_loses_nothing_even_with_a_power_loss_after_it(scale: Scale) -> Vec<Row> {
    let mut world = World::open(SHIM).await;
    let (mut verdict, times) = (Verdict::default(), scale.of(6, 100));
    let load = world.load(10.0);
    for round in 0..times {
        let shim = world.shim.as_ref().unwrap();
        let before = shim.count(Count::SyncsFailed);
        shim.fail_syncs(rand::random_range(1..10), 1, EIO);
        until(|| shim.count(Count::SyncsFailed) > before).await;
        work_on(100..600).await;
        if round % 2 == 1 {
            world.kill();
            world.shim.as_ref().unwrap().lose_power(0.0);
            verdict.add(world.evidence().await.audit(Scope::default()));
            world.start().await;
        }
    }
    drop(load);
    verdict.add(world.audit(Scope::default()).await);
    vec![Row::new("a flush fails, then the power", times as u64, verdict, &world)]
}

pub async fn a_store_that_somebody_holds_loses_nothing(scale: Scale) -> Vec<Row> {
    let mut rows = Vec::new();
    let world = World::open(Wishes::default()).await;
    for seconds in [&[0.1, 6.0][..], scale.of(&[], &[60.0])].concat() {
        let load = world.load(8.0);
        work_on(300..500).await;
        let mut store = outside(&world).await;
        sqlx::query("begin immediate").execute(&mut store).await.unwrap();
        sleep(Duration::from_secs_f64(seconds)).await;
        let aside = spooled(&world.data());
        store.close().await.unwrap();
        let mut verdict = Verdict::default();
        if seconds >= 6.0 && aside == 0 {
            verdict.lost.insert("nothing was set aside".into());
        }
        until_ready(&world, &mut verdict).await;
        world.until_applied().await;
        work_on(300..500).await;
        drop(load);
        verdict.add(world.audit(Scope::default()).await);
        rows.push(Row::new(format!("somebody holds the store for {seconds} s"), 1, verdict, &world));
    }
    rows
}

/// A long read keeps the log from being cut. It must not keep anybody from being served.
pub async fn a_long_reader_holds_up_nobody(scale: Scale) -> Vec<Row> {
    let world = World::open(Wishes::default()).await;
    let load = world.load(10.0);
    let mut store = outside(&world).await;
    sqlx::query("begin").execute(&mut store).await.unwrap();
    let before: i64 = sqlx::query_scalar("select count(*) from calls").fetch_one(&mut store).await.unwrap();
    // The first chores, with a checkpoint, come after 10 s.
    sleep(Duration::from_secs(scale.of(13, 600))).await;
    let after: i64 = sqlx::query_scalar("select count(*) from calls").fetch_one(&mut store).await.unwrap();
    let now = world.evidence().await.calls.len() as i64;
    store.close().await.unwrap();
    drop(load);
    let mut verdict = world.audit(Scope::default()).await;
    if before != after || now <= before {
        verdict.stuck.insert(format!("the reader saw {before}, then {after} calls; there are {now}"));
    }
    vec![Row::new(format!("a reader of {} s", scale.of(13, 600)), 1, verdict, &world)]
}

pub async fn a_clock_that_jumps_changes_no_live_call(_: Scale) -> Vec<Row> {
    let mut rows = Vec::new();
    let world = World::open(SHIM).await;
    for (name, minutes) in
        [("+10 min", 10), ("-10 min", -10), ("+1 day", 24 * 60), ("-1 day", -24 * 60), ("back again", 0)]
    {
        let load = world.load(8.0);
        let rings = world.call();
        work_on(200..400).await;
        let looks = seen(&world, Count::ClockLooks);
        world.shim.as_ref().unwrap().order(Order::ClockShiftMs, minutes * 60_000);
        work_on(2_000..2_500).await;
        assert!(seen(&world, Count::ClockLooks) > looks, "nobody looks at the clock");
        drop(load);
        let mut verdict = world.audit(Scope { clock_jumped: true, ..Scope::default() }).await;
        // Its message, or its conversation: nobody was cut off by the jump.
        let story = rings.story();
        let heard = story.events.len() > 3;
        if !heard {
            verdict.lost.insert(format!("a caller was cut off: {:?}", story.ending));
        }
        rows.push(Row::new(format!("the clock jumps, {name}, mid-ring"), 1, verdict, &world));
    }
    rows
}

async fn outside(world: &World) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(world.data().join("strowger.db"));
    let options = options.busy_timeout(Duration::from_secs(30));
    SqliteConnection::connect_with(&options).await.unwrap()
}

async fn until(mut wished: impl FnMut() -> bool) {
    let coming = async {
        while !wished() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(crate::world::PATIENCE, coming).await.expect("the fault never fires");
}

async fn until_ready(world: &World, verdict: &mut Verdict) {
    let ready = async {
        while world.readyz().await != 200 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    if timeout(crate::world::PATIENCE, ready).await.is_err() {
        verdict.stuck.insert("the daemon is not ready again".into());
    }
}
