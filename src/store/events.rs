//! Everything that came in, in the order in which it was decided. Rows are only ever added.

use super::ms;
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, SqliteConnection};

#[derive(Debug, Clone)]
pub struct EventRow {
    pub at: DateTime<Utc>,
    /// The event as JSON.
    pub document: String,
}

pub(super) async fn write(tx: &mut SqliteConnection, batch: i64, events: &[EventRow]) -> sqlx::Result<()> {
    let places: Vec<(i64, &EventRow)> = (0..).zip(events).collect();
    for rows in places.chunks(2_000) {
        let mut query = QueryBuilder::new("insert into events (batch, place, at_ms, document) ");
        query.push_values(rows, |mut row, (place, event)| {
            row.push_bind(batch).push_bind(*place).push_bind(ms(event.at)).push_bind(event.document.as_str());
        });
        query.build().persistent(false).execute(&mut *tx).await?;
    }
    Ok(())
}
