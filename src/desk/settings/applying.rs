//! Puts a change into the snapshot.

use super::{
    Fault, Ground, Refused, Settings,
    reading::named,
    showing::{channel_document, inbox_document, skill_document, user_document},
    ticket_channels::ticket_channel_document,
};
use crate::{
    routing::{
        contacts::Contact,
        ids::{ChannelId, ContactId, GreetingId, InboxId, SkillId, TeamId, TokenId, UserId},
        people::People,
    },
    store::settings::{Change, Greeting, Merge, Token},
    tickets::channel::Channel,
};
use serde_json::{Value, json};

impl Settings {
    /// Answers the change as it is to be stored.
    pub(super) fn apply(&mut self, change: Change, ground: &Ground) -> Result<Change, Refused> {
        match change {
            Change::User(id, document) => self.put_user(id, document, ground),
            Change::Team(id, document) => self.put_team(id, document),
            Change::Inbox(id, document) => self.put_inbox(id, document),
            Change::Skill(id, document) => self.put_skill(id, document),
            Change::Channel(id, document) => self.put_channel(id, document, ground),
            Change::Contact(id, document) => self.put_contact(id, document),
            Change::Greeting(ref greeting) => self.put_greeting(greeting).map(|()| change),
            Change::Token(ref token) => self.put_token(token).map(|()| change),
            Change::Webhook(ref webhook) => {
                self.webhooks.insert(webhook.id, webhook.as_ref().clone());
                Ok(change)
            }
            Change::SignIn(ref sign_in) => self.doors.apply(sign_in).map(|()| change),
            Change::DeleteTeam(id) => self.remove_team(id).map(|()| change),
            Change::DeleteInbox(id) => self.remove_inbox(id).map(|()| change),
            Change::DeleteSkill(id) => self.remove_skill(id).map(|()| change),
            Change::DeleteChannel(id) => self.remove_channel(id).map(|()| change),
            Change::Notifications(of, document) => {
                let document = self.put_notifying(of, document)?;
                Ok(Change::Notifications(of, document))
            }
            Change::MergeContacts(ref merge) => self.merge_contacts(merge.into, merge.from),
            Change::DeleteContact(id) => self.contacts.remove(id).map(|_| change).ok_or(Refused::NotFound),
            Change::DeleteGreeting(id) => self.remove_greeting(id).map(|()| change),
            Change::DeleteWebhook(id) => self.webhooks.remove(&id).map(|_| change).ok_or(Refused::NotFound),
            Change::RevokeToken(id) => self.remove_token(id).map(|()| change),
        }
    }

    fn put_user(&mut self, id: UserId, document: Value, ground: &Ground) -> Result<Change, Refused> {
        let user = self.read_user(id, document, ground)?;
        let document = user_document(&user);
        self.users.insert(id, document.clone());
        self.people.users.insert(id, user);
        Ok(Change::User(id, document))
    }

    fn put_team(&mut self, id: TeamId, document: Value) -> Result<Change, Refused> {
        let team = self.read_team(id, document)?;
        let document = json!({ "name": team.name, "main": team.main, "extra": team.extra });
        self.teams.insert(id, document.clone());
        self.people.teams.insert(id, team);
        Ok(Change::Team(id, document))
    }

    fn put_inbox(&mut self, id: InboxId, document: Value) -> Result<Change, Refused> {
        let inbox = self.read_inbox(id, document)?;
        let document = inbox_document(&inbox);
        self.people.inboxes.insert(id, inbox);
        Ok(Change::Inbox(id, document))
    }

    fn put_skill(&mut self, id: SkillId, document: Value) -> Result<Change, Refused> {
        let skill = self.read_skill(id, document)?;
        let document = skill_document(&skill);
        self.people.skills.insert(id, skill);
        Ok(Change::Skill(id, document))
    }

    fn put_channel(&mut self, id: ChannelId, document: Value, ground: &Ground) -> Result<Change, Refused> {
        let kind = document["kind"].clone();
        let before = self.channel_documents.get(&id).map(|before| &before["kind"]);
        if before.is_some_and(|before| *before != kind) {
            return Err(Fault::new("/kind", "a channel stays of its kind: make another one").into());
        }
        let document = match kind.as_str() {
            Some("calling") => {
                let channel = self.read_channel(id, document, ground)?;
                let document = channel_document(&channel);
                self.channels.insert(id, channel);
                document
            }
            _ => {
                let channel = self.read_ticket_channel(id, document, ground)?;
                let document = ticket_channel_document(&channel);
                self.ticket_channels.insert(id, channel);
                document
            }
        };
        self.channel_documents.insert(id, document.clone());
        Ok(Change::Channel(id, document))
    }

    fn put_contact(&mut self, id: ContactId, document: Value) -> Result<Change, Refused> {
        let contact = self.read_contact(id, document)?;
        let document = json!(contact);
        self.contacts.save(id, contact);
        Ok(Change::Contact(id, document))
    }

    fn merge_contacts(&mut self, into: ContactId, from: ContactId) -> Result<Change, Refused> {
        if into == from {
            return Err(Fault::new("/from", "it is the contact itself").into());
        }
        let mut merged = self.contacts.get(into).cloned().ok_or(Refused::NotFound)?;
        let Some(other) = self.contacts.remove(from) else {
            return Err(Fault::new("/from", "there is no contact of this id").into());
        };
        merged.merge(&other);
        let merged = self.read_contact(into, json!(merged))?;
        let document = json!(merged);
        self.contacts.save(into, merged);
        Ok(Change::MergeContacts(Box::new(Merge { into, from, document })))
    }

    /// Somebody who wrote and whom nobody knew.
    pub fn make_contact(&mut self, id: ContactId, contact: Contact) -> Result<Change, Refused> {
        self.put_contact(id, json!(contact))
    }

    fn put_greeting(&mut self, greeting: &Greeting) -> Result<(), Refused> {
        named("/name", greeting.name.clone())?;
        let same = |other: &Greeting| other.id != greeting.id && other.name == greeting.name;
        if self.greetings.values().any(same) {
            return Err(Refused::Conflict(Fault::new("/name", "another greeting has this name")));
        }
        self.greetings.insert(greeting.id, greeting.clone());
        Ok(())
    }

    fn put_token(&mut self, token: &Token) -> Result<(), Refused> {
        if token.user.is_some_and(|user| !self.people.users.contains_key(&user)) {
            return Err(Fault::new("/user", "there is no user of this id").into());
        }
        self.by_secret.insert(token.sha256.clone(), token.id);
        self.tokens.insert(token.id, token.clone());
        Ok(())
    }

    fn remove_team(&mut self, id: TeamId) -> Result<(), Refused> {
        self.teams.remove(&id).ok_or(Refused::NotFound)?;
        self.people.teams.remove(&id);
        Ok(())
    }

    fn remove_channel(&mut self, id: ChannelId) -> Result<(), Refused> {
        self.channel_documents.remove(&id).ok_or(Refused::NotFound)?;
        self.channels.remove(&id);
        self.ticket_channels.remove(&id);
        Ok(())
    }

    fn remove_inbox(&mut self, id: InboxId) -> Result<(), Refused> {
        self.people.inboxes.remove(&id).ok_or(Refused::NotFound)?;
        let inbox = json!(id);
        match self.channel_documents.values().find(|channel| channel["inbox"] == inbox) {
            None => Ok(()),
            Some(channel) => {
                let name = channel["name"].as_str().unwrap_or_default();
                Err(Refused::Conflict(Fault::new("", format!("the channel {name} belongs to it"))))
            }
        }
    }

    /// Users don't have it any more. A channel that asks for it keeps it.
    fn remove_skill(&mut self, id: SkillId) -> Result<(), Refused> {
        self.people.skills.remove(&id).ok_or(Refused::NotFound)?;
        let demands = |channel: &&Channel| channel.demands.iter().any(|demand| demand.skill == id);
        if let Some(channel) = self.ticket_channels.values().find(demands) {
            let detail = format!("the channel {} asks for it", channel.name);
            return Err(Refused::Conflict(Fault::new("", detail)));
        }
        self.forget_skills_that_are_gone();
        Ok(())
    }

    /// What users are said to know that is no skill any more.
    pub(super) fn forget_skills_that_are_gone(&mut self) {
        let People { users, skills, .. } = &mut self.people;
        for user in users.values_mut() {
            let before = user.skills.len();
            user.skills.retain(|known| skills.contains_key(&known.skill));
            if user.skills.len() < before {
                self.users.insert(user.id, user_document(user));
            }
        }
    }

    fn remove_greeting(&mut self, id: GreetingId) -> Result<(), Refused> {
        self.greetings.remove(&id).ok_or(Refused::NotFound)?;
        match self.channels.values().find(|channel| channel.greetings.uses(id)) {
            None => Ok(()),
            Some(channel) => {
                let detail = format!("the channel {} plays it", channel.name);
                Err(Refused::Conflict(Fault::new("", detail)))
            }
        }
    }

    fn remove_token(&mut self, id: TokenId) -> Result<(), Refused> {
        let token = self.tokens.remove(&id).ok_or(Refused::NotFound)?;
        self.by_secret.remove(&token.sha256);
        Ok(())
    }
}
