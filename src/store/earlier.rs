//! What there was with one person: tickets that are theirs, and tickets of calls from their numbers.

use super::{
    Reader, tickets, to_json,
    visible::{Seen, Theirs},
};
use crate::{
    routing::ids::{ContactId, TicketId},
    tickets::ticket::Ticket,
};
use sqlx::QueryBuilder;

/// How many of a person's tickets one request looks at.
const LOOKED_AT_MAX: i64 = 1_000;
/// Ids are hex digits: nothing of them comes after this letter.
const AFTER_ALL: &str = "g";

/// By what somebody's tickets are found.
#[derive(Debug, Clone, Default)]
pub struct Person {
    pub contact: Option<ContactId>,
    /// As they stand in calls.
    pub numbers: Vec<String>,
}

impl Reader {
    /// The newest first, older than `after`: those that somebody sees, or all.
    pub async fn tickets_with(
        &self,
        person: &Person,
        theirs: Option<&Theirs>,
        after: Option<TicketId>,
        limit: u32,
    ) -> sqlx::Result<Seen<Ticket>> {
        let ids = self.ids_with(person, after).await?;
        let is_all = i64::try_from(ids.len()).is_ok_and(|found| found < LOOKED_AT_MAX);
        let end = ids.last().filter(|_| !is_all).cloned();
        let mut query = QueryBuilder::new(tickets::COLUMNS);
        query.push("where id in (select value from json_each(").push_bind(to_json(&ids)).push("))");
        if let Some(theirs) = theirs {
            query.push(" and ");
            theirs.narrow_tickets(&mut query);
        }
        query.push(" order by id desc limit ").push_bind(i64::from(limit) + 1);
        let rows = query.build().fetch_all(&self.pool).await?;
        let rows = rows.iter().map(tickets::read).collect::<Result<_, _>>()?;
        Ok(Seen::new(rows, limit, |ticket: &Ticket| ticket.id.to_string(), end))
    }

    async fn ids_with(&self, person: &Person, after: Option<TicketId>) -> sqlx::Result<Vec<String>> {
        // With the plus signs the calls are found by who called, not by their tickets.
        let sql = "select id from (select id from tickets where contact = $1 and id < $3 order by id desc limit $4)
            union
            select id from (select distinct ticket as id from calls
                where caller in (select value from json_each($2)) and +ticket < $3 order by +ticket desc limit $4)
            order by id desc limit $4";
        let after = after.map_or_else(|| AFTER_ALL.to_owned(), |after| after.to_string());
        let query = sqlx::query_scalar(sql).bind(person.contact.map(|contact| contact.to_string()));
        let query = query.bind(to_json(&person.numbers)).bind(after).bind(LOOKED_AT_MAX);
        query.fetch_all(&self.pool).await
    }
}
