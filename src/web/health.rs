//! Whether the daemon lives, and whether it can record.

use super::{Problem, Web};
use axum::extract::State;

pub async fn live() -> &'static str {
    "ok\n"
}

/// It never gates webhooks: a caller is answered even when nothing can be recorded.
pub async fn ready(State(web): State<Web>) -> Result<&'static str, Problem> {
    if web.desk.health().store_is_up() {
        Ok("ok\n")
    } else if web.desk.spool().is_failing() {
        Err(Problem::new(503, "The store takes no writes, and webhooks can't be set aside either"))
    } else {
        Err(Problem::new(503, "The store takes no writes"))
    }
}
