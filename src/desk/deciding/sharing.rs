//! Gives tickets to people, by the rules of their channels: gathers what it takes to say who gets one, and carries it out.

use super::Round;
use crate::{
    calls::time::Now,
    desk::{engine::Engine, memory::Memory},
    routing::{
        availability::ByHand,
        distribution::Cursor,
        ids::{ChannelId, ContactId, TicketId, UserId},
        reasons::Reason,
    },
    store::decisions::{self, Why},
    tickets::{
        arrival::Action,
        channel::Channel,
        sharing::{Customer, Question, Reached, Shared, To},
        ticket::Ticket,
    },
};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// The event on which a ticket that waits is routed.
pub(super) const ROUTED_AGAIN: &str = "routed_again";

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
    /// Shares out a ticket that is nobody's, as its channel says, and writes down why. `reasons`: what led to it. The
    /// ticket is written by whoever asks.
    pub(super) fn share_out(
        &mut self,
        ticket: &mut Ticket,
        event: &str,
        reasons: Vec<Reason>,
        now: Now,
        round: &mut Round,
    ) {
        let settings = self.memory.settings.clone();
        let Some(channel) = ticket.channel.and_then(|channel| settings.ticket_channels.get(&channel)) else {
            let reasons = [vec![Reason::NobodySelected], reasons].concat();
            return self.write_why(ticket, event, Action::LeaveUnassigned, reasons, now, round);
        };
        let wanting = Wanting {
            ticket: ticket.id,
            contact: ticket.contact,
            properties: &ticket.properties,
            since: now.at,
            agent_is_over: false,
        };
        let mut shared = self.share(channel, &wanting);
        shared.reasons.extend(reasons);
        self.give(ticket, shared, event, now, round);
    }

    /// Carries out what was decided about who gets a ticket, and writes down why.
    pub(super) fn give(
        &mut self,
        ticket: &mut Ticket,
        shared: Shared,
        event: &str,
        now: Now,
        round: &mut Round,
    ) {
        let Shared { to, candidates, reasons, cursor, mail_owner } = shared;
        match to {
            To::Owner(owner) => ticket.assign(owner, now.at),
            To::Team(team) => ticket.team = Some(team),
            To::CustomerAgent => {
                let settings = self.memory.settings.clone();
                if let Some(channel) = ticket.channel.and_then(|id| settings.ticket_channels.get(&id)) {
                    let before = round.batch.turns.get(&ticket.id).copied();
                    self.begin_turn(ticket.id, channel, before, now, round);
                }
            }
            To::Nobody => {}
        }
        if let (Some(channel), Some(turn)) = (ticket.channel, cursor) {
            self.keep_turn(channel, turn, round);
        }
        let is_given = matches!(to, To::Owner(_) | To::Team(_));
        let action = if is_given { Action::Assign } else { Action::LeaveUnassigned };
        let action = decisions::Action::Ticket(action);
        let why = Why { at: now.at, event: event.to_owned(), action, hours: None, candidates, reasons };
        self.write_decision(ticket.id, why, now, round);
        if let Some(owner) = mail_owner.filter(|_| event != ROUTED_AGAIN) {
            round.absent_owners.push((owner, ticket.clone()));
        }
        if is_given {
            self.tell_of_ticket("ticket.assigned", ticket, now, round);
        }
    }

    /// Who gets it now, with everybody as they are.
    pub(in crate::desk) fn share(&mut self, channel: &Channel, wanting: &Wanting<'_>) -> Shared {
        let at = self.around.clock.now().at;
        self.memory.load.expire(at);
        let customer = self.customer(wanting.contact);
        let Memory { settings, board, load, reached, .. } = &mut self.memory;
        let reached = reached.entry(channel.id).or_insert_with(|| Reached::of(channel, &settings.people));
        debug_assert!(reached.is_like(&Reached::of(channel, &settings.people)), "people changed unheard of");
        reached.renew(&settings.people, load, at);
        let by_hand =
            |user: UserId| board.known_agent(user).map_or(&ByHand::Available, |agent| &agent.by_hand);
        Question {
            channel,
            reached,
            people: &settings.people,
            load,
            customer,
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
