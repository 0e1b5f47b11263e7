//! A simulated year, with people, lanes and figures, beside the same number of leads of which only decisions are made.

use overture::compile::behaviour;
use overture::domain::time::Instant;
use overture::sim::simulate::{Terms, USUAL, made_up, simulate};

use super::decide::{playbook, timed, year};
use super::options::Options;
use super::pair::{Goal, in_turn, line, middle};

/// 2026-01-05 in UTC, a Monday.
const START: Instant = Instant(1_767_571_200_000);
const DAYS: u32 = 365;

/// How fast a workspace can be rehearsed.
pub fn run(options: &Options) {
    let leads = options.size_or(5_000);
    let playbook = playbook();
    let rates = behaviour("the usual rates", USUAL.as_bytes(), &playbook);
    let rates = rates.unwrap_or_else(|wrong| panic!("the usual rates have mistakes: {wrong:?}"));
    let terms = Terms { days: DAYS, seed: 1, start: START };
    let played = || {
        let figures = simulate(&playbook, &rates, made_up(leads, 1, START), (&terms, &mut |_| {}));
        figures.senders.values().map(overture::sim::simulate::SenderFigures::total).sum()
    };
    let pair = in_turn(options.rounds, || timed(leads, played), || timed(leads, || year(leads, &playbook)));
    let of_lead = middle(&pair.ours, |run| run.cpu);
    let mails = |runs: &[super::pair::Run]| middle(runs, |run| run.turns.unwrap_or(0.0));
    let beside = format!(
        "{:.0} thousand lead-days a second; {:.1} us a lead beside {:.1}; {:.2} mails a lead beside {:.2}",
        f64::from(DAYS) * 1_000.0 / of_lead,
        of_lead,
        middle(&pair.theirs, |run| run.cpu),
        mails(&pair.ours),
        mails(&pair.theirs)
    );
    // A mail is what both sides have in common: chances differ, and with them how many there are.
    let ratio = pair.ratio(|run| run.cpu / run.turns.unwrap_or(1.0).max(0.01));
    line("–", "CPU a mail of a simulated year / of a year of bare decisions", ratio, Goal::AtMost(4.0), &beside);
}
