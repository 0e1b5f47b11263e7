//! Keys to the API, and answers that are given once: writes that are about no lead.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::Engine;
use crate::domain::id::{encode, encode_hex};
use crate::domain::suppression::Reason;
use crate::domain::time::Millis;
pub use crate::store::access::{Answer as Given, ApiToken};
use crate::store::{StoreError, Tx};

/// An answer is kept so long under its idempotency key.
const KEPT: Millis = Millis::DAY;
/// Old answers forgotten at most with each look.
const SWEPT: usize = 500;
/// The use of a token is noted at most so often.
const NOTED: Millis = Millis::HOUR;

/// What a token lets its holder do; `Admin` lets everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    Read,
    Enroll,
    Send,
    Config,
    Export,
    Erase,
    Admin,
}

impl Right {
    pub const ALL: [Self; 7] =
        [Self::Read, Self::Enroll, Self::Send, Self::Config, Self::Export, Self::Erase, Self::Admin];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Enroll => "enroll",
            Self::Send => "send",
            Self::Config => "config",
            Self::Export => "export",
            Self::Erase => "erase",
            Self::Admin => "admin",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.as_str() == text)
    }

    /// Whether a token with these scopes has this right.
    pub fn is_in(self, scopes: &str) -> bool {
        scopes.split(' ').filter_map(Self::parse).any(|right| right == self || right == Self::Admin)
    }
}

impl Engine {
    /// Makes a key to the API and gives it with its secret, which is shown this once and kept nowhere.
    pub async fn issue_token(
        &self,
        name: &str,
        rights: &BTreeSet<Right>,
    ) -> Result<(ApiToken, String), Arc<StoreError>> {
        let now = self.now();
        let half = || encode(u128::from_be_bytes(self.entropy.bytes()));
        let secret = format!("ovt_{}{}", half(), half());
        let scopes: Vec<&str> = rights.iter().map(|right| right.as_str()).collect();
        let token = ApiToken {
            id: format!("key_{}", self.entropy.id(now)),
            name: name.to_owned(),
            hash: hash(&secret),
            scopes: scopes.join(" "),
            created_at: now,
            last_used_at: None,
            revoked_at: None,
        };
        self.in_tx(async |tx| tx.add_api_token(&token).await).await?;
        Ok((token, secret))
    }

    /// Ends a token; false if there was none to end.
    pub async fn revoke_token(&self, id: &str) -> Result<bool, Arc<StoreError>> {
        let now = self.now();
        self.in_tx(async |tx| tx.revoke_api_token(id, now).await).await
    }

    /// All tokens there ever were, the oldest first.
    pub async fn tokens(&self) -> Result<Vec<ApiToken>, Arc<StoreError>> {
        self.store.api_tokens().await.map_err(Arc::new)
    }

    /// The token with this secret, unless it was revoked.
    pub async fn token_of(&self, secret: &str) -> Result<Option<ApiToken>, Arc<StoreError>> {
        let found = self.store.api_token(&hash(secret)).await.map_err(Arc::new)?;
        Ok(found.filter(|token| token.revoked_at.is_none()))
    }

    /// Notes that a token was used to write, to the hour.
    pub async fn note_token_use(&self, token: &ApiToken) -> Result<(), Arc<StoreError>> {
        let now = self.now();
        if token.last_used_at.is_some_and(|at| now.since(at) < NOTED) {
            return Ok(());
        }
        self.in_tx(async |tx| tx.note_api_token_use(&token.id, now).await).await
    }

    /// The answer given under an idempotency key within the last day.
    pub async fn answer_before(&self, key: &str) -> Result<Option<Given>, Arc<StoreError>> {
        let old = self.now() - KEPT;
        self.in_tx(async |tx| {
            tx.forget_answers(SWEPT, old).await?;
            tx.answered(key).await
        })
        .await
    }

    /// Keeps an answer, and gives the one that stands: of two at the same time the first.
    pub async fn keep_answer(&self, key: &str, given: Given) -> Result<Given, Arc<StoreError>> {
        let now = self.now();
        self.in_tx(async |tx| {
            if tx.keep_answer(key, &given, now).await? {
                return Ok(given);
            }
            Ok(tx.answered(key).await?.unwrap_or(given))
        })
        .await
    }

    /// Which of these addresses and domains must not be contacted, and why.
    pub async fn suppressed(&self, targets: &BTreeSet<&str>) -> Result<BTreeMap<String, Reason>, Arc<StoreError>> {
        let looked = async {
            let mut tx: Tx = self.begin().await?;
            let found = tx.suppressed(targets).await?;
            tx.rollback().await?;
            Ok(found)
        };
        looked.await.map_err(Arc::new)
    }
}

fn hash(secret: &str) -> String {
    encode_hex(&Sha256::digest(secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admin_has_every_right_and_nobody_else_more_than_was_given() {
        assert!(Right::ALL.into_iter().all(|right| right.is_in("admin")));
        assert!(Right::Send.is_in("read send") && !Right::Enroll.is_in("read send") && !Right::Read.is_in(""));
    }
}
