//! Flags, logging, configuration, signals, then the daemon; nothing else.

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use clap::{Parser, Subcommand, ValueEnum};
use rand::Rng;
use std::{
    io::{IsTerminal, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};
use strowger::{
    Daemon, ShortPath, backup, check,
    clock::Clock,
    config::{Config, EXAMPLE, opened_by_others},
    demo,
    desk::{
        erasure::{self, Erased, Person, Place},
        settings::token_document,
        spool::Spool,
    },
    log, preview,
    routing::{
        ids::{ChannelId, Ids, UserId},
        people::Role,
    },
    service,
    store::{
        self, Folder,
        audit::{AuditRow, Author},
        batch::Batch,
        settings::Change,
    },
    web::new_token,
};
use tokio::{
    net::UnixStream,
    signal::unix::{SignalKind, signal},
};
use tracing::warn;

/// Routes telephone calls to the right people, and says why.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// The configuration file. Without one, the defaults and the environment count.
    #[arg(long, global = true, env = "STROWGER_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the database and everything else is kept.
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves a sample help desk on a temporary folder, with a simulated telephone company.
    Demo {
        /// Plays one of each story, prints it, and ends.
        #[arg(long)]
        once: bool,
    },
    /// Serves.
    Serve {
        /// Where to listen; port 0 takes any that is free.
        #[arg(long, value_name = "ADDR")]
        listen: Option<SocketAddr>,
    },
    /// Prints the example configuration, with every default.
    Config,
    /// Removes everything about a person: calls, messages, tickets, and the telephone company's copies.
    Erase {
        /// In international form (+43…), or an address (sip:…).
        #[arg(long)]
        number: String,
    },
    /// Reads configuration, settings, and the numbers' settings at the telephone company, and says what is wrong.
    Check {
        /// Sets the numbers at the telephone company as they should be.
        #[arg(long)]
        fix: bool,
    },
    /// Says who would ring, and why. Writes nothing; softphones are taken to be connected.
    Preview {
        #[arg(long, value_name = "ID")]
        channel: ChannelId,
        /// Another instant than now, as in 2026-12-24T09:00:00Z.
        #[arg(long, value_name = "RFC3339")]
        at: Option<DateTime<Utc>>,
        /// The caller's number; "anonymous" for one who withholds it.
        #[arg(long, value_name = "NUMBER")]
        from: Option<String>,
    },
    /// Copies the database and all sounds into one archive, beside a running daemon or without one.
    Backup { file: PathBuf },
    /// Makes the data folder anew from an archive. No daemon may run on it.
    Restore {
        file: PathBuf,
        /// Moves what is in the folder aside.
        #[arg(long)]
        replace: bool,
    },
    /// API tokens.
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Prints a link by which somebody chooses their password for the pages, once. Needs the running daemon.
    SignInLink {
        /// Who it is for. Without: the first admin, while nobody can sign in.
        #[arg(long)]
        user: Option<UserId>,
    },
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Makes a token and prints it, this once, as the last word.
    Create {
        #[arg(long)]
        name: String,
        #[arg(long)]
        role: RoleName,
        /// The user whose token it is: a softphone needs one.
        #[arg(long)]
        user: Option<UserId>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleName {
    Admin,
    Supervisor,
    Agent,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Admin => Self::Admin,
            RoleName::Supervisor => Self::Supervisor,
            RoleName::Agent => Self::Agent,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("strowger: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        bail!("the cryptography provider is installed twice");
    }
    if let Command::Config = arguments.command {
        print!("{EXAMPLE}");
        return Ok(());
    }
    let filter = std::env::var("STROWGER_LOG").ok();
    if let Command::Demo { once } = arguments.command {
        log::start(log::Format::Plain, filter.as_deref().unwrap_or("error"))?;
        return demo::run(once, stop_signal()).await;
    }
    let (config, exposed) = configuration(arguments.config, arguments.data_dir)?;
    let level = if matches!(arguments.command, Command::Serve { .. }) { &config.log.level } else { "error" };
    log::start(config.log.format, filter.as_deref().unwrap_or(level))?;
    match arguments.command {
        Command::Config | Command::Demo { .. } => Ok(()),
        Command::Serve { listen } => {
            exposed.iter().for_each(|sentence| warn!("{sentence}"));
            serve(config, listen).await
        }
        Command::Check { fix } => check_all(&config, exposed, fix).await,
        Command::Preview { channel, at, from } => {
            println!("{}", preview::run(&config, channel, at, from).await?);
            Ok(())
        }
        Command::Backup { file } => make_backup(&config, &file).await,
        Command::Restore { file, replace } => restore_backup(&config, &file, replace).await,
        Command::Erase { number } => {
            let erased = erase(&config, &number).await?;
            println!("erased: {} rows, {} files", erased.rows, erased.files);
            for settings in erased.named_in {
                println!("{settings} names them still: change it if it should not");
            }
            Ok(())
        }
        Command::SignInLink { user } => {
            println!("{}", sign_in_link(&config.data.dir, user).await?);
            Ok(())
        }
        Command::Token { command: TokenCommand::Create { name, role, user } } => {
            create_token(&config, name, role.into(), user).await
        }
    }
}

/// With what is wrong with who can read it.
fn configuration(file: Option<PathBuf>, data_dir: Option<PathBuf>) -> anyhow::Result<(Config, Vec<String>)> {
    let text = match &file {
        Some(path) => {
            Some(std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?)
        }
        None => None,
    };
    let config = Config::read(text.as_deref(), std::env::vars());
    let mut config = match &file {
        Some(path) => config.with_context(|| format!("configuration {}", path.display()))?,
        None => config.context("configuration")?,
    };
    if let Some(data_dir) = data_dir {
        config.data.dir = data_dir;
    }
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let exposed = file.zip(text);
    let exposed = exposed.map(|(path, text)| opened_by_others(&path, &text, credentials.as_deref()));
    Ok((config, exposed.unwrap_or_default()))
}

async fn serve(config: Config, listen: Option<SocketAddr>) -> anyhow::Result<()> {
    let address = listen.unwrap_or(config.http.listen);
    let listener = service::listener(address).await?;
    let address = listener.local_addr()?;
    let folder = config.data.dir.clone();
    let daemon = Daemon::start(config, listener).await?;
    println!("listening on http://{address}");
    offer_first_start(&folder).await;
    service::ready(daemon.desk.clone());
    daemon
        .until(async {
            stop_signal().await;
            service::stopping();
        })
        .await
}

async fn stop_signal() {
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(_) => return std::future::pending().await,
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

async fn check_all(config: &Config, exposed: Vec<String>, fix: bool) -> anyhow::Result<()> {
    let findings = check::run(config, exposed, fix).await;
    findings.0.iter().for_each(|finding| println!("{finding}"));
    match findings.errors() {
        0 => Ok(()),
        1 => bail!("1 error"),
        errors => bail!("{errors} errors"),
    }
}

async fn make_backup(config: &Config, file: &Path) -> anyhow::Result<()> {
    let made =
        backup::make(&config.data.dir, file, Clock::start().now().at).await.context("no backup was made")?;
    warn_of_missing(&made.missing);
    println!(
        "{} holds the database and {} sounds, {} bytes; it was restored once as a test",
        file.display(),
        made.sounds,
        made.bytes
    );
    Ok(())
}

async fn restore_backup(config: &Config, file: &Path, replace: bool) -> anyhow::Result<()> {
    let restored = backup::restore(file, &config.data.dir, replace, Clock::start().now().at).await?;
    warn_of_missing(&restored.missing);
    let data = config.data.dir.display();
    println!("{data} is as it was at {}, with {} sounds", restored.made_at.to_rfc3339(), restored.sounds);
    if restored.parked > 0 {
        println!(
            "{} webhooks, mails and commands waited in it and are not sent: GET /api/v1/jobs shows them, and \
             POST /api/v1/jobs/ID/retry sends one",
            restored.parked
        );
    }
    if let Some(aside) = restored.aside {
        println!("what was there before is in {}", aside.display());
    }
    Ok(())
}

fn warn_of_missing(missing: &[String]) {
    for path in missing {
        eprintln!("strowger: the database names {path}, but the backup has no such file");
    }
}

/// While nobody can sign in to the pages, whoever starts the daemon at a terminal can. Elsewhere what is printed is kept
/// in a log, where no such link belongs: `strowger sign-in-link` prints one.
async fn offer_first_start(folder: &Path) {
    if !std::io::stdout().is_terminal() {
        return;
    }
    if let Ok(link) = sign_in_link(folder, None).await {
        // Whoever reads only the first line may be gone.
        let _ = writeln!(std::io::stdout(), "for 15 minutes, the first admin signs in at {link}");
    }
}

/// A link of the running daemon by which somebody chooses their password.
async fn sign_in_link(folder: &Path, user: Option<UserId>) -> anyhow::Result<String> {
    let control = ShortPath::to(folder)?;
    let answer = post(&control, "invitations", &serde_json::json!({ "user": user })).await?;
    answer["url"].as_str().map(str::to_owned).context("the daemon answered without a link")
}

/// Asks the running daemon for something, as whoever owns the data folder.
async fn post(
    control: &ShortPath,
    path: &str,
    body: &serde_json::Value,
) -> anyhow::Result<serde_json::Value> {
    let client = reqwest::Client::builder().unix_socket(control.path()).build()?;
    let response = client.post(format!("http://strowger/api/v1/{path}")).json(body).send().await;
    let response = response.context("no daemon runs on this data folder")?;
    let well = response.status().is_success();
    let answer: serde_json::Value = response.json().await.context("the daemon's answer can't be read")?;
    if !well {
        bail!("the daemon refused: {}", answer["detail"].as_str().or(answer["title"].as_str()).unwrap_or(""));
    }
    Ok(answer)
}

/// Through the daemon if one runs on the folder, else straight into the store.
async fn create_token(config: &Config, name: String, role: Role, user: Option<UserId>) -> anyhow::Result<()> {
    let secret = match running(config).await {
        Some(control) => ask_daemon(&control, &name, role, user).await?,
        None => store_token(config, name, role, user).await?,
    };
    println!("{secret}");
    Ok(())
}

async fn ask_daemon(
    control: &ShortPath,
    name: &str,
    role: Role,
    user: Option<UserId>,
) -> anyhow::Result<String> {
    let answer =
        post(control, "tokens", &serde_json::json!({ "name": name, "role": role, "user": user })).await?;
    answer["token"].as_str().map(str::to_owned).context("the daemon answered without a token")
}

/// Through the daemon if one runs on the folder, else straight in the store; then the copies at the telephone company
/// are deleted at the next start.
async fn erase(config: &Config, number: &str) -> anyhow::Result<Erased> {
    let person = Person::read(number).with_context(|| {
        format!("{number:?} is neither a number in international form (+43…) nor an address (sip:…)")
    })?;
    if let Some(control) = running(config).await {
        let answer = post(&control, "erasures", &serde_json::json!({ "number": number })).await?;
        return serde_json::from_value(answer).context("the daemon's answer can't be read");
    }
    let folder = Folder::open(&config.data.dir)?;
    if Spool::open(folder.path().join("spool")).waiting() > 0 {
        bail!("webhooks of an outage wait to be recorded: start the daemon first, and erase then");
    }
    let (mut writer, _) = store::open(&folder).await?;
    let now = Clock::start().now().at;
    let place = Place {
        folder: folder.path().to_owned(),
        voicemails: folder.path().join("voicemail"),
        forget_calls: config.retention.forget_erased_calls,
    };
    let done = erasure::erase(&mut writer, &place, &person, Author::CommandLine, now).await?;
    let erased = done.erased?;
    writer.stop(now.timestamp_millis()).await?;
    Ok(erased)
}

/// The way to the daemon that runs on the folder.
async fn running(config: &Config) -> Option<ShortPath> {
    let control = ShortPath::to(&config.data.dir).ok()?;
    UnixStream::connect(control.path()).await.is_ok().then_some(control)
}

async fn store_token(
    config: &Config,
    name: String,
    role: Role,
    user: Option<UserId>,
) -> anyhow::Result<String> {
    let folder = Folder::open(&config.data.dir)?;
    let (mut writer, _) = store::open(&folder).await?;
    let now = Clock::start().now().at;
    let id = Ids::new(rand::rng().random()).next(now.timestamp_millis());
    let (token, secret) = new_token(id, name, role, user, now);
    let audit = AuditRow {
        id: Ids::new(rand::rng().random()).next(now.timestamp_millis()),
        at: now,
        by: Author::CommandLine,
        action: "created",
        subject: Change::Token(token.clone()).subject(),
        before: None,
        after: Some(token_document(&token)),
    };
    let batch = Batch { settings: vec![Change::Token(token)], audit: vec![audit], ..Batch::default() };
    writer.commit(&batch).await.context("there is no such user, perhaps")?;
    writer.stop(now.timestamp_millis()).await?;
    Ok(secret)
}
