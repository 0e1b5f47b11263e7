//! Leads are loaded and saved whole, with their events and wakes.

use overture::domain::id::LeadId;
use overture::domain::time::Instant;
use overture::store::leads::LeadKey;

use crate::build::{NOW, add, address, apply, handoff, lead, queued, saved, seen, touch, touch_id};
use crate::{lead_id, on_both, within};

on_both! {
    async fn a_lead_comes_back_as_it_was_saved_by_whatever_key_it_is_asked(store) {
        let (one, two) = (lead(1), lead(2));
        add(&store, &[one.clone(), two.clone()]).await;
        apply(&store, &[queued(touch(2, "mail:a", 0)), overture::domain::decide::Effect::Handoff(handoff(7, 1, "open"))]).await;
        let keys = [
            LeadKey::Address(address(2)),
            LeadKey::Id(lead_id(9)),
            LeadKey::Touch(touch_id(2)),
            LeadKey::Id(lead_id(1)),
            LeadKey::Handoff(handoff(7, 1, "open").id),
        ];
        let expected = vec![Some(two.clone()), None, Some(two), Some(one.clone()), Some(one)];
        assert_eq!(within!(store, |tx| tx.load(&keys).await.unwrap()), expected);
        assert_eq!(store.leads(&keys).await.unwrap(), expected);
        assert_eq!(store.known(&[lead_id(1), lead_id(3)]).await.unwrap(), [lead_id(1)].into());
    }
}

on_both! {
    async fn saving_again_replaces_the_lead_and_appends_its_events(store) {
        let mut one = lead(1);
        add(&store, &[one.clone()]).await;
        one.seq = 2;
        one.attention.insert("a rule failed".to_owned());
        let events = [seen(&one.id, 1), seen(&one.id, 2)];
        within!(store, |tx| tx.save(&[saved(&one, None, &events)], NOW).await.unwrap());
        assert_eq!(store.leads(&[LeadKey::Id(one.id.clone())]).await.unwrap(), [Some(one.clone())]);
        let read = store.reports().events(&one.id, overture::store::reports::Order::Oldest, None, 10).await.unwrap();
        assert_eq!(read, events);
    }
}

on_both! {
    async fn an_address_belongs_to_one_lead(store) {
        add(&store, &[lead(1)]).await;
        let mut twin = lead(2);
        twin.address = address(1);
        let mut tx = store.begin().await.unwrap();
        let error = tx.save(&[saved(&twin, None, &[])], NOW).await.unwrap_err();
        assert!(error.is_unique_violation(), "{error:?}");
        assert!(!error.is_transient() && !error.is_disk_full());
        tx.rollback().await.unwrap();
        assert_eq!(store.leads(&[LeadKey::Id(lead_id(2))]).await.unwrap(), [None]);
    }
}

on_both! {
    async fn an_events_number_is_taken_once(store) {
        let one = lead(1);
        let events = [seen(&one.id, 1)];
        within!(store, |tx| tx.save(&[saved(&one, None, &events)], NOW).await.unwrap());
        let mut tx = store.begin().await.unwrap();
        assert!(tx.save(&[saved(&one, None, &events)], NOW).await.unwrap_err().is_unique_violation());
    }
}

on_both! {
    async fn a_thousand_leads_are_one_batch(store) {
        let leads: Vec<_> = (1..=1000).map(lead).collect();
        add(&store, &leads).await;
        let keys: Vec<_> = leads.iter().rev().map(|lead| LeadKey::Id(lead.id.clone())).collect();
        let read = within!(store, |tx| tx.load(&keys).await.unwrap());
        assert!(read.into_iter().rev().eq(leads.into_iter().map(Some)));
    }
}

on_both! {
    async fn what_is_not_committed_never_was(store) {
        let mut tx = store.begin().await.unwrap();
        tx.save(&[saved(&lead(1), None, &[])], NOW).await.unwrap();
        drop(tx);
        assert_eq!(store.leads(&[LeadKey::Id(lead_id(1))]).await.unwrap(), [None]);
        add(&store, &[lead(1)]).await;
    }
}

/// A lead that wakes so long after `NOW`.
fn waking(number: u128, after: i64) -> overture::domain::lead::Lead {
    let mut lead = lead(number);
    lead.wake_at = Some(Instant(NOW.0 + after));
    lead
}

on_both! {
    async fn a_wake_is_claimed_once_when_its_time_is_up_the_earliest_first(store) {
        add(&store, &[waking(1, 5), waking(2, 3), waking(3, 4), waking(4, 100)]).await;
        assert_eq!(store.next_wake().await.unwrap(), Some(Instant(NOW.0 + 3)));
        let now = Instant(NOW.0 + 5);
        assert_eq!(within!(store, |tx| tx.claim_wakes(2, now).await.unwrap()), [lead_id(2), lead_id(3)]);
        assert_eq!(within!(store, |tx| tx.claim_wakes(2, now).await.unwrap()), [lead_id(1)]);
        assert_eq!(within!(store, |tx| tx.claim_wakes(2, now).await.unwrap()), Vec::<LeadId>::new());
        assert_eq!(store.next_wake().await.unwrap(), Some(Instant(NOW.0 + 100)));
    }
}

on_both! {
    async fn a_lead_has_one_wake_however_often_it_moves(store) {
        add(&store, &[waking(1, 10)]).await;
        within!(store, |tx| tx.save(&[saved(&waking(1, 30), Some(Instant(NOW.0 + 10)), &[])], NOW).await.unwrap());
        assert_eq!(store.next_wake().await.unwrap(), Some(Instant(NOW.0 + 30)));
        // Claimed and saved with the same instant, it waits again.
        assert_eq!(within!(store, |tx| tx.claim_wakes(9, Instant(NOW.0 + 30)).await.unwrap()), [lead_id(1)]);
        within!(store, |tx| tx.save(&[saved(&waking(1, 30), Some(Instant(NOW.0 + 30)), &[])], NOW).await.unwrap());
        assert_eq!(store.next_wake().await.unwrap(), Some(Instant(NOW.0 + 30)));
        within!(store, |tx| tx.save(&[saved(&lead(1), Some(Instant(NOW.0 + 30)), &[])], NOW).await.unwrap());
        assert_eq!(store.next_wake().await.unwrap(), None);
    }
}

on_both! {
    async fn a_wake_put_far_behind_is_found(store) {
        add(&store, &[waking(1, 0)]).await;
        assert_eq!(within!(store, |tx| tx.claim_wakes(9, NOW).await.unwrap()), [lead_id(1)]);
        add(&store, &[waking(2, -50_000_000)]).await;
        assert_eq!(within!(store, |tx| tx.claim_wakes(9, NOW).await.unwrap()), [lead_id(2)]);
    }
}

on_both! {
    async fn a_list_by_tag_holds_who_has_it_now(store) {
        let tagged = |n: u128, tags: &[&str]| {
            let mut lead = lead(n);
            lead.attributes.insert("tags".to_owned(), serde_json::json!(tags));
            lead
        };
        let change = |lead: &overture::domain::lead::Lead, seq: u64| {
            let set = serde_json::Map::from_iter([("tags".to_owned(), lead.attributes["tags"].clone())]);
            let mut event = seen(&lead.id, seq);
            event.what = overture::domain::event::What::Changed { set };
            event
        };
        let leads = [tagged(1, &["fair", "vip"]), tagged(2, &["fair"]), tagged(3, &["spring"])];
        for lead in &leads {
            within!(store, |tx| tx.save(&[saved(lead, None, &[change(lead, 1)])], NOW).await.unwrap());
        }
        let other = tagged(1, &["vip", "spring"]);
        within!(store, |tx| tx.save(&[saved(&other, None, &[change(&other, 2)])], NOW).await.unwrap());
        // What changes no tag leaves them.
        within!(store, |tx| tx.save(&[saved(&leads[2], None, &[seen(&leads[2].id, 2)])], NOW).await.unwrap());
        for (tag, expected) in [("fair", vec![2]), ("vip", vec![1]), ("spring", vec![3, 1]), ("none", vec![])] {
            let which = overture::store::reports::Leads::Tagged(tag.to_owned());
            let mut found = vec![];
            let mut after = None;
            loop {
                let page = store.reports().leads(&which, after.as_deref(), 1).await.unwrap();
                found.extend(page.rows.into_iter().map(|row| row.id));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found, expected.into_iter().map(lead_id).collect::<Vec<LeadId>>(), "{tag}");
        }
    }
}
