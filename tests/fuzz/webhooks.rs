//! Webhooks of telephone companies, in every dialect: their forms, their headers and the addresses they come to.

use crate::draw::Draw;
use axum::http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use strowger::{
    calls::event::Event,
    providers::{
        Reading, Request,
        addresses::Hook,
        twilio::{Dialect, called, read},
    },
    routing::ids::{CallId, ChannelId, Ids},
};

const TYPES: [&str; 6] = [
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=UTF-8",
    "APPLICATION/X-WWW-FORM-URLENCODED ;",
    "application/json",
    "text/plain",
    "",
];
const STATUSES: [&str; 12] = [
    "ringing",
    "in-progress",
    "completed",
    "busy",
    "no-answer",
    "canceled",
    "failed",
    "queued",
    "initiated",
    "answered",
    "absent",
    "paused",
];
const NAMES: [&str; 16] = [
    "CallSid",
    "From",
    "To",
    "CallStatus",
    "ParentCallSid",
    "Digits",
    "DialCallStatus",
    "DialCallDuration",
    "DialBridged",
    "RecordingSid",
    "RecordingUrl",
    "RecordingDuration",
    "RecordingStatus",
    "callsid",
    "Ä",
    "",
];

pub fn call() -> CallId {
    CallId(Ids::new(1).next(1))
}

pub fn channel() -> ChannelId {
    ChannelId(Ids::new(2).next(1))
}

fn hook(draw: &mut Draw<'_>) -> Hook {
    let (call, n) = (call(), draw.number());
    let all = [
        Hook::Voice,
        Hook::Held(n),
        Hook::Fallback,
        Hook::Status,
        Hook::Wait(call, n),
        Hook::Key(call, n),
        Hook::Connect(call, n),
        Hook::Outside(call, n),
        Hook::Over(call, n),
        Hook::Leg(call, n),
        Hook::PhoneLeg(call, n),
        Hook::Screen(call, n),
        Hook::Pressed(call, n),
        Hook::MessageDone(call),
        Hook::MessageEmpty(call, n),
        Hook::MessageOver(call, n),
        Hook::MessageStatus(call),
        Hook::LooseDone,
        Hook::LooseStatus,
    ];
    all[draw.below(all.len())]
}

fn value(draw: &mut Draw<'_>, dialect: Dialect) -> String {
    let hex = "0123456789abcdef0123456789abcdef";
    let uuid = "01234567-89ab-cdef-0123-456789abcdef";
    match draw.below(12) {
        0..3 if dialect == Dialect::Twilio => format!("{}{hex}", draw.pick(&["CA", "RE", "ca"])),
        0..3 => uuid.into(),
        3..6 => draw.pick(&STATUSES).into(),
        6 => format!("+43{}", draw.number()),
        7 => draw.pick(&["true", "True", "false", "1", "2", "#", "-1", "4294967296", "00", "+7", "9"]).into(),
        8 => {
            let id = if dialect == Dialect::Twilio { format!("RE{hex}") } else { uuid.into() };
            format!("https://example.org/{}{id}{}", draw.text(2), draw.pick(&["", ".wav", "?a=b", "/", ".."]))
        }
        9 => draw.mutated_text(uuid, 2),
        _ => draw.text(8),
    }
}

/// Names and values, most of them such as are sent.
pub fn form(draw: &mut Draw<'_>, dialect: Dialect) -> Vec<(String, String)> {
    let more = draw.below(10);
    let mut pairs = Vec::new();
    if !draw.chance(8) {
        pairs.push(("CallSid".to_owned(), value(&mut Draw::new(&[]), dialect)));
    }
    for _ in 0..more {
        let name = if draw.chance(12) { draw.text(4) } else { draw.pick(&NAMES).into() };
        pairs.push((name, value(draw, dialect)));
    }
    pairs
}

pub fn encoded(draw: &mut Draw<'_>, pairs: &[(String, String)]) -> Vec<u8> {
    let one = |draw: &mut Draw<'_>, text: &str| -> String {
        let all = draw.chance(4);
        text.bytes()
            .map(|byte| match byte {
                b' ' if !all => "+".into(),
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' if !all => {
                    char::from(byte).to_string()
                }
                _ if draw.chance(2) => format!("%{byte:02X}"),
                _ => format!("%{byte:02x}"),
            })
            .collect()
    };
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", one(draw, name), one(draw, value))).collect();
    pairs.join("&").into_bytes()
}

/// A form's pairs, decoded by hand.
pub fn decoded(body: &[u8]) -> Vec<(String, String)> {
    let one = |text: &[u8]| {
        let (mut bytes, mut at) = (Vec::new(), 0);
        while let Some(byte) = text.get(at) {
            let hex = text.get(at + 1..at + 3).filter(|two| two.iter().all(u8::is_ascii_hexdigit));
            let hex = hex.and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
            match (byte, hex) {
                (b'%', Some(byte)) => {
                    bytes.push(byte);
                    at += 2;
                }
                (b'+', _) => bytes.push(b' '),
                _ => bytes.push(*byte),
            }
            at += 1;
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let parts = body.split(|byte| *byte == b'&').filter(|part| !part.is_empty());
    let pairs = parts.map(|part| match part.iter().position(|byte| *byte == b'=') {
        Some(at) => (one(&part[..at]), one(&part[at + 1..])),
        None => (one(part), String::new()),
    });
    pairs.collect()
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

#[test]
fn a_webhook_is_read_or_refused_and_means_what_its_form_says() {
    fuzz!(20_000, 512, |draw: &mut Draw<'_>| {
        let dialect = Dialect::ALL[draw.below(4)];
        let hook = hook(draw);
        let mut headers = HeaderMap::new();
        if draw.chance(3) {
            let kind = if draw.chance(3) { draw.bytes(20) } else { draw.pick(&TYPES).into() };
            headers.extend(HeaderValue::from_bytes(&kind).map(|kind| (CONTENT_TYPE, kind)));
        }
        let form = form(draw, dialect);
        let body = encoded(draw, &form);
        let body = if draw.chance(4) { draw.mutated(&body, 6) } else { body };
        let get = draw.chance(8);
        let query = String::from_utf8_lossy(&body).into_owned();
        let target = if get { format!("/hooks/main/c/voice?{query}") } else { "/hooks/main/c/voice".into() };
        let method = if get { "GET" } else { "POST" };
        let request = Request { method, target: &target, headers: &headers, body: &body };
        let said = read(dialect, "main", channel(), hook, &request);
        called(&request);
        let Ok(reading) = said else { return };

        let pairs = decoded(if get { query.as_bytes() } else { &body });
        check_meaning(dialect, &reading, &pairs);
        let plain = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let headers = HeaderMap::new();
        let again = Request { method: "POST", target: "/", headers: &headers, body: plain.as_bytes() };
        assert_eq!(read(dialect, "main", channel(), hook, &again), Ok(reading.clone()), "{plain}");
        // As it is set aside while the store is down.
        let kept = serde_json::to_string(&reading).unwrap();
        assert_eq!(serde_json::from_str::<Reading>(&kept).unwrap(), reading);
    });
}

fn check_meaning(dialect: Dialect, reading: &Reading, pairs: &[(String, String)]) {
    let arrival = match reading {
        Reading::Arrived(arrival) | Reading::Fallback(arrival) => {
            assert!(!arrival.to.is_empty());
            arrival
        }
        Reading::Status { arrival, over } => {
            let ends = ["completed", "busy", "failed", "no-answer", "canceled"];
            assert_eq!(*over, ends.contains(&first(pairs, "CallStatus")));
            arrival
        }
        Reading::Recorded { arrival, recording } => {
            assert!(recording.as_ref().is_none_or(|recording| dialect.is_recording(&recording.id)));
            arrival
        }
        Reading::Event { provider_call_id, event } => {
            let theirs = [first(pairs, "CallSid"), first(pairs, "ParentCallSid")];
            assert!(
                provider_call_id
                    .as_ref()
                    .is_none_or(|id| dialect.is_call(id) && theirs.contains(&id.as_str()))
            );
            if let Event::MessageLeft { recording, .. } | Event::RecordingReady { recording, .. } = event {
                assert!(dialect.is_recording(&recording.id), "{recording:?}");
                let said = first(pairs, "RecordingDuration").parse::<u32>().unwrap_or(0);
                assert_eq!(recording.seconds, said);
            }
            return;
        }
        Reading::Nothing => return,
    };
    assert!(dialect.is_call(&arrival.provider_call_id));
    assert_eq!(arrival.provider_call_id, first(pairs, "CallSid"));
    assert_eq!(arrival.to, first(pairs, "To"));
}

#[test]
fn an_address_of_a_webhook_has_one_spelling() {
    fuzz!(20_000, 128, |draw: &mut Draw<'_>| {
        let hook = hook(draw);
        let path = hook.to_string();
        assert_eq!(Hook::parse(&path), Some(hook));
        let other = draw.mutated_text(&path, 3);
        if let Some(hook) = Hook::parse(&other) {
            assert_eq!(hook.to_string(), other);
        }
    });
}
