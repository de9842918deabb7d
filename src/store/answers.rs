//! What webhooks were answered. One that comes again gets the same bytes, for seven days.

use super::{Reader, ms};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{QueryBuilder, Row, SqliteConnection};

pub const KEPT_FOR: TimeDelta = TimeDelta::days(7);

#[derive(Debug, Clone)]
pub struct AnswerRow {
    /// The hash of method, target and raw body, in hex.
    pub event_key: String,
    pub at: DateTime<Utc>,
    pub content_type: &'static str,
    pub body: String,
}

pub(super) async fn write(tx: &mut SqliteConnection, answers: &[AnswerRow]) -> sqlx::Result<()> {
    for rows in answers.chunks(2_000) {
        let mut query = QueryBuilder::new("insert into answers (event_key, at_ms, content_type, body) ");
        query.push_values(rows, |mut row, answer| {
            row.push_bind(answer.event_key.as_str())
                .push_bind(ms(answer.at))
                .push_bind(answer.content_type)
                .push_bind(answer.body.as_str());
        });
        query.push(" on conflict (event_key) do nothing");
        query.build().persistent(false).execute(&mut *tx).await?;
    }
    Ok(())
}

/// Forgets what is older than seven days.
pub async fn prune(connection: &mut SqliteConnection, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let sql = "delete from answers where at_ms < $1";
    Ok(sqlx::query(sql).bind(ms(now - KEPT_FOR)).execute(connection).await?.rows_affected())
}

impl Reader {
    /// Content type and body of what this webhook was answered.
    pub async fn answer(&self, event_key: &str) -> sqlx::Result<Option<(String, String)>> {
        let sql = "select content_type, body from answers where event_key = $1";
        let row = sqlx::query(sql).bind(event_key).fetch_optional(&self.pool).await?;
        row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
    }
}
