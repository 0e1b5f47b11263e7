//! Several daemons on one database: what one has the others leave alone, and none waits for another for ever.

use std::collections::BTreeSet;

use overture::domain::decide::Effect;
use overture::domain::time::Instant;
use overture::store::leads::LeadKey;
use overture::store::touches::Claim;
use overture::store::{Location, Store};

use crate::build::{NOW, add, apply, lead, queued, saved, touch, touch_id};
use crate::support::postgres::Postgres;
use crate::touches::claim;
use crate::{lead_id, opened, within};

async fn fleet() -> Option<Store> {
    let postgres = Postgres::shared()?;
    Some(opened(&Location::Postgres { url: postgres.database(), connections: 8 }).await)
}

#[tokio::test]
async fn two_claims_at_once_never_take_the_same() {
    let Some(store) = fleet().await else { return };
    apply(&store, &(1_u8..=4).map(|n| queued(touch(n.into(), "mail:a", n.into()))).collect::<Vec<_>>()).await;
    add(
        &store,
        &(1..=4)
            .map(|n| {
                let mut lead = lead(n);
                lead.wake_at = Some(NOW);
                lead
            })
            .collect::<Vec<_>>(),
    )
    .await;
    let two = |token| Claim { limit: 2, ..claim("mail:a", token) };
    let (mut a, mut b) = (store.begin().await.unwrap(), store.begin().await.unwrap());
    let later = Instant(NOW.0 + 9);
    let first = a.claim(&two("a"), later).await.unwrap();
    let second = b.claim(&two("b"), later).await.unwrap();
    let all: BTreeSet<_> = first.iter().chain(&second).map(|row| row.id.clone()).collect();
    assert_eq!((first.len(), second.len(), all.len()), (2, 2, 4));
    let first = a.claim_wakes(2, later).await.unwrap();
    let second = b.claim_wakes(9, later).await.unwrap();
    let all: BTreeSet<_> = first.iter().chain(&second).cloned().collect();
    assert_eq!((first.len(), second.len(), all.len()), (2, 2, 4));
    a.rollback().await.unwrap();
    b.commit().await.unwrap();
    // What the first gave up is found again, at the latest by the next sweep.
    let swept = Instant(NOW.0 + 120_000);
    assert_eq!(within!(store, |tx| tx.claim_wakes(9, swept).await.unwrap()), first);
}

#[tokio::test]
async fn a_lead_is_one_daemons_at_a_time() {
    let Some(store) = fleet().await else { return };
    add(&store, &[lead(1)]).await;
    let keys = [LeadKey::Id(lead_id(1))];
    let mut first = store.begin().await.unwrap();
    first.load(&keys).await.unwrap();
    let second = async {
        let mut second = store.begin().await.unwrap();
        second.load(&keys).await.unwrap()
    };
    let finish = async {
        let mut changed = lead(1);
        changed.seq = 5;
        first.save(&[saved(&changed, None, &[])], NOW).await.unwrap();
        first.commit().await.unwrap();
    };
    let (seen, ()) = tokio::join!(second, finish);
    assert_eq!(seen[0].as_ref().unwrap().seq, 5, "the second sees what the first wrote");
}

#[tokio::test]
async fn a_commit_nudges_the_others() {
    let Some(store) = fleet().await else { return };
    let mut nudges = store.nudges().await.unwrap().unwrap();
    within!(store, |tx| tx.nudge().await.unwrap());
    tokio::time::timeout(crate::support::SOON, nudges.heard()).await.unwrap().unwrap();
}

/// Claims, marks, cancels and facts about the same few leads and touches, all at once and again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_that_gets_in_its_own_way_never_stands_still() {
    let Some(store) = fleet().await else { return };
    let numbers = 1..=20_u128;
    let waking = |n| {
        let mut lead = lead(n);
        lead.wake_at = Some(NOW);
        lead
    };
    add(&store, &numbers.clone().map(waking).collect::<Vec<_>>()).await;
    apply(&store, &numbers.clone().map(|n| queued(touch(n, "mail:a", 0))).collect::<Vec<_>>()).await;
    let facts = |from: u128| {
        let store = store.clone();
        async move {
            for round in 0..15_u128 {
                let mut tx = store.begin().await.unwrap();
                let numbers = (0..8).map(|n| 1 + (from + round * 3 + n * 7) % 20);
                let asked: Vec<_> = numbers.clone().map(|n| LeadKey::Id(lead_id(n))).collect();
                let leads: Vec<_> = tx.load(&asked).await.unwrap().into_iter().flatten().collect();
                let batch: Vec<_> = leads.iter().map(|lead| saved(lead, lead.wake_at, &[])).collect();
                tx.save(&batch, NOW).await.unwrap();
                let requeue =
                    |n| overture::domain::decide::Requeue { touch: touch_id(n), ready_at: NOW, zone: "UTC".to_owned() };
                let moves: Vec<_> = numbers.map(|n| Effect::Requeue(requeue(n))).collect();
                tx.apply(&moves, NOW).await.unwrap();
                tx.commit().await.unwrap();
            }
        }
    };
    let couriers = |token: &'static str| {
        let store = store.clone();
        async move {
            for _ in 0..15 {
                let mut tx = store.begin().await.unwrap();
                let wakes = tx.claim_wakes(10, NOW).await.unwrap();
                let asked: Vec<_> = wakes.into_iter().map(LeadKey::Id).collect();
                let leads: Vec<_> = tx.load(&asked).await.unwrap().into_iter().flatten().collect();
                let batch: Vec<_> = leads.iter().map(|lead| saved(lead, lead.wake_at, &[])).collect();
                tx.save(&batch, NOW).await.unwrap();
                tx.commit().await.unwrap();
                let rows = within!(store, |tx| tx.claim(&claim("mail:a", token), NOW).await.unwrap());
                let back: Vec<_> = rows
                    .iter()
                    .map(|row| overture::store::touches::PutBack { id: &row.id, token, ready_at: NOW })
                    .collect();
                within!(store, |tx| tx.put_back(&back).await.unwrap());
            }
        }
    };
    tokio::join!(facts(0), facts(5), couriers("a"), couriers("b"));
    let left = within!(store, |tx| tx.claim(&claim("mail:a", "z"), NOW).await.unwrap());
    assert_eq!(left.len(), 20, "every touch is still to be had");
    let swept = Instant(NOW.0 + 120_000);
    assert_eq!(within!(store, |tx| tx.claim_wakes(99, swept).await.unwrap()).len(), 20, "every wake too");
}

#[tokio::test]
async fn a_daemon_that_hangs_in_a_transaction_loses_it_and_its_leads() {
    let Some(store) = fleet().await else { return };
    add(&store, &[lead(1)]).await;
    let keys = [LeadKey::Id(lead_id(1))];
    let mut hanging = store.begin().await.unwrap();
    hanging.load(&keys).await.unwrap();
    // Waits for the lock until the server gives up on whoever holds it.
    let mut other = store.begin().await.unwrap();
    assert_eq!(other.load(&keys).await.unwrap().len(), 1);
    other.commit().await.unwrap();
    let late = hanging.commit().await.expect_err("the transaction was taken from it");
    assert!(late.is_transient(), "{late:?}");
}

#[tokio::test]
async fn a_lead_asked_for_twice_is_loaded_twice_although_somebody_else_changes_it() {
    let Some(store) = fleet().await else { return };
    add(&store, &[lead(1), lead(2)]).await;
    let keys: Vec<LeadKey> = [1, 2, 1, 2, 1].map(|number| LeadKey::Id(lead_id(number))).into();
    for _ in 0..20 {
        let mut first = store.begin().await.unwrap();
        let loaded = first.load(&keys[..1]).await.unwrap();
        let changed = loaded[0].clone().unwrap();
        first.save(&[saved(&changed, None, &[])], NOW).await.unwrap();
        let second = async {
            let mut second = store.begin().await.unwrap();
            let loaded = second.load(&keys).await.unwrap();
            second.rollback().await.unwrap();
            loaded.iter().map(|lead| lead.as_ref().map(|lead| lead.id.clone())).collect::<Vec<_>>()
        };
        let (found, ()) = futures_util::join!(second, async {
            // The second waits for the first by now, or finds its change: both must find everybody.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            first.commit().await.unwrap();
        });
        assert_eq!(found, [1, 2, 1, 2, 1].map(|number| Some(lead_id(number))));
    }
}
