//! What one was told of tickets, and by which ways one wishes to be told.

mod choices;
mod list;

use super::{super::Web, form::Fields};
use axum::{
    Router,
    routing::{get, post},
};
pub use choices::{beside, replace};
use serde_json::{Map, Value};

/// Of what people choose to be told: as it stands in a document, and the key of its name.
pub const KINDS: [(&str, &str); 3] = [
    ("unassigned", "notifications-of-unassigned"),
    ("assigned", "notifications-of-assigned"),
    ("message", "notifications-of-message"),
];

/// By which ways, the same.
pub const WAYS: [(&str, &str); 3] = [
    ("page", "notifications-by-page"),
    ("mail", "notifications-by-mail"),
    ("webhook", "notifications-by-webhook"),
];

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/notifications", get(list::show_page))
        .route("/notifications/read", post(list::read_until))
        .route("/notifications/{id}/read", post(list::read_one))
        .route("/me/notifications", get(choices::show_page).post(choices::save))
}

/// How the field of a kind and a way is called in forms.
pub fn field(kind: &str, way: &str) -> String {
    format!("{kind}-{way}")
}

/// The document that a form sends. `value`: of what was typed into a field.
pub fn document(fields: &Fields, value: impl Fn(&str) -> Value) -> Value {
    let ways = |kind: &str| {
        let typed = WAYS.map(|(way, _)| (way.to_owned(), value(fields.text(&field(kind, way)))));
        Value::Object(Map::from_iter(typed))
    };
    Value::Object(KINDS.iter().map(|(kind, _)| ((*kind).to_owned(), ways(kind))).collect())
}
