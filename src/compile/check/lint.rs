//! What is allowed and probably not meant: seen only when all files lie side by side.

use std::collections::{BTreeMap, BTreeSet};

use crate::compile::diagnostic::{Code, Report};
use crate::compile::source::Place;
use crate::domain::playbook::Settings;
use crate::domain::sequence::{Act, Again, Limits, Sequence, Step, Trigger};

/// All sequences with the numbers of their files.
#[derive(Clone, Copy)]
pub struct Files<'a> {
    pub sequences: &'a BTreeMap<String, Sequence>,
    pub numbers: &'a BTreeMap<String, usize>,
    pub report: &'a Report,
}

/// Looks at all sequences together.
pub fn lint(files: Files<'_>, settings: &Settings) {
    for (name, sequence) in files.sequences {
        lonely_thread(files, name, sequence);
        machine_opens(files, name, sequence);
        same_question(files, name, sequence);
        never_seen(files, name, sequence);
    }
    volumes(files, settings);
    groups(files);
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

    fn step(self, name: &str, step: &Step) -> Option<Place> {
        let number = *self.numbers.get(name)?;
        let at = self.report.source(number).byte(step.line, 1);
        Some(Place { source: number, start: at, end: at + 1_000 })
    }
}

/// A thread needs a mail to follow.
fn lonely_thread(files: Files<'_>, name: &str, sequence: &Sequence) {
    let mails = sequence.steps.iter().filter(|step| matches!(step.act, Act::Email { .. })).count();
    if sequence.send.thread
        && mails < 2
        && let Some(place) = files.key(name, "send")
    {
        let message = format!(
            "`thread: true` has nothing to follow: this sequence sends {mails} mail{}",
            if mails == 1 { "" } else { "s" }
        );
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

/// Handoffs that the open of a mail program or scanner could bring about with nothing else.
fn machine_opens(files: Files<'_>, name: &str, sequence: &Sequence) {
    let mut told = BTreeSet::new();
    for step in &sequence.steps {
        let asked = match &step.act {
            Act::Handoff { when: Some(when), .. } => by_machine(when.text()),
            Act::Branch { arms, otherwise } => arms.iter().any(|arm| {
                let others =
                    arms.iter().filter(|other| !std::ptr::eq(*other, arm)).map(|other| other.then).chain([*otherwise]);
                by_machine(arm.when.text()) && hands_off(sequence, arm.then, others)
            }),
            _ => false,
        };
        if asked
            && told.insert(step.line)
            && let Some(place) = files.step(name, step)
        {
            let hint =
                "leave out \"machines\", or ask for something only a person does beside it: `&& clicked(…)`".to_owned();
            let message = "a machine that opens or clicks a mail could bring about this handoff by itself";
            files.report.warn(Code::MachineHandoff, place, message, hint);
        }
    }
}

/// Whether one of its alternatives asks for nothing but what machines do.
fn by_machine(condition: &str) -> bool {
    condition.split("||").any(|part| {
        let part = part.trim().trim_matches(['(', ')']).trim();
        let call = part.starts_with("opened(") || part.starts_with("clicked(");
        call && !part.contains("&&") && (part.contains("\"machines\"") || part.contains("'machines'"))
    })
}

/// Whether a handoff can be reached from a step and not from the others.
fn hands_off(sequence: &Sequence, from: Option<usize>, others: impl Iterator<Item = Option<usize>>) -> bool {
    let elsewhere: BTreeSet<usize> = others.flat_map(|other| reached(sequence, other)).collect();
    let here = reached(sequence, from);
    here.difference(&elsewhere).any(|at| matches!(sequence.steps[*at].act, Act::Handoff { .. }))
}

/// All steps that can be reached from one, itself among them.
fn reached(sequence: &Sequence, from: Option<usize>) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<usize> = from.into_iter().collect();
    while let Some(at) = open.pop() {
        let Some(step) = sequence.steps.get(at).filter(|_| seen.insert(at)) else { continue };
        open.extend(step.next);
        match &step.act {
            Act::Branch { arms, otherwise } => {
                open.extend(arms.iter().map(|arm| arm.then).chain([*otherwise]).flatten());
            }
            Act::Split(ways) => open.extend(ways.iter().filter_map(|way| way.then)),
            _ => {}
        }
    }
    seen
}

/// An arm that asks what an arm before it asked is never taken.
fn same_question(files: Files<'_>, name: &str, sequence: &Sequence) {
    for step in &sequence.steps {
        let Act::Branch { arms, .. } = &step.act else { continue };
        let texts: Vec<&str> = arms.iter().map(|arm| arm.when.text()).collect();
        let again = texts.iter().enumerate().find(|(n, text)| texts[..*n].contains(text));
        if let Some((_, text)) = again
            && let Some(place) = files.step(name, step)
        {
            let message =
                format!("the steps under the second `{text}` can never be reached: the first one takes every lead");
            files.report.warn(Code::Unreachable, place, message, "ask something else, or remove it".to_owned());
        }
    }
}

/// What new enrollments of a day will ask of each sender, against what it may send in one.
fn volumes(files: Files<'_>, settings: &Settings) {
    let mut asked: BTreeMap<&str, u64> = BTreeMap::new();
    for sequence in files.sequences.values() {
        let (Some(from), Some(new)) = (&sequence.send.from, sequence.limits.new_per_day) else { continue };
        *asked.entry(from).or_default() += u64::from(new) * mails(sequence);
    }
    for (name, sequence) in files.sequences {
        let (Some(from), Some(_)) = (&sequence.send.from, sequence.limits.new_per_day) else { continue };
        // A pool carries what its members carry together.
        let caps: Option<Vec<u32>> = settings.senders_of(from).map(|sender| sender.per_day).collect();
        let Some(per_day) = caps.filter(|caps| !caps.is_empty()).map(|caps| caps.iter().sum::<u32>()) else { continue };
        let wanted = asked.get(from.as_str()).copied().unwrap_or(0);
        if wanted > u64::from(per_day)
            && let Some(place) = files.key(name, "limits")
        {
            let message = format!(
                "those who enter in a day may get {wanted} mails from `{from}`, which sends {per_day} a day: its queue would grow"
            );
            let hint =
                "lower `new_per_day`, raise the sender's `per_day`, or share the mails among more senders".to_owned();
            files.report.warn(Code::TooManyMails, place, message, hint);
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

/// Sequences of one exclusive group that want the same leads at the same moment.
fn groups(files: Files<'_>) {
    for (name, sequence) in files.sequences {
        let rivals = || {
            let same = |other: &&Sequence| {
                other.exclusive.is_some() && other.exclusive == sequence.exclusive && other.name != *name
            };
            files.sequences.values().filter(same)
        };
        let equal =
            rivals().find(|other| other.name > *name && other.priority == sequence.priority && shared(sequence, other));
        if let Some(other) = equal
            && let Some(place) = files.key(name, "exclusive")
        {
            let message = format!(
                "this and `{}` enroll on the same trigger in one exclusive group, with the same priority",
                other.name
            );
            let hint = "give one of them a larger `priority`, so that it is plain which one a lead enters".to_owned();
            files.report.warn(Code::EqualPriority, place, message, hint);
        }
        let all_taken = |triggers: &[Trigger]| {
            !triggers.is_empty() && triggers.iter().all(|one| rivals().any(|other| takes(other, sequence, one)))
        };
        if all_taken(&sequence.enroll)
            && !is_entered(files, name)
            && let Some(place) = files.key(name, "exclusive")
        {
            let message =
                "no lead can ever enter this sequence by itself: others of its exclusive group take every lead first";
            let hint = "raise its `priority`, or narrow the `when` of the others".to_owned();
            files.report.error_with(Code::Starves, place, message, hint);
        }
    }
}

fn shared(one: &Sequence, other: &Sequence) -> bool {
    one.enroll.iter().any(|a| other.enroll.iter().any(|b| same_moment(a, b)))
}

fn same_moment(a: &Trigger, b: &Trigger) -> bool {
    match (a, b) {
        (Trigger::Event { on, .. }, Trigger::Event { on: other, .. }) => on == other,
        (Trigger::Every { cron, .. }, Trigger::Every { cron: other, .. }) => cron == other,
        _ => false,
    }
}

/// Whether a rival takes every lead that this trigger would bring, each time.
fn takes(rival: &Sequence, sequence: &Sequence, trigger: &Trigger) -> bool {
    let text = |one: &Trigger| one.condition().map(|condition| condition.text().to_owned());
    let wider = |one: &Trigger| same_moment(one, trigger) && (text(one).is_none() || text(one) == text(trigger));
    let first = rival.priority > sequence.priority && rival.again == Again::Always && rival.limits == Limits::default();
    first && rival.stop.when.is_none() && rival.enroll.iter().any(wider)
}

/// Whether a step of another sequence enrolls into this one.
fn is_entered(files: Files<'_>, name: &str) -> bool {
    let enrolls = |step: &Step| matches!(&step.act, Act::Enroll { sequence } if sequence == name);
    files.sequences.values().any(|sequence| sequence.steps.iter().any(enrolls))
}
