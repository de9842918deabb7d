//! Who asks: a token in the `Authorization` header, checked against the hashes in the settings.

use super::{BODY_MAX, Problem, Web};
use crate::{
    audio,
    routing::{
        ids::{TokenId, UserId},
        people::Role,
    },
};
use axum::{
    body::to_bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header, request::Parts},
};
use serde::Deserialize;
use serde_json::Value;

/// Whoever holds a valid token.
#[derive(Debug, Clone)]
pub struct Caller {
    pub token: Option<TokenId>,
    pub role: Role,
    pub user: Option<UserId>,
}

/// Marks requests over the socket in the data folder: whoever can open that owns the data.
#[derive(Debug, Clone, Copy)]
pub struct LocalAdmin;

impl Caller {
    /// Only admins change settings.
    pub fn must_be_admin(&self) -> Result<(), Problem> {
        if self.role == Role::Admin { Ok(()) } else { Err(Problem::forbidden()) }
    }

    pub fn must_not_be_agent(&self) -> Result<(), Problem> {
        if self.is_agent() { Err(Problem::forbidden()) } else { Ok(()) }
    }

    pub fn is_agent(&self) -> bool {
        self.role == Role::Agent
    }

    /// The holder of this secret. Only its hash is looked up, so that time says nothing of the secret.
    pub fn with_secret(secret: &str, web: &Web) -> Option<Self> {
        let settings = web.desk.settings();
        let token = settings.token(&audio::sha256(secret.as_bytes()))?;
        let role = match token.user {
            // A user's token can do no more than the user.
            Some(user) => settings.people.users.get(&user)?.role.min(token.role),
            None => token.role,
        };
        Some(Self { token: Some(token.id), role, user: token.user })
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
            return Ok(Self { token: None, role: Role::Admin, user: None });
        }
        bearer(&parts.headers)
            .and_then(|secret| Self::with_secret(secret, web))
            .ok_or_else(Problem::unauthorised)
    }
}

/// The id in the path. One that is no id names nothing.
pub struct Id<T>(pub T);

impl<T: std::str::FromStr> FromRequestParts<Web> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, web).await;
        let text = path.map_err(|_| Problem::not_found())?.0;
        text.parse().map(Self).map_err(|_| Problem::not_found())
    }
}

/// A JSON body of at most 64 KiB.
pub struct Document(pub Value);

impl FromRequest<Web> for Document {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Web) -> Result<Self, Problem> {
        let bytes = to_bytes(request.into_body(), BODY_MAX)
            .await
            .map_err(|_| Problem::new(413, "The body is larger than 64 KiB"))?;
        let value: Value =
            serde_json::from_slice(&bytes).map_err(|error| Problem::malformed(error.to_string()))?;
        if !value.is_object() {
            return Err(Problem::malformed("it must be an object"));
        }
        Ok(Self(value))
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
