//! What was before a rehearsal began, where it goes on from a workspace as it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::World;
use crate::domain::account::Replies;
use crate::domain::experiment::{Arm, Key};
use crate::domain::routing::Load;
use crate::domain::sequence::Intake;
use crate::domain::suppression::Reason;
use crate::domain::throttle::Lane;

impl World<'_> {
    /// Says that so many handoffs were assigned to a rep and are open.
    pub fn load(&mut self, rep: String, load: Load) {
        self.loads.insert(rep, load);
    }

    /// An address or domain that must not be contacted.
    pub fn suppress(&mut self, target: String, reason: Reason) {
        self.suppressed.insert(target, reason);
    }

    /// What a lane has done before the rehearsal began.
    pub fn resume_lane(&mut self, name: &str, lane: &Lane) {
        self.lanes.resume(name, lane, &self.playbook.settings);
    }

    /// Who of an account had replied before the rehearsal began.
    pub fn replied(&mut self, account: String, replies: Replies) {
        self.colleagues.know(account, replies);
    }

    /// What was counted of experiments, and which have a winner.
    pub fn resume_experiments(&mut self, counted: BTreeMap<Key, Vec<Arm>>, winners: BTreeMap<Key, String>) {
        self.experiments.resume(counted, winners);
    }

    /// Sequences that are paused by hand.
    pub fn pause_sequences(&mut self, names: BTreeSet<String>) {
        self.paused = Arc::new(names);
    }

    /// Senders that are stopped: no new lead gets them of a pool.
    pub fn stop_senders(&mut self, names: BTreeSet<String>) {
        self.stopped_senders = Arc::new(names);
    }

    /// How many were in sequences with limits before the rehearsal began, and how many had entered on its first date.
    pub fn resume_intakes(&mut self, counted: BTreeMap<String, Intake>) {
        self.intakes.resume(counted, self.now);
        self.schedule();
    }
}
