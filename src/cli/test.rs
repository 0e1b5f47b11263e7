//! Tests of sequences: what should leave when, held against what does, in no time.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::desk::{Desk, plural};
use super::failure::Failure;
use super::paper::{Paper, inert};
use super::proof::Proof;
use crate::compile::Compiled;
use crate::config;
use crate::domain::lead::Lead;
use crate::domain::scenario::{Scenario, Suite};
use crate::domain::time::Instant;
use crate::domain::touch::NewTouch;
use crate::sim::scenario::{Row, Verdict, play};

const AFTER: &str = "\
A test stands in sequences/NAME.test.yaml beside the sequence it is about:

  lead: {email: zoe@example.com, first_name: Zoe, country: DE}
  start: 2026-03-02 09:00                       # local, in `zone` or the workspace's
  tests:
    - name: who clicks gets the deep dive
      events:
        - {at: welcome + 10m, click: welcome}   # so long after a step's touch left; or +2d, or a local time
        - {at: +3d, event: page_viewed, with: {path: /pricing}}
        - {at: +4d, colleague: replies}         # somebody else of the account
      expect:
        touches:
          - welcome: 2026-03-02 09:00
          - deep-dive: 2026-03-04 09:00 ± 20m   # or 09:00..09:40, or a date, or no time
          - {offer: any, variant: short}        # of a mail in several variants
        stage: lead
        score: 18

Everything is decided as the daemon decides, and a mail that lacks a value of its lead is held; only the clock jumps. Needs no database, no
network and no secrets.

Examples:
  overture test
  overture test sequences/trial-nurture.test.yaml
  overture test --format junit > report.xml

Exit codes: 0 all pass, 1 some fail, 2 could not run.";

/// Runs the tests of sequences
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Test {
    /// Files or folders of tests, from the workspace; all if none is given
    path: Vec<PathBuf>,
    /// How results are shown
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    /// JUnit XML, as CI servers read it
    Junit,
    Json,
}

/// One test with what came of it.
pub struct Played<'a> {
    pub suite: &'a Suite,
    pub scenario: &'a Scenario,
    pub verdict: Verdict,
}

impl Test {
    pub fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        if desk.paper.json && self.format == Format::Junit {
            return Err(Failure::broken("--json and --format junit cannot be had at once"));
        }
        let mut compiled = config::check(&desk.workspace, &desk.environment)?;
        let Some(playbook) = compiled.playbook.take() else { return Err(desk.refused(&compiled.diagnostics)) };
        let suites = self.chosen(&compiled, &desk.workspace)?;
        let all = suites.into_iter().flat_map(|suite| suite.scenarios.iter().map(move |scenario| (suite, scenario)));
        let lacks = |lead: &Lead, touch: &NewTouch, now: Instant| {
            let sequence = Arc::clone(playbook.version(&touch.version)?);
            Proof::new(&playbook, sequence, lead.clone(), now).lacks(touch, now)
        };
        let played: Vec<Played<'_>> = all
            .map(|(suite, scenario)| Played { suite, scenario, verdict: play(scenario, &playbook, &lacks) })
            .collect();
        if played.is_empty() {
            let hint = "a test stands beside its sequence, such as sequences/trial-nurture.test.yaml; see `overture test --help`";
            return Err(Failure::broken("there is no test").hint(hint));
        }
        match self.format {
            _ if desk.paper.json => desk.paper.value(&shape(&played))?,
            Format::Json => desk.paper.value(&shape(&played))?,
            Format::Junit => desk.paper.as_it_is(super::junit::report(&played))?,
            Format::Text => print(&played, &mut desk.paper)?,
        }
        if played.iter().all(|one| one.verdict.passed()) { Ok(()) } else { Err(Failure::said()) }
    }

    /// The files that were asked for.
    fn chosen<'c>(&self, compiled: &'c Compiled, workspace: &Path) -> Result<Vec<&'c Suite>, Failure> {
        if self.path.is_empty() {
            return Ok(compiled.tests.iter().collect());
        }
        let mut chosen = Vec::new();
        for path in &self.path {
            // As typed from the workspace, or from where the command was typed.
            let inside = path.strip_prefix(workspace).unwrap_or(path);
            let inside = inside.strip_prefix(".").unwrap_or(inside);
            let found: Vec<&Suite> =
                compiled.tests.iter().filter(|suite| Path::new(&suite.file).starts_with(inside)).collect();
            if found.is_empty() {
                let known: Vec<&str> = compiled.tests.iter().map(|suite| suite.file.as_str()).collect();
                let failure = Failure::broken(format!("{}: no file of tests, and no folder with one", path.display()));
                return Err(failure.hint(format!("there are {}", known.join(", "))));
            }
            chosen.extend(found);
        }
        chosen.sort_by(|a, b| a.file.cmp(&b.file));
        chosen.dedup_by(|a, b| a.file == b.file);
        Ok(chosen)
    }
}

fn print(played: &[Played<'_>], paper: &mut Paper) -> Result<(), Failure> {
    let mut file = "";
    for one in played {
        if one.suite.file != file {
            file = &one.suite.file;
            paper.line(file)?;
        }
        let passed = one.verdict.passed();
        let name = &one.scenario.name;
        if passed {
            paper.line(format!("  ok    {name}"))?;
        } else {
            paper.heading(&format!("  FAIL  {name}  ({file}:{})", one.scenario.line))?;
            for line in timeline(one) {
                paper.line(line)?;
            }
        }
    }
    let failed = played.iter().filter(|one| !one.verdict.passed()).count();
    let (all, word) = (played.len(), plural(played.len(), "test"));
    paper.line(if failed == 0 { format!("{all} {word} passed") } else { format!("{failed} of {all} {word} failed") })
}

/// Expected and got beside each other, in the order of their time.
pub fn timeline(one: &Played<'_>) -> Vec<String> {
    let zone = &one.scenario.zone;
    let time = |row: &Row| {
        row.at.map_or_else(
            || "at the end".to_owned(),
            |at| at.to_jiff().to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M:%S").to_string(),
        )
    };
    let head = (zone.iana_name().unwrap_or("UTC").to_owned(), "expected".to_owned(), "got".to_owned(), true);
    let rows = one.verdict.rows.iter().map(|row| (time(row), row.expected.clone(), inert(&row.got), row.well));
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    let wide =
        |of: fn(&(String, String, String, bool)) -> &String| rows.iter().map(|row| of(row).chars().count()).max();
    let (first, second) = (wide(|row| &row.0).unwrap_or(0), wide(|row| &row.1).unwrap_or(0));
    let line = |(at, expected, got, well): &(String, String, String, bool)| {
        let mark = if *well { ' ' } else { '✗' };
        let got = match (got.as_str(), well) {
            ("", false) => "nothing",
            (got, _) => got,
        };
        format!("      {mark} {at:first$}  {expected:second$}  {got}").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

fn shape(played: &[Played<'_>]) -> Value {
    let row = |row: &Row| {
        json!({
            "at": row.at.map(|at| at.to_string()), "expected": row.expected, "got": row.got, "well": row.well,
        })
    };
    let tests: Vec<Value> = played
        .iter()
        .map(|one| {
            json!({
                "file": one.suite.file, "line": one.scenario.line, "sequence": one.suite.sequence, "name": one.scenario.name,
                "passed": one.verdict.passed(), "timeline": one.verdict.rows.iter().map(row).collect::<Vec<_>>(),
            })
        })
        .collect();
    let failed = played.iter().filter(|one| !one.verdict.passed()).count();
    json!({ "passed": played.len() - failed, "failed": failed, "tests": tests })
}
