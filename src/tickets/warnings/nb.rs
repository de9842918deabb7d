//! Norwegian (bokmål).

use super::{Teller, Warning};

pub(super) fn sentence(warning: &Warning, teller: &Teller<'_>) -> String {
    let name = |agent| (teller.name)(agent);
    match warning {
        Warning::Disabled => "Kanalen er slått av: ingenting kommer inn og ingenting går ut.".into(),
        Warning::NobodySelected => "Ingen er valgt: alle saker blir uten eier.".into(),
        Warning::NobodyInFallback => {
            "Ingen er valgt for det førstevalget ikke tar: de sakene blir uten eier.".into()
        }
        Warning::NobodyCanBeGiven => "Ingen av de valgte kan få en sak: alle saker blir uten eier.".into(),
        Warning::SelectedGone { users, teams } => {
            format!("{users} valgte brukere og {teams} valgte lag finnes ikke lenger.")
        }
        Warning::EmptyTeam { name, .. } => format!("Laget {name} har ingen medlemmer."),
        Warning::OnlyExtraMembers { name, .. } => {
            format!("Laget {name} har bare ekstramedlemmer, og bare hovedmedlemmer får saker.")
        }
        Warning::TeamWithoutSeat { name, .. } => format!("Ingen i laget {name} har serviceplass lenger."),
        Warning::NoSeat { agent } => {
            format!("{} mangler plassen som denne kanalen krever, og får aldri en sak.", name(*agent))
        }
        Warning::NoTicketAccess { agent } => {
            format!("{} har ikke tilgang til saker og får aldri noen.", name(*agent))
        }
        Warning::NoInboxAccess { agent } => {
            format!("{} har ikke tilgang til denne innboksen og får aldri saker derfra.", name(*agent))
        }
        Warning::NeverWorks { agent } => {
            format!("{} har tomme arbeidstider og får aldri en sak.", name(*agent))
        }
        Warning::NoCapacity { agent } => {
            format!("{} har en kapasitet på 0 og får aldri en sak.", name(*agent))
        }
        Warning::NobodyKnows { name, level, .. } => {
            let level = level.map(|level| format!(" på nivå {level} eller bedre")).unwrap_or_default();
            format!("Ingen av de valgte kan {name}{level}, som kreves.")
        }
        Warning::OwnerWithoutFallback => "Det eieren av en kontakt ikke tar, blir uten eier.".into(),
        Warning::AgentWithoutFallback => "Det kundeagenten ikke svarer på, blir uten eier.".into(),
        Warning::NeverOpen => "Kanalen åpner aldri, så saker som venter, blir aldri fordelt på nytt.".into(),
        Warning::NoMailbox { name } | Warning::NoAccount { name } => {
            format!("{name} finnes ikke i konfigurasjonen, så ingenting kommer inn og ingenting går ut.")
        }
        Warning::NoOrigins => "Ingen side er oppgitt, så chatten vises ingen steder.".into(),
    }
}
