//! What is to be applied: the files against what is in force, or an older version that is called back.

use std::sync::Arc;

use super::apply::{ApplyError, Order};
use super::plan::{Change, SetAside};
use super::{KIND, MODEL};
use crate::domain::decide::Edit;
use crate::domain::playbook::Playbook;
use crate::domain::score::Scoring;
use crate::domain::sequence::Sequence;
use crate::engine::Engine;
use crate::store::StoreError;
use crate::store::applied::Applied as Row;
use crate::store::revisions::Revision;

/// One file that is to be applied.
pub(super) struct Wish {
    pub edit: Arc<Edit>,
    pub change: Change,
    /// As it stands; none for a file that is new.
    pub row: Option<Row>,
    /// What is to be stored; none for a file that is gone.
    pub revision: Option<Revision>,
    /// The file's version that this takes out of force.
    pub set_aside: Option<String>,
}

/// Another scoring file that is to be applied.
pub(super) struct ModelWish {
    pub change: Change,
    /// As it stands.
    pub row: Option<Row>,
    pub revision: Revision,
    /// The file's version that this takes out of force.
    pub set_aside: Option<String>,
}

/// All that is to be applied, with the files as they will be in force.
pub(super) struct Wanted {
    pub playbook: Arc<Playbook>,
    pub wishes: Vec<Wish>,
    /// Another scoring file.
    pub model: Option<ModelWish>,
    /// What is in force instead of files, since somebody went back.
    pub set_aside: Vec<SetAside>,
    /// Files of settings that are not what is in force.
    pub settings: Vec<&'static str>,
}

impl Engine {
    /// What the files want, against what is applied.
    pub(super) async fn wanted(&self, order: &Order) -> Result<Wanted, ApplyError> {
        let read = self.reader.get().ok_or(ApplyError::NoFiles)?;
        let (model, rows): (Vec<Row>, Vec<Row>) =
            self.store.applied().await?.into_iter().partition(|row| row.kind == MODEL);
        let model = model.into_iter().next();
        match &order.version {
            Some(version) if order.scoring => return self.older_model(version, model).await,
            Some(version) => return self.older(order.sequence.as_deref(), version, &rows).await,
            None => {}
        }
        let files = (read.files)().map_err(ApplyError::Files)?;
        let settings = unlike(&self.playbook(), &files.playbook);
        let mut set_aside: Vec<SetAside> = model
            .iter()
            .filter(|row| order.sequence.is_none() && row.sets_aside(Some(&files.scoring.version)))
            .map(|row| SetAside::of(MODEL, row))
            .collect();
        let stays = order.sequence.is_some() || (!order.scoring && !set_aside.is_empty());
        let model = if stays { None } else { model_wish(&files.scoring, model) };
        if order.scoring {
            return Ok(Wanted { set_aside, settings, ..self.model_alone(model)? });
        }
        let base = match &order.sequence {
            Some(_) => self.playbook().as_ref().clone(),
            None if stays => (read.with_model)(files.playbook.clone(), self.playbook().scoring.as_ref().clone()),
            None => files.playbook.clone(),
        };
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
        let aside = |name: &str| {
            let file = files.playbook.sequences.get(name).map(|file| file.version.as_str());
            rows.iter().find(|row| row.name == name && row.sets_aside(file))
        };
        set_aside.extend(names.iter().filter_map(|name| aside(name)).map(|row| SetAside::of(KIND, row)));
        for name in &names {
            // What somebody went back to stays, unless the sequence is named.
            let older = aside(name).filter(|_| order.sequence.is_none());
            let older = older.map(|row| playbook.version(row.in_force()).cloned());
            let new = older.unwrap_or_else(|| files.playbook.sequences.get(*name).cloned());
            take_in(&mut playbook, name, new.as_ref());
        }
        let mut wishes = Vec::new();
        for name in names {
            if order.sequence.is_none() && aside(name).is_some() {
                continue;
            }
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
        Ok(Wanted { playbook: Arc::new(playbook), wishes, model, set_aside, settings })
    }

    /// Another scoring file beside all else as it is in force.
    fn model_alone(&self, model: Option<ModelWish>) -> Result<Wanted, ApplyError> {
        let mut playbook = self.playbook();
        if let Some(wish) = &model {
            let version = &wish.revision.version;
            let unreadable = || ApplyError::Unknown(format!("version {version} of the scoring file cannot be read"));
            let with = self.with_model(playbook.as_ref().clone(), &wish.revision).ok_or_else(unreadable)?;
            playbook = Arc::new(with);
        }
        Ok(Wanted { playbook, wishes: Vec::new(), model, set_aside: Vec::new(), settings: Vec::new() })
    }

    /// A return to an older scoring file; the one in the workspace is set aside until it changes or is applied by itself.
    async fn older_model(&self, version: &str, row: Option<Row>) -> Result<Wanted, ApplyError> {
        let stored = self.store.revisions_of(MODEL, MODEL).await?;
        let Some(revision) = only(&stored, version) else {
            let told = format!(
                "`{version}` names no single version of the scoring file; `overture scoring history` lists them"
            );
            return Err(ApplyError::Unknown(told));
        };
        // The file as it is now, applied or not; where it is broken, what it was when it was last in force or set aside.
        let file = self.reader.get().and_then(|read| (read.files)().ok()).map(|files| files.scoring.version);
        let kept = || row.as_ref().and_then(|row| row.set_aside.clone().or_else(|| Some(row.in_force().to_owned())));
        let set_aside = file.or_else(kept).filter(|aside| aside != &revision.version);
        let revision = Revision { stored_at: self.now(), ..revision.clone() };
        let only_aside = row.as_ref().is_some_and(|row| row.set_aside != set_aside).then(|| ModelWish {
            change: Change::Changed,
            row: row.clone(),
            revision: revision.clone(),
            set_aside: None,
        });
        let wish = model_wish(&revision, row).or(only_aside);
        self.model_alone(wish.map(|wish| ModelWish { set_aside, ..wish }))
    }

    /// A return to an older version of one sequence; its file is set aside until it changes or is applied by itself.
    async fn older(&self, name: Option<&str>, version: &str, rows: &[Row]) -> Result<Wanted, ApplyError> {
        let unknown = |text: String| ApplyError::Unknown(text);
        let name = name.ok_or_else(|| unknown("a version is one of a sequence: name it too".to_owned()))?;
        let stored = self.store.revisions_of(KIND, name).await?;
        let Some(revision) = only(&stored, version) else {
            return Err(unknown(format!(
                "`{version}` names no single version of `{name}`; `overture sequence history {name}` lists them"
            )));
        };
        let mut playbook = self.with_versions(self.playbook().as_ref().clone()).await?;
        let new = playbook.version(&revision.version).cloned();
        let new = new.ok_or_else(|| unknown(format!("version {version} of `{name}` cannot be read any more")))?;
        let now = self.playbook().sequences.get(name).map(|now| now.version.clone());
        let row = rows.iter().find(|row| row.name == name).cloned();
        let kept = row.as_ref().and_then(|row| row.set_aside.clone());
        let is_in_force = |now: &str| row.as_ref().is_some_and(|row| row.in_force() == now);
        // New leads may be in a file that was read and not applied, and it is that one which is set aside.
        let set_aside = match now {
            Some(now) if is_in_force(&now) => kept.or(Some(now)),
            Some(now) => Some(now),
            None => Some(String::new()),
        };
        let set_aside = set_aside.filter(|aside| aside != &revision.version);
        take_in(&mut playbook, name, Some(&new));
        let edit = Arc::new(Edit::new(name, Some(Arc::clone(&new)), playbook.versions.values()));
        let stands = |row: &Row| row.version == new.version && row.moving_to.is_none() && row.set_aside == set_aside;
        let same = row.as_ref().is_some_and(stands);
        let revision = Revision { stored_at: self.now(), ..revision.clone() };
        let change = if row.is_some() { Change::Changed } else { Change::Added };
        let wish = Wish { edit, change, row, revision: Some(revision), set_aside };
        let wishes = if same { Vec::new() } else { vec![wish] };
        let (set_aside, settings) = (Vec::new(), Vec::new());
        Ok(Wanted { playbook: Arc::new(playbook), wishes, model: None, set_aside, settings })
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

/// The one version whose hash begins so.
fn only<'r>(stored: &'r [Revision], version: &str) -> Option<&'r Revision> {
    let mut found = stored.iter().filter(|one| version.len() >= 4 && one.version.starts_with(version));
    found.next().filter(|_| found.next().is_none())
}

/// Whether a scoring file is another one than what is in force for every lead.
fn model_wish(new: &Revision, row: Option<Row>) -> Option<ModelWish> {
    let old = row.as_ref().map_or(Scoring::NONE, |row| row.version.as_str());
    if old == new.version && row.as_ref().is_none_or(|row| row.moving_to.is_none()) {
        return None;
    }
    let change = match (old, new.version.as_str()) {
        (Scoring::NONE, _) => Change::Added,
        (_, Scoring::NONE) => Change::Removed,
        _ => Change::Changed,
    };
    Some(ModelWish { change, row, revision: new.clone(), set_aside: None })
}

/// The files of settings that say something else than what is in force.
fn unlike(now: &Playbook, files: &Playbook) -> Vec<&'static str> {
    let differs = |a: &dyn std::fmt::Debug, b: &dyn std::fmt::Debug| format!("{a:?}") != format!("{b:?}");
    let settings = differs(&now.settings, &files.settings).then_some("config/overture.yaml");
    settings.into_iter().chain(differs(&now.staff, &files.staff).then_some("config/team.yaml")).collect()
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
