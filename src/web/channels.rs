//! Channels: numbers, hours, routing, greetings.

use super::{
    Problem, Web,
    auth::{Caller, Document, Id, Page},
    page::{created, merge, settings_page, unexpected, with_id},
};
use crate::{routing::ids::ChannelId, store::settings::Change};
use axum::{Json, extract::State, response::Response};
use serde_json::Value;

pub async fn list(_: Caller, State(web): State<Web>, page: Page<ChannelId>) -> Json<Value> {
    let settings = web.desk.settings();
    let items = settings.channel_documents().map(|(id, document)| (id, with_id(id, document)));
    settings_page(items, page.after.as_ref(), page.limit)
}

pub async fn show(_: Caller, State(web): State<Web>, Id(id): Id<ChannelId>) -> Result<Json<Value>, Problem> {
    let settings = web.desk.settings();
    let document = settings.channel_document(id).ok_or_else(Problem::not_found)?;
    Ok(Json(with_id(id, document)))
}

pub async fn create(
    caller: Caller,
    State(web): State<Web>,
    Document(body): Document,
) -> Result<Response, Problem> {
    caller.must_be_admin()?;
    let id = ChannelId(web.new_id());
    Ok(created("channels", id, save(&web, id, body).await?))
}

pub async fn change(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<ChannelId>,
    Document(patch): Document,
) -> Result<Json<Value>, Problem> {
    caller.must_be_admin()?;
    let mut document = web.desk.settings().channel_document(id).cloned().ok_or_else(Problem::not_found)?;
    merge(&mut document, patch);
    save(&web, id, document).await.map(Json)
}

pub async fn delete(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<ChannelId>,
) -> Result<axum::http::StatusCode, Problem> {
    caller.must_be_admin()?;
    web.desk.save(Change::DeleteChannel(id)).await??;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

async fn save(web: &Web, id: ChannelId, document: Value) -> Result<Value, Problem> {
    match web.desk.save(Change::Channel(id, document)).await?? {
        Change::Channel(id, document) => Ok(with_id(id, &document)),
        _ => Err(unexpected()),
    }
}
