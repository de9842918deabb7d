//! Requests from the company to the application: signed, repeated where they could not connect, and noted in the
//! story. The courier delivers those that nobody waits for.

use super::{
    Dialect,
    company::{Company, Line},
    faults::{Delivery, Mishap, Twice},
    story::{Answer, Event, Purpose, Status, Webhook},
};
use axum::http::Method;
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinSet, time::sleep};

pub type Params = Vec<(String, String)>;

/// Makes owned parameters.
pub fn params<const N: usize>(pairs: [(&str, &str); N]) -> Params {
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec()
}

/// The signature of a form: the address and every different key with its different values, all in order.
pub fn sign<'a>(token: &str, url: &str, params: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut sorted = BTreeMap::<_, BTreeSet<_>>::new();
    for (key, value) in params {
        sorted.entry(key).or_default().insert(value);
    }
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(url.as_bytes());
    for (key, values) in sorted {
        for value in values {
            mac.update(key.as_bytes());
            mac.update(value.as_bytes());
        }
    }
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

#[derive(Debug, Clone)]
pub struct Request {
    pub purpose: Purpose,
    pub url: String,
    pub method: Method,
    pub params: Params,
}

/// Why there is no answer to use, in Twilio's numbers.
#[derive(Debug, Clone)]
pub struct Failure {
    pub code: u32,
    pub message: String,
}

/// How to reach an address: what its fragment says, else the defaults. Times are real.
struct Manner {
    timeout: Duration,
    retries: u32,
    /// `ct`: could not connect; `rt`: no answer; `4xx`, `5xx`, `all`.
    retried: String,
}

impl Manner {
    /// `#rt=4000&tt=12000&rc=2&rp=ct,rt,5xx`; `ct` means nothing on loopback.
    fn of(url: &str) -> Self {
        let fragment = url.split_once('#').map_or("", |(_, fragment)| fragment);
        let said: BTreeMap<_, _> = form_urlencoded::parse(fragment.as_bytes()).collect();
        let number = |key, default| said.get(key).and_then(|text| text.parse().ok()).unwrap_or(default);
        Self {
            timeout: Duration::from_millis(number("rt", 15_000).min(number("tt", 15_000))),
            retries: number("rc", 1).min(5) as u32,
            retried: said.get("rp").map_or_else(|| "ct".to_owned(), |policy| policy.to_string()),
        }
    }

    fn retries(&self, reason: &str) -> bool {
        self.retried.split(',').any(|policy| policy == reason || policy == "all")
    }
}

/// Sends a request, twice if the faults have it so, and notes what came of it. The first answer counts.
pub async fn deliver(company: &Company, line: &Line, request: &Request) -> Result<Answer, Failure> {
    let token = uuid::Builder::from_random_bytes(rand::random()).into_uuid().to_string();
    let once = || attempt(company, line, request, &token);
    let twice = company.state().faults.repetition(request.purpose);
    let (first, second) = match twice {
        None => return once().await,
        Some(Twice::AtOnce) => tokio::join!(once(), once()),
        Some(Twice::After(later)) => {
            let first = once().await;
            sleep(later).await;
            (first, once().await)
        }
    };
    // Whoever begins again a call that is over may be told so.
    let begins_again =
        matches!(request.purpose, Purpose::Voice | Purpose::Fallback) && line.story.borrow().ending.is_some();
    if let (Ok(first), Ok(second)) = (&first, &second)
        && first != second
        && !begins_again
    {
        line.complain(format!("{} answered a repeated request differently", request.url));
    }
    first
}

/// Sends a request, with the retries that its address wishes.
async fn attempt(company: &Company, line: &Line, request: &Request, token: &str) -> Result<Answer, Failure> {
    let manner = Manner::of(&request.url);
    let mut tries = 0;
    loop {
        let (answer, retry) = send(company, request, token, &manner).await;
        let told = answer.as_ref().map_err(|failure| failure.message.clone()).cloned();
        line.tell(Event::Webhook(Webhook {
            purpose: request.purpose,
            url: request.url.clone(),
            params: request.params.clone(),
            idempotency_token: token.to_owned(),
            answer: told,
        }));
        tries += 1;
        if tries > manner.retries || !retry {
            return answer.and_then(accept);
        }
    }
}

fn accept(answer: Answer) -> Result<Answer, Failure> {
    match answer.status {
        200..300 => Ok(answer),
        status => Err(Failure { code: 11200, message: format!("answered {status}") }),
    }
}

/// Sends a request once. Also tells whether to try again.
async fn send(
    company: &Company,
    request: &Request,
    token: &str,
    manner: &Manner,
) -> (Result<Answer, Failure>, bool) {
    let failed = |code, message: String| Err(Failure { code, message });
    match exchange(company, request, token, manner.timeout).await {
        Ok(answer) => {
            let class = format!("{}xx", answer.status / 100);
            let retry = manner.retries(&class) && answer.status >= 400;
            (Ok(answer), retry)
        }
        Err(error) if error.is_connect() => (failed(11205, format!("{error:?}")), manner.retries("ct")),
        Err(error) => (failed(11200, format!("{error:?}")), manner.retries("rt")),
    }
}

async fn exchange(
    company: &Company,
    request: &Request,
    token: &str,
    timeout: Duration,
) -> reqwest::Result<Answer> {
    let url = request.url.split('#').next().unwrap_or_default();
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&request.params).finish();
    let signed =
        |url: &str, params: &Params, body: &str| company.dialect.signed(&company.account, url, params, body);
    let (http, signature) = if request.method == Method::GET {
        let url = format!("{url}{}{form}", if url.contains('?') { '&' } else { '?' });
        (company.http.get(company.reach(&url)), signed(&url, &Params::new(), ""))
    } else {
        let signature = signed(url, &request.params, &form);
        let http = company.http.post(company.reach(url)).body(form);
        (http.header("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"), signature)
    };
    let mut http = signature.iter().fold(http, |http, (name, value)| http.header(name, value));
    if company.dialect == Dialect::Twilio {
        http = http.header("I-Twilio-Idempotency-Token", token);
    }
    let answer = http.timeout(timeout).send().await?;
    let content_type = answer.headers().get("Content-Type").and_then(|value| value.to_str().ok());
    Ok(Answer {
        status: answer.status().as_u16(),
        content_type: content_type.unwrap_or_default().to_owned(),
        body: answer.text().await?,
    })
}

/// Asks for a document; the next mishap, if there is to be one, happens here.
pub async fn ask(company: &Company, line: &Line, request: &Request) -> Result<Answer, Failure> {
    let mishap = company.state().faults.next_request.take();
    let silence = || Failure { code: 11200, message: "no answer".to_owned() };
    match mishap {
        None => deliver(company, line, request).await,
        Some(Mishap::Lost) => Err(silence()),
        Some(Mishap::AnswerLost) => deliver(company, line, request).await.and(Err(silence())),
    }
}

/// A webhook that nobody waits for.
#[derive(Debug)]
pub struct Notice {
    pub request: Request,
    pub status: Status,
    /// It is sent so long after it happened, in real time, without holding up the others.
    pub after: Duration,
}

/// Takes notices; they are delivered one after the other. Those still to be delivered outlive it.
pub type Courier = mpsc::UnboundedSender<Notice>;

/// Delivers a call's notices until all couriers are gone.
pub async fn deliver_notices(
    company: Arc<Company>,
    line: Arc<Line>,
    mut notices: mpsc::UnboundedReceiver<Notice>,
) {
    let mut late = JoinSet::new();
    let mut held = None;
    while let Some(notice) = notices.recv().await {
        let purpose = notice.request.purpose;
        let delivery = company.state().faults.delivery(purpose);
        let mut after = notice.after;
        match delivery {
            Delivery::Never => {
                line.tell(Event::CallbackLost(purpose, notice.status));
                continue;
            }
            Delivery::Without(status) if status == notice.status => {
                line.tell(Event::CallbackLost(purpose, status));
                continue;
            }
            Delivery::Swapped if held.is_none() => {
                held = Some(notice);
                continue;
            }
            Delivery::Late(more) => after += more,
            _ => {}
        }
        if after.is_zero() {
            notify(&company, &line, &notice.request).await;
        } else {
            late.spawn(notify_later(company.clone(), line.clone(), notice.request, after));
        }
        if let Some(earlier) = held.take() {
            notify(&company, &line, &earlier.request).await;
        }
    }
    if let Some(last) = held {
        notify(&company, &line, &last.request).await;
    }
    while late.join_next().await.is_some() {}
}

async fn notify_later(company: Arc<Company>, line: Arc<Line>, request: Request, after: Duration) {
    sleep(after).await;
    notify(&company, &line, &request).await;
}

/// Sends a request whose answer says nothing.
pub async fn notify(company: &Company, line: &Line, request: &Request) {
    if let Err(Failure { code, message }) = deliver(company, line, request).await {
        line.tell(Event::Error { code, url: request.url.clone(), message });
    }
}
