//! A mail in several variants, as a preview shows it: each of them, with the one the lead would get marked.

use std::collections::BTreeMap;

use super::{Leg, Proof, What};
use crate::domain::decide::{had, hashed, won};
use crate::domain::experiment::Key;
use crate::domain::sequence::{Copy, Experiment, Step, Variant};
use crate::domain::time::Instant;

impl Proof<'_> {
    /// Shows this variant alone wherever a mail has one of this name.
    pub fn show_only(&mut self, variant: Option<String>) {
        self.only = variant;
    }

    /// Heeds what has won by now.
    pub fn heed(&mut self, winners: BTreeMap<Key, String>) {
        self.winners = winners;
    }

    /// The template of a step's mail, as the lead would get it or as it was asked for.
    pub(super) fn template_of<'c>(&self, step: &Step, copy: &'c Copy) -> Option<&'c str> {
        match copy {
            Copy::One(template) => Some(template),
            Copy::Tried(experiment) => self.own(step, experiment).map(|variant| variant.template.as_str()),
        }
    }

    /// The variant that was asked for, else the one the lead has had, else the one that has won, else the lead's own by hash.
    fn own<'e>(&self, step: &Step, experiment: &'e Experiment) -> Option<&'e Variant> {
        let asked = self.only.as_deref().and_then(|name| experiment.variant(name));
        let running = || self.lead.enrollments.iter().find(|running| running.sequence == self.sequence.name);
        asked
            .or_else(|| had(running()?, &step.id, experiment))
            .or_else(|| won(&self.winners, &self.key(step, experiment), experiment))
            .or_else(|| hashed(&self.lead.id, (&self.sequence.name, &step.id), experiment))
    }

    fn key(&self, step: &Step, experiment: &Experiment) -> Key {
        Key { sequence: self.sequence.name.clone(), step: step.id.clone(), experiment: experiment.id.clone() }
    }

    /// Shows the variants of a mail, the lead's own last in what later mails of the thread answer to; gives when it leaves.
    pub(super) fn variants(&mut self, step: &Step, experiment: &Experiment, (at, depth): (Instant, usize)) -> Instant {
        let own = self.own(step, experiment).map(|variant| variant.name.clone());
        let winner = self.winners.get(&self.key(step, experiment)).cloned();
        let at = self.calendar().next_open(at).unwrap_or(Instant::NEVER);
        let asked = self.only.as_ref().is_some_and(|name| experiment.variant(name).is_some());
        for variant in &experiment.variants {
            let now = own.as_ref() == Some(&variant.name);
            if asked && !now {
                continue;
            }
            let won = if winner.as_ref() == Some(&variant.name) { ", the winner" } else { "" };
            let said = format!("variant {}, weight {}{won}", variant.name, variant.weight);
            self.legs.push(Leg { depth, step: step.id.clone(), at, what: What::Way { said, now } });
            let before = (self.sent.clone(), self.first_subject.clone());
            let mail = self.mail(step, &variant.template, at).map(Box::new);
            self.legs.push(Leg { depth: depth + 1, step: step.id.clone(), at, what: What::Mail(mail) });
            if !now {
                (self.sent, self.first_subject) = before;
            }
        }
        at
    }
}
