//! Mails in several variants: what was counted of each, and what can be said.

use serde_json::Value;

use super::client::{Client, escaped};
use super::desk::Desk;
use super::failure::Failure;
use super::fields::{text, time};

pub async fn show(desk: &mut Desk, client: &Client, name: Option<&str>) -> Result<(), Failure> {
    let filter = name.map_or_else(String::new, |name| format!("?sequence={}", escaped(name)));
    let all = client.get(&format!("/v1/experiments{filter}")).await?.ok()?;
    if desk.paper.json {
        return desk.paper.value(&all);
    }
    let all = all["experiments"].as_array().cloned().unwrap_or_default();
    if all.is_empty() {
        return desk.paper.line("no mail is or was tried in several variants");
    }
    all.iter().try_for_each(|one| print(desk, one))
}

fn print(desk: &mut Desk, one: &Value) -> Result<(), Failure> {
    desk.paper.heading(&format!("{} {}: {}", text(&one["sequence"]), text(&one["step"]), text(&one["said"])))?;
    if !one["won_at"].is_null() {
        let (won_at, found_by) = (time(&one["won_at"], &desk.paper), &one["found_by"]);
        let p = found_by["p"].as_f64().unwrap_or(1.0);
        let by = found_by["variants"].as_array().into_iter().flatten().map(counted).collect::<Vec<_>>();
        desk.paper.line(format!("won {won_at}, p = {p:.4}: {}", by.join(", ")))?;
    }
    if !one["success"].is_null() && !one["at_least"].is_null() {
        let (success, at_least) = (text(&one["success"]), text(&one["at_least"]));
        desk.paper
            .line(format!("success: {success}; at least {at_least} mails of each; confidence {}", one["confidence"]))?;
    }
    let row = |arm: &Value| {
        let rate = arm["rate"].as_f64().unwrap_or(0.0) * 100.0;
        let (name, weight) = (text(&arm["variant"]), text(&arm["weight"]));
        vec![name, weight, text(&arm["mails"]), text(&arm["successes"]), format!("{rate:.1} %"), text(&arm["template"])]
    };
    let rows: Vec<Vec<String>> = one["variants"].as_array().into_iter().flatten().map(row).collect();
    desk.paper.table(&["variant", "weight", "mails", "successes", "rate", "template"], &rows)
}

fn counted(arm: &Value) -> String {
    format!("{} {} of {}", text(&arm["variant"]), arm["successes"], arm["mails"])
}
