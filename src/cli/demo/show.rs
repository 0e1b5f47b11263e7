//! The play as lines of a table: one a day that stays, and where somebody looks a last one that moves.

use std::collections::BTreeMap;

use super::stage::Stage;
use crate::cli::failure::Failure;
use crate::cli::paper::Paper;
use crate::clock::wall;
use crate::domain::calendar::local::day_number;
use crate::domain::time::{Instant, Millis};
use crate::store::StoreError;

/// How often the moving line moves, in real time.
const FRAME: Millis = Millis(200);
/// The columns with their widths.
const COLUMNS: [(&str, usize); 12] = [
    ("", 16),
    ("leads", 6),
    ("in seq", 7),
    ("mails", 6),
    ("opened", 7),
    ("clicked", 8),
    ("replies", 8),
    ("MQL", 5),
    ("SQL", 5),
    ("sales", 6),
    ("in time", 8),
    ("late", 5),
];

pub struct Board {
    /// Whether anything is shown at all.
    shown: bool,
    /// The day and the text of the last line.
    last: Option<(i32, String)>,
    drawn_at: Instant,
}

impl Board {
    pub const fn new(shown: bool) -> Self {
        Self { shown, last: None, drawn_at: Instant(0) }
    }

    /// Where the pages are, first of all.
    pub fn greet(&self, stage: &Stage, paper: &mut Paper) -> Result<(), Failure> {
        if !self.shown {
            return Ok(());
        }
        paper.line(format!("Overture plays a month with made-up people. Look on at {}", stage.pages()))?;
        paper.line("Nothing leaves this machine. Ctrl-C ends it.\n")?;
        let names: Vec<String> = COLUMNS.iter().map(|(name, _)| (*name).to_owned()).collect();
        paper.heading(&columns(&names))?;
        paper.flush()
    }

    /// Shows how things stand, if it is time to.
    pub async fn show(&mut self, stage: &Stage, paper: &mut Paper) -> Result<(), Failure> {
        if !self.shown {
            return Ok(());
        }
        let now = stage.engine.now();
        let day = day_number(paper.zone(), now);
        let new_day = self.last.as_ref().is_some_and(|(before, _)| *before != day);
        if !new_day && wall().since(self.drawn_at) < FRAME {
            return Ok(());
        }
        self.drawn_at = wall();
        let text = line(stage, now, paper).await?;
        if new_day {
            self.keep(paper)?;
        }
        if paper.terminal {
            paper.same_line(&text)?;
        }
        self.last = Some((day, text));
        Ok(())
    }

    /// The last line stays.
    pub fn end(&mut self, paper: &mut Paper) -> Result<(), Failure> {
        if self.shown {
            self.keep(paper)?;
            paper.line("")?;
        }
        Ok(())
    }

    fn keep(&mut self, paper: &mut Paper) -> Result<(), Failure> {
        let Some((_, text)) = self.last.take() else { return Ok(()) };
        if paper.terminal {
            paper.same_line(&text)?;
            return paper.line("");
        }
        paper.line(text)?;
        paper.flush()
    }
}

async fn line(stage: &Stage, now: Instant, paper: &Paper) -> Result<String, StoreError> {
    let reports = stage.engine.store.reports();
    let stages = reports.leads_by_stage().await?;
    let running: i64 = reports
        .enrollment_counts()
        .await?
        .iter()
        .filter(|line| matches!(line.state.as_str(), "active" | "paused" | "held"))
        .map(|line| line.count)
        .sum();
    let seen = reports.seen_counts().await?;
    let heard = reports.events_by_name(Instant(0)).await?;
    let handoffs = reports.handoff_counts().await?;
    let of = |sla: &str| handoffs.iter().filter(|line| line.sla == sla).map(|line| line.count).sum::<i64>();
    let stage_of = |name: &str| stages.get(name).copied().unwrap_or(0);
    let beyond = |names: &[&str]| names.iter().map(|name| stage_of(name)).sum::<i64>();
    let numbers = [
        stages.values().sum(),
        running,
        i64::try_from(stage.shelf.count()).unwrap_or(i64::MAX),
        seen.iter().map(|line| line.opened).sum(),
        seen.iter().map(|line| line.clicked).sum(),
        count(&heard, "replied"),
        beyond(&["mql", "pql", "sql", "opportunity", "customer"]),
        beyond(&["sql", "opportunity", "customer"]),
        handoffs.iter().map(|line| line.count).sum(),
        of("met"),
        of("breached"),
    ];
    let when = now.to_jiff().to_zoned(paper.zone().clone()).strftime("%a %e %b %H:%M").to_string();
    let texts: Vec<String> = std::iter::once(when).chain(numbers.iter().map(i64::to_string)).collect();
    Ok(columns(&texts))
}

fn count(of: &BTreeMap<String, i64>, name: &str) -> i64 {
    of.get(name).copied().unwrap_or(0)
}

fn columns(texts: &[String]) -> String {
    let cell = |(at, text): (usize, &String)| {
        let width = COLUMNS[at].1;
        if at == 0 { format!("{text:<width$}") } else { format!("{text:>width$}") }
    };
    texts.iter().enumerate().map(cell).collect::<Vec<_>>().concat()
}
