//! Channels that make tickets out of messages: read, shown and checked. Which modes each may have is in
//! `tickets::modes`.

use super::{Fault, Ground, Refused, Settings, forms::read_form, reading::zone};
use crate::{
    desk::hours_form::HoursForm,
    notify::{address, mail},
    routing::{
        assignment::Rule,
        distribution::{Strategy, TieBreak},
        hours::Hours,
        ids::{ChannelId, InboxId, TeamId, UserId},
        skills::SkillKind,
    },
    tickets::channel::{Assignment, Channel, Chat, CustomerAgent, Demand, Email, Form, Mode, Way, Whatsapp},
    tickets::modes::{self, Misfit},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketChannelForm {
    #[schema(pattern = "^(email|form|chat|whatsapp|api)$")]
    kind: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Null: the help desk.
    inbox: Option<InboxId>,
    /// Off: nothing is taken in, nothing is sent out.
    #[serde(default = "yes")]
    enabled: bool,
    /// Whether a new conversation makes a ticket by itself.
    #[serde(default = "yes")]
    makes_tickets: bool,
    time_zone: Option<String>,
    #[schema(value_type = Option<HoursForm>)]
    hours: Option<Value>,
    assignment: Option<AssignmentForm>,
    /// What somebody must know, or had better know, to be given its tickets.
    #[serde(default)]
    #[schema(max_items = 20)]
    skills: Vec<Demand>,
    /// After so long a needed skill that nobody has is let go. Null: the ticket stays unassigned.
    #[schema(minimum = 1, maximum = 43_200)]
    relax_after_minutes: Option<u32>,
    /// Waiting tickets are shared out again when somebody can take them.
    #[serde(default)]
    reroutes: bool,
    /// What its tickets say of themselves from the start.
    #[serde(default)]
    properties: BTreeMap<String, String>,
    email: Option<Email>,
    form: Option<Form>,
    chat: Option<Chat>,
    whatsapp: Option<Whatsapp>,
}

/// Who gets a channel's tickets.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AssignmentForm {
    mode: Mode,
    users: Vec<UserId>,
    teams: Vec<TeamId>,
    strategy: Strategy,
    tie_break: TieBreak,
    only_available: bool,
    fallback: Option<FallbackForm>,
    agent: Option<CustomerAgent>,
}

/// Who gets what the owner or the customer agent does not take.
#[derive(Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FallbackForm {
    users: Vec<UserId>,
    teams: Vec<TeamId>,
}

impl Default for AssignmentForm {
    fn default() -> Self {
        Self {
            mode: Mode::Nobody,
            users: vec![],
            teams: vec![],
            strategy: Strategy::LoadBalanced,
            tie_break: TieBreak::default(),
            only_available: true,
            fallback: None,
            agent: None,
        }
    }
}

fn yes() -> bool {
    true
}

impl From<AssignmentForm> for Assignment {
    fn from(form: AssignmentForm) -> Self {
        let AssignmentForm { mode, users, teams, strategy, tie_break, only_available, fallback, agent } =
            form;
        let fallback =
            fallback.map(|FallbackForm { users, teams }| Rule { users, teams, strategy, tie_break });
        let rule = Rule { users, teams, strategy, tie_break };
        Self { mode, rule, fallback, only_available, agent }
    }
}

impl From<Assignment> for AssignmentForm {
    fn from(assignment: Assignment) -> Self {
        let Assignment { mode, rule, fallback, only_available, agent } = assignment;
        let Rule { users, teams, strategy, tie_break } = rule;
        let fallback = fallback.map(|Rule { users, teams, .. }| FallbackForm { users, teams });
        Self { mode, users, teams, strategy, tie_break, only_available, fallback, agent }
    }
}

impl Settings {
    pub(super) fn read_ticket_channel(
        &self,
        id: ChannelId,
        document: Value,
        ground: &Ground,
    ) -> Result<Channel, Refused> {
        if !document["kind"].as_str().is_some_and(|kind| KINDS.contains(&kind)) {
            return Err(no_kind().into());
        }
        let form: TicketChannelForm = read_form(document)?;
        let name = self.channel_named(id, form.name)?;
        let hours = match &form.hours {
            Some(hours) => Hours::from_json(hours).map_err(|error| Fault::of_hours("/hours", &error))?,
            None => Hours::always(),
        };
        let ways = [
            ("email", form.email.is_some()),
            ("form", form.form.is_some()),
            ("chat", form.chat.is_some()),
            ("whatsapp", form.whatsapp.is_some()),
        ];
        if let Some((other, _)) = ways.into_iter().find(|(way, given)| *given && *way != form.kind) {
            let detail = format!("this is for channels of the kind {other}");
            return Err(Fault::new(format!("/{other}"), detail).into());
        }
        let needed = |pointer: &str| Fault::new(pointer, "a channel of this kind needs it");
        let way = match form.kind.as_str() {
            "email" => Way::Email(form.email.ok_or_else(|| needed("/email"))?),
            "form" => Way::Form(form.form.unwrap_or_default()),
            "chat" => Way::Chat(form.chat.unwrap_or_default()),
            "whatsapp" => Way::Whatsapp(form.whatsapp.ok_or_else(|| needed("/whatsapp"))?),
            "api" => Way::Api,
            _ => return Err(no_kind().into()),
        };
        Ok(Channel {
            id,
            name,
            inbox: form.inbox,
            way,
            enabled: form.enabled,
            makes_tickets: form.makes_tickets,
            zone: zone(form.time_zone, ground)?,
            hours,
            assignment: form.assignment.unwrap_or_default().into(),
            demands: form.skills,
            relax_after_minutes: form.relax_after_minutes,
            reroutes: form.reroutes,
            properties: form.properties,
        })
    }

    /// What such a channel must be when it is saved.
    pub(super) fn check_ticket_channel(&self, channel: &Channel, ground: &Ground) -> Result<(), Refused> {
        self.check_in_inbox(channel.inbox)?;
        modes::check(channel, &self.people)
            .map_err(|Misfit { pointer, detail }| Fault::new(pointer, detail))?;
        self.check_assignment(channel, ground)?;
        self.check_demands(channel)?;
        check_properties(&channel.properties)?;
        self.check_way(channel)
    }

    fn check_assignment(&self, channel: &Channel, ground: &Ground) -> Result<(), Refused> {
        let Assignment { rule, fallback, agent, .. } = &channel.assignment;
        let workspace = self.people.workspace(channel.inbox);
        self.check_rule(rule, workspace, "/assignment")?;
        if let Some(fallback) = fallback {
            self.check_rule(fallback, workspace, "/assignment/fallback")?;
        }
        match agent {
            Some(agent) => check_agent(agent, ground),
            None => Ok(()),
        }
    }

    fn check_demands(&self, channel: &Channel) -> Result<(), Refused> {
        const DEMANDS_MAX: usize = 20;
        if channel.demands.len() > DEMANDS_MAX {
            return Err(Fault::new("/skills", format!("at most {DEMANDS_MAX}")).into());
        }
        for (index, demand) in channel.demands.iter().enumerate() {
            let fault =
                |below: &str, detail| Err(Fault::new(format!("/skills/{index}{below}"), detail).into());
            let Some(skill) = self.people.skills.get(&demand.skill) else {
                return fault("/skill", "there is no skill of this id");
            };
            match (skill.kind, demand.level) {
                (_, None) | (SkillKind::Language, Some(1..=5)) => {}
                (SkillKind::Category, Some(_)) => return fault("/level", "only a language has a level"),
                (SkillKind::Language, Some(_)) => return fault("/level", "a level is from 1 to 5"),
            }
            if demand.when.as_ref().is_some_and(|says| !is_property(&says.property)) {
                return fault("/when/property", PROPERTY_NAME);
            }
        }
        match channel.relax_after_minutes {
            Some(0) | Some(43_201..) => {
                Err(Fault::new("/relax_after_minutes", "it must be from 1 to 43200").into())
            }
            _ => Ok(()),
        }
    }

    fn check_way(&self, channel: &Channel) -> Result<(), Refused> {
        let others = self.ticket_channels.values().filter(|other| other.id != channel.id);
        match &channel.way {
            Way::Email(email) => {
                check_email(email)?;
                let same = |other: &Channel| matches!(&other.way, Way::Email(other) if other.address.eq_ignore_ascii_case(&email.address));
                unlike_others(others, same, "/email/address", "address")
            }
            Way::Form(form) => check_form(form),
            Way::Chat(chat) => check_chat(chat),
            Way::Whatsapp(whatsapp) => {
                check_whatsapp(whatsapp)?;
                let same = |other: &Channel| matches!(&other.way, Way::Whatsapp(other) if other.phone_number_id == whatsapp.phone_number_id);
                unlike_others(others, same, "/whatsapp/phone_number_id", "number")
            }
            Way::Api => Ok(()),
        }
    }
}

/// The kinds of channels besides calling.
const KINDS: [&str; 5] = ["email", "form", "chat", "whatsapp", "api"];

fn no_kind() -> Fault {
    Fault::new("/kind", "it is calling, email, form, chat, whatsapp or api")
}

/// What reaches one address goes to one channel.
fn unlike_others<'a>(
    mut others: impl Iterator<Item = &'a Channel>,
    same: impl Fn(&Channel) -> bool,
    pointer: &str,
    what: &str,
) -> Result<(), Refused> {
    match others.find(|other| same(other)) {
        None => Ok(()),
        Some(other) => {
            let detail = format!("the channel {} has this {what}", other.name);
            Err(Refused::Conflict(Fault::new(pointer, detail)))
        }
    }
}

fn check_agent(agent: &CustomerAgent, ground: &Ground) -> Result<(), Refused> {
    address::check(&agent.url, ground.allow_loopback)
        .map_err(|refused| Fault::new("/assignment/agent/url", refused.to_string()))?;
    match agent.deadline_seconds {
        1..=60 => Ok(()),
        _ => Err(Fault::new("/assignment/agent/deadline_seconds", "it must be from 1 to 60").into()),
    }
}

const PROPERTY_NAME: &str = "a property's name has 1 to 64 characters, none of them a control character";

fn is_property(name: &str) -> bool {
    !name.is_empty() && name.chars().count() <= 64 && !name.chars().any(char::is_control)
}

fn check_properties(properties: &BTreeMap<String, String>) -> Result<(), Refused> {
    const PROPERTIES_MAX: usize = 50;
    const LETTERS_MAX: usize = 1_000;
    if properties.len() > PROPERTIES_MAX {
        return Err(Fault::new("/properties", format!("at most {PROPERTIES_MAX}")).into());
    }
    for (name, value) in properties {
        let pointer = format!("/properties/{}", name.replace('~', "~0").replace('/', "~1"));
        if !is_property(name) {
            return Err(Fault::new(pointer, PROPERTY_NAME).into());
        }
        if value.chars().count() > LETTERS_MAX {
            return Err(Fault::new(pointer, "it is longer than 1,000 characters").into());
        }
    }
    Ok(())
}

fn check_email(email: &Email) -> Result<(), Refused> {
    if !mail::is_address(&email.address) {
        return Err(Fault::new("/email/address", "this is not an address of mail").into());
    }
    if !is_configured_name(&email.mailbox) {
        return Err(Fault::new("/email/mailbox", CONFIGURED_NAME).into());
    }
    let is_bad = |name: &String| name.chars().count() > 200 || name.chars().any(char::is_control);
    match &email.sender {
        Some(name) if is_bad(name) => {
            Err(Fault::new("/email/sender", "a name has at most 200 characters, on one line").into())
        }
        _ => Ok(()),
    }
}

const CONFIGURED_NAME: &str = "a name in the configuration is of a-z, 0-9, _ and -";

fn is_configured_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    !name.is_empty() && name.len() <= 64 && name.bytes().all(plain)
}

fn check_form(form: &Form) -> Result<(), Refused> {
    let fields = [
        ("/form/fields/name", Some(&form.fields.name)),
        ("/form/fields/email", Some(&form.fields.email)),
        ("/form/fields/number", Some(&form.fields.number)),
        ("/form/fields/subject", Some(&form.fields.subject)),
        ("/form/fields/message", Some(&form.fields.message)),
        ("/form/honeypot", form.honeypot.as_ref()),
    ];
    let mut seen = BTreeSet::new();
    for (pointer, field) in fields {
        let Some(field) = field else { continue };
        if !is_property(field) {
            let detail = "a field's name has 1 to 64 characters, none of them a control character";
            return Err(Fault::new(pointer, detail).into());
        }
        if !seen.insert(field) {
            return Err(Fault::new(pointer, "another field has this name").into());
        }
    }
    match &form.thanks_url {
        Some(url) if !is_page(url) => {
            Err(Fault::new("/form/thanks_url", "this is not the https address of a page").into())
        }
        _ => Ok(()),
    }
}

fn check_chat(chat: &Chat) -> Result<(), Refused> {
    const ORIGINS_MAX: usize = 50;
    if chat.origins.len() > ORIGINS_MAX {
        return Err(Fault::new("/chat/origins", format!("at most {ORIGINS_MAX}")).into());
    }
    if let Some(index) = chat.origins.iter().position(|origin| !is_origin(origin)) {
        let detail = "an origin is like https://www.example.org, without a path";
        return Err(Fault::new(format!("/chat/origins/{index}"), detail).into());
    }
    match &chat.welcome {
        Some(welcome) if welcome.chars().count() > 2_000 => {
            Err(Fault::new("/chat/welcome", "it is longer than 2,000 characters").into())
        }
        _ => Ok(()),
    }
}

fn check_whatsapp(whatsapp: &Whatsapp) -> Result<(), Refused> {
    if !is_configured_name(&whatsapp.account) {
        return Err(Fault::new("/whatsapp/account", CONFIGURED_NAME).into());
    }
    let id = &whatsapp.phone_number_id;
    if !(1..=32).contains(&id.len()) || !id.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::new("/whatsapp/phone_number_id", "it is 1 to 32 digits").into());
    }
    Ok(())
}

/// On this machine it need not be encrypted.
fn is_page(text: &str) -> bool {
    text.len() <= 2_000 && !text.chars().any(char::is_control) && address::is_web_page(text)
}

/// As browsers send it: scheme, host and perhaps a port.
fn is_origin(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.contains(['/', '?', '#', '@'])) && is_page(text)
}

pub(super) fn ticket_channel_document(channel: &Channel) -> Value {
    let Channel {
        name,
        inbox,
        way,
        enabled,
        makes_tickets,
        zone,
        hours,
        assignment,
        demands,
        relax_after_minutes,
        reroutes,
        properties,
        ..
    } = channel;
    let (kind, details) = match way {
        Way::Email(email) => ("email", json!(email)),
        Way::Form(form) => ("form", json!(form)),
        Way::Chat(chat) => ("chat", json!(chat)),
        Way::Whatsapp(whatsapp) => ("whatsapp", json!(whatsapp)),
        Way::Api => ("api", Value::Null),
    };
    let mut document = json!({
        "kind": kind,
        "name": name,
        "inbox": inbox,
        "enabled": enabled,
        "makes_tickets": makes_tickets,
        "time_zone": zone.name(),
        "hours": hours,
        "assignment": AssignmentForm::from(assignment.clone()),
        "skills": demands,
        "relax_after_minutes": relax_after_minutes,
        "reroutes": reroutes,
        "properties": properties,
    });
    if let Some(fields) = document.as_object_mut().filter(|_| !details.is_null()) {
        fields.insert(kind.into(), details);
    }
    document
}
