//! Mail that a service hands over. Checked in this order: address 404, sign-in 403 (where that can be seen before the mail),
//! size 413, signature 403, content 400 or 422. It is acknowledged when it is on the disk; otherwise the service sends it
//! again. Large mail is taken in a turn; whoever holds the turns does not hold up small mail.

use super::{
    Web,
    limits::Client,
    webhook_refusal::{NotTaken, refuse},
};
use crate::{
    attachments::NotKept,
    desk::settings::Refused,
    messaging::email::{
        reading::To,
        services::{BODY_BYTES_MAX, Bad, Field, Sent},
        settings::Webhook,
    },
    routing::ids::ChannelId,
    tickets::channel::{Email, Way},
};
use axum::{
    Extension,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, FromRequest, Multipart, Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use std::time::Duration;
use tokio::{sync::SemaphorePermit, time::timeout};
use tracing::{debug, error};

/// How many large ones are taken in at once.
pub const AT_ONCE: usize = 4;
/// What is not larger needs no turn.
const SMALL_BYTES: usize = 256 << 10;
/// A turn is waited for so long.
const TURN_WITHIN: Duration = Duration::from_secs(20);
/// For 40 MiB over a slow line.
const WITHIN: Duration = Duration::from_secs(120);
/// More fields than a service ever sends.
const FIELDS_MAX: usize = 400;

pub async fn take(
    State(web): State<Web>,
    client: Option<Extension<Client>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    match judge(&web, path, request).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(not_taken) => refuse(&web, client, "mail by webhook", not_taken),
    }
}

async fn judge(
    web: &Web,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<(), NotTaken> {
    let (parts, body) = request.into_parts();
    let (channel, email) = channel(web, path).ok_or((StatusCode::NOT_FOUND, None))?;
    let mailbox = web.mailboxes.get(&email.mailbox).and_then(|mailbox| mailbox.webhook.as_ref());
    let webhook = mailbox.ok_or((StatusCode::NOT_FOUND, None))?;
    if parts.method != Method::POST {
        return Err((StatusCode::METHOD_NOT_ALLOWED, None));
    }
    let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if webhook.knows(authorization) == Some(false) {
        return Err((
            StatusCode::FORBIDDEN,
            Some("its user name and password are not the configured ones".into()),
        ));
    }
    let (body, _turn) = match timeout(WITHIN, whole(web, body)).await {
        Ok(whole) => whole?,
        Err(_) => return Err((StatusCode::REQUEST_TIMEOUT, None)),
    };
    let sent = sent(&parts.headers, body).await?;
    arrive(web, webhook.clone(), sent, channel, email).await
}

/// All of it, and the turn that it took, if it is large.
async fn whole(web: &Web, body: Body) -> Result<(Bytes, Option<SemaphorePermit<'_>>), NotTaken> {
    let (mut whole, mut turn) = (Vec::new(), None);
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| (StatusCode::BAD_REQUEST, None))?;
        if whole.len() + part.len() > BODY_BYTES_MAX {
            return Err((StatusCode::PAYLOAD_TOO_LARGE, None));
        }
        if turn.is_none() && whole.len() + part.len() > SMALL_BYTES {
            let later = || (StatusCode::SERVICE_UNAVAILABLE, None);
            let waiting = timeout(TURN_WITHIN, web.mails_at_once.acquire()).await;
            turn = Some(waiting.map_err(|_| later())?.map_err(|_| later())?);
        }
        whole.extend_from_slice(&part);
    }
    Ok((whole.into(), turn))
}

/// A channel of mail that takes in at the moment.
fn channel(web: &Web, path: Result<Path<String>, PathRejection>) -> Option<(ChannelId, Email)> {
    let id: ChannelId = path.ok()?.0.parse().ok()?;
    let settings = web.desk.settings();
    let channel = settings.ticket_channels.get(&id).filter(|channel| channel.enabled)?;
    match &channel.way {
        Way::Email(email) => Some((id, email.clone())),
        _ => None,
    }
}

async fn sent(headers: &HeaderMap, body: Bytes) -> Result<Sent, NotTaken> {
    // Packed, it would be read as it is, and be a mail of nothing.
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, None));
    }
    let unreadable = || (StatusCode::BAD_REQUEST, Some("it can't be read".to_owned()));
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/json" => serde_json::from_slice(&body).map(Sent::Json).map_err(|_| unreadable()),
        "message/rfc822" => Ok(Sent::Mail(body.into())),
        "application/x-www-form-urlencoded" => Ok(Sent::Form(urlencoded(&body))),
        "multipart/form-data" => multipart(headers, body).await.map(Sent::Form).ok_or_else(unreadable),
        _ => Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, None)),
    }
}

fn urlencoded(body: &[u8]) -> Vec<Field> {
    let fields = form_urlencoded::parse(body).take(FIELDS_MAX).map(|(name, value)| Field {
        name: name.into_owned(),
        file_name: None,
        content_type: None,
        bytes: value.into_owned().into_bytes(),
    });
    fields.collect()
}

async fn multipart(headers: &HeaderMap, body: Bytes) -> Option<Vec<Field>> {
    let mut request = Request::new(Body::from(body));
    if let Some(kind) = headers.get(header::CONTENT_TYPE) {
        request.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
    }
    // How much there is of it was looked at.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut form = Multipart::from_request(request, &()).await.ok()?;
    let mut fields = Vec::new();
    while let Some(field) = form.next_field().await.ok()? {
        if fields.len() >= FIELDS_MAX {
            break;
        }
        fields.push(Field {
            name: field.name().unwrap_or_default().to_owned(),
            file_name: field.file_name().map(str::to_owned),
            content_type: field.content_type().map(str::to_owned),
            bytes: field.bytes().await.ok()?.into(),
        });
    }
    Some(fields)
}

async fn arrive(
    web: &Web,
    webhook: Webhook,
    sent: Sent,
    channel: ChannelId,
    email: Email,
) -> Result<(), NotTaken> {
    let now = web.clock.now().at;
    // It may be much to take apart, and one that breaks this breaks nothing else.
    let read = tokio::task::spawn_blocking(move || {
        let proof = webhook.proof(&sent);
        (webhook.read(sent, To { channel, address: &email.address }, now), proof)
    });
    let unreadable = |_| (StatusCode::UNPROCESSABLE_ENTITY, Some("it breaks the reader".to_owned()));
    let (arrival, proof) = read.await.map_err(unreadable)?;
    let arrival = arrival.map_err(|bad| match bad {
        Bad::Unsigned => (StatusCode::FORBIDDEN, Some(bad.to_string())),
        Bad::NotIts | Bad::Missing(_) | Bad::Unreadable(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, Some(bad.to_string()))
        }
    })?;
    if proof.is_some_and(|proof| !web.is_first_with(proof)) {
        return Err((StatusCode::FORBIDDEN, Some("another mail came with its signature before".into())));
    }
    match web.attachments.keep_all(arrival.files).await {
        Ok(_) => {}
        Err(NotKept::TooLarge) => return Err((StatusCode::PAYLOAD_TOO_LARGE, None)),
        Err(error @ (NotKept::NoRoom | NotKept::Failed(_))) => {
            error!(%error, "a file that came with mail can't be kept");
            return Err((StatusCode::SERVICE_UNAVAILABLE, None));
        }
    }
    match web.desk.arrived(arrival.incoming).await {
        Ok(Ok(arrived)) => {
            debug!(message.id = %arrived.message, doubled = arrived.doubled, "a mail came");
            Ok(())
        }
        // It was there a moment ago.
        Ok(Err(Refused::NotFound | Refused::Conflict(_))) => Err((StatusCode::NOT_FOUND, None)),
        Ok(Err(refused)) => Err((StatusCode::UNPROCESSABLE_ENTITY, Some(format!("{refused:?}")))),
        Err(_) => Err((StatusCode::SERVICE_UNAVAILABLE, None)),
    }
}
