//! Who calls, and what that changes: callers who ring nobody, callers who go before others, callers who come back to
//! their ticket, and callers who are gone before anybody could have answered.

use super::{
    call::{Call, Caller, Outcome},
    channel::{Channel, Withheld},
    decision::{Action, Instruction, TicketChange, Write},
    event::Arrival,
    switchboard::{Switchboard, Turn},
};
use crate::routing::{
    assignment::Selection,
    contacts::{Blocked, Contacts},
    ids::{CallId, TicketId},
    reasons::Reason,
};
use chrono::TimeDelta;

/// Whether this caller rings nobody, how they are met instead, and why.
pub(super) fn blocked(from: &Caller, channel: &Channel, contacts: &Contacts) -> Option<(Blocked, Reason)> {
    match from {
        Caller::Known(number) => {
            let (contact, known) = contacts.of(number)?;
            known.blocked.map(|how| (how, Reason::CallerBlocked { contact, how }))
        }
        Caller::Withheld => {
            let how = match channel.withheld {
                Withheld::Ring => return None,
                Withheld::Busy => Blocked::Busy,
                Withheld::Voicemail => Blocked::Voicemail,
            };
            Some((how, Reason::NumberWithheld { how }))
        }
    }
}

/// How far this caller goes before others, and why.
pub(super) fn priority(from: &Caller, contacts: &Contacts) -> (u8, Option<Reason>) {
    let known = from.number().and_then(|number| contacts.of(number));
    match known.map(|(contact, known)| (contact, known.priority)) {
        Some((contact, priority @ 1..)) => (priority, Some(Reason::CallerFirst { contact, priority })),
        _ => (0, None),
    }
}

impl Switchboard {
    /// Nobody is rung, nothing is recorded, and nobody need do anything about it: the ticket closes with the call.
    /// `is_new`: the call was not answered by any document before, so that it can still be refused unanswered.
    pub(super) fn turn_away(
        &mut self,
        call: Call,
        how: Blocked,
        reason: Reason,
        is_new: bool,
        turn: &mut Turn<'_>,
    ) {
        let (id, ticket, at) = (call.id, call.ticket, turn.now().at);
        let (action, instruction) = match how {
            Blocked::Message => (Action::Message, Instruction::TurnAway),
            Blocked::Busy | Blocked::Voicemail if is_new => (Action::Reject, Instruction::Reject),
            Blocked::Busy | Blocked::Voicemail => (Action::Reject, Instruction::HangUp),
        };
        turn.decide(&call, action, Selection::default(), vec![reason.clone()]);
        turn.write(Write::Ticket(TicketChange::Close { ticket, at }));
        self.admit(call);
        self.end(id, Outcome::Rejected, reason, turn);
        turn.answer(Some(id), instruction);
    }

    /// The ticket of an arriving call: the caller's own that is still open, where the channel wants that; else a new one.
    /// Answers whether the ticket was there before.
    pub(super) fn ticket_for(
        &mut self,
        call: CallId,
        arrival: &Arrival,
        joins: bool,
        turn: &mut Turn<'_>,
    ) -> (TicketId, bool) {
        if let Some(ticket) = joins.then(|| joinable(arrival, turn)).flatten() {
            let minutes = turn.times_of(arrival.channel).attach_minutes;
            turn.remark(call, Reason::JoinsTicket { minutes });
            self.share(ticket, turn);
            return (ticket, true);
        }
        (TicketId(self.ids.next(turn.now().at.timestamp_millis())), false)
    }

    /// Calls that are live and belong to this ticket too no longer have it for themselves.
    fn share(&mut self, ticket: TicketId, turn: &mut Turn<'_>) {
        for call in self.calls.values_mut().filter(|call| call.ticket == ticket && !call.shares_ticket) {
            call.shares_ticket = true;
            turn.touch(call.id);
        }
    }
}

fn joinable(arrival: &Arrival, turn: &Turn<'_>) -> Option<TicketId> {
    let number = arrival.from.number()?;
    let minutes = turn.times_of(arrival.channel).attach_minutes;
    let since = turn.now().at - TimeDelta::minutes(i64::from(minutes));
    if minutes == 0 { None } else { turn.facts.joinable.find(arrival.channel, number, since) }
}

impl Call {
    /// The caller hangs up now: were they there too shortly for anybody to have missed them?
    pub(super) fn note_hang_up(&mut self, turn: &Turn<'_>) {
        let limit = i64::from(turn.times_of(self.channel).short_abandon_seconds) * 1000;
        let there = turn.now().steady.ms_since(self.arrived);
        self.gone_at_once |= there < limit && self.attempt == 0;
    }

    /// Why its ticket closes with it, if it does: the caller was gone at once, nobody took the call, no message was left
    /// and the ticket is of no other call.
    pub(super) fn closes_ticket(&self, outcome: Outcome, reason: &Reason, turn: &Turn<'_>) -> Option<Reason> {
        let nothing_left = matches!(reason, Reason::CallerHungUp { .. } | Reason::NothingRecorded);
        let closes =
            self.gone_at_once && !self.shares_ticket && nothing_left && outcome == Outcome::Abandoned;
        let seconds = turn.times_of(self.channel).short_abandon_seconds;
        closes.then_some(Reason::GoneAtOnce { seconds })
    }
}
