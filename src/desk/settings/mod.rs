//! The settings as one snapshot. A change makes a new snapshot, or is refused with the place that is wrong.
//!
//! A change is read out of its document (`reading`, by the `forms`), put into the snapshot (`applying`), and checked
//! against everything else (`checks`). `showing` writes the documents that are stored and shown.

mod applying;
mod checks;
mod forms;
mod notifying;
mod reading;
mod showing;
mod ticket_channels;

pub use forms::{
    AnyChannelForm, ChannelForm, InboxForm, RoutingForm, SkillForm, TeamForm, UserForm, read_form,
};
pub use notifying::Notifying;
pub use showing::{tag, token_document, webhook_document, with_id};
pub use ticket_channels::TicketChannelForm;

use self::showing::{inbox_document, skill_document};
use super::{sign_in::Doors, softphones::Pass};
use crate::{
    calls::channel::{Channel, Times},
    providers::Dialect,
    routing::{
        assignment::Rule,
        contacts::Contacts,
        hours::HoursError,
        ids::{
            ChannelId, ContactId, GreetingId, InboxId, SessionId, SkillId, TeamId, TokenId, UserId, WebhookId,
        },
        people::{People, SecondFactorFor},
        zone::Zone,
    },
    store::{
        audit::Subject,
        settings::{Change, Greeting, Token},
        sign_in::Session,
        webhooks::Webhook,
    },
    tickets::channel::Channel as TicketChannel,
    zones::Zones,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// What is wrong, and where in the document: a JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Fault {
    pub pointer: String,
    pub detail: String,
}

impl Fault {
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }

    fn of_hours(below: &str, error: &HoursError) -> Self {
        Self::new(format!("{below}{}", error.pointer()), error.to_string())
    }
}

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    NotFound,
    Invalid(Vec<Fault>),
    /// It would collide with something that is there.
    Conflict(Fault),
    /// What is there is not what the change was made from.
    Stale,
    /// Nobody may do this, whatever their role.
    Forbidden(Fault),
    /// Another request was made under this idempotency key.
    KeyReused,
}

impl Refused {
    /// The same, seen from the document that holds what was refused at this pointer.
    pub fn below(self, pointer: &str) -> Self {
        let below = |fault: Fault| Fault { pointer: format!("{pointer}{}", fault.pointer), ..fault };
        match self {
            Self::Invalid(faults) => Self::Invalid(faults.into_iter().map(below).collect()),
            Self::Conflict(fault) => Self::Conflict(below(fault)),
            Self::Forbidden(fault) => Self::Forbidden(below(fault)),
            refused => refused,
        }
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Invalid(vec![fault])
    }
}

/// What settings are checked against, besides one another.
#[derive(Debug)]
pub struct Ground {
    pub zones: Zones,
    /// The account's time zone: the default for everything that has one.
    pub account: Zone,
    /// The configured telephone companies by name, and how they speak.
    pub providers: BTreeMap<String, Dialect>,
    pub times: Times,
    /// Webhooks may go to this machine: for tests.
    pub allow_loopback: bool,
    pub reach: ReachRules,
    pub second_factor: SecondFactorFor,
}

/// Where agents may be dialled besides in their browsers.
#[derive(Debug, Clone, Default)]
pub struct ReachRules {
    /// How their telephone numbers may begin, in E.164. None: they are not dialled.
    pub prefixes: Vec<String>,
    /// The hosts of their SIP addresses.
    pub sip_hosts: Vec<String>,
}

impl ReachRules {
    /// Whether this number may be dialled.
    pub fn allows(&self, number: &str) -> bool {
        reading::is_e164(number) && self.prefixes.iter().any(|prefix| number.starts_with(prefix))
    }
}

#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub people: People,
    pub contacts: Contacts,
    /// Those that are called.
    pub channels: HashMap<ChannelId, Channel>,
    /// Those that are written to.
    pub ticket_channels: HashMap<ChannelId, TicketChannel>,
    pub greetings: BTreeMap<GreetingId, Greeting>,
    pub tokens: BTreeMap<TokenId, Token>,
    pub webhooks: BTreeMap<WebhookId, Webhook>,
    /// How users sign in to the pages.
    pub doors: Doors,
    /// By which ways people are told of tickets.
    pub notifying: Notifying,
    second_factor_for: SecondFactorFor,
    by_secret: HashMap<String, TokenId>,
    users: BTreeMap<UserId, Value>,
    teams: BTreeMap<TeamId, Value>,
    channel_documents: BTreeMap<ChannelId, Value>,
}

impl Settings {
    /// The settings after `change`. The change comes back as it is to be stored, with every default filled in.
    pub fn with(&self, change: Change, ground: &Ground) -> Result<(Self, Change), Refused> {
        let mut next = self.clone();
        if let Change::Webhook(webhook) = &change {
            next.check_webhook(webhook, ground)?;
        }
        let stored = next.apply(change, ground)?;
        match &stored {
            Change::Channel(id, _) => match next.channels.get(id) {
                Some(channel) => next.check_channel(channel, ground)?,
                None => next.check_ticket_channel(&next.ticket_channels[id], ground)?,
            },
            Change::User(id, _) => next.check_user(&next.people.users[id], ground)?,
            Change::Inbox(id, _) => next.check_inbox(&next.people.inboxes[id])?,
            Change::Contact(id, _) => {
                let before = self.contacts.get(*id);
                let is = next.contacts.get(*id).ok_or(Refused::NotFound)?;
                next.check_contact_keys(*id, is, before)?;
            }
            _ => {}
        }
        Ok((next, stored))
    }

    /// A channel as this document would make it, were it saved; refused as saving it would be.
    pub fn draft(&self, id: ChannelId, document: Value, ground: &Ground) -> Result<Channel, Refused> {
        let (mut next, _) = self.with(Change::Channel(id, document), ground)?;
        next.channels.remove(&id).ok_or(Refused::NotFound)
    }

    /// The same of a channel that makes tickets out of messages.
    pub fn ticket_draft(
        &self,
        id: ChannelId,
        document: Value,
        ground: &Ground,
    ) -> Result<TicketChannel, Refused> {
        let (mut next, _) = self.with(Change::Channel(id, document), ground)?;
        next.ticket_channels.remove(&id).ok_or(Refused::NotFound)
    }

    /// Makes the settings out of what is stored. What a channel names may be gone by now; then it is skipped.
    pub fn load(changes: Vec<Change>, ground: &Ground) -> Result<Self, Box<(Change, Refused)>> {
        let mut settings = Self { second_factor_for: ground.second_factor, ..Self::default() };
        for change in changes {
            settings.apply(change.clone(), ground).map_err(|refused| Box::new((change, refused)))?;
        }
        settings.forget_skills_that_are_gone();
        Ok(settings)
    }

    /// The inbox that a channel, of whatever kind, belongs to.
    pub fn inbox_of(&self, channel: ChannelId) -> Option<InboxId> {
        let calling = self.channels.get(&channel).and_then(|channel| channel.inbox);
        calling.or_else(|| self.ticket_channels.get(&channel)?.inbox)
    }

    /// The time zone of a channel, of whatever kind.
    pub fn zone_of(&self, channel: ChannelId) -> Option<&Zone> {
        let calling = self.channels.get(&channel).map(|channel| &channel.zone);
        calling.or_else(|| self.ticket_channels.get(&channel).map(|channel| &channel.zone))
    }

    /// The rules by which a channel, of whatever kind, reaches people.
    pub fn rules_of(&self, channel: ChannelId) -> impl Iterator<Item = &Rule> {
        let calling = self.channels.get(&channel).map(|channel| &channel.rule);
        let assignment = self.ticket_channels.get(&channel).map(|channel| &channel.assignment);
        let rules = assignment.map(|assignment| [Some(&assignment.rule), assignment.fallback.as_ref()]);
        calling.into_iter().chain(rules.into_iter().flatten().flatten())
    }

    /// Something as the API and the audit log show it, with its id in front. A document with a secret leaves that out.
    pub fn document(&self, subject: Subject) -> Option<Value> {
        let Subject { kind, id } = subject;
        match kind {
            "user" => self.users.get(&UserId(id)).map(|document| with_id(id, document)),
            "team" => self.teams.get(&TeamId(id)).map(|document| with_id(id, document)),
            "inbox" => self.people.inboxes.get(&InboxId(id)).map(|inbox| with_id(id, &inbox_document(inbox))),
            "skill" => self.people.skills.get(&SkillId(id)).map(|skill| with_id(id, &skill_document(skill))),
            "channel" => self.channel_documents.get(&ChannelId(id)).map(|document| with_id(id, document)),
            "contact" => self.contacts.get(ContactId(id)).map(|contact| with_id(id, &json!(contact))),
            "notifications" => Some(self.notifying.document((!id.is_nil()).then_some(UserId(id)))),
            "greeting" => self.greetings.get(&GreetingId(id)).map(|greeting| json!(greeting)),
            "token" => self.tokens.get(&TokenId(id)).map(token_document),
            "webhook" => self.webhooks.get(&WebhookId(id)).map(webhook_document),
            kind => self.doors.document(kind, id),
        }
    }

    /// Whether whoever was let in by this may stay.
    pub fn is_good(&self, pass: Pass, now: DateTime<Utc>) -> bool {
        match pass {
            Pass::Token(token) => self.tokens.contains_key(&token),
            Pass::Session(session) => self.session(session, now).is_some(),
        }
    }

    /// A session that lets its user in: not while they must have a second factor and have none.
    pub fn session(&self, session: SessionId, now: DateTime<Utc>) -> Option<&Session> {
        self.doors.session_by_id(session, now).filter(|session| !self.lacks_second_factor(session.user))
    }

    pub fn lacks_second_factor(&self, user: UserId) -> bool {
        let role = self.people.users.get(&user).map(|user| user.role);
        role.is_some_and(|role| self.second_factor_for.asks(role)) && self.doors.second_factor(user).is_none()
    }

    /// Whether they may take it away again.
    pub fn must_have_second_factor(&self, user: UserId) -> bool {
        self.people.users.get(&user).is_some_and(|user| self.second_factor_for.asks(user.role))
    }

    /// The token whose secret has this hash.
    pub fn token(&self, sha256: &str) -> Option<&Token> {
        self.tokens.get(self.by_secret.get(sha256)?)
    }

    /// What people call this user; the id, if they are gone.
    pub fn name_of(&self, user: UserId) -> String {
        self.people.users.get(&user).map_or_else(|| user.to_string(), |user| user.name.clone())
    }

    pub fn user_document(&self, id: UserId) -> Option<&Value> {
        self.users.get(&id)
    }

    pub fn users(&self) -> impl Iterator<Item = (UserId, &Value)> {
        self.users.iter().map(|(id, document)| (*id, document))
    }

    pub fn team_document(&self, id: TeamId) -> Option<&Value> {
        self.teams.get(&id)
    }

    pub fn teams(&self) -> impl Iterator<Item = (TeamId, &Value)> {
        self.teams.iter().map(|(id, document)| (*id, document))
    }

    pub fn channel_document(&self, id: ChannelId) -> Option<&Value> {
        self.channel_documents.get(&id)
    }

    pub fn channel_documents(&self) -> impl Iterator<Item = (ChannelId, &Value)> {
        self.channel_documents.iter().map(|(id, document)| (*id, document))
    }
}
