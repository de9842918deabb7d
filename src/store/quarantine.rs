//! What could not be decided or recorded, kept as it came for somebody to look at.

use super::{Reader, ms};
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, SqliteConnection};
use uuid::Uuid;

#[derive(Debug, Clone)]
pub struct QuarantineRow {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub error: String,
    pub document: String,
}

pub(super) async fn write(tx: &mut SqliteConnection, rows: &[QuarantineRow]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::new("insert into quarantine (id, at_ms, error, document) ");
    query.push_values(rows, |mut row, bad| {
        row.push_bind(bad.id.simple().to_string())
            .push_bind(ms(bad.at))
            .push_bind(bad.error.as_str())
            .push_bind(bad.document.as_str());
    });
    query.build().persistent(false).execute(tx).await.map(drop)
}

impl Reader {
    pub async fn quarantined(&self) -> sqlx::Result<i64> {
        sqlx::query_scalar("select count(*) from quarantine").fetch_one(&self.pool).await
    }
}
