//! Files that came or went with a visitor's conversation, for whoever has the visitor's secret. A browser saves them.

use super::{super::Web, super::limits::Client, channel, is_shown_by};
use crate::{attachments, messaging::chat::Visitor, routing::ids::ChannelId, tickets::incoming::Attachment};
use axum::{
    Extension,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use tracing::error;

/// As far back as a page shows them.
const MESSAGES_LOOKED_AT: u32 = 200;

pub async fn serve(
    State(web): State<Web>,
    client: Option<Extension<Client>>,
    path: Result<Path<(String, String)>, PathRejection>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let client = client.map(|Extension(client)| client);
    let answer = match method {
        Method::OPTIONS => asked_first(&web, path, &headers),
        Method::GET => file(&web, client, path, &headers).await,
        _ => Err(StatusCode::METHOD_NOT_ALLOWED),
    };
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    const ALWAYS: [(header::HeaderName, &str); 3] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in ALWAYS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Where the secret goes with a request from another site, the browser first asks whether it may.
fn asked_first(
    web: &Web,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: &HeaderMap,
) -> Result<Response, StatusCode> {
    let Path((id, _)) = path.map_err(|_| StatusCode::NOT_FOUND)?;
    let (_, origin) = shown_at(web, &id, headers)?;
    const MAY: [(header::HeaderName, &str); 2] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization"),
    ];
    Ok((StatusCode::NO_CONTENT, MAY, [(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin)]).into_response())
}

/// The channel, and the page that asks, which the channel names.
fn shown_at(web: &Web, id: &str, headers: &HeaderMap) -> Result<(ChannelId, HeaderValue), StatusCode> {
    let own = channel(web, id).ok_or(StatusCode::NOT_FOUND)?;
    let origin = headers.get(header::ORIGIN).cloned();
    let origin = origin.filter(|_| is_shown_by(headers, &own.chat, &web.public_url));
    Ok((own.id, origin.ok_or(StatusCode::FORBIDDEN)?))
}

async fn file(
    web: &Web,
    client: Option<Client>,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: &HeaderMap,
) -> Result<Response, StatusCode> {
    web.limits.chat(client).map_err(|_| StatusCode::TOO_MANY_REQUESTS)?;
    let Path((id, sha256)) = path.map_err(|_| StatusCode::NOT_FOUND)?;
    let (channel, origin) = shown_at(web, &id, headers)?;
    let visitor = visitor(headers).ok_or(StatusCode::UNAUTHORIZED)?;
    let file = named(web, channel, &visitor, &sha256).await?.ok_or(StatusCode::NOT_FOUND)?;
    let bytes = web.attachments.read(&file.sha256).await.map_err(|error| {
        error!(%error, "a file of a chat can't be read");
        StatusCode::INTERNAL_SERVER_ERROR
    })?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment")),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, origin),
    ];
    Ok((headers, bytes).into_response())
}

fn visitor(headers: &HeaderMap) -> Option<Visitor> {
    let secret = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
    let visitor = Visitor::new(Some(secret.to_owned()), None);
    // One that can't be theirs was replaced.
    (visitor.secret == secret).then_some(visitor)
}

async fn named(
    web: &Web,
    channel: ChannelId,
    visitor: &Visitor,
    sha256: &str,
) -> Result<Option<Attachment>, StatusCode> {
    if !attachments::is_name(sha256) {
        return Ok(None);
    }
    let messages = web.reader.latest_messages_with(channel, &visitor.identity(), MESSAGES_LOOKED_AT).await;
    let messages = messages.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let mut files = messages.into_iter().flat_map(|row| row.message.attachments);
    Ok(files.find(|file| file.sha256 == sha256))
}
