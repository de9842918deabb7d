//! What is different between two documents, for people to read: each field that has changed, before and after.

use serde_json::Value;

/// Longer values are cut.
const CHARACTERS_MAX: usize = 300;

/// The fields that are not the same, with both values, in words.
pub fn between(before: &Value, after: &Value) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    compare("", before, after, &mut found);
    found
}

fn compare(place: &str, before: &Value, after: &Value, found: &mut Vec<(String, String, String)>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => each(place, old, new, found),
        // Something new or gone is told field by field, too.
        (Value::Null, Value::Object(new)) if place.is_empty() => each(place, &Default::default(), new, found),
        (Value::Object(old), Value::Null) if place.is_empty() => each(place, old, &Default::default(), found),
        _ => found.push((place.to_owned(), in_words(before), in_words(after))),
    }
}

fn each(
    place: &str,
    old: &serde_json::Map<String, Value>,
    new: &serde_json::Map<String, Value>,
    found: &mut Vec<(String, String, String)>,
) {
    let added = new.keys().filter(|key| !old.contains_key(*key));
    for key in old.keys().chain(added) {
        let below = if place.is_empty() { key.clone() } else { format!("{place} / {key}") };
        let (old, new) = (old.get(key).unwrap_or(&Value::Null), new.get(key).unwrap_or(&Value::Null));
        compare(&below, old, new, found);
    }
}

fn in_words(value: &Value) -> String {
    let whole = match value {
        Value::Null => return String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(in_words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    match whole.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &whole[..end]),
        None => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_field_that_has_changed_is_told_before_and_after() {
        let before =
            json!({"name": "Ann", "seats": ["service"], "reach": {"client": "ann"}, "capacity": null});
        let after = json!({"name": "Anna", "seats": [], "reach": {"sip": "sip:a@b"}, "capacity": null});
        let told = |before: &Value, after: &Value| between(before, after);
        let line = |field: &str, old: &str, new: &str| (field.to_owned(), old.to_owned(), new.to_owned());
        assert_eq!(
            told(&before, &after),
            [
                line("name", "Ann", "Anna"),
                line("reach / client", "ann", ""),
                line("reach / sip", "", "sip:a@b"),
                line("seats", "service", ""),
            ]
        );
        assert_eq!(told(&before, &before), []);
        assert_eq!(told(&Value::Null, &json!({"name": "Ann"})), [line("name", "", "Ann")]);
        assert_eq!(told(&json!({"name": "Ann"}), &Value::Null), [line("name", "Ann", "")]);
        let long = "é".repeat(400);
        assert_eq!(told(&json!({"a": ""}), &json!({ "a": long }))[0].2.chars().count(), 301);
    }
}
