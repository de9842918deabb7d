//! The week ahead of a channel as a map: a row for each day, a quarter of an hour for each cell, and its holes in words.

use super::{
    super::{super::Problem, layout::Layout},
    words,
};
use crate::{
    calls::{
        channel::{Channel, Times},
        preview::{self, Preview, STEP, Span},
    },
    desk::settings::Settings,
    routing::{ids::UserId, sentences::Teller},
};
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};
use std::sync::Arc;

const DAYS: u64 = 7;
/// Quarters of an hour in a day on the wall.
const CELLS: usize = 96;
/// More holes than these are told as a number.
const HOLES_MAX: usize = 12;

pub struct Week {
    pub days: Vec<Day>,
    /// A sentence for each.
    pub holes: Vec<Hole>,
    /// How many more there are.
    pub more_holes: usize,
    /// Open at no time of it.
    pub is_shut: bool,
}

pub struct Day {
    /// Weekday and date.
    pub name: String,
    /// Weekday and day of the month.
    pub short: String,
    pub stretches: Vec<Stretch>,
}

/// Cells side by side through which calls meet the same.
pub struct Stretch {
    pub cells: usize,
    /// `shut`, `hole`, `past` for a hole that is over, `thin` for one agent, `some`, `full`.
    pub look: &'static str,
    /// From when to when, and what calls meet.
    pub text: String,
}

pub struct Hole {
    pub text: String,
    /// The panel at its beginning.
    pub link: String,
}

/// Looks at the week from today on. Many agents make it long: not on a thread that answers others.
pub async fn of(
    layout: &Layout,
    channel: &Channel,
    settings: &Arc<Settings>,
    times: Times,
    now: DateTime<Utc>,
) -> Result<Week, Problem> {
    let (layout, channel, settings) = (layout.clone(), channel.clone(), settings.clone());
    let looked = tokio::task::spawn_blocking(move || {
        let today = channel.zone.local(now).date();
        let (from, until) = ends(&channel, today, now);
        let spans = preview::coverage(&channel, &settings.people, times, from, until);
        week(&layout, &channel, &settings, &spans, today, now)
    });
    looked.await.map_err(|_| Problem::new(500, "The week can't be looked at"))
}

/// The midnight before today, and the one after the last day.
fn ends(channel: &Channel, today: NaiveDate, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    let midnight = |date: NaiveDate| channel.zone.instant(date.and_time(NaiveTime::MIN)).unwrap_or(now);
    (midnight(today), midnight(today + Days::new(DAYS)))
}

fn week(
    layout: &Layout,
    channel: &Channel,
    settings: &Settings,
    spans: &[Span],
    today: NaiveDate,
    now: DateTime<Utc>,
) -> Week {
    let mut wall = vec![[None::<usize>; CELLS]; DAYS as usize];
    for (index, span) in spans.iter().enumerate() {
        let mut at = span.from;
        while at < span.until {
            let local = channel.zone.local(at);
            let day = usize::try_from((local.date() - today).num_days()).ok();
            let cell = (local.hour() * 4 + local.minute() / 15) as usize;
            if let Some(place) = day.and_then(|day| wall.get_mut(day)) {
                place[cell] = Some(index);
            }
            at += STEP;
        }
    }
    let name = |user| settings.name_of(user);
    let teller = Teller { language: layout.language, zone: &channel.zone, name: &name };
    let days = wall.iter().zip(0..).map(|(cells, later)| {
        let date = today + Days::new(later);
        let weekday = words::weekday(layout, date);
        let name = format!("{weekday} {}", teller.date(date));
        let short = format!("{weekday} {}", date.day());
        Day { name, short, stretches: stretches(layout, cells, spans, settings, now) }
    });
    let ahead = spans.iter().filter(|span| span.preview.is_hole() && span.until > now);
    let holes: Vec<Hole> =
        joined(ahead).map(|(from, until)| hole(layout, channel, &teller, now, from, until)).collect();
    let more_holes = holes.len().saturating_sub(HOLES_MAX);
    Week {
        days: days.collect(),
        holes: holes.into_iter().take(HOLES_MAX).collect(),
        more_holes,
        is_shut: spans.iter().all(|span| !span.preview.hours.open),
    }
}

fn stretches(
    layout: &Layout,
    cells: &[Option<usize>; CELLS],
    spans: &[Span],
    settings: &Settings,
    now: DateTime<Utc>,
) -> Vec<Stretch> {
    let meets = |cell: &Option<usize>| cell.map(|index| &spans[index]);
    let look = |span: &Span| match look(&span.preview) {
        "hole" if span.until <= now => "past",
        look => look,
    };
    let is_same = |a: &Option<usize>, b: &Option<usize>| {
        let what = |cell| meets(cell).map(|span| (look(span), able(&span.preview)));
        a == b || what(a) == what(b)
    };
    let mut start = 0;
    let all = cells.chunk_by(is_same).map(|same| {
        let (from, until) = (start, start + same.len());
        start = until;
        let time = |cell: usize| format!("{:02}:{:02}", cell / 4, cell % 4 * 15);
        let (look, what) = match meets(&same[0]) {
            Some(span) => (look(span), told(layout, &span.preview, settings)),
            // An hour that the clocks skip.
            None => ("shut", layout.t("coverage-skipped")),
        };
        Stretch { cells: same.len(), look, text: format!("{}–{}: {what}", time(from), time(until)) }
    });
    all.collect()
}

/// Who could be rung, be it one after the other; nobody while it is closed.
fn able(preview: &Preview) -> Vec<UserId> {
    if preview.hours.open { preview.able() } else { Vec::new() }
}

fn look(preview: &Preview) -> &'static str {
    match able(preview).len() {
        _ if !preview.hours.open => "shut",
        _ if preview.is_hole() => "hole",
        1 => "thin",
        2..=3 => "some",
        _ => "full",
    }
}

fn told(layout: &Layout, preview: &Preview, settings: &Settings) -> String {
    match look(preview) {
        "shut" => layout.t("coverage-closed"),
        "hole" => layout.t("coverage-nobody"),
        _ => layout.t1("coverage-rings", "names", words::names(layout, &able(preview), settings)),
    }
}

fn hole(
    layout: &Layout,
    channel: &Channel,
    teller: &Teller<'_>,
    now: DateTime<Utc>,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Hole {
    // Of days that are gone nothing is told, and nothing of the part of a hole that is.
    let (from, last) = (from.max(now), until - TimeDelta::minutes(1));
    let is_one_day = channel.zone.local(from).date() == channel.zone.local(last).date();
    let end = match is_one_day {
        true => channel.zone.local(until).format("%H:%M").to_string().replace("00:00", "24:00"),
        false => words::when(layout, teller, now, until),
    };
    let day = words::weekday(layout, channel.zone.local(from).date());
    let start = format!("{day} {}", channel.zone.local(from).format("%H:%M"));
    let text = layout.t_with("coverage-hole", &[("from", start.into()), ("until", end.into())]);
    Hole { text, link: words::panel_at(channel, from) }
}

/// Holes that touch are one.
fn joined<'a>(spans: impl Iterator<Item = &'a Span>) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> {
    let mut joined: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if last.1 == span.from => last.1 = span.until,
            _ => joined.push((span.from, span.until)),
        }
    }
    joined.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        desk::settings::Ground,
        providers::Dialect,
        routing::{
            ids::{ChannelId, Ids},
            sentences::Language,
        },
        store::settings::Change,
        zones::Zones,
    };
    use serde_json::{Value, json};

    /// A channel in Vienna that rings Ann, who works as `work` says.
    fn looked_at(work: Value, hours: Value, now: &str) -> Week {
        looked_at_with(work, None, hours, "simultaneous", now)
    }

    /// The same with Ben, and in another way.
    fn looked_at_with(ann: Value, ben: Option<Value>, hours: Value, strategy: &str, now: &str) -> Week {
        let zones = Zones::load();
        let account = zones.get("Europe/Vienna").expect("a zone");
        let ground = Ground {
            zones,
            account,
            providers: [("main".to_owned(), Dialect::Twilio)].into(),
            times: Times::default(),
            allow_loopback: false,
            reach: Default::default(),
            second_factor: Default::default(),
        };
        let (mut ids, mut settings, mut users) = (Ids::new(1), Settings::default(), Vec::new());
        for (name, work) in [("Ann", Some(ann)), ("Ben", ben)] {
            let Some(work) = work else { continue };
            let id = UserId(ids.next(1));
            let email = format!("{name}@example.org");
            let user = json!({ "name": name, "email": email, "seats": ["service"], "working_hours": work });
            (settings, _) = settings.with(Change::User(id, user), &ground).expect("a user");
            users.push(id);
        }
        let id = ChannelId(ids.next(1));
        let routing = json!({ "users": users, "strategy": strategy });
        let channel = json!({
            "kind": "calling", "name": "Support", "provider": "main", "hours": hours, "routing": routing
        });
        let (settings, _) = settings.with(Change::Channel(id, channel), &ground).expect("a channel");
        let layout = Layout {
            language: Language::En,
            base: String::new(),
            here: "/".into(),
            signed_in: None,
            first_steps: 0,
            unread: None,
        };
        let now: DateTime<Utc> = now.parse().expect("an instant");
        let channel = &settings.channels[&id];
        let today = channel.zone.local(now).date();
        let (from, until) = ends(channel, today, now);
        let spans = preview::coverage(channel, &settings.people, Times::default(), from, until);
        week(&layout, channel, &settings, &spans, today, now)
    }

    fn told(day: &Day) -> Vec<&str> {
        day.stretches.iter().map(|stretch| stretch.text.as_str()).collect()
    }

    fn holes(week: &Week) -> Vec<&str> {
        week.holes.iter().map(|hole| hole.text.as_str()).collect()
    }

    #[test]
    fn a_hole_is_told_once_and_links_to_its_beginning() {
        let work = json!({ "mon": [["10:00", "12:00"]] });
        let hours = json!({ "mode": "schedule", "weekly": { "mon": [["09:00", "12:30"]], "sat": [["22:00", "02:00"]] } });
        let week = looked_at(work, hours, "2026-11-21T22:30:00Z");
        let expected =
            ["Saturday 23:30 until Sunday 02:00", "Monday 09:00 until 10:00", "Monday 12:00 until 12:30"];
        assert_eq!(holes(&week), expected, "of today what is still to come");
        assert!(week.holes[1].link.ends_with("?at=2026-11-23T09:00#now"), "{}", week.holes[1].link);
        let monday = &week.days[2];
        assert_eq!(monday.name, "Monday 2026-11-23");
        let expected = [
            "00:00–09:00: closed",
            "09:00–10:00: nobody",
            "10:00–12:00: rings Ann",
            "12:00–12:30: nobody",
            "12:30–24:00: closed",
        ];
        assert_eq!(told(monday), expected);
        assert_eq!(
            monday.stretches.iter().map(|stretch| stretch.look).collect::<Vec<_>>(),
            ["shut", "hole", "thin", "hole", "shut"]
        );
        assert!(!week.is_shut);
    }

    #[test]
    fn a_hole_that_is_over_is_no_hole_any_more() {
        let hours = json!({ "mode": "schedule", "weekly": { "mon": [["09:00", "12:00"]] } });
        let week = looked_at(json!({}), hours, "2026-11-23T15:00:00Z");
        assert_eq!(holes(&week), [""; 0]);
        let looks: Vec<_> = week.days[0].stretches.iter().map(|stretch| stretch.look).collect();
        assert_eq!(looks, ["shut", "past", "shut"]);
    }

    #[test]
    fn where_agents_are_rung_one_at_a_time_all_who_could_be_are_counted() {
        let ben = json!({ "mon": [["11:00", "14:00"]] });
        let hours = json!({ "mode": "schedule", "weekly": { "mon": [["09:00", "14:00"]] } });
        let ann = json!({ "mon": [["09:00", "12:00"]] });
        let week = looked_at_with(ann, Some(ben), hours, "round_robin", "2026-11-21T12:00:00Z");
        let expected = [
            "00:00–09:00: closed",
            "09:00–11:00: rings Ann",
            "11:00–12:00: rings Ann, Ben",
            "12:00–14:00: rings Ben",
            "14:00–24:00: closed",
        ];
        assert_eq!(told(&week.days[2]), expected);
    }

    #[test]
    fn each_day_has_its_cells_when_clocks_are_changed_too() {
        let always = json!({ "mode": "always" });
        for now in ["2026-10-24T10:00:00Z", "2026-03-28T10:00:00Z", "2026-07-01T10:00:00Z"] {
            let week = looked_at(Value::Null, always.clone(), now);
            let cells = |day: &Day| day.stretches.iter().map(|stretch| stretch.cells).sum::<usize>();
            assert_eq!(week.days.iter().map(cells).collect::<Vec<_>>(), [CELLS; 7], "{now}");
            assert_eq!(holes(&week), [""; 0], "{now}");
        }
        let spring = looked_at(Value::Null, always, "2026-03-28T10:00:00Z");
        let expected =
            ["00:00–02:00: rings Ann", "02:00–03:00: skipped by the clocks", "03:00–24:00: rings Ann"];
        assert_eq!(told(&spring.days[1]), expected);
    }

    #[test]
    fn a_week_without_hours_is_shut() {
        let week =
            looked_at(Value::Null, json!({ "mode": "schedule", "weekly": {} }), "2026-11-21T12:00:00Z");
        assert!(week.is_shut && week.holes.is_empty());
    }
}
