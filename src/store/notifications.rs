//! What somebody was told on the pages of tickets, and by which ways people wish to be told.

use super::{Reader, damaged, id, instant, json, ms, to_json};
use crate::{
    routing::ids::{NotificationId, TicketId, UserId},
    tickets::notifying::About,
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{QueryBuilder, Row, SqliteConnection, sqlite::SqliteRow};

/// In place of a user: what holds for everybody.
const EVERYBODY: &str = "everybody";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    pub id: NotificationId,
    pub user: UserId,
    pub at: DateTime<Utc>,
    pub about: About,
    pub ticket: TicketId,
    pub read_at: Option<DateTime<Utc>>,
}

/// What a user has read of what they were told.
#[derive(Debug, Clone, Copy)]
pub struct Read {
    pub user: UserId,
    pub which: Which,
    pub at: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// This one, and all that came before it.
    Until(NotificationId),
    /// This one alone.
    Only(NotificationId),
}

pub(super) async fn write(tx: &mut SqliteConnection, told: &[Notification]) -> sqlx::Result<()> {
    for told in told.chunks(2_000) {
        let mut query = QueryBuilder::new("insert into notifications (id, user_id, at_ms, about, ticket) ");
        query.push_values(told, |mut row, told| {
            row.push_bind(told.id.to_string())
                .push_bind(told.user.to_string())
                .push_bind(ms(told.at))
                .push_bind(told.about.name())
                .push_bind(told.ticket.to_string());
        });
        query.build().persistent(false).execute(&mut *tx).await?;
    }
    Ok(())
}

pub(super) async fn mark_read(tx: &mut SqliteConnection, all: &[Read]) -> sqlx::Result<()> {
    for read in all {
        let (sql, id) = match read.which {
            Which::Until(id) => {
                let sql = "update notifications set read_ms = $1
                    where user_id = $2 and id <= $3 and read_ms is null";
                (sql, id)
            }
            Which::Only(id) => {
                let sql = "update notifications set read_ms = $1
                    where user_id = $2 and id = $3 and read_ms is null";
                (sql, id)
            }
        };
        let (user, id) = (read.user.to_string(), id.to_string());
        sqlx::query(sql).bind(ms(read.at)).bind(user).bind(id).execute(&mut *tx).await?;
    }
    Ok(())
}

pub(super) async fn choose(
    tx: &mut SqliteConnection,
    holder: Option<UserId>,
    document: &Value,
) -> sqlx::Result<()> {
    let sql = "insert into notification_choices (holder, document) values ($1, $2)
        on conflict (holder) do update set document = excluded.document";
    let holder = holder.map_or_else(|| EVERYBODY.to_owned(), |user| user.to_string());
    sqlx::query(sql).bind(holder).bind(to_json(document)).execute(tx).await.map(drop)
}

pub(super) async fn choices(connection: &mut SqliteConnection) -> sqlx::Result<Vec<(Option<UserId>, Value)>> {
    let sql = "select holder, document from notification_choices order by holder";
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    let read = |row: &SqliteRow| {
        let holder: String = row.try_get("holder")?;
        let holder = if holder == EVERYBODY { None } else { Some(id(row, "holder")?) };
        Ok((holder, json(row, "document")?))
    };
    rows.iter().map(read).collect()
}

/// Forgets what is older, a part at a time.
pub async fn prune(connection: &mut SqliteConnection, before: DateTime<Utc>) -> sqlx::Result<()> {
    let sql = "delete from notifications where id in
        (select id from notifications where at_ms < $1 order by at_ms limit 50000)";
    sqlx::query(sql).bind(ms(before)).execute(connection).await.map(drop)
}

impl Reader {
    /// What a user was told, the newest first, older than `after`.
    pub async fn notifications(
        &self,
        user: UserId,
        unread: bool,
        after: Option<NotificationId>,
        limit: u32,
    ) -> sqlx::Result<Vec<Notification>> {
        let mut query = QueryBuilder::new(
            "select id, user_id, at_ms, about, ticket, read_ms from notifications where user_id = ",
        );
        query.push_bind(user.to_string());
        if unread {
            query.push(" and read_ms is null");
        }
        if let Some(after) = after {
            query.push(" and id < ").push_bind(after.to_string());
        }
        query.push(" order by id desc limit ").push_bind(i64::from(limit));
        let rows = query.build().fetch_all(&self.pool).await?;
        let read = rows.iter().map(|row| {
            let about: String = row.try_get("about")?;
            Ok(Notification {
                id: id(row, "id")?,
                user: id(row, "user_id")?,
                at: instant(row.try_get("at_ms")?),
                about: About::named(&about).ok_or_else(|| damaged("notification")(about.clone()))?,
                ticket: id(row, "ticket")?,
                read_at: row.try_get::<Option<i64>, _>("read_ms")?.map(instant),
            })
        });
        read.collect()
    }

    /// How many of them were not read; counted no further than `most`.
    pub async fn unread_notifications(&self, user: UserId, most: u32) -> sqlx::Result<i64> {
        let sql = "select count(*) from
            (select 1 from notifications where user_id = $1 and read_ms is null limit $2)";
        sqlx::query_scalar(sql).bind(user.to_string()).bind(i64::from(most)).fetch_one(&self.pool).await
    }
}
