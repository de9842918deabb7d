//! A channel that makes tickets out of messages: whom it reaches, and how it shares out.

use crate::routing::{
    assignment::Rule,
    hours::Hours,
    ids::{ChannelId, InboxId, SkillId},
    load::TicketType,
    zone::Zone,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub struct Channel {
    pub id: ChannelId,
    pub name: String,
    /// The inbox it belongs to; `None`: the help desk.
    pub inbox: Option<InboxId>,
    pub way: Way,
    /// Off: nothing is taken in, nothing is sent out.
    pub enabled: bool,
    /// Whether a new conversation makes a ticket by itself (R39).
    pub makes_tickets: bool,
    pub zone: Zone,
    /// When waiting tickets are routed; a ticket that comes is routed at any time.
    pub hours: Hours,
    pub assignment: Assignment,
    pub demands: Vec<Demand>,
    /// After so long what is only in the way of an assignment is let go. `None`: the ticket stays unassigned.
    pub relax_after_minutes: Option<u32>,
    /// Waiting tickets are routed again (D9).
    pub reroutes: bool,
    /// What its tickets say of themselves from the start (R27).
    pub properties: BTreeMap<String, String>,
}

/// How it is reached, and what that needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Way {
    Email(Email),
    Form(Form),
    Chat(Chat),
    Whatsapp(Whatsapp),
    /// Tickets made elsewhere, through the API.
    Api,
}

/// Mail to and from one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Email {
    /// The mailbox's name in the configuration.
    pub mailbox: String,
    /// What it is written to, and answers from.
    pub address: String,
    /// What stands beside the address.
    #[serde(default)]
    pub sender: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// The fields that carry who asks and what; the others become properties.
    #[serde(default)]
    pub fields: FormFields,
    /// A field that people don't see: what fills it in is a machine.
    #[serde(default)]
    pub honeypot: Option<String>,
    /// Where the browser goes afterwards; without it the form gets a short page.
    #[serde(default)]
    pub thanks_url: Option<String>,
}

/// The names of a form's fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FormFields {
    pub name: String,
    pub email: String,
    pub number: String,
    pub subject: String,
    pub message: String,
}

impl Default for FormFields {
    fn default() -> Self {
        let named = |name: &str| name.to_owned();
        Self {
            name: named("name"),
            email: named("email"),
            number: named("phone"),
            subject: named("subject"),
            message: named("message"),
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Chat {
    /// The pages that may show it: origins such as `https://www.example.org`.
    #[serde(default)]
    pub origins: Vec<String>,
    /// What visitors read first.
    #[serde(default)]
    pub welcome: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Whatsapp {
    /// The account's name in the configuration.
    pub account: String,
    /// The id of the number at the Cloud API.
    pub phone_number_id: String,
}

/// Who gets its tickets (R20-R26).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assignment {
    pub mode: Mode,
    /// Under `specific`, and under `teams_only` (its teams).
    pub rule: Rule,
    /// Where the owner or the customer agent does not take it; `None`: nobody.
    pub fallback: Option<Rule>,
    /// Who is not available is passed over (R16).
    pub only_available: bool,
    pub agent: Option<CustomerAgent>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// An outside service answers first.
    Agent,
    Specific,
    TeamsOnly,
    ContactOwner,
    #[default]
    Nobody,
}

/// An outside service that may answer before people do (R25).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerAgent {
    pub url: String,
    /// How long it may take; then people do it.
    #[schema(minimum = 1, maximum = 60)]
    pub deadline_seconds: u32,
}

/// What somebody must know, or had better know, to be given a ticket (R28).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    pub skill: SkillId,
    /// From 1 to 5; `None`: any.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 5)]
    pub level: Option<u8>,
    /// Whoever has not is passed over; otherwise they only come after those who have.
    pub needed: bool,
    /// Only for tickets that say this of themselves.
    #[serde(default)]
    pub when: Option<Says>,
}

/// A property of a ticket and what it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Says {
    pub property: String,
    pub equals: String,
}

impl Way {
    /// Its kind, as in documents.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Form(_) => "form",
            Self::Chat(_) => "chat",
            Self::Whatsapp(_) => "whatsapp",
            Self::Api => "api",
        }
    }

    /// Where a ticket came from decides its type (R17).
    pub fn ticket_type(&self) -> TicketType {
        match self {
            Self::Chat(_) | Self::Whatsapp(_) => TicketType::Messages,
            Self::Email(_) | Self::Form(_) | Self::Api => TicketType::EmailOther,
        }
    }
}
