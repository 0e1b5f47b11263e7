//! Group commit: all that asks to be written while a commit is under way shares the next one.
//!
//! A service of the daemon writes for everyone; where there is none, whoever comes first writes for all who wait. Either way there is no
//! timer, and no delay where there is no load.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Turn, Notify, oneshot};

use super::deliver::{Claiming, Taken};
use super::hits::{self, Decided, Heard, Hit};
use super::lanes::{self, News};
use super::unit::{Answer, Unit};
use super::{Engine, Protection};
use crate::domain::decide::{Effect, SETTLING};
use crate::domain::id::TouchId;
use crate::domain::time::Instant;
use crate::domain::touch::State;
use crate::store::lanes::LaneRow;
use crate::store::touches::{Intent, PutBack, Settle};
use crate::store::{StoreError, Tx};

/// Units and writes that share one commit at most.
const MOST: usize = 1_000;

/// Things to be written together.
#[derive(Clone, Debug, Default)]
pub struct Writes {
    pub units: Vec<Unit>,
    /// Pixels and links that were asked for.
    pub hits: Vec<Hit>,
    pub intents: Vec<Intention>,
    /// Touches with the token of their claim.
    pub marks: Vec<(TouchId, String)>,
    /// What came of touches, each with the unit its lead hears if the settling still counts.
    pub settles: Vec<(Settling, Option<Unit>)>,
    /// Claimed touches that go back to their lane as if they had not been claimed.
    pub put_backs: Vec<Putting>,
    /// Touches whose reservations were not used: they come back with the settling or the putting back of the touch if that still counts, and
    /// where a stop took the touch away, by themselves.
    pub give_backs: Vec<(TouchId, Reservation)>,
    /// What attempts say about their lanes.
    pub news: Vec<News>,
    /// Rows that follow from no decision about a lead: alerts about ourselves.
    pub effects: Vec<Effect>,
    /// What is asked of lanes.
    pub claims: Vec<Claiming>,
}

/// A claimed touch that goes back to its lane.
#[derive(Clone, Debug)]
pub struct Putting {
    pub touch: TouchId,
    pub token: String,
    pub ready_at: Instant,
}

/// One place under a lane's cap, on the day it was reserved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reservation {
    pub lane: String,
    pub day: i32,
}

/// What is about to leave, written down before it does.
#[derive(Clone, Debug)]
pub struct Intention {
    pub touch: TouchId,
    pub token: String,
    pub message_id: Option<String>,
    pub date_at: Instant,
    pub template_version: Option<String>,
    pub body_hash: String,
    /// Targets of links with a value in them, as JSON.
    pub links: Option<String>,
    /// The bytes, where every try must repeat them.
    pub body: Option<Vec<u8>>,
}

/// What came of a touch, for its row.
#[derive(Clone, Debug)]
pub struct Settling {
    pub touch: TouchId,
    pub token: String,
    pub state: State,
    pub reason: Option<String>,
    pub reply: Option<String>,
    /// When it is tried again by itself.
    pub ready_at: Option<Instant>,
    /// The bytes, where another try must repeat them.
    pub body: Option<Vec<u8>>,
    /// Whether this counts as a try.
    pub tried: bool,
}

/// What came of [`Writes`], in the same order.
#[derive(Clone, Debug, Default)]
pub struct Done {
    pub answers: Vec<Answer>,
    pub hits: Vec<Heard>,
    pub intents: Vec<bool>,
    pub marks: Vec<bool>,
    pub settles: Vec<bool>,
    pub claims: Vec<Vec<Taken>>,
}

impl Writes {
    pub fn is_empty(&self) -> bool {
        self.size() == 0
    }

    fn size(&self) -> usize {
        self.units.len()
            + self.hits.len()
            + self.intents.len()
            + self.marks.len()
            + self.settles.len()
            + self.put_backs.len()
            + self.give_backs.len()
            + self.news.len()
            + self.effects.len()
            + self.claims.len()
    }

    /// The touches that are somebody's, and go on or back by this.
    fn touches(&self) -> impl Iterator<Item = &TouchId> {
        let intents = self.intents.iter().map(|intention| &intention.touch);
        let settles = self.settles.iter().map(|(settling, _)| &settling.touch);
        let put_backs = self.put_backs.iter().map(|putting| &putting.touch);
        intents.chain(self.marks.iter().map(|(touch, _)| touch)).chain(settles).chain(put_backs)
    }

    /// Whether whoever waits for work must look again: not for an intent, a mark, a claim, or a hit.
    fn stirs(&self) -> bool {
        self.size() > self.intents.len() + self.marks.len() + self.claims.len() + self.hits.len()
    }

    /// Whether something may wait on a lane that did not before.
    fn moves_lanes(&self) -> bool {
        let again = |settling: &Settling| settling.ready_at.is_some();
        !self.put_backs.is_empty() || !self.effects.is_empty() || self.settles.iter().any(|(one, _)| again(one))
    }
}

/// Writes, and who wants to know.
type Job = (Writes, oneshot::Sender<Told>);
type Told = Result<Done, Arc<StoreError>>;

/// Who waits to be written.
#[derive(Default)]
pub struct Writer {
    waiting: Mutex<Vec<Job>>,
    turn: Turn<()>,
    served: AtomicBool,
    nudge: Notify,
}

impl Writer {
    /// Hands the writes over and waits until they are durable.
    ///
    /// Where a service writes, dropping this future takes nothing back; without one the caller writes for all who wait.
    pub async fn write(&self, engine: &Engine, writes: Writes) -> Told {
        let (tell, mut told) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((writes, tell));
        if self.served.load(Ordering::SeqCst) {
            self.nudge.notify_one();
            return told.await.unwrap_or_else(|_| Err(Arc::new(StoreError::stopped())));
        }
        let _turn = self.turn.lock().await;
        loop {
            if let Ok(done) = told.try_recv() {
                return done;
            }
            // Where a service writes, this is not come to: whoever waits for the service need not hold room for it.
            if !Box::pin(self.write_waiting(engine)).await {
                return told.await.unwrap_or_else(|_| Err(Arc::new(StoreError::stopped())));
            }
        }
    }

    /// Writes for everyone until this future is dropped. What is being written then is finished by whoever asks next.
    pub async fn serve(&self, engine: &Engine) {
        self.served.store(true, Ordering::SeqCst);
        loop {
            self.nudge.notified().await;
            while self.write_waiting(engine).await {}
        }
    }

    /// Ends the service's turn: from here on callers write for themselves.
    pub fn unserve(&self) {
        self.served.store(false, Ordering::SeqCst);
    }

    /// Writes one commit's worth of those who wait; tells whether there were any.
    async fn write_waiting(&self, engine: &Engine) -> bool {
        let group = self.take();
        if group.is_empty() {
            return false;
        }
        let now = engine.now();
        let (jobs, tells): (Vec<Writes>, Vec<_>) = group.into_iter().unzip();
        match write_all(engine, &jobs, now).await {
            Ok(done) => {
                for (tell, done) in tells.into_iter().zip(done) {
                    drop(tell.send(Ok(done)));
                }
            }
            Err(error) if error.hits_everybody() || engine.fail.lacks(Protection::Alone) => {
                let error = Arc::new(error);
                for tell in tells {
                    drop(tell.send(Err(Arc::clone(&error))));
                }
            }
            Err(_) => {
                for (job, tell) in jobs.into_iter().zip(tells) {
                    drop(tell.send(write_alone(engine, job, now).await));
                }
            }
        }
        true
    }

    /// A touch is named once in a commit: what is won there is known by the touch, and of two who believe that it is theirs one would be
    /// taken for the other.
    fn take(&self) -> Vec<Job> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut size, mut touches) = (0, BTreeSet::new());
        let fits = waiting.iter().take_while(|(writes, _)| {
            size += writes.size();
            let apart = writes.touches().all(|touch| !touches.contains(touch));
            touches.extend(writes.touches());
            apart && (size <= MOST || size == writes.size())
        });
        let count = fits.count();
        waiting.drain(..count).collect()
    }
}

/// Writes several jobs in one transaction.
async fn write_all(engine: &Engine, jobs: &[Writes], now: Instant) -> Result<Vec<Done>, StoreError> {
    let outside = engine.fail.lacks(Protection::CapInside) && jobs.iter().any(|job| !job.claims.is_empty());
    let early = if outside { engine.store.lanes().await? } else { Vec::new() };
    let mut tx = engine.begin().await?;
    let (done, moved) = write_in(engine, &mut tx, (jobs, &early), now).await?;
    tx.commit().await?;
    metrics::counter!("overture_commits_total").increment(1);
    let units = jobs.iter().map(|job| job.units.len() + job.hits.len()).sum::<usize>();
    metrics::counter!("overture_units_total").increment(u64::try_from(units).unwrap_or(0));
    if moved.lanes {
        engine.beat();
    } else if jobs.iter().any(Writes::stirs) {
        engine.beat_softly();
    } else if jobs.iter().any(|job| !job.hits.is_empty()) {
        engine.beat_for_verdicts(moved.woken.then_some(now + SETTLING));
    }
    Ok(done)
}

/// What a commit means to those who wait.
struct Moved {
    /// Something waits on a lane that did not before, or a lane's turn moved.
    lanes: bool,
    /// A lead is woken for its verdicts that would not have been.
    woken: bool,
}

async fn write_in(
    engine: &Engine,
    tx: &mut Tx,
    (jobs, early): (&[Writes], &[LaneRow]),
    now: Instant,
) -> Result<(Vec<Done>, Moved), StoreError> {
    // First, so that units meet a suppression that comes with them.
    tx.apply(jobs.iter().flat_map(|job| &job.effects), now).await?;
    let settled = settle(tx, jobs, now).await?;
    let Decided { answers, heard, queued, woken } = hits::decide(engine, tx, (jobs, &settled), now).await?;
    let (mut answers, mut heard) = (answers.into_iter(), heard.into_iter());
    let put = put_back(tx, jobs).await?;
    let unused = unused(tx, jobs, (&settled, &put)).await?;
    let intended = intend(tx, jobs, now).await?;
    let marks: Vec<_> = jobs.iter().flat_map(|job| &job.marks).map(|(touch, token)| (touch, token.as_str())).collect();
    let marked = tx.mark(&marks, now).await?;
    let lanes = lanes::write(engine, tx, (jobs, &unused, early)).await?;
    let mut claims = lanes.claims.into_iter();
    let done = jobs.iter().map(|job| Done {
        answers: answers.by_ref().take(job.units.len()).collect(),
        hits: heard.by_ref().take(job.hits.len()).collect(),
        intents: job.intents.iter().map(|intent| intended.contains(&intent.touch)).collect(),
        marks: job.marks.iter().map(|(touch, _)| marked.contains(touch)).collect(),
        settles: job.settles.iter().map(|(settling, _)| settled.contains(&settling.touch)).collect(),
        claims: claims.by_ref().take(job.claims.len()).collect(),
    });
    let done = done.collect();
    Ok((done, Moved { lanes: queued || lanes.moved || jobs.iter().any(Writes::moves_lanes), woken }))
}

async fn settle(tx: &mut Tx, jobs: &[Writes], now: Instant) -> Result<BTreeSet<TouchId>, StoreError> {
    let settles: Vec<Settle<'_>> = jobs
        .iter()
        .flat_map(|job| &job.settles)
        .map(|(settling, _)| Settle {
            id: &settling.touch,
            token: &settling.token,
            state: settling.state,
            reason: settling.reason.as_deref(),
            reply: settling.reply.as_deref(),
            ready_at: settling.ready_at,
            body: settling.body.as_deref(),
            tried: settling.tried,
        })
        .collect();
    tx.settle(&settles, now).await
}

/// The reservations that come back: each with whoever lets go of its touch, so that none comes back twice.
async fn unused<'j>(
    tx: &mut Tx,
    jobs: &'j [Writes],
    (settled, put): (&BTreeSet<TouchId>, &BTreeSet<TouchId>),
) -> Result<Vec<&'j Reservation>, StoreError> {
    let (mut unused, mut taken) = (Vec::new(), Vec::new());
    for job in jobs {
        let settles: BTreeSet<&TouchId> = job.settles.iter().map(|(settling, _)| &settling.touch).collect();
        let puts: BTreeSet<&TouchId> = job.put_backs.iter().map(|putting| &putting.touch).collect();
        for (touch, reservation) in &job.give_backs {
            let won = settles.contains(touch) && settled.contains(touch) || puts.contains(touch) && put.contains(touch);
            if won {
                unused.push(reservation);
            } else {
                // A stop took the touch away, with its place.
                taken.push((touch, reservation));
            }
        }
    }
    let days: Vec<_> = taken.iter().map(|(touch, reservation)| (*touch, reservation.day)).collect();
    let released = tx.release(&days).await?;
    unused.extend(taken.into_iter().filter(|(touch, _)| released.contains(touch)).map(|(_, reservation)| reservation));
    Ok(unused)
}

async fn put_back(tx: &mut Tx, jobs: &[Writes]) -> Result<BTreeSet<TouchId>, StoreError> {
    let all = jobs.iter().flat_map(|job| &job.put_backs);
    let put_backs: Vec<PutBack<'_>> =
        all.map(|back| PutBack { id: &back.touch, token: &back.token, ready_at: back.ready_at }).collect();
    tx.put_back(&put_backs).await
}

async fn intend(tx: &mut Tx, jobs: &[Writes], now: Instant) -> Result<BTreeSet<TouchId>, StoreError> {
    let intents: Vec<Intent<'_>> = jobs
        .iter()
        .flat_map(|job| &job.intents)
        .map(|intention| Intent {
            id: &intention.touch,
            token: &intention.token,
            message_id: intention.message_id.as_deref(),
            date_at: Some(intention.date_at),
            template_version: intention.template_version.as_deref(),
            body_hash: Some(&intention.body_hash),
            links: intention.links.as_deref(),
            body: intention.body.as_deref(),
        })
        .collect();
    tx.intend(&intents, now).await
}

/// Writes one job by itself; of several units each alone, after all else, so that one that cannot be written does not take the others with
/// it.
async fn write_alone(engine: &Engine, mut job: Writes, now: Instant) -> Told {
    match write_all(engine, std::slice::from_ref(&job), now).await {
        Ok(mut done) => return Ok(done.pop().unwrap_or_default()),
        Err(error) if error.hits_everybody() || job.units.len() < 2 => return Err(Arc::new(error)),
        Err(_) => {}
    }
    let units = std::mem::take(&mut job.units);
    let mut done = Done::default();
    if !job.is_empty() {
        done = write_all(engine, &[job], now).await.map_err(Arc::new)?.pop().unwrap_or_default();
    }
    for unit in units {
        let alone = Writes { units: vec![unit], ..Writes::default() };
        done.answers.extend(match write_all(engine, &[alone], now).await {
            Ok(mut done) => done.pop().unwrap_or_default().answers,
            Err(error) if error.hits_everybody() => return Err(Arc::new(error)),
            Err(error) => vec![Answer::Failed { reason: error.to_string() }],
        });
    }
    Ok(done)
}
