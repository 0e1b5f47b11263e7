//! What every command works with: the workspace, the environment, and the paper it writes on.

use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::client::broken_files;
use super::failure::Failure;
use super::paper::{Paper, say};
use crate::clock::wall;
use crate::compile::diagnostic::{Diagnostic, render};
use crate::config::{self, Environment, Loaded, Refused};
use crate::domain::time::Instant;
use crate::engine::FailPoints;

/// Where the data is when the files cannot say.
const DATA: &str = "data";

pub struct Desk {
    pub workspace: PathBuf,
    pub environment: Environment,
    pub paper: Paper,
}

impl Desk {
    /// The data folder of the workspace, and its zone for all times shown from now on. Errors in other files change neither, since a
    /// daemon may still be running its last good ones; where the settings themselves cannot be read, both are the usual.
    pub fn settle(&mut self) -> Result<PathBuf, Failure> {
        let home = config::check(&self.workspace, &self.environment)?.home;
        self.paper.in_zone(home.zone.unwrap_or(TimeZone::UTC));
        Ok(self.workspace.join(home.data.unwrap_or_else(|| PathBuf::from(DATA))))
    }

    /// The workspace with its secrets, or its mistakes shown.
    pub fn load(&self) -> Result<Loaded, Failure> {
        match config::load(&self.workspace, &self.environment) {
            Ok(loaded) => Ok(loaded),
            Err(Refused::Files(diagnostics)) => Err(self.refused(&diagnostics)),
            Err(other) => Err(other.into()),
        }
    }

    /// Where a test ends this process, if it does.
    pub fn fail_points(&self) -> Result<FailPoints, Failure> {
        let named = self.environment.get("OVERTURE_FAIL_POINT").filter(|text| !text.is_empty());
        named.map_or_else(|| Ok(FailPoints::default()), |text| FailPoints::parse(text).map_err(Failure::broken))
    }

    /// Reads `2026-01-05`, `2026-01-05 09:00` (of the workspace's zone) or RFC 3339; now if nothing is given.
    pub fn instant(&self, text: Option<&str>) -> Result<Instant, Failure> {
        let Some(text) = text else { return Ok(wall()) };
        if let Ok(at) = text.parse::<jiff::Timestamp>() {
            return Ok(Instant::from_jiff(at));
        }
        let read = text.parse::<jiff::civil::DateTime>().and_then(|local| local.to_zoned(self.paper.zone().clone()));
        read.map(|zoned| Instant::from_jiff(zoned.timestamp())).map_err(|_| {
            Failure::broken(format!("`{text}` is no point in time"))
                .hint("write `2026-01-05`, `2026-01-05 09:00` (local) or `2026-01-05T08:00:00Z`")
        })
    }

    /// Who does what is done by hand: the name of the person at the terminal.
    pub fn by(&self) -> String {
        self.environment.get("USER").filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| "operator".to_owned())
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
        broken_files(errors)
    }
}

/// The year it is, in UTC.
pub fn this_year() -> i16 {
    wall().to_jiff().to_zoned(TimeZone::UTC).year()
}

/// `error` or `errors`.
pub fn plural(count: usize, word: &str) -> String {
    match (count, word.ends_with("ch")) {
        (1, _) => word.to_owned(),
        (_, true) => format!("{word}es"),
        (_, false) => format!("{word}s"),
    }
}
