//! The overview: how many stand where, what runs out of time, and what wants a person.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::figures::is_open;
use super::frame::{Place, Trouble, page as framed};
use super::numbers::count;
use super::steps::Counts;
use super::when::Local;
use super::{Pages, clocks, figures, flow, funnel, latest, senders};
use crate::domain::id::LeadId;
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::sequence::Act;
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::State as TouchState;
use crate::store::reports::{
    EnrollmentCount, ExperimentLine, HandoffCount, HandoffLine, LeadKey, LeadLine, Leads, StoreError, TouchRow, Touches,
};

/// How far back counts of events go.
pub const LOOK_BACK: Millis = Millis::DAY.times(30);
/// Lines of a list on this page.
const LINES: usize = 6;
/// Clocks on this page.
const CLOCKS: usize = 14;

/// All the overview says, read once.
pub struct Overview {
    pub now: Instant,
    pub playbook: Arc<Playbook>,
    pub local: Local,
    pub stages: BTreeMap<String, i64>,
    pub touches: BTreeMap<String, i64>,
    pub heard: BTreeMap<String, i64>,
    pub enrollments: Vec<EnrollmentCount>,
    pub steps: Counts,
    pub experiments: Vec<ExperimentLine>,
    pub handoffs: Vec<HandoffCount>,
    pub clocks: Vec<HandoffLine>,
    /// Handoffs that were answered or closed last.
    pub lately: Vec<HandoffLine>,
    pub senders: Vec<senders::Line>,
    attention: Vec<LeadLine>,
    unknown: Vec<TouchRow>,
    held: Vec<TouchRow>,
    names: BTreeMap<LeadId, Lead>,
}

impl Overview {
    async fn read(pages: &Pages) -> Result<Self, StoreError> {
        let (engine, now) = (&pages.engine, pages.engine.now());
        let (reports, playbook) = (engine.store.reports(), engine.playbook());
        let enrollments = reports.enrollment_counts().await?;
        let steps = Counts::new(&enrollments, reports.touch_counts().await?, reports.seen_counts().await?);
        let clocks = reports.open_handoffs(CLOCKS).await?;
        let recent = reports.handoffs(None, CLOCKS).await?.rows;
        let lately: Vec<HandoffLine> = recent.into_iter().filter(|line| !is_open(&line.state)).take(LINES).collect();
        let of_state = |state| Touches::InState(state);
        let unknown = reports.touches(&of_state(TouchState::Unknown), None, LINES).await?.rows;
        let held = reports.touches(&of_state(TouchState::Held), None, LINES).await?.rows;
        let leads =
            clocks.iter().chain(&lately).map(|line| &line.lead).chain(unknown.iter().chain(&held).map(|row| &row.lead));
        Ok(Self {
            now,
            local: Local::of(pages),
            stages: reports.leads_by_stage().await?,
            touches: reports.touches_by_state().await?,
            heard: reports.events_by_name(now - LOOK_BACK).await?,
            senders: senders::lines(engine, &playbook, now).await?,
            experiments: reports.experiments(None).await?,
            handoffs: reports.handoff_counts().await?,
            attention: reports.leads(&Leads::NeedingAttention, None, LINES).await?.rows,
            names: known(pages, leads).await?,
            enrollments,
            steps,
            clocks,
            lately,
            unknown,
            held,
            playbook,
        })
    }

    /// How a lead is called: by name where one is known, else by address.
    pub fn name(&self, lead: &LeadId) -> String {
        self.names.get(lead).map_or_else(|| lead.to_string(), called)
    }

    /// Mails that were accepted.
    pub fn mails(&self) -> i64 {
        let of_mail = |(sequence, step): (&str, &str)| {
            let found = self.playbook.sequences.get(sequence).and_then(|sequence| sequence.step(step));
            found.is_some_and(|(_, step)| matches!(step.act, Act::Email { .. }))
        };
        self.steps.each().filter(|(place, _)| of_mail(*place)).map(|(_, counts)| counts.sent()).sum()
    }
}

/// Leads by id, each read once.
pub async fn known<'a>(
    pages: &Pages,
    ids: impl Iterator<Item = &'a LeadId>,
) -> Result<BTreeMap<LeadId, Lead>, StoreError> {
    let mut keys: Vec<LeadId> = ids.cloned().collect();
    keys.sort();
    keys.dedup();
    let keys: Vec<LeadKey> = keys.into_iter().map(LeadKey::Id).collect();
    let found = pages.engine.store.leads(&keys).await?;
    Ok(found.into_iter().flatten().map(|lead| (lead.id.clone(), lead)).collect())
}

/// How a lead is called.
pub fn called(lead: &Lead) -> String {
    let text = |name: &str| lead.attributes.get(name).and_then(serde_json::Value::as_str);
    let name: Vec<&str> = ["first_name", "last_name"].into_iter().filter_map(text).collect();
    if name.is_empty() { lead.address.to_string() } else { name.join(" ") }
}

pub async fn page(State(pages): State<Pages>) -> Result<Response, Trouble> {
    let overview = Overview::read(&pages).await?;
    let latest = latest::card(&pages, &overview.local).await?;
    let inside = html! {
        (figures::strip(&overview))
        section class="card w7 fill" data-flash="" {
            header { h2 { "From lead to customer" } small { "how far leads have come" } }
            (funnel::picture(&overview.stages))
        }
        section class="card w5 fill" {
            header { h2 { "Promises to answer" } small { (count(i64::try_from(overview.clocks.len()).unwrap_or(0))) " running" } }
            (clocks::board(&overview))
        }
        (flow::cards(&overview))
        div class="w7 stack" { (latest) }
        div class="w5 stack" {
            (figures::touches(&overview))
            (senders::card(&overview))
            (attention(&overview))
        }
    };
    Ok(framed(&pages, Place::Overview, "Overview", &inside))
}

/// What wants a person: leads whose rules or touches got stuck, and mails that may or may not have arrived.
fn attention(overview: &Overview) -> Markup {
    let nothing = overview.attention.is_empty() && overview.unknown.is_empty() && overview.held.is_empty();
    let line = |row: &TouchRow, tone: &str, word: &str| {
        html! {
            div class="row" {
                div { span class=(format!("chip {tone}")) { (word) } " " a href=(format!("/leads/{}", row.lead)) { (overview.name(&row.lead)) } " " span class="soft" { (row.sequence) " · " (row.step) } }
                @if let Some(reason) = &row.reason { small { (overview.local.tell(reason)) } }
            }
        }
    };
    html! {
        section class="card" {
            header { h2 { "Wants a person" } }
            @if nothing { div class="empty" { "Nothing does. Everything that was to go out has gone, or says why not." } }
            div class="rows" {
                @for row in &overview.unknown { (line(row, "amber", "unknown")) }
                @for row in &overview.held { (line(row, "red", "held")) }
                @for lead in &overview.attention {
                    div class="row" {
                        div { span class="chip amber" { "look" } " " a href=(format!("/leads/{}", lead.id)) { (lead.address) } }
                        small { (lead.attention) " " @if lead.attention == 1 { "thing" } @else { "things" } " on this lead" }
                    }
                }
            }
        }
    }
}
