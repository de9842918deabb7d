//! Reads a document into what it stands for. It may be refused here for what can be seen in it and for names that are taken.

use super::{
    Fault, Ground, Refused, Settings,
    forms::{ChannelForm, InboxForm, RoutingForm, SkillForm, TeamForm, UserForm, read_form},
};
use crate::{
    calls::{
        call::Caller,
        channel::{Channel, Telephones},
    },
    providers::Dialect,
    routing::{
        assignment::Rule,
        contacts::{Contact, Key, Visitor},
        hours::{Hours, Weekly},
        ids::{ChannelId, ContactId, InboxId, SkillId, TeamId, UserId},
        inboxes::Inbox,
        people::{Reach, Team, User},
        skills::Skill,
        zone::Zone,
    },
};
use serde_json::Value;

/// How many numbers, addresses or names on channels a contact has at most.
const KEYS_MAX: usize = 50;
/// What a channel calls somebody has at most so many characters.
const VISITOR_MAX: usize = 200;
/// How many characters are noted of a contact at most.
const NOTES_MAX: usize = 10_000;

impl Settings {
    pub(super) fn read_user(&self, id: UserId, document: Value, ground: &Ground) -> Result<User, Refused> {
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
            skills: form.skills,
            reach: reach(form.reach.unwrap_or_else(|| Reach::Client(id.to_string())))?,
        })
    }

    pub(super) fn read_team(&self, id: TeamId, document: Value) -> Result<Team, Refused> {
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

    pub(super) fn read_contact(&self, id: ContactId, document: Value) -> Result<Contact, Refused> {
        let mut contact: Contact = read_form(document)?;
        contact.name = named("/name", contact.name)?;
        self.check_contact_numbers(id, &contact.numbers)?;
        check_contact_emails(&contact)?;
        check_visitors(&contact.visitors)?;
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
        if numbers.len() > KEYS_MAX {
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

    pub(super) fn read_inbox(&self, id: InboxId, document: Value) -> Result<Inbox, Refused> {
        let form: InboxForm = read_form(document)?;
        let name = named("/name", form.name)?;
        if self.people.inboxes.values().any(|inbox| inbox.id != id && inbox.name == name) {
            return Err(Refused::Conflict(Fault::new("/name", "another inbox has this name")));
        }
        Ok(Inbox { id, name, only: form.only })
    }

    pub(super) fn read_skill(&self, id: SkillId, document: Value) -> Result<Skill, Refused> {
        let form: SkillForm = read_form(document)?;
        let name = named("/name", form.name)?;
        if self.people.skills.values().any(|skill| skill.id != id && skill.name == name) {
            return Err(Refused::Conflict(Fault::new("/name", "another skill has this name")));
        }
        Ok(Skill { id, name, kind: form.kind })
    }

    /// A name that no other channel has, of whatever kind.
    pub(super) fn channel_named(&self, id: ChannelId, name: String) -> Result<String, Refused> {
        let name = named("/name", name)?;
        let is_taken = |(other, document): (&ChannelId, &Value)| *other != id && document["name"] == name;
        if self.channel_documents.iter().any(is_taken) {
            return Err(Refused::Conflict(Fault::new("/name", "another channel has this name")));
        }
        Ok(name)
    }

    /// Stored contacts may share an address: when they were saved nobody was found by it.
    pub(super) fn check_contact_keys(
        &self,
        id: ContactId,
        contact: &Contact,
        before: Option<&Contact>,
    ) -> Result<(), Refused> {
        let had = |key: Key<'_>| before.is_some_and(|before| before.keys().any(|known| known.is_same(key)));
        let taken = |key: Key<'_>| self.contacts.find(key).is_some_and(|(other, _)| other != id) && !had(key);
        let conflict = |pointer: String, of: &str| {
            let detail = format!("another contact has this {of}");
            Err(Refused::Conflict(Fault::new(pointer, detail)))
        };
        if contact.email.as_ref().is_some_and(|email| taken(Key::Email(email))) {
            return conflict("/email".into(), "address");
        }
        if let Some(index) = contact.other_emails.iter().position(|email| taken(Key::Email(email))) {
            return conflict(format!("/other_emails/{index}"), "address");
        }
        for (index, known) in contact.visitors.iter().enumerate() {
            let key = known.key();
            if taken(key) {
                return conflict(format!("/visitors/{index}"), "name on this channel");
            }
            if !had(key) && self.channel_document(known.channel).is_none() {
                let pointer = format!("/visitors/{index}/channel");
                return Err(Fault::new(pointer, "there is no channel of this id").into());
            }
        }
        Ok(())
    }

    pub(super) fn read_channel(
        &self,
        id: ChannelId,
        document: Value,
        ground: &Ground,
    ) -> Result<Channel, Refused> {
        let form: ChannelForm = read_form(document)?;
        debug_assert_eq!(form.kind, "calling", "whoever asks has looked at the kind");
        let name = self.channel_named(id, form.name)?;
        let hours = match &form.hours {
            Some(hours) => Hours::from_json(hours).map_err(|error| Fault::of_hours("/hours", &error))?,
            None => Hours::always(),
        };
        let routing = form.routing.unwrap_or_default();
        let own_times = routing.own_times();
        let RoutingForm { users, teams, strategy, tie_break, ringing, .. } = routing;
        Ok(Channel {
            id,
            name,
            inbox: form.inbox,
            telephones: telephones(ground.providers.get(&form.provider)),
            provider: form.provider,
            numbers: form.number.map(|number| vec![number]).unwrap_or(form.numbers),
            zone: zone(form.time_zone, ground)?,
            hours,
            rule: Rule { users, teams, strategy, tie_break },
            ringing,
            own_times,
            greetings: form.greetings,
            withheld: form.withheld,
            notify: form.notify,
        })
    }
}

fn check_contact_emails(contact: &Contact) -> Result<(), Fault> {
    if contact.email.as_ref().is_some_and(|email| !is_email(email)) {
        return Err(Fault::new("/email", "this is not an email address"));
    }
    if contact.other_emails.len() > KEYS_MAX {
        return Err(Fault::new("/other_emails", "a contact has at most 50 other addresses"));
    }
    for (index, email) in contact.other_emails.iter().enumerate() {
        let fault = |detail| Err(Fault::new(format!("/other_emails/{index}"), detail));
        if !is_email(email) {
            return fault("this is not an email address");
        }
        let mut before = contact.email.iter().chain(&contact.other_emails[..index]);
        if before.any(|other| Key::Email(other).is_same(Key::Email(email))) {
            return fault("the contact has this address twice");
        }
    }
    Ok(())
}

fn check_visitors(visitors: &[Visitor]) -> Result<(), Fault> {
    if visitors.len() > KEYS_MAX {
        return Err(Fault::new("/visitors", "a contact has at most 50 names on channels"));
    }
    for (index, known) in visitors.iter().enumerate() {
        let name = &known.visitor;
        if name.is_empty() || name.chars().count() > VISITOR_MAX || name.chars().any(char::is_control) {
            let detail = "it has 1 to 200 characters, on one line";
            return Err(Fault::new(format!("/visitors/{index}/visitor"), detail));
        }
        if visitors[..index].contains(known) {
            return Err(Fault::new(format!("/visitors/{index}"), "the contact has this name twice"));
        }
    }
    Ok(())
}

/// What a provider can't ring is known of those that are configured.
fn telephones(dialect: Option<&Dialect>) -> Telephones {
    let rings = |reach: Reach| dialect.is_none_or(|dialect| dialect.reaches(&reach));
    Telephones { clients: rings(Reach::Client(String::new())), numbers: rings(Reach::Number(String::new())) }
}

pub(super) fn named(pointer: &str, name: String) -> Result<String, Fault> {
    if name.trim().is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(Fault::new(pointer, "a name has 1 to 200 characters, on one line"));
    }
    Ok(name)
}

pub(super) fn is_email(text: &str) -> bool {
    text.contains('@') && text.len() <= 254 && !text.chars().any(char::is_control)
}

pub(super) fn zone(name: Option<String>, ground: &Ground) -> Result<Zone, Fault> {
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
pub(super) fn sip_host(address: &str) -> Option<&str> {
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
pub(super) fn is_e164(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0')
}
