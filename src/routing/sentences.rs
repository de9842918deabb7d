//! Reasons and objections in words, in every language that people read them in. They are kept as codes and put into
//! words when read; each language has a file, and the compiler sees to it that none lacks a sentence.

mod de;
mod en;
mod nb;
mod nl;

use super::{eligibility::Objection, ids::UserId, reasons::Reason, zone::Zone};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// A language that reasons are told in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    #[default]
    En,
    Nl,
    Nb,
    De,
}

impl Language {
    pub const ALL: [Self; 4] = [Self::En, Self::Nl, Self::Nb, Self::De];

    /// The first of these, as in an `Accept-Language` header, that we speak.
    pub fn preferred(accepted: &str) -> Option<Self> {
        accepted.split(',').find_map(|tag| tag.split(';').next()?.parse().ok())
    }

    /// As it is set, and as in `<html lang>`.
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Nl => "nl",
            Self::Nb => "nb",
            Self::De => "de",
        }
    }

    fn date(self, date: NaiveDate) -> String {
        let format = match self {
            Self::En => "%Y-%m-%d",
            Self::Nl => "%d-%m-%Y",
            Self::Nb | Self::De => "%d.%m.%Y",
        };
        date.format(format).to_string()
    }
}

/// Not a language that we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the language is not en, nl, nb or de")]
pub struct UnknownLanguage;

impl FromStr for Language {
    type Err = UnknownLanguage;

    /// Reads a tag such as `de` or `de-AT`. Norwegians say `no`, `nb` and `nn`.
    fn from_str(tag: &str) -> Result<Self, UnknownLanguage> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "en" => Ok(Self::En),
            "nl" => Ok(Self::Nl),
            "nb" | "no" | "nn" => Ok(Self::Nb),
            "de" => Ok(Self::De),
            _ => Err(UnknownLanguage),
        }
    }
}

/// What it takes to put a reason into words.
#[derive(Clone, Copy)]
pub struct Teller<'a> {
    pub language: Language,
    /// In which instants are told.
    pub zone: &'a Zone,
    pub name: &'a dyn Fn(UserId) -> String,
}

impl Teller<'_> {
    /// A whole sentence.
    pub fn reason(&self, reason: &Reason) -> String {
        match self.language {
            Language::En => en::reason(reason, self),
            Language::Nl => nl::reason(reason, self),
            Language::Nb => nb::reason(reason, self),
            Language::De => de::reason(reason, self),
        }
    }

    /// A whole sentence: why this user was passed over.
    pub fn objection(&self, user: UserId, objection: &Objection) -> String {
        let predicate = match self.language {
            Language::En => en::objection(objection, self),
            Language::Nl => nl::objection(objection, self),
            Language::Nb => nb::objection(objection, self),
            Language::De => de::objection(objection, self),
        };
        format!("{} {predicate}.", (self.name)(user))
    }

    pub fn instant(&self, at: DateTime<Utc>) -> String {
        let local = self.zone.local(at);
        format!("{} {}", self.date(local.date()), local.format("%H:%M"))
    }

    pub fn date(&self, date: NaiveDate) -> String {
        self.language.date(date)
    }

    fn name(&self, user: UserId) -> String {
        (self.name)(user)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        contacts::Blocked,
        hours::Rule,
        ids::{ContactId, Ids, SkillId, TeamId},
        load::TicketType,
        reasons::ConnectionFailure,
    };
    use super::*;
    use std::collections::HashSet;

    fn opens() -> DateTime<Utc> {
        "2026-12-24T08:00:00Z".parse().expect("an instant")
    }

    fn told(language: Language, reason: &Reason) -> String {
        let zone = Zone::bundled("Europe/Vienna");
        Teller { language, zone: &zone, name: &|_| "Ann".into() }.reason(reason)
    }

    #[test]
    fn a_reason_is_told_in_each_language_with_the_time_on_the_channels_wall() {
        let reason = Reason::HoursClosed { rule: Rule::Exception, opens: Some(opens()) };
        let table = [
            (
                Language::En,
                "The channel is closed by an exception for this date; it opens at 2026-12-24 09:00.",
            ),
            (
                Language::Nl,
                "Het kanaal is gesloten door een uitzondering voor deze datum; het gaat open op 24-12-2026 09:00.",
            ),
            (
                Language::Nb,
                "Kanalen er stengt på grunn av et unntak for denne datoen; den åpner 24.12.2026 09:00.",
            ),
            (
                Language::De,
                "Der Kanal ist wegen einer Ausnahme für dieses Datum geschlossen; er öffnet am 24.12.2026 09:00.",
            ),
        ];
        for (language, expected) in table {
            assert_eq!(told(language, &reason), expected);
        }
    }

    #[test]
    fn no_language_is_told_in_the_words_of_another() {
        let agent = UserId(Ids::new(1).next(1));
        let contact = ContactId(Ids::new(1).next(1));
        let (team, skill) = (TeamId(Ids::new(1).next(1)), SkillId(Ids::new(1).next(1)));
        let seconds = 25;
        let reasons = [
            Reason::RingsAll { agents: 1 },
            Reason::RingsAll { agents: 3 },
            Reason::RingsDevices { agents: 1, of: 1 },
            Reason::RingsDevices { agents: 3, of: 3 },
            Reason::RingsDevices { agents: 10, of: 12 },
            Reason::FewestOpen { agent, kind: TicketType::Calling, open: 2, tied: true },
            Reason::FewestOpen { agent, kind: TicketType::Messages, open: 2, tied: false },
            Reason::FewestOpen { agent, kind: TicketType::EmailOther, open: 2, tied: false },
            Reason::NextInTurn { agent },
            Reason::Drawn { agent, among: 4 },
            Reason::LongestIdle { agent, since: None },
            Reason::NobodySelected,
            Reason::NobodyAvailable,
            Reason::AllBusy,
            Reason::AllDeclined,
            Reason::AgentsBeingOffered,
            Reason::DevicesNotTaken { agents: 1 },
            Reason::DevicesNotTaken { agents: 3 },
            Reason::RingTimeOver { seconds },
            Reason::WaitTimeOver { seconds },
            Reason::CallerWantsMessage { seconds },
            Reason::TakenBy { agent, seconds },
            Reason::Connected { agent },
            Reason::ConnectionFailed { agent, cause: ConnectionFailure::Busy },
            Reason::TransferredToAgent { agent, to: agent },
            Reason::TransferredOutside { agent },
            Reason::OutsideOver,
            Reason::OutsideNotReached,
            Reason::TimeLimit { seconds },
            Reason::AgentLost { agent },
            Reason::AgentHungUp { agent },
            Reason::AgentDeclined { agent },
            Reason::AgentMissed { agent, seconds },
            Reason::CallerHungUp { seconds },
            Reason::MessageKept { seconds },
            Reason::NothingRecorded,
            Reason::RecordingLost,
            Reason::StoreWasDown,
            Reason::CallerBlocked { contact, how: Blocked::Busy },
            Reason::CallerBlocked { contact, how: Blocked::Message },
            Reason::CallerBlocked { contact, how: Blocked::Voicemail },
            Reason::NumberWithheld { how: Blocked::Busy },
            Reason::NumberWithheld { how: Blocked::Voicemail },
            Reason::CallerFirst { contact, priority: 3 },
            Reason::JoinsConversation,
            Reason::CustomerAnsweredClosed,
            Reason::WrittenByMachine,
            Reason::AnsweredFirst { agent },
            Reason::GoneAtOnce { seconds },
            Reason::JoinsTicket { minutes: 60 },
            Reason::AssignsNobody,
            Reason::TeamOnly { team, name: "Support".into() },
            Reason::OwnsContact { agent },
            Reason::NoContact,
            Reason::ContactHasNoOwner,
            Reason::ContactNotTracked,
            Reason::OwnerCannotTake { agent },
            Reason::OwnerMailed { agent },
            Reason::FallsBack,
            Reason::GivenThoughAway { agent },
            Reason::AllAtCapacity,
            Reason::SkillNeeded { skill, name: "Farsi".into(), level: None },
            Reason::SkillNeeded { skill, name: "Farsi".into(), level: Some(3) },
            Reason::SkillPreferred { skill, name: "Farsi".into(), level: None },
            Reason::SkillMissed { skill, name: "Farsi".into(), level: None },
            Reason::NobodyKnows { skill, name: "Farsi".into(), level: Some(2) },
            Reason::SkillLetGo { skill, name: "Farsi".into(), minutes: 30 },
            Reason::CustomerAgentAsked { seconds },
            Reason::CustomerAgentAnswered,
            Reason::CustomerAgentHandedOver { because: None },
            Reason::CustomerAgentHandedOver { because: Some("angry".into()) },
            Reason::CustomerAgentFailed { error: "it answers 500".into() },
        ];
        for reason in reasons {
            let sentences: HashSet<String> =
                Language::ALL.into_iter().map(|language| told(language, &reason)).collect();
            assert_eq!(sentences.len(), 4, "{reason:?}: {sentences:?}");
            let arguments = serde_json::to_value(&reason).expect("JSON")["arguments"].clone();
            for sentence in sentences {
                assert!(sentence.ends_with('.'), "{sentence}");
                assert_eq!(sentence.contains("25"), arguments["seconds"] == 25, "{sentence}");
                assert_eq!(sentence.contains("Ann"), arguments["agent"].is_string(), "{sentence}");
            }
        }
    }

    #[test]
    fn an_objection_is_told_of_somebody() {
        let zone = Zone::utc();
        let user = UserId(Ids::new(1).next(1));
        let away = Objection::Away { reason: Some("lunch".into()), until: Some(opens()) };
        let told =
            |language| Teller { language, zone: &zone, name: &|_| "Ann".into() }.objection(user, &away);
        assert_eq!(told(Language::En), "Ann is away (lunch) until 2026-12-24 08:00.");
        assert_eq!(told(Language::Nl), "Ann is afwezig (lunch) tot 24-12-2026 08:00.");
        assert_eq!(told(Language::Nb), "Ann er borte (lunch) til 24.12.2026 08:00.");
        assert_eq!(told(Language::De), "Ann ist abwesend (lunch) bis 24.12.2026 08:00.");
    }

    #[test]
    fn a_language_is_taken_from_what_a_browser_accepts() {
        let table = [
            ("de-AT,de;q=0.9,en;q=0.8", Some(Language::De)),
            ("fr-FR, no;q=0.7", Some(Language::Nb)),
            ("nl", Some(Language::Nl)),
            ("fr", None),
            ("", None),
        ];
        for (accepted, expected) in table {
            assert_eq!(Language::preferred(accepted), expected, "{accepted}");
        }
    }
}
