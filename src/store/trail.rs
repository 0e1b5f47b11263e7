//! Opens and clicks that were written down and not decided: until its verdict is due a hit counts for nothing, so recording one costs an
//! event and a wake, and no document is read or written.
//!
//! ```text
//! hit ─▶ event last+1, wake at the verdict ─▶ trail (lead, held, last) ─▶ whoever loads the lead folds in held+1 … last ─▶ save ends it
//! ```
//! A lead is the fold of its events: its document and what lies behind it are the lead, as if each hit had been saved into it.

use std::collections::{BTreeMap, BTreeSet};

use super::db::Row;
use super::error::StoreError;
use super::leads::unreadable;
use super::open::Store;
use super::reports::event;
use super::sql::{Kind, Rows, Statement, rows};
use super::tx::Tx;
use crate::domain::decide::apply;
use crate::domain::event::Event;
use crate::domain::id::{EnrollmentId, LeadId, TouchId};
use crate::domain::lead::Lead;
use crate::domain::time::Instant;
use crate::domain::touch::State;

/// As much of a mail as its pixel and its links need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailed {
    pub touch: TouchId,
    pub lead: LeadId,
    pub enrollment: Option<EnrollmentId>,
    pub step: String,
    pub version: String,
    pub template: String,
    pub template_version: Option<String>,
    /// Targets of links that hold a value of the lead, as JSON.
    pub links: Option<String>,
    pub state: State,
    pub done_at: Option<Instant>,
}

static MAILED: Statement = Statement::batch(
    &[("asked", Kind::Text)],
    "SELECT t.id, t.lead_id, t.enrollment_id, t.step, t.version, t.template, t.template_version, t.links, t.state, t.done_at
     FROM {input} AS i
     JOIN touch AS t ON t.id = i.asked",
);

static TRAILS: Statement = Statement::batch(
    &[("asked", Kind::Text)],
    "SELECT e.lead_id, e.seq, e.occurred_at, e.recorded_at, e.source, e.actor, e.data
     FROM {input} AS i
     JOIN trail AS t ON t.lead_id = i.asked
     JOIN event AS e ON e.lead_id = t.lead_id AND e.seq > t.held",
);

impl Tx {
    /// What is known of these mails; nothing of those that were never queued.
    pub async fn mailed(&mut self, touches: &BTreeSet<&TouchId>) -> Result<BTreeMap<TouchId, Mailed>, StoreError> {
        if touches.is_empty() {
            return Ok(BTreeMap::new());
        }
        let input = rows(touches.iter().map(|touch| (touch,)));
        let found = self.fetch("look for the mails of hits", &MAILED, vec![input.into()]).await?;
        found.iter().map(|row| mailed(row).map(|mail| (mail.touch.clone(), mail))).collect()
    }

    /// Writes events behind those of their leads, which gives them their numbers, and sees to it that each lead is woken at `wake_at` or
    /// before. Says whether any is woken that would not have been.
    pub async fn trail(&mut self, mut events: Vec<Event>, wake_at: Instant) -> Result<bool, StoreError> {
        if events.is_empty() {
            return Ok(false);
        }
        let mut added: BTreeMap<&LeadId, i64> = BTreeMap::new();
        for event in &events {
            *added.entry(&event.lead).or_default() += 1;
        }
        let mut ends = self.lengthen(&added).await?;
        for event in &mut events {
            let unknown = || unreadable("lead", event.lead.as_str(), &"it has no events");
            let end = ends.get_mut(&event.lead).ok_or_else(unknown)?;
            end.written += 1;
            event.seq = end.written;
        }
        self.append(&events).await?;
        let new: Vec<_> = ends.iter().filter(|(_, end)| end.begins).map(|(lead, _)| (wake_at, lead)).collect();
        self.put_wakes(&new).await?;
        Ok(!new.is_empty())
    }

    /// Makes room for so many more events behind those of each lead. On a shared database the leads are locked, since whoever saves one
    /// writes events of the same numbers.
    async fn lengthen(&mut self, added: &BTreeMap<&LeadId, i64>) -> Result<BTreeMap<LeadId, End>, StoreError> {
        static LOCK: Statement = Statement::batch(
            &[("asked", Kind::Text)],
            "SELECT l.id
             FROM {input} AS i
             JOIN lead AS l ON l.id = i.asked
             ORDER BY l.id
             {for update of l}",
        );
        static LENGTHEN: Statement = Statement::batch(
            &[("lead_id", Kind::Text), ("added", Kind::Int)],
            "INSERT INTO trail (lead_id, held, last)
             SELECT lead_id, held, held + added
             FROM (
                 SELECT i.lead_id, i.added, (SELECT MAX(e.seq) FROM event AS e WHERE e.lead_id = i.lead_id) AS held
                 FROM {input} AS i
             ) AS known
             WHERE held IS NOT NULL
             ON CONFLICT (lead_id) DO UPDATE SET last = excluded.last
             RETURNING lead_id, held, last",
        );
        if self.is_shared() {
            let input = rows(added.keys().map(|lead| (lead,)));
            self.fetch("lock the leads of hits", &LOCK, vec![input.into()]).await?;
        }
        let input = rows(added);
        let mut ends = BTreeMap::new();
        for row in &self.fetch("number hits", &LENGTHEN, vec![input.into()]).await? {
            let (lead, held, last) = (LeadId(row.text(0)?), row.int(1)?, row.int(2)?);
            let before = last - added.get(&lead).copied().unwrap_or_default();
            ends.insert(lead, End { written: u64::try_from(before).unwrap_or(0), begins: before == held });
        }
        Ok(ends)
    }

    /// Makes leads whole that were loaded as they were saved; saving them ends their trails.
    pub(super) async fn fold_trails(&mut self, leads: &mut [Option<Lead>]) -> Result<(), StoreError> {
        let asked = ids(leads);
        if asked.is_empty() {
            return Ok(());
        }
        let found = self.fetch("read what was not decided", &TRAILS, vec![asked.into()]).await?;
        self.trailing.extend(fold_in(leads, &found)?);
        Ok(())
    }

    /// Ends the trails of leads that are saved whole.
    pub(super) async fn end_trails<'l>(&mut self, saved: impl Iterator<Item = &'l LeadId>) -> Result<(), StoreError> {
        static END: Statement = Statement::batch(
            &[("lead_id", Kind::Text)],
            "DELETE FROM trail
             WHERE lead_id IN (SELECT lead_id FROM {input} AS i)",
        );
        if self.trailing.is_empty() {
            return Ok(());
        }
        let ended: Vec<_> = saved.filter(|lead| self.trailing.remove(*lead)).map(|lead| (lead,)).collect();
        if ended.is_empty() {
            return Ok(());
        }
        self.run("end trails", &END, vec![rows(ended).into()]).await.map(drop)
    }
}

impl Store {
    /// What is known of a mail.
    pub async fn mailed(&self, touch: &TouchId) -> Result<Option<Mailed>, StoreError> {
        let input = rows([(touch,)]);
        let found = self.db.fetch("look for the mail of a link", &MAILED, vec![input.into()]).await?;
        found.first().map(mailed).transpose()
    }

    /// Makes leads whole that were read as they were saved.
    pub(super) async fn fold_trails(&self, leads: &mut [Option<Lead>]) -> Result<(), StoreError> {
        let asked = ids(leads);
        if asked.is_empty() {
            return Ok(());
        }
        let found = self.db.fetch("read what was not decided", &TRAILS, vec![asked.into()]).await?;
        fold_in(leads, &found).map(drop)
    }
}

/// Where the history of a lead ends while events are put behind it.
struct End {
    /// The number of the last event.
    written: u64,
    /// Whether the lead had no trail.
    begins: bool,
}

fn ids(leads: &[Option<Lead>]) -> Rows {
    let ids: BTreeSet<&LeadId> = leads.iter().flatten().map(|lead| &lead.id).collect();
    rows(ids.into_iter().map(|id| (id,)))
}

/// Folds the events in that follow on a lead; those that do not belong to a later document of it. Gives the leads that had any.
fn fold_in(leads: &mut [Option<Lead>], found: &[Row]) -> Result<BTreeSet<LeadId>, StoreError> {
    let mut trails: BTreeMap<LeadId, BTreeMap<u64, Event>> = BTreeMap::new();
    for row in found {
        let event = event(row)?;
        trails.entry(event.lead.clone()).or_default().insert(event.seq, event);
    }
    for lead in leads.iter_mut().flatten() {
        let Some(trail) = trails.get(&lead.id) else { continue };
        while let Some(next) = trail.get(&(lead.seq + 1)) {
            apply(lead, next);
        }
    }
    Ok(trails.into_keys().collect())
}

fn mailed(row: &Row) -> Result<Mailed, StoreError> {
    let (touch, state) = (row.text(0)?, row.text(8)?);
    let state = State::parse(&state).ok_or_else(|| unreadable("touch", &touch, &format_args!("it says `{state}`")))?;
    Ok(Mailed {
        touch: TouchId(touch),
        lead: LeadId(row.text(1)?),
        enrollment: row.maybe_text(2)?.map(EnrollmentId),
        step: row.text(3)?,
        version: row.text(4)?,
        template: row.text(5)?,
        template_version: row.maybe_text(6)?,
        links: row.maybe_text(7)?,
        state,
        done_at: row.maybe_instant(9)?,
    })
}
