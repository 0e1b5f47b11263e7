use std::collections::BTreeSet;

use super::{codes, compile, small, with};
use crate::compile::diagnostic::{Code, render};

const SEQUENCE: &str = "sequences/hello.yaml";
const OVERTURE: &str = "config/overture.yaml";
const TEAM: &str = "config/team.yaml";
const SCORING: &str = "config/scoring.yaml";
const MAIL: &str = "templates/hello.md";

/// A text in a small sequence's place.
fn steps(steps: &str) -> String {
    format!("kind: nurture\nsend: {{from: maya}}\nsteps:\n{steps}")
}

fn overture(more: &str) -> String {
    let base = String::from_utf8(small()[OVERTURE].clone()).unwrap();
    base + more
}

fn team(from: &str, to: &str) -> String {
    let base = String::from_utf8(small()[TEAM].clone()).unwrap();
    assert!(base.contains(from));
    base.replace(from, to)
}

fn mail(body: &str) -> String {
    format!("---\nsubject: S\n---\n{body}\n\n{{{{company.postal_address}}}} [x]({{{{unsubscribe_url}}}})\n")
}

/// A code, the file it is made in, its text, the line it is told at, and a part of what is told.
type Row = (Code, &'static str, String, usize, &'static str);

fn s(text: &str) -> String {
    text.to_owned()
}

/// A file of one test.
fn test(expect: &str, more: &str) -> String {
    format!("start: 2026-03-02 09:00\ntests:\n  - name: x\n    expect: {{{expect}}}\n{more}")
}

fn tests_of_sequences() -> Vec<Row> {
    const TEST: &str = "sequences/hello.test.yaml";
    let event = |event: &str| test("touches: []", &format!("    events:\n      - {{{event}}}\n"));
    vec![
        (Code::UnknownSequence, "sequences/helo.test.yaml", test("touches: []", ""), 1, "did you mean `hello`?"),
        (Code::UnknownStep, TEST, test("touches: [fisrt]", ""), 4, "did you mean `first`?"),
        (Code::UnknownStep, TEST, event("at: frist + 2h, reply: first"), 6, "did you mean `first`?"),
        (Code::UnknownAttribute, TEST, event("at: +1d, set: {paln: pro}"), 6, "did you mean `plan`?"),
        (Code::UnknownKey, TEST, test("tuoches: []", ""), 4, "did you mean `touches`?"),
        (Code::UnknownTeam, TEST, test("handoff: sale", ""), 4, "did you mean `sales`?"),
        (Code::UnknownStage, TEST, test("stage: sqll", ""), 4, "did you mean `sql`?"),
        (Code::UnknownChoice, TEST, test("exit: repliedd", ""), 4, "did you mean `replied`?"),
        (Code::UnknownChoice, TEST, test("touches: [{first: any, variant: b}]", ""), 4, "`first` has no variant `b`"),
        (Code::WrongShape, TEST, test("touches: [{first: any, last: any}]", ""), 4, "{STEP: TIME, variant: NAME}"),
        (Code::UnknownChoice, TEST, event("at: +1d, colleague: replis"), 6, "did you mean `replies`?"),
        (Code::UnknownStep, TEST, event("at: +1d, task: first"), 6, "name a step with `task`"),
        (Code::UnknownKey, TEST, event("at: +1d, reply: first, outcome: x"), 6, "says nothing about `reply`"),
        (Code::UnknownStep, TEST, test("touches: []", "    refused: [frist]\n"), 5, "did you mean `first`?"),
        (Code::UnknownStep, TEST, test("tasks: [first]", ""), 4, "expect it under `touches`"),
        (Code::BadValue, TEST, test("score: 9..3", ""), 4, "ends before it begins"),
        (Code::UnknownStep, TEST, event("at: soon-ish, open: first"), 6, "no step `soon-ish`"),
        (Code::BadValue, TEST, event("at: +2x, open: first"), 6, "expected a time such as"),
        (Code::StepKind, TEST, event("at: +2d, open: first, click: first"), 6, "found open and click"),
        (Code::MissingKey, TEST, s("tests: [{name: x, expect: {touches: []}}]\n"), 1, "a test needs `start`"),
        (Code::WrongShape, TEST, s("start: 2026-03-02 09:00\ntests: none\n"), 2, "expected a list of tests"),
    ]
}

fn shapes_and_names() -> Vec<Row> {
    vec![
        (Code::EmptyFile, SEQUENCE, s("# nothing\n"), 1, "nothing but comments"),
        (Code::UnreadName, "config/scorin.yaml", s("x: 1"), 1, "did you mean config/scoring.yaml?"),
        (Code::Yaml, SEQUENCE, s("kind: nurture\nsteps: [a\n"), 2, "not closed"),
        (
            Code::DuplicateKey,
            SEQUENCE,
            s("kind: nurture\nkind: cadence\nsteps: [{end: x}]\n"),
            2,
            "the first one is in line 1",
        ),
        (Code::Tab, SEQUENCE, s("kind: nurture\nsend:\n\tfrom: maya\n"), 3, "indent with spaces"),
        (Code::Alias, SEQUENCE, s("kind: nurture\ntitle: &t x\nsteps: [{end: x}]\n"), 2, "write the value out"),
        (Code::TooDeep, SEQUENCE, format!("kind: {}", "[".repeat(60)), 1, "levels of nesting"),
        (Code::SecondDocument, SEQUENCE, s("kind: nurture\nsteps: [{end: x}]\n---\nkind: x\n"), 4, "second document"),
        (Code::KeyNotText, SEQUENCE, steps("  - end: {{lead.x}}\n"), 4, "must be quoted as a whole"),
        (Code::UnknownKey, SEQUENCE, steps("  - wiat: 2d\n"), 4, "did you mean `wait`?"),
        (Code::MissingKey, SEQUENCE, s("steps: [{end: x}]\n"), 1, "needs `kind`"),
        (Code::WrongShape, SEQUENCE, s("kind: nurture\nsteps: later\n"), 2, "a list of steps"),
        (Code::BadValue, SEQUENCE, steps("  - wait: soon\n"), 4, "expected a wait"),
        (Code::UnknownChoice, SEQUENCE, s("kind: nuture\nsteps: [{end: x}]\n"), 1, "did you mean `nurture`?"),
        (Code::BadName, SEQUENCE, steps("  - id: A B\n    email: hello\n"), 4, "cannot be the id"),
        (
            Code::UnknownKey,
            SEQUENCE,
            steps("  - id: a\n    email: {template: hello, winner: {by: replied}}\n"),
            5,
            "among `variants`",
        ),
        (
            Code::WrongShape,
            SEQUENCE,
            steps("  - id: a\n    email: {variants: {x: {template: hello}}}\n"),
            5,
            "one variant cannot be tried",
        ),
        (
            Code::BadValue,
            SEQUENCE,
            steps("  - id: a\n    email: {variants: {x: hello, y: hello}}\n"),
            5,
            "the same template",
        ),
        (Code::NotYet, OVERTURE, overture("inbound: {z: [maya]}\n"), 7, "supported yet"),
        (Code::UnknownSender, OVERTURE, overture("pools: {z: [maia]}\n"), 7, "did you mean `maya`?"),
        (Code::BadValue, OVERTURE, overture("pools: {z: []}\n"), 7, "the pool `z` is empty"),
        (Code::BadValue, OVERTURE, overture("pools: {z: [maya, maya]}\n"), 7, "in the pool `z` already"),
        (Code::BadName, OVERTURE, overture("pools: {maya: [maya]}\n"), 7, "`maya` is a sender"),
        (Code::WrongShape, OVERTURE, overture("pools: {z: maya}\n"), 7, "a list of senders"),
        (Code::BadCondition, SEQUENCE, steps("  - if: lead.contry == \"FR\"\n    then: [{end: x}]\n"), 4, "country"),
        (
            Code::UnquotedCondition,
            SEQUENCE,
            steps("  - if: !happened(\"x\", \"9d\")\n    then: [{end: x}]\n"),
            4,
            "quote it as a whole",
        ),
        (
            Code::UnquotedCondition,
            SEQUENCE,
            steps("  - if: \"x\" in lead.tags\n    then: [{end: x}]\n"),
            4,
            "quote it as a whole: '\"x\" in lead.tags'",
        ),
        (Code::UnknownTemplate, SEQUENCE, steps("  - id: a\n    email: helo\n"), 5, "did you mean `hello`?"),
        (Code::UnknownSender, SEQUENCE, s("kind: nurture\nsend: {from: mia}\nsteps: [{end: x}]\n"), 2, "maya"),
        (Code::UnknownChannel, SEQUENCE, steps("  - id: a\n    webhook: cmr\n"), 5, "did you mean `crm`?"),
        (Code::UnknownSequence, SEQUENCE, steps("  - enroll: helo\n"), 4, "hello"),
        (Code::UnknownAttribute, SEQUENCE, steps("  - set: {lead.plann: x}\n"), 4, "did you mean `plan`?"),
        (Code::UnknownStage, SEQUENCE, steps("  - set: {stage: {to: sq, reason: x}}\n"), 4, "no stage `sq`"),
        (Code::UnknownTeam, TEAM, team("{team: sales}", "{team: sale}"), 4, "did you mean `sales`?"),
        (Code::UnknownRep, TEAM, team("fallback: ines", "fallback: inez"), 3, "did you mean `ines`?"),
        (Code::UnknownCalendar, TEAM, team("calendar: office}}", "calendar: ofice}}"), 2, "did you mean `office`?"),
        (
            Code::UnknownHolidays,
            SEQUENCE,
            s("kind: nurture\nsend: {from: maya, holidays: [DE-BV]}\nsteps: [{end: x}]\n"),
            2,
            "did you mean `DE-BB`?",
        ),
        (Code::UnknownZone, OVERTURE, overture("").replace("Europe/Berlin", "Europe/Bern"), 2, "IANA"),
    ]
}

fn steps_and_templates() -> Vec<Row> {
    vec![
        (
            Code::DuplicateStep,
            SEQUENCE,
            steps("  - {id: a, email: hello}\n  - {id: a, email: hello}\n"),
            5,
            "the first is in line 4",
        ),
        (Code::MissingStepId, SEQUENCE, steps("  - email: hello\n"), 4, "needs an id"),
        (Code::StepKind, SEQUENCE, steps("  - wait: 1d\n    end: x\n"), 4, "wait and end"),
        (Code::DanglingElse, SEQUENCE, steps("  - wait: 1d\n  - else:\n      - end: x\n"), 5, "follows no `if`"),
        (Code::EnrollCycle, SEQUENCE, steps("  - wait: 1d\n  - enroll: hello\n"), 5, "hello → hello"),
        (
            Code::NeverOpens,
            SEQUENCE,
            s("kind: nurture\nsend: {from: maya, hours: []}\nsteps: [{end: x}]\n"),
            2,
            "never opens",
        ),
        (Code::MissingSender, SEQUENCE, s("kind: nurture\nsteps: [{id: a, email: hello}]\n"), 1, "`send.from`"),
        (Code::Unreachable, SEQUENCE, steps("  - end: x\n  - wait: 1d\n"), 5, "never be reached"),
        (Code::LongWait, SEQUENCE, steps("  - wait: 400d\n"), 4, "longer than a year"),
        (Code::NoSteps, SEQUENCE, s("kind: nurture\nsteps: []\n"), 2, "at least one step"),
        (Code::FrontMatter, MAIL, s("---\nsubject: x\nHi\n"), 1, "never closed"),
        (Code::MissingSubject, MAIL, s("Hi {{company.postal_address}} [x]({{unsubscribe_url}})\n"), 1, "no subject"),
        (Code::TemplateSyntax, MAIL, mail("Hi {{or lead.plan \"x}}"), 4, "a quote is never closed"),
        (Code::UnknownHelper, MAIL, mail("Hi {{uper lead.plan}}"), 4, "did you mean `upper`?"),
        (Code::UnknownValue, MAIL, mail("Hi {{lead.firstname}}"), 4, "did you mean `lead.first_name`?"),
        (
            Code::NoUnsubscribe,
            MAIL,
            s("---\nsubject: x\n---\n{{company.postal_address}}\n"),
            5,
            "without an unsubscribe link",
        ),
        (Code::NoPostalAddress, MAIL, s("---\nsubject: x\n---\n[x]({{unsubscribe_url}})\n"), 5, "postal address"),
        (Code::BadLink, MAIL, mail("[x](javascript:alert(1))"), 4, "cannot lead to"),
        (Code::ValueOutOfPlace, MAIL, mail("{{handoff.rep}}"), 4, "does not exist in a mail of a sequence"),
        (Code::TwinTemplate, "templates/hello.json", s("{}"), 1, "already made by"),
        (
            Code::WrongTemplateKind,
            SEQUENCE,
            steps("  - id: a\n    webhook: crm\n    with: {x: {template: hello}}\n"),
            6,
            "makes a mail",
        ),
        (Code::TemplateJson, "templates/x.json", s("{\"a\": {{lead.plan}},}"), 1, "does not make JSON"),
        (Code::UnknownPart, MAIL, mail("{{> fot}}"), 4, "there is no partial `fot`"),
        (Code::UnknownPart, MAIL, mail("x").replace("subject: S", "subject: S\nlayout: brand"), 3, "no layout `brand`"),
        (
            Code::Mjml,
            "templates/x.mjml",
            s("---\nsubject: S\n---\n<mjml>\n<mj-body>\n<mj-txt>x</mj-txt>\n</mj-body></mjml>\n"),
            6,
            "MJML",
        ),
        (
            Code::UnsafeHtml,
            "templates/x.html",
            s("---\nsubject: S\n---\n<p>\n<script>a()</script>\n"),
            5,
            "cannot stand in a mail",
        ),
        (
            Code::UnsafeHtml,
            "templates/x.html",
            s("---\nsubject: S\n---\n<p title={{lead.plan}}>x</p>\n"),
            4,
            "needs quotes",
        ),
        (
            Code::BadLink,
            "templates/x.html",
            s("---\nsubject: S\n---\n\n<a href=\"javascript:a()\">x</a>\n"),
            5,
            "cannot lead to",
        ),
        (Code::HtmlInMarkdown, MAIL, mail("a <b>c</b>"), 4, "shown as text"),
        (Code::ReservedAttribute, OVERTURE, overture("").replace("plan: text", "raw: text"), 4, "templates use it"),
        (
            Code::LastRule,
            TEAM,
            team("[{team: sales}]", "[{when: 'lead.plan == \"x\"', team: sales}]"),
            4,
            "apply always",
        ),
        (Code::Bands, SCORING, s("bands: {cold: 0, warm: 50, hot: 40}\n"), 1, "above the one before"),
        (Code::LiveNeedsSmtp, OVERTURE, overture("send: live\n"), 5, "no `smtp` account"),
        (
            Code::BadAddress,
            OVERTURE,
            overture("").replace("http://127.0.0.1:8025", "http://mail.acme.example"),
            3,
            "must be https",
        ),
    ]
}

#[test]
fn each_mistake_has_its_code_its_line_and_a_way_out() {
    let mut wrong = Vec::new();
    for (code, path, text, line, part) in
        shapes_and_names().into_iter().chain(steps_and_templates()).chain(tests_of_sequences())
    {
        let compiled = compile(&with(path, &text));
        let shown = render(&compiled.diagnostics, false);
        let told = compiled.diagnostics.iter().find(|one| one.code == code).map(|one| one.position().0);
        if told != Some(line) || !shown.contains(part) {
            wrong.push(format!("{code:?} is told at {told:?}, not at {line} with `{part}`:\n{text}\n{shown}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn files_that_are_no_text_are_told_and_nothing_else_of_them() {
    let mut files = small();
    let broken: [(&str, Vec<u8>, Code); 4] = [
        ("sequences/a.yaml", vec![0, 1, 2], Code::Binary),
        ("sequences/b.yaml", b"title: \xff\xfe".to_vec(), Code::NotUtf8),
        ("sequences/c.yaml", b"  \n".to_vec(), Code::EmptyFile),
        ("sequences/d.yaml", vec![b'#'; (1 << 20) + 1], Code::FileTooLarge),
    ];
    for (path, bytes, _) in &broken {
        files.insert((*path).to_owned(), bytes.clone());
    }
    let told = codes(&compile(&files).diagnostics);
    assert_eq!(told, broken.iter().map(|(_, _, code)| *code).collect::<Vec<_>>());
    files.remove(OVERTURE);
    assert!(codes(&compile(&files).diagnostics).contains(&Code::MissingFile));
}

#[test]
fn what_later_versions_read_is_refused_and_never_ignored() {
    let later = [
        (OVERTURE, overture("inbound: {x: y}\nretention: {x: y}\n"), 2),
        (TEAM, team("fallback: ines", "fallback: ines, route: least_loaded"), 1),
    ];
    for (path, text, count) in later {
        let compiled = compile(&with(path, &text));
        let found = codes(&compiled.diagnostics).into_iter().filter(|code| *code == Code::NotYet).count();
        assert_eq!(found, count, "{text}\n{}", render(&compiled.diagnostics, false));
    }
}

#[test]
fn no_two_codes_are_the_same_and_all_are_well_formed() {
    let ids: BTreeSet<_> = Code::ALL.iter().map(|code| code.id()).collect();
    assert_eq!(ids.len(), Code::ALL.len());
    for code in Code::ALL {
        assert!(code.id().len() == 6 && code.id().starts_with("OV") && code.title().ends_with('.'), "{code:?}");
    }
}
