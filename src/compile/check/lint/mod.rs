//! What is allowed and probably not meant: seen only when all files lie side by side.

mod brought;
mod circles;
mod groups;
mod machines;
mod reach;
mod volumes;
mod ways;

use std::collections::BTreeMap;

use crate::compile::diagnostic::{Code, Report};
use crate::compile::source::Place;
use crate::domain::playbook::Settings;
use crate::domain::routing::Staff;
use crate::domain::sequence::{Act, Sequence, Step};

/// All sequences with the numbers of their files.
#[derive(Clone, Copy)]
pub struct Files<'a> {
    pub sequences: &'a BTreeMap<String, Sequence>,
    pub numbers: &'a BTreeMap<String, usize>,
    pub report: &'a Report,
}

/// Looks at all sequences together.
pub fn lint(files: Files<'_>, settings: &Settings, staff: &Staff) {
    for (name, sequence) in files.sequences {
        lonely_thread(files, name, sequence);
        machines::machine_opens(files, name, sequence);
        reach::unreachable(files, name, sequence);
        never_seen(files, name, sequence);
        brought::never_brought(files, name, sequence);
    }
    circles::circles(files, staff);
    volumes::volumes(files, settings);
    groups::groups(files);
}

impl Files<'_> {
    /// The line of a sequence's file that begins with a key, else its top.
    fn key(self, name: &str, key: &str) -> Option<Place> {
        let number = *self.numbers.get(name)?;
        let source = self.report.source(number);
        let starts = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
        let at = source.text.lines().position(starts).map_or(0, |line| source.byte(line + 1, 1));
        Some(Place { source: number, start: at, end: at + key.len() })
    }

    /// Whether a sequence's file has no error: what is broken leaves gaps, and would be told twice.
    fn is_sound(self, name: &str) -> bool {
        self.numbers.get(name).is_some_and(|number| self.report.is_sound(*number))
    }

    fn step(self, name: &str, step: &Step) -> Option<Place> {
        self.line(name, step.line)
    }

    fn line(self, name: &str, line: usize) -> Option<Place> {
        let number = *self.numbers.get(name)?;
        let at = self.report.source(number).byte(line, 1);
        Some(Place { source: number, start: at, end: at + 1_000 })
    }
}

/// A thread needs a mail to follow, on the way of one lead.
fn lonely_thread(files: Files<'_>, name: &str, sequence: &Sequence) {
    let mails = mails(sequence);
    if sequence.send.thread
        && mails < 2
        && let Some(place) = files.key(name, "send")
    {
        let message = match mails {
            0 => "`thread: true` has nothing to follow: this sequence sends no mail",
            _ => "`thread: true` has nothing to follow: no lead gets two mails of this sequence",
        };
        files.report.warn(Code::LonelyThread, place, message, "remove `thread`, or write the follow-up".to_owned());
    }
}

/// A winner by opens or clicks that nobody counts is never found.
fn never_seen(files: Files<'_>, name: &str, sequence: &Sequence) {
    let track = sequence.send.track;
    for (step, experiment) in sequence.experiments() {
        let what = match experiment.winner.as_ref().map(|winner| winner.by.as_str()) {
            Some("opened") if !track.opens => "opens",
            Some("clicked") if !track.clicks => "clicks",
            _ => continue,
        };
        if let Some(place) = files.step(name, step) {
            let message = format!("no winner is ever found: this sequence does not track {what}");
            let hint = format!("add `{what}` to `send.track`, or choose by `replied`");
            files.report.warn(Code::NeverSeen, place, message, hint);
        }
    }
}

/// The most mails one lead can get of a sequence.
fn mails(sequence: &Sequence) -> u64 {
    // Every way leads onward, so the longest one is found from the last step to the first.
    let mut most = vec![0_u64; sequence.steps.len() + 1];
    for (at, step) in sequence.steps.iter().enumerate().rev() {
        let after = |next: Option<usize>| next.and_then(|next| most.get(next)).copied().unwrap_or(0);
        most[at] = match &step.act {
            Act::Branch { arms, otherwise } => {
                arms.iter().map(|arm| after(arm.then)).chain([after(*otherwise)]).max().unwrap_or(0)
            }
            Act::Split(ways) => ways.iter().map(|way| after(way.then)).max().unwrap_or(0),
            Act::Email { .. } => 1 + after(step.next),
            _ => after(step.next),
        };
    }
    most.first().copied().unwrap_or(0)
}
