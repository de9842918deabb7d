//! Tickets that wait for somebody.

use super::{Reader, id, instant, ms, visible::Theirs};
use crate::{
    routing::ids::{ChannelId, TicketId},
    tickets::waiting::Waits,
};
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Row, SqliteConnection, sqlite::SqliteRow};
use std::{fmt, str::FromStr};

/// How long a line one request looks at.
const LOOKED_AT_MAX: i64 = 5_000;

#[derive(Debug, Clone, Copy)]
pub enum Line {
    Joined(Waits),
    Left(TicketId),
}

pub(super) async fn write(tx: &mut SqliteConnection, lines: &[Line]) -> sqlx::Result<()> {
    for line in lines {
        match line {
            Line::Joined(waits) => {
                let sql = "insert into waiting (ticket, channel, since_ms) values ($1, $2, $3)
                    on conflict (ticket) do update set channel = excluded.channel, since_ms = excluded.since_ms";
                let (ticket, channel) = (waits.ticket.to_string(), waits.channel.to_string());
                sqlx::query(sql).bind(ticket).bind(channel).bind(ms(waits.since)).execute(&mut *tx).await?;
            }
            Line::Left(ticket) => {
                let sql = "delete from waiting where ticket = $1";
                sqlx::query(sql).bind(ticket.to_string()).execute(&mut *tx).await?;
            }
        }
    }
    Ok(())
}

const COLUMNS: &str = "select ticket, channel, since_ms from waiting ";

fn read(row: &SqliteRow) -> sqlx::Result<Waits> {
    Ok(Waits {
        since: instant(row.try_get("since_ms")?),
        ticket: id(row, "ticket")?,
        channel: id(row, "channel")?,
    })
}

pub async fn all(connection: &mut SqliteConnection) -> sqlx::Result<Vec<Waits>> {
    sqlx::query(COLUMNS).fetch_all(connection).await?.iter().map(read).collect()
}

/// Open tickets of this channel that are nobody's and no team's, and that no customer agent may still take: they wait from
/// now on, the channel says.
pub async fn unassigned_of(
    connection: &mut SqliteConnection,
    channel: ChannelId,
) -> sqlx::Result<Vec<(TicketId, DateTime<Utc>)>> {
    let sql = "select id, created_ms from tickets
        where closed_ms is null and owner is null and team is null and channel = $1 and not exists
            (select 1 from customer_agent_turns where ticket = tickets.id and over_ms is null)
        order by id";
    let rows = sqlx::query(sql).bind(channel.to_string()).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((id(row, "id")?, instant(row.try_get("created_ms")?)))).collect()
}

/// A place in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub since_ms: i64,
    pub ticket: TicketId,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.since_ms, self.ticket)
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (since, ticket) = text.split_once('-').ok_or(())?;
        Ok(Self { since_ms: since.parse().map_err(|_| ())?, ticket: ticket.parse().map_err(|_| ())? })
    }
}

impl Reader {
    /// Those that somebody sees, the oldest first, and where to go on.
    pub async fn waiting(
        &self,
        theirs: Option<&Theirs>,
        after: Option<Place>,
        limit: u32,
    ) -> sqlx::Result<(Vec<Waits>, Option<Place>)> {
        let mut query = QueryBuilder::new("select w.*");
        match theirs {
            Some(theirs) => {
                query.push(", exists (select 1 from tickets where tickets.id = w.ticket and ");
                theirs.narrow_tickets(&mut query);
                query.push(") as is_seen");
            }
            None => drop(query.push(", 1 as is_seen")),
        }
        query.push(" from (").push(COLUMNS);
        if let Some(Place { since_ms, ticket }) = after {
            query.push(" where (since_ms, ticket) > (").push_bind(since_ms);
            query.push(", ").push_bind(ticket.to_string()).push(")");
        }
        query
            .push(" order by since_ms, ticket limit ")
            .push_bind(LOOKED_AT_MAX)
            .push(") w order by since_ms, ticket");
        let rows = query.build().fetch_all(&self.pool).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let (mut seen, mut last) = (Vec::new(), None);
        for row in &rows {
            let waits = read(row)?;
            if row.try_get::<bool, _>("is_seen")? {
                if seen.len() == limit {
                    return Ok((seen, last));
                }
                seen.push(waits);
            }
            last = Some(Place { since_ms: ms(waits.since), ticket: waits.ticket });
        }
        let is_all = i64::try_from(rows.len()).is_ok_and(|rows| rows < LOOKED_AT_MAX);
        Ok((seen, last.filter(|_| !is_all)))
    }
}
