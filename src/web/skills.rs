//! Skills: what there is to be known. Who knows what is with the users.

use super::{
    access::{Sight, Viewer},
    settings::Kind,
};
use crate::{
    desk::settings::{Settings, SkillForm},
    routing::ids::{ChannelId, SkillId},
    store::settings::Change,
};
use serde_json::Value;
use uuid::Uuid;

pub struct Skills;

impl Kind for Skills {
    type Id = SkillId;
    type Form = SkillForm;
    const KIND: &'static str = "skill";
    const PATH: &'static str = "skills";
    const DELETE: Option<fn(SkillId) -> Change> = Some(Change::DeleteSkill);

    fn id(id: Uuid) -> SkillId {
        SkillId(id)
    }

    fn uuid(id: SkillId) -> Uuid {
        id.0
    }

    fn all(settings: &Settings) -> Vec<SkillId> {
        settings.people.skills.keys().copied().collect()
    }

    fn change(id: SkillId, document: Value) -> Change {
        Change::Skill(id, document)
    }

    fn sight(_: Viewer<'_>, _: SkillId) -> Sight {
        Sight::All
    }

    fn concerns(id: SkillId, channel: ChannelId, settings: &Settings) -> bool {
        let channel = settings.ticket_channels.get(&channel);
        channel.is_some_and(|channel| channel.demands.iter().any(|demand| demand.skill == id))
    }
}
