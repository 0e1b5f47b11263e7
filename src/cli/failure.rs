//! A command that could not do what it was asked says so in a sentence, what to do about it, and by its exit code.

use std::io;
use std::process::ExitCode;

use crate::config::Refused;
use crate::daemon::StartError;
use crate::store::StoreError;

/// Exit code of a command that ran and found a fault, or was told no.
const NO: u8 = 1;
/// Exit code of a command that could not run.
const BROKEN: u8 = 2;

/// Why a command did not end well.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    code: u8,
    /// Empty if all was said already.
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// The command ran; the answer is no.
    pub fn no(message: impl Into<String>) -> Self {
        Self { code: NO, message: message.into(), hint: None }
    }

    /// The command could not run: the machine, the files or the database keep it from it.
    pub fn broken(message: impl Into<String>) -> Self {
        Self { code: BROKEN, message: message.into(), hint: None }
    }

    /// The command said all there is to say, and the answer is no.
    pub const fn said() -> Self {
        Self { code: NO, message: String::new(), hint: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What to print on standard error, if anything.
    pub fn text(&self) -> Option<String> {
        if self.message.is_empty() {
            return None;
        }
        let hint = self.hint.as_ref().map_or_else(String::new, |hint| format!("\n  {hint}"));
        Some(format!("overture: {}{hint}", self.message))
    }

    pub fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

/// A reader that went away (`overture leads list | head`) is no failure; anything else keeps the command from being read.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self { code: 0, message: String::new(), hint: None };
        }
        Self::broken(format!("cannot write the output: {error}"))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::broken(chain(&error))
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::broken(chain(&refused))
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::broken(chain(&error))
    }
}

/// An error with its causes, the outermost first.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        cause = inner.source();
    }
    text
}
