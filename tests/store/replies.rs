//! Who of an account replied, and how far its people were gone through.

use std::collections::BTreeSet;

use overture::domain::account::{Replied, Replies};
use overture::domain::decide::Effect;
use overture::domain::lead::Lead;
use overture::domain::time::Instant;
use overture::store::replies::Untold;

use crate::build::{NOW, add, apply, enrollment, lead};
use crate::{lead_id, on_both, within};

const ACME: &str = "acme.example";

fn reply(of: u128, after: i64) -> Replied {
    let at = Instant(NOW.0 + after);
    Replied { lead: lead_id(of), at, heard_at: at }
}

fn replied(account: &str, reply: Replied, tell: bool) -> Effect {
    Effect::Replied { account: account.to_owned(), reply, tell }
}

fn person(number: u128, account: &str) -> Lead {
    Lead { account: Some(account.to_owned()), ..lead(number) }
}

on_both! {
    async fn the_last_two_people_who_replied_are_kept_also_from_one_batch(store) {
        let accounts = BTreeSet::from([ACME, "other.example", "none.example"]);
        assert!(store.replies(&accounts).await.unwrap().is_empty());
        apply(&store, &[replied(ACME, reply(1, 1), false), replied(ACME, reply(2, 2), false), replied("other.example", reply(9, 3), false)]).await;
        let known = within!(store, |tx| tx.replies(&accounts).await.unwrap());
        assert_eq!(known[ACME], Replies { last: reply(2, 2), before: Some(reply(1, 1)) });
        assert_eq!((known["other.example"].clone(), known.len()), (Replies::first(reply(9, 3)), 2));
        apply(&store, &[replied(ACME, reply(3, 4), false)]).await;
        assert_eq!(store.replies(&accounts).await.unwrap()[ACME], Replies { last: reply(3, 4), before: Some(reply(2, 2)) });
        assert_eq!(store.untold().await.unwrap(), None, "nobody is to be told");
    }
}

on_both! {
    async fn the_people_of_an_account_who_are_in_a_sequence_are_gone_through_once_and_anew_for_another_reply(store) {
        let people: Vec<Lead> = (1..=5).map(|number| person(number, ACME)).chain([person(6, "other.example")]).collect();
        add(&store, &people).await;
        let rows = [(1, "active"), (2, "paused"), (3, "finished"), (5, "held"), (6, "active")];
        apply(&store, &rows.map(|(of, state)| Effect::Enrollment(enrollment(of, of, state)))).await;
        apply(&store, &[replied(ACME, reply(4, 1), true)]).await;
        let untold = store.untold().await.unwrap().unwrap();
        assert_eq!(untold, Untold { account: ACME.to_owned(), heard_at: reply(4, 1).at, after: String::new() });
        let page = within!(store, |tx| tx.page_of_account(&untold, 2).await.unwrap());
        assert_eq!(page, [lead_id(1), lead_id(2)]);
        within!(store, |tx| tx.turn_page(&untold, page.last()).await.unwrap());
        let next = store.untold().await.unwrap().unwrap();
        assert_eq!(within!(store, |tx| tx.page_of_account(&next, 2).await.unwrap()), [lead_id(5)]);
        within!(store, |tx| tx.turn_page(&untold, None).await.unwrap());
        assert_eq!(store.untold().await.unwrap(), Some(next.clone()), "who lost the page moves nothing");
        apply(&store, &[replied(ACME, reply(1, 5), true)]).await;
        within!(store, |tx| tx.turn_page(&next, None).await.unwrap());
        let again = store.untold().await.unwrap().unwrap();
        assert_eq!((again.heard_at, again.after.as_str()), (reply(1, 5).at, ""), "another reply begins anew");
        within!(store, |tx| tx.turn_page(&again, None).await.unwrap());
        assert_eq!(store.untold().await.unwrap(), None);
    }
}
