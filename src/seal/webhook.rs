//! Signs and verifies webhooks by Standard Webhooks 1.0, so that a receiver can use any library of that name.

use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How far a timestamp may lie from now, in seconds, either way.
pub const TOLERANCE_S: i64 = 300;
/// The fewest bytes a key may have; the standard asks for 24 to 64, older receivers gave out 16.
const KEY_FLOOR: usize = 16;
const KEY_CEILING: usize = 128;
const PREFIX: &str = "whsec_";
const VERSION: &str = "v1";

/// Written padded; read either way, since people copy secrets by hand.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A signing key, `whsec_` and base64 in text. It prints as nothing.
#[derive(Clone)]
pub struct Secret {
    keyed: Hmac<Sha256>,
}

/// Why a secret cannot be used; the secret itself is never in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    #[error("the webhook secret is not base64: write whsec_ and 24 to 64 random bytes in base64")]
    NotBase64,
    #[error("the webhook secret has {0} bytes: write whsec_ and 24 to 64 random bytes in base64")]
    Length(usize),
}

/// Why a webhook that came in is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    #[error("the webhook-id, webhook-timestamp or webhook-signature header is missing or malformed")]
    Headers,
    #[error("the webhook-timestamp is more than five minutes from now")]
    Stale,
    #[error("no v1 signature matches")]
    Signature,
}

/// The three headers of a webhook, as they came.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a> {
    pub id: &'a str,
    pub timestamp: &'a str,
    pub signature: &'a str,
}

impl Secret {
    /// Reads `whsec_…`; the prefix may be missing.
    pub fn parse(text: &str) -> Result<Self, BadSecret> {
        let text = text.trim();
        let key = BASE64.decode(text.strip_prefix(PREFIX).unwrap_or(text)).map_err(|_| BadSecret::NotBase64)?;
        if !(KEY_FLOOR..=KEY_CEILING).contains(&key.len()) {
            return Err(BadSecret::Length(key.len()));
        }
        let keyed = Hmac::new_from_slice(&key).map_err(|_| BadSecret::Length(key.len()))?;
        Ok(Self { keyed })
    }

    fn over(&self, id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.keyed.clone();
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        mac
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([REDACTED])")
    }
}

/// True for an id that keeps `id.timestamp.body` readable one way only: not empty, no dot, printable ASCII.
pub fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 255 && id.bytes().all(|b| b.is_ascii_graphic() && b != b'.')
}

/// The `webhook-signature` header: one `v1,…` a secret, parted by spaces, so that a secret can be rotated.
pub fn sign(secrets: &[Secret], id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let timestamp = timestamp_s.to_string();
    let one = |secret: &Secret| {
        format!("{VERSION},{}", BASE64.encode(secret.over(id, &timestamp, body).finalize().into_bytes()))
    };
    secrets.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Believes a webhook if any `v1` signature fits any secret, compared in constant time.
pub fn verify(secrets: &[Secret], headers: Headers<'_>, body: &[u8], now_s: i64) -> Result<(), Rejected> {
    let plain_digits = !headers.timestamp.is_empty() && headers.timestamp.bytes().all(|b| b.is_ascii_digit());
    if !is_id(headers.id) || headers.signature.is_empty() || !plain_digits {
        return Err(Rejected::Headers);
    }
    let sent_s: i64 = headers.timestamp.parse().map_err(|_| Rejected::Headers)?;
    if now_s.abs_diff(sent_s) > TOLERANCE_S.unsigned_abs() {
        return Err(Rejected::Stale);
    }
    let given = headers.signature.split(' ').filter_map(|part| part.strip_prefix("v1,"));
    let mut given = given.filter_map(|text| BASE64.decode(text).ok());
    let fits = |tag: Vec<u8>| {
        secrets.iter().any(|secret| secret.over(headers.id, headers.timestamp, body).verify_slice(&tag).is_ok())
    };
    if given.any(fits) { Ok(()) } else { Err(Rejected::Signature) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn corpus(name: &str) -> Option<Vec<Value>> {
        let path = crate::corpora::corpus(&format!("standard-webhooks/{name}"))?;
        Some(serde_json::from_slice(&std::fs::read(path).expect("the corpus is a file")).expect("the corpus is JSON"))
    }

    fn text<'a>(case: &'a Value, key: &str) -> &'a str {
        case[key].as_str().unwrap_or_default()
    }

    #[test]
    fn the_published_vector_comes_out_byte_for_byte() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = sign(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn every_signature_of_the_reference_libraries_comes_out_the_same() {
        for case in corpus("sign.json").unwrap_or_default() {
            let secret = Secret::parse(text(&case, "secret")).unwrap();
            let at = case["timestamp"].as_i64().unwrap();
            let signed = sign(&[secret], text(&case, "id"), at, text(&case, "body").as_bytes());
            assert_eq!(signed, text(&case, "signature"), "{}", case["name"]);
        }
    }

    #[test]
    fn every_case_of_the_corpus_is_believed_or_not_as_it_says() {
        for case in corpus("verify.json").unwrap_or_default() {
            let header = |name: &str| {
                let all = case["headers"].as_object().unwrap().iter();
                all.filter(|(key, _)| key.eq_ignore_ascii_case(name)).find_map(|(_, v)| v.as_str()).unwrap_or_default()
            };
            let headers = Headers {
                id: header("webhook-id"),
                timestamp: header("webhook-timestamp"),
                signature: header("webhook-signature"),
            };
            let secret = Secret::parse(text(&case, "secret")).unwrap();
            let verdict = verify(&[secret], headers, text(&case, "body").as_bytes(), case["now"].as_i64().unwrap());
            assert_eq!(verdict.is_ok(), case["expect"] == "accept", "{}: {verdict:?}", case["name"]);
        }
    }

    #[test]
    fn while_a_secret_is_rotated_old_and_new_receivers_both_believe() {
        let old = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let new = Secret::parse("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap();
        let signature = sign(&[new.clone(), old.clone()], "msg_1", 1_000, b"{}");
        let headers = Headers { id: "msg_1", timestamp: "1000", signature: &signature };
        assert_eq!(signature.split(' ').count(), 2);
        assert_eq!(verify(&[old], headers, b"{}", 1_000), Ok(()));
        assert_eq!(verify(&[new], headers, b"{}", 1_000), Ok(()));
    }

    #[test]
    fn a_secret_never_prints_and_a_bad_one_says_what_to_write() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret([REDACTED])");
        assert_eq!(Secret::parse("whsec_####").unwrap_err(), BadSecret::NotBase64);
        assert_eq!(Secret::parse("whsec_AAAA").unwrap_err(), BadSecret::Length(3));
    }
}
