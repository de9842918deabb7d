//! Whoever asks.

use super::{Web, auth::Caller, schemas};
use crate::store::audit::Subject;
use axum::{Json, extract::State};
use serde_json::{Value, json};

/// Who the token belongs to, and what it may do.
#[utoipa::path(get, path = "/me", responses((status = 200, body = schemas::Me)))]
pub async fn me(caller: Caller, State(web): State<Web>) -> Json<Value> {
    let settings = web.desk.settings();
    let user = caller.user.and_then(|id| settings.document(Subject { kind: "user", id: id.0 }));
    Json(json!({ "role": caller.role, "user": user }))
}
