//! One page's socket: it says who it is, is told the conversation until now, and then both sides talk.

use super::{
    super::{Web, limits::Client, limits::TooMany},
    channel,
    hub::{self, Place},
};
use crate::{
    messaging::chat::{self, Said, Told, Visitor},
    routing::ids::ChannelId,
};
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use std::time::Duration;
use tokio::time::{self, timeout};
use tracing::debug;

const HELLO_WITHIN: Duration = Duration::from_secs(10);
const PING_EVERY: Duration = Duration::from_secs(15);
/// A socket that says nothing, not even to pings, for so many of them is dead.
const SILENT_PINGS_MAX: u32 = 2;
const FRAMES_PER_SECOND: u32 = 20;
/// A frame that can't be sent in this time is never read.
const SEND_WITHIN: Duration = Duration::from_secs(10);
/// How much of the conversation a page shows.
const MESSAGES_SHOWN: u32 = 200;

pub async fn attend(web: Web, channel: ChannelId, client: Option<Client>, mut socket: WebSocket) {
    let Some(visitor) = hello(&mut socket).await else { return close(&mut socket, 1002, "no hello").await };
    let Some(place) = web.chats.enter(channel, visitor.identity()) else {
        return close(&mut socket, 1008, "too many pages").await;
    };
    let (said_this_second, silent_pings) = (0, 0);
    Line { web, channel, client, visitor, place, socket, said_this_second, silent_pings }.run().await;
}

async fn hello(socket: &mut WebSocket) -> Option<Visitor> {
    match timeout(HELLO_WITHIN, socket.recv()).await {
        Ok(Some(Ok(Message::Text(text)))) => match chat::read(&text) {
            Some(Said::Hello { visitor, name }) => Some(Visitor::new(visitor, name)),
            _ => None,
        },
        _ => None,
    }
}

async fn close(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame { code, reason: reason.into() };
    let _ = timeout(SEND_WITHIN, socket.send(Message::Close(Some(frame)))).await;
}

/// One open socket of somebody who said hello.
struct Line {
    web: Web,
    channel: ChannelId,
    client: Option<Client>,
    visitor: Visitor,
    place: Place,
    socket: WebSocket,
    said_this_second: u32,
    silent_pings: u32,
}

impl Line {
    async fn run(mut self) {
        let mut ping = time::interval(PING_EVERY);
        let mut second = time::interval(Duration::from_secs(1));
        ping.reset();
        if !self.welcome().await {
            return;
        }
        loop {
            let goes_on = tokio::select! {
                line = self.place.next() => match line {
                    Some(line) => self.tell(&Told::Message(line)).await,
                    None => self.end(1013, "too slow").await,
                },
                said = self.socket.recv() => match said {
                    Some(Ok(message)) => self.hear(message).await,
                    Some(Err(error)) => {
                        debug!(%error, "a chat's socket broke");
                        false
                    }
                    None => false,
                },
                _ = ping.tick() => self.ping().await,
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

    /// What is said meanwhile waits in the place, and may come a second time: pages know lines by their ids.
    async fn welcome(&mut self) -> bool {
        let Some(own) = channel(&self.web, &self.channel.to_string()) else {
            return self.end(1001, "closed").await;
        };
        let reader = &self.web.reader;
        let messages =
            reader.latest_messages_with(self.channel, &self.visitor.identity(), MESSAGES_SHOWN).await;
        let messages = match messages {
            Ok(messages) => messages,
            Err(error) => {
                debug!(%error, "a conversation can't be read");
                return self.end(1013, "try again").await;
            }
        };
        let settings = self.web.desk.settings();
        let welcome = Told::Welcome {
            visitor: self.visitor.secret.clone(),
            greeting: own.chat.welcome,
            is_open: own.is_open,
            messages: messages.into_iter().map(|row| hub::line(row, &settings)).collect(),
        };
        self.tell(&welcome).await
    }

    async fn tell(&mut self, told: &Told) -> bool {
        let message = Message::Text(told.text().into());
        matches!(timeout(SEND_WITHIN, self.socket.send(message)).await, Ok(Ok(())))
    }

    async fn end(&mut self, code: u16, reason: &'static str) -> bool {
        close(&mut self.socket, code, reason).await;
        false
    }

    async fn ping(&mut self) -> bool {
        if channel(&self.web, &self.channel.to_string()).is_none() {
            return self.end(1001, "closed").await;
        }
        self.silent_pings += 1;
        if self.silent_pings > SILENT_PINGS_MAX {
            return self.end(1001, "silent").await;
        }
        self.tell(&Told::Ping).await
    }

    async fn hear(&mut self, message: Message) -> bool {
        self.silent_pings = 0;
        self.said_this_second += 1;
        if self.said_this_second > FRAMES_PER_SECOND {
            return self.end(1008, "too many frames").await;
        }
        match message {
            Message::Text(text) => match chat::read(&text) {
                Some(Said::Message { key, text }) => self.take(key, &text).await,
                Some(Said::Pong) => true,
                Some(Said::Hello { .. }) | None => self.refuse("bad_frame", None, None).await,
            },
            Message::Binary(_) => self.refuse("bad_frame", None, None).await,
            Message::Close(_) => false,
            Message::Ping(_) | Message::Pong(_) => true,
        }
    }

    async fn take(&mut self, key: String, text: &str) -> bool {
        let incoming = match self.visitor.message(self.channel, &key, text) {
            Ok(incoming) => incoming,
            Err(code) => return self.refuse(code, Some(key), None).await,
        };
        if let Err(TooMany(seconds)) = self.web.limits.chat_message(self.client) {
            return self.refuse("too_many", Some(key), Some(seconds)).await;
        }
        match self.web.desk.arrived(incoming).await {
            Ok(Ok(arrived)) => self.tell(&Told::Taken { key, id: arrived.message }).await,
            Ok(Err(_)) => self.refuse("closed", Some(key), None).await,
            Err(_) => self.refuse("unavailable", Some(key), Some(5)).await,
        }
    }

    async fn refuse(&mut self, code: &'static str, key: Option<String>, later_seconds: Option<u64>) -> bool {
        self.tell(&Told::Error { code, key, later_seconds }).await
    }
}
