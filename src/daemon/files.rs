//! The files in force: what changed is stored as a new version for new enrollments, those in flight finish the version they began.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::assemble::StartError;
use super::revision::Checkout;
use crate::clock::wall;
use crate::compile;
use crate::compile::diagnostic::render;
use crate::config::{self, Environment, Loaded, Refused, Source};
use crate::domain::playbook::Playbook;
use crate::domain::score::Scoring;
use crate::domain::sequence::Sequence;
use crate::engine::{Engine, MODEL, Mistakes, Read, Reader, limited, today};
use crate::store::applied::Applied;
use crate::store::revisions::Revision;
use crate::store::{Access, Store, StoreError};

const KIND: &str = "sequence";
/// The step of the schema from which on it is known what is applied.
const APPLIED: i64 = 12;

/// Stores what changed, and joins the files with every version somebody may still be in or have mail from.
///
/// # Errors
/// The store cannot be read or written.
pub async fn merge(store: &Store, loaded: &Loaded, access: Access) -> Result<Playbook, StartError> {
    let (models, applied): (Vec<_>, Vec<_>) =
        applied(store, access).await?.into_iter().partition(|one| one.kind == MODEL);
    if access == Access::Write {
        let checkout = Checkout::of(&loaded.config.workspace);
        keep(store, (loaded, checkout.as_ref()), &applied).await?;
        keep_model(store, (loaded, checkout.as_ref()), models.is_empty()).await?;
    }
    let mut playbook = in_force(store, loaded, models.first()).await?;
    for stored in store.all_revisions(KIND).await? {
        if playbook.versions.contains_key(&stored.version) {
            continue;
        }
        if let Some(sequence) = compiled(&stored) {
            add(&mut playbook, sequence);
        } else {
            tracing::error!(
                sequence = stored.name,
                version = stored.version,
                "a stored version cannot be read; whoever is in it cannot go on"
            );
        }
    }
    for one in applied.iter().filter(|one| is_set_aside(one, loaded)) {
        if let Some(older) = playbook.versions.get(one.in_force()).cloned() {
            playbook.sequences.insert(one.name.clone(), older);
        }
    }
    if access == Access::Write {
        let mut tx = store.begin().await?;
        tx.keep_intakes(&limited(&playbook), today(&playbook, wall())).await?;
        tx.commit().await?;
    }
    Ok(playbook)
}

/// Whether somebody went back to an older version, and the files still say what they said then.
fn is_set_aside(applied: &Applied, loaded: &Loaded) -> bool {
    applied.sets_aside(loaded.playbook.sequences.get(&applied.name).map(|file| file.version.as_str()))
}

/// What is applied to those in flight; nothing where somebody only looks at a database that does not know of it yet.
async fn applied(store: &Store, access: Access) -> Result<Vec<Applied>, StoreError> {
    if access == Access::ReadOnly && store.schema().await? < APPLIED {
        return Ok(Vec::new());
    }
    store.applied().await
}

/// The files with the scoring file that is in force: another one in the workspace counts for nobody before it is applied.
async fn in_force(store: &Store, loaded: &Loaded, model: Option<&Applied>) -> Result<Playbook, StoreError> {
    let playbook = loaded.playbook.clone();
    let Some(model) = model.filter(|model| model.in_force() != playbook.scoring.version) else { return Ok(playbook) };
    let stored = store.revision(model.in_force()).await?;
    if let Some(scoring) = stored.as_ref().and_then(model_of) {
        tracing::warn!(
            in_force = model.in_force(),
            file = playbook.scoring.version,
            "config/scoring.yaml is not the scoring file in force; `overture plan` says what applying it would do"
        );
        return Ok(with_model(playbook, scoring));
    }
    tracing::error!(
        version = model.in_force(),
        "the scoring file in force cannot be read; the one in the workspace is used"
    );
    Ok(playbook)
}

fn model_of(stored: &Revision) -> Option<Scoring> {
    compile::model(&of_store(stored)).ok()
}

/// Files with another scoring file among them.
fn with_model(mut playbook: Playbook, scoring: Scoring) -> Playbook {
    let sequences = || playbook.sequences.values().map(Arc::as_ref);
    playbook.windows = compile::windows(&scoring, &playbook.staff, sequences());
    let thresholds = compile::thresholds(&scoring, &playbook.staff, sequences());
    playbook.scoring = Arc::new(Scoring { thresholds, ..scoring });
    playbook
}

/// Puts the scoring file in force where none was ever; else learns only from which commit it is.
async fn keep_model(
    store: &Store,
    (loaded, checkout): (&Loaded, Option<&Checkout>),
    none: bool,
) -> Result<(), StoreError> {
    let model = model_revision(loaded, checkout);
    let mut tx = store.begin().await?;
    if none {
        tx.store_revision(&model).await?;
        tx.first_applied(&first(&model)).await?;
    } else {
        tx.learn_commit(&model).await?;
    }
    tx.commit().await
}

/// The scoring file as it is stored.
fn model_revision(loaded: &Loaded, checkout: Option<&Checkout>) -> Revision {
    const FILE: &str = "config/scoring.yaml";
    let compile::Revision { version, source, .. } = loaded.scoring.clone();
    Revision {
        version,
        kind: MODEL.to_owned(),
        name: MODEL.to_owned(),
        source,
        commit: checkout.and_then(|checkout| checkout.commit_of([FILE])),
        file: FILE.to_owned(),
        stored_at: wall(),
    }
}

/// That a file is in force since it was read first.
fn first(revision: &Revision) -> Applied {
    Applied {
        kind: revision.kind.clone(),
        name: revision.name.clone(),
        version: revision.version.clone(),
        at: revision.stored_at,
        by: "first read".to_owned(),
        moving_to: None,
        set_aside: None,
    }
}

/// The texts of a stored version.
fn texts(stored: &Revision) -> BTreeMap<String, String> {
    if stored.kind == MODEL {
        let text = compile::model_text(&of_store(stored));
        return text.map(|text| (stored.file.clone(), text)).into_iter().collect();
    }
    compile::texts(&of_store(stored))
}

fn compiled(stored: &Revision) -> Option<Sequence> {
    compile::revision(&of_store(stored)).ok()
}

fn of_store(stored: &Revision) -> compile::Revision {
    let Revision { version, name, source, .. } = stored.clone();
    compile::Revision { version, name, source }
}

/// What reads the files, and stored versions, for an engine.
pub fn reader(source: Source) -> Reader {
    let files = move || match source.load() {
        Ok(loaded) => {
            let checkout = Checkout::of(&loaded.config.workspace);
            let (revisions, scoring) =
                (revisions(&loaded, checkout.as_ref()), model_revision(&loaded, checkout.as_ref()));
            Ok(Read { revisions, scoring, playbook: loaded.playbook })
        }
        Err(Refused::Files(diagnostics)) => {
            let told = diagnostics.iter().filter(|one| one.is_error()).map(|one| {
                let (line, column) = one.position();
                format!("{}:{line}:{column}: {}", one.file(), one.message)
            });
            Err(Mistakes { lines: told.collect(), report: render(&diagnostics, false) })
        }
        Err(refused @ Refused::Folder { .. }) => {
            Err(Mistakes { lines: vec![refused.to_string()], report: refused.to_string() })
        }
    };
    Reader { files: Box::new(files), version: compiled, model: model_of, with_model, texts }
}

fn add(playbook: &mut Playbook, sequence: Sequence) {
    for template in sequence.templates.values() {
        playbook.templates.entry(template.version.clone()).or_insert_with(|| Arc::clone(template));
    }
    playbook.versions.insert(sequence.version.clone(), Arc::new(sequence));
}

/// The current versions as they are stored, with the commit they came from; none while a file is not as the commit has it.
fn revisions(loaded: &Loaded, checkout: Option<&Checkout>) -> Vec<Revision> {
    let commit = |revision: &compile::Revision| {
        let files = compile::files_of(revision);
        checkout.and_then(|checkout| checkout.commit_of(files.iter().map(String::as_str)))
    };
    let stored = |revision: &compile::Revision| Revision {
        version: revision.version.clone(),
        kind: KIND.to_owned(),
        name: revision.name.clone(),
        source: revision.source.clone(),
        commit: commit(revision),
        file: format!("sequences/{}.yaml", revision.name),
        stored_at: wall(),
    };
    loaded.revisions.iter().map(stored).collect()
}

/// Stores the current versions, and takes out of force what has no file any more. What nobody can be in yet is applied with that; a file
/// that was set aside for an older version stays aside until it changes.
async fn keep(
    store: &Store,
    (loaded, checkout): (&Loaded, Option<&Checkout>),
    applied: &[Applied],
) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    for revision in revisions(loaded, checkout) {
        if applied.iter().any(|one| one.name == revision.name && is_set_aside(one, loaded)) {
            tracing::warn!(
                sequence = revision.name,
                "its file was set aside for an older version, which stays in force until the file changes or is applied"
            );
            continue;
        }
        tx.store_revision(&revision).await?;
        tx.first_applied(&first(&revision)).await?;
    }
    tx.commit().await?;
    for old in store.current_revisions().await? {
        if old.kind == KIND && !loaded.revisions.iter().any(|revision| revision.name == old.name) {
            if applied.iter().any(|one| one.name == old.name && is_set_aside(one, loaded)) {
                tracing::warn!(
                    sequence = old.name,
                    "it has no file, and stays in force because an older version was applied by hand, until it has one or is applied"
                );
                continue;
            }
            let mut tx = store.begin().await?;
            tx.retire(KIND, &old.name).await?;
            tx.commit().await?;
        }
    }
    Ok(())
}

/// Reads the workspace again. Broken files leave everything as it was, and say so.
pub async fn adopt(engine: &Engine, folder: &Path, environment: &Environment) {
    let loaded = match config::load(folder, environment) {
        Ok(loaded) => loaded,
        Err(refused) => {
            tell(&refused);
            return;
        }
    };
    match merge(&engine.store, &loaded, Access::Write).await {
        Ok(playbook) => {
            engine.set_playbook(playbook);
            engine.beat();
            tracing::info!(
                sequences = loaded.revisions.len(),
                "the files were read again; new enrollments follow them"
            );
        }
        Err(error) => tracing::error!(%error, "the files were read and could not be stored; the old ones go on"),
    }
}

fn tell(refused: &Refused) {
    match refused {
        Refused::Folder { .. } => tracing::error!(error = %refused, "the files cannot be read; the old ones go on"),
        Refused::Files(diagnostics) => {
            for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.is_error()) {
                let (line, column) = diagnostic.position();
                tracing::error!(
                    file = diagnostic.file(),
                    line,
                    column,
                    error = diagnostic.message,
                    "a file is broken; the old ones go on"
                );
            }
        }
    }
}

/// A mark of the newest change in a workspace's files: their number and the newest modification time.
pub fn watch_files(folder: &Path) -> Option<(usize, SystemTime)> {
    let mut newest = SystemTime::UNIX_EPOCH;
    let mut count = 0;
    for part in ["config", "sequences", "templates"] {
        for entry in walkdir::WalkDir::new(folder.join(part)).into_iter().flatten() {
            if let Some(changed) = entry.metadata().ok().and_then(|metadata| metadata.modified().ok()) {
                newest = newest.max(changed);
                count += 1;
            }
        }
    }
    (count > 0).then_some((count, newest))
}
