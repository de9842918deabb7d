//! Lists of tickets that somebody keeps under a name: their own, and those that supervisors and admins share with
//! everybody. Whoever uses one sees of its tickets what they see anyway.

use super::{
    Problem, Web,
    auth::{Caller, Document, Id, Page},
    page::{created, merge, page},
    schemas,
    tickets::Wanted,
};
use crate::{
    desk::{
        Row,
        settings::{Fault, Refused, read_form},
    },
    routing::{
        ids::{UserId, ViewId},
        people::Role,
    },
    store::views::{Kept, View},
};
use axum::{Json, extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How many views one user keeps at most.
const VIEWS_MAX: i64 = 100;
const NAME_MAX: usize = 200;

/// What is sent to keep a view.
#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewView)]
pub struct Form {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Everybody may use it: supervisors and admins say so.
    #[serde(default)]
    shared: bool,
    #[serde(default)]
    tickets: Wanted,
}

/// Lists one's own views and those that are shared, the oldest first.
#[utoipa::path(get, path = "/views", tag = "tickets", operation_id = "list_views", params(schemas::Paging),
    responses((status = 200, body = schemas::Page<schemas::View>)))]
pub async fn list(
    caller: Caller,
    State(web): State<Web>,
    asked: Page<ViewId>,
) -> Result<Json<Value>, Problem> {
    let views = web.reader.views(caller.user, asked.after, asked.limit + 1).await?;
    let items = views.iter().map(|view| (view.id.to_string(), object(view)));
    Ok(page(items.collect(), asked.limit))
}

/// Keeps a view.
#[utoipa::path(post, path = "/views", tag = "tickets", operation_id = "create_views", request_body = Form,
    responses((status = 201, body = schemas::View, headers(("Location" = String))), (status = 403), (status = 409)))]
pub async fn create(
    caller: Caller,
    State(web): State<Web>,
    Document(body): Document,
) -> Result<Response, Problem> {
    let view = keep(&caller, body, &web).await?;
    Ok(created("views", view.id, object(&view)))
}

/// Keeps a view, as it was sent.
pub async fn keep(caller: &Caller, body: Value, web: &Web) -> Result<View, Problem> {
    let owner = caller
        .user
        .ok_or_else(|| Problem::forbidden().because("views are a user's, and this token is nobody's"))?;
    let form = read(body, caller)?;
    if web.reader.count_of_views(owner).await? >= VIEWS_MAX {
        let detail = format!("a user keeps at most {VIEWS_MAX} views");
        return Err(Refused::Conflict(Fault::new("", detail)).into());
    }
    let view = kept(ViewId(web.new_id()), owner, form, web);
    web.desk.record(Row::View(Kept::As(view.clone()))).await?;
    Ok(view)
}

/// Shows a view.
#[utoipa::path(get, path = "/views/{id}", tag = "tickets", operation_id = "show_views",
    params(("id" = ViewId, Path)), responses((status = 200, body = schemas::View)))]
pub async fn show(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<ViewId>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(object(&visible(&caller, id, &web).await?)))
}

/// Changes a view of one's own: a JSON merge patch.
#[utoipa::path(patch, path = "/views/{id}", tag = "tickets", operation_id = "change_views",
    params(("id" = ViewId, Path)), request_body(content = Object, content_type = "application/merge-patch+json"),
    responses((status = 200, body = schemas::View), (status = 403)))]
pub async fn change(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<ViewId>,
    Document(patch): Document,
) -> Result<Json<Value>, Problem> {
    Ok(Json(object(&rewrite(&caller, id, patch, &web).await?)))
}

/// Changes a view, as a merge patch says.
pub async fn rewrite(caller: &Caller, id: ViewId, patch: Value, web: &Web) -> Result<View, Problem> {
    let before = writable(caller, id, web).await?;
    let mut document =
        json!({ "name": before.name, "shared": before.shared_at.is_some(), "tickets": before.document });
    merge(&mut document, patch);
    let form = read(document, caller)?;
    let view = kept(id, before.owner, form, web);
    web.desk.record(Row::View(Kept::As(view.clone()))).await?;
    Ok(view)
}

/// Forgets a view of one's own; admins those of others, too.
#[utoipa::path(delete, path = "/views/{id}", tag = "tickets", operation_id = "delete_views",
    params(("id" = ViewId, Path)),
    responses((status = 204, description = "It is gone"), (status = 403)))]
pub async fn delete(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<ViewId>,
) -> Result<StatusCode, Problem> {
    forget(&caller, id, &web).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn forget(caller: &Caller, id: ViewId, web: &Web) -> Result<(), Problem> {
    writable(caller, id, web).await?;
    web.desk.record(Row::View(Kept::Gone(id))).await?;
    Ok(())
}

/// What a view asks for. `None`: there is no such view for whoever asks.
pub async fn wanted(caller: &Caller, id: ViewId, web: &Web) -> Result<Wanted, Problem> {
    Ok(asked(&visible(caller, id, web).await?))
}

/// What was kept by an older program may ask for what is there no more; then it asks for nothing.
pub fn asked(view: &View) -> Wanted {
    serde_json::from_value(view.document.clone()).unwrap_or_default()
}

pub async fn visible(caller: &Caller, id: ViewId, web: &Web) -> Result<View, Problem> {
    let view = web.reader.view(id).await?.ok_or_else(Problem::not_found)?;
    let theirs = caller.user == Some(view.owner) || view.shared_at.is_some() || caller.role == Role::Admin;
    if theirs { Ok(view) } else { Err(Problem::not_found()) }
}

async fn writable(caller: &Caller, id: ViewId, web: &Web) -> Result<View, Problem> {
    let view = visible(caller, id, web).await?;
    match may_write(caller, &view) {
        true => Ok(view),
        false => Err(Problem::forbidden().because("this view is somebody else's")),
    }
}

pub fn may_write(caller: &Caller, view: &View) -> bool {
    caller.user == Some(view.owner) || caller.role == Role::Admin
}

fn read(body: Value, caller: &Caller) -> Result<Form, Problem> {
    let asked = body["tickets"].clone();
    let form: Form = read_form(body).map_err(Problem::invalid)?;
    let known = json!(form.tickets);
    let unknown =
        asked.as_object().into_iter().flat_map(|asked| asked.keys()).find(|key| known.get(key).is_none());
    if let Some(key) = unknown {
        let pointer = format!("/tickets/{}", key.replace('~', "~0").replace('/', "~1"));
        return Err(Problem::invalid(Fault::new(pointer, "a view asks for nothing of this name")));
    }
    if form.name.trim().is_empty()
        || form.name.chars().count() > NAME_MAX
        || form.name.chars().any(char::is_control)
    {
        return Err(Problem::invalid(Fault::new("/name", "a name has 1 to 200 characters, on one line")));
    }
    form.tickets.check("/tickets")?;
    if form.shared {
        caller.must_not_be_agent()?;
    }
    Ok(form)
}

fn kept(id: ViewId, owner: UserId, form: Form, web: &Web) -> View {
    let shared_at = form.shared.then(|| web.clock.now().at);
    View { id, owner, shared_at, name: form.name, document: json!(form.tickets) }
}

pub fn object(view: &View) -> Value {
    json!({
        "id": view.id, "owner": view.owner, "name": view.name, "shared": view.shared_at.is_some(),
        "tickets": view.document,
    })
}
