//! The softphones' socket: who is let in, what it puts up with, and several sockets of one agent.

use super::{NOBODY, answer, ask};
use crate::desk::{Agent, Desk, PATIENCE, PUBLIC_URL, Wishes};
use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
        handshake::client::Response,
        http::{HeaderName, HeaderValue},
        protocol::frame::coding::CloseCode,
    },
};

type Socket = WebSocketStream<TcpStream>;
type Headers<'a> = &'a [(&'a str, &'a str)];

/// Opens a socket with these headers. Err: the status with which it is refused, and what else was answered.
pub async fn dial(
    desk: &Desk,
    headers: &[(&str, &str)],
) -> Result<(Socket, Response), (u16, Option<Vec<u8>>)> {
    let address = desk.api.address.strip_prefix("http://").expect("an address");
    let mut request = format!("ws://{address}/softphone").into_client_request().expect("a request");
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        request.headers_mut().append(name, HeaderValue::from_str(value).expect("a value"));
    }
    let stream = TcpStream::connect(address).await.expect("the daemon listens");
    match timeout(PATIENCE, client_async(request, stream)).await.expect("an answer") {
        Ok(open) => Ok(open),
        Err(Error::Http(refused)) => Err((refused.status().as_u16(), refused.into_body())),
        Err(error) => panic!("{error}"),
    }
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// A socket of this agent's, and the frame that greets it.
async fn open(desk: &Desk, agent: &Agent) -> (Socket, Value) {
    let headers = [("authorization", bearer(&agent.token)), ("sec-websocket-protocol", "strowger.v1".into())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let (mut socket, _) = dial(desk, &headers).await.expect("it is let in");
    let welcome = hear(&mut socket, "welcome").await;
    (socket, welcome)
}

async fn say(socket: &mut Socket, frame: impl Into<String>) {
    socket.send(Message::text(frame.into())).await.expect("it can be said");
}

/// The next frame of this type; pings pass by.
async fn hear(socket: &mut Socket, kind: &str) -> Value {
    let heard = next(socket).await.unwrap_or_else(|end| panic!("no {kind}, but the end: {end:?}"));
    assert_eq!(heard["type"], kind, "{heard}");
    heard
}

/// The next frame that is no ping. Err: the code and reason with which the socket was closed, if it said.
async fn next(socket: &mut Socket) -> Result<Value, Option<(CloseCode, String)>> {
    loop {
        match timeout(PATIENCE, socket.next()).await.expect("something is said") {
            Some(Ok(Message::Text(text))) => {
                let frame: Value = serde_json::from_str(&text).expect("JSON");
                if frame["type"] != "ping" {
                    return Ok(frame);
                }
            }
            Some(Ok(Message::Close(frame))) => {
                return Err(frame.map(|frame| (frame.code, frame.reason.to_string())));
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Err(None),
        }
    }
}

/// Waits for the end of a socket and answers why.
async fn end(socket: &mut Socket) -> Option<(CloseCode, String)> {
    loop {
        if let Err(end) = next(socket).await {
            return end;
        }
    }
}

/// It still gets an answer.
async fn must_live(socket: &mut Socket, what: &str) {
    say(socket, json!({ "type": "decline", "offer_id": NOBODY, "ref": what }).to_string()).await;
    let heard = hear(socket, "error").await;
    assert_eq!((&heard["code"], &heard["ref"]), (&json!("unknown_offer"), &json!(what)));
}

#[tokio::test]
async fn only_an_agent_with_a_good_token_is_let_in() {
    let desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    let (good, admin) = (bearer(&anna.token), bearer(&desk.api.token));
    let protocol = |token: &str| format!("strowger.v1, bearer.{token}");
    let refused: [(Headers, u16, &str); 9] = [
        (&[], 401, "no token"),
        (&[("authorization", "Bearer wrong")], 401, "a wrong token"),
        (&[("sec-websocket-protocol", "strowger.v1")], 401, "a protocol and no token"),
        (&[("sec-websocket-protocol", &protocol("wrong"))], 401, "a wrong token as a protocol"),
        (&[("sec-websocket-protocol", &protocol(""))], 401, "an empty token as a protocol"),
        (&[("authorization", &admin)], 403, "a token without a user"),
        (
            &[("sec-websocket-protocol", &protocol(&desk.api.token))],
            403,
            "a token without a user as a protocol",
        ),
        (&[("authorization", &good), ("origin", "https://evil.example")], 403, "another page"),
        (&[("authorization", &good), ("origin", "null")], 403, "a page from nowhere"),
    ];
    for (headers, status, what) in refused {
        let (answered, body) = dial(&desk, headers).await.err().unwrap_or_else(|| panic!("{what} is let in"));
        assert_eq!(answered, status, "{what}");
        let problem: Value = serde_json::from_slice(&body.unwrap_or_default()).expect("problem details");
        assert_eq!(problem["status"], status, "{what}");
    }
    for origin in [
        PUBLIC_URL.replacen("https", "http", 1),
        format!("{PUBLIC_URL}:8443"),
        format!("{PUBLIC_URL}.evil.example"),
        PUBLIC_URL.replacen("calls", "evilcalls", 1),
        desk.api.address.clone(),
        String::new(),
    ] {
        let refused = dial(&desk, &[("authorization", &good), ("origin", &origin)]).await;
        assert_eq!(refused.err().map(|(status, _)| status), Some(403), "{origin}");
    }
    for origin in [PUBLIC_URL.to_owned(), PUBLIC_URL.to_uppercase().replacen("HTTPS", "https", 1)] {
        assert!(dial(&desk, &[("authorization", &good), ("origin", &origin)]).await.is_ok(), "{origin}");
    }
}

#[tokio::test]
async fn a_browser_sends_its_token_as_a_protocol_and_never_gets_it_back() {
    let desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    let secret = format!("bearer.{}", anna.token);
    for offered in [
        format!("strowger.v1, {secret}"),
        format!("{secret},strowger.v1"),
        format!("x, strowger.v1, {secret}"),
    ] {
        let (mut socket, response) =
            dial(&desk, &[("sec-websocket-protocol", &offered)]).await.expect("it is let in");
        let echoed: Vec<_> = response.headers().get_all("sec-websocket-protocol").iter().collect();
        assert_eq!(echoed, ["strowger.v1"], "{offered}");
        assert!(!format!("{response:?}").contains(&anna.token));
        assert_eq!(hear(&mut socket, "welcome").await["agent"], anna.id.as_str());
    }
}

#[tokio::test]
async fn a_request_that_is_no_websocket_is_answered_with_problem_details() {
    let desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    ask(&desk, "GET", "/softphone", None, None).await.must_be_problem(401, "nobody");
    let plain = ask(&desk, "GET", "/softphone", Some(&bearer(&anna.token)), None).await;
    plain.must_be_problem(400, "a plain request");
    let request = desk.api.client.get(format!("{}/softphone", desk.api.address)).bearer_auth(&anna.token);
    let request = request.header("Connection", "Upgrade").header("Upgrade", "carrier-pigeon");
    answer(request.timeout(PATIENCE)).await.must_be_problem(400, "another upgrade");
}

#[tokio::test]
async fn the_welcome_is_a_whole_picture() {
    let desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let (mut first, welcome) = open(&desk, &anna).await;
    assert_eq!(welcome["availability"], json!({ "state": "available" }));
    assert_eq!((&welcome["offers"], &welcome["call"]), (&json!([]), &Value::Null));
    assert!(welcome["resume"].as_str().is_some_and(|token| token.len() >= 32));
    let caller = desk.call(&channel);
    let offer = hear(&mut first, "offer").await;
    assert_eq!((&offer["channel"], &offer["from"]), (&json!(channel.id), &json!(caller.story().from)));
    let (_second, welcome) = open(&desk, &anna).await;
    let mut shown = welcome["offers"][0].clone();
    let mut told = offer.clone();
    for frame in [&mut shown, &mut told] {
        let fields = frame.as_object_mut().expect("an object");
        fields.remove("type");
        fields.remove("expires_at");
    }
    assert_eq!(shown, told, "a socket that comes later is offered the same");
    caller.hang_up();
    let ended = hear(&mut first, "offer_ended").await;
    assert_eq!((&ended["offer_id"], &ended["cause"]), (&offer["offer_id"], &json!("caller_hung_up")));
    desk.over(&caller).await;
}

#[tokio::test]
async fn what_cannot_be_understood_gets_an_error_with_its_reference_and_keeps_the_socket() {
    let desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    let (mut socket, _) = open(&desk, &anna).await;
    let table: [(Value, &str); 15] = [
        (json!({ "type": "sing" }), "bad_frame"),
        (json!({ "type": "welcome" }), "bad_frame"),
        (json!({ "type": 7 }), "bad_frame"),
        (json!({}), "bad_frame"),
        (json!({ "type": "accept" }), "bad_frame"),
        (json!({ "type": "accept", "offer_id": "x" }), "bad_frame"),
        (json!({ "type": "accept", "offer_id": 7 }), "bad_frame"),
        (json!({ "type": "accept", "offer_id": NOBODY }), "unknown_offer"),
        (json!({ "type": "decline", "offer_id": NOBODY }), "unknown_offer"),
        (json!({ "type": "hang_up", "call_id": NOBODY }), "unknown_call"),
        (json!({ "type": "availability" }), "bad_frame"),
        (json!({ "type": "availability", "state": "asleep" }), "bad_frame"),
        (json!({ "type": "availability", "state": "away", "until": "soon" }), "bad_frame"),
        (json!({ "type": "media", "registered": "yes" }), "bad_frame"),
        (json!({ "type": "resume", "token": "0123456789abcdef0123456789abcdef" }), "resume_expired"),
    ];
    for (frame, code) in table {
        for reference in [json!(1), json!("a\u{202e}b"), json!({ "deep": [null] }), json!(false)] {
            let mut frame = frame.clone();
            frame["ref"] = reference.clone();
            say(&mut socket, frame.to_string()).await;
            let heard = next(&mut socket).await;
            let heard = heard.unwrap_or_else(|end| panic!("no answer to {frame}, but the end: {end:?}"));
            assert_eq!((&heard["code"], &heard["ref"]), (&json!(code), &reference), "{frame}: {heard}");
            assert!(heard["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{heard}");
            tokio::time::sleep(Duration::from_millis(25)).await; // fewer than 50 a second
        }
    }
    for text in ["", "{", "[]", "null", "\"accept\"", "accept", "{\"type\": \"pong\"} x", "\u{0}"] {
        say(&mut socket, text).await;
        let heard = hear(&mut socket, "error").await;
        assert_eq!((&heard["code"], heard.get("ref")), (&json!("bad_frame"), None), "{text:?}");
    }
    socket.send(Message::binary(b"{\"type\": \"ready\"}".to_vec())).await.expect("it can be said");
    assert_eq!(hear(&mut socket, "error").await["code"], "bad_frame");
    must_live(&mut socket, "after all that").await;
}

#[tokio::test]
async fn what_is_another_agent_s_is_unknown() {
    let desk = Desk::open().await;
    let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
    let channel = desk.channel(&[&anna]).await;
    let (mut annas, _) = open(&desk, &anna).await;
    let (mut bens, _) = open(&desk, &ben).await;
    let caller = desk.call(&channel);
    let offer = hear(&mut annas, "offer").await;
    for kind in ["accept", "decline"] {
        say(&mut bens, json!({ "type": kind, "offer_id": offer["offer_id"], "ref": kind }).to_string()).await;
        let heard = hear(&mut bens, "error").await;
        assert_eq!((&heard["code"], &heard["ref"]), (&json!("unknown_offer"), &json!(kind)));
    }
    say(&mut annas, json!({ "type": "accept", "offer_id": offer["offer_id"] }).to_string()).await;
    hear(&mut annas, "offer_won").await;
    say(&mut bens, json!({ "type": "hang_up", "call_id": offer["call_id"] }).to_string()).await;
    assert_eq!(hear(&mut bens, "error").await["code"], "unknown_call");
    desk.call_when(caller.sid(), "talks", |call| call["state"] == "talking").await;
    caller.hang_up();
    desk.over(&caller).await;
}

#[tokio::test]
async fn a_frame_over_16_kib_ends_its_socket_only() {
    let desk = Desk::open().await;
    let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
    let (mut annas, _) = open(&desk, &anna).await;
    let (mut bens, _) = open(&desk, &ben).await;
    let frame = |length: usize| {
        let around = json!({ "type": "sing", "ref": "" }).to_string().len();
        json!({ "type": "sing", "ref": "x".repeat(length - around) }).to_string()
    };
    say(&mut annas, frame(16 * 1024)).await;
    assert_eq!(hear(&mut annas, "error").await["code"], "bad_frame", "16 KiB are not too many");
    say(&mut annas, frame(16 * 1024 + 1)).await;
    end(&mut annas).await;
    must_live(&mut bens, "Ben goes on").await;
    // In pieces it is no smaller.
    let (mut again, _) = open(&desk, &anna).await;
    let address = desk.api.address.clone();
    assert!(address.starts_with("http"), "{address}");
    use tokio_tungstenite::tungstenite::protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    };
    let piece = |code: Data, last: bool| {
        Message::Frame(Frame::message(vec![b'x'; 6 * 1024], OpCode::Data(code), last))
    };
    for (code, last) in [(Data::Text, false), (Data::Continue, false), (Data::Continue, true)] {
        let _ = again.send(piece(code, last)).await;
    }
    end(&mut again).await;
    must_live(&mut bens, "Ben still goes on").await;
}

#[tokio::test]
async fn the_ninth_socket_of_an_agent_is_turned_away() {
    let desk = Desk::open().await;
    let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
    let mut sockets = Vec::new();
    for _ in 0..8 {
        sockets.push(open(&desk, &anna).await.0);
    }
    let headers = [("authorization", bearer(&anna.token))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let (mut ninth, _) = dial(&desk, &headers).await.expect("a socket");
    assert_eq!(hear(&mut ninth, "error").await["code"], "too_many_sockets");
    end(&mut ninth).await;
    open(&desk, &ben).await;
    for socket in &mut sockets {
        must_live(socket, "the eight go on").await;
    }
    // One that ends makes room.
    sockets.pop().expect("eight sockets").close(None).await.expect("it can be closed");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (mut another, _) = dial(&desk, &headers).await.expect("a socket");
        match next(&mut another).await {
            Ok(frame) if frame["type"] == "welcome" => break,
            other => assert!(Instant::now() < deadline, "there is no room: {other:?}"),
        }
    }
}

#[tokio::test]
async fn who_says_more_than_fifty_things_a_second_is_cut_off() {
    let desk = Desk::open().await;
    let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
    let (mut annas, _) = open(&desk, &anna).await;
    let (mut bens, _) = open(&desk, &ben).await;
    for _ in 0..200 {
        if annas.feed(Message::text("{\"type\": \"pong\"}")).await.is_err() {
            break;
        }
    }
    let _ = annas.flush().await;
    let before = Instant::now();
    end(&mut annas).await;
    assert!(before.elapsed() < Duration::from_secs(5));
    must_live(&mut bens, "Ben goes on").await;
    // Forty a second are fine.
    let (mut again, _) = open(&desk, &anna).await;
    for number in 0..60 {
        tokio::time::sleep(Duration::from_millis(25)).await;
        say(&mut again, json!({ "type": "sing", "ref": number }).to_string()).await;
        assert_eq!(hear(&mut again, "error").await["ref"], number);
    }
}

#[tokio::test]
async fn a_revoked_token_closes_its_sockets_within_a_second() {
    let desk = Desk::open().await;
    let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
    let made = desk.api.post("tokens", json!({ "name": "tablet", "role": "agent", "user": anna.id })).await;
    let tablet = Agent { token: made["token"].as_str().expect("a secret").to_owned(), ..anna.clone() };
    let (mut first, _) = open(&desk, &tablet).await;
    let (mut second, _) = open(&desk, &tablet).await;
    let (mut other, _) = open(&desk, &anna).await;
    let (mut bens, _) = open(&desk, &ben).await;
    let asked = Instant::now();
    desk.api.delete(&format!("tokens/{}", made["id"].as_str().expect("an id"))).await;
    for socket in [&mut first, &mut second] {
        end(socket).await;
        assert!(asked.elapsed() < Duration::from_secs(5), "it took {:?}", asked.elapsed());
    }
    must_live(&mut other, "her other token is good").await;
    must_live(&mut bens, "Ben goes on").await;
    let refused = dial(&desk, &[("authorization", &bearer(&tablet.token))]).await;
    assert_eq!(refused.err().map(|(status, _)| status), Some(401));
    assert_eq!(desk.api.with_token(&tablet.token).ask(Method::GET, "me", None).await.0, 401);
}

#[tokio::test]
async fn a_socket_whose_token_is_revoked_while_it_opens_is_closed_too() {
    const ROUNDS: u64 = 200;
    let desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    let (mut opened, mut refused) = (0, 0);
    // By how many microseconds the socket is ahead of the revocation.
    let mut ahead: i64 = 0;
    let wait = |micros: i64| tokio::time::sleep(Duration::from_micros(u64::try_from(micros).unwrap_or(0)));
    for round in 0..ROUNDS {
        let made =
            desk.api.post("tokens", json!({ "name": "tablet", "role": "agent", "user": anna.id })).await;
        let secret = bearer(made["token"].as_str().expect("a secret"));
        let headers = [("authorization", secret.as_str())];
        let path = format!("tokens/{}", made["id"].as_str().expect("an id"));
        let revoked = async {
            wait(ahead).await;
            desk.api.delete(&path).await;
        };
        let dialled = async {
            wait(-ahead).await;
            dial(&desk, &headers).await
        };
        let (dialled, ()) = tokio::join!(dialled, revoked);
        // Whoever comes too early comes later next time, and the other way round: so most rounds fall on the
        // moment between looking at the token and opening the socket, on a machine of any speed.
        if let Ok((mut socket, _)) = dialled {
            opened += 1;
            ahead -= 100;
            let ended = timeout(Duration::from_secs(1), end(&mut socket)).await;
            assert!(ended.is_ok(), "round {round}: a socket without a token lives on");
        } else {
            refused += 1;
            ahead += 150;
        }
    }
    println!("{opened} were let in before the token was gone, {refused} were not");
    assert!(opened > 0 && refused > 0);
}

#[tokio::test]
async fn a_resume_token_works_once_and_for_its_agent_only() {
    let desk = Desk::open().await;
    let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
    let (mut first, welcome) = open(&desk, &anna).await;
    let token = welcome["resume"].as_str().expect("a token").to_owned();
    let (mut bens, bens_welcome) = open(&desk, &ben).await;
    assert_ne!(bens_welcome["resume"], welcome["resume"]);
    let resume = |token: &str, reference: &str| {
        json!({ "type": "resume", "token": token, "ref": reference }).to_string()
    };
    say(&mut bens, resume(&token, "Ben")).await;
    let heard = hear(&mut bens, "error").await;
    assert_eq!((&heard["code"], &heard["ref"]), (&json!("resume_expired"), &json!("Ben")));

    let (mut second, welcome) = open(&desk, &anna).await;
    let mine = welcome["resume"].as_str().expect("a token").to_owned();
    let (_third, welcome) = open(&desk, &anna).await;
    let token = welcome["resume"].as_str().expect("a token").to_owned();
    say(&mut second, resume(&token, "hers")).await;
    must_live(&mut second, "no error came before").await;
    say(&mut second, resume(&token, "again")).await;
    let heard = hear(&mut second, "error").await;
    assert_eq!((&heard["code"], &heard["ref"]), (&json!("resume_expired"), &json!("again")));
    say(&mut second, resume(&mine, "the newer")).await;
    must_live(&mut second, "the newer one is good").await;
    must_live(&mut first, "nothing ends by it").await;
}

#[tokio::test]
async fn a_socket_that_resumes_takes_over_what_the_earlier_one_said_of_its_telephone() {
    let desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    let channel = desk.channel(&[&anna]).await;
    let (mut first, welcome) = open(&desk, &anna).await;
    say(&mut first, json!({ "type": "media", "registered": false, "microphone": true }).to_string()).await;
    must_live(&mut first, "it was heard").await;
    drop(first);
    let (mut second, _) = open(&desk, &anna).await;
    let token = welcome["resume"].clone();
    say(&mut second, json!({ "type": "resume", "token": token }).to_string()).await;
    must_live(&mut second, "it was heard").await;
    let caller = desk.call(&channel);
    let (call, _) = desk.over(&caller).await;
    assert_eq!(call["offers"], json!([]), "a telephone that is not registered is not rung");
}

#[tokio::test]
async fn several_sockets_of_one_agent_act_as_one() {
    let desk = Desk::open().await;
    let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
    let channel = desk.channel(&[&anna, &ben]).await;
    let (mut first, _) = open(&desk, &anna).await;
    let (mut second, _) = open(&desk, &anna).await;
    let (mut bens, _) = open(&desk, &ben).await;
    let caller = desk.call(&channel);
    let offer = hear(&mut first, "offer").await;
    assert_eq!(hear(&mut second, "offer").await, offer, "both ring");
    let theirs = hear(&mut bens, "offer").await;
    assert_ne!(theirs["offer_id"], offer["offer_id"]);
    say(&mut second, json!({ "type": "accept", "offer_id": offer["offer_id"], "ref": 5 }).to_string()).await;
    let won = hear(&mut second, "offer_won").await;
    assert_eq!(
        (&won["offer_id"], &won["call_id"], &won["ref"]),
        (&offer["offer_id"], &offer["call_id"], &json!(5))
    );
    let ended = hear(&mut first, "offer_ended").await;
    assert_eq!(
        ended,
        json!({ "type": "offer_ended", "offer_id": offer["offer_id"], "cause": "taken", "by": anna.id })
    );
    let ended = hear(&mut bens, "offer_ended").await;
    assert_eq!(
        ended,
        json!({ "type": "offer_ended", "offer_id": theirs["offer_id"], "cause": "taken", "by": anna.id })
    );
    // What is gone is lost for whoever comes late, with the reason.
    say(&mut bens, json!({ "type": "accept", "offer_id": theirs["offer_id"], "ref": "late" }).to_string())
        .await;
    let lost = hear(&mut bens, "offer_lost").await;
    assert_eq!(
        (&lost["cause"], &lost["by"], &lost["ref"]),
        (&json!("taken"), &json!(anna.id), &json!("late"))
    );
    for socket in [&mut first, &mut second] {
        let mut state = Value::Null;
        while state != "talking" {
            let heard = next(socket).await.expect("the call goes on");
            if heard["type"] == "call" {
                assert_eq!(heard["call_id"], offer["call_id"]);
                state = heard["state"].clone();
            }
        }
    }
    // The other one may hang up.
    say(&mut first, json!({ "type": "hang_up", "call_id": offer["call_id"] }).to_string()).await;
    let (call, _) = desk.over(&caller).await;
    assert_eq!((&call["outcome"], &call["agent"]), (&json!("answered"), &json!(anna.id)));
    desk.check_books().await;
}

#[tokio::test]
async fn availability_said_on_one_socket_is_heard_on_the_others() {
    let desk = Desk::open().await;
    let anna = desk.agent("Anna").await;
    let (mut first, _) = open(&desk, &anna).await;
    let (mut second, _) = open(&desk, &anna).await;
    let away = json!({ "type": "availability", "state": "away", "reason": "lunch", "ref": "x" });
    say(&mut first, away.to_string()).await;
    assert_eq!(hear(&mut first, "availability").await, away);
    let plain = json!({ "type": "availability", "state": "away", "reason": "lunch" });
    assert_eq!(hear(&mut second, "availability").await, plain);
    drop((first, second));
    let (_, welcome) = open(&desk, &anna).await;
    assert_eq!(
        welcome["availability"],
        json!({ "state": "away", "reason": "lunch" }),
        "it outlives the sockets"
    );
}

#[tokio::test]
async fn a_slow_reader_is_dropped_and_the_others_do_not_notice() {
    let desk = Desk::open().await;
    let [anna, ben] = desk.agents(["Anna", "Ben"]).await;
    let (mut slow, _) = open(&desk, &anna).await;
    let (mut quick, _) = open(&desk, &anna).await;
    let (mut bens, _) = open(&desk, &ben).await;
    // Everything that is said of Anna goes to both of her sockets, but one of them never reads.
    let reason = "x".repeat(15 * 1024);
    let mut slowest = Duration::ZERO;
    let deadline = Instant::now() + 3 * PATIENCE;
    for number in 0.. {
        let asked = Instant::now();
        let away = json!({ "type": "availability", "state": "away", "reason": reason, "ref": number });
        say(&mut quick, away.to_string()).await;
        assert_eq!(hear(&mut quick, "availability").await["ref"], number);
        if number % 20 == 0 {
            must_live(&mut bens, "Ben goes on").await;
            if desk.log().contains("reads too slowly") {
                break;
            }
        }
        slowest = slowest.max(asked.elapsed());
        assert!(Instant::now() < deadline, "the slow reader is never dropped");
        tokio::time::sleep(Duration::from_millis(21).saturating_sub(asked.elapsed())).await;
    }
    assert!(slowest < Duration::from_secs(2), "somebody had to wait for {slowest:?}");
    let mut read = 0;
    while next(&mut slow).await.is_ok() {
        read += 1;
    }
    println!("it was dropped with {read} frames on their way");
    must_live(&mut quick, "her other socket goes on").await;
    must_live(&mut bens, "Ben goes on").await;
}

#[tokio::test]
async fn a_browser_gets_what_it_registers_with_after_the_welcome_and_not_in_the_log() {
    let (sid, key) = (format!("AC{}", "1".repeat(32)), format!("SK{}", "2".repeat(32)));
    let config = format!(
        "[providers.second]\nkind = \"twilio\"\naccount_sid = \"{sid}\"\napi_key_sid = \"{key}\"\napi_key_secret = \"hush\""
    );
    let desk = Desk::open_with(Wishes { config, log: "trace".into(), ..Wishes::default() }).await;
    let ann = desk.agent("Ann").await;
    let (mut socket, _) = open(&desk, &ann).await;
    let frame = hear(&mut socket, "softphone_token").await;
    assert_eq!((&frame["provider"], &frame["kind"]), (&json!("second"), &json!("twilio")));
    let token = frame["token"].as_str().expect("a token");
    assert_eq!(token.split('.').count(), 3);
    assert!(!desk.log().contains(token) && !desk.log().contains("hush"));
}

#[tokio::test]
async fn offers_are_in_the_welcome_oldest_first_and_say_whose_run_they_are_of() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let channel = desk.channel(&[&ann]).await;
    let (mut first, welcome) = open(&desk, &ann).await;
    assert_eq!(welcome["offers"], json!([]));
    let (mut callers, mut offered) = (Vec::new(), Vec::new());
    for _ in 0..4 {
        callers.push(desk.call(&channel));
        let offer = hear(&mut first, "offer").await;
        assert_eq!(offer["epoch"], welcome["epoch"]);
        offered.push(offer["offer_id"].clone());
    }
    let (_second, welcome) = open(&desk, &ann).await;
    let offers = welcome["offers"].as_array().expect("offers");
    let known: Vec<Value> = offers.iter().map(|offer| offer["offer_id"].clone()).collect();
    assert_eq!(known, offered);
}
