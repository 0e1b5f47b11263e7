//! Looks at an experiment after each change of its counters, in the transaction of that change, and says once which variant has won.

use std::collections::BTreeMap;

use serde_json::json;

use super::Engine;
use crate::domain::decide::Effect;
use crate::domain::experiment::{Arm, Key, Verdict};
use crate::domain::id::LeadId;
use crate::domain::time::Instant;
use crate::store::experiments::Won;
use crate::store::{StoreError, Tx};

/// The experiments that these effects of a lead counted in, each with the lead that did last; those with a winner are over.
pub(super) fn counted_in(
    all: &mut BTreeMap<Key, LeadId>,
    (lead, effects): (&LeadId, &[Effect]),
    winners: &BTreeMap<Key, String>,
) {
    for effect in effects {
        if let Effect::Tally(tally) = effect
            && !winners.contains_key(&tally.counts.key)
        {
            all.insert(tally.counts.key.clone(), lead.clone());
        }
    }
}

impl Engine {
    /// Judges experiments whose counters changed, each with a lead that changed them. Gives the alerts that tell of winners.
    pub(super) async fn judge(
        &self,
        tx: &mut Tx,
        asked: &BTreeMap<Key, LeadId>,
        now: Instant,
    ) -> Result<Vec<Effect>, StoreError> {
        let keys: Vec<&Key> = asked.keys().collect();
        let (mut told, playbook) = (Vec::new(), self.playbook());
        for (key, arms) in tx.counted(&keys).await? {
            let Some(experiment) = playbook.experiment(&key) else { continue };
            if let Verdict::Won { variant, p } = experiment.judge(&arms) {
                let figures = figures(p, &experiment.arms(&arms));
                tx.declare(&Won { key: &key, variant: &variant, figures: &figures.to_string() }, now).await?;
                let Key { sequence, step, .. } = &key;
                tracing::info!(sequence, step, variant, p, "a variant has won: all mails to come have its text");
                let data = json!({"schema": "experiment/1", "sequence": sequence, "step": step, "winner": variant, "figures": figures});
                let origin = format!("experiment:{sequence}:{step}:{}", key.experiment);
                told.extend(
                    asked
                        .get(&key)
                        .and_then(|lead| self.alarm((lead, &origin), ("experiment.won", &variant), &data, now)),
                );
            }
        }
        Ok(told)
    }
}

/// What a winner was found by.
fn figures(p: f64, arms: &[Arm]) -> serde_json::Value {
    let arm = |arm: &Arm| json!({"variant": arm.variant, "mails": arm.mails, "successes": arm.hits});
    json!({"p": p, "variants": arms.iter().map(arm).collect::<Vec<_>>()})
}
