//! Public holidays of a country or region, by the rules that its laws give: fixed dates, days around Easter, the n-th
//! weekday of a month. Days that a government gives once are not here; who has them adds them as exceptions.

use chrono::{Datelike, Days, NaiveDate, TimeDelta, Weekday};
use std::collections::BTreeMap;

/// A country, or a part of one that has holidays of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// ISO 3166: `AT`, `DE-BY`.
    pub code: &'static str,
    /// As people there write it.
    pub name: &'static str,
    rules: &'static [&'static [Holiday]],
}

/// A holiday, in the words of where it is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Holiday {
    rule: Rule,
    name: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Month and day.
    On(u32, u32),
    /// So many days after Easter Sunday.
    Easter(i64),
    /// The n-th weekday of a month.
    Nth(u8, Weekday, u32),
    LastMonday(u32),
    /// The last such weekday before this month and day.
    Before(Weekday, u32, u32),
    /// Month and day; when it falls on a weekend, the next Monday instead. Two that follow each other take two days.
    Substituted(u32, u32),
    /// As `Substituted`, where the day before it is a holiday too: Boxing Day, and 2 January in Scotland.
    SubstitutedSecond(u32, u32),
    /// The king's birthday: 27 April, or the day before if that is a Sunday.
    KingsDay,
    /// Month and day, in years that five divides.
    EveryFiveYears(u32, u32),
}

use Rule::{Before, Easter, EveryFiveYears, KingsDay, LastMonday, Nth, On, Substituted, SubstitutedSecond};

const fn day(rule: Rule, name: &'static str) -> Holiday {
    Holiday { rule, name }
}

const AUSTRIA: &[Holiday] = &[
    day(On(1, 1), "Neujahr"),
    day(On(1, 6), "Heilige Drei Könige"),
    day(Easter(1), "Ostermontag"),
    day(On(5, 1), "Staatsfeiertag"),
    day(Easter(39), "Christi Himmelfahrt"),
    day(Easter(50), "Pfingstmontag"),
    day(Easter(60), "Fronleichnam"),
    day(On(8, 15), "Mariä Himmelfahrt"),
    day(On(10, 26), "Nationalfeiertag"),
    day(On(11, 1), "Allerheiligen"),
    day(On(12, 8), "Mariä Empfängnis"),
    day(On(12, 25), "Christtag"),
    day(On(12, 26), "Stefanitag"),
];

const GERMANY: &[Holiday] = &[
    day(On(1, 1), "Neujahr"),
    day(Easter(-2), "Karfreitag"),
    day(Easter(1), "Ostermontag"),
    day(On(5, 1), "Tag der Arbeit"),
    day(Easter(39), "Christi Himmelfahrt"),
    day(Easter(50), "Pfingstmontag"),
    day(On(10, 3), "Tag der Deutschen Einheit"),
    day(On(12, 25), "1. Weihnachtstag"),
    day(On(12, 26), "2. Weihnachtstag"),
];
const EPIPHANY: &[Holiday] = &[day(On(1, 6), "Heilige Drei Könige")];
const WOMENS_DAY: &[Holiday] = &[day(On(3, 8), "Internationaler Frauentag")];
const EASTER_AND_PENTECOST: &[Holiday] = &[day(Easter(0), "Ostersonntag"), day(Easter(49), "Pfingstsonntag")];
const CORPUS_CHRISTI: &[Holiday] = &[day(Easter(60), "Fronleichnam")];
const ASSUMPTION: &[Holiday] = &[day(On(8, 15), "Mariä Himmelfahrt")];
const CHILDRENS_DAY: &[Holiday] = &[day(On(9, 20), "Weltkindertag")];
const REFORMATION: &[Holiday] = &[day(On(10, 31), "Reformationstag")];
const ALL_SAINTS: &[Holiday] = &[day(On(11, 1), "Allerheiligen")];
const REPENTANCE: &[Holiday] = &[day(Before(Weekday::Wed, 11, 23), "Buß- und Bettag")];

const NETHERLANDS: &[Holiday] = &[
    day(On(1, 1), "Nieuwjaarsdag"),
    day(Easter(0), "Eerste paasdag"),
    day(Easter(1), "Tweede paasdag"),
    day(KingsDay, "Koningsdag"),
    day(EveryFiveYears(5, 5), "Bevrijdingsdag"),
    day(Easter(39), "Hemelvaartsdag"),
    day(Easter(49), "Eerste pinksterdag"),
    day(Easter(50), "Tweede pinksterdag"),
    day(On(12, 25), "Eerste kerstdag"),
    day(On(12, 26), "Tweede kerstdag"),
];

const NORWAY: &[Holiday] = &[
    day(On(1, 1), "Første nyttårsdag"),
    day(Easter(-3), "Skjærtorsdag"),
    day(Easter(-2), "Langfredag"),
    day(Easter(0), "Første påskedag"),
    day(Easter(1), "Andre påskedag"),
    day(On(5, 1), "Arbeidernes dag"),
    day(On(5, 17), "Grunnlovsdag"),
    day(Easter(39), "Kristi himmelfartsdag"),
    day(Easter(49), "Første pinsedag"),
    day(Easter(50), "Andre pinsedag"),
    day(On(12, 25), "Første juledag"),
    day(On(12, 26), "Andre juledag"),
];

const BELGIUM: &[Holiday] = &[
    day(On(1, 1), "Nieuwjaar / Jour de l’an"),
    day(Easter(1), "Paasmaandag / Lundi de Pâques"),
    day(On(5, 1), "Dag van de Arbeid / Fête du travail"),
    day(Easter(39), "Hemelvaart / Ascension"),
    day(Easter(50), "Pinkstermaandag / Lundi de Pentecôte"),
    day(On(7, 21), "Nationale feestdag / Fête nationale"),
    day(On(8, 15), "O.L.V.-Hemelvaart / Assomption"),
    day(On(11, 1), "Allerheiligen / Toussaint"),
    day(On(11, 11), "Wapenstilstand / Armistice"),
    day(On(12, 25), "Kerstmis / Noël"),
];

const SWITZERLAND: &[Holiday] = &[
    day(On(1, 1), "Neujahr"),
    day(Easter(39), "Auffahrt"),
    day(On(8, 1), "Bundesfeier"),
    day(On(12, 25), "Weihnachten"),
];

const ENGLAND: &[Holiday] = &[
    day(Substituted(1, 1), "New Year’s Day"),
    day(Easter(-2), "Good Friday"),
    day(Easter(1), "Easter Monday"),
    day(Nth(1, Weekday::Mon, 5), "Early May bank holiday"),
    day(LastMonday(5), "Spring bank holiday"),
    day(LastMonday(8), "Summer bank holiday"),
    day(Substituted(12, 25), "Christmas Day"),
    day(SubstitutedSecond(12, 26), "Boxing Day"),
];
const NORTHERN_IRELAND: &[Holiday] =
    &[day(Substituted(3, 17), "St Patrick’s Day"), day(Substituted(7, 12), "Battle of the Boyne")];
const SCOTLAND: &[Holiday] = &[
    day(Substituted(1, 1), "New Year’s Day"),
    day(SubstitutedSecond(1, 2), "2nd January"),
    day(Easter(-2), "Good Friday"),
    day(Nth(1, Weekday::Mon, 5), "Early May bank holiday"),
    day(LastMonday(5), "Spring bank holiday"),
    day(Nth(1, Weekday::Mon, 8), "Summer bank holiday"),
    day(Substituted(11, 30), "St Andrew’s Day"),
    day(Substituted(12, 25), "Christmas Day"),
    day(SubstitutedSecond(12, 26), "Boxing Day"),
];

const fn region(code: &'static str, name: &'static str, rules: &'static [&'static [Holiday]]) -> Region {
    Region { code, name, rules }
}

/// All that are known, by country.
pub const REGIONS: [Region; 25] = [
    region("AT", "Österreich", &[AUSTRIA]),
    region("BE", "België / Belgique", &[BELGIUM]),
    region("CH", "Schweiz (alle Kantone)", &[SWITZERLAND]),
    region("DE", "Deutschland (alle Länder)", &[GERMANY]),
    region("DE-BW", "Baden-Württemberg", &[GERMANY, EPIPHANY, CORPUS_CHRISTI, ALL_SAINTS]),
    region("DE-BY", "Bayern", &[GERMANY, EPIPHANY, CORPUS_CHRISTI, ASSUMPTION, ALL_SAINTS]),
    region("DE-BE", "Berlin", &[GERMANY, WOMENS_DAY]),
    region("DE-BB", "Brandenburg", &[GERMANY, EASTER_AND_PENTECOST, REFORMATION]),
    region("DE-HB", "Bremen", &[GERMANY, REFORMATION]),
    region("DE-HH", "Hamburg", &[GERMANY, REFORMATION]),
    region("DE-HE", "Hessen", &[GERMANY, CORPUS_CHRISTI]),
    region("DE-MV", "Mecklenburg-Vorpommern", &[GERMANY, WOMENS_DAY, REFORMATION]),
    region("DE-NI", "Niedersachsen", &[GERMANY, REFORMATION]),
    region("DE-NW", "Nordrhein-Westfalen", &[GERMANY, CORPUS_CHRISTI, ALL_SAINTS]),
    region("DE-RP", "Rheinland-Pfalz", &[GERMANY, CORPUS_CHRISTI, ALL_SAINTS]),
    region("DE-SL", "Saarland", &[GERMANY, CORPUS_CHRISTI, ASSUMPTION, ALL_SAINTS]),
    region("DE-SN", "Sachsen", &[GERMANY, REFORMATION, REPENTANCE]),
    region("DE-ST", "Sachsen-Anhalt", &[GERMANY, EPIPHANY, REFORMATION]),
    region("DE-SH", "Schleswig-Holstein", &[GERMANY, REFORMATION]),
    region("DE-TH", "Thüringen", &[GERMANY, CHILDRENS_DAY, REFORMATION]),
    region("GB-EAW", "England and Wales", &[ENGLAND]),
    region("GB-NIR", "Northern Ireland", &[ENGLAND, NORTHERN_IRELAND]),
    region("GB-SCT", "Scotland", &[SCOTLAND]),
    region("NL", "Nederland", &[NETHERLANDS]),
    region("NO", "Norge", &[NORWAY]),
];

impl Region {
    pub fn of(code: &str) -> Option<&'static Self> {
        REGIONS.iter().find(|region| region.code == code)
    }

    /// Each date of a year and its name, in order. Two holidays may fall on one date.
    pub fn holidays(&self, year: i32) -> Vec<(NaiveDate, String)> {
        let mut dates: BTreeMap<NaiveDate, Vec<&str>> = BTreeMap::new();
        for holiday in self.rules.iter().flat_map(|list| list.iter()) {
            if let Some(date) = holiday.rule.date(year) {
                dates.entry(date).or_default().push(holiday.name);
            }
        }
        dates.into_iter().map(|(date, names)| (date, names.join(" / "))).collect()
    }
}

impl Rule {
    /// `None`: not in this year.
    fn date(self, year: i32) -> Option<NaiveDate> {
        let on = |month, day| NaiveDate::from_ymd_opt(year, month, day);
        match self {
            On(month, day) => on(month, day),
            Easter(days) => easter(year)?.checked_add_signed(TimeDelta::days(days)),
            Nth(n, weekday, month) => NaiveDate::from_weekday_of_month_opt(year, month, weekday, n),
            LastMonday(month) => [5, 4]
                .into_iter()
                .find_map(|n| NaiveDate::from_weekday_of_month_opt(year, month, Weekday::Mon, n)),
            Before(weekday, month, day) => {
                let end = on(month, day)?;
                let back =
                    (end.weekday().num_days_from_monday() + 6 - weekday.num_days_from_monday()) % 7 + 1;
                end.checked_sub_days(Days::new(back.into()))
            }
            Substituted(month, day) => {
                let date = on(month, day)?;
                let later = match date.weekday() {
                    Weekday::Sat => 2,
                    Weekday::Sun => 1,
                    _ => 0,
                };
                date.checked_add_days(Days::new(later))
            }
            SubstitutedSecond(month, day) => {
                let date = on(month, day)?;
                let later = match date.weekday() {
                    // Monday and Tuesday stand for Saturday and Sunday.
                    Weekday::Sat | Weekday::Sun => 2,
                    // The day before was a Sunday, which Monday stands for.
                    Weekday::Mon => 1,
                    _ => 0,
                };
                date.checked_add_days(Days::new(later))
            }
            KingsDay => {
                let date = on(4, 27)?;
                if date.weekday() == Weekday::Sun { date.pred_opt() } else { Some(date) }
            }
            EveryFiveYears(month, day) => on(month, day).filter(|_| year % 5 == 0),
        }
    }
}

/// Easter Sunday of the Gregorian calendar, as Meeus, Jones and Butcher reckon it.
fn easter(year: i32) -> Option<NaiveDate> {
    let (golden, century, rest) = (year.rem_euclid(19), year.div_euclid(100), year.rem_euclid(100));
    let skipped = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - skipped + 15).rem_euclid(30);
    let weekday = (32 + 2 * (century % 4) + 2 * (rest / 4) - epact - rest % 4).rem_euclid(7);
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let days = epact + weekday - 7 * late + 114;
    let (month, day) = (u32::try_from(days / 31).ok()?, u32::try_from(days % 31 + 1).ok()?);
    NaiveDate::from_ymd_opt(year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Month and day of each.
    fn dates(code: &str, year: i32) -> String {
        let region = Region::of(code).expect("a region");
        let written = region.holidays(year).into_iter().map(|(date, _)| date.format("%m-%d").to_string());
        written.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn easter_falls_where_the_church_reckons_it() {
        let table = [
            (1961, "1961-04-02"),
            (2000, "2000-04-23"),
            (2008, "2008-03-23"),
            (2011, "2011-04-24"),
            (2019, "2019-04-21"),
            (2024, "2024-03-31"),
            (2025, "2025-04-20"),
            (2026, "2026-04-05"),
            (2027, "2027-03-28"),
            (2038, "2038-04-25"),
        ];
        for (year, expected) in table {
            assert_eq!(easter(year).map(|date| date.to_string()).as_deref(), Some(expected));
        }
    }

    #[test]
    fn each_country_has_the_days_of_known_years() {
        let table = [
            ("AT", 2026, "01-01 01-06 04-06 05-01 05-14 05-25 06-04 08-15 10-26 11-01 12-08 12-25 12-26"),
            ("AT", 2027, "01-01 01-06 03-29 05-01 05-06 05-17 05-27 08-15 10-26 11-01 12-08 12-25 12-26"),
            ("DE", 2026, "01-01 04-03 04-06 05-01 05-14 05-25 10-03 12-25 12-26"),
            ("NL", 2025, "01-01 04-20 04-21 04-26 05-05 05-29 06-08 06-09 12-25 12-26"),
            ("NL", 2026, "01-01 04-05 04-06 04-27 05-14 05-24 05-25 12-25 12-26"),
            ("NO", 2026, "01-01 04-02 04-03 04-05 04-06 05-01 05-14 05-17 05-24 05-25 12-25 12-26"),
            ("NO", 2027, "01-01 03-25 03-26 03-28 03-29 05-01 05-06 05-16 05-17 12-25 12-26"),
            ("BE", 2026, "01-01 04-06 05-01 05-14 05-25 07-21 08-15 11-01 11-11 12-25"),
            ("CH", 2026, "01-01 05-14 08-01 12-25"),
            ("GB-EAW", 2021, "01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28"),
            ("GB-EAW", 2024, "01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26"),
            ("GB-EAW", 2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"),
            ("GB-EAW", 2027, "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28"),
            ("GB-NIR", 2026, "01-01 03-17 04-03 04-06 05-04 05-25 07-13 08-31 12-25 12-28"),
            ("GB-SCT", 2021, "01-01 01-04 04-02 05-03 05-31 08-02 11-30 12-27 12-28"),
            ("GB-SCT", 2024, "01-01 01-02 03-29 05-06 05-27 08-05 12-02 12-25 12-26"),
        ];
        for (code, year, expected) in table {
            assert_eq!(dates(code, year), expected, "{code} {year}");
        }
    }

    #[test]
    fn each_german_land_adds_its_own_days() {
        // Of 2026.
        let table = [
            ("DE-BW", "01-06 06-04 11-01"),
            ("DE-BY", "01-06 06-04 08-15 11-01"),
            ("DE-BE", "03-08"),
            ("DE-BB", "04-05 05-24 10-31"),
            ("DE-HB", "10-31"),
            ("DE-HH", "10-31"),
            ("DE-HE", "06-04"),
            ("DE-MV", "03-08 10-31"),
            ("DE-NI", "10-31"),
            ("DE-NW", "06-04 11-01"),
            ("DE-RP", "06-04 11-01"),
            ("DE-SL", "06-04 08-15 11-01"),
            ("DE-SN", "10-31 11-18"),
            ("DE-ST", "01-06 10-31"),
            ("DE-SH", "10-31"),
            ("DE-TH", "09-20 10-31"),
        ];
        let everywhere = dates("DE", 2026);
        for (code, expected) in table {
            let all = dates(code, 2026);
            let own: Vec<&str> = all.split(' ').filter(|date| !everywhere.contains(date)).collect();
            assert_eq!(own.join(" "), expected, "{code}");
        }
    }

    #[test]
    fn of_two_holidays_on_one_date_both_are_named() {
        let norway = Region::of("NO").expect("a region").holidays(2027);
        let both = norway.iter().find(|(date, _)| date.to_string() == "2027-05-17").expect("a holiday");
        assert_eq!(both.1, "Grunnlovsdag / Andre pinsedag");
    }

    #[test]
    fn the_day_of_repentance_is_the_wednesday_before_the_twenty_third_of_november() {
        for (year, expected) in [(2022, "11-16"), (2023, "11-22"), (2024, "11-20"), (2025, "11-19")] {
            assert!(dates("DE-SN", year).contains(expected), "{year}");
        }
    }

    #[test]
    fn no_year_is_a_reason_to_panic_and_no_day_is_there_twice_in_one_region() {
        for region in &REGIONS {
            for year in [i32::MIN, -1, 0, 1, 9999, i32::MAX] {
                region.holidays(year);
            }
            for year in 2024..2060 {
                let names: Vec<_> = region.holidays(year).into_iter().map(|(_, name)| name).collect();
                let once: std::collections::HashSet<_> = names.iter().collect();
                assert_eq!(once.len(), names.len(), "{} {year}", region.code);
            }
        }
    }
}
