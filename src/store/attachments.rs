//! Which files came or go with which message. The files themselves lie beside the database.

use super::{
    Reader, id,
    script::{Script, Values},
};
use crate::{
    routing::ids::{MessageId, TicketId},
    tickets::{incoming::Attachment, message::Message},
};
use sqlx::{QueryBuilder, Row, SqliteConnection, sqlite::SqliteRow};

pub(super) fn write<'a>(script: &mut Script, messages: impl Iterator<Item = &'a Message>) {
    let all = messages.flat_map(|message| {
        (0_i64..).zip(&message.attachments).map(|(place, attachment)| (message.id, place, attachment))
    });
    let rows: Vec<(MessageId, i64, &Attachment)> = all.collect();
    let insert = "insert into attachments (message, place, sha256, name, content_type, bytes, content_id) ";
    let bind = |mut row: Values<'_>, (message, place, attachment): &(MessageId, i64, &Attachment)| {
        row.push_bind(message.to_string())
            .push_bind(*place)
            .push_bind(attachment.sha256.clone())
            .push_bind(attachment.name.clone())
            .push_bind(attachment.content_type.clone())
            .push_bind(i64::try_from(attachment.bytes).unwrap_or(i64::MAX))
            .push_bind(attachment.content_id.clone());
    };
    script.insert(insert, &rows, bind, " on conflict (message, place) do nothing");
}

fn read(row: &SqliteRow) -> sqlx::Result<Attachment> {
    Ok(Attachment {
        sha256: row.try_get("sha256")?,
        name: row.try_get("name")?,
        content_type: row.try_get("content_type")?,
        bytes: u64::try_from(row.try_get::<i64, _>("bytes")?).unwrap_or(0),
        content_id: row.try_get("content_id")?,
    })
}

/// Those of each message, in their order.
pub(super) async fn of(
    connection: &mut SqliteConnection,
    messages: &[MessageId],
) -> sqlx::Result<Vec<(MessageId, Attachment)>> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = QueryBuilder::new(
        "select message, sha256, name, content_type, bytes, content_id from attachments where message in (",
    );
    let mut list = query.separated(", ");
    messages.iter().for_each(|message| {
        list.push_bind(message.to_string());
    });
    query.push(") order by message, place");
    let rows = query.build().persistent(false).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((id(row, "message")?, read(row)?))).collect()
}

impl Reader {
    /// A file that came or went with a message of this ticket.
    pub async fn attachment(&self, ticket: TicketId, sha256: &str) -> sqlx::Result<Option<Attachment>> {
        let sql = "select a.sha256, a.name, a.content_type, a.bytes, a.content_id from attachments a
            join messages m on m.id = a.message where m.ticket = $1 and a.sha256 = $2 order by a.message limit 1";
        let row = sqlx::query(sql).bind(ticket.to_string()).bind(sha256).fetch_optional(&self.pool).await?;
        row.as_ref().map(read).transpose()
    }
}
