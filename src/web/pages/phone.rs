//! The agents' page: their softphone.

use super::super::Web;
use axum::Router;

pub fn routes() -> Router<Web> {
    Router::new()
}
