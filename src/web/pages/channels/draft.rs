//! A channel as its form has it: everything as text, as it was typed. Made of a document or of what was sent, and turned
//! back into a document.

use super::{
    super::{form::Fields, layout::Layout},
    opening::{self, Opening},
};
use crate::{calls::channel::Slot, desk::settings::Fault};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What is left empty follows the configuration.
pub const TIMES: [&str; 6] = [
    "ring_seconds",
    "agent_ring_seconds",
    "wait_seconds",
    "wrap_up_seconds",
    "short_abandon_seconds",
    "attach_minutes",
];
/// Who gets mail.
pub const MAILS: [&str; 3] = ["voicemail", "missed", "last_agent"];

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    pub name: String,
    pub provider: String,
    /// One on a line.
    pub numbers: String,
    pub time_zone: String,
    pub withheld: String,
    pub opening: Opening,
    pub users: Vec<String>,
    pub teams: Vec<String>,
    pub strategy: String,
    pub tie_break: String,
    pub ringing: String,
    /// As in [`TIMES`].
    pub times: [String; 6],
    /// As in [`Slot::ALL`].
    pub messages: [Message; 5],
    /// As in [`MAILS`]: addresses, one on a line.
    pub mails: [String; 3],
    pub recording: String,
}

/// What callers hear in one place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// The id of a recording, `text`, or nothing: what ships with the daemon.
    pub choice: String,
    pub text: String,
    pub language: String,
}

/// What is wrong, in words, by the name of the field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(BTreeMap<String, String>);

impl Faults {
    pub fn get(&self, field: &str) -> Option<String> {
        self.0.get(field).cloned()
    }

    pub fn add(&mut self, field: impl Into<String>, text: impl Into<String>) {
        self.0.entry(field.into()).or_insert_with(|| text.into());
    }

    /// What is known of a field already stays.
    pub fn extend(&mut self, others: Self) {
        others.0.into_iter().for_each(|(field, text)| self.add(field, text));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn all(&self) -> impl Iterator<Item = &String> {
        self.0.values()
    }

    /// What the settings say is wrong with a document.
    pub fn of(faults: &[Fault]) -> Self {
        let named = faults.iter().map(|fault| (field(&fault.pointer), fault.detail.clone()));
        Self(named.collect())
    }
}

/// The field that shows this place of the document.
fn field(pointer: &str) -> String {
    if let Some(below) = pointer.strip_prefix("/hours") {
        return opening::field(below);
    }
    let mut steps = pointer.split('/').skip(1);
    let first = steps.next().unwrap_or_default();
    match (first, steps.next().unwrap_or_default()) {
        ("number", _) => "numbers".into(),
        ("routing" | "greetings" | "notify", second) if !second.is_empty() => second.to_owned(),
        _ => first.to_owned(),
    }
}

impl Draft {
    pub fn of(document: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let lines = |value: &Value| list(value).join("\n");
        let (routing, notify) = (&document["routing"], &document["notify"]);
        Self {
            name: text(&document["name"]),
            provider: text(&document["provider"]),
            numbers: lines(&document["numbers"]),
            time_zone: text(&document["time_zone"]),
            withheld: text(&document["withheld"]),
            opening: Opening::of(&document["hours"]),
            users: list(&routing["users"]),
            teams: list(&routing["teams"]),
            strategy: text(&routing["strategy"]),
            tie_break: text(&routing["tie_break"]),
            ringing: text(&routing["ringing"]),
            times: TIMES.map(|key| routing[key].as_u64().map(|n| n.to_string()).unwrap_or_default()),
            messages: Slot::ALL.map(|slot| Message::of(&document["greetings"][slot.name()])),
            mails: MAILS.map(|key| lines(&notify[key])),
            recording: text(&notify["recording"]),
        }
    }

    pub fn sent(fields: &Fields) -> Self {
        let text = |name: &str| fields.text(name).to_owned();
        let all = |name: &str| fields.all(name).map(str::to_owned).collect::<Vec<_>>();
        Self {
            name: text("name"),
            provider: text("provider"),
            numbers: text("numbers"),
            time_zone: text("time_zone"),
            withheld: text("withheld"),
            opening: Opening::sent(fields),
            users: all("users"),
            teams: all("teams"),
            strategy: text("strategy"),
            tie_break: text("tie_break"),
            ringing: text("ringing"),
            times: TIMES.map(text),
            messages: Slot::ALL.map(|slot| Message {
                choice: text(slot.name()),
                text: text(&format!("{}_text", slot.name())),
                language: text(&format!("{}_language", slot.name())),
            }),
            mails: MAILS.map(text),
            recording: text("recording"),
        }
    }

    /// The document that it makes of the one that is saved. What the form does not show stays.
    pub fn document(&self, saved: &Value, layout: &Layout) -> Result<Value, Faults> {
        let mut faults = Faults::default();
        let mut document = saved.clone();
        let hours = self.opening.document(layout, &mut faults);
        let mut routing = saved["routing"].clone();
        put(&mut routing, "users", json!(self.users));
        put(&mut routing, "teams", json!(self.teams));
        for key in [("strategy", &self.strategy), ("tie_break", &self.tie_break), ("ringing", &self.ringing)]
        {
            put(&mut routing, key.0, json!(key.1));
        }
        for (key, typed) in TIMES.into_iter().zip(&self.times) {
            match typed.parse::<u32>() {
                Ok(number) => put(&mut routing, key, json!(number)),
                Err(_) if typed.is_empty() => put(&mut routing, key, Value::Null),
                Err(_) => faults.add(key, layout.t("channel-not-a-number")),
            }
        }
        let mut greetings = saved["greetings"].clone();
        for (slot, message) in Slot::ALL.into_iter().zip(&self.messages) {
            put(&mut greetings, slot.name(), message.document());
        }
        let mut notify = saved["notify"].clone();
        for (key, typed) in MAILS.into_iter().zip(&self.mails) {
            put(&mut notify, key, json!(pieces(typed)));
        }
        put(&mut notify, "recording", json!(self.recording));
        if !faults.is_empty() {
            return Err(faults);
        }
        if let Some(fields) = document.as_object_mut() {
            fields.remove("id");
        }
        put(&mut document, "name", json!(self.name));
        put(&mut document, "provider", json!(self.provider));
        put(&mut document, "numbers", json!(pieces(&self.numbers)));
        // Without one it is the account's.
        put(&mut document, "time_zone", json!(Some(&self.time_zone).filter(|zone| !zone.is_empty())));
        put(&mut document, "withheld", json!(self.withheld));
        for (key, value) in
            [("hours", hours), ("routing", routing), ("greetings", greetings), ("notify", notify)]
        {
            put(&mut document, key, value);
        }
        Ok(document)
    }

    /// Every field with what is in it, for two to be laid side by side.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![
            ("name", self.name.clone()),
            ("provider", self.provider.clone()),
            ("numbers", self.numbers.replace('\n', ", ")),
            ("time_zone", self.time_zone.clone()),
            ("withheld", self.withheld.clone()),
        ];
        lines.extend(self.opening.lines());
        lines.push(("users", self.users.join(", ")));
        lines.push(("teams", self.teams.join(", ")));
        lines.push(("strategy", self.strategy.clone()));
        lines.push(("tie_break", self.tie_break.clone()));
        lines.push(("ringing", self.ringing.clone()));
        lines.extend(TIMES.into_iter().zip(self.times.iter().cloned()));
        let messages = Slot::ALL.into_iter().map(Slot::name).zip(self.messages.iter().map(Message::line));
        lines.extend(messages);
        lines.extend(MAILS.into_iter().zip(self.mails.iter().map(|typed| pieces(typed).join(", "))));
        lines.push(("recording", self.recording.clone()));
        lines
    }
}

impl Message {
    fn of(document: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (audio, spoken) = (text(&document["audio"]), text(&document["text"]));
        let choice = if document["text"].is_string() { "text".into() } else { audio };
        Self { choice, text: spoken, language: text(&document["language"]) }
    }

    fn document(&self) -> Value {
        match self.choice.as_str() {
            "" => Value::Null,
            "text" => json!({ "text": self.text, "language": self.language }),
            audio => json!({ "audio": audio }),
        }
    }

    fn line(&self) -> String {
        if self.choice == "text" {
            format!("“{}” ({})", self.text, self.language)
        } else {
            self.choice.clone()
        }
    }
}

/// Numbers or addresses, each on a line or after a comma.
fn pieces(typed: &str) -> Vec<&str> {
    typed.split(['\n', ',', ';']).map(str::trim).filter(|piece| !piece.is_empty()).collect()
}

fn list(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|one| one.as_str()).map(str::to_owned).collect()
}

fn put(object: &mut Value, key: &str, value: Value) {
    if !object.is_object() {
        *object = json!({});
    }
    if let Some(fields) = object.as_object_mut() {
        fields.insert(key.into(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::sentences::Language;

    fn layout() -> Layout {
        Layout {
            language: Language::De,
            base: String::new(),
            here: "/".into(),
            signed_in: None,
            first_steps: 0,
            unread: None,
        }
    }

    fn document() -> Value {
        json!({
            "id": "x", "kind": "calling", "name": "Support", "provider": "main", "numbers": ["+431", "+432"],
            "time_zone": "Europe/Vienna",
            "hours": {
                "mode": "schedule", "weekly": { "mon": [["09:00", "12:00"], ["13:00", "17:30"]] },
                "exceptions": [{ "date": "2026-12-24", "spans": [], "name": "Heiligabend" }],
                "closed_until": "2026-12-01T00:00:00Z"
            },
            "routing": {
                "users": ["a"], "teams": [], "strategy": "random", "tie_break": "fixed_order", "ringing": "softphone",
                "ring_seconds": 20, "wait_seconds": null
            },
            "greetings": {
                "unanswered": { "audio": "g" }, "after_hours": { "text": "Zu", "language": "de-AT" },
                "by_number": { "+431": { "language": "de" } }
            },
            "withheld": "ring",
            "notify": { "voicemail": ["a@example.org"], "recording": "link" }
        })
    }

    #[test]
    fn what_the_form_does_not_touch_stays_as_it_was() {
        let saved = document();
        let draft = Draft::of(&saved);
        let again = draft.document(&saved, &layout()).expect("good");
        assert_eq!(Draft::of(&again), draft);
        assert_eq!(again["greetings"]["by_number"], saved["greetings"]["by_number"]);
        assert_eq!(again["hours"]["closed_until"], saved["hours"]["closed_until"]);
        assert_eq!(again["greetings"]["after_hours"], saved["greetings"]["after_hours"]);
    }

    #[test]
    fn a_message_that_becomes_a_text_is_no_recording_any_more() {
        let saved = document();
        let mut draft = Draft::of(&saved);
        draft.messages[0] = Message { choice: "text".into(), text: "Hallo".into(), language: "de-AT".into() };
        draft.messages[1].choice = String::new();
        let again = draft.document(&saved, &layout()).expect("good");
        assert_eq!(again["greetings"]["unanswered"], json!({ "text": "Hallo", "language": "de-AT" }));
        assert_eq!(again["greetings"]["after_hours"], Value::Null);
    }

    #[test]
    fn what_is_wrong_is_said_beside_its_field_in_the_readers_language() {
        let wrong = |change: &dyn Fn(&mut Draft)| {
            let mut draft = Draft::of(&document());
            change(&mut draft);
            draft.document(&document(), &layout()).expect_err("wrong").0
        };
        let one = |field: &str, text: &str| BTreeMap::from([(field.to_owned(), text.to_owned())]);
        let unreadable = wrong(&|draft| draft.opening.week[2] = "neun".into());
        assert_eq!(unreadable, one("wed", "„neun“ ist keine Zeit wie 09:00-12:00."));
        let overlap = wrong(&|draft| draft.opening.week[0] = "9-12, 11-13".into());
        assert_eq!(overlap, one("mon", "Diese Zeiten überschneiden sich mit anderen."));
        let twice = wrong(&|draft| draft.opening.exceptions.push(draft.opening.exceptions[0].clone()));
        assert_eq!(twice, one("exception.1", "Dieses Datum steht schon da."));
        let no_date = wrong(&|draft| draft.opening.exceptions[0].date.clear());
        assert_eq!(no_date, one("exception.0", "Hier fehlt ein Datum."));
        let number = wrong(&|draft| draft.times[2] = "-1".into());
        assert_eq!(number, one("wait_seconds", "Das ist keine ganze Zahl."));
    }

    #[test]
    fn a_fault_is_shown_at_the_field_of_its_place() {
        let table = [
            ("/name", "name"),
            ("/numbers/1", "numbers"),
            ("/hours/weekly/mon/1", "mon"),
            ("/hours/exceptions/2/spans/0", "exception.2"),
            ("/hours/mode", "mode"),
            ("/routing/users/0", "users"),
            ("/routing/ring_seconds", "ring_seconds"),
            ("/greetings/unanswered", "unanswered"),
            ("/greetings/by_number/+431", "by_number"),
            ("/notify/missed/0", "missed"),
            ("", ""),
        ];
        for (pointer, expected) in table {
            assert_eq!(field(pointer), expected, "{pointer}");
        }
    }
}
