//! English.

use super::{Slot, Teller, Warning};

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

pub(super) fn sentence(warning: &Warning, teller: &Teller<'_>) -> String {
    let name = |agent| (teller.name)(agent);
    match warning {
        Warning::NobodySelected => "Nobody is selected: every caller hears the unanswered message.".into(),
        Warning::SelectedGone { users, teams } => {
            format!("{users} selected users and {teams} selected teams are no longer there.")
        }
        Warning::EmptyTeam { name, .. } => format!("The team {name} has no members."),
        Warning::OnlyExtraMembers { name, .. } => {
            format!("The team {name} has only extra members, and only main members are rung.")
        }
        Warning::OnlyOneAgent { agent } => {
            format!(
                "Only {} is rung: while they are busy or away, every caller hears a message.",
                name(*agent)
            )
        }
        Warning::NoSeat { agent } => format!("{} has no service seat and is never rung.", name(*agent)),
        Warning::NoSalesOrServiceSeat { agent } => {
            format!("{} has neither a sales nor a service seat and is never rung.", name(*agent))
        }
        Warning::NoInboxAccess { agent } => {
            format!("{} has no access to the inbox of this channel and is never rung.", name(*agent))
        }
        Warning::NoTicketAccess { agent } => {
            format!("{} has no access to tickets and is never rung.", name(*agent))
        }
        Warning::NeverWorks { agent } => {
            format!("{} has empty working hours and is never rung.", name(*agent))
        }
        Warning::NoCapacity { agent } => format!("{} has a capacity of 0 and is never rung.", name(*agent)),
        Warning::AllAtCapacity => "Everybody who is there now has as many open tickets as they may.".into(),
        Warning::SameTelephone { agent, other } => {
            format!("{} and {} are reached at the same telephone.", name(*agent), name(*other))
        }
        Warning::NotRungHere { agent } => format!(
            "{} has a telephone that this channel's telephone company can't ring, and is passed over.",
            name(*agent)
        ),
        Warning::NeverOpen => "The channel never opens: every caller hears the after-hours message.".into(),
        Warning::ClosedForLong { until } => {
            format!("The channel is closed until {}.", teller.instant(*until))
        }
        Warning::ExceptionsAreOver { last } => {
            format!(
                "All exceptions are over, the last one on {}: coming holidays are missing.",
                teller.date(*last)
            )
        }
        Warning::NobodyWorksOn { weekday } => {
            format!("Nobody selected works on {}.", WEEKDAYS[usize::from(*weekday) % 7])
        }
        Warning::NobodyWorks { from, until } => {
            let (from, until) = (teller.instant(*from), teller.instant(*until));
            format!("Nobody selected works from {from} until {until}.")
        }
        Warning::NoMessage { slot: Slot::Unanswered } => {
            "No unanswered message is chosen: the one that ships with Strowger is played.".into()
        }
        Warning::NoMessage { .. } => {
            "No after-hours message is chosen: the one that ships with Strowger is played.".into()
        }
        Warning::ShortRing { seconds } => format!("Callers ring for {seconds} seconds only."),
        Warning::AgentRingsLonger { agent_ring_seconds, ring_seconds } => format!(
            "One agent is rung for {agent_ring_seconds} seconds, but callers ring for {ring_seconds} seconds only."
        ),
        Warning::NotAllAreRung { rung, of } => {
            format!("Within the time to ring, only {rung} of {of} agents are rung.")
        }
        Warning::TooManyAtOnce { agents, rung } => {
            format!("{agents} agents are selected, but at most {rung} are rung at once.")
        }
        Warning::LongWait { seconds } => format!("Callers may wait in line for {seconds} seconds."),
        Warning::LongWrapUp { seconds } => {
            format!("After each call an agent is not rung for {seconds} seconds.")
        }
        Warning::NoNumber => "No number is entered, so its settings at the provider can't be checked.".into(),
        Warning::NumberTwice { number, channel } => {
            format!("The number {number} belongs to the channel {channel} too.")
        }
        Warning::PaidNumber { number } => format!(
            "Calls to {number} cost extra and are answered while they ring, which is unlawful in Germany on most such numbers: let the agents' telephones ring instead."
        ),
        Warning::PaidNumberWaits { number } => format!(
            "Calls to {number} cost extra and are answered while they wait in line, which is unlawful in Germany on most such numbers: let nobody wait."
        ),
        Warning::TooManyDevices { agents, rung } => {
            format!("{agents} agents are selected, but at most {rung} telephones are rung at once.")
        }
        Warning::BrowserAsDevice { agent } => format!(
            "{} is reached in a browser, which rings only while it is open: give them a SIP address or a telephone number.",
            name(*agent)
        ),
        Warning::AnnouncementUnheard => {
            "The announcement before ringing is not heard: to play it the caller would have to be answered."
                .into()
        }
    }
}
