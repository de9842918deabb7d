//! What an operator sets: flag > environment > file > default. The defaults are written once, in `config.toml`.

use crate::{
    calls::channel::Times,
    log,
    messaging::{email, whatsapp},
    notify::{mail, signing},
    providers::twilio,
    routing::people::SecondFactorFor,
    web::limits::{self, Proxies},
};
use anyhow::{Context, bail};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

/// The commented example: every key with its default.
pub const EXAMPLE: &str = include_str!("config.toml");

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub http: Http,
    pub data: Data,
    pub log: Log,
    pub account: Account,
    pub sign_in: SignIn,
    pub providers: BTreeMap<String, Provider>,
    pub whatsapp: BTreeMap<String, whatsapp::Settings>,
    pub mailboxes: email::settings::Mailboxes,
    pub calls: Calls,
    pub retention: Retention,
    pub mail: mail::Settings,
    pub outward: Outward,
    pub customer_agents: CustomerAgents,
    pub limits: limits::Settings,
}

/// The outside services that answer before people do.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerAgents {
    /// Empty: none is asked.
    pub secret: String,
}

/// What may be called for admins.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outward {
    pub allow_loopback: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    pub listen: SocketAddr,
    /// No trailing slash.
    pub public_url: String,
    /// Empty: only with a token, where everything else is.
    pub metrics_listen: String,
    pub trusted_proxies: Vec<String>,
}

impl Http {
    pub fn proxies(&self) -> anyhow::Result<Proxies> {
        let wrong = |text| anyhow::anyhow!("key http.trusted_proxies: {text:?} is no address and no network");
        Proxies::read(&self.trusted_proxies).map_err(wrong)
    }

    pub fn metrics_address(&self) -> anyhow::Result<Option<SocketAddr>> {
        if self.metrics_listen.is_empty() {
            return Ok(None);
        }
        let address = self.metrics_listen.parse();
        address.map(Some).map_err(|error| anyhow::anyhow!("key http.metrics_listen: {error}"))
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    pub dir: PathBuf,
    pub database: String,
    pub uploads_stop_below_mib: u64,
    pub recount_seconds: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub format: log::Format,
    pub level: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    pub time_zone: String,
}

/// How people sign in to the pages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    pub second_factor: SecondFactorFor,
}

/// A telephone company, by the dialect it speaks.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Provider {
    Twilio(twilio::Settings),
    #[serde(rename = "signalwire")]
    SignalWire(twilio::SignalWire),
    Somleng(twilio::Somleng),
    #[serde(rename = "texml")]
    TeXml(twilio::TeXml),
}

impl Provider {
    pub fn dialect(&self) -> twilio::Dialect {
        match self {
            Self::Twilio(_) => twilio::Dialect::Twilio,
            Self::SignalWire(_) => twilio::Dialect::SignalWire,
            Self::Somleng(_) => twilio::Dialect::Somleng,
            Self::TeXml(_) => twilio::Dialect::TeXml,
        }
    }

    /// Err: which of its keys is wrong, and why.
    pub fn account(&self) -> Result<twilio::Twilio, twilio::BadSettings> {
        match self {
            Self::Twilio(settings) => twilio::Twilio::new(settings.clone()),
            Self::SignalWire(settings) => settings.clone().account(),
            Self::Somleng(settings) => settings.clone().account(),
            Self::TeXml(settings) => settings.clone().account(),
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calls {
    pub ring_seconds: u32,
    pub agent_ring_seconds: u32,
    pub wait_seconds: u32,
    pub wrap_up_seconds: u32,
    pub connect_seconds: u32,
    pub misses_until_away: u32,
    pub short_abandon_seconds: u32,
    pub attach_minutes: u32,
    pub ring_tone: String,
    pub language: String,
    pub delete_kept_recordings: bool,
    pub reach_prefixes: Vec<String>,
    pub sip_hosts: Vec<String>,
}

/// In days; 0 is for ever.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    pub recordings_days: u32,
    pub calls_days: u32,
    pub conversations_days: u32,
    pub messages_days: u32,
    pub logs_days: u32,
    pub forget_erased_calls: bool,
}

impl Calls {
    pub fn times(&self) -> Times {
        Times {
            ring_seconds: self.ring_seconds,
            agent_ring_seconds: self.agent_ring_seconds,
            wait_seconds: self.wait_seconds,
            wrap_up_seconds: self.wrap_up_seconds,
            connect_seconds: self.connect_seconds,
            misses_until_away: self.misses_until_away,
            short_abandon_seconds: self.short_abandon_seconds,
            attach_minutes: self.attach_minutes,
        }
    }
}

impl Config {
    /// `file` is the text of the operator's file, `environment` the process's variables.
    pub fn read(
        file: Option<&str>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> anyhow::Result<Self> {
        let mut table: Table = EXAMPLE.parse().expect("the example configuration is TOML");
        if let Some(text) = file {
            let own: Table = text.parse().map_err(|error: toml::de::Error| anyhow::anyhow!("{error}"))?;
            overlay(&mut table, own);
        }
        let mut credentials = None;
        for (name, value) in environment {
            if name == "CREDENTIALS_DIRECTORY" {
                credentials = Some(PathBuf::from(&value));
            }
            if let Some(path) = name.strip_prefix("STROWGER__") {
                set(&mut table, path, &value).with_context(|| format!("environment variable {name}"))?;
            }
        }
        for (key, value) in &mut table {
            fetch(value, key, credentials.as_deref())?;
        }
        let config: Self = serde_path_to_error::deserialize(Value::Table(table)).map_err(|error| {
            let path = error.path().to_string();
            let line = file.and_then(|text| line_of(text, &path));
            let line = line.map_or(String::new(), |line| format!("line {line}, "));
            anyhow::anyhow!("{line}key {path}: {}", error.into_inner().message())
        })?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> anyhow::Result<()> {
        let url = &self.http.public_url;
        if !(url.starts_with("https://") || url.starts_with("http://")) || url.ends_with('/') {
            bail!("key http.public_url: {url:?} must start with https:// and not end with a slash");
        }
        self.http.metrics_address()?;
        self.http.proxies()?;
        let level = tracing_subscriber::EnvFilter::try_new(&self.log.level);
        level.map_err(|error| anyhow::anyhow!("key log.level: {error}"))?;
        if self.data.database != "sqlite" {
            bail!("key data.database: only \"sqlite\" is there yet");
        }
        if self.data.recount_seconds == 0 {
            bail!("key data.recount_seconds: it is at least 1");
        }
        if self.data.uploads_stop_below_mib > 1 << 40 {
            bail!("key data.uploads_stop_below_mib: there is no such disk");
        }
        let named = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
        };
        if let Some(name) = self.providers.keys().find(|name| !named(name)) {
            bail!("key providers.{name}: a provider's name is made of a-z, 0-9, _ and -");
        }
        if let Some(name) = self.whatsapp.keys().find(|name| !named(name)) {
            bail!("key whatsapp.{name}: an account's name is made of a-z, 0-9, _ and -");
        }
        for (name, mailbox) in &self.mailboxes {
            if !named(name) {
                bail!("key mailboxes.{name}: a mailbox's name is made of a-z, 0-9, _ and -");
            }
            if let Err((key, wrong)) = mailbox.check() {
                bail!("key mailboxes.{name}.{key}: {wrong}");
            }
        }
        if !["eu", "gb", "us"].contains(&self.calls.ring_tone.as_str()) {
            bail!("key calls.ring_tone: it is \"eu\", \"gb\" or \"us\"");
        }
        if !["en", "nl", "nb", "de"].contains(&self.calls.language.as_str()) {
            bail!("key calls.language: it is \"en\", \"nl\", \"nb\" or \"de\"");
        }
        if !self.customer_agents.secret.is_empty() && !signing::is_secret(&self.customer_agents.secret) {
            bail!("key customer_agents.secret: it is whsec_ and 24 to 64 bytes in base64");
        }
        if let Err((key, wrong)) = self.mail.check() {
            bail!("key mail.{key}: {wrong}");
        }
        let prefix = |text: &String| {
            text.strip_prefix('+').is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))
        };
        if let Some(wrong) = self.calls.reach_prefixes.iter().find(|text| !prefix(text)) {
            bail!("key calls.reach_prefixes: {wrong:?} must be + and at least one digit");
        }
        for (key, seconds, most) in [
            ("ring_seconds", self.calls.ring_seconds, 600),
            ("agent_ring_seconds", self.calls.agent_ring_seconds, 600),
            ("wait_seconds", self.calls.wait_seconds, 7200),
            ("wrap_up_seconds", self.calls.wrap_up_seconds, 3600),
            ("connect_seconds", self.calls.connect_seconds, 60),
            ("short_abandon_seconds", self.calls.short_abandon_seconds, 600),
            ("attach_minutes", self.calls.attach_minutes, 43_200),
        ] {
            if seconds > most {
                bail!("key calls.{key}: {seconds} is more than {most}");
            }
        }
        if self.calls.ring_seconds == 0
            || self.calls.agent_ring_seconds == 0
            || self.calls.connect_seconds == 0
        {
            bail!("key calls: ring_seconds, agent_ring_seconds and connect_seconds must be at least 1");
        }
        Ok(())
    }
}

/// What of an operator's file is a secret, by the name of the key.
const SECRETS: [&str; 14] = [
    "secret",
    "app_secret",
    "app_secrets",
    "verify_token",
    "access_token",
    "auth_token",
    "auth_tokens",
    "shared_keys",
    "api_key_secret",
    "token",
    "signing_key",
    "signing_keys",
    "api_key",
    "password",
];

/// Files with secrets that others than their owner can open: the configuration itself, and those it names. What systemd
/// hands over as a credential is in good hands.
pub fn opened_by_others(path: &Path, text: &str, credentials: Option<&Path>) -> Vec<String> {
    let Ok(table) = text.parse::<Table>() else { return Vec::new() };
    let mut files = Vec::new();
    if has_secrets(&Value::Table(table), false, &mut files) {
        files.push(path.to_owned());
    }
    let open = files.iter().filter(|file| credentials.is_none_or(|folder| !file.starts_with(folder)));
    let told = open.filter_map(|file| {
        let mode = std::fs::metadata(file).ok()?.permissions().mode() & 0o777;
        let told = || {
            format!(
                "{} holds a secret and can be opened by others (mode {mode:o}); chmod go= it",
                file.display()
            )
        };
        (mode & 0o077 != 0).then(told)
    });
    told.collect()
}

/// Whether there is one in it; `files` get those where others are.
fn has_secrets(value: &Value, is_secret: bool, files: &mut Vec<PathBuf>) -> bool {
    match value {
        Value::String(text) => is_secret && !text.is_empty(),
        Value::Array(values) => {
            values.iter().fold(false, |found, value| has_secrets(value, is_secret, files) | found)
        }
        Value::Table(table) => match (table.len(), table.get("file"), table.get("credential")) {
            (1, Some(Value::String(path)), _) => {
                files.extend(is_secret.then(|| PathBuf::from(path)));
                false
            }
            (1, _, Some(_)) => false,
            _ => table.iter().fold(false, |found, (key, value)| {
                let is_secret = is_secret || SECRETS.contains(&key.as_str());
                has_secrets(value, is_secret, files) | found
            }),
        },
        _ => false,
    }
}

/// Replaces `{ credential = "name" }` and `{ file = "/path" }` by what is in there.
fn fetch(value: &mut Value, key: &str, credentials: Option<&Path>) -> anyhow::Result<()> {
    match value {
        Value::Array(values) => values.iter_mut().try_for_each(|value| fetch(value, key, credentials)),
        Value::Table(table) => {
            let Some(path) = elsewhere(table, key, credentials)? else {
                return table
                    .iter_mut()
                    .try_for_each(|(inner, value)| fetch(value, &format!("{key}.{inner}"), credentials));
            };
            let text = std::fs::read_to_string(&path);
            let text = text.with_context(|| format!("key {key}: cannot read {}", path.display()))?;
            *value = Value::String(text.trim_end().to_owned());
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The file in which the value is, if it is not here.
fn elsewhere(table: &Table, key: &str, credentials: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    let only = if table.len() == 1 { table.iter().next() } else { None };
    match only {
        Some((kind, Value::String(name))) if kind == "credential" => {
            let folder = credentials.with_context(|| {
                format!(
                    "key {key}: there are no credentials; systemd gives them with LoadCredential={name}:…"
                )
            })?;
            if name.is_empty() || name.contains('/') || name == ".." {
                bail!("key {key}: {name:?} is no name of a credential");
            }
            Ok(Some(folder.join(name)))
        }
        Some((kind, Value::String(path))) if kind == "file" => Ok(Some(PathBuf::from(path))),
        _ => Ok(None),
    }
}

fn overlay(base: &mut Table, own: Table) {
    for (key, value) in own {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(value)) => overlay(below, value),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// Sets `SECTION__KEY`. A value that reads as TOML is that; anything else is a string.
fn set(table: &mut Table, path: &str, text: &str) -> anyhow::Result<()> {
    let (section, rest) = match path.split_once("__") {
        Some((section, rest)) => (section.to_ascii_lowercase(), Some(rest)),
        None => (path.to_ascii_lowercase(), None),
    };
    let Some(rest) = rest else {
        let read = format!("value = {text}").parse::<Table>().ok().and_then(|mut t| t.remove("value"));
        let is_text = matches!(table.get(&section), Some(Value::String(_)) | None);
        let value = read.filter(|value| !is_text || matches!(value, Value::Array(_) | Value::Table(_)));
        table.insert(section, value.unwrap_or_else(|| Value::String(text.into())));
        return Ok(());
    };
    match table.entry(section).or_insert_with(|| Value::Table(Table::new())) {
        Value::Table(below) => set(below, rest, text),
        _ => bail!("there is no section of that name"),
    }
}

/// The line of the operator's file on which the key `path` (or, if it is missing, its section) stands.
fn line_of(text: &str, path: &str) -> Option<usize> {
    let table = toml::de::DeTable::parse(text).ok()?;
    let mut table = table.get_ref();
    let mut found = None;
    for part in path.split('.') {
        let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == part) else { break };
        found = Some(key.span().start);
        match value.get_ref() {
            toml::de::DeValue::Table(below) => table = below,
            _ => break,
        }
    }
    Some(text[..found?].matches('\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let variables = environment.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        Config::read(Some(file), variables).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn without_a_file_everything_has_its_default() {
        let config = read("", &[]).unwrap();
        assert_eq!(config.calls.times(), Times::default());
        assert!(config.providers.is_empty());
    }

    #[test]
    fn files_with_secrets_that_others_can_open_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let [own, beside] = ["strowger.toml", "secret"].map(|name| folder.path().join(name));
        std::fs::write(&beside, "hush").unwrap();
        let elsewhere = format!("[mail]\npassword = {{ file = {beside:?} }}\n");
        let table = [
            // the file, its mode, that of the file beside it, which of both are named
            ("[providers.main]\nauth_token = \"x\"\n", 0o600, 0o600, [false, false]),
            ("[providers.main]\nauth_token = \"x\"\n", 0o400, 0o644, [false, false]),
            ("[providers.main]\nauth_token = \"x\"\n", 0o640, 0o600, [true, false]),
            ("[providers.main]\nauth_tokens = [\"x\", \"y\"]\n", 0o604, 0o600, [true, false]),
            ("[providers.main]\nshared_keys = { k = \"x\" }\n", 0o644, 0o600, [true, false]),
            ("[providers.main]\nauth_token = { credential = \"x\" }\n", 0o644, 0o600, [false, false]),
            (
                "[providers.main]\naccount_sid = \"x\"\n[mail]\npassword = \"\"\n",
                0o644,
                0o644,
                [false, false],
            ),
            (elsewhere.as_str(), 0o644, 0o600, [false, false]),
            (elsewhere.as_str(), 0o644, 0o640, [false, true]),
        ];
        for (text, mode, mode_beside, named) in table {
            std::fs::write(&own, text).unwrap();
            std::fs::set_permissions(&own, std::fs::Permissions::from_mode(mode)).unwrap();
            std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(mode_beside)).unwrap();
            let told = opened_by_others(&own, text, None);
            let is_named = |path: &Path| told.iter().any(|one| one.starts_with(&path.display().to_string()));
            assert_eq!([is_named(&own), is_named(&beside)], named, "{text} {told:?}");
            assert_eq!(opened_by_others(&own, text, Some(folder.path())), Vec::<String>::new());
        }
    }

    #[test]
    fn limits_and_proxies_are_read_and_what_is_no_address_is_named() {
        let config =
            read("[http]\ntrusted_proxies = [\"::1\", \"10.0.0.0/8\"]\n[limits]\napi_per_token = 0\n", &[])
                .unwrap();
        assert_eq!((config.limits.api_per_token, config.limits.connections), (0, 20_000));
        let error = read("[http]\ntrusted_proxies = [\"proxy\"]\n", &[]).unwrap_err();
        assert!(error.contains("key http.trusted_proxies: \"proxy\""), "{error}");
    }

    #[test]
    fn the_environment_beats_the_file() {
        let file = "[calls]\nring_seconds = 30\n";
        let environment = [
            ("STROWGER__CALLS__RING_SECONDS", "40"),
            ("STROWGER__PROVIDERS__MAIN__KIND", "twilio"),
            ("STROWGER__PROVIDERS__MAIN__ACCOUNT_SID", "AC00000000000000000000000000000000"),
            ("STROWGER__PROVIDERS__MAIN__AUTH_TOKEN", "12345"),
            ("STROWGER__ACCOUNT__TIME_ZONE", "Europe/Vienna"),
        ];
        let config = read(file, &environment).unwrap();
        assert_eq!(config.calls.ring_seconds, 40);
        assert_eq!(config.account.time_zone, "Europe/Vienna");
        assert!(matches!(&config.providers["main"], Provider::Twilio(_)));
    }

    #[test]
    fn the_environment_says_yes_where_no_default_says_what_is_wanted() {
        let file = "[providers.main]\nkind = \"twilio\"\naccount_sid = \"AC1\"\n";
        let only = |value| read(file, &[("STROWGER__PROVIDERS__MAIN__SHARED_KEYS_ONLY", value)]);
        for (value, expected) in [("true", true), ("false", false)] {
            let config = only(value).unwrap();
            let Provider::Twilio(settings) = &config.providers["main"] else { panic!("not Twilio") };
            assert_eq!(settings.shared_keys_only, expected);
        }
        let complaint = only("perhaps").unwrap_err();
        assert!(complaint.contains("it is true or false"), "{complaint}");
    }

    #[test]
    fn every_kind_of_telephone_company_in_the_example_can_be_used_as_it_stands() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (_, commented) = EXAMPLE.split_once("# [providers.main]").unwrap();
        let (commented, _) = commented.split_once("\n[providers]").unwrap();
        let lines = commented.lines().map(|line| line.trim_start_matches('#'));
        let lines: String = lines.map(|line| format!("{line}\n")).collect();
        let text = format!("[providers.main]{lines}")
            .replace("AC…", &format!("AC{:032}", 0))
            .replace("SK…", &format!("SK{:032}", 0));
        let key = "+7E99DXiiQXvceNX4nHm3Lbm5mqPWad5RhDr2ufuCik=";
        let text = text.replace("public_key = \"…\"", &format!("public_key = {key:?}"));
        let config = read(&text, &[]).unwrap();
        let kinds: Vec<_> = config.providers.values().map(Provider::dialect).collect();
        assert_eq!(kinds.len(), twilio::Dialect::ALL.len());
        for (name, provider) in &config.providers {
            assert_eq!(provider.account().map(|account| account.dialect), Ok(provider.dialect()), "{name}");
        }
    }

    #[test]
    fn a_damaged_configuration_names_line_and_key() {
        let table = [
            ("[calls]\n\nring_seconds = \"long\"\n", "line 3, key calls.ring_seconds"),
            ("[calls]\nring = 3\n", "line 2, key calls.ring"),
            ("[calls\nring = 3\n", "line 1"),
            ("\n[http]\nlisten = \"here\"\n", "line 3, key http.listen"),
            ("[http]\npublic_url = \"https://calls.example.org/\"\n", "key http.public_url"),
            ("[providers.Main]\nkind = \"twilio\"\naccount_sid = \"AC0\"\n", "key providers.Main"),
            ("[providers.main]\nkind = \"pigeon\"\n", "key providers.main"),
            ("[providers.main]\nkind = \"signalwire\"\nspace = \"x\"\n", "missing field `project`"),
            ("[providers.main]\nkind = \"somleng\"\naccount_sid = \"x\"\n", "missing field `api_base`"),
            ("[providers.main]\nkind = \"texml\"\napi_key = \"x\"\n", "missing field `account_sid`"),
        ];
        for (file, expected) in table {
            let error = read(file, &[]).unwrap_err();
            assert!(error.contains(expected), "{file:?}: {error}");
        }
    }
}
