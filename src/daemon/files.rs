//! The files in force: what changed is stored as a new version for new enrollments, those in flight finish the version they began.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::assemble::StartError;
use super::revision::commit_of;
use crate::clock::wall;
use crate::compile;
use crate::config::{self, Environment, Loaded, Refused};
use crate::domain::playbook::Playbook;
use crate::domain::sequence::Sequence;
use crate::engine::{Engine, limited, today};
use crate::store::revisions::Revision;
use crate::store::{Access, Store, StoreError};

const KIND: &str = "sequence";

/// Stores what changed, and joins the files with every version somebody may still be in or have mail from.
///
/// # Errors
/// The store cannot be read or written.
pub async fn merge(store: &Store, loaded: &Loaded, access: Access) -> Result<Playbook, StartError> {
    if access == Access::Write {
        keep(store, loaded).await?;
    }
    let mut playbook = loaded.playbook.clone();
    for stored in store.all_revisions(KIND).await? {
        if playbook.versions.contains_key(&stored.version) {
            continue;
        }
        let revision = compile::Revision { version: stored.version, name: stored.name, source: stored.source };
        if let Ok(sequence) = compile::revision(&revision) {
            add(&mut playbook, sequence);
        } else {
            tracing::error!(
                sequence = revision.name,
                version = revision.version,
                "a stored version cannot be read; whoever is in it cannot go on"
            );
        }
    }
    Ok(playbook)
}

fn add(playbook: &mut Playbook, sequence: Sequence) {
    for template in sequence.templates.values() {
        playbook.templates.entry(template.version.clone()).or_insert_with(|| Arc::clone(template));
    }
    playbook.versions.insert(sequence.version.clone(), Arc::new(sequence));
}

/// Stores the current versions, and takes out of force what has no file any more.
async fn keep(store: &Store, loaded: &Loaded) -> Result<(), StoreError> {
    let commit = commit_of(&loaded.config.workspace);
    let mut tx = store.begin().await?;
    for revision in &loaded.revisions {
        tx.store_revision(&Revision {
            version: revision.version.clone(),
            kind: KIND.to_owned(),
            name: revision.name.clone(),
            source: revision.source.clone(),
            commit: commit.clone(),
            file: format!("sequences/{}.yaml", revision.name),
            stored_at: wall(),
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
