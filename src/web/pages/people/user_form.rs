//! The form of a user: what was typed, what is wrong with it, and the document that it stands for.

use super::{
    super::{
        super::Web,
        form::Fields,
        layout::Layout,
        moment::{read_typed, typed},
        saving::fault,
    },
    list::{role, seat_name},
};
use crate::{
    desk::settings::Fault,
    routing::{
        people::{Role, Seat},
        zone::Zone,
    },
};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const REACHES: [&str; 3] = ["client", "sip", "number"];

/// As it was typed.
#[derive(Debug, Clone, Default)]
pub struct UserForm {
    pub name: String,
    pub email: String,
    role: String,
    seats: Vec<String>,
    pub ticket_access: bool,
    pub time_zone: String,
    pub has_hours: bool,
    hours: [String; 7],
    /// From and until.
    away: Vec<(String, String)>,
    pub capacity: String,
    reach_kind: String,
    pub reach: String,
    faults: Vec<Fault>,
}

/// Something that can be chosen.
pub struct Choice {
    pub value: &'static str,
    pub text: String,
    pub selected: bool,
}

/// A weekday's hours, as a field.
pub struct Day {
    pub field: String,
    pub name: String,
    pub typed: String,
    pub fault: Option<String>,
}

/// A time away, as two fields.
pub struct Away {
    pub place: usize,
    pub from: String,
    pub until: String,
    pub fault: Option<String>,
}

impl UserForm {
    /// For somebody new.
    pub fn empty(web: &Web) -> Self {
        Self {
            role: "agent".into(),
            seats: vec!["service".into()],
            ticket_access: true,
            time_zone: web.ground.account.name().to_owned(),
            reach_kind: "client".into(),
            ..Self::default()
        }
    }

    /// What is stored.
    pub fn of(document: &Value, web: &Web) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let hours = &document["working_hours"];
        let zone_name = text(&document["time_zone"]);
        let zone = web.ground.zones.get(&zone_name).unwrap_or_else(|_| web.ground.account.clone());
        let local = |value: &Value| {
            value.as_str().and_then(|at| at.parse::<DateTime<Utc>>().ok()).map(|at| typed(at, &zone))
        };
        let away = document["out_of_office"].as_array().into_iter().flatten();
        let away = away
            .map(|one| (local(&one["from"]).unwrap_or_default(), local(&one["until"]).unwrap_or_default()));
        let kind = REACHES.into_iter().find(|kind| document["reach"][*kind].is_string()).unwrap_or("client");
        Self {
            name: text(&document["name"]),
            email: text(&document["email"]),
            role: text(&document["role"]),
            seats: document["seats"].as_array().into_iter().flatten().map(text).collect(),
            ticket_access: document["ticket_access"] == true,
            time_zone: zone_name,
            has_hours: hours.is_object(),
            hours: DAYS.map(|day| spans_in_words(&hours[day])),
            away: away.collect(),
            capacity: document["capacity"].as_u64().map(|count| count.to_string()).unwrap_or_default(),
            reach: text(&document["reach"][kind]),
            reach_kind: kind.to_owned(),
            faults: Vec::new(),
        }
    }

    /// What was typed.
    pub fn read(fields: &Fields) -> Self {
        let text = |name: &str| fields.text(name).to_owned();
        let away = fields.all("away-from").zip(fields.all("away-until"));
        let away = away.filter(|(from, until)| !from.is_empty() || !until.is_empty());
        Self {
            name: text("name"),
            email: text("email"),
            role: text("role"),
            seats: fields.all("seat").map(str::to_owned).collect(),
            ticket_access: fields.text("ticket-access") == "yes",
            time_zone: text("time-zone"),
            has_hours: fields.text("has-hours") == "yes",
            hours: DAYS.map(|day| text(&format!("hours-{day}"))),
            away: away.map(|(from, until)| (from.to_owned(), until.to_owned())).collect(),
            capacity: text("capacity"),
            reach_kind: text("reach-kind"),
            reach: text("reach"),
            faults: Vec::new(),
        }
    }

    pub fn with_faults(self, faults: Vec<Fault>) -> Self {
        Self { faults, ..self }
    }

    /// A merge patch that leaves nothing of what was there before. Err: something can't be read at all.
    pub fn document(&self, web: &Web, layout: &Layout) -> Result<Value, Vec<Fault>> {
        let mut faults = Vec::new();
        let zone = web.ground.zones.get(&self.time_zone).unwrap_or_else(|_| web.ground.account.clone());
        let away: Vec<Value> = self
            .away
            .iter()
            .enumerate()
            .map(|(place, one)| absence(place, one, &zone, layout, &mut faults))
            .collect();
        let capacity = match self.capacity.as_str() {
            "" => Value::Null,
            typed => typed.parse::<u32>().map(Value::from).unwrap_or_else(|_| {
                faults.push(Fault::new("/capacity", layout.t("people-capacity-fault")));
                Value::Null
            }),
        };
        let hours = DAYS.iter().zip(&self.hours).map(|(day, typed)| ((*day).to_owned(), spans(typed)));
        let hours = if self.has_hours { Value::Object(hours.collect()) } else { Value::Null };
        let zone_name = if self.time_zone.is_empty() { Value::Null } else { json!(self.time_zone) };
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut document = json!({
            "name": self.name,
            "email": self.email,
            "role": self.role,
            "seats": self.seats,
            "ticket_access": self.ticket_access,
            "time_zone": zone_name,
            "working_hours": hours,
            "out_of_office": away,
            "capacity": capacity,
        });
        // With nothing typed the name of the browser's telephone is made up.
        document["reach"] = if self.reach.is_empty() && self.reach_kind == "client" {
            Value::Null
        } else {
            let kinds = REACHES.iter().map(|kind| {
                ((*kind).to_owned(), if self.reach_kind == *kind { json!(self.reach) } else { Value::Null })
            });
            Value::Object(kinds.collect::<Map<_, _>>())
        };
        Ok(document)
    }

    /// What is wrong at this place of the document.
    pub fn fault(&self, pointer: &str) -> Option<String> {
        fault(&self.faults, pointer)
    }

    /// What is wrong, and has no field here.
    pub fn other_fault(&self) -> Option<String> {
        const FIELDS: [&str; 10] = [
            "/name",
            "/email",
            "/role",
            "/seats",
            "/ticket_access",
            "/time_zone",
            "/working_hours",
            "/out_of_office",
            "/capacity",
            "/reach",
        ];
        let has_field = |fault: &&Fault| FIELDS.iter().any(|field| fault.pointer.starts_with(field));
        self.faults.iter().find(|fault| !has_field(fault)).map(|fault| fault.detail.clone())
    }

    pub fn is_faulty(&self) -> bool {
        !self.faults.is_empty()
    }

    pub fn roles(&self, layout: &Layout) -> Vec<Choice> {
        let all = [(Role::Agent, "agent"), (Role::Supervisor, "supervisor"), (Role::Admin, "admin")];
        let choice = |(one, value)| Choice { value, text: role(one, layout), selected: self.role == value };
        all.map(choice).into()
    }

    pub fn all_seats(&self, layout: &Layout) -> Vec<Choice> {
        let all = [(Seat::Service, "service"), (Seat::Sales, "sales")];
        let choice = |(seat, value): (Seat, &'static str)| Choice {
            value,
            text: seat_name(seat, layout),
            selected: self.seats.iter().any(|seat| seat == value),
        };
        all.map(choice).into()
    }

    pub fn reaches(&self, layout: &Layout) -> Vec<Choice> {
        let text = |kind: &str| match kind {
            "client" => layout.t("people-reach-client"),
            "sip" => layout.t("people-reach-sip"),
            _ => layout.t("people-reach-number"),
        };
        let choice = |value| Choice { value, text: text(value), selected: self.reach_kind == value };
        REACHES.map(choice).into()
    }

    pub fn days(&self, layout: &Layout) -> Vec<Day> {
        let names = [
            layout.t("people-day-mon"),
            layout.t("people-day-tue"),
            layout.t("people-day-wed"),
            layout.t("people-day-thu"),
            layout.t("people-day-fri"),
            layout.t("people-day-sat"),
            layout.t("people-day-sun"),
        ];
        let days = DAYS.iter().zip(names).zip(&self.hours);
        let day = |((day, name), typed): ((&&str, String), &String)| Day {
            field: format!("hours-{day}"),
            name,
            typed: typed.clone(),
            fault: self.fault(&format!("/working_hours/{day}")),
        };
        days.map(day).collect()
    }

    /// What is entered, and a place for one more.
    pub fn times_away(&self) -> Vec<Away> {
        let entered = self.away.iter().enumerate().map(|(place, (from, until))| Away {
            place,
            from: from.clone(),
            until: until.clone(),
            fault: self.fault(&format!("/out_of_office/{place}")),
        });
        let more = Away { place: self.away.len(), from: String::new(), until: String::new(), fault: None };
        entered.chain([more]).collect()
    }
}

fn absence(
    place: usize,
    (from, until): &(String, String),
    zone: &Zone,
    layout: &Layout,
    faults: &mut Vec<Fault>,
) -> Value {
    match (read_typed(from, zone), read_typed(until, zone)) {
        (Some(from), Some(until)) => json!({ "from": from, "until": until }),
        _ => {
            faults.push(Fault::new(format!("/out_of_office/{place}"), layout.t("people-away-fault")));
            Value::Null
        }
    }
}

/// `09:00-12:00, 13:00-17:30`
fn spans_in_words(spans: &Value) -> String {
    let end = |span: &Value, place: usize| span[place].as_str().unwrap_or_default().to_owned();
    let spans = spans.as_array().into_iter().flatten();
    spans.map(|span| format!("{}-{}", end(span, 0), end(span, 1))).collect::<Vec<_>>().join(", ")
}

/// Whatever is typed; whether it is good is looked at where it is saved.
fn spans(typed: &str) -> Value {
    let each = typed.split([',', ';']).map(str::trim).filter(|span| !span.is_empty());
    let ends = each.map(|span| {
        let (start, end) = span.split_once(['-', '–']).unwrap_or((span, ""));
        json!([start.trim(), end.trim()])
    });
    ends.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_typed_as_they_are_shown() {
        let stored = json!([["09:00", "12:00"], ["13:00", "24:00"]]);
        assert_eq!(spans_in_words(&stored), "09:00-12:00, 13:00-24:00");
        for typed in ["09:00-12:00, 13:00-24:00", " 09:00 – 12:00;13:00-24:00,"] {
            assert_eq!(spans(typed), stored, "{typed}");
        }
        assert_eq!((spans_in_words(&Value::Null), spans(" ")), (String::new(), json!([])));
        assert_eq!(spans("nine"), json!([["nine", ""]]));
    }
}
