//! What a page says instead of what was asked for.

use super::{
    super::{Problem, Web},
    guarded,
    layout::Layout,
    show,
};
use askama::Template;
use axum::{
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

/// Nobody reads pages there, whatever they accept.
const FOR_PROGRAMS: [&str; 3] = ["/api/", "/media/", "/softphone"];

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

/// What can't be had, as a page to whoever asked for one, and as problem details to programs.
pub fn refuse(problem: Problem, headers: &HeaderMap, uri: &Uri, web: &Web) -> Response {
    let is_for_programs = FOR_PROGRAMS.iter().any(|start| uri.path().starts_with(start));
    if is_for_programs || !wants_page(headers) {
        return problem.into_response();
    }
    guarded(Refusal::new(Layout::of(headers, uri, web), problem).into_response())
}

/// Whether a page is asked for, to be looked at.
pub fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|kind| kind.trim().starts_with("text/html"))
}

/// Whoever is not signed in any more comes back here afterwards.
pub fn to_sign_in(layout: &Layout) -> Response {
    let next: String = form_urlencoded::byte_serialize(layout.here.as_bytes()).collect();
    let address = layout.address(&format!("sign-in?next={next}"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response()
}
