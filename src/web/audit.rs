//! The audit log: who changed which setting, before and after, and who listened to which message.

use super::{
    Problem, Web,
    auth::{Caller, Page},
    page::page,
    schemas,
};
use crate::store::audit::Audited;
use axum::{Json, extract::State};
use serde_json::{Value, json};
use uuid::Uuid;

/// Every change of the settings, the newest first.
#[utoipa::path(get, path = "/audit", params(schemas::Paging), responses(
    (status = 200, body = schemas::Page<schemas::Audited>), (status = 403)
))]
pub async fn list(caller: Caller, State(web): State<Web>, asked: Page<Uuid>) -> Result<Json<Value>, Problem> {
    caller.must_be_admin()?;
    let rows = web.reader.audit(asked.after, asked.limit + 1).await?;
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
