//! Who changed which setting, before and after, who listened to which message, and who had what tried again. Secrets are never in it.

use super::{Reader, id, instant, ms, optional_id, to_json};
use crate::routing::ids::{TokenId, UserId};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{QueryBuilder, Row, SqliteConnection};
use std::net::IpAddr;
use uuid::Uuid;

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// Whoever owns the data folder.
    CommandLine,
    /// The daemon by itself, such as when it brings new default messages.
    Daemon,
    Token {
        token: TokenId,
        user: Option<UserId>,
        /// From where.
        address: Option<IpAddr>,
    },
    /// Signed in to the pages, from where.
    User(UserId, Option<IpAddr>),
}

impl Author {
    /// The user behind it, if there is one.
    pub fn user(self) -> Option<UserId> {
        match self {
            Self::CommandLine | Self::Daemon => None,
            Self::Token { user, .. } => user,
            Self::User(user, _) => Some(user),
        }
    }

    pub fn address(self) -> Option<IpAddr> {
        match self {
            Self::CommandLine | Self::Daemon => None,
            Self::Token { address, .. } | Self::User(_, address) => address,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::CommandLine => "command_line",
            Self::Daemon => "daemon",
            Self::Token { .. } => "token",
            Self::User(..) => "user",
        }
    }
}

/// What something is, such as `user`, and its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    pub kind: &'static str,
    pub id: Uuid,
}

#[derive(Debug, Clone)]
pub struct AuditRow {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub by: Author,
    /// `created`, `changed`, `deleted`, `listened`, `retried`, `erased` or `downloaded`.
    pub action: &'static str,
    pub subject: Subject,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// As it was kept.
#[derive(Debug, Clone)]
pub struct Audited {
    pub id: String,
    pub at: DateTime<Utc>,
    pub author: String,
    pub token: Option<TokenId>,
    pub user: Option<UserId>,
    pub address: Option<String>,
    pub action: String,
    pub kind: String,
    pub subject: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

pub(super) async fn write(tx: &mut SqliteConnection, rows: &[AuditRow]) -> sqlx::Result<()> {
    for rows in rows.chunks(1_000) {
        let mut query = QueryBuilder::new(
            "insert into audit (id, at_ms, author, token, user_id, address, action, kind, subject, before, after) ",
        );
        query.push_values(rows, |mut columns, row| {
            let token = match row.by {
                Author::Token { token, .. } => Some(token.to_string()),
                Author::CommandLine | Author::Daemon | Author::User(..) => None,
            };
            columns
                .push_bind(row.id.simple().to_string())
                .push_bind(ms(row.at))
                .push_bind(row.by.name())
                .push_bind(token)
                .push_bind(row.by.user().map(|user| user.to_string()))
                .push_bind(row.by.address().map(|address| address.to_string()))
                .push_bind(row.action)
                .push_bind(row.subject.kind)
                .push_bind(row.subject.id.simple().to_string())
                .push_bind(row.before.as_ref().map(to_json))
                .push_bind(row.after.as_ref().map(to_json));
        });
        query.build().persistent(false).execute(&mut *tx).await?;
    }
    Ok(())
}

impl Reader {
    /// The newest first, older than `after`: all, or what was done to things of a kind, or to one.
    pub async fn audit(
        &self,
        kind: Option<&str>,
        subject: Option<&str>,
        after: Option<Uuid>,
        limit: u32,
    ) -> sqlx::Result<Vec<Audited>> {
        let mut query = QueryBuilder::new(
            "select id, at_ms, author, token, user_id, address, action, kind, subject, before, after from audit
            where true",
        );
        if let Some(kind) = kind {
            query.push(" and kind = ").push_bind(kind.to_owned());
        }
        if let Some(subject) = subject {
            query.push(" and subject = ").push_bind(subject.to_owned());
        }
        if let Some(after) = after {
            query.push(" and id < ").push_bind(after.simple().to_string());
        }
        query.push(" order by id desc limit ").push_bind(i64::from(limit));
        let rows = query.build().fetch_all(&self.pool).await?;
        let document = |row, column| -> sqlx::Result<Option<Value>> {
            let text: Option<String> = sqlx::sqlite::SqliteRow::try_get(row, column)?;
            Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
        };
        let read = rows.iter().map(|row| {
            Ok(Audited {
                id: id::<Uuid>(row, "id")?.simple().to_string(),
                at: instant(row.try_get("at_ms")?),
                author: row.try_get("author")?,
                token: optional_id(row, "token")?,
                user: optional_id(row, "user_id")?,
                address: row.try_get("address")?,
                action: row.try_get("action")?,
                kind: row.try_get("kind")?,
                subject: row.try_get("subject")?,
                before: document(row, "before")?,
                after: document(row, "after")?,
            })
        });
        read.collect()
    }
}
