//! Carries one mail: composed, intended, offered, marked, written.

use std::sync::Arc;

use super::Ready;
use super::claim::Claimed;
use super::compose::enrollment_of;
use super::outcome::{Carried, Trouble, again, refused, stopped};
use crate::channel::smtp::{Envelope, FailureKind, Offer, Session, Written};
use crate::domain::calendar::{Calendar, window_time_between};
use crate::domain::decide::sequence_zone;
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::retry::Schedule;
use crate::domain::sequence::Sequence;
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::{Outcome, Policy};
use crate::engine::lanes::{News, Said};
use crate::engine::{Engine, Intention, Protection, Writes};
use crate::store::StoreError;

/// How long what was composed is surely still within its window.
const FRESH: Millis = Millis::SECOND;
pub(super) const NOT_STORED: &str = "what came of the one before cannot be stored";

/// A mail whose intent is written.
#[derive(Debug)]
pub struct Prepared {
    envelope: Envelope,
    bytes: Vec<u8>,
    date: Instant,
    at: Instant,
}

/// One connection of one sender; it opens when it is first needed, and again after it broke.
pub enum Line {
    Smtp {
        sender: String,
        session: Option<Box<Session>>,
    },
    /// The sandbox, or a lane that needs no connection.
    None,
}

impl Line {
    /// Says goodbye to the relay.
    pub async fn close(&mut self) {
        if let Self::Smtp { session, .. } = self
            && let Some(session) = session.take()
        {
            session.quit().await;
        }
    }
}

/// When a touch of this version may leave: now, or when its window opens next. `None` where it has no window.
pub fn opens_at(playbook: &Playbook, lead: &Lead, version: &str, now: Instant) -> Option<Instant> {
    window(playbook, lead, version)?.1.next_open(now)
}

/// The window of a version for a lead as it is known now: its zone may have become known, or another, since a touch was put in its lane.
fn window<'p>(playbook: &'p Playbook, lead: &Lead, version: &str) -> Option<(&'p Sequence, Calendar)> {
    let sequence = playbook.version(version)?;
    let zone = sequence_zone(lead, &playbook.settings, sequence).0;
    Some((sequence, sequence.send.calendar_for(lead, zone)))
}

impl Engine {
    /// A line for a lane: the sender's relay, or the sandbox until sending is switched on.
    pub fn line(&self, lane: &str) -> Line {
        match lane.strip_prefix("mail:") {
            Some(sender) if self.ways.live => Line::Smtp { sender: sender.to_owned(), session: None },
            _ => Line::None,
        }
    }

    /// Composes a mail and writes its intent.
    pub(super) async fn ready_mail(&self, claimed: &Claimed) -> Result<Ready, Arc<StoreError>> {
        let now = self.now();
        if let Some(carried) = self.not_now(claimed, now) {
            return Ok(Ready::Came(carried));
        }
        let date = claimed.row.date_at.unwrap_or(now);
        let composed = match self.compose(claimed, date) {
            Ok(composed) => composed,
            Err(refuse) => {
                return Ok(Ready::Came(Carried::ended(Outcome::Held { reason: refuse.to_string() }, now)));
            }
        };
        // What may have been seen goes out as it was, byte for byte: what was deferred after DATA, and what is sent at least once.
        let bytes = claimed.row.body.clone().unwrap_or(composed.bytes);
        let intention = Intention {
            touch: claimed.row.id.clone(),
            token: claimed.token.clone(),
            message_id: Some(composed.message_id),
            date_at: date,
            template_version: Some(composed.template_version),
            body_hash: super::compose::hash(&bytes),
            links: composed.links,
            body: (claimed.row.policy == Policy::AtLeastOnce).then(|| bytes.clone()),
        };
        let intended = self.write(Writes { intents: vec![intention], ..Writes::default() }).await?;
        if intended.intents != [true] {
            return Ok(Ready::Came(Carried::Lost));
        }
        self.fail.hit("intent.committed");
        let envelope = Envelope { from: composed.from, to: composed.to };
        Ok(Ready::Mail(Box::new(Prepared { envelope, bytes, date, at: now })))
    }

    pub(super) async fn carry_mail(
        &self,
        claimed: &Claimed,
        mail: &Prepared,
        line: &mut Line,
        before: impl Future<Output = bool>,
    ) -> Result<Carried, Arc<StoreError>> {
        // It was made ready while the one before it was carried, and a server may have taken its time.
        let late = self.now().since(mail.at) > FRESH;
        if let Some(carried) = if late { self.not_now(claimed, self.now()) } else { None } {
            before.await;
            return Ok(carried);
        }
        match line {
            Line::Smtp { sender, session } => self.over_smtp(claimed, mail, (sender, session), before).await,
            Line::None => {
                let stored = before.await;
                if stored { self.to_sandbox(claimed, mail).await } else { Ok(claimed.back(NOT_STORED)) }
            }
        }
    }

    /// What keeps a mail from leaving now: its window closed while it waited, or it is too late to be of use.
    fn not_now(&self, claimed: &Claimed, now: Instant) -> Option<Carried> {
        let playbook = self.playbook();
        let (sequence, calendar) = window(&playbook, &claimed.lead, &claimed.row.version)?;
        if lateness(claimed, &calendar) > sequence.max_lateness {
            return Some(Carried::ended(Outcome::Expired, now));
        }
        let open = calendar.next_open(now)?;
        (open > now).then(|| Carried::Back { ready_at: open, why: "its window is closed".to_owned(), trouble: None })
    }

    /// The outcome before is stored while this mail is offered and marked, in the same commit where they meet; not a byte of it leaves
    /// until both stand.
    async fn over_smtp(
        &self,
        claimed: &Claimed,
        mail: &Prepared,
        (sender, slot): (&str, &mut Option<Box<Session>>),
        before: impl Future<Output = bool>,
    ) -> Result<Carried, Arc<StoreError>> {
        let (offered, stored) = tokio::join!(self.offer_and_mark(claimed, mail, (sender, slot)), before);
        let (mut session, early) = match offered? {
            Ok(offered) => offered,
            Err(carried) => return Ok(*carried),
        };
        if !stored {
            session.abandon().await;
            return Ok(claimed.doubted(NOT_STORED, self.now()));
        }
        let marked_at = self.now();
        let written = if let Some(early) = early { early } else { session.write(&mail.bytes).await };
        self.fail.hit("body.written");
        *slot = Some(session).filter(|session| session.usable());
        self.fail.hit("reply.read");
        Ok(match written {
            Written::Accepted(reply) => accepted(reply, self.now()),
            Written::Refused(reply) => refused(claimed, &reply, self.now(), Some(&mail.bytes)),
            Written::Lost(reason) => self.unanswered(claimed, reason, (marked_at, &mail.bytes)),
        })
    }

    /// As far as 354 and the mark: a session that waits for the message, or what came of it before.
    async fn offer_and_mark(
        &self,
        claimed: &Claimed,
        mail: &Prepared,
        (sender, slot): (&str, &mut Option<Box<Session>>),
    ) -> Result<Result<(Box<Session>, Option<Written>), Box<Carried>>, Arc<StoreError>> {
        let mut session = match slot.take().filter(|session| session.usable()) {
            Some(session) => session,
            // Seldom, and large where it is held: hundreds of connections wait here.
            None => match Box::pin(self.connect(claimed, sender)).await {
                Ok(session) => session,
                Err(carried) => return Ok(Err(carried)),
            },
        };
        match session.offer(&mail.envelope, mail.bytes.len()).await {
            Offer::Ready => {}
            Offer::Refused(reply) => {
                *slot = Some(session).filter(|session| session.usable());
                return Ok(Err(Box::new(refused(claimed, &reply, self.now(), None))));
            }
            Offer::Lost(why) => return Ok(Err(Box::new(unreachable(claimed, why)))),
        }
        self.fail.hit("data.accepted");
        let early = if self.fail.lacks(Protection::MarkFirst) { Some(session.write(&mail.bytes).await) } else { None };
        if !self.mark(claimed).await? {
            session.abandon().await;
            return Ok(Err(Box::new(Carried::Lost)));
        }
        Ok(Ok((session, early)))
    }

    async fn connect(&self, claimed: &Claimed, sender: &str) -> Result<Box<Session>, Box<Carried>> {
        let now = self.now();
        let Some(account) = self.ways.accounts.get(sender) else {
            let reason = format!("sender `{sender}` has no `smtp` account in config/overture.yaml");
            return Err(Box::new(Carried::ended(Outcome::Held { reason }, now)));
        };
        Session::open(account, &self.ways.timeouts).await.map(Box::new).map_err(|failure| {
            Box::new(match (&failure.kind, failure.reply()) {
                (_, Some(reply)) if reply.code >= 500 => refused(claimed, reply, now, None),
                // Asking again does not teach the server another login.
                (FailureKind::Auth(None), _) => stopped(now, failure.to_string(), None),
                _ => unreachable(claimed, failure.to_string()),
            })
        })
    }

    /// The message may or may not have been taken: unknown, or, where it must arrive, sent again as it was.
    fn unanswered(&self, claimed: &Claimed, reason: String, (marked_at, bytes): (Instant, &[u8])) -> Carried {
        match claimed.row.policy {
            Policy::AtMostOnce => {
                Carried::Ended { outcome: Outcome::Unknown { reason }, at: marked_at, used: true, bytes: None }
            }
            Policy::AtLeastOnce => again(claimed, (Schedule::Mail, reason), self.now(), Some(bytes)),
        }
    }

    /// What a lane with a gap hears of a mail that leaves.
    pub(super) fn left(&self, claimed: &Claimed) -> Option<News> {
        let lane = &claimed.row.lane;
        let news = || News { lane: lane.clone(), lead: claimed.row.lead.clone(), said: Said::Left };
        self.has_gap(lane).then(news)
    }

    /// Commits the mark; false if a stop came first.
    async fn mark(&self, claimed: &Claimed) -> Result<bool, Arc<StoreError>> {
        let mark = (claimed.row.id.clone(), claimed.token.clone());
        let writes = Writes { marks: vec![mark], news: self.left(claimed).into_iter().collect(), ..Writes::default() };
        let done = self.write(writes).await?;
        self.fail.hit("mark.committed");
        Ok(done.marks == [true] || self.fail.lacks(Protection::Fence))
    }

    async fn to_sandbox(&self, claimed: &Claimed, mail: &Prepared) -> Result<Carried, Arc<StoreError>> {
        if !self.mark(claimed).await? {
            return Ok(Carried::Lost);
        }
        let written = self.ways.sandbox.write(mail.date, claimed.row.id.as_str(), &mail.bytes).await;
        self.fail.hit("body.written");
        Ok(match written {
            Ok(path) => accepted(format!("kept in the sandbox: {}", path.display()), self.now()),
            Err(error) => {
                self.unanswered(claimed, format!("the sandbox could not take it: {error}"), (self.now(), &mail.bytes))
            }
        })
    }
}

/// How late a mail is: the time in its window that its server asked us to wait. Waiting for our own cap, gap, pause, lane or downtime makes
/// nothing late.
fn lateness(claimed: &Claimed, calendar: &Calendar) -> Millis {
    let facts = enrollment_of(claimed).and_then(|running| running.steps.get(&claimed.row.step));
    let deferred = facts.into_iter().flat_map(|facts| &facts.deferred);
    deferred.fold(Millis::ZERO, |sum, (from, until)| Millis(sum.0 + window_time_between(*from, *until, calendar).0))
}

fn accepted(reply: String, at: Instant) -> Carried {
    Carried::Ended { outcome: Outcome::accepted(reply), at, used: true, bytes: None }
}

/// Nothing left; the mail keeps its place, and the lane waits.
fn unreachable(claimed: &Claimed, why: String) -> Carried {
    Carried::Back { ready_at: claimed.row.ready_at, why, trouble: Some(Trouble::Unreachable) }
}
