//! Offers: who was rung for which call, when, and how it ended.

use super::{
    Reader, id, instant, ms,
    script::{Script, Values},
};
use crate::{
    calls::{call::Cause, decision::OfferRow},
    routing::ids::{CallId, OfferId, UserId},
};
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Row};

/// An offer as the API shows it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Offered {
    pub offer_id: OfferId,
    pub agent: UserId,
    /// `open`, `won` or `ended`.
    pub state: &'static str,
    pub cause: Option<String>,
    pub at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

pub(super) fn write<'a>(script: &mut Script, offers: impl Iterator<Item = &'a OfferRow>) {
    let rows: Vec<&OfferRow> = offers.collect();
    let insert = "insert into offers (id, call, agent, at_ms, ended_ms, cause) ";
    let bind = |mut row: Values<'_>, offered: &&OfferRow| {
        row.push_bind(offered.offer.id.to_string())
            .push_bind(offered.call.to_string())
            .push_bind(offered.offer.agent.to_string())
            .push_bind(ms(offered.offer.at))
            .push_bind(offered.ended.map(|(_, at)| ms(at)))
            .push_bind(offered.ended.map(|(cause, _)| cause.name()));
    };
    let or = " on conflict (id) do update set ended_ms = excluded.ended_ms, cause = excluded.cause";
    script.insert(insert, &rows, bind, or);
}

impl Reader {
    /// The offers of these calls, oldest first.
    pub async fn offers(&self, calls: &[CallId]) -> sqlx::Result<Vec<(CallId, Offered)>> {
        let mut query =
            QueryBuilder::new("select id, call, agent, at_ms, ended_ms, cause from offers where call in (");
        let mut list = query.separated(", ");
        calls.iter().for_each(|call| {
            list.push_bind(call.to_string());
        });
        query.push(") order by id");
        let rows = query.build().fetch_all(&self.pool).await?;
        let read = rows.iter().map(|row| {
            let cause: Option<String> = row.try_get("cause")?;
            let state = match cause.as_deref() {
                None => "open",
                Some(cause) if cause == Cause::Won.name() => "won",
                Some(_) => "ended",
            };
            let at = instant(row.try_get("at_ms")?);
            let ended_at = row.try_get::<Option<i64>, _>("ended_ms")?.map(instant);
            let (offer_id, agent) = (id(row, "id")?, id(row, "agent")?);
            Ok((id(row, "call")?, Offered { offer_id, agent, state, cause, at, ended_at }))
        });
        read.collect()
    }
}
