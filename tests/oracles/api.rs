//! The API against schemathesis (PyPI), which makes up requests from the API's own document: as an admin and as an agent
//! no answer is a 500, undocumented, or of another shape than the document says, and the agent sees nothing foreign.

use crate::desk::{Agent, Desk, Wishes};
use serde_json::{Value, json};
use std::process::Command;
use strowger::providers::simulator::{Behaviour, Message};

/// Stands in everything that the agent has no part in.
const MARKER: &str = "+43190009990999";
/// How many requests are made up for an operation, besides those at the edges of its schema.
const EXAMPLES: &str = "6";

/// A call with a message, and its ticket.
async fn message(desk: &Desk, channel: &crate::desk::Channel) -> Value {
    let behaviour = Behaviour { message: Message::Seconds(4.0), ..Behaviour::default() };
    let caller = desk.call_with(channel, behaviour);
    desk.over(&caller).await;
    desk.call_when(caller.sid(), "has its message", |call| call["voicemail"].is_object()).await
}

/// What no schema can say (an id must be of something that is there, a time zone must exist) is refused all the same:
/// `positive_data_acceptance` is left out.
fn fuzz(desk: &Desk, token: &str, markers: &[&str], known: &Value, only: &[&str]) -> Result<(), String> {
    let root = env!("CARGO_MANIFEST_DIR");
    let venv = format!("{root}/tests/.venv/bin/python");
    let python = std::env::var("STROWGER_TEST_PYTHON").unwrap_or(venv);
    let address = &desk.api.address;
    let oracles = format!("{root}/tests/oracles");
    let folder = tempfile::tempdir().expect("a folder");
    let run = Command::new(&python)
        // Where it keeps what it found is nobody's next time.
        .current_dir(folder.path())
        .args(["-m", "schemathesis.cli", "--config-file", &format!("{oracles}/schemathesis.toml"), "run"])
        .args([&format!("{address}/api/v1/openapi.json"), "--url", address])
        .args([
            "--header",
            &format!("Authorization: Bearer {token}"),
            "--checks",
            "all",
            "--exclude-checks",
            "positive_data_acceptance",
            "--seed",
            "1889",
        ])
        .args(["--max-examples", EXAMPLES, "--phases", "examples,coverage,fuzzing", "--no-color"])
        .args(["--continue-on-failure", "--generation-database", "none", "--warnings", "off"])
        .args(only)
        .env("SCHEMATHESIS_HOOKS", "fuzz_hooks")
        .env("PYTHONPATH", &oracles)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("STROWGER_FOREIGN_MARKERS", markers.join(","))
        .env("STROWGER_KNOWN_IDS", known.to_string())
        .output()
        .unwrap_or_else(|error| {
            panic!("{python} cannot be run ({error}); make it with tests/run, or set STROWGER_TEST_PYTHON")
        });
    let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    // A run that tested nothing also ends well.
    let tested = said.contains(" generated, ") && said.contains("Fuzzing");
    if run.status.success() && tested { Ok(()) } else { Err(said) }
}

#[tokio::test]
async fn a_fuzzer_finds_no_500_nothing_undocumented_and_nothing_foreign() {
    // It asks more in a minute than anybody should.
    let limits = ["api_per_token", "api_per_address", "wrong_tokens_per_address"];
    let limits: String = limits.iter().map(|limit| format!("{limit} = 0\n")).collect();
    let config = format!("[calls]\nring_seconds = 20\nshort_abandon_seconds = 0\n[limits]\n{limits}");
    let desk = Desk::open_with(Wishes { config, ..Wishes::default() }).await;
    let insider: Agent = desk.agent("Insider").await;
    let stranger = json!({
        "name": "Stranger", "email": format!("{MARKER}@example.org"), "role": "agent", "seats": ["service"],
    });
    let stranger = desk.agent_with("Stranger", stranger).await;
    let team = desk.team("Theirs", &[&stranger], &[]).await;
    let ours = desk.channel(&[&insider]).await;
    let theirs = desk
        .channel_with(json!({
            "number": MARKER, "routing": { "teams": [team] },
            "greetings": { "unanswered": { "text": MARKER, "language": "en-US" } },
        }))
        .await;
    let (own, foreign) = tokio::join!(message(&desk, &ours), message(&desk, &theirs));
    assert_eq!(foreign["to"], MARKER);
    let webhook =
        json!({ "name": "board", "url": "https://example.org/board", "events": ["*"], "enabled": false });
    let webhook = desk.api.post("webhooks", webhook).await;
    let known = json!({
        "users": [insider.id, stranger.id], "teams": [team], "channels": [ours.id, theirs.id],
        "greetings": [desk.api.get("greetings").await["items"][0]["id"]],
        "calls": [own["id"], foreign["id"]], "tickets": [own["ticket"], foreign["ticket"]],
        "webhooks": [webhook["id"]],
    });
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    let foreign_ids = [text(&foreign["id"]), text(&foreign["ticket"]), theirs.id.clone()];
    let markers: Vec<&str> = foreign_ids.iter().map(String::as_str).chain([MARKER]).collect();
    for (who, token, markers) in
        [("an agent", &insider.token, markers), ("an admin", &desk.api.token, Vec::new())]
    {
        let found = fuzz(&desk, token, &markers, &known, &[]);
        assert!(found.is_ok(), "as {who}: {}", found.unwrap_err());
    }
    assert!(!desk.log().contains("panicked"), "{}", desk.log());
    // The oracle has eyes: what the agent may see is seen, were it marked as foreign.
    let found = fuzz(&desk, &insider.token, &[&insider.id], &known, &["--include-path", "/api/v1/me"])
        .expect_err("it is seen");
    assert!(found.contains("what is foreign"), "{found}");
}
