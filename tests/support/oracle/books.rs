//! All that the database says, read beside the daemon.

use overture::domain::event::{Event, What};
use overture::domain::id::LeadId;
use overture::domain::lead::Lead;
use overture::domain::time::Instant;
use overture::domain::touch::State;
use overture::store::leads::LeadKey;
use overture::store::reports::{LaneRow, Leads, StoreError, TouchRow, Touches};
use overture::store::{Access, Location, Store};
use std::collections::BTreeMap;

/// Rows of one page.
const PAGE: usize = 500;

pub struct Books {
    pub touches: Vec<TouchRow>,
    pub leads: BTreeMap<LeadId, Lead>,
    /// The events of each lead, oldest first.
    pub histories: BTreeMap<LeadId, Vec<Event>>,
    pub lanes: Vec<LaneRow>,
}

impl Books {
    /// Reads everything at one moment of rest.
    pub fn read(location: &Location) -> Self {
        with(location, async |store| Self::all(store).await.expect("the database can be read"))
    }

    async fn all(store: &Store) -> Result<Self, StoreError> {
        let (mut touches, mut after) = (Vec::new(), None);
        loop {
            let page = store.reports().touches(&Touches::All, after.as_deref(), PAGE).await?;
            touches.extend(page.rows);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let (mut keys, mut after) = (Vec::new(), None);
        loop {
            let page = store.reports().leads(&Leads::Newest, after.as_deref(), PAGE).await?;
            keys.extend(page.rows.into_iter().map(|line| LeadKey::Id(line.id)));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let (mut leads, mut histories) = (BTreeMap::new(), BTreeMap::new());
        for lead in store.leads(&keys).await?.into_iter().flatten() {
            histories.insert(lead.id.clone(), store.history(&lead.id).await?);
            leads.insert(lead.id.clone(), lead);
        }
        Ok(Self { touches, leads, histories, lanes: store.lanes().await? })
    }

    pub fn unknown(&self) -> usize {
        self.touches.iter().filter(|touch| touch.state == State::Unknown).count()
    }

    /// The address a touch goes to.
    pub fn address(&self, touch: &TouchRow) -> &str {
        self.leads.get(&touch.lead).map_or("nobody", |lead| lead.address.as_str())
    }

    pub fn lead(&self, address: &str) -> Option<&Lead> {
        self.leads.values().find(|lead| lead.address.as_str() == address)
    }

    /// What came of a touch, as its lead heard it.
    pub fn outcomes<'b>(&'b self, touch: &'b TouchRow) -> impl Iterator<Item = State> + 'b {
        self.histories.get(&touch.lead).into_iter().flatten().filter_map(|event| match &event.what {
            What::Touched { touch: id, outcome, .. } if *id == touch.id => Some(outcome.state()),
            _ => None,
        })
    }
}

/// The touches that wait or are under way, and the leads to be woken: nothing is left to do when there are none. What was put off for minutes, and what is held, is
/// at rest, as is what waits for a lane that is full for today.
pub fn restless(location: &Location, now: Instant) -> Vec<String> {
    let books = Books::read(location);
    let full =
        |touch: &TouchRow| books.lanes.iter().any(|lane| lane.name == touch.lane && lane.ready_at.0 > now.0 + 60_000);
    let soon = |touch: &TouchRow| touch.ready_at.0 < now.0 + 60_000 && !full(touch);
    let busy = |touch: &TouchRow| match touch.state {
        State::Queued | State::Deferred => soon(touch),
        State::Claimed | State::Intent | State::Marked => true,
        _ => false,
    };
    let waits = |lead: &Lead| lead.wake_at.is_some_and(|at| at.0 < now.0 + 60_000);
    let touches = books.touches.iter().filter(|touch| busy(touch)).map(|touch| format!("{touch:?}"));
    let leads = books.leads.values().filter(|lead| waits(lead)).map(|lead| format!("{lead:?}"));
    touches.chain(leads).collect()
}

fn with<R>(location: &Location, work: impl AsyncFnOnce(&Store) -> R) -> R {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    runtime.block_on(async {
        let store = Store::open(location, Access::ReadOnly).await.expect("the database is there");
        let done = work(&store).await;
        store.close().await;
        done
    })
}
