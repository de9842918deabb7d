//! Teams, their main and extra members.

use super::{
    access::{Sight, Viewer},
    settings::Kind,
};
use crate::{
    desk::settings::{Settings, TeamForm},
    routing::ids::{ChannelId, TeamId},
    store::settings::Change,
};
use serde_json::Value;
use uuid::Uuid;

pub struct Teams;

impl Kind for Teams {
    type Id = TeamId;
    type Form = TeamForm;
    const KIND: &'static str = "team";
    const PATH: &'static str = "teams";
    const DELETE: Option<fn(TeamId) -> Change> = Some(Change::DeleteTeam);

    fn id(id: Uuid) -> TeamId {
        TeamId(id)
    }

    fn uuid(id: TeamId) -> Uuid {
        id.0
    }

    fn all(settings: &Settings) -> Vec<TeamId> {
        let mut ids: Vec<_> = settings.people.teams.keys().copied().collect();
        ids.sort_unstable();
        ids
    }

    fn change(id: TeamId, document: Value) -> Change {
        Change::Team(id, document)
    }

    fn sight(viewer: Viewer<'_>, id: TeamId) -> Sight {
        viewer.team(id)
    }

    fn concerns(id: TeamId, channel: ChannelId, settings: &Settings) -> bool {
        settings.rules_of(channel).any(|rule| rule.teams.contains(&id))
    }
}
