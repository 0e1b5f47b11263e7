//! What came of carrying a touch, and how it is written down.

use std::sync::Arc;

use serde_json::json;

use crate::domain::decide::{Ask, Effect, Input};
use crate::domain::event::Actor;
use crate::domain::id::{TouchId, derived, dice};
use crate::domain::refusal::{Reply, SoftKind, Stage, UsKind, Verdict, classify};
use crate::domain::retry::{Schedule, next_try};
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::{Channel, NewTouch, Outcome, Policy, RefusalClass};
use crate::engine::deliver::Claimed;
use crate::engine::{Engine, Settling, Target, Unit, Writes};
use crate::store::StoreError;

/// What came of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// The touch came to an outcome; `used` says whether it counts against the cap.
    Ended { outcome: Outcome, at: Instant, used: bool, bytes: Option<Vec<u8>> },
    /// Nothing left and nothing is the matter with the touch: it goes back to its lane.
    Back { ready_at: Instant, why: String, trouble: Option<Trouble> },
    /// The server refuses us although it had the message: the touch waits with its bytes, and its lane stops.
    Stopped { why: String, at: Instant, bytes: Vec<u8> },
    /// A stop came first, or another daemon has it: it is not ours any more.
    Lost,
}

/// What keeps a whole lane from sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The relay cannot be reached now; the lane waits a little.
    Unreachable,
    /// The other side refuses us: the lane stops until a person resumes it.
    Refused,
}

impl Carried {
    /// One word for counters.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Ended { outcome, .. } => outcome.state().as_str(),
            Self::Back { .. } => "back",
            Self::Stopped { .. } => "stopped",
            Self::Lost => "lost",
        }
    }

    pub fn ended(outcome: Outcome, at: Instant) -> Self {
        Self::Ended { outcome, at, used: false, bytes: None }
    }
}

/// What a refusal of a mail means. Only a clear verdict on the address ends it for good; what is about us never touches the lead.
pub fn refused(claimed: &Claimed, reply: &Reply, now: Instant, bytes: Option<&[u8]>) -> Carried {
    let text = reply.to_string();
    let again = |schedule| {
        let tries = u32::try_from(claimed.row.attempts + 1).unwrap_or(u32::MAX);
        let wait = next_try(schedule, tries, dice(&[claimed.row.id.as_str(), &tries.to_string()]));
        let until = now + wait.unwrap_or(Millis::HOUR);
        let bytes = bytes.map(<[u8]>::to_vec);
        Carried::Ended {
            outcome: Outcome::Deferred { reply: text.clone(), until },
            at: now,
            used: bytes.is_some(),
            bytes,
        }
    };
    // Before a mail was named, an objection is to whoever connects: every mail of the sender would meet it.
    let to_us = matches!(reply.stage, Stage::Connect | Stage::Ehlo | Stage::Auth);
    match classify(reply) {
        Verdict::AboutUs(_) if to_us => stopped(now, text, None),
        Verdict::Hard => {
            let outcome = Outcome::Refused { class: RefusalClass::Hard, reply: text };
            Carried::Ended { outcome, at: now, used: bytes.is_some(), bytes: None }
        }
        Verdict::Soft(SoftKind::Greylisted) => again(Schedule::Greylisted),
        Verdict::Soft(_) => again(Schedule::Mail),
        Verdict::AboutUs(UsKind::Reputation | UsKind::Authentication | UsKind::Relay | UsKind::Login) => {
            stopped(now, text, bytes)
        }
        Verdict::AboutUs(UsKind::Content | UsKind::Policy | UsKind::Size | UsKind::Other) => Carried::ended(
            Outcome::Held { reason: format!("the server objects to this mail, not to the address: {text}") },
            now,
        ),
    }
}

/// The touch waits, and so does all that would go the same way; what had left keeps its bytes.
pub fn stopped(now: Instant, why: String, bytes: Option<&[u8]>) -> Carried {
    match bytes {
        Some(bytes) => Carried::Stopped { why, at: now, bytes: bytes.to_vec() },
        None => Carried::Back { ready_at: now, why, trouble: Some(Trouble::Refused) },
    }
}

impl Engine {
    /// Writes an attempt's outcome down, and lets the lead hear of it, in one transaction.
    pub async fn settle(&self, claimed: &Claimed, carried: &Carried) -> Result<(), Arc<StoreError>> {
        let mut writes = Writes::default();
        let unused = claimed.reservation();
        match carried {
            Carried::Lost => writes.give_backs.extend(unused),
            Carried::Back { ready_at, .. } => {
                writes.put_backs.push((claimed.row.id.clone(), claimed.token.clone(), *ready_at));
                writes.give_backs.extend(unused);
            }
            Carried::Stopped { why, at, bytes } => {
                let outcome = Outcome::Deferred { reply: why.clone(), until: *at };
                // However long the lane stands, that makes no mail late.
                let settling = Settling { tried: false, ..settling(claimed, &outcome, Some(bytes.clone())) };
                writes.settles.push((settling, Some(fact(claimed, &outcome, *at))));
            }
            Carried::Ended { outcome, at, used, bytes } => {
                if !used {
                    writes.give_backs.extend(unused);
                }
                writes.settles.push((settling(claimed, outcome, bytes.clone()), Some(fact(claimed, outcome, *at))));
            }
        }
        self.write(writes).await?;
        let labels = [("channel", claimed.row.channel.as_str()), ("outcome", carried.word())];
        metrics::counter!("overture_touches_total", &labels).increment(1);
        self.let_go(&claimed.token);
        self.mind_lane(claimed, carried).await?;
        let hook = claimed.row.lane.starts_with("hook:");
        self.fail.hit(if hook { "outbox.settled" } else { "outcome.committed" });
        Ok(())
    }
}

impl Engine {
    /// What an attempt says about the whole lane: it waits a little, or stops and somebody is told.
    async fn mind_lane(&self, claimed: &Claimed, carried: &Carried) -> Result<(), Arc<StoreError>> {
        let lane = &claimed.row.lane;
        match carried {
            Carried::Back { trouble: Some(Trouble::Unreachable), why, ready_at } => {
                self.delay_lane(lane, *ready_at, why).await
            }
            Carried::Back { trouble: Some(Trouble::Refused), why, .. } | Carried::Stopped { why, .. } => {
                self.stop_and_tell(claimed, why).await
            }
            Carried::Ended { outcome: Outcome::Refused { reply, .. }, .. } if reply.starts_with(GONE) => {
                self.stop_and_tell(claimed, reply).await
            }
            Carried::Back { trouble: None, .. } | Carried::Ended { .. } | Carried::Lost => Ok(()),
        }
    }

    /// Only the first to find the trouble tells of it; what stops again after a person resumed it is told again.
    async fn stop_and_tell(&self, claimed: &Claimed, why: &str) -> Result<(), Arc<StoreError>> {
        if self.stop_lane(&claimed.row.lane, why).await? { self.alarm(claimed, why).await } else { Ok(()) }
    }

    /// Tells the channel for alerts what stopped.
    async fn alarm(&self, claimed: &Claimed, why: &str) -> Result<(), Arc<StoreError>> {
        let now = self.now();
        let Some(channel) = self.playbook().settings.alerts.clone() else { return Ok(()) };
        let (stopped, lane) = (&claimed.row.lane, format!("hook:{channel}"));
        if *stopped == lane {
            return Ok(());
        }
        let origin = format!("alarm:{stopped}");
        let step = now.to_string();
        let touch = NewTouch {
            id: TouchId(derived(&["touch", &origin, &step])),
            lead: claimed.row.lead.clone(),
            origin,
            enrollment: None,
            step,
            channel: Channel::Webhook,
            lane,
            policy: Policy::AtLeastOnce,
            sequence: String::new(),
            version: String::new(),
            template: String::new(),
            payload: Some(json!({
                "type": "lane.stopped",
                "timestamp": now.to_string(),
                "data": {"schema": "lane/1", "lane": stopped, "why": why},
            })),
            first_allowed_at: now,
            ready_at: now,
            zone: "UTC".to_owned(),
        };
        self.write(Writes { effects: vec![Effect::Queue(Box::new(touch))], ..Writes::default() }).await.map(drop)
    }
}

/// How the answer of a receiver that wants no more begins.
pub const GONE: &str = "HTTP 410";

pub fn settling(claimed: &Claimed, outcome: &Outcome, body: Option<Vec<u8>>) -> Settling {
    let (reason, reply, ready_at) = match outcome {
        Outcome::Accepted { reply } => (None, Some(reply.clone()), None),
        Outcome::Refused { reply, .. } => (None, Some(reply.clone()), None),
        Outcome::Deferred { reply, until } => (None, Some(reply.clone()), Some(*until)),
        Outcome::Unknown { reason } | Outcome::Held { reason } => (Some(reason.clone()), None, None),
        Outcome::Expired => (Some("too late to be of use".to_owned()), None, None),
    };
    let tried = !matches!(outcome, Outcome::Held { .. } | Outcome::Expired);
    Settling {
        touch: claimed.row.id.clone(),
        token: claimed.token.clone(),
        state: outcome.state(),
        reason,
        reply,
        ready_at,
        body,
        tried,
    }
}

/// The fact the lead hears.
pub fn fact(claimed: &Claimed, outcome: &Outcome, at: Instant) -> Unit {
    Unit {
        to: Target::Lead(claimed.row.lead.clone()),
        input: Input {
            ask: Ask::Touched {
                touch: claimed.row.id.clone(),
                enrollment: claimed.row.enrollment.clone(),
                step: claimed.row.step.clone(),
                outcome: outcome.clone(),
            },
            occurred_at: at,
            source: if claimed.row.lane.starts_with("hook:") { "webhook" } else { "smtp" }.to_owned(),
            actor: Actor::System,
        },
        key: None,
    }
}
