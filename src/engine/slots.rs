//! The leads of a batch: each is there once, by whatever name it was asked for, and stays where it was put.

use std::collections::BTreeMap;
use std::ops::{Index, IndexMut};

use crate::domain::account::account_of;
use crate::domain::address::EmailAddress;
use crate::domain::decide::{Effect, newborn};
use crate::domain::event::Event;
use crate::domain::id::LeadId;
use crate::domain::lead::Lead;
use crate::domain::time::Instant;

/// A lead as it becomes, and what its decisions came to.
pub struct Slot {
    pub lead: Lead,
    /// `lead.wake_at` as it was loaded.
    pub was_wake_at: Option<Instant>,
    /// Whether something was decided about it.
    pub touched: bool,
    /// Whether the store does not have it yet.
    pub fresh: bool,
    pub events: Vec<Event>,
    pub effects: Vec<Effect>,
    /// Who took it in: whatever comes to it is that one's.
    merged_into: Option<usize>,
}

#[derive(Default)]
pub struct Slots {
    all: Vec<Slot>,
    by_id: BTreeMap<LeadId, usize>,
    by_address: BTreeMap<EmailAddress, usize>,
}

impl Index<usize> for Slots {
    type Output = Slot;

    fn index(&self, place: usize) -> &Slot {
        &self.all[place]
    }
}

impl IndexMut<usize> for Slots {
    fn index_mut(&mut self, place: usize) -> &mut Slot {
        &mut self.all[place]
    }
}

impl Slots {
    pub fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.all.iter()
    }

    pub fn leads(&self) -> impl Iterator<Item = &Lead> {
        self.all.iter().map(|slot| &slot.lead)
    }

    /// Puts a lead that was loaded in its place.
    pub fn known(&mut self, lead: Lead) -> usize {
        if let Some(place) = self.by_id.get(&lead.id) {
            return *place;
        }
        let was_wake_at = lead.wake_at;
        self.put(lead, was_wake_at, false)
    }

    /// Puts a lead that nobody knew of in its place.
    pub fn newborn(&mut self, address: &EmailAddress, id: impl FnOnce() -> LeadId, now: Instant) -> usize {
        if let Some(place) = self.by_address.get(address) {
            return *place;
        }
        let lead = newborn(id(), address.clone(), account_of(address), now);
        self.put(lead, None, true)
    }

    fn put(&mut self, lead: Lead, was_wake_at: Option<Instant>, fresh: bool) -> usize {
        let place = self.all.len();
        self.by_id.insert(lead.id.clone(), place);
        self.by_address.insert(lead.address.clone(), place);
        let (events, effects) = (Vec::new(), Vec::new());
        self.all.push(Slot { lead, was_wake_at, touched: false, fresh, events, effects, merged_into: None });
        place
    }

    /// Lets a lead be found by an id that it had before.
    pub fn is_also(&mut self, place: usize, id: LeadId) {
        self.by_id.insert(id, place);
    }

    /// Where a lead is by now.
    pub fn place_of(&self, lead: &LeadId) -> Option<usize> {
        self.by_id.get(lead).map(|place| self.follow(*place))
    }

    /// Where the lead of a place is by now.
    pub fn follow(&self, mut place: usize) -> usize {
        while let Some(by) = self.all[place].merged_into {
            place = by;
        }
        place
    }

    /// A lead was taken in by another: it is woken no more, and what comes to it is the other's. What was decided about it before comes
    /// before what that one made of it.
    pub fn give_over(&mut self, taken: usize, by: usize) {
        let slot = &mut self.all[taken];
        slot.lead.wake_at = None;
        slot.touched = true;
        slot.merged_into = Some(by);
        let effects = std::mem::take(&mut slot.effects);
        self.all[by].effects.splice(0..0, effects);
    }
}
