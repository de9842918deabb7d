//! Norwegian (bokmål).

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
        Reason::HoursOpen { rule } => format!("Kanalen er åpen {}.", by(*rule)),
        Reason::HoursClosed { rule, opens: Some(opens) } => {
            format!("Kanalen er stengt {}; den åpner {}.", by(*rule), teller.instant(*opens))
        }
        Reason::HoursClosed { rule, opens: None } => format!("Kanalen er stengt {}.", by(*rule)),
        Reason::RingsAll { agents: 1 } => "Den eneste ledige medarbeideren ringes.".into(),
        Reason::RingsAll { agents } => format!("Alle {agents} ledige medarbeidere ringes samtidig."),
        Reason::RingsDevices { agents: 1, of: 1 } => {
            "Telefonen til den eneste ledige medarbeideren ringer.".into()
        }
        Reason::RingsDevices { agents, of } if agents == of => {
            format!("Telefonene til alle {agents} ledige medarbeidere ringer samtidig.")
        }
        Reason::RingsDevices { agents, of } => {
            format!("Telefonene til {agents} av de {of} ledige medarbeiderne ringer.")
        }
        Reason::FewestOpen { agent, kind, open, tied } => {
            let tie = if *tied { ", og regelen ved likt antall satte vedkommende først" } else { "" };
            format!("{} har færrest åpne {} ({open}){tie}.", name(*agent), tickets(*kind))
        }
        Reason::NextInTurn { agent } => format!("Det er {} sin tur.", name(*agent)),
        Reason::Drawn { agent, among } => format!("{} ble trukket ut blant {among}.", name(*agent)),
        Reason::LongestIdle { agent, .. } => format!("{} har vært ledig lengst.", name(*agent)),
        Reason::NobodySelected => "Ingen brukere og ingen lagmedlemmer er valgt for denne kanalen.".into(),
        Reason::NobodyAvailable => "Ingen av de valgte er tilgjengelige.".into(),
        Reason::AllBusy => "Alle som er tilgjengelige, er opptatt.".into(),
        Reason::AllDeclined => "Alle som kunne ta samtalen, avviste den.".into(),
        Reason::AgentsBeingOffered => "Alle som er ledige, blir tilbudt en annen samtale.".into(),
        Reason::DevicesNotTaken { agents: 1 } => "Den ene telefonen som ringte, ble ikke tatt.".into(),
        Reason::DevicesNotTaken { agents } => {
            format!("Ingen av de {agents} telefonene som ringte, ble tatt.")
        }
        Reason::RingTimeOver { seconds } => format!("Ingen svarte innen {seconds} sekunder med ringing."),
        Reason::WaitTimeOver { seconds } => format!("Ingen ble ledig innen {seconds} sekunder med venting."),
        Reason::CallerWantsMessage { seconds } => {
            format!("Etter {seconds} sekunder valgte innringeren å legge igjen en beskjed.")
        }
        Reason::TakenBy { agent, seconds } => {
            format!("{} tok samtalen etter {seconds} sekunder.", name(*agent))
        }
        Reason::Connected { agent } => format!("{} og innringeren er koblet sammen.", name(*agent)),
        Reason::ConnectionFailed { agent, cause } => {
            format!("{} kunne ikke kobles til: {}.", name(*agent), failure(*cause))
        }
        Reason::TransferredToAgent { agent, to } => {
            format!("{} satte innringeren over til {}.", name(*agent), name(*to))
        }
        Reason::TransferredToTeam { agent, name: team, .. } => {
            format!("{} satte innringeren over til laget {team}.", name(*agent))
        }
        Reason::TransferredOutside { agent } => {
            format!("{} satte innringeren over til et nummer utenfor.", name(*agent))
        }
        Reason::OutsideOver => "Samtalen med nummeret utenfor er over.".into(),
        Reason::OutsideNotReached => "Nummeret utenfor kunne ikke nås.".into(),
        Reason::TimeLimit { seconds } => {
            format!(
                "Forbindelsen hadde vart i {seconds} sekunder, så lenge som noen får vare, og ble avsluttet."
            )
        }
        Reason::AgentLost { agent } => format!("Forbindelsen til {} ble brutt.", name(*agent)),
        Reason::AgentHungUp { agent } => format!("{} la på.", name(*agent)),
        Reason::AgentDeclined { agent } => format!("{} avviste.", name(*agent)),
        Reason::AgentMissed { agent, seconds } => {
            format!("{} svarte ikke innen {seconds} sekunder.", name(*agent))
        }
        Reason::CallerHungUp { seconds } => format!("Innringeren la på etter {seconds} sekunder."),
        Reason::MessageKept { seconds } => {
            format!("En beskjed på {seconds} sekunder ble lagt igjen og er lagret.")
        }
        Reason::NothingRecorded => "Innringeren la ikke igjen noen beskjed.".into(),
        Reason::RecordingLost => "En beskjed ble lagt igjen, men den kunne ikke hentes.".into(),
        Reason::StoreWasDown => {
            "Ingenting kunne lagres da samtalen kom, derfor ble det tatt imot en beskjed.".into()
        }
        Reason::CallerBlocked { how, .. } => format!("Innringeren er blokkert og {}.", met(*how)),
        Reason::NumberWithheld { how } => format!("Nummeret er skjult, så innringeren {}.", met(*how)),
        Reason::CallerFirst { priority, .. } => {
            format!("Innringeren har prioritet {priority} og går foran innringere som har mindre.")
        }
        Reason::JoinsConversation => "Meldingen fortsetter en åpen samtale.".into(),
        Reason::CustomerAnsweredClosed => "Kunden svarte på en lukket sak, derfor er den åpen igjen.".into(),
        Reason::WrittenByMachine => "Meldingen er skrevet av en maskin, derfor endrer den ingenting.".into(),
        Reason::AnsweredFirst { agent } => format!("{} svarte først og har derfor saken.", name(*agent)),
        Reason::GoneAtOnce { seconds } => {
            format!("Innringeren var borte innen {seconds} sekunder, derfor er saken lukket.")
        }
        Reason::JoinsTicket { minutes } => {
            format!("Samtalen hører til innringerens åpne sak, som ble rørt innen {minutes} minutter.")
        }
        Reason::AssignsNobody => "Denne kanalen tildeler ikke sakene sine til noen av seg selv.".into(),
        Reason::TeamOnly { name, .. } => format!("Saken går til laget {name}, uten eier."),
        Reason::OwnsContact { agent } => format!("{} eier kontakten.", name(*agent)),
        Reason::NoContact => {
            "Det er ikke kjent hvem som skrev, så det finnes ingen eier å gi den til.".into()
        }
        Reason::ContactHasNoOwner => "Kontakten har ingen eier.".into(),
        Reason::ContactNotTracked => "Kontakten følges ikke, så eieren får ikke saken.".into(),
        Reason::OwnerCannotTake { agent } => format!("{} eier kontakten, men kan ikke ta den.", name(*agent)),
        Reason::OwnerMailed { agent } => {
            format!("{} eier kontakten og er borte, så meldingen sendes dit på e-post.", name(*agent))
        }
        Reason::FallsBack => "Nå avgjør de som spørres når førstevalget ikke tar den.".into(),
        Reason::GivenThoughAway { agent } => {
            format!("{} er borte, men denne kanalen gir saker også til dem som er borte.", name(*agent))
        }
        Reason::AllAtCapacity => "Alle som er tilgjengelige, har så mange åpne saker som de kan ha.".into(),
        Reason::SkillNeeded { name, level, .. } => {
            format!("Bare de som kan {}, blir spurt.", known(name, *level))
        }
        Reason::SkillPreferred { name, level, .. } => {
            format!("De som kan {}, går først.", known(name, *level))
        }
        Reason::SkillMissed { name, level, .. } => {
            format!("Ingen som kan {}, kunne ta den, noe som hadde vært bedre.", known(name, *level))
        }
        Reason::NobodyKnows { name, level, .. } => format!("Ingen av de valgte kan {}.", known(name, *level)),
        Reason::SkillLetGo { name, minutes, .. } => {
            format!("Ingen som kan {name}, kunne ta den på {minutes} minutter, så det trengs ikke lenger.")
        }
        Reason::CustomerAgentAsked { seconds } => {
            format!("Kundeagenten spørres først og har {seconds} sekunder på å svare.")
        }
        Reason::CustomerAgentAnswered => "Kundeagenten har svart.".into(),
        Reason::CustomerAgentHandedOver { because: None } => "Kundeagenten har gitt saken videre.".into(),
        Reason::CustomerAgentHandedOver { because: Some(because) } => {
            format!("Kundeagenten har gitt saken videre: {because}.")
        }
        Reason::CustomerAgentFailed { error } => format!("Kundeagenten mislyktes: {error}."),
    }
}

fn tickets(kind: TicketType) -> &'static str {
    match kind {
        TicketType::Calling => "telefonsaker",
        TicketType::Messages => "meldingssaker",
        TicketType::EmailOther => "e-postsaker og andre",
    }
}

/// A skill, at a level perhaps.
fn known(name: &str, level: Option<u8>) -> String {
    match level {
        Some(level) => format!("{name} (nivå {level} eller bedre)"),
        None => name.to_owned(),
    }
}

fn met(how: Blocked) -> &'static str {
    match how {
        Blocked::Busy => "hører opptattsignal",
        Blocked::Message => "hører en melding før det legges på",
        Blocked::Voicemail => "går rett til telefonsvareren",
    }
}

fn by(rule: Rule) -> &'static str {
    match rule {
        Rule::Always => "hele døgnet",
        Rule::Weekly => "etter de ukentlige tidene",
        Rule::Exception => "på grunn av et unntak for denne datoen",
        Rule::ClosedUntil => "for hånd",
    }
}

fn failure(cause: ConnectionFailure) -> &'static str {
    match cause {
        ConnectionFailure::Busy => "linjen er opptatt",
        ConnectionFailure::NoAnswer => "telefonen ble ikke besvart",
        ConnectionFailure::Failed => "telefonen kunne ikke nås",
        ConnectionFailure::Cancelled => "samtalen ble gitt tilbake",
        ConnectionFailure::TimedOut => "telefonen kom ikke opp i tide",
    }
}

/// What is told of somebody.
pub(super) fn objection(objection: &Objection, teller: &Teller<'_>) -> String {
    let plain = match objection {
        Objection::OutOfOffice { until } => {
            return format!("er ikke på kontoret før {}", teller.instant(*until));
        }
        Objection::Away { reason, until } => {
            let reason = reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            let until = until.map(|until| format!(" til {}", teller.instant(until))).unwrap_or_default();
            return format!("er borte{reason}{until}");
        }
        Objection::AtCapacity { open, capacity } => {
            return format!("har {open} åpne saker av høyst {capacity}");
        }
        Objection::LacksSkill { name, level, .. } => return format!("kan ikke {}", known(name, *level)),
        Objection::NoSeat => "har ingen serviceplass",
        Objection::NoSalesOrServiceSeat => "har verken salgs- eller serviceplass",
        Objection::NoInboxAccess => "har ikke tilgang til denne innboksen",
        Objection::NoTicketAccess => "har ikke tilgang til saker",
        Objection::OutsideWorkingHours => "er utenfor arbeidstiden",
        Objection::NotConnected => "har ingen tilkoblet softphone",
        Objection::NotRegistered => "har en softphone som ikke er registrert",
        Objection::NoMicrophone => "har ingen mikrofon",
        Objection::Unreachable => "kunne ikke nås sist",
        Objection::NotRungHere => "har en telefon som telefonselskapet til denne kanalen ikke kan ringe",
        Objection::Declined => "avviste denne samtalen",
        Objection::ConnectionFailed => "kunne ikke kobles til denne samtalen",
        Objection::Connecting => "kobles til en samtale",
        Objection::OnCall => "er i en samtale",
        Objection::WrappingUp => "gjør etterarbeid",
        Objection::BeingOffered => "blir tilbudt en annen samtale",
    };
    plain.into()
}
