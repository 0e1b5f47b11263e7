//! Ids are 128 bits in 26 lower-case characters of Crockford's base32: they sort as they were made, read aloud well, and are the
//! same text in both databases. A prefix (`lead_`, `enr_`, `tch_`, `tsk_`, `hnd_`) is added only where a person sees them.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

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
                (bare.len() == 26 && bare.bytes().all(|b| ALPHABET.contains(&b))).then(|| Self(bare.to_owned()))
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
    fn derived_ids_keep_their_parts_apart() {
        assert_ne!(derived(&["ab", "c"]), derived(&["a", "bc"]));
        assert_eq!(derived(&["ab", "c"]), derived(&["ab", "c"]));
    }
}
