//! Strowger routes telephone calls and help-desk tickets to the right people, and says why.
//!
//! # The motif
//!
//! Everything that happens, a webhook, a softphone's frame, a deadline, a save, goes the same way:
//!
//! 1. **gather** the facts: settings, who is there, loads, the time;
//! 2. **decide** in a pure function, [`calls::switchboard::Switchboard::handle`];
//! 3. **record** the decision in one transaction with the event, [`store::batch`];
//! 4. **act**: answer the webhook, tell softphones, start jobs. What was not recorded is never said.
//!
//! One task does this for all calls, [`desk::engine`], so that "one agent, one call" and "exactly one winner" need no
//! locks. It takes every event that waits and records them together, so that the cost of a flush is shared.
//!
//! # Where things are
//!
//! | folder | what it answers | knows of |
//! |---|---|---|
//! | [`routing`] | who gets it? (pure) | nothing |
//! | [`calls`] | what happens to a call? (pure) | `routing` |
//! | [`tickets`] | what happens to a ticket? (pure) | `routing` |
//! | [`mod@providers`] | how does a telephone company say it? | `calls`, `routing` |
//! | [`mod@notify`] | how is the world told? Webhooks, mail | nothing |
//! | [`messaging`] | how does a channel of written messages say it? | `tickets`, `routing`, `notify` |
//! | [`audio`] | what do callers hear, and what did they say? | nothing |
//! | [`mod@attachments`] | which files come and go with messages? | `audio` |
//! | [`store`] | where is it kept? All SQL | the pure ones, `providers` for what was answered |
//! | [`desk`] | carries decisions out | all of the above |
//! | [`web`] | HTTP and WebSocket, thin | `desk`, `store` for reading |
//!
//! `tests/layers.rs` checks these arrows. The pure folders never name a runtime, a database, a clock or a logger.
//!
//! # What happens when the last agent declines
//!
//! The frame comes in at `web/softphone.rs`, goes through the door of `desk`, and `Switchboard::handle` hands it to
//! `offer_declined` in `calls/line.rs`. The offer ends, the agent is silenced for this call, and `settle`, finding
//! nobody left, calls `take_message` in `calls/voicemail.rs`. The caller's next poll gets the greeting.
//!
//! # A call, walked through
//!
//! `web/hooks.rs` takes the webhook and `providers/twilio` checks and reads it. `calls/line.rs` asks `routing` for the
//! hours and for who is eligible, and rings. The webhook is answered with a document that holds the caller; it asks
//! again every few seconds. An agent accepts: `calls/connecting.rs` cuts in, and watches the leg come up. They talk,
//! `calls/talking.rs`, until one hangs up. Or nobody takes it: `calls/voicemail.rs`.
//!
//! # A message, walked through
//!
//! An edge in [`messaging`] makes an `Incoming` of bytes; its files are kept first, by [`mod@attachments`]. It goes through the
//! door `Desk::arrived` in `desk/messages.rs`. `desk/deciding/messages.rs` looks for its conversation, asks
//! `tickets/arrival.rs` what becomes of it and `tickets/sharing.rs` who gets the ticket, and records message, ticket,
//! contact, reasons and what is told of it in one batch; only then is it acknowledged outside. What people answer goes in
//! the same way, waits in its row, and is sent by `desk/messenger.rs` until it has arrived or is given up.

pub mod attachments;
pub mod audio;
pub mod backup;
pub mod calls;
pub mod check;
pub mod clock;
pub mod config;
pub mod demo;
pub mod desk;
pub mod log;
pub mod messaging;
pub mod notify;
pub mod preview;
pub mod providers;
pub mod routing;
pub mod service;
pub mod store;
pub mod tickets;
pub mod web;
pub mod zones;

use anyhow::Context;
use attachments::Attachments;
use chrono::Utc;
use config::Config;
use desk::{
    Desk, Providers,
    customer_agents::CustomerAgents,
    documents::Sounds,
    engine::{Engine, Surroundings},
    erasure::Place,
    health::Health,
    jobs::Runner,
    letterbox::Letterbox,
    messenger::Messenger,
    postman::Postman,
    retention::Retention,
    settings::{Ground, ReachRules},
    spool::Spool,
};
use messaging::{email, whatsapp};
use notify::{client::Outward, mail::Postbox};
use rand::Rng;
use routing::ids::{GreetingId, Ids};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use store::{CONTROL_SOCKET, Folder, Reader, settings::Change};
use tokio::{
    net::{TcpListener, UnixListener},
    sync::watch,
    task::JoinHandle,
};
use tracing::{error, info, warn};
use web::{Web, limits::Limits};

/// How long a stop waits for the engine, which waits for the store.
const ENGINE_ENDS_WITHIN: Duration = Duration::from_secs(7);
/// How long a stop waits for connections to end.
const LAST_ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// The daemon, running.
pub struct Daemon {
    pub desk: Desk,
    stop: watch::Sender<bool>,
    engine: JoinHandle<anyhow::Result<()>>,
    servers: Vec<JoinHandle<()>>,
    _folder: Folder,
}

impl Daemon {
    /// Opens the data folder, takes up where the last run stopped, and serves.
    pub async fn start(config: Config, listener: TcpListener) -> anyhow::Result<Self> {
        let clock = clock::Clock::start();
        let folder = Folder::open(&config.data.dir)?;
        let (writer, reader) = store::open(&folder).await?;
        let around = surroundings(&config, &folder, clock)?;
        let (ground, providers) = (around.ground.clone(), around.providers.clone());
        let whatsapp = Arc::new(whatsapp_of(&config)?);
        let (stop, stopped) = watch::channel(false);
        let (engine, desk) = Engine::start(around, writer, stopped.clone()).await?;
        let engine = tokio::spawn(engine.run());
        ship_greetings(&desk, &clock).await?;
        sweep(folder.path(), &desk);
        let postman = postman(&config, &folder, &desk, &reader, clock)?;
        let messenger = messenger(&config, &folder, &desk, &reader, whatsapp.clone(), clock)?;
        let letterboxes = letterboxes(&config, &folder, &desk);
        let agents = customer_agents(&config, &desk, &reader, clock)?;
        let web = pages(&config, &folder, &desk, reader, ground, (providers, whatsapp), clock)?;
        let carriers = Carriers { postman, messenger, letterboxes, agents };
        let servers = serve_all(&config, &folder, listener, web, carriers, stopped).await?;
        Ok(Self { desk, stop, engine, servers, _folder: folder })
    }

    /// Makes an admin's token. For those who start the daemon inside their own program.
    pub async fn first_token(&self, name: &str) -> anyhow::Result<String> {
        let now = clock::Clock::start().now().at;
        let id = Ids::new(rand::rng().random()).next(now.timestamp_millis());
        let (token, secret) = web::new_token(id, name.to_owned(), routing::people::Role::Admin, None, now);
        let saved = self.desk.save(Change::Token(token)).await?;
        saved.map_err(|refused| anyhow::anyhow!("the token is refused: {refused:?}"))?;
        Ok(secret)
    }

    /// Serves until `shutdown` resolves. Err: it had to stop by itself.
    pub async fn until(mut self, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
        tokio::select! {
            () = shutdown => self.stop().await,
            ended = &mut self.engine => {
                // Who waits for an answer still gets one that needs no engine.
                self.stop.send_replace(true);
                last_answers(self.servers).await;
                ended.context("the engine broke")?
            }
        }
    }

    /// Takes no more requests, finishes those that are there, and closes the store.
    pub async fn stop(self) -> anyhow::Result<()> {
        info!("stopping");
        self.stop.send_replace(true);
        let mut engine = self.engine;
        let ended = match tokio::time::timeout(ENGINE_ENDS_WITHIN, &mut engine).await {
            Ok(ended) => ended.context("the engine broke")?,
            Err(_) => {
                engine.abort();
                Err(anyhow::anyhow!("the engine does not stop; what waited was not recorded"))
            }
        };
        // Softphones hear goodbye.
        let _ = tokio::time::timeout(LAST_ANSWERS_WITHIN, async {
            while self.desk.health().softphones.load(Ordering::Relaxed) > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        last_answers(self.servers).await;
        ended
    }
}

/// What the engine needs, as it is configured.
fn surroundings(config: &Config, folder: &Folder, clock: clock::Clock) -> anyhow::Result<Surroundings> {
    let ground = Arc::new(ground(config, clock.now().at)?);
    let providers = Arc::new(providers_of(config)?);
    let health = Arc::new(Health::new(&providers, folder.path().to_owned()));
    let public_url = config.http.public_url.clone();
    let voicemails = voicemails(folder);
    let delete_kept = config.calls.delete_kept_recordings;
    let runner =
        Runner::new(providers.clone(), public_url.clone(), voicemails.clone(), delete_kept, health.clone());
    Ok(Surroundings {
        clock,
        ground,
        providers,
        runner,
        public_url,
        sounds: sounds(config),
        mails: config.mail.is_on(),
        health,
        place: Place {
            folder: folder.path().to_owned(),
            voicemails,
            forget_calls: config.retention.forget_erased_calls,
        },
        attachments: attachments(config, folder),
        chores_every_ms: i64::from(config.data.recount_seconds) * 1000,
        retention: Retention {
            recordings_days: config.retention.recordings_days,
            calls_days: config.retention.calls_days,
            conversations_days: config.retention.conversations_days,
            messages_days: config.retention.messages_days,
            logs_days: config.retention.logs_days,
        },
        spool: Arc::new(Spool::open(folder.path().join("spool"))),
    })
}

fn voicemails(folder: &Folder) -> PathBuf {
    folder.path().join("voicemail")
}

fn attachments(config: &Config, folder: &Folder) -> Attachments {
    Attachments::new(folder.path(), config.data.uploads_stop_below_mib << 20)
}

fn sounds(config: &Config) -> Sounds {
    Sounds::new(&config.calls.ring_tone, &config.calls.language)
}

fn postman(
    config: &Config,
    folder: &Folder,
    desk: &Desk,
    reader: &Reader,
    clock: clock::Clock,
) -> anyhow::Result<Postman> {
    let public_url = config.http.public_url.clone();
    Ok(Postman {
        desk: desk.clone(),
        reader: reader.clone(),
        clock,
        outward: Outward::new(config.outward.allow_loopback)
            .context("cannot make the client for webhooks")?,
        postbox: Postbox::new(&config.mail, &public_url).context("section mail")?,
        public_url,
        voicemails: voicemails(folder),
    })
}

fn messenger(
    config: &Config,
    folder: &Folder,
    desk: &Desk,
    reader: &Reader,
    whatsapp: Arc<whatsapp::Accounts>,
    clock: clock::Clock,
) -> anyhow::Result<Messenger> {
    let (desk, reader, attachments) = (desk.clone(), reader.clone(), attachments(config, folder));
    let email = email::sending::Sender::new(&config.mailboxes, &config.mail);
    let email = email.context("the mail servers of section mailboxes")?;
    Ok(Messenger { desk, reader, clock, attachments, whatsapp, email })
}

fn letterboxes(config: &Config, folder: &Folder, desk: &Desk) -> Vec<Letterbox> {
    let read = config.mailboxes.iter().filter_map(|(name, mailbox)| {
        let attachments = attachments(config, folder);
        Some(Letterbox { name: name.clone(), imap: mailbox.imap.clone()?, desk: desk.clone(), attachments })
    });
    read.collect()
}

fn customer_agents(
    config: &Config,
    desk: &Desk,
    reader: &Reader,
    clock: clock::Clock,
) -> anyhow::Result<CustomerAgents> {
    let outward = Outward::new(config.outward.allow_loopback);
    let outward = outward.context("cannot make the client for customer agents")?;
    let secret = Some(config.customer_agents.secret.clone()).filter(|secret| !secret.is_empty());
    Ok(CustomerAgents { desk: desk.clone(), reader: reader.clone(), clock, outward, secret })
}

fn pages(
    config: &Config,
    folder: &Folder,
    desk: &Desk,
    reader: Reader,
    ground: Arc<Ground>,
    (providers, whatsapp): (Arc<Providers>, Arc<whatsapp::Accounts>),
    clock: clock::Clock,
) -> anyhow::Result<Web> {
    let limits = config.limits.within(service::open_files());
    let limits = Limits::new(&limits, config.http.proxies()?, clock);
    let language = config.calls.language.parse().unwrap_or_default();
    let room = config.data.uploads_stop_below_mib << 20;
    Ok(Web::new(
        desk.clone(),
        reader,
        providers,
        ground,
        clock,
        &config.http.public_url,
        sounds(config),
        config.mail.is_on(),
        language,
        folder.path(),
        room,
        whatsapp,
        Arc::new(config.mailboxes.clone()),
        limits,
        rand::rng().random(),
    ))
}

/// Those who carry messages between the desk and the world.
struct Carriers {
    postman: Postman,
    messenger: Messenger,
    letterboxes: Vec<Letterbox>,
    agents: CustomerAgents,
}

/// Everything that runs beside the engine until `stopped` is true.
async fn serve_all(
    config: &Config,
    folder: &Folder,
    listener: TcpListener,
    web: Web,
    carriers: Carriers,
    stopped: watch::Receiver<bool>,
) -> anyhow::Result<Vec<JoinHandle<()>>> {
    let control = control_socket(folder.path())?;
    let Carriers { postman, messenger, letterboxes, agents } = carriers;
    let mut servers = vec![
        tokio::spawn(serve_tcp(listener, web.clone(), stopped.clone())),
        tokio::spawn(serve_control(control, web.clone(), stopped.clone())),
        tokio::spawn(postman.run(stopping(stopped.clone()))),
        tokio::spawn(messenger.run(stopping(stopped.clone()))),
        tokio::spawn(agents.run(stopping(stopped.clone()))),
        tokio::spawn(web::chat::tell_both_sides(web.clone(), stopping(stopped.clone()))),
    ];
    for letterbox in letterboxes {
        servers.push(tokio::spawn(letterbox.run(stopping(stopped.clone()))));
    }
    if let Some(address) = config.http.metrics_address()? {
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| format!("cannot listen on {address} for metrics"))?;
        servers.push(tokio::spawn(serve_metrics(listener, web, stopped)));
    }
    Ok(servers)
}

/// Answers that are on their way get there; who holds a connection open is not waited for.
async fn last_answers(servers: Vec<JoinHandle<()>>) {
    for mut server in servers {
        if tokio::time::timeout(LAST_ANSWERS_WITHIN, &mut server).await.is_err() {
            server.abort();
        }
    }
}

async fn stopping(mut stopped: watch::Receiver<bool>) {
    // The sender is gone only with the daemon, which is a stop too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn serve_tcp(listener: TcpListener, web: Web, stopped: watch::Receiver<bool>) {
    let limits = web.limits.clone();
    web::serving::serve(listener, web::router(web), limits, stopping(stopped)).await;
}

async fn serve_metrics(listener: TcpListener, web: Web, stopped: watch::Receiver<bool>) {
    let limits = web.limits.clone();
    web::serving::serve(listener, web::metrics(web), limits, stopping(stopped)).await;
}

async fn serve_control(listener: UnixListener, web: Web, stopped: watch::Receiver<bool>) {
    let served = axum::serve(listener, web::control(web)).with_graceful_shutdown(stopping(stopped)).await;
    served.unwrap_or_else(|error| error!(%error, "serving the command line ended"));
}

/// The socket over which the command line reaches the running daemon: only the data folder's owner can.
fn control_socket(folder: &Path) -> anyhow::Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(CONTROL_SOCKET);
    let _ = std::fs::remove_file(&path);
    let short = ShortPath::to(folder)?;
    let listener =
        UnixListener::bind(short.path()).with_context(|| format!("cannot make {}", path.display()))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// The way to the control socket. The kernel takes at most 107 bytes for it, and data folders may lie deep.
pub struct ShortPath(std::fs::File);

impl ShortPath {
    pub fn to(folder: &Path) -> std::io::Result<Self> {
        std::fs::File::open(folder).map(Self)
    }

    /// Good for as long as this lives.
    pub fn path(&self) -> PathBuf {
        use std::os::fd::AsRawFd;
        PathBuf::from(format!("/proc/self/fd/{}/{CONTROL_SOCKET}", self.0.as_raw_fd()))
    }
}

/// What settings are checked against.
pub fn ground(config: &Config, now: chrono::DateTime<Utc>) -> anyhow::Result<Ground> {
    let zones = zones::Zones::load();
    info!(version = zones.version(), source = zones.source(), "time zones");
    let account = zones.get(&config.account.time_zone).context("key account.time_zone")?;
    if let Some(disagreement) = zones.disagreements(&account, now) {
        warn!("{disagreement}");
    }
    let dialect = |(name, provider): (&String, &config::Provider)| (name.clone(), provider.dialect());
    let providers = config.providers.iter().map(dialect).collect();
    let (prefixes, sip_hosts) = (config.calls.reach_prefixes.clone(), config.calls.sip_hosts.clone());
    let reach = ReachRules { prefixes, sip_hosts };
    let (times, allow_loopback) = (config.calls.times(), config.outward.allow_loopback);
    let second_factor = config.sign_in.second_factor;
    Ok(Ground { zones, account, providers, times, reach, allow_loopback, second_factor })
}

/// The telephone companies as they are configured.
pub fn providers_of(config: &Config) -> anyhow::Result<Providers> {
    let made = config.providers.iter().map(|(name, provider)| {
        let account = provider.account().map_err(|bad| anyhow::anyhow!("key providers.{name}.{bad}"))?;
        if !account.has_secret() {
            warn!(provider = name, "no secret is configured, so every webhook is refused");
        }
        Ok((name.clone(), providers::Provider::Twilio(account)))
    });
    made.collect()
}

/// The accounts at WhatsApp as they are configured.
fn whatsapp_of(config: &Config) -> anyhow::Result<whatsapp::Accounts> {
    let made = config.whatsapp.iter().map(|(name, settings)| {
        let account = whatsapp::Account::new(settings.clone());
        let account = account.map_err(|bad| anyhow::anyhow!("key whatsapp.{name}.{bad}"))?;
        for key in account.missing() {
            warn!(account = name, key, "a key of an account at WhatsApp is missing");
        }
        Ok((name.clone(), account))
    });
    made.collect()
}

/// Sounds of which a crash has left the file but not the row. Nothing is being kept yet.
fn sweep(folder: &Path, desk: &Desk) {
    let settings = desk.settings();
    let is_greeting = |name: &str| {
        settings
            .greetings
            .values()
            .any(|greeting| name.strip_suffix(".wav") == Some(greeting.sha256.as_str()))
    };
    let swept = audio::sweep(&folder.join("media"), is_greeting).and_then(|()| sweep_backups(folder));
    if let Err(error) = swept {
        warn!(%error, "what a crash has left in the data folder can't be removed");
    }
}

/// Backups that were being made for somebody who downloads them.
fn sweep_backups(folder: &Path) -> std::io::Result<()> {
    for entry in folder.read_dir()? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(web::backups::BEING_MADE) {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// The messages that ship with the daemon can be chosen like any other.
async fn ship_greetings(desk: &Desk, clock: &clock::Clock) -> anyhow::Result<()> {
    let mut ids = Ids::new(rand::rng().random());
    let messages = ["unanswered-", "after-hours-"];
    for sound in audio::all().iter().filter(|s| messages.iter().any(|kind| s.name.starts_with(kind))) {
        let settings = desk.settings();
        let there = settings.greetings.values().find(|greeting| greeting.name == sound.name);
        let length_ms = audio::length_ms(sound.bytes);
        if there.is_some_and(|one| (&one.sha256, one.length_ms) == (&sound.sha256, length_ms)) {
            continue;
        }
        let now = clock.now().at;
        let id = there.map_or_else(|| GreetingId(ids.next(now.timestamp_millis())), |greeting| greeting.id);
        let (name, sha256) = (sound.name.to_owned(), sound.sha256.clone());
        let greeting = store::settings::Greeting { id, name, sha256, length_ms, created_at: now };
        let saved =
            desk.save(Change::Greeting(greeting)).await.context("cannot save the shipped messages")?;
        saved.map_err(|refused| anyhow::anyhow!("a shipped message is refused: {refused:?}"))?;
    }
    Ok(())
}
