//! What new enrollments will ask of senders in a week, against what these may send in one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Files, mails};
use crate::compile::diagnostic::Code;
use crate::domain::calendar::{Calendar, Weekdays};
use crate::domain::playbook::{Sender, Settings};
use crate::domain::sequence::{Act, Sequence};
use crate::domain::time::Millis;

const WEEK: u64 = 7;

/// The mails of one sequence that the new leads of another bring in a week.
struct Load<'a> {
    /// The sequence whose `limits` say how many enter.
    root: &'a str,
    /// The senders they may leave by.
    senders: BTreeSet<&'a str>,
    calendar: &'a Calendar,
    mails: u64,
}

/// Tells the sequences that together want more of their senders than these can send.
pub fn volumes(files: Files<'_>, settings: &Settings) {
    let loads = loads(files, settings);
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for senders in shares(&loads) {
        let here: Vec<&Load<'_>> = loads.iter().filter(|load| load.senders.is_subset(&senders)).collect();
        // Each one alone may be more than its own window lets through, and all together more than theirs do.
        let each = here.iter().map(|load| vec![*load]);
        for group in each.chain([here.clone()]) {
            let wanted: u64 = group.iter().map(|load| load.mails).sum();
            let calendars: Vec<&Calendar> = group.iter().map(|load| load.calendar).collect();
            let Some(most) = capacity(&senders, &calendars, settings).filter(|most| wanted > *most) else { continue };
            for load in group {
                if told.insert(load.root)
                    && let Some(place) = files.key(load.root, "limits")
                {
                    let names = senders.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
                    let message = format!(
                        "those who enter in a week may get {wanted} mails from {names}, and at most {most} can leave in its \
                         days and hours: the queue would grow"
                    );
                    let hint =
                        "lower `new_per_day`, open more days or hours, raise the sender's `per_day` or shorten its \
                                `gap`, or share the mails among more senders"
                            .to_owned();
                    files.report.warn(Code::TooManyMails, place, message, hint);
                }
            }
        }
    }
}

/// The sets of senders to look at: those of each load, and those that share a sender, together.
fn shares<'a>(loads: &[Load<'a>]) -> BTreeSet<BTreeSet<&'a str>> {
    let mut shares: BTreeSet<BTreeSet<&str>> = loads.iter().map(|load| load.senders.clone()).collect();
    for load in loads {
        let mut whole = load.senders.clone();
        let mut size = 0;
        while size < whole.len() {
            size = whole.len();
            let near = loads.iter().filter(|other| !other.senders.is_disjoint(&whole));
            whole = near.flat_map(|other| other.senders.iter().copied()).chain(whole.iter().copied()).collect();
        }
        shares.insert(whole);
    }
    shares
}

fn loads<'a>(files: Files<'a>, settings: &'a Settings) -> Vec<Load<'a>> {
    let mut loads = Vec::new();
    for (root, sequence) in files.sequences {
        let Some(new) = sequence.limits.new_per_day else { continue };
        for (name, one) in followed(files, root) {
            let Some(from) = &one.send.from else { continue };
            let senders = settings.senders_of(from).map(|sender| sender.name.as_str()).collect();
            let mails = u64::from(new) * WEEK * mails(one);
            if mails > 0 && files.is_sound(name) {
                loads.push(Load { root, senders, calendar: &one.send.calendar, mails });
            }
        }
    }
    loads
}

/// A sequence and all that its leads are enrolled into, but for those that say themselves how many enter.
fn followed<'a>(files: Files<'a>, root: &'a str) -> BTreeMap<&'a str, &'a Sequence> {
    let mut found = BTreeMap::new();
    let mut left = vec![root];
    while let Some(name) = left.pop() {
        let Some(one) = files.sequences.get(name) else { continue };
        if (name != root && one.limits.new_per_day.is_some()) || found.insert(name, one).is_some() {
            continue;
        }
        left.extend(one.steps.iter().filter_map(|step| match &step.act {
            Act::Enroll { sequence } => Some(sequence.as_str()),
            _ => None,
        }));
    }
    found
}

/// The most mails that senders can send in a week of these calendars; none where one of them has no limit.
fn capacity(senders: &BTreeSet<&str>, calendars: &[&Calendar], settings: &Settings) -> Option<u64> {
    let days = calendars.iter().fold(Weekdays::default(), |all, one| all.or(one.weekdays())).count();
    let mut windows: Vec<&Calendar> = Vec::new();
    for calendar in calendars {
        if !windows.iter().any(|known| known.same_hours(calendar)) {
            windows.push(calendar);
        }
    }
    // Windows that differ may overlap or not; together they are never more than all of them, or a day.
    let open = windows.iter().map(|one| one.working_day().0).sum::<i64>().min(Millis::DAY.0);
    let of = |sender: &Sender| {
        let by_gap = (sender.gap > Millis::ZERO).then(|| u64::try_from(open / sender.gap.0).unwrap_or(0) + 1);
        let by_day = sender.per_day.map(u64::from);
        by_gap.into_iter().chain(by_day).min()
    };
    let each: Option<Vec<u64>> = senders.iter().map(|name| settings.senders.get(*name).and_then(of)).collect();
    each.filter(|each| !each.is_empty()).map(|each| each.iter().sum::<u64>() * u64::from(days))
}
