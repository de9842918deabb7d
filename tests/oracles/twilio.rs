//! The edge to Twilio against Twilio's own SDK for Python (PyPI: twilio). What it signs must be accepted, and refused
//! after the smallest change; our documents must be the ones that its builder makes. Python's side is in tests/oracles.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use axum::http::{HeaderMap, HeaderName};
use chrono::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};
use strowger::calls::decision::{Connect, Device};
use strowger::config;
use strowger::providers::addresses::{self, Addresses, Hook};
use strowger::providers::twilio::{Dialect, Twilio, write};
use strowger::providers::{Document, Hooks, Request, RungDevice, Spoken, Unsigned};
use strowger::routing::ids::{CallId, ChannelId, Ids, OfferId, UserId};
use strowger::routing::people::Reach;

fn ask_python(script: &str, questions: String) -> Vec<Value> {
    let venv = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/.venv/bin/python");
    ask(std::env::var("STROWGER_TEST_PYTHON").unwrap_or(venv.to_owned()), script, questions)
}

/// SignalWire's SDK wants an old one of Twilio's, so it lives by itself.
fn ask_other_python(script: &str) -> Vec<Value> {
    let venv = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/.venv-dialects/bin/python");
    let python = std::env::var("STROWGER_TEST_PYTHON_DIALECTS").unwrap_or(venv.to_owned());
    ask(python, script, String::new())
}

fn ask(python: String, script: &str, questions: String) -> Vec<Value> {
    let script = format!("{}/tests/oracles/{script}", env!("CARGO_MANIFEST_DIR"));
    let child = Command::new(&python).arg(&script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| {
        panic!("{python} cannot be run ({error}); make it with tests/run, or set STROWGER_TEST_PYTHON")
    });
    let mut stdin = child.stdin.take().expect("a pipe");
    let asking = std::thread::spawn(move || stdin.write_all(questions.as_bytes()));
    let answer = child.wait_with_output().expect("an answer");
    assert!(answer.status.success(), "{python} {script} failed");
    asking.join().expect("no panic").expect("Python reads its questions");
    let text = String::from_utf8(answer.stdout).expect("text from Python");
    text.lines().map(|line| serde_json::from_str(line).expect("a line from Python")).collect()
}

#[derive(Deserialize)]
struct Case {
    account: usize,
    webhook: Webhook,
    /// What was changed, and what came of it.
    tampered: Vec<(String, Webhook)>,
}

#[derive(Debug, Deserialize)]
struct Webhook {
    public_url: String,
    target: String,
    method: String,
    headers: BTreeMap<String, String>,
    body: String,
    /// When it is looked at, in Unix time; Twilio's signature knows none.
    #[serde(default)]
    now: i64,
}

impl Webhook {
    fn verify(&self, twilio: &Twilio) -> Result<(), Unsigned> {
        let header = |(name, value): (&String, &String)| {
            (HeaderName::from_bytes(name.as_bytes()).expect("a header"), value.parse().expect("a value"))
        };
        let headers: HeaderMap = self.headers.iter().map(header).collect();
        let body = self.body.as_bytes();
        twilio.verify(
            &self.public_url,
            &Request { method: &self.method, target: &self.target, headers: &headers, body },
            DateTime::from_timestamp(self.now, 0).expect("a time"),
        )
    }
}

fn account(mut settings: Value) -> Twilio {
    settings["account_sid"] = json!("ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    let settings = serde_json::from_value(settings).expect("settings");
    Twilio::new(settings).expect("an account")
}

#[test]
fn what_twilio_signs_is_accepted_and_refused_after_any_change() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let lines = ask_python("twilio_sign.py", String::new());
    let (accepted, refused) = verified(lines, account);
    println!("{accepted} webhooks accepted; refused after a change of {refused:?}");
    assert!(accepted >= 4000);
    for what in ["algorithm", "body", "key", "method", "public_url", "signature", "target"] {
        assert!(refused[what] > 500, "only {} with another {what}", refused[what]);
    }
}

#[test]
fn what_signalwire_somleng_and_telnyx_sign_is_accepted_and_refused_after_any_change() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let lines = ask_other_python("dialects_sign.py");
    let (accepted, refused) = verified(lines, |settings| {
        let provider: config::Provider = serde_json::from_value(settings).expect("settings");
        provider.account().expect("an account")
    });
    println!("{accepted} webhooks accepted; refused after a change of {refused:?}");
    assert!(accepted >= 4500);
    for what in ["body", "clock", "missing", "public_url", "signature", "target", "time"] {
        assert!(refused[what] > 1500, "only {} with another {what}", refused[what]);
    }
}

/// How many webhooks were accepted, and how many copies refused by what was changed in them.
fn verified(lines: Vec<Value>, account: impl Fn(Value) -> Twilio) -> (u32, BTreeMap<String, u32>) {
    let mut lines = lines.into_iter();
    let mut head = lines.next().expect("a head");
    let accounts = head["accounts"].as_array_mut().expect("accounts");
    let accounts: Vec<Twilio> = accounts.iter_mut().map(|one| account(one.take())).collect();
    let (mut accepted, mut refused) = (0, BTreeMap::<String, u32>::new());
    for line in lines {
        let Case { account, webhook, tampered } = serde_json::from_value(line).expect("a case");
        assert_eq!(webhook.verify(&accounts[account]), Ok(()), "{webhook:?}");
        accepted += 1;
        for (what, copy) in tampered {
            assert!(
                copy.verify(&accounts[account]).is_err(),
                "with another {what}: {copy:?}, from {webhook:?}"
            );
            *refused.entry(what).or_default() += 1;
        }
    }
    (accepted, refused)
}

const PUBLIC: &str = "https://calls.example.org/tel";

struct World {
    addresses: Addresses,
    call: CallId,
    agent: UserId,
    offer: OfferId,
}

impl World {
    fn new() -> Self {
        let mut ids = Ids::new(3);
        let channel = ChannelId(ids.next(1));
        let (public_url, provider, epoch) = (PUBLIC.into(), "main".into(), Some(7));
        let addresses = Addresses { public_url, provider, channel, epoch };
        Self { addresses, call: CallId(ids.next(1)), agent: UserId(ids.next(1)), offer: OfferId(ids.next(1)) }
    }

    /// An address of the channel, spelt out here once more.
    fn url(&self, rest: &str) -> String {
        format!("{PUBLIC}/hooks/main/{}/{rest}", self.addresses.channel)
    }

    fn call_url(&self, rest: &str) -> String {
        self.url(&format!("c/{}/{rest}", self.call))
    }

    /// One that is made for a dial says who dialled.
    fn dial_url(&self, rest: &str) -> String {
        self.url(&format!("e/7/c/{}/{rest}", self.call))
    }

    fn holds(&self) -> Vec<(Value, Document)> {
        let holding = |(expected, sorry): (Value, Spoken)| {
            let content = json!({"document": "hold", "sorry": expected, "clip": media("c"), "next": self.call_url("wait/8")});
            (
                content,
                Document::Hold { sorry: Some(sorry), clip: "c".repeat(64), next: Hook::Wait(self.call, 8) },
            )
        };
        let stateless =
            json!({"document": "hold", "sorry": null, "clip": media("c"), "next": self.url("held/1")});
        let stateless =
            (stateless, Document::Hold { sorry: None, clip: "c".repeat(64), next: Hook::Held(1) });
        speeches().into_iter().map(holding).chain([stateless]).collect()
    }

    fn waits(&self) -> Vec<(Value, Document)> {
        let waiting = |(expected, words): (Value, Spoken)| {
            let content = json!({"document": "wait", "words": expected, "clip": media("c"),
                "key": self.call_url("key/8"), "next": self.call_url("wait/8")});
            let (key, next) = (Hook::Key(self.call, 8), Hook::Wait(self.call, 8));
            (content, Document::Wait { words, clip: "c".repeat(64), key, next })
        };
        speeches().into_iter().map(waiting).collect()
    }

    fn connects(&self) -> Vec<(Value, Document)> {
        let reaches = [
            (json!(["client", "alice"]), Reach::Client("alice".into())),
            (json!(["client", "<a&b>"]), Reach::Client("<a&b>".into())),
            (
                json!(["sip", "sip:a@example.org;transport=tls?x=1&y=2"]),
                Reach::Sip("sip:a@example.org;transport=tls?x=1&y=2".into()),
            ),
            (json!(["number", "+436641234567"]), Reach::Number("+436641234567".into())),
        ];
        let caller_ids = [
            ("+4312345", json!("+4312345")),
            ("sip:desk@example.org", json!(null)),
            ("anonymous", json!(null)),
        ];
        let mut connects = Vec::new();
        for (expected, reach) in reaches {
            for (caller_id, shown) in &caller_ids {
                let content = json!({"document": "connect", "reach": expected, "caller_id": shown, "seconds": 20,
                    "offer": self.offer.to_string(), "over": self.dial_url("over/2"), "leg": self.dial_url("leg/2"),
                    "screen": self.dial_url("screen/2")});
                let connect = Connect {
                    attempt: 2,
                    agent: self.agent,
                    offer: self.offer,
                    reach: reach.clone(),
                    seconds: 20,
                    caller_id: (*caller_id).into(),
                };
                let (over, leg) = (Hook::Over(self.call, 2), Hook::Leg(self.call, 2));
                let screen = matches!(reach, Reach::Number(_)).then_some(Hook::Screen(self.call, 2));
                let hooks = Hooks { over, leg, screen };
                connects.push((content, Document::Connect(connect, hooks)));
            }
        }
        connects
    }

    /// One device, and ten of every kind.
    fn devices(&self) -> Vec<(Value, Document)> {
        let kinds = [
            (json!(["client", "a&b"]), Reach::Client("a&b".into())),
            (
                json!(["sip", "sip:ann@example.org;transport=tls"]),
                Reach::Sip("sip:ann@example.org;transport=tls".into()),
            ),
            (json!(["number", "+436641234567"]), Reach::Number("+436641234567".into())),
        ];
        let mut ids = Ids::new(77);
        let mut dial = |count: usize| {
            let (mut expected, mut devices) = (Vec::new(), Vec::new());
            for (kind, reach) in kinds.iter().cycle().take(count) {
                let offer = OfferId(ids.next(1));
                let (leg, pick_up) = (Hook::Device(self.call, offer), Hook::PickUp(self.call, offer));
                expected.push(json!({"reach": kind, "offer": offer.to_string(),
                    "leg": self.dial_url(&format!("device/{offer}")), "pick_up": self.dial_url(&format!("pick-up/{offer}"))}));
                devices.push(RungDevice { device: Device { offer, reach: reach.clone() }, leg, pick_up });
            }
            let content = json!({"document": "dial_devices", "devices": expected, "seconds": 25, "over": self.dial_url("over/4")});
            (content, Document::DialDevices { devices, seconds: 25, over: Hook::Over(self.call, 4) })
        };
        vec![dial(1), dial(2), dial(3), dial(10)]
    }

    fn messages(&self) -> Vec<(Value, Document)> {
        let taking = |(expected, greeting): (Value, Spoken)| {
            let content = json!({"document": "take_message", "greeting": expected, "done": self.call_url("message-done"),
                "status": self.call_url("message-status"), "empty": self.call_url("message-empty/1")});
            let (done, status) = (Hook::MessageDone(self.call), Hook::MessageStatus(self.call));
            (
                content,
                Document::TakeMessage { greeting, done, status, empty: Hook::MessageEmpty(self.call, 1) },
            )
        };
        let storeless = json!({"document": "take_message", "greeting": {"play": media("a")}, "done": self.url("message-done"),
            "status": self.url("message-status"), "empty": self.url("held/1")});
        let greeting = Spoken::Play { sha256: "a".repeat(64) };
        let (done, status) = (Hook::LooseDone, Hook::LooseStatus);
        let storeless = (storeless, Document::TakeMessage { greeting, done, status, empty: Hook::Held(1) });
        speeches().into_iter().map(taking).chain([storeless]).collect()
    }

    fn screens(&self) -> Vec<(Value, Document)> {
        let screen = |(expected, words): (Value, Spoken)| {
            let content =
                json!({"document": "screen", "words": expected, "pressed": self.dial_url("pressed/2")});
            (content, Document::Screen { words, pressed: Hook::Pressed(self.call, 2) })
        };
        speeches().into_iter().map(screen).collect()
    }

    fn farewells() -> Vec<(Value, Document)> {
        let farewell = |(expected, words)| {
            (json!({"document": "farewell", "words": expected}), Document::Farewell(Some(words)))
        };
        let silent = (json!({"document": "farewell", "words": null}), Document::Farewell(None));
        speeches().into_iter().map(farewell).chain([silent]).collect()
    }

    fn documents(&self) -> Vec<(Value, Document)> {
        let reject = (json!({"document": "reject"}), Document::Reject);
        let nothing = (json!({"document": "nothing"}), Document::Nothing);
        let outside = json!({"document": "dial_outside", "number": "+431234567", "caller_id": "+43199", "over": self.dial_url("over/3")});
        let (number, caller_id) = ("+431234567".to_owned(), "+43199".to_owned());
        let outside = (outside, Document::DialOutside { number, caller_id, over: Hook::Over(self.call, 3) });
        [
            self.holds(),
            self.waits(),
            self.connects(),
            self.devices(),
            self.screens(),
            self.messages(),
            Self::farewells(),
            vec![reject, nothing, outside],
        ]
        .concat()
    }
}

fn media(letter: &str) -> String {
    format!("{PUBLIC}/media/{}.wav", letter.repeat(64))
}

/// What a caller may hear: what Python is to expect, and what we are told.
fn speeches() -> Vec<(Value, Spoken)> {
    let say = |expected: &str, text: &str, language: &str| {
        (
            json!({"say": expected, "language": language}),
            Spoken::Say { text: text.into(), language: language.into() },
        )
    };
    let words = "\"Grüß Gott\" & <auf Wiederhören> ".repeat(125);
    vec![
        (json!({"play": media("a")}), Spoken::Play { sha256: "a".repeat(64) }),
        say("We are closed.\nCall again!", "We are closed.\nCall again!", "en-US"),
        say("Grüß <b>Gott</b> & 'Servus' \"😀\" ]]>", "Grüß <b>Gott</b> & 'Servus' \"😀\" ]]>", "de-AT"),
        say("bell and zero", "be\u{7}ll \u{0}and zero\u{1b}\u{ffff}", "en-GB"),
        say(&words, &words, "de-DE"),
        say(words.trim_end(), &format!("{words}bye bye"), "de-DE"),
    ]
}

#[test]
fn documents_are_those_of_twilio_s_builder_and_lead_somewhere() {
    let world = World::new();
    let documents = world.documents();
    let replies: Vec<_> =
        documents.iter().map(|(_, document)| write(Dialect::Twilio, &world.addresses, document)).collect();
    let questions = documents
        .iter()
        .zip(&replies)
        .map(|((content, _), reply)| json!({"content": content, "document": reply.body}).to_string() + "\n");
    let answers = ask_python("twiml.py", questions.collect());
    assert_eq!(answers.len(), documents.len());
    for ((answer, reply), (_, document)) in answers.iter().zip(&replies).zip(&documents) {
        assert_eq!(answer["problem"], Value::Null, "{document:?}");
        assert_eq!(interpret(&answer["tree"], &world), Ok(()), "{document:?}");
        assert!(reply.body.len() < 64 * 1024 && reply.content_type == "text/xml; charset=utf-8");
    }
    println!("{} documents are as Twilio's builder makes them", documents.len());
}

#[test]
fn the_interpreter_finds_what_is_wrong_with_a_document() {
    let world = World::new();
    let (play, next) = (format!("<Play>{}</Play>", media("c")), world.call_url("wait/1"));
    let redirect = format!(r#"<Redirect method="POST">{next}</Redirect>"#);
    let record = format!(r#"<Record action="{next}" method="POST"/>"#);
    let dial =
        |more: &str, inside: &str| format!(r#"<Dial {more} method="POST" timeLimit="9">{inside}</Dial>"#);
    let dialled = dial(&format!(r#"action="{next}""#), "<Number>+43</Number>");
    let wrong = [
        (redirect.clone(), "no time passes before a redirect"),
        (format!("{play}{redirect}{play}"), "Play is never reached"),
        (format!("<Hangup/>{play}"), "Play is never reached"),
        (format!("{dialled}<Hangup/>"), "Hangup is never reached"),
        (dial("", "<Number>+43</Number>"), "Dial has no action"),
        (dial(&format!(r#"action="{next}""#), ""), "Dial rings nobody"),
        (r#"<Record method="POST"/><Hangup/>"#.into(), "Record has no action"),
        (record, "the document just ends"),
        (play.clone(), "the document just ends"),
        (format!(r#"{play}<Redirect method="POST"/>"#), "an address that isn't ours: "),
        (format!(r#"{play}<Redirect method="POST">wait/1</Redirect>"#), "an address that isn't ours: wait/1"),
        (format!(r#"{play}<Redirect>{next}</Redirect>"#), "Redirect does not say POST"),
        (
            format!(r#"{play}<Redirect method="POST">{next}/x</Redirect>"#),
            "an address that nobody understands: ",
        ),
        (format!(r#"<Play loop="0">{}</Play>{redirect}"#, media("c")), "Play goes on for ever"),
        ("<Play>https://elsewhere.example.org/x.wav</Play><Hangup/>".into(), "a sound that isn't ours: "),
        (format!("{play}<Reject/>"), "Reject comes too late"),
        (format!("<Reject/>{play}"), "Play is never reached"),
        ("<Say></Say><Hangup/>".into(), "Say says nothing"),
        (format!("<Gather>{play}</Gather>{redirect}"), "Gather has no action"),
        (format!(r#"<Gather action="{next}" method="POST">{play}</Gather>"#), "the document just ends"),
        (
            format!(r#"<Gather action="{next}" method="POST"><Hangup/></Gather>{redirect}"#),
            "Hangup in Gather",
        ),
        (format!("<Enqueue/>{redirect}"), "an unknown verb: Enqueue"),
    ];
    let question = |verbs: &str| {
        json!({"content": null, "document": format!("<Response>{verbs}</Response>")}).to_string() + "\n"
    };
    let questions =
        wrong.iter().map(|(verbs, _)| question(verbs)).chain([question(&format!("{play}{redirect}"))]);
    let answers = ask_python("twiml.py", questions.collect());
    let (good, bad) = answers.split_last().expect("answers");
    assert_eq!(interpret(&good["tree"], &world), Ok(()));
    for (answer, (verbs, expected)) in bad.iter().zip(&wrong) {
        let found = interpret(&answer["tree"], &world).expect_err(verbs);
        assert!(found.starts_with(expected), "{verbs}: {found}");
    }
}

#[test]
fn the_comparison_finds_a_difference() {
    let world = World::new();
    let (content, document) = world.messages().remove(0);
    let xml = write(Dialect::Twilio, &world.addresses, &document).body;
    for (from, to) in
        [("maxLength=\"180\"", "maxLength=\"181\""), ("playBeep", "playbeep"), ("aaa.wav", "aab.wav")]
    {
        assert!(xml.contains(from));
        let question = json!({"content": content, "document": xml.replace(from, to)}).to_string() + "\n";
        assert_ne!(ask_python("twiml.py", question)[0]["problem"], Value::Null, "{to}");
    }
}

type Element = (String, BTreeMap<String, String>, String, Vec<Value>);

fn element(tree: &Value) -> Element {
    serde_json::from_value(tree.clone()).expect("an element")
}

/// Goes through a document as Twilio would, down the list of verbs. Every path must end in a question to us or in a
/// hang-up, and take time before it asks again; nothing may stand where nobody gets.
fn interpret(tree: &Value, world: &World) -> Result<(), String> {
    let (name, _, _, verbs) = element(tree);
    assert_eq!(name, "Response");
    let (mut time_passes, mut over) = (false, verbs.is_empty());
    for verb in &verbs {
        let (name, attributes, text, children) = element(verb);
        if over {
            return Err(format!("{name} is never reached"));
        }
        match name.as_str() {
            "Play" | "Say" => {
                heard(&name, &attributes, &text)?;
                time_passes = true;
            }
            // What follows runs only if nothing was recorded, and then the silence took its time.
            "Record" => {
                callbacks(&name, &attributes, world)?;
                time_passes = true;
            }
            // What follows runs only if no key was pressed, and then listening took its time.
            "Gather" => {
                callbacks(&name, &attributes, world)?;
                for inner in &children {
                    let (name, attributes, text, _) = element(inner);
                    if !matches!(name.as_str(), "Play" | "Say") {
                        return Err(format!("{name} in Gather"));
                    }
                    heard(&name, &attributes, &text)?;
                }
                time_passes = true;
            }
            "Dial" => {
                dialled(&attributes, &children, world)?;
                over = true;
            }
            "Redirect" if !time_passes => return Err("no time passes before a redirect".into()),
            "Redirect" => {
                posted(&name, &attributes, "method")?;
                understood(&text, world)?;
                over = true;
            }
            "Hangup" => over = true,
            "Reject" if time_passes => return Err("Reject comes too late: the call is answered".into()),
            "Reject" => over = true,
            other => return Err(format!("an unknown verb: {other}")),
        }
    }
    if over { Ok(()) } else { Err("the document just ends".into()) }
}

fn heard(name: &str, attributes: &BTreeMap<String, String>, text: &str) -> Result<(), String> {
    match (name, text) {
        _ if attributes.get("loop").is_some_and(|times| times == "0") => {
            Err(format!("{name} goes on for ever"))
        }
        ("Say", "") => Err("Say says nothing".into()),
        ("Play", url) if !url.starts_with(&format!("{PUBLIC}/media/")) => {
            Err(format!("a sound that isn't ours: {url}"))
        }
        _ => Ok(()),
    }
}

fn dialled(attributes: &BTreeMap<String, String>, callees: &[Value], world: &World) -> Result<(), String> {
    callbacks("Dial", attributes, world)?;
    if callees.is_empty() {
        return Err("Dial rings nobody".into());
    }
    if callees.len() > 10 {
        return Err("Dial rings more than ten".into());
    }
    for callee in callees {
        let (name, attributes, ..) = element(callee);
        if let Some(url) = attributes.get("url") {
            understood(url, world)?;
            posted(&name, &attributes, "method")?;
        }
        if let Some(url) = attributes.get("statusCallback") {
            understood(url, world)?;
            posted(&name, &attributes, "statusCallbackMethod")?;
        }
    }
    Ok(())
}

/// Without an action Twilio would ask for this very document again.
fn callbacks(name: &str, attributes: &BTreeMap<String, String>, world: &World) -> Result<(), String> {
    understood(attributes.get("action").ok_or(format!("{name} has no action"))?, world)?;
    posted(name, attributes, "method")?;
    if let Some(url) = attributes.get("recordingStatusCallback") {
        understood(url, world)?;
        posted(name, attributes, "recordingStatusCallbackMethod")?;
    }
    Ok(())
}

fn posted(name: &str, attributes: &BTreeMap<String, String>, method: &str) -> Result<(), String> {
    let post = attributes.get(method).is_some_and(|method| method == "POST");
    if post { Ok(()) } else { Err(format!("{name} does not say POST")) }
}

fn understood(url: &str, world: &World) -> Result<Hook, String> {
    let path = url.strip_prefix(&world.url("")).ok_or(format!("an address that isn't ours: {url}"))?;
    addresses::parse(path).map(|(hook, _)| hook).ok_or(format!("an address that nobody understands: {url}"))
}

#[test]
fn a_browser_s_token_is_the_one_that_twilio_s_sdk_makes() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (sid, key) = (format!("AC{}", "a".repeat(32)), format!("SK{}", "b".repeat(32)));
    let secret = "a secret of an API key, and long enough";
    let account = account(json!({ "api_key_sid": key, "api_key_secret": secret }));
    let asked = |identity: &str, now: i64, token: &str| {
        json!({ "account": sid, "key": key, "secret": secret, "identity": identity, "now": now, "token": token })
            .to_string()
            + "\n"
    };
    let mut questions = String::new();
    for (identity, now) in [("alice", 1_700_000_000), ("agent_42", 1_780_000_000), ("Z", 4_000_000_000)] {
        let at = chrono::DateTime::from_timestamp(now, 0).expect("an instant");
        let made = account.softphone_token(identity, at).expect("there is an API key");
        assert_eq!((made.kind, made.exp), ("twilio", now + 3600));
        questions += &asked(identity, now, &made.token);
    }
    let right = ask_python("twilio_token.py", questions.clone());
    assert!(right.len() == 3 && right.iter().all(|answer| answer["problem"].is_null()), "{right:?}");
    let wrong = ask_python("twilio_token.py", questions.replace("alice", "mallory"));
    assert!(wrong[0]["problem"].is_string(), "another identity is found out: {wrong:?}");
    let plain = account_without_key().softphone_token("alice", chrono::DateTime::UNIX_EPOCH);
    assert_eq!(plain, None);
}

fn account_without_key() -> Twilio {
    account(json!({ "auth_token": "12345" }))
}
