//! Contacts: who calls and writes, what there was with them, and two that turn out to be one.

mod contact;
mod form;
mod list;
mod merging;
mod search;

use super::{super::Web, layout::Layout};
use axum::{
    Router,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/contacts", get(list::show_page))
        .route("/contacts/new", get(contact::show_new).post(contact::create))
        .route("/contacts/{id}", get(contact::show_page).post(contact::change))
        .route("/contacts/{id}/delete", post(contact::delete))
        .route("/contacts/{id}/merge", get(merging::show_page).post(merging::merge))
}

fn to(layout: &Layout, page: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, layout.address(page))]).into_response()
}
