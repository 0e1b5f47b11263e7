//! The versions of a file and what changed between them, as tables and diffs.

use serde_json::Value;

use super::client::{Client, escaped};
use super::desk::Desk;
use super::failure::Failure;
use super::fields::{cut, text, time};

/// Lists the versions of what is asked for, the newest first.
pub async fn history(desk: &mut Desk, client: &Client, of: &str) -> Result<(), Failure> {
    let all = client.get(&format!("/v1/versions?{of}")).await?.ok()?;
    if desk.paper.json {
        return desk.paper.value(&all);
    }
    let all: Vec<&Value> = all["versions"].as_array().into_iter().flatten().collect();
    // Leads are in a version of a sequence; the scoring file in force is everybody's.
    let counted = all.iter().any(|one| !one["running"].is_null());
    let paper = &desk.paper;
    let row = |one: &&Value| {
        let flag = |key: &str, word: &str| one[key].as_bool().unwrap_or_default().then(|| word.to_owned());
        let force: Vec<String> = if counted {
            flag("current", "new").into_iter().chain(flag("applied", "in flight")).collect()
        } else {
            flag("applied", "every lead").into_iter().collect()
        };
        let mut row = vec![cut(&one["version"], 12), time(&one["stored_at"], paper), cut(&one["commit"], 10)];
        if counted {
            row.extend([text(&one["running"]), text(&one["ended"])]);
        }
        row.push(force.join(", "));
        row
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    let head: &[&str] = if counted {
        &["version", "since", "commit", "in it", "ended", "in force for"]
    } else {
        &["version", "since", "commit", "in force for"]
    };
    desk.paper.table(head, &rows)
}

/// Shows what changed between two versions.
pub async fn diff(
    desk: &mut Desk,
    client: &Client,
    (of, old, new): (&str, Option<String>, Option<String>),
) -> Result<(), Failure> {
    let mut path = format!("/v1/versions/diff?{of}");
    for (key, value) in [("old", old), ("new", new)] {
        if let Some(value) = value {
            path += &format!("&{key}={}", escaped(&value));
        }
    }
    let told = client.get(&path).await?.ok()?;
    if desk.paper.json {
        return desk.paper.value(&told);
    }
    let diff = told["diff"].as_str().unwrap_or_default();
    if diff.is_empty() {
        return desk.paper.line("the versions are the same");
    }
    diff.lines().try_for_each(|line| desk.paper.marked(line.chars().next().unwrap_or(' '), line))
}
