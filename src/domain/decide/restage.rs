//! Moves a lead up the ladder as far as the rules carry it, one event a rung; becoming SQL opens the handoff.

use super::work::{About, Work};
use super::{exits, handoff};
use crate::domain::enrollment::Exit;
use crate::domain::event::What;
use crate::domain::id::EnrollmentId;
use crate::domain::sequence::AtSql;
use crate::domain::stage::Stage;

pub fn restage(work: &mut Work<'_>) {
    let scoring = work.playbook.scoring.clone();
    for _ in 0..Stage::ALL.len() {
        let mut rise = None;
        for (to, when) in &scoring.lifecycle {
            let from = work.lead.stage;
            let free = work.human_now() || (from != Stage::Recycled && !(*to == Stage::Sql && is_quiet(work)));
            if free && from.may_rise_to(*to) && work.holds(to.as_str(), when, About::default()) {
                rise = Some(*to);
                break;
            }
        }
        let Some(to) = rise else { break };
        to_stage(work, to, &format!("rule:{to}"));
    }
    let about = About { since_stage: true, ..About::default() };
    if let Some(rule) = &scoring.recycled
        && work.lead.stage.rung().is_some()
        && work.holds("recycled", rule, about)
    {
        to_stage(work, Stage::Recycled, "rule:recycled");
    }
}

/// Whether nothing was heard or learnt of the lead since another scoring file scored it anew: a threshold crossed by that alone hands
/// nobody to sales and ends no wait, or a new file would announce as news what was known for long; unless it says that it wants that.
pub fn is_quiet(work: &Work<'_>) -> bool {
    let unheard = work.lead.reread_at.is_some_and(|at| work.lead.last_human_at <= Some(at));
    unheard && !work.playbook.scoring.announce_rescored
}

/// Whether a step may move the lead's stage: out of recycled leads only what a person did since, out of disqualified only a
/// person.
pub fn is_free(work: &Work<'_>) -> bool {
    match work.lead.stage {
        Stage::Disqualified => false,
        Stage::Recycled => work.lead.last_human_at > Some(work.lead.stage_since),
        _ => true,
    }
}

/// Moves a lead to a stage and does what follows from it.
pub fn to_stage(work: &mut Work<'_>, to: Stage, cause: &str) {
    let from = work.lead.stage;
    if from == to {
        return;
    }
    work.conclude(What::Staged { from, to, cause: cause.to_owned() });
    match to {
        Stage::Sql => {
            // The dossier tells what the lead clicked, which is known while the enrollments still run.
            handoff::open(work, cause);
            let all: Vec<EnrollmentId> = work.lead.enrollments.iter().map(|running| running.id.clone()).collect();
            at_sql(work, &all);
        }
        Stage::Opportunity | Stage::Customer => handoff::close(work, to.as_str(), false),
        // A lead that comes back by somebody's word was none of the rep's making; one that fell silent was.
        Stage::Recycled | Stage::Disqualified | Stage::Lead | Stage::Iql | Stage::Mql | Stage::Pql => {
            handoff::close(work, to.as_str(), !cause.starts_with("rule:"));
        }
    }
}

/// What each sequence says becomes of its enrollments when a lead is qualified.
pub fn at_sql(work: &mut Work<'_>, which: &[EnrollmentId]) {
    let running = work.lead.enrollments.iter().filter(|running| which.contains(&running.id));
    let running: Vec<_> = running.map(|e| (e.id.clone(), e.version.clone(), e.paused.is_some())).collect();
    for (id, version, paused) in running {
        let Some(sequence) = work.playbook.version(&version) else { continue };
        match sequence.at_sql {
            AtSql::Exit => {
                let sequence = sequence.clone();
                let exit = exits::reason_to_end(work, &id, &sequence).unwrap_or(Exit::ReachedSql);
                work.exit(&id, &exit);
            }
            AtSql::Pause if !paused => super::pause::pause(work, &id, "sales has the lead", None),
            AtSql::Pause | AtSql::Ignore => {}
        }
    }
}
