//! HTTP and WebSocket, thin: one file per thing. Nothing is decided here.
//!
//! # Adding a route
//!
//! The API's document is made from its routes, so that none can be missing in it. Say above the handler what it takes
//! and answers, and add it to `api` with `routes!` (never with `route`):
//!
//! ```text
//! /// Shows a tone.
//! #[utoipa::path(get, path = "/tones/{id}", params(("id" = ToneId, Path)), responses((status = 200, body = schemas::Tone)))]
//! pub async fn show(caller: Caller, State(web): State<Web>, Id(id): Id<ToneId>) -> Result<Json<Value>, Problem>
//! ```
//!
//! Name only what is its own: 200 and its like, 403, 409, 412. What every route refuses (401, 503), what a path with an
//! id (404), a query (400, 422) or a body (400, 413, 415, 422) brings, and what a refusal looks like, `openapi` adds.
//! Shapes of answers are in `schemas`; what is sent derives `ToSchema` where it is read. One more kind of settings
//! documents implements `settings::Kind` and is merged. Who may see what is asked of `access::Viewer`.

mod access;
mod asyncapi;
mod attachments;
mod audit;
mod auth;
mod availability;
pub mod backups;
mod board;
mod calls;
mod channels;
pub mod chat;
mod contacts;
mod drafts;
mod erasures;
mod events;
mod export;
mod forms;
mod greetings;
mod health;
mod holidays;
mod hooks;
mod inboxes;
mod invitations;
mod jobs;
mod language;
pub mod limits;
mod lobby;
mod mail;
mod me;
mod media;
mod messages;
mod metrics;
mod missed;
mod notes;
mod notifications;
mod numbers;
mod openapi;
mod opening;
mod page;
mod pages;
mod passwords;
mod preview;
mod problem;
mod replay;
mod schemas;
mod second_factors;
pub mod serving;
mod session;
mod settings;
mod skills;
mod softphone;
mod teams;
mod tickets;
mod tokens;
mod totp;
mod users;
mod views;
mod waiting;
mod warnings;
mod webhook_refusal;
mod webhooks;
mod whatsapp;

use crate::{
    attachments::Attachments,
    desk::{Desk, Providers, documents::Sounds, settings::Ground},
    messaging::{
        email::{
            services::{Proof, Proofs},
            settings::Mailboxes,
        },
        whatsapp::Accounts,
    },
    routing::{ids::Ids, sentences::Language},
    store::Reader,
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, StatusCode, Uri},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use limits::{Client, Limits};
pub use media::Media;
use problem::Problem;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, atomic::AtomicU64},
};
pub use tokens::new_token;
use tokio::sync::Semaphore;
use utoipa_axum::{router::OpenApiRouter, routes};

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
    /// Whether a mail server is configured.
    pub mails: bool,
    /// For whoever does not say which they read.
    pub language: Language,
    /// Where kept recordings are.
    pub voicemails: Arc<PathBuf>,
    /// The data folder.
    pub data: Arc<PathBuf>,
    pub media: Arc<Media>,
    pub attachments: Attachments,
    pub whatsapp: Arc<Accounts>,
    pub mailboxes: Arc<Mailboxes>,
    pub limits: Arc<Limits>,
    ids: Arc<Mutex<Ids>>,
    /// Mail is large, and whoever sends it is known only when all of it is there.
    mails_at_once: Arc<Semaphore>,
    /// With which what came that was handed over.
    mail_proofs: Arc<Mutex<Proofs>>,
    /// One backup is made at a time.
    backing_up: Arc<tokio::sync::Mutex<()>>,
    sockets: Arc<AtomicU64>,
    streams: events::Streams,
    chats: chat::Chats,
    boards: board::Boards,
    passwords: passwords::Passwords,
    lobby: lobby::Lobby,
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
        mails: bool,
        language: Language,
        data: &Path,
        room_bytes: u64,
        whatsapp: Arc<Accounts>,
        mailboxes: Arc<Mailboxes>,
        limits: Limits,
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
            mails,
            language,
            voicemails: Arc::new(data.join("voicemail")),
            data: Arc::new(data.to_owned()),
            media: Arc::new(Media::new(data.join("media"), room_bytes)),
            attachments: Attachments::new(data, room_bytes),
            whatsapp,
            mailboxes,
            mails_at_once: Arc::new(Semaphore::new(mail::AT_ONCE)),
            limits: Arc::new(limits),
            ids: Arc::new(Mutex::new(Ids::new(seed))),
            mail_proofs: Arc::default(),
            backing_up: Arc::default(),
            sockets: Arc::default(),
            streams: events::Streams::default(),
            chats: chat::Chats::default(),
            boards: board::Boards::default(),
            passwords: passwords::Passwords::default(),
            lobby: lobby::Lobby::default(),
        }
    }

    /// A new id for something that is created through the API.
    fn new_id(&self) -> uuid::Uuid {
        let now = self.clock.now().at.timestamp_millis();
        self.ids.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next(now)
    }

    /// Whether nothing else came with it before.
    fn is_first_with(&self, proof: Proof) -> bool {
        let mut proofs = self.mail_proofs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        proofs.take(proof, self.clock.now().at)
    }
}

/// Everything that the world can reach.
pub fn router(web: Web) -> Router {
    let all = with_document(api())
        .route("/metrics", get(metrics::show))
        .merge(pages::router())
        .layer(from_fn_with_state(web.clone(), not_too_much))
        .route("/hooks/{provider}/{channel}/{*hook}", any(hooks::take))
        .route("/hooks/form/{channel}", any(forms::take))
        .route("/hooks/mail/{channel}", any(mail::take))
        .route("/hooks/whatsapp/{account}", any(whatsapp::take))
        .route("/media/{file}", get(media::serve))
        .route("/chat/{channel}", get(chat::serve))
        .route("/chat/{channel}/files/{sha256}", any(chat::files::serve))
        .route("/softphone", get(softphone::open))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready));
    let all = all.fallback(not_found).method_not_allowed_fallback(not_allowed);
    all.with_state(web)
}

async fn not_found(State(web): State<Web>, uri: Uri, headers: HeaderMap) -> Response {
    if uri.path() == "/hooks" || uri.path().starts_with("/hooks/") {
        // Telephone companies read no problem details.
        return StatusCode::NOT_FOUND.into_response();
    }
    pages::refuse(Problem::not_found(), &headers, &uri, &web)
}

async fn not_allowed(State(web): State<Web>, uri: Uri, headers: HeaderMap) -> Response {
    pages::refuse(Problem::not_allowed(), &headers, &uri, &web)
}

/// Nobody asks more of the API from one address than they may.
async fn not_too_much(State(web): State<Web>, request: Request, next: Next) -> Response {
    match web.limits.api(request.extensions().get::<Client>().copied()) {
        Ok(()) => next.run(request).await,
        Err(many) => pages::refuse(many.into(), request.headers(), request.uri(), &web),
    }
}

/// What the command line reaches over the socket in the data folder: the API, as an admin.
pub fn control(web: Web) -> Router {
    refusing(with_document(api())).layer(axum::Extension(auth::LocalAdmin)).with_state(web)
}

/// Nothing but numbers, to whoever can reach it.
pub fn metrics(web: Web) -> Router {
    refusing(Router::new().route("/metrics", get(metrics::show_all))).with_state(web)
}

fn api() -> OpenApiRouter<Web> {
    let uploads = OpenApiRouter::new().routes(routes!(greetings::upload));
    let uploads = uploads.layer(DefaultBodyLimit::max(greetings::UPLOAD_MAX));
    let v1 = OpenApiRouter::new()
        .merge(settings::routes::<users::Users>())
        .merge(settings::routes::<teams::Teams>())
        .merge(settings::routes::<channels::Channels>())
        .merge(settings::routes::<contacts::Contacts>())
        .merge(settings::routes::<inboxes::Inboxes>())
        .merge(settings::routes::<skills::Skills>())
        .routes(routes!(contacts::merge))
        .routes(routes!(me::me))
        .routes(routes!(availability::show, availability::set))
        .routes(routes!(greetings::list))
        .merge(uploads)
        .routes(routes!(greetings::show, greetings::change, greetings::delete))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(invitations::create))
        .routes(routes!(second_factors::remove))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::show, webhooks::change, webhooks::delete))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(webhooks::retry))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::retry))
        .routes(routes!(events::stream))
        .routes(routes!(board::show))
        .routes(routes!(board::stream))
        .routes(routes!(export::calls))
        .routes(routes!(export::tickets))
        .routes(routes!(calls::list))
        .routes(routes!(calls::show))
        .routes(routes!(calls::why))
        .routes(routes!(calls::voicemail))
        .routes(routes!(erasures::create))
        .routes(routes!(preview::at_an_instant))
        .routes(routes!(preview::coverage))
        .routes(routes!(replay::of_channel))
        .routes(routes!(warnings::show))
        .routes(routes!(holidays::show))
        .routes(routes!(numbers::show, numbers::set))
        .routes(routes!(backups::create))
        .routes(routes!(tickets::list, opening::create))
        .routes(routes!(waiting::list))
        .routes(routes!(notifications::list))
        .routes(routes!(notifications::read))
        .routes(routes!(notifications::defaults, notifications::set_defaults))
        .routes(routes!(notifications::choices, notifications::choose))
        .routes(routes!(tickets::show, tickets::change))
        .routes(routes!(views::list, views::create))
        .routes(routes!(views::show, views::change, views::delete))
        .routes(routes!(missed::list))
        .routes(routes!(missed::called_back))
        .routes(routes!(tickets::why))
        .routes(routes!(notes::list, notes::create))
        .routes(routes!(messages::list, messages::create))
        .routes(routes!(messages::retry))
        .routes(routes!(messages::of_no_ticket))
        .routes(routes!(drafts::show, drafts::set, drafts::delete))
        .routes(routes!(attachments::show))
        .routes(routes!(audit::list))
        .routes(routes!(asyncapi::show))
        .routes(routes!(openapi::show));
    OpenApiRouter::new().nest("/api/v1", v1)
}

/// The router, which serves its own description.
fn with_document(api: OpenApiRouter<Web>) -> Router<Web> {
    let (router, document) = api.split_for_parts();
    router.layer(axum::Extension(openapi::finish(document))).layer(DefaultBodyLimit::max(BODY_MAX))
}

/// What is not there, and what can't be done with what is, where no browser comes.
fn refusing(router: Router<Web>) -> Router<Web> {
    let router = router.fallback(async || Problem::not_found());
    router.method_not_allowed_fallback(async || Problem::not_allowed())
}
