//! Tickets: lists, opening one by hand, and one with its calls, its messages and why everything was decided as it was.

mod calls;
mod conversation;
pub mod earlier;
mod filters;
mod list;
mod loose;
mod opening;
mod saved;
mod ticket;
mod waiting;
mod why;

use super::super::{Web, greetings::UPLOAD_MAX};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
pub use calls::Who;

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/tickets", get(list::show_page))
        .route("/tickets/new", get(opening::show_form).post(opening::open))
        .route("/tickets/views", get(saved::show_list).post(saved::keep))
        .route("/tickets/views/{id}", get(saved::show_page).post(saved::change))
        .route("/tickets/views/{id}/filters", post(saved::keep_filters))
        .route("/tickets/views/{id}/deletion", post(saved::delete))
        .route("/tickets/waiting", get(waiting::show_page))
        .route("/tickets/messages", get(loose::show_list))
        .route("/tickets/messages/{message}", get(loose::show_message).post(loose::make_ticket))
        .route("/tickets/messages/{message}/html", get(loose::as_it_came))
        .route("/tickets/{id}", get(ticket::show_page).post(ticket::change))
        .route("/tickets/{id}/earlier", get(earlier::show_page))
        .route("/tickets/{id}/notes", post(ticket::note))
        .route("/tickets/{id}/reply", post(conversation::reply).layer(DefaultBodyLimit::max(UPLOAD_MAX)))
        .route("/tickets/{id}/messages/{message}/retry", post(conversation::retry))
        .route("/tickets/{id}/messages/{message}/html", get(conversation::as_it_came))
        .route("/tickets/{id}/called-back", post(ticket::called_back))
        .route("/calls/{id}", get(calls::to_ticket))
}
