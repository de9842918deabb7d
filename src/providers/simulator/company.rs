//! What callers, legs and the API share: the account, the books, and the way to a call.

use super::{
    Account, Dialect, Faults, Message, Phone,
    caller::Next,
    dial::{Cut, LegLine},
    numbers::Number,
    sound,
    story::{Event, Media, Record, Recording, RestRequest, Story},
};
use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{OnceCell, mpsc, watch};

/// The company has no clock, so this is when everything happens.
pub const DATE: &str = "Thu, 01 Jan 2026 12:00:00 +0000";
pub const API_VERSION: &str = "2010-04-01";

#[derive(Debug)]
pub struct Company {
    pub account: Account,
    pub dialect: Dialect,
    /// Line seconds per real second.
    pub pace: f64,
    pub address: String,
    pub http: reqwest::Client,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub struct State {
    pub lines: Vec<Arc<Line>>,
    pub legs: Vec<LegLine>,
    pub phones: HashMap<String, Phone>,
    pub faults: Faults,
    pub recordings: Vec<Recording>,
    /// The calls on which a message is being recorded.
    pub recording_now: Vec<String>,
    /// Calls that were deleted by REST.
    pub forgotten: Vec<String>,
    pub requests: Vec<RestRequest>,
    pub rest_problems: Vec<String>,
    /// From the prefix of a public address to where it is reached.
    pub forwards: Vec<(String, String)>,
    /// What was fetched to be played, or could not be.
    pub media: Vec<Media>,
    pub numbers: Vec<Number>,
    /// The lengths of files in seconds, fetched once.
    media_seconds: HashMap<String, Arc<OnceCell<f64>>>,
}

/// The way to a call.
#[derive(Debug)]
pub struct Line {
    pub sid: String,
    pub story: watch::Sender<Story>,
    pub message: Mutex<Message>,
    pub orders: mpsc::UnboundedSender<Order>,
}

/// What interrupts a call.
#[derive(Debug)]
pub enum Order {
    CallerHangsUp,
    /// Heard only while keys are gathered.
    CallerPresses(char),
    End,
    Redirect(Next),
}

impl Line {
    /// Tells whether the call was there to hear it.
    pub fn order(&self, order: Order) -> bool {
        self.orders.send(order).is_ok()
    }

    /// What the caller will do when asked for a message.
    pub fn message(&self) -> Message {
        *self.message.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn tell(&self, event: Event) {
        self.story.send_modify(|story| story.events.push(event));
    }

    pub fn complain(&self, problem: impl Into<String>) {
        self.tell(Event::Problem(problem.into()));
    }
}

impl Company {
    pub fn new(account: Account, dialect: Dialect, pace: f64, address: String) -> io::Result<Self> {
        // reqwest needs one to exist, though nothing here is encrypted; somebody else's is as good
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .user_agent("TwilioProxy/1.1")
            .build()
            .map_err(io::Error::other)?;
        Ok(Self { account, dialect, pace, address, http, state: Mutex::default() })
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long line seconds really last; infinity is possible.
    pub fn lasting(&self, line_seconds: f64) -> Duration {
        Duration::try_from_secs_f64(line_seconds.max(0.0) / self.pace).unwrap_or(Duration::MAX)
    }

    pub fn date(&self) -> &'static str {
        match self.dialect {
            Dialect::TeXml => "2026-01-01T12:00:00.000Z",
            Dialect::Twilio | Dialect::SignalWire | Dialect::Somleng => DATE,
        }
    }

    pub fn root(&self) -> String {
        self.dialect.root(&self.account.sid)
    }

    pub fn phone(&self, name: &str) -> Phone {
        self.state().phones.get(name).copied().unwrap_or_default()
    }

    /// Ends the agent's side of every leg that is meant. Tells whether there was one.
    pub fn cut_legs(&self, cut: Cut, mut meant: impl FnMut(&LegLine) -> bool) -> bool {
        let state = self.state();
        state.legs.iter().filter(|leg| meant(leg)).filter(|leg| leg.cuts.send(cut).is_ok()).count() > 0
    }

    /// Where a webhook to `url` is really sent.
    pub fn reach(&self, url: &str) -> String {
        let state = self.state();
        let forward =
            state.forwards.iter().find_map(|(from, to)| Some((to, url.strip_prefix(from.as_str())?)));
        forward.map_or_else(|| url.to_owned(), |(to, rest)| format!("{to}{rest}"))
    }

    /// The length of a WAV file at `url` in seconds; fetched until it could be had once.
    pub async fn media_seconds(&self, url: &str) -> Option<f64> {
        let cell = self.state().media_seconds.entry(url.to_owned()).or_default().clone();
        let fetched = cell.get_or_try_init(async || {
            let seconds = self.fetch_media(url).await;
            self.state().media.push(Media { url: url.to_owned(), seconds });
            seconds.ok_or(())
        });
        fetched.await.ok().copied()
    }

    async fn fetch_media(&self, url: &str) -> Option<f64> {
        let request = self.http.get(self.reach(url)).header("Range", "bytes=0-65535");
        let answer = request.timeout(Duration::from_secs(15)).send().await.ok()?.error_for_status().ok()?;
        let kind = answer.headers().get("Content-Type")?.to_str().ok()?;
        if !kind.starts_with("audio/") {
            return None;
        }
        sound::seconds(&answer.bytes().await.ok()?)
    }

    pub fn record(&self) -> Record {
        let state = self.state();
        Record {
            calls: state.lines.iter().map(|line| line.story.borrow().clone()).collect(),
            requests: state.requests.clone(),
            recordings: state.recordings.clone(),
            media: state.media.clone(),
            rest_problems: state.rest_problems.clone(),
        }
    }
}
