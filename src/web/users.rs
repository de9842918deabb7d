//! Users. Each says what they are allowed; nobody is ever deleted, as tickets name them.

use super::{
    Problem, Web,
    auth::{Caller, Document, Id, Page},
    page::{created, merge, settings_page, unexpected, with_id},
};
use crate::{routing::ids::UserId, store::settings::Change};
use axum::{Json, extract::State, response::Response};
use serde_json::{Value, json};

/// Whoever asks.
pub async fn me(caller: Caller, State(web): State<Web>) -> Json<Value> {
    let settings = web.desk.settings();
    let user = caller.user.and_then(|id| Some(with_id(id, settings.user_document(id)?)));
    Json(json!({ "role": caller.role, "user": user }))
}

pub async fn list(_: Caller, State(web): State<Web>, page: Page<UserId>) -> Json<Value> {
    let settings = web.desk.settings();
    let items = settings.users().map(|(id, document)| (id, with_id(id, document)));
    settings_page(items, page.after.as_ref(), page.limit)
}

pub async fn show(_: Caller, State(web): State<Web>, Id(id): Id<UserId>) -> Result<Json<Value>, Problem> {
    let settings = web.desk.settings();
    let document = settings.user_document(id).ok_or_else(Problem::not_found)?;
    Ok(Json(with_id(id, document)))
}

pub async fn create(
    caller: Caller,
    State(web): State<Web>,
    Document(body): Document,
) -> Result<Response, Problem> {
    caller.must_be_admin()?;
    let id = UserId(web.new_id());
    Ok(created("users", id, save(&web, id, body).await?))
}

pub async fn change(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<UserId>,
    Document(patch): Document,
) -> Result<Json<Value>, Problem> {
    caller.must_be_admin()?;
    let mut document = web.desk.settings().user_document(id).cloned().ok_or_else(Problem::not_found)?;
    merge(&mut document, patch);
    save(&web, id, document).await.map(Json)
}

async fn save(web: &Web, id: UserId, document: Value) -> Result<Value, Problem> {
    match web.desk.save(Change::User(id, document)).await?? {
        Change::User(id, document) => Ok(with_id(id, &document)),
        _ => Err(unexpected()),
    }
}
