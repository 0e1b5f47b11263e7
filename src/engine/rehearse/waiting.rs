//! Touches that have not come to their end, with the lead each belongs to.

use std::collections::BTreeMap;

use crate::domain::id::TouchId;
use crate::domain::touch::{Channel, NewTouch};

#[derive(Default)]
pub(super) struct Waiting {
    touches: BTreeMap<TouchId, (usize, NewTouch)>,
}

impl Waiting {
    pub fn insert(&mut self, number: usize, touch: NewTouch) {
        self.touches.insert(touch.id.clone(), (number, touch));
    }

    pub fn get(&self, touch: &TouchId) -> Option<&(usize, NewTouch)> {
        self.touches.get(touch)
    }

    pub fn remove(&mut self, touch: &TouchId) -> Option<(usize, NewTouch)> {
        self.touches.remove(touch)
    }

    pub fn touches(&self) -> impl Iterator<Item = &NewTouch> {
        self.touches.values().map(|(_, touch)| touch)
    }

    /// The mails that wait for one lead.
    pub fn mails_of(&self, number: usize) -> Vec<TouchId> {
        let of_lead = |(of, touch): &&(usize, NewTouch)| *of == number && touch.channel == Channel::Email;
        self.touches.values().filter(of_lead).map(|(_, touch)| touch.id.clone()).collect()
    }
}
