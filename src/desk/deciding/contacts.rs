//! Who wrote: a contact that is found, or made in the same round as what they wrote.

use super::Round;
use crate::{
    desk::engine::Engine,
    routing::ids::{ChannelId, ContactId},
    store::audit::{Author, Subject},
    tickets::{incoming::Identity, sender::Sender},
};
use std::sync::Arc;
use tracing::debug;

impl Engine {
    /// `None`: they did not say who they are, or not in a way that can be kept.
    pub(super) fn contact_of(
        &mut self,
        from: &Identity,
        name: Option<&str>,
        channel: ChannelId,
        round: &mut Round,
    ) -> Option<ContactId> {
        let contact = match Sender::of(from, name, channel, &self.memory.settings.contacts) {
            Sender::Known(contact) => return Some(contact),
            Sender::Nobody => return None,
            Sender::New(contact) => *contact,
        };
        let now = self.around.clock.now().at;
        let id = ContactId(self.memory.ids.next(now.timestamp_millis()));
        let made = Arc::make_mut(&mut self.memory.settings).make_contact(id, contact);
        let made =
            made.inspect_err(|refused| debug!(?refused, "no contact can be made of who wrote")).ok()?;
        let subject = Subject { kind: "contact", id: id.0 };
        let document = self.memory.settings.document(subject);
        self.write_down(Author::Daemon, "created", subject, None, document, round);
        round.batch.settings.push(made);
        round.settings_changed = true;
        Some(id)
    }
}
