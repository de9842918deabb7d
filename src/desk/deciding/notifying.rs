//! Tells people of tickets (R73): what this round has told the world is looked through, and whoever it concerns is told in
//! the ways that hold for them.

use super::Round;
use crate::{
    desk::{engine::Engine, softphones::Frame},
    routing::{
        ids::{NotificationId, TicketId, UserId},
        load::TicketType,
    },
    store::{happenings::HappeningRow, notifications::Notification},
    tickets::{
        notifying::{About, who_might_take},
        ticket::Ticket,
    },
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

impl Engine {
    /// What is told of tickets in this round reaches those whom it concerns. It is recorded with it.
    pub(in crate::desk) fn notify_of(&mut self, round: &mut Round) {
        let mut told = BTreeSet::new();
        let of_tickets = round.batch.happenings.iter().filter(|happening| may_concern(&happening.kind));
        for happening in of_tickets.cloned().collect::<Vec<_>>() {
            let Some(ticket) = happening.ticket.and_then(|id| self.known_ticket(id, round)) else { continue };
            for (user, about) in self.concerned(&happening, &ticket, round) {
                // A ticket that comes with its owner is told once.
                if told.insert((user, ticket.id)) {
                    self.notify(user, about, &ticket, said(&happening), round);
                }
            }
        }
        for ticket in std::mem::take(&mut round.left_to_people) {
            for user in self.who_might_take(&ticket, round) {
                if told.insert((user, ticket.id)) {
                    self.notify(user, About::Unassigned, &ticket, None, round);
                }
            }
        }
        for (user, ticket) in std::mem::take(&mut round.absent_owners) {
            let of_ticket = |happening: &&HappeningRow| happening.ticket == Some(ticket.id);
            let happened = || round.batch.happenings.iter().filter(of_ticket);
            // What they wrote is mailed; that a ticket was made of it is told before.
            let message = happened().find(|happening| happening.kind == "message.received");
            if let Some(happening) = message.or_else(|| happened().next()) {
                self.notify(user, About::OwnerAbsent, &ticket, said(happening), round);
            }
        }
    }

    fn known_ticket(&self, id: TicketId, round: &Round) -> Option<Ticket> {
        round.batch.tickets.get(&id).or_else(|| self.memory.tickets.get(&id)).cloned()
    }

    fn concerned(&self, happening: &HappeningRow, ticket: &Ticket, round: &Round) -> Vec<(UserId, About)> {
        // Of calls people are told by their telephones.
        if ticket.kind == TicketType::Calling {
            return Vec::new();
        }
        let by = round.changed_by.get(&ticket.id).copied();
        let owner = |about| {
            let owner = ticket.owner.filter(|owner| Some(*owner) != by);
            owner.map(|owner| (owner, about)).into_iter().collect()
        };
        match happening.kind.as_str() {
            // People are told of it when the customer agent leaves it to them.
            "ticket.made" if ticket.owner.is_none() && !round.batch.turns.contains_key(&ticket.id) => {
                let users = self.who_might_take(ticket, round);
                users.into_iter().map(|user| (user, About::Unassigned)).collect()
            }
            "ticket.assigned" => owner(About::Assigned),
            "message.received" if !is_automatic(happening) => owner(About::Message),
            _ => Vec::new(),
        }
    }

    /// But for whoever did it.
    fn who_might_take(&self, ticket: &Ticket, round: &Round) -> Vec<UserId> {
        let settings = &self.memory.settings;
        let rules = ticket.channel.into_iter().flat_map(|channel| settings.rules_of(channel));
        let by = round.changed_by.get(&ticket.id).copied();
        let mut users = who_might_take(ticket, rules, &settings.people);
        users.retain(|user| Some(*user) != by);
        users
    }

    /// `said`: what the customer wrote.
    fn notify(
        &mut self,
        user: UserId,
        about: About,
        ticket: &Ticket,
        said: Option<String>,
        round: &mut Round,
    ) {
        let settings = self.memory.settings.clone();
        let Some(person) = settings.people.users.get(&user) else { return };
        let ways = settings.notifying.of(user).of(about);
        if !ways.any() {
            return;
        }
        let now = self.around.clock.now();
        let id = NotificationId(self.memory.ids.next(now.at.timestamp_millis()));
        if ways.page {
            let ticket = ticket.id;
            round.batch.notifications.push(Notification {
                id,
                user,
                at: now.at,
                about,
                ticket,
                read_at: None,
            });
            round.notices.push((
                user,
                Frame::Notification { notification_id: id, about: about.name(), ticket_id: ticket },
            ));
        }
        if ways.mail || ways.webhook {
            let data = json!({
                "notification": id, "user": user, "about": about, "ticket": ticket.id, "channel": ticket.channel,
                "subject": ticket.subject, "customer": ticket.customer, "text": said,
            });
            let mail = ways.mail.then(|| person.email.clone());
            self.tell_user(ticket, data, ways.webhook, mail, now, round);
        }
    }
}

/// Whether somebody may have to be told of what happened.
fn may_concern(kind: &str) -> bool {
    matches!(kind, "ticket.made" | "ticket.assigned" | "message.received")
}

/// What the customer wrote, if that is what happened.
fn said(because: &HappeningRow) -> Option<String> {
    let document: Value = serde_json::from_str(&because.document).ok()?;
    document["data"]["text"].as_str().map(str::to_owned)
}

fn is_automatic(happening: &HappeningRow) -> bool {
    let document: Option<Value> = serde_json::from_str(&happening.document).ok();
    document.is_some_and(|document| document["data"]["automatic"] == true)
}
