//! The first instant at which time alone may change something about a lead.

use super::facts::View;
use super::limits::LONGEST;
use super::tasks;
use super::work::Work;
use crate::domain::condition::Condition;
use crate::domain::enrollment::Phase;
use crate::domain::lead::Lead;
use crate::domain::score::{Line, Scoring};
use crate::domain::sequence::{Act, Step};
use crate::domain::stage::Stage;
use crate::domain::time::{Instant, Millis};

/// After so many half-lives nothing is left of any points.
const HALVINGS: i64 = 64;
/// How often the way down is looked at where points that fade pull it both ways.
const LOOKS: u32 = 48;
/// How many turns ahead a rule is asked.
const TURNS: usize = 16;

/// That instant, after now; `None` if time alone changes nothing.
pub fn next(work: &Work<'_>) -> Option<Instant> {
    let (lead, now) = (&work.lead, work.now);
    let settling = lead.unsettled.iter().map(|hit| hit.settles_at);
    let later = settling
        .chain(clock(lead))
        .chain(tasks::turns(lead))
        .chain(lead.pending.values().map(|pending| pending.since + LONGEST))
        .chain(lead.ledger.iter().filter_map(|line| line.ends))
        .chain(fall(lead, &work.playbook.scoring, now))
        .chain(turns(work))
        .filter(|at| *at > now);
    let running = lead.enrollments.iter().filter_map(|enrollment| match (&enrollment.paused, &enrollment.phase) {
        (Some(pausing), _) => pausing.until,
        (None, Phase::Waiting { until }) => Some(*until),
        (None, Phase::Ready) => Some(now),
        (None, Phase::Sending { .. } | Phase::Tasked { .. } | Phase::Held { .. }) => None,
    });
    // A step that is due already and could not be taken is looked at again soon, not at once and for ever.
    let running = running.map(|at| if at > now { at } else { now + Millis::SECOND });
    later.chain(running).filter(|at| *at < Instant::NEVER).min()
}

/// The breach and the rungs that have not fired.
fn clock(lead: &Lead) -> impl Iterator<Item = Instant> {
    let handoff = lead.handoff.as_ref().filter(|handoff| handoff.answered.is_none());
    let clock = handoff.and_then(|handoff| handoff.clock.as_ref());
    let breach = clock.filter(|clock| !clock.breached).map(|clock| clock.due_at);
    let rungs = clock.map(|clock| clock.rungs.as_slice()).unwrap_or_default();
    breach.into_iter().chain(rungs.iter().filter(|rung| !rung.fired).map(|rung| rung.at))
}

/// When a time function turns a rule that matters now.
fn turns(work: &Work<'_>) -> impl Iterator<Item = Instant> {
    let (scoring, stage) = (&work.playbook.scoring, work.lead.stage);
    let view = View::new(&work.lead, work.playbook, work.now);
    // Out of recycled leads only something new, whatever the time.
    let rises = |to: Stage| stage != Stage::Recycled && stage.may_rise_to(to);
    let upward = scoring.lifecycle.iter().filter(|(to, _)| rises(*to)).map(|(_, rule)| rule);
    let mut at: Vec<Instant> = upward.chain(&scoring.hot_when).filter_map(|rule| turn(rule, &view, work.now)).collect();
    for enrollment in &work.lead.enrollments {
        let sequence = work.playbook.version(&enrollment.version);
        let stop = sequence.and_then(|sequence| sequence.stop.when.as_ref());
        let view = || View::new(&work.lead, work.playbook, work.now).within(enrollment);
        at.extend(stop.and_then(|stop| turn(stop, &view(), work.now)));
        let step = sequence.zip(enrollment.at.as_deref()).and_then(|(sequence, at)| sequence.step(at));
        if let Some((_, Step { act: Act::WaitFor { when, .. }, .. })) = step {
            at.extend(turn(when, &view(), work.now));
        }
    }
    let recycled = scoring.recycled.as_ref().filter(|_| stage.rung().is_some());
    at.extend(recycled.and_then(|rule| turn(rule, &view.since_stage(), work.now)));
    at.into_iter()
}

/// The first instant at which time alone gives a rule another answer; one before it if that is far ahead.
fn turn(rule: &Condition, view: &View<'_>, now: Instant) -> Option<Instant> {
    // Few rules speak of time; the others need not be asked.
    let mut at = rule.turns_at(view, now)?;
    let here = rule.test(view, now).value;
    for _ in 1..TURNS {
        if rule.test(view, at).value != here {
            break;
        }
        at = rule.turns_at(view, at)?;
    }
    Some(at)
}

/// When half-lives alone first carry the score, or a part of it that rules compare, past a level. Lines that end before are none
/// of its business: their end is a wake, from which this is reckoned anew.
fn fall(lead: &Lead, scoring: &Scoring, now: Instant) -> Option<Instant> {
    let ends = lead.ledger.iter().filter_map(|line| line.ends).filter(|ends| *ends > now).min();
    let decays = |line: &&Line| line.half_life.is_some() && line.worth(now).abs() > 0.0;
    let longest = lead.ledger.iter().filter(decays).filter_map(|line| line.half_life).max()?;
    let horizon = (now + longest.times(HALVINGS)).min(ends.unwrap_or(Instant::NEVER)).min(Instant::NEVER);
    let levels: Vec<f64> = scoring.levels().collect();
    let here = standing(lead, scoring, &levels, now);
    let signs = lead.ledger.iter().filter(decays).map(|line| line.points > 0.0);
    let monotone = signs.clone().all(|up| up) || !signs.clone().any(|up| up);
    let looks = if monotone { 1 } else { LOOKS };
    let span = horizon.since(now).0;
    let (mut above, mut below) = (now, now);
    for look in (0..looks).rev() {
        (above, below) = (below, now + Millis(span >> look));
        if standing(lead, scoring, &levels, below) != here {
            break;
        }
    }
    if standing(lead, scoring, &levels, below) == here {
        return None;
    }
    while below.since(above).0 > 1 {
        let middle = above + Millis(below.since(above).0 / 2);
        if standing(lead, scoring, &levels, middle) == here { above = middle } else { below = middle }
    }
    Some(below)
}

/// How many levels lie at or below the score, the fit and the engagement at an instant.
fn standing(lead: &Lead, scoring: &Scoring, levels: &[f64], at: Instant) -> [usize; 2] {
    let score = scoring.score(&lead.ledger, at);
    [score.total, score.engagement].map(|points| levels.iter().filter(|level| **level <= points).count())
}
