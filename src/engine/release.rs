//! Lets in who waits for room under a sequence's limits: the larger priority first, then who came first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::Engine;
use super::batch::Batch;
use super::unit::{Answer, Target, Unit};
use crate::domain::calendar::{local, zone_named};
use crate::domain::decide::{Ask, Input};
use crate::domain::event::Actor;
use crate::domain::id::LeadId;
use crate::domain::playbook::Playbook;
use crate::domain::sequence::{Intake, Sequence};
use crate::domain::time::Instant;
use crate::store::StoreError;
use crate::store::intakes::Today;

/// Leads let in in one transaction.
const PAGE: usize = 500;

/// The sequences that have limits.
pub fn limited(playbook: &Playbook) -> Vec<&str> {
    with_limits(playbook).map(|sequence| sequence.name.as_str()).collect()
}

fn with_limits(playbook: &Playbook) -> impl Iterator<Item = &Sequence> {
    playbook.sequences.values().map(AsRef::as_ref).filter(|sequence| !sequence.limits.is_none())
}

/// The date by which `new_per_day` counts.
pub fn today(playbook: &Playbook, now: Instant) -> Today {
    let zone = zone_of(playbook);
    let day = local::day_number(&zone, now);
    Today { day, began_at: local::day_start(&zone, day, now) }
}

pub fn zone_of(playbook: &Playbook) -> TimeZone {
    zone_named(&playbook.settings.zone).unwrap_or(TimeZone::UTC)
}

/// How many of those who wait may enter now: all, where an edit took the limits away.
fn room(sequence: &Sequence, intakes: &BTreeMap<String, Intake>) -> u32 {
    sequence.limits.room(intakes.get(&sequence.name).copied().unwrap_or_default())
}

/// The sequences that somebody waits for. One that is not known here may be in the files of another daemon.
fn known<'p>(playbook: &'p Playbook, waited_for: &[String]) -> Vec<&'p Sequence> {
    waited_for.iter().filter_map(|name| playbook.sequences.get(name)).map(AsRef::as_ref).collect()
}

impl Engine {
    /// Lets one page of those in who wait for a sequence that has room, or no limits any more, and says how many there were.
    pub(super) async fn release(&self, now: Instant) -> Result<usize, StoreError> {
        let playbook = self.playbook();
        let mut waiting = known(&playbook, &self.store.waited_for().await?);
        if waiting.is_empty() {
            return Ok(0);
        }
        waiting.sort_by_key(|sequence| Reverse(sequence.priority));
        let intakes = self.store.intakes(today(&playbook, now)).await?;
        for sequence in waiting {
            let room = room(sequence, &intakes);
            if room > 0 {
                let let_in = self.let_in(&sequence.name, PAGE.min(room as usize), now).await?;
                if let_in > 0 {
                    return Ok(let_in);
                }
            }
        }
        Ok(0)
    }

    async fn let_in(&self, sequence: &str, most: usize, now: Instant) -> Result<usize, StoreError> {
        let mut tx = self.begin().await?;
        let leads = tx.pending(sequence, most).await?;
        let unit = |lead: &LeadId| {
            let ask = Ask::Admit { sequence: sequence.to_owned() };
            let input = Input { ask, occurred_at: now, source: "engine".to_owned(), actor: Actor::System };
            Unit { to: Target::Lead(lead.clone()), input, key: None }
        };
        let units: Vec<Unit> = leads.iter().map(unit).collect();
        let mut batch = Batch::new(self, now);
        let answers = batch.decide(&mut tx, &units).await?;
        batch.write(&mut tx).await?;
        let gone: Vec<(&str, &LeadId)> = leads
            .iter()
            .zip(&answers)
            .filter(|(_, answer)| **answer == Answer::Unknown)
            .map(|(lead, _)| (sequence, lead))
            .collect();
        tx.forget_pending(&gone).await?;
        tx.commit().await?;
        self.beat();
        Ok(leads.len())
    }

    /// When there may be room for somebody who waits: now, or with the next date. What an exit frees is seen at its commit.
    pub(super) async fn next_release(&self, now: Instant) -> Result<Option<Instant>, StoreError> {
        let playbook = self.playbook();
        let waiting = known(&playbook, &self.store.waited_for().await?);
        if waiting.is_empty() {
            return Ok(None);
        }
        let date = today(&playbook, now);
        let intakes = self.store.intakes(date).await?;
        let tomorrow = local::day_start(&zone_of(&playbook), date.day + 1, now);
        let next = waiting.into_iter().filter_map(|sequence| {
            let intake = intakes.get(&sequence.name).copied().unwrap_or_default();
            let spent = sequence.limits.new_per_day.is_some_and(|limit| intake.entered_today >= limit);
            match room(sequence, &intakes) {
                0 if spent => Some(tomorrow),
                0 => None,
                _ => Some(now),
            }
        });
        Ok(next.min())
    }
}
