//! Lists of leads: whoever nobody knew of is written at once, with one fact and a wake, and decided when its turn comes; whatever changes a
//! lead that is known, or enters a sequence, is decided like every other fact.

mod plan;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Engine;
use crate::domain::account::account_of;
use crate::domain::address::EmailAddress;
use crate::domain::decide::{bring, brought, newborn};
use crate::domain::event::{IMPORTED, What};
use crate::domain::id::LeadId;
use crate::domain::suppression::Reason;
use crate::domain::time::Instant;
use crate::store::StoreError;
use crate::store::imports::{Common, NewLead};

/// Where the facts of lists come from.
const SOURCE: &str = "import";

/// A row of a list, its values as they were declared; none of them is null.
#[derive(Clone, Debug)]
pub struct Listed {
    pub address: EmailAddress,
    pub set: Map<String, Value>,
    pub tags: Vec<String>,
}

/// What is asked about all rows of a list.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Lets values of the list replace those a lead has.
    pub overwrite: bool,
    /// A sequence for every lead of the list.
    pub enroll: Option<String>,
    /// Lets in who was in the sequence before.
    pub again: bool,
}

/// What a row came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    Created,
    Changed,
    Unchanged,
    Refused,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landed {
    pub came: Came,
    /// Why it was refused, or why the lead did not enter the sequence.
    pub reason: Option<String>,
    pub suppressed: bool,
    /// Whether the lead entered the sequence, where it was asked to.
    pub enrolled: Option<bool>,
}

/// Rows ready to be written, so that the next ones can be made ready while these are.
pub struct Prepared {
    rows: Vec<Entry>,
    new: Vec<NewLead>,
    at: Instant,
    /// The ids of leads to come, the last first; none where every row is decided.
    ids: Vec<LeadId>,
    seen: BTreeSet<EmailAddress>,
}

enum Entry {
    /// The next of the new leads, if its address is free; what it says, if not.
    Maybe {
        id: LeadId,
        row: Listed,
    },
    Known(Listed),
}

impl Came {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

impl Landed {
    const fn new(came: Came) -> Self {
        Self { came, reason: None, suppressed: false, enrolled: None }
    }
}

impl Engine {
    /// Takes the rows of a list in, in their order, and says what became of each.
    ///
    /// # Errors
    /// The database is full, gone or broken; some of the rows may have come in, and the same list again changes nothing in them.
    pub async fn import(&self, rows: Vec<Listed>, terms: &Terms) -> Result<Vec<Landed>, Arc<StoreError>> {
        let prepared = self.prepare(rows, terms).map_err(Arc::new)?;
        self.take_in(prepared, terms).await
    }

    /// Makes rows ready without looking at the store.
    fn prepare(&self, rows: Vec<Listed>, terms: &Terms) -> Result<Prepared, StoreError> {
        let mut prepared = self.batch_of(rows.len(), terms);
        rows.into_iter().try_for_each(|row| prepared.push(row))?;
        Ok(prepared)
    }

    /// An empty batch for at most so many rows.
    pub fn batch_of(&self, most: usize, terms: &Terms) -> Prepared {
        let at = self.now();
        let count = if terms.enroll.is_none() { most } else { 0 };
        // In order, so that every index of the store grows at its end.
        let mut ids: Vec<_> = (0..count).map(|_| self.entropy.lead(at)).collect();
        ids.sort_unstable_by(|one, other| other.cmp(one));
        Prepared { rows: Vec::with_capacity(most), new: Vec::with_capacity(count), at, ids, seen: BTreeSet::new() }
    }

    /// Writes rows that were made ready.
    ///
    /// # Errors
    /// As [`Engine::import`].
    pub async fn take_in(&self, prepared: Prepared, terms: &Terms) -> Result<Vec<Landed>, Arc<StoreError>> {
        let written = match self.bring(&prepared).await {
            Ok(written) => written,
            Err(error) if error.hits_everybody() => return Err(Arc::new(error)),
            // One of them cannot be written: each is tried as any other fact, which tells which.
            Err(_) => Written::default(),
        };
        let mut landed = Vec::with_capacity(prepared.rows.len());
        let mut rest = Vec::new();
        for entry in prepared.rows {
            match entry {
                Entry::Maybe { id, row } if written.new.contains(&id) => {
                    let suppressed = written.suppresses(&row.address);
                    landed.push(Landed { suppressed, ..Landed::new(Came::Created) });
                }
                entry => {
                    rest.push((landed.len(), entry.listed()));
                    landed.push(Landed::new(Came::Refused));
                }
            }
        }
        let (places, rest): (Vec<usize>, Vec<Listed>) = rest.into_iter().unzip();
        for (place, came) in places.into_iter().zip(self.follow(rest, terms).await?) {
            landed[place] = came;
        }
        Ok(landed)
    }

    /// Writes those new leads whose address is free.
    async fn bring(&self, prepared: &Prepared) -> Result<Written, StoreError> {
        if prepared.new.is_empty() {
            return Ok(Written::default());
        }
        let scoring = self.playbook().scoring.clone();
        let score = scoring.score(&[], prepared.at);
        let temperature = scoring.band(score.total);
        let common = Common { score, temperature, event: IMPORTED, source: SOURCE, at: prepared.at };
        let mut tx = self.begin().await?;
        let known = tx.bring(&prepared.new, &common).await?;
        let new: BTreeSet<_> = prepared.new.iter().map(NewLead::id).filter(|id| !known.contains(id)).cloned().collect();
        if new.is_empty() {
            tx.rollback().await?;
            return Ok(Written::default());
        }
        let suppressed =
            if tx.suppresses().await? { tx.suppressed(&prepared.targets()).await? } else { BTreeMap::new() };
        tx.commit().await?;
        metrics::counter!("overture_commits_total").increment(1);
        metrics::counter!("overture_units_total").increment(new.len() as u64);
        self.beat_softly();
        Ok(Written { new, suppressed })
    }
}

/// What came of the new leads of a list.
#[derive(Default)]
struct Written {
    new: BTreeSet<LeadId>,
    suppressed: BTreeMap<String, Reason>,
}

impl Written {
    fn suppresses(&self, address: &EmailAddress) -> bool {
        !self.suppressed.is_empty()
            && [address.as_str(), address.domain()].iter().any(|target| self.suppressed.contains_key(*target))
    }
}

impl Prepared {
    /// Makes another row ready: of each address the first may be a new lead.
    ///
    /// # Errors
    /// The row cannot be written as a document.
    pub fn push(&mut self, row: Listed) -> Result<(), StoreError> {
        let fresh = !self.ids.is_empty() && self.seen.insert(row.address.clone());
        let Some(id) = self.ids.pop_if(|_| fresh) else {
            self.rows.push(Entry::Known(row));
            return Ok(());
        };
        let Listed { address, set, tags } = row;
        let mut lead = newborn(id.clone(), address.clone(), account_of(&address), self.at);
        let what = brought(&lead, set, &tags);
        let said = bring(&mut lead, what, SOURCE, self.at);
        self.new.push(NewLead::new(&lead, &said)?);
        let mut set = if let What::Imported { set, .. } = said.what { set } else { Map::new() };
        set.remove("tags");
        self.rows.push(Entry::Maybe { id, row: Listed { address, set, tags } });
        Ok(())
    }

    fn targets(&self) -> BTreeSet<&str> {
        let addresses = self.rows.iter().filter_map(|row| match row {
            Entry::Maybe { row, .. } => Some(&row.address),
            Entry::Known(_) => None,
        });
        addresses.flat_map(|address| [address.as_str(), address.domain()]).collect()
    }
}

impl Entry {
    /// The row as it was.
    fn listed(self) -> Listed {
        match self {
            Self::Known(row) | Self::Maybe { row, .. } => row,
        }
    }
}
