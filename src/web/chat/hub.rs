//! Who is on a page with a chat at this moment. What either side says is read once from the store, after it is on the disk,
//! and told to the pages of its visitor.

use super::super::Web;
use crate::{
    desk::settings::Settings,
    messaging::chat::{By, File, Line, own_key},
    routing::ids::{ChannelId, MessageId},
    store::messages::MessageRow,
    tickets::{
        incoming::Identity,
        message::{Author, Side},
    },
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::mpsc::{self, Receiver, Sender, error::TrySendError},
    time::sleep,
};
use tracing::warn;

const PAGES_PER_VISITOR_MAX: usize = 8;
/// A page that takes no more than so many lines is too slow; it comes again and reads all.
const LINES_WAIT_MAX: usize = 64;
const READ_AT_ONCE: u32 = 200;
/// So that a busy hour is looked through a few times a second and not at each commit.
const LOOK_AT_MOST_EVERY: Duration = Duration::from_millis(50);
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

type Conversation = (ChannelId, Identity);

/// The open pages, by whose conversation they show.
#[derive(Debug, Clone, Default)]
pub struct Chats(Arc<Mutex<HashMap<Conversation, Vec<Page>>>>);

#[derive(Debug)]
struct Page {
    lines: Sender<Line>,
}

/// A page's place, given back when it goes.
#[derive(Debug)]
pub struct Place {
    chats: Chats,
    conversation: Conversation,
    lines: Receiver<Line>,
}

impl Chats {
    /// `None`: this visitor has as many pages open as may be.
    pub fn enter(&self, channel: ChannelId, visitor: Identity) -> Option<Place> {
        let (page, lines) = mpsc::channel(LINES_WAIT_MAX);
        let conversation = (channel, visitor);
        let mut all = self.open();
        let pages = all.entry(conversation.clone()).or_default();
        if pages.len() >= PAGES_PER_VISITOR_MAX {
            return None;
        }
        pages.push(Page { lines: page });
        drop(all);
        Some(Place { chats: self.clone(), conversation, lines })
    }

    fn tell(&self, conversation: &Conversation, line: &Line) {
        let mut all = self.open();
        let Some(pages) = all.get_mut(conversation) else { return };
        // Whoever is too slow is let go: their end of the line closes.
        pages.retain(|page| !matches!(page.lines.try_send(line.clone()), Err(TrySendError::Full(_))));
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Conversation, Vec<Page>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The next line. `None`: the page was too slow.
    pub async fn next(&mut self) -> Option<Line> {
        self.lines.recv().await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.lines.close();
        let mut all = self.chats.open();
        if let Some(pages) = all.get_mut(&self.conversation) {
            pages.retain(|page| !page.lines.is_closed());
            if pages.is_empty() {
                all.remove(&self.conversation);
            }
        }
    }
}

/// Tells the open pages what both sides say, until `stop` resolves.
pub async fn tell_both_sides(web: Web, stop: impl Future<Output = ()>) {
    let mut news = web.desk.news();
    let mut last = None;
    tokio::pin!(stop);
    loop {
        let seen = match last {
            Some(last) => tell_since(&web, last).await,
            // What was said before is read by the pages themselves.
            None => web.reader.last_message().await,
        };
        let nap = match seen {
            Ok(seen) => {
                last = Some(seen.or(last.flatten()));
                LOOK_AT_MOST_EVERY
            }
            Err(error) => {
                warn!(%error, "what is said in chats can't be read");
                AFTER_TROUBLE
            }
        };
        tokio::select! {
            () = &mut stop => return,
            changed = news.changed() => if changed.is_err() { return },
        }
        sleep(nap).await;
    }
}

/// Answers the last message of which it has told.
async fn tell_since(web: &Web, mut last: Option<MessageId>) -> sqlx::Result<Option<MessageId>> {
    loop {
        let rows = web.reader.messages_of_visitors(last, READ_AT_ONCE).await?;
        let is_all = rows.len() < usize::try_from(READ_AT_ONCE).unwrap_or(usize::MAX);
        let settings = web.desk.settings();
        for row in rows {
            last = Some(row.message.id);
            let (channel, person) = (row.message.channel, person(&row).clone());
            web.chats.tell(&(channel, person), &line(row, &settings));
        }
        if is_all {
            return Ok(last);
        }
    }
}

fn person(row: &MessageRow) -> &Identity {
    let (Side::In { from: person, .. } | Side::Out { to: person, .. }) = &row.message.side;
    person
}

/// A message as the page shows it.
pub fn line(row: MessageRow, settings: &Settings) -> Line {
    let by = match &row.message.side {
        Side::In { .. } => By::Visitor { key: row.key.as_deref().and_then(own_key) },
        Side::Out { by: Author::User(user), .. } => By::Desk { name: Some(settings.name_of(*user)) },
        Side::Out { .. } => By::Desk { name: None },
    };
    let files = row.message.attachments.into_iter().map(|file| File { id: file.sha256, name: file.name });
    let files = files.collect();
    Line { id: row.message.id, at: row.message.at, text: row.message.text, files, by }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::ids::Ids;
    use chrono::DateTime;

    fn said(text: &str) -> Line {
        let by = By::Desk { name: None };
        let id = MessageId(Ids::new(1).next(1));
        Line { id, at: DateTime::UNIX_EPOCH, text: text.into(), files: Vec::new(), by }
    }

    #[tokio::test]
    async fn a_visitor_hears_their_own_conversation_on_all_their_pages() {
        let (chats, channel) = (Chats::default(), ChannelId(Ids::new(1).next(1)));
        let [ada, ben] = ["ada", "ben"].map(|name| Identity::Visitor(name.into()));
        let mut pages = [&ada, &ada, &ben].map(|who| chats.enter(channel, who.clone()).unwrap());
        chats.tell(&(channel, ada.clone()), &said("Hello Ada"));
        chats.tell(&(channel, ben), &said("Hello Ben"));
        let elsewhere = ChannelId(Ids::new(2).next(9));
        chats.tell(&(elsewhere, ada), &said("not here"));
        for (page, expected) in pages.iter_mut().zip(["Hello Ada", "Hello Ada", "Hello Ben"]) {
            assert_eq!(page.next().await.unwrap().text, expected);
            assert!(page.lines.try_recv().is_err());
        }
        drop(pages);
        assert!(chats.open().is_empty(), "nobody is remembered who is gone");
    }

    #[tokio::test]
    async fn a_visitor_has_so_many_pages_and_a_page_so_many_lines() {
        let (chats, channel) = (Chats::default(), ChannelId(Ids::new(1).next(1)));
        let ada = Identity::Visitor("ada".into());
        let mut pages: Vec<Place> = (0..20).map_while(|_| chats.enter(channel, ada.clone())).collect();
        assert_eq!(pages.len(), PAGES_PER_VISITOR_MAX);
        pages.truncate(1);
        for _ in 0..=LINES_WAIT_MAX {
            chats.tell(&(channel, ada.clone()), &said("Hello"));
        }
        let mut heard = 0;
        while pages[0].next().await.is_some() {
            heard += 1;
        }
        assert_eq!(heard, LINES_WAIT_MAX, "then it ends, and the page comes again");
    }
}
