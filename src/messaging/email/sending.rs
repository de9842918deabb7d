//! Takes mail to the operator's mail server.

use super::{
    settings::Mailboxes,
    writing::{message_id, write},
};
use crate::{
    notify::mail::{self, Transport},
    tickets::{
        channel::Email,
        message::{NotSent, Outgoing},
    },
};
use std::collections::BTreeMap;

/// The ways out, by the name of the mailbox.
#[derive(Clone, Default)]
pub struct Sender {
    ways: BTreeMap<String, Transport>,
}

impl Sender {
    /// `ours`: the server of `[mail]`, for mailboxes that name none.
    pub fn new(mailboxes: &Mailboxes, ours: &mail::Settings) -> anyhow::Result<Self> {
        let mut ways = BTreeMap::new();
        for (name, mailbox) in mailboxes {
            let server = mailbox.smtp.as_ref().map_or_else(|| ours.clone(), |smtp| smtp.server());
            if let Some(way) = Transport::to(&server)? {
                ways.insert(name.clone(), way);
            }
        }
        Ok(Self { ways })
    }

    /// Sends it, and answers what it is called outside. `files`: what is in its attachments, in the same order.
    pub async fn send(
        &self,
        outgoing: &Outgoing,
        email: &Email,
        files: Vec<Vec<u8>>,
    ) -> Result<String, NotSent> {
        let way = self.ways.get(&email.mailbox).ok_or_else(|| {
            NotSent::Later(format!("no mail server is configured for the mailbox {}", email.mailbox))
        })?;
        let mail = write(outgoing, email, files)
            .map_err(|error| NotSent::Never(format!("it can't be written: {error:#}")))?;
        match way.send(mail).await {
            Ok(()) => Ok(message_id(outgoing, email)),
            Err(trouble) if trouble.is_final => Err(NotSent::Never(trouble.words)),
            Err(trouble) => Err(NotSent::Later(trouble.words)),
        }
    }
}
