//! Sends what people answer, by the channels' ways out. What is to be sent are rows, committed with the reply; each channel has
//! a line of its own, and what is said on a ticket goes out in its order.

use super::{
    Desk, Input, Unavailable,
    lines::{Lines, carry_on, unbroken},
    postman::Errand,
};
use crate::{
    attachments::Attachments,
    clock::Clock,
    messaging::{email, whatsapp},
    routing::ids::{ChannelId, MessageId},
    store::{Reader, messages::MessageRow},
    tickets::{
        channel::{Channel, Way, Whatsapp},
        message::{Message, NotSent, Outgoing, Side},
    },
};
use chrono::{DateTime, Utc};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

/// Seconds between the tries; then it is given up.
const BACKOFF: [u64; 9] = [5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200];
/// Longer, and it is tried again: whoever takes it is asked whether it came before.
const SENT_WITHIN: Duration = Duration::from_secs(180);
/// For each file besides, and each piece of a long text: what has gone out in part would come twice.
const PART_WITHIN: Duration = Duration::from_secs(300);
const PIECE_BYTES: usize = 4_096;

/// What became of a try to send a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// And what it is called outside from now on.
    Done {
        outside_id: Option<String>,
    },
    Again {
        seconds: u64,
        error: String,
    },
    GivenUp {
        error: String,
    },
}

pub struct Messenger {
    pub desk: Desk,
    pub reader: Reader,
    pub clock: Clock,
    /// Where the files are that go with messages.
    pub attachments: Attachments,
    pub whatsapp: Arc<whatsapp::Accounts>,
    pub email: email::sending::Sender,
}

impl Lines for Messenger {
    type Line = ChannelId;
    type Id = MessageId;
    type Item = MessageRow;
    const AT_ONCE: usize = 4;

    fn desk(&self) -> &Desk {
        &self.desk
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }

    async fn lines_due(&self, now: DateTime<Utc>) -> sqlx::Result<Vec<ChannelId>> {
        self.reader.channels_to_send(now).await
    }

    async fn due(
        &self,
        channel: ChannelId,
        now: DateTime<Utc>,
        limit: usize,
    ) -> sqlx::Result<Vec<MessageRow>> {
        self.reader.messages_to_send(channel, now, limit).await
    }

    fn id(row: &MessageRow) -> MessageId {
        row.message.id
    }

    async fn next_due(&self, now: DateTime<Utc>) -> sqlx::Result<Option<DateTime<Utc>>> {
        self.reader.next_message(now).await
    }

    async fn carry(&self, row: MessageRow) {
        let (message, tries) = (row.message.id, row.tries);
        let broke = || Err(NotSent::Later("sending it breaks: this is a fault of the program".into()));
        let result = match unbroken(self.send(row)).await.unwrap_or_else(broke) {
            Ok(outside_id) => Sent::Done { outside_id },
            Err(NotSent::Never(error)) => Sent::GivenUp { error },
            Err(NotSent::Later(error)) => match BACKOFF.get(usize::try_from(tries).unwrap_or(usize::MAX)) {
                Some(&seconds) => Sent::Again { seconds, error },
                None => Sent::GivenUp { error },
            },
        };
        let errand = Errand::Sent { message, tries: tries.saturating_add(1), result };
        while let Err(Unavailable) = self.desk.ask(Input::Errand(errand.clone())).await {
            sleep(Duration::from_secs(1)).await;
        }
    }
}

impl Messenger {
    pub async fn run(self, stop: impl Future<Output = ()>) {
        carry_on(self, stop).await;
    }

    async fn send(&self, row: MessageRow) -> Result<Option<String>, NotSent> {
        let MessageRow { message, references, .. } = row;
        let settings = self.desk.settings();
        let Some(channel) = settings.ticket_channels.get(&message.channel) else {
            return Err(NotSent::Never("the channel is gone".into()));
        };
        if !channel.enabled {
            return Err(NotSent::Later("the channel is disabled".into()));
        }
        let Side::Out { to, .. } = &message.side else {
            return Err(NotSent::Never("it is none of ours".into()));
        };
        let outgoing = Outgoing { to: to.clone(), message, references };
        let sent =
            tokio::time::timeout(sent_within(&outgoing.message), self.send_by(channel, &outgoing)).await;
        sent.unwrap_or_else(|_| Err(NotSent::Later("it took too long".into())))
    }

    /// Each kind of channel has its own way out. Answers what the message is called there.
    async fn send_by(&self, channel: &Channel, outgoing: &Outgoing) -> Result<Option<String>, NotSent> {
        match &channel.way {
            Way::Whatsapp(whatsapp) => self.send_by_whatsapp(whatsapp, outgoing).await.map(Some),
            Way::Email(by) => {
                let files = self.files(&outgoing.message).await?;
                self.email.send(outgoing, by, files).await.map(Some)
            }
            Way::Form(_) => Err(NotSent::Never("a form takes no answers".into())),
            // Whoever gets them fetches them.
            Way::Chat(_) | Way::Api => Ok(None),
        }
    }

    async fn send_by_whatsapp(&self, by: &Whatsapp, outgoing: &Outgoing) -> Result<String, NotSent> {
        let account = self.whatsapp.get(&by.account);
        let unknown = || NotSent::Later(format!("no account {} of WhatsApp is configured", by.account));
        let files = self.files(&outgoing.message).await?;
        account.ok_or_else(unknown)?.send(&by.phone_number_id, outgoing, files).await
    }

    /// What is in a message's attachments, in their order.
    async fn files(&self, message: &Message) -> Result<Vec<Vec<u8>>, NotSent> {
        let mut files = Vec::new();
        for attachment in &message.attachments {
            let file = self.attachments.read(&attachment.sha256).await;
            files.push(
                file.map_err(|error| NotSent::Later(format!("{} can't be read: {error}", attachment.name)))?,
            );
        }
        Ok(files)
    }
}

fn sent_within(message: &Message) -> Duration {
    let parts = message.attachments.len() + message.text.len() / PIECE_BYTES;
    SENT_WITHIN + PART_WITHIN * u32::try_from(parts).unwrap_or(u32::MAX / 1_000)
}
