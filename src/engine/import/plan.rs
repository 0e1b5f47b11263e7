//! What a row changes in a lead that is known, given all rows before it; where it changes nothing, nothing is written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::{Came, Landed, Listed, SOURCE, Terms};
use crate::domain::address::EmailAddress;
use crate::domain::decide::{Ask, Input};
use crate::domain::event::Actor;
use crate::domain::lead::Lead;
use crate::domain::sequence::{Again, Sequence};
use crate::domain::suppression::Reason;
use crate::domain::time::Instant;
use crate::engine::{Answer, Engine, Target, Unit};
use crate::store::StoreError;
use crate::store::leads::LeadKey;

/// What is known of a lead while the list is gone through.
#[derive(Default)]
struct Known {
    exists: bool,
    values: BTreeMap<String, Value>,
    tags: BTreeSet<String>,
    suppressed: Option<Reason>,
    /// Whether the list's sequence would not let it in, which needs not be asked each time.
    barred: bool,
}

/// What one row comes to.
struct Planned {
    came: Came,
    reason: Option<String>,
    suppressed: bool,
    /// Which unit says whether it was done, and which whether it was enrolled.
    done: Option<usize>,
    enrolled: Option<usize>,
}

impl Engine {
    /// Decides rows in their order, all of them in one go.
    pub(super) async fn follow(&self, rows: Vec<Listed>, terms: &Terms) -> Result<Vec<Landed>, Arc<StoreError>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let playbook = self.playbook();
        let entering = terms.enroll.as_ref().and_then(|name| playbook.sequences.get(name));
        let now = self.now();
        let mut known = self.known(&rows, entering.map(AsRef::as_ref), now).await?;
        let mut units = Vec::new();
        let planned: Vec<Planned> = rows
            .into_iter()
            .map(|row| {
                let lead = known.entry(row.address.clone()).or_default();
                plan(row, lead, (terms, now), &mut units)
            })
            .collect();
        let answers = self.record(units).await?;
        Ok(planned.into_iter().map(|planned| landed(planned, &answers)).collect())
    }

    /// What stands in the store about the addresses of a list.
    async fn known(
        &self,
        rows: &[Listed],
        entering: Option<&Sequence>,
        now: Instant,
    ) -> Result<BTreeMap<EmailAddress, Known>, Arc<StoreError>> {
        let addresses: BTreeSet<&EmailAddress> = rows.iter().map(|row| &row.address).collect();
        let keys: Vec<LeadKey> = addresses.iter().map(|address| LeadKey::Address((*address).clone())).collect();
        let leads = self.store.leads(&keys).await.map_err(Arc::new)?;
        let present = leads.iter().flatten().map(|lead| &lead.address);
        let targets = addresses.iter().copied().chain(present);
        let targets = targets.flat_map(|address| [address.as_str(), address.domain()]).collect();
        let suppressed = self.suppressed(&targets).await?;
        Ok(addresses
            .into_iter()
            .zip(leads)
            .map(|(address, lead)| {
                // Mail goes to the address of the lead, where it was taken in by one with another.
                let to = lead.as_ref().map_or(address, |lead| &lead.address);
                let stands = [to.as_str(), to.domain()].iter().find_map(|target| suppressed.get(*target)).copied();
                let mut known = lead.as_ref().map_or_else(Known::default, |lead| Known::of(lead, entering, now));
                known.suppressed = known.suppressed.or(stands);
                (address.clone(), known)
            })
            .collect())
    }
}

impl Known {
    fn of(lead: &Lead, entering: Option<&Sequence>, now: Instant) -> Self {
        Self {
            exists: true,
            values: lead.attributes.clone(),
            tags: lead.tags().map(str::to_owned).collect(),
            suppressed: lead.suppressed,
            barred: entering.is_some_and(|sequence| barred(lead, sequence, now)),
        }
    }
}

fn barred(lead: &Lead, sequence: &Sequence, now: Instant) -> bool {
    let past = lead.past.get(&sequence.name).filter(|past| past.counted > 0);
    let too_soon = match sequence.again {
        Again::Never => past.is_some(),
        Again::After(wait) => past.and_then(|past| past.last_ended_at).is_some_and(|ended| now < ended + wait),
        Again::Always => false,
    };
    too_soon || lead.enrollments.iter().any(|running| running.sequence == sequence.name)
}

/// Decides what a row changes, given all rows before it, and asks for that.
fn plan(row: Listed, lead: &mut Known, (terms, now): (&Terms, Instant), units: &mut Vec<Unit>) -> Planned {
    let mut set = row.set;
    set.retain(|name, value| match lead.values.get(name).filter(|old| !old.is_null()) {
        Some(old) => terms.overwrite && old != value,
        None => true,
    });
    let mut tags = row.tags;
    tags.retain(|tag| lead.tags.insert(tag.clone()));
    lead.values.extend(set.clone());
    let came = match (lead.exists, set.is_empty() && tags.is_empty()) {
        (false, _) => Came::Created,
        (true, false) => Came::Changed,
        (true, true) => Came::Unchanged,
    };
    lead.exists = true;
    let mut planned = Planned { came, reason: None, suppressed: lead.suppressed.is_some(), done: None, enrolled: None };
    let mut ask = |ask: Ask| {
        let to = Target::Address { address: row.address.clone(), create: true };
        let input = Input { ask, occurred_at: now, source: SOURCE.to_owned(), actor: Actor::System };
        units.push(Unit { to, input, key: None });
        units.len() - 1
    };
    if came != Came::Unchanged {
        planned.done = Some(ask(Ask::Import { set, add_tags: tags }));
    }
    let Some(sequence) = &terms.enroll else { return planned };
    if let Some(reason) = lead.suppressed {
        planned.reason = Some(format!("not enrolled: the lead is suppressed ({})", reason.as_str()));
    } else if !std::mem::replace(&mut lead.barred, true) || terms.again {
        let enroll = Ask::Enroll { sequence: sequence.clone(), by: SOURCE.to_owned(), again: terms.again };
        planned.enrolled = Some(ask(enroll));
    } else {
        planned.reason = Some("not enrolled: the lead is in this sequence, or was".to_owned());
    }
    planned
}

fn landed(planned: Planned, answers: &[Answer]) -> Landed {
    let Planned { came, reason, suppressed, done, enrolled } = planned;
    let mut landed = Landed { came, reason, suppressed, enrolled: None };
    if let Some(Answer::Failed { reason }) = done.and_then(|at| answers.get(at)) {
        landed.came = Came::Refused;
        landed.reason = Some(reason.clone());
    }
    if let Some(answer) = enrolled.and_then(|at| answers.get(at)) {
        landed.enrolled = Some(matches!(answer, Answer::Enrolled { .. }));
        if let Answer::Refused { reason, .. } | Answer::Failed { reason } = answer {
            landed.reason = Some(format!("not enrolled: {reason}"));
        } else if let Answer::Pending { reason, .. } = answer {
            landed.reason = Some(format!("not enrolled yet: {reason}"));
        }
    }
    landed
}
