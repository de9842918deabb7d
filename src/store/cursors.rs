//! Whose turn it was last, under round robin.

use super::id;
use crate::routing::{distribution::Cursor, ids::ChannelId};
use sqlx::{QueryBuilder, Row, SqliteConnection};
use std::collections::HashMap;

pub(super) async fn write(
    tx: &mut SqliteConnection,
    cursors: &HashMap<ChannelId, Cursor>,
) -> sqlx::Result<()> {
    if cursors.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::new("insert into cursors (channel, user_id, position) ");
    query.push_values(cursors, |mut row, (channel, cursor)| {
        row.push_bind(channel.to_string())
            .push_bind(cursor.user.to_string())
            .push_bind(i64::from(cursor.position));
    });
    query.push(
        " on conflict (channel) do update set user_id = excluded.user_id, position = excluded.position",
    );
    query.build().persistent(false).execute(tx).await.map(drop)
}

pub async fn all(connection: &mut SqliteConnection) -> sqlx::Result<Vec<(ChannelId, Cursor)>> {
    let rows = sqlx::query("select channel, user_id, position from cursors").fetch_all(connection).await?;
    let read = rows.iter().map(|row| {
        let position = u32::try_from(row.try_get::<i64, _>("position")?).unwrap_or(0);
        Ok((id(row, "channel")?, Cursor { user: id(row, "user_id")?, position }))
    });
    read.collect()
}
