//! What people are asked to do, in words: a title and notes are filled when they are read, from the version that asked and the lead as it is
//! by then, so that they are never stale and no decision needs a renderer.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Engine;
use crate::domain::id::{EnrollmentId, LeadId};
use crate::domain::lead::Lead;
use crate::domain::sequence::{Act, Sequence, Task};
use crate::render::{About, Refuse};
use crate::store::StoreError;
use crate::store::leads::LeadKey;
use crate::store::reports::TaskLine;

/// A task with what is said of it.
#[derive(Clone, Debug)]
pub struct ToDo {
    pub line: TaskLine,
    /// The lead's address; absent if the lead is not there any more.
    pub email: Option<String>,
    pub title: String,
    /// What could not be filled in.
    pub missing: Option<String>,
    /// The words it can be done with; none means that any will do.
    pub outcomes: Vec<String>,
    /// What helps to do it; read for one task at a time.
    pub notes: Option<String>,
}

/// Whose task it is, of which enrollment, and at which step.
type Place<'p> = (&'p Lead, Option<&'p EnrollmentId>, &'p str);

impl Engine {
    /// Fills the titles of tasks, their leads read together; `notes` are filled too where they are asked for.
    pub async fn to_do(&self, lines: Vec<TaskLine>, notes: bool) -> Result<Vec<ToDo>, Arc<StoreError>> {
        let keys: Vec<LeadKey> = lines.iter().map(|line| LeadKey::Id(line.lead.clone())).collect();
        let leads = self.store.leads(&keys).await.map_err(Arc::new)?;
        let leads: BTreeMap<LeadId, Lead> = leads.into_iter().flatten().map(|lead| (lead.id.clone(), lead)).collect();
        let told = |line: TaskLine| {
            let lead = leads.get(&line.lead);
            self.told(line, lead, notes)
        };
        Ok(lines.into_iter().map(told).collect())
    }

    fn told(&self, line: TaskLine, lead: Option<&Lead>, notes: bool) -> ToDo {
        let email = lead.map(|lead| lead.address.to_string());
        let whom = email.clone().unwrap_or_else(|| line.lead.to_string());
        let plain = format!("{}: {whom}", line.kind.as_str());
        let mut told = ToDo { email, title: plain, missing: None, outcomes: Vec::new(), notes: None, line };
        let playbook = self.playbook();
        let sequence = playbook.version(&told.line.version).cloned();
        let (Some(lead), Some(sequence)) = (lead, sequence) else { return told };
        let Some(Act::Task(task)) = sequence.step(&told.line.step).map(|(_, step)| &step.act) else { return told };
        told.outcomes.clone_from(&task.outcomes);
        let enrollment = told.line.enrollment.clone();
        let about = (lead, Some(&enrollment), told.line.step.as_str());
        match self.title_of(task, &sequence, about) {
            Ok(title) => told.title = title,
            Err(refuse) => told.missing = Some(refuse.to_string()),
        }
        if notes {
            told.notes = match self.notes_of(task, &sequence, (lead, Some(&enrollment), &told.line.step)) {
                Ok(notes) => notes,
                Err(refuse) => Some(format!("the notes cannot be shown: {refuse}")),
            };
        }
        told
    }

    /// The title of a task for a lead, on one line.
    pub(super) fn title_of(&self, task: &Task, sequence: &Sequence, to: Place<'_>) -> Result<String, Refuse> {
        let text = self.about(sequence, to, |about| self.renderer.text(&task.title, about))?;
        Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn notes_of(&self, task: &Task, sequence: &Sequence, to: Place<'_>) -> Result<Option<String>, Refuse> {
        let Some(name) = &task.notes else { return Ok(None) };
        let missing = || Refuse::Broken(format!("`{name}` is not in the files any more"));
        let template = sequence.templates.get(name).ok_or_else(missing)?;
        self.about(sequence, to, |about| self.renderer.prose(template, about)).map(Some)
    }

    fn about<T>(
        &self,
        sequence: &Sequence,
        (lead, enrollment, step): Place<'_>,
        fill: impl FnOnce(&About<'_>) -> Result<T, Refuse>,
    ) -> Result<T, Refuse> {
        let playbook = self.playbook();
        let account = super::deliver::account_of(lead);
        let running = lead.enrollments.iter().find(|running| Some(&running.id) == enrollment);
        let step = super::deliver::step_values(running, step);
        let settings = &playbook.settings;
        fill(&About {
            lead,
            account: &account,
            sender: sequence.send.from.as_ref().and_then(|from| settings.sender_for(from, lead)),
            company: &settings.company,
            step: &step,
            handoff: None,
            zone: &settings.zone,
        })
    }
}
