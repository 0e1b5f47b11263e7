//! A pattern compiled at each call would cost more than the rest of a condition, so it is compiled once, when read.

use regex::{Regex, RegexBuilder};

/// The most memory one compiled pattern may take, in bytes.
const LARGEST: usize = 1 << 20;

/// Compiles a pattern; the error is half a sentence about what is wrong with it.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern).size_limit(LARGEST).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the pattern is too large".to_owned(),
        other => {
            let report = other.to_string();
            let last = report.lines().last().unwrap_or_default().trim();
            format!("the pattern is not valid: {}", last.strip_prefix("error: ").unwrap_or(last))
        }
    })
}
