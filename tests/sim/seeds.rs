//! Fixed seeds, a fresh one, as many as somebody asks for, and every trace that once broke something.

use super::program::program;
use super::runs::{Played, play, play_on};
use super::step::Trace;
use super::support::postgres::Postgres;
use super::traces::{Kept, all_kept, keep, shorten};
use std::ops::Range;

/// Steps of a run before its end.
pub const LENGTH: usize = 160;
/// Seeds that are played each time.
const FIXED: Range<u64> = 1..9;
/// Seeds that are played on PostgreSQL each time.
const FLEET: Range<u64> = 101..103;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a whole number, not `{text}`")))
}

/// Plays seeds; what fails is made short, kept and told.
fn play_all(seeds: impl Iterator<Item = u64>) -> Vec<Played> {
    seeds
        .map(|seed| {
            let trace = program(seed, LENGTH);
            let played = play(&trace, None);
            if !played.broken.is_empty() {
                tell(&trace, &played);
            }
            played
        })
        .collect()
}

fn tell(trace: &Trace, played: &Played) {
    let rule = played.rule().expect("something broke");
    println!("seed {} broke in step {}: {:?}", trace.seed, played.step, played.broken);
    let mut cut = trace.clone();
    cut.steps.truncate(played.step + 1);
    let cut = if play(&cut, None).rule() == Some(rule) { cut } else { trace.clone() };
    // Before it is made shorter, which may take a while.
    let whole = keep(&cut, rule);
    println!("kept in {}", whole.display());
    let file = keep(&shorten(&cut, rule), rule);
    println!("play it again: OVERTURE_TRACE={} cargo test --test sim one_trace -- --nocapture", file.display());
}

/// The plain figures, for people and for programs.
fn table(all: &[Played]) -> String {
    let sum = |of: fn(&Played) -> usize| all.iter().map(of).sum::<usize>();
    format!(
        "seeds {} · mails {} (early {}) · lost {} · doubled {} · unknown {} · crashes {} · invariants broken {}",
        all.len(),
        sum(|one| one.mails),
        sum(|one| one.early),
        sum(|one| one.lost),
        sum(|one| one.doubled),
        sum(|one| one.unknown),
        sum(|one| one.crashes),
        sum(|one| one.broken.len()),
    )
}

fn assert_whole(all: &[Played]) {
    println!("{}", table(all));
    assert!(all.iter().all(|one| one.broken.is_empty()), "invariants broke; the traces are named above");
}

#[test]
fn fixed_seeds_break_nothing() {
    assert_whole(&play_all(FIXED));
}

/// `OVERTURE_SEEDS` says how many, `OVERTURE_SEED` which comes first; without it the first is a new one each time.
#[test]
fn fresh_seeds_break_nothing() {
    let fresh = || u64::try_from(overture::clock::wall().0).expect("it is after 1970");
    let first = number("OVERTURE_SEED").unwrap_or_else(fresh);
    let count = number("OVERTURE_SEEDS").unwrap_or(1);
    println!("from seed {first} on");
    assert_whole(&play_all(first..first + count));
}

#[test]
fn what_broke_once_never_breaks_again() {
    for file in all_kept() {
        let played = play(&Kept::read(&file).trace(), None);
        assert_eq!(played.broken, [], "{}", file.display());
    }
}

/// The trace named in `OVERTURE_TRACE`, a file or `seed:52`, told step by step.
#[test]
fn one_trace() {
    let Ok(file) = std::env::var("OVERTURE_TRACE") else { return };
    let seed = file.strip_prefix("seed:").map(|seed| seed.parse().expect("a seed is a number"));
    let trace = seed.map_or_else(|| Kept::read(file.as_ref()).trace(), |seed| program(seed, LENGTH));
    let played = play_on(None, &trace, None, true);
    assert_eq!(played.broken, [], "{played:?}");
}

/// Two engines that share a server, each with a store of its own.
#[test]
fn a_fleet_on_postgresql_breaks_nothing() {
    let Some(postgres) = Postgres::shared() else { return };
    let first = number("OVERTURE_SEED").unwrap_or(FLEET.start);
    let count = number("OVERTURE_SEEDS").unwrap_or(FLEET.end - FLEET.start);
    let mut all = Vec::new();
    for seed in first..first + count {
        let mut trace = program(seed, LENGTH);
        trace.knobs.engines = 2;
        let (url, verbose) = (postgres.database(), std::env::var("OVERTURE_TRACE").is_ok());
        let played = play_on(Some(&url), &trace, None, verbose);
        if !played.broken.is_empty() {
            println!("seed {seed} broke on PostgreSQL in step {}: {:?}", played.step, played.broken);
        }
        all.push(played);
    }
    assert_whole(&all);
}
