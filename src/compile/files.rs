//! Files are not trusted to be text, to be small, or to be there at all.

use super::diagnostic::{Code, Report};
use super::source::{Place, Source};
use super::template::Format;
use crate::domain::spelling::nearest;

/// Bytes of one file at most.
const LARGEST: usize = 1 << 20;

/// The files of config/ that are read.
pub const CONFIG: [&str; 3] = ["config/overture.yaml", "config/scoring.yaml", "config/team.yaml"];

/// What a file is, by its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    Config,
    /// An iCalendar file of holidays.
    Calendar,
    Sequence {
        name: String,
    },
    /// Tests of the sequence of this name, unless the file names another.
    Test {
        name: String,
    },
    Template {
        name: String,
        format: Format,
    },
    /// A partial or a layout, by its path under templates/.
    Shared {
        path: String,
    },
    /// A file that can go with a mail, by its path under templates/.
    Attachment {
        path: String,
    },
    /// Lies where files are read, and is not one of them.
    Stray,
    /// Not ours.
    Other,
}

/// Says what a file is; hidden files and those of editors are none of ours.
pub fn role(path: &str) -> Role {
    let file = path.rsplit('/').next().unwrap_or(path);
    if path.split('/').any(|part| part.starts_with('.')) || file.ends_with('~') {
        return Role::Other;
    }
    if path.starts_with("config/") {
        return match path {
            path if CONFIG.contains(&path) => Role::Config,
            path if path.rsplit('.').next() == Some("ics") => Role::Calendar,
            _ => Role::Stray,
        };
    }
    if let Some(rest) = path.strip_prefix("sequences/") {
        return sequence(rest);
    }
    if let Some(rest) = path.strip_prefix("templates/") {
        return template(rest);
    }
    Role::Other
}

fn sequence(rest: &str) -> Role {
    if let Some(name) = rest.strip_suffix(".test.yaml").or_else(|| rest.strip_suffix(".test.yml")) {
        return Role::Test { name: name.to_owned() };
    }
    match rest.strip_suffix(".yaml").or_else(|| rest.strip_suffix(".yml")) {
        Some(name) => Role::Sequence { name: name.to_owned() },
        None if rest.rsplit('.').next() == Some("md") => Role::Other,
        None => Role::Stray,
    }
}

fn template(rest: &str) -> Role {
    let Some((name, extension)) = rest.rsplit_once('.') else { return Role::Stray };
    match Format::of(extension) {
        Some(_) if rest.starts_with("partials/") || rest.starts_with("layouts/") => {
            Role::Shared { path: rest.to_owned() }
        }
        Some(format) => Role::Template { name: name.to_owned(), format },
        None if super::template::can_be_attached(rest) => Role::Attachment { path: rest.to_owned() },
        None => Role::Stray,
    }
}

/// Tells a file that is larger than any that is read.
pub fn too_large(path: &str, bytes: &[u8], report: &Report) -> bool {
    if bytes.len() > LARGEST {
        let message = format!("this file has {} bytes; at most {LARGEST} are read", bytes.len());
        report.error_with(
            Code::FileTooLarge,
            Place::top(report.add(Source::new(path, ""))),
            message,
            "split it; lists of leads come in by `overture leads import`".to_owned(),
        );
    }
    bytes.len() > LARGEST
}

/// Takes a file into the report if it is text of a sensible size; tells why not otherwise.
pub fn read(path: &str, bytes: &[u8], report: &Report) -> Option<usize> {
    let blank = |text: &str| report.add(Source::new(path, text));
    if too_large(path, bytes, report) {
        return None;
    }
    if bytes.contains(&0) {
        let hint = "it may be a picture, an archive, or text saved as UTF-16".to_owned();
        report.error_with(Code::Binary, Place::top(blank("")), "this is not text: it holds zero bytes", hint);
        return None;
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let (line, column) =
                Source::new(path, String::from_utf8_lossy(&bytes[..error.valid_up_to()])).position(usize::MAX);
            let message = format!("this is not UTF-8 text, from line {line}, column {column} on");
            report.error_with(Code::NotUtf8, Place::top(blank("")), message, "save it as UTF-8".to_owned());
            return None;
        }
    };
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        report.error_with(
            Code::EmptyFile,
            Place::top(blank("")),
            "this file is empty",
            "fill it, or remove it".to_owned(),
        );
        return None;
    }
    Some(report.add(Source::new(path, text)))
}

/// Tells a file that lies where files are read and is not read.
pub fn stray(path: &str, report: &Report) {
    let place = Place::top(report.add(Source::new(path, "")));
    let near = nearest(path, CONFIG).map(|near| format!("did you mean {near}?"));
    let hint = near.unwrap_or_else(|| {
        "read are: config/*.yaml of three names, config/**/*.ics, sequences/**/*.yaml, templates/**/*.md, *.html, *.mjml, *.txt and *.json"
            .to_owned()
    });
    report.warn(Code::UnreadName, place, "this file is never read", hint);
}
