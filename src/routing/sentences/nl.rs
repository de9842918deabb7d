//! Dutch.

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
        Reason::HoursOpen { rule } => format!("Het kanaal is open {}.", by(*rule)),
        Reason::HoursClosed { rule, opens: Some(opens) } => {
            format!("Het kanaal is gesloten {}; het gaat open op {}.", by(*rule), teller.instant(*opens))
        }
        Reason::HoursClosed { rule, opens: None } => format!("Het kanaal is gesloten {}.", by(*rule)),
        Reason::RingsAll { agents: 1 } => "De enige beschikbare medewerker wordt gebeld.".into(),
        Reason::RingsAll { agents } => {
            format!("Alle {agents} beschikbare medewerkers worden tegelijk gebeld.")
        }
        Reason::RingsDevices { agents: 1, of: 1 } => {
            "De telefoon van de enige beschikbare medewerker gaat over.".into()
        }
        Reason::RingsDevices { agents, of } if agents == of => {
            format!("De telefoons van alle {agents} beschikbare medewerkers gaan tegelijk over.")
        }
        Reason::RingsDevices { agents, of } => {
            format!("De telefoons van {agents} van de {of} beschikbare medewerkers gaan over.")
        }
        Reason::FewestOpen { agent, kind, open, tied } => {
            let tie = if *tied { ", en de regel bij gelijke stand zette deze vooraan" } else { "" };
            format!("{} heeft de minste open {} ({open}){tie}.", name(*agent), tickets(*kind))
        }
        Reason::NextInTurn { agent } => format!("{} is aan de beurt.", name(*agent)),
        Reason::Drawn { agent, among } => format!("{} is geloot uit {among}.", name(*agent)),
        Reason::LongestIdle { agent, .. } => format!("{} is het langst vrij.", name(*agent)),
        Reason::NobodySelected => "Voor dit kanaal zijn geen gebruikers en geen teamleden gekozen.".into(),
        Reason::NobodyAvailable => "Niemand van de gekozenen is beschikbaar.".into(),
        Reason::AllBusy => "Iedereen die beschikbaar is, is bezet.".into(),
        Reason::AllDeclined => "Iedereen die het gesprek kon aannemen, heeft het geweigerd.".into(),
        Reason::AgentsBeingOffered => "Iedereen die vrij is, krijgt al een ander gesprek aangeboden.".into(),
        Reason::DevicesNotTaken { agents: 1 } => "De ene telefoon die overging werd niet opgenomen.".into(),
        Reason::DevicesNotTaken { agents } => {
            format!("Geen van de {agents} telefoons die overgingen werd opgenomen.")
        }
        Reason::RingTimeOver { seconds } => format!("Niemand nam binnen {seconds} seconden bellen op."),
        Reason::WaitTimeOver { seconds } => format!("Niemand kwam binnen {seconds} seconden wachten vrij."),
        Reason::CallerWantsMessage { seconds } => {
            format!("Na {seconds} seconden koos de beller ervoor een bericht achter te laten.")
        }
        Reason::TakenBy { agent, seconds } => format!("{} nam aan na {seconds} seconden.", name(*agent)),
        Reason::Connected { agent } => format!("{} en de beller zijn verbonden.", name(*agent)),
        Reason::ConnectionFailed { agent, cause } => {
            format!("{} kon niet verbonden worden: {}.", name(*agent), failure(*cause))
        }
        Reason::TransferredToAgent { agent, to } => {
            format!("{} heeft de beller doorverbonden met {}.", name(*agent), name(*to))
        }
        Reason::TransferredToTeam { agent, name: team, .. } => {
            format!("{} heeft de beller doorverbonden met het team {team}.", name(*agent))
        }
        Reason::TransferredOutside { agent } => {
            format!("{} heeft de beller doorverbonden met een nummer buiten.", name(*agent))
        }
        Reason::OutsideOver => "Het gesprek met het nummer buiten is voorbij.".into(),
        Reason::OutsideNotReached => "Het nummer buiten was niet bereikbaar.".into(),
        Reason::TimeLimit { seconds } => {
            format!("De verbinding duurde {seconds} seconden, zo lang als toegestaan, en is beëindigd.")
        }
        Reason::AgentLost { agent } => format!("De verbinding met {} is verbroken.", name(*agent)),
        Reason::AgentHungUp { agent } => format!("{} heeft opgehangen.", name(*agent)),
        Reason::AgentDeclined { agent } => format!("{} heeft geweigerd.", name(*agent)),
        Reason::AgentMissed { agent, seconds } => {
            format!("{} nam binnen {seconds} seconden niet op.", name(*agent))
        }
        Reason::CallerHungUp { seconds } => format!("De beller hing op na {seconds} seconden."),
        Reason::MessageKept { seconds } => {
            format!("Er is een bericht van {seconds} seconden ingesproken en bewaard.")
        }
        Reason::NothingRecorded => "De beller heeft geen bericht achtergelaten.".into(),
        Reason::RecordingLost => "Er is een bericht ingesproken, maar het kon niet worden opgehaald.".into(),
        Reason::StoreWasDown => {
            "Toen het gesprek kwam kon niets worden vastgelegd; daarom is een bericht opgenomen.".into()
        }
        Reason::CallerBlocked { how, .. } => format!("De beller is geblokkeerd en {}.", met(*how)),
        Reason::NumberWithheld { how } => format!("Het nummer is afgeschermd; de beller {}.", met(*how)),
        Reason::CallerFirst { priority, .. } => {
            format!("De beller heeft prioriteit {priority} en gaat voor bellers die minder hebben.")
        }
        Reason::JoinsConversation => "Het bericht gaat verder met een open gesprek.".into(),
        Reason::CustomerAnsweredClosed => {
            "De klant antwoordde op een gesloten ticket; daarom is het weer open.".into()
        }
        Reason::WrittenByMachine => {
            "Het bericht is door een machine geschreven en verandert daarom niets.".into()
        }
        Reason::AnsweredFirst { agent } => {
            format!("{} antwoordde als eerste en heeft daarom het ticket.", name(*agent))
        }
        Reason::GoneAtOnce { seconds } => {
            format!("De beller was binnen {seconds} seconden weg; daarom is het ticket gesloten.")
        }
        Reason::JoinsTicket { minutes } => {
            format!(
                "Het gesprek hoort bij het open ticket van de beller, dat binnen {minutes} minuten is bijgewerkt."
            )
        }
        Reason::AssignsNobody => "Dit kanaal wijst zijn tickets vanzelf aan niemand toe.".into(),
        Reason::TeamOnly { name, .. } => format!("Het ticket gaat naar het team {name}, zonder eigenaar."),
        Reason::OwnsContact { agent } => format!("{} is eigenaar van het contact.", name(*agent)),
        Reason::NoContact => {
            "Het is niet bekend wie er schreef, dus er is geen eigenaar om het aan te geven.".into()
        }
        Reason::ContactHasNoOwner => "Het contact heeft geen eigenaar.".into(),
        Reason::ContactNotTracked => {
            "Het contact wordt niet gevolgd, dus de eigenaar krijgt het ticket niet.".into()
        }
        Reason::OwnerCannotTake { agent } => {
            format!("{} is eigenaar van het contact, maar kan het niet aannemen.", name(*agent))
        }
        Reason::OwnerMailed { agent } => format!(
            "{} is eigenaar van het contact en afwezig; het bericht wordt per e-mail doorgestuurd.",
            name(*agent)
        ),
        Reason::FallsBack => {
            "Nu beslissen degenen die gevraagd worden als de eerste keus het niet aanneemt.".into()
        }
        Reason::GivenThoughAway { agent } => {
            format!("{} is afwezig, maar dit kanaal geeft tickets ook aan wie afwezig is.", name(*agent))
        }
        Reason::AllAtCapacity => "Iedereen die beschikbaar is, heeft zoveel open tickets als mag.".into(),
        Reason::SkillNeeded { name, level, .. } => {
            format!("Alleen wie {} kent, wordt gevraagd.", known(name, *level))
        }
        Reason::SkillPreferred { name, level, .. } => format!("Wie {} kent, gaat voor.", known(name, *level)),
        Reason::SkillMissed { name, level, .. } => {
            format!("Niemand die {} kent kon het aannemen, wat beter was geweest.", known(name, *level))
        }
        Reason::NobodyKnows { name, level, .. } => {
            format!("Niemand van de gekozenen kent {}.", known(name, *level))
        }
        Reason::SkillLetGo { name, minutes, .. } => {
            format!("Niemand die {name} kent kon het in {minutes} minuten aannemen; het is niet meer nodig.")
        }
        Reason::CustomerAgentAsked { seconds } => {
            format!("De klantagent wordt eerst gevraagd en heeft {seconds} seconden om te antwoorden.")
        }
        Reason::CustomerAgentAnswered => "De klantagent heeft geantwoord.".into(),
        Reason::CustomerAgentHandedOver { because: None } => "De klantagent heeft overgedragen.".into(),
        Reason::CustomerAgentHandedOver { because: Some(because) } => {
            format!("De klantagent heeft overgedragen: {because}.")
        }
        Reason::CustomerAgentFailed { error } => format!("De klantagent heeft gefaald: {error}."),
    }
}

fn tickets(kind: TicketType) -> &'static str {
    match kind {
        TicketType::Calling => "beltickets",
        TicketType::Messages => "berichttickets",
        TicketType::EmailOther => "e-mailtickets en andere",
    }
}

/// A skill, at a level perhaps.
fn known(name: &str, level: Option<u8>) -> String {
    match level {
        Some(level) => format!("{name} (niveau {level} of beter)"),
        None => name.to_owned(),
    }
}

fn met(how: Blocked) -> &'static str {
    match how {
        Blocked::Busy => "hoort de bezettoon",
        Blocked::Message => "hoort een bericht, waarna wordt opgehangen",
        Blocked::Voicemail => "gaat meteen naar de voicemail",
    }
}

fn by(rule: Rule) -> &'static str {
    match rule {
        Rule::Always => "op elk moment",
        Rule::Weekly => "volgens de weektijden",
        Rule::Exception => "door een uitzondering voor deze datum",
        Rule::ClosedUntil => "met de hand",
    }
}

fn failure(cause: ConnectionFailure) -> &'static str {
    match cause {
        ConnectionFailure::Busy => "de lijn is bezet",
        ConnectionFailure::NoAnswer => "de telefoon werd niet opgenomen",
        ConnectionFailure::Failed => "de telefoon was niet bereikbaar",
        ConnectionFailure::Cancelled => "het gesprek is teruggegeven",
        ConnectionFailure::TimedOut => "de telefoon kwam niet op tijd op",
    }
}

/// What is told of somebody.
pub(super) fn objection(objection: &Objection, teller: &Teller<'_>) -> String {
    let plain = match objection {
        Objection::OutOfOffice { until } => {
            return format!("is niet op kantoor tot {}", teller.instant(*until));
        }
        Objection::Away { reason, until } => {
            let reason = reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            let until = until.map(|until| format!(" tot {}", teller.instant(until))).unwrap_or_default();
            return format!("is afwezig{reason}{until}");
        }
        Objection::AtCapacity { open, capacity } => {
            return format!("heeft {open} open tickets van hoogstens {capacity}");
        }
        Objection::LacksSkill { name, level, .. } => return format!("kent {} niet", known(name, *level)),
        Objection::NoSeat => "heeft geen serviceplaats",
        Objection::NoSalesOrServiceSeat => "heeft geen sales- en geen serviceplaats",
        Objection::NoInboxAccess => "heeft geen toegang tot deze inbox",
        Objection::NoTicketAccess => "heeft geen toegang tot tickets",
        Objection::OutsideWorkingHours => "is buiten werktijd",
        Objection::NotConnected => "heeft geen softphone verbonden",
        Objection::NotRegistered => "heeft een softphone die niet is aangemeld",
        Objection::NoMicrophone => "heeft geen microfoon",
        Objection::Unreachable => "was de laatste keer niet bereikbaar",
        Objection::NotRungHere => {
            "heeft een telefoon die de telefoonmaatschappij van dit kanaal niet kan bellen"
        }
        Objection::Declined => "heeft dit gesprek geweigerd",
        Objection::ConnectionFailed => "kon niet met dit gesprek verbonden worden",
        Objection::Connecting => "wordt met een gesprek verbonden",
        Objection::OnCall => "is in gesprek",
        Objection::WrappingUp => "is nog aan het afronden",
        Objection::BeingOffered => "krijgt een ander gesprek aangeboden",
    };
    plain.into()
}
