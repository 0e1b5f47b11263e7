//! A token in a link says which touch it belongs to, and that we wrote it: no address, no name, no target, nothing to guess.
//!
//! ```text
//! link     key id 1 · touch 16 · link 2 · day 2 · MAC 16     base64url, 50 characters
//! VERP     key id 1 · touch 16 · MAC 10                      base32, 44 characters: `b+TOKEN@bounce-domain`
//! id       key id 1 · MAC 10                                 base32, 18 characters: `<t.TOUCH.TOKEN@from-domain>`
//! ```
//! Each purpose has its own key, derived from one secret (HKDF, RFC 5869), so a token for one purpose is noise for every other.
//! A key is known by its id and stays valid when another takes over: a link in somebody's mailbox is never retired.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::base32;

/// Octets of a MAC in a link.
pub(super) const LINK_MAC: usize = 16;
/// Octets of a MAC where an address or a Message-ID must stay short.
const SHORT_MAC: usize = 10;
const LINK_HEAD: usize = 1 + 16 + 2 + 2;

/// What a link token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    Click,
    Open,
    Unsubscribe,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    Link(Purpose),
    ReturnPath,
    MessageId,
    Deed,
}

impl Use {
    const ALL: [Self; 6] = [
        Self::Link(Purpose::Click),
        Self::Link(Purpose::Open),
        Self::Link(Purpose::Unsubscribe),
        Self::ReturnPath,
        Self::MessageId,
        Self::Deed,
    ];

    const fn label(self) -> &'static [u8] {
        match self {
            Self::Link(Purpose::Click) => b"overture/1/click",
            Self::Link(Purpose::Open) => b"overture/1/open",
            Self::Link(Purpose::Unsubscribe) => b"overture/1/unsubscribe",
            Self::ReturnPath => b"overture/1/return-path",
            Self::MessageId => b"overture/1/message-id",
            Self::Deed => b"overture/1/deed",
        }
    }
}

/// What a valid link token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The touch's id, 26 characters.
    pub touch: String,
    /// The number of the link in its template; 0 for opens and unsubscribes.
    pub link: u16,
    /// Days since 1970-01-01 when it was signed.
    pub day: u16,
}

/// Signs and verifies with keys that are derived once and cloned for each use.
#[derive(Clone)]
pub struct Seal {
    keys: BTreeMap<u8, BTreeMap<Use, Hmac<Sha256>>>,
    current: u8,
}

impl Seal {
    /// One secret, under key id 1.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self { keys: BTreeMap::from([(1, derive(secret))]), current: 1 }
    }

    /// Takes a newer secret: it signs from now on, and the older ones still verify.
    #[must_use]
    pub fn rotated(mut self, id: u8, secret: &[u8; 32]) -> Self {
        self.keys.insert(id, derive(secret));
        self.current = id;
        self
    }

    /// Signs a link of a touch. A text that is no id makes the token of the touch of all zeroes, which nobody has.
    pub fn sign(&self, purpose: Purpose, touch: &str, link: u16, day: u16) -> String {
        let mut bytes = Vec::with_capacity(LINK_HEAD + LINK_MAC);
        bytes.push(self.current);
        bytes.extend(base32::id_bits(touch).unwrap_or(0).to_be_bytes());
        bytes.extend(link.to_be_bytes());
        bytes.extend(day.to_be_bytes());
        self.seal_onto(Use::Link(purpose), &mut bytes, LINK_MAC);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Opens a link token, if it is one of ours and for this purpose.
    pub fn open(&self, purpose: Purpose, text: &str) -> Option<Opened> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        if bytes.len() != LINK_HEAD + LINK_MAC || !self.holds(Use::Link(purpose), &bytes, LINK_MAC) {
            return None;
        }
        let touch = base32::id_text(u128::from_be_bytes(bytes[1..17].try_into().ok()?));
        let pair = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        Some(Opened { touch, link: pair(17), day: pair(19) })
    }

    /// Writes a touch's return path, `b+TOKEN@domain`: 46 octets before the `@` (64 are allowed, RFC 5321 section 4.5.3.1.1).
    pub fn return_path(&self, touch: &str, domain: &str) -> String {
        let mut bytes = vec![self.current];
        bytes.extend(base32::id_bits(touch).unwrap_or(0).to_be_bytes());
        self.seal_onto(Use::ReturnPath, &mut bytes, SHORT_MAC);
        format!("b+{}@{domain}", base32::encode(&bytes))
    }

    /// Finds the touch in one of our return paths, at any domain and in any case, with or without angle brackets.
    pub fn open_return_path(&self, address: &str) -> Option<String> {
        let (local, _) = bare(address).rsplit_once('@')?;
        let token = local.strip_prefix("b+").or_else(|| local.strip_prefix("B+"))?;
        let bytes = (token.len() == 44).then(|| base32::decode(token))??;
        if bytes.len() != 17 + SHORT_MAC || !self.holds(Use::ReturnPath, &bytes, SHORT_MAC) {
            return None;
        }
        Some(base32::id_text(u128::from_be_bytes(bytes[1..17].try_into().ok()?)))
    }

    /// Writes a touch's Message-ID with its angle brackets, `<t.TOUCH.MAC@domain>`.
    pub fn message_id(&self, touch: &str, domain: &str) -> String {
        let mut bytes = vec![self.current];
        bytes.extend(self.short(Use::MessageId, self.current, touch.as_bytes()));
        format!("<t.{touch}.{}@{domain}>", base32::encode(&bytes))
    }

    /// Finds the touch in one of our Message-IDs, at any domain, with or without angle brackets.
    pub fn open_message_id(&self, id: &str) -> Option<String> {
        let (local, _) = bare(id).rsplit_once('@')?;
        let mut parts = local.split('.');
        let (mark, touch, token, end) = (parts.next()?, parts.next()?, parts.next()?, parts.next());
        if !mark.eq_ignore_ascii_case("t") || end.is_some() || token.len() != 18 {
            return None;
        }
        let touch = base32::id_text(base32::id_bits(touch)?);
        let bytes = base32::decode(token)?;
        let (key, tag) = bytes.split_first()?;
        let mac = self.keys.get(key)?.get(&Use::MessageId)?.clone().chain_update(touch.as_bytes());
        (tag.len() == SHORT_MAC && mac.verify_truncated_left(tag).is_ok()).then_some(touch)
    }

    /// The id of the key that signs.
    pub(super) const fn key_id(&self) -> u8 {
        self.current
    }

    /// Puts the MAC of `bytes`, cut to `length` octets, behind them.
    pub(super) fn seal_onto(&self, what: Use, bytes: &mut Vec<u8>, length: usize) {
        let tag = self.mac(what, self.current, bytes);
        bytes.extend(&tag[..length]);
    }

    /// Whether the last `length` octets are the MAC of the others under the key that the first octet names; in constant time.
    pub(super) fn holds(&self, what: Use, bytes: &[u8], length: usize) -> bool {
        let Some((body, tag)) = bytes.len().checked_sub(length).map(|at| bytes.split_at(at)) else { return false };
        let key = body.first().and_then(|id| self.keys.get(id)).and_then(|keys| keys.get(&what));
        key.is_some_and(|key| key.clone().chain_update(body).verify_truncated_left(tag).is_ok())
    }

    fn short(&self, what: Use, key: u8, text: &[u8]) -> [u8; SHORT_MAC] {
        let mut tag = [0; SHORT_MAC];
        tag.copy_from_slice(&self.mac(what, key, text)[..SHORT_MAC]);
        tag
    }

    fn mac(&self, what: Use, key: u8, text: &[u8]) -> [u8; 32] {
        self.keys[&key][&what].clone().chain_update(text).finalize().into_bytes().into()
    }
}

/// Shows no key.
impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal").field("current", &self.current).finish_non_exhaustive()
    }
}

fn bare(text: &str) -> &str {
    text.trim().trim_start_matches('<').trim_end_matches('>')
}

fn derive(secret: &[u8; 32]) -> BTreeMap<Use, Hmac<Sha256>> {
    let extracted = Hkdf::<Sha256>::new(None, secret);
    let key = |what: Use| {
        let mut key = [0; 32];
        extracted.expand(what.label(), &mut key).expect("HKDF gives up to 8,160 octets, and 32 are asked for");
        Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length")
    };
    Use::ALL.into_iter().map(|what| (what, key(what))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PURPOSES: [Purpose; 3] = [Purpose::Click, Purpose::Open, Purpose::Unsubscribe];

    fn seal() -> Seal {
        Seal::new(&[7; 32])
    }

    proptest! {
        #[test]
        fn a_token_says_what_was_signed_and_only_for_its_purpose(id: u128, link: u16, day: u16, at in 0..3_usize) {
            let touch = base32::id_text(id);
            let token = seal().sign(PURPOSES[at], &touch, link, day);
            prop_assert_eq!(token.len(), 50);
            prop_assert_eq!(seal().open(PURPOSES[at], &token), Some(Opened { touch: touch.clone(), link, day }));
            prop_assert_eq!(seal().open(PURPOSES[(at + 1) % 3], &token), None);
            prop_assert_eq!(seal().open(PURPOSES[(at + 2) % 3], &token), None);
            prop_assert_eq!(Seal::new(&[8; 32]).open(PURPOSES[at], &token), None);
        }

        #[test]
        fn a_token_with_one_character_changed_or_missing_is_none(id: u128, at in 0..50_usize, to in "[A-Za-z0-9_=.-]") {
            let token = seal().sign(Purpose::Click, &base32::id_text(id), 3, 20_000);
            let mut changed = token.clone();
            changed.replace_range(at..=at, &to);
            prop_assert_eq!(seal().open(Purpose::Click, &changed).is_some(), changed == token);
            prop_assert_eq!(seal().open(Purpose::Click, &token[..at]), None);
        }

        #[test]
        fn a_return_path_and_a_message_id_survive_shouting_and_nothing_else(id: u128, at in 2..46_usize, to in "[0-9a-z]") {
            let touch = base32::id_text(id);
            let path = seal().return_path(&touch, "b.example.com");
            prop_assert_eq!(path.find('@'), Some(46));
            prop_assert_eq!(seal().open_return_path(&path), Some(touch.clone()));
            prop_assert_eq!(seal().open_return_path(&format!("<{}>", path.to_uppercase())), Some(touch.clone()));
            let message_id = seal().message_id(&touch, "example.com");
            prop_assert_eq!(seal().open_message_id(&message_id), Some(touch.clone()));
            for (text, open) in [(&path, Seal::open_return_path as fn(&Seal, &str) -> _), (&message_id, Seal::open_message_id)] {
                let mut changed = text.clone();
                changed.replace_range(at + 1..=at + 1, &to);
                prop_assert!(changed == *text || changed.find('@') != text.find('@') || open(&seal(), &changed).is_none());
                prop_assert_eq!(open(&Seal::new(&[8; 32]), text), None);
            }
            prop_assert_eq!(seal().open_return_path(&path.replacen("b+", "c+", 1)), None);
        }

        #[test]
        fn noise_opens_nothing(text in ".{0,80}") {
            for purpose in PURPOSES {
                prop_assert_eq!(seal().open(purpose, &text), None);
            }
            prop_assert_eq!(seal().open_return_path(&text), None);
            prop_assert_eq!(seal().open_message_id(&text), None);
        }
    }

    #[test]
    fn an_older_key_still_opens_what_it_signed() {
        let touch = base32::id_text(42);
        let old = seal().sign(Purpose::Unsubscribe, &touch, 0, 1);
        let both = seal().rotated(2, &[9; 32]);
        let new = both.sign(Purpose::Unsubscribe, &touch, 0, 1);
        assert!(both.open(Purpose::Unsubscribe, &old).is_some() && both.open(Purpose::Unsubscribe, &new).is_some());
        assert_eq!(seal().open(Purpose::Unsubscribe, &new), None);
    }

    #[test]
    fn a_seal_prints_no_key() {
        assert_eq!(format!("{:?}", seal()), "Seal { current: 1, .. }");
    }
}
