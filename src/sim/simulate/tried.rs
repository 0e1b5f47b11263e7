//! Mails in several variants: what a simulation counted of each, and what would be said of them at its end.

use crate::domain::experiment::{Arm, Key};
use crate::domain::playbook::Playbook;
use crate::engine::rehearse::World;

/// One experiment of the files.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    pub sequence: String,
    pub step: String,
    /// The variants in the order of the file.
    pub arms: Vec<Arm>,
    pub winner: Option<String>,
    pub said: String,
}

/// The experiments of the files as they stand in a world.
pub fn tried(playbook: &Playbook, world: &World<'_>) -> Vec<Tried> {
    let (counted, winners) = (world.counted(), world.winners());
    let experiments = playbook.sequences.values().flat_map(|sequence| {
        sequence.experiments().map(move |(step, experiment)| (sequence.name.clone(), step.id.clone(), experiment))
    });
    let shape = |(sequence, step, experiment): (String, String, &crate::domain::sequence::Experiment)| {
        let key = Key { sequence, step, experiment: experiment.id.clone() };
        let arms = experiment.arms(counted.get(&key).map_or(&[], Vec::as_slice));
        let winner = winners.get(&key).cloned();
        let said =
            winner.as_ref().map_or_else(|| experiment.judge(&arms).to_string(), |name| format!("`{name}` has won"));
        Tried { sequence: key.sequence, step: key.step, arms, winner, said }
    };
    experiments.map(shape).collect()
}
