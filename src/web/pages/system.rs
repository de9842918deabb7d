//! What operators look at: tokens, telephone companies, jobs, the audit log, a backup.

use super::super::Web;
use axum::Router;

pub fn routes() -> Router<Web> {
    Router::new()
}
