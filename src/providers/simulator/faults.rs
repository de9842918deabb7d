//! What can go wrong at the company, or on the way to and from it. Everything works by default.

use super::story::{Purpose, Status};
use std::time::Duration;

/// Switched at run time with `Simulator::faults`. Durations are real time.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// Every webhook is sent twice, with the same idempotency token. Different answers are noted as a problem.
    pub webhooks: Option<Twice>,
    /// Happens once, to the next document that any caller asks for.
    pub next_request: Option<Mishap>,
    /// How the legs' status callbacks arrive.
    pub leg_callbacks: Delivery,
    /// How the callers' status callbacks arrive.
    pub status_callbacks: Delivery,
    /// A `Dial` that is over goes on with the document, as if it had no `action`.
    pub dial_actions_forgotten: bool,
    /// Of several legs that ring, the others ring on until the first that came up is bridged.
    pub others_ring_on: bool,
    /// How recordings' status callbacks arrive.
    pub recording_callbacks: Delivery,
    /// The recording's status callback is answered before `action` is requested.
    pub recording_before_action: bool,
    pub rest: Rest,
    /// Happens once, to the next request to the API, instead of `rest`.
    pub next_rest: Option<Rest>,
    /// The sound of a recording is 404 for so many requests.
    pub recordings_missing: u32,
    /// The sound of a recording is 401.
    pub recordings_refused: bool,
    /// The sound of a recording breaks off in the middle.
    pub recordings_truncated: bool,
}

#[derive(Debug, Clone, Copy)]
pub enum Twice {
    AtOnce,
    /// The second one so long after the first was answered; the first answer counts.
    After(Duration),
}

#[derive(Debug, Clone, Copy)]
pub enum Mishap {
    /// It never reaches the application. The company does not wait as long as Twilio would.
    Lost,
    /// It reaches the application, but the company hears no answer.
    AnswerLost,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Delivery {
    #[default]
    Once,
    /// Every one with the same idempotency token.
    Twice,
    Never,
    /// All but those that say this.
    Without(Status),
    /// Without holding up the others.
    Late(Duration),
    /// In pairs, the later one first.
    Swapped,
}

/// What becomes of requests to the API.
#[derive(Debug, Clone, Copy, Default)]
pub enum Rest {
    #[default]
    Works,
    /// The connection closes; nothing is carried out.
    Down,
    /// 500; nothing is carried out.
    Fails,
    /// 200 with a page that makes no sense; nothing is carried out.
    Garbage,
    /// Carried out, then the connection closes.
    AnswerLost,
    /// Carried out at once, answered later.
    Slow(Duration),
}

impl Faults {
    pub(super) fn delivery(&self, purpose: Purpose) -> Delivery {
        match purpose {
            Purpose::LegStatus => self.leg_callbacks,
            Purpose::RecordingStatus => self.recording_callbacks,
            Purpose::Status => self.status_callbacks,
            _ => Delivery::Once,
        }
    }

    pub(super) fn next_rest(&mut self) -> Rest {
        self.next_rest.take().unwrap_or(self.rest)
    }

    pub(super) fn repetition(&self, purpose: Purpose) -> Option<Twice> {
        let twice = self.delivery(purpose) == Delivery::Twice;
        self.webhooks.or(twice.then_some(Twice::AtOnce))
    }
}
