//! The list of contacts, by their names.

use super::{
    super::{
        super::{Problem, Web, access::Viewer},
        layout::{Layout, Signed},
        refusal::Refusal,
        show,
    },
    search::{self, Sought},
};
use crate::{desk::settings::Settings, routing::ids::ContactId};
use askama::Template;
use axum::{
    extract::{Query, State as Reach, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;

const ROWS: usize = 50;
/// How many numbers and addresses stand in a row.
const KEYS_SHOWN: usize = 2;

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
    /// How many come before.
    #[serde(default)]
    from: usize,
    deleted: Option<String>,
}

#[derive(Template)]
#[template(path = "contacts.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    may_write: bool,
    is_deleted: bool,
    rows: Vec<Row>,
    place: Place,
}

/// Where a list stands, and what is looked for in it.
struct Place {
    q: String,
    next: Option<String>,
    before: Option<String>,
}

pub struct Row {
    pub id: ContactId,
    pub name: String,
    pub numbers: Vec<String>,
    pub emails: Vec<String>,
    /// How many more of both there are.
    pub more: usize,
    pub owner: Option<String>,
    pub is_blocked: bool,
}

pub async fn show_page(
    Reach(web): Reach<Web>,
    signed: Signed,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refusal> {
    let asked = asked.map_err(|_| signed.refuse(Problem::not_found()))?.0;
    let q = asked.q.trim();
    let settings = web.desk.settings();
    let viewer = Viewer::new(&signed.caller, &settings);
    let found = search::find(&Sought::of(q), viewer, &settings, asked.from, ROWS);
    let address = |from: usize| {
        let mut query = form_urlencoded::Serializer::for_suffix("contacts?".to_owned(), "contacts?".len());
        query.append_pair("q", q).append_pair("from", &from.to_string()).finish()
    };
    let place = Place {
        q: q.to_owned(),
        next: found.are_more.then(|| address(asked.from.saturating_add(ROWS))),
        before: (asked.from > 0).then(|| address(asked.from.saturating_sub(ROWS))),
    };
    Ok(show(&Page {
        layout: signed.layout.clone(),
        may_write: signed.caller.must_not_be_agent().is_ok(),
        is_deleted: asked.deleted.is_some(),
        rows: found.ids.iter().filter_map(|id| row(*id, &settings)).collect(),
        place,
    }))
}

pub fn row(id: ContactId, settings: &Settings) -> Option<Row> {
    let contact = settings.contacts.get(id)?;
    let first = |keys: &mut dyn Iterator<Item = &str>| -> Vec<String> {
        keys.take(KEYS_SHOWN).map(str::to_owned).collect()
    };
    let numbers = first(&mut contact.numbers.iter().map(String::as_str));
    let emails = first(&mut contact.emails());
    let all = contact.numbers.len() + contact.emails().count();
    Some(Row {
        id,
        name: contact.name.clone(),
        more: all - numbers.len() - emails.len(),
        numbers,
        emails,
        owner: contact.owner.map(|owner| settings.name_of(owner)),
        is_blocked: contact.blocked.is_some(),
    })
}
