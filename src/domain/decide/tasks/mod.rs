//! What people are to do: asked for by a step, ended by a person, by time, or by whatever ends the enrollment.

mod fold;
mod rows;

use serde_json::{Map, Value, json};

use super::advance::{go, go_to_next, name_of};
use super::dossier::person;
use super::enroll::calendar_of;
use super::handoff;
use super::input::{Effect, Reply};
use super::observe::fresh;
use super::work::Work;
use crate::domain::calendar::{Calendar, resume_at};
use crate::domain::enrollment::{Enrollment, Exit, Hold, Phase};
use crate::domain::event::{Actor, What};
use crate::domain::id::{EnrollmentId, TaskId, TouchId, derived_beside, dice};
use crate::domain::lead::Lead;
use crate::domain::sequence::{Overdue, Patience, Sequence, Step, Task};
use crate::domain::task::{OpenTask, Snooze, TaskAct, TaskFact, due};
use crate::domain::time::Instant;
use crate::domain::touch::{Channel, NewTouch, Policy, rank};
pub use fold::{fold, thaw};
pub use rows::note_of;
use rows::{end_row, fact_of, note, observe, tell};

/// The event that a task was done.
pub const DONE: &str = "task_done";
/// Tasks open at once for one lead; beyond, the oldest that nothing waits for is called off.
const MOST: usize = 50;

/// Asks for what a step wants done, from the next opening of the sequence's window on.
pub fn ask(work: &mut Work<'_>, enrollment: &Enrollment, (sequence, step): (&Sequence, &Step), task: &Task) {
    let calendar = calendar_of(work, sequence);
    let Some(shown_at) = calendar.next_open(work.now) else {
        work.exit(&enrollment.id, &Exit::Failed("its sending window never opens".to_owned()));
        return;
    };
    make_room(work);
    let waits = matches!(task.patience, Patience::UpTo(_));
    let due_at = task.due.as_ref().and_then(|wait| due(shown_at, wait, &calendar));
    let patient_until = match task.patience {
        Patience::UpTo(pause) => {
            let seed = dice(&[work.lead.id.as_str(), &sequence.name, &step.id]);
            Some(resume_at(shown_at, &pause, &calendar, seed))
        }
        // Where nothing waits, its due time is all there is to be late for.
        Patience::None => due_at.filter(|_| task.overdue == Overdue::Escalate),
    };
    let open = OpenTask {
        id: TaskId(derived_beside(enrollment.id.as_str(), &["task", enrollment.id.as_str(), &step.id])),
        enrollment: enrollment.id.clone(),
        sequence: sequence.name.clone(),
        version: sequence.version.clone(),
        step: step.id.clone(),
        kind: task.kind,
        owner: sequence.owner.clone(),
        outcomes: task.outcomes.clone(),
        asked_at: work.now,
        shown_at,
        due_at,
        patient_until,
        overdue: task.overdue,
        late: false,
    };
    tell(work, &open, TaskFact::Asked { open: Box::new(open.clone()), waits });
    if waits {
        work.note(&enrollment.id);
    } else {
        go(work, enrollment, sequence, step.next, enrollment.anchor);
    }
}

fn make_room(work: &mut Work<'_>) {
    while work.lead.tasks.len() >= MOST {
        let idle = |task: &&OpenTask| waiting(work, task).is_none();
        let Some(oldest) = work.lead.tasks.iter().find(idle).cloned() else { return };
        call_off(work, &oldest, &format!("more than {MOST} tasks were open for this lead"));
    }
}

/// What a person does with a task.
pub fn act(work: &mut Work<'_>, id: &TaskId, act: TaskAct, by: &str) -> Reply {
    let Some(task) = work.lead.task(id).cloned() else {
        return Reply::Refused("this task is not open any more".to_owned());
    };
    let by = by.to_owned();
    match act {
        TaskAct::Done { outcome } => match outcome_of(&task, outcome) {
            Ok(outcome) => done(work, &task, outcome, &by),
            Err(refused) => return Reply::Refused(refused),
        },
        TaskAct::Skip => finish(work, &task, TaskFact::Skipped { by }),
        TaskAct::Snooze(snooze) => return put_off(work, &task, snooze, by),
        TaskAct::Assign { to } => {
            observe(work, &task, TaskFact::Assigned { to, by });
            note(work, id);
        }
    }
    Reply::Done
}

/// The word a task is done with.
fn outcome_of(task: &OpenTask, told: Option<String>) -> Result<String, String> {
    let words = task.outcomes.join(", ");
    match told {
        Some(told) if task.outcomes.is_empty() || task.outcomes.contains(&told) => Ok(told),
        Some(told) => Err(format!("`{told}` is no outcome of this task; it is one of: {words}")),
        None if task.outcomes.is_empty() => Ok("done".to_owned()),
        None => Err(format!("say how it came out: one of {words}")),
    }
}

/// A task that is done is a fact by its own name, and by what was done for the lead: that answers a handoff.
fn done(work: &mut Work<'_>, task: &OpenTask, outcome: String, by: &str) {
    let data = deed(task, &outcome, by);
    finish(work, task, TaskFact::Done { outcome, by: by.to_owned() });
    fresh(work, work.lead.seq, Actor::System, DONE, data.clone());
    if let Some(name) = task.kind.follow_up() {
        let heard = What::Heard { name: name.to_owned(), data: data.clone(), touch: None };
        let seq = work.observe_by(Actor::System, heard);
        fresh(work, seq, Actor::System, name, data);
        handoff::counts(work, name, by);
    }
}

/// What the fact that a task was done says.
pub fn deed(task: &OpenTask, outcome: &str, by: &str) -> Map<String, Value> {
    let parts = [("step", task.step.as_str()), ("sequence", &task.sequence), ("outcome", outcome), ("by", by)];
    let kind = ("kind", task.kind.as_str());
    parts.into_iter().chain([kind]).map(|(key, value)| (key.to_owned(), Value::from(value))).collect()
}

/// Ends a task by a person's act; what waited for it goes on.
fn finish(work: &mut Work<'_>, task: &OpenTask, fact: TaskFact) {
    let running = waiting(work, task).cloned();
    let (by, outcome) = match &fact {
        TaskFact::Done { by, .. } | TaskFact::Skipped { by } => (by.clone(), fact.outcome().map(str::to_owned)),
        _ => return,
    };
    let state = if matches!(fact, TaskFact::Done { .. }) { "done" } else { "skipped" };
    observe(work, task, fact);
    end_row(work, task, (state, outcome, Some(by)));
    if let Some(running) = running {
        go_to_next(work, &running, work.occurred_at.max(task.asked_at));
    }
}

/// Puts a task off, but never past the moment its sequence goes on without it.
fn put_off(work: &mut Work<'_>, task: &OpenTask, snooze: Snooze, by: String) -> Reply {
    let calendar = work.playbook.version(&task.version).cloned().map(|sequence| calendar_of(work, &sequence));
    let until = match (snooze, calendar) {
        (Snooze::Until(at), _) => at,
        (Snooze::For(pause), Some(calendar)) => resume_at(work.now, &pause, &calendar, 0),
        (Snooze::For(pause), None) => resume_at(work.now, &pause, &Calendar::always(jiff::tz::TimeZone::UTC), 0),
    };
    if until <= work.now || until >= Instant::NEVER {
        return Reply::Refused("a task is put off to a time that is still to come".to_owned());
    }
    let waits = waiting(work, task).is_some() && !task.late;
    if let Some(end) = task.patient_until.filter(|end| waits && until >= *end) {
        return Reply::Refused(format!("its sequence waits for it until {end} and no longer"));
    }
    observe(work, task, TaskFact::Snoozed { until, by });
    note(work, &task.id);
    Reply::Done
}

/// Does what the files say about tasks whose sequence has waited as long as it may.
pub fn overdue(work: &mut Work<'_>) {
    let due: Vec<OpenTask> = work.lead.tasks.iter().filter(|task| is_over(work, task)).cloned().collect();
    for task in due {
        let at = task.patient_until.unwrap_or(work.now);
        let running = waiting(work, &task).cloned();
        // Nothing to go on with: there it is only told.
        let then = if running.is_none() && task.overdue == Overdue::Skip { Overdue::Hold } else { task.overdue };
        work.conclude_at(fact_of(&task, TaskFact::Overdue { then }), at);
        match (then, running) {
            (Overdue::Skip, Some(running)) => {
                end_row(work, &task, ("overdue", Some("overdue".to_owned()), None));
                go_to_next(work, &running, at);
                continue;
            }
            (Overdue::Hold | Overdue::Escalate, Some(running)) => {
                let reason = format!("`{}` was not done in time: do it, or skip it", task.step);
                work.conclude(What::Held { enrollment: running.id.clone(), hold: Hold { reason, touch: None } });
                work.note(&running.id);
            }
            (_, None) => {}
        }
        note(work, &task.id);
        if then == Overdue::Escalate {
            escalate(work, &task);
        }
    }
}

fn is_over(work: &Work<'_>, task: &OpenTask) -> bool {
    let paused = work.enrollment(&task.enrollment).is_some_and(|running| running.paused.is_some());
    !task.late && !paused && task.patient_until.is_some_and(|until| until <= work.now)
}

/// When time alone changes something about a lead's tasks.
pub fn turns(lead: &Lead) -> impl Iterator<Item = Instant> {
    let stands = |task: &&OpenTask| lead.enrollments.iter().any(|e| e.id == task.enrollment && e.paused.is_some());
    lead.tasks.iter().filter(move |task| !task.late && !stands(task)).filter_map(|task| task.patient_until)
}

/// Tells the manager of the owner's team, or the channel for alerts, that a task was not done.
fn escalate(work: &mut Work<'_>, task: &OpenTask) {
    let staff = &work.playbook.staff;
    let is_owners = |team: &&crate::domain::routing::Team| {
        task.owner.as_ref().is_some_and(|owner| team.members.contains(owner) || team.fallback == *owner)
    };
    let of_owner = staff.teams.values().find(is_owners).and_then(|team| team.manager.clone());
    let of_only =
        || staff.teams.values().next().filter(|_| staff.teams.len() == 1).and_then(|team| team.manager.clone());
    let Some(channel) = of_owner.or_else(|| work.playbook.settings.alerts.clone()).or_else(of_only) else { return };
    let data = json!({
        "schema": "task/1",
        "task": {
            "id": task.id.to_string(),
            "kind": task.kind,
            "sequence": task.sequence,
            "version": task.version,
            "step": task.step,
            "owner": task.owner,
            "asked_at": task.asked_at.to_string(),
            "due_at": task.due_at.map(|at| at.to_string()),
        },
        "lead": person(&work.lead),
    });
    let step = format!("overdue:{channel}");
    work.effect(Effect::Queue(Box::new(NewTouch {
        id: TouchId::of(task.id.as_str(), &step),
        lead: work.lead.id.clone(),
        origin: task.id.as_str().to_owned(),
        enrollment: None,
        step,
        channel: Channel::Webhook,
        lane: format!("hook:{channel}"),
        policy: Policy::AtLeastOnce,
        sequence: String::new(),
        version: String::new(),
        template: String::new(),
        variant: None,
        payload: Some(json!({"type": "task.overdue", "timestamp": work.now.to_string(), "data": data})),
        first_allowed_at: work.now,
        ready_at: work.now,
        rank: rank::AHEAD,
        zone: name_of(&jiff::tz::TimeZone::UTC),
    })));
}

/// Calls off what an enrollment asked for.
pub fn call_off_of(work: &mut Work<'_>, enrollment: &EnrollmentId, because: &str) {
    let of_it = |task: &&OpenTask| &task.enrollment == enrollment;
    for task in work.lead.tasks.iter().filter(of_it).cloned().collect::<Vec<_>>() {
        call_off(work, &task, because);
    }
}

/// Calls off what is left of enrollments that came to their end, of one sequence or of all; tells whether there was any.
pub fn call_off_left(work: &mut Work<'_>, sequence: Option<&str>, because: &str) -> bool {
    let is_left = |task: &&OpenTask| {
        work.enrollment(&task.enrollment).is_none() && sequence.is_none_or(|name| task.sequence == name)
    };
    let left: Vec<OpenTask> = work.lead.tasks.iter().filter(is_left).cloned().collect();
    for task in &left {
        call_off(work, task, because);
    }
    !left.is_empty()
}

fn call_off(work: &mut Work<'_>, task: &OpenTask, because: &str) {
    tell(work, task, TaskFact::CalledOff { because: because.to_owned() });
    end_row(work, task, ("called_off", None, Some(because.to_owned())));
}

/// The enrollment that stands still for a task, also where its patience has ended.
fn waiting<'w>(work: &'w Work<'_>, task: &OpenTask) -> Option<&'w Enrollment> {
    let running = work.enrollment(&task.enrollment)?;
    let stands = match &running.phase {
        Phase::Tasked { task: awaited } => awaited == &task.id,
        Phase::Held { hold } => hold.touch.is_none() && running.at.as_ref() == Some(&task.step),
        Phase::Ready | Phase::Waiting { .. } | Phase::Sending { .. } => false,
    };
    stands.then_some(running)
}
