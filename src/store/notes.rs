//! What agents write down on tickets.

use super::{Reader, id, instant, ms, optional_id};
use crate::routing::ids::{NoteId, TicketId, UserId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{QueryBuilder, Row, SqliteConnection};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    pub id: NoteId,
    pub ticket: TicketId,
    /// `None`: an API token that is nobody's.
    pub author: Option<UserId>,
    pub at: DateTime<Utc>,
    pub text: String,
}

pub(super) async fn write(tx: &mut SqliteConnection, notes: &[Note]) -> sqlx::Result<()> {
    if notes.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::new("insert into notes (id, ticket, author, at_ms, text) ");
    query.push_values(notes, |mut row, note| {
        row.push_bind(note.id.to_string())
            .push_bind(note.ticket.to_string())
            .push_bind(note.author.map(|author| author.to_string()))
            .push_bind(ms(note.at))
            .push_bind(note.text.as_str());
    });
    query.build().persistent(false).execute(tx).await.map(drop)
}

impl Reader {
    /// The notes of a ticket after `after`, the oldest first.
    pub async fn notes(
        &self,
        ticket: TicketId,
        after: Option<NoteId>,
        limit: u32,
    ) -> sqlx::Result<Vec<Note>> {
        let mut query =
            QueryBuilder::new("select id, ticket, author, at_ms, text from notes where ticket = ");
        query.push_bind(ticket.to_string());
        if let Some(after) = after {
            query.push(" and id > ").push_bind(after.to_string());
        }
        query.push(" order by id limit ").push_bind(i64::from(limit));
        let rows = query.build().fetch_all(&self.pool).await?;
        let read = rows.iter().map(|row| {
            Ok(Note {
                id: id(row, "id")?,
                ticket: id(row, "ticket")?,
                author: optional_id(row, "author")?,
                at: instant(row.try_get("at_ms")?),
                text: row.try_get("text")?,
            })
        });
        read.collect()
    }
}
