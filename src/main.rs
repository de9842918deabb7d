//! Flags, logging, configuration, signals, then the daemon; nothing else.

use anyhow::{Context, bail};
use clap::{Parser, Subcommand, ValueEnum};
use rand::Rng;
use std::{io::IsTerminal, net::SocketAddr, path::PathBuf, process::ExitCode};
use strowger::{
    Daemon, ShortPath,
    clock::Clock,
    config::{Config, EXAMPLE},
    demo,
    desk::settings::token_document,
    routing::{
        ids::{Ids, UserId},
        people::Role,
    },
    store::{
        self, Folder,
        audit::{AuditRow, Author},
        batch::Batch,
        settings::Change,
    },
    web::new_token,
};
use tokio::{
    net::{TcpListener, UnixStream},
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::EnvFilter;

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
    /// API tokens.
    Token {
        #[command(subcommand)]
        command: TokenCommand,
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
    let quiet = matches!(arguments.command, Command::Demo { .. } | Command::Token { .. });
    let filter = EnvFilter::try_from_env("STROWGER_LOG");
    let filter = filter.unwrap_or_else(|_| EnvFilter::new(if quiet { "error" } else { "info" }));
    // Its `trace` is whole frames, and with them secrets.
    let filter = filter.add_directive("tungstenite=warn".parse()?);
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        bail!("the cryptography provider is installed twice");
    }
    match arguments.command {
        Command::Config => {
            print!("{EXAMPLE}");
            Ok(())
        }
        Command::Demo { once } => demo::run(once, stop_signal()).await,
        Command::Serve { listen } => {
            serve(configuration(arguments.config, arguments.data_dir)?, listen).await
        }
        Command::Token { command: TokenCommand::Create { name, role, user } } => {
            let config = configuration(arguments.config, arguments.data_dir)?;
            create_token(&config, name, role.into(), user).await
        }
    }
}

fn configuration(file: Option<PathBuf>, data_dir: Option<PathBuf>) -> anyhow::Result<Config> {
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
    Ok(config)
}

async fn serve(config: Config, listen: Option<SocketAddr>) -> anyhow::Result<()> {
    let address = listen.unwrap_or(config.http.listen);
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    let daemon = Daemon::start(config, listener).await?;
    println!("listening on http://{address}");
    daemon.until(stop_signal()).await
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

/// Through the daemon if one runs on the folder, else straight into the store.
async fn create_token(config: &Config, name: String, role: Role, user: Option<UserId>) -> anyhow::Result<()> {
    let running = ShortPath::to(&config.data.dir).ok();
    let answers = match &running {
        Some(control) => UnixStream::connect(control.path()).await.is_ok(),
        None => false,
    };
    let secret = match running.filter(|_| answers) {
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
    let client = reqwest::Client::builder().unix_socket(control.path()).build()?;
    let body = serde_json::json!({ "name": name, "role": role, "user": user });
    let response = client.post("http://strowger/api/v1/tokens").json(&body).send().await?;
    let answer: serde_json::Value = response.json().await.context("the daemon's answer can't be read")?;
    match answer["token"].as_str() {
        Some(secret) => Ok(secret.to_owned()),
        None => bail!(
            "the daemon refused: {}",
            answer["detail"].as_str().or(answer["title"].as_str()).unwrap_or("")
        ),
    }
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
