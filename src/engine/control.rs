//! What people do to more than one lead at once, or to one touch by hand.

use std::sync::Arc;

use super::unit::{Target, Unit};
use super::{Engine, Writes};
use crate::domain::address::EmailAddress;
use crate::domain::decide::{Ask, Effect, Input};
use crate::domain::event::Actor;
use crate::domain::id::TouchId;
use crate::domain::suppression::Reason;
use crate::store::control::Paused;
use crate::store::lanes::LaneRow;
use crate::store::{StoreError, Tx};

/// Enrollments paused or resumed in one transaction.
const PAGE: usize = 500;

/// What a pause is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Nothing leaves, for anybody.
    All,
    /// Everyone in the sequence stands still; what is left of a wait stays left.
    Sequence(String),
    /// Nothing leaves from this sender.
    Sender(String),
    /// Nothing is called on this channel.
    Channel(String),
}

impl Scope {
    /// Reads `all`, `sequence:NAME`, `sender:NAME` or `channel:NAME`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "all" => Some(Self::All),
            Some(("sequence", name)) => Some(Self::Sequence(name.to_owned())),
            Some(("sender", name)) => Some(Self::Sender(name.to_owned())),
            Some(("channel", name)) => Some(Self::Channel(name.to_owned())),
            _ => None,
        }
    }

    pub fn text(&self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Sequence(name) => format!("sequence:{name}"),
            Self::Sender(name) => format!("sender:{name}"),
            Self::Channel(name) => format!("channel:{name}"),
        }
    }

    fn lane(&self) -> Option<String> {
        match self {
            Self::Sender(name) => Some(format!("mail:{name}")),
            Self::Channel(name) => Some(format!("hook:{name}")),
            Self::All | Self::Sequence(_) => None,
        }
    }
}

impl Engine {
    /// Pauses; false if it was paused before.
    pub async fn pause(&self, scope: &Scope, by: &str) -> Result<bool, Arc<StoreError>> {
        let paused = Paused { scope: scope.text(), since: self.now(), by: by.to_owned() };
        // By itself: whoever did not see it has ended by then, so that what it took or began can be found.
        let new = self.in_tx(async |tx| tx.pause(&paused).await).await?;
        match scope {
            // Each lead of a sequence is told, and puts its touch aside.
            Scope::Sequence(name) => {
                let because = format!("paused by {by}");
                self.each_enrolled(name, &Ask::Pause { sequence: Some(name.clone()), because }).await?;
            }
            Scope::All | Scope::Sender(_) | Scope::Channel(_) => {
                self.in_tx(async |tx| tx.take_back(scope.lane().as_deref()).await).await?;
            }
        }
        Ok(new)
    }

    /// Resumes; also a lane that stopped itself because the other side refuses us. False if nothing was paused.
    pub async fn resume(&self, scope: &Scope) -> Result<bool, Arc<StoreError>> {
        let was = self
            .in_tx(async |tx| {
                let mut was = tx.resume(&scope.text()).await?;
                if let Some(lane) = scope.lane()
                    && let Some(stored) = tx.lane_for_update(&lane).await?
                    && stored.paused
                {
                    let resumed =
                        LaneRow { paused: false, blocked_reason: None, failures: 0, failing_since: None, ..stored };
                    tx.save_lane(&resumed).await?;
                    was = true;
                }
                Ok(was)
            })
            .await?;
        if let Scope::Sequence(name) = scope {
            self.each_enrolled(name, &Ask::Resume { sequence: Some(name.clone()) }).await?;
        }
        Ok(was)
    }

    /// Says one thing to everybody in a sequence, a page a transaction.
    async fn each_enrolled(&self, sequence: &str, ask: &Ask) -> Result<(), Arc<StoreError>> {
        let mut after: Option<String> = None;
        loop {
            let reports = self.store.reports();
            let page =
                reports.enrollments_of_sequence(sequence, true, after.as_deref(), PAGE).await.map_err(Arc::new)?;
            let units = page
                .rows
                .iter()
                .map(|row| self.by_hand(Target::Lead(row.lead.clone()), ask.clone(), "operator"))
                .collect();
            self.record(units).await?;
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// A unit that a person or a program asked for, now.
    pub fn by_hand(&self, to: Target, ask: Ask, source: &str) -> Unit {
        Unit {
            to,
            input: Input { ask, occurred_at: self.now(), source: source.to_owned(), actor: Actor::System },
            key: None,
        }
    }

    /// Suppresses an address, known as a lead or not, or a whole domain.
    pub async fn suppress(&self, target: &str, reason: Reason, source: &str) -> Result<(), Arc<StoreError>> {
        let mut writes = Writes {
            effects: vec![Effect::Suppress { target: target.to_owned(), reason, source: source.to_owned() }],
            ..Writes::default()
        };
        if let Ok(address) = EmailAddress::parse(target) {
            let to = Target::Address { address, create: false };
            writes.units.push(self.by_hand(to, Ask::Suppress { reason }, source));
        } else {
            // It stands before anybody is looked for: who comes from there in between is found, or finds it.
            self.write(std::mem::take(&mut writes)).await?;
            let leads = self.store.leads_at(target).await.map_err(Arc::new)?;
            writes.units.extend(leads.into_iter().map(|lead| self.by_hand(Target::Lead(lead), Ask::Wake, source)));
        }
        self.write(writes).await.map(drop)
    }

    /// Takes a suppression away.
    pub async fn unsuppress(&self, target: &str, source: &str) -> Result<(), Arc<StoreError>> {
        let mut writes =
            Writes { effects: vec![Effect::Unsuppress { target: target.to_owned() }], ..Writes::default() };
        if let Ok(address) = EmailAddress::parse(target) {
            let to = Target::Address { address, create: false };
            writes.units.push(self.by_hand(to, Ask::Unsuppress, source));
        }
        self.write(writes).await.map(drop)
    }

    /// Sends a touch of unknown outcome once more, under the same Message-ID. False if its outcome is not unknown, or its recipient is
    /// suppressed.
    pub async fn resend(&self, touch: &TouchId) -> Result<bool, Arc<StoreError>> {
        let now = self.now();
        self.in_tx(async |tx| tx.resend(touch, now).await).await
    }

    pub(super) async fn in_tx<T>(
        &self,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T, StoreError>,
    ) -> Result<T, Arc<StoreError>> {
        let mut tx = self.begin().await.map_err(Arc::new)?;
        let done = work(&mut tx).await.map_err(Arc::new)?;
        tx.commit().await.map_err(Arc::new)?;
        self.beat();
        Ok(done)
    }
}
