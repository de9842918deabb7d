//! Recorded messages that callers can be played.

use super::{
    Problem, Web,
    auth::{Caller, Id, Page},
    page::settings_page,
};
use crate::{routing::ids::GreetingId, store::settings::Greeting};
use axum::{Json, extract::State};
use serde_json::{Value, json};

pub async fn list(_: Caller, State(web): State<Web>, page: Page<GreetingId>) -> Json<Value> {
    let settings = web.desk.settings();
    let items = settings.greetings.values().map(|greeting| (greeting.id, shown(greeting, &web)));
    settings_page(items, page.after.as_ref(), page.limit)
}

pub async fn show(_: Caller, State(web): State<Web>, Id(id): Id<GreetingId>) -> Result<Json<Value>, Problem> {
    let settings = web.desk.settings();
    let greeting = settings.greetings.get(&id).ok_or_else(Problem::not_found)?;
    Ok(Json(shown(greeting, &web)))
}

fn shown(greeting: &Greeting, web: &Web) -> Value {
    let Greeting { id, name, sha256, created_at } = greeting;
    let audio = format!("{}/media/{sha256}.wav", web.public_url);
    json!({ "id": id, "name": name, "audio": audio, "created_at": created_at })
}
