use std::collections::BTreeMap;

use super::desk::Desk;
use super::plot::{book, email, sequence};
use crate::domain::sequence::{Act, Kind, Portion, Sequence};

fn forked() -> Sequence {
    let way = |(name, weight, then): (&str, u32, usize)| Portion { name: name.to_owned(), weight, then: Some(then) };
    let ways = [("calm", 3, 1), ("quick", 1, 2)].map(way).into();
    let end = |reason: &str| Act::End { reason: reason.to_owned() };
    sequence("test", Kind::Cadence, vec![("fork", Act::Split(ways)), ("calm", end("calm")), ("quick", email())])
}

#[test]
fn of_many_leads_each_way_gets_its_share_and_each_lead_always_the_same() {
    let mut taken: BTreeMap<bool, usize> = BTreeMap::new();
    for number in 0..800 {
        let way = |address: &str| {
            let mut desk = Desk::of(address, book(vec![forked()]));
            desk.enroll("test");
            desk.lead.enrollments.is_empty()
        };
        let address = format!("lead{number}@acme.example");
        let calm = way(&address);
        assert_eq!(calm, way(&address));
        *taken.entry(calm).or_default() += 1;
    }
    // Three of four: 600 of 800, with a standard deviation of 12.
    assert!((550..=650).contains(&taken[&true]), "{taken:?}");
}
