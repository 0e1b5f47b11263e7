//! The API document held against a real daemon by a program that is not ours: some thousand requests made from it, right and wrong ones.

use crate::scene::{self, MAIL_THEN_CALL, Scene};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::Receiver;
use crate::support::skipped;
use serde_json::json;
use std::path::PathBuf;
use std::process::Command;

/// Where `tests/run` puts it.
const KEPT: &str = ".cache/overture/schemathesis/bin/schemathesis";
/// Requests for each operation; there are over thirty.
const EXAMPLES: &str = "30";
/// How it sends a mail as a body.
const HOOKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/message_rfc822.py");
/// What an answer is held to. (Whether a right-looking request is taken depends on what stands in the database.)
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,negative_data_rejection,ignored_auth,allow_header_conformance";

/// Schemathesis, if it is at hand.
fn schemathesis() -> Option<PathBuf> {
    let named = std::env::var_os("SCHEMATHESIS").map(PathBuf::from);
    let kept = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(KEPT));
    let found = named.or_else(kept).filter(|program| program.exists());
    if found.is_none() {
        skipped("schemathesis");
    }
    found
}

#[test]
fn a_thousand_requests_made_from_the_document_meet_no_server_error_and_answers_as_it_says() {
    let Some(program) = schemathesis() else { return };
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL);
    let scene = Scene::start(workspace);
    // What the document's examples speak of.
    let zoe = json!({"email": "zoe@example.com", "attributes": {"first_name": "Zoe", "country": "DE"}});
    assert_eq!(scene.call("PUT", "/v1/leads", &zoe).status, 200);
    scene.arrive(&["zoe@example.com", "ann@example.com"]).expect("it answers");
    scene.wait_touch("zoe@example.com", "first", "accepted");
    scene.post("/v1/handoffs", &json!({"lead": "ann@example.com", "reason": "asked"}));
    let made = scene.overture(&["token", "create", "schemathesis", "--scope", "admin", "--json"]).ok().json();
    let key = format!("Authorization: Bearer {}", made["token"].as_str().expect("a key is shown once"));

    let place = tempfile::tempdir().expect("a folder can be made");
    let output = Command::new(program)
        .current_dir(place.path())
        .env("HOME", place.path())
        .env("SCHEMATHESIS_HOOKS", HOOKS)
        .args(["run", &format!("{}/openapi.json", scene.daemon.private()), "--header", &key])
        .args(["--url", scene.daemon.private(), "--checks", CHECKS, "--phases", "examples,fuzzing"])
        .args(["--max-examples", EXAMPLES, "--request-timeout", "10", "--seed", "7", "--generation-database", "none"])
        .args([
            "--suppress-health-check",
            "all",
            "--continue-on-failure",
            "--no-color",
            "--warnings",
            "off",
            "--no-shrink",
        ])
        .output()
        .expect("schemathesis starts");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    let count = |line: &str| line.split_whitespace().find_map(|word| word.replace(',', "").parse::<usize>().ok());
    let made = told.lines().find(|line| line.contains("generated")).and_then(count);
    println!("{}", told.lines().rev().take(25).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n"));
    assert!(made.is_some_and(|made| made >= 800), "so few requests prove nothing: {made:?}\n{told}");
    assert_eq!(scene.call("GET", "/readyz", &json!(null)).status, 200);
}
