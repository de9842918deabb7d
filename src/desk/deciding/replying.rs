//! What customers are answered: by which channel it goes out, and whom the ticket belongs to from then on.

use super::{
    Broken, Round,
    messages::{conflict, failed, refusal},
};
use crate::{
    calls::{event::Event, time::Now},
    desk::{
        Outcome,
        engine::Engine,
        messages::{Replied, Reply},
        settings::{Refused, Settings},
        wrong,
    },
    routing::{
        ids::{ChannelId, ContactId, MessageId},
        reasons::Reason,
    },
    store::{self, drafts::DraftRow, messages::MessageRow},
    tickets::{
        arrival::Action,
        channel::{Channel, Way},
        incoming::Identity,
        message::{Author, Message, Sending, Side},
        ticket::Ticket,
    },
};

/// How many earlier messages an answer names.
const REFERENCES_MAX: usize = 20;
/// How far back it is looked for what a reply answers.
const LOOKED_BACK: u32 = 200;

impl Engine {
    pub(super) async fn reply(
        &mut self,
        reply: &Reply,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        let Some(mut ticket) = self.ticket_now(reply.ticket, round).await? else {
            return Ok(Some(Outcome::Refused(Refused::NotFound)));
        };
        let earlier = self.earlier_on(reply, round).await?;
        let key = reply.key.as_ref().map(|key| format!("{}:{key}", ticket.id));
        if let Some(before) = earlier.iter().find(|row| key.is_some() && row.key == key) {
            return self.replied_before(before.message.id, reply, ticket, round).await;
        }
        if !self.are_kept(reply.attachments.iter().map(|file| &file.sha256)) {
            return Ok(Some(conflict("/attachments", "a file is gone since it was kept")));
        }
        let settings = self.memory.settings.clone();
        let way = match WayOut::of(reply, &ticket, &earlier, &settings) {
            Ok(way) => way,
            Err(refused) => return Ok(Some(Outcome::Refused(refused))),
        };
        if let Some(before) = self.long_before(way.channel, key.as_deref(), &earlier).await? {
            return self.replied_before(before, reply, ticket, round).await;
        }
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

    /// The latest messages of its ticket, the newest first, and the one that it answers. What was written in those of the
    /// store is left there.
    async fn earlier_on(&mut self, reply: &Reply, round: &Round) -> Result<Vec<MessageRow>, Broken> {
        let (ticket, connection) = (reply.ticket, self.writer.connection());
        let stored = store::messages::outline_of_ticket(connection, ticket, LOOKED_BACK).await;
        let this_round = &round.batch.messages;
        let older =
            stored.map_err(failed)?.into_iter().filter(|row| !this_round.contains_key(&row.message.id));
        let newer = this_round.values().filter(|row| row.message.ticket == Some(ticket)).cloned();
        let mut all: Vec<MessageRow> = newer.chain(older).collect();
        if let Some(id) = reply.answers.filter(|id| all.iter().all(|row| row.message.id != *id)) {
            let answered = self.message_now(id, round).await?;
            all.extend(answered.filter(|row| row.message.ticket == Some(ticket)));
        }
        all.sort_unstable_by_key(|row| std::cmp::Reverse(row.message.id));
        Ok(all)
    }

    /// What was sent under this key before all that was looked at.
    async fn long_before(
        &mut self,
        channel: ChannelId,
        key: Option<&str>,
        earlier: &[MessageRow],
    ) -> Result<Option<MessageId>, Broken> {
        let is_all = u32::try_from(earlier.len()).is_ok_and(|earlier| earlier < LOOKED_BACK);
        let Some(key) = key.filter(|_| !is_all) else { return Ok(None) };
        let found = store::messages::by_key(self.writer.connection(), channel, key).await;
        Ok(found.map_err(failed)?.map(|row| row.message.id))
    }

    /// The same reply is not sent again, and another one not under its key.
    async fn replied_before(
        &mut self,
        before: MessageId,
        reply: &Reply,
        ticket: Ticket,
        round: &Round,
    ) -> Result<Option<Outcome>, Broken> {
        let before = self.message_now(before, round).await?;
        let Some(row) = before.filter(|row| row.message.text == reply.text) else {
            return Ok(Some(Outcome::Refused(Refused::KeyReused)));
        };
        Ok(Some(Outcome::Replied(Box::new(Replied { message: row.message, ticket, doubled: true }))))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        routing::{
            contacts::Contact,
            hours::Hours,
            ids::{Ids, TicketId},
            load::TicketType,
            zone::Zone,
        },
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
}
