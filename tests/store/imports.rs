//! New leads of lists come in many at once, and whoever is known stays as it was.

use std::collections::BTreeSet;

use overture::domain::event::{Event, IMPORTED, What};
use overture::domain::lead::Lead;
use overture::domain::score::Score;
use overture::store::imports::{Common, NewLead};
use overture::store::leads::LeadKey;
use overture::store::reports::Order;

use crate::build::{NOW, add, address, lead, seen};
use crate::{lead_id, on_both, within};

/// More than go into one statement, and some over.
const MANY: u128 = 450;

fn brought(number: u128) -> (Lead, Event) {
    let mut lead = lead(number);
    (lead.seq, lead.wake_at) = (1, Some(NOW));
    let what = What::Imported {
        address: lead.address.to_string(),
        account: None,
        set: lead.attributes.clone().into_iter().collect(),
    };
    let event =
        Event { source: "import".to_owned(), what, actor: overture::domain::event::Actor::System, ..seen(&lead.id, 1) };
    (lead, Event { occurred_at: NOW, recorded_at: NOW, ..event })
}

on_both! {
    async fn new_leads_of_a_list_come_in_whole_and_a_known_address_keeps_its_lead(store) {
        let known = { let mut known = lead(9_000); known.address = address(5); known };
        add(&store, std::slice::from_ref(&known)).await;
        let all: Vec<(Lead, Event)> = (1..=MANY).map(brought).collect();
        let new: Vec<NewLead> = all.iter().map(|(lead, event)| NewLead::new(lead, event).unwrap()).collect();
        let common = Common { score: Score::default(), temperature: "cold", event: IMPORTED, source: "import", at: NOW };
        let left_out = within!(store, |tx| tx.bring(&new, &common).await.unwrap());
        assert_eq!(left_out, BTreeSet::from([lead_id(5)]));
        let keys: Vec<LeadKey> = (1..=MANY).map(|number| LeadKey::Address(address(number))).collect();
        let expected: Vec<Option<Lead>> =
            all.iter().map(|(lead, _)| Some(if lead.address == address(5) { known.clone() } else { lead.clone() })).collect();
        assert_eq!(store.leads(&keys).await.unwrap(), expected);
        for number in [1, 200, MANY] {
            let events = store.reports().events(&lead_id(number), Order::Oldest, None, 10).await.unwrap();
            assert_eq!(events, [brought(number).1]);
        }
        let woken = within!(store, |tx| tx.claim_wakes(1_000, NOW).await.unwrap());
        assert_eq!(woken, (1..=MANY).filter(|number| *number != 5).map(lead_id).collect::<Vec<_>>());
    }
}
