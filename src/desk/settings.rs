//! The settings as one snapshot. A change makes a new snapshot, or is refused with the place that is wrong.

use super::{
    happenings::KINDS,
    hours_form::{HoursForm, Weekdays},
    sign_in::Doors,
    softphones::Pass,
};
use crate::{
    calls::{
        call::Caller,
        channel::{Channel, Greeting as Chosen, Greetings, Notify, OwnTimes, Slot, Times, Withheld},
    },
    notify::{address, mail},
    providers::Dialect,
    routing::{
        assignment::Rule,
        contacts::{Contact, Contacts},
        distribution::{Strategy, TieBreak},
        hours::{Hours, HoursError, Weekly},
        ids::{ChannelId, ContactId, GreetingId, TeamId, TokenId, UserId, WebhookId},
        people::{OutOfOffice, People, Reach, Role, Seat, Team, User},
        zone::Zone,
    },
    store::{
        audit::Subject,
        settings::{Change, Greeting, Token},
        webhooks::Webhook,
    },
    zones::Zones,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// How many numbers a contact has at most.
const NUMBERS_MAX: usize = 50;
/// How many characters are noted of a contact at most.
const NOTES_MAX: usize = 10_000;

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
        is_e164(number) && self.prefixes.iter().any(|prefix| number.starts_with(prefix))
    }
}

#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub people: People,
    pub contacts: Contacts,
    pub channels: HashMap<ChannelId, Channel>,
    pub greetings: BTreeMap<GreetingId, Greeting>,
    pub tokens: BTreeMap<TokenId, Token>,
    pub webhooks: BTreeMap<WebhookId, Webhook>,
    /// How users sign in to the pages.
    pub doors: Doors,
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
            Change::Channel(id, _) => next.check_channel(&next.channels[id], ground)?,
            Change::User(id, _) => next.check_reach(&next.people.users[id], ground)?,
            _ => {}
        }
        Ok((next, stored))
    }

    /// Makes the settings out of what is stored. What a channel names may be gone by now; then it is skipped.
    pub fn load(changes: Vec<Change>, ground: &Ground) -> Result<Self, Box<(Change, Refused)>> {
        let mut settings = Self::default();
        for change in changes {
            settings.apply(change.clone(), ground).map_err(|refused| Box::new((change, refused)))?;
        }
        Ok(settings)
    }

    fn apply(&mut self, change: Change, ground: &Ground) -> Result<Change, Refused> {
        Ok(match change {
            Change::User(id, document) => {
                let user = self.read_user(id, document, ground)?;
                let document = user_document(&user);
                self.users.insert(id, document.clone());
                self.people.users.insert(id, user);
                Change::User(id, document)
            }
            Change::Team(id, document) => {
                let team = self.read_team(id, document)?;
                let document = json!({ "name": team.name, "main": team.main, "extra": team.extra });
                self.teams.insert(id, document.clone());
                self.people.teams.insert(id, team);
                Change::Team(id, document)
            }
            Change::DeleteTeam(id) => {
                self.teams.remove(&id).ok_or(Refused::NotFound)?;
                self.people.teams.remove(&id);
                change
            }
            Change::Channel(id, document) => {
                let channel = self.read_channel(id, document, ground)?;
                let document = channel_document(&channel);
                self.channel_documents.insert(id, document.clone());
                self.channels.insert(id, channel);
                Change::Channel(id, document)
            }
            Change::DeleteChannel(id) => {
                self.channel_documents.remove(&id).ok_or(Refused::NotFound)?;
                self.channels.remove(&id);
                change
            }
            Change::Contact(id, document) => {
                let contact = self.read_contact(id, document)?;
                let document = json!(contact);
                self.contacts.save(id, contact);
                Change::Contact(id, document)
            }
            Change::DeleteContact(id) => {
                self.contacts.remove(id).ok_or(Refused::NotFound)?;
                change
            }
            Change::Greeting(ref greeting) => {
                named("/name", greeting.name.clone())?;
                let same = |other: &Greeting| other.id != greeting.id && other.name == greeting.name;
                if self.greetings.values().any(same) {
                    return Err(Refused::Conflict(Fault::new("/name", "another greeting has this name")));
                }
                self.greetings.insert(greeting.id, greeting.clone());
                change
            }
            Change::DeleteGreeting(id) => {
                self.greetings.remove(&id).ok_or(Refused::NotFound)?;
                if let Some(channel) = self.channels.values().find(|channel| channel.greetings.uses(id)) {
                    let detail = format!("the channel {} plays it", channel.name);
                    return Err(Refused::Conflict(Fault::new("", detail)));
                }
                change
            }
            Change::Token(ref token) => {
                if token.user.is_some_and(|user| !self.people.users.contains_key(&user)) {
                    return Err(Fault::new("/user", "there is no user of this id").into());
                }
                self.by_secret.insert(token.sha256.clone(), token.id);
                self.tokens.insert(token.id, token.clone());
                change
            }
            Change::Webhook(ref webhook) => {
                self.webhooks.insert(webhook.id, webhook.as_ref().clone());
                change
            }
            Change::DeleteWebhook(id) => {
                self.webhooks.remove(&id).ok_or(Refused::NotFound)?;
                change
            }
            Change::SignIn(ref sign_in) => {
                self.doors.apply(sign_in)?;
                change
            }
            Change::RevokeToken(id) => {
                let token = self.tokens.remove(&id).ok_or(Refused::NotFound)?;
                self.by_secret.remove(&token.sha256);
                change
            }
        })
    }

    /// Something as the API and the audit log show it, with its id in front. A document with a secret leaves that out.
    pub fn document(&self, subject: Subject) -> Option<Value> {
        let Subject { kind, id } = subject;
        match kind {
            "user" => self.users.get(&UserId(id)).map(|document| with_id(id, document)),
            "team" => self.teams.get(&TeamId(id)).map(|document| with_id(id, document)),
            "channel" => self.channel_documents.get(&ChannelId(id)).map(|document| with_id(id, document)),
            "contact" => self.contacts.get(ContactId(id)).map(|contact| with_id(id, &json!(contact))),
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
            Pass::Session(session) => self.doors.session_by_id(session, now).is_some(),
        }
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

    fn read_user(&self, id: UserId, document: Value, ground: &Ground) -> Result<User, Refused> {
        let form: UserForm = read_form(document)?;
        let name = named("/name", form.name)?;
        if !is_email(&form.email) {
            return Err(Fault::new("/email", "this is not an email address").into());
        }
        let taken =
            |(other, user): (&UserId, &User)| *other != id && user.email.eq_ignore_ascii_case(&form.email);
        if self.people.users.iter().any(taken) {
            return Err(Refused::Conflict(Fault::new("/email", "another user has this address")));
        }
        let working_hours = match form.working_hours {
            Some(hours) => {
                Some(Weekly::from_json(&hours).map_err(|error| Fault::of_hours("/working_hours", &error))?)
            }
            None => None,
        };
        let wrong = form.out_of_office.iter().position(|absence| absence.from >= absence.until);
        if let Some(index) = wrong {
            return Err(Fault::new(format!("/out_of_office/{index}"), "it must end after it starts").into());
        }
        Ok(User {
            id,
            name,
            email: form.email,
            role: form.role,
            seats: form.seats,
            ticket_access: form.ticket_access,
            zone: zone(form.time_zone, ground)?,
            working_hours,
            out_of_office: form.out_of_office,
            capacity: form.capacity,
            reach: reach(form.reach.unwrap_or_else(|| Reach::Client(id.to_string())))?,
        })
    }

    fn read_team(&self, id: TeamId, document: Value) -> Result<Team, Refused> {
        let form: TeamForm = read_form(document)?;
        let name = named("/name", form.name)?;
        if self.people.teams.values().any(|team| team.id != id && team.name == name) {
            return Err(Refused::Conflict(Fault::new("/name", "another team has this name")));
        }
        for (list, members) in [("main", &form.main), ("extra", &form.extra)] {
            let unknown = members.iter().position(|user| !self.people.users.contains_key(user));
            if let Some(index) = unknown {
                return Err(Fault::new(format!("/{list}/{index}"), "there is no user of this id").into());
            }
        }
        Ok(Team { id, name, main: form.main, extra: form.extra })
    }

    fn read_contact(&self, id: ContactId, document: Value) -> Result<Contact, Refused> {
        let mut contact: Contact = read_form(document)?;
        contact.name = named("/name", contact.name)?;
        self.check_contact_numbers(id, &contact.numbers)?;
        if contact.email.as_ref().is_some_and(|email| !is_email(email)) {
            return Err(Fault::new("/email", "this is not an email address").into());
        }
        if contact.notes.as_ref().is_some_and(|notes| notes.chars().count() > NOTES_MAX) {
            return Err(Fault::new("/notes", "they are longer than 10,000 characters").into());
        }
        if contact.owner.is_some_and(|owner| !self.people.users.contains_key(&owner)) {
            return Err(Fault::new("/owner", "there is no user of this id").into());
        }
        if contact.priority > 9 {
            return Err(Fault::new("/priority", "it must be from 0 to 9").into());
        }
        Ok(contact)
    }

    fn check_contact_numbers(&self, id: ContactId, numbers: &[String]) -> Result<(), Refused> {
        if numbers.len() > NUMBERS_MAX {
            return Err(Fault::new("/numbers", "a contact has at most 50 numbers").into());
        }
        for (index, number) in numbers.iter().enumerate() {
            let fault = |detail| Fault::new(format!("/numbers/{index}"), detail);
            if !is_e164(number) {
                return Err(fault("a number is written like +43123456789").into());
            }
            if Caller::from(number.clone()) == Caller::Withheld {
                return Err(fault("this number stands for one that is withheld").into());
            }
            if numbers[..index].contains(number) {
                return Err(fault("the contact has this number twice").into());
            }
            if self.contacts.of(number).is_some_and(|(other, _)| other != id) {
                return Err(Refused::Conflict(fault("another contact has this number")));
            }
        }
        Ok(())
    }

    fn read_channel(&self, id: ChannelId, document: Value, ground: &Ground) -> Result<Channel, Refused> {
        let form: ChannelForm = read_form(document)?;
        if form.kind != "calling" {
            return Err(Fault::new("/kind", "only calling channels are there yet").into());
        }
        let name = named("/name", form.name)?;
        if self.channels.values().any(|channel| channel.id != id && channel.name == name) {
            return Err(Refused::Conflict(Fault::new("/name", "another channel has this name")));
        }
        let hours = match &form.hours {
            Some(hours) => Hours::from_json(hours).map_err(|error| Fault::of_hours("/hours", &error))?,
            None => Hours::always(),
        };
        let routing = form.routing.unwrap_or_default();
        let own_times = routing.own_times();
        let RoutingForm { users, teams, strategy, tie_break, .. } = routing;
        Ok(Channel {
            id,
            name,
            provider: form.provider,
            numbers: form.number.map(|number| vec![number]).unwrap_or(form.numbers),
            zone: zone(form.time_zone, ground)?,
            hours,
            rule: Rule { users, teams, strategy, tie_break },
            own_times,
            greetings: form.greetings,
            withheld: form.withheld,
            notify: form.notify,
        })
    }

    /// What a channel must be when it is saved.
    fn check_channel(&self, channel: &Channel, ground: &Ground) -> Result<(), Refused> {
        let Some(&dialect) = ground.providers.get(&channel.provider) else {
            return Err(Fault::new("/provider", "no provider of this name is configured").into());
        };
        self.check_rule(&channel.rule)?;
        self.check_rung(&channel.rule, dialect)?;
        self.check_numbers(channel)?;
        check_times(channel.own_times)?;
        check_notify(&channel.notify)?;
        self.check_greetings(&channel.greetings, &channel.numbers)
    }

    fn check_webhook(&self, webhook: &Webhook, ground: &Ground) -> Result<(), Refused> {
        named("/name", webhook.name.clone())?;
        if self.webhooks.values().any(|other| other.id != webhook.id && other.name == webhook.name) {
            return Err(Refused::Conflict(Fault::new("/name", "another webhook has this name")));
        }
        address::check(&webhook.url, ground.allow_loopback)
            .map_err(|refused| Fault::new("/url", refused.to_string()))?;
        if webhook.events.is_empty() {
            return Err(Fault::new("/events", "name at least one, or \"*\"").into());
        }
        let known = |event: &String| event == "*" || KINDS.contains(&event.as_str());
        match webhook.events.iter().position(|event| !known(event)) {
            Some(index) => {
                Err(Fault::new(format!("/events/{index}"), "there is no event of this name").into())
            }
            None => Ok(()),
        }
    }

    /// A rule takes only agents whom the channel's telephone company can ring. One who joins a team later is not rung:
    /// their connection fails, and says so.
    fn check_rung(&self, rule: &Rule, dialect: Dialect) -> Result<(), Refused> {
        let unheard =
            |id: &&UserId| self.people.users.get(id).is_some_and(|user| !dialect.reaches(&user.reach));
        let main = |id: &TeamId| self.people.teams.get(id).into_iter().flat_map(|team| &team.main);
        let in_users = rule.users.iter().enumerate().map(|(at, user)| (format!("/routing/users/{at}"), user));
        let in_teams = rule
            .teams
            .iter()
            .enumerate()
            .flat_map(|(at, team)| main(team).map(move |user| (format!("/routing/teams/{at}"), user)));
        match in_users.chain(in_teams).find(|(_, user)| unheard(user)) {
            None => Ok(()),
            Some((pointer, user)) => {
                let name = self.name_of(*user);
                Err(Fault::new(pointer, format!("{name} can't be rung: {}", missing(dialect))).into())
            }
        }
    }

    /// Agents are dialled only where the operator allows it, and never at one of our own numbers: that would ring in
    /// circles.
    fn check_reach(&self, user: &User, ground: &Ground) -> Result<(), Refused> {
        let rung = |channel: &&Channel| {
            self.people.routed(&channel.rule.users, &channel.rule.teams).contains(&user.id)
        };
        let dialects = self
            .channels
            .values()
            .filter(rung)
            .filter_map(|channel| Some((&channel.name, *ground.providers.get(&channel.provider)?)));
        if let Some((channel, dialect)) =
            dialects.into_iter().find(|(_, dialect)| !dialect.reaches(&user.reach))
        {
            let detail = format!("{channel} could not ring them any more: {}", missing(dialect));
            return Err(Fault::new("/reach", detail).into());
        }
        let fault = match &user.reach {
            Reach::Client(_) => return Ok(()),
            Reach::Sip(address) => {
                let host = sip_host(address).unwrap_or_default();
                let allowed = ground.reach.sip_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host));
                (!allowed).then(|| Fault::new("/reach/sip", "its host is not in calls.sip_hosts"))
            }
            Reach::Number(number) => {
                let is_ours = |channel: &Channel| channel.numbers.contains(number);
                if !ground.reach.allows(number) {
                    Some(Fault::new("/reach/number", "it begins with none of calls.reach_prefixes"))
                } else if self.channels.values().any(is_ours) {
                    Some(Fault::new("/reach/number", "it is the number of a channel"))
                } else {
                    None
                }
            }
        };
        fault.map_or(Ok(()), |fault| Err(fault.into()))
    }

    fn check_numbers(&self, channel: &Channel) -> Result<(), Refused> {
        let reached = |number: &String| {
            self.people.users.values().find(|user| user.reach == Reach::Number(number.clone()))
        };
        match channel.numbers.iter().find_map(reached) {
            Some(user) => {
                let detail = format!("{} is reached at this number", user.name);
                Err(Refused::Conflict(Fault::new("/numbers", detail)))
            }
            None => Ok(()),
        }
    }

    /// A rule takes only users who have a seat (R8). One who loses it later is skipped.
    fn check_rule(&self, rule: &Rule) -> Result<(), Refused> {
        for (index, user) in rule.users.iter().enumerate() {
            let pointer = format!("/routing/users/{index}");
            match self.people.users.get(user) {
                None => return Err(Fault::new(pointer, "there is no user of this id").into()),
                Some(user) if !user.has_seat(Seat::Service) => {
                    let detail = format!("{} has no service seat, which routing needs", user.name);
                    return Err(Fault::new(pointer, detail).into());
                }
                Some(_) => {}
            }
        }
        let unknown = rule.teams.iter().position(|team| !self.people.teams.contains_key(team));
        if let Some(index) = unknown {
            let pointer = format!("/routing/teams/{index}");
            return Err(Fault::new(pointer, "there is no team of this id").into());
        }
        Ok(())
    }

    fn check_greetings(&self, greetings: &Greetings, numbers: &[String]) -> Result<(), Refused> {
        for slot in Slot::ALL {
            self.check_greeting(slot, greetings.chosen(slot), "/greetings")?;
        }
        for (number, own) in &greetings.by_number {
            let below = format!("/greetings/by_number/{}", number.replace('~', "~0").replace('/', "~1"));
            if !numbers.contains(number) {
                return Err(Fault::new(below, "this is no number of the channel").into());
            }
            if own.language.as_ref().is_some_and(|code| !["en", "nl", "nb", "de"].contains(&code.as_str())) {
                return Err(Fault::new(format!("{below}/language"), "it is en, nl, nb or de").into());
            }
            if own.ring_tone.as_ref().is_some_and(|name| !["eu", "gb", "us"].contains(&name.as_str())) {
                return Err(Fault::new(format!("{below}/ring_tone"), "it is eu, gb or us").into());
            }
            for slot in Slot::ALL {
                self.check_greeting(slot, own.chosen(slot), &below)?;
            }
        }
        Ok(())
    }

    fn check_greeting(&self, slot: Slot, greeting: Option<&Chosen>, below: &str) -> Result<(), Refused> {
        // Who is rung for, or waits, is not kept listening for long.
        let is_short = matches!(slot, Slot::BeforeRinging | Slot::WhileWaiting);
        let letters_max = if is_short { 600 } else { 2_000 };
        let is_too_long = |id: &GreetingId| {
            is_short && self.greetings.get(id).is_some_and(|greeting| greeting.length_ms > 60_000)
        };
        let fault = match greeting {
            Some(Chosen::Audio { audio }) if !self.greetings.contains_key(audio) => {
                "there is no greeting of this id".into()
            }
            Some(Chosen::Audio { audio }) if is_too_long(audio) => "it is longer than 60 seconds".into(),
            Some(Chosen::Text { text, .. }) if text.trim().is_empty() => "there is nothing to say".into(),
            Some(Chosen::Text { text, .. }) if text.chars().count() > letters_max => {
                format!("it is longer than {} characters", if is_short { "600" } else { "2,000" })
            }
            Some(Chosen::Text { language, .. }) if !is_language(language) => {
                "the language is not of the form en or en-US".into()
            }
            _ => return Ok(()),
        };
        Err(Fault::new(format!("{below}/{}", slot.name()), fault).into())
    }
}

fn check_notify(notify: &Notify) -> Result<(), Refused> {
    const ADDRESSES_MAX: usize = 20;
    for (list, addresses) in [("voicemail", &notify.voicemail), ("missed", &notify.missed)] {
        if addresses.len() > ADDRESSES_MAX {
            let detail = format!("at most {ADDRESSES_MAX} addresses");
            return Err(Fault::new(format!("/notify/{list}"), detail).into());
        }
        if let Some(index) = addresses.iter().position(|address| !mail::is_address(address)) {
            let detail = "this is not an address of mail";
            return Err(Fault::new(format!("/notify/{list}/{index}"), detail).into());
        }
    }
    Ok(())
}

fn missing(dialect: Dialect) -> String {
    let company = dialect.company();
    match dialect {
        Dialect::Twilio => format!("{company} can't"),
        Dialect::SignalWire => {
            format!("{company} reaches no browsers; give them a SIP address or a telephone number")
        }
        Dialect::Somleng | Dialect::TeXml => {
            format!(
                "{company} reaches neither browsers nor telephones that are asked to press 1; give them a SIP address"
            )
        }
    }
}

fn check_times(times: OwnTimes) -> Result<(), Refused> {
    let times = [
        ("ring_seconds", times.ring_seconds, 1..=600),
        ("agent_ring_seconds", times.agent_ring_seconds, 1..=600),
        ("wait_seconds", times.wait_seconds, 0..=7200),
        ("wrap_up_seconds", times.wrap_up_seconds, 0..=3600),
        ("short_abandon_seconds", times.short_abandon_seconds, 0..=600),
        ("attach_minutes", times.attach_minutes, 0..=43_200),
    ];
    for (key, seconds, range) in times {
        if seconds.is_some_and(|seconds| !range.contains(&seconds)) {
            let detail = format!("it must be from {} to {}", range.start(), range.end());
            return Err(Fault::new(format!("/routing/{key}"), detail).into());
        }
    }
    Ok(())
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserForm {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    #[schema(max_length = 254, pattern = "@")]
    email: String,
    #[serde(default = "agent")]
    role: Role,
    #[serde(default)]
    seats: Vec<Seat>,
    #[serde(default = "yes")]
    ticket_access: bool,
    time_zone: Option<String>,
    #[schema(value_type = Option<Weekdays>)]
    working_hours: Option<Value>,
    #[serde(default)]
    out_of_office: Vec<OutOfOffice>,
    capacity: Option<u32>,
    reach: Option<Reach>,
}

fn agent() -> Role {
    Role::Agent
}

fn yes() -> bool {
    true
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamForm {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    #[serde(default)]
    main: Vec<UserId>,
    #[serde(default)]
    extra: Vec<UserId>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelForm {
    #[schema(pattern = "^calling$")]
    kind: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    provider: String,
    number: Option<String>,
    #[serde(default)]
    numbers: Vec<String>,
    time_zone: Option<String>,
    #[schema(value_type = Option<HoursForm>)]
    hours: Option<Value>,
    routing: Option<RoutingForm>,
    #[serde(default)]
    greetings: Greetings,
    #[serde(default)]
    withheld: Withheld,
    #[serde(default)]
    notify: Notify,
}

#[derive(Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RoutingForm {
    users: Vec<UserId>,
    teams: Vec<TeamId>,
    strategy: Strategy,
    tie_break: TieBreak,
    #[schema(minimum = 1, maximum = 600)]
    ring_seconds: Option<u32>,
    #[schema(minimum = 1, maximum = 600)]
    agent_ring_seconds: Option<u32>,
    #[schema(minimum = 0, maximum = 7200)]
    wait_seconds: Option<u32>,
    #[schema(minimum = 0, maximum = 3600)]
    wrap_up_seconds: Option<u32>,
    short_abandon_seconds: Option<u32>,
    attach_minutes: Option<u32>,
}

impl RoutingForm {
    fn own_times(&self) -> OwnTimes {
        OwnTimes {
            ring_seconds: self.ring_seconds,
            agent_ring_seconds: self.agent_ring_seconds,
            wait_seconds: self.wait_seconds,
            wrap_up_seconds: self.wrap_up_seconds,
            short_abandon_seconds: self.short_abandon_seconds,
            attach_minutes: self.attach_minutes,
        }
    }
}

/// The strong entity tag of a document, without its quotes.
pub fn tag(document: &Value) -> String {
    crate::audio::sha256(document.to_string().as_bytes())[..32].to_owned()
}

/// The object with its id in front.
pub fn with_id(id: Uuid, document: &Value) -> Value {
    let mut object = json!({ "id": id.simple().to_string() });
    if let (Some(object), Some(fields)) = (object.as_object_mut(), document.as_object()) {
        object.extend(fields.clone());
    }
    object
}

/// A token as it is shown: without the hash of its secret.
pub fn token_document(token: &Token) -> Value {
    let Token { id, name, role, user, created_at, .. } = token;
    json!({ "id": id, "name": name, "role": role, "user": user, "created_at": created_at })
}

/// A webhook as it is shown: without its secrets.
pub fn webhook_document(webhook: &Webhook) -> Value {
    json!({
        "id": webhook.id,
        "name": webhook.name,
        "url": webhook.url,
        "events": webhook.events,
        "enabled": webhook.disabled_at.is_none(),
        "disabled_at": webhook.disabled_at,
        "old_secret_until": webhook.old.as_ref().map(|(_, until)| until),
        "created_at": webhook.created_at,
    })
}

fn user_document(user: &User) -> Value {
    let mut document = json!(user);
    if let Some(fields) = document.as_object_mut() {
        fields.remove("id");
    }
    document
}

fn channel_document(channel: &Channel) -> Value {
    let Channel {
        name, provider, numbers, zone, hours, rule, own_times, greetings, withheld, notify, ..
    } = channel;
    let OwnTimes {
        ring_seconds,
        agent_ring_seconds,
        wait_seconds,
        wrap_up_seconds,
        short_abandon_seconds,
        attach_minutes,
    } = *own_times;
    let Rule { users, teams, strategy, tie_break } = rule.clone();
    let routing = RoutingForm {
        users,
        teams,
        strategy,
        tie_break,
        ring_seconds,
        agent_ring_seconds,
        wait_seconds,
        wrap_up_seconds,
        short_abandon_seconds,
        attach_minutes,
    };
    json!({
        "kind": "calling",
        "name": name,
        "provider": provider,
        "numbers": numbers,
        "time_zone": zone.name(),
        "hours": hours,
        "routing": routing,
        "greetings": greetings,
        "withheld": withheld,
        "notify": notify,
    })
}

/// Reads a document into its form; what does not fit is named by its JSON pointer.
pub fn read_form<T: DeserializeOwned>(document: Value) -> Result<T, Fault> {
    serde_path_to_error::deserialize(document).map_err(|error| {
        let pointer = pointer(error.path());
        Fault::new(pointer, error.into_inner().to_string())
    })
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let steps = path.iter().map(|segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => String::new(),
    });
    steps.collect()
}

fn named(pointer: &str, name: String) -> Result<String, Fault> {
    if name.trim().is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(Fault::new(pointer, "a name has 1 to 200 characters, on one line"));
    }
    Ok(name)
}

fn is_email(text: &str) -> bool {
    text.contains('@') && text.len() <= 254 && !text.chars().any(char::is_control)
}

fn zone(name: Option<String>, ground: &Ground) -> Result<Zone, Fault> {
    match name {
        None => Ok(ground.account.clone()),
        Some(name) => ground.zones.get(&name).map_err(|error| Fault::new("/time_zone", error.to_string())),
    }
}

/// Whether it is of a form that can be dialled at all.
fn reach(reach: Reach) -> Result<Reach, Fault> {
    match &reach {
        Reach::Client(identity) => {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
            if identity.is_empty() || identity.len() > 121 || !identity.bytes().all(plain) {
                return Err(Fault::new(
                    "/reach/client",
                    "a client's name has 1 to 121 of A-Z, a-z, 0-9 and _",
                ));
            }
        }
        Reach::Sip(address) if sip_host(address).is_none() => {
            return Err(Fault::new("/reach/sip", "this is not of the form sip:user@host"));
        }
        Reach::Number(number) if !is_e164(number) => {
            return Err(Fault::new("/reach/number", "a number is + and 7 to 15 digits"));
        }
        Reach::Sip(_) | Reach::Number(_) => {}
    }
    Ok(reach)
}

/// The host of `sip:user@host`, perhaps with a port. Parameters and headers could change where the call goes.
fn sip_host(address: &str) -> Option<&str> {
    let rest = address.strip_prefix("sip:").or_else(|| address.strip_prefix("sips:"))?;
    let (user, host) = rest.split_once('@')?;
    let user_is_plain = user.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.+".contains(&b));
    let (host, port) = host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port)));
    let host_is_plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
    let port_is_plain = port.is_none_or(|port| port.parse::<u16>().is_ok());
    let plain = !user.is_empty() && !host.is_empty() && user_is_plain && host_is_plain && port_is_plain;
    (plain && address.len() <= 255).then_some(host)
}

/// Emergency numbers are shorter.
fn is_e164(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0')
}

fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let language = parts.next().is_some_and(|part| (2..=3).contains(&part.len()));
    let rest = parts.all(|part| (2..=8).contains(&part.len()));
    language && rest && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
