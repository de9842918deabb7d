//! What a ticket would meet that came at an instant. The same sharing as for a real one; nothing changes by asking.

use super::sharing::{Question, Shared};
use crate::routing::{availability::ByHand, hours::Verdict, ids::UserId};
use chrono::{DateTime, Utc};

#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    pub at: DateTime<Utc>,
    /// A ticket that comes is given to somebody at any hour; one that waits only while the channel is open.
    pub hours: Verdict,
    /// When it opens or closes next.
    pub next_change: Option<DateTime<Utc>>,
    pub shared: Shared,
}

pub fn preview<'a, H: Fn(UserId) -> &'a ByHand>(question: &Question<'a, H>) -> Preview {
    let (channel, at) = (question.channel, question.at);
    Preview {
        at,
        hours: channel.hours.verdict(&channel.zone, at),
        next_change: channel.hours.next_change(&channel.zone, at),
        shared: question.share(),
    }
}
