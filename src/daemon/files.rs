//! The files in force: what changed is stored as a new version for new enrollments, those in flight finish the version they began.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::assemble::StartError;
use super::revision::commit_of;
use crate::clock::wall;
use crate::compile;
use crate::config::{self, Environment, Loaded, Refused, Source};
use crate::domain::playbook::Playbook;
use crate::domain::sequence::Sequence;
use crate::engine::{Engine, Read, Reader, limited, today};
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
    let applied = applied(store, access).await?;
    if access == Access::Write {
        keep(store, loaded, &applied).await?;
    }
    let mut playbook = loaded.playbook.clone();
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
    for one in &applied {
        let aside = playbook.sequences.get(&one.name).filter(|file| one.set_aside.as_ref() == Some(&file.version));
        if aside.is_some()
            && let Some(older) = playbook.versions.get(&one.version).cloned()
        {
            playbook.sequences.insert(one.name.clone(), older);
        }
    }
    Ok(playbook)
}

/// What is applied to those in flight; nothing where somebody only looks at a database that does not know of it yet.
async fn applied(store: &Store, access: Access) -> Result<Vec<Applied>, StoreError> {
    let found = if access == Access::ReadOnly && store.schema().await? < APPLIED {
        Vec::new()
    } else {
        store.applied().await?
    };
    Ok(found.into_iter().filter(|one| one.kind == KIND).collect())
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
        Ok(loaded) => Ok(Read { revisions: revisions(&loaded), playbook: loaded.playbook }),
        Err(Refused::Files(diagnostics)) => {
            let told = diagnostics.iter().filter(|one| one.is_error()).map(|one| {
                let (line, column) = one.position();
                format!("{}:{line}:{column}: {}", one.file(), one.message)
            });
            Err(told.collect())
        }
        Err(refused @ Refused::Folder { .. }) => Err(vec![refused.to_string()]),
    };
    Reader { files: Box::new(files), version: compiled, texts: |stored| compile::texts(&of_store(stored)) }
}

fn add(playbook: &mut Playbook, sequence: Sequence) {
    for template in sequence.templates.values() {
        playbook.templates.entry(template.version.clone()).or_insert_with(|| Arc::clone(template));
    }
    playbook.versions.insert(sequence.version.clone(), Arc::new(sequence));
}

/// The current versions as they are stored, with the commit they came from.
fn revisions(loaded: &Loaded) -> Vec<Revision> {
    let commit = commit_of(&loaded.config.workspace);
    let stored = |revision: &compile::Revision| Revision {
        version: revision.version.clone(),
        kind: KIND.to_owned(),
        name: revision.name.clone(),
        source: revision.source.clone(),
        commit: commit.clone(),
        file: format!("sequences/{}.yaml", revision.name),
        stored_at: wall(),
    };
    loaded.revisions.iter().map(stored).collect()
}

/// Stores the current versions, and takes out of force what has no file any more. What nobody can be in yet is applied with that; a file
/// that was set aside for an older version stays aside until it changes.
async fn keep(store: &Store, loaded: &Loaded, applied: &[Applied]) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    for revision in revisions(loaded) {
        let known = applied.iter().find(|one| one.name == revision.name);
        if known.is_some_and(|one| one.set_aside.as_ref() == Some(&revision.version)) {
            tracing::warn!(
                sequence = revision.name,
                "its file was set aside for an older version, which stays in force until the file changes or is applied"
            );
            continue;
        }
        tx.store_revision(&revision).await?;
        tx.first_applied(&Applied {
            kind: KIND.to_owned(),
            name: revision.name,
            version: revision.version,
            at: revision.stored_at,
            by: "first read".to_owned(),
            moving_to: None,
            set_aside: None,
        })
        .await?;
    }
    tx.commit().await?;
    let mut tx = store.begin().await?;
    tx.keep_intakes(&limited(&loaded.playbook), today(&loaded.playbook, wall())).await?;
    tx.commit().await?;
    for old in store.current_revisions().await? {
        if old.kind == KIND && !loaded.revisions.iter().any(|revision| revision.name == old.name) {
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
