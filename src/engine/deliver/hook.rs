//! Carries one webhook call: at least once, always under the same id and with the same bytes.

use std::sync::Arc;

use super::Ready;
use super::claim::Claimed;
use super::compose::hash;
use super::outcome::{Carried, GONE, Trouble};
use crate::channel::webhook::{Answer, Call};
use crate::clock::wall;
use crate::domain::id::dice;
use crate::domain::retry::{Schedule, honoured, next_try};
use crate::domain::time::Instant;
use crate::domain::touch::{Brought, Outcome, RefusalClass};
use crate::engine::{Endpoint, Engine, Intention, Writes};
use crate::store::StoreError;

impl Engine {
    /// Makes the body of a call and writes its intent.
    pub(super) async fn ready_hook(&self, claimed: &Claimed) -> Result<Ready, Arc<StoreError>> {
        let now = self.now();
        let body = match claimed
            .row
            .body
            .clone()
            .map_or_else(|| self.payload(claimed).map(|json| json.to_string().into_bytes()), Ok)
        {
            Ok(body) => body,
            Err(refuse) => {
                return Ok(Ready::Came(Carried::ended(Outcome::Held { reason: refuse.to_string() }, now)));
            }
        };
        let intention = Intention {
            touch: claimed.row.id.clone(),
            token: claimed.token.clone(),
            message_id: None,
            date_at: claimed.row.date_at.unwrap_or(now),
            template_version: None,
            body_hash: hash(&body),
            links: None,
            body: Some(body.clone()),
        };
        let intended = self.write(Writes { intents: vec![intention], ..Writes::default() }).await?;
        if intended.intents != [true] {
            return Ok(Ready::Came(Carried::Lost));
        }
        self.fail.hit("intent.committed");
        Ok(Ready::Call(body))
    }

    pub(super) async fn carry_hook(&self, claimed: &Claimed, body: Vec<u8>) -> Carried {
        let now = self.now();
        let channel = claimed.row.lane.strip_prefix("hook:").unwrap_or_default();
        if !self.ways.live {
            return self.keep_call(claimed, now, &body).await;
        }
        let Some(endpoint) = self.ways.endpoints.get(channel) else {
            let reason = format!("channel `{channel}` is not in config/overture.yaml");
            return Carried::ended(Outcome::Held { reason }, now);
        };
        let _place = endpoint.client.place().await;
        let answer = endpoint.client.call(&call(endpoint, claimed, body)).await;
        self.fail.hit("reply.read");
        self.heard(claimed, answer)
    }

    async fn keep_call(&self, claimed: &Claimed, now: Instant, body: &[u8]) -> Carried {
        match self.ways.sandbox.write_call(claimed.row.created_at, claimed.row.id.as_str(), body).await {
            Ok(path) => done(format!("kept in the sandbox: {}", path.display()), Brought::new(), now),
            Err(error) => {
                let why = format!("the sandbox could not take it: {error}");
                Carried::Back { ready_at: claimed.row.ready_at, why, trouble: Some(Trouble::Unreachable) }
            }
        }
    }

    fn heard(&self, claimed: &Claimed, answer: Answer) -> Carried {
        let now = self.now();
        let (text, after) = match answer {
            Answer::Done { status, brought } => {
                // An alert's answer is nobody's step.
                let brought = claimed.row.enrollment.as_ref().map(|_| brought).unwrap_or_default();
                return done(format!("HTTP {status}"), brought, now);
            }
            Answer::Gone => {
                let text = format!("{GONE}: the receiver wants no more; the channel is stopped until it is resumed");
                return refused(text, now);
            }
            Answer::Retry { status, after, text } => (format!("HTTP {status} {text}"), after),
            Answer::Refused { status, text } => (format!("HTTP {status} {text}"), None),
            Answer::Failed(text) | Answer::Blocked(text) => (text, None),
        };
        let tries = u32::try_from(claimed.row.attempts + 1).unwrap_or(u32::MAX);
        let Some(planned) = next_try(Schedule::Webhook, tries, dice(&[claimed.row.id.as_str(), &tries.to_string()]))
        else {
            return refused(format!("{text} (the last of {tries} tries)"), now);
        };
        let wait = after.map_or(planned, |asked| honoured(asked, planned));
        let outcome = Outcome::Deferred { reply: text, until: now + wait };
        Carried::Ended { outcome, at: now, used: true, bytes: None }
    }
}

fn call(endpoint: &Endpoint, claimed: &Claimed, body: Vec<u8>) -> Call {
    Call {
        url: endpoint.url.clone(),
        id: claimed.row.id.to_string(),
        timestamp_s: wall().0 / 1_000,
        secrets: endpoint.secrets.clone(),
        body,
        content_type: "application/json".to_owned(),
        headers: endpoint.headers.clone(),
    }
}

fn done(reply: String, brought: Brought, at: Instant) -> Carried {
    Carried::Ended { outcome: Outcome::Accepted { reply, brought }, at, used: true, bytes: None }
}

fn refused(reply: String, at: Instant) -> Carried {
    Carried::Ended { outcome: Outcome::Refused { class: RefusalClass::Other, reply }, at, used: true, bytes: None }
}
