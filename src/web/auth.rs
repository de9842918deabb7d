//! Who asks: a token in the `Authorization` header, or the session of a page in a cookie, checked against the hashes in
//! the settings.

use super::{BODY_MAX, Problem, Web, limits::Client, pages, serving::REQUEST_WITHIN, session};
use crate::{
    audio,
    desk::{
        saving::Once,
        settings::{Refused, Settings, tag},
        softphones::Pass,
    },
    routing::{ids::UserId, people::Role},
    store::audit::Author,
};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Multipart, OriginalUri, Request},
    http::{HeaderMap, header, request::Parts},
    response::Response,
};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use std::{net::IpAddr, time::Duration};
use tokio::time::timeout;
use tracing::debug;

/// Whoever holds a valid token, or is signed in.
#[derive(Debug, Clone)]
pub struct Caller {
    /// `None`: over the socket in the data folder.
    pub pass: Option<Pass>,
    pub role: Role,
    pub user: Option<UserId>,
    /// From where.
    pub address: Option<IpAddr>,
}

/// Marks requests over the socket in the data folder: whoever can open that owns the data.
#[derive(Debug, Clone, Copy)]
pub struct LocalAdmin;

impl Caller {
    /// Only admins change settings.
    pub fn must_be_admin(&self) -> Result<(), Problem> {
        if self.role == Role::Admin { Ok(()) } else { Err(Problem::forbidden()) }
    }

    /// As whom they are written down.
    pub fn author(&self) -> Author {
        match (self.pass, self.user) {
            (Some(Pass::Token(token)), user) => Author::Token { token, user, address: self.address },
            (Some(Pass::Session(_)), Some(user)) => Author::User(user, self.address),
            _ => Author::CommandLine,
        }
    }

    pub fn must_not_be_agent(&self) -> Result<(), Problem> {
        if self.role == Role::Agent { Err(Problem::forbidden()) } else { Ok(()) }
    }

    /// The holder of this secret of a token. Only its hash is looked up, so that time says nothing of the secret.
    /// Err: there is none, or they ask too much.
    pub fn with_secret(secret: &str, client: Option<Client>, web: &Web) -> Result<Self, Problem> {
        let Some(caller) = Self::known(secret, web) else {
            debug!(client.address = ?client.map(|client| client.0), "a token that is none");
            web.limits.wrong_token(client)?;
            return Err(Problem::unauthorised());
        };
        caller.let_in(client, web)
    }

    /// Whoever is signed in by this cookie.
    pub fn with_cookie(headers: &HeaderMap, client: Option<Client>, web: &Web) -> Result<Self, Problem> {
        Self::signed_in(headers, web).ok_or_else(Problem::unauthorised)?.let_in(client, web)
    }

    fn let_in(self, client: Option<Client>, web: &Web) -> Result<Self, Problem> {
        if let Some(pass) = self.pass {
            web.limits.pass(pass)?;
        }
        Ok(Self { address: client.map(|client| client.0), ..self })
    }

    fn known(secret: &str, web: &Web) -> Option<Self> {
        let settings = web.desk.settings();
        let token = settings.token(&audio::sha256(secret.as_bytes()))?;
        Self::with_pass(Pass::Token(token.id), &settings, web.clock.now().at)
    }

    /// As [`Self::with_cookie`], to show who it is.
    pub fn signed_in(headers: &HeaderMap, web: &Web) -> Option<Self> {
        let secret = session::secret(headers, &web.public_url)?;
        let (settings, now) = (web.desk.settings(), web.clock.now().at);
        let session = settings.doors.session(&audio::sha256(secret.as_bytes()), now)?;
        Self::with_pass(Pass::Session(session.id), &settings, now)
    }

    /// What the holder of this may do now; `None`: nothing any more.
    pub fn with_pass(pass: Pass, settings: &Settings, now: DateTime<Utc>) -> Option<Self> {
        let (user, role) = match pass {
            Pass::Token(token) => {
                let token = settings.tokens.get(&token)?;
                (token.user, Some(token.role))
            }
            Pass::Session(session) => (Some(settings.session(session, now)?.user), None),
        };
        let users = match user {
            Some(user) => Some(settings.people.users.get(&user)?.role),
            None => None,
        };
        // A user's token can do no more than the user.
        let role = users.into_iter().chain(role).min()?;
        Some(Self { pass: Some(pass), role, user, address: None })
    }
}

/// The secret of an `Authorization: Bearer` header.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(secret.trim())
}

impl FromRequestParts<Web> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        if parts.extensions.get::<LocalAdmin>().is_some() {
            return Ok(Self { pass: None, role: Role::Admin, user: None, address: None });
        }
        let client = parts.extensions.get().copied();
        if let Some(secret) = bearer(&parts.headers) {
            return Self::with_secret(secret, client, web);
        }
        let caller = Self::with_cookie(&parts.headers, client, web)?;
        if !parts.method.is_safe() {
            session::must_come_from_our_pages(&parts.headers, &web.public_url)?;
        }
        Ok(caller)
    }
}

/// The id in the path. One that is no id names nothing, which browsers are told by a page.
pub struct Id<T>(pub T);

impl<T: std::str::FromStr> FromRequestParts<Web> for Id<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, web).await;
        let id = path.ok().and_then(|path| path.0.parse().ok());
        // The routes of the API see their paths without its prefix.
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |whole| &whole.0);
        id.map(Self).ok_or_else(|| pages::refuse(Problem::not_found(), &parts.headers, uri, web))
    }
}

/// A JSON body of at most 64 KiB.
pub struct Document(pub Value);

impl FromRequest<Web> for Document {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Web) -> Result<Self, Problem> {
        must_be_json(request.headers())?;
        read(&bytes(request).await?).map(Self)
    }
}

/// The body of a POST, which may carry an `Idempotency-Key`.
pub struct NewDocument {
    pub document: Value,
    key: Option<String>,
    /// A hash of method, path and body.
    request: String,
}

impl FromRequest<Web> for NewDocument {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Web) -> Result<Self, Problem> {
        must_be_json(request.headers())?;
        let key = idempotency_key(request.headers())?;
        let mut whole = format!("{} {}\n", request.method(), request.uri().path()).into_bytes();
        let body = bytes(request).await?;
        whole.extend_from_slice(&body);
        Ok(Self { document: read(&body)?, key, request: audio::sha256(&whole) })
    }
}

impl NewDocument {
    /// `location`: where what is created will be found. `secret`: the answer holds something that is shown once.
    pub fn once(&self, caller: &Caller, location: &str, secret: bool) -> Option<Once> {
        once(self.key.clone(), self.request.clone(), caller, location, secret)
    }
}

/// A form with a file, which may carry an `Idempotency-Key`.
pub struct Upload {
    pub form: Multipart,
    key: Option<String>,
    /// A hash of method, path and body, as it was sent.
    request: String,
}

impl Upload {
    /// All of it, within a time and a size in bytes.
    pub async fn read(request: Request, within: Duration, bytes_max: usize) -> Result<Self, Problem> {
        let key = idempotency_key(request.headers())?;
        let kind = request.headers().get(header::CONTENT_TYPE).cloned();
        let is_form = Self::is_one(request.headers());
        let no_form = || Problem::new(415, "A form of the type multipart/form-data is needed");
        let Some(kind) = kind.filter(|_| is_form) else { return Err(no_form()) };
        let whole = format!("{} {}\n", request.method(), request.uri().path());
        let body = timeout(within, to_bytes(request.into_body(), bytes_max)).await;
        let body = body.map_err(|_| Problem::new(408, "The file did not come in time"))?;
        let too_large = || Problem::new(413, format!("The files are larger than {} MiB", bytes_max >> 20));
        let body = body.map_err(|_| too_large())?;
        let hash = audio::sha256(&[whole.as_bytes(), audio::sha256(&body).as_bytes()].concat());
        let mut again = Request::new(Body::from(body));
        again.headers_mut().insert(header::CONTENT_TYPE, kind);
        DefaultBodyLimit::disable().apply(&mut again);
        let form = Multipart::from_request(again, &()).await.map_err(|_| no_form())?;
        Ok(Self { form, key, request: hash })
    }

    /// Whether this is how the request comes.
    pub fn is_one(headers: &HeaderMap) -> bool {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/form-data"))
    }

    /// As [`NewDocument::once`].
    pub fn once(&self, caller: &Caller, location: &str) -> Option<Once> {
        once(self.key.clone(), self.request.clone(), caller, location, false)
    }
}

/// A POST that says all by its path, and may carry an `Idempotency-Key`. A body is not looked at.
pub struct Bodiless {
    key: Option<String>,
    /// A hash of method and path.
    request: String,
}

impl FromRequestParts<Web> for Bodiless {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Self, Problem> {
        let key = idempotency_key(&parts.headers)?;
        let whole = format!("{} {}\n", parts.method, parts.uri.path());
        Ok(Self { key, request: audio::sha256(whole.as_bytes()) })
    }
}

impl Bodiless {
    /// As [`NewDocument::once`].
    pub fn once(&self, caller: &Caller, location: &str, secret: bool) -> Option<Once> {
        once(self.key.clone(), self.request.clone(), caller, location, secret)
    }
}

fn once(key: Option<String>, request: String, caller: &Caller, location: &str, secret: bool) -> Option<Once> {
    let asker = match (caller.pass, caller.user) {
        (Some(Pass::Token(token)), _) => token.to_string(),
        (_, Some(user)) => user.to_string(),
        _ => "command line".into(),
    };
    Some(Once { asker, key: key?, request, location: location.to_owned(), secret })
}

/// 1 to 255 printable characters.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().unwrap_or_default();
    if key.is_empty() || key.len() > 255 || !key.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Err(Problem::new(400, "An Idempotency-Key has 1 to 255 printable characters"));
    }
    Ok(Some(key.to_owned()))
}

/// A body without a type is taken for what it should be.
fn must_be_json(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_lowercase();
    match kind.as_str() {
        "application/json" | "application/merge-patch+json" => Ok(()),
        _ => Err(Problem::new(415, "The body must be JSON")),
    }
}

async fn bytes(request: Request) -> Result<Bytes, Problem> {
    let read = timeout(REQUEST_WITHIN, to_bytes(request.into_body(), BODY_MAX)).await;
    let read = read.map_err(|_| Problem::new(408, "The body did not come within 10 s"))?;
    read.map_err(|_| Problem::new(413, "The body is larger than 64 KiB"))
}

fn read(bytes: &[u8]) -> Result<Value, Problem> {
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| Problem::malformed(error.to_string()))?;
    if value.is_object() { Ok(value) } else { Err(Problem::malformed("it must be an object")) }
}

/// The tags in `If-Match`, if it is there.
pub struct IfMatch(Option<String>);

impl FromRequestParts<Web> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Self, Problem> {
        let all = parts.headers.get_all(header::IF_MATCH).iter();
        let all: Vec<&str> = all.map(|value| value.to_str().unwrap_or_default()).collect();
        Ok(Self((!all.is_empty()).then(|| all.join(","))))
    }
}

impl IfMatch {
    pub fn is_given(&self) -> bool {
        self.0.as_ref().is_some_and(|tags| tags.trim() != "*")
    }

    /// The tag that the document must still have when it is changed; 412 if it has another one now.
    pub fn expected(&self, document: &Value) -> Result<Option<String>, Problem> {
        let Some(tags) = self.0.as_ref().filter(|_| self.is_given()) else { return Ok(None) };
        let tag = tag(document);
        let quoted = format!("\"{tag}\"");
        match tags.split(',').any(|known| known.trim() == quoted) {
            true => Ok(Some(tag)),
            false => Err(Refused::Stale.into()),
        }
    }
}

/// Where a page of a list begins and how long it is.
#[derive(Debug, Deserialize)]
struct Cursor {
    limit: Option<String>,
    after: Option<String>,
}

/// `?limit=&after=`, read.
pub struct Page<T> {
    pub limit: u32,
    pub after: Option<T>,
}

impl<T: std::str::FromStr> FromRequestParts<Web> for Page<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        use crate::desk::settings::Fault;
        let query = axum::extract::Query::<Cursor>::from_request_parts(parts, web).await;
        let Cursor { limit, after } = query.map_err(|_| Problem::new(400, "The query can't be read"))?.0;
        let limit = match limit.map(|text| text.parse::<u32>()) {
            None => 50,
            Some(Ok(limit @ 1..=500)) => limit,
            Some(_) => return Err(Problem::invalid(Fault::new("/limit", "it must be from 1 to 500"))),
        };
        let after = after.map(|text| text.parse::<T>()).transpose();
        let after = after.map_err(|_| Problem::invalid(Fault::new("/after", "this is not a cursor")))?;
        Ok(Self { limit, after })
    }
}
