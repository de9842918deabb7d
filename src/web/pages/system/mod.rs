//! What operators look at: how the daemon is, tokens, telephone companies, jobs, webhooks, the audit log, a backup, and
//! erasing a person. For admins.

mod audit;
mod erasure;
mod jobs;
mod notifications;
mod overview;
mod telephones;
mod tokens;
mod webhooks;

use super::{
    super::{Problem, Web},
    layout::{Layout, Signed},
    refusal::Refusal,
};
use axum::{
    Router,
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::{get, post},
};

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/system", get(overview::show_page))
        .route("/system/backup", post(overview::backup))
        .route("/system/notifications", get(notifications::show_page).post(notifications::save))
        .route("/system/tokens", get(tokens::show_page).post(tokens::create))
        .route("/system/tokens/{id}/revoke", post(tokens::revoke))
        .route("/system/telephones", get(telephones::show_page))
        .route("/system/telephones/{id}", post(telephones::compare))
        .route("/system/jobs", get(jobs::show_page))
        .route("/system/jobs/{id}", post(jobs::retry))
        .route("/system/webhooks", get(webhooks::list).post(webhooks::create))
        .route("/system/webhooks/{id}", get(webhooks::show_page).post(webhooks::change))
        .route("/system/webhooks/{id}/secret", post(webhooks::rotate))
        .route("/system/webhooks/{id}/delete", post(webhooks::delete))
        .route("/system/webhooks/{id}/retry", post(webhooks::retry))
        .route("/system/audit", get(audit::show_page))
        .route("/system/erasure", get(erasure::show_page).post(erasure::erase))
}

/// An admin, who is signed in.
pub struct Admin(pub Signed);

impl FromRequestParts<Web> for Admin {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refusal> {
        let signed = Signed::from_request_parts(parts, web).await?;
        signed.caller.must_be_admin().map_err(|problem| signed.refuse(problem))?;
        Ok(Self(signed))
    }
}

/// The id in the path.
fn id<T: std::str::FromStr>(signed: &Signed, text: &str) -> Result<T, Refusal> {
    text.parse().map_err(|_| signed.refuse(Problem::not_found()))
}

fn to(layout: &Layout, page: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, layout.address(page))]).into_response()
}
