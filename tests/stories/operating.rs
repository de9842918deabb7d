//! What an operator does and relies on, against the real program: backup and restore, stop and start behind a socket,
//! check, metrics, health and the log.

#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]
#![expect(clippy::disallowed_methods, reason = "it is measured how long the daemon takes")]

use crate::desk::{Desk, PATIENCE, Softphone, Wishes};
use serde_json::{Value, json};
use std::{
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::{Duration, Instant},
};
use strowger::providers::simulator::{Behaviour, Caller, Message, Number, Purpose, Rest, Story};
use tempfile::TempDir;
use tokio::time::sleep;

const SPEAKS: Behaviour = Behaviour { patience: None, message: Message::Seconds(8.0) };

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn backup(desk: &Desk, file: &Path) {
    let output = desk.command(&["backup", name(file)]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// A restore into a folder of its own.
fn restore(desk: &Desk, file: &Path, data: &Path, more: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_strowger"));
    command.args(["restore", name(file), "--data-dir", name(data)]).args(more).env("STROWGER_LOG", "error");
    let _ = desk;
    command.output().unwrap()
}

/// It fails with 1 and says this in one line.
fn must_fail(output: &Output, said: &str) {
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains(said) && !error.contains("panicked"), "it does not say {said:?} but {error}");
}

/// Every file in the folder with its content, but for the lock.
fn everything(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(everything(&path));
        } else if path.is_file() {
            let content = std::fs::read(&path).unwrap();
            found.push((path, content));
        }
    }
    found.sort();
    found
}

/// Waits until the telephone company is done with the call.
async fn gone(caller: &Caller) -> Story {
    let told = tokio::time::timeout(PATIENCE, caller.ended()).await;
    told.unwrap_or_else(|_| panic!("the caller is still there: {:#?}", caller.story()))
}

// Backup and restore

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_under_calls_goes_on_elsewhere_with_its_tickets_and_sounds() {
    let mut desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let (nobody, support) = (desk.channel(&[]).await, desk.channel(&[&ann]).await);
    let left = desk.call_with(&nobody, SPEAKS);
    desk.over(&left).await;
    let kept = desk.call_when(left.sid(), "has its message", |call| call["outcome"] == "voicemail").await;
    let _softphone = desk.softphone(&ann).await;
    let live = desk.call(&support);
    desk.call_when(live.sid(), "rings", |call| call["state"] == "ringing").await;
    // Calls come and go while the backup is made.
    let crowd: Vec<_> = (0..20).map(|_| desk.call_with(&nobody, SPEAKS)).collect();

    let folder = TempDir::new().unwrap();
    let file = folder.path().join("strowger.tar");
    backup(&desk, &file);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left beside it");
    let epoch = desk.metric("strowger_epoch").await;
    for caller in crowd.iter().chain([&live]) {
        caller.hang_up();
        gone(caller).await;
    }
    desk.stop().await;

    let data = folder.path().join("elsewhere");
    let output = restore(&desk, &file, &data, &[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    desk.elsewhere = Some(data);
    desk.start().await;
    let _softphone = desk.softphone(&ann).await;
    assert!(desk.metric("strowger_epoch").await > epoch + 1.0, "the epoch rises with a restore");
    let again = desk.call_of(left.sid()).await.expect("the call is there");
    assert_eq!((&again["voicemail"], &again["ticket"]), (&kept["voicemail"], &kept["ticket"]));
    let ticket = desk.ticket_of(&again).await;
    assert_eq!(ticket["open"], true);
    let sound = format!("{}/api/v1/calls/{}/voicemail", desk.api.address, again["id"].as_str().unwrap());
    let sound = desk.api.client.get(sound).bearer_auth(&desk.api.token).send().await.unwrap();
    assert!(sound.bytes().await.unwrap().starts_with(b"RIFF"));
    // The caller who rang when the backup was made is gone since; the daemon finds out.
    desk.call_when(live.sid(), "is found to be over", |call| call["state"] == "ended").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_t_be_restored_leaves_the_folder_as_it_was() {
    let mut desk = Desk::open().await;
    let nobody = desk.channel(&[]).await;
    let left = desk.call_with(&nobody, SPEAKS);
    desk.over(&left).await;
    desk.call_when(left.sid(), "has its message", |call| call["outcome"] == "voicemail").await;
    let folder = TempDir::new().unwrap();
    let good = folder.path().join("good.tar");
    backup(&desk, &good);
    must_fail(&restore(&desk, &good, &desk.data(), &["--replace"]), "is running on the data folder");
    desk.stop().await;
    let before = everything(&desk.data());
    must_fail(&restore(&desk, &good, &desk.data(), &[]), "is not empty");

    let bytes = std::fs::read(&good).unwrap();
    let flipped = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        bytes
    };
    let voicemail = bytes.windows(10).rposition(|window| window == b"voicemail/").unwrap();
    for (what, damaged, said) in [
        ("empty", Vec::new(), "it is empty"),
        ("something else", b"hello".repeat(500), "no archive"),
        ("cut short by a block", bytes[..bytes.len() - 512].to_vec(), "damaged"),
        ("cut in the middle", bytes[..bytes.len() / 2].to_vec(), "damaged"),
        ("longer", [&bytes[..], &[0; 512]].concat(), "damaged"),
        ("a bit of the manifest", flipped(600), "manifest is damaged"),
        ("a bit of a sound's name", flipped(voicemail + 12), "damaged"),
        ("a bit of a sound", flipped(voicemail + 2000), "is not what it was"),
    ] {
        let file = folder.path().join("damaged.tar");
        std::fs::write(&file, damaged).unwrap();
        for data in [desk.data(), folder.path().join("new")] {
            let output = restore(&desk, &file, &data, &["--replace"]);
            assert!(!output.status.success(), "{what} is restored");
            must_fail(&output, said);
        }
        assert_eq!(everything(&desk.data()), before, "{what}");
        assert!(!folder.path().join("new").exists(), "{what}");
    }
    must_fail(&restore(&desk, &folder.path().join("none.tar"), &desk.data(), &["--replace"]), "none.tar");

    let output = restore(&desk, &good, &desk.data(), &["--replace"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let aside: Vec<_> = std::fs::read_dir(desk.data()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let aside = aside.iter().find(|path| name(path).contains("before-restore-")).expect("the old is aside");
    assert!(aside.join("strowger.db").exists());
    desk.start().await;
    assert_eq!(desk.call_of(left.sid()).await.unwrap()["outcome"], "voicemail");
}

/// An archive with a right manifest, made by somebody else.
fn forge(file: &Path, manifest: &Value, members: &[(&str, tar::EntryType, &[u8])]) {
    use sha2::{Digest, Sha256};
    let text = manifest.to_string();
    let hash: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut archive = tar::Builder::new(std::fs::File::create(file).unwrap());
    let manifest_name = format!("manifest-{hash}.json");
    let first = [(manifest_name.as_str(), tar::EntryType::Regular, text.as_bytes())];
    for (path, kind, content) in first.iter().chain(members) {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        if kind.is_symlink() {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        archive.append(&header, *content).unwrap();
    }
    archive.finish().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_archive_or_a_newer_one_is_refused() {
    let desk = Desk::open().await;
    let folder = TempDir::new().unwrap();
    let (file, data) = (folder.path().join("forged.tar"), folder.path().join("a").join("data"));
    let database = json!({ "path": "strowger.db", "bytes": 1, "sha256": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881" });
    let manifest = |schema: u32, format: u32, more: Value| {
        let files: Vec<Value> =
            [database.clone()].into_iter().chain(more.as_array().unwrap().clone()).collect();
        json!({ "format": format, "strowger": "9", "schema": schema, "made_at": "2030-01-01T00:00:00Z", "files": files, "missing": [] })
    };
    let x: (&str, _, &[u8]) = ("strowger.db", tar::EntryType::Regular, b"x");
    let member = |path: &str, bytes: u64| json!([{ "path": path, "bytes": bytes, "sha256": "00" }]);
    let link = tar::EntryType::Symlink;
    for (manifest, members, said) in [
        (manifest(9999, 1, json!([])), vec![x], "use a newer strowger"),
        (manifest(1, 9, json!([])), vec![x], "use a newer strowger"),
        (
            manifest(1, 1, member("../../evil", 1)),
            vec![x, ("../../evil", x.1, b"x")],
            "no file of strowger's",
        ),
        (manifest(1, 1, member("/tmp/evil", 1)), vec![x, ("/tmp/evil", x.1, b"x")], "no file of strowger's"),
        (
            manifest(1, 1, member("media/../x", 1)),
            vec![x, ("media/../x", x.1, b"x")],
            "no file of strowger's",
        ),
        (manifest(1, 1, member("media/a.wav", 0)), vec![x, ("media/a.wav", link, b"")], "no plain file"),
        (manifest(1, 1, member("media/a.wav", 1 << 60)), vec![x, ("media/a.wav", x.1, b"x")], "damaged"),
        (manifest(1, 1, member("media/a.wav", u64::MAX)), vec![x], "damaged"),
        (manifest(1, 1, json!([])), vec![x], "the database in it is not good"),
    ] {
        forge(&file, &manifest, &members);
        must_fail(&restore(&desk, &file, &data, &[]), said);
        assert!(!data.exists() && !folder.path().join("evil").exists(), "{said}");
    }
    let elsewhere = folder.path().join("link");
    symlink("/nowhere/at/all", &elsewhere).unwrap();
    must_fail(
        &desk.command(&["backup", name(&elsewhere.join("x.tar"))]).output().unwrap(),
        "cannot write in",
    );
}

/// The command with a disk of 256 KiB at `folder`, and what is left on it listed behind what it says.
fn on_a_small_disk(command: &std::process::Command, folder: &Path) -> std::process::Command {
    let folder = name(folder);
    let script = format!(
        "mount -t tmpfs -o size=256k none {folder} && echo 'the one before' >{folder}/x.tar || exit 99
        \"$@\"; status=$?; ls -A {folder}; cat {folder}/x.tar; exit $status"
    );
    let mut unshared = std::process::Command::new("unshare");
    let inner = crate::desk::by_shell(command, &script);
    unshared.args(["--map-root-user", "--mount"]).arg(inner.get_program()).args(inner.get_args());
    unshared.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    unshared
}

/// A real one where the system lets us mount it; and everywhere one on which no file may be longer than 64 KiB.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_on_a_full_disk_fails_and_leaves_nothing() {
    let desk = Desk::open().await;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("x.tar");
    let backup = desk.command(&["backup", name(&file)]);
    let output = on_a_small_disk(&backup, folder.path()).output().unwrap();
    if matches!(output.status.code(), Some(0 | 1)) && !text(&output.stdout).is_empty() {
        must_fail(&output, "no backup was made");
        assert_eq!(text(&output.stdout), "x.tar\nthe one before\n");
    }

    std::fs::write(&file, "the one before").unwrap();
    let script = "trap '' XFSZ; ulimit -f 128; exec \"$@\"";
    let output = crate::desk::by_shell(&backup, script).output().unwrap();
    must_fail(&output, "no backup was made");
    assert_eq!(everything(folder.path()), [(file, b"the one before".to_vec())]);
}

/// A folder that is somebody else's: whoever runs the tests, what root may do everywhere is taken from them.
#[test]
fn a_folder_that_can_t_be_written_is_named_by_every_command() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let root = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0;
    let data = if root {
        std::os::unix::fs::chown(&data, Some(65_534), Some(65_534)).unwrap();
        data
    } else {
        PathBuf::from("/usr")
    };
    for words in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["token", "create", "--name", "x", "--role", "admin"],
        &["erase", "--number", "+436641234567"],
        &["restore", "/dev/null"],
    ] {
        let mut command = std::process::Command::new(if root { "setpriv" } else { "env" });
        if root {
            command.args(["--bounding-set=-dac_override,-dac_read_search,-fowner,-chown", "--no-new-privs"]);
        }
        command.arg(env!("CARGO_BIN_EXE_strowger")).args(words).arg("--data-dir").arg(&data);
        let output = command.env("STROWGER_LOG", "error").output().unwrap();
        must_fail(&output, name(&data));
        assert!(
            words[0] == "restore"
                || text(&output.stderr).contains("permitted")
                || text(&output.stderr).contains("denied")
        );
    }
}

// The service manager

/// What the daemon tells the service manager, one line each.
struct Told(tokio::net::UnixDatagram);

impl Told {
    async fn next(&self, within: Duration) -> Option<String> {
        let mut buffer = [0; 512];
        let length = tokio::time::timeout(within, self.0.recv(&mut buffer)).await.ok()?.unwrap();
        Some(text(&buffer[..length]).trim().to_owned())
    }

    async fn hears(&self, word: &str) {
        loop {
            let heard = self.next(PATIENCE).await.unwrap_or_else(|| panic!("{word} is never said"));
            if heard == word {
                return;
            }
        }
    }
}

/// The list of erasures is a pipe that nobody writes to: who reads it waits for ever, and with it the engine's loop.
#[tokio::test(flavor = "multi_thread")]
async fn the_watchdog_hears_that_the_loop_turns_and_nothing_while_it_does_not() {
    const EVERY: Duration = Duration::from_secs(2);
    let mut desk = Desk::open().await;
    desk.stop().await;
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("notify");
    let told = Told(tokio::net::UnixDatagram::bind(&socket).unwrap());
    let mut serve = desk.command(&["serve", "--listen", "127.0.0.1:0"]);
    let within = (3 * EVERY).as_micros().to_string();
    serve
        .env("NOTIFY_SOCKET", &socket)
        .env("WATCHDOG_USEC", within)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = serve.spawn().unwrap();
    let mut said = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut said)
        .unwrap();
    told.hears("READY=1").await;
    for _ in 0..3 {
        told.hears("WATCHDOG=1").await;
    }

    let list = desk.data().join("erasures");
    assert!(std::process::Command::new("mkfifo").arg(&list).status().unwrap().success());
    let address = said.trim().strip_prefix("listening on ").unwrap();
    let erase = desk.api.client.post(format!("{address}/api/v1/erasures")).bearer_auth(&desk.api.token);
    let erase = tokio::spawn(erase.json(&json!({ "number": "+436641234567" })).send());
    let mut last = 0;
    while told.next(5 * EVERY).await.is_some() {
        last += 1;
        assert!(last < 10, "the loop turns, although it waits for a pipe");
    }
    // Who reads gets a key, and then writes a line, which is read here.
    let (key, line) = (list.clone(), list.clone());
    tokio::task::spawn_blocking(move || std::fs::write(key, "00ff\n").unwrap()).await.unwrap();
    let line = tokio::task::spawn_blocking(move || std::fs::read_to_string(line).unwrap()).await.unwrap();
    assert_eq!(line.split(' ').next().unwrap().len(), 64, "{line}");
    told.hears("WATCHDOG=1").await;
    assert!(erase.await.unwrap().is_ok());
    std::fs::remove_file(list).unwrap();

    let stopped = std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(stopped.success());
    told.hears("STOPPING=1").await;
    assert!(crate::desk::end_of(&mut child).await.success());
}

// Stop and start

#[tokio::test(flavor = "multi_thread")]
async fn five_seconds_without_the_daemon_send_no_caller_to_the_fallback() {
    let mut desk = Desk::open_with(Wishes {
        pace: 4.0,
        config: "[calls]\nring_seconds = 60\n".into(),
        ..Wishes::default()
    })
    .await;
    desk.stop().await;
    desk.socket = Some(std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    desk.start().await;
    let socket = desk.socket.as_ref().unwrap().local_addr().unwrap();
    assert_eq!(desk.api.address, format!("http://{socket}"), "it serves on the socket that it was handed");
    let ([ann], channel, [mut phone]) = desk.staffed(["Ann"]).await;
    let before: Vec<_> = (0..10).map(|_| desk.call(&channel)).collect();
    let taken = phone.take().await;
    phone.call_is("talking").await;
    desk.stop().await;
    phone.closed().await;
    let meanwhile: Vec<_> = (0..5).map(|_| desk.call(&channel)).collect();
    sleep(Duration::from_secs(5)).await;
    desk.start().await;
    let mut phone = Softphone::connect(&desk.api.address, &ann.token).await;
    let welcome = phone.next("welcome").await;
    assert_eq!(welcome["call"]["call_id"], taken["call_id"], "they still talk");
    for caller in meanwhile.iter().chain(&before) {
        desk.call_when(caller.sid(), "is known", |call| call["state"] != "ended").await;
        caller.hang_up();
        let story = gone(caller).await;
        assert_eq!(story.webhooks_for(Purpose::Fallback).count(), 0, "{story:#?}");
        assert_eq!(story.problems().collect::<Vec<_>>(), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_socket_activate_hands_its_socket_over() {
    let mut desk = Desk::open().await;
    desk.stop().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let serve = desk.command(&["serve"]);
    let mut activate = std::process::Command::new("systemd-socket-activate");
    activate.args(["-l", &free.to_string()]).arg(serve.get_program()).args(serve.get_args());
    let spawned = activate.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = spawned.expect("systemd-socket-activate is there; tests/run installs it");
    let until = Instant::now() + PATIENCE;
    let mut answer = None;
    while answer.is_none() && Instant::now() < until {
        answer = desk.api.client.get(format!("http://{free}/healthz")).send().await.ok();
    }
    let answer = answer.map(|answer| answer.status().as_u16());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(answer, Some(200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_in_time_even_when_the_store_is_locked_and_nothing_unsaved_is_confirmed() {
    let mut desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let mut phone = desk.softphone(&ann).await;
    let raw = desk.lock_store().await;
    let api = desk.api.clone();
    let save = tokio::spawn(async move {
        api.ask(reqwest::Method::POST, "teams", Some(json!({ "name": "Unsaved", "main": [], "extra": [] })))
            .await
    });
    let url = format!("{}/readyz", desk.api.address);
    let mut ready = (200, String::new());
    for _ in 0..100 {
        let answer = desk.api.client.get(&url).bearer_auth(&desk.api.token).send().await.unwrap();
        ready = (answer.status().as_u16(), answer.text().await.unwrap());
        if ready.0 == 503 {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert!(ready.0 == 503 && ready.1.contains("locked"), "{ready:?}");
    assert_eq!(desk.metric("strowger_store_up").await, 0.0);
    let began = Instant::now();
    desk.stop().await;
    assert!(began.elapsed() < Duration::from_secs(10), "it took {:?}", began.elapsed());
    assert_eq!(save.await.unwrap().0, 503);
    phone.closed().await;
    drop(raw);
    desk.start().await;
    assert_eq!(desk.api.all("teams").await, Vec::<Value>::new());
}

// Metrics, health, the log

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_what_happened_and_need_a_token() {
    let desk = Desk::open().await;
    let ([ann], channel, [mut phone]) = desk.staffed(["Ann"]).await;
    let caller = desk.call(&channel);
    phone.take().await;
    phone.call_is("talking").await;
    assert_eq!(desk.metric("strowger_calls{state=\"talking\"}").await, 1.0);
    caller.hang_up();
    desk.over(&caller).await;
    desk.post_hook_signed(&channel.hook("voice"), &[("CallSid", "CA1")], Some("d3Jvbmc=")).await;
    for (name, expected) in [
        ("strowger_calls_ended_total{outcome=\"answered\"}", 1.0),
        ("strowger_calls{state=\"talking\"}", 0.0),
        ("strowger_offers_total", 1.0),
        ("strowger_offers_ended_total{cause=\"won\"}", 1.0),
        ("strowger_softphones", 1.0),
        ("strowger_store_up", 1.0),
        ("strowger_webhooks_total{provider=\"main\",result=\"forbidden\",reason=\"wrong\"}", 1.0),
        ("strowger_jobs{state=\"failed\"}", 0.0),
        ("strowger_deliveries{state=\"failed\"}", 0.0),
        ("strowger_deliveries_given_up_total", 0.0),
        ("strowger_quarantined_events", 0.0),
    ] {
        assert_eq!(desk.metric(name).await, expected, "{name}");
    }
    assert!(desk.metric("strowger_webhook_seconds_count").await >= 3.0);
    assert!(desk.metric("strowger_commit_seconds_bucket{le=\"+Inf\"}").await >= 3.0);
    assert!(desk.metric("strowger_disk_free_bytes").await > 0.0);
    let url = format!("{}/metrics", desk.api.address);
    assert_eq!(desk.api.client.get(&url).send().await.unwrap().status(), 401);
    assert_eq!(desk.api.client.get(&url).bearer_auth(&ann.token).send().await.unwrap().status(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_as_json_is_one_object_a_line_without_numbers_and_secrets() {
    let config = "[log]\nformat = \"json\"\n".to_owned();
    let desk = Desk::open_with(Wishes { config, log: "info".into(), ..Wishes::default() }).await;
    let ([ann], channel, [mut phone]) = desk.staffed(["Ann"]).await;
    let caller = desk.call(&channel);
    phone.take().await;
    phone.call_is("talking").await;
    caller.hang_up();
    let (call, _) = desk.over(&caller).await;
    desk.post_hook_signed(&channel.hook("voice"), &[("From", "+43123")], Some("d3Jvbmc=")).await;
    let log = desk.log();
    for line in log.lines() {
        let read: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(read["level"].is_string() && read["message"].is_string(), "{line}");
    }
    assert!(log.contains("a webhook is refused"));
    let from = call["from"].as_str().unwrap().trim_start_matches('+').to_owned();
    for secret in
        [from, channel.number[1..].into(), ann.token, desk.api.token.clone(), desk.account.auth_token.clone()]
    {
        assert!(!log.contains(&secret), "{secret} is in {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_can_be_a_credential() {
    let desk = Desk::open().await;
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("twilio"), "hush\n").unwrap();
    let config = folder.path().join("config.toml");
    let sid = "AC00000000000000000000000000000000";
    let provider = |value: &str| {
        format!("[providers.main]\nkind = \"twilio\"\naccount_sid = \"{sid}\"\nauth_token = {value}\n")
    };
    let read = |text: &str, credentials: bool| {
        let folder = ("CREDENTIALS_DIRECTORY".to_owned(), name(folder.path()).to_owned());
        let environment = credentials.then_some(folder).into_iter();
        strowger::config::Config::read(Some(text), environment).map_err(|error| format!("{error:#}"))
    };
    let strowger::config::Provider::Twilio(settings) =
        &read(&provider("{ credential = \"twilio\" }"), true).unwrap().providers["main"]
    else {
        panic!("it is another company");
    };
    assert_eq!(settings.auth_token.as_ref().unwrap().0, "hush");
    for (value, credentials, said) in [
        ("{ credential = \"twilio\" }", false, "LoadCredential=twilio"),
        ("{ credential = \"none\" }", true, "none"),
        ("{ credential = \"../x\" }", true, "no name of a credential"),
        ("{ file = \"/nowhere\" }", false, "/nowhere"),
    ] {
        let error = read(&provider(value), credentials).unwrap_err();
        assert!(error.contains(said) && error.contains("providers.main.auth_token"), "{error}");
    }
    drop((desk, config));
}

// Check

#[tokio::test(flavor = "multi_thread")]
async fn check_says_how_numbers_are_set_and_sets_them() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let check = |more: &[&str]| {
        let output = desk.command(&[&["check"], more].concat()).output().unwrap();
        (output.status.code(), text(&output.stdout))
    };
    let (code, said) = check(&[]);
    assert!(code == Some(1) && said.contains("no such number in this account"), "{said}");
    desk.company
        .own(Number { voice_url: "https://demo.twilio.com/welcome".into(), ..Number::new(&channel.number) });
    let (code, said) = check(&[]);
    assert_eq!(code, Some(1), "{said}");
    for part in [
        "https://demo.twilio.com/welcome",
        "never reach us",
        &channel.hook("fallback"),
        &channel.hook("status"),
    ] {
        assert!(said.contains(part), "it does not say {part:?} but {said}");
    }
    let (code, said) = check(&["--fix"]);
    assert!(code == Some(0) && said.contains("is set as it should be"), "{said}");
    let set = desk.company.number(&channel.number).unwrap();
    assert!(set.voice_url.starts_with(&channel.hook("voice")), "{set:?}");
    assert_eq!(
        (set.voice_fallback_url, set.status_callback),
        (channel.hook("fallback"), channel.hook("status"))
    );
    assert_eq!(desk.company.record().rest_problems, Vec::<String>::new());
    desk.company.own(Number { trunk_sid: "TK1".into(), ..desk.company.number(&channel.number).unwrap() });
    assert!(check(&[]).1.contains("the trunk TK1 has it"));
    for (fault, said) in [
        (Rest::Fails, "in trouble itself"),
        (Rest::Down, "in trouble itself"),
        (Rest::Garbage, "can't be read"),
    ] {
        desk.company.faults(|faults| faults.rest = fault);
        let (code, output) = check(&[]);
        assert!(code == Some(1) && output.contains(said), "{output}");
    }
    std::fs::set_permissions(desk.data(), std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(check(&[]).1.contains("can be opened by others (mode 755)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_of_a_secret_that_others_can_read_and_of_a_mail_server_that_is_not_there() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = format!(
        "[mail]\nhost = \"127.0.0.1\"\nport = {free}\ntls = \"none\"\nfrom = \"calls@example.org\"\ntimeout_seconds = 1\n"
    );
    let mut desk = Desk::open_with(Wishes { config, ..Wishes::default() }).await;
    let check = || {
        let output = desk.command(&["check"]).output().unwrap();
        (output.status.code(), text(&output.stdout))
    };
    let (code, said) = check();
    assert_eq!(code, Some(1), "{said}");
    let server = format!("error: the mail server 127.0.0.1:{free} can't be used, so no mail is sent");
    assert!(said.contains(&server), "{said}");
    assert!(said.contains("warning: http.trusted_proxies is empty"), "{said}");
    assert!(!said.contains("holds a secret"), "{said}");
    assert!(!desk.log().contains("holds a secret"));
    let file = desk.data().with_file_name("config.toml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let told = format!("{} holds a secret and can be opened by others (mode 640)", name(&file));
    assert!(check().1.contains(&format!("error: {told}")), "{}", check().1);
    desk.restart().await;
    assert!(desk.log().contains("holds a secret and can be opened by others (mode 640)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_listener_for_metrics_serves_nothing_else() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let http = format!("metrics_listen = \"{free}\"");
    let desk = Desk::open_with(Wishes { http, ..Wishes::default() }).await;
    let channel = desk.channel(&[]).await;
    let hook = channel.hook("voice").replacen(crate::desk::PUBLIC_URL, "", 1);
    let page = desk.api.client.get(format!("http://{free}/metrics")).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("strowger_store_up 1"));
    for path in ["/api/v1/me", "/api/v1/openapi.json", "/healthz", "/readyz", "/softphone", "/", &hook] {
        let answer = desk.api.client.get(format!("http://{free}{path}")).bearer_auth(&desk.api.token);
        assert_eq!(answer.send().await.unwrap().status(), 404, "{path}");
    }
}

impl Desk {
    /// One number of the metrics, by its name and labels.
    async fn metric(&self, wanted: &str) -> f64 {
        let url = format!("{}/metrics", self.api.address);
        let answer = self.api.client.get(url).bearer_auth(&self.api.token).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let page = answer.text().await.unwrap();
        let line = page.lines().find_map(|line| line.strip_prefix(wanted)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("there is no {wanted} in {page}")).parse().unwrap()
    }
}
