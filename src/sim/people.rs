//! Who there is: made-up leads with companies, places and temperaments, the same for the same seed.

use serde_json::{Map, Value, json};

use super::Chance;
use super::names::{FIRMS, FIRST, LAST, PLACES, TITLES, TRADES};
use crate::domain::time::Millis;

/// What somebody is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Reads everything, looks at prices, asks for a demo.
    Keen,
    /// Opens, sometimes clicks, comes by the site.
    Curious,
    /// Never answers in any way.
    Silent,
    /// Behind a gateway that follows every link before the mail is delivered.
    Scanned,
    /// Whose address does not exist any more.
    Gone,
    /// Out of office when the first mail comes.
    Away,
    /// Answers by mail.
    Replier,
    /// Wants no more.
    Leaver,
}

/// In what share of a hundred each kind comes.
const MIX: [(Kind, usize); 8] = [
    (Kind::Keen, 14),
    (Kind::Curious, 29),
    (Kind::Silent, 23),
    (Kind::Scanned, 9),
    (Kind::Gone, 5),
    (Kind::Away, 6),
    (Kind::Replier, 8),
    (Kind::Leaver, 6),
];

/// Minutes of a day.
const DAY: i64 = 24 * 60;

/// How somebody comes to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Starts a trial so long after the beginning.
    Trial(Millis),
    /// On the list an SDR imports so long after the beginning.
    List(Millis),
}

/// One made-up person.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    pub email: String,
    pub attributes: Map<String, Value>,
    pub kind: Kind,
    pub arrival: Arrival,
}

/// Makes so many people.
pub fn people(count: usize, chance: &Chance) -> Vec<Person> {
    (0..count).map(|number| person(number, chance)).collect()
}

fn person(number: usize, chance: &Chance) -> Person {
    let name = number.to_string();
    let pick = |from: usize, what: &str| chance.below(from, &[&name, what]);
    let (first, last) = (FIRST[pick(FIRST.len(), "first")], LAST[pick(LAST.len(), "last")]);
    // Colleagues share a company now and then.
    let firm_of = pick(number.max(1) * 4 / 5 + 1, "firm");
    let firm = |what: &str, from: usize| chance.below(from, &[&firm_of.to_string(), "company", what]);
    let trade = TRADES[firm("trade", TRADES.len())];
    let company = format!("{} {}", FIRMS[firm("name", FIRMS.len())], trade.1);
    let place = PLACES[pick(PLACES.len(), "place")];
    let kind = kind(number, chance);
    let title = TITLES[pick(TITLES.len(), "title")];
    let mut attributes = Map::new();
    let mut set = |name: &str, value: Value| drop(attributes.insert(name.to_owned(), value));
    set("first_name", json!(first));
    set("last_name", json!(last));
    set("title", json!(title));
    set("company", json!(company));
    set("country", json!(place.0));
    set("city", json!(place.1));
    if let Some(zone) = place.2 {
        set("zone", json!(zone));
    }
    if chance.falls(62, &[&name, "region"]) {
        set("region", json!("target"));
    }
    set("industry", json!(trade.0));
    set("employees", json!([8, 24, 60, 120, 180, 250, 420, 900][firm("size", 8)]));
    let private = pick(100, "private") < 7;
    let domain = if private { "gmail.com".to_owned() } else { format!("{}-{firm_of}.example", plain(&company)) };
    let email = format!("{}.{}{}@{domain}", plain(first), plain(last), number + 1);
    Person { email, attributes, kind, arrival: arrival(number, chance) }
}

/// Kinds come in their shares however few people there are.
fn kind(number: usize, chance: &Chance) -> Kind {
    // 37 and 100 share no divisor, so a hundred neighbours meet every place once; the seed says where to begin.
    let mut place = (number * 37 + chance.below(100, &["kinds"])) % 100;
    for (kind, share) in MIX {
        if place < share {
            return kind;
        }
        place -= share;
    }
    Kind::Silent
}

fn arrival(number: usize, chance: &Chance) -> Arrival {
    let name = number.to_string();
    if chance.falls(38, &[&name, "list"]) {
        // Three lists: on the first morning, on Tuesday, on Thursday of the next week.
        let days = [0, 1, 10][chance.below(3, &[&name, "which list"])];
        return Arrival::List(Millis::MINUTE.times(12 + days * DAY));
    }
    if let Some(first) = i64::try_from(number).ok().filter(|number| *number < 6) {
        return Arrival::Trial(Millis::SECOND.times(20 + 25 * first));
    }
    // More come in the first days than later, in waking hours.
    let day = chance.below(12, &[&name, "day"]).min(chance.below(12, &[&name, "day again"]));
    let minutes = chance.below(13 * 60, &[&name, "minute"]) + 1;
    let whole = |n: usize| i64::try_from(n).unwrap_or(0);
    Arrival::Trial(Millis::MINUTE.times(whole(day) * DAY + whole(minutes)))
}

/// Letters that any address may have.
fn plain(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c.to_lowercase().next()? {
            'ä' | 'á' | 'à' => Some('a'),
            'é' | 'è' | 'ë' => Some('e'),
            'ç' => Some('c'),
            'ö' => Some('o'),
            'ü' => Some('u'),
            c if c.is_ascii_alphanumeric() => Some(c),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::domain::address::EmailAddress;

    #[test]
    fn the_same_seed_makes_the_same_people_and_another_seed_others() {
        let all = people(200, &Chance::new(7));
        assert_eq!(all, people(200, &Chance::new(7)));
        assert_ne!(all, people(200, &Chance::new(8)));
        let addresses: BTreeSet<&str> = all.iter().map(|person| person.email.as_str()).collect();
        assert_eq!(addresses.len(), 200);
        assert!(addresses.iter().all(|address| EmailAddress::parse(address).is_ok()));
    }

    #[test]
    fn every_kind_comes_in_its_share() {
        let mut found = BTreeMap::new();
        for person in people(200, &Chance::new(3)) {
            *found.entry(person.kind).or_insert(0) += 1;
        }
        assert_eq!(found, MIX.map(|(kind, share)| (kind, share * 2)).into());
    }
}
