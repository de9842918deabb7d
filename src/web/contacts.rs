//! Contacts: who calls, by their numbers. Admins and supervisors keep them. An agent reads those that they own; of the
//! others they see the name, with calls that they may see.

use super::{
    Problem, Web,
    auth::{Caller, Document, Id, Page},
    page::{created, merge, page, unexpected, with_id},
};
use crate::{
    routing::{contacts::Contact, ids::ContactId},
    store::settings::Change,
};
use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
pub struct Wanted {
    number: Option<String>,
}

/// All of them, or the one that has a number.
pub async fn list(
    caller: Caller,
    State(web): State<Web>,
    asked: Page<ContactId>,
    wanted: Result<Query<Wanted>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Problem> {
    caller.must_not_be_agent()?;
    let Query(wanted) = wanted.map_err(|error| Problem::malformed(error.body_text()))?;
    let settings = web.desk.settings();
    let found = match wanted.number.map(number) {
        Some(number) => settings.contacts.of(&number).into_iter().collect(),
        None => {
            let count = usize::try_from(asked.limit).unwrap_or(usize::MAX).saturating_add(1);
            settings.contacts.after(asked.after, count)
        }
    };
    let items = found.into_iter().map(|(id, contact)| (id.to_string(), object(id, contact)));
    Ok(page(items.collect(), asked.limit))
}

pub async fn show(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<ContactId>,
) -> Result<Json<Value>, Problem> {
    let settings = web.desk.settings();
    let contact = settings.contacts.get(id).ok_or_else(Problem::not_found)?;
    if caller.is_agent() && (caller.user.is_none() || contact.owner != caller.user) {
        return Err(Problem::not_found());
    }
    Ok(Json(object(id, contact)))
}

pub async fn create(
    caller: Caller,
    State(web): State<Web>,
    Document(body): Document,
) -> Result<Response, Problem> {
    caller.must_not_be_agent()?;
    let id = ContactId(web.new_id());
    Ok(created("contacts", id, save(&web, id, body).await?))
}

pub async fn change(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<ContactId>,
    Document(patch): Document,
) -> Result<Json<Value>, Problem> {
    caller.must_not_be_agent()?;
    let mut document = json!(web.desk.settings().contacts.get(id).ok_or_else(Problem::not_found)?);
    merge(&mut document, patch);
    save(&web, id, document).await.map(Json)
}

pub async fn delete(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<ContactId>,
) -> Result<StatusCode, Problem> {
    caller.must_not_be_agent()?;
    web.desk.save(Change::DeleteContact(id)).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// A number out of an address, where a plus that was not escaped stands for a space.
pub fn number(text: String) -> String {
    match text.strip_prefix(' ') {
        Some(digits) => format!("+{digits}"),
        None => text,
    }
}

fn object(id: ContactId, contact: &Contact) -> Value {
    with_id(id, &json!(contact))
}

async fn save(web: &Web, id: ContactId, document: Value) -> Result<Value, Problem> {
    match web.desk.save(Change::Contact(id, document)).await?? {
        Change::Contact(id, document) => Ok(with_id(id, &document)),
        _ => Err(unexpected()),
    }
}
