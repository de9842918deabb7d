//! An agent's websocket. It only carries frames; what they mean is decided by the engine.

use super::{
    Problem, Web,
    auth::{Caller, bearer},
    limits::Client,
    notes, session,
};
use crate::{
    desk::{
        Input,
        outbox::{self, Frames},
        softphones::{ClientFrame, Frame, Opened, Pass, Said, SocketId},
    },
    routing::{
        ids::{TicketId, UserId},
        people::{Reach, Role},
    },
};
use axum::{
    Extension,
    extract::{
        State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, header},
    response::Response,
};
use futures_util::SinkExt;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::time;
use tracing::debug;

const PROTOCOL: &str = "strowger.v1";
const FRAME_MAX: usize = 16 * 1024;
/// Each open socket keeps a buffer of this size, and there may be ten thousand. Frames are small; larger ones are read in parts.
const READ_BYTES: usize = 4 * 1024;
const FRAMES_PER_SECOND: u32 = 50;
/// Before the hour of the last ones is over.
const TOKENS_EVERY: Duration = Duration::from_secs(48 * 60);
const PING_EVERY: Duration = Duration::from_secs(15);
/// A socket that says nothing, not even to pings, for so many of them is dead.
const SILENT_PINGS_MAX: u32 = 2;
/// A frame that can't be sent in this time is never read.
const SEND_WITHIN: Duration = Duration::from_secs(10);

pub async fn open(
    State(web): State<Web>,
    client: Option<Extension<Client>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let client = client.map(|Extension(client)| client);
    web.limits.softphone(client)?;
    if !session::origin_is_ours(&headers, &web.public_url) {
        return Err(Problem::forbidden());
    }
    let caller = match bearer(&headers).or_else(|| secret_in_protocols(&headers)) {
        Some(secret) => Caller::with_secret(secret, client, &web)?,
        // Other programs have no cookies: whoever comes with one says from where.
        None if headers.contains_key(header::ORIGIN) => Caller::with_cookie(&headers, client, &web)?,
        None => return Err(Problem::unauthorised()),
    };
    let (Some(agent), Some(pass)) = (caller.user, caller.pass) else { return Err(Problem::forbidden()) };
    let upgrade = upgrade.map_err(|refused| Problem::new(refused.status().as_u16(), refused.body_text()))?;
    let upgrade = upgrade.protocols([PROTOCOL]).read_buffer_size(READ_BYTES);
    let upgrade = upgrade.max_message_size(FRAME_MAX).max_frame_size(FRAME_MAX);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let id = SocketId(web.sockets.fetch_add(1, Ordering::Relaxed));
        let (outbox, frames) = outbox::outbox();
        let outbox = Arc::new(outbox);
        let opened = Opened { agent, socket: id, pass, outbox };
        web.desk.report(Input::SocketOpened(opened)).await;
        let softphones = &web.desk.health().softphones;
        softphones.fetch_add(1, Ordering::Relaxed);
        let (said_this_second, silent_pings, is_welcome, role) = (0, 0, false, caller.role);
        Line { web: &web, agent, pass, role, id, socket, frames, said_this_second, silent_pings, is_welcome }
            .run()
            .await;
        softphones.fetch_sub(1, Ordering::Relaxed);
        web.desk.report(Input::SocketClosed { agent, socket: id }).await;
    }))
}

/// `Sec-WebSocket-Protocol: strowger.v1, bearer.TOKEN`: browsers can't set headers.
fn secret_in_protocols(headers: &HeaderMap) -> Option<&str> {
    let offered =
        headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    offered.flat_map(|value| value.split(',')).find_map(|protocol| protocol.trim().strip_prefix("bearer."))
}

/// One open socket.
struct Line<'a> {
    web: &'a Web,
    agent: UserId,
    /// By which it was opened. A session ends by itself, too.
    pass: Pass,
    /// Of the token.
    role: Role,
    id: SocketId,
    socket: WebSocket,
    frames: Frames,
    said_this_second: u32,
    silent_pings: u32,
    /// The first frame is out.
    is_welcome: bool,
}

impl Line<'_> {
    async fn run(mut self) {
        let mut ping = time::interval(PING_EVERY);
        let mut second = time::interval(Duration::from_secs(1));
        let mut fresh_tokens = time::interval(TOKENS_EVERY);
        ping.reset();
        fresh_tokens.reset();
        loop {
            let goes_on = tokio::select! {
                frames = self.frames.next() => match frames {
                    Some(frames) => self.send_all(frames).await,
                    None => self.close(1001, "closed").await,
                },
                said = self.socket.recv() => match said {
                    Some(Ok(message)) => self.hear(message).await,
                    Some(Err(error)) => {
                        debug!(%error, "a softphone's socket broke");
                        false
                    }
                    None => false,
                },
                _ = ping.tick() => self.ping().await,
                _ = fresh_tokens.tick() => self.send_tokens().await,
                _ = second.tick() => {
                    self.said_this_second = 0;
                    true
                }
            };
            if !goes_on {
                return;
            }
        }
    }

    async fn send(&mut self, text: Arc<str>) -> bool {
        self.write(text).await && self.flush().await
    }

    /// In as few packets as will do. The first frame is the welcome.
    async fn send_all(&mut self, frames: Vec<Arc<str>>) -> bool {
        for frame in frames {
            if !(self.write(frame).await && self.welcome().await) {
                return false;
            }
        }
        self.flush().await
    }

    async fn write(&mut self, text: Arc<str>) -> bool {
        let message = Message::Text(text.as_ref().into());
        matches!(time::timeout(SEND_WITHIN, self.socket.feed(message)).await, Ok(Ok(())))
    }

    async fn flush(&mut self) -> bool {
        matches!(time::timeout(SEND_WITHIN, self.socket.flush()).await, Ok(Ok(())))
    }

    async fn welcome(&mut self) -> bool {
        std::mem::replace(&mut self.is_welcome, true) || self.send_tokens().await
    }

    /// Under the identity that the agent has now, for every telephone company that knows such tokens.
    async fn send_tokens(&mut self) -> bool {
        let settings = self.web.desk.settings();
        let reach = settings.people.users.get(&self.agent).map(|user| &user.reach);
        let Some(Reach::Client(identity)) = reach else { return true };
        let now = self.web.clock.now().at;
        for (name, provider) in self.web.providers.iter() {
            let Some(token) = provider.softphone_token(identity, now) else { continue };
            let frame = Frame::SoftphoneToken { provider: name.clone(), token };
            if !self.send(frame.text(None)).await {
                return false;
            }
        }
        true
    }

    async fn close(&mut self, code: u16, reason: &'static str) -> bool {
        let frame = CloseFrame { code, reason: reason.into() };
        let _ = time::timeout(SEND_WITHIN, self.socket.send(Message::Close(Some(frame)))).await;
        false
    }

    async fn ping(&mut self) -> bool {
        if !self.web.desk.settings().is_good(self.pass, self.web.clock.now().at) {
            return self.close(1008, "the session is over").await;
        }
        self.silent_pings += 1;
        if self.silent_pings > SILENT_PINGS_MAX {
            return self.close(1001, "silent").await;
        }
        self.send(Frame::Ping.text(None)).await
    }

    async fn hear(&mut self, message: Message) -> bool {
        self.silent_pings = 0;
        self.said_this_second += 1;
        if self.said_this_second > FRAMES_PER_SECOND {
            return self.close(1008, "too many frames").await;
        }
        match message {
            Message::Text(text) => self.take(&text).await,
            Message::Binary(_) => self.refuse("bad_frame", "frames are JSON text", None).await,
            Message::Close(_) => false,
            Message::Ping(_) | Message::Pong(_) => true,
        }
    }

    async fn take(&mut self, text: &str) -> bool {
        let value: serde_json::Value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) => return self.refuse("bad_frame", &error.to_string(), None).await,
        };
        let reference = value.get("ref").cloned();
        if !value["type"].is_string() {
            // serde would take a number for the place of the type in our list.
            return self.refuse("bad_frame", "a frame has a type", reference).await;
        }
        let frame = match serde_json::from_value::<ClientFrame>(value) {
            Ok(frame) => frame,
            Err(error) => return self.refuse("bad_frame", &error.to_string(), reference).await,
        };
        if frame.said == Said::Pong {
            return true;
        }
        if let Said::Note { ticket_id, text } = frame.said {
            return self.note(ticket_id, text, reference).await;
        }
        let input = Input::Frame { agent: self.agent, socket: self.id, frame };
        if !self.web.desk.health().store_is_up() || !self.web.desk.tell(input) {
            let detail = "nothing can be recorded at the moment; please try again";
            return self.refuse("unavailable", detail, reference).await;
        }
        true
    }

    async fn note(
        &mut self,
        ticket_id: TicketId,
        text: String,
        reference: Option<serde_json::Value>,
    ) -> bool {
        let settings = self.web.desk.settings();
        let role = settings.people.users.get(&self.agent).map_or(Role::Agent, |user| user.role);
        let (role, user) = (role.min(self.role), Some(self.agent));
        let caller = Caller { pass: None, role, user, address: None };
        match notes::write(self.web, &caller, ticket_id, text).await {
            Ok(note) => self.send(Frame::Note { ticket_id, note_id: note.id }.text(reference.as_ref())).await,
            Err(problem) => {
                let code = if problem.status() == 404 { "unknown_ticket" } else { "not_written" };
                self.refuse(code, &problem.to_string(), reference).await
            }
        }
    }

    async fn refuse(
        &mut self,
        code: &'static str,
        detail: &str,
        reference: Option<serde_json::Value>,
    ) -> bool {
        self.send(Frame::error(code, detail).text(reference.as_ref())).await
    }
}
