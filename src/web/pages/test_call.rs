//! A call that is played through the real settings, and a check of one's microphone and speakers.

use super::super::Web;
use axum::Router;

pub fn routes() -> Router<Web> {
    Router::new()
}
