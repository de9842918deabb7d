//! A help desk to measure: a daemon, a telephone company, one channel, and agents at their softphones.

use crate::{
    company::Company,
    daemon::{self, Daemon},
    http::Http,
    phones::{Manner, Phones},
    seen::{Call, Seen},
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;

pub struct Desk {
    pub folder: TempDir,
    pub company: Company,
    pub daemon: Daemon,
    pub seen: Arc<Seen>,
    /// An admin's.
    pub token: String,
    /// How long the daemon took to start.
    pub ready_after: Duration,
}

impl Desk {
    /// A desk of so many agents, none of whom is signed in. `routing` is the channel's, but for whom it reaches.
    pub async fn set_up(agents: usize, routing: Value) -> Self {
        Self::set_up_with(agents, 0, routing).await
    }

    /// With so many open tickets besides.
    pub async fn set_up_with(agents: usize, tickets: u64, mut routing: Value) -> Self {
        let folder = daemon::folder();
        let seen = Arc::new(Seen::default());
        let company = Company::open(seen.clone()).await;
        let first = Daemon::start(folder.path(), company.address());
        let admin = daemon::admin(folder.path(), company.address());
        let http = Http::new(first.address.clone());
        let user = json!({"name": "First", "email": "first@example.org", "seats": ["service"]});
        let user = daemon::create(&http, &admin, "users", &user).await;
        routing["users"] = json!([user["id"]]);
        let channel = json!({"kind": "calling", "name": "Load", "provider": "main", "routing": routing});
        let channel = daemon::create(&http, &admin, "channels", &channel).await;
        first.stop();
        daemon::hire(folder.path(), agents).await;
        if tickets > 0 {
            daemon::open_tickets(folder.path(), tickets, agents as u64).await;
        }
        let (daemon, ready_after) = Daemon::start_until_ready(folder.path(), company.address()).await;
        company.serves(&daemon.address, channel["id"].as_str().expect("an id"));
        Self { folder, company, daemon, seen, token: admin, ready_after }
    }

    pub async fn sign_in(&self, agents: usize, manner: &Manner) -> Phones {
        Phones::sign_in(&self.daemon.address, agents, manner, &self.seen).await
    }

    /// So many calls a second for so long, each at its time whether the ones before were answered or not. Returns when
    /// every call is over.
    pub async fn calls(&self, phones: &Phones, per_second: u32, lasting: Duration, patience: Duration) {
        let calls = (f64::from(per_second) * lasting.as_secs_f64()) as u32;
        let began = Instant::now();
        let before = u32::try_from(self.seen.calls().len()).expect("a number");
        for n in 0..calls {
            let due = began + Duration::from_secs(1) * n / per_second;
            tokio::time::sleep_until(due.into()).await;
            let free = phones.somebody_is_free();
            tokio::spawn(self.company.clone().caller(before + n, due, free, patience));
        }
        self.until_over(patience + Duration::from_secs(10)).await;
    }

    /// Until everybody has talked and hung up, but no longer than that.
    pub async fn until_over(&self, at_most: Duration) {
        let until = Instant::now() + at_most;
        while self.seen.calls().values().any(|call| !call.over) && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// How long the engine took to record its rounds so far, together, and how many there were.
    pub async fn commits(&self) -> (Duration, f64) {
        daemon::commits(&Http::new(self.daemon.address.clone()), &self.token).await
    }

    pub fn seen(&self) -> HashMap<u32, Call> {
        self.seen.calls().clone()
    }
}
