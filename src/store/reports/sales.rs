//! What sales looks at: handoffs with their clocks, and who must be left alone.

use super::super::db::Row;
use super::super::error::StoreError;
use super::super::leads::unreadable;
use super::super::sql::Statement;
use super::{Page, Reports, cursor, place};
use crate::domain::id::{HandoffId, LeadId};
use crate::domain::suppression::{Reason, Suppression};
use crate::domain::time::Instant;

/// One handoff, closed or not.
#[derive(Clone, Debug, PartialEq)]
pub struct HandoffLine {
    pub id: HandoffId,
    pub lead: LeadId,
    /// The address of the lead.
    pub email: Option<String>,
    pub team: String,
    pub rep: String,
    /// open, claimed, answered, closed
    pub state: String,
    pub reason: String,
    pub opened_at: Instant,
    pub due_at: Option<Instant>,
    pub answered_at: Option<Instant>,
    /// met, breached, running, none
    pub sla: String,
    pub closed_because: Option<String>,
    pub dossier: Option<serde_json::Value>,
}

macro_rules! handoff_list {
    ($rest:literal) => {
        Statement::new(concat!(
            "SELECT id, lead_id, team, rep, state, reason, opened_at, due_at, answered_at, sla, closed_because, dossier,
                (SELECT address FROM lead WHERE lead.id = handoff.lead_id) FROM handoff ",
            $rest
        ))
    };
}

impl Reports<'_> {
    /// Handoffs that nobody answered yet, the one due first first, at most `limit`.
    pub async fn open_handoffs(&self, limit: usize) -> Result<Vec<HandoffLine>, StoreError> {
        static OPEN: Statement =
            handoff_list!("WHERE state IN ('open', 'claimed') ORDER BY due_at NULLS LAST, opened_at, id LIMIT $1");
        self.store.db.fetch("read handoffs", &OPEN, vec![limit.into()]).await?.iter().map(handoff).collect()
    }

    /// A page of all handoffs, the newest first.
    pub async fn handoffs(&self, after: Option<&str>, limit: usize) -> Result<Page<HandoffLine>, StoreError> {
        static ALL: Statement =
            handoff_list!("WHERE (opened_at, id) < ($1, $2) ORDER BY opened_at DESC, id DESC LIMIT $3");
        let (at, id) = place(after, (i64::MAX, "~"));
        let args = vec![at.into(), id.into(), limit.saturating_add(1).into()];
        let found = self.store.db.fetch("read handoffs", &ALL, args).await?;
        let rows = found.iter().map(handoff).collect::<Result<_, _>>()?;
        Ok(Page::of(rows, limit, |line: &HandoffLine| cursor(line.opened_at.0, line.id.as_str())))
    }

    /// All handoffs of a lead, the newest first.
    pub async fn handoffs_of_lead(&self, lead: &LeadId) -> Result<Vec<HandoffLine>, StoreError> {
        static OF_LEAD: Statement = handoff_list!("WHERE lead_id = $1 ORDER BY opened_at DESC, id DESC");
        let found = self.store.db.fetch("read handoffs", &OF_LEAD, vec![lead.as_str().into()]).await?;
        found.iter().map(handoff).collect()
    }

    /// One handoff.
    pub async fn handoff(&self, id: &HandoffId) -> Result<Option<HandoffLine>, StoreError> {
        static ONE: Statement = handoff_list!("WHERE id = $1");
        let found = self.store.db.fetch("read a handoff", &ONE, vec![id.as_str().into()]).await?;
        found.first().map(handoff).transpose()
    }

    /// The suppression of one address or domain.
    pub async fn suppression(&self, target: &str) -> Result<Option<Suppression>, StoreError> {
        static ONE: Statement = Statement::new("SELECT target, reason, source, at FROM suppression WHERE target = $1");
        let found = self.store.db.fetch("read a suppression", &ONE, vec![target.into()]).await?;
        found.first().map(suppression).transpose()
    }

    /// A page of suppressed addresses and domains, by name.
    pub async fn suppressions(&self, after: Option<&str>, limit: usize) -> Result<Page<Suppression>, StoreError> {
        static ALL: Statement = Statement::new(
            "SELECT target, reason, source, at
             FROM suppression
             WHERE target > $1
             ORDER BY target
             LIMIT $2",
        );
        let args = vec![after.unwrap_or("").into(), limit.saturating_add(1).into()];
        let found = self.store.db.fetch("read suppressions", &ALL, args).await?;
        let rows = found.iter().map(suppression).collect::<Result<_, _>>()?;
        Ok(Page::of(rows, limit, |one: &Suppression| one.target.clone()))
    }
}

fn handoff(row: &Row) -> Result<HandoffLine, StoreError> {
    let id = row.text(0)?;
    let dossier = row.maybe_text(11)?.map(|text| serde_json::from_str(&text)).transpose();
    let dossier = dossier.map_err(|error| unreadable("handoff", &id, &error))?;
    Ok(HandoffLine {
        lead: LeadId(row.text(1)?),
        email: row.maybe_text(12)?,
        team: row.text(2)?,
        rep: row.text(3)?,
        state: row.text(4)?,
        reason: row.text(5)?,
        opened_at: row.instant(6)?,
        due_at: row.maybe_instant(7)?,
        answered_at: row.maybe_instant(8)?,
        sla: row.text(9)?,
        closed_because: row.maybe_text(10)?,
        dossier,
        id: HandoffId(id),
    })
}

fn suppression(row: &Row) -> Result<Suppression, StoreError> {
    let (target, word) = (row.text(0)?, row.text(1)?);
    let reason = Reason::parse(&word).ok_or_else(|| unreadable("suppression", &target, &word))?;
    Ok(Suppression { target, reason, source: row.text(2)?, at: row.instant(3)? })
}
