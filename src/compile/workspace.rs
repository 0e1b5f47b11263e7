//! A whole workspace at once: every file read, every name checked against the files that declare it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::check::daemon::accounts_missing;
use super::check::holidays::lists;
use super::check::known::{Known, Names};
use super::check::lint::{Files as Looked, lint};
use super::check::scenario::{Stage, suite};
use super::check::sequence::{Around, sequence};
use super::check::team::{Outside, team};
use super::check::{overture, overture_defaults, scoring, speaks};
use super::diagnostic::{Code, Report};
use super::files::{self, CONFIG, Role};
use super::overlay::Overlay;
use super::source::{Place, Source};
use super::syntax::{self, Node};
use super::template::{self, Parsed};
use super::{Compiled, Files, Home, Revision, hash, names, revision, thresholds, windows};
use crate::domain::calendar::zone_named;
use crate::domain::condition::Deeds;
use crate::domain::playbook::{Playbook, Settings};
use crate::domain::routing::Staff;
use crate::domain::scenario::Suite;
use crate::domain::score::Scoring;
use crate::domain::sequence::{Act, Sequence, With};

/// A file that could be read, by its number in the report.
type Texts = BTreeMap<String, usize>;

/// Compiles a workspace; the environment overrides config/overture.yaml.
pub fn workspace(files: &Files, overlay: &Overlay) -> Compiled {
    let report = Report::default();
    let mut shelf = Shelf::default();
    for (path, bytes) in files {
        shelf.put(path, bytes, &report);
    }
    if !shelf.has_overture() {
        // Nothing that the other files name could be found, so they are not looked at.
        missing_overture(&report);
        return Compiled::broken(report);
    }
    let root = overture_tree(&shelf, overlay, &report);
    let (mut settings, daemon) =
        root.as_ref().map_or_else(|| (overture_defaults(), None), |root| overture(root, &report));
    let home = Home {
        data: daemon.as_ref().map(|daemon| daemon.data.clone()),
        zone: root.as_ref().and_then(|root| zone_named(root.get("zone")?.text()?)),
    };
    if let Some(root) = &root {
        settings.holidays = lists(root, &shelf.calendars, &report);
    }
    let whole = Whole::compile(&shelf, &settings, &report);
    let tests = whole.tests(&shelf, &settings, &report);
    if let (Some(daemon), Some(root)) = (&daemon, &root) {
        accounts_missing(daemon, root, (&whole.senders_in_use(&settings), &report));
    }
    let sources = report.sources();
    let later = report.take_later();
    let diagnostics = report.into_diagnostics();
    let sound = !diagnostics.iter().any(super::diagnostic::Diagnostic::is_error);
    let tests = if sound { tests } else { Vec::new() };
    let revisions = if sound { whole.revisions.clone() } else { Vec::new() };
    let text = shelf.config.get(CONFIG[1]).and_then(|number| Some(sources.get(*number)?.text.clone()));
    let scoring = sound.then(|| revision::store_model(&whole.scoring.version, text, &settings));
    let playbook = sound.then(|| whole.playbook(settings));
    let daemon = daemon.filter(|_| sound);
    Compiled { playbook, home, daemon, revisions, scoring, tests, diagnostics, later, sources }
}

/// The files by what they are.
#[derive(Default)]
struct Shelf {
    config: Texts,
    sequences: Texts,
    /// By path: the name of the sequence, and the number.
    tests: BTreeMap<String, (String, usize)>,
    templates: BTreeMap<String, (template::Format, usize)>,
    /// Partials, layouts and files that go with mails.
    shared: template::Shared,
    /// iCalendar files, by path.
    calendars: Texts,
    /// Names of files that are there and could not be read, so that their users are not told they are missing.
    broken: BTreeSet<String>,
}

impl Shelf {
    fn put(&mut self, path: &str, bytes: &[u8], report: &Report) {
        match files::role(path) {
            Role::Other => {}
            Role::Stray => files::stray(path, report),
            Role::Config => match files::read(path, bytes, report) {
                Some(number) => drop(self.config.insert(path.to_owned(), number)),
                None => drop(self.broken.insert(path.to_owned())),
            },
            Role::Calendar => match files::read(path, bytes, report) {
                Some(number) => drop(self.calendars.insert(path.to_owned(), number)),
                None => drop(self.broken.insert(path.to_owned())),
            },
            Role::Sequence { name } => match files::read(path, bytes, report) {
                Some(number) => drop(self.sequences.insert(name, number)),
                None => drop(self.broken.insert(name)),
            },
            Role::Shared { path: inside } => match files::read(path, bytes, report) {
                Some(number) => drop(self.shared.parts.insert(inside, number)),
                None => drop(self.broken.insert(path.to_owned())),
            },
            Role::Attachment { path: inside } => {
                if !files::too_large(path, bytes, report) {
                    self.shared.files.insert(inside, bytes.into());
                }
            }
            Role::Test { name } => {
                if let Some(number) = files::read(path, bytes, report) {
                    self.tests.insert(path.to_owned(), (name, number));
                }
            }
            Role::Template { name, format } => {
                let number = files::read(path, bytes, report).unwrap_or_else(|| report.add(Source::new(path, "")));
                if let Some((_, first)) = self.templates.get(&name) {
                    let message = format!("`{name}` is already made by {}", report.source(*first).name);
                    report.error_with(Code::TwinTemplate, Place::top(number), message, "keep one of them".to_owned());
                    return;
                }
                self.templates.insert(name, (format, number));
            }
        }
    }

    /// Whether a sequence of this name has a file, whatever is in it.
    /// Whether the file of a sequence could not be read, or has errors.
    fn is_broken(&self, sequence: &str, report: &Report) -> bool {
        let has_errors = self.sequences.get(sequence).is_some_and(|number| !report.is_sound(*number));
        has_errors || self.broken.contains(sequence)
    }

    fn has_overture(&self) -> bool {
        self.config.contains_key(CONFIG[0]) || self.broken.contains(CONFIG[0])
    }

    fn tree(&self, path: &str, report: &Report) -> Option<Node> {
        let number = *self.config.get(path)?;
        read_tree(number, report)
    }
}

fn read_tree(number: usize, report: &Report) -> Option<Node> {
    let before = report.errors();
    let root = syntax::read(number, report);
    if root.as_ref().is_none_or(Node::is_nothing) && report.errors() == before {
        let hint = "fill it, or remove it".to_owned();
        report.error_with(Code::EmptyFile, Place::top(number), "this file holds nothing but comments", hint);
        return None;
    }
    root
}

fn missing_overture(report: &Report) {
    let place = Place::top(report.add(Source::new(CONFIG[0], "")));
    let hint = "is this the workspace folder? `overture init` makes a new one".to_owned();
    report.error_with(Code::MissingFile, place, "this file is missing, and every workspace needs it", hint);
}

fn overture_tree(shelf: &Shelf, overlay: &Overlay, report: &Report) -> Option<Node> {
    let mut root = shelf.tree(CONFIG[0], report)?;
    overlay.apply(&mut root, report);
    Some(root)
}

/// All that comes of the files beside the settings.
struct Whole {
    templates: BTreeMap<String, Parsed>,
    sequences: BTreeMap<String, Sequence>,
    scoring: Scoring,
    staff: Staff,
    revisions: Vec<Revision>,
}

impl Whole {
    fn compile(shelf: &Shelf, settings: &Settings, report: &Report) -> Self {
        let (lead, account) = (&settings.lead_attributes, &settings.account_attributes);
        let mut templates = BTreeMap::new();
        for (name, (format, number)) in &shelf.templates {
            let parsed = template::parse(name, *format, *number, (&shelf.shared, report));
            parsed.check_values(lead, account, report);
            templates.insert(name.clone(), parsed);
        }
        unused(&shelf.shared, &templates, report);
        let none = Deeds::new();
        let senders: BTreeSet<String> = settings.senders.keys().cloned().collect();
        let froms: BTreeSet<String> = senders.iter().chain(settings.pools.keys()).cloned().collect();
        let sequences: BTreeSet<String> = shelf.sequences.keys().chain(&shelf.broken).cloned().collect();
        let speaks = speaks(settings, &none);
        let outside = Outside {
            speaks,
            channels: &settings.channels,
            senders: &senders,
            sequences: &sequences,
            templates: &templates,
            holidays: &settings.holidays,
        };
        let staff = shelf.tree(CONFIG[2], report).map(|root| team(&root, outside, report)).unwrap_or_default();
        let version = shelf.config.get(CONFIG[1]).map(|number| hash([report.source(*number).text.as_bytes()]));
        let scoring = match shelf.tree(CONFIG[1], report) {
            Some(root) => scoring(&root, version.unwrap_or_default(), speaks, report),
            None => Scoring::empty(Scoring::NONE.to_owned()),
        };
        let teams = !staff.teams.is_empty() || shelf.broken.contains(CONFIG[2]) || report.errors() > 0;
        let names = Names { senders: &froms, channels: &settings.channels, sequences: &sequences, teams };
        let known = Known { lead, account, templates: &templates, holidays: &settings.holidays, names: Some(names) };
        let around = Around { known, has_address: settings.company.postal_address.is_some(), report };
        let (sequences, revisions) = read_sequences(shelf, around);
        lint(Looked { sequences: &sequences, numbers: &shelf.sequences, report }, settings, &staff);
        Self { templates, sequences, scoring, staff, revisions }
    }

    /// The tests of sequences.
    fn tests(&self, shelf: &Shelf, settings: &Settings, report: &Report) -> Vec<Suite> {
        let (staff, bands, sequences) = (&self.staff, &self.scoring.bands, &self.sequences);
        let is_broken = |sequence: &str| shelf.is_broken(sequence, report);
        let stage = Stage { settings, staff, bands, sequences, is_broken: &is_broken, report };
        let suites = shelf.tests.iter();
        suites.filter_map(|(path, (name, number))| suite((path, name), &read_tree(*number, report)?, stage)).collect()
    }

    fn senders_in_use(&self, settings: &Settings) -> BTreeSet<String> {
        let froms = self.sequences.values().filter_map(|sequence| sequence.send.from.as_ref());
        let sequences = froms.flat_map(|from| settings.senders_of(from)).map(|sender| sender.name.clone());
        let slas = self.staff.slas.iter().filter_map(|sla| sla.after_hours.as_ref());
        sequences.chain(slas.map(|mail| mail.from.clone())).collect()
    }

    fn playbook(self, settings: Settings) -> Playbook {
        let sequences: BTreeMap<String, Arc<Sequence>> =
            self.sequences.into_iter().map(|(name, sequence)| (name, Arc::new(sequence))).collect();
        let versions = sequences.values().map(|one| (one.version.clone(), one.clone())).collect();
        let windows = windows(&self.scoring, &self.staff, sequences.values().map(Arc::as_ref));
        let thresholds = thresholds(&self.scoring, &self.staff, sequences.values().map(Arc::as_ref));
        let mut templates: BTreeMap<_, _> =
            self.templates.values().map(|parsed| (parsed.template.version.clone(), parsed.template.clone())).collect();
        for step in sequences.values().flat_map(|sequence| &sequence.steps) {
            let Act::Webhook { with, .. } = &step.act else { continue };
            for value in with.values() {
                if let With::Text(template) = value {
                    templates.insert(template.version.clone(), template.clone());
                }
            }
        }
        Playbook {
            settings,
            scoring: Arc::new(Scoring { thresholds, ..self.scoring }),
            staff: Arc::new(self.staff),
            sequences,
            versions,
            templates,
            windows,
        }
    }
}

fn read_sequences(shelf: &Shelf, around: Around<'_>) -> (BTreeMap<String, Sequence>, Vec<Revision>) {
    let (mut sequences, mut revisions) = (BTreeMap::new(), Vec::new());
    let report = around.report;
    for (name, number) in &shelf.sequences {
        if !name.split('/').all(names::is_plain) {
            let hint = "lower-case letters, digits, `-` and `_` in each part of the path".to_owned();
            report.error_with(Code::BadName, Place::top(*number), format!("`{name}` cannot name a sequence"), hint);
        }
        let Some(mut one) = read_tree(*number, report).and_then(|root| sequence(name, &root, around)) else { continue };
        let source = report.source(*number);
        one.version = revision::version(&source.text, &one, around.known, report);
        revisions.push(revision::store(&one, &source.text, around.known, report));
        sequences.insert(name.clone(), one);
    }
    (sequences, revisions)
}

/// Tells the files that go with no mail.
fn unused(shared: &template::Shared, templates: &BTreeMap<String, Parsed>, report: &Report) {
    let used: BTreeSet<&String> =
        templates.values().flat_map(|parsed| &parsed.attached).map(|(path, _)| path).collect();
    for path in shared.files.keys().filter(|path| !used.contains(path)) {
        let place = Place::top(report.add(Source::new(format!("templates/{path}"), "")));
        let hint = format!("name it in the front matter of a mail: `attachments: [{path}]`");
        report.warn(Code::UnreadName, place, "this file goes with no mail", hint);
    }
}
