//! What failed is kept as a file, made short, so that it can be looked at and is played for ever.

use super::runs::play;
use super::step::{Knobs, Step, Trace};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Runs tried at most to make a trace shorter.
const TRIES: usize = 120;

/// A trace as it is kept, with the rule that it once broke.
#[derive(Serialize, Deserialize)]
pub struct Kept {
    pub broke: String,
    pub seed: u64,
    pub knobs: Knobs,
    pub steps: Vec<Step>,
}

impl Kept {
    pub fn trace(&self) -> Trace {
        Trace { seed: self.seed, knobs: self.knobs.clone(), steps: self.steps.clone() }
    }

    pub fn read(file: &Path) -> Self {
        let text =
            std::fs::read_to_string(file).unwrap_or_else(|error| panic!("cannot read {}: {error}", file.display()));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{} is no trace: {error}", file.display()))
    }

    /// A step a line, for those who read it.
    fn text(&self) -> String {
        let steps: Vec<String> = self.steps.iter().map(|step| format!("    {}", json(step))).collect();
        format!(
            "{{\n  \"broke\": {},\n  \"seed\": {},\n  \"knobs\": {},\n  \"steps\": [\n{}\n  ]\n}}\n",
            json(&self.broke),
            self.seed,
            json(&self.knobs),
            steps.join(",\n")
        )
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain values are written")
}

/// Takes steps out as long as the same rule breaks.
pub fn shorten(trace: &Trace, rule: &str) -> Trace {
    let mut short = trace.clone();
    let mut tries = 0;
    let mut piece = short.steps.len().div_ceil(2);
    while piece > 0 && tries < TRIES {
        let (mut at, before) = (0, short.steps.len());
        while at < short.steps.len() && tries < TRIES {
            let mut less = short.clone();
            less.steps.drain(at..(at + piece).min(less.steps.len()));
            tries += 1;
            if play(&less, None).rule() == Some(rule) { short = less } else { at += piece }
        }
        if piece > 1 || short.steps.len() == before {
            piece /= 2;
        }
    }
    short
}

/// Writes a trace down, and tells where.
pub fn keep(trace: &Trace, rule: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("sim-{}.json", trace.seed));
    let kept =
        Kept { broke: rule.to_owned(), seed: trace.seed, knobs: trace.knobs.clone(), steps: trace.steps.clone() };
    std::fs::write(&file, kept.text()).unwrap_or_else(|error| panic!("cannot write {}: {error}", file.display()));
    file
}

/// The traces that were found once, and must never break again.
pub fn all_kept() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sim/traces");
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    files.sort();
    files
}
