//! How many calls came since some instant, what became of them, and how long callers waited.

use super::{Reader, id, ms};
use crate::routing::ids::ChannelId;
use chrono::{DateTime, Utc};
use sqlx::Row;

/// Calls that have so much in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    pub channel: ChannelId,
    /// `None`: they are not over.
    pub outcome: Option<String>,
    /// They came when it was closed, and nobody took them.
    pub after_hours: bool,
    /// Of answered calls: from their arrival until an agent took them. Of abandoned ones: until they ended.
    pub seconds: Option<i64>,
    pub calls: u64,
}

impl Reader {
    /// The calls that arrived since then.
    pub async fn figures(&self, since: DateTime<Utc>) -> sqlx::Result<Vec<Alike>> {
        // Ids rise with time, and begin with it.
        let first = format!("{:012x}", ms(since).max(0));
        // What the hours said is with the first decision on a call. The others may be long, and are not read.
        let sql = "select channel, outcome,
                case when outcome in ('voicemail', 'abandoned') then exists (
                    select 1 from decisions
                        where decisions.id = (select min(made.id) from decisions made where made.call = calls.id)
                        and json_extract(decisions.document, '$.hours.open') = 0
                ) else 0 end as after_hours,
                (case outcome
                    when 'answered' then (
                        select min(offers.ended_ms) from offers
                            where offers.call = calls.id and offers.cause = 'won'
                    )
                    when 'abandoned' then ended_ms
                end - arrived_ms) / 1000 as seconds,
                count(*) as calls
            from calls where id >= $1 and arrived_ms >= $2
            group by channel, outcome, after_hours, seconds";
        let rows = sqlx::query(sql).bind(first).bind(ms(since)).fetch_all(&self.pool).await?;
        let read = rows.iter().map(|row| {
            Ok(Alike {
                channel: id(row, "channel")?,
                outcome: row.try_get("outcome")?,
                after_hours: row.try_get::<i64, _>("after_hours")? != 0,
                seconds: row.try_get("seconds")?,
                calls: u64::try_from(row.try_get::<i64, _>("calls")?).unwrap_or(0),
            })
        });
        read.collect()
    }
}
