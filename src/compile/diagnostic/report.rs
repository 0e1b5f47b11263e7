//! All mistakes of all files come out of one run, so they are gathered here while reading goes on.

use std::cell::RefCell;
use std::sync::Arc;

use super::{Code, Diagnostic, Severity};
use crate::compile::source::{Place, Source};

/// The texts read so far and what was found wrong in them.
#[derive(Debug, Default)]
pub struct Report {
    sources: RefCell<Vec<Arc<Source>>>,
    found: RefCell<Vec<Diagnostic>>,
    /// What is true only from a year on.
    later: RefCell<Vec<(i16, Diagnostic)>>,
}

impl Report {
    /// Takes in a text and gives it the number that places in it carry.
    pub fn add(&self, source: Source) -> usize {
        let mut sources = self.sources.borrow_mut();
        sources.push(Arc::new(source));
        sources.len() - 1
    }

    pub fn source(&self, number: usize) -> Arc<Source> {
        self.sources.borrow()[number].clone()
    }

    /// All texts read so far, by their numbers.
    pub fn sources(&self) -> Vec<Arc<Source>> {
        self.sources.borrow().clone()
    }

    /// Notes a mistake that keeps the files from being used, together with what to do about it.
    pub fn error_with(&self, code: Code, place: Place, message: impl Into<String>, hint: impl Into<Option<String>>) {
        self.note(Severity::Error, code, place, (message.into(), hint.into()));
    }

    /// Notes something that is allowed and probably not meant.
    pub fn warn(&self, code: Code, place: Place, message: impl Into<String>, hint: impl Into<Option<String>>) {
        self.note(Severity::Warning, code, place, (message.into(), hint.into()));
    }

    /// Notes a warning that is due from a year on: reading files knows no date.
    pub fn warn_from(&self, year: i16, code: Code, (place, message, hint): (Place, String, String)) {
        let diagnostic = self.made(Severity::Warning, code, place, (message, Some(hint)));
        self.later.borrow_mut().push((year, diagnostic));
    }

    /// Takes the warnings that are due from a year on.
    pub fn take_later(&self) -> Vec<(i16, Diagnostic)> {
        self.later.take()
    }

    /// How many errors were noted.
    pub fn errors(&self) -> usize {
        self.found.borrow().iter().filter(|one| one.is_error()).count()
    }

    /// Whether an error was noted that is not spared.
    pub fn has_errors_but(&self, is_spared: impl Fn(&Diagnostic) -> bool) -> bool {
        self.found.borrow().iter().any(|one| one.is_error() && !is_spared(one))
    }

    /// Whether no error was noted in a text.
    pub fn is_sound(&self, number: usize) -> bool {
        let source = self.source(number);
        !self.found.borrow().iter().any(|one| one.is_error() && Arc::ptr_eq(&one.source, &source))
    }

    /// Everything found, by file, then by place.
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        found.sort_by(|a, b| (a.file(), a.start, a.code, &a.message).cmp(&(b.file(), b.start, b.code, &b.message)));
        found.dedup();
        found
    }

    fn note(&self, severity: Severity, code: Code, place: Place, words: (String, Option<String>)) {
        let diagnostic = self.made(severity, code, place, words);
        self.found.borrow_mut().push(diagnostic);
    }

    fn made(&self, severity: Severity, code: Code, place: Place, words: (String, Option<String>)) -> Diagnostic {
        let source = self.source(place.source);
        let (start, end) = source.clip(place.start, place.end);
        Diagnostic { code, severity, source, start, end, message: words.0, hint: words.1 }
    }
}
