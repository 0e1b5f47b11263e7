//! The figures as tables and as JSON.

use serde_json::{Value, json};

use super::super::desk::plural;
use super::super::failure::Failure;
use super::super::paper::Paper;
use super::{Asked, Side, tried};
use crate::domain::time::{Instant, Millis};
use crate::sim::simulate::{Figures, Histogram, Mark, RepFigures, SenderFigures, quantile};

/// What the numbers of a page or a table are about.
pub fn headline(asked: &Asked) -> String {
    let (days, seed) = (asked.days, asked.seed);
    let whom = if asked.from_database { "in flight" } else { "made-up" };
    let word = if asked.leads == 1 { "lead" } else { "leads" };
    format!("{} {whom} {word}, {days} {}, seed {seed}", grouped(asked.leads as u64), plural(days as usize, "day"))
}

/// The date of a day of the figures.
pub fn date(figures: &Figures, day: usize) -> String {
    let at = figures.start + Millis::HOUR.times(12) + Millis::DAY.times(i64::try_from(day).unwrap_or(0));
    at.to_jiff().to_zoned(figures.zone.clone()).strftime("%a %Y-%m-%d").to_string()
}

pub fn print(asked: &Asked, sides: &[Side], paper: &mut Paper) -> Result<(), Failure> {
    paper.heading(&headline(asked))?;
    paper.line("")?;
    funnel(sides, paper)?;
    senders(sides, paper)?;
    steps(sides, paper)?;
    tried::print(sides, paper)?;
    reps(sides, paper)?;
    let mut rows = Vec::new();
    for Side { name, figures } in sides {
        rows.push(vec![
            name.clone(),
            shown(quantile(&figures.weeks, 50)),
            shown(quantile(&figures.weeks, 95)),
            shown(figures.weeks.largest()),
            shown(quantile(&figures.to_sql, 50)),
            shown(quantile(&figures.to_sql, 90)),
        ]);
    }
    let head = ["workspace", "mails a lead in a week with any: median", "p95", "most", "days to SQL: median", "p90"];
    table(sides, &head, rows, paper)
}

/// A table whose first column is the workspace, which is left out where there is one alone.
pub fn table(sides: &[Side], head: &[&str], mut rows: Vec<Vec<String>>, paper: &mut Paper) -> Result<(), Failure> {
    paper.line("")?;
    if sides.len() > 1 {
        return paper.table(head, &rows);
    }
    for row in &mut rows {
        row.drain(..1);
    }
    paper.table(&head[1..], &rows)
}

fn funnel(sides: &[Side], paper: &mut Paper) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for mark in Mark::ALL {
        let mut row = vec![mark.as_str().to_owned()];
        for Side { figures, .. } in sides {
            let count = figures.reached.get(&mark).copied().unwrap_or(0);
            row.extend([grouped(count), share(count, figures.reached.get(&Mark::Lead).copied().unwrap_or(0))]);
        }
        rows.push(row);
    }
    let one = sides.len() == 1;
    let names = sides.iter().flat_map(|side| [if one { "how many" } else { side.name.as_str() }, "of leads"]);
    paper.table(&std::iter::once("funnel").chain(names).collect::<Vec<_>>(), &rows)
}

fn senders(sides: &[Side], paper: &mut Paper) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for Side { name, figures } in sides {
        for (sender, of) in &figures.senders {
            rows.push(vec![
                name.clone(),
                sender.clone(),
                grouped(of.total()),
                of.sent.iter().max().map_or("0".to_owned(), |most| grouped(u64::from(*most))),
                of.limit.map_or("none".to_owned(), |limit| grouped(u64::from(limit))),
                grouped(of.waiting().iter().copied().max().unwrap_or(0)),
                grows(figures, of),
            ]);
        }
    }
    let head = ["workspace", "sender", "mails", "most a day", "limit a day", "most waiting", "the queue grows from"];
    table(sides, &head, rows, paper)
}

/// The day from which a sender's queue grows, as a date.
pub fn grows(figures: &Figures, of: &SenderFigures) -> String {
    of.grows_from().map_or_else(|| "never".to_owned(), |day| date(figures, day))
}

fn steps(sides: &[Side], paper: &mut Paper) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for Side { name, figures } in sides {
        for (sequence, of) in figures.sequences.iter().filter(|(_, of)| of.entered > 0) {
            for (step, count) in &of.steps {
                rows.push(vec![
                    name.clone(),
                    sequence.clone(),
                    step.clone(),
                    grouped(count.sent),
                    share(count.opened, count.sent),
                    share(count.clicked, count.sent),
                    share(count.replied, count.sent),
                ]);
            }
        }
    }
    table(sides, &["workspace", "sequence", "step", "sent", "opened", "clicked", "replied"], rows, paper)
}

fn reps(sides: &[Side], paper: &mut Paper) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for Side { name, figures } in sides {
        for (rep, of) in &figures.reps {
            rows.push(vec![
                name.clone(),
                rep.clone(),
                grouped(of.handoffs),
                of.by_day.iter().max().map_or("0".to_owned(), ToString::to_string),
                share(of.in_time, answered(of)),
                grouped(of.breached),
                grouped(of.unanswered),
                grouped(of.most_open),
                shown(quantile(&of.minutes, 50)),
                shown(quantile(&of.minutes, 90)),
            ]);
        }
    }
    let head = [
        "workspace",
        "rep",
        "handoffs",
        "most a day",
        "in time",
        "breached",
        "unanswered",
        "most open",
        "minutes to answer: median",
        "p90",
    ];
    table(sides, &head, rows, paper)
}

/// Handoffs that were answered, in time or late.
pub const fn answered(of: &RepFigures) -> u64 {
    of.in_time + of.late
}

pub fn json(asked: &Asked, sides: &[Side]) -> Value {
    json!({
        "leads": asked.leads, "days": asked.days, "seed": asked.seed, "start": asked.start.to_string(),
        "from_database": asked.from_database,
        "workspaces": sides.iter().map(side).collect::<Vec<_>>(),
    })
}

fn side(Side { name, figures }: &Side) -> Value {
    let reached: Value = Mark::ALL
        .iter()
        .map(|mark| (mark.as_str().to_owned(), json!(figures.reached.get(mark).unwrap_or(&0))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let senders = figures.senders.iter().map(|(sender, of)| {
        let grows = of.grows_from().map(|day| date(figures, day).split_off(4));
        let told = json!({
            "limit": of.limit, "mails": of.total(), "sent": of.sent, "waiting": of.waiting(), "queue_grows_from": grows,
        });
        (sender.clone(), told)
    });
    let sequences = figures.sequences.iter().map(|(sequence, of)| {
        let step = |(id, count): &(String, crate::sim::simulate::StepFigures)| {
            json!({
                "step": id, "sent": count.sent, "opened": count.opened, "clicked": count.clicked, "replied": count.replied,
            })
        };
        let steps: Vec<Value> = of.steps.iter().map(step).collect();
        (sequence.clone(), json!({ "entered": of.entered, "ended": of.ended, "steps": steps }))
    });
    let reps = figures.reps.iter().map(|(rep, of)| {
        let told = json!({
            "handoffs": of.handoffs, "in_time": of.in_time, "late": of.late, "breached": of.breached,
            "unanswered": of.unanswered, "open_at_end": of.open, "most_open": of.most_open, "by_day": of.by_day,
            "minutes_to_answer": spread(&of.minutes),
        });
        (rep.clone(), told)
    });
    json!({
        "name": name, "decisions": figures.decisions, "funnel": reached,
        "senders": senders.collect::<serde_json::Map<_, _>>(),
        "sequences": sequences.collect::<serde_json::Map<_, _>>(),
        "reps": reps.collect::<serde_json::Map<_, _>>(),
        "experiments": figures.experiments.iter().map(tried::json).collect::<Vec<_>>(),
        "lead_weeks_by_mails": figures.weeks.counts, "days_to_sql": spread(&figures.to_sql),
    })
}

fn spread(of: &Histogram) -> Value {
    json!({ "count": of.total(), "median": quantile(of, 50), "p90": quantile(of, 90), "most": of.largest() })
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
        return "–".to_owned();
    }
    let tenths = (part * 1_000 + whole / 2) / whole;
    format!("{}.{} %", tenths / 10, tenths % 10)
}

pub fn shown(value: Option<usize>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| grouped(value as u64))
}

/// The local date of an instant.
pub fn day(at: Instant, figures: &Figures) -> String {
    at.to_jiff().to_zoned(figures.zone.clone()).strftime("%Y-%m-%d").to_string()
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
    }
}
