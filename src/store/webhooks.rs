//! Receivers that are told by webhook.

use super::{instant, json, ms, to_json};
use crate::routing::ids::WebhookId;
use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection};
use std::fmt;

/// What signs: `whsec_` and 32 bytes in base64. It is never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub id: WebhookId,
    pub name: String,
    pub url: String,
    /// Kinds of happenings, or `*` for all.
    pub events: Vec<String>,
    pub secret: Secret,
    /// The secret before, and until when it signs too.
    pub old: Option<(Secret, DateTime<Utc>)>,
    pub created_at: DateTime<Utc>,
    pub disabled_at: Option<DateTime<Utc>>,
}

impl Webhook {
    pub fn wants(&self, kind: &str) -> bool {
        self.disabled_at.is_none() && self.events.iter().any(|event| event == "*" || event == kind)
    }
}

pub(super) async fn save(tx: &mut SqliteConnection, webhook: &Webhook) -> sqlx::Result<()> {
    let sql = "insert into webhooks (id, name, url, events, secret, old_secret, old_until_ms, created_ms, disabled_ms)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (id) do update set name = excluded.name, url = excluded.url, events = excluded.events,
        secret = excluded.secret, old_secret = excluded.old_secret, old_until_ms = excluded.old_until_ms,
        disabled_ms = excluded.disabled_ms";
    sqlx::query(sql)
        .bind(webhook.id.to_string())
        .bind(webhook.name.as_str())
        .bind(webhook.url.as_str())
        .bind(to_json(&webhook.events))
        .bind(webhook.secret.0.as_str())
        .bind(webhook.old.as_ref().map(|(secret, _)| secret.0.as_str()))
        .bind(webhook.old.as_ref().map(|(_, until)| ms(*until)))
        .bind(ms(webhook.created_at))
        .bind(webhook.disabled_at.map(ms))
        .execute(tx)
        .await
        .map(drop)
}

/// Deletes it with its log.
pub(super) async fn delete(tx: &mut SqliteConnection, webhook: WebhookId) -> sqlx::Result<()> {
    for sql in ["delete from deliveries where receiver = $1", "delete from webhooks where id = $1"] {
        sqlx::query(sql).bind(webhook.to_string()).execute(&mut *tx).await?;
    }
    Ok(())
}

pub(super) async fn all(connection: &mut SqliteConnection) -> sqlx::Result<Vec<Webhook>> {
    let sql = "select id, name, url, events, secret, old_secret, old_until_ms, created_ms, disabled_ms
        from webhooks order by id";
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    let read = rows.iter().map(|row| {
        let old: Option<String> = row.try_get("old_secret")?;
        let until: Option<i64> = row.try_get("old_until_ms")?;
        Ok(Webhook {
            id: super::id(row, "id")?,
            name: row.try_get("name")?,
            url: row.try_get("url")?,
            events: json(row, "events")?,
            secret: Secret(row.try_get("secret")?),
            old: old.zip(until).map(|(secret, until)| (Secret(secret), instant(until))),
            created_at: instant(row.try_get("created_ms")?),
            disabled_at: row.try_get::<Option<i64>, _>("disabled_ms")?.map(instant),
        })
    });
    read.collect()
}
