//! Decides a batch of units over one transaction: leads are loaded together, inputs of one lead fold in order in memory, and all is
//! written together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Engine;
use super::anew::is_behind;
use super::experiments::counted_in;
use super::merge;
use super::release::{limited, today};
use super::slots::{Slot, Slots};
use super::unit::{Answer, Target, Unit};
use crate::domain::account::Replies;
use crate::domain::address::EmailAddress;
use crate::domain::decide::{
    Ask, Case, Decision, Effect, InHand, Input, Reply, View, are_heeded, decide, shifted, touch_of,
};
use crate::domain::experiment::Key;
use crate::domain::id::{LeadId, TouchId, derived};
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::routing::Load;
use crate::domain::sequence::Intake;
use crate::domain::suppression::Reason;
use crate::domain::time::Instant;
use crate::store::keys::EventKey;
use crate::store::leads::{LeadKey, Saved};
use crate::store::revisions::Revision;
use crate::store::{StoreError, Tx};

/// The leads of one batch, as they become.
pub struct Batch<'e> {
    engine: &'e Engine,
    playbook: Arc<Playbook>,
    now: Instant,
    pub(super) slots: Slots,
    suppressed: BTreeMap<String, Reason>,
    paused: Arc<BTreeSet<String>>,
    loads: Option<BTreeMap<String, Load>>,
    intakes: Option<BTreeMap<String, Intake>>,
    stopped_senders: Arc<BTreeSet<String>>,
    /// Who of the leads' accounts replied, where anything heeds that.
    replies: BTreeMap<String, Replies>,
    winners: Arc<BTreeMap<Key, String>>,
}

impl<'e> Batch<'e> {
    pub fn new(engine: &'e Engine, now: Instant) -> Self {
        Self {
            engine,
            playbook: engine.playbook(),
            now,
            slots: Slots::default(),
            suppressed: BTreeMap::new(),
            paused: Arc::default(),
            loads: None,
            intakes: None,
            stopped_senders: Arc::default(),
            replies: BTreeMap::new(),
            winners: Arc::default(),
        }
    }

    /// Decides units in their order. Nothing is written before [`Batch::write`].
    pub async fn decide(&mut self, tx: &mut Tx, units: &[Unit]) -> Result<Vec<Answer>, StoreError> {
        if units.is_empty() {
            return Ok(Vec::new());
        }
        let places = self.load(tx, units).await?;
        self.score_anew(tx).await?;
        let new = self.new_keys(tx, units, &places).await?;
        let in_hand = self.in_hand(tx, units, &places).await?;
        let mut answers = Vec::with_capacity(units.len());
        for ((unit, place), new) in units.iter().zip(places).zip(new) {
            answers.push(match (place.map(|place| self.slots.follow(place)), &unit.input.ask) {
                (None, _) => Answer::Unknown,
                (Some(place), _) if !new => Answer::Duplicate { lead: self.slots[place].lead.id.clone() },
                (Some(place), Ask::Rescore { .. }) => {
                    Answer::Done { lead: self.slots[place].lead.id.clone(), created: false }
                }
                (Some(place), Ask::Adopt { edit, .. }) => {
                    let ask = Ask::Adopt { edit: Arc::clone(edit), in_hand: in_hand.clone() };
                    self.one(tx, place, &Input { ask, ..unit.input.clone() }).await?
                }
                (Some(place), Ask::Absorb { other, .. }) => self.absorb(tx, (place, other), &unit.input).await?,
                (Some(place), Ask::Hear { .. }) => self.hear(tx, place, unit).await?,
                (Some(place), _) if self.is_of_alias(place, unit) => {
                    Answer::Done { lead: self.slots[place].lead.id.clone(), created: false }
                }
                (Some(place), _) => self.one(tx, place, &unit.input).await?,
            });
        }
        Ok(answers)
    }

    pub(super) fn playbook(&self) -> Arc<Playbook> {
        Arc::clone(&self.playbook)
    }

    pub(super) const fn now(&self) -> Instant {
        self.now
    }

    /// The leads that another scoring file scored last.
    pub(super) fn behind(&self) -> impl Iterator<Item = &Lead> {
        self.slots.leads().filter(|lead| is_behind(lead, &self.playbook))
    }

    /// Takes a scoring file in that another daemon put in force.
    pub(super) fn learn(&mut self, stored: &Revision) {
        self.engine.learn_model(stored);
        self.playbook = self.engine.playbook();
    }

    /// Decides one input of a lead of the batch.
    pub(super) async fn decide_one(&mut self, tx: &mut Tx, lead: &LeadId, input: &Input) -> Result<(), StoreError> {
        if let Some(place) = self.slots.place_of(lead) {
            self.one(tx, place, input).await?;
        }
        Ok(())
    }

    /// Wakes leads whose time is up.
    pub async fn wake(&mut self, tx: &mut Tx, leads: &[LeadId]) -> Result<(), StoreError> {
        let unit = |lead: &LeadId| Unit { to: Target::Lead(lead.clone()), input: Input::wake(self.now), key: None };
        let units: Vec<Unit> = leads.iter().map(unit).collect();
        self.decide(tx, &units).await.map(drop)
    }

    /// Writes what was decided, and says whether something waits on a lane that did not before.
    pub async fn write(self, tx: &mut Tx) -> Result<bool, StoreError> {
        let now = self.now;
        let mut touched: Vec<&Slot> = self.slots.iter().filter(|slot| slot.touched).collect();
        // New rows then lie in the order of leads' ids, which is the order in which they are woken, claimed and changed later.
        touched.sort_by(|a, b| a.lead.id.cmp(&b.lead.id));
        let views: Vec<_> = touched
            .iter()
            .map(|slot| {
                let view = View::new(&slot.lead, &self.playbook, now);
                (view.scored(), view.heat().to_owned())
            })
            .collect();
        let saved: Vec<Saved<'_>> = touched
            .iter()
            .zip(&views)
            .map(|(slot, (score, temperature))| Saved {
                lead: &slot.lead,
                new: slot.fresh,
                was_wake_at: slot.was_wake_at,
                score: *score,
                temperature,
                events: &slot.events,
            })
            .collect();
        tx.save(&saved, now).await?;
        tx.apply(touched.iter().flat_map(|slot| &slot.effects), now).await?;
        let mut counted = BTreeMap::new();
        for slot in &touched {
            counted_in(&mut counted, (&slot.lead.id, &slot.effects), &self.winners);
        }
        let told = self.engine.judge(tx, &counted, now).await?;
        tx.apply(&told, now).await?;
        let queued = |effect: &Effect| matches!(effect, Effect::Queue(_) | Effect::Requeue(_));
        let queued = touched.iter().flat_map(|slot| &slot.effects).chain(&told).any(queued);
        if queued {
            tx.nudge().await?;
        }
        Ok(queued)
    }

    /// Finds or makes the lead of each unit.
    async fn load(&mut self, tx: &mut Tx, units: &[Unit]) -> Result<Vec<Option<usize>>, StoreError> {
        let others: Vec<&LeadId> = units.iter().filter_map(merge::other).collect();
        let others_keys = others.iter().map(|other| LeadKey::Id((*other).clone()));
        let keys: Vec<LeadKey> = units.iter().map(|unit| unit.to.key()).chain(others_keys).collect();
        let mut found = tx.load(&keys).await?;
        for (other, lead) in others.into_iter().zip(found.split_off(units.len())) {
            if let Some(lead) = lead {
                let place = self.slots.known(lead);
                self.slots.is_also(place, other.clone());
            }
        }
        let mut places = Vec::with_capacity(units.len());
        for (unit, lead) in units.iter().zip(found) {
            places.push(match (lead, &unit.to) {
                (Some(lead), _) => Some(self.slots.known(lead)),
                (None, Target::Address { address, create: true }) => {
                    let id = || self.engine.entropy.lead(self.now);
                    Some(self.slots.newborn(address, id, self.now))
                }
                (None, _) => None,
            });
        }
        self.learn_versions(tx).await?;
        self.look_up(tx).await?;
        Ok(places)
    }

    /// In a fleet another daemon may have moved a lead to a version that this one has not read.
    async fn learn_versions(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let running = self.slots.leads().flat_map(|lead| &lead.enrollments);
        let known = |version: &&str| self.playbook.versions.contains_key(*version);
        let unknown: BTreeSet<&str> =
            running.map(|enrollment| enrollment.version.as_str()).filter(|version| !known(version)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let mut stored = Vec::new();
        for version in self.engine.unknown_versions(unknown) {
            stored.extend(tx.revision(&version).await?);
        }
        if !stored.is_empty() {
            self.engine.learn(&stored);
        }
        self.playbook = self.engine.playbook();
        Ok(())
    }

    /// A suppression of an address itself that stands in the store.
    pub(super) fn suppression_of(&self, address: &EmailAddress) -> Option<Reason> {
        self.suppressed.get(address.as_str()).copied()
    }

    /// What stands in the store about the batch's addresses and sequences.
    async fn look_up(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let targets: BTreeSet<&str> =
            self.slots.leads().flat_map(|lead| [lead.address.as_str(), lead.address.domain()]).collect();
        self.suppressed = tx.suppressed(&targets).await?;
        let pauses = tx.pauses().await?;
        let sequences = pauses.iter().filter_map(|pause| pause.scope.strip_prefix("sequence:").map(str::to_owned));
        self.paused = Arc::new(sequences.collect());
        if !self.playbook.settings.pools.is_empty() {
            let by_hand = pauses.iter().filter_map(|pause| pause.scope.strip_prefix("sender:").map(str::to_owned));
            let by_itself = tx.stopped_lanes().await?.into_iter();
            let by_itself = by_itself.filter_map(|lane| lane.strip_prefix("mail:").map(str::to_owned));
            self.stopped_senders = Arc::new(by_hand.chain(by_itself).collect());
        }
        if are_heeded(&self.playbook) {
            let accounts: BTreeSet<&str> = self.slots.leads().filter_map(|lead| lead.account.as_deref()).collect();
            self.replies = tx.replies(&accounts).await?;
        }
        if self.playbook.experiments().next().is_some() {
            self.winners = Arc::new(tx.winners().await?);
        }
        Ok(())
    }

    /// Which units are said for the first time; units without a lead take no key.
    async fn new_keys(&self, tx: &mut Tx, units: &[Unit], places: &[Option<usize>]) -> Result<Vec<bool>, StoreError> {
        let mut asked = Vec::new();
        for (index, (unit, place)) in units.iter().zip(places).enumerate() {
            if let (Some((source, key)), Some(place)) = (&unit.key, place) {
                let lead = self.slots[*place].lead.id.clone();
                let (name, body_hash) = unit.input.ask.told();
                asked.push((index, EventKey { source: source.clone(), key: key.clone(), lead, name, body_hash }));
            }
        }
        let keys: Vec<EventKey> = asked.iter().map(|(_, key)| key.clone()).collect();
        let before = tx.new_keys(&keys, self.now).await?;
        let mut new: Vec<bool> = units.iter().map(|unit| unit.key.is_none()).collect();
        for ((index, _), before) in asked.iter().zip(before) {
            new[*index] = before.is_none();
        }
        Ok(new)
    }

    /// What is known of the touches that leads stand at whom an edit is applied to.
    async fn in_hand(
        &self,
        tx: &mut Tx,
        units: &[Unit],
        places: &[Option<usize>],
    ) -> Result<BTreeMap<TouchId, InHand>, StoreError> {
        let adopting = units.iter().zip(places).filter(|(unit, _)| matches!(unit.input.ask, Ask::Adopt { .. }));
        let leads = adopting.filter_map(|(_, place)| place.map(|place| &self.slots[place].lead));
        let touches: Vec<&TouchId> = leads.flat_map(|lead| lead.enrollments.iter().filter_map(touch_of)).collect();
        tx.in_hand(&touches).await
    }

    pub(super) async fn one(&mut self, tx: &mut Tx, place: usize, input: &Input) -> Result<Answer, StoreError> {
        let mut decision = self.run(place, input);
        if decision.reply == Reply::NeedsIntakes {
            self.intakes = Some(self.read_intakes(tx).await?);
            decision = self.run(place, input);
        }
        if decision.reply == Reply::NeedsLoads {
            self.loads = Some(tx.loads().await?);
            decision = self.run(place, input);
        }
        // A handoff may be asked for first, and an enrollment follow from it.
        if decision.reply == Reply::NeedsIntakes {
            self.intakes = Some(self.read_intakes(tx).await?);
            decision = self.run(place, input);
        }
        let lead = decision.lead.id.clone();
        let created = self.slots[place].fresh && !self.slots[place].touched;
        let answer = match &decision.reply {
            Reply::Done => Answer::Done { lead, created },
            Reply::Enrolled(enrollment) => Answer::Enrolled { lead, enrollment: enrollment.clone() },
            Reply::Refused(reason) => Answer::Refused { lead, reason: reason.clone() },
            Reply::Pending(reason) => Answer::Pending { lead, reason: reason.clone() },
            Reply::NeedsLoads | Reply::NeedsIntakes => {
                Answer::Failed { reason: "no routing rule of config/team.yaml applies to this lead".to_owned() }
            }
        };
        self.take(place, (input, decision));
        Ok(answer)
    }

    async fn read_intakes(&self, tx: &mut Tx) -> Result<BTreeMap<String, Intake>, StoreError> {
        let limited = limited(&self.playbook);
        tx.intakes(&limited, today(&self.playbook, self.now)).await
    }

    fn run(&self, place: usize, input: &Input) -> Decision {
        let lead = &self.slots[place].lead;
        let suppressed =
            [lead.address.as_str(), lead.address.domain()].iter().find_map(|target| self.suppressed.get(*target));
        let replies = lead.account.as_ref().and_then(|account| self.replies.get(account));
        let case = Case {
            lead: lead.clone(),
            suppressed: suppressed.copied(),
            loads: self.loads.clone(),
            intakes: self.intakes.clone(),
            winners: Arc::clone(&self.winners),
            paused_sequences: Arc::clone(&self.paused),
            stopped_senders: Arc::clone(&self.stopped_senders),
            colleague: replies.and_then(|replies| replies.of_another(&lead.id)),
        };
        decide(&case, input, &self.playbook, self.now)
    }

    fn take(&mut self, place: usize, (input, decision): (&Input, Decision)) {
        if is_idle(input, &decision) && self.slots[place].lead.wake_at == decision.lead.wake_at {
            return;
        }
        for effect in &decision.effects {
            self.note(effect);
        }
        let slot = &mut self.slots[place];
        slot.lead = decision.lead;
        slot.events.extend(decision.events);
        slot.effects.extend(decision.effects);
        slot.touched = true;
    }

    /// What later decisions of the batch must know of an earlier one.
    fn note(&mut self, effect: &Effect) {
        match effect {
            Effect::Load { rep, assigned, open } => {
                let load = self.loads.get_or_insert_default().entry(rep.clone()).or_default();
                load.assigned += assigned;
                load.open += open;
            }
            Effect::Intake { sequence, active, entered, .. } => {
                if let Some(intake) = self.intakes.as_mut().and_then(|all| all.get_mut(sequence)) {
                    intake.active = shifted(intake.active, *active);
                    intake.entered_today = shifted(intake.entered_today, *entered);
                }
            }
            Effect::Pending { sequence, since: Some(_), .. } => {
                if let Some(intake) = self.intakes.as_mut().and_then(|all| all.get_mut(sequence)) {
                    intake.waiting = true;
                }
            }
            Effect::Replied { account, reply, .. } => {
                let known = self.replies.remove(account);
                let now = known.map_or_else(|| Replies::first(reply.clone()), |known| known.with(reply.clone()));
                self.replies.insert(account.clone(), now);
            }
            Effect::Suppress { target, reason, .. } => drop(self.suppressed.insert(target.clone(), *reason)),
            Effect::Unsuppress { target } => drop(self.suppressed.remove(target)),
            _ => {}
        }
    }
}

/// Whether a tick passed a lead by, as it does most: then nothing is written.
fn is_idle(input: &Input, decision: &Decision) -> bool {
    matches!(input.ask, Ask::Tick { .. }) && decision.events.is_empty() && decision.effects.is_empty()
}

impl Ask {
    /// The name of what was told, and a hash of all of it.
    fn told(&self) -> (String, String) {
        let name = match self {
            Self::Hear { name, .. } | Self::Hit { name, .. } => name.clone(),
            _ => "input".to_owned(),
        };
        (name, derived(&[&format!("{self:?}")]))
    }
}
