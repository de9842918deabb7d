//! What the world may want to know. Kept for a while, so that who was away can catch up.

use super::{
    Reader, id, instant, ms, optional_id,
    script::{Script, Values},
};
use crate::routing::ids::{CallId, HappeningId, TicketId};
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Row, SqliteConnection, sqlite::SqliteRow};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HappeningRow {
    pub id: HappeningId,
    pub at: DateTime<Utc>,
    /// `call.started` and the like.
    pub kind: String,
    pub call: Option<CallId>,
    pub ticket: Option<TicketId>,
    /// What receivers are told, as JSON: its bytes are what is signed.
    pub document: String,
}

pub(super) fn write(script: &mut Script, happenings: &[HappeningRow]) {
    let insert = "insert into happenings (id, at_ms, kind, call, ticket, document) ";
    let bind = |mut row: Values<'_>, happening: &HappeningRow| {
        row.push_bind(happening.id.to_string())
            .push_bind(ms(happening.at))
            .push_bind(happening.kind.as_str())
            .push_bind(happening.call.map(|call| call.to_string()))
            .push_bind(happening.ticket.map(|ticket| ticket.to_string()))
            .push_bind(happening.document.as_str());
    };
    script.insert(insert, happenings, bind, "");
}

/// The newest one's id: all that come must be above it.
pub async fn last(connection: &mut SqliteConnection) -> sqlx::Result<Option<HappeningId>> {
    let sql = "select id from happenings order by id desc limit 1";
    sqlx::query(sql).fetch_optional(connection).await?.map(|row| id(&row, "id")).transpose()
}

/// Forgets what is older, a part at a time, and the deliveries that went with it; but not what is still on its way.
pub async fn prune(connection: &mut SqliteConnection, before: DateTime<Utc>) -> sqlx::Result<()> {
    const OLD: &str = "select id from happenings where at_ms < $1 and not exists
        (select 1 from deliveries where happening = happenings.id and done_ms is null and failed_ms is null)
        order by at_ms, id limit 50000";
    for table in ["deliveries where happening", "happenings where id"] {
        let sql = format!("delete from {table} in ({OLD})");
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(ms(before)).execute(&mut *connection).await?;
    }
    Ok(())
}

fn read(row: &SqliteRow) -> sqlx::Result<HappeningRow> {
    Ok(HappeningRow {
        id: id(row, "id")?,
        at: instant(row.try_get("at_ms")?),
        kind: row.try_get("kind")?,
        call: optional_id(row, "call")?,
        ticket: optional_id(row, "ticket")?,
        document: row.try_get("document")?,
    })
}

impl Reader {
    /// Those after `after`, the oldest first.
    pub async fn happenings(
        &self,
        after: Option<HappeningId>,
        limit: u32,
    ) -> sqlx::Result<Vec<HappeningRow>> {
        let mut query = QueryBuilder::new("select id, at_ms, kind, call, ticket, document from happenings ");
        if let Some(after) = after {
            query.push("where id > ").push_bind(after.to_string());
        }
        query.push(" order by id limit ").push_bind(i64::from(limit));
        query.build().fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    pub async fn happening(&self, happening: HappeningId) -> sqlx::Result<Option<HappeningRow>> {
        let mut query = QueryBuilder::new("select id, at_ms, kind, call, ticket, document from happenings ");
        query.push("where id = ").push_bind(happening.to_string());
        query.build().fetch_optional(&self.pool).await?.as_ref().map(read).transpose()
    }

    pub async fn last_happening(&self) -> sqlx::Result<Option<HappeningId>> {
        let mut connection = self.pool.acquire().await?;
        last(&mut connection).await
    }
}
