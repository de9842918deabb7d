//! German.

use super::{Teller, Warning};

pub(super) fn sentence(warning: &Warning, teller: &Teller<'_>) -> String {
    let name = |agent| (teller.name)(agent);
    match warning {
        Warning::Disabled => "Der Kanal ist ausgeschaltet: Nichts kommt herein, nichts geht hinaus.".into(),
        Warning::NobodySelected => "Niemand ist ausgewählt: Jedes Ticket bleibt ohne Besitzer.".into(),
        Warning::NobodyInFallback => "Niemand ist für das ausgewählt, was die erste Wahl nicht übernimmt: Diese Tickets bleiben ohne Besitzer.".into(),
        Warning::NobodyCanBeGiven => "Niemand von den Ausgewählten kann ein Ticket bekommen: Jedes Ticket bleibt ohne Besitzer.".into(),
        Warning::SelectedGone { users, teams } => format!("{users} ausgewählte Benutzer und {teams} ausgewählte Teams gibt es nicht mehr."),
        Warning::EmptyTeam { name, .. } => format!("Das Team {name} hat keine Mitglieder."),
        Warning::OnlyExtraMembers { name, .. } => format!("Das Team {name} hat nur zusätzliche Mitglieder, und nur Hauptmitglieder bekommen Tickets."),
        Warning::TeamWithoutSeat { name, .. } => format!("Niemand im Team {name} hat noch einen Serviceplatz."),
        Warning::NoSeat { agent } => format!("{} hat den Platz nicht, den dieser Kanal verlangt, und bekommt nie ein Ticket.", name(*agent)),
        Warning::NoTicketAccess { agent } => format!("{} hat keinen Zugriff auf Tickets und bekommt nie eines.", name(*agent)),
        Warning::NoInboxAccess { agent } => format!("{} hat keinen Zugriff auf diesen Posteingang und bekommt nie Tickets daraus.", name(*agent)),
        Warning::NeverWorks { agent } => format!("{} hat leere Arbeitszeiten und bekommt nie ein Ticket.", name(*agent)),
        Warning::NoCapacity { agent } => format!("{} hat eine Kapazität von 0 und bekommt nie ein Ticket.", name(*agent)),
        Warning::NobodyKnows { name, level, .. } => {
            let level = level.map(|level| format!(" auf Stufe {level} oder besser")).unwrap_or_default();
            format!("Niemand von den Ausgewählten kann {name}{level}, was verlangt wird.")
        }
        Warning::OwnerWithoutFallback => "Was der Betreuer eines Kontakts nicht übernimmt, bleibt ohne Besitzer.".into(),
        Warning::AgentWithoutFallback => "Was der Kundenagent nicht beantwortet, bleibt ohne Besitzer.".into(),
        Warning::NeverOpen => "Der Kanal öffnet nie, also werden wartende Tickets nie neu verteilt.".into(),
        Warning::NoMailbox { name } | Warning::NoAccount { name } => format!("{name} steht nicht in der Konfiguration, also kommt nichts herein und geht nichts hinaus."),
        Warning::NoOrigins => "Keine Seite ist genannt, also ist der Chat nirgends zu sehen.".into(),
    }
}
