//! The one row that says whose turn it is to write, and how far writing got.

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

/// Begins a batch in `tx`. False: somebody else has a newer epoch, and we may write nothing.
pub(super) async fn begin_batch(tx: &mut SqliteConnection, epoch: i64, batch: i64) -> sqlx::Result<bool> {
    let sql = "update engine set last_batch = $3 where account = $1 and epoch = $2";
    let done = sqlx::query(sql).bind(ACCOUNT).bind(epoch).bind(batch).execute(tx).await?;
    Ok(done.rows_affected() == 1)
}

/// The epoch, and the number of the last batch.
pub(super) async fn position(connection: &mut SqliteConnection) -> sqlx::Result<(i64, i64)> {
    let sql = "select epoch, last_batch from engine where account = $1";
    sqlx::query_as(sql).bind(ACCOUNT).fetch_one(connection).await
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
