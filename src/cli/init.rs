//! A workspace begins as a copy of the example: one that runs is easier to change than an empty one is to fill.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::desk::{Desk, plural};
use super::failure::Failure;
use super::schema;
use super::shipped::FILES;

const AFTER: &str = "\
Copies config/, sequences/ and templates/ of the example: a trial nurture, an outbound cadence, a newsletter, the default scoring
model and a sales team of two. Files that are there already are left as they are. A .gitignore keeps data/ out of git. The JSON Schemas of this version go into
.overture/schemas, and the first line of each YAML file leads editors to them, so that they complete, explain and check every key.

Examples:
  overture init                 here, or in --workspace
  overture init my-company";

/// What git leaves alone: the database, the key and the mails of the sandbox.
const UNTRACKED: (&str, &str) = (".gitignore", "/data/\n");

/// Copies the example workspace into a folder
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Init {
    /// Where to; made if it is not there
    dir: Option<PathBuf>,
}

impl Init {
    pub fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let folder = self.dir.unwrap_or_else(|| desk.workspace.clone());
        let (mut copied, mut kept) = (Vec::new(), Vec::new());
        for (name, text) in FILES {
            let text = schema::refer(name) + text;
            if copy(&folder.join(name), &text)? { copied.push(*name) } else { kept.push(*name) }
        }
        let (name, text) = UNTRACKED;
        let which = if copy(&folder.join(name), text)? { &mut copied } else { &mut kept };
        which.push(name);
        schema::write(&folder.join(schema::FOLDER))?;
        if desk.paper.json {
            return desk.paper.value(&json!({ "folder": folder, "copied": copied, "kept": kept }));
        }
        let (made, left) = (copied.len(), kept.len());
        desk.paper.line(format!("{made} {} copied to {}", plural(made, "file"), folder.display()))?;
        if left > 0 {
            desk.paper.line(format!("{left} {} already there, left as they are", plural(left, "file")))?;
        }
        desk.paper.line(next(&folder))
    }
}

fn next(folder: &Path) -> String {
    let here = folder == Path::new(".");
    let go = if here { String::new() } else { format!("  cd {}\n", folder.display()) };
    format!(
        "\nNext:\n{go}  \
         edit config/overture.yaml       your name, postal address, zone and senders\n  \
         overture check                  explains what is wrong\n  \
         overture preview trial-nurture  every mail of a sequence, with its date\n  \
         overture run                    mails go to data/sandbox until you say `send: live`"
    )
}

/// Writes a file that is not there yet; false if it is.
fn copy(path: &Path, text: &str) -> Result<bool, Failure> {
    let failed = |error| Failure::broken(format!("cannot write {}: {error}", path.display()));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map(|()| true).map_err(failed),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(failed(error)),
    }
}
