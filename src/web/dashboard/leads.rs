//! The list of leads: the hottest, the newest, by stage, by the beginning of the address.

use axum::extract::{Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::Pages;
use super::figures::bar;
use super::frame::{Place, Trouble, page as framed};
use super::numbers::points;
use super::overview::{called, known};
use super::when::Local;
use crate::domain::lead::Lead;
use crate::domain::stage::Stage;
use crate::store::reports::{LeadLine, Leads};

const PAGE: usize = 50;

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    order: Option<String>,
    #[serde(default)]
    stage: Option<String>,
    #[serde(default)]
    after: Option<String>,
}

impl Asked {
    fn list(&self) -> Leads {
        if let Some(stage) = self.stage.as_deref().and_then(Stage::parse) {
            return Leads::InStage(stage);
        }
        match self.order.as_deref() {
            Some("newest") => Leads::Newest,
            Some("attention") => Leads::NeedingAttention,
            _ => Leads::Hottest,
        }
    }
}

/// The tabs: where each leads, and its name.
fn tabs() -> Vec<(String, String)> {
    let orders = [("", "hottest"), ("?order=newest", "newest"), ("?order=attention", "want a person")];
    let stages = [Stage::Mql, Stage::Sql, Stage::Customer, Stage::Recycled, Stage::Disqualified];
    let orders = orders.map(|(query, name)| (format!("/leads{query}"), name.to_owned()));
    orders.into_iter().chain(stages.map(|stage| (format!("/leads?stage={stage}"), stage.to_string()))).collect()
}

fn is_lit(tab: &str, asked: &Asked) -> bool {
    let query = match (&asked.stage, &asked.order) {
        (Some(stage), _) => format!("?stage={stage}"),
        (None, Some(order)) => format!("?order={order}"),
        (None, None) => String::new(),
    };
    tab == format!("/leads{query}")
}

pub async fn page(State(pages): State<Pages>, Query(asked): Query<Asked>) -> Result<Response, Trouble> {
    let found = pages.engine.store.reports().leads(&asked.list(), asked.after.as_deref(), PAGE).await?;
    let whole = known(&pages, found.rows.iter().map(|line| &line.id)).await?;
    let local = Local::of(&pages);
    let next = found.next.as_ref().map(|next| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("stage", &asked.stage), ("order", &asked.order), ("after", &Some(next.clone()))] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        format!("/leads?{}", query.finish())
    });
    let inside = html! {
        div class="title" {
            div { h1 { "Leads" } }
            div class="tabs" {
                @for (to, name) in tabs() { a href=(to) aria-current=[is_lit(&to, &asked).then_some("page")] { (name) } }
            }
        }
        section class="card" {
            @if found.rows.is_empty() { div class="empty" { "No lead is here." } } @else {
                table class="leads" {
                    tr { th { "Lead" } th { "Company" } th { "Stage" } th { "Score" } th { "In sequence" } th class="right" { "Changed" } }
                    @for line in &found.rows { (row(line, whole.get(&line.id), &local)) }
                }
            }
            @if let Some(next) = next { p { a href=(next) { "More" } } }
        }
    };
    Ok(framed(&pages, Place::Leads, "Leads", &inside))
}

fn row(line: &LeadLine, lead: Option<&Lead>, local: &Local) -> Markup {
    let text = |name: &str| lead.and_then(|lead| lead.attributes.get(name)).and_then(serde_json::Value::as_str);
    let running: Vec<&str> = lead.into_iter().flat_map(|lead| &lead.enrollments).map(|e| e.sequence.as_str()).collect();
    html! {
        tr class="go" {
            td {
                a href=(format!("/leads/{}", line.id)) { b { (lead.map_or_else(|| line.address.clone(), called)) } }
                div class="soft" { small { (line.address) } }
            }
            td { (text("company").or(line.account.as_deref()).unwrap_or_default()) div { small { (text("title").unwrap_or_default()) } } }
            td { (stage(line.stage)) @if let Some(reason) = line.suppressed { " " span class="chip red" { (reason.as_str().replace('_', " ")) } } }
            td class="gauge" { div { b { (points(line.score)) } " " (heat(&line.temperature)) } (bar(line.score, tone(&line.temperature))) }
            td class="soft" { (running.join(", ")) @if line.attention > 0 { " " span class="chip amber" { "look" } } }
            td class="right soft" { (local.short(line.updated_at)) }
        }
    }
}

pub fn stage(stage: Stage) -> Markup {
    let tone = match stage {
        Stage::Mql | Stage::Pql | Stage::Iql => "chip sky",
        Stage::Sql | Stage::Opportunity | Stage::Customer => "chip pine",
        Stage::Disqualified => "chip red",
        Stage::Recycled => "chip amber",
        Stage::Lead => "chip",
    };
    html! { span class=(tone) { (stage.as_str()) } }
}

fn tone(temperature: &str) -> &'static str {
    match temperature {
        "hot" => "red",
        "warm" => "amber",
        _ => "sky",
    }
}

pub fn heat(temperature: &str) -> Markup {
    html! { small class=(tone(temperature)) { (temperature) } }
}
