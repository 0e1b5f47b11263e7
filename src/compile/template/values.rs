//! The values a template may ask for, and where each exists.

use std::collections::BTreeMap;

use super::needs::Asked;
use crate::domain::condition::Type;
use crate::domain::spelling::nearest;

/// Where a template is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A mail of a sequence.
    Mail,
    /// A body or value of a webhook step.
    Webhook,
    /// What helps a person with a task.
    Notes,
    /// The mail that says when a person will answer.
    Acknowledgement,
}

/// Values outside of lead, account and step.
const FIXED: [(&str, &[Use]); 9] = [
    ("sender.name", &[Use::Mail, Use::Acknowledgement, Use::Webhook]),
    ("sender.first_name", &[Use::Mail, Use::Acknowledgement, Use::Webhook]),
    ("sender.address", &[Use::Mail, Use::Acknowledgement, Use::Webhook]),
    ("sender.email", &[Use::Mail, Use::Acknowledgement, Use::Webhook]),
    ("company.name", &[Use::Mail, Use::Acknowledgement, Use::Webhook]),
    ("company.postal_address", &[Use::Mail, Use::Acknowledgement, Use::Webhook]),
    ("unsubscribe_url", &[Use::Mail, Use::Acknowledgement]),
    ("handoff.rep", &[Use::Acknowledgement]),
    ("handoff.answer_by", &[Use::Acknowledgement]),
];

/// What to do about asking for a value that exists nowhere; `None` if it exists.
pub fn unknown(asked: &Asked, lead: &BTreeMap<String, Type>, account: &BTreeMap<String, Type>) -> Option<String> {
    let path = asked.path.as_str();
    if FIXED.iter().any(|(known, _)| *known == path) || path == "lead.id" {
        return None;
    }
    match path.split_once('.') {
        Some(("lead", name)) => undeclared(name, "lead", lead),
        Some(("account", name)) => undeclared(name, "account", account),
        Some(("step", _)) => None,
        _ => {
            let known = FIXED.iter().map(|(known, _)| *known);
            let full = lead.contains_key(path).then(|| format!("did you mean `lead.{path}`?"));
            let near = nearest(path, known.clone()).map(|near| format!("did you mean `{near}`?"));
            let all = || format!("known: lead.*, account.*, step.*, {}", known.collect::<Vec<_>>().join(", "));
            Some(full.or(near).unwrap_or_else(all))
        }
    }
}

fn undeclared(name: &str, side: &str, known: &BTreeMap<String, Type>) -> Option<String> {
    if known.contains_key(name) {
        return None;
    }
    let near = nearest(name, known.keys().map(String::as_str));
    let declare = || format!("declare it under `attributes: {{{side}: {{{name}: text}}}}` in config/overture.yaml");
    Some(near.map_or_else(declare, |near| format!("did you mean `{side}.{near}`?")))
}

/// The values that exist where a template is used, for people.
pub fn there_are(place: Use) -> String {
    let step = (place != Use::Acknowledgement).then_some("step.*");
    let fixed = FIXED.iter().map(|(known, _)| *known).filter(|known| exists_in(known, place));
    let all: Vec<&str> = ["lead.*", "account.*"].into_iter().chain(step).chain(fixed).collect();
    format!("there are {}", all.join(", "))
}

/// Whether a value exists where the template is used.
pub fn exists_in(path: &str, place: Use) -> bool {
    if path.starts_with("step.") {
        return place != Use::Acknowledgement;
    }
    let place = if place == Use::Notes { Use::Webhook } else { place };
    FIXED.iter().find(|(known, _)| *known == path).is_none_or(|(_, uses)| uses.contains(&place))
}
