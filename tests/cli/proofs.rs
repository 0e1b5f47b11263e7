//! What is looked at before anybody gets it: previews and test mails.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::daemon::{overture, overture_with};
use crate::support::workspace::Workspace;

const TO: [&str; 2] = ["--to", "me@northwind.example"];

/// A mail whose value only a step before it gives, and one that belongs to its thread.
const SET: &str = "\
title: Set
kind: cadence
send: {from: outbound, days: mon-sun, hours: 00:00-24:00, zone: Europe/Berlin, thread: true}
steps:
  - set: {lead.title: Head of Everything}
  - {id: opening, email: set}
  - wait: 1d
  - {id: reminder, email: set}
  - end: done
";
const SET_MAIL: &str = "\
---
subject: To a {{lead.title}}
---
Dear {{lead.title}}, {{company.postal_address}} [stop]({{unsubscribe_url}})
";

fn zoe(workspace: &Workspace) -> String {
    workspace.write("zoe.json", r#"{"email": "zoe@example.com", "first_name": "Zoe", "company": "Example GmbH"}"#);
    workspace.file("zoe.json").to_str().expect("a path in UTF-8").to_owned()
}

/// Sends one mail to the sandbox; gives what was told of it and the file.
fn sent(workspace: &Workspace, words: &[&str]) -> (Value, String) {
    let told = overture(workspace, &[&["send-test"], words, &TO, &["--json"]].concat()).ok().json();
    let file = told["went"]["file"].as_str().expect("it is in the sandbox").to_owned();
    (told, std::fs::read_to_string(file).expect("a mail is text"))
}

/// The mails of a preview by their steps.
fn previewed(workspace: &Workspace, words: &[&str]) -> Vec<(String, Value)> {
    let shown = overture(workspace, &[&["preview", "--json"], words].concat()).ok().json();
    let legs = shown["steps"].as_array().expect("there are steps").clone();
    legs.into_iter()
        .filter(|leg| leg["mail"].is_object())
        .map(|leg| (leg["step"].as_str().unwrap_or_default().to_owned(), leg["mail"].clone()))
        .collect()
}

#[test]
fn a_test_mail_is_what_the_lead_would_get_in_its_thread_and_after_what_is_set() {
    let workspace = Workspace::example();
    let file = zoe(&workspace);
    let (told, mail) = sent(&workspace, &["outbound-cadence", "second", "--as", &file]);
    assert_eq!(told["mail"]["subject"], "Re: Late orders at Example GmbH");
    assert_eq!(told["to"], "me@northwind.example");
    assert!(mail.contains("Subject: Re: Late orders at Example GmbH") && mail.contains("In-Reply-To: <"), "{mail}");
    let shown = previewed(&workspace, &["outbound-cadence", "--as", &file]);
    let second = shown.iter().find(|(step, _)| step == "second").map(|(_, mail)| &mail["subject"]);
    assert_eq!(second, Some(&told["mail"]["subject"]));

    workspace.write("sequences/set.yaml", SET);
    workspace.write("templates/set.md", SET_MAIL);
    let (told, mail) = sent(&workspace, &["set", "reminder", "--as", &file]);
    assert_eq!(told["mail"]["subject"], "Re: To a Head of Everything");
    assert!(mail.contains("Dear Head of Everything"), "{mail}");

    overture(&workspace, &["leads", "set", "ana@example.com", "first_name=Ana", "company=Stored"]).ok();
    let (told, mail) = sent(&workspace, &["outbound-cadence", "first", "--lead", "ana@example.com"]);
    assert_eq!(told["mail"]["subject"], "Late orders at Stored");
    assert!(mail.contains("Hi Ana") && mail.contains("To: me@northwind.example"), "{mail}");
    let unknown =
        overture(&workspace, &[&["send-test", "outbound-cadence", "first", "--lead", "x@y.example"], &TO[..]].concat());
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.contains("there is no lead x@y.example"), "{}", unknown.stderr);
}

#[test]
fn a_step_is_enough_where_one_sequence_alone_has_it() {
    let workspace = Workspace::example();
    let (told, _) = sent(&workspace, &["welcome"]);
    assert_eq!(told["mail"]["sequence"], "trial-nurture");
    workspace.write("sequences/set.yaml", &SET.replace("id: opening", "id: first"));
    workspace.write("templates/set.md", SET_MAIL);
    for (step, said) in [
        ("first", "say which: `outbound-cadence first` or `set first`"),
        ("wellcome", "did you mean `welcome`?"),
        ("trial-nurture", "is a sequence; say which mail of it\n  steps with a mail are welcome, "),
    ] {
        let told = overture(&workspace, &[&["send-test", step], &TO[..]].concat());
        assert_eq!(told.code, Some(1), "{}", told.stderr);
        assert!(told.stderr.contains(said), "{step}: {}", told.stderr);
    }
}

/// A mail of plain text with a file, and a task with notes.
const SHOWN: &str = "\
title: Shown
kind: cadence
send: {from: outbound, days: mon-sun, hours: 00:00-24:00, zone: Europe/Berlin}
steps:
  - {id: plain, email: plain}
  - {id: call, task: call, title: 'Call {{lead.phone}}', notes: script, wait: no}
  - end: done
";

fn shown() -> Workspace {
    let workspace = Workspace::example();
    workspace.write("sequences/shown.yaml", SHOWN);
    let mail = "---\nsubject: Prices\nattachments: [prices.csv]\n---\nFor {{lead.first_name}} <3\n{{company.postal_address}}\n{{unsubscribe_url}}\n";
    workspace.write("templates/plain.txt", mail);
    workspace.write("templates/prices.csv", "what,price\nall,7\n");
    workspace.write("templates/script.txt", "Ask {{lead.first_name}} about\nthe {{lead.industry}} prices.\n");
    workspace
}

#[test]
fn a_preview_shows_plain_mails_the_files_that_go_with_them_and_what_helps_with_a_task() {
    let workspace = shown();
    let told = overture(&workspace, &["preview", "shown"]).ok().stdout;
    for line in [
        "  + prices.csv, 17 B",
        "somebody is asked: Call +49 30 5550100",
        "  | Ask Zoe about",
        "  | the software prices.",
    ] {
        assert!(told.contains(line), "{line} is missing: {told}");
    }
    let (_, mail) = previewed(&workspace, &["shown"]).remove(0);
    assert_eq!(mail["attachments"], json!([{ "name": "prices.csv", "kind": "text/csv; charset=utf-8", "bytes": 17 }]));

    let folder = workspace.file("pages");
    let folder = folder.to_str().expect("a path in UTF-8");
    let told = overture(&workspace, &["preview", "shown", "--html", folder, "--json"]).ok();
    assert_eq!(told.json()["page"], format!("{folder}/index.html"));
    assert_eq!(told.json()["steps"][0]["step"], "plain");
    let (page, index) = (workspace.read("pages/00.html"), workspace.read("pages/index.html"));
    assert!(page.contains("<pre") && page.contains("For Zoe &lt;3"), "{page}");
    assert!(index.contains("with prices.csv, 17 B") && index.contains("the software prices."), "{index}");
}

/// What a call answers with is said by what comes after it.
const BROUGHT: &str = "\
kind: cadence
send: {from: outbound, days: mon-sun, hours: 00:00-24:00, zone: Europe/Berlin}
steps:
  - {id: book, webhook: crm}
  - {id: call, task: call, title: 'Call about {{step.seats}} seats', wait: no}
  - {id: told, email: brought}
";
const BROUGHT_MAIL: &str = "\
---
subject: After {{step.outcome}}
---
[Join]({{step.meeting_url}}) {{or step.when \"soon\"}}. {{company.postal_address}} [stop]({{unsubscribe_url}})
";

#[test]
fn what_a_step_is_still_to_bring_is_named_where_a_preview_says_it() {
    let workspace = Workspace::example();
    workspace.write("sequences/brought.yaml", BROUGHT);
    workspace.write("templates/brought.md", BROUGHT_MAIL);
    let told = overture(&workspace, &["preview", "brought"]).ok().stdout;
    assert!(told.contains("somebody is asked: Call about [step.seats] seats"), "{told}");
    let (_, mail) = previewed(&workspace, &["brought"]).remove(0);
    assert_eq!(mail["subject"], "After [step.outcome]");
    let text = mail["text"].as_str().expect("it has a text");
    assert!(text.contains("https://example.com/step.meeting_url") && text.contains("soon."), "{text}");
    let (_, sent) = sent(&workspace, &["brought", "told"]);
    assert!(sent.contains("Subject: After [step.outcome]"), "a test mail says the same: {sent}");
}

#[test]
fn a_task_that_lacks_its_words_is_told_and_fails_the_preview() {
    let workspace = shown();
    let file = zoe(&workspace);
    let told = overture(&workspace, &["preview", "shown", "--as", &file]);
    assert_eq!(told.code, Some(1), "{}", told.stdout);
    assert!(told.stdout.contains("without a title, `lead.phone` is missing or blank"), "{}", told.stdout);
    assert!(told.stdout.contains("without its notes, `lead.industry` is missing or blank"), "{}", told.stdout);
    assert!(told.stderr.contains("1 of the steps lack something for this lead"), "{}", told.stderr);
}

#[test]
fn the_pages_of_a_preview_are_opened_and_where_nothing_opens_them_it_says_so() {
    let workspace = Workspace::example();
    let folder = workspace.file("pages");
    let asked = ["preview", "trial-nurture", "--html", folder.to_str().expect("a path in UTF-8"), "--open"];
    let opened = workspace.file("opened");
    for opener in ["xdg-open", "open"] {
        workspace.write(&format!("bin/{opener}"), &format!("#!/bin/sh\nprintf %s \"$1\" > '{}'\n", opened.display()));
        std::fs::set_permissions(workspace.file(&format!("bin/{opener}")), Permissions::from_mode(0o755))
            .expect("it is ours");
    }
    let bin = workspace.file("bin");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    overture_with(&workspace, &asked, &[("PATH", &path)], b"").ok();
    assert_eq!(workspace.read("opened"), folder.join("index.html").display().to_string());
    let nothing = overture_with(&workspace, &asked, &[("PATH", "/nowhere")], b"");
    assert_eq!(nothing.code, Some(2));
    assert!(
        nothing.stderr.contains("could not open it\n  open ") && nothing.stderr.contains("by hand"),
        "{}",
        nothing.stderr
    );
    let alone = overture(&workspace, &["preview", "trial-nurture", "--open"]);
    assert_eq!(alone.code, Some(2), "{}", alone.stderr);
}
