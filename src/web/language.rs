//! In which language whoever asks reads sentences.

use super::Web;
use crate::routing::sentences::Language;
use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use std::convert::Infallible;

/// As `Accept-Language` says, else the language of the shipped messages.
pub struct Speaking(pub Language);

impl FromRequestParts<Web> for Speaking {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Infallible> {
        let accepted = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Ok(Self(accepted.and_then(Language::preferred).unwrap_or(web.language)))
    }
}
