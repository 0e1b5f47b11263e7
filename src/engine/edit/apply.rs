//! Carries an edit out: in force for new work first, then each lead in flight as its own unit, then noted as done.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::look::{Look, PAGE};
use super::plan::{Change, Plan};
use crate::domain::decide::{Ask, Edit};
use crate::domain::playbook::Playbook;
use crate::domain::sequence::{InFlight, Sequence};
use crate::engine::{Engine, Target, Unit, limited, today};
use crate::store::StoreError;
use crate::store::applied::Applied as Row;
use crate::store::revisions::Revision;

const KIND: &str = "sequence";
/// How often one looks for those who came in by an old version while the others were moved.
const ROUNDS: usize = 3;

/// What is to be applied, and how far it may go.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// Only this sequence.
    pub sequence: Option<String>,
    /// A version of it that is in the store, by the beginning of its hash, instead of its file.
    pub version: Option<String>,
    /// The plan that was agreed to.
    pub fingerprint: Option<String>,
    /// Touches that may be released or dropped.
    pub at_most: usize,
    pub by: String,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Applied {
    pub plan: Plan,
    /// Enrollments that were looked at and, unless they finish what they began, moved.
    pub moved: usize,
}

/// Why nothing was applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    #[error("this process reads no files")]
    NoFiles,
    #[error("the files have errors")]
    Files(Vec<String>),
    #[error("{0}")]
    Unknown(String),
    #[error("something came in since the plan was made; look at the new one")]
    Stale(Box<Plan>),
    #[error(
        "this would release {} and drop {} touches, more than {most} together; `at_most` allows more",
        plan.released,
        plan.dropped
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

/// One file that is to be applied.
struct Wish {
    edit: Arc<Edit>,
    change: Change,
    /// As it stands; none for a file that is new.
    row: Option<Row>,
    /// What is to be stored; none for a file that is gone.
    revision: Option<Revision>,
    /// The file's version that this takes out of force.
    set_aside: Option<String>,
}

/// All that is to be applied, with the files as they will be in force.
struct Wanted {
    playbook: Arc<Playbook>,
    wishes: Vec<Wish>,
}

impl Engine {
    /// Says what applying the files would do. Nothing is written.
    ///
    /// # Errors
    /// The files have errors, name no such sequence or version, or the store cannot be read.
    pub async fn plan(&self, order: &Order) -> Result<Plan, ApplyError> {
        let wanted = self.wanted(order).await?;
        self.plan_of(&wanted).await
    }

    async fn plan_of(&self, wanted: &Wanted) -> Result<Plan, ApplyError> {
        let mut look = Look::new(self, Arc::clone(&wanted.playbook)).await?;
        let mut plan = Plan::default();
        for wish in &wanted.wishes {
            let from = wish.row.as_ref().map(|row| row.version.as_str());
            let sequence = look.at(&wish.edit, (wish.change, from)).await?;
            plan.released += sequence.released;
            plan.dropped += sequence.dropped;
            plan.sequences.push(sequence);
        }
        plan.days = look.days();
        Ok(plan.sealed())
    }

    /// Applies the files exactly as the plan of this moment says.
    ///
    /// # Errors
    /// Before anything was done: the files have errors, the plan is another than was agreed to, or it goes further than it may. A store
    /// that breaks meanwhile leaves those who were moved where they are; applying again goes on with the others.
    pub async fn apply(&self, order: &Order) -> Result<Applied, ApplyError> {
        let _turn = self.applying.lock().await;
        let wanted = self.wanted(order).await?;
        let plan = self.plan_of(&wanted).await?;
        if order.fingerprint.as_ref().is_some_and(|agreed| agreed != &plan.fingerprint) {
            return Err(ApplyError::Stale(Box::new(plan)));
        }
        if plan.released + plan.dropped > order.at_most {
            return Err(ApplyError::TooMany { plan: Box::new(plan), most: order.at_most });
        }
        self.begin_apply(&wanted, &order.by).await?;
        self.fail.hit("apply.begun");
        self.set_playbook(wanted.playbook.as_ref().clone());
        let mut moved = 0;
        for wish in &wanted.wishes {
            moved += self.move_all(&wish.edit).await?;
            self.end_apply(&wish.edit, wish.set_aside.as_deref(), &order.by).await?;
        }
        self.beat();
        Ok(Applied { plan, moved })
    }

    /// Goes on with what was being applied when the process before ended. Says how many enrollments it looked at.
    ///
    /// # Errors
    /// The store broke; the rest is tried again at the next start or by the next apply.
    pub async fn resume_apply(&self) -> Result<usize, Arc<StoreError>> {
        let _turn = self.applying.lock().await;
        let mut moved = 0;
        for row in self.store.applied().await.map_err(Arc::new)?.into_iter().filter(|row| row.kind == KIND) {
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

    /// What the files want, against what is applied.
    async fn wanted(&self, order: &Order) -> Result<Wanted, ApplyError> {
        let read = self.reader.get().ok_or(ApplyError::NoFiles)?;
        let rows: Vec<Row> = self.store.applied().await?.into_iter().filter(|row| row.kind == KIND).collect();
        if let Some(version) = &order.version {
            return self.older(order.sequence.as_deref(), version, &rows).await;
        }
        let files = (read.files)().map_err(ApplyError::Files)?;
        let base = if order.sequence.is_some() { self.playbook().as_ref().clone() } else { files.playbook.clone() };
        let mut playbook = self.with_versions(base).await?;
        let mut names: Vec<&String> = files.playbook.sequences.keys().collect();
        names.extend(rows.iter().map(|row| &row.name).filter(|name| !files.playbook.sequences.contains_key(*name)));
        if let Some(only) = &order.sequence {
            names.retain(|name| *name == only);
            if names.is_empty() {
                return Err(ApplyError::Unknown(format!("there is no sequence `{only}`, in the files or in flight")));
            }
        }
        names.sort();
        for name in &names {
            take_in(&mut playbook, name, files.playbook.sequences.get(*name));
        }
        let mut wishes = Vec::new();
        for name in names {
            let row = rows.iter().find(|row| &row.name == name).cloned();
            let new = files.playbook.sequences.get(name).cloned();
            let change = match (&row, &new) {
                (None, _) => Change::Added,
                (Some(_), None) => Change::Removed,
                (Some(row), Some(new)) if row.version != new.version || row.moving_to.is_some() => Change::Changed,
                (Some(_), Some(_)) => continue,
            };
            let revision = files.revisions.iter().find(|one| &one.name == name).cloned();
            let edit = Arc::new(Edit::new(name, new, playbook.versions.values()));
            wishes.push(Wish { edit, change, row, revision, set_aside: None });
        }
        Ok(Wanted { playbook: Arc::new(playbook), wishes })
    }

    /// A return to an older version of one sequence; its file is set aside until it changes or is applied by itself.
    async fn older(&self, name: Option<&str>, version: &str, rows: &[Row]) -> Result<Wanted, ApplyError> {
        let unknown = |text: String| ApplyError::Unknown(text);
        let name = name.ok_or_else(|| unknown("a version is one of a sequence: name it too".to_owned()))?;
        let stored = self.store.revisions_of(KIND, name).await?;
        let mut found = stored.iter().filter(|one| version.len() >= 4 && one.version.starts_with(version));
        let (Some(revision), None) = (found.next(), found.next()) else {
            return Err(unknown(format!(
                "`{version}` names no single version of `{name}`; `overture sequence history {name}` lists them"
            )));
        };
        let mut playbook = self.with_versions(self.playbook().as_ref().clone()).await?;
        let new = playbook.version(&revision.version).cloned();
        let new = new.ok_or_else(|| unknown(format!("version {version} of `{name}` cannot be read any more")))?;
        let now_in_files = self.playbook().sequences.get(name).map(|now| now.version.clone());
        let row = rows.iter().find(|row| row.name == name).cloned();
        let kept = row.as_ref().and_then(|row| row.set_aside.clone());
        let set_aside = kept.or(now_in_files).filter(|aside| aside != &revision.version);
        take_in(&mut playbook, name, Some(&new));
        let edit = Arc::new(Edit::new(name, Some(Arc::clone(&new)), playbook.versions.values()));
        let same = row.as_ref().is_some_and(|row| row.version == new.version && row.moving_to.is_none());
        let revision = Revision { stored_at: self.now(), ..revision.clone() };
        let wish = Wish { edit, change: Change::Changed, row, revision: Some(revision), set_aside };
        Ok(Wanted { playbook: Arc::new(playbook), wishes: if same { Vec::new() } else { vec![wish] } })
    }

    /// A playbook with every version somebody may still be in, as far as it is known here or in the store.
    async fn with_versions(&self, mut playbook: Playbook) -> Result<Playbook, StoreError> {
        let known = self.playbook();
        for (version, sequence) in &known.versions {
            playbook.versions.entry(version.clone()).or_insert_with(|| Arc::clone(sequence));
        }
        for (version, template) in &known.templates {
            playbook.templates.entry(version.clone()).or_insert_with(|| Arc::clone(template));
        }
        for (_, version) in self.store.versions_in_flight().await? {
            if !playbook.versions.contains_key(&version)
                && let Some(sequence) = self.stored_version(&version).await?
            {
                playbook.versions.insert(version, Arc::new(sequence));
            }
        }
        Ok(playbook)
    }

    async fn stored_version(&self, version: &str) -> Result<Option<Sequence>, StoreError> {
        let Some(reader) = self.reader.get() else { return Ok(None) };
        Ok(self.store.revision(version).await?.and_then(|revision| (reader.version)(&revision)))
    }
}

/// Puts a sequence of the files in force, or takes it out.
fn take_in(playbook: &mut Playbook, name: &str, new: Option<&Arc<Sequence>>) {
    let Some(new) = new else {
        playbook.sequences.remove(name);
        return;
    };
    for template in new.templates.values() {
        playbook.templates.entry(template.version.clone()).or_insert_with(|| Arc::clone(template));
    }
    playbook.sequences.insert(name.to_owned(), Arc::clone(new));
    playbook.versions.insert(new.version.clone(), Arc::clone(new));
}
