//! Leads that were taken in by another one, as the same person: all that is kept under their ids becomes the other's, and whoever asks for
//! them by what they were known by finds the other.
//!
//! Merges are rare and one may follow from another, so each is carried out by itself.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::db::Arg;
use super::error::StoreError;
use super::leads::{KEY_COLUMNS, LeadKey, place};
use super::named::leads_by;
use super::reports::Reports;
use super::sql::{Statement, rows};
use super::tx::Tx;
use crate::domain::decide::Taken;
use crate::domain::enrollment::Phase;
use crate::domain::id::TouchId;
use crate::domain::lead::Lead;
use crate::domain::time::Instant;

const ATTEMPTED: &str = "merge leads";

/// Whether any lead was ever taken in: where none was, nobody needs to look for one.
#[derive(Debug, Default)]
pub struct Merged {
    known: AtomicBool,
    any: AtomicBool,
}

impl Tx {
    /// A mail or a call of the lead that left its queue and of which the lead has not heard yet, by its step. One that somebody else
    /// changes just now is one of them, and so is one of those the lead waits for whose end comes with this very commit; but none of those
    /// that were asked for in this transaction, and are still to be written.
    pub async fn on_its_way(&mut self, lead: &Lead, new: &BTreeSet<&TouchId>) -> Result<Option<String>, StoreError> {
        static HERE: Statement = Statement::new(
            "SELECT id
             FROM touch
             WHERE lead_id = $1 AND state IN ('held', 'queued', 'deferred') AND token IS NULL
             ORDER BY id
             {for update} {skip locked}",
        );
        static OPEN: Statement = Statement::new(
            "SELECT id, step
             FROM touch
             WHERE lead_id = $1 AND state IN ('held', 'queued', 'deferred', 'claimed', 'intent', 'marked')
             ORDER BY id",
        );
        let here = self.fetch(ATTEMPTED, &HERE, vec![lead.id.as_str().into()]).await?;
        let here = here.iter().map(|row| row.text(0)).collect::<Result<BTreeSet<_>, _>>()?;
        for row in &self.fetch(ATTEMPTED, &OPEN, vec![lead.id.as_str().into()]).await? {
            if !here.contains(&row.text(0)?) {
                return row.text(1).map(Some);
            }
        }
        let left = lead.enrollments.iter().find(|running| match &running.phase {
            Phase::Sending { touch } => !here.contains(touch.as_str()) && !new.contains(touch),
            Phase::Ready | Phase::Waiting { .. } | Phase::Tasked { .. } | Phase::Held { .. } => false,
        });
        Ok(left.and_then(|running| running.at.clone()))
    }

    /// Finds those of the asked for that were not found by what they were known by before they were taken in.
    pub(super) async fn load_merged(&mut self, keys: &[LeadKey], leads: &mut [Option<Lead>]) -> Result<(), StoreError> {
        static ANY: Statement = Statement::new("SELECT id FROM merged LIMIT 1");
        if leads.iter().all(Option::is_some) {
            return Ok(());
        }
        if !self.is_shared() && !self.shared.merged.known.load(Relaxed) {
            let any = !self.fetch("look for merged leads", &ANY, vec![]).await?.is_empty();
            self.shared.merged.any.fetch_or(any, Relaxed);
            self.shared.merged.known.store(true, Relaxed);
        }
        let may_be = self.is_shared() || self.shared.merged.any.load(Relaxed);
        if may_be && let Some(missing) = missing(keys, leads) {
            place(leads, &self.fetch("load merged leads", &TO_CHANGE, vec![missing]).await?)?;
        }
        Ok(())
    }

    /// The address a mail went to, if its lead has another by now.
    pub async fn went_to(&mut self, touch: &TouchId) -> Result<Option<String>, StoreError> {
        let found = self.fetch("look for who got a mail", &WENT_TO, vec![touch.as_str().into()]).await?;
        found.first().map_or(Ok(None), |row| row.maybe_text(0))
    }

    /// Makes all that is kept of leads that of others, in the order given. What an event says stays as it was; its number moves on.
    pub(super) async fn merge(&mut self, all: &[&Taken], now: Instant) -> Result<(), StoreError> {
        static EVENTS: Statement = Statement::new("UPDATE event SET lead_id = $2, seq = seq + $3 WHERE lead_id = $1");
        static ENROLLMENTS: Statement = Statement::new("UPDATE enrollment SET lead_id = $2 WHERE lead_id = $1");
        static TASKS: Statement = Statement::new("UPDATE task SET lead_id = $2 WHERE lead_id = $1");
        static HANDOFFS: Statement = Statement::new("UPDATE handoff SET lead_id = $2 WHERE lead_id = $1");
        // A mail that is tried again goes to another address, and is written anew; one that left is remembered to have gone to this one.
        static TOUCHES: Statement = Statement::new(
            "UPDATE touch
             SET lead_id = $2,
                body = CASE WHEN channel = 'email' AND state IN ('held', 'queued', 'deferred', 'unknown') THEN NULL ELSE body END,
                went_to = CASE WHEN channel = 'email' AND marked_at IS NOT NULL AND state NOT IN ('held', 'queued', 'deferred')
                    THEN COALESCE(went_to, $3) END
             WHERE lead_id = $1",
        );
        static LAST: Statement = Statement::new("UPDATE account_reply SET lead_id = $2 WHERE lead_id = $1");
        static BEFORE: Statement = Statement::new("UPDATE account_reply SET before_id = $2 WHERE before_id = $1");
        static TAGS: Statement = Statement::new("DELETE FROM lead_tag WHERE lead_id = $1");
        static TRAIL: Statement = Statement::new("DELETE FROM trail WHERE lead_id = $1");
        static EARLIER: Statement = Statement::new("UPDATE merged SET lead_id = $2 WHERE lead_id = $1");
        static KNOWN_AS: Statement =
            Statement::new("INSERT INTO merged (id, address, lead_id, at) VALUES ($1, $2, $3, $4)");
        static WAKE: Statement = Statement::new("DELETE FROM wake WHERE due = $2 AND lead_id = $1");
        static GONE: Statement = Statement::new("DELETE FROM lead WHERE id = $1");
        for taken in all {
            self.shared.merged.any.store(true, Relaxed);
            let (lead, by) = (taken.lead.as_str(), taken.by.as_str());
            let after = i64::try_from(taken.after).unwrap_or(i64::MAX);
            self.run(ATTEMPTED, &EVENTS, vec![lead.into(), by.into(), after.into()]).await?;
            for moving in [&ENROLLMENTS, &TASKS, &HANDOFFS, &LAST, &BEFORE, &EARLIER] {
                self.run(ATTEMPTED, moving, vec![lead.into(), by.into()]).await?;
            }
            let moving = vec![lead.into(), by.into(), taken.address.as_str().into()];
            self.run(ATTEMPTED, &TOUCHES, moving).await?;
            for due in &taken.wakes {
                self.run(ATTEMPTED, &WAKE, vec![lead.into(), (*due).into()]).await?;
            }
            for leaving in [&TAGS, &TRAIL, &GONE] {
                self.run(ATTEMPTED, leaving, vec![lead.into()]).await?;
            }
            // Some of the mail that moved belongs to no enrollment that could have ended.
            let to = &taken.to;
            if !self.suppressed(&BTreeSet::from([to.as_str(), to.domain()])).await?.is_empty() {
                self.call_off(&[to.as_str()], now).await?;
            }
            let known_as = vec![lead.into(), taken.address.as_str().into(), by.into(), now.into()];
            self.run(ATTEMPTED, &KNOWN_AS, known_as).await?;
        }
        Ok(())
    }
}

static WENT_TO: Statement = Statement::new("SELECT went_to FROM touch WHERE id = $1");

impl Reports<'_> {
    /// The address a mail went to, if its lead has another by now.
    pub async fn went_to(&self, touch: &TouchId) -> Result<Option<String>, StoreError> {
        let args = vec![touch.as_str().into()];
        let found = self.store.db.fetch("look for who got a mail", &WENT_TO, args).await?;
        found.first().map_or(Ok(None), |row| row.maybe_text(0))
    }
}

/// Finds the leads that took others in, by what these were known by. A touch or a handoff may have moved while somebody waited for it.
macro_rules! leads_by_alias {
    ($lock:literal) => {
        leads_by!(
            "SELECT a.place, m.lead_id AS id FROM asked AS a JOIN merged AS m ON m.id = a.key WHERE a.kind = 'id'",
            "SELECT a.place, m.lead_id FROM asked AS a JOIN merged AS m ON m.address = a.key WHERE a.kind = 'address'",
            $lock
        )
    };
}

/// The same for whoever is about to change the leads, and for whoever only looks.
static TO_CHANGE: Statement = Statement::batch(KEY_COLUMNS, leads_by_alias!("{for update of lead}"));
pub(super) static TO_READ: Statement = Statement::batch(KEY_COLUMNS, leads_by_alias!(""));

/// The keys for which nothing was found, each with its place; nothing where all were.
pub(super) fn missing<'k, T>(keys: &'k [LeadKey], found: &[Option<T>]) -> Option<Arg> {
    let missing = keys.iter().zip(found).enumerate().filter(|(_, (_, found))| found.is_none());
    let input = rows(missing.map(|(place, (key, _))| {
        let (kind, key): (&str, &'k str) = key.parts();
        (place, kind, key)
    }));
    (!input.is_empty()).then(|| input.into())
}
