//! What a stretch of time was like, for who asks what another rule would have made of it.

use super::{Reader, id, instant, json, ms, optional_id, tickets};
use crate::{
    calls::event::Event,
    routing::{
        ids::{ChannelId, ContactId, TicketId, UserId},
        load::COUNTED_FOR,
        replay::Past,
    },
};
use chrono::{DateTime, Utc};
use sqlx::{Row, sqlite::SqliteRow};
use std::collections::{BTreeMap, HashMap};

/// How many tickets are looked at; more are too many for one look.
pub const TICKETS_MAX: usize = 200_000;
/// How many comings and goings of agents.
const EVENTS_MAX: usize = 500_000;

/// A stretch of time.
#[derive(Debug, Default)]
pub struct Month {
    /// Those that the channel opened then, and all that weighed on somebody, by id.
    pub tickets: Vec<Past>,
    /// What those of the channel said of themselves.
    pub about: HashMap<TicketId, About>,
    /// Who came and went, and what they said, in order.
    pub presence: Vec<(DateTime<Utc>, Event)>,
    /// Who was on a call from when until when.
    pub talks: Vec<(UserId, DateTime<Utc>, DateTime<Utc>)>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    pub contact: Option<ContactId>,
    pub properties: BTreeMap<String, String>,
}

/// Why it can't be looked at.
#[derive(Debug, thiserror::Error)]
pub enum NotRead {
    #[error("there is more than one look can take in")]
    TooMuch,
    #[error(transparent)]
    Store(#[from] sqlx::Error),
}

impl Reader {
    /// What a replay of the channel's tickets from `from` until `until` needs.
    pub async fn month(
        &self,
        channel: ChannelId,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Month, NotRead> {
        let mut month = Month::default();
        let sql =
            "select id, type, owner, team, channel, contact, properties, created_ms, assigned_ms, closed_ms
            from tickets where channel = $1 and created_ms >= $2 and created_ms < $3
            union all
            select id, type, owner, team, channel, null, null, created_ms, assigned_ms, closed_ms
            from tickets where owner is not null and assigned_ms >= $4 and assigned_ms < $3
                and (closed_ms is null or closed_ms > $2)
                and not (channel is not null and channel = $1 and created_ms >= $2 and created_ms < $3)
            order by id limit $5";
        let rows = sqlx::query(sql)
            .bind(channel.to_string())
            .bind(ms(from))
            .bind(ms(until))
            .bind(ms(from - COUNTED_FOR))
            .bind(limit(TICKETS_MAX))
            .fetch_all(&self.pool)
            .await?;
        if rows.len() > TICKETS_MAX {
            return Err(NotRead::TooMuch);
        }
        for row in &rows {
            let past = past(row, channel, from)?;
            if past.is_asked {
                month.about.insert(past.ticket, about(row)?);
            }
            month.tickets.push(past);
        }
        month.presence = self.presence_until(until).await?;
        month.talks = self.talks(from, until).await?;
        Ok(month)
    }

    async fn presence_until(&self, until: DateTime<Utc>) -> Result<Vec<(DateTime<Utc>, Event)>, NotRead> {
        // The words of the index.
        let sql = "select at_ms, document from events
            where substr(document, 11, 9) in ('agent_con', 'agent_dis', 'availabil') and at_ms < $1
            order by at_ms, batch, place limit $2";
        let rows = sqlx::query(sql).bind(ms(until)).bind(limit(EVENTS_MAX)).fetch_all(&self.pool).await?;
        if rows.len() > EVENTS_MAX {
            return Err(NotRead::TooMuch);
        }
        let event = |row: &SqliteRow| Ok((instant(row.try_get("at_ms")?), json(row, "document")?));
        rows.iter().map(event).collect()
    }

    async fn talks(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<(UserId, DateTime<Utc>, DateTime<Utc>)>, NotRead> {
        let sql = "select offers.agent as agent, offers.ended_ms as taken_ms, calls.ended_ms as ended_ms
            from calls join offers on offers.call = calls.id
            where calls.ended_ms is not null and calls.ended_ms >= $1 and calls.arrived_ms < $2
                and offers.cause = 'won'";
        let rows = sqlx::query(sql).bind(ms(from)).bind(ms(until)).fetch_all(&self.pool).await?;
        let talk = |row: &SqliteRow| {
            Ok((id(row, "agent")?, instant(row.try_get("taken_ms")?), instant(row.try_get("ended_ms")?)))
        };
        rows.iter().map(talk).collect()
    }
}

fn limit(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX).saturating_add(1)
}

fn past(row: &SqliteRow, asked: ChannelId, from: DateTime<Utc>) -> sqlx::Result<Past> {
    let channel: Option<ChannelId> = optional_id(row, "channel")?;
    let opened_at = instant(row.try_get("created_ms")?);
    let assigned_at = row.try_get::<Option<i64>, _>("assigned_ms")?.map(instant);
    let owner: Option<UserId> = optional_id(row, "owner")?;
    Ok(Past {
        ticket: id(row, "id")?,
        kind: tickets::type_named(row.try_get("type")?)?,
        opened_at,
        owner: owner.map(|owner| (owner, assigned_at.unwrap_or(opened_at))),
        team: optional_id(row, "team")?,
        closed_at: row.try_get::<Option<i64>, _>("closed_ms")?.map(instant),
        is_asked: channel == Some(asked) && opened_at >= from,
    })
}

fn about(row: &SqliteRow) -> sqlx::Result<About> {
    Ok(About { contact: optional_id(row, "contact")?, properties: tickets::properties(row)? })
}
