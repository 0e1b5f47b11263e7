//! Everything a decision needs to know of the files: one value, read by every decision, replaced whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::condition::Type;
use super::experiment::Key;
use super::routing::Staff;
use super::score::Scoring;
use super::sequence::{Experiment, Sequence, Step};
use super::template::Template;
use super::time::Millis;

#[derive(Clone, Debug)]
pub struct Playbook {
    pub settings: Settings,
    pub scoring: Arc<Scoring>,
    pub staff: Arc<Staff>,
    /// What new enrollments get, by name.
    pub sequences: BTreeMap<String, Arc<Sequence>>,
    /// Every version somebody may still be in, the current ones included, by version.
    pub versions: BTreeMap<String, Arc<Sequence>>,
    /// Every mail and text template ever stored whose links or copy may still be asked for, by template version.
    pub templates: BTreeMap<String, Arc<Template>>,
    /// How long each event's instants must be remembered: the longest window any condition or rule asks for.
    pub windows: BTreeMap<String, Millis>,
}

/// The part of config/overture.yaml that decides and renders.
#[derive(Clone, Debug)]
pub struct Settings {
    pub company: Company,
    /// IANA name.
    pub zone: String,
    pub public_url: String,
    /// Declared attributes with their types, the standard ones included.
    pub lead_attributes: BTreeMap<String, Type>,
    pub account_attributes: BTreeMap<String, Type>,
    pub consent_required: bool,
    /// How many mails a lead gets at most over all sequences; transactional ones do not count.
    pub frequency_cap: Option<FrequencyCap>,
    /// The workspace's own lists of holidays, by name.
    pub holidays: BTreeMap<String, BTreeSet<Date>>,
    pub senders: BTreeMap<String, Sender>,
    /// Senders that share what is sent under one name, by that name.
    pub pools: BTreeMap<String, Vec<String>>,
    pub channels: BTreeSet<String>,
    /// The channel that hears what the daemon itself noticed.
    pub alerts: Option<String>,
}

/// So many mails within any such time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrequencyCap {
    pub mails: u32,
    pub within: Millis,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Company {
    pub name: String,
    pub postal_address: Option<String>,
}

/// A mailbox that mails leave from, without its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    pub name: String,
    /// Display name of the From header, if any.
    pub display: Option<String>,
    pub address: String,
    pub reply_to: Option<String>,
    /// Domain of the return path.
    pub bounce_domain: String,
    pub zone: String,
    /// Mails a day of its zone.
    pub per_day: Option<u32>,
    /// At least this long between two mails.
    pub gap: Millis,
}

#[cfg(test)]
impl Sender {
    /// A sender in UTC without a gap.
    pub fn made_up(name: &str, per_day: Option<u32>) -> Self {
        Self {
            name: name.to_owned(),
            display: None,
            address: format!("{name}@northwind.example"),
            reply_to: None,
            bounce_domain: "northwind.example".to_owned(),
            zone: "UTC".to_owned(),
            per_day,
            gap: Millis::ZERO,
        }
    }
}

impl Playbook {
    /// An experiment of any version, as long as it is what it was.
    pub fn experiment(&self, key: &Key) -> Option<&Experiment> {
        self.experiments()
            .find(|(sequence, step, experiment)| {
                sequence.name == key.sequence && step.id == key.step && experiment.id == key.experiment
            })
            .map(|(_, _, experiment)| experiment)
    }

    /// The mails in several variants of all versions, the current ones first.
    pub fn experiments(&self) -> impl Iterator<Item = (&Sequence, &Step, &Experiment)> {
        let all = self.sequences.values().chain(self.versions.values());
        all.flat_map(|sequence| {
            sequence.experiments().map(move |(step, experiment)| (sequence.as_ref(), step, experiment))
        })
    }

    /// The version of a sequence an enrollment began.
    pub fn version(&self, version: &str) -> Option<&Arc<Sequence>> {
        self.versions.get(version)
    }
}
