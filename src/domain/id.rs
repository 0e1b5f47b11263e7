//! Ids are 128 bits in 26 lower-case characters of Crockford's base32: they sort as they were made, read aloud well, and are the
//! same text in both databases. A prefix (`lead_`, `enr_`, `tch_`, `tsk_`, `hnd_`) is added only where a person sees them.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// As many characters say when an id was made, and which of those made then it is; the others keep apart what is derived from it.
const PLACE: usize = 14;

/// Writes 128 bits as 26 characters.
pub fn encode(bits: u128) -> String {
    (0..26).rev().map(|place| char::from(ALPHABET[usize::try_from((bits >> (place * 5)) & 31).unwrap_or(0)])).collect()
}

/// Derives an id from what makes the thing unique, so that the same decision names it alike however often it is made.
pub fn derived(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let mut bits = [0; 16];
    bits.copy_from_slice(&digest[..16]);
    encode(u128::from_be_bytes(bits) >> 2)
}

/// Derives an id that sorts where `beside` does, unlike others of its kind that are derived alike: what belongs to a lead then lies together
/// in every table and index, and what was made together is changed together in few pages.
pub fn derived_beside(beside: &str, parts: &[&str]) -> String {
    let own = derived(parts);
    match beside.split_at_checked(PLACE) {
        Some((place, rest)) if place.len() + rest.len() == own.len() && is_written(beside) => {
            format!("{place}{}", &own[PLACE..])
        }
        _ => own,
    }
}

fn is_written(text: &str) -> bool {
    text.bytes().all(|b| ALPHABET.contains(&b))
}

/// Bytes in lower-case hex.
pub fn encode_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}

/// A chance that is the same for ever: 64 bits hashed from what it is about.
pub fn dice(parts: &[&str]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut bits = [0; 8];
    bits.copy_from_slice(&hash.finalize()[..8]);
    u64::from_be_bytes(bits)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// Takes the id as stored, or as shown with its prefix; anything else is not one.
            pub fn parse(text: &str) -> Option<Self> {
                let bare = text.strip_prefix($prefix).unwrap_or(text);
                (bare.len() == 26 && is_written(bare)).then(|| Self(bare.to_owned()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

id!(
    /// One lead.
    LeadId, "lead_");
id!(
    /// One lead going once through one sequence.
    EnrollmentId, "enr_");
id!(
    /// One outgoing act.
    TouchId, "tch_");
id!(
    /// Something a person is to do.
    TaskId, "tsk_");
id!(
    /// One handing over to sales.
    HandoffId, "hnd_");

impl TouchId {
    /// The one touch that an enrollment, a handoff or a task has at a step.
    pub fn of(origin: &str, step: &str) -> Self {
        Self(derived_beside(origin, &["touch", origin, step]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_with_and_without_its_prefix_and_nothing_else_is_one() {
        let id = LeadId(encode(u128::MAX));
        assert_eq!(id.as_str().len(), 26);
        assert_eq!(LeadId::parse(&id.to_string()), Some(id.clone()));
        assert_eq!(LeadId::parse(id.as_str()), Some(id));
        assert_eq!(LeadId::parse("lead_ilou"), None);
    }

    #[test]
    fn an_id_derived_beside_another_sorts_where_that_does_and_is_no_others() {
        let [early, late] = [encode(7 << 80), encode((7 << 80) | (1 << 70))];
        let near = |id: &str, step: &str| derived_beside(id, &["touch", id, step]);
        assert!(near(&early, "a") < near(&late, "a") && near(&early, "b") < near(&late, "a"));
        assert_ne!(near(&early, "a"), near(&early, "b"));
        assert!(TouchId::parse(&near(&late, "a")).is_some());
        assert_eq!(derived_beside("no id", &["x"]), derived(&["x"]));
    }

    #[test]
    fn derived_ids_keep_their_parts_apart() {
        assert_ne!(derived(&["ab", "c"]), derived(&["a", "bc"]));
        assert_eq!(derived(&["ab", "c"]), derived(&["ab", "c"]));
    }
}
