//! Users. Each says what they are allowed; nobody is ever deleted, as tickets name them.

use super::{
    access::{Sight, Viewer},
    settings::Kind,
};
use crate::{
    desk::settings::{Settings, UserForm},
    routing::ids::{ChannelId, UserId},
    store::settings::Change,
};
use serde_json::Value;
use uuid::Uuid;

pub struct Users;

impl Kind for Users {
    type Id = UserId;
    type Form = UserForm;
    const KIND: &'static str = "user";
    const PATH: &'static str = "users";
    const DELETE: Option<fn(UserId) -> Change> = None;

    fn id(id: Uuid) -> UserId {
        UserId(id)
    }

    fn uuid(id: UserId) -> Uuid {
        id.0
    }

    fn all(settings: &Settings) -> Vec<UserId> {
        let mut ids: Vec<_> = settings.people.users.keys().copied().collect();
        ids.sort_unstable();
        ids
    }

    fn change(id: UserId, document: Value) -> Change {
        Change::User(id, document)
    }

    fn sight(viewer: Viewer<'_>, id: UserId) -> Sight {
        viewer.user(id)
    }

    fn concerns(id: UserId, channel: ChannelId, settings: &Settings) -> bool {
        let people = &settings.people;
        settings.rules_of(channel).any(|rule| people.routed(&rule.users, &rule.teams).contains(&id))
    }
}
