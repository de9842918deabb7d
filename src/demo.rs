//! The sample help desk: a real daemon on a temporary folder, the simulator as its telephone company, and agents who
//! do as each story wants. Nothing here is special to the daemon: all of it comes in by the front door.

use crate::{
    Daemon,
    config::Config,
    providers::simulator::{Account, Behaviour, Incoming, Message, Phone, Simulator},
};
use anyhow::{Context, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use reqwest::Client;
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    sync::watch,
    task::JoinHandle,
};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message as Frame, client::IntoClientRequest},
};

/// How much faster than life callers hear their clips. Agents and deadlines live in real time.
const PACE: f64 = 40.0;
const SUPPORT: &str = "+431000100";
const NIGHT: &str = "+431000200";
const CALLER: &str = "+43660123456";

/// Serves the sample help desk. `once`: plays one of each story, prints it, and ends.
pub async fn run(once: bool, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let mut scene = Scene::set().await?;
    println!("A help desk with three agents, on a temporary folder, and a simulated telephone company.\n");
    for (number, story) in STORIES.iter().enumerate() {
        scene.play(number + 1, story).await.with_context(|| format!("the story {:?}", story.title))?;
    }
    if once {
        return scene.close().await;
    }
    scene.print_addresses().await?;
    tokio::pin!(stop);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut listening = true;
    loop {
        tokio::select! {
            () = &mut stop => break,
            line = lines.next_line(), if listening => match line {
                Ok(Some(_)) => scene.play(0, &STORIES[0]).await?,
                _ => listening = false,
            }
        }
    }
    scene.close().await
}

/// What an agent does when a call is offered to them.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Does {
    /// Accepts after so many milliseconds.
    Accept(u64),
    Decline(u64),
    Nothing,
}

struct Story {
    title: &'static str,
    called: &'static str,
    agents: [Does; 3],
    caller: Behaviour,
    /// Agents whose telephone can't be reached, though their softphone is there.
    dead_telephone: Option<usize>,
    /// How long they talk before the agent hangs up.
    talk: Duration,
    outcome: &'static str,
}

const MESSAGE: Behaviour = Behaviour { patience: None, message: Message::Seconds(8.0) };
const TALK: Duration = Duration::from_millis(300);

const STORIES: [Story; 7] = [
    Story {
        title: "Taken",
        called: SUPPORT,
        agents: [Does::Accept(400), Does::Nothing, Does::Nothing],
        caller: MESSAGE,
        dead_telephone: None,
        talk: TALK,
        outcome: "answered",
    },
    Story {
        title: "Raced for: two accept at the same moment",
        called: SUPPORT,
        agents: [Does::Nothing, Does::Accept(300), Does::Accept(300)],
        caller: MESSAGE,
        dead_telephone: None,
        talk: TALK,
        outcome: "answered",
    },
    Story {
        title: "Taken, but the telephone can't be reached: it goes on ringing, and another takes it",
        called: SUPPORT,
        agents: [Does::Accept(200), Does::Accept(600), Does::Nothing],
        caller: MESSAGE,
        dead_telephone: Some(0),
        talk: TALK,
        outcome: "answered",
    },
    Story {
        title: "Declined by all",
        called: SUPPORT,
        agents: [Does::Decline(100), Does::Decline(200), Does::Decline(300)],
        caller: MESSAGE,
        dead_telephone: None,
        talk: TALK,
        outcome: "voicemail",
    },
    Story {
        title: "Unanswered",
        called: SUPPORT,
        agents: [Does::Nothing; 3],
        caller: MESSAGE,
        dead_telephone: None,
        talk: TALK,
        outcome: "voicemail",
    },
    Story {
        title: "After hours",
        called: NIGHT,
        agents: [Does::Accept(100); 3],
        caller: MESSAGE,
        dead_telephone: None,
        talk: TALK,
        outcome: "voicemail",
    },
    Story {
        title: "Given up",
        called: SUPPORT,
        agents: [Does::Nothing; 3],
        caller: Behaviour { patience: Some(Duration::from_millis(700)), message: Message::Silence },
        dead_telephone: None,
        talk: TALK,
        outcome: "abandoned",
    },
];

const NAMES: [&str; 3] = ["Anna", "Ben", "Chloe"];

/// The daemon, the telephone company, and everybody who works there.
struct Scene {
    daemon: Daemon,
    company: Simulator,
    api: Api,
    agents: Vec<Agent>,
    support: String,
    night: String,
    _folder: tempfile::TempDir,
}

struct Agent {
    id: String,
    token: String,
    does: watch::Sender<(Does, Duration)>,
    softphone: JoinHandle<anyhow::Result<()>>,
}

impl Scene {
    async fn set() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("strowger-demo-").tempdir()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let account = Account { sid: format!("AC{}", "0".repeat(32)), auth_token: "demo-token".into() };
        let company = Simulator::start(account.clone(), PACE).await?;
        let config = format!(
            "[http]\npublic_url = \"http://{address}\"\n\
             [data]\ndir = {folder:?}\n\
             [calls]\nring_seconds = 3\n\
             [providers.main]\nkind = \"twilio\"\naccount_sid = {sid:?}\nauth_token = {token:?}\napi_base = {base:?}\n",
            folder = folder.path(),
            sid = account.sid,
            token = account.auth_token,
            base = company.address(),
        );
        let daemon = Daemon::start(Config::read(Some(&config), std::iter::empty())?, listener).await?;
        let api = Api::new(address, daemon.first_token("demo").await?);

        let mut agents = Vec::new();
        for name in NAMES {
            agents.push(Agent::hire(&api, name).await?);
        }
        let ids: Vec<&str> = agents.iter().map(|agent| agent.id.as_str()).collect();
        let team = api.create("teams", json!({ "name": "Support", "main": [ids[1], ids[2]] })).await?;
        let support = api
            .create(
                "channels",
                json!({
                    "kind": "calling", "name": "Support", "provider": "main", "number": SUPPORT,
                    "hours": { "mode": "always" },
                    "routing": { "users": [ids[0]], "teams": [team] },
                    "greetings": {
                        "unanswered": { "text": "Nobody can take your call. Please leave a message.", "language": "en-US" },
                    },
                }),
            )
            .await?;
        let night = api
            .create(
                "channels",
                json!({
                    "kind": "calling", "name": "Closed today", "provider": "main", "number": NIGHT,
                    "hours": { "mode": "always", "closed_until": "2099-01-01T00:00:00Z" },
                    "routing": { "users": ids },
                }),
            )
            .await?;
        Ok(Self { daemon, company, api, agents, support, night, _folder: folder })
    }

    /// Plays a story and prints what the daemon says of it.
    async fn play(&mut self, number: usize, story: &Story) -> anyhow::Result<()> {
        for (index, (agent, does)) in self.agents.iter().zip(story.agents).enumerate() {
            let is_dead = story.dead_telephone == Some(index);
            let phone = if is_dead { Phone::Unregistered } else { Phone::Answers { after_seconds: 2.0 } };
            self.company.phone(&NAMES[index].to_lowercase(), phone);
            agent.does.send_replace((does, story.talk));
            ensure!(!agent.softphone.is_finished(), "the softphone of {} is gone", NAMES[index]);
        }
        let channel = if story.called == NIGHT { &self.night } else { &self.support };
        let hooks = format!("http://{}/hooks/main/{channel}", self.api.address);
        let caller = self.company.place(Incoming {
            from: CALLER.into(),
            to: story.called.into(),
            voice_url: format!("{hooks}/voice"),
            status_url: Some(format!("{hooks}/status")),
            fallback_url: Some(format!("{hooks}/fallback")),
            behaviour: story.caller,
        });
        let told =
            tokio::time::timeout(Duration::from_secs(30), caller.ended()).await.context("it does not end")?;
        let call = self.call_of(caller.sid()).await?;
        self.print(number, story, &call).await?;
        let problems: Vec<String> = told.problems().collect();
        ensure!(problems.is_empty(), "the telephone company complains: {problems:?}");
        ensure!(call["outcome"] == story.outcome, "it ended as {}", call["outcome"]);
        self.let_agents_register().await
    }

    /// The call, once it is over and its message is kept.
    async fn call_of(&self, sid: &str) -> anyhow::Result<Value> {
        for _ in 0..200 {
            let calls = self.api.get("calls").await?;
            let call =
                calls["items"].as_array().into_iter().flatten().find(|call| call["provider_call_id"] == sid);
            if let Some(call) = call.filter(|call| call["state"] == "ended") {
                return Ok(call.clone());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the call is not over")
    }

    async fn print(&self, number: usize, story: &Story, call: &Value) -> anyhow::Result<()> {
        let id = call["id"].as_str().unwrap_or_default();
        let number = if number > 0 { format!("{number}. ") } else { String::new() };
        println!("{number}{}", story.title);
        println!("   {} calls {}", call["from"].as_str().unwrap_or_default(), story.called);
        let why = self.api.get(&format!("calls/{id}/why")).await?;
        for decision in why["decisions"].as_array().into_iter().flatten() {
            let time = decision["at"].as_str().unwrap_or_default().get(11..19).unwrap_or_default().to_owned();
            let reason = decision["reasons"][0]["sentence"].as_str().unwrap_or_default();
            println!("   {time}  {:<12} {reason}", decision["action"].as_str().unwrap_or_default());
        }
        for offer in call["offers"].as_array().into_iter().flatten() {
            let name = self.name_of(&offer["agent"]);
            println!("             rang {name:<7} {}", offer["cause"].as_str().unwrap_or("open"));
        }
        let ticket =
            self.api.get(&format!("tickets/{}", call["ticket"].as_str().unwrap_or_default())).await?;
        let message = match call["voicemail"]["seconds"].as_u64() {
            Some(seconds) => format!(", with a message of {seconds} seconds"),
            None => String::new(),
        };
        let owner = match &ticket["owner"] {
            Value::Null => "nobody's".to_owned(),
            owner => format!("{}'s", self.name_of(owner)),
        };
        println!(
            "   The call was {}; its one ticket is {owner}{message}.\n",
            call["outcome"].as_str().unwrap_or("lost")
        );
        Ok(())
    }

    fn name_of(&self, id: &Value) -> &'static str {
        let known = self.agents.iter().position(|agent| *id == agent.id.as_str());
        known.map_or("somebody", |index| NAMES[index])
    }

    /// A telephone that could not be reached registers again, and everybody is free for the next story.
    async fn let_agents_register(&self) -> anyhow::Result<()> {
        for agent in &self.agents {
            agent.does.send_replace((Does::Nothing, TALK));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        Ok(())
    }

    async fn print_addresses(&self) -> anyhow::Result<()> {
        let Api { address, token, .. } = &self.api;
        let olga = json!({ "name": "Olga", "email": "olga@example.org", "role": "admin" });
        let olga = self.api.create("users", olga).await?;
        let link = self.api.post("invitations", json!({ "user": olga })).await?;
        println!("Now it serves. Press Enter for another call, Ctrl-C to stop.\n");
        println!("Pages        {}", link["url"].as_str().context("an invitation has an address")?);
        println!("             Choose a password there. You are Olga, an admin: olga@example.org.");
        println!("API          http://{address}/api/v1/calls");
        println!("             curl -H 'Authorization: Bearer {token}' http://{address}/api/v1/calls");
        println!("Softphones   ws://{address}/softphone, subprotocol strowger.v1, with one of these tokens:");
        for (name, agent) in NAMES.iter().zip(&self.agents) {
            println!("             {name:<7} {}", agent.token);
        }
        Ok(())
    }

    async fn close(self) -> anyhow::Result<()> {
        for agent in &self.agents {
            agent.softphone.abort();
        }
        self.daemon.stop().await
    }
}

impl Agent {
    async fn hire(api: &Api, name: &str) -> anyhow::Result<Self> {
        let plain = name.to_lowercase();
        let user = json!({
            "name": name, "email": format!("{plain}@example.org"), "role": "agent", "seats": ["service"],
            "reach": { "client": plain },
        });
        let id = api.create("users", user).await?;
        let made = api.post("tokens", json!({ "name": name, "role": "agent", "user": id })).await?;
        let token = made["token"].as_str().context("no token was made")?.to_owned();
        let (does, watched) = watch::channel((Does::Nothing, TALK));
        let softphone = Softphone::connect(api.address, &token).await?;
        Ok(Self { id, token, does, softphone: tokio::spawn(softphone.work(watched)) })
    }
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// An agent's softphone, as a program would write one.
struct Softphone {
    socket: Socket,
}

impl Softphone {
    async fn connect(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let mut request = format!("ws://{address}/softphone").into_client_request()?;
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {token}").parse()?);
        headers.insert("sec-websocket-protocol", "strowger.v1".parse()?);
        let (mut socket, _) = connect_async(request).await?;
        let welcome = socket.next().await.context("the socket closed")??;
        ensure!(welcome.to_text()?.contains("\"welcome\""), "no welcome but {welcome}");
        Ok(Self { socket })
    }

    async fn work(mut self, mut does: watch::Receiver<(Does, Duration)>) -> anyhow::Result<()> {
        loop {
            let frame = tokio::select! {
                frame = self.socket.next() => frame.context("the socket closed")??,
                changed = does.changed() => {
                    changed?;
                    self.say(json!({ "type": "media", "registered": true, "microphone": true })).await?;
                    continue;
                }
            };
            let Ok(text) = frame.to_text() else { continue };
            let Ok(told) = serde_json::from_str::<Value>(text) else { continue };
            let (what, talk) = *does.borrow();
            match (told["type"].as_str(), what) {
                (Some("ping"), _) => self.say(json!({ "type": "pong" })).await?,
                (Some("offer"), Does::Accept(ms)) => {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    self.say(json!({ "type": "accept", "offer_id": told["offer_id"] })).await?;
                }
                (Some("offer"), Does::Decline(ms)) => {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    self.say(json!({ "type": "decline", "offer_id": told["offer_id"] })).await?;
                }
                (Some("call"), _) if told["state"] == "talking" => {
                    tokio::time::sleep(talk).await;
                    self.say(json!({ "type": "hang_up", "call_id": told["call_id"] })).await?;
                }
                _ => {}
            }
        }
    }

    async fn say(&mut self, frame: Value) -> anyhow::Result<()> {
        Ok(self.socket.send(Frame::text(frame.to_string())).await?)
    }
}

/// The API, as an admin.
struct Api {
    address: SocketAddr,
    token: String,
    client: Client,
}

impl Api {
    fn new(address: SocketAddr, token: String) -> Self {
        Self { address, token, client: Client::new() }
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let url = format!("http://{}/api/v1/{path}", self.address);
        let response = self.client.get(url).bearer_auth(&self.token).send().await?;
        ensure!(response.status().is_success(), "{path}: {}", response.status());
        Ok(response.json().await?)
    }

    async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        let url = format!("http://{}/api/v1/{path}", self.address);
        let response = self.client.post(url).bearer_auth(&self.token).json(&body).send().await?;
        let status = response.status();
        let answer: Value = response.json().await?;
        ensure!(status.is_success(), "{path}: {answer}");
        Ok(answer)
    }

    /// Creates something and answers its id.
    async fn create(&self, path: &str, body: Value) -> anyhow::Result<String> {
        let made = self.post(path, body).await?;
        made["id"].as_str().map(str::to_owned).context("what was created has no id")
    }
}
