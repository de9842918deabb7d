//! An instant on a page: exact for the script that shows it as the viewer is used to, and in words for whoever has none.

use crate::routing::zone::Zone;
use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeDelta, Utc};

#[derive(Debug, Clone)]
pub struct Moment {
    /// RFC 3339, for `datetime`.
    pub exact: String,
    /// Date and time in the zone that it was made with.
    pub text: String,
    /// The name of that zone.
    pub zone: String,
}

impl Moment {
    pub fn new(at: DateTime<Utc>, zone: &Zone) -> Self {
        Self {
            exact: at.to_rfc3339_opts(SecondsFormat::Secs, true),
            text: zone.local(at).format("%Y-%m-%d %H:%M:%S").to_string(),
            zone: zone.name().to_owned(),
        }
    }
}

/// How `datetime-local` fields say it.
const TYPED: &str = "%Y-%m-%dT%H:%M";

/// For a `datetime-local` field, on the clocks of this zone.
pub fn typed(at: DateTime<Utc>, zone: &Zone) -> String {
    zone.local(at).format(TYPED).to_string()
}

/// What was typed into such a field. Of an hour that is there twice the one after the change; an hour that is skipped
/// is taken as if it were not.
pub fn read_typed(text: &str, zone: &Zone) -> Option<DateTime<Utc>> {
    let local = NaiveDateTime::parse_from_str(text.get(..16)?, TYPED).ok()?.and_utc();
    let near = local - TimeDelta::seconds(zone.offset_seconds(local).into());
    Some(local - TimeDelta::seconds(zone.offset_seconds(near).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_on_the_clocks_of_the_zone() {
        let vienna = Zone::bundled("Europe/Vienna");
        for (text, exact) in [
            ("2026-12-24T14:00", Some("2026-12-24T13:00:00Z")),
            ("2026-07-01T00:30:00", Some("2026-06-30T22:30:00Z")),
            ("2026-03-29T01:59", Some("2026-03-29T00:59:00Z")),
            ("2026-03-29T03:00", Some("2026-03-29T01:00:00Z")),
            ("24.12.2026", None),
            ("2026-12-24é14:00", None),
        ] {
            let read = read_typed(text, &vienna);
            assert_eq!(
                read.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)).as_deref(),
                exact,
                "{text}"
            );
            if let Some(read) = read {
                assert_eq!(typed(read, &vienna), text[..16]);
            }
        }
    }
}
