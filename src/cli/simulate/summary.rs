//! The words that all outputs of a simulation share: numbers, dates, and what a person should see first.

use super::super::desk::plural;
use super::{Asked, Side, tried};
use crate::sim::simulate::{Figures, Mark, SenderFigures, quantile};

/// Something a person should see first.
pub struct Finding {
    /// `bad`, `odd`, or nothing.
    pub tone: &'static str,
    pub text: String,
}

/// What the numbers of a page or a table are about.
pub fn headline(asked: &Asked) -> String {
    let (leads, days) = (grouped(asked.leads as u64), asked.days);
    let word = plural(asked.leads, "lead");
    let whom =
        if asked.from_database { format!("{leads} {word} in flight") } else { format!("{leads} made-up {word}") };
    format!("{whom}, {days} {}, seed {}", plural(days as usize, "day"), asked.seed)
}

/// What to know of a workspace's year before its numbers.
pub fn findings(asked: &Asked, side: &Side, named: bool) -> Vec<Finding> {
    let whose = if named { format!("{}: ", side.name) } else { String::new() };
    let figures = &side.figures;
    let mut all: Vec<(&'static str, String)> = Vec::new();
    if !asked.paused.is_empty() {
        all.push(("odd", format!("paused now, and for all of these days: {}", asked.paused.join(", "))));
    }
    let queues: Vec<_> = figures.senders.iter().filter_map(|(name, of)| queue(figures, name, of)).collect();
    if queues.is_empty() {
        all.push(("", "every sender keeps up: none ever has more waiting than a day carries".to_owned()));
    }
    all.extend(queues.into_iter().map(|text| ("bad", text)));
    let count = |mark| figures.reached.get(&mark).copied().unwrap_or(0);
    let (sql, leads) = (count(Mark::Sql), count(Mark::Lead));
    let within =
        quantile(&figures.to_sql, 50).map(|half| format!(", half of them within {}", counted(half as u64, "day")));
    let reach = format!("{} of {} reach sales ({})", grouped(sql), counted(leads, "lead"), share(sql, leads));
    all.push(("", reach + &within.unwrap_or_default()));
    all.extend(figures.experiments.iter().map(|one| ("", tried::said(one))));
    let waiting = figures.sequences.iter().filter(|(_, of)| of.waiting > 0);
    all.extend(
        waiting.map(|(name, of)| ("odd", format!("{} for room in {name} at the end", wait(of.waiting, "lead")))),
    );
    all.extend(sales(figures));
    all.into_iter().map(|(tone, text)| Finding { tone, text: format!("{whose}{text}") }).collect()
}

/// What is to be said of a sender that does not carry all it is given.
fn queue(figures: &Figures, name: &str, of: &SenderFigures) -> Option<String> {
    let (backlog, carries) = (of.backlog()?, of.carries()?);
    let waiting = of.waiting();
    let last = waiting.last().copied().unwrap_or(0);
    let from = date(figures, backlog.from);
    if of.stopped {
        return Some(format!(
            "{name} is paused: {} from {from} on, {} at the end",
            wait(waiting[backlog.from], "mail"),
            grouped(last)
        ));
    }
    let most = waiting.iter().copied().max().unwrap_or(0);
    let more = format!("the queue of {name} is longer than a day carries, {}, from {from}", counted(carries, "mail"));
    Some(match backlog.gone {
        Some(day) => format!("{more} until {}: {} at most", date(figures, day), wait(most, "mail")),
        None if carries == 0 => format!("{more} on: {} at the end", wait(last, "mail")),
        None => {
            let days = counted(last.div_ceil(carries), "day");
            format!("{more} on: {} at the end, which is {days} of sending", wait(last, "mail"))
        }
    })
}

/// What is to be said of handoffs, tasks and reps.
fn sales(figures: &Figures) -> Vec<(&'static str, String)> {
    let reps = || figures.reps.values();
    let (handoffs, tasks): (u64, u64) = (reps().map(|of| of.handoffs).sum(), reps().map(|of| of.tasks.asked).sum());
    let (in_time, answered) = reps().fold((0, 0), |(met, all), of| (met + of.in_time, all + of.answered()));
    let unanswered: u64 = reps().map(|of| of.unanswered).sum();
    let mut all = Vec::new();
    if handoffs > 0 {
        let tone = if unanswered * 10 > handoffs { "odd" } else { "" };
        let met = format!("{} of those that were answered in time", share(in_time, answered));
        all.push((tone, format!("{}: {met}, {} never answered", counted(handoffs, "handoff"), grouped(unanswered))));
    }
    if tasks > 0 {
        let (done, late) = reps().fold((0, 0), |(done, late), of| (done + of.tasks.done, late + of.tasks.late));
        all.push(("", format!("{}: {} done, {} late", counted(tasks, "task"), grouped(done), grouped(late))));
    }
    let behind = reps().filter_map(|of| Some((of, of.work.behind_from?)));
    all.extend(behind.map(|(of, day)| {
        let text = format!(
            "{} has more than a day holds from {}: handoffs and tasks wait for longer than a working day",
            of.name,
            date(figures, day)
        );
        ("bad", text)
    }));
    all
}

/// `1 mail waits`, `1,200 mails wait`.
fn wait(count: u64, word: &str) -> String {
    format!("{} {}", counted(count, word), if count == 1 { "waits" } else { "wait" })
}

/// `1 day`, `1,200 days`.
pub fn counted(count: u64, word: &str) -> String {
    format!("{} {}", grouped(count), plural(usize::try_from(count).unwrap_or(usize::MAX), word))
}

/// The date of a day of the figures, with its weekday.
pub fn date(figures: &Figures, day: usize) -> String {
    figures.date(day).strftime("%a %Y-%m-%d").to_string()
}

/// `12,345`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `12.3 %`, or a dash of nothing.
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return NONE.to_owned();
    }
    let tenths = (part * 1_000 + whole / 2) / whole;
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// What stands where there is no number.
pub const NONE: &str = "–";

/// How many of a step's mails had something come of them; of webhooks and tasks nothing is asked.
pub fn share_of_mails(part: u64, step: &crate::sim::simulate::StepFigures) -> String {
    if step.kind == "email" { share(part, step.sent) } else { NONE.to_owned() }
}

pub fn shown(value: Option<usize>) -> String {
    value.map_or_else(|| NONE.to_owned(), |value| grouped(value as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_at_a_glance() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            (share(1, 3), share(0, 0), share(2, 2)),
            ("33.3 %".to_owned(), "–".to_owned(), "100.0 %".to_owned())
        );
        assert_eq!((counted(1, "day"), wait(1_200, "mail")), ("1 day".to_owned(), "1,200 mails wait".to_owned()));
    }
}
