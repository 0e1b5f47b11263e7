//! What is allowed and probably not meant, seen when all files lie side by side.

use super::{codes, compile, small, with};
use crate::compile::Files;
use crate::compile::diagnostic::{Code, render};

const SEQUENCE: &str = "sequences/hello.yaml";

/// The lines of a sequence's steps at which a code is told, and nothing else is.
fn lines(code: Code, steps: &str) -> Vec<usize> {
    let compiled = compile(&with(SEQUENCE, &format!("kind: nurture\nsend: {{from: maya}}\nsteps:\n{steps}")));
    let shown = render(&compiled.diagnostics, false);
    assert!(compiled.diagnostics.iter().all(|one| one.code == code), "{steps}\n{shown}");
    compiled.diagnostics.iter().map(|one| one.position().0).collect()
}

fn files(sequences: &[(&str, &str)]) -> Files {
    let mut files = small();
    let texts = sequences.iter().map(|(name, text)| (format!("sequences/{name}.yaml"), text.as_bytes().to_vec()));
    files.extend(texts);
    files
}

/// All that is told: the code, and the file and line it is told at.
fn told(files: &Files) -> Vec<String> {
    let diagnostics = compile(files).diagnostics;
    diagnostics.iter().map(|one| format!("{} {}:{}", one.code.id(), one.file(), one.position().0)).collect()
}

#[test]
fn an_open_by_a_machine_that_decides_alone_is_told_however_it_is_asked() {
    let asked = |condition: &str| {
        format!("  - {{id: hi, email: hello}}\n  - if: '{condition}'\n    then: [{{id: hand, handoff: x}}]\n")
    };
    let machine = "opened(\"hi\", \"machines\")";
    for (condition, expected) in [
        (machine.to_owned(), &[5][..]),
        (format!("!!{machine}"), &[5]),
        (format!("true == {machine}"), &[5]),
        (format!("score >= 0 && {machine}"), &[5]),
        (format!("{machine} && lead.country == \"DE\""), &[5]),
        (format!("score > 90 || {machine}"), &[5]),
        (format!("{machine} && clicked(\"hi\")"), &[]),
        (format!("{machine} && happened(\"demo\")"), &[]),
        (format!("clicked(\"hi\") || {machine} && replied()"), &[]),
        ("opened(\"hi\")".to_owned(), &[]),
    ] {
        assert_eq!(lines(Code::MachineHandoff, &asked(&condition)), expected, "{condition}");
    }
}

#[test]
fn whatever_a_machine_could_bring_about_is_told_and_a_mail_is_not() {
    let told = |steps: &str| lines(Code::MachineHandoff, &format!("  - {{id: hi, email: hello}}\n{steps}"));
    let branch = |then: &str| format!("  - if: opened(\"hi\", \"machines\")\n    then: [{then}]\n");
    for (then, expected) in [
        ("{id: a, webhook: crm}", &[5][..]),
        ("{id: a, task: call, title: Call}", &[5]),
        ("{set: {stage: {to: sql, reason: x}}}", &[5]),
        ("{set: {score: {points: 5, reason: x}}}", &[5]),
        ("{wait: 1d}, {id: a, handoff: x}", &[5]),
        ("{id: a, handoff: {reason: x, when: 'score > 5'}}", &[5]),
        ("{id: a, handoff: {reason: x, when: 'clicked(\"hi\")'}}", &[]),
        ("{if: clicked(\"hi\"), then: [{id: a, handoff: x}]}", &[]),
        ("{set: {lead.plan: pro}}", &[]),
        ("{id: a, email: hello}", &[]),
    ] {
        assert_eq!(told(&branch(then)), expected, "{then}");
    }
    let otherwise =
        "  - if: '!opened(\"hi\", \"machines\")'\n    then: [{wait: 1d}]\n  - else: [{id: a, handoff: x}]\n";
    assert_eq!(told(otherwise), [5]);
    let second = "  - if: clicked(\"hi\")\n    then: [{wait: 1d}]\n  - else if: opened(\"hi\", \"machines\")\n    then: [{id: a, handoff: x}]\n";
    assert_eq!(told(second), [5]);
    let both = "  - if: opened(\"hi\", \"machines\")\n    then: [{wait: 1d}]\n  - {id: a, handoff: x}\n";
    assert!(told(both).is_empty(), "the handoff comes either way");
    let waited = "  - wait: {for: 'opened(\"hi\", \"machines\")', up_to: 3d}\n";
    assert_eq!(told(&format!("{waited}  - {{id: a, handoff: x}}\n")), [5]);
    assert!(told(&format!("{waited}  - if: clicked(\"hi\")\n    then: [{{id: a, handoff: x}}]\n")).is_empty());
    assert!(told(&format!("{waited}  - {{id: a, email: hello}}\n")).is_empty());
    let asked = "  - {id: a, handoff: {reason: x, when: 'opened(\"hi\", \"machines\")'}}\n";
    assert_eq!(told(asked), [5]);
}

#[test]
fn steps_that_no_answer_leads_to_are_told_once_each() {
    for (steps, expected) in [
        ("  - if: 'true'\n    then: [{end: x}]\n  - wait: 1d\n", &[6][..]),
        ("  - if: 'false'\n    then:\n      - wait: 1d\n      - wait: 2d\n  - wait: 3d\n", &[6]),
        ("  - if: score>5\n    then: [{wait: 1d}]\n  - else if: score > 5\n    then:\n      - wait: 2d\n", &[8]),
        (
            "  - if: score>5\n    then: [{wait: 1d}]\n  - else if: 5 >= score\n    then: [{wait: 2d}]\n  - else:\n      - wait: 3d\n",
            &[9],
        ),
        ("  - if: score > 5\n    then: [{end: x}]\n  - if: score > 5\n    then:\n      - wait: 1d\n", &[8]),
        (
            "  - if: score > 5\n    then:\n      - if: score > 5\n        then: [{wait: 1d}]\n      - else:\n          - wait: 2d\n",
            &[9],
        ),
        ("  - if: score > 5\n    then:\n      - if: score < 3\n        then:\n          - wait: 2d\n", &[8]),
        ("  - if: score > 5\n    then:\n      - wait: 1d\n      - if: score < 3\n        then: [{wait: 2d}]\n", &[]),
        ("  - if: score > 5\n    then: [{end: x}]\n  - else: [{end: y}]\n  - wait: 1d\n  - wait: 2d\n", &[7]),
        ("  - split: {a: {steps: [{end: x}]}, b: {steps: [{wait: 1d}]}}\n  - wait: 1d\n", &[]),
        (
            "  - if: lead.country == \"DE\"\n    then: [{end: x}]\n  - else if: lead.country != \"DE\"\n    then: [{end: y}]\n  - wait: 1d\n",
            &[8],
        ),
    ] {
        assert_eq!(lines(Code::Unreachable, steps), expected, "{steps}");
    }
}

#[test]
fn a_thread_needs_two_mails_on_one_way() {
    let sequence =
        |steps: &str| with(SEQUENCE, &format!("kind: nurture\nsend: {{from: maya, thread: true}}\nsteps:\n{steps}"));
    let one_each = "  - if: score > 5\n    then: [{id: a, email: hello}]\n  - else: [{id: b, email: hello}]\n";
    assert_eq!(codes(&compile(&sequence(one_each)).diagnostics), [Code::LonelyThread]);
    let third = format!("{one_each}  - {{id: c, email: hello}}\n");
    assert_eq!(codes(&compile(&sequence(&third)).diagnostics), [] as [Code; 0]);
}

/// The small workspace with two senders, a pool of both, and these sequences.
fn volume(senders: &str, sequences: &[(&str, &str)]) -> Vec<String> {
    let mut files = files(sequences);
    files.remove("sequences/hello.yaml");
    let settings = String::from_utf8(files["config/overture.yaml"].clone()).unwrap();
    let settings = settings.replace("{maya: {from: Maya <maya@acme.example>}}", senders);
    files.insert("config/overture.yaml".to_owned(), format!("{settings}pools: {{both: [maya, tom]}}\n").into_bytes());
    told(&files)
}

/// A sequence with limits that sends two mails a lead in this window, then these steps.
fn sending(new: u32, send: &str, more: &str) -> String {
    format!(
        "kind: nurture\nlimits: {{new_per_day: {new}}}\nsend: {{{send}}}\nsteps:\n  - {{id: a, email: hello}}\n  - wait: 1d\n  \
         - {{id: b, email: hello}}\n{more}"
    )
}

#[test]
fn volumes_heed_gaps_days_pools_and_what_is_enrolled_into() {
    let senders = "{maya: {from: m@acme.example, per_day: 100}, tom: {from: t@acme.example, per_day: 100}}";
    let daily = "days: mon-sun, hours: 09:00-17:00";
    let one = |new: u32, send: &str| volume(senders, &[("one", &sending(new, send, ""))]);
    let all = format!("from: maya, {daily}");
    assert_eq!(one(50, &all), [] as [&str; 0]);
    assert_eq!(one(51, &all), ["OV0616 sequences/one.yaml:2"]);
    assert_eq!(one(7, "from: maya, days: mon, hours: 09:00-17:00"), [] as [&str; 0]);
    assert_eq!(one(8, "from: maya, days: mon, hours: 09:00-17:00"), ["OV0616 sequences/one.yaml:2"]);
    let slow = "{maya: {from: m@acme.example, gap: 10m}, tom: {from: t@acme.example}}";
    assert_eq!(volume(slow, &[("one", &sending(24, &all, ""))]), [] as [&str; 0]);
    assert_eq!(volume(slow, &[("one", &sending(25, &all, ""))]), ["OV0616 sequences/one.yaml:2"]);
    // Each has room enough by itself, and both together have not: the sender alone, and as one of the pool.
    let pooled = sending(80, &format!("from: both, {daily}"), "");
    assert_eq!(volume(senders, &[("pool", &pooled)]), [] as [&str; 0]);
    let both = volume(senders, &[("pool", &pooled), ("own", &sending(40, &all, ""))]);
    assert_eq!(both, ["OV0616 sequences/own.yaml:2", "OV0616 sequences/pool.yaml:2"]);
    // Who enters the first gets the mails of the second too, unless that one says how many enter it.
    let second = sending(50, &all, "").replace("limits: {new_per_day: 50}\n", "");
    let chain = [("one", &*sending(40, &all, "  - enroll: two\n")), ("two", &*second)];
    assert_eq!(volume(senders, &chain), ["OV0616 sequences/one.yaml:2"]);
    let limited = sending(10, &all, "");
    let chain = [("one", &*sending(40, &all, "  - enroll: two\n")), ("two", &*limited)];
    assert_eq!(volume(senders, &chain), [] as [&str; 0]);
}

/// A sequence of one group with this first line and these triggers.
fn grouped(first: &str, enroll: &str) -> String {
    format!("{first}\nkind: nurture\nexclusive: news\nenroll: [{enroll}]\nsteps: [{{wait: 1d}}]\n")
}

#[test]
fn equal_priority_is_told_where_one_lead_could_set_off_both() {
    let told =
        |a: &str, b: &str| told(&files(&[("hello", &grouped("title: a", a)), ("other", &grouped("title: b", b))]));
    let warned = ["OV0617 sequences/hello.yaml:3"];
    let none: [&str; 0] = [];
    assert_eq!(told("{on: s}", "{on: s}"), warned);
    assert_eq!(told("{on: s}", "{on: t}"), none);
    assert_eq!(told("{on: s, when: lead.country == \"DE\"}", "{on: s, when: lead.country == \"FR\"}"), none);
    assert_eq!(told("{on: s, when: lead.country == \"DE\"}", "{on: s, when: score > 5}"), warned);
    let tick = |cron: &str| format!("{{every: \"{cron}\", segment: score > 5}}");
    assert_eq!(told(&tick("0 9 * * 1"), &tick("0 9 * * Mon")), warned);
    assert_eq!(told(&tick("0 9 * * 1"), &tick("0 9 * * 2")), none);
}

#[test]
fn a_sequence_starves_where_the_others_of_its_group_take_everybody_together() {
    let loud = |enroll: &str| grouped("priority: 80\nagain: always", enroll);
    let told = |own: &str, rivals: &[&str]| {
        let own = grouped("title: own", own);
        let rivals: Vec<(String, String)> = rivals
            .iter()
            .enumerate()
            .map(|(n, one)| (format!("rival-{n}"), loud(one).replace("80", &format!("{}", 80 + n))))
            .collect();
        let mut all = vec![("hello", own.as_str())];
        all.extend(rivals.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        told(&files(&all))
    };
    let starves = ["OV0613 sequences/hello.yaml:3"];
    let none: [&str; 0] = [];
    assert_eq!(
        told("{on: s, when: 'false'}", &["{on: other}"]),
        [] as [&str; 0],
        "nobody is brought, and nobody taken"
    );
    assert_eq!(told("{on: s}", &["{on: s}"]), starves);
    assert_eq!(told("{on: s}", &["{on: s, when: 'true'}"]), starves);
    assert_eq!(told("{on: s}", &["{on: s, when: score > 5}", "{on: s, when: score <= 5}"]), starves);
    assert_eq!(told("{on: s, when: score > 7}", &["{on: s, when: score > 5}"]), starves);
    assert_eq!(told("{on: s, when: score > 3}", &["{on: s, when: score > 5}"]), none);
    // A lead without a country is neither.
    let halves = ["{on: s, when: lead.country < \"K\"}", "{on: s, when: lead.country >= \"K\"}"];
    assert_eq!(told("{on: s}", &halves), none);
}

#[test]
fn every_circle_is_told_in_one_run() {
    let to = |targets: &[&str]| {
        let steps: String = targets.iter().map(|target| format!("  - enroll: {target}\n")).collect();
        format!("kind: nurture\nsteps:\n  - wait: 1d\n{steps}")
    };
    let circles = |sequences: &[(&str, &str)]| {
        let diagnostics = compile(&files(sequences)).diagnostics;
        let words = diagnostics.iter().map(|one| one.message.rsplit(": ").next().unwrap_or_default().to_owned());
        words.collect::<Vec<_>>()
    };
    let (b, a_and_c) = (to(&["b"]), to(&["a", "c"]));
    assert_eq!(circles(&[("a", &b), ("b", &a_and_c), ("c", &b)]), ["a → b → a", "b → c → b"]);
    let (c, a) = (to(&["c"]), to(&["a"]));
    assert_eq!(circles(&[("a", &b), ("b", &c), ("c", &a)]), ["a → b → c → a"]);
    assert_eq!(circles(&[("a", &b), ("b", &c), ("c", &to(&["hello"]))]), [] as [&str; 0]);
}

#[test]
fn an_sla_that_returns_a_lead_to_where_it_was_handed_off_is_a_circle_if_it_may_enter_each_time() {
    let told = |again: &str| {
        let mut files = files(&[(
            "hello",
            &format!("kind: nurture\nagain: {again}\nsteps:\n  - wait: 1d\n  - {{id: hand, handoff: x}}\n"),
        )]);
        let team = String::from_utf8(files["config/team.yaml"].clone()).unwrap();
        let sla = "slas:\n  hot: {applies: score > 5, respond_within: 2h, counts: [contacted], ladder: [{at: 100%, return_to: hello}]}\n";
        files.insert("config/team.yaml".to_owned(), (team + sla).into_bytes());
        told(&files)
    };
    assert_eq!(told("always"), ["OV0605 sequences/hello.yaml:5"]);
    assert_eq!(told("never"), [] as [&str; 0]);
}

#[test]
fn a_value_that_no_step_before_brings_is_told_unless_there_is_a_fallback() {
    let told = |steps: &str| lines(Code::UnknownValue, steps);
    let (call, crm) = ("  - {id: call, task: call, title: Call}\n", "  - {id: crm, webhook: crm}\n");
    let says = |text: &str| format!("  - {{id: say, webhook: crm, with: {{note: '{text}'}}}}\n");
    let (url, outcome) = (says("{{step.url}}"), says("{{step.outcome}}"));
    let none: [usize; 0] = [];
    assert_eq!(told(&url), [4]);
    assert_eq!(told(&format!("{url}{crm}")), [4], "what comes later brings nothing");
    assert_eq!(told(&format!("{call}{url}")), [5], "a task brings its outcome alone");
    assert_eq!(told(&format!("{crm}{url}")), none);
    assert_eq!(told(&format!("{call}{outcome}")), none);
    assert_eq!(told(&format!("{crm}{outcome}")), none, "an answer may name it so");
    assert_eq!(told(&says("{{or step.url \"none\"}}")), none);
    assert_eq!(told(&says("{{step.id}}")), none);
    assert_eq!(told(&says("{{#if step.url}}{{step.url}}{{/if}}")), none);
    let ways = |then: &str, rest: &str| format!("  - if: score > 5\n    then:\n    {then}  - else:\n    {rest}");
    assert_eq!(told(&format!("{}{url}", ways(crm, call))), none, "some leads come by it");
    assert_eq!(told(&ways(crm, &url)), [8], "nobody goes both ways");
    assert_eq!(told("  - {id: t, task: call, title: 'Call about {{step.url}}'}\n"), [4]);
}
