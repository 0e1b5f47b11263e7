//! Leads that a list brings: nobody knew of them, so there is nothing to load and nothing to compare, and what is the same in all of them
//! is said once.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

use serde_json::to_string;

use super::db::Arg;
use super::error::StoreError;
use super::leads::unreadable;
use super::sql::{Kind, Statement, rows};
use super::tx::Tx;
use crate::domain::event::Event;
use crate::domain::id::LeadId;
use crate::domain::lead::Lead;
use crate::domain::score::Score;
use crate::domain::time::Instant;

/// Rows of one statement whose values are bound one by one, on SQLite: reading them out of one JSON text costs it more than writing them.
const BOUND: usize = 200;

/// A lead nobody knew of, with its first event, as they are written.
#[derive(Clone, Debug)]
pub struct NewLead {
    id: LeadId,
    address: String,
    account: Option<String>,
    doc: String,
    fact: String,
    tags: Vec<String>,
}

/// What the new leads of a batch have in common.
#[derive(Clone, Copy, Debug)]
pub struct Common<'a> {
    /// What lists show of a lead of which nothing is decided yet.
    pub score: Score,
    pub temperature: &'a str,
    /// The name and the source of their one event.
    pub event: &'a str,
    pub source: &'a str,
    /// When they came, and are first looked at.
    pub at: Instant,
}

impl NewLead {
    pub fn new(lead: &Lead, first: &Event) -> Result<Self, StoreError> {
        let unwritable = |error| unreadable("lead", lead.id.as_str(), &error);
        Ok(Self {
            id: lead.id.clone(),
            address: lead.address.as_str().to_owned(),
            account: lead.account.clone(),
            doc: to_string(lead).map_err(unwritable)?,
            fact: to_string(&first.what).map_err(unwritable)?,
            tags: lead.tags().map(str::to_owned).collect(),
        })
    }

    pub const fn id(&self) -> &LeadId {
        &self.id
    }
}

const INTO_LEAD: &str =
    "INSERT INTO lead (id, address, account, stage, score, fit, engagement, temperature, suppressed, attention,
    created_at, updated_at, wake_at, doc) ";
/// The address is not one of a lead that was taken in by another: that one is meant then.
const UNKNOWN: &str = "NOT EXISTS (SELECT 1 FROM merged AS m WHERE m.address = i.address)";
const INTO_EVENT: &str = "INSERT INTO event (lead_id, seq, name, occurred_at, recorded_at, source, actor, data) ";

static BOUND_LEADS: LazyLock<Statement> = LazyLock::new(|| {
    let text = format!(
        "WITH common (score, fit, engagement, temperature, at) AS (SELECT ?, ?, ?, ?, ?),
             new (id, address, account, doc) AS (VALUES {})
         {INTO_LEAD}
         SELECT id, address, account, 'lead', score, fit, engagement, temperature, NULL, 0, at, at, at, doc
         FROM new AS i
         CROSS JOIN common
         WHERE {UNKNOWN}
         ON CONFLICT (address) DO NOTHING",
        places(4)
    );
    Statement::new(text.leak())
});

static BOUND_EVENTS: LazyLock<Statement> = LazyLock::new(|| {
    let text = format!(
        "WITH common (name, source, at) AS (SELECT ?, ?, ?),
             new (id, data) AS (VALUES {})
         {INTO_EVENT}
         SELECT id, 1, name, at, at, source, 'system', data
         FROM new
         CROSS JOIN common",
        places(2)
    );
    Statement::new(text.leak())
});

/// The placeholders of `BOUND` rows of so many columns.
fn places(columns: usize) -> String {
    let row = vec!["?"; columns].join(", ");
    let mut text = format!("({row})");
    for _ in 1..BOUND {
        // Writing to a text never fails.
        let _ = write!(text, ", ({row})");
    }
    text
}

impl Tx {
    /// Writes new leads, each with its event and a wake at once. Leaves out those whose address has a lead by now, and gives their ids.
    pub async fn bring(&mut self, batch: &[NewLead], common: &Common<'_>) -> Result<BTreeSet<LeadId>, StoreError> {
        let size = if self.is_shared() { batch.len().max(1) } else { BOUND };
        let mut written = 0;
        for chunk in batch.chunks(size) {
            written += self.bring_leads(chunk, common).await?;
        }
        let known = if written < batch.len() as u64 { self.left_out(batch).await? } else { BTreeSet::new() };
        let new: Vec<&NewLead> = batch.iter().filter(|lead| !known.contains(&lead.id)).collect();
        for chunk in new.chunks(size) {
            self.bring_events(chunk, common).await?;
        }
        self.bring_tags(&new).await?;
        self.wake_all(&new, common.at).await?;
        Ok(known)
    }

    /// Whether any address or domain must not be contacted.
    pub async fn suppresses(&mut self) -> Result<bool, StoreError> {
        static ANY: Statement = Statement::new("SELECT target FROM suppression LIMIT 1");
        Ok(!self.fetch("look for suppressions", &ANY, vec![]).await?.is_empty())
    }

    async fn bring_leads(&mut self, chunk: &[NewLead], common: &Common<'_>) -> Result<u64, StoreError> {
        static LEADS: LazyLock<Statement> = LazyLock::new(|| {
            let text = format!(
                "{INTO_LEAD}
                 SELECT id, address, account, 'lead', $2, $3, $4, $5, NULL, 0, $6, $6, $6, doc
                 FROM {{input}} AS i
                 WHERE {UNKNOWN}
                 ON CONFLICT (address) DO NOTHING"
            );
            let input = &[("id", Kind::Text), ("address", Kind::Text), ("account", Kind::Text), ("doc", Kind::Text)];
            Statement::batch(input, text.leak())
        });
        let Score { fit, engagement, total } = common.score;
        let same = [total.into(), fit.into(), engagement.into(), common.temperature.into(), common.at.into()];
        let (statement, args) = if self.is_shared() || chunk.len() < BOUND {
            let input = rows(chunk.iter().map(|lead| (&lead.id, &lead.address, &lead.account, &lead.doc)));
            (&*LEADS, [Arg::from(input)].into_iter().chain(same).collect())
        } else {
            let values = chunk.iter().flat_map(|lead| {
                let account = Arg::MaybeText(lead.account.clone());
                [lead.id.as_str().into(), lead.address.as_str().into(), account, lead.doc.as_str().into()]
            });
            (&*BOUND_LEADS, same.into_iter().chain(values).collect())
        };
        self.run("save leads of a list", statement, args).await
    }

    async fn bring_events(&mut self, chunk: &[&NewLead], common: &Common<'_>) -> Result<(), StoreError> {
        static EVENTS: LazyLock<Statement> = LazyLock::new(|| {
            let text = format!(
                "{INTO_EVENT}
                 SELECT id, 1, $2, $4, $4, $3, 'system', data
                 FROM {{input}} AS i"
            );
            Statement::batch(&[("id", Kind::Text), ("data", Kind::Text)], text.leak())
        });
        let same = [common.event.into(), common.source.into(), common.at.into()];
        let (statement, args) = if self.is_shared() || chunk.len() < BOUND {
            let input = rows(chunk.iter().map(|lead| (&lead.id, &lead.fact)));
            (&*EVENTS, [Arg::from(input)].into_iter().chain(same).collect())
        } else {
            let values = chunk.iter().flat_map(|lead| [lead.id.as_str().into(), lead.fact.as_str().into()]);
            (&*BOUND_EVENTS, same.into_iter().chain(values).collect())
        };
        self.run("append events of a list", statement, args).await.map(drop)
    }

    async fn left_out(&mut self, batch: &[NewLead]) -> Result<BTreeSet<LeadId>, StoreError> {
        static LEFT_OUT: Statement = Statement::batch(
            &[("asked", Kind::Text)],
            "SELECT asked
             FROM {input} AS i
             WHERE NOT EXISTS (SELECT 1 FROM lead WHERE lead.id = i.asked)",
        );
        let input = rows(batch.iter().map(|lead| (&lead.id,)));
        let found = self.fetch("look for the leads of a list", &LEFT_OUT, vec![input.into()]).await?;
        found.iter().map(|row| row.text(0).map(LeadId)).collect()
    }

    async fn bring_tags(&mut self, new: &[&NewLead]) -> Result<(), StoreError> {
        static TAG: Statement = Statement::batch(
            &[("tag", Kind::Text), ("lead_id", Kind::Text)],
            "INSERT INTO lead_tag (tag, lead_id)
             SELECT tag, lead_id
             FROM {input} AS i",
        );
        let tags: Vec<_> = new.iter().flat_map(|lead| lead.tags.iter().map(|tag| (tag, &lead.id))).collect();
        if tags.is_empty() {
            return Ok(());
        }
        self.run("save tags of a list", &TAG, vec![rows(tags).into()]).await.map(drop)
    }

    async fn wake_all(&mut self, new: &[&NewLead], at: Instant) -> Result<(), StoreError> {
        static WAKE: Statement = Statement::batch(
            &[("lead_id", Kind::Text)],
            "INSERT INTO wake (due, lead_id)
             SELECT $2, lead_id
             FROM {input} AS i",
        );
        if new.is_empty() {
            return Ok(());
        }
        let input = rows(new.iter().map(|lead| (&lead.id,)));
        self.run("wake the leads of a list", &WAKE, vec![input.into(), at.into()]).await?;
        self.shared.sweep.reach_back_to(at);
        Ok(())
    }
}
