//! Working hours against Python's zoneinfo: every minute of three days on both sides of every change of
//! clocks from 2024 to 2030, in every zone, must be judged alike. Both sides read the rules of PyPI's tzdata,
//! so that nothing but the code is compared. Python's side is tests/oracles/hours.py.

use std::ops::Range;
use std::process::Command;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use strowger::routing::hours::{Hours, Rule, Verdict};
use strowger::routing::zone::Zone;
use strowger::zones::Zones;

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Line {
    Head { folder: String, version: String, first: i64, last: i64 },
    Group(Group),
    Window(Window),
}

/// Zones whose rules are the same bytes.
#[derive(Deserialize)]
struct Group {
    names: Vec<String>,
    /// The first second of each new offset.
    changes: Vec<i64>,
}

/// Six days around a change of clocks, and how several schedules fare there in these groups.
#[derive(Deserialize)]
struct Window {
    groups: Vec<usize>,
    start: i64,
    minutes: i64,
    /// Minutes ahead of UTC, and the minute of the window from which on.
    offsets: Vec<(i64, i64)>,
    schedules: Vec<Schedule>,
}

#[derive(Deserialize)]
struct Schedule {
    hours: Hours,
    /// From which minute of the window on: `w` weekly, `e` exception, `u` closed until; capitals are open;
    /// `A` always.
    runs: Vec<(i64, char)>,
}

#[derive(Default)]
struct Compared {
    zones: usize,
    unknown: Vec<String>,
    changes: usize,
    wall_times: u64,
    verdicts: u64,
    next_changes: u64,
}

#[test]
fn hours_are_judged_as_python_judges_them() {
    let answers = ask_python();
    let mut lines = answers.lines().map(|line| serde_json::from_str(line).expect("a line from Python"));
    let Some(Line::Head { folder, version, first, last }) = lines.next() else {
        panic!("Python wrote no head")
    };
    let zones = Zones::from_folder(folder, version);
    let (mut compared, mut groups) = (Compared::default(), Vec::new());
    for line in lines {
        match line {
            Line::Group(group) => groups.push(known(&zones, &group, first, last, &mut compared)),
            Line::Window(window) => compare(&window, &groups, &mut compared),
            Line::Head { .. } => panic!("a second head"),
        }
    }
    report(&zones, &compared);
}

fn ask_python() -> String {
    let venv = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/.venv/bin/python");
    let python = std::env::var("STROWGER_TEST_PYTHON").unwrap_or(venv.to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracles/hours.py");
    let answer = Command::new(&python).arg(script).env("PYTHONTZPATH", "").output();
    let answer = answer.unwrap_or_else(|error| {
        panic!("{python} cannot be run ({error}); make it with tests/run, or set STROWGER_TEST_PYTHON")
    });
    assert!(answer.status.success(), "{python} {script} failed: {}", String::from_utf8_lossy(&answer.stderr));
    String::from_utf8(answer.stdout).expect("text from Python")
}

/// The zones of a group that chrono-tz knows. Each must change its clocks exactly when Python says.
fn known(zones: &Zones, group: &Group, first: i64, last: i64, compared: &mut Compared) -> Vec<Zone> {
    let mut known = Vec::new();
    for name in &group.names {
        match name.parse::<chrono_tz::Tz>() {
            Ok(_) => known.push(zones.get(name).unwrap_or_else(|error| panic!("{error}"))),
            Err(_) => compared.unknown.push(name.clone()),
        }
    }
    for zone in &known {
        let next = |at: &DateTime<Utc>| zone.next_transition(*at);
        let changes = std::iter::successors(next(&instant(first)), next).map(|at| at.timestamp());
        let changes: Vec<i64> = changes.take_while(|at| *at <= last).collect();
        assert_eq!(changes, group.changes, "changes of clocks in {}", zone.name());
        compared.changes += changes.len();
    }
    compared.zones += known.len();
    known
}

/// Every minute is judged by every schedule in one zone. In the first zone of each other group every minute
/// is judged by one schedule after the other, and must have the same wall time. All other names have the same
/// bytes for rules, so that the minutes around the change will do.
fn compare(window: &Window, groups: &[Vec<Zone>], compared: &mut Compared) {
    let groups = window.groups.iter().map(|group| groups[*group].as_slice());
    for (number, (zone, others)) in groups.filter_map(<[Zone]>::split_first).enumerate() {
        compare_wall_times(window, zone, compared);
        for (index, schedule) in window.schedules.iter().enumerate() {
            let stride = if number == 0 { 1 } else { window.schedules.len() };
            compare_verdicts(window, schedule, zone, (index % stride, stride), compared);
            for zone in others {
                compare_verdicts_at_change(window, schedule, zone, compared);
            }
            if number == 0 {
                compare_next_changes(window, schedule, zone, compared);
            }
        }
    }
}

fn compare_wall_times(window: &Window, zone: &Zone, compared: &mut Compared) {
    for (minutes, ahead) in window.runs(&window.offsets) {
        for at in minutes.map(|minute| window.at(minute)) {
            let wall = at.naive_utc() + TimeDelta::minutes(ahead);
            assert_eq!(zone.local(at), wall, "wall time in {} at {at}", zone.name());
            compared.wall_times += 1;
        }
    }
}

/// Judges the minutes that leave this remainder when divided by the stride, and the last millisecond of each
/// run.
fn compare_verdicts(
    window: &Window,
    schedule: &Schedule,
    zone: &Zone,
    (remainder, stride): (usize, usize),
    compared: &mut Compared,
) {
    for (minutes, letter) in window.runs(&schedule.runs) {
        let skipped = (remainder + stride - minutes.start as usize % stride) % stride;
        let last = window.at(minutes.end) - TimeDelta::milliseconds(1);
        let judged = minutes.skip(skipped).step_by(stride).map(|minute| window.at(minute));
        for at in judged.chain([last]) {
            compare_verdict(schedule, zone, at, verdict(letter), compared);
        }
    }
}

fn compare_verdicts_at_change(window: &Window, schedule: &Schedule, zone: &Zone, compared: &mut Compared) {
    let change = window.minutes / 2;
    for minute in change - 2..change + 2 {
        let before = schedule.runs.partition_point(|(start, _)| *start <= minute);
        let expected = verdict(schedule.runs[before - 1].1);
        compare_verdict(schedule, zone, window.at(minute), expected, compared);
        compare_verdict(
            schedule,
            zone,
            window.at(minute + 1) - TimeDelta::milliseconds(1),
            expected,
            compared,
        );
    }
}

fn compare_verdict(
    schedule: &Schedule,
    zone: &Zone,
    at: DateTime<Utc>,
    expected: Verdict,
    compared: &mut Compared,
) {
    let hours = &schedule.hours;
    assert_eq!(hours.verdict(zone, at), expected, "in {} at {at}: {hours:?}", zone.name());
    compared.verdicts += 1;
}

/// At each opening and closing, just before it and in between.
fn compare_next_changes(window: &Window, schedule: &Schedule, zone: &Zone, compared: &mut Compared) {
    let open = |letter: char| letter.is_ascii_uppercase();
    let changes = schedule.runs.windows(2).filter(|pair| open(pair[0].1) != open(pair[1].1));
    let changes: Vec<i64> = changes.map(|pair| pair[1].0).collect();
    let between = (0..window.minutes).step_by(397);
    for minute in changes.iter().flat_map(|change| [change - 1, *change]).chain(between) {
        let expected = changes.iter().find(|change| **change > minute).map(|change| window.at(*change));
        for at in [window.at(minute), window.at(minute + 1) - TimeDelta::milliseconds(1)] {
            let next = schedule.hours.next_change(zone, at);
            let next = next.filter(|next| *next < window.at(window.minutes));
            assert_eq!(next, expected, "next change in {} after {at}: {:?}", zone.name(), schedule.hours);
            compared.next_changes += 1;
        }
    }
}

impl Window {
    fn at(&self, minute: i64) -> DateTime<Utc> {
        instant(self.start + minute * 60)
    }

    /// From which minute until which what holds.
    fn runs<T: Copy>(&self, runs: &[(i64, T)]) -> impl Iterator<Item = (Range<i64>, T)> {
        let ends = runs.iter().skip(1).map(|(start, _)| *start).chain([self.minutes]);
        runs.iter().zip(ends).map(|((start, what), end)| (*start..end, *what))
    }
}

fn instant(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).expect("an instant")
}

fn verdict(letter: char) -> Verdict {
    let rule = match letter.to_ascii_lowercase() {
        'a' => Rule::Always,
        'w' => Rule::Weekly,
        'e' => Rule::Exception,
        'u' => Rule::ClosedUntil,
        other => panic!("Python wrote {other:?}"),
    };
    Verdict { open: letter.is_ascii_uppercase(), rule }
}

fn report(zones: &Zones, compared: &Compared) {
    let Compared { zones: names, unknown, changes, wall_times, verdicts, next_changes } = compared;
    println!(
        "tzdata {}: {names} zones, {changes} changes of clocks, {wall_times} wall times,",
        zones.version()
    );
    println!("{verdicts} verdicts and {next_changes} next changes compared: no difference.");
    println!("{} zones that chrono-tz does not know: {}", unknown.len(), unknown.join(", "));
    assert!(unknown.len() <= 5, "chrono-tz knows too few zones");
    assert!(*names >= 550, "too few zones");
    assert!(*changes >= 2_000, "too few changes");
    assert!(*wall_times >= 10_000_000, "too few wall times");
    assert!(*verdicts >= 40_000_000, "too few verdicts");
    assert!(*next_changes >= 100_000, "too few next changes");
}
