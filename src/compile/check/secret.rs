//! Secrets stay out of files that are shared, so a file may say where a secret is instead of what it is.

use std::path::PathBuf;

use secrecy::SecretString;

use super::fields::{Fields, Keys, scalar};
use crate::compile::diagnostic::{Code, Report};
use crate::compile::source::Place;
use crate::compile::syntax::{Node, Value};

const SECRET: Keys = Keys { what: "a secret", known: &["env", "default", "file"], later: &["credential"] };

/// Where a secret is, and where the files say so.
#[derive(Clone, Debug)]
pub struct SecretRef {
    pub from: From,
    pub place: Place,
}

#[derive(Clone, Debug)]
pub enum From {
    Plain(SecretString),
    Env {
        name: String,
        default: Option<SecretString>,
    },
    /// Relative to the workspace.
    File(PathBuf),
}

/// Reads `text`, `{env: NAME, default: …}` or `{file: PATH}`.
pub fn secret(node: &Node, what: &str, report: &Report) -> Option<SecretRef> {
    let place = node.place;
    if !matches!(node.value, Value::Map(_)) {
        let text = scalar(node, what, report)?;
        return Some(SecretRef { from: From::Plain(SecretString::from(text)), place });
    }
    let fields = Fields::of(node, SECRET, report)?;
    let from = match (fields.text("env"), fields.text("file")) {
        (Some(name), None) => {
            From::Env { name: name.to_owned(), default: fields.text("default").map(SecretString::from) }
        }
        (None, Some(path)) => From::File(PathBuf::from(path)),
        _ => {
            let message = "a secret is a value, `{env: NAME}` or `{file: PATH}`";
            report.error_with(Code::WrongShape, place, message, "name one place where it is kept".to_owned());
            return None;
        }
    };
    Some(SecretRef { from, place })
}
