//! The buttons of an alert: a signed, expiring token that lets one rep do one act on one handoff, without a session.
//!
//! ```text
//! key id 1 · handoff 16 · deed 1 · expiry in minutes since 1970 4 · rep 1 to 64 · MAC 16     base64url
//! ```

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::base32;
use super::token::{LINK_MAC, Seal, Use};

const HEAD: usize = 1 + 16 + 1 + 4;
const MINUTE: i64 = 60_000;

/// What a button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Claim,
    Contacted,
    NotReady,
    WrongPerson,
}

impl Deed {
    pub const ALL: [Self; 4] = [Self::Claim, Self::Contacted, Self::NotReady, Self::WrongPerson];

    /// The name it has in pages and payloads.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Contacted => "contacted",
            Self::NotReady => "not_ready",
            Self::WrongPerson => "wrong_person",
        }
    }
}

/// One rep's permission to do one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// The handoff's id, 26 characters.
    pub handoff: String,
    /// The rep's name in team.yaml; what is beyond 64 octets is cut off.
    pub rep: String,
    pub deed: Deed,
    /// Milliseconds since 1970; kept to the minute, rounded up.
    pub expires_at: i64,
}

/// Why a button does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dead {
    /// Not written by us, or changed.
    Forged,
    Expired,
}

impl Seal {
    /// Signs a button.
    pub fn sign_button(&self, button: &Button) -> String {
        let minutes = u32::try_from(button.expires_at.div_euclid(MINUTE) + 1).unwrap_or(if button.expires_at < 0 {
            0
        } else {
            u32::MAX
        });
        let mut bytes = vec![self.key_id()];
        bytes.extend(base32::id_bits(&button.handoff).unwrap_or(0).to_be_bytes());
        bytes.extend((0..).zip(Deed::ALL).filter(|(_, deed)| *deed == button.deed).map(|(number, _): (u8, _)| number));
        bytes.extend(minutes.to_be_bytes());
        bytes.extend(button.rep.as_bytes().iter().take(64));
        self.seal_onto(Use::Deed, &mut bytes, LINK_MAC);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Opens a button pressed at `now` (milliseconds since 1970).
    ///
    /// # Errors
    /// Says whether it was never ours or is too old.
    pub fn open_button(&self, text: &str, now: i64) -> Result<Button, Dead> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Dead::Forged)?;
        if bytes.len() < HEAD + LINK_MAC || !self.holds(Use::Deed, &bytes, LINK_MAC) {
            return Err(Dead::Forged);
        }
        let button = read(&bytes[..bytes.len() - LINK_MAC]).ok_or(Dead::Forged)?;
        if now >= button.expires_at { Err(Dead::Expired) } else { Ok(button) }
    }
}

fn read(bytes: &[u8]) -> Option<Button> {
    Some(Button {
        handoff: base32::id_text(u128::from_be_bytes(bytes[1..17].try_into().ok()?)),
        deed: *Deed::ALL.get(usize::from(bytes[17]))?,
        expires_at: i64::from(u32::from_be_bytes(bytes[18..HEAD].try_into().ok()?)) * MINUTE,
        rep: String::from_utf8(bytes[HEAD..].to_vec()).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn button(deed: Deed) -> Button {
        Button { handoff: base32::id_text(5), rep: "maya".to_owned(), deed, expires_at: 1_800_000_000_000 }
    }

    #[test]
    fn a_button_works_until_it_expires() {
        let seal = Seal::new(&[1; 32]);
        for deed in Deed::ALL {
            let token = seal.sign_button(&button(deed));
            let read = seal.open_button(&token, 1_799_999_999_999).unwrap();
            assert_eq!((read.deed, read.rep.as_str(), &read.handoff), (deed, "maya", &button(deed).handoff));
            assert_eq!(seal.open_button(&token, read.expires_at), Err(Dead::Expired));
            assert_eq!(Seal::new(&[2; 32]).open_button(&token, 0), Err(Dead::Forged));
        }
    }

    proptest! {
        #[test]
        fn a_changed_or_foreign_button_is_forged(at in 0..56_usize, to in "[A-Za-z0-9_=-]", noise in ".{0,90}") {
            let seal = Seal::new(&[1; 32]);
            let token = seal.sign_button(&button(Deed::Claim));
            let mut changed = token.clone();
            changed.replace_range(at..=at, &to);
            prop_assert_eq!(seal.open_button(&changed, 0).is_ok(), changed == token);
            prop_assert_eq!(seal.open_button(&token[..at], 0), Err(Dead::Forged));
            prop_assert_eq!(seal.open_button(&noise, 0), Err(Dead::Forged));
        }

        #[test]
        fn a_link_token_is_no_button(id: u128) {
            let seal = Seal::new(&[1; 32]);
            let token = seal.sign(crate::seal::token::Purpose::Click, &base32::id_text(id), 0, 0);
            prop_assert_eq!(seal.open_button(&token, 0), Err(Dead::Forged));
        }
    }
}
