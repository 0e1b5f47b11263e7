//! The life of a touch: every step says which it won.

use std::collections::BTreeSet;

use overture::domain::decide::{Effect, Requeue};
use overture::domain::id::TouchId;
use overture::domain::time::{Instant, Millis};
use overture::domain::touch::{NewTouch, Policy, State};
use overture::store::Store;
use overture::store::touch_row::TouchRow;
use overture::store::touches::{Claim, Intent, PutBack, Settle};

use crate::build::{NOW, apply, queued, touch, touch_id};
use crate::{on_both, within};

const LEASE: Millis = Millis(60_000);

pub fn claim<'a>(lane: &'a str, token: &'a str) -> Claim<'a> {
    Claim { lane, limit: 100, token, lease: LEASE, reserved_day: Some(20_000) }
}

async fn claimed(store: &Store, token: &str, after: i64) -> Vec<TouchId> {
    let rows = within!(store, |tx| tx.claim(&claim("mail:a", token), Instant(NOW.0 + after)).await.unwrap());
    rows.into_iter().map(|row| row.id).collect()
}

async fn row(store: &Store, number: u128) -> TouchRow {
    store.touches(&[touch_id(number)]).await.unwrap().remove(0)
}

async fn state(store: &Store, number: u128) -> State {
    row(store, number).await.state
}

fn intent<'a>(id: &'a TouchId, token: &'a str) -> Intent<'a> {
    Intent {
        id,
        token,
        message_id: Some("<m1@example.com>"),
        date_at: Some(NOW),
        template_version: Some("t1"),
        body_hash: Some("h1"),
        links: Some("[\"https://example.com/x\"]"),
        body: None,
    }
}

fn outcome<'a>(id: &'a TouchId, token: &'a str, state: State) -> Settle<'a> {
    Settle { id, token, state, reason: None, reply: Some("250 ok"), ready_at: None, body: None, tried: true }
}

async fn intended(store: &Store, id: &TouchId, token: &str) -> BTreeSet<TouchId> {
    within!(store, |tx| tx.intend(&[intent(id, token)], NOW).await.unwrap())
}

async fn marked(store: &Store, id: &TouchId, token: &str) -> BTreeSet<TouchId> {
    within!(store, |tx| tx.mark(&[(id, token)], NOW).await.unwrap())
}

on_both! {
    async fn a_touch_goes_from_the_queue_to_its_outcome_and_remembers_all(store) {
        apply(&store, &[queued(touch(1, "mail:a", 0))]).await;
        let rows = within!(store, |tx| tx.claim(&claim("mail:a", "t"), NOW).await.unwrap());
        let asked = touch(1, "mail:a", 0);
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!((&row.id, &row.lead, &row.origin, &row.step), (&asked.id, &asked.lead, &asked.origin, &asked.step));
        assert_eq!((row.channel, row.policy, &row.payload), (asked.channel, asked.policy, &asked.payload));
        assert_eq!((row.state, row.token.as_deref(), row.reserved_day), (State::Claimed, Some("t"), Some(20_000)));
        assert!(row.lease_until.is_some());
        let id = touch_id(1);
        assert_eq!(intended(&store, &id, "t").await, [id.clone()].into());
        assert_eq!(marked(&store, &id, "t").await, [id.clone()].into());
        assert_eq!(marked(&store, &id, "t").await, [].into(), "a mark is made once");
        let done = within!(store, |tx| tx.settle(&[outcome(&id, "t", State::Accepted)], NOW).await.unwrap());
        assert_eq!(done, [id.clone()].into());
        let [row] = store.touches_by_message(&["<m1@example.com>".to_owned()]).await.unwrap().try_into().unwrap();
        assert_eq!((row.state, row.attempts, row.reply.as_deref()), (State::Accepted, 1, Some("250 ok")));
        assert_eq!((row.intent_at, row.marked_at, row.done_at), (Some(NOW), Some(NOW), Some(NOW)));
        assert_eq!((row.token, row.lease_until), (None, None));
        assert_eq!(row.links.as_deref(), Some("[\"https://example.com/x\"]"));
    }
}

on_both! {
    async fn only_the_holder_of_the_token_goes_on(store) {
        apply(&store, &[queued(touch(1, "mail:a", 0))]).await;
        let id = touch_id(1);
        claimed(&store, "mine", 0).await;
        assert_eq!(marked(&store, &id, "mine").await, [].into(), "there is no mark without an intent");
        assert_eq!(intended(&store, &id, "other").await, [].into());
        intended(&store, &id, "mine").await;
        assert_eq!(marked(&store, &id, "other").await, [].into());
        let stolen = within!(store, |tx| tx.settle(&[outcome(&id, "other", State::Accepted)], NOW).await.unwrap());
        assert_eq!(stolen, [].into());
        assert_eq!(state(&store, 1).await, State::Intent);
    }
}

on_both! {
    async fn a_step_has_one_touch_for_ever(store) {
        let mut twin = touch(1, "mail:a", 0);
        twin.id = touch_id(2);
        apply(&store, &[queued(touch(1, "mail:a", 0)), queued(twin.clone())]).await;
        apply(&store, &[queued(touch(1, "mail:a", 0)), queued(twin)]).await;
        assert_eq!(claimed(&store, "t", 0).await, [touch_id(1)]);
        apply(&store, &[queued(touch(1, "mail:a", 0))]).await;
        assert_eq!(claimed(&store, "t", 0).await, []);
    }
}

on_both! {
    async fn cancelling_stops_what_has_not_been_marked_and_nothing_else(store) {
        apply(&store, &(1_u8..=4).map(|n| queued(touch(n.into(), "mail:a", n.into()))).collect::<Vec<_>>()).await;
        assert_eq!(claimed(&store, "t", 3).await, [touch_id(1), touch_id(2), touch_id(3)]);
        for number in [2, 3] {
            intended(&store, &touch_id(number), "t").await;
        }
        marked(&store, &touch_id(3), "t").await;
        let cancel = |n| Effect::Cancel { touch: touch_id(n), reason: "replied".to_owned() };
        apply(&store, &[cancel(1), cancel(2), cancel(3), cancel(4)]).await;
        let mut states = vec![];
        for number in 1..=4 {
            states.push(state(&store, number).await);
        }
        assert_eq!(states, [State::Cancelled, State::Cancelled, State::Marked, State::Cancelled]);
        assert_eq!(row(&store, 4).await.reason.as_deref(), Some("replied"));
        assert_eq!(intended(&store, &touch_id(1), "t").await, [].into());
        assert_eq!(marked(&store, &touch_id(2), "t").await, [].into(), "a stop that committed before the mark wins");
        assert_eq!(claimed(&store, "u", 99).await, [], "nothing cancelled waits");
        assert_eq!(store.next_ready(NOW).await.unwrap(), None);
    }
}

on_both! {
    async fn queued_and_cancelled_in_one_batch_never_leaves(store) {
        apply(&store, &[Effect::Cancel { touch: touch_id(1), reason: "stop".to_owned() }, queued(touch(1, "mail:a", 0))]).await;
        assert_eq!(claimed(&store, "t", 0).await, []);
        assert_eq!(state(&store, 1).await, State::Cancelled);
    }
}

on_both! {
    async fn what_is_put_off_waits_with_its_bytes_and_comes_again(store) {
        apply(&store, &[queued(touch(1, "mail:a", 0))]).await;
        let id = touch_id(1);
        claimed(&store, "t", 0).await;
        intended(&store, &id, "t").await;
        marked(&store, &id, "t").await;
        let later = Instant(NOW.0 + 500);
        let put_off = Settle {
            ready_at: Some(later),
            body: Some(b"\x00\xffbytes"),
            reply: Some("451 later"),
            ..outcome(&id, "t", State::Deferred)
        };
        within!(store, |tx| tx.settle(&[put_off], NOW).await.unwrap());
        assert_eq!(store.next_ready(NOW).await.unwrap(), Some(later));
        assert_eq!(claimed(&store, "u", 499).await, []);
        assert_eq!(claimed(&store, "u", 500).await, std::slice::from_ref(&id));
        let stored = row(&store, 1).await;
        assert_eq!((stored.body.as_deref(), stored.attempts), (Some(&b"\x00\xffbytes"[..]), 1));
        assert_eq!(stored.done_at, None);
        within!(store, |tx| tx.settle(&[outcome(&id, "u", State::Accepted)], NOW).await.unwrap());
        let stored = row(&store, 1).await;
        assert_eq!((stored.body, stored.attempts, stored.done_at), (None, 2, Some(NOW)));
    }
}

on_both! {
    async fn what_is_put_back_was_never_claimed(store) {
        apply(&store, &[queued(touch(1, "mail:a", 0)), queued(touch(2, "mail:a", 0))]).await;
        let (one, two) = (touch_id(1), touch_id(2));
        claimed(&store, "t", 0).await;
        intended(&store, &one, "t").await;
        intended(&store, &two, "t").await;
        marked(&store, &two, "t").await;
        let back = |id| PutBack { id, token: "t", ready_at: Instant(NOW.0 + 9) };
        assert_eq!(within!(store, |tx| tx.put_back(&[back(&one), back(&two)]).await.unwrap()), [one.clone()].into());
        let stored = row(&store, 1).await;
        assert_eq!((stored.state, stored.attempts, stored.reserved_day), (State::Queued, 0, None));
        assert_eq!(stored.message_id.as_deref(), Some("<m1@example.com>"), "the next attempt has the same Message-ID");
        assert_eq!(claimed(&store, "u", 9).await, [one]);
    }
}

on_both! {
    async fn what_was_marked_goes_back_with_its_bytes_by_a_settling_alone(store) {
        apply(&store, &[queued(NewTouch { policy: Policy::AtLeastOnce, ..touch(1, "mail:a", 0) })]).await;
        let id = touch_id(1);
        claimed(&store, "t", 0).await;
        let kept = Intent { body: Some(b"as it was"), ..intent(&id, "t") };
        within!(store, |tx| tx.intend(&[kept], NOW).await.unwrap());
        marked(&store, &id, "t").await;
        let back = PutBack { id: &id, token: "t", ready_at: NOW };
        assert_eq!(within!(store, |tx| tx.put_back(&[back]).await.unwrap()), [].into());
        assert_eq!(state(&store, 1).await, State::Marked, "whoever it goes to must be asked first");
        let again = Settle { ready_at: Some(NOW), tried: false, reply: None, ..outcome(&id, "t", State::Deferred) };
        assert_eq!(within!(store, |tx| tx.settle(&[again], NOW).await.unwrap()), [id.clone()].into());
        let again = row(&store, 1).await;
        assert_eq!((again.state, again.token, again.attempts), (State::Deferred, None, 0));
        assert_eq!(again.body.as_deref(), Some(&b"as it was"[..]));
        assert_eq!(claimed(&store, "u", 0).await, [id]);
    }
}

on_both! {
    async fn a_held_touch_waits_for_its_release(store) {
        apply(&store, &[queued(touch(1, "mail:a", 0))]).await;
        claimed(&store, "t", 0).await;
        let id = touch_id(1);
        let held = Settle { reason: Some("no first name"), tried: false, ..outcome(&id, "t", State::Held) };
        within!(store, |tx| tx.settle(&[held], NOW).await.unwrap());
        assert_eq!((state(&store, 1).await, row(&store, 1).await.attempts), (State::Held, 0));
        assert_eq!(claimed(&store, "u", 0).await, []);
        let again = |after| Effect::Requeue(Requeue { touch: touch_id(1), ready_at: Instant(NOW.0 + after), zone: "UTC".to_owned() });
        apply(&store, &[again(10)]).await;
        apply(&store, &[again(20)]).await;
        assert_eq!(claimed(&store, "u", 10).await, []);
        assert_eq!(claimed(&store, "u", 20).await, [touch_id(1)]);
        apply(&store, &[again(30)]).await;
        assert_eq!(state(&store, 1).await, State::Claimed, "what is under way is not queued");
    }
}

on_both! {
    async fn a_lease_that_ran_out_is_taken_over_unless_it_was_renewed(store) {
        apply(&store, &[queued(touch(1, "mail:a", 0)), queued(touch(2, "mail:b", 0))]).await;
        let gone = Claim { lease: Millis(-2_000), ..claim("mail:a", "gone") };
        let slow = Claim { lease: Millis(-2_000), ..claim("mail:b", "slow") };
        within!(store, |tx| { tx.claim(&gone, NOW).await.unwrap(); tx.claim(&slow, NOW).await.unwrap() });
        assert_eq!(within!(store, |tx| tx.renew(&["slow"], LEASE, NOW).await.unwrap()), 1);
        let rows = within!(store, |tx| tx.expired_leases(10, NOW).await.unwrap());
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!((&row.id, row.token.as_deref()), (&touch_id(1), Some("gone")));
        within!(store, |tx| tx.put_back(&[PutBack { id: &row.id, token: "gone", ready_at: NOW }]).await.unwrap());
        assert_eq!(claimed(&store, "new", 0).await, [touch_id(1)]);
        assert_eq!(intended(&store, &touch_id(1), "gone").await, [].into(), "the one that was gone finds it taken");
    }
}

on_both! {
    async fn what_is_held_before_its_mark_stands_until_it_is_requeued(store) {
        apply(&store, &(1_u8..=3).map(|n| queued(touch(n.into(), "mail:a", n.into()))).collect::<Vec<_>>()).await;
        claimed(&store, "t", 2).await;
        intended(&store, &touch_id(2), "t").await;
        marked(&store, &touch_id(2), "t").await;
        let hold = |n| Effect::Hold { touch: touch_id(n), reason: "paused".to_owned() };
        apply(&store, &[hold(1), hold(2), hold(3)]).await;
        assert_eq!(intended(&store, &touch_id(1), "t").await, [].into());
        assert_eq!(state(&store, 2).await, State::Marked);
        assert_eq!(claimed(&store, "u", 99).await, []);
        let requeue = |n| Effect::Requeue(Requeue { touch: touch_id(n), ready_at: NOW, zone: "UTC".to_owned() });
        apply(&store, &[requeue(1), requeue(3), hold(3)]).await;
        assert_eq!(claimed(&store, "u", 0).await, [touch_id(1)]);
        apply(&store, &[hold(3), requeue(3)]).await;
        assert_eq!(claimed(&store, "u", 0).await, [touch_id(3)], "the last word of a batch counts");
    }
}

on_both! {
    async fn an_unknown_touch_may_turn_out_to_have_arrived(store) {
        apply(&store, &[queued(touch(1, "mail:a", 0)), queued(touch(2, "mail:a", 1))]).await;
        let id = touch_id(1);
        claimed(&store, "t", 0).await;
        intended(&store, &id, "t").await;
        marked(&store, &id, "t").await;
        within!(store, |tx| tx.settle(&[outcome(&id, "t", State::Unknown)], NOW).await.unwrap());
        let confirm = |n| Effect::Confirm { touch: touch_id(n) };
        apply(&store, &[confirm(1), confirm(2)]).await;
        assert_eq!((state(&store, 1).await, state(&store, 2).await), (State::Accepted, State::Queued));
        assert_eq!(claimed(&store, "u", 1).await, [touch_id(2)], "what waits goes on waiting");
    }
}
