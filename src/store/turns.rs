//! On which tickets the customer agent is asked, and has been.

use super::{Reader, id, instant, ms};
use crate::routing::ids::TicketId;
use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

/// The customer agent's last turn on a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    pub ticket: TicketId,
    pub asked_at: DateTime<Utc>,
    /// By then it must have said something. `None`: there is nothing to be answered.
    pub until: Option<DateTime<Utc>>,
    /// It has handed over, or failed: people do it from now on.
    pub over_at: Option<DateTime<Utc>>,
}

pub(super) async fn write(tx: &mut SqliteConnection, turns: impl Iterator<Item = &Turn>) -> sqlx::Result<()> {
    let sql = "insert into customer_agent_turns (ticket, asked_ms, until_ms, over_ms) values ($1, $2, $3, $4)
        on conflict (ticket) do update set asked_ms = excluded.asked_ms, until_ms = excluded.until_ms,
            over_ms = excluded.over_ms";
    for turn in turns {
        let query = sqlx::query(sql).bind(turn.ticket.to_string()).bind(ms(turn.asked_at));
        query.bind(turn.until.map(ms)).bind(turn.over_at.map(ms)).execute(&mut *tx).await?;
    }
    Ok(())
}

fn read(row: &SqliteRow) -> sqlx::Result<Turn> {
    Ok(Turn {
        ticket: id(row, "ticket")?,
        asked_at: instant(row.try_get("asked_ms")?),
        until: row.try_get::<Option<i64>, _>("until_ms")?.map(instant),
        over_at: row.try_get::<Option<i64>, _>("over_ms")?.map(instant),
    })
}

pub async fn of(connection: &mut SqliteConnection, ticket: TicketId) -> sqlx::Result<Option<Turn>> {
    let sql = "select ticket, asked_ms, until_ms, over_ms from customer_agent_turns where ticket = $1";
    let row = sqlx::query(sql).bind(ticket.to_string()).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

impl Reader {
    /// Those that are to be answered, the most urgent first.
    pub async fn open_turns(&self, limit: u32) -> sqlx::Result<Vec<Turn>> {
        let sql = "select ticket, asked_ms, until_ms, over_ms from customer_agent_turns
            where until_ms is not null order by until_ms limit $1";
        let rows = sqlx::query(sql).bind(i64::from(limit)).fetch_all(&self.pool).await?;
        rows.iter().map(read).collect()
    }
}
