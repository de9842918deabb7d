//! Who wrote: a contact that we know, or the one to be made of what is said.

use super::incoming::Identity;
use crate::routing::{
    contacts::{Contact, Contacts, Key},
    ids::{ChannelId, ContactId},
};

/// How long a contact's name may be, in characters.
const NAME_MAX: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sender {
    Known(ContactId),
    New(Box<Contact>),
    /// They did not say who they are.
    Nobody,
}

impl Identity {
    /// By what its contact is found, on this channel.
    pub fn key(&self, channel: ChannelId) -> Option<Key<'_>> {
        match self {
            Self::Number(number) => Some(Key::Number(number)),
            Self::Email(address) => Some(Key::Email(address)),
            Self::Visitor(visitor) => Some(Key::Visitor { channel, visitor }),
            Self::Unknown => None,
        }
    }
}

impl Sender {
    pub fn of(from: &Identity, name: Option<&str>, channel: ChannelId, contacts: &Contacts) -> Self {
        let Some(key) = from.key(channel) else { return Self::Nobody };
        if let Some((contact, _)) = contacts.find(key) {
            return Self::Known(contact);
        }
        let name = name.map(plain).filter(|name| !name.is_empty());
        let mut contact = Contact::of_name(name.unwrap_or_else(|| plain(shown(key))));
        contact.add(key);
        Self::New(Box::new(contact))
    }
}

/// What somebody is called who does not say.
fn shown(key: Key<'_>) -> &str {
    match key {
        Key::Number(text) | Key::Email(text) | Key::Visitor { visitor: text, .. } => text,
    }
}

/// A name on one line, of a length that can be kept.
fn plain(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(NAME_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::{contacts::Visitor, ids::Ids};

    fn channel() -> ChannelId {
        ChannelId(Ids::new(3).next(1))
    }

    fn made(from: Identity, name: Option<&str>) -> Contact {
        match Sender::of(&from, name, channel(), &Contacts::default()) {
            Sender::New(contact) => *contact,
            other => panic!("{from:?} makes {other:?}"),
        }
    }

    #[test]
    fn who_is_known_by_number_address_or_name_on_the_channel_is_found() {
        let mut contacts = Contacts::default();
        let vera = ContactId(Ids::new(1).next(1));
        let mut contact = Contact::of_name("Vera");
        contact.numbers = vec!["+4366011111".into()];
        contact.other_emails = vec!["Vera@Example.org".into()];
        contact.visitors = vec![Visitor { channel: channel(), visitor: "v7".into() }];
        contacts.save(vera, contact);
        let of = |from| Sender::of(&from, Some("Somebody else"), channel(), &contacts);
        assert_eq!(of(Identity::Number("+4366011111".into())), Sender::Known(vera));
        assert_eq!(of(Identity::Email("vera@example.org".into())), Sender::Known(vera));
        assert_eq!(of(Identity::Visitor("v7".into())), Sender::Known(vera));
        assert_ne!(of(Identity::Visitor("v8".into())), Sender::Known(vera));
        let elsewhere = ChannelId(Ids::new(9).next(9));
        let there = Sender::of(&Identity::Visitor("v7".into()), None, elsewhere, &contacts);
        assert_ne!(there, Sender::Known(vera), "another channel's visitor");
        assert_eq!(of(Identity::Unknown), Sender::Nobody);
    }

    #[test]
    fn who_is_not_known_is_made_with_what_they_say_of_themselves() {
        let contact = made(Identity::Email("vera@example.org".into()), Some(" Vera\r\n\tKunz\u{0} "));
        assert_eq!(
            (contact.name.as_str(), contact.email.as_deref()),
            ("Vera Kunz", Some("vera@example.org"))
        );
        assert!(contact.tracked);
        let contact = made(Identity::Number("+4366011111".into()), None);
        assert_eq!((contact.name.as_str(), contact.numbers), ("+4366011111", vec!["+4366011111".to_owned()]));
        let contact = made(Identity::Visitor("v7".into()), Some("\u{7}"));
        let known = Visitor { channel: channel(), visitor: "v7".into() };
        assert_eq!((contact.name.as_str(), contact.visitors), ("v7", vec![known]));
        let contact = made(Identity::Visitor("v7".into()), Some(&"x".repeat(300)));
        assert_eq!(contact.name, "x".repeat(200));
    }
}
