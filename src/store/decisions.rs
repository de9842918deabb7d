//! Why: every decision that was made on a call or ticket.

use super::{
    Reader, json, ms,
    script::{Script, Values},
    to_json,
};
use crate::{
    calls::decision::{self, Decided},
    routing::{
        candidates::Candidates,
        hours::Verdict,
        ids::{CallId, TicketId},
        reasons::Reason,
    },
    tickets::arrival,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;
use uuid::Uuid;

#[derive(Debug, Clone)]
pub struct DecisionRow {
    pub id: Uuid,
    /// `None`: it is about no call.
    pub call: Option<CallId>,
    pub ticket: TicketId,
    pub decision: Why,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Action {
    Call(decision::Action),
    Ticket(arrival::Action),
}

/// One decision, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Why {
    pub at: DateTime<Utc>,
    /// The kind of event on which it was made.
    pub event: String,
    pub action: Action,
    pub hours: Option<Verdict>,
    pub candidates: Candidates,
    pub reasons: Vec<Reason>,
}

impl DecisionRow {
    pub fn new(id: Uuid, event: &str, decided: Decided) -> Self {
        let Decided { call, ticket, at, action, hours, candidates, reasons } = decided;
        let action = Action::Call(action);
        let decision = Why { at, event: event.to_owned(), action, hours, candidates, reasons };
        Self { id, call: Some(call), ticket, decision }
    }
}

pub(super) fn write(script: &mut Script, decisions: &[DecisionRow]) {
    let insert = "insert into decisions (id, call, ticket, at_ms, document) ";
    let bind = |mut row: Values<'_>, decided: &DecisionRow| {
        row.push_bind(decided.id.simple().to_string())
            .push_bind(decided.call.map(|call| call.to_string()))
            .push_bind(decided.ticket.to_string())
            .push_bind(ms(decided.decision.at))
            .push_bind(to_json(&decided.decision));
    };
    script.insert(insert, decisions, bind, "");
}

pub async fn last_on_ticket(
    connection: &mut SqliteConnection,
    ticket: TicketId,
) -> sqlx::Result<Option<Why>> {
    let sql = "select document from decisions where ticket = $1 order by id desc limit 1";
    let row = sqlx::query(sql).bind(ticket.to_string()).fetch_optional(connection).await?;
    row.map(|row| json(&row, "document")).transpose()
}

impl Reader {
    /// In the order in which they were made.
    pub async fn decisions_on_call(&self, call: CallId) -> sqlx::Result<Vec<Why>> {
        let sql = "select document from decisions where call = $1 order by id";
        let rows = sqlx::query(sql).bind(call.to_string()).fetch_all(&self.pool).await?;
        rows.iter().map(|row| json(row, "document")).collect()
    }

    pub async fn decisions_on_ticket(&self, ticket: TicketId) -> sqlx::Result<Vec<Why>> {
        let sql = "select document from decisions where ticket = $1 order by id";
        let rows = sqlx::query(sql).bind(ticket.to_string()).fetch_all(&self.pool).await?;
        rows.iter().map(|row| json(row, "document")).collect()
    }
}
