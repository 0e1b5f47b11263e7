//! Nobody reads mail on a public holiday, and which days those are depends on the country and often on the region.
//!
//! The days lie in `holidays.txt`, whose head says where they come from and how to make them anew. A place is read when it
//! is first asked for, and shared from then on.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::{Arc, LazyLock, OnceLock};

use jiff::civil::Date;

/// The years whose holidays are known.
pub const YEARS: RangeInclusive<i16> = 2025..=2035;

/// Dates on which a place is closed.
pub type Dates = Arc<BTreeSet<Date>>;

/// A country, or a region of one with the days that differ.
struct Place {
    name: &'static str,
    more: &'static str,
    less: &'static str,
    dates: OnceLock<Dates>,
}

/// All places, by their names in order.
static PLACES: LazyLock<Vec<Place>> = LazyLock::new(|| read(include_str!("holidays.txt")));

/// The holidays of a place, such as `FR` or `DE-BY`, in any case; none where nothing is known of it.
pub fn holidays_in(place: &str) -> Option<Dates> {
    let place = named(place)?;
    Some(place.dates.get_or_init(|| Arc::new(place.days())).clone())
}

/// The holidays where a lead lives: those of its region where its attribute names one (`BY` or `DE-BY`), else of its country.
pub fn holidays_at(country: &str, region: Option<&str>) -> Option<Dates> {
    let region = region.map(str::trim).filter(|region| !region.is_empty());
    let within = region.and_then(|region| {
        let inside = region.split_once('-').filter(|(first, _)| first.eq_ignore_ascii_case(country.trim()));
        let own = inside.map_or(region, |(_, own)| own);
        holidays_in(&format!("{}-{own}", country.trim()))
    });
    within.or_else(|| holidays_in(country))
}

/// The names of all places whose holidays are known.
pub fn places() -> impl Iterator<Item = &'static str> {
    PLACES.iter().map(|place| place.name)
}

fn named(name: &str) -> Option<&'static Place> {
    let name = name.trim().to_lowercase();
    let row = PLACES.binary_search_by(|place| place.name.to_lowercase().cmp(&name)).ok()?;
    PLACES.get(row)
}

fn read(text: &'static str) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, days)) = line.split_once('\t') else { continue };
        let (name, takes_away) = name.strip_prefix('!').map_or((name, false), |name| (name, true));
        let at = places.iter().rposition(|place| place.name == name).unwrap_or_else(|| {
            places.push(Place { name, more: "", less: "", dates: OnceLock::new() });
            places.len() - 1
        });
        let place = &mut places[at];
        *(if takes_away { &mut place.less } else { &mut place.more }) = days;
    }
    places.sort_by_key(|place| place.name.to_lowercase());
    places
}

impl Place {
    fn days(&self) -> BTreeSet<Date> {
        let country = self.name.split_once('-').and_then(|(country, _)| holidays_in(country));
        let mut days = country.map(|days| (*days).clone()).unwrap_or_default();
        days.extend(dates(self.more));
        for day in dates(self.less) {
            days.remove(&day);
        }
        days
    }
}

/// The dates of `*:0101,1225 2026:0403`.
fn dates(text: &str) -> impl Iterator<Item = Date> {
    text.split_whitespace().filter_map(|part| part.split_once(':')).flat_map(|(year, days)| {
        let years = year.parse().map_or(YEARS, |year: i16| year..=year);
        years.flat_map(move |year| days.split(',').filter_map(move |day| date(year, day)))
    })
}

fn date(year: i16, day: &str) -> Option<Date> {
    let (month, day) = (day.get(..2)?.parse().ok()?, day.get(2..)?.parse().ok()?);
    Date::new(year, month, day).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(dates: Option<Dates>, day: &str) -> bool {
        dates.unwrap().contains(&day.parse().unwrap())
    }

    #[test]
    fn every_line_of_the_data_is_read_whole() {
        for line in include_str!("holidays.txt").lines().filter(|line| !line.starts_with('#')) {
            let (name, days) = line.split_once('\t').unwrap();
            let written = days.split_whitespace().map(|part| {
                let (year, days) = part.split_once(':').unwrap();
                days.split(',').count() * if year == "*" { YEARS.count() } else { 1 }
            });
            assert_eq!(dates(days).count(), written.sum::<usize>(), "{name}");
            let place = holidays_in(name.trim_start_matches('!')).unwrap();
            let takes_away = name.starts_with('!');
            assert!(dates(days).all(|day| place.contains(&day) != takes_away), "{name}");
        }
        assert!(places().count() > 400);
    }

    #[test]
    fn a_region_adds_to_its_country_and_takes_away() {
        assert!(closed(holidays_in("FR"), "2026-07-14") && !closed(holidays_in("FR"), "2026-12-26"));
        assert!(closed(holidays_in("de-by"), "2026-01-06") && closed(holidays_in("DE-BY"), "2026-10-03"));
        assert!(!closed(holidays_in("DE"), "2026-01-06"));
        assert!(closed(holidays_in("AU"), "2025-01-26") && !closed(holidays_in("AU-NSW"), "2025-01-26"));
        assert!(holidays_in("Atlantis").is_none() && holidays_in("").is_none());
    }

    #[test]
    fn a_lead_has_the_holidays_of_its_region_where_that_is_one() {
        let epiphany = "2026-01-06";
        for region in ["BY", "de-by", " by "] {
            assert!(closed(holidays_at("de", Some(region)), epiphany), "{region}");
        }
        for region in [None, Some(""), Some("Bavaria"), Some("FR-GES"), Some("-")] {
            assert!(!closed(holidays_at("DE", region), epiphany), "{region:?}");
            assert!(closed(holidays_at("DE", region), "2026-12-25"), "{region:?}");
        }
        assert!(holidays_at("", Some("BY")).is_none());
    }
}
