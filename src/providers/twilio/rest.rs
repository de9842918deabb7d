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
mod tests {
    use super::*;
    use axum::{
        Router,
        body::{Body, Bytes},
        extract::{Request, State},
        http::{Method, header::AUTHORIZATION},
        response::{IntoResponse, Response as Reply},
    };
    use base64::{Engine, prelude::BASE64_STANDARD};
    use futures_util::{StreamExt, stream};
    use std::sync::{Arc, Mutex};

    const ACCOUNT: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const CALL: &str = "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    const RECORDING: &str = "REcccccccccccccccccccccccccccccccc";

    /// What Twilio was asked: method, path below the account, and body.
    type Asked = (Method, String, String);

    /// Stands in for Twilio: answers with the replies in their order, the last one again and again.
    struct Twin {
        twilio: Twilio,
        asked: Arc<Mutex<Vec<Asked>>>,
    }

    #[derive(Clone)]
    struct Script {
        reply: Arc<dyn Fn(usize) -> Reply + Send + Sync>,
        asked: Arc<Mutex<Vec<Asked>>>,
        delay: Duration,
    }

    async fn answer(State(script): State<Script>, request: Request) -> Reply {
        let login = request.headers().get(AUTHORIZATION).cloned();
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 16).await.unwrap();
        let path = parts.uri.to_string();
        let path = path.strip_prefix(&format!("/2010-04-01/Accounts/{ACCOUNT}")).unwrap().to_owned();
        let count = {
            let mut asked = script.asked.lock().unwrap();
            asked.push((parts.method, path, String::from_utf8(body.to_vec()).unwrap()));
            asked.len()
        };
        tokio::time::sleep(script.delay).await;
        let right = format!("Basic {}", BASE64_STANDARD.encode(format!("{ACCOUNT}:token")));
        if login.is_some_and(|login| login == right) {
            (script.reply)(count)
        } else {
            StatusCode::UNAUTHORIZED.into_response()
        }
    }

    fn twilio_at(base: &str, token: &str) -> Twilio {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let settings = serde_json::json!({"account_sid": ACCOUNT, "auth_token": token, "api_base": base});
        Twilio::new(serde_json::from_value(settings).unwrap()).unwrap()
    }

    async fn twin(reply: impl Fn(usize) -> Reply + Send + Sync + 'static, delay: Duration) -> Twin {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let script = Script { reply: Arc::new(reply), asked: asked.clone(), delay };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(script);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut twilio = twilio_at(&base, "token");
        twilio.rest.client = client(Duration::from_millis(500)).unwrap();
        Twin { twilio, asked }
    }

    impl Twin {
        async fn says(status: u16, body: impl Into<Bytes>) -> Self {
            let (status, body) = (StatusCode::from_u16(status).unwrap(), body.into());
            twin(move |_| (status, body.clone()).into_response(), Duration::ZERO).await
        }

        fn asked(&self) -> Vec<Asked> {
            self.asked.lock().unwrap().clone()
        }
    }

    fn problem(code: u32) -> String {
        format!(r#"{{"code":{code},"message":"no\u0007t so","more_info":"https://x","status":400}}"#)
    }

    fn recording(seconds: u32) -> Recording {
        Recording { id: RECORDING.into(), seconds }
    }

    /// Sound as Twilio makes it: 8,000 samples a second of two bytes each, with a chunk of an odd length before it.
    fn wav(seconds: u32, missing: usize) -> Vec<u8> {
        let length = seconds * 16_000;
        let mut file =
            [&b"RIFF"[..], &(length + 50).to_le_bytes(), b"WAVE", b"fmt ", &16u32.to_le_bytes()].concat();
        file.extend([1, 0, 1, 0]);
        file.extend([8_000u32.to_le_bytes(), 16_000u32.to_le_bytes()].concat());
        file.extend([2, 0, 16, 0]);
        file.extend([&b"note"[..], &3u32.to_le_bytes(), b"odd\0", b"data", &length.to_le_bytes()].concat());
        file.resize(file.len() + length as usize - missing, 0);
        file
    }

    #[tokio::test]
    async fn a_redirect_sends_the_address_and_the_method() {
        let twin = Twin::says(200, "{}").await;
        assert_eq!(twin.twilio.redirect(CALL, "https://calls.example.org/a?b=c&d").await, Ok(()));
        let form = "Url=https%3A%2F%2Fcalls.example.org%2Fa%3Fb%3Dc%26d&Method=POST";
        assert_eq!(twin.asked(), [(Method::POST, format!("/Calls/{CALL}.json"), form.into())]);
    }

    #[tokio::test]
    async fn what_twilio_refuses_is_told_apart() {
        let refused = |text: &str| Err(Trouble::Refused(text.into()));
        for (status, body, expected) in [
            (401, problem(20003), Err(Trouble::Unauthorised)),
            (403, problem(20403), Err(Trouble::Unauthorised)),
            (400, problem(21205), refused(r"400 Bad Request, code 21205: no\u{7}t so")),
            (400, "<html>".into(), refused("400 Bad Request, code 0: ")),
            (429, problem(20429), refused(r"429 Too Many Requests, code 20429: no\u{7}t so")),
            (429, problem(21220), refused(r"429 Too Many Requests, code 21220: no\u{7}t so")),
        ] {
            let twin = Twin::says(status, body).await;
            assert_eq!(twin.twilio.redirect(CALL, "https://x").await, expected, "{status}");
            assert_eq!(twin.asked().len(), 1, "{status}");
        }
    }

    #[tokio::test]
    async fn after_a_server_error_nobody_knows_and_it_is_not_sent_twice() {
        let twin = Twin::says(503, "").await;
        let unknown = Err(Trouble::Unknown("503 Service Unavailable".into()));
        assert_eq!(twin.twilio.redirect(CALL, "https://x").await, unknown);
        assert_eq!(twin.asked().len(), 1);
    }

    #[tokio::test]
    async fn a_call_that_can_t_be_redirected_is_gone_only_if_it_is_over() {
        for (code, status, expected) in [
            (404, "completed", Err(Trouble::Gone)),
            (400, "completed", Err(Trouble::Gone)),
            (400, "ringing", Err(Trouble::Refused("the call is not answered yet".into()))),
        ] {
            let answer = move |count| match count {
                1 => (StatusCode::from_u16(code).unwrap(), problem(21220)).into_response(),
                _ => format!(r#"{{"status": "{status}"}}"#).into_response(),
            };
            let twin = twin(answer, Duration::ZERO).await;
            assert_eq!(twin.twilio.redirect(CALL, "https://x").await, expected, "{code} {status}");
        }
    }

    #[tokio::test]
    async fn hanging_up_what_is_over_is_well() {
        for (status, body) in [(200, String::new()), (404, problem(20404)), (400, problem(21220))] {
            let twin = Twin::says(status, body).await;
            assert_eq!(twin.twilio.hang_up(CALL).await, Ok(()));
            assert_eq!(
                twin.asked(),
                [(Method::POST, format!("/Calls/{CALL}.json"), "Status=completed".into())]
            );
        }
        assert_eq!(Twin::says(401, "").await.twilio.hang_up(CALL).await, Err(Trouble::Unauthorised));
    }

    #[tokio::test]
    async fn without_an_answer_in_time_nobody_knows() {
        let twin = twin(|_| StatusCode::OK.into_response(), Duration::from_secs(5)).await;
        assert!(matches!(twin.twilio.redirect(CALL, "https://x").await, Err(Trouble::Unknown(_))));
        assert!(matches!(twin.twilio.leg_is_up(CALL).await, Err(Trouble::Unknown(_))));
        assert_eq!(twin.asked().len(), 2);
    }

    #[tokio::test]
    async fn where_nobody_listens_nothing_was_carried_out() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let result = twilio_at(&base, "token").redirect(CALL, "https://x").await;
        assert!(matches!(&result, Err(Trouble::Refused(why)) if why.contains("refused")), "{result:?}");
    }

    #[tokio::test]
    async fn without_a_secret_or_an_id_nothing_is_asked() {
        let twin = Twin::says(200, "{}").await;
        for id in [
            "",
            "CA1",
            RECORDING,
            "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb/..",
            "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb%2e",
        ] {
            assert!(matches!(twin.twilio.hang_up(id).await, Err(Trouble::Refused(_))), "{id}");
            assert!(matches!(twin.twilio.leg_is_up(id).await, Err(Trouble::Refused(_))), "{id}");
        }
        let odd = Recording { id: "RE../../x".into(), seconds: 0 };
        assert!(matches!(twin.twilio.fetch(&odd).await, Err(Trouble::Refused(_))));
        assert!(matches!(twin.twilio.delete(&odd).await, Err(Trouble::Refused(_))));
        let settings = serde_json::json!({"account_sid": ACCOUNT});
        let anonymous = Twilio::new(serde_json::from_value(settings).unwrap()).unwrap();
        assert_eq!(anonymous.hang_up(CALL).await, Err(Trouble::Unauthorised));
        assert_eq!(twin.asked(), []);
    }

    #[tokio::test]
    async fn redirects_are_not_followed() {
        let twin =
            twin(|_| axum::response::Redirect::temporary("/elsewhere").into_response(), Duration::ZERO).await;
        assert!(matches!(twin.twilio.caller_is_there(CALL).await, Err(Trouble::Refused(_))));
        assert!(matches!(twin.twilio.fetch(&recording(1)).await, Err(Trouble::Refused(_))));
        assert_eq!(twin.asked().len(), 2);
    }

    #[tokio::test]
    async fn the_state_of_the_caller_is_asked() {
        for (status, body, expected) in [
            (200, r#"{"sid":"CA1","status":"in-progress"}"#, Ok(true)),
            (200, r#"{"status":"ringing"}"#, Ok(true)),
            (200, r#"{"status":"completed"}"#, Ok(false)),
            (200, r#"{"status":"canceled"}"#, Ok(false)),
            (404, "", Ok(false)),
            (500, "", Err(Trouble::Unknown("500 Internal Server Error".into()))),
        ] {
            let twin = Twin::says(status, body).await;
            assert_eq!(twin.twilio.caller_is_there(CALL).await, expected, "{body}");
            assert_eq!(twin.asked(), [(Method::GET, format!("/Calls/{CALL}.json"), String::new())]);
        }
        let garbage = Twin::says(200, "{}").await.twilio.caller_is_there(CALL).await;
        assert!(matches!(garbage, Err(Trouble::Refused(_))), "{garbage:?}");
    }

    #[tokio::test]
    async fn a_leg_is_up_if_any_of_them_is() {
        for (body, expected) in [
            (r#"{"calls":[]}"#, false),
            (r#"{"calls":[{"status":"completed"},{"status":"ringing"}]}"#, false),
            (r#"{"calls":[{"status":"busy"},{"status":"in-progress"}],"page":0}"#, true),
        ] {
            let twin = Twin::says(200, body).await;
            assert_eq!(twin.twilio.leg_is_up(CALL).await, Ok(expected));
            assert_eq!(twin.asked()[0].1, format!("/Calls.json?ParentCallSid={CALL}&PageSize=100"));
        }
    }

    #[tokio::test]
    async fn only_finished_recordings_are_found() {
        let listed = format!(
            r#"{{"recordings":[{{"sid":"{RECORDING}","status":"completed","duration":"12","channels":1}},
            {{"sid":"REdddddddddddddddddddddddddddddddd","status":"processing","duration":"-1"}},
            {{"sid":"REeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","status":"absent","duration":null}},
            {{"sid":"../x","status":"completed","duration":"1"}}]}}"#
        );
        let twin = Twin::says(200, listed).await;
        assert_eq!(twin.twilio.recordings(CALL).await, Ok(vec![recording(12)]));
        assert_eq!(twin.asked()[0].1, format!("/Calls/{CALL}/Recordings.json"));
    }

    #[tokio::test]
    async fn a_recording_is_fetched_whole_or_not_at_all() {
        let whole = wav(10, 0);
        for (file, promised, good) in [
            (whole.clone(), 10, true),
            (whole.clone(), 12, true),
            (whole.clone(), 13, false),
            (wav(10, 32_000), 10, true),  // two seconds are missing
            (wav(10, 32_002), 10, false), // and a bit more
            (whole[..40].to_vec(), 10, false),
            (whole[..20].to_vec(), 0, false),
            (b"<html>Sorry</html>".to_vec(), 0, false),
            (Vec::new(), 0, false),
            (wav(0, 0), 1, true),
        ] {
            let twin = Twin::says(200, file.clone()).await;
            let fetched = twin.twilio.fetch(&recording(promised)).await;
            let described = fetched.as_ref().map(Vec::len);
            assert_eq!(fetched == Ok(file), good, "{promised} {described:?}");
            assert!(good || matches!(fetched, Err(Trouble::Refused(_))), "{described:?}");
            assert_eq!(twin.asked()[0].1, format!("/Recordings/{RECORDING}.wav"));
        }
        assert_eq!(Twin::says(404, "").await.twilio.fetch(&recording(1)).await, Err(Trouble::NotFound));
    }

    #[tokio::test]
    async fn a_recording_that_is_packed_or_breaks_off_is_refused() {
        let packed =
            twin(|_| ([(CONTENT_ENCODING, "gzip")], wav(1, 0)).into_response(), Duration::ZERO).await;
        assert!(matches!(packed.twilio.fetch(&recording(1)).await, Err(Trouble::Refused(_))));
        let broken = |_| {
            let part = stream::once(async { Ok(Bytes::from(wav(10, 0))) });
            let end = stream::once(async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Err(std::io::Error::other("broken"))
            });
            Body::from_stream(part.chain(end)).into_response()
        };
        let broken = twin(broken, Duration::ZERO).await;
        assert!(matches!(broken.twilio.fetch(&recording(10)).await, Err(Trouble::Refused(_))));
    }

    #[tokio::test]
    async fn an_answer_without_end_is_cut_off() {
        let endless = |_| {
            let chunk = || Some((Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1 << 16])), ()));
            Body::from_stream(stream::unfold((), move |()| async move { chunk() })).into_response()
        };
        let twin = twin(endless, Duration::ZERO).await;
        let too_long = |bytes: u32| Trouble::Refused(format!("the answer is longer than {bytes} bytes"));
        assert_eq!(twin.twilio.fetch(&recording(1)).await, Err(too_long(32 << 20)));
        assert_eq!(twin.twilio.recordings(CALL).await, Err(too_long(1 << 20)));
    }

    #[tokio::test]
    async fn deleting_what_is_gone_is_well() {
        for status in [204, 404] {
            let twin = Twin::says(status, "").await;
            assert_eq!(twin.twilio.delete(&recording(1)).await, Ok(()));
            assert_eq!(
                twin.asked(),
                [(Method::DELETE, format!("/Recordings/{RECORDING}.json"), String::new())]
            );
        }
        assert_eq!(Twin::says(401, "").await.twilio.delete(&recording(1)).await, Err(Trouble::Unauthorised));
    }

    #[tokio::test]
    async fn an_api_key_goes_before_the_account_s_token() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let key = "SKaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        let settings = serde_json::json!({"account_sid": ACCOUNT, "auth_tokens": ["new", "old"], "api_key_sid": key, "api_key_secret": "s"});
        let mut settings: super::super::Settings = serde_json::from_value(settings).unwrap();
        let login = |settings: &super::super::Settings| match super::super::login(settings).unwrap() {
            Login::Basic(user, password) => (user, password.0),
            Login::Bearer(key) => (String::new(), key.0),
        };
        assert_eq!(login(&settings), (key.into(), "s".into()));
        (settings.api_key_sid, settings.api_key_secret) = (None, None);
        assert_eq!(login(&settings), (ACCOUNT.into(), "new".into()));
    }

    const UUID: &str = "f5586561-8ff0-4291-a51b-c7dfe4139ff9";
    const OPAQUE: &str = "v3:9X2v/xP+D-aiQ";

    /// Answers by what is asked, and notes it with how we logged in.
    async fn account(
        dialect: Dialect,
        answers: &'static [(&str, u16, &str)],
    ) -> (Twilio, Arc<Mutex<Vec<String>>>) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = asked.clone();
        let answer = async move |request: Request| {
            let login = request.headers().get(AUTHORIZATION).and_then(|login| login.to_str().ok());
            let line = format!("{} {}", request.method(), request.uri());
            noted.lock().unwrap().push(format!("{line} {}", login.unwrap_or("-")));
            let found = answers.iter().find(|(what, ..)| *what == line).copied();
            let (_, status, body) = found.unwrap_or(("", 404, ""));
            let status = StatusCode::from_u16(status).unwrap();
            match body {
                "WAV" => wav(3, 0).into_response(),
                place if status.is_redirection() => (status, [(LOCATION, place)]).into_response(),
                body => (status, body).into_response(),
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        let secret = Secret("token".into());
        let login = match dialect {
            Dialect::TeXml => Login::Bearer(secret),
            _ => Login::Basic(UUID.into(), secret),
        };
        let mut twilio = twilio_at(&base, "token");
        twilio.dialect = dialect;
        twilio.rest = Rest::new(dialect, &base, UUID, Some(login)).unwrap();
        (twilio, asked)
    }

    const BASIC: &str = "Basic ZjU1ODY1NjEtOGZmMC00MjkxLWE1MWItYzdkZmU0MTM5ZmY5OnRva2Vu";

    #[tokio::test]
    async fn every_company_is_asked_at_its_own_addresses() {
        let laml = "/api/laml/2010-04-01/Accounts/f5586561-8ff0-4291-a51b-c7dfe4139ff9/Calls/";
        let plain = "/2010-04-01/Accounts/f5586561-8ff0-4291-a51b-c7dfe4139ff9/Calls/";
        let texml = "/v2/texml/Accounts/f5586561-8ff0-4291-a51b-c7dfe4139ff9/Calls/";
        for (dialect, call, address, login) in [
            (Dialect::SignalWire, UUID, format!("{laml}{UUID}.json"), BASIC),
            (Dialect::Somleng, UUID, format!("{plain}{UUID}.json"), BASIC),
            (Dialect::TeXml, OPAQUE, format!("{texml}v3%3A9X2v%2FxP%2BD-aiQ"), "Bearer token"),
        ] {
            let (company, asked) = account(dialect, &[]).await;
            assert_eq!(company.redirect(call, "https://x").await, Err(Trouble::Gone));
            assert_eq!(company.caller_is_there(call).await, Ok(false));
            assert_eq!(company.hang_up(call).await, Ok(()));
            let expected =
                ["POST", "GET", "GET", "POST", "GET"].map(|method| format!("{method} {address} {login}"));
            assert!(matches!(company.number("+431").await, Err(Trouble::Refused(_))), "read for Twilio only");
            assert_eq!(asked.lock().unwrap()[..], expected, "{dialect:?}");
            for bad in [CALL, "..", "a b", "", "f5586561-8ff0-4291-a51b-c7dfe4139ff9/"] {
                if dialect != Dialect::TeXml || bad != CALL && !bad.ends_with('/') {
                    assert!(matches!(company.caller_is_there(bad).await, Err(Trouble::Refused(_))), "{bad}");
                }
            }
        }
    }

    #[tokio::test]
    async fn a_refusal_of_which_nothing_is_said_counts_only_if_the_caller_is_gone() {
        const ALIVE: &[(&str, u16, &str)] = &[
            (
                "POST /2010-04-01/Accounts/f5586561-8ff0-4291-a51b-c7dfe4139ff9/Calls/f5586561-8ff0-4291-a51b-c7dfe4139ff9.json",
                422,
                "",
            ),
            (
                "GET /2010-04-01/Accounts/f5586561-8ff0-4291-a51b-c7dfe4139ff9/Calls/f5586561-8ff0-4291-a51b-c7dfe4139ff9.json",
                200,
                r#"{"status":"in-progress"}"#,
            ),
        ];
        const OVER: &[(&str, u16, &str)] = &[ALIVE[0], (ALIVE[1].0, 200, r#"{"status":"completed"}"#)];
        let (company, _) = account(Dialect::Somleng, ALIVE).await;
        assert!(matches!(company.redirect(UUID, "https://x").await, Err(Trouble::Refused(_))));
        assert!(matches!(company.hang_up(UUID).await, Err(Trouble::Refused(_))));
        assert_eq!(company.leg_is_up(UUID).await, Ok(true), "the dial would have said that it is over");
        let (company, _) = account(Dialect::Somleng, OVER).await;
        assert_eq!(company.redirect(UUID, "https://x").await, Err(Trouble::Gone));
        assert_eq!(company.hang_up(UUID).await, Ok(()));
        assert_eq!(company.leg_is_up(UUID).await, Ok(false));
    }

    #[tokio::test]
    async fn a_sound_lies_where_the_interface_says_and_nobody_logs_in_there() {
        const SOMLENG: &[(&str, u16, &str)] = &[
            (
                "GET /2010-04-01/Accounts/f5586561-8ff0-4291-a51b-c7dfe4139ff9/Recordings/f5586561-8ff0-4291-a51b-c7dfe4139ff9.wav",
                302,
                "/storage/x?y=z",
            ),
            ("GET /storage/x?y=z", 200, "WAV"),
        ];
        const TELNYX: &[(&str, u16, &str)] = &[
            (
                "GET /v2/texml/Accounts/f5586561-8ff0-4291-a51b-c7dfe4139ff9/Recordings/f5586561-8ff0-4291-a51b-c7dfe4139ff9.json",
                200,
                r#"{"media_url":"/storage/x?y=z"}"#,
            ),
            SOMLENG[1],
        ];
        let recording = Recording { id: UUID.into(), seconds: 3 };
        for (dialect, answers, login) in
            [(Dialect::Somleng, SOMLENG, BASIC), (Dialect::TeXml, TELNYX, "Bearer token")]
        {
            let (company, asked) = account(dialect, answers).await;
            assert_eq!(company.fetch(&recording).await, Ok(wav(3, 0)), "{dialect:?}");
            let expected = [format!("{} {login}", answers[0].0), format!("{} -", answers[1].0)];
            assert_eq!(asked.lock().unwrap()[..], expected);
        }
    }

    #[tokio::test]
    async fn a_sound_at_a_bad_address_is_not_fetched() {
        const WAV: &str = "GET /2010-04-01/Accounts/f5586561-8ff0-4291-a51b-c7dfe4139ff9/Recordings/f5586561-8ff0-4291-a51b-c7dfe4139ff9.wav";
        const BAD: [&[(&str, u16, &str)]; 5] = [
            &[(WAV, 302, "http://storage.example.org/x")],
            &[(WAV, 302, "ftp://127.0.0.1/x")],
            &[(WAV, 302, "file:///etc/passwd")],
            &[(WAV, 302, "https://me@127.0.0.1/x")],
            &[(WAV, 302, "http://")],
        ];
        for answers in BAD {
            let (company, asked) = account(Dialect::Somleng, answers).await;
            let fetched = company.fetch(&Recording { id: UUID.into(), seconds: 3 }).await;
            let refused = Err(Trouble::Refused("the sound is said to lie at a bad address".into()));
            assert_eq!((fetched, asked.lock().unwrap().len()), (refused, 1), "{}", answers[0].2);
        }
    }

    #[tokio::test]
    async fn recordings_are_listed_with_lengths_in_any_form() {
        const LISTED: &[(&str, u16, &str)] = &[(
            "GET /v2/texml/Accounts/f5586561-8ff0-4291-a51b-c7dfe4139ff9/Calls/v3%3A9X2v%2FxP%2BD-aiQ/Recordings.json",
            200,
            r#"{"recordings":[
                {"sid":"f5586561-8ff0-4291-a51b-c7dfe4139ff9","status":"completed","duration":7},
                {"sid":"f5586561-8ff0-4291-a51b-c7dfe4139ff8","status":"completed","duration":"8"},
                {"sid":"f5586561-8ff0-4291-a51b-c7dfe4139ff7","status":"completed"},
                {"sid":"../x","status":"completed","duration":9}]}"#,
        )];
        let (company, _) = account(Dialect::TeXml, LISTED).await;
        let found = company.recordings(OPAQUE).await.unwrap();
        let found: Vec<_> = found.iter().map(|one| (&one.id[35..], one.seconds)).collect();
        assert_eq!(found, [("9", 7), ("8", 8), ("7", 0)]);
    }
}
