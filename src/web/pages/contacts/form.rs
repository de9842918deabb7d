//! The form of a contact: as it is shown, as it was filled in, and what a contact is in words.

use super::super::{form::Fields, layout::Layout};
use crate::{
    desk::settings::{Fault, Settings},
    routing::{
        contacts::{Blocked, Contact, Key, Visitor},
        ids::{ChannelId, ContactId, UserId},
    },
};

/// How many people can be chosen from at once.
const OWNERS_MAX: usize = 500;
/// From 0.
const PRIORITY_MAX: u8 = 9;
/// How many letters of a fact stand beside that of another contact.
const LETTERS_MAX: usize = 500;

pub struct Choice {
    pub value: String,
    pub text: String,
    pub selected: bool,
}

/// The fields, as they are shown.
pub struct Form {
    pub name: String,
    /// One in each line.
    pub numbers: String,
    pub email: String,
    /// One in each line.
    pub other_emails: String,
    /// What channels call them: those that are not ticked go.
    pub visitors: Vec<Choice>,
    /// For one more: its channel, and what that calls them.
    pub channels: Vec<Choice>,
    pub visitor: String,
    pub owners: Vec<Choice>,
    pub tracked: bool,
    pub blocked: Vec<Choice>,
    pub priorities: Vec<Choice>,
    pub notes: String,
}

impl Form {
    pub fn of(contact: &Contact, layout: &Layout, settings: &Settings) -> Self {
        Self {
            name: contact.name.clone(),
            numbers: contact.numbers.join("\n"),
            email: contact.email.clone().unwrap_or_default(),
            other_emails: contact.other_emails.join("\n"),
            visitors: visitors(contact, contact, settings),
            channels: channels(None, layout, settings),
            visitor: String::new(),
            owners: owners(contact.owner, layout, settings),
            tracked: contact.tracked,
            blocked: blocked(contact.blocked, layout),
            priorities: priorities(contact.priority),
            notes: contact.notes.clone().unwrap_or_default(),
        }
    }

    /// As it was filled in, beside what is there.
    pub fn typed(typed: Typed, there: &Contact, layout: &Layout, settings: &Settings) -> Self {
        Self {
            numbers: typed.numbers,
            other_emails: typed.other_emails,
            visitors: visitors(there, &typed.contact, settings),
            channels: channels(typed.channel, layout, settings),
            visitor: typed.visitor,
            ..Self::of(&typed.contact, layout, settings)
        }
    }
}

/// What was filled in.
pub struct Typed {
    /// What it says.
    pub contact: Contact,
    numbers: String,
    other_emails: String,
    channel: Option<ChannelId>,
    visitor: String,
}

impl Typed {
    pub fn read(fields: &Fields) -> Self {
        let some = |name: &str| Some(fields.text(name).replace("\r\n", "\n")).filter(|text| !text.is_empty());
        let (numbers, other_emails) = (fields.text("numbers"), fields.text("other_emails"));
        let (channel, visitor) = (fields.text("channel").parse().ok(), fields.text("visitor").to_owned());
        let kept = fields.all_raw("visitors").filter_map(|kept| {
            let (channel, visitor) = kept.split_once(' ')?;
            Some(Visitor { channel: channel.parse().ok()?, visitor: visitor.to_owned() })
        });
        let added = channel.map(|channel| Visitor { channel, visitor: visitor.clone() });
        let added = added.filter(|added| !added.visitor.is_empty());
        let contact = Contact {
            name: fields.text("name").to_owned(),
            numbers: lines(numbers).map(dialled).collect(),
            email: some("email"),
            other_emails: lines(other_emails).map(str::to_owned).collect(),
            visitors: kept.chain(added).collect(),
            notes: some("notes"),
            owner: fields.text("owner").parse().ok(),
            tracked: fields.text("tracked") == "yes",
            blocked: blocked_named(fields.text("blocked")),
            priority: fields.text("priority").parse().unwrap_or_default(),
        };
        let texts = [numbers, other_emails].map(|text| text.replace("\r\n", "\n"));
        let [numbers, other_emails] = texts;
        Self { contact, numbers, other_emails, channel, visitor }
    }

    /// Whom what is wrong was taken from.
    pub fn owner_of_key(&self, fault: &Fault, settings: &Settings) -> Option<(ContactId, String)> {
        let mut steps = fault.pointer.split('/').skip(1);
        let (field, place) = (steps.next()?, steps.next().and_then(|place| place.parse::<usize>().ok()));
        let contact = &self.contact;
        let key = match (field, place) {
            ("numbers", Some(place)) => Key::Number(contact.numbers.get(place)?),
            ("email", _) => Key::Email(contact.email.as_deref()?),
            ("other_emails", Some(place)) => Key::Email(contact.other_emails.get(place)?),
            ("visitors", Some(place)) => contact.visitors.get(place)?.key(),
            _ => return None,
        };
        settings.contacts.find(key).map(|(id, contact)| (id, contact.name.clone()))
    }

    /// Of a list the line that is wrong stands before what is wrong with it.
    pub fn said(&self, mut fault: Fault) -> Fault {
        let place = fault.pointer.rsplit('/').next().and_then(|place| place.parse::<usize>().ok());
        let list = match fault.pointer.split('/').nth(1) {
            Some("numbers") => &self.contact.numbers,
            Some("other_emails") => &self.contact.other_emails,
            _ => return fault,
        };
        if let Some(line) = place.and_then(|place| list.get(place)) {
            fault.detail = format!("\u{2068}{line}\u{2069}: {}", fault.detail);
        }
        fault
    }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// A number as it is kept, of how people write it. What is no number stays as it is.
fn dialled(typed: &str) -> String {
    let bare: String = typed.chars().filter(|c| !" -/().\u{a0}".contains(*c)).collect();
    let international = bare.strip_prefix("00").map(|rest| format!("+{rest}"));
    let number = international.unwrap_or(bare);
    let digits = number.strip_prefix('+').unwrap_or(&number);
    if digits.chars().all(|c| c.is_ascii_digit()) { number } else { typed.to_owned() }
}

/// Those that are there, and those that were typed besides. Ticked are those that `kept` has.
fn visitors(there: &Contact, kept: &Contact, settings: &Settings) -> Vec<Choice> {
    let more = kept.visitors.iter().filter(|visitor| !there.visitors.contains(visitor));
    let choice = |visitor: &Visitor| Choice {
        value: format!("{} {}", visitor.channel, visitor.visitor),
        text: visitor_in_words(visitor, settings),
        selected: kept.visitors.contains(visitor),
    };
    there.visitors.iter().chain(more).map(choice).collect()
}

fn visitor_in_words(visitor: &Visitor, settings: &Settings) -> String {
    let channel = settings.ticket_channels.get(&visitor.channel);
    let channel = channel.map_or_else(String::new, |channel| format!("\u{2068}{}\u{2069}: ", channel.name));
    format!("{channel}{}", visitor.visitor)
}

fn channels(chosen: Option<ChannelId>, layout: &Layout, settings: &Settings) -> Vec<Choice> {
    let mut named: Vec<(&str, ChannelId)> =
        settings.ticket_channels.iter().map(|(id, channel)| (channel.name.as_str(), *id)).collect();
    named.sort_by_key(|(name, _)| name.to_lowercase());
    let none = Choice {
        value: String::new(),
        text: layout.t("contact-identity-no-channel"),
        selected: chosen.is_none(),
    };
    let some = named.into_iter().map(|(name, id)| Choice {
        value: id.to_string(),
        text: name.to_owned(),
        selected: chosen == Some(id),
    });
    std::iter::once(none).chain(some).collect()
}

fn owners(owner: Option<UserId>, layout: &Layout, settings: &Settings) -> Vec<Choice> {
    let mut users: Vec<(bool, String, UserId)> = settings
        .people
        .users
        .values()
        .map(|user| (owner != Some(user.id), user.name.to_lowercase(), user.id))
        .collect();
    users.sort();
    users.truncate(OWNERS_MAX);
    users.sort_by(|(_, one, _), (_, other, _)| one.cmp(other));
    let nobody =
        Choice { value: String::new(), text: layout.t("ticket-owner-nobody"), selected: owner.is_none() };
    let somebody = users.into_iter().map(|(.., id)| Choice {
        value: id.to_string(),
        text: settings.name_of(id),
        selected: owner == Some(id),
    });
    std::iter::once(nobody).chain(somebody).collect()
}

const BLOCKED: [(Option<Blocked>, &str); 4] = [
    (None, ""),
    (Some(Blocked::Busy), "busy"),
    (Some(Blocked::Message), "message"),
    (Some(Blocked::Voicemail), "voicemail"),
];

fn blocked_named(name: &str) -> Option<Blocked> {
    BLOCKED.iter().find(|(_, known)| *known == name).and_then(|(blocked, _)| *blocked)
}

fn blocked(chosen: Option<Blocked>, layout: &Layout) -> Vec<Choice> {
    let choice = |(blocked, name): (Option<Blocked>, &str)| Choice {
        value: name.to_owned(),
        text: blocked_in_words(blocked, layout),
        selected: blocked == chosen,
    };
    BLOCKED.into_iter().map(choice).collect()
}

fn blocked_in_words(blocked: Option<Blocked>, layout: &Layout) -> String {
    layout.t(match blocked {
        None => "contact-blocked-no",
        Some(Blocked::Busy) => "contact-blocked-busy",
        Some(Blocked::Message) => "contact-blocked-message",
        Some(Blocked::Voicemail) => "contact-blocked-voicemail",
    })
}

fn priorities(chosen: u8) -> Vec<Choice> {
    let choice = |priority: u8| Choice {
        value: priority.to_string(),
        text: priority.to_string(),
        selected: priority == chosen,
    };
    (0..=PRIORITY_MAX).map(choice).collect()
}

/// What a contact is, field by field: what the field is called, and in words what it holds.
pub fn facts(contact: &Contact, layout: &Layout, settings: &Settings) -> Vec<(String, String)> {
    let visitors = contact.visitors.iter().map(|visitor| visitor_in_words(visitor, settings));
    let yes = |is_so: bool| layout.t(if is_so { "contact-yes" } else { "contact-no" });
    let nobody = || layout.t("ticket-owner-nobody");
    [
        ("name", contact.name.clone()),
        ("contact-numbers", contact.numbers.join("\n")),
        ("email", contact.email.clone().unwrap_or_default()),
        ("contact-other-emails", contact.other_emails.join("\n")),
        ("contact-identities", visitors.collect::<Vec<_>>().join("\n")),
        ("contact-owner", contact.owner.map_or_else(nobody, |owner| settings.name_of(owner))),
        ("contact-tracked", yes(contact.tracked)),
        ("contact-blocked", blocked_in_words(contact.blocked, layout)),
        ("contact-priority", contact.priority.to_string()),
        ("contact-notes", contact.notes.clone().unwrap_or_default()),
    ]
    .map(|(key, value)| (layout.t(key), value))
    .into()
}

/// What is different: what a field is called, what is there now, and what was typed.
pub fn differences(
    now: &Contact,
    typed: &Contact,
    layout: &Layout,
    settings: &Settings,
) -> Vec<(String, String, String)> {
    let (now, typed) = (facts(now, layout, settings), facts(typed, layout, settings));
    let pairs = now.into_iter().zip(typed).filter(|((_, now), (_, typed))| now != typed);
    pairs.map(|((field, now), (_, typed))| (field, short(&now), short(&typed))).collect()
}

/// Longer texts are cut where they stand beside others.
pub fn short(text: &str) -> String {
    match text.char_indices().nth(LETTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_as_the_world_dials_them_however_they_are_typed() {
        for (typed, kept) in [
            ("+43 (660) 123-45.67", "+436601234567"),
            ("0043 660/1234567", "+436601234567"),
            ("0660 1234567", "06601234567"),
            ("call me", "call me"),
            ("+43 660 ext 5", "+43 660 ext 5"),
        ] {
            assert_eq!(dialled(typed), kept, "{typed}");
        }
    }
}
