//! What compiling promises, told on the shipped workspace and on small broken ones.

mod broken;
mod formats;
mod holidays;
mod large;
mod law;
mod lints;
mod mails;
mod scoring;
mod sequences;
mod shipped;
mod slips;
mod stories;

use super::diagnostic::{Code, Diagnostic};
use super::{Compiled, Files, Overlay, workspace};

/// The smallest workspace that is sound.
pub fn small() -> Files {
    let files = [
        (
            "config/overture.yaml",
            "company: {name: Acme, postal_address: 1 Main St}\nzone: Europe/Berlin\npublic_url: http://127.0.0.1:8025\n\
             attributes: {lead: {plan: text}}\nsenders: {maya: {from: Maya <maya@acme.example>}}\n\
             channels: {crm: {url: https://crm.example/x}}\n",
        ),
        (
            "config/team.yaml",
            "calendars: {office: {zone: Europe/Berlin, days: mon-fri, hours: [09:00-17:00]}}\n\
             reps: {ines: {name: Ines, email: ines@acme.example, calendar: office}}\n\
             teams: {sales: {calendar: office, members: [ines], fallback: ines}}\nrouting: [{team: sales}]\n",
        ),
        (
            "sequences/hello.yaml",
            "kind: nurture\nsend: {from: maya}\nsteps:\n  - id: first\n    email: hello\n  - wait: 2d\n  - end: done\n",
        ),
        (
            "templates/hello.md",
            "---\nsubject: Hello {{or lead.first_name \"there\"}}\n---\nHi.\n\n{{company.postal_address}} \
             [Unsubscribe]({{unsubscribe_url}})\n",
        ),
    ];
    files.into_iter().map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).collect()
}

/// The small workspace with one file put in or replaced.
pub fn with(path: &str, text: &str) -> Files {
    let mut files = small();
    files.insert(path.to_owned(), text.as_bytes().to_vec());
    files
}

pub fn compile(files: &Files) -> Compiled {
    workspace(files, &Overlay::default())
}

pub fn codes(diagnostics: &[Diagnostic]) -> Vec<Code> {
    diagnostics.iter().map(|one| one.code).collect()
}
