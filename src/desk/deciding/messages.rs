//! What customers write, and what they are answered.

use super::{Broken, Round};
use crate::{
    calls::{event::Event, time::Now},
    desk::{
        Outcome,
        engine::Engine,
        messages::{Arrived, Replied, Reply, Reported},
        settings::{Fault, Refused, Settings},
        wrong,
    },
    routing::{
        ids::{ChannelId, ContactId, MessageId, TicketId},
        load::Weight,
        reasons::Reason,
    },
    store::{
        self,
        batch::NotCommitted,
        decisions::{self, DecisionRow, Why},
        drafts::DraftRow,
        events::EventRow,
        messages::MessageRow,
    },
    tickets::{
        arrival::{self, Action, Becomes},
        channel::{Channel, Way},
        incoming::{Identity, Incoming, Nature, Threading},
        message::{Author, Message, Sending, Side},
        ticket::{Status, Ticket},
    },
};
use serde_json::json;

/// How many of the messages that it names a mail's conversation is looked for by.
const REFERENCES_LOOKED_AT: usize = 50;
/// How many earlier messages an answer names.
const REFERENCES_MAX: usize = 20;
/// How far back it is looked for what a reply answers.
const LOOKED_BACK: u32 = 200;
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
        match self.memory.tickets.get(&id).or_else(|| round.batch.tickets.get(&id)) {
            Some(ticket) => Ok(Some(ticket.clone())),
            None => store::tickets::one(self.writer.connection(), id).await.map_err(failed),
        }
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

    pub(super) async fn reply(
        &mut self,
        reply: &Reply,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        let Some(mut ticket) = self.ticket_now(reply.ticket, round).await? else {
            return Ok(Some(Outcome::Refused(Refused::NotFound)));
        };
        let earlier = self.earlier_on(ticket.id, round).await?;
        let key = reply.key.as_ref().map(|key| format!("{}:{key}", ticket.id));
        if let Some(before) = earlier.iter().find(|row| key.is_some() && row.key == key) {
            if before.message.text != reply.text {
                return Ok(Some(Outcome::Refused(Refused::KeyReused)));
            }
            let (message, ticket) = (before.message.clone(), ticket);
            return Ok(Some(Outcome::Replied(Box::new(Replied { message, ticket, doubled: true }))));
        }
        if !self.are_kept(reply.attachments.iter().map(|file| &file.sha256)) {
            return Ok(Some(conflict("/attachments", "a file is gone since it was kept")));
        }
        let settings = self.memory.settings.clone();
        let way = match WayOut::of(reply, &ticket, &earlier, &settings) {
            Ok(way) => way,
            Err(refused) => return Ok(Some(Outcome::Refused(refused))),
        };
        if let Author::User(agent) = reply.by {
            round.changed_by.insert(ticket.id, agent);
        }
        let (now, before) = (self.around.clock.now(), ticket.weight());
        let row = self.answer(reply, &ticket, way, key, now, round);
        if let (Author::User(agent), None) = (reply.by, ticket.owner) {
            ticket.assign(agent, now.at);
            let reasons = vec![Reason::AnsweredFirst { agent }];
            self.write_why(&ticket, "replied", Action::Assign, reasons, now, round);
            self.tell_of_ticket("ticket.assigned", &ticket, now, round);
        }
        if let Some(status) = reply.status {
            ticket.set_status(status, now.at, &self.around.ground.account);
        }
        ticket.touch(now.at);
        self.put_ticket(ticket.clone(), before, round);
        let (ticket_id, author) = (ticket.id, reply.by);
        round.batch.drafts.push(DraftRow { ticket: ticket_id, author, at: now.at, draft: None });
        if reply.status.is_some() {
            // Somebody may be below their capacity again.
            self.happen(Event::SettingsChanged, None, round)?;
        }
        let message = row.message;
        Ok(Some(Outcome::Replied(Box::new(Replied { message, ticket, doubled: false }))))
    }

    /// The latest messages of a ticket, the newest first.
    async fn earlier_on(&mut self, ticket: TicketId, round: &Round) -> Result<Vec<MessageRow>, Broken> {
        let stored = store::messages::latest_of_ticket(self.writer.connection(), ticket, LOOKED_BACK).await;
        let this_round = &round.batch.messages;
        let older =
            stored.map_err(failed)?.into_iter().filter(|row| !this_round.contains_key(&row.message.id));
        let newer = this_round.values().filter(|row| row.message.ticket == Some(ticket)).cloned();
        let mut all: Vec<MessageRow> = newer.chain(older).collect();
        all.sort_unstable_by_key(|row| std::cmp::Reverse(row.message.id));
        Ok(all)
    }

    fn answer(
        &mut self,
        reply: &Reply,
        ticket: &Ticket,
        way: WayOut,
        key: Option<String>,
        now: Now,
        round: &mut Round,
    ) -> MessageRow {
        let WayOut { channel, to, references, at_once } = way;
        let state = if at_once { Sending::Sent { at: now.at } } else { Sending::Queued };
        let id = MessageId(self.memory.ids.next(now.at.timestamp_millis()));
        let message = Message {
            id,
            ticket: Some(ticket.id),
            channel,
            at: now.at,
            side: Side::Out { by: reply.by, to, state },
            subject: reply.subject.clone().or_else(|| ticket.subject.clone()),
            text: reply.text.clone(),
            html: reply.html.clone(),
            attachments: reply.attachments.clone(),
            outside_id: at_once.then(|| id.to_string()),
        };
        let due_at = (!at_once).then_some(now.at);
        let row = MessageRow { key, references, due_at, ..MessageRow::new(message) };
        if at_once {
            self.tell_of_message("message.sent", &row.message, now, round);
        }
        round.news = true;
        round.batch.messages.insert(row.message.id, row.clone());
        row
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

    fn are_kept<'a>(&self, mut files: impl Iterator<Item = &'a String>) -> bool {
        files.all(|sha256| self.around.attachments.has(sha256))
    }
}

/// How a reply gets to the customer.
struct WayOut {
    channel: ChannelId,
    to: Identity,
    references: Vec<String>,
    /// Whoever gets it fetches it: there is nothing to send.
    at_once: bool,
}

impl WayOut {
    fn of(
        reply: &Reply,
        ticket: &Ticket,
        earlier: &[MessageRow],
        settings: &Settings,
    ) -> Result<Self, Refused> {
        let answered = answered(reply, earlier)?;
        let usual = answered.map(|row| row.message.channel).or(ticket.channel);
        let Some(id) = reply.channel.or(usual) else {
            return Err(wrong("/channel", "the ticket came by no channel: choose one"));
        };
        let channel = settings.ticket_channels.get(&id);
        let channel =
            channel.ok_or_else(|| wrong("/channel", "there is no channel of this id for messages"))?;
        let channel = match channel.way {
            Way::Form(_) => mail_beside(channel, settings)?,
            _ => channel,
        };
        if !channel.enabled {
            return Err(refusal("/channel", "the channel is disabled"));
        }
        let from = answered.map(|row| match &row.message.side {
            Side::In { from, .. } => from,
            Side::Out { to, .. } => to,
        });
        let known = from.or(ticket.customer.as_ref()).filter(|person| fits(person, channel, usual));
        let to = known.cloned().or_else(|| reached_by(channel, ticket.contact, settings));
        let to =
            to.ok_or_else(|| refusal("/channel", "it is not known how to reach them by this channel"))?;
        let references = references(answered, earlier, channel.id);
        let at_once = matches!(channel.way, Way::Api | Way::Chat(_));
        Ok(Self { channel: channel.id, to, references, at_once })
    }
}

/// What a reply answers: what it names, or the latest that the customer wrote.
fn answered<'a>(reply: &Reply, earlier: &'a [MessageRow]) -> Result<Option<&'a MessageRow>, Refused> {
    if let Some(id) = reply.answers {
        let named = earlier.iter().find(|row| row.message.id == id);
        return named.map(Some).ok_or_else(|| wrong("/answers", "the ticket has no such message"));
    }
    let by_a_person = |row: &&MessageRow| matches!(row.message.side, Side::In { automatic: false, .. });
    Ok(earlier.iter().find(by_a_person))
}

/// A form takes no answers: they go by mail, from the same workspace.
fn mail_beside<'a>(form: &Channel, settings: &'a Settings) -> Result<&'a Channel, Refused> {
    let mail =
        |other: &&Channel| matches!(other.way, Way::Email(_)) && other.enabled && other.inbox == form.inbox;
    let first = settings.ticket_channels.values().filter(mail).min_by_key(|channel| channel.id);
    first.ok_or_else(|| {
        refusal("/channel", "a form takes no answers, and its workspace has no channel for email")
    })
}

/// Whether this channel reaches somebody under this name. `known_on`: the channel that calls them so.
fn fits(person: &Identity, channel: &Channel, known_on: Option<ChannelId>) -> bool {
    match (&channel.way, person) {
        (Way::Email(_), Identity::Email(_)) | (Way::Whatsapp(_), Identity::Number(_)) => true,
        // Whoever hides their number has another name on each account of WhatsApp.
        (Way::Chat(_) | Way::Whatsapp(_), Identity::Visitor(_)) => known_on == Some(channel.id),
        (Way::Api, _) => known_on == Some(channel.id),
        _ => false,
    }
}

/// How their contact is reached by this channel.
fn reached_by(channel: &Channel, contact: Option<ContactId>, settings: &Settings) -> Option<Identity> {
    let contact = settings.contacts.get(contact?)?;
    match channel.way {
        Way::Email(_) => contact.email.clone().map(Identity::Email),
        Way::Whatsapp(_) => contact.numbers.first().cloned().map(Identity::Number),
        _ => {
            let known = contact.visitors.iter().find(|known| known.channel == channel.id)?;
            Some(Identity::Visitor(known.visitor.clone()))
        }
    }
}

/// What an answer names, so that it is put beside what it answers: that first, and what came before it.
fn references(answered: Option<&MessageRow>, earlier: &[MessageRow], channel: ChannelId) -> Vec<String> {
    let Some(answered) = answered.filter(|row| row.message.channel == channel) else { return Vec::new() };
    let older = earlier.iter().filter(|row| row.message.id < answered.message.id);
    let older = older.filter(|row| row.message.channel == channel);
    let older = older.filter_map(|row| row.message.outside_id.as_ref());
    let mut all: Vec<String> = Vec::new();
    for id in answered.message.outside_id.iter().chain(&answered.references).chain(older) {
        if all.len() < REFERENCES_MAX && !all.contains(id) {
            all.push(id.clone());
        }
    }
    all
}

fn subject_of(incoming: &Incoming) -> Option<String> {
    let said = incoming.subject.as_deref().map(str::trim).filter(|subject| !subject.is_empty());
    if let Some(subject) = said {
        return Some(subject.to_owned());
    }
    let line = incoming.text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().take(SUBJECT_MAX).collect())
}

fn conflict(pointer: &str, detail: &str) -> Outcome {
    Outcome::Refused(refusal(pointer, detail))
}

fn refusal(pointer: &str, detail: &str) -> Refused {
    Refused::Conflict(Fault::new(pointer, detail))
}

fn failed(error: sqlx::Error) -> Broken {
    Broken::Store(NotCommitted::Failed(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        routing::{contacts::Contact, hours::Hours, ids::Ids, load::TicketType, zone::Zone},
        tickets::channel::{Assignment, Chat, Email, Form, Whatsapp},
    };
    use chrono::DateTime;
    use std::collections::BTreeMap;

    /// A channel of each kind, a contact with an address, and the messages of a ticket, the newest first.
    struct Scene {
        ids: Ids,
        settings: Settings,
        ticket: Ticket,
        earlier: Vec<MessageRow>,
    }

    impl Scene {
        fn new() -> Self {
            let mut ids = Ids::new(3);
            let mut settings = Settings::default();
            let contact = ContactId(ids.next(1));
            let mut vera = Contact::of_name("Vera");
            (vera.email, vera.numbers) = (Some("vera@work.test".into()), vec!["+4366099".into()]);
            settings.contacts.save(contact, vera);
            let mut ticket =
                Ticket::open(TicketId(ids.next(1)), TicketType::EmailOther, DateTime::UNIX_EPOCH);
            ticket.contact = Some(contact);
            Self { ids, settings, ticket, earlier: Vec::new() }
        }

        fn channel(&mut self, way: Way) -> ChannelId {
            let id = ChannelId(self.ids.next(1));
            let channel = Channel {
                id,
                name: id.to_string(),
                inbox: None,
                way,
                enabled: true,
                makes_tickets: true,
                zone: Zone::utc(),
                hours: Hours::always(),
                assignment: Assignment::default(),
                demands: Vec::new(),
                relax_after_minutes: None,
                reroutes: false,
                properties: BTreeMap::new(),
            };
            self.settings.ticket_channels.insert(id, channel);
            id
        }

        fn mail(&mut self) -> ChannelId {
            self.channel(Way::Email(Email {
                mailbox: "main".into(),
                address: "help@desk.test".into(),
                sender: None,
            }))
        }

        /// The customer writes; answers how the message is called here.
        fn wrote(
            &mut self,
            channel: ChannelId,
            from: Identity,
            outside_id: &str,
            answers: &[&str],
        ) -> MessageId {
            let id = MessageId(self.ids.next(1));
            let message = Message {
                id,
                ticket: Some(self.ticket.id),
                channel,
                at: DateTime::UNIX_EPOCH,
                side: Side::In { from: from.clone(), name: None, automatic: false },
                subject: None,
                text: "?".into(),
                html: None,
                attachments: Vec::new(),
                outside_id: Some(outside_id.into()),
            };
            let references = answers.iter().map(|id| (*id).to_owned()).collect();
            self.earlier.insert(0, MessageRow { references, ..MessageRow::new(message) });
            self.ticket.channel.get_or_insert(channel);
            self.ticket.customer.get_or_insert(from);
            id
        }

        fn way(&self, answers: Option<MessageId>, channel: Option<ChannelId>) -> Result<WayOut, String> {
            let reply = Reply {
                ticket: self.ticket.id,
                by: Author::Token,
                answers,
                channel,
                subject: None,
                text: "!".into(),
                html: None,
                attachments: Vec::new(),
                status: None,
                key: None,
            };
            WayOut::of(&reply, &self.ticket, &self.earlier, &self.settings).map_err(|refused| match refused {
                Refused::Invalid(faults) => faults[0].pointer.clone(),
                Refused::Conflict(fault) => format!("conflict {}", fault.pointer),
                other => format!("{other:?}"),
            })
        }
    }

    fn email(address: &str) -> Identity {
        Identity::Email(address.into())
    }

    #[test]
    fn a_reply_goes_back_the_way_that_the_last_message_came() {
        let mut scene = Scene::new();
        let mail = scene.mail();
        let first = scene.wrote(mail, email("vera@home.test"), "<1@x>", &["<0@x>"]);
        scene.wrote(mail, email("vera@away.test"), "<2@x>", &["<1@x>", "<0@x>"]);
        let way = scene.way(None, None).expect("a way");
        assert_eq!((way.channel, way.to, way.at_once), (mail, email("vera@away.test"), false));
        assert_eq!(way.references, ["<2@x>", "<1@x>", "<0@x>"]);
        let chosen = scene.way(Some(first), None).expect("a way");
        assert_eq!(
            (chosen.to, chosen.references),
            (email("vera@home.test"), vec!["<1@x>".into(), "<0@x>".into()])
        );
        let unknown = MessageId(Ids::new(9).next(1));
        assert_eq!(scene.way(Some(unknown), None).err(), Some("/answers".into()));
    }

    #[test]
    fn an_answer_names_no_more_than_twenty_messages() {
        let mut scene = Scene::new();
        let mail = scene.mail();
        for n in 0..30 {
            scene.wrote(mail, email("vera@home.test"), &format!("<{n}@x>"), &[]);
        }
        let references = scene.way(None, None).expect("a way").references;
        assert_eq!(
            (references.len(), references[0].as_str(), references[19].as_str()),
            (20, "<29@x>", "<10@x>")
        );
    }

    #[test]
    fn who_wrote_by_a_form_is_answered_by_mail_from_the_same_workspace() {
        let mut scene = Scene::new();
        let form = scene.channel(Way::Form(Form::default()));
        scene.wrote(form, email("vera@home.test"), "f1", &[]);
        assert_eq!(scene.way(None, None).err(), Some("conflict /channel".into()), "there is no mail");
        let mail = scene.mail();
        let way = scene.way(None, None).expect("a way");
        assert_eq!((way.channel, way.to), (mail, email("vera@home.test")));
        assert_eq!(way.references, Vec::<String>::new(), "a form is no mail that could be answered");
    }

    #[test]
    fn by_another_channel_a_customer_is_reached_as_their_contact_says() {
        let mut scene = Scene::new();
        let chat = scene.channel(Way::Chat(Chat::default()));
        let (mail, api) = (scene.mail(), scene.channel(Way::Api));
        let whatsapp = Whatsapp { account: "main".into(), phone_number_id: "1".into() };
        let whatsapp = scene.channel(Way::Whatsapp(whatsapp));
        scene.wrote(chat, Identity::Visitor("v1".into()), "c1", &[]);
        let usual = scene.way(None, None).expect("a way");
        assert_eq!((usual.to, usual.at_once), (Identity::Visitor("v1".into()), true));
        let by = |channel| scene.way(None, Some(channel)).map(|way| way.to);
        assert_eq!(by(mail), Ok(email("vera@work.test")));
        assert_eq!(by(whatsapp), Ok(Identity::Number("+4366099".into())));
        // The other system does not know the visitor of our chat.
        assert_eq!(by(api), Err("conflict /channel".into()));
    }

    #[test]
    fn by_a_channel_that_is_disabled_or_gone_nothing_goes_out() {
        let mut scene = Scene::new();
        assert_eq!(scene.way(None, None).err(), Some("/channel".into()), "it came by none");
        let mail = scene.mail();
        scene.wrote(mail, email("vera@home.test"), "<1@x>", &[]);
        scene.settings.ticket_channels.get_mut(&mail).expect("the channel").enabled = false;
        assert_eq!(scene.way(None, None).err(), Some("conflict /channel".into()));
        scene.settings.ticket_channels.clear();
        assert_eq!(scene.way(None, None).err(), Some("/channel".into()));
    }

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
