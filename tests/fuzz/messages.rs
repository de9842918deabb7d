//! What customers' messages are made of: webhooks of WhatsApp, forms, frames of a chat. Whatever it is, what is taken is a
//! message that everybody further in can rely on.

use crate::draw::Draw;
use axum::body::Bytes;
use chrono::DateTime;
use serde_json::{Value, json};
use strowger::{
    messaging::{chat, form, whatsapp},
    routing::ids::{ChannelId, Ids},
    tickets::{
        channel::Form,
        incoming::{Identity, Incoming},
    },
};

fn channel() -> ChannelId {
    ChannelId(Ids::new(1).next(1))
}

fn is_one_line(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}

/// What holds for every message.
fn check(incoming: &Incoming) {
    assert!(!incoming.key.is_empty());
    assert!(incoming.name.as_deref().is_none_or(is_one_line), "{:?}", incoming.name);
    assert!(incoming.subject.as_deref().is_none_or(is_one_line), "{:?}", incoming.subject);
    match &incoming.from {
        Identity::Number(number) => {
            let digits = number.strip_prefix('+').expect("E.164 begins with a plus");
            assert!(
                (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()),
                "{number}"
            );
        }
        Identity::Email(email) => {
            assert!(*email == email.to_lowercase() && email.split('@').count() == 2, "{email}");
        }
        Identity::Visitor(visitor) => assert!(!visitor.is_empty()),
        Identity::Unknown => {}
    }
    for file in &incoming.attachments {
        assert!(is_one_line(&file.name) && !file.name.contains(['/', '\\']), "{}", file.name);
    }
}

fn webhook() -> Value {
    let message = |kind: &str, own: Value| json!({ "from": "16505551234", "id": "wamid.1", "timestamp": "1749416383", "type": kind, kind: own });
    let image = json!({ "id": "1003383421387256", "mime_type": "image/jpeg", "caption": "Taj" });
    let list =
        json!({ "type": "list_reply", "list_reply": { "title": "Express", "description": "Next day" } });
    let flow = json!({ "type": "nfm_reply", "nfm_reply": { "response_json": "{\"a\": 1}" } });
    let order =
        json!({ "product_items": [{ "product_retailer_id": "x", "quantity": 2, "item_price": 7.99 }] });
    let contacts = json!([{ "name": { "formatted_name": "B" }, "phones": [{ "phone": "+1 555" }] }]);
    let messages = [
        message("text", json!({ "body": "Hi" })),
        message("image", image),
        message("interactive", list),
        message("interactive", flow),
        message("order", order),
        message("contacts", contacts),
        message("location", json!({ "latitude": 37.4, "longitude": -122.1, "name": "Here" })),
        message("reaction", json!({ "emoji": "👍" })),
    ];
    let errors = json!([{ "code": 131026, "title": "Undeliverable", "error_data": { "details": "x" } }]);
    let status = json!({ "id": "wamid.1", "status": "failed", "timestamp": "1749416383", "errors": errors });
    let value = json!({ "metadata": { "phone_number_id": "106540352242922" }, "messages": messages,
        "contacts": [{ "profile": { "name": "Ada" }, "wa_id": "16505551234" }], "statuses": [status] });
    json!({ "object": "whatsapp_business_account", "entry": [{ "changes": [{ "field": "messages", "value": value }] }] })
}

#[test]
fn whatever_a_webhook_of_whatsapp_is_made_of_what_is_heard_can_be_relied_on() {
    let good = webhook();
    fuzz!(2_000, 300, |draw: &mut Draw<'_>| {
        let body = match draw.chance(3) {
            true => draw.mutated(good.to_string().as_bytes(), 6),
            false => {
                let mut value = good.clone();
                for _ in 0..=draw.below(4) {
                    value = draw.mutated_json(&value);
                }
                value.to_string().into_bytes()
            }
        };
        for heard in whatsapp::read(&body, DateTime::UNIX_EPOCH).unwrap_or_default() {
            match heard {
                whatsapp::Heard::Message(message) => {
                    check(&message.incoming(channel()));
                    if let Some(media) = &message.media {
                        assert!(!media.id.is_empty() && media.id.bytes().all(|b| b.is_ascii_digit()));
                    }
                }
                whatsapp::Heard::Report(report) => assert!(!report.outside_id.is_empty()),
            }
        }
    });
}

#[test]
fn whatever_is_filled_in_becomes_a_message_or_is_refused_by_its_field() {
    let honeypot = Form { honeypot: Some("website".into()), ..Form::default() };
    let names = ["name", "email", "phone", "subject", "message", "website", "colour"];
    fuzz!(2_000, 400, |draw: &mut Draw<'_>| {
        let fields = (0..draw.below(9)).map(|_| {
            let name = if draw.chance(4) { draw.text(3) } else { draw.pick(&names).to_owned() };
            let good = draw.pick(&["Ada", "a@b.at", "+43 (0) 1 234 56 78", "Help", ""]);
            let value = if draw.chance(2) { good.to_owned() } else { draw.text(8) };
            (name, value)
        });
        let fields: Vec<(String, String)> = fields.collect();
        let files = (0..draw.below(3)).map(|_| form::File {
            name: draw.text(6),
            content_type: draw.text(4),
            bytes: Bytes::from(draw.bytes(8)),
        });
        let submission = form::Submission { files: files.collect(), fields };
        let has_message =
            submission.fields.iter().any(|(name, value)| name == "message" && !value.trim().is_empty());
        let has_files = !submission.files.is_empty();
        match form::read(&honeypot, channel(), None, submission.clone(), DateTime::UNIX_EPOCH) {
            Ok(form::Read::Message(arrival)) => {
                check(&arrival.incoming);
                assert_eq!(arrival.incoming.attachments.len(), arrival.files.len());
                assert!(has_message || has_files, "{submission:?}");
            }
            Ok(form::Read::Machine) => assert!(submission.fields.iter().any(|(name, _)| name == "website")),
            Err(refused) => assert!(refused.field.chars().count() <= 100),
        }
    });
}

#[test]
fn whatever_a_body_or_a_frame_is_it_is_read_or_refused() {
    let frame = json!({ "type": "message", "key": "1", "text": "Hi" });
    fuzz!(2_000, 200, |draw: &mut Draw<'_>| {
        let body = draw.bytes(200);
        let _ = form::urlencoded_fields(&body);
        let _ = form::json_fields(&body);
        let _ = form::json_fields(draw.json(3).to_string().as_bytes());
        let text = draw.mutated_json(&frame).to_string();
        if let Some(chat::Said::Message { key, text }) = chat::read(&text) {
            let visitor = chat::Visitor::new(Some(draw.text(4)), Some(draw.text(4)));
            if let Ok(incoming) = visitor.message(channel(), &key, &text) {
                check(&incoming);
                assert_eq!(chat::own_key(&incoming.key), Some(key));
            }
        }
    });
}
