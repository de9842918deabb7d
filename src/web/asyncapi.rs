//! What goes over the softphones' socket, as an AsyncAPI 3 document made from the frames themselves.

use super::auth::Caller;
use crate::desk::softphones::{Frame, Said};
use axum::Json;
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

/// The softphones' socket, as an AsyncAPI 3 document.
#[utoipa::path(get, path = "/asyncapi.json", responses((status = 200, content_type = "application/json", body = Object)))]
pub async fn show(_: Caller) -> Json<Value> {
    Json(document())
}

fn document() -> Value {
    let mut schemas = Vec::new();
    Said::schemas(&mut schemas);
    Frame::schemas(&mut schemas);
    let schemas: Map<String, Value> =
        schemas.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
    let (said, told) = (messages::<Said>("said"), messages::<Frame>("told"));
    let channel = |names: &Map<String, Value>| -> Vec<Value> {
        names.keys().map(|name| json!({ "$ref": format!("#/channels/softphone/messages/{name}") })).collect()
    };
    let operations = json!({
        "hear": { "action": "receive", "channel": { "$ref": "#/channels/softphone" }, "messages": channel(&said) },
        "tell": { "action": "send", "channel": { "$ref": "#/channels/softphone" }, "messages": channel(&told) },
    });
    let all = said.keys().chain(told.keys());
    let references: Map<String, Value> =
        all.map(|name| (name.clone(), json!({ "$ref": format!("#/components/messages/{name}") }))).collect();
    let messages: Map<String, Value> = said.into_iter().chain(told).collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Strowger's softphones",
            "version": "1",
            "description": "A websocket, subprotocol strowger.v1, of JSON text frames. The token goes in the Authorization \
                header or as a second subprotocol bearer.TOKEN. A frame from the client may carry a ref, which its answer echoes.",
        },
        "defaultContentType": "application/json",
        "channels": { "softphone": { "address": "/softphone", "messages": references } },
        "operations": operations,
        "components": { "messages": messages, "schemas": schemas },
    })
}

/// The frames of one direction, by their types. Where both have a type of one name, they differ by the direction.
fn messages<T: PartialSchema>(direction: &str) -> Map<String, Value> {
    let schema = json!(T::schema());
    let variants = schema["oneOf"].as_array().cloned().unwrap_or_default();
    let named = variants.into_iter().filter_map(|mut variant| {
        let kind = frame_type(&variant)?;
        if direction == "said" {
            add_reference(&mut variant);
        }
        let message = json!({ "name": kind, "title": kind, "payload": variant });
        Some((format!("{direction}_{kind}"), message))
    });
    named.collect()
}

/// The one value that `type` may have.
fn frame_type(variant: &Value) -> Option<String> {
    let parts = variant["allOf"].as_array().map_or(std::slice::from_ref(variant), Vec::as_slice);
    let kind = parts.iter().find_map(|part| part["properties"]["type"]["enum"][0].as_str());
    kind.map(str::to_owned)
}

fn add_reference(variant: &mut Value) {
    let part = match variant["allOf"].as_array().map(Vec::len) {
        Some(parts) => &mut variant["allOf"][parts - 1],
        None => variant,
    };
    part["properties"]["ref"] = json!({ "description": "Anything; the answer carries it." });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn listed(direction: &str) -> BTreeSet<String> {
        let document = document();
        let messages = document["components"]["messages"].as_object().expect("messages");
        let names = messages.keys().filter_map(|name| name.strip_prefix(direction)?.strip_prefix('_'));
        names.map(str::to_owned).collect()
    }

    /// serde lists what it knows when it hears of something else.
    #[test]
    fn every_frame_that_is_understood_is_in_the_document() {
        let error =
            serde_json::from_value::<Said>(json!({ "type": "?" })).expect_err("no such type").to_string();
        let known = error.split('`').skip(3).step_by(2).map(str::to_owned).collect();
        assert_eq!(listed("said"), known, "{error}");
    }

    #[test]
    fn every_frame_that_is_sent_is_in_the_document() {
        let source = include_str!("../desk/softphones.rs");
        let frames = source.split_once("pub enum Frame {").and_then(|(_, rest)| rest.split_once("\n}"));
        let frames = frames.expect("the frames").0.lines();
        let variants = frames
            .filter_map(|line| line.strip_prefix("    "))
            .filter(|line| line.starts_with(char::is_uppercase));
        let snake = |line: &str| {
            let name: String = line.chars().take_while(|c| c.is_alphanumeric()).collect();
            let split = name.chars().enumerate().flat_map(|(index, c)| {
                (c.is_uppercase() && index > 0).then_some('_').into_iter().chain(c.to_lowercase())
            });
            split.collect::<String>()
        };
        let known: BTreeSet<String> = variants.map(snake).collect();
        assert!(known.len() >= 10, "{known:?}");
        assert_eq!(listed("told"), known);
    }
}
