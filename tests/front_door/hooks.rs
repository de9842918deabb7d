//! Webhooks: who is let in, in which order things are refused, and that nothing refused leaves a trace.

use super::{Answer, NOBODY, answer, raw, rows};
use crate::desk::{Channel, Desk, PATIENCE, PUBLIC_URL, Wishes};
use serde_json::json;
use strowger::providers::simulator::{Event, Purpose};

const KIB_64: usize = 64 * 1024;
const FORM: &str = "application/x-www-form-urlencoded; charset=UTF-8";

fn sid() -> String {
    format!("CA{:032x}", rand::random::<u128>())
}

fn form(params: &[(&str, &str)]) -> Vec<u8> {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish().into_bytes()
}

/// A webhook with this body and, maybe, this signature.
async fn post(desk: &Desk, url: &str, kind: &str, body: Vec<u8>, signature: Option<&str>) -> Answer {
    let real = url.replacen(PUBLIC_URL, &desk.api.address, 1);
    let mut request = desk.api.client.post(real).timeout(PATIENCE).header("Content-Type", kind).body(body);
    if let Some(signature) = signature {
        request = request.header("X-Twilio-Signature", signature);
    }
    answer(request).await
}

/// A signed webhook.
async fn signed(desk: &Desk, url: &str, params: &[(&str, &str)]) -> Answer {
    post(desk, url, FORM, form(params), Some(&desk.company.sign(url, params))).await
}

/// Refused with this status and not a byte more.
fn must_refuse(answer: &Answer, status: u16, what: &str) {
    assert_eq!((answer.status, answer.text()), (status, ""), "{what}");
}

async fn two_companies() -> Desk {
    let sid = format!("AC{}", "7".repeat(32));
    let config =
        format!("[providers.other]\nkind = \"twilio\"\naccount_sid = {sid:?}\nauth_token = \"other\"\n");
    Desk::open_with(Wishes { config, ..Wishes::default() }).await
}

#[tokio::test]
async fn an_address_that_is_nobody_s_is_404_and_empty() {
    let desk = two_companies().await;
    let channel = desk.channel(&[]).await.id;
    let (call, sid) = (NOBODY, sid());
    let paths = [
        format!("/hooks/nobody/{channel}/voice"),
        format!("/hooks/other/{channel}/voice"),
        format!("/hooks/MAIN/{channel}/voice"),
        format!("/hooks/main/{NOBODY}/voice"),
        format!("/hooks/main/{}/voice", channel.to_uppercase()),
        "/hooks/main/support/voice".into(),
        "/hooks/main/%ff/voice".into(),
        format!("/hooks/%ff/{channel}/voice"),
        format!("/hooks/main/{channel}/%ff"),
        format!("/hooks/main/{channel}/Voice"),
        format!("/hooks/main/{channel}/voice/"),
        format!("/hooks/main/{channel}/voice/1"),
        format!("/hooks/main/{channel}/voice%2f"),
        format!("/hooks/main/{channel}/held/01"),
        format!("/hooks/main/{channel}/held/-1"),
        format!("/hooks/main/{channel}/held/4294967296"),
        format!("/hooks/main/{channel}/c/{call}"),
        format!("/hooks/main/{channel}/c/{call}/wait"),
        format!("/hooks/main/{channel}/c/{call}/wait/+1"),
        format!("/hooks/main/{channel}/c/here/wait/1"),
        format!("/hooks/main/{channel}/c/{call}/elsewhere/1"),
        format!("/hooks/main/{channel}/../{channel}/voice/x"),
        format!("/hooks/main/{channel}"),
        format!("/hooks/main/{channel}/"),
        "/hooks/main".into(),
        "/hooks/".into(),
        "/hooks".into(),
    ];
    let before = rows(&desk).await;
    for path in paths {
        let params = [("CallSid", sid.as_str()), ("From", "+4312"), ("To", "+4311")];
        let signature = desk.company.sign(&format!("{PUBLIC_URL}{path}"), &params);
        for signature in [Some(signature.as_str()), None] {
            // As it is written: a client would tidy it up.
            let body = String::from_utf8(form(&params)).unwrap();
            let signature = signature.map_or(String::new(), |text| format!("X-Twilio-Signature: {text}\r\n"));
            let request = format!(
                "POST {path} HTTP/1.1\r\nHost: calls.example.test\r\nConnection: close\r\n{signature}\
                 Content-Type: {FORM}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            must_refuse(&raw(&desk, request.as_bytes()).await, 404, &path);
        }
    }
    assert_eq!(rows(&desk).await, before);
}

#[tokio::test]
async fn what_is_not_signed_is_refused_and_leaves_nothing_behind() {
    let desk = two_companies().await;
    let channel = desk.channel(&[]).await;
    let other = desk.channel_with(json!({ "provider": "other" })).await;
    let (voice, sid) = (channel.hook("voice"), sid());
    let params = [("CallSid", sid.as_str()), ("From", "+4312"), ("To", "+4311"), ("CallStatus", "ringing")];
    let right = desk.company.sign(&voice, &params);
    let before = rows(&desk).await;
    let wrong = [
        None,
        Some(String::new()),
        Some("AAAAAAAAAAAAAAAAAAAAAAAAAAA=".into()),
        Some(right[..right.len() - 4].to_owned()),
        Some(right.to_lowercase()),
        Some(format!("{right}{right}")),
        Some(desk.company.sign(&channel.hook("status"), &params)),
        Some(desk.company.sign(&format!("{voice}?"), &params)),
        Some(desk.company.sign(&voice, &params[..3])),
        Some(desk.company.sign(&voice.replace("https", "http"), &params)),
        Some(desk.company.sign(&voice.replace(PUBLIC_URL, &desk.api.address), &params)),
    ];
    for signature in wrong {
        let answer = post(&desk, &voice, FORM, form(&params), signature.as_deref()).await;
        must_refuse(&answer, 403, &format!("{signature:?}"));
    }
    // Signed well, but for something else.
    let mut others = params;
    others[1].1 = "+4313";
    must_refuse(&post(&desk, &voice, FORM, form(&others), Some(&right)).await, 403, "another caller");
    let with_query = format!("{voice}?x=1");
    must_refuse(&post(&desk, &with_query, FORM, form(&params), Some(&right)).await, 403, "with a query");
    // The other company's token signs only for its own channels.
    let theirs = format!("{PUBLIC_URL}/hooks/other/{}/voice", other.id);
    must_refuse(&signed(&desk, &theirs, &params).await, 403, "signed with another account's token");
    assert_eq!(rows(&desk).await, before, "a refused webhook left something behind");
    assert_eq!(desk.call_of(&sid).await, None);
    // It was not the form that was wrong.
    assert_eq!(post(&desk, &voice, FORM, form(&params), Some(&right)).await.status, 200);
    assert!(desk.call_of(&sid).await.is_some());
}

#[tokio::test]
async fn refusals_come_in_the_order_size_address_signature_content() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let (here, nowhere) = (channel.hook("voice"), format!("{PUBLIC_URL}/hooks/main/{NOBODY}/voice"));
    let (largest, too_large) = (vec![b'x'; KIB_64], vec![b'x'; KIB_64 + 1]);
    let not_a_form = "application/json";
    for (url, body, status) in [
        (&nowhere, &too_large, 413),
        (&here, &too_large, 413),
        (&nowhere, &largest, 404),
        (&here, &largest, 403),
    ] {
        for kind in [FORM, not_a_form] {
            let answer = post(&desk, url, kind, body.clone(), None).await;
            must_refuse(&answer, status, &format!("{} bytes to {url}, {kind}", body.len()));
        }
    }
    // Nor does a size that is announced, or comes in pieces, get any further.
    let target = format!("/hooks/main/{}/voice", channel.id);
    let head =
        |more: &str| format!("POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n\r\n");
    let chunk = format!("{:x}\r\n{}\r\n", KIB_64 + 1, "x".repeat(KIB_64 + 1));
    let chunked = head("Transfer-Encoding: chunked") + &chunk + "0\r\n\r\n";
    must_refuse(&raw(&desk, chunked.as_bytes()).await, 413, "in pieces");

    let size = form(&[("CallSid", sid().as_str()), ("To", "+4311"), ("Padding", "")]).len();
    let (sid, padding) = (sid(), "x".repeat(KIB_64 - size));
    let params = [("CallSid", sid.as_str()), ("To", "+4311"), ("Padding", padding.as_str())];
    assert_eq!(form(&params).len(), KIB_64);
    assert_eq!(signed(&desk, &here, &params).await.status, 200, "64 KiB are not too many");
}

#[tokio::test]
async fn a_signed_webhook_that_cannot_be_read_is_400_and_one_that_lacks_something_422() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let (voice, sid) = (channel.hook("voice"), sid());
    let before = rows(&desk).await;

    let hash = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"; // of {}
    let json_url = format!("{voice}?bodySHA256={hash}");
    let signature = desk.company.sign(&json_url, &[]);
    let answer = post(&desk, &json_url, "application/json", b"{}".to_vec(), Some(&signature)).await;
    must_refuse(&answer, 400, "JSON is no form");
    let signature = desk.company.sign(&voice, &[("CallSid", "\u{fffd}")]);
    let answer = post(&desk, &voice, FORM, b"CallSid=\xff".to_vec(), Some(&signature)).await;
    must_refuse(&answer, 400, "not UTF-8");

    let (short, dotted) = (&sid[..33], format!("{}/..", &sid[..31]));
    let lacking: [(&str, &[(&str, &str)]); 9] = [
        ("voice", &[("From", "+4312"), ("To", "+4311")]),
        ("voice", &[("CallSid", ""), ("From", "+4312"), ("To", "+4311")]),
        ("voice", &[("CallSid", short), ("From", "+4312"), ("To", "+4311")]),
        ("voice", &[("CallSid", &dotted), ("From", "+4312"), ("To", "+4311")]),
        ("voice", &[("CallSid", &sid), ("From", "+4312")]),
        ("voice", &[("CallSid", &sid), ("From", "+4312"), ("To", "")]),
        ("voice", &[]),
        ("fallback", &[("CallSid", &sid)]),
        ("status", &[("CallSid", &sid)]),
    ];
    for (hook, params) in lacking {
        must_refuse(&signed(&desk, &channel.hook(hook), params).await, 422, &format!("{hook} {params:?}"));
    }
    assert_eq!(rows(&desk).await, before);
}

#[tokio::test]
async fn what_counts_is_the_configured_address_and_no_header() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let lies = "Host: evil.example\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: http\r\n\
        X-Forwarded-Port: 81\r\nX-Forwarded-For: 10.0.0.1\r\nForwarded: host=evil.example;proto=http\r\n\
        X-Original-URL: /elsewhere\r\nX-Rewrite-URL: /elsewhere\r\n";
    let target = format!("/hooks/main/{}/voice", channel.id);
    for (base, status) in [(PUBLIC_URL, 200), ("http://evil.example", 403), ("http://evil.example:81", 403)] {
        let sid = sid();
        let params = [("CallSid", sid.as_str()), ("From", "+4312"), ("To", "+4311")];
        let signature = desk.company.sign(&format!("{base}{target}"), &params);
        let body = String::from_utf8(form(&params)).unwrap();
        let request = format!(
            "POST {target} HTTP/1.1\r\n{lies}Connection: close\r\nX-Twilio-Signature: {signature}\r\n\
             Content-Type: {FORM}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = raw(&desk, request.as_bytes()).await;
        assert_eq!(answer.status, status, "signed for {base}");
        assert!(!answer.text().contains("evil"), "{}", answer.text());
        assert_eq!(desk.call_of(&sid).await.is_some(), status == 200);
    }
}

#[tokio::test]
async fn everybody_may_call_whatever_they_say_of_themselves() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let table = [
        (Some("+436601234567"), "+436601234567"),
        (Some("anonymous"), "anonymous"),
        (Some("Anonymous"), "anonymous"),
        (Some("Restricted"), "anonymous"),
        (Some("unknown"), "anonymous"),
        (Some("UNAVAILABLE"), "anonymous"),
        (Some("+266696687"), "anonymous"),
        (Some(""), "anonymous"),
        (None, "anonymous"),
        (Some("sip:alice@example.org"), "sip:alice@example.org"),
        (Some("sip:bob@10.0.0.1:5061;transport=tls"), "sip:bob@10.0.0.1:5061;transport=tls"),
        (Some("client:alice"), "client:alice"),
        (Some("Zoë <b>&amp; \"Ünal\"</b>"), "Zoë <b>&amp; \"Ünal\"</b>"),
    ];
    for (from, shown) in table {
        let sid = sid();
        let mut params = vec![("CallSid", sid.as_str()), ("To", "+4311"), ("CallStatus", "ringing")];
        params.extend(from.map(|from| ("From", from)));
        let answer = signed(&desk, &channel.hook("voice"), &params).await;
        assert_eq!(answer.status, 200, "{from:?}");
        let call = desk.call_of(&sid).await.expect("a call");
        assert_eq!((call["from"].as_str(), call["to"].as_str()), (Some(shown), Some("+4311")), "{from:?}");
        assert_eq!(call["channel"], channel.id.as_str());
    }
}

#[tokio::test]
async fn parameters_that_are_empty_or_unknown_are_accepted_and_are_part_of_what_is_signed() {
    let desk = Desk::open().await;
    let voice = desk.channel(&[]).await.hook("voice");
    for extra in
        ["FromCity=", "Nonsense=a+b%26c%3Dd+%2541+%C3%A9", "SipHeader_X-%E2%82%AC=%00", "=", "To=%2B4399"]
    {
        let sid = sid();
        let plain = format!("CallSid={sid}&From=%2B4312&To=%2B4311");
        let whole = format!("{plain}&{extra}");
        let params: Vec<(String, String)> = form_urlencoded::parse(whole.as_bytes()).into_owned().collect();
        let params: Vec<(&str, &str)> =
            params.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let signature = desk.company.sign(&voice, &params);
        let with = post(&desk, &voice, FORM, whole.into_bytes(), Some(&signature)).await;
        assert_eq!(with.status, 200, "{extra}");
        assert_eq!(desk.call_of(&sid).await.expect("a call")["to"], "+4311", "the first of a name counts");
        if extra != "=" {
            let without = post(&desk, &voice, FORM, plain.into_bytes(), Some(&signature)).await;
            assert_eq!(without.status, 403, "{extra} is signed");
        }
    }
}

#[tokio::test]
async fn a_webhook_is_answered_with_xml_that_nobody_keeps() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let sid = sid();
    for hook in ["voice", "status", "fallback"] {
        let params = [("CallSid", sid.as_str()), ("To", "+4311"), ("CallStatus", "in-progress")];
        let answer = signed(&desk, &channel.hook(hook), &params).await;
        assert_eq!(answer.status, 200, "{hook}");
        assert_eq!(answer.header("content-type"), "text/xml; charset=utf-8", "{hook}");
        assert_eq!(answer.header("cache-control"), "no-store", "{hook}");
        assert!(answer.text().contains("<Response"), "{hook}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_replayed_voice_webhook_of_an_ended_call_gets_a_hang_up_and_writes_nothing() {
    let mut desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let mut softphone = desk.softphone(&anna).await;
    let caller = desk.call(&channel);
    softphone.next("offer").await;
    let heard =
        caller.until(|story| story.events.iter().any(|event| matches!(event, Event::Webhook(_)))).await;
    let first = heard.events.iter().find_map(|event| match event {
        Event::Webhook(webhook) if webhook.purpose == Purpose::Voice => Some(webhook.clone()),
        _ => None,
    });
    let first = first.expect("a first webhook");
    let arrived: Vec<(&str, &str)> =
        first.params.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let double = signed(&desk, &channel.hook("voice"), &arrived).await;
    assert_eq!(double.text(), first.answer.expect("an answer").body, "a double while it lives");
    caller.hang_up();
    desk.over(&caller).await;
    for restarted in [false, true] {
        if restarted {
            desk.restart().await;
        }
        let before = rows(&desk).await;
        replay(&desk, &channel, &arrived).await;
        replay(&desk, &channel, &[&arrived[..], &[("New", "1")]].concat()).await;
        replay(&desk, &channel, &[("CallSid", caller.sid()), ("From", "+4399"), ("To", "+4311")]).await;
        assert_eq!(rows(&desk).await, before, "restarted: {restarted}");
    }
}

#[tokio::test]
async fn a_token_of_the_company_that_nobody_signed_makes_no_two_webhooks_one() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let url = channel.hook("voice");
    let mut sids = [sid(), sid()];
    for sid in &sids {
        let params = [("CallSid", sid.as_str()), ("From", "+43660123"), ("To", channel.number.as_str())];
        let request = desk.api.client.post(url.replacen(PUBLIC_URL, &desk.api.address, 1)).timeout(PATIENCE);
        let request = request.header("Content-Type", FORM).header("I-Twilio-Idempotency-Token", "the-same");
        let request =
            request.header("X-Twilio-Signature", desk.company.sign(&url, &params)).body(form(&params));
        assert_eq!(answer(request).await.status, 200);
    }
    let calls = desk.api.all("calls").await;
    let mut known: Vec<_> =
        calls.iter().map(|call| call["provider_call_id"].as_str().expect("a name")).collect();
    known.sort_unstable();
    sids.sort_unstable();
    assert_eq!(known, sids, "each is a call of its own");
}

async fn replay(desk: &Desk, channel: &Channel, params: &[(&str, &str)]) {
    for hook in ["voice", "fallback", "held/1"] {
        let answer = signed(desk, &channel.hook(hook), params).await;
        let hang_up = "<Response><Hangup/></Response>";
        assert_eq!(answer.status, 200, "{hook} {params:?}");
        assert!(answer.text().ends_with(hang_up), "{hook} {params:?}: {}", answer.text());
    }
}

/// What comes back after this was sent and nothing more, and how long that took.
async fn half(desk: &Desk, sent: &str) -> (String, std::time::Duration) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = desk.api.address.strip_prefix("http://").expect("an address");
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
    stream.write_all(sent.as_bytes()).await.expect("it takes what is sent");
    let began = std::time::Instant::now();
    let mut answer = Vec::new();
    let read =
        tokio::time::timeout(std::time::Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    read.expect("it is hung up").expect("what was answered");
    (String::from_utf8(answer).expect("text"), began.elapsed())
}

#[tokio::test]
async fn whoever_does_not_say_within_ten_seconds_what_they_want_is_hung_up_on() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let hook = channel.hook("voice");
    let path = hook.strip_prefix(crate::desk::PUBLIC_URL).expect("one of our addresses");
    let head = "GET /healthz HTTP/1.1\r\nHost: x";
    let form = "Host: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\nConnection: close";
    let body = format!("POST {path} HTTP/1.1\r\n{form}\r\n\r\nCallSid=CA");
    let token = &desk.api.token;
    let json = format!(
        "POST /api/v1/teams HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 99\r\nConnection: close\r\n\r\n{{"
    );
    let (head, body, json) = tokio::join!(half(&desk, head), half(&desk, &body), half(&desk, &json));
    for (answer, took) in [&head, &body, &json] {
        assert!((9..=15).contains(&took.as_secs()), "{answer:?} after {took:?}");
    }
    assert!(head.0.is_empty() || head.0.starts_with("HTTP/1.1 408"), "{head:?}");
    assert!(body.0.starts_with("HTTP/1.1 408"), "{body:?}");
    assert!(json.0.starts_with("HTTP/1.1 408") && json.0.contains("application/problem+json"), "{json:?}");
}
