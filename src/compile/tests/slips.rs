//! Slips that once passed or were told twice: what is told of each, and nothing beside it.

use super::{compile, small, with};
use crate::compile::diagnostic::{Code, Diagnostic, render};
use crate::domain::template::LinkTarget;

const SEQUENCE: &str = "sequences/hello.yaml";
const MAIL: &str = "templates/hello.md";
const CALL: &str =
    "  - {id: hi, email: hello}\n  - {id: call, task: call, title: Call, outcomes: [connected, voicemail]}\n";

fn steps(steps: &str) -> Vec<Diagnostic> {
    compile(&with(SEQUENCE, &format!("kind: nurture\nsend: {{from: maya}}\nsteps:\n{steps}"))).diagnostics
}

/// One code at one line, with a way out that says this.
fn assert_told(found: &[Diagnostic], (code, line, hint): (Code, usize, &str), about: &str) {
    let shown = render(found, false);
    let [one] = found else { panic!("{about}: {} are told\n{shown}", found.len()) };
    assert_eq!((one.code, one.position().0), (code, line), "{about}\n{shown}");
    assert!(one.hint.as_ref().is_some_and(|told| told.contains(hint)), "{about}: {:?}\n{shown}", one.hint);
}

#[test]
fn words_that_can_never_be_are_no_condition() {
    for (condition, hint) in [
        ("outcome(\"call\") == \"conected\"", "did you mean \"connected\"?"),
        ("\"conected\" != outcome(\"call\")", "did you mean \"connected\"?"),
        ("outcome(\"call\") in [\"connected\", \"voicemial\"]", "did you mean \"voicemail\"?"),
        ("outcome(\"hi\") == \"connected\"", "about a step with `task`"),
        ("opened(\"call\")", "about a step with `email`"),
        ("clicked(\"call\", \"*/pricing\")", "about a step with `email`"),
        ("temperature == \"hott\"", "did you mean \"hot\"?"),
        ("temperature in [\"cold\", \"tepid\"]", "one of cold, warm, hot"),
        ("stage == \"sqll\"", "did you mean \"sql\"?"),
    ] {
        let found = steps(&format!("{CALL}  - if: '{condition}'\n    then: [{{wait: 1d}}]\n"));
        assert_told(&found, (Code::BadCondition, 6, hint), condition);
    }
    for condition in [
        "outcome(\"call\") == \"connected\"",
        "outcome(\"call\") in [\"skipped\", \"overdue\", \"called_off\"]",
        "outcome(\"call\") == null",
        "temperature == \"hot\"",
        "opened(\"hi\") || done(\"call\")",
    ] {
        assert!(steps(&format!("{CALL}  - if: '{condition}'\n    then: [{{wait: 1d}}]\n")).is_empty(), "{condition}");
    }
    let any =
        "  - {id: call, task: call, title: Call}\n  - if: outcome(\"call\") == \"whatever\"\n    then: [{wait: 1d}]\n";
    assert!(steps(any).is_empty(), "a task without outcomes takes any word");
}

#[test]
fn an_else_is_part_of_its_if_and_no_step_of_its_own() {
    let first = "  - if: score > 5\n    then: [{wait: 1d}]\n";
    let own = "give the id to the `if`";
    let id = format!("{first}  - else if: score > 3\n    id: a\n    then: [{{wait: 2d}}]\n");
    assert_told(&steps(&id), (Code::UnknownKey, 7, own), "an else if with an id");
    assert_told(
        &steps(&format!("{first}  - else: [{{wait: 2d}}]\n    id: a\n")),
        (Code::UnknownKey, 7, own),
        "an else with one",
    );
    let mail = format!("{first}  - else: [{{wait: 2d}}]\n    webhook: crm\n");
    assert_told(&steps(&mail), (Code::UnknownKey, 7, "an item of its own"), "an else that does more");
    let asked =
        format!("{first}  - else: [{{wait: 2d}}]\n    id: zz\n  - if: done(\"zz\")\n    then: [{{wait: 1d}}]\n");
    assert!(steps(&asked).iter().any(|one| one.code == Code::BadCondition && one.position().0 == 8));
    let with = "  - {id: a, webhook: crm, with: {id: x}}\n  - if: done(\"x\")\n    then: [{wait: 1d}]\n";
    assert!(steps(with).iter().any(|one| one.code == Code::BadCondition), "what is sent with a webhook is no step");
}

#[test]
fn an_if_that_does_more_is_two_steps() {
    let more = "  - if: score > 5\n    webhook: crm\n    then: [{wait: 1d}]\n  - else: [{wait: 2d}]\n";
    assert_told(&steps(more), (Code::StepKind, 4, "an item of its own"), "if and webhook");
    let with = "  - if: score > 5\n    with: {a: b}\n    then: [{wait: 1d}]\n";
    assert_told(&steps(with), (Code::UnknownKey, 5, "this step does `if`"), "if and with");
}

#[test]
fn one_slip_is_told_once() {
    let hours = |hours: &str| {
        let text = format!("kind: nurture\nsend: {{from: maya, hours: {hours}}}\nsteps: [{{id: a, email: hello}}]\n");
        compile(&with(SEQUENCE, &text)).diagnostics
    };
    assert_told(&hours("9-17"), (Code::BadValue, 2, "such as `09:30`"), "hours without minutes");
    assert_eq!(hours("9-17")[0].message, "`hours` cannot be `9-17`");
    assert!(matches!(hours("09:00-09:00").as_slice(), [one] if one.code == Code::BadValue));
    assert!(matches!(hours("").as_slice(), [one] if one.code == Code::WrongShape));
    let misspelt = "kind: nurture\nsend: {frm: maya}\nsteps: [{id: a, email: hello}]\n";
    let found = compile(&with(SEQUENCE, misspelt)).diagnostics;
    assert_told(&found, (Code::UnknownKey, 2, "did you mean `from`?"), "a sender that is misspelt");
    let mut files = small();
    files.remove("config/overture.yaml");
    assert_told(&compile(&files).diagnostics, (Code::MissingFile, 1, "overture init"), "no settings");
}

#[test]
fn what_is_declared_nowhere_is_told_where_to_declare() {
    let mut files = small();
    let bare =
        "company: {name: Acme, postal_address: 1 Main St}\nzone: Europe/Berlin\npublic_url: http://127.0.0.1:8025\n";
    files.insert("config/overture.yaml".to_owned(), bare.as_bytes().to_vec());
    files.remove(MAIL);
    let text = "kind: nurture\nsend: {from: maya}\nsteps:\n  - {id: a, email: hello}\n  - {id: b, webhook: crm}\n";
    files.insert(SEQUENCE.to_owned(), text.as_bytes().to_vec());
    let hints: Vec<_> = compile(&files).diagnostics.into_iter().map(|one| (one.code, one.hint.unwrap())).collect();
    let expected = [
        (Code::UnknownSender, "declare it under `senders:` in config/overture.yaml"),
        (Code::UnknownTemplate, "write templates/hello.md"),
        (Code::UnknownChannel, "declare it under `channels:` in config/overture.yaml"),
    ];
    assert_eq!(hints, expected.map(|(code, hint)| (code, hint.to_owned())));
}

#[test]
fn an_sla_is_told_as_it_was_written() {
    let mut files = small();
    let team = String::from_utf8(files["config/team.yaml"].clone()).unwrap();
    let sla = "slas:\n  hot: {applies: score > 5, respond_within: 10d, counts: [contacted]}\n";
    files.insert("config/team.yaml".to_owned(), (team + sla).into_bytes());
    let found = compile(&files).diagnostics;
    assert!(
        matches!(found.as_slice(), [one] if one.message.starts_with("10d is longer than the working day")),
        "{found:?}"
    );
}

#[test]
fn a_team_with_nobody_in_it_is_an_error_unless_somebody_takes_what_nobody_else_can() {
    let told = |team: &str| {
        let mut files = small();
        let text = String::from_utf8(files["config/team.yaml"].clone()).unwrap();
        let changed = text.replace("members: [ines], fallback: ines", team);
        assert_ne!(changed, text);
        files.insert("config/team.yaml".to_owned(), changed.into_bytes());
        compile(&files).diagnostics
    };
    assert_told(&told("members: []"), (Code::BadValue, 3, "members: [NAME]"), "nobody");
    assert!(told("members: [], fallback: ines").is_empty());
}

#[test]
fn a_task_that_nothing_waits_for_is_never_overdue() {
    let task = |more: &str| steps(&format!("  - {{id: call, task: call, title: Call, {more}}}\n"));
    for more in ["wait: no, overdue: hold", "wait: no, overdue: escalate", "wait: no, due: 1bd, overdue: skip"] {
        assert_told(&task(more), (Code::NeverOverdue, 4, "wait: up_to 3bd"), more);
    }
    for more in
        ["wait: no", "wait: no, due: 1bd, overdue: escalate", "wait: up_to 2bd, overdue: hold", "overdue: escalate"]
    {
        assert!(task(more).is_empty(), "{more}");
    }
}

fn mail(body: &str) -> (Vec<Diagnostic>, Vec<LinkTarget>) {
    let foot = "{{company.postal_address}} [x]({{unsubscribe_url}})";
    let compiled = compile(&with(MAIL, &format!("---\nsubject: S\n---\n{body}\n\n{foot}\n")));
    let links = compiled.playbook.map(|playbook| playbook.sequences["hello"].templates["hello"].links().to_vec());
    (compiled.diagnostics, links.unwrap_or_default())
}

#[test]
fn what_is_written_out_for_a_helper_must_be_what_it_takes() {
    for (body, hint) in [
        ("{{date lead.decide_by \"%Q %\"}}", "%d %B %Y"),
        ("{{date \"soon\"}}", "2026-03-31"),
        ("{{truncate lead.plan \"y\"}}", "{{truncate lead.company 40}}"),
        ("{{truncate lead.plan \"40\"}}", "without quotes"),
        ("{{truncate lead.plan -1}}", "whole number"),
        ("{{truncate lead.plan}}", "{{truncate lead.company 40}}"),
        ("{{plural lead.employees \"day\"}}", "{{plural lead.seats"),
        ("{{url \"notaurl\" utm_source=\"m\"}}", "begin it with https://"),
        ("{{upper (or lead.plan (truncate lead.plan 1.5))}}", "whole number"),
    ] {
        assert_told(&mail(body).0, (Code::BadValue, 4, hint), body);
    }
    for body in [
        "{{date lead.decide_by \"%A, %-d. %B %Y\"}} {{date \"2026-03-31\"}}",
        "{{truncate lead.plan 40}} {{plural 2 \"day\" \"days\"}} {{plural lead.employees \"day\" \"days\"}}",
        "{{url \"https://a.example\" utm_source=\"m\"}}",
    ] {
        assert!(mail(body).0.is_empty(), "{body}");
    }
    let title = steps("  - {id: call, task: call, title: 'Call {{truncate lead.plan \"y\"}}'}\n");
    assert_told(&title, (Code::BadValue, 4, "whole number"), "a title");
}

#[test]
fn a_link_may_be_a_value_as_a_whole() {
    for link in [
        "{{lead.plan}}",
        "{{or lead.plan \"https://acme.example\"}}",
        "{{url lead.plan utm_source=\"m\"}}",
        "{{url (or lead.plan \"https://acme.example\") utm_source=\"m\"}}",
        "{{url \"https://acme.example\" utm_source=\"m\"}}",
    ] {
        let (found, links) = mail(&format!("[Book]({link})"));
        assert!(found.is_empty(), "{link}: {}", render(&found, false));
        assert_eq!(links, [LinkTarget::Templated(link.to_owned())]);
        let html = format!(
            "---\nsubject: S\n---\n<p><a href=\"{}\">Book</a> {{{{company.postal_address}}}} <a href=\"{{{{unsubscribe_url}}}}\">x</a></p>\n",
            link.replace('"', "'")
        );
        let mut files = small();
        files.remove(MAIL);
        files.insert("templates/hello.html".to_owned(), html.into_bytes());
        let compiled = compile(&files);
        assert!(compiled.diagnostics.is_empty(), "{link}: {}", render(&compiled.diagnostics, false));
        let sequence = &compiled.playbook.unwrap().sequences["hello"];
        assert_eq!(sequence.templates["hello"].links(), [LinkTarget::Templated(link.replace('"', "'"))]);
    }
    for link in [
        "{{or lead.plan \"acme.example\"}}",
        "{{sender.name}}",
        "{{upper lead.plan}}",
        "{{lead.plan}}/x",
        "x{{lead.plan}}",
    ] {
        assert_told(&mail(&format!("[Book]({link})")).0, (Code::BadLink, 4, "begin it with https://"), link);
    }
}

#[test]
fn a_webhook_and_a_task_know_the_sender_where_there_is_one() {
    let step = "  - {id: a, webhook: crm, with: {from: '{{sender.name}}'}}\n  - {id: b, task: call, title: 'For {{sender.first_name}}'}\n";
    assert!(steps(step).is_empty());
    let nobody = compile(&with(SEQUENCE, &format!("kind: nurture\nsteps:\n{step}"))).diagnostics;
    assert_eq!(
        nobody.iter().map(|one| (one.code, one.position().0)).collect::<Vec<_>>(),
        [(Code::ValueOutOfPlace, 3), (Code::ValueOutOfPlace, 4)]
    );
    let or = "kind: nurture\nsteps:\n  - {id: a, webhook: crm, with: {from: '{{or sender.name \"us\"}}'}}\n";
    assert!(compile(&with(SEQUENCE, or)).diagnostics.is_empty());
}

#[test]
fn each_of_several_hours_that_are_none_is_told() {
    let found =
        compile(&with(SEQUENCE, "kind: nurture\nsend: {from: maya, hours: [9-12, 13-17]}\nsteps: [{wait: 1d}]\n"))
            .diagnostics;
    let codes: Vec<Code> = found.iter().map(|one| one.code).collect();
    assert_eq!(codes, [Code::BadValue; 2], "{}", render(&found, false));
}

#[test]
fn a_step_with_an_unknown_key_is_told_once() {
    let wait = (Code::UnknownKey, 5, "write `- wait: {until: …}`");
    let told = |slip: &str| steps(&format!("  - {{id: hi, email: hello}}\n  - {slip}\n"));
    assert_told(&told("until: 09:30"), wait, "a wait without its key");
    assert_told(&told("{wait: 1d, until: 09:30}"), wait, "a wait in two keys");
    assert_told(
        &told("{id: b, emial: hello}"),
        (Code::UnknownKey, 5, "did you mean `email`?"),
        "a slip of the keyboard",
    );
    assert_told(&told("{id: b}"), (Code::StepKind, 5, "a step does one of"), "an id alone");
}

#[test]
fn a_test_that_does_a_task_says_a_word_that_the_task_knows() {
    let told = |event: &str| {
        let mut files = with(SEQUENCE, &format!("kind: nurture\nsend: {{from: maya}}\nsteps:\n{CALL}"));
        let text = format!(
            "start: 2026-03-02 09:00\ntests:\n  - name: x\n    events: [{{{event}}}]\n    expect: {{tasks: [call]}}\n"
        );
        files.insert("sequences/hello.test.yaml".to_owned(), text.into_bytes());
        compile(&files).diagnostics
    };
    assert!(told("at: call + 1h, task: call, outcome: voicemail").is_empty());
    assert!(told("at: call + 1h, task: call, outcome: skipped").is_empty());
    let slip = (Code::UnknownChoice, 4, "did you mean `connected`?");
    assert_told(&told("at: +1h, task: call, outcome: conected"), slip, "a word it does not know");
    let none = (Code::MissingKey, 4, "one of connected, voicemail, skipped");
    assert_told(&told("at: +1h, task: call"), none, "no word");
}

#[test]
fn whatever_names_a_broken_step_is_not_told_beside_it() {
    let tests = "start: 2026-03-02 09:00\ntests:\n  - name: x\n    events: [{at: a + 1h, click: a}]\n    expect: {touches: [a, hello/a]}\n";
    for slip in ["emial: hello", "email: {templat: hello}", "task: cal, title: x"] {
        let steps = format!("  - {{id: a, {slip}}}\n  - if: done(\"a\")\n    then: [{{wait: 1d}}]\n");
        let mut files = with(SEQUENCE, &format!("kind: nurture\nsend: {{from: maya}}\nsteps:\n{steps}"));
        files.insert("sequences/hello.test.yaml".to_owned(), tests.as_bytes().to_vec());
        let found = compile(&files).diagnostics;
        let elsewhere = found.iter().filter(|one| one.file() != SEQUENCE || one.position().0 != 4).count();
        assert!(!found.is_empty() && elsewhere == 0, "{slip}: {}", render(&found, false));
    }
    let asked = steps("  - {id: a, emial: hello}\n  - if: clicked(\"a\")\n    then: [{wait: 1d}]\n");
    assert_told(&asked, (Code::UnknownKey, 4, "did you mean `email`?"), "a condition about it");
}
