//! What we ask of Twilio's REST interface. Addresses are made of `api_base` and of ids whose form was checked. Only a
//! sound may lie elsewhere: where the interface itself says, and our credentials don't go there.

use super::{BadSettings, Dialect, Secret, Twilio, is_over};
use crate::{calls::call::Recording, providers::Trouble};
use chrono::{DateTime, Utc};
use reqwest::{
    Client, RequestBuilder, Response, StatusCode, Url,
    header::{CONTENT_ENCODING, LOCATION},
    redirect::Policy,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use std::{error::Error, iter, net::IpAddr, time::Duration};

const CONNECT: Duration = Duration::from_secs(2);
const TOTAL: Duration = Duration::from_secs(5);
/// A message of three minutes is 3 MB; it may come over a slow line.
const FETCH: Duration = Duration::from_secs(60);
const JSON_BYTES_MAX: usize = 1 << 20;
const SOUND_BYTES_MAX: usize = 32 << 20;
/// "Call is not in-progress": there is nobody to redirect any more.
const CALL_IS_OVER: u32 = 21220;
/// How many pages of a list are looked at.
const PAGES_MAX: usize = 20;

#[derive(Debug)]
pub(super) struct Rest {
    dialect: Dialect,
    client: Client,
    /// The account's address, without a slash at its end.
    account: String,
    /// `None`: no secret is configured.
    login: Option<Login>,
}

#[derive(Debug)]
pub(super) enum Login {
    /// User and password.
    Basic(String, Secret),
    Bearer(Secret),
}

impl Twilio {
    /// Redirects the caller's live call to `url`, which answers with a document.
    ///
    /// A server error is `Unknown`, and not tried again here: Twilio may have done it all the same, and a second
    /// redirect would cut off the leg that the first one started. A call that is not answered yet can't be
    /// redirected either, but its caller is there.
    pub async fn redirect(&self, provider_call_id: &str, url: &str) -> Result<(), Trouble> {
        match self.rest.update(provider_call_id, &[("Url", url), ("Method", "POST")]).await {
            Err(Trouble::Gone) => match self.caller_is_there(provider_call_id).await {
                Ok(true) => Err(Trouble::Refused("the call is not answered yet".into())),
                Ok(false) => Err(Trouble::Gone),
                Err(_) => Err(Trouble::Refused("whether the caller is there could not be asked".into())),
            },
            result => result,
        }
    }

    /// Ends the caller's call and every leg of it. Already over is `Ok`.
    pub async fn hang_up(&self, provider_call_id: &str) -> Result<(), Trouble> {
        match self.rest.update(provider_call_id, &[("Status", "completed")]).await {
            Err(Trouble::Gone) if self.dialect == Dialect::Twilio => Ok(()),
            // Others do not say what it was that they refused.
            Err(Trouble::Gone) if self.caller_is_there(provider_call_id).await? => {
                Err(Trouble::Refused("the call can't be ended".into()))
            }
            Err(Trouble::Gone) => Ok(()),
            result => result,
        }
    }

    /// Whether the caller's leg is still up. A call that Twilio doesn't know is not.
    pub async fn caller_is_there(&self, provider_call_id: &str) -> Result<bool, Trouble> {
        match self.rest.get::<Leg>(&self.rest.call(provider_call_id)?).await {
            Err(Trouble::NotFound) => Ok(false),
            leg => Ok(!is_over(&leg?.status)),
        }
    }

    /// Whose devices are up. A company without a list of legs that could be relied on rings none.
    pub async fn devices_up(&self, provider_call_id: &str) -> Result<Vec<String>, Trouble> {
        let call = self.rest.call_id(provider_call_id)?;
        let Some(query) = self.dialect.legs_path(call) else { return Ok(Vec::new()) };
        let Legs { calls } = self.rest.get(&query).await?;
        let own = |leg: &Leg| leg.parent_call_sid.as_deref().is_none_or(|parent| parent == provider_call_id);
        let up = calls.into_iter().filter(|leg| own(leg) && leg.status == "in-progress");
        Ok(up.filter_map(|leg| leg.to).collect())
    }

    /// Whether a leg from the caller's call to an agent is up. Where legs are not listed: asked later than a leg may
    /// ring, it is, if the caller is there; a dial that is over has made them ask how to go on.
    pub async fn leg_is_up(&self, provider_call_id: &str) -> Result<bool, Trouble> {
        let dialect = self.dialect;
        let Some(query) = dialect.legs_path(self.rest.call_id(provider_call_id)?) else {
            return self.caller_is_there(provider_call_id).await;
        };
        let Legs { calls } = self.rest.get(&query).await?;
        let own = |leg: &&Leg| leg.parent_call_sid.as_deref().is_none_or(|parent| parent == provider_call_id);
        Ok(calls.iter().filter(own).any(|leg| leg.status == "in-progress"))
    }

    /// The finished recordings of the caller's call.
    pub async fn recordings(&self, provider_call_id: &str) -> Result<Vec<Recording>, Trouble> {
        let path = self.dialect.recordings_path(self.rest.call_id(provider_call_id)?);
        let Recordings { recordings, .. } = self.rest.get(&path).await?;
        let finished = recordings.into_iter().filter(|listed| listed.status == "completed");
        Ok(finished.filter(|listed| self.dialect.is_recording(&listed.sid)).map(Listed::recording).collect())
    }

    /// Callers' calls to this number that are up.
    pub async fn live_calls(&self, number: &str) -> Result<Vec<String>, Trouble> {
        if !self.dialect.lists_what_it_is_asked_for() {
            return Ok(Vec::new());
        }
        let number: String = form_urlencoded::byte_serialize(number.as_bytes()).collect();
        let path = format!("/Calls.json?Status=in-progress&To={number}&PageSize=100");
        let mut next = Some(self.rest.url(&path));
        let mut live = Vec::new();
        for _ in 0..PAGES_MAX {
            let Some(url) = next else { break };
            let Live { calls, next_page_uri } = self.rest.get_url(&url).await?;
            let callers = calls.into_iter().filter(|call| call.direction.as_deref() == Some("inbound"));
            live.extend(callers.map(|call| call.sid).filter(|sid| self.dialect.is_call(sid)));
            next = self.rest.next_page(next_page_uri);
        }
        Ok(live)
    }

    /// Whether something is being recorded on the caller's call.
    pub async fn is_recording(&self, provider_call_id: &str) -> Result<bool, Trouble> {
        let path = self.dialect.recordings_path(self.rest.call_id(provider_call_id)?);
        let Recordings { recordings, .. } = self.rest.get(&path).await?;
        Ok(recordings.iter().any(|listed| matches!(listed.status.as_str(), "in-progress" | "paused")))
    }

    /// The finished messages that callers left since then (or earlier that day), with their calls.
    pub async fn messages_since(&self, since: DateTime<Utc>) -> Result<Vec<(String, Recording)>, Trouble> {
        if !self.dialect.lists_what_it_is_asked_for() {
            return Ok(Vec::new());
        }
        let day = since.format("%Y-%m-%d");
        let mut next = Some(self.rest.url(&format!("/Recordings.json?DateCreated%3E={day}&PageSize=100")));
        let mut found = Vec::new();
        for _ in 0..PAGES_MAX {
            let Some(url) = next else { break };
            let Recordings { recordings, next_page_uri } = self.rest.get_url(&url).await?;
            let messages = recordings.into_iter().filter(|listed| listed.is_message(self.dialect));
            found.extend(
                messages.map(|listed| (listed.call_sid.clone().unwrap_or_default(), listed.recording())),
            );
            next = self.rest.next_page(next_page_uri);
        }
        Ok(found)
    }

    /// Who called whom.
    pub async fn ends_of(&self, provider_call_id: &str) -> Result<(String, String), Trouble> {
        let Ends { from, to } = self.rest.get(&self.rest.call(provider_call_id)?).await?;
        Ok((from.unwrap_or_default(), to.unwrap_or_default()))
    }

    /// Deletes what Twilio remembers of a call that is over. Already gone is `Ok`.
    pub async fn forget(&self, provider_call_id: &str) -> Result<(), Trouble> {
        let url = self.rest.url(&self.rest.call(provider_call_id)?);
        match self.rest.ask(self.rest.client.delete(url)).await {
            Ok(_) | Err(Trouble::NotFound) => Ok(()),
            Err(trouble) => Err(trouble),
        }
    }

    /// The sound of a recording, as a WAV file of at most 32 MiB. Refused while less of it comes than was recorded.
    pub async fn fetch(&self, recording: &Recording) -> Result<Vec<u8>, Trouble> {
        let answer = match self.dialect {
            Dialect::Twilio => self.rest.ask(self.rest.sound(recording)?).await?,
            Dialect::SignalWire | Dialect::Somleng => {
                let answer = self.rest.send(self.rest.sound(recording)?).await?;
                match answer.headers().get(LOCATION) {
                    Some(place) if answer.status().is_redirection() => {
                        self.rest.fetch_elsewhere(place.to_str().unwrap_or_default()).await?
                    }
                    _ => succeeded(answer).await?,
                }
            }
            Dialect::TeXml => {
                let path = format!("/Recordings/{}.json", self.rest.recording_id(recording)?);
                let Media { media_url } = self.rest.get(&path).await?;
                self.rest.fetch_elsewhere(&media_url.ok_or(Trouble::NotFound)?).await?
            }
        };
        if let Some(encoding) = answer.headers().get(CONTENT_ENCODING) {
            return Err(Trouble::Refused(format!("the sound is packed as {encoding:?}")));
        }
        let sound = body(answer, SOUND_BYTES_MAX).await?;
        match wav_seconds(&sound) {
            None => Err(Trouble::Refused("what came is not a WAV file".into())),
            Some(seconds) if seconds.saturating_add(2) < recording.seconds => {
                Err(Trouble::Refused(format!("only {seconds} of {} seconds came", recording.seconds)))
            }
            Some(_) => Ok(sound),
        }
    }

    /// Deletes a recording that we keep. Already gone is `Ok`.
    pub async fn delete(&self, recording: &Recording) -> Result<(), Trouble> {
        let path = format!("/Recordings/{}.json", self.rest.recording_id(recording)?);
        match self.rest.ask(self.rest.client.delete(self.rest.url(&path))).await {
            Ok(_) | Err(Trouble::NotFound) => Ok(()),
            Err(trouble) => Err(trouble),
        }
    }
}

impl Rest {
    pub fn new(
        dialect: Dialect,
        api_base: &str,
        account: &str,
        login: Option<Login>,
    ) -> Result<Self, BadSettings> {
        let base = checked_base(api_base)?;
        let client = client(TOTAL).map_err(|error| BadSettings::new("api_base", told(&error)))?;
        let account = format!("{base}{}", dialect.account_path(account));
        Ok(Self { dialect, client, account, login })
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.account)
    }

    fn call(&self, provider_call_id: &str) -> Result<String, Trouble> {
        Ok(self.dialect.call_path(self.call_id(provider_call_id)?))
    }

    fn call_id<'a>(&self, provider_call_id: &'a str) -> Result<&'a str, Trouble> {
        let well_formed = self.dialect.is_call(provider_call_id);
        well_formed
            .then_some(provider_call_id)
            .ok_or_else(|| Trouble::Refused("this is no call id of Twilio's".into()))
    }

    fn recording_id<'a>(&self, recording: &'a Recording) -> Result<&'a str, Trouble> {
        let well_formed = self.dialect.is_recording(&recording.id);
        well_formed
            .then_some(recording.id.as_str())
            .ok_or_else(|| Trouble::Refused("this is no recording id of Twilio's".into()))
    }

    fn sound(&self, recording: &Recording) -> Result<RequestBuilder, Trouble> {
        let path = format!("/Recordings/{}.wav", self.recording_id(recording)?);
        Ok(self.client.get(self.url(&path)).timeout(FETCH))
    }

    /// From where the interface says that a sound lies. The address is good for itself, so we do not log in there.
    async fn fetch_elsewhere(&self, place: &str) -> Result<Response, Trouble> {
        let bad = || Trouble::Refused("the sound is said to lie at a bad address".into());
        let base = Url::parse(&self.account).map_err(|_| bad())?;
        let place = base.join(place).map_err(|_| bad())?;
        let as_safe = place.scheme() == "https" || (is_loopback(&base) && is_loopback(&place));
        if !as_safe || !matches!(place.scheme(), "http" | "https") || !place.username().is_empty() {
            return Err(bad());
        }
        succeeded(self.client.get(place).timeout(FETCH).send().await.map_err(unsent)?).await
    }

    /// Changes a live call.
    async fn update(&self, provider_call_id: &str, form: &[(&str, &str)]) -> Result<(), Trouble> {
        let url = self.url(&self.call(provider_call_id)?);
        let answer = self.send(self.client.post(&url).form(form)).await?;
        if self.dialect != Dialect::Twilio && matches!(answer.status().as_u16(), 400 | 409 | 410 | 422) {
            return Err(Trouble::Gone);
        }
        match succeeded(answer).await {
            Ok(_) => Ok(()),
            Err(Trouble::NotFound) => Err(Trouble::Gone),
            Err(trouble) => Err(trouble),
        }
    }

    pub(super) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<(), Trouble> {
        self.ask(self.client.post(self.url(path)).form(form)).await.map(drop)
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Trouble> {
        self.get_url(&self.url(path)).await
    }

    /// The next page of a list. It must lie in the account, as our credentials go there.
    fn next_page(&self, uri: Option<String>) -> Option<String> {
        let uri = uri?;
        let root = self.account.find("/2010-04-01/").map(|at| self.account.split_at(at));
        root.filter(|(_, path)| uri.starts_with(&format!("{path}/"))).map(|(base, _)| format!("{base}{uri}"))
    }

    async fn get_url<T: DeserializeOwned>(&self, url: &str) -> Result<T, Trouble> {
        let answer = self.ask(self.client.get(url)).await?;
        let json = body(answer, JSON_BYTES_MAX).await?;
        serde_json::from_slice(&json)
            .map_err(|error| Trouble::Refused(format!("the answer can't be understood: {error}")))
    }

    /// Sends it, and expects a success.
    async fn ask(&self, request: RequestBuilder) -> Result<Response, Trouble> {
        succeeded(self.send(request).await?).await
    }

    /// Sends it, with one more try where no connection came about.
    async fn send(&self, request: RequestBuilder) -> Result<Response, Trouble> {
        let request = match self.login.as_ref().ok_or(Trouble::Unauthorised)? {
            Login::Basic(user, password) => request.basic_auth(user, Some(&password.0)),
            Login::Bearer(key) => request.bearer_auth(&key.0),
        };
        let again = request.try_clone();
        match (request.send().await, again) {
            (Err(error), Some(again)) if error.is_connect() => again.send().await.map_err(unsent),
            (result, _) => result.map_err(unsent),
        }
    }
}

fn client(total: Duration) -> reqwest::Result<Client> {
    let client = Client::builder().connect_timeout(CONNECT).timeout(total);
    client.redirect(Policy::none()).no_proxy().build()
}

/// Our credentials go there, so it must be https, or this machine.
fn checked_base(api_base: &str) -> Result<&str, BadSettings> {
    let bad = |problem: String| BadSettings::new("api_base", problem);
    let url = Url::parse(api_base).map_err(|error| bad(format!("is not an address: {error}")))?;
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
        return Err(bad("must begin with https:// (or http:// on this machine)".into()));
    }
    if api_base.contains(['@', '?', '#']) {
        return Err(bad("must be an address without user, query and fragment".into()));
    }
    Ok(api_base.trim_end_matches('/'))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

async fn succeeded(answer: Response) -> Result<Response, Trouble> {
    if answer.status().is_success() { Ok(answer) } else { Err(refusal(answer).await) }
}

/// What a status other than success means.
async fn refusal(answer: Response) -> Trouble {
    let status = answer.status();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Trouble::Unauthorised,
        StatusCode::NOT_FOUND => return Trouble::NotFound,
        status if status.is_server_error() => return Trouble::Unknown(status.to_string()),
        _ => {}
    }
    let json = body(answer, JSON_BYTES_MAX).await.unwrap_or_default();
    let Problem { code, message } = serde_json::from_slice(&json).unwrap_or_default();
    if status == StatusCode::BAD_REQUEST && code == CALL_IS_OVER {
        return Trouble::Gone;
    }
    let message: String = message.escape_debug().take(128).collect();
    Trouble::Refused(format!("{status}, code {code}: {message}"))
}

/// No connection: certainly not carried out. Anything else: who knows.
fn unsent(error: reqwest::Error) -> Trouble {
    if error.is_connect() { Trouble::Refused(told(&error)) } else { Trouble::Unknown(told(&error)) }
}

/// With its causes, as reqwest alone says no more than that it could not send.
fn told(error: &reqwest::Error) -> String {
    let causes = iter::successors(error.source(), |&cause| cause.source());
    causes.last().map_or_else(|| error.to_string(), ToString::to_string)
}

async fn body(mut answer: Response, bytes_max: usize) -> Result<Vec<u8>, Trouble> {
    let mut body = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= bytes_max => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                return Err(Trouble::Refused(format!("the answer is longer than {bytes_max} bytes")));
            }
            Ok(None) => return Ok(body),
            Err(error) if error.is_timeout() => return Err(Trouble::Unknown(told(&error))),
            Err(error) => return Err(Trouble::Refused(format!("the answer broke off: {}", told(&error)))),
        }
    }
}

/// How many whole seconds of sound are really there, whatever the file says of itself; `None`: no WAV file.
fn wav_seconds(file: &[u8]) -> Option<u32> {
    let mut chunks = file.strip_prefix(b"RIFF")?.get(4..)?.strip_prefix(b"WAVE")?;
    let mut bytes_per_second = None;
    loop {
        let ([name @ .., l0, l1, l2, l3], rest) = chunks.split_first_chunk::<8>()?;
        let length = usize::try_from(u32::from_le_bytes([*l0, *l1, *l2, *l3])).ok()?;
        let content = &rest[..length.min(rest.len())];
        match name {
            b"fmt " => bytes_per_second = Some(u32::from_le_bytes(*content.get(8..)?.first_chunk()?)),
            b"data" => return u32::try_from(content.len()).ok()?.checked_div(bytes_per_second?),
            _ => {}
        }
        // Chunks begin at even places.
        chunks = rest.get(length.checked_next_multiple_of(2)?..)?;
    }
}

#[derive(Deserialize)]
struct Leg {
    status: String,
    parent_call_sid: Option<String>,
    to: Option<String>,
}

#[derive(Deserialize)]
struct Legs {
    calls: Vec<Leg>,
}

#[derive(Deserialize)]
struct Recordings {
    recordings: Vec<Listed>,
    next_page_uri: Option<String>,
}

#[derive(Deserialize)]
struct Live {
    calls: Vec<LiveCall>,
    next_page_uri: Option<String>,
}

#[derive(Deserialize)]
struct LiveCall {
    sid: String,
    direction: Option<String>,
}

#[derive(Deserialize)]
struct Ends {
    from: Option<String>,
    to: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    sid: String,
    status: String,
    /// A number, mostly in a text.
    duration: Option<Value>,
    call_sid: Option<String>,
    source: Option<String>,
}

impl Listed {
    /// Finished, and recorded by `<Record>`: not a talk.
    fn is_message(&self, dialect: Dialect) -> bool {
        self.status == "completed"
            && self.source.as_deref() == Some("RecordVerb")
            && dialect.is_recording(&self.sid)
            && self.call_sid.as_deref().is_some_and(|sid| dialect.is_call(sid))
    }

    fn recording(self) -> Recording {
        let seconds = match &self.duration {
            Some(Value::String(seconds)) => seconds.parse().unwrap_or(0),
            Some(Value::Number(seconds)) => seconds.as_u64().and_then(|s| s.try_into().ok()).unwrap_or(0),
            _ => 0,
        };
        Recording { id: self.sid, seconds }
    }
}

/// Where the sound lies; none while it is not ready.
#[derive(Deserialize)]
struct Media {
    media_url: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    code: u32,
    message: String,
}

#[cfg(test)]
mod tests;
