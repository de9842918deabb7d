//! The pages: what admins, supervisors and agents see in a browser. HTML made here out of templates, forms that work
//! without a script, and small scripts where something lives. A page reads what the API reads and saves as it saves.
//!
//! # Adding a page
//!
//! One file here and one in `templates` that extends `layout.html`; its messages in a file of every folder of `messages`;
//! its route in `routes` of its part, which is merged below; its place in `layout::Layout::parts`. A handler takes `Signed` (or `Layout` where anybody may come), a form comes as `form::Fields`. Links are
//! relative to `<base>`: `tickets`, not `/tickets`. A form that can't be saved is shown again as it was filled in, with
//! what is wrong beside its field.

mod assets;
mod board;
mod channels;
mod contacts;
mod differences;
mod form;
mod invitation;
mod layout;
mod me;
mod messages;
mod moment;
mod notifications;
mod people;
mod phone;
mod refusal;
mod replay;
mod saving;
mod second_factor;
mod sign_in;
mod start;
mod system;
mod test_call;
mod tickets;
mod tonight;

use super::{Problem, Web};
use askama::Template;
use axum::{
    Router,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::map_response,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use layout::Signed;
pub use refusal::refuse;
use tracing::error;

/// Scripts, styles and everything else come from us, and nobody puts a page of ours into theirs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    media-src 'self' blob:; connect-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; \
    base-uri 'self'";

/// What came from outside as HTML: it stands in a frame of ours, runs nothing and fetches nothing.
const POLICY_OF_FRAMED: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; \
    img-src data:; frame-ancestors 'self'";

/// Where the telephone company's script runs, it talks to the telephone company.
const POLICY_OF_VOICE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    media-src 'self' blob: mediastream: https://sdk.twilio.com; \
    connect-src 'self' https://*.twilio.com wss://*.twilio.com; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'self'";

/// A page that needs another policy than the others has this among its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Policy {
    Voice,
    Framed,
}

/// Every page.
pub fn router() -> Router<Web> {
    let pages = Router::new()
        .route("/", get(home))
        .route("/sign-in", get(sign_in::show_form).post(sign_in::sign_in))
        .route("/invitation/{secret}", get(invitation::show_form).post(invitation::accept))
        .route("/me", get(me::show_page))
        .route("/me/password", post(me::change_password))
        .route("/me/sign-out-everywhere", post(me::sign_out_everywhere))
        .route("/sign-out", post(sign_in::sign_out))
        .merge(second_factor::routes())
        .merge(notifications::routes())
        .merge(start::routes())
        .merge(board::routes())
        .merge(phone::routes())
        .merge(tickets::routes())
        .merge(contacts::routes())
        .merge(tonight::routes())
        .merge(channels::routes())
        .merge(replay::routes())
        .merge(test_call::routes())
        .merge(people::routes())
        .merge(system::routes())
        .layer(map_response(async |response| guarded(response)));
    pages.route("/assets/{version}/{name}", get(assets::serve))
}

/// The page that somebody works with.
async fn home(signed: Signed) -> Redirect {
    let first = signed.layout.parts().first().map_or("me", |(page, _)| *page);
    Redirect::to(&signed.layout.address(first))
}

fn guarded(mut response: Response) -> Response {
    let policy = match response.extensions().get::<Policy>() {
        Some(Policy::Voice) => POLICY_OF_VOICE,
        Some(Policy::Framed) => POLICY_OF_FRAMED,
        None => POLICY,
    };
    const ALWAYS: [(HeaderName, &str); 4] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in ALWAYS.into_iter().chain([(header::CONTENT_SECURITY_POLICY, policy)]) {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A page, written out.
fn show(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            error!(%error, "a page can't be shown");
            Problem::new(500, "The page can't be shown").into_response()
        }
    }
}

/// A page with something that is wrong in it.
fn show_wrong(page: &impl Template) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, show(page)).into_response()
}

/// A page with what somebody else has changed meanwhile beside what was typed.
fn show_changed(page: &impl Template) -> Response {
    (StatusCode::CONFLICT, show(page)).into_response()
}
