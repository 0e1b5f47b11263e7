//! A typo in a file is found before it is run: all mistakes of all files at once, underlined.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::desk::{Desk, plural, this_year};
use super::failure::Failure;
use crate::compile::diagnostic::{render, to_json};
use crate::config;

const AFTER: &str = "\
Needs no database, no network and no secrets, so it runs in any CI.

Examples:
  overture check
  overture check ../campaigns --format json | jq '.diagnostics[].message'

Exit codes: 0 no errors (warnings are shown), 1 errors, 2 the folder cannot be read.";

/// Checks every file of a workspace and explains every mistake
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Check {
    /// The workspace; the one of --workspace if not given
    dir: Option<PathBuf>,
    /// How mistakes are shown
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Check {
    pub fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let folder = self.dir.unwrap_or_else(|| desk.workspace.clone());
        let compiled = config::check(&folder, &desk.environment)?;
        let found = &compiled.told_in(this_year());
        let errors = found.iter().filter(|one| one.is_error()).count();
        let warnings = found.len() - errors;
        if self.format == Format::Json || desk.paper.json {
            desk.paper.value(&json!({ "errors": errors, "warnings": warnings, "diagnostics": to_json(found) }))?;
        } else {
            let drawn = render(found, desk.paper.colour);
            if !drawn.is_empty() {
                desk.paper.line(drawn.trim_end())?;
                desk.paper.line("")?;
            }
            let (bad, odd) = (plural(errors, "error"), plural(warnings, "warning"));
            let files = compiled.playbook.as_ref().map_or_else(String::new, |playbook| {
                let count = playbook.sequences.len();
                format!(": {count} {} can run", plural(count, "sequence"))
            });
            desk.paper.line(format!("{errors} {bad}, {warnings} {odd}{files}"))?;
        }
        if errors > 0 { Err(Failure::said()) } else { Ok(()) }
    }
}
