//! Makes the bytes of a touch from its template and its lead, as they are at this moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::Claimed;
use crate::domain::enrollment::{Enrollment, brought};
use crate::domain::id::{TaskId, TouchId, encode_hex};
use crate::domain::lead::Lead;
use crate::domain::message::Thread;
use crate::domain::playbook::{Playbook, Sender};
use crate::domain::sequence::{Act, Kind, Sequence, With};
use crate::domain::template::{LinkTarget, Template};
use crate::domain::time::Instant;
use crate::domain::touch::Channel;
use crate::engine::Engine;
use crate::render::{About, MailContext, Refuse, Track, mime};
use crate::seal::deed::{Button, Deed};

/// Buttons of an alert work so long.
const BUTTONS: crate::domain::time::Millis = crate::domain::time::Millis::DAY.times(30);

/// A mail, ready to be offered.
#[derive(Clone, Debug)]
pub struct Composed {
    pub from: String,
    pub to: String,
    pub message_id: String,
    pub template_version: String,
    /// Targets of links with a value in them, as JSON: number to address.
    pub links: Option<String>,
    pub bytes: Vec<u8>,
}

/// The targets to be stored with the touch: those with a value in them, and where no version of a sequence keeps the template, all.
fn links(made: &[(u16, String)], sources: &Sources<'_>) -> Option<String> {
    let mut all: BTreeMap<u16, &str> = made.iter().map(|(number, url)| (*number, url.as_str())).collect();
    if sources.sequence.is_none() {
        for (number, target) in sources.template.links().iter().enumerate() {
            if let (Ok(number), LinkTarget::Fixed(url)) = (u16::try_from(number), target) {
                all.insert(number, url);
            }
        }
    }
    let pairs: Vec<_> = all.into_iter().collect();
    (!pairs.is_empty()).then(|| json!(pairs).to_string())
}

/// What a mail is made from.
struct Sources<'a> {
    sender: &'a Sender,
    template: Arc<Template>,
    sequence: Option<Arc<Sequence>>,
}

impl Engine {
    /// Renders a mail. The same touch at the same `date` with the same lead gives the same bytes.
    pub(super) fn compose(&self, claimed: &Claimed, date: Instant) -> Result<Composed, Refuse> {
        let playbook = self.playbook();
        let sources = sources(&playbook, claimed)?;
        let thread = self.thread(&playbook, claimed, &sources)?;
        let account = account(claimed);
        let step = step_values(enrollment_of(claimed), &claimed.row.step);
        let handoff = claimed.row.payload.as_ref().map(|payload| {
            json!({
                "rep": payload["rep"],
                "answer_by": payload["answer_by"].as_i64().map(|at| Instant(at).to_string()),
            })
        });
        let about = About {
            lead: &claimed.lead,
            account: &account,
            sender: Some(sources.sender),
            company: &playbook.settings.company,
            step: &step,
            handoff: handoff.as_ref().and_then(Value::as_object),
            zone: &claimed.row.zone,
        };
        let kind = sources.sequence.as_ref().map(|sequence| sequence.kind);
        let mail = MailContext {
            about,
            touch: &claimed.row.id,
            to: &claimed.lead.address,
            from: sources.sender,
            sequence: if claimed.row.sequence.is_empty() { "handoff" } else { &claimed.row.sequence },
            step: &claimed.row.step,
            bulk: !matches!(kind, None | Some(Kind::Transactional)),
            thread: thread.as_ref(),
            track: sources.sequence.as_ref().map_or(Track { opens: true, clicks: true }, |sequence| {
                let crate::domain::sequence::Tracking { opens, clicks } = sequence.send.track;
                Track { opens, clicks }
            }),
            seal: &self.seal,
            public_url: &playbook.settings.public_url,
            date,
        };
        let rendered = self.renderer.mail(&sources.template, &mail)?;
        let bytes = mime::bytes(&rendered.message)?;
        let links = links(&rendered.links, &sources);
        Ok(Composed {
            from: rendered.message.envelope_from,
            to: claimed.lead.address.to_string(),
            message_id: rendered.message.message_id,
            template_version: sources.template.version.clone(),
            links,
            bytes,
        })
    }

    /// The thread a follow-up belongs to: its subject is the first mail's, its references are all before it.
    fn thread(&self, playbook: &Playbook, claimed: &Claimed, sources: &Sources<'_>) -> Result<Option<Thread>, Refuse> {
        let Some(sequence) = sources.sequence.as_ref().filter(|sequence| sequence.send.thread) else { return Ok(None) };
        let running = enrollment_of(claimed);
        let mut sent: Vec<(Instant, &TouchId, &str, &str)> = Vec::new();
        for (step, facts) in running.into_iter().flat_map(|running| running.steps.iter()) {
            if let (Some(touch), Some(at)) = (&facts.touch, facts.done_at)
                && let Some((_, found)) = sequence.step(step)
                && let Act::Email { copy } = &found.act
            {
                // A variant that an edit took away had a subject that nobody knows any more.
                let template = copy.template_of(facts.variant.as_deref()).or_else(|| copy.templates().next());
                sent.push((at, touch, step, template.unwrap_or_default()));
            }
        }
        sent.sort();
        let Some((_, _, first_step, first)) = sent.first() else { return Ok(None) };
        let domain = domain_of(&sources.sender.address);
        let message_ids = sent.iter().map(|(_, touch, ..)| self.seal.message_id(touch.as_str(), domain)).collect();
        let template = sequence.templates.get(*first).ok_or_else(|| missing(first))?;
        let account = account(claimed);
        let step = step_values(running, first_step);
        let about = About {
            lead: &claimed.lead,
            account: &account,
            sender: Some(sources.sender),
            company: &playbook.settings.company,
            step: &step,
            handoff: None,
            zone: &claimed.row.zone,
        };
        Ok(Some(Thread { subject: self.renderer.subject(template, &about)?, message_ids }))
    }

    /// The JSON body of a webhook: an alert's payload with its buttons, or a step with the values of its `with:`.
    pub(super) fn payload(&self, claimed: &Claimed) -> Result<Value, Refuse> {
        let Some(mut payload) = claimed.row.payload.clone() else { return self.step_payload(claimed) };
        if let Some(handoff) = payload["data"]["handoff"]["id"].as_str().and_then(crate::domain::id::HandoffId::parse) {
            let rep = payload["data"]["handoff"]["rep"].as_str().unwrap_or_default().to_owned();
            payload["data"]["actions"] = self.buttons(&handoff, &rep, claimed.row.created_at);
        }
        self.entitle(claimed, &mut payload);
        Ok(payload)
    }

    /// Gives the task that a payload speaks of its title; one that cannot be filled is left out.
    fn entitle(&self, claimed: &Claimed, payload: &mut Value) {
        let task = &payload["data"]["task"];
        let (Some(version), Some(step)) = (task["version"].as_str(), task["step"].as_str()) else { return };
        let Some(id) = task["id"].as_str().and_then(TaskId::parse) else { return };
        let Some(sequence) = self.playbook().version(version).cloned() else { return };
        let Some(Act::Task(task)) = sequence.step(step).map(|(_, step)| &step.act) else { return };
        // An alert is nobody's step: the enrollment is the one that asked for this task.
        let asked =
            |running: &&Enrollment| running.steps.get(step).is_some_and(|facts| facts.task.as_ref() == Some(&id));
        let about = (&claimed.lead, claimed.lead.enrollments.iter().find(asked).map(|running| &running.id), step);
        if let Ok(title) = self.title_of(task, &sequence, about) {
            payload["data"]["task"]["title"] = json!(title);
        }
    }

    /// A signed link for each act; a page behind it asks once, so that whoever only looks changes nothing.
    fn buttons(&self, handoff: &crate::domain::id::HandoffId, rep: &str, since: Instant) -> Value {
        let base = self.playbook().settings.public_url.trim_end_matches('/').to_owned();
        let link = |deed: Deed| {
            let expires_at = (since + BUTTONS).0;
            let button = Button { handoff: handoff.as_str().to_owned(), rep: rep.to_owned(), deed, expires_at };
            (deed.as_str().to_owned(), json!(format!("{base}/h/{}", self.seal.sign_button(&button))))
        };
        Value::Object(Deed::ALL.into_iter().map(link).collect())
    }

    fn step_payload(&self, claimed: &Claimed) -> Result<Value, Refuse> {
        let playbook = self.playbook();
        let sequence = playbook.version(&claimed.row.version).ok_or_else(|| missing(&claimed.row.sequence))?;
        let Some(Act::Webhook { with, .. }) = sequence.step(&claimed.row.step).map(|(_, step)| &step.act) else {
            return Err(Refuse::Broken(format!("step `{}` calls no webhook", claimed.row.step)));
        };
        let account = account(claimed);
        let step = step_values(enrollment_of(claimed), &claimed.row.step);
        let about = About {
            lead: &claimed.lead,
            account: &account,
            sender: sequence.send.from.as_ref().and_then(|from| playbook.settings.sender_for(from, &claimed.lead)),
            company: &playbook.settings.company,
            step: &step,
            handoff: None,
            zone: &claimed.row.zone,
        };
        let mut filled = Map::new();
        for (key, value) in with {
            let template = match value {
                With::Text(template) => template,
                With::Template(name) => sequence.templates.get(name).ok_or_else(|| missing(name))?,
            };
            filled.insert(key.clone(), self.renderer.json(template, &about)?);
        }
        let mut lead: Map<String, Value> = claimed.lead.attributes.clone().into_iter().collect();
        lead.insert("id".to_owned(), json!(claimed.lead.id.to_string()));
        lead.insert("email".to_owned(), json!(claimed.lead.address));
        Ok(json!({
            "type": "sequence.step",
            "timestamp": claimed.row.created_at.to_string(),
            "data": {
                "schema": "step/1",
                "touch": claimed.row.id.to_string(),
                "sequence": claimed.row.sequence,
                "step": claimed.row.step,
                "lead": lead,
                "with": filled,
            },
        }))
    }
}

fn sources<'a>(playbook: &'a Playbook, claimed: &Claimed) -> Result<Sources<'a>, Refuse> {
    debug_assert_eq!(claimed.row.channel, Channel::Email);
    let name = claimed.row.lane.strip_prefix("mail:").unwrap_or_default();
    let gone = || Refuse::Broken(format!("sender `{name}` is not in config/overture.yaml any more"));
    let sender = playbook.settings.senders.get(name).ok_or_else(gone)?;
    let sequence = playbook.version(&claimed.row.version).cloned();
    let wanted = &claimed.row.template;
    let template = if let Some(sequence) = &sequence {
        sequence.templates.get(wanted).cloned()
    } else {
        let mails = playbook.staff.slas.iter().filter_map(|promise| promise.after_hours.as_ref());
        mails.map(|mail| &mail.template).find(|template| &template.name == wanted).cloned()
    };
    Ok(Sources { sender, template: template.ok_or_else(|| missing(wanted))?, sequence })
}

fn account(claimed: &Claimed) -> Map<String, Value> {
    account_of(&claimed.lead)
}

/// What a template may say of a lead's company.
pub fn account_of(lead: &Lead) -> Map<String, Value> {
    let fields = lead.attributes.iter();
    let mut account: Map<String, Value> =
        fields.filter_map(|(name, value)| Some((name.strip_prefix("account.")?.to_owned(), value.clone()))).collect();
    if let Some(domain) = &lead.account {
        account.insert("domain".to_owned(), json!(domain));
    }
    account
}

/// The enrollment that asked for a touch, as long as it runs.
pub(super) fn enrollment_of(claimed: &Claimed) -> Option<&Enrollment> {
    claimed.lead.enrollments.iter().find(|running| Some(&running.id) == claimed.row.enrollment.as_ref())
}

/// What a template may say as `step.NAME`.
pub fn step_values(running: Option<&Enrollment>, step: &str) -> Map<String, Value> {
    let mut values: Map<String, Value> =
        running.map(|running| brought(&running.steps, step)).unwrap_or_default().into_iter().collect();
    values.insert("id".to_owned(), json!(step));
    values
}

fn missing(name: &str) -> Refuse {
    Refuse::Broken(format!("`{name}` is not in the files any more"))
}

fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(_, domain)| domain)
}

/// SHA-256, in hex.
pub fn hash(bytes: &[u8]) -> String {
    encode_hex(&Sha256::digest(bytes))
}
