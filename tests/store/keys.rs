//! What is told twice counts once.

use overture::domain::decide::Effect;
use overture::domain::suppression::{Reason, Suppression};
use overture::domain::time::Instant;
use overture::store::access::{Answer, ApiToken};
use overture::store::keys::EventKey;

use crate::build::{NOW, apply};
use crate::{lead_id, on_both, within};

fn key(key: &str, name: &str) -> EventKey {
    EventKey {
        source: "api".to_owned(),
        key: key.to_owned(),
        lead: lead_id(1),
        name: name.to_owned(),
        body_hash: format!("hash of {name}"),
    }
}

on_both! {
    async fn a_key_is_new_once_and_tells_what_it_stood_for(store) {
        let (a, b) = (key("a", "signed_up"), key("b", "signed_up"));
        let seen = within!(store, |tx| tx.new_keys(&[a.clone(), b, a.clone()], NOW).await.unwrap());
        assert_eq!(seen, [None, None, Some(a.clone())]);
        let other = key("a", "something_else");
        let elsewhere = EventKey { source: "form".to_owned(), ..a.clone() };
        let seen = within!(store, |tx| tx.new_keys(&[other, elsewhere], NOW).await.unwrap());
        assert_eq!(seen, [Some(a.clone()), None]);
        assert_eq!(within!(store, |tx| tx.forget_keys(2, Instant(NOW.0 + 1)).await.unwrap()), 2);
        assert_eq!(within!(store, |tx| tx.forget_keys(2, Instant(NOW.0 + 1)).await.unwrap()), 1);
        assert_eq!(within!(store, |tx| tx.new_keys(&[a], NOW).await.unwrap()), [None]);
    }
}

on_both! {
    async fn a_suppression_stands_until_it_is_lifted_and_an_erasure_outlives_what_comes_later(store) {
        let suppress = |target: &str, reason| Effect::Suppress { target: target.to_owned(), reason, source: "mailbox".to_owned() };
        apply(&store, &[
            suppress("a@b.example", Reason::Unsubscribed),
            suppress("b.example", Reason::Manual),
            suppress("gone@c.example", Reason::Erased),
        ]).await;
        apply(&store, &[suppress("a@b.example", Reason::Complaint), suppress("gone@c.example", Reason::HardBounce)]).await;
        let asked = ["a@b.example", "b.example", "gone@c.example", "nobody@d.example"].into();
        let expected = [
            ("a@b.example".to_owned(), Reason::Complaint),
            ("b.example".to_owned(), Reason::Manual),
            ("gone@c.example".to_owned(), Reason::Erased),
        ];
        assert_eq!(within!(store, |tx| tx.suppressed(&asked).await.unwrap()), expected.into());
        apply(&store, &[suppress("b.example", Reason::Manual), Effect::Unsuppress { target: "b.example".to_owned() }]).await;
        let page = store.reports().suppressions(None, 1).await.unwrap();
        let first = Suppression { target: "a@b.example".to_owned(), reason: Reason::Complaint, at: NOW, source: "mailbox".to_owned() };
        assert_eq!(page.rows, [first]);
        let page = store.reports().suppressions(page.next.as_deref(), 1).await.unwrap();
        assert_eq!((page.rows[0].target.as_str(), page.next), ("gone@c.example", None));
    }
}

on_both! {
    async fn an_answer_is_kept_under_its_key(store) {
        let answer = Answer { body_hash: "h".to_owned(), status: 201, response: "{}".to_owned() };
        let late = Answer { status: 500, ..answer.clone() };
        assert!(within!(store, |tx| tx.keep_answer("k", &answer, NOW).await.unwrap()));
        assert!(!within!(store, |tx| tx.keep_answer("k", &late, NOW).await.unwrap()));
        assert_eq!(within!(store, |tx| tx.answered("k").await.unwrap()), Some(answer));
        assert_eq!(within!(store, |tx| tx.forget_answers(9, Instant(NOW.0 + 1)).await.unwrap()), 1);
        assert_eq!(within!(store, |tx| tx.answered("k").await.unwrap()), None);
    }
}

on_both! {
    async fn an_api_token_is_found_by_its_hash_until_it_is_forgotten_that_it_was_revoked(store) {
        let token = ApiToken {
            id: "1".to_owned(),
            name: "crm".to_owned(),
            hash: "h".to_owned(),
            scopes: "events leads".to_owned(),
            created_at: NOW,
            last_used_at: None,
            revoked_at: None,
        };
        within!(store, |tx| tx.add_api_token(&token).await.unwrap());
        within!(store, |tx| tx.note_api_token_use("1", NOW).await.unwrap());
        assert!(within!(store, |tx| tx.revoke_api_token("1", NOW).await.unwrap()));
        assert!(!within!(store, |tx| tx.revoke_api_token("1", NOW).await.unwrap()));
        let stored = ApiToken { last_used_at: Some(NOW), revoked_at: Some(NOW), ..token };
        assert_eq!(store.api_token("h").await.unwrap(), Some(stored.clone()));
        assert_eq!(store.api_tokens().await.unwrap(), [stored]);
        assert_eq!(store.api_token("x").await.unwrap(), None);
    }
}
