//! The reference of the language, for people, in Markdown.

use super::read::Speech;
use super::shape::Shape;
use super::{FILES, Key, Language, Mapping, language};

const HEAD: &str = "\
# The language of the files

Made by `overture schema reference` from the same descriptions as the JSON Schemas of [schemas](schemas) and what an editor shows; do not edit it.
`overture check` explains every mistake. YAML is read strictly: no tabs, no anchors, no key twice, and no key that nothing reads.
A list with one item may be written as the item alone.
";

/// The reference: every file, mapping and key, what values look like, conditions, templates.
pub fn reference() -> String {
    let language = language();
    let mut out = HEAD.to_owned();
    for (_, root) in FILES {
        for mapping in language.within(root) {
            let level = if mapping.what == root { "##" } else { "###" };
            out.push_str(&format!("\n{level} {}\n\n{}\n", capital(&mapping.what), mapping.is));
            section(&mut out, &language, mapping);
        }
    }
    out.push_str("\n## Values\n\n| value | is | example |\n|---|---|---|\n");
    for plain in &language.plain {
        out.push_str(&format!("| {} | {} | `{}` |\n", plain.name, cell(&plain.is), cell(&plain.example)));
    }
    calls(&mut out, "Conditions", &language.conditions);
    calls(&mut out, "Templates", &language.templates);
    out
}

fn section(out: &mut String, language: &Language, mapping: &Mapping) {
    if !mapping.kinds.is_empty() {
        out.push_str("\nIt is one of:\n\n");
        for kind in &mapping.kinds {
            let with: Vec<String> =
                kind.keys.iter().filter(|key| **key != kind.key).map(|key| format!("`{}`", written(key))).collect();
            let with = if with.is_empty() { String::new() } else { format!(" With it: {}.", with.join(", ")) };
            out.push_str(&format!("- `{}`: {}{with}\n", kind.key, kind.is));
        }
    }
    out.push_str("\n| key | value | usually | |\n|---|---|---|---|\n");
    for key in &mapping.keys {
        let kind = key.name.split_once('/').map_or_else(String::new, |(kind, _)| format!(" of `{kind}`"));
        let must = if key.needed && mapping.kinds.is_empty() { ", needed" } else { "" };
        row(out, language, &format!("`{}`{kind}{must}", key.written()), key);
    }
    if let Some((_, key)) = &mapping.others {
        row(out, language, "`lead.NAME`", key);
    }
}

fn row(out: &mut String, language: &Language, name: &str, key: &Key) {
    let mut about = key.is.clone();
    if !key.words.is_empty() {
        let words: Vec<String> =
            key.words.iter().map(|(word, meaning)| format!("`{word}`: {}", meaning.trim_end_matches('.'))).collect();
        about.push_str(&format!(" {}.", words.join("; ")));
    }
    if let Some(example) = &key.example {
        about.push_str(&format!(" `{}: {example}`", key.written()));
    }
    let usual = key.usual.as_ref().map_or_else(String::new, |usual| format!("`{usual}`"));
    out.push_str(&format!("| {name} | {} | {usual} | {} |\n", cell(&shape(language, &key.shape)), cell(&about)));
}

fn shape(language: &Language, shape: &Shape) -> String {
    match shape {
        Shape::Plain(name) => language.plain(name).map_or_else(|| name.clone(), |plain| plain.name.clone()),
        Shape::Whole(least, Some(most)) => format!("whole number, {least} to {most}"),
        Shape::Whole(least, None) => format!("whole number from {least}"),
        Shape::These => "a word".to_owned(),
        Shape::OneOf(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Shape::Mapping(what) => link(what),
        Shape::List(inner) => format!("list of {}", self::shape(language, inner)),
        Shape::Map(inner) => format!("names, each with {}", self::shape(language, inner)),
        Shape::Steps { .. } => "list of [steps](#a-step)".to_owned(),
        Shape::Nothing => "nothing".to_owned(),
        Shape::Any(several) => {
            several.iter().map(|shape| self::shape(language, shape)).collect::<Vec<_>>().join(" or ")
        }
    }
}

fn link(what: &str) -> String {
    format!("[{what}](#{})", what.to_lowercase().replace('`', "").replace(' ', "-"))
}

fn calls(out: &mut String, title: &str, calls: &Speech) {
    out.push_str(&format!("\n## {title}\n"));
    for about in &calls.about {
        out.push_str(&format!("\n{about}\n"));
    }
    let lists = [("key of the front matter", &calls.keys), ("name", &calls.names), ("call", &calls.calls)];
    for (head, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        out.push_str(&format!("\n| {head} | |\n|---|---|\n"));
        for (written, is) in list {
            out.push_str(&format!("| `{}` | {} |\n", cell(written), cell(is)));
        }
    }
}

fn written(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
