//! The live board: who is ringing and waiting now, and what everybody is doing.

use super::super::Web;
use axum::Router;

pub fn routes() -> Router<Web> {
    Router::new()
}
