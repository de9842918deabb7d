//! Gives tickets to people, by the rules of their channels.

use super::Round;
use crate::{
    calls::time::Now,
    desk::engine::Engine,
    routing::reasons::Reason,
    tickets::{arrival::Action, ticket::Ticket},
};

impl Engine {
    /// Shares out a ticket that is nobody's, as its channel says, and writes down why. `reasons`: what led to it. The
    /// ticket is written by whoever asks.
    pub(super) fn share_out(
        &mut self,
        ticket: &mut Ticket,
        event: &str,
        mut reasons: Vec<Reason>,
        now: Now,
        round: &mut Round,
    ) {
        reasons.insert(0, Reason::NobodySelected);
        self.write_why(ticket, event, Action::LeaveUnassigned, reasons, now, round);
    }
}
