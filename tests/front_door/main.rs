//! Bad input and the rules of the front door, against the real program: webhooks, the API, sounds, the command line and
//! the softphones' socket. What happens to calls is told elsewhere.

#![expect(clippy::disallowed_methods, reason = "it is measured how long the daemon takes")]

mod api;
mod availability;
mod browser;
mod chat;
mod command_line;
mod contacts;
mod conversations;
mod customer_agents;
#[path = "../desk/mod.rs"]
mod desk;
mod desk_work;
mod forms;
mod hooks;
mod limits;
mod media;
mod notifications;
mod pages_channels;
mod pages_contacts;
mod pages_lists;
mod pages_live;
mod pages_notifications;
mod pages_people;
mod pages_start;
mod pages_system;
mod pages_tickets;
mod pages_written;
mod preview;
mod replay;
mod roles;
mod saving;
mod second_factor;
mod sharing;
mod sign_in;
mod softphones;
mod ticket_channels;
mod views;
mod visibility;
mod waiting;
mod whatsapp;

use desk::{Agent, Desk, PATIENCE};
use reqwest::Method;
use serde_json::Value;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::collections::BTreeMap;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// What came back, to the last byte.
#[derive(Debug)]
struct Answer {
    status: u16,
    /// Names in lower case.
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// It is problem details (RFC 9457) with this status.
    fn must_be_problem(&self, status: u16, what: &str) -> Value {
        assert_eq!(self.status, status, "{what}: {:?}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), "application/problem+json", "{what}");
        let problem = self.json();
        assert_eq!(problem["type"], "about:blank", "{what}");
        assert_eq!(problem["status"], status, "{what}");
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{what}: {problem}");
        problem
    }
}

/// One request to the API; `secret` is a whole `Authorization` header.
async fn ask(
    desk: &Desk,
    method: &str,
    path: &str,
    authorization: Option<&str>,
    body: Option<&[u8]>,
) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    // So that who is let in gets an answer that ends.
    let of_none = if path.ends_with("/board/stream") { format!("?channel={NOBODY}") } else { String::new() };
    let url = format!("{}{path}{of_none}", desk.api.address);
    let mut request = desk.api.client.request(method, url).timeout(PATIENCE);
    if path.ends_with("/events") {
        request = request.header("Last-Event-ID", "none");
    }
    if let Some(authorization) = authorization {
        request = request.header("Authorization", authorization);
    }
    if let Some(body) = body {
        request = request.header("Content-Type", "application/json").body(body.to_vec());
    }
    answer(request).await
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.expect("an answer");
    let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    Answer { status: answer.status().as_u16(), headers, body: answer.bytes().await.expect("a body").into() }
}

/// Bytes that no client would send. They should ask for the connection to be closed.
async fn raw(desk: &Desk, request: &[u8]) -> Answer {
    let address = desk.api.address.strip_prefix("http://").expect("an address");
    let mut socket = TcpStream::connect(address).await.expect("the daemon listens");
    let mut heard = Vec::new();
    let exchange = async {
        // The daemon may answer, and close, before it has read everything.
        let _ = socket.write_all(request).await;
        let _ = socket.read_to_end(&mut heard).await;
    };
    timeout(PATIENCE, exchange).await.expect("the daemon neither answers nor closes");
    let end = heard.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = std::str::from_utf8(&heard[..end]).expect("a head of text");
    let (first, rest) = head.split_once("\r\n").unwrap_or((head, ""));
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let header =
        |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    Answer {
        status,
        headers: rest.split("\r\n").filter_map(header).collect(),
        body: heard[end + 4..].to_vec(),
    }
}

/// How many rows the tables have that calls write: calls, tickets, offers, decisions, events, answers, jobs, quarantine.
async fn rows(desk: &Desk) -> (i64, i64, i64, i64, i64, i64, i64, i64) {
    let options = SqliteConnectOptions::new().filename(desk.database()).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await.expect("a database");
    let sql =
        "select (select count(*) from calls), (select count(*) from tickets), (select count(*) from offers),
        (select count(*) from decisions), (select count(*) from events), (select count(*) from answers),
        (select count(*) from jobs), (select count(*) from quarantine)";
    sqlx::query_as(sql).fetch_one(&mut connection).await.expect("counts")
}

/// An id that nothing has.
const NOBODY: &str = "0198f0000000700080000000000000aa";

fn ids(agents: &[&Agent]) -> Vec<String> {
    agents.iter().map(|agent| agent.id.clone()).collect()
}
