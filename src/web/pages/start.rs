//! The first start, after the first admin: what a desk needs before its first call, one step after the other.

use super::super::Web;
use axum::Router;

pub fn routes() -> Router<Web> {
    Router::new()
}
