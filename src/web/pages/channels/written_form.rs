//! The form of a channel that makes tickets: what was typed, what is wrong with it, and the document that it stands for.

use super::{
    super::{super::Web, form::Fields, layout::Layout, saving::fault},
    draft::Faults,
    opening::{self, Opening},
    written::mode_name,
};
use crate::{
    desk::settings::Fault,
    routing::{ids::InboxId, inboxes::Workspace},
    tickets::{
        channel::{Chat, Email, Form, Mode, Way, Whatsapp},
        modes,
    },
};
use serde_json::{Map, Value, json};

/// Who can be chosen from at once, besides those who are chosen.
const OTHERS_MAX: usize = 200;
/// The text fields of each kind: in the form, and in the document.
const DETAILS: [(&str, &[(&str, &str)]); 4] = [
    ("email", &[("mailbox", "/mailbox"), ("address", "/address"), ("sender", "/sender")]),
    (
        "form",
        &[
            ("field-name", "/fields/name"),
            ("field-email", "/fields/email"),
            ("field-number", "/fields/number"),
            ("field-subject", "/fields/subject"),
            ("field-message", "/fields/message"),
            ("honeypot", "/honeypot"),
            ("thanks-url", "/thanks_url"),
        ],
    ),
    ("chat", &[("welcome", "/welcome")]),
    ("whatsapp", &[("account", "/account"), ("phone-number-id", "/phone_number_id")]),
];

/// Something that can be chosen.
#[derive(Debug, Clone)]
pub struct Choice {
    pub value: String,
    pub text: String,
    pub selected: bool,
}

impl Choice {
    pub fn new(value: impl Into<String>, text: impl Into<String>, selected: bool) -> Self {
        Self { value: value.into(), text: text.into(), selected }
    }
}

/// A skill that is asked for, as it was typed.
#[derive(Debug, Clone, Default)]
pub struct Demand {
    pub skill: String,
    pub level: String,
    pub needed: bool,
    pub property: String,
    pub equals: String,
    pub skills: Vec<Choice>,
    pub fault: Option<String>,
}

/// A text field of the channel's own kind.
#[derive(Debug, Clone)]
pub struct Detail {
    pub field: &'static str,
    pub label: String,
    pub typed: String,
    pub fault: Option<String>,
}

/// As it was typed.
#[derive(Debug, Clone, Default)]
pub struct WrittenForm {
    pub kind: String,
    pub name: String,
    pub enabled: bool,
    pub makes_tickets: bool,
    inbox: String,
    pub time_zone: String,
    mode: String,
    users: Vec<String>,
    teams: Vec<String>,
    strategy: String,
    tie_break: String,
    pub only_available: bool,
    pub has_fallback: bool,
    fallback_users: Vec<String>,
    fallback_teams: Vec<String>,
    pub agent_url: String,
    pub agent_seconds: String,
    demands: Vec<Demand>,
    pub relax: String,
    pub reroutes: bool,
    pub properties: String,
    pub origins: String,
    details: Vec<(&'static str, String)>,
    /// `None`: the form did not say, and they stay as they are.
    pub opening: Option<Opening>,
    faults: Vec<Fault>,
    /// What can't be read of the hours.
    pub hours_faults: Faults,
    // What there is to choose from.
    pub inboxes: Vec<Choice>,
    pub modes: Vec<Choice>,
    pub strategies: Vec<Choice>,
    pub tie_breaks: Vec<Choice>,
    pub all_users: Vec<Choice>,
    pub all_teams: Vec<Choice>,
    pub all_fallback_users: Vec<Choice>,
    pub all_fallback_teams: Vec<Choice>,
    pub wanted: Vec<Demand>,
    pub fields: Vec<Detail>,
    pub may_ignore_absence: bool,
    pub falls_back: bool,
    pub has_agent: bool,
}

impl WrittenForm {
    pub fn empty(kind: &str) -> Self {
        let kind = super::written::KINDS.into_iter().find(|known| *known == kind).unwrap_or("email");
        let fields = ["name", "email", "number", "subject", "message"];
        let named = ["name", "email", "phone", "subject", "message"];
        let of_form = DETAILS[1].1.iter().map(|(field, _)| *field).zip(named).take(fields.len());
        Self {
            kind: kind.into(),
            enabled: true,
            makes_tickets: true,
            mode: "nobody".into(),
            strategy: "load_balanced".into(),
            tie_break: "longest_since_assigned".into(),
            only_available: true,
            agent_seconds: "20".into(),
            details: if kind == "form" {
                of_form.map(|(field, named)| (field, named.to_owned())).collect()
            } else {
                Vec::new()
            },
            ..Self::default()
        }
    }

    /// What is stored.
    pub fn of(document: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let texts = |value: &Value| value.as_array().into_iter().flatten().map(text).collect::<Vec<_>>();
        let number = |value: &Value| value.as_u64().map(|number| number.to_string()).unwrap_or_default();
        let kind = text(&document["kind"]);
        let assignment = &document["assignment"];
        let demands = document["skills"].as_array().into_iter().flatten().map(|demand| Demand {
            skill: text(&demand["skill"]),
            level: number(&demand["level"]),
            needed: demand["needed"] == true,
            property: text(&demand["when"]["property"]),
            equals: text(&demand["when"]["equals"]),
            ..Demand::default()
        });
        let properties = document["properties"].as_object().into_iter().flatten();
        let properties = properties.map(|(name, value)| format!("{name}: {}", text(value)));
        let below = |pointer: &str| document[kind.as_str()].pointer(pointer).map(text).unwrap_or_default();
        let details = own_fields(&kind).iter().map(|(field, pointer)| (*field, below(pointer))).collect();
        let agent = &assignment["agent"];
        Self {
            name: text(&document["name"]),
            enabled: document["enabled"] == true,
            makes_tickets: document["makes_tickets"] == true,
            inbox: text(&document["inbox"]),
            time_zone: text(&document["time_zone"]),
            mode: text(&assignment["mode"]),
            users: texts(&assignment["users"]),
            teams: texts(&assignment["teams"]),
            strategy: text(&assignment["strategy"]),
            tie_break: text(&assignment["tie_break"]),
            only_available: assignment["only_available"] == true,
            has_fallback: assignment["fallback"].is_object(),
            fallback_users: texts(&assignment["fallback"]["users"]),
            fallback_teams: texts(&assignment["fallback"]["teams"]),
            agent_url: text(&agent["url"]),
            agent_seconds: number(&agent["deadline_seconds"]),
            demands: demands.collect(),
            relax: number(&document["relax_after_minutes"]),
            reroutes: document["reroutes"] == true,
            properties: properties.collect::<Vec<_>>().join("\n"),
            origins: texts(&document["chat"]["origins"]).join("\n"),
            details,
            opening: Some(Opening::of(&document["hours"])),
            kind,
            ..Self::default()
        }
    }

    /// What was typed.
    pub fn read(fields: &Fields) -> Self {
        let text = |name: &str| fields.text(name).to_owned();
        let all = |name: &str| fields.all(name).map(str::to_owned).collect::<Vec<_>>();
        let kind = text("kind");
        let parts: Vec<Vec<String>> =
            ["skill", "level", "how", "property", "equals"].iter().map(|part| all(part)).collect();
        let part = |part: usize, place: usize| parts[part].get(place).cloned().unwrap_or_default();
        let demands = (0..parts[0].len()).filter(|place| !parts[0][*place].is_empty()).map(|place| Demand {
            skill: part(0, place),
            level: part(1, place),
            needed: part(2, place) != "preferred",
            property: part(3, place),
            equals: part(4, place),
            ..Demand::default()
        });
        Self {
            name: text("name"),
            enabled: text("enabled") == "yes",
            makes_tickets: text("makes-tickets") == "yes",
            inbox: text("inbox"),
            time_zone: text("time-zone"),
            mode: text("mode"),
            users: all("user"),
            teams: all("team"),
            strategy: text("strategy"),
            tie_break: text("tie-break"),
            only_available: text("absent") != "yes",
            has_fallback: text("has-fallback") == "yes",
            fallback_users: all("fallback-user"),
            fallback_teams: all("fallback-team"),
            agent_url: text("agent-url"),
            agent_seconds: text("agent-seconds"),
            demands: demands.collect(),
            relax: text("relax"),
            reroutes: text("reroutes") == "yes",
            properties: text("properties"),
            origins: text("origins"),
            details: own_fields(&kind).iter().map(|(field, _)| (*field, text(field))).collect(),
            opening: (!fields.text("hours_mode").is_empty()).then(|| Opening::sent(fields)),
            kind,
            ..Self::default()
        }
    }

    pub fn with_faults(self, faults: Vec<Fault>) -> Self {
        Self { hours_faults: opening::faults(&faults), faults, ..self }
    }

    pub fn with_hours_faults(self, hours_faults: Faults) -> Self {
        Self { hours_faults, ..self }
    }

    /// The whole document. What the form does not show stays as it is `there`. Err: what of the hours can't be read.
    pub fn document(&self, there: Option<&Value>, layout: &Layout) -> Result<Value, Faults> {
        let mut faults = Faults::default();
        let typed = self.opening.as_ref().map(|opening| opening.document(layout, &mut faults));
        if !faults.is_empty() {
            return Err(faults);
        }
        let hours = typed.or_else(|| there.map(|there| there["hours"].clone()));
        let lines = |text: &str| {
            text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let properties: Map<String, Value> = lines(&self.properties)
            .iter()
            .map(|line| line.split_once(':').unwrap_or((line, "")))
            .map(|(name, value)| (name.trim().to_owned(), json!(value.trim())))
            .collect();
        let fallback = json!({ "users": self.fallback_users, "teams": self.fallback_teams });
        let agent = json!({ "url": self.agent_url, "deadline_seconds": number(&self.agent_seconds) });
        let demands = self.demands.iter().map(|demand| {
            let when = json!({ "property": demand.property, "equals": demand.equals });
            json!({
                "skill": demand.skill,
                "level": number(&demand.level),
                "needed": demand.needed,
                "when": Some(when).filter(|_| !demand.property.is_empty() || !demand.equals.is_empty()),
            })
        });
        let mut document = json!({
            "kind": self.kind,
            "name": self.name,
            "inbox": none_if_empty(&self.inbox),
            "enabled": self.enabled,
            "makes_tickets": self.makes_tickets,
            "time_zone": none_if_empty(&self.time_zone),
            "hours": hours,
            "assignment": {
                "mode": self.mode,
                "users": self.users,
                "teams": self.teams,
                "strategy": none_if_empty(&self.strategy).unwrap_or("load_balanced"),
                "tie_break": none_if_empty(&self.tie_break).unwrap_or("longest_since_assigned"),
                "only_available": self.only_available,
                "fallback": Some(fallback).filter(|_| self.has_fallback),
                "agent": Some(agent).filter(|_| !self.agent_url.is_empty()),
            },
            "skills": demands.collect::<Vec<_>>(),
            "relax_after_minutes": number(&self.relax),
            "reroutes": self.reroutes,
            "properties": properties,
        });
        if let Some(details) = self.details(&lines(&self.origins)) {
            document[self.kind.as_str()] = details;
        }
        Ok(document)
    }

    fn details(&self, origins: &[String]) -> Option<Value> {
        let mut details = match self.kind.as_str() {
            "api" => return None,
            "chat" => json!({ "origins": origins }),
            "form" => json!({ "fields": {} }),
            _ => json!({}),
        };
        for ((_, typed), (_, pointer)) in self.details.iter().zip(own_fields(&self.kind)) {
            let value = json!(none_if_empty(typed));
            match pointer.strip_prefix("/fields/") {
                Some(field) => details["fields"][field] = json!(typed),
                None => details[pointer.trim_start_matches('/')] = value,
            }
        }
        Some(details)
    }

    /// With everything that can be chosen.
    pub fn with_choices(mut self, web: &Web, layout: &Layout) -> Self {
        let settings = web.desk.settings();
        let people = &settings.people;
        let inbox: Option<InboxId> = self.inbox.parse().ok();
        let desk = Choice::new("", layout.t("written-help-desk"), inbox.is_none());
        let inboxes = people.inboxes.values();
        let inboxes = inboxes.map(|one| Choice::new(one.id.to_string(), &one.name, inbox == Some(one.id)));
        self.inboxes = [desk].into_iter().chain(inboxes).collect();
        let row =
            modes::row(inbox.is_some(), &way(&self.kind)).or_else(|| modes::row(false, &way(&self.kind)));
        if let Some(row) = row {
            let mode = |mode: &Mode| {
                Choice::new(mode.name(), mode_name(layout, mode.name()), mode.name() == self.mode)
            };
            self.modes = row.modes.iter().map(mode).collect();
            let strategies = row.strategies.iter().map(|strategy| strategy.name());
            self.strategies = strategies
                .map(|name| Choice::new(name, strategy_name(layout, name), name == self.strategy))
                .collect();
            self.may_ignore_absence = row.may_ignore_absence;
            self.falls_back = row.modes.iter().any(|mode| mode.falls_back());
            self.has_agent = row.modes.contains(&Mode::Agent);
        }
        self.tie_breaks = [
            ("longest_since_assigned", "written-tie-longest"),
            ("last_assigned", "written-tie-last"),
            ("fixed_order", "written-tie-fixed"),
        ]
        .map(|(value, key)| Choice::new(value, layout.t(key), value == self.tie_break))
        .into();
        let workspace: Workspace<'_> = people.workspace(inbox);
        let users = |chosen: &[String]| {
            let mut users: Vec<Choice> = people
                .users
                .values()
                .map(|user| (user, chosen.contains(&user.id.to_string())))
                .filter(|(user, is_chosen)| {
                    *is_chosen || (workspace.seats(user) && workspace.admits(user.id, people))
                })
                .map(|(user, is_chosen)| Choice::new(user.id.to_string(), &user.name, is_chosen))
                .collect();
            users.sort_by_key(|user| (!user.selected, user.text.to_lowercase()));
            users.truncate(OTHERS_MAX.max(chosen.len()));
            users
        };
        let teams = |chosen: &[String]| {
            let teams = people.teams.values();
            let mut teams: Vec<Choice> = teams
                .map(|team| (team, team.id.to_string()))
                .map(|(team, id)| Choice::new(&id, &team.name, chosen.contains(&id)))
                .collect();
            teams.sort_by_key(|team| team.text.to_lowercase());
            teams
        };
        self.all_users = users(&self.users);
        self.all_teams = teams(&self.teams);
        self.all_fallback_users = users(&self.fallback_users);
        self.all_fallback_teams = teams(&self.fallback_teams);
        let faults = &self.faults;
        let demands = self.demands.iter().cloned().chain([Demand { needed: true, ..Demand::default() }]);
        self.wanted = demands
            .enumerate()
            .map(|(place, demand)| {
                let skills = people.skills.values();
                let skills = skills
                    .map(|skill| (skill, skill.id.to_string()))
                    .map(|(skill, id)| Choice::new(&id, &skill.name, id == demand.skill));
                let skills = skills.collect();
                Demand { skills, fault: fault(faults, &format!("/skills/{place}")), ..demand }
            })
            .collect();
        self.fields = own_fields(&self.kind)
            .iter()
            .map(|(field, pointer)| Detail {
                field,
                label: layout.t(label(field)),
                typed: self
                    .details
                    .iter()
                    .find(|(of, _)| of == field)
                    .map(|(_, typed)| typed.clone())
                    .unwrap_or_default(),
                fault: fault(faults, &format!("/{}{pointer}", self.kind)),
            })
            .collect();
        self
    }

    /// What is wrong at this place of the document.
    pub fn fault(&self, pointer: &str) -> Option<String> {
        fault(&self.faults, pointer)
    }

    pub fn is_faulty(&self) -> bool {
        !self.faults.is_empty() || !self.hours_faults.is_empty()
    }

    /// What is wrong, and has no field here.
    pub fn other_fault(&self) -> Option<String> {
        const SHOWN: [&str; 11] = [
            "/name",
            "/inbox",
            "/time_zone",
            "/hours",
            "/assignment",
            "/skills",
            "/relax_after_minutes",
            "/properties",
            "/email",
            "/form",
            "/whatsapp",
        ];
        let is_shown = |fault: &&Fault| {
            fault.pointer == "/chat/welcome"
                || fault.pointer.starts_with("/chat/origins")
                || SHOWN.iter().any(|shown| fault.pointer.starts_with(shown))
        };
        self.faults.iter().find(|fault| !is_shown(fault)).map(|fault| fault.detail.clone())
    }
}

fn own_fields(kind: &str) -> &'static [(&'static str, &'static str)] {
    DETAILS.iter().find(|(of, _)| *of == kind).map_or(&[], |(_, fields)| fields)
}

fn label(field: &str) -> &'static str {
    match field {
        "mailbox" => "written-mailbox",
        "address" => "written-address",
        "sender" => "written-sender",
        "field-name" => "written-field-name",
        "field-email" => "written-field-email",
        "field-number" => "written-field-number",
        "field-subject" => "written-field-subject",
        "field-message" => "written-field-message",
        "honeypot" => "written-honeypot",
        "thanks-url" => "written-thanks",
        "welcome" => "written-welcome",
        "account" => "written-account",
        _ => "written-phone-number-id",
    }
}

fn strategy_name(layout: &Layout, name: &str) -> String {
    layout.t(match name {
        "round_robin" => "written-in-turn",
        "random" => "written-drawn",
        _ => "written-fewest",
    })
}

/// Of this kind, for what is known of kinds.
fn way(kind: &str) -> Way {
    match kind {
        "form" => Way::Form(Form::default()),
        "chat" => Way::Chat(Chat::default()),
        "whatsapp" => Way::Whatsapp(Whatsapp { account: String::new(), phone_number_id: String::new() }),
        "api" => Way::Api,
        _ => Way::Email(Email { mailbox: String::new(), address: String::new(), sender: None }),
    }
}

fn none_if_empty(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// A number, or what was typed instead of one, which is refused.
fn number(typed: &str) -> Value {
    match typed {
        "" => Value::Null,
        typed => typed.parse::<u32>().map_or_else(|_| json!(typed), Value::from),
    }
}
