//! What is counted of mails in several variants, and which one has won.

use overture::domain::decide::Effect;
use overture::domain::experiment::{Arm, Counts, Key, Tally};
use overture::domain::time::Instant;
use overture::store::experiments::Won;
use overture::store::reports::Touches;

use crate::build::{NOW, add, apply, lead, queued, touch};
use crate::{on_both, within};

fn key(step: &str) -> Key {
    Key { sequence: "welcome".to_owned(), step: step.to_owned(), experiment: "x".to_owned() }
}

fn tally(step: &str, variant: &str, (mails, hits): (i64, i64)) -> Effect {
    let counts = Counts { key: key(step), by: Some("replied".to_owned()) };
    Effect::Tally(Tally { variant: variant.to_owned(), counts, mails, hits })
}

fn arm(variant: &str, mails: u64, hits: u64) -> Arm {
    Arm { variant: variant.to_owned(), mails, hits }
}

on_both! {
    async fn mails_and_hits_add_up_by_variant(store) {
        apply(&store, &[tally("ask", "b", (1, 0)), tally("ask", "a", (1, 0)), tally("more", "a", (1, 1))]).await;
        apply(&store, &[tally("ask", "a", (1, 0)), tally("ask", "a", (0, 1)), tally("ask", "a", (1, 1))]).await;
        let counted = within!(store, |tx| tx.counted(&[&key("ask"), &key("none")]).await.unwrap());
        assert_eq!(counted, [(key("ask"), vec![arm("a", 3, 2), arm("b", 1, 0)])].into());
        let all = store.reports().experiments(Some("welcome")).await.unwrap();
        let told: Vec<_> = all.iter().map(|line| (line.key.step.as_str(), line.arms.len(), line.began_at)).collect();
        assert_eq!(told, [("ask", 2, NOW), ("more", 1, NOW)]);
        assert_eq!((all[0].success.as_deref(), &all[0].winner), (Some("replied"), &None));
        assert_eq!(store.reports().experiments(None).await.unwrap(), all);
        assert!(store.reports().experiments(Some("other")).await.unwrap().is_empty());
    }
}

on_both! {
    async fn what_is_rolled_back_was_not_counted(store) {
        apply(&store, &[tally("ask", "a", (1, 0))]).await;
        let mut tx = store.begin().await.unwrap();
        tx.apply(&[tally("ask", "a", (1, 1))], NOW).await.unwrap();
        tx.rollback().await.unwrap();
        assert_eq!(store.reports().experiments(None).await.unwrap()[0].arms, [arm("a", 1, 0)]);
    }
}

on_both! {
    async fn a_winner_is_written_once_and_stays(store) {
        apply(&store, &[tally("ask", "a", (1, 1)), tally("more", "a", (1, 1))]).await;
        for (variant, after) in [("a", 1), ("b", 2)] {
            let ask = key("ask");
            let won = Won { key: &ask, variant, figures: "{\"p\": 0.01}" };
            within!(store, |tx| tx.declare(&won, Instant(NOW.0 + after)).await.unwrap());
        }
        let winners = [(key("ask"), "a".to_owned())].into();
        assert_eq!(store.winners().await.unwrap(), winners);
        assert_eq!(within!(store, |tx| tx.winners().await.unwrap()), winners);
        let line = &store.reports().experiments(None).await.unwrap()[0];
        assert_eq!((line.won_at, line.figures.as_deref()), (Some(Instant(NOW.0 + 1)), Some("{\"p\": 0.01}")));
    }
}

on_both! {
    async fn a_touch_knows_its_variant(store) {
        add(&store, &[lead(1), lead(2)]).await;
        let mut tried = touch(1, "mail:a", 0);
        tried.variant = Some("short".to_owned());
        apply(&store, &[queued(tried.clone()), queued(touch(2, "mail:a", 0))]).await;
        let variants = async || {
            let page = store.reports().touches(&Touches::All, None, 10).await.unwrap();
            let mut all: Vec<_> = page.rows.into_iter().map(|row| (row.id, row.variant)).collect();
            all.sort();
            all.into_iter().map(|(_, variant)| variant).collect::<Vec<_>>()
        };
        assert_eq!(variants().await, [Some("short".to_owned()), None]);
        tried.variant = Some("long".to_owned());
        apply(&store, &[queued(tried)]).await;
        assert_eq!(variants().await, [Some("long".to_owned()), None], "an edit asks anew");
    }
}
