//! One lead: who it is, where it stands and why, what it did, and its score over time.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};

use super::Pages;
use super::frame::{Place, Trouble, page as framed};
use super::leads::{heat, stage};
use super::numbers::points;
use super::overview::called;
use super::plot::Curve;
use super::timeline;
use super::when::{Local, length};
use crate::domain::id::LeadId;
use crate::domain::lead::Lead;
use crate::engine::{Sheet, Why};
use crate::store::reports::{EnrollmentLine, HandoffLine, LeadKey, Order};

/// Events of a lead read at most, the newest ones.
const EVENTS: usize = 1_000;
/// Lines of the ledger shown.
const LEDGER: usize = 12;

pub async fn page(State(pages): State<Pages>, Path(id): Path<String>) -> Result<Response, Trouble> {
    let id = LeadId::parse(&id).ok_or(Trouble::Missing("lead"))?;
    let reports = pages.engine.store.reports();
    let lead = reports.lead(&LeadKey::Id(id)).await?.ok_or(Trouble::Missing("lead"))?;
    let local = Local::of(&pages);
    let mut events = reports.events(&lead.id, Order::Latest, None, EVENTS).await?;
    let why = pages.engine.why(&lead).await?;
    let sheet = pages.engine.sheet(&lead, None).await?;
    let line = timeline::days(&events, &local);
    events.reverse();
    let curve = Curve::of(&events, &pages.engine.playbook().scoring, pages.engine.now());
    let enrollments = reports.enrollments_of_lead(&lead.id).await?;
    let handoffs = reports.handoffs_of_lead(&lead.id).await?;
    let name = called(&lead);
    let inside = html! {
        (title(&lead, &why, &name))
        div class="w8 stack" {
            section class="card" {
                header { h2 { "Score" } small { "fit " (points(why.score.fit)) " + engagement " (points(why.score.engagement)) } }
                @if let Some(curve) = curve { (curve.picture(&local)) }
            }
            section class="card" { header { h2 { "What happened" } small { "newest first" } } (line) }
        }
        div class="w4 stack" {
            (stands(&why, &local))
            @for handoff in &handoffs { (handoff_card(&pages, handoff, &local)) }
            (facts(&lead, &local))
            (ledger(&sheet, &local))
            (enrolled(&enrollments, &local))
        }
    };
    Ok(framed(&pages, Place::Leads, &name, &inside))
}

fn title(lead: &Lead, why: &Why, name: &str) -> Markup {
    let text = |name: &str| lead.attributes.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let about: Vec<&str> =
        [text("title"), text("company"), text("city"), text("country")].into_iter().filter(|t| !t.is_empty()).collect();
    html! {
        div class="title" data-flash="" {
            div {
                h1 { (name) " " (stage(lead.stage)) @if let Some(reason) = lead.suppressed { " " span class="chip red" { (reason.as_str().replace('_', " ")) } } }
                div class="soft" { (about.join(" · ")) }
                div class="soft" { span class="mono" { (lead.address) } }
            }
            div class="score" { b { (points(why.score.total)) } (heat(&why.temperature)) }
        }
    }
}

fn stands(why: &Why, local: &Local) -> Markup {
    html! {
        section class="card" {
            header { h2 { "Where it stands" } }
            @if why.stands.is_empty() { div class="empty" { "In no sequence, with nobody, and nothing is due." } }
            ul class="stands" { @for line in &why.stands { li { (local.tell(line)) } } }
        }
    }
}

fn handoff_card(pages: &Pages, handoff: &HandoffLine, local: &Local) -> Markup {
    let staff = &pages.engine.playbook().staff;
    let rep = staff.reps.get(&handoff.rep).map_or(handoff.rep.as_str(), |rep| rep.name.as_str());
    let tone = match handoff.sla.as_str() {
        "met" => "chip pine",
        "breached" => "chip red",
        _ => "chip sky",
    };
    let drivers =
        handoff.dossier.as_ref().and_then(|dossier| dossier["why_now"].as_array().cloned()).unwrap_or_default();
    html! {
        section class="card" {
            header { h2 { "Handoff" } div { span class="chip" { (handoff.state) } " " span class=(tone) { (handoff.sla) } } }
            dl class="facts" {
                dt { "with" } dd { (rep) " · " (handoff.team) }
                dt { "because" } dd { (handoff.reason) }
                dt { "since" } dd { (local.short(handoff.opened_at)) }
                @if let Some(due) = handoff.due_at { dt { "answer by" } dd { (local.short(due)) } }
                @if let Some(at) = handoff.answered_at { dt { "answered" } dd { (local.short(at)) " · after " (length(at.since(handoff.opened_at))) } }
                @if let Some(because) = &handoff.closed_because { dt { "closed" } dd { (because) } }
            }
            @if !drivers.is_empty() {
                p class="soft" { small { "Why then: " @for (at, driver) in drivers.iter().take(4).enumerate() {
                    @if at > 0 { ", " } (driver["rule"].as_str().unwrap_or_default()) " " (points(driver["points"].as_f64().unwrap_or(0.0)))
                } } }
            }
        }
    }
}

fn facts(lead: &Lead, local: &Local) -> Markup {
    let shown = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(all) => all.iter().filter_map(|one| one.as_str()).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    html! {
        section class="card" {
            header { h2 { "Facts" } }
            dl class="facts" {
                @for (name, value) in &lead.attributes { dt { (name.replace('_', " ")) } dd { (shown(value)) } }
                @if let Some(account) = &lead.account { dt { "account" } dd { (account) } }
                @for alias in &lead.aliases { dt { "also" } dd { span class="mono" { (alias.address) } " until " (local.date(alias.since)) } }
                dt { "known since" } dd { (local.short(lead.created_at)) }
                dt { (lead.stage) " since" } dd { (local.short(lead.stage_since)) }
                dt { "id" } dd class="mono" { (lead.id) }
            }
        }
    }
}

fn ledger(sheet: &Sheet, local: &Local) -> Markup {
    html! {
        section class="card" {
            header { h2 { "The sum" } small { "newest driver first" } }
            table {
                @for line in sheet.lines.iter().take(LEDGER) {
                    tr { td { (line.rule) div { small { (local.short(line.since)) } } } td class="right" { (points(line.worth)) } }
                }
                @if sheet.lines.len() > LEDGER { tr { td class="soft" { (sheet.lines.len() - LEDGER) " more" } td {} } }
                tr { td { b { "Score" } } td class="right" { b { (points(sheet.score.total)) } } }
            }
        }
    }
}

fn enrolled(enrollments: &[EnrollmentLine], local: &Local) -> Markup {
    html! {
        section class="card" {
            header { h2 { "Sequences" } }
            @if enrollments.is_empty() { div class="empty" { "None yet." } }
            div class="rows" {
                @for line in enrollments {
                    div class="row" {
                        div { b { (line.sequence) } " " span class="chip" { (line.exit.as_deref().unwrap_or(&line.state).replace('_', " ")) } }
                        small {
                            (local.date(line.entered_at))
                            @if let Some(ended) = line.ended_at { " to " (local.date(ended)) }
                            @if let Some(step) = line.step.as_ref().filter(|_| line.ended_at.is_none()) { " · at " (step) }
                            @if let Some(detail) = &line.detail { " · " (detail) }
                        }
                    }
                }
            }
        }
    }
}
