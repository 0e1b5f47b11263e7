//! Lanes keep what waits apart: a blocked one costs the others nothing.

use overture::domain::time::Instant;
use overture::store::lanes::LaneRow;
use overture::store::touches::Claim;

use crate::build::{NOW, apply, queued, touch, touch_id};
use crate::touches::claim;
use crate::{on_both, within};

fn lane(name: &str, ready_at: Instant) -> LaneRow {
    LaneRow {
        name: name.to_owned(),
        ready_at,
        day: 20_000,
        used: 7,
        before: [5, 6],
        paused: false,
        blocked_reason: Some("full".to_owned()),
        failures: 3,
        failing_since: Some(NOW),
    }
}

on_both! {
    async fn a_lane_is_open_when_it_may_and_has_work(store) {
        apply(&store, &[
            queued(touch(1, "mail:ready", 0)),
            queued(touch(2, "mail:later", 50)),
            queued(touch(3, "mail:full", 0)),
            queued(touch(4, "mail:paused", 0)),
        ]).await;
        let paused = LaneRow { paused: true, ..lane("mail:paused", NOW) };
        within!(store, |tx| {
            tx.save_lane(&lane("mail:full", Instant(NOW.0 + 20))).await.unwrap();
            tx.save_lane(&lane("mail:idle", NOW)).await.unwrap();
            tx.save_lane(&paused).await.unwrap();
        });
        assert_eq!(store.open_lanes(NOW).await.unwrap(), ["mail:ready"]);
        assert_eq!(store.open_lanes(Instant(NOW.0 + 20)).await.unwrap(), ["mail:full", "mail:ready"]);
        assert_eq!(store.next_ready(Instant(NOW.0 - 1)).await.unwrap(), Some(NOW));
        assert_eq!(store.next_ready(NOW).await.unwrap(), Some(Instant(NOW.0 + 20)), "what may be done hides no later turn");
        within!(store, |tx| tx.claim(&claim("mail:ready", "t"), NOW).await.unwrap());
        assert_eq!(store.next_ready(NOW).await.unwrap(), Some(Instant(NOW.0 + 20)));
        assert_eq!(within!(store, |tx| tx.lane_for_update("mail:paused").await.unwrap()), Some(paused));
        assert_eq!(within!(store, |tx| tx.lane_for_update("mail:none").await.unwrap()), None);
        assert_eq!(store.lanes().await.unwrap().len(), 5);
    }
}

on_both! {
    async fn a_claim_takes_the_earliest_of_its_lane_and_no_more_than_asked(store) {
        apply(&store, &[
            queued(touch(1, "mail:a", 3)),
            queued(touch(2, "mail:a", 1)),
            queued(touch(3, "mail:a", 2)),
            queued(touch(4, "mail:b", 0)),
        ]).await;
        let two = Claim { limit: 2, ..claim("mail:a", "t") };
        let rows = within!(store, |tx| tx.claim(&two, Instant(NOW.0 + 9)).await.unwrap());
        assert_eq!(rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>(), [touch_id(2), touch_id(3)]);
        let rows = within!(store, |tx| tx.claim(&two, Instant(NOW.0 + 9)).await.unwrap());
        assert_eq!(rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>(), [touch_id(1)]);
    }
}
