//! Pages of calls and tickets for those who see only some. However few they see, a request looks at so many rows and no
//! more: a page may hold fewer than were asked for, even none, and name where to go on.

use super::Reader;
use crate::routing::ids::{ChannelId, TeamId, UserId};
use sqlx::{QueryBuilder, Sqlite};
use std::fmt::Display;

/// How many rows one request looks at.
pub(super) const LOOKED_AT_MAX: i64 = 5_000;

/// What somebody sees: what these users own or took, what these teams have, what belongs to these channels.
#[derive(Debug, Clone)]
pub struct Theirs {
    users: String,
    teams: String,
    channels: String,
}

impl Theirs {
    pub fn new(
        users: impl Iterator<Item = UserId>,
        teams: impl Iterator<Item = TeamId>,
        channels: impl Iterator<Item = ChannelId>,
    ) -> Self {
        Self { users: list(users), teams: list(teams), channels: list(channels) }
    }

    pub(super) fn narrow_tickets(&self, query: &mut QueryBuilder<Sqlite>) {
        query.push("(owner in (select value from json_each(").push_bind(self.users.clone());
        query.push(")) or team in (select value from json_each(").push_bind(self.teams.clone());
        query.push(")) or channel in (select value from json_each(").push_bind(self.channels.clone());
        query.push(")))");
    }

    /// Whoever sees a ticket sees its calls.
    pub(super) fn narrow_calls(&self, query: &mut QueryBuilder<Sqlite>) {
        query.push("(agent in (select value from json_each(").push_bind(self.users.clone());
        query.push(")) or channel in (select value from json_each(").push_bind(self.channels.clone());
        query.push(")) or exists (select 1 from tickets where tickets.id = calls.ticket and ");
        self.narrow_tickets(query);
        query.push("))");
    }
}

/// As JSON, in which ids need no escaping.
fn list<T: Display>(ids: impl Iterator<Item = T>) -> String {
    let quoted: Vec<String> = ids.map(|id| format!("\"{id}\"")).collect();
    format!("[{}]", quoted.join(","))
}

/// A page, the newest first.
#[derive(Debug)]
pub struct Seen<T> {
    pub rows: Vec<T>,
    /// After which id to go on.
    pub next: Option<String>,
}

impl<T> Seen<T> {
    /// Out of one row more than `limit`, if there are so many. `end`: what was looked at ends there, and is not all.
    pub(super) fn new(mut rows: Vec<T>, limit: u32, id: impl Fn(&T) -> String, end: Option<String>) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(id) } else { end };
        Self { rows, next }
    }
}

impl Reader {
    /// The oldest row that a request looks at which goes on after `after`, `of` those that hold this, where it looks at so
    /// many; `None`: there are no more than it may look at.
    pub(super) async fn looks_until(
        &self,
        table: &'static str,
        of: Option<&'static str>,
        caller: Option<&str>,
        after: Option<String>,
        looked_at: i64,
    ) -> sqlx::Result<Option<String>> {
        let mut query = QueryBuilder::new("select id from ");
        query.push(table).push(" where ").push(of.unwrap_or("true"));
        if let Some(caller) = caller {
            query.push(" and caller = ").push_bind(caller.to_owned());
        }
        if let Some(after) = after {
            query.push(" and id < ").push_bind(after);
        }
        query.push(" order by id desc limit 1 offset ").push_bind(looked_at - 1);
        query.build_query_scalar().fetch_optional(&self.pool).await
    }
}
