//! Gathers what it takes to say who gets a ticket.

use super::Round;
use crate::{
    desk::engine::Engine,
    routing::{
        availability::ByHand,
        distribution::Cursor,
        ids::{ChannelId, ContactId, TicketId, UserId},
    },
    tickets::{
        channel::Channel,
        sharing::{Customer, Question, Shared},
    },
};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// A ticket that is to be given to somebody.
pub(in crate::desk) struct Wanting<'a> {
    pub ticket: TicketId,
    pub contact: Option<ContactId>,
    pub properties: &'a BTreeMap<String, String>,
    /// Since when it has waited for somebody.
    pub since: DateTime<Utc>,
    /// The customer agent has had its turn.
    pub agent_is_over: bool,
}

impl Engine {
    /// Who gets it now, with everybody as they are.
    pub(in crate::desk) fn share(&mut self, channel: &Channel, wanting: &Wanting<'_>) -> Shared {
        let at = self.around.clock.now().at;
        self.memory.load.expire(at);
        let board = &self.memory.board;
        let by_hand =
            |user: UserId| board.known_agent(user).map_or(&ByHand::Available, |agent| &agent.by_hand);
        Question {
            channel,
            people: &self.memory.settings.people,
            load: &self.memory.load,
            customer: self.customer(wanting.contact),
            properties: wanting.properties,
            at,
            since: wanting.since,
            cursor: board.cursor(channel.id),
            draw: wanting.ticket.0.as_u64_pair().1,
            by_hand,
            agent_is_over: wanting.agent_is_over,
        }
        .share()
    }

    pub(in crate::desk) fn customer(&self, contact: Option<ContactId>) -> Option<Customer> {
        let contact = self.memory.settings.contacts.get(contact?)?;
        Some(Customer { owner: contact.owner, tracked: contact.tracked })
    }

    /// Whose turn it was, for the next ticket of this channel.
    pub(in crate::desk) fn keep_turn(&mut self, channel: ChannelId, turn: Cursor, round: &mut Round) {
        self.memory.board.restore_cursor(channel, turn);
        round.batch.cursors.insert(channel, turn);
    }
}
