//! What becomes of a message that reached a channel: it goes on with a conversation, or begins one.

use super::{
    channel::Channel,
    incoming::{Nature, Threading},
    ticket::Ticket,
};
use crate::routing::reasons::Reason;
use serde::{Deserialize, Serialize};

/// What was done with a ticket, for whoever asks why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A message went on with it.
    Join,
    /// A message went on with it, and it is open again.
    Reopen,
    /// It was given to somebody, or to a team.
    Assign,
    LeaveUnassigned,
}

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Becomes {
    /// A ticket of its own.
    Opens,
    /// A part of the ticket with which it goes on.
    Joins { action: Action, reasons: Vec<Reason> },
    /// It is kept, and no ticket is made of it.
    Kept,
}

/// `found`: the ticket with which it would go on, if there is one.
pub fn of(nature: &Nature, threading: &Threading, channel: &Channel, found: Option<&Ticket>) -> Becomes {
    let is_person = *nature == Nature::Person;
    // Whoever writes anew where nothing is open, asks something new. Whoever answers a mail goes on with what they answer.
    let goes_on = |ticket: &&Ticket| ticket.status.is_open() || !is_person || *threading != Threading::Sender;
    match found.filter(goes_on) {
        Some(_) if !is_person => joins(Action::Join, Reason::WrittenByMachine),
        Some(ticket) if ticket.status.is_open() => joins(Action::Join, Reason::JoinsConversation),
        Some(_) => joins(Action::Reopen, Reason::CustomerAnsweredClosed),
        None if is_person && channel.makes_tickets => Becomes::Opens,
        None => Becomes::Kept,
    }
}

fn joins(action: Action, reason: Reason) -> Becomes {
    Becomes::Joins { action, reasons: vec![reason] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        routing::{
            hours::Hours,
            ids::{ChannelId, Ids, TicketId},
            load::TicketType,
            zone::Zone,
        },
        tickets::{
            channel::{Assignment, Way},
            ticket::Status,
        },
    };
    use chrono::DateTime;
    use std::collections::BTreeMap;

    fn channel(makes_tickets: bool) -> Channel {
        Channel {
            id: ChannelId(Ids::new(1).next(1)),
            name: "Support".into(),
            inbox: None,
            way: Way::Api,
            enabled: true,
            makes_tickets,
            zone: Zone::utc(),
            hours: Hours::always(),
            assignment: Assignment::default(),
            demands: Vec::new(),
            relax_after_minutes: None,
            reroutes: false,
            properties: BTreeMap::new(),
        }
    }

    fn ticket(status: Status) -> Ticket {
        let mut ticket =
            Ticket::open(TicketId(Ids::new(2).next(1)), TicketType::EmailOther, DateTime::UNIX_EPOCH);
        ticket.set_status(status, DateTime::UNIX_EPOCH, &Zone::utc());
        ticket
    }

    #[test]
    fn what_becomes_of_a_message() {
        let references = || Threading::References { message_id: None, references: vec!["<a@b>".into()] };
        let bounce = || Nature::Bounce { of: Some("<a@b>".into()) };
        let join = |action, reason| Becomes::Joins { action, reasons: vec![reason] };
        let (open, waiting, closed) = (Some(Status::New), Some(Status::Waiting), Some(Status::Closed));
        let table = [
            // Nothing to go on with.
            (Nature::Person, Threading::New, true, None, Becomes::Opens),
            (Nature::Person, references(), true, None, Becomes::Opens),
            (Nature::Person, Threading::Sender, true, None, Becomes::Opens),
            (Nature::Person, references(), false, None, Becomes::Kept),
            (Nature::AutoReply, references(), true, None, Becomes::Kept),
            (bounce(), Threading::New, true, None, Becomes::Kept),
            // A conversation that goes on.
            (Nature::Person, references(), true, open, join(Action::Join, Reason::JoinsConversation)),
            (Nature::Person, references(), false, waiting, join(Action::Join, Reason::JoinsConversation)),
            (Nature::Person, Threading::Sender, true, open, join(Action::Join, Reason::JoinsConversation)),
            // One that was closed.
            (
                Nature::Person,
                references(),
                true,
                closed,
                join(Action::Reopen, Reason::CustomerAnsweredClosed),
            ),
            (Nature::Person, Threading::Sender, true, closed, Becomes::Opens),
            (Nature::Person, Threading::Sender, false, closed, Becomes::Kept),
            // Machines change nothing.
            (Nature::AutoReply, references(), true, closed, join(Action::Join, Reason::WrittenByMachine)),
            (bounce(), references(), true, closed, join(Action::Join, Reason::WrittenByMachine)),
            (bounce(), references(), true, open, join(Action::Join, Reason::WrittenByMachine)),
            (
                Nature::AutoReply,
                Threading::Sender,
                true,
                closed,
                join(Action::Join, Reason::WrittenByMachine),
            ),
        ];
        for (nature, threading, makes_tickets, status, expected) in table {
            let found = status.map(ticket);
            let becomes = of(&nature, &threading, &channel(makes_tickets), found.as_ref());
            assert_eq!(becomes, expected, "{nature:?}, {threading:?}, {makes_tickets}, {status:?}");
        }
    }
}
