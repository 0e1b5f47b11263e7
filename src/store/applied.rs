//! Edits applied to those in flight: what is in force for them, how far an edit has come, and who it has yet to reach.

use std::collections::BTreeMap;

use super::db::Row;
use super::error::StoreError;
use super::leads::lead;
use super::open::Store;
use super::sql::{Kind, Statement, rows};
use super::tx::Tx;
use crate::domain::decide::InHand;
use crate::domain::id::{EnrollmentId, LeadId, TouchId};
use crate::domain::lead::Lead;
use crate::domain::time::Instant;

/// The version of a file that is in force for those in flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// `sequence` or `scoring`.
    pub kind: String,
    pub name: String,
    pub version: String,
    pub at: Instant,
    pub by: String,
    /// Where those in flight are being moved; empty if the file is gone.
    pub moving_to: Option<String>,
    /// The file's version that a return to an older one took out of force; empty if there was no file.
    pub set_aside: Option<String>,
}

/// One enrollment of a version before the one wanted, with its lead.
#[derive(Clone, Debug)]
pub struct Behind {
    pub enrollment: EnrollmentId,
    pub lead: Lead,
}

/// How many are in a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionCount {
    pub version: String,
    pub state: String,
    pub count: i64,
}

macro_rules! in_hand {
    ($lock:literal) => {
        concat!(
            "SELECT id, ready_at, CAST(CASE WHEN token IS NULL AND body IS NULL AND marked_at IS NULL THEN 0 ELSE 1 END AS BIGINT)
             FROM touch
             WHERE id IN (SELECT asked FROM {input} AS i) AND state IN ('held', 'queued', 'deferred')
             ORDER BY id ",
            $lock
        )
    };
}

fn in_hand(found: &[Row]) -> Result<BTreeMap<TouchId, InHand>, StoreError> {
    let one = |row: &Row| {
        let in_hand = InHand { under_way: row.int(2)? != 0, ready_at: row.instant(1)? };
        Ok((TouchId(row.text(0)?), in_hand))
    };
    found.iter().map(one).collect()
}

impl Applied {
    /// The version that is in force, or is being put in force.
    pub fn in_force(&self) -> &str {
        self.moving_to.as_deref().unwrap_or(&self.version)
    }

    /// Whether a return to an older version set aside what the workspace still says: a file of this version, or that there is none.
    pub fn sets_aside(&self, file: Option<&str>) -> bool {
        self.set_aside.as_deref() == Some(file.unwrap_or_default())
    }
}

impl Tx {
    /// Notes what is in force for those in flight; one that is known stays as it is.
    pub async fn first_applied(&mut self, applied: &Applied) -> Result<(), StoreError> {
        static FIRST: Statement = Statement::new(
            "INSERT INTO applied (kind, name, version, at, by)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT DO NOTHING",
        );
        let args = vec![
            applied.kind.as_str().into(),
            applied.name.as_str().into(),
            applied.version.as_str().into(),
            applied.at.into(),
            applied.by.as_str().into(),
        ];
        self.run("note what is applied", &FIRST, args).await.map(drop)
    }

    /// Notes how things stand with an applied file.
    pub async fn set_applied(&mut self, applied: &Applied) -> Result<(), StoreError> {
        static SET: Statement = Statement::new(
            "INSERT INTO applied (kind, name, version, at, by, moving_to, set_aside)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (kind, name) DO UPDATE SET
                version = excluded.version, at = excluded.at, by = excluded.by, moving_to = excluded.moving_to,
                set_aside = excluded.set_aside",
        );
        let args = vec![
            applied.kind.as_str().into(),
            applied.name.as_str().into(),
            applied.version.as_str().into(),
            applied.at.into(),
            applied.by.as_str().into(),
            applied.moving_to.as_deref().into(),
            applied.set_aside.as_deref().into(),
        ];
        self.run("note what is applied", &SET, args).await.map(drop)
    }

    /// The version of a file that is in force, or is being put in force.
    pub async fn in_force(&mut self, kind: &str, name: &str) -> Result<Option<String>, StoreError> {
        static IN_FORCE: Statement =
            Statement::new("SELECT COALESCE(moving_to, version) FROM applied WHERE kind = $1 AND name = $2");
        let found = self.fetch("read what is in force", &IN_FORCE, vec![kind.into(), name.into()]).await?;
        found.first().map(|row| row.text(0)).transpose()
    }

    /// Forgets a file that is gone, once nobody is to be moved any more.
    pub async fn forget_applied(&mut self, kind: &str, name: &str) -> Result<(), StoreError> {
        static FORGET: Statement = Statement::new("DELETE FROM applied WHERE kind = $1 AND name = $2");
        self.run("forget what was applied", &FORGET, vec![kind.into(), name.into()]).await.map(drop)
    }

    /// What is known of touches that have not left, and keeps others from taking them until the transaction ends. One that is in
    /// somebody's hand at this moment is left out, as is one that came to its end.
    pub async fn in_hand(&mut self, touches: &[&TouchId]) -> Result<BTreeMap<TouchId, InHand>, StoreError> {
        static IN_HAND: Statement = Statement::batch(&[("asked", Kind::Text)], in_hand!("{for update} {skip locked}"));
        if touches.is_empty() {
            return Ok(BTreeMap::new());
        }
        let input = rows(touches.iter().map(|touch| (touch,)));
        in_hand(&self.fetch("look at touches in hand", &IN_HAND, vec![input.into()]).await?)
    }
}

impl Store {
    /// What is in force for those in flight, by kind and name.
    pub async fn applied(&self) -> Result<Vec<Applied>, StoreError> {
        static ALL: Statement = Statement::new(
            "SELECT kind, name, version, at, by, moving_to, set_aside
             FROM applied
             ORDER BY kind, name",
        );
        let one = |row: &Row| {
            Ok(Applied {
                kind: row.text(0)?,
                name: row.text(1)?,
                version: row.text(2)?,
                at: row.instant(3)?,
                by: row.text(4)?,
                moving_to: row.maybe_text(5)?,
                set_aside: row.maybe_text(6)?,
            })
        };
        self.db.fetch("read what is applied", &ALL, vec![]).await?.iter().map(one).collect()
    }

    /// The same as in a transaction, only to look.
    pub async fn in_hand(&self, touches: &[&TouchId]) -> Result<BTreeMap<TouchId, InHand>, StoreError> {
        static IN_HAND: Statement = Statement::batch(&[("asked", Kind::Text)], in_hand!(""));
        if touches.is_empty() {
            return Ok(BTreeMap::new());
        }
        let input = rows(touches.iter().map(|touch| (touch,)));
        in_hand(&self.db.fetch("look at touches in hand", &IN_HAND, vec![input.into()]).await?)
    }

    /// A page of those who are in a sequence and not in one of its versions, with their leads, in the order of enrollments' ids.
    pub async fn behind(
        &self,
        (sequence, version): (&str, &str),
        after: &str,
        limit: usize,
    ) -> Result<Vec<Behind>, StoreError> {
        static BEHIND: Statement = Statement::new(
            "SELECT e.id, l.id, l.doc
             FROM enrollment AS e
             JOIN lead AS l ON l.id = e.lead_id
             WHERE e.sequence = $1 AND e.id > $2 AND e.version <> $3 AND e.state IN ('active', 'paused', 'held')
             ORDER BY e.id
             LIMIT $4",
        );
        let args = vec![sequence.into(), after.into(), version.into(), limit.into()];
        let found = self.db.fetch("look for those in flight", &BEHIND, args).await?;
        found.iter().map(|row| Ok(Behind { enrollment: EnrollmentId(row.text(0)?), lead: lead(row, 1)? })).collect()
    }

    /// A page of all leads, in the order of their ids.
    pub async fn page_of_leads(&self, after: &str, limit: usize) -> Result<Vec<Lead>, StoreError> {
        static PAGE: Statement = Statement::new("SELECT id, doc FROM lead WHERE id > $1 ORDER BY id LIMIT $2");
        let found = self.db.fetch("go through leads", &PAGE, vec![after.into(), limit.into()]).await?;
        found.iter().map(|row| lead(row, 0)).collect()
    }

    /// The ids of a page of all leads, in their order.
    pub async fn page_of_ids(&self, after: &str, limit: usize) -> Result<Vec<LeadId>, StoreError> {
        static PAGE: Statement = Statement::new("SELECT id FROM lead WHERE id > $1 ORDER BY id LIMIT $2");
        let found = self.db.fetch("go through leads", &PAGE, vec![after.into(), limit.into()]).await?;
        found.iter().map(|row| row.text(0).map(LeadId)).collect()
    }

    /// How many are and were in each version of a sequence.
    pub async fn in_versions(&self, sequence: &str) -> Result<Vec<VersionCount>, StoreError> {
        static COUNT: Statement = Statement::new(
            "SELECT version, state, COUNT(*)
             FROM enrollment
             WHERE sequence = $1
             GROUP BY version, state
             ORDER BY version, state",
        );
        let found = self.db.fetch("count enrollments by version", &COUNT, vec![sequence.into()]).await?;
        let one = |row: &Row| Ok(VersionCount { version: row.text(0)?, state: row.text(1)?, count: row.int(2)? });
        found.iter().map(one).collect()
    }
}
