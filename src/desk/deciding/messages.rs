//! What customers write: each message goes on with a conversation, or begins one.

use super::{Broken, Round};
use crate::{
    calls::time::Now,
    desk::{
        Outcome,
        engine::Engine,
        messages::{Arrived, Reported},
        settings::{Fault, Refused},
    },
    routing::{
        ids::{ChannelId, MessageId, TicketId},
        load::Weight,
        reasons::Reason,
    },
    store::{
        self,
        batch::NotCommitted,
        decisions::{self, DecisionRow, Why},
        events::EventRow,
        messages::MessageRow,
    },
    tickets::{
        arrival::{self, Action, Becomes},
        channel::Channel,
        incoming::{Identity, Incoming, Nature, Threading},
        message::{Message, Sending, Side},
        ticket::{Status, Ticket},
    },
};
use serde_json::json;

/// How many of the messages that it names a mail's conversation is looked for by.
const REFERENCES_LOOKED_AT: usize = 50;
/// What a ticket is called that came without a subject, in characters.
const SUBJECT_MAX: usize = 80;

impl Engine {
    pub(super) async fn arrived(
        &mut self,
        incoming: &Incoming,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        let settings = self.memory.settings.clone();
        let Some(channel) = settings.ticket_channels.get(&incoming.channel) else {
            return Ok(Some(Outcome::Refused(Refused::NotFound)));
        };
        if let Some(before) = self.come_before(incoming, round).await? {
            return Ok(Some(Outcome::Arrived(before)));
        }
        if !channel.enabled {
            return Ok(Some(conflict("/channel", "the channel is disabled")));
        }
        if !self.are_kept(incoming.raw.iter().chain(incoming.attachments.iter().map(|file| &file.sha256))) {
            return Ok(Some(conflict("/attachments", "a file is gone since it was kept")));
        }
        let found = self.conversation_of(incoming, round).await?;
        let now = self.around.clock.now();
        let ticket = match arrival::of(&incoming.nature, &incoming.threading, channel, found.as_ref()) {
            Becomes::Kept => None,
            Becomes::Opens => Some(self.open_ticket(incoming, channel, now, round)),
            Becomes::Joins { action, reasons } => match found {
                Some(ticket) => {
                    if action == Action::Join && incoming.nature == Nature::Person {
                        self.go_on_with_agent(&ticket, channel, now, round).await?;
                    }
                    Some(self.go_on_with(ticket, action, reasons, channel, now, round))
                }
                None => None,
            },
        };
        let message = self.keep_message(incoming, ticket, now, round);
        if let Nature::Bounce { of: Some(of) } = &incoming.nature {
            let of = Reported::Outside { channel: incoming.channel, id: of.clone() };
            let error = incoming.subject.clone().unwrap_or_else(|| "it came back".into());
            self.sending_reported(&of, &Sending::Failed { at: now.at, error }, round).await?;
        }
        Ok(Some(Outcome::Arrived(Arrived { ticket, message, doubled: false })))
    }

    /// The same message, or one of our own that comes back to us.
    async fn come_before(&mut self, incoming: &Incoming, round: &Round) -> Result<Option<Arrived>, Broken> {
        let is_same = |row: &&MessageRow| {
            row.message.channel == incoming.channel && row.key.as_ref() == Some(&incoming.key)
        };
        let mut before = round.batch.messages.values().find(is_same).cloned();
        if before.is_none() {
            let found =
                store::messages::by_key(self.writer.connection(), incoming.channel, &incoming.key).await;
            before = found.map_err(failed)?;
        }
        if before.is_none()
            && let Threading::References { message_id: Some(id), .. } = &incoming.threading
        {
            let found = self.called_outside(incoming.channel, id, round).await?;
            before = found.filter(|row| matches!(row.message.side, Side::Out { .. }));
        }
        Ok(before.map(|row| Arrived { ticket: row.message.ticket, message: row.message.id, doubled: true }))
    }

    /// The ticket with which a message would go on.
    async fn conversation_of(
        &mut self,
        incoming: &Incoming,
        round: &Round,
    ) -> Result<Option<Ticket>, Broken> {
        let mut named: Vec<&str> = Vec::new();
        if let Nature::Bounce { of: Some(of) } = &incoming.nature {
            named.push(of);
        }
        match &incoming.threading {
            Threading::New => {}
            Threading::Ticket { ticket } => return self.ticket_now(*ticket, round).await,
            Threading::Sender => {
                let latest = self.latest_with(incoming.channel, &incoming.from, round).await?;
                if let Some(ticket) = latest {
                    return self.ticket_now(ticket, round).await;
                }
            }
            Threading::References { references, .. } => {
                named.extend(references.iter().take(REFERENCES_LOOKED_AT).map(String::as_str));
            }
        }
        for id in named {
            let found = self.called_outside(incoming.channel, id, round).await?;
            if let Some(ticket) = found.and_then(|row| row.message.ticket)
                && let Some(ticket) = self.ticket_now(ticket, round).await?
            {
                return Ok(Some(ticket));
            }
        }
        Ok(None)
    }

    async fn latest_with(
        &mut self,
        channel: ChannelId,
        person: &Identity,
        round: &Round,
    ) -> Result<Option<TicketId>, Broken> {
        let theirs = |row: &&MessageRow| {
            let (Side::In { from: with, .. } | Side::Out { to: with, .. }) = &row.message.side;
            row.message.channel == channel && with == person && *with != Identity::Unknown
        };
        let this_round =
            round.batch.messages.values().filter(theirs).filter(|row| row.message.ticket.is_some());
        if let Some(row) = this_round.max_by_key(|row| row.message.id) {
            return Ok(row.message.ticket);
        }
        let found = store::messages::latest_with(self.writer.connection(), channel, person).await;
        Ok(found.map_err(failed)?.and_then(|row| row.message.ticket))
    }

    async fn called_outside(
        &mut self,
        channel: ChannelId,
        outside_id: &str,
        round: &Round,
    ) -> Result<Option<MessageRow>, Broken> {
        let is_it = |row: &&MessageRow| {
            row.message.channel == channel && row.message.outside_id.as_deref() == Some(outside_id)
        };
        if let Some(row) = round.batch.messages.values().find(is_it) {
            return Ok(Some(row.clone()));
        }
        let found = store::messages::by_outside_id(self.writer.connection(), channel, outside_id).await;
        let found = found.map_err(failed)?;
        // What this round knows of it is newer.
        Ok(found.map(|row| round.batch.messages.get(&row.message.id).cloned().unwrap_or(row)))
    }

    /// A ticket as it is now, with what this round has changed.
    pub(super) async fn ticket_now(&mut self, id: TicketId, round: &Round) -> Result<Option<Ticket>, Broken> {
        if let Some(ticket) = self.memory.tickets.get(&id).or_else(|| round.batch.tickets.get(&id)) {
            return Ok(Some(ticket.clone()));
        }
        let mut stored = store::tickets::one(self.writer.connection(), id).await.map_err(failed)?;
        if let Some(ticket) = &mut stored {
            ticket.contact = ticket.contact.map(|contact| round.is_now(contact));
        }
        Ok(stored)
    }

    /// Writes a changed ticket, and what it weighs. `before`: what it weighed until now.
    pub(super) fn put_ticket(&mut self, ticket: Ticket, before: Option<Weight>, round: &mut Round) {
        self.memory.load.change(before, ticket.weight());
        if let Some(live) = self.memory.tickets.get_mut(&ticket.id) {
            live.clone_from(&ticket);
        }
        round.batch.tickets.insert(ticket.id, ticket);
    }

    fn open_ticket(
        &mut self,
        incoming: &Incoming,
        channel: &Channel,
        now: Now,
        round: &mut Round,
    ) -> TicketId {
        let contact = self.contact_of(&incoming.from, incoming.name.as_deref(), channel.id, round);
        let id = TicketId(self.memory.ids.next(now.at.timestamp_millis()));
        let mut ticket = Ticket::open(id, channel.way.ticket_type(), now.at);
        ticket.channel = Some(channel.id);
        ticket.inbox = channel.inbox;
        ticket.subject = subject_of(incoming);
        ticket.contact = contact;
        ticket.customer = Some(incoming.from.clone());
        ticket.properties = channel.properties.clone();
        ticket.properties.extend(incoming.properties.clone());
        self.tell_of_ticket("ticket.made", &ticket, now, round);
        self.share_out(&mut ticket, "message_arrived", Vec::new(), now, round);
        self.put_ticket(ticket, None, round);
        id
    }

    fn go_on_with(
        &mut self,
        mut ticket: Ticket,
        action: Action,
        reasons: Vec<Reason>,
        channel: &Channel,
        now: Now,
        round: &mut Round,
    ) -> TicketId {
        let (id, before) = (ticket.id, ticket.weight());
        let reopens = action == Action::Reopen;
        if reopens {
            ticket.set_status(Status::New, now.at, &self.around.ground.account);
        }
        ticket.touch(now.at);
        let is_nobodys = ticket.owner.is_none() && ticket.team.is_none();
        if reopens && is_nobodys && ticket.channel == Some(channel.id) {
            self.share_out(&mut ticket, "message_arrived", reasons, now, round);
        } else if reopens || reasons.contains(&Reason::WrittenByMachine) {
            self.write_why(&ticket, "message_arrived", action, reasons, now, round);
        }
        self.put_ticket(ticket, before, round);
        id
    }

    /// Writes down why something was done with a ticket about which nobody was looked at.
    pub(super) fn write_why(
        &mut self,
        ticket: &Ticket,
        event: &str,
        action: Action,
        reasons: Vec<Reason>,
        now: Now,
        round: &mut Round,
    ) {
        let candidates = Default::default();
        let action = decisions::Action::Ticket(action);
        let decision = Why { at: now.at, event: event.to_owned(), action, hours: None, candidates, reasons };
        self.write_decision(ticket.id, decision, now, round);
    }

    pub(super) fn write_decision(&mut self, ticket: TicketId, decision: Why, now: Now, round: &mut Round) {
        let id = self.memory.ids.next(now.at.timestamp_millis());
        round.batch.decisions.push(DecisionRow { id, call: None, ticket, decision });
    }

    fn keep_message(
        &mut self,
        incoming: &Incoming,
        ticket: Option<TicketId>,
        now: Now,
        round: &mut Round,
    ) -> MessageId {
        let id = MessageId(self.memory.ids.next(now.at.timestamp_millis()));
        let (outside_id, references) = match &incoming.threading {
            Threading::References { message_id, references } => (message_id.clone(), references.clone()),
            _ => (None, Vec::new()),
        };
        let automatic = incoming.nature != Nature::Person;
        let message = Message {
            id,
            ticket,
            channel: incoming.channel,
            at: now.at,
            side: Side::In { from: incoming.from.clone(), name: incoming.name.clone(), automatic },
            subject: incoming.subject.clone(),
            text: incoming.text.clone(),
            html: incoming.html.clone(),
            attachments: incoming.attachments.clone(),
            outside_id: outside_id.or_else(|| Some(incoming.key.clone())),
        };
        let (key, raw) = (Some(incoming.key.clone()), incoming.raw.clone());
        let row = MessageRow { key, raw, references, ..MessageRow::new(message) };
        self.tell_of_message("message.received", &row.message, now, round);
        let channel = incoming.channel;
        let event =
            json!({ "event": "message_arrived", "message": id, "ticket": ticket, "channel": channel });
        round.batch.events.push(EventRow { at: now.at, document: event.to_string() });
        round.batch.messages.insert(id, row);
        id
    }

    pub(super) async fn sending_reported(
        &mut self,
        of: &Reported,
        state: &Sending,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        let row = match of {
            Reported::Message(id) => self.message_now(*id, round).await?,
            Reported::Outside { channel, id } => self.called_outside(*channel, id, round).await?,
        };
        let Some(row) = row.filter(|row| matches!(row.message.side, Side::Out { .. })) else {
            return Ok(Some(Outcome::Refused(Refused::NotFound)));
        };
        self.note_sending(row, state.clone(), round);
        Ok(Some(Outcome::Done))
    }

    pub(in crate::desk) async fn message_now(
        &mut self,
        id: MessageId,
        round: &Round,
    ) -> Result<Option<MessageRow>, Broken> {
        match round.batch.messages.get(&id) {
            Some(row) => Ok(Some(row.clone())),
            None => store::messages::one(self.writer.connection(), id).await.map_err(failed),
        }
    }

    /// A message out got further, or came to nothing.
    pub(in crate::desk) fn note_sending(&mut self, mut row: MessageRow, state: Sending, round: &mut Round) {
        let Side::Out { state: is, .. } = &mut row.message.side else { return };
        if !is.is_followed_by(&state) {
            return;
        }
        let was_queued = *is == Sending::Queued;
        is.clone_from(&state);
        row.due_at = None;
        row.error = match &state {
            Sending::Failed { error, .. } => Some(error.clone()),
            _ => None,
        };
        let now = self.around.clock.now();
        match state {
            Sending::Failed { .. } => self.tell_of_message("message.failed", &row.message, now, round),
            _ if was_queued => self.tell_of_message("message.sent", &row.message, now, round),
            _ => round.news = true,
        }
        round.batch.messages.insert(row.message.id, row);
    }

    pub(super) fn are_kept<'a>(&self, mut files: impl Iterator<Item = &'a String>) -> bool {
        files.all(|sha256| self.around.attachments.has(sha256))
    }
}

fn subject_of(incoming: &Incoming) -> Option<String> {
    let said = incoming.subject.as_deref().map(str::trim).filter(|subject| !subject.is_empty());
    if let Some(subject) = said {
        return Some(subject.to_owned());
    }
    let line = incoming.text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().take(SUBJECT_MAX).collect())
}

pub(super) fn conflict(pointer: &str, detail: &str) -> Outcome {
    Outcome::Refused(refusal(pointer, detail))
}

pub(super) fn refusal(pointer: &str, detail: &str) -> Refused {
    Refused::Conflict(Fault::new(pointer, detail))
}

pub(super) fn failed(error: sqlx::Error) -> Broken {
    Broken::Store(NotCommitted::Failed(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::ids::Ids;
    use std::collections::BTreeMap;

    #[test]
    fn a_ticket_is_called_by_its_subject_or_by_its_first_line() {
        let incoming = |subject: Option<&str>, text: &str| Incoming {
            channel: ChannelId(Ids::new(1).next(1)),
            key: "1".into(),
            from: Identity::Unknown,
            name: None,
            subject: subject.map(str::to_owned),
            text: text.into(),
            html: None,
            attachments: Vec::new(),
            threading: Threading::New,
            nature: Nature::Person,
            properties: BTreeMap::new(),
            raw: None,
        };
        let table = [
            (Some(" The pump "), "leaks", Some("The pump".to_owned())),
            (Some("  "), "\n  It leaks.\nBadly.", Some("It leaks.".to_owned())),
            (None, &"ä".repeat(200), Some("ä".repeat(80))),
            (None, " \n ", None),
        ];
        for (subject, text, expected) in table {
            assert_eq!(subject_of(&incoming(subject, text)), expected);
        }
    }
}
