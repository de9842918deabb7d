//! Settings documents: users, teams, channels, contacts and webhooks. Whatever is sent is refused with a place or kept;
//! what is kept is shown as it is kept, can be sent back, and can be loaded again, or the daemon would not start.

use crate::{desk::Desk, draw::Draw};
use chrono::DateTime;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use strowger::{
    calls::channel::Times,
    desk::settings::{Ground, ReachRules, Refused, Settings},
    providers::twilio::Dialect,
    routing::{
        hours::Hours,
        ids::{ChannelId, ContactId, Ids, TeamId, UserId, WebhookId},
        people::SecondFactorFor,
    },
    store::{
        audit::Subject,
        settings::Change,
        webhooks::{Secret, Webhook},
    },
    zones::Zones,
};
use uuid::Uuid;

fn ground() -> Ground {
    let zones = Zones::load();
    Ground {
        account: zones.get("Europe/Vienna").expect("a zone"),
        zones,
        providers: Dialect::ALL
            .iter()
            .map(|dialect| (format!("{dialect:?}").to_lowercase(), *dialect))
            .collect(),
        times: Times::default(),
        allow_loopback: false,
        reach: ReachRules { prefixes: vec!["+43".into()], sip_hosts: vec!["pbx.example".into()] },
        second_factor: SecondFactorFor::default(),
    }
}

/// Two of each kind, whether they are there or not.
fn id(at: usize) -> Uuid {
    let mut ids = Ids::new(5);
    (0..=at).map(|_| ids.next(1)).last().expect("one is made")
}

fn text(id: Uuid) -> String {
    id.simple().to_string()
}

fn name(draw: &mut Draw<'_>) -> String {
    if draw.chance(8) {
        draw.text(6)
    } else {
        draw.pick(&["Ann", "Bob", "Zoë 👩‍👩‍👧", "<b>", "\u{202e}x"]).into()
    }
}

fn number(draw: &mut Draw<'_>) -> String {
    let good = format!("+431{:06}", draw.below(3));
    if draw.chance(5) { draw.mutated_text(&good, 2) } else { good }
}

fn user_ids(draw: &mut Draw<'_>) -> Value {
    (0..draw.below(3)).map(|_| text(id(draw.below(3)))).collect()
}

fn user(draw: &mut Draw<'_>) -> Value {
    let mut user =
        json!({ "name": name(draw), "email": format!("{}{}@example.org", draw.text(1), draw.byte()) });
    let reach = match draw.below(4) {
        0 => json!({ "client": format!("ann{}", draw.below(3)) }),
        1 => {
            json!({ "sip": format!("sip:ann@{}", draw.pick(&["pbx.example", "PBX.example:5060", "evil.example", "x;a=b"])) })
        }
        2 => json!({ "number": number(draw) }),
        _ => Value::Null,
    };
    let instant = |draw: &mut Draw<'_>| {
        let year = draw.pick(&["2026", "2027", "9999", "0000", "+10000", "-0001", "+262142"]);
        let offset = draw.pick(&["Z", "-01:00", "+14:00"]);
        format!(
            "{year}-{}{offset}",
            draw.pick(&["12-31T23:59:59", "01-01T00:00:00", "06-01T12:00:00.123456789"])
        )
    };
    for (key, value) in [
        ("reach", reach),
        ("role", draw.pick(&["agent", "supervisor", "admin"]).into()),
        ("seats", json!(["service"])),
        ("time_zone", draw.pick(&["UTC", "Europe/Vienna", "Mars/Olympus"]).into()),
        ("working_hours", json!({ "mon": [["09:00", "17:00"]], "sun": [["22:00", "03:00"]] })),
        ("out_of_office", json!([{ "from": instant(draw), "until": instant(draw) }])),
        ("capacity", json!(draw.below(3))),
    ] {
        if draw.chance(2) {
            user[key] = value;
        }
    }
    user
}

fn channel(draw: &mut Draw<'_>) -> Value {
    let greeting = |draw: &mut Draw<'_>| match draw.below(3) {
        0 => json!({ "text": draw.text(8), "language": draw.pick(&["en-US", "de", "x", "en-"]) }),
        1 => json!({ "audio": text(id(9)) }),
        _ => json!({ "text": "Hello" }),
    };
    let closed = format!("{}-12-31T23:59:59-01:00", if draw.chance(8) { "9999" } else { "2026" });
    let mut channel = json!({
        "kind": "calling", "name": name(draw), "provider": draw.pick(&["twilio", "signalwire", "somleng", "texml"]),
        "numbers": [number(draw)],
    });
    for (key, value) in [
        (
            "hours",
            json!({ "mode": "schedule", "weekly": { "mon": [["09:00", "24:00"]] }, "closed_until": closed }),
        ),
        (
            "routing",
            json!({
                "users": user_ids(draw), "teams": [text(id(3 + draw.below(2)))],
                "strategy": draw.pick(&["simultaneous", "load_balanced", "round_robin", "random", "longest_idle"]),
                "ring_seconds": draw.pick(&[&1, &600, &0, &601, &25]),
            }),
        ),
        ("routing", json!({ "users": user_ids(draw) })),
        (
            "greetings",
            json!({ "unanswered": greeting(draw), "by_number": { number(draw): { "after_hours": greeting(draw), "language": "nl" } } }),
        ),
        ("notify", json!({ "voicemail": ["a@example.org", draw.text(3)], "recording": "attach" })),
        ("time_zone", draw.pick(&["UTC", "America/New_York"]).into()),
    ] {
        if draw.chance(2) {
            channel[key] = value;
        }
    }
    channel
}

fn contact(draw: &mut Draw<'_>) -> Value {
    let blocked = [Value::Null, "busy".into(), "message".into()][draw.below(3)].clone();
    json!({
        "name": name(draw), "numbers": (0..draw.below(3)).map(|_| number(draw)).collect::<Value>(),
        "email": if draw.chance(3) { draw.text(4).into() } else { json!("a@example.org") },
        "notes": draw.text(8), "owner": if draw.chance(4) { text(id(draw.below(3))).into() } else { Value::Null },
        "blocked": blocked, "priority": draw.below(11), "tracked": draw.chance(2),
        "other_emails": (0..draw.below(3)).map(|_| draw.pick(&["a@example.org", "B@x", "b@x", "x"])).collect::<Value>(),
        "visitors": (0..draw.below(2))
            .map(|_| json!({ "channel": text(id(5 + draw.below(3))), "visitor": draw.text(2) }))
            .collect::<Value>(),
    })
}

fn webhook(draw: &mut Draw<'_>) -> Webhook {
    let hosts =
        ["example.org", "127.0.0.1", "[::1]", "10.0.0.1", "a:b@example.org", "example.org:0", "ex ample", ""];
    let url =
        format!("{}://{}/{}", draw.pick(&["https", "http", "file", ""]), draw.pick(&hosts), draw.text(3));
    let events = (0..draw.below(3)).map(|_| draw.pick(&["*", "call.ended", "x", ""]).to_owned()).collect();
    Webhook {
        id: WebhookId(id(7 + draw.below(2))),
        name: name(draw),
        url: if draw.chance(4) { draw.text(8) } else { url },
        events,
        secret: Secret("whsec_aGVsbG8=".into()),
        old: None,
        disabled_at: None,
        created_at: DateTime::UNIX_EPOCH,
    }
}

fn change(draw: &mut Draw<'_>) -> Change {
    let at = draw.below(2);
    let (document, change): (Value, fn(Uuid, Value) -> Change) = match draw.below(10) {
        0..3 => (user(draw), |id, document| Change::User(UserId(id), document)),
        3 => {
            let team = json!({ "name": name(draw), "main": user_ids(draw), "extra": user_ids(draw) });
            (team, |id, document| Change::Team(TeamId(id), document))
        }
        4..6 => (channel(draw), |id, document| Change::Channel(ChannelId(id), document)),
        6..8 => (contact(draw), |id, document| Change::Contact(ContactId(id), document)),
        8 => return Change::Webhook(Box::new(webhook(draw))),
        _ => {
            return match draw.below(4) {
                0 => Change::DeleteTeam(TeamId(id(3 + at))),
                1 => Change::DeleteChannel(ChannelId(id(5 + at))),
                2 => Change::DeleteContact(ContactId(id(at))),
                _ => Change::DeleteWebhook(WebhookId(id(7 + at))),
            };
        }
    };
    let document = if draw.chance(4) { draw.mutated_json(&document) } else { document };
    let below = match change(Uuid::nil(), Value::Null) {
        Change::Team(..) => 3,
        Change::Channel(..) => 5,
        _ => 0,
    };
    change(id(below + at), document)
}

/// What is there, by kind and id, as it was stored.
type Stored = BTreeMap<(usize, Uuid), Change>;

/// Users, teams, channels, then the rest: as they are loaded.
fn rank(change: &Change) -> usize {
    match change {
        Change::User(..) => 0,
        Change::Team(..) | Change::DeleteTeam(_) => 1,
        Change::Channel(..) | Change::DeleteChannel(_) => 2,
        Change::Contact(..) | Change::DeleteContact(_) => 3,
        _ => 4,
    }
}

#[test]
fn settings_are_refused_with_a_place_or_kept_shown_and_loaded_again() {
    let ground = ground();
    fuzz!(2_500, 2_048, |draw: &mut Draw<'_>| {
        let (mut settings, mut stored) = (Settings::default(), Stored::new());
        for step in 0..12 {
            // Two users are there before the rest.
            let change = match step {
                0..2 => Change::User(
                    UserId(id(step)),
                    json!({ "name": "Ann", "email": format!("{step}@x"), "seats": ["service"] }),
                ),
                _ => change(draw),
            };
            let subject = change.subject();
            match settings.with(change.clone(), &ground) {
                Ok((next, kept)) => {
                    check_kept(&next, subject, &change, &kept, &ground);
                    let key = (rank(&kept), subject.id);
                    match kept {
                        Change::DeleteTeam(_)
                        | Change::DeleteChannel(_)
                        | Change::DeleteContact(_)
                        | Change::DeleteWebhook(_) => {
                            stored.remove(&key);
                        }
                        kept => drop(stored.insert(key, kept)),
                    }
                    settings = next;
                }
                Err(Refused::Invalid(faults)) => {
                    assert!(faults.iter().all(|fault| !fault.detail.is_empty()), "{faults:?}");
                    assert!(
                        faults.iter().all(|fault| fault.pointer.is_empty() || fault.pointer.starts_with('/')),
                        "{faults:?}"
                    );
                }
                Err(Refused::Conflict(_) | Refused::NotFound) => {}
                Err(other) => panic!("{change:?} is refused as {other:?}"),
            }
        }
        check_whole(&settings);
        let again = Settings::load(stored.values().cloned().collect(), &ground);
        let again =
            again.unwrap_or_else(|refused| panic!("after a restart {:?} is {:?}", refused.0, refused.1));
        for change in stored.values() {
            assert_eq!(again.document(change.subject()), settings.document(change.subject()));
        }
    });
}

/// Shown as it is kept, and good to be sent back.
fn check_kept(next: &Settings, subject: Subject, sent: &Change, kept: &Change, ground: &Ground) {
    let shown = next.document(subject);
    let document = match kept {
        Change::User(_, document)
        | Change::Team(_, document)
        | Change::Channel(_, document)
        | Change::Contact(_, document) => document,
        Change::Webhook(_) => return assert!(shown.is_some()),
        _ => return assert_eq!(shown, None),
    };
    let mut shown = shown.expect("it is shown");
    let id = shown.as_object_mut().and_then(|fields| fields.remove("id"));
    assert_eq!((id, &shown), (Some(json!(text(subject.id))), document));
    let again = next.with(kept.clone(), ground);
    let (_, again) =
        again.unwrap_or_else(|refused| panic!("{sent:?} was kept as {kept:?}, which is {refused:?}"));
    assert_eq!(format!("{again:?}"), format!("{kept:?}"), "from {sent:?}");
}

/// What must be true of all settings at any time.
fn check_whole(settings: &Settings) {
    let users = &settings.people.users;
    let mut emails = HashSet::new();
    for user in users.values() {
        assert!(emails.insert(user.email.to_lowercase()), "two users of {}", user.email);
        assert!(!user.name.chars().any(char::is_control));
    }
    for team in settings.people.teams.values() {
        assert!(team.main.iter().chain(&team.extra).all(|user| users.contains_key(user)), "{team:?}");
    }
    let mut names = HashSet::new();
    for channel in settings.channels.values() {
        assert!(names.insert(&channel.name), "two channels {}", channel.name);
        assert!(channel.rule.users.iter().all(|user| users.contains_key(user)), "{channel:?}");
        assert!(
            channel.greetings.by_number.keys().all(|number| channel.numbers.contains(number)),
            "{channel:?}"
        );
        let hours = serde_json::to_value(&channel.hours).unwrap();
        assert_eq!(Hours::from_json(&hours).as_ref(), Ok(&channel.hours));
    }
    let mut numbers = HashSet::new();
    for id in settings.contacts.ids() {
        let contact = settings.contacts.get(id).expect("it is there");
        for key in contact.keys() {
            assert_eq!(settings.contacts.find(key).map(|(owner, _)| owner), Some(id), "{key:?}");
        }
        for number in &contact.numbers {
            assert!(numbers.insert(number), "two contacts of {number}");
            let digits = number.strip_prefix('+').expect("a number begins with +");
            assert!(
                (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()),
                "{number}"
            );
        }
    }
    for webhook in settings.webhooks.values() {
        let url = reqwest::Url::parse(&webhook.url).expect("an address");
        assert!(url.scheme() == "https" && url.has_host() && url.username().is_empty(), "{url}");
    }
}

#[test]
fn where_agents_are_dialled_is_judged_as_by_hand() {
    let rules = ReachRules { prefixes: vec!["+43".into(), "+4417".into()], sip_hosts: vec![] };
    fuzz!(30_000, 32, |draw: &mut Draw<'_>| {
        let number = match draw.below(3) {
            0 => draw.text(8),
            1 => draw.mutated_text("+43123456789", 3),
            _ => format!("+{}{}", draw.pick(&["43", "44", "4417", "0", ""]), draw.number()),
        };
        let digits: Vec<char> = number.chars().skip(1).collect();
        let is_number = number.starts_with('+') && (7..=15).contains(&digits.len());
        let is_number = is_number && digits.iter().all(|c| "0123456789".contains(*c)) && digits[0] != '0';
        let begins = number.starts_with("+43") || number.starts_with("+4417");
        assert_eq!(rules.allows(&number), is_number && begins, "{number:?}");
    });
}

#[test]
fn a_patch_is_taken_or_refused_and_what_was_taken_is_read_back() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let desk = runtime.block_on(Desk::open());
    let made: Vec<(&str, String)> = runtime.block_on(async {
        let ann = desk.agent("Ann").await;
        let team = desk.team("First", &[&ann], &[]).await;
        let channel = desk.channel(&[&ann]).await;
        let contact = desk.api.create("contacts", json!({ "name": "Zoë", "numbers": ["+4366012345"] })).await;
        let webhook =
            json!({ "name": "board", "url": "https://example.org/board", "events": ["*"], "enabled": false });
        let webhook = desk.api.create("webhooks", webhook).await;
        vec![
            ("users", ann.id),
            ("teams", team),
            ("channels", channel.id),
            ("contacts", contact),
            ("webhooks", webhook),
        ]
    });
    fuzz!(400, 256, |draw: &mut Draw<'_>| runtime.block_on(async {
        let (kind, id) = &made[draw.below(made.len())];
        let path = format!("{kind}/{id}");
        let before = desk.api.get(&path).await;
        let form = match *kind {
            "users" => user(draw),
            "channels" => channel(draw),
            "contacts" => contact(draw),
            _ => before.clone(),
        };
        let whole = if draw.chance(2) { draw.mutated_json(&form) } else { draw.mutated_json(&before) };
        let keep = 1 + draw.below(3);
        let fields = whole.as_object().cloned().unwrap_or_default();
        let mut fields: Vec<_> =
            fields.into_iter().filter(|(key, _)| key != "provider" || draw.chance(4)).collect();
        let from = draw.below(fields.len().max(1));
        let from = from.min(fields.len());
        fields.rotate_left(from);
        let patch = Value::Object(fields.into_iter().take(keep).collect());
        let (status, answer) = desk.api.ask(Method::PATCH, &path, Some(patch.clone())).await;
        let after = desk.api.get(&path).await;
        if status == 200 {
            let mut shown = answer;
            shown.as_object_mut().expect("an object").remove("warnings");
            assert_eq!(shown, after, "{path} {patch}");
        } else {
            assert!((400..500).contains(&status), "{path} {patch}: {status} {answer}");
            assert!(answer["title"].is_string() && answer["status"] == status, "{path} {patch}: {answer}");
            assert_eq!(after, before, "{path} {patch} was refused");
        }
    }));
    let log = desk.log();
    assert!(!log.contains("panicked"), "{log}");
    // Whatever was taken, the daemon starts with it.
    let mut desk = desk;
    runtime.block_on(desk.restart());
}
