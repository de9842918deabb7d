//! What lists and settings have in common.

use super::Problem;
use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::fmt::Display;

/// `{"items": […], "next": CURSOR or null}` out of at most `limit + 1` items with their cursors.
pub fn page(mut items: Vec<(String, Value)>, limit: u32) -> Json<Value> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|(cursor, _)| cursor.clone());
    let items: Vec<Value> = items.into_iter().map(|(_, item)| item).collect();
    Json(json!({ "items": items, "next": next }))
}

/// A page that says itself where to go on.
pub fn page_until(items: Vec<Value>, next: Option<String>) -> Json<Value> {
    Json(json!({ "items": items, "next": next }))
}

/// A page of settings, which are all in memory and sorted by id.
pub fn settings_page<T: Ord + Display>(
    items: impl Iterator<Item = (T, Value)>,
    after: Option<&T>,
    limit: u32,
) -> Json<Value> {
    let rest = items.filter(|(id, _)| after.is_none_or(|after| id > after));
    let taken = rest.take(usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1));
    page(taken.map(|(id, item)| (id.to_string(), item)).collect(), limit)
}

/// 201 with `Location` and the object.
pub fn created(path: &str, id: impl Display, object: Value) -> Response {
    let location = format!("/api/v1/{path}/{id}");
    (StatusCode::CREATED, [(header::LOCATION, location)], Json(object)).into_response()
}

/// JSON merge patch (RFC 7396).
pub fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Some(fields) = target.as_object_mut() else { return };
    for (key, value) in patch {
        if value.is_null() {
            fields.remove(&key);
        } else {
            merge(fields.entry(key).or_insert(Value::Null), value);
        }
    }
}

/// What was sent back after a save is always the kind that was saved.
pub fn unexpected() -> Problem {
    Problem::new(500, "The engine answered something else")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_patch_replaces_adds_and_removes() {
        let mut target = json!({"a": {"b": 1, "c": 2}, "d": [1, 2], "e": 5});
        merge(&mut target, json!({"a": {"b": null, "x": 3}, "d": [9], "e": {"f": null}}));
        assert_eq!(target, json!({"a": {"c": 2, "x": 3}, "d": [9], "e": {}}));
    }
}
