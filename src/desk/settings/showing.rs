//! How settings are shown and stored: documents, with the id in front and without secrets.

use super::forms::RoutingForm;
use crate::{
    calls::channel::{Channel, OwnTimes},
    routing::{assignment::Rule, inboxes::Inbox, people::User, skills::Skill},
    store::{settings::Token, webhooks::Webhook},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// The strong entity tag of a document, without its quotes.
pub fn tag(document: &Value) -> String {
    crate::audio::sha256(document.to_string().as_bytes())[..32].to_owned()
}

/// The object with its id in front.
pub fn with_id(id: Uuid, document: &Value) -> Value {
    let mut object = json!({ "id": id.simple().to_string() });
    if let (Some(object), Some(fields)) = (object.as_object_mut(), document.as_object()) {
        object.extend(fields.clone());
    }
    object
}

/// A token as it is shown: without the hash of its secret.
pub fn token_document(token: &Token) -> Value {
    let Token { id, name, role, user, created_at, .. } = token;
    json!({ "id": id, "name": name, "role": role, "user": user, "created_at": created_at })
}

/// A webhook as it is shown: without its secrets.
pub fn webhook_document(webhook: &Webhook) -> Value {
    json!({
        "id": webhook.id,
        "name": webhook.name,
        "url": webhook.url,
        "events": webhook.events,
        "enabled": webhook.disabled_at.is_none(),
        "disabled_at": webhook.disabled_at,
        "old_secret_until": webhook.old.as_ref().map(|(_, until)| until),
        "created_at": webhook.created_at,
    })
}

pub(super) fn user_document(user: &User) -> Value {
    let mut document = json!(user);
    if let Some(fields) = document.as_object_mut() {
        fields.remove("id");
    }
    document
}

pub(super) fn inbox_document(inbox: &Inbox) -> Value {
    json!({ "name": inbox.name, "only": inbox.only })
}

pub(super) fn skill_document(skill: &Skill) -> Value {
    json!({ "name": skill.name, "kind": skill.kind })
}

pub(super) fn channel_document(channel: &Channel) -> Value {
    let Channel {
        name,
        inbox,
        provider,
        numbers,
        zone,
        hours,
        rule,
        own_times,
        greetings,
        withheld,
        notify,
        ..
    } = channel;
    let OwnTimes {
        ring_seconds,
        agent_ring_seconds,
        wait_seconds,
        wrap_up_seconds,
        short_abandon_seconds,
        attach_minutes,
    } = *own_times;
    let Rule { users, teams, strategy, tie_break } = rule.clone();
    let ringing = channel.ringing;
    let routing = RoutingForm {
        ringing,
        users,
        teams,
        strategy,
        tie_break,
        ring_seconds,
        agent_ring_seconds,
        wait_seconds,
        wrap_up_seconds,
        short_abandon_seconds,
        attach_minutes,
    };
    json!({
        "kind": "calling",
        "name": name,
        "inbox": inbox,
        "provider": provider,
        "numbers": numbers,
        "time_zone": zone.name(),
        "hours": hours,
        "routing": routing,
        "greetings": greetings,
        "withheld": withheld,
        "notify": notify,
    })
}
