//! Recorded messages that callers can be played.

use super::{
    Problem, Web,
    access::{Sight, Viewer},
    auth::{Caller, Id, Page},
    page::settings_page,
    schemas,
    settings::tagged,
};
use crate::{
    routing::ids::GreetingId,
    store::{audit::Subject, settings::Greeting},
};
use axum::{Json, extract::State, http::HeaderMap, response::Response};
use serde_json::{Value, json};

/// Lists greetings.
#[utoipa::path(get, path = "/greetings", params(schemas::Paging), responses(
    (status = 200, body = schemas::Page<schemas::RecordedMessage>)
))]
pub async fn list(caller: Caller, State(web): State<Web>, page: Page<GreetingId>) -> Json<Value> {
    let settings = web.desk.settings();
    let viewer = Viewer::new(&caller, &settings);
    let seen = settings.greetings.values().filter(|greeting| viewer.greeting(greeting.id) == Sight::All);
    let items = seen.map(|greeting| (greeting.id, shown(greeting, &web)));
    settings_page(items, page.after.as_ref(), page.limit)
}

/// Shows a greeting.
#[utoipa::path(get, path = "/greetings/{id}",
    params(("id" = GreetingId, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = schemas::RecordedMessage, headers(("ETag" = String))), (status = 304))
)]
pub async fn show(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<GreetingId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let settings = web.desk.settings();
    let greeting = settings.greetings.get(&id).ok_or_else(Problem::not_found)?;
    if Viewer::new(&caller, &settings).greeting(id) != Sight::All {
        return Err(Problem::not_found());
    }
    let document =
        settings.document(Subject { kind: "greeting", id: id.0 }).ok_or_else(Problem::not_found)?;
    Ok(tagged(&shown(greeting, &web), &document, &headers))
}

fn shown(greeting: &Greeting, web: &Web) -> Value {
    let Greeting { id, name, sha256, created_at } = greeting;
    let audio = format!("{}/media/{sha256}.wav", web.public_url);
    json!({ "id": id, "name": name, "audio": audio, "created_at": created_at })
}
