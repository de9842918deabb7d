//! Who we know by their numbers, and how their calls are met. A help desk may know a hundred thousand people, and every
//! save makes new settings beside the old: so contacts lie in many small shelves, and only the one that changes is
//! copied.

use super::ids::{ContactId, UserId};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Somebody who calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// In E.164. No two contacts have the same.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub numbers: Vec<String>,
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub notes: Option<String>,
    #[serde(default)]
    pub owner: Option<UserId>,
    #[serde(default)]
    pub blocked: Option<Blocked>,
    /// From 0 to 9. Callers of more are served before callers of less.
    #[serde(default)]
    #[schema(maximum = 9)]
    pub priority: u8,
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
    by_number: Vec<Arc<HashMap<String, ContactId>>>,
}

impl Default for Contacts {
    fn default() -> Self {
        Self { by_id: vec![Arc::default(); SHELVES], by_number: vec![Arc::default(); SHELVES] }
    }
}

impl Contacts {
    pub fn get(&self, id: ContactId) -> Option<&Contact> {
        self.by_id[shelf_of_id(id)].get(&id).map(Arc::as_ref)
    }

    /// Who has this number.
    pub fn of(&self, number: &str) -> Option<(ContactId, &Contact)> {
        let id = *self.by_number[shelf_of_number(number)].get(number)?;
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

    /// Every contact's id, sorted.
    pub fn ids(&self) -> Vec<ContactId> {
        let mut ids: Vec<ContactId> = self.by_id.iter().flat_map(|shelf| shelf.keys().copied()).collect();
        ids.sort_unstable();
        ids
    }

    /// Adds the contact, or replaces what it was. Its numbers are those of no other.
    pub fn save(&mut self, id: ContactId, contact: Contact) {
        self.remove(id);
        for number in &contact.numbers {
            let shelf = &mut self.by_number[shelf_of_number(number)];
            Arc::make_mut(shelf).insert(number.clone(), id);
        }
        Arc::make_mut(&mut self.by_id[shelf_of_id(id)]).insert(id, Arc::new(contact));
    }

    pub fn remove(&mut self, id: ContactId) -> Option<Arc<Contact>> {
        self.get(id)?;
        let removed = Arc::make_mut(&mut self.by_id[shelf_of_id(id)]).remove(&id)?;
        for number in &removed.numbers {
            Arc::make_mut(&mut self.by_number[shelf_of_number(number)]).remove(number);
        }
        Some(removed)
    }
}

/// The last bits of an id look random.
fn shelf_of_id(id: ContactId) -> usize {
    usize::from(id.0.as_bytes()[15])
}

fn shelf_of_number(number: &str) -> usize {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(16_777_619);
    let hash = number.bytes().fold(2_166_136_261, mix);
    usize::from((hash >> 24) as u8)
}

#[cfg(test)]
mod tests {
    use super::{super::ids::Ids, *};

    fn contact(name: &str, numbers: &[&str]) -> Contact {
        Contact {
            name: name.into(),
            numbers: numbers.iter().map(|number| (*number).into()).collect(),
            email: None,
            notes: None,
            owner: None,
            blocked: None,
            priority: 0,
        }
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
            let numbers = before.by_number.iter().zip(&after.by_number).filter(|(a, b)| !Arc::ptr_eq(a, b));
            ids.map(|(shelf, _)| shelf.len()).sum::<usize>() + numbers.map(|(s, _)| s.len()).sum::<usize>()
        };
        assert_eq!(copied(&contacts), 0, "a save of something else copies none");
        contacts.save(all[50_000], contact("Anna", &["+431"]));
        assert!((1..3_000).contains(&copied(&contacts)), "{}", copied(&contacts));
    }
}
