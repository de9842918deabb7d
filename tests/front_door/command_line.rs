//! The command line, its configuration and the data folder.

use super::ask;
use crate::desk::{Desk, PATIENCE, end_of};
use reqwest::Method;
use serde_json::json;
use std::{
    io::Read,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
    time::Instant,
};
use strowger::config::Config;
use tempfile::TempDir;

fn run(words: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_strowger"));
    command.args(words).env_remove("STROWGER_LOG").env("NO_COLOR", "1").stdin(Stdio::null());
    command.envs(environment.iter().copied()).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

/// It fails, says these things on standard error, and nothing on standard output.
fn must_fail(output: &Output, said: &[&str], what: &str) {
    let error = text(&output.stderr);
    assert!(!output.status.success(), "{what}: it succeeded");
    assert!(!error.contains("panicked"), "{what}: {error}");
    for part in said {
        assert!(error.contains(part), "{what}: it does not say {part:?} but {error}");
    }
    assert_eq!(text(&output.stdout), "", "{what}");
}

#[test]
fn the_example_configuration_is_printed_and_is_one() {
    let printed = run(&["config"], &[]);
    assert!(printed.status.success());
    let example = text(&printed.stdout);
    let config = Config::read(Some(example), std::iter::empty()).expect("the example can be read");
    let default = Config::read(None, std::iter::empty()).expect("no file is needed");
    assert_eq!(format!("{config:?}"), format!("{default:?}"), "it shows the defaults");
    for line in example.lines().filter(|line| line.contains(" = ")) {
        assert!(line.len() < 120, "{line}");
    }
    // What is commented out is right as well.
    let provider: String = example
        .lines()
        .skip_while(|line| !line.contains("[providers.main]"))
        .take_while(|line| line.starts_with('#'))
        .map(|line| {
            line.trim_start_matches(['#', ' ']).replace('…', "00000000000000000000000000000000") + "\n"
        })
        .collect();
    let config =
        Config::read(Some(&provider), std::iter::empty()).expect("the commented provider can be read");
    assert_eq!(config.providers.len(), 4, "one of each kind");
}

#[test]
fn a_damaged_configuration_is_refused_by_line_and_key() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("strowger.toml");
    let data = folder.path().join("data");
    let sid = "AC00000000000000000000000000000000";
    let provider = format!("[providers.main]\nkind = \"twilio\"\naccount_sid = \"{sid}\"\n");
    let table = [
        ("[calls]\n\nring_seconds = \"long\"\n".to_owned(), "line 3, key calls.ring_seconds"),
        ("[calls]\nring_second = 3\n".into(), "line 2, key calls.ring_second"),
        ("[call]\nring_seconds = 3\n".into(), "key call"),
        ("[calls]\nring_seconds = -1\n".into(), "line 2, key calls.ring_seconds"),
        ("[calls]\nring_seconds = 601\n".into(), "key calls.ring_seconds"),
        ("[calls\n".into(), "line 1"),
        ("a = \n".into(), "line 1"),
        ("[http]\n# here\nlisten = \"8080\"\n".into(), "line 3, key http.listen"),
        ("[http]\npublic_url = \"calls.example.org\"\n".into(), "key http.public_url"),
        ("[http]\npublic_url = \"https://calls.example.org/\"\n".into(), "key http.public_url"),
        ("[account]\ntime_zone = \"Europe/Wien\"\n".into(), "key account.time_zone"),
        ("[data]\ndatabase = \"mysql\"\n".into(), "key data.database"),
        ("[calls]\nlanguage = \"fr\"\n".into(), "key calls.language"),
        ("[providers.main]\nkind = \"pigeon\"\n".into(), "line 2, key providers.main.kind"),
        ("[providers.main]\nkind = \"twilio\"\n".into(), "line 1, key providers.main"),
        (format!("{provider}auth_tokens = \"one\"\n"), "key providers.main"),
        (format!("{provider}color = 1\n"), "key providers.main"),
        (format!("{provider}auth_token = \"\"\n"), "key providers.main.auth_token"),
        (provider.replace("AC0", "AC"), "key providers.main.account_sid"),
        (format!("{provider}api_base = \"http://api.example.org\"\n"), "key providers.main.api_base"),
    ];
    for (text, expected) in table {
        std::fs::write(&file, &text).expect("a file");
        let words = ["serve", "--listen", "127.0.0.1:0", "--config", path(&file), "--data-dir", path(&data)];
        let mut command = Command::new(env!("CARGO_BIN_EXE_strowger"));
        let command = command.args(words).env("NO_COLOR", "1").stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program runs");
        let (status, error) = end_with_error(&mut child);
        assert!(!status, "{text:?} is accepted");
        assert!(error.contains(expected), "{text:?}: it does not say {expected:?} but {error}");
        assert!(!error.contains("panicked"), "{error}");
    }
    let words = ["serve", "--data-dir", path(&data)];
    must_fail(
        &run(&words, &[("STROWGER__CALLS__RING_SECONDS", "long")]),
        &["key calls.ring_seconds"],
        "environment",
    );
    must_fail(&run(&words, &[("STROWGER__CALL__RING", "1")]), &["key call"], "environment");
    must_fail(&run(&["serve", "--config", "/nowhere.toml"], &[]), &["/nowhere.toml"], "no file");
    must_fail(&run(&["serve", "--listen", "here"], &[]), &["--listen"], "no address");
    must_fail(&run(&["fly"], &[]), &["fly"], "no such command");
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// Whether it ended well, and what it said; one that goes on is ended.
fn end_with_error(child: &mut std::process::Child) -> (bool, String) {
    let until = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait().expect("a child") {
            Some(status) => break status.success(),
            None if Instant::now() > until => {
                child.kill().expect("it can be ended");
                break true;
            }
            None => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    };
    let mut error = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut error).expect("text");
    (status, error)
}

#[tokio::test]
async fn a_second_daemon_on_the_folder_refuses_to_start_and_the_first_lives_on() {
    let mut desk = Desk::open().await;
    let second = desk
        .command(&["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut second = second.expect("the program runs");
    let (is_well, error) = end_with_error(&mut second);
    assert!(!is_well, "the second one started");
    let expected = format!("another strowger is running on the data folder {}", desk.data().display());
    assert!(error.contains(&expected), "{error}");
    let mut said = String::new();
    second.stdout.take().expect("a pipe").read_to_string(&mut said).expect("text");
    assert_eq!(said, "", "it does not say that it listens");
    desk.agent("Anna").await;
    let made =
        desk.command(&["token", "create", "--name", "still", "--role", "admin"]).output().expect("it runs");
    assert!(made.status.success(), "the command line still finds the first: {}", text(&made.stderr));
    desk.stop().await;
    desk.start().await;
    assert_eq!(desk.api.all("users").await.len(), 1);
}

#[tokio::test]
async fn tokens_are_made_on_a_fresh_folder_and_beside_a_running_daemon() {
    // `Desk::open` makes its own on a fresh folder.
    let mut desk = Desk::open().await;
    assert_eq!(desk.api.get("me").await["role"], "admin");
    let anna = desk.agent("Anna").await;
    for (words, role) in [
        (vec!["--role", "admin"], "admin"),
        (vec!["--role", "supervisor"], "supervisor"),
        (vec!["--role", "agent", "--user", &anna.id], "agent"),
    ] {
        let made = desk
            .command(&[&["token", "create", "--name", "beside"], &words[..]].concat())
            .output()
            .expect("it runs");
        assert!(made.status.success(), "{}", text(&made.stderr));
        let secret = text(&made.stdout).split_whitespace().last().expect("the last word").to_owned();
        assert_eq!(desk.api.with_token(&secret).get("me").await["role"], role, "it works at once");
        assert!(!desk.log().contains(&secret));
    }
    for (words, said) in [
        (vec!["--role", "king"], "king"),
        (vec!["--role", "agent", "--user", super::NOBODY], "there is no user of this id"),
        (vec!["--role", "agent", "--user", "anna"], "32 lower-case hex digits"),
        (vec![], "--role"),
    ] {
        let made = desk
            .command(&[&["token", "create", "--name", "refused"], &words[..]].concat())
            .output()
            .expect("it runs");
        must_fail(&made, &[said], said);
    }
    assert!(!desk.api.get("tokens").await.to_string().contains("refused"));
    desk.stop().await;
    let made = desk
        .command(&["token", "create", "--name", "between", "--role", "agent", "--user", super::NOBODY])
        .output();
    must_fail(&made.expect("it runs"), &["no such user"], "without a daemon");
    let made =
        desk.command(&["token", "create", "--name", "between", "--role", "admin"]).output().expect("it runs");
    let secret = text(&made.stdout).split_whitespace().last().expect("the last word").to_owned();
    desk.start().await;
    assert_eq!(desk.api.with_token(&secret).get("me").await["role"], "admin");
}

#[tokio::test]
async fn what_is_in_the_data_folder_is_its_owner_s_only() {
    let desk = Desk::open().await;
    let mode =
        |path: &Path| std::fs::symlink_metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&desk.data()), 0o700);
    for entry in std::fs::read_dir(desk.data()).expect("a folder") {
        let path = entry.expect("an entry").path();
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), expected, "{}", path.display());
    }
}

#[tokio::test]
async fn a_damaged_database_or_folder_is_refused_with_its_name() {
    let mut desk = Desk::open().await;
    desk.stop().await;
    std::fs::write(
        desk.database(),
        "this is no database, but it is longer than a hundred bytes. ".repeat(99),
    )
    .unwrap();
    let mut child =
        desk.command(&["serve", "--listen", "127.0.0.1:0"]).stderr(Stdio::piped()).spawn().expect("it runs");
    let (is_well, error) = end_with_error(&mut child);
    assert!(!is_well && error.contains("database") && !error.contains("panicked"), "{error}");
    let status = end_of(&mut child).await;
    assert!(!status.success());
    let output = run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", "/proc/nowhere"], &[]);
    assert!(
        !output.status.success() && text(&output.stderr).contains("/proc/nowhere"),
        "{}",
        text(&output.stderr)
    );
}

/// Whatever the log is told to say, it never says a secret.
#[tokio::test]
async fn no_secret_is_ever_logged() {
    let desk = Desk::open_with(crate::desk::Wishes { log: "trace".into(), ..Default::default() }).await;
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut softphone = desk.softphone(&anna).await;
    let protocols = format!("strowger.v1, bearer.{}", anna.token);
    let second = super::softphones::dial(&desk, &[("sec-websocket-protocol", &protocols)])
        .await
        .expect("it is let in");
    let caller = desk.call(&channel);
    let won = softphone.take().await;
    softphone.call_is("talking").await;
    softphone.hang_up(&won);
    desk.over(&caller).await;
    drop(second);
    let params = [("CallSid", "CA1")];
    let forged = "Zm9yZ2VkIHNpZ25hdHVyZSBvZiBub2JvZHk=";
    desk.post_hook_signed(&channel.hook("voice"), &params, Some(forged)).await;
    let refused = desk.api.with_token("strowger_wrong00000000000000000000000000000000");
    assert_eq!(refused.ask(Method::GET, "me", None).await.0, 401);
    let evil = "/api/v1/users/%1b%5b31m%0aforged%20line%e2%80%ae";
    ask(&desk, "GET", evil, Some(&format!("Bearer {}", desk.api.token)), None).await;

    let log = desk.log();
    assert!(log.contains("TRACE") && log.contains("DEBUG"), "it says everything: {log}");
    let basic = {
        use base64::{Engine, prelude::BASE64_STANDARD};
        BASE64_STANDARD.encode(format!("{}:{}", desk.account.sid, desk.account.auth_token))
    };
    let resume = softphone.seen_of("welcome")[0]["resume"].as_str().expect("a token").to_owned();
    for (what, secret) in [
        ("the account's token", desk.account.auth_token.as_str()),
        ("the account's token as a password", &basic),
        ("the admin's token", &desk.api.token),
        ("an agent's token", &anna.token),
        ("a wrong token", &refused.token),
        ("a resume token", &resume),
        ("a forged signature", forged),
        ("a line of somebody else's", "\nforged line"),
        ("an escape of somebody else's", "\u{1b}["),
        ("a change of direction", "\u{202e}"),
    ] {
        let found = log.lines().find(|line| line.contains(secret.trim_start_matches('\n')));
        let found = if secret.starts_with('\n') { log.contains(secret).then_some(secret) } else { found };
        assert_eq!(found, None, "{what} is in the log");
    }
}

/// At the level that operators use, telephone numbers aren't in the log either.
#[tokio::test]
async fn numbers_are_not_logged_at_info() {
    let desk = Desk::open_with(crate::desk::Wishes { log: "info".into(), ..Default::default() }).await;
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut softphone = desk.softphone(&anna).await;
    let caller = desk.call(&channel);
    softphone.take().await;
    softphone.call_is("talking").await;
    caller.hang_up();
    let (call, _) = desk.over(&caller).await;
    let from = call["from"].as_str().expect("a number");
    assert!(!desk.log().contains(from.trim_start_matches('+')), "{}", desk.log());
}

#[tokio::test]
async fn preview_says_who_would_ring_and_why_beside_a_daemon_and_without_one() {
    let mut desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let channel =
        desk.channel_with(json!({ "name": "Sales", "routing": { "users": [ann.id, ben.id] } })).await;
    desk.api.patch(&format!("users/{}", ben.id), json!({ "ticket_access": false })).await;
    let told = |words: &[&str]| {
        let output = desk.command(words).output().expect("it runs");
        (output.status.success(), String::from_utf8(output.stdout).expect("text"))
    };
    let asked = ["preview", "--channel", &channel.id, "--at", "2026-06-01T09:00:00Z", "--from", "+43660"];
    let (fine, beside) = told(&asked);
    assert!(fine);
    assert_eq!(
        beside,
        "2026-06-01 09:00: a call to Sales rings Ann.\n  The one available agent is rung.\n  \
         The channel is open at all times.\n  Ben has no access to tickets.\n"
    );
    let before = desk.api.all("calls").await.len();
    desk.stop().await;
    let told = |words: &[&str]| desk.command(words).output().expect("it runs");
    let without = told(&asked);
    assert_eq!((String::from_utf8_lossy(&without.stdout).as_ref(), before), (beside.as_str(), 0));
    let nobody = told(&["preview", "--channel", &"0".repeat(32)]);
    assert!(!nobody.status.success());
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("there is no channel of this id"));
}

#[tokio::test]
async fn preview_tells_how_this_caller_would_be_met() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let channel = desk.channel_with(json!({ "name": "Sales", "routing": { "users": [ann.id] } })).await;
    let blocked = json!({ "name": "Karl", "numbers": ["+436641111"], "blocked": "busy" });
    desk.api.post("contacts", blocked).await;
    let told = |from: &str| {
        let words = ["preview", "--channel", &channel.id, "--at", "2026-06-01T09:00:00Z", "--from", from];
        let output = desk.command(&words).output().expect("it runs");
        String::from_utf8(output.stdout).expect("text")
    };
    let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    assert_eq!(first(&told("+436642222")), "2026-06-01 09:00: a call to Sales rings Ann.");
    let refused = told("+436641111");
    assert_eq!(
        first(&refused),
        "2026-06-01 09:00: a call to Sales is refused, as if the line were busy.",
        "{refused}"
    );
}
