//! Files that came or went with messages, for whoever sees the ticket. Whatever is in them does nothing here: a browser
//! saves them, and shows pictures only.

use super::{Problem, Web, auth::Caller, messages::both, tickets::visible};
use crate::{attachments, routing::ids::TicketId};
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use std::{fmt::Write, str::FromStr};
use tracing::error;

/// What is shown where it stands; everything else is saved.
const SHOWN: [&str; 4] = ["image/gif", "image/jpeg", "image/png", "image/webp"];

/// The hash of what is in a file, by which it is named.
pub struct Hash(String);

impl FromStr for Hash {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if attachments::is_name(text) { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

/// A file that came or went with a message of the ticket.
#[utoipa::path(get, path = "/tickets/{id}/attachments/{sha256}", tag = "tickets",
    params(("id" = TicketId, Path), ("sha256" = String, Path)), responses(
    (status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = 500)
))]
pub async fn show(
    caller: Caller,
    State(web): State<Web>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Problem> {
    let (ticket, Hash(sha256)) = both::<Hash>(path)?;
    visible(&caller, ticket, &web).await?;
    let file = web.reader.attachment(ticket, &sha256).await?.ok_or_else(Problem::not_found)?;
    let bytes = web.attachments.read(&sha256).await.map_err(|error| {
        error!(ticket.id = %ticket, %error, "a file of a message can't be read");
        Problem::new(500, "The file can't be read")
    })?;
    let is_shown = SHOWN.contains(&file.content_type.as_str());
    let kind = HeaderValue::from_str(&file.content_type);
    let headers = [
        (header::CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("application/octet-stream"))),
        (header::CONTENT_DISPOSITION, disposition(&file.name, is_shown)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ];
    Ok((headers, bytes).into_response())
}

/// With the name as RFC 6266 has it: whatever is not plain is written in hex.
fn disposition(name: &str, is_shown: bool) -> HeaderValue {
    let kind = if is_shown { "inline" } else { "attachment" };
    let mut value = format!("{kind}; filename*=UTF-8''");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            value.push(char::from(byte));
        } else {
            let _ = write!(value, "%{byte:02X}");
        }
    }
    HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_say_nothing_but_itself() {
        let table = [
            ("a.txt", false, "attachment; filename*=UTF-8''a.txt"),
            ("Angebot März.pdf", false, "attachment; filename*=UTF-8''Angebot%20M%C3%A4rz.pdf"),
            (
                "x\"; filename=evil.exe\r\n",
                true,
                "inline; filename*=UTF-8''x%22%3B%20filename%3Devil.exe%0D%0A",
            ),
        ];
        for (name, is_shown, expected) in table {
            assert_eq!(disposition(name, is_shown), expected, "{name:?}");
        }
    }
}
