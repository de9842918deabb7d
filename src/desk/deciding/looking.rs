//! What is only asked, and changes nothing.

use super::facts;
use crate::{
    calls::{agents::Occupation, call::Caller, channel::Channel, preview},
    desk::{AskedOfTicket, Doing, Outcome, engine::Engine, memory::Memory, settings::Refused},
    routing::{
        availability::ByHand,
        ids::{ChannelId, UserId},
        load::TicketType,
    },
    tickets::{
        channel::Channel as TicketChannel,
        preview::preview as preview_ticket,
        sharing::{Question, Reached},
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
                preview::by_schedule(channel, &settings.people, times, load, board.cursor(channel.id), at)
            }
        };
        let preview = match from {
            Some(from) => preview.of_caller(from, channel, &settings.contacts),
            None => preview,
        };
        Outcome::Preview(Box::new(preview))
    }

    pub(super) fn preview_ticket(
        &self,
        id: ChannelId,
        at: Option<DateTime<Utc>>,
        asked: &AskedOfTicket,
        draft: Option<&TicketChannel>,
    ) -> Outcome {
        let Memory { settings, board, load, .. } = &self.memory;
        let Some(channel) = draft.or_else(|| settings.ticket_channels.get(&id)) else {
            return Outcome::Refused(Refused::NotFound);
        };
        let by_hand = |user: UserId| match (at, board.known_agent(user)) {
            (None, Some(agent)) => &agent.by_hand,
            _ => &ByHand::Available,
        };
        let at = at.unwrap_or_else(|| self.around.clock.now().at);
        let mut properties = channel.properties.clone();
        properties.extend(asked.properties.clone());
        let preview = preview_ticket(&Question {
            channel,
            reached: &Reached::of(channel, &settings.people),
            people: &settings.people,
            load,
            customer: self.customer(asked.contact),
            properties: &properties,
            at,
            since: at,
            cursor: board.cursor(channel.id),
            draw: 0,
            by_hand,
            agent_is_over: false,
        });
        Outcome::TicketPreview(Box::new(preview))
    }
}
