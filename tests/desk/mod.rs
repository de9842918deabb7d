//! A whole help desk for stories told through the front door: the real program on a folder of its own, the simulator as
//! its telephone company, and softphones as a program would write them.
//!
//! Every wait ends, with a sentence that says what did not happen. When a test fails, the daemon's log is printed.

#![allow(dead_code, unused_imports, reason = "every crate of tests uses what it needs of it")]
#![allow(clippy::unwrap_used, reason = "what a test can't do it fails for")]

mod api;
mod books;
mod calling;
mod daemon;
mod softphone;
mod store;

pub use api::Api;
pub use books::causes;
pub use daemon::{by_shell, end_of};
pub use softphone::Softphone;

use serde_json::{Value, json};
use std::{
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Child,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use strowger::providers::simulator::{Account, Dialect, Phone, Simulator};
use tempfile::TempDir;

/// What telephone companies call and sign. Nobody listens there: the simulator delivers to where the daemon really is.
pub const PUBLIC_URL: &str = "https://calls.example.test";
/// How long anything is waited for. Nothing here takes long, but the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(20);
pub const LOOK_EVERY: Duration = Duration::from_millis(15);
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
    /// The public address is where the daemon really listens, so that a browser can open the pages.
    pub is_opened_in_browsers: bool,
    /// The telephone company is configured.
    pub has_company: bool,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            dialect: Dialect::Twilio,
            is_opened_in_browsers: false,
            has_company: true,
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
    /// What the telephone company calls and signs; no trailing slash.
    pub public_url: String,
    /// As an admin.
    pub api: Api,
    daemon: Option<Child>,
    folder: TempDir,
    /// The data folder, if it is not where it was at first.
    pub elsewhere: Option<PathBuf>,
    /// Handed over to the daemon, as a service manager does; connections wait there while it is away.
    pub socket: Option<TcpListener>,
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
    public_url: String,
}

impl Channel {
    /// The address of one of its webhooks, as the telephone company knows it.
    pub fn hook(&self, path: &str) -> String {
        format!("{}/hooks/main/{}/{path}", self.public_url, self.id)
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
        // Bound before anybody knows its address, and handed over.
        let socket = wishes.is_opened_in_browsers.then(|| TcpListener::bind("127.0.0.1:0").unwrap());
        let public_url = socket
            .as_ref()
            .map_or(PUBLIC_URL.to_owned(), |socket| format!("http://{}", socket.local_addr().unwrap()));
        let mut config = format!("{}\n[http]\npublic_url = {public_url:?}\n{}\n", wishes.config, wishes.http);
        if wishes.has_company {
            let provider = provider(wishes.dialect, &account, &company.public_key());
            config += &format!("[providers.main]\n{provider}api_base = {:?}\n", company.address());
        }
        let file = folder.path().join("config.toml");
        std::fs::write(&file, config).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let mut desk = Self {
            company,
            account,
            public_url,
            api: Api::new("http://127.0.0.1:1", ""),
            daemon: None,
            folder,
            elsewhere: None,
            socket,
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

    /// Hires somebody of this role, with a token that can do all that they may do.
    pub async fn person(&self, name: &str, role: &str) -> Agent {
        let plain = name.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "");
        let email = format!("{plain}@example.org");
        let user = json!({ "name": name, "email": email, "role": role, "seats": ["service"] });
        let id = self.api.create("users", user).await;
        let token = self.api.post("tokens", json!({ "name": name, "role": role, "user": id })).await;
        let token = token["token"].as_str().expect("a token has a secret").to_owned();
        Agent { id, name: name.to_owned(), token, phone: String::new() }
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
        Channel { id, number, public_url: self.public_url.clone() }
    }

    /// These agents, each with a softphone, and a number that rings them all.
    pub async fn staffed<const N: usize>(&self, names: [&str; N]) -> ([Agent; N], Channel, [Softphone; N]) {
        let agents = self.agents(names).await;
        let channel = self.channel(&agents.each_ref()).await;
        let mut phones = Vec::new();
        for agent in &agents {
            phones.push(self.softphone(agent).await);
        }
        let Ok(phones) = phones.try_into() else { panic!("as many softphones as agents") };
        (agents, channel, phones)
    }

    /// A softphone of this agent's, greeted.
    pub async fn softphone(&self, agent: &Agent) -> Softphone {
        let mut softphone = Softphone::connect(&self.api.address, &agent.token).await;
        softphone.next("welcome").await;
        softphone
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

/// How an agent's telephone behaves when nothing is wrong, for tests that change it and change it back.
pub const ANSWERS: Phone = Phone::Answers { after_seconds: 2.0 };

/// Whether a file is there, for tests that look into the data folder.
pub fn is_there(path: &Path) -> bool {
    path.try_exists().unwrap_or(false)
}
