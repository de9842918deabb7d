//! Takes mail out of a mailbox. What was taken in is on the disk before it is marked there, so that none is lost; what comes
//! twice for that is one message all the same. A mail that can't be taken in keeps none of the others waiting.

use super::{Desk, health::MailboxTrouble};
use crate::{
    attachments::{Attachments, NotKept},
    messaging::{
        Arrival,
        email::{
            mailbox::{Fetched, Mailbox, Trouble},
            reading::{self, To},
            settings::Imap,
        },
    },
    routing::ids::ChannelId,
    tickets::channel::Way,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tokio::time::sleep;
use tracing::{debug, info, warn};

/// Seconds until it is tried again, while the mailbox can't be read.
const BACKOFF: [u64; 5] = [1, 5, 30, 120, 300];
/// What can't be taken in is tried again so seldom.
const LOOKS_UNTIL_STUCK_IS_TRIED: u32 = 10;
/// A mail at which the connection broke so often can't be taken in.
const BREAKS_MAX: u32 = 2;
/// While no channel is there for it.
const NO_CHANNEL: Duration = Duration::from_secs(60);

pub struct Letterbox {
    pub name: String,
    pub imap: Imap,
    pub desk: Desk,
    pub attachments: Attachments,
}

/// Why reading ends.
enum Ended {
    /// No channel takes mail from here.
    Unwanted,
    Broken(Trouble),
}

impl From<Trouble> for Ended {
    fn from(trouble: Trouble) -> Self {
        Self::Broken(trouble)
    }
}

/// What is remembered from one connection to the next: a mail at which each of them breaks must not come first every time.
#[derive(Debug, Default)]
struct Past {
    failures: usize,
    looks: u32,
    /// While it is the same, the same names are of the same mails.
    validity: Option<u32>,
    /// How often the connection broke at a mail.
    broke_at: BTreeMap<u32, u32>,
    /// What can't be taken in.
    stuck: BTreeSet<u32>,
}

impl Past {
    fn is_of(&mut self, validity: Option<u32>) {
        if self.validity != validity {
            (self.broke_at, self.stuck) = Default::default();
            self.validity = validity;
        }
    }

    /// Those that are to be taken in, in their order; at which it broke, last.
    fn in_turn(&mut self, mut unseen: Vec<u32>) -> Vec<u32> {
        let there: BTreeSet<u32> = unseen.iter().copied().collect();
        self.stuck.retain(|uid| there.contains(uid));
        self.broke_at.retain(|uid, _| there.contains(uid));
        unseen.retain(|uid| !self.stuck.contains(uid));
        unseen.sort_unstable_by_key(|uid| (self.broke_at.contains_key(uid), *uid));
        unseen
    }

    /// What the server does not do with one mail keeps none of the others waiting, nor does a line that breaks at it.
    fn blame(&mut self, uid: u32, trouble: Trouble) -> Result<bool, Ended> {
        if trouble.is_refusal {
            return Ok(false);
        }
        let times = self.broke_at.entry(uid).or_default();
        *times += 1;
        if *times >= BREAKS_MAX {
            self.stuck.insert(uid);
        }
        Err(trouble.into())
    }
}

impl Letterbox {
    pub async fn run(self, stop: impl Future<Output = ()>) {
        tokio::select! {
            () = stop => {}
            () = self.keep_reading() => {}
        }
    }

    async fn keep_reading(&self) {
        let mut desk = self.desk.clone();
        let mut past = Past::default();
        loop {
            if self.channels().is_empty() {
                self.say(MailboxTrouble::default());
                let _ = tokio::time::timeout(NO_CHANNEL, desk.settings_changed()).await;
                continue;
            }
            if let Ended::Broken(Trouble { words: why, .. }) = self.read(&mut past).await {
                warn!(mailbox = self.name, why, "a mailbox can't be read");
                self.say(MailboxTrouble { closed: Some(why), stuck: past.stuck.len() });
                sleep(Duration::from_secs(BACKOFF[past.failures.min(BACKOFF.len() - 1)])).await;
                past.failures += 1;
            }
        }
    }

    /// Until the connection breaks.
    async fn read(&self, past: &mut Past) -> Ended {
        let mut mailbox = match Mailbox::open(&self.imap).await {
            Ok(mailbox) => mailbox,
            Err(trouble) => return trouble.into(),
        };
        info!(mailbox = self.name, "a mailbox is open");
        past.is_of(mailbox.validity);
        loop {
            past.looks = past.looks.wrapping_add(1);
            if past.looks.is_multiple_of(LOOKS_UNTIL_STUCK_IS_TRIED) {
                past.stuck.clear();
            }
            if let Err(ended) = self.take_all(&mut mailbox, past).await {
                return ended;
            }
            self.goes_well(past);
            mailbox = match mailbox.wait(past.stuck.is_empty()).await {
                Ok(mailbox) => mailbox,
                Err(trouble) => return trouble.into(),
            };
        }
    }

    fn goes_well(&self, past: &mut Past) {
        past.failures = 0;
        self.say(MailboxTrouble { closed: None, stuck: past.stuck.len() });
    }

    async fn take_all(&self, mailbox: &mut Mailbox, past: &mut Past) -> Result<(), Ended> {
        for uid in past.in_turn(mailbox.unseen().await?) {
            if self.take(mailbox, uid, past).await? && self.mark(mailbox, uid, past).await? {
                past.broke_at.remove(&uid);
                self.goes_well(past);
            } else {
                past.stuck.insert(uid);
            }
        }
        Ok(())
    }

    /// False: it is taken in, but can't be marked.
    async fn mark(&self, mailbox: &mut Mailbox, uid: u32, past: &mut Past) -> Result<bool, Ended> {
        match mailbox.done(uid).await {
            Ok(()) => Ok(true),
            Err(trouble) => {
                warn!(mailbox = self.name, uid, why = %trouble, "a mail can't be marked as taken in");
                past.blame(uid, trouble)
            }
        }
    }

    /// False: it can't be taken in.
    async fn take(&self, mailbox: &mut Mailbox, uid: u32, past: &mut Past) -> Result<bool, Ended> {
        let fetched = match mailbox.fetch(uid).await {
            Ok(fetched) => fetched,
            Err(trouble) => {
                warn!(mailbox = self.name, uid, why = %trouble, "a mail can't be fetched");
                return past.blame(uid, trouble);
            }
        };
        let channels = self.channels();
        if channels.is_empty() {
            return Err(Ended::Unwanted);
        }
        // A mail that breaks the reader breaks only this.
        let read = tokio::task::spawn_blocking(move || read(fetched, &channels)).await;
        let Ok(arrival) = read else {
            warn!(mailbox = self.name, uid, "a mail can't be read");
            return Ok(false);
        };
        let Some(Arrival { incoming, files }) = arrival else { return Ok(true) };
        match self.attachments.keep_all(files).await {
            Ok(_) => {}
            Err(NotKept::TooLarge) => {
                warn!(mailbox = self.name, uid, "a mail has a file that is too large");
                return Ok(false);
            }
            Err(error @ (NotKept::NoRoom | NotKept::Failed(_))) => {
                return Err(Trouble::new(error.to_string()).into());
            }
        }
        match self.desk.arrived(incoming).await {
            Ok(Ok(arrived)) => {
                debug!(mailbox = self.name, message.id = %arrived.message, doubled = arrived.doubled, "a mail came");
                Ok(true)
            }
            Ok(Err(refused)) => {
                warn!(mailbox = self.name, uid, ?refused, "a mail is refused");
                Ok(false)
            }
            Err(unavailable) => Err(Trouble::new(unavailable.to_string()).into()),
        }
    }

    /// Those that take mail from here, with their addresses; always in the same order.
    fn channels(&self) -> Vec<(ChannelId, String)> {
        let settings = self.desk.settings();
        let wanted = settings.ticket_channels.values().filter(|channel| channel.enabled);
        let ours = wanted.filter_map(|channel| match &channel.way {
            Way::Email(email) if email.mailbox == self.name => Some((channel.id, email.address.clone())),
            _ => None,
        });
        let mut ours: Vec<_> = ours.collect();
        ours.sort_unstable();
        ours
    }

    fn say(&self, trouble: MailboxTrouble) {
        self.desk.health().mailbox(&self.name, trouble);
    }
}

/// `None`: it is gone.
fn read(fetched: Fetched, channels: &[(ChannelId, String)]) -> Option<Arrival> {
    let to = |raw: &[u8]| {
        let recipients = reading::recipients(raw);
        let named = channels.iter().find(|(_, address)| recipients.contains(&address.to_lowercase()));
        named.or_else(|| channels.first()).map(|(channel, address)| To { channel: *channel, address })
    };
    match fetched {
        Fetched::Gone => None,
        Fetched::Whole(raw) => Some(reading::read(&raw, to(&raw)?)),
        Fetched::TooLarge { head, bytes } => Some(reading::too_large(&head, bytes, to(&head)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_mail_at_which_the_line_breaks_comes_last_and_then_not_at_all() {
        let mut past = Past::default();
        past.is_of(Some(1));
        assert_eq!(past.in_turn(vec![3, 5, 7]), [3, 5, 7]);
        assert!(past.blame(3, Trouble::new("the connection broke")).is_err());
        assert_eq!(past.in_turn(vec![3, 5, 7]), [5, 7, 3]);
        assert!(past.blame(3, Trouble::new("the connection broke")).is_err());
        assert_eq!(past.in_turn(vec![3, 5, 7]), [5, 7]);
        past.stuck.clear();
        assert_eq!(past.in_turn(vec![3, 9]), [9, 3], "once in a while it is tried again");
        let refused = Trouble { words: "no".into(), is_refusal: true };
        assert!(matches!(past.blame(9, refused), Ok(false)), "the connection stands");
        past.is_of(Some(2));
        assert_eq!(past.in_turn(vec![3, 9]), [3, 9], "these are other mails");
    }

    #[test]
    fn channels_that_share_a_mailbox_get_the_mail_to_their_addresses() {
        let [first, second] = [1, 2].map(|id| ChannelId(Uuid::from_u128(id)));
        let channels = [(first, "help@example.org".to_owned()), (second, "Sales@example.org".to_owned())];
        let channel = |head: &str| {
            let raw = format!("From: ann@example.net\r\n{head}\r\n\r\nHi").into_bytes();
            read(Fetched::Whole(raw), &channels).unwrap().incoming.channel
        };
        assert_eq!(channel("To: Ben <ben@x.org>, SALES@example.org"), second);
        assert_eq!(channel("To: help@example.org"), first);
        assert_eq!(channel("Cc: sales@example.org"), second);
        assert_eq!(channel("Delivered-To: sales@example.org"), second);
        assert_eq!(channel("To: undisclosed recipients:;"), first, "somebody has to take it");
        assert_eq!(read(Fetched::Gone, &channels), None);
        let head = b"From: ann@example.net\r\nTo: sales@example.org\r\n\r\n".to_vec();
        let large = read(Fetched::TooLarge { head, bytes: 30 << 20 }, &channels).unwrap().incoming;
        assert_eq!(large.channel, second);
        assert!(large.text.starts_with("This mail has 30 MiB."), "{}", large.text);
    }
}
