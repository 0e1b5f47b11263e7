//! Why: every send has one reason and every non-send has one reason, in sentences.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::Engine;
use crate::domain::decide::{REPLIED, View};
use crate::domain::enrollment::Phase;
use crate::domain::event::{Event, Guests, What};
use crate::domain::id::EnrollmentId;
use crate::domain::lead::Lead;
use crate::domain::score::{Ledger, Score};
use crate::domain::sequence::Overdue;
use crate::domain::stage::Stage;
use crate::domain::suppression::Reason;
use crate::domain::task::TaskFact;
use crate::domain::time::Instant;
use crate::domain::touch::Outcome;
use crate::store::StoreError;

/// All that happened to a lead and did not, and where it stands.
#[derive(Clone, Debug, Serialize)]
pub struct Why {
    pub lead: String,
    pub address: String,
    pub stage: Stage,
    pub score: Score,
    pub temperature: String,
    /// What it waits for, and why nothing goes out where nothing does.
    pub stands: Vec<String>,
    /// The versions it was in, in the order it came to them.
    pub versions: Vec<WasIn>,
    /// Oldest first.
    pub history: Vec<Entry>,
}

/// A version of a sequence that a lead was in, and where that came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WasIn {
    pub version: String,
    pub file: String,
    /// None where the file was not as a commit had it.
    pub commit: Option<String>,
}

/// One fact in a sentence.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    pub seq: u64,
    pub at: Instant,
    /// The address of the lead it was heard of, where that was another one then.
    pub of: Option<String>,
    /// The sequence that it is about.
    pub sequence: Option<String>,
    pub event: String,
    pub text: String,
}

/// A score as a sum that anyone can check.
#[derive(Clone, Debug, Serialize)]
pub struct Sheet {
    pub lead: String,
    pub at: Instant,
    pub score: Score,
    pub temperature: String,
    /// Newest driver first.
    pub lines: Vec<SheetLine>,
}

#[derive(Clone, Debug, Serialize)]
pub struct SheetLine {
    pub rule: String,
    pub ledger: Ledger,
    /// What it is worth at the instant asked for.
    pub worth: f64,
    /// What it gave when it began.
    pub points: f64,
    pub since: Instant,
    pub ends: Option<Instant>,
    pub event: u64,
    pub model: String,
}

impl Engine {
    /// Explains a lead; a constant number of reads.
    pub async fn why(&self, lead: &Lead) -> Result<Why, Arc<StoreError>> {
        let mut events = self.store.history(&lead.id).await.map_err(Arc::new)?;
        let guests = Guests::of(&events);
        events.sort_by_key(|event| event.recorded_at);
        let suppressed = self.suppression_of(lead).await?;
        let playbook = self.playbook();
        let view = View::new(lead, &playbook, self.now());
        Ok(Why {
            lead: lead.id.to_string(),
            address: lead.address.to_string(),
            stage: lead.stage,
            score: view.scored(),
            temperature: view.heat().to_owned(),
            stands: self.stands(lead, suppressed, &playbook).await?,
            versions: self.versions_in(&events).await?,
            history: history(&events, &guests),
        })
    }

    /// The versions that some events are about, and where they came from.
    async fn versions_in(&self, events: &[Event]) -> Result<Vec<WasIn>, Arc<StoreError>> {
        let version = |event: &Event| match &event.what {
            What::Enrolled { version, .. } | What::Adopted { to: version, .. } => Some(version.clone()),
            _ => None,
        };
        let all: Vec<String> = events.iter().filter_map(version).collect();
        let mut seen = all.iter().map(String::as_str).collect::<BTreeSet<&str>>();
        let origins = self.store.origins(&seen).await.map_err(Arc::new)?;
        let first = all.iter().filter(|version| seen.remove(version.as_str()));
        let found = first.filter_map(|version| {
            let origin = origins.get(version)?.clone();
            Some(WasIn { version: version.clone(), file: origin.file, commit: origin.commit })
        });
        Ok(found.collect())
    }

    /// Why a lead must not be contacted: by what it is told itself, or because its address or domain was suppressed before it came.
    pub async fn suppression_of(&self, lead: &Lead) -> Result<Option<Reason>, Arc<StoreError>> {
        if lead.suppressed.is_some() {
            return Ok(lead.suppressed);
        }
        for target in [lead.address.as_str(), lead.address.domain()] {
            if let Some(found) = self.store.reports().suppression(target).await.map_err(Arc::new)? {
                return Ok(Some(found.reason));
            }
        }
        Ok(None)
    }

    /// The score of a lead at an instant, line by line: now from what it carries, in the past from its events.
    pub async fn sheet(&self, lead: &Lead, at: Option<Instant>) -> Result<Sheet, Arc<StoreError>> {
        let playbook = self.playbook();
        let now = self.now();
        let past = match at {
            Some(at) if at < now => {
                let events = self.store.history(&lead.id).await.map_err(Arc::new)?;
                let known = events.iter().take_while(|event| event.recorded_at <= at);
                crate::domain::decide::fold(known)
            }
            _ => None,
        };
        let then = if at.is_some_and(|at| at < now) { past } else { Some(lead.clone()) };
        let at = at.unwrap_or(now);
        let Some(then) = then else {
            return Ok(Sheet {
                lead: lead.id.to_string(),
                at,
                score: Score::default(),
                temperature: String::new(),
                lines: vec![],
            });
        };
        let view = View::new(&then, &playbook, at);
        let mut lines: Vec<SheetLine> = then
            .ledger
            .iter()
            .map(|line| SheetLine {
                rule: line.rule.clone(),
                ledger: line.ledger,
                worth: line.worth(at),
                points: line.points,
                since: line.at,
                ends: line.ends,
                event: line.event,
                model: line.model.clone(),
            })
            .filter(|line| line.worth != 0.0)
            .collect();
        lines.sort_by(|a, b| b.since.cmp(&a.since).then(b.worth.abs().total_cmp(&a.worth.abs())));
        Ok(Sheet { lead: lead.id.to_string(), at, score: view.scored(), temperature: view.heat().to_owned(), lines })
    }
}

fn history(events: &[Event], guests: &Guests) -> Vec<Entry> {
    let enrolled = events.iter().filter_map(|event| match &event.what {
        What::Enrolled { enrollment, sequence, .. } => Some((enrollment, sequence)),
        _ => None,
    });
    let sequences: BTreeMap<&EnrollmentId, &String> = enrolled.collect();
    let entry = |event: &Event| Entry {
        seq: event.seq,
        at: event.recorded_at,
        of: guests.address_of(event.seq).map(ToString::to_string),
        sequence: event.what.enrollment().and_then(|id| sequences.get(id)).map(|name| (*name).clone()),
        event: event.what.name().to_owned(),
        text: sentence(event),
    };
    events.iter().map(entry).collect()
}

/// One fact as a person would say it.
pub fn sentence(event: &Event) -> String {
    let by = |source: &str| if source == "engine" { String::new() } else { format!(" ({source})") };
    match &event.what {
        What::Created { account, .. } => match account {
            Some(account) => format!("came to be, at {account}{}", by(&event.source)),
            None => format!("came to be{}", by(&event.source)),
        },
        What::Imported { account, .. } => {
            let place = account.as_ref().map_or_else(String::new, |account| format!(", at {account}"));
            format!("imported, by {}{}{place}", event.actor.as_str(), by(&event.source))
        }
        What::Changed { set } => {
            let names: Vec<&str> = set.keys().map(String::as_str).collect();
            format!("attributes changed: {}{}", names.join(", "), by(&event.source))
        }
        What::Heard { name, .. } => format!("{name}, by {}{}", event.actor.as_str(), by(&event.source)),
        What::Hit { name, step, reason, .. } => format!("{name} of `{step}` came in: {reason}"),
        What::Settled { hit, verdict } => format!("number {hit} counts as done by {}", verdict.as_str()),
        What::Merged { from, .. } => {
            let facts = if from.seq == 1 { "the one fact".to_owned() } else { format!("the {} facts", from.seq) };
            format!(
                "found to be one person with {}: {facts} known of that lead belong here{}",
                from.address,
                by(&event.source)
            )
        }
        What::Scored { line } => format!("{:+} points: {}", line.points, line.rule),
        What::Fitted { lines, .. } => {
            let rules: Vec<String> = lines.iter().map(|line| format!("{} {:+}", line.rule, line.points)).collect();
            if rules.is_empty() { "fits no rule".to_owned() } else { format!("fit: {}", rules.join(", ")) }
        }
        What::Rescored { lines, .. } => {
            let count = lines.len();
            format!("scored anew by another scoring file: {count} line{}", if count == 1 { "" } else { "s" })
        }
        What::Staged { from, to, cause } => format!("from {from} to {to}, because of {cause}"),
        What::Enrolled { sequence, by, version, .. } => {
            format!("entered {sequence} ({by}, version {})", short(version))
        }
        What::NotEnrolled { sequence, reason } => format!("did not enter {sequence}: {reason}"),
        What::Pending { sequence, by, .. } => format!("waits for room in {sequence} ({by}): its limits are reached"),
        What::Dropped { sequence, reason } => format!("waits for room in {sequence} no more: {reason}"),
        What::Moved { at, phase, because, .. } => moved(at.as_deref(), phase, because),
        What::Did { step, .. } => format!("did `{step}`"),
        What::Adopted { from, to, lost, at, marks, .. } => {
            let place = at.as_ref().map_or_else(|| "the end".to_owned(), |at| format!("`{at}`"));
            let gone = lost.as_ref().map_or_else(String::new, |lost| format!("; `{lost}` is gone"));
            let marks: Vec<&str> = marks.iter().map(|mark| mark.words()).collect();
            let marks = if marks.is_empty() { "stays as it is".to_owned() } else { marks.join(", ") };
            // A sequence that is gone has no version to go to.
            let way = if from == to {
                format!("the sequence is gone, whose version {} it was in", short(from))
            } else {
                format!("from version {} to {}", short(from), short(to))
            };
            format!("an edit was applied: {way}, at {place}{gone}: {marks}")
        }
        What::Branched { step, arm, .. } => format!("at `{step}` took the way of: {arm}"),
        What::Queued { step, ready_at, chosen, .. } => {
            let variant = chosen.as_ref().map_or_else(String::new, |chosen| format!(" as `{}`", chosen.variant));
            format!("`{step}` was queued{variant}, to leave from {ready_at}")
        }
        What::Touched { step, outcome, .. } => touched(step, outcome),
        What::Task { step, fact, .. } => tasked(step, fact),
        What::Paused { because, until: Some(until), .. } => format!("paused until {until}: {because}"),
        What::Paused { because, until: None, .. } => format!("paused: {because}"),
        What::Resumed { .. } => "resumed".to_owned(),
        What::ColleagueReplied { lead, at, .. } => format!("a colleague replied at {at}: lead {lead}"),
        What::Held { hold, .. } => format!("held: {}", hold.reason),
        What::Exited { exit, .. } => match exit.detail() {
            Some(detail) => format!("left the sequence: {} ({detail})", exit.as_str()),
            None => format!("left the sequence: {}", exit.as_str()),
        },
        What::SenderDrawn { pool, sender, before: None } => format!("mails of `{pool}` leave from `{sender}`"),
        What::SenderDrawn { pool, sender, before: Some(before) } => {
            format!("mails of `{pool}` leave from `{sender}` from now on: `{before}` is not in it any more")
        }
        What::Won { sequence, goal } => format!("{goal} counts for {sequence}, which had ended"),
        What::Suppressed { reason, by } => format!("must not be contacted any more: {} ({by})", reason.as_str()),
        What::Unsuppressed { by } => format!("may be contacted again ({by})"),
        What::OptedOut { topic } => format!("wants nothing about {topic} any more"),
        What::HandoffOpened { handoff } => {
            let due = handoff
                .clock
                .as_ref()
                .map_or_else(String::new, |clock| format!(", to be answered by {}", clock.due_at));
            format!("handed to {} of {}{due}: {}", handoff.rep, handoff.team, handoff.reasons.join("; "))
        }
        What::HandoffJoined { reason } => format!("another reason for the handoff: {reason}"),
        What::Claimed { by } => format!("claimed by {by}"),
        What::Answered { by, met } => format!(
            "answered by {by}, {}",
            if matches!(met, crate::domain::handoff::Met::Late) { "late" } else { "in time" }
        ),
        What::SlaBreached { due_at } => format!("the promise was broken: no answer by {due_at}"),
        What::Rung { number, act, late } => format!("rung {}: {act}{}", number + 1, if *late { ", late" } else { "" }),
        What::HandoffClosed { because } => format!("the handoff was closed: {because}"),
        What::Mended { rule } => format!("the rule {rule} answers again"),
        What::Faulted { rule, fault } => format!("rule {rule} could not be answered and counted as false: {fault}"),
    }
}

fn moved(at: Option<&str>, phase: &Phase, because: &str) -> String {
    let place = at.map_or_else(|| "the end".to_owned(), |at| format!("`{at}`"));
    match phase {
        Phase::Waiting { until } => format!("at {place} waits until {until}"),
        Phase::Ready | Phase::Sending { .. } | Phase::Tasked { .. } | Phase::Held { .. } => {
            format!("came to {place} ({because})")
        }
    }
}

fn tasked(step: &str, fact: &TaskFact) -> String {
    match fact {
        TaskFact::Asked { open, waits } => {
            let due = open.due_at.map_or_else(String::new, |at| format!(", due {at}"));
            let owner = open.owner.as_ref().map_or_else(String::new, |owner| format!(" of {owner}"));
            let goes_on = if *waits { "the sequence waits for it" } else { "the sequence goes on meanwhile" };
            format!("`{step}` was asked{owner} ({}){due}; {goes_on}", open.kind.as_str())
        }
        TaskFact::Done { outcome, by } => format!("`{step}` was done by {by}: {outcome}"),
        TaskFact::Skipped { by } => format!("`{step}` was skipped by {by}"),
        TaskFact::Overdue { then: Overdue::Skip } => format!("`{step}` was not done in time, and is skipped"),
        TaskFact::Overdue { then: Overdue::Hold } => format!("`{step}` was not done in time, and stays to be done"),
        TaskFact::Overdue { then: Overdue::Escalate } => {
            format!("`{step}` was not done in time, stays to be done, and the manager is told")
        }
        TaskFact::CalledOff { because } => format!("`{step}` need not be done any more: {because}"),
        TaskFact::Snoozed { until, by } => format!("`{step}` was put off until {until} by {by}"),
        TaskFact::Assigned { to, by } => format!("`{step}` was given to {to} by {by}"),
    }
}

fn touched(step: &str, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted { reply, .. } => format!("`{step}` was sent: {reply}"),
        Outcome::Refused { reply, .. } => format!("`{step}` was refused: {reply}"),
        Outcome::Deferred { reply, until } if reply.starts_with(REPLIED) => {
            format!("`{step}` does not leave before {until}: {reply}")
        }
        Outcome::Deferred { reply, until } => format!("`{step}` is tried again at {until}: {reply}"),
        Outcome::Unknown { reason } => {
            format!("`{step}` may or may not have arrived, and is not sent again by itself: {reason}")
        }
        Outcome::Expired => format!("`{step}` was not sent: too late to be of use"),
        Outcome::Held { reason } => format!("`{step}` is held: {reason}"),
    }
}

fn short(version: &str) -> &str {
    version.get(..8).unwrap_or(version)
}
