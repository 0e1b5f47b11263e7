//! Mailboxes forget upper and lower case, so what stands in an address or a Message-ID is written in the base32 of our ids.

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Writes bytes as lower-case characters, five bits each, the last one filled up with zero bits.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[(held >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[(held << (5 - bits) & 31) as usize]));
    }
    text
}

/// Reads what [`encode`] wrote, in any case; `None` for foreign characters, odd lengths, and filling that is not zero.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut held, mut bits) = (0_u32, 0);
    for character in text.bytes() {
        held = held << 5 | digit(character)?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 255) as u8);
        }
    }
    (bits < 5 && held & ((1 << bits) - 1) == 0).then_some(bytes)
}

/// Reads an id of 26 characters as its 128 bits; `None` where it is none.
pub fn id_bits(text: &str) -> Option<u128> {
    if text.len() != 26 || text.as_bytes()[0] > b'7' {
        return None;
    }
    text.bytes().try_fold(0_u128, |bits, character| Some(bits << 5 | u128::from(digit(character)?)))
}

/// Writes 128 bits as an id.
pub fn id_text(bits: u128) -> String {
    (0..26).rev().map(|place| char::from(ALPHABET[(bits >> (place * 5) & 31) as usize])).collect()
}

/// What each character stands for, in either case; 32 for none.
const DIGITS: [u8; 256] = {
    let mut digits = [32; 256];
    let mut digit = 0;
    while digit < 32 {
        let character = ALPHABET[digit as usize];
        digits[character as usize] = digit;
        digits[character.to_ascii_uppercase() as usize] = digit;
        digit += 1;
    }
    digits
};

fn digit(character: u8) -> Option<u32> {
    Some(DIGITS[usize::from(character)]).filter(|digit| *digit < 32).map(u32::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back_in_either_case(bytes in proptest::collection::vec(any::<u8>(), 0..40), id: u128) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes.clone()));
            prop_assert_eq!(decode(&encode(&bytes).to_uppercase()), Some(bytes));
            prop_assert_eq!(id_bits(&id_text(id)), Some(id));
        }
    }
}
