//! What is only asked, and changes nothing.

use super::facts;
use crate::{
    calls::{agents::Occupation, call::Caller, channel::Channel, preview},
    desk::{Doing, Outcome, engine::Engine, memory::Memory, settings::Refused},
    routing::{
        ids::{ChannelId, UserId},
        load::TicketType,
    },
};
use chrono::{DateTime, Utc};

impl Engine {
    pub(super) fn look(&self, agent: UserId) -> Outcome {
        if !self.memory.settings.people.users.contains_key(&agent) {
            return Outcome::Refused(Refused::NotFound);
        }
        let known = self.memory.board.known_agent(agent).cloned().unwrap_or_default();
        let now = self.around.clock.now();
        let wraps_up_until = match known.occupation {
            Occupation::WrappingUp { until } => Some(now.wall(until)),
            _ => None,
        };
        let load = self.memory.load.held_by(agent).map_or(0, |held| held.open(TicketType::Calling));
        Outcome::Doing(Doing {
            load,
            phone: known.phone(),
            occupation: known.occupation.name(),
            offers: known.offers.len(),
            wraps_up_until,
            availability: known.by_hand,
        })
    }

    pub(super) fn preview(
        &self,
        id: ChannelId,
        at: Option<DateTime<Utc>>,
        from: Option<&Caller>,
        draft: Option<&Channel>,
    ) -> Outcome {
        let Memory { settings, board, load, joinable, .. } = &self.memory;
        let Some(channel) = draft.or_else(|| settings.channels.get(&id)) else {
            return Outcome::Refused(Refused::NotFound);
        };
        let times = self.around.ground.times;
        let preview = match at {
            None => board.preview(channel, facts(settings, load, joinable, times, self.around.clock.now())),
            Some(at) => {
                preview::by_schedule(channel, &settings.people, times, load, board.cursor(channel), at)
            }
        };
        let preview = match from {
            Some(from) => preview.of_caller(from, channel, &settings.contacts),
            None => preview,
        };
        Outcome::Preview(Box::new(preview))
    }
}
