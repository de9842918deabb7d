//! Webhooks of WhatsApp. Checked in this order: size 413, address 404, signature 403, content 400. What came is acknowledged
//! when all of it is on the disk; otherwise Meta sends it again, and what is there already makes nothing anew.

use super::{
    Web,
    limits::Client,
    serving::REQUEST_WITHIN,
    webhook_refusal::{NotTaken, refuse},
};
use crate::{
    attachments::NotKept,
    desk::{messages::Reported, settings::Refused},
    messaging::{
        attachment,
        whatsapp::{self, Account, Heard, Media, NotFetched, Received, Report, WEBHOOK_BYTES_MAX},
    },
    routing::ids::ChannelId,
    tickets::{channel::Way, incoming::Incoming},
};
use axum::{
    Extension,
    body::{Bytes, to_bytes},
    extract::{Path, Request, State, rejection::PathRejection},
    http::{Method, StatusCode, Uri, header, request::Parts},
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;
use tokio::time::timeout;
use tracing::{debug, info, warn};

/// For so long a file is waited for that can't be fetched; then its message is taken without it.
const FILES_WAITED_FOR: TimeDelta = TimeDelta::minutes(10);

pub async fn take(
    State(web): State<Web>,
    client: Option<Extension<Client>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    match judge(&web, path, request).await {
        Ok(response) => response,
        Err(not_taken) => refuse(&web, client, "a webhook of WhatsApp", not_taken),
    }
}

async fn judge(
    web: &Web,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, NotTaken> {
    let (parts, body) = request.into_parts();
    let body = match timeout(REQUEST_WITHIN, to_bytes(body, WEBHOOK_BYTES_MAX)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return Err((StatusCode::PAYLOAD_TOO_LARGE, None)),
        Err(_) => return Err((StatusCode::REQUEST_TIMEOUT, None)),
    };
    let found = path.ok().and_then(|Path(name)| web.whatsapp.get_key_value(&name));
    let (name, account) = found.ok_or((StatusCode::NOT_FOUND, None))?;
    match parts.method {
        Method::GET => set_up(account, &parts.uri),
        Method::POST => heard(web, name, account, &parts, &body).await,
        _ => Err((StatusCode::METHOD_NOT_ALLOWED, None)),
    }
}

/// Meta asks whether the address is ours.
fn set_up(account: &Account, uri: &Uri) -> Result<Response, NotTaken> {
    let query: Vec<(String, String)> =
        form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let refused = (StatusCode::FORBIDDEN, Some("it was set up with another verify_token".to_owned()));
    let challenge = account.challenge(&query).ok_or(refused)?;
    let headers = [(header::CONTENT_TYPE, "text/plain"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    Ok((headers, challenge.to_owned()).into_response())
}

async fn heard(
    web: &Web,
    name: &str,
    account: &Account,
    parts: &Parts,
    body: &Bytes,
) -> Result<Response, NotTaken> {
    let signature = parts.headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok());
    if !account.verify(signature, body) {
        return Err((StatusCode::FORBIDDEN, Some("its signature does not match any app_secret".into())));
    }
    let now = web.clock.now().at;
    let all =
        whatsapp::read(body, now).map_err(|_| (StatusCode::BAD_REQUEST, Some("it can't be read".into())))?;
    let mut is_whole = true;
    // What can't be taken now does not keep the others waiting.
    for one in all {
        is_whole &= match one {
            Heard::Message(message) => received(web, name, account, &message).await,
            Heard::Report(report) => reported(web, name, report).await,
        };
    }
    if is_whole { Ok(StatusCode::OK.into_response()) } else { Err((StatusCode::SERVICE_UNAVAILABLE, None)) }
}

/// The channel that has this number.
fn channel(web: &Web, account: &str, phone_number_id: &str) -> Option<ChannelId> {
    let settings = web.desk.settings();
    let mut channels = settings.ticket_channels.values();
    let found = channels.find(|channel| match &channel.way {
        Way::Whatsapp(own) => own.account == account && own.phone_number_id == phone_number_id,
        _ => false,
    });
    found.map(|channel| channel.id)
}

/// Whether it need not be sent again.
async fn received(web: &Web, name: &str, account: &Account, message: &Received) -> bool {
    let Some(channel) = channel(web, name, &message.phone_number_id) else {
        info!(
            account = name,
            phone_number.id = message.phone_number_id,
            "no channel has this number of WhatsApp"
        );
        return true;
    };
    let mut incoming = message.incoming(channel);
    if let Some(media) = &message.media {
        let is_waited_for = message.at.is_some_and(|at| web.clock.now().at - at < FILES_WAITED_FOR);
        if !with_file(web, account, message, media, &mut incoming).await && is_waited_for {
            return false;
        }
    }
    match web.desk.arrived(incoming).await {
        Ok(Ok(arrived)) => {
            debug!(message.id = %arrived.message, doubled = arrived.doubled, "a message came by WhatsApp");
            true
        }
        // Its file is fetched again.
        Ok(Err(Refused::Conflict(fault))) if fault.pointer == "/attachments" => false,
        Ok(Err(Refused::NotFound | Refused::Conflict(_))) => {
            info!(channel.id = %channel, "a message came to a channel that takes none");
            true
        }
        Ok(Err(refused)) => {
            warn!(channel.id = %channel, ?refused, "a message of WhatsApp is refused");
            true
        }
        Err(_) => false,
    }
}

/// False: the file may still come. What is missing stands in the message.
async fn with_file(
    web: &Web,
    account: &Account,
    message: &Received,
    media: &Media,
    incoming: &mut Incoming,
) -> bool {
    let (why, is_final) = match account.fetch(&message.phone_number_id, media).await {
        Ok(bytes) => {
            let attachment = attachment(&media.name, &media.content_type, None, &bytes);
            match web.attachments.keep(bytes).await {
                Ok(_) => {
                    incoming.attachments.push(attachment);
                    return true;
                }
                Err(error) => (error.to_string(), matches!(error, NotKept::TooLarge)),
            }
        }
        Err(NotFetched::Never(why)) => (why, true),
        Err(NotFetched::Later(why)) => (why, false),
    };
    warn!(media.id, why, "a file of WhatsApp is missing");
    let missing = format!("[{}: {why}]", media.name);
    incoming.text = if incoming.text.is_empty() { missing } else { format!("{}\n{missing}", incoming.text) };
    is_final
}

/// Whether it need not be sent again.
async fn reported(web: &Web, name: &str, report: Report) -> bool {
    let Some(channel) = channel(web, name, &report.phone_number_id) else { return true };
    let of = match report.message {
        Some(message) => Reported::Message(message),
        None => Reported::Outside { channel, id: report.outside_id },
    };
    match web.desk.sending_reported(of, report.state).await {
        Ok(Ok(())) => true,
        Ok(Err(refused)) => {
            // Others may send from this number, too.
            debug!(?refused, "a status of WhatsApp is of no message of ours");
            true
        }
        Err(_) => false,
    }
}
