//! Errors of the API: problem details (RFC 9457), with JSON pointers to what is wrong.

use crate::desk::{
    Unavailable,
    settings::{Fault, Refused},
};
use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tracing::error;

#[derive(Debug, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: String,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
    /// After how many seconds it is worth trying again.
    #[serde(skip)]
    later: Option<u64>,
}

impl Problem {
    pub fn new(status: u16, title: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: title.into(),
            status,
            detail: None,
            errors: Vec::new(),
            later: None,
        }
    }

    pub fn status(&self) -> u16 {
        self.status
    }

    /// What is wrong, each at its place.
    pub fn faults(&self) -> &[Fault] {
        &self.errors
    }

    pub fn not_found() -> Self {
        Self::new(404, "There is nothing here")
    }

    pub fn not_allowed() -> Self {
        Self::new(405, "This method is not allowed here")
    }

    pub fn unauthorised() -> Self {
        Self::new(401, "A valid token is needed")
    }

    pub fn forbidden() -> Self {
        Self::new(403, "This token may not do that")
    }

    pub fn invalid(fault: Fault) -> Self {
        Refused::Invalid(vec![fault]).into()
    }

    pub fn malformed(detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::new(400, "The body is not JSON") }
    }

    /// With a sentence for this very case.
    pub fn because(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// In how many seconds it is worth trying again.
    pub fn retry_after(&self) -> Option<u64> {
        self.later.or((self.status == 503).then_some(5))
    }

    /// It is worth trying again after so many seconds.
    pub fn later(self, seconds: u64) -> Self {
        Self { later: Some(seconds), ..self }
    }

    pub fn with(mut self, errors: Vec<Fault>) -> Self {
        let all: Vec<String> =
            errors.iter().map(|fault| format!("{}: {}", fault.pointer, fault.detail)).collect();
        self.detail = Some(all.join("; "));
        self.errors = errors;
        self
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.detail.as_ref().unwrap_or(&self.title))
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotFound => Self::not_found(),
            Refused::Invalid(faults) => Self::new(422, "Something in it is not valid").with(faults),
            Refused::Stale => Self::new(412, "It has changed since you looked at it"),
            Refused::Forbidden(fault) => Self::forbidden().with(vec![fault]),
            Refused::KeyReused => Self::new(422, "This Idempotency-Key was used for another request"),
            Refused::Conflict(fault) => {
                Self::new(409, "It collides with something that is there").with(vec![fault])
            }
        }
    }
}

impl From<Unavailable> for Problem {
    fn from(_: Unavailable) -> Self {
        Self::new(503, "The store is not available at the moment; nothing was changed")
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        error!(%error, "a read from the store failed");
        Self::new(503, "The store is not available at the moment")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let challenge =
            (status == StatusCode::UNAUTHORIZED).then_some([(header::WWW_AUTHENTICATE, "Bearer")]);
        let later = self.retry_after().map(|seconds| [(header::RETRY_AFTER, seconds.to_string())]);
        (status, kind, challenge, later, Json(self)).into_response()
    }
}
