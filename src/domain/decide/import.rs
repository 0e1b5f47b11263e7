//! Leads from lists: a new one begins with a single fact, and what follows from that is decided when the lead is first looked at. So a long
//! list comes in as fast as it can be written, and its decisions are made at the pace of all others.

use serde_json::{Map, Value};

use super::fold::apply;
use super::observe::{STALE, with_tags};
use super::work::{Fresh, Work};
use crate::domain::event::{Actor, Event, IMPORTED, What};
use crate::domain::lead::Lead;
use crate::domain::time::Instant;

/// The fact that a list brings a lead nobody knew of, with the values it gives.
pub fn brought(lead: &Lead, mut set: Map<String, Value>, add_tags: &[String]) -> What {
    set.retain(|_, value| !value.is_null());
    with_tags(&mut set, Vec::new(), add_tags);
    What::Imported { address: lead.address.to_string(), account: lead.account.clone(), set }
}

/// Writes that fact down for a newborn lead, and has the lead looked at now; nothing else is decided.
pub fn bring(lead: &mut Lead, what: What, source: &str, now: Instant) -> Event {
    let (id, source) = (lead.id.clone(), source.to_owned());
    let event = Event { lead: id, seq: 1, occurred_at: now, recorded_at: now, source, actor: Actor::System, what };
    apply(lead, &event);
    lead.wake_at = Some(now);
    event
}

/// Lets the fact that brought a lead count, if nothing was decided about the lead yet: every decision leaves it with a fit.
pub fn heed(work: &mut Work<'_>) {
    let heard = work.lead.heard.get(IMPORTED).and_then(|heard| heard.recent.first()).copied();
    let Some(occurred_at) = heard.filter(|_| work.lead.fitted.is_none()) else { return };
    work.changed = true;
    work.fresh.push(Fresh {
        seq: work.lead.seq,
        name: IMPORTED.to_owned(),
        data: Map::new(),
        occurred_at,
        actor: Actor::System,
        stale: work.now.since(occurred_at) > STALE,
    });
}
