//! What outlives a restart of what we know of an agent.

use super::{
    id, instant, json, ms,
    script::{Script, Values},
    to_json,
};
use crate::calls::{decision::AgentRow, time::Steady};
use sqlx::{Row, SqliteConnection};

pub(super) fn write<'a>(script: &mut Script, agents: impl Iterator<Item = &'a AgentRow>) {
    let rows: Vec<&AgentRow> = agents.collect();
    let insert = "insert into agents (user_id, by_hand, misses, misses_told_ms, idle_since_ms, connected, wraps_up_until_ms) ";
    let bind = |mut row: Values<'_>, agent: &&AgentRow| {
        row.push_bind(agent.agent.to_string())
            .push_bind(to_json(&agent.by_hand))
            .push_bind(i64::from(agent.misses))
            .push_bind(agent.misses_told_at.map(ms))
            .push_bind(agent.idle_since.map(ms))
            .push_bind(agent.connected.then_some(1_i64))
            .push_bind(agent.wraps_up_until.map(|until| until.0));
    };
    let or = " on conflict (user_id) do update set by_hand = excluded.by_hand, misses = excluded.misses,
            misses_told_ms = excluded.misses_told_ms, idle_since_ms = excluded.idle_since_ms, connected = excluded.connected,
            wraps_up_until_ms = excluded.wraps_up_until_ms";
    script.insert(insert, &rows, bind, or);
}

pub async fn all(connection: &mut SqliteConnection) -> sqlx::Result<Vec<AgentRow>> {
    let sql = "select user_id, by_hand, misses, misses_told_ms, idle_since_ms, connected, wraps_up_until_ms
        from agents";
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    let read = rows.iter().map(|row| {
        Ok(AgentRow {
            agent: id(row, "user_id")?,
            by_hand: json(row, "by_hand")?,
            misses: u32::try_from(row.try_get::<i64, _>("misses")?).unwrap_or(0),
            misses_told_at: row.try_get::<Option<i64>, _>("misses_told_ms")?.map(instant),
            idle_since: row.try_get::<Option<i64>, _>("idle_since_ms")?.map(instant),
            connected: row.try_get::<Option<i64>, _>("connected")?.is_some(),
            wraps_up_until: row.try_get::<Option<i64>, _>("wraps_up_until_ms")?.map(Steady),
        })
    });
    read.collect()
}
