//! English.

use super::{
    super::{
        contacts::Blocked,
        eligibility::Objection,
        hours::Rule,
        load::TicketType,
        reasons::{ConnectionFailure, Reason},
    },
    Teller,
};

pub(super) fn reason(reason: &Reason, teller: &Teller<'_>) -> String {
    let name = |agent| teller.name(agent);
    match reason {
        Reason::HoursOpen { rule } => format!("The channel is open {}.", by(*rule)),
        Reason::HoursClosed { rule, opens: Some(opens) } => {
            format!("The channel is closed {}; it opens at {}.", by(*rule), teller.instant(*opens))
        }
        Reason::HoursClosed { rule, opens: None } => format!("The channel is closed {}.", by(*rule)),
        Reason::RingsAll { agents: 1 } => "The one available agent is rung.".into(),
        Reason::RingsAll { agents } => format!("All {agents} available agents are rung at once."),
        Reason::RingsDevices { agents: 1, of: 1 } => {
            "The telephone of the one available agent is rung.".into()
        }
        Reason::RingsDevices { agents, of } if agents == of => {
            format!("The telephones of all {agents} available agents are rung at once.")
        }
        Reason::RingsDevices { agents, of } => {
            format!("The telephones of {agents} of the {of} available agents are rung.")
        }
        Reason::FewestOpen { agent, kind, open, tied } => {
            let tie = if *tied { ", and the tie-break put them first" } else { "" };
            format!("{} has the fewest open {} ({open}){tie}.", name(*agent), tickets(*kind))
        }
        Reason::NextInTurn { agent } => format!("It is {}'s turn.", name(*agent)),
        Reason::Drawn { agent, among } => format!("{} was drawn among {among}.", name(*agent)),
        Reason::LongestIdle { agent, .. } => format!("{} has been free the longest.", name(*agent)),
        Reason::NobodySelected => "No users and no team members are selected for this channel.".into(),
        Reason::NobodyAvailable => "Nobody who is selected is available.".into(),
        Reason::AllBusy => "Everybody who is available is busy.".into(),
        Reason::AllDeclined => "Everybody who could take the call declined it.".into(),
        Reason::AgentsBeingOffered => "Everybody who is free is being offered another call.".into(),
        Reason::DevicesNotTaken { agents: 1 } => "The one telephone that was rung was not taken.".into(),
        Reason::DevicesNotTaken { agents } => {
            format!("None of the {agents} telephones that were rung was taken.")
        }
        Reason::RingTimeOver { seconds } => format!("Nobody answered within {seconds} seconds of ringing."),
        Reason::WaitTimeOver { seconds } => {
            format!("Nobody became free within {seconds} seconds of waiting.")
        }
        Reason::CallerWantsMessage { seconds } => {
            format!("After {seconds} seconds the caller chose to leave a message.")
        }
        Reason::TakenBy { agent, seconds } => format!("{} accepted after {seconds} seconds.", name(*agent)),
        Reason::Connected { agent } => format!("{} and the caller are connected.", name(*agent)),
        Reason::ConnectionFailed { agent, cause } => {
            format!("{} could not be connected: {}.", name(*agent), failure(*cause))
        }
        Reason::TransferredToAgent { agent, to } => {
            format!("{} handed the caller on to {}.", name(*agent), name(*to))
        }
        Reason::TransferredToTeam { agent, name: team, .. } => {
            format!("{} handed the caller on to the team {team}.", name(*agent))
        }
        Reason::TransferredOutside { agent } => {
            format!("{} handed the caller on to a number outside.", name(*agent))
        }
        Reason::OutsideOver => "The connection with the number outside is over.".into(),
        Reason::OutsideNotReached => "The number outside could not be reached.".into(),
        Reason::TimeLimit { seconds } => {
            format!("The connection had lasted {seconds} seconds, as long as any may, and was ended.")
        }
        Reason::AgentLost { agent } => format!("The connection to {} was lost.", name(*agent)),
        Reason::AgentHungUp { agent } => format!("{} hung up.", name(*agent)),
        Reason::AgentDeclined { agent } => format!("{} declined.", name(*agent)),
        Reason::AgentMissed { agent, seconds } => {
            format!("{} did not answer within {seconds} seconds.", name(*agent))
        }
        Reason::CallerHungUp { seconds } => format!("The caller hung up after {seconds} seconds."),
        Reason::MessageKept { seconds } => format!("A message of {seconds} seconds was left and is kept."),
        Reason::NothingRecorded => "The caller left no message.".into(),
        Reason::RecordingLost => "A message was left, but it could not be fetched.".into(),
        Reason::StoreWasDown => {
            "Nothing could be recorded when the call came, so a message was taken.".into()
        }
        Reason::CallerBlocked { how, .. } => format!("The caller is blocked and {}.", met(*how)),
        Reason::NumberWithheld { how } => format!("The number is withheld, so the caller {}.", met(*how)),
        Reason::CallerFirst { priority, .. } => {
            format!("The caller has priority {priority} and goes before callers who have less.")
        }
        Reason::JoinsConversation => "The message goes on with a conversation that is open.".into(),
        Reason::CustomerAnsweredClosed => {
            "The customer answered on a closed ticket, so it is open again.".into()
        }
        Reason::WrittenByMachine => "The message was written by a machine, so it changes nothing.".into(),
        Reason::AnsweredFirst { agent } => {
            format!("{} answered first, so the ticket is theirs.", name(*agent))
        }
        Reason::GoneAtOnce { seconds } => {
            format!("The caller was gone within {seconds} seconds, so the ticket is closed.")
        }
        Reason::JoinsTicket { minutes } => {
            format!("The call joins the caller's open ticket, which was touched within {minutes} minutes.")
        }
        Reason::AssignsNobody => "This channel gives its tickets to nobody by itself.".into(),
        Reason::TeamOnly { name, .. } => format!("The ticket goes to the team {name}, without an owner."),
        Reason::OwnsContact { agent } => format!("{} owns the contact.", name(*agent)),
        Reason::NoContact => "Nobody knows who wrote, so there is no owner to give it to.".into(),
        Reason::ContactHasNoOwner => "The contact has no owner.".into(),
        Reason::ContactNotTracked => {
            "The contact is not tracked, so its owner is not given the ticket.".into()
        }
        Reason::OwnerCannotTake { agent } => {
            format!("{} owns the contact, but cannot take it.", name(*agent))
        }
        Reason::OwnerMailed { agent } => {
            format!("{} owns the contact and is absent, so the message is mailed to them.", name(*agent))
        }
        Reason::FallsBack => "Those decide who are asked when the first choice does not take it.".into(),
        Reason::GivenThoughAway { agent } => {
            format!("{} is away, but this channel gives tickets to people who are away too.", name(*agent))
        }
        Reason::AllAtCapacity => "Everybody who is available has as many open tickets as they may.".into(),
        Reason::SkillNeeded { name, level, .. } => {
            format!("Only people who know {} are asked.", known(name, *level))
        }
        Reason::SkillPreferred { name, level, .. } => {
            format!("People who know {} go first.", known(name, *level))
        }
        Reason::SkillMissed { name, level, .. } => {
            format!("Nobody who knows {} could take it, which would have been better.", known(name, *level))
        }
        Reason::NobodyKnows { name, level, .. } => {
            format!("Nobody who is selected knows {}.", known(name, *level))
        }
        Reason::SkillLetGo { name, minutes, .. } => format!(
            "Nobody who knows {name} could take it for {minutes} minutes, so it is not needed any more."
        ),
        Reason::CustomerAgentAsked { seconds } => {
            format!("The customer agent is asked first and has {seconds} seconds to answer.")
        }
        Reason::CustomerAgentAnswered => "The customer agent answered.".into(),
        Reason::CustomerAgentHandedOver { because: None } => "The customer agent handed over.".into(),
        Reason::CustomerAgentHandedOver { because: Some(because) } => {
            format!("The customer agent handed over: {because}.")
        }
        Reason::CustomerAgentFailed { error } => format!("The customer agent failed: {error}."),
    }
}

fn tickets(kind: TicketType) -> &'static str {
    match kind {
        TicketType::Calling => "calling tickets",
        TicketType::Messages => "message tickets",
        TicketType::EmailOther => "email and other tickets",
    }
}

/// A skill, at a level perhaps.
fn known(name: &str, level: Option<u8>) -> String {
    match level {
        Some(level) => format!("{name} (level {level} or better)"),
        None => name.to_owned(),
    }
}

fn met(how: Blocked) -> &'static str {
    match how {
        Blocked::Busy => "hears that the line is busy",
        Blocked::Message => "hears a message and is hung up",
        Blocked::Voicemail => "goes straight to voicemail",
    }
}

fn by(rule: Rule) -> &'static str {
    match rule {
        Rule::Always => "at all times",
        Rule::Weekly => "by its weekly hours",
        Rule::Exception => "by an exception for this date",
        Rule::ClosedUntil => "by hand",
    }
}

fn failure(cause: ConnectionFailure) -> &'static str {
    match cause {
        ConnectionFailure::Busy => "their line is busy",
        ConnectionFailure::NoAnswer => "their telephone did not answer",
        ConnectionFailure::Failed => "their telephone could not be reached",
        ConnectionFailure::Cancelled => "they called it off",
        ConnectionFailure::TimedOut => "their telephone did not come up in time",
    }
}

/// What is told of somebody.
pub(super) fn objection(objection: &Objection, teller: &Teller<'_>) -> String {
    let plain = match objection {
        Objection::OutOfOffice { until } => {
            return format!("is out of office until {}", teller.instant(*until));
        }
        Objection::Away { reason, until } => {
            let reason = reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            let until = until.map(|until| format!(" until {}", teller.instant(until))).unwrap_or_default();
            return format!("is away{reason}{until}");
        }
        Objection::AtCapacity { open, capacity } => {
            return format!("has {open} open tickets of at most {capacity}");
        }
        Objection::LacksSkill { name, level, .. } => return format!("does not know {}", known(name, *level)),
        Objection::NoSeat => "has no service seat",
        Objection::NoSalesOrServiceSeat => "has neither a sales nor a service seat",
        Objection::NoInboxAccess => "has no access to this inbox",
        Objection::NoTicketAccess => "has no access to tickets",
        Objection::OutsideWorkingHours => "is outside their working hours",
        Objection::NotConnected => "has no softphone connected",
        Objection::NotRegistered => "has a softphone that is not registered",
        Objection::NoMicrophone => "has no microphone",
        Objection::Unreachable => "could not be reached the last time",
        Objection::NotRungHere => "has a telephone that this channel's telephone company can't ring",
        Objection::Declined => "declined this call",
        Objection::ConnectionFailed => "could not be connected to this call",
        Objection::Connecting => "is being connected to a call",
        Objection::OnCall => "is on a call",
        Objection::WrappingUp => "is wrapping up",
        Objection::BeingOffered => "is being offered another call",
    };
    plain.into()
}
