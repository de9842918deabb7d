//! Channels: those that are called, with whom they ring, when, and what callers hear; and those that are written to.

mod closing;
mod coverage;
mod creating;
mod deleting;
mod draft;
mod editing;
mod ical;
mod list;
mod opening;
mod panel;
mod recordings;
mod week;
mod words;
mod written;
mod written_form;

use super::super::Web;
use axum::{
    Router,
    routing::{get, post},
};
pub use list::visible;
pub use words::{outcome, panel_at, when};

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/channels", get(list::show_page))
        .route("/channels/new", get(creating::show_form).post(creating::create))
        .route("/channels/written", get(written::show_list))
        .route("/channels/written/new", get(written::show_new).post(written::create))
        .route("/channels/written/{id}", get(written::show_page).post(written::change))
        .route("/channels/written/{id}/closing", post(closing::close_written))
        .route("/channels/written/{id}/deletion", post(written::delete))
        .route("/channels/{id}", get(editing::show_page).post(editing::take_form))
        .route("/channels/{id}/panel", get(panel::show_saved).post(panel::show_draft))
        .route("/channels/{id}/closing", post(closing::close))
        .route("/channels/{id}/deletion", get(deleting::show_form).post(deleting::delete))
}
