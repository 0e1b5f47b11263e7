//! What people do about a mail: each kind has its habits, each person their hours, and a chance decides the rest.

use serde_json::{Map, Value, json};

use super::Chance;
use super::agenda::Deed;
use super::letter::Letter;
use super::people::{Kind, Person};
use crate::domain::time::{Instant, Millis};

const READER: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15";
const GATEWAY: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36";

/// A mail that arrived, from where its reader sits.
pub struct Arrived<'a> {
    pub person: usize,
    pub who: &'a Person,
    pub letter: &'a Letter,
    /// How many mails this person had before.
    pub before: usize,
    pub at: Instant,
    pub chance: &'a Chance,
}

impl Arrived<'_> {
    /// All that is done about it, each thing at its time.
    pub fn deeds(&self) -> Vec<(Instant, Deed)> {
        match self.who.kind {
            Kind::Keen => self.keen(),
            Kind::Curious => self.curious(),
            Kind::Silent | Kind::Gone => Vec::new(),
            Kind::Scanned => self.scanned(),
            Kind::Away => self.away(),
            Kind::Replier => self.replier(),
            Kind::Leaver => self.leaver(),
        }
    }

    fn falls(&self, percent: u64, what: &str) -> bool {
        self.chance.falls(percent, &[&self.who.email, &self.before.to_string(), what])
    }

    /// So much later, in waking hours.
    fn later(&self, least: Millis, most: Millis, what: &str) -> Instant {
        let at = self.at + self.chance.between(least, most, &[&self.who.email, &self.before.to_string(), what]);
        waking(at, &[&self.who.email, what], self.chance)
    }

    /// When it is read.
    fn read_at(&self) -> Instant {
        self.later(Millis::MINUTE.times(3), Millis::HOUR.times(5), "reads")
    }

    fn open(&self, at: Instant) -> Option<(Instant, Deed)> {
        let url = self.letter.pixel.clone()?;
        Some((at, Deed::Get { person: self.person, url, agent: READER }))
    }

    fn click(&self, at: Instant) -> Option<(Instant, Deed)> {
        let place = self.chance.below(self.letter.links.len(), &[&self.who.email, &self.before.to_string(), "link"]);
        let url = self.letter.links.get(place)?.clone();
        Some((at, Deed::Get { person: self.person, url, agent: READER }))
    }

    fn tell(&self, at: Instant, name: &str, data: Value) -> (Instant, Deed) {
        let data = if let Value::Object(data) = data { data } else { Map::new() };
        (at, Deed::Tell { person: self.person, name: name.to_owned(), data })
    }

    fn visit(&self, at: Instant, path: &str) -> (Instant, Deed) {
        self.tell(at, "page_viewed", json!({ "path": path }))
    }

    fn keen(&self) -> Vec<(Instant, Deed)> {
        let read = self.read_at();
        let mut deeds = Vec::from_iter(self.open(read));
        if self.falls(80, "clicks") {
            let clicked = read + Millis::SECOND.times(70);
            deeds.extend(self.click(clicked));
            deeds.push(self.visit(clicked + Millis::MINUTE.times(4), "/pricing"));
            if self.falls(45, "more pages") {
                deeds.push(self.visit(clicked + Millis::MINUTE.times(6), "/integrations"));
                deeds.push(self.visit(clicked + Millis::MINUTE.times(9), "/pricing/teams"));
            }
            if self.falls(30, "paper") {
                deeds.push(self.tell(clicked + Millis::MINUTE.times(12), "whitepaper_downloaded", json!({})));
            }
        }
        if self.before > 0 && self.falls(40, "demo") {
            let asks = self.later(Millis::HOUR.times(3), Millis::HOUR.times(40), "asks");
            deeds.push(self.tell(asks, "demo_requested", json!({ "form": "demo" })));
        }
        deeds
    }

    fn curious(&self) -> Vec<(Instant, Deed)> {
        if !self.falls(68, "opens") {
            return Vec::new();
        }
        let read = self.read_at();
        let mut deeds = Vec::from_iter(self.open(read));
        if self.falls(36, "clicks") {
            deeds.extend(self.click(read + Millis::SECOND.times(95)));
            let path = if self.falls(25, "prices") { "/pricing" } else { "/guides" };
            deeds.push(self.visit(read + Millis::MINUTE.times(5), path));
        }
        if self.falls(12, "comes by") {
            deeds.push(self.visit(self.later(Millis::DAY, Millis::DAY.times(4), "comes"), "/blog"));
        }
        if self.falls(7, "webinar") {
            deeds.push(self.tell(
                self.later(Millis::DAY, Millis::DAY.times(3), "watches"),
                "webinar_attended",
                json!({}),
            ));
        }
        deeds
    }

    /// The gateway follows everything within the second; the person behind it reads later, or not.
    fn scanned(&self) -> Vec<(Instant, Deed)> {
        let mut at = self.at + Millis(350);
        let mut deeds = Vec::new();
        for url in self.letter.pixel.iter().chain(&self.letter.links) {
            deeds.push((at, Deed::Get { person: self.person, url: url.clone(), agent: GATEWAY }));
            at = at + Millis(90);
        }
        if self.falls(40, "reads") {
            deeds.extend(self.open(self.read_at()));
        }
        deeds
    }

    fn away(&self) -> Vec<(Instant, Deed)> {
        if self.before == 0 {
            let back = self.at + Millis::DAY.times(6);
            let data = json!({ "until": back.to_jiff().to_string() });
            return vec![self.tell(self.at + Millis::SECOND.times(40), "auto_replied", data)];
        }
        self.curious()
    }

    fn replier(&self) -> Vec<(Instant, Deed)> {
        let mut deeds = Vec::from_iter(self.open(self.read_at()));
        if self.before > 0 || self.falls(50, "at once") {
            // Well after anything else, so that it is the last word.
            let at = self.later(Millis::HOUR.times(6), Millis::HOUR.times(30), "answers");
            deeds.push(self.tell(at, "replied", json!({ "channel": "email" })));
        }
        deeds
    }

    fn leaver(&self) -> Vec<(Instant, Deed)> {
        let read = self.read_at();
        let mut deeds = Vec::from_iter(self.open(read));
        if self.before > 0 || self.falls(60, "at once") {
            let at = read + Millis::MINUTE.times(3);
            deeds.extend(self.letter.way_out.clone().map(|url| (at, Deed::Unsubscribe { person: self.person, url })));
        }
        deeds
    }
}

/// The same instant, or some time after the next breakfast if it lies in the night.
fn waking(at: Instant, about: &[&str], chance: &Chance) -> Instant {
    let clock = at.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).time();
    let (rises, sleeps) = (jiff::civil::time(6, 30, 0, 0), jiff::civil::time(21, 0, 0, 0));
    if clock >= rises && clock < sleeps {
        return at;
    }
    let midnight = Instant(at.0 - at.0.rem_euclid(Millis::DAY.0));
    let breakfast = midnight + if clock < rises { Millis::ZERO } else { Millis::DAY } + Millis::MINUTE.times(390);
    breakfast + chance.between(Millis::ZERO, Millis::HOUR.times(3), about)
}
