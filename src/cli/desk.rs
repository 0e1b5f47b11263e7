//! What every command works with: the workspace, the environment, and the paper it writes on.

use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::failure::Failure;
use super::paper::{Paper, say};
use crate::compile::diagnostic::{Diagnostic, render};
use crate::config::{self, Environment};

/// Where the data is when the files cannot say.
const DATA: &str = "data";

pub struct Desk {
    pub workspace: PathBuf,
    pub environment: Environment,
    pub paper: Paper,
}

impl Desk {
    /// The data folder of the workspace, and its zone for all times shown from now on. A workspace whose files have errors has both
    /// where they are unless said otherwise, since a daemon may still be running its last good files.
    pub fn settle(&mut self) -> Result<PathBuf, Failure> {
        let compiled = config::check(&self.workspace, &self.environment)?;
        let zone = compiled.playbook.as_ref().and_then(|playbook| TimeZone::get(&playbook.settings.zone).ok());
        self.paper.in_zone(zone.unwrap_or(TimeZone::UTC));
        let data = compiled.daemon.map_or_else(|| PathBuf::from(DATA), |daemon| daemon.data);
        Ok(self.workspace.join(data))
    }

    /// Whether colours are wanted on standard error.
    pub fn colour_beside(&self) -> bool {
        use std::io::IsTerminal;
        std::io::stderr().is_terminal() && !self.environment.contains_key("NO_COLOR")
    }

    /// Shows what is wrong with the files, and fails with it.
    pub fn refused(&self, diagnostics: &[Diagnostic]) -> Failure {
        say(render(diagnostics, self.colour_beside()).trim_end());
        let errors = diagnostics.iter().filter(|one| one.is_error()).count();
        Failure::broken(format!("the workspace has {errors} {}", plural(errors, "error")))
            .hint("mend them; `overture check` shows them again")
    }
}

/// `error` or `errors`.
pub fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}
