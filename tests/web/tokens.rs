//! Every character of every kind of token counts: whoever changes one, to any other, has none.

use axum::body::Body;
use axum::http::Request;
use overture::engine::Right;
use overture::seal::deed::{Button, Deed};
use overture::seal::{Purpose, Seal};

use crate::house::House;

const URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Any case, all letters and digits, and what a mail server might put in their place.
const MAILED: &str = "0123456789abcdefghijklmnopqrstuvwxyz-_+=.";

/// All texts that differ from a token in one of its octets; in a text whose case does not count, by more than its case.
fn neighbours<'a>(
    token: &'a str,
    part: std::ops::Range<usize>,
    alphabet: &'a str,
) -> impl Iterator<Item = String> + 'a {
    part.flat_map(move |at| {
        let here = token[at..=at].to_owned();
        let others = alphabet
            .chars()
            .filter(move |c| !here.eq_ignore_ascii_case(&c.to_string()) || (alphabet == URL && !here.contains(*c)));
        others.map(move |c| format!("{}{c}{}", &token[..at], &token[at + 1..]))
    })
}

fn touch() -> String {
    "0123456789abcdefghjkmnpqrs".to_owned()
}

#[test]
fn a_link_with_any_octet_changed_opens_nothing() {
    let seal = Seal::new(&[7; 32]);
    for purpose in [Purpose::Click, Purpose::Open, Purpose::Unsubscribe] {
        let token = seal.sign(purpose, &touch(), 3, 20_000);
        assert!(seal.open(purpose, &token).is_some());
        let mut tried = 0;
        for forged in neighbours(&token, 0..token.len(), URL) {
            assert_eq!(seal.open(purpose, &forged), None, "{forged}");
            tried += 1;
        }
        assert_eq!(tried, token.len() * 63, "every octet, to every other");
    }
}

#[test]
fn a_button_with_any_octet_changed_is_forged() {
    let seal = Seal::new(&[7; 32]);
    for deed in Deed::ALL {
        let button = Button { handoff: touch(), rep: "ines".to_owned(), deed, expires_at: i64::MAX };
        let token = seal.sign_button(&button);
        assert!(seal.open_button(&token, 0).is_ok());
        for forged in neighbours(&token, 0..token.len(), URL) {
            assert!(seal.open_button(&forged, 0).is_err(), "{forged}");
        }
    }
}

#[test]
fn a_return_path_and_a_message_id_with_any_octet_changed_are_nobodys() {
    let seal = Seal::new(&[7; 32]);
    let path = seal.return_path(&touch(), "bounce.example.com");
    let local = path.find('@').expect("an address has one");
    assert_eq!(seal.open_return_path(&path), Some(touch()));
    for forged in neighbours(&path, 0..local, MAILED) {
        assert_eq!(seal.open_return_path(&forged), None, "{forged}");
    }
    let id = seal.message_id(&touch(), "example.com");
    let local = id.find('@').expect("an id has one");
    assert_eq!(seal.open_message_id(&id), Some(touch()));
    for forged in neighbours(&id, 1..local, MAILED) {
        assert_eq!(seal.open_message_id(&forged), None, "{forged}");
    }
}

#[tokio::test]
async fn a_key_with_any_octet_changed_opens_nothing() {
    let house = House::new().await;
    let key = house.key(&[Right::Admin]).await;
    let asked = |key: &str| {
        Request::get("/v1/tokens").header("authorization", format!("Bearer {key}")).body(Body::empty()).unwrap()
    };
    house.knock(asked(&key)).await.good();
    for at in 0..key.len() {
        let old = key.as_bytes()[at];
        for new in [b'0', b'a', b'Z', b'~', old ^ 1, old ^ 2, old ^ 4, old ^ 8, old ^ 16, old ^ 32, old ^ 64] {
            if new == old || !new.is_ascii_graphic() {
                continue;
            }
            let forged = format!("{}{}{}", &key[..at], char::from(new), &key[at + 1..]);
            house.knock(asked(&forged)).await.problem(401);
        }
    }
}

/// What a link shows or does by itself is tested where it is served; here every forged one is as good as none.
#[tokio::test]
async fn a_forged_link_is_as_good_as_none_at_the_listener() {
    let house = House::new().await;
    let sent = house.mailed("zoe@corp.example", "tips").await;
    let mut watch = house.watch().await;
    let before = watch.version().await;
    for kind in ['o', 'c', 'u'] {
        let path = house.path_in(&sent, kind, 0);
        for at in 3..path.len() {
            let other = if path.as_bytes()[at] == b'A' { 'B' } else { 'A' };
            let forged = format!("{}{other}{}", &path[..at], &path[at + 1..]);
            let told = house.visit(if kind == 'u' { "POST" } else { "GET" }, &forged).await;
            let expected = if kind == 'o' { 200 } else { 404 };
            assert_eq!(told.status.as_u16(), expected, "{forged}");
        }
    }
    assert_eq!(watch.version().await, before, "nothing was written");
}
