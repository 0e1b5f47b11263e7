//! Keeps what this daemon has under way its own, for as long as it lives.

use std::sync::{Arc, PoisonError};

use super::Engine;
use crate::domain::time::Millis;
use crate::store::StoreError;

impl Engine {
    /// Notes that one touch of a claim is under way.
    pub(super) fn hold(&self, token: &str) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner).entry(token.to_owned()).or_default() += 1;
    }

    /// Notes that one touch of a claim was settled.
    pub(super) fn let_go(&self, token: &str) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = held.get_mut(token) {
            *left -= 1;
            if *left == 0 {
                held.remove(token);
            }
        }
    }

    /// How many touches are under way here.
    pub fn under_way(&self) -> usize {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    /// How long a claim holds, counted on the domain's clock.
    pub(super) fn lease(&self) -> Millis {
        Millis(i64::try_from(self.ways.lease.as_millis()).unwrap_or(i64::MAX))
    }

    /// Lets no lease end later than it would if it began now: those of before a clock was set back would keep what nobody has.
    pub async fn bring_leases_near(&self) -> Result<(), Arc<StoreError>> {
        self.in_tx(async |tx| tx.bring_leases_near(self.now() + self.lease()).await).await
    }

    /// Holds what is under way for another lease.
    pub async fn renew(&self) -> Result<(), Arc<StoreError>> {
        let tokens: Vec<String> = self.held.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect();
        if tokens.is_empty() {
            return Ok(());
        }
        let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
        let renewed = async {
            let mut tx = self.begin().await?;
            tx.renew(&tokens, self.lease(), self.now()).await?;
            tx.commit().await
        };
        renewed.await.map_err(Arc::new)
    }
}
