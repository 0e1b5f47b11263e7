//! The figures as tables for a terminal, those of two workspaces side by side.

use std::collections::{BTreeMap, BTreeSet};

use super::super::failure::Failure;
use super::super::paper::Paper;
use super::summary::{NONE, date, findings, grouped, headline, share, share_of_mails, shown};
use super::{Asked, Side};
use crate::domain::time::Millis;
use crate::sim::simulate::{Figures, Mark, Work, quantile};

/// What names a row, and its cells.
type Row = (Vec<String>, Vec<String>);

pub fn print(asked: &Asked, sides: &[Side], paper: &mut Paper) -> Result<(), Failure> {
    paper.heading(&headline(asked))?;
    for finding in sides.iter().flat_map(|side| findings(asked, side, sides.len() > 1)) {
        paper.line(format!("  {}", finding.text))?;
    }
    beside(sides, (&["funnel"], &["how many", "of leads"]), funnel, paper)?;
    let head = ["mails", "most a day", "limit a day", "most waiting", "more than a day waits from", "until"];
    beside(sides, (&["sender"], &head), senders, paper)?;
    beside(sides, (&["date", "sequence", "step", "sender"], &["mails"]), upcoming, paper)?;
    beside(sides, (&["sequence"], &["entered", "ended", "wait for room"]), sequences, paper)?;
    let head = ["sent", "opened", "clicked", "replied"];
    beside(sides, (&["sequence", "step", "kind"], &head), steps, paper)?;
    beside(sides, (&["sequence", "step", "variant"], &["mails", "successes", "rate"]), variants, paper)?;
    let head = [
        "handoffs",
        "most a day",
        "in time",
        "breached",
        "unanswered",
        "most open",
        "minutes to answer: median",
        "p90",
    ];
    beside(sides, (&["rep"], &head), handoffs, paper)?;
    let head =
        ["tasks", "most a day", "done", "late", "skipped", "overdue", "open", "time taken", "more than a day from"];
    beside(sides, (&["rep"], &head), work, paper)?;
    beside(sides, (&["of all"], &["median", "p90", "p95", "most"]), spreads, paper)
}

/// A table with the cells of all workspaces beside each other; nothing where none has a row.
fn beside(
    sides: &[Side],
    (keys, heads): (&[&str], &[&str]),
    rows_of: impl Fn(&Figures) -> Vec<Row>,
    paper: &mut Paper,
) -> Result<(), Failure> {
    let all: Vec<Vec<Row>> = sides.iter().map(|side| rows_of(&side.figures)).collect();
    let cells_of: Vec<BTreeMap<&Vec<String>, &Vec<String>>> =
        all.iter().map(|rows| rows.iter().map(|(name, cells)| (name, cells)).collect()).collect();
    let mut seen = BTreeSet::new();
    let names: Vec<&Vec<String>> =
        all.iter().flatten().map(|(name, _)| name).filter(|name| seen.insert(*name)).collect();
    if names.is_empty() {
        return Ok(());
    }
    // Of several workspaces each head stands once, over their names.
    let several = sides.len() > 1;
    let mut header: Vec<String> =
        keys.iter().map(|key| if several { format!("\n{key}") } else { (*key).to_owned() }).collect();
    for head in heads {
        let whose = |(place, side): (usize, &Side)| match (several, place) {
            (false, _) => (*head).to_owned(),
            (true, 0) => format!("{head}\n{}", side.name),
            (true, _) => format!("\n{}", side.name),
        };
        header.extend(sides.iter().enumerate().map(whose));
    }
    let row = |name: &Vec<String>| {
        let column = |place: usize| {
            let cell = move |cells: &BTreeMap<&Vec<String>, &Vec<String>>| cells.get(name)?.get(place).cloned();
            cells_of.iter().map(move |cells| cell(cells).unwrap_or_else(|| NONE.to_owned()))
        };
        name.iter().cloned().chain((0..heads.len()).flat_map(column)).collect()
    };
    let rows: Vec<Vec<String>> = names.into_iter().map(row).collect();
    paper.line("")?;
    paper.table(&header.iter().map(String::as_str).collect::<Vec<_>>(), &rows)
}

fn funnel(figures: &Figures) -> Vec<Row> {
    let count = |mark| figures.reached.get(&mark).copied().unwrap_or(0);
    let row = |mark: &Mark| {
        (vec![mark.as_str().to_owned()], vec![grouped(count(*mark)), share(count(*mark), count(Mark::Lead))])
    };
    Mark::ALL.iter().map(row).collect()
}

fn senders(figures: &Figures) -> Vec<Row> {
    let row = |(name, of): (&String, &crate::sim::simulate::SenderFigures)| {
        let backlog = of.backlog();
        let cells = vec![
            grouped(of.total()),
            most(&of.sent),
            of.limit.map_or("none".to_owned(), |limit| grouped(u64::from(limit))),
            grouped(of.waiting().iter().copied().max().unwrap_or(0)),
            backlog.map_or("never".to_owned(), |backlog| date(figures, backlog.from)),
            backlog
                .map_or(NONE.to_owned(), |backlog| backlog.gone.map_or("the end".to_owned(), |day| date(figures, day))),
        ];
        (vec![name.clone()], cells)
    };
    figures.senders.iter().map(row).collect()
}

fn upcoming(figures: &Figures) -> Vec<Row> {
    let lines = figures.upcoming.iter().flat_map(crate::sim::simulate::Upcoming::lines);
    lines
        .map(|line| {
            let names = [line.sequence, line.step, line.sender].map(str::to_owned);
            (std::iter::once(date(figures, line.day)).chain(names).collect(), vec![grouped(line.mails)])
        })
        .collect()
}

fn sequences(figures: &Figures) -> Vec<Row> {
    let seen = figures.sequences.iter().filter(|(_, of)| of.is_played());
    seen.map(|(name, of)| {
        (vec![name.clone()], vec![grouped(of.entered), grouped(of.ended.values().sum()), grouped(of.waiting)])
    })
    .collect()
}

fn steps(figures: &Figures) -> Vec<Row> {
    let mut rows = Vec::new();
    for (sequence, of) in figures.sequences.iter().filter(|(_, of)| of.is_played()) {
        for (id, step) in &of.steps {
            let shares = [step.opened, step.clicked, step.replied].map(|count| share_of_mails(count, step));
            let cells = std::iter::once(grouped(step.sent)).chain(shares).collect();
            rows.push((vec![sequence.clone(), id.clone(), step.kind.to_owned()], cells));
        }
    }
    rows
}

fn variants(figures: &Figures) -> Vec<Row> {
    let mut rows = Vec::new();
    for one in &figures.experiments {
        for arm in &one.arms {
            let cells = vec![grouped(arm.mails), grouped(arm.hits), share(arm.hits, arm.mails)];
            rows.push((vec![one.sequence.clone(), one.step.clone(), arm.variant.clone()], cells));
        }
    }
    rows
}

fn handoffs(figures: &Figures) -> Vec<Row> {
    let row = |(rep, of): (&String, &crate::sim::simulate::RepFigures)| {
        let cells = vec![
            grouped(of.handoffs),
            most(&of.by_day),
            share(of.in_time, of.answered()),
            grouped(of.breached),
            grouped(of.unanswered),
            grouped(of.most_open),
            shown(quantile(&of.minutes, 50)),
            shown(quantile(&of.minutes, 90)),
        ];
        (vec![rep.clone()], cells)
    };
    figures.reps.iter().map(row).collect()
}

fn work(figures: &Figures) -> Vec<Row> {
    let row = |(rep, of): (&String, &crate::sim::simulate::RepFigures)| {
        let tasks = &of.tasks;
        let counts = [tasks.done, tasks.late, tasks.skipped, tasks.overdue, tasks.open].map(grouped);
        let mut cells = vec![grouped(tasks.asked), most(&tasks.by_day)];
        cells.extend(counts);
        cells.push(taken(of.work));
        cells.push(of.work.behind_from.map_or("never".to_owned(), |day| date(figures, day)));
        (vec![rep.clone()], cells)
    };
    figures.reps.iter().map(row).collect()
}

fn spreads(figures: &Figures) -> Vec<Row> {
    let all = [("mails a lead gets in a week with any", &figures.weeks), ("days from arrival to SQL", &figures.to_sql)];
    all.map(|(name, of)| {
        let cells = [quantile(of, 50), quantile(of, 90), quantile(of, 95), of.largest()].map(shown).to_vec();
        (vec![name.to_owned()], cells)
    })
    .to_vec()
}

/// How much of a rep's working time was taken.
pub fn taken(work: Work) -> String {
    let minutes = |length: Millis| u64::try_from(length.0 / Millis::MINUTE.0).unwrap_or(0);
    share(minutes(work.busy), minutes(work.open))
}

/// The most of one day.
pub fn most(by_day: &[u32]) -> String {
    grouped(by_day.iter().copied().max().map_or(0, u64::from))
}
