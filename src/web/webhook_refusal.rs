//! How webhooks that bring messages are refused: with a status and nothing else.

use super::{
    Web,
    limits::{Client, TooMany},
};
use axum::{
    Extension,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use tracing::warn;

/// Why one is not acknowledged, with what an operator should know of it.
pub type NotTaken = (StatusCode, Option<String>);

/// Whoever is not believed is told so only so often; neither is the log. `what` is refused, in words.
pub fn refuse(web: &Web, client: Option<Extension<Client>>, what: &str, (status, why): NotTaken) -> Response {
    // It is ours to mend, and may come again as often as it likes.
    if status == StatusCode::SERVICE_UNAVAILABLE {
        return status.into_response();
    }
    let client = client.map(|Extension(client)| client);
    if let Err(TooMany(seconds)) = web.limits.refused_webhook(client) {
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds.to_string())]).into_response();
    }
    if let Some(reason) = why {
        let address = client.map(|client| client.0);
        warn!(client.address = ?address, reason, "{what} is refused");
    }
    status.into_response()
}
