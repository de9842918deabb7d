//! Lists of tickets that somebody keeps under a name.

use super::{Reader, id, json, ms, to_json};
use crate::routing::ids::{UserId, ViewId};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{QueryBuilder, Row, SqliteConnection, sqlite::SqliteRow};

#[derive(Debug, Clone, PartialEq)]
pub struct View {
    pub id: ViewId,
    pub owner: UserId,
    /// Since when everybody may use it.
    pub shared_at: Option<DateTime<Utc>>,
    pub name: String,
    /// What is asked for.
    pub document: Value,
}

/// A view as it is from now on, or none any more.
#[derive(Debug, Clone)]
pub enum Kept {
    As(View),
    Gone(ViewId),
}

pub(super) async fn write(tx: &mut SqliteConnection, changes: &[Kept]) -> sqlx::Result<()> {
    for change in changes {
        match change {
            Kept::As(view) => {
                let sql =
                    "insert into views (id, owner, shared_ms, name, document) values ($1, $2, $3, $4, $5)
                    on conflict (id) do update set shared_ms = excluded.shared_ms, name = excluded.name,
                    document = excluded.document";
                sqlx::query(sql)
                    .bind(view.id.to_string())
                    .bind(view.owner.to_string())
                    .bind(view.shared_at.map(ms))
                    .bind(view.name.as_str())
                    .bind(to_json(&view.document))
                    .execute(&mut *tx)
                    .await?;
            }
            Kept::Gone(id) => {
                sqlx::query("delete from views where id = $1").bind(id.to_string()).execute(&mut *tx).await?;
            }
        }
    }
    Ok(())
}

const COLUMNS: &str = "select id, owner, shared_ms, name, document from views ";

fn read(row: &SqliteRow) -> sqlx::Result<View> {
    Ok(View {
        id: id(row, "id")?,
        owner: id(row, "owner")?,
        shared_at: row.try_get::<Option<i64>, _>("shared_ms")?.map(super::instant),
        name: row.try_get("name")?,
        document: json(row, "document")?,
    })
}

impl Reader {
    pub async fn view(&self, id: ViewId) -> sqlx::Result<Option<View>> {
        let mut query = QueryBuilder::new(COLUMNS);
        query.push("where id = ").push_bind(id.to_string());
        query.build().fetch_optional(&self.pool).await?.as_ref().map(read).transpose()
    }

    /// This user's own views and those of others that everybody may use, the oldest first, newer than `after`.
    pub async fn views(
        &self,
        user: Option<UserId>,
        after: Option<ViewId>,
        limit: u32,
    ) -> sqlx::Result<Vec<View>> {
        let mut query = QueryBuilder::new(COLUMNS);
        query.push("where (shared_ms is not null or owner = ");
        query.push_bind(user.map(|user| user.to_string())).push(")");
        if let Some(after) = after {
            query.push(" and id > ").push_bind(after.to_string());
        }
        query.push(" order by id limit ").push_bind(i64::from(limit));
        query.build().fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    pub async fn count_of_views(&self, user: UserId) -> sqlx::Result<i64> {
        let sql = "select count(*) from views where owner = $1";
        sqlx::query_scalar(sql).bind(user.to_string()).fetch_one(&self.pool).await
    }
}
