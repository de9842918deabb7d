//! What a whole call is compared with: an HTTP service that says hello, and one that writes the rows of a call in as many
//! requests as a call has, each answered after its commit, with the same settings of the same database and group commit as
//! the daemon has it. It decides nothing, checks no signature, tells nobody, and has no indexes besides its keys.

use crate::{daemon, http::Http};
use axum::{
    Router,
    extract::{Path as At, State},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, QueryBuilder, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, oneshot};

/// Of one call: four webhooks and two frames.
pub const REQUESTS: u32 = 6;
/// As in the daemon.
const BATCH: usize = 256;

/// What a whole call writes into one table.
#[derive(Debug, Serialize, Deserialize)]
pub struct Rows {
    pub a_call: u32,
    pub bytes: usize,
    /// It is the same row again and again.
    pub again: bool,
}

/// The average size of a row.
pub async fn bytes_of(folder: &Path, table: &'static str) -> usize {
    let mut db = daemon::database(folder).await;
    let columns: String = sqlx::query_scalar(
        "select group_concat('coalesce(length(' || name || '), 0)', ' + ') from pragma_table_info($1)",
    )
    .bind(table)
    .fetch_one(&mut db)
    .await
    .expect("the columns");
    let sql = format!("select avg({columns}) from {table}");
    let average: Option<f64> =
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut db).await.expect("an average");
    average.unwrap_or(0.0) as usize
}

pub async fn count_of(folder: &Path, table: &'static str) -> f64 {
    let mut db = daemon::database(folder).await;
    let count: i64 = sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {table}")))
        .fetch_one(&mut db)
        .await
        .expect("a count");
    count as f64
}

/// A process of its own, as the daemon is, which ends when this goes.
pub struct Server {
    child: Child,
    pub address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn start(arguments: &[String]) -> Server {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    let mut child =
        command.arg("--serve").args(arguments).stdout(Stdio::piped()).spawn().expect("the service starts");
    let mut address = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut address).expect("its address");
    Server { child, address: address.trim().to_owned() }
}

/// How long one request in which a whole call's share of rows is written takes until it is answered, when so many calls
/// a second make all of theirs, each at its time.
pub async fn paced(calls_per_second: u32, lasting: Duration, rows: &[Rows]) -> Vec<Duration> {
    let folder = daemon::folder();
    let rows = serde_json::to_string(rows).expect("JSON");
    let server = start(&["bare".into(), folder.path().display().to_string(), rows]);
    let http = Arc::new(Http::new(server.address.clone()));
    let requests = (f64::from(calls_per_second * REQUESTS) * lasting.as_secs_f64()) as u32;
    let began = Instant::now();
    let mut asked = Vec::new();
    for n in 0..requests {
        let due = began + Duration::from_secs(1) * n / (calls_per_second * REQUESTS);
        tokio::time::sleep_until(due.into()).await;
        let (http, target) = (http.clone(), format!("/{}/{}", n / REQUESTS, n % REQUESTS));
        asked.push(tokio::spawn(async move {
            let answer = http.send("POST", &target, &[], "").await.expect("an answer");
            assert!(answer.is_success(), "the bare service fails");
            due.elapsed()
        }));
    }
    let mut took = Vec::new();
    for asked in asked {
        took.push(asked.await.expect("an answer"));
    }
    took
}

/// The service itself.
pub async fn serve(arguments: &[String]) {
    let router = match arguments {
        [kind] if kind == "hello" => Router::new().route("/", get(async || "hello")),
        [_, folder, rows] => {
            let rows: Vec<Rows> = serde_json::from_str(rows).expect("the rows");
            let (sender, receiver) = mpsc::channel(4096);
            let connection = open(Path::new(folder), rows.len()).await;
            tokio::spawn(write(connection, rows, receiver));
            Router::new().route("/{call}/{request}", post(insert)).with_state(Arc::new(sender))
        }
        _ => panic!("serve what?"),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("a port"));
    use axum::serve::ListenerExt;
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, router).await.expect("it serves");
}

async fn open(folder: &Path, tables: usize) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("bare.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut connection = options.connect().await.expect("a database");
    for table in 0..tables {
        let sql = format!("create table t{table} (id text primary key, body text not null)");
        sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await.expect("a table");
    }
    connection
}

type Request = (u32, u32, oneshot::Sender<()>);

async fn insert(
    State(sender): State<Arc<mpsc::Sender<Request>>>,
    At((call, request)): At<(u32, u32)>,
) -> &'static str {
    let (done, committed) = oneshot::channel();
    sender.send((call, request, done)).await.expect("the writer");
    committed.await.expect("a commit");
    "ok"
}

async fn write(mut connection: SqliteConnection, rows: Vec<Rows>, mut receiver: mpsc::Receiver<Request>) {
    let mut batch = Vec::new();
    while receiver.recv_many(&mut batch, BATCH).await > 0 {
        let mut tx = connection.begin_with("begin immediate").await.expect("a transaction");
        for (table, of_table) in rows.iter().enumerate() {
            let ids = batch.iter().flat_map(|(call, request, _)| ids(*call, *request, of_table));
            let ids: std::collections::BTreeSet<String> = ids.collect();
            if ids.is_empty() {
                continue;
            }
            let body = "x".repeat(of_table.bytes.saturating_sub(32));
            let mut query = QueryBuilder::new(format!("insert into t{table} (id, body) "));
            query.push_values(&ids, |mut row, id| {
                row.push_bind(id.as_str()).push_bind(body.as_str());
            });
            query.push(" on conflict (id) do update set body = excluded.body");
            query.build().persistent(false).execute(&mut *tx).await.expect("rows");
        }
        tx.commit().await.expect("a commit");
        for (_, _, done) in batch.drain(..) {
            let _ = done.send(());
        }
    }
}

/// The rows that this request of the call writes, its share of all.
fn ids(call: u32, request: u32, rows: &Rows) -> impl Iterator<Item = String> {
    let (first, last) = (rows.a_call * request / REQUESTS, rows.a_call * (request + 1) / REQUESTS);
    let again = rows.again;
    (first..last).map(move |n| if again { format!("{call:032x}") } else { format!("{call:024x}{n:08x}") })
}
