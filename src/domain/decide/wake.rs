//! The first instant at which time alone may change something about a lead.

use super::facts::View;
use super::work::Work;
use crate::domain::condition::Condition;
use crate::domain::enrollment::Phase;
use crate::domain::lead::Lead;
use crate::domain::score::Scoring;
use crate::domain::time::{Instant, Millis};

pub fn next(work: &Work<'_>) -> Option<Instant> {
    let lead = &work.lead;
    let now = work.now;
    let settling = lead.unsettled.iter().map(|hit| hit.settles_at);
    let running = lead.enrollments.iter().filter_map(|enrollment| match (&enrollment.paused, &enrollment.phase) {
        (Some(pausing), _) => pausing.until,
        (None, Phase::Waiting { until }) => Some(*until),
        (None, Phase::Ready) => Some(now),
        (None, Phase::Sending { .. } | Phase::Held { .. }) => None,
    });
    settling
        .chain(running)
        .chain(clock(lead))
        .chain(lead.ledger.iter().filter_map(|line| line.ends))
        .chain(fall(lead, &work.playbook.scoring, now))
        .chain(turns(work))
        .filter(|at| *at < Instant::NEVER)
        // What is due already but could not go on is looked at again soon, not at once and for ever.
        .filter_map(|at| if at > now { Some(at) } else { ready_again(lead, now) })
        .min()
}

fn ready_again(lead: &Lead, now: Instant) -> Option<Instant> {
    let ready =
        lead.enrollments.iter().any(|enrollment| enrollment.paused.is_none() && enrollment.phase == Phase::Ready);
    ready.then_some(now + Millis::SECOND)
}

/// The breach and the rungs that have not fired.
fn clock(lead: &Lead) -> impl Iterator<Item = Instant> {
    let handoff = lead.handoff.as_ref().filter(|handoff| handoff.answered.is_none());
    let clock = handoff.and_then(|handoff| handoff.clock.as_ref());
    let breach = clock.filter(|clock| !clock.breached).map(|clock| clock.due_at);
    let rungs = clock.map(|clock| clock.rungs.as_slice()).unwrap_or_default();
    breach.into_iter().chain(rungs.iter().filter(|rung| !rung.fired).map(|rung| rung.at))
}

/// When a time function in a rule that matters now may turn.
fn turns(work: &Work<'_>) -> impl Iterator<Item = Instant> {
    let scoring = &work.playbook.scoring;
    let view = || View::new(&work.lead, work.playbook, work.now);
    let rules: Vec<&Condition> =
        scoring.lifecycle.iter().map(|(_, rule)| rule).chain(&scoring.recycled).chain(&scoring.hot_when).collect();
    let mut at: Vec<Instant> = rules.iter().filter_map(|rule| rule.turns_at(&view(), work.now)).collect();
    for enrollment in &work.lead.enrollments {
        let sequence = work.playbook.version(&enrollment.version);
        let stop = sequence.and_then(|sequence| sequence.stop.when.as_ref());
        at.extend(stop.and_then(|stop| stop.turns_at(&view().within(enrollment), work.now)));
    }
    at.into_iter()
}

/// When the score, falling by half-lives alone, first lies below the band it is in now.
fn fall(lead: &Lead, scoring: &Scoring, now: Instant) -> Option<Instant> {
    if !lead.ledger.iter().any(|line| line.half_life.is_some() && line.points > 0.0) {
        return None;
    }
    let total = |at| scoring.score(&lead.ledger, at).total;
    let here = total(now);
    let floor = scoring.levels().filter(|level| *level <= here).max_by(f64::total_cmp)?;
    let (mut above, mut below) = (now, now + Millis::DAY.times(366));
    if total(below) >= floor {
        return None;
    }
    while below.since(above) > Millis::SECOND {
        let middle = above + Millis(below.since(above).0 / 2);
        if total(middle) >= floor { above = middle } else { below = middle }
    }
    Some(below)
}
