//! Dutch.

use super::{Teller, Warning};

pub(super) fn sentence(warning: &Warning, teller: &Teller<'_>) -> String {
    let name = |agent| (teller.name)(agent);
    match warning {
        Warning::Disabled => "Het kanaal is uitgeschakeld: er komt niets binnen en er gaat niets uit.".into(),
        Warning::NobodySelected => "Er is niemand gekozen: elk ticket blijft zonder eigenaar.".into(),
        Warning::NobodyInFallback => "Er is niemand gekozen voor wat de eerste keus niet aanneemt: die tickets blijven zonder eigenaar.".into(),
        Warning::NobodyCanBeGiven => "Niemand van de gekozenen kan een ticket krijgen: elk ticket blijft zonder eigenaar.".into(),
        Warning::SelectedGone { users, teams } => format!("{users} gekozen gebruikers en {teams} gekozen teams bestaan niet meer."),
        Warning::EmptyTeam { name, .. } => format!("Het team {name} heeft geen leden."),
        Warning::OnlyExtraMembers { name, .. } => format!("Het team {name} heeft alleen extra leden, en alleen hoofdleden krijgen tickets."),
        Warning::TeamWithoutSeat { name, .. } => format!("Niemand in het team {name} heeft nog een serviceplaats."),
        Warning::NoSeat { agent } => format!("{} mist de plaats die dit kanaal nodig heeft en krijgt nooit een ticket.", name(*agent)),
        Warning::NoTicketAccess { agent } => format!("{} heeft geen toegang tot tickets en krijgt er nooit een.", name(*agent)),
        Warning::NoInboxAccess { agent } => format!("{} heeft geen toegang tot deze inbox en krijgt er nooit tickets van.", name(*agent)),
        Warning::NeverWorks { agent } => format!("{} heeft lege werktijden en krijgt nooit een ticket.", name(*agent)),
        Warning::NoCapacity { agent } => format!("{} heeft een capaciteit van 0 en krijgt nooit een ticket.", name(*agent)),
        Warning::NobodyKnows { name, level, .. } => {
            let level = level.map(|level| format!(" op niveau {level} of beter")).unwrap_or_default();
            format!("Niemand van de gekozenen kent {name}{level}, wat nodig is.")
        }
        Warning::OwnerWithoutFallback => "Wat de eigenaar van een contact niet aanneemt, blijft zonder eigenaar.".into(),
        Warning::AgentWithoutFallback => "Wat de klantagent niet beantwoordt, blijft zonder eigenaar.".into(),
        Warning::NeverOpen => "Het kanaal gaat nooit open, dus wachtende tickets worden nooit opnieuw verdeeld.".into(),
        Warning::NoMailbox { name } | Warning::NoAccount { name } => format!("{name} staat niet in de configuratie, dus er komt niets binnen en er gaat niets uit."),
        Warning::NoOrigins => "Er is geen pagina genoemd, dus de chat is nergens te zien.".into(),
    }
}
