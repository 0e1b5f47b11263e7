use super::{codes, compile, small};
use crate::compile::Files;
use crate::compile::diagnostic::{Code, Example, render};

/// The small workspace with the files of an example.
fn with(examples: &[Example]) -> Files {
    let mut files = small();
    for example in examples {
        match example.bytes() {
            Some(bytes) => drop(files.insert(example.path.clone(), bytes)),
            None => drop(files.remove(&example.path)),
        }
    }
    files
}

/// What is told of these files, each code once. An example of one code may use what is not carried out yet.
fn told(code: Code, examples: &[Example]) -> (Vec<Code>, String) {
    let last = *crate::domain::calendar::holidays::YEARS.end();
    let found = compile(&with(examples)).told_in(if code == Code::HolidaysEnd { last } else { last - 1 });
    let mut all = codes(&found);
    all.retain(|found| *found != Code::NotYet || code == Code::NotYet);
    all.sort_unstable();
    all.dedup();
    (all, render(&found, false))
}

#[test]
fn every_code_has_a_story_whose_example_brings_it_about_with_a_way_out_and_whose_mended_one_is_sound() {
    let mut wrong = Vec::new();
    for code in Code::ALL {
        let story = code.story();
        if story.text.len() < 60 || story.fails.is_empty() || story.mended.is_empty() {
            wrong.push(format!("{} has no whole story", code.id()));
            continue;
        }
        let hintless: Vec<_> =
            compile(&with(&story.fails)).diagnostics.into_iter().filter(|one| one.hint.is_none()).collect();
        if !hintless.is_empty() {
            wrong.push(format!("{} does not say what to do:\n{}", code.id(), render(&hintless, false)));
        }
        // A secret is asked for where the daemon starts, and not when files are read.
        let (found, shown) = told(*code, &story.fails);
        if *code != Code::MissingSecret && found != [*code] {
            wrong.push(format!("{} is to be told, and told is {found:?}:\n{shown}", code.id()));
        }
        let (found, shown) = told(*code, &story.mended);
        if !found.is_empty() {
            wrong.push(format!("{} is to be mended, and told is {found:?}:\n{shown}", code.id()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn codes_are_found_by_their_id_in_any_case() {
    assert_eq!(Code::named(" ov0605 "), Some(Code::EnrollCycle));
    assert_eq!(Code::named("OV9999"), None);
}
