//! Who audits the auditor: bugs that are put in on purpose must be found.

use crate::{
    Row, Scale,
    auditor::{Evidence, Scope, Verdict},
    world::{PATIENCE, SETTLED, Wishes, World},
};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::time::{Duration, sleep, timeout};

/// Name, rule in the database, and where the auditor must see it.
type Bug = (&'static str, &'static str, fn(&Verdict) -> usize);

/// What bugs do to the store.
const BUGS: [Bug; 4] = [
    (
        "a skipped commit",
        "create trigger bug before insert on calls when new.caller like '%7' begin select raise(ignore); end",
        |verdict| verdict.lost.len(),
    ),
    (
        "a double offer",
        "create trigger bug after update on offers when new.cause = 'won' and new.agent = (select min(id) from users)
        begin insert or ignore into offers (id, call, agent, at_ms, ended_ms, cause)
        select 'bug' || new.id, new.call, max(id), new.at_ms, new.ended_ms, 'won' from users; end",
        |verdict| verdict.doubled.len(),
    ),
    (
        "a lost release",
        "create trigger bug after update on calls when new.ended_ms is not null and new.outcome = 'answered'
        begin update calls set state = 'talking', ended_ms = null where id = new.id; end",
        |verdict| verdict.stuck.len(),
    ),
    (
        "a ticket that is not written",
        "create trigger bug before insert on tickets when new.id like '%7' begin select raise(ignore); end",
        |verdict| verdict.lost.len(),
    ),
];

pub async fn seeded_bugs_turn_the_auditor_red(_: Scale) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, rule, found) in BUGS {
        let world = World::open(Wishes { agents: 3, ..Wishes::default() }).await;
        let options = SqliteConnectOptions::new().filename(world.data().join("strowger.db"));
        let mut store = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query(rule).execute(&mut store).await.unwrap();
        store.close().await.unwrap();
        // Only when everybody has hung up is it the bug that is red, and not a call that is live.
        let red = async {
            loop {
                let load = world.load(10.0);
                sleep(Duration::from_secs(2)).await;
                drop(load);
                while world.company.record().live_calls().count() > 0 {
                    sleep(Duration::from_millis(50)).await;
                }
                sleep(Duration::from_millis(500)).await;
                if found(&world.evidence().await.audit(SETTLED)) > 0 {
                    return;
                }
            }
        };
        let seen = timeout(PATIENCE, red).await.is_ok();
        rows.push(caught(&format!("seeded: {name}"), seen, &world));
    }
    rows.extend(misheard().await);
    rows
}

/// Clients saw what the store does not say.
async fn misheard() -> Vec<Row> {
    let world = World::open(Wishes { agents: 3, ..Wishes::default() }).await;
    let load = world.load(10.0);
    let enough = |evidence: &Evidence| {
        evidence.heard.iter().filter(|heard| heard.frame["type"] == "offer_won").count() > 3
            && !evidence.messages.is_empty()
    };
    while !enough(&world.evidence().await) {
        sleep(Duration::from_millis(50)).await;
    }
    drop(load);
    world.settle().await;
    let evidence = world.evidence().await;
    let clean = evidence.audit(SETTLED);
    let mut rows = vec![Row::new("nothing seeded", 1, clean, &world)];
    let is = |kind: &'static str| move |heard: &crate::agent::Heard| heard.frame["type"] == kind;

    let mut two_winners = evidence.clone();
    let mut won = two_winners.heard.iter().find(|heard| is("offer_won")(heard)).unwrap().clone();
    won.agent = world.agents.iter().find(|agent| agent.id != won.agent).unwrap().id.clone();
    two_winners.heard.push(won);
    let red = !two_winners.audit(SETTLED).doubled.is_empty();
    rows.push(caught("seeded: an offer that two have won", red, &world));

    let mut two_calls = evidence.clone();
    let talks = |state: &'static str| move |heard: &crate::agent::Heard| heard.frame["state"] == state;
    let at = two_calls.heard.iter().position(|heard| talks("talking")(heard)).unwrap();
    let mut other = two_calls.heard[at].clone();
    other.frame["call_id"] = json!("another");
    two_calls.heard.insert(at + 1, other);
    let red = !two_calls.audit(SETTLED).doubled.is_empty();
    rows.push(caught("seeded: an agent with two calls", red, &world));

    let mut never_told = evidence.clone();
    let last = never_told.heard.iter().rposition(|heard| is("call")(heard)).unwrap();
    never_told.heard.truncate(last);
    let red = !never_told.audit(SETTLED).stuck.is_empty();
    rows.push(caught("seeded: an end that nobody was told of", red, &world));

    let mut no_message = evidence.clone();
    no_message.messages.clear();
    let red = !no_message.audit(SETTLED).lost.is_empty();
    rows.push(caught("seeded: a message that is kept nowhere", red, &world));

    let mut silent = evidence.clone();
    silent.unoffered = vec![world.agents[0].id.clone()];
    let red = !silent.audit(SETTLED).stuck.is_empty();
    rows.push(caught("seeded: an agent who is never rung again", red, &world));

    let mut unheard = evidence.clone();
    let offer = json!({ "type": "offer", "offer_id": "none", "call_id": Value::Null });
    unheard.heard.push(crate::agent::Heard { agent: world.agents[0].id.clone(), frame: offer });
    let red = !unheard.audit(Scope::default()).lost.is_empty();
    rows.push(caught("seeded: an offer said and not recorded", red, &world));
    rows
}

fn caught(fault: &str, is_red: bool, world: &World) -> Row {
    let mut verdict = Verdict::default();
    if !is_red {
        verdict.lost.insert("the auditor does not see it".into());
    }
    Row::new(fault, 1, verdict, world)
}
