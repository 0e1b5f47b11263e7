//! Leases end, and when all is well and nothing is due any more, nothing is left lying about.

use super::super::notes::Notes;
use super::Model;
use overture::domain::enrollment::Phase;
use overture::domain::time::Instant;
use overture::domain::touch::State;

/// After somebody took over what ran out, nothing that ran out is left.
pub fn leases(model: &Model, notes: &mut Notes) {
    let Some(kept) = notes.kept.take() else { return };
    for row in model.touches.values().filter(|row| row.token.is_some()) {
        if row.lease_until.is_none_or(|until| until < kept) {
            notes.break_rule(
                "I7 no lease of the dead",
                format!("{} is {} under a lease that is over", row.id, row.state.as_str()),
            );
        }
    }
}

pub fn nothing_is_left(model: &Model, notes: &mut Notes, now: Instant) {
    for row in model.touches.values() {
        let left =
            matches!(row.state, State::Queued | State::Claimed | State::Intent | State::Marked | State::Deferred);
        if left {
            let what = format!("{} {} {} is {} ({:?})", row.id, row.sequence, row.step, row.state.as_str(), row.reason);
            notes.break_rule("nothing is lost: every touch comes to its end", what);
        }
    }
    for (who, lead) in &model.leads {
        if lead.wake_at.is_some_and(|wake| wake <= now) {
            notes.break_rule("nothing is lost: every wake is looked at", format!("person {who}: {:?}", lead.wake_at));
        }
        for running in lead.enrollments.iter().filter(|running| running.paused.is_none()) {
            let over = |touch| model.touches.get(touch).is_none_or(|row| row.state != State::Held);
            let left = match &running.phase {
                Phase::Ready => true,
                Phase::Waiting { until } => *until <= now,
                Phase::Sending { touch } => over(touch),
                Phase::Tasked { .. } | Phase::Held { .. } => false,
            };
            if left {
                let what = format!("person {who}: {} at {:?} is {:?}", running.sequence, running.at, running.phase);
                notes.break_rule("nothing is lost: every enrollment goes on", what);
            }
        }
    }
}
