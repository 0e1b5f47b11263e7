//! What came of carrying a touch, and how it is written down.

use std::sync::Arc;

use serde_json::json;

use crate::domain::decide::{Ask, Effect, Input};
use crate::domain::event::Actor;
use crate::domain::id::dice;
use crate::domain::refusal::{Reply, SoftKind, Stage, UsKind, Verdict, classify};
use crate::domain::retry::{Schedule, next_try};
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::{Outcome, RefusalClass, State};
use crate::engine::deliver::Claimed;
use crate::engine::lanes::{News, Said};
use crate::engine::{Engine, Settling, Target, Unit, Writes};
use crate::store::StoreError;

/// What came of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// The touch came to an outcome; `used` says whether it counts against the cap.
    Ended { outcome: Outcome, at: Instant, used: bool, bytes: Option<Vec<u8>> },
    /// Nothing left and nothing is the matter with the touch: it goes back to its lane.
    Back { ready_at: Instant, why: String, trouble: Option<Trouble> },
    /// The server objects to this mail, not to its address: a person has to look at it. `used` as above: it had the message.
    Objected { cause: UsKind, reply: String, at: Instant, used: bool },
    /// The server refuses us although it had the message: the touch waits with its bytes, and its lane stops.
    Stopped { why: String, at: Instant, bytes: Vec<u8> },
    /// Nothing left, and the mark may stand all the same: the touch goes back by way of its lead, whom a stop may have reached while it
    /// stood and could take nothing away.
    Doubted { why: String, at: Instant },
    /// Nothing left, since a colleague of the lead replied: the touch waits, and the lead decides whether it ever leaves.
    PutOff { outcome: Outcome, at: Instant },
    /// A stop came first, or another daemon has it: it is not ours any more.
    Lost,
}

/// What keeps a whole lane from sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
            Self::Back { .. } | Self::Doubted { .. } | Self::PutOff { .. } => "back",
            Self::Objected { .. } => State::Held.as_str(),
            Self::Stopped { .. } => "stopped",
            Self::Lost => "lost",
        }
    }

    /// What keeps the whole lane from sending, if anything does: then whatever else was claimed from it goes back.
    pub fn trouble(&self) -> Option<String> {
        match self {
            Self::Back { trouble: Some(_), why, .. } | Self::Stopped { why, .. } => Some(why.clone()),
            Self::Ended { outcome: Outcome::Refused { reply, .. }, .. } if reply.starts_with(GONE) => {
                Some(reply.clone())
            }
            Self::Back { trouble: None, .. }
            | Self::Ended { .. }
            | Self::Objected { .. }
            | Self::Doubted { .. }
            | Self::PutOff { .. }
            | Self::Lost => None,
        }
    }

    pub fn ended(outcome: Outcome, at: Instant) -> Self {
        Self::Ended { outcome, at, used: false, bytes: None }
    }
}

/// What a refusal of a mail means. Only a clear verdict on the address ends it for good; what is about us never touches the lead.
pub fn refused(claimed: &Claimed, reply: &Reply, now: Instant, bytes: Option<&[u8]>) -> Carried {
    let text = reply.to_string();
    let again = |schedule| again(claimed, (schedule, text.clone()), now, bytes);
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
        Verdict::AboutUs(cause @ (UsKind::Content | UsKind::Policy | UsKind::Size | UsKind::Other)) => {
            Carried::Objected { cause, reply: text, at: now, used: bytes.is_some() }
        }
    }
}

/// The touch is tried again by its schedule; what had left keeps its bytes.
pub fn again(claimed: &Claimed, (schedule, reply): (Schedule, String), now: Instant, bytes: Option<&[u8]>) -> Carried {
    let tries = u32::try_from(claimed.row.attempts + 1).unwrap_or(u32::MAX);
    let wait = next_try(schedule, tries, dice(&[claimed.row.id.as_str(), &tries.to_string()]));
    let until = now + wait.unwrap_or(Millis::HOUR);
    let outcome = Outcome::Deferred { reply, until };
    Carried::Ended { outcome, at: now, used: bytes.is_some(), bytes: bytes.map(<[u8]>::to_vec) }
}

/// The touch waits, and so does all that would go the same way; what had left keeps its bytes.
pub fn stopped(now: Instant, why: String, bytes: Option<&[u8]>) -> Carried {
    match bytes {
        Some(bytes) => Carried::Stopped { why, at: now, bytes: bytes.to_vec() },
        None => Carried::Back { ready_at: now, why, trouble: Some(Trouble::Refused) },
    }
}

impl Engine {
    /// Writes an attempt's outcome down, lets the lead hear of it, and the lane with its alert, in one transaction.
    pub async fn settle(&self, claimed: &Claimed, carried: &Carried) -> Result<(), Arc<StoreError>> {
        self.write(self.came_to(claimed, carried)).await?;
        let labels = [("channel", claimed.row.channel.as_str()), ("outcome", carried.word())];
        metrics::counter!("overture_touches_total", &labels).increment(1);
        self.let_go(&claimed.token);
        let hook = claimed.row.lane.starts_with("hook:");
        self.fail.hit(if hook { "outbox.settled" } else { "outcome.committed" });
        Ok(())
    }

    fn came_to(&self, claimed: &Claimed, carried: &Carried) -> Writes {
        let mut writes = Writes { news: news(claimed, carried), ..Writes::default() };
        if matches!(
            carried,
            Carried::Ended { used: true, .. } | Carried::Stopped { .. } | Carried::Objected { used: true, .. }
        ) {
            // A commit may take its time: the message left later than the mark says, and by now at the latest.
            writes.news.extend(self.left(claimed));
        }
        let unused = claimed.reservation();
        match carried {
            Carried::Lost => writes.give_backs.extend(unused),
            Carried::Back { ready_at, .. } => {
                writes.put_backs.push(claimed.put_back(*ready_at));
                writes.give_backs.extend(unused);
            }
            Carried::Doubted { why, at } => {
                writes.give_backs.extend(unused);
                writes.settles.push(once_more(claimed, why, *at));
            }
            Carried::PutOff { outcome, at } => {
                writes.give_backs.extend(unused);
                let settling = Settling { tried: false, ..settling(claimed, outcome, None) };
                writes.settles.push((settling, Some(fact(claimed, outcome, *at))));
            }
            Carried::Objected { cause, reply, at, used } => {
                let reason = format!("the server objects to this mail, not to the address: {reply}");
                let outcome = Outcome::Held { reason };
                if !used {
                    writes.give_backs.extend(unused);
                }
                writes.settles.push((settling(claimed, &outcome, None), Some(fact(claimed, &outcome, *at))));
                writes.effects.extend(self.objection(claimed, *cause, reply, *at));
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
        writes
    }

    /// Tells once a day that a step's mails are held, and why: not once for each of thousands.
    fn objection(&self, claimed: &Claimed, cause: UsKind, reply: &str, now: Instant) -> Option<Effect> {
        let row = &claimed.row;
        let cause = cause.as_str();
        let origin = format!("held:{}@{}", row.sequence, row.version);
        let step = format!("{}:{cause}:{}", row.step, now.to_jiff().strftime("%F"));
        let data = json!({
            "schema": "held/1",
            "sequence": row.sequence,
            "step": row.step,
            "touch": row.id,
            "cause": cause,
            "why": reply,
        });
        self.alarm((&row.lead, &origin), ("mail.held", &step), &data, now)
    }
}

/// What an attempt says about the whole lane.
fn news(claimed: &Claimed, carried: &Carried) -> Vec<News> {
    let said = match carried {
        Carried::Back { trouble: Some(Trouble::Unreachable), why, .. } => {
            Said::Unreachable { why: why.clone(), round: claimed.round }
        }
        Carried::Back { trouble: Some(Trouble::Refused), why, .. } | Carried::Stopped { why, .. } => {
            Said::Refused { why: why.clone() }
        }
        Carried::Ended { outcome: Outcome::Refused { reply, .. }, .. } if reply.starts_with(GONE) => {
            Said::Refused { why: reply.clone() }
        }
        Carried::Ended { used: true, .. } | Carried::Objected { .. } if claimed.round > 0 => Said::Reached,
        Carried::Ended { outcome: Outcome::Refused { .. } | Outcome::Deferred { .. }, .. } if claimed.round > 0 => {
            Said::Reached
        }
        Carried::Back { trouble: None, .. }
        | Carried::Ended { .. }
        | Carried::Objected { .. }
        | Carried::Doubted { .. }
        | Carried::PutOff { .. }
        | Carried::Lost => return vec![],
    };
    vec![News { lane: claimed.row.lane.clone(), lead: claimed.row.lead.clone(), said }]
}

/// How the answer of a receiver that wants no more begins.
pub const GONE: &str = "HTTP 410";

pub fn settling(claimed: &Claimed, outcome: &Outcome, body: Option<Vec<u8>>) -> Settling {
    let (reason, reply, ready_at) = match outcome {
        Outcome::Accepted { reply, .. } => (None, Some(reply.clone()), None),
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

/// A touch that goes back to its place from its mark, with what its lead hears of it: a stop that came while the mark stood takes it away
/// in the same commit. It counts as no try.
pub fn once_more(claimed: &Claimed, why: &str, at: Instant) -> (Settling, Option<Unit>) {
    let outcome = Outcome::Deferred { reply: why.to_owned(), until: claimed.row.ready_at };
    (Settling { tried: false, ..settling(claimed, &outcome, None) }, Some(fact(claimed, &outcome, at)))
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
