//! An enrollment finishes the version it began, so a version is stored whole and compiled again from what was stored. So is the scoring file
//! that is in force, since another one counts only once it is applied.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::check::holidays::Lists;
use super::check::known::Known;
use super::check::sequence::{Around, sequence};
use super::diagnostic::{Code, Diagnostic, Report};
use super::source::Source;
use super::template::{self, Format};
use super::{check, hash, syntax};
use crate::domain::condition::{Deeds, Type};
use crate::domain::playbook::Settings;
use crate::domain::score::Scoring;
use crate::domain::sequence::Sequence;

/// One version of one sequence, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The hash of the name, of the file and of every template it uses, in hex.
    pub version: String,
    /// The name of the sequence.
    pub name: String,
    /// All that is needed to compile it again, as JSON.
    pub source: String,
}

/// The inside of `Revision::source`.
#[derive(Serialize, Deserialize)]
struct Stored {
    sequence: String,
    templates: BTreeMap<String, StoredTemplate>,
    /// Partials and layouts, by their path under templates/.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    shared: BTreeMap<String, String>,
    /// Files that go with its mails, by their path under templates/, in base64.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    files: BTreeMap<String, String>,
    lead: BTreeMap<String, Type>,
    account: BTreeMap<String, Type>,
    /// The workspace's own lists of holidays that it names.
    #[serde(default, skip_serializing_if = "Lists::is_empty")]
    holidays: Lists,
}

#[derive(Serialize, Deserialize)]
struct StoredTemplate {
    format: String,
    text: String,
}

/// The version of a sequence: its name, its file, every template it uses, and every list of holidays of the workspace's own. Two files that say the
/// same are two sequences.
pub fn version(text: &str, sequence: &Sequence, known: Known<'_>, report: &Report) -> String {
    let mut parts = vec![sequence.name.clone(), text.to_owned()];
    for name in sequence.templates.keys() {
        let text = known.templates.get(name).map(|parsed| report.source(parsed.source).text.clone());
        parts.extend([name.clone(), text.unwrap_or_default()]);
    }
    parts.extend(shared(sequence, known, report).into_iter().flat_map(|(path, text)| [path, text]));
    parts.extend(files(sequence, known).into_iter().flat_map(|(path, text)| [path, text]));
    for (name, days) in own_lists(sequence, known) {
        parts.extend([name, days.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")]);
    }
    hash(parts.iter().map(String::as_bytes))
}

/// The partials and layouts in the templates of a sequence.
fn shared(sequence: &Sequence, known: Known<'_>, report: &Report) -> BTreeMap<String, String> {
    let parsed = sequence.templates.keys().filter_map(|name| known.templates.get(name));
    let used = parsed.flat_map(|parsed| &parsed.used);
    used.map(|(path, number)| (path.clone(), report.source(*number).text.clone())).collect()
}

/// The files that go with the mails of a sequence.
fn files(sequence: &Sequence, known: Known<'_>) -> BTreeMap<String, String> {
    let parsed = sequence.templates.keys().filter_map(|name| known.templates.get(name));
    let attached = parsed.flat_map(|parsed| &parsed.attached);
    attached.map(|(path, file)| (path.clone(), BASE64.encode(&file.bytes))).collect()
}

fn own_lists(sequence: &Sequence, known: Known<'_>) -> Lists {
    let listed = |name: &String| Some((name.clone(), known.holidays.get(name)?.clone()));
    sequence.send.own_holidays.iter().filter_map(listed).collect()
}

/// What is stored of a sequence that was just compiled.
pub fn store(sequence: &Sequence, text: &str, known: Known<'_>, report: &Report) -> Revision {
    let used = |name: &String| {
        let parsed = known.templates.get(name)?;
        let text = report.source(parsed.source).text.clone();
        Some((name.clone(), StoredTemplate { format: parsed.format.extension().to_owned(), text }))
    };
    let stored = Stored {
        sequence: text.to_owned(),
        templates: sequence.templates.keys().filter_map(used).collect(),
        shared: shared(sequence, known, report),
        files: files(sequence, known),
        lead: known.lead.clone(),
        account: known.account.clone(),
        holidays: own_lists(sequence, known),
    };
    let source = serde_json::to_string(&stored).unwrap_or_default();
    Revision { version: sequence.version.clone(), name: sequence.name.clone(), source }
}

/// The inside of `Revision::source` of a scoring file.
#[derive(Serialize, Deserialize)]
struct StoredModel {
    /// None where there is no such file.
    scoring: Option<String>,
    lead: BTreeMap<String, Type>,
    account: BTreeMap<String, Type>,
}

/// What is stored of the scoring file, or of there being none.
pub fn store_model(version: &str, scoring: Option<String>, settings: &Settings) -> Revision {
    let (lead, account) = (settings.lead_attributes.clone(), settings.account_attributes.clone());
    let source = serde_json::to_string(&StoredModel { scoring, lead, account }).unwrap_or_default();
    Revision { version: version.to_owned(), name: "scoring".to_owned(), source }
}

/// The text of a stored scoring file; nothing where there was none or it cannot be read.
pub fn model_text(revision: &Revision) -> Option<String> {
    serde_json::from_str::<StoredModel>(&revision.source).ok()?.scoring
}

/// Compiles a stored scoring file again. An error is a store that was tampered with, or a file written for a later program.
pub fn model(revision: &Revision) -> Result<Scoring, Vec<Diagnostic>> {
    let report = Report::default();
    let file = format!("config/scoring.yaml (version {})", revision.version);
    let Ok(stored) = serde_json::from_str::<StoredModel>(&revision.source) else {
        return Err(unreadable(report, file));
    };
    let Some(text) = stored.scoring else { return Ok(Scoring::empty(revision.version.clone())) };
    let number = report.add(Source::new(file, text));
    let settings =
        Settings { lead_attributes: stored.lead, account_attributes: stored.account, ..check::overture_defaults() };
    let none = Deeds::new();
    let speaks = check::speaks(&settings, &none);
    let compiled =
        syntax::read(number, &report).map(|root| check::scoring(&root, revision.version.clone(), speaks, &report));
    match compiled {
        Some(scoring) if report.errors() == 0 => Ok(scoring),
        _ => Err(report.into_diagnostics()),
    }
}

fn unreadable(report: Report, file: String) -> Vec<Diagnostic> {
    let place = super::source::Place::top(report.add(Source::new(file, "")));
    let hint = "apply the sequence's file again, or bring the store back from a backup".to_owned();
    report.error_with(Code::UnreadableFile, place, "this stored version cannot be read", hint);
    report.into_diagnostics()
}

/// The texts of a stored version by the path of each file; nothing where it cannot be read.
pub fn texts(revision: &Revision) -> BTreeMap<String, String> {
    let Ok(stored) = serde_json::from_str::<Stored>(&revision.source) else { return BTreeMap::new() };
    let templates = stored.templates.into_iter();
    let mut texts: BTreeMap<String, String> =
        templates.map(|(name, one)| (format!("templates/{name}.{}", one.format), one.text)).collect();
    texts.extend(stored.shared.into_iter().map(|(path, text)| (format!("templates/{path}"), text)));
    texts.insert(format!("sequences/{}.yaml", revision.name), stored.sequence);
    texts
}

/// The files a stored version was made of, those that go with its mails among them.
pub fn files_of(revision: &Revision) -> Vec<String> {
    let stored = serde_json::from_str::<Stored>(&revision.source).ok();
    let attached = stored.into_iter().flat_map(|stored| stored.files.into_keys());
    texts(revision).into_keys().chain(attached.map(|path| format!("templates/{path}"))).collect()
}

/// Whether a later program may find this fault in a version that an earlier one took: whoever is in it goes on as it was applied. A helper
/// that cannot take its argument holds the mail, as it did.
fn is_judged(one: &Diagnostic) -> bool {
    let of_template = one.file().starts_with("templates/");
    matches!(one.code, Code::NoUnsubscribe | Code::NoPostalAddress) || (one.code == Code::BadValue && of_template)
}

/// Compiles a stored version again; names of other files may have gone since, and are not looked at. An error is a store that
/// was tampered with, or a version written by a later program.
pub fn revision(revision: &Revision) -> Result<Sequence, Vec<Diagnostic>> {
    let report = Report::default();
    let file = format!("sequences/{}.yaml (version {})", revision.name, revision.version);
    let Ok(stored) = serde_json::from_str::<Stored>(&revision.source) else {
        return Err(unreadable(report, file));
    };
    let shared = stored.shared.into_iter().map(|(path, text)| {
        let number = report.add(Source::new(format!("templates/{path}"), text));
        (path, number)
    });
    let decoded = |(path, text): (String, String)| Some((path, BASE64.decode(text).ok()?.into()));
    let files = stored.files.into_iter().filter_map(decoded).collect();
    let shared = template::Shared { parts: shared.collect(), files, ..template::Shared::default() };
    let mut templates = BTreeMap::new();
    for (name, StoredTemplate { format, text }) in stored.templates {
        let format = Format::of(&format).unwrap_or(Format::Markdown);
        let source = report.add(Source::new(format!("templates/{name}"), text));
        let parsed = template::parse(&name, format, source, (&shared, &report));
        templates.insert(name, parsed);
    }
    let number = report.add(Source::new(file, stored.sequence));
    let known = Known {
        lead: &stored.lead,
        account: &stored.account,
        templates: &templates,
        holidays: &stored.holidays,
        names: None,
    };
    let around = Around { known, has_address: true, report: &report };
    let compiled = syntax::read(number, &report).and_then(|root| sequence(&revision.name, &root, around));
    match compiled {
        Some(sequence) if !report.has_errors_but(is_judged) => {
            Ok(Sequence { version: revision.version.clone(), ..sequence })
        }
        _ => Err(report.into_diagnostics()),
    }
}
