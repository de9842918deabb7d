//! German.

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
        Reason::HoursOpen { rule } => format!("Der Kanal ist {} geöffnet.", by(*rule)),
        Reason::HoursClosed { rule, opens: Some(opens) } => {
            format!("Der Kanal ist {} geschlossen; er öffnet am {}.", by(*rule), teller.instant(*opens))
        }
        Reason::HoursClosed { rule, opens: None } => format!("Der Kanal ist {} geschlossen.", by(*rule)),
        Reason::RingsAll { agents: 1 } => "Der einzige verfügbare Mitarbeiter wird angerufen.".into(),
        Reason::RingsAll { agents } => {
            format!("Alle {agents} verfügbaren Mitarbeiter werden gleichzeitig angerufen.")
        }
        Reason::RingsDevices { agents: 1, of: 1 } => {
            "Das Telefon des einzigen verfügbaren Mitarbeiters läutet.".into()
        }
        Reason::RingsDevices { agents, of } if agents == of => {
            format!("Die Telefone aller {agents} verfügbaren Mitarbeiter läuten gleichzeitig.")
        }
        Reason::RingsDevices { agents, of } => {
            format!("Die Telefone von {agents} der {of} verfügbaren Mitarbeiter läuten.")
        }
        Reason::FewestOpen { agent, kind, open, tied } => {
            let tie = if *tied { ", und die Regel bei Gleichstand entschied" } else { "" };
            format!("{} hat die wenigsten offenen {} ({open}){tie}.", name(*agent), tickets(*kind))
        }
        Reason::NextInTurn { agent } => format!("{} ist an der Reihe.", name(*agent)),
        Reason::Drawn { agent, among } => format!("{} wurde unter {among} ausgelost.", name(*agent)),
        Reason::LongestIdle { agent, .. } => format!("{} ist am längsten frei.", name(*agent)),
        Reason::NobodySelected => {
            "Für diesen Kanal sind keine Benutzer und keine Teammitglieder ausgewählt.".into()
        }
        Reason::NobodyAvailable => "Niemand von den Ausgewählten ist verfügbar.".into(),
        Reason::AllBusy => "Alle, die verfügbar sind, sind besetzt.".into(),
        Reason::AllDeclined => "Alle, die den Anruf annehmen konnten, haben ihn abgelehnt.".into(),
        Reason::AgentsBeingOffered => "Allen, die frei sind, wird gerade ein anderer Anruf angeboten.".into(),
        Reason::DevicesNotTaken { agents: 1 } => {
            "Das eine Telefon, das geläutet hat, wurde nicht abgenommen.".into()
        }
        Reason::DevicesNotTaken { agents } => {
            format!("Keines der {agents} Telefone, die geläutet haben, wurde abgenommen.")
        }
        Reason::RingTimeOver { seconds } => {
            format!("Niemand hat innerhalb von {seconds} Sekunden Läuten abgenommen.")
        }
        Reason::WaitTimeOver { seconds } => {
            format!("Niemand wurde innerhalb von {seconds} Sekunden Warten frei.")
        }
        Reason::CallerWantsMessage { seconds } => {
            format!("Nach {seconds} Sekunden wollte der Anrufer lieber eine Nachricht hinterlassen.")
        }
        Reason::TakenBy { agent, seconds } => {
            format!("{} hat nach {seconds} Sekunden angenommen.", name(*agent))
        }
        Reason::Connected { agent } => format!("{} und der Anrufer sind verbunden.", name(*agent)),
        Reason::ConnectionFailed { agent, cause } => {
            format!("{} konnte nicht verbunden werden: {}.", name(*agent), failure(*cause))
        }
        Reason::TransferredToAgent { agent, to } => {
            format!("{} hat den Anrufer an {} weitergegeben.", name(*agent), name(*to))
        }
        Reason::TransferredToTeam { agent, name: team, .. } => {
            format!("{} hat den Anrufer an das Team {team} weitergegeben.", name(*agent))
        }
        Reason::TransferredOutside { agent } => {
            format!("{} hat den Anrufer an eine Nummer außerhalb weitergegeben.", name(*agent))
        }
        Reason::OutsideOver => "Das Gespräch mit der Nummer außerhalb ist vorbei.".into(),
        Reason::OutsideNotReached => "Die Nummer außerhalb war nicht erreichbar.".into(),
        Reason::TimeLimit { seconds } => {
            format!(
                "Die Verbindung dauerte {seconds} Sekunden, so lange wie höchstens erlaubt, und wurde beendet."
            )
        }
        Reason::AgentLost { agent } => format!("Die Verbindung zu {} ging verloren.", name(*agent)),
        Reason::AgentHungUp { agent } => format!("{} hat aufgelegt.", name(*agent)),
        Reason::AgentDeclined { agent } => format!("{} hat abgelehnt.", name(*agent)),
        Reason::AgentMissed { agent, seconds } => {
            format!("{} hat innerhalb von {seconds} Sekunden nicht abgenommen.", name(*agent))
        }
        Reason::CallerHungUp { seconds } => format!("Der Anrufer hat nach {seconds} Sekunden aufgelegt."),
        Reason::MessageKept { seconds } => {
            format!("Eine Nachricht von {seconds} Sekunden wurde hinterlassen und ist aufbewahrt.")
        }
        Reason::NothingRecorded => "Der Anrufer hat keine Nachricht hinterlassen.".into(),
        Reason::RecordingLost => {
            "Eine Nachricht wurde hinterlassen, konnte aber nicht abgeholt werden.".into()
        }
        Reason::StoreWasDown => {
            "Als der Anruf kam, konnte nichts festgehalten werden; darum wurde eine Nachricht aufgenommen."
                .into()
        }
        Reason::CallerBlocked { how, .. } => format!("Der Anrufer ist gesperrt und {}.", met(*how)),
        Reason::NumberWithheld { how } => {
            format!("Die Nummer ist unterdrückt; der Anrufer {}.", met(*how))
        }
        Reason::CallerFirst { priority, .. } => {
            format!("Der Anrufer hat Priorität {priority} und kommt vor Anrufern, die weniger haben.")
        }
        Reason::JoinsConversation => "Die Nachricht setzt ein offenes Gespräch fort.".into(),
        Reason::CustomerAnsweredClosed => {
            "Der Kunde hat auf ein geschlossenes Ticket geantwortet; darum ist es wieder offen.".into()
        }
        Reason::WrittenByMachine => {
            "Die Nachricht hat eine Maschine geschrieben; darum ändert sie nichts.".into()
        }
        Reason::AnsweredFirst { agent } => {
            format!("{} hat als Erste oder Erster geantwortet und hat darum das Ticket.", name(*agent))
        }
        Reason::GoneAtOnce { seconds } => {
            format!("Der Anrufer war innerhalb von {seconds} Sekunden weg; darum ist das Ticket geschlossen.")
        }
        Reason::JoinsTicket { minutes } => {
            format!(
                "Der Anruf gehört zum offenen Ticket des Anrufers, das innerhalb von {minutes} Minuten bearbeitet wurde."
            )
        }
        Reason::AssignsNobody => "Dieser Kanal teilt seine Tickets von selbst niemandem zu.".into(),
        Reason::TeamOnly { name, .. } => format!("Das Ticket geht an das Team {name}, ohne Besitzer."),
        Reason::OwnsContact { agent } => format!("{} betreut den Kontakt.", name(*agent)),
        Reason::NoContact => {
            "Es ist nicht bekannt, wer geschrieben hat, also gibt es keinen Betreuer dafür.".into()
        }
        Reason::ContactHasNoOwner => "Der Kontakt hat keinen Betreuer.".into(),
        Reason::ContactNotTracked => {
            "Der Kontakt wird nicht verfolgt, also bekommt sein Betreuer das Ticket nicht.".into()
        }
        Reason::OwnerCannotTake { agent } => {
            format!("{} betreut den Kontakt, kann es aber nicht übernehmen.", name(*agent))
        }
        Reason::OwnerMailed { agent } => format!(
            "{} betreut den Kontakt und ist abwesend; die Nachricht geht dorthin per E-Mail.",
            name(*agent)
        ),
        Reason::FallsBack => {
            "Nun entscheiden die, die gefragt werden, wenn die erste Wahl es nicht übernimmt.".into()
        }
        Reason::GivenThoughAway { agent } => {
            format!("{} ist abwesend, aber dieser Kanal gibt Tickets auch an Abwesende.", name(*agent))
        }
        Reason::AllAtCapacity => {
            "Alle, die verfügbar sind, haben so viele offene Tickets, wie sie haben dürfen.".into()
        }
        Reason::SkillNeeded { name, level, .. } => {
            format!("Nur wer {} kann, wird gefragt.", known(name, *level))
        }
        Reason::SkillPreferred { name, level, .. } => {
            format!("Wer {} kann, kommt zuerst.", known(name, *level))
        }
        Reason::SkillMissed { name, level, .. } => format!(
            "Niemand, der {} kann, konnte es übernehmen, was besser gewesen wäre.",
            known(name, *level)
        ),
        Reason::NobodyKnows { name, level, .. } => {
            format!("Niemand von den Ausgewählten kann {}.", known(name, *level))
        }
        Reason::SkillLetGo { name, minutes, .. } => format!(
            "Niemand, der {name} kann, konnte es in {minutes} Minuten übernehmen; es wird nicht mehr verlangt."
        ),
        Reason::CustomerAgentAsked { seconds } => {
            format!("Der Kundenagent wird zuerst gefragt und hat {seconds} Sekunden für eine Antwort.")
        }
        Reason::CustomerAgentAnswered => "Der Kundenagent hat geantwortet.".into(),
        Reason::CustomerAgentHandedOver { because: None } => "Der Kundenagent hat übergeben.".into(),
        Reason::CustomerAgentHandedOver { because: Some(because) } => {
            format!("Der Kundenagent hat übergeben: {because}.")
        }
        Reason::CustomerAgentFailed { error } => format!("Der Kundenagent ist gescheitert: {error}."),
    }
}

fn tickets(kind: TicketType) -> &'static str {
    match kind {
        TicketType::Calling => "Anruf-Tickets",
        TicketType::Messages => "Nachrichten-Tickets",
        TicketType::EmailOther => "E-Mail- und anderen Tickets",
    }
}

/// A skill, at a level perhaps.
fn known(name: &str, level: Option<u8>) -> String {
    match level {
        Some(level) => format!("{name} (Stufe {level} oder besser)"),
        None => name.to_owned(),
    }
}

fn met(how: Blocked) -> &'static str {
    match how {
        Blocked::Busy => "hört das Besetztzeichen",
        Blocked::Message => "hört eine Ansage, dann wird aufgelegt",
        Blocked::Voicemail => "kommt gleich zur Sprachbox",
    }
}

fn by(rule: Rule) -> &'static str {
    match rule {
        Rule::Always => "rund um die Uhr",
        Rule::Weekly => "nach den wöchentlichen Zeiten",
        Rule::Exception => "wegen einer Ausnahme für dieses Datum",
        Rule::ClosedUntil => "von Hand",
    }
}

fn failure(cause: ConnectionFailure) -> &'static str {
    match cause {
        ConnectionFailure::Busy => "die Leitung ist besetzt",
        ConnectionFailure::NoAnswer => "am Telefon hat niemand abgenommen",
        ConnectionFailure::Failed => "das Telefon war nicht erreichbar",
        ConnectionFailure::Cancelled => "der Anruf wurde zurückgegeben",
        ConnectionFailure::TimedOut => "die Verbindung kam nicht rechtzeitig zustande",
    }
}

/// What is told of somebody.
pub(super) fn objection(objection: &Objection, teller: &Teller<'_>) -> String {
    let plain = match objection {
        Objection::OutOfOffice { until } => {
            return format!("ist außer Haus bis {}", teller.instant(*until));
        }
        Objection::Away { reason, until } => {
            let reason = reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            let until = until.map(|until| format!(" bis {}", teller.instant(until))).unwrap_or_default();
            return format!("ist abwesend{reason}{until}");
        }
        Objection::AtCapacity { open, capacity } => {
            return format!("hat {open} offene Tickets von höchstens {capacity}");
        }
        Objection::LacksSkill { name, level, .. } => return format!("kann {} nicht", known(name, *level)),
        Objection::NoSeat => "hat keinen Serviceplatz",
        Objection::NoSalesOrServiceSeat => "hat weder einen Vertriebs- noch einen Serviceplatz",
        Objection::NoInboxAccess => "hat keinen Zugriff auf diesen Posteingang",
        Objection::NoTicketAccess => "hat keinen Zugriff auf Tickets",
        Objection::OutsideWorkingHours => "ist außerhalb der Arbeitszeit",
        Objection::NotConnected => "hat kein Softphone verbunden",
        Objection::NotRegistered => "hat ein Softphone, das nicht angemeldet ist",
        Objection::NoMicrophone => "hat kein Mikrofon",
        Objection::Unreachable => "war beim letzten Mal nicht erreichbar",
        Objection::NotRungHere => {
            "hat ein Telefon, das die Telefongesellschaft dieses Kanals nicht rufen kann"
        }
        Objection::Declined => "hat diesen Anruf abgelehnt",
        Objection::ConnectionFailed => "konnte mit diesem Anruf nicht verbunden werden",
        Objection::Connecting => "wird gerade mit einem Anruf verbunden",
        Objection::OnCall => "ist in einem Gespräch",
        Objection::WrappingUp => "ist in der Nachbearbeitung",
        Objection::BeingOffered => "bekommt gerade einen anderen Anruf angeboten",
    };
    plain.into()
}
