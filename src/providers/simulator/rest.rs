//! The company's API, as much of it as a router of calls needs, in Twilio's shapes.

use super::{
    Dialect,
    caller::Next,
    company::{API_VERSION, Company, DATE, Line, Order},
    dial::Cut,
    faults::Rest,
    line::{Listener, Scissors},
    message::whole_seconds,
    sound,
    story::{Leg, Purpose, Recording, RestRequest, Status, Story},
    webhook::{Params, Request},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::{sync::oneshot, time::sleep};

const STORAGE: &str = "/storage/";
/// `Twiml` may have so many characters.
const TWIML_MAX: usize = 4000;

/// Serves until `closed` is dropped.
pub async fn serve(listener: Listener, company: Arc<Company>, closed: oneshot::Receiver<()>) {
    let api = Router::new().fallback(handle).with_state(company);
    let service = api.into_make_service_with_connect_info::<Scissors>();
    let shutdown = async move { drop(closed.await) };
    // it cannot fail: the listener never gives up
    let _ = axum::serve(listener, service).with_graceful_shutdown(shutdown).await;
}

/// Why a request is refused, in Twilio's numbers.
#[derive(Debug, Clone, Copy)]
struct Refusal(StatusCode, u32, &'static str);

const NOT_FOUND: Refusal = Refusal(StatusCode::NOT_FOUND, 20404, "The requested resource was not found");
const UNAUTHORISED: Refusal = Refusal(StatusCode::UNAUTHORIZED, 20003, "Authenticate");
const NOT_IN_PROGRESS: Refusal =
    Refusal(StatusCode::BAD_REQUEST, 21220, "Call is not in-progress. Cannot redirect.");
const BAD_URL: Refusal = Refusal(StatusCode::BAD_REQUEST, 21205, "Url is not a valid URL");
const BAD_PARAMETER: Refusal = Refusal(StatusCode::BAD_REQUEST, 20001, "Invalid parameter");
const BROKEN: Refusal =
    Refusal(StatusCode::INTERNAL_SERVER_ERROR, 20500, "An internal server error has occurred");

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, code, message) = self;
        let more = format!("https://www.twilio.com/docs/errors/{code}");
        let body = json!({"code": code, "message": message, "more_info": more, "status": status.as_u16()});
        (status, Json(body)).into_response()
    }
}

async fn handle(
    State(company): State<Arc<Company>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = form_urlencoded::parse(&body).into_owned();
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned();
    let params: Params = body.chain(query).collect();
    let fault = company.state().faults.next_rest();
    let response = match fault {
        Rest::Down => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Rest::Fails => BROKEN.into_response(),
        Rest::Garbage => "<html>Welcome to the hotel's wireless network</html>".into_response(),
        Rest::Works | Rest::AnswerLost | Rest::Slow(_) if uri.path().starts_with(STORAGE) => {
            stored_sound(&company, uri.path(), &headers)
        }
        Rest::Works | Rest::AnswerLost | Rest::Slow(_) if !is_authorised(&company, &headers) => {
            UNAUTHORISED.into_response()
        }
        Rest::Works | Rest::AnswerLost | Rest::Slow(_) => answer(&company, &method, uri.path(), &params),
    };
    let is_lost = matches!(fault, Rest::Down | Rest::AnswerLost);
    company.state().requests.push(RestRequest {
        method: method.to_string(),
        target: uri.to_string(),
        params,
        answer: (!is_lost).then(|| response.status().as_u16()),
    });
    if is_lost {
        scissors.cut();
    }
    if let Rest::Slow(delay) = fault {
        sleep(delay).await;
    }
    response
}

fn is_authorised(company: &Company, headers: &HeaderMap) -> bool {
    let expected = company.dialect.authorisation(&company.account);
    headers.get(header::AUTHORIZATION).is_some_and(|given| given.as_bytes() == expected.as_bytes())
}

fn answer(company: &Company, method: &Method, path: &str, params: &Params) -> Response {
    let path = path.strip_prefix(&company.root()).unwrap_or_default();
    if path.contains(':') {
        company.state().rest_problems.push(format!("{path} is not percent-encoded"));
    }
    let path = path.replace("%3A", ":").replace("%2F", "\u{2}").replace("%2B", "+");
    let parts: Vec<_> = path.split('/').skip(1).map(|part| part.replace('\u{2}', "/")).collect();
    let parts: Vec<_> = parts.iter().map(String::as_str).collect();
    let bare = company.dialect == Dialect::TeXml;
    let answer = match (method.as_str(), parts.as_slice()) {
        ("GET", ["Calls", call]) if bare => fetch_call(company, &format!("{call}.json")),
        ("POST", ["Calls", call]) if bare => change_call(company, &format!("{call}.json"), params),
        ("GET", ["Recordings", recording]) if recording.ends_with(".wav") && bare => Err(NOT_FOUND),
        ("GET", ["Recordings", recording])
            if recording.ends_with(".wav") && company.dialect == Dialect::Somleng =>
        {
            find_recording(company, recording).map(|_| {
                let place = format!("{STORAGE}{recording}");
                (StatusCode::FOUND, [(header::LOCATION, place)]).into_response()
            })
        }
        ("DELETE", _) if company.dialect == Dialect::Somleng => Err(NOT_FOUND),
        ("GET", ["IncomingPhoneNumbers.json"]) => Ok(numbers(company, param(params, "PhoneNumber"))),
        ("POST", ["IncomingPhoneNumbers", number]) => set_number(company, number, params),
        ("GET", ["Calls.json"]) => Ok(calls(company, params)),
        ("GET", ["Calls", call]) => fetch_call(company, call),
        ("POST", ["Calls", call]) => change_call(company, call, params),
        ("DELETE", ["Calls", call]) => delete_call(company, call),
        ("GET", ["Calls", call, "Recordings.json"]) => Ok(recordings_of(company, call)),
        ("GET", ["Recordings.json"]) => recordings(company, params),
        ("GET", ["Recordings", recording]) if recording.ends_with(".json") => {
            find_recording(company, recording)
                .map(|found| Json(recording_json(company, &found)).into_response())
        }
        ("GET", ["Recordings", recording]) => recording_sound(company, recording),
        ("DELETE", ["Recordings", recording]) => delete_recording(company, recording),
        _ => Err(NOT_FOUND),
    };
    let vague = matches!(company.dialect, Dialect::Somleng | Dialect::TeXml);
    answer.unwrap_or_else(|refusal| match refusal {
        Refusal(_, 21220, _) if vague => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
        refusal => refusal.into_response(),
    })
}

/// Where sounds lie that the API only points to. Whoever has the address may have them, and does not log in.
fn stored_sound(company: &Company, path: &str, headers: &HeaderMap) -> Response {
    if headers.contains_key(header::AUTHORIZATION) {
        company.state().rest_problems.push("credentials were sent to the storage".to_owned());
    }
    recording_sound(company, &path[STORAGE.len()..]).unwrap_or_else(IntoResponse::into_response)
}

fn param<'a>(params: &'a Params, name: &str) -> Option<&'a str> {
    params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// Those that contain `wish`.
fn numbers(company: &Company, wish: Option<&str>) -> Response {
    let state = company.state();
    let found = state.numbers.iter().filter(|number| wish.is_none_or(|wish| number.number.contains(wish)));
    let shown = found.map(|number| number.json(company)).collect();
    page(company, "incoming_phone_numbers", "IncomingPhoneNumbers.json", shown)
}

fn set_number(company: &Company, file: &str, params: &Params) -> Result<Response, Refusal> {
    let sid = file.strip_suffix(".json").ok_or(NOT_FOUND)?;
    let mut state = company.state();
    let known = state.numbers.iter().position(|number| number.sid == sid).ok_or(NOT_FOUND)?;
    for (name, value) in params {
        if !state.numbers[known].set(name, value) {
            state.rest_problems.push(format!("{name} of a number is unknown or not simulated"));
        }
    }
    Ok(Json(state.numbers[known].json(company)).into_response())
}

fn calls(company: &Company, params: &Params) -> Response {
    let record = company.record();
    let all = record.calls.iter().flat_map(|call| {
        let legs = call.legs.iter().map(|leg| leg_json(company, call, leg));
        std::iter::once(call_json(company, call)).chain(legs)
    });
    let filters =
        [("ParentCallSid", "parent_call_sid"), ("Status", "status"), ("From", "from"), ("To", "to")];
    let wanted = |call: &Value| {
        filters.iter().all(|(name, field)| param(params, name).is_none_or(|wish| call[field] == wish))
    };
    let found = all.filter(wanted).collect();
    page(company, "calls", "Calls.json", found)
}

fn fetch_call(company: &Company, call: &str) -> Result<Response, Refusal> {
    let sid = call.strip_suffix(".json").ok_or(NOT_FOUND)?;
    let record = company.record();
    let found = record.calls.iter().find_map(|call| {
        let leg = call.legs.iter().find(|leg| leg.sid == sid).map(|leg| leg_json(company, call, leg));
        leg.or_else(|| (call.sid == sid).then(|| call_json(company, call)))
    });
    Ok(Json(found.ok_or(NOT_FOUND)?).into_response())
}

/// Ends or redirects a call that is going on, or ends a leg.
fn change_call(company: &Company, call: &str, params: &Params) -> Result<Response, Refusal> {
    let sid = call.strip_suffix(".json").ok_or(NOT_FOUND)?;
    let line = company.state().lines.iter().find(|line| line.sid == sid).cloned();
    for (name, _) in params {
        if !["Url", "Method", "Twiml", "Status"].contains(&name.as_str()) {
            company.state().rest_problems.push(format!("{name} of a call is unknown or not simulated"));
        }
    }
    match line {
        Some(line) => obey(&line, params)?,
        None => end_leg(company, sid, params)?,
    }
    fetch_call(company, call)
}

fn obey(line: &Line, params: &Params) -> Result<(), Refusal> {
    let status = line.story.borrow().status;
    let order = match (param(params, "Status"), param(params, "Url"), param(params, "Twiml")) {
        (None, Some(url), None) => Order::Redirect(redirect(url, param(params, "Method"))?),
        (None, None, Some(twiml)) if twiml.chars().count() <= TWIML_MAX => {
            Order::Redirect(Next::Inline(twiml.to_owned()))
        }
        (Some("completed"), None, None) if !status.is_over() => Order::End,
        (Some("canceled"), None, None) if status == Status::Ringing => Order::End,
        (Some("completed" | "canceled"), None, None) => return Err(NOT_IN_PROGRESS),
        _ => return Err(BAD_PARAMETER),
    };
    if matches!(order, Order::Redirect(_)) && status != Status::InProgress {
        return Err(NOT_IN_PROGRESS);
    }
    line.order(order).then_some(()).ok_or(NOT_IN_PROGRESS)
}

fn redirect(url: &str, method: Option<&str>) -> Result<Next, Refusal> {
    let method = match method {
        None | Some("POST") => Method::POST,
        Some("GET") => Method::GET,
        Some(_) => return Err(BAD_PARAMETER),
    };
    let parsed = reqwest::Url::parse(url).map_err(|_| BAD_URL)?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(BAD_URL);
    }
    Ok(Next::Ask(Request { purpose: Purpose::CutIn, url: url.to_owned(), method, params: Params::new() }))
}

/// Legs can be ended only; other documents for them are not simulated.
fn end_leg(company: &Company, sid: &str, params: &Params) -> Result<(), Refusal> {
    let is_known = company.state().legs.iter().any(|leg| leg.sid == sid);
    match param(params, "Status") {
        _ if !is_known => Err(NOT_FOUND),
        Some("completed" | "canceled") if company.cut_legs(Cut::Rest, |leg| leg.sid == sid) => Ok(()),
        Some("completed" | "canceled") => Err(NOT_IN_PROGRESS),
        _ => Err(BAD_PARAMETER),
    }
}

fn call_json(company: &Company, call: &Story) -> Value {
    let seconds = call.status.is_over().then(|| call.seconds.to_string());
    let ends = [call.from.as_str(), call.to.as_str()];
    any_call_json(company, &call.sid, None, ends, call.status, seconds, "inbound")
}

fn leg_json(company: &Company, call: &Story, leg: &Leg) -> Value {
    let seconds = leg.status.is_over().then(|| leg.seconds.to_string());
    let ends = [leg.from.as_str(), leg.to.as_str()];
    any_call_json(company, &leg.sid, Some(&call.sid), ends, leg.status, seconds, "outbound-dial")
}

fn any_call_json(
    company: &Company,
    sid: &str,
    parent: Option<&str>,
    [from, to]: [&str; 2],
    status: Status,
    seconds: Option<String>,
    direction: &str,
) -> Value {
    let uri = format!("{}/Calls/{sid}", company.root());
    json!({
        "sid": sid,
        "date_created": DATE,
        "date_updated": DATE,
        "parent_call_sid": parent,
        "account_sid": company.account.sid,
        "to": to,
        "to_formatted": to,
        "from": from,
        "from_formatted": from,
        "phone_number_sid": null,
        "status": if status == Status::Initiated { "queued" } else { status.name() },
        "start_time": DATE,
        "end_time": seconds.as_ref().map(|_| DATE),
        "duration": seconds,
        "price": null,
        "price_unit": "USD",
        "direction": direction,
        "answered_by": null,
        "api_version": API_VERSION,
        "forwarded_from": null,
        "group_sid": null,
        "caller_name": null,
        "queue_time": "0",
        "trunk_sid": null,
        "uri": format!("{uri}.json"),
        "subresource_uris": {"recordings": format!("{uri}/Recordings.json")},
    })
}

/// There is no clock, so everything is as young as is asked for.
fn recordings(company: &Company, params: &Params) -> Result<Response, Refusal> {
    let is_day = |day: &str| day.len() == 10 && day.split('-').all(|part| part.parse::<u16>().is_ok());
    if param(params, "DateCreated>").is_some_and(|day| !is_day(day)) {
        return Err(BAD_PARAMETER);
    }
    let shown = kept(company, param(params, "CallSid"))
        .iter()
        .map(|recording| recording_json(company, recording))
        .collect();
    Ok(page(company, "recordings", "Recordings.json", shown))
}

/// A call's recordings are described a little differently.
fn recordings_of(company: &Company, call: &str) -> Response {
    let described = |recording: &Recording| {
        let mut shown = recording_json(company, recording);
        if let Some(fields) = shown.as_object_mut() {
            fields.retain(|name, _| name != "media_url" && name != "subresource_uris");
            fields.insert("track".to_owned(), "inbound".into());
        }
        shown
    };
    let mut shown: Vec<Value> = kept(company, Some(call)).iter().map(described).collect();
    if company.state().recording_now.iter().any(|sid| sid == call) {
        let now =
            Recording { sid: super::dialect::sid("RE"), call_sid: call.to_owned(), ..Recording::default() };
        let mut now = described(&now);
        now["status"] = "in-progress".into();
        shown.push(now);
    }
    page(company, "recordings", &format!("Calls/{call}/Recordings.json"), shown)
}

/// The recordings that were not deleted, of one call or of all.
fn kept(company: &Company, call: Option<&str>) -> Vec<Recording> {
    let state = company.state();
    let kept = state.recordings.iter().filter(|recording| !recording.is_deleted);
    kept.filter(|recording| call.is_none_or(|call| recording.call_sid == call)).cloned().collect()
}

/// What is remembered of a call that is over.
fn delete_call(company: &Company, call: &str) -> Result<Response, Refusal> {
    let sid = call.strip_suffix(".json").ok_or(NOT_FOUND)?;
    let mut state = company.state();
    if state.forgotten.iter().any(|forgotten| forgotten == sid) {
        return Err(NOT_FOUND);
    }
    let line = state.lines.iter().find(|line| line.sid == sid).ok_or(NOT_FOUND)?;
    if !line.story.borrow().status.is_over() {
        return Err(BAD_PARAMETER);
    }
    state.forgotten.push(sid.to_owned());
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn find_recording(company: &Company, file: &str) -> Result<Recording, Refusal> {
    let sid = file.split('.').next().unwrap_or_default();
    let state = company.state();
    let found = state.recordings.iter().find(|recording| recording.sid == sid && !recording.is_deleted);
    found.cloned().ok_or(NOT_FOUND)
}

/// The sound; without a suffix it is a WAV file too.
fn recording_sound(company: &Company, file: &str) -> Result<Response, Refusal> {
    let recording = find_recording(company, file)?;
    if file.contains('.') && !file.ends_with(".wav") {
        return Err(NOT_FOUND);
    }
    let mut state = company.state();
    if state.faults.recordings_refused {
        return Err(UNAUTHORISED);
    }
    if state.faults.recordings_missing > 0 {
        state.faults.recordings_missing -= 1;
        return Err(NOT_FOUND);
    }
    let mut sound = sound::tone(recording.seconds, recording.silent_seconds).map_err(|_| BROKEN)?;
    if state.faults.recordings_truncated {
        sound.truncate(sound.len() / 2);
    }
    state.recordings.iter_mut().filter(|kept| kept.sid == recording.sid).for_each(|kept| kept.fetches += 1);
    Ok(([(header::CONTENT_TYPE, "audio/x-wav")], sound).into_response())
}

fn delete_recording(company: &Company, file: &str) -> Result<Response, Refusal> {
    let recording = find_recording(company, file)?;
    let mut state = company.state();
    state
        .recordings
        .iter_mut()
        .filter(|kept| kept.sid == recording.sid)
        .for_each(|kept| kept.is_deleted = true);
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn recording_json(company: &Company, recording: &Recording) -> Value {
    let Recording { sid, call_sid, seconds, .. } = recording;
    let uri = format!("{}/Recordings/{sid}", company.root());
    json!({
        "account_sid": company.account.sid,
        "api_version": API_VERSION,
        "call_sid": call_sid,
        "conference_sid": null,
        "date_created": DATE,
        "date_updated": DATE,
        "start_time": DATE,
        "duration": whole_seconds(*seconds).to_string(),
        "sid": sid,
        "price": null,
        "price_unit": "USD",
        "status": "completed",
        "channels": 1,
        "source": "RecordVerb",
        "error_code": null,
        "uri": format!("{uri}.json"),
        "encryption_details": null,
        "subresource_uris": {},
        "media_url": match company.dialect {
            Dialect::TeXml => format!("{}{STORAGE}{sid}.wav", company.address),
            _ => format!("{}{uri}", company.address),
        },
    })
}

/// A list, which is always on one page.
fn page(company: &Company, name: &str, path: &str, items: Vec<Value>) -> Response {
    let uri = format!("{}/{path}", company.root());
    let first = format!("{uri}?PageSize=1000&Page=0");
    Json(json!({
        "end": items.len().saturating_sub(1),
        "first_page_uri": first,
        "next_page_uri": null,
        "page": 0,
        "page_size": 1000,
        "previous_page_uri": null,
        "start": 0,
        "uri": first,
        name: items,
    }))
    .into_response()
}
