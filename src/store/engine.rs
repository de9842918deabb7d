//! The one row that says whose turn it is to write, and how far writing got.

use super::script::Script;
use sqlx::{Connection, Row, SqliteConnection};

const ACCOUNT: &str = "main";

pub(super) async fn was_stopped_cleanly(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    let sql = "select stopped_ms from engine where account = $1";
    let row = sqlx::query(sql).bind(ACCOUNT).fetch_optional(connection).await?;
    Ok(match row {
        Some(row) => row.try_get::<Option<i64>, _>(0)?.is_some(),
        None => true,
    })
}

/// Raises the epoch. Answers it and the number of the last batch.
pub(super) async fn start(connection: &mut SqliteConnection) -> sqlx::Result<(i64, i64)> {
    let mut tx = connection.begin_with("begin immediate").await?;
    let sql = "insert into engine (account, epoch, last_batch) values ($1, 1, 0)
        on conflict (account) do update set epoch = epoch + 1, stopped_ms = null
        returning epoch, last_batch";
    let row = sqlx::query(sql).bind(ACCOUNT).fetch_one(&mut *tx).await?;
    tx.commit().await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// Begins a batch. If somebody else has a newer epoch we may write nothing: then the second statement fails, for the
/// number of a batch is never null, and nothing after it is carried out.
pub(super) fn begin_batch(script: &mut Script, epoch: i64, batch: i64) {
    script.begin("begin immediate");
    let ours = script.begin("update engine set last_batch = ").push_bind(batch);
    ours.push(" where account = ").push_bind(ACCOUNT).push(" and epoch = ").push_bind(epoch);
    script.begin("insert into engine (account, epoch, last_batch) select '', 0, null where changes() = 0");
}

/// The epoch, and the number of the last batch.
pub(super) async fn position(connection: &mut SqliteConnection) -> sqlx::Result<Option<(i64, i64)>> {
    let sql = "select epoch, last_batch from engine where account = $1";
    sqlx::query_as(sql).bind(ACCOUNT).fetch_optional(connection).await
}

/// Notes a clean stop, unless somebody else has taken over.
pub(super) async fn stopped(connection: &mut SqliteConnection, epoch: i64, at_ms: i64) -> sqlx::Result<()> {
    let sql = "update engine set stopped_ms = $3 where account = $1 and epoch = $2";
    sqlx::query(sql).bind(ACCOUNT).bind(epoch).bind(at_ms).execute(connection).await.map(drop)
}

pub(super) async fn epoch(connection: &mut SqliteConnection) -> sqlx::Result<i64> {
    let sql = "select epoch from engine where account = $1";
    let epoch = sqlx::query_scalar(sql).bind(ACCOUNT).fetch_optional(connection).await?;
    Ok(epoch.unwrap_or(0))
}

/// Begins an epoch above this one and `above`.
pub(super) async fn raise(connection: &mut SqliteConnection, above: i64) -> sqlx::Result<()> {
    let sql = "update engine set epoch = max(epoch, $2) + 1, stopped_ms = null where account = $1";
    sqlx::query(sql).bind(ACCOUNT).bind(above).execute(connection).await.map(drop)
}
