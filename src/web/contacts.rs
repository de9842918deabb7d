//! Contacts: who calls, by their numbers. Admins and supervisors keep them. An agent reads those that they own; of the
//! others they see the name, with calls that they may see.

use super::{
    Problem,
    access::{Sight, Viewer},
    auth::Caller,
    settings::Kind,
};
use crate::{
    calls::channel::Channel,
    desk::settings::Settings,
    routing::{contacts::Contact, ids::ContactId},
    store::settings::Change,
};
use serde_json::Value;
use uuid::Uuid;

pub struct Contacts;

impl Kind for Contacts {
    type Id = ContactId;
    type Form = Contact;
    const KIND: &'static str = "contact";
    const PATH: &'static str = "contacts";
    const DELETE: Option<fn(ContactId) -> Change> = Some(Change::DeleteContact);

    fn id(id: Uuid) -> ContactId {
        ContactId(id)
    }

    fn uuid(id: ContactId) -> Uuid {
        id.0
    }

    fn all(settings: &Settings) -> Vec<ContactId> {
        settings.contacts.ids()
    }

    fn change(id: ContactId, document: Value) -> Change {
        Change::Contact(id, document)
    }

    fn sight(viewer: Viewer<'_>, id: ContactId) -> Sight {
        viewer.contact(id)
    }

    fn may_be_written_by(caller: &Caller) -> Result<(), Problem> {
        caller.must_not_be_agent()
    }

    fn concerns(_: ContactId, _: &Channel, _: &Settings) -> bool {
        false
    }
}

/// A number out of an address, where a plus that was not escaped stands for a space.
pub fn number(text: String) -> String {
    match text.strip_prefix(' ') {
        Some(digits) => format!("+{digits}"),
        None => text,
    }
}
