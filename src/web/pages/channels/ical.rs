//! Days out of a calendar file (iCalendar, RFC 5545), such as those that countries and schools publish: whole-day events
//! and their names. Read line by line, so that no file, however it is built, costs more than its length.

use chrono::{Days, NaiveDate};

/// No calendar of holidays has more.
const DATES_MAX: usize = 400;
/// A summer holiday is long; what is longer is no holiday.
const DAYS_MAX: u64 = 62;

/// What is in a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// In the order of the file.
    pub days: Vec<(NaiveDate, String)>,
    /// Events that last a part of a day, or longer than two months.
    pub left_out: usize,
    /// Events that come again: only their first day is taken.
    pub repeated: usize,
}

/// Why a file is of no use. Named as the message that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    NotACalendar,
    NoWholeDays,
    TooMany,
}

impl Refused {
    pub fn key(self) -> &'static str {
        match self {
            Self::NotACalendar => "ical-not-a-calendar",
            Self::NoWholeDays => "ical-no-whole-days",
            Self::TooMany => "ical-too-many",
        }
    }
}

/// An event that is being read.
#[derive(Default)]
struct Event {
    start: Option<NaiveDate>,
    /// The day after the last.
    end: Option<NaiveDate>,
    name: String,
    repeats: bool,
    is_cancelled: bool,
}

pub fn read(bytes: &[u8]) -> Result<Calendar, Refused> {
    let text = String::from_utf8_lossy(bytes);
    let lines = unfolded(text.trim_start_matches('\u{feff}'));
    if !lines.first().is_some_and(|line| line.eq_ignore_ascii_case("BEGIN:VCALENDAR")) {
        return Err(Refused::NotACalendar);
    }
    let mut calendar = Calendar::default();
    let mut event: Option<Event> = None;
    // Inside an event, alarms and their like have a name of their own.
    let mut inner = 0_usize;
    for line in &lines {
        let Some((name, parameters, value)) = property(line) else { continue };
        match (name.to_ascii_uppercase().as_str(), &mut event) {
            ("BEGIN", None) if value.eq_ignore_ascii_case("VEVENT") => event = Some(Event::default()),
            ("BEGIN", Some(_)) => inner += 1,
            ("END", Some(_)) if inner > 0 => inner -= 1,
            ("END", Some(_)) => calendar.take(event.take().unwrap_or_default())?,
            (_, Some(_)) if inner > 0 => {}
            ("DTSTART", Some(event)) => event.start = date(parameters, value),
            ("DTEND", Some(event)) => event.end = date(parameters, value),
            ("SUMMARY", Some(event)) => event.name = unescaped(value),
            ("RRULE" | "RDATE", Some(event)) => event.repeats = true,
            ("STATUS", Some(event)) => event.is_cancelled = value.eq_ignore_ascii_case("CANCELLED"),
            _ => {}
        }
    }
    if calendar.days.is_empty() { Err(Refused::NoWholeDays) } else { Ok(calendar) }
}

impl Calendar {
    fn take(&mut self, event: Event) -> Result<(), Refused> {
        if event.is_cancelled {
            return Ok(());
        }
        let Some(start) = event.start else {
            self.left_out += 1;
            return Ok(());
        };
        let days = event.end.map_or(1, |end| (end - start).num_days().max(1));
        let days = u64::try_from(days).unwrap_or(1);
        if days > DAYS_MAX {
            self.left_out += 1;
            return Ok(());
        }
        self.repeated += usize::from(event.repeats);
        for later in 0..days {
            let Some(date) = start.checked_add_days(Days::new(later)) else { continue };
            self.days.push((date, event.name.clone()));
        }
        if self.days.len() > DATES_MAX { Err(Refused::TooMany) } else { Ok(()) }
    }
}

/// Lines, with those put together that were folded: what goes on begins with a space.
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// `NAME;PARAMETERS:VALUE`. A colon in quotes belongs to a parameter.
fn property(line: &str) -> Option<(&str, &str, &str)> {
    let mut quoted = false;
    let colon = line.find(|c| {
        quoted ^= c == '"';
        c == ':' && !quoted
    })?;
    let (head, value) = (&line[..colon], line[colon + 1..].trim());
    let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
    Some((name, parameters, value))
}

/// A whole day; one with a time is none.
fn date(parameters: &str, value: &str) -> Option<NaiveDate> {
    let is_time = parameters.split(';').any(|one| one.eq_ignore_ascii_case("VALUE=DATE-TIME"));
    let good = !is_time && value.len() == 8 && value.bytes().all(|b| b.is_ascii_digit());
    good.then(|| NaiveDate::parse_from_str(value, "%Y%m%d").ok())?
}

/// On one line, and no longer than a name may be.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n' | 'N') => plain.push(' '),
                Some(other) => plain.push(other),
                None => {}
            },
            letter if letter.is_control() => {}
            letter => plain.push(letter),
        }
    }
    plain.trim().chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(events: &str) -> String {
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n")
    }

    fn days(text: &str) -> Vec<String> {
        let read = read(text.as_bytes()).expect("a calendar");
        read.days.iter().map(|(date, name)| format!("{date} {name}")).collect()
    }

    #[test]
    fn whole_days_are_taken_with_their_names() {
        let text = calendar(concat!(
            "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261227\r\n",
            "SUMMARY;LANGUAGE=\"de:at\":Weihnachten\\, mit\r\n  Silvester\r\nEND:VEVENT\r\n",
            "BEGIN:VEVENT\r\ndtstart:20270101\r\nSUMMARY:New Year\r\n",
            "BEGIN:VALARM\r\nSUMMARY:Wake up\r\nEND:VALARM\r\nEND:VEVENT\r\n",
            "BEGIN:VEVENT\r\nDTSTART:20270103\r\nSTATUS:CANCELLED\r\nSUMMARY:Not this\r\nEND:VEVENT\r\n",
        ));
        let expected = [
            "2026-12-24 Weihnachten, mit Silvester",
            "2026-12-25 Weihnachten, mit Silvester",
            "2026-12-26 Weihnachten, mit Silvester",
            "2027-01-01 New Year",
        ];
        assert_eq!(days(&text), expected);
    }

    #[test]
    fn what_is_no_whole_day_is_counted_and_left_out() {
        let text = calendar(concat!(
            "BEGIN:VEVENT\nDTSTART:20261224T090000Z\nSUMMARY:Meeting\nEND:VEVENT\n",
            "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260101\nDTEND;VALUE=DATE:20261231\nEND:VEVENT\n",
            "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260505\nRRULE:FREQ=YEARLY\nSUMMARY:Bevrijdingsdag\nEND:VEVENT\n",
        ));
        let read = read(text.as_bytes()).expect("a calendar");
        assert_eq!((read.days.len(), read.left_out, read.repeated), (1, 2, 1));
    }

    #[test]
    fn a_file_that_is_of_no_use_is_refused_in_words() {
        let many: String = (0..7)
            .map(|n| format!("BEGIN:VEVENT\nDTSTART:2026010{}\nDTEND:20260303\nEND:VEVENT\n", n + 1))
            .collect();
        let timed = calendar("BEGIN:VEVENT\nDTSTART:20261224T090000Z\nEND:VEVENT\n");
        let table: [(&[u8], Refused); 6] = [
            (b"", Refused::NotACalendar),
            (b"date,name\n2026-12-24,Christmas", Refused::NotACalendar),
            (&[0xff, 0xfe, 0x00], Refused::NotACalendar),
            (b"BEGIN:VCALENDAR\nEND:VCALENDAR", Refused::NoWholeDays),
            (timed.as_bytes(), Refused::NoWholeDays),
            (&calendar(&many).into_bytes(), Refused::TooMany),
        ];
        for (bytes, expected) in table {
            assert_eq!(read(bytes), Err(expected), "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn deep_and_broken_files_end() {
        let deep = format!("BEGIN:VCALENDAR\n{}", "BEGIN:VEVENT\n".repeat(20_000));
        assert_eq!(read(deep.as_bytes()), Err(Refused::NoWholeDays));
        let odd = calendar(
            "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20261399\nDTSTART:😀😀\n:\n;:\nSUMMARY:\\\nEND:VEVENT\nEND:VEVENT\n",
        );
        assert_eq!(read(odd.as_bytes()), Err(Refused::NoWholeDays));
    }
}
