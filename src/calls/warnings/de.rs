//! German.

use super::{Slot, Teller, Warning};

const WEEKDAYS: [&str; 7] = ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"];

pub(super) fn sentence(warning: &Warning, teller: &Teller<'_>) -> String {
    let name = |agent| (teller.name)(agent);
    match warning {
        Warning::NobodySelected => "Niemand ist ausgewählt: Jeder Anrufer hört die Ansage für unbeantwortete Anrufe.".into(),
        Warning::SelectedGone { users, teams } => {
            format!("{users} ausgewählte Benutzer und {teams} ausgewählte Teams gibt es nicht mehr.")
        }
        Warning::EmptyTeam { name, .. } => format!("Das Team {name} hat keine Mitglieder."),
        Warning::OnlyExtraMembers { name, .. } => {
            format!("Das Team {name} hat nur zusätzliche Mitglieder, und nur Hauptmitglieder werden angerufen.")
        }
        Warning::OnlyOneAgent { agent } => {
            format!("Nur {} wird angerufen: Bei besetzt oder abwesend hört jeder Anrufer eine Ansage.", name(*agent))
        }
        Warning::NoSeat { agent } => format!("{} hat keinen Serviceplatz und wird nie angerufen.", name(*agent)),
        Warning::NoSalesOrServiceSeat { agent } => format!("{} hat weder einen Vertriebs- noch einen Serviceplatz und wird nie angerufen.", name(*agent)),
        Warning::NoInboxAccess { agent } => format!("{} hat keinen Zugriff auf den Posteingang dieses Kanals und wird nie angerufen.", name(*agent)),
        Warning::NoTicketAccess { agent } => {
            format!("{} hat keinen Zugriff auf Tickets und wird nie angerufen.", name(*agent))
        }
        Warning::NeverWorks { agent } => format!("{} hat leere Arbeitszeiten und wird nie angerufen.", name(*agent)),
        Warning::NoCapacity { agent } => format!("{} hat eine Kapazität von 0 und wird nie angerufen.", name(*agent)),
        Warning::AllAtCapacity => "Alle, die jetzt da sind, haben so viele offene Tickets, wie sie dürfen.".into(),
        Warning::SameTelephone { agent, other } => {
            format!("{} und {} sind am selben Telefon erreichbar.", name(*agent), name(*other))
        }
        Warning::NotRungHere { agent } => format!(
            "{} hat ein Telefon, das die Telefongesellschaft dieses Kanals nicht rufen kann, und wird übergangen.",
            name(*agent)
        ),
        Warning::NeverOpen => "Der Kanal öffnet nie: Jeder Anrufer hört die Ansage für außerhalb der Zeiten.".into(),
        Warning::ClosedForLong { until } => format!("Der Kanal ist geschlossen bis {}.", teller.instant(*until)),
        Warning::ExceptionsAreOver { last } => {
            format!("Alle Ausnahmen sind vorbei, die letzte am {}: Kommende Feiertage fehlen.", teller.date(*last))
        }
        Warning::NobodyWorksOn { weekday } => {
            format!("Niemand von den Ausgewählten arbeitet am {}.", WEEKDAYS[usize::from(*weekday) % 7])
        }
        Warning::NobodyWorks { from, until } => {
            let (from, until) = (teller.instant(*from), teller.instant(*until));
            format!("Niemand von den Ausgewählten arbeitet von {from} bis {until}.")
        }
        Warning::NoMessage { slot: Slot::Unanswered } => {
            "Keine Ansage für unbeantwortete Anrufe ist gewählt: Die von Strowger mitgelieferte wird gespielt.".into()
        }
        Warning::NoMessage { .. } => {
            "Keine Ansage für außerhalb der Zeiten ist gewählt: Die von Strowger mitgelieferte wird gespielt.".into()
        }
        Warning::ShortRing { seconds } => format!("Bei Anrufern läutet es nur {seconds} Sekunden."),
        Warning::AgentRingsLonger { agent_ring_seconds, ring_seconds } => format!(
            "Ein Mitarbeiter wird {agent_ring_seconds} Sekunden angerufen, aber bei Anrufern läutet es nur {ring_seconds} Sekunden."
        ),
        Warning::NotAllAreRung { rung, of } => {
            format!("Innerhalb der Läutezeit werden nur {rung} von {of} Mitarbeitern angerufen.")
        }
        Warning::TooManyAtOnce { agents, rung } => {
            format!("{agents} Mitarbeiter sind ausgewählt, aber höchstens {rung} werden gleichzeitig angerufen.")
        }
        Warning::LongWait { seconds } => format!("Anrufer dürfen {seconds} Sekunden in der Schlange warten."),
        Warning::LongWrapUp { seconds } => format!("Nach jedem Anruf wird ein Mitarbeiter {seconds} Sekunden nicht angerufen."),
        Warning::NoNumber => "Keine Nummer ist eingetragen; ihre Einstellungen beim Anbieter können nicht geprüft werden.".into(),
        Warning::NumberTwice { number, channel } => {
            format!("Die Nummer {number} gehört auch zum Kanal {channel}.")
        }
        Warning::PaidNumber { number } => format!(
            "Anrufe bei {number} kosten extra und werden schon beim Läuten angenommen, was in Deutschland bei den meisten solchen Nummern unzulässig ist: Lassen Sie stattdessen die Telefone der Mitarbeiter läuten."
        ),
        Warning::PaidNumberWaits { number } => format!(
            "Anrufe bei {number} kosten extra und werden zum Warten in der Schlange angenommen, was in Deutschland bei den meisten solchen Nummern unzulässig ist: Lassen Sie niemanden warten."
        ),
        Warning::TooManyDevices { agents, rung } => {
            format!("{agents} Mitarbeiter sind ausgewählt, aber höchstens {rung} Telefone läuten gleichzeitig.")
        }
        Warning::BrowserAsDevice { agent } => format!(
            "{} ist in einem Browser erreichbar, der nur läutet, solange er offen ist: Tragen Sie eine SIP-Adresse oder eine Telefonnummer ein.",
            name(*agent)
        ),
        Warning::AnnouncementUnheard => {
            "Die Ansage vor dem Läuten wird nicht gehört: Um sie zu spielen, müsste der Anruf angenommen werden.".into()
        }
    }
}
