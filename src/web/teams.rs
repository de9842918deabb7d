//! Teams, their main and extra members.

use super::{
    Problem, Web,
    auth::{Caller, Document, Id, Page},
    page::{created, merge, settings_page, unexpected, with_id},
};
use crate::{routing::ids::TeamId, store::settings::Change};
use axum::{Json, extract::State, response::Response};
use serde_json::Value;

pub async fn list(_: Caller, State(web): State<Web>, page: Page<TeamId>) -> Json<Value> {
    let settings = web.desk.settings();
    let items = settings.teams().map(|(id, document)| (id, with_id(id, document)));
    settings_page(items, page.after.as_ref(), page.limit)
}

pub async fn show(_: Caller, State(web): State<Web>, Id(id): Id<TeamId>) -> Result<Json<Value>, Problem> {
    let settings = web.desk.settings();
    let document = settings.team_document(id).ok_or_else(Problem::not_found)?;
    Ok(Json(with_id(id, document)))
}

pub async fn create(
    caller: Caller,
    State(web): State<Web>,
    Document(body): Document,
) -> Result<Response, Problem> {
    caller.must_be_admin()?;
    let id = TeamId(web.new_id());
    Ok(created("teams", id, save(&web, id, body).await?))
}

pub async fn change(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<TeamId>,
    Document(patch): Document,
) -> Result<Json<Value>, Problem> {
    caller.must_be_admin()?;
    let mut document = web.desk.settings().team_document(id).cloned().ok_or_else(Problem::not_found)?;
    merge(&mut document, patch);
    save(&web, id, document).await.map(Json)
}

pub async fn delete(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<TeamId>,
) -> Result<axum::http::StatusCode, Problem> {
    caller.must_be_admin()?;
    web.desk.save(Change::DeleteTeam(id)).await??;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

async fn save(web: &Web, id: TeamId, document: Value) -> Result<Value, Problem> {
    match web.desk.save(Change::Team(id, document)).await?? {
        Change::Team(id, document) => Ok(with_id(id, &document)),
        _ => Err(unexpected()),
    }
}
