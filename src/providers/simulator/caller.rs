//! The caller's side of a call: asks for a document, does what it says, asks again, until somebody ends it.

use super::{
    Incoming,
    company::{Company, Line, Order},
    story::{Ending, Event, Purpose, Status, Story},
    twiml::Element,
    webhook::{Courier, Notice, Params, Request, deliver_notices, params},
};
use axum::http::Method;
use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Interval, Sleep, interval, sleep},
};

const CALL_SECONDS_MAX: u32 = 4 * 3600;

/// A call, as the task that lives it has it.
pub struct Call {
    pub company: Arc<Company>,
    pub line: Arc<Line>,
    pub courier: Courier,
    pub incoming: Incoming,
    /// Webhooks on their way; they arrive even when the caller is gone.
    pub under_way: JoinSet<()>,
    orders: mpsc::UnboundedReceiver<Order>,
    patience: Pin<Box<Sleep>>,
    /// Ticks once in a line second.
    meter: Interval,
    pub seconds: u32,
    /// Where the document came from; relative addresses in it start there.
    pub document_url: String,
    pub documents: u32,
    /// The document that is carried out takes a message.
    pub records: bool,
    /// Where a key that is pressed now leads to.
    pub listens: Option<Request>,
}

/// The document to carry out next.
#[derive(Debug, Clone)]
pub enum Next {
    Ask(Request),
    /// Given by REST.
    Inline(String),
}

/// Why the current document is left.
#[derive(Debug)]
pub enum Turn {
    Next(Next),
    Over(Ending),
}

impl Call {
    pub fn new(company: Arc<Company>, incoming: Incoming) -> (Self, Arc<Line>) {
        let (orders, heard) = mpsc::unbounded_channel();
        let (courier, notices) = mpsc::unbounded_channel();
        let sid = company.dialect.call_id();
        let story = watch::Sender::new(Story::new(&sid, &incoming.from, &incoming.to));
        let message = Mutex::new(incoming.behaviour.message);
        let line = Arc::new(Line { sid, story, message, orders });
        let mut under_way = JoinSet::new();
        under_way.spawn(deliver_notices(company.clone(), line.clone(), notices));
        let call = Self {
            line: line.clone(),
            courier,
            under_way,
            orders: heard,
            patience: Box::pin(sleep(incoming.behaviour.patience.unwrap_or(Duration::MAX))),
            meter: interval(company.lasting(1.0).max(Duration::from_micros(1))),
            seconds: 0,
            document_url: incoming.voice_url.clone(),
            documents: 0,
            records: false,
            listens: None,
            company,
            incoming,
        };
        (call, line)
    }

    /// Lives from the first ring until everybody was told of the end.
    pub async fn live(mut self) {
        let url = self.incoming.voice_url.clone();
        let first = Request { purpose: Purpose::Voice, url, method: Method::POST, params: call_token() };
        let mut next = Next::Ask(first);
        let ending = loop {
            match self.follow(next).await {
                Turn::Next(another) => next = another,
                Turn::Over(ending) => break ending,
            }
        };
        self.end(ending);
        self.tell_status();
        let Self { line, courier, mut under_way, .. } = self;
        drop(courier);
        while under_way.join_next().await.is_some() {}
        line.story.send_modify(|story| story.is_told = true);
    }

    /// Gets a document and carries it out.
    async fn follow(&mut self, next: Next) -> Turn {
        let document = match next {
            Next::Inline(xml) => self.read(&xml).ok_or(Turn::Over(Ending::ApplicationError)),
            Next::Ask(request) => self.fetch(request).await,
        };
        match document {
            Ok(document) => self.carry_out(&document).await,
            Err(turn) => turn,
        }
    }

    async fn carry_out(&mut self, document: &Element) -> Turn {
        self.records = document.children.iter().any(|verb| verb.name == "Record");
        for verb in &document.children {
            if let Err(turn) = self.perform(verb).await {
                return turn;
            }
        }
        Turn::Over(Ending::DocumentOver)
    }

    /// Goes on from a verb to its `action`. Who hung up meanwhile does not hear the answer; a redirect has none.
    pub async fn conclude(&mut self, interruption: Option<Turn>, action: Request) -> Result<(), Turn> {
        match interruption {
            None => Err(Turn::Next(Next::Ask(action))),
            Some(Turn::Next(next)) => Err(Turn::Next(next)),
            Some(Turn::Over(ending)) => {
                self.end(ending);
                self.ask_in_vain(action).await;
                Err(Turn::Over(ending))
            }
        }
    }

    async fn perform(&mut self, verb: &Element) -> Result<(), Turn> {
        match verb.name.as_str() {
            "Play" => self.play(verb).await,
            "Say" => self.say(verb).await,
            "Pause" => self.pause(verb).await,
            "Redirect" => Err(self.redirect(verb)),
            "Dial" => self.dial(verb).await,
            "Record" => self.take_message(verb).await,
            "Gather" => self.gather(verb).await,
            "Hangup" => Err(Turn::Over(Ending::HungUp)),
            "Reject" => Err(self.reject(verb)),
            _ => Ok(()), // complained about when the document was read
        }
    }

    /// The number's status callback, which comes at the end only.
    fn tell_status(&self) {
        let Some(url) = &self.incoming.status_url else { return };
        let (seconds, minutes) = (self.seconds.to_string(), self.seconds.div_ceil(60).to_string());
        let extra = params([
            ("CallDuration", seconds.as_str()),
            ("Duration", minutes.as_str()),
            ("Timestamp", self.company.date()),
            ("CallbackSource", "call-progress-events"),
            ("SequenceNumber", "0"),
        ]);
        let request = Request {
            purpose: Purpose::Status,
            url: url.clone(),
            method: Method::POST,
            params: [self.params(), extra].concat(),
        };
        let _ = self.courier.send(Notice { request, status: self.status(), after: Duration::ZERO });
    }

    pub fn status(&self) -> Status {
        self.line.story.borrow().status
    }

    pub fn answer(&self) {
        if self.status() == Status::Ringing {
            self.line.story.send_modify(|story| {
                story.status = Status::InProgress;
                story.events.push(Event::Answered);
            });
        }
    }

    /// The caller's side ends now; a later ending changes nothing.
    pub fn end(&self, ending: Ending) {
        self.line.story.send_modify(|story| {
            if story.ending.is_some() {
                return;
            }
            if !story.status.is_over() {
                story.status = Status::Completed;
            }
            story.ending = Some(ending);
            story.seconds = self.seconds;
            story.events.push(Event::Ended(ending));
        });
    }

    /// Waits for so many line seconds.
    pub async fn lasts(&mut self, line_seconds: f64) -> Result<(), Turn> {
        let duration = self.company.lasting(line_seconds);
        self.unless_interrupted(sleep(duration)).await
    }

    /// Does something until it is done, or somebody ends or redirects the call.
    pub async fn unless_interrupted<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Turn> {
        tokio::select! {
            done = work => Ok(done),
            turn = self.interruption() => Err(turn),
        }
    }

    async fn interruption(&mut self) -> Turn {
        loop {
            tokio::select! {
                Some(order) = self.orders.recv() => if let Some(turn) = self.turn(order) {
                    return turn;
                },
                () = &mut self.patience => return Turn::Over(Ending::CallerHungUp),
                _ = self.meter.tick() => self.seconds += 1,
            }
            if self.seconds > CALL_SECONDS_MAX {
                return Turn::Over(Ending::TooLong);
            }
        }
    }

    fn turn(&mut self, order: Order) -> Option<Turn> {
        match order {
            Order::CallerHangsUp => Some(Turn::Over(Ending::CallerHungUp)),
            Order::CallerPresses(key) => self.pressed(key),
            Order::End => Some(Turn::Over(Ending::EndedByRest)),
            Order::Redirect(next) => Some(Turn::Next(next)),
        }
    }
}

/// Only the first request has it; its characters are a trial for whoever checks signatures.
fn call_token() -> Params {
    params([
        ("CallToken", r#"{"parentCallInfoToken":"a+b/c=&d %41 é"}"#),
        ("StirVerstat", "TN-Validation-Passed-A"),
    ])
}
