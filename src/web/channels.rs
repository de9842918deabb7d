//! Channels: numbers, hours, routing, greetings.

use super::{
    access::{Sight, Viewer},
    settings::Kind,
};
use crate::{
    calls::channel::Channel,
    desk::settings::{ChannelForm, Settings},
    routing::ids::ChannelId,
    store::settings::Change,
};
use serde_json::Value;
use uuid::Uuid;

pub struct Channels;

impl Kind for Channels {
    type Id = ChannelId;
    type Form = ChannelForm;
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
        let mut ids: Vec<_> = settings.channels.keys().copied().collect();
        ids.sort_unstable();
        ids
    }

    fn change(id: ChannelId, document: Value) -> Change {
        Change::Channel(id, document)
    }

    fn sight(viewer: Viewer<'_>, id: ChannelId) -> Sight {
        viewer.channel(id)
    }

    fn concerns(id: ChannelId, channel: &Channel, _: &Settings) -> bool {
        channel.id == id
    }
}
