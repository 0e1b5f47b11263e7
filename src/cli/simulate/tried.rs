//! What a simulation says of mails in several variants.

use serde_json::{Value, json};

use super::Side;
use super::summary::{grouped, share, table};
use crate::cli::failure::Failure;
use crate::cli::paper::Paper;
use crate::sim::simulate::Tried;

/// A line a variant, and below it what would be said; nothing where all mails have one text.
pub fn print(sides: &[Side], paper: &mut Paper) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for Side { name, figures } in sides {
        for one in &figures.experiments {
            for arm in &one.arms {
                let (mails, hits) = (grouped(arm.mails), grouped(arm.hits));
                let rate = share(arm.hits, arm.mails);
                rows.push(vec![
                    name.clone(),
                    one.sequence.clone(),
                    one.step.clone(),
                    arm.variant.clone(),
                    mails,
                    hits,
                    rate,
                ]);
            }
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    table(sides, &["workspace", "sequence", "step", "variant", "mails", "successes", "rate"], rows, paper)?;
    let all = sides.iter().flat_map(|side| &side.figures.experiments);
    all.map(said).try_for_each(|line| paper.line(line))
}

/// What would be said of an experiment in the end.
pub fn said(one: &Tried) -> String {
    format!("{} {}: {}", one.sequence, one.step, one.said)
}

pub fn json(one: &Tried) -> Value {
    let arm = |arm: &crate::domain::experiment::Arm| json!({"variant": arm.variant, "mails": arm.mails, "successes": arm.hits});
    let variants: Vec<Value> = one.arms.iter().map(arm).collect();
    json!({"sequence": one.sequence, "step": one.step, "variants": variants, "winner": one.winner, "said": one.said})
}
