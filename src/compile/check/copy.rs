//! The text of a mail: one template, or variants that are tried against each other.

use std::collections::BTreeSet;

use super::acts::{Templates, template_named};
use super::fields::{Fields, Keys, number, scalar, whole};
use super::steps::Inside;
use super::team::named;
use crate::compile::diagnostic::Code;
use crate::compile::syntax::{Entry, Node, Value};
use crate::compile::template::Use;
use crate::domain::experiment::identity;
use crate::domain::sequence::{Act, Copy, Experiment, Variant, Winner};

const EMAIL: Keys = Keys { what: "a mail", known: &["template", "variants", "winner"], later: &[] };
const VARIANT: Keys = Keys { what: "a variant", known: &["template", "weight"], later: &[] };
const WINNER: Keys = Keys { what: "`winner`", known: &["by", "at_least", "confidence"], later: &[] };
const HEAVIEST: u32 = 1_000;

/// Reads what stands under `email`.
pub fn email(node: &Node, inside: Inside<'_>, used: &mut Templates) -> Option<Act> {
    let report = inside.around.report;
    if !matches!(node.value, Value::Map(_)) {
        return Some(Act::Email { copy: Copy::One(template(node, (inside, used))?) });
    }
    let fields = Fields::of(node, EMAIL, report)?;
    if fields.key("variants").is_none() {
        if let Some(key) = fields.key("winner") {
            report.error_with(
                Code::UnknownKey,
                key.place,
                "a `winner` is found among `variants`, and there are none",
                "add `variants`, or remove `winner`".to_owned(),
            );
        }
        let one = fields.need("template")?;
        return Some(Act::Email { copy: Copy::One(template(one, (inside, used))?) });
    }
    if let Some(key) = fields.key("template") {
        report.error_with(
            Code::UnknownKey,
            key.place,
            "a mail has a `template` or `variants`, not both",
            "move the template among the `variants`, or remove them".to_owned(),
        );
    }
    let entries = fields.map("variants");
    let variants: Vec<Variant> = entries.iter().filter_map(|entry| variant(entry, (inside, used))).collect();
    if entries.len() < 2 {
        let place = fields.key("variants").map_or(fields.place, |key| key.place);
        let hint = "write `email: NAME` for a mail in one variant".to_owned();
        report.error_with(Code::WrongShape, place, "one variant cannot be tried against another", hint);
    }
    let different: BTreeSet<&str> = variants.iter().map(|variant| variant.template.as_str()).collect();
    if different.len() < variants.len() {
        report.error_with(
            Code::BadValue,
            fields.place,
            "two variants have the same template, so nothing would be tried",
            "give each variant a template of its own".to_owned(),
        );
    }
    let winner = fields.get("winner").and_then(|node| winner(node, inside));
    let by = winner.as_ref().map(|winner: &Winner| winner.by.as_str());
    let text_of = |variant: &Variant| used.get(&variant.template).map_or("", |template| template.version.as_str());
    let id = identity(&variants, by, text_of);
    (!variants.is_empty()).then(|| Act::Email { copy: Copy::Tried(Experiment { id, variants, winner }) })
}

fn variant(entry: &Entry, (inside, used): (Inside<'_>, &mut Templates)) -> Option<Variant> {
    let report = inside.around.report;
    let name = named(&entry.key, report);
    if !matches!(entry.value.value, Value::Map(_)) {
        return Some(Variant { name, template: template(&entry.value, (inside, used))?, weight: 1 });
    }
    let fields = Fields::of(&entry.value, VARIANT, report)?;
    let weight = weight(&fields);
    Some(Variant { name, template: template(fields.need("template")?, (inside, used))?, weight })
}

/// A share among others; 1 where nothing is said.
pub fn weight(fields: &Fields<'_>) -> u32 {
    fields.parse("weight", |text| whole(text, 1, HEAVIEST)).unwrap_or(1)
}

fn template(node: &Node, (inside, used): (Inside<'_>, &mut Templates)) -> Option<String> {
    let report = inside.around.report;
    let name = scalar(node, "email", report)?;
    let parsed = template_named(name, node, inside)?;
    parsed.fits(Use::Mail, node.place, report);
    parsed.lawful(inside.kind, inside.around.has_address, (node.place, report));
    used.insert(name.to_owned(), parsed.template.clone());
    Some(name.to_owned())
}

fn winner(node: &Node, inside: Inside<'_>) -> Option<Winner> {
    let report = inside.around.report;
    let fields = Fields::of(node, WINNER, report)?;
    let by = fields.need("by").and_then(|node| super::event_name(node, "by", report));
    let at_least = fields.parse("at_least", |text| whole(text, 10, 1_000_000)).unwrap_or(100);
    let sure = |text: &str| {
        let read = number(text)?;
        if read > 0.5 && read < 1.0 { Ok(read) } else { Err(format!("expected over 0.5 and under 1, found `{text}`")) }
    };
    let confidence = fields.parse("confidence", sure).unwrap_or(0.95);
    Some(Winner { by: by?, at_least, confidence })
}
