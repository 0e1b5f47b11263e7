//! Most leads do not say where they live, so their zone is taken from the next best thing known.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};

use super::countries::zone_of_country;

/// Which hint gave a lead its zone; recorded, since a better hint moves the next wake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoneSource {
    Own,
    Country,
    Account,
    Fallback,
    Workspace,
    /// No hint named a known zone.
    Utc,
}

/// What is known about where a lead lives, best first. Zones are IANA names, the country is ISO 3166 alpha-2.
#[derive(Clone, Copy, Debug, Default)]
pub struct ZoneHints<'a> {
    pub own: Option<&'a str>,
    pub country: Option<&'a str>,
    pub account: Option<&'a str>,
    pub fallback: Option<&'a str>,
    pub workspace: &'a str,
}

impl ZoneHints<'_> {
    /// The first hint that names a known zone, and which it was.
    pub fn resolve(&self) -> (TimeZone, ZoneSource) {
        let country = self.country.and_then(zone_of_country);
        [
            (self.own, ZoneSource::Own),
            (country, ZoneSource::Country),
            (self.account, ZoneSource::Account),
            (self.fallback, ZoneSource::Fallback),
            (Some(self.workspace), ZoneSource::Workspace),
        ]
        .into_iter()
        .find_map(|(name, source)| Some((zone_named(name?)?, source)))
        .unwrap_or((TimeZone::UTC, ZoneSource::Utc))
    }
}

static BUILT_IN: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
static ONLY_BUILT_IN: AtomicBool = AtomicBool::new(false);

/// From now on zones of this process have the rules that are built in, so that what follows from them is the same on every machine.
pub fn use_built_in() {
    ONLY_BUILT_IN.store(true, Ordering::Relaxed);
}

/// The zone with this IANA name, in any case; none when there is no such zone. The rules are the system's where it
/// has them, since those are updated, else the ones built in; either is read once and shared.
pub fn zone_named(name: &str) -> Option<TimeZone> {
    let name = name.trim();
    let zone = if ONLY_BUILT_IN.load(Ordering::Relaxed) { BUILT_IN.get(name) } else { TimeZone::get(name) };
    zone.ok().filter(|zone| !name.is_empty() && !zone.is_unknown())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(hints: ZoneHints<'_>) -> (String, ZoneSource) {
        let (zone, source) = hints.resolve();
        (zone.iana_name().unwrap_or("UTC").to_owned(), source)
    }

    #[test]
    fn the_first_hint_that_names_a_zone_wins() {
        let mut hints = ZoneHints {
            own: Some("asia/tokyo"),
            country: Some("fr"),
            account: Some("Europe/Berlin"),
            fallback: Some("America/New_York"),
            workspace: "Europe/London",
        };
        assert_eq!(resolved(hints), ("Asia/Tokyo".into(), ZoneSource::Own));
        hints.own = Some("Mars/Olympus");
        assert_eq!(resolved(hints), ("Europe/Paris".into(), ZoneSource::Country));
        hints.country = Some("US");
        assert_eq!(resolved(hints), ("Europe/Berlin".into(), ZoneSource::Account));
        hints.account = Some("");
        assert_eq!(resolved(hints), ("America/New_York".into(), ZoneSource::Fallback));
        hints.fallback = None;
        assert_eq!(resolved(hints), ("Europe/London".into(), ZoneSource::Workspace));
        assert_eq!(resolved(ZoneHints::default()), ("UTC".into(), ZoneSource::Utc));
    }

    #[test]
    fn names_that_are_paths_or_unknown_are_no_zones() {
        for name in ["", " ", "Etc/Unknown", "../../etc/passwd", "/etc/localtime", "Europe", "CEST", "Europe/Paris\0"] {
            assert!(zone_named(name).is_none(), "{name}");
        }
    }
}
