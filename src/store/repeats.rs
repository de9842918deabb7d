//! What a POST with an `Idempotency-Key` was answered. The same request gets it again, for a day.

use super::ms;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Row, SqliteConnection};

pub const KEPT_FOR: TimeDelta = TimeDelta::hours(24);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// The token's id, or a name for those who need none.
    pub asker: String,
    pub key: String,
    /// A hash of method, path and body.
    pub request: String,
    pub at: DateTime<Utc>,
    pub location: String,
    /// `None`: it held a secret, which is not kept.
    pub body: Option<String>,
}

pub(super) async fn write(tx: &mut SqliteConnection, repeats: &[Repeat]) -> sqlx::Result<()> {
    for repeat in repeats {
        let sql =
            "insert into repeats (asker, key, request, at_ms, location, body) values ($1, $2, $3, $4, $5, $6)
            on conflict (asker, key) do update set request = excluded.request, at_ms = excluded.at_ms,
            location = excluded.location, body = excluded.body";
        sqlx::query(sql)
            .bind(repeat.asker.as_str())
            .bind(repeat.key.as_str())
            .bind(repeat.request.as_str())
            .bind(ms(repeat.at))
            .bind(repeat.location.as_str())
            .bind(repeat.body.as_deref())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

/// What was answered under this key within the last day.
pub async fn find(
    connection: &mut SqliteConnection,
    asker: &str,
    key: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Repeat>> {
    let sql =
        "select request, at_ms, location, body from repeats where asker = $1 and key = $2 and at_ms > $3";
    let row =
        sqlx::query(sql).bind(asker).bind(key).bind(ms(now - KEPT_FOR)).fetch_optional(connection).await?;
    row.map(|row| {
        Ok(Repeat {
            asker: asker.to_owned(),
            key: key.to_owned(),
            request: row.try_get("request")?,
            at: super::instant(row.try_get("at_ms")?),
            location: row.try_get("location")?,
            body: row.try_get("body")?,
        })
    })
    .transpose()
}

/// Forgets what is older than a day.
pub async fn prune(connection: &mut SqliteConnection, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let sql = "delete from repeats where at_ms <= $1";
    Ok(sqlx::query(sql).bind(ms(now - KEPT_FOR)).execute(connection).await?.rows_affected())
}
