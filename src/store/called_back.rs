//! Missed calls that somebody has called back, or whose caller got through later.

use super::{Reader, id, instant, ms, optional_id};
use crate::{
    routing::ids::{CallId, UserId},
    store::calls::CallRow,
};
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Row, SqliteConnection};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalledBack {
    pub call: CallId,
    /// `None`: said by an API token that is nobody's.
    pub by: Option<UserId>,
    pub at: DateTime<Utc>,
}

pub(super) async fn write(tx: &mut SqliteConnection, rows: &[CalledBack]) -> sqlx::Result<()> {
    for row in rows {
        // Whoever said so first stands.
        let sql = "insert into called_back (call, by_user, at_ms) values ($1, $2, $3) on conflict (call) do nothing";
        sqlx::query(sql)
            .bind(row.call.to_string())
            .bind(row.by.map(|by| by.to_string()))
            .bind(ms(row.at))
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

impl Reader {
    pub async fn called_back(&self, calls: &[CallId]) -> sqlx::Result<Vec<CalledBack>> {
        let mut query = QueryBuilder::new("select call, by_user, at_ms from called_back where call in (");
        let mut list = query.separated(", ");
        calls.iter().for_each(|call| {
            list.push_bind(call.to_string());
        });
        query.push(")");
        let rows = query.build().fetch_all(&self.pool).await?;
        let read = rows.iter().map(|row| {
            Ok(CalledBack {
                call: id(row, "call")?,
                by: optional_id(row, "by_user")?,
                at: instant(row.try_get("at_ms")?),
            })
        });
        read.collect()
    }

    /// The first call after this one, from the same number, that was answered. A withheld number is nobody's.
    pub async fn got_through(&self, missed: &CallRow) -> sqlx::Result<Option<CallId>> {
        if missed.from == "anonymous" {
            return Ok(None);
        }
        let sql =
            "select id from calls where caller = $1 and id > $2 and outcome = 'answered' order by id limit 1";
        let row = sqlx::query(sql)
            .bind(missed.from.as_str())
            .bind(missed.id.to_string())
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| id(&row, "id")).transpose()
    }
}
