//! What a webhook says: messages of customers, and how far ours have come. Meta adds kinds of messages as it pleases; one
//! that is not known here is told as such and never keeps the others of its webhook from being read.

use super::trouble::Trouble;
use crate::{
    messaging::plain,
    routing::ids::{ChannelId, MessageId},
    tickets::{
        incoming::{Identity, Incoming, Nature, Threading},
        message::Sending,
    },
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::BTreeMap;

/// What marks a message of ours that is one of several.
const PART: &str = ":part";
const FILES: [&str; 5] = ["image", "video", "audio", "document", "sticker"];
const NAME_CHARS_MAX: usize = 128;
/// Somebody opened the conversation and has said nothing yet.
const OPENED: &str = "request_welcome";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Message(Box<Received>),
    Report(Report),
}

/// A message to one of our numbers. Its file is still to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub phone_number_id: String,
    pub id: String,
    pub at: Option<DateTime<Utc>>,
    pub media: Option<Media>,
    from: Identity,
    name: Option<String>,
    text: String,
    nature: Nature,
    properties: BTreeMap<String, String>,
}

/// A file that lies at Meta.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Digits and nothing else.
    pub id: String,
    pub content_type: String,
    pub name: String,
}

/// How far a message of ours has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub phone_number_id: String,
    pub outside_id: String,
    /// Ours, as it was sent along.
    pub message: Option<MessageId>,
    pub state: Sending,
}

/// It is not JSON, or not what Meta sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it can't be read")]
pub struct Unreadable;

/// Everything in a webhook that concerns messages. `now`: for what says no time of its own.
pub fn read(body: &[u8], now: DateTime<Utc>) -> Result<Vec<Heard>, Unreadable> {
    let document: Value = serde_json::from_slice(body).map_err(|_| Unreadable)?;
    if document["object"] != "whatsapp_business_account" {
        return Err(Unreadable);
    }
    let changes = list(&document["entry"]).iter().flat_map(|entry| list(&entry["changes"]));
    let values = changes.filter(|change| change["field"] == "messages").map(|change| &change["value"]);
    Ok(values.flat_map(|value| heard(value, now)).collect())
}

fn heard(value: &Value, now: DateTime<Utc>) -> Vec<Heard> {
    let Some(phone_number_id) = text(&value["metadata"]["phone_number_id"]) else { return Vec::new() };
    let messages = list(&value["messages"]).iter().filter(|message| message["type"] != OPENED);
    let messages = messages.filter_map(|message| received(&phone_number_id, message, value));
    let reports = list(&value["statuses"]).iter().filter_map(|status| report(&phone_number_id, status, now));
    messages.map(|message| Heard::Message(Box::new(message))).chain(reports.map(Heard::Report)).collect()
}

fn received(phone_number_id: &str, message: &Value, value: &Value) -> Option<Received> {
    let kind = message["type"].as_str().unwrap_or_default();
    let (number, user_id) = (text(&message["from"]), text(&message["from_user_id"]));
    // Who hides their number has an id that is good for this business alone.
    let from = match (number.as_deref().and_then(international), &user_id) {
        (Some(number), _) => Identity::Number(number),
        (None, Some(user_id)) => Identity::Visitor(user_id.clone()),
        (None, None) => return None,
    };
    let is_theirs = |contact: &&Value| {
        let same = |known: &Option<String>, said: &Value| known.is_some() && text(said) == *known;
        same(&number, &contact["wa_id"]) || same(&user_id, &contact["user_id"])
    };
    let name = list(&value["contacts"]).iter().find(is_theirs);
    let name = name.and_then(|contact| text(&contact["profile"]["name"]));
    let name = name.map(|name| plain(&name, NAME_CHARS_MAX));
    let media = FILES.contains(&kind).then(|| media(kind, &message[kind])).flatten();
    let said = words(kind, message);
    // A hand that is waved and a number that changed ask nobody for anything.
    let nature = if matches!(kind, "reaction" | "system") { Nature::AutoReply } else { Nature::Person };
    Some(Received {
        phone_number_id: phone_number_id.to_owned(),
        id: text(&message["id"])?,
        at: instant(&message["timestamp"]),
        from,
        name: name.filter(|name| !name.is_empty()),
        text: if said.is_empty() && media.is_none() { unshown(kind, message)? } else { said },
        media,
        nature,
        properties: advertised(&message["referral"]),
    })
}

impl Received {
    /// Without its attachment.
    pub fn incoming(&self, channel: ChannelId) -> Incoming {
        Incoming {
            channel,
            key: self.id.clone(),
            from: self.from.clone(),
            name: self.name.clone(),
            subject: None,
            text: self.text.clone(),
            html: None,
            attachments: Vec::new(),
            threading: Threading::Sender,
            nature: self.nature.clone(),
            properties: self.properties.clone(),
            raw: None,
        }
    }
}

fn words(kind: &str, message: &Value) -> String {
    let own = &message[kind];
    match kind {
        "text" => own["body"].as_str().unwrap_or_default().to_owned(),
        "image" | "video" | "document" => own["caption"].as_str().unwrap_or_default().to_owned(),
        "button" => own["text"].as_str().unwrap_or_default().to_owned(),
        "reaction" => own["emoji"].as_str().unwrap_or_default().to_owned(),
        "system" => own["body"].as_str().unwrap_or_default().to_owned(),
        "interactive" => chosen(own),
        "location" => place(own),
        "contacts" => list(own).iter().map(card).collect::<Vec<_>>().join("\n"),
        "order" => order(own),
        _ => String::new(),
    }
}

/// What is told of a message of which nothing can be shown. `None`: there is nothing to tell.
fn unshown(kind: &str, message: &Value) -> Option<String> {
    // A reaction that is taken back has no emoji.
    if kind == "reaction" {
        return None;
    }
    let error = &message["errors"][0];
    let why = text(&error["error_data"]["details"]).or_else(|| text(&error["title"]));
    Some(match why {
        Some(why) => format!("[{kind}: {why}]"),
        None => format!("[{kind}]"),
    })
}

fn chosen(interactive: &Value) -> String {
    let reply = match interactive["type"].as_str() {
        Some(kind @ ("button_reply" | "list_reply")) => &interactive[kind],
        Some("nfm_reply") => return answered(&interactive["nfm_reply"]),
        _ => return String::new(),
    };
    lines([text(&reply["title"]), text(&reply["description"])])
}

/// A form within WhatsApp: what was filled in, field by field.
fn answered(form: &Value) -> String {
    let filled = form["response_json"].as_str().and_then(|json| serde_json::from_str::<Value>(json).ok());
    let Some(Value::Object(fields)) = filled else { return text(&form["body"]).unwrap_or_default() };
    let told = fields.iter().filter(|(name, _)| *name != "flow_token");
    told.map(|(name, value)| {
        format!("{name}: {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    })
    .collect::<Vec<_>>()
    .join("\n")
}

/// Where it is, as an address that maps open (RFC 5870).
fn place(location: &Value) -> String {
    let geo = match (location["latitude"].as_f64(), location["longitude"].as_f64()) {
        (Some(latitude), Some(longitude)) => Some(format!("geo:{latitude},{longitude}")),
        _ => None,
    };
    lines([text(&location["name"]), text(&location["address"]), geo])
}

fn card(contact: &Value) -> String {
    let name = text(&contact["name"]["formatted_name"]).unwrap_or_default();
    let phones = list(&contact["phones"]).iter().filter_map(|phone| text(&phone["phone"]));
    let emails = list(&contact["emails"]).iter().filter_map(|email| text(&email["email"]));
    let reached: Vec<String> = phones.chain(emails).collect();
    if reached.is_empty() { name } else { format!("{name}: {}", reached.join(", ")) }
}

fn order(order: &Value) -> String {
    let items = list(&order["product_items"]).iter().map(|item| {
        let product = text(&item["product_retailer_id"]).unwrap_or_default();
        let (quantity, price) = (text(&item["quantity"]), text(&item["item_price"]));
        let currency = text(&item["currency"]).unwrap_or_default();
        let each = price.map(|price| format!(" ({price} {currency})")).unwrap_or_default();
        Some(format!("{} × {product}{each}", quantity.unwrap_or_default()))
    });
    lines(std::iter::once(text(&order["text"])).chain(items))
}

fn lines(parts: impl IntoIterator<Item = Option<String>>) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn media(kind: &str, own: &Value) -> Option<Media> {
    let id = text(&own["id"]).filter(|id| is_id(id))?;
    let content_type = own["mime_type"].as_str().unwrap_or_default().to_owned();
    let name = text(&own["filename"]).unwrap_or_else(|| {
        let kind = if own["voice"] == true { "voice" } else { kind };
        format!("{kind}.{}", ending(&content_type))
    });
    Some(Media { id, content_type, name })
}

/// Addresses are made of it.
pub fn is_id(id: &str) -> bool {
    (1..=40).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit())
}

fn ending(content_type: &str) -> &str {
    let plain = content_type.split(';').next().unwrap_or_default().trim();
    match plain {
        "image/jpeg" => "jpg",
        "audio/mpeg" => "mp3",
        "audio/mp4" => "m4a",
        "video/3gpp" => "3gp",
        "text/plain" => "txt",
        _ => {
            let subtype = plain.rsplit('/').next().unwrap_or_default();
            let is_plain =
                (1..=5).contains(&subtype.len()) && subtype.bytes().all(|b| b.is_ascii_alphanumeric());
            if is_plain { subtype } else { "bin" }
        }
    }
}

/// Which advertisement somebody came by.
fn advertised(referral: &Value) -> BTreeMap<String, String> {
    let told = [("ad", "headline"), ("ad_url", "source_url")];
    let told = told.into_iter().filter_map(|(name, key)| Some((name.to_owned(), text(&referral[key])?)));
    told.collect()
}

fn report(phone_number_id: &str, status: &Value, now: DateTime<Utc>) -> Option<Report> {
    let at = instant(&status["timestamp"]).unwrap_or(now);
    let state = match status["status"].as_str()? {
        "sent" => Sending::Sent { at },
        "delivered" => Sending::Delivered { at },
        "read" | "played" => Sending::Read { at },
        "failed" => Sending::Failed { at, error: Trouble::read(&status["errors"][0]).told() },
        _ => return None,
    };
    let data = status["biz_opaque_callback_data"].as_str().unwrap_or_default();
    let whole = data.strip_suffix(PART);
    // That one part has gone out or arrived says nothing of the others, and must not hide that one of them has not.
    if whole.is_some() && !matches!(state, Sending::Failed { .. }) {
        return None;
    }
    let message = whole.unwrap_or(data).parse().ok();
    let outside_id = text(&status["id"])?;
    Some(Report { phone_number_id: phone_number_id.to_owned(), outside_id, message, state })
}

/// What goes along with a message of ours and comes back with its statuses.
pub fn called_back(message: MessageId, is_part: bool) -> String {
    if is_part { format!("{message}{PART}") } else { message.to_string() }
}

/// WhatsApp writes numbers without the plus.
fn international(digits: &str) -> Option<String> {
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let is_number = (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    (is_number && !digits.starts_with('0')).then(|| format!("+{digits}"))
}

fn instant(seconds: &Value) -> Option<DateTime<Utc>> {
    let seconds = seconds.as_i64().or_else(|| seconds.as_str()?.parse().ok())?;
    DateTime::from_timestamp(seconds, 0)
}

/// A text that is not empty, or a number.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn now() -> DateTime<Utc> {
        "2026-03-02T12:00:00Z".parse().unwrap()
    }

    /// As the documentation of the Cloud API shows webhooks.
    fn webhook(value: Value) -> Vec<u8> {
        let metadata = json!({ "display_phone_number": "15550783881", "phone_number_id": "106540352242922" });
        let mut whole = json!({ "messaging_product": "whatsapp", "metadata": metadata });
        whole.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
        let change = json!({ "value": whole, "field": "messages" });
        json!({ "object": "whatsapp_business_account", "entry": [{ "id": "102290129340398", "changes": [change] }] })
            .to_string()
            .into_bytes()
    }

    fn message(kind: &str, own: Value) -> Value {
        json!({ "from": "16505551234", "id": "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=",
            "timestamp": "1749416383", "type": kind, kind: own })
    }

    fn received(message: Value) -> Received {
        let contacts = json!([{ "profile": { "name": "Sheena Nelson" }, "wa_id": "16505551234" }]);
        let heard = read(&webhook(json!({ "contacts": contacts, "messages": [message] })), now()).unwrap();
        match <[Heard; 1]>::try_from(heard) {
            Ok([Heard::Message(received)]) => *received,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_text_says_who_wrote_it_when_and_what() {
        let received = received(message("text", json!({ "body": "Does it come in another color?" })));
        assert_eq!(received.phone_number_id, "106540352242922");
        assert_eq!(received.at, Some("2025-06-08T20:59:43Z".parse().unwrap()));
        let channel = "0190b6a1c2d47c5e8f9012345678abcd".parse().unwrap();
        let incoming = received.incoming(channel);
        assert_eq!(incoming.key, "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=");
        assert_eq!(incoming.from, Identity::Number("+16505551234".into()));
        assert_eq!(incoming.name.as_deref(), Some("Sheena Nelson"));
        assert_eq!(incoming.text, "Does it come in another color?");
        assert_eq!((incoming.threading, incoming.nature), (Threading::Sender, Nature::Person));
    }

    #[test]
    fn every_kind_of_message_is_told_in_words() {
        let location = json!({ "latitude": 37.4421497, "longitude": -122.1618105, "name": "Philz Coffee",
            "address": "101 Forest Ave, Palo Alto, CA 94301" });
        let contacts = json!([
            { "name": { "formatted_name": "Barbara J. Johnson" }, "phones": [{ "phone": "+1 (555) 555-1234" }],
              "emails": [{ "email": "bjj@example.com" }] },
            { "name": { "formatted_name": "Ada" } }]);
        let order = json!({ "catalog_id": "1", "text": "Soon, please", "product_items": [
            { "product_retailer_id": "di9ozbzfi4", "quantity": 2, "item_price": 7.99, "currency": "USD" }] });
        let button = json!({ "type": "button_reply", "button_reply": { "id": "yes", "title": "Confirm" } });
        let choice = json!({ "type": "list_reply",
            "list_reply": { "id": "priority_express", "title": "Priority Mail Express", "description": "Next Day" } });
        let flow = json!({ "type": "nfm_reply", "nfm_reply": { "name": "flow", "body": "Sent",
            "response_json": "{\"flow_token\": \"x\", \"day\": \"Monday\", \"guests\": 3}" } });
        let table = [
            ("text", json!({ "body": "Hi" }), "Hi"),
            ("button", json!({ "payload": "x", "text": "Unsubscribe" }), "Unsubscribe"),
            (
                "location",
                location,
                "Philz Coffee\n101 Forest Ave, Palo Alto, CA 94301\ngeo:37.4421497,-122.1618105",
            ),
            ("contacts", contacts, "Barbara J. Johnson: +1 (555) 555-1234, bjj@example.com\nAda"),
            ("order", order, "Soon, please\n2 × di9ozbzfi4 (7.99 USD)"),
            ("interactive", button, "Confirm"),
            ("interactive", choice, "Priority Mail Express\nNext Day"),
            ("interactive", flow, "day: Monday\nguests: 3"),
            ("reaction", json!({ "message_id": "wamid.x", "emoji": "👍" }), "👍"),
            (
                "system",
                json!({ "body": "User A changed to B", "type": "user_changed_number" }),
                "User A changed to B",
            ),
            ("carrier_pigeon", json!({ "seed": 1 }), "[carrier_pigeon]"),
            ("interactive", json!({}), "[interactive]"),
        ];
        for (kind, own, expected) in table {
            let received = received(message(kind, own));
            assert_eq!((received.text.as_str(), &received.media), (expected, &None), "{kind}");
            let is_person = !["reaction", "system"].contains(&kind);
            assert_eq!(received.nature == Nature::Person, is_person, "{kind}");
        }
        let mut unsupported = message("unsupported", json!({}));
        unsupported["errors"] = json!([{ "code": 131051, "title": "Message type unknown",
            "error_data": { "details": "Message type is currently not supported." } }]);
        assert_eq!(received(unsupported).text, "[unsupported: Message type is currently not supported.]");
    }

    #[test]
    fn files_are_named_and_only_their_id_says_where_they_are() {
        let table = [
            (
                "image",
                json!({ "caption": "Taj", "mime_type": "image/jpeg", "id": "1003383421387256",
                "url": "https://evil.example/x" }),
                "Taj",
                "image.jpg",
            ),
            (
                "document",
                json!({ "filename": "bill.pdf", "mime_type": "application/pdf", "id": "1" }),
                "",
                "bill.pdf",
            ),
            ("video", json!({ "mime_type": "video/mp4", "id": "1" }), "", "video.mp4"),
            (
                "audio",
                json!({ "mime_type": "audio/ogg; codecs=opus", "id": "1", "voice": true }),
                "",
                "voice.ogg",
            ),
            ("audio", json!({ "mime_type": "audio/mpeg", "id": "1", "voice": false }), "", "audio.mp3"),
            (
                "sticker",
                json!({ "mime_type": "image/webp", "id": "1", "animated": false }),
                "",
                "sticker.webp",
            ),
            (
                "document",
                json!({ "mime_type": "application/vnd.openxmlformats", "id": "1" }),
                "",
                "document.bin",
            ),
        ];
        for (kind, own, caption, name) in table {
            let received = received(message(kind, own.clone()));
            let media = received.media.unwrap();
            assert_eq!((received.text.as_str(), media.name.as_str()), (caption, name), "{kind}");
            assert_eq!(
                (media.id.as_str(), media.content_type.as_str()),
                (own["id"].as_str().unwrap(), own["mime_type"].as_str().unwrap())
            );
        }
        for wrong in ["../me", "1/../2", "", "1?x", "12a"] {
            let received = received(message("image", json!({ "mime_type": "image/png", "id": wrong })));
            assert_eq!((received.media, received.text.as_str()), (None, "[image]"), "{wrong}");
        }
    }

    #[test]
    fn who_hides_their_number_is_known_by_the_id_that_the_business_sees() {
        let hidden = json!({ "from_user_id": "US.13491208655302741918", "id": "wamid.1", "type": "text",
            "text": { "body": "Hi" } });
        let contacts = json!([{ "profile": { "name": "Ada" }, "user_id": "US.13491208655302741918" }]);
        let heard = read(&webhook(json!({ "contacts": contacts, "messages": [hidden] })), now()).unwrap();
        let [Heard::Message(received)] = heard.as_slice() else { panic!("{heard:?}") };
        assert_eq!(received.from, Identity::Visitor("US.13491208655302741918".into()));
        assert_eq!((received.name.as_deref(), received.at), (Some("Ada"), None));
    }

    #[test]
    fn an_advertisement_becomes_properties() {
        let mut message = message("text", json!({ "body": "Hi" }));
        message["referral"] =
            json!({ "source_url": "https://fb.me/1", "headline": "Succulents", "source_id": "1" });
        let properties = received(message).properties;
        let told: Vec<(&str, &str)> = properties.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(told, [("ad", "Succulents"), ("ad_url", "https://fb.me/1")]);
    }

    #[test]
    fn one_that_can_not_be_read_does_not_take_the_others_with_it() {
        let messages = json!([
            { "type": "text" }, 7, null, { "id": "wamid.1", "from": "x", "type": "text" },
            { "from": "16505551234", "type": "text", "text": { "body": "no id" } },
            message("request_welcome", json!({})),
            message("reaction", json!({ "message_id": "wamid.x" })),
            message("text", json!({ "body": "Hi" })),
        ]);
        let heard = read(&webhook(json!({ "messages": messages })), now()).unwrap();
        let [Heard::Message(received)] = heard.as_slice() else { panic!("{heard:?}") };
        assert_eq!((received.text.as_str(), received.name.as_deref()), ("Hi", None));
    }

    #[test]
    fn how_far_a_message_of_ours_has_come_is_read() {
        let at: DateTime<Utc> = "2025-06-08T20:59:43Z".parse().unwrap();
        let status = |status: &str| json!({ "id": "wamid.1", "status": status, "timestamp": "1749416383", "recipient_id": "16505551234" });
        let mut failed = status("failed");
        failed["errors"] = json!([{ "code": 131026, "title": "Message undeliverable",
            "error_data": { "details": "Message Undeliverable." } }]);
        let statuses = [status("sent"), status("delivered"), status("read"), status("deleted"), failed];
        let heard = read(&webhook(json!({ "statuses": statuses })), now()).unwrap();
        let states: Vec<Sending> = heard
            .into_iter()
            .map(|heard| match heard {
                Heard::Report(report) => {
                    assert_eq!((report.outside_id.as_str(), report.message), ("wamid.1", None));
                    report.state
                }
                Heard::Message(message) => panic!("{message:?}"),
            })
            .collect();
        let error = "131026: Message undeliverable. Message Undeliverable.".into();
        let expected = [
            Sending::Sent { at },
            Sending::Delivered { at },
            Sending::Read { at },
            Sending::Failed { at, error },
        ];
        assert_eq!(states, expected);
    }

    #[test]
    fn our_own_id_comes_back_with_the_status() {
        let id: MessageId = "0190b6a1c2d47c5e8f9012345678abcd".parse().unwrap();
        let said = |data: &str| {
            let status = json!({ "id": "wamid.1", "status": "sent", "biz_opaque_callback_data": data });
            let heard = read(&webhook(json!({ "statuses": [status] })), now()).unwrap();
            let [Heard::Report(report)] = heard.as_slice() else { panic!("{heard:?}") };
            assert_eq!(report.state, Sending::Sent { at: now() });
            report.message
        };
        assert_eq!(said(&id.to_string()), Some(id));
        assert_eq!(said("somebody else's"), None);
    }

    #[test]
    fn a_part_that_arrives_does_not_hide_one_that_does_not() {
        let id: MessageId = "0190b6a1c2d47c5e8f9012345678abcd".parse().unwrap();
        let said = |states: &[&str]| {
            let status = |state: &&str| json!({ "id": "wamid.1", "status": state, "biz_opaque_callback_data": called_back(id, true) });
            let statuses: Vec<Value> = states.iter().map(status).collect();
            let heard = read(&webhook(json!({ "statuses": statuses })), now()).unwrap();
            let told = heard.into_iter().map(|heard| match heard {
                Heard::Report(report) => (report.message, report.state.name()),
                Heard::Message(message) => panic!("{message:?}"),
            });
            told.collect::<Vec<_>>()
        };
        assert_eq!(said(&["sent", "delivered", "read", "failed", "delivered"]), [(Some(id), "failed")]);
    }

    #[test]
    fn what_is_not_about_messages_is_nothing_and_what_is_no_webhook_is_refused() {
        let other = json!({ "object": "whatsapp_business_account",
            "entry": [{ "changes": [{ "field": "account_update", "value": { "event": "x" } }] }, {}, 7] });
        assert_eq!(read(other.to_string().as_bytes(), now()), Ok(Vec::new()));
        for wrong in ["", "{}", "[]", "{\"object\": \"page\", \"entry\": []}", "{"] {
            assert_eq!(read(wrong.as_bytes(), now()), Err(Unreadable), "{wrong}");
        }
    }
}
