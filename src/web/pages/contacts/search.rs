//! Finding contacts by what is typed: part of a name, of an address, of what a channel calls them, or digits of a number.

use crate::{
    desk::settings::Settings,
    routing::{contacts::Contact, ids::ContactId},
    web::access::{Sight, Viewer},
};

/// Fewer digits are in every number.
const DIGITS_MIN: usize = 3;

/// What is looked for.
pub struct Sought {
    text: String,
    /// As numbers begin or go on: without what is dialled before them.
    digits: Option<String>,
}

impl Sought {
    pub fn of(typed: &str) -> Self {
        let text = typed.trim().to_lowercase();
        let is_number = text.chars().all(|c| c.is_ascii_digit() || " +-/().\u{a0}".contains(c));
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let digits = digits.trim_start_matches('0').to_owned();
        Self { digits: Some(digits).filter(|digits| is_number && digits.len() >= DIGITS_MIN), text }
    }

    fn finds(&self, contact: &Contact) -> bool {
        let has = |text: &str| text.to_lowercase().contains(&self.text);
        let dialled = |digits: &String| contact.numbers.iter().any(|number| number.contains(digits));
        has(&contact.name)
            || contact.emails().any(has)
            || contact.visitors.iter().any(|visitor| has(&visitor.visitor))
            || self.digits.as_ref().is_some_and(dialled)
    }
}

/// A part of those who are found, by their names.
pub struct Found {
    pub ids: Vec<ContactId>,
    pub are_more: bool,
}

/// Of those that somebody may see. There may be a hundred thousand: only those up to the end of the part are sorted.
pub fn find(sought: &Sought, viewer: Viewer<'_>, settings: &Settings, from: usize, rows: usize) -> Found {
    let seen = settings.contacts.iter().filter(|(_, contact)| sought.finds(contact));
    let seen = seen.filter(|(id, _)| viewer.contact(*id) == Sight::All);
    let mut found: Vec<(String, ContactId)> =
        seen.map(|(id, contact)| (contact.name.to_lowercase(), id)).collect();
    let end = from.saturating_add(rows);
    let are_more = found.len() > end;
    if are_more {
        found.select_nth_unstable(end);
        found.truncate(end);
    }
    found.sort_unstable();
    Found { ids: found.into_iter().skip(from).map(|(_, id)| id).collect(), are_more }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::contacts::Visitor;
    use crate::routing::ids::{ChannelId, Ids};

    #[test]
    fn a_contact_is_found_by_whatever_it_has_however_it_is_typed() {
        let mut vera = Contact::of_name("Véra Kunz");
        vera.numbers = vec!["+436601234567".into()];
        vera.email = Some("Vera@Example.org".into());
        vera.other_emails = vec!["vk@home.test".into()];
        vera.visitors = vec![Visitor { channel: ChannelId(Ids::new(1).next(1)), visitor: "shop-17".into() }];
        for (typed, finds) in [
            ("", true),
            ("VÉRA", true),
            (" kunz ", true),
            ("0660 123", true),
            ("0043 660", true),
            ("+43 (660) 1234-567", true),
            ("4567", true),
            ("66", false),
            ("661", false),
            ("vera@example", true),
            ("home.test", true),
            ("SHOP-17", true),
            ("anna", false),
        ] {
            assert_eq!(Sought::of(typed).finds(&vera), finds, "{typed}");
        }
    }
}
