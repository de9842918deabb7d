//! How much one address or token may ask, who counts behind a proxy, and how many connections there may be.

use super::{Answer, answer, ask, softphones::dial};
use crate::desk::{Desk, PATIENCE, PUBLIC_URL, Wishes};
use reqwest::Method;
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::{sleep, timeout},
};

/// A desk whose daemon believes nobody, with these limits.
async fn limited(limits: &str) -> Desk {
    Desk::open_with(Wishes { config: format!("[limits]\n{limits}\n"), ..Wishes::default() }).await
}

async fn me(desk: &Desk, token: &str, forwarded: Option<&str>) -> Answer {
    let mut request = desk.api.client.get(format!("{}/api/v1/me", desk.api.address)).timeout(PATIENCE);
    request = request.bearer_auth(token);
    if let Some(forwarded) = forwarded {
        request = request.header("X-Forwarded-For", forwarded);
    }
    answer(request).await
}

/// 429 with what belongs to it.
fn must_wait(answer: &Answer) {
    answer.must_be_problem(429, "too many");
    let seconds: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
}

/// Asks until it is too much; so often it was not.
async fn until_too_much(ask: impl AsyncFn() -> Answer, well: u16) -> usize {
    for times in 0..1_000 {
        let answer = ask().await;
        if answer.status == 429 {
            must_wait(&answer);
            return times;
        }
        assert_eq!(answer.status, well);
    }
    panic!("there is no limit")
}

#[tokio::test]
async fn a_token_that_asks_too_much_waits_and_others_do_not_until_the_address_has_had_enough() {
    let desk = limited("api_per_token = 20\napi_per_address = 60").await;
    let made = desk.api.post("tokens", json!({ "name": "two", "role": "admin" })).await;
    let other = made["token"].as_str().expect("a secret").to_owned();
    let channel = desk.channel(&[]).await;
    // On a slow machine some come back meanwhile.
    assert!(until_too_much(async || me(&desk, &desk.api.token, None).await, 200).await >= 18);
    assert_eq!(me(&desk, &other, None).await.status, 200, "another token is not touched");
    assert!(until_too_much(async || ask(&desk, "GET", "/api/v1/me", None, None).await, 401).await > 0);
    must_wait(&me(&desk, &other, None).await);
    let health = ask(&desk, "GET", "/healthz", None, None).await;
    assert_eq!(health.status, 200);
    // A caller is never dropped because of that.
    for number in 0..100 {
        let sid = format!("CA{number:032x}");
        let form = [("CallSid", sid.as_str()), ("From", "+43660"), ("To", "+431")];
        assert_eq!(desk.post_hook(&channel.hook("voice"), &form).await.0, 200);
    }
}

#[tokio::test]
async fn every_operation_s_document_says_when_to_come_again() {
    let desk = Desk::open().await;
    let document = desk.api.get("openapi.json").await;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let refusal = &operation["responses"]["429"];
            assert!(refusal["headers"]["Retry-After"].is_object(), "{method} {path}: {refusal}");
            assert!(refusal["content"]["application/problem+json"].is_object(), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn wrong_tokens_are_limited_and_good_ones_are_let_in_all_the_same() {
    let desk = limited("wrong_tokens_per_address = 5").await;
    assert!(until_too_much(async || me(&desk, "strowger_wrong", None).await, 401).await >= 5);
    assert_eq!(me(&desk, &desk.api.token, None).await.status, 200);
    // Whoever has no token at all guesses none.
    assert_eq!(ask(&desk, "GET", "/api/v1/me", None, None).await.status, 401);
}

#[tokio::test]
async fn softphones_that_connect_are_limited() {
    let desk = limited("softphones_per_address = 4").await;
    let anna = desk.agent("Anna").await;
    let authorization = format!("Bearer {}", anna.token);
    let headers = [("authorization", authorization.as_str()), ("sec-websocket-protocol", "strowger.v1")];
    let mut open = Vec::new();
    let refused = loop {
        match dial(&desk, &headers).await {
            Ok(socket) => open.push(socket),
            Err((status, _)) => break status,
        }
        assert!(open.len() < 8, "there is no limit");
    };
    assert!(refused == 429 && open.len() >= 4, "{refused} after {}", open.len());
}

#[tokio::test]
async fn refused_webhooks_are_limited_and_signed_ones_are_not() {
    let desk = limited("refused_webhooks_per_address = 5").await;
    let channel = desk.channel(&[]).await;
    let unsigned = async |path: &str| {
        let url = channel.hook(path).replacen(PUBLIC_URL, &desk.api.address, 1);
        answer(desk.api.client.post(url).timeout(PATIENCE).body("CallSid=CA1")).await
    };
    let mut refused = unsigned("voice").await;
    let mut times = 1;
    while refused.status == 403 && times < 100 {
        refused = unsigned("voice").await;
        times += 1;
    }
    assert!(times > 5, "{times}");
    // Telephone companies read no problem details.
    assert_eq!((refused.status, refused.text()), (429, ""));
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0));
    assert_eq!(unsigned("nothing").await.status, 429, "an address that is none counts, too");
    for number in 0..20 {
        let sid = format!("CA{number:032x}");
        let form = [("CallSid", sid.as_str()), ("From", "+43660"), ("To", "+431")];
        assert_eq!(desk.post_hook(&channel.hook("voice"), &form).await.0, 200);
    }
    assert_eq!(desk.log().matches("a webhook is refused").count(), times - 1, "neither is the log filled");
}

#[tokio::test]
async fn behind_a_trusted_proxy_everybody_has_their_own_address_and_cannot_choose_it() {
    let http = "trusted_proxies = [\"127.0.0.0/8\", \"::1\"]".to_owned();
    let config = "[limits]\napi_per_address = 10\n".to_owned();
    let desk = Desk::open_with(Wishes { config, http, ..Wishes::default() }).await;
    let token = desk.api.token.clone();
    let from = async |said: &str| me(&desk, &token, Some(said)).await;
    assert!(until_too_much(async || from("203.0.113.1").await, 200).await >= 10);
    must_wait(&from("198.51.100.7, 203.0.113.1").await);
    must_wait(&from("203.0.113.1, 127.0.0.9").await);
    assert_eq!(from("203.0.113.2").await.status, 200);
    assert!(until_too_much(async || from("2001:db8::1").await, 200).await >= 10);
    must_wait(&from("2001:db8::2").await);
    assert_eq!(from("2001:db8:0:1::2").await.status, 200);
    let team = desk.api.client.post(format!("{}/api/v1/teams", desk.api.address)).bearer_auth(&token);
    let team = team.header("X-Forwarded-For", "1.1.1.1, 203.0.113.3").json(&json!({ "name": "Support" }));
    assert_eq!(answer(team).await.status, 201);
    let audited = &desk.api.get("audit?limit=1").await["items"][0];
    assert_eq!(audited["author"]["address"], "203.0.113.3", "{audited}");
}

#[tokio::test]
async fn what_nobody_trusted_says_of_an_address_counts_for_nothing() {
    let desk = limited("api_per_address = 10").await;
    let team =
        desk.api.client.post(format!("{}/api/v1/teams", desk.api.address)).bearer_auth(&desk.api.token);
    let team = team.header("X-Forwarded-For", "203.0.113.3").json(&json!({ "name": "Support" }));
    assert_eq!(answer(team).await.status, 201);
    let audited = &desk.api.get("audit?limit=1").await["items"][0];
    assert_eq!(audited["author"]["address"], "127.0.0.1", "{audited}");
    let number = std::cell::Cell::new(0);
    let other_each_time = async || {
        number.set(number.get() + 1);
        me(&desk, &desk.api.token, Some(&format!("203.0.113.{}", number.get()))).await
    };
    assert!(until_too_much(other_each_time, 200).await < 100);
}

/// A connection from another address of this machine.
async fn connect(desk: &Desk, from: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::new(from.parse().expect("an address"), 0)).expect("an address of this machine");
    let to = desk.api.address.strip_prefix("http://").and_then(|address| address.parse().ok());
    socket.connect(to.expect("an address")).await.expect("the daemon listens")
}

/// The head of a softphone's request.
fn upgrade(token: &str) -> String {
    format!(
        "GET /softphone HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: strowger.v1\r\n\r\n"
    )
}

/// Sends this on a connection of its own; the status of the answer, or `None` if it is hung up on.
async fn status(stream: &mut TcpStream, request: &str) -> Option<u16> {
    let _ = stream.write_all(request.as_bytes()).await;
    let mut head = [0; 12];
    let read =
        timeout(PATIENCE, stream.read_exact(&mut head)).await.expect("the daemon neither answers nor closes");
    read.ok()?;
    std::str::from_utf8(&head[9..]).ok()?.parse().ok()
}

#[tokio::test]
async fn who_hogs_connections_keeps_neither_webhooks_out_nor_more_than_their_own() {
    let desk = limited("connections = 10\nconnections_per_address = 5").await;
    let agents = desk.agents(["Anna", "Ben"]).await;
    let channel = desk.channel(&[]).await;
    let mut open = Vec::new();
    for _ in 0..5 {
        let mut stream = connect(&desk, "127.0.0.2").await;
        assert_eq!(status(&mut stream, &upgrade(&agents[0].token)).await, Some(101));
        open.push(stream);
    }
    let mut sixth = connect(&desk, "127.0.0.2").await;
    assert_eq!(status(&mut sixth, &upgrade(&agents[0].token)).await, None, "five are enough for one address");

    // Others take what is left, until only the reserve is.
    for (number, agent) in [3, 3, 3, 3, 3, 4, 4, 4, 4, 4].iter().zip(agents.iter().cycle()) {
        let mut stream = connect(&desk, &format!("127.0.0.{number}")).await;
        match status(&mut stream, &upgrade(&agent.token)).await {
            Some(101) => open.push(stream),
            Some(503) => break,
            // For a moment the reserve is taken by whom it was just refused.
            None => sleep(Duration::from_millis(20)).await,
            other => panic!("{other:?}"),
        }
    }
    let form = [("CallSid", "CA00000000000000000000000000000001"), ("From", "+43660"), ("To", "+431")];
    let (url, signature) = (channel.hook("voice"), desk.company.sign(&channel.hook("voice"), &form));
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let hook = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: {signature}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        url.strip_prefix(PUBLIC_URL).expect("one of ours"),
        body.len()
    );
    let token = &desk.api.token;
    let get = |path: &str| {
        format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        )
    };
    for _ in 0..5 {
        let api = status(&mut connect(&desk, "127.0.0.5").await, &get("/api/v1/me")).await;
        assert!(matches!(api, None | Some(503)), "{api:?}");
    }
    let mut answered = None;
    for _ in 0..100 {
        answered = status(&mut connect(&desk, "127.0.0.6").await, &hook).await;
        if answered.is_some() {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(answered, Some(200), "a webhook gets in");
    drop((open, sixth));
    for _ in 0..1_000 {
        if status(&mut connect(&desk, "127.0.0.5").await, &get("/api/v1/me")).await == Some(200) {
            let ready = ask(&desk, "GET", "/readyz", Some(&format!("Bearer {token}")), None).await;
            assert!(ready.text().contains("warning: connections were refused"), "{ready:?}");
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("places are not given back");
}

/// One number of the metrics.
async fn metric(desk: &Desk, name: &str) -> f64 {
    let page = ask(desk, "GET", "/metrics", Some(&format!("Bearer {}", desk.api.token)), None).await;
    let line = page.text().lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    line.expect("it is among the metrics")
}

const BIG: usize = 40;

/// Asks for much on one connection, by somebody whose own memory is small.
async fn ask_much(desk: &Desk) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(16 * 1024).expect("a small buffer");
    let to = desk.api.address.strip_prefix("http://").and_then(|address| address.parse().ok());
    let mut stream = socket.connect(to.expect("an address")).await.expect("the daemon listens");
    let token = &desk.api.token;
    let one = format!("GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n");
    let request = format!("{one}\r\n").repeat(BIG - 1) + &one + "Connection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("it takes what is asked");
    stream
}

#[tokio::test]
async fn who_takes_nothing_is_hung_up_on_and_who_takes_a_little_now_and_then_is_not() {
    let desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    let softphone = desk.softphone(&anna).await;
    let before = metric(&desk, "strowger_connections ").await;
    let (mut idle, mut slow) = (ask_much(&desk).await, ask_much(&desk).await);
    let mut heard: Vec<u8> = Vec::new();
    let mut part = vec![0; 32 * 1024];
    // Little by little for as long as it takes until the other one is gone.
    let mut quick = false;
    loop {
        let read =
            timeout(PATIENCE, slow.read(&mut part)).await.expect("more comes").expect("it is not hung up on");
        heard.extend(&part[..read]);
        if read == 0 {
            break;
        }
        if !quick {
            sleep(Duration::from_millis(500)).await;
            quick = metric(&desk, "strowger_connections ").await <= before + 1.0;
        }
    }
    assert!(quick, "whoever takes nothing is never hung up on");
    let answers = heard.windows(15).filter(|bytes| *bytes == b"HTTP/1.1 200 OK").count();
    assert_eq!(answers, BIG, "who takes little gets all of it");
    let mut rest: Vec<u8> = Vec::new();
    let _ = timeout(PATIENCE, idle.read_to_end(&mut rest)).await.expect("it is hung up on");
    let answers = rest.windows(15).filter(|bytes| *bytes == b"HTTP/1.1 200 OK").count();
    assert!(answers < BIG, "it got {answers}");
    assert_eq!(desk.api.ask(Method::GET, "me", None).await.0, 200);
    assert_eq!(softphone.seen_of("error"), Vec::<Value>::new(), "a socket with nothing to say lives on");
}
