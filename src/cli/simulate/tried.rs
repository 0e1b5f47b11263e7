//! What a simulation says of mails in several variants.

use serde_json::{Value, json};

use crate::sim::simulate::Tried;

/// What would be said of an experiment in the end.
pub fn said(one: &Tried) -> String {
    format!("{} {}: {}", one.sequence, one.step, one.said)
}

pub fn json(one: &Tried) -> Value {
    let arm = |arm: &crate::domain::experiment::Arm| json!({"variant": arm.variant, "mails": arm.mails, "successes": arm.hits});
    let variants: Vec<Value> = one.arms.iter().map(arm).collect();
    json!({"sequence": one.sequence, "step": one.step, "variants": variants, "winner": one.winner, "said": one.said})
}
