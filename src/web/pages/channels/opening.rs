//! The opening hours of a channel as their form has them: everything as text, as it was typed, and what its buttons do to it.
//! Channels that are called and channels that are written to have the same.

use super::{
    super::{
        form::{Fields, FieldsAndFiles},
        layout::Layout,
    },
    draft::Faults,
    ical,
    week::{self, WEEKDAYS},
    words,
};
use crate::{
    desk::settings::Fault,
    routing::{
        holidays::{REGIONS, Region},
        hours::{Hours, HoursError, Problem},
        zone::Zone,
    },
};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde_json::{Map, Value, json};

/// How the button of an exception says which row, counted from 0.
const REMOVE: &str = "remove:";
/// A calendar of holidays is small.
const CALENDAR_MAX: usize = 1 << 20;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opening {
    pub scheduled: bool,
    /// RFC 3339, or nothing.
    pub closed_until: String,
    /// Monday first.
    pub week: [String; 7],
    pub exceptions: Vec<Exception>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exception {
    pub date: String,
    pub spans: String,
    pub name: String,
}

impl Opening {
    /// As a document has it.
    pub fn of(hours: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let exception = |one: &Value| Exception {
            date: text(&one["date"]),
            spans: week::typed(&one["spans"]),
            name: text(&one["name"]),
        };
        Self {
            scheduled: hours["mode"] == "schedule",
            closed_until: text(&hours["closed_until"]),
            week: WEEKDAYS.map(|day| week::typed(&hours["weekly"][day])),
            exceptions: hours["exceptions"].as_array().into_iter().flatten().map(exception).collect(),
        }
    }

    /// As it was filled in. Rows without anything in them are none, and that whose button was pressed is gone.
    pub fn sent(fields: &Fields) -> Self {
        let text = |name: &str| fields.text(name).to_owned();
        let all = |name: &str| fields.all(name).map(str::to_owned).collect::<Vec<_>>();
        let (dates, spans, names) = (all("exception_date"), all("exception_spans"), all("exception_name"));
        let at = |list: &[String], index: usize| list.get(index).cloned().unwrap_or_default();
        let rows = dates.len().max(spans.len()).max(names.len());
        let row = |n| Exception { date: at(&dates, n), spans: at(&spans, n), name: at(&names, n) };
        let removed = fields.text("action").strip_prefix(REMOVE).and_then(|row| row.parse().ok());
        let kept = (0..rows).filter(|n| removed != Some(*n)).map(row);
        Self {
            scheduled: fields.text("hours_mode") == "schedule",
            closed_until: text("closed_until"),
            week: WEEKDAYS.map(text),
            exceptions: kept.filter(|row| *row != Exception::default()).collect(),
        }
    }

    /// Looked at here already, so that what is wrong is said in the reader's language.
    pub fn document(&self, layout: &Layout, faults: &mut Faults) -> Value {
        let unreadable = |piece: String| layout.t1("opening-unreadable", "piece", piece);
        let mut hours = Map::new();
        hours.insert("mode".into(), json!(if self.scheduled { "schedule" } else { "always" }));
        if !self.closed_until.is_empty() {
            hours.insert("closed_until".into(), json!(self.closed_until));
        }
        let mut wrong = Faults::default();
        let mut weekly = Map::new();
        for (day, typed) in WEEKDAYS.into_iter().zip(&self.week) {
            match week::spans(typed) {
                Ok(spans) => drop(weekly.insert(day.into(), spans)),
                Err(piece) => wrong.add(day, unreadable(piece)),
            }
        }
        let mut exceptions = Vec::new();
        for (row, exception) in self.exceptions.iter().enumerate() {
            let name = Some(&exception.name).filter(|name| !name.is_empty());
            match week::spans(&exception.spans) {
                Ok(spans) => {
                    exceptions.push(json!({ "date": exception.date, "spans": spans, "name": name }));
                }
                Err(piece) => wrong.add(format!("exception.{row}"), unreadable(piece)),
            }
        }
        if self.scheduled {
            hours.insert("weekly".into(), weekly.into());
            hours.insert("exceptions".into(), exceptions.into());
        }
        let hours = hours.into();
        if wrong.is_empty()
            && let Err(error) = Hours::from_json(&hours)
        {
            wrong.add(field(error.pointer()), told(&error, layout));
        }
        faults.extend(wrong);
        hours
    }

    /// Every field with what is in it, for two to be laid side by side.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![
            ("mode", if self.scheduled { "schedule".into() } else { "always".into() }),
            ("closed_until", self.closed_until.clone()),
        ];
        lines.extend(WEEKDAYS.into_iter().zip(self.week.iter().map(|typed| plain(typed))));
        let mut exceptions: Vec<String> = self.exceptions.iter().map(Exception::line).collect();
        exceptions.sort();
        lines.push(("exceptions", exceptions.join("; ")));
        lines
    }

    /// Does what a button of the form says, and tells what came of it. `None`: it is none of these buttons.
    pub fn press(
        &mut self,
        action: &str,
        form: &FieldsAndFiles,
        layout: &Layout,
        today: NaiveDate,
        faults: &mut Faults,
    ) -> Option<Option<String>> {
        match action {
            "copy" => self.copy(form),
            "more" => self.exceptions.push(Exception::default()),
            action if action.starts_with(REMOVE) => {}
            "holidays" => return Some(Some(self.add_holidays(layout, form, today))),
            "ical" => return Some(self.add_calendar(layout, form, faults)),
            _ => return None,
        }
        Some(None)
    }

    fn copy(&mut self, form: &FieldsAndFiles) {
        let place = |day: &str| WEEKDAYS.iter().position(|known| *known == day);
        let Some(from) = place(form.fields.text("copy_from")) else { return };
        let typed = self.week[from].clone();
        for day in form.fields.all("copy_to").filter_map(place) {
            self.week[day] = typed.clone();
        }
        self.scheduled = true;
    }

    /// Closes on every holiday of the chosen year that is to come and is not in the list yet.
    fn add_holidays(&mut self, layout: &Layout, form: &FieldsAndFiles, today: NaiveDate) -> String {
        let Some(region) = Region::of(form.fields.text("region")) else { return layout.t("holidays-choose") };
        let year = form.fields.text("year").parse().unwrap_or(today.year());
        let days = region.holidays(year).into_iter().filter(|(date, _)| *date >= today);
        let added = self.add_days(days);
        layout.count("opening-days-added", added)
    }

    fn add_calendar(
        &mut self,
        layout: &Layout,
        form: &FieldsAndFiles,
        faults: &mut Faults,
    ) -> Option<String> {
        let mut refuse = |key: &str| {
            faults.add("ical", layout.t(key));
            None
        };
        let Some(file) = form.file("ical") else { return refuse("ical-choose") };
        if file.len() > CALENDAR_MAX {
            return refuse("ical-too-large");
        }
        let calendar = match ical::read(file) {
            Ok(calendar) => calendar,
            Err(refused) => return refuse(refused.key()),
        };
        let added = self.add_days(calendar.days.into_iter());
        let mut told = vec![layout.count("opening-days-added", added)];
        if calendar.left_out > 0 {
            told.push(layout.count("ical-left-out", calendar.left_out));
        }
        if calendar.repeated > 0 {
            told.push(layout.count("ical-repeated", calendar.repeated));
        }
        Some(told.join(" "))
    }

    /// How many were not there yet.
    fn add_days(&mut self, days: impl Iterator<Item = (NaiveDate, String)>) -> usize {
        let before = self.exceptions.len();
        for (date, name) in days {
            let date = date.to_string();
            if !self.exceptions.iter().any(|exception| exception.date == date) {
                self.exceptions.push(Exception { date, spans: String::new(), name });
            }
        }
        self.exceptions.sort_by(|a, b| a.date.cmp(&b.date));
        self.scheduled = true;
        self.exceptions.len() - before
    }
}

impl Exception {
    fn line(&self) -> String {
        format!("{} {} {}", self.date, plain(&self.spans), self.name).trim().to_owned()
    }
}

/// The same hours are typed in several ways.
fn plain(typed: &str) -> String {
    week::spans(typed).map_or_else(|_| typed.to_owned(), |spans| week::typed(&spans))
}

/// The field that shows this place below the hours of a document.
pub fn field(pointer: &str) -> String {
    let mut steps = pointer.split('/').skip(1);
    let first = steps.next().unwrap_or_default();
    match (first, steps.next().unwrap_or_default()) {
        ("weekly", day) if !day.is_empty() => day.to_owned(),
        ("exceptions", row) if !row.is_empty() => format!("exception.{row}"),
        _ => "mode".into(),
    }
}

/// What is wrong with the hours of a document, at its fields.
pub fn faults(all: &[Fault]) -> Faults {
    let mut faults = Faults::default();
    for fault in all {
        if let Some(place) = fault.pointer.strip_prefix("/hours") {
            faults.add(field(place), fault.detail.clone());
        }
    }
    faults
}

fn told(error: &HoursError, layout: &Layout) -> String {
    match error.problem() {
        Problem::Overlap { .. } => layout.t("opening-overlap"),
        Problem::EqualEnds { .. } | Problem::StartsAtTheEnd => layout.t("opening-empty-span"),
        Problem::BadDate { .. } => layout.t("opening-no-date"),
        Problem::DoubledDate { .. } => layout.t("opening-date-twice"),
        _ => error.to_string(),
    }
}

/// What the page shows of the hours.
pub struct OpeningPart {
    pub scheduled: bool,
    pub closed_until: String,
    pub mode_fault: Option<String>,
    pub days: Vec<Day>,
    pub exceptions: Vec<Row>,
    pub ical_fault: Option<String>,
    pub zone: &'static str,
    pub years: [i32; 2],
    pub regions: &'static [Region],
}

pub struct Day {
    /// As in documents.
    pub day: &'static str,
    pub name: String,
    pub typed: String,
    pub fault: Option<String>,
}

pub struct Row {
    pub exception: Exception,
    pub fault: Option<String>,
}

impl OpeningPart {
    pub fn of(opening: &Opening, faults: &Faults, layout: &Layout, zone: &Zone, now: DateTime<Utc>) -> Self {
        let year = zone.local(now).date().year();
        let days = WEEKDAYS.into_iter().zip(&opening.week).map(|(day, typed)| Day {
            day,
            name: words::named(layout, day),
            typed: typed.clone(),
            fault: faults.get(day),
        });
        let rows = opening.exceptions.iter().enumerate().map(|(row, exception)| Row {
            exception: exception.clone(),
            fault: faults.get(&format!("exception.{row}")),
        });
        Self {
            scheduled: opening.scheduled,
            closed_until: opening.closed_until.clone(),
            mode_fault: faults.get("mode"),
            days: days.collect(),
            exceptions: rows.collect(),
            ical_fault: faults.get("ical"),
            zone: zone.name(),
            years: [year, year + 1],
            regions: &REGIONS,
        }
    }
}
