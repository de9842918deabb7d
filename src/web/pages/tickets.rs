//! Tickets: lists, and one with its call, its message and why everything was decided as it was.

use super::super::Web;
use axum::Router;

pub fn routes() -> Router<Web> {
    Router::new()
}
