//! Everything that came in, in the order in which it was decided. Rows are only ever added.

use super::{
    ms,
    script::{Script, Values},
};
use chrono::{DateTime, Utc};

#[derive(Debug, Clone)]
pub struct EventRow {
    pub at: DateTime<Utc>,
    /// The event as JSON.
    pub document: String,
}

pub(super) fn write(script: &mut Script, batch: i64, events: &[EventRow]) {
    let places: Vec<(i64, &EventRow)> = (0..).zip(events).collect();
    let insert = "insert into events (batch, place, at_ms, document) ";
    let bind = |mut row: Values<'_>, (place, event): &(i64, &EventRow)| {
        row.push_bind(batch).push_bind(*place).push_bind(ms(event.at)).push_bind(event.document.as_str());
    };
    script.insert(insert, &places, bind, "");
}
