//! What a person is asked to do, in the words the inbox would show.

use std::sync::Arc;

use super::{Proof, What};
use crate::domain::calendar::resume_at;
use crate::domain::id::dice;
use crate::domain::sequence::{Patience, Step, Task, With};
use crate::domain::task::due;
use crate::domain::time::Instant;

impl Proof<'_> {
    /// The task of a step, and when the lead goes on.
    pub(super) fn task(&self, step: &Step, task: &Task, at: Instant) -> (What, Instant) {
        let calendar = self.calendar();
        let shown_at = calendar.next_open(at).unwrap_or(Instant::NEVER);
        let seed = dice(&[self.lead.id.as_str(), &self.sequence.name, &step.id]);
        let until = match &task.patience {
            Patience::None => None,
            Patience::UpTo(pause) => Some(resume_at(shown_at, pause, &calendar, seed)),
        };
        let title = self.value(step, &With::Text(Arc::clone(&task.title)));
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let title = title.map(|title| one_line(title.as_str().unwrap_or_default()));
        let notes = task.notes.as_ref().map(|name| {
            let template = self.template(name)?;
            self.about((step, template.as_ref()), |about| self.renderer.prose(template, about))
        });
        let due = task.due.as_ref().and_then(|wait| due(shown_at, wait, &calendar));
        (What::Task { title, notes, due, until }, until.unwrap_or(at))
    }
}
