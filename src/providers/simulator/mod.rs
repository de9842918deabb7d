//! A telephone company in memory, for the demo and the end-to-end tests: it speaks Twilio's dialect on loopback and
//! knows nothing of the daemon but the wire.
//!
//! Callers are tasks (`caller`) that get `documents` (`twiml`) by signed requests (`webhook`) and do what these say
//! (`voice`, `dial`, `message`, `gather`);
//! `rest` is the API that the daemon commands; `story` is what tests read afterwards; `faults` is what they break.
//!
//! *Line seconds* are what a caller would experience; `pace` of them fit into a real second. Patience, timeouts and
//! faults are in real time. There is no clock: all dates are `company::DATE`, and durations are counted by a meter that
//! ticks once in a line second.
//!
//! Like Twilio, it does not promise that callbacks arrive in order or before the next request; it does not say that a
//! recording was empty to `action`; it does not call `action` when the call was redirected; it retries only what could
//! not connect; it refuses to redirect a call that is not in progress (21220), even one that is only about to be.
//!
//! Not simulated, and noted as a problem where a document asks for it: gathering speech or more than one digit, queues,
//! conferences, recording of conversations, more of an agent's own document (`url` of a noun) than a `Gather` or a `Hangup`,
//! and placing calls by REST.

mod caller;
mod company;
mod dial;
mod dialect;
mod documents;
mod faults;
mod gather;
mod line;
mod message;
mod numbers;
mod rest;
mod sound;
mod story;
#[cfg(test)]
mod tests;
mod twiml;
mod voice;
mod webhook;

pub use dialect::Dialect;
pub use faults::{Delivery, Faults, Mishap, Rest, Twice};
pub use numbers::Number;
pub use story::{
    Answer, Ending, Event, Leg, Media, Purpose, Record, Recording, RestRequest, Status, Story, Webhook,
};

use company::{Company, Line, Order};
use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::oneshot, task::JoinSet};

/// The account that the daemon has with us.
#[derive(Debug, Clone)]
pub struct Account {
    /// `AC` and 32 hex digits.
    pub sid: String,
    /// Signs webhooks and is the password of the API.
    pub auth_token: String,
}

/// Somebody calls a number of the daemon's.
#[derive(Debug, Clone, Default)]
pub struct Incoming {
    pub from: String,
    pub to: String,
    pub voice_url: String,
    pub status_url: Option<String>,
    pub fallback_url: Option<String>,
    pub behaviour: Behaviour,
}

/// What a caller does of their own accord.
#[derive(Debug, Clone, Copy, Default)]
pub struct Behaviour {
    /// Hangs up after this real time, whatever happens.
    pub patience: Option<Duration>,
    pub message: Message,
}

/// What a caller does when asked for a message. Seconds are line seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Message {
    /// Says nothing and stays on the line.
    #[default]
    Silence,
    /// Speaks, then presses `#` if that ends the recording, else waits in silence.
    Seconds(f64),
    /// Is at a loss for words, speaks, says nothing more for as long, then presses `#`.
    Hesitates { silent_seconds: f64, seconds: f64 },
    /// Speaks, then hangs up; zero is hanging up at the beep.
    HangsUpAfter(f64),
    /// Hangs up while a clip is played, or a text read, in a document that records.
    HangsUpInGreeting,
}

/// An agent's telephone: a softphone, a SIP address or a number. Seconds are line seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Phone {
    Answers {
        after_seconds: f64,
    },
    /// Somebody's own voicemail picks up, and presses no key.
    Machine {
        after_seconds: f64,
    },
    /// The agent's side ends the conversation.
    HangsUpAfter {
        answer_after_seconds: f64,
        talk_seconds: f64,
    },
    /// Engaged, or the agent declines.
    Busy {
        after_seconds: f64,
    },
    /// Rings as long as it is let.
    NoAnswer,
    /// The leg fails at once.
    Unregistered,
}

impl Default for Phone {
    fn default() -> Self {
        Self::Answers { after_seconds: 2.0 }
    }
}

/// The running company. Dropping it ends its server and its callers.
#[derive(Debug)]
pub struct Simulator {
    company: Arc<Company>,
    callers: Mutex<JoinSet<()>>,
    /// Dropped with us, which stops the server.
    _open: oneshot::Sender<()>,
}

impl Simulator {
    /// Opens the company on a free loopback port, in the running Tokio runtime. `pace` is line seconds per real second.
    pub async fn start(account: Account, pace: f64) -> io::Result<Self> {
        Self::start_speaking(Dialect::Twilio, account, pace).await
    }

    /// The same, but it speaks like another company. Ids of accounts are the UUIDs that the others have.
    pub async fn start_speaking(dialect: Dialect, account: Account, pace: f64) -> io::Result<Self> {
        if !(pace.is_finite() && pace > 0.0) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the pace must be positive"));
        }
        let listener = line::Listener::bind().await?;
        let company = Arc::new(Company::new(account, dialect, pace, listener.address()?)?);
        let (open, closed) = oneshot::channel();
        tokio::spawn(rest::serve(listener, company.clone(), closed));
        Ok(Self { company, callers: Mutex::default(), _open: open })
    }

    /// What the daemon is given as `public_key`, where webhooks are checked with one.
    pub fn public_key(&self) -> String {
        dialect::public_key(&self.company.account)
    }

    /// What the daemon is given as `api_base`.
    pub fn address(&self) -> String {
        self.company.address.clone()
    }

    /// Webhooks to addresses that begin with `public_url` are signed so, but delivered at `address`, as by a proxy. The
    /// latest address counts.
    pub fn forward(&self, public_url: &str, address: &str) {
        let forwards = &mut self.company.state().forwards;
        forwards.retain(|(from, _)| from != public_url);
        forwards.push((public_url.to_owned(), address.to_owned()));
    }

    /// Lets somebody call. The call goes on by itself.
    pub fn place(&self, incoming: Incoming) -> Caller {
        let (call, line) = caller::Call::new(self.company.clone(), incoming);
        self.company.state().lines.push(line.clone());
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        while callers.try_join_next().is_some() {}
        callers.spawn(call.live());
        Caller { line }
    }

    /// How the telephone of an agent behaves from now on. `name` is a client's identity, `sip:user@host` or a number.
    pub fn phone(&self, name: &str, phone: Phone) {
        self.company.state().phones.insert(name.to_owned(), phone);
    }

    /// Somebody picks up a telephone that rings. Tells whether there was one.
    pub fn pick_up_phone(&self, name: &str) -> bool {
        self.company.cut_legs(dial::Cut::PickedUp, |leg| leg.phone == name)
    }

    /// The agent's side ends: a conversation is over, a ringing call is declined. Tells whether there was a leg to end.
    pub fn hang_up_phone(&self, name: &str) -> bool {
        self.company.cut_legs(dial::Cut::Phone, |leg| leg.phone == name)
    }

    /// The account buys a number, or changes one that it has. Calls don't need it: they say where they go.
    pub fn own(&self, number: Number) {
        let numbers = &mut self.company.state().numbers;
        numbers.retain(|known| known.number != number.number);
        numbers.push(number);
    }

    /// The account's number as it is set now.
    pub fn number(&self, number: &str) -> Option<Number> {
        self.company.state().numbers.iter().find(|known| known.number == number).cloned()
    }

    /// Changes what goes wrong, from now on.
    pub fn faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.company.state().faults);
    }

    /// Everything seen until now.
    pub fn record(&self) -> Record {
        self.company.record()
    }

    /// The `X-Twilio-Signature` of a form posted to `url`.
    /// The headers that sign this form, in the company's way.
    pub fn signed(&self, url: &str, params: &[(&str, &str)], body: &str) -> Vec<(String, String)> {
        let params: Vec<_> =
            params.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        self.company.dialect.signed(&self.company.account, url, &params, body)
    }

    pub fn sign(&self, url: &str, params: &[(&str, &str)]) -> String {
        webhook::sign(&self.company.account.auth_token, url, params.iter().copied())
    }
}

/// A handle on somebody who calls. Dropping it changes nothing.
#[derive(Debug, Clone)]
pub struct Caller {
    line: Arc<Line>,
}

impl Caller {
    pub fn sid(&self) -> &str {
        &self.line.sid
    }

    pub fn hang_up(&self) {
        self.line.order(Order::CallerHangsUp);
    }

    /// The caller presses a key. Nobody notices, unless a document gathers keys now.
    pub fn press(&self, key: char) {
        self.line.order(Order::CallerPresses(key));
    }

    /// The caller will speak for so many line seconds when asked for a message.
    pub fn leave_message(&self, seconds: f64) {
        self.behave(Message::Seconds(seconds));
    }

    /// Changes what the caller will do when asked for a message.
    pub fn behave(&self, message: Message) {
        *self.line.message.lock().unwrap_or_else(PoisonError::into_inner) = message;
    }

    /// What happened until now.
    pub fn story(&self) -> Story {
        self.line.story.borrow().clone()
    }

    /// Waits until the caller talks with an agent. False: the call ended first.
    pub async fn talking(&self) -> bool {
        self.until(|story| story.is_talking() || story.status.is_over()).await.is_talking()
    }

    /// Waits until the call is over and everybody was told.
    pub async fn ended(&self) -> Story {
        self.until(|_| false).await
    }

    /// Waits until the story is as wished, or will not change any more.
    pub async fn until(&self, mut wished: impl FnMut(&Story) -> bool) -> Story {
        let mut story = self.line.story.subscribe();
        let reached = story.wait_for(|story| wished(story) || story.is_told).await;
        reached.map(|story| story.clone()).unwrap_or_else(|_| self.story())
    }
}
