//! Calling channels: whom they ring, when, and what callers hear.

use super::super::Web;
use axum::Router;

pub fn routes() -> Router<Web> {
    Router::new()
}
