//! What will happen to callers tonight, on every channel.

use super::super::Web;
use axum::Router;

pub fn routes() -> Router<Web> {
    Router::new()
}
