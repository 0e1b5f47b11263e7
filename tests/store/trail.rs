//! Opens and clicks that were written down and not decided: behind the other events of their leads, and part of the lead for whoever loads
//! it.

use std::collections::BTreeSet;

use overture::domain::event::{Actor, Event, What};
use overture::domain::id::LeadId;
use overture::domain::lead::Lead;
use overture::domain::time::Instant;
use overture::domain::touch::State;
use overture::store::Store;
use overture::store::leads::LeadKey;
use overture::store::reports::Order;

use crate::build::{NOW, apply, lead, queued, saved, seen, touch, touch_id};
use crate::support::postgres::Postgres;
use crate::{lead_id, on_both, opened, within};

const VERDICT: Instant = Instant(NOW.0 + 60_000);

/// A click of a lead, not numbered yet.
fn click(number: u128) -> Event {
    let what = What::Hit {
        name: "clicked".to_owned(),
        touch: touch_id(number),
        step: "hello".to_owned(),
        enrollment: None,
        url: Some("https://acme.example/guide".to_owned()),
        verdict: Actor::Human,
        reason: "no sign of a machine".to_owned(),
    };
    Event { what, source: "tracking".to_owned(), ..seen(&lead_id(number), 0) }
}

/// Saves leads of which two events are known, with a wake far ahead.
async fn known(store: &Store, numbers: std::ops::RangeInclusive<u128>) {
    for number in numbers {
        let one = Lead { seq: 2, wake_at: Some(Instant(NOW.0 + 86_400_000)), ..lead(number) };
        let events = [seen(&one.id, 1), seen(&one.id, 2)];
        within!(store, |tx| tx.save(&[saved(&one, None, &events)], NOW).await.unwrap());
    }
}

async fn trail(store: &Store, events: Vec<Event>) -> bool {
    within!(store, |tx| tx.trail(events, VERDICT).await.unwrap())
}

fn keys(number: u128) -> [LeadKey; 1] {
    [LeadKey::Id(lead_id(number))]
}

async fn one(store: &Store, number: u128) -> Lead {
    store.leads(&keys(number)).await.unwrap().remove(0).unwrap()
}

async fn numbers(store: &Store, lead: &LeadId) -> Vec<u64> {
    let events = store.reports().events(lead, Order::Oldest, None, 500).await.unwrap();
    events.iter().map(|event| event.seq).collect()
}

on_both! {
    async fn a_hit_stands_behind_the_other_events_and_is_part_of_the_lead_before_it_is_saved(store) {
        known(&store, 1..=2).await;
        let as_saved = store.leads_as_saved(&keys(1)).await.unwrap();
        assert!(trail(&store, vec![click(1), click(1)]).await, "it is to be woken for the verdict");
        assert_eq!(store.next_wake().await.unwrap(), Some(VERDICT));
        assert!(!trail(&store, vec![click(1)]).await, "it is woken already");
        assert_eq!(numbers(&store, &lead_id(1)).await, [1, 2, 3, 4, 5]);
        assert_eq!(store.leads_as_saved(&keys(1)).await.unwrap(), as_saved, "its document was not touched");
        let whole = one(&store, 1).await;
        let hits: Vec<(u64, Instant)> = whole.unsettled.iter().map(|hit| (hit.hit, hit.settles_at)).collect();
        assert_eq!((whole.seq, hits), (5, vec![(3, VERDICT), (4, VERDICT), (5, VERDICT)]));
        let twice = [keys(1), keys(2), keys(1)].concat();
        let loaded = within!(store, |tx| tx.load(&twice).await.unwrap());
        assert_eq!(loaded, [Some(whole.clone()), Some(one(&store, 2).await), Some(whole)]);
    }
}

on_both! {
    async fn a_lead_that_is_saved_whole_has_no_trail_any_more_and_one_that_is_only_loaded_keeps_it(store) {
        known(&store, 1..=1).await;
        trail(&store, vec![click(1)]).await;
        let loaded = within!(store, |tx| tx.load(&keys(1)).await.unwrap().remove(0).unwrap());
        assert_eq!(one(&store, 1).await, loaded, "who only looked changed nothing");
        let next = Lead { seq: 4, ..loaded };
        within!(store, |tx| {
            tx.load(&keys(1)).await.unwrap();
            tx.save(&[saved(&next, next.wake_at, &[seen(&next.id, 4)])], NOW).await.unwrap();
        });
        assert_eq!(store.leads_as_saved(&keys(1)).await.unwrap(), [Some(next.clone())]);
        assert_eq!(one(&store, 1).await, next, "the hit is in it once");
        assert!(trail(&store, vec![click(1)]).await, "the next hit asks for a wake of its own");
        assert_eq!(numbers(&store, &lead_id(1)).await, [1, 2, 3, 4, 5]);
        assert_eq!(one(&store, 1).await.unsettled.len(), 2);
    }
}

on_both! {
    async fn hits_of_many_leads_are_one_batch(store) {
        known(&store, 1..=70).await;
        let events: Vec<Event> = (0..300).map(|hit| click(1 + hit % 70)).collect();
        assert!(trail(&store, events).await);
        for number in 1..=70 {
            let count: u64 = if number <= 20 { 5 } else { 4 };
            assert_eq!(numbers(&store, &lead_id(number)).await, (1..=2 + count).collect::<Vec<u64>>());
            assert_eq!(one(&store, number).await.seq, 2 + count);
        }
        let due = within!(store, |tx| tx.claim_wakes(500, VERDICT).await.unwrap());
        assert_eq!(due, (1..=70).map(lead_id).collect::<Vec<_>>(), "each is woken once");
    }
}

on_both! {
    async fn nobody_hears_a_hit_of_whom_nothing_is_known(store) {
        let mut tx = store.begin().await.unwrap();
        let error = tx.trail(vec![click(1)], VERDICT).await.unwrap_err();
        assert!(!error.hits_everybody() && !error.is_transient(), "{error:?}");
        tx.rollback().await.unwrap();
        assert_eq!((numbers(&store, &lead_id(1)).await.len(), store.next_wake().await.unwrap()), (0, None));
    }
}

on_both! {
    async fn a_hit_that_is_not_committed_never_was(store) {
        known(&store, 1..=1).await;
        let mut tx = store.begin().await.unwrap();
        tx.trail(vec![click(1)], VERDICT).await.unwrap();
        tx.rollback().await.unwrap();
        assert_eq!((numbers(&store, &lead_id(1)).await, one(&store, 1).await.seq), (vec![1, 2], 2));
        assert!(trail(&store, vec![click(1)]).await);
    }
}

on_both! {
    async fn the_mail_of_a_link_is_found_by_its_touch(store) {
        apply(&store, &[queued(touch(1, "mail:a", 0))]).await;
        let mail = store.mailed(&touch_id(1)).await.unwrap().unwrap();
        assert_eq!((&mail.lead, mail.step.as_str(), mail.state, mail.done_at), (&lead_id(1), "hello", State::Queued, None));
        let (known, foreign) = (touch_id(1), touch_id(9));
        let both = BTreeSet::from([&known, &foreign]);
        assert_eq!(within!(store, |tx| tx.mailed(&both).await.unwrap()), [(touch_id(1), mail)].into());
        assert_eq!(store.mailed(&touch_id(9)).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_hit_waits_for_who_decides_about_its_lead_and_is_numbered_behind() {
    let Some(postgres) = Postgres::shared() else { return };
    let location = overture::store::Location::Postgres { url: postgres.database(), connections: 4 };
    let store = opened(&location).await;
    known(&store, 1..=1).await;
    let mut first = store.begin().await.unwrap();
    let loaded = first.load(&keys(1)).await.unwrap().remove(0).unwrap();
    let finish = async {
        let next = Lead { seq: 3, ..loaded };
        first.save(&[saved(&next, next.wake_at, &[seen(&next.id, 3)])], NOW).await.unwrap();
        first.commit().await.unwrap();
    };
    let (woken, ()) = tokio::join!(trail(&store, vec![click(1)]), finish);
    assert!(woken);
    assert_eq!(numbers(&store, &lead_id(1)).await, [1, 2, 3, 4]);
    assert_eq!(one(&store, 1).await.seq, 4);
}

#[tokio::test]
async fn who_decides_about_a_lead_waits_for_its_hit_and_knows_of_it() {
    let Some(postgres) = Postgres::shared() else { return };
    let location = overture::store::Location::Postgres { url: postgres.database(), connections: 4 };
    let store = opened(&location).await;
    known(&store, 1..=1).await;
    let mut first = store.begin().await.unwrap();
    first.trail(vec![click(1)], VERDICT).await.unwrap();
    let second = async {
        let mut tx = store.begin().await.unwrap();
        tx.load(&keys(1)).await.unwrap().remove(0).unwrap()
    };
    let (loaded, ()) = tokio::join!(second, async { first.commit().await.unwrap() });
    assert_eq!((loaded.seq, loaded.unsettled.len()), (3, 1));
}
