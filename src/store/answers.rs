//! What webhooks were answered. One that comes again gets the same bytes, for seven days.

use super::{
    Reader, damaged, ms,
    script::{Script, Values},
};
use crate::providers::Reply;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Row, SqliteConnection};

pub const KEPT_FOR: TimeDelta = TimeDelta::days(7);

#[derive(Debug, Clone)]
pub struct AnswerRow {
    /// The hash of method, target and raw body, in hex.
    pub event_key: String,
    pub at: DateTime<Utc>,
    pub content_type: std::borrow::Cow<'static, str>,
    pub body: String,
}

pub(super) fn write(script: &mut Script, answers: &[AnswerRow]) {
    let insert = "insert into answers (event_key, at_ms, content_type, body) ";
    let bind = |mut row: Values<'_>, answer: &AnswerRow| {
        row.push_bind(answer.event_key.as_str())
            .push_bind(ms(answer.at))
            .push_bind(answer.content_type.as_ref())
            .push_bind(answer.body.as_str());
    };
    script.insert(insert, answers, bind, " on conflict (event_key) do nothing");
}

/// Forgets what is older than seven days.
pub async fn prune(connection: &mut SqliteConnection, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let sql = "delete from answers where at_ms < $1";
    Ok(sqlx::query(sql).bind(ms(now - KEPT_FOR)).execute(connection).await?.rows_affected())
}

/// What was answered since then.
pub async fn since(
    connection: &mut SqliteConnection,
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<([u8; 32], Reply)>> {
    let sql = "select event_key, content_type, body from answers where at_ms >= $1 order by at_ms";
    let rows = sqlx::query(sql).bind(ms(since)).fetch_all(connection).await?;
    let read = rows.iter().map(|row| {
        let key: String = row.try_get(0)?;
        let key = bytes(&key).ok_or_else(|| damaged("event key")(key.clone()))?;
        Ok((key, Reply { content_type: row.try_get::<String, _>(1)?.into(), body: row.try_get(2)? }))
    });
    read.collect()
}

/// Whether this webhook was answered and recorded.
pub async fn is_there(connection: &mut SqliteConnection, event_key: &str) -> sqlx::Result<bool> {
    let sql = "select 1 from answers where event_key = $1";
    Ok(sqlx::query(sql).bind(event_key).fetch_optional(connection).await?.is_some())
}

fn bytes(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

impl Reader {
    /// Content type and body of what this webhook was answered.
    pub async fn answer(&self, event_key: &str) -> sqlx::Result<Option<(String, String)>> {
        let sql = "select content_type, body from answers where event_key = $1";
        let row = sqlx::query(sql).bind(event_key).fetch_optional(&self.pool).await?;
        row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
    }
}
