//! Norwegian (bokmål).

use super::{Slot, Teller, Warning};

const WEEKDAYS: [&str; 7] = ["mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"];

pub(super) fn sentence(warning: &Warning, teller: &Teller<'_>) -> String {
    let name = |agent| (teller.name)(agent);
    match warning {
        Warning::NobodySelected => {
            "Ingen er valgt: alle innringere hører meldingen for ubesvarte anrop.".into()
        }
        Warning::SelectedGone { users, teams } => {
            format!("{users} valgte brukere og {teams} valgte lag finnes ikke lenger.")
        }
        Warning::EmptyTeam { name, .. } => format!("Laget {name} har ingen medlemmer."),
        Warning::OnlyExtraMembers { name, .. } => {
            format!("Laget {name} har bare ekstramedlemmer, og bare hovedmedlemmer ringes.")
        }
        Warning::OnlyOneAgent { agent } => {
            format!(
                "Bare {} ringes: er vedkommende opptatt eller borte, hører alle innringere en melding.",
                name(*agent)
            )
        }
        Warning::NoSeat { agent } => format!("{} har ingen serviceplass og ringes aldri.", name(*agent)),
        Warning::NoSalesOrServiceSeat { agent } => {
            format!("{} har verken salgs- eller serviceplass og ringes aldri.", name(*agent))
        }
        Warning::NoInboxAccess { agent } => {
            format!("{} har ikke tilgang til innboksen til denne kanalen og ringes aldri.", name(*agent))
        }
        Warning::NoTicketAccess { agent } => {
            format!("{} har ikke tilgang til saker og ringes aldri.", name(*agent))
        }
        Warning::NeverWorks { agent } => format!("{} har tomme arbeidstider og ringes aldri.", name(*agent)),
        Warning::NoCapacity { agent } => format!("{} har en kapasitet på 0 og ringes aldri.", name(*agent)),
        Warning::AllAtCapacity => "Alle som er til stede nå, har så mange åpne saker som de kan ha.".into(),
        Warning::SameTelephone { agent, other } => {
            format!("{} og {} nås på samme telefon.", name(*agent), name(*other))
        }
        Warning::NotRungHere { agent } => format!(
            "{} har en telefon som telefonselskapet til denne kanalen ikke kan ringe, og blir forbigått.",
            name(*agent)
        ),
        Warning::NeverOpen => {
            "Kanalen åpner aldri: alle innringere hører meldingen for utenom åpningstid.".into()
        }
        Warning::ClosedForLong { until } => format!("Kanalen er stengt til {}.", teller.instant(*until)),
        Warning::ExceptionsAreOver { last } => {
            format!("Alle unntak er over, det siste {}: kommende helligdager mangler.", teller.date(*last))
        }
        Warning::NobodyWorksOn { weekday } => {
            format!("Ingen av de valgte arbeider på {}.", WEEKDAYS[usize::from(*weekday) % 7])
        }
        Warning::NobodyWorks { from, until } => {
            let (from, until) = (teller.instant(*from), teller.instant(*until));
            format!("Ingen av de valgte arbeider fra {from} til {until}.")
        }
        Warning::NoMessage { slot: Slot::Unanswered } => {
            "Ingen melding for ubesvarte anrop er valgt: den som følger med Strowger, spilles.".into()
        }
        Warning::NoMessage { .. } => {
            "Ingen melding for utenom åpningstid er valgt: den som følger med Strowger, spilles.".into()
        }
        Warning::ShortRing { seconds } => format!("Det ringer bare i {seconds} sekunder hos innringere."),
        Warning::AgentRingsLonger { agent_ring_seconds, ring_seconds } => format!(
            "En medarbeider ringes i {agent_ring_seconds} sekunder, men det ringer bare i {ring_seconds} sekunder hos innringere."
        ),
        Warning::NotAllAreRung { rung, of } => {
            format!("I løpet av ringetiden ringes bare {rung} av {of} medarbeidere.")
        }
        Warning::TooManyAtOnce { agents, rung } => {
            format!("{agents} medarbeidere er valgt, men høyst {rung} ringes samtidig.")
        }
        Warning::LongWait { seconds } => format!("Innringere kan vente i kø i {seconds} sekunder."),
        Warning::LongWrapUp { seconds } => {
            format!("Etter hver samtale ringes en medarbeider ikke på {seconds} sekunder.")
        }
        Warning::NoNumber => {
            "Ingen nummer er oppgitt, så innstillingene hos leverandøren kan ikke kontrolleres.".into()
        }
        Warning::NumberTwice { number, channel } => {
            format!("Nummeret {number} hører også til kanalen {channel}.")
        }
        Warning::PaidNumber { number } => format!(
            "Anrop til {number} koster ekstra og besvares mens det ringer, noe som i Tyskland er ulovlig for de fleste slike numre: la medarbeidernes telefoner ringe i stedet."
        ),
        Warning::PaidNumberWaits { number } => format!(
            "Anrop til {number} koster ekstra og besvares for å vente i kø, noe som i Tyskland er ulovlig for de fleste slike numre: la ingen vente."
        ),
        Warning::TooManyDevices { agents, rung } => {
            format!("{agents} medarbeidere er valgt, men høyst {rung} telefoner ringer samtidig.")
        }
        Warning::BrowserAsDevice { agent } => format!(
            "{} nås i en nettleser, som bare ringer mens den er åpen: oppgi en SIP-adresse eller et telefonnummer.",
            name(*agent)
        ),
        Warning::AnnouncementUnheard => {
            "Meldingen før det ringer høres ikke: for å spille den måtte anropet besvares.".into()
        }
    }
}
