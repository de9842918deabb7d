//! Tickets that people make by hand.

use super::{
    Broken, Round,
    tickets::{check_properties, check_subject},
};
use crate::{
    desk::{
        Outcome,
        engine::Engine,
        messages::Opening,
        saving::{Once, Saved},
        settings::Refused,
        wrong,
    },
    routing::{
        ids::{ChannelId, ContactId, TicketId},
        load::TicketType,
    },
    store::{messages::MessageRow, notes::Note},
    tickets::{incoming::Identity, message::Side, ticket::Ticket},
};

impl Engine {
    /// It belongs to whom its maker gives it. Nobody is looked for (R17, R24), unless it is made of a message.
    pub(super) async fn open_by_hand(
        &mut self,
        opening: &Opening,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        if let Some(once) = &opening.once
            && let Some(before) = self.answered_before(once, round).await?
        {
            let outcome = match before.request == once.request {
                true => Outcome::Saved(Saved::Before(before)),
                false => Outcome::Refused(Refused::KeyReused),
            };
            return Ok(Some(outcome));
        }
        if let Err(refused) = self.check_opening(opening) {
            return Ok(Some(Outcome::Refused(refused)));
        }
        let message = match opening.message {
            None => None,
            Some(id) => match self.message_now(id, round).await?.filter(|row| row.message.ticket.is_none()) {
                Some(row) => Some(row),
                None => return Ok(Some(Outcome::Refused(Refused::NotFound))),
            },
        };
        let channel = message.as_ref().and_then(|row| {
            let channels = &self.memory.settings.ticket_channels;
            channels.get(&row.message.channel)
        });
        let inbox = channel.map_or(opening.inbox, |channel| channel.inbox);
        if let Err(refused) = self.check_holders(inbox, opening.owner, opening.team) {
            return Ok(Some(Outcome::Refused(refused)));
        }
        let id = match &opening.once {
            Some(Once { location, .. }) => location.rsplit('/').next().and_then(|id| id.parse().ok()),
            None => None,
        };
        let now = self.around.clock.now();
        let id = id.unwrap_or_else(|| TicketId(self.memory.ids.next(now.at.timestamp_millis())));
        let mut ticket = self.ticket_by_hand(id, opening, message.as_ref(), round);
        if let Some(once) = &opening.once {
            self.remember_once(once, None, round);
        }
        if let Some(note) = &opening.note {
            round.batch.notes.push(Note { ticket: id, ..note.clone() });
        }
        self.tell_of_ticket("ticket.made", &ticket, now, round);
        match message {
            Some(mut row) => {
                row.message.ticket = Some(id);
                round.batch.messages.insert(row.message.id, row);
                if ticket.owner.is_none() && ticket.team.is_none() {
                    self.share_out(&mut ticket, "opened_by_hand", Vec::new(), now, round);
                }
            }
            None if ticket.owner.is_some() || ticket.team.is_some() => {
                self.tell_of_ticket("ticket.assigned", &ticket, now, round);
            }
            None => {}
        }
        self.put_ticket(ticket.clone(), None, round);
        Ok(Some(Outcome::Ticket(Box::new(ticket))))
    }

    fn check_opening(&self, opening: &Opening) -> Result<(), Refused> {
        let people = &self.memory.settings.people;
        if opening.owner.is_some_and(|owner| !people.users.contains_key(&owner)) {
            return Err(wrong("/owner", "there is no user of this id"));
        }
        if opening.team.is_some_and(|team| !people.teams.contains_key(&team)) {
            return Err(wrong("/team", "there is no team of this id"));
        }
        if opening.inbox.is_some_and(|inbox| !people.inboxes.contains_key(&inbox)) {
            return Err(wrong("/inbox", "there is no inbox of this id"));
        }
        opening.subject.as_deref().map(check_subject).transpose()?;
        check_properties(&opening.properties)
    }

    fn ticket_by_hand(
        &mut self,
        id: TicketId,
        opening: &Opening,
        message: Option<&MessageRow>,
        round: &mut Round,
    ) -> Ticket {
        let now = self.around.clock.now().at;
        let mut ticket = Ticket::open(id, TicketType::EmailOther, now);
        (ticket.inbox, ticket.team) = (opening.inbox, opening.team);
        ticket.properties = opening.properties.clone();
        ticket.subject = opening.subject.clone();
        ticket.customer = opening.customer.clone();
        ticket.contact = self.contact_by_hand(opening, round);
        if let Some(owner) = opening.owner {
            ticket.assign(owner, now);
        }
        let Some(message) = message.map(|row| &row.message) else { return ticket };
        let settings = self.memory.settings.clone();
        ticket.channel = Some(message.channel);
        ticket.subject = ticket.subject.or_else(|| message.subject.clone());
        if let Some(channel) = settings.ticket_channels.get(&message.channel) {
            (ticket.kind, ticket.inbox) = (channel.way.ticket_type(), channel.inbox);
        }
        if let (Side::In { from, name, .. }, None) = (&message.side, &ticket.customer) {
            ticket.customer = Some(from.clone());
            ticket.contact = self.contact_of(from, name.as_deref(), message.channel, round);
        }
        ticket
    }

    /// Somebody who is named by hand is known by number and address; a visitor only where a channel knows them.
    fn contact_by_hand(&mut self, opening: &Opening, round: &mut Round) -> Option<ContactId> {
        let customer = opening.customer.as_ref()?;
        match customer {
            Identity::Visitor(_) | Identity::Unknown => None,
            Identity::Number(_) | Identity::Email(_) => {
                let nowhere = ChannelId(uuid::Uuid::nil());
                self.contact_of(customer, opening.name.as_deref(), nowhere, round)
            }
        }
    }
}
