//! The leads in flight and the mails that wait, as the database has them: read in pages, and never written.

use std::collections::{BTreeMap, BTreeSet};

use super::{Asked, Side, Simulate, midnight, name_of, watch};
use crate::cli::desk::Desk;
use crate::cli::failure::Failure;
use crate::clock::wall;
use crate::daemon;
use crate::domain::account::Replies;
use crate::domain::behaviour::Behaviour;
use crate::domain::enrollment::Phase;
use crate::domain::id::LeadId;
use crate::domain::lead::Lead;
use crate::domain::playbook::{Playbook, Settings};
use crate::domain::routing::Load;
use crate::domain::sequence::Intake;
use crate::domain::suppression::Reason;
use crate::domain::throttle;
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::{NewTouch, State};
use crate::engine::rehearse::{World, today};
use crate::sim::simulate::{Terms, go_on};
use crate::store::lanes::LaneRow;
use crate::store::leads::LeadKey;
use crate::store::reports::ExperimentLine;
use crate::store::touch_row::TouchRow;
use crate::store::{Access, Store, StoreError};

/// Rows read at once.
const PAGE: usize = 500;
/// More than there are.
const ALL: usize = 10_000_000;
/// Days ahead unless said otherwise.
const AHEAD: u32 = 30;

/// What stands in the database now.
#[derive(Default)]
struct Stock {
    leads: Vec<Lead>,
    /// Touches that have not left, with the number of their lead.
    waiting: Vec<(usize, NewTouch)>,
    lanes: Vec<(String, throttle::Lane)>,
    /// Senders from which nothing leaves, and sequences that stand still.
    stopped: BTreeSet<String>,
    paused: BTreeSet<String>,
    /// All that is paused, as a person reads it.
    told: Vec<String>,
    suppressed: BTreeMap<String, Reason>,
    loads: BTreeMap<String, Load>,
    intakes: BTreeMap<String, Intake>,
    /// Who of the leads' accounts replied last.
    replies: BTreeMap<String, Replies>,
    experiments: Vec<ExperimentLine>,
}

impl Simulate {
    pub(super) async fn goes_on(&self, desk: &mut Desk) -> Result<(Asked, Vec<Side>), Failure> {
        let engine = daemon::assemble(&desk.load()?, Access::ReadOnly, desk.fail_points()?).await?.engine;
        let playbook = engine.playbook();
        let start = self.start.map_or_else(wall, |date| midnight(&playbook, date));
        let behaviour = match &self.behaviour {
            Some(_) => self.behaviour(&playbook, desk)?,
            None => Behaviour::default(),
        };
        self.can_report()?;
        let stock = read(&engine.store, &playbook, start).await?;
        let terms = Terms { days: self.days.unwrap_or(AHEAD), seed: self.seed, start };
        let (leads, stopped, paused) = (stock.leads.len(), stock.stopped.clone(), stock.told.clone());
        let name = name_of(&desk.workspace);
        let mut watch = watch(name.clone(), terms.days);
        let begin = (leads, stopped, |world: &mut World<'_>| fill(world, stock));
        let figures = go_on(&playbook, &behaviour, (&terms, &mut watch), begin);
        let lively = self.behaviour.is_some();
        let asked = Asked { leads, days: terms.days, seed: self.seed, start, from_database: true, lively, paused };
        Ok((asked, vec![Side { name, figures }]))
    }
}

fn fill(world: &mut World<'_>, stock: Stock) {
    world.pause_sequences(stock.paused);
    let winners = stock.experiments.iter().filter_map(|line| Some((line.key.clone(), line.winner.clone()?))).collect();
    world.resume_experiments(stock.experiments.into_iter().map(|line| (line.key, line.arms)).collect(), winners);
    for (name, lane) in &stock.lanes {
        world.resume_lane(name, lane);
    }
    for (account, replies) in stock.replies {
        world.replied(account, replies);
    }
    for (target, reason) in stock.suppressed {
        world.suppress(target, reason);
    }
    for (rep, load) in stock.loads {
        world.load(rep, load);
    }
    for lead in stock.leads {
        world.add(lead);
    }
    world.resume_intakes(stock.intakes);
    for (number, touch) in stock.waiting {
        world.put(number, touch);
    }
}

async fn read(store: &Store, playbook: &Playbook, start: Instant) -> Result<Stock, StoreError> {
    let pauses: BTreeSet<String> = store.pauses().await?.into_iter().map(|pause| pause.scope).collect();
    let rows = store.lanes().await?;
    let by_itself = rows.iter().filter(|row| row.paused).map(|row| scope_of(&row.name));
    let stopped: BTreeSet<String> = pauses.iter().cloned().chain(by_itself).collect();
    let lanes = lanes(rows, &playbook.settings, &stopped);
    let senders = lanes.iter().filter(|(_, lane)| lane.ready_at == Instant::NEVER);
    let senders = senders.filter_map(|(name, _)| name.strip_prefix("mail:").map(str::to_owned)).collect();
    let leads = leads(store, playbook).await?;
    let paused = pauses.iter().filter_map(|scope| scope.strip_prefix("sequence:").map(str::to_owned)).collect();
    Ok(Stock {
        waiting: waiting(store, &leads).await?,
        lanes,
        stopped: senders,
        paused,
        told: stopped.iter().map(|scope| told_of(scope)).collect(),
        suppressed: suppressed(store, &leads).await?,
        loads: store.loads().await?,
        intakes: store.intakes(today(playbook, start)).await?,
        replies: replies(store, &leads).await?,
        experiments: store.reports().experiments(None).await?,
        leads,
    })
}

/// What is paused, in words.
fn told_of(scope: &str) -> String {
    if scope == "all" { "everything".to_owned() } else { scope.replacen(':', " ", 1) }
}

/// What a pause names that stops a lane: `sender:growth`.
fn scope_of(lane: &str) -> String {
    match lane.split_once(':') {
        Some(("mail", sender)) => format!("sender:{sender}"),
        Some((_, channel)) => format!("channel:{channel}"),
        None => lane.to_owned(),
    }
}

/// What each lane has done, those too that have done nothing and are stopped.
fn lanes(rows: Vec<LaneRow>, settings: &Settings, stopped: &BTreeSet<String>) -> Vec<(String, throttle::Lane)> {
    let senders = settings.senders.keys().map(|name| format!("mail:{name}"));
    let channels = settings.channels.iter().map(|name| format!("hook:{name}"));
    let fresh = || throttle::Lane::new(Millis::ZERO, Millis::ZERO, None);
    let mut lanes: BTreeMap<String, throttle::Lane> = senders.chain(channels).map(|name| (name, fresh())).collect();
    for row in rows {
        let lane = lanes.entry(row.name).or_insert_with(fresh);
        (lane.ready_at, lane.day, lane.used, lane.before) = (row.ready_at, row.day, row.used, row.before);
    }
    for (name, lane) in &mut lanes {
        if stopped.contains("all") || stopped.contains(&scope_of(name)) {
            lane.ready_at = Instant::NEVER;
        }
    }
    lanes.into_iter().collect()
}

/// Everybody who is in a sequence, waits for room in one, or is with sales, in the order of their ids.
async fn leads(store: &Store, playbook: &Playbook) -> Result<Vec<Lead>, StoreError> {
    let mut ids: BTreeSet<LeadId> = BTreeSet::new();
    let sequences: BTreeSet<&str> = playbook.versions.values().map(|sequence| sequence.name.as_str()).collect();
    for sequence in sequences {
        let mut after = None;
        loop {
            let page = store.reports().enrollments_of_sequence(sequence, true, after.as_deref(), PAGE).await?;
            ids.extend(page.rows.into_iter().map(|row| row.lead));
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
    }
    for sequence in store.waited_for().await? {
        ids.extend(store.pending(&sequence, ALL).await?);
    }
    ids.extend(store.reports().open_handoffs(ALL).await?.into_iter().map(|handoff| handoff.lead));
    let keys: Vec<LeadKey> = ids.into_iter().map(LeadKey::Id).collect();
    let mut leads = Vec::with_capacity(keys.len());
    for some in keys.chunks(PAGE) {
        leads.extend(store.leads(some).await?.into_iter().flatten());
    }
    Ok(leads)
}

/// Which of their addresses and domains must not be contacted.
async fn suppressed(store: &Store, leads: &[Lead]) -> Result<BTreeMap<String, Reason>, StoreError> {
    let mut suppressed = BTreeMap::new();
    for some in leads.chunks(PAGE) {
        let targets = some.iter().flat_map(|lead| [lead.address.as_str(), lead.address.domain()]).collect();
        suppressed.extend(store.suppressed(&targets).await?);
    }
    Ok(suppressed)
}

async fn replies(store: &Store, leads: &[Lead]) -> Result<BTreeMap<String, Replies>, StoreError> {
    let accounts: BTreeSet<&str> = leads.iter().filter_map(|lead| lead.account.as_deref()).collect();
    let accounts: Vec<&str> = accounts.into_iter().collect();
    let mut replies = BTreeMap::new();
    for some in accounts.chunks(PAGE) {
        replies.extend(store.replies(&some.iter().copied().collect()).await?);
    }
    Ok(replies)
}

/// What stands in lanes for these leads.
async fn waiting(store: &Store, leads: &[Lead]) -> Result<Vec<(usize, NewTouch)>, StoreError> {
    let mut numbers = BTreeMap::new();
    for (number, lead) in leads.iter().enumerate() {
        for running in &lead.enrollments {
            if let Phase::Sending { touch } = &running.phase {
                numbers.insert(touch.clone(), number);
            }
        }
    }
    let ids: Vec<_> = numbers.keys().cloned().collect();
    let mut waiting = Vec::new();
    for some in ids.chunks(PAGE) {
        for row in store.touches(some).await? {
            let leaves = matches!(row.state, State::Queued | State::Claimed | State::Intent | State::Deferred);
            if let Some(number) = numbers.get(&row.id).filter(|_| leaves) {
                waiting.push((*number, touch(row)));
            }
        }
    }
    Ok(waiting)
}

fn touch(row: TouchRow) -> NewTouch {
    NewTouch {
        id: row.id,
        lead: row.lead,
        origin: row.origin,
        enrollment: row.enrollment,
        step: row.step,
        channel: row.channel,
        lane: row.lane,
        policy: row.policy,
        sequence: row.sequence,
        version: row.version,
        template: row.template,
        variant: row.variant,
        payload: row.payload,
        first_allowed_at: row.first_allowed_at,
        ready_at: row.ready_at,
        rank: row.rank,
        zone: row.zone,
    }
}

#[cfg(test)]
mod tests;
