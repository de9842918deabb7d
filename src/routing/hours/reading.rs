//! Hours as JSON: reads them, says where they are wrong (hours are typed by people), and writes them back.

use super::{DAY, Exception, Hours, Mode, Schedule, Span, WEEKDAY_NAMES, WEEKDAYS, Weekly};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};
use std::{
    collections::HashSet,
    fmt::{self, Display},
};

/// Hours that cannot be: where, and why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct HoursError {
    pointer: String,
    problem: Problem,
}

/// What can be wrong with hours. The texts are for the people who enter them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("{found} is not {wanted}")]
    WrongType { found: String, wanted: &'static str },
    #[error("{key:?} is missing")]
    Missing { key: &'static str },
    #[error("{key:?} does not belong here; known are {}", known.join(", "))]
    UnknownKey { key: String, known: &'static [&'static str] },
    #[error("{value:?} is neither of the modes, \"always\" and \"schedule\"")]
    UnknownMode { value: String },
    #[error("{value:?} is not a time of day such as \"09:00\"")]
    BadTime { value: String },
    #[error("a span can end at 24:00, but it cannot start then")]
    StartsAtTheEnd,
    #[error("a span cannot start and end at {value}; a whole day is from 00:00 to 24:00")]
    EqualEnds { value: String },
    #[error("{value:?} is not a date such as \"2026-12-24\"")]
    BadDate { value: String },
    #[error("{value:?} is not an instant such as \"2026-12-24T14:00:00+01:00\"")]
    BadInstant { value: String },
    #[error("{span} overlaps {other}")]
    Overlap { span: String, other: String },
    #[error("{date} is listed twice")]
    DoubledDate { date: NaiveDate },
}

impl HoursError {
    /// Where, as a JSON pointer from the value that was read, such as `/weekly/mon/1`.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The same, seen from the object or list that holds the value under this key.
    pub fn within(self, key: impl Display) -> HoursError {
        let key = key.to_string().replace('~', "~0").replace('/', "~1");
        HoursError { pointer: format!("/{key}{}", self.pointer), ..self }
    }
}

impl From<Problem> for HoursError {
    fn from(problem: Problem) -> HoursError {
        HoursError { pointer: String::new(), problem }
    }
}

impl Hours {
    /// Reads what the API calls `hours`, and says where it is wrong.
    pub fn from_json(value: &Value) -> Result<Hours, HoursError> {
        let fields = object(value)?;
        let mode = match required(fields, "mode", text)? {
            "always" => {
                only(fields, &["mode", "closed_until"])?;
                Mode::Always
            }
            "schedule" => {
                only(fields, &["mode", "weekly", "exceptions", "closed_until"])?;
                Mode::Schedule(Schedule {
                    weekly: required(fields, "weekly", Weekly::from_json)?,
                    exceptions: optional(fields, "exceptions", exceptions)?.unwrap_or_default(),
                })
            }
            other => {
                return Err(HoursError::from(Problem::UnknownMode { value: short(other) }).within("mode"));
            }
        };
        let closed_until = optional(fields, "closed_until", |value| unless_null(value, instant))?.flatten();
        Ok(Hours { mode, closed_until })
    }
}

impl Weekly {
    /// Reads a user's working hours or the `weekly` of a channel's, and says where they are wrong.
    pub fn from_json(value: &Value) -> Result<Weekly, HoursError> {
        let fields = object(value)?;
        only(fields, &WEEKDAYS)?;
        let mut weekly = Weekly::default();
        for (key, day) in WEEKDAYS.into_iter().zip(&mut weekly.days) {
            *day = optional(fields, key, spans)?.unwrap_or_default();
        }
        weekly.refuse_overlaps()?;
        Ok(weekly)
    }

    /// Monday comes once more at the end, for what runs into it from Sunday.
    fn refuse_overlaps(&self) -> Result<(), HoursError> {
        let days = self.days.iter().enumerate().chain([(7, &self.days[0])]);
        let placed = days.flat_map(|(day, spans)| placed(spans, day as i64, day % 7)).collect();
        let Some((earlier, later)) = overlap(placed) else { return Ok(()) };
        let name = |place: Placed| format!("{} on {}", place.span, WEEKDAY_NAMES[place.list]);
        let problem = Problem::Overlap { span: name(later), other: name(earlier) };
        Err(HoursError::from(problem).within(later.index).within(WEEKDAYS[later.list]))
    }
}

impl Exception {
    fn from_json(value: &Value) -> Result<Exception, HoursError> {
        let fields = object(value)?;
        only(fields, &["date", "spans", "name"])?;
        let name = optional(fields, "name", |value| unless_null(value, text))?.flatten();
        Ok(Exception {
            date: required(fields, "date", date)?,
            spans: required(fields, "spans", spans)?,
            name: name.map(str::to_owned),
        })
    }
}

impl Span {
    fn from_json(value: &Value) -> Result<Span, HoursError> {
        let [start, end] = list(value)?.as_slice() else {
            return Err(wrong_type(value, "a start and an end"));
        };
        let start = time(start).and_then(not_the_end).map_err(|error| error.within(0))?;
        let end = time(end).map_err(|error| error.within(1))?;
        match end {
            _ if end == start => Err(Problem::EqualEnds { value: clock(start) }.into()),
            _ if end < start => Ok(Span { start, end: end + DAY }),
            _ => Ok(Span { start, end }),
        }
    }
}

fn exceptions(value: &Value) -> Result<Vec<Exception>, HoursError> {
    let mut exceptions = each(value, Exception::from_json)?;
    refuse_doubled_dates(&exceptions)?;
    refuse_overlapping_exceptions(&exceptions)?;
    exceptions.sort_by_key(|exception| exception.date);
    Ok(exceptions)
}

fn refuse_doubled_dates(exceptions: &[Exception]) -> Result<(), HoursError> {
    let mut seen = HashSet::new();
    match exceptions.iter().position(|exception| !seen.insert(exception.date)) {
        Some(index) => {
            let problem = Problem::DoubledDate { date: exceptions[index].date };
            Err(HoursError::from(problem).within("date").within(index))
        }
        None => Ok(()),
    }
}

/// Only exceptions among themselves: a weekly span may run into an exceptional date, and what an exception
/// and the weekday after it say is simply both true. Otherwise a day that is open throughout could not follow
/// a usual night.
fn refuse_overlapping_exceptions(exceptions: &[Exception]) -> Result<(), HoursError> {
    let day = |exception: &Exception| i64::from(exception.date.num_days_from_ce());
    let lists = exceptions.iter().enumerate();
    let placed = lists.flat_map(|(list, exception)| placed(&exception.spans, day(exception), list)).collect();
    let Some((earlier, later)) = overlap(placed) else { return Ok(()) };
    let name = |place: Placed| format!("{} on {}", place.span, exceptions[place.list].date);
    let problem = Problem::Overlap { span: name(later), other: name(earlier) };
    Err(HoursError::from(problem).within(later.index).within("spans").within(later.list))
}

/// A span on the line of time, in minutes, and where it was written: in which list, and where in it.
#[derive(Clone, Copy)]
struct Placed {
    start: i64,
    end: i64,
    list: usize,
    index: usize,
    span: Span,
}

fn placed(spans: &[Span], day: i64, list: usize) -> impl Iterator<Item = Placed> {
    let midnight = day * i64::from(DAY);
    spans.iter().enumerate().map(move |(index, span)| Placed {
        start: midnight + i64::from(span.start),
        end: midnight + i64::from(span.end),
        list,
        index,
        span: *span,
    })
}

/// Two spans that overlap, in the order in which they were written.
fn overlap(mut spans: Vec<Placed>) -> Option<(Placed, Placed)> {
    spans.sort_by_key(|span| span.start);
    let pair = spans.windows(2).find(|pair| pair[1].start < pair[0].end)?;
    let written = |span: &Placed| (span.list, span.index);
    match written(&pair[0]) < written(&pair[1]) {
        true => Some((pair[0], pair[1])),
        false => Some((pair[1], pair[0])),
    }
}

fn object(value: &Value) -> Result<&Map<String, Value>, HoursError> {
    value.as_object().ok_or_else(|| wrong_type(value, "an object"))
}

fn list(value: &Value) -> Result<&Vec<Value>, HoursError> {
    value.as_array().ok_or_else(|| wrong_type(value, "a list"))
}

fn text(value: &Value) -> Result<&str, HoursError> {
    value.as_str().ok_or_else(|| wrong_type(value, "a text"))
}

fn spans(value: &Value) -> Result<Vec<Span>, HoursError> {
    each(value, Span::from_json)
}

/// Minutes since midnight, 24:00 included.
fn time(value: &Value) -> Result<u16, HoursError> {
    let text = text(value)?;
    minutes(text).ok_or_else(|| Problem::BadTime { value: short(text) }.into())
}

fn minutes(text: &str) -> Option<u16> {
    let &[h1, h2, b':', m1, m2] = text.as_bytes() else { return None };
    let number = |tens: u8, ones: u8| {
        (tens.is_ascii_digit() && ones.is_ascii_digit())
            .then(|| u16::from(tens - b'0') * 10 + u16::from(ones - b'0'))
    };
    let (hour, minute) = (number(h1, h2)?, number(m1, m2)?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= DAY).then_some(minutes)
}

fn not_the_end(start: u16) -> Result<u16, HoursError> {
    if start == DAY { Err(Problem::StartsAtTheEnd.into()) } else { Ok(start) }
}

/// Written in one way only, so that a date cannot be listed twice in two ways.
fn date(value: &Value) -> Result<NaiveDate, HoursError> {
    let text = text(value)?;
    let date = text.parse().ok().filter(|date: &NaiveDate| date.to_string() == text);
    date.ok_or_else(|| Problem::BadDate { value: short(text) }.into())
}

/// In a year that can still be written with four digits when it is told in UTC.
fn instant(value: &Value) -> Result<DateTime<Utc>, HoursError> {
    let text = text(value)?;
    let instant = DateTime::parse_from_rfc3339(text).ok().map(|instant| instant.to_utc());
    let instant = instant.filter(|instant| (0..=9999).contains(&instant.year()));
    instant.ok_or_else(|| Problem::BadInstant { value: short(text) }.into())
}

fn each<T>(value: &Value, read: impl Fn(&Value) -> Result<T, HoursError>) -> Result<Vec<T>, HoursError> {
    let values = list(value)?.iter().enumerate();
    values.map(|(index, value)| read(value).map_err(|error| error.within(index))).collect()
}

fn required<'a, T>(
    fields: &'a Map<String, Value>,
    key: &'static str,
    read: impl Fn(&'a Value) -> Result<T, HoursError>,
) -> Result<T, HoursError> {
    optional(fields, key, read)?.ok_or_else(|| HoursError::from(Problem::Missing { key }).within(key))
}

fn optional<'a, T>(
    fields: &'a Map<String, Value>,
    key: &'static str,
    read: impl Fn(&'a Value) -> Result<T, HoursError>,
) -> Result<Option<T>, HoursError> {
    fields.get(key).map(read).transpose().map_err(|error| error.within(key))
}

fn unless_null<'a, T>(
    value: &'a Value,
    read: impl Fn(&'a Value) -> Result<T, HoursError>,
) -> Result<Option<T>, HoursError> {
    if value.is_null() { Ok(None) } else { read(value).map(Some) }
}

fn only(fields: &Map<String, Value>, known: &'static [&'static str]) -> Result<(), HoursError> {
    match fields.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(HoursError::from(Problem::UnknownKey { key: short(key), known }).within(key)),
        None => Ok(()),
    }
}

fn wrong_type(value: &Value, wanted: &'static str) -> HoursError {
    let found = match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(list) => format!("a list of {}", list.len()),
        value => short(&value.to_string()),
    };
    Problem::WrongType { found, wanted }.into()
}

/// Enough of what was sent to recognise it.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// A time as it is written: `24:00` for the end of the day, and an hour of the next day without that day.
fn clock(minute: u16) -> String {
    let minute = if minute > DAY { minute - DAY } else { minute };
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

impl Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}–{}", clock(self.start), clock(self.end))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [clock(self.start), clock(self.end)].serialize(serializer)
    }
}

impl Serialize for Weekly {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let days = WEEKDAYS.into_iter().zip(&self.days);
        serializer.collect_map(days.filter(|(_, spans)| !spans.is_empty()))
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hours, D::Error> {
        Hours::from_json(&Value::deserialize(deserializer)?).map_err(with_place)
    }
}

impl<'de> Deserialize<'de> for Weekly {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Weekly, D::Error> {
        Weekly::from_json(&Value::deserialize(deserializer)?).map_err(with_place)
    }
}

fn with_place<E: de::Error>(error: HoursError) -> E {
    E::custom(format_args!("at {:?}: {error}", error.pointer))
}
