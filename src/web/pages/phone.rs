//! The agents' page: their softphone. What is live comes over the softphones' socket; the page itself shows how they are
//! reached, and the calls that they took and that nobody took.
//!
//! Where an agent speaks and hears in the browser, Twilio's own script does it. It is larger than all our pages together
//! and talks to Twilio, so it is not ours to bring: an operator who wants it puts `dist/twilio.min.js` of the npm package
//! `@twilio/voice-sdk` into the data folder as `twilio-voice-sdk.js`. Without it the page is control only.

use super::{
    super::{
        Problem, Web,
        access::Viewer,
        auth::{Id, Page as Asked},
        missed,
    },
    Policy,
    form::Fields,
    layout::{Layout, Signed},
    refusal::Refusal,
    show,
};
use crate::{
    desk::settings::Settings,
    routing::{
        ids::{CallId, ChannelId, UserId},
        people::{Reach, Role},
    },
    store::calls::Wished,
};
use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::Value;

/// How many calls each list shows.
const CALLS: u32 = 20;

/// What the script says.
const WORDS: [&str; 34] = [
    "connecting",
    "connected",
    "trying-again",
    "no-call",
    "is-connecting",
    "is-talking",
    "wraps-up",
    "call-over",
    "available",
    "is-away",
    "away-until",
    "taken-by",
    "taken-here",
    "expired",
    "caller-hung-up",
    "withdrawn",
    "declined",
    "offered",
    "more",
    "no-offers",
    "note-saved",
    "ticket-closed",
    "microphone-works",
    "microphone-fails",
    "microphone-silent",
    "unknown-offer",
    "unknown-call",
    "unknown-target",
    "unavailable",
    "bad-frame",
    "too-many-sockets",
    "not-done",
    "connecting-failed",
    "speak-now",
];

/// The telephone company's script in the data folder, and where it is served.
const SCRIPT_FILE: &str = "twilio-voice-sdk.js";
const SCRIPT: &str = "phone/twilio-voice-sdk.js";

pub fn routes() -> Router<Web> {
    let router =
        Router::new().route("/phone", get(show_page)).route("/phone/twilio-voice-sdk.js", get(script));
    router.route("/phone/called-back/{id}", post(called_back))
}

#[derive(Template)]
#[template(path = "phone.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    user: UserId,
    /// RFC 3339: what the clock of the server shows.
    at: String,
    /// They speak and hear in the browser, by this script.
    speaks: bool,
    script: &'static str,
    /// They may make test calls.
    leads: bool,
    /// How they are reached: `client`, `sip` or `number`, and where.
    reach: (&'static str, String),
    missed: Vec<Call>,
    recent: Vec<Call>,
}

/// A call in a list.
struct Call {
    id: CallId,
    /// RFC 3339.
    at: String,
    number: String,
    /// It can be called.
    can_be_called: bool,
    contact: Option<String>,
    channel: String,
    ticket: String,
    outcome: String,
    back: Back,
}

/// What became of a missed call.
#[derive(Debug, PartialEq)]
enum Back {
    /// It was not missed.
    NotMissed,
    /// Nobody has called back.
    Open,
    /// Called back by this one; nobody in particular, if it is empty.
    By(String),
    /// They called again, and were answered.
    GotThrough,
}

async fn show_page(State(web): State<Web>, signed: Signed) -> Result<Response, Refusal> {
    let page = page(&web, &signed).await.map_err(|problem| signed.refuse(problem))?;
    let speaks = page.speaks;
    let mut response = show(&page);
    if speaks {
        response.extensions_mut().insert(Policy::Voice);
    }
    Ok(response)
}

/// The telephone company's script, if the operator has put it there.
async fn script(State(web): State<Web>, signed: Signed) -> Result<Response, Refusal> {
    let read = tokio::fs::read(web.data.join(SCRIPT_FILE)).await;
    let text = read.map_err(|_| signed.refuse(Problem::not_found()))?;
    Ok(([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], text).into_response())
}

/// Whoever said first that they called back stands.
async fn called_back(
    State(web): State<Web>,
    signed: Signed,
    Id(call): Id<CallId>,
    _: Fields,
) -> Result<Response, Refusal> {
    let said = missed::called_back(signed.caller.clone(), State(web), Id(call)).await;
    said.map(drop).map_err(|problem| signed.refuse(problem))?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, signed.layout.address("phone"))]).into_response())
}

async fn page(web: &Web, signed: &Signed) -> Result<Page, Problem> {
    let settings = web.desk.settings();
    let user = settings.people.users.get(&signed.me.user).ok_or_else(Problem::unauthorised)?;
    let reach = match &user.reach {
        Reach::Client(name) => ("client", name.clone()),
        Reach::Sip(address) => ("sip", address.clone()),
        Reach::Number(number) => ("number", number.clone()),
    };
    let layout = signed.layout.clone();
    let (missed, recent) =
        (missed_calls(web, signed, &settings).await?, recent_calls(web, signed, &settings).await?);
    let leads = signed.me.role > Role::Agent;
    let is_there = tokio::fs::try_exists(web.data.join(SCRIPT_FILE)).await.unwrap_or(false);
    let speaks = is_there && matches!(user.reach, Reach::Client(_));
    let at = web.clock.now().at.to_rfc3339_opts(SecondsFormat::Millis, true);
    Ok(Page { layout, user: user.id, at, speaks, script: SCRIPT, leads, reach, missed, recent })
}

/// As the API lists them.
async fn missed_calls(web: &Web, signed: &Signed, settings: &Settings) -> Result<Vec<Call>, Problem> {
    let asked = Asked { limit: CALLS, after: None };
    let list = missed::list(signed.caller.clone(), State(web.clone()), asked).await?;
    let items = list.0["items"].as_array().cloned().unwrap_or_default();
    Ok(items.iter().filter_map(|item| missed_call(item, signed, settings)).collect())
}

fn missed_call(item: &Value, signed: &Signed, settings: &Settings) -> Option<Call> {
    #[derive(Deserialize)]
    struct CalledBack {
        by: Option<UserId>,
    }
    #[derive(Deserialize)]
    struct Missed {
        id: CallId,
        channel: ChannelId,
        from: String,
        ticket: String,
        outcome: String,
        arrived_at: DateTime<Utc>,
        called_back: Option<CalledBack>,
        got_through: Option<CallId>,
    }
    let call: Missed = serde_json::from_value(item.clone()).ok()?;
    let back = match (call.called_back, call.got_through) {
        (Some(back), _) => Back::By(back.by.map(|by| settings.name_of(by)).unwrap_or_default()),
        (None, Some(_)) => Back::GotThrough,
        (None, None) => Back::Open,
    };
    let outcome = signed.layout.t(&format!("phone-outcome-{}", call.outcome));
    let (ticket, at) = (call.ticket, call.arrived_at);
    Some(Call { back, ..Call::of(call.id, at, call.from, call.channel, ticket, outcome, settings) })
}

/// Those that they took, the newest first.
async fn recent_calls(web: &Web, signed: &Signed, settings: &Settings) -> Result<Vec<Call>, Problem> {
    let theirs = Viewer::new(&signed.caller, settings).theirs();
    let wished = Wished::TakenBy(signed.me.user);
    let seen = web.reader.calls(&wished, theirs.as_ref(), None, CALLS).await?;
    let shown = seen.rows.into_iter().map(|row| {
        let outcome = row.outcome.as_deref().unwrap_or("live");
        let outcome = signed.layout.t(&format!("phone-outcome-{outcome}"));
        Call::of(row.id, row.arrived_at, row.from, row.channel, row.ticket.to_string(), outcome, settings)
    });
    Ok(shown.collect())
}

impl Page {
    /// How long one may be away, in minutes and in words.
    fn breaks(&self) -> [(usize, String); 4] {
        [15, 30, 60, 120].map(|minutes| (minutes, self.layout.count("phone-back-minutes", minutes)))
    }

    /// What the script says, by the names of their messages.
    fn words(&self) -> &'static [&'static str] {
        &WORDS
    }
}

impl Call {
    fn of(
        id: CallId,
        at: DateTime<Utc>,
        number: String,
        channel: ChannelId,
        ticket: String,
        outcome: String,
        settings: &Settings,
    ) -> Self {
        let channel = settings.channels.get(&channel).map(|channel| channel.name.clone());
        Self {
            id,
            at: at.to_rfc3339_opts(SecondsFormat::Secs, true),
            can_be_called: is_telephone(&number),
            contact: settings.contacts.named(&number).map(|contact| contact.name),
            number,
            channel: channel.unwrap_or_default(),
            ticket,
            outcome,
            back: Back::NotMissed,
        }
    }
}

/// Something that a link may dial: `+` and digits, nothing else.
fn is_telephone(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (3..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::is_telephone;

    #[test]
    fn only_what_is_a_telephone_number_is_dialled_by_a_link() {
        for number in ["+43660123456", "+112"] {
            assert!(is_telephone(number), "{number}");
        }
        for other in
            ["", "+", "anonymous", "sip:a@example.org", "client:ann", "+43;ext=1", "+43 660", "43660123"]
        {
            assert!(!is_telephone(other), "{other}");
        }
    }
}
