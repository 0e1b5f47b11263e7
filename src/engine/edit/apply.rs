//! Carries an edit out: in force for new work first, then each lead in flight as its own unit, then noted as done.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::look::{Look, PAGE};
use super::plan::{NAMED, Plan};
use super::reader::Mistakes;
use super::wanted::{ModelWish, Wanted, Wish};
use super::{KIND, MODEL};
use crate::domain::decide::{Ask, Edit};
use crate::domain::id::LeadId;
use crate::domain::sequence::InFlight;
use crate::domain::time::Instant;
use crate::engine::{Engine, Target, Unit, limited, today};
use crate::store::StoreError;
use crate::store::applied::Applied as Row;
use crate::store::revisions::Revision;

/// How often one looks for those who came in by an old version while the others were moved.
const ROUNDS: usize = 3;

/// What is to be applied, and how far it may go.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// Only this sequence.
    pub sequence: Option<String>,
    /// Only the scoring file.
    pub scoring: bool,
    /// A version of it that is in the store, by the beginning of its hash, instead of its file.
    pub version: Option<String>,
    /// The plan that was agreed to.
    pub fingerprint: Option<String>,
    /// Touches that may be released or dropped, and enrollments that may end.
    pub at_most: usize,
    /// Whether a plan names everybody for whom something changes, and not a few.
    pub all: bool,
    pub by: String,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Applied {
    pub plan: Plan,
    /// Enrollments that were looked at and, unless they finish what they began, moved.
    pub moved: usize,
    /// Leads that were looked at and, unless they were by then, scored anew.
    pub scored: usize,
}

/// Why nothing was applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    #[error("this process reads no files")]
    NoFiles,
    #[error("the files have errors")]
    Files(Mistakes),
    #[error("{0}")]
    Unknown(String),
    #[error("something came in since the plan was made; look at the new one")]
    Stale(Box<Plan>),
    #[error(
        "this would release {} and drop {} touches, and end {} enrollments; {most} touches together and {most} enrollments may be, and \
         `at_most` allows more",
        plan.released,
        plan.dropped,
        plan.ended
    )]
    TooMany { plan: Box<Plan>, most: usize },
    #[error(transparent)]
    Store(#[from] Arc<StoreError>),
}

impl From<StoreError> for ApplyError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl Engine {
    /// Says what applying the files would do. Nothing is written.
    ///
    /// # Errors
    /// The files have errors, name no such sequence or version, or the store cannot be read.
    pub async fn plan(&self, order: &Order) -> Result<Plan, ApplyError> {
        let wanted = self.wanted(order).await?;
        self.plan_of(&wanted, if order.all { usize::MAX } else { NAMED }).await
    }

    async fn plan_of(&self, wanted: &Wanted, names: usize) -> Result<Plan, ApplyError> {
        let to = |wish: &Wish| wish.edit.new.as_ref().map(|new| new.version.clone());
        let edited = wanted.wishes.iter().map(|wish| (wish.edit.sequence.clone(), to(wish))).collect();
        let mut look = Look::new(self, (Arc::clone(&wanted.playbook), edited), names).await?;
        let (set_aside, settings) = (wanted.set_aside.clone(), wanted.settings.clone());
        let mut plan = Plan { set_aside, settings, ..Plan::default() };
        if let Some(model) = &wanted.model {
            let mut scoring = look.scores(model).await?;
            scoring.diff = self.diff_to(model.row.as_ref(), Some(&model.revision)).await?;
            plan.released += scoring.released;
            plan.dropped += scoring.dropped;
            plan.ended += scoring.ended;
            plan.scoring = Some(scoring);
        }
        for wish in &wanted.wishes {
            let from = wish.row.as_ref().map(|row| row.version.as_str());
            let mut sequence = look.at(&wish.edit, (wish.change, from)).await?;
            sequence.diff = self.diff_to(wish.row.as_ref(), wish.revision.as_ref()).await?;
            plan.released += sequence.released;
            plan.dropped += sequence.dropped;
            plan.ended += sequence.ended;
            plan.sequences.push(sequence);
        }
        (plan.days, plan.crowded) = look.days();
        Ok(plan.sealed())
    }

    /// What changed in a file since it was applied; nothing for one that is new or gone.
    async fn diff_to(&self, row: Option<&Row>, new: Option<&Revision>) -> Result<String, StoreError> {
        let (Some(row), Some(new)) = (row, new) else { return Ok(String::new()) };
        let old = self.store.revision(&row.version).await?;
        Ok(old.map_or_else(String::new, |old| self.changes(Some(&old), new)))
    }

    /// Applies the files exactly as the plan of this moment says.
    ///
    /// # Errors
    /// Before anything was done: the files have errors, the plan is another than was agreed to, or it goes further than it may. A store
    /// that breaks meanwhile leaves those who were moved where they are; applying again goes on with the others.
    pub async fn apply(&self, order: &Order) -> Result<Applied, ApplyError> {
        let _turn = self.applying.lock().await;
        let wanted = self.wanted(order).await?;
        let plan = self.plan_of(&wanted, NAMED).await?;
        if order.fingerprint.as_ref().is_some_and(|agreed| agreed != &plan.fingerprint) {
            return Err(ApplyError::Stale(Box::new(plan)));
        }
        if plan.released + plan.dropped > order.at_most || plan.ended > order.at_most {
            return Err(ApplyError::TooMany { plan: Box::new(plan), most: order.at_most });
        }
        self.begin_apply(&wanted, &order.by).await?;
        self.fail.hit("apply.begun");
        self.set_playbook(wanted.playbook.as_ref().clone());
        let (mut scored, mut moved) = (0, 0);
        if let Some(ModelWish { revision, set_aside, .. }) = &wanted.model {
            scored += self.score_all(&revision.version, set_aside.as_deref(), &order.by).await?;
        }
        for wish in &wanted.wishes {
            moved += self.move_all(&wish.edit).await?;
            self.end_apply(&wish.edit, wish.set_aside.as_deref(), &order.by).await?;
        }
        self.beat();
        Ok(Applied { plan, moved, scored })
    }

    /// Goes on with what was being applied when the process before ended. Says how many enrollments and leads it
    /// looked at.
    ///
    /// # Errors
    /// The store broke; the rest is tried again at the next start or by the next apply.
    pub async fn resume_apply(&self) -> Result<usize, Arc<StoreError>> {
        let _turn = self.applying.lock().await;
        let mut moved = 0;
        let rows = self.store.applied().await.map_err(Arc::new)?;
        for row in rows.iter().filter(|row| row.kind == MODEL && row.moving_to.is_some()) {
            if row.in_force() == self.playbook().scoring.version {
                moved += self.score_all(row.in_force(), row.set_aside.as_deref(), &row.by).await?;
            }
        }
        for row in rows.into_iter().filter(|row| row.kind == KIND) {
            let Some(to) = row.moving_to.clone() else { continue };
            let playbook = self.playbook();
            let new = playbook.version(&to).cloned();
            if new.is_none() && !to.is_empty() {
                continue;
            }
            let edit = Arc::new(Edit::new(&row.name, new, playbook.versions.values()));
            moved += self.move_all(&edit).await?;
            self.end_apply(&edit, row.set_aside.as_deref(), &row.by).await?;
        }
        Ok(moved)
    }

    /// Puts everything in force for new work, and notes where those in flight are going.
    async fn begin_apply(&self, wanted: &Wanted, by: &str) -> Result<(), Arc<StoreError>> {
        let now = self.now();
        self.in_tx(async |tx| {
            if let Some(ModelWish { row, revision, set_aside, .. }) = &wanted.model {
                tx.store_revision(revision).await?;
                let version = row.as_ref().map_or(&revision.version, |row| &row.version);
                let at = row.as_ref().map_or(now, |row| row.at);
                let moving_to = Some(revision.version.clone());
                let set_aside = set_aside.as_deref();
                tx.set_applied(&Row { at, moving_to, ..model_row(version, set_aside, (by, now)) }).await?;
            }
            for wish in &wanted.wishes {
                match &wish.revision {
                    Some(revision) => drop(tx.store_revision(revision).await?),
                    None => drop(tx.retire(KIND, &wish.edit.sequence).await?),
                }
                let to = wish.edit.new.as_ref().map_or("", |new| new.version.as_str());
                let version = wish.row.as_ref().map_or(to, |row| row.version.as_str());
                tx.set_applied(&Row {
                    kind: KIND.to_owned(),
                    name: wish.edit.sequence.clone(),
                    version: version.to_owned(),
                    at: wish.row.as_ref().map_or(now, |row| row.at),
                    by: by.to_owned(),
                    moving_to: Some(to.to_owned()),
                    set_aside: wish.set_aside.clone(),
                })
                .await?;
            }
            Ok(())
        })
        .await?;
        let (limited, date) = (limited(&wanted.playbook), today(&wanted.playbook, now));
        self.in_tx(async |tx| tx.keep_intakes(&limited, date).await).await
    }

    /// Notes that everybody is where the edit wants them.
    async fn end_apply(&self, edit: &Edit, set_aside: Option<&str>, by: &str) -> Result<(), Arc<StoreError>> {
        let now = self.now();
        self.in_tx(async |tx| {
            let Some(new) = &edit.new else { return tx.forget_applied(KIND, &edit.sequence).await };
            tx.set_applied(&Row {
                kind: KIND.to_owned(),
                name: edit.sequence.clone(),
                version: new.version.clone(),
                at: now,
                by: by.to_owned(),
                moving_to: None,
                set_aside: set_aside.map(str::to_owned),
            })
            .await
        })
        .await
    }

    /// Has every lead scored by the file in force, a page a commit, and notes that it is done. Whoever is already is passed by, so one that
    /// was cut off goes on.
    async fn score_all(&self, version: &str, set_aside: Option<&str>, by: &str) -> Result<usize, Arc<StoreError>> {
        let (mut after, mut scored) = (String::new(), 0);
        loop {
            let page = self.store.page_of_ids(&after, PAGE).await.map_err(Arc::new)?;
            let ask = || Ask::Rescore { ledger: None };
            let unit = |lead: &LeadId| self.by_hand(Target::Lead(lead.clone()), ask(), "apply");
            self.record(page.iter().map(unit).collect()).await?;
            scored += page.len();
            if !page.is_empty() {
                self.fail.hit("apply.batch");
            }
            match page.last() {
                Some(last) if page.len() == PAGE => last.as_str().clone_into(&mut after),
                _ => break,
            }
        }
        let row = model_row(version, set_aside, (by, self.now()));
        self.in_tx(async |tx| tx.set_applied(&row).await).await?;
        Ok(scored)
    }

    /// Moves everybody in flight, a page a commit; then whoever entered by the old version meanwhile.
    async fn move_all(&self, edit: &Arc<Edit>) -> Result<usize, Arc<StoreError>> {
        if edit.new.as_ref().is_some_and(|new| new.in_flight == InFlight::Pin) {
            return Ok(0);
        }
        let rounds = if edit.new.is_some() { ROUNDS } else { 1 };
        let mut moved = 0;
        for _ in 0..rounds {
            let found = self.move_page_by_page(edit).await?;
            moved += found;
            if found == 0 {
                break;
            }
        }
        Ok(moved)
    }

    async fn move_page_by_page(&self, edit: &Arc<Edit>) -> Result<usize, Arc<StoreError>> {
        let version = edit.new.as_ref().map_or("", |new| new.version.as_str());
        let (mut after, mut moved) = (String::new(), 0);
        loop {
            let page = self.store.behind((&edit.sequence, version), &after, PAGE).await.map_err(Arc::new)?;
            let ask = || Ask::Adopt { edit: Arc::clone(edit), in_hand: BTreeMap::new() };
            let unit = |lead: &crate::domain::lead::Lead| self.by_hand(Target::Lead(lead.id.clone()), ask(), "apply");
            let units: Vec<Unit> = page.iter().map(|behind| unit(&behind.lead)).collect();
            self.record(units).await?;
            moved += page.len();
            if !page.is_empty() {
                self.fail.hit("apply.batch");
            }
            match page.last() {
                Some(last) if page.len() == PAGE => last.enrollment.as_str().clone_into(&mut after),
                _ => return Ok(moved),
            }
        }
    }
}

/// That a scoring file is in force for every lead.
fn model_row(version: &str, set_aside: Option<&str>, (by, at): (&str, Instant)) -> Row {
    Row {
        kind: MODEL.to_owned(),
        name: MODEL.to_owned(),
        version: version.to_owned(),
        at,
        by: by.to_owned(),
        moving_to: None,
        set_aside: set_aside.map(str::to_owned),
    }
}
