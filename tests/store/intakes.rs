//! Who is in a sequence with limits, and who waits for room.

use overture::domain::decide::Effect;
use overture::domain::sequence::Intake;
use overture::domain::time::Instant;
use overture::store::intakes::Today;

use crate::build::{NOW, apply, enrollment};
use crate::{lead_id, on_both, within};

const NAME: &str = "welcome";

const fn day(after: i32) -> Today {
    Today { day: 20_833 + after, began_at: Instant(NOW.0 - 1_000) }
}

fn shift(active: i64, entered: i64, on: i32) -> Effect {
    Effect::Intake { sequence: NAME.to_owned(), active, entered, day: day(on).day }
}

fn pending(of: u128, since: Option<i64>) -> Effect {
    let since = since.map(|after| Instant(NOW.0 + after));
    Effect::Pending { sequence: NAME.to_owned(), lead: lead_id(of), since }
}

const fn intake(active: u32, entered_today: u32, waiting: bool) -> Intake {
    Intake { active, entered_today, waiting }
}

on_both! {
    async fn counters_begin_with_who_is_in_the_sequence_and_follow_who_enters_and_leaves(store) {
        let rows = [enrollment(1, 1, "active"), enrollment(2, 2, "paused"), enrollment(3, 3, "finished")];
        apply(&store, &rows.map(Effect::Enrollment)).await;
        apply(&store, &[shift(1, 1, 0)]).await;
        assert!(store.intakes(day(0)).await.unwrap().is_empty(), "nobody asked for them yet");
        let all = within!(store, |tx| tx.intakes(&[NAME], day(0)).await.unwrap());
        assert_eq!(all, [(NAME.to_owned(), intake(2, 3, false))].into());
        apply(&store, &[shift(1, 1, 0), shift(-1, 0, 0), shift(1, 1, 0)]).await;
        assert_eq!(store.intakes(day(0)).await.unwrap()[NAME], intake(3, 5, false));
        apply(&store, &[shift(-1, 0, 1)]).await;
        assert_eq!(store.intakes(day(0)).await.unwrap()[NAME], intake(2, 5, false), "an exit begins no date");
        assert_eq!(store.intakes(day(1)).await.unwrap()[NAME], intake(2, 0, false));
        apply(&store, &[shift(1, 1, 1)]).await;
        assert_eq!(store.intakes(day(1)).await.unwrap()[NAME], intake(3, 1, false));
        assert_eq!(store.intakes(day(0)).await.unwrap()[NAME], intake(3, 1, false), "a clock set back counts on");
        within!(store, |tx| tx.keep_intakes(&["other"], day(1)).await.unwrap());
        let all = store.intakes(day(1)).await.unwrap();
        assert_eq!(all, [("other".to_owned(), intake(0, 0, false))].into());
    }
}

on_both! {
    async fn those_who_wait_are_let_in_in_the_order_in_which_they_came(store) {
        within!(store, |tx| tx.keep_intakes(&[NAME], day(0)).await.unwrap());
        apply(&store, &[pending(3, Some(1)), pending(1, Some(2)), pending(2, Some(2))]).await;
        assert!(store.intakes(day(0)).await.unwrap()[NAME].waiting);
        assert_eq!(store.pending_counts().await.unwrap(), [(NAME.to_owned(), 3)].into());
        let first = within!(store, |tx| tx.pending(NAME, 2).await.unwrap());
        assert_eq!(first, [lead_id(3), lead_id(1)]);
        assert_eq!(store.pending(NAME, 2).await.unwrap(), first, "who only looks sees the same");
        apply(&store, &[pending(3, None), pending(1, Some(9)), pending(1, None)]).await;
        within!(store, |tx| tx.forget_pending(&[(NAME, &lead_id(9))]).await.unwrap());
        assert_eq!(within!(store, |tx| tx.pending(NAME, 2).await.unwrap()), [lead_id(2)]);
    }
}
