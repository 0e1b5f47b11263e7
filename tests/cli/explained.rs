//! The long story of a code, at the terminal.

use crate::support::daemon::overture;
use crate::support::workspace::Workspace;

#[test]
fn a_code_is_explained_with_what_brings_it_about_and_what_is_right() {
    let workspace = Workspace::example();
    let told = overture(&workspace, &["explain", "OV0201"]).ok().stdout;
    assert!(told.starts_with("OV0201  "), "{told}");
    for part in ["\nThis brings it about, in ", "\nThis is right, in "] {
        let (_, shown) = told.split_once(part).unwrap_or_else(|| panic!("{part} is missing: {told}"));
        assert!(shown.lines().nth(1).is_some_and(|line| line.starts_with("    ")), "{told}");
    }
    let one = overture(&workspace, &["explain", "OV0201", "--json"]).ok().json();
    assert_eq!(one["code"], "OV0201");
    assert!(told.contains(one["text"].as_str().expect("it is told")), "{one}");
    for files in ["fails", "mended"] {
        let file = &one[files][0];
        assert!(file["file"].is_string() && file["text"].is_string(), "{one}");
    }
}

#[test]
fn all_codes_are_listed_and_one_that_is_not_there_is_told_by_its_neighbour() {
    let workspace = Workspace::example();
    let all = overture(&workspace, &["explain", "--json"]).ok().json();
    let all = all.as_array().expect("it is a list");
    let listed = overture(&workspace, &["explain"]).ok().stdout;
    assert_eq!(listed.lines().count(), all.len() + 1);
    assert!(all.iter().all(|one| listed.contains(one["title"].as_str().unwrap_or("?"))));
    for (code, said) in [("OV201", "did you mean OV0201?"), ("nonsense", "`overture explain` lists all codes")] {
        let told = overture(&workspace, &["explain", code]);
        assert_eq!(told.code, Some(1));
        assert!(told.stderr.contains(&format!("there is no code `{code}`\n  {said}")), "{}", told.stderr);
    }
}
