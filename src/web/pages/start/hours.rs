//! When a number is open, in the simplest way. The channel's own page paints the whole week.

use super::{
    super::{
        form::Fields,
        layout::{Layout, Signed},
        saving::{self, Outcome, fault},
        show_wrong,
    },
    Channels, Chosen, Refusal, Steps, Web, channels, show, to,
};
use crate::desk::settings::{Fault, tag};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use serde_json::{Value, json};

const WEEKDAYS: [&str; 5] = ["mon", "tue", "wed", "thu", "fri"];

#[derive(Template)]
#[template(path = "start_hours.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    steps: Steps,
    channels: Vec<(String, String)>,
    form: Option<Form>,
}

struct Form {
    channel: String,
    name: String,
    zone: String,
    tag: String,
    hours: Simple,
    /// What somebody else has saved meanwhile.
    meanwhile: Option<Simple>,
    faults: Vec<Fault>,
}

impl Form {
    fn fault(&self) -> Option<String> {
        fault(&self.faults, "/hours")
    }
}

/// Hours as this form has them.
#[derive(Debug, Clone, PartialEq)]
enum Simple {
    Never,
    Always,
    /// From Monday to Friday between these.
    Weekdays(String, String),
    /// A week that was painted.
    Painted,
}

impl Simple {
    fn of(document: &Value) -> Self {
        let hours = &document["hours"];
        if hours["mode"] == "always" {
            return Self::Always;
        }
        let day = |day: &str| hours["weekly"][day].as_array().cloned().unwrap_or_default();
        let (monday, weekend) = (day("mon"), [day("sat"), day("sun")].concat());
        if WEEKDAYS.iter().all(|name| day(name).is_empty()) && weekend.is_empty() {
            return Self::Never;
        }
        let same = WEEKDAYS.iter().all(|name| day(name) == monday) && weekend.is_empty();
        match monday.as_slice() {
            [span] if same => {
                let time = |at: usize| span[at].as_str().unwrap_or_default().to_owned();
                Self::Weekdays(time(0), time(1))
            }
            _ => Self::Painted,
        }
    }

    fn read(fields: &Fields) -> Self {
        let time = |name| fields.text(name).to_owned();
        match fields.text("hours") {
            "always" => Self::Always,
            "weekdays" => Self::Weekdays(time("from"), time("until")),
            "painted" => Self::Painted,
            _ => Self::Never,
        }
    }

    /// Exceptions stay, but for a number that is always open.
    fn patch(&self) -> Value {
        match self {
            Self::Always => json!({ "hours": { "mode": "always", "weekly": null, "exceptions": null } }),
            Self::Weekdays(from, until) => {
                let days = WEEKDAYS.iter().map(|day| ((*day).to_owned(), json!([[from, until]])));
                let mut weekly: serde_json::Map<String, Value> = days.collect();
                weekly.insert("sat".into(), Value::Null);
                weekly.insert("sun".into(), Value::Null);
                json!({ "hours": { "mode": "schedule", "weekly": weekly } })
            }
            Self::Painted | Self::Never => json!({}),
        }
    }

    /// As the radio buttons are called. Who has chosen nothing yet is offered the usual.
    fn is(&self, value: &str) -> bool {
        match self {
            Self::Always => value == "always",
            Self::Never | Self::Weekdays(..) => value == "weekdays",
            Self::Painted => value == "painted",
        }
    }

    /// In words.
    fn key(&self) -> &'static str {
        match self {
            Self::Never => "start-hours-never",
            Self::Always => "start-hours-always",
            Self::Weekdays(..) => "start-hours-weekdays",
            Self::Painted => "start-hours-painted",
        }
    }

    fn span(&self) -> Option<(&str, &str)> {
        if let Self::Weekdays(from, until) = self { Some((from, until)) } else { None }
    }

    fn from(&self) -> &str {
        if let Self::Weekdays(from, _) = self { from } else { "09:00" }
    }

    fn until(&self) -> &str {
        if let Self::Weekdays(_, until) = self { until } else { "17:00" }
    }
}

pub async fn show_form(
    State(web): State<Web>,
    signed: Signed,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let fields = Fields::of_query(query.as_deref());
    let steps = Steps::of(&signed, &web)?;
    let chosen = Chosen::of(&fields, &web).map_err(|problem| signed.refuse(problem))?;
    Ok(show(&Page {
        layout: signed.layout.clone(),
        steps,
        channels: channels(&web),
        form: chosen.map(|chosen| form(&chosen)),
    }))
}

pub async fn save(State(web): State<Web>, signed: Signed, fields: Fields) -> Result<Response, Refusal> {
    let steps = Steps::of(&signed, &web)?;
    let chosen = Chosen::of(&fields, &web).map_err(|problem| signed.refuse(problem))?;
    let Some(chosen) = chosen else { return Ok(to(&signed.layout, "start/number")) };
    let typed = Simple::read(&fields);
    let saved = saving::change::<Channels>(&web, &signed, chosen.id, &chosen.tag, typed.patch()).await;
    let mut form = Form { hours: typed, ..form(&chosen) };
    match saved.map_err(|problem| signed.refuse(problem))? {
        Outcome::Saved(_) => return Ok(to(&signed.layout, "start/greetings")),
        Outcome::Wrong(faults) => form.faults = faults,
        Outcome::Changed(now) => {
            form.tag = tag(&now);
            form.meanwhile = Some(Simple::of(&now));
        }
    }
    Ok(show_wrong(&Page { layout: signed.layout.clone(), steps, channels: channels(&web), form: Some(form) }))
}

fn form(chosen: &Chosen) -> Form {
    Form {
        channel: chosen.id.to_string(),
        name: chosen.name().to_owned(),
        zone: chosen.document["time_zone"].as_str().unwrap_or_default().to_owned(),
        tag: chosen.tag.clone(),
        hours: Simple::of(&chosen.document),
        meanwhile: None,
        faults: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_hours_are_known_again_and_others_are_left_as_they_are() {
        let of = |hours: Value| Simple::of(&json!({ "hours": hours }));
        assert_eq!(of(json!({ "mode": "always" })), Simple::Always);
        assert_eq!(of(json!({ "mode": "schedule", "weekly": {} })), Simple::Never);
        let typed = Simple::Weekdays("08:30".into(), "16:00".into());
        let mut saved = json!({ "hours": { "mode": "schedule", "weekly": { "sat": [["10:00", "12:00"]] } } });
        assert_eq!(Simple::of(&saved), Simple::Painted);
        crate::web::page::merge(&mut saved, typed.patch());
        assert_eq!(Simple::of(&saved), typed);
        let mut two = json!({ "mode": "schedule", "weekly": {} });
        two["weekly"]["mon"] = json!([["09:00", "12:00"], ["13:00", "17:00"]]);
        assert_eq!(of(two), Simple::Painted);
        assert_eq!(Simple::Painted.patch(), json!({}));
    }
}
