//! Which variant of a mail a lead gets: by hash until one has won, then that one.

use std::collections::BTreeMap;

use super::ways::share_of;
use super::work::Work;
use crate::domain::enrollment::Enrollment;
use crate::domain::experiment::{Chosen, Counts, Key};
use crate::domain::id::{LeadId, dice};
use crate::domain::sequence::{Copy, Experiment, Sequence, Step, Variant};

/// The template of a mail for this lead, and its variant where there are several.
pub fn choose(
    work: &Work<'_>,
    enrollment: &Enrollment,
    (sequence, step): (&Sequence, &Step),
    copy: &Copy,
) -> (String, Option<Chosen>) {
    let experiment = match copy {
        Copy::One(template) => return (template.clone(), None),
        Copy::Tried(experiment) => experiment,
    };
    let key = Key { sequence: sequence.name.clone(), step: step.id.clone(), experiment: experiment.id.clone() };
    let had = had(enrollment, &step.id, experiment);
    let won = won(&work.case.winners, &key, experiment);
    let taken = had.or(won).or_else(|| hashed(&work.lead.id, (&sequence.name, &step.id), experiment));
    let Some(variant) = taken else { return (String::new(), None) };
    let trials = &work.lead.trials;
    let counts = if had.is_some() {
        // A text that an edit changed under it was not given to it by the dice of this experiment.
        let touch = enrollment.steps.get(&step.id).and_then(|facts| facts.touch.as_ref());
        trials.iter().any(|trial| Some(&trial.touch) == touch && trial.counts.key == key)
    } else {
        won.is_none() && !trials.iter().any(|trial| trial.counts.key == key && trial.sent_at.is_some())
    };
    let by = experiment.winner.as_ref().map(|winner| winner.by.clone());
    let counts = counts.then_some(Counts { key, by });
    (variant.template.clone(), Some(Chosen { variant: variant.name.clone(), counts }))
}

/// The variant that a lead has had of a mail, which it keeps.
pub fn had<'e>(enrollment: &Enrollment, step: &str, experiment: &'e Experiment) -> Option<&'e Variant> {
    let facts = enrollment.steps.get(step).filter(|facts| facts.touch.is_some())?;
    experiment.variant(facts.variant.as_deref()?)
}

/// The variant that has won, which all get who have had none.
pub fn won<'e>(winners: &BTreeMap<Key, String>, key: &Key, experiment: &'e Experiment) -> Option<&'e Variant> {
    winners.get(key).and_then(|name| experiment.variant(name))
}

/// The variant that a lead gets as long as none has won: always the same, and of many leads each variant gets its share.
pub fn hashed<'e>(lead: &LeadId, (sequence, step): (&str, &str), experiment: &'e Experiment) -> Option<&'e Variant> {
    let roll = dice(&[lead.as_str(), sequence, step, "variant"]);
    let place = share_of(roll, experiment.variants.iter().map(|variant| variant.weight))?;
    experiment.variants.get(place)
}
