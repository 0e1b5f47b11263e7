//! Takes a lead in that was found to be the same person as another: both are decided in one transaction, or none is. What is said of an
//! address from before is about that address, where it is about a mailbox and not about the person.

use super::batch::Batch;
use super::unit::{Answer, Target, Unit};
use crate::domain::decide::{AT_ADDRESS, Ask, Effect, Input, Other};
use crate::domain::id::LeadId;
use crate::domain::lead::Alias;
use crate::domain::suppression::Reason;
use crate::store::{StoreError, Tx};

impl Batch<'_> {
    /// Has one lead of the batch take in another, which is brought up to date before.
    pub(super) async fn absorb(
        &mut self,
        tx: &mut Tx,
        (place, other): (usize, &LeadId),
        input: &Input,
    ) -> Result<Answer, StoreError> {
        let Some(taken) = self.slots.place_of(other) else { return Ok(Answer::Unknown) };
        if taken != place {
            self.one(tx, taken, &Input::wake(self.now())).await?;
        }
        let lead = self.slots[taken].lead.clone();
        let new = self.slots[taken].effects.iter().filter_map(|effect| match effect {
            Effect::Queue(touch) => Some(&touch.id),
            _ => None,
        });
        let on_its_way = tx.on_its_way(&lead, &new.collect()).await?;
        let found = Other { suppressed: self.suppression_of(&lead.address), on_its_way, lead };
        let ask = Ask::Absorb { other: other.clone(), found: Some(Box::new(found)) };
        let answer = self.one(tx, place, &Input { ask, ..input.clone() }).await?;
        if taken != place && matches!(answer, Answer::Done { .. }) {
            self.slots.give_over(taken, place);
        }
        Ok(answer)
    }

    /// Decides what is heard of a lead. A bounce at an address it had before says so.
    pub(super) async fn hear(&mut self, tx: &mut Tx, place: usize, unit: &Unit) -> Result<Answer, StoreError> {
        let is_bounce = matches!(&unit.input.ask, Ask::Hear { name, .. } if name == "bounced");
        if !is_bounce || self.slots[place].lead.aliases.is_empty() {
            return self.one(tx, place, &unit.input).await;
        }
        let mut input = unit.input.clone();
        if let Ask::Hear { data, touch, .. } = &mut input.ask {
            let at = match touch {
                Some(touch) => tx.went_to(touch).await?,
                None => self.alias_of(place, &unit.to),
            };
            if let Some(at) = at {
                data.insert(AT_ADDRESS.to_owned(), at.into());
            }
        }
        self.one(tx, place, &input).await
    }

    /// Whether a unit is about the mailbox at an address that the lead had before: the list of suppressions says all about that.
    pub(super) fn is_of_alias(&self, place: usize, unit: &Unit) -> bool {
        let of_mailbox = matches!(unit.input.ask, Ask::Unsuppress | Ask::Suppress { reason: Reason::HardBounce });
        of_mailbox && self.alias_of(place, &unit.to).is_some()
    }

    /// The address from before that a lead is asked for by.
    fn alias_of(&self, place: usize, to: &Target) -> Option<String> {
        let lead = &self.slots[place].lead;
        let is_meant = |alias: &&Alias| match to {
            Target::Address { address, .. } => alias.address == *address,
            Target::Lead(id) => alias.lead == *id,
            Target::Touch(_) | Target::Handoff(_) => false,
        };
        lead.aliases.iter().find(is_meant).map(|alias| alias.address.to_string())
    }
}

/// The other lead that a unit is about.
pub const fn other(unit: &Unit) -> Option<&LeadId> {
    match &unit.input.ask {
        Ask::Absorb { other, .. } => Some(other),
        _ => None,
    }
}
