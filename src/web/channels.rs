//! Channels of every kind: those that are called, and those that make tickets out of messages.

use super::{
    access::{Sight, Viewer},
    settings::Kind,
};
use crate::{
    desk::settings::{AnyChannelForm, Settings},
    routing::ids::ChannelId,
    store::settings::Change,
};
use serde_json::Value;
use uuid::Uuid;

pub struct Channels;

impl Kind for Channels {
    type Id = ChannelId;
    type Form = AnyChannelForm;
    const KIND: &'static str = "channel";
    const PATH: &'static str = "channels";
    const DELETE: Option<fn(ChannelId) -> Change> = Some(Change::DeleteChannel);
    const ONLY_SENT: &'static [&'static str] = &["number"];

    fn id(id: Uuid) -> ChannelId {
        ChannelId(id)
    }

    fn uuid(id: ChannelId) -> Uuid {
        id.0
    }

    fn all(settings: &Settings) -> Vec<ChannelId> {
        settings.channel_documents().map(|(id, _)| id).collect()
    }

    fn change(id: ChannelId, document: Value) -> Change {
        Change::Channel(id, document)
    }

    fn sight(viewer: Viewer<'_>, id: ChannelId) -> Sight {
        viewer.channel(id)
    }

    fn concerns(id: ChannelId, channel: ChannelId, _: &Settings) -> bool {
        channel == id
    }

    fn is_named_to_be_deleted(id: ChannelId, settings: &Settings) -> bool {
        settings.ticket_channels.contains_key(&id)
    }
}
