//! What the world is told: webhooks, whose signatures the library of Standard Webhooks judges; mail, which a real mail
//! server takes; the stream of events; exports. All through the front door.

#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]
#![expect(clippy::disallowed_methods, reason = "it is measured how long the daemon takes")]

use crate::desk::{Api, Channel, Desk, PATIENCE, Wishes};
use axum::{
    Router,
    body::Bytes,
    extract::{Path as PathPart, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::Write,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};
use strowger::providers::simulator::{Behaviour, Caller, Message, Rest};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

const SPEAKS: Behaviour = Behaviour { patience: None, message: Message::Seconds(4.0) };
const CALL_WITH_MESSAGE: [&str; 4] = ["call.started", "ticket.made", "call.ended", "voicemail.kept"];

/// One webhook as it came.
#[derive(Debug, Clone)]
pub struct Received {
    path: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Received {
    pub fn with_body(&self, body: String) -> Self {
        Self { body, ..self.clone() }
    }

    pub fn document(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn kind(&self) -> String {
        self.document()["type"].as_str().unwrap().to_owned()
    }
}

/// Takes webhooks. How it behaves is its path, unless it is told to be kind.
#[derive(Clone, Default)]
pub struct Receiver {
    pub address: String,
    received: Arc<Mutex<Vec<Received>>>,
    kind: Arc<Mutex<bool>>,
}

impl Receiver {
    pub async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let receiver = Self { address, ..Self::default() };
        let router = Router::new().route("/{path}", post(take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    fn be_kind(&self) {
        *self.kind.lock().unwrap() = true;
    }

    pub fn at(&self, path: &str) -> Vec<Received> {
        self.received.lock().unwrap().iter().filter(|received| received.path == path).cloned().collect()
    }

    pub async fn when(&self, path: &str, what: &str, wished: impl Fn(&[Received]) -> bool) -> Vec<Received> {
        until(what, || async { Some(self.at(path)).filter(|received| wished(received)) }).await
    }

    async fn webhook(&self, desk: &Desk, path: &str) -> Value {
        let url = format!("{}/{path}", self.address);
        desk.api.post("webhooks", json!({ "name": path, "url": url, "events": ["*"] })).await
    }
}

async fn take(
    State(receiver): State<Receiver>,
    PathPart(path): PathPart<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let received = Received {
        path: path.clone(),
        headers: headers.collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    receiver.received.lock().unwrap().push(received);
    let kind = *receiver.kind.lock().unwrap();
    match path.as_str() {
        _ if kind => StatusCode::NO_CONTENT.into_response(),
        "hangs" => {
            sleep(Duration::from_secs(600)).await;
            StatusCode::OK.into_response()
        }
        "fails" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "redirects" => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "https://192.168.0.1/admin")])
            .into_response(),
        "gone" => StatusCode::GONE.into_response(),
        _ => "thanks".into_response(),
    }
}

pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("{what}: it never came to that"))
}

async fn open(config: &str) -> Desk {
    let config = format!(
        "[calls]\nring_seconds = 20\nshort_abandon_seconds = 0\n[outward]\nallow_loopback = true\n{config}"
    );
    Desk::open_with(Wishes { config, ..Wishes::default() }).await
}

/// Somebody calls where nobody is, and leaves a message.
async fn message(desk: &Desk, channel: &Channel) -> Value {
    let caller = desk.call_with(channel, SPEAKS);
    desk.call_when(caller.sid(), "has its message", |call| call["voicemail"].is_object()).await
}

/// Somebody calls where nobody is, and leaves nothing.
async fn missed(desk: &Desk, channel: &Channel) -> Value {
    let caller: Caller = desk.call(channel);
    desk.over(&caller).await.0
}

/// What the library of Standard Webhooks says of each.
pub fn judged(cases: &[(&Received, &str)]) -> Vec<String> {
    let venv = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/.venv/bin/python");
    let python = std::env::var("STROWGER_TEST_PYTHON").unwrap_or(venv.to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracles/webhooks.py");
    let mut child =
        Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for (received, secret) in cases {
        let asked = json!({ "secret": secret, "headers": received.headers, "body": received.body });
        writeln!(stdin, "{asked}").unwrap();
    }
    drop(stdin);
    let answer = child.wait_with_output().unwrap();
    assert!(answer.status.success(), "the library could not be asked");
    let text = String::from_utf8(answer.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn the_library_of_standard_webhooks_believes_our_signatures_and_no_others() {
    let (desk, receiver) = (open("").await, Receiver::open().await);
    let webhook = receiver.webhook(&desk, "well").await;
    let (id, first) = (webhook["id"].as_str().unwrap(), webhook["secret"].as_str().unwrap().to_owned());
    assert!(first.starts_with("whsec_"), "{first}");
    assert_eq!(BASE64_STANDARD.decode(&first[6..]).unwrap().len(), 32);
    for path in ["webhooks", &format!("webhooks/{id}")] {
        let shown = desk.api.get(path).await.to_string();
        assert!(!shown.contains("secret\"") && !shown.contains(&first[6..]), "{shown}");
    }

    let channel = desk.channel(&[]).await;
    let call = message(&desk, &channel).await;
    let all = receiver.when("well", "four webhooks come", |received| received.len() >= 4).await;
    let mut kinds: Vec<String> = all.iter().map(Received::kind).collect();
    kinds.sort_unstable();
    let mut expected = CALL_WITH_MESSAGE.to_vec();
    expected.sort_unstable();
    assert_eq!(kinds, expected);
    for received in &all {
        let document = received.document();
        assert_eq!(document["data"]["call"], call["id"], "{document:#}");
        assert_eq!(document["data"]["channel"], channel.id.as_str());
        assert_eq!(document["data"]["from"], call["from"]);
        assert_eq!(received.headers["webhook-id"], document["id"].as_str().unwrap());
        assert_eq!(received.headers["content-type"], "application/json");
        let tampered = received.with_body(received.body.replacen("call", "cell", 1));
        let other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let cases = [(received, first.as_str()), (&tampered, first.as_str()), (received, other)];
        assert_eq!(judged(&cases), ["believed", "refused", "refused"]);
    }

    let second = desk.api.post(&format!("webhooks/{id}/rotate"), json!({})).await;
    let second = second["secret"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    missed(&desk, &channel).await;
    let all = receiver.when("well", "the missed call is told", |received| {
        received.iter().any(|received| received.kind() == "call.missed")
    });
    let last = all.await.pop().unwrap();
    assert_eq!(last.headers["webhook-signature"].split(' ').count(), 2);
    assert_eq!(judged(&[(&last, &first), (&last, &second)]), ["believed", "believed"]);
    for secret in [&first, &second] {
        assert!(!desk.log().contains(&secret[6..]), "a secret is in the log");
    }
    desk.check_books().await;
}

/// Status, `ETag` and document of an answer.
async fn asked(
    desk: &Desk,
    method: Method,
    path: &str,
    header: (&str, &str),
    body: Value,
) -> (u16, String, Value) {
    let url = format!("{}/api/v1/{path}", desk.api.address);
    let mut request = desk.api.client.request(method, url).bearer_auth(&desk.api.token);
    if !header.0.is_empty() {
        request = request.header(header.0, header.1);
    }
    if !body.is_null() {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    let tag = answer.headers().get("etag").map_or("", |tag| tag.to_str().unwrap()).to_owned();
    (answer.status().as_u16(), tag, answer.json().await.unwrap_or_default())
}

#[tokio::test]
async fn webhooks_are_saved_with_tags_and_keys_and_audited_without_their_secrets() {
    let desk = open("").await;
    let board = json!({ "name": "board", "url": "https://example.org/board", "events": ["*"] });
    let none = ("", "");
    let once = ("Idempotency-Key", "one");
    let (status, _, made) = asked(&desk, Method::POST, "webhooks", once, board.clone()).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(asked(&desk, Method::POST, "webhooks", once, board).await.0, 409, "a secret is shown once");
    assert_eq!(desk.api.all("webhooks").await.len(), 1);
    let id = made["id"].as_str().unwrap();
    let (path, rotate) = (format!("webhooks/{id}"), format!("webhooks/{id}/rotate"));

    let (_, first, shown) = asked(&desk, Method::GET, &path, none, Value::Null).await;
    assert_eq!(asked(&desk, Method::GET, &path, ("If-None-Match", &first), Value::Null).await.0, 304);
    let renamed = json!({ "name": "wall" });
    let (status, second, changed) =
        asked(&desk, Method::PATCH, &path, ("If-Match", &first), renamed.clone()).await;
    assert_eq!((status, &changed["name"], &changed["url"]), (200, &json!("wall"), &shown["url"]));
    assert_ne!(first, second);
    for (method, path) in [(Method::PATCH, &path), (Method::POST, &rotate), (Method::DELETE, &path)] {
        let (status, ..) = asked(&desk, method.clone(), path, ("If-Match", &first), renamed.clone()).await;
        assert_eq!(status, 412, "{method} {path}");
    }
    assert_eq!(asked(&desk, Method::PATCH, &path, none, json!({ "url": null })).await.0, 422);
    assert_eq!(asked(&desk, Method::GET, &path, none, Value::Null).await.1, second, "nothing was changed");

    let twice = ("Idempotency-Key", "two");
    let (status, _, rotated) = asked(&desk, Method::POST, &rotate, twice, Value::Null).await;
    assert_eq!(status, 200, "{rotated}");
    assert_ne!(rotated["secret"], made["secret"]);
    let (_, third, _) = asked(&desk, Method::GET, &path, none, Value::Null).await;
    assert_eq!(asked(&desk, Method::POST, &rotate, twice, Value::Null).await.0, 409);
    assert_eq!(asked(&desk, Method::GET, &path, none, Value::Null).await.1, third, "it is not rotated twice");
    assert_eq!(asked(&desk, Method::DELETE, &path, ("If-Match", &third), Value::Null).await.0, 204);

    let log = desk.api.all("audit").await;
    let lines: Vec<&Value> = log.iter().filter(|line| line["kind"] == "webhook").collect();
    let actions: Vec<&str> = lines.iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["deleted", "changed", "changed", "created"]);
    assert!(lines.iter().all(|line| line["subject"] == id && line["author"]["kind"] == "token"));
    assert_eq!(lines[2]["before"], shown);
    assert_eq!(lines[2]["after"], changed);
    assert!(
        lines[1]["before"]["old_secret_until"].is_null() && lines[1]["after"]["old_secret_until"].is_string()
    );
    let log = json!(log).to_string();
    for secret in [&made["secret"], &rotated["secret"]] {
        assert!(!log.contains(&secret.as_str().unwrap()[6..]), "a secret is in the audit log");
    }
}

#[tokio::test]
async fn a_receiver_in_trouble_keeps_nobody_else_waiting_and_is_seen() {
    let (desk, receiver) = (open("").await, Receiver::open().await);
    let mut ids = BTreeMap::new();
    for path in ["hangs", "fails", "redirects", "gone", "well"] {
        ids.insert(path, receiver.webhook(&desk, path).await["id"].as_str().unwrap().to_owned());
    }
    let channel = desk.channel(&[]).await;
    let began = Instant::now();
    for _ in 0..3 {
        missed(&desk, &channel).await;
    }
    // Four of each call.
    receiver.when("well", "all webhooks come", |received| received.len() == 12).await;
    assert!(began.elapsed() < Duration::from_secs(9), "it waited for the one that hangs");
    assert_eq!(receiver.at("hangs").len(), 2, "two at once to one receiver");

    let log = |path: &str| format!("webhooks/{}/deliveries", ids[path]);
    let first = |path: &'static str, what: &'static str| {
        let (api, path) = (desk.api.clone(), log(path));
        async move {
            until(what, || async {
                let items = api.get(&path).await["items"].as_array().unwrap().clone();
                items.into_iter().rev().find(|delivery| delivery["error"].is_string())
            })
            .await
        }
    };
    let failed = first("fails", "the failure is in the log").await;
    assert_eq!((&failed["status"], &failed["state"]), (&json!(500), &json!("waiting")), "{failed:#}");
    assert!(failed["next_try"].is_string(), "{failed:#}");
    let redirected = first("redirects", "the redirect is in the log").await;
    assert_eq!(redirected["error"], "it redirects, but 192.168.0.1 is not a public address");
    let hung = first("hangs", "the silence is in the log").await;
    assert_eq!((&hung["error"], &hung["tries"]), (&json!("no answer within 10 seconds"), &json!(1)));
    let gone = first("gone", "the end is in the log").await;
    assert_eq!((&gone["status"], &gone["state"]), (&json!(410), &json!("failed")));
    assert_eq!(desk.api.get(&format!("webhooks/{}", ids["gone"])).await["enabled"], false);
    let retry =
        |path: &str, delivery: &Value| format!("{}/{}/retry", log(path), delivery["id"].as_str().unwrap());
    assert_eq!(desk.api.ask(Method::POST, &retry("gone", &gone), None).await.0, 409, "it is disabled");

    receiver.be_kind();
    assert_eq!(desk.api.ask(Method::POST, &retry("well", &failed), None).await.0, 404, "it is another's");
    assert_eq!(desk.api.ask(Method::POST, &retry("fails", &failed), None).await.0, 202);
    until("the retry succeeds", || async {
        let items = desk.api.get(&log("fails")).await["items"].as_array().unwrap().clone();
        items.into_iter().find(|item| item["id"] == failed["id"] && item["state"] == "done")
    })
    .await;
}

#[tokio::test]
async fn what_was_decided_before_a_crash_is_delivered_after_it() {
    let (mut desk, receiver) = (open("").await, Receiver::open().await);
    receiver.webhook(&desk, "hangs").await;
    let channel = desk.channel(&[]).await;
    missed(&desk, &channel).await;
    let before = receiver.when("hangs", "a delivery begins", |received| received.len() == 2).await;
    desk.kill();
    receiver.be_kind();
    desk.start().await;
    let all = receiver.when("hangs", "all is delivered", |received| received.len() == 6).await;
    let ids = |received: &[Received]| -> Vec<String> {
        let mut ids: Vec<_> = received.iter().map(|one| one.headers["webhook-id"].clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let after = ids(&all[2..]);
    assert_eq!(after.len(), 4, "each of the call's four once");
    assert!(ids(&before).iter().all(|id| after.contains(id)), "what was sent again has the same id");
}

#[tokio::test]
async fn webhooks_that_lead_to_our_own_network_are_refused_when_they_are_saved() {
    let desk = Desk::open().await;
    let table = [
        (json!({ "name": "a", "url": "http://example.org/", "events": ["*"] }), "/url"),
        (json!({ "name": "a", "url": "https://127.0.0.1/", "events": ["*"] }), "/url"),
        (json!({ "name": "a", "url": "https://[fe80::1]/", "events": ["*"] }), "/url"),
        (json!({ "name": "a", "url": "https://example.org/", "events": [] }), "/events"),
        (json!({ "name": "a", "url": "https://example.org/", "events": ["call.flew"] }), "/events/0"),
        (json!({ "name": "", "url": "https://example.org/", "events": ["*"] }), "/name"),
    ];
    for (body, pointer) in table {
        let (status, answer) = desk.api.ask(Method::POST, "webhooks", Some(body.clone())).await;
        assert_eq!((status, &answer["errors"][0]["pointer"]), (422, &json!(pointer)), "{body} {answer}");
    }
}

// Mail

/// Exim, as its own user, on a port and with a folder of its own.
pub struct MailServer {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl MailServer {
    pub async fn open() -> Self {
        let folder = tempfile::Builder::new().prefix("strowger-mail-").tempdir_in("/tmp").unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let config = CONFIG.replace("FOLDER", &folder.path().to_string_lossy());
        std::fs::write(folder.path().join("exim.conf"), config).unwrap();
        let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
        let as_root = |words: &[&str]| {
            let mut command = Command::new(if root { words[0] } else { "sudo" });
            command.args(&words[usize::from(root)..]).stdin(Stdio::null());
            command
        };
        let path = folder.path().to_str().unwrap();
        let given = as_root(&["chown", "-R", "Debian-exim:Debian-exim", path]).status().unwrap();
        assert!(given.success(), "exim has no user; tests/run installs it");
        let mut command =
            as_root(&["setpriv", "--reuid=Debian-exim", "--regid=Debian-exim", "--clear-groups"]);
        command.args(["--no-new-privs", "--pdeathsig=KILL", "/usr/sbin/exim4", "-C"]);
        command.arg(folder.path().join("exim.conf")).args(["-bdf", "-oX", &format!("127.0.0.1.{port}")]);
        let child = command.spawn().expect("exim can be started; tests/run installs it");
        let server = Self { folder, port, child };
        until("the mail server listens", || async {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        server
    }

    pub fn config(&self) -> String {
        format!(
            "[mail]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"Telephone <calls@example.org>\"\n",
            self.port
        )
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The mails that were delivered, with plain line ends.
    pub fn mails(&self) -> Vec<String> {
        let Ok(folder) = std::fs::read_dir(self.path("box/new")) else { return Vec::new() };
        let read = |path: &Path| std::fs::read_to_string(path).unwrap().replace("\r\n", "\n");
        // Long lines are folded as quoted-printable says.
        folder.map(|file| read(&file.unwrap().path()).replace("=\n", "")).collect()
    }

    pub async fn mail(&self, about: &str) -> String {
        let find = || async { self.mails().into_iter().find(|mail| mail.contains(about)) };
        until(&format!("a mail about {about:?} is delivered"), find).await
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const CONFIG: &str = "\
keep_environment =
spool_directory = FOLDER/spool
log_file_path = FOLDER/%slog
pid_file_path =
primary_hostname = mail.example.test
local_interfaces = 127.0.0.1
tls_advertise_hosts =
deliver_drop_privilege = true
message_size_limit = 20M
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
begin acl
rcpt:
  deny local_parts = nobody
       message = there is no such person
  defer condition = ${if exists{FOLDER/busy}}
       message = come back later
  accept
begin routers
all:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  directory = FOLDER/box
  maildir_format
  create_directory
begin retry
* * F,1h,1s
";

pub fn header<'a>(mail: &'a str, name: &str) -> &'a str {
    let head = mail.split_once("\n\n").unwrap().0;
    let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no {name} in {head}"))
}

/// The bytes of the attached sound.
fn attachment(mail: &str) -> Vec<u8> {
    let part = mail.split_once("Content-Type: audio/wav").expect("a sound is attached").1;
    let body = part.split_once("\n\n").unwrap().1;
    let body = body.split("\n--").next().unwrap();
    BASE64_STANDARD.decode(body.split_whitespace().collect::<String>()).unwrap()
}

#[tokio::test]
async fn a_mail_server_gets_messages_and_missed_calls_and_who_it_refuses_is_seen() {
    let server = MailServer::open().await;
    let desk = open(&server.config()).await;
    let notify = json!({ "voicemail": ["ann@example.org", "nobody@example.org"], "missed": ["ben@example.org"],
        "recording": "attach" });
    let channel =
        desk.channel_with(json!({ "name": "Support", "time_zone": "Europe/Vienna", "notify": notify })).await;

    let call = message(&desk, &channel).await;
    let mail = server.mail("left a message of 4 seconds on Support").await;
    let from = call["from"].as_str().unwrap();
    assert_eq!(header(&mail, "Subject"), format!("Voicemail from {from} on Support"));
    assert_eq!(header(&mail, "To"), "ann@example.org");
    assert_eq!(header(&mail, "Auto-Submitted"), "auto-generated");
    assert!(header(&mail, "Message-ID").ends_with("@calls.example.test>"), "{mail}");
    assert!(mail.contains("(Europe/Vienna)"), "{mail}");
    let id = call["id"].as_str().unwrap();
    assert!(mail.contains(&format!("https://calls.example.test/api/v1/calls/{id}")), "{mail}");
    let recording = format!("{}/api/v1/calls/{id}/voicemail", desk.api.address);
    let answer = desk.api.client.get(recording).bearer_auth(&desk.api.token).send().await.unwrap();
    let kept = answer.bytes().await.unwrap();
    assert!(kept.len() > 8_000, "a message of four seconds");
    assert!(attachment(&mail) == kept, "what is attached is not what was kept");

    let job = |what: &'static str, wished: fn(&Value) -> bool| {
        let api = desk.api.clone();
        async move { until(what, || async { api.all("jobs").await.into_iter().find(&wished) }).await }
    };
    let refused = job("who is refused is seen", |job| {
        job["recipient"] == "nobody@example.org" && job["state"] == "failed"
    })
    .await;
    assert_eq!(
        (&refused["kind"], &refused["status"], &refused["tries"]),
        (&json!("mail"), &json!(550), &json!(1))
    );
    assert!(refused["error"].as_str().unwrap().contains("there is no such person"), "{refused:#}");

    std::fs::write(server.path("busy"), "").unwrap();
    let call = missed(&desk, &channel).await;
    let waiting = job("who is put off is seen", |job| {
        job["recipient"] == "ben@example.org" && job["error"].is_string()
    })
    .await;
    assert_eq!((&waiting["state"], &waiting["status"]), (&json!("waiting"), &json!(451)), "{waiting:#}");
    assert!(waiting["error"].as_str().unwrap().contains("come back later"), "{waiting:#}");
    assert!(waiting["next_try"].is_string());
    std::fs::remove_file(server.path("busy")).unwrap();
    let retry = format!("jobs/{}/retry", waiting["id"].as_str().unwrap());
    assert_eq!(desk.api.ask(Method::POST, &retry, None).await.0, 202);
    let from = call["from"].as_str().unwrap();
    let mail = server.mail(&format!("{from} called Support")).await;
    assert_eq!(header(&mail, "To"), "ben@example.org");
    until("only the refused one is left", || async {
        let jobs = desk.api.all("jobs").await;
        Some(()).filter(|()| jobs.len() == 1 && jobs[0]["id"] == refused["id"])
    })
    .await;
    assert_eq!(server.mails().len(), 2, "each mail once");

    let page = async |path: &str| {
        let request = desk.api.client.get(format!("{}/{path}", desk.api.address));
        request.bearer_auth(&desk.api.token).send().await.unwrap().text().await.unwrap()
    };
    let metrics = page("metrics").await;
    for line in [
        "strowger_deliveries{state=\"failed\"} 1",
        "strowger_deliveries{state=\"waiting\"} 0",
        "strowger_deliveries_given_up_total 1",
    ] {
        assert!(metrics.lines().any(|one| one == line), "{line}: {metrics}");
    }
    let ready = page("readyz").await;
    assert!(ready.contains("1 webhooks and mails were given up"), "{ready}");
    let retried = &desk.api.get("audit?limit=1").await["items"][0];
    assert_eq!((&retried["action"], &retried["subject"]), (&json!("retried"), &waiting["id"]), "{retried}");
}

#[tokio::test]
async fn that_the_last_agent_misses_calls_is_told_to_admins_once_and_by_every_way() {
    let (server, receiver) = (MailServer::open().await, Receiver::open().await);
    let config = format!(
        "[calls]\nring_seconds = 3\nagent_ring_seconds = 1\nmisses_until_away = 1\nshort_abandon_seconds = 0\n\
         [outward]\nallow_loopback = true\n{}",
        server.config()
    );
    let desk = Desk::open_with(Wishes { config, ..Wishes::default() }).await;
    receiver.webhook(&desk, "well").await;
    let ann = desk.agent("Ann").await;
    let channel = desk
        .channel_with(json!({ "name": "Support", "routing": { "users": [ann.id], "strategy": "round_robin" },
            "notify": { "last_agent": ["boss@example.org"] } }))
        .await;
    let (admin, hers) =
        (Stream::open(&desk.api, None).await, Stream::open(&desk.api.with_token(&ann.token), None).await);
    let _phone = desk.softphone(&ann).await;
    for _ in 0..2 {
        missed(&desk, &channel).await;
    }
    let ended =
        |received: &[Received]| received.iter().filter(|one| one.kind() == "call.missed").count() == 2;
    let received = receiver.when("well", "both calls are told", ended).await;
    let told: Vec<Value> = received
        .iter()
        .filter(|received| received.kind() == "agent.misses_calls")
        .map(|received| received.document()["data"].clone())
        .collect();
    assert_eq!(told, [json!({ "agent": ann.id, "channel": channel.id, "misses": 1 })], "once");

    let mail = server.mail("Ann was rung 1 times in a row on Support").await;
    assert_eq!(header(&mail, "Subject"), "Ann misses calls on Support");
    assert_eq!(header(&mail, "To"), "boss@example.org");
    assert!(mail.contains(&format!("https://calls.example.test/api/v1/users/{}", ann.id)), "{mail}");
    let heard = |stream: &Stream, kind: &str| stream.kinds().iter().filter(|known| *known == kind).count();
    for stream in [&admin, &hers] {
        until("both calls are heard of", || async { (heard(stream, "call.missed") == 2).then_some(()) })
            .await;
    }
    let of_misses = [&admin, &hers].map(|stream| heard(stream, "agent.misses_calls"));
    assert_eq!(of_misses, [1, 0], "admins only");
    let metrics = desk.api.client.get(format!("{}/metrics", desk.api.address)).bearer_auth(&desk.api.token);
    let metrics = metrics.send().await.unwrap().text().await.unwrap();
    assert!(metrics.lines().any(|line| line == "strowger_last_agent_misses_total 1"), "{metrics}");
    let available = desk.api.get(&format!("users/{}/availability", ann.id)).await;
    assert_eq!(available["availability"]["state"], "available", "{available:#}");
}

#[tokio::test]
async fn addresses_of_mail_are_checked_when_a_channel_is_saved() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    for wrong in ["ann", "ann@example.org\r\nBcc: x@example.org", "a b@example.org"] {
        let patch = json!({ "notify": { "missed": ["ann@example.org", wrong] } });
        let (status, answer) =
            desk.api.ask(Method::PATCH, &format!("channels/{}", channel.id), Some(patch)).await;
        assert_eq!((status, &answer["errors"][0]["pointer"]), (422, &json!("/notify/missed/1")), "{wrong:?}");
    }
}

// The stream of events

/// What was heard of a stream so far: id, kind, data of each event.
struct Stream {
    heard: Arc<Mutex<String>>,
    reading: tokio::task::JoinHandle<()>,
}

impl Stream {
    async fn open(api: &Api, after: Option<&str>) -> Self {
        let mut request = api.client.get(format!("{}/api/v1/events", api.address)).bearer_auth(&api.token);
        if let Some(after) = after {
            request = request.header("Last-Event-ID", after);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let heard = Arc::new(Mutex::new(String::new()));
        let (mut parts, into) = (answer.bytes_stream(), heard.clone());
        let reading = tokio::spawn(async move {
            while let Some(Ok(part)) = parts.next().await {
                into.lock().unwrap().push_str(std::str::from_utf8(&part).unwrap());
            }
        });
        let stream = Self { heard, reading };
        until("the first heartbeat", || async {
            stream.heard.lock().unwrap().starts_with(":\n\n").then_some(())
        })
        .await;
        stream
    }

    fn events(&self) -> Vec<(String, String, Value)> {
        let heard = self.heard.lock().unwrap().clone();
        let whole = heard.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
        let events = whole.split("\n\n").filter(|event| event.starts_with("id: "));
        let read = |event: &str| {
            let mut lines = event.lines();
            let mut field = |name: &str| lines.next().unwrap().strip_prefix(name).unwrap().to_owned();
            let (id, kind) = (field("id: "), field("event: "));
            (id, kind, serde_json::from_str(&field("data: ")).unwrap())
        };
        events.map(read).collect()
    }

    fn kinds(&self) -> Vec<String> {
        self.events().into_iter().map(|(_, kind, _)| kind).collect()
    }

    async fn hears(&self, kinds: &[&str]) {
        let heard = timeout(PATIENCE, async {
            while self.kinds() != kinds {
                sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(heard.await.is_ok(), "expected {kinds:?}, heard {:?}", self.kinds());
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

#[tokio::test]
async fn a_stream_goes_on_where_it_stopped_and_shows_each_what_they_may_see() {
    let desk = open("").await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let channel = desk.channel(&[&ann]).await;
    let of = |token: &str| desk.api.with_token(token);
    let admin = Stream::open(&desk.api, None).await;
    let (hers, his) = (Stream::open(&of(&ann.token), None).await, Stream::open(&of(&ben.token), None).await);
    let call = message(&desk, &channel).await;
    admin.hears(&CALL_WITH_MESSAGE).await;
    hers.hears(&CALL_WITH_MESSAGE).await;
    let events = admin.events();
    assert!(
        events.iter().all(|(id, _, data)| data["id"] == id.as_str() && data["data"]["call"] == call["id"])
    );
    assert!(events.is_sorted_by_key(|(id, ..)| id.clone()));
    assert_eq!(his.events(), []);

    let second = events[1].0.clone();
    drop(admin);
    missed(&desk, &channel).await;
    let again = Stream::open(&desk.api, Some(&second)).await;
    let mut rest = CALL_WITH_MESSAGE[2..].to_vec();
    rest.extend(["call.started", "ticket.made", "call.ended", "call.missed"]);
    again.hears(&rest).await;
    let url = format!("{}/api/v1/events", desk.api.address);
    let wrong = desk.api.client.get(url).bearer_auth(&desk.api.token).header("Last-Event-ID", "x");
    assert_eq!(wrong.send().await.unwrap().status(), 422);
}

#[tokio::test]
async fn a_token_has_four_streams_and_none_once_it_is_revoked() {
    let desk = open("").await;
    let made = desk.api.post("tokens", json!({ "name": "reader", "role": "admin" })).await;
    let reader = desk.api.with_token(made["token"].as_str().unwrap());
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.push(Stream::open(&reader, None).await);
    }
    let fifth = || async { desk.api.with_token(&reader.token).ask(Method::GET, "events", None).await.0 };
    assert_eq!(fifth().await, 429);
    streams.pop();
    let place = until("a place is free again", || async {
        let request =
            reader.client.get(format!("{}/api/v1/events", reader.address)).bearer_auth(&reader.token);
        Some(request.send().await.unwrap()).filter(|answer| answer.status() == 200)
    });
    drop(place.await);
    desk.api.delete(&format!("tokens/{}", made["id"].as_str().unwrap())).await;
    for stream in &mut streams {
        timeout(PATIENCE, &mut stream.reading).await.expect("the stream is closed").unwrap();
    }
}

// Exports

#[tokio::test]
async fn calls_and_tickets_are_exported_whole_for_programs_and_harmless_for_spreadsheets() {
    let desk = open("").await;
    let ann = desk.agent("Ann").await;
    let channel = desk.channel(&[]).await;
    let calls = [message(&desk, &channel).await, missed(&desk, &channel).await];
    let export = |path: String, token: String| {
        let request = desk.api.client.get(format!("{}/api/v1/{path}", desk.api.address)).bearer_auth(token);
        async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        }
    };
    let admin = |path: &str| export(path.to_owned(), desk.api.token.clone());

    let (status, lines) = admin("calls/export?format=jsonl").await;
    assert_eq!(status, 200);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut shown = desk.api.all("calls").await;
    shown.reverse();
    assert_eq!(lines, shown, "the oldest first, nothing left out");
    let (_, lines) = admin("tickets/export?format=jsonl").await;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["id"], calls[0]["ticket"]);

    let (_, text) = admin("calls/export?format=csv").await;
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let columns = table.headers().unwrap().clone();
    let rows: Vec<BTreeMap<String, String>> = table
        .records()
        .map(|row| columns.iter().map(str::to_owned).zip(row.unwrap().iter().map(str::to_owned)).collect())
        .collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["id"], calls[0]["id"].as_str().unwrap());
    assert_eq!(rows[0]["from"], format!("'{}", calls[0]["from"].as_str().unwrap()));
    assert_eq!((rows[0]["voicemail_seconds"].as_str(), rows[1]["outcome"].as_str()), ("4", "abandoned"));

    let second = calls[1]["arrived_at"].as_str().unwrap();
    let count = |text: String| text.lines().count();
    assert_eq!(count(admin(&format!("calls/export?format=jsonl&from={second}")).await.1), 1);
    assert_eq!(count(admin(&format!("calls/export?format=jsonl&until={second}")).await.1), 1);
    assert_eq!(count(admin("tickets/export?format=jsonl&from=2100-01-01T00:00:00Z").await.1), 0);
    for path in ["calls/export?format=xls", "calls/export?from=today", "tickets/export?until=1"] {
        assert_eq!(admin(path).await.0, 422, "{path}");
    }
    for path in ["calls/export", "tickets/export"] {
        assert_eq!(export(path.to_owned(), ann.token.clone()).await.0, 403, "{path}");
    }
}

#[tokio::test]
async fn supervisors_hear_and_export_what_is_of_their_teams_only() {
    let desk = open("").await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let lead = json!({ "name": "Lead", "email": "lead@example.org", "role": "supervisor" });
    let lead = desk.api.post("users", lead).await;
    let team = json!({ "name": "Support", "main": [ann.id], "extra": [lead["id"]] });
    desk.api.post("teams", team).await;
    let token = async |user: Value| {
        let asked = json!({ "name": "reports", "role": "supervisor", "user": user });
        desk.api.post("tokens", asked).await["token"].as_str().unwrap().to_owned()
    };
    let (leads, nobodys) = (token(lead["id"].clone()).await, token(Value::Null).await);
    let (ours, theirs) = (desk.channel(&[&ann]).await, desk.channel(&[&ben]).await);
    let of = |token: &str| desk.api.with_token(token);
    let (everything, part, nothing) = (
        Stream::open(&desk.api, None).await,
        Stream::open(&of(&leads), None).await,
        Stream::open(&of(&nobodys), None).await,
    );
    missed(&desk, &theirs).await;
    let call = missed(&desk, &ours).await;
    let one = ["call.started", "ticket.made", "call.ended", "call.missed"];
    everything.hears(&[one, one].concat()).await;
    part.hears(&one).await;
    assert!(part.events().iter().all(|(.., event)| event["data"]["call"] == call["id"]));
    assert_eq!(nothing.events(), []);

    for (list, id) in [("calls", &call["id"]), ("tickets", &call["ticket"])] {
        let exported = async |token: &str| {
            let url = format!("{}/api/v1/{list}/export?format=jsonl", desk.api.address);
            let answer = desk.api.client.get(url).bearer_auth(token).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            let text = answer.text().await.unwrap();
            let objects = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            objects.map(|object| object["id"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(exported(&desk.api.token).await.len(), 2, "{list}");
        assert_eq!(exported(&leads).await, std::slice::from_ref(id), "{list}");
        assert_eq!(exported(&nobodys).await, Vec::<Value>::new(), "{list}");
    }
}

#[tokio::test]
async fn whoever_leads_no_more_hears_and_writes_nothing_of_the_team_from_then_on() {
    let desk = open("").await;
    let ann = desk.agent("Ann").await;
    let lead =
        json!({ "name": "Lead", "email": "lead@example.org", "role": "supervisor", "seats": ["service"] });
    let lead = desk.agent_with("Lead", lead).await;
    desk.api.post("teams", json!({ "name": "Support", "main": [ann.id], "extra": [lead.id] })).await;
    let asked = json!({ "name": "reports", "role": "supervisor", "user": lead.id });
    let token = desk.api.post("tokens", asked).await["token"].as_str().unwrap().to_owned();
    let leads = desk.api.with_token(&token);
    let channel = desk.channel(&[&ann]).await;
    let (everything, theirs) = (Stream::open(&desk.api, None).await, Stream::open(&leads, None).await);
    let call = missed(&desk, &channel).await;
    let one = ["call.started", "ticket.made", "call.ended", "call.missed"];
    theirs.hears(&one).await;
    let note = async || {
        let path = format!("tickets/{}/notes", call["ticket"].as_str().unwrap());
        leads.ask(Method::POST, &path, Some(json!({ "text": "Called twice." }))).await.0
    };
    assert_eq!(note().await, 201);
    desk.api.patch(&format!("users/{}", lead.id), json!({ "role": "agent" })).await;
    missed(&desk, &channel).await;
    everything.hears(&[one, one].concat()).await;
    assert_eq!((theirs.kinds(), note().await), (one.map(str::to_owned).to_vec(), 404));
}

/// What waited in the backup has long been sent, or lost its meaning.
#[tokio::test]
async fn a_restored_backup_sends_nothing_by_itself_and_what_waited_by_hand() {
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mail = format!("[mail]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n", nowhere.port());
    let mut desk = open(&format!("{mail}from = \"calls@example.org\"\n")).await;
    let receiver = Receiver::open().await;
    receiver.webhook(&desk, "fails").await;
    let ann = desk.agent("Ann").await;
    let notify = json!({ "voicemail": ["ann@example.org"] });
    let unattended = desk.channel_with(json!({ "notify": notify })).await;
    let channel = desk.channel(&[&ann]).await;
    message(&desk, &unattended).await;
    let mut phone = desk.softphone(&ann).await;
    let caller = desk.call(&channel);
    phone.take().await;
    let talking = phone.call_is("talking").await;
    desk.company.faults(|faults| faults.rest = Rest::Down);
    phone.hang_up(&talking);
    desk.call_when(caller.sid(), "ends here", |call| call["state"] == "ended").await;
    let waiting = until("a webhook, a mail and a command wait", || async {
        let jobs = desk.api.all("jobs").await;
        let waits = |kind: &str| jobs.iter().any(|job| job["kind"] == kind && job["state"] == "waiting");
        ["webhook", "mail", "hang_up"].into_iter().all(waits).then_some(jobs)
    })
    .await;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("strowger.tar").to_str().unwrap().to_owned();
    let run = |desk: &Desk, words: &[&str]| {
        let output = desk.command(words).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    run(&desk, &["backup", &file]);
    desk.company.faults(|faults| faults.rest = Rest::Works);
    caller.ended().await;
    desk.stop().await;
    receiver.be_kind();
    let (sent, asked) = (receiver.at("fails"), desk.company.record().requests.len());

    desk.elsewhere = Some(folder.path().join("data"));
    let said = run(&desk, &["restore", &file]);
    assert!(said.contains("waited in it and are not sent"), "{said}");
    desk.start().await;
    let parked = desk.api.all("jobs").await;
    for job in &parked {
        assert_eq!(job["state"], "failed", "{job:#}");
        assert!(job["error"].as_str().unwrap().contains("when the backup was made"), "{job:#}");
    }
    for kind in ["webhook", "mail", "hang_up"] {
        let of = |jobs: &[Value]| jobs.iter().filter(|job| job["kind"] == kind).count();
        assert!(of(&parked) > 0 && of(&parked) >= of(&waiting), "{kind}: {parked:#?}");
    }
    // What happens now is told at once.
    missed(&desk, &unattended).await;
    let all = receiver.when("fails", "the new call is told", |all| all.len() >= sent.len() + 4).await;
    let old: Vec<&String> = sent.iter().map(|one| &one.headers["webhook-id"]).collect();
    assert!(all[sent.len()..].iter().all(|one| !old.contains(&&one.headers["webhook-id"])), "{all:#?}");
    let commands = desk.company.record().requests.split_off(asked);
    let commands = commands.iter().filter(|one| one.method == "POST" && one.target.contains(caller.sid()));
    assert_eq!(commands.count(), 0, "nobody hangs up a call that is long over");

    let webhook = parked.iter().find(|job| job["kind"] == "webhook").unwrap();
    let retry = format!("jobs/{}/retry", webhook["id"].as_str().unwrap());
    assert_eq!(desk.api.ask(Method::POST, &retry, None).await.0, 202);
    let told = receiver.when("fails", "it is sent by hand", |now| now.len() > all.len()).await;
    assert!(old.contains(&&told.last().unwrap().headers["webhook-id"]), "it has the id that it had");
    until("it is done", || async {
        let jobs = desk.api.all("jobs").await;
        (!jobs.iter().any(|job| job["id"] == webhook["id"])).then_some(())
    })
    .await;
}
