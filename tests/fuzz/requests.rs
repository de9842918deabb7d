//! Everything else that HTTP brings: bytes that are hardly a request, ranges, tags, cursors, keys of requests that are
//! repeated, uploads in parts, and webhooks that nobody signed.

use crate::{
    desk::{Desk, PATIENCE, PUBLIC_URL},
    draw::Draw,
    webhooks,
};
use reqwest::{Method, header::HeaderValue};
use serde_json::{Value, json};
use strowger::{audio, providers::twilio::Dialect};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::Runtime,
    time::timeout,
};

fn open() -> (Runtime, Desk) {
    let runtime = Runtime::new().unwrap();
    let desk = runtime.block_on(Desk::open());
    (runtime, desk)
}

async fn still_there(desk: &Desk) {
    let answer = desk.api.client.get(format!("{}/readyz", desk.api.address)).timeout(PATIENCE).send().await;
    assert_eq!(answer.expect("an answer").status(), 200);
    assert!(!desk.log().contains("panicked"), "{}", desk.log());
}

/// What comes back for these bytes, until nothing more does.
async fn said(desk: &Desk, bytes: &[u8]) -> Vec<u8> {
    let address = desk.api.address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("the daemon listens");
    let mut answer = Vec::new();
    // It may have had enough before we are done.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection ends");
    answer
}

#[test]
fn bytes_that_are_hardly_a_request_are_never_our_fault() {
    let (runtime, desk) = open();
    let token = &desk.api.token;
    let seeds = [
        "GET /api/v1/calls?limit=5&after=00000000000000000000000000000000 HTTP/1.1\r\n",
        "GET /api/v1/preview?at=2026-01-01T00:00:00Z HTTP/1.1\r\n",
        "GET /api/v1/export/calls.csv?from=2026-01-01&to=2026-02-01 HTTP/1.1\r\n",
        "GET /api/v1/coverage?from=2026-01-01T00:00:00Z HTTP/1.1\r\n",
        "GET /api/v1/audit?limit=5 HTTP/1.1\r\n",
        "GET /media/0000.wav HTTP/1.1\r\nRange: bytes=0-9\r\n",
        "POST /api/v1/preview HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 12\r\n",
        "POST /api/v1/erasures HTTP/1.1\r\nContent-Type: application/json\r\nIdempotency-Key: a\r\n",
        "POST /hooks/main/0123/voice HTTP/1.1\r\nX-Twilio-Signature: abc=\r\n",
        "PATCH /api/v1/users/0123 HTTP/1.1\r\nIf-Match: \"a\"\r\nTransfer-Encoding: chunked\r\n",
        "GET /softphone HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "OPTIONS * HTTP/1.1\r\n",
    ];
    fuzz!(1_000, 256, |draw: &mut Draw<'_>| runtime.block_on(async {
        let seed = draw.pick(&seeds);
        let head = draw.mutated(seed.as_bytes(), 4);
        let fixed = format!("Host: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n");
        let bytes = [head, fixed.into_bytes(), draw.bytes(40)].concat();
        let answer = said(&desk, &bytes).await;
        if !answer.is_empty() {
            let status =
                answer.get(9..12).and_then(|three| std::str::from_utf8(three).ok()?.parse::<u16>().ok());
            let shown = || format!("{} for {}", answer.escape_ascii(), bytes.escape_ascii());
            assert!(answer.starts_with(b"HTTP/1."), "{}", shown());
            assert!(status.is_some_and(|status| (100..500).contains(&status)), "{}", shown());
        }
    }));
    runtime.block_on(still_there(&desk));
}

#[test]
fn a_range_of_a_sound_is_the_part_that_it_names() {
    let (runtime, desk) = open();
    let sound = audio::all().iter().min_by_key(|sound| sound.bytes.len()).expect("there are sounds");
    let url = format!("{}/media/{}.wav", desk.api.address, sound.sha256);
    let length = sound.bytes.len();
    fuzz!(800, 32, |draw: &mut Draw<'_>| runtime.block_on(async {
        let number = |draw: &mut Draw<'_>| match draw.below(6) {
            0 => String::new(),
            1 => (length - 1 + draw.below(3)).to_string(),
            2 => "18446744073709551616".into(),
            3 => draw.text(2),
            _ => draw.below(length.min(60_000)).to_string(),
        };
        let range = format!(
            "{}{}-{}",
            draw.pick(&["bytes=", "bytes=", "bytes=", "lines=", ""]),
            number(draw),
            number(draw)
        );
        let Ok(value) = HeaderValue::from_str(&range) else { return };
        let answer = desk
            .api
            .client
            .get(&url)
            .header("Range", value)
            .timeout(PATIENCE)
            .send()
            .await
            .expect("an answer");
        let status = answer.status().as_u16();
        let said = answer.headers().get("content-range").map(|said| said.to_str().unwrap().to_owned());
        let bytes = answer.bytes().await.expect("a body");
        match status {
            200 => assert!(bytes == sound.bytes && said.is_none(), "{range}"),
            206 => {
                let said = said.expect("which part");
                let (first, last) =
                    said.strip_prefix("bytes ").and_then(|said| said.split_once('-')).expect("a part");
                let (last, whole) = last.split_once('/').expect("a length");
                let number = |text: &str| text.parse::<usize>().expect("a number");
                assert_eq!(number(whole), length);
                assert_eq!(bytes, sound.bytes[number(first)..=number(last)], "{range}: {said}");
                let (from, to) =
                    range.strip_prefix("bytes=").and_then(|range| range.split_once('-')).expect("a range");
                let to = to.trim_end();
                match from.parse::<usize>() {
                    Ok(from) => assert_eq!(number(first), from, "{range}"),
                    Err(_) => assert_eq!(bytes.len(), number(to).min(length), "{range}"),
                }
            }
            416 => {
                let from = range.trim_start_matches("bytes=").split('-').next().unwrap_or_default();
                assert!(from.is_empty() || from.parse::<usize>().is_ok_and(|from| from >= length), "{range}");
                assert_eq!(said, Some(format!("bytes */{length}")));
            }
            other => panic!("{other} for {range}"),
        }
    }));
    runtime.block_on(still_there(&desk));
}

/// A request as an admin, with headers that may be anything.
async fn ask(
    desk: &Desk,
    method: Method,
    path: &str,
    headers: &[(&str, &[u8])],
    body: Option<Vec<u8>>,
) -> (u16, Value) {
    let url = format!("{}{path}", desk.api.address);
    let mut request = desk.api.client.request(method, url).bearer_auth(&desk.api.token).timeout(PATIENCE);
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            request = request.header(*name, value);
        }
    }
    let answer = request.body(body.unwrap_or_default()).send().await.expect("an answer");
    let (status, problem) = (answer.status().as_u16(), answer.headers().get("content-type").cloned());
    let value: Value = answer.json().await.unwrap_or_default();
    assert!(status < 500, "{path}: {status} {value}");
    if (400..500).contains(&status) && path.starts_with("/api/") {
        assert_eq!(problem, Some(HeaderValue::from_static("application/problem+json")), "{path}: {status}");
        assert_eq!(value["status"], status, "{path}: {value}");
    }
    (status, value)
}

#[test]
fn tags_cursors_and_queries_may_be_anything() {
    let (runtime, desk) = open();
    let user = runtime.block_on(desk.agent("Ann")).id;
    let path = format!("/api/v1/users/{user}");
    let lists = [
        "users",
        "teams",
        "channels",
        "contacts",
        "greetings",
        "tokens",
        "webhooks",
        "calls",
        "tickets",
        "missed",
        "audit",
        "jobs",
        "preview",
        "coverage",
        "warnings",
        "events",
    ];
    fuzz!(600, 128, |draw: &mut Draw<'_>| runtime.block_on(async {
        if draw.chance(3) {
            let tag = draw.text(6);
            let headers = [("If-Match", tag.as_bytes())];
            let (status, _) = ask(&desk, Method::PATCH, &path, &headers, Some(b"{}".to_vec())).await;
            let sent = HeaderValue::from_bytes(tag.as_bytes()).is_ok();
            let any = !sent || tag.trim() == "*";
            assert_eq!(status, if any { 200 } else { 412 }, "If-Match: {tag:?}");
            return;
        }
        let list = draw.pick(&lists[..15]);
        let value = |draw: &mut Draw<'_>| match draw.below(6) {
            0 => user.clone(),
            1 => draw.below(600).to_string(),
            2 => draw
                .pick(&[
                    "2026-01-01T00:00:00Z",
                    "9999-12-31T23:59:59-01:00",
                    "0000-01-01",
                    "+262142-12-31T23:59:59Z",
                    "-262143-01-01T00:00:00Z",
                ])
                .into(),
            3 => draw.pick(&["ended", "open", "+4312345", "true", "agent"]).into(),
            4 => draw.mutated_text(&"0".repeat(32), 2),
            _ => draw.text(4),
        };
        let names = [
            "limit", "after", "at", "from", "to", "channel", "state", "number", "owner", "status", "q",
            "since", "until", "weeks", "user",
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        for _ in 0..draw.below(4) {
            query.append_pair(draw.pick(&names), &value(draw));
        }
        ask(&desk, Method::GET, &format!("/api/v1/{list}?{}", query.finish()), &[], None).await;
        if draw.chance(2) {
            let body = json!({ "channel": value(draw), "at": value(draw), "from": value(draw) });
            ask(&desk, Method::POST, "/api/v1/preview", &[], Some(body.to_string().into_bytes())).await;
        }
    }));
    runtime.block_on(still_there(&desk));
}

#[test]
fn a_call_is_previewed_at_any_instant_there_is() {
    let (runtime, desk) = open();
    let channel = runtime.block_on(async {
        let working_hours = json!({ "mon": [["09:00", "17:00"]], "sun": [["22:00", "03:00"]] });
        let ann = json!({
            "name": "Ann", "email": "ann@example.org", "role": "agent", "seats": ["service"],
            "reach": { "client": "ann" }, "working_hours": working_hours, "time_zone": "America/New_York",
        });
        let ann = desk.agent_with("Ann", ann).await;
        let hours = json!({ "mode": "schedule", "weekly": { "mon": [["00:00", "24:00"]], "fri": [["20:00", "04:00"]] } });
        desk.channel_with(json!({ "routing": { "users": [ann.id] }, "hours": hours })).await.id
    });
    let instant = |draw: &mut Draw<'_>| {
        let years =
            ["2026", "9999", "0000", "1970", "-0001", "+10000", "+262142", "-262143", "-9999", "-10000"];
        let days = ["01-01", "12-31", "03-29", "10-25"];
        let times = ["00:00:00Z", "23:59:59.999999999Z", "23:59:60Z", "00:59:59-01:00", "23:00:00+14:00"];
        format!("{}-{}T{}", draw.pick(&years), draw.pick(&days), draw.pick(&times))
    };
    fuzz!(200, 32, |draw: &mut Draw<'_>| runtime.block_on(async {
        let body = json!({ "channel": channel, "at": instant(draw), "from": "+4312345" });
        let (status, answer) =
            ask(&desk, Method::POST, "/api/v1/preview", &[], Some(body.to_string().into_bytes())).await;
        assert!(matches!(status, 200 | 422), "{body}: {status} {answer}");
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("channel", &channel).append_pair("from", &instant(draw));
        if draw.chance(2) {
            query.append_pair("until", &instant(draw));
        }
        let path = format!("/api/v1/coverage?{}", query.finish());
        let (status, answer) = ask(&desk, Method::GET, &path, &[], None).await;
        assert!(matches!(status, 200 | 400 | 422), "{path}: {status} {answer}");
    }));
    runtime.block_on(still_there(&desk));
}

#[test]
fn a_request_that_is_repeated_under_its_key_is_done_once() {
    let (runtime, desk) = open();
    let mut made = std::collections::HashMap::<String, (Vec<u8>, Value)>::new();
    let made = std::cell::RefCell::new(&mut made);
    fuzz!(300, 64, |draw: &mut Draw<'_>| {
        // What is around a header's value is no part of it.
        let key =
            if draw.chance(3) { draw.text(5).trim().to_owned() } else { format!("k{}", draw.below(20)) };
        let name = format!("{} {:x}", draw.text(2).replace(char::is_control, ""), draw.number());
        let body = json!({ "name": name, "numbers": [] }).to_string().into_bytes();
        let before = made.borrow().get(&key).cloned();
        let body = if draw.chance(2) { before.clone().map_or(body.clone(), |(body, _)| body) } else { body };
        let headers = [("Idempotency-Key", key.as_bytes())];
        let (status, answer) =
            runtime.block_on(ask(&desk, Method::POST, "/api/v1/contacts", &headers, Some(body.clone())));
        let sent = HeaderValue::from_bytes(key.as_bytes()).is_ok();
        let good = !key.is_empty() && key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        match (status, before) {
            (201, Some((first, first_answer))) => {
                assert_eq!((&body, &answer), (&first, &first_answer), "under {key:?}");
            }
            (201, None) if good => drop(made.borrow_mut().insert(key, (body, answer))),
            (201, None) => assert!(!sent, "{key:?}"),
            (_, Some((first, _))) => assert!(body != first, "{status} {answer} under {key:?}"),
            (_, None) => assert!(sent && !good, "{status} {answer} under {key:?}"),
        }
    });
    runtime.block_on(still_there(&desk));
}

#[test]
fn an_upload_in_parts_is_taken_or_refused() {
    let (runtime, desk) = open();
    let sounds: [&[u8]; 2] = [include_bytes!("seeds/tone.wav"), include_bytes!("seeds/tone.ogg")];
    fuzz!(250, 64, |draw: &mut Draw<'_>| {
        runtime.block_on(async {
        let name = format!("greeting {:08x}", draw.number());
        let sound = sounds[draw.below(2)];
        let mut form = Vec::new();
        form.extend(b"--xx\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n");
        form.extend(name.as_bytes());
        form.extend(b"\r\n--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n");
        let head = form.len();
        form.extend(sound);
        form.extend(b"\r\n--xx--\r\n");
        let whole = form.len();
        let body = match draw.below(3) {
            0 => draw.mutated(&form, 4),
            1 => [draw.mutated(&form[..head], 4), form[head..].to_vec()].concat(),
            _ => [form[..whole - 10].to_vec(), draw.mutated(&form[whole - 10..], 2)].concat(),
        };
        let kind = if draw.chance(4) {
            draw.mutated(b"multipart/form-data; boundary=xx", 3)
        } else {
            b"multipart/form-data; boundary=xx".to_vec()
        };
        let headers = [("Content-Type", &kind[..])];
        let same = body == form && kind == b"multipart/form-data; boundary=xx";
        let (status, answer) = ask(&desk, Method::POST, "/api/v1/greetings", &headers, Some(body)).await;
        if same && status != 409 {
            assert_eq!((status, &answer["name"]), (201, &json!(name)), "{answer}");
        }
    })
    });
    runtime.block_on(still_there(&desk));
}

#[test]
fn a_webhook_that_is_signed_is_answered_and_one_that_is_not_is_refused() {
    let (runtime, desk) = open();
    let channel = runtime.block_on(async {
        let ann = desk.agent("Ann").await;
        desk.channel(&[&ann]).await
    });
    let id = "0".repeat(32);
    let hooks =
        ["voice", "status", "fallback", "held/1", "message-done", "message-status"].map(str::to_owned);
    let of_call =
        ["wait/1", "key/1", "connect/1", "over/1", "leg/1", "pressed/1", "message-empty/1", "message-status"];
    let hooks: Vec<String> = hooks.into_iter().chain(of_call.map(|hook| format!("c/{id}/{hook}"))).collect();
    fuzz!(300, 256, |draw: &mut Draw<'_>| runtime.block_on(async {
        let url = channel.hook(&hooks[draw.below(hooks.len())]);
        let form = webhooks::form(draw, Dialect::Twilio);
        let params: Vec<(&str, &str)> =
            form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (status, body) = desk.post_hook(&url, &params).await;
        assert!(matches!(status, 200 | 422), "{status} {body} for {form:?}");
        if status == 200 {
            roxmltree::Document::parse(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
        } else {
            assert_eq!(body, "");
        }
        let wrong = draw.mutated_text("abcdefghijklmnopqrstuvwxyz0=", 3);
        if HeaderValue::from_str(&wrong).is_ok() {
            let (status, _) = desk.post_hook_signed(&url, &params, Some(&wrong)).await;
            assert_eq!(status, 403, "{wrong:?}");
        }
        let target = draw.mutated_text(url.trim_start_matches(PUBLIC_URL), 3);
        if let Ok(url) = reqwest::Url::parse(&format!("{}{target}", desk.api.address)) {
            let answer = desk.api.client.post(url).timeout(PATIENCE).send().await;
            assert!(answer.is_ok_and(|answer| answer.status().is_client_error()), "{target:?}");
        }
    }));
    runtime.block_on(still_there(&desk));
}
