//! The chat on other people's pages: the script that they load, and the socket that it opens. Anybody may come, from the
//! pages that the channel names; who they are is said by a secret that their browser keeps.

pub mod files;
mod hub;
mod line;

use super::{Web, limits::Client, session};
use crate::{
    routing::{ids::ChannelId, zone::Zone},
    tickets::channel::{Channel, Chat, Way},
};
use axum::{
    Extension,
    extract::{
        Path, State, WebSocketUpgrade, rejection::PathRejection, ws::rejection::WebSocketUpgradeRejection,
    },
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
pub use hub::{Chats, tell_both_sides};

const WIDGET: &str = include_str!("widget.js");
const FRAME_BYTES_MAX: usize = 16 * 1024;
/// Each open socket keeps a buffer of this size.
const READ_BYTES: usize = 2 * 1024;

/// `/chat/{channel}.js` is the script, `/chat/{channel}` the socket.
pub async fn serve(
    State(web): State<Web>,
    client: Option<Extension<Client>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(Path(name)) = path else { return StatusCode::NOT_FOUND.into_response() };
    if let Some(id) = name.strip_suffix(".js") {
        return script(&web, id);
    }
    let client = client.map(|Extension(client)| client);
    match open(web, client, &name, &headers, upgrade) {
        Ok(response) => response,
        Err(status) => status.into_response(),
    }
}

/// The same for all channels: it knows its own by the address that it came from.
fn script(web: &Web, id: &str) -> Response {
    if channel(web, id).is_none() {
        return StatusCode::NOT_FOUND.into_response();
    }
    const HEADERS: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    (HEADERS, WIDGET).into_response()
}

fn open(
    web: Web,
    client: Option<Client>,
    id: &str,
    headers: &HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, StatusCode> {
    web.limits.chat(client).map_err(|_| StatusCode::TOO_MANY_REQUESTS)?;
    let own = channel(&web, id).ok_or(StatusCode::NOT_FOUND)?;
    if !is_shown_by(headers, &own.chat, &web.public_url) {
        return Err(StatusCode::FORBIDDEN);
    }
    let upgrade = upgrade.map_err(|refused| refused.status())?.read_buffer_size(READ_BYTES);
    let upgrade = upgrade.max_message_size(FRAME_BYTES_MAX).max_frame_size(FRAME_BYTES_MAX);
    Ok(upgrade.on_upgrade(move |socket| line::attend(web, own.id, client, socket)))
}

/// A channel for chats, as it is now.
struct Own {
    id: ChannelId,
    chat: Chat,
    is_open: bool,
}

fn channel(web: &Web, id: &str) -> Option<Own> {
    let id = id.parse().ok()?;
    let settings = web.desk.settings();
    let channel: &Channel = settings.ticket_channels.get(&id).filter(|channel| channel.enabled)?;
    let Way::Chat(chat) = &channel.way else { return None };
    let zone: &Zone = &channel.zone;
    let is_open = channel.hours.verdict(zone, web.clock.now().at).open;
    Some(Own { id, chat: chat.clone(), is_open })
}

/// Browsers always say which page opens a socket. Ours may, and those that the channel names.
fn is_shown_by(headers: &HeaderMap, chat: &Chat, public_url: &str) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let is_named = |known: &String| origin.as_bytes().eq_ignore_ascii_case(known.as_bytes());
    session::origin_is_ours(headers, public_url) || chat.origins.iter().any(is_named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_pages_that_the_channel_names_may_open_it() {
        let chat = Chat { origins: vec!["https://www.example.org".into()], welcome: None };
        let may = |origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            is_shown_by(&headers, &chat, "https://calls.example.org/desk")
        };
        assert!(may(Some("https://www.example.org")) && may(Some("https://WWW.example.org")));
        assert!(may(Some("https://calls.example.org")), "our own pages may try it");
        for other in
            ["https://example.org", "http://www.example.org", "https://www.example.org.evil.example", "null"]
        {
            assert!(!may(Some(other)), "{other}");
        }
        assert!(!may(None), "whoever does not say is no browser");
    }
}
