//! All events of one lead, from which the lead can be made again; parts of the histories of many; and the one way back from `unknown`.

use super::error::StoreError;
use super::leads::unreadable;
use super::open::Store;
use super::reports::event;
use super::sql::{Kind, Statement, rows};
use super::tx::Tx;
use crate::domain::event::{Actor, Event};
use crate::domain::id::{LeadId, TouchId};
use crate::domain::time::Instant;

/// Some events of one lead: those after a number, up to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub lead: LeadId,
    pub after: u64,
    pub until: u64,
}

static SPANS: Statement = Statement::batch(
    &[("asked", Kind::Text), ("after", Kind::Int), ("until", Kind::Int)],
    "SELECT e.lead_id, e.seq, e.occurred_at, e.recorded_at, e.source, e.actor, e.data
     FROM {input} AS i
     JOIN event AS e ON e.lead_id = i.asked AND e.seq > i.after AND e.seq <= i.until",
);
const SPANS_READ: &str = "read the events of leads";

fn asked(spans: &[Span]) -> super::sql::Rows {
    rows(spans.iter().map(|span| (&span.lead, span.after, span.until)))
}

fn in_order(found: &[super::db::Row]) -> Result<Vec<Event>, StoreError> {
    let mut events = found.iter().map(event).collect::<Result<Vec<_>, _>>()?;
    events.sort_by(|one, other| (&one.lead, one.seq).cmp(&(&other.lead, other.seq)));
    Ok(events)
}

impl Store {
    /// The events of some leads in these spans, by lead and number.
    pub async fn events(&self, spans: &[Span]) -> Result<Vec<Event>, StoreError> {
        in_order(&self.db.fetch(SPANS_READ, &SPANS, vec![asked(spans).into()]).await?)
    }

    /// The events of a lead, oldest first.
    pub async fn history(&self, lead: &LeadId) -> Result<Vec<Event>, StoreError> {
        static HISTORY: Statement = Statement::new(
            "SELECT seq, occurred_at, recorded_at, source, actor, data
             FROM event
             WHERE lead_id = $1
             ORDER BY seq",
        );
        let rows = self.db.fetch("read the events of a lead", &HISTORY, vec![lead.as_str().into()]).await?;
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            let seq = u64::try_from(row.int(0)?).unwrap_or_default();
            let odd = |why: &dyn std::fmt::Display| unreadable("event", &format!("{lead}/{seq}"), &why);
            let actor = row.text(4)?;
            events.push(Event {
                lead: lead.clone(),
                seq,
                occurred_at: row.instant(1)?,
                recorded_at: row.instant(2)?,
                source: row.text(3)?,
                actor: Actor::parse(&actor).ok_or_else(|| odd(&format_args!("actor `{actor}`")))?,
                what: serde_json::from_str(&row.text(5)?).map_err(|error| odd(&error))?,
            });
        }
        Ok(events)
    }
}

impl Tx {
    /// The same in a transaction.
    pub async fn events(&mut self, spans: &[Span]) -> Result<Vec<Event>, StoreError> {
        in_order(&self.fetch(SPANS_READ, &SPANS, vec![asked(spans).into()]).await?)
    }

    /// Queues a touch of unknown outcome again, because a person asked for it. False if its outcome is not unknown, or its recipient
    /// is suppressed.
    pub async fn resend(&mut self, touch: &TouchId, ready_at: Instant) -> Result<bool, StoreError> {
        static RECIPIENT: Statement =
            Statement::new("SELECT l.address FROM touch AS t JOIN lead AS l ON l.id = t.lead_id WHERE t.id = $1");
        static RESEND: Statement = Statement::new(
            "UPDATE touch
             SET state = 'queued', ready_at = $2, reason = NULL, done_at = NULL
             WHERE id = $1 AND state = 'unknown'
             RETURNING id, lane, rank, ready_at",
        );
        let found = self.fetch("look for a recipient", &RECIPIENT, vec![touch.as_str().into()]).await?;
        let address = found.first().map(|row| row.text(0)).transpose()?.unwrap_or_default();
        let targets = std::iter::once(address.as_str()).chain(address.rsplit_once('@').map(|(_, domain)| domain));
        if !self.suppressed(&targets.collect()).await?.is_empty() {
            return Ok(false);
        }
        let found =
            self.fetch("queue an unknown touch again", &RESEND, vec![touch.as_str().into(), ready_at.into()]).await?;
        self.put_rows_in_outbox(&found).await?;
        Ok(!found.is_empty())
    }
}
