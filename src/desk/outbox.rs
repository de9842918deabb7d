//! What waits to be sent to one softphone. An offer that ends before it was sent is never sent, nor is its end: under load
//! a softphone hears of what it can still take, and not of what is over.

use crate::routing::ids::OfferId;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// How many frames may wait for a slow reader before it is dropped. Offers and their ends are not among them: of those
/// there are never more than calls that ring, and what was sent before.
const WAIT_MAX: usize = 256;

/// How many frames are written to the socket together.
const SENT_AT_ONCE: usize = 64;

/// The end of whoever speaks. When it goes, the socket is closed.
#[derive(Debug)]
pub struct Outbox(Arc<Line>);

/// The end of the socket.
#[derive(Debug)]
pub struct Frames(Arc<Line>);

#[derive(Debug, Default)]
struct Line {
    waiting: Mutex<Waiting>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    frames: VecDeque<(About, Arc<str>)>,
    /// How many of them are about nothing in particular.
    others: usize,
    /// Nothing more will come.
    closed: bool,
    /// Nobody takes them any more.
    gone: bool,
}

/// What a frame is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    Offer(OfferId),
    OfferEnd(OfferId),
    Other,
}

/// So many frames wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooSlow;

pub fn outbox() -> (Outbox, Frames) {
    let line = Arc::<Line>::default();
    (Outbox(line.clone()), Frames(line))
}

impl Outbox {
    /// What is put into one whose socket is gone goes nowhere: the socket's task reports that it closed.
    pub fn put(&self, about: About, frame: Arc<str>) -> Result<(), TooSlow> {
        self.0.waiting().put(about, frame)?;
        self.0.news.notify_one();
        Ok(())
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.0.waiting().closed = true;
        self.0.news.notify_one();
    }
}

impl Frames {
    /// What waits, as soon as anything does, but not too much: what is not taken yet may still be over before it is sent.
    /// `None`: nothing more will come.
    pub async fn next(&mut self) -> Option<Vec<Arc<str>>> {
        loop {
            {
                let mut waiting = self.0.waiting();
                if !waiting.frames.is_empty() {
                    return Some(waiting.take());
                }
                if waiting.closed {
                    return None;
                }
            }
            self.0.news.notified().await;
        }
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        waiting.gone = true;
        waiting.frames.clear();
    }
}

impl Line {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn put(&mut self, about: About, frame: Arc<str>) -> Result<(), TooSlow> {
        if self.gone {
            return Ok(());
        }
        if let About::OfferEnd(offer) = about {
            let unsent = self.frames.iter().rposition(|(about, _)| *about == About::Offer(offer));
            if let Some(unsent) = unsent {
                self.frames.remove(unsent);
                return Ok(());
            }
        }
        if about == About::Other {
            if self.others >= WAIT_MAX {
                return Err(TooSlow);
            }
            self.others += 1;
        }
        self.frames.push_back((about, frame));
        Ok(())
    }

    fn take(&mut self) -> Vec<Arc<str>> {
        let taken = self.frames.drain(..self.frames.len().min(SENT_AT_ONCE));
        let others = &mut self.others;
        let frame = |(about, frame)| {
            *others -= usize::from(about == About::Other);
            frame
        };
        taken.map(frame).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::ids::Ids;

    fn offers() -> [OfferId; 2] {
        let mut ids = Ids::new(1);
        [(); 2].map(|()| OfferId(ids.next(1)))
    }

    fn texts(frames: Option<Vec<Arc<str>>>) -> Vec<String> {
        frames.into_iter().flatten().map(|frame| frame.as_ref().to_owned()).collect()
    }

    #[tokio::test]
    async fn an_offer_that_ends_before_it_is_sent_is_not_sent_and_one_that_was_sent_ends() {
        let (outbox, mut frames) = outbox();
        let [sent, unsent] = offers();
        let put = |about, text: &str| outbox.put(about, text.into()).expect("there is room");
        put(About::Offer(sent), "first offer");
        assert_eq!(texts(frames.next().await), ["first offer"]);
        put(About::Other, "ping");
        put(About::Offer(unsent), "second offer");
        put(About::OfferEnd(sent), "first end");
        put(About::OfferEnd(unsent), "second end");
        put(About::Other, "another ping");
        assert_eq!(texts(frames.next().await), ["ping", "first end", "another ping"]);
    }

    #[tokio::test]
    async fn a_slow_reader_is_told_by_what_is_not_about_offers() {
        let (outbox, mut frames) = outbox();
        let mut ids = Ids::new(1);
        let put = |about| outbox.put(about, "frame".into());
        for _ in 0..10 * WAIT_MAX {
            assert_eq!(put(About::Offer(OfferId(ids.next(1)))), Ok(()));
        }
        (0..WAIT_MAX).for_each(|_| assert_eq!(put(About::Other), Ok(())));
        assert_eq!(put(About::Other), Err(TooSlow));
        let mut taken = 0;
        while taken < 10 * WAIT_MAX + SENT_AT_ONCE {
            taken += texts(frames.next().await).len();
        }
        (0..SENT_AT_ONCE).for_each(|_| assert_eq!(put(About::Other), Ok(())));
        assert_eq!(put(About::Other), Err(TooSlow));
    }

    #[tokio::test]
    async fn what_was_put_is_taken_before_the_end_and_without_a_socket_nothing_is_kept() {
        let (outbox, mut frames) = super::outbox();
        outbox.put(About::Other, "last".into()).expect("there is room");
        drop(outbox);
        assert_eq!(texts(frames.next().await), ["last"]);
        assert_eq!(frames.next().await, None);
        let (outbox, frames) = super::outbox();
        drop(frames);
        (0..2 * WAIT_MAX).for_each(|_| assert_eq!(outbox.put(About::Other, "frame".into()), Ok(())));
        assert!(outbox.0.waiting().frames.is_empty());
    }
}
