//! Forms on other people's web pages. Anybody may send one: so there are limits for each address, and nothing about us is
//! answered. Checked in this order: the address's limit 429, size 413, the channel 404, content 400 or 422.

mod answer;

use super::{
    Web,
    language::Speaking,
    limits::{Client, TooMany},
    serving::REQUEST_WITHIN,
};
use crate::{
    attachments::NotKept,
    desk::settings::Refused,
    messaging::{
        Arrival,
        form::{self, BYTES_MAX, FIELDS_BYTES_MAX, FILES_MAX, File, Read, Submission, Why},
    },
    routing::ids::ChannelId,
    tickets::{
        channel::{Form, Way},
        incoming::Incoming,
    },
};
use answer::{Answer, NotTaken};
use axum::{
    Extension,
    body::{Body, Bytes, to_bytes},
    extract::{
        DefaultBodyLimit, FromRequest, Multipart, Path, Request, State, multipart::Field,
        rejection::PathRejection,
    },
    http::{HeaderMap, Method, header},
    response::Response,
};
use std::time::Duration;
use tokio::time::timeout;
use tracing::{debug, error, info};

/// Files may come over a slow line.
const FILES_WITHIN: Duration = Duration::from_secs(120);
const KEY_BYTES_MAX: usize = 255;

pub async fn take(
    State(web): State<Web>,
    client: Option<Extension<Client>>,
    Speaking(language): Speaking,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let answer = Answer::to(request.headers(), language);
    match *request.method() {
        Method::OPTIONS => return answer::preflight(),
        Method::POST => {}
        _ => return answer.refused(NotTaken::NotAForm(405)),
    }
    let client = client.map(|Extension(client)| client);
    if let Err(TooMany(seconds)) = web.limits.form(client) {
        return answer.refused(NotTaken::TooMany(seconds));
    }
    match taken(&web, path, request).await {
        Ok(thanks_url) => answer.thanks(thanks_url.as_deref()),
        Err(why) => answer.refused(why),
    }
}

/// Takes it in. Answers where the browser goes afterwards.
async fn taken(
    web: &Web,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Option<String>, NotTaken> {
    let (parts, body) = request.into_parts();
    let kind = Kind::of(&parts.headers);
    let body = whole(body, kind).await?;
    let (channel, form) = channel(web, path).ok_or(NotTaken::NotFound)?;
    let kind = kind.ok_or(NotTaken::NotAForm(415))?;
    let submission = submission(kind, &parts.headers, body).await?;
    let key = key(&parts.headers)?;
    match form::read(&form, channel, key, submission, web.clock.now().at) {
        Ok(Read::Message(arrival)) => {
            let incoming = kept(web, *arrival).await?;
            arrive(web, incoming).await?;
        }
        // A machine that is told so tries something else.
        Ok(Read::Machine) => info!(channel.id = %channel, "a form was filled in by a machine"),
        Err(refused) => return Err(NotTaken::Field(refused)),
    }
    Ok(form.thanks_url)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Urlencoded,
    Multipart,
}

impl Kind {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        match kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "application/json" => Some(Self::Json),
            "application/x-www-form-urlencoded" => Some(Self::Urlencoded),
            "multipart/form-data" => Some(Self::Multipart),
            _ => None,
        }
    }
}

async fn whole(body: Body, kind: Option<Kind>) -> Result<Bytes, NotTaken> {
    let (within, bytes_max) = match kind {
        Some(Kind::Multipart) => (FILES_WITHIN, BYTES_MAX),
        _ => (REQUEST_WITHIN, FIELDS_BYTES_MAX),
    };
    match timeout(within, to_bytes(body, bytes_max)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(NotTaken::TooLarge),
        Err(_) => Err(NotTaken::NotAForm(408)),
    }
}

/// A channel that takes forms at the moment.
fn channel(web: &Web, path: Result<Path<String>, PathRejection>) -> Option<(ChannelId, Form)> {
    let id: ChannelId = path.ok()?.0.parse().ok()?;
    let settings = web.desk.settings();
    let channel = settings.ticket_channels.get(&id).filter(|channel| channel.enabled)?;
    match &channel.way {
        Way::Form(form) => Some((id, form.clone())),
        _ => None,
    }
}

async fn submission(kind: Kind, headers: &HeaderMap, body: Bytes) -> Result<Submission, NotTaken> {
    let unreadable = |_| NotTaken::NotAForm(400);
    let fields = match kind {
        Kind::Json => form::json_fields(&body).map_err(unreadable)?,
        Kind::Urlencoded => form::urlencoded_fields(&body).map_err(unreadable)?,
        Kind::Multipart => return multipart(headers, body).await,
    };
    Ok(Submission { fields, files: Vec::new() })
}

async fn multipart(headers: &HeaderMap, body: Bytes) -> Result<Submission, NotTaken> {
    let mut request = Request::new(Body::from(body));
    if let Some(kind) = headers.get(header::CONTENT_TYPE) {
        request.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
    }
    // How much there is of it was looked at.
    DefaultBodyLimit::disable().apply(&mut request);
    let unreadable = || NotTaken::NotAForm(400);
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| unreadable())?;
    let mut submission = Submission::default();
    while let Some(field) = form.next_field().await.map_err(|_| unreadable())? {
        if submission.files.len() > FILES_MAX || submission.fields.len() > form::FIELDS_MAX {
            // Nobody looks at more.
            break;
        }
        let name = field.name().unwrap_or_default().to_owned();
        match file(&field) {
            Some((file_name, content_type)) => {
                let bytes = field.bytes().await.map_err(|_| unreadable())?;
                // A field for a file into which none was put.
                if !(file_name.is_empty() && bytes.is_empty()) {
                    submission.files.push(File { name: file_name, content_type, bytes });
                }
            }
            None => {
                let text = field.text().await.map_err(|_| unreadable())?;
                submission.fields.push((name, text));
            }
        }
    }
    Ok(submission)
}

fn file(field: &Field<'_>) -> Option<(String, String)> {
    let name = field.file_name()?.to_owned();
    Some((name, field.content_type().unwrap_or("application/octet-stream").to_owned()))
}

/// What the sender calls this very submission.
fn key(headers: &HeaderMap) -> Result<Option<&str>, NotTaken> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok().filter(|key| (1..=KEY_BYTES_MAX).contains(&key.len()));
    key.map(Some).ok_or(NotTaken::NotAForm(400))
}

/// What was refused here is found by nobody and swept away.
async fn kept(web: &Web, arrival: Arrival) -> Result<Incoming, NotTaken> {
    match web.attachments.keep_all(arrival.files).await {
        Ok(_) => Ok(arrival.incoming),
        Err(NotKept::TooLarge) => Err(NotTaken::TooLarge),
        Err(error @ (NotKept::NoRoom | NotKept::Failed(_))) => {
            error!(%error, "a file that came with a form can't be kept");
            Err(NotTaken::Later)
        }
    }
}

async fn arrive(web: &Web, incoming: Incoming) -> Result<(), NotTaken> {
    match web.desk.arrived(incoming).await {
        Ok(Ok(arrived)) => {
            debug!(message.id = %arrived.message, doubled = arrived.doubled, "a form came");
            Ok(())
        }
        Ok(Err(Refused::Conflict(fault))) if fault.pointer == "/attachments" => Err(NotTaken::Later),
        // It was there a moment ago.
        Ok(Err(Refused::NotFound | Refused::Conflict(_))) => Err(NotTaken::NotFound),
        Ok(Err(_)) => Err(NotTaken::NotAForm(422)),
        Err(_) => Err(NotTaken::Later),
    }
}

impl NotTaken {
    fn status(&self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::TooLarge => 413,
            Self::TooMany(_) => 429,
            Self::Field(refused) if refused.why == Why::TooMany => 413,
            Self::Field(_) => 422,
            Self::NotAForm(status) => *status,
            Self::Later => 503,
        }
    }
}
