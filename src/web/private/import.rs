//! Lists of leads, a thousand rows a request: every row is answered, and the same list twice changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json as Answered;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{attributes, files};
use crate::domain::address::EmailAddress;
use crate::domain::decide::{Ask, Input};
use crate::domain::event::Actor;
use crate::domain::lead::Lead;
use crate::domain::sequence::{Again, Sequence};
use crate::domain::suppression::Reason;
use crate::domain::time::Instant;
use crate::engine::{Answer, Target, Unit};
use crate::store::reports::LeadKey;
use crate::web::App;
use crate::web::extract::Json;
use crate::web::problem::Problem;

const MOST: usize = 1_000;
const SOURCE: &str = "import";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    rows: Vec<Row>,
    /// Lets values of the list replace those a lead has.
    #[serde(default)]
    overwrite: bool,
    /// A tag for every lead of the list.
    #[serde(default)]
    tag: Option<String>,
    /// A sequence for every lead of the list.
    #[serde(default)]
    enroll: Option<String>,
    #[serde(default)]
    again: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// Its line in the list, repeated in the answer.
    line: u64,
    email: String,
    #[serde(default)]
    attributes: Map<String, Value>,
    #[serde(default)]
    tags: Vec<String>,
}

/// A row that can be read.
struct Good {
    address: EmailAddress,
    set: Map<String, Value>,
    tags: Vec<String>,
}

/// What is known of a lead while the list is gone through.
#[derive(Default)]
struct Known {
    exists: bool,
    values: BTreeMap<String, Value>,
    tags: BTreeSet<String>,
    suppressed: Option<Reason>,
    /// Whether the list's sequence would not let it in, which needs not be asked each time.
    barred: bool,
}

/// What one row comes to.
struct Planned {
    result: &'static str,
    reason: Option<String>,
    suppressed: bool,
    /// Which unit says whether it was done, and which whether it was enrolled.
    done: Option<usize>,
    enrolled: Option<usize>,
}

/// `POST /v1/leads/import`.
pub async fn import(State(app): State<App>, Json(list): Json<List>) -> Result<Answered<Value>, Problem> {
    if list.rows.len() > MOST {
        return Err(Problem::invalid(format!(
            "a list has at most {MOST} rows a request, this one {}",
            list.rows.len()
        )));
    }
    let playbook = app.engine.playbook();
    let entering = list.enroll.as_deref().map(|name| files::known(&playbook, name)).transpose()?;
    let common = attributes::tags(list.tag.as_slice()).map_err(Problem::invalid)?;
    let good: Vec<Result<Good, String>> = list
        .rows
        .iter()
        .map(|row| {
            let address = EmailAddress::parse(&row.email)?;
            let mut set = attributes::typed(&row.attributes, &playbook.settings)?;
            set.retain(|_, value| !value.is_null());
            let mut tags = attributes::tags(&row.tags)?;
            tags.extend(common.iter().filter(|tag| !row.tags.contains(tag)).cloned());
            Ok(Good { address, set, tags })
        })
        .collect();
    let mut known = known(&app, &good, entering.as_deref()).await?;
    let mut units = Vec::new();
    let planned: Vec<Planned> = good
        .into_iter()
        .map(|row| match row {
            Ok(row) => plan(&app, &list, row, &mut known, &mut units),
            Err(reason) => {
                Planned { result: "refused", reason: Some(reason), suppressed: false, done: None, enrolled: None }
            }
        })
        .collect();
    let answers = app.engine.record(units).await?;
    app.engine.fail.hit("import.batch");
    let results: Vec<Value> =
        list.rows.iter().zip(planned).map(|(row, planned)| told(row.line, planned, &answers)).collect();
    Ok(Answered(json!({ "results": results })))
}

/// What stands in the store about the addresses of a list.
async fn known(
    app: &App,
    rows: &[Result<Good, String>],
    entering: Option<&Sequence>,
) -> Result<BTreeMap<EmailAddress, Known>, Problem> {
    let addresses: BTreeSet<&EmailAddress> = rows.iter().flatten().map(|row| &row.address).collect();
    let keys: Vec<LeadKey> = addresses.iter().map(|address| LeadKey::Address((*address).clone())).collect();
    let leads = app.engine.store.leads(&keys).await?;
    let targets = addresses.iter().flat_map(|address| [address.as_str(), address.domain()]).collect();
    let suppressed = app.engine.suppressed(&targets).await?;
    Ok(addresses
        .into_iter()
        .zip(leads)
        .map(|(address, lead)| {
            let stands =
                [address.as_str(), address.domain()].iter().find_map(|target| suppressed.get(*target)).copied();
            let mut known = lead.map_or_else(Known::default, |lead| Known::of(&lead, entering, app.engine.now()));
            known.suppressed = known.suppressed.or(stands);
            (address.clone(), known)
        })
        .collect())
}

impl Known {
    fn of(lead: &Lead, entering: Option<&Sequence>, now: Instant) -> Self {
        Self {
            exists: true,
            values: lead.attributes.clone(),
            tags: lead.tags().map(str::to_owned).collect(),
            suppressed: lead.suppressed,
            barred: entering.is_some_and(|sequence| barred(lead, sequence, now)),
        }
    }
}

fn barred(lead: &Lead, sequence: &Sequence, now: Instant) -> bool {
    let past = lead.past.get(&sequence.name).filter(|past| past.counted > 0);
    let too_soon = match sequence.again {
        Again::Never => past.is_some(),
        Again::After(wait) => past.and_then(|past| past.last_ended_at).is_some_and(|ended| now < ended + wait),
        Again::Always => false,
    };
    too_soon || lead.enrollments.iter().any(|running| running.sequence == sequence.name)
}

/// Decides what a row changes, given all rows before it, and asks for that.
fn plan(
    app: &App,
    list: &List,
    row: Good,
    known: &mut BTreeMap<EmailAddress, Known>,
    units: &mut Vec<Unit>,
) -> Planned {
    let lead = known.entry(row.address.clone()).or_default();
    let mut set = row.set;
    set.retain(|name, value| match lead.values.get(name).filter(|old| !old.is_null()) {
        Some(old) => list.overwrite && old != value,
        None => true,
    });
    let mut tags = row.tags;
    tags.retain(|tag| lead.tags.insert(tag.clone()));
    lead.values.extend(set.clone());
    let result = match (lead.exists, set.is_empty() && tags.is_empty()) {
        (false, _) => "created",
        (true, false) => "changed",
        (true, true) => "unchanged",
    };
    lead.exists = true;
    let mut planned =
        Planned { result, reason: None, suppressed: lead.suppressed.is_some(), done: None, enrolled: None };
    let mut ask = |ask: Ask| {
        let to = Target::Address { address: row.address.clone(), create: true };
        let input = Input { ask, occurred_at: app.engine.now(), source: SOURCE.to_owned(), actor: Actor::System };
        units.push(Unit { to, input, key: None });
        units.len() - 1
    };
    if result != "unchanged" {
        planned.done = Some(ask(Ask::Import { set, add_tags: tags }));
    }
    let Some(sequence) = &list.enroll else { return planned };
    if let Some(reason) = lead.suppressed {
        planned.reason = Some(format!("not enrolled: the lead is suppressed ({})", reason.as_str()));
    } else if !std::mem::replace(&mut lead.barred, true) || list.again {
        let enroll = Ask::Enroll { sequence: sequence.clone(), by: SOURCE.to_owned(), again: list.again };
        planned.enrolled = Some(ask(enroll));
    } else {
        planned.reason = Some("not enrolled: the lead is in this sequence, or was".to_owned());
    }
    planned
}

fn told(line: u64, planned: Planned, answers: &[Answer]) -> Value {
    let mut told = json!({ "line": line, "result": planned.result });
    let mut reason = planned.reason;
    if let Some(Answer::Failed { reason: why }) = planned.done.and_then(|at| answers.get(at)) {
        told["result"] = "refused".into();
        reason = Some(why.clone());
    }
    if let Some(answer) = planned.enrolled.and_then(|at| answers.get(at)) {
        told["enrolled"] = matches!(answer, Answer::Enrolled { .. }).into();
        if let Answer::Refused { reason: why, .. } | Answer::Failed { reason: why } = answer {
            reason = Some(format!("not enrolled: {why}"));
        }
    }
    if planned.suppressed {
        told["suppressed"] = true.into();
    }
    if let Some(reason) = reason {
        told["reason"] = reason.into();
    }
    told
}
