//! Happenings on their way to receivers: what is due, what became of each.

use super::{Reader, id, instant, jobs::JobCounts, ms};
use crate::routing::ids::{DeliveryId, HappeningId, WebhookId};
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Row, SqliteConnection, sqlite::SqliteRow};
use std::{fmt, str::FromStr};

/// Who gets it. Each has its own line, so that one who is slow keeps nobody else waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Receiver {
    Webhook(WebhookId),
    Mail,
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Webhook(webhook) => webhook.fmt(f),
            Self::Mail => f.write_str("mail"),
        }
    }
}

impl FromStr for Receiver {
    type Err = crate::routing::ids::NotAnId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "mail" { Ok(Self::Mail) } else { text.parse().map(Self::Webhook) }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    pub id: DeliveryId,
    pub happening: HappeningId,
    pub receiver: Receiver,
    /// Where a mail goes.
    pub recipient: Option<String>,
    pub due_at: DateTime<Utc>,
    /// How often it was tried.
    pub tries: u32,
    /// What the receiver answered last.
    pub status: Option<u16>,
    pub error: Option<String>,
    pub done_at: Option<DateTime<Utc>>,
    /// Given up; somebody has to look.
    pub failed_at: Option<DateTime<Utc>>,
}

/// A delivery and what it delivers, for the log.
#[derive(Debug, Clone)]
pub struct Logged {
    pub delivery: DeliveryRow,
    pub kind: String,
    pub happened_at: DateTime<Utc>,
}

/// What a delivery is after a try, or after somebody asked for another one.
#[derive(Debug, Clone)]
pub struct Tried {
    pub id: DeliveryId,
    pub due_at: DateTime<Utc>,
    pub tries: u32,
    pub status: Option<u16>,
    pub error: Option<String>,
    pub done_at: Option<DateTime<Utc>>,
    pub failed_at: Option<DateTime<Utc>>,
}

pub(super) async fn write(tx: &mut SqliteConnection, deliveries: &[DeliveryRow]) -> sqlx::Result<()> {
    for rows in deliveries.chunks(2_000) {
        let sql = "insert into deliveries (id, happening, receiver, recipient, due_ms, tries) ";
        let mut query = QueryBuilder::new(sql);
        query.push_values(rows, |mut row, delivery| {
            row.push_bind(delivery.id.to_string())
                .push_bind(delivery.happening.to_string())
                .push_bind(delivery.receiver.to_string())
                .push_bind(delivery.recipient.as_deref())
                .push_bind(ms(delivery.due_at))
                .push_bind(i64::from(delivery.tries));
        });
        query.build().persistent(false).execute(&mut *tx).await?;
    }
    Ok(())
}

pub(super) async fn note_tries(tx: &mut SqliteConnection, tries: &[Tried]) -> sqlx::Result<()> {
    for tried in tries {
        let sql = "update deliveries set due_ms = $2, tries = $3, status = $4, error = $5, done_ms = $6,
            failed_ms = $7 where id = $1";
        sqlx::query(sql)
            .bind(tried.id.to_string())
            .bind(ms(tried.due_at))
            .bind(i64::from(tried.tries))
            .bind(tried.status.map(i64::from))
            .bind(tried.error.as_deref())
            .bind(tried.done_at.map(ms))
            .bind(tried.failed_at.map(ms))
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

const COLUMNS: &str =
    "select deliveries.id, happening, receiver, recipient, due_ms, tries, status, error, done_ms,
    failed_ms, kind, at_ms from deliveries join happenings on happenings.id = happening ";

fn read(row: &SqliteRow) -> sqlx::Result<Logged> {
    let status: Option<i64> = row.try_get("status")?;
    let delivery = DeliveryRow {
        id: id(row, "id")?,
        happening: id(row, "happening")?,
        receiver: id(row, "receiver")?,
        recipient: row.try_get("recipient")?,
        due_at: instant(row.try_get("due_ms")?),
        tries: u32::try_from(row.try_get::<i64, _>("tries")?).unwrap_or(0),
        status: status.and_then(|status| u16::try_from(status).ok()),
        error: row.try_get("error")?,
        done_at: row.try_get::<Option<i64>, _>("done_ms")?.map(instant),
        failed_at: row.try_get::<Option<i64>, _>("failed_ms")?.map(instant),
    };
    Ok(Logged { delivery, kind: row.try_get("kind")?, happened_at: instant(row.try_get("at_ms")?) })
}

/// For who asks for another try.
pub async fn one(
    connection: &mut SqliteConnection,
    delivery: DeliveryId,
) -> sqlx::Result<Option<DeliveryRow>> {
    let mut query = QueryBuilder::new(COLUMNS);
    query.push("where deliveries.id = ").push_bind(delivery.to_string());
    let row = query.build().fetch_optional(connection).await?;
    row.as_ref().map(|row| read(row).map(|logged| logged.delivery)).transpose()
}

impl Reader {
    /// Who has deliveries that are due.
    pub async fn receivers_due(&self, now: DateTime<Utc>) -> sqlx::Result<Vec<Receiver>> {
        let sql = "select receiver from deliveries where done_ms is null and failed_ms is null
            group by receiver having min(due_ms) <= $1";
        let rows = sqlx::query(sql).bind(ms(now)).fetch_all(&self.pool).await?;
        rows.iter().map(|row| id(row, "receiver")).collect()
    }

    /// What is due to this receiver, the oldest first.
    pub async fn deliveries_due(
        &self,
        receiver: Receiver,
        now: DateTime<Utc>,
        limit: usize,
    ) -> sqlx::Result<Vec<DeliveryRow>> {
        let mut query = QueryBuilder::new(COLUMNS);
        query.push("where done_ms is null and failed_ms is null and receiver = ");
        query.push_bind(receiver.to_string()).push(" and due_ms <= ").push_bind(ms(now));
        query.push(" order by due_ms, deliveries.id limit ").push_bind(i64::try_from(limit).unwrap_or(1));
        let rows = query.build().fetch_all(&self.pool).await?;
        rows.iter().map(|row| read(row).map(|logged| logged.delivery)).collect()
    }

    /// When the next one becomes due after `now`.
    pub async fn next_delivery(&self, now: DateTime<Utc>) -> sqlx::Result<Option<DateTime<Utc>>> {
        let sql =
            "select min(due_ms) from deliveries where done_ms is null and failed_ms is null and due_ms > $1";
        let at: Option<i64> = sqlx::query_scalar(sql).bind(ms(now)).fetch_one(&self.pool).await?;
        Ok(at.map(instant))
    }

    /// The log of one receiver, the newest first, older than `after`.
    pub async fn deliveries_to(
        &self,
        receiver: Receiver,
        after: Option<DeliveryId>,
        limit: u32,
    ) -> sqlx::Result<Vec<Logged>> {
        let mut query = QueryBuilder::new(COLUMNS);
        query.push("where receiver = ").push_bind(receiver.to_string());
        if let Some(after) = after {
            query.push(" and deliveries.id < ").push_bind(after.to_string());
        }
        query.push(" order by deliveries.id desc limit ").push_bind(i64::from(limit));
        query.build().fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    pub async fn delivery(&self, delivery: DeliveryId) -> sqlx::Result<Option<DeliveryRow>> {
        let mut connection = self.pool.acquire().await?;
        one(&mut connection, delivery).await
    }

    pub async fn delivery_counts(&self) -> sqlx::Result<JobCounts> {
        let sql = "select (select count(*) from deliveries where done_ms is null and failed_ms is null),
            (select count(*) from deliveries where failed_ms is not null)";
        let row = sqlx::query(sql).fetch_one(&self.pool).await?;
        Ok(JobCounts { waiting: row.try_get(0)?, failed: row.try_get(1)? })
    }

    /// Deliveries that wait or were given up, the newest first, older than `after`.
    pub async fn deliveries_open(&self, after: Option<&str>, limit: u32) -> sqlx::Result<Vec<Logged>> {
        let mut query = QueryBuilder::new(COLUMNS);
        query.push("where done_ms is null");
        if let Some(after) = after {
            query.push(" and deliveries.id < ").push_bind(after);
        }
        query.push(" order by deliveries.id desc limit ").push_bind(i64::from(limit));
        query.build().fetch_all(&self.pool).await?.iter().map(read).collect()
    }
}
