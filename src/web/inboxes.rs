//! Inboxes, the workspaces beside the help desk.

use super::{
    access::{Sight, Viewer},
    settings::Kind,
};
use crate::{
    desk::settings::{InboxForm, Settings},
    routing::ids::{ChannelId, InboxId},
    store::settings::Change,
};
use serde_json::Value;
use uuid::Uuid;

pub struct Inboxes;

impl Kind for Inboxes {
    type Id = InboxId;
    type Form = InboxForm;
    const KIND: &'static str = "inbox";
    const PATH: &'static str = "inboxes";
    const DELETE: Option<fn(InboxId) -> Change> = Some(Change::DeleteInbox);

    fn id(id: Uuid) -> InboxId {
        InboxId(id)
    }

    fn uuid(id: InboxId) -> Uuid {
        id.0
    }

    fn all(settings: &Settings) -> Vec<InboxId> {
        settings.people.inboxes.keys().copied().collect()
    }

    fn change(id: InboxId, document: Value) -> Change {
        Change::Inbox(id, document)
    }

    fn sight(viewer: Viewer<'_>, id: InboxId) -> Sight {
        viewer.inbox(id)
    }

    fn concerns(id: InboxId, channel: ChannelId, settings: &Settings) -> bool {
        settings.inbox_of(channel) == Some(id)
    }
}
