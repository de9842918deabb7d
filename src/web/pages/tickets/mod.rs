//! Tickets: lists, and one with its calls, its messages and why everything was decided as it was.

mod calls;
mod list;
mod ticket;
mod why;

use super::super::Web;
use axum::{
    Router,
    routing::{get, post},
};

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/tickets", get(list::show_page))
        .route("/tickets/{id}", get(ticket::show_page).post(ticket::change))
        .route("/tickets/{id}/notes", post(ticket::note))
        .route("/tickets/{id}/called-back", post(ticket::called_back))
        .route("/calls/{id}", get(calls::to_ticket))
}
