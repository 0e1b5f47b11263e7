//! Pools: several senders that share what is sent under one name.
//!
//! Each lead has one sender of a pool. Who is new gets one by a hash that weighs senders by what they may send a day (rendezvous hashing):
//! nothing is counted, so nobody waits for a counter, the same lead gets the same sender wherever and however often it is asked, and a new
//! member takes its share of new leads only. The sender of the first mail is remembered with the lead and stays.

use std::collections::BTreeSet;

use super::id::dice;
use super::lead::Lead;
use super::playbook::{Sender, Settings};

/// What a sender without a cap weighs beside others, in mails a day.
const UNBOUNDED: u32 = 10_000;

impl Settings {
    /// The sender that `send.from` means for a lead: the one of that name, or the lead's own one of that pool.
    pub fn sender_for(&self, from: &str, lead: &Lead) -> Option<&Sender> {
        if let Some(sender) = self.senders.get(from) {
            return Some(sender);
        }
        self.senders.get(self.kept(from, lead).or_else(|| self.drawn(from, lead, &BTreeSet::new()))?)
    }

    /// The sender of a pool that a lead has already, while it is in the pool.
    pub fn kept<'s>(&'s self, pool: &str, lead: &Lead) -> Option<&'s str> {
        let kept = lead.senders.get(pool)?;
        self.pools.get(pool)?.iter().find(|member| *member == kept).map(String::as_str)
    }

    /// The sender of a pool that a new lead gets: none that is stopped, unless all are.
    pub fn drawn(&self, pool: &str, lead: &Lead, stopped: &BTreeSet<String>) -> Option<&str> {
        let members = || self.pools.get(pool).into_iter().flatten().filter_map(|name| self.senders.get(name));
        let score = |sender: &&Sender| score(pool, lead, sender);
        let best = |one: &&Sender, other: &&Sender| score(one).total_cmp(&score(other));
        let well = members().filter(|sender| !stopped.contains(&sender.name)).max_by(best);
        well.or_else(|| members().max_by(best)).map(|sender| sender.name.as_str())
    }

    /// All senders that `send.from` may mean.
    pub fn senders_of<'s>(&'s self, from: &'s str) -> impl Iterator<Item = &'s Sender> {
        let members = self.pools.get(from).into_iter().flatten();
        self.senders.get(from).into_iter().chain(members.filter_map(|name| self.senders.get(name)))
    }
}

/// The larger wins: with weight w a sender wins its share of w among all (the logarithm method of weighted rendezvous hashing).
fn score(pool: &str, lead: &Lead, sender: &Sender) -> f64 {
    let seed = dice(&["pool", pool, lead.id.as_str(), &sender.name]);
    // 53 bits, all a double holds, and never nothing.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let chance = ((seed >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0;
    -f64::from(sender.per_day.unwrap_or(UNBOUNDED).max(1)) / chance.ln()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::address::EmailAddress;
    use crate::domain::decide::newborn;
    use crate::domain::id::LeadId;
    use crate::domain::playbook::Company;
    use crate::domain::time::Instant;

    fn settings(senders: &[(&str, u32)]) -> Settings {
        let all = senders.iter().map(|(name, per_day)| ((*name).to_owned(), Sender::made_up(name, Some(*per_day))));
        let members = senders.iter().map(|(name, _)| (*name).to_owned()).collect();
        Settings {
            company: Company::default(),
            zone: "UTC".to_owned(),
            public_url: String::new(),
            lead_attributes: BTreeMap::new(),
            account_attributes: BTreeMap::new(),
            consent_required: false,
            frequency_cap: None,
            holidays: BTreeMap::new(),
            senders: all.collect(),
            pools: BTreeMap::from([("growth".to_owned(), members)]),
            channels: BTreeSet::new(),
            alerts: None,
        }
    }

    fn lead(number: u32) -> Lead {
        let address = EmailAddress::parse(&format!("person{number}@example.com")).unwrap();
        newborn(LeadId(format!("lead-{number}")), address, None, Instant(0))
    }

    /// How many of 4,000 new leads each sender gets.
    fn shares(settings: &Settings, stopped: &BTreeSet<String>) -> BTreeMap<String, u32> {
        let mut shares = BTreeMap::new();
        for number in 0..4_000 {
            let drawn = settings.drawn("growth", &lead(number), stopped).unwrap().to_owned();
            *shares.entry(drawn).or_default() += 1;
        }
        shares
    }

    #[test]
    fn new_leads_are_shared_by_what_each_sender_may_send_a_day() {
        let shares = shares(&settings(&[("maya", 300), ("tom", 100)]), &BTreeSet::new());
        assert!((2_850..=3_150).contains(&shares["maya"]), "{shares:?}");
        assert_eq!(shares["maya"] + shares["tom"], 4_000);
    }

    #[test]
    fn a_stopped_sender_gets_no_new_lead_unless_all_are_stopped() {
        let settings = settings(&[("maya", 100), ("tom", 100)]);
        assert_eq!(shares(&settings, &["tom".to_owned()].into()), BTreeMap::from([("maya".to_owned(), 4_000)]));
        assert_eq!(shares(&settings, &["maya".to_owned(), "tom".to_owned()].into()).len(), 2);
    }

    #[test]
    fn a_new_member_takes_from_the_others_what_is_its_own_and_moves_nobody_between_them() {
        let (before, after) =
            (settings(&[("maya", 100), ("tom", 100)]), settings(&[("maya", 100), ("tom", 100), ("zoe", 100)]));
        for number in 0..2_000 {
            let drawn =
                |settings: &Settings| settings.drawn("growth", &lead(number), &BTreeSet::new()).unwrap().to_owned();
            assert!(drawn(&after) == drawn(&before) || drawn(&after) == "zoe");
        }
    }

    #[test]
    fn a_lead_keeps_its_sender_while_it_is_in_the_pool() {
        let settings = settings(&[("maya", 1), ("tom", 1_000_000)]);
        let mut lead = lead(1);
        assert_eq!(settings.sender_for("growth", &lead).unwrap().name, "tom");
        lead.senders.insert("growth".to_owned(), "maya".to_owned());
        assert_eq!(settings.sender_for("growth", &lead).unwrap().name, "maya");
        lead.senders.insert("growth".to_owned(), "gone".to_owned());
        assert_eq!(settings.sender_for("growth", &lead).unwrap().name, "tom");
        assert_eq!(settings.sender_for("maya", &lead).unwrap().name, "maya", "a sender is meant by its own name");
        assert_eq!(settings.sender_for("nobody", &lead), None);
    }
}
