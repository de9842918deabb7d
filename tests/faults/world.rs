//! A help desk under load: the real program on a folder of its own, the simulator as its telephone company, agents who
//! work and callers who follow documents, all through the gate.

use crate::{
    agent::{Agent, Ears},
    auditor::{Evidence, Scope, Verdict, spooled},
    gate::Gate,
    shim::Shim,
};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use strowger::providers::simulator::{Account, Behaviour, Caller, Incoming, Message, Phone, Simulator};
use tempfile::TempDir;
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};

pub const PUBLIC_URL: &str = "https://calls.example.test";
const PROGRAM: &str = env!("CARGO_BIN_EXE_strowger");
/// How long is waited for what must come. The machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(100);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Line seconds per real second: a clip of ring tone lasts 5 line seconds.
const PACE: f64 = 15.0;
/// As the README has operators set their numbers.
const MANNER: &str = "#ct=2000&rt=5000&rc=2&rp=ct,rt,5xx";

/// What a world is opened with.
pub struct Wishes {
    pub agents: usize,
    /// Writes, flushes and clocks pass through the shim.
    pub shim: bool,
    /// Where the daemon finds the telephone company's API, if not at its own address.
    pub api_base: Option<String>,
    /// Real seconds.
    pub ring_seconds: u32,
}

impl Default for Wishes {
    fn default() -> Self {
        Self { agents: 5, shim: false, api_base: None, ring_seconds: 3 }
    }
}

pub struct World {
    pub company: Arc<Simulator>,
    pub account: Account,
    pub gate: Gate,
    pub agents: Vec<Agent>,
    pub ears: Ears,
    pub shim: Option<Shim>,
    /// Rings everybody.
    pub channel: String,
    /// Rings nobody.
    pub unattended: String,
    daemon: Option<Child>,
    folder: TempDir,
    token: String,
    client: Client,
    placed: Arc<AtomicU32>,
}

impl World {
    pub async fn open(wishes: Wishes) -> Self {
        let account = Account {
            sid: format!("AC{:032x}", rand::random::<u128>()),
            auth_token: format!("{:032x}", rand::random::<u128>()),
        };
        let company = Arc::new(Simulator::start(account.clone(), PACE).await.unwrap());
        let folder = tempfile::Builder::new()
            .prefix("strowger-faults-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .unwrap();
        let api_base = wishes.api_base.unwrap_or_else(|| company.address());
        let config = format!(
            "[http]\npublic_url = {PUBLIC_URL:?}\n[calls]\nring_seconds = {}\nwait_seconds = 3\n\
             connect_seconds = 8\nshort_abandon_seconds = 0\n\
             misses_until_away = 0\n[providers.main]\nkind = \"twilio\"\n\
             account_sid = {:?}\nauth_token = {:?}\napi_base = {api_base:?}\n",
            wishes.ring_seconds, account.sid, account.auth_token,
        );
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        let gate = Gate::build().await;
        company.forward(PUBLIC_URL, &gate.address);
        let shim = wishes.shim.then(|| Shim::build(folder.path(), &folder.path().join("data")));
        let mut world = Self {
            company,
            account,
            gate,
            agents: Vec::new(),
            ears: Ears::default(),
            shim,
            channel: String::new(),
            unattended: String::new(),
            daemon: None,
            folder,
            token: String::new(),
            client: Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap(),
            placed: Arc::default(),
        };
        let made =
            world.command(&["token", "create", "--name", "faults", "--role", "admin"]).output().unwrap();
        let said = String::from_utf8_lossy(&made.stdout);
        world.token = said.split_whitespace().last().expect("the token is the last word").to_owned();
        world.start().await;
        world.furnish(wishes.agents).await;
        world
    }

    async fn furnish(&mut self, agents: usize) {
        for number in 0..agents {
            let phone = format!("agent{number}");
            let user = json!({
                "name": format!("Agent {number}"), "email": format!("{phone}@example.org"), "role": "agent",
                "seats": ["service"], "reach": { "client": phone },
            });
            let id = self.create("users", user).await;
            let token = json!({ "name": phone, "role": "agent", "user": id });
            let token = self.ask(Method::POST, "tokens", Some(token)).await.1;
            let token = token["token"].as_str().expect("a token has a secret").to_owned();
            // One of them hangs up by themselves, as a telephone does that loses its network.
            if number == 1 {
                let gives_up = Phone::HangsUpAfter { answer_after_seconds: 1.0, talk_seconds: 4.0 };
                self.company.phone(&phone, gives_up);
            }
            self.agents.push(Agent::new(id, token, phone));
        }
        let users: Vec<&str> = self.agents.iter().map(|agent| agent.id.as_str()).collect();
        self.channel = self.open_channel("+431000001", json!(users)).await;
        self.unattended = self.open_channel("+431000002", json!([])).await;
        let (address, ears) = (self.gate.address.clone(), self.ears.clone());
        self.agents.iter_mut().for_each(|agent| agent.sit_down(&address, &ears));
        self.until_heard("welcome", agents).await;
    }

    async fn open_channel(&self, number: &str, users: Value) -> String {
        let channel = json!({
            "kind": "calling", "name": format!("Support {number}"), "provider": "main", "number": number,
            "hours": { "mode": "always" }, "routing": { "users": users },
        });
        self.create("channels", channel).await
    }

    async fn until_heard(&self, kind: &str, agents: usize) {
        let is_one = |heard: &crate::agent::Heard| heard.frame["type"] == kind;
        let all = async {
            while self.ears.all().iter().filter(|heard| is_one(heard)).count() < agents {
                sleep(LOOK_EVERY).await;
            }
        };
        timeout(PATIENCE, all).await.unwrap_or_else(|_| panic!("not everybody hears {kind}"));
    }

    // The daemon

    /// The program with these words, on this world's folder and configuration.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(words).arg("--config").arg(self.folder.path().join("config.toml"));
        command.arg("--data-dir").arg(self.data());
        command.env("STROWGER_LOG", "info").env("NO_COLOR", "1").stdin(Stdio::null());
        command
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub async fn start(&mut self) {
        let log = File::options().append(true).create(true).open(self.folder.path().join("log")).unwrap();
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        if let Some(shim) = &self.shim {
            shim.put_under(&mut command);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let out = child.stdout.take().expect("its output is piped");
        self.daemon = Some(child);
        let said = timeout(
            PATIENCE,
            tokio::task::spawn_blocking(move || {
                let mut line = String::new();
                BufReader::new(out).read_line(&mut line).map(|_| line)
            }),
        );
        let line = said.await.expect("the daemon does not say where it listens").unwrap().unwrap();
        let address = line.trim().strip_prefix("listening on ");
        let address = address.unwrap_or_else(|| panic!("the daemon ended at once:\n{}", self.log_tail()));
        self.gate.open(address);
        let answered = timeout(PATIENCE, self.gate.survivors_are_answered()).await;
        answered.unwrap_or_else(|_| panic!("webhooks are not answered:\n{}", self.log_tail()));
    }

    pub fn kill(&mut self) {
        self.gate.close();
        let mut child = self.daemon.take().expect("the daemon runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// The daemon ends by itself, because of what is done to it.
    pub async fn until_dead(&mut self) {
        let mut child = self.daemon.take().expect("the daemon runs");
        let dying = async {
            while child.try_wait().unwrap().is_none() {
                sleep(Duration::from_millis(2)).await;
            }
        };
        let died = timeout(PATIENCE, dying).await;
        self.gate.close();
        died.unwrap_or_else(|_| panic!("the daemon does not die; its log ends:\n{}", self.log_tail()));
    }

    pub async fn restart(&mut self) {
        self.kill();
        self.start().await;
    }

    /// A signal by its name, as `kill` takes it.
    pub fn signal(&self, name: &str) {
        let id = self.process().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// The daemon's process.
    pub fn process(&self) -> u32 {
        self.daemon.as_ref().expect("the daemon runs").id()
    }

    pub fn is_running(&mut self) -> bool {
        self.daemon.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    pub fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }

    // The API

    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}/api/v1/{path}", self.gate.address);
        let mut request = self.client.request(method, url).bearer_auth(&self.token).timeout(PATIENCE);
        if let Some(body) = body {
            request = request.json(&body);
        }
        match request.send().await {
            Ok(answer) => (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null)),
            Err(_) => (0, Value::Null),
        }
    }

    async fn create(&self, path: &str, body: Value) -> String {
        let (status, made) = self.ask(Method::POST, path, Some(body)).await;
        assert_eq!(status, 201, "{path}: {made:#}");
        made["id"].as_str().expect("what is created has an id").to_owned()
    }

    pub async fn readyz(&self) -> u16 {
        let asked = self.client.get(format!("{}/readyz", self.gate.address)).timeout(PATIENCE).send().await;
        asked.map_or(0, |answer| answer.status().as_u16())
    }

    // Callers

    fn incoming(&self, channel: &str, behaviour: Behaviour) -> Incoming {
        let hook = |path: &str| format!("{PUBLIC_URL}/hooks/main/{channel}/{path}{MANNER}");
        let number = self.placed.fetch_add(1, Ordering::Relaxed);
        Incoming {
            from: format!("+43660{number:07}"),
            to: if channel == self.channel { "+431000001" } else { "+431000002" }.to_owned(),
            voice_url: hook("voice"),
            status_url: Some(hook("status")),
            fallback_url: Some(hook("fallback")),
            behaviour,
        }
    }

    /// Somebody calls, whom agents are rung for.
    pub fn call(&self) -> Caller {
        let patience = Some(Duration::from_millis(rand::random_range(300..15_000)));
        let patience = patience.filter(|_| rand::random_range(0..4) == 0);
        self.call_with(&self.channel, Behaviour { patience, message: Message::Seconds(8.0) })
    }

    pub fn call_with(&self, channel: &str, behaviour: Behaviour) -> Caller {
        self.company.place(self.incoming(channel, behaviour))
    }

    /// Somebody calls of whom agents hear or who leaves a message.
    fn anybody(&self) -> Incoming {
        let speaks = match rand::random_range(0..3) {
            0 => Message::HangsUpAfter(6.0),
            _ => Message::Seconds(8.0),
        };
        let patience = Some(Duration::from_millis(rand::random_range(300..8_000)));
        let patience = patience.filter(|_| rand::random_range(0..4) == 0);
        let channel = if rand::random_range(0..5) == 0 { &self.unattended } else { &self.channel };
        self.incoming(channel, Behaviour { patience, message: speaks })
    }

    /// So many call every second, until what is answered is dropped.
    pub fn load(self: &World, per_second: f64) -> Load {
        let pool: Vec<Incoming> = (0..4_000).map(|_| self.anybody()).collect();
        let company = self.company.clone();
        Load(tokio::spawn(async move {
            for incoming in pool {
                drop(company.place(incoming));
                sleep(Duration::from_secs_f64(rand::random_range(0.5..1.5) / per_second)).await;
            }
        }))
    }

    // The audit

    pub async fn evidence(&self) -> Evidence {
        // What was heard and answered first, then the store: it may know more than they, never less.
        let (heard, company) = (self.ears.all(), self.company.record());
        Evidence::gather(&self.data(), company, heard).await.unwrap()
    }

    /// Waits until everybody has hung up and everything is done, as far as it ever is.
    pub async fn settle(&self) {
        let quiet = async {
            loop {
                let live = self.company.record().live_calls().count();
                if live == 0 && self.evidence().await.audit(SETTLED).stuck.is_empty() {
                    return;
                }
                sleep(Duration::from_millis(100)).await;
            }
        };
        // If it never is quiet, the audit says so.
        let _ = timeout(PATIENCE, quiet).await;
    }

    /// Settles, tries whether every agent is offered calls, and compares everything with everything.
    pub async fn audit(&self, scope: Scope) -> Verdict {
        self.settle().await;
        let unoffered = self.prove_agents().await;
        self.settle().await;
        let evidence = Evidence { unoffered, ..self.evidence().await };
        evidence.audit(Scope { settled: true, ..scope })
    }

    /// Rings everybody at once. Answers those who hear nothing of it.
    async fn prove_agents(&self) -> Vec<String> {
        self.agents.iter().for_each(|agent| agent.is_idle(true));
        let before = self.ears.all().len();
        let caller = self.call_with(&self.channel, Behaviour::default());
        let from = caller.story().from;
        let silent = || {
            let heard = self.ears.all();
            let heard = &heard[before..];
            let hears = |agent: &&Agent| {
                !heard.iter().any(|heard| {
                    let offers = heard.frame["offers"].as_array().into_iter().flatten();
                    let told = offers.chain(Some(&heard.frame));
                    heard.agent == agent.id && told.into_iter().any(|told| told["from"] == from.as_str())
                })
            };
            self.agents.iter().filter(hears).map(|agent| agent.id.clone()).collect::<Vec<_>>()
        };
        let all = async {
            while !silent().is_empty() {
                sleep(LOOK_EVERY).await;
            }
        };
        let _ = timeout(Duration::from_secs(20), all).await;
        let mut unoffered = silent();
        for agent in &mut unoffered {
            let why = self.why_not(agent, caller.sid()).await;
            agent.push_str(&why);
        }
        caller.hang_up();
        self.agents.iter().for_each(|agent| agent.is_idle(false));
        unoffered
    }

    /// What the daemon says of this agent and this call.
    async fn why_not(&self, agent: &str, sid: &str) -> String {
        let call = self.evidence().await.calls.into_iter().find(|call| call.sid == sid);
        let Some(call) = call else { return " (the call is unknown)".into() };
        let why = self.ask(Method::GET, &format!("calls/{}/why", call.id), None).await.1;
        let candidates = why["decisions"][0]["candidates"].as_array().into_iter().flatten();
        let own = candidates.into_iter().find(|candidate| candidate["user"] == agent);
        let heard = self.ears.all();
        let last = heard.iter().filter(|heard| heard.agent == agent && heard.frame["type"] != "ping");
        let last: Vec<String> = last.map(|heard| heard.frame.to_string()).collect();
        format!(" ({own:?}; heard {})", last[last.len().saturating_sub(4)..].join(" "))
    }

    /// Waits until no webhook waits to be recorded.
    pub async fn until_applied(&self) {
        let applied = async {
            while spooled(&self.data()) > 0 {
                sleep(LOOK_EVERY).await;
            }
        };
        timeout(PATIENCE, applied).await.expect("webhooks stay set aside");
    }
}

pub const SETTLED: Scope = Scope { settled: true, clock_jumped: false, nowhere_to_write: false };

impl Drop for World {
    fn drop(&mut self) {
        if let Some(mut child) = self.daemon.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("---- the end of the daemon's log ----\n{}\n----", self.log_tail());
        }
    }
}

/// Callers who keep coming until it is dropped.
pub struct Load(JoinHandle<()>);

impl Drop for Load {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A while of ordinary work.
pub async fn work_on(ms: std::ops::Range<u64>) {
    sleep(Duration::from_millis(rand::random_range(ms))).await;
}
