use std::collections::{BTreeMap, BTreeSet};

use super::read::language;
use super::{FILES, Form, Language, Mapping, reference, schema};
use crate::domain::calendar::{Hours, Pause, Weekdays, parse_length};

/// The constants `Keys` of the parser, read from its sources: what each names, and the keys it knows.
fn parsed() -> BTreeMap<String, BTreeSet<String>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/compile");
    let keys = regex::Regex::new(r#"Keys\s*\{\s*what:\s*"([^"]*)",\s*known:\s*&\[([^\]]*)\]"#).unwrap();
    let text = regex::Regex::new(r#""([^"]*)""#).unwrap();
    let mut found = BTreeMap::new();
    for entry in walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok) {
        if entry.path().extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        for one in keys.captures_iter(&std::fs::read_to_string(entry.path()).unwrap()) {
            let known = text.captures_iter(&one[2]).map(|word| word[1].to_owned()).collect();
            assert!(found.insert(one[1].to_owned(), known).is_none(), "two mappings are called `{}`", &one[1]);
        }
    }
    found
}

fn keys(mapping: &Mapping) -> BTreeSet<String> {
    mapping.keys.iter().map(|key| key.written().to_owned()).collect()
}

#[test]
fn every_key_that_is_parsed_is_described_and_every_key_described_is_parsed() {
    let language = language();
    let parsed = parsed();
    assert!(parsed.len() > 30 && parsed["a step"].contains("email"), "the constants are found: {parsed:?}");
    let mut wrong = Vec::new();
    for (what, known) in &parsed {
        let Some(mapping) = language.mapping(what) else {
            wrong.push(format!("`{what}` is parsed and not described"));
            continue;
        };
        let described = keys(mapping);
        wrong.extend(known.difference(&described).map(|key| format!("`{key}` of {what} is parsed and not described")));
        wrong.extend(described.difference(known).map(|key| format!("`{key}` of {what} is described and not parsed")));
    }
    let unparsed = language.mappings.iter().filter(|one| !one.by_hand && !parsed.contains_key(&one.what));
    wrong.extend(unparsed.map(|one| format!("`{}` is described and not parsed", one.what)));
    let to_do = "describe keys in src/compile/describe/*.yaml, then make docs/ anew: overture schema --into docs/schemas; overture schema reference > docs/language.md";
    assert!(wrong.is_empty(), "{}\n{to_do}", wrong.join("\n"));
}

#[test]
fn every_description_is_whole() {
    let language = language();
    for mapping in &language.mappings {
        let names: BTreeSet<&str> = mapping.keys.iter().map(|key| key.name.as_str()).collect();
        assert!(!mapping.is.is_empty(), "{}", mapping.what);
        for kind in &mapping.kinds {
            assert!(!kind.is.is_empty() && kind.keys.contains(&kind.key), "{} {}", mapping.what, kind.key);
            assert!(kind.keys.iter().chain(&kind.needed).all(|key| names.contains(key.as_str())), "{}", kind.key);
        }
        let all = mapping.keys.iter().chain(mapping.others.as_ref().map(|(_, key)| key));
        for key in all {
            let place = format!("`{}` of {}", key.name, mapping.what);
            assert!(key.is.ends_with('.') && !key.is.starts_with(' '), "{place}: {}", key.is);
            assert!(key.shape.mappings().iter().all(|what| language.mapping(what).is_some()), "{place}");
            assert!(key.shape.plain().iter().all(|name| language.plain(name).is_some()), "{place}: {:?}", key.shape);
            let in_kind = mapping.kinds.is_empty() || mapping.kinds.iter().any(|kind| kind.keys.contains(&key.name));
            assert!(in_kind || key.name.is_empty(), "{place} belongs to no kind");
        }
    }
    let files: BTreeSet<&str> =
        FILES.iter().flat_map(|(_, root)| language.within(root)).map(|one| one.what.as_str()).collect();
    assert_eq!(files.len(), language.mappings.len(), "some mapping stands in no file");
}

#[test]
fn conditions_and_helpers_are_those_that_there_are() {
    let language = language();
    let name = |call: &str| {
        let call = call.rsplit("text.").next().unwrap_or(call);
        call.split(['(', ' ']).next().unwrap_or_default().to_owned()
    };
    let calls: BTreeSet<String> = language.conditions.calls.iter().map(|(call, _)| name(call)).collect();
    let names: BTreeSet<&str> = language.conditions.names.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(calls, crate::domain::condition::FUNCTIONS.iter().map(|one| (*one).to_owned()).collect());
    assert_eq!(names, crate::domain::condition::NAMES.iter().copied().collect());
    let text: String = language.templates.calls.iter().map(|(call, is)| format!("`{}` {is}", name(call))).collect();
    for helper in crate::compile::template::HELPERS {
        assert!(text.contains(&format!("`{helper}`")) || text.contains(&format!("`{helper} ")), "{helper}: {text}");
    }
    let keys: BTreeSet<&str> = language.templates.keys.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, crate::compile::template::FRONT_KEYS.into_iter().collect());
}

fn pattern(language: &Language, name: &str) -> regex::Regex {
    match &language.plain(name).unwrap().form {
        Form::Pattern(pattern) => regex::Regex::new(pattern).unwrap(),
        form => panic!("{name} is {form:?}"),
    }
}

#[test]
fn patterns_let_through_what_the_parser_reads_and_nothing_it_refuses() {
    let language = language();
    let agree = |name: &str, reads: &dyn Fn(&str) -> bool, texts: &[&str]| {
        for text in texts {
            assert_eq!(pattern(&language, name).is_match(text), reads(text), "{name}: {text}");
        }
    };
    agree("length", &|text| parse_length(text).is_ok(), &["90d", "5m", "2w", "0s", "3bd", "d", "5 m", "1.5h", "soon"]);
    agree(
        "wait",
        &|text| Pause::parse(text).is_ok(),
        &[
            "72h",
            "3d",
            "3bd",
            "2d ± 20m",
            "2d+-2h",
            "until Tue 09:30",
            "until: 9:30 ± 5m",
            "soon",
            "3",
            "2d ± x",
            "until x",
        ],
    );
    agree(
        "local time",
        &|text| Pause::parse_until(text).is_ok(),
        &["09:30", "Tue 09:30", "Tue", "9.30", "Tue 09:30 ± 5m"],
    );
    agree("hours", &|text| Hours::parse(text).is_ok(), &["09:00-17:30", "00:00-24:00", "9-17", "always"]);
    agree("days", &|text| Weekdays::parse(text).is_ok(), &["mon-fri", "Mon, Wed", "tue", "1-5", ""]);
    for plain in &language.plain {
        if let Form::Pattern(text) = &plain.form {
            assert!(regex::Regex::new(text).unwrap().is_match(&plain.example), "{} {}", plain.name, plain.example);
        }
    }
}

#[test]
fn the_reference_tells_of_every_mapping_and_links_only_where_something_is() {
    let text = reference();
    let anchors: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')))
        .map(|title| title.to_lowercase().replace('`', "").replace(' ', "-"))
        .collect();
    let links = regex::Regex::new(r"\]\(#([^)]*)\)").unwrap();
    for link in links.captures_iter(&text) {
        assert!(anchors.contains(&link[1]), "{} leads nowhere", &link[1]);
    }
    for mapping in &language().mappings {
        assert!(anchors.contains(&mapping.what.to_lowercase().replace('`', "").replace(' ', "-")), "{}", mapping.what);
    }
}

/// What is kept in docs/ for readers and editors without the program.
#[test]
fn the_kept_schemas_and_the_kept_reference_are_what_the_program_says() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/docs");
    let kept = |path: String| std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{path} is kept"));
    for (name, _) in FILES {
        let made = format!("{:#}\n", schema(name).unwrap());
        let same = kept(format!("{docs}/schemas/{name}.json")) == made;
        assert!(same, "docs/schemas is not what the code says: `overture schema --into docs/schemas` makes it anew");
    }
    let same = kept(format!("{docs}/language.md")) == reference();
    assert!(same, "docs/language.md is not what the code says: `overture schema reference > docs/language.md`");
}
