//! The leads in flight and the mails that wait, as the database has them: read in pages, and never written.

use std::collections::{BTreeMap, BTreeSet};

use super::{Asked, Side, Simulate, midnight, name_of};
use crate::cli::desk::Desk;
use crate::cli::failure::Failure;
use crate::clock::wall;
use crate::daemon;
use crate::domain::account::Replies;
use crate::domain::behaviour::Behaviour;
use crate::domain::enrollment::Phase;
use crate::domain::id::LeadId;
use crate::domain::lead::Lead;
use crate::domain::throttle;
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::{NewTouch, State};
use crate::engine::rehearse::World;
use crate::sim::simulate::{Terms, go_on};
use crate::store::leads::LeadKey;
use crate::store::reports::ExperimentLine;
use crate::store::touch_row::TouchRow;
use crate::store::{Access, Store, StoreError};

/// Rows read at once.
const PAGE: usize = 500;
/// Days ahead unless said otherwise.
const AHEAD: u32 = 30;

/// What stands in the database now.
struct Stock {
    leads: Vec<Lead>,
    /// Touches that have not left, with the number of their lead.
    waiting: Vec<(usize, NewTouch)>,
    lanes: Vec<(String, throttle::Lane)>,
    paused: BTreeSet<String>,
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
            Some(_) => self.behaviour(&playbook, desk)?.unwrap_or_default(),
            None => Behaviour::default(),
        };
        let names: BTreeSet<String> = playbook.versions.values().map(|sequence| sequence.name.clone()).collect();
        let stock = read(&engine.store, &names).await?;
        let terms = Terms { days: self.days.unwrap_or(AHEAD), seed: self.seed, start };
        let leads = stock.leads.len();
        let figures = go_on(&playbook, &behaviour, (&terms, leads), |world| fill(world, stock));
        let asked = Asked { leads, days: terms.days, seed: self.seed, start, from_database: true };
        Ok((asked, vec![Side { name: name_of(&desk.workspace), figures }]))
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
    for lead in stock.leads {
        world.add(lead);
    }
    for (number, touch) in stock.waiting {
        world.put(number, touch);
    }
}

async fn read(store: &Store, sequences: &BTreeSet<String>) -> Result<Stock, StoreError> {
    let pauses = store.pauses().await?;
    let paused = |scope: &str| pauses.iter().any(|pause| pause.scope == scope || pause.scope == "all");
    let mut lanes = Vec::new();
    for row in store.lanes().await? {
        let scope = match row.name.split_once(':') {
            Some(("mail", sender)) => format!("sender:{sender}"),
            Some(("hook", channel)) => format!("channel:{channel}"),
            _ => String::new(),
        };
        let mut lane = throttle::Lane::new(Millis::ZERO, Millis::ZERO, None);
        (lane.ready_at, lane.day, lane.used, lane.before) = (row.ready_at, row.day, row.used, row.before);
        if row.paused || paused(&scope) {
            lane.ready_at = Instant::NEVER;
        }
        lanes.push((row.name, lane));
    }
    let leads = in_flight(store, sequences).await?;
    let waiting = waiting(store, &leads).await?;
    let names = pauses.iter().filter_map(|pause| pause.scope.strip_prefix("sequence:").map(str::to_owned));
    let replies = replies(store, &leads).await?;
    let experiments = store.reports().experiments(None).await?;
    Ok(Stock { leads, waiting, lanes, paused: names.collect(), replies, experiments })
}

/// Everybody who is in a sequence, in the order of their ids.
async fn in_flight(store: &Store, sequences: &BTreeSet<String>) -> Result<Vec<Lead>, StoreError> {
    let mut ids: BTreeSet<LeadId> = BTreeSet::new();
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
    let keys: Vec<LeadKey> = ids.into_iter().map(LeadKey::Id).collect();
    let mut leads = Vec::with_capacity(keys.len());
    for some in keys.chunks(PAGE) {
        leads.extend(store.leads(some).await?.into_iter().flatten());
    }
    Ok(leads)
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
