//! The mails that ship with the product, as the best known and the least known lead would get them.

use std::path::Path;

use overture::compile::diagnostic::render;
use overture::config::{self, Environment};
use overture::domain::playbook::Playbook;
use overture::domain::template::Body;
use serde_json::{Value, json};

use crate::parts::Stage;

fn playbook() -> Playbook {
    let compiled = config::check(Path::new(env!("CARGO_MANIFEST_DIR")), &Environment::new()).unwrap();
    compiled.playbook.unwrap_or_else(|| panic!("{}", render(&compiled.diagnostics, false)))
}

fn known() -> Value {
    json!({
        "first_name": "Zoe", "last_name": "Bücher", "title": "VP Operations", "company": "Bücher GmbH", "industry": "retail",
        "trial_ends": "2026-12-04", "persona": "evaluator",
    })
}

#[test]
fn every_shipped_mail_can_be_sent_to_a_lead_of_whom_only_the_address_is_known() {
    for template in playbook().templates.values() {
        for attributes in [json!({}), known()] {
            let stage = Stage::new(&attributes, (**template).clone());
            match &template.body {
                Body::Mail { .. } => {
                    let message = stage.mail().unwrap_or_else(|why| panic!("{}: {why}", template.name)).message;
                    for part in [&message.subject, &message.text, &message.html] {
                        assert!(!part.contains("{{"), "{}: {part}", template.name);
                        assert!(!part.contains('\u{e000}'), "{}: {part}", template.name);
                    }
                    assert!(!message.text.contains("\n\n\n"), "{}: {}", template.name, message.text);
                }
                Body::Json(_) => drop(stage.json().unwrap_or_else(|why| panic!("{}: {why}", template.name))),
                Body::Text(_) => drop(stage.text().unwrap_or_else(|why| panic!("{}: {why}", template.name))),
            }
        }
    }
}

#[test]
fn the_welcome_mail_reads_well_in_plain_text() {
    let playbook = playbook();
    let template = &playbook.sequences["trial-nurture"].templates["trial/welcome"];
    let mut stage = Stage::new(&known(), (**template).clone());
    stage.track.clicks = false;
    let text = stage.mail().unwrap().message.text;
    insta::assert_snapshot!(text.lines().filter(|line| !line.contains("/u/")).collect::<Vec<_>>().join("\n"));
}
