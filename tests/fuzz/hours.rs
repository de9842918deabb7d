//! Hours: what is accepted is judged as an obvious second opinion judges it, which paints minutes and asks chrono-tz for
//! the wall; and it is written as it is read.

use crate::draw::Draw;
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};
use std::{collections::HashSet, sync::LazyLock};
use strowger::{
    routing::hours::{Hours, Weekly},
    zones::Zones,
};

static ZONES: LazyLock<Zones> = LazyLock::new(Zones::load);
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// On whose offsets all tables agree.
const NAMES: [&str; 6] =
    ["UTC", "Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns"];
const EDGES: [&str; 16] = [
    "00:00", "24:00", "02:00", "02:30", "03:00", "01:00", "23:59", "00:01", "12:00", "09:00", "17:30",
    "22:00", "06:00", "01:30", "04:00", "20:15",
];
const WRONG: [&str; 8] = ["24:01", "25:00", "9:00", "09:60", "09:00:00", "-1:00", "ü:00", ""];
/// Around the days on which clocks are changed, new years, and a leap day.
const DATES: [&str; 12] = [
    "2026-03-28",
    "2026-03-29",
    "2026-03-30",
    "2026-10-24",
    "2026-10-25",
    "2026-10-26",
    "2026-03-08",
    "2026-11-01",
    "2026-12-31",
    "2027-01-01",
    "2028-02-29",
    "2026-04-05",
];
const INSTANTS: [&str; 10] = [
    "2026-03-29T00:59:30Z",
    "2026-10-25T00:30:00+02:00",
    "2026-11-01T05:59:59.999Z",
    "2027-01-01T00:00:00+05:30",
    "2026-03-08T07:00:00Z",
    "2026-03-28T12:34:56.789Z",
    "2016-12-31T23:59:60Z",
    "9999-12-31T23:59:59-01:00",
    "0000-01-01T00:00:00+01:00",
    "2026-10-26T00:00:00Z",
];

fn span(draw: &mut Draw<'_>) -> Value {
    let time =
        |draw: &mut Draw<'_>| if draw.chance(60) { draw.pick(&WRONG) } else { draw.pick(&EDGES) }.to_owned();
    json!([time(draw), time(draw)])
}

fn spans(draw: &mut Draw<'_>) -> Value {
    (0..draw.below(3)).map(|_| span(draw)).collect()
}

fn weekly(draw: &mut Draw<'_>) -> Value {
    let mut days = json!({});
    for day in DAYS {
        if draw.chance(2) {
            days[day] = spans(draw);
        }
    }
    days
}

fn hours(draw: &mut Draw<'_>) -> Value {
    let mut hours = json!({ "mode": "schedule", "weekly": weekly(draw) });
    if draw.chance(2) {
        let exceptions =
            (0..draw.below(4)).map(|_| json!({ "date": draw.pick(&DATES), "spans": spans(draw) }));
        hours["exceptions"] = exceptions.collect();
    }
    if draw.chance(8) {
        hours = json!({ "mode": "always" });
    }
    if draw.chance(4) {
        hours["closed_until"] = draw.pick(&INSTANTS).into();
    }
    hours
}

/// Minutes since midnight; an end is after its start.
fn minutes(span: &Value) -> Option<(i64, i64)> {
    let time = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        let two = |text: &str| (text.len() == 2).then(|| text.parse::<u8>().ok()).flatten().map(i64::from);
        let (hour, minute) = (two(hour)?, two(minute)?);
        (minute < 60 && (hour < 24 || (hour, minute) == (24, 0))).then_some(hour * 60 + minute)
    };
    let (start, end) = (time(span[0].as_str()?)?, time(span[1].as_str()?)?);
    let end = if end < start { end + 1440 } else { end };
    (start < 1440 && start != end).then_some((start, end))
}

/// Whether no minute is painted twice; `None`: a span is none.
fn paints_once<'a>(days: impl Iterator<Item = (i64, &'a Value)>, around: Option<i64>) -> Option<bool> {
    let (mut painted, mut once) = (HashSet::new(), true);
    for (day, spans) in days {
        for span in spans.as_array()? {
            let (start, end) = minutes(span)?;
            for minute in day * 1440 + start..day * 1440 + end {
                once &= painted.insert(around.map_or(minute, |all| minute.rem_euclid(all)));
            }
        }
    }
    Some(once)
}

fn is_good_week(weekly: &Value) -> bool {
    let days = DAYS.iter().enumerate().filter_map(|(at, day)| Some((at as i64, weekly.get(day)?)));
    paints_once(days, Some(7 * 1440)) == Some(true)
}

fn date_of(exception: &Value) -> NaiveDate {
    exception["date"].as_str().expect("a date").parse().expect("a date")
}

fn are_good_exceptions(exceptions: &[Value]) -> bool {
    let dates: HashSet<NaiveDate> = exceptions.iter().map(date_of).collect();
    let days = exceptions.iter().map(|one| (i64::from(date_of(one).num_days_from_ce()), &one["spans"]));
    dates.len() == exceptions.len() && paints_once(days, None) == Some(true)
}

/// The second opinion on hours that are good.
struct Opinion<'a> {
    hours: &'a Value,
    zone: Tz,
}

impl Opinion<'_> {
    fn closed_until(&self) -> Option<DateTime<Utc>> {
        let text = self.hours["closed_until"].as_str()?;
        Some(DateTime::parse_from_rfc3339(text).expect("an instant").to_utc())
    }

    fn spans_on(&self, date: NaiveDate) -> Vec<(i64, i64)> {
        let exceptions = self.hours["exceptions"].as_array().into_iter().flatten();
        let exception = exceptions.into_iter().find(|one| date_of(one) == date).map(|one| &one["spans"]);
        let weekday = DAYS[date.weekday().num_days_from_monday() as usize];
        let spans = exception.or_else(|| self.hours["weekly"].get(weekday)).and_then(Value::as_array);
        spans.into_iter().flatten().filter_map(minutes).collect()
    }

    fn open(&self, at: DateTime<Utc>) -> bool {
        if self.closed_until().is_some_and(|until| at < until) {
            return false;
        }
        if self.hours["mode"] == "always" {
            return true;
        }
        let wall = at.with_timezone(&self.zone).naive_local();
        let minute = i64::from(wall.hour() * 60 + wall.minute());
        let yesterday = wall.date().pred_opt().expect("there was a day before");
        let holds = |spans: Vec<(i64, i64)>, minute| {
            spans.iter().any(|(start, end)| (*start..*end).contains(&minute))
        };
        holds(self.spans_on(wall.date()), minute) || holds(self.spans_on(yesterday), minute + 1440)
    }

    /// The first change within these minutes: at a whole minute, or when "closed until" ends.
    fn next_change(&self, at: DateTime<Utc>, within: i64) -> Option<DateTime<Utc>> {
        let (open, second) = (self.open(at), at.timestamp());
        let whole =
            (1..=within).filter_map(|n| DateTime::from_timestamp((second.div_euclid(60) + n) * 60, 0));
        let mut all: Vec<DateTime<Utc>> = whole.chain(self.closed_until()).filter(|one| *one > at).collect();
        all.sort();
        let last = at + TimeDelta::minutes(within);
        all.into_iter().filter(|one| *one <= last).find(|one| self.open(*one) != open)
    }
}

fn instant(draw: &mut Draw<'_>) -> DateTime<Utc> {
    let day: NaiveDate = draw.pick(&DATES).parse().expect("a date");
    let midnight = day.and_hms_opt(0, 0, 0).expect("a midnight").and_utc();
    let minutes = i64::from(draw.number() % 4320) - 1440;
    midnight
        + TimeDelta::minutes(minutes)
        + TimeDelta::milliseconds((draw.below(2) * draw.below(60_000)) as i64)
}

#[test]
fn hours_are_accepted_and_judged_as_by_painting_minutes() {
    fuzz!(2_000, 128, |draw: &mut Draw<'_>| {
        let value = hours(draw);
        let read = Hours::from_json(&value);
        let exceptions = value["exceptions"].as_array().cloned().unwrap_or_default();
        // In UTC their years have five digits, or a sign.
        let far = ["9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00"];
        let far = far.iter().any(|far| value["closed_until"] == *far);
        let good = !far && value["mode"] == "always"
            || !far && is_good_week(&value["weekly"]) && are_good_exceptions(&exceptions);
        assert_eq!(read.is_ok(), good, "{value}: {read:?}");
        let Ok(read) = read else { return };

        let name = draw.pick(&NAMES);
        let (zone, opinion) = (
            ZONES.get(name).expect("a zone"),
            Opinion { hours: &value, zone: name.parse().expect("a zone") },
        );
        for _ in 0..2 {
            let at = instant(draw);
            assert_eq!(read.verdict(&zone, at).open, opinion.open(at), "{value} at {at} in {name}");
            let within = 26 * 60;
            let change = read.next_change(&zone, at);
            let soon = change.filter(|change| *change <= at + TimeDelta::minutes(within));
            assert_eq!(soon, opinion.next_change(at, within), "{value} after {at} in {name}");
        }
    });
}

#[test]
fn hours_that_are_accepted_are_written_as_they_are_read() {
    fuzz!(20_000, 192, |draw: &mut Draw<'_>| {
        let mut value = hours(draw);
        for _ in 0..draw.below(4) {
            value = draw.mutated_json(&value);
        }
        if value.is_object() && draw.chance(5) {
            let offset = draw.pick(&["Z", "+00:00", "-01:00", "+14:00", "-23:59", "+24:00"]);
            let year = draw.pick(&["0000", "9999", "2026", "+10000", "-0001", "0001"]);
            value["closed_until"] =
                format!("{year}-{}{offset}", draw.pick(&["01-01T00:00:00", "12-31T23:59:60"])).into();
        }
        let Ok(read) = Hours::from_json(&value) else { return };
        let written = serde_json::to_value(&read).unwrap();
        let again = Hours::from_json(&written);
        assert_eq!(again.as_ref(), Ok(&read), "{value} was written as {written}");
        assert_eq!(serde_json::to_value(again.unwrap()).unwrap(), written);
        let zone = ZONES.get("Europe/Vienna").expect("a zone");
        for at in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, DateTime::UNIX_EPOCH] {
            read.verdict(&zone, at);
            read.next_change(&zone, at);
        }
    });
}

#[test]
fn a_week_that_is_accepted_is_written_as_it_is_read() {
    fuzz!(20_000, 128, |draw: &mut Draw<'_>| {
        let mut value = weekly(draw);
        for _ in 0..draw.below(3) {
            value = draw.mutated_json(&value);
        }
        let Ok(read) = Weekly::from_json(&value) else { return };
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(Weekly::from_json(&written).as_ref(), Ok(&read), "{value} was written as {written}");
        assert_eq!(read.is_empty(), written == json!({}), "{value}");
    });
}
