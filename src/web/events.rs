//! What happens, as server-sent events. Read from the store, so that a reader who was away goes on where it stopped.

use super::{Problem, Web, access::Viewer, auth::Caller, calls, tickets};
use crate::{
    desk::settings::Fault, desk::softphones::Pass, routing::ids::HappeningId, store::happenings::HappeningRow,
};
use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    time::interval,
};
use tracing::warn;

const STREAMS_PER_TOKEN_MAX: usize = 4;
/// A comment, which readers skip.
pub const HEARTBEAT: &str = ":\n\n";
pub const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);
/// How many parts may wait for a reader, and for how long.
pub const OUTBOX: usize = 64;
pub const TAKEN_WITHIN: Duration = Duration::from_secs(10);
const PAGE: u32 = 100;
/// A stream that is open ends when its reader likes.
const RETRY_AFTER_SECONDS: u64 = 15;

/// How many streams each token has open.
#[derive(Debug, Clone, Default)]
pub struct Streams(Arc<Mutex<HashMap<Option<Pass>, usize>>>);

impl Streams {
    /// Err: as many are open as may be.
    pub fn open(&self, pass: Option<Pass>) -> Result<Place, Problem> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(pass).or_default();
        if *count >= STREAMS_PER_TOKEN_MAX {
            let problem = Problem::new(429, "This token has as many streams open as it may");
            return Err(problem.later(RETRY_AFTER_SECONDS));
        }
        *count += 1;
        Ok(Place { streams: self.clone(), pass })
    }
}

/// One open stream's place, given back when its connection ends.
pub struct Place {
    streams: Streams,
    pass: Option<Pass>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.pass) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.pass);
            }
        }
    }
}

/// What happens, as server-sent events that never end: each has an `id`, its kind as `event`, and as `data` the document
/// that webhooks get. From `Last-Event-ID` on, as far back as events are kept; without it, from now on.
#[utoipa::path(get, path = "/events",
    params(("Last-Event-ID" = Option<HappeningId>, Header, description = "The id of the event that was read last.")),
    responses(
        (status = 200, content_type = "text/event-stream", body = String), (status = 422), (status = 429)
    ))]
pub async fn stream(caller: Caller, State(web): State<Web>, headers: HeaderMap) -> Result<Response, Problem> {
    let after = match headers.get("last-event-id") {
        None => web.reader.last_happening().await?,
        Some(id) => {
            let id = id.to_str().ok().and_then(|id| id.parse::<HappeningId>().ok());
            let fault = || Fault::new("/Last-Event-ID", "this is not the id of an event");
            Some(id.ok_or_else(|| Problem::invalid(fault()))?)
        }
    };
    let place = web.streams.open(caller.pass)?;
    let (outbox, inbox) = mpsc::channel(OUTBOX);
    tokio::spawn(async move { Reading { caller, web, after, outbox }.run().await });
    Ok(answer(inbox, place))
}

/// Server-sent events for as long as somebody writes them and somebody reads them.
pub fn answer(inbox: Receiver<Bytes>, place: Place) -> Response {
    let parts = stream::unfold((inbox, place), |(mut inbox, place)| async move {
        let part: Bytes = inbox.recv().await?;
        Some((Ok::<_, Infallible>(part), (inbox, place)))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(parts)).into_response()
}

/// One reader of what happens. It ends when the reader is gone, too slow, or may read no more.
struct Reading {
    caller: Caller,
    web: Web,
    after: Option<HappeningId>,
    outbox: Sender<Bytes>,
}

impl Reading {
    async fn run(mut self) {
        let (mut news, mut desk) = (self.web.desk.news(), self.web.desk.clone());
        let mut heartbeat = interval(HEARTBEAT_EVERY);
        heartbeat.tick().await;
        if !self.say(HEARTBEAT.into()).await {
            return;
        }
        loop {
            if !self.is_welcome() || self.outbox.is_closed() {
                return;
            }
            match self.catch_up().await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => warn!(?error, "what happened can't be read"),
            }
            tokio::select! {
                // Without an engine nothing happens any more.
                changed = news.changed() => if changed.is_err() { return },
                () = desk.settings_changed() => {}
                () = self.outbox.closed() => return,
                _ = heartbeat.tick() => if !self.say(HEARTBEAT.into()).await { return },
            }
        }
    }

    /// The token is good, or the session; it can do what it can do now.
    fn is_welcome(&mut self) -> bool {
        let Some(pass) = self.caller.pass else { return true };
        let now = Caller::with_pass(pass, &self.web.desk.settings(), self.web.clock.now().at);
        now.map(|caller| self.caller = caller).is_some()
    }

    /// Says all that is new. False: the reader takes it no more.
    async fn catch_up(&mut self) -> Result<bool, Problem> {
        loop {
            let page = self.web.reader.happenings(self.after, PAGE).await?;
            let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            for happening in page {
                let (seen, is_theirs) = (happening.id, self.may_see(&happening).await?);
                self.after = Some(seen);
                if is_theirs {
                    let HappeningRow { id, kind, document, .. } = happening;
                    if !self.is_welcome()
                        || !self.say(format!("id: {id}\nevent: {kind}\ndata: {document}\n\n")).await
                    {
                        return Ok(false);
                    }
                }
            }
            if is_last {
                return Ok(true);
            }
        }
    }

    async fn say(&self, part: String) -> bool {
        self.outbox.send_timeout(part.into(), TAKEN_WITHIN).await.is_ok()
    }

    /// Whoever may see the call or the ticket may know what happens to it.
    async fn may_see(&self, happening: &HappeningRow) -> Result<bool, Problem> {
        let (caller, web) = (&self.caller, &self.web);
        if happening.kind == "user.notified" {
            let document: Option<serde_json::Value> = serde_json::from_str(&happening.document).ok();
            let user = document.as_ref().and_then(|document| document["data"]["user"].as_str()?.parse().ok());
            let is_admin = Viewer::new(caller, &web.desk.settings()).is_admin();
            return Ok(is_admin || (user.is_some() && user == caller.user));
        }
        let is_of_ticket = happening.kind == "ticket.made" || happening.call.is_none();
        if let (true, Some(ticket)) = (is_of_ticket, happening.ticket) {
            let ticket = web.reader.ticket(ticket).await?;
            return Ok(ticket.is_some_and(|ticket| tickets::may_see(caller, &ticket, web)));
        }
        let Some(call) = happening.call else {
            return Ok(Viewer::new(caller, &web.desk.settings()).is_admin());
        };
        match web.reader.call(call).await? {
            Some(row) => calls::may_see(caller, &row, web, &web.desk.settings()).await,
            None => Ok(false),
        }
    }
}
