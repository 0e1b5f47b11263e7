//! A typo in a file is found before it is run: all mistakes of all files at once, underlined.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::desk::{Desk, plural, this_year};
use super::failure::Failure;
use crate::clock::wall;
use crate::compile::Compiled;
use crate::compile::diagnostic::{annotations, render, to_json};
use crate::config;
use crate::daemon::watch_files;

const AFTER: &str = "\
Needs no database, no network and no secrets, so it runs in any CI. In GitHub's, `--format github` shows each mistake beside its line.

Examples:
  overture check
  overture check --watch                        anew at each save, until Ctrl-C
  overture check ../campaigns --format json | jq '.diagnostics[].message'

Exit codes: 0 no errors (warnings are shown), 1 errors, 2 the folder cannot be read.";

/// How often modification times are looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Checks every file of a workspace and explains every mistake
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Check {
    /// The workspace; the one of --workspace if not given
    dir: Option<PathBuf>,
    /// How mistakes are shown
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Checks anew whenever a file changes, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Github,
}

impl Check {
    pub fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        if desk.paper.json && self.format == Format::Github {
            return Err(Failure::broken("--json and --format github cannot be had at once"));
        }
        let folder = self.dir.clone().unwrap_or_else(|| desk.workspace.clone());
        if self.watch {
            return self.watch(&folder, desk);
        }
        if self.once(&folder, desk)? > 0 { Err(Failure::said()) } else { Ok(()) }
    }

    /// Checks at each change of a modification time; ends with the process.
    fn watch(&self, folder: &Path, desk: &mut Desk) -> Result<(), Failure> {
        loop {
            let seen = watch_files(folder);
            self.once(folder, desk)?;
            if self.format == Format::Text && !desk.paper.json {
                let at = desk.paper.time(wall());
                let zone = desk.paper.zone_name().to_owned();
                desk.paper.line(format!("checked at {at} ({zone}); watching for changes, Ctrl-C ends\n"))?;
            }
            desk.paper.flush()?;
            while watch_files(folder) == seen {
                rest();
            }
        }
    }

    /// Checks and prints; gives the number of errors.
    fn once(&self, folder: &Path, desk: &mut Desk) -> Result<usize, Failure> {
        let compiled = config::check(folder, &desk.environment)?;
        // While the settings cannot be read, the zone stays what it was.
        if let Some(zone) = &compiled.home.zone {
            desk.paper.in_zone(zone.clone());
        }
        let found = &compiled.told_in(this_year());
        let errors = found.iter().filter(|one| one.is_error()).count();
        let warnings = found.len() - errors;
        if self.format == Format::Json || desk.paper.json {
            desk.paper.value(&json!({ "errors": errors, "warnings": warnings, "diagnostics": to_json(found) }))?;
            return Ok(errors);
        }
        let drawn = match self.format {
            Format::Github => annotations(found, &prefix(folder)),
            Format::Text | Format::Json => render(found, desk.paper.colour),
        };
        if !drawn.is_empty() {
            desk.paper.as_it_is(drawn.trim_end())?;
            desk.paper.line("")?;
        }
        desk.paper.line(summary(&compiled, errors, warnings))?;
        // Errors first: they are what keeps the files from being used.
        if let Some(first) = found.iter().min_by_key(|one| one.severity) {
            desk.paper.line(format!("`overture explain {}` tells the long story", first.code.id()))?;
        }
        Ok(errors)
    }
}

fn summary(compiled: &Compiled, errors: usize, warnings: usize) -> String {
    let (bad, odd) = (plural(errors, "error"), plural(warnings, "warning"));
    let files = compiled.playbook.as_ref().map_or_else(String::new, |playbook| {
        let count = playbook.sequences.len();
        format!(": {count} {} can run", plural(count, "sequence"))
    });
    format!("{errors} {bad}, {warnings} {odd}{files}")
}

/// What leads from where the command runs to the files, as GitHub names them: with slashes, without `.`.
fn prefix(folder: &Path) -> String {
    let parts = folder.components().filter_map(|part| match part {
        Component::CurDir => None,
        Component::RootDir => Some(String::new()),
        other => Some(other.as_os_str().to_string_lossy().into_owned()),
    });
    parts.map(|part| part + "/").collect()
}

#[expect(clippy::disallowed_methods, reason = "somebody looks on, and ends it")]
fn rest() {
    std::thread::sleep(LOOK);
}
