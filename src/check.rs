//! `strowger check`: reads the configuration, the data folder, the settings, and the numbers as they are set at the
//! telephone companies, and says what is wrong and what will come of it. It writes nothing, unless it is to set the numbers.

use crate::{
    audio,
    clock::Clock,
    config::{Config, Http},
    desk::{Providers, health::FREE_BYTES_MIN, numbers, settings::Settings},
    ground,
    messaging::{
        email::{mailbox::Mailbox, settings::lacking},
        whatsapp,
    },
    notify::mail::{Postbox, Transport},
    providers_of,
    store::{self, DATABASE, copy},
    tickets::channel::{Channel, Mode, Way},
    whatsapp_of,
};
use chrono::Datelike;
pub use numbers::{Finding, Findings, Grade};
use std::{os::unix::fs::PermissionsExt, path::Path};

/// Looks at everything. `fix`: sets the numbers at the telephone companies as they should be.
/// `exposed`: what is wrong with who can read the configuration.
pub async fn run(config: &Config, exposed: Vec<String>, fix: bool) -> Findings {
    let mut findings = Findings::default();
    exposed.into_iter().for_each(|sentence| findings.error(sentence));
    check_public_url(&config.http.public_url, &mut findings);
    check_proxies(&config.http, &mut findings);
    check_mail(config, &mut findings).await;
    check_mailboxes(config, &mut findings).await;
    let providers = providers_of(config).unwrap_or_else(|error| {
        findings.error(format!("{error:#}"));
        Providers::new()
    });
    check_providers(&providers, &mut findings);
    check_folder(&config.data.dir, &mut findings);
    let Some(settings) = read_settings(config, &mut findings).await else { return findings };
    check_mail_channels(config, &settings, &mut findings);
    if settings.channels.is_empty() {
        findings.warning("there is no channel yet, so nobody can call");
    }
    check_whatsapp(config, &settings, &mut findings);
    check_customer_agents(config, &settings, &mut findings);
    let mut channels: Vec<_> = settings.channels.values().collect();
    channels.sort_by_key(|channel| channel.id);
    for channel in channels {
        numbers::check(channel, &config.http.public_url, &providers, fix, &mut findings).await;
    }
    findings
}

fn check_public_url(url: &str, findings: &mut Findings) {
    let host = url.split("://").nth(1).unwrap_or_default();
    let is_local = ["localhost", "127.", "[::1]"].iter().any(|start| host.starts_with(start));
    if is_local {
        findings.warning(format!("http.public_url is {url}, which no telephone company can reach"));
    } else if !url.starts_with("https://") {
        findings.error(format!(
            "http.public_url is {url}: without https anybody on the way hears and forges calls"
        ));
    } else {
        findings.good(format!("telephone companies call {url}"));
    }
}

fn check_proxies(http: &Http, findings: &mut Findings) {
    let is_behind_one = http.listen.ip().is_loopback() && http.public_url.starts_with("https://");
    if is_behind_one && http.trusted_proxies.is_empty() {
        findings.warning(
            "http.trusted_proxies is empty, so that everybody who comes through a reverse proxy counts as one: they \
             share the limits of one address",
        );
    }
}

async fn check_mail(config: &Config, findings: &mut Findings) {
    let server = format!("the mail server {}:{}", config.mail.host, config.mail.port);
    let postbox = match Postbox::new(&config.mail, &config.http.public_url) {
        Ok(Some(postbox)) => postbox,
        Ok(None) => return,
        Err(error) => return findings.error(format!("section mail: {error:#}")),
    };
    match postbox.knock().await {
        Ok(()) => findings.good(format!("{server} takes our mail")),
        Err(trouble) if trouble.is_sign_in() => {
            findings.error(format!("{server} does not accept mail.username and mail.password: {trouble}"));
        }
        Err(trouble) => findings.error(format!("{server} can't be used, so no mail is sent: {trouble}")),
    }
}

async fn check_mailboxes(config: &Config, findings: &mut Findings) {
    for (name, mailbox) in &config.mailboxes {
        if let Some(imap) = &mailbox.imap {
            match Mailbox::open(imap).await {
                Ok(_) => findings.good(format!("the mailbox {name} can be read")),
                Err(trouble) => findings.error(format!("the mailbox {name} can't be read: {trouble}")),
            }
        }
        let Some(smtp) = &mailbox.smtp else { continue };
        match Transport::to(&smtp.server()) {
            Ok(Some(server)) => match server.knock().await {
                Ok(()) => findings.good(format!("the mail server of the mailbox {name} takes our mail")),
                Err(trouble) => {
                    findings.error(format!("the mail server of the mailbox {name} can't be used: {trouble}"))
                }
            },
            Ok(None) => {}
            Err(error) => findings.error(format!("section mailboxes.{name}.smtp: {error:#}")),
        }
    }
}

/// Channels of mail whose mailbox is missing.
fn check_mail_channels(config: &Config, settings: &Settings, findings: &mut Findings) {
    let mut channels: Vec<_> = settings.ticket_channels.values().collect();
    channels.sort_by_key(|channel| channel.id);
    for channel in channels {
        if let Way::Email(email) = &channel.way
            && let Some(lacking) = lacking(&config.mailboxes, &email.mailbox)
        {
            findings.error(format!("channel {}: {lacking}", channel.name));
        }
    }
}

fn check_providers(providers: &Providers, findings: &mut Findings) {
    if providers.is_empty() {
        findings.warning("no telephone company is configured, so no call can come in");
    }
    for (name, _) in providers.iter().filter(|(_, provider)| !provider.has_secret()) {
        findings.error(format!("provider {name} has no secret, so all its webhooks are refused"));
    }
}

fn check_whatsapp(config: &Config, settings: &Settings, findings: &mut Findings) {
    let accounts = whatsapp_of(config).unwrap_or_else(|error| {
        findings.error(format!("{error:#}"));
        whatsapp::Accounts::new()
    });
    for (name, account) in &accounts {
        for key in account.missing() {
            findings.error(format!("whatsapp.{name} has no {key}, without which it does not work"));
        }
    }
    for channel in settings.ticket_channels.values() {
        let Way::Whatsapp(way) = &channel.way else { continue };
        if !accounts.contains_key(&way.account) {
            let (name, account) = (&channel.name, &way.account);
            findings.error(format!(
                "the channel {name} names the account {account} of WhatsApp, which is not configured"
            ));
        }
    }
}

fn check_customer_agents(config: &Config, settings: &Settings, findings: &mut Findings) {
    if !config.customer_agents.secret.is_empty() {
        return;
    }
    let asks = |channel: &&Channel| channel.assignment.mode == Mode::Agent;
    for channel in settings.ticket_channels.values().filter(asks) {
        let name = &channel.name;
        findings.error(format!(
            "the channel {name} asks a customer agent, but customer_agents.secret is empty, so that none is asked"
        ));
    }
}

fn check_folder(data: &Path, findings: &mut Findings) {
    let folder = data.display();
    let Ok(metadata) = std::fs::metadata(data) else {
        return findings
            .warning(format!("the data folder {folder} is not there yet; the first start makes it"));
    };
    if !metadata.is_dir() {
        return findings.error(format!("the data folder {folder} is no folder"));
    }
    for path in [data.to_owned(), data.join(DATABASE)] {
        let Ok(metadata) = std::fs::metadata(&path) else { continue };
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            findings
                .error(format!("{} can be opened by others (mode {mode:o}); chmod go= it", path.display()));
        }
    }
    match store::free_bytes(data) {
        Ok(free) if free < FREE_BYTES_MIN => findings.warning(format!(
            "only {} MiB are free on the disk of {folder}; below 512 MiB uploads are refused, and calls are next",
            free >> 20
        )),
        Ok(free) => findings.good(format!("{} MiB are free on the disk of {folder}", free >> 20)),
        Err(error) => findings.error(format!("what is free on the disk of {folder} can't be told: {error}")),
    }
}

/// The settings as they are stored. `None`: there are none to look at.
async fn read_settings(config: &Config, findings: &mut Findings) -> Option<Settings> {
    let now = Clock::start().now().at;
    let ground = match ground(config, now) {
        Ok(ground) => ground,
        Err(error) => {
            findings.error(format!("{error:#}"));
            return None;
        }
    };
    let version = ground.zones.version();
    let year = version.get(..4).and_then(|year| year.parse::<i32>().ok());
    if year.is_none_or(|year| year < now.year() - 1) {
        findings.warning(format!(
            "the time zones are of version {version}; newer rules may be in force, so install tzdata"
        ));
    }
    if let Some(disagreement) = ground.zones.disagreements(&ground.account, now) {
        findings.warning(disagreement.to_string());
    }
    if !config.data.dir.join(DATABASE).exists() {
        findings.warning("there are no settings yet");
        return None;
    }
    let stored = match copy::read(&config.data.dir, now).await {
        Ok(stored) => stored,
        Err(error) => {
            findings.error(format!("{error:#}"));
            return None;
        }
    };
    check_sounds(&config.data.dir, &stored, findings);
    check_work(&stored, findings);
    match Settings::load(stored.settings, &ground) {
        Ok(settings) => Some(settings),
        Err(wrong) => {
            findings.error(format!(
                "a stored setting is not valid any more, and the daemon won't start: {:?}",
                wrong.1
            ));
            None
        }
    }
}

fn check_sounds(data: &Path, stored: &copy::Stored, findings: &mut Findings) {
    let lost = |folder: &str, sha256: &str| {
        let names = std::fs::read_dir(data.join(folder)).into_iter().flatten().flatten();
        let mut names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        !names.any(|name| name.starts_with(&format!("{sha256}.")))
    };
    for greeting in stored.greetings().filter(|greeting| audio::by_hash(&greeting.sha256).is_none()) {
        if lost("media", &greeting.sha256) {
            findings.error(format!(
                "the sound of the greeting {:?} is lost; callers won't hear it",
                greeting.name
            ));
        }
    }
    let there = std::fs::read_dir(data.join("voicemail")).into_iter().flatten().flatten();
    let there: std::collections::HashSet<String> =
        there.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let lost = stored.voicemails.iter().filter(|sha256| !there.contains(&format!("{sha256}.wav"))).count();
    if lost > 0 {
        findings.error(format!("the sound of {lost} voicemails is lost"));
    }
}

fn check_work(stored: &copy::Stored, findings: &mut Findings) {
    const SHOWN: usize = 5;
    let failed = &stored.failed_jobs;
    if !failed.is_empty() {
        let errors: Vec<_> =
            failed.iter().take(SHOWN).map(|error| error.escape_debug().to_string()).collect();
        findings.warning(format!("{} jobs were given up, such as: {}", failed.len(), errors.join("; ")));
    }
    if stored.quarantined > 0 {
        findings.warning(format!(
            "{} events could not be decided or recorded; they are in the table quarantine",
            stored.quarantined
        ));
    }
}
