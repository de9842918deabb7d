//! A whole help desk for stories told through the front door: the real program on a folder of its own, the simulator as
//! its telephone company, and softphones as a program would write them.
//!
//! Every wait ends, with a sentence that says what did not happen. When a test fails, the daemon's log is printed.

#![allow(dead_code, reason = "every crate of tests uses what it needs of it")]
#![allow(clippy::unwrap_used, reason = "what a test can't do it fails for")]

use futures_util::{SinkExt, StreamExt};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufRead, BufReader, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use strowger::providers::simulator::{
    Account, Behaviour, Caller, Dialect, Incoming, Phone, Record, Simulator, Story,
};
use tempfile::TempDir;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message as WsMessage, client::IntoClientRequest},
};

/// What telephone companies call and sign. Nobody listens there: the simulator delivers to where the daemon really is.
pub const PUBLIC_URL: &str = "https://calls.example.test";
/// How long anything is waited for. Nothing here takes long, but the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(15);
const PROGRAM: &str = env!("CARGO_BIN_EXE_strowger");

/// What a desk is opened with.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// Line seconds per real second. A clip of ring tone lasts 5 line seconds, an agent's telephone rings for 2.
    pub pace: f64,
    /// More of the configuration, as TOML.
    pub config: String,
    /// More of its section `http`.
    pub http: String,
    /// The daemon's log filter.
    pub log: String,
    /// How the telephone company speaks.
    pub dialect: Dialect,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            dialect: Dialect::Twilio,
            pace: 20.0,
            config: String::new(),
            http: String::new(),
            log: "info,strowger=debug".into(),
        }
    }
}

/// The help desk. Dropping it ends everything, and prints the daemon's log if the test has failed.
pub struct Desk {
    pub company: Simulator,
    pub account: Account,
    /// As an admin.
    pub api: Api,
    daemon: Option<Child>,
    folder: TempDir,
    /// The data folder, if it is not where it was at first.
    pub elsewhere: Option<PathBuf>,
    /// Handed over to the daemon, as a service manager does; connections wait there while it is away.
    pub socket: Option<std::net::TcpListener>,
    /// The daemon is told that a file may grow no more as an error, as it is told that a disk is full, and not killed.
    pub can_be_full: bool,
    log: String,
    admin_token: String,
    callers: AtomicU32,
}

/// Somebody who works here.
#[derive(Debug, Clone)]
pub struct Agent {
    pub id: String,
    pub name: String,
    pub token: String,
    /// What the telephone company calls their telephone.
    pub phone: String,
}

/// A number that can be called.
#[derive(Debug, Clone)]
pub struct Channel {
    pub id: String,
    pub number: String,
}

impl Channel {
    /// The address of one of its webhooks, as the telephone company knows it.
    pub fn hook(&self, path: &str) -> String {
        format!("{PUBLIC_URL}/hooks/main/{}/{path}", self.id)
    }
}

/// The configuration of a telephone company, all but its address.
fn provider(dialect: Dialect, Account { sid, auth_token }: &Account, public_key: &str) -> String {
    match dialect {
        Dialect::Twilio => format!("kind = \"twilio\"\naccount_sid = {sid:?}\nauth_token = {auth_token:?}\n"),
        Dialect::SignalWire => format!(
            "kind = \"signalwire\"\nspace = \"example\"\nproject = {sid:?}\ntoken = {auth_token:?}\n\
             signing_key = {auth_token:?}\n"
        ),
        Dialect::Somleng => {
            format!("kind = \"somleng\"\naccount_sid = {sid:?}\nauth_token = {auth_token:?}\n")
        }
        Dialect::TeXml => format!(
            "kind = \"texml\"\naccount_sid = {sid:?}\napi_key = {auth_token:?}\npublic_key = {public_key:?}\n"
        ),
    }
}

impl Desk {
    /// Opens a desk with short times: `ring_seconds` 20, everything else as by default. Callers' time runs faster than the
    /// daemon's, so none of them counts as gone at once.
    pub async fn open() -> Self {
        Self::open_with(Wishes {
            config: "[calls]\nring_seconds = 20\nshort_abandon_seconds = 0\n".into(),
            ..Wishes::default()
        })
        .await
    }

    pub async fn open_with(wishes: Wishes) -> Self {
        let sid = match wishes.dialect {
            Dialect::Twilio => format!("AC{:032x}", rand::random::<u128>()),
            _ => uuid::Uuid::from_u128(rand::random()).to_string(),
        };
        let account = Account { sid, auth_token: format!("{:032x}", rand::random::<u128>()) };
        let company = Simulator::start_speaking(wishes.dialect, account.clone(), wishes.pace).await.unwrap();
        let folder = tempfile::Builder::new().prefix("strowger-test-").tempdir().unwrap();
        let config = format!(
            "{}\n[http]\npublic_url = {PUBLIC_URL:?}\n{}\n\
             [providers.main]\n{}api_base = {:?}\n",
            wishes.config,
            wishes.http,
            provider(wishes.dialect, &account, &company.public_key()),
            company.address(),
        );
        let file = folder.path().join("config.toml");
        std::fs::write(&file, config).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let mut desk = Self {
            company,
            account,
            api: Api::new("http://127.0.0.1:1", ""),
            daemon: None,
            folder,
            elsewhere: None,
            socket: None,
            can_be_full: false,
            log: wishes.log,
            admin_token: String::new(),
            callers: AtomicU32::new(0),
        };
        let made = desk.command(&["token", "create", "--name", "test", "--role", "admin"]).output().unwrap();
        assert!(made.status.success(), "no token: {}", String::from_utf8_lossy(&made.stderr));
        let said = String::from_utf8(made.stdout).unwrap();
        desk.admin_token = said.split_whitespace().last().expect("the token is the last word").to_owned();
        desk.start().await;
        desk
    }

    /// The program with these words, on this desk's folder and configuration.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(words);
        command.arg("--config").arg(self.folder.path().join("config.toml"));
        command.arg("--data-dir").arg(self.data());
        command.env("STROWGER_LOG", &self.log).env("NO_COLOR", "1").stdin(Stdio::null());
        command
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.elsewhere.clone().unwrap_or_else(|| self.folder.path().join("data"))
    }

    pub fn database(&self) -> PathBuf {
        self.data().join("strowger.db")
    }

    /// Starts the daemon on the folder; the first time on any port that is free, then on the same again, as a daemon that
    /// takes up its work may be called back by the telephone company before it has said where it listens.
    pub async fn start(&mut self) {
        assert!(self.daemon.is_none(), "the daemon runs already");
        let log = File::options().append(true).create(true).open(self.log_path()).unwrap();
        let before = self.api.address.strip_prefix("http://").filter(|address| !address.ends_with(":1"));
        let listen = before.unwrap_or("127.0.0.1:0").to_owned();
        let mut command = self.command(&["serve", "--listen", &listen]);
        if let Some(socket) = &self.socket {
            command = handed_over(&command, socket);
        }
        if self.can_be_full {
            command = by_shell(&command, "trap '' XFSZ; exec \"$@\"");
        }
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let out = child.stdout.take().expect("its output is piped");
        self.daemon = Some(child);
        let said = timeout(PATIENCE, tokio::task::spawn_blocking(move || first_line(out))).await;
        let line = said.expect("the daemon does not say where it listens").unwrap();
        let address = line.trim().strip_prefix("listening on ");
        let address = address.unwrap_or_else(|| panic!("the daemon said {line:?} and not where it listens"));
        self.company.forward(PUBLIC_URL, address);
        self.api = Api::new(address, &self.admin_token);
        self.until_ready().await;
    }

    /// The address is printed a moment before the daemon answers there.
    async fn until_ready(&mut self) {
        let url = format!("{}/readyz", self.api.address);
        for _ in 0..PATIENCE.as_millis() / LOOK_EVERY.as_millis() {
            if let Some(status) = self.daemon.as_mut().and_then(|child| child.try_wait().unwrap()) {
                panic!("the daemon ended at once: {status}");
            }
            let answer = self.api.client.get(&url).timeout(PATIENCE).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            sleep(LOOK_EVERY).await;
        }
        panic!("the daemon is not ready");
    }

    /// How long the files may be that the running daemon writes: `0` is a full disk, where every write fails.
    pub fn let_files_grow_to(&self, bytes: &str) {
        assert!(self.can_be_full, "it would be killed");
        let daemon = self.daemon.as_ref().expect("the daemon runs").id().to_string();
        let set = Command::new("prlimit").args(["--pid", &daemon, &format!("--fsize={bytes}:")]).status();
        assert!(set.unwrap().success(), "the daemon's limit can't be set");
    }

    /// SIGKILL: whatever it was doing, it does no more.
    pub fn kill(&mut self) {
        let mut child = self.daemon.take().expect("the daemon runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Kills the daemon and starts it again on the same folder. Softphones have to connect again.
    pub async fn restart(&mut self) {
        self.kill();
        self.start().await;
    }

    /// SIGTERM. The daemon must end by itself, and well.
    pub async fn stop(&mut self) {
        let mut child = self.daemon.take().expect("the daemon runs");
        let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(told.success(), "the daemon could not be told to stop");
        let status = end_of(&mut child).await;
        assert!(status.success(), "the daemon stopped with {status}");
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// What the daemon logged until now.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Hires an agent who is reached in the browser.
    pub async fn agent(&self, name: &str) -> Agent {
        let plain = name.to_lowercase();
        self.agent_with(
            name,
            json!({
                "name": name, "email": format!("{plain}@example.org"), "role": "agent", "seats": ["service"],
                "reach": { "client": plain },
            }),
        )
        .await
    }

    pub async fn agents<const N: usize>(&self, names: [&str; N]) -> [Agent; N] {
        let mut hired = Vec::new();
        for name in names {
            hired.push(self.agent(name).await);
        }
        hired.try_into().expect("as many were hired as have names")
    }

    /// Hires somebody as `user` says, with a token of their own.
    pub async fn agent_with(&self, name: &str, user: Value) -> Agent {
        let reach = &user["reach"];
        let phone = ["client", "sip", "number"].iter().find_map(|kind| reach[kind].as_str());
        let phone = phone.unwrap_or_default().to_owned();
        let id = self.api.create("users", user).await;
        let token = json!({ "name": name, "role": "agent", "user": id });
        let made = self.api.post("tokens", token).await;
        let token = made["token"].as_str().expect("a token has a secret").to_owned();
        Agent { id, name: name.to_owned(), token, phone }
    }

    pub async fn team(&self, name: &str, main: &[&Agent], extra: &[&Agent]) -> String {
        self.api.create("teams", json!({ "name": name, "main": ids(main), "extra": ids(extra) })).await
    }

    /// A number that is always open and rings these.
    pub async fn channel(&self, users: &[&Agent]) -> Channel {
        self.channel_with(json!({ "routing": { "users": ids(users) } })).await
    }

    /// A number that is always open but for what `patch` says.
    pub async fn channel_with(&self, patch: Value) -> Channel {
        let number = format!("+431{:07}", self.callers.fetch_add(1, Ordering::Relaxed));
        let mut channel = json!({
            "kind": "calling", "name": format!("Support {number}"), "provider": "main", "number": number,
            "hours": { "mode": "always" }, "routing": {},
        });
        merge(&mut channel, patch);
        let number = channel["number"].as_str().unwrap_or(&number).to_owned();
        let id = self.api.create("channels", channel).await;
        Channel { id, number }
    }

    /// A softphone of this agent's, greeted.
    pub async fn softphone(&self, agent: &Agent) -> Softphone {
        let mut softphone = Softphone::connect(&self.api.address, &agent.token).await;
        softphone.next("welcome").await;
        softphone
    }

    /// A call as it would come, to be changed before it is placed.
    pub fn incoming(&self, channel: &Channel) -> Incoming {
        Incoming {
            from: format!("+43660{:07}", self.callers.fetch_add(1, Ordering::Relaxed)),
            to: channel.number.clone(),
            voice_url: channel.hook("voice"),
            status_url: Some(channel.hook("status")),
            fallback_url: Some(channel.hook("fallback")),
            behaviour: Behaviour::default(),
        }
    }

    /// Somebody calls, with all the patience in the world, and will say nothing when asked for a message.
    pub fn call(&self, channel: &Channel) -> Caller {
        self.company.place(self.incoming(channel))
    }

    pub fn call_with(&self, channel: &Channel, behaviour: Behaviour) -> Caller {
        self.company.place(Incoming { behaviour, ..self.incoming(channel) })
    }

    /// A form posted as the telephone company would, signed. Answers status and body.
    pub async fn post_hook(&self, url: &str, params: &[(&str, &str)]) -> (u16, String) {
        let signature = self.company.sign(url, params);
        self.post_hook_signed(url, params, Some(&signature)).await
    }

    pub async fn post_hook_signed(
        &self,
        url: &str,
        params: &[(&str, &str)],
        signature: Option<&str>,
    ) -> (u16, String) {
        let real = format!("{}{}", self.api.address, url.strip_prefix(PUBLIC_URL).unwrap_or(url));
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
        let mut request = self.api.client.post(real).timeout(PATIENCE).body(form);
        request = request.header("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8");
        if let Some(signature) = signature {
            request = request.header("X-Twilio-Signature", signature);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// What the daemon knows of a call, by the telephone company's name for it.
    pub async fn call_of(&self, sid: &str) -> Option<Value> {
        self.api.all("calls").await.into_iter().find(|call| call["provider_call_id"] == sid)
    }

    /// Waits until the daemon's view of the call is as wished.
    pub async fn call_when(&self, sid: &str, what: &str, wished: impl Fn(&Value) -> bool) -> Value {
        let mut seen = None;
        let looking = async {
            loop {
                seen = self.call_of(sid).await;
                if let Some(call) = seen.as_ref().filter(|call| wished(call)) {
                    return call.clone();
                }
                sleep(LOOK_EVERY).await;
            }
        };
        match timeout(PATIENCE, looking).await {
            Ok(call) => call,
            Err(_) => panic!("the call never {what}; it is {seen:#?}"),
        }
    }

    /// Waits until the call is over, here and at the telephone company. Answers both views.
    pub async fn over(&self, caller: &Caller) -> (Value, Story) {
        let told = timeout(PATIENCE * 2, caller.ended()).await;
        let told = told.unwrap_or_else(|_| panic!("the caller is still there: {:#?}", caller.story()));
        let call = self.call_when(caller.sid(), "ends", |call| call["state"] == "ended").await;
        (call, told)
    }

    pub async fn ticket_of(&self, call: &Value) -> Value {
        let ticket = call["ticket"].as_str().expect("a call has a ticket");
        self.api.get(&format!("tickets/{ticket}")).await
    }

    /// The decisions made on a call: what was done, and the code of the deciding reason.
    pub async fn why(&self, call: &Value) -> Vec<(String, String)> {
        let id = call["id"].as_str().expect("a call has an id");
        let why = self.api.get(&format!("calls/{id}/why")).await;
        let decisions = why["decisions"].as_array().expect("there are decisions").iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        decisions.map(|made| (text(&made["action"]), text(&made["reasons"][0]["code"]))).collect()
    }

    /// Looks until the telephone company's books are as wished.
    pub async fn company_when(&self, what: &str, wished: impl Fn(&Record) -> bool) -> Record {
        let looking = async {
            loop {
                let record = self.company.record();
                if wished(&record) {
                    return record;
                }
                sleep(LOOK_EVERY).await;
            }
        };
        match timeout(PATIENCE, looking).await {
            Ok(record) => record,
            Err(_) => panic!("the telephone company never {what}: {:#?}", self.company.record()),
        }
    }

    /// Nothing is left open anywhere, and nobody complains.
    pub async fn check_books(&self) {
        self.check_books_but(&[]).await;
    }

    /// As `check_books`, but complaints of the telephone company that contain one of `expected` are fine.
    pub async fn check_books_but(&self, expected: &[&str]) {
        let record = self.company_when("gets rid of its calls", |record| record.live_calls().count() == 0);
        let record = record.await;
        assert_eq!(record.live_legs().count(), 0, "legs are left: {:#?}", record.legs().collect::<Vec<_>>());
        let problems =
            record.problems().filter(|problem| !expected.iter().any(|part| problem.contains(part)));
        let problems: Vec<_> = problems.collect();
        assert!(problems.is_empty(), "the telephone company complains: {problems:#?}");
        let calls = self.ended_calls().await;
        let tickets = self.api.all("tickets").await;
        let mut sids = BTreeSet::new();
        for call in &calls {
            let sid = call["provider_call_id"].as_str().expect("a call has a name there");
            assert!(sids.insert(sid), "one call, written twice: {call:#?}");
            assert!(record.calls.iter().any(|placed| placed.sid == sid), "who called? {call:#?}");
            self.check_call(call, &tickets);
        }
        for ticket in &tickets {
            let first = calls.iter().find(|call| call["id"] == ticket["call"]);
            let theirs = first.is_some_and(|call| call["ticket"] == ticket["id"]);
            assert!(theirs, "a ticket is left over: {ticket:#?}");
        }
    }

    async fn ended_calls(&self) -> Vec<Value> {
        let looking = async {
            loop {
                let calls = self.api.all("calls").await;
                if calls.iter().all(|call| call["state"] == "ended") {
                    return calls;
                }
                sleep(LOOK_EVERY).await;
            }
        };
        match timeout(PATIENCE, looking).await {
            Ok(calls) => calls,
            Err(_) => panic!("not every call ends: {:#?}", self.api.all("calls").await),
        }
    }

    fn check_call(&self, call: &Value, tickets: &[Value]) {
        assert!(call["outcome"].is_string() && call["ended_at"].is_string(), "no outcome: {call:#?}");
        let own: Vec<_> = tickets.iter().filter(|ticket| ticket["call"] == call["id"]).collect();
        let others = own.iter().filter(|ticket| ticket["id"] != call["ticket"]).count();
        assert!(own.len() <= 1 && others == 0, "{call:#?} has the tickets {own:#?}");
        let its = tickets.iter().filter(|ticket| ticket["id"] == call["ticket"]).count();
        assert_eq!(its, 1, "a call without a ticket: {call:#?}");
        let offers = call["offers"].as_array().expect("a call has offers, or none");
        for offer in offers {
            assert!(offer["cause"].is_string(), "an offer of an ended call has no cause: {call:#?}");
            assert!(offer["ended_at"].is_string(), "an offer of an ended call is open: {call:#?}");
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(mut child) = self.daemon.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("---- the daemon's log ----\n{}---- the end of the log ----", self.log());
        }
    }
}

/// The same command as a service manager runs it: the socket is its file 3.
fn handed_over(command: &Command, socket: &std::net::TcpListener) -> Command {
    let script = "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$@\"";
    let mut shell = by_shell(command, script);
    let socket = socket.try_clone().unwrap();
    shell.stdin(Stdio::from(std::os::fd::OwnedFd::from(socket)));
    shell
}

/// The same command as a shell runs it, where it is `"$@"`.
pub fn by_shell(command: &Command, script: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]).arg(command.get_program()).args(command.get_args());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

/// Answers the first line, and reads on so that the daemon never waits for us.
fn first_line(out: impl Read + Send + 'static) -> String {
    let mut out = BufReader::new(out);
    let mut line = String::new();
    let _ = out.read_line(&mut line);
    std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
    line
}

/// Waits for the end of a process.
pub async fn end_of(child: &mut Child) -> ExitStatus {
    for _ in 0..PATIENCE.as_millis() / LOOK_EVERY.as_millis() {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        sleep(LOOK_EVERY).await;
    }
    let _ = child.kill();
    let _ = child.wait();
    panic!("the process does not end");
}

fn ids(agents: &[&Agent]) -> Vec<String> {
    agents.iter().map(|agent| agent.id.clone()).collect()
}

/// JSON merge patch, without removing.
fn merge(base: &mut Value, patch: Value) {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, patch) => *base = patch,
    }
}

/// The offers of a call: agent and cause.
pub fn causes(call: &Value) -> BTreeMap<String, Vec<String>> {
    let mut causes = BTreeMap::<_, Vec<_>>::new();
    for offer in call["offers"].as_array().into_iter().flatten() {
        let agent = offer["agent"].as_str().unwrap_or_default().to_owned();
        causes.entry(agent).or_default().push(offer["cause"].as_str().unwrap_or("open").to_owned());
    }
    causes
}

/// The API with one token.
#[derive(Debug, Clone)]
pub struct Api {
    /// `http://127.0.0.1:PORT`
    pub address: String,
    pub token: String,
    pub client: Client,
}

impl Api {
    pub fn new(address: &str, token: &str) -> Self {
        let client = Client::builder().no_proxy().build().unwrap();
        Self { address: address.to_owned(), token: token.to_owned(), client }
    }

    /// The same with somebody else's token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// Asks, and answers status and document whatever they are.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}/api/v1/{path}", self.address);
        let mut request = self.client.request(method, url).bearer_auth(&self.token).timeout(PATIENCE);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap_or_else(|error| panic!("{path}: {error:?}"));
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    async fn well(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.ask(method.clone(), path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer:#}");
        answer
    }

    pub async fn get(&self, path: &str) -> Value {
        self.well(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.well(Method::POST, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Value {
        self.well(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Value {
        self.well(Method::DELETE, path, None).await
    }

    /// Creates something and answers its id.
    pub async fn create(&self, path: &str, body: Value) -> String {
        let made = self.post(path, body).await;
        made["id"].as_str().expect("what is created has an id").to_owned()
    }

    /// Everything on a list, page by page.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let (mut items, mut after) = (Vec::new(), String::new());
        loop {
            let mut page = self.get(&format!("{path}?limit=100{after}")).await;
            items.append(page["items"].as_array_mut().expect("a list has items"));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return items,
            }
        }
    }
}

/// An agent's softphone. It remembers every frame; dropping it breaks the connection without a goodbye.
pub struct Softphone {
    frames: watch::Receiver<Vec<Value>>,
    taken: BTreeSet<usize>,
    out: mpsc::UnboundedSender<WsMessage>,
    line: JoinHandle<()>,
}

impl Softphone {
    /// Connects without waiting for anything to be said.
    pub async fn connect(address: &str, token: &str) -> Self {
        let url = format!("{}/softphone", address.replacen("http", "ws", 1));
        let mut request = url.into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        headers.insert("sec-websocket-protocol", "strowger.v1".parse().unwrap());
        let connected = timeout(PATIENCE, connect_async(request)).await;
        let (socket, _) = connected.expect("the softphone is not let in in time").unwrap();
        let (mut sink, mut stream) = socket.split();
        let (remember, frames) = watch::channel(Vec::new());
        let (out, mut said) = mpsc::unbounded_channel();
        let line = tokio::spawn(async move {
            loop {
                tokio::select! {
                    heard = stream.next() => {
                        let Some(Ok(heard)) = heard else { return };
                        let Some(frame) = read(&heard) else { continue };
                        if frame["type"] == "ping" {
                            let _ = sink.send(frame_of(json!({ "type": "pong" }))).await;
                        }
                        remember.send_modify(|frames: &mut Vec<Value>| frames.push(frame));
                    }
                    say = said.recv() => {
                        let Some(say) = say else { return };
                        let _ = sink.send(say).await;
                    }
                }
            }
        });
        Self { frames, taken: BTreeSet::new(), out, line }
    }

    /// Every frame until now, in order.
    pub fn seen(&self) -> Vec<Value> {
        self.frames.borrow().clone()
    }

    /// The frames of a type until now.
    pub fn seen_of(&self, kind: &str) -> Vec<Value> {
        self.seen().into_iter().filter(|frame| frame["type"] == kind).collect()
    }

    /// The first frame of a type that was not taken before; waits for it.
    pub async fn next(&mut self, kind: &str) -> Value {
        self.next_of(&[kind]).await
    }

    /// The first frame of one of these types that was not taken before; waits for it.
    pub async fn next_of(&mut self, kinds: &[&str]) -> Value {
        let is_one = |frame: &Value| kinds.iter().any(|kind| frame["type"] == *kind);
        self.next_where(&format!("one of {kinds:?}"), is_one).await
    }

    /// Waits until the call that the agent has is in `state`.
    pub async fn call_is(&mut self, state: &str) -> Value {
        let what = format!("a call that is {state}");
        self.next_where(&what, |frame| frame["type"] == "call" && frame["state"] == state).await
    }

    /// The first frame as wished that was not taken before; waits for it.
    pub async fn next_where(&mut self, what: &str, wished: impl Fn(&Value) -> bool) -> Value {
        let Self { frames, taken, .. } = self;
        let find = |seen: &Vec<Value>| {
            let mut fresh = seen.iter().enumerate().filter(|(index, _)| !taken.contains(index));
            fresh.find(|(_, frame)| wished(frame)).map(|(index, frame)| (index, frame.clone()))
        };
        let waited = timeout(PATIENCE, frames.wait_for(|seen| find(seen).is_some())).await;
        let why = match &waited {
            Ok(Ok(_)) => "",
            Ok(Err(_)) => "the socket was closed",
            Err(_) => "in time",
        };
        drop(waited);
        let seen = frames.borrow().clone();
        let Some((index, frame)) = find(&seen) else {
            panic!("the softphone never heard {what} ({why}); it heard {seen:#?}");
        };
        taken.insert(index);
        frame
    }

    /// Waits until the daemon has closed the socket.
    pub async fn closed(&mut self) {
        let closing = async { while self.frames.changed().await.is_ok() {} };
        timeout(PATIENCE, closing).await.expect("the daemon does not close the socket");
    }

    pub fn say(&self, frame: Value) {
        let _ = self.out.send(frame_of(frame));
    }

    pub fn accept(&self, offer: &Value) {
        self.say(json!({ "type": "accept", "offer_id": offer["offer_id"] }));
    }

    pub fn decline(&self, offer: &Value) {
        self.say(json!({ "type": "decline", "offer_id": offer["offer_id"] }));
    }

    /// `frame` is any frame that names the call.
    pub fn hang_up(&self, frame: &Value) {
        self.say(json!({ "type": "hang_up", "call_id": frame["call_id"] }));
    }

    pub fn media(&self, registered: bool, microphone: bool) {
        self.say(json!({ "type": "media", "registered": registered, "microphone": microphone }));
    }

    pub fn availability(&self, state: &str) {
        self.say(json!({ "type": "availability", "state": state }));
    }

    /// Waits for an offer and takes it. Answers the frame that tells that it was won.
    pub async fn take(&mut self) -> Value {
        let offer = self.next("offer").await;
        self.accept(&offer);
        self.next("offer_won").await
    }
}

impl Drop for Softphone {
    fn drop(&mut self) {
        self.line.abort();
    }
}

fn read(message: &WsMessage) -> Option<Value> {
    serde_json::from_str(message.to_text().ok()?).ok()
}

fn frame_of(frame: Value) -> WsMessage {
    WsMessage::text(frame.to_string())
}

/// How an agent's telephone behaves when nothing is wrong, for tests that change it and change it back.
pub const ANSWERS: Phone = Phone::Answers { after_seconds: 2.0 };

/// Whether a file is there, for tests that look into the data folder.
pub fn is_there(path: &Path) -> bool {
    path.try_exists().unwrap_or(false)
}
