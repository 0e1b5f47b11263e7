//! Which events of a lead were heard of another one, before that was found to be the same person.

use super::{Event, What};
use crate::domain::address::EmailAddress;

/// The leads that one took in, by the numbers of their events.
#[derive(Debug, Default)]
pub struct Guests(Vec<(u64, u64, EmailAddress)>);

impl Guests {
    /// Those that these events tell of.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let guest = |event: &Event| match &event.what {
            What::Merged { from, .. } => Some((event.seq, event.seq + from.seq, from.address.clone())),
            _ => None,
        };
        Self(events.into_iter().filter_map(guest).collect())
    }

    /// The address of the lead that an event was heard of; nothing for the lead's own. One that was taken in may have taken in others
    /// before: its events lie among those of it.
    pub fn address_of(&self, seq: u64) -> Option<&EmailAddress> {
        let holds = |(after, until, _): &&(u64, u64, EmailAddress)| *after < seq && seq <= *until;
        self.0.iter().filter(holds).min_by_key(|(after, until, _)| until - after).map(|(.., address)| address)
    }
}
