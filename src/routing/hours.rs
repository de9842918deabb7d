//! Working hours (D11): local wall-clock spans by weekday, dated exceptions, "closed until". Pure; the
//! instant is converted to local time, never the span to an offset. Who asks, and what then happens to the
//! call, is elsewhere.

mod reading;

pub use reading::{HoursError, Problem};

use super::zone::Zone;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};
use serde::{Deserialize, Serialize};

/// Minutes in a day of 24 hours. On the wall every day is one; clocks that are changed skip or repeat a part
/// of it.
const DAY: u16 = 1440;
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const WEEKDAY_NAMES: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/// How far ahead the next change is looked for.
const HORIZON: TimeDelta = TimeDelta::days(366);

/// When a channel is open. Written and read as the API has it:
/// `{"mode": "schedule", "weekly": {"mon": [["09:00", "12:00"]]}, "exceptions": [], "closed_until": null}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hours {
    #[serde(flatten)]
    mode: Mode,
    /// Closed before this instant, whatever else is said.
    pub closed_until: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
enum Mode {
    Always,
    Schedule(Schedule),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Schedule {
    weekly: Weekly,
    /// In the order of their dates.
    exceptions: Vec<Exception>,
}

/// A date that differs from its weekday: its spans replace those that start on it. No spans: closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exception {
    pub date: NaiveDate,
    pub spans: Vec<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The spans of each weekday, such as a user's working hours: `{"mon": [["09:00", "12:00"], ["13:00",
/// "17:30"]]}`. Weekdays that are not there are closed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Weekly {
    /// Monday first.
    days: [Vec<Span>; 7],
}

/// A half-open span of wall time, which belongs to the day on which it starts: `["22:00", "03:00"]` runs past
/// midnight. `24:00` and `00:00` as an end are the midnight that ends the day; we write it as `24:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Minutes since the midnight at which the day starts.
    start: u16,
    /// Likewise, so that it is more than a day's when the span runs past midnight.
    end: u16,
}

/// Whether it is open, and by which rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub open: bool,
    pub rule: Rule,
}

/// What decided. A span that runs past midnight keeps the rule of the day on which it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    Always,
    Weekly,
    Exception,
    ClosedUntil,
}

impl Hours {
    /// Open around the clock.
    pub fn always() -> Hours {
        Hours { mode: Mode::Always, closed_until: None }
    }

    /// Is it open at this instant?
    pub fn verdict(&self, zone: &Zone, at: DateTime<Utc>) -> Verdict {
        if self.closed_until.is_some_and(|until| at < until) {
            return Verdict { open: false, rule: Rule::ClosedUntil };
        }
        match &self.mode {
            Mode::Always => Verdict { open: true, rule: Rule::Always },
            Mode::Schedule(schedule) => schedule.verdict(zone.local(at)),
        }
    }

    /// The first instant after `at` at which it opens or closes; `None` when there is none within 366 days.
    pub fn next_change(&self, zone: &Zone, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let horizon = horizon(at);
        let Some(until) = self.closed_until.filter(|until| at < *until) else {
            return self.mode.next_change(zone, at, horizon);
        };
        if until > horizon {
            return None;
        }
        match self.verdict(zone, until).open {
            true => Some(until),
            false => self.mode.next_change(zone, until, horizon),
        }
    }

    /// Whether it is open at any time at all, or was on the date of an exception.
    pub fn ever_opens(&self) -> bool {
        match &self.mode {
            Mode::Always => true,
            Mode::Schedule(schedule) => {
                let exceptions = &schedule.exceptions;
                !schedule.weekly.is_empty() || exceptions.iter().any(|exception| !exception.spans.is_empty())
            }
        }
    }

    /// The date of the last exception.
    pub fn last_exception(&self) -> Option<NaiveDate> {
        match &self.mode {
            Mode::Always => None,
            Mode::Schedule(schedule) => schedule.exceptions.last().map(|exception| exception.date),
        }
    }

    /// The exception for this date, if there is one.
    pub fn exception_on(&self, date: NaiveDate) -> Option<&Exception> {
        match &self.mode {
            Mode::Always => None,
            Mode::Schedule(schedule) => schedule.exception_on(date),
        }
    }
}

impl Mode {
    fn next_change(&self, zone: &Zone, at: DateTime<Utc>, horizon: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Mode::Always => None,
            Mode::Schedule(schedule) => next_change(zone, at, horizon, |date| schedule.day(date).0),
        }
    }
}

impl Schedule {
    /// Where an exception and a span from the day before say so both, today's rule is named.
    fn verdict(&self, local: NaiveDateTime) -> Verdict {
        let (today, rule) = self.day(local.date());
        if today.iter().any(|span| span.covers(minute_of(local))) {
            return Verdict { open: true, rule };
        }
        match local.date().pred_opt().map(|yesterday| self.day(yesterday)) {
            Some((spans, rule)) if spans.iter().any(|span| span.covers(minute_of(local) + DAY)) => {
                Verdict { open: true, rule }
            }
            _ => Verdict { open: false, rule },
        }
    }

    /// The spans that start on this date, and why these.
    fn day(&self, date: NaiveDate) -> (&[Span], Rule) {
        match self.exception_on(date) {
            Some(exception) => (&exception.spans, Rule::Exception),
            None => (self.weekly.day(date), Rule::Weekly),
        }
    }

    fn exception_on(&self, date: NaiveDate) -> Option<&Exception> {
        let found = self.exceptions.binary_search_by_key(&date, |exception| exception.date);
        found.ok().map(|index| &self.exceptions[index])
    }
}

impl Weekly {
    /// Is this wall time inside the hours?
    pub fn open_at(&self, local: NaiveDateTime) -> bool {
        open_at(local, |date| self.day(date))
    }

    /// The first instant after `at` at which they start or end; `None` when there is none within 366 days.
    pub fn next_change(&self, zone: &Zone, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        next_change(zone, at, horizon(at), |date| self.day(date))
    }

    /// The first instant after `at` at which they start: the next shift, if one is running.
    pub fn next_opening(&self, zone: &Zone, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let change = self.next_change(zone, at)?;
        match self.open_at(zone.local(change)) {
            true => Some(change),
            false => self.next_change(zone, change),
        }
    }

    /// Never open.
    pub fn is_empty(&self) -> bool {
        self.days.iter().all(Vec::is_empty)
    }

    fn day(&self, date: NaiveDate) -> &[Span] {
        &self.days[date.weekday().num_days_from_monday() as usize]
    }
}

impl Span {
    fn covers(self, minute: u16) -> bool {
        (self.start..self.end).contains(&minute)
    }
}

/// Minutes since midnight on the wall. Spans are whole minutes, so that seconds cannot matter.
fn minute_of(local: NaiveDateTime) -> u16 {
    (local.hour() * 60 + local.minute()) as u16
}

/// Inside a span that started today or yesterday?
fn open_at<'a>(local: NaiveDateTime, day: impl Fn(NaiveDate) -> &'a [Span]) -> bool {
    let minute = minute_of(local);
    let yesterday = || local.date().pred_opt().map(&day).unwrap_or_default();
    day(local.date()).iter().any(|span| span.covers(minute))
        || yesterday().iter().any(|span| span.covers(minute + DAY))
}

fn horizon(at: DateTime<Utc>) -> DateTime<Utc> {
    at.checked_add_signed(HORIZON).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Walks from one instant at which the answer may change to the next, until it does: the edges of spans,
/// midnights, and the instants at which clocks are changed, between which wall time runs as evenly as UTC.
fn next_change<'a>(
    zone: &Zone,
    at: DateTime<Utc>,
    horizon: DateTime<Utc>,
    day: impl Fn(NaiveDate) -> &'a [Span],
) -> Option<DateTime<Utc>> {
    let open = open_at(zone.local(at), &day);
    let mut transition = zone.next_transition(at);
    let mut now = without_leap_second(at);
    loop {
        let edge = now.checked_add_signed(until_next_edge(zone.local(now), &day))?;
        now = transition.map_or(edge, |transition| transition.min(edge));
        if now > horizon {
            return None;
        }
        if open_at(zone.local(now), &day) != open {
            return Some(now);
        }
        if transition == Some(now) {
            transition = zone.next_transition(now);
        }
    }
}

/// A leap second has no wall time of its own and counts as the second before it, so that each step leads
/// onwards.
fn without_leap_second(at: DateTime<Utc>) -> DateTime<Utc> {
    at.with_nanosecond(at.nanosecond() % 1_000_000_000).unwrap_or(at)
}

/// How long until the next edge of a span or the next midnight, were the clocks not changed. Never nothing.
fn until_next_edge<'a>(local: NaiveDateTime, day: impl Fn(NaiveDate) -> &'a [Span]) -> TimeDelta {
    let yesterday = local.date().pred_opt().map(&day).unwrap_or_default();
    let today = day(local.date()).iter().flat_map(|span| [span.start, span.end]);
    let overnight = yesterday.iter().filter_map(|span| span.end.checked_sub(DAY));
    let edges = today.chain(overnight).filter(|edge| *edge > minute_of(local));
    let edge = edges.fold(DAY, u16::min);
    let since_midnight = local.time().signed_duration_since(NaiveTime::MIN);
    TimeDelta::minutes(edge.into()) - since_midnight
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use serde_json::{Map, Value};

    const VIENNA: &str = "Europe/Vienna";

    fn hours(value: Value) -> Hours {
        Hours::from_json(&value).expect("good hours")
    }

    fn weekly(value: Value) -> Weekly {
        Weekly::from_json(&value).expect("good hours")
    }

    fn schedule(weekly: Value, exceptions: Value) -> Hours {
        hours(json!({"mode": "schedule", "weekly": weekly, "exceptions": exceptions}))
    }

    /// The same spans on every weekday.
    fn daily(spans: Value) -> Value {
        WEEKDAYS.into_iter().map(|day| (day.to_owned(), spans.clone())).collect::<Map<_, _>>().into()
    }

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn wall(text: &str) -> NaiveDateTime {
        text.parse().expect("a wall time")
    }

    /// Judges at UTC, where the wall shows the instant.
    fn says(hours: &Hours, at: &str) -> (bool, Rule) {
        let Verdict { open, rule } = hours.verdict(&Zone::utc(), instant(at));
        (open, rule)
    }

    fn assert_says(hours: &Hours, table: &[(&str, bool, Rule)]) {
        for (at, open, rule) in table {
            assert_eq!(says(hours, at), (*open, *rule), "at {at}");
        }
    }

    /// Every opening and closing in a stretch of time, one question after the other.
    fn changes(hours: &Hours, zone: &Zone, from: &str, to: &str) -> Vec<String> {
        let next = |at: &DateTime<Utc>| hours.next_change(zone, *at);
        let all = std::iter::successors(next(&instant(from)), next);
        all.take_while(|at| *at < instant(to)).map(|at| at.format("%m-%dT%H:%M:%S").to_string()).collect()
    }

    #[test]
    fn a_span_is_open_from_its_first_millisecond_and_closed_at_its_end() {
        let lunch_break = schedule(json!({"mon": [["09:00", "12:00"], ["13:00", "17:30"]]}), json!([]));
        assert_says(
            &lunch_break,
            &[
                ("2026-11-23T08:59:59.999Z", false, Rule::Weekly),
                ("2026-11-23T09:00:00.000Z", true, Rule::Weekly),
                ("2026-11-23T11:59:59.999Z", true, Rule::Weekly),
                ("2026-11-23T12:00:00.000Z", false, Rule::Weekly),
                ("2026-11-23T12:59:59.999Z", false, Rule::Weekly),
                ("2026-11-23T13:00:00.000Z", true, Rule::Weekly),
                ("2026-11-23T17:29:60.500Z", true, Rule::Weekly),
                ("2026-11-23T17:30:00.000Z", false, Rule::Weekly),
                ("2026-11-24T10:00:00.000Z", false, Rule::Weekly),
            ],
        );
    }

    #[test]
    fn a_span_past_midnight_belongs_to_the_day_on_which_it_starts() {
        let night = schedule(json!({"sun": [["22:00", "03:00"]]}), json!([]));
        assert_says(
            &night,
            &[
                ("2026-11-22T02:00:00Z", false, Rule::Weekly),
                ("2026-11-22T21:59:59.999Z", false, Rule::Weekly),
                ("2026-11-22T22:00:00Z", true, Rule::Weekly),
                ("2026-11-23T00:00:00Z", true, Rule::Weekly),
                ("2026-11-23T02:59:59.999Z", true, Rule::Weekly),
                ("2026-11-23T03:00:00Z", false, Rule::Weekly),
                ("2026-11-23T22:30:00Z", false, Rule::Weekly),
            ],
        );
    }

    #[test]
    fn a_day_may_end_at_24_or_at_midnight() {
        for end in ["24:00", "00:00"] {
            let evening = schedule(json!({"mon": [["18:00", end]]}), json!([]));
            assert_says(
                &evening,
                &[
                    ("2026-11-23T00:00:00Z", false, Rule::Weekly),
                    ("2026-11-23T23:59:59.999Z", true, Rule::Weekly),
                    ("2026-11-24T00:00:00Z", false, Rule::Weekly),
                ],
            );
        }
    }

    #[test]
    fn around_the_clock_has_no_gap_and_no_change() {
        let zone = Zone::bundled(VIENNA);
        for all_day in [schedule(daily(json!([["00:00", "24:00"]])), json!([])), Hours::always()] {
            for at in ["2026-11-23T23:59:59.999Z", "2026-11-24T00:00:00Z", "2026-10-25T00:59:59.999Z"] {
                assert!(all_day.verdict(&zone, instant(at)).open, "at {at}");
            }
            assert_eq!(all_day.next_change(&zone, instant("2026-01-01T00:00:00Z")), None);
        }
    }

    #[test]
    fn an_exception_replaces_the_spans_that_start_on_its_date() {
        let office = schedule(
            daily(json!([["09:00", "17:00"], ["22:00", "03:00"]])),
            json!([
                {"date": "2026-12-25", "spans": [], "name": "Christmas"},
                {"date": "2026-12-24", "spans": [["09:00", "12:00"]]},
                {"date": "2026-12-31", "spans": [["20:00", "04:00"]]},
            ]),
        );
        assert_says(
            &office,
            &[
                // The night before runs on into the exceptional day.
                ("2026-12-24T02:59:59.999Z", true, Rule::Weekly),
                ("2026-12-24T03:00:00Z", false, Rule::Exception),
                ("2026-12-24T11:59:59.999Z", true, Rule::Exception),
                ("2026-12-24T12:00:00Z", false, Rule::Exception),
                ("2026-12-24T22:30:00Z", false, Rule::Exception),
                ("2026-12-25T01:00:00Z", false, Rule::Exception),
                ("2026-12-25T10:00:00Z", false, Rule::Exception),
                ("2026-12-25T22:30:00Z", false, Rule::Exception),
                ("2026-12-26T01:00:00Z", false, Rule::Weekly),
                ("2026-12-26T10:00:00Z", true, Rule::Weekly),
                // A night that an exception opened is the exception's until it ends.
                ("2027-01-01T03:59:59.999Z", true, Rule::Exception),
                ("2027-01-01T04:00:00Z", false, Rule::Weekly),
            ],
        );
        let date = |text: &str| text.parse().expect("a date");
        let christmas = office.exception_on(date("2026-12-25")).expect("an exception");
        assert_eq!(christmas.name.as_deref(), Some("Christmas"));
        assert_eq!(office.exception_on(date("2026-12-26")), None);
        assert_eq!(Hours::always().exception_on(date("2026-12-25")), None);
    }

    #[test]
    fn where_the_night_before_and_an_exception_are_both_open_todays_rule_is_named() {
        let nights = schedule(
            daily(json!([["22:00", "06:00"]])),
            json!([{"date": "2026-12-25", "spans": [["00:00", "24:00"]]}]),
        );
        assert_says(
            &nights,
            &[
                ("2026-12-24T23:59:00Z", true, Rule::Weekly),
                ("2026-12-25T05:00:00Z", true, Rule::Exception),
                ("2026-12-25T23:59:00Z", true, Rule::Exception),
                ("2026-12-26T05:00:00Z", false, Rule::Weekly),
            ],
        );
    }

    #[test]
    fn closed_until_beats_everything_and_ends_by_itself() {
        let until = "2026-11-23T14:00:00+01:00";
        let always = hours(json!({"mode": "always", "closed_until": until}));
        let office = hours(json!({
            "mode": "schedule",
            "weekly": {"mon": [["09:00", "17:00"]]},
            "exceptions": [{"date": "2026-11-23", "spans": [["12:00", "13:30"]]}],
            "closed_until": until,
        }));
        for hours in [&always, &office] {
            assert_eq!(says(hours, "2026-11-23T12:59:59.999Z"), (false, Rule::ClosedUntil));
            let change = hours.next_change(&Zone::utc(), instant("2026-11-20T00:00:00Z"));
            assert_eq!(change, Some(instant("2026-11-23T13:00:00Z")));
        }
        assert_eq!(says(&always, "2026-11-23T13:00:00Z"), (true, Rule::Always));
        assert_eq!(says(&office, "2026-11-23T13:00:00Z"), (true, Rule::Exception));
        assert_eq!(always.next_change(&Zone::utc(), instant("2026-11-23T13:00:00Z")), None);
    }

    #[test]
    fn closed_until_can_be_read_again_as_it_was_written_however_far_it_is() {
        let read = |until: &str| Hours::from_json(&json!({"mode": "always", "closed_until": until}));
        for far in ["9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00"] {
            let refusal = read(far).expect_err("in UTC it is beyond four digits");
            assert_eq!(refusal.pointer(), "/closed_until");
            assert!(matches!(refusal.problem(), Problem::BadInstant { .. }), "{refusal}");
        }
        for near in ["9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59+01:00"] {
            let hours = read(near).expect("good hours");
            assert_eq!(Hours::from_json(&json!(hours)), Ok(hours), "{near}");
        }
    }

    #[test]
    fn after_closed_until_the_schedule_decides_when_it_opens() {
        let mut office = schedule(json!({"mon": [["09:00", "17:00"]]}), json!([]));
        let zone = Zone::utc();
        office.closed_until = Some(instant("2026-11-23T18:00:00Z"));
        let change = office.next_change(&zone, instant("2026-11-22T00:00:00Z"));
        assert_eq!(change, Some(instant("2026-11-30T09:00:00Z")));
        office.closed_until = Some(instant("2028-01-01T00:00:00Z"));
        assert_eq!(office.next_change(&zone, instant("2026-11-22T00:00:00Z")), None);
        office.closed_until = Some(instant("2020-01-01T00:00:00Z"));
        assert_eq!(
            office.next_change(&zone, instant("2026-11-22T00:00:00Z")),
            Some(instant("2026-11-23T09:00:00Z"))
        );
    }

    #[test]
    fn clocks_that_are_changed_skip_and_repeat_spans() {
        let (spring, autumn) = (
            ("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"),
            ("2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"),
        );
        let zone = Zone::bundled(VIENNA);
        let table: &[(Value, (&str, &str), &[&str])] = &[
            // Spring: 02:00 to 03:00 does not exist; 03:00 is 01:00 UTC.
            (json!([["02:00", "03:00"]]), spring, &[]),
            (json!([["02:15", "02:45"]]), spring, &[]),
            (json!([["02:30", "04:00"]]), spring, &["03-29T01:00:00", "03-29T02:00:00"]),
            (json!([["01:30", "02:30"]]), spring, &["03-29T00:30:00", "03-29T01:00:00"]),
            (json!([["01:00", "02:00"], ["03:00", "04:00"]]), spring, &["03-29T00:00:00", "03-29T02:00:00"]),
            (json!([["22:00", "03:00"]]), spring, &["03-28T21:00:00", "03-29T01:00:00"]),
            // Autumn: 02:00 to 03:00 happens twice, from 00:00 and from 01:00 UTC.
            (json!([["02:00", "03:00"]]), autumn, &["10-25T00:00:00", "10-25T02:00:00"]),
            (
                json!([["02:15", "02:45"]]),
                autumn,
                &["10-25T00:15:00", "10-25T00:45:00", "10-25T01:15:00", "10-25T01:45:00"],
            ),
            (
                json!([["01:00", "02:30"]]),
                autumn,
                &["10-24T23:00:00", "10-25T00:30:00", "10-25T01:00:00", "10-25T01:30:00"],
            ),
            (
                json!([["02:30", "04:00"]]),
                autumn,
                &["10-25T00:30:00", "10-25T01:00:00", "10-25T01:30:00", "10-25T03:00:00"],
            ),
            (json!([["22:00", "03:00"]]), autumn, &["10-24T20:00:00", "10-25T02:00:00"]),
        ];
        for (spans, (from, to), expected) in table {
            let hours = schedule(daily(spans.clone()), json!([]));
            assert_eq!(changes(&hours, &zone, from, to), *expected, "{spans} from {from}");
        }
    }

    #[test]
    fn the_next_change_is_what_a_walk_by_minutes_finds() {
        let all_day_but = json!([
            {"date": "2026-03-30", "spans": []},
            {"date": "2026-04-07", "spans": []},
            {"date": "2026-10-25", "spans": [["02:10", "02:20"]]},
            {"date": "2026-11-03", "spans": []},
        ]);
        let schedules = [
            schedule(daily(json!([["09:00", "12:00"], ["13:00", "17:30"]])), json!([])),
            schedule(daily(json!([["22:00", "02:30"], ["02:45", "03:10"]])), json!([])),
            schedule(daily(json!([["00:00", "24:00"]])), all_day_but),
            schedule(json!({"sat": [["20:00", "02:15"]]}), json!([{"date": "2026-04-05", "spans": []}])),
            hours(json!({"mode": "always", "closed_until": "2026-10-25T00:30:00Z"})),
        ];
        for (name, change) in [
            (VIENNA, "2026-03-29"),
            (VIENNA, "2026-10-25"),
            ("America/New_York", "2026-11-01"),
            ("Australia/Lord_Howe", "2026-04-05"),
            ("America/St_Johns", "2026-03-08"),
        ] {
            let midnight = instant(&format!("{change}T00:00:00Z"));
            for hours in &schedules {
                assert_walk_agrees(
                    hours,
                    &Zone::bundled(name),
                    midnight - TimeDelta::hours(12),
                    midnight + TimeDelta::hours(30),
                );
            }
        }
    }

    /// Walks backwards, so that each minute's next change is known from the minute after it.
    fn assert_walk_agrees(hours: &Hours, zone: &Zone, start: DateTime<Utc>, end: DateTime<Utc>) {
        let mut at = end;
        let mut change = hours.next_change(zone, end);
        let mut open_after = hours.verdict(zone, end).open;
        while at > start {
            let after = at;
            at -= TimeDelta::minutes(1);
            let open = hours.verdict(zone, at).open;
            change = if open == open_after { change } else { Some(after) };
            assert_eq!(hours.next_change(zone, at), change, "{zone:?} at {at}, {hours:?}");
            if open != open_after {
                assert_eq!(
                    hours.next_change(zone, after - TimeDelta::milliseconds(1)),
                    change,
                    "{zone:?} before {after}"
                );
            }
            open_after = open;
        }
    }

    #[test]
    fn no_change_within_366_days_is_none() {
        let zone = Zone::bundled(VIENNA);
        let once = schedule(json!({}), json!([{"date": "2027-11-23", "spans": [["09:00", "12:00"]]}]));
        assert_eq!(once.next_change(&zone, instant("2026-11-22T07:59:59Z")), None);
        let opens = once.next_change(&zone, instant("2026-11-22T08:00:00Z"));
        assert_eq!(opens, Some(instant("2027-11-23T08:00:00Z")));
        assert_eq!(schedule(json!({}), json!([])).next_change(&zone, instant("2026-11-22T08:00:00Z")), None);
    }

    #[test]
    fn a_leap_second_and_the_ends_of_time_are_no_reason_to_hang_or_panic() {
        let office = schedule(daily(json!([["09:00", "17:30"], ["22:00", "03:00"]])), json!([]));
        for zone in [Zone::utc(), Zone::bundled(VIENNA), Zone::bundled("America/New_York")] {
            let change = office.next_change(&zone, instant("2026-11-23T16:29:60.500Z"));
            assert!(change.is_some_and(|change| change > instant("2026-11-23T16:29:60.500Z")));
            for at in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
                office.verdict(&zone, at);
                office.next_change(&zone, at);
            }
        }
    }

    #[test]
    fn a_users_working_hours_know_the_next_shift() {
        let zone = Zone::bundled(VIENNA);
        let shifts =
            weekly(json!({"mon": [["09:00", "12:00"], ["12:00", "17:00"]], "fri": [["22:00", "03:00"]]}));
        assert!(shifts.open_at(wall("2026-11-23T12:00:00")));
        assert!(shifts.open_at(wall("2026-11-28T02:59:59.999")));
        assert!(!shifts.open_at(wall("2026-11-28T03:00:00")));
        for (at, change, opening) in [
            ("2026-11-22T00:00:00Z", "2026-11-23T08:00:00Z", "2026-11-23T08:00:00Z"),
            ("2026-11-23T08:00:00Z", "2026-11-23T16:00:00Z", "2026-11-27T21:00:00Z"),
            ("2026-11-27T23:30:00Z", "2026-11-28T02:00:00Z", "2026-11-30T08:00:00Z"),
        ] {
            assert_eq!(shifts.next_change(&zone, instant(at)), Some(instant(change)), "at {at}");
            assert_eq!(shifts.next_opening(&zone, instant(at)), Some(instant(opening)), "at {at}");
        }
        let never = weekly(json!({"mon": []}));
        assert!(never.is_empty() && !shifts.is_empty());
        assert_eq!(never.next_opening(&zone, instant("2026-11-22T00:00:00Z")), None);
    }

    #[test]
    fn hours_are_written_as_they_were_read() {
        for value in [
            json!({"mode": "always", "closed_until": null}),
            json!({"mode": "always", "closed_until": "2026-12-24T13:00:00Z"}),
            json!({
                "mode": "schedule",
                "weekly": {"mon": [["13:00", "17:30"], ["09:00", "12:00"]], "sun": [["00:00", "24:00"]]},
                "exceptions": [
                    {"date": "2026-12-24", "spans": [["22:00", "03:00"]], "name": "Christmas Eve"},
                    {"date": "2026-12-25", "spans": []},
                ],
                "closed_until": null,
            }),
        ] {
            let read: Hours = serde_json::from_value(value.clone()).expect("good hours");
            assert_eq!(serde_json::to_value(&read).expect("JSON"), value);
        }
        let defaults = hours(json!({"mode": "schedule", "weekly": {"tue": [], "mon": [["20:00", "00:00"]]}}));
        assert_eq!(
            serde_json::to_string(&defaults).expect("JSON"),
            r#"{"mode":"schedule","weekly":{"mon":[["20:00","24:00"]]},"exceptions":[],"closed_until":null}"#
        );
        let verdict = defaults.verdict(&Zone::utc(), instant("2026-11-23T20:00:00Z"));
        assert_eq!(serde_json::to_value(verdict).expect("JSON"), json!({"open": true, "rule": "weekly"}));
        assert_eq!(serde_json::to_value(Rule::ClosedUntil).expect("JSON"), json!("closed_until"));
    }

    #[test]
    fn a_refusal_says_where_and_why() {
        let table = [
            (json!(null), "", "null is not an object"),
            (json!({}), "/mode", "\"mode\" is missing"),
            (json!({"mode": 1}), "/mode", "1 is not a text"),
            (
                json!({"mode": "open"}),
                "/mode",
                "\"open\" is neither of the modes, \"always\" and \"schedule\"",
            ),
            (
                json!({"mode": "always", "weekly": {}}),
                "/weekly",
                "\"weekly\" does not belong here; known are mode, closed_until",
            ),
            (
                json!({"mode": "always", "a/b~": 1}),
                "/a~1b~0",
                "\"a/b~\" does not belong here; known are mode, closed_until",
            ),
            (
                json!({"mode": "always", "closed_until": "tomorrow"}),
                "/closed_until",
                "\"tomorrow\" is not an instant such as \"2026-12-24T14:00:00+01:00\"",
            ),
            (json!({"mode": "always", "closed_until": 5}), "/closed_until", "5 is not a text"),
            (json!({"mode": "schedule"}), "/weekly", "\"weekly\" is missing"),
            (json!({"mode": "schedule", "weekly": [1]}), "/weekly", "a list of 1 is not an object"),
            (
                json!({"mode": "schedule", "weekly": {}, "exceptions": {}}),
                "/exceptions",
                "an object is not a list",
            ),
        ];
        for (value, pointer, message) in table {
            let error = Hours::from_json(&value).expect_err("bad hours");
            assert_eq!((error.pointer(), error.to_string().as_str()), (pointer, message), "{value}");
        }
    }

    #[test]
    fn a_bad_span_is_named() {
        let bad_time = |time: &str| format!("{time:?} is not a time of day such as \"09:00\"");
        let mut table = vec![
            (json!({"mon": 5}), "/mon", "5 is not a list".to_owned()),
            (json!({"mon": null}), "/mon", "null is not a list".to_owned()),
            (json!({"mon": [["09:00"]]}), "/mon/0", "a list of 1 is not a start and an end".to_owned()),
            (json!({"mon": [[9, "12:00"]]}), "/mon/0/0", "9 is not a text".to_owned()),
            (json!({"wed": [["01:00", "02:00"], ["08:00", "25:00"]]}), "/wed/1/1", bad_time("25:00")),
            (
                json!({"mon": [["24:00", "03:00"]]}),
                "/mon/0/0",
                "a span can end at 24:00, but it cannot start then".to_owned(),
            ),
            (
                json!({"Mon": []}),
                "/Mon",
                "\"Mon\" does not belong here; known are mon, tue, wed, thu, fri, sat, sun".to_owned(),
            ),
        ];
        for time in ["00:00", "09:00"] {
            let message =
                format!("a span cannot start and end at {time}; a whole day is from 00:00 to 24:00");
            table.push((json!({"mon": [[time, time]]}), "/mon/0", message));
        }
        for time in ["", "9:00", "09:60", "24:01", "-1:00", "+9:00", "09:00:00", "09.00", "0９:00", " 9:00"]
        {
            table.push((json!({"mon": [["08:00", time]]}), "/mon/0/1", bad_time(time)));
        }
        for (value, pointer, message) in table {
            let error = Weekly::from_json(&value).expect_err("bad hours");
            assert_eq!((error.pointer(), error.to_string()), (pointer, message), "{value}");
        }
    }

    #[test]
    fn overlapping_spans_are_refused_and_named() {
        let table = [
            (
                json!({"mon": [["11:00", "13:00"], ["09:00", "12:00"]]}),
                "/mon/1",
                "09:00–12:00 on Monday overlaps 11:00–13:00 on Monday",
            ),
            (
                json!({"mon": [["22:00", "03:00"]], "tue": [["09:00", "10:00"], ["02:59", "03:30"]]}),
                "/tue/1",
                "02:59–03:30 on Tuesday overlaps 22:00–03:00 on Monday",
            ),
            (
                json!({"sun": [["22:00", "03:00"]], "mon": [["02:00", "04:00"]]}),
                "/sun/0",
                "22:00–03:00 on Sunday overlaps 02:00–04:00 on Monday",
            ),
            (
                json!({"fri": [["00:00", "24:00"], ["12:00", "13:00"]]}),
                "/fri/1",
                "12:00–13:00 on Friday overlaps 00:00–24:00 on Friday",
            ),
            (
                json!({"fri": [["09:00", "12:00"], ["09:00", "12:00"]]}),
                "/fri/1",
                "09:00–12:00 on Friday overlaps 09:00–12:00 on Friday",
            ),
        ];
        for (value, pointer, message) in table {
            let error = Weekly::from_json(&value).expect_err("an overlap");
            assert_eq!((error.pointer(), error.to_string().as_str()), (pointer, message), "{value}");
        }
        weekly(json!({
            "sun": [["22:00", "03:00"]],
            "mon": [["03:00", "04:00"], ["04:00", "00:00"]],
            "tue": [["00:00", "24:00"]],
        }));
        weekly(daily(json!([["12:00", "11:59"]])));
    }

    #[test]
    fn bad_exceptions_are_refused_and_named() {
        let table = [
            (json!([5]), "/exceptions/0", "5 is not an object"),
            (json!([{"spans": []}]), "/exceptions/0/date", "\"date\" is missing"),
            (json!([{"date": "2026-12-24"}]), "/exceptions/0/spans", "\"spans\" is missing"),
            (
                json!([{"date": "2026-12-24", "spans": [], "note": ""}]),
                "/exceptions/0/note",
                "\"note\" does not belong here; known are date, spans, name",
            ),
            (
                json!([{"date": "2026-12-24", "spans": [], "name": 7}]),
                "/exceptions/0/name",
                "7 is not a text",
            ),
            (
                json!([{"date": "2026-02-29", "spans": []}]),
                "/exceptions/0/date",
                "\"2026-02-29\" is not a date such as \"2026-12-24\"",
            ),
            (
                json!([{"date": "2026-2-01", "spans": []}]),
                "/exceptions/0/date",
                "\"2026-2-01\" is not a date such as \"2026-12-24\"",
            ),
            (
                json!([
                    {"date": "2026-12-24", "spans": []},
                    {"date": "2026-12-25", "spans": [["12:00", "25:00"]]},
                ]),
                "/exceptions/1/spans/0/1",
                "\"25:00\" is not a time of day such as \"09:00\"",
            ),
            (
                json!([
                    {"date": "2026-12-25", "spans": []},
                    {"date": "2026-12-24", "spans": []},
                    {"date": "2026-12-25", "spans": [["09:00", "12:00"]]},
                ]),
                "/exceptions/2/date",
                "2026-12-25 is listed twice",
            ),
            (
                json!([{"date": "2026-12-24", "spans": [["09:00", "12:00"], ["11:00", "13:00"]]}]),
                "/exceptions/0/spans/1",
                "11:00–13:00 on 2026-12-24 overlaps 09:00–12:00 on 2026-12-24",
            ),
            (
                json!([
                    {"date": "2027-01-01", "spans": [["02:00", "04:00"]]},
                    {"date": "2026-12-31", "spans": [["22:00", "03:00"]]},
                ]),
                "/exceptions/1/spans/0",
                "22:00–03:00 on 2026-12-31 overlaps 02:00–04:00 on 2027-01-01",
            ),
        ];
        for (exceptions, pointer, message) in table {
            let value = json!({"mode": "schedule", "weekly": {}, "exceptions": exceptions});
            let error = Hours::from_json(&value).expect_err("bad exceptions");
            assert_eq!((error.pointer(), error.to_string().as_str()), (pointer, message), "{value}");
        }
    }

    #[test]
    fn serde_refuses_with_the_place() {
        let refusal =
            serde_json::from_str::<Weekly>(r#"{"mon": [["09:00", "25:00"]]}"#).expect_err("a bad time");
        assert_eq!(refusal.to_string(), r#"at "/mon/0/1": "25:00" is not a time of day such as "09:00""#);
        assert!(serde_json::from_str::<Hours>(r#"{"mode": "schedule", "weekly": {"mon": 1}}"#).is_err());
        let error = Weekly::from_json(&json!({"mon": 1})).expect_err("a bad day").within("working_hours");
        assert_eq!(error.pointer(), "/working_hours/mon");
    }
}
