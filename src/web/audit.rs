//! The audit log: who changed which setting, before and after, and who listened to which message.

use super::{
    Problem, Web,
    auth::{Caller, Page},
    page::page,
    schemas,
};
use crate::store::audit::Audited;
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use uuid::Uuid;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// What it was done to: `user`, `channel`, `call`.
    kind: Option<String>,
    /// The id of what it was done to.
    subject: Option<String>,
}

/// Every change of the settings, the newest first: all, or of one kind of things, or of one.
#[utoipa::path(get, path = "/audit", params(schemas::Paging, Wanted), responses(
    (status = 200, body = schemas::Page<schemas::Audited>), (status = 403)
))]
pub async fn list(
    caller: Caller,
    State(web): State<Web>,
    asked: Page<Uuid>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    caller.must_be_admin()?;
    let Query(Wanted { kind, subject }) = wanted.map_err(|error| Problem::malformed(error.body_text()))?;
    let rows = web.reader.audit(kind.as_deref(), subject.as_deref(), asked.after, asked.limit + 1).await?;
    let items = rows.iter().map(|row| (row.id.clone(), object(row)));
    Ok(page(items.collect(), asked.limit))
}

fn object(row: &Audited) -> Value {
    json!({
        "id": row.id,
        "at": row.at,
        "author": { "kind": row.author, "token": row.token, "user": row.user, "address": row.address },
        "action": row.action,
        "kind": row.kind,
        "subject": row.subject,
        "before": row.before,
        "after": row.after,
    })
}
