//! A year of outreach before it happens: made-up people, the real decisions, and what they come to.

mod page;
mod plot;
mod stock;
mod summary;
mod tried;

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::tz::TimeZone;

use super::desk::Desk;
use super::failure::Failure;
use super::paper::say;
use crate::compile::behaviour;
use crate::config;
use crate::domain::behaviour::Behaviour;
use crate::domain::calendar::local;
use crate::domain::playbook::Playbook;
use crate::domain::time::Instant;
use crate::sim::simulate::{Figures, Terms, USUAL, made_up, simulate};

/// The first day unless another is named: a Monday. Not today, so that a seed gives the same figures on any day.
const FIRST: &str = "2026-01-05";

const AFTER: &str = "\
Every lead is decided as the daemon decides, with its windows, holidays, caps, gaps, scores and clocks; only mails are not made. The same
seed, files and rates give the same output, to the byte. --print-behaviour shows the rates that are used and can be changed.
--from-database takes the leads in flight as they stand and shows which mails leave in the next 30 days if nobody answers; nothing is written.

Examples:
  overture simulate --leads 10000 --days 365 --seed 1 --report year.html
  overture simulate --print-behaviour > rates.yaml && overture simulate --behaviour rates.yaml
  overture simulate --compare ../with-shorter-waits --report both.html
  overture simulate --from-database --report next-month.html

Exit codes: 0 done, 1 a file of rates cannot be, 2 could not run.";

/// Plays a year with made-up people: loads, funnel, handoffs
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Simulate {
    /// How many people come
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    leads: u32,
    /// How many days are played; 365, and 30 with --from-database
    #[arg(long, value_name = "D", value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: Option<u32>,
    /// The same seed makes the same people and the same chances
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The first day, local; 2026-01-05, and today with --from-database
    #[arg(long, value_name = "DATE")]
    start: Option<jiff::civil::Date>,
    /// Rates of your own: what people and reps do, and how often
    #[arg(long, value_name = "FILE")]
    behaviour: Option<PathBuf>,
    /// Prints the usual rates, to be changed and given back by --behaviour
    #[arg(long, conflicts_with_all = ["behaviour", "report", "compare", "from_database"])]
    print_behaviour: bool,
    /// Begins with the leads in flight and the mails that wait, as they are now
    #[arg(long, conflicts_with_all = ["compare", "leads"])]
    from_database: bool,
    /// Plays another workspace with the same people and chances beside this one
    #[arg(long, value_name = "DIR")]
    compare: Option<PathBuf>,
    /// Writes a page with plots: one file, no script, nothing from outside
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// What one workspace came to.
pub struct Side {
    pub name: String,
    pub figures: Figures,
}

/// What was asked, as the outputs show it.
pub struct Asked {
    pub leads: usize,
    pub days: u32,
    pub seed: u64,
    pub start: Instant,
    pub from_database: bool,
}

impl Simulate {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        if self.print_behaviour {
            return desk.paper.line(USUAL.trim_end());
        }
        let (asked, sides) = if self.from_database { self.goes_on(desk).await? } else { self.begins(desk)? };
        if let Some(file) = &self.report {
            let page = page::page(&asked, &sides).into_string();
            std::fs::write(file, page)
                .map_err(|error| Failure::broken(format!("cannot write {}: {error}", file.display())))?;
        }
        if desk.paper.json {
            desk.paper.value(&summary::json(&asked, &sides))?;
        } else {
            summary::print(&asked, &sides, &mut desk.paper)?;
        }
        if let Some(file) = &self.report {
            say(&format!("written to {}", file.display()));
        }
        Ok(())
    }

    fn begins(&self, desk: &mut Desk) -> Result<(Asked, Vec<Side>), Failure> {
        let playbook = read(&desk.workspace, desk)?;
        let days = self.days.unwrap_or(365);
        let first = self.start.or_else(|| FIRST.parse().ok()).unwrap_or_default();
        let start = midnight(&playbook, first);
        let terms = Terms { days, seed: self.seed, start };
        let leads = self.leads as usize;
        let play = |name: String, playbook: &Playbook, behaviour: &Behaviour| Side {
            name,
            figures: simulate(playbook, behaviour, made_up(leads, self.seed, start), &terms),
        };
        let behaviour = self.behaviour(&playbook, desk)?.ok_or_else(|| Failure::broken("there are no rates"))?;
        let mut sides = vec![play(name_of(&desk.workspace), &playbook, &behaviour)];
        if let Some(other) = &self.compare {
            let playbook = read(other, desk)?;
            let behaviour = self.behaviour(&playbook, desk)?.ok_or_else(|| Failure::broken("there are no rates"))?;
            sides.push(play(name_of(other), &playbook, &behaviour));
        }
        Ok((Asked { leads, days, seed: self.seed, start, from_database: false }, sides))
    }

    /// The rates of the file, or the usual ones.
    fn behaviour(&self, playbook: &Playbook, desk: &Desk) -> Result<Option<Behaviour>, Failure> {
        let (name, text) = match &self.behaviour {
            Some(file) => {
                let read = std::fs::read(file);
                let text = read.map_err(|error| Failure::broken(format!("cannot read {}: {error}", file.display())))?;
                (file.display().to_string(), text)
            }
            None => ("the usual rates".to_owned(), USUAL.as_bytes().to_vec()),
        };
        behaviour(&name, &text, playbook).map(Some).map_err(|wrong| {
            say(crate::compile::diagnostic::render(&wrong, desk.colour_beside()).trim_end());
            Failure::no(format!("{name} cannot be played"))
                .hint("`overture simulate --print-behaviour` shows a file that can")
        })
    }
}

/// The files of a workspace, or their mistakes.
fn read(folder: &Path, desk: &Desk) -> Result<Playbook, Failure> {
    let compiled = config::check(folder, &desk.environment)?;
    compiled.playbook.ok_or_else(|| desk.refused(&compiled.diagnostics))
}

fn midnight(playbook: &Playbook, date: jiff::civil::Date) -> Instant {
    let zone = TimeZone::get(&playbook.settings.zone).unwrap_or(TimeZone::UTC);
    local::first(&zone, date.to_datetime(jiff::civil::Time::midnight()))
}

/// The folder's own name.
fn name_of(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    whole.file_name().map_or_else(|| folder.display().to_string(), |name| name.to_string_lossy().into_owned())
}
