//! Who we know by their numbers, email addresses and what channels call them, and how they are met. A help desk may know
//! a hundred thousand people, and every save makes new settings beside the old: so contacts lie in many small shelves,
//! and only the one that changes is copied.

use super::ids::{ChannelId, ContactId, UserId};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Somebody who calls or writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// In E.164. No two contacts have the same.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub numbers: Vec<String>,
    /// Where they are written to. No two contacts have the same address, in whatever case.
    #[serde(default)]
    pub email: Option<String>,
    /// From where they write besides.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub other_emails: Vec<String>,
    /// What channels call them that know neither number nor address. No two contacts have the same.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub visitors: Vec<Visitor>,
    #[serde(default)]
    pub notes: Option<String>,
    #[serde(default)]
    pub owner: Option<UserId>,
    /// Whether what they write may go to their owner by itself.
    #[serde(default = "tracked")]
    pub tracked: bool,
    #[serde(default)]
    pub blocked: Option<Blocked>,
    /// From 0 to 9. Callers of more are served before callers of less.
    #[serde(default)]
    #[schema(maximum = 9)]
    pub priority: u8,
}

fn tracked() -> bool {
    true
}

/// Somebody whom one channel alone knows: a chat's visitor, or whomever the API names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Visitor {
    pub channel: ChannelId,
    #[schema(min_length = 1, max_length = 200)]
    pub visitor: String,
}

impl Visitor {
    pub fn key(&self) -> Key<'_> {
        Key::Visitor { channel: self.channel, visitor: &self.visitor }
    }
}

/// By what a contact is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key<'a> {
    /// In E.164.
    Number(&'a str),
    /// In whatever case.
    Email(&'a str),
    Visitor {
        channel: ChannelId,
        visitor: &'a str,
    },
}

impl Key<'_> {
    pub fn is_same(self, other: Key<'_>) -> bool {
        self.written() == other.written()
    }

    /// No two keys are written the same.
    fn written(self) -> String {
        match self {
            Self::Number(number) => number.to_owned(),
            Self::Email(address) => format!("@{}", address.to_lowercase()),
            Self::Visitor { channel, visitor } => format!("#{channel} {visitor}"),
        }
    }
}

impl Contact {
    /// Somebody of whom nothing else is known yet.
    pub fn of_name(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            numbers: Vec::new(),
            email: None,
            other_emails: Vec::new(),
            visitors: Vec::new(),
            notes: None,
            owner: None,
            tracked: tracked(),
            blocked: None,
            priority: 0,
        }
    }

    pub fn emails(&self) -> impl Iterator<Item = &str> {
        self.email.iter().chain(&self.other_emails).map(String::as_str)
    }

    /// Everything by which they are found.
    pub fn keys(&self) -> impl Iterator<Item = Key<'_>> {
        let numbers = self.numbers.iter().map(|number| Key::Number(number));
        numbers.chain(self.emails().map(Key::Email)).chain(self.visitors.iter().map(Visitor::key))
    }

    /// Finds them by this too.
    pub fn add(&mut self, key: Key<'_>) {
        if self.keys().any(|known| known.is_same(key)) {
            return;
        }
        match key {
            Key::Number(number) => self.numbers.push(number.to_owned()),
            Key::Email(address) if self.email.is_none() => self.email = Some(address.to_owned()),
            Key::Email(address) => self.other_emails.push(address.to_owned()),
            Key::Visitor { channel, visitor } => {
                self.visitors.push(Visitor { channel, visitor: visitor.to_owned() });
            }
        }
    }

    /// Both are one: they are found by whatever either was found by. Where the two differ, `self` stands, but nobody is
    /// let through who was blocked, and nobody waits longer than before.
    pub fn merge(&mut self, other: &Self) {
        other.keys().for_each(|key| self.add(key));
        self.owner = self.owner.or(other.owner);
        self.blocked = self.blocked.or(other.blocked);
        self.priority = self.priority.max(other.priority);
        self.tracked &= other.tracked;
        let notes = [&self.notes, &other.notes].into_iter().flatten();
        let notes: Vec<&str> = notes.map(String::as_str).filter(|notes| !notes.is_empty()).collect();
        self.notes = (!notes.is_empty()).then(|| notes.join("\n\n"));
    }
}

/// How somebody is met whose calls ring nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Blocked {
    /// They hear that the line is busy; the call is not answered.
    Busy,
    /// They hear a message and are hung up.
    Message,
    /// They can leave a message.
    Voicemail,
}

/// A contact as screens show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Named {
    pub id: ContactId,
    pub name: String,
}

const SHELVES: usize = 256;

/// All contacts. A clone shares what does not change.
#[derive(Debug, Clone)]
pub struct Contacts {
    by_id: Vec<Arc<BTreeMap<ContactId, Arc<Contact>>>>,
    /// By keys as they are written.
    by_key: Vec<Arc<HashMap<String, ContactId>>>,
}

impl Default for Contacts {
    fn default() -> Self {
        Self { by_id: vec![Arc::default(); SHELVES], by_key: vec![Arc::default(); SHELVES] }
    }
}

impl Contacts {
    pub fn get(&self, id: ContactId) -> Option<&Contact> {
        self.by_id[shelf_of_id(id)].get(&id).map(Arc::as_ref)
    }

    /// Who has this number.
    pub fn of(&self, number: &str) -> Option<(ContactId, &Contact)> {
        self.find(Key::Number(number))
    }

    pub fn find(&self, key: Key<'_>) -> Option<(ContactId, &Contact)> {
        let written = key.written();
        let id = *self.by_key[shelf_of_key(&written)].get(&written)?;
        self.get(id).map(|contact| (id, contact))
    }

    pub fn named(&self, number: &str) -> Option<Named> {
        self.of(number).map(|(id, contact)| Named { id, name: contact.name.clone() })
    }

    /// The numbers of contacts in whose name this is found, whatever the case; at most so many.
    pub fn numbers_of_named(&self, part: &str, max: usize) -> Vec<String> {
        let part = part.to_lowercase();
        let all = self.by_id.iter().flat_map(|shelf| shelf.values());
        let named = all.filter(|contact| contact.name.to_lowercase().contains(&part));
        named.flat_map(|contact| contact.numbers.iter().cloned()).take(max).collect()
    }

    /// The contacts in whose name this is found, whatever the case; at most so many.
    pub fn named_so(&self, part: &str, max: usize) -> Vec<ContactId> {
        let part = part.to_lowercase();
        let all = self.by_id.iter().flat_map(|shelf| shelf.iter());
        let named = all.filter(|(_, contact)| contact.name.to_lowercase().contains(&part));
        named.map(|(id, _)| *id).take(max).collect()
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (ContactId, &Contact)> {
        self.by_id.iter().flat_map(|shelf| shelf.iter()).map(|(id, contact)| (*id, contact.as_ref()))
    }

    /// Every contact's id, sorted.
    pub fn ids(&self) -> Vec<ContactId> {
        let mut ids: Vec<ContactId> = self.by_id.iter().flat_map(|shelf| shelf.keys().copied()).collect();
        ids.sort_unstable();
        ids
    }

    /// Adds the contact, or replaces what it was. What another is found by finds that one still.
    pub fn save(&mut self, id: ContactId, contact: Contact) {
        self.remove(id);
        for written in contact.keys().map(Key::written) {
            let shelf = &mut self.by_key[shelf_of_key(&written)];
            Arc::make_mut(shelf).entry(written).or_insert(id);
        }
        Arc::make_mut(&mut self.by_id[shelf_of_id(id)]).insert(id, Arc::new(contact));
    }

    pub fn remove(&mut self, id: ContactId) -> Option<Arc<Contact>> {
        self.get(id)?;
        let removed = Arc::make_mut(&mut self.by_id[shelf_of_id(id)]).remove(&id)?;
        for written in removed.keys().map(Key::written) {
            let shelf = &mut self.by_key[shelf_of_key(&written)];
            if shelf.get(&written) == Some(&id) {
                Arc::make_mut(shelf).remove(&written);
            }
        }
        Some(removed)
    }
}

/// The last bits of an id look random.
fn shelf_of_id(id: ContactId) -> usize {
    usize::from(id.0.as_bytes()[15])
}

fn shelf_of_key(written: &str) -> usize {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(16_777_619);
    let hash = written.bytes().fold(2_166_136_261, mix);
    usize::from((hash >> 24) as u8)
}

#[cfg(test)]
mod tests {
    use super::{super::ids::Ids, *};

    fn contact(name: &str, numbers: &[&str]) -> Contact {
        let numbers = numbers.iter().map(|number| (*number).into()).collect();
        Contact { numbers, ..Contact::of_name(name) }
    }

    #[test]
    fn a_contact_is_found_by_each_number_that_it_has_and_by_none_that_it_had() {
        let (mut contacts, mut ids) = (Contacts::default(), Ids::new(1));
        let (ann, ben) = (ContactId(ids.next(1)), ContactId(ids.next(1)));
        contacts.save(ann, contact("Ann", &["+431", "+432"]));
        contacts.save(ben, contact("Ben", &["+433"]));
        assert_eq!(contacts.of("+432").map(|(id, _)| id), Some(ann));
        contacts.save(ann, contact("Ann", &["+432", "+434"]));
        let found = ["+431", "+432", "+433", "+434"].map(|number| contacts.named(number).map(|n| n.name));
        assert_eq!(found, [None, Some("Ann".into()), Some("Ben".into()), Some("Ann".into())]);
        contacts.remove(ann);
        assert_eq!((contacts.of("+432"), contacts.get(ann)), (None, None));
        assert_eq!(contacts.remove(ann), None);
    }

    #[test]
    fn a_contact_is_found_by_each_address_in_whatever_case_and_by_what_a_channel_calls_it() {
        let (mut contacts, mut ids) = (Contacts::default(), Ids::new(1));
        let (ann, web, shop) = (ContactId(ids.next(1)), ChannelId(ids.next(1)), ChannelId(ids.next(1)));
        let mut known = contact("Ann", &[]);
        known.email = Some("Ann@Example.org".into());
        known.other_emails = vec!["ann@home.test".into()];
        known.visitors = vec![Visitor { channel: web, visitor: "7".into() }];
        contacts.save(ann, known);
        let found = |key| contacts.find(key).map(|(id, _)| id);
        assert_eq!(found(Key::Email("ann@example.ORG")), Some(ann));
        assert_eq!(found(Key::Email("ann@home.test")), Some(ann));
        assert_eq!(found(Key::Visitor { channel: web, visitor: "7" }), Some(ann));
        assert_eq!(
            found(Key::Visitor { channel: shop, visitor: "7" }),
            None,
            "another channel's seventh visitor"
        );
        assert_eq!(found(Key::Number("ann@example.org")), None);
        contacts.remove(ann);
        assert!(contacts.by_key.iter().all(|shelf| shelf.is_empty()));
    }

    /// Before addresses were looked at, two contacts could have the same.
    #[test]
    fn of_two_with_one_address_the_first_is_found_and_after_it_none_is_lost() {
        let (mut contacts, mut ids) = (Contacts::default(), Ids::new(1));
        let [ann, ben] = [1, 2].map(|at| ContactId(ids.next(at)));
        for (id, name) in [(ann, "Ann"), (ben, "Ben")] {
            contacts.save(id, Contact { email: Some("office@example.org".into()), ..contact(name, &[]) });
        }
        let found = |contacts: &Contacts| contacts.find(Key::Email("office@example.org")).map(|(id, _)| id);
        assert_eq!(found(&contacts), Some(ann));
        contacts.remove(ben);
        assert_eq!(found(&contacts), Some(ann));
    }

    #[test]
    fn two_who_are_merged_are_found_by_all_that_either_had() {
        let mut ids = Ids::new(1);
        let (web, ben) = (ChannelId(ids.next(1)), UserId(ids.next(1)));
        let mut one = contact("Vera Kunz", &["+4311111111"]);
        (one.email, one.notes, one.priority) = (Some("vera@example.org".into()), Some("Pump".into()), 2);
        let mut other = contact("vera", &["+4322222222", "+4311111111"]);
        other.email = Some("VERA@example.org".into());
        other.other_emails = vec!["vk@home.test".into()];
        other.visitors = vec![Visitor { channel: web, visitor: "7".into() }];
        (other.notes, other.owner, other.priority) = (Some("Boiler".into()), Some(ben), 1);
        (other.blocked, other.tracked) = (Some(Blocked::Busy), false);
        let expected = Contact {
            numbers: vec!["+4311111111".into(), "+4322222222".into()],
            email: Some("vera@example.org".into()),
            other_emails: vec!["vk@home.test".into()],
            visitors: other.visitors.clone(),
            notes: Some("Pump\n\nBoiler".into()),
            owner: Some(ben),
            tracked: false,
            blocked: Some(Blocked::Busy),
            priority: 2,
            ..Contact::of_name("Vera Kunz")
        };
        one.merge(&other);
        assert_eq!(one, expected);
    }

    #[test]
    fn a_clone_keeps_what_it_saw() {
        let (mut contacts, mut ids) = (Contacts::default(), Ids::new(1));
        let ann = ContactId(ids.next(1));
        contacts.save(ann, contact("Ann", &["+431"]));
        let before = contacts.clone();
        contacts.save(ann, contact("Anna", &["+439"]));
        assert_eq!(before.named("+431").map(|named| named.name), Some("Ann".into()));
        assert_eq!(contacts.of("+431"), None);
    }

    #[test]
    fn ids_are_listed_in_their_order() {
        let (mut contacts, mut ids) = (Contacts::default(), Ids::new(1));
        let all: Vec<ContactId> = (0..1_000).map(|at| ContactId(ids.next(at))).collect();
        all.iter().rev().for_each(|id| contacts.save(*id, contact("Ann", &[])));
        assert_eq!(contacts.ids(), all);
    }

    /// Settings are cloned at every save, of whatever it be.
    #[test]
    fn a_save_beside_a_hundred_thousand_contacts_copies_few_of_them() {
        let (mut contacts, mut ids) = (Contacts::default(), Ids::new(1));
        let all: Vec<ContactId> = (0..100_000).map(|at| ContactId(ids.next(at))).collect();
        for (n, id) in all.iter().enumerate() {
            contacts.save(*id, contact("Ann", &[&format!("+4366{n:07}")]));
        }
        let before = contacts.clone();
        let copied = |after: &Contacts| {
            let ids = before.by_id.iter().zip(&after.by_id).filter(|(a, b)| !Arc::ptr_eq(a, b));
            let numbers = before.by_key.iter().zip(&after.by_key).filter(|(a, b)| !Arc::ptr_eq(a, b));
            ids.map(|(shelf, _)| shelf.len()).sum::<usize>() + numbers.map(|(s, _)| s.len()).sum::<usize>()
        };
        assert_eq!(copied(&contacts), 0, "a save of something else copies none");
        contacts.save(all[50_000], contact("Anna", &["+431"]));
        assert!((1..3_000).contains(&copied(&contacts)), "{}", copied(&contacts));
    }
}
