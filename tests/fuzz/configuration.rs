//! The configuration: any text in the file and in the environment is read, or refused with a word on where it is wrong;
//! and a key means the same in both.

use crate::draw::Draw;
use strowger::config::{Config, EXAMPLE};

fn read(file: &str, environment: &[(String, String)]) -> Result<String, String> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let read = Config::read(Some(file), environment.iter().cloned());
    if let Ok(config) = &read {
        for provider in config.providers.values() {
            let _ = provider.account();
        }
    }
    read.map(|config| format!("{config:?}")).map_err(|error| format!("{error:#}"))
}

#[test]
fn any_text_is_a_configuration_or_is_refused_with_the_place() {
    let commented: String =
        EXAMPLE.lines().map(|line| format!("{}\n", line.trim_start_matches('#'))).collect();
    let lines: Vec<&str> =
        EXAMPLE.lines().chain(commented.lines()).filter(|line| line.contains(['[', '='])).collect();
    fuzz!(2_000, 256, |draw: &mut Draw<'_>| {
        let chosen: Vec<&str> = (0..draw.below(8)).map(|_| lines[draw.below(lines.len())]).collect();
        let file = draw.mutated_text(&chosen.join("\n"), 4);
        // Files that configuration may name are the operator's business.
        if file.contains("file") {
            return;
        }
        match read(&file, &[]) {
            Ok(config) => assert_eq!(read(&file, &[]), Ok(config)),
            Err(error) => assert!(error.contains("line ") || error.contains("key "), "{file}\n: {error}"),
        }
    });
}

const KEYS: [&str; 22] = [
    "http.listen",
    "http.public_url",
    "http.metrics_listen",
    "data.dir",
    "data.uploads_stop_below_mib",
    "log.format",
    "log.level",
    "account.time_zone",
    "calls.ring_seconds",
    "calls.ring_tone",
    "calls.delete_kept_recordings",
    "calls.reach_prefixes",
    "retention.calls_days",
    "retention.forget_erased_calls",
    "mail.host",
    "outward.allow_loopback",
    "providers.main.account_sid",
    "providers.main.auth_token",
    "providers.main.auth_tokens",
    "providers.main.shared_keys_only",
    "providers.main.shared_keys.k1",
    "providers.main.api_base",
];
const VALUES: [&str; 16] = [
    "5",
    "0",
    "-1",
    "4294967296",
    "true",
    "false",
    "1.5",
    "text",
    "127.0.0.1:0",
    "https://x.example",
    "[\"+43\"]",
    "[]",
    "warn",
    "json",
    "12345",
    "us",
];
const MAIN: &str = "[providers.main]\nkind = \"twilio\"\naccount_sid = \"AC00000000000000000000000000000000\"\nauth_token = \"t\"\n";

/// The file with this key in it, as its type is.
fn with_key(key: &str, value: &str) -> String {
    let (section, name) = key.rsplit_once('.').expect("a key in a section");
    let mut table: toml::Table = MAIN.parse().expect("TOML");
    if key.ends_with("auth_tokens") {
        let main = table["providers"]["main"].as_table_mut().expect("a section");
        main.remove("auth_token");
    }
    let value = format!("value = {value}").parse::<toml::Table>().expect("TOML")["value"].clone();
    let mut below = &mut table;
    for part in section.split('.') {
        let entry = below.entry(part).or_insert_with(|| toml::Table::new().into());
        below = entry.as_table_mut().expect("a section");
    }
    below.insert(name.to_owned(), value);
    toml::to_string(&table).expect("TOML")
}

#[test]
fn a_key_means_the_same_in_the_file_and_in_the_environment() {
    fuzz!(600, 32, |draw: &mut Draw<'_>| {
        let key = draw.pick(&KEYS);
        let value = draw.pick(&VALUES);
        // In the environment a list is a list, even where a text is wanted.
        if value.starts_with('[') && !matches!(key, "calls.reach_prefixes" | "providers.main.auth_tokens") {
            return;
        }
        let name = format!("STROWGER__{}", key.replace('.', "__").to_uppercase());
        let base =
            if key.ends_with("auth_tokens") { MAIN.replace("auth_token = \"t\"\n", "") } else { MAIN.into() };
        let environment = [(name.clone(), value.to_owned())];
        // Where the file would want quotes, the environment needs none.
        let quoted = format!("{value:?}");
        let plain =
            value.parse::<f64>().is_ok() || matches!(value, "true" | "false") || value.starts_with('[');
        let files = [Some(quoted), plain.then(|| value.to_owned())].into_iter().flatten();
        let accepted: Vec<String> =
            files.filter_map(|value| read(&with_key(key, &value), &[]).ok()).collect();
        match read(&base, &environment) {
            Ok(config) => assert!(accepted.contains(&config), "{name}={value} is {config}, not {accepted:?}"),
            Err(error) => assert!(accepted.is_empty(), "{name}={value}: {error}; the file: {accepted:?}"),
        }
    });
}

#[test]
fn any_environment_is_read_or_refused_with_the_place() {
    fuzz!(800, 128, |draw: &mut Draw<'_>| {
        let mut environment = Vec::new();
        for _ in 0..draw.below(4) {
            let key = draw.pick(&KEYS).replace('.', "__").to_uppercase();
            let key = if draw.chance(2) { draw.mutated_text(&key, 3) } else { key };
            let seed = draw.pick(&VALUES);
            environment.push((format!("STROWGER__{key}"), draw.mutated_text(seed, 3)));
        }
        if environment.iter().any(|(name, value)| format!("{name}{value}").to_lowercase().contains("file")) {
            return;
        }
        if let Err(error) = read(MAIN, &environment) {
            assert!(
                error.contains("environment variable STROWGER__") || error.contains("key "),
                "{environment:?}: {error}"
            );
        }
    });
}
