//! What a page says instead of what was asked for.

use super::{super::Problem, layout::Layout, show};
use askama::Template;
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// A problem, as a page with the way back.
#[derive(Debug)]
pub struct Refusal {
    layout: Box<Layout>,
    problem: Problem,
}

impl Refusal {
    pub fn new(layout: Layout, problem: Problem) -> Self {
        Self { layout: Box::new(layout), problem }
    }
}

#[derive(Template)]
#[template(path = "refusal.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    status: u16,
    title: String,
    detail: String,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.problem.status();
        if status == 401 {
            return to_sign_in(&self.layout);
        }
        let layout = *self.layout;
        let title = match status {
            403 => layout.t("refused-forbidden"),
            404 => layout.t("refused-not-found"),
            503 => layout.t("refused-unavailable"),
            _ => layout.t("refused"),
        };
        let detail = if matches!(status, 403 | 404) { String::new() } else { self.problem.to_string() };
        let later = self.problem.retry_after().map(|seconds| [(header::RETRY_AFTER, seconds.to_string())]);
        let page = show(&Page { layout, status, title, detail });
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, later, page).into_response()
    }
}

/// Whoever is not signed in any more comes back here afterwards.
pub fn to_sign_in(layout: &Layout) -> Response {
    let next: String = form_urlencoded::byte_serialize(layout.here.as_bytes()).collect();
    let address = layout.address(&format!("sign-in?next={next}"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response()
}
