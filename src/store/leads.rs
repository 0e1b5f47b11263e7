//! A batch of leads, loaded and saved whole in a constant number of statements, because a decision needs all of a lead and nothing else.

use std::collections::BTreeSet;

use serde_json::to_string;

use super::db::{Arg, Row};
use super::error::{StoreError, Trouble};
use super::merges;
use super::named::leads_by;
use super::open::Store;
use super::sql::{Kind, Statement, rows};
use super::tx::Tx;
use crate::domain::address::EmailAddress;
use crate::domain::event::Event;
use crate::domain::id::{HandoffId, LeadId, TouchId};
use crate::domain::lead::Lead;
use crate::domain::score::Score;
use crate::domain::time::Instant;

/// What a lead may be asked by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeadKey {
    Id(LeadId),
    Address(EmailAddress),
    /// The lead a touch goes to.
    Touch(TouchId),
    /// The lead a handoff is about.
    Handoff(HandoffId),
}

impl LeadKey {
    pub(super) fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Id(id) => ("id", id.as_str()),
            Self::Address(address) => ("address", address.as_str()),
            Self::Touch(id) => ("touch", id.as_str()),
            Self::Handoff(id) => ("handoff", id.as_str()),
        }
    }
}

/// A lead after its decision, with what lists show of it at that instant.
#[derive(Clone, Debug)]
pub struct Saved<'a> {
    pub lead: &'a Lead,
    /// Whether the store does not have it yet.
    pub new: bool,
    /// `lead.wake_at` as it was loaded.
    pub was_wake_at: Option<Instant>,
    pub score: Score,
    pub temperature: &'a str,
    /// Its new events.
    pub events: &'a [Event],
}

pub(super) const KEY_COLUMNS: &[(&str, Kind)] = &[("place", Kind::Int), ("kind", Kind::Text), ("key", Kind::Text)];

const LEAD_COLUMNS: &[(&str, Kind)] = &[
    ("id", Kind::Text),
    ("address", Kind::Text),
    ("account", Kind::Text),
    ("stage", Kind::Text),
    ("score", Kind::Real),
    ("fit", Kind::Real),
    ("engagement", Kind::Real),
    ("temperature", Kind::Text),
    ("suppressed", Kind::Text),
    ("attention", Kind::Int),
    ("created_at", Kind::Int),
    ("wake_at", Kind::Int),
    ("doc", Kind::Text),
];

/// Keys of one kind alone, which is nearly always so, on SQLite, where no order of locks matters.
static BY_ID: Statement =
    Statement::batch(KEY_COLUMNS, "SELECT i.place, l.id, l.doc FROM {input} AS i JOIN lead AS l ON l.id = i.key");
static BY_ADDRESS: Statement =
    Statement::batch(KEY_COLUMNS, "SELECT i.place, l.id, l.doc FROM {input} AS i JOIN lead AS l ON l.address = i.key");

/// The statement that suits these keys best.
fn reading(shared: bool, keys: &[LeadKey], any: &'static Statement) -> &'static Statement {
    let all = |kind: fn(&LeadKey) -> bool| !shared && keys.iter().all(kind);
    if all(|key| matches!(key, LeadKey::Id(_))) {
        &BY_ID
    } else if all(|key| matches!(key, LeadKey::Address(_))) {
        &BY_ADDRESS
    } else {
        any
    }
}

macro_rules! leads_by_key {
    ($lock:literal) => {
        leads_by!(
            "SELECT place, key AS id FROM asked WHERE kind = 'id'",
            "SELECT a.place, l.id FROM asked AS a JOIN lead AS l ON l.address = a.key WHERE a.kind = 'address'",
            $lock
        )
    };
}

impl Tx {
    /// Loads leads in the order asked, `None` where there is none, and keeps others from changing them until the transaction ends.
    /// They are locked in the order of their ids, so that two batches never wait for each other; but for those that are found by a name
    /// from before they were taken in, where the database may have to end one of the two, who tries again.
    pub async fn load(&mut self, keys: &[LeadKey]) -> Result<Vec<Option<Lead>>, StoreError> {
        static LOAD: Statement = Statement::batch(KEY_COLUMNS, leads_by_key!("{for update of lead}"));
        if keys.is_empty() {
            return Ok(vec![]);
        }
        let found = self.fetch("load leads", reading(self.is_shared(), keys, &LOAD), vec![asked(keys)]).await?;
        let mut leads = in_order(keys.len(), &found)?;
        self.load_merged(keys, &mut leads).await?;
        self.fold_trails(&mut leads).await?;
        Ok(leads)
    }

    /// Saves leads, each at most once a call, with their new events, and moves their wakes.
    pub async fn save(&mut self, batch: &[Saved<'_>], now: Instant) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.save_leads(batch, now).await?;
        self.append(batch.iter().flat_map(|saved| saved.events)).await?;
        self.end_trails(batch.iter().map(|saved| &saved.lead.id)).await?;
        self.retag(batch).await?;
        self.move_wakes(batch).await
    }

    /// Writes the tags of leads whose tags changed, for the lists that ask by them.
    async fn retag(&mut self, batch: &[Saved<'_>]) -> Result<(), StoreError> {
        static FORGET: Statement = Statement::batch(
            &[("lead_id", Kind::Text)],
            "DELETE FROM lead_tag
             WHERE lead_id IN (SELECT lead_id FROM {input} AS i)",
        );
        static TAG: Statement = Statement::batch(
            &[("tag", Kind::Text), ("lead_id", Kind::Text)],
            "INSERT INTO lead_tag (tag, lead_id)
             SELECT tag, lead_id
             FROM {input} AS i
             WHERE true
             ON CONFLICT DO NOTHING",
        );
        let tagged = |saved: &&Saved<'_>| saved.events.iter().any(|event| event.what.sets("tags"));
        let fresh = |saved: &Saved<'_>| saved.events.first().is_some_and(|event| event.seq == 1);
        let changed: Vec<_> = batch.iter().filter(tagged).collect();
        let before: Vec<_> = changed.iter().filter(|saved| !fresh(saved)).map(|saved| (&saved.lead.id,)).collect();
        if !before.is_empty() {
            self.run("forget tags", &FORGET, vec![rows(before).into()]).await?;
        }
        let tags: Vec<_> =
            changed.iter().flat_map(|saved| saved.lead.tags().map(|tag| (tag, &saved.lead.id))).collect();
        if !tags.is_empty() {
            self.run("save tags", &TAG, vec![rows(tags).into()]).await?;
        }
        Ok(())
    }

    /// Saves those leads whose place in the lists stays the same, and gives their ids: SQLite would write every index of a named column
    /// again, changed or not.
    async fn save_in_place(
        &mut self,
        batch: &[Saved<'_>],
        documents: &[String],
        now: Instant,
    ) -> Result<BTreeSet<String>, StoreError> {
        static SAME: Statement = Statement::batch(
            LEAD_COLUMNS,
            "UPDATE lead
             SET fit = i.fit, engagement = i.engagement, temperature = i.temperature, suppressed = i.suppressed, updated_at = $2,
                wake_at = i.wake_at, doc = i.doc
             FROM {input} AS i
             WHERE lead.id = i.id AND lead.address = i.address AND lead.account IS NOT DISTINCT FROM i.account
                AND lead.stage = i.stage AND lead.score = i.score AND lead.attention = i.attention
             RETURNING lead.id",
        );
        let known = batch.iter().zip(documents).filter(|(saved, _)| !saved.new);
        let input = rows(known.map(|(saved, doc)| columns(saved, doc)));
        if self.is_shared() || input.is_empty() {
            return Ok(BTreeSet::new());
        }
        let found = self.fetch("save leads", &SAME, vec![input.into(), now.into()]).await?;
        found.iter().map(|row| row.text(0)).collect()
    }

    async fn save_leads(&mut self, batch: &[Saved<'_>], now: Instant) -> Result<(), StoreError> {
        static SAVE: Statement = Statement::batch(
            LEAD_COLUMNS,
            "INSERT INTO lead (id, address, account, stage, score, fit, engagement, temperature, suppressed, attention, created_at,
                updated_at, wake_at, doc)
             SELECT id, address, account, stage, score, fit, engagement, temperature, suppressed, attention, created_at,
                $2, wake_at, doc
             FROM {input} AS i
             WHERE true
             ON CONFLICT (id) DO UPDATE SET
                address = excluded.address, account = excluded.account, stage = excluded.stage, score = excluded.score,
                fit = excluded.fit, engagement = excluded.engagement, temperature = excluded.temperature,
                suppressed = excluded.suppressed, attention = excluded.attention, updated_at = excluded.updated_at,
                wake_at = excluded.wake_at, doc = excluded.doc",
        );
        let mut documents = Vec::with_capacity(batch.len());
        for saved in batch {
            documents.push(to_string(saved.lead).map_err(|error| unreadable("lead", saved.lead.id.as_str(), &error))?);
        }
        let kept = self.save_in_place(batch, &documents, now).await?;
        let others = batch.iter().zip(&documents).filter(|(saved, _)| !kept.contains(saved.lead.id.as_str()));
        let input = rows(others.map(|(saved, doc)| columns(saved, doc)));
        if input.is_empty() {
            return Ok(());
        }
        self.run("save leads", &SAVE, vec![input.into(), now.into()]).await.map(drop)
    }

    /// Writes events, with the numbers they have.
    pub(super) async fn append<'e>(&mut self, events: impl IntoIterator<Item = &'e Event>) -> Result<(), StoreError> {
        static APPEND: Statement = Statement::batch(
            &[
                ("lead_id", Kind::Text),
                ("seq", Kind::Int),
                ("name", Kind::Text),
                ("occurred_at", Kind::Int),
                ("recorded_at", Kind::Int),
                ("source", Kind::Text),
                ("actor", Kind::Text),
                ("data", Kind::Text),
            ],
            "INSERT INTO event (lead_id, seq, name, occurred_at, recorded_at, source, actor, data)
             SELECT lead_id, seq, name, occurred_at, recorded_at, source, actor, data
             FROM {input} AS i",
        );
        let mut facts = vec![];
        for event in events {
            facts.push((
                &event.lead,
                event.seq,
                event.what.name(),
                event.occurred_at,
                event.recorded_at,
                &event.source,
                event.actor.as_str(),
                to_string(&event.what).map_err(|error| unreadable("event of lead", event.lead.as_str(), &error))?,
            ));
        }
        if facts.is_empty() {
            return Ok(());
        }
        self.run("append events", &APPEND, vec![rows(facts).into()]).await.map(drop)
    }

    async fn move_wakes(&mut self, batch: &[Saved<'_>]) -> Result<(), StoreError> {
        static TAKE: Statement = Statement::batch(
            &[("due", Kind::Int), ("lead_id", Kind::Text)],
            "DELETE FROM wake
             WHERE (due, lead_id) IN (SELECT due, lead_id FROM {input} AS i)",
        );
        let moved = batch.iter().filter(|saved| saved.was_wake_at != saved.lead.wake_at);
        let old: Vec<_> = moved.filter_map(|saved| Some((saved.was_wake_at?, &saved.lead.id))).collect();
        if !old.is_empty() {
            self.run("move wakes", &TAKE, vec![rows(old).into()]).await?;
        }
        // A wake that was claimed has no row any more, even where its instant stays the same: so all are written.
        let new: Vec<_> = batch.iter().filter_map(|saved| Some((saved.lead.wake_at?, &saved.lead.id))).collect();
        self.put_wakes(&new).await
    }

    /// Has leads woken, each at an instant.
    pub(super) async fn put_wakes(&mut self, wakes: &[(Instant, &LeadId)]) -> Result<(), StoreError> {
        static PUT: Statement = Statement::batch(
            &[("due", Kind::Int), ("lead_id", Kind::Text)],
            "INSERT INTO wake (due, lead_id)
             SELECT due, lead_id
             FROM {input} AS i
             WHERE true
             ON CONFLICT DO NOTHING",
        );
        let Some(first) = wakes.iter().map(|(due, _)| *due).min() else { return Ok(()) };
        self.run("move wakes", &PUT, vec![rows(wakes).into()]).await?;
        self.shared.sweep.reach_back_to(first);
        Ok(())
    }
}

impl Store {
    /// Reads leads in the order asked, without keeping others from changing them.
    pub async fn leads(&self, keys: &[LeadKey]) -> Result<Vec<Option<Lead>>, StoreError> {
        let mut leads = self.leads_as_saved(keys).await?;
        self.fold_trails(&mut leads).await?;
        Ok(leads)
    }

    /// The same, without the opens and clicks that were written down since and wait for their verdict.
    pub async fn leads_as_saved(&self, keys: &[LeadKey]) -> Result<Vec<Option<Lead>>, StoreError> {
        static READ: Statement = Statement::batch(KEY_COLUMNS, leads_by_key!(""));
        if keys.is_empty() {
            return Ok(vec![]);
        }
        let found = self.db.fetch("read leads", reading(self.is_shared(), keys, &READ), vec![asked(keys)]).await?;
        let mut leads = in_order(keys.len(), &found)?;
        if let Some(missing) = merges::missing(keys, &leads) {
            place(&mut leads, &self.db.fetch("read merged leads", &merges::TO_READ, vec![missing]).await?)?;
        }
        Ok(leads)
    }

    /// The leads whose addresses are at a domain.
    pub async fn leads_at(&self, domain: &str) -> Result<Vec<LeadId>, StoreError> {
        static AT: Statement = Statement::new("SELECT id FROM lead WHERE address LIKE '%@' || $1 ORDER BY id");
        let found = self.db.fetch("look for the leads of a domain", &AT, vec![domain.into()]).await?;
        found.iter().map(|row| row.text(0).map(LeadId)).collect()
    }

    /// Which of these leads are in the store.
    pub async fn known(&self, ids: &[LeadId]) -> Result<BTreeSet<LeadId>, StoreError> {
        static KNOWN: Statement = Statement::batch(
            &[("lead_id", Kind::Text)],
            "SELECT id FROM lead WHERE id IN (SELECT lead_id FROM {input} AS i)",
        );
        let found = self.db.fetch("look for leads", &KNOWN, vec![rows(ids.iter().map(|id| (id,))).into()]).await?;
        found.iter().map(|row| row.text(0).map(LeadId)).collect()
    }
}

/// A lead as [`LEAD_COLUMNS`] name it.
fn columns<'s>(saved: &'s Saved<'_>, doc: &'s String) -> impl serde::Serialize + use<'s> {
    let lead = saved.lead;
    (
        &lead.id,
        &lead.address,
        &lead.account,
        lead.stage.as_str(),
        finite(saved.score.total),
        finite(saved.score.fit),
        finite(saved.score.engagement),
        saved.temperature,
        lead.suppressed.map(crate::domain::suppression::Reason::as_str),
        lead.wanted().len(),
        lead.created_at,
        lead.wake_at,
        doc,
    )
}

fn asked(keys: &[LeadKey]) -> Arg {
    rows(keys.iter().enumerate().map(|(place, key)| {
        let (kind, key) = key.parts();
        (place, kind, key)
    }))
    .into()
}

fn in_order(count: usize, found: &[Row]) -> Result<Vec<Option<Lead>>, StoreError> {
    let mut leads = vec![None; count];
    place(&mut leads, found)?;
    Ok(leads)
}

/// Puts what was found in the places it was asked for at.
pub(super) fn place(leads: &mut [Option<Lead>], found: &[Row]) -> Result<(), StoreError> {
    for row in found {
        let place = usize::try_from(row.int(0)?).unwrap_or(usize::MAX);
        if let Some(slot) = leads.get_mut(place) {
            *slot = Some(lead(row, 1)?);
        }
    }
    Ok(())
}

/// Reads a lead from its id and document, which stand at `place` and after.
pub(super) fn lead(row: &Row, place: usize) -> Result<Lead, StoreError> {
    serde_json::from_str(&row.text(place + 1)?).map_err(|error| match row.text(place) {
        Ok(id) => unreadable("lead", &id, &error),
        Err(error) => error,
    })
}

pub(super) fn unreadable(what: &'static str, id: &str, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::new("read the store", Trouble::Unreadable { what, id: id.to_owned(), why: why.to_string() })
}

/// JSON knows no infinite numbers.
const fn finite(number: f64) -> f64 {
    if number.is_finite() { number } else { 0.0 }
}
