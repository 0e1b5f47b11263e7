//! The inbox of those who carry a sequence's tasks out: listed, done, put off, skipped, one by one or many at once.

use axum::extract::{Path, State};
use axum::{Extension, Json as Answered};
use serde::Deserialize;
use serde_json::{Value, json};

use super::guard::Caller;
use super::leads::{find, tell};
use super::shape;
use crate::domain::calendar::Pause;
use crate::domain::decide::{Ask, Input};
use crate::domain::event::Actor;
use crate::domain::id::TaskId;
use crate::domain::sequence::TaskKind;
use crate::domain::task::{STATES, Snooze, TaskAct};
use crate::engine::{Answer, Target, Unit};
use crate::store::reports::{Page, TaskFilter, TaskLine};
use crate::web::App;
use crate::web::extract::{Json, Query, instant, lead_key, nearest, page_size};
use crate::web::problem::Problem;

/// Tasks one request acts on at most.
const MOST: usize = 500;
/// The longest word for who did it, and for how it came out, in octets.
const LONGEST: usize = 64;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// `open` (the inbox), `snoozed`, or one of the states.
    state: Option<String>,
    owner: Option<String>,
    kind: Option<String>,
    sequence: Option<String>,
    lead: Option<String>,
    due_by: Option<String>,
    #[serde(default)]
    overdue: bool,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// `GET /v1/tasks`: the one due first first; those that are over, the one asked for last first.
pub async fn list(State(app): State<App>, Query(which): Query<Which>) -> Result<Answered<Value>, Problem> {
    let size = page_size(which.limit)?;
    let (reports, state) = (app.engine.store.reports(), which.state.as_deref().unwrap_or("open"));
    let page = match state {
        "open" | "snoozed" => {
            let mut filter = filter(&app, &which).await?;
            filter.snoozed = state == "snoozed";
            reports.open_tasks(&filter, app.engine.now(), (which.cursor.as_deref(), size)).await?
        }
        over if STATES.contains(&over) => {
            let filter = filter(&app, &which).await?;
            let mut page = reports.tasks_in(over, which.cursor.as_deref(), size).await?;
            page.rows.retain(|line| fits(&filter, line));
            page
        }
        other => {
            let known = STATES.into_iter().chain(["snoozed"]);
            let near = nearest(other, known);
            return Err(Problem::invalid(format!("`{other}` is no state of a task{near}")));
        }
    };
    let rows = app.engine.to_do(page.rows, false).await?;
    Ok(Answered(shape::page("tasks", &Page { rows, next: page.next }, |one| shape::task(one, app.engine.now()))))
}

/// What is asked of a list of ended tasks, where a filter thins a page out.
fn fits(filter: &TaskFilter, line: &TaskLine) -> bool {
    filter.owner.as_ref().is_none_or(|owner| line.owner.as_ref() == Some(owner))
        && filter.kind.is_none_or(|kind| line.kind == kind)
        && filter.sequence.as_ref().is_none_or(|name| &line.sequence == name)
        && filter.lead.as_ref().is_none_or(|lead| &line.lead == lead)
        && filter.due_by.is_none_or(|at| line.due_at.is_some_and(|due| due <= at))
        && (!filter.overdue || line.late)
}

async fn filter(app: &App, which: &Which) -> Result<TaskFilter, Problem> {
    let lead = match &which.lead {
        Some(lead) => Some(find(app, lead_key(lead)?).await?.id),
        None => None,
    };
    Ok(TaskFilter {
        owner: which.owner.clone(),
        kind: which.kind.as_deref().map(kind).transpose()?,
        sequence: which.sequence.clone(),
        lead,
        due_by: which.due_by.as_deref().map(|text| instant(text, "due_by")).transpose()?,
        overdue: which.overdue,
        snoozed: false,
    })
}

fn kind(text: &str) -> Result<TaskKind, Problem> {
    TaskKind::parse(text).ok_or_else(|| {
        let near = nearest(text, TaskKind::ALL.iter().map(|kind| kind.as_str()));
        Problem::invalid(format!("`{text}` is no kind of a task{near}"))
    })
}

/// `GET /v1/tasks/{task}`, with its notes.
pub async fn one(State(app): State<App>, Path(task): Path<String>) -> Result<Answered<Value>, Problem> {
    let line = line(&app, &task).await?;
    let told = app.engine.to_do(vec![line], true).await?.pop().ok_or_else(missing)?;
    let mut shape = shape::task(&told, app.engine.now());
    shape["notes"] = json!(told.notes);
    Ok(Answered(shape))
}

fn missing() -> Problem {
    Problem::missing("there is no such task")
}

async fn line(app: &App, text: &str) -> Result<TaskLine, Problem> {
    found(app, text).await?.ok_or_else(missing)
}

async fn found(app: &App, text: &str) -> Result<Option<TaskLine>, Problem> {
    let Some(id) = TaskId::parse(text) else { return Ok(None) };
    Ok(app.engine.store.reports().task(&id).await?)
}

/// What is done with a task, and all that may be said of it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doing {
    outcome: Option<String>,
    until: Option<String>,
    #[serde(rename = "for")]
    length: Option<String>,
    to: Option<String>,
    by: Option<String>,
}

impl Doing {
    fn act(&self, word: &str) -> Result<TaskAct, Problem> {
        match word {
            "done" => {
                let outcome = self.outcome.as_deref().map(|text| short(text, "outcome")).transpose()?;
                Ok(TaskAct::Done { outcome })
            }
            "skip" => Ok(TaskAct::Skip),
            "assign" => Ok(TaskAct::Assign { to: short(self.to.as_deref().unwrap_or_default(), "to")? }),
            "snooze" => self.snooze().map(TaskAct::Snooze),
            _ => Err(Problem::invalid("`act` is `done`, `skip`, `snooze` or `assign`")),
        }
    }

    fn snooze(&self) -> Result<Snooze, Problem> {
        match (&self.until, &self.length) {
            (Some(until), None) => instant(until, "until").map(Snooze::Until),
            (None, Some(length)) => {
                let pause = Pause::parse(length).map_err(|error| Problem::invalid(format!("`for`: {error}")))?;
                Ok(Snooze::For(pause))
            }
            _ => Err(Problem::invalid("a snooze says `until` when, or `for` how long (4h, 2d, 1bd)")),
        }
    }

    fn by(&self, caller: &Caller) -> Result<String, Problem> {
        self.by.as_deref().map_or_else(|| Ok(caller.name.clone()), |by| short(by, "by"))
    }
}

fn short(text: &str, name: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST {
        return Err(Problem::invalid(format!("`{name}` must have 1 to {LONGEST} octets")));
    }
    Ok(text.to_owned())
}

fn unit(app: &App, line: &TaskLine, (act, by): (TaskAct, String), caller: &Caller) -> Unit {
    let ask = Ask::Task { task: line.id.clone(), act, by };
    let input = Input { ask, occurred_at: app.engine.now(), source: caller.source.to_owned(), actor: Actor::System };
    Unit { to: Target::Lead(line.lead.clone()), input, key: None }
}

/// `POST /v1/tasks/{task}/{act}`.
pub async fn act(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((task, word)): Path<(String, String)>,
    Json(doing): Json<Doing>,
) -> Result<Answered<Value>, Problem> {
    let act = doing.act(&word)?;
    let by = doing.by(&caller)?;
    let line = line(&app, &task).await?;
    tell(&app, unit(&app, &line, (act, by), &caller)).await
}

/// Several tasks, by their ids or by a filter, and one act for all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bulk {
    act: String,
    #[serde(default)]
    tasks: Vec<String>,
    filter: Option<Which>,
    outcome: Option<String>,
    until: Option<String>,
    #[serde(rename = "for")]
    length: Option<String>,
    to: Option<String>,
    by: Option<String>,
}

/// `POST /v1/tasks/bulk`: each is answered by itself; `more` says that the filter finds others still.
pub async fn bulk(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(bulk): Json<Bulk>,
) -> Result<Answered<Value>, Problem> {
    let Bulk { act, tasks, filter: which, outcome, until, length, to, by } = bulk;
    let doing = Doing { outcome, until, length, to, by };
    let (act, by) = (doing.act(&act)?, doing.by(&caller)?);
    let (mut lines, mut absent) = (Vec::new(), Vec::new());
    let next = match (tasks.is_empty(), which) {
        (false, None) if tasks.len() <= MOST => {
            for task in &tasks {
                match found(&app, task).await? {
                    Some(line) => lines.push(line),
                    None => {
                        absent.push(json!({ "task": task, "status": "refused", "reason": "there is no such task" }));
                    }
                }
            }
            None
        }
        (true, Some(which)) => {
            let mut filter = filter(&app, &which).await?;
            filter.snoozed = match which.state.as_deref() {
                None | Some("open") => false,
                Some("snoozed") => true,
                Some(other) => {
                    return Err(Problem::invalid(format!(
                        "`{other}` tasks cannot be acted on: only `open` and `snoozed` ones"
                    )));
                }
            };
            let size = which.limit.map_or(Ok(MOST), |limit| page_size(Some(limit)))?;
            let from = (which.cursor.as_deref(), size);
            let page = app.engine.store.reports().open_tasks(&filter, app.engine.now(), from).await?;
            lines = page.rows;
            page.next
        }
        _ => return Err(Problem::invalid(format!("name up to {MOST} `tasks`, or give a `filter`, not both"))),
    };
    let units = lines.iter().map(|line| unit(&app, line, (act.clone(), by.clone()), &caller)).collect();
    let answers = app.engine.record(units).await?;
    let results: Vec<Value> =
        lines.iter().zip(&answers).map(|(line, answer)| result(line, answer)).chain(absent).collect();
    Ok(Answered(json!({ "results": results, "next": next })))
}

fn result(line: &TaskLine, answer: &Answer) -> Value {
    let task = line.id.to_string();
    match answer {
        Answer::Done { .. } | Answer::Enrolled { .. } | Answer::Pending { .. } | Answer::Duplicate { .. } => {
            json!({ "task": task, "status": "done" })
        }
        Answer::Refused { reason, .. } | Answer::Failed { reason } => {
            json!({ "task": task, "status": "refused", "reason": reason })
        }
        Answer::Unknown => json!({ "task": task, "status": "refused", "reason": "there is no such lead" }),
    }
}
