//! English.

use super::{Teller, Warning};

pub(super) fn sentence(warning: &Warning, teller: &Teller<'_>) -> String {
    let name = |agent| (teller.name)(agent);
    match warning {
        Warning::Disabled => {
            "The channel is switched off: nothing is taken in and nothing is sent out.".into()
        }
        Warning::NobodySelected => "Nobody is selected: every ticket stays unassigned.".into(),
        Warning::NobodyInFallback => {
            "Nobody is selected for what the first choice does not take: those tickets stay unassigned."
                .into()
        }
        Warning::NobodyCanBeGiven => {
            "Nobody who is selected can be given a ticket: every ticket stays unassigned.".into()
        }
        Warning::SelectedGone { users, teams } => {
            format!("{users} selected users and {teams} selected teams are no longer there.")
        }
        Warning::EmptyTeam { name, .. } => format!("The team {name} has no members."),
        Warning::OnlyExtraMembers { name, .. } => {
            format!("The team {name} has only extra members, and only main members are given tickets.")
        }
        Warning::TeamWithoutSeat { name, .. } => {
            format!("Nobody in the team {name} has a service seat any more.")
        }
        Warning::NoSeat { agent } => {
            format!("{} lacks the seat that this channel needs and is never given a ticket.", name(*agent))
        }
        Warning::NoTicketAccess { agent } => {
            format!("{} has no access to tickets and is never given one.", name(*agent))
        }
        Warning::NoInboxAccess { agent } => {
            format!("{} has no access to this inbox and is never given its tickets.", name(*agent))
        }
        Warning::NeverWorks { agent } => {
            format!("{} has empty working hours and is never given a ticket.", name(*agent))
        }
        Warning::NoCapacity { agent } => {
            format!("{} has a capacity of 0 and is never given a ticket.", name(*agent))
        }
        Warning::NobodyKnows { name, level, .. } => {
            let level = level.map(|level| format!(" at level {level} or better")).unwrap_or_default();
            format!("Nobody who is selected knows {name}{level}, which is needed.")
        }
        Warning::OwnerWithoutFallback => "What a contact's owner does not take stays unassigned.".into(),
        Warning::AgentWithoutFallback => "What the customer agent does not answer stays unassigned.".into(),
        Warning::NeverOpen => {
            "The channel never opens, so tickets that wait are never shared out again.".into()
        }
        Warning::NoMailbox { name } | Warning::NoAccount { name } => {
            format!("{name} is not in the configuration, so nothing comes in and nothing goes out.")
        }
        Warning::NoOrigins => "No page is named, so the chat is shown nowhere.".into(),
    }
}
