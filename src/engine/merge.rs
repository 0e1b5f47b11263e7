//! Takes a lead in that was found to be the same person as another: both are decided in one transaction, or none is.

use super::batch::Batch;
use super::unit::{Answer, Target, Unit};
use crate::domain::decide::{AT_ADDRESS, Ask, Input, Other};
use crate::domain::id::LeadId;
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
        let on_its_way = tx.on_its_way(&lead.id).await?;
        let found = Other { suppressed: self.suppression_of(&lead.address), on_its_way, lead };
        let ask = Ask::Absorb { other: other.clone(), found: Some(Box::new(found)) };
        let answer = self.one(tx, place, &Input { ask, ..input.clone() }).await?;
        if taken != place && matches!(answer, Answer::Done { .. }) {
            self.slots.give_over(taken, place);
        }
        Ok(answer)
    }

    /// What a lead is told at an address it had before it was taken in says so: what bounces there says nothing of the present one.
    pub(super) fn heard_at(&self, place: usize, unit: &Unit) -> Input {
        let mut input = unit.input.clone();
        if let (Target::Address { address, .. }, Ask::Hear { data, .. }) = (&unit.to, &mut input.ask)
            && *address != self.slots[place].lead.address
        {
            data.entry(AT_ADDRESS).or_insert_with(|| address.as_str().into());
        }
        input
    }
}

/// The other lead that a unit is about.
pub const fn other(unit: &Unit) -> Option<&LeadId> {
    match &unit.input.ask {
        Ask::Absorb { other, .. } => Some(other),
        _ => None,
    }
}
