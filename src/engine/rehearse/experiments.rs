//! What is counted of mails in several variants, and which one has won: the same as the store keeps, and judged at the same moments.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::experiment::{Arm, Key, Tally, Verdict};
use crate::domain::playbook::Playbook;

pub(super) struct Experiments<'p> {
    playbook: &'p Playbook,
    counted: BTreeMap<Key, Vec<Arm>>,
    winners: Arc<BTreeMap<Key, String>>,
}

impl<'p> Experiments<'p> {
    pub fn of(playbook: &'p Playbook) -> Self {
        Self { playbook, counted: BTreeMap::new(), winners: Arc::default() }
    }

    /// What was counted, and who has won, before the rehearsal began.
    pub fn resume(&mut self, counted: BTreeMap<Key, Vec<Arm>>, winners: BTreeMap<Key, String>) {
        (self.counted, self.winners) = (counted, Arc::new(winners));
    }

    pub fn winners(&self) -> Arc<BTreeMap<Key, String>> {
        Arc::clone(&self.winners)
    }

    pub const fn counted(&self) -> &BTreeMap<Key, Vec<Arm>> {
        &self.counted
    }

    pub fn count(&mut self, tally: &Tally) {
        let key = &tally.counts.key;
        let arms = self.counted.entry(key.clone()).or_default();
        let place = arms.iter().position(|arm| arm.variant == tally.variant).unwrap_or_else(|| {
            arms.push(Arm { variant: tally.variant.clone(), mails: 0, hits: 0 });
            arms.len() - 1
        });
        arms[place].mails = arms[place].mails.saturating_add_signed(tally.mails);
        arms[place].hits = arms[place].hits.saturating_add_signed(tally.hits);
        if self.winners.contains_key(key) {
            return;
        }
        let verdict = self.playbook.experiment(key).map(|experiment| experiment.judge(arms));
        if let Some(Verdict::Won { variant, .. }) = verdict {
            Arc::make_mut(&mut self.winners).insert(key.clone(), variant);
        }
    }
}
