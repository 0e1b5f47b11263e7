//! A year of outreach before it happens: made-up people, the real decisions, and what they come to.

mod json;
mod page;
mod plot;
mod stock;
mod summary;
mod tables;
mod tried;

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::tz::TimeZone;

use super::desk::Desk;
use super::failure::Failure;
use super::paper::{say, say_over};
use crate::compile::behaviour;
use crate::config;
use crate::domain::behaviour::{Behaviour, Way};
use crate::domain::calendar::{local, zone};
use crate::domain::playbook::Playbook;
use crate::domain::sequence::Trigger;
use crate::domain::spelling::nearest;
use crate::domain::time::Instant;
use crate::sim::simulate::{Figures, Terms, USUAL, made_up, simulate};

/// The first day unless another is named: a Monday. Not today, so that a seed gives the same figures on any day.
const FIRST: &str = "2026-01-05";

const AFTER: &str = "\
Every lead is decided as the daemon decides, with its windows, holidays, caps, gaps, scores and clocks; only mails are not made. The same
seed, files and rates give the same output, to the byte. --print-behaviour shows the rates that are used and can be changed.
--from-database takes the leads in flight as they stand and shows by day, step and sender which mails leave in the next 30 days if nobody
answers; nothing is written.

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
    /// Whether people and reps do anything.
    pub lively: bool,
    /// What was stopped, by hand or by itself, when it began.
    pub paused: Vec<String>,
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
            desk.paper.value(&json::json(&asked, &sides))?;
        } else {
            tables::print(&asked, &sides, &mut desk.paper)?;
        }
        if let Some(file) = &self.report {
            say(&format!("written to {}", file.display()));
        }
        Ok(())
    }

    fn begins(&self, desk: &mut Desk) -> Result<(Asked, Vec<Side>), Failure> {
        // The same on every machine, whatever rules of zones it has.
        zone::use_built_in();
        let playbook = read(&desk.workspace, desk)?;
        let days = self.days.unwrap_or(365);
        let first = self.start.or_else(|| FIRST.parse().ok()).unwrap_or_default();
        let start = midnight(&playbook, first);
        let terms = Terms { days, seed: self.seed, start };
        let leads = self.leads as usize;
        let behaviour = self.behaviour(&playbook, desk)?;
        let mut workspaces = vec![(name_of(&desk.workspace), playbook, behaviour)];
        if let Some(other) = &self.compare {
            let playbook = read(other, desk)?;
            let behaviour = self.behaviour(&playbook, desk)?;
            workspaces.push((name_of(other), playbook, behaviour));
        }
        self.can_report()?;
        let play = |(name, playbook, behaviour): (String, Playbook, Behaviour)| {
            let mut watch = watch(name.clone(), days);
            let figures = simulate(&playbook, &behaviour, made_up(leads, self.seed, start), (&terms, &mut watch));
            Side { name, figures }
        };
        let sides = workspaces.into_iter().map(play).collect();
        Ok((
            Asked { leads, days, seed: self.seed, start, from_database: false, lively: true, paused: Vec::new() },
            sides,
        ))
    }

    /// The rates of the file, or the usual ones.
    fn behaviour(&self, playbook: &Playbook, desk: &Desk) -> Result<Behaviour, Failure> {
        let (name, text) = match &self.behaviour {
            Some(file) => {
                let read = std::fs::read(file);
                let text = read.map_err(|error| Failure::broken(format!("cannot read {}: {error}", file.display())))?;
                (file.display().to_string(), text)
            }
            None => ("the usual rates".to_owned(), USUAL.as_bytes().to_vec()),
        };
        let behaviour = behaviour(&name, &text, playbook).map_err(|wrong| {
            say(crate::compile::diagnostic::render(&wrong, desk.colour_beside()).trim_end());
            Failure::no(format!("{name} cannot be played"))
                .hint("`overture simulate --print-behaviour` shows a file that can")
        })?;
        for unheard in unheard(playbook, &behaviour) {
            say(&format!("warning: {name}: {unheard}"));
        }
        Ok(behaviour)
    }

    /// Whether the page can be written, before a year is played for it.
    fn can_report(&self) -> Result<(), Failure> {
        let Some(file) = &self.report else { return Ok(()) };
        let opened = std::fs::OpenOptions::new().create(true).append(true).open(file);
        opened.map(drop).map_err(|error| Failure::broken(format!("cannot write {}: {error}", file.display())))
    }
}

/// The files of a workspace, or their mistakes.
fn read(folder: &Path, desk: &Desk) -> Result<Playbook, Failure> {
    let compiled = config::check(folder, &desk.environment)?;
    compiled.playbook.ok_or_else(|| desk.refused(&compiled.diagnostics))
}

/// Events that are said to bring leads, and that enroll nobody.
fn unheard(playbook: &Playbook, behaviour: &Behaviour) -> Vec<String> {
    let triggers = playbook.sequences.values().flat_map(|sequence| &sequence.enroll);
    let heard = triggers.filter_map(|trigger| match trigger {
        Trigger::Event { on, .. } => Some(on.as_str()),
        Trigger::Every { .. } => None,
    });
    let heard: std::collections::BTreeSet<&str> = heard.collect();
    let unheard = behaviour.arrive.ways.iter().filter_map(|(way, share)| match way {
        Way::Event(name) if !heard.contains(name.as_str()) => Some((name, share)),
        Way::Event(_) | Way::Enroll(_) => None,
    });
    unheard
        .map(|(name, share)| {
            let meant = nearest(name, heard.iter().copied());
            let hint = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
            format!("no sequence begins with `{name}`, by which {} % of the leads come{hint}", share.percent())
        })
        .collect()
}

/// Shows where somebody looks how many days are played, at most once for each percent.
fn watch(name: String, days: u32) -> impl FnMut(u32) {
    use std::io::IsTerminal;
    let seen = std::io::stderr().is_terminal();
    move |day| {
        if seen && day * 100 / days != (day - 1) * 100 / days {
            say_over(&if day < days { format!("{name}: {day} of {days} days") } else { String::new() });
        }
    }
}

fn midnight(playbook: &Playbook, date: jiff::civil::Date) -> Instant {
    let zone = zone::zone_named(&playbook.settings.zone).unwrap_or(TimeZone::UTC);
    local::first(&zone, date.to_datetime(jiff::civil::Time::midnight()))
}

/// The folder's own name.
fn name_of(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    whole.file_name().map_or_else(|| folder.display().to_string(), |name| name.to_string_lossy().into_owned())
}
