//! What people are still writing to customers.

use super::{Reader, instant, json, messages, ms, to_json};
use crate::{
    routing::ids::TicketId,
    tickets::message::{Author, Draft},
};
use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftRow {
    pub ticket: TicketId,
    pub author: Author,
    pub at: DateTime<Utc>,
    /// `None`: it is sent, or thrown away.
    pub draft: Option<Draft>,
}

pub(super) async fn write(tx: &mut SqliteConnection, drafts: &[DraftRow]) -> sqlx::Result<()> {
    for row in drafts {
        let (ticket, author) = (row.ticket.to_string(), messages::author_text(row.author));
        let query = match &row.draft {
            Some(draft) => {
                let sql = "insert into drafts (ticket, author, at_ms, document) values ($1, $2, $3, $4)
                    on conflict (ticket, author) do update set at_ms = excluded.at_ms, document = excluded.document";
                sqlx::query(sql).bind(ticket).bind(author).bind(ms(row.at)).bind(to_json(draft))
            }
            None => {
                let sql = "delete from drafts where ticket = $1 and author = $2";
                sqlx::query(sql).bind(ticket).bind(author)
            }
        };
        query.execute(&mut *tx).await?;
    }
    Ok(())
}

impl Reader {
    pub async fn draft(
        &self,
        ticket: TicketId,
        author: Author,
    ) -> sqlx::Result<Option<(DateTime<Utc>, Draft)>> {
        let sql = "select at_ms, document from drafts where ticket = $1 and author = $2";
        let query = sqlx::query(sql).bind(ticket.to_string()).bind(messages::author_text(author));
        let row = query.fetch_optional(&self.pool).await?;
        row.map(|row| Ok((instant(row.try_get("at_ms")?), json(&row, "document")?))).transpose()
    }
}
