//! The real daemon, as a process of its own on a fresh data folder.

use crate::http::{Answer, Http};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::{ConnectOptions, QueryBuilder, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
    time::{Duration, Instant},
};
use tempfile::TempDir;

pub const ACCOUNT: &str = "AC00000000000000000000000000000000";
pub const SECRET: &str = "load";
pub const PUBLIC_URL: &str = "https://calls.example.org";

/// What is measured: our own release build, or the one of `--daemon`.
pub fn program() -> PathBuf {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--daemon").skip(1);
    arguments.next().unwrap_or_else(|| env!("CARGO_BIN_EXE_strowger").into()).into()
}

pub fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("strowger-load-")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .expect("a folder")
}

/// A daemon that is killed when this goes.
pub struct Daemon {
    child: Child,
    pub address: String,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Daemon {
    /// `company` is where its telephone company listens.
    pub fn start(folder: &Path, company: &str) -> Self {
        let mut command = Command::new(program());
        command.args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped());
        configure(&mut command, folder, company);
        let mut child = command.spawn().expect("the daemon starts");
        let mut line = String::new();
        let said = child.stdout.take().expect("its output");
        BufReader::new(said).read_line(&mut line).expect("its address");
        let address = line.trim().strip_prefix("listening on http://").expect("its address").to_owned();
        Self { child, address }
    }

    /// From the start of the process until it says that it is ready.
    pub async fn start_until_ready(folder: &Path, company: &str) -> (Self, Duration) {
        let began = Instant::now();
        let daemon = Self::start(folder, company);
        let http = Http::new(daemon.address.clone());
        loop {
            match http.send("GET", "/readyz", &[], "").await {
                Ok(answer) if answer.is_success() => return (daemon, began.elapsed()),
                _ => tokio::time::sleep(Duration::from_millis(2)).await,
            }
        }
    }

    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Lets it end well, so that everything is in one file.
    pub fn stop(mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(asked.is_ok_and(|status| status.success()), "the daemon can't be asked to stop");
        self.child.wait().expect("the daemon ends");
    }

    /// What it holds of the machine's memory, in KiB.
    pub fn memory_kib(&self) -> u64 {
        self.status("VmRSS:")
    }

    fn status(&self, key: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
        line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    /// Processor time that it has used, in seconds. Linux counts it in hundredths.
    pub fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let after_name = stat.rsplit(") ").next().unwrap_or_default();
        let times = after_name.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
        times.sum::<f64>() / 100.0
    }
}

fn configure(command: &mut Command, folder: &Path, company: &str) {
    command
        .env("STROWGER__HTTP__PUBLIC_URL", PUBLIC_URL)
        .env("STROWGER__PROVIDERS__MAIN__KIND", "twilio")
        .env("STROWGER__PROVIDERS__MAIN__ACCOUNT_SID", ACCOUNT)
        .env("STROWGER__PROVIDERS__MAIN__AUTH_TOKEN", SECRET)
        .env("STROWGER__PROVIDERS__MAIN__API_BASE", company)
        .env("STROWGER_LOG", "error")
        .arg("--data-dir")
        .arg(folder);
    if has_limits() {
        // Here ten thousand softphones connect from one address.
        command.env("STROWGER__LIMITS__SOFTPHONES_PER_ADDRESS", "0");
    }
}

/// Whether it is a daemon that limits what comes from one address.
fn has_limits() -> bool {
    static HAS_LIMITS: LazyLock<bool> = LazyLock::new(|| {
        let output = Command::new(program()).arg("config").output().expect("the configuration");
        String::from_utf8_lossy(&output.stdout).contains("[limits]")
    });
    *HAS_LIMITS
}

/// How long the engine took to record its rounds so far, together, and how many there were.
pub async fn commits(http: &Http, token: &str) -> (Duration, f64) {
    let bearer = format!("Bearer {token}");
    let page = http.send("GET", "/metrics", &[("authorization", &bearer)], "").await.expect("the metrics");
    let figure = |name: &str| {
        let lines = page.body.lines();
        let mut figures = lines.filter_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
        figures.next().unwrap_or_default()
    };
    let seconds = figure("strowger_commit_seconds_sum");
    (Duration::from_secs_f64(seconds), figure("strowger_commit_seconds_count"))
}

/// An admin's token; the daemon must be running.
pub fn admin(folder: &Path, company: &str) -> String {
    let mut command = Command::new(program());
    command.args(["token", "create", "--name", "load", "--role", "admin"]);
    configure(&mut command, folder, company);
    let output = command.output().expect("a token");
    let text = String::from_utf8(output.stdout).expect("a token");
    text.split_whitespace().last().expect("a token").to_owned()
}

pub async fn create(http: &Http, token: &str, path: &str, body: &Value) -> Value {
    let answer = api(http, token, "POST", path, &body.to_string()).await;
    assert!(answer.is_success(), "{path}: {} {}", answer.status, answer.body);
    serde_json::from_str(&answer.body).expect("JSON")
}

pub async fn api(http: &Http, token: &str, method: &str, path: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    http.send(method, &format!("/api/v1/{path}"), &headers, body).await.expect("an answer")
}

/// The token of the n-th agent.
pub fn agent_token(n: usize) -> String {
    format!("strowger_load_{n}")
}

/// The id of the n-th agent.
pub fn agent_id(n: usize) -> String {
    format!("0190000000007000a000{n:012x}")
}

pub async fn database(folder: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(folder.join("strowger.db")).connect().await.expect("the database")
}

/// Writes as many agents into the store of a daemon that is not running, made after the one user that is there, and
/// has the one channel ring them.
pub async fn hire(folder: &Path, agents: usize) {
    let mut db = database(folder).await;
    let users = "with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < $1)
        insert into users (id, email, document)
        select printf('0190000000007000a000%012x', i), i || '@example.org',
            json_set(u.document, '$.email', i || '@example.org', '$.name', 'Agent ' || i)
        from n, (select document from users limit 1) u";
    sqlx::query(users).bind(i64::try_from(agents).expect("a number")).execute(&mut db).await.expect("users");
    let channel = "update channels set document = json_set(document, '$.routing.users',
        json((select json_group_array(id) from users where email <> 'first@example.org')))";
    sqlx::query(channel).execute(&mut db).await.expect("the channel");
    let all: Vec<usize> = (0..agents).collect();
    for some in all.chunks(2_000) {
        let mut query =
            QueryBuilder::new("insert into tokens (id, name, role, user_id, sha256, created_ms) ");
        query.push_values(some, |mut row, &n| {
            let hash = Sha256::digest(agent_token(n));
            let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            row.push_bind(format!("0190000000007000b000{n:012x}"))
                .push_bind("load")
                .push_bind("\"agent\"")
                .push_bind(agent_id(n))
                .push_bind(hash)
                .push_bind(0_i64);
        });
        query.build().execute(&mut db).await.expect("tokens");
    }
}

/// Writes open tickets into the store, shared out among the agents.
pub async fn open_tickets(folder: &Path, tickets: u64, agents: u64) {
    let mut db = database(folder).await;
    let sql = "with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < $1)
        insert into tickets (id, type, status, owner, channel, created_ms, assigned_ms, touched_ms)
        select printf('0190000000007000c000%012x', i), 'calling', 'waiting',
            printf('0190000000007000a000%012x', i % $2), (select id from channels), $3, $3 + i % 1000000, $3
        from n";
    let yesterday =
        chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()).timestamp_millis() - 86_400_000;
    let query = sqlx::query(sql).bind(i64::try_from(tickets).expect("a number"));
    let query = query.bind(i64::try_from(agents).expect("a number")).bind(yesterday);
    query.execute(&mut db).await.expect("tickets");
}

/// One number that SQL answers.
pub async fn count(folder: &Path, sql: &'static str) -> f64 {
    let mut db = database(folder).await;
    let found: Option<f64> = sqlx::query_scalar(sql).fetch_one(&mut db).await.expect("a number");
    found.unwrap_or(0.0)
}
