//! HTTP and WebSocket, thin: one file per thing. Nothing is decided here.

mod auth;
mod availability;
mod calls;
mod channels;
mod events;
mod export;
mod greetings;
mod health;
mod hooks;
mod jobs;
mod language;
mod media;
mod page;
mod preview;
mod problem;
mod softphone;
mod teams;
mod tickets;
mod tokens;
mod users;
mod webhooks;

use crate::{
    desk::{Desk, Providers, documents::Sounds, settings::Ground},
    routing::{ids::Ids, sentences::Language},
    store::Reader,
};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{StatusCode, Uri},
    response::IntoResponse,
    routing::{any, get, post},
};
use problem::Problem;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, atomic::AtomicU64},
};
pub use tokens::new_token;

/// The largest body of a webhook or an API call, in bytes.
pub const BODY_MAX: usize = 64 * 1024;

/// What every handler can reach.
#[derive(Clone)]
pub struct Web {
    pub desk: Desk,
    pub reader: Reader,
    pub providers: Arc<Providers>,
    pub ground: Arc<Ground>,
    pub clock: crate::clock::Clock,
    /// No trailing slash.
    pub public_url: Arc<str>,
    pub sounds: Arc<Sounds>,
    /// For whoever does not say which they read.
    pub language: Language,
    /// Where kept recordings are.
    pub voicemails: Arc<PathBuf>,
    ids: Arc<Mutex<Ids>>,
    sockets: Arc<AtomicU64>,
    streams: events::Streams,
}

impl Web {
    #[expect(clippy::too_many_arguments, reason = "each is one thing that handlers reach; made in one place")]
    pub fn new(
        desk: Desk,
        reader: Reader,
        providers: Arc<Providers>,
        ground: Arc<Ground>,
        clock: crate::clock::Clock,
        public_url: &str,
        sounds: Sounds,
        language: Language,
        voicemails: PathBuf,
        seed: u64,
    ) -> Self {
        Self {
            desk,
            reader,
            providers,
            ground,
            clock,
            public_url: public_url.into(),
            sounds: Arc::new(sounds),
            language,
            voicemails: Arc::new(voicemails),
            ids: Arc::new(Mutex::new(Ids::new(seed))),
            sockets: Arc::default(),
            streams: events::Streams::default(),
        }
    }

    /// A new id for something that is created through the API.
    fn new_id(&self) -> uuid::Uuid {
        let now = self.clock.now().at.timestamp_millis();
        self.ids.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next(now)
    }
}

/// Everything that the world can reach.
pub fn router(web: Web) -> Router {
    let all = api()
        .route("/hooks/{provider}/{channel}/{*hook}", any(hooks::take))
        .route("/media/{file}", get(media::serve))
        .route("/softphone", get(softphone::open))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready));
    refusing(all).with_state(web)
}

/// What the command line reaches over the socket in the data folder: the API, as an admin.
pub fn control(web: Web) -> Router {
    refusing(api()).layer(axum::Extension(auth::LocalAdmin)).with_state(web)
}

fn api() -> Router<Web> {
    let v1 = Router::new()
        .route("/me", get(users::me))
        .route("/users", get(users::list).post(users::create))
        .route("/users/{id}", get(users::show).patch(users::change))
        .route("/users/{id}/availability", get(availability::show).put(availability::set))
        .route("/teams", get(teams::list).post(teams::create))
        .route("/teams/{id}", get(teams::show).patch(teams::change).delete(teams::delete))
        .route("/channels", get(channels::list).post(channels::create))
        .route("/channels/{id}", get(channels::show).patch(channels::change).delete(channels::delete))
        .route("/greetings", get(greetings::list))
        .route("/greetings/{id}", get(greetings::show))
        .route("/tokens", get(tokens::list).post(tokens::create))
        .route("/tokens/{id}", axum::routing::delete(tokens::revoke))
        .route("/webhooks", get(webhooks::list).post(webhooks::create))
        .route("/webhooks/{id}", get(webhooks::show).patch(webhooks::change).delete(webhooks::delete))
        .route("/webhooks/{id}/rotate", post(webhooks::rotate))
        .route("/webhooks/{id}/deliveries", get(webhooks::deliveries))
        .route("/webhooks/{id}/deliveries/{delivery}/retry", post(webhooks::retry))
        .route("/jobs", get(jobs::list))
        .route("/jobs/{id}/retry", post(jobs::retry))
        .route("/events", get(events::stream))
        .route("/calls/export", get(export::calls))
        .route("/tickets/export", get(export::tickets))
        .route("/calls", get(calls::list))
        .route("/calls/{id}", get(calls::show))
        .route("/calls/{id}/why", get(calls::why))
        .route("/calls/{id}/voicemail", get(calls::voicemail))
        .route("/preview", axum::routing::post(preview::at_an_instant))
        .route("/coverage", get(preview::coverage))
        .route("/tickets", get(tickets::list))
        .route("/tickets/{id}", get(tickets::show).patch(tickets::change))
        .route("/tickets/{id}/why", get(tickets::why));
    Router::new().nest("/api/v1", v1).layer(DefaultBodyLimit::max(BODY_MAX))
}

/// What is not there, and what can't be done with what is. Telephone companies read no problem details.
fn refusing(router: Router<Web>) -> Router<Web> {
    router
        .fallback(|uri: Uri| async move {
            if uri.path() == "/hooks" || uri.path().starts_with("/hooks/") {
                StatusCode::NOT_FOUND.into_response()
            } else {
                Problem::not_found().into_response()
            }
        })
        .method_not_allowed_fallback(|| async { Problem::new(405, "This method is not allowed here") })
}
