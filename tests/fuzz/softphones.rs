//! A softphone's socket: whatever an agent's program sends, the socket stays open unless a rule closes it, and the agent
//! can take calls afterwards.

use crate::{
    desk::{Desk, PATIENCE},
    draw::Draw,
};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

/// Fewer than the 50 in a second after which a socket is closed.
const FRAMES: usize = 12;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(desk: &Desk, token: &str) -> Socket {
    let url = format!("{}/softphone", desk.api.address.replacen("http", "ws", 1));
    let mut request = url.into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    headers.insert("sec-websocket-protocol", "strowger.v1".parse().unwrap());
    let mut socket = timeout(PATIENCE, connect_async(request)).await.expect("let in").unwrap().0;
    let welcome = next(&mut socket).await.expect("a welcome");
    assert_eq!(welcome["type"], "welcome");
    socket
}

/// The next frame that is JSON. `None`: the socket is closed.
async fn next(socket: &mut Socket) -> Option<Value> {
    loop {
        match timeout(PATIENCE, socket.next()).await.expect("the daemon says nothing more")? {
            Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).expect("frames are JSON")),
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

fn frame(draw: &mut Draw<'_>) -> Message {
    let id = "0".repeat(32);
    let frames = [
        json!({ "type": "accept", "offer_id": id }),
        json!({ "type": "decline", "offer_id": id }),
        json!({ "type": "hang_up", "call_id": id }),
        json!({ "type": "note", "ticket_id": id, "text": "Zoë" }),
        json!({ "type": "transfer", "call_id": id, "to": { "number": "+43123456789" } }),
        json!({ "type": "transfer", "call_id": id, "to": { "user": id } }),
        json!({ "type": "availability", "state": "away", "reason": "lunch", "until": "2030-01-01T00:00:00Z" }),
        json!({ "type": "availability", "state": "away", "until": "9999-12-31T23:59:59-01:00" }),
        json!({ "type": "availability", "state": "away", "until": "+262142-12-31T23:59:59.999Z" }),
        json!({ "type": "availability", "state": "available" }),
        json!({ "type": "ready" }),
        json!({ "type": "media", "registered": true, "microphone": false }),
        json!({ "type": "pong" }),
        json!({ "type": "resume", "token": "x" }),
        json!({ "type": "welcome" }),
    ];
    let mut frame = frames[draw.below(frames.len())].clone();
    for _ in 0..draw.below(3) {
        frame = draw.mutated_json(&frame);
    }
    if frame.is_object() && draw.chance(3) {
        frame["ref"] = draw.json(2);
    }
    match draw.below(8) {
        0 => Message::Text(draw.text(30).into()),
        1 => Message::Binary(draw.bytes(60).into()),
        2 => Message::Ping(draw.bytes(100).into()),
        3 => Message::Pong(draw.bytes(100).into()),
        4 => Message::Text(draw.mutated_text(&frame.to_string(), 4).into()),
        5 if draw.chance(4) => Message::Text("[".repeat(16_000).into()),
        _ => Message::Text(frame.to_string().into()),
    }
}

#[test]
fn no_frame_closes_a_socket_and_the_agent_takes_calls_afterwards() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (desk, agent, channel) = runtime.block_on(async {
        let desk = Desk::open().await;
        let agent = desk.agent("Ann").await;
        let channel = desk.channel(&[&agent]).await;
        (desk, agent, channel)
    });
    fuzz!(150, 512, |draw: &mut Draw<'_>| runtime.block_on(async {
        let mut socket = connect(&desk, &agent.token).await;
        let mut sent = Vec::new();
        for _ in 0..draw.below(FRAMES) {
            let frame = frame(draw);
            sent.push(format!("{frame:?}"));
            socket.send(frame).await.unwrap_or_else(|error| panic!("{error} after {sent:#?}"));
        }
        let last = json!({ "type": "decline", "offer_id": "f".repeat(32), "ref": "the last one" });
        socket.send(Message::Text(last.to_string().into())).await.expect("the socket is open");
        loop {
            let heard = next(&mut socket).await.unwrap_or_else(|| panic!("closed after {sent:#?}"));
            if heard["ref"] == "the last one" {
                break assert_eq!(heard["type"], "error", "{heard}");
            }
        }
    }));
    runtime.block_on(async {
        let mut softphone = desk.softphone(&agent).await;
        softphone.availability("available");
        softphone.next_where("available", |frame| frame["state"] == "available").await;
        let caller = desk.call(&channel);
        softphone.take().await;
        let talking = softphone.call_is("talking").await;
        softphone.hang_up(&talking);
        desk.over(&caller).await;
        desk.check_books().await;
    });
    assert!(!desk.log().contains("panicked"), "{}", desk.log());
}
