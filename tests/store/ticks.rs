//! Schedules: a tick is begun by one, gone through by all, and over once.

use overture::domain::time::Instant;
use overture::store::ticks::TickRow;

use crate::build::{NOW, add, lead};
use crate::{lead_id, on_both, within};

const KEY: (&str, &str) = ("tips", "0 9 * * *");

fn row(seen_at: i64, at: Option<i64>) -> TickRow {
    let of = |after: i64| Instant(NOW.0 + after);
    TickRow { sequence: KEY.0.to_owned(), cron: KEY.1.to_owned(), seen_at: of(seen_at), at: at.map(of) }
}

on_both! {
    async fn a_tick_is_taken_by_whoever_read_the_schedule_as_it_stands(store) {
        within!(store, |tx| tx.keep_ticks(&[KEY], NOW).await.unwrap());
        within!(store, |tx| tx.keep_ticks(&[KEY], Instant(NOW.0 + 9)).await.unwrap());
        assert_eq!(store.ticks().await.unwrap(), [row(0, None)]);
        let at = Instant(NOW.0 + 5);
        assert!(within!(store, |tx| tx.take_tick(&row(0, None), at, Some(at)).await.unwrap()));
        assert!(!within!(store, |tx| tx.take_tick(&row(0, None), at, Some(at)).await.unwrap()));
        assert_eq!(store.ticks().await.unwrap(), [row(5, Some(5))]);
        assert!(within!(store, |tx| tx.take_tick(&row(5, Some(5)), NOW, None).await.unwrap()));
        assert_eq!(store.ticks().await.unwrap(), [row(0, None)]);
    }
}

on_both! {
    async fn the_leads_of_a_tick_are_gone_through_once_and_a_page_undone_comes_again(store) {
        add(&store, &[lead(1), lead(2), lead(3)]).await;
        within!(store, |tx| tx.keep_ticks(&[KEY], NOW).await.unwrap());
        assert!(within!(store, |tx| tx.take_tick(&row(0, None), NOW, Some(NOW)).await.unwrap()));
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.page_of_tick(KEY, NOW, 2).await.unwrap(), Some(vec![lead_id(1), lead_id(2)]));
        tx.rollback().await.unwrap();
        let mut pages = Vec::new();
        while let Some(page) = within!(store, |tx| tx.page_of_tick(KEY, NOW, 2).await.unwrap()) {
            pages.push(page);
        }
        assert_eq!(pages, [vec![lead_id(1), lead_id(2)], vec![lead_id(3)]]);
        assert_eq!(store.ticks().await.unwrap(), [row(0, None)]);
    }
}

on_both! {
    async fn a_page_that_another_has_in_hand_is_left_to_it(store) {
        if store.is_shared() {
            add(&store, &[lead(1)]).await;
            within!(store, |tx| tx.keep_ticks(&[KEY], NOW).await.unwrap());
            assert!(within!(store, |tx| tx.take_tick(&row(0, None), NOW, Some(NOW)).await.unwrap()));
            let mut first = store.begin().await.unwrap();
            assert_eq!(first.page_of_tick(KEY, NOW, 2).await.unwrap(), Some(vec![lead_id(1)]));
            assert_eq!(within!(store, |tx| tx.page_of_tick(KEY, NOW, 2).await.unwrap()), None);
            first.commit().await.unwrap();
        }
    }
}
