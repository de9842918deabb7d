//! Whose turn it was last, under round robin.

use super::{
    id,
    script::{Script, Values},
};
use crate::routing::{distribution::Cursor, ids::ChannelId};
use sqlx::{Row, SqliteConnection};
use std::collections::HashMap;

pub(super) fn write(script: &mut Script, cursors: &HashMap<ChannelId, Cursor>) {
    let cursors: Vec<_> = cursors.iter().collect();
    let insert = "insert into cursors (channel, user_id, position) ";
    let bind = |mut row: Values<'_>, (channel, cursor): &(&ChannelId, &Cursor)| {
        row.push_bind(channel.to_string())
            .push_bind(cursor.user.to_string())
            .push_bind(i64::from(cursor.position));
    };
    let or = " on conflict (channel) do update set user_id = excluded.user_id, position = excluded.position";
    script.insert(insert, &cursors, bind, or);
}

pub async fn all(connection: &mut SqliteConnection) -> sqlx::Result<Vec<(ChannelId, Cursor)>> {
    let rows = sqlx::query("select channel, user_id, position from cursors").fetch_all(connection).await?;
    let read = rows.iter().map(|row| {
        let position = u32::try_from(row.try_get::<i64, _>("position")?).unwrap_or(0);
        Ok((id(row, "channel")?, Cursor { user: id(row, "user_id")?, position }))
    });
    read.collect()
}
