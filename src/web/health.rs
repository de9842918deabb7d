//! Whether the daemon lives, and whether it can record.

use super::{Problem, Web};
use axum::extract::State;

pub async fn live() -> &'static str {
    "ok\n"
}

/// Says why not, and what will go wrong next. It never gates webhooks: a caller is answered even when nothing can be
/// recorded.
pub async fn ready(State(web): State<Web>) -> Result<String, Problem> {
    let health = web.desk.health();
    match health.why_down() {
        Some(why) => Err(Problem::new(503, format!("The store takes no writes: {why}"))),
        None => Ok(health
            .warnings()
            .into_iter()
            .fold("ok\n".into(), |text, line| format!("{text}warning: {line}\n"))),
    }
}
