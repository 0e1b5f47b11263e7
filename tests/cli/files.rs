//! Commands that need the workspace alone.

use crate::support::SOON;
use crate::support::daemon::{begin, overture};
use crate::support::workspace::Workspace;

#[test]
fn what_init_copies_has_no_mistake_and_a_second_init_leaves_it_as_it_was() {
    let workspace = Workspace::example();
    let folder = workspace.file("fresh");
    let folder = folder.to_str().expect("a path in UTF-8");
    let first = overture(&workspace, &["init", folder]).ok();
    assert!(first.stdout.contains("overture check") && first.stdout.contains("files copied"), "{}", first.stdout);
    let checked = overture(&workspace, &["check", folder]).ok();
    assert_eq!(checked.stdout, "0 errors, 0 warnings: 4 sequences can run\n");
    // What it copied may go into git as it is; what the daemon keeps may not.
    assert_eq!(workspace.read("fresh/.gitignore"), "/data/\n");
    workspace.write("fresh/.gitignore", "mine");
    workspace.write("fresh/sequences/trial-nurture.yaml", "mine");
    let second = overture(&workspace, &["init", folder, "--json"]).ok().json();
    assert_eq!(second["copied"], serde_json::json!([]));
    for kept in ["sequences/trial-nurture.yaml", ".gitignore"] {
        assert_eq!(workspace.read(&format!("fresh/{kept}")), "mine");
    }
}

#[test]
fn check_underlines_every_mistake_of_every_file_and_fails() {
    let workspace = Workspace::example();
    let sequence = workspace.read("sequences/trial-nurture.yaml");
    workspace.write("sequences/trial-nurture.yaml", &sequence.replace("email: trial/nudge", "email: trial/nugde"));
    workspace.write("sequences/empty.yaml", "");
    workspace.set("zone", "Europe/Berlim");
    let told = overture(&workspace, &["check"]);
    assert_eq!(told.code, Some(1), "{}", told.stderr);
    insta::assert_snapshot!(told.stdout);
    let json = overture(&workspace, &["check", "--format", "json"]);
    assert_eq!(json.code, Some(1));
    let found = json.json();
    assert_eq!(found["errors"].as_u64(), Some(found["diagnostics"].as_array().map_or(0, Vec::len) as u64));
}

#[test]
fn nothing_that_stands_in_a_file_steers_the_terminal() {
    let workspace = Workspace::example();
    workspace.write("sequences/odd.yaml", "kind: \"\\x1b]0;pwn\\x07nur\"\nsteps: [{end: \u{202e}done}]\n");
    for format in ["text", "github"] {
        let told = overture(&workspace, &["check", "--format", format]);
        assert_eq!(told.code, Some(1));
        assert!(!told.stdout.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{:?}", told.stdout);
        assert!(told.stdout.contains("\\u{1b}]0;pwn\\u{7}nur"), "{}", told.stdout);
    }
    workspace
        .write("sequences/odd.yaml", "kind: nurture\ntitle: \"\\x1b]0;pwn\\x07\"\nsteps: [{end: \"\\e[2Jdone\"}]\n");
    let shown = overture(&workspace, &["preview", "odd"]).ok().stdout;
    assert!(!shown.contains('\u{1b}') && shown.contains("ends: \\u{1b}[2Jdone"), "{shown:?}");
}

#[test]
fn two_ways_to_print_are_not_had_at_once() {
    for asked in [["check", "--format", "github", "--json"], ["test", "--format", "junit", "--json"]] {
        let told = overture(&Workspace::example(), &asked);
        assert_eq!(told.code, Some(2), "{}", told.stdout);
        assert!(told.stderr.contains("cannot be had at once") && told.stdout.is_empty(), "{}", told.stderr);
    }
}

#[test]
fn the_clock_of_a_watch_stays_the_workspaces_whatever_is_wrong() {
    let workspace = Workspace::example();
    let watch = begin(&workspace, &["check", "--watch"]);
    let checked = |wrong: &str| {
        let mut seen = false;
        let found = watch.log().wait(SOON, |line| {
            seen |= line.contains(wrong);
            (seen && line.starts_with("checked at ")).then(|| line.to_owned())
        });
        let line = found.unwrap_or_else(|| panic!("{}", watch.log().text()));
        assert!(line.contains(" (Europe/Berlin); watching"), "{line}");
    };
    checked("0 errors");
    workspace.write("sequences/broken.yaml", "steps: [");
    checked("sequences/broken.yaml:1");
    workspace.write("config/overture.yaml", "zone: [");
    checked("config/overture.yaml:1");
}

#[test]
fn a_folder_that_cannot_be_read_is_exit_code_2() {
    let told = overture(&Workspace::example(), &["check", "nowhere"]);
    assert_eq!(told.code, Some(2));
    assert!(told.stderr.contains("nowhere"), "{}", told.stderr);
}

#[test]
fn a_preview_keeps_windows_holidays_and_branches_and_tells_what_would_be_held() {
    let workspace = Workspace::example();
    workspace
        .write("zoe.json", r#"{"email": "zoe@example.com", "first_name": "Zoe", "country": "DE", "company": "Acme"}"#);
    let file = workspace.file("zoe.json");
    let file = file.to_str().expect("a path in UTF-8");
    let asked = ["preview", "trial-nurture", "--as", file, "--at", "2026-12-23 16:00"];
    let told = overture(&workspace, &asked).ok();
    let shown: Vec<&str> = told.stdout.lines().filter(|line| !line.trim_start().starts_with('|')).collect();
    insta::assert_snapshot!(shown.join("\n"));
    let template = workspace.read("templates/trial/nudge.md");
    workspace.write("templates/trial/nudge.md", &template.replacen("\n---\n", "\n---\n\n{{lead.budget}}\n", 1));
    let held = overture(&workspace, &[&asked[..], &["--json"]].concat());
    assert_eq!(held.code, Some(1), "{}", held.stderr);
    assert!(held.stdout.contains("`lead.budget` is missing or blank"), "{}", held.stdout);
}

/// A mail in two variants, and a call with a value of the lead's.
const TRIED: &str = "\
title: Tried
kind: nurture
topic: tips
enroll: [{on: signed_up}]
send: {from: growth, days: mon-fri, hours: 09:00-17:00, zone: Europe/Berlin}
steps:
  - id: ask
    email: {variants: {short: trial/welcome, long: {template: trial/nudge, weight: 2}}, winner: {by: replied, at_least: 50}}
  - set: {lead.country: FR}
  - {id: tell, webhook: crm, with: {from: '{{or lead.country \"nowhere\"}}'}}
  - end: done
";

#[test]
fn a_preview_shows_all_variants_or_the_one_asked_for_and_its_pages_all_that_is_called_and_set() {
    let workspace = Workspace::example();
    workspace.write("sequences/tried.yaml", TRIED);
    let ways = |more: &[&str]| -> Vec<String> {
        let shown = overture(&workspace, &[&["preview", "tried", "--json"][..], more].concat()).ok().json();
        let steps = shown["steps"].as_array().expect("there are steps").clone();
        steps.iter().filter_map(|leg| leg["way"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(ways(&[]), ["variant short, weight 1", "variant long, weight 2"]);
    assert_eq!(ways(&["--variant", "long"]), ["variant long, weight 2"]);
    let wrong = overture(&workspace, &["preview", "tried", "--variant", "lon"]);
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stderr.contains("did you mean `long`?"), "{}", wrong.stderr);
    let folder = workspace.file("pages");
    overture(&workspace, &["preview", "tried", "--html", folder.to_str().expect("a path in UTF-8")]).ok();
    let page = workspace.read("pages/index.html");
    for told in [
        "variant short, weight 1",
        "sets country = &quot;FR&quot;",
        "calls crm with",
        "&quot;from&quot;: &quot;FR&quot;",
    ] {
        assert!(page.contains(told), "{told} is missing: {page}");
    }
    let mail = ["send-test", "tried", "ask", "--to", "me@northwind.example", "--variant", "long"];
    overture(&workspace, &mail).ok();
    let kept: Vec<_> = std::fs::read_dir(workspace.file("data/sandbox")).expect("the sandbox is there").collect();
    let mail = std::fs::read_to_string(kept[0].as_ref().expect("a file").path()).expect("a mail is text");
    let subject = |name: &str| {
        let text = workspace.read(&format!("templates/trial/{name}.md"));
        text.lines().find(|line| line.starts_with("subject:")).expect("it has one").replacen("subject:", "Subject:", 1)
    };
    assert_ne!(subject("nudge"), subject("welcome"));
    assert!(mail.contains(&subject("nudge")), "{mail}");
}

#[test]
fn a_rehearsal_tells_how_its_variants_did() {
    let workspace = Workspace::example();
    workspace.write("sequences/tried.yaml", TRIED);
    let asked = ["simulate", "--leads", "300", "--days", "40", "--seed", "3", "--json"];
    let told = overture(&workspace, &asked).ok().json();
    let tried = told["workspaces"][0]["experiments"].as_array().expect("experiments are listed");
    let one = tried.iter().find(|one| one["sequence"] == "tried").unwrap_or_else(|| panic!("it is listed: {told}"));
    let mails: Vec<u64> =
        one["variants"].as_array().expect("it has variants").iter().filter_map(|arm| arm["mails"].as_u64()).collect();
    assert_eq!(mails.len(), 2, "{one}");
    assert!(mails[1] > mails[0] && mails[0] > 0, "twice the weight: {one}");
}

#[test]
fn a_test_mail_stays_in_the_sandbox_until_sending_is_live() {
    let workspace = Workspace::example();
    let told = overture(&workspace, &["send-test", "trial-nurture", "welcome", "--to", "me@northwind.example"]).ok();
    assert!(told.stderr.contains("`send: sandbox`"), "{}", told.stderr);
    let kept: Vec<_> = std::fs::read_dir(workspace.file("data/sandbox")).expect("the sandbox is there").collect();
    let mail = std::fs::read_to_string(kept[0].as_ref().expect("a file").path()).expect("a mail is text");
    assert!(mail.contains("To: me@northwind.example") && kept.len() == 1, "{mail}");
    let wrong = overture(&workspace, &["send-test", "trial-nurture", "wellcome", "--to", "me@northwind.example"]);
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stderr.contains("steps with a mail are welcome, "), "{}", wrong.stderr);
}

#[test]
fn a_test_mail_leaves_through_the_senders_server_once_sending_is_live() {
    let Some(sink) = crate::support::smtp_sink::SmtpSink::start() else { return };
    let workspace = Workspace::example();
    workspace.live("growth", sink.address());
    workspace.live("outbound", sink.address());
    let told = overture(&workspace, &["send-test", "trial-nurture", "welcome", "--to", "me@northwind.example"]).ok();
    assert!(told.stderr.contains("took it for me@northwind.example: 250"), "{}", told.stderr);
    let doctor = overture(&workspace, &["doctor", "--json"]);
    let found = doctor.json();
    let senders: Vec<_> =
        found["findings"].as_array().into_iter().flatten().filter(|one| one["what"] == "sender growth").collect();
    assert_eq!(senders[0]["mark"], "ok", "{found}");
}

#[test]
fn doctor_says_what_is_bad_and_what_to_do() {
    let workspace = Workspace::example();
    let fine = overture(&workspace, &["doctor"]).ok();
    assert!(
        fine.stdout.contains("warn  daemon: does not run here\n      -> `overture run` starts it"),
        "{}",
        fine.stdout
    );
    workspace.live("growth", "127.0.0.1:1".parse().expect("an address"));
    workspace.live("outbound", "127.0.0.1:1".parse().expect("an address"));
    let told = overture(&workspace, &["doctor"]);
    assert_eq!(told.code, Some(1));
    assert!(told.stdout.contains("bad   sender growth: 127.0.0.1:1: "), "{}", told.stdout);
    assert!(told.stdout.contains("links in mails lead nowhere"), "{}", told.stdout);
}
