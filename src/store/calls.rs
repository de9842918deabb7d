//! Calls: live ones whole, ended ones as what people look at.

use super::{
    Reader, id, instant, json, ms, optional_id,
    script::{Script, Values},
    to_json,
    visible::{LOOKED_AT_MAX, Seen, Theirs},
};
use crate::{
    calls::{
        call::{Call, Caller, State},
        decision::Job,
    },
    routing::ids::{CallId, ChannelId, TicketId, UserId},
};
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Row, SqliteConnection, sqlite::SqliteRow};
use tracing::error;

/// A call as the API shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRow {
    pub id: CallId,
    pub channel: ChannelId,
    pub provider: String,
    pub provider_call_id: String,
    pub from: String,
    pub to: String,
    pub state: String,
    pub outcome: Option<String>,
    pub agent: Option<UserId>,
    pub ticket: TicketId,
    pub arrived_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

pub(super) fn write<'a>(script: &mut Script, calls: impl Iterator<Item = &'a Call>) {
    let rows: Vec<&Call> = calls.collect();
    let insert =
        "insert into calls (id, channel, provider, provider_call_id, caller, called, state, outcome, agent,
            ticket, arrived_ms, ended_ms, live) ";
    let bind = |mut row: Values<'_>, call: &&Call| {
        let (outcome, ended_ms) = match &call.state {
            State::Ended { outcome, at } => (Some(outcome.name()), Some(ms(*at))),
            _ => (None, None),
        };
        let agent = call.agent().or(call.answered_by);
        row.push_bind(call.id.to_string())
            .push_bind(call.channel.to_string())
            .push_bind(call.provider.as_str())
            .push_bind(call.provider_call_id.as_str())
            .push_bind(call.from.to_string())
            .push_bind(call.to.as_str())
            .push_bind(call.state_name())
            .push_bind(outcome)
            .push_bind(agent.map(|agent| agent.to_string()))
            .push_bind(call.ticket.to_string())
            .push_bind(ms(call.arrived_at))
            .push_bind(ended_ms)
            .push_bind((!call.is_over()).then(|| to_json(call)));
    };
    let or = " on conflict (id) do update set state = excluded.state, outcome = excluded.outcome,
            agent = excluded.agent, ended_ms = excluded.ended_ms, live = excluded.live";
    script.insert(insert, &rows, bind, or);
}

/// Every live call, as it was when it was last written, and the ids of those that can't be read: they stay as they
/// are for somebody to look at.
pub async fn live(connection: &mut SqliteConnection) -> sqlx::Result<(Vec<Call>, Vec<CallId>)> {
    let sql = "select id, live from calls where live is not null";
    let (mut calls, mut unreadable) = (Vec::new(), Vec::new());
    for row in sqlx::query(sql).fetch_all(connection).await? {
        let id = id(&row, "id")?;
        match json(&row, "live") {
            Ok(call) => calls.push(call),
            Err(error) => {
                error!(call.id = %id, %error, "a live call can't be read and is left out");
                unreadable.push(id);
            }
        }
    }
    Ok((calls, unreadable))
}

/// What every call was called by its telephone company.
pub async fn provider_call_ids(connection: &mut SqliteConnection) -> sqlx::Result<Vec<(String, String)>> {
    let rows = sqlx::query("select provider, provider_call_id from calls").fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

const COLUMNS: &str =
    "select id, channel, provider, provider_call_id, caller, called, state, outcome, agent, ticket,
    arrived_ms, ended_ms from calls ";

fn read(row: &SqliteRow) -> sqlx::Result<CallRow> {
    Ok(CallRow {
        id: id(row, "id")?,
        channel: id(row, "channel")?,
        provider: row.try_get("provider")?,
        provider_call_id: row.try_get("provider_call_id")?,
        from: row.try_get("caller")?,
        to: row.try_get("called")?,
        state: row.try_get("state")?,
        outcome: row.try_get("outcome")?,
        agent: optional_id(row, "agent")?,
        ticket: id(row, "ticket")?,
        arrived_at: instant(row.try_get("arrived_ms")?),
        ended_at: row.try_get::<Option<i64>, _>("ended_ms")?.map(instant),
    })
}

/// The call with this id at this telephone company.
pub async fn at_provider(
    connection: &mut SqliteConnection,
    provider: &str,
    provider_call_id: &str,
) -> sqlx::Result<Option<CallRow>> {
    let mut query = QueryBuilder::new(COLUMNS);
    query.push("where provider = ").push_bind(provider);
    query.push(" and provider_call_id = ").push_bind(provider_call_id);
    query.build().fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// Who called.
pub async fn caller(connection: &mut SqliteConnection, call: CallId) -> sqlx::Result<Option<Caller>> {
    let row = sqlx::query("select caller from calls where id = $1").bind(call.to_string());
    let row = row.fetch_optional(connection).await?;
    row.map(|row| row.try_get::<String, _>("caller").map(Caller::from)).transpose()
}

pub async fn one(connection: &mut SqliteConnection, call: CallId) -> sqlx::Result<Option<CallRow>> {
    let mut query = QueryBuilder::new(COLUMNS);
    query.push("where id = ").push_bind(call.to_string());
    query.build().fetch_optional(connection).await?.as_ref().map(read).transpose()
}

impl Reader {
    /// The calls that belong to a ticket, the first one first.
    pub async fn calls_of_ticket(&self, ticket: TicketId) -> sqlx::Result<Vec<CallId>> {
        let sql = "select id from calls where ticket = $1 order by id";
        let rows = sqlx::query(sql).bind(ticket.to_string()).fetch_all(&self.pool).await?;
        rows.iter().map(|row| id(row, "id")).collect()
    }

    pub async fn call(&self, call: CallId) -> sqlx::Result<Option<CallRow>> {
        let mut query = QueryBuilder::new(COLUMNS);
        query.push("where id = ").push_bind(call.to_string());
        query.build().fetch_optional(&self.pool).await?.as_ref().map(read).transpose()
    }

    /// These calls, in no order.
    pub async fn calls_of(&self, ids: &[CallId]) -> sqlx::Result<Vec<CallRow>> {
        let mut query = QueryBuilder::new(COLUMNS);
        query.push("where id in (");
        let mut list = query.separated(", ");
        ids.iter().for_each(|id| {
            list.push_bind(id.to_string());
        });
        query.push(")");
        query.build().fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// The newest first, older than `after`: those as wished that somebody sees, or all.
    pub async fn calls(
        &self,
        wished: &Wished,
        theirs: Option<&Theirs>,
        after: Option<CallId>,
        limit: u32,
    ) -> sqlx::Result<Seen<CallRow>> {
        let after = after.map(|after| after.to_string());
        let mut query = QueryBuilder::new(COLUMNS);
        query.push("where true");
        if let Some(after) = &after {
            query.push(" and id < ").push_bind(after.clone());
        }
        match wished {
            Wished::All => {}
            Wished::From(caller) => drop(query.push(" and caller = ").push_bind(caller.clone())),
            Wished::TakenBy(agent) => drop(query.push(" and agent = ").push_bind(agent.to_string())),
            Wished::Missed => drop(query.push(" and outcome in ('abandoned', 'voicemail')")),
        }
        let mut end = None;
        if let Some(theirs) = theirs {
            query.push(" and ");
            theirs.narrow_calls(&mut query);
        }
        if theirs.is_some() || matches!(wished, Wished::Missed | Wished::TakenBy(_)) {
            let caller = if let Wished::From(caller) = wished { Some(caller.as_str()) } else { None };
            end = self.looks_until("calls", None, caller, after, LOOKED_AT_MAX).await?;
            if let Some(end) = &end {
                query.push(" and id >= ").push_bind(end.clone());
            }
        }
        query.push(" order by id desc limit ").push_bind(i64::from(limit) + 1);
        let rows = query.build().fetch_all(&self.pool).await?.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Seen::new(rows, limit, |call: &CallRow| call.id.to_string(), end))
    }
}

/// Which calls are asked for.
#[derive(Debug, Clone)]
pub enum Wished {
    All,
    /// Of one caller.
    From(String),
    /// Connected to this agent, or answered by them.
    TakenBy(UserId),
    /// Ended without anybody taking them.
    Missed,
}

/// Calls or tickets of a stretch of time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    pub from: Option<DateTime<Utc>>,
    /// Not itself in it.
    pub until: Option<DateTime<Utc>>,
}

impl Span {
    pub(super) fn narrow(&self, query: &mut QueryBuilder<sqlx::Sqlite>, column: &'static str) {
        if let Some(from) = self.from {
            query.push(" and ").push(column).push(" >= ").push_bind(ms(from));
        }
        if let Some(until) = self.until {
            query.push(" and ").push(column).push(" < ").push_bind(ms(until));
        }
    }
}

impl Reader {
    /// Calls that arrived in that time, the oldest first, newer than `after`.
    pub async fn calls_in(
        &self,
        span: Span,
        after: Option<CallId>,
        limit: u32,
    ) -> sqlx::Result<Vec<CallRow>> {
        let mut query = QueryBuilder::new(COLUMNS);
        query.push("where id > ").push_bind(after.map_or_else(String::new, |after| after.to_string()));
        span.narrow(&mut query, "arrived_ms");
        query.push(" order by id limit ").push_bind(i64::from(limit));
        query.build().fetch_all(&self.pool).await?.iter().map(read).collect()
    }
}

impl CallRow {
    /// The job that keeps a recording of this call, of which we hear after it ended.
    pub fn keep(&self, recording: crate::calls::call::Recording) -> Job {
        Job::KeepRecording {
            call: self.id,
            ticket: self.ticket,
            provider: self.provider.clone(),
            provider_call_id: self.provider_call_id.clone(),
            recording,
        }
    }
}

impl Reader {
    /// How many live calls there are in each state.
    pub async fn live_calls(&self) -> sqlx::Result<Vec<(String, i64)>> {
        let sql = "select state, count(*) from calls where live is not null group by state";
        let rows = sqlx::query(sql).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }
}
