//! A mail in several variants, as a preview shows it: each of them, with the one the lead would get marked.

use super::{Leg, Proof, What};
use crate::domain::decide::hashed;
use crate::domain::sequence::{Copy, Experiment, Step, Variant};
use crate::domain::time::Instant;

impl Proof<'_> {
    /// Shows this variant alone wherever a mail has one of this name.
    pub fn show_only(&mut self, variant: Option<String>) {
        self.only = variant;
    }

    /// The template of a step's mail, as the lead would get it or as it was asked for.
    pub(super) fn template_of<'c>(&self, step: &Step, copy: &'c Copy) -> Option<&'c str> {
        match copy {
            Copy::One(template) => Some(template),
            Copy::Tried(experiment) => self.own(step, experiment).map(|variant| variant.template.as_str()),
        }
    }

    /// The variant that was asked for, else the lead's own while none has won.
    fn own<'e>(&self, step: &Step, experiment: &'e Experiment) -> Option<&'e Variant> {
        let asked = self.only.as_deref().and_then(|name| experiment.variant(name));
        asked.or_else(|| hashed(&self.lead.id, (&self.sequence.name, &step.id), experiment))
    }

    /// Shows the variants of a mail, the lead's own last in what later mails of the thread answer to; gives when it leaves.
    pub(super) fn variants(&mut self, step: &Step, experiment: &Experiment, (at, depth): (Instant, usize)) -> Instant {
        let own = self.own(step, experiment).map(|variant| variant.name.clone());
        let at = self.calendar().next_open(at).unwrap_or(Instant::NEVER);
        let asked = self.only.as_ref().is_some_and(|name| experiment.variant(name).is_some());
        for variant in &experiment.variants {
            let now = own.as_ref() == Some(&variant.name);
            if asked && !now {
                continue;
            }
            let said = format!("variant {}, weight {}", variant.name, variant.weight);
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
