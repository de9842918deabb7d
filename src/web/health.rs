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
        Some(why) if web.desk.spool().is_failing() => Err(Problem::new(
            503,
            format!("The store takes no writes: {why}; and webhooks can't be set aside either"),
        )),
        Some(why) => Err(Problem::new(503, format!("The store takes no writes: {why}"))),
        None => {
            let mut warnings = health.warnings();
            warnings.extend(given_up(&web).await);
            Ok(warnings.into_iter().fold("ok\n".into(), |text, line| format!("{text}warning: {line}\n")))
        }
    }
}

/// What somebody has to look at. It is tried again from there.
async fn given_up(web: &Web) -> Option<String> {
    let counts = tokio::try_join!(web.reader.job_counts(), web.reader.delivery_counts());
    let (jobs, deliveries) = match counts {
        Ok((jobs, deliveries)) => (jobs.failed, deliveries.failed),
        Err(error) => return Some(format!("what was given up can't be read: {error}")),
    };
    (jobs + deliveries > 0).then(|| {
        format!(
            "{jobs} commands to telephone companies and {deliveries} webhooks and mails were given up; \
             /api/v1/jobs lists them"
        )
    })
}
