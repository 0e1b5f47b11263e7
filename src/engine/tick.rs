//! Cron schedules: a tick goes through all leads once, a page a transaction, and each lead's own decision says whether it enters.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::Engine;
use super::batch::Batch;
use super::unit::{Target, Unit};
use crate::domain::calendar::{Cron, zone_named};
use crate::domain::decide::{Ask, Input};
use crate::domain::event::Actor;
use crate::domain::playbook::{Playbook, Settings};
use crate::domain::sequence::{Sequence, Trigger, ZoneRule};
use crate::domain::time::{Instant, Millis};
use crate::store::StoreError;
use crate::store::ticks::TickRow;

/// Leads gone through in one transaction.
pub const PAGE: usize = 500;
/// A clock that fell by more was wrong before: a schedule that it carried ahead begins anew.
const CREDIBLE: Millis = Millis::DAY.times(2);
/// A tick that somebody began is finished for so long, however short its `catch_up`.
const FINISHED: Millis = Millis::DAY;

/// A schedule as the files say it.
struct Schedule<'p> {
    cron: &'p Cron,
    catch_up: Millis,
    zone: TimeZone,
}

/// What is to be done about one schedule now.
#[derive(Debug, PartialEq, Eq)]
enum Due {
    /// Nothing before this instant; nothing at all where there is none.
    Wait(Option<Instant>),
    /// A new tick begins.
    Begin(Instant),
    /// The next page of a tick under way.
    Continue(Instant),
    /// What stands in the store is let go, and all counts from now.
    Forget,
}

impl Engine {
    /// The first instant at which a lead's time is up, somebody is to be told of a colleague's reply, there is room for somebody, or a schedule ticks.
    pub async fn next_wake(&self, now: Instant) -> Result<Option<Instant>, StoreError> {
        let wake = self.store.next_wake().await?;
        let others = [self.next_telling(now).await?, self.next_release(now).await?, self.next_tick(now).await?];
        Ok(others.into_iter().flatten().chain(wake).min())
    }

    async fn next_tick(&self, now: Instant) -> Result<Option<Instant>, StoreError> {
        let playbook = self.playbook();
        let schedules = schedules(&playbook);
        if schedules.is_empty() {
            return Ok(None);
        }
        let kept = kept(self.store.ticks().await?);
        let next = schedules.iter().filter_map(|(key, schedule)| match kept.get(key) {
            None => Some(now),
            Some(row) => match schedule.due(row, now) {
                Due::Wait(next) => next,
                Due::Begin(_) | Due::Continue(_) | Due::Forget => Some(now),
            },
        });
        Ok(next.min())
    }

    /// Does one piece of work for schedules, and says whether there was any: begins a tick, or goes through one page of leads.
    pub(super) async fn tick(&self, now: Instant) -> Result<usize, StoreError> {
        let playbook = self.playbook();
        let schedules = schedules(&playbook);
        if schedules.is_empty() {
            return Ok(0);
        }
        let kept = kept(self.store.ticks().await?);
        let new: Vec<(&str, &str)> = schedules.keys().filter(|key| !kept.contains_key(*key)).map(named).collect();
        if !new.is_empty() {
            let mut tx = self.begin().await?;
            tx.keep_ticks(&new, now).await?;
            tx.commit().await?;
        }
        // Of those that tick at once the larger priority goes through everybody before the next begins: it wins an exclusive group.
        let mut rows: Vec<(&Key, &TickRow)> = kept.iter().collect();
        rows.sort_by_key(|(key, _)| (Reverse(playbook.sequences.get(&key.0).map(|sequence| sequence.priority)), *key));
        for (key, row) in rows {
            let Some(schedule) = schedules.get(key) else { continue };
            let done = match schedule.due(row, now) {
                Due::Wait(_) => 0,
                Due::Begin(at) => self.move_tick(row, at, Some(at)).await?,
                Due::Forget => self.move_tick(row, now, None).await?,
                Due::Continue(at) => self.page(row, at, now).await?,
            };
            if done > 0 {
                return Ok(done);
            }
        }
        Ok(0)
    }

    async fn move_tick(&self, row: &TickRow, seen_at: Instant, at: Option<Instant>) -> Result<usize, StoreError> {
        let mut tx = self.begin().await?;
        let taken = tx.take_tick(row, seen_at, at).await?;
        tx.commit().await?;
        Ok(usize::from(taken))
    }

    async fn page(&self, row: &TickRow, at: Instant, now: Instant) -> Result<usize, StoreError> {
        let mut tx = self.begin().await?;
        let Some(leads) = tx.page_of_tick((&row.sequence, &row.cron), at, PAGE).await? else {
            tx.rollback().await?;
            return Ok(0);
        };
        let units: Vec<Unit> = leads
            .into_iter()
            .map(|lead| {
                let ask = Ask::Tick { sequence: row.sequence.clone(), cron: row.cron.clone(), at };
                let input = Input { ask, occurred_at: now, source: "engine".to_owned(), actor: Actor::System };
                Unit { to: Target::Lead(lead), input, key: None }
            })
            .collect();
        let mut batch = Batch::new(self, now);
        batch.decide(&mut tx, &units).await?;
        batch.write(&mut tx).await?;
        tx.commit().await?;
        self.beat();
        Ok(1)
    }
}

/// Sequence and cron expression.
type Key = (String, String);

fn named((sequence, cron): &Key) -> (&str, &str) {
    (sequence, cron)
}

fn kept(rows: Vec<TickRow>) -> BTreeMap<Key, TickRow> {
    rows.into_iter().map(|row| ((row.sequence.clone(), row.cron.clone()), row)).collect()
}

/// The schedules of the sequences in force; of two that say the same in one sequence the longer catching up counts.
fn schedules(playbook: &Arc<Playbook>) -> BTreeMap<Key, Schedule<'_>> {
    let mut all: BTreeMap<Key, Schedule<'_>> = BTreeMap::new();
    for sequence in playbook.sequences.values() {
        for trigger in &sequence.enroll {
            let Trigger::Every { cron, catch_up, .. } = trigger else { continue };
            let fresh = || Schedule { cron, catch_up: *catch_up, zone: zone_of(sequence, &playbook.settings) };
            let schedule = all.entry((sequence.name.clone(), cron.to_string())).or_insert_with(fresh);
            schedule.catch_up = schedule.catch_up.max(*catch_up);
        }
    }
    all
}

/// The zone a sequence's schedules are in: they are about all leads, so where each lead has its own, the fallback.
pub(super) fn zone_of(sequence: &Sequence, settings: &Settings) -> TimeZone {
    let name = match &sequence.send.zone {
        ZoneRule::Named(name) => Some(name),
        ZoneRule::Sender => {
            let sender = sequence.send.from.as_ref().and_then(|from| settings.senders.get(from));
            sender.map(|sender| &sender.zone)
        }
        ZoneRule::Lead => sequence.send.fallback_zone.as_ref(),
    };
    name.and_then(|name| zone_named(name)).or_else(|| zone_named(&settings.zone)).unwrap_or(TimeZone::UTC)
}

impl Schedule<'_> {
    fn due(&self, row: &TickRow, now: Instant) -> Due {
        if row.seen_at > now + CREDIBLE {
            return Due::Forget;
        }
        if let Some(at) = row.at {
            return if now <= at + self.catch_up.max(FINISHED) { Due::Continue(at) } else { Due::Forget };
        }
        // One that nobody carried out in time is let go.
        let since = row.seen_at.max(now - self.catch_up - Millis(1));
        match self.cron.last(since, now, &self.zone) {
            Some(at) => Due::Begin(at),
            None => Due::Wait(self.cron.next(row.seen_at.max(now), &self.zone)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Instant = Instant(1_767_225_600_000);

    fn schedule(cron: &Cron, catch_up: Millis) -> Schedule<'_> {
        Schedule { cron, catch_up, zone: TimeZone::UTC }
    }

    fn row(seen_at: Instant, at: Option<Instant>) -> TickRow {
        TickRow { sequence: "tips".to_owned(), cron: "0 9 * * *".to_owned(), seen_at, at }
    }

    #[test]
    fn ticks_missed_while_down_are_one_and_only_if_young_enough() {
        let cron = Cron::parse("0 9 * * *").unwrap();
        let hourly = schedule(&cron, Millis::HOUR);
        let nine = START + Millis::HOUR.times(9);
        let seen = row(START - Millis::DAY.times(5), None);
        assert_eq!(hourly.due(&seen, nine - Millis(1)), Due::Wait(Some(nine)));
        assert_eq!(hourly.due(&seen, nine), Due::Begin(nine));
        assert_eq!(hourly.due(&seen, nine + Millis::HOUR), Due::Begin(nine));
        assert_eq!(hourly.due(&seen, nine + Millis::HOUR + Millis(1)), Due::Wait(Some(nine + Millis::DAY)));
        let weekly = schedule(&cron, Millis::DAY.times(7));
        assert_eq!(weekly.due(&seen, nine - Millis(1)), Due::Begin(nine - Millis::DAY), "the last of five, once");
        assert_eq!(hourly.due(&row(nine, None), nine + Millis::HOUR), Due::Wait(Some(nine + Millis::DAY)));
    }

    #[test]
    fn a_tick_that_was_begun_is_finished_and_one_forgotten_for_long_is_not() {
        let cron = Cron::parse("0 9 * * *").unwrap();
        let (hourly, nine) = (schedule(&cron, Millis::HOUR), START + Millis::HOUR.times(9));
        assert_eq!(hourly.due(&row(nine, Some(nine)), nine + Millis::HOUR.times(5)), Due::Continue(nine));
        assert_eq!(hourly.due(&row(nine, Some(nine)), nine + Millis::DAY.times(30)), Due::Forget);
    }

    #[test]
    fn a_clock_set_back_arms_no_tick_again_and_one_that_was_years_ahead_stops_no_schedule() {
        let cron = Cron::parse("0 9 * * *").unwrap();
        let (hourly, nine) = (schedule(&cron, Millis::HOUR), START + Millis::HOUR.times(9));
        let back = hourly.due(&row(nine + Millis::MINUTE, None), nine - Millis::HOUR);
        assert_eq!(back, Due::Wait(Some(nine + Millis::DAY)));
        assert_eq!(hourly.due(&row(nine + Millis::DAY.times(800), None), nine), Due::Forget);
    }
}
