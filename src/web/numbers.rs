//! How a channel's numbers are set at the telephone company, and setting them as they should be.

use super::{
    Problem, Web,
    auth::{Caller, Id},
    schemas,
};
use crate::{
    desk::numbers::{self, Findings},
    routing::ids::ChannelId,
};
use axum::{Json, extract::State};
use serde_json::{Value, json};
use tracing::info;

/// Asks the telephone company how the channel's numbers are set, and says what is wrong.
#[utoipa::path(get, path = "/channels/{id}/numbers", tag = "channels", params(("id" = ChannelId, Path)), responses(
    (status = 200, body = schemas::Findings), (status = 403)
))]
pub async fn show(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<ChannelId>,
) -> Result<Json<Value>, Problem> {
    Ok(told(&compare(&web, &caller, id, false).await?))
}

/// Sets the channel's numbers at the telephone company so that their calls come to us, and says what is wrong still.
#[utoipa::path(put, path = "/channels/{id}/numbers", tag = "channels", params(("id" = ChannelId, Path)), responses(
    (status = 200, body = schemas::Findings), (status = 403)
))]
pub async fn set(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<ChannelId>,
) -> Result<Json<Value>, Problem> {
    Ok(told(&compare(&web, &caller, id, true).await?))
}

/// Also for pages. `fix`: sets them, too.
pub async fn compare(web: &Web, caller: &Caller, id: ChannelId, fix: bool) -> Result<Findings, Problem> {
    caller.must_be_admin()?;
    let channel = web.desk.settings().channels.get(&id).cloned().ok_or_else(Problem::not_found)?;
    let mut findings = Findings::default();
    numbers::check(&channel, &web.public_url, &web.providers, fix, &mut findings).await;
    if fix {
        info!(channel.id = %id, errors = findings.errors(), "the channel's numbers were set");
    }
    Ok(findings)
}

fn told(findings: &Findings) -> Json<Value> {
    Json(json!({ "findings": findings.0 }))
}
