//! Mails that are tried in several variants: what was counted, and what can be said.

use std::collections::BTreeSet;

use axum::Json as Answered;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::files::known;
use super::shape::at;
use crate::domain::experiment::{Arm, Key, Verdict};
use crate::domain::playbook::Playbook;
use crate::domain::sequence::{Experiment, Sequence, Step};
use crate::store::reports::ExperimentLine;
use crate::web::App;
use crate::web::extract::Query;
use crate::web::problem::Problem;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    sequence: Option<String>,
}

/// `GET /v1/experiments`: those of the files first, then what was counted before their variants changed.
pub async fn list(State(app): State<App>, Query(which): Query<Which>) -> Result<Answered<Value>, Problem> {
    let (playbook, name) = (app.engine.playbook(), which.sequence.as_deref());
    let counted = app.engine.store.reports().experiments(name).await?;
    if let Some(name) = name.filter(|_| counted.is_empty()) {
        known(&playbook, name)?;
    }
    let mut told = Vec::new();
    let mut current = BTreeSet::new();
    for (sequence, step, experiment) in of_files(&playbook, name) {
        let key = key_of(sequence, step, experiment);
        let line = counted.iter().find(|line| line.key == key);
        told.push(running((sequence, step, experiment), line));
        current.insert(key);
    }
    told.extend(counted.iter().filter(|line| !current.contains(&line.key)).map(ended));
    Ok(Answered(json!({ "experiments": told })))
}

fn of_files<'p>(
    playbook: &'p Playbook,
    name: Option<&'p str>,
) -> impl Iterator<Item = (&'p Sequence, &'p Step, &'p Experiment)> {
    let sequences = playbook.sequences.values().filter(move |sequence| name.is_none_or(|name| sequence.name == name));
    sequences.flat_map(|sequence| {
        sequence.experiments().map(move |(step, experiment)| (sequence.as_ref(), step, experiment))
    })
}

fn key_of(sequence: &Sequence, step: &Step, experiment: &Experiment) -> Key {
    let (sequence, step) = (sequence.name.clone(), step.id.clone());
    Key { sequence, step, experiment: experiment.id.clone() }
}

/// One that new leads enter now.
fn running((sequence, step, experiment): (&Sequence, &Step, &Experiment), line: Option<&ExperimentLine>) -> Value {
    let arms = experiment.arms(line.map_or(&[], |line| &line.arms));
    let verdict = experiment.judge(&arms);
    let variants = experiment.variants.iter().zip(&arms).map(|(variant, arm)| {
        let mut shape = shape(arm);
        shape["template"] = variant.template.as_str().into();
        shape["weight"] = variant.weight.into();
        shape
    });
    let won = line.and_then(|line| line.winner.as_ref());
    let state = match (won, &verdict) {
        (Some(_), _) => "won",
        (None, Verdict::NotAsked) => "no_winner_asked",
        (None, _) => "not_enough_data",
    };
    let said = won.map_or_else(|| verdict.to_string(), |winner| format!("`{winner}` has won"));
    let rule = experiment.winner.as_ref();
    json!({
        "sequence": sequence.name,
        "step": step.id,
        "experiment": experiment.id,
        "state": state,
        "said": said,
        "success": rule.map(|rule| &rule.by),
        "at_least": rule.map(|rule| rule.at_least),
        "confidence": rule.map(|rule| rule.confidence),
        "began_at": at(line.map(|line| line.began_at)),
        "winner": won,
        "won_at": at(line.and_then(|line| line.won_at)),
        "found_by": line.and_then(found_by),
        "variants": variants.collect::<Vec<_>>(),
    })
}

/// One whose variants are not those of the files any more.
fn ended(line: &ExperimentLine) -> Value {
    let said = "its variants are not those of the file any more: what was counted stands for itself";
    json!({
        "sequence": line.key.sequence,
        "step": line.key.step,
        "experiment": line.key.experiment,
        "state": "ended",
        "said": said,
        "success": line.success,
        "at_least": Value::Null,
        "confidence": Value::Null,
        "began_at": at(Some(line.began_at)),
        "winner": line.winner,
        "won_at": at(line.won_at),
        "found_by": found_by(line),
        "variants": line.arms.iter().map(shape).collect::<Vec<_>>(),
    })
}

fn found_by(line: &ExperimentLine) -> Option<Value> {
    line.figures.as_deref().and_then(|text| serde_json::from_str(text).ok())
}

fn shape(arm: &Arm) -> Value {
    json!({"variant": arm.variant, "mails": arm.mails, "successes": arm.hits, "rate": arm.rate()})
}
