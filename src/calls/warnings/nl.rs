//! Dutch.

use super::{Slot, Teller, Warning};

const WEEKDAYS: [&str; 7] = ["maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"];

pub(super) fn sentence(warning: &Warning, teller: &Teller<'_>) -> String {
    let name = |agent| (teller.name)(agent);
    match warning {
        Warning::NobodySelected => "Er is niemand gekozen: elke beller hoort de boodschap voor onbeantwoorde gesprekken.".into(),
        Warning::SelectedGone { users, teams } => {
            format!("{users} gekozen gebruikers en {teams} gekozen teams bestaan niet meer.")
        }
        Warning::EmptyTeam { name, .. } => format!("Het team {name} heeft geen leden."),
        Warning::OnlyExtraMembers { name, .. } => {
            format!("Het team {name} heeft alleen extra leden, en alleen hoofdleden worden gebeld.")
        }
        Warning::OnlyOneAgent { agent } => {
            format!("Alleen {} wordt gebeld: bij bezet of afwezig hoort elke beller een boodschap.", name(*agent))
        }
        Warning::NoSeat { agent } => format!("{} heeft geen serviceplaats en wordt nooit gebeld.", name(*agent)),
        Warning::NoSalesOrServiceSeat { agent } => format!("{} heeft geen sales- en geen serviceplaats en wordt nooit gebeld.", name(*agent)),
        Warning::NoInboxAccess { agent } => format!("{} heeft geen toegang tot de inbox van dit kanaal en wordt nooit gebeld.", name(*agent)),
        Warning::NoTicketAccess { agent } => {
            format!("{} heeft geen toegang tot tickets en wordt nooit gebeld.", name(*agent))
        }
        Warning::NeverWorks { agent } => format!("{} heeft lege werktijden en wordt nooit gebeld.", name(*agent)),
        Warning::NoCapacity { agent } => format!("{} heeft een capaciteit van 0 en wordt nooit gebeld.", name(*agent)),
        Warning::AllAtCapacity => "Iedereen die er nu is, heeft al zoveel open tickets als mag.".into(),
        Warning::SameTelephone { agent, other } => {
            format!("{} en {} zijn op dezelfde telefoon bereikbaar.", name(*agent), name(*other))
        }
        Warning::NotRungHere { agent } => format!(
            "{} heeft een telefoon die de telefoonmaatschappij van dit kanaal niet kan bellen, en wordt overgeslagen.",
            name(*agent)
        ),
        Warning::NeverOpen => "Het kanaal gaat nooit open: elke beller hoort de boodschap voor buiten werktijd.".into(),
        Warning::ClosedForLong { until } => format!("Het kanaal is gesloten tot {}.", teller.instant(*until)),
        Warning::ExceptionsAreOver { last } => {
            format!("Alle uitzonderingen zijn voorbij, de laatste op {}: komende feestdagen ontbreken.", teller.date(*last))
        }
        Warning::NobodyWorksOn { weekday } => {
            format!("Niemand van de gekozenen werkt op {}.", WEEKDAYS[usize::from(*weekday) % 7])
        }
        Warning::NobodyWorks { from, until } => {
            let (from, until) = (teller.instant(*from), teller.instant(*until));
            format!("Niemand van de gekozenen werkt van {from} tot {until}.")
        }
        Warning::NoMessage { slot: Slot::Unanswered } => {
            "Er is geen boodschap voor onbeantwoorde gesprekken gekozen: die van Strowger zelf wordt afgespeeld.".into()
        }
        Warning::NoMessage { .. } => {
            "Er is geen boodschap voor buiten werktijd gekozen: die van Strowger zelf wordt afgespeeld.".into()
        }
        Warning::ShortRing { seconds } => format!("Bij bellers gaat de telefoon maar {seconds} seconden over."),
        Warning::AgentRingsLonger { agent_ring_seconds, ring_seconds } => format!(
            "Een medewerker wordt {agent_ring_seconds} seconden gebeld, maar bij bellers gaat de telefoon maar {ring_seconds} seconden over."
        ),
        Warning::NotAllAreRung { rung, of } => {
            format!("Binnen de beltijd worden maar {rung} van {of} medewerkers gebeld.")
        }
        Warning::TooManyAtOnce { agents, rung } => {
            format!("Er zijn {agents} medewerkers gekozen, maar er worden er hoogstens {rung} tegelijk gebeld.")
        }
        Warning::LongWait { seconds } => format!("Bellers mogen {seconds} seconden in de rij wachten."),
        Warning::LongWrapUp { seconds } => format!("Na elk gesprek wordt een medewerker {seconds} seconden niet gebeld."),
        Warning::NoNumber => "Er is geen nummer ingevuld; de instellingen bij de aanbieder kunnen niet worden gecontroleerd.".into(),
        Warning::NumberTwice { number, channel } => {
            format!("Het nummer {number} hoort ook bij het kanaal {channel}.")
        }
        Warning::PaidNumber { number } => format!(
            "Gesprekken naar {number} kosten extra en worden al tijdens het overgaan opgenomen, wat in Duitsland bij de meeste van deze nummers niet mag: laat de telefoons van de medewerkers overgaan."
        ),
        Warning::PaidNumberWaits { number } => format!(
            "Gesprekken naar {number} kosten extra en worden opgenomen om in de rij te wachten, wat in Duitsland bij de meeste van deze nummers niet mag: laat niemand wachten."
        ),
        Warning::TooManyDevices { agents, rung } => {
            format!("Er zijn {agents} medewerkers gekozen, maar er gaan hoogstens {rung} telefoons tegelijk over.")
        }
        Warning::BrowserAsDevice { agent } => format!(
            "{} is in een browser bereikbaar, die alleen overgaat zolang hij open is: geef een SIP-adres of een telefoonnummer op.",
            name(*agent)
        ),
        Warning::AnnouncementUnheard => {
            "De boodschap voor het overgaan wordt niet gehoord: daarvoor zou het gesprek opgenomen moeten worden.".into()
        }
    }
}
