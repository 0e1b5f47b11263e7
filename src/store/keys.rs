//! Keys that senders give their events: a fact told twice counts once.

use std::collections::{BTreeMap, BTreeSet};

use super::error::StoreError;
use super::sql::{Kind, Statement, rows};
use super::tx::Tx;
use crate::domain::id::LeadId;
use crate::domain::time::Instant;

/// An event's key, unique within its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventKey {
    pub source: String,
    pub key: String,
    pub lead: LeadId,
    /// The event's name.
    pub name: String,
    /// The hash of what was told, so that another fact under the same key shows.
    pub body_hash: String,
}

impl Tx {
    /// Writes keys down. For each, in order: `None` when it is new, else what was told under it before, be it in the same batch.
    pub async fn new_keys(&mut self, keys: &[EventKey], now: Instant) -> Result<Vec<Option<EventKey>>, StoreError> {
        static ADD: Statement = Statement::batch(
            &[
                ("source", Kind::Text),
                ("key", Kind::Text),
                ("lead_id", Kind::Text),
                ("name", Kind::Text),
                ("body_hash", Kind::Text),
            ],
            "INSERT INTO event_key (source, key, lead_id, name, body_hash, seen_at)
             SELECT source, key, lead_id, name, body_hash, $2
             FROM {input} AS i
             WHERE true
             ON CONFLICT DO NOTHING
             RETURNING source, key",
        );
        static BEFORE: Statement = Statement::batch(
            &[("its_source", Kind::Text), ("its_key", Kind::Text)],
            "SELECT source, key, lead_id, name, body_hash
             FROM event_key
             WHERE (source, key) IN (SELECT its_source, its_key FROM {input} AS i)",
        );
        if keys.is_empty() {
            return Ok(vec![]);
        }
        let mut first: BTreeMap<(&str, &str), &EventKey> = BTreeMap::new();
        for key in keys {
            first.entry((&key.source, &key.key)).or_insert(key);
        }
        let input = rows(first.values().map(|key| (&key.source, &key.key, &key.lead, &key.name, &key.body_hash)));
        let added = self.fetch("keep the keys of events", &ADD, vec![input.into(), now.into()]).await?;
        let mut fresh = BTreeSet::new();
        for row in &added {
            fresh.insert((row.text(0)?, row.text(1)?));
        }
        let mut stored = BTreeMap::new();
        if fresh.len() < keys.len() {
            let input = rows(first.keys());
            for row in self.fetch("look for the keys of events", &BEFORE, vec![input.into()]).await? {
                let (source, key) = (row.text(0)?, row.text(1)?);
                let lead = LeadId(row.text(2)?);
                let known = EventKey {
                    source: source.clone(),
                    key: key.clone(),
                    lead,
                    name: row.text(3)?,
                    body_hash: row.text(4)?,
                };
                stored.insert((source, key), known);
            }
        }
        // Removing tells the first of a batch from its repetitions.
        Ok(keys
            .iter()
            .map(|key| {
                let at = (key.source.clone(), key.key.clone());
                if fresh.remove(&at) { None } else { stored.get(&at).cloned() }
            })
            .collect())
    }

    /// Forgets keys seen before an instant, at most `limit`. Gives how many.
    pub async fn forget_keys(&mut self, limit: usize, before: Instant) -> Result<u64, StoreError> {
        static FORGET: Statement = Statement::new(
            "DELETE FROM event_key
             WHERE (source, key) IN (SELECT source, key FROM event_key WHERE seen_at < $1 ORDER BY seen_at LIMIT $2)",
        );
        self.run("forget old keys of events", &FORGET, vec![before.into(), limit.into()]).await
    }
}
