//! `Dial`: legs to agents. They ring at once; the first to come up cancels the others, and is bridged if the document of
//! its noun does not hang it up.

use super::{
    Dialect, Phone,
    caller::{Call, Turn},
    company::{API_VERSION, Company, Line},
    story::{Event, Leg, Purpose, Status},
    twiml::{Element, parse},
    webhook::{Courier, Notice, Params, Request, deliver, params},
};
use axum::http::Method;
use futures_util::{StreamExt, stream::FuturesUnordered};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

const TARGETS_MAX: usize = 10;
/// From being dialled to ringing, in line seconds.
const SETUP_SECONDS: f64 = 0.2;

/// What happens to a leg from another side than the caller's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cut {
    /// Somebody picks up.
    PickedUp,
    /// The agent's side ends it.
    Phone,
    Rest,
}

/// The way to a leg.
#[derive(Debug)]
pub struct LegLine {
    pub sid: String,
    /// The name under which the telephone was set up.
    pub phone: String,
    pub cuts: mpsc::UnboundedSender<Cut>,
}

/// A leg, as the call that dials it has it.
struct Dialling {
    company: Arc<Company>,
    line: Arc<Line>,
    courier: Courier,
    sid: String,
    from: String,
    to: String,
    phone: Phone,
    callback: Option<Callback>,
    /// What is asked when it is picked up, before it is bridged.
    screen: Option<(String, Method)>,
    cuts: mpsc::UnboundedReceiver<Cut>,
}

/// Where a leg's progress is told.
struct Callback {
    url: String,
    method: Method,
    events: String,
    told: u32,
}

/// How dialling ended.
struct Outcome {
    status: Status,
    leg: String,
    /// Line seconds of talk, if there was any.
    seconds: Option<u32>,
}

impl Call {
    pub async fn dial(&mut self, verb: &Element) -> Result<(), Turn> {
        if !verb.is_set("answerOnBridge") {
            self.answer();
        }
        let mut legs: Vec<_> = targets(verb).iter().map(|target| self.open_leg(verb, target)).collect();
        if legs.is_empty() || legs.len() > TARGETS_MAX {
            self.line.complain(format!("Dial with {} targets", legs.len()));
            return Ok(());
        }
        self.line.tell(Event::Dialled { legs: legs.iter().map(|leg| leg.sid.clone()).collect() });
        let (outcome, turn) = self.connect(verb, &mut legs).await;
        let is_forgotten = self.company.state().faults.dial_actions_forgotten;
        if is_forgotten || verb.attribute("action").is_none() {
            return turn.map_or(Ok(()), Err);
        }
        let action = self.action(Purpose::DialAction, verb, outcome.params(self.company.dialect));
        self.conclude(turn, action).await
    }

    /// Rings, bridges and talks. Also tells what interrupted it, if something did.
    async fn connect(&mut self, verb: &Element, legs: &mut [Dialling]) -> (Outcome, Option<Turn>) {
        let ring_seconds = self.company.lasting(verb.number("timeout", 30.0));
        let others_ring_on = self.company.state().faults.others_ring_on;
        let rung = self.unless_interrupted(async {
            match others_ring_on {
                true => timeout(ring_seconds, first_bridged(legs)).await.ok().flatten(),
                false => {
                    let first = timeout(ring_seconds, first_to_come_up(legs)).await.ok().flatten()?;
                    end_all_but(Some(first), legs, Status::Canceled);
                    legs[first].is_bridged().await.then_some(first)
                }
            }
        });
        let rung = rung.await;
        let winner = rung.as_ref().ok().copied().flatten();
        let losers = if rung.is_ok() && winner.is_none() { Status::NoAnswer } else { Status::Canceled };
        end_all_but(winner, legs, losers);
        match winner {
            Some(winner) => self.talk(verb, &mut legs[winner]).await,
            None => (nobody(legs), rung.err()),
        }
    }

    async fn talk(&mut self, verb: &Element, leg: &mut Dialling) -> (Outcome, Option<Turn>) {
        self.answer();
        let begun = self.seconds;
        let limit = sleep(self.company.lasting(verb.number("timeLimit", 14_400.0)));
        let talked = self.unless_interrupted(async {
            tokio::select! {
                () = leg.hangs_up() => {}
                () = limit => {}
            }
        });
        let turn = talked.await.err();
        let seconds = Some((self.seconds - begun).max(1));
        leg.end(Status::Completed, seconds);
        (Outcome { status: Status::Completed, leg: leg.sid.clone(), seconds }, turn)
    }

    fn open_leg(&self, verb: &Element, target: &Element) -> Dialling {
        let name = name_of(target);
        let to = if target.name == "Client" { format!("client:{name}") } else { name.clone() };
        let (cut, cuts) = mpsc::unbounded_channel();
        let leg = Dialling {
            company: self.company.clone(),
            line: self.line.clone(),
            courier: self.courier.clone(),
            sid: self.company.dialect.call_id(),
            from: verb.attribute("callerId").unwrap_or(&self.incoming.from).to_owned(),
            to,
            phone: self.company.phone(&name),
            callback: self.callback(target),
            screen: target
                .attribute("url")
                .filter(|_| self.company.dialect.tells_of_legs())
                .map(|url| (self.resolve(url), target.method("method"))),
            cuts,
        };
        self.company.state().legs.push(LegLine { sid: leg.sid.clone(), phone: name, cuts: cut });
        self.line.story.send_modify(|story| story.legs.push(leg.described(target)));
        leg
    }

    fn callback(&self, target: &Element) -> Option<Callback> {
        let url = target.attribute("statusCallback").filter(|_| self.company.dialect.tells_of_legs())?;
        let url = self.resolve(url);
        let method = target.method("statusCallbackMethod");
        let events = target.attribute("statusCallbackEvent").unwrap_or("completed").to_owned();
        Some(Callback { url, method, events, told: 0 })
    }
}

impl Dialling {
    fn described(&self, target: &Element) -> Leg {
        Leg {
            sid: self.sid.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            parameters: parameters(target),
            status: Status::Initiated,
            was_answered: false,
            seconds: 0,
        }
    }

    /// Rings until somebody picks up (true), or their side ends it.
    async fn ring(&mut self) -> bool {
        self.becomes(Status::Initiated, None);
        if self.phone == Phone::Unregistered {
            self.end(Status::Failed, None);
            return false;
        }
        sleep(self.company.lasting(SETUP_SECONDS)).await;
        self.becomes(Status::Ringing, None);
        let (seconds, decision) = decision(self.phone);
        let status = tokio::select! {
            Some(cut) = self.cuts.recv() => match cut {
                Cut::PickedUp => Status::InProgress,
                Cut::Phone => Status::Busy,
                Cut::Rest => Status::Canceled,
            },
            () = sleep(self.company.lasting(seconds)) => decision,
        };
        if status == Status::InProgress {
            self.becomes(status, None);
            return true;
        }
        self.end(status, None);
        false
    }

    /// Whether it may be bridged, now that it is up; else it is over.
    async fn is_bridged(&mut self) -> bool {
        let Some((url, method)) = self.screen.take() else { return true };
        let is_bridged = self.is_let_through(url, method).await;
        if !is_bridged {
            self.end(Status::Completed, None);
        }
        is_bridged
    }

    /// Whoever picked up hears a document, and is bridged unless it hangs up. A machine presses no key.
    async fn is_let_through(&mut self, url: String, method: Method) -> bool {
        let Some(document) = self.screened(url, method, Vec::new()).await else { return true };
        let Some(gather) = document.children.iter().find(|verb| verb.name == "Gather") else {
            return document.children.iter().all(|verb| verb.name != "Hangup");
        };
        if matches!(self.phone, Phone::Machine { .. }) {
            sleep(self.company.lasting(gather.number("timeout", 5.0))).await;
            return false;
        }
        sleep(self.company.lasting(SETUP_SECONDS)).await;
        let Some(action) = gather.attribute("action").map(str::to_owned) else { return false };
        let pressed = params([("Digits", "1")]);
        let answer = self.screened(action, gather.method("method"), pressed).await;
        answer.is_none_or(|document| document.children.iter().all(|verb| verb.name != "Hangup"))
    }

    /// A document for the leg; none: the company goes on as if there was nothing to hear.
    async fn screened(&mut self, url: String, method: Method, more: Params) -> Option<Element> {
        let params = [self.params(Status::InProgress), more].concat();
        let request = Request { purpose: Purpose::Screen, url, method, params };
        let answer = deliver(&self.company, &self.line, &request).await.ok()?;
        parse(&answer.body).inspect_err(|problem| self.line.complain(problem.clone())).ok()
    }

    /// Waits until the agent's side ends the conversation.
    async fn hangs_up(&mut self) {
        let talk_seconds = match self.phone {
            Phone::HangsUpAfter { talk_seconds, .. } => talk_seconds,
            _ => f64::INFINITY,
        };
        let cut = async { while self.cuts.recv().await == Some(Cut::PickedUp) {} };
        tokio::select! {
            () = cut => {}
            () = sleep(self.company.lasting(talk_seconds)) => {}
        }
    }

    /// Ends the leg, if it is not over yet.
    fn end(&mut self, status: Status, seconds: Option<u32>) {
        self.cuts.close();
        if !self.status().is_over() {
            self.becomes(status, seconds);
        }
    }

    fn status(&self) -> Status {
        let story = self.line.story.borrow();
        story.legs.iter().find(|leg| leg.sid == self.sid).map_or(Status::Failed, |leg| leg.status)
    }

    fn becomes(&mut self, status: Status, seconds: Option<u32>) {
        self.line.story.send_modify(|story| {
            if let Some(leg) = story.legs.iter_mut().find(|leg| leg.sid == self.sid) {
                leg.status = status;
                leg.was_answered |= status == Status::InProgress;
                leg.seconds = seconds.unwrap_or_default();
            }
            story.events.push(Event::Leg { sid: self.sid.clone(), status });
        });
        self.tell(status, seconds);
    }

    fn tell(&mut self, status: Status, seconds: Option<u32>) {
        let mut extra = self.params(status);
        let Some(callback) = &mut self.callback else { return };
        if !callback.events.split_whitespace().any(|event| event == event_of(status)) {
            return;
        }
        let number = if self.company.dialect == Dialect::Somleng { 0 } else { callback.told };
        extra.extend(params([("SequenceNumber", &number.to_string()), ("Timestamp", self.company.date())]));
        if status.is_over() {
            let seconds = seconds.unwrap_or_default();
            let minutes = seconds.div_ceil(60);
            extra
                .extend(params([("CallDuration", &seconds.to_string()), ("Duration", &minutes.to_string())]));
        }
        callback.told += 1;
        let (url, method) = (callback.url.clone(), callback.method.clone());
        let request = Request { purpose: Purpose::LegStatus, url, method, params: extra };
        let _ = self.courier.send(Notice { request, status, after: Duration::ZERO });
    }

    fn params(&self, status: Status) -> Params {
        params([
            ("CallSid", self.sid.as_str()),
            ("ParentCallSid", &self.line.sid),
            ("AccountSid", &self.company.account.sid),
            ("From", &self.from),
            ("To", &self.to),
            ("Caller", &self.from),
            ("Called", &self.to),
            ("CallStatus", status.name()),
            ("ApiVersion", API_VERSION),
            ("Direction", "outbound-dial"),
            ("CallbackSource", "call-progress-events"),
        ])
    }
}

impl Outcome {
    fn params(&self, dialect: Dialect) -> Params {
        let bridged = if self.seconds.is_some() { "true" } else { "false" };
        let mut said = params([
            ("DialCallStatus", self.status.name()),
            ("DialCallSid", &self.leg),
            ("DialBridged", bridged),
        ]);
        said.retain(|(name, _)| name != "DialBridged" || dialect == Dialect::Twilio);
        said.extend(self.seconds.map(|seconds| ("DialCallDuration".to_owned(), seconds.to_string())));
        said
    }
}

fn end_all_but(one: Option<usize>, legs: &mut [Dialling], status: Status) {
    legs.iter_mut().enumerate().filter(|(number, _)| Some(*number) != one).for_each(|(_, leg)| {
        leg.end(status, None);
    });
}

/// Rings all legs; the number of the one that came up, or none when all are over.
async fn first_to_come_up(legs: &mut [Dialling]) -> Option<usize> {
    let rings = legs.iter_mut().enumerate().map(|(number, leg)| async move { (number, leg.ring().await) });
    first_of(rings.collect()).await
}

/// The same, but one that came up and is not to be bridged is only over: the others ring on.
async fn first_bridged(legs: &mut [Dialling]) -> Option<usize> {
    let rings = legs.iter_mut().enumerate().map(|(number, leg)| async move {
        let is_up = leg.ring().await;
        (number, is_up && leg.is_bridged().await)
    });
    first_of(rings.collect()).await
}

async fn first_of(mut rings: FuturesUnordered<impl Future<Output = (usize, bool)>>) -> Option<usize> {
    while let Some((number, answered)) = rings.next().await {
        if answered {
            return Some(number);
        }
    }
    None
}

/// Several legs end in one status: the one that gives most hope.
fn nobody(legs: &[Dialling]) -> Outcome {
    let hope = |leg: &&Dialling| match leg.status() {
        Status::Completed => 4,
        Status::Canceled => 3,
        Status::NoAnswer => 2,
        Status::Busy => 1,
        _ => 0,
    };
    let best = legs.iter().max_by_key(hope);
    let status = best.map_or(Status::Failed, Dialling::status);
    Outcome { status, leg: best.map(|leg| leg.sid.clone()).unwrap_or_default(), seconds: None }
}

/// When the agent's side decides, in line seconds of ringing, and how.
fn decision(phone: Phone) -> (f64, Status) {
    match phone {
        Phone::Answers { after_seconds } | Phone::Machine { after_seconds } => {
            (after_seconds, Status::InProgress)
        }
        Phone::HangsUpAfter { answer_after_seconds, .. } => (answer_after_seconds, Status::InProgress),
        Phone::Busy { after_seconds } => (after_seconds, Status::Busy),
        Phone::NoAnswer | Phone::Unregistered => (f64::INFINITY, Status::NoAnswer),
    }
}

fn event_of(status: Status) -> &'static str {
    match status {
        Status::Initiated => "initiated",
        Status::Ringing => "ringing",
        Status::InProgress => "answered",
        _ => "completed",
    }
}

/// The nouns of a `Dial`; plain text is a number.
fn targets(verb: &Element) -> Vec<Element> {
    let known = verb.children.iter().filter(|noun| matches!(noun.name.as_str(), "Client" | "Sip" | "Number"));
    let plain = Element { name: "Number".to_owned(), text: verb.text.clone(), ..Element::default() };
    known.cloned().chain((!verb.text.is_empty()).then_some(plain)).collect()
}

/// An identity, a SIP address without its parameters and headers, or a number.
fn name_of(target: &Element) -> String {
    let identity = target.children.iter().find(|child| child.name == "Identity");
    let name = identity.map_or(&target.text, |identity| &identity.text);
    match target.name.as_str() {
        "Sip" => name.split([';', '?']).next().unwrap_or_default().to_owned(),
        _ => name.clone(),
    }
}

/// What goes along to the telephone: `Parameter`s, or the headers in a SIP address.
fn parameters(target: &Element) -> Params {
    if let Some((_, headers)) = target.text.split_once('?') {
        return form_urlencoded::parse(headers.as_bytes()).into_owned().collect();
    }
    let given = target.children.iter().filter(|child| child.name == "Parameter");
    let text = |element: &Element, name| element.attribute(name).unwrap_or_default().to_owned();
    given.map(|child| (text(child, "name"), text(child, "value"))).collect()
}
