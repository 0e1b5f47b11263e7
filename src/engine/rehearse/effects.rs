//! What decisions come to in a rehearsal, instead of rows in a store.

use super::World;
use super::agenda::Said;
use crate::domain::decide::{Ask, Effect, EnrollmentRow};
use crate::domain::event::Actor;
use crate::domain::id::TouchId;
use crate::domain::touch::NewTouch;

/// What followed from one decision, for those who look on.
#[derive(Default)]
pub struct Rows {
    pub queued: Vec<NewTouch>,
    pub called_off: Vec<NewTouch>,
    pub enrollments: Vec<EnrollmentRow>,
}

impl World<'_> {
    /// What the store would keep, as far as it decides anything later. Rows for lists are kept by nobody here.
    pub(super) fn apply(&mut self, number: usize, effect: Effect, rows: &mut Rows) {
        match effect {
            Effect::Queue(touch) => {
                rows.queued.push((*touch).clone());
                self.enqueue(number, *touch);
            }
            Effect::Cancel { touch, .. } => rows.called_off.extend(self.call_off(&touch)),
            Effect::Hold { touch, .. } => {
                if let Some((_, waiting)) = self.waiting.get(&touch) {
                    self.lanes.remove(&waiting.lane, &touch);
                }
            }
            Effect::Requeue(again) => {
                if let Some((_, waiting)) = self.waiting.get(&again.touch) {
                    self.lanes.remove(&waiting.lane, &again.touch);
                    let place = (waiting.rank, again.ready_at, again.touch);
                    self.lanes.insert(&waiting.lane, place, &self.playbook.settings);
                }
            }
            Effect::Load { rep, assigned, open } => {
                let load = self.loads.entry(rep).or_default();
                load.assigned += assigned;
                load.open += open;
            }
            Effect::Suppress { target, reason, .. } => {
                self.suppressed.insert(target, reason);
                for touch in self.waiting.mails_of(number) {
                    rows.called_off.extend(self.call_off(&touch));
                }
            }
            Effect::Unsuppress { target } => drop(self.suppressed.remove(&target)),
            Effect::Enrollment(row) => rows.enrollments.push(row),
            Effect::Intake { sequence, active, entered, day } => {
                self.intakes.shift(&sequence, (active, entered), day);
            }
            Effect::Replied { account, reply, tell } => {
                let people = self.colleagues.heard(&account, reply);
                for colleague in people.into_iter().filter(|one| tell && *one != number) {
                    self.say(self.now, colleague, Said { ask: Ask::Wake, source: "engine", actor: Actor::System });
                }
            }
            Effect::Pending { sequence, since, .. } => self.intakes.waits(&sequence, number, since),
            Effect::Tally(tally) => self.experiments.count(&tally),
            // Nobody of a rehearsal is found to be somebody else.
            Effect::Absorb(_) => {}
            // What people do about a handoff or a task they say themselves.
            Effect::Confirm { .. } | Effect::Seen { .. } | Effect::Handoff(_) | Effect::Task(_) => {}
        }
    }

    pub(super) fn enqueue(&mut self, number: usize, touch: NewTouch) {
        let place = (touch.rank, touch.ready_at, touch.id.clone());
        self.lanes.insert(&touch.lane, place, &self.playbook.settings);
        self.waiting.insert(number, touch);
        self.schedule();
    }

    fn call_off(&mut self, touch: &TouchId) -> Option<NewTouch> {
        let (_, waiting) = self.waiting.remove(touch)?;
        self.lanes.remove(&waiting.lane, touch);
        Some(waiting)
    }
}
