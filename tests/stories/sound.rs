//! Sounds, measured from outside: uploads in many formats through the real program, judged by sox and by
//! tests/audio/check; recordings of callers, trimmed; shipped messages on a telephone line. Needs sox with MP3, and Python.

#![allow(clippy::unwrap_used, reason = "what a test can't do it fails for")]

use crate::desk::{Desk, Wishes};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use strowger::providers::simulator::{Behaviour, Message};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const BOUNDARY: &str = "a-line-that-is-in-no-sound";

fn sox(arguments: &[&str]) -> String {
    let ran = Command::new("sox").args(arguments).output().expect("sox can be run; tests/run installs it");
    assert!(ran.status.success(), "sox {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    // What it measures it writes where others write their errors.
    String::from_utf8_lossy(&ran.stderr).into_owned()
}

fn shipped(name: &str) -> String {
    format!("{ROOT}/audio/{name}.wav")
}

/// A form as browsers send it.
fn form(name: &str, file: &[u8]) -> Vec<u8> {
    let mut body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n{name}\r\n--{BOUNDARY}\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\nContent-Type: audio/any\r\n\r\n"
    )
    .into_bytes();
    body.extend(file);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
    body
}

async fn send(desk: &Desk, path: &str, kind: &str, body: Vec<u8>) -> (u16, Value) {
    let url = format!("{}/api/v1/{path}", desk.api.address);
    let request = desk.api.client.post(url).bearer_auth(&desk.api.token).header("Content-Type", kind);
    let answer = request.body(body).timeout(Duration::from_secs(120)).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null))
}

async fn upload(desk: &Desk, name: &str, file: &[u8]) -> (u16, Value) {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    send(desk, "greetings", &kind, form(name, file)).await
}

/// What telephone companies get at this public address.
async fn media(desk: &Desk, url: &str) -> (StatusCode, Vec<u8>) {
    let path = url.strip_prefix(crate::desk::PUBLIC_URL).expect("a public address");
    let answer = desk.api.client.get(format!("{}{path}", desk.api.address)).send().await.unwrap();
    (answer.status(), answer.bytes().await.unwrap().into())
}

fn media_files(desk: &Desk) -> Vec<PathBuf> {
    let Ok(folder) = std::fs::read_dir(desk.data().join("media")) else { return Vec::new() };
    folder.map(|entry| entry.unwrap().path()).collect()
}

/// A number out of sox's table of measures.
fn measure(table: &str, name: &str) -> f64 {
    let line = table.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {table}"));
    line.split_whitespace().last().and_then(|number| number.parse().ok()).expect("a number")
}

/// Samples, full scale being 1.
fn samples(path: &Path) -> Vec<f64> {
    let mut reader = hound::WavReader::open(path).unwrap();
    reader.samples::<i16>().map(|sample| f64::from(sample.unwrap()) / 32_768.0).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_of_any_kind_comes_out_as_callers_are_to_hear_it() {
    let desk = Desk::open().await;
    let folder = tempfile::tempdir().unwrap();
    let speech = shipped("unanswered-de");
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let plain = samples(Path::new(&speech)).len() as f64 / 8_000.0;
    // The file to make, how sox makes it, and how much of it is not speech.
    let kinds: [(&str, &[&str], &[&str]); 9] = [
        ("cd.wav", &["-r", "44100", "-c", "2", "-b", "16"], &[]),
        ("studio.wav", &["-r", "192000", "-c", "2", "-b", "24"], &["gain", "6"]),
        ("float.wav", &["-r", "48000", "-e", "floating-point", "-b", "32"], &["gain", "-30"]),
        ("mulaw.wav", &["-r", "8000", "-e", "mu-law"], &[]),
        ("odd.wav", &["-r", "11025", "-c", "1", "-b", "8"], &[]),
        ("stereo.mp3", &["-r", "44100", "-c", "2", "-C", "128"], &["pad", "3", "2"]),
        ("small.mp3", &["-r", "16000", "-c", "1", "-C", "32"], &["gain", "-20"]),
        ("music.ogg", &["-r", "48000", "-c", "2"], &["pad", "1"]),
        ("loud.ogg", &["-r", "22050", "-c", "1"], &["gain", "-l", "15"]),
    ];
    let mut served = Vec::new();
    for (name, format, effects) in kinds {
        let file = at(name);
        sox(&[&["-D", &speech], format, &[&file], effects].concat());
        let (status, greeting) = upload(&desk, name, &std::fs::read(&file).unwrap()).await;
        assert_eq!(status, 201, "{name}: {greeting}");
        let url = greeting["audio"].as_str().unwrap();
        let (status, wav) = media(&desk, url).await;
        assert_eq!(status, 200, "{name}");
        assert!(url.ends_with(&format!("/media/{}.wav", strowger::audio::sha256(&wav))), "{url}");
        let path = at(&format!("served-{name}.wav"));
        std::fs::write(&path, &wav).unwrap();

        let about = Command::new("soxi").arg(&path).output().unwrap();
        let about = String::from_utf8_lossy(&about.stdout).into_owned();
        for line in ["Channels       : 1", "Sample Rate    : 8000", "Precision      : 16-bit"] {
            assert!(about.contains(line), "{name}: {about}");
        }
        let table = sox(&[&path, "-n", "stats"]);
        assert!(measure(&table, "Pk lev dB") < -6.0, "{name}: {table}");
        let seconds = measure(&table, "Length s");
        assert!((seconds - plain).abs() < 0.25, "{name} lasts {seconds} s, the speech {plain} s");
        assert!((greeting["seconds"].as_f64().unwrap() - seconds).abs() < 0.01, "{name}: {greeting}");
        let lead_in = sox(&[&path, "-n", "trim", "0", "0.38", "stats"]);
        assert!(lead_in.contains("Pk lev dB       -inf"), "{name}: no silence at the beginning: {lead_in}");
        let then = sox(&[&path, "-n", "trim", "0.4", "0.1", "stats"]);
        assert!(measure(&then, "Pk lev dB") > -45.0, "{name}: it does not begin after 400 ms: {then}");
        served.push(path);
    }
    let judged = Command::new(format!("{ROOT}/tests/audio/check")).arg("--message").args(&served).output();
    let judged = judged.expect("Python can be run");
    println!("{}", String::from_utf8_lossy(&judged.stdout));
    assert!(judged.status.success(), "{judged:?}");

    // The judge is no rubber stamp.
    let wrong = at("wrong.wav");
    sox(&["-D", &speech, &wrong, "gain", "-3"]);
    let judged =
        Command::new(format!("{ROOT}/tests/audio/check")).args(["--message", &wrong]).output().unwrap();
    assert!(!judged.status.success(), "3 dB too faint was accepted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_be_no_greeting_is_refused_with_the_reason_and_leaves_nothing() {
    let desk = Desk::open().await;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let made = |name: &str, format: &[&str], effects: &[&str]| {
        let file = at(name);
        sox(&[&["-D", "-n"], format, &[&file], effects].concat());
        std::fs::read(file).unwrap()
    };
    let before = desk.api.all("greetings").await.len();
    let long = ["synth", "301", "sine", "440", "gain", "-10"];
    let mut opus = b"OggS\0\x02".to_vec();
    opus.extend([0; 22]);
    opus.extend(b"OpusHead\x01\x02");
    let mut bomb = made("bomb.wav", &["-r", "8000", "-b", "16"], &["synth", "1", "sine", "440"]);
    bomb[4..8].copy_from_slice(&0x7fff_fff0_u32.to_le_bytes());
    bomb[40..44].copy_from_slice(&0x7fff_ff00_u32.to_le_bytes());
    bomb.truncate(200);
    let table: [(&str, Vec<u8>, u16, &str); 11] = [
        ("a document", b"%PDF-1.7 and so on".to_vec(), 415, "WAV, MP3 and Ogg Vorbis are good"),
        ("a page", b"<html>hello</html>".to_vec(), 415, "WAV, MP3 and Ogg Vorbis are good"),
        ("nothing", Vec::new(), 415, "WAV, MP3 and Ogg Vorbis are good"),
        ("opus", opus, 415, "Opus is not supported; WAV, MP3 and Ogg Vorbis are good"),
        ("too long", made("long.wav", &["-r", "8000"], &long), 422, "longer than 5 minutes"),
        (
            "too long in little",
            made("long.mp3", &["-r", "8000", "-C", "8"], &long),
            422,
            "longer than 5 minutes",
        ),
        ("hours in a few bytes", bomb, 422, "longer than 5 minutes"),
        (
            "six channels",
            made("six.wav", &["-r", "8000", "-c", "6"], &["synth", "1", "sine", "440"]),
            422,
            "it has 6 channels",
        ),
        (
            "a bat's rate",
            made("bat.wav", &["-r", "384000"], &["synth", "0.1", "sine", "440"]),
            422,
            "384000 samples a second",
        ),
        ("silent", made("silent.wav", &["-r", "44100"], &["trim", "0", "3"]), 422, "nothing to hear"),
        ("too big", vec![0; (10 << 20) + 1], 413, ""),
    ];
    for (name, file, expected, reason) in table {
        let (status, problem) = upload(&desk, name, &file).await;
        assert_eq!(status, expected, "{name}: {problem}");
        assert_eq!(problem["status"], expected, "{name}: {problem}");
        if !reason.is_empty() {
            assert_eq!(problem["errors"][0]["pointer"], "/file", "{name}: {problem}");
            let detail = problem["errors"][0]["detail"].as_str().unwrap();
            assert!(detail.contains(reason), "{name}: {detail}");
        }
    }
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let part = |name: &str| {
        format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\nx\r\n--{BOUNDARY}--\r\n"
        )
    };
    for (kind, body, expected) in [
        (kind.as_str(), part("name"), 422),
        (&kind, part("file"), 422),
        (&kind, part("else"), 422),
        (&kind, "nonsense".into(), 400),
        (&kind, String::new(), 400),
        ("application/json", "{}".into(), 415),
        ("multipart/form-data", part("name"), 415),
    ] {
        let (status, problem) = send(&desk, "greetings", kind, body.clone().into_bytes()).await;
        assert_eq!((status, &problem["status"]), (expected, &json!(expected)), "{kind} {body}: {problem}");
    }
    let good = std::fs::read(shipped("after-hours-en")).unwrap();
    let (status, problem) = upload(&desk, "unanswered-de", &good).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (409, &json!("/name")), "{problem}");
    let (status, problem) = upload(&desk, "", &good).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/name")), "{problem}");
    assert_eq!(desk.api.all("greetings").await.len(), before);
    assert_eq!(media_files(&desk), Vec::<PathBuf>::new(), "nothing is left of what was refused");
}

/// What is wrong in a file may hit any part of a decoder. Nothing of it may take long or come out longer than allowed.
#[test]
fn a_damaged_file_is_heard_or_refused_but_never_takes_long() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = 1_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap()
    };
    let (mut heard, mut refused) = (0, 0);
    for name in ["a.wav", "a.mp3", "a.ogg"] {
        let file = folder.path().join(name).to_string_lossy().into_owned();
        sox(&["-D", &shipped("after-hours-en"), "-r", "16000", &file, "trim", "0", "2"]);
        let good = std::fs::read(&file).unwrap();
        for _ in 0..60 {
            let mut bad = good.clone();
            for _ in 0..1 + random() % 20 {
                // Half of the damage is where files say what they are.
                let reach = if random() % 2 == 0 { 200 } else { bad.len() };
                bad[random() % reach] = u8::try_from(random() % 256).unwrap();
            }
            bad.truncate(bad.len() - random() % (bad.len() / 2));
            let before = strowger::clock::worked_seconds();
            match std::panic::catch_unwind(|| strowger::audio::convert(bad)) {
                Ok(Ok(converted)) => {
                    assert!(converted.length_ms <= 300_600, "{name}: {} ms", converted.length_ms);
                    heard += 1;
                }
                // The daemon takes a decoder that breaks for a file that is broken.
                Ok(Err(_)) | Err(_) => refused += 1,
            }
            assert!(strowger::clock::worked_seconds() - before < 20.0, "{name}: it took too long");
        }
    }
    assert!(heard > 10 && refused > 10, "{heard} heard, {refused} refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_announcement_of_more_than_a_minute_is_refused_where_it_would_hold_callers_up() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("long.wav");
    let file = file.to_str().expect("a path of text");
    sox(&["-n", "-r", "8000", "-c", "1", file, "synth", "61", "sine", "440"]);
    let (status, long) = upload(&desk, "Long", &std::fs::read(file).unwrap()).await;
    assert_eq!(status, 201, "{long}");
    let path = format!("channels/{}", channel.id);
    for slot in ["before_ringing", "while_waiting"] {
        let greetings = json!({ "greetings": { slot: { "audio": long["id"] } } });
        let (status, problem) = desk.api.ask(Method::PATCH, &path, Some(greetings)).await;
        let pointer = json!(format!("/greetings/{slot}"));
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &pointer), "{problem}");
    }
    desk.api.patch(&path, json!({ "greetings": { "unanswered": { "audio": long["id"] } } })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_greeting_is_kept_renamed_played_and_deleted_but_not_while_a_channel_plays_it() {
    let mut desk = Desk::open().await;
    let speech = std::fs::read(shipped("after-hours-nl")).unwrap();
    let (_, greeting) = upload(&desk, "Closed", &speech).await;
    let (_, double) = upload(&desk, "Closed too", &speech).await;
    assert_eq!(greeting["audio"], double["audio"], "the same sound is one file");
    let path = format!("greetings/{}", greeting["id"].as_str().unwrap());
    let double = format!("greetings/{}", double["id"].as_str().unwrap());
    let renamed = desk.api.patch(&path, json!({ "name": "Closed for good" })).await;
    assert_eq!((&renamed["name"], &renamed["audio"]), (&json!("Closed for good"), &greeting["audio"]));
    for (patch, expected) in [
        (json!({ "name": "Closed too" }), 409),
        (json!({ "audio": "x" }), 422),
        (json!({ "name": null }), 422),
    ] {
        assert_eq!(desk.api.ask(Method::PATCH, &path, Some(patch.clone())).await.0, expected, "{patch}");
    }
    let url = greeting["audio"].as_str().unwrap().to_owned();
    let anna = desk.agent("Anna").await;
    let channel = desk
        .channel_with(json!({
            "routing": { "users": [anna.id] },
            "greetings": { "unanswered": { "audio": greeting["id"] } },
        }))
        .await;
    desk.restart().await;
    let caller = desk.call_with(&channel, Behaviour { patience: None, message: Message::Seconds(8.0) });
    let (call, story) = desk.over(&caller).await;
    assert_eq!(call["outcome"], "voicemail");
    let played = format!("{story:?}");
    assert!(played.contains(&url), "the caller hears the uploaded message: {played}");

    assert_eq!(desk.api.ask(Method::DELETE, &path, None).await.0, 409, "a channel plays it");
    desk.api.patch(&format!("channels/{}", channel.id), json!({ "greetings": null })).await;
    assert_eq!(desk.api.ask(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(desk.api.ask(Method::GET, &path, None).await.0, 404);
    assert_eq!(media(&desk, &url).await.0, 200, "another greeting has the same sound");
    assert_eq!(desk.api.ask(Method::DELETE, &double, None).await.0, 204);
    assert_eq!(media(&desk, &url).await.0, 404);
    assert_eq!(media_files(&desk), Vec::<PathBuf>::new());

    let ours = desk.api.all("greetings").await[0]["id"].as_str().unwrap().to_owned();
    let ours = format!("greetings/{ours}");
    assert_eq!(desk.api.ask(Method::DELETE, &ours, None).await.0, 409, "it ships with the program");
    assert_eq!(desk.api.ask(Method::PATCH, &ours, Some(json!({ "name": "x" }))).await.0, 409);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_disk_is_full_or_the_folder_can_not_be_written_an_upload_says_so_and_calls_go_on() {
    let config = "[calls]\nring_seconds = 1\n[data]\nuploads_stop_below_mib = 1000000000\n";
    let desk = Desk::open_with(Wishes { config: config.into(), ..Wishes::default() }).await;
    let speech = std::fs::read(shipped("after-hours-nl")).unwrap();
    let (status, problem) = upload(&desk, "Closed", &speech).await;
    assert_eq!((status, &problem["title"]), (507, &json!("The disk is nearly full")), "{problem}");
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let caller = desk.call_with(&channel, Behaviour { patience: None, message: Message::Seconds(8.0) });
    assert_eq!(desk.over(&caller).await.0["outcome"], "voicemail");

    let desk = Desk::open().await;
    let before = desk.api.all("greetings").await;
    // Root may write everywhere, but not into a file as if it were a folder.
    std::fs::write(desk.data().join("media"), b"in the way").unwrap();
    let (status, problem) = upload(&desk, "Closed", &speech).await;
    assert_eq!((status, &problem["detail"]), (503, &json!("nothing was kept")), "{problem}");
    assert_eq!(desk.api.all("greetings").await, before);
}

#[tokio::test]
async fn only_admins_upload_rename_and_delete() {
    let desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    let hers = desk.api.with_token(&anna.token);
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let url = format!("{}/api/v1/greetings", desk.api.address);
    let body = form("x", b"RIFF");
    for (token, expected) in [(anna.token.as_str(), 403), ("wrong", 401)] {
        let request = desk.api.client.post(&url).bearer_auth(token).header("Content-Type", &kind);
        assert_eq!(request.body(body.clone()).send().await.unwrap().status(), expected);
    }
    let id = desk.api.all("greetings").await[0]["id"].as_str().unwrap().to_owned();
    for (method, body) in [(Method::PATCH, Some(json!({ "name": "x" }))), (Method::DELETE, None)] {
        assert_eq!(hers.ask(method, &format!("greetings/{id}"), body).await.0, 403);
    }
    let path = format!("greetings/{id}");
    assert_eq!(hers.ask(Method::GET, &path, None).await.0, 404, "no channel of hers plays it");
    let greetings = json!({ "unanswered": { "audio": id } });
    desk.channel_with(json!({ "routing": { "users": [anna.id] }, "greetings": greetings })).await;
    assert_eq!(hers.ask(Method::GET, &path, None).await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_is_heard_without_the_silence_around_it_and_kept_with_it() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let hesitating = Message::Hesitates { silent_seconds: 3.0, seconds: 6.0 };
    let caller = desk.call_with(&channel, Behaviour { patience: None, message: hesitating });
    let (call, _) = desk.over(&caller).await;
    assert_eq!(call["voicemail"]["seconds"], 12);
    let path = call["voicemail"]["audio"].as_str().unwrap();
    let seconds = async |query: &str| {
        let url = format!("{}{path}{query}", desk.api.address);
        let answer = desk.api.client.get(url).bearer_auth(&desk.api.token).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{query}");
        strowger::audio::seconds(&answer.bytes().await.unwrap()).expect("a WAV file")
    };
    let (trimmed, original) = (seconds("").await, seconds("?original=true").await);
    assert!((trimmed - 6.8).abs() < 0.1, "six seconds and a margin, not {trimmed}");
    assert!((original - 12.0).abs() < 0.01, "{original}");
    let mut files: Vec<PathBuf> =
        desk.data().join("voicemail").read_dir().unwrap().map(|one| one.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 2, "{files:?}");
    let copy = files.iter().find(|path| path.to_string_lossy().ends_with(".trimmed.wav")).unwrap();
    std::fs::remove_file(copy).unwrap();
    assert!((seconds("").await - 12.0).abs() < 0.01, "without a copy the original is heard");
    assert_eq!(
        desk.api
            .ask(
                Method::GET,
                &format!("calls/{}/voicemail?original=maybe", call["id"].as_str().unwrap()),
                None
            )
            .await
            .0,
        400
    );

    let caller = desk.call_with(&channel, Behaviour { patience: None, message: Message::Seconds(4.0) });
    desk.over(&caller).await;
    let copies = desk.data().join("voicemail").read_dir().unwrap();
    let copies =
        copies.filter(|one| one.as_ref().unwrap().path().to_string_lossy().contains("trimmed")).count();
    assert_eq!(copies, 0, "nothing was to be trimmed");
    desk.check_books().await;
}

#[test]
fn shipped_messages_are_recognised_after_a_telephone_line_and_not_taken_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = ["unanswered", "after-hours"]
        .iter()
        .flat_map(|message| ["en", "nl", "nb", "de"].map(|language| format!("{message}-{language}")))
        .collect();
    let original: Vec<Vec<f64>> = names.iter().map(|name| samples(Path::new(&shipped(name)))).collect();
    for (index, name) in names.iter().enumerate() {
        let line = folder.path().join("line.ul").to_string_lossy().into_owned();
        let heard = folder.path().join("heard.wav");
        sox(&["-D", &shipped(name), "-t", "ul", "-r", "8000", "-c", "1", &line]);
        let there = heard.to_string_lossy();
        sox(&["-D", "-t", "ul", "-r", "8000", "-c", "1", &line, "-b", "16", "-e", "signed-integer", &there]);
        let heard = samples(&heard);
        for (other, samples) in original.iter().enumerate() {
            let snr = snr_db(samples, &heard);
            assert_eq!(snr > 25.0, other == index, "{name} against {}: {snr} dB", names[other]);
        }
    }
}

/// How far the difference lies below the sound. What is longer than the other is compared with silence.
fn snr_db(sound: &[f64], heard: &[f64]) -> f64 {
    let at = |all: &[f64], n: usize| all.get(n).copied().unwrap_or(0.0);
    let noise: f64 = (0..sound.len().max(heard.len())).map(|n| (at(sound, n) - at(heard, n)).powi(2)).sum();
    let power: f64 = sound.iter().map(|sample| sample.powi(2)).sum();
    10.0 * (power / noise).log10()
}
